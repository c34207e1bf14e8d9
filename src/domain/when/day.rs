//! Words and figures for a calendar date.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::{
    calendar_words::{MONTHS, WEEKDAYS, day_number, month},
    zone::Habits,
};

mod figures;
mod span;

use figures::figures;
pub(super) use span::{Span, span};

/// A date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateMatch {
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

type Result<T> = std::result::Result<T, Refused>;

/// The years that dates are in.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

fn exact(day: Option<NaiveDate>) -> Result<DateMatch> {
    found(day, false)
}

fn vague(day: Option<NaiveDate>) -> Result<DateMatch> {
    found(day, true)
}

fn found(day: Option<NaiveDate>, vague: bool) -> Result<DateMatch> {
    Ok(DateMatch {
        day: in_years(day).ok_or(Refused::Unknown)?,
        vague,
        full: false,
    })
}

/// Returns the day if it is in the years that dates are in.
fn in_years(day: Option<NaiveDate>) -> Option<NaiveDate> {
    day.filter(|day| YEARS.contains(&day.year()))
}

/// Finds the date the words name.
pub(super) fn find(words: &[&str], today: NaiveDate, habits: Habits) -> Result<DateMatch> {
    let last = last_of_week(today, habits.week_start);
    match *words {
        ["today" | "tod" | "now" | "eod"] | ["end", "day"] => exact(Some(today)),
        ["tomorrow" | "tom" | "tmr" | "tmrw"] => exact(days_after(today, 1)),
        ["yesterday"] => exact(Some(before(today))),
        ["day", "after", "tomorrow"] => exact(days_after(today, 2)),
        ["next", "week"] => vague(next(Weekday::Mon, last)),
        ["next", "weekend"] => vague(next(Weekday::Sat, last)),
        ["weekend"] | ["this", "weekend"] => vague(next(Weekday::Sat, before(today))),
        ["next", "month"] => vague(first_of_next_month(today)),
        ["next", "year"] => vague(Some(first_of_year(today, 1))),
        ["someday" | "sometime" | "later" | "soon" | "eventually" | "never" | "asap"] => {
            Err(Refused::Because(
                "names no day; leave it out, or write one, like in 6 months".to_owned(),
            ))
        }
        ["sow" | "som" | "soq" | "soy"] => start(&words[0][2..], today, last),
        ["start" | "beginning", ref what @ ..] | ["first" | "1st", "day", ref what @ ..] => {
            start(&what.join(" "), today, last)
        }
        [
            "first" | "1st",
            ref what @ ..,
            "week" | "month" | "quarter" | "year",
        ] => {
            let what = &words[words.len() - what.len() - 1..];
            start(&what.join(" "), today, last)
        }
        [number, "next", "month"] if day_number(number).is_some() => {
            let day = day_number(number).ok_or(Refused::Unknown)?;
            exact(first_of_next_month(today).and_then(|first| first.with_day(day)))
        }
        ["eow" | "eom" | "eoq" | "eoy"] => end(&words[0][2..], today, last),
        ["end", ref what @ ..] | ["last", "day", ref what @ ..] => {
            end(&what.join(" "), today, last)
        }
        _ => weekday_after(words, today)
            .or_else(|| span_after(words, today, habits))
            .or_else(|| weekday_words(words, today, last, habits))
            .unwrap_or_else(|| date(words, today, habits)),
    }
}

/// The first such weekday when a time has passed: `monday in two weeks`. `None` when the words are none of that.
fn weekday_after(words: &[&str], today: NaiveDate) -> Option<Result<DateMatch>> {
    let ([name, "in", number, unit] | ["in", number, unit, name]) = *words else {
        return None;
    };
    let name = weekday(name)?;
    let from = span(&[number, unit], today)?;
    Some(match from {
        Ok(Span::To(day)) => vague(next(name, before(day))),
        Ok(Span::Clock(_)) => Err(Refused::Unknown),
        Err(refused) => Err(refused),
    })
}

/// A time after a date: `a week from monday`, `2 days after jun 5`. `None` when the words are none of that.
fn span_after(words: &[&str], today: NaiveDate, habits: Habits) -> Option<Result<DateMatch>> {
    let [number, unit, "from" | "after", date @ ..] = words else {
        return None;
    };
    let from = match find(date, today, habits) {
        Ok(found) => found.day,
        Err(refused) => return Some(Err(refused)),
    };
    Some(match span(&[number, unit], from)? {
        Ok(Span::To(day)) => vague(Some(day)),
        Ok(Span::Clock(_)) => Err(Refused::Unknown),
        Err(refused) => Err(refused),
    })
}

