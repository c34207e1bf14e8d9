//! A task that comes from a file again: what differs, on which side it was changed, and what an update takes.
//!
//! Of each field there are three values: the one here, the one in the file, and the one that the file had when the task was
//! taken in the last time, of which [`Origin`] keeps a digest. So it can be told which side changed a field since.

use std::{collections::BTreeMap, fmt::Write as _};

use sha2::{Digest as _, Sha256};

use super::{Arrival, Terms};
use crate::domain::{
    change::Edit,
    task::{Comment, Origin, Project, Tag, Task, Timestamp},
    when::{When, Zone},
};

/// What a task says that a file may say otherwise. What it refers to is not among it.
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
}

impl Field {
    const ALL: [Self; 9] = [
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
        }
    }

    /// Returns what a task says, as text; `None` for nothing.
    fn text(self, task: &Task, comments: &[Comment]) -> Option<String> {
        let text = match self {
            Self::Title => task.title.to_string(),
            Self::Description => task.description.to_string(),
            Self::Status if task.is_deleted() => format!("{}, in the trash", task.status),
            Self::Status => task.status.to_string(),
            Self::Priority => task.priority?.as_str().to_owned(),
            Self::Due => {
                let mut text = task.due?.to_string();
                if let Some(repeat) = &task.repeat {
                    let _ = write!(text, ", {repeat}");
                }
                if let Some(from) = &task.repeat_from {
                    let _ = write!(text, ", moved from {from}");
                }
                text
            }
            Self::DeferUntil => task.defer_until?.to_string(),
            Self::Project => task.project.as_ref()?.to_string(),
            Self::Tags => {
                let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
                tags.join(" ")
            }
            Self::Comments => {
                let texts: Vec<&str> = comments.iter().map(|one| one.text.as_str()).collect();
                texts.join("\n\n")
            }
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Sets it in `task` to what `came` says.
    fn take(self, edit: &mut Edit, here: &[Comment], arrival: &Arrival) {
        let (task, came) = (&mut edit.after, &arrival.task);
        match self {
            Self::Title => task.title = came.title.clone(),
            Self::Description => task.description = came.description.clone(),
            Self::Status => {
                task.status = came.status;
                task.completed_at = came.completed_at;
                task.started_at = came.started_at.or(task.started_at);
                task.deleted_at = came.deleted_at;
            }
            Self::Priority => task.priority = came.priority,
            Self::Due => {
                task.due = came.due;
                task.repeat.clone_from(&came.repeat);
                task.repeat_from = came.repeat_from;
            }
            Self::DeferUntil => task.defer_until = came.defer_until,
            Self::Project => task.project.clone_from(&came.project),
            Self::Tags => task.tags.clone_from(&came.tags),
            Self::Comments => {
                let is_new = |one: &&Comment| here.iter().all(|other| other.text != one.text);
                let new = arrival.comments.iter().filter(is_new).cloned();
                edit.comments.added.extend(new);
            }
        }
    }
}

/// Who changed a field since the file was imported the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The file alone.
    File,
    /// Somebody here alone.
    Here,
    /// Both, or nobody knows.
    Both,
}

/// A field of which a file says something else than the task here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// Who changed it.
    pub side: Side,
    /// What the file says; `None` for nothing.
    pub file: Option<String>,
    /// What is here; `None` for nothing.
    pub here: Option<String>,
}

/// Stands for what a file said of a field when nobody looked.
const UNKNOWN: &str = "?";

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Returns what is kept of a task that is new: what it is called in the file, and what that says of it.
pub(crate) fn origin(arrival: &Arrival) -> Option<Origin> {
    let called = arrival.called.as_ref()?;
    let said = Field::ALL.into_iter().filter_map(|field| {
        let text = field.text(&arrival.task, &arrival.comments)?;
        Some((field.as_str().to_owned(), digest(&text)))
    });
    Some(Origin {
        from: called.from.to_owned(),
        name: called.name.clone(),
        said: said.collect(),
    })
}

/// Compares a task with what a file says of it.
pub(crate) struct Comparison<'a> {
    /// The task.
    pub(crate) here: &'a Task,
    /// Its comments.
    pub(crate) comments: &'a [Comment],
    /// What the file says.
    pub(crate) arrival: &'a Arrival,
    /// The task as it was when we wrote the file ourselves; `None` if another program did, or nobody knows.
    pub(crate) exported: Option<&'a Task>,
    /// How it is to be taken.
    pub(crate) terms: Terms,
    /// Where the caller is.
    pub(crate) zone: Zone,
}

