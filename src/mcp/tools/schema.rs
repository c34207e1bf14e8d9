//! Reading arguments into types, with refusals that help, and the schemas made from the same types.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::task::{Invalid, shortened};

/// A call's arguments, not yet read.
pub(super) struct Arguments {
    pub(super) tool: &'static str,
    pub(super) arguments: JsonObject,
}

impl Arguments {
    /// Reads the arguments as `T`; a refusal names the argument and what the tool takes.
    pub(super) fn read<T: DeserializeOwned + JsonSchema>(self) -> Result<T, Invalid> {
        let Self { tool, arguments } = self;
        let schema = schema::<T>();
        let known: Vec<&str> = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        if let Some(unknown) = arguments
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            return Err(Invalid::new(tool, unknown_argument(unknown, &known)));
        }
        serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
            let (path, reason) = (error.path().to_string(), error.inner().to_string());
            // Our own refusals name the field themselves.
            let named = path == "." || reason.starts_with(&path);
            Invalid::new(
                tool,
                if named {
                    format!("refused: {reason}")
                } else {
                    format!("refused: {path}: {reason}")
                },
            )
        })
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
