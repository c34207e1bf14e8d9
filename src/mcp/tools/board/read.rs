//! `board_read`: what the page of the board shows.
//!
//! The page holds the open tasks, deferred ones too, by their ids. It reads all of them once, page by page, and from then on what
//! has changed. What it holds is then what it would read anew: the tests put both side by side.
//!
//! One task with all there is of it is read here too, and not by `get_task`: that takes the model's news, and cuts what it answers
//! to what a model reads at once.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        ToolAnswer,
        arguments::{Arguments, Blank},
        call::ToolCall,
        list_tasks_args,
    },
    Counts, MOST_CHANGES, Seq, answer, objects, preview,
};
use crate::{
    domain::{
        card::Card,
        change::Change,
        error::{Error, Result},
        query::{Filters, Moment, Page, View},
        task::{Comment, Invalid, Summary, TaskId},
    },
    render::{self, CardObject},
    store::{Store, Words},
};

/// Open tasks in one answer.
const PAGE: u32 = 500;
/// Completed tasks where the page does not say how many it wants, and the most it can have.
const DONE: u32 = 20;
const MOST_DONE: u32 = 200;
/// Subtasks, comments and changes of one task.
const MOST_PARTS: u32 = 200;
const MOST_COMMENTS: usize = 100;
const MOST_HISTORY: usize = 50;
/// Characters of comments after which no further one is shown.
const COMMENT_CHARACTERS: usize = 100_000;

#[derive(Deserialize, JsonSchema)]
pub(super) struct BoardRead {
    /// seq of the last answer: what changed since
    since: Option<String>,
    /// Words to find: only tasks with them
    query: Option<String>,
    /// more of the last answer: the tasks after those
    after: Option<String>,
    /// How many completed tasks: 20 if not said, none for 0, 200 at most
    done: Option<u32>,
    /// A line to add: what it would make
    preview: Option<String>,
    /// One task with all there is of it
    task_id: Option<TaskId>,
}

/// What every answer about the list begins with.
#[derive(Serialize)]
struct Head {
    /// What to ask with for what changed after this answer. Nobody but [`Seq`] reads it.
    seq: String,
    /// The day where the user is.
    today: String,
    /// The time there, in RFC 3339.
    now: String,
}

/// The whole board, or a further part of it.
#[derive(Serialize)]
struct Board<'a> {
    #[serde(flatten)]
    head: Head,
    time_zone: &'static str,
    /// The page may change nothing.
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    tasks: Vec<CardObject<'a>>,
    /// The latest completed tasks, with finished rounds of series; of the first part alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<Vec<CardObject<'a>>>,
    /// What to give in `after` for the tasks after these, and how many those are.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
}

/// What changed.
#[derive(Serialize)]
struct Delta<'a> {
    #[serde(flatten)]
    head: Head,
    counts: Counts,
    /// Open tasks to put in the place of those with their ids.
    changed: Vec<CardObject<'a>>,
    /// Tasks that are open no longer.
    gone: Vec<TaskId>,
    /// The latest completed tasks, where they may be others than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<Vec<CardObject<'a>>>,
}

/// That everything is to be read anew.
#[derive(Serialize)]
struct Reset {
    #[serde(flatten)]
    head: Head,
    reset: bool,
}

/// What was read of the list.
struct Listed {
    seq: Seq,
    counts: Option<Counts>,
    tasks: Vec<Card>,
    done: Option<Vec<Card>>,
    more: Option<String>,
    left: Option<u32>,
}

/// What was read of the changes; `None` in its place where there were too many, or the database is another.
struct Altered {
    counts: Counts,
    changed: Vec<Card>,
    gone: Vec<TaskId>,
    done: Option<Vec<Card>>,
}

