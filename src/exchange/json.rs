//! Our own format: JSON Lines that hold everything there is to know about every task.
//!
//! The first line is `{"format":"taskhold","version":2,"last_id":12,"tasks":9,"history":false}`: the highest id the
//! database has given out, how many tasks follow, and that the change log is not among them. Each line after it is a task,
//! in the order of the ids, those in the trash too. A field that was never set is left out. Instants are RFC 3339 in UTC
//! with milliseconds, days are `2026-12-24`, and times are the wall clock of a place, `2026-12-24T17:00[Europe/Berlin]`. The
//! same tasks make the same bytes.
//!
//! A new version is a new number, and an older one stays readable. What a version does not know is refused, never dropped. In
//! version 1 all times were instants.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    io::{self, BufRead, Write},
};

use serde::{Deserialize, Serialize};

use super::{
    Contents, Fault, Notes, Relatives, WriteError,
    lines::Lines,
    texts::{comment, count_altered},
};
use crate::domain::{
    imported::{Arrival, Called, Name, OWN, Terms, first_name, origin_beyond_itself},
    repeat::Repeat,
    task::{
        Actor, Description, Invalid, Origin, Priority, Project, Status, Tag, Task, TaskId,
        TaskWithComments, Timestamp, Title, Version,
    },
    when::When,
};

/// What every file of this format begins with, with or without blanks between its parts.
const BEGINNING: [&str; 4] = ["{", "\"format\"", ":", "\"taskhold\""];
const VERSION: u64 = 2;
/// The highest number that every reader of JSON takes for the same.
const HIGHEST: i64 = (1 << 53) - 1;
/// The highest id that is kept, and the highest revision: a database goes on from both, and its own export must be read
/// again.
const HIGHEST_KEPT: i64 = 1 << 52;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    format: Cow<'a, str>,
    version: u64,
    last_id: i64,
    tasks: u64,
    /// Whether the change log follows. No version has it yet.
    history: bool,
}

#[derive(Deserialize)]
struct FormatVersion {
    version: u64,
}

/// An instant, as RFC 3339 in UTC.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct At(When);

impl At {
    fn of(at: Timestamp) -> Self {
        Self(When::At(at.as_millis()))
    }

