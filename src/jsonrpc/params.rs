//! The parameters of a message: put as the protocol has them, and what is wrong with those that do not fit a method.
//!
//! Clients in dynamic languages send every optional member: `null`, an empty cursor, `[]` for an object without members.
//! Some send the arguments of a tool as JSON text. Each of these means what the protocol says by leaving the member out,
//! or by an object.

use serde_json::{Map, Value};

/// Puts `params` as the protocol has them. Reports whether that changed them.
pub(super) fn normalize(params: &mut Option<Value>) -> Result<bool, String> {
    let members = match params {
        Some(Value::Object(members)) => members,
        Some(given) if is_empty(given) => {
            *params = None;
            return Ok(true);
        }
        _ => return Ok(false),
    };
    let before = members.len();
    members.retain(|name, value| match name.as_str() {
        "cursor" => !value.is_null() && value != "",
        "_meta" | "arguments" => !is_empty(value),
        _ => !value.is_null(),
    });
    let mut is_changed = members.len() < before;
    if let Some(Value::Object(meta)) = members.get_mut("_meta") {
        let before = meta.len();
        meta.retain(|_, value| !value.is_null());
        is_changed |= meta.len() < before;
    }
    if let Some(Value::String(text)) = members.get("arguments") {
        match object_in(text)? {
            Some(arguments) => members.insert("arguments".to_owned(), arguments.into()),
            None => members.remove("arguments"),
        };
        is_changed = true;
    }
    Ok(is_changed)
}

/// Reports whether a value says no more than one that is left out: `null`, or the `[]` of a language in which an object
/// without members is a list without items.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Reads arguments that were sent as JSON text; `None` where the text holds none.
fn object_in(text: &str) -> Result<Option<Map<String, Value>>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(Some(arguments)),
        Ok(value) if is_empty(&value) => Ok(None),
        _ => Err(
            "arguments is text that holds no JSON object; send an object with the arguments by their names"
                .to_owned(),
        ),
    }
}

/// What a parameter must be.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Object,
    /// An object that may be left out.
    OptionalObject,
}

/// Returns the parameters of `method` that the protocol checks: each by its path, outer ones first.
fn parameters(method: &str) -> &'static [(&'static str, Kind)] {
    use Kind::{Object, OptionalObject, Text};
    match method {
        "initialize" => &[
            ("protocolVersion", Text),
            ("capabilities", Object),
            ("clientInfo", Object),
            ("clientInfo.name", Text),
            ("clientInfo.version", Text),
        ],
        "tools/call" | "prompts/get" => &[("name", Text), ("arguments", OptionalObject)],
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &[("uri", Text)],
        "subscriptions/listen" => &[("notifications", Object)],
        "completion/complete" => &[
            ("ref", Object),
            ("ref.type", Text),
            ("argument", Object),
            ("argument.name", Text),
            ("argument.value", Text),
        ],
        "logging/setLevel" => &[("level", Text)],
        _ => &[],
    }
}

