//! Words for a day of a period: `1st of the month`, `last friday of the quarter`, `first of the year`.

use chrono::Weekday;

use crate::domain::repeat::rule::{
    Frequency::{Monthly, Weekly, Yearly},
    QUARTER_ENDS, QUARTER_STARTS, Rule,
};

use super::{
    days::{Refused, ordinal, set_day_of_year, set_days_of_month, weekdays},
    rhythm::rhythm,
};

/// The period a day is said to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    fn named(word: &str) -> Option<Self> {
        match word {
            "week" | "weeks" => Some(Self::Week),
            "month" | "months" => Some(Self::Month),
            "quarter" | "quarters" => Some(Self::Quarter),
            "year" | "years" => Some(Self::Year),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// Parts `of the month` and its like from the words around it; other words lose their `of`.
pub(super) fn split<'a>(words: &[&'a str]) -> (Vec<&'a str>, Option<Period>) {
    let (mut which, mut found) = (Vec::new(), None);
    let is_period = |word: &str, found: Option<Period>| {
        Period::named(word).is_some_and(|period| found.is_none_or(|found| found == period))
    };
    let mut rest = words;
    loop {
        rest = match *rest {
            [] => break,
            ["of", "every" | "a", period, ref rest @ ..] | ["of", period, ref rest @ ..]
                if is_period(period, found) =>
            {
                found = Period::named(period);
                rest
            }
            [word, ref rest @ ..] => {
                which.push(word);
                rest
            }
        };
    }
    if found.is_none() {
        which.retain(|word| *word != "of");
    }
    (which, found)
}

/// Reads the day of a period; the flag says whether it could be meant in another way.
pub(super) fn read(
    words: &[&str],
    period: Period,
    week_start: Weekday,
) -> Result<(Rule, bool), Refused> {
    let which = match *words {
        ["every", ref which @ ..] => which,
        _ => words,
    };
    let is_numbered_day = matches!(*which, [number, "day"] if ordinal(number).is_some());
    if !is_numbered_day && let Some((rule, detail)) = rhythm(words)? {
        return with_rhythm(rule, detail, period).map(|rule| (rule, false));
    }
    match (period, which) {
        (Period::Month, _) => {
            let mut rule = Rule::new(Monthly, 1);
            set_days_of_month(&mut rule, which)?;
            Ok((rule, false))
        }
        (_, ["1st" | "first" | "start" | "beginning"]) => {
            Ok((edge(period, true, week_start), true))
        }
        (_, ["1st" | "first", "day"]) => Ok((edge(period, true, week_start), false)),
        (_, ["last"]) => Ok((edge(period, false, week_start), true)),
        (_, ["end"] | ["last", "day"]) => Ok((edge(period, false, week_start), false)),
        (Period::Year, [_, _]) if !is_numbered_day => {
            let mut rule = Rule::new(Yearly, 1);
            set_day_of_year(&mut rule, which)?;
            Ok((rule, false))
        }
        (Period::Quarter, ["1st" | "first" | "last", name]) if weekdays(&[name]).is_some() => {
            let mut rule = edge(period, which[0] != "last", week_start);
            rule.month_days.clear();
            set_days_of_month(&mut rule, which)?;
            Ok((rule, false))
        }
        (_, [number] | [number, "day"]) if ordinal(number).is_some() => {
            Err(Some(two_readings(ordinal(number).unwrap_or(2), period)))
        }
        _ => Err(None),
    }
}

/// Adds what is said of a period to a rhythm: `every 2 months on the last day of the month`, `every day of the week`.
fn with_rhythm(mut rule: Rule, detail: &[&str], period: Period) -> Result<Rule, Refused> {
    match (rule.freq, period, detail) {
        (_, _, []) if rule.interval == 1 => Ok(rule),
        (Monthly, Period::Month, [_, ..]) => {
            set_days_of_month(&mut rule, detail)?;
            Ok(rule)
        }
        (Yearly, Period::Year, [_, _]) => {
            set_day_of_year(&mut rule, detail)?;
            Ok(rule)
        }
        _ => Err(None),
    }
}

/// Returns the rule of the first or the last day of a period.
fn edge(period: Period, is_first: bool, week_start: Weekday) -> Rule {
    let mut rule = match period {
        Period::Week => {
            let mut rule = Rule::new(Weekly, 1);
            let day = if is_first {
                week_start
            } else {
                week_start.pred()
            };
            rule.days = vec![(0, day)];
            return rule;
        }
        Period::Year => Rule::new(Yearly, 1),
        Period::Month | Period::Quarter => Rule::new(Monthly, 1),
    };
    rule.months = match (period, is_first) {
        (Period::Year, true) => vec![1],
        (Period::Year, false) => vec![12],
        (Period::Quarter, true) => QUARTER_STARTS.to_vec(),
        (Period::Quarter, false) => QUARTER_ENDS.to_vec(),
        _ => Vec::new(),
    };
    rule.month_days = match (period, is_first) {
        (_, true) => vec![1],
        (Period::Year, false) => vec![31],
        _ => vec![-1],
    };
    rule
}

fn two_readings(number: u32, period: Period) -> String {
    let way_out = match period {
        Period::Week => "a weekday, like every tue".to_owned(),
        Period::Year => format!("every jan {number}"),
        Period::Month | Period::Quarter => "the date, like every jan 2".to_owned(),
    };
    let name = period.name();
    format!(
        "can be read as a day of the {name} and as every {number} {name}s; write {way_out}, or every {number} {name}s"
    )
}
