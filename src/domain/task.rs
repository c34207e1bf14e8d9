//! A task: its fields, and what each may hold.
//!
//! # Invariants
//!
//! - A value of these types is valid: it was checked and cleaned ([`crate::domain::text::clean`]) when it was made.
//! - Nothing here reads a clock, a file or the environment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    repeat::Repeat,
    when::{When, Zone},
};

pub(crate) mod cut;
mod id;
mod origin;
mod status;
mod text_fields;

pub use id::TaskId;
pub use origin::{Origin, Passed, Version};
pub use status::{Priority, Status};
pub use text_fields::{Actor, CommentText, Description, Project, Tag, Title};

/// A value that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Invalid {
    /// The field, as callers name it.
    pub field: &'static str,
    /// What is wrong with the value; reads on after the field's name.
    pub reason: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }

    /// Says that it is about the task `number`, from 1, of several in one call.
    pub(crate) fn of(self, number: usize) -> Self {
        Self::new("tasks", format!("number {number}: {self}"))
    }
}

/// Returns at most `max` characters of `text`, with an ellipsis where something was cut.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An instant, in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }
}

/// A task as it stands. Serialized, it is the form the change log keeps; what people see is made by
/// [`crate::render`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// What is to be done.
    pub title: Title,
    /// What there is to say beyond that.
    #[serde(default)]
    pub description: Description,
    /// Where it stands.
    pub status: Status,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When work on it began; `None` before that.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was completed; `None` unless its status is `completed`.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// Who added it.
    pub created_by: Actor,
    /// How often it was changed, counting from 1 when it was added.
    pub rev: i64,
    /// When it was moved to the trash; `None` while it is not there.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    /// How much it matters; `None` if nobody said.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// When it is to be done.
    #[serde(default)]
    pub due: Option<When>,
    /// Until when it is out of the way.
    #[serde(default)]
    pub defer_until: Option<When>,
    /// How it comes again once it is completed.
    #[serde(default)]
    pub repeat: Option<Repeat>,
    /// Where the rule had put this instance; `None` unless it was moved since.
    #[serde(default)]
    pub repeat_from: Option<When>,
    /// What it belongs to.
    #[serde(default)]
    pub project: Option<Project>,
    /// The words to find it by.
    #[serde(default)]
    pub tags: BTreeSet<Tag>,
    /// The task it is a part of.
    #[serde(default)]
    pub parent: Option<TaskId>,
    /// The tasks that must be closed before it can be worked on.
    #[serde(default)]
    pub depends_on: BTreeSet<TaskId>,
    /// What it is called in the file that it came from.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// What a list shows of a task: neither its description nor its comments, which may be long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its number.
    pub id: TaskId,
    /// What is to be done.
    pub title: Title,
    /// Where it stands.
    pub status: Status,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was completed; `None` unless its status is `completed`.
    pub completed_at: Option<Timestamp>,
    /// When it was moved to the trash; `None` while it is not there.
    pub deleted_at: Option<Timestamp>,
    /// How much it matters; `None` if nobody said.
    pub priority: Option<Priority>,
    /// When it is to be done.
    pub due: Option<When>,
    /// Until when it is out of the way.
    pub defer_until: Option<When>,
    /// How it comes again once it is completed.
    pub repeat: Option<Repeat>,
    /// What it belongs to.
    pub project: Option<Project>,
    /// The words to find it by.
    pub tags: BTreeSet<Tag>,
    /// The task it is a part of.
    pub parent: Option<TaskId>,
    /// The open tasks that must be closed before it can be worked on.
    pub blockers: BTreeSet<TaskId>,
    /// It stands for a finished round of a series: completed, and due when that round was. The task itself went on.
    pub is_round: bool,
}

impl Summary {
    /// Returns `task` as the list has it.
    #[must_use]
    pub fn shown_of(&self, task: Task) -> Task {
        if !self.is_round {
            return task;
        }
        Task {
            status: self.status,
            completed_at: self.completed_at,
            due: self.due,
            ..task
        }
    }

    /// Reports whether it is open: not finished, not given up, not in the trash.
    pub fn is_open(&self) -> bool {
        self.status.is_open() && !self.is_deleted()
    }

