//! Reading the `VTODO`s of a calendar, one at a time.
//!
//! Of our own, since the libraries there are read a whole calendar into memory, and a million tasks come through here.

use std::io::BufRead;

use chrono::{NaiveDate, NaiveDateTime};

use super::{property::Property, uid};
use crate::{
    domain::{
        command::{Caller, begin_series},
        imported::{Arrival, Name},
        repeat::Repeat,
        task::{Actor, Comment, Invalid, Priority, Project, Status, Tag, Task, TaskId, Timestamp},
        when::{When, Zone},
    },
    exchange::{Fault, Notes, comment, description, lines::Lines, new_task, title},
};

/// Who is said to have created what comes from a calendar.
const SOURCE: &str = "icalendar";

/// Reads the format.
pub struct Reader<'a, R> {
    lines: Lines<R>,
    caller: &'a Caller,
    notes: Notes,
    /// A calendar has begun.
    is_calendar: bool,
    /// And it has not ended.
    is_within: bool,
    has_ended: bool,
}

/// What is made of the properties of a `VTODO`, before it is known which there are.
struct Todo<'a> {
    line: u64,
    caller: &'a Caller,
    task: Task,
    name: Option<Name>,
    parent: Option<Name>,
    depends_on: Vec<Name>,
    title: Option<String>,
    texts: Vec<String>,
    stamp: Option<Timestamp>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    start: Option<When>,
    remarks: Vec<String>,
    is_instance: bool,
}

impl<'a, R: BufRead> Reader<'a, R> {
    /// Begins to read `input`; times without a zone are where `caller` is.
    pub fn new(input: R, caller: &'a Caller) -> Self {
        Self {
            lines: Lines::new(input),
            caller,
            notes: Notes::default(),
            is_calendar: false,
            is_within: false,
            has_ended: false,
        }
    }

    /// Goes on to the next `VTODO` and reads it.
    fn read(&mut self) -> Option<Result<Arrival, Fault>> {
        loop {
            let property = match Property::next(&mut self.lines) {
                None if self.is_within => return Some(Err(self.cut("VCALENDAR"))),
                None if self.is_calendar => return None,
                Some(Ok(property)) => property,
                Some(Err(fault)) if self.is_calendar || !matches!(fault, Fault::Task { .. }) => {
                    return Some(Err(fault));
                }
                None | Some(Err(_)) => return Some(Err(no_calendar())),
            };
            let component = property.value.trim().to_ascii_uppercase();
            match (property.name.as_str(), component.as_str()) {
                ("BEGIN", "VCALENDAR") => (self.is_calendar, self.is_within) = (true, true),
                _ if !self.is_calendar => return Some(Err(no_calendar())),
                ("END", "VCALENDAR") => self.is_within = false,
                ("BEGIN", "VTODO") => return Some(self.todo(property.line)),
                ("BEGIN", other) => {
                    if !other.starts_with("VTIMEZONE") {
                        self.notes.count(format!("{}: no task", printable(other)));
                    }
                    if let Err(fault) = self.skip(other) {
                        return Some(Err(fault));
                    }
                }
                _ => {}
            }
        }
    }

    fn cut(&self, component: &str) -> Fault {
        let reason = format!(
            "the file ends without END:{}; export it again",
            printable(component)
        );
        Fault::cut(self.lines.number(), reason)
    }

    /// Passes over the rest of a component.
    fn skip(&mut self, component: &str) -> Result<(), Fault> {
        while let Some(property) = Property::next(&mut self.lines) {
            // What is passed over need not be right.
            match property {
                Ok(property)
                    if property.name == "END"
                        && property.value.trim().eq_ignore_ascii_case(component) =>
                {
                    return Ok(());
                }
                Err(fault @ (Fault::File(_) | Fault::Read(_))) => return Err(fault),
                _ => {}
            }
        }
        Err(self.cut(component))
    }

    fn todo(&mut self, line: u64) -> Result<Arrival, Fault> {
        let mut todo = Todo::new(line, self.caller, &mut self.notes)?;
        let mut refused = None;
        loop {
            let property = match Property::next(&mut self.lines) {
                None => {
                    return Err(Fault::cut(
                        line,
                        "the file ends in the middle of this task; export it again",
                    ));
                }
                Some(Ok(property)) => property,
                Some(Err(fault @ (Fault::File(_) | Fault::Read(_)))) => return Err(fault),
                Some(Err(fault)) => {
                    refused.get_or_insert(fault);
                    continue;
                }
            };
            match (property.name.as_str(), property.value.trim()) {
                ("END", end) if end.eq_ignore_ascii_case("VTODO") => break,
                ("BEGIN", inner) => {
                    self.notes.count(format!("{}: left out", printable(inner)));
                    let inner = inner.to_owned();
                    self.skip(&inner)?;
                }
                _ => {
                    if let Err(invalid) = todo.set(&property, &mut self.notes) {
                        refused.get_or_insert(Fault::task(property.line, invalid.to_string()));
                    }
                }
            }
        }
        match refused {
            Some(fault) => Err(fault),
            None => todo
                .arrival(&mut self.notes)
                .map_err(|invalid| Fault::task(line, invalid.to_string())),
        }
    }
}

