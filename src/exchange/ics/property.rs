//! Content lines of iCalendar, unfolded and taken apart (RFC 5545, 3.1).
//!
//! The crates that do this end a file in silence where it is not UTF-8, cut blanks off at folds, or hold a whole calendar
//! in memory. Lines are put together as bytes, since some programs fold in the middle of a character. Of vCalendar 1.0,
//! quoted-printable is read.

use std::io::BufRead;

use crate::exchange::{
    Fault,
    lines::{LIMIT, Lines},
};

/// `NAME;PARAM=value:value`
#[derive(Clone, Debug)]
pub(super) struct Property {
    /// The line it begins on.
    pub(super) line: u64,
    /// In upper case.
    pub(super) name: String,
    /// Names in upper case; values as they are, without quotes.
    parameters: Vec<(String, String)>,
    /// As it is, escapes included.
    pub(super) value: String,
}

/// Why a line is no property.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The file cannot be read further.
    File(Fault),
    /// The line cannot be used; the next may.
    Line {
        line: u64,
        /// The name before its value, in upper case; empty if it has none.
        name: String,
        reason: String,
    },
}

impl Property {
    /// Reads the next property; `None` at the end.
    pub(super) fn next<R: BufRead>(lines: &mut Lines<R>) -> Option<Result<Self, Unreadable>> {
        loop {
            let (line, content) = match unfolded(lines)? {
                Ok((_, content)) if content.trim_ascii().is_empty() => continue,
                Ok(unfolded) => unfolded,
                Err(unreadable) => return Some(Err(unreadable)),
            };
            let parsed = Self::parse(line, &content);
            return Some(parsed.map_err(|(name, reason)| Unreadable::Line { line, name, reason }));
        }
    }

    /// Takes a line apart. An error is the name, as far as there is one, and what is wrong.
    fn parse(line: u64, content: &[u8]) -> Result<Self, (String, String)> {
        let Some((head, value)) = head(content) else {
            let reason = "is no line of a calendar, like NAME:value".to_owned();
            return Err((String::new(), reason));
        };
        let head = String::from_utf8_lossy(head);
        let mut pieces = split_unquoted(&head).into_iter();
        let name = pieces.next().unwrap_or_default().trim();
        let parameters: Vec<(String, String)> = pieces
            .map(|piece| {
                let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
                let key = key.trim().to_ascii_uppercase();
                (key, value.trim_matches('"').to_owned())
            })
            .collect();
        let mut property = Self {
            line,
            name: name.to_ascii_uppercase(),
            parameters,
            value: String::new(),
        };
        let Some(value) = property.decoded(value) else {
            let reason = format!("{} is not in UTF-8; save the file as UTF-8", property.name);
            return Err((property.name, reason));
        };
        property.value = value;
        Ok(property)
    }

    /// Returns the value as text; `None` if it is in no known encoding.
    fn decoded(&self, value: &[u8]) -> Option<String> {
        let bytes = if self.is_quoted_printable() {
            quoted_printable(value)
        } else {
            value.to_owned()
        };
        let is_latin = self.parameter("CHARSET").is_some_and(|charset| {
            let charset = charset.to_ascii_uppercase();
            charset == "ISO-8859-1" || charset == "LATIN1"
        });
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) if is_latin => {
                Some(error.as_bytes().iter().copied().map(char::from).collect())
            }
            Err(_) => None,
        }
    }

    fn is_quoted_printable(&self) -> bool {
        const NAME: &str = "QUOTED-PRINTABLE";
        let is_named = |name: &str| name.eq_ignore_ascii_case(NAME);
        self.parameter("ENCODING").is_some_and(is_named) || self.parameter(NAME).is_some()
    }

    /// Returns a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(other, _)| other == name)?;
        Some(value)
    }

    /// Reports whether it has the same value as another, as that is meant.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (&self.value, &self.parameters) == (&other.value, &other.parameters)
    }

    /// Returns the value as text.
    pub(super) fn text(&self) -> String {
        unescaped(&self.value)
    }

    /// Returns the texts of a value that is a list.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut start = 0;
        let mut is_escaped = false;
        for (at, c) in self.value.char_indices() {
            if c == ',' && !is_escaped {
                texts.push(unescaped(&self.value[start..at]));
                start = at + 1;
            }
            is_escaped = c == '\\' && !is_escaped;
        }
        texts.push(unescaped(&self.value[start..]));
        texts
    }

    /// Returns a property like this one for each value of a list.
    pub(super) fn each(&self) -> impl Iterator<Item = Self> {
        self.value.split(',').map(|value| Self {
            value: value.to_owned(),
            ..self.clone()
        })
    }
}

