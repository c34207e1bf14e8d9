//! `taskhold delete`

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
};

use super::{CliResult, Context, ids::IdArgs, report::Verbs, screen::can_ask};
use crate::command::Command;

/// Move tasks to the trash, where undo finds them
///
/// All of them or none: if one cannot be moved, nothing changes. For more than 20 at once their number must be said
/// once more; at a terminal it is asked.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold delete 12 13\n  taskhold list project:old --all | taskhold delete - --confirm 42"
)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    ids: IdArgs,
    /// How many they are, when more than 20
    #[arg(long, value_name = "COUNT")]
    confirm: Option<usize>,
}

impl DeleteArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let ids = self.ids.read()?;
        let count = ids.iter().collect::<BTreeSet<_>>().len();
        let mut confirm = self.confirm;
        if confirm.is_none() && count > Command::CONFIRM_ABOVE && can_ask() && agrees(count)? {
            confirm = Some(count);
        }
        let (store, outcome) = context.write(&Command::Delete { ids, confirm })?;
        let verbs = Verbs {
            done: "Moved to the trash:",
            unchanged: "In the trash already:",
        };
        context.report_closed(&store, &outcome, verbs)
    }
}

fn agrees(count: usize) -> io::Result<bool> {
    let mut stderr = io::stderr();
    write!(stderr, "Move {count} tasks to the trash? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