impl<R: BufRead> crate::exchange::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        if self.has_ended {
            return None;
        }
        let next = self.read();
        self.has_ended = !matches!(next, Some(Ok(_) | Err(Fault::Task { .. })));
        next
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

fn no_calendar() -> Fault {
    Fault::File("it is no calendar: that begins with BEGIN:VCALENDAR".to_owned())
}

impl<'a> Todo<'a> {
    fn new(line: u64, caller: &'a Caller, notes: &mut Notes) -> Result<Self, Fault> {
        let placeholder =
            title("-", notes).map_err(|invalid| Fault::task(line, invalid.to_string()))?;
        Ok(Self {
            line,
            caller,
            task: new_task(placeholder, SOURCE, caller.now),
            name: None,
            parent: None,
            depends_on: Vec::new(),
            title: None,
            texts: Vec::new(),
            stamp: None,
            created_at: None,
            updated_at: None,
            start: None,
            remarks: Vec::new(),
            is_instance: false,
        })
    }

    fn set(&mut self, property: &Property, notes: &mut Notes) -> Result<(), Invalid> {
        let zone = self.caller.zone;
        let task = &mut self.task;
        match property.name.as_str() {
            "UID" => self.name = Some(Name::Text(property.text())),
            "SUMMARY" => self.title = Some(property.text()),
            "DESCRIPTION" => self.texts.insert(0, property.text()),
            "LOCATION" | "URL" => {
                notes.count(format!(
                    "{}: kept as a line of the description",
                    property.name
                ));
                self.texts.push(format!(
                    "{}: {}",
                    property.name.to_lowercase(),
                    property.text()
                ));
            }
            "COMMENT" => self.remarks.push(property.text()),
            "STATUS" => task.status = status(&property.value)?,
            "PRIORITY" => task.priority = priority(&property.value)?,
            "DUE" => task.due = Some(when(property, "DUE", zone, notes)?),
            "DTSTART" => self.start = Some(when(property, "DTSTART", zone, notes)?),
            "X-TASKHOLD-DEFER-UNTIL" => {
                task.defer_until = Some(when(property, "X-TASKHOLD-DEFER-UNTIL", zone, notes)?);
            }
            "X-TASKHOLD-PROJECT" => task.project = Some(Project::try_from(property.text())?),
            "COMPLETED" => task.completed_at = Some(instant(property, "COMPLETED", zone, notes)?),
            "CREATED" => self.created_at = Some(instant(property, "CREATED", zone, notes)?),
            "LAST-MODIFIED" => {
                self.updated_at = Some(instant(property, "LAST-MODIFIED", zone, notes)?);
            }
            "DTSTAMP" => self.stamp = Some(instant(property, "DTSTAMP", zone, notes)?),
            "CATEGORIES" => {
                for word in property
                    .texts()
                    .into_iter()
                    .filter(|word| !word.trim().is_empty())
                {
                    let joined: Vec<&str> = word.split_whitespace().collect();
                    if joined.len() > 1 {
                        notes.count("CATEGORIES: blanks became -");
                    }
                    task.tags.insert(Tag::try_from(joined.join("-"))?);
                }
            }
            "RRULE" => {
                task.repeat = Repeat::read(&property.value).ok();
                if task.repeat.is_none() {
                    notes.count("RRULE: a rule that no task can have here is kept as a line of the description");
                    self.texts.push(format!("RRULE: {}", property.value));
                }
            }
            "X-TASKHOLD-REPEAT-FROM" => {
                task.repeat = task.repeat.take().map(Repeat::from_completion);
            }
            "RELATED-TO" => {
                let name = Name::Text(property.text());
                match property
                    .parameter("RELTYPE")
                    .unwrap_or("PARENT")
                    .to_ascii_uppercase()
                    .as_str()
                {
                    "PARENT" => self.parent = Some(name),
                    "DEPENDS-ON" => self.depends_on.push(name),
                    other => notes.count(format!(
                        "RELATED-TO of the kind {}: left out",
                        printable(other)
                    )),
                }
            }
            "RECURRENCE-ID" => self.is_instance = true,
            // What the task's times and status say already.
            "SEQUENCE" | "PERCENT-COMPLETE" | "CLASS" | "TRANSP" => {}
            other => notes.count(format!("{}: left out", printable(other))),
        }
        Ok(())
    }

