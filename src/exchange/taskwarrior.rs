//! What Taskwarrior's `task export` prints (2.x and 3.x): JSON objects, in an array or one after another.
//!
//! | there | here |
//! |---|---|
//! | `description` | the title; further lines, and all of a long one, the description |
//! | `project`, `tags`, `due`, `entry`, `modified`, `end` | the same |
//! | `priority` H, M, L | high, medium, low |
//! | `start` of a pending task | in progress |
//! | `wait`, `scheduled` | deferred until then; of both, until the later |
//! | `annotations` | comments |
//! | `depends` | the same |
//! | `status:deleted` | in the trash |
//! | `status:recurring`, the template | a task that repeats, due on the first date it has made no task for; those it has made come as plain tasks |
//! | `until` of a template | the end of the series |
//! | anything else | a line of the description: `name: value` |
//!
//! Its dates are instants. One at midnight, or in the last second of a day, in the user's zone is taken as that day.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read},
};

use chrono::NaiveDateTime;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{
    Fault, Notes, day_or_instant, json, lines, new_task,
    texts::{comment, description, heading, joined},
};
use crate::domain::{
    command::Caller,
    imported::{Arrival, Called, Name},
    repeat::Repeat,
    task::{Actor, Invalid, Priority, Project, Status, Tag, Task, Timestamp},
    when::When,
};

mod recur;

/// Who is said to have created what comes from there.
const SOURCE: &str = "taskwarrior";
/// What every task of it has at least one of.
const OF_EACH: [&str; 3] = ["uuid", "entry", "status"];
/// What it works out itself, or needs only for its templates.
const DERIVED: [&str; 9] = [
    "id", "urgency", "mask", "imask", "parent", "rtype", "recur", "template", "last",
];

/// Reads the format.
pub struct Reader<'a, R> {
    input: Counted<R>,
    caller: &'a Caller,
    notes: Notes,
    place: Expected,
    kind: Kind,
    has_ended: bool,
}

/// Whether it is an export of Taskwarrior, as far as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is no object in it yet.
    Empty,
    /// No object in it says anything that each of Taskwarrior's says.
    Other,
    /// It is one.
    Taskwarrior,
}

/// What was read last, so what may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Nothing yet.
    Start,
    /// The `[` of an array.
    Opened,
    /// An object of an array.
    InArray,
    /// The comma after one.
    AfterComma,
    /// An object that stands in no array, as old versions wrote them, with a comma or without.
    Between,
    /// The `]` of the array.
    End,
}

impl<'a, R: BufRead> Reader<'a, R> {
    /// Begins to read `input`.
    pub fn new(input: R, caller: &'a Caller) -> Self {
        Self {
            input: Counted { input, line: 1 },
            caller,
            notes: Notes::default(),
            place: Expected::Start,
            kind: Kind::Empty,
            has_ended: false,
        }
    }

    /// Returns the next object, and the line it begins on; `None` after the last.
    fn object(&mut self) -> Result<Option<Object>, Fault> {
        loop {
            let next = self.input.peek(self.place == Expected::Start)?;
            self.place = match (self.place, next) {
                (Expected::Start, Some(b'[')) => Expected::Opened,
                (Expected::Opened | Expected::InArray, Some(b']')) => Expected::End,
                (Expected::InArray, Some(b',')) => Expected::AfterComma,
                (Expected::Between, Some(b',')) => Expected::Between,
                (Expected::Opened | Expected::AfterComma, Some(b'{')) => {
                    self.place = Expected::InArray;
                    return self.value().map(Some);
                }
                (Expected::Start | Expected::Between, Some(b'{')) => {
                    self.place = Expected::Between;
                    return self.value().map(Some);
                }
                (Expected::Between | Expected::End, None) => return Ok(None),
                (place, next) => return Err(self.unexpected(place, next)),
            };
            self.input.input.consume(1);
        }
    }

