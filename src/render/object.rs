//! A task as a JSON object, for programs and for models.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{bounds, instant, parts::Parts};
use crate::domain::{
    task::{Comment, Priority, Project, Task, TaskId},
    when::{When, Zone},
};

/// How much of a task an object tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the tutorial's clients know, and what was set beyond that.
    Brief,
    /// That and the revision, for a caller who goes on editing.
    Revision,
    /// Everything.
    Full,
    /// Everything, with dates as ISO 8601 alone.
    Program,
    /// The revision, and those parts that are there.
    Part,
}

impl Detail {
    /// Reports whether comments, and who made the task, belong to it.
    pub fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Program)
    }
}

/// A task as a JSON object. Fields that do not apply are left out.
#[derive(Clone, Debug)]
pub struct TaskObject<'a> {
    task: &'a Task,
    parts: Parts<'a>,
    detail: Detail,
    zone: Zone,
    note: Option<String>,
}

impl<'a> TaskObject<'a> {
    /// Returns the object for `task`, of which `parts` are shown.
    pub fn new(task: &'a Task, parts: Parts<'a>, detail: Detail, zone: Zone) -> Self {
        Self {
            task,
            parts,
            detail,
            zone,
            note: None,
        }
    }

    /// Returns the whole of `task` and its comments, for programs.
    pub fn whole(task: &'a Task, comments: &'a [Comment], zone: Zone) -> Self {
        let parts = Parts::of(task).with_comments(comments, 0, zone);
        Self::new(task, parts, Detail::Program, zone)
    }

    /// Adds a note, if there is one: what the caller should know about the call, such as that it changed nothing.
    #[must_use]
    pub fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }

    /// Cuts what is long until the object takes at most `room` where its JSON is sent as text.
    #[must_use]
    pub fn fitted(mut self, room: usize) -> Self {
        let parts = std::mem::replace(&mut self.parts, Parts::nothing_of(self.task));
        self.parts = parts.fitted(room, |parts| {
            let object = Self {
                parts: parts.clone(),
                ..self.clone()
            };
            object.size()
        });
        self
    }

    /// Returns what the object takes where its JSON is sent as text.
    pub fn size(&self) -> usize {
        let json =
            serde_json::to_string(self).expect("an object of strings and numbers serializes");
        bounds::size(&json)
    }
}

impl Serialize for TaskObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (task, parts, detail) = (self.task, &self.parts, self.detail);
        let is_part = detail == Detail::Part;
        let time = |at| instant(at, self.zone);
        let date = |when: When| match detail {
            Detail::Program => when.iso(self.zone),
            _ => when.show(self.zone),
        };
        let mut map = serializer.serialize_map(None)?;
        macro_rules! field {
            ($name:literal, $value:expr) => {
                if let Some(value) = $value {
                    map.serialize_entry($name, &value)?;
                }
            };
        }
        field!("id", Some(task.id.get()));
        if !is_part {
            field!("title", Some(task.title.as_str()));
        }
        field!(
            "description",
            Some(&parts.description).filter(|text| !is_part || !text.is_empty())
        );
        if !is_part {
            field!("status", Some(task.status.as_str()));
            field!("priority", task.priority.map(Priority::as_str));
            field!("due", task.due.map(date));
            field!("defer_until", task.defer_until.map(date));
            let repeat = task.repeat.as_ref().map(|repeat| match detail {
                Detail::Program => repeat.to_string(),
                _ => repeat.words(self.zone),
            });
            field!("repeat", repeat);
            field!("project", task.project.as_ref().map(Project::as_str));
        }
        field!("tags", Some(&parts.tags).filter(|tags| !tags.is_empty()));
        if !is_part {
            field!("parent", task.parent.map(TaskId::get));
        }
        field!(
            "depends_on",
            Some(&parts.depends_on).filter(|ids| !ids.is_empty())
        );
        field!(
            "comments",
            Some(&parts.comments).filter(|comments| !comments.is_empty())
        );
        if !is_part {
            let full = detail.is_full();
            field!("created_at", Some(time(task.created_at)));
            field!("updated_at", full.then(|| time(task.updated_at)));
            let started_at = task.started_at.filter(|_| detail != Detail::Brief);
            field!("started_at", started_at.map(time));
            field!("completed_at", task.completed_at.map(time));
            field!("deleted_at", task.deleted_at.filter(|_| full).map(time));
            field!("created_by", full.then(|| task.created_by.as_str()));
        }
        field!("rev", (detail != Detail::Brief).then_some(task.rev));
        field!("note", self.note.as_deref());
        field!(
            "history",
            Some(&parts.history).filter(|history| !history.is_empty())
        );
        field!("more", parts.more());
        map.end()
    }
}
