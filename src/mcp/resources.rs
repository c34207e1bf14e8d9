//! Resources: the task lists in the tutorial's text form, and one task in full.

use std::fmt::Write as _;

use rmcp::model::{ErrorCode, ErrorData, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::{internal, tools::cursor, uri::ResourceUri};
use crate::{
    clock,
    domain::{
        error::{Error, Result},
        query::{Filters, Moment, Page, Position, View},
        task::{Comment, Summary, Task, Timestamp},
        text::clean,
        when::Zone,
    },
    jsonrpc::refusal::refusal_with,
    render::{
        self, TaskWriter,
        bounds::{self, MAX_REPLY_BYTES},
        parts::Parts,
    },
    store::{Store, db::Session},
};

const TEXT: &str = "text/plain";
/// The most tasks in a list of the tutorial: enough for a person, bounded for a host that reads it into a conversation.
const MAX_TASKS: u32 = 1_000;
/// The most text in such a list, in bytes, reached before [`MAX_TASKS`] when descriptions are long.
const MAX_BYTES: usize = 256 * 1024;
/// The most tasks in any other list: more never fit.
const MAX_TASKS_TO_READ: u32 = 300;
/// What stands around a text and its URI in a reply, and what is said of tasks that are left out.
const FRAME_BYTES: usize = 300;
/// How much of a description is in a list that would be too long otherwise, in characters.
const SHORT_DESCRIPTION: usize = 300;
/// The most of one task in such a list.
const SHORT_BLOCK_BYTES: usize = 2_600;

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
    let room = MAX_REPLY_BYTES.saturating_sub(bounds::size(uri) + render::AGE_BYTES);
    let now = clock::now();
    let text = session
        .read(move |store| {
            let stale_since = store.stale_since()?;
            let text = text(store, &resource, now, zone, room)?;
            Ok(match stale_since {
                Some(heard) => format!("{}\n\n{}", text.trim_end(), render::age(heard, zone)),
                None => text,
            })
        })
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
    refusal_with(
        ErrorCode::RESOURCE_NOT_FOUND,
        format!("resource not found; there are {}", all.join(", ")),
        Some(json!({ "uri": bounds::clipped(&clean(uri).text, ResourceUri::LONGEST) })),
    )
}

/// Returns the text of a resource as it is at `now`. It takes at most `room`, but for the lists of the tutorial.
pub(super) fn text(
    store: &Store,
    resource: &ResourceUri,
    now: Timestamp,
    zone: Zone,
    room: usize,
) -> Result<String> {
    let none = Filters::default;
    let (view, filters, heading, empty) = match resource {
        ResourceUri::All => (
            View::All,
            none(),
            "Current Tasks:".to_owned(),
            "No tasks found",
        ),
        ResourceUri::Pending => {
            let heading = "Pending Tasks:".to_owned();
            (View::Unfinished, none(), heading, "No pending tasks!")
        }
        ResourceUri::Today => {
            let heading = "Due Today or Overdue:".to_owned();
            (View::Today, none(), heading, "Nothing is due today!")
        }
        ResourceUri::Overdue => {
            let heading = "Overdue Tasks:".to_owned();
            (View::Overdue, none(), heading, "Nothing is overdue!")
        }
        ResourceUri::Project(name) => {
            let filters = Filters {
                project: Some(name.clone()),
                ..none()
            };
            let heading = format!("Tasks of {name}:");
            (
                View::Open,
                filters,
                heading,
                "No open tasks in this project",
            )
        }
        ResourceUri::Tag(name) => {
            let filters = Filters {
                tags: vec![name.clone()],
                ..none()
            };
            let heading = format!("Tasks with #{name}:");
            (View::Open, filters, heading, "No open tasks with this tag")
        }
        ResourceUri::Task(id) => {
            let task = store.task(*id)?.ok_or(Error::NotFound { id: *id })?;
            let room = room.saturating_sub(FRAME_BYTES);
            return Ok(sheet(&task, &store.comments(task.id)?, zone, room));
        }
    };
    let list = ResourceList {
        view,
        filters,
        moment: Moment::new(now, zone),
        zone,
    };
    store.snapshot(|store| {
        let found = match resource {
            ResourceUri::All => list.whole(store, render::block)?,
            ResourceUri::Pending => list.whole(store, render::pending_block)?,
            _ => list.within(
                store,
                room.saturating_sub(FRAME_BYTES + bounds::size(&heading)),
            )?,
        };
        Ok(found.map_or_else(|| empty.to_owned(), |text| format!("{heading}\n\n{text}")))
    })
}

