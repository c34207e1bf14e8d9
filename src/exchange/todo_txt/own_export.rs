//! The lines of our own exports, which end with `id:N`.
//!
//! In such a line marks count only in the run of marks at its end, the last of a kind; all before is the title, as it is. A
//! title whose last word looks like a mark is followed by [`END_OF_TITLE`].

use std::fmt;

use super::{Notes, SOURCE, day, is_mark, known_key, rec};
use crate::domain::{
    imported::{Called, first_name, own_name, read_own_name},
    task::{Project, Status, Tag, Task, TaskId, Timestamp, Version},
};
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

/// What `rev:` says of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) version: Version,
    /// The millisecond at which it was created, which with its number makes it the same task in every database; `None` in lines as
    /// they were written once.
    pub(super) created_at: Option<Timestamp>,
    /// Its number in the database that it was first in; `None` if that is the one of `id:`.
    pub(super) first: Option<TaskId>,
}

impl State {
    /// Returns what a line says of `task`.
    pub(super) fn of(task: &Task) -> Self {
        let first = read_own_name(&first_name(task));
        Self {
            version: Version {
                rev: task.rev,
                at: task.updated_at,
            },
            created_at: Some(task.created_at),
            first: first
                .filter(|(id, at)| *at == task.created_at && *id != task.id)
                .map(|(id, _)| id),
        }
    }

    /// Reads what a state is written as; `None` for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (state, first) = match text.split_once(FIRST) {
            Some((state, first)) => (state, Some(first.parse().ok()?)),
            None => (text, None),
        };
        let (version, created_at) = read_state(state)?;
        let read = Self {
            version,
            created_at,
            first,
        };
        (read.to_string() == text).then_some(read)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&version_text(self.version))?;
        if let Some(at) = self.created_at {
            write!(f, "-{}", at.as_millis())?;
        }
        if let Some(first) = self.first {
            write!(f, "{FIRST}{first}")?;
        }
        Ok(())
    }
}

/// Stands before the number of the first database.
const FIRST: char = '@';

fn read_state(text: &str) -> Option<(Version, Option<Timestamp>)> {
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
    Some((read_version(version)?, Some(Timestamp::from_millis(millis))))
}

/// Returns what a line of ours is known by in every database that has the task. A line says less than other files of ours: so what
/// it said is kept under a kind of its own.
pub(super) fn own_called(id: TaskId, created_at: Timestamp) -> Called {
    Called {
        from: SOURCE,
        name: own_name(id, created_at),
        is_text: true,
        before: None,
        sequence: None,
    }
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
        "rev" => State::read(value).is_some(),
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
            let version = Version { rev: 3, at };
            for first in [None, Some(TaskId::FIRST)] {
                // Without the time it was created, as lines were written before.
                for created_at in [Some(created_at), None] {
                    let state = State {
                        version,
                        created_at,
                        first,
                    };
                    let text = state.to_string();
                    assert_eq!(State::read(&text), Some(state), "{text}");
                }
            }
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
            "3-5-7@",
            "3-5-7@0",
            "3-5-7@01",
            "3-5-7@1@1",
        ] {
            assert_eq!(State::read(other), None, "{other}");
        }
    }
}
