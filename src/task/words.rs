//! The text fields of a task: cleaned and checked when they are made.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Invalid, shortened};
use crate::text::clean;

/// Declares a text field: a string that was cleaned and checked on the way in.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Cleans and checks `raw`; the flag says whether characters that cannot be seen were taken out.
            pub fn cleaned(raw: &str) -> Result<(Self, bool), Invalid> {
                let cleaned = clean(raw);
                let check: fn(String) -> Result<String, Invalid> = $check;
                Ok((Self(check(cleaned.text)?), cleaned.altered))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(raw: String) -> Result<Self, Invalid> {
                Self::cleaned(&raw).map(|(value, _)| value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// One line saying what is to be done: 1 to 500 characters, never blank.
    Title,
    |text| {
        let line = text.trim().replace('\t', " ");
        let length = line.chars().count();
        match () {
            () if !line.contains(is_visible) => {
                Err(Invalid::new("title", "is blank; say in one line what is to be done"))
            }
            () if line.contains('\n') => Err(Invalid::new(
                "title",
                "has more than one line; put the rest into description",
            )),
            () if length > Title::MAX_CHARS => Err(Invalid::new(
                "title",
                format!(
                    "has {length} characters, {} are the most; put the rest into description",
                    Title::MAX_CHARS
                ),
            )),
            () => Ok(line),
        }
    }
);

impl Title {
    /// The longest title, in characters.
    pub const MAX_CHARS: usize = 500;
}

text_type!(
    /// What there is to say beyond the title: up to 64 KiB, may be empty.
    #[derive(Default)]
    Description,
    |text| {
        if text.len() > Description::MAX_BYTES {
            return Err(Invalid::new(
                "description",
                format!("has {} bytes, {} are the most", text.len(), Description::MAX_BYTES),
            ));
        }
        Ok(text)
    }
);

impl Description {
    /// The longest description, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Reports whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

text_type!(
    /// Who makes a change: a client's name as the client gave it, such as `claude-ai` or `cli`.
    Actor,
    |text| {
        let name: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().take(Actor::MAX_CHARS).collect();
        Ok(if name.contains(is_visible) { name } else { "unknown".to_owned() })
    }
);

impl Actor {
    /// The longest name kept, in characters; what is longer is cut.
    pub const MAX_CHARS: usize = 64;

    /// Returns the actor of a client that calls itself `name`; one without a visible name is `unknown`.
    pub fn named(name: &str) -> Self {
        Self::cleaned(name).map_or_else(|_| Self("unknown".to_owned()), |(actor, _)| actor)
    }
}

/// U+2800, an empty Braille cell, counts as a symbol in Unicode and shows as nothing.
fn is_visible(c: char) -> bool {
    !c.is_whitespace() && c != '\u{2800}'
}

text_type!(
    /// What a task belongs to: one line of 1 to 100 characters.
    Project,
    |text| one_line(&text, "project", Project::MAX_CHARS)
);

impl Project {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Reports whether it is the same but for the case of ASCII letters, as the database compares.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

text_type!(
    /// A word to find a task by: 1 to 64 characters without blanks; a leading `#` or `@` is dropped.
    Tag,
    |text| {
        let word = one_line(text.trim().trim_start_matches(['#', '@']), "tag", Tag::MAX_CHARS)?;
        if word.contains(char::is_whitespace) {
            let hyphenated = word.split_whitespace().collect::<Vec<_>>().join("-");
            let (word, hyphenated) = (shortened(&word, 40), shortened(&hyphenated, 40));
            return Err(Invalid::new("tag", format!("\"{word}\" has blanks; write {hyphenated}")));
        }
        Ok(word)
    }
);

impl Tag {
    /// The longest tag, in characters.
    pub const MAX_CHARS: usize = 64;
}

text_type!(
    /// A remark on a task: 1 byte to 16 KiB.
    CommentText,
    |text| {
        let text = text.trim_end();
        match text.len() {
            _ if !text.contains(is_visible) => Err(Invalid::new("comment", "is blank")),
            length if length > CommentText::MAX_BYTES => Err(Invalid::new(
                "comment",
                format!("has {length} bytes, {} are the most", CommentText::MAX_BYTES),
            )),
            _ => Ok(text.to_owned()),
        }
    }
);

impl CommentText {
    /// The longest comment, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 16 * 1024;
}

fn one_line(text: &str, field: &'static str, max: usize) -> Result<String, Invalid> {
    let line = text.trim().replace('\t', " ");
    let length = line.chars().count();
    match () {
        () if !line.contains(is_visible) => Err(Invalid::new(field, "is blank")),
        () if line.contains('\n') => Err(Invalid::new(field, "has more than one line")),
        () if length > max => Err(Invalid::new(
            field,
            format!("has {length} characters, {max} are the most"),
        )),
        () => Ok(line),
    }
}
