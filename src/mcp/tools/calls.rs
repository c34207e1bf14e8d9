//! One method a tool: read the arguments, make one store call, say what came of it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    Answer,
    args::{
        self, AddItem, AddTask, Arguments, Clearable, Delete, Format, GetTask, ListTasks, Several,
        Undo, UpdateTask,
    },
};
use crate::{
    command::{CallKey, Caller, Command, Draft, Outcome, Patch},
    error::{Error, Result},
    render::{self, Detail, TaskObject},
    repeat::Repeat,
    store::{Moment, Page, Store, View, Words, db::Session},
    task::{CommentText, Description, Invalid, Project, Tag, Task, TaskId, Title},
    when::When,
};

/// The most a list answers, in bytes: about 4,000 tokens.
const MAX_LIST_BYTES: usize = 14_000;

/// The most text of tasks that a list for programs answers with, in bytes.
const MAX_JSON_BYTES: usize = 256 * 1024;

/// What `delete_task` returns for one task.
#[derive(Serialize)]
struct Deleted<'a> {
    success: bool,
    #[serde(rename = "deleted")]
    task: TaskObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What `list_tasks` returns to programs.
#[derive(Serialize)]
struct List<'a> {
    tasks: Vec<TaskObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What `get_task` returns.
#[derive(Serialize)]
struct WithHistory<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<String>,
}

pub(super) struct Call<'session> {
    pub(super) session: &'session Session,
    pub(super) caller: Caller,
}

/// What a caller should know about how its words were taken.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn add(&mut self, note: impl Into<String>) {
        self.0.push(note.into());
    }

    fn joined(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }

    /// Takes a cleaned text, remarking what it lost.
    fn text<T>(&mut self, cleaned: std::result::Result<(T, bool), Invalid>) -> Result<T> {
        let (text, altered) = cleaned?;
        let note = "characters that cannot be seen were taken out";
        if altered && !self.0.iter().any(|known| known == note) {
            self.add(note);
        }
        Ok(text)
    }

    /// Takes a date as people say it, remarking how it was understood.
    fn date(&mut self, field: &'static str, text: &str, caller: &Caller) -> Result<When> {
        let reading = args::read_date(field, text, caller)?;
        if let Some(note) = reading.note {
            self.add(note);
        }
        Ok(reading.when)
    }

    fn tags(&mut self, words: &args::Words) -> Result<BTreeSet<Tag>> {
        const MOST: usize = 64;
        let tags = words
            .0
            .iter()
            .map(|tag| self.text(Tag::cleaned(tag)))
            .collect::<Result<BTreeSet<_>>>()?;
        if tags.len() > MOST {
            return Err(
                Invalid::new("tags", format!("are {}, {MOST} are the most", tags.len())).into(),
            );
        }
        Ok(tags)
    }
}

fn read_repeat(text: &str) -> Result<Repeat> {
    Repeat::read(text).map_err(|error| Invalid::new("repeat", error.to_string()).into())
}

fn draft(item: AddItem, notes: &mut Notes, caller: &Caller) -> Result<Draft> {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Draft {
        title: notes.text(Title::cleaned(&item.title))?,
        description: notes.text(Description::cleaned(&item.description.unwrap_or_default()))?,
        priority: item.priority,
        due: given(item.due)
            .map(|text| notes.date("due", &text, caller))
            .transpose()?,
        defer_until: given(item.defer_until)
            .map(|text| notes.date("defer_until", &text, caller))
            .transpose()?,
        repeat: given(item.repeat)
            .map(|text| read_repeat(&text))
            .transpose()?,
        project: given(item.project)
            .map(|name| notes.text(Project::cleaned(&name)))
            .transpose()?,
        tags: notes.tags(&item.tags.unwrap_or_default())?,
        parent: item.parent.map(|parent| parent.0),
        depends_on: item
            .depends_on
            .unwrap_or_default()
            .0
            .into_iter()
            .map(|one| one.0)
            .collect(),
    })
}

