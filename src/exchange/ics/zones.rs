//! The time zones that a calendar names, and which zones they are.

use std::{collections::BTreeMap, str::FromStr as _};

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, TimeDelta};
use windows_timezones::WindowsTimezone;

use super::property::{Property, printable};
use crate::{
    domain::{
        repeat::Repeat,
        task::Timestamp,
        when::{When, Zone},
    },
    exchange::Notes,
};

/// Names of Windows that are no longer in its list.
const OLD_NAMES: [(&str, &str); 2] = [
    ("kamchatka standard time", "Asia/Kamchatka"),
    ("mid-atlantic standard time", "Atlantic/South_Georgia"),
];
/// Of zones with the same offsets, those whose names people know. A zone without changes of the clocks is an offset.
const WELL_KNOWN: [&str; 20] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Santiago",
    "America/Havana",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Chisinau",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Pacific/Auckland",
];
/// For how many years from now on a zone must have the offsets of a definition to be taken for it.
const YEARS: i32 = 3;

/// What the `VTIMEZONE`s of a file say, by the `TZID`.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Definition>);

/// A `VTIMEZONE`.
#[derive(Debug, Default)]
struct Definition {
    /// Its `X-LIC-LOCATION`.
    location: Option<String>,
    observances: Vec<Observance>,
    /// The zone that it is, once that was looked for.
    zone: Option<Zone>,
}

/// A `STANDARD` or `DAYLIGHT` of it.
#[derive(Debug, Default)]
struct Observance {
    start: NaiveDateTime,
    /// In seconds east of UTC: before it begins, and from then on.
    from: i32,
    to: i32,
    rule: Option<Repeat>,
    /// The last moment at which the rule begins it, in UTC.
    until: Option<NaiveDateTime>,
    /// When it begins besides.
    dates: Vec<NaiveDateTime>,
}

impl Zones {
    /// Takes in the properties of a `VTIMEZONE`, the `BEGIN` of its parts among them.
    pub(super) fn define(&mut self, properties: &[Property]) {
        let mut definition = Definition::default();
        let mut name = None;
        for property in properties {
            let value = property.value.trim();
            match property.name.as_str() {
                "TZID" => name = Some(property.text()),
                "X-LIC-LOCATION" => definition.location = Some(property.text()),
                "BEGIN" => definition.observances.push(Observance::default()),
                _ => {
                    if let Some(observance) = definition.observances.last_mut() {
                        observance.set(&property.name, value);
                    }
                }
            }
        }
        if let Some(name) = name {
            self.0.insert(name, definition);
        }
    }

    /// Finds out which zones they are, for a reader who is `here`.
    pub(super) fn resolve(&mut self, now: Timestamp, here: Zone) {
        for (name, definition) in &mut self.0 {
            let known = iana(name)
                .or_else(|| iana(definition.location.as_deref()?))
                .or_else(|| windows(name));
            definition.zone = known.or_else(|| definition.like(now, here));
        }
    }

    /// Returns how many seconds clocks are ahead of UTC by the definition of that name.
    #[cfg(test)]
    pub(super) fn offset(&self, name: &str, millis: i64) -> Option<i32> {
        Some(self.0.get(name)?.offset(millis))
    }

    /// Returns the time at which a clock shows `wall` in the zone that is called `name`. One that nobody knows is taken as the
    /// reader's, with a note.
    pub(super) fn at(
        &self,
        wall: NaiveDateTime,
        name: &str,
        here: Zone,
        notes: &mut Notes,
    ) -> When {
        let known = || iana(name).or_else(|| windows(name));
        match self.0.get(name) {
            Some(Definition {
                zone: Some(zone), ..
            }) => When::zoned(wall, *zone),
            Some(definition) if !definition.observances.is_empty() => {
                When::At(definition.instant(wall))
            }
            _ => When::zoned(
                wall,
                known().unwrap_or_else(|| {
                    notes.count(format!(
                        "TZID {}: a zone that is not known here was taken as yours, {}",
                        printable(name),
                        here.name()
                    ));
                    here
                }),
            ),
        }
    }
}

impl Observance {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "DTSTART" => self.start = local(value).unwrap_or(self.start),
            "TZOFFSETFROM" => self.from = offset(value).unwrap_or(self.from),
            "TZOFFSETTO" => self.to = offset(value).unwrap_or(self.to),
            "RRULE" => {
                // The end is an instant, and need not be read as one by the rule.
                let parts = value.split(';');
                let (ends, rest): (Vec<&str>, Vec<&str>) =
                    parts.partition(|part| part.to_ascii_uppercase().starts_with("UNTIL="));
                self.until = ends.first().and_then(|end| local(&end[6..]));
                self.rule = Repeat::read(&rest.join(";")).ok();
            }
            "RDATE" => self.dates.extend(value.split(',').filter_map(local)),
            _ => {}
        }
    }

    /// Returns when it began the last time until `until`, in UTC.
    fn last_onset(&self, until: NaiveDateTime) -> Option<NaiveDateTime> {
        let utc = |wall: NaiveDateTime| wall - TimeDelta::seconds(self.from.into());
        let of_rule = |rule: &Repeat| {
            let rule = rule.anchored(&When::Day(self.start.date()), Zone::UTC);
            // What is another year here may be this one in UTC.
            let years = until.year() - 1..=until.year() + 1;
            years
                .filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1))
                .filter_map(|day| Some(rule.first(day, Zone::UTC)?.day(Zone::UTC)))
                .filter(|day| *day >= self.start.date())
                .map(|day| utc(day.and_time(self.start.time())))
                .filter(|at| *at <= until && self.until.is_none_or(|end| *at <= end))
                .max()
        };
        let once = [self.start].into_iter().chain(self.dates.iter().copied());
        let once = once.map(utc).filter(|at| *at <= until).max();
        self.rule.as_ref().and_then(of_rule).max(once)
    }
}