    /// Reports whether it is in the trash.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// A task with all of its comments, oldest first. Most callers need the task alone: comments are rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskWithComments {
    /// The task.
    pub task: Task,
    /// Its comments.
    pub comments: Vec<Comment>,
}

/// A remark on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// What it says.
    pub text: CommentText,
}

impl Task {
    /// The most tags a task may have.
    pub const MAX_TAGS: usize = 64;

    /// Returns a pending task that `created_by` has just made, with nothing said but its title.
    pub(crate) fn new(id: TaskId, title: Title, created_by: Actor, created_at: Timestamp) -> Self {
        Self {
            id,
            title,
            description: Description::default(),
            status: Status::Pending,
            created_at,
            updated_at: created_at,
            started_at: None,
            completed_at: None,
            created_by,
            rev: 1,
            deleted_at: None,
            priority: None,
            due: None,
            defer_until: None,
            repeat: None,
            repeat_from: None,
            project: None,
            tags: BTreeSet::new(),
            parent: None,
            depends_on: BTreeSet::new(),
            origin: None,
        }
    }

    pub(crate) fn refuse_too_many_tags(count: usize) -> Result<(), Invalid> {
        if count > Self::MAX_TAGS {
            let reason = format!("are {count}, {} are the most", Self::MAX_TAGS);
            return Err(Invalid::new("tags", reason));
        }
        Ok(())
    }

    /// Reports whether it is open: not finished, not given up, not in the trash.
    pub fn is_open(&self) -> bool {
        self.status.is_open() && !self.is_deleted()
    }

    /// Reports whether it is in the trash.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Reports whether the day or the time from which on it is to be done has not come.
    pub fn is_deferred(&self, now_ms: i64, zone: Zone) -> bool {
        self.defer_until
            .is_some_and(|until| !until.has_come(now_ms, zone))
    }

    /// Returns what a list shows of it.
    pub fn summary(&self) -> Summary {
        Summary {
            id: self.id,
            title: self.title.clone(),
            status: self.status,
            updated_at: self.updated_at,
            completed_at: self.completed_at,
            deleted_at: self.deleted_at,
            priority: self.priority,
            due: self.due,
            defer_until: self.defer_until,
            repeat: self.repeat.clone(),
            project: self.project.clone(),
            tags: self.tags.clone(),
            parent: self.parent,
            blockers: self.depends_on.clone(),
            is_round: false,
        }
    }

