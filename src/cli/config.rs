//! `taskhold config`

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::{CliResult, screen::Screen};
use crate::{
    config::{Loaded, Source},
    domain::{text, when::DateOrder},
};

const KEYS: &str = "\
Print the settings, and where each comes from

A flag wins over the environment, the environment over config.toml, and that over the default. A key that is not known \
is passed over with a note. Every key:

  database = \"~/notes/tasks.db\"          # an absolute path, or one that begins at home
  time_zone = \"Europe/Berlin\"            # default: the system's
  week_start = \"monday\"                  # or saturday, sunday
  date_order = \"day-month\"               # or month-day; default: 1/5 is refused
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
    pub(super) fn run(self, config: &Loaded, screen: Screen) -> CliResult {
        let settings = settings(config);
        let problems = config.database.as_ref().err().into_iter();
        let problems = problems.chain(&config.problems).chain(&config.warnings);
        let problems: Vec<String> = problems.map(ToString::to_string).collect();
        let file = config.file.as_deref();
        if screen.json {
            let settings = settings.iter().map(|(name, value, source)| {
                let setting = json!({ "value": value, "source": source.to_string() });
                ((*name).to_owned(), setting)
            });
            let mut object: serde_json::Map<_, _> = settings.collect();
            object.insert("file".to_owned(), json!(file));
            object.insert("problems".to_owned(), json!(problems));
            return Ok(screen.print_json(&object)?);
        }
        let settings: Vec<_> = settings
            .into_iter()
            .map(|(name, value, source)| (name, shown(&value), source))
            .collect();
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
        for problem in &problems {
            let _ = writeln!(lines, "problem: {}", text::clean(problem).text);
        }
        Ok(screen.print(&lines)?)
    }
}

/// Returns each setting with its value and where that comes from; one that cannot be used, and has no default, is left
/// out.
fn settings(config: &Loaded) -> Vec<(&'static str, Value, &Source)> {
    let zone = config.zone.value;
    let defaults = &config.defaults;
    let database = config.database.as_ref().ok().map(|database| {
        let path = json!(database.value.to_string_lossy());
        ("database", path, &database.source)
    });
    let others = [
        ("time_zone", json!(zone.name()), &config.zone.source),
        (
            "week_start",
            json!(zone.week_start_name()),
            &config.week_start,
        ),
        (
            "date_order",
            json!(zone.date_order().map(DateOrder::as_str)),
            &config.date_order,
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
    database.into_iter().chain(others).collect()
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
