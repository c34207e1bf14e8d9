//! YAML: edited by `yaml-edit`, which keeps comments; judged by `saphyr`, which shares no code with it.

use std::{fmt::Write as _, str::FromStr as _};

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};
use yaml_edit::{Document, YamlFile};

use super::{Members, Spot};

pub(super) fn parse(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    match documents.as_slice() {
        [] => Ok(Value::Null),
        [document] => value(document),
        _ => Err("it has more than one document".to_owned()),
    }
}

fn value(yaml: &Yaml<'_>) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => value.to_string().into(),
        Yaml::Value(Scalar::String(value)) => value.as_ref().into(),
        Yaml::Representation(text, ..) => text.as_ref().into(),
        Yaml::Sequence(values) => values.iter().map(value).collect::<Result<_, _>>()?,
        Yaml::Mapping(members) => {
            let mut object = Map::new();
            for (key, member) in members {
                let key = match value(key)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                object.insert(key, value(member)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tag, inner) => serde_json::json!([tag.to_string(), value(inner)?]),
        Yaml::Alias(_) | Yaml::BadValue => return Err("a value cannot be read".to_owned()),
    })
}

pub(super) fn set(text: &str, spot: Spot<'_>, members: Members<'_>) -> Option<String> {
    let block = block(spot, members);
    let file = YamlFile::from_str(text).ok()?;
    let root = file.document().and_then(|document| document.as_mapping());
    let Some(root) = root.filter(|root| root.contains_key(spot.container)) else {
        return Some(appended(text, &block));
    };
    let new = Document::from_str(&block).ok()?;
    let new_servers = new.as_mapping()?.get_mapping(spot.container)?;
    let new_entry = new_servers.get_mapping(spot.name)?;
    match root.get_mapping(spot.container) {
        None => root.set(spot.container, &new_servers),
        Some(servers) => match servers.get_mapping(spot.name) {
            None => servers.set(spot.name, &new_entry),
            Some(entry) => {
                for (key, _) in members {
                    entry.set(*key, new_entry.get(*key)?);
                }
            }
        },
    }
    Some(file.to_string())
}

pub(super) fn remove(text: &str, spot: Spot<'_>) -> Option<String> {
    let file = YamlFile::from_str(text).ok()?;
    let servers = file.document()?.as_mapping()?.get_mapping(spot.container)?;
    servers.remove(spot.name)?;
    Some(file.to_string())
}

/// Returns `text` without the line of `container`, if that says it is empty and nothing else.
pub(super) fn without_empty(text: &str, container: &str) -> Option<String> {
    let empty = format!("{container}: {{}}");
    let lines = text.split_inclusive('\n');
    let kept: String = lines.filter(|line| line.trim_end() != empty).collect();
    (kept.len() < text.len()).then_some(kept)
}

/// Returns the text with the servers' key after everything else.
fn appended(text: &str, block: &str) -> String {
    let gap = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{gap}{block}")
}

/// Returns a server alone in a configuration. Values are written as JSON, which is YAML.
fn block(spot: Spot<'_>, members: Members<'_>) -> String {
    let mut block = format!("{}:\n  {}:\n", spot.container, spot.name);
    for (key, value) in members {
        let _ = writeln!(block, "    {key}: {value}");
    }
    block
}
