//! `taskhold undo`

use super::{CliResult, Context, report::Verbs};
use crate::{change::GroupId, command::Command};

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
        let (_, outcome) = context.write(&Command::Undo(self.group))?;
        let mut notes = Vec::new();
        if let (Some((group, kind)), Some(undo)) = (outcome.reverted, outcome.group) {
            notes.push(format!(
                "undone: the {} of group {group}; to do it again: taskhold undo {undo}",
                kind.as_str()
            ));
        }
        let gone: Vec<String> = outcome
            .edits
            .iter()
            .filter(|edit| edit.after.is_deleted())
            .map(|edit| edit.after.id.to_string())
            .collect();
        if !gone.is_empty() {
            notes.push(format!("now in the trash: {}", gone.join(", ")));
        }
        let verbs = Verbs {
            done: "As before:",
            unchanged: "As before:",
        };
        context.report(&outcome, verbs, &notes)
    }
}
