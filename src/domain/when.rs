//! When a task is due: a calendar date, a time on the wall of a place, or an instant; read from the words people use.
//!
//! `words` takes a text apart: fillers, the time of day, several readings of one text. `day` reads the words of days and
//! spans, `clock` times of day, `elsewhere` what is shown beside a time of another place.
//!
//! # Invariants
//!
//! - Nothing here reads a clock, a file or the environment, but [`Zone::system`]: the time and the zone are arguments.
//! - A calendar date has no zone and is never shifted by one.
//! - A time that somebody names is the wall clock of a place, and stays that: which instant it is, and what the clocks do
//!   on its day, is worked out when it is asked for.
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
//! - What a list shows behind a time, as in `Sat 02:00 (Fri 17:00 Los Angeles)`, is where the time was said, and must agree.
//! - A time the clocks skip is shifted forward by as much, one they show twice is the first; both with a note.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use serde::{Deserialize, Serialize};

pub(crate) mod calendar_words;
mod clock;
mod day;
pub(crate) mod day_in;
mod elsewhere;
mod place;
mod words;
mod zone;

pub(crate) use day_in::Seen;
pub(crate) use elsewhere::said_once;
pub use place::Place;
pub(crate) use place::{is_city, is_place};
pub(crate) use words::{is_filler, is_word, take_time, time_alone};
use zone::Fit;
pub(crate) use zone::OffsetChange;
pub use zone::{DateOrder, UnknownZone, Zone};

/// The longest text that is read, in characters.
pub(crate) const MAX_CHARS: usize = 200;

const EARLIEST: i64 = 0;
pub(crate) const LATEST: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

