//! The way out of a failure, as a command to type.

use std::path::Path;

use super::{Context, failure::Failure};
use crate::{
    config::ConfigError,
    disk::Process,
    domain::{error::Error, task::shortened},
    http::{InstanceError, ListenError, TokenError},
};

impl Failure {
    /// Returns what to do next; `None` where the message says it all. The database of `context` is asked for what may
    /// have been meant.
    pub(super) fn hint(&self, context: Option<&Context>) -> Option<String> {
        let hint = match self {
            Self::Call { hint, .. }
            | Self::Log { hint, .. }
            | Self::Input {
                hint: Some(hint), ..
            }
            | Self::Value {
                hint: Some(hint), ..
            } => hint,
            Self::Value { invalid, .. } => of_value(invalid.field)?,
            Self::Kept { path, id, failure } => {
                let path = path.display();
                return Some(match &**failure {
                    Self::Failed(Error::Stale { rev, .. }) => format!(
                        "taskhold show {id}; put rev: {rev} and what is to stay into the text, then: taskhold edit {id} --from {path}"
                    ),
                    _ => format!("mend it, then: taskhold edit {id} --from {path}"),
                });
            }
            Self::Failed(error) => return of_error(error, context),
            Self::Setting(error) => of_setting(error),
            Self::Install(_) => "taskhold install --list shows the file of each host",
            Self::Instance(InstanceError::Taken { .. }) => {
                "use that one, or end it first; taskhold service stop, if it was started so"
            }
            Self::Listen(ListenError::Bind { .. }) => "taskhold serve --listen 8276",
            Self::Listen(ListenError::Network { .. }) => {
                "taskhold serve listens on this machine alone"
            }
            Self::Listen(ListenError::Taken { .. }) => "taskhold serve --socket=/PATH",
            Self::Listen(ListenError::Tls { .. }) => {
                "taskhold serve --tls-cert FILE --tls-key FILE, both as PEM"
            }
            Self::Output(_) if context.is_some_and(Context::has_written) => {
                "the change was made, only its output is missing: taskhold log shows it"
            }
            Self::Service(_) => "taskhold service install --dry-run shows what would be set up",
            Self::Token(TokenError::Label { .. }) => "taskhold token add --name phone",
            Self::Token(TokenError::Own | TokenError::Open { .. }) => "taskhold token rotate",
            Self::Token(TokenError::Taken { label }) => {
                return Some(format!("taskhold token revoke --name {label}"));
            }
            Self::Token(TokenError::Unknown { .. }) => "taskhold token list",
            Self::Instance(_) | Self::Token(_) => "taskhold doctor tells what is wrong around it",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Reports whether several machines share the database of the command.
fn is_shared(context: Option<&Context>) -> bool {
    let store = context.and_then(|context| context.reader_of_all_but_tasks().ok());
    store.is_some_and(|store| store.is_shared().unwrap_or_default())
}

fn of_error(error: &Error, context: Option<&Context>) -> Option<String> {
    Some(match error {
        Error::NotFound { id } => {
            let store = context.and_then(|context| context.reader_of_all_but_tasks().ok());
            let near = store.and_then(|store| store.near(*id).ok().flatten());
            let near = near.map_or_else(String::new, |task| {
                format!(
                    "did you mean {} \"{}\"? ",
                    task.id,
                    shortened(task.title.as_str(), 60)
                )
            });
            format!("{near}taskhold search WORDS finds tasks, finished ones too")
        }
        Error::Deleted { id } => {
            let store = context.and_then(|context| context.reader_of_all_but_tasks().ok());
            let task = store.and_then(|store| store.task(*id).ok().flatten());
            let title = task.map_or_else(String::new, |task| {
                format!(": \"{}\"", shortened(task.title.as_str(), 60))
            });
            format!("taskhold undelete {id} brings it back{title}")
        }
        Error::Stale { id, .. } | Error::OtherDate { id, .. } => format!("taskhold show {id}"),
        Error::Cycle { way, .. } => {
            format!("taskhold edit {} --after '' --parent '' frees it", way[0])
        }
        Error::NothingToUndo {
            elsewhere: Some((group, _)),
            ..
        } => format!("taskhold undo {group} takes that back"),
        Error::NothingToUndo { .. } => {
            "taskhold log lists every change; taskhold undo GROUP reverts one".to_owned()
        }
        Error::NoSuchGroup { .. } => "taskhold log lists the groups".to_owned(),
        Error::AlreadyUndone { by, .. } => format!("taskhold undo {by} does it again"),
        Error::Conflict { id, later, .. } => {
            format!(
                "taskhold log {id} shows what came after; taskhold undo {later} reverts that first"
            )
        }
        Error::RoundDone { id, day, .. } => format!("taskhold done {id} --due {day}"),
        Error::KeyUsed { .. } => of_value("key")?.to_owned(),
        Error::Invalid(invalid) => return of_refused(invalid.field).map(str::to_owned),
        Error::DiskFull => {
            "tasks can be read, and deleted and changed while the space kept for this day lasts; taskhold export /other/disk/tasks.jsonl saves them"
                .to_owned()
        }
        Error::FileLimit => {
            "ulimit -f shows the limit, and ulimit -f unlimited raises it where that is allowed".to_owned()
        }
        Error::Uncertain { .. } => "taskhold log shows whether it was kept".to_owned(),
        Error::Damaged { .. } => {
            "taskhold doctor --salvage FILE gets out what can be read".to_owned()
        }
        // One that is not shared, or not yet, has no status to show.
        Error::NotShared { .. } if !is_shared(context) => return None,
        Error::NotShared { .. } => {
            "taskhold share status says whether the shared log answers, and how old the tasks here are"
                .to_owned()
        }
        Error::Unsettled { .. } => {
            "taskhold share status says what became of it; repeat only what did not come".to_owned()
        }
        Error::Unfollowed { way_out, .. } => (*way_out).to_owned(),
        Error::Busy => {
            let database = context.map(Context::settled_database);
            let holder = database.and_then(|path| Process::that_locked_database(&path));
            match &holder {
                Some(holder @ Process { id, name }) if holder.is_suspended() => format!(
                    "process {id} ({name}), which is suspended, has it locked: kill -CONT {id} lets it go on"
                ),
                Some(Process { id, name }) => format!(
                    "process {id} ({name}) has it locked; repeat when it is done, or end it if it hangs"
                ),
                None => "taskhold doctor names who else has it open".to_owned(),
            }
        }
        // Another file, such as a backup.
        Error::Unusable { path, .. }
            if !context.is_some_and(|context| context.is_kept_in(path)) =>
        {
            return None;
        }
        Error::Behind | Error::Locked { .. } | Error::ReadOnly | Error::ShuttingDown => {
            return None;
        }
        Error::Unusable { .. } | Error::Database { .. } | Error::Log { .. } | Error::Fault => {
            "taskhold doctor tells what is wrong; taskhold config, which database it is".to_owned()
        }
    })
}

impl Context {
    /// Reports whether `path` is the database, or the folder that it is in.
    fn is_kept_in(&self, path: &Path) -> bool {
        let databases = [&self.database, &self.settled_database()];
        databases
            .into_iter()
            .any(|database| database == path || database.parent() == Some(path))
    }
}

/// What to do about a value of the call that cannot be read.
pub(super) fn of_value(field: &str) -> Option<&'static str> {
    Some(match field {
        "due" | "defer" | "due_before" | "due_after" | "completed_after" | "completed_before" => {
            "taskhold help dates shows how dates are said"
        }
        "repeat" => "taskhold help repeat shows the rules there are",
        "priority" => "say pri:high, pri:medium or pri:low; in edit, pri: clears it",
        "status" => "say pending, doing, completed or cancelled",
        "task_id" | "parent" | "after" | "reference" => {
            "taskhold list shows the ids; taskhold search WORDS finds them by words"
        }
        "title" => "say it in one short line; -d TEXT takes all the rest",
        "description" => "taskhold comment ID - takes more, 16 KiB a time",
        "comment" => {
            "say it in words: taskhold comment 12 Anna agrees; -d TEXT of edit takes 64 KiB"
        }
        "project" => "a project is one short line: project:flat; project:none is none",
        "tag" | "tags" => "a tag is one word: +home-office; several have commas between them",
        "key" => "say any short text that is new for each new call: --key move-1",
        _ => return None,
    })
}

/// What to do about a change that a task, as it is, does not allow.
fn of_refused(field: &str) -> Option<&'static str> {
    Some(match field {
        "due" => "taskhold edit ID due: repeat: takes both away",
        "tags" => "taskhold edit ID --untag TAG makes room",
        "comment" => "taskhold edit ID -d TEXT, or a new task: taskhold add TITLE parent:ID",
        _ => return None,
    })
}

fn of_setting(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoHome => "taskhold --db /PATH/tasks.db list",
        ConfigError::Relative { .. } => "taskhold paths shows where the tasks are now",
        _ => "taskhold config shows every setting; taskhold config --help, how each is written",
    }
}
