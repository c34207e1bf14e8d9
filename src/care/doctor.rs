//! Examining the database and what is around it: what is well, what is not, what cannot be known here, and the way out.
//!
//! | module | what it looks at |
//! |---|---|
//! | `surroundings` | folder, permissions, disk, ballast, leftovers |
//! | `writing` | whether the database can be written |
//! | `processes` | who has the database open |
//! | `database_file` | header, schema, pages, what is derived from the rows |
//! | `task_history` | rows against the log |
//! | `sharing` | whether the log that several machines share answers |
//! | `backups` | whether there is a way back |
//!
//! # Invariants
//!
//! - An examination changes nothing and creates nothing: a database of an older schema stays one.
//! - A warning and what is bad say what to do.
//! - What was not looked at is never called good.

use std::{fmt::Write as _, fs, io, path::Path};

use crate::{
    domain::{error::Error, task::Timestamp, when::Zone},
    store::{
        Paths, open,
        paths::{located, refuse_no_file, refuse_unmakeable},
    },
};

mod backups;
mod database_file;
mod processes;
mod sharing;
pub(super) mod surroundings;
mod task_history;
mod writing;

use database_file::Header;

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Not looked at, since the system does not show it.
    Unknown,
    /// Works, and should be seen to.
    Warning,
    /// Broken, or about to be.
    Bad,
}

impl Verdict {
    /// Returns the word that is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// What can be repaired without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fix {
    /// Take away what others may do with the files.
    Permissions,
    /// Keep space for a full disk again.
    Ballast,
    /// Remove what crashed backups left.
    Leftovers,
    /// Move the log into the database.
    Checkpoint,
    /// Free the pages that nothing uses.
    Pages,
    /// Make SQLite's own indexes anew, and free the pages that nothing uses.
    Indexes,
    /// Bring rows and the change log together.
    Rows,
    /// Make what is derived from the rows anew.
    Derived,
    /// Make the search index anew.
    Search,
}

impl Fix {
    /// Reports whether it writes to tables, and so comes after a backup.
    pub(super) fn is_of_tables(self) -> bool {
        self >= Self::Pages
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing, in one word.
    pub check: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub what: String,
    /// What to do; `None` if there is nothing to do.
    pub way_out: Option<String>,
    /// What mends it, if that is safe.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Says that something is as it should be.
    pub fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Good,
            what: what.into(),
            way_out: None,
            fix: None,
        }
    }

    /// Says what was not looked at, and why.
    pub(super) fn unknown(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            ..Self::good(check, what)
        }
    }

    pub(super) fn warning(
        check: &'static str,
        what: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Warning,
            way_out: Some(way_out.into()),
            ..Self::good(check, what)
        }
    }

    /// Says that something is broken, and what to do.
    pub fn bad(check: &'static str, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warning(check, what, way_out)
        }
    }

    /// Says that `taskhold doctor --fix` mends it.
    pub(super) fn mended_by(self, fix: Fix) -> Self {
        Self {
            way_out: Some("run `taskhold doctor --fix`".to_owned()),
            fix: Some(fix),
            ..self
        }
    }

    /// Says of one that `taskhold doctor --fix` mends that it cannot do so yet: nothing can be written.
    fn after_writing(self) -> Self {
        if self.fix.is_none() {
            return self;
        }
        Self {
            way_out: Some("see to `writing`, then run `taskhold doctor --fix`".to_owned()),
            fix: None,
            ..self
        }
    }

    /// Says what is to be done after that.
    #[cfg_attr(
        not(unix),
        expect(
            dead_code,
            reason = "tokens that others could read are found on Unix alone"
        )
    )]
    pub(super) fn and_then(mut self, what: &str) -> Self {
        if let Some(way_out) = &mut self.way_out {
            let _ = write!(way_out, ", then {what}");
        }
        self
    }

    /// Says that something could not be looked at.
    pub(super) fn of_error(check: &'static str, error: &Error) -> Self {
        let way_out = match error {
            Error::DiskFull => "free some space on its disk, then look again",
            Error::FileLimit => "raise the limit (`ulimit -f`), then look again",
            Error::Busy | Error::Locked { .. } => "look again later",
            _ => RESCUE,
        };
        Self::bad(check, error.with_causes(), way_out)
    }
}

/// The way out of damage.
pub(super) const RESCUE: &str = "end every program that uses the database; get every readable task out with `taskhold doctor --salvage FILE`; then move the database and its -wal and -shm to another place, and `taskhold restore` that FILE or a backup (`taskhold backup --list`)";

