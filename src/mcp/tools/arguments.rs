//! Reading a call's arguments into types, with refusals that help.

use rmcp::model::JsonObject;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{
    domain::{
        command::Digest,
        task::{Invalid, Priority, Status, shortened},
    },
    input::{digest_of, is_none},
};

/// What hosts add to the arguments of any tool, for themselves: `wait_for_previous` Gemini CLI (its issue 27403), `toolCallId` and
/// `sessionId` n8n (its issues 21500 and 37308), `_sessionID` `SiYuan` (its issue 17927).
const ADDED_BY_HOSTS: [&str; 4] = ["wait_for_previous", "toolCallId", "sessionId", "_sessionID"];
/// What n8n adds beside its `sessionId`; alone these are a model's own.
const ADDED_BESIDE_A_SESSION: [&str; 2] = ["action", "chatInput"];

/// What tools take beyond their schemas: only programs have a use for it.
const UNTOLD: [(&str, &str); 1] = [("list_tasks", "format")];

/// What models call a field that has another name here.
const OTHER_NAMES: [(&str, &[&str]); 14] = [
    ("title", &["name", "text", "summary", "subject", "content"]),
    ("comment", &["note", "notes", "append", "remark"]),
    ("description", &["note", "notes", "details", "body"]),
    ("due", &["deadline", "date", "due_date", "due_on", "due_at"]),
    ("priority", &["importance", "urgency"]),
    ("project", &["category", "list", "folder", "area"]),
    ("tags", &["labels", "label", "contexts"]),
    ("parent", &["part_of"]),
    (
        "depends_on",
        &["dependencies", "blocked_by", "after", "requires"],
    ),
    ("repeat", &["recurrence", "recurring", "rrule", "frequency"]),
    (
        "defer_until",
        &["start", "start_date", "scheduled", "wait", "snooze"],
    ),
    ("task_id", &["id", "task"]),
    ("status", &["state"]),
    ("query", &["search", "q", "text", "keywords"]),
];

/// What models call the parts of a task, which have no field of their own.
const PARTS: [&str; 3] = ["subtasks", "children", "parts"];

/// A call's arguments, not yet read.
#[derive(Clone)]
pub(super) struct Arguments {
    pub(super) tool: &'static str,
    /// What the tool takes, as models are told.
    pub(super) schema: &'static JsonObject,
    pub(super) given: JsonObject,
}

/// What an empty value means in a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// The argument was left out: some hosts fill in every one.
    LeftOut,
    /// The field is to be cleared.
    Clears,
}

impl Arguments {
    /// Returns the digest of what was sent, but for the key that names the call and what a host adds: that may be another
    /// each time.
    pub(super) fn digest_but_key(&self) -> Digest {
        let mut sent = self.given.clone();
        drop_added(&mut sent);
        sent.retain(|name, _| name != "key");
        let mut sent = Value::Object(sent);
        drop_empty(&mut sent);
        digest_of(&sent)
    }

    /// Returns which fields have a word that is taken as another, as `urgent` for `high`: of the call, and of each of its `tasks`.
    pub(super) fn reworded(&self) -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
        let items = self.given.get("tasks").and_then(Value::as_array);
        let of_item = |item: &Value| item.as_object().map_or_else(Vec::new, reworded);
        let items = items.into_iter().flatten().map(of_item).collect();
        (reworded(&self.given), items)
    }

    /// Reads the arguments as `T`; a refusal names the argument and what the tool takes.
    pub(super) fn read<T: DeserializeOwned>(self, blank: Blank) -> Result<T, Invalid> {
        let Self {
            tool,
            schema,
            given: mut arguments,
        } = self;
        drop_added(&mut arguments);
        let properties = properties(schema);
        let (told, untold): (JsonObject, JsonObject) = arguments
            .into_iter()
            .partition(|(name, _)| !UNTOLD.contains(&(tool, name)));
        arguments = told;
        if let Some(complaint) = unknown_field(&arguments, properties) {
            return Err(Invalid::new(tool, complaint));
        }
        mend(&mut arguments, properties, blank);
        refuse_unknown_in_items(&arguments, properties)?;
        arguments.extend(untold.into_iter().filter(|(_, value)| *value != ""));
        serde_path_to_error::deserialize(Value::Object(arguments))
            .map_err(|error| refusal(tool, schema, error.path(), &error.inner().to_string()))
    }
}

/// Takes out what hosts add.
fn drop_added(arguments: &mut JsonObject) {
    let has_session = arguments.contains_key("sessionId");
    arguments.retain(|name, _| {
        let is_beside = has_session && ADDED_BESIDE_A_SESSION.contains(&name.as_str());
        !is_beside && !ADDED_BY_HOSTS.contains(&name.as_str())
    });
}

