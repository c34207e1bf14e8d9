//! `taskhold undo`

use std::fmt::Write as _;

use super::{CliResult, Context, report::Verbs};
use crate::domain::{change::GroupId, command::Command, task::TaskId};

/// How many tasks are shown, each in a line.
const SHOWN: usize = 20;
/// How many ids are named in a note.
const NAMED: usize = 10;

/// Take back the last change made on the command line, or the one that is named
///
/// Again for the one before. Refused if someone else has changed the task since; nothing is undone behind their back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold undo\n  taskhold undo 42        # the group, as log names it; that of an undo does it again"
)]
pub(super) struct UndoArgs {
    /// Change group to take back, whoever made it
    #[arg(value_name = "GROUP")]
    group: Option<GroupId>,
}

impl UndoArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let outcome = context.write(&Command::Undo(self.group))?;
        let mut notes = Vec::new();
        if let (Some((group, kind)), Some(undo)) = (outcome.reverted, outcome.group) {
            notes.push(format!(
                "undone: the {} of group {group}; to do it again: taskhold undo {undo}",
                kind.as_str()
            ));
        }
        let gone: Vec<TaskId> = outcome
            .edits
            .iter()
            .filter(|edit| edit.after.is_deleted())
            .map(|edit| edit.after.id)
            .collect();
        if !gone.is_empty() {
            notes.push(format!("now in the trash: {}", some_of(&gone)));
        }
        let verbs = Verbs {
            done: "As before:",
            unchanged: "As before:",
        };
        // An import is undone as one, however many tasks that are.
        context.report_first(SHOWN, &outcome, verbs, &notes)
    }
}

fn some_of(ids: &[TaskId]) -> String {
    let named = ids.iter().take(NAMED).map(ToString::to_string);
    let mut named = named.collect::<Vec<_>>().join(", ");
    let more = ids.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = write!(named, " and {more} more");
    }
    named
}
