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
    /// What the tutorial's clients know, and the fields that are asked for.
    Contract,
    /// The id, the title and the fields that are asked for.
    Named,
    /// That and the revision, for a caller who goes on editing.
    Changes,
    /// Everything but what says nothing: no description, a last change that made or finished the task, the reader's own name.
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
    /// The fields that are shown beyond those of `detail`.
    fields: Vec<&'static str>,
    /// Who reads it, where that is known.
    reader: Option<&'a str>,
    shows_title: bool,
}

impl<'a> TaskObject<'a> {
    /// Returns the object for `task`, of which `parts` are shown.
    pub fn new(task: &'a Task, parts: Parts<'a>, detail: Detail, zone: Zone) -> Self {
        Self {
            task,
            parts,
            detail,
            zone,
            fields: Vec::new(),
            reader: None,
            shows_title: true,
        }
    }

    /// Returns the whole of `task` and its comments, for programs.
    pub fn whole(task: &'a Task, comments: &'a [Comment], zone: Zone) -> Self {
        let parts = Parts::of(task).with_comments(comments, 0, zone);
        Self::new(task, parts, Detail::Program, zone)
    }

    /// Shows these fields where the detail does not show all of them anyway.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<&'static str>) -> Self {
        self.fields = fields;
        self
    }

    /// Names the client that reads the object: its own name is left out of it.
    #[must_use]
    pub fn read_by(mut self, reader: &'a str) -> Self {
        self.reader = Some(reader);
        self.parts = self.parts.read_by(reader);
        self
    }

    /// Leaves the title out.
    #[must_use]
    pub fn without_title(mut self) -> Self {
        self.shows_title = false;
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
        let is = |one: Detail| detail == one || detail.is_full();
        let shows = |name| detail.is_full() || self.fields.contains(&name);
        let mut map = serializer.serialize_map(None)?;
        macro_rules! field {
            ($name:literal, $value:expr) => {
                if let Some(value) = $value {
                    map.serialize_entry($name, &value)?;
                }
            };
        }
        field!("id", Some(task.id.get()));
        let shows_title = self.shows_title && !is_part;
        field!("title", shows_title.then(|| task.title.as_str()));
        let shows_description = match detail {
            Detail::Named | Detail::Changes => false,
            Detail::Part | Detail::Full => !parts.description.is_empty(),
            Detail::Contract | Detail::Program => true,
        };
        field!(
            "description",
            shows_description.then_some(&parts.description)
        );
        let shows_status = is(Detail::Contract) || shows("status");
        field!("status", shows_status.then(|| task.status.as_str()));
        if !is_part {
            field!(
                "priority",
                task.priority
                    .filter(|_| shows("priority"))
                    .map(Priority::as_str)
            );
            let due = task.due.filter(|_| shows("due"));
            field!("due", due.map(date));
            field!("due_zone", due.and_then(|due| due.other_zone(self.zone)));
            let defer = task.defer_until.filter(|_| shows("defer_until"));
            field!("defer_until", defer.map(date));
            field!(
                "defer_zone",
                defer.and_then(|until| until.other_zone(self.zone))
            );
            let repeat = task.repeat.as_ref().filter(|_| shows("repeat"));
            let repeat = repeat.map(|repeat| match detail {
                Detail::Program => repeat.to_string(),
                _ => repeat.words(self.zone),
            });
            field!("repeat", repeat);
            let project = task.project.as_ref().filter(|_| shows("project"));
            field!("project", project.map(Project::as_str));
        }
        let shows_tags = !parts.tags.is_empty() && (is_part || shows("tags"));
        field!("tags", shows_tags.then_some(&parts.tags));
        if !is_part {
            field!(
                "parent",
                task.parent.filter(|_| shows("parent")).map(TaskId::get)
            );
        }
        let shows_dependencies = !parts.depends_on.is_empty() && (is_part || shows("depends_on"));
        field!(
            "depends_on",
            shows_dependencies.then_some(&parts.depends_on)
        );
        field!(
            "comments",
            Some(&parts.comments).filter(|comments| !comments.is_empty())
        );
        let full = detail.is_full();
        let shows_times = is(Detail::Contract);
        field!("created_at", shows_times.then(|| time(task.created_at)));
        let says_itself =
            [Some(task.created_at), task.completed_at].contains(&Some(task.updated_at));
        let shows_update = detail == Detail::Program || (full && !says_itself);
        field!("updated_at", shows_update.then(|| time(task.updated_at)));
        field!("started_at", task.started_at.filter(|_| full).map(time));
        field!(
            "completed_at",
            task.completed_at.filter(|_| shows_times).map(time)
        );
        field!("deleted_at", task.deleted_at.filter(|_| full).map(time));
        let maker = task.created_by.as_str();
        let shows_maker = full && self.reader != Some(maker);
        field!("created_by", shows_maker.then_some(maker));
        let shows_rev = is_part || is(Detail::Changes);
        field!("rev", shows_rev.then_some(task.rev));
        field!(
            "history",
            Some(&parts.history).filter(|history| !history.is_empty())
        );
        field!("more", parts.more());
        map.end()
    }
}
