//! `taskhold comment`

use super::{
    CliResult, Context, Failure, call::unescaped, ids::Ids, input::stdin_text, report::Verbs,
};
use crate::{
    domain::{
        command::{Command, Patch},
        task::CommentText,
    },
    input::Notes,
};

/// Add a comment to tasks
///
/// Remarks stay, with the time and who made them; show prints them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CommentArgs {
    /// Task, as 12 or #12, or several: 12,13 or 12 13; - reads them from standard input
    #[arg(value_name = "ID")]
    id: Ids,
    /// What there is to say, after the last id; - alone reads it from standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// What there is to say, as it is
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  taskhold comment 12 Anna says Friday is fine
  taskhold comment 12 13 -- 3 are enough
  git log -1 | taskhold comment 12 -";

impl CommentArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let mut words: Vec<String> = self
            .text
            .iter()
            .map(|word| unescaped(word))
            .map(str::to_owned)
            .collect();
        let mut named = vec![self.id];
        named.extend(Ids::leading(&mut words));
        let is_piped = words == ["-"] && self.literal.is_empty();
        let text = if is_piped {
            if named.contains(&Ids::Stdin) {
                return Err(Failure::call(
                    "standard input is the tasks and the text at once",
                    "say the text: taskhold list +errand | taskhold comment - Seen",
                ));
            }
            stdin_text()?
        } else {
            words.extend(self.literal);
            words.join(" ")
        };
        if text.is_empty() && named.len() > 1 {
            return Err(Failure::call(
                "there is nothing to say: every word is an id",
                "a number that is to be said stands after --: taskhold comment 12 -- 13",
            ));
        }
        let mut notes = Notes::default();
        let comment = notes.text(CommentText::cleaned(&text));
        let patch = Patch {
            comment: Some(if is_piped {
                comment.map_err(Failure::Failed)?
            } else {
                comment?
            }),
            ..Patch::default()
        };
        let outcome = context.write(&Command::Update {
            ids: Ids::read(&named)?,
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