/// Returns the text of a task with its comments, the newest first.
fn sheet(task: &Task, comments: &[Comment], zone: Zone, room: usize) -> String {
    let parts = Parts::of(task).with_comments(comments.iter().rev(), 0, zone);
    render::written(task, parts, zone, render::sheet, room)
}

/// The tasks of a resource.
struct ResourceList {
    view: View,
    filters: Filters,
    moment: Moment,
    zone: Zone,
}

impl ResourceList {
    fn page(&self, store: &Store, most: u32) -> Result<Page> {
        store.list(self.view, &self.filters, &self.moment, None, most)
    }

    fn count(&self, store: &Store, after: Option<Position>) -> Result<String> {
        let count = store.count(self.view, &self.filters, &self.moment, after)?;
        Ok(count.to_string())
    }

    /// Returns a list of the tutorial, whole but for very many tasks; `None` if there are none.
    fn whole(&self, store: &Store, write: TaskWriter) -> Result<Option<String>> {
        let page = self.page(store, MAX_TASKS)?;
        let mut text = String::new();
        let mut next = page.next;
        for (task, place) in page.tasks.iter().zip(&page.places) {
            let task = store.existing(task.id)?;
            let block = write(&task, &Parts::of(&task), self.zone);
            if text.len() + block.len() > MAX_BYTES && place.is_some() {
                next = *place;
                break;
            }
            text.push_str(&block);
        }
        if next.is_some() {
            let more = self.count(store, next)?;
            let _ = writeln!(text, "... and {more} more; the tool list_tasks shows them");
        }
        Ok((!page.tasks.is_empty()).then_some(text))
    }

    /// Returns the blocks of all `tasks`; `None` if they take more than `room`. No more is read than that.
    fn all_whole(&self, store: &Store, tasks: &[Summary], room: usize) -> Result<Option<String>> {
        let (mut text, mut size) = (String::new(), 0);
        for task in tasks {
            let task = store.existing(task.id)?;
            let block = render::pending_block(&task, &Parts::of(&task), self.zone);
            size += bounds::size(&block);
            if size > room {
                return Ok(None);
            }
            text.push_str(&block);
        }
        Ok(Some(text))
    }

    /// Returns a list that takes at most `room`; `None` if there are no tasks. Where whole tasks would take more, their
    /// descriptions are cut before tasks are left out.
    fn within(&self, store: &Store, room: usize) -> Result<Option<String>> {
        // Names are long, so the call that brings the rest is reckoned with.
        let mut which = match self.view {
            View::Open => String::new(),
            view => format!(" view:\"{}\"", view.as_str()),
        };
        if let Some(project) = &self.filters.project {
            let _ = write!(which, " project:{}", json!(project.as_str()));
        }
        for tag in &self.filters.tags {
            let _ = write!(which, " tag:{}", json!(tag.as_str()));
        }
        let room = room.saturating_sub(bounds::size(&which));
        let page = self.page(store, MAX_TASKS_TO_READ)?;
        if page.next.is_none()
            && let Some(whole) = self.all_whole(store, &page.tasks, room)?
        {
            return Ok((!page.tasks.is_empty()).then_some(whole));
        }
        let mut failed = None;
        let blocks = page.tasks.iter().map_while(|task| {
            let task = store.existing(task.id);
            let task = task.map_err(|error| failed = Some(error)).ok()?;
            let parts = Parts::of(&task).with_short_description(SHORT_DESCRIPTION);
            let write = render::pending_block;
            let block = render::written(&task, parts, self.zone, write, SHORT_BLOCK_BYTES);
            Some(block)
        });
        let bounds::Filled { mut text, shown } = bounds::fill(blocks, "", room);
        if let Some(error) = failed {
            return Err(error);
        }
        let next = page.places.get(shown).copied().flatten().or(page.next);
        if let Some(next) = next {
            let more = self.count(store, Some(next))?;
            let cursor = cursor(self.view, false, next);
            let _ = writeln!(
                text,
                "... and {more} more: list_tasks{which} cursor:\"{cursor}\""
            );
        }
        Ok(Some(text))
    }
}
