//! What is left of now and of the machine in what is printed, replaced.
//!
//! There is no way to set the program's clock. Dates are fixed or named from today; what is left of now is replaced:
//! `<time>` for instants, `<today>` and `<tomorrow>` for dates, `just now` for minutes that went by. The time zone is one
//! where it is about noon.

use chrono::{Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};

use crate::{shell::noon_zone, support::Home};

/// Replaces what differs from machine to machine, and from run to run: folders, disks, names of backups, tokens.
pub(super) fn without_places(home: &Home, text: &str) -> String {
    let folder = home.database();
    let folder = folder.parent().unwrap().to_str().unwrap();
    let mut text = text
        .replace(env!("CARGO_BIN_EXE_taskhold"), "<taskhold>")
        .replace(folder, "<home>")
        .replace(noon_zone(), "<zone>");
    if cfg!(windows) {
        text = text.replace("<home>\\", "<home>/");
    }
    for (shape, name) in [
        ("00000000T000000000Z", "<stamp>"),
        ("00000000-000000.bak", "<stamp>.bak"),
        ("<today>T00:00:00.000Z", "<time>"),
        ("<today> 00:00:00", "<today> <clock>"),
        ("<today> 00:00 ", "<today> <clock> "),
    ] {
        text = replace_shaped(&text, shape, name);
    }
    // What `doctor` says of the disk.
    for check in ["disk", "space"] {
        let line = format!("\ngood     {check:<13}");
        text = replace_between(&text, &line, "\n", "<disk>");
        let finding = format!("\"{check}\",\"verdict\":\"good\",\"what\":\"");
        text = replace_between(&text, &finding, "\"", "<disk>");
    }
    // A column as wide as the longest path.
    let is_setting = |name: &str| {
        ["database", "time_zone", "week_start", "date_order", "color"].contains(&name)
            || name.starts_with("defaults.")
    };
    let text: String = text
        .split_inclusive('\n')
        .map(
            |line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                [name, value, source] if is_setting(name) => {
                    format!("{name:<18}{value}  {source}\n")
                }
                _ => line.to_owned(),
            },
        )
        .collect();
    let mut replaced = String::new();
    // A token is 32 bytes in base64.
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    for word in text.split_inclusive(|c| !is_inner(c)) {
        match word.trim_end_matches(|c| !is_inner(c)) {
            token if token.len() == 43 => replaced.push_str(&word.replace(token, "<token>")),
            _ => replaced.push_str(word),
        }
    }
    replaced
}

/// Returns the date where it is about noon.
fn today() -> NaiveDate {
    let now = Utc::now();
    let ahead = 12 - i64::from(now.hour());
    (now + TimeDelta::hours(ahead)).date_naive()
}

/// Replaces what is left of now.
pub(super) fn normal(text: &str) -> String {
    let mut text = text.to_owned();
    let today = today();
    for (name, day) in [
        ("<today>", today),
        ("<tomorrow>", today + TimeDelta::days(1)),
    ] {
        let year = if day.year() == today.year() {
            "%a %m-%d"
        } else {
            "%a %Y-%m-%d"
        };
        for form in ["%a %Y-%m-%d", year, "%Y-%m-%d"] {
            text = text.replace(&day.format(form).to_string(), name);
        }
    }
    let text = replace_shaped(&text, "<today>T00:00:00+00:00", "<time>");
    let text = replace_shaped(&text, "0000000000000", "<ms>");
    let text = replace_shaped(&text, "00 min ago", "just now");
    let text = replace_shaped(&text, "0 min ago", "just now");
    // The column of such times is as wide as the longest of them was.
    text.split_inclusive("just now")
        .map(|part| match part.strip_prefix("   ") {
            Some(rest) => format!("  {}", rest.trim_start_matches(' ')),
            None => part.to_owned(),
        })
        .collect()
}

/// Replaces what stands between `start` and the next `end`, wherever it does.
fn replace_between(text: &str, start: &str, end: &str, name: &str) -> String {
    let mut parts = text.split(start);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.find(end).map_or("", |at| &part[at..]);
        replaced.extend([start, name, rest]);
    }
    replaced
}

/// Replaces what has the shape of `shape`, in which `0` stands for any digit and `+` for either sign.
fn replace_shaped(text: &str, shape: &str, name: &str) -> String {
    let fits = |part: &[u8]| {
        part.len() == shape.len()
            && part
                .iter()
                .zip(shape.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    b'+' => matches!(byte, b'+' | b'-'),
                    wanted => *byte == wanted,
                })
    };
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = shape.len().min(rest.len());
        if fits(&rest.as_bytes()[..end]) {
            replaced.push_str(name);
            rest = &rest[end..];
        } else {
            replaced.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    replaced
}
