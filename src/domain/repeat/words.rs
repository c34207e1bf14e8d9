//! Words for a recurrence rule: `every 2 weeks on mon and thu until 2027-01-01`.

use chrono::Weekday;

use super::rule::{
    Frequency::{self, Daily, Monthly, Weekly, Yearly},
    INTERVALS, Rule, Until, WORKDAYS,
};
use crate::domain::when::{
    calendar_words::{self, MONTHS, WEEKDAYS, amount, day_number},
    full_date,
};

/// Why words give no rule; a reason reads on after the text, `None` is words not known.
type Refused = Option<String>;

/// Reads the words of a rule.
pub(super) fn read(text: &str) -> Result<Rule, Refused> {
    let lower = text.to_lowercase().replace([',', '&'], " ");
    let (lower, from_completion) = counted_from(&lower);
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|word| word.trim_end_matches('.'))
        .collect();
    let (head, end) = split_end(&words)?;
    let head: Vec<&str> = head
        .iter()
        .filter(|word| !matches!(**word, "on" | "the" | "of" | "in" | "and" | "for"))
        .map(|word| {
            if matches!(*word, "each" | "ev") {
                "every"
            } else {
                *word
            }
        })
        .collect();
    let mut rule = match rhythm(&head) {
        Some((mut rule, detail)) => {
            set_detail(&mut rule, detail)?;
            rule
        }
        None => bare_detail(&head)?,
    };
    match end {
        End::Never => {}
        End::Until(day) => rule.until = Some(Until::Day(day)),
        End::Count(count) => rule.count = Some(count),
    }
    if from_completion {
        rule.from_completion = true;
        rule.check().map_err(Some)?;
    }
    Ok(rule)
}

/// Takes what a rule counts from out of its words; the flag says whether that is the completion.
fn counted_from(text: &str) -> (String, bool) {
    const COMPLETION: [&str; 8] = [
        "after completion",
        "from completion",
        "after completing",
        "after completed",
        "when completed",
        "after it is done",
        "after done",
        "when done",
    ];
    const DUE: [&str; 3] = ["from the due date", "from due date", "from due"];
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(phrase) = DUE.iter().find(|phrase| text.contains(*phrase)) {
        return (text.replace(phrase, ""), false);
    }
    let phrase = COMPLETION.iter().find(|phrase| text.contains(*phrase));
    let rest = match phrase {
        Some(phrase) => text.replace(phrase, ""),
        None => match text.strip_prefix("every!").or(text.strip_prefix("after ")) {
            Some(rest) => format!("every {rest}"),
            None => return (text, false),
        },
    };
    let rest = rest.replace("every!", "every").trim().to_owned();
    // "3 days after completion", "a week after completion"
    let first = rest.split(' ').next().unwrap_or_default();
    let is_bare = amount(first).is_some();
    (
        if is_bare {
            format!("every {rest}")
        } else {
            rest
        },
        true,
    )
}

enum End {
    Never,
    Until(chrono::NaiveDate),
    Count(u32),
}

/// Parts `until 2027-01-01` or `for 5 times` from the words before it, and refuses what a rule does not say.
fn split_end<'a, 'b>(words: &'a [&'b str]) -> Result<(&'a [&'b str], End), Refused> {
    for word in words {
        let is_time = word.contains(':')
            || matches!(
                *word,
                "at" | "am"
                    | "pm"
                    | "noon"
                    | "midnight"
                    | "morning"
                    | "afternoon"
                    | "evening"
                    | "night"
            )
            || ["am", "pm"].iter().any(|half| {
                word.strip_suffix(half)
                    .is_some_and(|hour| hour.parse::<u8>().is_ok())
            });
        let reason = match *word {
            _ if is_time => "names a time of day; put that into due",
            "starting" | "from" | "beginning" => "names a start; put that into due",
            "every!" | "after" | "completion" | "done" => {
                "counts from the day it is done; write that like every 3 days after completion"
            }
            "hourly" | "hour" | "hours" | "minute" | "minutes" => {
                "repeats more than once a day; a task repeats daily at most"
            }
            "except" => "leaves days out; write the days it is on",
            _ => continue,
        };
        return Err(Some(reason.to_owned()));
    }
    if let Some(at) = words
        .iter()
        .position(|word| matches!(*word, "until" | "till" | "til"))
    {
        let date: Vec<&str> = words[at + 1..]
            .iter()
            .copied()
            .filter(|word| !matches!(*word, "the" | "of"))
            .collect();
        let day = full_date(&date).ok_or_else(|| {
            Some("ends on no full date; write it like until 2027-01-31".to_owned())
        })?;
        return Ok((&words[..at], End::Until(day)));
    }
    match *words {
        [ref head @ .., count, "times" | "time" | "occurrences"] => {
            let count = amount(count).filter(|count| *count > 0).ok_or(None)?;
            let head = match *head {
                [ref head @ .., "for"] => head,
                _ => head,
            };
            Ok((&words[..head.len()], End::Count(count)))
        }
        _ => Ok((words, End::Never)),
    }
}

