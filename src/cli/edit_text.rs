//! A task as a text that people edit, and that text read back.
//!
//! A line for each field, an empty line, then the description to the end. Lines that begin with `#` before the empty
//! line are passed over, and a field that is left out stays as it is. `id` is the task the text is of, `rev` the revision
//! the text was made from: for another task the text is refused, and at another revision, since it would take back what
//! was changed meanwhile.
//!
//! ```text
//! # Task 12. Save and close to change it; an empty text leaves it as it is.
//! # ...
//! id: 12
//! rev: 3
//! title: Pay rent
//! status: pending
//! due: 2026-12-24
//! defer:
//! priority: high
//! repeat: every month
//! project: flat
//! tags: home, money
//! parent:
//! after: 3, 4
//!
//! To the new account.
//! ```

use crate::{
    domain::{
        command::{Caller, Patch},
        error::Result,
        task::{Invalid, Task, TaskId, shortened},
        when::{When, Zone},
    },
    input::{GivenFields, Notes, quick_fields::put, quick_words::Field},
};

/// The fields, in the order of the lines.
const FIELDS: [&str; 10] = [
    "title", "status", "due", "defer", "priority", "repeat", "project", "tags", "parent", "after",
];

/// A text taken apart.
struct EditText<'a> {
    id: Option<TaskId>,
    rev: Option<i64>,
    fields: Vec<(&'static str, &'a str)>,
    description: Option<&'a str>,
}

/// Returns `task` as the text.
pub(super) fn write(task: &Task, zone: Zone) -> String {
    let mut text = format!(
        "# Task {}. Save and close to change it; an empty text leaves it as it is.\n\
         # A field without a value is cleared; tags and the ids after \"after:\" have commas between them.\n\
         # Below the empty line is the description.\n\
         id: {}\n\
         rev: {}\n",
        task.id, task.id, task.rev
    );
    for name in FIELDS {
        let value = value(task, name, zone);
        text.push_str(format!("{name}: {value}").trim_end());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(task.description.as_str());
    if !task.description.is_empty() {
        text.push('\n');
    }
    text
}

fn value(task: &Task, name: &str, zone: Zone) -> String {
    let text = |value: Option<String>| value.unwrap_or_default();
    let date = |date: Option<When>| {
        // What is said in another zone is to stay in it.
        text(date.map(|date| match date.other_zone(zone) {
            None => date.iso(zone),
            Some("floating") => format!("{date} floating"),
            Some(_) => date.to_string(),
        }))
    };
    match name {
        "title" => task.title.to_string(),
        "status" => task.status.to_string(),
        "due" => date(task.due),
        "defer" => date(task.defer_until),
        "priority" => text(task.priority.map(|priority| priority.as_str().to_owned())),
        "repeat" => text(task.repeat.as_ref().map(|repeat| repeat.words(zone))),
        "project" => text(task.project.as_ref().map(ToString::to_string)),
        "tags" => joined(task.tags.iter()),
        "parent" => text(task.parent.map(|parent| parent.to_string())),
        _ => joined(task.depends_on.iter()),
    }
}

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    items
        .map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns what `text` changes of `task`, only fields whose text differs, and the revision it was made from, if it says
/// so. `None` if nothing is changed.
pub(super) fn read(
    text: &str,
    task: &Task,
    notes: &mut Notes,
    caller: &Caller,
) -> Result<Option<(Patch, Option<i64>)>> {
    let text = text.replace("\r\n", "\n");
    if text.trim().is_empty() {
        return Ok(None);
    }
    let edited = EditText::read(&text)?;
    if let Some(of) = edited.id.filter(|of| *of != task.id) {
        let id = task.id;
        let reason = format!(
            "is the one of task {of}, not of task {id}; to have it on {id} as well, take out its lines id: and rev:"
        );
        return Err(Invalid::new("text", reason).into());
    }
    let mut fields = GivenFields::default();
    for (name, given) in edited.fields {
        if given == value(task, name, caller.zone) {
            continue;
        }
        match Field::named(name) {
            Some(field) => put(&mut fields, field, given)?,
            None => fields.title = Some(given.to_owned()),
        }
    }
    let before = task.description.as_str().trim_end();
    let description = edited.description.filter(|text| *text != before);
    fields.description = description.map(str::to_owned);
    let patch = fields.patch(notes, caller)?;
    Ok((patch != Patch::default()).then_some((patch, edited.rev)))
}

impl<'a> EditText<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let (head, description) = match text.split_once("\n\n") {
            Some((head, description)) => (head, Some(description.trim_end())),
            None => (text, None),
        };
        let mut fields: Vec<(&'static str, &str)> = Vec::new();
        let (mut id, mut rev) = (None, None);
        for line in head.lines().filter(|line| !line.starts_with('#')) {
            let refused = |reason: &str| {
                let line = shortened(line, 60);
                Invalid::new("text", format!("has the line \"{line}\": {reason}"))
            };
            let (name, value) = line.split_once(':').ok_or_else(|| {
                refused("it names no field; a description goes below an empty line")
            })?;
            match name.trim() {
                "id" => {
                    let read = value.trim().parse();
                    id = Some(read.map_err(|_| refused("an id is a whole number"))?);
                    continue;
                }
                "rev" => {
                    let read = value.trim().parse();
                    rev = Some(read.map_err(|_| refused("a revision is a whole number"))?);
                    continue;
                }
                _ => {}
            }
            let name = FIELDS
                .iter()
                .find(|known| **known == name.trim())
                .ok_or_else(|| refused(&format!("fields are {}", FIELDS.join(", "))))?;
            if fields.iter().any(|(known, _)| known == name) {
                return Err(refused("the field is there twice").into());
            }
            fields.push((name, value.trim()));
        }
        Ok(Self {
            id,
            rev,
            fields,
            description,
        })
    }
}
