//! YAML, which is only read: a library that edits it and keeps its comments is large, for the one host that has it.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

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
