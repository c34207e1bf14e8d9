//! Tasks as people, models and programs see them: the object of the tools, the line of a list, the block of a
//! resource.
//!
//! Titles are one line and cannot fake another; descriptions are indented where lines matter.

use std::fmt::Write as _;

use chrono::{DateTime, Local, SecondsFormat, TimeZone};
use serde::Serialize;

use crate::{
    command::Outcome,
    task::{Status, Task, Timestamp},
};

/// Returns `at` in RFC 3339, with the offset of this machine's time zone, to the second.
pub fn instant(at: Timestamp) -> String {
    local(at).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn local(at: Timestamp) -> DateTime<Local> {
    // Times come from a clock; one beyond chrono's range (the year 262,143) is shown as the epoch.
    Local
        .timestamp_millis_opt(at.as_millis())
        .single()
        .unwrap_or_default()
}

/// Returns the time now.
pub fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}

/// How much of a task an object tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the tutorial's clients know.
    Contract,
    /// That and the revision, for a caller who goes on editing.
    Revision,
    /// Everything.
    Full,
}

/// A task as a JSON object. Fields that do not apply are left out.
#[derive(Clone, Debug, Serialize)]
pub struct TaskObject<'a> {
    id: i64,
    title: &'a str,
    description: &'a str,
    status: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
    /// What the caller should know about the call, such as that it changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl<'a> TaskObject<'a> {
    /// Returns the object for `task`.
    pub fn new(task: &'a Task, detail: Detail) -> Self {
        let full = detail == Detail::Full;
        Self {
            id: task.id.get(),
            title: task.title.as_str(),
            description: task.description.as_str(),
            status: task.status.as_str(),
            created_at: instant(task.created_at),
            updated_at: full.then(|| instant(task.updated_at)),
            started_at: task
                .started_at
                .filter(|_| detail != Detail::Contract)
                .map(instant),
            completed_at: task.completed_at.map(instant),
            deleted_at: task.deleted_at.filter(|_| full).map(instant),
            created_by: full.then(|| task.created_by.as_str()),
            rev: (detail != Detail::Contract).then_some(task.rev),
            note: None,
        }
    }

    /// Adds a note, if there is one.
    #[must_use]
    pub fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Returns the line of a list: the id, the title, and what is out of the ordinary.
pub fn line(task: &Task) -> String {
    let mut line = format!("{} {}", task.id, task.title);
    if task.status != Status::Pending {
        let _ = write!(line, " ({})", task.status);
    }
    line
}

/// Returns the heading of a list: the date and weekday, which a model does not know, and what follows.
pub fn heading(now: Timestamp, count: &str) -> String {
    format!("{} | {count}", local(now).format("%a %Y-%m-%d %H:%M %:z"))
}

/// Returns a bounded count as text: `999`, or `1000+` where counting stopped.
pub fn bounded(count: u32, limit: u32) -> String {
    if count < limit {
        count.to_string()
    } else {
        format!("{limit}+")
    }
}

/// Returns the block of `tasks://all` for `task`: a mark, the id, the title, and what there is to say, indented.
pub fn block(task: &Task) -> String {
    let mut block = pending_block(task);
    block.truncate(block.len() - 1);
    let _ = writeln!(block, "   Status: {}", task.status);
    let _ = writeln!(block, "   Created: {}", instant(task.created_at));
    block.push('\n');
    block
}

/// Returns the block of `tasks://pending` for `task`.
pub fn pending_block(task: &Task) -> String {
    let mark = if task.status == Status::Completed {
        '✅'
    } else {
        '⏳'
    };
    let mut block = format!("{mark} [{}] {}\n", task.id, task.title);
    if !task.description.is_empty() {
        let _ = writeln!(
            block,
            "   Description: {}",
            indented(task.description.as_str())
        );
    }
    block.push('\n');
    block
}

/// Returns the text of `tasks://task/{id}`: the block of `tasks://all` and everything else.
pub fn sheet(task: &Task) -> String {
    let mut sheet = block(task);
    sheet.truncate(sheet.len() - 1);
    let _ = writeln!(sheet, "   Created by: {}", task.created_by);
    let times = [
        ("Started", task.started_at),
        ("Completed", task.completed_at),
        ("In the trash since", task.deleted_at),
        ("Updated", Some(task.updated_at)),
    ];
    for (name, at) in times {
        if let Some(at) = at {
            let _ = writeln!(sheet, "   {name}: {}", instant(at));
        }
    }
    let _ = writeln!(sheet, "   Revision: {}", task.rev);
    sheet
}

/// Keeps the lines of `text` apart from the lines around it.
fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// Returns what an undo did, and how to do it again.
pub fn undone(outcome: &Outcome) -> String {
    let tasks: Vec<String> = outcome
        .edits
        .iter()
        .map(|edit| {
            let gone = if edit.after.is_deleted() {
                " (now in the trash)"
            } else {
                ""
            };
            format!("{}{gone}", line(&edit.after))
        })
        .collect();
    let what = outcome.reverted.map_or_else(String::new, |(group, kind)| {
        format!("the {} of group {group}", kind.as_str())
    });
    let again = outcome.group.map_or_else(String::new, |group| {
        format!(". To do it again: undo group:{group}")
    });
    format!("Undone: {what}: {}{again}", tasks.join("; "))
}
