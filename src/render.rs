//! Tasks as people, models and programs see them: the object of the tools, the line of a list, the block of a
//! resource.
//!
//! Titles are one line and cannot fake another; descriptions are indented where lines matter.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use chrono::SecondsFormat;
use serde::Serialize;

use crate::{
    change::Change,
    command::{Caller, Outcome},
    task::{Comment, Priority, Project, Status, Tag, Task, TaskId, Timestamp, shortened},
    when::{When, Zone},
};

/// Returns `at` in RFC 3339, with the offset of the zone, to the second.
pub fn instant(at: Timestamp, zone: Zone) -> String {
    zone.at(at.as_millis())
        .to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Returns the time now.
pub fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}

/// How much of a task an object tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the tutorial's clients know, and what was set beyond that; a long description cut.
    Brief,
    /// That and the revision, for a caller who goes on editing.
    Revision,
    /// Everything.
    Full,
    /// Everything, with dates as ISO 8601 alone.
    Program,
}

impl Detail {
    fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Program)
    }
}

/// How much of a description a reply repeats, in characters.
const BRIEF_DESCRIPTION: usize = 200;

/// A task as a JSON object. Fields that do not apply are left out.
#[derive(Clone, Debug, Serialize)]
pub struct TaskObject<'a> {
    id: i64,
    title: &'a str,
    description: Cow<'a, str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    defer_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: &'a BTreeSet<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<i64>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: &'a BTreeSet<TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    comments: Vec<CommentObject<'a>>,
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

#[derive(Clone, Debug, Serialize)]
struct CommentObject<'a> {
    at: String,
    by: &'a str,
    text: &'a str,
}

impl<'a> TaskObject<'a> {
    /// Returns the object for `task`.
    pub fn new(task: &'a Task, detail: Detail, zone: Zone) -> Self {
        let full = detail.is_full();
        let time = |at| instant(at, zone);
        let date = |when: When| match detail {
            Detail::Program => when.iso(zone),
            _ => when.show(zone),
        };
        let description = task.description.as_str();
        Self {
            id: task.id.get(),
            title: task.title.as_str(),
            description: if full {
                description.into()
            } else {
                shortened(description, BRIEF_DESCRIPTION).into()
            },
            status: task.status.as_str(),
            priority: task.priority.map(Priority::as_str),
            due: task.due.map(date),
            defer_until: task.defer_until.map(date),
            repeat: task.repeat.as_ref().map(|repeat| match detail {
                Detail::Program => repeat.to_string(),
                _ => repeat.words(zone),
            }),
            project: task.project.as_ref().map(Project::as_str),
            tags: &task.tags,
            parent: task.parent.map(TaskId::get),
            depends_on: &task.depends_on,
            comments: Vec::new(),
            created_at: time(task.created_at),
            updated_at: full.then(|| time(task.updated_at)),
            started_at: task
                .started_at
                .filter(|_| detail != Detail::Brief)
                .map(time),
            completed_at: task.completed_at.map(time),
            deleted_at: task.deleted_at.filter(|_| full).map(time),
            created_by: full.then(|| task.created_by.as_str()),
            rev: (detail != Detail::Brief).then_some(task.rev),
            note: None,
        }
    }

    /// Adds the comments of the task.
    #[must_use]
    pub fn with_comments(mut self, comments: &'a [Comment], zone: Zone) -> Self {
        self.comments = comments
            .iter()
            .map(|comment| CommentObject {
                at: instant(comment.at, zone),
                by: comment.actor.as_str(),
                text: comment.text.as_str(),
            })
            .collect();
        self
    }

