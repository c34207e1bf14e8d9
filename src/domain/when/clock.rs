//! Times of day: `17:30`, `5pm`, `noon`, `in the evening`, with or without an offset from UTC.

use std::ops::{Range, RangeInclusive};

use chrono::{NaiveTime, Timelike};

use super::calendar_words::number;

/// A time of day as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// What the clock shows.
    pub(super) time: NaiveTime,
    /// `24:00`: the day after the one named.
    pub(super) next_day: bool,
    /// Seconds east of UTC, where the text says so.
    pub(super) offset: Option<i32>,
    /// Whether the word could mean another time.
    pub(super) vague: bool,
    /// What says whether the hour is before noon or after it.
    pub(super) half: Half,
}

/// What says whether an hour is before noon or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// The time itself: `7pm`, `19:30`.
    Said,
    /// Nothing, and it is before noon unless a part of the day says otherwise: `7:30`.
    Usual,
    /// Nothing but a part of the day can: `at 7`.
    Open,
}

impl Half {
    /// Returns what is known of an hour of a clock of 24 hours.
    fn of(hour: u32) -> Self {
        if TWICE_A_DAY.contains(&hour) {
            Self::Usual
        } else {
            Self::Said
        }
    }
}

/// The hours that clocks of 12 hours show twice a day.
const TWICE_A_DAY: RangeInclusive<u32> = 1..=12;

impl Clock {
    fn exact(hour: u32, minute: u32) -> Option<Self> {
        Some(Self {
            time: NaiveTime::from_hms_opt(hour, minute, 0)?,
            next_day: false,
            offset: None,
            vague: false,
            half: Half::Said,
        })
    }

    fn vague(hour: u32, minute: u32) -> Option<Self> {
        Some(Self {
            vague: true,
            ..Self::exact(hour, minute)?
        })
    }

    /// Reads one word, lowercase.
    pub(super) fn read(word: &str) -> Option<Self> {
        match word {
            "noon" | "midday" => return Self::exact(12, 0),
            // the end of the day it is said of: as 00:00 it would show as the day after
            "midnight" => return Self::vague(23, 59),
            _ => {}
        }
        if let Some(body) = word.strip_suffix("am") {
            return twelve_hours(body, 0);
        }
        if let Some(body) = word.strip_suffix("pm") {
            return twelve_hours(body, 12);
        }
        // "17h30"
        if let Some((hour, minute)) = word.split_once('h')
            && minute.len() == 2
        {
            let hour = number(hour)?;
            return Some(Self {
                half: Half::of(hour),
                ..Self::exact(hour, number(minute)?)?
            });
        }
        let (clock, offset) = match word.find(['z', '+', '-']) {
            Some(at) => (&word[..at], Some(offset(&word[at..])?)),
            None => (word, None),
        };
        Some(Self {
            offset,
            ..full(clock)?
        })
    }

    /// Returns the time of `17h`.
    pub(super) fn of_hour(hour: u32) -> Option<Self> {
        Some(Self {
            half: Half::of(hour),
            ..Self::vague(hour, 0)?
        })
    }

    /// Returns the time of `at 17`, or of `at 7`, whose half of the day is open.
    pub(super) fn at_hour(hour: u32) -> Option<Self> {
        let clock = Self::of_hour(hour)?;
        Some(match clock.half {
            Half::Said => clock,
            Half::Usual | Half::Open => Self {
                half: Half::Open,
                ..clock
            },
        })
    }

    /// Returns the same time of day at another hour, which is known now.
    fn at(self, hour: u32) -> Option<Self> {
        Some(Self {
            time: self.time.with_hour(hour)?,
            vague: true,
            half: Half::Said,
            ..self
        })
    }
}

/// A part of the day.
pub(super) struct PartOfDay {
    /// The hour it stands for alone.
    usual: u32,
    /// The hours it may be said of.
    hours: Range<u32>,
    /// Whether it names today too.
    pub(super) tonight: bool,
}

impl PartOfDay {
    pub(super) fn named(word: &str) -> Option<Self> {
        let (usual, hours) = match word {
            "morning" => (9, 0..12),
            "afternoon" => (15, 12..18),
            "evening" => (19, 16..24),
            "night" | "tonight" => (21, 18..24),
            _ => return None,
        };
        Some(Self {
            usual,
            hours,
            tonight: word == "tonight",
        })
    }

    /// Returns `clock` in this part of the day, which says the half where nothing else does: `at 7 in the evening`. Where there is
    /// no clock it is the usual time; `None` if the two do not agree.
    pub(super) fn at(&self, clock: Option<Clock>) -> Option<Clock> {
        let Some(clock) = clock else {
            return Clock::vague(self.usual, 0);
        };
        let hour = clock.time.hour();
        if clock.half != Half::Open && self.hours.contains(&hour) {
            return Some(clock);
        }
        if clock.half == Half::Said {
            return None;
        }
        let mut hours = [hour % 12, hour % 12 + 12].into_iter();
        let hour = hours.find(|hour| self.hours.contains(hour))?;
        clock.at(hour)
    }
}

