//! Words of a rule that are understood and not taken: they have two readings, or say what no rule can.

use super::days::{Refused, ordinal, weekday};
use crate::domain::when::calendar_words::{self, amount};

/// Refuses such words, each with what to write instead.
pub(super) fn refuse(words: &[&str]) -> Result<(), Refused> {
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let reason = match *word {
            "morning" | "mornings" | "afternoon" | "afternoons" | "evening" | "evenings"
            | "night" | "nights" | "tonight" => {
                "names a part of the day; write the time, like every day at 9am"
            }
            "at" => "names no time that can be read; write it like at 9am or at 17:30",
            "after" if matches!(next, "the") || ordinal(next).is_some() => return Err(None),
            "every!" | "after" | "completion" | "done" => {
                "counts from the day it is done; write that like every 3 days after completion"
            }
            "hourly" => "repeats more than once a day; a task repeats daily at most",
            "except" => "leaves days out; write the days it is on",
            "biannual" | "biannually" | "biyearly" => {
                "is twice a year to some; write every 6 months or every 2 years"
            }
            "bimonthly" => {
                "is twice a month to some; write every 2 months or monthly on the 1st and 15th"
            }
            "semimonthly" => "does not say on which days; write them, like 1st and 15th",
            "semiweekly" => "does not say on which days; write them, like every mon and thu",
            word if word.starts_with('p')
                && word[1..].starts_with(|c: char| c.is_ascii_digit()) =>
            {
                "is no length of one unit; write days, weeks, months or years alone, like P2W"
            }
            _ => continue,
        };
        return Err(Some(reason.to_owned()));
    }
    let is_cron = |word: &&str| {
        word.bytes()
            .all(|b| b.is_ascii_digit() || b"*/-?".contains(&b))
    };
    if words.len() == 5 && words.iter().all(is_cron) {
        return Err(Some(
            "is a line of cron; write it like every mon at 9am".to_owned(),
        ));
    }
    several_a_period(words)?;
    match *words {
        [] => Err(None),
        ["every" | "each", number] | [number] if number.parse::<u32>().is_ok() => {
            Err(Some(format!("has no unit; write every {number} days")))
        }
        ["every" | "each", "second"] => Err(Some(
            "repeats more than once a day; a task repeats daily at most".to_owned(),
        )),
        ["every" | "each", name] | [name] if calendar_words::month(name).is_some() => {
            let name = calendar_words::month(name).unwrap_or(name);
            Err(Some(format!(
                "does not say on which day; write every {} 1",
                &name[..3]
            )))
        }
        ["every" | "each", "2nd" | "second", name] | ["2nd" | "second", name]
            if weekday(name).is_some() =>
        {
            let name = calendar_words::weekday(name).unwrap_or(name);
            Err(Some(format!(
                "can be read as every other {name} and as the 2nd {name} of the month; write the one you mean"
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses `twice a week` and `3 times a month`, which do not say when.
fn several_a_period(words: &[&str]) -> Result<(), Refused> {
    let after = match *words {
        ["twice" | "thrice", ref rest @ ..] => rest,
        [number, "times" | "x", ref rest @ ..] if amount(number).is_some_and(|n| n > 1) => rest,
        _ => return Ok(()),
    };
    let (["a" | "per" | "each" | "every", period] | [period]) = *after else {
        return Ok(());
    };
    let example = match period {
        "day" | "daily" => {
            return Err(Some(
                "repeats more than once a day; a task repeats daily at most".to_owned(),
            ));
        }
        "week" | "weekly" => "every mon and thu",
        "month" | "monthly" => "1st and 15th",
        "year" | "yearly" => "every 6 months",
        _ => return Ok(()),
    };
    Err(Some(format!(
        "does not say on which days; write them, like {example}"
    )))
}
