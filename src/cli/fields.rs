//! The fields of a task as a command line gives them, by flag or by quick word, read into drafts and patches.

use std::collections::BTreeSet;

use super::{
    Failure,
    quick::{Field, Word},
};
use crate::{
    command::{Caller, Draft, Patch, Reference},
    error::Result,
    given::{Notes, read_repeat},
    task::{Description, Invalid, Priority, Project, TaskId, Title},
};

/// Flags for what quick words say too.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct FieldArgs {
    /// Title, as it is: no quick words are read in it
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// More about it [also: desc:TEXT, note:TEXT]
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// When it is due: 2026-12-24, fri, tomorrow 17:30, in 3 days [also: due:DATE]
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// Out of the way until then [also: defer:DATE]
    #[arg(long, value_name = "DATE")]
    defer: Option<String>,
    /// How it comes again: daily, every 2 weeks on mon, monthly on the 31st [also: repeat:RULE]
    #[arg(long, value_name = "RULE")]
    repeat: Option<String>,
    /// Project it belongs to [also: project:NAME]
    #[arg(short = 'P', long, value_name = "NAME")]
    project: Option<String>,
    /// high, medium or low [also: !high, pri:high]
    #[arg(short, long, value_name = "LEVEL")]
    priority: Option<String>,
    /// Tag to add (can be repeated) [also: +TAG]
    #[arg(short, long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// Task it is a part of [also: parent:ID]
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Tasks to be done before it [also: after:ID,ID]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    after: Vec<String>,
}

/// What was given, as text; one value a field.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The title, if there is one.
    pub(super) title: Option<String>,
    values: Vec<(Field, String)>,
    tags: Vec<String>,
}

impl FieldArgs {
    /// Puts the flags, the `words` with the quick words among them, and the `literal` words together. Where nothing can
    /// be cleared (`keeps_empty`), a quick word without a value is text.
    pub(super) fn with_words(
        self,
        words: &[String],
        literal: &[String],
        keeps_empty: bool,
    ) -> std::result::Result<Given, Failure> {
        let mut given = Given {
            title: None,
            values: Vec::new(),
            tags: self.tag,
        };
        let after = (!self.after.is_empty()).then(|| self.after.join(","));
        let flags = [
            (Field::Description, self.description),
            (Field::Due, self.due),
            (Field::Defer, self.defer),
            (Field::Repeat, self.repeat),
            (Field::Project, self.project),
            (Field::Priority, self.priority),
            (Field::Parent, self.parent),
            (Field::After, after),
        ];
        for (field, value) in flags {
            if let Some(value) = value {
                given.set(field, &value)?;
            }
        }
        let mut title: Vec<&str> = Vec::new();
        for word in words {
            match Word::of(word) {
                Word::Set(_, "") if keeps_empty => title.push(word),
                Word::Set(field, value) => given.set(field, value)?,
                Word::Tag(tag) => given.tags.push(tag.to_owned()),
                Word::Text(text) => title.push(text),
            }
        }
        title.extend(literal.iter().map(String::as_str));
        given.title = match (self.title, title.is_empty()) {
            (flag, true) => flag,
            (None, false) => Some(title.join(" ")),
            (Some(_), false) => {
                return Err(Failure::call(
                    format!(
                        "the title is given twice: by --title, and as \"{}\"",
                        title.join(" ")
                    ),
                    "say it once",
                ));
            }
        };
        Ok(given)
    }
}

