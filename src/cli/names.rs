//! `taskhold projects` and `taskhold tags`

use super::{CliResult, Context};
use crate::domain::query::Names;

/// List the projects of open tasks, each with how many it has
///
/// Deferred tasks count too, and those of projects below it: Work.Billing is below Work.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold projects")]
pub(super) struct ProjectsArgs {}

/// List the tags of open tasks, each with how many have it
///
/// Deferred tasks count too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold tags")]
pub(super) struct TagsArgs {}

impl ProjectsArgs {
    #[expect(clippy::unused_self, reason = "as every command is run")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.list_names(Names::Projects)
    }
}

impl TagsArgs {
    #[expect(clippy::unused_self, reason = "as every command is run")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.list_names(Names::Tags)
    }
}
