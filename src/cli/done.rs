//! `taskhold done`

use super::{CliResult, Context, report};
use crate::{command::Command, task::TaskId};

/// Mark tasks as completed
///
/// All of them or none: if one cannot be completed, nothing changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold done 12
  taskhold done 12 15")]
pub(super) struct DoneArgs {
    /// Task to complete (can be repeated)
    #[arg(required = true, value_name = "ID")]
    ids: Vec<TaskId>,
}

impl DoneArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let outcome = context.execute(&Command::Complete(self.ids))?;
        report(
            context,
            &outcome,
            "Completed",
            "Nothing changed, completed already:",
        )
    }
}
