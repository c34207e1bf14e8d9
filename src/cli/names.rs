//! `taskhold projects` and `taskhold tags`

use super::{CliResult, Context};
use crate::domain::query::Names;

/// List the projects of open tasks, each with how many it has
///
/// Deferred tasks count too, and those of projects below it: Work.Billing is below Work.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold projects")]
pub(super) struct ProjectsArgs {
    #[command(flatten)]
    limit: NamesLimit,
}

/// List the tags of open tasks, each with how many have it
///
/// Deferred tasks count too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold tags")]
pub(super) struct TagsArgs {
    #[command(flatten)]
    limit: NamesLimit,
}

/// How many are shown.
#[derive(Debug, clap::Args)]
struct NamesLimit {
    /// Show at most this many
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl ProjectsArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.list_names(Names::Projects, self.limit.limit)
    }
}

impl TagsArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.list_names(Names::Tags, self.limit.limit)
    }
}
