//! Words for the days of a rule: `mon and thu`, `15th and 30th`, `last weekday`, `jun 5`.

use chrono::Weekday;

use crate::domain::{
    repeat::rule::{Frequency::Monthly, Rule, WORKDAYS},
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

/// Reads `jun 5`, `5th june`, `4th thursday november`, `last day february`, and the same days of several months: `mar 15 sep 15`,
/// `15th mar sep`, `first monday may sep`; without a month, `first monday` of the year.
pub(super) fn set_day_of_year(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
    if let [nth, name] = *words
        && let Some(day) = weekday(name)
    {
        rule.days = vec![(self::nth(nth).ok_or(None)?, day)];
        return Ok(());
    }
    if let Some(dates) = dates_of_year(words) {
        return set_dates_of_year(rule, &dates);
    }
    if let [name, days @ ..] = words
        && month(name).is_some()
        && days.iter().any(|day| month(day).is_none())
    {
        return set_days_of_months(rule, days, &[*name]);
    }
    let before = words.iter().take_while(|word| month(word).is_none());
    let (days, months) = words.split_at(before.count());
    let numbers: Option<Vec<u32>> = days.iter().map(|day| day_number(day)).collect();
    let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
        return set_days_of_months(rule, days, months);
    };
    let of_each = |name: &&str| {
        let month = month(name)?;
        Some(numbers.iter().map(move |day| (month, *day)))
    };
    let dates: Option<Vec<_>> = months.iter().map(of_each).collect();
    let dates: Vec<_> = dates.ok_or(None)?.into_iter().flatten().collect();
    set_dates_of_year(rule, &dates)
}

/// Reads `first monday` or `last day` of each of the months.
fn set_days_of_months(rule: &mut Rule, days: &[&str], months: &[&str]) -> Result<(), Refused> {
    let months: Option<Vec<u8>> = months.iter().map(|name| month(name)).collect();
    rule.months = months.filter(|months| !months.is_empty()).ok_or(None)?;
    rule.months.sort_unstable();
    rule.months.dedup();
    match *days {
        [] => {
            let firsts: Vec<String> = rule.months.iter().map(|month| first_of(*month)).collect();
            Err(Some(format!(
                "does not say on which day; write every {}",
                firsts.join(" and ")
            )))
        }
        ["last", "day"] => {
            rule.month_days = vec![-1];
            Ok(())
        }
        [_, .., name] if weekdays(&[name]).is_some() => {
            set_days_of_month(rule, days)?;
            // A position counts in each month, not in the year.
            if rule.positions.is_empty() || rule.months.len() == 1 {
                Ok(())
            } else if rule.interval == 1 {
                rule.freq = Monthly;
                Ok(())
            } else {
                Err(None)
            }
        }
        _ => Err(None),
    }
}

/// Sets dates of a year, by month and day. They must be each of some days in each of some months: others no rule has.
fn set_dates_of_year(rule: &mut Rule, dates: &[(u8, u32)]) -> Result<(), Refused> {
    let is_date = |(month, day): &(u8, u32)| *day <= Rule::longest(&[*month]);
    if dates.is_empty() || !dates.iter().all(is_date) {
        return Err(None);
    }
    rule.months = dates.iter().map(|(month, _)| *month).collect();
    rule.months.sort_unstable();
    rule.months.dedup();
    let mut days: Vec<u32> = dates.iter().map(|(_, day)| *day).collect();
    days.sort_unstable();
    days.dedup();
    if let ([_], [day]) = (&*rule.months, &*days) {
        rule.set_month_day(*day);
        return Ok(());
    }
    let mut each = rule
        .months
        .iter()
        .flat_map(|month| days.iter().map(|day| (*month, *day)));
    let is_one_rule = each.all(|date| dates.contains(&date) && date != LEAP_DAY);
    if !is_one_rule {
        return Err(Some(
            "names dates that no single rule has; add a task for each".to_owned(),
        ));
    }
    rule.month_days = days
        .into_iter()
        .map(i8::try_from)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| None)?;
    Ok(())
}

/// The day that a common year has not, and of which words make its last day of February.
const LEAP_DAY: (u8, u32) = (2, 29);

/// Reads dates with their months, all in the same order: `mar 15 sep 15`, `15th march 15th september`.
fn dates_of_year(words: &[&str]) -> Option<Vec<(u8, u32)>> {
    let (dates, []) = words.as_chunks::<2>() else {
        return None;
    };
    let month_first = || -> Option<Vec<(u8, u32)>> {
        let read = |[name, day]: &[&str; 2]| Some((month(name)?, day_number(day)?));
        dates.iter().map(read).collect()
    };
    let day_first = || {
        let read = |[day, name]: &[&str; 2]| Some((month(name)?, day_number(day)?));
        dates.iter().map(read).collect()
    };
    month_first().or_else(day_first)
}

/// Returns the number of a month, from 1.
fn month(word: &str) -> Option<u8> {
    let name = calendar_words::month(word)?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    u8::try_from(month + 1).ok()
}

fn first_of(month: u8) -> String {
    let name = MONTHS.get(usize::from(month) - 1);
    name.map_or_else(String::new, |name| format!("{} 1", &name[..3]))
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
