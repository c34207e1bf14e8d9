//! Parses field values from tools and from the command line, so that both read the same text the same way.
//!
//! A refusal names the field. What was taken otherwise than written, or may have been meant otherwise, becomes a note.

use std::collections::BTreeSet;

use chrono::{Datelike as _, Days, NaiveDate};

use crate::domain::{
    command::Caller,
    error::Result,
    query::{Bound, Filters, View},
    repeat::{Repeat, Start},
    task::{Invalid, Status, Tag, Task},
    text,
    when::{Reading, When, Zone},
};

mod digest;
mod fields;
mod filters;
pub(crate) mod quick_fields;
pub(crate) mod quick_words;

pub(crate) use digest::digest_of;
pub(crate) use fields::{Clearable, GivenFields, is_none};
pub(crate) use filters::GivenFilters;

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

    /// Takes a rule by which a task comes again, beside the date it is due at, if there is one; remarking how it was understood.
    pub(crate) fn repeat(
        &mut self,
        text: &str,
        due: Option<&When>,
        caller: &Caller,
    ) -> Result<(Repeat, Start)> {
        let reading = Repeat::read_at(text, due, caller.now.as_millis(), caller.zone)
            .map_err(|error| Invalid::new("repeat", error.to_string()))?;
        if let Some(note) = reading.note {
            self.add(note);
        }
        Ok((reading.repeat, reading.start))
    }

    /// Takes words as tags.
    pub(crate) fn tags(&mut self, words: &[String]) -> Result<BTreeSet<Tag>> {
        let tags = words
            .iter()
            .map(|tag| self.text(Tag::cleaned(tag)))
            .collect::<Result<Vec<_>>>()?;
        // Of a tag in several spellings the first stands.
        let tags = Tag::one_of_each(tags);
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

/// Reads the tag that tasks must have; `+home` is `home`.
fn tag_filter(text: &str) -> std::result::Result<Tag, Invalid> {
    let text = text.trim();
    Tag::cleaned(text.strip_prefix('+').unwrap_or(text)).map(|(tag, _)| tag)
}

/// Returns what to list. A status, or a date of completion, names a view of its own where none was given; a view that has no
/// such task is refused.
pub(crate) fn view(view: Option<View>, filters: &Filters) -> std::result::Result<View, Invalid> {
    let is_of_completed = filters.completed_from.is_some() || filters.completed_to.is_some();
    let completed = is_of_completed.then_some(Status::Completed);
    if let (Some(status), Some(Status::Completed)) = (filters.status, completed)
        && status != Status::Completed
    {
        let reason = format!("{status} excludes a date of completion; leave one of them out");
        return Err(Invalid::new("status", reason));
    }
    let status = filters.status.or(completed);
    let named = match status {
        Some(Status::InProgress) => View::InProgress,
        Some(Status::Cancelled) => View::Cancelled,
        Some(Status::Completed) => View::Completed,
        Some(Status::Pending) => View::Pending,
        None => View::Open,
    };
    let Some(view) = view else { return Ok(named) };
    match status {
        Some(status) if !view.has(status) => {
            // The others are views that models are not told of.
            let other = match status {
                Status::Completed => "completed or all",
                Status::Pending => "open or all",
                Status::InProgress | Status::Cancelled => "all",
            };
            let view = view.as_str();
            let reason =
                format!("\"{view}\" has no {status} tasks; leave the view out, or choose {other}");
            Err(Invalid::new("view", reason))
        }
        _ => Ok(view),
    }
}

/// Reads the date that tasks must be due by: with all of a day, before an instant.
fn due_before(text: &str, caller: &Caller) -> std::result::Result<Bound, Invalid> {
    let when = read_date("due_before", text, caller)?.when;
    Ok(Bound::to(when, caller.zone))
}

/// Reads the date that tasks must be due from: with all of a day, after an instant.
fn due_after(text: &str, caller: &Caller) -> std::result::Result<Bound, Invalid> {
    let when = read_date("due_after", text, caller)?.when;
    Ok(Bound::from(when, caller.zone))
}

/// Reads the date from which tasks must be completed, as [`due_after`] does; a weekday is the latest one.
fn completed_after(
    text: Option<&str>,
    caller: &Caller,
) -> std::result::Result<Option<Bound>, Invalid> {
    let when = text.map(|text| read_past("completed_after", text, 0, caller));
    Ok(when.transpose()?.map(|when| Bound::from(when, caller.zone)))
}

/// Reads the date by which tasks must be completed, as [`due_before`] does; a weekday is the latest one.
fn completed_before(
    text: Option<&str>,
    caller: &Caller,
) -> std::result::Result<Option<Bound>, Invalid> {
    let when = text.map(|text| read_past("completed_before", text, 6, caller));
    Ok(when.transpose()?.map(|when| Bound::to(when, caller.zone)))
}

/// Returns the day on which this period began, for words like `start of month`.
fn first_of_this(words: &str, today: NaiveDate, zone: Zone) -> Option<NaiveDate> {
    let period = words
        .strip_prefix("start of ")
        .or_else(|| words.strip_prefix("beginning of "))?;
    let period = period.strip_prefix("the ").unwrap_or(period);
    match period.strip_prefix("this ").unwrap_or(period) {
        "week" => Some(today.week(zone.week_start()).first_day()),
        "month" => today.with_day(1),
        "quarter" => today.with_day(1)?.with_month0(today.month0() / 3 * 3),
        "year" => today.with_ordinal(1),
        _ => None,
    }
}

/// Reads a date that lies behind: `monday` and `nov 1` are the latest ones, today too; of a week, the day so many after its first.
fn read_past(
    field: &'static str,
    text: &str,
    day_of_week: u64,
    caller: &Caller,
) -> std::result::Result<When, Invalid> {
    let (now, zone) = (caller.now.as_millis(), caller.zone);
    let words = text.trim().to_lowercase();
    let weeks_ago = match words.as_str() {
        "this week" => Some(0),
        "last week" => Some(1),
        _ => None,
    };
    let today = zone.today(now);
    if let Some(weeks) = weeks_ago {
        let first = today.week(zone.week_start()).first_day();
        return Ok(When::Day(
            first - Days::new(7 * weeks) + Days::new(day_of_week),
        ));
    }
    if let Some(first) = first_of_this(&words, today, zone) {
        return Ok(When::Day(first));
    }
    let read = |now: i64| {
        let reading = When::read(text, now, zone);
        let reading = reading.map_err(|error| Invalid::new(field, error.to_string()))?;
        Ok(reading.when)
    };
    let when = read(now)?;
    let is_to_come = |when: &When| {
        !when.is_past(now, zone) && when.day(zone) != today
            || when.instant(zone).is_some_and(|at| at > now)
    };
    if !is_to_come(&when) || says_ahead(&words) {
        return Ok(when);
    }
    // A time of day is today's, a weekday that of the last week, a day of a month that of the last year.
    for days in [1, 7, 366] {
        let earlier = read(now - days * DAY_MS)?;
        if !is_to_come(&earlier) {
            return Ok(earlier);
        }
    }
    Ok(when)
}

/// Milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Reports whether `words` say that a date lies ahead.
fn says_ahead(words: &str) -> bool {
    const AHEAD: [&str; 7] = ["tomorrow", "tmr", "in", "next", "end", "eow", "eom"];
    words.split_whitespace().any(|word| AHEAD.contains(&word))
}

#[cfg(test)]
mod time_words;
