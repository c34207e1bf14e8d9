//! Days named within other words: where a rule starts and ends.

use chrono::NaiveDate;

use super::{
    Zone,
    day::{self, Refused, Span},
};

/// The day from which words are seen, and how the user reckons days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The moment, in ms since the Unix epoch.
    pub(crate) now: i64,
    pub(crate) today: NaiveDate,
    pub(crate) zone: Zone,
}

/// A day, and whether it was named in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayIn {
    pub(crate) day: NaiveDate,
    /// Whether the words name this day whenever they are said.
    pub(crate) is_sure: bool,
}

/// Reads the day that lowercase words name; a reason of a refusal reads on after the text, `None` is no words of a date.
pub(crate) fn read(words: &[&str], seen: &Seen) -> Result<DayIn, Option<String>> {
    let reason = |refused| match refused {
        Refused::Unknown => None,
        Refused::Because(reason) => Some(reason),
    };
    match day::span(words, seen.today) {
        Some(Ok(Span::To(day))) => Ok(DayIn {
            day,
            is_sure: false,
        }),
        Some(Ok(Span::Clock(_))) => Err(None),
        Some(Err(refused)) => Err(reason(refused)),
        None => {
            let found = day::find(words, seen.today, seen.zone.habits()).map_err(reason)?;
            Ok(DayIn {
                day: found.day,
                is_sure: found.full,
            })
        }
    }
}

/// Reads a date given in full, year included; the same whenever it is read.
pub(crate) fn read_full(words: &[&str]) -> Option<NaiveDate> {
    let found = day::find(words, NaiveDate::default(), Zone::UTC.habits()).ok()?;
    found.full.then_some(found.day)
}

/// Returns the day so long after `first`, for words like `2 weeks`; `None` when they are no days.
pub(crate) fn after(words: &[&str], first: NaiveDate) -> Option<NaiveDate> {
    match day::span(words, first)? {
        Ok(Span::To(day)) => Some(day),
        _ => None,
    }
}