    fn arrival(self, notes: &mut Notes) -> Result<Arrival, Invalid> {
        let mut task = self.task;
        task.title = title(&self.title.unwrap_or_default(), notes)?;
        task.description = description(&self.texts.join("\n"), notes)?;
        let stamped = self.updated_at.or(self.stamp);
        let created_at = self.created_at.or(stamped);
        task.created_at = created_at.unwrap_or(self.caller.now);
        task.updated_at = stamped.unwrap_or(task.created_at);
        let comments = self
            .remarks
            .iter()
            .filter_map(|text| {
                comment(task.updated_at, Actor::named(SOURCE), text, notes).transpose()
            })
            .collect::<Result<Vec<Comment>, _>>()?;
        // Many programs say only when it was completed.
        if task.completed_at.is_some() && task.status.is_open() {
            task.status = Status::Completed;
        }
        match task.status {
            Status::Completed => {
                task.completed_at = task.completed_at.or(Some(task.updated_at));
            }
            _ => task.completed_at = None,
        }
        if task.repeat.is_some() {
            task.due = task.due.or(self.start);
        } else if self.start != task.due && task.defer_until.is_none() {
            task.defer_until = self.start;
        }
        if task.status.is_open() {
            begin_series(&mut task, self.caller);
        }
        if self.is_instance {
            notes.count("RECURRENCE-ID: one date of a series is a task of its own");
        }
        Task::refuse_too_many_tags(task.tags.len())?;
        let name = self.name.filter(|_| !self.is_instance);
        let own = name.as_ref().and_then(own);
        // To the millisecond, which the format's own times are not.
        let created_at = own.map(|(_, created_at)| created_at).or(created_at);
        task.created_at = created_at.unwrap_or(task.created_at);
        Ok(Arrival {
            line: self.line,
            name,
            id: own.map(|(id, _)| id),
            created: created_at.map(|at| [at; 2]),
            task,
            comments,
            parent: self.parent,
            depends_on: self.depends_on,
        })
    }
}

/// Returns the id and the time of the task that we call so; `None` for the name another program gave.
fn own(name: &Name) -> Option<(TaskId, Timestamp)> {
    let Name::Text(given) = name else { return None };
    let (created_at, id) = given.strip_suffix("@taskhold")?.split_once('-')?;
    let created_at = When::At(created_at.parse().ok()?);
    let When::At(millis) = checked(created_at, "UID").ok()? else {
        return None;
    };
    let own = (id.parse().ok()?, Timestamp::from_millis(millis));
    (uid(own.0, own.1) == *given).then_some(own)
}

/// Reads a date or a time; one that names no zone is in `here`.
fn when(
    property: &Property,
    field: &'static str,
    here: Zone,
    notes: &mut Notes,
) -> Result<When, Invalid> {
    let value = property.value.trim();
    if let Ok(day) = NaiveDate::parse_from_str(value, "%Y%m%d") {
        return checked(When::Day(day), field);
    }
    let (local, is_utc) = match value.strip_suffix(['Z', 'z']) {
        Some(local) => (local, true),
        None => (value, false),
    };
    let wall = NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").map_err(|_| Invalid {
        field,
        reason: "is no date like 20261224 and no time like 20261224T170000Z".to_owned(),
    })?;
    let zone = match property.parameter("TZID") {
        _ if is_utc => Zone::UTC,
        // Some write the name after a path of their own.
        Some(name) => {
            Zone::named(name.rsplit("zoneinfo/").next().unwrap_or(name)).unwrap_or_else(|_| {
                notes.count("TZID: a zone that is not known here was taken as yours");
                here
            })
        }
        None => here,
    };
    checked(When::At(zone.instant(wall).0), field)
}

fn instant(
    property: &Property,
    field: &'static str,
    here: Zone,
    notes: &mut Notes,
) -> Result<Timestamp, Invalid> {
    let when = when(property, field, here, notes)?;
    Ok(Timestamp::from_millis(when.order(here)))
}

/// Refuses what lies outside the years a task may have.
fn checked(when: When, field: &'static str) -> Result<When, Invalid> {
    when.to_string()
        .parse()
        .ok()
        .filter(|again| *again == when)
        .ok_or_else(|| Invalid {
            field,
            reason: "is outside the years 1970 to 9999".to_owned(),
        })
}

fn status(value: &str) -> Result<Status, Invalid> {
    match value.trim().to_ascii_uppercase().as_str() {
        "NEEDS-ACTION" => Ok(Status::Pending),
        "IN-PROCESS" => Ok(Status::InProgress),
        "COMPLETED" => Ok(Status::Completed),
        "CANCELLED" => Ok(Status::Cancelled),
        _ => Err(Invalid {
            field: "STATUS",
            reason: "is none of NEEDS-ACTION, IN-PROCESS, COMPLETED, CANCELLED".to_owned(),
        }),
    }
}

fn priority(value: &str) -> Result<Option<Priority>, Invalid> {
    match value.trim().parse::<u8>() {
        Ok(0) => Ok(None),
        Ok(1..=4) => Ok(Some(Priority::High)),
        Ok(5) => Ok(Some(Priority::Medium)),
        Ok(6..=9) => Ok(Some(Priority::Low)),
        _ => Err(Invalid {
            field: "PRIORITY",
            reason: "is no number from 0 to 9".to_owned(),
        }),
    }
}

/// Returns at most 40 characters of a name from the file.
fn printable(name: &str) -> String {
    name.chars().take(40).collect()
}
