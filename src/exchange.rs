//! Tasks as files that other programs read and write, and as our own, which keeps everything.
//!
//! | module | what it holds |
//! |---|---|
//! | [`json`] | our own format: JSON Lines, complete, versioned |
//! | [`todo_txt`] | todo.txt, read and written |
//! | [`ics`] | iCalendar's VTODO (RFC 5545), read and written |
//! | [`taskwarrior`] | what `task export` prints, read |
//! | [`markdown`] | a checklist, written |
//! | [`csv`] | a table (RFC 4180), written |
//!
//! # Invariants
//!
//! - One task after another: nothing here holds more than one of them, and no longer line than [`lines::LIMIT`].
//! - What a format cannot hold is counted, and so is what was changed on the way in.
//! - What is read is cleaned and checked like all text that enters.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Seek, Write},
};

use crate::domain::{
    command::Caller,
    error::Error,
    imported::{Arrival, Terms},
    task::{Actor, Task, TaskId, TaskWithComments, Timestamp, Title, Version},
    when::{When, Zone},
};

pub mod csv;
pub mod ics;
pub mod json;
pub mod lines;
pub mod markdown;
#[cfg(test)]
mod proptests;
pub mod taskwarrior;
mod texts;
pub mod todo_txt;

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own.
    Json,
    /// A checklist.
    Markdown,
    /// todo.txt.
    TodoTxt,
    /// iCalendar.
    Ics,
    /// A table.
    Csv,
    /// Taskwarrior's export.
    Taskwarrior,
}

