//! The way out of a failure, as a command to type.

use super::Failure;
use crate::{config::ConfigError, error::Error, store::Store, task::shortened};

impl Failure {
    /// Returns what to do next; `None` where the message says it all. `store` is asked for what may have been meant.
    pub(super) fn hint(&self, store: impl FnOnce() -> Option<Store>) -> Option<String> {
        match self {
            Self::Call { hint, .. } => Some(hint.clone()),
            Self::Kept { path, id, error } => Some(match error {
                Error::Stale { rev, .. } => format!(
                    "taskhold show {id}; put rev: {rev} and what is to stay into the text, then: taskhold edit {id} --from {}",
                    path.display()
                ),
                _ => format!(
                    "mend it, then: taskhold edit {id} --from {}",
                    path.display()
                ),
            }),
            Self::Failed(error) => of_error(error, store),
            Self::Usage(error) => Some(of_setting(error).to_owned()),
            Self::Install(_)
            | Self::Input(_)
            | Self::Output(_)
            | Self::Instance(_)
            | Self::Door(_)
            | Self::Service(_)
            | Self::Token(_)
            | Self::Told => None,
        }
    }

    /// Returns the word for what went wrong, for programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) | Self::Call { .. } => "usage",
            Self::Output(_) => "output",
            Self::Install(_) => "install",
            Self::Input(_) => "file",
            Self::Instance(_) | Self::Door(_) | Self::Service(_) => "daemon",
            Self::Token(_) => "token",
            Self::Told => "told",
            Self::Kept { error, .. } | Self::Failed(error) => match error {
                Error::NotFound { .. } => "not_found",
                Error::Deleted { .. } => "deleted",
                Error::Invalid(_) => "invalid",
                Error::Stale { .. } => "stale",
                Error::Cycle { .. } => "cycle",
                Error::NothingToUndo { .. } => "nothing_to_undo",
                Error::NoSuchGroup { .. } => "no_such_group",
                Error::AlreadyUndone { .. } => "already_undone",
                Error::Conflict { .. } => "conflict",
                Error::Unusable { .. } => "unusable",
                Error::Damaged { .. } => "damaged",
                Error::DiskFull => "disk_full",
                Error::ReadOnly => "read_only",
                Error::Busy => "busy",
                Error::ShuttingDown
                | Error::Sqlite { .. }
                | Error::Log { .. }
                | Error::Uncertain { .. }
                | Error::Fault => "internal",
            },
        }
    }
}

fn of_error(error: &Error, store: impl FnOnce() -> Option<Store>) -> Option<String> {
    Some(match error {
        Error::NotFound { id } => {
            let near = store().and_then(|store| store.near(*id).ok().flatten());
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
            format!(
                "taskhold log {id} names the group of its deletion; taskhold undo GROUP reverts it"
            )
        }
        Error::Stale { id, .. } => format!("taskhold show {id}"),
        Error::Cycle { way, .. } => {
            format!("taskhold edit {} --after '' --parent '' frees it", way[0])
        }
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
        Error::Invalid(invalid) => return of_field(invalid.field),
        Error::DiskFull => {
            "taskhold delete ID still works; so does making room elsewhere".to_owned()
        }
        Error::Uncertain { .. } => "taskhold log shows whether it was kept".to_owned(),
        _ => return None,
    })
}

fn of_field(field: &str) -> Option<String> {
    let hint = match field {
        "due" | "defer" | "repeat" | "priority" | "parent" | "reference" => {
            "what is to be a word of the title stands after --: taskhold add -- due:fri"
        }
        "confirm" => "say how many they are: taskhold delete --confirm COUNT ID...",
        "task_id" => "taskhold list shows the ids",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn of_setting(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoHome => "taskhold --db /PATH/tasks.db list",
        ConfigError::Relative { .. } => "taskhold paths shows where the tasks are now",
        _ => "taskhold config shows every setting; taskhold config --help, how each is written",
    }
}
