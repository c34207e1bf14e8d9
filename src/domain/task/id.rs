//! The number of a task.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Invalid, shortened};

/// The number of a task: from 1, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TaskId(i64);

impl TaskId {
    /// The first id there is.
    pub(crate) const FIRST: Self = Self(1);

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
