//! Advice: what a caller should know beside the result of a call. It is of the state that the call made.

use std::collections::BTreeSet;

use crate::domain::{
    change::Edit,
    task::{Actor, Status, Task, TaskId, Timestamp, Title},
    when::Zone,
};

mod series;

pub(crate) use series::on_skipping;

/// What a caller should know beside the result. Of tasks, at most 20 are named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// Of the tasks just added, those of which an open task may be the same, each with that.
    pub similar: Vec<Similar>,
    /// Subtasks of what was closed that are open still.
    pub open_parts: Vec<TaskId>,
    /// Open tasks that waited for what was closed.
    pub freed: Vec<TaskId>,
    /// Subtasks that are open again, since a round of their series is over.
    pub reopened: Vec<TaskId>,
    /// Of the tasks of the call, each with what it depends on and does not wait for now: that is closed, or a round of a series
    /// that comes after its own.
    pub not_waited_for: BTreeSet<(TaskId, TaskId)>,
    /// Of a call that was made before: what it added and is in the trash by now.
    pub in_trash: Vec<TaskId>,
    /// What others have changed, if that was asked for.
    pub news: Option<News>,
}

/// A task that was added, and an open one that may be the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// The task that was added.
    pub added: TaskId,
    /// The one that was there.
    pub id: TaskId,
    /// Its title.
    pub title: Title,
}

/// What others than a session have changed since it was last told.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The last change the session had been told of; `None` before it was told anything.
    pub told: Option<i64>,
    /// The last change there is.
    pub last: i64,
    /// How many changes others made in between, counted up to [`Store::COUNT_LIMIT`](crate::store::Store::COUNT_LIMIT).
    pub count: u32,
    /// Who made them, who changed something last first.
    pub by: Vec<Actor>,
    /// Before the session was told anything: after which change the list of changes begins for it.
    pub look: Option<i64>,
    /// Nothing is known of the client yet, so nothing is news to it.
    pub is_new: bool,
}

impl Advice {
    /// Returns remarks on `edits` that close tasks: the next date of a task that repeats, or that it has none, the open subtasks
    /// of the tasks that were closed, and the tasks that waited for them.
    pub(crate) fn on_closing(&self, edits: &[Edit], zone: Zone) -> Vec<String> {
        let next = |edit: &Edit| {
            let task = &edit.after;
            task.repeat.as_ref()?;
            let was_open = edit.before.as_ref().is_some_and(Task::is_open);
            let done = edit.before.as_ref().and_then(|before| before.due);
            match (done, task.due) {
                (Some(_), Some(due)) if task.is_open() && edit.keeps_due => Some(format!(
                    "{}: completed a round; the next is due {} all the same, counted from today",
                    task.id,
                    due.show(zone)
                )),
                (Some(done), Some(due)) if task.is_open() => Some(format!(
                    "{}: completed the round of {}; comes again {}",
                    task.id,
                    done.show(zone),
                    due.show(zone)
                )),
                _ if was_open && task.status == Status::Completed => Some(format!(
                    "{} is done, and was the last of its series",
                    task.id
                )),
                _ => None,
            }
        };
        edits.iter().filter_map(next).chain(self.left()).collect()
    }

    /// Returns remarks on other tasks than those that were closed, or went on.
    pub(crate) fn left(&self) -> impl Iterator<Item = String> + use<> {
        let left = [
            named("still open subtasks", &self.open_parts),
            named("subtasks to be done again", &self.reopened),
            named("no longer waiting for it", &self.freed),
        ];
        left.into_iter().flatten()
    }

    /// Returns remarks on the tasks of `edits`, which were added: others like them, or, if it `is_repeat`, that the same call added
    /// them before.
    pub(crate) fn on_adding(&self, edits: &[Edit], is_repeat: bool) -> Vec<String> {
        let similar = self.similar.iter().map(|one| {
            let Similar { added, id, title } = one;
            match edits {
                [_] => format!("similar, and open too: {id} {title}"),
                _ => format!("similar to {added}, and open too: {id} {title}"),
            }
        });
        let repeated = is_repeat.then(|| {
            "nothing was added now: this call was made before with this key, and here is what it added, as it is now".to_owned()
        });
        let in_trash = named("in the trash since", &self.in_trash);
        similar.chain(repeated).chain(in_trash).collect()
    }
}

/// Returns remarks on the dates of `edits`: on series, and on tasks that are deferred until after they are due.
pub(crate) fn on_dates(edits: &[Edit], now: Timestamp, zone: Zone) -> Vec<String> {
    let mut remarks = series::on_series(edits, now, zone);
    remarks.extend(on_deferral(edits, zone));
    remarks
}

/// Returns a remark on each open task that does not repeat and is deferred now until after it is due, and was not.
fn on_deferral(edits: &[Edit], zone: Zone) -> Vec<String> {
    let late = |task: &Task| {
        let (due, until) = task.due.zip(task.defer_until)?;
        let is_late =
            task.is_open() && task.repeat.is_none() && until.order(zone) > due.order(zone);
        is_late.then(|| {
            format!(
                "{}: is due {}, and is deferred until {}: it shows up after it is due",
                task.id,
                due.show(zone),
                until.show(zone)
            )
        })
    };
    let was_late = |edit: &Edit| edit.before.as_ref().and_then(late).is_some();
    edits
        .iter()
        .filter(|edit| !was_late(edit))
        .filter_map(|edit| late(&edit.after))
        .collect()
}

/// Returns the tasks that `edits` close: finished, given up, or moved to the trash.
pub(crate) fn closed(edits: &[Edit]) -> Vec<TaskId> {
    let was_closed = |edit: &&Edit| {
        let before = edit.before.as_ref();
        let was_open = before.is_some_and(Task::is_open);
        let was_there = before.is_some_and(|task| task.deleted_at.is_none());
        let after = &edit.after;
        (was_open && !after.is_open()) || (was_there && after.deleted_at.is_some())
    };
    let closed = edits.iter().filter(was_closed);
    closed.map(|edit| edit.after.id).collect()
}

fn named(what: &str, ids: &[TaskId]) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| format!("{what}: {}", ids.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_shows_up_after_it_is_due_is_told_once() {
        let title = Title::try_from("x".to_owned()).unwrap();
        let now = Timestamp::from_millis(1_795_348_800_000);
        let task = |due: &str, until: &str| Task {
            due: due.parse().ok(),
            defer_until: until.parse().ok(),
            ..Task::new(TaskId::FIRST, title.clone(), Actor::named("test"), now)
        };
        let said = |before: Option<Task>, after: Task| {
            let edit = Edit {
                before,
                ..Edit::of(&after)
            };
            on_deferral(&[edit], Zone::UTC).join("; ")
        };
        let late = "1: is due Tue 2026-12-01, and is deferred until Fri 2026-12-04: it shows up after it is due";
        for (due, until, expected) in [
            ("2026-12-01", "2026-12-04", late),
            ("2026-12-01", "2026-12-01", ""),
            ("2026-12-01", "2026-12-01T09:00", ""),
            ("2026-12-01", "", ""),
            ("", "2026-12-04", ""),
        ] {
            assert_eq!(said(None, task(due, until)), expected, "{due} {until}");
            let before = Some(task("2026-12-24", "2026-12-04"));
            assert_eq!(said(before, task(due, until)), expected, "{due} {until}");
        }
        let before = task("2026-12-01", "2026-12-03");
        assert_eq!(said(Some(before), task("2026-12-01", "2026-12-04")), "");
        let mut done = task("2026-12-01", "2026-12-04");
        done.status = Status::Completed;
        assert_eq!(said(None, done), "");
    }
}
