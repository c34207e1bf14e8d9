//! A task: its fields, and what each may hold.
//!
//! # Invariants
//!
//! - A value of these types is valid: it was checked and cleaned ([`crate::text::clean`]) when it was made.
//! - Nothing here reads a clock, a file or the environment.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::text::clean;

/// A value that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Invalid {
    /// The field, as callers name it.
    pub field: &'static str,
    /// What is wrong with the value; reads on after the field's name.
    pub reason: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

/// The number of a task: from 1, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TaskId(i64);

impl TaskId {
    /// Returns the id as SQLite stores it.
    pub fn get(self) -> i64 {
        self.0
    }

    fn invalid(given: impl fmt::Display) -> Invalid {
        Invalid::new(
            "task_id",
            format!("must be a whole number from 1, like 12; {given} is none"),
        )
    }
}

impl TryFrom<i64> for TaskId {
    type Error = Invalid;

    fn try_from(id: i64) -> Result<Self, Invalid> {
        if id < 1 {
            Err(Self::invalid(id))
        } else {
            Ok(Self(id))
        }
    }
}

impl std::str::FromStr for TaskId {
    type Err = Invalid;

    /// Reads `12` or `#12`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.trim();
        let digits = digits.strip_prefix('#').unwrap_or(digits);
        match digits.parse::<i64>() {
            Ok(id) if digits.starts_with(|c: char| c.is_ascii_digit()) => Self::try_from(id),
            _ => Err(Self::invalid(format_args!("\"{}\"", shortened(text, 40)))),
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    /// Accepts `12`, `"12"` and `"#12"`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        use serde_json::Value;
        match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse().map_err(D::Error::custom),
            Value::Number(number) => match number.as_i64() {
                Some(id) => Self::try_from(id).map_err(D::Error::custom),
                None => Err(D::Error::custom(Self::invalid(number))),
            },
            other => Err(D::Error::custom(Self::invalid(shortened(
                &other.to_string(),
                40,
            )))),
        }
    }
}

impl JsonSchema for TaskId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TaskId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer" })
    }
}

