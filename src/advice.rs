//! Advice attached to a result: open subtasks, unblocked tasks, similar titles, the next date of a series.

use crate::{
    change::Edit,
    command::Outcome,
    error::Result,
    store::Store,
    task::{Status, Task, TaskId},
    when::Zone,
};

/// Returns a remark for each task of `outcome` that repeats: its next date, or that there is none after this one.
pub(crate) fn next_dates(outcome: &Outcome, zone: Zone) -> Vec<String> {
    let next = |edit: &Edit| {
        let task = &edit.after;
        task.repeat.as_ref()?;
        let was_open = edit.before.as_ref().is_some_and(Task::is_open);
        match task.due {
            Some(due) if task.is_open() => Some(format!(
                "{} is done for this time; next: {}",
                task.id,
                due.show(zone)
            )),
            _ if was_open && task.status == Status::Completed => Some(format!(
                "{} is done, and was the last of its series",
                task.id
            )),
            _ => None,
        }
    };
    outcome.edits.iter().filter_map(next).collect()
}

/// Returns the tasks that `outcome` closed; none if nothing changed.
pub(crate) fn closed(outcome: &Outcome) -> Vec<TaskId> {
    outcome
        .edits
        .iter()
        .filter(|edit| outcome.group.is_some() && !edit.after.is_open())
        .map(|edit| edit.after.id)
        .collect()
}

/// Returns remarks on what closing the tasks `ids` leaves behind: open subtasks, and tasks that waited for them.
pub(crate) fn left_behind(store: &Store, ids: &[TaskId]) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let named = |what: &str, ids: &[TaskId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| format!("{what}: {}", ids.join(", ")))
    };
    let remarks = [
        named("still open subtasks", &store.open_children(ids)?),
        named("no longer waiting for it", &store.dependents(ids)?),
    ];
    Ok(remarks.into_iter().flatten().collect())
}

/// Returns a remark that names an open task that may be the one just added; `None` if there is none.
pub(crate) fn similar(store: &Store, task: &Task) -> Result<Option<String>> {
    let similar = store.similar(&task.title, task.id)?;
    Ok(similar.map(|(id, title)| format!("similar, and open too: {id} {title}")))
}
