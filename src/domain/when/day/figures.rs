//! A date in figures, alone in its word.

use chrono::{Datelike as _, Months, NaiveDate};

use super::{
    DateMatch, Refused, Result, YEARS, first_of_month, found, is_year, next_of_year, no_such_day,
    vague,
};
use crate::domain::when::{
    calendar_words::{day_number, number},
    zone::DateOrder,
};

/// A date in figures: ISO forms, `12-24`, `12/24`, `24.12.2026`, `15th`.
pub(super) fn figures(word: &str, today: NaiveDate, order: Option<DateOrder>) -> Result<DateMatch> {
    if let Some(day) = word
        .ends_with(char::is_alphabetic)
        .then(|| day_number(word))
        .flatten()
    {
        let days = (0..12).filter_map(|step| {
            first_of_month(today)
                .checked_add_months(Months::new(step))?
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
    if let Some(day) = iso.filter(|day| YEARS.contains(&day.year())) {
        return Ok(DateMatch {
            day,
            vague: false,
            full: true,
        });
    }
    let separator = ['-', '/', '.'].into_iter().find(|c| word.contains(*c));
    let parts: Vec<&str> = word.split(separator.ok_or(Refused::Unknown)?).collect();
    match *parts {
        [year, month, day] if is_year(year) => {
            let date = date_of(day, month, year).ok_or_else(|| no_such_day_in(day, month))?;
            Ok(DateMatch {
                full: true,
                ..found(Some(date), false)?
            })
        }
        [a, b, year] if is_year(year) => pair(a, b, order, |day, month| date_of(day, month, year))
            .map(|found| DateMatch {
                full: true,
                ..found
            }),
        // As lists show it.
        [month, day] if separator == Some('-') && month.len() == 2 && day.len() == 2 => {
            let (Some(month), Some(day)) = (number(month), number(day)) else {
                return Err(Refused::Unknown);
            };
            vague(Some(next_of_year(day, month, today)?))
        }
        // "24.12." too
        [a, b] | [a, b, ""] if separator != Some('-') => pair(a, b, order, |day, month| {
            next_of_year(number(day)?, number(month)?, today).ok()
        }),
        _ => Err(Refused::Unknown),
    }
}

/// Takes day and month in the order that gives a date; when both orders do, in that of the user.
fn pair(
    a: &str,
    b: &str,
    order: Option<DateOrder>,
    date: impl Fn(&str, &str) -> Option<NaiveDate>,
) -> Result<DateMatch> {
    match (date(a, b), date(b, a)) {
        (Some(one), Some(other)) if one != other => match order {
            Some(DateOrder::DayMonth) => vague(Some(one)),
            Some(DateOrder::MonthDay) => vague(Some(other)),
            None => Err(Refused::Because(format!(
                "can be read as {one} and as {other}; write the one you mean, or set date_order in config.toml"
            ))),
        },
        (None, None) => Err(match no_such_day_in(a, b) {
            Refused::Unknown => no_such_day_in(b, a),
            because @ Refused::Because(_) => because,
        }),
        (one, other) => found(one.or(other), true),
    }
}

fn no_such_day_in(day: &str, month: &str) -> Refused {
    match (number(day), number(month)) {
        (Some(day), Some(month)) => no_such_day(day, month),
        _ => Refused::Unknown,
    }
}

fn date_of(day: &str, month: &str, year: &str) -> Option<NaiveDate> {
    let (day, month) = (number(day)?, number(month)?);
    NaiveDate::from_ymd_opt(year.parse().ok()?, month, day)
}
