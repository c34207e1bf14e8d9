//! `taskhold config`

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::{CliResult, Context};
const KEYS: &str = "\
Print the settings, and where each comes from

A flag wins over the environment, the environment over config.toml, and that over the default. Every key:

  database = \"/home/me/notes/tasks.db\"   # an absolute path
  time_zone = \"Europe/Berlin\"            # default: the system's
  week_start = \"monday\"                  # or saturday, sunday
  color = \"auto\"                         # or always, never

  [defaults]                             # where a call does not say
  view = \"open\"                          # of list and watch
  limit = 50                             # how many tasks a list shows
  project = \"Inbox\"                      # of what add adds; project:none is none";

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
        let defaults = &config.defaults;
        let settings = [
            (
                "database",
                json!(config.database.value.to_string_lossy()),
                &config.database.source,
            ),
            ("time_zone", json!(zone.name()), &config.zone.source),
            (
                "week_start",
                json!(zone.week_start_name()),
                &config.week_start,
            ),
            ("color", word_of(&config.color.value), &config.color.source),
            (
                "defaults.view",
                word_of(&defaults.view.value),
                &defaults.view.source,
            ),
            (
                "defaults.limit",
                json!(defaults.limit.value),
                &defaults.limit.source,
            ),
            (
                "defaults.project",
                json!(defaults.project.value),
                &defaults.project.source,
            ),
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
        let settings = settings.map(|(name, value, source)| (name, shown(&value), source));
        let width = settings.iter().map(|(_, value, _)| value.width()).max();
        let width = width.unwrap_or(0);
        let mut lines = String::new();
        for (name, value, source) in &settings {
            let room = width - value.width();
            let _ = writeln!(lines, "{name:16}  {value}{:room$}  {source}", "");
        }
        if let Some(file) = file {
            let state = if file.exists() { "" } else { " (not there)" };
            let _ = writeln!(lines, "\nSettings are read from {}{state}", file.display());
        }
        Ok(context.screen.print(&lines)?)
    }
}

/// Returns the word by which a value is set.
fn word_of(value: &impl ValueEnum) -> Value {
    value
        .to_possible_value()
        .map_or(Value::Null, |word| json!(word.get_name()))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
