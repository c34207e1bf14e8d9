//! JSON with comments, by way of its concrete syntax tree.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::Object,
    common::Ranged as _,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode, TrailingCommaMode},
    errors::ParseErrorKind,
    parse_to_ast,
};
use serde_json::{Value, json};

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
    if let Some(set) = set_on_its_line(text, spot, members) {
        return Some(set);
    }
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

/// Returns `text` with a new server among others that are on one line, or in a file that is: the library would open the line.
/// `None` where there is no such line, or where a comment ends it.
fn set_on_its_line(text: &str, spot: Spot<'_>, members: Members<'_>) -> Option<String> {
    let ast = parse_to_ast(text, &CollectOptions::default(), &OPTIONS).ok()?;
    let root = ast.value.as_ref()?.as_object()?;
    let is_line = |object: &Object<'_>| {
        !object.properties.is_empty() && !text[object.range.start..object.range.end].contains('\n')
    };
    let mut outer = root;
    let mut missing = [spot.container, &[spot.name]].concat();
    while let Some(inner) = outer.get_object(missing.first()?) {
        outer = inner;
        missing.remove(0);
    }
    let (key, inner) = missing.split_first()?;
    let example = if is_line(outer) {
        outer
    } else {
        Some(root).filter(|root| outer.properties.is_empty() && is_line(root))?
    };
    let member = example.properties.first()?;
    let gap = &text[member.name.range().end..member.value.range().start];
    let gap = if gap.ends_with(' ') { " " } else { "" };

    let mut value = written(members.iter().map(|(key, value)| (*key, value)), gap);
    for key in inner.iter().rev() {
        value = format!("{{{}:{gap}{value}}}", json!(key));
    }
    let (at, comma) = match outer.properties.last() {
        Some(last) => (last.range.end, format!(",{gap}")),
        None => (outer.range.start + 1, String::new()),
    };
    let rest = text[at..outer.range.end].trim_start_matches([',', ' ', '\t']);
    (rest == "}").then(|| {
        format!(
            "{}{comma}{}:{gap}{value}{}",
            &text[..at],
            json!(key),
            &text[at..]
        )
    })
}

/// Returns an object on one line, with `gap` behind each colon and comma.
fn written<'a>(members: impl Iterator<Item = (&'a str, &'a Value)>, gap: &str) -> String {
    let members = members.map(|(key, value)| {
        let value = match value {
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                format!("[{}]", values.join(&format!(",{gap}")))
            }
            value => value.to_string(),
        };
        format!("{}:{gap}{value}", json!(key))
    });
    format!(
        "{{{}}}",
        members.collect::<Vec<_>>().join(&format!(",{gap}"))
    )
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
