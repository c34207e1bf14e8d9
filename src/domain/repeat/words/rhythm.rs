//! Words for how often: `daily`, `every 2 weeks`, `every other month`, `3d`.

use crate::domain::{
    repeat::rule::{
        Frequency::{self, Daily, Monthly, Weekly, Yearly},
        INTERVALS, Rule,
    },
    when::calendar_words::amount,
};

use super::days::{Refused, ordinal};

const TOO_OFTEN: &str = "repeats more than once a day; a task repeats daily at most";

/// Reads how often; returns the words after it too. `None` when the words do not begin with a rhythm.
pub(super) fn rhythm<'a, 'b>(
    words: &'a [&'b str],
) -> Result<Option<(Rule, &'a [&'b str])>, Refused> {
    let (freq, interval, rest) = match *words {
        ["daily" | "everyday", ref rest @ ..] => (Daily, 1, rest),
        ["weekly", ref rest @ ..] => (Weekly, 1, rest),
        ["fortnightly" | "biweekly", ref rest @ ..] => (Weekly, 2, rest),
        ["monthly", ref rest @ ..] => (Monthly, 1, rest),
        ["quarterly", ref rest @ ..] => (Monthly, 3, rest),
        ["semiannual" | "semiannually" | "halfyearly", ref rest @ ..]
        | ["every", "half" | "halfyear", "year", ref rest @ ..] => (Monthly, 6, rest),
        ["yearly" | "annually" | "annual", ref rest @ ..] => (Yearly, 1, rest),
        ["biennial" | "biennially", ref rest @ ..] => (Yearly, 2, rest),
        ["every", "hour" | "minute", ..] => return Err(Some(TOO_OFTEN.to_owned())),
        ["every", unit, ref rest @ ..] if long_unit(unit).is_some() => {
            let Some((freq, of)) = long_unit(unit) else {
                return Ok(None);
            };
            (freq, of, rest)
        }
        ["every", number, unit, ref rest @ ..] => match counted(number, unit)? {
            Some((freq, interval)) => (freq, interval, rest),
            None => return Ok(None),
        },
        [number, unit, ref rest @ ..] if !matches!(number, "a" | "an") => {
            match amount(number)
                .map(|_| counted(number, unit))
                .transpose()?
                .flatten()
            {
                Some((freq, interval)) => (freq, interval, rest),
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    Ok(Some((Rule::new(freq, interval), rest)))
}

/// Reads `2 weeks`, `other week`, `3rd week`, `24 hours`. `None` when the words are no length of time.
fn counted(number: &str, unit: &str) -> Result<Option<(Frequency, u16)>, Refused> {
    let number = match number {
        "other" => Some(2),
        number => amount(number).or_else(|| ordinal(number)),
    };
    let Some(number) = number else {
        return Ok(None);
    };
    let (freq, interval) = match unit {
        "h" | "hr" | "hrs" | "hour" | "hours" if number > 0 && number.is_multiple_of(24) => {
            (Daily, number / 24)
        }
        "h" | "hr" | "hrs" | "hour" | "hours" if number > 24 => {
            return Err(Some(
                "counts hours; a task repeats by whole days, so write them".to_owned(),
            ));
        }
        "h" | "hr" | "hrs" | "hour" | "hours" | "min" | "mins" | "minute" | "minutes" => {
            return Err(Some(TOO_OFTEN.to_owned()));
        }
        unit => {
            let Some((freq, of)) = long_unit(unit).or_else(|| short_unit(unit)) else {
                return Ok(None);
            };
            (freq, number * u32::from(of))
        }
    };
    match u16::try_from(interval)
        .ok()
        .filter(|n| INTERVALS.contains(n))
    {
        Some(interval) => Ok(Some((freq, interval))),
        None => Err(None),
    }
}

/// Reads a unit: its frequency, and how many of that make it.
fn long_unit(word: &str) -> Option<(Frequency, u16)> {
    match word {
        "day" | "days" => Some((Daily, 1)),
        "week" | "weeks" => Some((Weekly, 1)),
        "fortnight" | "fortnights" => Some((Weekly, 2)),
        "month" | "months" => Some((Monthly, 1)),
        "quarter" | "quarters" => Some((Monthly, 3)),
        "year" | "years" => Some((Yearly, 1)),
        _ => None,
    }
}

/// Reads a unit as it is written close after its number.
fn short_unit(word: &str) -> Option<(Frequency, u16)> {
    match word {
        "d" => Some((Daily, 1)),
        "w" | "wk" | "wks" => Some((Weekly, 1)),
        "m" | "mo" | "mos" | "mth" | "mths" => Some((Monthly, 1)),
        "q" | "qtr" | "qtrs" => Some((Monthly, 3)),
        "y" | "yr" | "yrs" => Some((Yearly, 1)),
        _ => None,
    }
}

/// Returns the number and the unit of `2w`, `24h` or `P2W`; `None` when `word` is no such length.
pub(super) fn length(word: &str) -> Option<[&str; 2]> {
    let (body, is_iso, is_time) = match word.strip_prefix('p') {
        Some(body) => (
            body.strip_prefix('t').unwrap_or(body),
            true,
            body.starts_with('t'),
        ),
        None => (word, false, false),
    };
    let (number, unit) = body.split_at(body.find(|c: char| !c.is_ascii_digit())?);
    amount(number)?;
    let unit = match (unit, is_iso) {
        ("m", true) if is_time => "minutes",
        ("m", true) => "months",
        ("h" | "hr" | "hrs" | "hour" | "hours" | "min" | "mins" | "minutes", _) => unit,
        (unit, _) if long_unit(unit).or_else(|| short_unit(unit)).is_some() => unit,
        _ => return None,
    };
    Some([number, unit])
}
