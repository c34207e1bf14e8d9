//! Earlier states of a task, by which it is told what a file of ours was made from.

use crate::{
    domain::{
        change::{Change, Kind, UPDATED_AT, joined, rewound},
        error::Result,
        task::{Task, Version},
    },
    store::Store,
};

/// Returns the task in the first of the states that it ever was in; `None` if it was in none of them.
pub(super) fn state(store: &Store, here: &Task, versions: &[Version]) -> Result<Option<Task>> {
    for version in versions {
        if let Some(task) = at(store, here, *version)? {
            return Ok(Some(task));
        }
    }
    Ok(None)
}

fn at(store: &Store, here: &Task, Version { rev, at }: Version) -> Result<Option<Task>> {
    if (rev, at) == (here.rev, here.updated_at) {
        return Ok(Some(here.clone()));
    }
    if rev >= here.rev {
        return Ok(None);
    }
    let history = joined(store.history(here.id, 0)?);
    let Some(place) = history.iter().position(|change| change.rev == rev) else {
        return Ok(None);
    };
    // What came from a file was changed before it came.
    let arrived_at = history[place].new.get(UPDATED_AT);
    let arrived_at = arrived_at.and_then(serde_json::Value::as_i64);
    if arrived_at.unwrap_or(history[place].at.as_millis()) != at.as_millis() {
        return Ok(None);
    }
    let was = rewound(here, history[place + 1..].iter())?;
    Ok(was.map(|task| Task {
        rev,
        updated_at: at,
        ..task
    }))
}

/// Reports whether an undo of what had added the task, or brought it back, put it into the trash.
pub(super) fn is_undone(store: &Store, here: &Task) -> Result<bool> {
    let history = store.history(here.id, 0)?;
    let undone = history.last().and_then(|last| last.reverts);
    let is_coming = |change: &Change| change.old.is_none() || change.kind == Kind::Import;
    Ok(history
        .iter()
        .any(|change| undone == Some(change.group) && is_coming(change)))
}
