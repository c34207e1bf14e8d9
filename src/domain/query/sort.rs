//! Orders that a list can have instead of its view's.

use std::{cmp::Reverse, str::FromStr};

use super::order::{self, Edge};
use crate::domain::{
    task::{Invalid, Priority, Summary, shortened},
    text::folded,
    when::Zone,
};

/// An order that a list can have instead of its view's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// What is due first, then what matters most.
    Due,
    /// What matters most, then as the view has it.
    Priority,
    /// What was added last.
    Newest,
    /// What was added first.
    Oldest,
    /// What was changed last.
    Changed,
    /// By titles, whatever the case of their letters.
    Title,
}

impl Sort {
    /// Every order, each with its word.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("due", Self::Due),
        ("priority", Self::Priority),
        ("newest", Self::Newest),
        ("oldest", Self::Oldest),
        ("changed", Self::Changed),
        ("title", Self::Title),
    ];

    /// Sorts the tasks of a list for a reader in `zone`. Those of one priority stay in the order they had.
    pub(crate) fn arrange(self, tasks: &mut [Summary], zone: Zone) {
        match self {
            Self::Due => tasks.sort_by_cached_key(|task| {
                let kind = order::kind(task.due);
                let key = task.due.map_or(i64::MAX, order::key);
                let rank = i64::from(Priority::rank(task.priority));
                (order::place(kind, key, rank, Edge::Last, zone), task.id)
            }),
            Self::Priority => tasks.sort_by_key(|task| Priority::rank(task.priority)),
            Self::Newest => tasks.sort_by_key(|task| Reverse(task.id)),
            Self::Oldest => tasks.sort_by_key(|task| task.id),
            Self::Changed => tasks.sort_by_key(|task| Reverse((task.updated_at, task.id))),
            Self::Title => {
                tasks
                    .sort_by_cached_key(|task| (folded(task.title.as_str()).into_owned(), task.id));
            }
        }
    }
}

impl FromStr for Sort {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let word = text.trim().to_lowercase();
        let found = Self::WORDS.into_iter().find(|(known, _)| *known == word);
        found.map(|(_, sort)| sort).ok_or_else(|| {
            let words = Self::WORDS.map(|(word, _)| word).join(", ");
            let text = shortened(text, 40);
            Invalid::new("sort", format!("\"{text}\" is none of {words}"))
        })
    }
}
