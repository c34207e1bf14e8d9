//! What `tests/interop/python/calendars.py` compares calendars with: our own dates of series.
//!
//! `calendars zones` prints every zone that we know, one a line. `calendars dates UNTIL` reads an export in our own format on
//! standard input and prints, for each task that repeats, a line of JSON: its title, and the dates that its rule gives up to the
//! year UNTIL, as seconds since the Unix epoch.

use std::{
    error::Error,
    io::{self, BufRead as _, Write as _},
    iter,
};

use serde_json::{Value, json};
use taskhold::domain::{
    repeat::Repeat,
    when::{When, Zone},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        ["zones"] => {
            for zone in Zone::all() {
                writeln!(out, "{}", zone.name())?;
            }
            Ok(())
        }
        ["dates", until] => {
            let until: When = format!("{until}-12-31").parse()?;
            for line in io::stdin().lock().lines().skip(1) {
                let task: Value = serde_json::from_str(&line?)?;
                if task["repeat"].is_string() {
                    writeln!(out, "{}", dates(&task, until)?)?;
                }
            }
            Ok(())
        }
        _ => Err("which of zones and dates?".into()),
    }
}

/// Returns the dates that the rule of a task gives: those until which its rounds are deferred, if it gives those.
fn dates(task: &Value, until: When) -> Result<Value, Box<dyn Error>> {
    let text = |field: &str| task[field].as_str().unwrap_or_default();
    let repeat = Repeat::read(text("repeat"))?;
    let field = if repeat.gives_starts() {
        "defer_until"
    } else {
        "due"
    };
    let first: When = text(field).parse()?;
    let next = |date: &When| repeat.after(&first, date, i64::MIN, Zone::UTC);
    let last = until.order(Zone::UTC);
    let seconds: Vec<i64> = iter::successors(Some(first), next)
        .map(|date| date.order(Zone::UTC))
        .take_while(|at| *at <= last)
        .map(|at| at / 1000)
        .collect();
    Ok(json!({ "title": task["title"], "field": field, "dates": seconds }))
}
