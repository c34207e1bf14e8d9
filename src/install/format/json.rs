//! JSON with comments, by way of its concrete syntax tree.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode, TrailingCommaMode},
    errors::ParseErrorKind,
    parse_to_ast,
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

/// Returns the line of the first comment.
pub(super) fn first_comment(text: &str) -> Option<usize> {
    let options = ParseOptions {
        allow_comments: false,
        ..OPTIONS
    };
    let error = parse_to_ast(text, &CollectOptions::default(), &options).err()?;
    matches!(error.kind(), ParseErrorKind::CommentsNotAllowed).then(|| error.line_display())
}

/// Returns the line of the first comma that has nothing after it.
pub(super) fn first_last_comma(text: &str) -> Option<usize> {
    let options = ParseOptions {
        allow_trailing_commas: false,
        ..OPTIONS
    };
    let error = parse_to_ast(text, &CollectOptions::default(), &options).err()?;
    matches!(error.kind(), ParseErrorKind::TrailingCommasNotAllowed).then(|| error.line_display())
}

/// Returns `text` without commas that have nothing after them.
pub(super) fn without_last_commas(text: &str) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    root.set_trailing_commas(TrailingCommaMode::Never);
    let mended = root.to_string();
    (first_last_comma(&mended).is_none() && parse(&mended) == parse(text)).then_some(mended)
}

pub(super) fn set(text: &str, spot: Spot<'_>, members: Members<'_>) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    let mut servers = root.object_value_or_create()?;
    for key in spot.container {
        only(&servers, key)?;
        servers = servers.object_value_or_set(key);
    }
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
    let mut servers = root.object_value()?;
    for key in spot.container {
        servers = only(&servers, key)??.object_value()?;
    }
    only(&servers, spot.name)??.remove();
    Some(root.to_string())
}

/// Returns `text` without the member `container`, if that is an object with nothing in it.
pub(super) fn without_empty(text: &str, container: &[&str]) -> Option<String> {
    let root = CstRootNode::parse(text, &OPTIONS).ok()?;
    let (last, outer) = container.split_last()?;
    let mut around = root.object_value()?;
    for key in outer {
        around = only(&around, key)??.object_value()?;
    }
    let servers = only(&around, last)??;
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
