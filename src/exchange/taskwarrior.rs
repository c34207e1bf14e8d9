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
//! What cannot be read of a task is left out with a note; of `due`, `wait` and `scheduled`, whose loss may be missed, it is a fault,
//! if the task has what each of Taskwarrior's has.
//!
//! Its dates are instants. One at midnight, or in the last second of a day, in the user's zone is taken as that day.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{Fault, Notes, json, lines};
use crate::domain::{command::Caller, imported::Arrival};

mod fields;

/// Who is said to have created what comes from there.
const SOURCE: &str = "taskwarrior";
/// The words that `status` has in it.
const STATUSES: [&str; 5] = ["pending", "waiting", "recurring", "completed", "deleted"];
/// Its dates, which no other program writes as it does.
const DATES: [&str; 8] = [
    "entry",
    "modified",
    "end",
    "start",
    "due",
    "wait",
    "scheduled",
    "until",
];
/// How many things must be as it writes them for an object to be a task of its: a `uuid` or a `status` may be in any list of JSON.
const MARKS: usize = 2;
/// What it works out itself, or needs only for its templates.
const DERIVED: [&str; 9] = [
    "id", "urgency", "mask", "imask", "parent", "rtype", "recur", "template", "last",
];

/// Reads the format.
pub struct Reader<'a, R> {
    input: Counted<R>,
    caller: &'a Caller,
    notes: Notes,
    /// What was read and is to be returned first.
    waiting: VecDeque<Result<Arrival, Fault>>,
    place: Expected,
    kind: Kind,
    has_ended: bool,
}

/// Whether it is an export of Taskwarrior, as far as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is no object in it yet.
    Empty,
    /// No object in it is one of Taskwarrior's.
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
            waiting: VecDeque::new(),
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
        let reason = "it is no export of Taskwarrior: no task in it has two of a uuid, an entry and a status as Taskwarrior writes them";
        Fault::File(reason.to_owned())
    }
}

impl<R: BufRead> super::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        if let Some(next) = self.waiting.pop_front() {
            return Some(next);
        }
        if self.has_ended {
            return None;
        }
        match self.object() {
            Ok(Some(Object { line, fields })) => {
                let is_task = is_task(&fields);
                if is_task {
                    self.kind = Kind::Taskwarrior;
                } else if self.kind == Kind::Empty {
                    self.kind = Kind::Other;
                }
                let mut faults = Vec::new();
                let mut notes = Notes::default();
                let read = fields::read(&fields, self.caller, &mut notes, &mut faults);
                self.notes.add_task(notes);
                let next = match read {
                    Ok(arrival) => Ok(Arrival { line, ..arrival }),
                    Err(_) if self.kind == Kind::Other => return Some(Err(self.refuse())),
                    Err(invalid) => Err(Fault::task(line, invalid.to_string())),
                };
                if !is_task {
                    // What the file is comes before what is wrong in it.
                    for invalid in faults.drain(..) {
                        self.notes.count(format!("{invalid}: left out"));
                    }
                }
                let faults = faults.into_iter().map(|invalid| Fault::Property {
                    line,
                    reason: invalid.to_string(),
                });
                self.waiting.extend(faults.map(Err));
                self.waiting.push_back(next);
                self.waiting.pop_front()
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

/// Reports whether an object has enough of what tasks of Taskwarrior have. A list of something else may have a `description`, too.
fn is_task(fields: &Map<String, Value>) -> bool {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let has_status = text("status").is_some_and(|status| STATUSES.contains(&status));
    let has_date = |name: &&&str| text(name).is_some_and(fields::is_time);
    let marks = DATES.iter().filter(has_date).count()
        + usize::from(text("uuid").is_some())
        + usize::from(has_status)
        + usize::from(fields.get("urgency").is_some_and(Value::is_number));
    marks >= MARKS
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            task::{Actor, Timestamp},
            when::Zone,
        },
        exchange::Reader as _,
    };

    /// Returns how many tasks a file has, or why it has none.
    fn read(text: &str) -> Result<usize, String> {
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let mut reader = Reader::new(text.as_bytes(), &caller);
        let mut count = 0;
        while let Some(next) = reader.next() {
            next.map_err(|fault| fault.to_string())?;
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn a_list_of_something_else_is_refused_whatever_words_it_shares() {
        for text in [
            r#"[{"id":1,"title":"Login page broken","status":"open","description":"Steps","labels":["bug"]}]"#,
            r#"[{"uuid":"2f1b6e2c-0000-4000-8000-000000000001","name":"Contact","description":"A person"}]"#,
            r#"[{"sha":"a1","status":"M","description":"Change"}]"#,
            r#"[{"description":"x","entry":"2026-11-22","status":"done"}]"#,
            r#"[{"description":"x","status":"pending","title":"y","due":"2026-11-22"}]"#,
            r#"[{"description":"x"},{"description":"y"}]"#,
        ] {
            let said = read(text).unwrap_err();
            assert!(
                said.starts_with("it is no export of Taskwarrior: no task in it has two of"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_list_is_of_taskwarrior_if_one_of_its_tasks_is() {
        for fields in [
            r#""uuid":"a-1","status":"pending""#,
            r#""uuid":"a-1","entry":"20261122T100000Z""#,
            r#""entry":"20261122T100000Z","status":"waiting""#,
            r#""entry":"20261122T100000Z","modified":"20261122T100000Z""#,
            r#""uuid":"a-1","urgency":1.8"#,
        ] {
            let text = format!(r#"[{{"description":"a"}},{{"description":"b",{fields}}}]"#);
            assert_eq!(read(&text), Ok(2), "{text}");
        }
    }
}
