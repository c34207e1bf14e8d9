//! What a line to add would make, shown while it is typed. It is worked out from the line and the time alone: nothing is read,
//! nothing is kept.

use serde_json::{Map, Value, json};

use crate::{
    domain::{
        card::Card,
        command::{self, Caller, Draft},
        error::{Error, Result},
        task::{Invalid, Tag, Task, TaskId},
    },
    input::{Notes, quick_fields::AddLine},
    render::CardObject,
};

/// The fields that a card has and a task to be has not.
const NOT_YET: [&str; 6] = [
    "id",
    "status",
    "created_at",
    "updated_at",
    "created_by",
    "rev",
];

/// Returns what `line` would make: `{task, shown, notes}`, where `task` has the fields of a card, `description` and `depends_on`,
/// and `shown` a text for each that the line gave; or `{error, field}`, if it would be refused.
pub(super) fn of_line(line: &str, caller: &Caller) -> Value {
    match read(line, caller) {
        Ok(found) => found,
        Err(Error::Invalid(Invalid { field, reason })) => {
            json!({ "error": format!("{field} {reason}"), "field": field })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// Reads a line into the draft of a task.
pub(super) fn draft(line: &str, notes: &mut Notes, caller: &Caller) -> Result<Draft> {
    let line = AddLine::read(line)?;
    if line
        .fields
        .title
        .as_deref()
        .is_none_or(|title| title.trim().is_empty())
    {
        return Err(
            Invalid::new("title", "is missing; say in a few words what is to be done").into(),
        );
    }
    for remark in &line.remarks {
        notes.add(remark.as_str());
    }
    line.fields.draft(notes, caller)
}

fn read(line: &str, caller: &Caller) -> Result<Value> {
    let mut notes = Notes::default();
    let draft = draft(line, &mut notes, caller)?;
    let task = command::add(&draft, TaskId::FIRST, &[], caller)?.after;
    let shown = shown(&task, caller);
    let card = Card {
        summary: task.summary(),
        rev: task.rev,
        created_at: task.created_at,
        started_at: None,
        created_by: task.created_by.clone(),
        has_description: !task.description.is_empty(),
        comments: 0,
        parts: 0,
        closed_parts: 0,
    };
    let object = CardObject {
        card: &card,
        zone: caller.zone,
    };
    let mut object = match serde_json::to_value(object) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    // What it waits for is known only when it is looked up.
    object.retain(|name, _| !NOT_YET.contains(&name.as_str()) && name != "blocked_by");
    if !task.description.is_empty() {
        object.insert("description".to_owned(), json!(task.description.as_str()));
    }
    if !task.depends_on.is_empty() {
        object.insert("depends_on".to_owned(), json!(task.depends_on));
    }
    Ok(json!({ "task": object, "shown": shown, "notes": notes.lines() }))
}

/// Returns the fields beside the title, each with a text for people.
fn shown(task: &Task, caller: &Caller) -> Vec<Value> {
    let (now, zone) = (caller.now.as_millis(), caller.zone);
    let ids = |ids: &mut dyn Iterator<Item = TaskId>| {
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
    let description = &task.description;
    let fields = [
        ("due", task.due.map(|due| due.show_short(now, zone))),
        (
            "defer_until",
            task.defer_until.map(|until| until.show_short(now, zone)),
        ),
        (
            "repeat",
            task.repeat.as_ref().map(|repeat| repeat.words(zone)),
        ),
        (
            "priority",
            task.priority.map(|priority| priority.as_str().to_owned()),
        ),
        ("project", task.project.as_ref().map(ToString::to_string)),
        ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ("parent", task.parent.map(|parent| parent.to_string())),
        ("depends_on", ids(&mut task.depends_on.iter().copied())),
        (
            "description",
            (!description.is_empty()).then(|| description.as_str().to_owned()),
        ),
    ];
    let given = fields
        .into_iter()
        .filter_map(|(field, text)| Some((field, text?)));
    given
        .map(|(field, text)| json!({ "field": field, "text": text }))
        .collect()
}
