//! Taking a group of changes back: which change that is for each task, or what is in the way.

use super::Caller;
use crate::{
    change::{Change, Edit, Kind, logged_fields, rewound, with_fields},
    error::{Error, Result},
    task::{Actor, Task},
};

/// A change that is to be reverted, with what there is to know about its task.
#[derive(Clone, Debug)]
pub(crate) struct Reverting {
    pub(crate) change: Change,
    pub(crate) task: Task,
    /// The changes of the task after `change`, in commit order.
    pub(crate) later: Vec<Change>,
}

/// Decides what reverting a group makes: every task as it was before it, or a refusal that names what is in the way.
///
/// A task that someone else changed since is left alone, unless nothing of that change is left. Own later changes are
/// in the way only where they touched the same fields.
pub(crate) fn undo(reverting: &[Reverting], caller: &Caller) -> Result<Vec<Edit>> {
    reverting.iter().map(|one| revert(one, caller)).collect()
}

fn revert(
    Reverting {
        change,
        task,
        later,
    }: &Reverting,
    caller: &Caller,
) -> Result<Edit> {
    if let Some(obstacle) = obstacle(change, task, later, &caller.actor)? {
        return Err(Error::Conflict {
            group: change.group,
            id: task.id,
            actor: obstacle.actor.clone(),
            what: obstacle.summary(),
            later: obstacle.group,
        });
    }
    let mut edit = Edit::of(task);
    match &change.old {
        Some(old) => edit.after = with_fields(task, old)?,
        None => edit.after.deleted_at = Some(caller.now),
    }
    Ok(edit.stamped(caller.now))
}

/// Returns the later change that forbids reverting `change`, if there is one.
fn obstacle<'a>(
    change: &Change,
    task: &Task,
    later: &'a [Change],
    actor: &Actor,
) -> Result<Option<&'a Change>> {
    let now = logged_fields(task);
    let left_as_it_was =
        rewound(task, later.iter())?.is_some_and(|then| logged_fields(&then) == now);
    if left_as_it_was {
        return Ok(None);
    }
    if let Some(foreign) = later.iter().rev().find(|later| later.actor != *actor) {
        return Ok(Some(foreign));
    }
    let touched = |later: &&Change| later.new.keys().any(|field| change.new.contains_key(field));
    let same_fields = change
        .new
        .iter()
        .all(|(name, value)| now.get(name) == Some(value));
    Ok(if same_fields {
        None
    } else {
        later.iter().rev().find(touched)
    })
}

impl Change {
    /// Returns what it did, in a few words: the command and the fields.
    pub fn summary(&self) -> String {
        match self.kind {
            Kind::Update | Kind::Undo | Kind::Restore | Kind::Repair => {
                let fields: Vec<&str> = self.new.keys().map(String::as_str).collect();
                format!("{} of {}", self.kind.as_str(), fields.join(", "))
            }
            kind => kind.as_str().to_owned(),
        }
    }
}
