//! `taskhold list`

use std::io::{self, BufWriter, Write as _};

use super::{CliResult, Context};
use crate::{
    render::{self, Detail, TaskObject},
    store::{self, Filters, Moment},
};

/// List tasks, those added first leading
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold list
  taskhold list --view today
  taskhold list --view all --json")]
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
    /// Pending, not deferred, not blocked
    Ready,
    /// Due today or overdue
    Today,
    /// Past their date
    Overdue,
    /// Waiting for others
    Blocked,
    /// In progress, untouched for days
    Stale,
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
        let view = match self.view {
            View::Open => store::View::Open,
            View::Ready => store::View::Ready,
            View::Today => store::View::Today,
            View::Overdue => store::View::Overdue,
            View::Blocked => store::View::Blocked,
            View::Stale => store::View::Stale,
            View::Completed => store::View::Completed,
            View::All => store::View::All,
            View::Trash => store::View::Trash,
        };
        let (now, zone) = (render::now(), context.zone);
        let (filters, moment) = (Filters::default(), Moment::new(now, zone));
        let store = context.reader()?;
        let mut out = BufWriter::new(io::stdout().lock());
        let (mut after, mut is_empty) = (None, true);
        loop {
            let page = store.list(view, &filters, &moment, after, PAGE)?;
            for task in &page.tasks {
                if self.json {
                    serde_json::to_writer(&mut out, &TaskObject::new(task, Detail::Program, zone))
                        .map_err(io::Error::from)?;
                    writeln!(out)?;
                } else {
                    writeln!(out, "{}", render::line(task, now, zone))?;
                }
            }
            is_empty &= page.tasks.is_empty();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if is_empty && !self.json {
            writeln!(out, "No tasks here. Add one: taskhold add \"...\"")?;
        }
        Ok(out.flush()?)
    }
}
