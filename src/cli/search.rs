//! `taskhold search`

use super::{
    CliResult, Context,
    filters::{FilterArgs, LimitArgs},
};
use crate::{config::ViewWord, store::Words};

/// Find tasks by the words in their title, description and comments
///
/// All words must be there; three letters or more are enough of a word. Finished tasks are found too: those with the
/// words in their title lead, the latest first.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold search login page\n  taskhold search invoice --view trash"
)]
pub(super) struct SearchArgs {
    /// Words to find
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// Which tasks
    #[arg(long, value_enum, default_value_t = ViewWord::All, hide_possible_values = true)]
    view: ViewWord,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    limit: LimitArgs,
}

impl SearchArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let words = Words::read(&self.words.join(" "))?;
        let query = self.filters.query(
            Some(self.view),
            Some(words),
            self.limit.most(context.config.defaults.limit.value),
            &context.caller,
        )?;
        context.list(&context.reader()?, &query)
    }
}
