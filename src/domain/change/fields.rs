//! The fields of a task, as the change log keeps them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::UPDATED_AT;
use crate::domain::task::Task;

/// Fields of a task by name, in the form [`Task`] serializes to.
pub type Fields = Map<String, Value>;

/// Fields the log does not repeat: they follow from its own columns.
const DERIVED: [&str; 3] = ["id", "rev", UPDATED_AT];

/// Has `$visit!` see the fields that the log keeps. Whoever adds one to [`Task`] is made to name it here, or to say that it is
/// derived, where `$visit!` takes a task apart.
macro_rules! kept {
    ($visit:ident) => {
        $visit! {
            title description status created_at started_at completed_at created_by deleted_at priority due
            defer_until repeat repeat_from project tags parent depends_on origin
        }
    };
}

/// Returns the fields of `task` that the log keeps. Comments are not among them.
pub(crate) fn logged_fields(task: &Task) -> Fields {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(task) else {
        unreachable!("a task serializes to an object")
    };
    fields.retain(|name, _| !DERIVED.contains(&name.as_str()));
    fields
}

/// Returns the fields that the log keeps and in which the two differ, of the one and of the other.
pub(super) fn differing(before: &Task, after: &Task) -> (Fields, Fields) {
    let (mut old, mut new) = (Fields::new(), Fields::new());
    macro_rules! compare {
        ($($name:ident)*) => {
            let Task { id: _, rev: _, updated_at: _, $($name),* } = after;
            $(if before.$name != *$name {
                old.insert(stringify!($name).to_owned(), json(&before.$name));
                new.insert(stringify!($name).to_owned(), json($name));
            })*
        };
    }
    kept!(compare);
    (old, new)
}

/// Returns `task` with `fields` set. A field this build does not know is passed over.
pub(crate) fn with_fields(task: &Task, fields: &Fields) -> serde_json::Result<Task> {
    let mut task = task.clone();
    macro_rules! set {
        ($($name:ident)*) => {
            for (name, value) in fields {
                match name.as_str() {
                    "id" => task.id = Deserialize::deserialize(value)?,
                    "rev" => task.rev = Deserialize::deserialize(value)?,
                    UPDATED_AT => task.updated_at = Deserialize::deserialize(value)?,
                    $(stringify!($name) => task.$name = Deserialize::deserialize(value)?,)*
                    _ => {}
                }
            }
        };
    }
    kept!(set);
    Ok(task)
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
