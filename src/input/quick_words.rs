//! Quick words: `due:fri +home project:flat !high` among the words of a title, in any order.
//!
//! One argument without blanks is one word, less the stop of a sentence. One that begins with a field is that field's, blanks and all, so
//! `project:"My flat"` is a project. Any other argument with blanks is a line, read like the words in it: `"Pay rent due:next
//! fri +home"`; there a value with blanks stands in quotes, and a date or a rule takes all the words that make it, and those that
//! plainly go on it, with which it is refused (see `phrase`). A zone that stands behind a time of day, as in
//! `due:9am Europe/London`, belongs to it, in words of its own too. In a line that adds a task, `--` with nothing but quick words
//! before it begins the title, which is text as it is. What only
//! looks like a quick word stays text: `http://x`, `10:30`, `+1`, `Note:`, `!`. Names are taken whatever the case of their
//! letters, and as Taskwarrior, Todoist and todo.txt have them where they mean the same.

use crate::domain::{
    task::{Priority, Status},
    when::is_place,
};

mod doubt;
mod line;
mod phrase;
mod word;

use doubt::{cleared, doubt, quoted};
pub(crate) use line::with_whole_dates;
use line::{TEXT, is_one, split, split_list, text_after_dashes, text_at, without_stop};
pub(crate) use word::{Field, Word, is_level};

/// What the words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new task. There is nothing to clear, so a quick word without a value is text.
    Add,
    /// Tasks that are there.
    Edit,
}

/// A field given by a quick word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuickValue {
    pub(crate) field: Field,
    /// The value; an empty one clears the field.
    pub(crate) text: String,
    /// The quick word.
    pub(crate) word: String,
}

impl QuickValue {
    /// Returns the words that go on the date or the rule, of those that follow, and what was meant: `due:tomorrow 17:30`.
    fn gone_on_by(&self, words: &[&str]) -> Option<(String, String)> {
        let (field, text) = (self.field, &self.text);
        let count = phrase::length(field, text, words);
        let longer = phrase::joined(text, &words[..count]);
        let name = field.name();
        if count > 0 && field.reads(&longer) {
            let meant = format!("did you mean {name}:{}?", quoted(&longer));
            return Some((words[..count].join(" "), meant));
        }
        let count = count.max(phrase::doubtful(field, text, words));
        let reason = || format!("{name}:{} is read without it", quoted(text));
        (count > 0).then(|| (words[..count].join(" "), reason()))
    }
}

/// The words of a call, each taken for what it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct QuickWords {
    /// The words that set nothing, in their order: those of the title of a new task.
    pub(crate) text: Vec<String>,
    /// Fields, in their order; one may be there twice.
    pub(crate) values: Vec<QuickValue>,
    /// Tags to add.
    pub(crate) tags: Vec<String>,
    /// Tags to take away.
    pub(crate) untags: Vec<String>,
    /// Quick words that hardly anyone would take for one who sees the call: those of a line, and `p1`.
    pub(crate) taken: Vec<String>,
    /// Words of `text` that may have been meant as a quick word, each with the reason.
    pub(crate) doubts: Vec<(String, String)>,
    /// The word before was a date or a rule, which the next may go on.
    is_open: bool,
}