    fn unexpected(&self, place: Expected, next: Option<u8>) -> Fault {
        const AGAIN: &str = "export it again: task export > FILE";
        let line = self.input.line;
        match (place, next) {
            (Expected::Start, _) => Fault::File(format!(
                "it is no export of Taskwarrior: line {line} does not begin with [ or {{"
            )),
            (_, None) => Fault::cut(
                line,
                format!("the file ends before its list does, without the ]; {AGAIN}"),
            ),
            (Expected::End, _) => Fault::cut(
                line,
                format!("the list ends, and something comes after it; {AGAIN}"),
            ),
            (_, Some(byte)) => {
                let found = char::from(byte).escape_default();
                Fault::cut(
                    line,
                    format!("{found} stands where a task or the end of the list must be; {AGAIN}"),
                )
            }
        }
    }

    fn value(&mut self) -> Result<Object, Fault> {
        let line = self.input.line;
        let limited = self.input.by_ref().take(lines::LIMIT as u64);
        let mut parser = serde_json::Deserializer::from_reader(limited);
        // Where the next object would begin is anyone's guess.
        match Map::deserialize(&mut parser) {
            Ok(fields) => Ok(Object { line, fields }),
            Err(error) if error.is_io() => Err(Fault::Read(error.into())),
            Err(error) if error.is_eof() => Err(Fault::cut(
                line,
                "the file ends, or goes on too long, in the middle of a task",
            )),
            Err(error) => Err(Fault::cut(
                line,
                format!("{}; what comes after it cannot be read", json::said(&error)),
            )),
        }
    }
}

impl<R> Reader<'_, R> {
    /// Gives up a file that holds objects, but none of Taskwarrior's.
    fn refuse(&mut self) -> Fault {
        self.has_ended = true;
        let reason =
            "it is no export of Taskwarrior: no task in it has a uuid, an entry or a status";
        Fault::File(reason.to_owned())
    }
}

impl<R: BufRead> super::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        if self.has_ended {
            return None;
        }
        match self.object() {
            Ok(Some(Object { line, fields })) => {
                if OF_EACH.iter().any(|name| fields.contains_key(*name)) {
                    self.kind = Kind::Taskwarrior;
                } else if self.kind == Kind::Empty {
                    self.kind = Kind::Other;
                }
                match read(&fields, self.caller, &mut self.notes) {
                    Ok(arrival) => Some(Ok(Arrival { line, ..arrival })),
                    Err(_) if self.kind == Kind::Other => Some(Err(self.refuse())),
                    Err(invalid) => Some(Err(Fault::task(line, invalid.to_string()))),
                }
            }
            Ok(None) if self.kind == Kind::Other => Some(Err(self.refuse())),
            Ok(None) => None,
            Err(fault) => {
                self.has_ended = true;
                Some(Err(fault))
            }
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

/// A task as it stands in the file.
struct Object {
    line: u64,
    fields: Map<String, Value>,
}

/// Input that counts its lines.
struct Counted<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Counted<R> {
    /// Returns the next byte that is not blank, without taking it; `None` at the end.
    fn peek(&mut self, is_start: bool) -> io::Result<Option<u8>> {
        loop {
            let Some(byte) = self.input.fill_buf()?.first().copied() else {
                return Ok(None);
            };
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                byte if is_start && lines::MARK.contains(&byte) => {}
                _ => return Ok(Some(byte)),
            }
            self.input.consume(1);
        }
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let ends = buffer[..read].split(|byte| *byte == b'\n').count() - 1;
        self.line += ends as u64;
        Ok(read)
    }
}

