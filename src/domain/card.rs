//! A card: what the board shows of a task before it is opened.

use super::task::{Actor, Summary, Timestamp};

/// What a list shows of a task, and what the board shows and edits beyond that. Description and comments, which may be long, are
/// only said to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What a list shows of it.
    pub summary: Summary,
    /// How many changes the task has had.
    pub rev: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was begun; `None` while it is not in progress.
    pub started_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: Actor,
    /// Whether it has a description.
    pub has_description: bool,
    /// How many comments it has.
    pub comments: u32,
    /// How many subtasks it has that are not in the trash.
    pub parts: u32,
    /// How many of these are open no longer.
    pub closed_parts: u32,
}
