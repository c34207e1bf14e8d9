//! `rec:` of todo.txt: `rec:2w` counts from the day the task was done, `rec:+2w` from the day it was due.

use super::Notes;
use crate::domain::{
    repeat::Repeat,
    when::{When, Zone},
};

/// Returns the value of `rec:`; `None` for a rule it cannot say.
pub(super) fn write(repeat: &Repeat, due: Option<When>, zone: Zone) -> Option<String> {
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
    ["d", "b", "w", "m", "y"]
        .iter()
        .map(|unit| format!("{interval}{unit}"))
        .find(|value| rule(value).is_some_and(|rule| rule.anchored(&day, zone) == wanted))
        .map(|value| format!("{plus}{value}"))
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
