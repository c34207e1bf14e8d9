//! What a tool says, within what a model reads at once.

use serde::Serialize;

use super::{ToolAnswer, call::ToolCall};
use crate::{
    domain::{
        command::Outcome,
        error::{Error, Result},
        task::{Summary, Task},
    },
    input::Notes,
    render::{
        self, Detail, TaskObject,
        bounds::{self, FRAME_BYTES, MAX_REPLY_BYTES},
        parts::Parts,
    },
};

/// The line on what else has happened, which may be added to any reply.
const NEWS_BYTES: usize = 300;
/// What a tool may say.
pub(super) const ROOM: usize = MAX_REPLY_BYTES - FRAME_BYTES - NEWS_BYTES;
/// What the names around one part of a reply take: of the fields of an object, of the call that brings the rest.
pub(super) const ROOM_FOR_NAMES: usize = 250;

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

impl ToolCall<'_> {
    /// Returns the object of a task for a reply to a change of it: without its comments, and of its description the
    /// beginning.
    pub(super) fn object<'a>(&self, task: &'a Task, detail: Detail) -> TaskObject<'a> {
        let parts = Parts::of(task).with_short_description(BRIEF_DESCRIPTION);
        TaskObject::new(task, parts, detail, self.caller.zone)
    }

    /// Returns the line of a list for `task`, and what is said after it.
    pub(super) fn line(&self, task: &Summary, after: &str) -> String {
        let line = render::line(task, self.caller.now, self.caller.zone);
        format!("{}{after}", bounds::clipped(&line, MAX_LINE_BYTES))
    }

    /// Answers with the task, or with a line for each of several.
    pub(super) fn answer(
        &self,
        done: &str,
        outcome: &Outcome,
        detail: Detail,
        notes: Notes,
    ) -> Result<ToolAnswer> {
        match outcome.edits.as_slice() {
            [] => Err(Error::Fault),
            [edit] => {
                let task = self.object(&edit.after, detail).with_note(note(notes));
                Ok(object(&task.fitted(ROOM)))
            }
            _ => Ok(self.several(done, outcome, notes)),
        }
    }

    /// Answers with a line for each task, as many as fit.
    pub(super) fn several(&self, done: &str, outcome: &Outcome, notes: Notes) -> ToolAnswer {
        let head = format!("{done} {}:", outcome.edits.len());
        let note = note(notes);
        let taken = bounds::size(&head) + note.as_deref().map_or(0, bounds::size);
        let lines = outcome
            .edits
            .iter()
            .map(|edit| self.line(&edit.after.summary(), ""));
        let filled = bounds::fill(lines, "\n", ROOM - taken - 2 * ROOM_FOR_NAMES);
        let rest = rest(outcome, filled.shown).map(|rest| format!("... and {rest}"));
        let lines: Vec<String> = [head, filled.text]
            .into_iter()
            .chain(rest)
            .chain(note)
            .collect();
        ToolAnswer::Text(lines.join("\n"))
    }

    /// Answers with what an undo did, and how to do it again.
    pub(super) fn undone(&self, outcome: &Outcome) -> ToolAnswer {
        let tasks = outcome.edits.iter().map(|edit| {
            let is_gone = edit.after.is_deleted();
            self.line(
                &edit.after.summary(),
                if is_gone { " (now in the trash)" } else { "" },
            )
        });
        let filled = bounds::fill(tasks, "; ", ROOM - 3 * ROOM_FOR_NAMES);
        let rest =
            rest(outcome, filled.shown).map_or_else(String::new, |rest| format!("; and {rest}"));
        let what = outcome.reverted.map_or_else(String::new, |(group, kind)| {
            format!("the {} of group {group}", kind.as_str())
        });
        let again = outcome.group.map_or_else(String::new, |group| {
            format!(". To do it again: undo group:{group}")
        });
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

fn is_as_before(edit: &crate::domain::change::Edit) -> bool {
    edit.before.as_ref() == Some(&edit.after)
}
