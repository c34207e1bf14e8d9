//! `list_tasks`: pages of views, searches, what has changed, and what else a caller should know.

use serde::Serialize;

use super::{
    Answer,
    calls::{Call, object},
    list_args::{self, Format, ListTasks},
    schema::{Arguments, Blank},
};
use crate::{
    command::Command,
    error::Result,
    render::{self, Detail, TaskObject},
    store::{Moment, Page, Store, View, Words, db::Session},
    task::{Actor, shortened},
};

/// The most a list answers, in bytes: about 4,000 tokens.
pub(super) const MAX_LIST_BYTES: usize = 14_000;

/// The most text of tasks that a list for programs answers with, in bytes.
const MAX_JSON_BYTES: usize = 256 * 1024;

/// What `list_tasks` returns to programs.
#[derive(Serialize)]
struct List<'a> {
    tasks: Vec<TaskObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Call<'_> {
    pub(super) async fn list_tasks(self, arguments: Arguments) -> Result<Answer> {
        let args = arguments.read::<ListTasks>(Blank::LeftOut)?;
        if args.view == Some(list_args::View::Changed) {
            return self.changed(&args).await;
        }
        let (view, after, limit) = (args.view(), args.after()?, args.limit()?);
        let words = args.query.as_deref().map(Words::read).transpose()?;
        let is_search = words.is_some();
        let filters = args.filters(&self.caller)?;
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let list = self
            .look(move |store| {
                if let Some(words) = &words {
                    let page = store.search(words, view, &filters, &moment, after, limit)?;
                    return Ok(Listed {
                        page,
                        counts: Vec::new(),
                        left: None,
                    });
                }
                let page = store.list(view, &filters, &moment, after, limit)?;
                let count = |view| Ok((view, store.count(view, &filters, &moment, None)?));
                let beside: &[View] = if view == View::Open {
                    &[View::Overdue, View::Today, View::Stale]
                } else {
                    &[]
                };
                let counts = std::iter::once(&view)
                    .chain(beside)
                    .map(|view| count(*view))
                    .collect::<Result<_>>()?;
                let left = page
                    .next
                    .map(|next| store.count(view, &filters, &moment, Some(next)))
                    .transpose()?;
                Ok(Listed { page, counts, left })
            })
            .await?;
        if matches!(args.format, Some(Format::Json)) {
            return Ok(self.json_list(&list.page, view, is_search));
        }
        Ok(Answer::Text(self.lines(&list, view, is_search).join("\n")))
    }

    /// Lists the tasks changed since `since`, or since this client last looked.
    async fn changed(self, args: &ListTasks) -> Result<Answer> {
        let (since, limit) = (args.after_change()?, args.limit()?);
        args.refuse_filters()?;
        let actor = self.caller.actor.clone();
        let (changed, at, left) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    let last = store.last_change()?;
                    let since = match since {
                        Some(since) => since.min(last),
                        // At the first look the latest changes are news enough.
                        None => store.last_look(&actor)?.unwrap_or(last - 50).max(0),
                    };
                    let (changed, at) = store.changed_since(since, limit)?;
                    Ok((changed, at, last - at))
                })
            })
            .await?;
        self.session.tell(at);
        if !self.is_read_only {
            self.write(Command::Look(at)).await?;
        }
        if matches!(args.format, Some(Format::Json)) {
            let tasks = changed
                .iter()
                .map(|(task, _)| self.object(task, Detail::Program));
            return Ok(object(&List {
                tasks: tasks.collect(),
                next_cursor: Some(format!("changed.{at}")),
            }));
        }
        let (now, zone) = (self.caller.now, self.caller.zone);
        let mut lines = vec![render::heading(
            now,
            zone,
            &format!("{} changed", changed.len()),
        )];
        lines.extend(changed.iter().map(|(task, change)| {
            let trash = if task.is_deleted() {
                " (in the trash)"
            } else {
                ""
            };
            let line = render::line(task, now, zone);
            format!("{line}{trash} <- {} by {}", change.summary(), change.actor)
        }));
        let more = if left > 0 {
            format!("{left} more changes")
        } else {
            "all told".to_owned()
        };
        lines.push(format!("{more}; from here on: cursor:\"changed.{at}\""));
        Ok(Answer::Text(lines.join("\n")))
    }

    /// Returns the heading, a line for each task, and how to go on.
    fn lines(&self, list: &Listed, view: View, is_search: bool) -> Vec<String> {
        let (now, zone, page) = (self.caller.now, self.caller.zone, &list.page);
        let mut counts: Vec<String> = list
            .counts
            .iter()
            .filter(|(counted, count)| *counted == view || *count > 0)
            .map(|(view, count)| {
                format!(
                    "{} {}",
                    render::bounded(*count, Store::COUNT_LIMIT),
                    list_args::view_word(*view)
                )
            })
            .collect();
        if is_search {
            let more = if page.next.is_some() { "+" } else { "" };
            counts.push(format!(
                "{}{more} found in {}",
                page.tasks.len(),
                list_args::view_word(view)
            ));
        }
        let mut lines = vec![render::heading(now, zone, &counts.join(", "))];
        let mut bytes = 0;
        for (task, place) in page.tasks.iter().zip(&page.places) {
            let line = render::line(task, now, zone);
            bytes += line.len();
            if let Some(place) = place.filter(|_| bytes > MAX_LIST_BYTES) {
                let cursor = list_args::cursor(view, is_search, place);
                lines.push(format!(
                    "more, cut for length: repeat with cursor:\"{cursor}\""
                ));
                return lines;
            }
            lines.push(line);
        }
        if let Some(next) = page.next {
            let more = list.left.map_or_else(String::new, |left| {
                format!("{} ", render::bounded(left, Store::COUNT_LIMIT))
            });
            let cursor = list_args::cursor(view, is_search, next);
            lines.push(format!("{more}more: repeat with cursor:\"{cursor}\""));
        }
        if is_search && page.tasks.is_empty() && view == View::Open {
            lines.push(
                "view:\"all\" searches finished tasks too, view:\"trash\" deleted ones".to_owned(),
            );
        }
        lines
    }

    fn json_list(&self, page: &Page, view: View, is_search: bool) -> Answer {
        let mut tasks = Vec::with_capacity(page.tasks.len());
        let (mut next, mut bytes) = (page.next, 0);
        for (task, place) in page.tasks.iter().zip(&page.places) {
            bytes += task.description.as_str().len() + task.title.as_str().len();
            if bytes > MAX_JSON_BYTES && place.is_some() {
                next = *place;
                break;
            }
            tasks.push(self.object(task, Detail::Program));
        }
        object(&List {
            tasks,
            next_cursor: next.map(|next| list_args::cursor(view, is_search, next)),
        })
    }
}

/// A page, and how many tasks there are.
struct Listed {
    page: Page,
    counts: Vec<(View, u32)>,
    left: Option<u32>,
}

/// Returns a line on what others have changed since this client was last told; `None` if they have not, or if the client
/// has sent more calls already.
pub(super) fn what_else_happened(
    store: &Store,
    session: &Session,
    actor: &Actor,
) -> Result<Option<String>> {
    let (_, is_idle) = session.writes();
    if !is_idle {
        return Ok(None);
    }
    let last = store.last_change()?;
    let told = match session.tell(last) {
        Some(told) if told == last => return Ok(None),
        Some(told) => told,
        None => store.last_look(actor)?.unwrap_or(last),
    };
    let (count, who) = store.foreign_changes(told, actor)?;
    Ok(who.map(|who| {
        let changes = if count == 1 { "change" } else { "changes" };
        let count = render::bounded(count, Store::COUNT_LIMIT);
        let who = shortened(who.as_str(), 24);
        format!("{count} {changes} by {who} since your last call: list_tasks view:\"changed\"")
    }))
}
