//! Words for a length of time: `3 days`, `in 2 weeks`, `2 hours ago`.

use chrono::{Days, Months, NaiveDate, TimeDelta};

use super::{Refused, in_years};
use crate::domain::when::calendar_words::amount;

/// A length of time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::when) enum Span {
    /// So many days from today.
    To(NaiveDate),
    /// So much later than now.
    Clock(TimeDelta),
}

/// Reads `3 days`, `in 2 weeks`, `2 hours ago`, `3d`, `an hour`. `None` when the words are no length of time.
pub(in crate::domain::when) fn span(
    words: &[&str],
    today: NaiveDate,
) -> Option<Result<Span, Refused>> {
    let words = match *words {
        ["in", ref rest @ ..] => rest,
        _ => words,
    };
    let (words, is_ago) = match *words {
        [ref rest @ .., "from", "now" | "today"] => (rest, false),
        [ref rest @ .., "ago"] => (rest, true),
        _ => (words, false),
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
    let clock = |span: TimeDelta| Some(Span::Clock(if is_ago { -span } else { span }));
    let day = |day: Option<NaiveDate>| in_years(day).map(Span::To);
    let days = |days: u32| {
        let days = Days::new(days.into());
        day(if is_ago {
            today.checked_sub_days(days)
        } else {
            today.checked_add_days(days)
        })
    };
    let months = |months: u32| {
        let months = Months::new(months);
        day(if is_ago {
            today.checked_sub_months(months)
        } else {
            today.checked_add_months(months)
        })
    };
    let span = match unit {
        "min" | "mins" | "minute" | "minutes" => clock(TimeDelta::minutes(number.into())),
        "h" | "hr" | "hrs" | "hour" | "hours" => clock(TimeDelta::hours(number.into())),
        "d" | "day" | "days" => days(number),
        "w" | "wk" | "wks" | "week" | "weeks" => days(7 * number),
        "fortnight" | "fortnights" => days(14 * number),
        "mo" | "mos" | "month" | "months" => months(number),
        "y" | "yr" | "yrs" | "year" | "years" => months(12 * number),
        "m" => {
            let reason = format!(
                "is minutes to some and months to others; write {number}min or {number} months"
            );
            return Some(Err(Refused::Because(reason)));
        }
        _ => return None,
    };
    Some(span.ok_or(Refused::Because(
        "is out of the years 1970 to 9999".to_owned(),
    )))
}
