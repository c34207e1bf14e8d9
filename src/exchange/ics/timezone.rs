//! A `VTIMEZONE` for a zone, made of the rules that we know of it.
//!
//! From the first year on that all later ones resemble, each change of the clocks is a rule; the years before it are listed
//! change by change. Of the few zones that never come to rest, all years are.

use std::{
    io::{self, Write},
    ops::Range,
};

use chrono::{Datelike as _, NaiveDateTime, TimeDelta};

use super::content::line;
use crate::domain::when::{OffsetChange, Zone};

/// How many years before and after one are looked at.
const YEARS: [i32; 2] = [5, 20];

/// Returns the years that are looked at for what is said in `year`.
pub(super) fn around(year: i32) -> Range<i32> {
    year - YEARS[0]..year + YEARS[1]
}

/// A change of the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    /// What the clocks show when it comes.
    wall: NaiveDateTime,
    /// In seconds east of UTC.
    from: i32,
    to: i32,
    name: String,
    is_daylight: bool,
}

/// Writes the definition of `zone`, as it is in these years.
pub(super) fn write(out: &mut dyn Write, zone: Zone, years: &Range<i32>) -> io::Result<()> {
    let (begin, changes) = changes(zone, years.start, years.end);
    line(out, "BEGIN:VTIMEZONE")?;
    line(out, &format!("TZID:{}", zone.name()))?;
    observance(out, &begin, None)?;
    let settled = settled(&changes, years.end);
    for change in &changes {
        let rule = match settled {
            Some(year) if change.wall.year() > year => continue,
            Some(year) if change.wall.year() == year => rule(&like(&changes, change)),
            _ => None,
        };
        observance(out, change, rule.as_deref())?;
    }
    line(out, "END:VTIMEZONE")
}

/// Returns what holds at the begin of the year `first`, and the changes from then until the end of the year `last`.
fn changes(zone: Zone, first: i32, last: i32) -> (Change, Vec<Change>) {
    let wall = |year| {
        let day = chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
        day.and_time(chrono::NaiveTime::MIN)
    };
    let from = zone.instant(wall(first)).0;
    let mut offset = zone.offset(from);
    let begin = Change {
        wall: wall(first),
        from: offset,
        to: offset,
        name: String::new(),
        is_daylight: false,
    };
    let mut changes = Vec::new();
    for OffsetChange {
        at,
        offset: to,
        name,
        is_daylight,
    } in zone.changes(from)
    {
        let wall = chrono::DateTime::from_timestamp_millis(at + i64::from(offset) * 1000);
        let Some(wall) = wall.map(|wall| wall.naive_utc()) else {
            break;
        };
        if wall.year() > last {
            break;
        }
        if to != offset {
            changes.push(Change {
                wall,
                from: offset,
                to,
                name,
                is_daylight,
            });
        }
        offset = to;
    }
    (begin, changes)
}

/// Returns the first year from which on each has the same changes as the last; `None` if there is none, or none of them has
/// any.
fn settled(changes: &[Change], last: i32) -> Option<i32> {
    let of = |year: i32| {
        changes
            .iter()
            .filter(move |change| change.wall.year() == year)
    };
    let count = of(last).count();
    let first = changes.first()?.wall.year();
    let resembles = |year: i32| {
        of(year).count() == count
            && of(year).zip(of(last)).all(|(one, other)| {
                (one.from, one.to, one.wall.time(), one.wall.month())
                    == (other.from, other.to, other.wall.time(), other.wall.month())
                    && one.wall.weekday() == other.wall.weekday()
            })
    };
    let from = (first..=last)
        .rev()
        .take_while(|year| resembles(*year))
        .last()?;
    // The days must fit into one rule, each from there on.
    let from = (from..=last)
        .find(|year| of(*year).all(|change| rule(&like_since(changes, change)).is_some()))?;
    // A rule that holds for the last few years alone is none.
    (count > 0 && last - from >= YEARS[1] / 2).then_some(from)
}

/// Returns the changes like this one, of its year and of all later ones.
fn like_since<'a>(changes: &'a [Change], change: &Change) -> Vec<&'a Change> {
    let is_like = |other: &&Change| {
        other.wall.year() >= change.wall.year()
            && (other.from, other.to, other.wall.month())
                == (change.from, change.to, change.wall.month())
    };
    changes.iter().filter(is_like).collect()
}

fn like<'a>(changes: &'a [Change], change: &Change) -> Vec<&'a Change> {
    like_since(changes, change)
}