impl Comparison<'_> {
    /// Returns the fields that differ. What a format need not say counts only where it said it once.
    ///
    /// When a task is due, until when it is deferred and, of a series, whether it is done are one matter: where the due date was
    /// changed here, the file does not change the others by itself.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        let fields = Field::ALL.into_iter();
        let mut differences: Vec<_> = fields.filter_map(|field| self.difference(field)).collect();
        let is_moved_here = |one: &Difference| one.field == Field::Due && one.side != Side::File;
        if differences.iter().any(is_moved_here) {
            let is_series = self.here.repeat.is_some();
            let hangs_on_it = |field: Field| match field {
                Field::DeferUntil => true,
                Field::Status => is_series,
                _ => false,
            };
            let others = differences.iter_mut().filter(|one| hangs_on_it(one.field));
            for other in others.filter(|other| other.side == Side::File) {
                other.side = Side::Both;
            }
        }
        differences
    }

    fn difference(&self, field: Field) -> Option<Difference> {
        let file = field.text(&self.arrival.task, &self.arrival.comments);
        let here = field.text(self.here, self.comments);
        let [was_file, was_here] = [&file, &here].map(|text| self.was(field, text.as_deref()));
        let side = match (was_file, was_here) {
            (Some(true), _) => Side::Here,
            // New comments go beside those that were added here.
            (Some(false), _) if field == Field::Comments => Side::File,
            (Some(false), Some(true)) => Side::File,
            _ => Side::Both,
        };
        let is_said =
            self.terms.is_complete || file.is_some() || self.was(field, None) == Some(false);
        let differs = is_said && file != here && self.differs(field, side);
        differs.then_some(Difference {
            field,
            side,
            file,
            here,
        })
    }

    /// Reports whether the file said this the last time; `None` if nobody knows.
    fn was(&self, field: Field, text: Option<&str>) -> Option<bool> {
        let Some(origin) = self.known_origin() else {
            let exported = self.exported?;
            return Some(field.text(exported, self.comments).as_deref() == text);
        };
        let said = origin.said.get(field.as_str()).map(String::as_str);
        (said != Some(UNKNOWN)).then(|| said == text.map(digest).as_deref())
    }

    /// Returns what is kept of the file that this comes from.
    fn known_origin(&self) -> Option<&Origin> {
        let called = self.arrival.called.as_ref()?;
        let origin = self.here.origin.as_ref()?;
        (origin.from == called.from && origin.name == called.name).then_some(origin)
    }

    /// Compares the fields that formats say with less than is here: days for times, blanks as hyphens, marks in the title.
    fn differs(&self, field: Field, side: Side) -> bool {
        let (here, came) = (self.here, &self.arrival.task);
        // The file says it otherwise than before: then all of it counts.
        let is_exact =
            self.terms.is_complete || (side != Side::Here && self.was(field, None).is_some());
        match field {
            Field::Due => {
                (is_exact || self.is_other_day(here.due, came.due))
                    && (here.due, &here.repeat) != (came.due, &came.repeat)
            }
            Field::DeferUntil => is_exact || self.is_other_day(here.defer_until, came.defer_until),
            Field::Project => {
                let hyphened = |project: &Project| project.as_str().replace(' ', "-");
                let is_same =
                    here.project.as_ref().map(hyphened) == came.project.as_ref().map(hyphened);
                let in_title = came.project.as_ref().map(Project::as_str);
                self.terms.is_complete
                    || !is_same && !in_title.is_some_and(|name| self.is_in_title(name))
            }
            Field::Tags => {
                let is_here = |tag: &Tag| here.tags.contains(tag) || self.is_in_title(tag.as_str());
                is_exact || !came.tags.iter().all(is_here)
            }
            Field::Comments => {
                let is_here =
                    |one: &Comment| self.comments.iter().any(|other| other.text == one.text);
                self.terms.is_complete || !self.arrival.comments.iter().all(is_here)
            }
            Field::Title | Field::Description | Field::Status | Field::Priority => true,
        }
    }

    fn is_other_day(&self, here: Option<When>, came: Option<When>) -> bool {
        match (here, came) {
            (Some(here), Some(When::Day(day))) => here.day(self.zone) != day,
            (here, came) => here != came,
        }
    }

    /// Reports whether a mark of the name stands in the title, as it may in a line of todo.txt.
    fn is_in_title(&self, name: &str) -> bool {
        let mut words = self.here.title.as_str().split(' ');
        words.any(|word| word.strip_prefix(['+', '@']) == Some(name))
    }

    /// Returns the edit that takes what changed in the file alone.
    pub(crate) fn update(&self, differences: &[Difference], now: Timestamp) -> Edit {
        let mut edit = Edit::of(self.here);
        for difference in differences {
            if difference.side == Side::File {
                difference
                    .field
                    .take(&mut edit, self.comments, self.arrival);
            }
        }
        if let Some(mut new) = origin(self.arrival) {
            let said = self.known_origin().map(|known| &known.said);
            for difference in differences {
                let name = difference.field.as_str();
                match (difference.side, said) {
                    (Side::File, _) => {}
                    (_, None) => {
                        new.said.insert(name.to_owned(), UNKNOWN.to_owned());
                    }
                    // It stays what the next comparison goes by.
                    (_, Some(said)) => restore(&mut new.said, said, name),
                }
            }
            edit.after.origin = Some(new);
        }
        edit.stamped(now)
    }
}

fn restore(said: &mut BTreeMap<String, String>, before: &BTreeMap<String, String>, name: &str) {
    match before.get(name) {
        Some(digest) => _ = said.insert(name.to_owned(), digest.clone()),
        None => _ = said.remove(name),
    }
}
