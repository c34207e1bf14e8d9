//! `list_tasks`: pages of views, searches, what has changed, and what else a caller should know.

use serde::Serialize;
use serde_json::json;

use super::{
    ToolAnswer,
    arguments::{Arguments, Blank},
    call::ToolCall,
    list_tasks_args::{self, Format, ListTasks},
    replies::{ROOM, ROOM_FOR_NAMES, object},
};
use crate::{
    domain::{
        change::Change,
        command::Command,
        error::Result,
        query::{Count, Filters, Moment, Names, Page, View},
        task::{Project, Summary, Tag, TaskWithComments},
        when::{When, Zone},
    },
    render::{self, Detail, TaskObject, bounds, parts::Parts},
    store::{Store, Words},
};

/// What `list_tasks` returns to programs.
#[derive(Serialize)]
struct ListReply<'a> {
    tasks: Vec<TaskObject<'a>>,
    /// What to know about filters that found nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl ToolCall<'_> {
    /// Answers `show_board`, which takes nothing: as text it is the list of open tasks, for hosts that do not show the page and
    /// for the model, which does not see it.
    pub(super) async fn show_board(self, arguments: Arguments) -> Result<ToolAnswer> {
        let _: serde::de::IgnoredAny = arguments.clone().read(Blank::LeftOut)?;
        self.list_tasks(arguments).await
    }

    pub(super) async fn list_tasks(self, arguments: Arguments) -> Result<ToolAnswer> {
        let args = arguments.read::<ListTasks>(Blank::LeftOut)?;
        if args.view == Some(list_tasks_args::Wanted::Changed) {
            return self.changed(&args).await;
        }
        if let Some(list_tasks_args::Wanted::Names(names)) = args.view {
            return self.names(names, &args).await;
        }
        let filters = args.filters(&self.caller)?;
        let view = args.view(&filters)?;
        let (after, limit) = (args.after(view)?, args.limit()?);
        let words = args.query.as_deref().map(Words::read).transpose()?;
        let is_search = words.is_some();
        let is_json = matches!(args.format, Some(Format::Json));
        let zone = self.caller.zone;
        let whole_of = move |store: &Store, page: &Page| {
            whole(store, page.tasks.iter().filter(|_| is_json), zone)
        };
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let list = self
            .look(move |store| {
                if let Some(words) = &words {
                    let page = store.search(words, view, &filters, &moment, after, limit)?;
                    let unknown = unknown_names(store, &page, &filters)?;
                    return Ok(Listed {
                        whole: whole_of(store, &page)?,
                        page,
                        counts: Vec::new(),
                        filters,
                        unknown,
                        left: None,
                    });
                }
                let page = store.list(view, &filters, &moment, after, limit)?;
                let unknown = unknown_names(store, &page, &filters)?;
                let count = |view, after| store.count(view, &filters, &moment, after);
                let left = page.next.map(|next| count(view, Some(next))).transpose()?;
                // What comes after the first page was just counted.
                let own = match after {
                    None => left.unwrap_or_default().and(page.tasks.len()),
                    Some(_) => count(view, None)?,
                };
                let own = own.up_to(Store::COUNT_LIMIT);
                let beside = view.counted_beside().iter();
                let beside = beside.map(|view| Ok((*view, count(*view, None)?)));
                let counts = std::iter::once(Ok((view, own)))
                    .chain(beside)
                    .collect::<Result<_>>()?;
                Ok(Listed {
                    whole: whole_of(store, &page)?,
                    page,
                    counts,
                    filters,
                    unknown,
                    left,
                })
            })
            .await?;
        if is_json {
            return Ok(self.json_list(&list, view, is_search));
        }
        Ok(ToolAnswer::Text(
            self.lines(&list, view, is_search).join("\n"),
        ))
    }

    /// Lists the projects or the tags of open tasks, each with how many have it.
    async fn names(self, names: Names, args: &ListTasks) -> Result<ToolAnswer> {
        /// Up to how many are counted.
        const MOST: u32 = 200;
        args.refuse_filters(names.as_str())?;
        let limit = args.limit_of_names()? as usize;
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let found = self
            .look(move |store| store.open_names(names, &moment, MOST + 1))
            .await?;
        let shown = &found[..found.len().min(limit)];
        let count = render::bounded(u32::try_from(found.len()).unwrap_or(MOST), MOST + 1);
        let word = names.as_str();
        if matches!(args.format, Some(Format::Json)) {
            let listed = shown
                .iter()
                .map(|(name, open)| json!({ "name": name, "open": open.number }));
            let listed: Vec<_> = listed.collect();
            return Ok(object(
                &json!({ word: listed, "more": shown.len() < found.len() }),
            ));
        }
        let word = if count == "1" {
            word.trim_end_matches('s')
        } else {
            word
        };
        let lines = shown.iter().map(|(name, open)| format!("{name} {open}"));
        let filled = bounds::fill(lines, "\n", ROOM - ROOM_FOR_NAMES);
        let first = if filled.shown < found.len() {
            format!(", of which the first {}", filled.shown)
        } else {
            String::new()
        };
        let heading = format!("{count} {word} with open tasks{first}");
        let heading = render::day_heading(self.caller.now, self.caller.zone, &heading);
        let lines = [heading, filled.text];
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        Ok(ToolAnswer::Text(lines.join("\n")))
    }

    /// Lists the tasks changed since `since`, or since this client last looked.
    async fn changed(self, args: &ListTasks) -> Result<ToolAnswer> {
        let (since, limit) = (args.after_change()?, args.limit()?);
        args.refuse_filters("changed")?;
        let (looked, caller) = (self.session.looked(), self.caller.clone());
        let is_json = matches!(args.format, Some(Format::Json));
        let zone = self.caller.zone;
        let (session, made) = (self.session.clone(), self.session.made());
        let (changed, whole, [at, last], is_whole, stale_since) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    let is_whole = session.has_settled(made);
                    let stale_since = store.stale_since()?;
                    let last = store.last_change()?;
                    let since = match since {
                        Some(since) => since.min(last),
                        None => match looked {
                            Some(looked) => looked,
                            None => store.last_look(caller.client())?,
                        },
                    };
                    let (changed, at) = store.changed_since(since, limit)?;
                    let tasks = changed.iter().filter(|_| is_json);
                    let whole = whole(store, tasks.map(|(task, _)| task), zone)?;
                    Ok((changed, whole, [at, last], is_whole, stale_since))
                })
            })
            .await?;
        self.tell_whether_whole(is_whole);
        self.tell_age(stale_since);
        if is_json {
            let tasks = objects(&whole, zone);
            let at = told_up_to(&changed, tasks.len(), at);
            let answer = object(&ListReply {
                tasks,
                note: None,
                next_cursor: Some(format!("changed.{at}")),
            });
            self.looked(at).await?;
            return Ok(answer);
        }
        let lines = changed.iter().map(|(task, change)| {
            let trash = if task.is_deleted() {
                " (in the trash)"
            } else {
                ""
            };
            let by = match (
                self.caller.is_foreign(change),
                self.caller.is_client(&change.actor),
            ) {
                (false, _) => "you".to_owned(),
                (true, true) => format!("{} in another session", change.actor),
                (true, false) => change.actor.to_string(),
            };
            let after = format!("{trash} <- {} by {by}", change.summary());
            self.line(task, &after)
        });
        let filled = bounds::fill(lines, "\n", ROOM - 2 * ROOM_FOR_NAMES);
        let at = told_up_to(&changed, filled.shown, at);
        let heading = render::heading(
            self.caller.now,
            self.caller.zone,
            &format!("{} changed", filled.shown),
        );
        let more = match last - at {
            0 => "all told".to_owned(),
            left => format!("{left} more changes"),
        };
        let more = format!("{more}; from here on: cursor:\"changed.{at}\"");
        let lines: Vec<String> = [heading, filled.text, more]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect();
        self.looked(at).await?;
        Ok(ToolAnswer::Text(lines.join("\n")))
    }

    /// Remembers that the caller was told of all changes up to this one.
    async fn looked(&self, at: i64) -> Result<()> {
        self.session.tell(at);
        self.session.look(at);
        // What is left of it the reply says itself.
        let _ = self.news.set(None);
        match self.is_read_only {
            true => {}
            // Nobody waits for it behind a change that waits for the shared log.
            false if !self.session.is_idle() => self.write_aside(Command::Look(at)),
            false => _ = self.write(Command::Look(at)).await?,
        }
        Ok(())
    }

    /// Returns the heading, a line for each task, and how to go on.
    fn lines(&self, list: &Listed, view: View, is_search: bool) -> Vec<String> {
        let (now, zone, page) = (self.caller.now, self.caller.zone, &list.page);
        let mut counts: Vec<String> = list
            .counts
            .iter()
            .filter(|(counted, count)| *counted == view || !count.is_none())
            .map(|(counted, count)| format!("{count} {}", counted.as_str()))
            .collect();
        if is_search {
            let more = if page.next.is_some() { "+" } else { "" };
            counts.push(format!(
                "{}{more} found in {}",
                page.tasks.len(),
                view.as_str()
            ));
        }
        counts.extend(list.filters.dates_in_words());
        let has_times = page.tasks.iter().any(has_time);
        let heading = if has_times {
            render::heading
        } else {
            render::day_heading
        };
        let heading = heading(now, zone, &counts.join(", "));
        let tasks = page
            .tasks
            .iter()
            .map(|task| self.line(&list.unsaid(task), ""));
        let room = ROOM - bounds::size(&heading) - ROOM_FOR_NAMES;
        let filled = bounds::fill(tasks, "\n", room);
        let mut lines = vec![heading];
        lines.extend(Some(filled.text).filter(|text| !text.is_empty()));
        // Where the page has more tasks than fit, it ends before the first of those.
        let unshown = page.tasks.len() - filled.shown;
        let next = page.places.get(filled.shown).copied().flatten();
        if let Some(next) = next.or(page.next) {
            let after = list.left.unwrap_or_default().and(unshown);
            let more = if is_search {
                String::new()
            } else {
                format!("{} ", after.up_to(Store::COUNT_LIMIT))
            };
            let why = if unshown > 0 { ", cut for length" } else { "" };
            let cursor = list_tasks_args::cursor(view, is_search, next);
            lines.push(format!("{more}more{why}: repeat with cursor:\"{cursor}\""));
        }
        lines.extend(list.unknown.iter().cloned());
        if is_search && page.tasks.is_empty() && view == View::Unfinished {
            lines.push(
                "view:\"all\" searches finished tasks too, view:\"trash\" deleted ones".to_owned(),
            );
        }
        lines
    }

    fn json_list(
        &self,
        Listed {
            page,
            whole,
            unknown,
            ..
        }: &Listed,
        view: View,
        is_search: bool,
    ) -> ToolAnswer {
        let tasks = objects(whole, self.caller.zone);
        let next = page.places.get(tasks.len()).copied().flatten();
        let next = next.or(page.next);
        object(&ListReply {
            tasks,
            note: Some(unknown.join("; ")).filter(|note| !note.is_empty()),
            next_cursor: next.map(|next| list_tasks_args::cursor(view, is_search, next)),
        })
    }
}