/// A calendar date, or a time of day on one. Written as `2026-12-24`, `2026-12-24T17:00[Europe/Berlin]`,
/// `2026-12-24T17:00[-08:00]`, `2026-12-24T17:00` or `2026-12-24T17:00:00.000Z`, with seconds where there are some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum When {
    /// A day, whatever the zone.
    Day(NaiveDate),
    /// An instant, in milliseconds since the Unix epoch, UTC.
    At(i64),
    /// What a clock on the wall of a place shows, to the second. [`When::zoned`] makes it.
    Zoned(NaiveDateTime, Zone),
    /// What a clock on the wall shows, wherever the reader is; to the second.
    Floating(NaiveDateTime),
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

    /// Refuses a text that is longer than any that is read.
    pub(crate) fn too_long(text: &str, most: usize) -> Self {
        let count = text.chars().count();
        Self::new(text, format!("has {count} characters, {most} are the most"))
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

    /// Returns the time at which a clock on the wall shows `wall` in `zone`.
    pub fn zoned(wall: NaiveDateTime, zone: Zone) -> Self {
        Self::Zoned(wall, zone.place())
    }

    /// Returns the time at which a clock shows `wall` that is `offset` seconds ahead of UTC: one of `reader`, if the clocks there
    /// have that offset then; an instant, if it is UTC otherwise.
    pub(crate) fn with_offset(wall: NaiveDateTime, offset: i32, reader: Zone) -> Self {
        let (here, there) = (
            Self::zoned(wall, reader),
            Self::zoned(wall, Zone::fixed(offset)),
        );
        match there.instant(reader) {
            millis if millis == here.instant(reader) => here,
            Some(millis) if offset == 0 => Self::At(millis),
            _ => there,
        }
    }

    /// Returns the zone in which it is a date or a time; where it names none, that of the `reader`.
    pub(crate) fn zone(&self, reader: Zone) -> Zone {
        match *self {
            Self::Zoned(_, zone) => zone.with_week_start(reader.week_start()),
            Self::Day(_) | Self::At(_) | Self::Floating(_) => reader,
        }
    }

    /// Returns the instant, in ms since the Unix epoch, for a reader in `zone`; `None` for a day. A time that the clocks skip
    /// is read as if they had not been changed yet, one that they show twice is the first.
    pub fn instant(&self, zone: Zone) -> Option<i64> {
        match *self {
            Self::Day(_) => None,
            Self::At(millis) => Some(millis),
            Self::Zoned(wall, zone) => Some(zone.instant(wall).0),
            Self::Floating(wall) => Some(zone.instant(wall).0),
        }
    }

    /// Returns an instant as the time it is in `zone`; a day, what is a time already, and what the calendar there does not hold,
    /// as it is.
    #[must_use]
    pub(crate) fn settled(self, zone: Zone) -> Self {
        let Self::At(millis) = self else { return self };
        let there = Self::zoned(zone.wall(millis), zone);
        if there.is_in_range() { there } else { self }
    }

    /// Returns it on another day, at the same time of day; of an instant, the one in `zone`.
    #[must_use]
    pub(crate) fn on(&self, day: NaiveDate, zone: Zone) -> Self {
        match *self {
            Self::Day(_) => Self::Day(day),
            Self::At(at) => Self::At(zone.instant(day.and_time(zone.wall(at).time())).0),
            Self::Zoned(wall, zone) => Self::Zoned(day.and_time(wall.time()), zone),
            Self::Floating(wall) => Self::Floating(day.and_time(wall.time())),
        }
    }

    /// Returns the time at which clocks show `wall` where this one is; the same as it is for a day.
    #[must_use]
    pub(crate) fn at_time(&self, wall: NaiveDateTime) -> Self {
        match *self {
            Self::Zoned(_, zone) => Self::Zoned(wall, zone),
            Self::Floating(_) => Self::Floating(wall),
            Self::Day(_) | Self::At(_) => *self,
        }
    }

    /// Reports whether it is over: a time before `now_ms`, a day before today.
    pub fn is_past(&self, now_ms: i64, zone: Zone) -> bool {
        match self.instant(zone) {
            None => self.day(zone) < zone.today(now_ms),
            Some(millis) => millis < now_ms,
        }
    }

    /// Reports whether it has come: a time up to `now_ms`, a day up to today.
    pub fn has_come(&self, now_ms: i64, zone: Zone) -> bool {
        match self.instant(zone) {
            None => self.day(zone) <= zone.today(now_ms),
            Some(millis) => millis <= now_ms,
        }
    }

    /// Returns the calendar date, as seen in `zone`.
    pub fn day(&self, zone: Zone) -> NaiveDate {
        match *self {
            Self::Day(day) => day,
            Self::Floating(wall) => wall.date(),
            Self::Zoned(wall, place) if place == zone.place() => wall.date(),
            Self::At(_) | Self::Zoned(..) => zone.today(self.instant(zone).unwrap_or_default()),
        }
    }

    /// Returns which kind of date it is, as a number: 0 an instant, also a time of a zone; 1 a day; 2 a time on the wall
    /// wherever the reader is. Two of one kind come in the same order in every zone.
    pub fn kind(&self) -> u8 {
        match *self {
            Self::At(_) | Self::Zoned(..) => 0,
            Self::Day(_) => 1,
            Self::Floating(_) => 2,
        }
    }

    /// Returns a key that sorts dates and times together, in ms since the Unix epoch: a day by its last moment in `zone`.
    pub fn order(&self, zone: Zone) -> i64 {
        let end = || zone.begin(self.day(zone).succ_opt().unwrap_or(NaiveDate::MAX)) - 1;
        self.instant(zone).unwrap_or_else(end)
    }

    /// Returns it with the weekday and without the year, if that is the current one: `Fri 11-27`, `Fri 11-27 17:00`,
    /// `Fri 11-27 17:00 (08:00 Los Angeles)`.
    pub fn show_short(&self, now_ms: i64, zone: Zone) -> String {
        let day = self.day(zone);
        let same_year = day.year() == zone.today(now_ms).year();
        let date = day.format(if same_year { "%a %m-%d" } else { "%a %Y-%m-%d" });
        match self.time(zone) {
            None => date.to_string(),
            Some(time) => format!("{date} {time}"),
        }
    }

    /// Returns the time of day: `17:00` where the reader is, and beside it the one of its own zone where that differs:
    /// `17:00 (08:00 Los Angeles)`. `None` for a day.
    pub fn time(&self, zone: Zone) -> Option<String> {
        let here = zone.at(self.instant(zone)?).format("%H:%M");
        Some(match self.elsewhere(zone) {
            None => here.to_string(),
            Some(there) => format!("{here} {there}"),
        })
    }

    /// Returns what clocks show where it was said, if that is not what they show in `zone`: `(08:00 Los Angeles)`, with the
    /// weekday where that is another.
    fn elsewhere(&self, zone: Zone) -> Option<String> {
        let Self::Zoned(wall, place) = *self else {
            return None;
        };
        let (here, there) = (
            zone.wall(self.instant(zone)?),
            place.wall(self.instant(zone)?),
        );
        let form = if wall.date() == here.date() {
            "%H:%M"
        } else {
            "%a %H:%M"
        };
        (here != there).then(|| format!("({} {})", there.format(form), place.city()))
    }

    /// Returns the name of its zone, if that is not `zone`; `floating` if it is a time wherever the reader is.
    pub fn other_zone(&self, zone: Zone) -> Option<&'static str> {
        match *self {
            Self::Zoned(_, place) => (place != zone.place()).then(|| place.name()),
            Self::Floating(_) => Some("floating"),
            Self::Day(_) | Self::At(_) => None,
        }
    }

    /// Returns it as ISO 8601 alone: `2026-11-27`, or RFC 3339 with the offset of the zone.
    pub fn iso(&self, zone: Zone) -> String {
        match self.instant(zone) {
            None => self.to_string(),
            Some(millis) => zone
                .at(millis)
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        }
    }

    /// Returns the time at which a clock on the wall of a place shows `wall`; `reader` is where the user is.
    pub(crate) fn in_place(wall: NaiveDateTime, place: Place, reader: Zone) -> Self {
        match place {
            Place::Here => Self::zoned(wall, reader),
            Place::In(zone) if zone.is_offset() => {
                Self::with_offset(wall, zone.offset(EARLIEST), reader)
            }
            Place::In(zone) => Self::zoned(wall, zone),
            Place::Floating => Self::Floating(wall),
        }
    }

    /// Returns the instant at which `day` begins in `zone`.
    pub fn begin_of(day: NaiveDate, zone: Zone) -> Self {
        Self::At(zone.begin(day))
    }

    /// Returns it in full, with the weekday: `Fri 2026-11-27`, `Fri 2026-11-27 17:00 +01:00`, and the time of its own zone where
    /// that differs: `Fri 2026-11-27 17:00 +01:00 (08:00 Los Angeles)`. A time without a zone is `17:00 local time`.
    pub fn show(&self, zone: Zone) -> String {
        let Some(millis) = self.instant(zone) else {
            return self.day(zone).format("%a %Y-%m-%d").to_string();
        };
        let here = zone.at(millis).format("%a %Y-%m-%d %H:%M");
        match (self, self.elsewhere(zone)) {
            (Self::Floating(_), _) => format!("{here} local time"),
            (_, None) => format!("{here} {}", zone.at(millis).format("%:z")),
            (_, Some(there)) => format!("{here} {} {there}", zone.at(millis).format("%:z")),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Day(day) => day.format("%Y-%m-%d").fmt(f),
            Self::At(millis) => utc(millis).format("%Y-%m-%dT%H:%M:%S%.3fZ").fmt(f),
            Self::Floating(wall) if wall.second() == 0 => wall.format("%Y-%m-%dT%H:%M").fmt(f),
            Self::Floating(wall) => wall.format("%Y-%m-%dT%H:%M:%S").fmt(f),
            Self::Zoned(wall, zone) => write!(f, "{}[{}]", Self::Floating(wall), zone.name()),
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
        match stored(text) {
            Some(when) if when.is_in_range() && when.to_string() == text => Ok(when),
            _ => Err(Unreadable::no_date(text)),
        }
    }
}

/// Reads the written form, and what is near it.
fn stored(text: &str) -> Option<When> {
    if let Some((wall, zone)) = text.split_once('[') {
        let zone = Zone::of_text(zone.strip_suffix(']')?).ok()?;
        return Some(When::zoned(clock_on_wall(wall)?, zone));
    }
    if text.len() == 10 {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        return day.ok().map(When::Day);
    }
    match text.strip_suffix('Z') {
        None => clock_on_wall(text).map(When::Floating),
        Some(at) => NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S%.3f")
            .ok()
            .map(|at| When::At(at.and_utc().timestamp_millis())),
    }
}

fn clock_on_wall(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .ok()
}

impl When {
    fn is_in_range(&self) -> bool {
        let has_year = match self {
            Self::Zoned(wall, _) | Self::Floating(wall) => (0..=9999).contains(&wall.year()),
            Self::Day(_) | Self::At(_) => true,
        };
        has_year && (EARLIEST..=LATEST).contains(&self.order(Zone::UTC))
    }
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