impl Definition {
    /// Returns how many seconds clocks are ahead of UTC at an instant.
    fn offset(&self, millis: i64) -> i32 {
        let Some(at) = chrono::DateTime::from_timestamp_millis(millis) else {
            return 0;
        };
        let at = at.naive_utc();
        let onsets = self
            .observances
            .iter()
            .filter_map(|one| Some((one.last_onset(at)?, one.to)));
        let first = || self.observances.iter().min_by_key(|one| one.start);
        onsets
            .max_by_key(|(at, _)| *at)
            .map(|(_, to)| to)
            .or_else(|| first().map(|one| one.from))
            .unwrap_or_default()
    }

    /// Returns the instant at which a clock shows `wall`.
    fn instant(&self, wall: NaiveDateTime) -> i64 {
        let millis = wall.and_utc().timestamp_millis();
        let before = self.offset(millis - 86_400_000);
        let guess = millis - i64::from(before) * 1000;
        let offset = self.offset(guess);
        let other = millis - i64::from(offset) * 1000;
        // Where the clocks change, what held before counts.
        if self.offset(other) == offset {
            other
        } else {
            guess
        }
    }

    /// Returns a zone that has the offsets of this one in the years to come, the reader's first, then a well-known one; an offset, if it has one alone.
    fn like(&self, now: Timestamp, here: Zone) -> Option<Zone> {
        let first = self.observances.first()?.to;
        if self
            .observances
            .iter()
            .all(|one| one.to == first && one.from == first)
        {
            return Some(Zone::fixed(first));
        }
        let year = here.today(now.as_millis()).year();
        let mut samples = Vec::new();
        for month in 0..YEARS * 12 {
            let day =
                NaiveDate::from_ymd_opt(year + month / 12, month.unsigned_abs() % 12 + 1, 15)?;
            samples.push(
                day.and_time(chrono::NaiveTime::MIN)
                    .and_utc()
                    .timestamp_millis(),
            );
        }
        let first_sample = samples.first().copied()?;
        for year in year..year + YEARS {
            let end = NaiveDate::from_ymd_opt(year, 12, 31)?.and_time(chrono::NaiveTime::MIN);
            let onsets = self
                .observances
                .iter()
                .filter_map(|one| one.last_onset(end));
            for at in onsets.map(|at| at.and_utc().timestamp_millis()) {
                let moments = [at - 1, at].into_iter();
                samples.extend(moments.filter(|at| *at >= first_sample));
            }
        }
        let offsets: Vec<(i64, i32)> = samples
            .into_iter()
            .map(|at| (at, self.offset(at)))
            .collect();
        let fits = |zone: &Zone| {
            offsets
                .iter()
                .all(|(at, offset)| zone.offset(*at) == *offset)
        };
        let known = WELL_KNOWN
            .into_iter()
            .filter_map(|name| Zone::named(name).ok());
        [here]
            .into_iter()
            .chain(known)
            .chain(Zone::all())
            .find(fits)
    }
}

/// Reads a time without a zone, or in UTC.
fn local(value: &str) -> Option<NaiveDateTime> {
    let value = value.trim();
    let value = value.strip_suffix('Z').unwrap_or(value);
    NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").ok()
}

/// Reads `+0530`, `-080000`.
fn offset(value: &str) -> Option<i32> {
    let (sign, digits) = match value.as_bytes().first()? {
        b'+' => (1, &value[1..]),
        b'-' => (-1, &value[1..]),
        _ => return None,
    };
    if !(digits.len() == 4 || digits.len() == 6)
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let two = |at: usize| {
        digits
            .get(at..at + 2)
            .map_or(Some(0), |two| two.parse::<i32>().ok())
    };
    Some(sign * (two(0)? * 3600 + two(2)? * 60 + two(4)?))
}

/// Returns the zone with an IANA name, in any case; some write it after a path of their own.
fn iana(name: &str) -> Option<Zone> {
    let parts: Vec<&str> = name.trim().split('/').collect();
    [parts.len(), 3, 2]
        .into_iter()
        .filter(|count| *count <= parts.len())
        .find_map(|count| Zone::named(&parts[parts.len() - count..].join("/")).ok())
}

/// Returns the zone with a name of Windows, in any case.
fn windows(name: &str) -> Option<Zone> {
    let name = name.trim();
    let (_, iana) = OLD_NAMES
        .into_iter()
        .find(|(old, _)| old.eq_ignore_ascii_case(name))
        .or_else(|| {
            Some((
                "",
                WindowsTimezone::from_str(&capitalized(name))
                    .ok()?
                    .tzdb_id(),
            ))
        })?;
    Zone::named(iana).ok()
}

/// Returns a name as Windows writes it: each word with a capital, but for abbreviations.
fn capitalized(name: &str) -> String {
    const ABBREVIATIONS: [&str; 7] = ["AUS", "FLE", "GMT", "GTB", "SA", "SE", "US"];
    let words = name.split_whitespace().map(|word| {
        let upper = word.to_ascii_uppercase();
        if ABBREVIATIONS.contains(&upper.as_str()) || upper.starts_with("UTC") {
            return upper;
        }
        let mut word = word.to_ascii_lowercase();
        if let Some(first) = word.find(|c: char| c.is_ascii_alphabetic()) {
            word[first..=first].make_ascii_uppercase();
        }
        word
    });
    words.collect::<Vec<_>>().join(" ")
}
