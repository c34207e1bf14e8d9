//! Where results go: a table at a terminal, plain lines in a pipe, JSON for programs; and how each is written.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;

use crate::config::Color;

/// The version of what `--json` prints. It grows when a field goes or changes its meaning, not when one is added.
pub(super) const JSON_VERSION: u32 = 1;

/// How tasks are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A table this many columns wide.
    Table(usize),
    /// One line a task, nothing cut.
    Lines,
}

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub(super) json: bool,
    pub(super) layout: Layout,
    is_terminal: bool,
    color: anstream::ColorChoice,
}

pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// The width where a terminal does not tell its own.
const USUAL_COLUMNS: usize = 80;

impl Screen {
    pub(super) fn new(json: bool, color: Color) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let layout = if is_terminal {
            Layout::Table(columns())
        } else {
            // Whatever the colours: a pipe leads to a program that reads lines.
            Layout::Lines
        };
        let color = match color {
            Color::Auto => AutoStream::choice(&io::stdout()),
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        Self {
            json,
            layout,
            is_terminal,
            color,
        }
    }

    /// Returns the same with the width the terminal has now.
    pub(super) fn measured(self) -> Self {
        match self.layout {
            Layout::Table(_) => Self {
                layout: Layout::Table(columns()),
                ..self
            },
            Layout::Lines => self,
        }
    }

    /// Reports whether tasks are laid out as a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.layout, Layout::Table(_))
    }

    /// Reports whether what is shown can be drawn over.
    pub(super) fn is_live(&self) -> bool {
        // Consoles of Windows have no such variable.
        let kind = std::env::var_os("TERM").unwrap_or_default();
        let can_move = cfg!(windows) || !(kind.is_empty() || kind == "dumb");
        self.is_terminal && !self.json && can_move
    }

    /// Returns how many lines the terminal has now; `None` where there is none, or it does not tell.
    #[expect(clippy::unused_self, reason = "the screen is asked, whichever it is")]
    pub(super) fn rows(&self) -> Option<usize> {
        let (_, rows) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(rows.0))
    }

    /// Returns stdout, which takes the colours out where there are to be none.
    pub(super) fn out(&self) -> AutoStream<io::StdoutLock<'static>> {
        AutoStream::new(io::stdout().lock(), self.color)
    }

    /// Writes `text` to stdout.
    pub(super) fn print(&self, text: &str) -> io::Result<()> {
        let mut out = self.out();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes `body` to stdout as one line of JSON, with the version before its fields.
    #[expect(
        clippy::unused_self,
        reason = "what is printed is printed by the screen"
    )]
    pub(super) fn print_json(&self, body: &impl Serialize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", json_line(body)?)?;
        out.flush()
    }
}

/// Returns how many columns there are: what `COLUMNS` says, as a person or a script has set it, else what the terminal says.
fn columns() -> usize {
    let set = std::env::var("COLUMNS").ok();
    let set = set.and_then(|columns| columns.parse().ok());
    let own = || terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| columns.0.into());
    set.filter(|columns| *columns > 0)
        .or_else(|| own().filter(|columns| *columns > 0))
        .unwrap_or(USUAL_COLUMNS)
}

/// Returns `body` as one line of JSON, with the version before its fields. It fails on the path of a file that is no text.
pub(super) fn json_line(body: &impl Serialize) -> io::Result<String> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        version: u32,
        #[serde(flatten)]
        body: &'a T,
    }
    let versioned = Versioned {
        version: JSON_VERSION,
        body,
    };
    let line = serde_json::to_string(&versioned).map_err(|error| {
        let kind = io::ErrorKind::InvalidData;
        io::Error::new(kind, format!("{error}; call it without --json"))
    })?;
    Ok(without_nulls(&line).unwrap_or(line))
}

/// Leaves out the fields that do not apply, as those of a task are; `None` if there are none. What a change holds in `old`
/// and `new` says with null that a field was empty.
fn without_nulls(line: &str) -> Option<String> {
    fn clear(value: &mut Value) -> bool {
        match value {
            Value::Object(fields) => {
                let count = fields.len();
                fields.retain(|_, value| !value.is_null());
                let mut is_altered = fields.len() < count;
                for (name, value) in fields {
                    is_altered |= name != "old" && name != "new" && clear(value);
                }
                is_altered
            }
            Value::Array(values) => values.iter_mut().fold(false, |any, one| any | clear(one)),
            _ => false,
        }
    }
    let mut object: Value = line
        .contains(":null")
        .then(|| serde_json::from_str(line).ok())??;
    if !clear(&mut object) {
        return None;
    }
    // The version leads.
    object.as_object_mut()?.shift_remove("version");
    let rest = object.to_string();
    let rest = rest.strip_prefix('{')?;
    let comma = if rest.len() > 1 { "," } else { "" };
    Some(format!("{{\"version\":{JSON_VERSION}{comma}{rest}"))
}

/// Reports whether a person can be asked: at a terminal, and neither the question nor the answer goes elsewhere.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Returns `text` in `style`.
pub(super) fn painted(style: Style, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_do_not_apply_are_left_out_and_those_that_were_empty_are_not() {
        let cases = [
            (json!({ "a": null }), r#"{"version":1}"#),
            (
                json!({ "b": [{ "c": null, "d": ":null" }], "a": null }),
                r#"{"version":1,"b":[{"d":":null"}]}"#,
            ),
            (
                json!({ "new": { "due": null }, "old": null }),
                r#"{"version":1,"new":{"due":null}}"#,
            ),
            (
                json!({ "z": [null], "a": 1 }),
                r#"{"version":1,"z":[null],"a":1}"#,
            ),
        ];
        for (body, line) in cases {
            assert_eq!(json_line(&body).unwrap(), line);
        }
    }
}
