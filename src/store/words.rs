//! Words to search for, as SQLite's full-text index wants them (FTS5, section 3).
//!
//! What a person types is never handed on as a query: its language has operators, and most texts are errors in it.

use crate::{task::Invalid, text::clean};

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

    /// Returns the query for texts with all the words, whole.
    pub(super) fn whole(&self) -> Query {
        Query::all(self.0.iter().map(|word| format!("\"{word}\"")))
    }

    /// Returns the query for texts with all the words, or longer ones that begin with them. `longer` may know these
    /// by name, which is quicker than to look for them.
    pub(super) fn beginnings<E>(
        &self,
        longer: impl Fn(&str) -> Result<Option<Vec<String>>, E>,
    ) -> Result<Query, E> {
        let words = self.0.iter().map(|word| {
            // The beginnings of one or two letters are those of too many words.
            if word.chars().nth(2).is_none() {
                return Ok(format!("\"{word}\""));
            }
            Ok(match longer(word)? {
                Some(names) if !names.is_empty() => {
                    let names: Vec<String> =
                        names.iter().map(|name| format!("\"{name}\"")).collect();
                    format!("({})", names.join(" OR "))
                }
                _ => format!("\"{word}\"*"),
            })
        });
        Ok(Query::all(words.collect::<Result<Vec<_>, E>>()?))
    }

    /// Returns the words in lower case.
    pub(super) fn lower(&self) -> std::collections::BTreeSet<String> {
        self.0.iter().map(|word| word.to_lowercase()).collect()
    }
}

/// A query in the language of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query(String);

impl Query {
    fn all(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect::<Vec<_>>().join(" AND "))
    }

    /// Returns the query for any text.
    pub(super) fn anywhere(&self) -> &str {
        &self.0
    }

    /// Returns the query for titles, of a table that has other columns too.
    pub(super) fn in_title(&self) -> String {
        format!("{{heading}} : ({})", self.0)
    }

    /// Returns the query for what matches, but not in the title.
    pub(super) fn elsewhere(&self) -> String {
        format!("({}) NOT {{heading}} : ({})", self.0, self.0)
    }
}
