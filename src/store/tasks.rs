//! Reading single tasks, and those that stand in some relation to them.

use rusqlite::OptionalExtension;

use super::{
    Store,
    failure::WhileTrying,
    rows::{holds_up, summary_columns, summary_from_row, task_columns, task_from_row},
    views::open,
};
use crate::domain::{
    error::{Error, Result},
    query::{
        Moment, View,
        order::{self, Edge, Keys},
    },
    task::{Summary, Task, TaskId, Timestamp},
    when::When,
};

impl Store {
    /// Returns the task with `id`, be it in the trash; `None` if there never was one.
    pub fn task(&self, id: TaskId) -> Result<Option<Task>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                task_columns!(),
                " FROM task WHERE id = ?1"
            ))
            .and_then(|mut statement| statement.query_row([id], task_from_row).optional())
            .while_trying("read a task")
    }

    /// Reports whether there is a row of the task, whatever it holds.
    pub(crate) fn has_row(&self, id: TaskId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM task WHERE id = ?1)")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .while_trying("look for a task")
    }

    /// Returns the task with `id`, be it in the trash: one that a list has shown is there.
    pub fn existing(&self, id: TaskId) -> Result<Task> {
        self.task(id)?.ok_or(Error::NotFound { id })
    }

    /// Returns what a list shows of the task with `id`, be it in the trash.
    pub fn summary(&self, id: TaskId) -> Result<Summary> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                summary_columns!(),
                " FROM task WHERE id = ?1"
            ))
            .and_then(|mut statement| statement.query_row([id], summary_from_row).optional())
            .while_trying("read a task")?
            .ok_or(Error::NotFound { id })
    }

    /// Returns a task that `id` may have been meant for: digits the other way round, one off, or cut.
    pub fn near(&self, id: TaskId) -> Result<Option<Task>> {
        let id = id.get();
        let turned = id
            .to_string()
            .chars()
            .rev()
            .collect::<String>()
            .parse()
            .unwrap_or(0);
        for near in [turned, id - 1, id + 1, id / 10] {
            if near != id
                && let Ok(near) = TaskId::try_from(near)
                && let Some(task) = self.task(near)?
                && !task.is_deleted()
            {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// Returns the open tasks that are part of one of `ids` and not among them.
    pub fn open_children(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            concat!(
                "SELECT id FROM task WHERE parent IN (SELECT value FROM json_each(?1)) AND ",
                open!(),
                " AND id NOT IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT 20"
            ),
            ids,
        )
    }

    /// Returns the open tasks that depend on one of `ids` and are not among them.
    pub fn dependents(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            concat!(
                "SELECT DISTINCT task_id FROM dependency JOIN task ON task.id = task_id
                  WHERE dependency.depends_on IN (SELECT value FROM json_each(?1)) AND ",
                open!(),
                " AND task_id NOT IN (SELECT value FROM json_each(?1)) ORDER BY task_id LIMIT 20"
            ),
            ids,
        )
    }

    /// Returns the finished subtasks of the task `id` that are not in the trash.
    pub(crate) fn finished_parts(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.relatives(
            "SELECT id FROM task WHERE parent IN (SELECT value FROM json_each(?1))
                AND deleted_at IS NULL AND status = 'completed' ORDER BY id",
            &[id],
        )
    }

    /// Returns the open tasks that depend on the task `id`.
    pub(crate) fn waiting_for(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.relatives(
            concat!(
                "SELECT task_id FROM dependency JOIN task ON task.id = task_id
                  WHERE dependency.depends_on IN (SELECT value FROM json_each(?1)) AND ",
                open!(),
                " ORDER BY task_id"
            ),
            &[id],
        )
    }

    /// Returns the open tasks that repeat, wait for the series `id` and were held up by its round of `done`, but are not by the
    /// next: that comes after their own.
    pub fn series_freed(&self, id: TaskId, done: When) -> Result<Vec<TaskId>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT task.id FROM dependency JOIN task ON task.id = task_id
                   JOIN task AS other ON other.id = dependency.depends_on
                  WHERE dependency.depends_on = ?1 AND task.repeat IS NOT NULL
                    AND task.deleted_at IS NULL AND task.status IN ('pending', 'in_progress')
                    AND substr(?2, 1, 10) <= substr(task.due, 1, 10) AND NOT (",
                holds_up!("task"),
                ") ORDER BY task.id LIMIT 20"
            ))
            .and_then(|mut statement| {
                let ids = statement.query_map((id, done.to_string()), |row| row.get(0))?;
                ids.collect()
            })
            .while_trying("read related tasks")
    }

    /// Returns what holds up none of the tasks `ids` though they depend on it, each behind the task that does.
    pub fn not_waited_for(&self, ids: &[TaskId]) -> Result<Vec<(TaskId, TaskId)>> {
        let ids = serde_json::to_string(ids)?;
        self.connection
            .prepare_cached(concat!(
                "SELECT task.id, other.id FROM task, json_each(task.depends_on) AS dependency
                   JOIN task AS other ON other.id = dependency.value
                  WHERE task.id IN (SELECT value FROM json_each(?1)) AND NOT (",
                holds_up!("task"),
                ")"
            ))
            .and_then(|mut statement| {
                let pairs = statement.query_map([ids], |row| Ok((row.get(0)?, row.get(1)?)))?;
                pairs.collect()
            })
            .while_trying("read related tasks")
    }

    /// Returns those of `ids` that are in the trash.
    pub fn deleted_among(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            "SELECT id FROM task WHERE id IN (SELECT value FROM json_each(?1)) AND deleted_at IS NOT NULL
              ORDER BY id LIMIT 20",
            ids,
        )
    }

    fn relatives(&self, sql: &'static str, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        let ids = serde_json::to_string(ids)?;
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([ids], |row| row.get(0))?.collect())
            .while_trying("read related tasks")
    }

    /// Returns the next instant, from `moment` on, right after which `view` shows something else though nobody has changed
    /// a task; `None` if nothing but a new day can bring that. It may be one at which nothing happens.
    ///
    pub fn next_turn(&self, view: View, moment: &Moment) -> Result<Option<Timestamp>> {
        let first = |sql, kind: Option<u8>, from: i64| {
            let mut statement = self.connection.prepare_cached(sql)?;
            let next: Option<i64> = match kind {
                Some(kind) => statement.query_row((from, kind), |row| row.get(0)),
                None => statement.query_row([from], |row| row.get(0)),
            }?;
            Ok(next)
        };
        let first = |sql, kind, from| first(sql, kind, from).while_trying("read what comes next");
        let mut turns: Vec<Option<i64>> = Vec::new();
        let Keys(now) = moment.now();
        // A day comes and goes at midnight.
        for kind in [0, order::FLOATING] {
            for sql in [NEXT_DUE, NEXT_DEFERRAL] {
                let next = first(sql, Some(kind), now[usize::from(kind)])?;
                turns.push(next.map(|key| order::moment(kind, key, Edge::Last, moment.zone)));
            }
        }
        if view == View::Stale {
            let touched = first(NEXT_STALE, None, moment.stale_before)?;
            turns.push(touched.map(|at| at + moment.millis - moment.stale_before));
        }
        let next = turns.into_iter().flatten().min();
        Ok(next
            .filter(|next| *next < i64::MAX)
            .map(Timestamp::from_millis))
    }
}

