//! One quick word: the fields there are, what stands before a colon, and what a word is.

use crate::domain::{
    repeat::{Repeat, RepeatReading},
    task::{Priority, Status},
    when::{DateOrder, When, Zone, calendar_words::weekday, said_once},
};

/// A field that a quick word or a flag can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Title,
    Due,
    Defer,
    Repeat,
    Project,
    Priority,
    Parent,
    After,
    Description,
    Tags,
    Status,
}

/// The names of the fields before a colon, the usual one first.
pub(super) const NAMES: [(&str, Field); 26] = [
    ("title", Field::Title),
    ("due", Field::Due),
    ("deadline", Field::Due),
    ("defer", Field::Defer),
    ("wait", Field::Defer),
    ("scheduled", Field::Defer),
    ("sched", Field::Defer),
    ("repeat", Field::Repeat),
    ("recur", Field::Repeat),
    ("rec", Field::Repeat),
    ("project", Field::Project),
    ("proj", Field::Project),
    ("pro", Field::Project),
    ("priority", Field::Priority),
    ("prio", Field::Priority),
    ("pri", Field::Priority),
    ("parent", Field::Parent),
    ("after", Field::After),
    ("depends", Field::After),
    ("dep", Field::After),
    ("description", Field::Description),
    ("desc", Field::Description),
    ("note", Field::Description),
    ("tags", Field::Tags),
    ("tag", Field::Tags),
    ("status", Field::Status),
];

/// A day on which every date in words is in the calendar: its month and the next have 31 days.
const SOME_DAY: i64 = 2_018_174_400_000;

impl Field {
    /// Returns the name it is shown by.
    pub(crate) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, field)| *field == self)
            .map_or("", |(name, _)| name)
    }

    /// Returns the field that a refusal calls `name`.
    pub(crate) fn of_task(name: &str) -> Option<Self> {
        match name {
            "defer_until" => Some(Self::Defer),
            "depends_on" => Some(Self::After),
            name => Self::named(name),
        }
    }

    /// Returns the field that stands before a colon as `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| *field)
    }

    /// Reports whether it is a date or a rule.
    pub(super) fn is_of_time(self) -> bool {
        matches!(self, Self::Due | Self::Defer | Self::Repeat)
    }

    /// Reports whether `value` is one that the field can have, as far as that can be seen without the tasks.
    pub(super) fn may_be(self, value: &str) -> bool {
        let is_id = |id: &str| {
            let id = id.trim().trim_start_matches('#');
            !id.is_empty() && id.chars().all(|c| c.is_ascii_digit())
        };
        match self {
            Self::Due | Self::Defer | Self::Repeat => self.reads(value),
            Self::Priority => value.parse::<Priority>().is_ok(),
            Self::Status => value.parse::<Status>().is_ok(),
            Self::Parent | Self::After => value.split(',').all(is_id),
            Self::Title | Self::Project | Self::Description | Self::Tags => true,
        }
    }

    /// Returns the date in words that say until when a task is deferred, as lists show it: `until fri`, `not before fri`.
    pub(crate) fn deferred_until(value: &str) -> &str {
        const BEFORE: [&str; 4] = ["deferred until ", "until ", "not before ", "from "];
        let value = value.trim_start();
        let begins = |before: &&&str| {
            let start = value.get(..before.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(before))
        };
        let before = BEFORE.iter().find(begins);
        before.map_or(value, |before| &value[before.len()..])
    }

    /// Reports whether `value` is a date or a rule with a time of day.
    pub(super) fn has_time(self, value: &str) -> bool {
        match self {
            Self::Due | Self::Defer => {
                let date = self.date(value);
                date.is_some_and(|date| !matches!(date, When::Day(_)))
            }
            Self::Repeat => rule(value).is_some_and(|reading| reading.start.time.is_some()),
            _ => false,
        }
    }

    /// Reports whether `value` is a date or a rule, whatever day it is; never for other fields.
    pub(super) fn reads(self, value: &str) -> bool {
        match self {
            Self::Due | Self::Defer => self.date(value).is_some(),
            Self::Repeat => rule(value).is_some(),
            _ => false,
        }
    }

    /// Returns the date that `value` says on some day.
    fn date(self, value: &str) -> Option<When> {
        match self {
            Self::Defer => date(Self::deferred_until(value)),
            _ => date(value),
        }
    }
}

