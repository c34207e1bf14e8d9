//! The tools' input schemas, made from the types that read the arguments.
//!
//! Hosts turn them into the dialects of their models, and some of these know little of JSON Schema: no list of types, no union,
//! no `$ref`, no `default`, no `format`. They are no narrower than what is read in `arguments` where a host checks calls by them.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

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

/// Returns the input schema of a tool that takes nothing.
pub(super) fn nothing() -> JsonObject {
    rmcp::object!({ "type": "object", "properties": {} })
}

/// Drops titles, number formats and bounds, the `null` of what may be left out, Markdown, and what would have a host refuse a wrong field
/// where we would name the right one.
fn slim(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("type") {
                for keyword in [
                    "title",
                    "format",
                    "minimum",
                    "default",
                    "additionalProperties",
                ] {
                    object.shift_remove(keyword);
                }
            }
            if let Some(Value::String(words)) = object.get_mut("description") {
                words.retain(|c| c != '`');
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::tools;

    /// Says what some host could not carry in `schema`, which stands at `place`.
    fn faults(schema: &Value, place: &str, found: &mut Vec<String>) {
        let Some(object) = schema.as_object() else {
            found.push(format!("{place} is no object"));
            return;
        };
        for keyword in object.keys() {
            let known = [
                "type",
                "description",
                "properties",
                "required",
                "items",
                "enum",
            ];
            if !known.contains(&keyword.as_str()) {
                found.push(format!("{place} has {keyword}"));
            }
        }
        match object.get("type").and_then(Value::as_str) {
            Some("object") => match object.get("properties").and_then(Value::as_object) {
                Some(properties) => properties
                    .iter()
                    .for_each(|(name, schema)| faults(schema, &format!("{place}.{name}"), found)),
                None => found.push(format!("{place} names no properties")),
            },
            Some("array") => match object.get("items") {
                Some(items) => faults(items, &format!("{place}[]"), found),
                None => found.push(format!("{place} has no items")),
            },
            Some("string" | "integer" | "boolean") => {}
            other => found.push(format!("{place} has the type {other:?}")),
        }
    }

    #[test]
    fn every_schema_is_one_that_every_host_can_carry() {
        let mut found = Vec::new();
        for tool in tools::list(true) {
            let schema = Value::Object((*tool.input_schema).clone());
            faults(&schema, &tool.name, &mut found);
        }
        assert_eq!(found, Vec::<String>::new());
        faults(
            &serde_json::json!({ "type": ["string", "null"], "default": null }),
            "x",
            &mut found,
        );
        faults(&serde_json::json!({ "type": "array" }), "x", &mut found);
        assert_eq!(found.len(), 3, "the walk finds what is wrong: {found:?}");
    }

    #[test]
    fn properties_stand_in_the_order_in_which_they_are_read() {
        let names = |tool: &str| {
            let tool = tools::list(false)
                .iter()
                .find(|one| one.name == tool)
                .unwrap();
            let properties = tool.input_schema["properties"].as_object().unwrap();
            properties.keys().take(3).cloned().collect::<Vec<_>>()
        };
        assert_eq!(names("add_task"), ["title", "description", "due"]);
        assert_eq!(names("update_task"), ["task_id", "task_ids", "title"]);
        assert_eq!(names("list_tasks"), ["view", "query", "status"]);
    }
}
