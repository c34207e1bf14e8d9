//! Quick words: `due:fri +home project:flat !high` among the words of a title, in any order.
//!
//! One argument without blanks is one word. One that begins with a field is that field's, blanks and all, so
//! `project:"My flat"` is a project. Any other argument with blanks is a line, read like the words in it: `"Pay rent due:next
//! fri +home"`; there a value with blanks stands in quotes, and a date or a rule takes all the words that make it. What only
//! looks like a quick word stays text: `http://x`, `10:30`, `+1`, `Note:`, `!`. Names are taken whatever the case of their
//! letters, and as Taskwarrior, Todoist and todo.txt have them where they mean the same.

use crate::domain::{
    repeat::Repeat,
    task::{Priority, Status},
    when::{When, Zone},
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
const NAMES: [(&str, Field); 26] = [
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

/// What Taskwarrior has before a colon and a task here has not.
const FOREIGN: [&str; 5] = ["until", "start", "end", "entry", "uuid"];

/// What others call a tag.
const LABELS: [&str; 4] = ["label", "labels", "context", "category"];

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

    /// Reports whether `value` is one that the field can have, as far as that can be seen without the tasks.
    fn may_be(self, value: &str) -> bool {
        let is_id = |id: &str| {
            let id = id.trim().trim_start_matches('#');
            !id.is_empty() && id.chars().all(|c| c.is_ascii_digit())
        };
        match self {
            Self::Due | Self::Defer | Self::Repeat => self.moment(value).is_some(),
            Self::Priority => value.parse::<Priority>().is_ok(),
            Self::Status => value.parse::<Status>().is_ok(),
            Self::Parent | Self::After => value.split(',').all(is_id),
            Self::Title | Self::Project | Self::Description | Self::Tags => true,
        }
    }

    /// Returns the date or the rule that `value` says, in a form that can be compared; `None` if it says none, and for other
    /// fields.
    fn moment(self, value: &str) -> Option<String> {
        /// A day on which every date in words is in the calendar.
        const SOME_DAY: i64 = 2_000_000_000_000;
        match self {
            Self::Due | Self::Defer => {
                let reading = When::read(value, SOME_DAY, Zone::UTC).ok()?;
                Some(reading.when.to_string())
            }
            Self::Repeat => {
                let reading = Repeat::read_at(value, None, SOME_DAY, Zone::UTC).ok()?;
                Some(reading.repeat.to_string())
            }
            _ => None,
        }
    }
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
    fn of_task(word: &'a str) -> Self {
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
        if is_level(word) {
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

/// Reports whether a word is one of Todoist's levels, `p1` to `p4`.
fn is_level(word: &str) -> bool {
    matches!(word, "p1" | "p2" | "p3" | "p4")
}

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
    /// Returns what was meant if `word`, which follows, goes on the date or the rule: `due:tomorrow 17:30`.
    fn gone_on_by(&self, word: &str) -> Option<String> {
        let longer = format!("{} {word}", self.text);
        let longer = longer.trim_start();
        let moment = self.field.moment(longer)?;
        let goes_on = Some(moment) != self.field.moment(&self.text);
        goes_on.then(|| format!("did you mean {}:{}?", self.field.name(), quoted(longer)))
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
        for argument in arguments {
            if !argument.contains(char::is_whitespace) || is_value(argument, purpose) {
                read.take(argument, purpose);
            } else {
                read.take_line(argument, purpose);
            }
        }
        read
    }

    /// Takes the words of one argument; nothing is altered in one without quick words.
    fn take_line(&mut self, line: &str, purpose: Purpose) {
        let mut read = Self::default();
        for word in split(line) {
            read.take(&word, purpose);
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

    /// Takes one word for what it is.
    fn take(&mut self, word: &str, purpose: Purpose) {
        let was_open = std::mem::take(&mut self.is_open);
        match Word::of_task(word) {
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
                self.is_open = is_of_time(field);
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
                    self.untags.push(tag.to_owned());
                    return;
                }
                let last = self.values.last().filter(|_| was_open);
                let doubt = doubt(word)
                    .or_else(|| last?.gone_on_by(word))
                    .or_else(|| cleared(word).filter(|_| purpose == Purpose::Edit));
                self.doubts
                    .extend(doubt.map(|reason| (word.to_owned(), reason)));
                self.text.push(word.to_owned());
            }
        }
    }

    /// Returns what the words that set nothing may have been meant to set, as a quick word.
    pub(crate) fn meant(&self) -> Option<String> {
        let text = self.text.join(" ");
        let words = std::iter::once(text.as_str()).chain(self.text.iter().map(String::as_str));
        let of_field = words.into_iter().find_map(|word| {
            let fields = [Field::Status, Field::Priority, Field::Due, Field::Repeat];
            let is_word = word.chars().any(char::is_alphabetic);
            let field = fields
                .into_iter()
                .find(|field| is_word && field.may_be(word))?;
            Some(format!("{}:{}", field.name(), quoted(word)))
        });
        of_field.or_else(|| {
            text.contains(char::is_alphanumeric)
                .then(|| format!("title:{}", quoted(&text)))
        })
    }
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
fn is_value(argument: &str, purpose: Purpose) -> bool {
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
        Field::Title | Field::Project | Field::Tags => is_alone(),
        // What is no date, though nothing else is in it, is told of as one.
        _ => field.may_be(value) || (is_alone() && !begins()),
    }
}

fn is_of_time(field: Field) -> bool {
    matches!(field, Field::Due | Field::Defer | Field::Repeat)
}

/// Takes a line apart at its blanks. A value in quotes is one word without them, and a date or a rule takes all the words
/// that make it.
fn split(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, end) = in_quotes(rest).unwrap_or_else(|| (rest[..end].to_owned(), end));
        words.push(word);
        rest = rest[end..].trim_start();
    }
    let mut at = 0;
    while at < words.len() {
        let more = others_of_moment(&words[at..]);
        let word = words[at..=at + more].join(" ");
        words.splice(at..=at + more, [word]);
        at += 1;
    }
    words
}

/// Returns how many of the words after the first go on the date or the rule that it begins. A word that alters nothing, such
/// as "the", does not.
fn others_of_moment(words: &[String]) -> usize {
    /// The most words of a date or a rule.
    const MOST: usize = 8;
    let Word::Set(field, value) = Word::of_task(&words[0]) else {
        return 0;
    };
    if !is_of_time(field) || value.is_empty() {
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
fn in_quotes(rest: &str) -> Option<(String, usize)> {
    let (name, after) = rest.split_once(':')?;
    let (value, _) = after.strip_prefix('"')?.split_once('"')?;
    let end = name.len() + value.len() + 3;
    let is_end = rest[end..].chars().next().is_none_or(char::is_whitespace);
    (Field::named(name).is_some() && is_end).then(|| (format!("{name}:{value}"), end))
}

/// Returns `text` as a shell takes it for one word.
fn quoted(text: &str) -> String {
    if text.contains(char::is_whitespace) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

/// Returns the tag that `-TAG` takes away.
pub(crate) fn tag_taken_away(word: &str) -> Option<&str> {
    let tag = word.strip_prefix('-')?;
    let is_tag = tag.starts_with(|c: char| c.is_alphabetic() || !c.is_ascii())
        && !tag.contains(|c: char| c == '=' || c == ':' || c.is_whitespace());
    is_tag.then_some(tag)
}

/// Returns how the field is cleared that `-project:x` names.
fn cleared(word: &str) -> Option<String> {
    let Word::Set(field, _) = Word::of_task(word.strip_prefix('-')?) else {
        return None;
    };
    let name = field.name();
    Some(format!(
        "did you mean {name}: without a value, which clears it?"
    ))
}

/// Returns what a word asks tasks not to have: the tag of `-home`, or `project:x` of `-project:x`. One letter is a flag.
pub(crate) fn exclusion(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('-')?;
    let mut letters = rest.chars();
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() || !c.is_ascii());
    let is_word = is_letter(letters.next()) && is_letter(letters.next());
    (is_word && !rest.contains('=')).then_some(rest)
}

/// Returns why a word that stays text may have been meant as a quick word; `None` if nothing speaks for it.
fn doubt(word: &str) -> Option<String> {
    if let Some(level) = word.strip_prefix('!')
        && !level.is_empty()
        && level.chars().all(char::is_alphabetic)
    {
        return Some("levels are !high, !medium and !low".to_owned());
    }
    let Some((name, value)) = word.split_once(':') else {
        let (name, value) = word.split_once('=')?;
        let field = Field::named(name).filter(|field| !value.is_empty() && field.may_be(value))?;
        return Some(format!("did you mean {}:{value}?", field.name()));
    };
    if !name.starts_with(char::is_alphabetic) {
        return None;
    }
    match Field::named(name) {
        // As in "Note: call Anna".
        Some(Field::Description) => None,
        Some(_) if value.is_empty() => Some("there is nothing after it".to_owned()),
        Some(Field::Status) => Some("there is no such status".to_owned()),
        Some(Field::Title) => Some("the title is made of the other words".to_owned()),
        _ if value.is_empty() || value.starts_with("//") => None,
        _ if FOREIGN.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
            Some("there is no such field".to_owned())
        }
        _ if LABELS.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
            Some(format!("did you mean +{value}?"))
        }
        _ => {
            let name = name.to_lowercase();
            // Many a word is near a short name: the value decides.
            let is_near = |(known, field): &&(&str, Field)| {
                strsim::osa_distance(known, &name) == 1
                    && (known.len() > 3 || (name.len() > 1 && field.may_be(value)))
            };
            let (near, _) = NAMES.iter().find(is_near)?;
            Some(format!("did you mean {near}:{value}?"))
        }
    }
}

#[cfg(test)]
mod tests;
