//! Where a task stands, and how much it matters.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Invalid, shortened};

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

/// How much a task matters, if it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before others.
    High,
    /// As usual.
    Medium,
    /// When there is time.
    Low,
}

impl JsonSchema for Priority {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Priority".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Priority {
    /// Every priority, the highest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// Returns the word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// Returns where a task of this priority stands among others: one without comes before low ones.
    pub fn rank(priority: Option<Self>) -> u8 {
        match priority {
            Some(Self::High) => 0,
            Some(Self::Medium) => 1,
            None => 2,
            Some(Self::Low) => 3,
        }
    }
}

impl std::str::FromStr for Priority {
    type Err = Invalid;

    /// Reads the stored words and the synonyms people and other tools use.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.trim().to_lowercase().as_str() {
            "high" | "h" | "urgent" | "critical" | "important" | "highest" | "p0" | "p1" | "1"
            | "!!!" => Ok(Self::High),
            "medium" | "m" | "med" | "normal" | "moderate" | "p2" | "2" | "!!" => Ok(Self::Medium),
            "low" | "l" | "minor" | "lowest" | "p3" | "p4" | "3" | "4" | "!" => Ok(Self::Low),
            _ => Err(Invalid::new(
                "priority",
                format!("\"{}\" is none of high, medium, low", shortened(text, 40)),
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
