//! What a caller asks for, and which changes that makes: the rules, without a database.
//!
//! The store reads the rows a command needs, asks here, and writes the edits it is given. Time, actor and ids come in
//! as arguments.

use crate::{
    change::{Change, Edit, GroupId, Kind, logged_fields, rewound, with_fields},
    error::{Error, Result},
    task::{Actor, Description, Invalid, Status, Task, TaskId, Timestamp, Title},
};

/// A change someone asks for. All of it happens, or none.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Add tasks.
    Add(Vec<Draft>),
    /// Set fields of tasks.
    Update {
        /// Which tasks.
        ids: Vec<TaskId>,
        /// Which fields, and to what.
        patch: Patch,
        /// Refuse if a task is at another revision.
        if_rev: Option<i64>,
    },
    /// Complete tasks.
    Complete(Vec<TaskId>),
    /// Move tasks to the trash.
    Delete(Vec<TaskId>),
    /// Revert a group of changes; `None` is the caller's last that is still in force.
    Undo(Option<GroupId>),
}

impl Command {
    /// Returns the word the change log keeps for it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Add(_) => Kind::Add,
            Self::Update { .. } => Kind::Update,
            Self::Complete(_) => Kind::Complete,
            Self::Delete(_) => Kind::Delete,
            Self::Undo(_) => Kind::Undo,
        }
    }
}

/// Who asks, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The client.
    pub actor: Actor,
    /// The time of the call.
    pub now: Timestamp,
}

/// A task to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is to be done.
    pub title: Title,
    /// What there is to say beyond that.
    pub description: Description,
}

/// Fields to set; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// The new title.
    pub title: Option<Title>,
    /// The new description; an empty one clears it.
    pub description: Option<Description>,
    /// The new status.
    pub status: Option<Status>,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The group in the change log; `None` if nothing changed.
    pub group: Option<GroupId>,
    /// Each task the command addressed, in its order. An edit without a difference found the task as asked for.
    pub edits: Vec<Edit>,
    /// On undo: the group that was reverted, and its kind.
    pub reverted: Option<(GroupId, Kind)>,
}

/// A change that is to be reverted, with what there is to know about its task.
#[derive(Clone, Debug)]
pub(crate) struct Reverting {
    pub(crate) change: Change,
    pub(crate) task: Task,
    /// The changes of the task after `change`, in commit order.
    pub(crate) later: Vec<Change>,
}

/// Decides what adding `draft` under `id` makes.
pub(crate) fn add(draft: &Draft, id: TaskId, caller: &Caller) -> Edit {
    let after = Task {
        id,
        title: draft.title.clone(),
        description: draft.description.clone(),
        status: Status::Pending,
        created_at: caller.now,
        updated_at: caller.now,
        started_at: None,
        completed_at: None,
        created_by: caller.actor.clone(),
        rev: 1,
        deleted_at: None,
    };
    Edit {
        before: None,
        after,
    }
}

/// Decides what setting the fields of `patch` makes.
pub(crate) fn update(
    task: &Task,
    patch: &Patch,
    if_rev: Option<i64>,
    now: Timestamp,
) -> Result<Edit> {
    if *patch == Patch::default() {
        return Err(Invalid::new(
            "update",
            "changes nothing; give title, description or status",
        )
        .into());
    }
    refuse_deleted(task)?;
    if let Some(expected) = if_rev
        && expected != task.rev
    {
        return Err(Error::Stale {
            id: task.id,
            rev: task.rev,
            expected,
        });
    }
    let mut edit = Edit::of(task);
    if let Some(title) = &patch.title {
        edit.after.title = title.clone();
    }
    if let Some(description) = &patch.description {
        edit.after.description = description.clone();
    }
    if let Some(status) = patch.status {
        edit.after.set_status(status, now);
    }
    Ok(edit.stamped(now))
}

/// Decides what completing `task` makes.
pub(crate) fn complete(task: &Task, now: Timestamp) -> Result<Edit> {
    refuse_deleted(task)?;
    let mut edit = Edit::of(task);
    edit.after.set_status(Status::Completed, now);
    Ok(edit.stamped(now))
}

/// Decides what moving `task` to the trash makes.
pub(crate) fn delete(task: &Task, now: Timestamp) -> Result<Edit> {
    refuse_deleted(task)?;
    let mut edit = Edit::of(task);
    edit.after.deleted_at = Some(now);
    Ok(edit.stamped(now))
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
            Kind::Update | Kind::Undo => {
                let fields: Vec<&str> = self.new.keys().map(String::as_str).collect();
                format!("{} of {}", self.kind.as_str(), fields.join(", "))
            }
            kind => kind.as_str().to_owned(),
        }
    }
}

fn refuse_deleted(task: &Task) -> Result<()> {
    if task.is_deleted() {
        Err(Error::Deleted { id: task.id })
    } else {
        Ok(())
    }
}