    /// Moves it to `status` at `now`, with the times that go with it. The same status changes nothing.
    pub(crate) fn set_status(&mut self, status: Status, now: Timestamp) {
        if self.status == status {
            return;
        }
        self.status = status;
        self.completed_at = (status == Status::Completed).then_some(now);
        self.started_at = match status {
            Status::Pending => None,
            Status::InProgress => Some(now),
            Status::Completed | Status::Cancelled => self.started_at,
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_read_from_a_number_a_string_or_a_hash() {
        for given in [json!(12), json!("12"), json!("#12"), json!(" 12 ")] {
            let id: TaskId = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(id.get(), 12, "{given}");
        }
    }

    #[test]
    fn what_is_no_id_is_named_in_the_refusal() {
        let cases = [
            (json!(0), "0"),
            (json!(-1), "-1"),
            (json!(9_223_372_036_854_775_808_u64), "9223372036854775808"),
            (json!(1.5), "1.5"),
            (json!("abc"), "\"abc\""),
            (json!("+3"), "\"+3\""),
            (json!("9223372036854775808"), "\"9223372036854775808\""),
            (json!(null), "null"),
            (json!([1]), "[1]"),
        ];
        for (given, named) in cases {
            let refusal = serde_json::from_value::<TaskId>(given)
                .unwrap_err()
                .to_string();
            assert_eq!(
                refusal,
                format!("task_id must be a whole number from 1, like 12; {named} is none")
            );
        }
    }

    #[test]
    fn a_title_is_one_visible_line_of_500_characters() {
        let ok = ["x", "  padded  ", "a\tb", &"é".repeat(500)];
        for raw in ok {
            assert!(Title::cleaned(raw).is_ok(), "{raw:?}");
        }
        let refused = [
            ("", "is blank"),
            (" \n\t ", "is blank"),
            ("\u{200b}\u{202e}", "is blank"),
            ("\u{2800}", "is blank"),
            ("one\ntwo", "has more than one line"),
            ("one\u{2028}two", "has more than one line"),
            (&"é".repeat(501), "has 501 characters, 500 are the most"),
        ];
        for (raw, reason) in refused {
            let refusal = Title::cleaned(raw).unwrap_err();
            assert!(refusal.reason.starts_with(reason), "{raw:?}: {refusal}");
        }
    }

    #[test]
    fn a_title_loses_its_padding_and_says_what_else_it_lost() {
        assert_eq!(
            Title::cleaned("  a\tb ").unwrap(),
            (Title::try_from("a b".to_owned()).unwrap(), false)
        );
        assert_eq!(
            Title::cleaned("a\u{200b}b").unwrap(),
            (Title::try_from("ab".to_owned()).unwrap(), true)
        );
    }

    /// Asserts that what a field holds is what it would hold if it were given that.
    macro_rules! assert_settled {
        ($raw:expr, $($field:ident),*) => {$(
            if let Ok((value, _)) = $field::cleaned(&$raw) {
                assert_eq!($field::cleaned(value.as_str()).unwrap(), (value, false), "{:?}", $raw);
            }
        )*};
    }

    proptest::proptest! {
        #[test]
        fn what_a_field_holds_can_be_given_again(
            raw in "([#@ \u{a0}\t\n\u{200d}\u{fe0f}\u{20e3}\u{2800}👩🚀aه\u{301}]|\\PC){0,90}"
        ) {
            assert_settled!(raw, Title, Description, Actor, Project, Tag, CommentText);
        }
    }

    #[test]
    fn a_tag_that_begins_with_signs_and_blanks_is_the_same_when_given_again() {
        for raw in ["# #x", "@ @x", " #\u{a0}x", "+x", "#-x", "-- x"] {
            assert_settled!(raw, Tag);
            assert_eq!(Tag::cleaned(raw).unwrap().0.as_str(), "x", "{raw:?}");
        }
    }

    #[test]
    fn a_description_ends_at_64_kib() {
        assert!(Description::cleaned(&"x".repeat(65_536)).is_ok());
        let refusal = Description::cleaned(&"x".repeat(65_537)).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "description has 65537 bytes, 65536 are the most"
        );
    }

    #[test]
    fn an_actor_is_one_short_line_whatever_the_client_says() {
        let cases = [
            ("claude-ai", "claude-ai"),
            (" a\nb ", "a b"),
            ("", "unknown"),
            ("\u{202e}", "unknown"),
        ];
        for (name, actor) in cases {
            assert_eq!(Actor::named(name).as_str(), actor, "{name:?}");
        }
        assert_eq!(Actor::named(&"x".repeat(1000)).as_str().len(), 64);
    }

    #[test]
    fn a_status_is_read_from_the_words_people_use() {
        let cases = [
            ("todo", Status::Pending),
            ("In Progress", Status::InProgress),
            ("in-progress", Status::InProgress),
            ("WIP", Status::InProgress),
            ("done", Status::Completed),
            ("canceled", Status::Cancelled),
        ];
        for (word, status) in cases {
            assert_eq!(word.parse(), Ok(status), "{word}");
        }
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("urgent".parse::<Status>().is_err());
    }

    #[test]
    fn the_times_follow_the_status() {
        let at = Timestamp::from_millis;
        let title = Title::try_from("x".to_owned()).unwrap();
        let mut task = Task::new(TaskId::FIRST, title, Actor::named("cli"), at(0));
        let steps = [
            (Status::InProgress, 1, Some(at(1)), None),
            (Status::InProgress, 2, Some(at(1)), None),
            (Status::Completed, 3, Some(at(1)), Some(at(3))),
            (Status::Pending, 4, None, None),
            (Status::Completed, 5, None, Some(at(5))),
            (Status::Cancelled, 6, None, None),
        ];
        for (status, now, started_at, completed_at) in steps {
            task.set_status(status, at(now));
            assert_eq!(
                (task.started_at, task.completed_at),
                (started_at, completed_at),
                "{now}"
            );
        }
    }
}
