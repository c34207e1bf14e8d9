//! Which hosts have taskhold in their files: what `install --list` prints, and what `uninstall` looks for.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::json;

use crate::{
    cli::{CliResult, Context},
    config::ConfigError,
    install::{self, Host, Location, Machine, Package},
};

/// Files of hosts on this machine, each with its host.
#[derive(Default)]
pub(in crate::cli) struct HostFiles {
    /// Those that have taskhold in them.
    pub(in crate::cli) with_taskhold: Vec<(Host, PathBuf)>,
    /// Those of which it is not known, since they cannot be read.
    pub(in crate::cli) not_readable: Vec<(Host, PathBuf)>,
    /// What they said before taskhold changed them, the hosts' own secrets too.
    pub(in crate::cli) backups: Vec<PathBuf>,
    /// What hosts have installed by themselves.
    pub(in crate::cli) packages: Vec<Package>,
}

impl HostFiles {
    pub(in crate::cli) fn look() -> CliResult<Self> {
        let machine = Machine::here().ok_or(ConfigError::NoHome)?;
        let mut found = Self::default();
        for host in Host::ALL {
            found.packages.extend(machine.packages(host));
            for place in machine.places_in_use(host) {
                found.backups.extend(install::backups(&place.file));
                match state(host, &place) {
                    NOT_READABLE => found.not_readable.push((host, place.file)),
                    state if HAS_TASKHOLD.contains(&state) => {
                        found.with_taskhold.push((host, place.file));
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

/// Prints a line for each place of each host.
pub(super) fn list(machine: &Machine, context: &Context) -> CliResult {
    let mut lines = String::new();
    let mut entries = Vec::new();
    for host in Host::ALL {
        for place in &machine.places_in_use(host) {
            let file = &place.file;
            let word = host.word();
            let state = if machine.has(host) {
                shown(machine, host, place)
            } else {
                "no host here"
            };
            entries.push(json!({ "host": word, "file": file, "state": state }));
            let _ = writeln!(lines, "{word:14} {state:14} {}", file.display());
        }
    }
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({ "hosts": entries }))?);
    }
    Ok(context.screen.print(&lines)?)
}

/// The states of a file that has taskhold in it.
pub(super) const HAS_TASKHOLD: [&str; 2] = ["installed", "program gone"];
const NOT_READABLE: &str = "not readable";
const NOT_INSTALLED: &str = "not installed";

/// Returns the state of a file whose host is on this machine, as people are shown it: it need not have taskhold in it where the host
/// has installed taskhold by itself.
pub(super) fn shown(machine: &Machine, host: Host, place: &Location) -> &'static str {
    match state(host, place) {
        NOT_INSTALLED => {
            let package = machine.packages(host).into_iter().next();
            package.map_or(NOT_INSTALLED, |package| package.kind)
        }
        state => state,
    }
}

/// Returns the state of a file whose host is on this machine.
pub(super) fn state(host: Host, place: &Location) -> &'static str {
    let text = match install::read(&place.file) {
        Ok(text) => text.unwrap_or_default(),
        Err(_) => return NOT_READABLE,
    };
    let [installed, gone] = HAS_TASKHOLD;
    match install::entries(host, &text) {
        Err(_) => NOT_READABLE,
        Ok(_) if !install::is_readable(host, &text) => NOT_READABLE,
        Ok(entries) if entries.is_empty() => NOT_INSTALLED,
        Ok(entries) => {
            let is_gone = entries.iter().any(install::ServerEntry::is_program_gone);
            if is_gone { gone } else { installed }
        }
    }
}
