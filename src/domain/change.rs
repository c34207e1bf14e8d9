//! What a call altered: the rows of the change log.
//!
//! A change holds the fields it altered, before and after. From the log come undo, history, what to notify, and, by
//! replay, the tasks themselves. Of comments it holds only those it took away (before) and added (after), so that a
//! comment costs the same whether it is the first or the thousandth.

mod comments;
mod fields;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use comments::CommentDiff;
pub(crate) use comments::leave_comments;
use comments::{insert_comment, remove_comment};
pub use fields::Fields;
use fields::differing;
pub(crate) use fields::{logged_fields, with_fields};

use crate::domain::{
    session::SessionId,
    task::{Actor, Comment, Task, TaskId, TaskWithComments, Timestamp, Version},
};

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
    /// A date of a series was passed over.
    Skip,
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
    pub const ALL: [Self; 9] = [
        Self::Add,
        Self::Update,
        Self::Complete,
        Self::Skip,
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
            Self::Skip => "skip",
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
    /// The altered fields before it, and the comments it took away; `None` when the task was added.
    pub old: Option<Fields>,
    /// The same fields after it, and the comments it added.
    pub new: Fields,
    /// The group it reverted, on undo.
    pub reverts: Option<GroupId>,
    /// Which row of the log this is, from 1, where many comments come in several rows. All fields but those are in the
    /// first.
    pub part: u32,
    /// How many rows there are.
    pub parts: u32,
    /// In which session of the actor; `None` in what an earlier version wrote.
    pub session: Option<SessionId>,
}

/// A task before and after a command, as the domain decided; not yet written.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The task as it stands; `None` for one that is to be added.
    pub before: Option<Task>,
    /// The task as it is to be.
    pub after: Task,
    /// The comments it takes away and adds.
    pub comments: CommentDiff,
    /// It completes a round of a series, or takes that back, and the due date is the same before and after. The log has the date all
    /// the same: by that it shows that a round was completed.
    pub keeps_due: bool,
}

/// The fields an edit alters.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// Before; `None` when the task is added.
    pub old: Option<Fields>,
    /// After.
    pub new: Fields,
}

/// How many bytes of comments a row of the log holds, unless a single one is longer.
const PART_BYTES: usize = 128 * 1024;
/// In the log: when it is due.
pub(crate) const DUE: &str = "due";
/// In the log: comments taken away before, comments added after.
pub(crate) const COMMENTS: &str = "comments";
/// Logged only of a task that came from a file: there it is not the time of the change.
pub(crate) const UPDATED_AT: &str = "updated_at";

