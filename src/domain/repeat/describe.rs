//! A recurrence rule in words.

use chrono::{NaiveDate, Weekday};

use super::rule::{
    Frequency::{Daily, Monthly, Weekly, Yearly},
    QUARTER_ENDS, QUARTER_STARTS, Rule, Until, WORKDAYS,
};
use crate::domain::when::{Zone, calendar_words::MONTHS};

/// Returns the rule in words that a reader in `zone` can say again for the same dates. A rule that has none is its text, with what
/// is ours in it in words. An end at an instant is its day.
pub(super) fn words(rule: &Rule, zone: Zone) -> String {
    let plain = rhythm(rule, zone.week_start()).zip(end(rule, zone));
    let is_plain = plain.is_some();
    let (rhythm, end) = plain.unwrap_or_else(|| {
        let of_rfc5545 = Rule {
            from_completion: false,
            from_start: false,
            excluded: Vec::new(),
            ..rule.clone()
        };
        (of_rfc5545.to_string(), String::new())
    });
    let from = if rule.from_start {
        " counted from the start"
    } else if rule.from_completion {
        " after completion"
    } else if is_plain && rule.freq == Daily && rule.interval > 1 {
        " from due"
    } else {
        ""
    };
    let mut said = rhythm + from + &end;
    for (place, day) in rule.excluded.iter().enumerate() {
        said += if place == 0 { " but not on " } else { ", " };
        said += &day.to_string();
    }
    said
}

/// How often, and on which days.
fn rhythm(rule: &Rule, week_start: Weekday) -> Option<String> {
    // A series of one day in its weeks has the same dates wherever those begin.
    let is_of_several_days = rule.counts_weeks() && rule.days.len() > 1;
    let has_other_weeks = is_of_several_days && rule.week_start != week_start;
    if !rule.weeks.is_empty() || !rule.year_days.is_empty() || has_other_weeks {
        return None;
    }
    let has_days =
        !rule.month_days.is_empty() || !rule.days.is_empty() || !rule.positions.is_empty();
    Some(match (rule.freq, &*rule.months) {
        (Daily, []) if !has_days => every("day", rule.interval),
        (Weekly, []) if !has_days => every("week", rule.interval),
        (Weekly, []) => weekly(rule)?,
        (Daily, []) if rule.interval == 1 && rule.days.iter().all(|(nth, _)| *nth == 0) => {
            weekly(rule)?
        }
        (Monthly, []) if !has_days => every("month", rule.interval),
        (Monthly, []) => format!(
            "{} on the {}",
            every("month", rule.interval),
            of_month(rule)?
        ),
        (Monthly, months) if rule.interval == 1 => of_quarter(rule, months)?,
        (Yearly, []) if !has_days => every("year", rule.interval),
        (Yearly, []) => match (&*rule.month_days, &*rule.days, &*rule.positions) {
            ([], [(nth, day)], []) => {
                format!(
                    "{} on the {} {day}",
                    every("year", rule.interval),
                    which(*nth)?
                )
            }
            _ => return None,
        },
        (Yearly, [month]) => format!(
            "{} on {}",
            every("year", rule.interval),
            of_year(rule, *month)?
        ),
        _ => return None,
    })
}

/// How long.
fn end(rule: &Rule, zone: Zone) -> Option<String> {
    let until = |day: NaiveDate| day.format(" until %Y-%m-%d").to_string();
    Some(match (rule.until, rule.count) {
        (None, None) => String::new(),
        (Some(Until::Day(day)), None) => until(day),
        (Some(Until::At(at)), None) => until(zone.today(at)),
        (None, Some(1)) => ", 1 time".to_owned(),
        (None, Some(count)) if count <= 9999 => format!(", {count} times"),
        _ => return None,
    })
}

fn every(unit: &str, interval: u16) -> String {
    match interval {
        1 => format!("every {unit}"),
        number => format!("every {number} {unit}s"),
    }
}

fn weekly(rule: &Rule) -> Option<String> {
    if !rule.month_days.is_empty() || !rule.positions.is_empty() {
        return None;
    }
    let days: Vec<Weekday> = rule.days.iter().map(|(_, day)| *day).collect();
    let names: Vec<String> = days.iter().map(Weekday::to_string).collect();
    Some(match rule.interval {
        1 if days == WORKDAYS => "every weekday".to_owned(),
        1 => format!("every {}", names.join(", ")),
        interval => format!("{} on {}", every("week", interval), names.join(", ")),
    })
}

