//! Adding a task.

use std::collections::BTreeSet;

use super::{
    Caller,
    begin::{begin_as_said, begin_series, refuse_barren},
};
use crate::domain::{
    change::{CommentDiff, Edit},
    error::Result,
    repeat::{Repeat, Start},
    task::{Description, Invalid, Priority, Project, Tag, Task, TaskId, Title, shortened},
    when::When,
};

/// A task named in a draft: one that is there, or one that the same call adds before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// By its id.
    Task(TaskId),
    /// `^1` is the first of the call.
    Earlier(usize),
}

impl std::str::FromStr for Reference {
    type Err = Invalid;

    /// Reads `12`, `#12` or `^1`.
    fn from_str(text: &str) -> std::result::Result<Self, Invalid> {
        match text.trim().strip_prefix('^') {
            Some(place) => match place.parse() {
                Ok(place) if place > 0 => Ok(Self::Earlier(place)),
                _ => Err(Invalid::new(
                    "reference",
                    format!(
                        "^{} must be ^1 for the first task of the call, ^2 for the second, and so on",
                        shortened(place, 40)
                    ),
                )),
            },
            None => text.parse().map(Self::Task),
        }
    }
}

/// A task to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is to be done.
    pub title: Title,
    /// What there is to say beyond that.
    pub description: Description,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// When it is to be done.
    pub due: Option<When>,
    /// Until when it is out of the way.
    pub defer_until: Option<When>,
    /// How it comes again.
    pub repeat: Option<Repeat>,
    /// What the words of the rule say of its first date.
    pub start: Start,
    /// What it belongs to.
    pub project: Option<Project>,
    /// The words to find it by.
    pub tags: BTreeSet<Tag>,
    /// The task it is a part of.
    pub parent: Option<Reference>,
    /// The tasks that must be closed before it.
    pub depends_on: BTreeSet<Reference>,
}

impl Draft {
    /// Returns a draft with nothing but a title.
    pub fn titled(title: Title) -> Self {
        Self {
            title,
            description: Description::default(),
            priority: None,
            due: None,
            defer_until: None,
            repeat: None,
            start: Start::default(),
            project: None,
            tags: BTreeSet::new(),
            parent: None,
            depends_on: BTreeSet::new(),
        }
    }
}

/// Decides what adding `draft` under `id` makes. `earlier` are the tasks the same call has added so far.
pub(crate) fn add(draft: &Draft, id: TaskId, earlier: &[TaskId], caller: &Caller) -> Result<Edit> {
    let resolve = |reference: &Reference| match *reference {
        Reference::Task(id) => Ok(id),
        Reference::Earlier(place) => earlier.get(place - 1).copied().ok_or_else(|| {
            let added = earlier.len();
            Invalid::new(
                "reference",
                format!("^{place} names no earlier task of the call; {added} came before"),
            )
        }),
    };
    let depends_on = draft.depends_on.iter().map(resolve);
    let mut after = Task {
        description: draft.description.clone(),
        priority: draft.priority,
        due: draft.due,
        defer_until: draft.defer_until,
        repeat: draft.repeat.clone(),
        project: draft.project.clone(),
        tags: Tag::one_of_each(draft.tags.iter().cloned()),
        parent: draft.parent.as_ref().map(resolve).transpose()?,
        depends_on: depends_on.collect::<std::result::Result<_, _>>()?,
        ..Task::new(id, draft.title.clone(), caller.actor.clone(), caller.now)
    };
    begin_as_said(&mut after, draft.start, caller)?;
    begin_series(&mut after, caller);
    refuse_barren(draft.repeat.as_ref(), &after, caller)?;
    Ok(Edit {
        before: None,
        after,
        comments: CommentDiff::default(),
        keeps_due: false,
    })
}
