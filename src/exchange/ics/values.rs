//! What properties hold: dates, times, durations and words.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};

use super::{property::Property, zones::Zones};
use crate::{
    domain::{
        task::{Invalid, Priority, Status, Timestamp},
        when::{When, Zone},
    },
    exchange::Notes,
};

/// Reads dates and times as the file means them, for a reader in a place.
#[derive(Clone, Copy)]
pub(super) struct Dates<'a> {
    /// Where the reader is.
    pub(super) here: Zone,
    /// The zones that the file names.
    pub(super) zones: &'a Zones,
}

impl Dates<'_> {
    /// Reads a date or a time.
    pub(super) fn when(
        self,
        property: &Property,
        field: &'static str,
        notes: &mut Notes,
    ) -> Result<When, Invalid> {
        let value = property.value.trim();
        if let Ok(day) = NaiveDate::parse_from_str(value, "%Y%m%d") {
            return checked(When::Day(day), field);
        }
        let (local, is_utc) = match value.strip_suffix(['Z', 'z']) {
            Some(local) => (local, true),
            None => (value, false),
        };
        let wall = NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").map_err(|_| Invalid {
            field,
            reason: "is no date like 20261224 and no time like 20261224T170000Z".to_owned(),
        })?;
        let when = match property.parameter("TZID") {
            _ if is_utc => When::At(wall.and_utc().timestamp_millis()),
            Some(name) => self.zones.at(wall, name, self.here, notes),
            None => When::Floating(wall),
        };
        checked(when, field)
    }

    /// Reads an instant; a day is its last one.
    pub(super) fn instant(
        self,
        property: &Property,
        field: &'static str,
        notes: &mut Notes,
    ) -> Result<Timestamp, Invalid> {
        let when = self.when(property, field, notes)?;
        Ok(Timestamp::from_millis(when.order(self.here)))
    }
}

/// Refuses what lies outside the years a task may have.
pub(super) fn checked(when: When, field: &'static str) -> Result<When, Invalid> {
    when.to_string()
        .parse()
        .ok()
        .filter(|again| *again == when)
        .ok_or_else(|| Invalid {
            field,
            reason: "is outside the years 1970 to 9999".to_owned(),
        })
}

/// A length of time (RFC 5545, 3.3.6): days on the wall clock, then exact seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    days: u64,
    seconds: i64,
}

impl Length {
    /// Reads `P3D`, `P2W`, `P1DT2H30M`. One that goes back is refused: nothing is due before it begins.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
        let (date, time) = text.split_once('T').unwrap_or((text, ""));
        let mut days = 0_u64;
        let mut seconds = 0_i64;
        for (count, unit) in parts(date)? {
            let times = match unit {
                'W' => 7,
                'D' => 1,
                _ => return None,
            };
            days = days.checked_add(u64::from(count) * times)?;
        }
        for (count, unit) in parts(time)? {
            let times = match unit {
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return None,
            };
            seconds = seconds.checked_add(i64::from(count) * times)?;
        }
        (!text.is_empty()).then_some(Self { days, seconds })
    }

    /// Returns the time so long after `start`; `None` where no calendar has it.
    pub(super) fn after(self, start: &When) -> Option<When> {
        let days = |wall: NaiveDateTime| wall.checked_add_days(Days::new(self.days));
        let seconds = TimeDelta::try_seconds(self.seconds)?;
        Some(match *start {
            When::Day(day) if self.seconds == 0 => {
                When::Day(day.checked_add_days(Days::new(self.days))?)
            }
            When::Day(day) => When::Floating(days(day.into())?.checked_add_signed(seconds)?),
            When::Floating(wall) => When::Floating(days(wall)?.checked_add_signed(seconds)?),
            When::Zoned(wall, zone) => {
                let begin = zone.instant(days(wall)?).0;
                When::zoned(zone.wall(begin.checked_add(self.seconds * 1000)?), zone)
            }
            When::At(at) => {
                let begin = days(Zone::UTC.wall(at))?.checked_add_signed(seconds)?;
                When::At(begin.and_utc().timestamp_millis())
            }
        })
    }
}

/// Takes `1H30M` apart.
fn parts(mut text: &str) -> Option<Vec<(u32, char)>> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let unit = text[end..].chars().next()?;
        parts.push((text[..end].parse().ok()?, unit));
        text = &text[end + unit.len_utf8()..];
    }
    Some(parts)
}

pub(super) fn status(value: &str) -> Result<Status, Invalid> {
    match value.trim().to_ascii_uppercase().as_str() {
        "NEEDS-ACTION" => Ok(Status::Pending),
        "IN-PROCESS" => Ok(Status::InProgress),
        "COMPLETED" => Ok(Status::Completed),
        "CANCELLED" => Ok(Status::Cancelled),
        _ => Err(Invalid {
            field: "STATUS",
            reason: "is none of NEEDS-ACTION, IN-PROCESS, COMPLETED, CANCELLED".to_owned(),
        }),
    }
}

pub(super) fn priority(value: &str) -> Result<Option<Priority>, Invalid> {
    match value.trim().parse::<u8>() {
        Ok(0) => Ok(None),
        Ok(1..=4) => Ok(Some(Priority::High)),
        Ok(5) => Ok(Some(Priority::Medium)),
        Ok(6..=9) => Ok(Some(Priority::Low)),
        _ => Err(Invalid {
            field: "PRIORITY",
            reason: "is no number from 0 to 9".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_days_on_the_wall_clock_and_exact_hours() {
        let when = |text: &str| text.parse::<When>().unwrap();
        // The clocks go forward on Sunday, March 28, 2027.
        let start = "2027-03-27T12:00[Europe/Berlin]";
        let cases = [
            (start, "P1D", Some("2027-03-28T12:00[Europe/Berlin]")),
            (start, "PT24H", Some("2027-03-28T13:00[Europe/Berlin]")),
            (start, "P1DT1H", Some("2027-03-28T13:00[Europe/Berlin]")),
            (start, "+P2W", Some("2027-04-10T12:00[Europe/Berlin]")),
            ("2027-03-27T12:00", "P1W2D", Some("2027-04-05T12:00")),
            (
                "2027-03-27T12:00:00.000Z",
                "PT36H",
                Some("2027-03-29T00:00:00.000Z"),
            ),
            ("2026-12-01", "P3D", Some("2026-12-04")),
            ("2026-12-01", "PT30H", Some("2026-12-02T06:00")),
            (start, "-P1D", None),
            (start, "P", None),
            (start, "P1M", None),
            (start, "1D", None),
            (start, "P1", None),
        ];
        for (start, text, expected) in cases {
            let due = Length::read(text).and_then(|length| length.after(&when(start)));
            assert_eq!(due, expected.map(when), "{start} {text}");
        }
    }
}
