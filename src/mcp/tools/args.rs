//! What the tools take: types that read the arguments, and the schemas made from them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    domain::{
        command::Reference,
        task::{Invalid, Priority, Status, TaskId, cut},
    },
    input::{Clearable, is_none},
};

/// A task to add. Flat, so that a call for one task needs no list.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddItem {
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) due: Option<String>,
    pub(super) defer_until: Option<String>,
    pub(super) repeat: Option<String>,
    pub(super) project: Option<String>,
    pub(super) tags: Option<Words>,
    pub(super) parent: Option<OneReference>,
    pub(super) depends_on: Option<References>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddTask {
    /// One line; required unless tasks is given
    title: Option<String>,
    description: Option<String>,
    priority: Option<Priority>,
    /// A date, with or without time: 2026-12-24, tomorrow 17:30, fri, in 3 days
    due: Option<String>,
    /// Hidden from ready until then
    defer_until: Option<String>,
    /// every weekday, every 2 weeks on mon, monthly on the 31st, or an RRULE
    repeat: Option<String>,
    project: Option<String>,
    tags: Option<Words>,
    /// Task id
    parent: Option<OneReference>,
    /// Ids of tasks to be done first
    depends_on: Option<References>,
    /// Makes a retry safe: same key, same answer
    pub(super) key: Option<String>,
    /// Many at once, each with the fields above; ^1 in parent or `depends_on` is the first of them
    #[schemars(with = "Option<Vec<serde_json::Map<String, Value>>>")]
    tasks: Option<Vec<AddItem>>,
}

impl AddTask {
    /// Returns the tasks to add: the list, or the one whose fields stand beside it. The flag tells which.
    pub(super) fn items(self) -> Result<(Vec<AddItem>, bool), Invalid> {
        let Self {
            title,
            description,
            priority,
            due,
            defer_until,
            repeat,
            project,
            tags,
            parent,
            depends_on,
            key: _,
            tasks,
        } = self;
        let item = AddItem {
            title: title.unwrap_or_default(),
            description,
            priority,
            due,
            defer_until,
            repeat,
            project,
            tags,
            parent,
            depends_on,
        };
        match tasks {
            Some(_) if !item.is_empty() => Err(Invalid::new(
                "tasks",
                "and the fields of one task exclude each other; put every field into tasks",
            )),
            None if item.title.is_empty() => Err(Invalid::new(
                "title",
                "is missing; say in one line what is to be done",
            )),
            Some(tasks) if (1..=MAX_BATCH).contains(&tasks.len()) => Ok((tasks, true)),
            Some(tasks) => {
                let given = tasks.len();
                Err(Invalid::new(
                    "tasks",
                    format!("must be 1 to {MAX_BATCH} tasks; there are {given}"),
                ))
            }
            None => Ok((vec![item], false)),
        }
    }
}

impl AddItem {
    fn is_empty(&self) -> bool {
        let Self {
            title,
            description,
            priority,
            due,
            defer_until,
            repeat,
            project,
            tags,
            parent,
            depends_on,
        } = self;
        let texts = [description, due, defer_until, repeat, project];
        title.is_empty()
            && texts
                .iter()
                .all(|text| text.as_ref().is_none_or(String::is_empty))
            && priority.is_none()
            && tags.as_ref().is_none_or(|tags| tags.0.is_empty())
            && parent.is_none()
            && depends_on.as_ref().is_none_or(|ids| ids.0.is_empty())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Several {
    pub(super) task_id: Ids,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    pub(super) task_id: Ids,
    /// How many, when more than 20
    pub(super) confirm: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetTask {
    pub(super) task_id: TaskId,
    /// Also who changed what when
    pub(super) history: Option<bool>,
    pub(super) cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    pub(super) task_id: Ids,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    #[schemars(with = "Option<Status>")]
    pub(super) status: Option<Clearable<Status>>,
    #[schemars(with = "Option<Priority>")]
    pub(super) priority: Option<Clearable<Priority>>,
    #[schemars(with = "Option<String>")]
    pub(super) due: Option<Clearable<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) defer_until: Option<Clearable<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) repeat: Option<Clearable<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) project: Option<Clearable<String>>,
    /// All of them
    pub(super) tags: Option<Words>,
    #[schemars(with = "Option<i64>")]
    pub(super) parent: Option<Clearable<TaskId>>,
    /// All of them
    #[schemars(with = "Option<Vec<i64>>")]
    pub(super) depends_on: Option<Ids>,
    /// To append
    pub(super) comment: Option<String>,
    /// Refuse if the task's rev is another
    #[schemars(with = "Option<i64>")]
    pub(super) if_rev: Option<Clearable<i64>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Undo {
    /// Another change than the last, by its group number
    pub(super) group: Option<i64>,
}

impl Ids {
    /// Returns the ids a command is about: at least one.
    pub(super) fn some(self) -> Result<Vec<TaskId>, Invalid> {
        if self.0.is_empty() {
            return Err(Invalid::new(
                "task_id",
                "names no task; give a whole number from 1, like 12",
            ));
        }
        Ok(self.0)
    }
}

/// Reads one value where a list is meant.
fn one_or_many<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        Value::String(text) if is_none(&text) => Vec::new(),
        Value::String(text) => text
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| Value::String(part.trim().to_owned()))
            .collect(),
        value => vec![value],
    };
    values
        .into_iter()
        .map(|value| {
            if let Value::String(item) = &value {
                cut::refuse_cut_item(item).map_err(serde::de::Error::custom)?;
            }
            T::deserialize(value).map_err(serde::de::Error::custom)
        })
        .collect()
}

/// Declares a list that may also be given as one value, with the schema a model sees.
macro_rules! list {
    ($name:ident, $item:ty, $schema:tt) => {
        #[derive(Default)]
        pub(super) struct $name(pub(super) Vec<$item>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                one_or_many(deserializer).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

list!(Ids, TaskId, { "type": ["integer", "array"], "items": { "type": "integer" } });
list!(Words, String, { "type": "array", "items": { "type": "string" } });
list!(References, OneReference, { "type": "array", "items": { "type": ["integer", "string"] } });

/// A task id, or `^1`.
pub(super) struct OneReference(pub(super) Reference);

impl<'de> Deserialize<'de> for OneReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            value => value.to_string(),
        };
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for OneReference {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Reference".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"] })
    }
}

/// The most tasks one call adds.
const MAX_BATCH: usize = 1_000;
