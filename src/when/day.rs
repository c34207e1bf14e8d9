//! Words and figures for a calendar date.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use interim::{Dialect, Interval};

use super::names::{MONTHS, amount, day_number, month, number, weekday};

/// A date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) day: NaiveDate,
    /// Whether the words could mean another day.
    pub(super) vague: bool,
    /// Whether it was given in full, year included.
    pub(super) full: bool,
}

/// Why words give no date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// They are not the words of a date.
    Unknown,
    /// They are, and cannot be used for this reason, which reads on after the text.
    Because(String),
}

/// A length of time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// So many days from today.
    To(NaiveDate),
    /// So much later than now.
    Clock(TimeDelta),
}

type Result<T> = std::result::Result<T, Refused>;

/// Asks the library what day `phrase` is, seen from noon of `base`: a weekday is then never `base` itself.
///
/// It is given only the forms checked here: it passes over what follows a number it has read, takes `12pm` after a date
/// for midnight, and panics on a long or upper-case word where it looks for `am`.
fn library(phrase: &str, base: NaiveDate) -> Option<NaiveDate> {
    let noon = base.and_time(NaiveTime::from_hms_opt(12, 0, 0)?).and_utc();
    let read = interim::parse_date_string(phrase, noon, Dialect::Us).ok()?;
    Some(read.date_naive()).filter(|day| (1970..=9999).contains(&day.year()))
}

fn exact(phrase: &str, base: NaiveDate) -> Result<Found> {
    found(library(phrase, base), false)
}

fn vague(phrase: &str, base: NaiveDate) -> Result<Found> {
    found(library(phrase, base), true)
}

fn found(day: Option<NaiveDate>, vague: bool) -> Result<Found> {
    let day = day.ok_or(Refused::Unknown)?;
    Ok(Found {
        day,
        vague,
        full: false,
    })
}

/// Finds the date the words name.
pub(super) fn find(words: &[&str], today: NaiveDate, week_start: Weekday) -> Result<Found> {
    let last = last_of_week(today, week_start);
    match *words {
        ["today" | "tod" | "now" | "eod"] | ["end", "day"] => exact("today", today),
        ["tomorrow" | "tom" | "tmr" | "tmrw"] => exact("tomorrow", today),
        ["yesterday"] => exact("yesterday", today),
        ["day", "after", "tomorrow"] => exact("2 days", today),
        ["next", "week"] => vague("monday", last),
        ["next", "weekend"] => vague("saturday", last),
        ["weekend"] | ["this", "weekend"] => vague("saturday", before(today)),
        ["next", "month"] => vague("1 month", first_of_month(today)),
        ["next", "year"] => vague("1 january", first_of_year(today, 1)),
        ["eow" | "eom" | "eoq" | "eoy"] => end(&words[0][2..], today, last),
        ["end", ref what @ ..] | ["last", "day", ref what @ ..] => {
            end(&what.join(" "), today, last)
        }
        _ => weekday_words(words, today, last).unwrap_or_else(|| date(words, today)),
    }
}

/// A weekday: alone, with the word that says which one, or beside a date. `None` when there is none.
fn weekday_words(words: &[&str], today: NaiveDate, last: NaiveDate) -> Option<Result<Found>> {
    match *words {
        ["next", "week", name] | [name, "next", "week"] => Some(exact(weekday(name)?, last)),
        ["next", name] => Some(vague(weekday(name)?, last)),
        ["last", name] => Some(exact(&format!("last {}", weekday(name)?), before(today))),
        ["this", name] => {
            // unlike the bare name it can be today
            let found = exact(weekday(name)?, before(today));
            Some(found.map(|found| Found {
                vague: found.day == today || found.day > last,
                ..found
            }))
        }
        [name] | ["coming", name] | ["this", "coming", name] => {
            let found = exact(weekday(name)?, today);
            Some(found.map(|found| Found {
                vague: found.day.weekday() == today.weekday(),
                ..found
            }))
        }
        [name, ref rest @ ..] => {
            let name = weekday(name)?;
            Some(date(rest, today).and_then(|found| agreed(name, found)))
        }
        [] => None,
    }
}

