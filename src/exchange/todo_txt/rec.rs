//! `rec:` of todo.txt: `rec:2w` counts from the day the task was done, `rec:+2w` from the day it was due.

use chrono::Datelike as _;

use super::Notes;
use crate::domain::{
    repeat::Repeat,
    when::{When, Zone},
};

const WORKDAYS: &str = "MO,TU,WE,TH,FR";

/// Returns the value of `rec:`; `None` for a rule it cannot say.
pub(super) fn write(repeat: &Repeat, due: Option<When>, zone: Zone) -> Option<String> {
    let day = due?.day(zone);
    let text = repeat.from_due().to_string();
    let mut parts: Vec<(&str, &str)> = text
        .split(';')
        .filter_map(|part| part.split_once('='))
        .collect();
    let mut take = |name: &str| {
        let place = parts.iter().position(|(other, _)| *other == name)?;
        Some(parts.remove(place).1)
    };
    let frequency = take("FREQ")?;
    let interval = take("INTERVAL").unwrap_or("1");
    let weekday = day.weekday().to_string()[..2].to_uppercase();
    let by = [take("BYMONTH"), take("BYMONTHDAY"), take("BYDAY")];
    let (month, month_day) = (day.month().to_string(), day.day().to_string());
    let is_day_of_month = |given: &str| given == month_day;
    let unit = match (frequency, by) {
        ("DAILY", [None, None, None]) => 'd',
        ("WEEKLY", [None, None, None]) => 'w',
        ("MONTHLY", [None, None, None]) => 'm',
        ("YEARLY", [None, None, None]) => 'y',
        ("WEEKLY", [None, None, Some(WORKDAYS)]) if interval == "1" => 'b',
        ("WEEKLY", [None, None, Some(given)]) if given == weekday => 'w',
        ("MONTHLY", [None, Some(given), None]) if is_day_of_month(given) => 'm',
        ("YEARLY", [Some(given), Some(of), None]) if given == month && is_day_of_month(of) => 'y',
        _ => return None,
    };
    let plus = if repeat.counts_from_completion() {
        ""
    } else {
        "+"
    };
    parts.is_empty().then(|| format!("{plus}{interval}{unit}"))
}

/// Reads the value of `rec:`; `None` if it is none that is known.
pub(super) fn read(value: &str, notes: &mut Notes) -> Option<Repeat> {
    let (is_strict, value) = match value.strip_prefix('+') {
        Some(value) => (true, value),
        None => (false, value),
    };
    let (count, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit())?);
    let rule = match unit {
        "d" => format!("FREQ=DAILY;INTERVAL={count}"),
        "w" => format!("FREQ=WEEKLY;INTERVAL={count}"),
        "m" => format!("FREQ=MONTHLY;INTERVAL={count}"),
        "y" => format!("FREQ=YEARLY;INTERVAL={count}"),
        "b" if count == "1" => format!("FREQ=WEEKLY;BYDAY={WORKDAYS}"),
        _ => return None,
    };
    let repeat = Repeat::read(&rule).ok()?;
    if is_strict {
        return Some(repeat);
    }
    let repeat = repeat.from_completion();
    if !repeat.counts_from_completion() {
        notes.count("rec: counted from the day it was done, now from the day it is due");
    }
    Some(repeat)
}
