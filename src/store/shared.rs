//! A database that several machines share: each commit is appended to their log, and what others appended is applied here.
//!
//! Each machine keeps its whole file, and reads it as ever. A commit becomes entry N + 1 of the shared log, if that ends at
//! N, the last entry applied here. If it is longer, the transaction is rolled back, the entries are applied, and the calls run
//! again: so every rule is decided once, on the state of entry N, and the other machines only write what came of it.
//!
//! | file | what it holds |
//! |---|---|
//! | `entry` | an entry: its head, and what a commit wrote |
//! | `items` | what commits wrote, line by line, in parts where it is much |
//! | `apply` | an entry to rows |
//! | `begin` | makes a database the first of a new log, or one of a log that is there; ends it |
//! | `state` | which entry was applied last: the table that a shared database has |
//! | `follow` | reads the entries of others and applies them |
//! | `unfit` | why an entry is not applied |
//! | `snapshot` | what many entries wrote, in a few parts, for who is far behind |
//! | `upgrade` | the format of the log is raised, when every machine knows the new one |
//! | `publish` | appends what a transaction wrote, before it is committed |
//! | `contest` | work that takes long asks the other machines for the log |
//! | `turns` | whose turn it is to write, and how long a call may take |
//!
//! # Invariants
//!
//! - A database that is not shared has no table, no file and no thread for it: finding that out reads one number of its header.
//! - An acknowledged change is in the shared log and on this machine's disk.
//! - What was appended, and could not be committed here, is applied when it is read back, as an entry of another machine is.
//! - What is this machine's own stays here: what clients have seen, the words of a search, backups, the order of lists.

use std::{
    cell::{Cell, RefCell},
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    domain::error::{Error, Result},
    share::{
        environment::Environment,
        log::{Digest, Log, LogError, Number, Page},
        secrets::{Secrets, SecretsError},
        visit::{Moment, Visit},
    },
};

mod apply;
mod begin;
mod contest;
pub(crate) mod entry;
mod follow;
pub(crate) mod items;
mod publish;
mod snapshot;
pub(crate) mod state;
#[cfg(test)]
mod tests;
mod turns;
mod unfit;
mod upgrade;

pub use begin::Ahead;
pub use contest::Contest;
pub(super) use publish::Publishing;
pub use snapshot::Examined;
pub(super) use snapshot::Snapshots;
pub use state::{State, Unsettled};
pub use upgrade::{Formats, Older};

use turns::Turn;

use super::{
    Store,
    paths::{Paths, unusable},
};

/// How long a connection to an engine may have rested before the last entry is compared with ours again, where the engine
/// would take an entry after a gap.
const PAUSE: Duration = Duration::from_mins(1);

/// What a connection knows of its shared log.
pub(super) struct Sharing {
    /// The version of the schema for which it is known whether the database is shared, and whether it is.
    known: Cell<Option<(i64, bool)>>,
    log: RefCell<Option<OpenLog>>,
    /// How many entries must be missing for a snapshot to be looked for.
    far: Cell<usize>,
    /// The latest format of entries that this program knows.
    knows: Cell<u32>,
    /// The time of the call that is under way.
    visit: RefCell<Option<Visit>>,
    /// Held while this process has the turn of this machine.
    turn: RefCell<Option<Turn>>,
    /// Ends a transaction after its entry was appended, as a crash would.
    #[cfg(test)]
    pub(super) crashes_before_commit: Cell<bool>,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            visit: RefCell::default(),
            turn: RefCell::default(),
            known: Cell::default(),
            log: RefCell::default(),
            far: Cell::new(snapshot::FAR),
            knows: Cell::new(entry::FORMAT),
            #[cfg(test)]
            crashes_before_commit: Cell::default(),
        }
    }
}

/// What tells a file from what is written into its place: when it was written, and how long it is.
type FileState = (SystemTime, u64);

/// The shared log, opened.
struct OpenLog {
    log: Box<dyn Log>,
    secrets: Secrets,
    /// What the file of the secrets was when they were read.
    file: Option<FileState>,
    /// The latest format of entries that this program knows.
    knows: u32,
    /// When the last entry that was applied here was seen to stand in it.
    looked: Option<Moment>,
    /// Entries after a number that were read already.
    fetched: Option<(Number, Page)>,
    /// How long the last append took that was accepted.
    took: Duration,
    /// The time of the call that is under way.
    visit: Visit,
}

impl fmt::Debug for Sharing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sharing")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// Says why an entry was not taken.
fn not_shared(error: &LogError) -> Error {
    Error::NotShared {
        reason: error.to_string(),
    }
}

