//! When a task is due: a calendar date or an instant, read from the words people use.
//!
//! `words` takes a text apart: fillers, the time of day, several readings of one text. `day` reads the words of days and
//! spans, `clock` times of day.
//!
//! # Invariants
//!
//! - Nothing here reads a clock, a file or the environment, but [`Zone::system`]: the time and the zone are arguments.
//! - A calendar date has no zone and is never shifted by one.
//! - Reading never panics, and what is read lies in the years 1970 to 9999.
//! - What can be read in several ways is either refused or comes with a note that says what was taken.
//!
//! # How words are read
//!
//! - A weekday is the next such day, never today: `fri` on a Friday is a week away, with a note. Weeks begin on Monday;
//!   `next fri` is the Friday of the next week, with a note; `next week` is its Monday, `end of week` its last day.
//! - A date without a year is the next such date, today included. `3/4` is refused, `12/24` read with a note.
//! - A time without a day is today, or tomorrow when it has passed, with a note. `midnight` is the end of its day, 23:59.
//! - `in 2 hours` is an instant, on the full minute; `in 2 days` a calendar date.
//! - A time the clocks skip is shifted forward by as much, one they show twice is the first; both with a note.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

pub(crate) mod calendar_words;
mod clock;
mod day;
mod words;
mod zone;

use zone::Fit;
pub use zone::{UnknownZone, Zone};

/// The longest text that is read, in characters.
pub(crate) const MAX_CHARS: usize = 200;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
const EARLIEST: i64 = 0;
pub(crate) const LATEST: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

/// A calendar date, or an instant. Written as `2026-12-24` or `2026-12-24T17:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum When {
    /// A day, whatever the zone.
    Day(NaiveDate),
    /// An instant, in milliseconds since the Unix epoch, UTC.
    At(i64),
}

/// What a text was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The date or instant.
    pub when: When,
    /// What the reader should know: the text had several readings, or what it names is past. `None` when all is plain.
    pub note: Option<String>,
}

/// A text that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" {reason}")]
pub struct Unreadable {
    /// The text as given, without control characters, shortened.
    pub text: String,
    /// What is wrong with it; reads on after the text.
    pub reason: String,
}

impl Unreadable {
    pub(crate) fn new(text: &str, reason: impl Into<String>) -> Self {
        Self {
            text: printable(text, 40),
            reason: reason.into(),
        }
    }

    fn no_date(text: &str) -> Self {
        Self::new(
            text,
            "is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, \
             end of month or jun 5",
        )
    }
}

impl When {
    /// Reads a date or a time as people say them, seen from `now_ms` in `zone`.
    pub fn read(text: &str, now_ms: i64, zone: Zone) -> Result<Reading, Unreadable> {
        words::read(text, now_ms, zone)
    }

    /// Reports whether it is over: an instant before `now_ms`, a day before today.
    pub fn is_past(&self, now_ms: i64, zone: Zone) -> bool {
        match *self {
            Self::Day(day) => day < zone.today(now_ms),
            Self::At(millis) => millis < now_ms,
        }
    }

    /// Reports whether it has come: an instant up to `now_ms`, a day up to today.
    pub fn has_come(&self, now_ms: i64, zone: Zone) -> bool {
        match *self {
            Self::Day(day) => day <= zone.today(now_ms),
            Self::At(millis) => millis <= now_ms,
        }
    }

    /// Returns the calendar date, as seen in `zone`.
    pub fn day(&self, zone: Zone) -> NaiveDate {
        match *self {
            Self::Day(day) => day,
            Self::At(millis) => zone.today(millis),
        }
    }

    /// Returns which kind of date it is, as a number: 0 an instant, also a time of a zone; 1 a day; 2 a time on the wall
    /// wherever the reader is. Two of one kind come in the same order in every zone.
    pub fn kind(&self) -> u8 {
        match *self {
            Self::At(_) => 0,
            Self::Day(_) => 1,
        }
    }

    /// Returns a key that sorts dates and instants together, in ms since the Unix epoch: a day by its last moment in
    /// `zone`.
    pub fn order(&self, zone: Zone) -> i64 {
        match *self {
            Self::Day(day) => zone.begin(day.succ_opt().unwrap_or(day)) - 1,
            Self::At(millis) => millis,
        }
    }

