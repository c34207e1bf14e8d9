//! `taskhold paths`

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

use super::{CliResult, Context};
use crate::store::Paths;

/// Print the files your tasks live in, and the settings
///
/// Some of them come and go, or are made when they are first needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold paths")]
pub(super) struct PathsArgs {}

impl PathsArgs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        let files = files(context);
        if context.screen.json {
            return Ok(context.screen.print_json(&files)?);
        }
        let mut lines = String::new();
        for (name, path) in files.0 {
            let _ = writeln!(lines, "{name:15} {}", path.display());
        }
        Ok(context.screen.print(&lines)?)
    }
}

/// Files, each with its name: what `--json` prints.
struct Files(Vec<(&'static str, PathBuf)>);

impl Serialize for Files {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, path)| (name, path)))
    }
}

/// Returns every file there may be, with its name; the settings only where a folder for them is known.
fn files(context: &Context) -> Files {
    // Every field is named: whoever adds one decides here how it is called.
    let Paths {
        database,
        lock,
        doorbell,
        ballast,
        backups,
        token,
        tokens,
        share,
        share_lock,
        share_queue,
        daemon_lock,
        daemon,
    } = Paths::new(&context.database);
    let [log, index, journal] =
        ["-wal", "-shm", "-journal"].map(|ending| beside(&database, ending));
    let mut files = vec![
        ("database", database),
        ("write_ahead_log", log),
        ("log_index", index),
        ("journal", journal),
        ("lock", lock),
        ("doorbell", doorbell),
        ("ballast", ballast),
        ("backups", backups),
        ("token", token),
        ("tokens", tokens),
        ("share", share),
        ("share_lock", share_lock),
        ("share_queue", share_queue),
        ("daemon", daemon),
        ("daemon_lock", daemon_lock),
    ];
    files.extend(context.config.file.clone().map(|file| ("settings", file)));
    Files(files)
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let name = database.file_name();
    let mut name = name.map_or_else(OsString::new, OsString::from);
    name.push(ending);
    database.with_file_name(name)
}
