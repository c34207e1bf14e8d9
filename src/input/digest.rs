//! The digest of a call: 32 bytes that tell whether a call made again says the same.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::command::Digest;

/// Returns the digest of what a caller sent, whatever the order of its fields.
pub(crate) fn digest_of(sent: &Value) -> Digest {
    let mut hash = Sha256::new();
    hash.update(sorted(sent).to_string());
    hash.finalize().into()
}

/// Returns `value` with the fields of every object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_say_the_same_have_one_digest_and_no_others() {
        let read = |text: &str| digest_of(&serde_json::from_str(text).unwrap());
        let first = read(r#"{"title":"a","tasks":[{"due":"fri","title":"b"}]}"#);
        assert_eq!(
            first,
            read(r#"{"tasks":[{"title":"b","due":"fri"}],"title":"a"}"#)
        );
        for other in [
            r#"{"title":"a","tasks":[{"due":"sat","title":"b"}]}"#,
            r#"{"title":"a","tasks":[{"due":"fri","title":"b"},{}]}"#,
            r#"{"title":"a"}"#,
        ] {
            assert_ne!(first, read(other), "{other}");
        }
    }
}