impl ToolCall<'_> {
    /// Answers `board_read`.
    pub(in crate::mcp::tools) async fn board_read(
        self,
        arguments: Arguments,
    ) -> Result<ToolAnswer> {
        let args: BoardRead = arguments.read(Blank::Clears)?;
        let done = match args.done {
            None => DONE,
            Some(done) if done <= MOST_DONE => done,
            Some(done) => {
                let reason = format!("must be from 0 to {MOST_DONE}; {done} is not");
                return Err(Invalid::new("done", reason).into());
            }
        };
        let query = args.query.filter(|query| !query.trim().is_empty());
        match (args.preview, args.task_id, args.since) {
            (Some(line), None, None) => Ok(answer(&preview::of_line(&line, &self.caller))),
            (None, Some(id), None) => self.task_of_board(id).await,
            (None, None, Some(since)) if query.is_none() && args.after.is_none() => {
                self.changes_of_board(Seq::read(&since)?, done).await
            }
            (None, None, None) => self.whole_board(query, args.after, done).await,
            _ => Err(Invalid::new(
                "board_read",
                "reads one thing a call: the list (query, after), what changed (since), one task (task_id) or a preview",
            )
            .into()),
        }
    }

    fn head(&self, seq: Seq) -> Head {
        let (now, zone) = (self.caller.now, self.caller.zone);
        Head {
            seq: seq.text(),
            today: zone.today(now.as_millis()).to_string(),
            now: render::instant(now, zone),
        }
    }

    async fn whole_board(
        &self,
        query: Option<String>,
        after: Option<String>,
        done: u32,
    ) -> Result<ToolAnswer> {
        let words = query.as_deref().map(Words::read).transpose()?;
        let is_search = words.is_some();
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let position = list_tasks_args::position(after.as_deref(), View::Unfinished, is_search)?;
        let listed = self.session.read(move |store| {
            store.snapshot(|store| {
                let filters = Filters::default();
                let list = |view, after, limit| match &words {
                    Some(words) => store.search(words, view, &filters, &moment, after, limit),
                    None => store.list(view, &filters, &moment, after, limit),
                };
                let Page { tasks, next, .. } = list(View::Unfinished, position, PAGE)?;
                let left = |next| -> Result<u32> {
                    let count = store.count(View::Unfinished, &filters, &moment, Some(next))?;
                    Ok(count.number)
                };
                let is_first = position.is_none();
                let list_done = || -> Result<Vec<Summary>> {
                    match done {
                        0 => Ok(Vec::new()),
                        done => Ok(list(View::Completed, None, done)?.tasks),
                    }
                };
                let done = is_first.then(list_done).transpose()?;
                Ok(Listed {
                    seq: Seq::now(store)?,
                    counts: is_first.then(|| Counts::now(store, &moment)).transpose()?,
                    tasks: cards(store, tasks)?,
                    done: done.map(|tasks| cards(store, tasks)).transpose()?,
                    // Of a search nobody can say how many more it finds.
                    left: next.filter(|_| !is_search).map(left).transpose()?,
                    more: next
                        .map(|next| list_tasks_args::cursor(View::Unfinished, is_search, next)),
                })
            })
        });
        let listed = listed.await?;
        let zone = self.caller.zone;
        Ok(answer(&Board {
            head: self.head(listed.seq),
            time_zone: zone.name(),
            read_only: self.is_read_only,
            counts: listed.counts,
            tasks: objects(&listed.tasks, zone),
            done: listed.done.as_deref().map(|done| objects(done, zone)),
            more: listed.more,
            left: listed.left,
        }))
    }

    async fn changes_of_board(&self, since: Seq, done: u32) -> Result<ToolAnswer> {
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let read = self.session.read(move |store| {
            store.snapshot(|store| {
                let seq = Seq::now(store)?;
                let altered = if since.is_passed(store)? {
                    store.altered_since(since.number, MOST_CHANGES)?
                } else {
                    None
                };
                let Some(altered) = altered else {
                    return Ok((seq, None));
                };
                let is_altered = !altered.is_empty();
                let altered = altered.into_iter().map(|id| store.summary(id));
                let altered: Vec<Summary> = altered.collect::<Result<_>>()?;
                let (open, gone): (Vec<_>, Vec<_>) =
                    altered.into_iter().partition(Summary::is_open);
                let list_done = || -> Result<Vec<Summary>> {
                    match done {
                        0 => Ok(Vec::new()),
                        done => {
                            let filters = Filters::default();
                            let page =
                                store.list(View::Completed, &filters, &moment, None, done)?;
                            Ok(page.tasks)
                        }
                    }
                };
                let done = is_altered.then(list_done).transpose()?;
                Ok((
                    seq,
                    Some(Altered {
                        counts: Counts::now(store, &moment)?,
                        changed: cards(store, open)?,
                        gone: gone.into_iter().map(|task| task.id).collect(),
                        done: done.map(|tasks| cards(store, tasks)).transpose()?,
                    }),
                ))
            })
        });
        let (seq, altered) = read.await?;
        let (head, zone) = (self.head(seq), self.caller.zone);
        Ok(match altered {
            None => answer(&Reset { head, reset: true }),
            Some(altered) => answer(&Delta {
                head,
                counts: altered.counts,
                changed: objects(&altered.changed, zone),
                gone: altered.gone,
                done: altered.done.as_deref().map(|done| objects(done, zone)),
            }),
        })
    }

    async fn task_of_board(&self, id: TaskId) -> Result<ToolAnswer> {
        let read = self.session.read(move |store| {
            store.snapshot(|store| {
                let task = store.task(id)?.ok_or(Error::NotFound { id })?;
                let summaries = |ids: &mut dyn Iterator<Item = TaskId>| {
                    let ids = ids.map(|id| store.summary(id));
                    ids.collect::<Result<Vec<_>>>()
                };
                let alone = BTreeSet::from([id]);
                let beside = store.beside(&alone)?;
                let waiting = beside.into_iter().filter(|one| Some(*one) != task.parent);
                Ok(Opened {
                    seq: Seq::now(store)?,
                    card: store.card(store.summary(id)?)?,
                    parts: cards(store, store.children(id, MOST_PARTS)?)?,
                    depends_on: summaries(&mut task.depends_on.iter().copied())?,
                    waiting: summaries(&mut waiting.into_iter())?,
                    description: task.description.as_str().to_owned(),
                    comments: store.comments(id)?,
                    history: store.history(id, 0)?,
                })
            })
        });
        let opened = read.await?;
        Ok(answer(&opened.shown(self)))
    }
}

