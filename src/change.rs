//! What a call altered: the rows of the change log.
//!
//! A change holds the fields it altered, before and after. From the log come undo, history, what to notify, and, by
//! replay, the tasks themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::task::{Actor, Task, TaskId, Timestamp};

/// Fields of a task by name, in the form [`Task`] serializes to.
pub type Fields = Map<String, Value>;

/// One call makes one group; its number is the sequence number of its first change.
pub type GroupId = i64;

/// The command a change came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A task was added.
    Add,
    /// Fields were set.
    Update,
    /// It was completed.
    Complete,
    /// It was moved to the trash.
    Delete,
    /// An earlier group was reverted.
    Undo,
    /// It came from a file.
    Import,
    /// A backup was restored.
    Restore,
    /// Its row and its log said different things.
    Repair,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Add,
        Self::Update,
        Self::Complete,
        Self::Delete,
        Self::Undo,
        Self::Import,
        Self::Restore,
        Self::Repair,
    ];

    /// Returns the word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Complete => "complete",
            Self::Delete => "delete",
            Self::Undo => "undo",
            Self::Import => "import",
            Self::Restore => "restore",
            Self::Repair => "repair",
        }
    }
}

/// One row of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its place in the order of commits.
    pub seq: i64,
    /// The call it belongs to.
    pub group: GroupId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// By which command.
    pub kind: Kind,
    /// Which task.
    pub task: TaskId,
    /// The task's revision after it.
    pub rev: i64,
    /// The altered fields before it; `None` when the task was added.
    pub old: Option<Fields>,
    /// The same fields after it.
    pub new: Fields,
    /// The group it reverted, on undo.
    pub reverts: Option<GroupId>,
}

/// A task before and after a command, as the domain decided; not yet written.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The task as it stands; `None` for one that is to be added.
    pub before: Option<Task>,
    /// The task as it is to be.
    pub after: Task,
}

/// The fields an edit alters.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// Before; `None` when the task is added.
    pub old: Option<Fields>,
    /// After.
    pub new: Fields,
}

/// Fields the log does not repeat: they follow from its own columns.
const DERIVED: [&str; 3] = ["id", "rev", UPDATED_AT];
/// Logged only of a task that came from a file: there it is not the time of the change.
pub(crate) const UPDATED_AT: &str = "updated_at";

impl Edit {
    /// Starts from a stored task.
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            before: Some(task.clone()),
            after: task.clone(),
        }
    }

    /// Adds `task` as it came from a file, with a history of its own behind it.
    pub(crate) fn arriving(task: Task) -> Self {
        Self {
            before: None,
            after: task,
        }
    }

    /// Marks the change as made at `now`, if there is one.
    pub(crate) fn stamped(mut self, now: Timestamp) -> Self {
        if let Some(before) = &self.before
            && self.after != *before
        {
            self.after.rev = before.rev + 1;
            self.after.updated_at = now;
        }
        self
    }

    /// Returns the names of the fields it alters.
    pub fn fields(&self) -> Vec<String> {
        self.diff()
            .map(|diff| diff.new.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Returns the altered fields; `None` if nothing changes.
    pub(crate) fn diff(&self) -> Option<Diff> {
        let mut new = logged_fields(&self.after);
        let Some(before) = &self.before else {
            new.retain(|_, value| !is_nothing(value));
            return Some(Diff { old: None, new });
        };
        let mut old = logged_fields(before);
        new.retain(|name, value| old.get(name) != Some(value));
        old.retain(|name, _| new.contains_key(name));
        (!new.is_empty()).then_some(Diff {
            old: Some(old),
            new,
        })
    }
}

impl Diff {
    /// Adds what does not follow from the log's own columns when a task was changed before it came here.
    pub(crate) fn with_past(mut self, task: &Task) -> Self {
        self.new
            .insert(UPDATED_AT.to_owned(), task.updated_at.as_millis().into());
        self
    }
}

/// What a field holds that was never set: no need to log it.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Returns the fields of `task` that the log keeps.
pub(crate) fn logged_fields(task: &Task) -> Fields {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(task) else {
        unreachable!("a task serializes to an object")
    };
    fields.retain(|name, _| !DERIVED.contains(&name.as_str()));
    fields
}

/// Returns `task` with `fields` set. A field this build does not know is passed over.
pub(crate) fn with_fields(task: &Task, fields: &Fields) -> serde_json::Result<Task> {
    let mut value = serde_json::to_value(task)?;
    if let Value::Object(all) = &mut value {
        all.extend(
            fields
                .iter()
                .map(|(name, field)| (name.clone(), field.clone())),
        );
    }
    serde_json::from_value(value)
}

/// Returns the task as `change` added it; `None` if the change is of another kind.
pub(crate) fn as_added(change: &Change) -> serde_json::Result<Option<Task>> {
    if change.old.is_some() {
        return Ok(None);
    }
    let mut fields = change.new.clone();
    fields.insert("id".to_owned(), change.task.get().into());
    fields.insert("rev".to_owned(), change.rev.into());
    fields
        .entry(UPDATED_AT)
        .or_insert_with(|| change.at.as_millis().into());
    serde_json::from_value(Value::Object(fields)).map(Some)
}

/// Returns the task that `history`, all of its changes in commit order, gives; `None` if the one that added it is
/// missing.
pub(crate) fn replayed(history: &[Change]) -> serde_json::Result<Option<Task>> {
    let Some((first, later)) = history.split_first() else {
        return Ok(None);
    };
    let Some(mut task) = as_added(first)? else {
        return Ok(None);
    };
    for change in later {
        task = with_fields(&task, &change.new)?;
        (task.rev, task.updated_at) = (change.rev, change.at);
    }
    Ok(Some(task))
}

/// Reports whether each of `history`, all changes of a task in commit order, begins where the one before it ended.
pub(crate) fn is_chain(history: &[Change]) -> bool {
    let mut fields = Fields::new();
    history.iter().all(|change| {
        let fits = change.old.iter().flatten().all(|(name, old)| {
            let now = fields.get(name).unwrap_or(&Value::Null);
            now == old || is_nothing(now) && is_nothing(old)
        });
        fields.extend(change.new.clone());
        fits
    })
}

/// Returns the task as it stood before `later`, its changes since then in commit order; `None` if one of them added
/// it.
pub(crate) fn rewound<'a>(
    current: &Task,
    later: impl DoubleEndedIterator<Item = &'a Change>,
) -> serde_json::Result<Option<Task>> {
    let mut task = current.clone();
    for change in later.rev() {
        match &change.old {
            Some(old) => task = with_fields(&task, old)?,
            None => return Ok(None),
        }
    }
    Ok(Some(task))
}
