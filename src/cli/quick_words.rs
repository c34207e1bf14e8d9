//! Quick words: `due:fri +home project:flat !high` among the words of a title, in any order.
//!
//! One argument is one word, blanks and all, so `project:"My flat"` is a project and `"due soon: rent"` a title. What
//! only looks like a quick word stays text: `http://x`, `10:30`, `+1`, `Note:`, `!`. What is to be text though it is a
//! quick word stands after `--`, or in `--title`. Names are taken whatever the case of their letters, and as Taskwarrior
//! and todo.txt have them where they mean the same.

use crate::domain::task::Priority;

/// A field that a quick word or a flag can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
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
const NAMES: [(&str, Field); 23] = [
    ("due", Field::Due),
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

impl Field {
    /// Returns the name it is shown by.
    pub(super) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, field)| *field == self)
            .map_or("", |(name, _)| name)
    }

    /// Returns the field that a refusal calls `name`.
    pub(super) fn of_task(name: &str) -> Option<Self> {
        match name {
            "defer_until" => Some(Self::Defer),
            "depends_on" => Some(Self::After),
            name => Self::named(name),
        }
    }

    /// Returns the field that stands before a colon as `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| *field)
    }
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A word of the title.
    Text(&'a str),
    /// A field and its value, which may be empty.
    Set(Field, &'a str),
    /// A tag to add.
    Tag(&'a str),
}

impl<'a> Word<'a> {
    /// Takes one argument for what it is.
    pub(super) fn of(word: &'a str) -> Self {
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

/// Returns why a word that stays text may have been meant as a quick word; `None` if nothing speaks for it.
pub(super) fn doubt(word: &str) -> Option<String> {
    if let Some(level) = word.strip_prefix('!')
        && !level.is_empty()
        && level.chars().all(char::is_alphabetic)
    {
        return Some("levels are !high, !medium and !low".to_owned());
    }
    let (name, value) = word.split_once(':')?;
    match Field::named(name) {
        // As in "Note: call Anna".
        Some(Field::Description) => None,
        Some(_) if value.is_empty() => Some("there is nothing after it".to_owned()),
        Some(Field::Status) => Some("there is no such status".to_owned()),
        _ if value.is_empty() || value.starts_with("//") => None,
        _ if FOREIGN.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
            Some("there is no such field".to_owned())
        }
        _ => {
            let name = name.to_lowercase();
            let is_near = |known: &&str| known.len() > 3 && strsim::osa_distance(known, &name) == 1;
            let near = NAMES.iter().map(|(known, _)| *known).find(is_near)?;
            Some(format!("did you mean {near}:{value}?"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quick_words_are_told_from_those_that_only_look_like_it() {
        use Word::{Set, Tag, Text};
        let cases = [
            ("due:fri", Set(Field::Due, "fri")),
            (
                "due:next friday 17:30",
                Set(Field::Due, "next friday 17:30"),
            ),
            ("due:", Set(Field::Due, "")),
            ("defer:mon", Set(Field::Defer, "mon")),
            ("repeat:every 2 weeks", Set(Field::Repeat, "every 2 weeks")),
            ("project:flat", Set(Field::Project, "flat")),
            ("proj:a:b", Set(Field::Project, "a:b")),
            ("parent:12", Set(Field::Parent, "12")),
            ("after:3,4", Set(Field::After, "3,4")),
            ("depends:#3", Set(Field::After, "#3")),
            ("desc:in two words", Set(Field::Description, "in two words")),
            ("note:http://x", Set(Field::Description, "http://x")),
            ("tags:a,b", Set(Field::Tags, "a,b")),
            ("pri:h", Set(Field::Priority, "h")),
            ("!high", Set(Field::Priority, "high")),
            ("!urgent", Set(Field::Priority, "urgent")),
            ("!none", Set(Field::Priority, "none")),
            ("+home", Tag("home")),
            ("+großvater", Tag("großvater")),
            ("+家", Tag("家")),
            ("+🏠", Tag("🏠")),
            ("+a+b", Tag("a+b")),
            ("Pay", Text("Pay")),
            ("http://x", Text("http://x")),
            ("project://x", Text("project://x")),
            ("10:30", Text("10:30")),
            ("re:pair", Text("re:pair")),
            ("Due:fri", Set(Field::Due, "fri")),
            ("wait:fri", Set(Field::Defer, "fri")),
            ("recur:daily", Set(Field::Repeat, "daily")),
            ("status:done", Set(Field::Status, "done")),
            ("Note:", Text("Note:")),
            ("note:", Set(Field::Description, "")),
            ("due", Text("due")),
            ("soon due:fri", Text("soon due:fri")),
            (":due", Text(":due")),
            ("+1", Text("+1")),
            ("+49 30", Text("+49 30")),
            ("+", Text("+")),
            ("++", Text("++")),
            ("+home and more", Text("+home and more")),
            ("C++", Text("C++")),
            ("!", Text("!")),
            ("!!", Text("!!")),
            ("!1", Text("!1")),
            ("!wow", Text("!wow")),
            ("--", Text("--")),
            ("-", Text("-")),
            ("", Text("")),
        ];
        for (word, is) in cases {
            assert_eq!(Word::of(word), is, "{word:?}");
        }
    }

    #[test]
    fn a_word_that_may_have_been_meant_otherwise_is_told_with_the_reason() {
        let cases = [
            ("due:", "there is nothing after it"),
            ("until:fri", "there is no such field"),
            ("projet:flat", "did you mean project:flat?"),
            ("status:odd", "there is no such status"),
            ("!hgih", "levels are !high, !medium and !low"),
        ];
        for (word, reason) in cases {
            assert_eq!(doubt(word).as_deref(), Some(reason), "{word}");
        }
        let plain = [
            "Note:", "note:", "http://x", "10:30", "re:pair", "+1", "!", "!!", "end:", "Pay",
            "a:b:c",
        ];
        for word in plain {
            assert_eq!(doubt(word), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn a_word_is_what_it_says_and_nothing_is_lost(word in any::<String>()) {
            match Word::of(&word) {
                Word::Text(text) => prop_assert_eq!(text, word.as_str()),
                Word::Tag(tag) => prop_assert_eq!(format!("+{tag}"), word.as_str()),
                Word::Set(_, value) => prop_assert!(word.ends_with(value)),
            }
        }

        #[test]
        fn a_word_of_letters_is_text(word in "[\\p{L}\\p{N} .,;'-]{0,20}") {
            prop_assert_eq!(Word::of(&word), Word::Text(&word));
        }
    }
}