fn unknown_names(store: &Store, page: &Page, filters: &Filters) -> Result<Vec<String>> {
    if page.tasks.is_empty() {
        store.unknown_names(filters)
    } else {
        Ok(Vec::new())
    }
}

/// Reads all of the tasks `listed`, as many as fit into a reply: the first in any case, if it must be cut.
fn whole<'a>(
    store: &Store,
    listed: impl Iterator<Item = &'a Summary>,
    zone: Zone,
) -> Result<Vec<TaskWithComments>> {
    let mut left = ROOM - ROOM_FOR_NAMES;
    let mut fitting = Vec::new();
    for one in listed {
        let task = store.with_comments(one.shown_of(store.existing(one.id)?))?;
        let size = object_of(&task, fitting.is_empty(), zone).size() + ",".len();
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None if fitting.is_empty() => left = 0,
            None => break,
        }
        fitting.push(task);
    }
    Ok(fitting)
}

fn objects(tasks: &[TaskWithComments], zone: Zone) -> Vec<TaskObject<'_>> {
    let tasks = tasks.iter().enumerate();
    tasks
        .map(|(place, task)| object_of(task, place == 0, zone))
        .collect()
}

/// Returns the object of a task in a list; the first is cut where it would not fit.
fn object_of(
    TaskWithComments { task, comments }: &TaskWithComments,
    is_first: bool,
    zone: Zone,
) -> TaskObject<'_> {
    let parts = Parts::of(task).with_comments(comments.iter().rev(), 0, zone);
    let object = TaskObject::new(task, parts, Detail::Program, zone);
    if is_first {
        object.fitted(ROOM - ROOM_FOR_NAMES)
    } else {
        object
    }
}

