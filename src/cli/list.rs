//! `taskhold list`

use std::io::{self, BufWriter, Write as _};

use super::{CliResult, Context};
use crate::{
    render::{self, Detail, TaskObject},
    store::Filter,
    task::Status,
};

/// List tasks, those added first leading
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Which tasks
    #[arg(long, value_enum, default_value_t = View::Open)]
    view: View,
    /// Print one JSON object a line, with everything there is to know about each task
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum View {
    /// Pending or in progress
    Open,
    /// Completed
    Completed,
    /// All but the trash
    All,
    /// The trash
    Trash,
}

/// How many tasks are read at a time, so that memory stays small however many there are.
const PAGE: u32 = 1_000;

impl ListArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let filter = match self.view {
            View::Open => Filter::Open,
            View::Completed => Filter::Status(Status::Completed),
            View::All => Filter::All,
            View::Trash => Filter::Trash,
        };
        let store = context.reader()?;
        let mut out = BufWriter::new(io::stdout().lock());
        let mut after = None;
        loop {
            let page = store.list(filter, after, PAGE)?;
            for task in &page.tasks {
                if self.json {
                    serde_json::to_writer(&mut out, &TaskObject::new(task, Detail::Full))
                        .map_err(io::Error::from)?;
                    writeln!(out)?;
                } else {
                    writeln!(out, "{}", render::line(task))?;
                }
            }
            after = page.tasks.last().map(|task| task.id);
            if page.more == 0 {
                break;
            }
        }
        if after.is_none() && !self.json {
            writeln!(out, "No tasks here. Add one: taskhold add \"...\"")?;
        }
        Ok(out.flush()?)
    }
}
