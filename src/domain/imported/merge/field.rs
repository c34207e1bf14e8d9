//! What a task says that a file may say otherwise, as text that can be compared.

use std::fmt::Write as _;

use crate::domain::{
    repeat::Repeat,
    task::{Comment, Tag, Task},
    when::{When, Zone},
};

/// What a task says that a file may say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The title.
    Title,
    /// The description.
    Description,
    /// The status, and whether it is in the trash.
    Status,
    /// The priority.
    Priority,
    /// When it is due, and how it repeats from there.
    Due,
    /// Until when it is deferred.
    DeferUntil,
    /// The project.
    Project,
    /// The tags.
    Tags,
    /// The comments.
    Comments,
    /// The task it is a part of.
    Parent,
    /// The tasks that come before it.
    DependsOn,
}

impl Field {
    /// Those of which the task itself holds all there is to say; what it refers to is compared once all tasks have come.
    pub(super) const ALL: [Self; 9] = [
        Self::Title,
        Self::Description,
        Self::Status,
        Self::Priority,
        Self::Due,
        Self::DeferUntil,
        Self::Project,
        Self::Tags,
        Self::Comments,
    ];

    /// Returns the name that callers know the field by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Status => "status",
            Self::Priority => "priority",
            Self::Due => "due",
            Self::DeferUntil => "defer_until",
            Self::Project => "project",
            Self::Tags => "tags",
            Self::Comments => "comments",
            Self::Parent => "parent",
            Self::DependsOn => "depends_on",
        }
    }

    /// Returns what a task says, as it is told to a reader in `zone`; `None` for nothing.
    pub(super) fn told(self, task: &Task, comments: &[Comment], zone: Zone) -> Option<String> {
        match self {
            Self::Due => due(task, |repeat| repeat.words(zone)),
            _ => self.text(task, comments),
        }
    }

    /// Returns what a task says, as text that is compared; `None` for nothing.
    pub(super) fn text(self, task: &Task, comments: &[Comment]) -> Option<String> {
        let text = match self {
            Self::Title => task.title.to_string(),
            Self::Description => task.description.to_string(),
            Self::Status if task.is_deleted() => format!("{}, in the trash", task.status),
            Self::Status => task.status.to_string(),
            Self::Priority => task.priority?.as_str().to_owned(),
            Self::Due => due(task, ToString::to_string)?,
            Self::DeferUntil => plain(task.defer_until?).to_string(),
            Self::Project => task.project.as_ref()?.to_string(),
            Self::Tags => {
                let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
                tags.join(" ")
            }
            Self::Comments => {
                let texts: Vec<&str> = comments.iter().map(|one| one.text.as_str()).collect();
                texts.join("\n\n")
            }
            Self::Parent | Self::DependsOn => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

fn due(task: &Task, rule: impl Fn(&Repeat) -> String) -> Option<String> {
    let mut text = plain(task.due?).to_string();
    if let Some(repeat) = &task.repeat {
        let _ = write!(text, ", {}", rule(repeat));
    }
    if let Some(from) = &task.repeat_from {
        let _ = write!(text, ", moved from {}", plain(*from));
    }
    Some(text)
}

/// Returns a time in UTC as an instant: files do not tell one from the other.
fn plain(when: When) -> When {
    match when {
        When::Zoned(_, zone) if zone == Zone::UTC => when.instant(zone).map_or(when, When::At),
        other => other,
    }
}
