//! `taskhold paths`

use std::{fmt::Write as _, path::PathBuf};

use serde::Serialize;

use super::{CliResult, Context};
use crate::store::Paths;

/// Print the files your tasks live in
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold paths")]
pub(super) struct PathsArgs {}

/// What `--json` prints.
#[derive(Serialize)]
struct PathsObject {
    database: PathBuf,
    lock: PathBuf,
    doorbell: PathBuf,
    ballast: PathBuf,
    backups: PathBuf,
}

impl PathsArgs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        let Paths {
            database,
            lock,
            doorbell,
            ballast,
            backups,
            ..
        } = Paths::new(&context.database);
        if context.screen.json {
            return Ok(context.screen.print_json(&PathsObject {
                database,
                lock,
                doorbell,
                ballast,
                backups,
            })?);
        }
        let mut lines = String::new();
        for (name, path) in [
            ("database", database),
            ("lock", lock),
            ("doorbell", doorbell),
            ("ballast", ballast),
            ("backups", backups),
        ] {
            let _ = writeln!(lines, "{name:9} {}", path.display());
        }
        Ok(context.screen.print(&lines)?)
    }
}
