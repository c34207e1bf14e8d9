//! What the tools take: types that read the arguments, and the schemas made from them.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    command::{Caller, Reference},
    store::{self, Filters, Position},
    task::{Invalid, Priority, Project, Status, Tag, TaskId, shortened},
    when::{Reading, When},
};

/// A call's arguments, not yet read.
pub(super) struct Arguments {
    pub(super) tool: &'static str,
    pub(super) arguments: JsonObject,
}

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
pub(super) struct ListTasks {
    pub(super) view: Option<View>,
    /// Words to find, in every text; view all or trash for finished or deleted ones
    pub(super) query: Option<String>,
    pub(super) status: Option<Status>,
    project: Option<String>,
    tag: Option<String>,
    priority: Option<Priority>,
    /// A date
    pub(super) due_before: Option<String>,
    pub(super) due_after: Option<String>,
    /// 1 to 200, default 20
    limit: Option<i64>,
    cursor: Option<String>,
    /// json: for programs
    pub(super) format: Option<Format>,
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
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    pub(super) task_id: Ids,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) status: Option<Status>,
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
    pub(super) if_rev: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Undo {
    /// Another change than the last, by its group number
    pub(super) group: Option<i64>,
}

/// A value to set; an empty one clears the field.
pub(super) enum Clearable<T> {
    Clear,
    Set(T),
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

impl<T> Clearable<T> {
    pub(super) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Option<U>, E> {
        match self {
            Self::Clear => Ok(None),
            Self::Set(value) => map(value).map(Some),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if matches!(text.trim().to_lowercase().as_str(), "" | "none") => {
                Ok(Self::Clear)
            }
            value => T::deserialize(value)
                .map(Self::Set)
                .map_err(serde::de::Error::custom),
        }
    }
}

/// Reads one value where a list is meant.
fn one_or_many<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        // Some models send a list as text.
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(&text).map_err(serde::de::Error::custom)?
        }
        Value::String(text) => text
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| Value::String(part.trim().to_owned()))
            .collect(),
        value => vec![value],
    };
    values
        .into_iter()
        .map(|value| T::deserialize(value).map_err(serde::de::Error::custom))
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
    Ready = "ready" | "next" | "actionable",
    Today = "today",
    Overdue = "overdue" | "late",
    Blocked = "blocked" | "waiting",
    Completed = "completed" | "complete" | "done" | "finished",
    All = "all" | "everything",
    Trash = "trash" | "deleted",
    Stale = "stale",
    Changed = "changed" | "changes" | "news"
);
words!(Format, "format", Text = "text", Json = "json");

/// The most tasks one call adds.
const MAX_BATCH: usize = 1_000;
const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 200;

impl ListTasks {
    /// Takes empty texts for arguments left out: some hosts fill in every argument.
    pub(super) fn without_blanks(mut self) -> Self {
        let texts = [
            &mut self.query,
            &mut self.project,
            &mut self.tag,
            &mut self.due_before,
            &mut self.due_after,
            &mut self.cursor,
        ];
        for text in texts {
            *text = text.take().filter(|text| !text.trim().is_empty());
        }
        self
    }

    /// Returns what to list. A status names a view of its own, unless a view was given that it can narrow down.
    pub(super) fn view(&self) -> store::View {
        match (self.view, self.status) {
            (None, Some(Status::InProgress)) => store::View::InProgress,
            (None | Some(View::Open), Some(Status::Cancelled)) => store::View::Cancelled,
            (Some(View::Ready), _) => store::View::Ready,
            (Some(View::Today), _) => store::View::Today,
            (Some(View::Overdue), _) => store::View::Overdue,
            (Some(View::Blocked), _) => store::View::Blocked,
            (None | Some(View::Open), Some(Status::Completed)) | (Some(View::Completed), _) => {
                store::View::Completed
            }
            (Some(View::All), _) => store::View::All,
            (Some(View::Trash), _) => store::View::Trash,
            (Some(View::Stale), _) => store::View::Stale,
            // What changed is no view of the store's.
            (Some(View::Open | View::Changed) | None, _) => store::View::Open,
        }
    }