/// Refuses a date that does not fall on the weekday said with it.
fn agreed(name: &str, found: Found) -> Result<Found> {
    let (day, falls_on) = (found.day, found.day.format("%A").to_string());
    if falls_on.eq_ignore_ascii_case(name) {
        return Ok(found);
    }
    Err(Refused::Because(format!(
        "names two days: {day} is a {falls_on}; write one of them"
    )))
}

/// A date given by its numbers, in figures or with the month's name.
fn date(words: &[&str], today: NaiveDate) -> Result<Found> {
    match *words {
        [word] if word.starts_with(|c: char| c.is_ascii_digit()) => figures(word, today),
        _ => month_words(words, today),
    }
}

/// `end of month` and its like; `what` is the period, in full or as its first letter.
fn end(what: &str, today: NaiveDate, last: NaiveDate) -> Result<Found> {
    let last_of_month = |first: NaiveDate| {
        first
            .checked_add_days(Days::new(31))
            .map(first_of_month)
            .map(before)
    };
    let quarter = first_of_month(today).with_month0(today.month0() / 3 * 3 + 2);
    match what {
        "week" | "this week" | "w" => found(Some(last), true),
        "next week" => found(last.checked_add_days(Days::new(7)), true),
        "month" | "this month" | "m" => found(last_of_month(first_of_month(today)), false),
        "next month" => found(
            library("1 month", first_of_month(today)).and_then(last_of_month),
            false,
        ),
        "quarter" | "this quarter" | "q" => found(quarter.and_then(last_of_month), false),
        "year" | "this year" | "y" => found(Some(before(first_of_year(today, 1))), false),
        "next year" => found(Some(before(first_of_year(today, 2))), false),
        name => {
            let month = month(name).ok_or(Refused::Unknown)?;
            let first = next_of_year(1, month, first_of_month(today))?;
            found(last_of_month(first), false)
        }
    }
}

/// `jun 5`, `5th june 2027`, `june`, `15th`.
fn month_words(words: &[&str], today: NaiveDate) -> Result<Found> {
    let full = |day: &str, name: &str, year: &str| {
        let (day, month) = (day_number(day), month(name));
        let (Some(day), Some(month)) = (day, month) else {
            return Err(Refused::Unknown);
        };
        let found = exact(&format!("{day} {month} {year}"), today)?;
        Ok(Found {
            full: true,
            ..found
        })
    };
    let this_or_next = |day: &str, name: &str| {
        let (Some(day), Some(month)) = (day_number(day), month(name)) else {
            return Err(Refused::Unknown);
        };
        let day = next_of_year(day, month, today)?;
        // the date has passed this year, and who means the past is told
        found(Some(day), day.year() != today.year())
    };
    match *words {
        [name, day, year] if is_year(year) && month(name).is_some() => full(day, name, year),
        [day, name, year] if is_year(year) => full(day, name, year),
        [name, year] if is_year(year) => full("1", name, year).map(|found| Found {
            vague: true,
            full: false,
            ..found
        }),
        [name, day] if month(name).is_some() => this_or_next(day, name),
        [day, name] => this_or_next(day, name),
        [name] if month(name).is_some() => {
            let found = this_or_next("1", name)?;
            Ok(Found {
                vague: true,
                ..found
            })
        }
        _ => Err(Refused::Unknown),
    }
}

/// A date in figures: ISO forms, `12/24`, `24.12.2026`, `15th`.
fn figures(word: &str, today: NaiveDate) -> Result<Found> {
    if let Some(day) = word
        .ends_with(char::is_alphabetic)
        .then(|| day_number(word))
        .flatten()
    {
        let days = (0..12).filter_map(|step| {
            first_of_month(today)
                .checked_add_months(chrono::Months::new(step))?
                .with_day(day)
        });
        return found(days.into_iter().find(|day| *day >= today), true);
    }
    let iso = if word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit()) {
        NaiveDate::parse_from_str(word, "%Y%m%d").ok()
    } else if word.contains('w') {
        NaiveDate::parse_from_str(&word.to_uppercase(), "%G-W%V-%u").ok()
    } else {
        None
    };
    if let Some(day) = iso.filter(|day| (1970..=9999).contains(&day.year())) {
        return Ok(Found {
            day,
            vague: false,
            full: true,
        });
    }
    let separator = ['-', '/', '.'].into_iter().find(|c| word.contains(*c));
    let parts: Vec<&str> = word.split(separator.ok_or(Refused::Unknown)?).collect();
    match *parts {
        [year, month, day] if is_year(year) => {
            let date = date_of(day, month, year);
            Ok(Found {
                full: true,
                ..found(date, false)?
            })
        }
        [a, b, year] if is_year(year) => {
            pair(a, b, |day, month| date_of(day, month, year)).map(|found| Found {
                full: true,
                ..found
            })
        }
        [a, b] if separator != Some('-') => pair(a, b, |day, month| {
            let month = number(month).filter(|month| (1..=12).contains(month))?;
            next_of_year(
                number(day)?,
                MONTHS[usize::try_from(month).ok()? - 1],
                today,
            )
            .ok()
        }),
        _ => Err(Refused::Unknown),
    }
}

