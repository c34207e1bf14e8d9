//! JSON and TOML: read, set and removed without touching anything else. YAML: read, and left to the person.
//!
//! Each library of the first two keeps comments, order and white space. Whatever it makes is parsed again and compared with what
//! was meant, and dropped if it differs. Byte order marks and line ends of Windows are taken off before and put back.

use std::borrow::Cow;

use serde_json::Value;

mod json;
mod toml;
mod yaml;

/// Why a configuration is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message names what its fields hold")]
pub enum Trouble {
    /// The host itself could not read it either.
    #[error("it is not {format}: {reason}; mend it first")]
    Syntax {
        format: &'static str,
        reason: String,
    },
    /// Something else is where the servers should be.
    #[error("{key} holds something other than named entries; mend it first")]
    Shape { key: String },
    /// The name is taken by a server of someone else.
    #[error("{name} is there already and starts {program}; choose another name with --name")]
    Taken { name: String, program: String },
    /// The edit would have changed something else too.
    #[error("it is written in a way that cannot be edited safely; change {entry} by hand")]
    Entangled { entry: String },
}

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments and commas after the last member.
    Json,
    Toml,
    /// Only read: no edit of it is safe.
    Yaml,
}

/// The members to set, in order.
type Members<'a> = &'a [(&'static str, Value)];

/// A server's place: the key of all servers, and its name.
#[derive(Clone, Copy, Debug)]
struct Spot<'a> {
    container: &'a str,
    name: &'a str,
}

impl Format {
    /// Returns what `text` says; null if it says nothing.
    pub(super) fn read(self, text: &str) -> Result<Value, Trouble> {
        self.parse(&Envelope::open(text).1)
    }

    /// Returns `text` with `members` set in the server `name`, which must make it say `expected`.
    pub(super) fn set(
        self,
        text: &str,
        container: &str,
        name: &str,
        members: Members<'_>,
        expected: &Value,
    ) -> Result<String, Trouble> {
        let spot = Spot { container, name };
        self.edit(text, spot, expected, |text| match self {
            Self::Json => json::set(text, spot, members),
            Self::Toml => toml::set(text, spot, members),
            Self::Yaml => None,
        })
    }

    /// Returns `text` without the server `name`, which must make it say `expected`.
    pub(super) fn remove(
        self,
        text: &str,
        container: &str,
        name: &str,
        expected: &Value,
    ) -> Result<String, Trouble> {
        let spot = Spot { container, name };
        self.edit(text, spot, expected, |text| match self {
            Self::Json => json::remove(text, spot),
            Self::Toml => toml::remove(text, spot),
            Self::Yaml => None,
        })
    }

    /// Returns `text` without the place for servers, if there is nothing in it, not even a comment; else as it is.
    pub(super) fn tidied(self, text: String, container: &str) -> String {
        let (envelope, inner) = Envelope::open(&text);
        let tidied = match self {
            Self::Json => json::without_empty(&inner, container),
            // In TOML it was never more than the heading of its first server.
            Self::Toml | Self::Yaml => None,
        };
        let says = |text: &str| {
            let mut root = self.parse(text).unwrap_or_default();
            if let Some(root) = root.as_object_mut() {
                root.remove(container);
            }
            // A file that says nothing says the same as an empty object.
            root.as_object().cloned().unwrap_or_default()
        };
        match tidied {
            Some(tidied) if says(&tidied) == says(&inner) => envelope.close(&tidied),
            _ => text,
        }
    }

    fn parse(self, text: &str) -> Result<Value, Trouble> {
        let (format, parsed) = match self {
            Self::Json => ("JSON", json::parse(text)),
            Self::Toml => ("TOML", toml::parse(text)),
            Self::Yaml => ("YAML", yaml::parse(text)),
        };
        parsed.map_err(|reason| Trouble::Syntax { format, reason })
    }

    fn edit(
        self,
        text: &str,
        spot: Spot<'_>,
        expected: &Value,
        edit: impl FnOnce(&str) -> Option<String>,
    ) -> Result<String, Trouble> {
        let (envelope, text) = Envelope::open(text);
        edit(&text)
            .filter(|edited| {
                let parsed = self.parse(edited).unwrap_or_default();
                normal(parsed, spot) == normal(expected.clone(), spot)
            })
            .map(|edited| envelope.close(&edited))
            .ok_or_else(|| Trouble::Entangled {
                entry: format!("{}.{}", spot.container, spot.name),
            })
    }
}

/// Returns what a configuration says; that there are no servers can be said in several ways.
fn normal(mut root: Value, spot: Spot<'_>) -> Value {
    let servers = &mut root[spot.container];
    if servers.as_object().is_some_and(serde_json::Map::is_empty) {
        *servers = Value::Null;
    }
    root
}

/// What Windows editors put around a text.
struct Envelope {
    has_mark: bool,
    /// Every line ends with a carriage return and a line feed.
    is_crlf: bool,
}

impl Envelope {
    fn open(text: &str) -> (Self, Cow<'_, str>) {
        let inner = text.strip_prefix('\u{FEFF}');
        let has_mark = inner.is_some();
        let inner = inner.unwrap_or(text);
        let pairs = inner.matches("\r\n").count();
        let is_crlf = pairs > 0 && pairs == inner.matches('\n').count();
        let inner = if is_crlf {
            inner.replace("\r\n", "\n").into()
        } else {
            inner.into()
        };
        (Self { has_mark, is_crlf }, inner)
    }

    fn close(&self, text: &str) -> String {
        let mark = if self.has_mark { "\u{FEFF}" } else { "" };
        let text: Cow<'_, str> = if self.is_crlf {
            text.replace('\n', "\r\n").into()
        } else {
            text.into()
        };
        format!("{mark}{text}")
    }
}