/// A weekday: alone, with the word that says which one, or beside a date. `None` when there is none.
fn weekday_words(
    words: &[&str],
    today: NaiveDate,
    last: NaiveDate,
    habits: Habits,
) -> Option<Result<DateMatch>> {
    match *words {
        ["next", "week", name] | [name, "next", "week"] => Some(exact(next(weekday(name)?, last))),
        ["next", name] => Some(vague(next(weekday(name)?, last))),
        ["last", name] => Some(exact(latest(weekday(name)?, before(today)))),
        ["this", name] => {
            // unlike the bare name it can be today
            let found = exact(next(weekday(name)?, before(today)));
            Some(found.map(|found| DateMatch {
                vague: found.day == today || found.day > last,
                ..found
            }))
        }
        [name] | ["coming", name] | ["this", "coming", name] => {
            let found = exact(next(weekday(name)?, today));
            Some(found.map(|found| DateMatch {
                vague: found.day.weekday() == today.weekday(),
                ..found
            }))
        }
        [name, ref rest @ ..] => {
            let name = weekday(name)?;
            // A month alone is hardly its first day, if that is such a weekday.
            let has_number = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
            if !rest.iter().any(has_number) {
                return Some(Err(Refused::Unknown));
            }
            let found = date(rest, today, habits).map(|found| of_weekday(name, found, rest, today));
            Some(found.and_then(|found| agreed(name, found)))
        }
        [] => None,
    }
}

/// Returns a day of a month without a year as that of this year, if that one falls on the weekday said with it: lists show past
/// dates of this year so.
fn of_weekday(weekday: Weekday, found: DateMatch, words: &[&str], today: NaiveDate) -> DateMatch {
    let has_month = match *words {
        [word] => !word.ends_with(char::is_alphabetic),
        ref words => words.len() == 2,
    };
    let this_year = found.day.with_year(today.year());
    let this_year = this_year.filter(|day| has_month && !found.full && day.weekday() == weekday);
    DateMatch {
        day: this_year.unwrap_or(found.day),
        vague: found.vague && this_year.is_none(),
        ..found
    }
}

/// Refuses a date that does not fall on the weekday said with it.
fn agreed(weekday: Weekday, found: DateMatch) -> Result<DateMatch> {
    let day = found.day;
    if day.weekday() == weekday {
        return Ok(found);
    }
    Err(Refused::Because(format!(
        "names two days: {day} is a {}; write one of them",
        day.format("%A")
    )))
}

/// A date given by its numbers, in figures or with the month's name.
fn date(words: &[&str], today: NaiveDate, habits: Habits) -> Result<DateMatch> {
    match *words {
        [word] if word.starts_with(|c: char| c.is_ascii_digit()) => {
            figures(word, today, habits.date_order)
        }
        _ => month_words(words, today),
    }
}

/// `start of month` and its like: the next first day of such a period, today included; `what` is as in [`end`].
fn start(what: &str, today: NaiveDate, last: NaiveDate) -> Result<DateMatch> {
    let this_or_next = |first: NaiveDate, next: Option<NaiveDate>| {
        vague(if first == today { Some(first) } else { next })
    };
    let first_of_week = days_before(last, 6);
    let first_of_quarter = first_of_month(today).with_month0(today.month0() / 3 * 3);
    match what {
        "week" | "this week" | "w" => this_or_next(first_of_week, days_after(last, 1)),
        "next week" => vague(days_after(last, 1)),
        "month" | "this month" | "m" => {
            this_or_next(first_of_month(today), first_of_next_month(today))
        }
        "next month" => exact(first_of_next_month(today)),
        "quarter" | "this quarter" | "q" => {
            let first = first_of_quarter.ok_or(Refused::Unknown)?;
            this_or_next(first, first.checked_add_months(Months::new(3)))
        }
        "next quarter" => {
            exact(first_of_quarter.and_then(|first| first.checked_add_months(Months::new(3))))
        }
        "year" | "this year" | "y" => {
            this_or_next(first_of_year(today, 0), Some(first_of_year(today, 1)))
        }
        "next year" => exact(Some(first_of_year(today, 1))),
        name => {
            let month = month_number(name).ok_or(Refused::Unknown)?;
            exact(Some(next_of_year(1, month, today)?))
        }
    }
}