impl Format {
    /// Returns the format that files with the name's ending usually have.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "md" | "markdown" => Some(Self::Markdown),
            "txt" => Some(Self::TodoTxt),
            "ics" | "ical" => Some(Self::Ics),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// Returns the format of a file that begins with `start`; `None` if it could be any text.
    pub fn of_content(start: &[u8]) -> Option<Self> {
        let text = start.strip_prefix(lines::MARK).unwrap_or(start);
        let text = text.trim_ascii_start();
        let begins = |word: &[u8]| {
            text.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if begins(b"BEGIN:VCALENDAR") {
            Some(Self::Ics)
        } else if json::is_begun_by(text) {
            Some(Self::Json)
        } else if is_list(text) || begins(b"{\"id\":") || begins(b"{\"description\":") {
            Some(Self::Taskwarrior)
        } else {
            None
        }
    }
}

/// Reports whether `text` begins a list of JSON: objects, lists, or nothing at all. A line of text may begin with `[` too.
fn is_list(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"[").map(<[u8]>::trim_ascii) else {
        return false;
    };
    match rest {
        [] | [b'{' | b'[', ..] => true,
        [b']', after @ ..] => after.is_empty(),
        _ => false,
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read at all, or not further.
    #[error("{0}")]
    File(String),
    /// The system could not read it.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// One task of it cannot be used; the next may.
    #[error("line {line}: {reason}")]
    Task {
        /// The line it begins on, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// One thing that a task says cannot be used. The task comes next, without it.
    #[error("line {line}: {reason}")]
    Property {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file is not whole: from here on it is missing, or cannot be understood. No task comes after this.
    #[error("line {line}: {reason}")]
    Cut {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl Fault {
    fn task(line: u64, reason: impl Into<String>) -> Self {
        Self::Task {
            line,
            reason: reason.into(),
        }
    }

    fn cut(line: u64, reason: impl Into<String>) -> Self {
        Self::Cut {
            line,
            reason: reason.into(),
        }
    }
}

/// A file being read, task by task.
pub trait Reader {
    /// Returns the next task; `None` at the end. After a fault of one task the next can be read.
    fn next(&mut self) -> Option<Result<Arrival, Fault>>;

    /// Returns what was left out or changed so far.
    fn notes(&self) -> &Notes;

    /// Returns the highest id the database it came from had given out, if it says so.
    fn last_id(&self) -> Option<i64> {
        None
    }

    /// Returns how its tasks are to be taken.
    fn terms(&mut self) -> Terms {
        Terms {
            keeps_ids: false,
            is_complete: false,
            is_line: false,
            rules_in_line: None,
        }
    }
}

/// Returns the text by which a file of ours says from which state of a task it was made.
fn version_text(version: Version) -> String {
    format!("{}-{}", version.rev, version.at.as_millis())
}

/// Reads what [`version_text`] writes; `None` for anything else.
fn read_version(text: &str) -> Option<Version> {
    let (rev, at) = text.split_once('-')?;
    let version = Version {
        rev: rev.parse().ok()?,
        at: Timestamp::from_millis(at.parse().ok()?),
    };
    (version_text(version) == text).then_some(version)
}

/// What a file is read from. Where one task depends on what comes after it, the file is looked through first.
pub trait Input: BufRead + Seek {}

impl<R: BufRead + Seek> Input for R {}

/// Begins to read `input` as `format`; `None` if files of that format are not read. An error if the system cannot read it.
pub fn reader<'a>(
    format: Format,
    input: Box<dyn Input + Send + 'a>,
    caller: &'a Caller,
) -> io::Result<Option<Box<dyn Reader + Send + 'a>>> {
    Ok(match format {
        Format::Json => Some(Box::new(json::Reader::new(input))),
        Format::TodoTxt => Some(Box::new(todo_txt::Reader::new(input, caller)?)),
        Format::Ics => Some(Box::new(ics::Reader::new(input, caller)?)),
        Format::Taskwarrior => Some(Box::new(taskwarrior::Reader::new(input, caller))),
        Format::Markdown | Format::Csv => None,
    })
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The tasks could not be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// The result could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How many tasks are written.
    pub tasks: u64,
    /// The highest id the database has given out.
    pub last_id: i64,
    /// The year of the earliest date of its tasks; `None` if they have none, or [`Writer::names_zones`] does not ask for it.
    pub first_year: Option<i32>,
}

/// Where a task stands among the others.
pub struct Relatives<'a> {
    /// How many tasks it is a part of, one within the other.
    pub depth: usize,
    /// Finds another task.
    pub other: &'a dyn Fn(TaskId) -> Result<Option<Task>, Error>,
}

/// A file being written, task by task.
pub trait Writer {
    /// Writes what comes before the tasks.
    fn begin(&mut self, out: &mut dyn Write, contents: Contents) -> io::Result<()>;

    /// Writes a task.
    fn task(
        &mut self,
        out: &mut dyn Write,
        task: &TaskWithComments,
        place: &Relatives<'_>,
    ) -> Result<(), WriteError>;

    /// Writes what comes after the tasks.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// Returns what was left out, each with how many tasks had it.
    fn left_out(&self) -> &Notes;

    /// Reports whether tasks in the trash are written, too.
    fn takes_trash(&self) -> bool {
        false
    }

    /// Reports whether it defines the zones of dates, and must know how far back they go.
    fn names_zones(&self) -> bool {
        false
    }

    /// Reports whether parts must come after the task they belong to.
    fn is_nested(&self) -> bool {
        false
    }
}

/// Begins a file of `format`; `None` if files of that format are not written.
pub fn writer(format: Format, zone: Zone) -> Option<Box<dyn Writer>> {
    match format {
        Format::Json => Some(Box::new(json::Writer::default())),
        Format::Markdown => Some(Box::new(markdown::Writer::new(zone))),
        Format::TodoTxt => Some(Box::new(todo_txt::Writer::new(zone))),
        Format::Ics => Some(Box::new(ics::Writer::new(zone))),
        Format::Csv => Some(Box::new(csv::Writer::default())),
        Format::Taskwarrior => None,
    }
}

/// Remarks, each with the number of tasks it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes(BTreeMap<String, u64>);

impl Notes {
    fn count(&mut self, remark: impl Into<String>) {
        *self.0.entry(remark.into()).or_default() += 1;
    }

    /// Takes in the remarks on one task: each counts once, however often it was made.
    fn add_task(&mut self, of_task: Self) {
        of_task.0.into_keys().for_each(|remark| self.count(remark));
    }

    /// Returns each remark, with how many tasks it concerns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0
            .iter()
            .map(|(remark, count)| (remark.as_str(), *count))
    }

    /// Counts those of `fields` that `task` has.
    fn count_fields(&mut self, whole: &TaskWithComments, fields: &[&'static str]) {
        let TaskWithComments { task, comments } = whole;
        for field in fields {
            let is_set = match *field {
                "description" => !task.description.is_empty(),
                "comments" => !comments.is_empty(),
                "started_at" => task.started_at.is_some(),
                "repeat_from" => task.repeat_from.is_some(),
                _ => true,
            };
            if is_set {
                self.count(*field);
            }
        }
    }
}

/// Returns a task as a file of another program gives it, before its fields are set.
fn new_task(title: Title, source: &str, created_at: Timestamp) -> Task {
    Task::new(TaskId::FIRST, title, Actor::named(source), created_at)
}

/// Returns the calendar date an instant stands for in a program that knows instants only: midnight, or the last second of
/// the day.
fn day_or_instant(millis: i64, zone: Zone) -> When {
    let day = zone.today(millis);
    let begin = |day| When::begin_of(day, zone).order(zone);
    let next = day.succ_opt().map_or(i64::MAX, begin);
    if millis == begin(day) || millis == next - 1_000 {
        When::Day(day)
    } else {
        When::At(millis)
    }
}