/// An open task is due.
const NEXT_DUE: &str = concat!(
    "SELECT min(due_order) FROM task WHERE ",
    open!(),
    " AND due_kind = ?2 AND due_order >= ?1"
);
/// An open task is no longer deferred.
const NEXT_DEFERRAL: &str = concat!(
    "SELECT min(defer_order) FROM task WHERE ",
    open!(),
    " AND defer_until IS NOT NULL AND defer_kind = ?2 AND defer_order >= ?1"
);
/// What is in progress becomes stale.
const NEXT_STALE: &str = "SELECT min(updated_at) FROM task
      WHERE deleted_at IS NULL AND status = 'in_progress' AND updated_at >= ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Caller, Command, Draft, Patch},
            task::{Actor, Status, Title},
            when::{When, Zone},
        },
        store::Access,
    };

    const HOUR: i64 = 60 * 60 * 1000;
    const NOW: i64 = 1_795_348_800_000; // Sun 2026-11-22 12:00 UTC

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (folder, store)
    }

    #[test]
    fn a_view_turns_when_a_task_comes_to_it_by_the_clock() {
        let (_folder, mut store) = store();
        let mut add = |at, due: Option<i64>, defer: Option<i64>| {
            let caller = Caller {
                actor: Actor::named("test"),
                now: Timestamp::from_millis(at),
                zone: Zone::UTC,
                session: None,
            };
            let draft = Draft {
                due: due.map(When::At),
                defer_until: defer.map(When::At),
                ..Draft::titled(Title::try_from("x".to_owned()).unwrap())
            };
            let add = Command::Add {
                drafts: vec![draft],
                key: None,
            };
            let added = store.execute(&add, &caller).unwrap();
            (added.edits[0].after.id, caller)
        };
        add(NOW, Some(NOW + 5 * HOUR), None);
        add(NOW, Some(NOW - HOUR), Some(NOW - HOUR));
        add(NOW, None, Some(NOW + 2 * HOUR));
        let (id, caller) = add(NOW - 70 * HOUR, None, None);
        let patch = Patch {
            status: Some(Status::InProgress),
            ..Patch::default()
        };
        let start = Command::Update {
            ids: vec![id],
            patch,
            if_rev: None,
        };
        store.execute(&start, &caller).unwrap();
        let turn = |view, now: i64| {
            let moment = Moment::new(Timestamp::from_millis(now), Zone::UTC);
            let turn = store.next_turn(view, &moment).unwrap();
            turn.map(|at| (at.as_millis() - NOW) / HOUR)
        };
        for (view, turns) in [
            (View::Open, [Some(2), Some(5), None]),
            (View::Ready, [Some(2), Some(5), None]),
            (View::Stale, [Some(2), Some(5), None]),
        ] {
            let seen = [0, 3, 6].map(|hours| turn(view, NOW + hours * HOUR));
            assert_eq!(seen, turns, "{view:?}");
        }
        // Right after, not before: at the very instant it is still to come.
        assert_eq!(turn(View::Ready, NOW + 2 * HOUR), Some(2));
        assert_eq!(turn(View::Ready, NOW + 2 * HOUR + 1), Some(5));
    }

    #[test]
    fn what_comes_next_is_found_by_an_index() {
        let (_folder, store) = store();
        for (sql, index) in [
            (
                NEXT_DUE,
                "SEARCH task USING INDEX task_by_plan (due_kind=? AND due_order>?)",
            ),
            (
                NEXT_DEFERRAL,
                "SEARCH task USING INDEX task_by_deferral (defer_kind=? AND defer_order>?)",
            ),
            (
                NEXT_STALE,
                "SEARCH task USING INDEX task_by_progress (updated_at>?)",
            ),
        ] {
            let plan = store.plan(sql);
            assert!(plan.contains(index), "{plan}");
        }
    }
}
