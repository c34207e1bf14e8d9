//! Parses field values from tools and from the command line, so that both read the same text the same way.
//!
//! A refusal names the field. What was taken otherwise than written, or may have been meant otherwise, becomes a note.

use std::collections::BTreeSet;

use crate::domain::{
    command::Caller,
    error::Result,
    query::{Bound, View},
    repeat::Repeat,
    task::{Invalid, Status, Tag, Task},
    text,
    when::{Reading, When},
};

mod digest;
mod fields;

pub(crate) use digest::digest_of;
pub(crate) use fields::{Clearable, GivenFields, is_none};

/// What a caller should know about how its words were taken.
#[derive(Default)]
pub(crate) struct Notes(Vec<String>);

impl Notes {
    /// Adds a note; one that is there already is not said again. It may quote what somebody wrote, so it is cleaned as that is.
    pub(crate) fn add(&mut self, note: impl Into<String>) {
        let note = text::clean(&note.into()).text;
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Returns the notes, in the order they were made.
    pub(crate) fn lines(self) -> Vec<String> {
        self.0
    }

    /// Takes a cleaned text, remarking what it lost.
    pub(crate) fn text<T>(
        &mut self,
        cleaned: std::result::Result<(T, bool), Invalid>,
    ) -> Result<T> {
        let (text, altered) = cleaned?;
        if altered {
            self.add("characters that cannot be seen were taken out");
        }
        Ok(text)
    }

    /// Takes a date as people say it, remarking how it was understood.
    pub(crate) fn date(
        &mut self,
        field: &'static str,
        text: &str,
        caller: &Caller,
    ) -> Result<When> {
        let reading = read_date(field, text, caller)?;
        if let Some(note) = reading.note {
            self.add(note);
        }
        Ok(reading.when)
    }

    /// Takes words as tags.
    pub(crate) fn tags(&mut self, words: &[String]) -> Result<BTreeSet<Tag>> {
        let tags = words
            .iter()
            .map(|tag| self.text(Tag::cleaned(tag)))
            .collect::<Result<BTreeSet<_>>>()?;
        Task::refuse_too_many_tags(tags.len())?;
        Ok(tags)
    }
}

/// Reads a date as people say it; a refusal names the field.
pub(crate) fn read_date(
    field: &'static str,
    text: &str,
    caller: &Caller,
) -> std::result::Result<Reading, Invalid> {
    When::read(text, caller.now.as_millis(), caller.zone)
        .map_err(|error| Invalid::new(field, error.to_string()))
}

/// Reads a rule by which a task comes again.
pub(crate) fn read_repeat(text: &str, caller: &Caller) -> Result<Repeat> {
    Repeat::read_in(text, caller.zone)
        .map_err(|error| Invalid::new("repeat", error.to_string()).into())
}

/// Returns what to list. A status names a view of its own, unless a view was given that it can narrow down.
pub(crate) fn view(view: Option<View>, status: Option<Status>) -> View {
    match (view, status) {
        (None, Some(Status::InProgress)) => View::InProgress,
        (None | Some(View::Open), Some(Status::Cancelled)) => View::Cancelled,
        (None | Some(View::Open), Some(Status::Completed)) => View::Completed,
        (view, _) => view.unwrap_or(View::Open),
    }
}

/// Reads the date that tasks must be due before. A day is left out; so is the day of an instant, since that ends later.
pub(crate) fn due_before(text: &str, caller: &Caller) -> std::result::Result<Bound, Invalid> {
    let zone = caller.zone;
    let when = read_date("due_before", text, caller)?.when;
    let day = When::Day(when.day(zone)).to_string();
    let at = match when {
        When::Day(day) => When::begin_of(day, zone),
        When::At(_) => when,
    };
    Ok(Bound {
        day,
        at: at.to_string(),
    })
}

/// Reads the date that tasks must be due after: from the next day on, and from the day of an instant on, since that
/// ends later.
pub(crate) fn due_after(text: &str, caller: &Caller) -> std::result::Result<Bound, Invalid> {
    let zone = caller.zone;
    let when = read_date("due_after", text, caller)?.when;
    let day = when.day(zone);
    let next = day.succ_opt().unwrap_or(day);
    Ok(match when {
        When::Day(_) => Bound {
            day: When::Day(next).to_string(),
            at: When::begin_of(next, zone).to_string(),
        },
        When::At(millis) => Bound {
            day: When::Day(day).to_string(),
            at: When::At(millis + 1).to_string(),
        },
    })
}
