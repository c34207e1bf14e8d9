//! Words for a recurrence rule: `every 2 weeks on mon and thu at 9am until 2027-01-01`.
//!
//! `words` takes a text apart: what it counts from, the time of day, where it starts and ends. `rhythm` reads how often,
//! `days` and `period` on which days, `clauses` the start and the end; `refused` knows what has two readings.

use chrono::{NaiveDate, Weekday};

use super::{
    describe,
    rule::{
        Frequency::{Daily, Monthly, Weekly, Yearly},
        Rule, Until,
    },
    start::Start,
};
use crate::domain::when::{
    Seen, Zone,
    calendar_words::{self, WEEKDAYS, amount},
    day_in, take_time,
};

mod clauses;
mod days;
mod period;
mod refused;
mod rhythm;

use clauses::Clauses;
use days::{FROM_LAST, Refused, ordinal, set_day_of_year, set_days_of_month, weekday, weekdays};

/// The longer words of rules, but for the names of days and months.
pub(super) const KNOWN: [&str; 36] = [
    "every",
    "each",
    "everyday",
    "daily",
    "weekly",
    "fortnightly",
    "biweekly",
    "monthly",
    "quarterly",
    "yearly",
    "annually",
    "other",
    "alternate",
    "once",
    "days",
    "week",
    "weeks",
    "fortnight",
    "month",
    "months",
    "quarter",
    "year",
    "years",
    "weekday",
    "weekend",
    "workday",
    "business",
    "first",
    "second",
    "third",
    "last",
    "until",
    "starting",
    "times",
    "after",
    "completion",
];

/// What the words of a rule say.
pub(super) struct Said {
    pub(super) rule: Rule,
    /// What they say of the first date.
    pub(super) start: Start,
    /// What was read otherwise than written, or may have been meant otherwise.
    pub(super) notes: Vec<String>,
}

/// Reads the words of a rule. Without `seen` no word is read that depends on the day it is said. `due` is the date beside the
/// rule, if there is one.
pub(super) fn read(
    text: &str,
    due: Option<NaiveDate>,
    seen: Option<&Seen>,
) -> Result<Said, Refused> {
    let week_start = seen.map_or(Weekday::Mon, |seen| seen.zone.week_start());
    let lower = counted_from_last(&text.to_lowercase()).replace([',', '&'], " ");
    // "tue / thu"
    let lower = lower.replace(" /", "/").replace("/ ", "/");
    let Counted {
        text: lower,
        from_start,
        from_completion,
        excluded,
    } = Counted::read(&lower)?;
    let words: Vec<&str> = lower.split_whitespace().flat_map(parts).collect();
    let words = with_ranges(&words);
    let (words, time) = take_time(&words)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    refused::refuse(&words)?;
    let clauses = Clauses::split(&words)?;
    if clauses.head.is_empty() && clauses.count.is_some() {
        return Err(Some(
            "says how many times, and not how often; write it like every day, 10 times".to_owned(),
        ));
    }
    refused::refuse(&clauses.head)?;
    let (mut rule, doubt) = head(&clauses.head, week_start)?;
    let bounds = clauses.bounds(due, seen)?;
    let mut notes = bounds.notes;
    if let Some(doubt) = doubt {
        let said = if clauses.head.len() == words.len() && time.is_none() && !from_completion {
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase()
        } else {
            clauses.head.join(" ")
        };
        let meant = describe::words(&rule, seen.map_or(Zone::UTC, |seen| seen.zone));
        notes.insert(0, format!("{said} was read as {meant}{doubt}"));
    }
    rule.count = clauses.count;
    rule.until = bounds.until;
    rule.from_completion = from_completion;
    (rule.from_start, rule.excluded) = (from_start, excluded);
    let mut start = Start {
        day: bounds.start,
        ..Start::default()
    };
    if let Some(said) = &time {
        start.time = Some(said.time);
        start.place = said.place;
    }
    let first = || {
        let seen = seen?;
        let first = start.first_due(seen.now, seen.zone, |day| rule.first(day))?;
        Some(first.day(start.there(seen.zone)))
    };
    rule.check().map_err(Some)?;
    if let Some((last, note)) = clauses.end_of_during(|| due.or_else(first))? {
        rule.until = Some(Until::Day(last));
        notes.push(note);
    }
    notes.extend(time.and_then(|said| said.note));
    Ok(Said { rule, start, notes })
}

/// Reads the text of a rule as RFC 5545 has it, beside which may stand in words what is ours: what it counts from, and the days that
/// are left out.
pub(super) fn read_rule(text: &str) -> Result<Rule, Refused> {
    let said = Counted::read(&text.to_lowercase())?;
    let mut rule = Rule::parse(&said.text).map_err(Some)?;
    rule.from_start |= said.from_start;
    rule.from_completion |= said.from_completion;
    rule.excluded.extend(said.excluded);
    rule.excluded.sort_unstable();
    rule.excluded.dedup();
    rule.check().map_err(Some)?;
    Ok(rule)
}

