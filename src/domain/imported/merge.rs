//! A task that comes from a file again: what differs, on which side it was changed, and what an update takes.
//!
//! Of each field there are three values: the one here, the one in the file, and the base that both come from. So it can be told
//! which side changed a field since. The base is the last state that both sides have seen: what the file said when the task was
//! taken in the last time, of which [`Origin`](crate::domain::task::Origin) keeps a digest, for another program and for databases of ours each; or the task as
//! it was here when we wrote the file, which the change log still knows. What a file of ours said counts if the present one
//! descends from it: files of ours name the states that the task was in before. So what a third database said is none of this one.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Arrival, Terms};
use crate::domain::{
    change::Edit,
    repeat::Repeat,
    task::{Comment, Project, Tag, Task, Timestamp},
    when::{When, Zone},
};

mod base;
mod field;
mod kept;
mod refers;

use base::Base;
pub use field::Field;
pub(crate) use kept::{origin, passed};
pub(crate) use refers::{Refers, Targets, ids_of};

/// Returns `day` with the time of day that `before` has.
fn on_day_of(before: Option<When>, day: When, zone: Zone) -> When {
    match (before, day) {
        (Some(before), When::Day(day)) => before.on(day, before.zone(zone)),
        (_, day) => day,
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
    /// What the file says, of comments those that are not here; `None` for nothing.
    pub file: Option<String>,
    /// What is here; `None` for nothing.
    pub here: Option<String>,
    /// The way round on which the task would come back to itself, if what the file says were taken.
    pub circle: Option<String>,
}

impl Difference {
    /// Reports whether an update takes what the file says.
    pub fn is_taken(&self) -> bool {
        self.side == Side::File && self.circle.is_none()
    }
}

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
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
    /// The task as it was here when the file was written from it, by us or by another database that had it from us; `None` if
    /// another program wrote it, or nobody knows.
    pub(crate) exported: Option<&'a Task>,
    /// An undo took the task away as it came: what the file says counts, whatever is here.
    pub(crate) comes_back: bool,
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
        if file == here || self.is_alike_in_line(field) {
            return None;
        }
        let [told_file, told_here] = self.told(field, file.clone(), here.clone());
        if self.comes_back {
            return Some(Difference {
                field,
                side: Side::File,
                file: told_file,
                here: told_here,
                circle: None,
            });
        }
        let side = match (self.was_file(field), self.was_here(field, here.as_deref())) {
            (Some(true), _) => Side::Here,
            // New comments go beside those that were added here.
            (Some(false), _) if field == Field::Comments => Side::File,
            (Some(false), Some(true)) => Side::File,
            _ => Side::Both,
        };
        let is_said =
            self.terms.is_complete || file.is_some() || self.said_something(field) == Some(true);
        let told = match field {
            Field::Comments => field.text(&self.arrival.task, &self.new_comments()),
            _ => told_file,
        };
        (is_said && self.differs(field, side)).then_some(Difference {
            field,
            side,
            file: told,
            here: told_here,
            circle: None,
        })
    }

    /// Returns how what the file says and what is here, which differ, are told; as they are compared if they would be told alike.
    fn told(
        &self,
        field: Field,
        file: Option<String>,
        here: Option<String>,
    ) -> [Option<String>; 2] {
        let told = [
            field.told(&self.arrival.task, &self.arrival.comments, self.zone),
            field.told(self.here, self.comments, self.zone),
        ];
        if told[0] == told[1] {
            [file, here]
        } else {
            told
        }
    }

    /// Returns the comments of the file that are not here.
    fn new_comments(&self) -> Vec<Comment> {
        let is_new = |one: &&Comment| self.comments.iter().all(|other| other.text != one.text);
        self.arrival
            .comments
            .iter()
            .filter(is_new)
            .cloned()
            .collect()
    }

    /// Reports whether a line that we would write now says the same as the one of ours that came.
    fn is_alike_in_line(&self, field: Field) -> bool {
        let is_said = !matches!(field, Field::Description | Field::Comments);
        let written = |task| self.exported_text(field, task);
        self.is_line_of_ours() && is_said && written(self.here) == written(&self.arrival.task)
    }

    /// Reports whether the file says what it said before; `None` if nobody knows.
    fn was_file(&self, field: Field) -> Option<bool> {
        let text = field.text(&self.arrival.task, &self.arrival.comments);
        let came = self.exported_text(field, &self.arrival.task);
        let is_as_written = |exported: &Task| {
            let written = self.exported_text(field, exported);
            written
                == if self.is_line_of_ours() {
                    came.clone()
                } else {
                    text.clone()
                }
        };
        // However old it is: nobody changed the file since we wrote it.
        if self.is_written_here() && self.exported.is_some_and(is_as_written) {
            return Some(true);
        }
        match self.base() {
            Base::Said(record) => {
                let is_as_said = record.file(field) == text.as_deref().map(digest).as_ref();
                // A line as we wrote it, and taken otherwise since: nobody knows whether another database changed it back,
                // or never saw what a third one changed.
                let is_as_ever =
                    self.terms.is_line && !is_as_said && self.exported.is_some_and(is_as_written);
                (!is_as_ever).then_some(is_as_said)
            }
            Base::Exported(exported) => Some(is_as_written(exported)),
            Base::Unknown => None,
        }
    }

    /// Reports whether the task here says what it said before; `None` if nobody knows.
    fn was_here(&self, field: Field, text: Option<&str>) -> Option<bool> {
        match self.base() {
            Base::Said(record) => Some(record.here(field) == text.map(digest).as_ref()),
            Base::Exported(exported) => {
                Some(field.text(exported, self.comments).as_deref() == text)
            }
            Base::Unknown => None,
        }
    }

    /// Reports whether the file said anything of the field before; `None` if nobody knows.
    fn said_something(&self, field: Field) -> Option<bool> {
        match self.base() {
            Base::Said(record) => Some(record.file(field).is_some()),
            Base::Exported(exported) => Some(self.exported_text(field, exported).is_some()),
            Base::Unknown => None,
        }
    }

    /// Returns what we wrote of a field of `exported`, as the format can say it.
    fn exported_text(&self, field: Field, exported: &Task) -> Option<String> {
        match field {
            _ if !self.terms.is_line => field.text(exported, self.comments),
            Field::Description | Field::Comments => None,
            Field::Due if self.is_line_of_ours() => {
                let day = exported.due?.day(self.zone);
                let rule = self.rule_in_line(exported).unwrap_or_default();
                Some(format!("{day} {rule}"))
            }
            _ => self.in_line(field, field.text(exported, &[])),
        }
    }

    /// Returns what a line says of how a task repeats; `None` if nothing.
    fn rule_in_line(&self, task: &Task) -> Option<String> {
        let rules = self.terms.rules_in_line?;
        (rules.written)(task.repeat.as_ref()?, task.due, self.zone)
    }

    /// Reports whether another rule was put into a line of ours, or the one that was there taken out.
    fn has_other_rule(&self) -> bool {
        let written = self.exported.map(|exported| self.rule_in_line(exported));
        written.is_some_and(|written| written != self.rule_in_line(&self.arrival.task))
    }

    /// Returns what a line of ours can say of a text that a field has: of the date of deferral the day, of a project no blanks.
    fn in_line(&self, field: Field, text: Option<String>) -> Option<String> {
        if !self.is_line_of_ours() {
            return text;
        }
        match field {
            Field::DeferUntil => text.map(|text| {
                let day = text
                    .parse::<When>()
                    .map(|when| when.day(self.zone).to_string());
                day.unwrap_or(text)
            }),
            Field::Project => text.map(|text| text.replace(' ', "-")),
            _ => text,
        }
    }

    fn is_line_of_ours(&self) -> bool {
        self.terms.is_line && self.exported.is_some()
    }

    /// Reports whether this database wrote the file, and not one that had the task from here.
    fn is_written_here(&self) -> bool {
        let exported = self.exported.zip(self.arrival.versions.first());
        exported.is_some_and(|(task, first)| (task.rev, task.updated_at) == (first.rev, first.at))
    }

    /// Compares the fields that formats say with less than is here: days for times, blanks as hyphens, marks in the title.
    fn differs(&self, field: Field, side: Side) -> bool {
        let (here, came) = (self.here, &self.arrival.task);
        // The file says it otherwise than before: then all of it counts.
        let is_exact =
            self.terms.is_complete || (side != Side::Here && self.said_something(field).is_some());
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
            Field::Comments => self.terms.is_complete || !self.new_comments().is_empty(),
            _ => true,
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

    /// Reports whether the program of a line went on to a later date by what the line says of the rule here.
    fn goes_on(&self) -> bool {
        let dated = |task: &Task| task.repeat.clone().zip(task.due);
        let series = dated(self.here).zip(dated(&self.arrival.task));
        self.terms
            .rules_in_line
            .zip(series)
            .is_some_and(|(rules, ((rule, due), (said, next)))| {
                (rules.goes_on)((&rule, due), (&said, next), self.zone)
            })
    }

    /// Returns the first date of the rule here that comes after the one of this round, and not before the date of the file.
    fn next_of_rule(&self) -> Option<When> {
        const MOST_ROUNDS: usize = 2_000;
        let (zone, here) = (self.zone, self.here);
        let rule = here.repeat.as_ref();
        let rule = rule.filter(|rule| !rule.counts_from_completion())?;
        let (given, date) = (here.repeat_from.or(here.due)?, self.arrival.task.due?);
        let after = |date: &When| rule.after(&given, date, i64::MIN, zone);
        let mut later = std::iter::successors(after(&given), after).take(MOST_ROUNDS);
        later.find(|later| later.day(zone) >= date.day(zone))
    }

    /// Moves the round of a series to the date of a line, which `task` has already. Off its rule it keeps the date that the rule gave,
    /// unless the line says that the round before was done and the rule counts from that.
    fn move_round(&self, task: &mut Task) {
        let zone = self.zone;
        let counts_on = |rule: &Repeat| rule.counts_from_completion() && self.is_round_done();
        if self.here.repeat.as_ref().is_some_and(counts_on) {
            task.repeat_from = None;
            return;
        }
        let next = self.next_of_rule();
        let given = match next.zip(task.due) {
            Some((next, due)) if next.day(zone) == due.day(zone) => {
                task.due = Some(next);
                None
            }
            Some((next, _)) if self.goes_on() => Some(next),
            _ => self.here.repeat_from.or(self.here.due),
        };
        task.repeat_from = given.filter(|given| task.due != Some(*given));
    }

    /// Sets a field in the task that `edit` makes to what the file says.
    fn take(&self, field: Field, edit: &mut Edit) {
        let (task, came) = (&mut edit.after, &self.arrival.task);
        match field {
            // A day, and not every rule, is all that a line can say: the time of day stays, and a rule that was not touched.
            Field::Due if self.is_line_of_ours() => {
                let zone = self.zone;
                task.due = came.due.map(|due| on_day_of(task.due, due, zone));
                task.repeat_from = None;
                if task.due.is_none() || self.has_other_rule() {
                    task.repeat.clone_from(&came.repeat);
                } else if task.repeat.is_some() {
                    self.move_round(task);
                }
            }
            Field::DeferUntil if self.is_line_of_ours() => {
                let until = |until| on_day_of(task.defer_until, until, self.zone);
                task.defer_until = came.defer_until.map(until);
            }
            Field::Title => task.title = came.title.clone(),
            Field::Description => task.description = came.description.clone(),
            Field::Status => {
                task.status = came.status;
                task.completed_at = came.completed_at;
                task.started_at = came.started_at.or(task.started_at);
                task.deleted_at = came.deleted_at;
            }
            Field::Priority => task.priority = came.priority,
            Field::Due => {
                task.due = came.due;
                if self.goes_on() {
                    self.move_round(task);
                } else {
                    task.repeat.clone_from(&came.repeat);
                    task.repeat_from = came.repeat_from;
                }
            }
            Field::DeferUntil => task.defer_until = came.defer_until,
            Field::Project => task.project.clone_from(&came.project),
            Field::Tags => task.tags.clone_from(&came.tags),
            Field::Comments => edit.comments.added.extend(self.new_comments()),
            Field::Parent | Field::DependsOn => {}
        }
    }

    /// Returns the edit that takes what changed in the file alone. What the task refers to stays.
    pub(crate) fn update(&self, differences: &[Difference], now: Timestamp) -> Edit {
        let mut edit = Edit::of(self.here);
        for difference in differences.iter().filter(|one| one.is_taken()) {
            self.take(difference.field, &mut edit);
        }
        if self.comes_back {
            edit.after.deleted_at = self.arrival.task.deleted_at;
        }
        edit.after.origin = self.next_origin(differences, &edit.after);
        edit.stamped(now)
    }

    /// Reports whether a round of a series that is over in the file was done: the file says so, or it is of another database of ours,
    /// where rounds are completed.
    pub(crate) fn is_round_done(&self) -> bool {
        let is_of_other = !self.arrival.versions.is_empty() && !self.is_written_here();
        self.arrival.is_round_done || is_of_other
    }

    /// Returns by what it is told which side changed what the task refers to.
    pub(crate) fn refers(&self) -> Refers {
        if self.comes_back {
            return Refers::Whole;
        }
        match self.base() {
            Base::Said(record) => Refers::said_of(record.said),
            Base::Exported(task) => Refers::exported(task),
            Base::Unknown => Refers::Unknown,
        }
    }
}

/// Reports whether the file says the same of project and tags as when it was taken in the last time.
pub(crate) fn has_marks_of(here: &Task, arrival: &Arrival) -> bool {
    here.origin.as_ref().is_some_and(|origin| {
        [Field::Project, Field::Tags].into_iter().all(|field| {
            let text = field.text(&arrival.task, &arrival.comments);
            origin.said.get(field.as_str()) == text.as_deref().map(digest).as_ref()
        })
    })
}
