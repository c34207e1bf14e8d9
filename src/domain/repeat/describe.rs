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
    let plain = rhythm(&plainer(rule), zone.week_start()).zip(end(rule, zone));
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

/// Returns a rule of the same dates in the parts that there are words for, such as `BYDAY=2TU` for `BYDAY=TU;BYSETPOS=2`; a rule that
/// has no such parts as it is.
fn plainer(rule: &Rule) -> Rule {
    let mut plain = rule.clone();
    let is_of_weekdays = rule.days.iter().all(|(nth, _)| *nth == 0) && rule.month_days.is_empty();
    let has_others = !rule.weeks.is_empty() || !rule.year_days.is_empty();
    if has_others || rule.freq == Weekly {
        return plain;
    }
    let is_of_each_period = rule.months.is_empty() && rule.positions.is_empty();
    if rule.interval == 1 && is_of_weekdays && is_of_each_period && !rule.days.is_empty() {
        plain.freq = Weekly;
        return plain;
    }
    let is_of_month_days = rule.days.is_empty() && !rule.month_days.is_empty();
    if rule.freq == Yearly && rule.interval == 1 && is_of_month_days && is_of_each_period {
        plain.freq = Monthly;
        return plain;
    }
    let counts_in_month = rule.freq == Monthly || rule.freq == Yearly && rule.months.len() == 1;
    if counts_in_month && is_of_weekdays && !rule.positions.is_empty() {
        match *rule.days {
            [(_, day)] => {
                let numbers = rule.positions.iter().map(|nth| i16::try_from(*nth));
                if let Ok(numbers) = numbers.collect::<Result<Vec<_>, _>>() {
                    plain.days = numbers.into_iter().map(|nth| (nth, day)).collect();
                    plain.positions.clear();
                }
            }
            [_, _, _, _, _, _, _] => {
                let numbers = rule.positions.iter().map(|nth| i8::try_from(*nth));
                if let Ok(numbers) = numbers.collect::<Result<_, _>>() {
                    plain.month_days = numbers;
                    plain.days.clear();
                    plain.positions.clear();
                }
            }
            _ => {}
        }
    }
    let counts_in_year = plain.positions.is_empty() || plain.months.len() == 1;
    if plain.freq == Monthly && plain.interval == 1 && !plain.months.is_empty() && counts_in_year {
        plain.freq = Yearly;
    }
    plain
}

/// Reports whether weeks that begin on `one` have these days together in the same way as weeks that begin on `other`.
fn are_together(days: &[(i16, Weekday)], one: Weekday, other: Weekday) -> bool {
    let is_between = |day: Weekday| day.days_since(one) < other.days_since(one);
    let mut days = days.iter().map(|(_, day)| is_between(*day));
    let first = days.next();
    days.all(|day| Some(day) == first)
}

/// How often, and on which days.
fn rhythm(rule: &Rule, week_start: Weekday) -> Option<String> {
    // A series that begins on one of its days has the same dates in either weeks, if they have its days together.
    let has_other_weeks =
        rule.counts_weeks() && !are_together(&rule.days, rule.week_start, week_start);
    if !rule.weeks.is_empty() || !rule.year_days.is_empty() || has_other_weeks {
        return None;
    }
    let has_days =
        !rule.month_days.is_empty() || !rule.days.is_empty() || !rule.positions.is_empty();
    Some(match (rule.freq, &*rule.months) {
        (Daily, []) if !has_days => every("day", rule.interval),
        (Weekly, []) if !has_days => every("week", rule.interval),
        (Weekly, []) => weekly(rule)?,
        (Monthly, []) if !has_days => every("month", rule.interval),
        (Monthly, []) => format!(
            "{} on the {}",
            every("month", rule.interval),
            of_month(rule)?
        ),
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
        (Monthly | Yearly, months) if rule.interval == 1 => match of_quarter(rule, months) {
            Some(days) => format!("{days} of every quarter"),
            None => format!("every year on {}", of_months(rule, months)?),
        },
        (Yearly, months) => format!(
            "{} on {}",
            every("year", rule.interval),
            of_months(rule, months)?
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
        ([], [_, ..], []) => numbered_weekday(rule),
        ([], _, [position]) => numbered_workday(rule, *position),
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

/// The `2nd, last Fri` of a month.
fn numbered_weekday(rule: &Rule) -> Option<String> {
    let (_, day) = *rule.days.first()?;
    let is_one = |(nth, other): &(i16, Weekday)| *nth != 0 && *other == day;
    if !rule.days.iter().all(is_one) {
        return None;
    }
    let all: Vec<i16> = rule.days.iter().map(|(nth, _)| *nth).collect();
    let names: Vec<String> = from_both_ends(&all).map(which).collect::<Option<_>>()?;
    Some(format!("{} {day}", names.join(", ")))
}

/// The `last weekday` of a month.
fn numbered_workday(rule: &Rule, position: i32) -> Option<String> {
    let is_of_workdays = rule.days.iter().copied().eq(WORKDAYS.map(|day| (0, day)));
    let position = i16::try_from(position).ok().filter(|_| is_of_workdays)?;
    Some(format!("{} weekday", which(position)?))
}

/// A day of each quarter: one of its first month, or one of its last.
fn of_quarter(rule: &Rule, months: &[u8]) -> Option<String> {
    let is_start = months == QUARTER_STARTS;
    if !is_start && months != QUARTER_ENDS {
        return None;
    }
    Some(match (&*rule.month_days, &*rule.days, &*rule.positions) {
        ([1], [], []) if is_start => "1st day".to_owned(),
        ([-1], [], []) if !is_start => "last day".to_owned(),
        ([], [(1, day)], []) if is_start => format!("1st {day}"),
        ([], [(-1, day)], []) if !is_start => format!("last {day}"),
        ([], _, [position @ (1 | -1)]) if (*position == 1) == is_start && rule.freq == Monthly => {
            numbered_workday(rule, *position)?
        }
        _ => return None,
    })
}

/// The days of some months of a year, after "on".
fn of_months(rule: &Rule, months: &[u8]) -> Option<String> {
    /// More would be no plain words.
    const MOST: usize = 8;
    let names: Vec<String> = months
        .iter()
        .map(|month| month_name(*month))
        .collect::<Option<_>>()?;
    let of_each = |days: String| format!("the {days} of {}", names.join(", "));
    let counts_in_each = rule.freq == Monthly || months.len() == 1;
    match (&*rule.month_days, &*rule.days, &*rule.positions) {
        ([28, 29], [], [-1]) if months == [2] => Some("Feb 29".to_owned()),
        ([-1], [], []) => Some(of_each("last day".to_owned())),
        ([_, ..], [], []) if months.len() * rule.month_days.len() <= MOST => {
            let mut dates = Vec::new();
            for (name, month) in names.iter().zip(months) {
                // A day that is there only in some years is said in no words.
                let most = Rule::longest(&[*month]).min(if *month == 2 { 28 } else { 31 });
                for day in &rule.month_days {
                    let day = u32::try_from(*day).ok().filter(|day| *day <= most)?;
                    dates.push(format!("{name} {day}"));
                }
            }
            Some(dates.join(", "))
        }
        ([], [_, ..], []) => numbered_weekday(rule).map(of_each),
        ([], _, [position]) if counts_in_each => numbered_workday(rule, *position).map(of_each),
        _ => None,
    }
}

/// Returns `Jan` to `Dec`.
fn month_name(month: u8) -> Option<String> {
    let name = MONTHS.get(usize::from(month).checked_sub(1)?)?;
    Some(format!("{}{}", name[..1].to_uppercase(), &name[1..3]))
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
