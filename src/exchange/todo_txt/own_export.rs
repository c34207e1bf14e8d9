//! The lines of our own exports, which end with `id:N`.
//!
//! In such a line marks count only in the run of marks at its end, the last of a kind; all before is the title, as it is. A
//! title whose last word looks like a mark is followed by [`END_OF_TITLE`].

use super::{Notes, day, is_mark, known_key, rec};
use crate::domain::task::{Project, Status, Tag, TaskId, Timestamp, Version};
use crate::exchange::{read_version, version_text};

/// Stands between a title that ends with what looks like a mark and the marks.
pub(super) const END_OF_TITLE: &str = "--";

/// The years 1 to 9999, in milliseconds.
const MILLIS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Reports whether a title must be told from the marks that come after it.
pub(super) fn needs_end(title: &str) -> bool {
    let last = title.rsplit(' ').next().unwrap_or(title);
    last == END_OF_TITLE || is_mark(last) || known_key(last).is_some()
}

/// Takes the words of a line apart into the title and the marks; `None` if it is no line of ours. Marks that another program
/// put after the end of ours are among them, and count for those before.
pub(super) fn split(text: &str) -> Option<(&str, Vec<&str>)> {
    let mut marks = Vec::new();
    let mut rest = text;
    let mut title = loop {
        let (before, word) = rest.rsplit_once(' ')?;
        if let Some(("id", number)) = known_key(word) {
            number.parse::<TaskId>().ok()?;
            marks.push(word);
            break before;
        }
        if !word.is_empty() && !is_readable(word) {
            return None;
        }
        marks.extend(Some(word).filter(|word| !word.is_empty()));
        rest = before;
    };
    if marks.len() > 1 {
        let (_, version) = title.rsplit_once(' ')?;
        known_key(version).filter(|(key, _)| *key == "rev")?;
    }
    while let Some((before, word)) = title.rsplit_once(' ') {
        if !word.is_empty() {
            if !is_readable(word) || marks.iter().any(|mark| kind(mark) == kind(word)) {
                break;
            }
            marks.push(word);
        }
        title = before;
    }
    marks.reverse();
    match title.rsplit_once(' ') {
        Some((before, END_OF_TITLE)) if needs_end(before) => Some((before, marks)),
        _ => Some((title, marks)),
    }
}

/// Returns what `rev:` says: the state of the task, and the millisecond at which it was created, which with `id:` makes it the
/// same task in every database.
pub(super) fn state_text(version: Version, created_at: Timestamp) -> String {
    format!("{}-{}", version_text(version), created_at.as_millis())
}

/// Reads what [`state_text`] writes, or the state alone; `None` for anything else.
pub(super) fn read_state(text: &str) -> Option<(Version, Option<Timestamp>)> {
    if let Some(version) = read_version(text) {
        return Some((version, None));
    }
    let (before, created_at) = text.rsplit_once('-')?;
    // What was created before 1970 has a sign of its own.
    let (version, sign) = match before.strip_suffix('-') {
        Some(version) => (version, "-"),
        None => (before, ""),
    };
    let millis = format!("{sign}{created_at}").parse().ok()?;
    let millis = Some(millis).filter(|at| MILLIS.contains(at))?;
    let (version, created_at) = (read_version(version)?, Timestamp::from_millis(millis));
    (state_text(version, created_at) == text).then_some((version, Some(created_at)))
}

/// Returns what a line has one of: a project, a due date, each tag, each task it comes after.
fn kind(mark: &str) -> &str {
    match known_key(mark) {
        Some(("dep", _)) => mark,
        Some((key, _)) => key,
        None if mark.starts_with('+') => "+",
        None => mark,
    }
}

/// Reports whether a word says something that a task can hold.
fn is_readable(word: &str) -> bool {
    let Some((key, value)) = known_key(word) else {
        return is_mark(word)
            && match word.strip_prefix('+') {
                Some(name) => Project::try_from(name.to_owned()).is_ok(),
                None => Tag::try_from(word[1..].to_owned()).is_ok(),
            };
    };
    match key {
        "due" | "t" => day(value).is_some(),
        "rec" => rec::read(value, &mut Notes::default()).is_some(),
        rec::DAY => rec::read_day(value).is_some(),
        "pri" => matches!(value.as_bytes(), [b'A'..=b'Z']),
        "rev" => read_state(value).is_some(),
        "status" => matches!(value.parse(), Ok(Status::InProgress | Status::Cancelled)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_line_is_read_again_and_nothing_else_is() {
        for (at, created_at) in [(1_764_000_000_123, 1_763_000_000_000), (-5, -7), (0, 0)] {
            let (at, created_at) = [at, created_at].map(Timestamp::from_millis).into();
            let state = Version { rev: 3, at };
            let text = state_text(state, created_at);
            assert_eq!(read_state(&text), Some((state, Some(created_at))), "{text}");
            // As lines were written before.
            assert_eq!(read_state(&version_text(state)), Some((state, None)));
        }
        for other in [
            "",
            "3",
            "3-",
            "3-5-",
            "3-5-x",
            "3-5-07",
            "3-5-+7",
            "3-5-9999999999999999",
        ] {
            assert_eq!(read_state(other), None, "{other}");
        }
    }
}
