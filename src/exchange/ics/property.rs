//! Content lines of iCalendar, unfolded and taken apart (RFC 5545, 3.1).
//!
//! The crates that do this end a file in silence where it is not UTF-8, cut blanks off at folds, or hold a whole calendar
//! in memory.

use std::io::BufRead;

use crate::exchange::{
    Fault,
    lines::{LIMIT, Lines},
};

/// `NAME;PARAM=value:value`
#[derive(Debug)]
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

impl Property {
    /// Reads the next property; `None` at the end.
    pub(super) fn next<R: BufRead>(lines: &mut Lines<R>) -> Option<Result<Self, Fault>> {
        loop {
            match unfolded(lines)? {
                Ok((_, content)) if content.trim().is_empty() => {}
                Ok((line, content)) => {
                    return Some(Self::parse(line, &content).ok_or_else(|| {
                        Fault::task(line, "is no line of a calendar, like NAME:value")
                    }));
                }
                Err(fault) => return Some(Err(fault)),
            }
        }
    }

    fn parse(line: u64, content: &str) -> Option<Self> {
        let mut is_quoted = false;
        let mut ends = Vec::new();
        for (at, c) in content.char_indices() {
            match c {
                '"' => is_quoted = !is_quoted,
                ';' if !is_quoted => ends.push(at),
                ':' if !is_quoted => {
                    ends.push(at);
                    break;
                }
                _ => {}
            }
        }
        let colon = *ends
            .last()
            .filter(|at| content.as_bytes().get(**at) == Some(&b':'))?;
        let mut starts = vec![0];
        starts.extend(ends.iter().map(|at| at + 1));
        let mut pieces = starts
            .iter()
            .zip(&ends)
            .map(|(start, end)| &content[*start..*end]);
        let name = pieces.next()?.trim().to_ascii_uppercase();
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !is_name(&name) {
            return None;
        }
        let parameters = pieces
            .map(|piece| {
                let (key, value) = piece.split_once('=')?;
                Some((key.to_ascii_uppercase(), value.trim_matches('"').to_owned()))
            })
            .collect::<Option<_>>()?;
        Some(Self {
            line,
            name,
            parameters,
            value: content[colon + 1..].to_owned(),
        })
    }

    /// Returns a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(other, _)| other == name)?;
        Some(value)
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
}

/// Returns the next content line and the number of the line it begins on.
fn unfolded<R: BufRead>(lines: &mut Lines<R>) -> Option<Result<(u64, String), Fault>> {
    let mut content = match lines.next()? {
        Ok(line) => line.to_owned(),
        Err(fault) => return Some(Err(fault)),
    };
    let number = lines.number();
    loop {
        match lines.goes_on() {
            Ok(true) => {}
            Ok(false) => return Some(Ok((number, content))),
            Err(error) => return Some(Err(error.into())),
        }
        match lines.next()? {
            Ok(more) => content.push_str(&more[1..]),
            Err(fault) => return Some(Err(fault)),
        }
        if content.len() > LIMIT {
            let reason = format!("goes on for more than {LIMIT} bytes, more than a task can hold");
            return Some(Err(Fault::task(number, reason)));
        }
    }
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