/// Returns the date that `value` says on some day.
fn date(value: &str) -> Option<When> {
    // What clocks show elsewhere agrees with it where the user is, which is not known here.
    let (said, elsewhere) = said_once(value);
    let zone = Zone::UTC.with_date_order(DateOrder::DayMonth);
    let read = |text: &str| When::read(text, SOME_DAY, zone).ok();
    let reading = read(said).or_else(|| without_weekday(said).find_map(|text| read(&text)))?;
    let is_somewhere = elsewhere.is_none_or(|there| there.has_zone());
    is_somewhere.then_some(reading.when)
}

/// Returns the rule that `value` says on some day.
fn rule(value: &str) -> Option<RepeatReading> {
    let zone = Zone::UTC.with_date_order(DateOrder::DayMonth);
    let read = |text: &str| Repeat::read_at(text, None, SOME_DAY, zone).ok();
    read(value).or_else(|| without_weekday(value).find_map(|text| read(&text)))
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// A word of the title.
    Text(&'a str),
    /// A field and its value, which may be empty.
    Set(Field, &'a str),
    /// A tag to add.
    Tag(&'a str),
}

impl<'a> Word<'a> {
    /// Takes one word of a filter for what it is.
    pub(crate) fn of(word: &'a str) -> Self {
        match Self::of_task(word) {
            // Lists are not narrowed by titles, and `p1` may be searched for.
            Self::Set(Field::Title, _) => Self::Text(word),
            Self::Set(Field::Priority, _) if is_level(word) => Self::Text(word),
            taken => taken,
        }
    }

    /// Takes one word of a task for what it is.
    pub(super) fn of_task(word: &'a str) -> Self {
        if let Some(tag) = word.strip_prefix('+')
            && tag.starts_with(|c: char| c.is_alphabetic() || !c.is_ascii())
            && !tag.contains(char::is_whitespace)
        {
            return Self::Tag(tag);
        }
        if let Some(level) = word.strip_prefix('!')
            && level.starts_with(char::is_alphabetic)
            && (level == "none" || level.parse::<Priority>().is_ok())
        {
            return Self::Set(Field::Priority, level);
        }
        // A title may speak of a "P1".
        if is_level(word) && word.starts_with('p') {
            return Self::Set(Field::Priority, word);
        }
        match word.split_once(':') {
            Some((name, value)) if !value.starts_with("//") => match Field::named(name) {
                // A title may begin with "Note:"; nothing is cleared by one that does.
                Some(field) if !value.is_empty() || name == name.to_lowercase() => {
                    Self::Set(field, value)
                }
                _ => Self::Text(word),
            },
            _ => Self::Text(word),
        }
    }
}

/// Returns a text without each of the weekdays that stand before a number: in another year that may be the date of another one, as in
/// `Tue 12-01`.
fn without_weekday(value: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = value.split([' ', ',']).collect();
    let has_number = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    let is_dated = |at: &usize| {
        let is_weekday = weekday(&words[*at].to_lowercase()).is_some();
        is_weekday && words[at + 1..].iter().any(has_number)
    };
    let without = |at: usize| [&words[..at], &words[at + 1..]].concat().join(" ");
    let dated = (0..words.len()).filter(is_dated);
    dated.map(without).collect::<Vec<_>>().into_iter()
}

/// Reports whether a word is one of Todoist's levels, `p1` to `p4`, whatever the case of its letter.
pub(crate) fn is_level(word: &str) -> bool {
    matches!(word.as_bytes(), [b'p' | b'P', b'1'..=b'4'])
}