    pub(super) fn filters(&self, caller: &Caller) -> Result<Filters, Invalid> {
        // The start of that day, or that instant, as `When::order` counts.
        let bound = |field, text: &String, days| -> Result<i64, Invalid> {
            let when = read_date(field, text, caller)?.when;
            Ok(match when {
                When::Day(_) => when.order(caller.zone) + 1 + (days - 1) * DAY,
                When::At(_) => when.order(caller.zone) + days,
            })
        };
        Ok(Filters {
            project: self
                .project
                .as_deref()
                .map(|name| Project::cleaned(name).map(|(name, _)| name))
                .transpose()?,
            tag: self
                .tag
                .as_deref()
                .map(|tag| Tag::cleaned(tag).map(|(tag, _)| tag))
                .transpose()?,
            priority: self.priority,
            status: self.status,
            // After a day is from the next one on; before a day excludes it.
            due_from: self
                .due_after
                .as_ref()
                .map(|text| bound("due_after", text, 1))
                .transpose()?,
            due_to: self
                .due_before
                .as_ref()
                .map(|text| bound("due_before", text, 0))
                .transpose()?,
        })
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

    /// Returns the change the cursor of the view `changed` stands at.
    pub(super) fn after_change(&self) -> Result<Option<i64>, Invalid> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let number = cursor
            .trim()
            .strip_prefix("changed.")
            .unwrap_or(cursor.trim());
        number
            .parse()
            .map(Some)
            .map_err(|_| Invalid::new("cursor", "is none of ours; leave it out to begin again"))
    }

    /// Returns the place the cursor stands at.
    pub(super) fn after(&self) -> Result<Option<Position>, Invalid> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let refused = |reason| Err(Invalid::new("cursor", reason));
        let expected = cursor_word(self.view(), self.query.is_some());
        let mut parts = cursor.trim().split('.');
        let view = parts.next().unwrap_or_default();
        let numbers: Option<Vec<i64>> = parts
            .map(|part| u64::from_str_radix(part, 16).ok().map(u64::cast_signed))
            .collect();
        match numbers.as_deref() {
            _ if view != expected => {
                refused("belongs to another view; repeat that view, or leave it out")
            }
            Some(&[first, second, id]) => Ok(Some(Position {
                key: (first, second),
                id,
            })),
            _ => refused("is none of ours; leave it out to begin again"),
        }
    }
}

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Reads a date as people say it; a refusal names the field.
pub(super) fn read_date(
    field: &'static str,
    text: &str,
    caller: &Caller,
) -> Result<Reading, Invalid> {
    When::read(text, caller.now.as_millis(), caller.zone)
        .map_err(|error| Invalid::new(field, error.to_string()))
}

/// Returns the word for a view.
pub(super) fn view_word(view: store::View) -> &'static str {
    match view {
        store::View::Open => "open",
        store::View::Ready => "ready",
        store::View::Today => "today",
        store::View::Overdue => "overdue",
        store::View::Blocked => "blocked",
        store::View::InProgress => "in_progress",
        store::View::Stale => "stale",
        store::View::Completed => "completed",
        store::View::Cancelled => "cancelled",
        store::View::All => "all",
        store::View::Trash => "trash",
    }
}

/// Returns the word a cursor begins with; one of a search does not fit the view alone.
fn cursor_word(view: store::View, is_search: bool) -> String {
    format!("{}{}", view_word(view), if is_search { "?" } else { "" })
}

/// Returns the cursor that goes on at `position`.
pub(super) fn cursor(view: store::View, is_search: bool, position: Position) -> String {
    let Position {
        key: (first, second),
        id,
    } = position;
    format!(
        "{}.{first:x}.{second:x}.{id:x}",
        cursor_word(view, is_search)
    )
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
