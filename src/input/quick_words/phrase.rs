//! Where a date or a rule ends among the words of a line.
//!
//! The longest run of words that reads as a date or a rule is one, less the words at its end that say nothing, such as `the`. Where
//! what follows goes on with it, as in `fri until christmas` or `today in 2 weeks`, all of it is the value, and is refused as no
//! date: its beginning would be another one.

use super::word::Field;
use crate::domain::{
    repeat,
    when::{
        self,
        calendar_words::{amount, day_number, month, weekday},
    },
};

/// The most words of a date or a rule.
const MOST: usize = 24;

/// Returns how many of `others`, the words behind `value`, go on the date or the rule that it begins.
pub(super) fn length(field: Field, value: &str, others: &[&str]) -> usize {
    if value.ends_with(PARTS) {
        return 0;
    }
    let others = &others[..others.len().min(MOST)];
    let end = others.iter().position(|word| word.ends_with(PARTS));
    let others = &others[..end.map_or(others.len(), |last| last + 1)];
    let reads = |count: &usize| {
        let text = joined(value, &others[..*count]);
        field.reads(text.trim_end_matches([',', PARTS]))
    };
    let Some(longest) = (0..=others.len()).rev().find(reads) else {
        return length_of_none(field, value, others);
    };
    let mut count = trimmed(field, &others[..longest]);
    loop {
        let (said, rest) = others.split_at(count);
        let last = said.last().copied().unwrap_or(value);
        let more = if is_closed(last) {
            0
        } else {
            gone_on(field, &joined(value, said), rest)
        };
        if more == 0 {
            return count;
        }
        count += more;
    }
}

/// Returns a value with the words behind it.
pub(super) fn joined(value: &str, others: &[&str]) -> String {
    let mut words = vec![value];
    words.extend(others);
    words.join(" ").trim_start().to_owned()
}

/// Ends a date or a rule in the middle of a line.
const PARTS: char = ';';

/// Reports whether a sign behind a word parts it from the next.
fn is_closed(word: &str) -> bool {
    word.ends_with([',', ';', ':', '!', '?'])
}

/// Returns a word as it is read.
fn read_as(word: &str) -> String {
    word.trim_end_matches([',', ';', '.', '!', '?'])
        .to_lowercase()
}

fn is_filler(field: Field, word: &str) -> bool {
    let word = read_as(word);
    let is_filler = match field {
        Field::Repeat => repeat::is_filler,
        _ => when::is_filler,
    };
    is_filler(&word) || !word.contains(char::is_alphanumeric)
}

/// Returns how many words are left without those at the end that say nothing.
fn trimmed(field: Field, words: &[&str]) -> usize {
    let fillers = words.iter().rev();
    words.len() - fillers.take_while(|word| is_filler(field, word)).count()
}

/// Returns how many words go on a value that reads as no date or rule however many are put to it: those that dates and rules are
/// said with.
fn length_of_none(field: Field, value: &str, others: &[&str]) -> usize {
    /// What another word has to follow.
    const OPEN: [&str; 9] = [
        "every", "each", "ev", "other", "next", "last", "this", "coming", "every!",
    ];
    let is_word = |word: &&str| {
        let word = read_as(word);
        let word = word.trim_end_matches('!');
        word.starts_with(|c: char| c.is_ascii_digit())
            || LINKS.contains(&word)
            || UNITS.contains(&word)
            || amount(word).is_some()
            || match field {
                Field::Repeat => repeat::is_word(word) || when::is_word(word),
                _ => when::is_word(word) || repeat::is_filler(word),
            }
    };
    if !value.split_whitespace().all(|word| is_word(&word)) {
        return 0;
    }
    let known = others.iter().take_while(|word| is_word(word)).count();
    let is_open = |word: &str| OPEN.contains(&read_as(word).as_str());
    let last = others[..known].last().copied().unwrap_or(value);
    if is_open(last) && known < others.len() {
        return known + 1;
    }
    let is_little =
        |word: &&&str| is_filler(field, word) || LINKS.contains(&read_as(word).as_str());
    known - others[..known].iter().rev().take_while(is_little).count()
}

/// Words that put a date to what is said before them.
const LINKS: [&str; 32] = [
    "on",
    "at",
    "in",
    "of",
    "by",
    "and",
    "or",
    "to",
    "from",
    "until",
    "till",
    "til",
    "after",
    "before",
    "between",
    "around",
    "except",
    "excluding",
    "without",
    "but",
    "not",
    "starting",
    "starts",
    "start",
    "beginning",
    "ending",
    "through",
    "thru",
    "&",
    "-",
    "–",
    "/",
];

/// What lengths of time are counted in, and periods that have days.
const UNITS: [&str; 14] = [
    "day", "days", "week", "weeks", "month", "months", "quarter", "quarters", "year", "years",
    "hour", "hours", "minute", "minutes",
];

