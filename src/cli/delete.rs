//! `taskhold delete`

use super::{CliResult, Context, report};
use crate::{command::Command, task::TaskId};

/// Move tasks to the trash
///
/// All of them or none: if one cannot be moved, nothing changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold delete 12
  taskhold delete 12 15")]
pub(super) struct DeleteArgs {
    /// Task to move to the trash (can be repeated)
    #[arg(required = true, value_name = "ID")]
    ids: Vec<TaskId>,
}

impl DeleteArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let outcome = context.execute(&Command::Delete {
            confirm: Some(self.ids.len()),
            ids: self.ids,
        })?;
        report(
            context,
            &outcome,
            "Moved to the trash:",
            "In the trash already:",
        )
    }
}