/// Takes day and month in the order that gives a date; when both orders do, they must agree.
fn pair(a: &str, b: &str, date: impl Fn(&str, &str) -> Option<NaiveDate>) -> Result<Found> {
    match (date(a, b), date(b, a)) {
        (Some(one), Some(other)) if one != other => Err(Refused::Because(format!(
            "can be read as {one} and as {other}; write the one you mean"
        ))),
        (one, other) => found(one.or(other), true),
    }
}

fn date_of(day: &str, month: &str, year: &str) -> Option<NaiveDate> {
    let (day, month) = (number(day)?, number(month)?);
    NaiveDate::from_ymd_opt(year.parse().ok()?, month, day)
}

/// Reads `3 days`, `in 2 weeks`, `2 hours ago`, `3d`, `an hour`. `None` when the words are no length of time.
pub(super) fn span(words: &[&str], today: NaiveDate) -> Option<Result<Span>> {
    let words = match *words {
        ["in", ref rest @ ..] => rest,
        _ => words,
    };
    let (words, ago) = match *words {
        [ref rest @ .., "from", "now" | "today"] => (rest, ""),
        [ref rest @ .., "ago"] => (rest, " ago"),
        _ => (words, ""),
    };
    let (number, unit) = match *words {
        [both] => {
            let both = both.strip_prefix('+').unwrap_or(both);
            both.split_at(both.find(|c: char| !c.is_ascii_digit())?)
        }
        [number, unit] => (number, unit),
        _ => return None,
    };
    let number = amount(number)?;
    let unit = match unit {
        "min" | "mins" | "minute" | "minutes" => "minutes",
        "h" | "hr" | "hrs" | "hour" | "hours" => "hours",
        "d" | "day" | "days" => "days",
        "w" | "wk" | "wks" | "week" | "weeks" => "weeks",
        "fortnight" | "fortnights" if number <= 4999 => {
            return span(&[&(number * 2).to_string(), "weeks"], today);
        }
        "mo" | "mos" | "month" | "months" => "months",
        "y" | "yr" | "yrs" | "year" | "years" => "years",
        "m" => {
            let reason = format!(
                "is minutes to some and months to others; write {number}min or {number} months"
            );
            return Some(Err(Refused::Because(reason)));
        }
        _ => return None,
    };
    let phrase = format!("{number} {unit}{ago}");
    let span = match interim::parse_duration(&phrase).ok()? {
        Interval::Seconds(seconds) => Some(Span::Clock(TimeDelta::seconds(seconds.into()))),
        Interval::Days(_) | Interval::Months(_) => library(&phrase, today).map(Span::To),
    };
    Some(span.ok_or(Refused::Because(
        "is out of the years 1970 to 9999".to_owned(),
    )))
}

/// Returns this date of this year, or of the first year to come that has it. February 29 can be eight years away.
fn next_of_year(day: u32, month: &str, today: NaiveDate) -> Result<NaiveDate> {
    (0..=8)
        .filter_map(|years| library(&format!("{day} {month} {}", today.year() + years), today))
        .find(|date| *date >= today)
        .ok_or(Refused::Unknown)
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()) && word >= "1970"
}

/// Returns the last day of this week, if weeks begin on `week_start`.
fn last_of_week(today: NaiveDate, week_start: Weekday) -> NaiveDate {
    let into = today.weekday().days_since(week_start);
    today
        .checked_add_days(Days::new(u64::from(6 - into)))
        .unwrap_or(today)
}

fn before(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(day)
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn first_of_year(day: NaiveDate, later: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year() + later, 1, 1).unwrap_or(day)
}
