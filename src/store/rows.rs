//! Rows to types and back.

use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};

use serde::de::DeserializeOwned;

use crate::domain::{
    change::{Change, Fields, Kind},
    repeat::Repeat,
    session::SessionId,
    task::{
        Actor, CommentText, Description, Priority, Project, Status, Summary, Tag, Task, TaskId,
        Timestamp, Title,
    },
    when::When,
};

/// The columns [`task_from_row`] reads, for a `SELECT` list.
macro_rules! task_columns {
    () => {
        "id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev, deleted_at, priority, due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, origin"
    };
}
/// The condition for `other`, of which a task depends, to hold that up now: it is open. Where both repeat, its date is not
/// later than that of the task, which waits for no round after its own; dates are compared as they were said, by their day.
macro_rules! holds_up {
    ($waiting:literal) => {
        concat!(
            "other.deleted_at IS NULL AND other.status IN ('pending', 'in_progress')
             AND (other.repeat IS NULL OR ",
            $waiting,
            ".repeat IS NULL
                  OR coalesce(substr(other.due, 1, 10) <= substr(",
            $waiting,
            ".due, 1, 10), 1))"
        )
    };
}
/// The columns [`summary_from_row`] reads, for a `SELECT` list. The description, which comes last in a row, is not stepped
/// over for them. Of the dependencies those that are open.
macro_rules! summary_columns {
    () => {
        concat!(
            "id, title, status, updated_at, completed_at, deleted_at, priority, due, defer_until, repeat, project, tags, parent,
         CASE WHEN blockers = 0 THEN '[]'
              ELSE (SELECT json_group_array(other.id)
                      FROM json_each(task.depends_on) AS dependency JOIN task AS other ON other.id = dependency.value
                     WHERE ",
            crate::store::rows::holds_up!("task"),
            ") END"
        )
    };
}
/// What [`summary_columns`] are of a finished round of a series: of its task, and of the change that finished it.
macro_rules! round_columns {
    () => {
        "task.id, title, 'completed', updated_at, change.at, deleted_at, priority, change.old ->> '$.due', NULL, repeat, project, tags, parent, '[]'"
    };
}
/// The columns [`change_from_row`] reads, for a `SELECT` list.
macro_rules! change_columns {
    () => {
        "seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts, part, parts, session"
    };
}
pub(crate) use holds_up;
pub(super) use {change_columns, round_columns, summary_columns, task_columns};

/// Reads a task from the first columns of a row, which must be [`task_columns`]: looking each up by its name would cost
/// more than reading it.
pub(super) fn task_from_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    let mut columns = 0..;
    let mut next = || columns.next().unwrap_or_default();
    // In the order of `task_columns`; a struct's fields are read in the order they are written here.
    Ok(Task {
        id: row.get(next())?,
        title: row.get(next())?,
        description: row.get(next())?,
        status: row.get(next())?,
        created_at: row.get(next())?,
        updated_at: row.get(next())?,
        started_at: row.get(next())?,
        completed_at: row.get(next())?,
        created_by: row.get(next())?,
        rev: row.get(next())?,
        deleted_at: row.get(next())?,
        priority: row.get(next())?,
        due: row.get(next())?,
        defer_until: row.get(next())?,
        repeat: row.get(next())?,
        repeat_from: row.get(next())?,
        project: row.get(next())?,
        tags: from_json(row, next())?,
        parent: row.get(next())?,
        depends_on: from_json(row, next())?,
        origin: optional_json(row, next())?,
    })
}

/// Reads what a list shows from the first columns of a row, which must be [`summary_columns`].
pub(super) fn summary_from_row(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let mut columns = 0..;
    let mut next = || columns.next().unwrap_or_default();
    Ok(Summary {
        id: row.get(next())?,
        title: row.get(next())?,
        status: row.get(next())?,
        updated_at: row.get(next())?,
        completed_at: row.get(next())?,
        deleted_at: row.get(next())?,
        priority: row.get(next())?,
        due: row.get(next())?,
        defer_until: row.get(next())?,
        repeat: row.get(next())?,
        project: row.get(next())?,
        tags: from_json(row, next())?,
        parent: row.get(next())?,
        blockers: from_json(row, next())?,
        is_round: false,
    })
}

/// Reads a change by column name.
pub(super) fn change_from_row(row: &Row<'_>) -> rusqlite::Result<Change> {
    let old: Option<String> = row.get("old")?;
    let new: String = row.get("new")?;
    Ok(Change {
        seq: row.get("seq")?,
        group: row.get("group_seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        kind: row.get("kind")?,
        task: row.get("task_id")?,
        rev: row.get("rev")?,
        old: old.as_deref().map(fields_from_json).transpose()?,
        new: fields_from_json(&new)?,
        reverts: row.get("reverts")?,
        part: row.get("part")?,
        parts: row.get("parts")?,
        session: row.get("session")?,
    })
}

/// Reads a column that holds JSON.
fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}

/// Likewise one that may be NULL.
fn optional_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => from_json(row, column).map(Some),
    }
}

fn fields_from_json(text: &str) -> rusqlite::Result<Fields> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}

impl FromSql for TaskId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::try_from(value.as_i64()?).map_err(FromSqlError::other)
    }
}

impl ToSql for TaskId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.get().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_millis)
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_millis().into())
    }
}

impl FromSql for SessionId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(Self::stored)
    }
}

impl ToSql for SessionId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

/// Text that was cleaned and checked when it was written is so again when it is read: a row that was damaged, or written by
/// something else, is an error and not a strange task; and what an earlier version let through is shown cleaned.
macro_rules! checked_text {
    ($($name:ident),*) => {$(
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let (text, _) = Self::stored(value.as_str()?).map_err(FromSqlError::other)?;
                Ok(text)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
    )*};
}
checked_text!(Title, Description, Actor, Project, Tag, CommentText);

/// A word of a closed set, stored as itself.
macro_rules! stored_word {
    ($($name:ident),*) => {$(
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::ALL.into_iter().find(|one| one.as_str() == word).ok_or(FromSqlError::InvalidType)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
    )*};
}
stored_word!(Status, Kind, Priority);

/// A value that has one written form.
macro_rules! written {
    ($($name:ident),*) => {$(
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::try_from(value.as_str()?.to_owned()).map_err(FromSqlError::other)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }
    )*};
}
written!(When, Repeat);
