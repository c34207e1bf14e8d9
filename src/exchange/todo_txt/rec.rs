//! `rec:` of todo.txt: `rec:2w` counts from the day the task was done, `rec:+2w` from the day it was due.
//!
//! Of months and years it means the day of `due:`. Where a series has another one, as of the 31st that is due on February 28, `recday:`
//! says which; other programs pass over it.

use chrono::{Datelike as _, Months, NaiveDate};

use super::Notes;
use crate::domain::{
    imported::RuleAt,
    repeat::Repeat,
    when::{When, Zone},
};

/// The key that says on which day of the month a task repeats.
pub(super) const DAY: &str = "recday";

/// Returns the value of `rec:`, and that of `recday:` where it takes one; `None` for a rule that they cannot say.
pub(super) fn write(
    repeat: &Repeat,
    due: Option<When>,
    zone: Zone,
) -> Option<(String, Option<u32>)> {
    let due = due?;
    let wanted = repeat.from_due().anchored(&due, zone);
    let text = wanted.to_string();
    let interval = text
        .split(';')
        .find_map(|part| part.strip_prefix("INTERVAL="))
        .unwrap_or("1");
    let plus = if repeat.counts_from_completion() {
        ""
    } else {
        "+"
    };
    // The one that is read as this rule again, seen from the day that is written.
    let day = When::Day(due.day(zone));
    let values = ["d", "b", "w", "m", "y"].map(|unit| format!("{interval}{unit}"));
    let of_due = values
        .iter()
        .find(|value| rule(value).is_some_and(|rule| rule.anchored(&day, zone) == wanted));
    if let Some(value) = of_due {
        return Some((format!("{plus}{value}"), None));
    }
    let (value, month_day) = values.iter().find_map(|value| {
        let rule = rule(value)?;
        let is_wanted = |month_day: &u32| on_day(rule.clone(), *month_day, Some(day)) == wanted;
        Some((value, MONTH_DAYS.rev().find(is_wanted)?))
    })?;
    Some((format!("{plus}{value}"), Some(month_day)))
}

/// Returns what a line says of a rule, in one text.
pub(super) fn in_line(repeat: &Repeat, due: Option<When>, zone: Zone) -> Option<String> {
    let (value, day) = write(repeat, due, zone)?;
    Some(match day {
        Some(day) => format!("{value} {DAY}:{day}"),
        None => value,
    })
}

/// Reports whether a line that said `before` says `after` since its program went on by months or years. Of a month that is too short it
/// takes the last day, and goes on from that.
pub(super) fn goes_on(before: RuleAt<'_>, after: RuleAt<'_>, zone: Zone) -> bool {
    let value = |repeat| write(repeat, Some(after.1), zone).map(|(value, _)| value);
    let months = value(before.0)
        .filter(|was| value(after.0).as_ref() == Some(was))
        .and_then(|value| {
            let value = value.strip_prefix('+')?;
            let (count, unit) = value.split_at(value.len() - 1);
            let count: u32 = count.parse().ok()?;
            match unit {
                "m" => Some(count),
                "y" => count.checked_mul(12),
                _ => None,
            }
        });
    let Some(months) = months.filter(|months| *months > 0) else {
        return false;
    };
    let (mut day, last) = (before.1.day(zone), after.1.day(zone));
    let is_later = day < last;
    while day < last
        && let Some(next) = day.checked_add_months(Months::new(months))
    {
        day = next;
    }
    is_later && day == last
}

const MONTH_DAYS: std::ops::RangeInclusive<u32> = 1..=31;

/// Reads the value of `recday:`.
pub(super) fn read_day(value: &str) -> Option<u32> {
    let day = value.parse().ok()?;
    (MONTH_DAYS.contains(&day) && day.to_string() == value).then_some(day)
}

/// Returns the rule on that day of the month, of a year in the month of `due`. As it is, if it does not go by months, or the
/// month has no such day.
pub(super) fn on_day(repeat: Repeat, month_day: u32, due: Option<When>) -> Repeat {
    if repeat.counts_from_completion() {
        return repeat;
    }
    let text = repeat.to_string();
    let month = if text.starts_with("FREQ=MONTHLY") {
        // One that has every day.
        Some(1)
    } else if text.starts_with("FREQ=YEARLY") {
        due.map(|due| due.day(Zone::UTC).month())
    } else {
        None
    };
    // In a leap year.
    let day = month.and_then(|month| NaiveDate::from_ymd_opt(2024, month, month_day));
    match day {
        Some(day) => repeat.anchored(&When::Day(day), Zone::UTC),
        None => repeat,
    }
}

/// Reads the value of `rec:`; `None` if it is none that is known.
pub(super) fn read(value: &str, notes: &mut Notes) -> Option<Repeat> {
    let (is_strict, value) = match value.strip_prefix('+') {
        Some(value) => (true, value),
        None => (false, value),
    };
    let repeat = rule(value)?;
    if is_strict {
        return Some(repeat);
    }
    let repeat = repeat.from_completion();
    if !repeat.counts_from_completion() {
        notes.count("rec: counted from the day it was done, now from the day it is due");
    }
    Some(repeat)
}

/// Returns the rule of a number and a unit, counted from the due date.
fn rule(value: &str) -> Option<Repeat> {
    let (count, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit())?);
    let rule = match unit {
        "d" => format!("FREQ=DAILY;INTERVAL={count}"),
        "w" => format!("FREQ=WEEKLY;INTERVAL={count}"),
        "m" => format!("FREQ=MONTHLY;INTERVAL={count}"),
        "y" => format!("FREQ=YEARLY;INTERVAL={count}"),
        "b" if count == "1" => "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR".to_owned(),
        _ => return None,
    };
    Repeat::read(&rule).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_goes_on_from_the_day_of_the_date_and_knows_no_other() {
        let of = |value: &str, due: &str| {
            let due: When = due.parse().unwrap();
            (rule(value).unwrap().anchored(&due, Zone::UTC), due)
        };
        for (value, from, date, is_next) in [
            ("1m", "2027-01-31", "2027-02-28", true),
            ("1m", "2027-01-31", "2027-03-28", true),
            ("1m", "2027-01-31", "2027-03-31", false),
            ("1m", "2027-03-31", "2027-04-30", true),
            ("1m", "2027-01-31", "2027-01-28", false),
            ("1m", "2027-01-31", "2027-02-15", false),
            ("3m", "2027-01-31", "2027-04-30", true),
            ("3m", "2027-01-31", "2027-02-28", false),
            ("1y", "2028-02-29", "2029-02-28", true),
            ("1w", "2027-01-31", "2027-02-07", false),
        ] {
            let (rule, due) = of(value, from);
            let (said, next) = of(value, date);
            assert_eq!(
                goes_on((&rule, due), (&said, next), Zone::UTC),
                is_next,
                "{value} from {from} to {date}"
            );
        }
        let ((rule, due), (said, next)) = (of("1m", "2027-01-31"), of("2m", "2027-03-31"));
        assert!(!goes_on((&rule, due), (&said, next), Zone::UTC));
    }
}
