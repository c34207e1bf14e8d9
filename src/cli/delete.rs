//! `taskhold delete`

use super::{
    CliResult, Context, Failure,
    chosen::{ChosenArgs, agrees},
    report::Verbs,
    screen::can_ask,
};
use crate::domain::command::{Command, Outcome};

/// Move tasks to the trash, where undo and undelete find them
///
/// All of them or none: if one cannot be moved, nothing changes. For more than 20 at once their number must be said
/// once more; at a terminal it is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold delete 12 13\n  taskhold delete --where project:old")]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
    /// How many they are, when more than 20
    #[arg(long, value_name = "COUNT")]
    confirm: Option<usize>,
}

const DELETED: Verbs = Verbs {
    done: "Moved to the trash:",
    unchanged: "In the trash already:",
};

impl DeleteArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let ids = self.chosen.read("delete", context)?;
        let count = ids.len();
        if ids.is_empty() {
            return context.report(&Outcome::default(), DELETED, &[]);
        }
        let is_agreed = self.chosen.is_agreed() && self.confirm.is_none();
        if count > Command::CONFIRM_ABOVE && !is_agreed && self.confirm != Some(count) {
            if self.confirm.is_some() || !can_ask() {
                return Err(Failure::call(
                    format!(
                        "these are {count} tasks, and for more than {} at once their number must be said",
                        Command::CONFIRM_ABOVE
                    ),
                    format!("if all of them are meant, repeat it with --confirm {count}"),
                ));
            }
            let question = format!("Move {count} tasks to the trash?");
            if !agrees(&ids, &question, context)? {
                return Err(Failure::Declined("deleted"));
            }
        }
        let outcome = context.write(&Command::Delete {
            ids,
            confirm: Some(count),
        })?;
        context.report_closed(&outcome, DELETED)
    }
}