    /// Returns it with the weekday and without the year, if that is the current one: `Fri 11-27`, `Fri 11-27 17:00`.
    pub fn show_short(&self, now_ms: i64, zone: Zone) -> String {
        use chrono::Datelike as _;
        let day = self.day(zone);
        let same_year = day.year() == zone.today(now_ms).year();
        let date = day.format(if same_year { "%a %m-%d" } else { "%a %Y-%m-%d" });
        match *self {
            Self::Day(_) => date.to_string(),
            Self::At(millis) => format!("{date} {}", zone.at(millis).format("%H:%M")),
        }
    }

    /// Returns it as ISO 8601 alone: `2026-11-27`, or RFC 3339 with the offset of the zone.
    pub fn iso(&self, zone: Zone) -> String {
        match *self {
            Self::Day(_) => self.to_string(),
            Self::At(millis) => zone
                .at(millis)
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        }
    }

    /// Returns the instant at which `day` begins in `zone`.
    pub fn begin_of(day: NaiveDate, zone: Zone) -> Self {
        Self::At(zone.begin(day))
    }

    /// Returns it moved by so many milliseconds; a day by whole days, an instant on the wall clock.
    #[must_use]
    pub fn moved_by(&self, millis: i64, zone: Zone) -> Self {
        let delta = chrono::TimeDelta::milliseconds(millis);
        match *self {
            Self::Day(day) => Self::Day(
                day.checked_add_signed(chrono::TimeDelta::days(
                    (millis + DAY_MILLIS / 2).div_euclid(DAY_MILLIS),
                ))
                .unwrap_or(day),
            ),
            Self::At(at) => zone
                .wall(at)
                .checked_add_signed(delta)
                .map_or(*self, |wall| Self::At(zone.instant(wall).0)),
        }
    }

    /// Returns it in full, with the weekday: `Fri 2026-11-27` or `Fri 2026-11-27 17:00 +01:00`.
    pub fn show(&self, zone: Zone) -> String {
        match *self {
            Self::Day(day) => day.format("%a %Y-%m-%d").to_string(),
            Self::At(millis) => zone.at(millis).format("%a %Y-%m-%d %H:%M %:z").to_string(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Day(day) => day.format("%Y-%m-%d").fmt(f),
            Self::At(millis) => utc(millis).format("%Y-%m-%dT%H:%M:%S%.3fZ").fmt(f),
        }
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.to_string()
    }
}

impl TryFrom<String> for When {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        text.parse()
    }
}

impl std::str::FromStr for When {
    type Err = Unreadable;

    /// Reads the written form and no other; for what people write there is [`When::read`].
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let when = if text.len() == 10 {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self::Day)
        } else {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3fZ")
                .map(|at| Self::At(at.and_utc().timestamp_millis()))
        };
        match when {
            Ok(when) if when.is_in_range() && when.to_string() == text => Ok(when),
            _ => Err(Unreadable::no_date(text)),
        }
    }
}

impl When {
    fn is_in_range(&self) -> bool {
        let millis = match *self {
            Self::Day(_) => self.order(Zone::UTC),
            Self::At(millis) => millis,
        };
        (EARLIEST..=LATEST).contains(&millis)
    }
}

/// Reads a date given in full, year included; the same whenever it is read.
pub(crate) fn full_date(words: &[&str]) -> Option<NaiveDate> {
    let found = day::find(words, NaiveDate::default(), chrono::Weekday::Mon).ok()?;
    found.full.then_some(found.day)
}

/// Returns the wall clock of UTC at `millis`; a moment outside the years 1970 to 9999 becomes the nearest inside.
fn utc(millis: i64) -> NaiveDateTime {
    let millis = millis.clamp(EARLIEST, LATEST);
    DateTime::from_timestamp_millis(millis).map_or(NaiveDateTime::MIN, |at| at.naive_utc())
}

/// Returns at most `max` characters of `text` for a message, in one line, without those that cannot be seen.
fn printable(text: &str, max: usize) -> String {
    let cleaned = crate::domain::text::clean(text).text;
    let mut chars = cleaned.trim().chars().filter(|c| !c.is_control());
    let mut kept: String = chars.by_ref().take(max).collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
pub(crate) mod any;
#[cfg(test)]
pub(crate) mod tests;