impl Edit {
    /// Starts from a stored task.
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            before: Some(task.clone()),
            after: task.clone(),
            comments: CommentDiff::default(),
            keeps_due: false,
        }
    }

    /// Adds a task that is not there, with its comments.
    pub(crate) fn adding(TaskWithComments { task, comments }: TaskWithComments) -> Self {
        Self {
            before: None,
            after: task,
            comments: CommentDiff {
                removed: Vec::new(),
                added: comments,
            },
            keeps_due: false,
        }
    }

    /// Marks the change as made at `now`, if there is one.
    pub(crate) fn stamped(mut self, now: Timestamp) -> Self {
        if let Some(before) = &self.before
            && (self.after != *before || !self.comments.is_empty() || self.keeps_due)
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
        let Some(before) = &self.before else {
            let mut new = logged_fields(&self.after);
            if !self.comments.added.is_empty() {
                new.insert(COMMENTS.to_owned(), comments_to_json(&self.comments.added));
            }
            new.retain(|_, value| !is_nothing(value));
            return Some(Diff { old: None, new });
        };
        let (mut old, mut new) = differing(before, &self.after);
        if self.keeps_due
            && let Some(due) = self.after.due
        {
            for fields in [&mut old, &mut new] {
                fields.insert(DUE.to_owned(), due.to_string().into());
            }
        }
        if !self.comments.is_empty() {
            old.insert(
                COMMENTS.to_owned(),
                comments_to_json(&self.comments.removed),
            );
            new.insert(COMMENTS.to_owned(), comments_to_json(&self.comments.added));
        }
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

    /// Splits it into what the rows of the log hold: many comments come in several, since a row must not grow without bound.
    pub(crate) fn into_parts(mut self) -> Vec<Self> {
        let removed = self.old.as_mut().map(take_comments).unwrap_or_default();
        let added = take_comments(&mut self.new);
        if removed.is_empty() && added.is_empty() {
            return vec![self];
        }
        let mut lists = vec![[Vec::new(), Vec::new()]];
        let (mut list, mut bytes) = (0, 0);
        let removed = removed.into_iter().map(|comment| (0, comment));
        for (side, comment) in removed.chain(added.into_iter().map(|comment| (1, comment))) {
            let size = comment.to_string().len();
            if bytes > 0 && bytes + size > PART_BYTES {
                lists.push([Vec::new(), Vec::new()]);
                (list, bytes) = (list + 1, 0);
            }
            bytes += size;
            lists[list][side].push(comment);
        }
        let mut first = Some(self);
        let parts = lists.into_iter().map(|[removed, added]| {
            let mut part = first.take().unwrap_or_else(|| Self {
                old: Some(Fields::new()),
                new: Fields::new(),
            });
            if let Some(old) = &mut part.old {
                old.insert(COMMENTS.to_owned(), removed.into());
            }
            part.new.insert(COMMENTS.to_owned(), added.into());
            part
        });
        parts.collect()
    }
}

