//! Tasks as people, models and programs see them: the object of the tools, the line of a list, the block of a
//! resource.
//!
//! Titles are one line and cannot fake another; descriptions are indented where lines matter.

use std::fmt::Write as _;

use chrono::SecondsFormat;

use crate::domain::{
    change::Change,
    repeat::Repeat,
    task::{Status, Summary, Task, Timestamp, shortened},
    when::{When, Zone},
};

pub mod bounds;
mod card;
mod object;
pub mod parts;

pub use card::CardObject;
pub use object::{Detail, TaskObject};
use parts::Parts;

/// Returns `at` in RFC 3339, with the offset of the zone, to the second: `Z` where there is no offset.
pub fn instant(at: Timestamp, zone: Zone) -> String {
    zone.at(at.as_millis())
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The most that [`age`] says.
pub const AGE_BYTES: usize = 100;

/// Returns what is said under shared tasks as of `heard`, when their log was last heard of.
pub fn age(heard: Timestamp, zone: Zone) -> String {
    let heard = instant(heard, zone);
    format!("Tasks as of {heard}; other machines may have changed some since.")
}

/// What [`line()`] says of a finished round of a series that goes on under the id of the line.
pub const ROUND_DONE: &str = "round done";

/// Returns the line of a list: the id, the title, and what is out of the ordinary, as
/// `12 Call Anna (in_progress, high, due Fri 11-27, every week) @Family #phone`.
pub fn line(task: &Summary, now: Timestamp, zone: Zone) -> String {
    let mut line = format!("{} {}", task.id, task.title);
    let mut facts = Vec::new();
    match task.completed_at {
        Some(at) if task.status == Status::Completed => {
            let day = When::Day(zone.today(at.as_millis()));
            let day = day.show_short(now.as_millis(), zone);
            let what = if task.is_round { ROUND_DONE } else { "done" };
            facts.push(format!("{what} {day}"));
        }
        _ if task.status != Status::Pending => facts.push(task.status.to_string()),
        _ => {}
    }
    // What is closed has no urgency any more; a finished round is known by its date.
    let is_closed = !task.status.is_open();
    let priority = task.priority.filter(|_| !is_closed);
    facts.extend(priority.map(|priority| priority.as_str().to_owned()));
    if let Some(due) = task.due.filter(|_| !is_closed || task.repeat.is_some()) {
        let late = task.is_open() && due.is_past(now.as_millis(), zone);
        let word = if late { "overdue" } else { "due" };
        facts.push(format!("{word} {}", due.show_short(now.as_millis(), zone)));
    }
    if let Some(until) = task
        .defer_until
        .filter(|until| !until.has_come(now.as_millis(), zone))
    {
        facts.push(format!(
            "deferred until {}",
            until.show_short(now.as_millis(), zone)
        ));
    }
    facts.extend(task.repeat.as_ref().map(|repeat| repeat.words(zone)));
    if !task.blockers.is_empty() && task.is_open() {
        let ids: Vec<String> = task.blockers.iter().map(ToString::to_string).collect();
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

/// Returns the heading of a list that has days alone: the date and weekday, which a model does not know, and what follows.
pub fn day_heading(now: Timestamp, zone: Zone, count: &str) -> String {
    format!(
        "{} | {count}",
        zone.at(now.as_millis()).format("%a %Y-%m-%d")
    )
}

/// As [`day_heading`], with the time and the zone.
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

/// Writes a task as one kind of list or sheet has it, with those of its parts that are shown.
pub type TaskWriter = fn(&Task, &Parts<'_>, Zone) -> String;

/// Returns the block of `tasks://all` for `task`: a mark, the id, the title, and what there is to say, indented.
pub fn block(task: &Task, parts: &Parts<'_>, zone: Zone) -> String {
    let mut block = entry(task, parts, "Description: ", zone);
    let _ = writeln!(block, "   Status: {}", task.status);
    let _ = writeln!(block, "   Created: {}", instant(task.created_at, zone));
    block.push('\n');
    block
}

/// Returns the block of `tasks://pending` for `task`, which has the description without a word before it.
pub fn pending_block(task: &Task, parts: &Parts<'_>, zone: Zone) -> String {
    let mut block = entry(task, parts, "", zone);
    block.push('\n');
    block
}

/// Returns the lines that both kinds of blocks have.
fn entry(task: &Task, parts: &Parts<'_>, description: &str, zone: Zone) -> String {
    let mark = if task.status == Status::Completed {
        '✅'
    } else {
        '⏳'
    };
    let mut block = format!("{mark} [{}] {}\n", task.id, task.title);
    if !parts.description.is_empty() {
        let text = indented(&parts.description.to_string());
        let _ = writeln!(block, "   {description}{text}");
    }
    let facts = [
        (
            "Priority",
            task.priority.map(|priority| priority.as_str().to_owned()),
        ),
        ("Due", task.due.map(|due| due.show(zone))),
        (
            "Deferred until",
            task.defer_until.map(|until| until.show(zone)),
        ),
        (
            "Repeats",
            task.repeat.as_ref().map(|repeat| repeat.words(zone)),
        ),
        ("Project", task.project.as_ref().map(ToString::to_string)),
        ("Tags", parts.tags.listed()),
        ("Part of", task.parent.map(|parent| parent.to_string())),
        ("After", parts.depends_on.listed()),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            let _ = writeln!(block, "   {name}: {fact}");
        }
    }
    block
}

/// Returns the text of `tasks://task/{id}`: the block of `tasks://all` and everything else.
pub fn sheet(task: &Task, parts: &Parts<'_>, zone: Zone) -> String {
    let mut sheet = block(task, parts, zone);
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
    for comment in &parts.comments {
        let text = indented(&comment.text.to_string());
        let _ = writeln!(
            sheet,
            "   Comment by {}, {}: {text}",
            comment.by, comment.at
        );
    }
    if let Some(more) = parts.more() {
        let _ = writeln!(sheet, "   {more}");
    }
    sheet
}

/// Returns what `write` makes of a task, with what is long cut until that takes at most `room`.
pub fn written(
    task: &Task,
    parts: Parts<'_>,
    zone: Zone,
    write: TaskWriter,
    room: usize,
) -> String {
    let parts = parts.fitted(room, |parts| bounds::size(&write(task, parts, zone)));
    write(task, &parts, zone)
}

/// Reports whether [`block`] writes something else of `after` than of `before`, the same task at another time.
pub fn is_block_altered(before: &Task, after: &Task) -> bool {
    before.status != after.status
        || before.created_at != after.created_at
        || is_pending_block_altered(before, after)
}

/// As [`is_block_altered`], for [`pending_block`] of a task that was open and still is.
pub fn is_pending_block_altered(before: &Task, after: &Task) -> bool {
    // All fields are named: whoever adds one decides here whether lists show it.
    let Task {
        title,
        description,
        priority,
        due,
        defer_until,
        repeat,
        project,
        tags,
        parent,
        depends_on,
        id: _,
        status: _,
        created_at: _,
        updated_at: _,
        started_at: _,
        completed_at: _,
        created_by: _,
        rev: _,
        deleted_at: _,
        repeat_from: _,
        origin: _,
    } = before;
    *title != after.title
        || *description != after.description
        || *priority != after.priority
        || *due != after.due
        || *defer_until != after.defer_until
        || *repeat != after.repeat
        || *project != after.project
        || *tags != after.tags
        || *parent != after.parent
        || *depends_on != after.depends_on
}

/// Keeps the lines of `text` apart from the lines around it.
fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
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
        // Where a rule had put a date is for the rule alone, and what a file said for the next import.
        .filter(|(name, _)| {
            change.old.is_some() && !["repeat_from", "origin"].contains(&name.as_str())
        })
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
        // As the log keeps it, a date with a time is in UTC.
        serde_json::Value::String(text) if matches!(field, "due" | "defer_until") => {
            let when = text.parse::<When>();
            format!(
                "{:?}",
                when.map_or_else(|_| text.clone(), |when| when.iso(zone))
            )
        }
        serde_json::Value::String(text) if field == "repeat" => {
            let repeat = Repeat::try_from(text.clone());
            format!(
                "{:?}",
                repeat.map_or_else(|_| text.clone(), |repeat| repeat.words(zone))
            )
        }
        serde_json::Value::String(text) => format!("{:?}", shortened(text, 100)),
        other => shortened(&other.to_string(), 100),
    }
}
