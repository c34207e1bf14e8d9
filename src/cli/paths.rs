//! `taskhold paths`

use std::io::{self, Write as _};

use super::{CliResult, Context};
use crate::store::Paths;

/// Print the files your tasks live in
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold paths
  taskhold paths --db /home/ada/work.db")]
pub(super) struct PathsArgs {}

impl PathsArgs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        let paths = Paths::new(&context.database);
        let mut out = io::stdout().lock();
        for (name, path) in [
            ("database", paths.database),
            ("lock", paths.lock),
            ("doorbell", paths.doorbell),
            ("ballast", paths.ballast),
            ("backups", paths.backups),
        ] {
            writeln!(out, "{name:9} {}", path.display())?;
        }
        Ok(())
    }
}
