//! Reading arguments into types, with refusals that help, and the schemas made from the same types.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::task::{Invalid, shortened};

/// A call's arguments, not yet read.
pub(super) struct Arguments {
    pub(super) tool: &'static str,
    /// What the tool takes, as models are told.
    pub(super) schema: &'static JsonObject,
    pub(super) given: JsonObject,
}

/// What an empty text means in a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// The argument was left out: some hosts fill in every one.
    LeftOut,
    /// The field is to be cleared.
    Clears,
}

impl Arguments {
    /// Reads the arguments as `T`; a refusal names the argument and what the tool takes.
    pub(super) fn read<T: DeserializeOwned>(self, blank: Blank) -> Result<T, Invalid> {
        let Self {
            tool,
            schema,
            given: mut arguments,
        } = self;
        let none = JsonObject::new();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        if let Some(unknown) = arguments
            .keys()
            .find(|name| !properties.contains_key(*name))
        {
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            return Err(Invalid::new(tool, unknown_argument(unknown, &known)));
        }
        mend(&mut arguments, properties, blank);
        serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
            let (path, reason) = (error.path().to_string(), error.inner().to_string());
            let reason = match reason.strip_prefix("missing field `") {
                Some(name) => format!("{} is missing", name.trim_end_matches('`')),
                None => reason,
            };
            let name = path.split(['.', '[']).next().unwrap_or_default();
            if let Some((number, path)) = in_a_task(&path) {
                let field = if reason.starts_with(path) { "" } else { path };
                let reason = format!("number {number}: {field} {reason}").replace("  ", " ");
                return Invalid::new("tasks", reason);
            }
            Invalid::new(
                tool,
                match properties.get(name) {
                    // serde would name a type of Rust's.
                    Some(schema) if name == path && reason.starts_with("invalid ") => {
                        format!("refused: {name} must be {}", kinds(schema))
                    }
                    // Our own refusals name the field themselves.
                    _ if path == "." || reason.starts_with(&path) => format!("refused: {reason}"),
                    _ => format!("refused: {path}: {reason}"),
                },
            )
        })
    }
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
    let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    arguments.retain(|_, value| blank == Blank::Clears || !is_blank(value));
    for (name, value) in arguments {
        if let Some(schema) = properties.get(name) {
            meant(value, schema);
        }
        for item in value.as_array_mut().into_iter().flatten() {
            if let Value::Object(item) = item {
                mend(item, properties, blank);
            }
        }
    }
}

/// Turns `value` into what it must have been meant as: models send `"5"` and `5.0` for 5, lists as text, 1 for "1".
fn meant(value: &mut Value, schema: &Value) {
    let takes = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| meant(item, &schema["items"])),
        Value::Number(number) if !takes("integer") && takes("string") => {
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
        Value::String(text) if takes("array") && text.trim_start().starts_with('[') => {
            if let Ok(Value::Array(items)) = serde_json::from_str(text) {
                *value = Value::Array(items);
                meant(value, schema);
            }
        }
        Value::String(text) if takes("integer") && !takes("string") => {
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

/// Says what kinds of value `schema` takes.
fn kinds(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", words.join(", "));
    }
    let kind = |name: &Value| match name.as_str() {
        Some("integer") => "a whole number",
        Some("boolean") => "true or false",
        Some("array") if schema["items"]["type"] == "object" => "a list of objects",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => "text",
    };
    match &schema["type"] {
        Value::Array(names) => names.iter().map(kind).collect::<Vec<_>>().join(" or "),
        name => kind(name).to_owned(),
    }
}

fn unknown_argument(unknown: &str, known: &[&str]) -> String {
    let close = |name: &&str| strsim::damerau_levenshtein(unknown, name) <= name.len() / 2;
    let nearest = known
        .iter()
        .filter(|name| close(name) || name.ends_with(unknown))
        .min_by_key(|name| strsim::damerau_levenshtein(unknown, name));
    let hint = nearest.map_or_else(|| ".".to_owned(), |name| format!("; did you mean {name}?"));
    format!(
        "has no argument \"{}\"{hint} It takes {}",
        shortened(unknown, 40),
        known.join(", ")
    )
}

/// Returns the input schema of `T`, without what a model has no use for: every word of it is sent with every
/// conversation.
pub(super) fn schema<T: JsonSchema>() -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    slim(&mut schema);
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

/// Drops titles and number formats, and the `null` of what may be left out.
fn slim(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("type") {
                object.remove("title");
                object.remove("format");
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(words)) = object.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            object.values_mut().for_each(slim);
        }
        Value::Array(items) => items.iter_mut().for_each(slim),
        _ => {}
    }
}
