//! File handles, of which each connection needs one.

use super::limits::Limits;

/// Handles that are kept for what is no connection: the database on every thread, a backup, the sockets that are
/// listened on, who is being refused.
const RESERVE: usize = 80;
/// Connections that are taken on however few handles there are.
const LEAST: usize = 8;

impl Limits {
    /// Asks the system for the handles that the connections need, and takes on fewer connections if it gives fewer.
    pub fn fit_handles(&mut self) {
        let Some(given) = ask_for(self.connections.saturating_add(RESERVE)) else {
            return;
        };
        let room = given.saturating_sub(RESERVE).max(LEAST);
        if room < self.connections {
            tracing::warn!(
                "the system gives this process {given} file handles: room for {room} connections, not {}",
                self.connections
            );
            self.connections = room;
        }
    }
}

/// Raises the limit of this process to `wanted` handles, as far as it may. Returns what it is then; `None` where there is
/// none.
#[cfg(unix)]
fn ask_for(wanted: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let now = current?;
    if size(now) >= wanted {
        return Some(size(now));
    }
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let next = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    let raised = Rlimit {
        current: Some(next),
        maximum,
    };
    let given = setrlimit(Resource::Nofile, raised).map_or(now, |()| next);
    Some(size(given))
}

#[cfg(not(unix))]
fn ask_for(_wanted: usize) -> Option<usize> {
    None
}
