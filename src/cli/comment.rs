//! `taskhold comment`

use std::io::{self, Read as _};

use super::{
    CliResult, Context, Failure,
    ids::{IdList, unreadable},
    report::Verbs,
};
use crate::{
    command::{Command, Patch},
    given::Notes,
    task::CommentText,
};

/// Append a remark to a task
///
/// Remarks stay, with the time and who made them; show prints them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold comment 12 Anna says Friday is fine\n  git log -1 | taskhold comment 12 -"
)]
pub(super) struct CommentArgs {
    /// Task, or several with commas between them
    #[arg(value_name = "ID")]
    id: IdList,
    /// What there is to say; - reads it from standard input
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
}

impl CommentArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let text = if self.text == ["-"] {
            from_stdin()?
        } else {
            self.text.join(" ")
        };
        let mut notes = Notes::default();
        let patch = Patch {
            comment: Some(notes.text(CommentText::cleaned(&text))?),
            ..Patch::default()
        };
        let (_, outcome) = context.write(&Command::Update {
            ids: self.id.0,
            patch,
            if_rev: None,
        })?;
        let verbs = Verbs {
            done: "Commented on",
            unchanged: "Commented on",
        };
        context.report(&outcome, verbs, &notes.lines())
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error))?;
    Ok(text)
}