impl QuickWords {
    /// Reads the arguments of a call.
    pub(crate) fn read<'a>(arguments: impl IntoIterator<Item = &'a str>, purpose: Purpose) -> Self {
        let mut read = Self::default();
        let arguments: Vec<&str> = arguments.into_iter().collect();
        let is_text = |argument: &&str| matches!(Word::of_task(argument), Word::Text(_));
        let has_title = purpose == Purpose::Add && arguments.iter().any(is_text);
        for (at, argument) in arguments.iter().enumerate() {
            if is_one(argument) || is_value(argument, purpose, has_title) {
                let others = &arguments[at + 1..];
                let count = others.iter().take_while(|other| is_one(other)).count();
                read.take(without_stop(argument), text_at(&others[..count]), purpose);
            } else {
                read.take_line(argument, purpose);
            }
        }
        read
    }

    /// Takes the words of one argument; nothing is altered in one without quick words.
    fn take_line(&mut self, line: &str, purpose: Purpose) {
        if purpose == Purpose::Add
            && let Some((before, text)) = text_after_dashes(line)
        {
            self.take_line(before, purpose);
            self.text.retain(|text| !text.is_empty());
            self.text.push(text.to_owned());
            return;
        }
        let mut read = Self::default();
        let words = split(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for (at, word) in words.iter().enumerate() {
            read.take(word, text_at(&words[at + 1..]), purpose);
        }
        self.is_open = false;
        self.doubts.append(&mut read.doubts);
        let is_text = read.values.is_empty() && read.tags.is_empty() && read.untags.is_empty();
        if is_text {
            self.text.push(line.to_owned());
            return;
        }
        self.taken
            .extend(read.values.iter().map(|value| value.word.clone()));
        self.taken
            .extend(read.tags.iter().map(|tag| format!("+{tag}")));
        // A title goes on to the end of its line.
        if let [first, ..] = read.values.as_mut_slice()
            && first.field == Field::Title
            && line.trim_start().starts_with(&first.word)
        {
            for word in read.text.drain(..) {
                first.text = format!("{} {word}", first.text);
            }
        }
        self.text.append(&mut read.text);
        self.values.append(&mut read.values);
        self.tags.append(&mut read.tags);
        self.untags.append(&mut read.untags);
    }

    /// Takes one word for what it is; `others` is the text behind it.
    fn take(&mut self, word: &str, others: &[&str], purpose: Purpose) {
        let was_open = std::mem::take(&mut self.is_open);
        let taken = match Word::of_task(word) {
            Word::Text(_) if purpose == Purpose::Edit && is_level(word) => {
                Word::Set(Field::Priority, word)
            }
            taken => taken,
        };
        match taken {
            Word::Tag(tags) => {
                let tags = tags.split(',').filter(|tag| !tag.is_empty());
                self.tags.extend(tags.map(str::to_owned));
            }
            // The title of a new task is its text.
            Word::Set(Field::Title, value)
                if purpose == Purpose::Add && !value.is_empty() && self.text.is_empty() =>
            {
                self.text.push(value.to_owned());
            }
            Word::Set(field, value) if is_set(field, value, purpose) => {
                if is_level(word) {
                    self.taken.push(word.to_owned());
                }
                self.is_open = field.is_of_time();
                self.values.push(QuickValue {
                    field,
                    text: value.to_owned(),
                    word: word.to_owned(),
                });
            }
            Word::Set(..) | Word::Text(_) => {
                if purpose == Purpose::Edit
                    && let Some(tag) = tag_taken_away(word)
                {
                    let tags = tag.split(',').filter(|tag| !tag.is_empty());
                    self.untags.extend(tags.map(str::to_owned));
                    return;
                }
                let place = word.trim_end_matches([',', ';', '.']);
                if let Some(last) = self.values.last_mut().filter(|_| was_open)
                    && is_place(place)
                    && last.field.has_time(&last.text)
                {
                    last.text = format!("{} {place}", last.text);
                    last.word = format!("{} {place}", last.word);
                    self.taken.push(last.word.clone());
                    return;
                }
                let last = self.values.last().filter(|_| was_open);
                let of_word = |reason| (word.to_owned(), reason);
                let doubt = doubt(word)
                    .map(of_word)
                    .or_else(|| last?.gone_on_by(&[&[word], others].concat()))
                    .or_else(|| {
                        let is_edit = purpose == Purpose::Edit;
                        cleared(word).filter(|_| is_edit).map(of_word)
                    });
                self.doubts.extend(doubt);
                self.text.push(word.to_owned());
            }
        }
    }

    /// Returns what the words that set nothing may have been meant to set, as a quick word.
    pub(crate) fn meant(&self) -> Option<String> {
        let text = self.text.join(" ");
        if let Some(command) = command_of(&text) {
            return Some(format!("taskhold {command} ID"));
        }
        if let Some(field) = Field::named(&text) {
            return Some(format!("{}: with a value", field.name()));
        }
        if text.eq_ignore_ascii_case("none") {
            return Some("due:none, or another field".to_owned());
        }
        if let Some((field, date)) = as_shown(&text) {
            return Some(format!("{}:{}", field.name(), quoted(date)));
        }
        if let Some(field) = field_without_colon(&text) {
            return Some(field);
        }
        // A word of several, as the first of "New title", is hardly a status or a date.
        let is_word = text.chars().any(char::is_alphabetic);
        let value = [Field::Status, Field::Priority, Field::Due, Field::Repeat]
            .into_iter()
            .filter(|_| is_word)
            .find_map(|field| Some((field, meant_as(field, &text)?)));
        let (field, value) = match value {
            Some((field, value)) => (field, value),
            None if text.contains(char::is_alphanumeric) => (Field::Title, text),
            None => return None,
        };
        Some(format!("{}:{}", field.name(), quoted(&value)))
    }
}

/// Returns the field and the date of a text that is as lists show one that is deferred: `deferred until fri`.
fn as_shown(text: &str) -> Option<(Field, &str)> {
    let date = Field::deferred_until(text);
    let is_shown = date.len() < text.len() && Field::Defer.may_be(date);
    is_shown.then_some((Field::Defer, date))
}

/// Returns the value of `field` that a text alone was hardly meant as anything but.
fn meant_as(field: Field, text: &str) -> Option<String> {
    let level = || text.parse::<Priority>().ok();
    match field {
        Field::Priority => level().map(|level| level.as_str().to_owned()),
        // "New" may begin a title.
        Field::Status if text.eq_ignore_ascii_case("new") => None,
        _ => field.may_be(text).then(|| text.to_owned()),
    }
}