impl Call<'_> {
    async fn write(&self, command: Command) -> Result<Outcome> {
        self.session.write(command, self.caller.clone()).await
    }

    pub(super) async fn add_task(self, arguments: Arguments) -> Result<Answer> {
        let mut args: AddTask = arguments.read()?;
        let key = args.key.take().map(CallKey::try_from).transpose()?;
        let (items, is_batch) = args.items()?;
        let mut notes = Notes::default();
        let drafts = items
            .into_iter()
            .map(|item| draft(item, &mut notes, &self.caller))
            .collect::<Result<Vec<_>>>()?;
        let outcome = self.write(Command::Add { drafts, key }).await?;
        if let Some((id, title)) = &outcome.similar {
            notes.add(format!("similar, and open too: {id} {title}"));
        }
        if outcome.is_repeat {
            notes.add("nothing was added: this key was used before, and this is what it added");
        }
        if is_batch {
            return Ok(self.several("Added", &outcome, notes));
        }
        Ok(object(
            &self
                .object(only(&outcome)?, Detail::Brief)
                .with_note(notes.joined()),
        ))
    }

    pub(super) async fn list_tasks(self, arguments: Arguments) -> Result<Answer> {
        let args = arguments.read::<ListTasks>()?.without_blanks();
        if args.view == Some(args::View::Changed) {
            return self.changed(args.after_change()?, args.limit()?).await;
        }
        let (view, after, limit) = (args.view(), args.after()?, args.limit()?);
        let words = args.query.as_deref().map(Words::read).transpose()?;
        let is_search = words.is_some();
        let filters = args.filters(&self.caller)?;
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let list = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
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
            })
            .await?;
        if matches!(args.format, Some(Format::Json)) {
            return Ok(self.json_list(&list.page, view, is_search));
        }
        let mut lines = self.lines(&list, view, is_search);
        lines.extend(self.what_else_happened().await?);
        Ok(Answer::Text(lines.join("\n")))
    }

    /// Lists the tasks changed since `since`, or since this client last looked.
    async fn changed(self, since: Option<i64>, limit: u32) -> Result<Answer> {
        let actor = self.caller.actor.clone();
        let (changed, at, left) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    let last = store.last_change()?;
                    let since = match since {
                        Some(since) => since,
                        // At the first look the latest changes are news enough.
                        None => store.last_look(&actor)?.unwrap_or(last - 50).max(0),
                    };
                    let (changed, at) = store.changed_since(since, limit)?;
                    Ok((changed, at, last - at))
                })
            })
            .await?;
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
        self.session.tell(at);
        self.write(Command::Look(at)).await?;
        Ok(Answer::Text(lines.join("\n")))
    }

    /// Returns a line on what others have changed since this client was last told; `None` if they have not.
    async fn what_else_happened(&self) -> Result<Option<String>> {
        let (session, actor) = (self.session.clone(), self.caller.actor.clone());
        let (count, who) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    let last = store.last_change()?;
                    let told = match session.tell(last) {
                        Some(told) => told,
                        None => store.last_look(&actor)?.unwrap_or(last),
                    };
                    store.foreign_changes(told, &actor)
                })
            })
            .await?;
        Ok(who.map(|who| {
            let changes = if count == 1 { "change" } else { "changes" };
            let count = render::bounded(count, Store::COUNT_LIMIT);
            let who = crate::task::shortened(who.as_str(), 24);
            format!("({count} {changes} by {who} since your last call: view:\"changed\")")
        }))
    }

    pub(super) async fn get_task(self, arguments: Arguments) -> Result<Answer> {
        let GetTask {
            task_id: id,
            history,
        } = arguments.read()?;
        let with_history = history == Some(true);
        let (task, changes) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    let task = store.task(id)?.ok_or(Error::NotFound { id })?;
                    let changes = if with_history {
                        store.history(id, 0)?
                    } else {
                        Vec::new()
                    };
                    Ok((task, changes))
                })
            })
            .await?;
        let history = changes
            .iter()
            .map(|change| render::history_line(change, self.caller.zone));
        Ok(object(&WithHistory {
            task: self.object(&task, Detail::Full),
            history: history.collect(),
        }))
    }

    pub(super) async fn update_task(self, arguments: Arguments) -> Result<Answer> {
        let args: UpdateTask = arguments.read()?;
        let (ids, if_rev) = (args.task_id.some()?, args.if_rev);
        let mut notes = Notes::default();
        let caller = &self.caller;
        let mut date = |field, value: Option<Clearable<String>>| {
            value
                .map(|value| value.try_map(|text| notes.date(field, &text, caller)))
                .transpose()
        };
        let (due, defer_until) = (
            date("due", args.due)?,
            date("defer_until", args.defer_until)?,
        );
        let patch = Patch {
            title: args
                .title
                .map(|text| notes.text(Title::cleaned(&text)))
                .transpose()?,
            description: args
                .description
                .map(|text| notes.text(Description::cleaned(&text)))
                .transpose()?,
            status: args.status,
            priority: args
                .priority
                .map(|value| value.try_map(Ok::<_, Error>))
                .transpose()?,
            due,
            defer_until,
            repeat: args
                .repeat
                .map(|value| value.try_map(|text| read_repeat(&text)))
                .transpose()?,
            project: args
                .project
                .map(|value| value.try_map(|name| notes.text(Project::cleaned(&name))))
                .transpose()?,
            tags: args.tags.map(|tags| notes.tags(&tags)).transpose()?,
            parent: args
                .parent
                .map(|value| value.try_map(Ok::<_, Error>))
                .transpose()?,
            depends_on: args.depends_on.map(|ids| ids.0.into_iter().collect()),
            comment: args
                .comment
                .map(|text| notes.text(CommentText::cleaned(&text)))
                .transpose()?,
        };
        let is_closing = patch.status.is_some_and(|status| !status.is_open());
        let outcome = self.write(Command::Update { ids, patch, if_rev }).await?;
        if outcome.group.is_none() {
            notes.add("nothing changed: it was like this already");
        }
        if is_closing {
            self.remark_closed(&outcome, &mut notes).await?;
        }
        self.answer("Updated", &outcome, Detail::Revision, notes)
    }

    pub(super) async fn complete_task(self, arguments: Arguments) -> Result<Answer> {
        let Several { task_id: ids } = arguments.read()?;
        let outcome = self.write(Command::Complete(ids.some()?)).await?;
        let mut notes = Notes::default();
        if outcome.group.is_none() {
            notes.add("nothing changed: completed already");
        }
        self.remark_closed(&outcome, &mut notes).await?;
        self.answer("Completed", &outcome, Detail::Brief, notes)
    }

    pub(super) async fn delete_task(self, arguments: Arguments) -> Result<Answer> {
        let Delete {
            task_id: ids,
            confirm,
        } = arguments.read()?;
        let outcome = self
            .write(Command::Delete {
                ids: ids.some()?,
                confirm,
            })
            .await?;
        let mut notes = Notes::default();
        self.remark_closed(&outcome, &mut notes).await?;
        if let [edit] = outcome.edits.as_slice() {
            let deleted = self.object(&edit.after, Detail::Brief);
            return Ok(object(&Deleted {
                success: true,
                task: deleted,
                note: notes.joined(),
            }));
        }
        Ok(self.several("Moved to the trash", &outcome, notes))
    }

    pub(super) async fn undo(self, arguments: Arguments) -> Result<Answer> {
        let Undo { group } = arguments.read()?;
        let outcome = self.write(Command::Undo(group)).await?;
        Ok(Answer::Text(render::undone(&outcome, &self.caller)))
    }

    /// Says what closing tasks leaves behind: the next date of one that repeats, open subtasks of those closed, and
    /// tasks that waited for them.
    async fn remark_closed(&self, outcome: &Outcome, notes: &mut Notes) -> Result<()> {
        for edit in outcome.edits.iter().filter(|edit| edit.after.is_open()) {
            if let (Some(due), true) = (edit.after.due, edit.after.repeat.is_some()) {
                let due = due.show(self.caller.zone);
                notes.add(format!(
                    "{} is done for this time; next: {due}",
                    edit.after.id
                ));
            }
        }
        let closed = outcome.edits.iter().filter(|edit| !edit.after.is_open());
        let ids: Vec<TaskId> = closed.map(|edit| edit.after.id).collect();
        if ids.is_empty() || outcome.group.is_none() {
            return Ok(());
        }
        let (children, waiting) = self
            .session
            .read(move |store| Ok((store.open_children(&ids)?, store.dependents(&ids)?)))
            .await?;
        let list = |ids: &[TaskId]| {
            ids.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !children.is_empty() {
            notes.add(format!("still open subtasks: {}", list(&children)));
        }
        if !waiting.is_empty() {
            notes.add(format!("no longer waiting for it: {}", list(&waiting)));
        }
        Ok(())
    }

    fn object<'a>(&self, task: &'a Task, detail: Detail) -> TaskObject<'a> {
        TaskObject::new(task, detail, self.caller.zone)
    }

    /// Answers with the task, or with a line for each of several.
    fn answer(
        &self,
        done: &str,
        outcome: &Outcome,
        detail: Detail,
        notes: Notes,
    ) -> Result<Answer> {
        if outcome.edits.len() > 1 {
            return Ok(self.several(done, outcome, notes));
        }
        Ok(object(
            &self
                .object(only(outcome)?, detail)
                .with_note(notes.joined()),
        ))
    }

    fn several(&self, done: &str, outcome: &Outcome, notes: Notes) -> Answer {
        let mut lines = vec![format!("{done} {}:", outcome.edits.len())];
        let mut bytes = 0;
        for (shown, edit) in outcome.edits.iter().enumerate() {
            let line = render::line(&edit.after, self.caller.now, self.caller.zone);
            bytes += line.len();
            if bytes > MAX_LIST_BYTES {
                let last = outcome.edits.last().map_or(edit, |last| last);
                lines.push(format!(
                    "... and {} more, up to {}",
                    outcome.edits.len() - shown,
                    last.after.id
                ));
                break;
            }
            lines.push(line);
        }
        lines.extend(notes.joined());
        Answer::Text(lines.join("\n"))
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
                    args::view_word(*view)
                )
            })
            .collect();
        if is_search {
            let more = if page.next.is_some() { "+" } else { "" };
            counts.push(format!(
                "{}{more} found in {}",
                page.tasks.len(),
                args::view_word(view)
            ));
        }
        let mut lines = vec![render::heading(now, zone, &counts.join(", "))];
        let mut bytes = 0;
        for (task, place) in page.tasks.iter().zip(&page.places) {
            let line = render::line(task, now, zone);
            bytes += line.len();
            if let Some(place) = place.filter(|_| bytes > MAX_LIST_BYTES) {
                let cursor = args::cursor(view, is_search, place);
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
            let cursor = args::cursor(view, is_search, next);
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
            next_cursor: next.map(|next| args::cursor(view, is_search, next)),
        })
    }
}

/// A page, and how many tasks there are.
struct Listed {
    page: Page,
    counts: Vec<(View, u32)>,
    left: Option<u32>,
}

/// Returns the task a command on one task is about.
fn only(outcome: &Outcome) -> Result<&Task> {
    outcome
        .edits
        .first()
        .map(|edit| &edit.after)
        .ok_or(Error::Fault)
}

fn object(value: &impl Serialize) -> Answer {
    Answer::Object(
        serde_json::to_string(value).expect("an object of strings and numbers serializes"),
    )
}