/// What words say of a rule that RFC 5545 has no part for.
struct Counted {
    /// The other words.
    text: String,
    from_start: bool,
    from_completion: bool,
    excluded: Vec<NaiveDate>,
}

impl Counted {
    /// Reads lowercase words.
    fn read(text: &str) -> Result<Self, Refused> {
        let (text, excluded) = without(text)?;
        let (text, from_start) = match text.split_once(FROM_START) {
            Some((before, after)) => (format!("{before} {after}"), true),
            None => (text, false),
        };
        let (text, from_completion) = counted_from(&text);
        Ok(Self {
            text,
            from_start,
            from_completion,
            excluded,
        })
    }
}

/// Says that a rule gives the dates until which rounds are deferred.
const FROM_START: &str = "counted from the start";

/// Takes the days that are left out from the end of the words: `every mon but not on 2026-12-07, 2026-12-14`.
fn without(text: &str) -> Result<(String, Vec<NaiveDate>), Refused> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((before, days)) = text.split_once(" but not on ") else {
        return Ok((text, Vec::new()));
    };
    let words = days
        .split([' ', ','])
        .filter(|word| !matches!(*word, "" | "and"));
    let days: Option<Vec<NaiveDate>> = words.map(|word| day_in::read_full(&[word])).collect();
    let mut days = days.filter(|days| !days.is_empty()).ok_or_else(|| {
        let reason = "leaves out what is no full date; write it like every mon but not on 2026-12-07, 2026-12-14";
        Some(reason.to_owned())
    })?;
    days.sort_unstable();
    days.dedup();
    Ok((before.to_owned(), days))
}

/// Takes what a rule counts from out of its words; the flag says whether that is the completion.
fn counted_from(text: &str) -> (String, bool) {
    const COMPLETION: [&str; 14] = [
        "after the last completion",
        "after last completion",
        "after completion",
        "from completion",
        "after completing",
        "after completed",
        "when completed",
        "once completed",
        "after it is done",
        "after finishing",
        "after done",
        "from done",
        "when done",
        "once done",
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

/// Returns the text with a day that is counted from the end in one word: `second last friday` and `last but one friday` as
/// `2nd-last friday`. In `second and last friday`, and with a comma between them, they are two.
fn counted_from_last(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let all: Vec<&str> = text.split_whitespace().collect();
    let mut rest = &*all;
    let is_counted = |word: &str| ordinal(word).is_some_and(|number| number > 1);
    while let [word, after @ ..] = rest {
        let (joined, after) = match (*word, after) {
            ("penultimate" | "last-but-one", _) => (Some("2nd".to_owned()), after),
            ("last", ["but", "one", after @ ..])
            | ("next" | "second" | "2nd", ["to", "last", after @ ..]) => {
                (Some("2nd".to_owned()), after)
            }
            (number, ["last", after @ ..]) if is_counted(number) => {
                (Some(number.to_owned()), after)
            }
            (word, _) => match word.strip_suffix(FROM_LAST) {
                Some(number) if is_counted(number) => (Some(number.to_owned()), after),
                _ => (None, after),
            },
        };
        words.push(match joined {
            Some(number) => format!("{number}{FROM_LAST}"),
            None => (*word).to_owned(),
        });
        rest = after;
    }
    words.join(" ")
}

/// Returns the parts of a word that stand for words of their own: of `tue/thu`, `mon-fri` and `2w`.
fn parts(word: &str) -> Vec<&str> {
    let word = word.trim_end_matches('.');
    if let Some(length) = rhythm::length(word) {
        return length.to_vec();
    }
    let are_weekdays =
        |parts: &[&str]| parts.len() > 1 && parts.iter().all(|part| weekday(part).is_some());
    let by_slash: Vec<&str> = word.split(['/', '+']).collect();
    if are_weekdays(&by_slash) {
        return by_slash;
    }
    match *word.split(['-', '–']).collect::<Vec<_>>() {
        ["", ""] => vec!["to"],
        [first, last] if are_weekdays(&[first, last]) => vec![first, "to", last],
        ["bi" | "semi" | "half", rest] => hyphenated(word, rest),
        ["month", "end"] => vec!["month", "end"],
        _ => vec![word],
    }
}

/// Returns `bi-weekly` and its like in one word.
fn hyphenated<'a>(word: &'a str, rest: &'a str) -> Vec<&'a str> {
    const KNOWN: [&str; 9] = [
        "biweekly",
        "bimonthly",
        "biannual",
        "biannually",
        "semiannual",
        "semiannually",
        "semimonthly",
        "semiweekly",
        "halfyearly",
    ];
    let known = KNOWN.iter().find(|known| {
        known.len() + 1 == word.len() && known.ends_with(rest) && word.starts_with(&known[..2])
    });
    match known {
        Some(known) => vec![known],
        None if rest == "year" => vec!["half", "year"],
        None => vec![word],
    }
}

/// Returns the words with `monday to friday` as five days.
fn with_ranges<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        rest = after;
        if let ["to" | "through" | "thru", last, after @ ..] = after
            && let (Some(first), Some(last)) = (weekday(word), weekday(last))
        {
            // "from monday to friday"
            all.pop_if(|before| *before == "from");
            let mut day = first;
            loop {
                all.push(WEEKDAYS[day.num_days_from_monday() as usize]);
                if day == last {
                    break;
                }
                day = day.succ();
            }
            rest = after;
        } else {
            all.push(word);
        }
    }
    all
}

