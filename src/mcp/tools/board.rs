//! The tools of the board: `show_board`, which a model calls, and `board_read` and `board_write`, which only the page calls. They
//! are offered to clients that show pages.
//!
//! What the page reads and writes is no news to the model that shares its connection, and none of the model's is told to the page:
//! the two are different sessions, and their changes have different names in the history.
//!
//! | file | what it holds |
//! |---|---|
//! | `read` | `board_read`: the whole board, what changed of it, one task |
//! | `preview` | what a line to add would make |
//! | `write` | `board_write` |
//!
//! # Invariants
//!
//! - A task has one form, that of [`CardObject`](crate::render::CardObject), wherever the page is given one.
//! - An answer is JSON in one block of text: some hosts take everything else away.

use serde::Serialize;
use serde_json::json;

use super::{Effect, Spec, ToolAnswer, schema};
use crate::{
    domain::{
        card::Card,
        error::Result,
        query::{Filters, Moment, View},
        task::Invalid,
        when::Zone,
    },
    mcp::apps,
    render::CardObject,
    store::Store,
};

mod preview;
mod read;
mod write;

use read::BoardRead;
use write::BoardWrite;

/// Who calls a tool of the board.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// A model, and the page.
    Model,
    /// The page alone.
    Page,
}

/// The tools, in the order in which they are listed.
pub(super) const SPECS: [(Spec, Caller); 3] = [
    (
        Spec {
            name: "show_board",
            title: "Show the board",
            description: "Show the user their task board; only when they ask to see it.",
            schema: schema::nothing,
            effect: Effect::Read,
        },
        Caller::Model,
    ),
    (
        Spec {
            name: "board_read",
            title: "Read the board",
            description: "For the page of the board: the tasks, or what changed of them.",
            schema: schema::schema::<BoardRead>,
            effect: Effect::Read,
        },
        Caller::Page,
    ),
    (
        Spec {
            name: "board_write",
            title: "Change tasks on the board",
            description: "For the page of the board: one change that the user has made there. Everything can be undone by its group.",
            schema: schema::schema::<BoardWrite>,
            // Whatever it takes away is in the trash, and the page offers to take it back.
            effect: Effect::Advance,
        },
        Caller::Page,
    ),
];

/// Returns what hosts read of a tool of the board.
pub(super) fn meta(caller: Caller) -> serde_json::Value {
    match caller {
        // The second is what hosts read before the first came to be.
        Caller::Model => json!({
            "ui": { "resourceUri": apps::BOARD, "visibility": ["model", "app"] },
            "ui/resourceUri": apps::BOARD,
        }),
        Caller::Page => json!({ "ui": { "visibility": ["app"] } }),
    }
}

/// The most changes that are told one by one. After more of them the page reads everything anew.
const MOST_CHANGES: u32 = 500;

/// How far a reader of the database has come: the number of the last change and its time, so that another database put in the
/// place of the first, as a restore does, is not taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seq {
    number: i64,
    at: i64,
}

impl Seq {
    /// Returns how far the database is.
    fn now(store: &Store) -> Result<Self> {
        let number = store.last_change()?;
        let at = store.time_of_change(number)?;
        let at = at.map_or(0, crate::domain::task::Timestamp::as_millis);
        Ok(Self { number, at })
    }

    /// Reads what [`Seq::text`] wrote.
    fn read(text: &str) -> std::result::Result<Self, Invalid> {
        let refused = || Invalid::new("since", "is none of ours; leave it out to read everything");
        let (number, at) = text.trim().split_once('-').ok_or_else(refused)?;
        let number = number.parse().map_err(|_| refused())?;
        let at = i64::from_str_radix(at, 16).map_err(|_| refused())?;
        Ok(Self { number, at })
    }

    /// Reports whether the database has come from there.
    fn is_passed(self, store: &Store) -> Result<bool> {
        if self.number == 0 {
            return Ok(true);
        }
        let at = store.time_of_change(self.number)?;
        Ok(at.is_some_and(|at| at.as_millis() == self.at))
    }

    fn text(self) -> String {
        let Self { number, at } = self;
        format!("{number}-{at:x}")
    }
}

/// How many tasks there are, each counted up to [`Store::COUNT_LIMIT`], which stands for that or more.
#[derive(Serialize)]
struct Counts {
    /// To do or in progress, and not deferred.
    open: u32,
    overdue: u32,
    /// Due today or overdue.
    today: u32,
    in_progress: u32,
    deferred: u32,
    completed: u32,
}

impl Counts {
    fn now(store: &Store, moment: &Moment) -> Result<Self> {
        let filters = Filters::default();
        let count = |view| -> Result<u32> { Ok(store.count(view, &filters, moment, None)?.number) };
        Ok(Self {
            open: count(View::Open)?,
            overdue: count(View::Overdue)?,
            today: count(View::Today)?,
            in_progress: count(View::InProgress)?,
            deferred: count(View::Deferred)?,
            completed: count(View::Completed)?,
        })
    }
}

fn objects(cards: &[Card], zone: Zone) -> Vec<CardObject<'_>> {
    let object = |card| CardObject { card, zone };
    cards.iter().map(object).collect()
}

fn answer(value: &impl Serialize) -> ToolAnswer {
    ToolAnswer::Text(
        serde_json::to_string(value).expect("an object of strings and numbers serializes"),
    )
}

#[cfg(test)]
mod tests;
