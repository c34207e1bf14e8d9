//! A line of quick words, taken apart: values in quotes, and dates and rules of several words.

use super::word::{Field, Word};

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
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, end) = in_quotes(rest, &is_field)
            .unwrap_or_else(|| (without_stop(&rest[..end]).to_owned(), end));
        words.push(word);
        rest = rest[end..].trim_start();
    }
    let mut at = 0;
    while at < words.len() {
        let more = others_of_moment(&words[at..]);
        let whole = words[at..=at + more].join(" ");
        let word = match more {
            0 => whole,
            _ => without_stop(&whole).to_owned(),
        };
        words.splice(at..=at + more, [word]);
        at += 1;
    }
    words
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

/// Returns how many of the words after the first go on the date or the rule that it begins. A word that alters nothing, such
/// as "the", does not.
fn others_of_moment(words: &[String]) -> usize {
    /// The most words of a date or a rule.
    const MOST: usize = 24;
    let Word::Set(field, value) = Word::of_task(&words[0]) else {
        return 0;
    };
    if !field.is_of_time() || value.is_empty() {
        return 0;
    }
    let is_text = |word: &&String| matches!(Word::of_task(word), Word::Text(_));
    let others = words[1..].iter().take_while(is_text).count();
    let moment = |count: usize| {
        let others = words[1..=count].iter().map(|word| format!(" {word}"));
        field.moment(&format!("{value}{}", others.collect::<String>()))
    };
    let longest = (1..=others.min(MOST)).rev();
    let mut longest = longest.skip_while(|count| moment(*count).is_none());
    let Some(count) = longest.next() else {
        return 0;
    };
    let whole = moment(count);
    (0..count)
        .find(|count| moment(*count) == whole)
        .unwrap_or(count)
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
