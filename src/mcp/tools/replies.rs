//! What a tool says, within what a model reads at once.

use serde::Serialize;

use super::{
    ToolAnswer,
    call::ToolCall,
    said::{cleared, unsaid},
};
use crate::{
    domain::{
        change::Edit,
        command::Outcome,
        error::{Error, Result},
        task::{Summary, shortened},
    },
    input::{GivenFields, Notes},
    render::{
        self, Detail, TaskObject,
        bounds::{self, FRAME_BYTES, MAX_REPLY_BYTES},
        parts::Parts,
    },
};

/// The line on what else has happened, which may be added to any reply.
const NEWS_BYTES: usize = 300;
/// What a tool may say.
pub(super) const ROOM: usize = MAX_REPLY_BYTES - FRAME_BYTES - NEWS_BYTES - render::AGE_BYTES;
/// What the names around one part of a reply take: of the fields of an object, of the call that brings the rest.
pub(super) const ROOM_FOR_NAMES: usize = 250;

/// What the names of cleared fields take beside an object.
const ROOM_FOR_CLEARED: usize = 60;

/// The most of one task in a list.
const MAX_LINE_BYTES: usize = 2_600;
/// The most that is said beside a result.
const MAX_NOTE_BYTES: usize = 2_600;
/// How much of a description a reply repeats, in characters.
const BRIEF_DESCRIPTION: usize = 200;

/// Returns the notes as one text, and how many more there are than fit; `None` if there are none.
pub(super) fn note(notes: Notes) -> Option<String> {
    let notes = notes.lines();
    let count = notes.len();
    let filled = bounds::fill(notes, "; ", MAX_NOTE_BYTES);
    match count - filled.shown {
        _ if count == 0 => None,
        0 => Some(filled.text),
        more => Some(format!("{}; and {more} more notes", filled.text)),
    }
}

pub(super) fn object(value: &impl Serialize) -> ToolAnswer {
    ToolAnswer::Object(
        serde_json::to_string(value).expect("an object of strings and numbers serializes"),
    )
}

/// What a reply tells of each task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the tutorial's clients know of it.
    Whole,
    /// What changed, and the revision.
    Changes,
    /// As [`Kind::Whole`], named as deleted.
    Deleted,
}

/// The reply on one task.
#[derive(Serialize)]
struct One<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cleared: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// The reply on one task that was deleted, or on several.
#[derive(Default, Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    /// The ids, in the order of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<One<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Deleted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Deleted<'a> {
    One(Box<TaskObject<'a>>),
    Several(Vec<One<'a>>),
}

impl ToolCall<'_> {
    /// Returns the line of a list for `task`, and what is said after it.
    pub(super) fn line(&self, task: &Summary, after: &str) -> String {
        let line = render::line(task, self.caller.now, self.caller.zone);
        format!("{}{after}", bounds::clipped(&line, MAX_LINE_BYTES))
    }

    /// Answers with the task, or with each of several: what a change came to, and nothing that the call said. `given` is what it
    /// said, of all tasks or of each.
    pub(super) fn answer(
        &self,
        kind: Kind,
        outcome: &Outcome,
        given: &[GivenFields],
        notes: Notes,
    ) -> Result<ToolAnswer> {
        let [edit] = outcome.edits.as_slice() else {
            return self.several(kind, outcome, given.first(), notes);
        };
        let (zone, note) = (self.caller.zone, note(notes));
        let comment = comment(outcome).filter(|_| kind == Kind::Changes);
        let detail = match kind {
            Kind::Changes => Detail::Changes,
            Kind::Whole | Kind::Deleted => Detail::Contract,
        };
        let parts = Parts::of(&edit.after).with_short_description(BRIEF_DESCRIPTION);
        let taken = [&note, &comment].map(|text| text.as_deref().map_or(0, bounds::size));
        let mut task = TaskObject::new(&edit.after, parts, detail, zone).with_fields(unsaid(
            edit,
            outcome,
            given.first(),
            zone,
        ));
        if kind == Kind::Changes && says_title(edit, outcome, given) {
            task = task.without_title();
        }
        let task = task.fitted(ROOM - taken.iter().sum::<usize>() - ROOM_FOR_NAMES);
        Ok(match kind {
            Kind::Deleted => object(&Many {
                success: Some(true),
                deleted: Some(Deleted::One(Box::new(task))),
                note,
                ..Many::default()
            }),
            Kind::Whole | Kind::Changes => object(&One {
                task,
                cleared: cleared(edit).filter(|_| kind == Kind::Changes).collect(),
                comment,
                note,
            }),
        })
    }

    fn several(
        &self,
        kind: Kind,
        outcome: &Outcome,
        given: Option<&GivenFields>,
        notes: Notes,
    ) -> Result<ToolAnswer> {
        if outcome.edits.is_empty() {
            return Err(Error::Fault);
        }
        let edits = outcome.edits.iter();
        let objects = edits.map(|edit| self.one_of_several(kind, edit, outcome, given));
        let (note, comment) = (note(notes), comment(outcome));
        let taken = [&note, &comment].map(|text| text.as_deref().map_or(0, bounds::size));
        let tasks = fitting(
            objects,
            ROOM - taken.iter().sum::<usize>() - 2 * ROOM_FOR_NAMES,
        );
        let reply = Many {
            more: rest(outcome, tasks.len()),
            comment: comment.filter(|_| kind == Kind::Changes),
            note,
            ..Many::default()
        };
        Ok(match kind {
            Kind::Deleted => object(&Many {
                success: Some(true),
                deleted: Some(Deleted::Several(tasks)),
                ..reply
            }),
            Kind::Whole | Kind::Changes => object(&Many { tasks, ..reply }),
        })
    }

    /// Answers with the ids of the tasks of a list that was added, and with what became of those of which the call did not say it.
    /// Where the call was made before, with all of them.
    pub(super) fn added(
        &self,
        outcome: &Outcome,
        given: &[GivenFields],
        notes: Notes,
    ) -> ToolAnswer {
        let zone = self.caller.zone;
        let edits = outcome.edits.iter().zip(0..);
        let told: Vec<_> = edits
            .filter(|(edit, place)| {
                outcome.is_repeat || !unsaid(edit, outcome, given.get(*place), zone).is_empty()
            })
            .collect();
        let objects = told.iter().map(|(edit, place)| {
            self.one_of_several(Kind::Whole, edit, outcome, given.get(*place))
        });
        let note = note(notes);
        let taken = note.as_deref().map_or(0, bounds::size);
        let tasks = fitting(objects, ROOM - taken - 2 * ROOM_FOR_NAMES);
        let left = bounds::ranges(told[tasks.len()..].iter().map(|(edit, _)| edit.after.id));
        object(&Many {
            added: Some(bounds::ranges(
                outcome.edits.iter().map(|edit| edit.after.id),
            )),
            more: (!left.is_empty()).then(|| format!("get_task shows {left}")),
            tasks,
            note,
            ..Many::default()
        })
    }

    fn one_of_several<'a>(
        &self,
        kind: Kind,
        edit: &'a Edit,
        outcome: &Outcome,
        given: Option<&GivenFields>,
    ) -> One<'a> {
        let detail = match kind {
            Kind::Changes => Detail::Changes,
            Kind::Whole | Kind::Deleted => Detail::Named,
        };
        let zone = self.caller.zone;
        let task = TaskObject::new(&edit.after, Parts::of(&edit.after), detail, zone)
            .with_fields(unsaid(edit, outcome, given, zone))
            .fitted(MAX_LINE_BYTES);
        One {
            task,
            cleared: cleared(edit).filter(|_| kind == Kind::Changes).collect(),
            comment: None,
            note: None,
        }
    }

    /// Answers with what an undo did, and how to do it again.
    pub(super) fn undone(&self, outcome: &Outcome) -> ToolAnswer {
        let tasks = outcome.edits.iter().map(|edit| {
            let is_gone = edit.after.is_deleted();
            self.line(
                &outcome.summary_of(edit),
                if is_gone { " (now in the trash)" } else { "" },
            )
        });
        let filled = bounds::fill(tasks, "; ", ROOM - 3 * ROOM_FOR_NAMES);
        let rest =
            rest(outcome, filled.shown).map_or_else(String::new, |rest| format!("; and {rest}"));
        let what = outcome.reverted.map_or_else(String::new, |(group, kind)| {
            format!("the {} of group {group}", kind.as_str())
        });
        let again = outcome
            .group
            .map_or_else(String::new, |group| format!(". Redo: undo group:{group}"));
        ToolAnswer::Text(format!("Undone: {what}: {}{rest}{again}", filled.text))
    }
}