/// The days of a month, after "on the".
fn of_month(rule: &Rule) -> Option<String> {
    match (&*rule.month_days, &*rule.days, &*rule.positions) {
        ([], [(_, day), ..], [])
            if rule
                .days
                .iter()
                .all(|(nth, other)| *nth != 0 && other == day) =>
        {
            let all: Vec<i16> = rule.days.iter().map(|(nth, _)| *nth).collect();
            let names: Vec<String> = from_both_ends(&all).map(which).collect::<Option<_>>()?;
            Some(format!("{} {day}", names.join(", ")))
        }
        ([], days, [position]) if days.iter().copied().eq(WORKDAYS.map(|day| (0, day))) => Some(
            format!("{} weekday", which(i16::try_from(*position).ok()?)?),
        ),
        // the day a short month has not, see `Rule::set_month_day`
        ([28, .., last], [], [-1]) if rule.month_days.iter().copied().eq(28..=*last) => {
            Some(ordinal((*last).into()))
        }
        (month_days, [], [-1, .., others]) => {
            let others = usize::try_from(*others).ok()?;
            let (last, others) = (month_days.last()?, month_days.get(..others)?);
            let said: Vec<i8> = others.iter().chain([last]).copied().collect();
            let mut same = Rule::new(Monthly, 1);
            same.set_month_days(&said).ok()?;
            let is_same = same.month_days == month_days && same.positions == rule.positions;
            let days = said.iter().map(|day| ordinal((*day).into()));
            is_same.then(|| days.collect::<Vec<_>>().join(", "))
        }
        (days, [], []) if days.iter().all(|day| (-28..=28).contains(day)) => {
            let all: Vec<i16> = days.iter().map(|day| i16::from(*day)).collect();
            let names: Vec<String> = from_both_ends(&all).map(ordinal).collect();
            let day = if all.iter().any(|day| *day < 0) {
                " day"
            } else {
                ""
            };
            Some(names.join(", ") + day)
        }
        _ => None,
    }
}

/// A day of each quarter: one of its first month, or one of its last.
fn of_quarter(rule: &Rule, months: &[u8]) -> Option<String> {
    let is_start = months == QUARTER_STARTS;
    if !is_start && months != QUARTER_ENDS {
        return None;
    }
    let day = match (&*rule.month_days, &*rule.days, &*rule.positions) {
        ([1], [], []) if is_start => "1st day".to_owned(),
        ([-1], [], []) if !is_start => "last day".to_owned(),
        ([], [(1, day)], []) if is_start => format!("1st {day}"),
        ([], [(-1, day)], []) if !is_start => format!("last {day}"),
        ([], days, [position]) if days.iter().copied().eq(WORKDAYS.map(|day| (0, day))) => {
            match (position, is_start) {
                (1, true) => "1st weekday".to_owned(),
                (-1, false) => "last weekday".to_owned(),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(format!("{day} of every quarter"))
}

/// The day of a year, after "on".
fn of_year(rule: &Rule, month: u8) -> Option<String> {
    let name = MONTHS.get(usize::from(month).checked_sub(1)?)?;
    let name = format!("{}{}", name[..1].to_uppercase(), &name[1..3]);
    match (&*rule.month_days, &*rule.days, &*rule.positions) {
        ([day], [], [])
            if *day > 0
                && u32::from(day.unsigned_abs()) <= Rule::longest(&rule.months)
                && (month, *day) != (2, 29) =>
        {
            Some(format!("{name} {day}"))
        }
        ([28, 29], [], [-1]) if month == 2 => Some(format!("{name} 29")),
        ([-1], [], []) => Some(format!("the last day of {name}")),
        ([], [(nth, day)], []) => Some(format!("the {} {day} of {name}", which(*nth)?)),
        _ => None,
    }
}

/// Returns days of a period by their numbers, those that are counted from its end last.
fn from_both_ends(numbers: &[i16]) -> impl Iterator<Item = i16> {
    let (from_end, others): (Vec<i16>, Vec<i16>) = numbers.iter().partition(|number| **number < 0);
    others.into_iter().chain(from_end)
}

/// Which of the up to five of a weekday in a month.
fn which(nth: i16) -> Option<String> {
    (nth != 0 && (-5..=5).contains(&nth)).then(|| ordinal(nth))
}

/// Returns `3rd`, or of a number that is counted from the end `3rd-last`.
fn ordinal(number: i16) -> String {
    match number {
        -1 => return "last".to_owned(),
        ..0 => return format!("{}-last", ordinal(-number)),
        _ => {}
    }
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