/// Returns the rule of changes that come once a year in the same month on the same day of the week; `None` if no rule gives
/// their days.
fn rule(changes: &[&Change]) -> Option<String> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let first = changes.first()?.wall;
    let day = DAYS[first.weekday().num_days_from_monday() as usize];
    let month = first.month();
    let days = || changes.iter().map(|change| change.wall.day());
    let is_last = |change: &&Change| (change.wall + TimeDelta::days(7)).month() != month;
    let week = (first.day() - 1) / 7 + 1;
    let by = if changes.iter().all(is_last) {
        format!("BYDAY=-1{day}")
    } else if days().all(|other| (other - 1) / 7 + 1 == week) {
        format!("BYDAY={week}{day}")
    } else {
        let (least, most) = (days().min()?, days().max()?);
        if most - least > 6 {
            return None;
        }
        let week: Vec<String> = (least..least + 7).map(|day| day.to_string()).collect();
        format!("BYDAY={day};BYMONTHDAY={}", week.join(","))
    };
    Some(format!("FREQ=YEARLY;BYMONTH={month};{by}"))
}

fn observance(out: &mut dyn Write, change: &Change, rule: Option<&str>) -> io::Result<()> {
    let kind = if change.is_daylight {
        "DAYLIGHT"
    } else {
        "STANDARD"
    };
    line(out, &format!("BEGIN:{kind}"))?;
    line(
        out,
        &format!("DTSTART:{}", change.wall.format("%Y%m%dT%H%M%S")),
    )?;
    line(out, &format!("TZOFFSETFROM:{}", offset(change.from)))?;
    line(out, &format!("TZOFFSETTO:{}", offset(change.to)))?;
    if !change.name.is_empty() {
        line(out, &format!("TZNAME:{}", change.name))?;
    }
    if let Some(rule) = rule {
        line(out, &format!("RRULE:{rule}"))?;
    }
    line(out, &format!("END:{kind}"))
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let rest = if rest == 0 {
        String::new()
    } else {
        format!("{rest:02}")
    };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::task::Timestamp,
        exchange::{
            Notes,
            ics::{property::Property, zones::Zones},
            lines::Lines,
        },
    };

    fn written(zone: Zone) -> String {
        written_from(zone, around(2026))
    }

    fn written_from(zone: Zone, years: Range<i32>) -> String {
        let mut out = Vec::new();
        write(&mut out, zone, &years).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_zone_that_has_come_to_rest_is_two_rules() {
        let text = written(Zone::named("Europe/Berlin").unwrap());
        let rules: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("RRULE"))
            .collect();
        assert_eq!(
            rules,
            [
                "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
                "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"
            ]
        );
        assert!(text.contains("TZNAME:CEST"), "{text}");
        assert!(text.len() < 600, "{text}");
    }

    /// What we write is read by what reads the definitions of others.
    #[test]
    fn every_zone_is_written_with_the_offsets_that_it_has() {
        let millis = |year: i32, month: u32| {
            let day = chrono::NaiveDate::from_ymd_opt(year, month, 15).unwrap();
            day.and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_millis()
        };
        let mut count = 0;
        for zone in Zone::all() {
            let text = written(zone).replace(zone.name(), "Elsewhere/Nowhere");
            let mut lines = Lines::new(text.as_bytes());
            let properties: Vec<Property> = std::iter::from_fn(|| Property::next(&mut lines))
                .map(Result::unwrap)
                .collect();
            let mut zones = Zones::default();
            zones.define(&properties[1..]);
            let mut moments = Vec::new();
            for year in [2022, 2026, 2027, 2046] {
                moments.extend([millis(year, 1), millis(year, 7)]);
                let changes = zone.changes(millis(year, 1) - 14 * 86_400_000);
                let changes = changes.take_while(|change| change.at < millis(year, 12));
                moments.extend(changes.flat_map(|change| [change.at - 1, change.at]));
            }
            for at in moments {
                let offset = zones.offset("Elsewhere/Nowhere", at).unwrap();
                assert_eq!(offset, zone.offset(at), "{} at {at}:\n{text}", zone.name());
            }
            count += 1;
        }
        assert!(count > 500, "{count}");
    }

    #[test]
    fn a_zone_is_written_from_the_year_on_that_is_asked_for() {
        for zone in Zone::all().step_by(17) {
            let years = 1969..around(2026).end;
            let text = written_from(zone, years).replace(zone.name(), "Elsewhere/Nowhere");
            let mut lines = Lines::new(text.as_bytes());
            let properties: Vec<Property> = std::iter::from_fn(|| Property::next(&mut lines))
                .map(Result::unwrap)
                .collect();
            let mut zones = Zones::default();
            zones.define(&properties[1..]);
            for year in [1970, 1999, 2019, 2027] {
                for month in [1, 7] {
                    let day = chrono::NaiveDate::from_ymd_opt(year, month, 15).unwrap();
                    let at = day
                        .and_time(chrono::NaiveTime::MIN)
                        .and_utc()
                        .timestamp_millis();
                    let offset = zones.offset("Elsewhere/Nowhere", at).unwrap();
                    assert_eq!(
                        offset,
                        zone.offset(at),
                        "{} in {year}:\n{text}",
                        zone.name()
                    );
                }
            }
        }
    }

    #[test]
    fn of_zones_with_the_same_offsets_the_one_that_people_know_is_taken() {
        for name in [
            "America/New_York",
            "Europe/Berlin",
            "Europe/London",
            "Australia/Sydney",
        ] {
            let text = written(Zone::named(name).unwrap()).replace(name, "Custom");
            let mut lines = Lines::new(text.as_bytes());
            let properties: Vec<Property> = std::iter::from_fn(|| Property::next(&mut lines))
                .map(Result::unwrap)
                .collect();
            let mut zones = Zones::default();
            zones.define(&properties[1..]);
            zones.resolve(Timestamp::from_millis(1_795_305_600_000), Zone::UTC);
            let wall = chrono::NaiveDate::from_ymd_opt(2026, 12, 4).unwrap().into();
            let mut notes = Notes::default();
            let when = zones.at(wall, "Custom", Zone::UTC, &mut notes);
            assert_eq!(when.to_string(), format!("2026-12-04T00:00[{name}]"));
        }
    }

    #[test]
    fn a_definition_without_a_known_name_is_the_zone_that_has_its_offsets() {
        let newer_york = |name: &str| {
            let zone = Zone::named("America/New_York").unwrap();
            let text = written(zone).replace("America/New_York", name);
            let mut lines = Lines::new(text.as_bytes());
            let properties: Vec<Property> = std::iter::from_fn(|| Property::next(&mut lines))
                .map(Result::unwrap)
                .collect();
            properties[1..].to_vec()
        };
        let wall = chrono::NaiveDate::from_ymd_opt(2026, 12, 4)
            .unwrap()
            .and_hms_opt(17, 0, 0)
            .unwrap();
        let now = Timestamp::from_millis(1_795_305_600_000);
        let mut zones = Zones::default();
        zones.define(&newer_york("Custom"));
        let here = Zone::named("America/Toronto").unwrap();
        zones.resolve(now, here);
        let mut notes = Notes::default();
        let read =
            |zones: &Zones, name, notes: &mut Notes| zones.at(wall, name, here, notes).to_string();
        assert_eq!(
            read(&zones, "Custom", &mut notes),
            "2026-12-04T17:00[America/Toronto]"
        );
        for (name, expected) in [
            ("europe/berlin", "2026-12-04T17:00[Europe/Berlin]"),
            (
                "/mozilla.org/20070129_1/Europe/Berlin",
                "2026-12-04T17:00[Europe/Berlin]",
            ),
            (
                "/x/Tzfile/America/Argentina/Salta",
                "2026-12-04T17:00[America/Argentina/Salta]",
            ),
            ("w. europe standard time", "2026-12-04T17:00[Europe/Berlin]"),
            (
                "AUS Eastern Standard Time",
                "2026-12-04T17:00[Australia/Sydney]",
            ),
            (
                "Kamchatka Standard Time",
                "2026-12-04T17:00[Asia/Kamchatka]",
            ),
        ] {
            assert_eq!(read(&zones, name, &mut notes), expected);
        }
        assert_eq!(notes, Notes::default());
        // Nobody knows it.
        assert_eq!(
            read(&zones, "Middle-earth", &mut notes),
            "2026-12-04T17:00[America/Toronto]"
        );
        assert_eq!(
            notes.iter().collect::<Vec<_>>(),
            [(
                "TZID Middle-earth: a zone that is not known here was taken as yours, America/Toronto",
                1
            )]
        );
        // One offset alone, and offsets that no zone has.
        let fixed = |to: &str| {
            format!(
                "TZID:Odd\nBEGIN:STANDARD\nDTSTART:20250701T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:{to}\n\
                 RRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1\nEND:STANDARD\n\
                 BEGIN:DAYLIGHT\nDTSTART:20260101T000000\nTZOFFSETFROM:{to}\nTZOFFSETTO:+0530\n\
                 RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1\nEND:DAYLIGHT\n"
            )
        };
        for (to, expected) in [
            ("+0530", "2026-12-04T17:00[+05:30]"),
            ("+0217", "2026-12-04T14:43:00.000Z"),
        ] {
            let text = fixed(to);
            let mut lines = Lines::new(text.as_bytes());
            let properties: Vec<Property> = std::iter::from_fn(|| Property::next(&mut lines))
                .map(Result::unwrap)
                .collect();
            let mut zones = Zones::default();
            zones.define(&properties);
            zones.resolve(now, here);
            assert_eq!(read(&zones, "Odd", &mut notes), expected, "{text}");
        }
    }
}
