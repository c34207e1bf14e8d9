//! Rows to types and back.

use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};

use crate::{
    change::{Change, Fields, Kind},
    task::{Actor, Description, Status, Task, TaskId, Timestamp, Title},
};

/// The columns [`task_from_row`] reads, for a `SELECT` list.
macro_rules! task_columns {
    () => {
        "id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev, deleted_at"
    };
}
/// The columns [`change_from_row`] reads, for a `SELECT` list.
macro_rules! change_columns {
    () => {
        "seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts"
    };
}
pub(super) use {change_columns, task_columns};

/// Reads a task by column name.
pub(super) fn task_from_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: row.get("id")?,
        title: row.get("title")?,
        description: row.get("description")?,
        status: row.get("status")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        started_at: row.get("started_at")?,
        completed_at: row.get("completed_at")?,
        created_by: row.get("created_by")?,
        rev: row.get("rev")?,
        deleted_at: row.get("deleted_at")?,
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
    })
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

/// Text that was checked when it was written is checked again when it is read: a row that was damaged, or written by
/// something else, is an error and not a strange task.
macro_rules! checked_text {
    ($($name:ident),*) => {$(
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::try_from(value.as_str()?.to_owned()).map_err(FromSqlError::other)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
    )*};
}
checked_text!(Title, Description, Actor);

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
stored_word!(Status, Kind);