/// Reads how often, and on which days. What could be meant otherwise comes with the end of a note on it.
fn head(words: &[&str], week_start: Weekday) -> Result<(Rule, Option<&'static str>), Refused> {
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let doubt = if has(&["biweekly"]) {
        Some("; for twice a week, write the days")
    } else if has(&["weekend", "weekends"]) {
        Some("; for both days, write every sat and sun")
    } else if has(&["m"]) {
        Some("")
    } else {
        None
    };
    let words = usual(words);
    let (words, period) = period::split(&words);
    if let Some(period) = period {
        let (rule, is_vague) = period::read(&words, period, week_start)?;
        return Ok((rule, doubt.or(is_vague.then_some(""))));
    }
    let rule = match rhythm::rhythm(&words)? {
        Some((mut rule, detail)) => {
            set_detail(&mut rule, detail)?;
            rule
        }
        None => bare_detail(&words)?,
    };
    Ok((rule, doubt))
}

/// Reports whether a word names a day: of the week, or of a period by its number.
fn is_day(word: &str) -> bool {
    weekday(word).is_some() || ordinal(word).is_some()
}

/// Reports whether a word stands among those of a rule and says nothing, at their end at least.
pub(crate) fn is_filler(word: &str) -> bool {
    matches!(word, "on" | "the" | "in" | "and" | "for" | "of" | "once")
}

/// Reports whether a lowercase word is one of those that rules are said with.
pub(crate) fn is_word(word: &str) -> bool {
    is_filler(word) || ordinal(word).is_some() || calendar_words::is_known(word, &KNOWN)
}

/// Returns the words without fillers, and the usual ones for others of the same meaning.
fn usual<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let words = words
        .iter()
        .filter(|word| matches!(**word, "of" | "once") || !is_filler(word));
    let words: Vec<&str> = words
        .map(|word| match *word {
            "each" | "ev" => "every",
            "alternate" | "alternating" => "other",
            "eom" | "monthend" => "month-end",
            word => word,
        })
        .collect();
    let mut usual: Vec<&str> = Vec::new();
    let mut rest = &*words;
    loop {
        rest = match *rest {
            [] => return usual,
            [
                "business" | "working" | "work",
                "day" | "days",
                ref rest @ ..,
            ]
            | ["businessday" | "businessdays", ref rest @ ..] => {
                usual.push("weekday");
                rest
            }
            ["month", "end", ref rest @ ..] | ["month-end", ref rest @ ..] => {
                usual.extend(["last", "day", "of", "month"]);
                rest
            }
            ["once", "a" | "per" | "every", ref rest @ ..] => {
                usual.push("every");
                rest
            }
            ["once", ref rest @ ..] => rest,
            // "every monday and every thursday"
            ["every", next, ref rest @ ..]
                if usual.last().is_some_and(|last| is_day(last)) && is_day(next) =>
            {
                usual.push(next);
                rest
            }
            ["other", ref rest @ ..] if usual.is_empty() => {
                usual.extend(["every", "other"]);
                rest
            }
            [word, ref rest @ ..] => {
                usual.push(word);
                rest
            }
        };
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

/// Reads days that say themselves how often: `every monday`, `every 27th`, `every jun 5`, `every last friday`.
fn bare_detail(words: &[&str]) -> Result<Rule, Refused> {
    let (words, is_every) = match *words {
        ["every", ref rest @ ..] => (rest, true),
        _ => (words, false),
    };
    let mut rule = Rule::new(Weekly, 1);
    if let Some(days) = weekdays(words) {
        rule.days = days;
    } else if let ["other", ref rest @ ..] = *words {
        rule.interval = 2;
        rule.days = weekdays(rest).ok_or(None)?;
    } else if let [ref rest @ .., "every", "month"] = *words {
        rule.freq = Monthly;
        set_days_of_month(&mut rule, rest)?;
    } else if words
        .iter()
        .any(|word| calendar_words::month(word).is_some())
    {
        rule.freq = Yearly;
        set_day_of_year(&mut rule, words)?;
    } else if is_every
        && matches!(*words, [word] if !word.starts_with(|c: char| c.is_ascii_digit()))
    {
        // "every third" of what
        return Err(None);
    } else if words.iter().all(|word| amount(word).is_none()) {
        rule.freq = Monthly;
        set_days_of_month(&mut rule, words)?;
    } else {
        return Err(None);
    }
    Ok(rule)
}
