//! Why a command did not do what it was asked: in which words it is told, and with which exit status.
//!
//! What is wrong with the words of the call itself, or with a setting, exits with 2. What was asked for rightly and
//! could not be done exits with 1: the database refused it, a file or standard input does not hold what it should.

use std::{io, path::PathBuf, process::ExitCode};

use super::service;
use crate::{
    bridge::AskError,
    config::ConfigError,
    disk,
    domain::{
        error::{Error, Relation, way_round},
        task::{Invalid, TaskId},
    },
    http::{InstanceError, ListenError, TokenError},
    install::Refusal,
};

/// A command that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A setting cannot be used.
    #[error("{0}")]
    Setting(#[from] ConfigError),
    /// The call itself was wrong.
    #[error("{message}")]
    Call { message: String, hint: String },
    /// A value in the call cannot be used.
    #[error("{}", told(.invalid))]
    Value {
        invalid: Invalid,
        /// The way out where it is known better than from the field alone.
        hint: Option<String>,
    },
    #[error("{}", cause(.0))]
    Failed(Error),
    /// A text from an editor was not used; it is still there.
    #[error("{failure}; nothing was changed, and the text is kept in {}", path.display())]
    Kept {
        failure: Box<Failure>,
        path: PathBuf,
        id: TaskId,
    },
    #[error(transparent)]
    Install(#[from] Refusal),
    /// A file or standard input does not hold what it should, or cannot be read or written.
    #[error("{message}")]
    Input {
        message: String,
        /// The way out, unless the message names it.
        hint: Option<String>,
    },
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Service(#[from] service::ServiceError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// The log that several machines share does not answer, or cannot be followed; nothing was to be changed.
    #[error("{message}")]
    Log { message: String, hint: String },
    /// A person was asked and said no.
    #[error("nothing was {0}")]
    Declined(&'static str),
    /// The result says it.
    #[error("see above")]
    Told,
}

impl Failure {
    pub(super) fn call(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Call {
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn input(message: impl Into<String>) -> Self {
        Self::Input {
            message: message.into(),
            hint: None,
        }
    }

    /// Says what to do next, if it is about a file or standard input.
    pub(super) fn with_hint(self, hint: &str) -> Self {
        match self {
            Self::Input { message, .. } => Self::Input {
                message,
                hint: Some(hint.to_owned()),
            },
            other => other,
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        let is_of_the_call = match self {
            Self::Setting(_) | Self::Call { .. } | Self::Value { .. } => true,
            Self::Token(error) => matches!(error, TokenError::Label { .. } | TokenError::Own),
            Self::Listen(error) => matches!(error, ListenError::Network { .. }),
            _ => false,
        };
        ExitCode::from(if is_of_the_call { 2 } else { 1 })
    }

    /// Returns the word for what went wrong, for programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) | Self::Call { .. } => "usage",
            Self::Value { .. } => "invalid",
            Self::Output(_) => "output",
            Self::Install(_) => "install",
            Self::Input { .. } => "file",
            Self::Instance(_) | Self::Listen(_) | Self::Ask(_) | Self::Service(_) => "daemon",
            Self::Token(_) => "token",
            Self::Log { .. } => "shared",
            Self::Declined(_) => "declined",
            Self::Told => "told",
            Self::Kept { failure, .. } => failure.code(),
            Self::Failed(error) => match error {
                Error::NotFound { .. } => "not_found",
                Error::Deleted { .. } => "deleted",
                Error::Invalid(_) => "invalid",
                Error::Stale { .. } => "stale",
                Error::Cycle { .. } => "cycle",
                Error::NothingToUndo { .. } => "nothing_to_undo",
                Error::NoSuchGroup { .. } => "no_such_group",
                Error::AlreadyUndone { .. } => "already_undone",
                Error::Conflict { .. } => "conflict",
                Error::KeyUsed { .. } => "key_used",
                Error::RoundDone { .. } => "round_done",
                Error::OtherDate { .. } => "other_date",
                Error::Unusable { .. } => "unusable",
                Error::Damaged { .. } => "damaged",
                Error::DiskFull => "disk_full",
                Error::FileLimit => "file_limit",
                Error::ReadOnly => "read_only",
                Error::Busy | Error::Locked { .. } => "busy",
                Error::Behind
                | Error::NotShared { .. }
                | Error::Unsettled { .. }
                | Error::Unfollowed { .. } => "shared",
                Error::ShuttingDown
                | Error::Database { .. }
                | Error::Log { .. }
                | Error::Uncertain { .. }
                | Error::Fault => "internal",
            },
        }
    }
}

impl From<io::Error> for Failure {
    /// Where nothing else is said of an error of the system, it is met while a result is written, or while the program
    /// sets itself up.
    fn from(error: io::Error) -> Self {
        if disk::are_used_up(&error) {
            return Self::input(disk::TOO_FEW);
        }
        Self::Output(error)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Value {
            invalid,
            hint: None,
        }
    }
}

impl From<Error> for Failure {
    /// A value that was refused before the database was asked is one of the call. What the database refuses goes
    /// through [`Failure::Failed`] instead.
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => invalid.into(),
            error => Self::Failed(error),
        }
    }
}

/// Returns the message of an error, with the reasons behind it and in the words of the command line.
pub(super) fn cause(error: &Error) -> String {
    match error {
        Error::Invalid(invalid) => told(invalid),
        Error::Cycle {
            relation: Relation::DependsOn,
            way,
        } => {
            format!("after would go round in a circle: {}", way_round(way))
        }
        Error::Deleted { id } => format!("Task {id} not found: it is in the trash"),
        error => error.with_causes(),
    }
}

/// Returns what is wrong with a value. A field that has another name among the arguments of a tool is called as here.
pub(super) fn told(invalid: &Invalid) -> String {
    let field = match invalid.field {
        "task_id" | "reference" => "an id",
        "due_before" => "--due-before",
        "due_after" => "--due-after",
        "completed_after" => "--completed-after",
        "completed_before" => "--completed-before",
        "confirm" => "--confirm",
        "depends_on" => "after",
        "defer_until" => "defer",
        field => field,
    };
    format!("{field} {}", invalid.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_call_otherwise_is_called_as_it_was_typed() {
        let circle = Error::Cycle {
            relation: Relation::DependsOn,
            way: [1, 2, 1].map(|id| TaskId::try_from(id).unwrap()).to_vec(),
        };
        let no_id: Error = "x".parse::<TaskId>().unwrap_err().into();
        let cases = [
            (circle, "after would go round in a circle: 1 -> 2 -> 1"),
            (
                no_id,
                "an id must be a whole number from 1, like 12; \"x\" is none",
            ),
            (
                Invalid::new("due_before", "\"x\" is no date").into(),
                "--due-before \"x\" is no date",
            ),
        ];
        for (error, said) in cases {
            assert_eq!(Failure::from(error).to_string(), said);
        }
    }
}