/// `end of month` and its like; `what` is the period, in full or as its first letter.
fn end(what: &str, today: NaiveDate, last: NaiveDate) -> Result<DateMatch> {
    let last_of_month = |day: NaiveDate| first_of_next_month(day).map(before);
    let quarter = first_of_month(today).with_month0(today.month0() / 3 * 3 + 2);
    match what {
        "week" | "this week" | "w" => found(Some(last), true),
        "next week" => found(days_after(last, 7), true),
        "month" | "this month" | "m" => found(last_of_month(today), false),
        "next month" => found(first_of_next_month(today).and_then(last_of_month), false),
        "quarter" | "this quarter" | "q" => found(quarter.and_then(last_of_month), false),
        "year" | "this year" | "y" => found(Some(before(first_of_year(today, 1))), false),
        "next year" => found(Some(before(first_of_year(today, 2))), false),
        name => {
            let month = month_number(name).ok_or(Refused::Unknown)?;
            let first = next_of_year(1, month, first_of_month(today))?;
            found(last_of_month(first), false)
        }
    }
}

/// `jun 5`, `5th june 2027`, `june`, `15th`.
fn month_words(words: &[&str], today: NaiveDate) -> Result<DateMatch> {
    let full = |day: &str, name: &str, year: &str| {
        let (day, month, year) = (day_number(day), month_number(name), year.parse().ok());
        let (Some(day), Some(month), Some(year)) = (day, month, year) else {
            return Err(Refused::Unknown);
        };
        let date = NaiveDate::from_ymd_opt(year, month, day);
        let found = exact(Some(date.ok_or_else(|| no_such_day(day, month))?))?;
        Ok(DateMatch {
            full: true,
            ..found
        })
    };
    let this_or_next = |day: &str, name: &str| {
        let (Some(day), Some(month)) = (day_number(day), month_number(name)) else {
            return Err(Refused::Unknown);
        };
        let day = next_of_year(day, month, today)?;
        // the date has passed this year, and who means the past is told
        found(Some(day), day.year() != today.year())
    };
    match *words {
        [name, day, year] if is_year(year) && month(name).is_some() => full(day, name, year),
        [day, name, year] if is_year(year) => full(day, name, year),
        [name, year] if is_year(year) => full("1", name, year).map(|found| DateMatch {
            vague: true,
            full: false,
            ..found
        }),
        [name, day] if month(name).is_some() => this_or_next(day, name),
        [day, name] => this_or_next(day, name),
        [name] if month(name).is_some() => {
            let found = this_or_next("1", name)?;
            Ok(DateMatch {
                vague: true,
                ..found
            })
        }
        _ => Err(Refused::Unknown),
    }
}

/// Returns this date of this year, or of the first year to come that has it. February 29 can be eight years away.
fn next_of_year(day: u32, month: u32, today: NaiveDate) -> Result<NaiveDate> {
    (0..=8)
        .filter_map(|years| NaiveDate::from_ymd_opt(today.year() + years, month, day))
        .find(|date| *date >= today)
        .filter(|date| YEARS.contains(&date.year()))
        .ok_or_else(|| no_such_day(day, month))
}

/// Returns why there is no such day, if its month is one.
fn no_such_day(day: u32, month: u32) -> Refused {
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let days = match month {
        2 => "28 days, and 29 in leap years",
        4 | 6 | 9 | 11 => "30 days",
        _ => "31 days",
    };
    match name.filter(|_| (29..=31).contains(&day)) {
        Some(name) => {
            let (first, others) = name.split_at(1);
            let first = first.to_uppercase();
            Refused::Because(format!("names no day: {first}{others} has {days}"))
        }
        None => Refused::Unknown,
    }
}

/// Returns the weekday given by at least three letters of its name.
fn weekday(word: &str) -> Option<Weekday> {
    let name = super::calendar_words::weekday(word)?;
    let index = WEEKDAYS.iter().position(|known| *known == name)?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

/// Returns the number of the month given by at least three letters of its name, from 1.
fn month_number(word: &str) -> Option<u32> {
    let name = month(word)?;
    let index = MONTHS.iter().position(|known| *known == name)?;
    u32::try_from(index + 1).ok()
}

/// Returns the first such weekday after `day`, never `day` itself.
fn next(weekday: Weekday, day: NaiveDate) -> Option<NaiveDate> {
    let days = weekday.days_since(day.weekday());
    days_after(day, if days == 0 { 7 } else { days })
}

/// Returns the last such weekday up to `day`, which may be `day` itself.
fn latest(weekday: Weekday, day: NaiveDate) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(day.weekday().days_since(weekday).into()))
}

fn days_after(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(days.into()))
}

fn first_of_next_month(day: NaiveDate) -> Option<NaiveDate> {
    first_of_month(day).checked_add_months(Months::new(1))
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

fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
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
