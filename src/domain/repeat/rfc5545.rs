//! The text of a recurrence rule, as RFC 5545 spells it.

use std::fmt::{self, Display};
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc, Weekday};

use super::rule::{Frequency, INTERVALS, MOST_COUNTED, Rule, Until};

impl Rule {
    /// Parses the text of a rule. The reason of a refusal reads on after the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_uppercase();
        let body = text
            .strip_prefix("RRULE:")
            .unwrap_or(&text)
            .trim_end_matches(';');
        let mut freq = None;
        let mut rule = Self::new(Frequency::Daily, 1);
        let mut seen = Vec::new();
        for part in body.split(';') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("has the part {part:?}, which is no NAME=VALUE"))?;
            let (name, value) = (name.trim(), value.trim());
            if seen.contains(&name) {
                return Err(format!("says {name} twice"));
            }
            seen.push(name);
            let wrong = || format!("has {name}={value}, which RFC 5545 does not allow");
            let limited = |least: u32, most: u32| {
                format!("has {name}={value}; it is a number from {least} to {most}")
            };
            match name {
                "FREQ" => freq = Some(frequency(value)?),
                "INTERVAL" => {
                    let (least, most) = INTERVALS.into_inner();
                    rule.interval = in_range(value, INTERVALS)
                        .ok_or_else(|| limited(least.into(), most.into()))?;
                }
                "BYMONTH" => rule.months = list(value, 1..=12).ok_or_else(wrong)?,
                "BYWEEKNO" => rule.weeks = list(value, -53..=53).ok_or_else(wrong)?,
                "BYYEARDAY" => rule.year_days = list(value, -366..=366).ok_or_else(wrong)?,
                "BYMONTHDAY" => rule.month_days = list(value, -31..=31).ok_or_else(wrong)?,
                "BYSETPOS" => rule.positions = list(value, -366..=366).ok_or_else(wrong)?,
                "BYDAY" => rule.days = days(value).ok_or_else(wrong)?,
                "WKST" => rule.week_start = weekday(value).ok_or_else(wrong)?,
                "COUNT" => {
                    let count = in_range(value, 1..=MOST_COUNTED);
                    rule.count = Some(count.ok_or_else(|| limited(1, MOST_COUNTED))?);
                }
                "UNTIL" => rule.until = Some(until(value).ok_or_else(wrong)?),
                "X-FROM" if value == "COMPLETION" => rule.from_completion = true,
                "X-FROM" if value == "START" => rule.from_start = true,
                "X-EXDATE" => rule.excluded = dates(value).ok_or_else(wrong)?,
                "BYHOUR" | "BYMINUTE" | "BYSECOND" => {
                    return Err(format!("has {name}; the time of day belongs into due"));
                }
                _ => return Err(format!("has {name}, which is no part of a rule")),
            }
        }
        rule.freq = freq.ok_or("has no FREQ")?;
        rule.check()?;
        Ok(rule)
    }
}

fn frequency(value: &str) -> Result<Frequency, String> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "HOURLY" | "MINUTELY" | "SECONDLY" => {
            Err("repeats more than once a day; a task repeats daily at most".to_owned())
        }
        _ => Err(format!(
            "has FREQ={value}; write DAILY, WEEKLY, MONTHLY or YEARLY"
        )),
    }
}

/// Reads a number in `range`, digits and a sign only.
fn in_range<T: FromStr + PartialOrd>(value: &str, range: std::ops::RangeInclusive<T>) -> Option<T> {
    value.parse().ok().filter(|number| range.contains(number))
}