/// Says which parameters of `method` are missing and which are of the wrong type; `None` if that is not what is wrong.
pub(super) fn misfit(method: &str, params: Option<&Map<String, Value>>) -> Option<String> {
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let every = [("_meta", Kind::OptionalObject)];
    for (path, kind) in parameters(method).iter().chain(&every) {
        let (outer, name) = path.rsplit_once('.').unzip();
        let (outer, name) = (outer, name.unwrap_or(path));
        let members = match outer {
            None => params,
            // What is wrong with the object around it is said already.
            Some(outer) => match params.and_then(|params| params.get(outer)) {
                Some(Value::Object(members)) => Some(members),
                _ => continue,
            },
        };
        match (members.and_then(|members| members.get(name)), kind) {
            (None | Some(Value::Null), Kind::OptionalObject)
            | (Some(Value::String(_)), Kind::Text)
            | (Some(Value::Object(_)), Kind::Object | Kind::OptionalObject) => {}
            (None | Some(Value::Null), _) => missing.push(*path),
            (Some(_), Kind::Text) => wrong.push(format!("{path} is not a string")),
            (Some(_), _) => wrong.push(format!("{path} is not an object")),
        }
    }
    let missing = match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is missing")),
        [first @ .., last] => Some(format!("{} and {last} are missing", first.join(", "))),
    };
    let said: Vec<String> = missing.into_iter().chain(wrong).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_nothing_is_taken_for_left_out() {
        let cases = [
            (json!(null), None),
            (json!([]), None),
            (json!({ "cursor": null }), Some(json!({}))),
            (json!({ "cursor": "" }), Some(json!({}))),
            (json!({ "_meta": null }), Some(json!({}))),
            (
                json!({ "_meta": { "progressToken": null, "a": 1 } }),
                Some(json!({ "_meta": { "a": 1 } })),
            ),
            (
                json!({ "name": "x", "arguments": null }),
                Some(json!({ "name": "x" })),
            ),
            (
                json!({ "name": "x", "arguments": [] }),
                Some(json!({ "name": "x" })),
            ),
            (
                json!({ "name": "x", "arguments": " " }),
                Some(json!({ "name": "x" })),
            ),
            (
                json!({ "name": "x", "arguments": "null" }),
                Some(json!({ "name": "x" })),
            ),
            (
                json!({ "name": "x", "arguments": "{\"a\": null}" }),
                Some(json!({ "name": "x", "arguments": { "a": null } })),
            ),
        ];
        for (given, expected) in cases {
            let mut params = Some(given.clone());
            assert_eq!(normalize(&mut params), Ok(true), "{given}");
            assert_eq!(params, expected, "{given}");
        }
    }

    #[test]
    fn what_says_something_is_left_as_it_is() {
        for given in [
            json!({}),
            json!(5),
            json!([1]),
            json!({ "cursor": "a" }),
            json!({ "cursor": 5 }),
            json!({ "name": "x", "arguments": { "due": null, "tags": [], "cursor": "" } }),
            json!({ "name": "x", "arguments": [1] }),
            json!({ "_meta": { "a": "" } }),
        ] {
            let mut params = Some(given.clone());
            assert_eq!(normalize(&mut params), Ok(false), "{given}");
            assert_eq!(params, Some(given));
        }
    }

    #[test]
    fn text_that_is_no_object_is_refused() {
        for text in ["title", "[1]", "5", "{\"a\":"] {
            let mut params = Some(json!({ "name": "x", "arguments": text }));
            let refusal = normalize(&mut params).unwrap_err();
            assert!(refusal.contains("no JSON object"), "{text}: {refusal}");
        }
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_type_is_named() {
        let cases = [
            (
                "initialize",
                json!({ "protocolVersion": "2025-06-18" }),
                Some("capabilities and clientInfo are missing"),
            ),
            (
                "initialize",
                json!({ "protocolVersion": 1, "capabilities": {}, "clientInfo": { "name": "x" } }),
                Some("clientInfo.version is missing; protocolVersion is not a string"),
            ),
            (
                "initialize",
                json!({ "protocolVersion": "1", "capabilities": [1], "clientInfo": null }),
                Some("clientInfo is missing; capabilities is not an object"),
            ),
            ("tools/call", json!({}), Some("name is missing")),
            (
                "tools/call",
                json!({ "name": "x", "arguments": [1] }),
                Some("arguments is not an object"),
            ),
            (
                "resources/read",
                json!({ "uri": 5, "_meta": 5 }),
                Some("uri is not a string; _meta is not an object"),
            ),
            ("tools/list", json!({ "cursor": 5 }), None),
        ];
        for (method, params, expected) in cases {
            let said = misfit(method, params.as_object());
            assert_eq!(said.as_deref(), expected, "{method} {params}");
        }
    }
}
