//! Rows of every schema, read without SQLite: tasks, comments and changes.

use serde_json::{Map, Value as Json, json};

use crate::{
    care::sqlite_pages::{Row, Value},
    domain::{
        change::{COMMENTS, Change, CommentDiff, Fields, Kind},
        session::SessionId,
        task::{Actor, Comment, CommentText, TaskId, TaskWithComments, Timestamp},
    },
};

/// The columns of a task after its id, as the schema has them; those in JSON are named by [`JSON_COLUMNS`]. Derived columns
/// are not read.
const COLUMNS: [&str; 27] = [
    "title",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "created_by",
    "rev",
    "deleted_at",
    "priority",
    "due",
    "defer_until",
    "repeat",
    "repeat_from",
    "project",
    "tags",
    "parent",
    "depends_on",
    "origin",
    DERIVED,
    DERIVED,
    DERIVED,
    DERIVED,
    DERIVED,
    DERIVED,
    DERIVED,
    "description",
];
/// The same in the schemas 1 and 2, in which comments were a list inside the task.
const OLD_COLUMNS: [&str; 20] = [
    "title",
    "description",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "created_by",
    "rev",
    "deleted_at",
    "priority",
    "due",
    "defer_until",
    "repeat",
    "repeat_from",
    "project",
    "tags",
    "parent",
    "depends_on",
    "comments",
];
const JSON_COLUMNS: [&str; 4] = ["tags", "depends_on", "origin", "comments"];
const DERIVED: &str = "";
/// The columns of a task in the first schema, its id included.
const OLDEST_COLUMNS: usize = 11;

/// Reports whether the row of a task has the columns of the current schema. The old ones had the description where this
/// one has the status.
pub(super) fn is_current(row: &Row) -> bool {
    row.values.len() == COLUMNS.len() + 1
}

/// Reads a task; `None` if the row is none.
pub(super) fn task_in(row: &Row) -> Option<TaskWithComments> {
    if row.values.len() < OLDEST_COLUMNS || row.values.first() != Some(&Value::Null) {
        return None;
    }
    let columns: &[&str] = if is_current(row) {
        &COLUMNS
    } else {
        &OLD_COLUMNS
    };
    let mut fields = Map::new();
    fields.insert("id".to_owned(), row.id.into());
    for (name, value) in columns.iter().zip(&row.values[1..]) {
        if *name == DERIVED {
            continue;
        }
        let value = match value {
            Value::Null => continue,
            Value::Integer(number) => Json::from(*number),
            Value::Text(text) if JSON_COLUMNS.contains(name) => serde_json::from_str(text).ok()?,
            Value::Text(text) => Json::from(text.as_str()),
            Value::Other => return None,
        };
        fields.insert((*name).to_owned(), value);
    }
    let comments = fields
        .remove(COMMENTS)
        .unwrap_or_else(|| Json::Array(Vec::new()));
    Some(TaskWithComments {
        task: serde_json::from_value(Json::Object(fields)).ok()?,
        comments: serde_json::from_value(comments).ok()?,
    })
}

/// Reads a comment, and of which task it is.
pub(super) fn comment_in(row: &Row) -> Option<(TaskId, Comment)> {
    let [
        Value::Null,
        Value::Integer(task),
        Value::Integer(at),
        Value::Text(actor),
        Value::Text(text),
    ] = row.values.as_slice()
    else {
        return None;
    };
    let comment = Comment {
        at: Timestamp::from_millis(*at),
        actor: Actor::named(actor),
        text: CommentText::try_from(text.clone()).ok()?,
    };
    Some((TaskId::try_from(*task).ok()?, comment))
}

/// Turns a change that holds whole lists of comments into one that holds those it took away and added.
pub(super) fn log_differences(change: &mut Change) {
    let Some(old) = &mut change.old else { return };
    let lists = (old.get(COMMENTS), change.new.get(COMMENTS));
    let (Some(before), Some(after)) = lists else {
        return;
    };
    let read = |list: &Json| serde_json::from_value::<Vec<Comment>>(list.clone()).ok();
    let (Some(before), Some(after)) = (read(before), read(after)) else {
        return;
    };
    let CommentDiff { removed, added } = CommentDiff::between(&before, &after);
    old.insert(COMMENTS.to_owned(), json!(removed));
    change.new.insert(COMMENTS.to_owned(), json!(added));
}

/// Reads a change; `None` if the row is none.
pub(super) fn change_in(row: &Row) -> Option<Change> {
    let [
        Value::Null,
        Value::Integer(group),
        Value::Integer(at),
        Value::Text(actor),
        Value::Text(kind),
        Value::Integer(task),
        Value::Integer(rev),
        old,
        Value::Text(new),
        reverts,
        parts @ ..,
    ] = row.values.as_slice()
    else {
        return None;
    };
    let fields = |text: &str| serde_json::from_str::<Fields>(text).ok();
    let (part, parts, session) = match parts {
        // A row that was written before changes had parts.
        [] => (1, 1, None),
        [Value::Integer(part), Value::Integer(parts), rest @ ..] => {
            let session = match rest.first() {
                Some(Value::Text(session)) => Some(SessionId::stored(session)),
                _ => None,
            };
            (
                u32::try_from(*part).ok()?,
                u32::try_from(*parts).ok()?,
                session,
            )
        }
        _ => return None,
    };
    Some(Change {
        seq: row.id,
        group: *group,
        at: Timestamp::from_millis(*at),
        actor: Actor::named(actor),
        kind: Kind::ALL.into_iter().find(|one| one.as_str() == kind)?,
        task: TaskId::try_from(*task).ok()?,
        rev: *rev,
        old: match old {
            Value::Null => None,
            Value::Text(old) => Some(fields(old)?),
            _ => return None,
        },
        new: fields(new)?,
        reverts: match reverts {
            Value::Integer(group) => Some(*group),
            _ => None,
        },
        part,
        parts,
        session,
    })
}
