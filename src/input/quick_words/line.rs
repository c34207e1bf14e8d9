//! A line of quick words, taken apart: values in quotes, and dates and rules of several words.

use super::{
    phrase,
    word::{Field, Word},
};

/// Stands before the words that the tasks of a list are to have.
pub(super) const TEXT: &str = "text";

/// Takes a line apart at its blanks. A value in quotes is one word without them, and a date or a rule takes all the words
/// that make it.
pub(super) fn split(line: &str) -> Vec<String> {
    split_fields(line, |name| Field::named(name).is_some())
}

/// Takes a line of a list apart, where `text:` and `-project:` have values in quotes too.
pub(super) fn split_list(line: &str) -> Vec<String> {
    split_fields(line, |name| {
        let bare = name.strip_prefix('-').unwrap_or(name);
        name == TEXT || Field::named(bare).is_some()
    })
}

fn split_fields(line: &str, is_field: impl Fn(&str) -> bool) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some((word, end)) = in_quotes(rest, &is_field) {
            words.push(word);
            rest = rest[end..].trim_start();
            continue;
        }
        let end = end_of_word(rest);
        let (first, after) = rest.split_at(end);
        let others: Vec<&str> = after.split_whitespace().collect();
        let count = others_of_date(first, &others);
        words.push(without_stop(&phrase::joined(first, &others[..count])).to_owned());
        rest = after.trim_start();
        for other in &others[..count] {
            rest = rest[other.len()..].trim_start();
        }
    }
    words
}

/// Returns the words with each date and rule in one word that has several.
pub(crate) fn with_whole_dates(words: &[String]) -> Vec<String> {
    let mut whole = Vec::new();
    let mut rest = words;
    while let [first, after @ ..] = rest {
        let others = after.iter().map(String::as_str);
        let others: Vec<&str> = others.take_while(|word| is_one(word)).collect();
        let count = if is_one(first) {
            others_of_date(first, &others)
        } else {
            0
        };
        whole.push(phrase::joined(first, &others[..count]));
        rest = &after[count..];
    }
    whole
}

/// Reports whether an argument has no blanks.
pub(super) fn is_one(argument: &str) -> bool {
    !argument.contains(char::is_whitespace)
}

/// Returns how many of the words behind the first go on the date or the rule that it begins, if it begins one.
fn others_of_date(first: &str, others: &[&str]) -> usize {
    match Word::of_task(first) {
        Word::Set(field, value) if field.is_of_time() && !without_stop(value).is_empty() => {
            phrase::length(field, value, text_at(others))
        }
        _ => 0,
    }
}

fn end_of_word(text: &str) -> usize {
    text.find(char::is_whitespace).unwrap_or(text.len())
}

/// Returns the words that are text, up to the first that is not.
pub(super) fn text_at<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let is_text = |word: &&&str| matches!(Word::of_task(without_stop(word)), Word::Text(_));
    &words[..words.iter().take_while(is_text).count()]
}

/// Parts a line that has `--` with nothing but quick words before it: these, and what comes after it, which is text as it is.
pub(super) fn text_after_dashes(line: &str) -> Option<(&str, &str)> {
    let ends_word = |text: &str| text.chars().next_back().is_none_or(char::is_whitespace);
    let begins_word = |text: &str| text.chars().next().is_none_or(char::is_whitespace);
    let is_closed = |text: &str| text.matches('"').count().is_multiple_of(2);
    let parts = line.match_indices("--").map(|(at, dashes)| {
        let (before, after) = (&line[..at], &line[at + dashes.len()..]);
        (before, after)
    });
    let mut parts = parts
        .filter(|(before, after)| ends_word(before) && begins_word(after) && is_closed(before));
    let (before, after) = parts.next()?;
    let is_text = |word: &String| matches!(Word::of_task(word), Word::Text(_));
    let is_alone = !split(before).iter().any(is_text);
    is_alone.then_some((before.trim(), after.trim()))
}

/// Returns a quick word without the stop of the sentence that it is a part of: `+home.` is `+home`. A date keeps a full stop, which
/// may belong to it.
pub(super) fn without_stop(word: &str) -> &str {
    const STOPS: [char; 6] = [',', ';', ':', '.', '!', '?'];
    let stops: &[char] = match Word::of_task(word) {
        Word::Set(Field::Title | Field::Description, _) => return word,
        Word::Set(field, _) if field.is_of_time() => &[',', ';'],
        Word::Set(..) | Word::Tag(_) | Word::Text(_) => &STOPS,
    };
    let bare = word.trim_end_matches(stops);
    match (Word::of_task(word), Word::of_task(bare)) {
        // `!high.`
        (Word::Text(_), Word::Set(Field::Priority, _)) | (Word::Tag(_), Word::Tag(_)) => bare,
        (Word::Set(..), Word::Set(_, value)) if !value.is_empty() => bare,
        _ => word,
    }
}

/// Returns the word at the beginning of `rest` if it is a field whose value stands in quotes, without them, and where it
/// ends.
fn in_quotes(rest: &str, is_field: impl Fn(&str) -> bool) -> Option<(String, usize)> {
    let (name, after) = rest.split_once(':')?;
    let quote = after
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, _) = after.strip_prefix(quote)?.split_once(quote)?;
    let end = name.len() + value.len() + 3;
    // The stop of a sentence belongs to no word.
    let others = rest[end..].trim_start_matches([',', ';', '.', '!', '?']);
    let is_end = others.chars().next().is_none_or(char::is_whitespace);
    let end = rest.len() - others.len();
    (is_field(name) && is_end).then(|| (format!("{name}:{value}"), end))
}