/// Reads how often: `daily`, `every 2 weeks`, `every other month`; returns the rest of the words too.
fn rhythm<'a, 'b>(words: &'a [&'b str]) -> Option<(Rule, &'a [&'b str])> {
    let (freq, interval, rest) = match *words {
        ["daily" | "everyday", ref rest @ ..] => (Daily, 1, rest),
        ["weekly", ref rest @ ..] => (Weekly, 1, rest),
        ["fortnightly" | "biweekly", ref rest @ ..] => (Weekly, 2, rest),
        ["monthly", ref rest @ ..] => (Monthly, 1, rest),
        ["quarterly", ref rest @ ..] => (Monthly, 3, rest),
        ["yearly" | "annually", ref rest @ ..] => (Yearly, 1, rest),
        ["every", unit, ref rest @ ..] if self::unit(unit).is_some() => {
            let (freq, of) = self::unit(unit)?;
            (freq, of, rest)
        }
        ["every", number, unit, ref rest @ ..] if self::unit(unit).is_some() => {
            let number = if number == "other" {
                Some(2)
            } else {
                amount(number).or_else(|| ordinal(number))
            };
            let (freq, of) = self::unit(unit)?;
            let interval = number? * u32::from(of);
            let interval = u16::try_from(interval).ok();
            (
                freq,
                interval.filter(|number| INTERVALS.contains(number))?,
                rest,
            )
        }
        _ => return None,
    };
    Some((Rule::new(freq, interval), rest))
}

/// Reads a unit: its frequency, and how many of that make it.
fn unit(word: &str) -> Option<(Frequency, u16)> {
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

/// Reads the days that go with a rhythm.
fn set_detail(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
    match rule.freq {
        _ if words.is_empty() => Ok(()),
        Weekly => {
            rule.days = weekdays(words).ok_or(None)?;
            Ok(())
        }
        Monthly => set_days_of_month(rule, words),
        Yearly => set_day_of_year(rule, words),
        Daily => Err(None),
    }
}

/// Reads days that say themselves how often: `every monday`, `every 27th`, `every jun 5`, `first monday of the month`.
fn bare_detail(words: &[&str]) -> Result<Rule, Refused> {
    let words = match *words {
        ["every", ref rest @ ..] => rest,
        _ => words,
    };
    let mut rule = Rule::new(Weekly, 1);
    if let Some(days) = weekdays(words) {
        rule.days = days;
    } else if let ["other", ref rest @ ..] = *words {
        rule.interval = 2;
        rule.days = weekdays(rest).ok_or(None)?;
    } else if let [ref rest @ .., "every", "month"] | [ref rest @ .., "month"] = *words {
        rule.freq = Monthly;
        set_days_of_month(&mut rule, rest)?;
    } else if let ["bimonthly", ..] = *words {
        return Err(Some(
            "is twice a month to some; write every 2 months or monthly on the 1st and 15th"
                .to_owned(),
        ));
    } else if words
        .iter()
        .any(|word| calendar_words::month(word).is_some())
    {
        rule.freq = Yearly;
        set_day_of_year(&mut rule, words)?;
    } else if let ["2nd" | "second", name] = *words
        && calendar_words::weekday(name).is_some()
    {
        return Err(Some(format!(
            "can be read as every other {name} and as the 2nd {name} of the month; write the one you mean"
        )));
    } else if words.iter().all(|word| amount(word).is_none()) {
        rule.freq = Monthly;
        set_days_of_month(&mut rule, words)?;
    } else {
        return Err(None);
    }
    Ok(rule)
}

/// Reads weekdays and words for some of them; a weekend is its Saturday, so that it comes once.
fn weekdays(words: &[&str]) -> Option<Vec<(i16, Weekday)>> {
    let mut days = Vec::new();
    for word in words {
        match *word {
            "weekday" | "weekdays" | "workday" | "workdays" => days.extend(WORKDAYS),
            "weekend" | "weekends" => days.push(Weekday::Sat),
            name => days.push(weekday(name).or_else(|| weekday(name.strip_suffix('s')?))?),
        }
    }
    days.sort_unstable_by_key(Weekday::num_days_from_monday);
    days.dedup();
    (!days.is_empty()).then(|| days.into_iter().map(|day| (0, day)).collect())
}

fn weekday(word: &str) -> Option<Weekday> {
    let name = calendar_words::weekday(word)?;
    let index = WEEKDAYS.iter().position(|day| *day == name)?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

/// Reads `15th`, `1st 15th`, `last day`, `first monday`, `1st 3rd fri`, `last weekday`.
fn set_days_of_month(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
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
        "last" => Some(-1),
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
    match *days {
        [] => return Err(None),
        [day] if day > 0 => rule.set_month_day(day.unsigned_abs().into()),
        _ if days.iter().any(|day| matches!(day, 29 | 30)) => {
            return Err(Some(
                "has a 29th or 30th beside other days; short months have none".to_owned(),
            ));
        }
        // the 31st of a list is the last day of each month
        _ => {
            rule.month_days = days
                .iter()
                .map(|day| if *day == 31 { -1 } else { *day })
                .collect();
            rule.month_days.sort_unstable();
            rule.month_days.dedup();
        }
    }
    Ok(())
}

/// Reads `jun 5`, `5th june`, `4th thursday november`.
fn set_day_of_year(rule: &mut Rule, words: &[&str]) -> Result<(), Refused> {
    let (name, rest) = match *words {
        [ref rest @ .., name] if calendar_words::month(name).is_some() => (name, rest),
        [name, ref rest @ ..] => (name, rest),
        [] => return Err(None),
    };
    let name = calendar_words::month(name).ok_or(None)?;
    let month = MONTHS.iter().position(|month| *month == name).ok_or(None)?;
    rule.months = vec![u8::try_from(month + 1).map_err(|_| None)?];
    match *rest {
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
fn nth(word: &str) -> Option<i16> {
    if word == "last" {
        return Some(-1);
    }
    i16::try_from(ordinal(word)?).ok().filter(|nth| *nth <= 5)
}

/// Reads `third` or `3rd`.
fn ordinal(word: &str) -> Option<u32> {
    const WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    match WORDS.iter().position(|name| *name == word) {
        Some(index) => u32::try_from(index + 1).ok(),
        None => day_number(word).filter(|_| !word.ends_with(|c: char| c.is_ascii_digit())),
    }
}
