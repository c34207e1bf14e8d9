//! Taking a group of changes back: which change that is for each task, or what is in the way.

use super::Caller;
use crate::domain::{
    change::{
        COMMENTS, Change, CommentDiff, DUE, Edit, Fields, Kind, leave_comments, logged_fields,
        rewound, with_fields,
    },
    error::{Error, Result},
    task::{Comment, Task},
};

/// A change that is to be reverted, with what there is to know about its task.
#[derive(Clone, Debug)]
pub(crate) struct Reverting {
    pub(crate) change: Change,
    pub(crate) task: Task,
    /// Of the comments that `change` added, those that are still there.
    pub(crate) comments: Vec<Comment>,
    /// The changes of the task after `change`, in commit order.
    pub(crate) later: Vec<Change>,
}

/// Decides what reverting a group makes: every task as it was before it, or a refusal that names what is in the way.
///
/// A task that someone else changed since is left alone, unless nothing of that change is left: another client, or a
/// session that is neither the caller's nor that of the group. Other later changes are in the way only where they
/// touched the same fields.
pub(crate) fn undo(reverting: &[Reverting], caller: &Caller) -> Result<Vec<Edit>> {
    reverting.iter().map(|one| revert(one, caller)).collect()
}

fn revert(
    Reverting {
        change,
        task,
        comments,
        later,
    }: &Reverting,
    caller: &Caller,
) -> Result<Edit> {
    if let Some(obstacle) = obstacle(change, task, later, caller)? {
        return Err(Error::Conflict {
            group: change.group,
            id: task.id,
            by: who_else(obstacle, caller),
            what: obstacle.summary(),
            later: obstacle.group,
        });
    }
    let mut edit = Edit::of(task);
    match &change.old {
        Some(old) => {
            edit.after = with_fields(task, old)?;
            edit.comments = CommentDiff {
                removed: comments.clone(),
                added: change.comments()?.removed,
            };
            let kept = old.get(DUE).filter(|due| !due.is_null());
            edit.keeps_due = kept.is_some() && kept == change.new.get(DUE);
        }
        None => edit.after.deleted_at = Some(caller.now),
    }
    Ok(edit.stamped(caller.now))
}

/// Returns the later change that forbids reverting `change`, if there is one.
fn obstacle<'a>(
    change: &Change,
    task: &Task,
    later: &'a [Change],
    caller: &Caller,
) -> Result<Option<&'a Change>> {
    let now = logged_fields(task);
    let left_as_it_was =
        rewound(task, later.iter())?.is_some_and(|then| logged_fields(&then) == now);
    if left_as_it_was && leave_comments(later.iter())? {
        return Ok(None);
    }
    let is_foreign = |later: &&Change| {
        !caller.is_client(&later.actor)
            || (caller.is_foreign(later) && later.session != change.session)
    };
    if let Some(foreign) = later.iter().rev().find(is_foreign) {
        return Ok(Some(foreign));
    }
    // A comment is in no other's way.
    let set = |new: &Fields| {
        let mut new = new.clone();
        new.retain(|name, _| name != COMMENTS);
        new
    };
    let fields = set(&change.new);
    let touched = |later: &&Change| {
        set(&later.new)
            .keys()
            .any(|field| fields.contains_key(field))
    };
    let same_fields = fields
        .iter()
        .all(|(name, value)| now.get(name) == Some(value));
    Ok(if same_fields {
        None
    } else {
        later.iter().rev().find(touched)
    })
}

/// Says who made a change that is in the way.
fn who_else(change: &Change, caller: &Caller) -> String {
    let is_window = caller.is_client(&change.actor) && caller.is_foreign(change);
    let session = if is_window { " in another session" } else { "" };
    format!("{}{session}", change.actor)
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