/// Returns the change up to which all is told, when the first `shown` of `changed` are; `at` is that of all of them.
fn told_up_to(changed: &[(Summary, Change)], shown: usize, at: i64) -> i64 {
    // They come in the order of their last changes, so what is left comes after it.
    match changed.get(..shown) {
        Some([.., (_, last)]) if shown < changed.len() => last.seq,
        _ => at,
    }
}

/// A page, and how many tasks there are.
struct Listed {
    page: Page,
    /// The first of them, as many as fit into a reply that shows all of them.
    whole: Vec<TaskWithComments>,
    counts: Vec<(View, Count)>,
    filters: Filters,
    /// Which projects or tags there are, where a filter names none of them.
    unknown: Vec<String>,
    left: Option<Count>,
}

impl Listed {
    /// Returns `task` without what each of the list has, since the filters ask for it.
    fn unsaid(&self, task: &Summary) -> Summary {
        let Filters {
            project,
            tags,
            priority,
            ..
        } = &self.filters;
        let mut task = task.clone();
        let is_project = |own: &Project| project.as_ref().is_some_and(|asked| own.is_same(asked));
        let is_tag = |own: &Tag| tags.iter().any(|asked| own.is_same(asked));
        task.project = task.project.filter(|own| !is_project(own));
        task.tags.retain(|own| !is_tag(own));
        task.priority = task.priority.filter(|own| Some(own) != priority.as_ref());
        task
    }
}

/// Reports whether the line of `task` tells a time of day.
fn has_time(task: &Summary) -> bool {
    let dates = [task.due, task.defer_until];
    dates
        .into_iter()
        .flatten()
        .any(|date| !matches!(date, When::Day(_)))
}