/// Examines `database` and what is around it.
pub fn examine(database: &Path, zone: Zone, now: Timestamp) -> Vec<Finding> {
    let mut found = vec![sqlite()];
    let database = match located(database) {
        Ok(database) => database,
        Err(error) => {
            found.push(unfit(&error));
            return found;
        }
    };
    if let Err(error) = fs::metadata(&database).map_or(Ok(()), |it| refuse_no_file(&it, &database))
    {
        found.push(unfit(&error));
        return found;
    }
    let paths = Paths::new(&database);
    let is_there = match database.try_exists() {
        // Something else has the name of its folder.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        is_there => is_there,
    };
    match is_there {
        Ok(true) => found.push(Finding::good("database", database.display().to_string())),
        Ok(false) => {
            if let Err(error) = refuse_unmakeable(&database) {
                found.push(unfit(&error));
                // One that is gone may be open still.
                found.extend(processes::examine(&paths));
                return found;
            }
            let what = format!(
                "{} is not there yet; the first task makes it",
                database.display()
            );
            found.push(Finding::good("database", what));
            found.extend(processes::examine(&paths));
            return found;
        }
        Err(error) => {
            let what = format!("{} cannot be looked at: {error}", database.display());
            let way_out =
                "see who owns its folder and those above it; `chmod u+rwx` opens one of yours";
            found.push(Finding::bad("database", what, way_out));
            return found;
        }
    }
    found.extend(examine_file(&paths, zone, now));
    found
}

/// Says that no database can be where it is meant to be, in the words with which every command refuses it.
fn unfit(error: &Error) -> Finding {
    Finding::bad("database", error.with_causes(), ELSEWHERE)
}

const ELSEWHERE: &str = "give another database with --db or TASKHOLD_DB";

/// Examines a database that is there. A file that is not known to be ours is only named: nothing is done to it, and
/// nothing offered.
fn examine_file(paths: &Paths, zone: Zone, now: Timestamp) -> Vec<Finding> {
    // Nobody else makes files of these names: it is ours, or was.
    let is_known = paths.doorbell.exists() || paths.backups.exists();
    let mut found = surroundings::examine(paths);
    let is_closed = found
        .iter()
        .any(|one| one.fix == Some(Fix::Permissions) && one.verdict == Verdict::Bad);
    if is_known && is_closed {
        // Not even opened: SQLite would make files beside it that are closed to us as well.
        found.extend(processes::examine(paths));
        let what = "not looked at while files are closed to you";
        found.push(Finding::warning("header", what, "see to the above first"));
        return found;
    }
    let (connection, schema) = match database_file::header(paths) {
        Ok(Header::Ours { connection, schema }) => (connection, schema),
        Ok(Header::Foreign(error)) => {
            let way_out = format!("{ELSEWHERE}, or update taskhold");
            return vec![Finding::bad("header", error.to_string(), way_out)];
        }
        Ok(Header::Blank) if !is_known => {
            return vec![Finding::good("header", "empty; the first task fills it")];
        }
        Err(error) if !is_known => {
            return vec![Finding::bad("header", error.with_causes(), ELSEWHERE)];
        }
        damaged => {
            found.extend(processes::examine(paths));
            found.push(match damaged {
                Err(error) => Finding::of_error("header", &error),
                Ok(_) => Finding::bad(
                    "header",
                    "the database is empty, and there were tasks",
                    "bring back a backup: `taskhold restore latest`",
                ),
            });
            found.push(backups::examine(paths, now));
            return found;
        }
    };
    let writing = writing::examine(paths);
    let is_written = is_closed || writing.verdict != Verdict::Bad;
    found.push(writing);
    found.extend(processes::examine(paths));
    let what = format!("a database of taskhold, schema {schema}");
    found.push(Finding::good("header", what));
    found.extend(database_file::examine(paths, connection, schema, zone, now));
    if schema == open::latest_schema() {
        found.extend(sharing::examine(paths));
    }
    found.push(backups::examine(paths, now));
    if !is_written {
        found = found.into_iter().map(Finding::after_writing).collect();
    }
    found
}

fn sqlite() -> Finding {
    let version = open::sqlite_version();
    if rusqlite::version_number() >= open::OLDEST_SQLITE {
        Finding::good("sqlite", version)
    } else {
        Finding::bad(
            "sqlite",
            format!("{version} can corrupt a database that several processes write"),
            "install a taskhold built with SQLite 3.51.3 or newer",
        )
    }
}