/// Returns what comes before the colon of a line and what after; `None` if there is none, or nothing before it.
fn head(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_quoted = false;
    let colon = content.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b':' && !is_quoted
    })?;
    let head = &content[..colon];
    let name = head.split(|byte| *byte == b';').next().unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_graphic();
    let name = name.trim_ascii();
    (!name.is_empty() && name.iter().all(is_name)).then_some((head, &content[colon + 1..]))
}

/// Returns what stands between the semicolons that are not in quotes.
fn split_unquoted(text: &str) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(|c| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    })
    .collect()
}

/// Returns the next content line and the number of the line it begins on.
fn unfolded<R: BufRead>(lines: &mut Lines<R>) -> Option<Result<(u64, Vec<u8>), Unreadable>> {
    let mut content = match lines.next_bytes()? {
        Ok(line) => line.to_owned(),
        Err(fault) => return Some(Err(unreadable(fault, ""))),
    };
    let number = lines.number();
    loop {
        let is_folded = match lines.goes_on() {
            Ok(is_folded) => is_folded,
            Err(error) => return Some(Err(Unreadable::File(error.into()))),
        };
        let is_soft = !is_folded && is_soft_break(&content);
        if !is_folded && !is_soft {
            return Some(Ok((number, content)));
        }
        if is_soft {
            content.pop();
        }
        match lines.next_bytes() {
            None => return Some(Ok((number, content))),
            Some(Ok(more)) => content.extend_from_slice(&more[usize::from(is_folded)..]),
            Some(Err(fault)) => return Some(Err(unreadable(fault, &name_of(&content)))),
        }
        if content.len() > LIMIT {
            return Some(Err(Unreadable::Line {
                line: number,
                name: name_of(&content),
                reason: format!("goes on for more than {LIMIT} bytes, more than a task can hold"),
            }));
        }
    }
}

fn unreadable(fault: Fault, name: &str) -> Unreadable {
    match fault {
        Fault::Task { line, reason } => Unreadable::Line {
            line,
            name: name.to_owned(),
            reason,
        },
        fault => Unreadable::File(fault),
    }
}

fn name_of(content: &[u8]) -> String {
    let (head, _) = head(content).unwrap_or_default();
    let name = head.split(|byte| *byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(name).trim().to_ascii_uppercase()
}

/// Reports whether quoted-printable text goes on in the next line.
fn is_soft_break(content: &[u8]) -> bool {
    content.ends_with(b"=")
        && head(content).is_some_and(|(head, _)| {
            let head = head.to_ascii_uppercase();
            head.windows(16).any(|window| window == b"QUOTED-PRINTABLE")
        })
}

/// Decodes quoted-printable (RFC 2045, 6.7). What is no escape stays as it is.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *byte == b'=' => digit(high).zip(digit(low)),
            _ => None,
        };
        if let Some(escaped) = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            decoded.push(escaped);
            rest = &after[2..];
        } else {
            decoded.push(*byte);
            rest = after;
        }
    }
    decoded
}

fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n' | 'N')) => {
                unescaped.push('\n');
                chars.next();
            }
            ('\\', Some(escaped @ ('\\' | ';' | ','))) => {
                unescaped.push(escaped);
                chars.next();
            }
            _ => unescaped.push(c),
        }
    }
    unescaped
}

/// Returns at most 40 characters of a name from the file.
pub(super) fn printable(name: &str) -> String {
    name.chars().take(40).collect()
}
