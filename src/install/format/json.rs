//! JSON with comments, by way of its concrete syntax tree.

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode},
};
use serde_json::Value;

use super::{Members, Spot};

/// What hosts put up with: comments, and a comma after the last member.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(text: &str) -> Result<Value, String> {
    jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &OPTIONS)
        .map(Option::unwrap_or_default)
        .map_err(|error| error.to_string())
}

pub(super) fn set(text: &str, spot: Spot<'_>, members: Members<'_>) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    let top = root.object_value_or_create()?;
    only(&top, spot.container)?;
    let servers = top.object_value_or_set(spot.container);
    if let Some(entry) = only(&servers, spot.name)? {
        let entry = entry.object_value()?;
        for (key, value) in members {
            match only(&entry, key)? {
                Some(member) => member.set_value(input(value)),
                None => drop(entry.append(key, input(value))),
            }
        }
    } else {
        let members = members
            .iter()
            .map(|(key, value)| ((*key).to_owned(), input(value)));
        servers.append(spot.name, CstInputValue::Object(members.collect()));
    }
    Some(root.to_string())
}

pub(super) fn remove(text: &str, spot: Spot<'_>) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    let servers = only(&root.object_value()?, spot.container)??.object_value()?;
    only(&servers, spot.name)??.remove();
    Some(root.to_string())
}

/// Returns `text` without the member `container`, if that is an object with nothing in it.
pub(super) fn without_empty(text: &str, container: &str) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    let servers = only(&root.object_value()?, container)??;
    let inside = servers.object_value()?.to_string();
    let is_empty = inside.split_whitespace().collect::<String>() == "{}";
    is_empty.then(|| {
        servers.remove();
        root.to_string()
    })
}

/// Returns the member `name`; nothing at all when there are two, since hosts differ in which of them counts.
#[expect(
    clippy::option_option,
    reason = "a member that is not there can be made, one of two cannot be chosen"
)]
fn only(object: &CstObject, name: &str) -> Option<Option<CstObjectProp>> {
    let mut found = object
        .properties()
        .into_iter()
        .filter(|member| member.decoded_name().as_deref() == Some(name));
    let first = found.next();
    found.next().is_none().then_some(first)
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(members) => CstInputValue::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), input(value)))
                .collect(),
        ),
    }
}
