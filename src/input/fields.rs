//! The fields of a task as a caller wrote them, read into a draft or a patch: one way for tools, command line and editor.

use std::{collections::BTreeSet, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::{Notes, quick_words::Field, read_date};
use crate::domain::{
    command::{Caller, Draft, Patch, Reference},
    error::Result,
    repeat::{Repeat, Start},
    task::{CommentText, Description, Invalid, Priority, Project, Status, Tag, TaskId, Title},
    when::{When, time_alone},
};

/// A value to set, or that the field is to be cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clearable<T> {
    Clear,
    Set(T),
}

impl<T> Clearable<T> {
    /// Returns the value; `None` if the field is to be cleared.
    pub(crate) fn set(self) -> Option<T> {
        match self {
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Returns the value as another.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Clearable<U> {
        match self {
            Self::Clear => Clearable::Clear,
            Self::Set(value) => Clearable::Set(map(value)),
        }
    }
}

impl Clearable<String> {
    /// Reads the value.
    pub(crate) fn parsed<T: FromStr>(self) -> std::result::Result<Clearable<T>, T::Err> {
        Ok(match self {
            Self::Clear => Clearable::Clear,
            Self::Set(text) => Clearable::Set(text.parse()?),
        })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if is_none(&text) => Ok(Self::Clear),
            value => T::deserialize(value)
                .map(Self::Set)
                .map_err(serde::de::Error::custom),
        }
    }
}

/// The schema names the values that set the field; the words that clear it are accepted beside them.
impl<T: JsonSchema> JsonSchema for Clearable<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Reports whether a program writes this for no value.
pub(crate) fn is_none(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "none" | "null")
}

/// The fields that a caller gave, as it wrote them; `None` where a field was not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenFields {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) priority: Option<Clearable<Priority>>,
    pub(crate) due: Option<Clearable<String>>,
    pub(crate) defer_until: Option<Clearable<String>>,
    pub(crate) repeat: Option<Clearable<String>>,
    pub(crate) project: Option<Clearable<String>>,
    /// All tags.
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) add_tags: Vec<String>,
    pub(crate) remove_tags: Vec<String>,
    pub(crate) parent: Option<Clearable<Reference>>,
    /// All dependencies.
    pub(crate) depends_on: Option<Vec<Reference>>,
    pub(crate) comment: Option<String>,
    /// The fields whose words were taken as others, as `urgent` for `high`.
    pub(crate) reworded: Vec<&'static str>,
}

/// The fields whose texts had to be read.
struct ReadFields {
    title: Option<Title>,
    description: Option<Description>,
    due: Option<Clearable<When>>,
    defer_until: Option<Clearable<When>>,
    repeat: Option<Clearable<Repeat>>,
    start: Start,
    project: Option<Clearable<Project>>,
    tags: Option<BTreeSet<Tag>>,
    add_tags: BTreeSet<Tag>,
}

impl GivenFields {
    /// Takes tags as a list has them: all that the task is to have, or with `+` and `-` those to add and to take away. A list
    /// with both is refused.
    pub(crate) fn take_tags(&mut self, words: Vec<String>) -> std::result::Result<(), Invalid> {
        let is_signed = |word: &&String| word.trim_start().starts_with(['+', '-']);
        let signed = words.iter().filter(is_signed).count();
        if signed == 0 {
            self.tags = Some(words);
            return Ok(());
        }
        if signed < words.len() {
            return Err(Invalid::new(
                "tags",
                "are all tags (a, b), or changes to them (+a, -b), not both in one call",
            ));
        }
        for word in words {
            let word = word.trim();
            match word.strip_prefix('-') {
                Some(taken) => self.remove_tags.push(taken.to_owned()),
                None => self.add_tags.push(word.trim_start_matches('+').to_owned()),
            }
        }
        Ok(())
    }

    /// Returns the draft that they make. Without a title it is refused as one with an empty title is.
    pub(crate) fn draft(&self, notes: &mut Notes, caller: &Caller) -> Result<Draft> {
        let read = self.read(notes, caller, false)?;
        let mut tags = read.tags.unwrap_or_default();
        tags.extend(read.add_tags);
        Ok(Draft {
            title: match read.title {
                Some(title) => title,
                None => Title::try_from(String::new())?,
            },
            description: read.description.unwrap_or_default(),
            priority: self.priority.and_then(Clearable::set),
            due: read.due.and_then(Clearable::set),
            defer_until: read.defer_until.and_then(Clearable::set),
            repeat: read.repeat.and_then(Clearable::set),
            start: read.start,
            project: read.project.and_then(Clearable::set),
            tags,
            parent: self.parent.and_then(Clearable::set),
            depends_on: self.depends_on.iter().flatten().copied().collect(),
        })
    }

    /// Returns the patch that sets them.
    pub(crate) fn patch(&self, notes: &mut Notes, caller: &Caller) -> Result<Patch> {
        let read = self.read(notes, caller, true)?;
        let depends_on = self.depends_on.as_ref();
        Ok(Patch {
            title: read.title,
            description: read.description,
            status: self.status,
            priority: self.priority.map(Clearable::set),
            due: read.due.map(Clearable::set),
            due_time: alone(self.due.as_ref()).map(|(start, _)| start),
            defer_until: read.defer_until.map(Clearable::set),
            defer_time: alone(self.deferral().as_ref()).map(|(start, _)| start),
            repeat: read.repeat.map(Clearable::set),
            start: read.start,
            project: read.project.map(Clearable::set),
            tags: read.tags,
            add_tags: read.add_tags,
            remove_tags: notes.tags(&self.remove_tags)?,
            parent: match self.parent {
                Some(Clearable::Set(parent)) => Some(Some(id_of("parent", parent)?)),
                Some(Clearable::Clear) => Some(None),
                None => None,
            },
            depends_on: depends_on
                .map(|ids| {
                    ids.iter()
                        .map(|id| id_of("depends_on", *id))
                        .collect::<Result<_>>()
                })
                .transpose()?,
            comment: self
                .comment
                .as_deref()
                .map(|text| notes.text(CommentText::cleaned(text)))
                .transpose()?,
            undelete: false,
        })
    }

