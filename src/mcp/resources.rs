//! Resources: the task lists in the tutorial's text form, and one task in full.

use std::fmt::Write as _;

use rmcp::model::{ErrorData, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::{internal, uri::ResourceUri};
use crate::{
    error::{Error, Result},
    render,
    store::{Filters, Moment, Store, View, db::Session},
    task::Timestamp,
    when::Zone,
};

const TEXT: &str = "text/plain";
/// The most tasks in a resource: enough for a person, bounded for a host that reads it into a conversation.
const MAX_TASKS: u32 = 1_000;
/// The most text in a resource, in bytes, reached before [`MAX_TASKS`] when descriptions are long.
const MAX_BYTES: usize = 256 * 1024;

/// Every resource without a name in it: its URI, name, title and what it lists.
const LISTS: [(&str, &str, &str, &str); 4] = [
    (
        "tasks://all",
        "all",
        "All tasks",
        "Every task, finished ones too",
    ),
    (
        "tasks://pending",
        "pending",
        "Pending tasks",
        "The tasks with something left to do",
    ),
    (
        "tasks://today",
        "today",
        "Today",
        "What is due today or overdue",
    ),
    (
        "tasks://overdue",
        "overdue",
        "Overdue",
        "Tasks whose date has passed",
    ),
];

/// Every template: its URI, name, title and what it lists.
const TEMPLATES: [(&str, &str, &str, &str); 3] = [
    (
        "tasks://project/{name}",
        "project",
        "A project",
        "The open tasks of a project",
    ),
    (
        "tasks://tag/{name}",
        "tag",
        "A tag",
        "The open tasks with a tag",
    ),
    (
        "tasks://task/{id}",
        "task",
        "One task",
        "A task with everything there is to know about it",
    ),
];

pub(super) fn list() -> Vec<Resource> {
    LISTS
        .into_iter()
        .map(|(uri, name, title, description)| {
            Resource::new(uri, name)
                .with_title(title)
                .with_description(description)
                .with_mime_type(TEXT)
        })
        .collect()
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    TEMPLATES
        .into_iter()
        .map(|(uri, name, title, description)| {
            ResourceTemplate::new(uri, name)
                .with_title(title)
                .with_description(description)
                .with_mime_type(TEXT)
        })
        .collect()
}

/// Reads the resource at `uri`.
pub(super) async fn read(
    session: &Session,
    uri: &str,
    zone: Zone,
) -> std::result::Result<ResourceContents, ErrorData> {
    let Some(resource) = ResourceUri::parse(uri) else {
        return Err(not_found(uri));
    };
    let text = session
        .read(move |store| text(store, &resource, render::now(), zone))
        .await
        .map_err(|error| match error {
            Error::NotFound { .. } => not_found(uri),
            error => internal(&error),
        })?;
    Ok(ResourceContents::text(text, uri).with_mime_type(TEXT))
}

/// The answer for a URI that leads nowhere. The protocol wants the URI in the error's data.
pub(super) fn not_found(uri: &str) -> ErrorData {
    let lists = LISTS.iter().map(|(uri, ..)| *uri);
    let all: Vec<&str> = lists
        .chain(TEMPLATES.iter().map(|(uri, ..)| *uri))
        .collect();
    ErrorData::resource_not_found(
        format!("resource not found; there are {}", all.join(", ")),
        Some(json!({ "uri": uri })),
    )
}

/// Returns the text of a resource as it is at `now`.
pub(super) fn text(
    store: &Store,
    resource: &ResourceUri,
    now: Timestamp,
    zone: Zone,
) -> Result<String> {
    let list = |view, filters: Filters, heading: &str, empty: &str| {
        let block = if view == View::All {
            render::block
        } else {
            render::pending_block
        };
        let page = store.list(view, &filters, &Moment::new(now, zone), None, MAX_TASKS)?;
        if page.tasks.is_empty() {
            return Ok(empty.to_owned());
        }
        let mut text = format!("{heading}\n\n");
        let mut next = page.next;
        for (task, place) in page.tasks.iter().zip(&page.places) {
            let block = block(task, zone);
            if text.len() + block.len() > MAX_BYTES && place.is_some() {
                next = *place;
                break;
            }
            text.push_str(&block);
        }
        if next.is_some() {
            let left = store.count(view, &filters, &Moment::new(now, zone), next)?;
            let more = render::bounded(left, Store::COUNT_LIMIT);
            let _ = writeln!(text, "... and {more} more; the tool list_tasks shows them");
        }
        Ok(text)
    };
    let none = Filters::default;
    store.snapshot(|store| match resource {
        ResourceUri::All => list(View::All, none(), "Current Tasks:", "No tasks found"),
        ResourceUri::Pending => list(View::Open, none(), "Pending Tasks:", "No pending tasks!"),
        ResourceUri::Today => list(
            View::Today,
            none(),
            "Due Today or Overdue:",
            "Nothing is due today!",
        ),
        ResourceUri::Overdue => list(
            View::Overdue,
            none(),
            "Overdue Tasks:",
            "Nothing is overdue!",
        ),
        ResourceUri::Project(name) => list(
            View::Open,
            Filters {
                project: Some(name.clone()),
                ..none()
            },
            &format!("Tasks of {name}:"),
            "No open tasks in this project",
        ),
        ResourceUri::Tag(name) => list(
            View::Open,
            Filters {
                tag: Some(name.clone()),
                ..none()
            },
            &format!("Tasks with #{name}:"),
            "No open tasks with this tag",
        ),
        ResourceUri::Task(id) => {
            let task = store.task(*id)?.ok_or(Error::NotFound { id: *id })?;
            Ok(render::sheet(&task, &store.comments(*id)?, zone))
        }
    })
}
