//! `taskhold config`

use std::fmt::Write as _;

use serde_json::json;

use super::{CliResult, Context};
use crate::config::Color;

const KEYS: &str = "\
Print the settings, and where each comes from

A flag wins over the environment, the environment over config.toml, and that over the default. Every key:

  database = \"/home/me/notes/tasks.db\"   # an absolute path
  time_zone = \"Europe/Berlin\"            # default: the system's
  week_start = \"monday\"                  # or saturday, sunday
  color = \"auto\"                         # or always, never";

/// Print the settings, and where each comes from
#[derive(Debug, clap::Args)]
#[command(
    long_about = KEYS,
    after_help = "Examples:\n  taskhold config\n  taskhold config --show --json"
)]
pub(super) struct ConfigArgs {
    /// Print the settings; the same without it
    #[arg(long)]
    show: bool,
}

impl ConfigArgs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        let config = &context.config;
        let zone = config.zone.value;
        let color = match config.color.value {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        };
        let settings = [
            (
                "database",
                config.database.value.display().to_string(),
                &config.database.source,
            ),
            ("time_zone", zone.name().to_owned(), &config.zone.source),
            (
                "week_start",
                zone.week_start_name().to_owned(),
                &config.week_start,
            ),
            ("color", color.to_owned(), &config.color.source),
        ];
        let file = config.file.as_deref();
        if context.screen.json {
            let settings = settings.iter().map(|(name, value, source)| {
                let setting = json!({ "value": value, "source": source.to_string() });
                ((*name).to_owned(), setting)
            });
            let mut object: serde_json::Map<_, _> = settings.collect();
            object.insert("file".to_owned(), json!(file));
            return Ok(context.screen.print_json(&object)?);
        }
        let width = settings.iter().map(|(_, value, _)| value.len()).max();
        let width = width.unwrap_or(0);
        let mut lines = String::new();
        for (name, value, source) in &settings {
            let _ = writeln!(lines, "{name:10}  {value:width$}  {source}");
        }
        if let Some(file) = file {
            let state = if file.exists() { "" } else { " (not there)" };
            let _ = writeln!(lines, "\nSettings are read from {}{state}", file.display());
        }
        Ok(context.screen.print(&lines)?)
    }
}
