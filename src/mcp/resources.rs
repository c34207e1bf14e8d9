//! Resources: the task lists in the tutorial's text form, and one task in full.

use std::fmt::Write as _;

use rmcp::model::{ErrorData, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::{internal, uri::ResourceUri};
use crate::{
    error::{Error, Result},
    render,
    store::{Filter, Store, db::Session},
};

const TEXT: &str = "text/plain";
/// The most tasks in a resource: enough for a person, bounded for a host that reads it into a conversation.
const MAX_TASKS: u32 = 1_000;
/// The most text in a resource, in bytes, reached before [`MAX_TASKS`] when descriptions are long.
const MAX_BYTES: usize = 256 * 1024;

pub(super) fn list() -> Vec<Resource> {
    vec![
        Resource::new("tasks://all", "all")
            .with_title("All tasks")
            .with_description("Every task, finished ones too, oldest first")
            .with_mime_type(TEXT),
        Resource::new("tasks://pending", "pending")
            .with_title("Pending tasks")
            .with_description("The tasks with something left to do, oldest first")
            .with_mime_type(TEXT),
    ]
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new("tasks://task/{id}", "task")
            .with_title("One task")
            .with_description("A task with everything there is to know about it")
            .with_mime_type(TEXT),
    ]
}

/// Reads the resource at `uri`.
pub(super) async fn read(
    session: &Session,
    uri: &str,
) -> std::result::Result<ResourceContents, ErrorData> {
    let Some(resource) = ResourceUri::parse(uri) else {
        return Err(not_found(uri));
    };
    let text = session
        .read(move |store| text(store, resource))
        .await
        .map_err(|error| match error {
            Error::NotFound { .. } => not_found(uri),
            error => internal(&error),
        })?;
    Ok(ResourceContents::text(text, uri).with_mime_type(TEXT))
}

/// The answer for a URI that leads nowhere. The protocol wants the URI in the error's data.
pub(super) fn not_found(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(
        "resource not found; there are tasks://all, tasks://pending and tasks://task/{id}",
        Some(json!({ "uri": uri })),
    )
}

/// Returns the text of a resource.
pub(super) fn text(store: &Store, resource: ResourceUri) -> Result<String> {
    match resource {
        ResourceUri::All => listing(
            store,
            Filter::All,
            "Current Tasks:",
            "No tasks found",
            render::block,
        ),
        ResourceUri::Pending => listing(
            store,
            Filter::Open,
            "Pending Tasks:",
            "No pending tasks!",
            render::pending_block,
        ),
        ResourceUri::Task(id) => Ok(render::sheet(
            &store.task(id)?.ok_or(Error::NotFound { id })?,
        )),
    }
}

fn listing(
    store: &Store,
    filter: Filter,
    heading: &str,
    empty: &str,
    block: fn(&crate::task::Task) -> String,
) -> Result<String> {
    let page = store.list(filter, None, MAX_TASKS)?;
    if page.tasks.is_empty() {
        return Ok(empty.to_owned());
    }
    let mut text = format!("{heading}\n\n");
    let mut left_out = page.more;
    for (shown, task) in page.tasks.iter().enumerate() {
        let block = block(task);
        if text.len() + block.len() > MAX_BYTES {
            left_out += u32::try_from(page.tasks.len() - shown).unwrap_or(u32::MAX);
            break;
        }
        text.push_str(&block);
    }
    if left_out > 0 {
        let more = render::bounded(left_out, Store::COUNT_LIMIT);
        let _ = writeln!(text, "... and {more} more; the tool list_tasks shows them");
    }
    Ok(text)
}
