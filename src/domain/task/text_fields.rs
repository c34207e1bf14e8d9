//! The text fields of a task: cleaned and checked when they are made.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{Invalid, shortened};
use crate::domain::text::{clean, folded};

/// What stands for a text of which nothing can be seen.
const UNSEEN: &str = "(invisible)";

/// Returns what can be seen of `raw` without blanks, which a tag may not have.
fn visible_words(raw: &str) -> String {
    let words = clean(raw).text;
    let words: Vec<&str> = words.split_whitespace().collect();
    if words.is_empty() {
        UNSEEN.to_owned()
    } else {
        words.join("-")
    }
}

/// Declares a text field: a string that was cleaned and checked on the way in.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Cleans and checks `raw`; the flag says whether characters that cannot be seen were taken out.
            pub fn cleaned(raw: &str) -> Result<(Self, bool), Invalid> {
                let cleaned = clean(raw);
                Ok((Self(Self::check(cleaned.text)?), cleaned.altered))
            }

            /// Reads what was valid when it was stored or exported, by a version that may have kept more characters: it is
            /// cleaned, and where nothing valid is left after that, it gets words that say so.
            pub fn stored(raw: &str) -> Result<(Self, bool), Invalid> {
                Self::cleaned(raw).or_else(|invalid| match Self::check(raw.to_owned()) {
                    Ok(_) => Self::check(visible_words(raw)).map(|text| (Self(text), true)),
                    Err(_) => Err(invalid),
                })
            }

            fn check(text: String) -> Result<String, Invalid> {
                let check: fn(String) -> Result<String, Invalid> = $check;
                check(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// Text in this form was stored or exported by this program.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = String::deserialize(deserializer)?;
                let (value, _) = Self::stored(&raw).map_err(D::Error::custom)?;
                Ok(value)
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
            () if line.trim().is_empty() => {
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
        // The cut may have gone through an emoji.
        let name = clean(&name).text.trim_end().to_owned();
        Ok(if name.is_empty() { "unknown".to_owned() } else { name })
    }
);

impl Actor {
    /// The longest name kept, in characters; what is longer is cut.
    pub const MAX_CHARS: usize = 64;

    /// Returns the name of this client on a machine of `member`: `claude-code @ anna`. Of a long name the end is cut, not the
    /// member.
    #[must_use]
    pub fn of_member(&self, member: &str) -> Self {
        let ending = format!(" @ {member}");
        let room = Self::MAX_CHARS.saturating_sub(ending.chars().count());
        let name: String = self.as_str().chars().take(room).collect();
        Self::named(&format!("{}{ending}", name.trim_end()))
    }

    /// Returns the actor of every call in a shell. No other client is called so.
    pub fn shells() -> Self {
        Self("cli".to_owned())
    }

    /// Returns the actor of a client that calls itself `name`; one without a visible name is `unknown`.
    pub fn named(name: &str) -> Self {
        Self::cleaned(name).map_or_else(|_| Self("unknown".to_owned()), |(actor, _)| actor)
    }
}

text_type!(
    /// What a task belongs to: one line of 1 to 100 characters.
    Project,
    |text| one_line(&text, "project", Project::MAX_CHARS)
);

impl Project {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Returns what it is compared by: the name whatever the case of its letters.
    pub fn key(&self) -> Cow<'_, str> {
        folded(&self.0)
    }

    /// Reports whether it is the same but for the case of letters.
    pub fn is_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

text_type!(
    /// A word to find a task by: 1 to 64 characters without blanks; a leading `#` or `@` is dropped, and so are `+` and `-`, which
    /// stand for adding and taking away.
    Tag,
    |text| {
        let bare = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '@' | '+' | '-'));
        // A # that was dropped may have been the beginning of an emoji.
        let bare = if bare.len() < text.len() { clean(bare).text } else { bare.to_owned() };
        let word = one_line(&bare, "tag", Tag::MAX_CHARS)?;
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

    /// Returns what it is compared by: the word whatever the case of its letters.
    pub fn key(&self) -> Cow<'_, str> {
        folded(&self.0)
    }

    /// Reports whether it is the same but for the case of letters.
    pub fn is_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// Returns `tags` without those that are another one in other letters; the first of each stays.
    pub(crate) fn one_of_each(tags: impl IntoIterator<Item = Self>) -> BTreeSet<Self> {
        let mut keys = BTreeSet::new();
        let is_new = |tag: &Self| keys.insert(tag.key().into_owned());
        tags.into_iter().filter(is_new).collect()
    }
}

text_type!(
    /// A remark on a task: 1 byte to 16 KiB.
    CommentText,
    |text| {
        let text = text.trim_end();
        match text.len() {
            _ if text.trim().is_empty() => Err(Invalid::new("comment", "is blank")),
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
        () if line.trim().is_empty() => Err(Invalid::new(field, "is blank")),
        () if line.contains('\n') => Err(Invalid::new(field, "has more than one line")),
        () if length > max => Err(Invalid::new(
            field,
            format!("has {length} characters, {max} are the most"),
        )),
        () => Ok(line),
    }
}