/// What helps where the log goes on without what this machine knows: another machine's tasks, if that gets past every entry.
const JOIN_ANEW: &str = "taskhold share join with the code of a machine that goes on takes its tasks anew; where that stops at an entry too, taskhold share rekey PLACE on the machine that is at the highest entry (taskhold share status), and on the others taskhold share join with the new code";
/// What helps where an entry does not come after the one before it: nobody who begins at the first gets past it.
const NEW_LOG: &str = "taskhold share rekey PLACE on the machine that is at the highest entry (taskhold share status), and on the others taskhold share join with the new code: what they alone have comes along";
/// What helps where an entry does not open, or was deleted: nobody gets past it.
const PUT_BACK: &str = "put the object back as it was, if the store still has it; else taskhold share rekey PLACE on the machine that is at the highest entry (taskhold share status), and on the others taskhold share join with the new code";

/// Says why `entry` cannot be read where all up to `known` are here.
fn unread(known: Number, entry: Number, error: &LogError) -> Error {
    match error {
        // Before the first entry is here it is the code that is wrong.
        LogError::Damaged(reason) if known > 0 => Error::Unfollowed {
            entry,
            reason: reason.clone(),
            way_out: PUT_BACK,
        },
        _ => not_shared(error),
    }
}

/// Says what is wrong with the file that opens the log.
fn unusable_secrets(path: &Path, error: &SecretsError) -> Error {
    let reason = error.to_string();
    match error {
        SecretsError::File { source, .. } => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            unusable(path, reason, Some(source))
        }
        _ => unusable(path, reason, None),
    }
}

/// Returns whose machine it is that has the database at `path`, as changes are signed with it; `None` if it is not shared, or
/// by one person.
pub fn member(path: &Path) -> Option<String> {
    let share = Paths::new(path).share;
    // Most are not shared, and are found not to be at once.
    share.exists().then(|| Secrets::load(&share).ok())??.member
}

impl Store {
    /// Runs `work` with the shared log, which is opened first where that is due: for the first time, or since what opens it was
    /// written anew.
    fn with_log<T>(&self, state: &State, work: impl FnOnce(&mut OpenLog) -> T) -> Result<T> {
        let mut open = self.sharing.log.borrow_mut();
        let is_it = |open: &OpenLog| {
            open.secrets.code.log.to_string() == state.log && open.file == self.secrets_file()
        };
        if !open.as_ref().is_some_and(is_it) {
            *open = Some(self.open_log(state)?);
        }
        let open = open.as_mut().expect("it was just opened");
        open.visit = self.visit();
        open.log.begin_visit(&open.visit);
        Ok(work(open))
    }

    /// Returns what opens the shared log of `state`.
    pub fn secrets_of(&self, state: &State) -> Result<Secrets> {
        let path = &self.paths.share;
        let secrets = Secrets::load(path).map_err(|error| unusable_secrets(path, &error))?;
        secrets.for_log(&state.log).ok_or_else(|| {
            let reason = "it is that of another shared log than the one this database belongs to; taskhold share join with the code of the log puts it right";
            unusable(path, reason, None)
        })
    }

    fn secrets_file(&self) -> Option<FileState> {
        let found = self.paths.share.metadata().ok()?;
        Some((found.modified().ok()?, found.len()))
    }

    /// Opens the shared log of `state`. What was changed by hand in the file that opens it may lead to another log, or seal what no
    /// other machine can open: so it must first open the last entry that is here.
    fn open_log(&self, state: &State) -> Result<OpenLog> {
        let file = self.secrets_file();
        let secrets = self.secrets_of(state)?;
        let log = secrets.open(Environment::of_process());
        let log = log.map_err(|error| not_shared(&error))?;
        let mut open = OpenLog {
            log,
            secrets,
            file,
            knows: self.sharing.knows.get(),
            looked: None,
            fetched: None,
            took: Duration::ZERO,
            visit: self.visit(),
        };
        if open.secrets.is_as_written || state.n == 0 {
            return Ok(open);
        }
        open.log.begin_visit(&open.visit);
        match open.log.read(state.n - 1, 1) {
            Ok(page) if page.entries.first().map(|last| Digest::of(last)) == Some(state.digest) => {
                open.looked = Some(Moment::now());
                Ok(open)
            }
            Ok(_) | Err(LogError::Damaged(_)) => {
                let reason = format!(
                    "its place or key was changed by hand, or is that of another log: with them entry {}, the last that is here, does not open. Put the file back as it was, or taskhold share join with the code of the log makes it anew",
                    state.n
                );
                Err(unusable(&self.paths.share, reason, None))
            }
            Err(error) => Err(not_shared(&error)),
        }
    }
}
