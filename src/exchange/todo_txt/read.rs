//! Reading lines of todo.txt.

use std::io::{self, BufRead, Seek};

use chrono::NaiveDate;

use super::{
    SOURCE,
    marks::{LateMarks, by_letter},
    names::{Copied, Names},
    own_export::{self, own_called},
    rec,
    start::Start,
};
use crate::{
    domain::{
        command::{Caller, begin_series},
        imported::{Arrival, Called, Name, RulesInLine, Terms},
        task::{Invalid, Status, Task, Timestamp, Title},
        when::When,
    },
    exchange::{
        Fault, Notes,
        lines::Lines,
        new_task,
        texts::{comment, description, heading},
    },
};

/// Reads the format.
pub struct Reader<'a, R> {
    lines: Lines<R>,
    caller: &'a Caller,
    names: Names,
    /// The lines that come after all others are being read.
    is_late: bool,
    pub(super) notes: Notes,
}

impl<'a, R: BufRead + Seek> Reader<'a, R> {
    /// Begins to read `input`, its days as they are where `caller` is.
    pub fn new(mut input: R, caller: &'a Caller) -> io::Result<Self> {
        let names = Names::read(&mut input)?;
        input.rewind()?;
        Ok(Self {
            lines: Lines::new(input),
            caller,
            names,
            is_late: false,
            notes: Notes::default(),
        })
    }
}

impl<R: BufRead + Seek> crate::exchange::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        loop {
            let line = match self.lines.next() {
                None if self.is_late || self.names.in_both.is_empty() => return None,
                None => {
                    self.is_late = true;
                    match self.lines.rewind() {
                        Ok(()) => continue,
                        Err(error) => return Some(Err(error.into())),
                    }
                }
                Some(Ok(line)) if line.trim().is_empty() => continue,
                Some(Ok(line)) if self.names.is_late(line) != self.is_late => continue,
                Some(Ok(line)) if self.names.copied(line) == Some(Copied::Done) => {
                    self.notes
                        .count("x: a line with a copy that is open is a finished round of that");
                    continue;
                }
                Some(Ok(line)) => {
                    let mut notes = Notes::default();
                    let read = read(line, &self.names, self.caller, &mut notes);
                    self.notes.add_task(notes);
                    read
                }
                // Told the first time.
                Some(Err(Fault::Task { .. })) if self.is_late => continue,
                Some(Err(fault)) => return Some(Err(fault)),
            };
            let number = self.lines.number();
            return Some(match line {
                Ok(arrival) => Ok(Arrival {
                    line: number,
                    ..arrival
                }),
                Err(invalid) => Err(Fault::task(number, invalid.to_string())),
            });
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }

    fn terms(&mut self) -> Terms {
        Terms {
            keeps_ids: false,
            is_complete: false,
            is_line: true,
            rules_in_line: Some(RulesInLine {
                written: rec::in_line,
                goes_on: rec::goes_on,
            }),
        }
    }
}

fn read(line: &str, names: &Names, caller: &Caller, notes: &mut Notes) -> Result<Arrival, Invalid> {
    let start = Start::read(line.trim_end());
    let at = |day| Timestamp::from_millis(When::begin_of(day, caller.zone).order(caller.zone));
    let placeholder = Title::try_from("-".to_owned())?;
    let task = new_task(placeholder, SOURCE, start.created.map_or(caller.now, at));
    let end_of_day = |day: NaiveDate| Timestamp::from_millis(When::Day(day).order(caller.zone));
    let mut arrival = Arrival {
        line: 0,
        name: None,
        called: None,
        task,
        comments: Vec::new(),
        id: None,
        versions: Vec::new(),
        created: start.created.map(|day| [at(day), end_of_day(day)]),
        parent: None,
        depends_on: Vec::new(),
        is_round_done: names.copied(line) == Some(Copied::Open),
    };
    let own = own_export::split(start.rest);
    let is_own = own.is_some();
    let mut rest = LateMarks::new(start.letter, (!is_own).then_some(names));
    let sentence = match own {
        Some((title, marks)) => {
            rest.take(&marks, &mut arrival, notes);
            title.to_owned()
        }
        None => rest.read(start.rest, &mut arrival, notes),
    };
    if let Some(Name::Text(name)) = &arrival.name {
        arrival.id = name.parse().ok();
    }
    let task = &mut arrival.task;
    let (title, more) = heading(&sentence, notes)?;
    let (description, pieces) = description(&more.unwrap_or_default(), notes)?;
    (task.title, task.description) = (title, description);
    for piece in pieces {
        let remark = comment(task.created_at, task.created_by.clone(), &piece, notes)?;
        arrival.comments.extend(remark);
    }
    task.priority = rest.letter.map(|letter| by_letter(letter, notes));
    if start.is_done {
        task.status = Status::Completed;
        task.completed_at = Some(start.completed.map_or(caller.now, at));
        task.repeat = rest
            .repeat(task.due)
            .filter(|_| is_own)
            .zip(task.due)
            .map(|(repeat, due)| repeat.anchored(&due, caller.zone));
    } else {
        if rest.again.is_some() {
            task.due = task.due.or(task.defer_until);
        }
        task.repeat = rest.repeat(task.due);
        begin_series(task, caller);
    }
    task.updated_at = task.completed_at.unwrap_or(task.created_at);
    arrival.called = if is_own {
        let first = arrival.called.take();
        first.or_else(|| called_here(&arrival))
    } else {
        Some(called(&sentence, &start))
    };
    let task = &arrival.task;
    Task::refuse_too_many_tags(task.tags.len())?;
    Ok(arrival)
}

/// Returns what a line of ours is known by where the task was added; `None` if it does not say when it was created.
fn called_here(arrival: &Arrival) -> Option<Called> {
    let [first, last] = arrival.created?;
    let id = arrival.id.filter(|_| first == last)?;
    Some(own_called(id, first))
}

/// Returns what a line is known by: its title and the date it was created, or else whether it is done, and since when.
fn called(sentence: &str, start: &Start<'_>) -> Called {
    let name = match (start.created, start.is_done, start.completed) {
        (Some(created), _, _) => format!("{created} {sentence}"),
        (None, false, _) => sentence.to_owned(),
        (None, true, Some(completed)) => format!("x {completed} {sentence}"),
        (None, true, None) => format!("x {sentence}"),
    };
    Called {
        from: SOURCE,
        name,
        is_text: true,
        // A line without any date may be one of years ago, in a file of what was done; a box is ticked where it stands.
        before: (start.created.is_none()
            && start.is_done
            && (start.completed.is_some() || start.is_box))
            .then(|| sentence.to_owned()),
        sequence: None,
    }
}