/// Returns how many words of `rest` go on what reads as a date or a rule, and make it one that does not.
fn gone_on(field: Field, said: &str, rest: &[&str]) -> usize {
    let Some((link, after)) = rest.split_first() else {
        return 0;
    };
    let link = read_as(link);
    let link = if link.is_empty() { rest[0] } else { &link };
    let fillers = after.iter().take_while(|word| {
        is_filler(field, word)
            || (link == "of" && matches!(read_as(word).as_str(), "each" | "every" | "a"))
    });
    let fillers = fillers.count();
    let others = &after[fillers..];
    let next = others.first().map(|word| read_as(word)).unwrap_or_default();
    let least = usize::from(!others.is_empty());
    let count = match link {
        "until" | "till" | "til" | "except" if field == Field::Repeat => date_at(others).max(least),
        "but" if field == Field::Repeat && next == "not" => others.len().min(3),
        "after" | "before" if is_length(said) => date_at(others).max(least),
        "at" if next.parse::<u8>().is_ok() => 1,
        "of" if UNITS.contains(&next.as_str()) => 1,
        "and" | "or" | "&" if field == Field::Repeat => date_at(others).max(rule_at("", others)),
        link if LINKS.contains(&link) => date_at(others),
        "every" | "each" => rule_at("every", after).saturating_sub(fillers),
        _ if link.parse::<u8>().is_ok() && matches!(next.as_str(), "uhr" | "o'clock") => 1,
        _ if is_no_day(said, link) => return 1,
        "the" => full_date_at(after).saturating_sub(fillers),
        _ => return zone_at(field, said, rest).max(full_date_at(rest)),
    };
    if count == 0 { 0 } else { 1 + fillers + count }
}

/// Returns how many of the words behind a date may have been meant to go on it, and do not make it one that does not read.
pub(super) fn doubtful(field: Field, said: &str, words: &[&str]) -> usize {
    let Some(first) = words.first() else { return 0 };
    // "monday week", and the city of "9am London"
    let is_doubtful = UNITS.contains(&read_as(first).as_str())
        || (first.starts_with(char::is_uppercase) && field.has_time(said) && when::is_city(first));
    date_at(words).max(usize::from(is_doubtful))
}

/// Returns how many words make the longest date that `words` begin with.
fn date_at(words: &[&str]) -> usize {
    /// The most words of a date without what goes on it.
    const MOST: usize = 6;
    // "tom" is a name, too.
    let is_date = |count: &usize| match words[..*count] {
        [word] if weekday(read_as(word).trim_end_matches('s')).is_some() => true,
        [word] => Field::Due.reads(word) && !word.eq_ignore_ascii_case("tom"),
        ref words => Field::Due.reads(&words.join(" ")),
    };
    (1..=words.len().min(MOST)).rev().find(is_date).unwrap_or(0)
}

/// Returns how many words make the longest rule that `words` begin with, behind `before`.
fn rule_at(before: &str, words: &[&str]) -> usize {
    /// The most words of a rule that goes on another.
    const MOST: usize = 3;
    let is_rule = |count: &usize| Field::Repeat.reads(&joined(before, &words[..*count]));
    (1..=words.len().min(MOST)).rev().find(is_rule).unwrap_or(0)
}

/// Returns how many words make the day of a month or the date in figures that `words` begin with: `jun 5`, `12-24`, `5th`.
fn full_date_at(words: &[&str]) -> usize {
    let count = date_at(words);
    let is_number = |word: &&&str| word.starts_with(|c: char| c.is_ascii_digit());
    let ordinal = |word: &str| day_number(&read_as(word)).is_some();
    let is_full = match words[..count] {
        [day] => is_number(&&day) && (day.contains(['-', '.', '/', ':']) || ordinal(day)),
        ref words => {
            let is_month = |word: &&str| month(&read_as(word)).is_some();
            words.iter().any(is_month) && words.iter().any(|word| is_number(&word))
        }
    };
    if is_full { count } else { 0 }
}

/// Reports whether a date ends in a month or a day of one alone, and the next word is the other: there is no such day, as in `june 31`.
fn is_no_day(said: &str, next: &str) -> bool {
    let is_month = |word: &str| month(word).is_some();
    let is_day = |word: &str| day_number(word).is_some();
    let mut words = said.split_whitespace().rev().map(read_as);
    let last = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default();
    (is_month(&last) && !is_day(&before) && is_day(next))
        || (is_day(&last) && !is_month(&before) && is_month(next))
}

/// Returns how many words name the city whose clocks show the time that was said: `London time`.
fn zone_at(field: Field, said: &str, words: &[&str]) -> usize {
    /// The most words of the name of a city.
    const MOST: usize = 3;
    let mut words_before = words.iter().take(MOST + 1);
    let at = words_before.position(|word| read_as(word) == "time");
    let is_city = |at: &usize| when::is_city(&words[..*at].join(" "));
    match at.filter(|at| field.has_time(said) && is_city(at)) {
        Some(at) => at + 1,
        None => 0,
    }
}

/// Reports whether a date is a length of time: `3 days`, `in 2w`.
fn is_length(said: &str) -> bool {
    let last = said.split_whitespace().next_back().map(read_as);
    last.is_some_and(|last| {
        UNITS.contains(&last.as_str())
            || last.starts_with(|c: char| c.is_ascii_digit()) && last.ends_with(['d', 'w', 'y'])
    })
}
