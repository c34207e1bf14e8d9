//! Words for the days of a rule: `mon and thu`, `15th and 30th`, `last weekday`, `jun 5`.

use chrono::Weekday;

use crate::domain::{
    repeat::rule::{Rule, WORKDAYS},
    when::calendar_words::{self, MONTHS, WEEKDAYS, day_number},
};

/// Why words give no rule; a reason reads on after the text, `None` is words not known.
pub(super) type Refused = Option<String>;

/// Reads weekdays and words for some of them; a weekend is its Saturday, so that it comes once.
pub(super) fn weekdays(words: &[&str]) -> Option<Vec<(i16, Weekday)>> {
    let mut days = Vec::new();
    for word in words {
        match *word {
            "weekday" | "weekdays" | "workday" | "workdays" => days.extend(WORKDAYS),
            "weekend" | "weekends" => days.push(Weekday::Sat),
            name => days.push(weekday(name)?),
        }
    }
    days.sort_unstable_by_key(Weekday::num_days_from_monday);
    days.dedup();
    (!days.is_empty()).then(|| days.into_iter().map(|day| (0, day)).collect())
}

/// Reads the name of a weekday, or several of it: `mon`, `mondays`.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let named = |word| calendar_words::weekday(word);
    let name = named(word).or_else(|| named(word.strip_suffix('s')?))?;
    let index = WEEKDAYS.iter().position(|day| *day == name)?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

/// Reads `15th`, `1st 15th`, `last day`, `first monday`, `1st 3rd fri`, `last weekday`.
pub(super) fn set_days_of_month(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
    let words = match *words {
        ["day", ref rest @ ..] | [ref rest @ .., "day"] => rest,
        _ => words,
    };
    if let [ref which @ .., name] = *words
        && let Some(days) = weekdays(&[name])
        && !which.is_empty()
    {
        let which: Vec<i16> = which
            .iter()
            .map(|word| nth(word))
            .collect::<Option<_>>()
            .ok_or(None)?;
        match (&*days, &*which) {
            ([(_, day)], _) => rule.days = which.iter().map(|nth| (*nth, *day)).collect(),
            (_, [position]) => {
                rule.days = days;
                rule.positions = vec![(*position).into()];
            }
            _ => return Err(None),
        }
        rule.days
            .sort_unstable_by_key(|(nth, day)| (*nth, day.num_days_from_monday()));
        rule.days.dedup();
        return Ok(());
    }
    let number = |word: &&str| match *word {
        "last" | "end" => Some(-1),
        "start" | "beginning" => Some(1),
        word if from_last(word).is_some() => {
            from_last(word).and_then(|day| i8::try_from(day).ok().map(i8::wrapping_neg))
        }
        word => ordinal(word)
            .or_else(|| day_number(word))
            .and_then(|day| i8::try_from(day).ok()),
    };
    let mut days: Vec<i8> = words
        .iter()
        .map(number)
        .collect::<Option<_>>()
        .ok_or(None)?;
    days.sort_unstable();
    days.dedup();
    if days.is_empty() {
        return Err(None);
    }
    rule.set_month_days(&days).map_err(Some)
}

/// Reads `jun 5`, `5th june`, `4th thursday november`, `last day february`; without a month, `first monday` of the year.
pub(super) fn set_day_of_year(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
    let (name, rest) = match *words {
        [nth, name] if weekday(name).is_some() => {
            let day = weekday(name).ok_or(None)?;
            rule.days = vec![(self::nth(nth).ok_or(None)?, day)];
            return Ok(());
        }
        [ref rest @ .., name] if calendar_words::month(name).is_some() => (name, rest),
        [name, ref rest @ ..] => (name, rest),
        [] => return Err(None),
    };
    let name = calendar_words::month(name).ok_or(None)?;
    let month = MONTHS.iter().position(|month| *month == name).ok_or(None)?;
    rule.months = vec![u8::try_from(month + 1).map_err(|_| None)?];
    match *rest {
        [] => Err(Some(format!(
            "does not say on which day; write every {} 1",
            &name[..3]
        ))),
        ["last", "day"] => {
            rule.month_days = vec![-1];
            Ok(())
        }
        [word] => {
            let day = day_number(word).ok_or(None)?;
            if day > Rule::longest(&rule.months) {
                return Err(None);
            }
            rule.set_month_day(day);
            Ok(())
        }
        [_, name] if weekday(name).is_some() => set_days_of_month(rule, rest),
        _ => Err(None),
    }
}

/// Reads which of several: `first`, `3rd`, `last`.
pub(super) fn nth(word: &str) -> Option<i16> {
    if word == "last" {
        return Some(-1);
    }
    let nth = match from_last(word) {
        Some(number) => -i16::try_from(number).ok()?,
        None => i16::try_from(ordinal(word)?).ok()?,
    };
    Some(nth).filter(|nth| nth.abs() <= 5)
}

/// Reads `2nd-last`, which `words` makes of `second last` and its like.
pub(super) fn from_last(word: &str) -> Option<u32> {
    ordinal(word.strip_suffix(FROM_LAST)?)
}

/// What follows the number of a day that is counted from the end.
pub(super) const FROM_LAST: &str = "-last";

/// Reads `third` or `3rd`.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    const WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    match WORDS.iter().position(|name| *name == word) {
        Some(index) => u32::try_from(index + 1).ok(),
        None => day_number(word).filter(|_| !word.ends_with(|c: char| c.is_ascii_digit())),
    }
}
