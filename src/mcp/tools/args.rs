//! What the tools take: types that read the arguments, and the schemas made from them.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    store::{Filter, Page},
    task::{Invalid, Status, TaskId, shortened},
};

/// A call's arguments, not yet read.
pub(super) struct Arguments {
    pub(super) tool: &'static str,
    pub(super) arguments: JsonObject,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddTask {
    /// What is to be done, in one line
    pub(super) title: String,
    /// More about it
    pub(super) description: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListTasks {
    view: Option<View>,
    status: Option<Status>,
    /// 1 to 200, default 20
    limit: Option<i64>,
    /// From the end of the last page
    cursor: Option<String>,
    /// json: structured, for programs
    pub(super) format: Option<Format>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneTask {
    pub(super) task_id: TaskId,
}

pub(super) type GetTask = OneTask;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    pub(super) task_id: TaskId,
    pub(super) title: Option<String>,
    /// Empty clears it
    pub(super) description: Option<String>,
    pub(super) status: Option<Status>,
    /// Refuse if the task's rev is another: it was changed since
    pub(super) if_rev: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Undo {
    /// Another change than the last, by its group number
    pub(super) group: Option<i64>,
}

/// Declares a closed set of words, some with synonyms, read without regard to case.
macro_rules! words {
    ($name:ident, $field:literal, $($variant:ident = $word:literal $(| $synonym:literal)*),+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
        #[schemars(inline)]
        pub(super) enum $name {
            $(#[schemars(rename = $word)] $variant),+
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = String::deserialize(deserializer)?;
                match given.trim().to_lowercase().as_str() {
                    $($word $(| $synonym)* => Ok(Self::$variant),)+
                    _ => Err(serde::de::Error::custom(format!(
                        "{} \"{}\" is none of {}",
                        $field,
                        shortened(&given, 40),
                        [$($word),+].join(", "),
                    ))),
                }
            }
        }
    };
}

words!(
    View,
    "view",
    Open = "open" | "pending" | "todo" | "active",
    Completed = "completed" | "complete" | "done" | "finished",
    All = "all" | "everything",
    Trash = "trash" | "deleted"
);
words!(Format, "format", Text = "text", Json = "json");

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 200;

impl ListTasks {
    pub(super) fn filter(&self) -> Result<Filter, Invalid> {
        match (self.view, self.status) {
            (Some(_), Some(_)) => Err(Invalid::new(
                "view",
                "and status exclude each other; give one of them",
            )),
            (_, Some(status)) => Ok(Filter::Status(status)),
            (Some(View::Completed), None) => Ok(Filter::Status(Status::Completed)),
            (Some(View::All), None) => Ok(Filter::All),
            (Some(View::Trash), None) => Ok(Filter::Trash),
            (Some(View::Open) | None, None) => Ok(Filter::Open),
        }
    }

    pub(super) fn limit(&self) -> Result<u32, Invalid> {
        let Some(limit) = self.limit else {
            return Ok(DEFAULT_LIMIT);
        };
        u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                Invalid::new(
                    "limit",
                    format!("must be from 1 to {MAX_LIMIT}; {limit} is not"),
                )
            })
    }

    /// Returns the task the cursor stands at.
    pub(super) fn after(&self) -> Result<Option<TaskId>, Invalid> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let refused = |reason| Invalid::new("cursor", reason);
        let (view, id) = cursor
            .split_once('.')
            .and_then(|(view, id)| Some((view, i64::from_str_radix(id, 16).ok()?)))
            .ok_or_else(|| refused("is none of ours; leave it out to begin again"))?;
        if view != view_word(self.filter()?) {
            return Err(refused(
                "belongs to another view; repeat that view, or leave it out",
            ));
        }
        TaskId::try_from(id)
            .map(Some)
            .map_err(|_| refused("is none of ours; leave it out to begin again"))
    }
}

/// Returns the word for what a filter lets through.
pub(super) fn view_word(filter: Filter) -> &'static str {
    match filter {
        Filter::Open => "open",
        Filter::Status(status) => status.as_str(),
        Filter::All => "all",
        Filter::Trash => "trash",
    }
}

/// Returns the cursor that goes on after `page`; `None` at the end.
pub(super) fn next_cursor(page: &Page, filter: Filter) -> Option<String> {
    let last = page.tasks.last().filter(|_| page.more > 0)?;
    Some(format!("{}.{:x}", view_word(filter), last.id.get()))
}

impl Arguments {
    /// Reads the arguments as `T`; a refusal names the argument and what the tool takes.
    pub(super) fn read<T: DeserializeOwned + JsonSchema>(self) -> Result<T, Invalid> {
        let Self { tool, arguments } = self;
        let schema = schema::<T>();
        let known: Vec<&str> = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        if let Some(unknown) = arguments
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            return Err(Invalid::new(tool, unknown_argument(unknown, &known)));
        }
        serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
            let (path, reason) = (error.path().to_string(), error.inner().to_string());
            // Our own refusals name the field themselves.
            let named = path == "." || reason.starts_with(&path);
            Invalid::new(
                tool,
                if named {
                    format!("refused: {reason}")
                } else {
                    format!("refused: {path}: {reason}")
                },
            )
        })
    }
}

fn unknown_argument(unknown: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len() / 2);
    let hint = nearest.map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"));
    format!(
        "has no argument \"{}\"{hint} It takes {}",
        shortened(unknown, 40),
        known.join(", ")
    )
}

/// Returns the input schema of `T`, without what a model has no use for: every word of it is sent with every
/// conversation.
pub(super) fn schema<T: JsonSchema>() -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    slim(&mut schema);
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

/// Drops titles and number formats, and the `null` of what may be left out.
fn slim(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("type") {
                object.remove("title");
                object.remove("format");
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(words)) = object.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            object.values_mut().for_each(slim);
        }
        Value::Array(items) => items.iter_mut().for_each(slim),
        _ => {}
    }
}
