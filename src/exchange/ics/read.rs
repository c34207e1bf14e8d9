//! Reading the `VTODO`s of a calendar, one at a time.
//!
//! Of our own, since the libraries there are read a whole calendar into memory, and a million tasks come through here.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Seek},
};

use super::{
    property::{Property, Unreadable, printable},
    said::{Said, VITAL},
    survey::{Component, Survey},
    todo,
    values::Dates,
};
use crate::{
    domain::{command::Caller, imported::Arrival},
    exchange::{Fault, Notes, lines::Lines},
};

/// Reads the format.
pub struct Reader<'a, R> {
    lines: Lines<R>,
    caller: &'a Caller,
    survey: Survey,
    notes: Notes,
    /// What was read and is to be returned first.
    waiting: VecDeque<Result<Arrival, Fault>>,
    /// A calendar has begun.
    is_calendar: bool,
    /// And it has not ended.
    is_within: bool,
    has_ended: bool,
}

impl<'a, R: BufRead + Seek> Reader<'a, R> {
    /// Begins to read `input`, as it is for `caller`.
    pub fn new(mut input: R, caller: &'a Caller) -> io::Result<Self> {
        let mut survey = Survey::of(&mut input)?;
        survey.zones.resolve(caller.now, caller.zone);
        Ok(Self {
            survey,
            lines: Lines::new(input),
            caller,
            notes: Notes::default(),
            waiting: VecDeque::new(),
            is_calendar: false,
            is_within: false,
            has_ended: false,
        })
    }
}

impl<R: BufRead> Reader<'_, R> {
    /// Goes on to the next `VTODO` and reads it. Returns `None` at the end.
    fn read(&mut self) -> Option<Result<(), Fault>> {
        loop {
            let property = match Property::next(&mut self.lines) {
                None if self.is_within => return Some(Err(self.cut("VCALENDAR"))),
                None if self.is_calendar => return None,
                Some(Ok(property)) => property,
                Some(Err(Unreadable::File(fault))) => return Some(Err(fault)),
                Some(Err(Unreadable::Line { .. })) if self.is_calendar => {
                    self.notes.count(NO_PROPERTY);
                    continue;
                }
                None | Some(Err(Unreadable::Line { .. })) => return Some(Err(no_calendar())),
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
                Err(Unreadable::File(fault)) => return Err(fault),
                _ => {}
            }
        }
        Err(self.cut(component))
    }

    /// Reads the rest of a `VTODO`, and makes tasks of it: none if another one stands for it, several of a series some dates of
    /// which are tasks of their own.
    fn todo(&mut self, line: u64) -> Result<(), Fault> {
        let mut notes = Notes::default();
        let read = self.todo_noting(line, &mut notes);
        self.notes.add_task(notes);
        read
    }

    fn todo_noting(&mut self, line: u64, notes: &mut Notes) -> Result<(), Fault> {
        let mut component = Component {
            line,
            properties: Vec::new(),
        };
        let mut faults = Vec::new();
        loop {
            let property = match Property::next(&mut self.lines) {
                None => {
                    return Err(Fault::cut(
                        line,
                        "the file ends in the middle of this task; export it again",
                    ));
                }
                Some(Ok(property)) => property,
                Some(Err(Unreadable::File(fault))) => return Err(fault),
                Some(Err(Unreadable::Line { line, name, reason })) => {
                    match name.as_str() {
                        name if VITAL.contains(&name) => {
                            faults.push(Fault::Property { line, reason });
                        }
                        "" => notes.count(NO_PROPERTY),
                        name => notes.count(format!("{}: left out", printable(name))),
                    }
                    continue;
                }
            };
            match (property.name.as_str(), property.value.trim()) {
                ("END", end) if end.eq_ignore_ascii_case("VTODO") => break,
                ("BEGIN", inner) => {
                    notes.count(format!("{}: left out", printable(inner)));
                    let inner = inner.to_owned();
                    self.skip(&inner)?;
                }
                _ => component.properties.push(property),
            }
        }
        if self.survey.belongs_to_series(&component) {
            return Ok(());
        }
        if self.survey.is_outdated(&component) {
            notes.count("UID: a task that is there twice is read as its later version");
            return Ok(());
        }
        self.take(&component, faults, notes);
        Ok(())
    }

    /// Makes tasks of a component.
    fn take(&mut self, component: &Component, mut faults: Vec<Fault>, notes: &mut Notes) {
        let Self { survey, caller, .. } = self;
        let dates = Dates {
            here: caller.zone,
            zones: &survey.zones,
        };
        let said = Said::read(component, dates, notes, &mut faults);
        let instances = survey.instances_of(component);
        let instances = instances
            .map(|instance| Said::read(instance, dates, notes, &mut faults))
            .collect();
        self.waiting.extend(faults.into_iter().map(Err));
        let mut others = Vec::new();
        let line = component.line;
        let arrival = todo::arrival(said, instances, &mut others, caller, notes);
        let others = others.into_iter().map(|said| {
            let mut of_other = Notes::default();
            let other = todo::arrival(said, Vec::new(), &mut Vec::new(), caller, &mut of_other);
            self.notes.add_task(of_other);
            other
        });
        let arrivals = std::iter::once(arrival).chain(others);
        self.waiting.extend(
            arrivals
                .map(|arrival| arrival.map_err(|invalid| Fault::task(line, invalid.to_string()))),
        );
    }
}

impl<R: BufRead> crate::exchange::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        loop {
            if let Some(next) = self.waiting.pop_front() {
                return Some(next);
            }
            if self.has_ended {
                return None;
            }
            match self.read() {
                Some(Ok(())) => {}
                Some(Err(fault)) => {
                    self.has_ended = true;
                    return Some(Err(fault));
                }
                None => self.has_ended = true,
            }
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

const NO_PROPERTY: &str = "a line that is no property of a calendar was left out";

fn no_calendar() -> Fault {
    Fault::File("it is no calendar: that begins with BEGIN:VCALENDAR".to_owned())
}