/// Says how many tasks come after those `shown`, which, and which call tells of them; `None` if none do.
fn rest(outcome: &Outcome, shown: usize) -> Option<String> {
    let (told, left) = outcome.edits.split_at(shown);
    if left.is_empty() {
        return None;
    }
    let ids = bounds::ranges(left.iter().map(|edit| edit.after.id));
    let call = match outcome.group {
        // The changes of a group are numbered from the group's own number on.
        Some(group) => {
            let is_change = |edit: &&_| !is_as_before(edit);
            let changes = i64::try_from(told.iter().filter(is_change).count()).unwrap_or(0);
            format!(
                "list_tasks view:\"changed\" cursor:\"changed.{}\"",
                group - 1 + changes
            )
        }
        None => "get_task shows each".to_owned(),
    };
    Some(format!("{} more ({ids}): {call}", left.len()))
}

/// Reports whether the call itself gave the task the title it has.
fn says_title(edit: &Edit, outcome: &Outcome, given: &[GivenFields]) -> bool {
    let title = given.first().and_then(|given| given.title.as_deref());
    !outcome.is_repeat && title == Some(edit.after.title.as_str())
}

/// Says which tasks the call found as it asked for; `None` if it changed all of them.
pub(super) fn unchanged(outcome: &Outcome) -> Option<String> {
    if outcome.group.is_none() {
        return Some("nothing changed".to_owned());
    }
    let unchanged = outcome.edits.iter().filter(|edit| is_as_before(edit));
    let ids = bounds::ranges(unchanged.map(|edit| edit.after.id));
    (!ids.is_empty()).then(|| format!("nothing changed in {ids}"))
}

fn is_as_before(edit: &Edit) -> bool {
    edit.before.as_ref() == Some(&edit.after)
}

/// Returns as many of the first as take at most `room`; one in any case.
fn fitting<'a>(objects: impl Iterator<Item = One<'a>>, room: usize) -> Vec<One<'a>> {
    let mut left = room;
    let mut fitting = Vec::new();
    for one in objects {
        let size = one.task.size() + ROOM_FOR_CLEARED + ",".len();
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None if fitting.is_empty() => left = 0,
            None => break,
        }
        fitting.push(one);
    }
    fitting
}

/// Returns the beginning of the comment that a call has appended.
fn comment(outcome: &Outcome) -> Option<String> {
    let added = outcome.edits.first()?.comments.added.last()?;
    Some(shortened(added.text.as_str(), BRIEF_DESCRIPTION))
}
