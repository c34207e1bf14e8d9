//! Words to search for, as SQLite's full-text index wants them (FTS5, section 3).
//!
//! What a person types is never handed on as a query: its language has operators, and most texts are errors in it.

use crate::domain::{task::Invalid, text::clean};

/// Words that a task must have; one of three letters or more may also be the beginning of a longer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The most words that are searched for; what follows is passed over.
    pub const MOST: usize = 32;

    /// Takes the words of `text`. Signs between them count for nothing.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        let words: Vec<String> = clean(text)
            .text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(Self::MOST)
            .map(str::to_owned)
            .collect();
        if words.is_empty() {
            return Err(Invalid::new("query", "has no words to search for"));
        }
        Ok(Self(words))
    }

    /// Returns the query for titles with all the words.
    pub(super) fn in_title(&self) -> String {
        format!("{{heading}} : ({})", self.whole())
    }

    /// Returns the query for titles with words that begin so.
    pub(super) fn beginning_in_title(&self) -> String {
        format!("{{heading}} : ({})", self.beginnings())
    }

    /// Returns the queries that together find all there is, each what those before it do not: whole words in the title;
    /// whole words; beginnings in the title; beginnings.
    ///
    /// Whole words come first also because the index has a list for each, and must make one for a beginning: with a
    /// million tasks and a common word, that takes it fifty times as long.
    pub(super) fn tiers(&self) -> [String; 4] {
        let (whole, beginnings) = (self.whole(), self.beginnings());
        let (titled, beginning) = (self.in_title(), self.beginning_in_title());
        [
            titled.clone(),
            format!("({whole}) NOT {titled}"),
            format!("({beginning}) NOT ({whole})"),
            format!("(({beginnings}) NOT ({whole})) NOT {beginning}"),
        ]
    }

    fn whole(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|word| format!("\"{word}\"")).collect();
        words.join(" AND ")
    }

    fn beginnings(&self) -> String {
        // The beginnings of one or two letters are those of too many words.
        let words: Vec<String> = self
            .0
            .iter()
            .map(|word| match word.chars().nth(2) {
                Some(_) => format!("\"{word}\"*"),
                None => format!("\"{word}\""),
            })
            .collect();
        words.join(" AND ")
    }

    /// Returns the words in lower case.
    pub(super) fn lower(&self) -> std::collections::BTreeSet<String> {
        self.0.iter().map(|word| word.to_lowercase()).collect()
    }
}