impl Given {
    /// Reports whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        self.title.is_none() && self.values.is_empty() && self.tags.is_empty()
    }

    fn set(&mut self, field: Field, value: &str) -> std::result::Result<(), Failure> {
        if self.value(field).is_some() {
            return Err(Failure::call(
                format!("{} is given twice", field.name()),
                "say it once; what is to be a word of the title stands after --",
            ));
        }
        self.values.push((field, value.to_owned()));
        Ok(())
    }

    /// Sets `field` where it was not given.
    pub(super) fn set_default(&mut self, field: Field, value: &str) {
        if self.value(field).is_none() {
            self.values.push((field, value.to_owned()));
        }
    }

    fn value(&self, field: Field) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the draft of a task with `title` and the other fields that were given.
    pub(super) fn draft(&self, title: &str, notes: &mut Notes, caller: &Caller) -> Result<Draft> {
        let given = |field| self.value(field).filter(|value| !is_nothing(value));
        let mut tags = notes.tags(&list(self.value(Field::Tags).unwrap_or_default()))?;
        tags.extend(notes.tags(&self.tags)?);
        Ok(Draft {
            title: notes.text(Title::cleaned(title))?,
            description: notes.text(Description::cleaned(
                self.value(Field::Description).unwrap_or_default(),
            ))?,
            priority: given(Field::Priority).map(str::parse).transpose()?,
            due: given(Field::Due)
                .map(|text| notes.date("due", text, caller))
                .transpose()?,
            defer_until: given(Field::Defer)
                .map(|text| notes.date("defer", text, caller))
                .transpose()?,
            repeat: given(Field::Repeat)
                .map(|text| read_repeat(text, caller))
                .transpose()?,
            project: given(Field::Project)
                .map(|name| notes.text(Project::cleaned(name)))
                .transpose()?,
            tags,
            parent: given(Field::Parent).map(str::parse).transpose()?,
            depends_on: list(given(Field::After).unwrap_or_default())
                .iter()
                .map(|id| id.parse::<Reference>())
                .collect::<std::result::Result<_, Invalid>>()?,
        })
    }

    /// Returns the patch that sets what was given; an empty value clears its field.
    pub(super) fn patch(
        &self,
        untag: &[String],
        notes: &mut Notes,
        caller: &Caller,
    ) -> Result<Patch> {
        let title = self.title.as_deref();
        Ok(Patch {
            title: title
                .map(|title| notes.text(Title::cleaned(title)))
                .transpose()?,
            description: self
                .value(Field::Description)
                .map(|text| notes.text(Description::cleaned(text)))
                .transpose()?,
            priority: self.cleared_or(Field::Priority, |word| Ok(word.parse::<Priority>()?))?,
            due: self.cleared_or(Field::Due, |text| notes.date("due", text, caller))?,
            defer_until: self.cleared_or(Field::Defer, |text| notes.date("defer", text, caller))?,
            repeat: self.cleared_or(Field::Repeat, |text| read_repeat(text, caller))?,
            project: self.cleared_or(Field::Project, |name| notes.text(Project::cleaned(name)))?,
            tags: self
                .cleared_or(Field::Tags, |words| notes.tags(&list(words)))?
                .map(Option::unwrap_or_default),
            add_tags: notes.tags(&self.tags)?,
            remove_tags: notes.tags(untag)?,
            parent: self.cleared_or(Field::Parent, |id| Ok(id.parse::<TaskId>()?))?,
            depends_on: self
                .cleared_or(Field::After, read_ids)?
                .map(Option::unwrap_or_default),
            ..Patch::default()
        })
    }

    /// Reads the value of `field`: `None` if it was not given, `Some(None)` if it is to be cleared.
    #[expect(
        clippy::option_option,
        reason = "a patch tells what stays from what is cleared this way"
    )]
    fn cleared_or<T>(
        &self,
        field: Field,
        read: impl FnOnce(&str) -> Result<T>,
    ) -> Result<Option<Option<T>>> {
        self.value(field)
            .map(|value| (!is_nothing(value)).then(|| read(value)).transpose())
            .transpose()
    }
}

/// Reads ids with commas between them.
pub(super) fn read_ids(text: &str) -> Result<BTreeSet<TaskId>> {
    Ok(list(text)
        .iter()
        .map(|id| id.parse())
        .collect::<std::result::Result<_, Invalid>>()?)
}

/// Reports whether a value stands for none.
pub(super) fn is_nothing(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "" | "none")
}

/// Takes apart what has commas between it.
pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