fn read(
    object: &Map<String, Value>,
    caller: &Caller,
    notes: &mut Notes,
) -> Result<Arrival, Invalid> {
    let fields = Fields { object };
    let created = fields.instant("entry")?;
    let entry = created.unwrap_or(caller.now);
    let (title, more) = heading(fields.text("description")?.unwrap_or_default(), notes)?;
    let mut task = new_task(title, SOURCE, entry);
    task.updated_at = fields.instant("modified")?.unwrap_or(entry);
    let end = fields.instant("end")?.unwrap_or(task.updated_at);
    let start = fields.instant("start")?;
    let status = fields.text("status")?.unwrap_or("pending");
    set_status(&mut task, status, start, end)?;
    let when = |field| {
        let at = fields.instant(field)?;
        Ok(at.map(|at| day_or_instant(at.as_millis(), caller.zone)))
    };
    task.due = when("due")?;
    let (wait, scheduled) = (when("wait")?, when("scheduled")?);
    if wait.is_some() && scheduled.is_some() {
        notes.count("wait and scheduled: the later was taken");
    }
    task.defer_until = [wait, scheduled]
        .into_iter()
        .flatten()
        .max_by_key(|when| when.order(caller.zone));
    let mut rest = Unmapped::default();
    task.project = match fields.text("project")? {
        Some(name) => rest.or_kept("project", name, Project::try_from(name.to_owned())),
        None => None,
    };
    task.priority = match fields.text("priority")? {
        Some(word) => rest.or_kept("priority", word, word.parse::<Priority>()),
        None => None,
    };
    for word in fields.list("tags")? {
        task.tags
            .extend(rest.or_kept("tag", &word, Tag::try_from(word.clone())));
    }
    let mut comments = fields.annotations(entry, notes)?;
    let until = fields.instant("until")?;
    if status == "recurring" {
        repeat(&mut task, &fields, until, caller, &mut rest)?;
    } else if let (Some(until), None) = (until, fields.text("parent")?) {
        rest.keep("until", &When::At(until.as_millis()).show(caller.zone));
    }
    if status != "recurring" && fields.text("recur")?.is_some() {
        notes.count("recur: the task's template repeats, and not the task");
    }
    for (name, value) in object.iter().filter(|(name, _)| !is_known(name)) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        rest.keep(name, &text);
    }
    let text = joined([more.as_deref().unwrap_or_default(), &rest.text]);
    let (description, pieces) = description(&text, notes)?;
    task.description = description;
    for piece in pieces {
        comments.extend(comment(
            task.updated_at,
            Actor::named(SOURCE),
            &piece,
            notes,
        )?);
    }
    comments.sort_by_key(|comment| comment.at);
    for name in rest.names {
        notes.count(format!("{name}: kept as a line of the description"));
    }
    Task::refuse_too_many_tags(task.tags.len())?;
    Ok(Arrival {
        line: 0,
        name: fields.text("uuid")?.map(|uuid| Name::Text(uuid.to_owned())),
        called: fields.text("uuid")?.map(|uuid| Called {
            from: SOURCE,
            name: uuid.to_owned(),
            is_text: false,
        }),
        task,
        comments,
        id: None,
        version: None,
        created: created.map(|at| [at; 2]),
        parent: None,
        depends_on: fields.names("depends")?,
    })
}

fn set_status(
    task: &mut Task,
    status: &str,
    start: Option<Timestamp>,
    end: Timestamp,
) -> Result<(), Invalid> {
    match status {
        "pending" | "waiting" if start.is_some() => {
            task.status = Status::InProgress;
            task.started_at = start;
        }
        "pending" | "waiting" | "recurring" => {}
        "completed" => {
            task.status = Status::Completed;
            task.completed_at = Some(end);
        }
        "deleted" => task.deleted_at = Some(end),
        _ => {
            return Err(wrong(
                "status",
                "is none of pending, waiting, recurring, completed, deleted",
            ));
        }
    }
    Ok(())
}

fn is_known(name: &str) -> bool {
    let taken = [
        "description",
        "entry",
        "modified",
        "end",
        "start",
        "status",
        "due",
        "wait",
        "scheduled",
        "project",
        "priority",
        "tags",
        "annotations",
        "until",
        "uuid",
        "depends",
    ];
    taken.contains(&name) || DERIVED.contains(&name)
}