/// Reads `z`, `utc`, `+01:00`, `-0500`, `+01` or `utc+1` as seconds east of UTC.
pub(super) fn offset(word: &str) -> Option<i32> {
    if matches!(word, "z" | "utc" | "gmt") {
        return Some(0);
    }
    let named = word.strip_prefix("utc").or(word.strip_prefix("gmt"));
    let word = named.unwrap_or(word);
    let (sign, body) = match word.as_bytes().first()? {
        b'+' => (1, &word[1..]),
        b'-' => (-1, &word[1..]),
        _ => return None,
    };
    // `+1` alone may be anything.
    let is_hours = |hours: &str| hours.len() == 2 || (hours.len() == 1 && named.is_some());
    let (hours, minutes) = match body.split_once(':') {
        Some((hours, minutes)) if is_hours(hours) && minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if is_hours(body) => (body, "0"),
        None => (
            body.get(..2)?,
            body.get(2..).filter(|rest| rest.len() == 2)?,
        ),
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 15 || minutes > 59 {
        return None;
    }
    i32::try_from(hours * 3600 + minutes * 60)
        .ok()
        .map(|seconds| sign * seconds)
}

/// Reads `5`, `5:30` or `5.30` before am or pm.
fn twelve_hours(body: &str, half: u32) -> Option<Clock> {
    let (hour, minute) = match body.split_once([':', '.']) {
        Some((hour, minute)) if minute.len() == 2 => (number(hour)?, number(minute)?),
        Some(_) => return None,
        None => (number(body)?, 0),
    };
    if !(1..=12).contains(&hour) {
        return None;
    }
    Clock::exact(hour % 12 + half, minute)
}

/// Reads `17:30`, `17:30:15` or `17:30:15.250`; seconds are kept, what is below them is not.
fn full(word: &str) -> Option<Clock> {
    let mut parts = word.split(':');
    let hour = number(parts.next()?)?;
    let minute = parts.next().filter(|part| part.len() == 2)?;
    let minute = number(minute)?;
    let second = match parts.next() {
        Some(part) => {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, "0"));
            if whole.len() != 2
                || fraction.is_empty()
                || !fraction.bytes().all(|b| b.is_ascii_digit())
            {
                return None;
            }
            number(whole)?
        }
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    let next_day = (hour, minute, second) == (24, 0, 0);
    Some(Clock {
        time: NaiveTime::from_hms_opt(if next_day { 0 } else { hour }, minute, second)?,
        next_day,
        half: Half::of(hour),
        ..Clock::exact(0, 0)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_from_what_people_write() {
        let cases = [
            ("17:30", Some("17:30:00")),
            ("7:05", Some("07:05:00")),
            ("00:00", Some("00:00:00")),
            ("17:30:15.250", Some("17:30:15")),
            ("5pm", Some("17:00:00")),
            ("5:30pm", Some("17:30:00")),
            ("9.15am", Some("09:15:00")),
            ("12am", Some("00:00:00")),
            ("12pm", Some("12:00:00")),
            ("noon", Some("12:00:00")),
            ("midnight", Some("23:59:00")),
            ("24:00", Some("00:00:00")),
            ("24:01", None),
            ("25:00", None),
            ("17:60", None),
            ("17:5", None),
            ("13pm", None),
            ("0am", None),
            ("am", None),
            ("5", None),
            ("1:2:3:4", None),
            ("17:30:", None),
            ("17:30:00.", None),
            (":", None),
        ];
        for (word, time) in cases {
            let read = Clock::read(word).map(|clock| clock.time.to_string());
            assert_eq!(read.as_deref(), time, "{word}");
        }
    }

    #[test]
    fn an_offset_stands_after_the_time_or_alone() {
        let cases = [
            ("17:00z", Some(0)),
            ("17:00+01:00", Some(3600)),
            ("17:00-0500", Some(-18_000)),
            ("17:00:00+05:45", Some(20_700)),
            ("17:00+01", Some(3600)),
        ];
        for (word, seconds) in cases {
            assert_eq!(Clock::read(word).unwrap().offset, seconds, "{word}");
        }
        for word in [
            "17:00+",
            "17:00+1",
            "17:00+16:00",
            "17:00+01:60",
            "17:00zz",
            "17:00+0:100",
        ] {
            assert_eq!(Clock::read(word), None, "{word}");
        }
        assert_eq!(offset("utc"), Some(0));
        assert_eq!(offset("utc+2"), Some(7200));
        assert_eq!(offset("gmt-05:30"), Some(-19_800));
        assert_eq!(offset("utc+2:00"), Some(7200));
        assert_eq!(offset("utc2"), None);
        assert_eq!(offset("+2"), None);
        assert_eq!(offset("+3d"), None);
    }
}
