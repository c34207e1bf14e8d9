//! Earlier states of a task, by which it is told what a file of ours was made from.

use crate::{
    domain::{
        change::{Change, Kind, joined, rewound},
        error::Result,
        task::{Task, Version},
    },
    store::Store,
};

/// Returns the task in the last of the states that it ever was in; `None` if it was in none of them.
pub(super) fn state(store: &Store, here: &Task, versions: &[Version]) -> Result<Option<Task>> {
    let now = Version {
        rev: here.rev,
        at: here.updated_at,
    };
    if versions.contains(&now) {
        return Ok(Some(here.clone()));
    }
    let came = here.origin.as_ref().filter(|origin| {
        let elsewhere = origin.elsewhere();
        elsewhere.is_some_and(|version| versions.contains(&version))
    });
    if came.is_none() && versions.iter().all(|version| version.rev >= here.rev) {
        return Ok(None);
    }
    let history = joined(store.history(here.id, 0)?);
    let is_named = |change: &Change| versions.contains(&change.version());
    // A calendar says when a task was changed to the second: the state in which it came is known by what came.
    let is_as_it_came = || {
        let first = history.first()?;
        (came?.rev == first.rev && first.old.is_none()).then_some(0)
    };
    let place = history.iter().rposition(is_named).or_else(is_as_it_came);
    let Some(place) = place else {
        return Ok(None);
    };
    let Version { rev, at } = history[place].version();
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
