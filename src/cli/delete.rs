//! `taskhold delete`

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use super::{CliResult, Context, Failure, ids::IdArgs, report::Verbs, screen::can_ask};
use crate::domain::{command::Command, error::Result, task::TaskId};

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

/// How many tasks are named before a person is asked.
const NAMED: usize = 10;

impl DeleteArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let ids = self.ids.read()?;
        let count = ids.len();
        if count > Command::CONFIRM_ABOVE && self.confirm != Some(count) {
            if self.confirm.is_some() || !can_ask() {
                return Err(Failure::call(
                    format!(
                        "these are {count} tasks, and for more than {} at once their number must be said",
                        Command::CONFIRM_ABOVE
                    ),
                    format!("if all of them are meant, repeat it with --confirm {count}"),
                ));
            }
            if !agrees(&ids, context)? {
                return Err(Failure::Declined("deleted"));
            }
        }
        let outcome = context.write(&Command::Delete {
            ids,
            confirm: Some(count),
        })?;
        let verbs = Verbs {
            done: "Moved to the trash:",
            unchanged: "In the trash already:",
        };
        context.report_closed(&outcome, verbs)
    }
}

fn agrees(ids: &[TaskId], context: &Context) -> CliResult<bool> {
    let mut question = context.reader()?.snapshot(|store| {
        let mut lines = String::new();
        for id in ids.iter().take(NAMED) {
            let title = store.task(*id)?.map(|task| task.title.to_string());
            let title = title.unwrap_or_else(|| "not found".to_owned());
            let _ = writeln!(lines, "{id:>5}  {title}");
        }
        Result::Ok(lines)
    })?;
    let more = ids.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = writeln!(question, "       and {more} more");
    }
    let mut stderr = io::stderr();
    write!(
        stderr,
        "{question}Move {} tasks to the trash? [y/N] ",
        ids.len()
    )?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
