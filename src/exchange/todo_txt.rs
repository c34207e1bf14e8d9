//! todo.txt, as published at <https://github.com/todotxt/todo.txt>: one line a task.
//!
//! `x` and the dates, the priorities, `+project` and `@context` are the format's own; `due:`, `t:` (not before), `rec:`
//! (again), `pri:` (of what is done), `id:`, `p:` (part of) and `dep:` (after) are what its programs have agreed on; and
//! `status:` and `recday:` (the day of the month for `rec:`) are ours, for what the format has no sign for.
//!
//! The format has no way to escape. A line of our own ends with `id:N`, and its title comes back as it was, whatever it
//! looks like (`own_export`). Before it stands `rev:`, which says from which state of the task the line was made, when the task was
//! created, and which number it has in the database that it was first in, if that is another: by that it is known again, here and in
//! another database, whatever of it was edited. In any other line marks at the end are taken out of the title; those in the middle of a sentence stay in
//! it too, so that nobody has to read "Call about". A key that is not known here is a part of the title, and so are an `id:`
//! that no other line names, and a `p:` or `dep:` that names no line.

use std::io::{self, Write};

use chrono::NaiveDate;

use super::{Notes, Relatives, WriteError};
use crate::domain::{
    task::{Priority, Project, Status, TaskWithComments, Timestamp},
    when::{When, Zone},
};

mod marks;
mod names;
mod own_export;
mod read;
mod rec;
mod start;

pub use read::Reader;

/// What such a file is called, and who is said to have created what comes from it.
const SOURCE: &str = "todo.txt";

/// What it cannot hold, or does not give back: `rev:` only says from which state a line was made, and of which task.
const LEFT_OUT: [&str; 7] = [
    "comments",
    "created_by",
    "description",
    "repeat_from",
    "rev",
    "started_at",
    "updated_at",
];

/// Writes the format.
#[derive(Debug)]
pub struct Writer {
    zone: Zone,
    left_out: Notes,
}

impl Writer {
    /// Writes days as they are in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            left_out: Notes::default(),
        }
    }

    fn line(&mut self, whole: &TaskWithComments) -> String {
        let task = &whole.task;
        let day = |at: Timestamp| written(self.zone.today(at.as_millis()));
        let mut words = Vec::new();
        let is_done = task.status == Status::Completed;
        let letter = task.priority.map(|priority| match priority {
            Priority::High => 'A',
            Priority::Medium => 'B',
            Priority::Low => 'C',
        });
        if is_done {
            words.push("x".to_owned());
            // Both dates are always there: so one at the start of the title is a part of it.
            words.push(day(task.completed_at.unwrap_or(task.updated_at)));
        } else {
            words.extend(letter.map(|letter| format!("({letter})")));
        }
        words.push(day(task.created_at));
        words.push(task.title.as_str().to_owned());
        if own_export::needs_end(task.title.as_str()) {
            words.push(own_export::END_OF_TITLE.to_owned());
        }
        let project = task.project.iter().map(|project| ('+', project.as_str()));
        let tags = task.tags.iter().map(|tag| ('@', tag.as_str()));
        let marks = project.chain(tags);
        words.extend(marks.map(|(sign, name)| format!("{sign}{}", name.replace(' ', "-"))));
        let mut key = |key: &str, value: String| words.push(format!("{key}:{value}"));
        match (is_done, letter, task.status) {
            (true, Some(letter), _) => key("pri", letter.to_string()),
            (_, _, Status::InProgress | Status::Cancelled) => {
                key("status", task.status.to_string());
            }
            _ => {}
        }
        if let Some(due) = &task.due {
            key("due", written(due.day(self.zone)));
        }
        if let Some(until) = &task.defer_until {
            key("t", written(until.day(self.zone)));
        }
        let again = task
            .repeat
            .as_ref()
            .map(|repeat| rec::write(repeat, task.due, self.zone));
        if let Some(Some((again, month_day))) = &again {
            key("rec", again.clone());
            if let Some(day) = month_day {
                key(rec::DAY, day.to_string());
            }
        }
        if let Some(parent) = task.parent {
            key("p", parent.to_string());
        }
        for other in &task.depends_on {
            key("dep", other.to_string());
        }
        key("rev", own_export::State::of(task).to_string());
        // Last: that makes it a line of ours.
        key("id", task.id.to_string());
        self.count(whole, again == Some(None));
        words.join(" ")
    }

    fn count(&mut self, whole: &TaskWithComments, rule_is_lost: bool) {
        let (task, notes) = (&whole.task, &mut self.left_out);
        notes.count_fields(whole, &LEFT_OUT);
        let has_time = |when: &Option<When>| !matches!(when, None | Some(When::Day(_)));
        if has_time(&task.due) {
            notes.count("due (the time of day)");
        }
        if has_time(&task.defer_until) {
            notes.count("defer_until (the time of day)");
        }
        if rule_is_lost {
            notes.count("repeat (rules that rec: cannot say)");
        }
        if task.completed_at.is_some() {
            notes.count("completed_at (the time of day)");
        }
        let has_blank = |project: &Project| project.as_str().contains(' ');
        if task.project.as_ref().is_some_and(has_blank) {
            notes.count("project (blanks became -)");
        }
    }
}

impl super::Writer for Writer {
    fn begin(&mut self, _: &mut dyn Write, _: super::Contents) -> io::Result<()> {
        Ok(())
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        whole: &TaskWithComments,
        _: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        Ok(writeln!(out, "{}", self.line(whole))?)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }
}

/// Returns a day as it is read again: a zone may move an instant out of the years a task can have.
fn written(day: NaiveDate) -> String {
    let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
    day.clamp(first, last).to_string()
}

fn day(word: &str) -> Option<NaiveDate> {
    match word.parse::<When>() {
        Ok(When::Day(day)) => Some(day),
        _ => None,
    }
}

fn is_mark(word: &str) -> bool {
    word.len() > 1 && word.starts_with(['+', '@'])
}

/// Returns the key and the value of a word like `due:2026-12-24`, if the key means something here.
fn known_key(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once(':')?;
    let is_known = [
        "due",
        "t",
        "rec",
        rec::DAY,
        "pri",
        "id",
        "p",
        "dep",
        "status",
        "rev",
    ]
    .contains(&key);
    (is_known && !value.is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests;