fn take_comments(fields: &mut Fields) -> Vec<Value> {
    match fields.remove(COMMENTS) {
        Some(Value::Array(comments)) => comments,
        _ => Vec::new(),
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

fn comments_to_json(comments: &[Comment]) -> Value {
    serde_json::to_value(comments).unwrap_or_default()
}

fn comments_in(fields: &Fields) -> serde_json::Result<Vec<Comment>> {
    fields
        .get(COMMENTS)
        .map_or(Ok(Vec::new()), Vec::<Comment>::deserialize)
}

impl Change {
    /// Returns the comments that it took away and added.
    pub(crate) fn comments(&self) -> serde_json::Result<CommentDiff> {
        let old = self.old.as_ref().map(comments_in).transpose()?;
        Ok(CommentDiff {
            removed: old.unwrap_or_default(),
            added: comments_in(&self.new)?,
        })
    }

    /// Adds what the same group did to the same task after it.
    pub(crate) fn take_later(&mut self, later: Self) {
        (self.seq, self.rev) = (later.seq, later.rev);
        if let Some(old) = &mut self.old {
            for (name, value) in later.old.into_iter().flatten() {
                old.entry(name).or_insert(value);
            }
        }
        self.new.extend(later.new);
    }

    /// Adds the comments of the next of its rows.
    fn go_on(&mut self, mut row: Self) {
        let join = |fields: &mut Fields, next: &mut Fields| {
            let mut comments = take_comments(fields);
            comments.append(&mut take_comments(next));
            fields.insert(COMMENTS.to_owned(), comments.into());
        };
        if let (Some(old), Some(next)) = (&mut self.old, &mut row.old) {
            join(old, next);
        }
        join(&mut self.new, &mut row.new);
        (self.seq, self.part) = (row.seq, row.part);
    }
}

/// Puts changes together that have several rows in the log.
pub(crate) fn joined(rows: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for row in rows {
        match changes.last_mut() {
            Some(change) if row.part > 1 => change.go_on(row),
            _ => changes.push(row),
        }
    }
    changes
}

/// Returns `changes` of a group with one for each task: a task that the group changed twice was changed from what the first found to
/// what the last left.
pub(crate) fn one_of_each_task(changes: Vec<Change>) -> Vec<Change> {
    let mut places: HashMap<TaskId, usize> = HashMap::new();
    let mut merged: Vec<Change> = Vec::with_capacity(changes.len());
    for change in changes {
        if let Some(place) = places.get(&change.task) {
            merged[*place].take_later(change);
        } else {
            places.insert(change.task, merged.len());
            merged.push(change);
        }
    }
    merged
}

/// Reports whether no row is missing among those of changes that have several.
fn has_every_part(history: &[Change]) -> bool {
    let mut before: Option<&Change> = None;
    let counts_on = history.iter().all(|change| {
        let fits = match before {
            Some(before) if before.part < before.parts => {
                change.part == before.part + 1
                    && (change.group, change.rev, change.parts)
                        == (before.group, before.rev, before.parts)
            }
            _ => change.part == 1,
        };
        before = Some(change);
        fits
    });
    counts_on && before.is_none_or(|last| last.part == last.parts)
}

/// Returns the task as `change` added it; `None` if the change is of another kind.
pub(crate) fn as_added(change: &Change) -> serde_json::Result<Option<TaskWithComments>> {
    if change.old.is_some() {
        return Ok(None);
    }
    let mut fields = change.new.clone();
    fields.insert("id".to_owned(), change.task.get().into());
    fields.insert("rev".to_owned(), change.rev.into());
    fields
        .entry(UPDATED_AT)
        .or_insert_with(|| change.at.as_millis().into());
    let mut comments = comments_in(&fields)?;
    // Stable: those of one time stay in the order in which they came.
    comments.sort_by_key(|comment| comment.at);
    Ok(Some(TaskWithComments {
        task: serde_json::from_value(Value::Object(fields))?,
        comments,
    }))
}

/// Returns the task that `history`, all of its changes in commit order, gives; `None` if the one that added it is
/// missing.
pub(crate) fn replayed(history: &[Change]) -> serde_json::Result<Option<TaskWithComments>> {
    let Some((first, later)) = history.split_first() else {
        return Ok(None);
    };
    let Some(TaskWithComments {
        mut task,
        mut comments,
    }) = as_added(first)?
    else {
        return Ok(None);
    };
    for change in later {
        task = with_fields(&task, &change.new)?;
        if change.part == 1 {
            (task.rev, task.updated_at) = (change.rev, change.at);
        }
        let CommentDiff { removed, added } = change.comments()?;
        for comment in &removed {
            remove_comment(&mut comments, comment);
        }
        for comment in added {
            insert_comment(&mut comments, comment);
        }
    }
    Ok(Some(TaskWithComments { task, comments }))
}

/// Reports whether each of `history`, all changes of a task in commit order, is whole and begins where the one before it
/// ended.
pub(crate) fn is_chain(history: &[Change]) -> bool {
    let mut fields = Fields::new();
    let mut comments = Vec::new();
    has_every_part(history)
        && history.iter().all(|change| {
            let fits = change
                .old
                .iter()
                .flatten()
                .filter(|(name, _)| *name != COMMENTS)
                .all(|(name, old)| {
                    let now = fields.get(name).unwrap_or(&Value::Null);
                    now == old || is_nothing(now) && is_nothing(old)
                });
            fields.extend(change.new.clone());
            let Ok(CommentDiff { removed, added }) = change.comments() else {
                return false;
            };
            let were_there = removed
                .iter()
                .all(|comment| remove_comment(&mut comments, comment));
            for comment in added {
                insert_comment(&mut comments, comment);
            }
            fits && were_there
        })
}

impl Change {
    /// Returns the state that it made of its task. What came from a file was changed before it came.
    pub(crate) fn version(&self) -> Version {
        let arrived_at = self.new.get(UPDATED_AT);
        let arrived_at = arrived_at.and_then(serde_json::Value::as_i64);
        Version {
            rev: self.rev,
            at: arrived_at.map_or(self.at, Timestamp::from_millis),
        }
    }
}

/// Returns the task as it stood before `later`, its changes since then in commit order; `None` if one of them added
/// it. Comments are not looked at.
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

#[cfg(test)]
mod tests;