/// Declares a text field: a string that was cleaned and checked on the way in.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Cleans and checks `raw`; the flag says whether characters that cannot be seen were taken out.
            pub fn cleaned(raw: &str) -> Result<(Self, bool), Invalid> {
                let cleaned = clean(raw);
                let check: fn(String) -> Result<String, Invalid> = $check;
                Ok((Self(check(cleaned.text)?), cleaned.altered))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(raw: String) -> Result<Self, Invalid> {
                Self::cleaned(&raw).map(|(value, _)| value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// One line saying what is to be done: 1 to 500 characters, never blank.
    Title,
    |text| {
        let line = text.trim().replace('\t', " ");
        let length = line.chars().count();
        match () {
            () if !line.contains(is_visible) => {
                Err(Invalid::new("title", "is blank; say in one line what is to be done"))
            }
            () if line.contains('\n') => Err(Invalid::new(
                "title",
                "has more than one line; put the rest into description",
            )),
            () if length > Title::MAX_CHARS => Err(Invalid::new(
                "title",
                format!(
                    "has {length} characters, {} are the most; put the rest into description",
                    Title::MAX_CHARS
                ),
            )),
            () => Ok(line),
        }
    }
);

impl Title {
    /// The longest title, in characters.
    pub const MAX_CHARS: usize = 500;
}

text_type!(
    /// What there is to say beyond the title: up to 64 KiB, may be empty.
    #[derive(Default)]
    Description,
    |text| {
        if text.len() > Description::MAX_BYTES {
            return Err(Invalid::new(
                "description",
                format!("has {} bytes, {} are the most", text.len(), Description::MAX_BYTES),
            ));
        }
        Ok(text)
    }
);

impl Description {
    /// The longest description, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Reports whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

text_type!(
    /// Who makes a change: a client's name as the client gave it, such as `claude-ai` or `cli`.
    Actor,
    |text| {
        let name: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().take(Actor::MAX_CHARS).collect();
        Ok(if name.contains(is_visible) { name } else { "unknown".to_owned() })
    }
);

impl Actor {
    /// The longest name kept, in characters; what is longer is cut.
    pub const MAX_CHARS: usize = 64;

    /// Returns the actor of a client that calls itself `name`; one without a visible name is `unknown`.
    pub fn named(name: &str) -> Self {
        Self::cleaned(name).map_or_else(|_| Self("unknown".to_owned()), |(actor, _)| actor)
    }
}

/// U+2800, an empty Braille cell, counts as a symbol in Unicode and shows as nothing.
fn is_visible(c: char) -> bool {
    !c.is_whitespace() && c != '\u{2800}'
}

/// Returns at most `max` characters of `text`, with an ellipsis where something was cut.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    Pending,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

impl JsonSchema for Status {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Status".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Status {
    /// Every status, in the order of a task's life.
    pub const ALL: [Self; 4] = [
        Self::Pending,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
    ];

    /// Returns the word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reports whether there is still something to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Status {
    type Err = Invalid;

    /// Reads the stored words and the synonyms people and other tools use.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let word = text.trim().to_lowercase().replace(['-', ' '], "_");
        match word.as_str() {
            "pending" | "todo" | "to_do" | "open" | "new" | "not_started" => Ok(Self::Pending),
            "in_progress" | "inprogress" | "doing" | "wip" | "started" | "active" => {
                Ok(Self::InProgress)
            }
            "completed" | "complete" | "done" | "closed" | "finished" => Ok(Self::Completed),
            "cancelled" | "canceled" | "dropped" | "abandoned" | "wontfix" => Ok(Self::Cancelled),
            _ => Err(Invalid::new(
                "status",
                format!(
                    "\"{}\" is none of pending, in_progress, completed, cancelled",
                    shortened(text, 40)
                ),
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// An instant, in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the Unix epoch.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }
}

/// A task as it stands. Serialized, it is the form the change log keeps; what people see is made by
/// [`crate::render`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// What is to be done.
    pub title: Title,
    /// What there is to say beyond that.
    #[serde(default)]
    pub description: Description,
    /// Where it stands.
    pub status: Status,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When work on it began; `None` before that.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was completed; `None` unless its status is `completed`.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// Who added it.
    pub created_by: Actor,
    /// How often it was changed, counting from 1 when it was added.
    pub rev: i64,
    /// When it was moved to the trash; `None` while it is not there.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
}

impl Task {
    /// Reports whether it is open: not finished, not given up, not in the trash.
    pub fn is_open(&self) -> bool {
        self.status.is_open() && !self.is_deleted()
    }

    /// Reports whether it is in the trash.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Moves it to `status` at `now`, with the times that go with it. The same status changes nothing.
    pub(crate) fn set_status(&mut self, status: Status, now: Timestamp) {
        if self.status == status {
            return;
        }
        self.status = status;
        self.completed_at = (status == Status::Completed).then_some(now);
        self.started_at = match status {
            Status::Pending => None,
            Status::InProgress => Some(now),
            Status::Completed | Status::Cancelled => self.started_at,
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_read_from_a_number_a_string_or_a_hash() {
        for given in [json!(12), json!("12"), json!("#12"), json!(" 12 ")] {
            let id: TaskId = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(id.get(), 12, "{given}");
        }
    }

    #[test]
    fn what_is_no_id_is_named_in_the_refusal() {
        let cases = [
            (json!(0), "0"),
            (json!(-1), "-1"),
            (json!(9_223_372_036_854_775_808_u64), "9223372036854775808"),
            (json!(1.5), "1.5"),
            (json!("abc"), "\"abc\""),
            (json!("+3"), "\"+3\""),
            (json!("9223372036854775808"), "\"9223372036854775808\""),
            (json!(null), "null"),
            (json!([1]), "[1]"),
        ];
        for (given, named) in cases {
            let refusal = serde_json::from_value::<TaskId>(given)
                .unwrap_err()
                .to_string();
            assert_eq!(
                refusal,
                format!("task_id must be a whole number from 1, like 12; {named} is none")
            );
        }
    }

    #[test]
    fn a_title_is_one_visible_line_of_500_characters() {
        let ok = ["x", "  padded  ", "a\tb", &"é".repeat(500)];
        for raw in ok {
            assert!(Title::cleaned(raw).is_ok(), "{raw:?}");
        }
        let refused = [
            ("", "is blank"),
            (" \n\t ", "is blank"),
            ("\u{200b}\u{202e}", "is blank"),
            ("\u{2800}", "is blank"),
            ("one\ntwo", "has more than one line"),
            ("one\u{2028}two", "has more than one line"),
            (&"é".repeat(501), "has 501 characters, 500 are the most"),
        ];
        for (raw, reason) in refused {
            let refusal = Title::cleaned(raw).unwrap_err();
            assert!(refusal.reason.starts_with(reason), "{raw:?}: {refusal}");
        }
    }

    #[test]
    fn a_title_loses_its_padding_and_says_what_else_it_lost() {
        assert_eq!(
            Title::cleaned("  a\tb ").unwrap(),
            (Title("a b".into()), false)
        );
        assert_eq!(
            Title::cleaned("a\u{200b}b").unwrap(),
            (Title("ab".into()), true)
        );
    }

    #[test]
    fn a_description_ends_at_64_kib() {
        assert!(Description::cleaned(&"x".repeat(65_536)).is_ok());
        let refusal = Description::cleaned(&"x".repeat(65_537)).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "description has 65537 bytes, 65536 are the most"
        );
    }

    #[test]
    fn an_actor_is_one_short_line_whatever_the_client_says() {
        let cases = [
            ("claude-ai", "claude-ai"),
            (" a\nb ", "a b"),
            ("", "unknown"),
            ("\u{202e}", "unknown"),
        ];
        for (name, actor) in cases {
            assert_eq!(Actor::named(name).as_str(), actor, "{name:?}");
        }
        assert_eq!(Actor::named(&"x".repeat(1000)).as_str().len(), 64);
    }

    #[test]
    fn a_status_is_read_from_the_words_people_use() {
        let cases = [
            ("todo", Status::Pending),
            ("In Progress", Status::InProgress),
            ("in-progress", Status::InProgress),
            ("WIP", Status::InProgress),
            ("done", Status::Completed),
            ("canceled", Status::Cancelled),
        ];
        for (word, status) in cases {
            assert_eq!(word.parse(), Ok(status), "{word}");
        }
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("urgent".parse::<Status>().is_err());
    }

    #[test]
    fn the_times_follow_the_status() {
        let at = Timestamp::from_millis;
        let mut task = Task {
            id: TaskId(1),
            title: Title("x".into()),
            description: Description::default(),
            status: Status::Pending,
            created_at: at(0),
            updated_at: at(0),
            started_at: None,
            completed_at: None,
            created_by: Actor::named("cli"),
            rev: 1,
            deleted_at: None,
        };
        let steps = [
            (Status::InProgress, 1, Some(at(1)), None),
            (Status::InProgress, 2, Some(at(1)), None),
            (Status::Completed, 3, Some(at(1)), Some(at(3))),
            (Status::Pending, 4, None, None),
            (Status::Completed, 5, None, Some(at(5))),
            (Status::Cancelled, 6, None, None),
        ];
        for (status, now, started_at, completed_at) in steps {
            task.set_status(status, at(now));
            assert_eq!(
                (task.started_at, task.completed_at),
                (started_at, completed_at),
                "{now}"
            );
        }
    }
}
