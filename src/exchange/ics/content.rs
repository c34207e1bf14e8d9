//! Writing content lines (RFC 5545, 3.1).

use std::io::{self, Write};

/// How long a line may be, in bytes.
const FOLD: usize = 75;

/// Writes a property whose value is a text.
pub(super) fn text(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    line(out, &format!("{name}:{}", escaped(value)))
}

pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Writes a content line, folded between characters.
pub(super) fn line(out: &mut dyn Write, content: &str) -> io::Result<()> {
    let mut rest = content;
    let mut room = FOLD;
    while rest.len() > room {
        let (now, later) = rest.split_at(rest.floor_char_boundary(room));
        write!(out, "{now}\r\n ")?;
        rest = later;
        // The blank that begins the next line counts.
        room = FOLD - 1;
    }
    write!(out, "{rest}\r\n")
}