/// Makes a task of a template: one that repeats, from the first date on that the template has made no task for.
fn repeat(
    task: &mut Task,
    fields: &Fields<'_>,
    until: Option<Timestamp>,
    caller: &Caller,
    rest: &mut Unmapped,
) -> Result<(), Invalid> {
    let recur = fields.text("recur")?.unwrap_or_default();
    let rule = recur::rule(recur).map(|rule| match until {
        Some(until) => format!(
            "{rule};UNTIL={}",
            caller.zone.today(until.as_millis()).format("%Y%m%d")
        ),
        None => rule,
    });
    let (Some(first), Some(Ok(repeat))) = (task.due, rule.map(|rule| Repeat::read(&rule))) else {
        rest.keep("recur", recur);
        return Ok(());
    };
    let first = first.settled(caller.zone);
    let repeat = repeat.anchored(&first, caller.zone);
    let made = fields.text("mask")?.map_or(0, |mask| mask.chars().count());
    let mut due = first;
    for _ in 0..made {
        let Some(next) = repeat.next(&first, &due, i64::MIN, caller.zone) else {
            // The series has made all its tasks: the template has nothing left to do.
            task.status = Status::Completed;
            task.completed_at = Some(task.updated_at);
            return Ok(());
        };
        due = next;
    }
    (task.due, task.repeat) = (Some(due), Some(repeat));
    Ok(())
}

/// What has no field here, as lines of the description.
#[derive(Default)]
struct Unmapped {
    text: String,
    names: BTreeSet<String>,
}

impl Unmapped {
    fn keep(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(name);
        self.text.push_str(": ");
        self.text.push_str(value);
        self.names.insert(name.to_owned());
    }

    /// Returns the value as it was read; one that cannot be used is kept as it was given.
    fn or_kept<T>(&mut self, name: &str, given: &str, read: Result<T, Invalid>) -> Option<T> {
        read.inspect_err(|_| self.keep(name, given)).ok()
    }
}

/// The fields of an object.
struct Fields<'a> {
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn text(&self, field: &'static str) -> Result<Option<&'a str>, Invalid> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(field, "is no text")),
        }
    }

    fn instant(&self, field: &'static str) -> Result<Option<Timestamp>, Invalid> {
        self.text(field)?
            .map(|text| instant(field, text))
            .transpose()
    }

    /// Reads an array of texts; older versions write one text with commas.
    fn list(&self, field: &'static str) -> Result<Vec<String>, Invalid> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(text.split(',').map(str::to_owned).collect()),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| {
                    value
                        .as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| wrong(field, "is no list of texts"))
                })
                .collect(),
            Some(_) => Err(wrong(field, "is no list of texts")),
        }
    }

    /// Reads what other tasks are called: an array of texts, one text with commas, or either of them written as a text.
    fn names(&self, field: &'static str) -> Result<Vec<Name>, Invalid> {
        let texts = self.list(field)?;
        let names = texts
            .iter()
            .flat_map(|text| text.split(['[', ']', '"', '\'', ',', ' ']))
            .filter(|name| !name.is_empty());
        Ok(names.map(|name| Name::Text(name.to_owned())).collect())
    }

    fn annotations(
        &self,
        entry: Timestamp,
        notes: &mut Notes,
    ) -> Result<Vec<crate::domain::task::Comment>, Invalid> {
        const FIELD: &str = "annotations";
        let Some(value) = self.object.get(FIELD) else {
            return Ok(Vec::new());
        };
        let mut comments = Vec::new();
        for annotation in value.as_array().ok_or_else(|| wrong(FIELD, "is no list"))? {
            let annotation = annotation
                .as_object()
                .ok_or_else(|| wrong(FIELD, "holds what is no object"))?;
            let fields = Fields { object: annotation };
            let at = fields.instant("entry")?.unwrap_or(entry);
            let text = fields.text("description")?.unwrap_or_default();
            comments.extend(comment(at, Actor::named(SOURCE), text, notes)?);
        }
        Ok(comments)
    }
}

fn instant(field: &'static str, text: &str) -> Result<Timestamp, Invalid> {
    let read = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok();
    read.map(|at| Timestamp::from_millis(at.and_utc().timestamp_millis()))
        .filter(|at| (0..=253_402_300_799_999).contains(&at.as_millis()))
        .ok_or_else(|| {
            wrong(
                field,
                "is no time like 20261224T170000Z between 1970 and 9999",
            )
        })
}

fn wrong(field: &'static str, reason: &str) -> Invalid {
    Invalid {
        field,
        reason: reason.to_owned(),
    }
}