/// Reads numbers with commas between, none of them 0, and returns them in order, each once.
fn list<T: FromStr + Ord + Default + Clone>(
    value: &str,
    range: std::ops::RangeInclusive<T>,
) -> Option<Vec<T>> {
    let read = |item| in_range(item, range.clone()).filter(|number| *number != T::default());
    let mut numbers: Vec<T> = value
        .split(',')
        .map(|item| read(item.trim()))
        .collect::<Option<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// Reads weekdays with commas between, each with a number or without: `MO,-1FR`.
fn days(value: &str) -> Option<Vec<(i16, Weekday)>> {
    let read = |item: &str| {
        let (nth, code) = item.split_at_checked(item.len().checked_sub(2)?)?;
        let nth = match nth {
            "" => 0,
            nth => in_range(nth, -53..=53).filter(|nth| *nth != 0)?,
        };
        Some((nth, weekday(code)?))
    };
    let mut days: Vec<(i16, Weekday)> = value
        .split(',')
        .map(|item| read(item.trim()))
        .collect::<Option<_>>()?;
    days.sort_unstable_by_key(|(nth, day)| (*nth, day.num_days_from_monday()));
    days.dedup();
    Some(days)
}

/// Reads days with commas between.
fn dates(value: &str) -> Option<Vec<NaiveDate>> {
    let read = |item: &str| NaiveDate::parse_from_str(item.trim(), "%Y%m%d").ok();
    let mut days: Vec<NaiveDate> = value.split(',').map(read).collect::<Option<_>>()?;
    days.sort_unstable();
    days.dedup();
    let is_dated = |day: &NaiveDate| (1970..=9999).contains(&day.year());
    days.iter().all(is_dated).then_some(days)
}

/// Reads a date or an instant of UTC; of a local time the day, whole.
fn until(value: &str) -> Option<Until> {
    let until = match value.split_once('T') {
        None => Until::Day(NaiveDate::parse_from_str(value, "%Y%m%d").ok()?),
        Some((_, time)) if time.ends_with('Z') => {
            let at = NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").ok()?;
            Until::At(at.and_utc().timestamp_millis())
        }
        Some(_) => Until::Day(
            NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S")
                .ok()?
                .date(),
        ),
    };
    let year = match until {
        Until::Day(day) => day.year(),
        Until::At(at) => DateTime::from_timestamp_millis(at)?.year(),
    };
    (1970..=9999).contains(&year).then_some(until)
}

const CODES: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

fn weekday(code: &str) -> Option<Weekday> {
    let (_, day) = CODES.iter().find(|(name, _)| *name == code)?;
    Some(*day)
}

fn code(day: Weekday) -> &'static str {
    CODES[day.num_days_from_monday() as usize].0
}

impl Display for Rule {
    /// Writes the rule's text: each part once, in this order, what is usual left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.freq)?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        part(f, "BYMONTH", &self.months)?;
        part(f, "BYWEEKNO", &self.weeks)?;
        part(f, "BYYEARDAY", &self.year_days)?;
        part(f, "BYMONTHDAY", &self.month_days)?;
        let days = self.days.iter().map(|(nth, day)| match nth {
            0 => code(*day).to_owned(),
            nth => format!("{nth}{}", code(*day)),
        });
        part(f, "BYDAY", &days.collect::<Vec<_>>())?;
        part(f, "BYSETPOS", &self.positions)?;
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", code(self.week_start))?;
        }
        match self.until {
            Some(Until::Day(day)) => write!(f, ";UNTIL={}", day.format("%Y%m%d"))?,
            Some(Until::At(at)) => {
                let at = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
                write!(f, ";UNTIL={}", at.format("%Y%m%dT%H%M%SZ"))?;
            }
            None => {}
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        if self.from_completion {
            f.write_str(";X-FROM=COMPLETION")?;
        }
        if self.from_start {
            f.write_str(";X-FROM=START")?;
        }
        let excluded = self.excluded.iter().map(|day| day.format("%Y%m%d"));
        part(f, "X-EXDATE", &excluded.collect::<Vec<_>>())?;
        Ok(())
    }
}

fn part(f: &mut fmt::Formatter<'_>, name: &str, values: &[impl Display]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        if index == 0 {
            write!(f, ";{name}={value}")?;
        } else {
            write!(f, ",{value}")?;
        }
    }
    Ok(())
}
