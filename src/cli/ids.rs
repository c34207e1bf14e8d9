//! Which tasks a command is about: ids as arguments, or one a line on standard input.

use std::io::{self, BufRead as _};

use super::{CliResult, Failure};
use crate::task::{Invalid, TaskId};

/// The tasks a command is about.
#[derive(Debug, clap::Args)]
pub(super) struct IdArgs {
    /// Tasks, as 12, #12 or 12,13; - reads them from standard input, one at the beginning of each line
    #[arg(required = true, value_name = "ID", value_delimiter = ',')]
    ids: Vec<Named>,
}

/// One argument: an id, or where to find some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Task(TaskId),
    Stdin,
}

impl std::str::FromStr for Named {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "-" {
            Ok(Self::Stdin)
        } else {
            text.parse().map(Self::Task)
        }
    }
}

/// Ids in one argument, with commas between them: for commands that take words after it.
#[derive(Clone, Debug)]
pub(super) struct IdList(pub(super) Vec<TaskId>);

impl std::str::FromStr for IdList {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl IdArgs {
    /// Returns the tasks, in the order they were named; at least one.
    pub(super) fn read(&self) -> CliResult<Vec<TaskId>> {
        let mut ids = Vec::new();
        for named in &self.ids {
            match named {
                Named::Task(id) => ids.push(*id),
                Named::Stdin => ids.extend(from_stdin()?),
            }
        }
        if ids.is_empty() {
            return Err(Invalid::new("standard input", "names no task").into());
        }
        Ok(ids)
    }
}

/// Takes the first word of each line, so that lines of `list` can be piped in as they are.
fn from_stdin() -> CliResult<Vec<TaskId>> {
    let mut ids = Vec::new();
    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
        let line = line.map_err(|error| unreadable(&error))?;
        let Some(word) = line.split_whitespace().next() else {
            continue;
        };
        let id = word.parse::<TaskId>();
        ids.push(
            id.map_err(|error| Invalid::new("standard input", format!("line {number}: {error}")))?,
        );
    }
    Ok(ids)
}

/// Says that standard input cannot be read as text.
pub(super) fn unreadable(error: &io::Error) -> Failure {
    Invalid::new("standard input", format!("cannot be read: {error}")).into()
}
