//! A recurrence rule in words.

use chrono::Weekday;

use super::rule::{
    Frequency::{Daily, Monthly, Weekly, Yearly},
    QUARTER_ENDS, QUARTER_STARTS, Rule, Until, WORKDAYS,
};
use crate::domain::when::calendar_words::MONTHS;

/// Returns the rule in words that are read as this rule again where weeks begin on `week_start`, or its text where there
/// are none.
pub(super) fn words(rule: &Rule, week_start: Weekday) -> String {
    said(rule, week_start).unwrap_or_else(|| rule.to_string())
}

fn said(rule: &Rule, week_start: Weekday) -> Option<String> {
    let read_with = if rule.counts_weeks() {
        week_start
    } else {
        Weekday::Mon
    };
    if !rule.weeks.is_empty() || !rule.year_days.is_empty() || rule.week_start != read_with {
        return None;
    }
    let has_days =
        !rule.month_days.is_empty() || !rule.days.is_empty() || !rule.positions.is_empty();
    let days = match (rule.freq, &*rule.months) {
        (Daily, []) if !has_days => every("day", rule.interval),
        (Weekly, []) if !has_days => every("week", rule.interval),
        (Weekly, []) => weekly(rule)?,
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
    };
    let end = match (rule.until, rule.count) {
        (None, None) => String::new(),
        (Some(Until::Day(day)), None) => day.format(" until %Y-%m-%d").to_string(),
        (None, Some(1)) => ", 1 time".to_owned(),
        (None, Some(count)) if count <= 9999 => format!(", {count} times"),
        _ => return None,
    };
    let from = if rule.from_start {
        " counted from the start"
    } else if rule.from_completion {
        " after completion"
    } else if rule.freq == Daily && rule.interval > 1 {
        " from due"
    } else {
        ""
    };
    let mut said = days + from + &end;
    for (place, day) in rule.excluded.iter().enumerate() {
        said += if place == 0 { " but not on " } else { ", " };
        said += &day.to_string();
    }
    Some(said)
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
        ([], [(first, day), rest @ ..], [])
            if *first != 0 && rest.iter().all(|(_, other)| other == day) =>
        {
            let mut names: Vec<String> = rest
                .iter()
                .map(|(nth, _)| which(*nth))
                .collect::<Option<_>>()?;
            names.insert(if *first == -1 { names.len() } else { 0 }, which(*first)?);
            Some(format!("{} {day}", names.join(", ")))
        }
        ([], days, [position]) if days.iter().copied().eq(WORKDAYS.map(|day| (0, day))) => Some(
            format!("{} weekday", which(i16::try_from(*position).ok()?)?),
        ),
        // the day a short month has not, see `Rule::set_month_day`
        ([28, .., last], [], [-1]) if rule.month_days.iter().copied().eq(28..=*last) => {
            Some(ordinal((*last).into()))
        }
        ([-1], [], []) => Some("last day".to_owned()),
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
        ([first, rest @ ..], [], []) if *first == -1 || *first > 0 => {
            let mut days: Vec<String> = rest.iter().map(|day| ordinal((*day).into())).collect();
            match *first {
                -1 => days.push("last day".to_owned()),
                day => days.insert(0, ordinal(day.into())),
            }
            let all_months_have_them = rule.month_days.iter().all(|day| *day <= 28);
            all_months_have_them.then(|| days.join(", "))
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

/// Which of the up to five of a weekday in a month.
fn which(nth: i16) -> Option<String> {
    match nth {
        -1 => Some("last".to_owned()),
        1..=5 => Some(ordinal(nth)),
        _ => None,
    }
}

fn ordinal(number: i16) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