/// Returns the quick word that was meant by one without its colon: `due fri`.
fn field_without_colon(text: &str) -> Option<String> {
    let (name, value) = text.split_once(char::is_whitespace)?;
    let (field, value) = (Field::named(name)?, value.trim());
    let is_told = matches!(
        field,
        Field::Due
            | Field::Defer
            | Field::Repeat
            | Field::Project
            | Field::Priority
            | Field::Status
            | Field::Parent
            | Field::After
    );
    let is_it = is_told && field.may_be(value);
    is_it.then(|| format!("{}:{}", name.to_lowercase(), quoted(value)))
}

/// Returns the command that a word of an edit names.
fn command_of(word: &str) -> Option<&'static str> {
    const COMMANDS: [&str; 6] = ["start", "skip", "reopen", "cancel", "delete", "undelete"];
    let mut commands = COMMANDS.into_iter();
    commands.find(|command| command.eq_ignore_ascii_case(word))
}

/// Reports whether a quick word sets `field` here.
fn is_set(field: Field, value: &str, purpose: Purpose) -> bool {
    match (purpose, field) {
        (Purpose::Edit, _) => true,
        (Purpose::Add, Field::Title) => false,
        (Purpose::Add, Field::Status) => value.parse::<Status>().is_ok(),
        (Purpose::Add, _) => !value.is_empty(),
    }
}

/// Reports whether an argument with blanks is one field and its value, and no line that begins with a field.
fn is_value(argument: &str, purpose: Purpose, has_title: bool) -> bool {
    let Word::Set(field, value) = Word::of_task(argument) else {
        return false;
    };
    // As in "Note: call Anna".
    if purpose == Purpose::Add
        && value.starts_with(char::is_whitespace)
        && argument.starts_with(char::is_uppercase)
    {
        return false;
    }
    let parts = split(argument);
    let others = &parts[1..];
    let is_alone = || {
        let mut others = others.iter();
        others.all(|part| matches!(Word::of_task(part), Word::Text(_)))
    };
    let begins = || match Word::of_task(&parts[0]) {
        Word::Set(field, value) => field.may_be(value),
        _ => false,
    };
    match field {
        Field::Description => true,
        Field::Title => is_alone(),
        Field::Project | Field::Tags => {
            let has_title = purpose == Purpose::Add && text_after_dashes(argument).is_some();
            !has_title && is_alone()
        }
        // What is no date, though nothing else is in it, is told of as one. Beside a title, what comes behind a date is hardly more
        // of the title: it would be lost to the date.
        _ => {
            let is_whole = !begins() || (has_title && field.is_of_time());
            field.may_be(value) || (is_alone() && is_whole)
        }
    }
}

/// Returns the tag that `-TAG` takes away, or `-tags:TAG` whatever it begins with.
pub(crate) fn tag_taken_away(word: &str) -> Option<&str> {
    let tag = word.strip_prefix('-')?;
    if let Word::Set(Field::Tags, tag) = Word::of_task(tag) {
        return (!tag.is_empty()).then_some(tag);
    }
    let is_tag = tag.starts_with(|c: char| c.is_alphabetic() || !c.is_ascii())
        && !tag.contains(|c: char| c == '=' || c == ':' || c.is_whitespace());
    is_tag.then_some(tag)
}

/// Returns what a word asks tasks not to have: the tag of `-home`, or `project:x` of `-project:x`. One letter is a flag, which
/// may have a number for its value: `-n5`.
pub(crate) fn exclusion(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('-')?;
    let mut letters = rest.chars();
    let is_letter = |c: &char| c.is_alphabetic() || !c.is_ascii();
    let goes_on = |c: &char| is_letter(c) || matches!(c, '-' | '_');
    // `-a,b` leaves out two.
    let is_word = letters.next().is_some_and(|c| is_letter(&c))
        && match letters.next() {
            Some(',') => letters.next().is_some_and(|c| is_letter(&c)),
            other => other.is_some_and(|c| goes_on(&c)),
        };
    (is_word && !rest.contains('=')).then_some(rest)
}

/// Returns the words that an argument of a list is read as, each a word, a field with its value, or text without quick words.
pub(crate) fn words_of_list(argument: &str) -> Vec<String> {
    if !argument.contains(char::is_whitespace) {
        return vec![without_stop(argument).to_owned()];
    }
    let is_text = |word: &str| word.split_once(':').is_some_and(|(name, _)| name == TEXT);
    let is_quick = |word: &String| {
        is_text(word) || exclusion(word).is_some() || !matches!(Word::of(word), Word::Text(_))
    };
    let words = split_list(argument);
    let mut quick = words.iter().map(is_quick);
    let (begins_quick, goes_on_quick) = (quick.next() == Some(true), quick.any(|is| is));
    let bare = argument.strip_prefix('-').unwrap_or(argument);
    let is_one = !begins_quick || is_text(argument) || is_value(bare, Purpose::Edit, false);
    if !goes_on_quick && is_one {
        return vec![argument.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut was_text = false;
    for word in words {
        let is_text = !is_quick(&word);
        match parts.last_mut().filter(|_| was_text && is_text) {
            Some(text) => *text = format!("{text} {word}"),
            None => parts.push(word),
        }
        was_text = is_text;
    }
    parts
}

#[cfg(test)]
mod tests;
