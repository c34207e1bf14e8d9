//! What the tools take: types that read the arguments, and the schemas made from them.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    domain::{
        command::Reference,
        task::{Invalid, Priority, Status, TaskId, cut},
    },
    input::{Clearable, is_none},
};

// A comment before a type with `///` would be sent to models.

// One of several tasks to add.
#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct AddItem {
    #[serde(default)]
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) due: Option<Clearable<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) priority: Option<Clearable<Priority>>,
    pub(super) project: Option<Clearable<String>>,
    pub(super) tags: Option<Words>,
    pub(super) parent: Option<Clearable<OneReference>>,
    pub(super) depends_on: Option<References>,
    pub(super) repeat: Option<Clearable<String>>,
    pub(super) defer_until: Option<Clearable<String>>,
}

// Flat, so that a call for one task needs no list.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AddTask {
    title: Option<String>,
    description: Option<String>,
    /// 2026-12-24, tomorrow 17:30, fri, in 3 days
    due: Option<Clearable<String>>,
    priority: Option<Clearable<Priority>>,
    project: Option<Clearable<String>>,
    tags: Option<Words>,
    /// Id of the whole; its dates are not inherited
    parent: Option<Clearable<OneReference>>,
    /// Ids to be done first
    depends_on: Option<References>,
    /// every 2 weeks on mon, every 3 days after completion, or an RRULE
    repeat: Option<Clearable<String>>,
    /// Hidden until then
    defer_until: Option<Clearable<String>>,
    /// Same key: nothing is added twice
    pub(super) key: Option<String>,
    /// Many at once; fields beside it hold for all; ^1 refers to the first
    tasks: Option<Vec<AddItem>>,
}

impl AddTask {
    /// Returns the tasks to add: the list, or the one whose fields stand beside it. The flag tells which.
    pub(super) fn items(self) -> Result<(Vec<AddItem>, bool), Invalid> {
        let item = AddItem {
            title: self.title.unwrap_or_default(),
            description: self.description,
            due: self.due,
            priority: self.priority,
            project: self.project,
            tags: self.tags,
            parent: self.parent,
            depends_on: self.depends_on,
            repeat: self.repeat,
            defer_until: self.defer_until,
        };
        match self.tasks {
            Some(_) if !item.title.is_empty() => Err(Invalid::new(
                "tasks",
                "and a title beside them exclude each other; put it into tasks",
            )),
            None if item.title.is_empty() => Err(Invalid::new(
                "title",
                "is missing; say in one line what is to be done",
            )),
            Some(tasks) if (1..=MAX_BATCH).contains(&tasks.len()) => {
                let tasks = tasks.into_iter().map(|task| task.or(&item));
                Ok((tasks.collect(), true))
            }
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
    /// Takes from `common` what it does not say itself.
    fn or(self, common: &Self) -> Self {
        Self {
            title: self.title,
            description: self.description.or_else(|| common.description.clone()),
            due: self.due.or_else(|| common.due.clone()),
            priority: self.priority.or(common.priority),
            project: self.project.or_else(|| common.project.clone()),
            tags: self.tags.or_else(|| common.tags.clone()),
            parent: self.parent.or(common.parent),
            depends_on: self.depends_on.or_else(|| common.depends_on.clone()),
            repeat: self.repeat.or_else(|| common.repeat.clone()),
            defer_until: self.defer_until.or_else(|| common.defer_until.clone()),
        }
    }
}

/// Returns the name of a project, which lists show with an `@` before it.
pub(super) fn bare_project(name: &str) -> String {
    let name = name.trim();
    name.strip_prefix('@').unwrap_or(name).to_owned()
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Complete {
    #[schemars(with = "Option<i64>")]
    pub(super) task_id: Option<Ids>,
    #[schemars(with = "Option<Vec<i64>>")]
    pub(super) task_ids: Option<Ids>,
    /// Of a series: the round done early
    pub(super) due: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Delete {
    #[schemars(with = "Option<i64>")]
    pub(super) task_id: Option<Ids>,
    #[schemars(with = "Option<Vec<i64>>")]
    pub(super) task_ids: Option<Ids>,
    /// How many, when more than 20
    pub(super) confirm: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct GetTask {
    pub(super) task_id: TaskId,
    /// Also who changed what when
    pub(super) history: Option<bool>,
    pub(super) cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct UpdateTask {
    #[schemars(with = "Option<i64>")]
    pub(super) task_id: Option<Ids>,
    #[schemars(with = "Option<Vec<i64>>")]
    pub(super) task_ids: Option<Ids>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) status: Option<Clearable<Status>>,
    pub(super) due: Option<Clearable<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) priority: Option<Clearable<Priority>>,
    pub(super) project: Option<Clearable<String>>,
    /// All of them, or +a -b
    pub(super) tags: Option<Words>,
    pub(super) parent: Option<Clearable<OneReference>>,
    pub(super) depends_on: Option<References>,
    pub(super) repeat: Option<Clearable<String>>,
    pub(super) defer_until: Option<Clearable<String>>,
    /// To append
    pub(super) comment: Option<String>,
    pub(super) if_rev: Option<Clearable<i64>>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Undo {
    /// Another than the last, by its group
    pub(super) group: Option<i64>,
}

/// Returns the tasks that a call names in `task_id`, in `task_ids`, or in both: at least one, and each once.
pub(super) fn ids(one: Option<Ids>, several: Option<Ids>) -> Result<Vec<TaskId>, Invalid> {
    let mut seen = BTreeSet::new();
    let both = one.into_iter().chain(several).flat_map(|ids| ids.0);
    let ids: Vec<TaskId> = both.filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() {
        return Err(Invalid::new(
            "task_id",
            "is missing; give the number of a task, like 12",
        ));
    }
    Ok(ids)
}

/// Reads one value where a list is meant. What programs write for no value is none.
fn one_or_many<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        Value::String(text) => text
            .split(',')
            .map(|part| Value::String(part.trim().to_owned()))
            .collect(),
        value => vec![value],
    };
    values
        .into_iter()
        .filter(|value| !value.is_null() && !value.as_str().is_some_and(is_none))
        .map(|value| {
            if let Value::String(item) = &value {
                cut::refuse_cut_item(item).map_err(serde::de::Error::custom)?;
            }
            T::deserialize(value).map_err(serde::de::Error::custom)
        })
        .collect()
}

/// Declares a list that may also be given as one value.
macro_rules! list {
    ($name:ident, $item:ty) => {
        #[derive(Clone, Default)]
        pub(super) struct $name(pub(super) Vec<$item>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                one_or_many(deserializer).map(Self)
            }
        }
    };
}

/// Gives a type the schema of another.
macro_rules! schema_of {
    ($name:ty, $as:ty) => {
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$as>::schema_name()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$as>::json_schema(generator)
            }
        }
    };
}

list!(Ids, TaskId);
list!(Words, String);
list!(References, OneReference);
schema_of!(Words, Vec<String>);
schema_of!(References, Vec<String>);
schema_of!(OneReference, String);

/// A task id, or `^1`.
#[derive(Clone, Copy)]
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

/// The most tasks one call adds.
const MAX_BATCH: usize = 1_000;
