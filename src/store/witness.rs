//! Where the row and the log of a task say different things: what is written elsewhere, and which of the two it bears
//! out.
//!
//! The search index has the words of each task, derived columns its dates and its priority, and two tables its tags and
//! its dependencies. None of them is shown to anyone, and what damaged a text or a date did not damage these as well. And
//! there is what no task can be.

use rusqlite::params;

use super::{
    Store,
    index::instances,
    put::{NO_DEFER, NO_DUE},
    search::Scratch,
};
use crate::{
    error::{Code, Result, WhileTrying},
    task::{Priority, Project, Status, Tag, Task, TaskId},
    when::{When, Zone},
};

/// Whether the row is borne out, and whether the log is.
type Verdict = (bool, bool);

impl Store {
    /// Reports whether what is written elsewhere bears out the log and not the row. Where it bears out both or neither,
    /// the row stands: it is what everyone saw.
    pub(super) fn speaks_for_log(&self, row: &Task, logged: &Task, zone: Zone) -> Result<bool> {
        let verdicts = [
            (self.is_possible(row)?, self.is_possible(logged)?),
            self.order_bears_out(row, logged, zone)?,
            match self.words_bear_out(row, logged) {
                // A damaged index bears witness to nothing.
                Err(error) if error.code() == Code::Internal => (false, false),
                verdict => verdict?,
            },
        ];
        Ok(verdicts.contains(&(false, true)) && !verdicts.contains(&(true, false)))
    }

    /// Reports whether a task can be so: all is there that it refers to, and it has a time of completion if it is
    /// completed.
    fn is_possible(&self, task: &Task) -> Result<bool> {
        let is_completed = task.status == Status::Completed;
        let mut referred = task.parent.iter().chain(&task.depends_on);
        referred.try_fold(is_completed == task.completed_at.is_some(), |all, id| {
            Ok(all && self.has_row(*id)?)
        })
    }

    fn order_bears_out(&self, row: &Task, logged: &Task, zone: Zone) -> Result<Verdict> {
        type Order = (i64, i64, u8, Vec<String>, Vec<i64>);
        let order = |task: &Task| -> Order {
            let order = |when: Option<When>, none| when.map_or(none, |when| when.order(zone));
            (
                order(task.due, NO_DUE),
                order(task.defer_until, NO_DEFER),
                Priority::rank(task.priority),
                task.tags
                    .iter()
                    .map(|tag| tag.as_str().to_owned())
                    .collect(),
                task.depends_on.iter().map(|id| id.get()).collect(),
            )
        };
        let stored = || -> rusqlite::Result<Order> {
            let columns = self
                .connection
                .prepare_cached("SELECT due_order, defer_order, rank FROM task WHERE id = ?1")?
                .query_row([row.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let tags = self
                .connection
                .prepare_cached("SELECT tag FROM tag WHERE task_id = ?1 ORDER BY tag")?
                .query_map([row.id], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let dependencies = self
                .connection
                .prepare_cached(
                    "SELECT depends_on FROM dependency WHERE task_id = ?1 ORDER BY depends_on",
                )?
                .query_map([row.id], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok((columns.0, columns.1, columns.2, tags, dependencies))
        };
        let stored = stored().while_trying("read what is derived from a task")?;
        Ok((order(row) == stored, order(logged) == stored))
    }

    /// Looks for the words that only one of the two has.
    fn words_bear_out(&self, row: &Task, logged: &Task) -> Result<Verdict> {
        let is_waiting: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM unindexed WHERE task_id = ?1)")
            .and_then(|mut statement| statement.query_row([row.id], |row| row.get(0)))
            .while_trying("look for words")?;
        if is_waiting {
            return Ok((false, false));
        }
        let both = [
            (TaskId::try_from(1)?, texts(row)),
            (TaskId::try_from(2)?, texts(logged)),
        ];
        let words = Scratch::new()?.with(&both, words_of_one)?;
        let mut verdict = (true, true);
        for (word, column, owner) in &words {
            let query = format!("{column} : \"{}\"", word.replace('"', "\"\""));
            let is_there: bool = self
                .connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM search WHERE search MATCH ?1 AND rowid = ?2)",
                )
                .and_then(|mut statement| {
                    statement.query_row(params![query, row.id], |row| row.get(0))
                })
                .while_trying("look for words")?;
            verdict.0 &= is_there == (*owner == 1);
            verdict.1 &= is_there == (*owner == 2);
        }
        Ok(verdict)
    }
}

/// Returns what is searched of a task, as the view `searchable` has it.
fn texts(task: &Task) -> [String; 4] {
    let tags = task.tags.iter().map(Tag::as_str);
    let labels: Vec<&str> = task
        .project
        .iter()
        .map(Project::as_str)
        .chain(tags)
        .collect();
    let remarks: Vec<&str> = task
        .comments
        .iter()
        .map(|comment| comment.text.as_str())
        .collect();
    [
        task.title.as_str().to_owned(),
        labels.join(" "),
        task.description.as_str().to_owned(),
        remarks.join("\n"),
    ]
}

/// Returns each word that only one of two texts in an index has: the word, its column, and the text's number.
fn words_of_one(connection: &rusqlite::Connection) -> Result<Vec<(String, String, i64)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        instances(connection, "search")?;
        connection
            .prepare_cached(
                "SELECT term, col, min(doc) FROM temp.entry_of_search GROUP BY term, col
                 HAVING min(doc) = max(doc)",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    };
    read().while_trying("compare words")
}
