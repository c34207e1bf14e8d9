//! A card of the board as a JSON object.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::instant;
use crate::domain::{
    card::Card,
    task::{Priority, Project, TaskId},
    when::Zone,
};

/// A card as a JSON object, in the words of `list --json`. Fields that do not apply are left out.
///
/// Dates are ISO 8601: a day, a time with its offset in `zone`, or a time without one where clocks decide; the first ten
/// characters are always the day where the user is. `repeat` is the rule (RFC 5545), `repeat_words` is what people say for it.
/// Of the description and the comments it is said whether, and how many, there are.
#[derive(Clone, Copy, Debug)]
pub struct CardObject<'a> {
    /// The card.
    pub card: &'a Card,
    /// Where the user is.
    pub zone: Zone,
}

impl Serialize for CardObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (card, task, zone) = (self.card, &self.card.summary, self.zone);
        let time = |at| instant(at, zone);
        let mut map = serializer.serialize_map(None)?;
        macro_rules! field {
            ($name:literal, $value:expr) => {
                if let Some(value) = $value {
                    map.serialize_entry($name, &value)?;
                }
            };
        }
        field!("id", Some(task.id.get()));
        field!("title", Some(task.title.as_str()));
        field!("status", Some(task.status.as_str()));
        field!("priority", task.priority.map(Priority::as_str));
        field!("due", task.due.map(|due| due.iso(zone)));
        field!("due_zone", task.due.and_then(|due| due.other_zone(zone)));
        field!("defer_until", task.defer_until.map(|until| until.iso(zone)));
        field!("repeat", task.repeat.as_ref().map(ToString::to_string));
        let words = task.repeat.as_ref().map(|repeat| repeat.words(zone));
        field!("repeat_words", words);
        field!("project", task.project.as_ref().map(Project::as_str));
        field!("tags", (!task.tags.is_empty()).then_some(&task.tags));
        field!("parent", task.parent.map(TaskId::get));
        let blockers = (!task.blockers.is_empty()).then_some(&task.blockers);
        field!("blocked_by", blockers);
        let parts = (card.parts > 0).then_some((card.parts, card.closed_parts));
        field!("parts", parts.map(|(all, _)| all));
        field!("parts_closed", parts.map(|(_, closed)| closed));
        field!("has_description", card.has_description.then_some(true));
        field!("comments", (card.comments > 0).then_some(card.comments));
        field!("created_at", Some(time(card.created_at)));
        field!("updated_at", Some(time(task.updated_at)));
        field!("started_at", card.started_at.map(time));
        field!("completed_at", task.completed_at.map(time));
        field!("deleted_at", task.deleted_at.map(time));
        field!("created_by", Some(card.created_by.as_str()));
        field!("rev", Some(card.rev));
        // A finished round of a series, beside the task itself, which went on under the same id.
        field!("round", task.is_round.then_some(true));
        map.end()
    }
}