    fn timestamp(self, field: &'static str) -> Result<Timestamp, Invalid> {
        match self.0 {
            When::At(millis) => Ok(Timestamp::from_millis(millis)),
            other => Err(Invalid {
                field,
                reason: format!(
                    "is the {} {other}; an instant is needed, like 2026-12-24T17:00:00.000Z",
                    if other.kind() == 1 { "day" } else { "time" }
                ),
            }),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: TaskId,
    rev: i64,
    title: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defer_until: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat: Option<Cow<'a, Repeat>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat_from: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Cow<'a, Origin>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<Cow<'a, Project>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    tags: Cow<'a, BTreeSet<Tag>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<TaskId>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: Cow<'a, BTreeSet<TaskId>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comments: Vec<Remark<'a>>,
    created_at: At,
    created_by: Cow<'a, Actor>,
    updated_at: At,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<At>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remark<'a> {
    at: At,
    actor: Cow<'a, Actor>,
    text: Cow<'a, str>,
}

/// Reports whether a file that begins with `text` is of this format.
pub(super) fn is_begun_by(text: &[u8]) -> bool {
    let mut parts = BEGINNING.iter();
    parts
        .try_fold(text, |rest, part| {
            rest.trim_ascii_start().strip_prefix(part.as_bytes())
        })
        .is_some()
}

/// Writes the format.
#[derive(Debug, Default)]
pub struct Writer {
    left_out: Notes,
}

impl super::Writer for Writer {
    fn begin(&mut self, out: &mut dyn Write, contents: Contents) -> io::Result<()> {
        let header = Header {
            format: "taskhold".into(),
            version: VERSION,
            last_id: contents.last_id,
            tasks: contents.tasks,
            history: false,
        };
        write_line(out, &header)
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        task: &TaskWithComments,
        _: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        Ok(write_line(out, &Line::of(task))?)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }

    fn takes_trash(&self) -> bool {
        true
    }
}

fn write_line(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

impl<'a> Line<'a> {
    fn of(TaskWithComments { task, comments }: &'a TaskWithComments) -> Self {
        let remarks = comments.iter().map(|comment| Remark {
            at: At::of(comment.at),
            actor: Cow::Borrowed(&comment.actor),
            text: comment.text.as_str().into(),
        });
        Self {
            id: task.id,
            rev: task.rev,
            title: task.title.as_str().into(),
            description: task.description.as_str().into(),
            status: task.status,
            priority: task.priority,
            due: task.due,
            defer_until: task.defer_until,
            repeat: task.repeat.as_ref().map(Cow::Borrowed),
            repeat_from: task.repeat_from,
            origin: origin_beyond_itself(task),
            project: task.project.as_ref().map(Cow::Borrowed),
            tags: Cow::Borrowed(&task.tags),
            parent: task.parent,
            depends_on: Cow::Borrowed(&task.depends_on),
            comments: remarks.collect(),
            created_at: At::of(task.created_at),
            created_by: Cow::Borrowed(&task.created_by),
            updated_at: At::of(task.updated_at),
            started_at: task.started_at.map(At::of),
            completed_at: task.completed_at.map(At::of),
            deleted_at: task.deleted_at.map(At::of),
        }
    }

    fn arrival(self, line: u64, highest_id: i64, notes: &mut Notes) -> Result<Arrival, Invalid> {
        if self.id.get() > highest_id {
            return Err(Invalid::new("id", format!("is more than {highest_id}")));
        }
        if !(1..=HIGHEST).contains(&self.rev) {
            let reason = format!("is {}; it counts from 1 to {HIGHEST} at most", self.rev);
            return Err(Invalid::new("rev", reason));
        }
        let has_room = self.rev <= HIGHEST_KEPT;
        if !has_room {
            notes.count("rev: one that leaves no room to count on became 1");
        }
        let instant = |field, at: Option<At>| at.map(|at| at.timestamp(field)).transpose();
        let mut comments = Vec::with_capacity(self.comments.len());
        for remark in self.comments {
            let at = remark.at.timestamp("comments.at")?;
            comments.extend(comment(at, remark.actor.into_owned(), &remark.text, notes)?);
        }
        comments.sort_by_key(|comment| comment.at);
        let (title, was_altered) = Title::cleaned(&self.title)?;
        count_altered(was_altered, "title", notes);
        let (description, was_altered) = Description::cleaned(&self.description)?;
        count_altered(was_altered, "description", notes);
        let task = Task {
            id: self.id,
            title,
            description,
            status: self.status,
            created_at: self.created_at.timestamp("created_at")?,
            updated_at: self.updated_at.timestamp("updated_at")?,
            started_at: instant("started_at", self.started_at)?,
            completed_at: instant("completed_at", self.completed_at)?,
            created_by: self.created_by.into_owned(),
            rev: if has_room { self.rev } else { 1 },
            deleted_at: instant("deleted_at", self.deleted_at)?,
            priority: self.priority,
            due: self.due,
            defer_until: self.defer_until,
            repeat: self.repeat.map(Cow::into_owned),
            repeat_from: self.repeat_from,
            project: self.project.map(Cow::into_owned),
            tags: self.tags.into_owned(),
            parent: None,
            depends_on: BTreeSet::new(),
            origin: self.origin.map(Cow::into_owned),
        };
        Task::refuse_too_many_tags(task.tags.len())?;
        let name = |id: TaskId| Name::Number(id.get());
        Ok(Arrival {
            line,
            name: Some(name(self.id)),
            called: Some(called(&task)),
            id: Some(self.id),
            versions: versions(self.rev, &task),
            created: Some([task.created_at; 2]),
            task,
            comments,
            parent: self.parent.map(name),
            depends_on: self.depends_on.iter().copied().map(name).collect(),
            is_round_done: false,
        })
    }
}

/// Returns what a task is called in every file of ours: as in the database that it was first in.
fn called(task: &Task) -> Called {
    Called {
        from: OWN,
        name: first_name(task),
        is_text: false,
        before: None,
        sequence: None,
    }
}

/// Returns its state in the database that wrote the file, those before it, and that of the one from which it had the task.
fn versions(rev: i64, task: &Task) -> Vec<Version> {
    let own = Version {
        rev,
        at: task.updated_at,
    };
    let origin = task.origin.as_ref();
    let since = origin.into_iter().flat_map(|origin| &origin.since).copied();
    let before = origin.and_then(Origin::elsewhere);
    [own].into_iter().chain(since).chain(before).collect()
}

/// Reads the format.
pub struct Reader<R> {
    lines: Lines<R>,
    notes: Notes,
    header: Option<Contents>,
    /// What is wrong with the first line, until it is told.
    refused: Option<Fault>,
    read: u64,
    has_ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Begins to read `input`.
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            notes: Notes::default(),
            header: None,
            refused: None,
            read: 0,
            has_ended: false,
        }
    }

    /// Reads the first line, unless it was read.
    fn begin(&mut self) {
        if self.header.is_some() || self.has_ended {
            return;
        }
        match self.read_header() {
            Ok(contents) => self.header = Some(contents),
            Err(fault) => {
                self.has_ended = true;
                self.refused = Some(match fault {
                    Fault::Task { reason, .. } => Fault::File(reason),
                    fault => fault,
                });
            }
        }
    }

    /// Reports whether the ids leave a database enough to give out.
    fn keeps_ids(&self) -> bool {
        self.header
            .is_some_and(|contents| contents.last_id <= HIGHEST_KEPT)
    }

    fn read_header(&mut self) -> Result<Contents, Fault> {
        let no_export = || {
            Fault::File(format!(
                "it is no export of taskhold: that begins with {}",
                BEGINNING.concat()
            ))
        };
        let line = self.lines.next().unwrap_or_else(|| Err(no_export()))?;
        if !is_begun_by(line.as_bytes()) {
            return Err(no_export());
        }
        let refused = |error| Fault::task(1, said(&error));
        let FormatVersion { version } = serde_json::from_str(line).map_err(refused)?;
        if !(1..=VERSION).contains(&version) {
            return Err(Fault::File(format!(
                "it is of version {version} of the format, and this taskhold reads 1 to {VERSION}; update taskhold"
            )));
        }
        let header: Header<'_> = serde_json::from_str(line).map_err(refused)?;
        if !(0..=HIGHEST).contains(&header.last_id) {
            return Err(Fault::File(format!(
                "its last_id is not between 0 and {HIGHEST}"
            )));
        }
        Ok(Contents {
            tasks: header.tasks,
            last_id: header.last_id,
            first_year: None,
        })
    }

    /// At the end, says so if tasks are missing.
    fn end(&mut self, contents: Contents) -> Option<Result<Arrival, Fault>> {
        self.has_ended = true;
        (self.read != contents.tasks).then(|| {
            let reason = format!(
                "the file ends with {} tasks, and its first line says {}; export it again",
                self.read, contents.tasks
            );
            Err(Fault::cut(self.lines.number(), reason))
        })
    }
}

impl<R: BufRead> super::Reader for Reader<R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        self.begin();
        if let Some(fault) = self.refused.take() {
            return Some(Err(fault));
        }
        let contents = self.header.filter(|_| !self.has_ended)?;
        let highest_id = if self.keeps_ids() {
            HIGHEST_KEPT
        } else {
            HIGHEST
        };
        loop {
            let line = match self.lines.next() {
                None => return self.end(contents),
                Some(Ok(line)) if line.trim().is_empty() => continue,
                Some(Ok(line)) => serde_json::from_str::<Line<'_>>(line),
                Some(Err(fault)) => {
                    self.read += 1;
                    return Some(Err(fault));
                }
            };
            self.read += 1;
            let number = self.lines.number();
            return Some(match line {
                Ok(line) => line
                    .arrival(number, highest_id, &mut self.notes)
                    .map_err(|invalid| Fault::task(number, invalid.to_string())),
                Err(error) => Err(Fault::task(number, said(&error))),
            });
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }

    fn last_id(&self) -> Option<i64> {
        self.header.map(|contents| contents.last_id)
    }

    fn terms(&mut self) -> Terms {
        self.begin();
        Terms {
            keeps_ids: self.keeps_ids(),
            is_complete: true,
            is_line: false,
            rules_in_line: None,
        }
    }
}

/// Returns what the parser says, without its place: a line of its own count.
pub(super) fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&place).unwrap_or(&text);
    format!("{reason} (column {})", error.column())
}
