//! `taskhold next`

use super::{
    CliResult, Context, Failure,
    filters::FilterArgs,
    report::say,
    table,
    task_details::{Relatives, details},
};
use crate::domain::query::{Moment, View};

/// Show the ready task to do first
///
/// Ready is what is pending, not deferred and not blocked; first is what is due first, then what matters most.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold next\n  taskhold next +errand")]
pub(super) struct NextArgs {
    /// Quick words to narrow it down: +TAG project:NAME !high
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    #[command(flatten)]
    filters: FilterArgs,
}

impl NextArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        for other in self.filters.take_quick_words(&self.words)? {
            if self.filters.take_level(&other)? {
                continue;
            }
            return Err(Failure::call(
                format!("next shows the ready task to do first, not \"{other}\""),
                format!("a view: taskhold list {other}; by words: taskhold search {other}"),
            ));
        }
        let view = Some(View::Ready);
        let query = self.filters.query(view, None, 1, &context.caller)?;
        let store = context.reader()?;
        if context.screen.json {
            return context.list(&store, &query);
        }
        let (now, zone) = (context.caller.now, context.caller.zone);
        let moment = Moment::new(now, zone);
        let page = store.list(query.view, &query.filters, &moment, None, query.limit)?;
        match page.tasks.into_iter().next() {
            Some(task) if context.screen.is_table() => {
                let task = store.with_comments(store.existing(task.id)?)?;
                let relatives = Relatives::read(&store, &task.task)?;
                context
                    .screen
                    .print(&details(&task, &relatives, &[], context))?;
            }
            Some(task) => {
                let line = table::line(&task, now, zone);
                context.screen.print(&format!("{line}\n"))?;
            }
            None => {
                let mut said = store.unknown_names(&query.filters)?;
                if said.is_empty() {
                    said.push("nothing is ready; taskhold list shows what is open, taskhold list blocked what waits".to_owned());
                }
                say(&said);
            }
        }
        Ok(())
    }
}