    /// Adds a note, if there is one.
    #[must_use]
    pub fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Returns the line of a list: the id, the title, and what is out of the ordinary, as
/// `12 Call Anna (in_progress, high, due Fri 11-27, every week) @Family #phone`.
pub fn line(task: &Task, now: Timestamp, zone: Zone) -> String {
    let mut line = format!("{} {}", task.id, task.title);
    let mut facts = Vec::new();
    if task.status != Status::Pending {
        facts.push(task.status.to_string());
    }
    facts.extend(task.priority.map(|priority| priority.as_str().to_owned()));
    if let Some(due) = &task.due {
        let late = task.is_open() && due.is_past(now.as_millis(), zone);
        let word = if late { "overdue" } else { "due" };
        facts.push(format!("{word} {}", due.show_short(now.as_millis(), zone)));
    }
    if let Some(until) = task
        .defer_until
        .filter(|until| !until.is_past(now.as_millis(), zone))
    {
        facts.push(format!(
            "not before {}",
            until.show_short(now.as_millis(), zone)
        ));
    }
    facts.extend(task.repeat.as_ref().map(|repeat| repeat.words(zone)));
    if !task.depends_on.is_empty() && task.is_open() {
        let ids: Vec<String> = task.depends_on.iter().map(ToString::to_string).collect();
        facts.push(format!("after {}", ids.join(" ")));
    }
    facts.extend(task.parent.map(|parent| format!("part of {parent}")));
    if !facts.is_empty() {
        let _ = write!(line, " ({})", facts.join(", "));
    }
    if let Some(project) = &task.project {
        let _ = write!(line, " @{project}");
    }
    for tag in &task.tags {
        let _ = write!(line, " #{tag}");
    }
    line
}

/// Returns the heading of a list: the date and weekday, which a model does not know, and what follows.
pub fn heading(now: Timestamp, zone: Zone, count: &str) -> String {
    format!(
        "{} {} | {count}",
        zone.at(now.as_millis()).format("%a %Y-%m-%d %H:%M"),
        zone.name()
    )
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
pub fn block(task: &Task, zone: Zone) -> String {
    let mut block = entry(task, "Description: ", zone);
    let _ = writeln!(block, "   Status: {}", task.status);
    let _ = writeln!(block, "   Created: {}", instant(task.created_at, zone));
    block.push('\n');
    block
}

/// Returns the block of `tasks://pending` for `task`, which has the description without a word before it.
pub fn pending_block(task: &Task, zone: Zone) -> String {
    let mut block = entry(task, "", zone);
    block.push('\n');
    block
}

/// Returns the lines that both kinds of blocks have.
fn entry(task: &Task, description: &str, zone: Zone) -> String {
    let mark = if task.status == Status::Completed {
        '✅'
    } else {
        '⏳'
    };
    let mut block = format!("{mark} [{}] {}\n", task.id, task.title);
    if !task.description.is_empty() {
        let text = indented(task.description.as_str());
        let _ = writeln!(block, "   {description}{text}");
    }
    let ids = |ids: &BTreeSet<TaskId>| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
    let facts = [
        (
            "Priority",
            task.priority.map(|priority| priority.as_str().to_owned()),
        ),
        ("Due", task.due.map(|due| due.show(zone))),
        ("Not before", task.defer_until.map(|until| until.show(zone))),
        (
            "Repeats",
            task.repeat.as_ref().map(|repeat| repeat.words(zone)),
        ),
        ("Project", task.project.as_ref().map(ToString::to_string)),
        ("Tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ("Part of", task.parent.map(|parent| parent.to_string())),
        ("After", ids(&task.depends_on)),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            let _ = writeln!(block, "   {name}: {fact}");
        }
    }
    block
}

/// Returns the text of `tasks://task/{id}`: the block of `tasks://all` and everything else.
pub fn sheet(task: &Task, comments: &[Comment], zone: Zone) -> String {
    let mut sheet = block(task, zone);
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
            let _ = writeln!(sheet, "   {name}: {}", instant(at, zone));
        }
    }
    let _ = writeln!(sheet, "   Revision: {}", task.rev);
    for comment in comments {
        let (at, text) = (instant(comment.at, zone), indented(comment.text.as_str()));
        let _ = writeln!(sheet, "   Comment by {}, {at}: {text}", comment.actor);
    }
    sheet
}

/// Keeps the lines of `text` apart from the lines around it.
fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// Returns what an undo did, and how to do it again.
pub fn undone(outcome: &Outcome, caller: &Caller) -> String {
    let tasks: Vec<String> = outcome
        .edits
        .iter()
        .map(|edit| {
            let gone = if edit.after.is_deleted() {
                " (now in the trash)"
            } else {
                ""
            };
            format!("{}{gone}", line(&edit.after, caller.now, caller.zone))
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

/// Returns a change as one line: when, who, what, from what to what.
pub fn history_line(change: &Change, zone: Zone) -> String {
    let fields: Vec<String> = changed_fields(change, zone).map(|(_, text)| text).collect();
    let mut line = format!(
        "{} {} {} (group {})",
        instant(change.at, zone),
        change.actor,
        change.kind.as_str(),
        change.group
    );
    if !fields.is_empty() {
        let _ = write!(line, " {}", fields.join("; "));
    }
    line
}

/// Returns the fields a change altered, with a text for each; none if it added the task.
pub fn changed_fields(change: &Change, zone: Zone) -> impl Iterator<Item = (&str, String)> {
    let nothing = &serde_json::Value::Null;
    change
        .new
        .iter()
        // Where a rule had put a date is for the rule alone.
        .filter(|(name, _)| change.old.is_some() && *name != "repeat_from")
        .map(move |(name, new)| {
            if name == "comments" {
                let old = change.old.as_ref().and_then(|old| old.get(name));
                return (name.as_str(), comment_line(old, new));
            }
            let old = change
                .old
                .as_ref()
                .and_then(|old| old.get(name))
                .unwrap_or(nothing);
            let text = format!(
                "{name}: {} -> {}",
                value(name, old, zone),
                value(name, new, zone)
            );
            (name.as_str(), text)
        })
}

/// Returns in words which comments were added, or taken away.
fn comment_line(removed: Option<&serde_json::Value>, added: &serde_json::Value) -> String {
    let texts = |comments: Option<&serde_json::Value>| -> Vec<String> {
        let comments = comments.and_then(serde_json::Value::as_array);
        let texts = comments.into_iter().flatten();
        let texts = texts.filter_map(|comment| comment.get("text")?.as_str());
        texts
            .map(|text| format!("{:?}", shortened(text, 200)))
            .collect()
    };
    let (removed, added) = (texts(removed), texts(Some(added)));
    let mut said = Vec::new();
    if !added.is_empty() {
        said.push(format!("comment: {}", added.join(", ")));
    }
    if !removed.is_empty() {
        said.push(format!("comment taken away: {}", removed.join(", ")));
    }
    said.join("; ")
}

/// Returns a logged value in words; times in the user's zone, long texts cut.
fn value(field: &str, value: &serde_json::Value, zone: Zone) -> String {
    match value {
        serde_json::Value::Null => "none".to_owned(),
        serde_json::Value::Number(millis) if field.ends_with("_at") => {
            millis.as_i64().map_or_else(String::new, |millis| {
                instant(Timestamp::from_millis(millis), zone)
            })
        }
        serde_json::Value::String(text) => format!("{:?}", shortened(text, 100)),
        other => shortened(&other.to_string(), 100),
    }
}