/// Takes out what says nothing, so that a call with all fields filled in is the same as one without.
fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !is_nothing(value));
            fields.values_mut().for_each(drop_empty);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => is_none(text),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn reworded(fields: &JsonObject) -> Vec<&'static str> {
    let is_written = |text: &str, words: &[&str]| words.contains(&text.trim());
    let priorities = Priority::ALL.map(Priority::as_str);
    let statuses = Status::ALL.map(Status::as_str);
    let words: [(&'static str, &[&str]); 2] = [("priority", &priorities), ("status", &statuses)];
    let is_other = |(name, words): &(&'static str, &[&str])| match fields.get(*name) {
        Some(Value::String(text)) => !is_none(text) && !is_written(text, words),
        Some(value) => !value.is_null(),
        None => false,
    };
    words
        .into_iter()
        .filter(is_other)
        .map(|(name, _)| name)
        .collect()
}

fn properties(schema: &JsonObject) -> &JsonObject {
    static NONE: std::sync::LazyLock<JsonObject> = std::sync::LazyLock::new(JsonObject::new);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.unwrap_or(&NONE)
}

/// Returns what is wrong with the first field that `properties` do not have, and which was meant.
fn unknown_field(given: &JsonObject, properties: &JsonObject) -> Option<String> {
    let unknown = given.keys().find(|name| !properties.contains_key(*name))?;
    let known = || properties.keys().map(String::as_str);
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let given = plain(unknown);
    let other_name = || {
        let mut names = OTHER_NAMES.iter();
        names.find_map(|(name, others)| {
            let is_meant = others.iter().any(|other| plain(other) == given);
            (is_meant && properties.contains_key(*name)).then_some(*name)
        })
    };
    let distance = |name: &str| strsim::damerau_levenshtein(&given, &plain(name));
    let nearest = || {
        let is_part = |one: &str, other: &str| other.len() > 2 && one.contains(other);
        let is_close = |name: &&str| {
            let plain = plain(name);
            3 * distance(name) <= plain.len() || is_part(&given, &plain) || is_part(&plain, &given)
        };
        known().filter(is_close).min_by_key(|name| distance(name))
    };
    let is_of_parts = PARTS.contains(&given.as_str()) && properties.contains_key("parent");
    let way_out = match other_name().or_else(nearest) {
        _ if is_of_parts => "; give each part an item of its own, with parent".to_owned(),
        Some(meant) => format!("; did you mean {meant}?"),
        None => format!("; it takes {}", known().collect::<Vec<_>>().join(", ")),
    };
    Some(format!(
        "has no field \"{}\"{way_out}",
        shortened(unknown, 40)
    ))
}

fn refuse_unknown_in_items(given: &JsonObject, properties: &JsonObject) -> Result<(), Invalid> {
    for (name, value) in given {
        let Some(schema) = properties
            .get(name)
            .and_then(|list| list["items"].as_object())
        else {
            continue;
        };
        for (item, number) in value.as_array().into_iter().flatten().zip(1..) {
            let complaint = item
                .as_object()
                .and_then(|item| unknown_field(item, self::properties(schema)));
            if let Some(complaint) = complaint {
                return Err(Invalid::new(
                    "tasks",
                    format!("number {number} {complaint}"),
                ));
            }
        }
    }
    Ok(())
}

/// Says what is wrong at `path`. What serde has against a value names types of Rust's; our own refusals name the field.
fn refusal(tool: &'static str, schema: &JsonObject, path: &Path, reason: &str) -> Invalid {
    let reason = match reason.strip_prefix("missing field `") {
        Some(name) => format!("{} is missing", name.trim_end_matches('`')),
        None if reason.starts_with("invalid ") => {
            format!(
                "must be {}",
                schema_at(schema, path).map_or_else(String::new, kinds)
            )
        }
        None => reason.to_owned(),
    };
    let path = path.to_string();
    let (number, field) = match in_a_task(&path) {
        Some((number, field)) => (Some(number), field),
        None if path == "." => (None, ""),
        None => (None, path.as_str()),
    };
    // A part of a list is told by the list.
    let field = field.split('[').next().unwrap_or_default();
    // A refusal that names a field already is told as it is.
    let what = match reason.split_once(' ') {
        _ if field.is_empty() => reason,
        Some(("task_id", rest)) => format!("{field} {rest}"),
        Some((name, _)) if name == field => reason,
        _ => format!("{field} {reason}"),
    };
    match number {
        Some(number) => Invalid::new("tasks", format!("number {number}: {what}")),
        None => Invalid::new(tool, format!("refused: {what}")),
    }
}

/// Returns the schema of what stands at `path`, or of what holds it.
fn schema_at<'a>(schema: &'a JsonObject, path: &Path) -> Option<&'a Value> {
    let mut found = None;
    let mut object = schema;
    for segment in path {
        let next = match segment {
            Segment::Map { key } => properties(object).get(key),
            Segment::Seq { .. } => object.get("items"),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let Some(next) = next else { break };
        found = Some(next);
        let Some(inner) = next.as_object() else { break };
        object = inner;
    }
    found
}

