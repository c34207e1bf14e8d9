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
    /// The host reads nothing of the file, and we cannot mend it without a loss.
    #[error("line {line} has {what}, and {host} reads no file that has one; take it out first")]
    Unreadable {
        line: usize,
        what: &'static str,
        host: &'static str,
    },
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

/// A server's place: the keys that lead to all servers, and its name.
#[derive(Clone, Copy, Debug)]
struct Spot<'a> {
    container: &'a [&'a str],
    name: &'a str,
}

/// What a host reads of JSON beyond the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leniency {
    /// A byte order mark before the text.
    pub(super) mark: bool,
    pub(super) comments: bool,
    /// Commas after the last member of an object or a list.
    pub(super) last_commas: bool,
}

impl Format {
    /// Returns what `text` says; null if it says nothing.
    pub(super) fn read(self, text: &str) -> Result<Value, Trouble> {
        self.parse(&Envelope::open(text).1)
    }

    /// Returns `text` as a host that reads no more than `leniency` reads it, and what was taken out for that, as a person is
    /// told of it. No more is taken out than says nothing.
    pub(super) fn readable<'a>(
        self,
        text: &'a str,
        leniency: Leniency,
        host: &'static str,
    ) -> Result<(Cow<'a, str>, Vec<&'static str>), Trouble> {
        let mut taken_out = Vec::new();
        if self != Self::Json {
            return Ok((text.into(), taken_out));
        }
        let (mut envelope, mut inner) = Envelope::open(text);
        self.parse(&inner)?;
        let unreadable = |what, line| Trouble::Unreadable { line, what, host };
        if !leniency.comments
            && let Some(line) = json::first_comment(&inner)
        {
            return Err(unreadable("a comment", line));
        }
        if !leniency.mark && envelope.has_mark {
            envelope.has_mark = false;
            taken_out.push("the byte order mark at the beginning");
        }
        if !leniency.last_commas
            && let Some(line) = json::first_last_comma(&inner)
        {
            let mended = json::without_last_commas(&inner)
                .ok_or_else(|| unreadable("a comma with nothing after it", line))?;
            inner = mended.into();
            taken_out.push("commas with nothing after them");
        }
        if taken_out.is_empty() {
            return Ok((text.into(), taken_out));
        }
        Ok((envelope.close(&inner).into(), taken_out))
    }

    /// Returns `text` with `members` set in the server `name`, which must make it say `expected`.
    pub(super) fn set(
        self,
        text: &str,
        container: &[&str],
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
        container: &[&str],
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
    pub(super) fn tidied(self, mut text: String, container: &[&str]) -> String {
        for depth in (1..=container.len()).rev() {
            text = self.without_empty(text, &container[..depth]);
        }
        text
    }

    fn without_empty(self, text: String, container: &[&str]) -> String {
        let (envelope, inner) = Envelope::open(&text);
        let tidied = match self {
            Self::Json => json::without_empty(&inner, container),
            // In TOML it was never more than the heading of its first server.
            Self::Toml | Self::Yaml => None,
        };
        // A file that says nothing says the same as an empty object.
        let says = |text: &str| normal(self.parse(text).unwrap_or_default(), container);
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
                normal(parsed, spot.container) == normal(expected.clone(), spot.container)
            })
            .map(|edited| envelope.close(&edited))
            .ok_or_else(|| Trouble::Entangled {
                entry: format!("{}.{}", spot.container.join("."), spot.name),
            })
    }
}

/// Returns what a configuration says; that there are no servers can be said in several ways.
fn normal(mut root: Value, container: &[&str]) -> Value {
    fn clear(value: &mut Value, container: &[&str]) {
        if let (Some((key, rest)), Value::Object(members)) = (container.split_first(), &mut *value)
            && let Some(inner) = members.get_mut(*key)
        {
            clear(inner, rest);
            if inner.is_null() {
                members.remove(*key);
            }
        }
        if value.as_object().is_some_and(serde_json::Map::is_empty) {
            *value = Value::Null;
        }
    }
    clear(&mut root, container);
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