/// Returns the cards of tasks that a list shows.
pub(super) fn cards(store: &Store, tasks: Vec<Summary>) -> Result<Vec<Card>> {
    tasks.into_iter().map(|task| store.card(task)).collect()
}

/// One task, as it was read.
struct Opened {
    seq: Seq,
    card: Card,
    parts: Vec<Card>,
    depends_on: Vec<Summary>,
    waiting: Vec<Summary>,
    description: String,
    comments: Vec<Comment>,
    history: Vec<Change>,
}

/// One task, as the page is given it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    head: Head,
    task: CardObject<'a>,
    description: &'a str,
    /// Its subtasks, finished ones too, in the order they were added.
    parts: Vec<CardObject<'a>>,
    /// What it depends on, open or not.
    depends_on: Vec<Named<'a>>,
    /// The open tasks that wait for it.
    waiting: Vec<Named<'a>>,
    /// The newest first.
    comments: Vec<Remark<'a>>,
    /// How many older comments are not shown.
    more_comments: usize,
    /// The newest first.
    history: Vec<Step<'a>>,
    /// How many older changes are not shown.
    more_history: usize,
}

#[derive(Serialize)]
struct Named<'a> {
    id: TaskId,
    title: &'a str,
    status: &'static str,
}

#[derive(Serialize)]
struct Remark<'a> {
    at: String,
    actor: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Step<'a> {
    group: i64,
    at: String,
    actor: &'a str,
    /// By which command: `add`, `update`, `complete`, `delete`, `undo` or another of the change log.
    kind: &'static str,
    /// What it altered, in words, for each field.
    fields: Vec<String>,
}

impl Opened {
    fn shown<'a>(&'a self, call: &ToolCall<'_>) -> Shown<'a> {
        let zone = call.caller.zone;
        let mut characters = 0;
        let is_shown = |comment: &&Comment| {
            let is_shown = characters < COMMENT_CHARACTERS;
            characters += comment.text.as_str().chars().count();
            is_shown
        };
        let newest = self.comments.iter().rev().take(MOST_COMMENTS);
        let comments: Vec<Remark<'_>> = newest
            .take_while(is_shown)
            .map(|comment| Remark {
                at: render::instant(comment.at, zone),
                actor: comment.actor.as_str(),
                text: comment.text.as_str(),
            })
            .collect();
        let steps = self.history.iter().rev().take(MOST_HISTORY);
        let history: Vec<Step<'_>> = steps
            .map(|change| Step {
                group: change.group,
                at: render::instant(change.at, zone),
                actor: change.actor.as_str(),
                kind: change.kind.as_str(),
                fields: render::changed_fields(change, zone)
                    .map(|(_, text)| render::bounds::clipped(&text, 500))
                    .collect(),
            })
            .collect();
        Shown {
            head: call.head(self.seq),
            task: CardObject {
                card: &self.card,
                zone,
            },
            description: &self.description,
            parts: objects(&self.parts, zone),
            depends_on: self.depends_on.iter().map(named).collect(),
            waiting: self.waiting.iter().map(named).collect(),
            more_comments: self.comments.len() - comments.len(),
            comments,
            more_history: self.history.len() - history.len(),
            history,
        }
    }
}

fn named(task: &Summary) -> Named<'_> {
    Named {
        id: task.id,
        title: task.title.as_str(),
        status: task.status.as_str(),
    }
}
