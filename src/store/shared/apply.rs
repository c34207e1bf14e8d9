//! Applying an entry of the shared log: its changes to rows, by the functions that write our own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    items::{Item, UsedKey, opened_part, read},
    unfit::Unfit,
};
use crate::{
    domain::{
        change::{
            COMMENTS, Change, CommentDiff, Edit, Kind, as_added, is_nothing, logged_fields,
            with_fields,
        },
        error::{Code, Error},
        task::{Task, TaskId, TaskWithComments},
    },
    share::log::Digest,
    store::Store,
};

/// Why an entry was not applied.
#[derive(Debug)]
pub(super) enum Failed {
    /// The entry does not fit: the same on every machine, each time.
    Unfit(Unfit),
    /// This database could not be read or written.
    Here(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::Log { source } => Self::Unfit(Unfit::unreadable(&source)),
            error if error.code() == Code::Caller => {
                Self::Unfit(Unfit::Contradicts(error.to_string()))
            }
            error => Self::Here(error),
        }
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::Unfit(error.into())
    }
}

fn contradicts(what: impl Into<String>) -> Failed {
    Failed::Unfit(Unfit::Contradicts(what.into()))
}

/// What is to be applied at once: what one commit wrote.
#[derive(Debug)]
pub(super) struct Body {
    /// Lines, inflated.
    pub(super) lines: Vec<u8>,
    /// Parts as they are kept, deflated: one at a time is read.
    pub(super) parts: Vec<Vec<u8>>,
    /// The last number given to a task, and to a change, after it.
    pub(super) last_task: i64,
    pub(super) last_change: i64,
    /// It may hold changes that are here already, and goes on from them.
    pub(super) may_overlap: bool,
}

/// Writes what an entry says into `store`, in the transaction that is under way there. References may lead ahead within an
/// entry, so SQLite must not check them: they are checked here, at its end.
pub(super) fn apply(store: &Store, body: &Body) -> Result<(), Failed> {
    let last = store.last_number("change")?;
    let mut applying = Applying {
        store,
        last,
        passed: if body.may_overlap { last } else { 0 },
        referring: BTreeSet::new(),
    };
    applying.apply(&body.lines)?;
    for part in &body.parts {
        applying.apply(&opened_part(part).map_err(Failed::Unfit)?)?;
    }
    for id in applying.referring {
        settle_references(store, id)?;
    }
    for (table, number) in [("task", body.last_task), ("change", body.last_change)] {
        store.use_up(table, number)?;
        if store.last_number(table)? != number {
            return Err(contradicts(format!(
                "a higher number of a {table} was given out before"
            )));
        }
    }
    Ok(())
}

/// An entry that is being applied.
struct Applying<'a> {
    store: &'a Store,
    /// The last change that is here.
    last: i64,
    /// Changes up to this one are passed over.
    passed: i64,
    /// Tasks that were written with references to others.
    referring: BTreeSet<TaskId>,
}

impl Applying<'_> {
    fn apply(&mut self, lines: &[u8]) -> Result<(), Failed> {
        for item in read(lines) {
            match item? {
                Item::Row(change) => self.write(&change)?,
                Item::Key(key) => {
                    let UsedKey {
                        actor,
                        key,
                        group,
                        digest,
                    } = &key;
                    let digest = digest.as_ref().map(Digest::as_bytes);
                    self.store.adopt_key(actor, key, *group, digest)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, change: &Change) -> Result<(), Failed> {
        if change.seq <= self.passed {
            return Ok(());
        }
        if change.seq <= self.last {
            return Err(contradicts(format!(
                "change {} is there already",
                change.seq
            )));
        }
        self.last = change.seq;
        let edit = edit_of(self.store, change)?;
        let refers = |task: &Task| (task.parent, task.depends_on.clone());
        let after = &edit.after;
        if edit.before.as_ref().map(refers) != Some(refers(after))
            && (after.parent.is_some() || !after.depends_on.is_empty())
        {
            self.referring.insert(after.id);
        }
        self.store.write(&edit)?;
        self.store.append(change)?;
        Ok(())
    }
}

/// Returns the edit that `change` was made by; an error if the task is not as it was before it.
fn edit_of(store: &Store, change: &Change) -> Result<Edit, Failed> {
    let here = store.task(change.task)?;
    let Some(old) = &change.old else {
        if here.is_some() {
            return Err(contradicts(format!(
                "task {} is there already",
                change.task
            )));
        }
        let added = as_added(change)?.ok_or_else(|| contradicts("it adds no task"))?;
        let TaskWithComments { task, comments } = added;
        return Ok(Edit {
            before: None,
            after: task,
            comments: CommentDiff {
                removed: Vec::new(),
                added: comments,
            },
            keeps_due: false,
        });
    };
    let Some(before) = here else {
        return Err(contradicts(format!("there is no task {}", change.task)));
    };
    let fits = match (change.part, change.kind) {
        (1, Kind::Repair) => change.rev > before.rev,
        (1, _) => change.rev == before.rev + 1,
        _ => change.rev == before.rev,
    };
    if !fits {
        let (task, rev, wanted) = (change.task, before.rev, change.rev);
        return Err(contradicts(format!(
            "task {task} is at rev {rev}, and the change made rev {wanted}"
        )));
    }
    let fields = logged_fields(&before);
    for (name, was) in old.iter().filter(|(name, _)| *name != COMMENTS) {
        let is = fields.get(name).unwrap_or(&Value::Null);
        if is != was && !(is_nothing(is) && is_nothing(was)) {
            return Err(contradicts(format!(
                "{name} of task {} was another",
                change.task
            )));
        }
    }
    let comments = change.comments()?;
    for comment in &comments.removed {
        if !store.has_comment(change.task, comment)? {
            return Err(contradicts(format!(
                "a comment of task {} is not there",
                change.task
            )));
        }
    }
    let mut after = with_fields(&before, &change.new)?;
    if change.part == 1 {
        (after.rev, after.updated_at) = (change.rev, change.at);
    }
    Ok(Edit {
        before: Some(before),
        after,
        comments,
        keeps_due: false,
    })
}

/// Checks that what a task refers to is there, and counts the open tasks it waits for: one of them may have come after it.
fn settle_references(store: &Store, id: TaskId) -> Result<(), Failed> {
    let task = store.existing(id)?;
    for other in task.parent.iter().chain(&task.depends_on) {
        if !store.has_row(*other)? {
            return Err(contradicts(format!(
                "task {id} refers to task {other}, which is not there"
            )));
        }
    }
    if !task.depends_on.is_empty() {
        store.count_own_blockers(&task)?;
    }
    Ok(())
}
