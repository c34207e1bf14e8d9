//! `config.toml`, read key by key, so that what is wrong with one leaves the others.

use std::{
    io,
    io::Read as _,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer as _},
};
use toml_edit::{Document, Item, TableLike, TomlError};

use super::{Color, ConfigError};
use crate::{
    disk::open_theirs,
    domain::{
        query::View,
        task::{Project, shortened},
    },
};

/// The most bytes a configuration file may have.
const MAX_FILE: u64 = 64 * 1024;

/// What the file sets; what it does not set, or sets wrongly, is `None`.
#[derive(Debug)]
pub(super) struct File {
    pub(super) database: Result<Option<PathBuf>, ConfigError>,
    pub(super) time_zone: Option<String>,
    pub(super) week_start: Option<WeekStart>,
    pub(super) date_order: Option<NumberOrder>,
    pub(super) color: Option<Color>,
    pub(super) view: Option<View>,
    pub(super) limit: Option<u32>,
    pub(super) project: Option<Project>,
    /// Values that cannot be used, but for the database.
    pub(super) problems: Vec<ConfigError>,
    /// What is passed over.
    pub(super) warnings: Vec<ConfigError>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WeekStart {
    Monday,
    Saturday,
    Sunday,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NumberOrder {
    #[serde(alias = "dmy")]
    DayMonth,
    #[serde(alias = "mdy")]
    MonthDay,
}

/// The keys, with those in a table after it and a point.
const KEYS: [&str; 9] = [
    "database",
    "time_zone",
    "week_start",
    "date_order",
    "color",
    "defaults",
    "defaults.view",
    "defaults.limit",
    "defaults.project",
];

impl Default for File {
    fn default() -> Self {
        Self {
            database: Ok(None),
            time_zone: None,
            week_start: None,
            date_order: None,
            color: None,
            view: None,
            limit: None,
            project: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl File {
    /// Reads the file at `path`; `None` if it is not there.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ConfigError> {
        let unreadable = |error| ConfigError::Unreadable {
            file: path.to_owned(),
            error: Arc::new(error),
        };
        let mut text = String::new();
        let file = match open_theirs(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        // Not by the length that is told: what is no regular file tells none.
        let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
        read.map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE {
            let reason = format!("it has more than {MAX_FILE} bytes, too long for settings");
            return Err(unreadable(io::Error::other(reason)));
        }
        let reader = ConfigReader {
            path,
            text: &text,
            file: Self::default(),
        };
        reader.read().map(Some)
    }
}

/// What is wrong with a path of Windows in double quotes.
const BACKSLASHES: &str = "in double quotes a backslash begins a code such as \\t; write the path in single quotes, \
     as in database = 'C:\\Users\\me\\tasks.db'";

/// Reports whether what the library says of a value speaks of its own types.
fn is_of_types(message: &str) -> bool {
    let begins = [
        "invalid type",
        "invalid value",
        "unknown variant",
        "wanted ",
    ];
    begins.iter().any(|begin| message.starts_with(begin))
}

/// Returns how the value of `key` is written.
fn form(key: &str) -> &'static str {
    match key {
        "database" => "a path in quotes",
        "time_zone" => "a zone in quotes, such as \"Europe/Berlin\"",
        "week_start" => "\"monday\", \"saturday\" or \"sunday\"",
        "date_order" => "\"day-month\" or \"month-day\"",
        "color" => "\"auto\", \"always\" or \"never\"",
        "defaults.view" => "a view in quotes, such as \"open\"",
        "defaults.limit" => "a whole number from 1 to 4294967295",
        _ => "a name in quotes, such as \"Inbox\"",
    }
}

struct ConfigReader<'a> {
    path: &'a Path,
    text: &'a str,
    file: File,
}

impl ConfigReader<'_> {
    fn read(mut self) -> Result<File, ConfigError> {
        let wrong = |error: TomlError| {
            let is_of_windows = self.has_backslashes(error.span());
            let message = error.message();
            self.wrong(
                error.span(),
                if is_of_windows { BACKSLASHES } else { message },
            )
        };
        let document = Document::parse(self.text).map_err(wrong)?;
        let table = document.as_table();
        self.warn_of_unknown("", table);
        self.file.database = self.path(table, "database");
        self.file.time_zone = self.tried(table, "time_zone");
        self.file.week_start = self.tried(table, "week_start");
        self.file.date_order = self.tried(table, "date_order");
        self.file.color = self.tried(table, "color");
        if let Some(item) = table.get("defaults") {
            if let Some(defaults) = item.as_table_like() {
                self.warn_of_unknown("defaults.", defaults);
                self.file.view = self.tried(defaults, "defaults.view");
                let limit: Option<NonZeroU32> = self.tried(defaults, "defaults.limit");
                self.file.limit = limit.map(NonZeroU32::get);
                self.file.project = self.tried(defaults, "defaults.project");
            } else {
                let message = "defaults holds settings of its own: [defaults]";
                let problem = self.wrong(item.span(), message);
                self.file.problems.push(problem);
            }
        }
        Ok(self.file)
    }

    /// Reads the value of `key`, whose name in its table is what follows the point.
    fn value<T: DeserializeOwned>(
        &self,
        table: &dyn TableLike,
        key: &str,
    ) -> Result<Option<T>, ConfigError> {
        let name = key.rsplit('.').next().unwrap_or(key);
        let Some(item) = table.get(name) else {
            return Ok(None);
        };
        let read = match item {
            Item::Value(value) => T::deserialize(value.clone().into_deserializer()),
            _ => Err(serde::de::Error::custom(format!(
                "it is a table, and must be {}",
                form(key)
            ))),
        };
        read.map(Some).map_err(|error: toml_edit::de::Error| {
            let span = error.span().or_else(|| item.span());
            if !is_of_types(error.message()) {
                return self.wrong(span, &format!("{key}: {}", error.message()));
            }
            let given = item.span().and_then(|span| self.text.get(span));
            let given = shortened(given.unwrap_or_default().trim_matches(['"', '\'']), 40);
            let form = form(key);
            self.wrong(
                span,
                &format!("{key}: {given} cannot be used: it must be {form}"),
            )
        })
    }

    /// Reads the path that is the value of `key`. One with control characters was written with backslashes, which were read as
    /// something else: the `\t` of `"C:\tasks"` is a tab.
    fn path(&self, table: &dyn TableLike, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        let path: Option<PathBuf> = self.value(table, key)?;
        let is_control = |path: &PathBuf| path.to_string_lossy().contains(char::is_control);
        let span = table.get(key).and_then(Item::span);
        if path.as_ref().is_some_and(is_control) && self.has_backslashes(span.clone()) {
            return Err(self.wrong(span, &format!("{key}: {BACKSLASHES}")));
        }
        Ok(path)
    }

    /// Reports whether the line on which `span` begins has a backslash in double quotes, and no single ones.
    fn has_backslashes(&self, span: Option<std::ops::Range<usize>>) -> bool {
        let line = self
            .text
            .lines()
            .nth(self.line(span) - 1)
            .unwrap_or_default();
        line.contains('"') && line.contains('\\') && !line.contains('\'')
    }

    /// Reads the value of `key`; what is wrong with it is remarked.
    fn tried<T: DeserializeOwned>(&mut self, table: &dyn TableLike, key: &str) -> Option<T> {
        self.value(table, key).unwrap_or_else(|problem| {
            self.file.problems.push(problem);
            None
        })
    }

    fn warn_of_unknown(&mut self, prefix: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let key = format!("{prefix}{name}");
            if !KEYS.contains(&key.as_str()) {
                let span = table.key(name).and_then(toml_edit::Key::span);
                self.file.warnings.push(ConfigError::Unknown {
                    file: self.path.to_owned(),
                    line: self.line(span.or_else(|| item.span())),
                    key: shortened(&key, 60),
                });
            }
        }
    }

    fn wrong(&self, span: Option<std::ops::Range<usize>>, message: &str) -> ConfigError {
        let message: Vec<&str> = message.split_whitespace().collect();
        ConfigError::Wrong {
            file: self.path.to_owned(),
            line: self.line(span),
            message: message.join(" "),
        }
    }

    fn line(&self, span: Option<std::ops::Range<usize>>) -> usize {
        let before = span.and_then(|span| self.text.get(..span.start));
        before.unwrap_or_default().matches('\n').count() + 1
    }
}