    /// Returns the date until which the task is deferred, without the words that lists put before it.
    fn deferral(&self) -> Option<Clearable<String>> {
        let given = self.defer_until.clone()?;
        Some(match given {
            Clearable::Set(text) => Clearable::Set(Field::deferred_until(&text).to_owned()),
            Clearable::Clear => Clearable::Clear,
        })
    }

    /// Reads the texts. A time alone `keeps_days` that tasks have: which day it is cannot be said here.
    fn read(&self, notes: &mut Notes, caller: &Caller, keeps_days: bool) -> Result<ReadFields> {
        let title = self.title.as_deref();
        let description = self.description.as_deref();
        let date = |notes: &mut Notes, field, given: Option<&Clearable<String>>| {
            each(given, |text| match alone(given).filter(|_| keeps_days) {
                Some((_, note)) => {
                    if let Some(note) = note {
                        notes.add(note);
                    }
                    Ok(read_date(field, text, caller)?.when)
                }
                None => notes.date(field, text, caller),
            })
        };
        let due = date(notes, "due", self.due.as_ref())?;
        let beside = match &due {
            Some(Clearable::Set(due)) => Some(*due),
            _ => None,
        };
        let mut start = Start::default();
        let repeat = each(self.repeat.as_ref(), |text| {
            let (repeat, said) = notes.repeat(text, beside.as_ref(), caller)?;
            start = said;
            Ok(repeat)
        })?;
        Ok(ReadFields {
            title: title
                .map(|text| notes.text(Title::cleaned(text)))
                .transpose()?,
            description: description
                .map(|text| notes.text(Description::cleaned(text)))
                .transpose()?,
            due,
            defer_until: date(notes, "defer_until", self.deferral().as_ref())?,
            repeat,
            start,
            project: each(self.project.as_ref(), |name| {
                notes.text(Project::cleaned(name))
            })?,
            tags: self
                .tags
                .as_deref()
                .map(|tags| notes.tags(tags))
                .transpose()?,
            add_tags: notes.tags(&self.add_tags)?,
        })
    }
}

/// Returns the time of day that a date names alone, and what is to be said of it.
fn alone(given: Option<&Clearable<String>>) -> Option<(Start, Option<String>)> {
    let Some(Clearable::Set(text)) = given else {
        return None;
    };
    let time = time_alone(text)?;
    let start = Start {
        day: None,
        time: Some(time.time),
        place: time.place,
    };
    Some((start, time.note))
}

fn each<T>(
    given: Option<&Clearable<String>>,
    read: impl FnOnce(&str) -> Result<T>,
) -> Result<Option<Clearable<T>>> {
    Ok(match given {
        Some(Clearable::Set(text)) => Some(Clearable::Set(read(text)?)),
        Some(Clearable::Clear) => Some(Clearable::Clear),
        None => None,
    })
}

/// Returns the id of a task that is there; only what is added may refer to what the same call adds.
fn id_of(field: &'static str, reference: Reference) -> Result<TaskId> {
    match reference {
        Reference::Task(id) => Ok(id),
        Reference::Earlier(place) => Err(Invalid::new(
            field,
            format!(
                "^{place} names a task that the same call adds; give the id of one that is there"
            ),
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        command,
        task::{Actor, TaskId, Timestamp},
        when::Zone,
    };

    fn caller() -> Caller {
        Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1),
            zone: Zone::UTC,
            session: None,
        }
    }

    #[test]
    fn of_a_tag_in_several_spellings_the_first_stands() {
        let caller = caller();
        let given = GivenFields {
            title: Some("Water the plants".to_owned()),
            add_tags: ["Work", "work", "WORK"].map(str::to_owned).to_vec(),
            ..GivenFields::default()
        };
        let draft = given.draft(&mut Notes::default(), &caller).unwrap();
        let added = command::add(&draft, TaskId::FIRST, &[], &caller).unwrap();
        let tags = added.after.tags.iter();
        assert_eq!(tags.map(Tag::as_str).collect::<Vec<_>>(), ["Work"]);
    }

    #[test]
    fn until_when_a_task_is_deferred_can_be_said_as_lists_show_it() {
        let caller = caller();
        for text in [
            "2026-12-04",
            "until 2026-12-04",
            "Until Fri 2026-12-04",
            "not before fri 2026-12-04",
            "deferred until Fri 2026-12-04",
            "from 2026-12-04",
        ] {
            let given = GivenFields {
                defer_until: Some(Clearable::Set(text.to_owned())),
                title: Some("Water the plants".to_owned()),
                ..GivenFields::default()
            };
            let draft = given.draft(&mut Notes::default(), &caller).unwrap();
            assert_eq!(draft.defer_until, "2026-12-04".parse().ok(), "{text}");
        }
        let at_eight = GivenFields {
            defer_until: Some(Clearable::Set("until 8:00".to_owned())),
            ..GivenFields::default()
        };
        let patch = at_eight.patch(&mut Notes::default(), &caller).unwrap();
        assert!(patch.defer_time.is_some());
    }
}
