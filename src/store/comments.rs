//! Comments: rows of their own, so that a task is read and written without them.

use rusqlite::{Row, params};

use super::{Store, failure::WhileTrying};
use crate::domain::{
    change::CommentDiff,
    error::Result,
    task::{Comment, Task, TaskId, TaskWithComments},
};

impl Store {
    /// Returns the comments of a task, oldest first.
    pub fn comments(&self, id: TaskId) -> Result<Vec<Comment>> {
        self.connection
            .prepare_cached(
                "SELECT at, actor, text FROM comment WHERE task_id = ?1 ORDER BY at, id",
            )
            .and_then(|mut statement| statement.query_map([id], comment_from_row)?.collect())
            .while_trying("read a task's comments")
    }

    /// Returns a task with its comments.
    pub fn with_comments(&self, task: Task) -> Result<TaskWithComments> {
        Ok(TaskWithComments {
            comments: self.comments(task.id)?,
            task,
        })
    }

    /// Reports whether a task has this very comment.
    pub(super) fn has_comment(&self, id: TaskId, comment: &Comment) -> Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM comment
                  WHERE task_id = ?1 AND at = ?2 AND actor = ?3 AND text = ?4)",
            )
            .and_then(|mut statement| {
                let Comment { at, actor, text } = comment;
                statement.query_row(params![id, at, actor, text], |row| row.get(0))
            })
            .while_trying("look for a comment")
    }

    /// Makes `comments` those of a task, whatever it has.
    pub(crate) fn replace_comments(&self, id: TaskId, comments: &[Comment]) -> Result<()> {
        self.run("DELETE FROM comment WHERE task_id = ?1", [id])?;
        let added = comments.to_vec();
        self.put_comments(
            id,
            &CommentDiff {
                added,
                ..CommentDiff::default()
            },
        )
    }

    /// Takes comments of a task away and adds others.
    pub(super) fn put_comments(&self, id: TaskId, comments: &CommentDiff) -> Result<()> {
        for Comment { at, actor, text } in &comments.removed {
            self.run(
                "DELETE FROM comment WHERE id = (SELECT max(id) FROM comment
                  WHERE task_id = ?1 AND at = ?2 AND actor = ?3 AND text = ?4)",
                params![id, at, actor, text],
            )?;
        }
        for Comment { at, actor, text } in &comments.added {
            self.run(
                "INSERT INTO comment (task_id, at, actor, text) VALUES (?1, ?2, ?3, ?4)",
                params![id, at, actor, text],
            )?;
        }
        Ok(())
    }
}

fn comment_from_row(row: &Row<'_>) -> rusqlite::Result<Comment> {
    Ok(Comment {
        at: row.get(0)?,
        actor: row.get(1)?,
        text: row.get(2)?,
    })
}