/// Returns which of several tasks `path` is about, from 1, and the rest of it.
fn in_a_task(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix("tasks[")?.split_once(']')?;
    Some((
        index.parse::<usize>().ok()? + 1,
        rest.trim_start_matches('.'),
    ))
}

/// Turns every argument into what it was meant as, also those of tasks in a list.
fn mend(arguments: &mut JsonObject, properties: &JsonObject, blank: Blank) {
    for (name, value) in arguments.iter_mut() {
        let Some(schema) = properties.get(name) else {
            continue;
        };
        meant(value, schema);
        let fields = schema["items"].as_object();
        if let Some(fields) = fields.filter(|fields| fields.contains_key("properties")) {
            mend_items(value, self::properties(fields), blank);
        }
        if name == "parent" && value == "0" {
            *value = Value::String(String::new());
        }
    }
    arguments.retain(|name, value| {
        let is_blank = match value {
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        // Hosts that make a model fill in every number get 0 for none. The page of the board, which asks for `done`, means it.
        let is_filler = *value == 0 && name != "task_id" && name != "done";
        !is_filler && (blank == Blank::Clears || !is_blank)
    });
}

/// Likewise for a list of objects.
fn mend_items(list: &mut Value, properties: &JsonObject, blank: Blank) {
    if list.as_str().is_some_and(|text| !text.trim().is_empty()) {
        *list = Value::Array(vec![list.take()]);
    }
    for item in list.as_array_mut().into_iter().flatten() {
        match item {
            Value::Object(item) => mend(item, properties, blank),
            // A model that names a task and nothing else.
            Value::String(title) => *item = serde_json::json!({ "title": title }),
            _ => {}
        }
    }
}

/// Turns `value` into what it must have been meant as: models send `"5"` and `5.0` for 5, lists as text, 1 for "1".
fn meant(value: &mut Value, schema: &Value) {
    let takes = |kind: &str| schema["type"] == kind;
    match value {
        Value::Array(items) => {
            let schema = if takes("array") {
                &schema["items"]
            } else {
                schema
            };
            for item in items {
                meant(item, schema);
            }
        }
        Value::Number(number) if takes("string") => {
            *value = Value::String(number.to_string());
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and in range")]
        Value::Number(number) if takes("integer") => {
            if let Some(whole) = number
                .as_f64()
                .filter(|_| number.is_f64())
                .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
            {
                *value = Value::from(whole as i64);
            }
        }
        Value::String(text) if !takes("string") && text.trim_start().starts_with('[') => {
            if let Ok(Value::Array(items)) = serde_json::from_str(text) {
                *value = Value::Array(items);
                meant(value, schema);
            }
        }
        Value::String(text) if takes("integer") => {
            if let Ok(number) = text.trim().parse::<i64>() {
                *value = Value::from(number);
            }
        }
        Value::String(text) if takes("boolean") => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "1" => *value = Value::Bool(true),
            "false" | "no" | "0" => *value = Value::Bool(false),
            _ => {}
        },
        _ => {}
    }
}

/// Says what kind of value `schema` takes.
fn kinds(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", words.join(", "));
    }
    match schema["type"].as_str() {
        Some("integer") => "a whole number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("object") => "an object".to_owned(),
        Some("array") => format!("a list; each item is {}", kinds(&schema["items"])),
        _ => "text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::tools::args::GetTask;

    #[test]
    fn a_refusal_names_the_argument_that_is_missing_or_wrong() {
        let schema = json!({ "properties": { "task_id": { "type": "integer" } } });
        let schema: &'static JsonObject = Box::leak(Box::new(schema.as_object().unwrap().clone()));
        for (given, said) in [
            (json!({}), "get_task refused: task_id is missing"),
            (
                json!({ "task_id": -5 }),
                "get_task refused: task_id must be a whole number from 1, like 12; -5 is none",
            ),
        ] {
            let arguments = Arguments {
                tool: "get_task",
                schema,
                given: given.as_object().unwrap().clone(),
            };
            let refused = arguments.read::<GetTask>(Blank::LeftOut).err().unwrap();
            assert_eq!(refused.to_string(), said);
        }
    }
}
