//! What a command did, told the same way by all of them: a line for each task, or one JSON object.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use serde::Serialize;

use super::{CliResult, Context, table};
use crate::{
    domain::{advice::on_dates, change::GroupId, command::Outcome, error::Result},
    render::TaskObject,
};

/// The words for a task that a command changed, and for one it found as it was asked to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verbs {
    pub(super) done: &'static str,
    pub(super) unchanged: &'static str,
}

/// What `--json` prints after a change.
#[derive(Serialize)]
struct Report<'a> {
    /// The change group; none if nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupId>,
    /// On undo: the group that was reverted.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverted: Option<GroupId>,
    /// Each task as it is now.
    tasks: Vec<TaskObject<'a>>,
    /// Those that were so already.
    unchanged: Vec<i64>,
    notes: &'a [String],
}

impl Context {
    /// Prints what `outcome` did to each task, then the notes: as part of the JSON, else on stderr.
    pub(super) fn report(&self, outcome: &Outcome, verbs: Verbs, notes: &[String]) -> CliResult {
        self.report_first(usize::MAX, outcome, verbs, notes)
    }

    /// Likewise for the first `most` tasks, and how many more there are; as JSON for all.
    pub(super) fn report_first(
        &self,
        most: usize,
        outcome: &Outcome,
        verbs: Verbs,
        notes: &[String],
    ) -> CliResult {
        let is_unchanged =
            |edit: &crate::domain::change::Edit| edit.before.as_ref() == Some(&edit.after);
        if self.screen.json {
            let store = self.reader()?;
            let tasks = outcome
                .edits
                .iter()
                .map(|edit| store.with_comments(edit.after.clone()))
                .collect::<Result<Vec<_>>>()?;
            let report = Report {
                group: outcome.group,
                reverted: outcome.reverted.map(|(group, _)| group),
                tasks: tasks
                    .iter()
                    .map(|whole| TaskObject::whole(&whole.task, &whole.comments, self.caller.zone))
                    .collect(),
                unchanged: outcome
                    .edits
                    .iter()
                    .filter(|edit| is_unchanged(edit))
                    .map(|edit| edit.after.id.get())
                    .collect(),
                notes,
            };
            return Ok(self.screen.print_json(&report)?);
        }
        if outcome.edits.is_empty() {
            self.say_none_named();
        }
        let mut lines = String::new();
        for edit in outcome.edits.iter().take(most) {
            let word = if is_unchanged(edit) {
                verbs.unchanged
            } else {
                verbs.done
            };
            let line = table::line(&outcome.summary_of(edit), self.caller.now, self.caller.zone);
            let _ = writeln!(lines, "{word} {line}");
        }
        self.screen.print(&lines)?;
        let more = outcome.edits.len().saturating_sub(most);
        if more > 0 {
            say(&[format!("and {more} more tasks; --json prints them all")]);
        }
        say(notes);
        Ok(())
    }

    /// Says, unless as JSON, that no task was to be changed: the list on standard input, or that of `--where`, was empty.
    pub(super) fn say_none_named(&self) {
        if !self.screen.json {
            say(&["no task is named; nothing was changed".to_owned()]);
        }
    }

    /// Reports what closing tasks did, with what it leaves behind.
    pub(super) fn report_closed(&self, outcome: &Outcome, verbs: Verbs) -> CliResult {
        let (now, zone) = (self.caller.now, self.caller.zone);
        let mut notes = outcome.advice.on_closing(&outcome.edits, zone);
        notes.extend(on_dates(&outcome.edits, now, zone));
        self.report(outcome, verbs, &notes)
    }
}

/// Says on stderr what is good to know beside the result.
pub(super) fn say(notes: &[String]) {
    for note in notes {
        // Without stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "note: {note}");
    }
}
