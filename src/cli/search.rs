//! `taskhold search`

use super::{
    CliResult, Context, Failure,
    filters::{FilterArgs, LimitArgs, Query},
};
use crate::{domain::query::View, store::Words};

/// Find tasks by the words in their title, description and comments
///
/// All words must be there; three letters or more are enough of a word's beginning, four or more of any part of a word in a
/// title, project or tag. In Chinese, Japanese, Korean and Thai one character is enough. Finished tasks are found too: those
/// with the words in their title come first, newest first. Quick words narrow the search down, as in list.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SearchArgs {
    /// Words to find, and quick words to narrow the search down: +TAG project:NAME pri:high
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Words to find, as they are
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
    /// Which tasks
    #[arg(long, value_enum, default_value_t = View::All, hide_possible_values = true)]
    view: View,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    limit: LimitArgs,
}

const EXAMPLES: &str = "\
Examples:
  taskhold search login page
  taskhold search rent project:flat
  taskhold search invoice --view trash";

impl SearchArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        let mut words = self.filters.take_quick_words(&self.words)?;
        words.append(&mut self.literal);
        let words = Words::read(&words.join(" ")).map_err(|_| {
            Failure::call(
                "there are no words to search for",
                "taskhold search login page; without words: taskhold list +home",
            )
        })?;
        let limit = self
            .limit
            .most(context.config.defaults.limit.value, &context.screen);
        let query = Query {
            is_to_fit: self.limit.is_usual(&context.screen),
            ..self
                .filters
                .query(Some(self.view), Some(words), limit, &context.caller)?
        };
        context.list(&context.reader()?, &query)
    }
}
