//! `board_write`: what the user changes on the page.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    super::{
        ToolAnswer,
        args::{self, Ids, UpdateTask},
        arguments::{Arguments, Blank},
        call::ToolCall,
    },
    Seq, answer, objects, preview,
    read::cards,
};
use crate::{
    domain::{
        card::Card,
        change::GroupId,
        command::{CallKey, Command, Outcome},
        error::{Error, Result},
        task::{Invalid, Status, TaskId},
    },
    input::{Clearable, GivenFields, Notes},
    render::CardObject,
};

/// What can be done.
#[derive(Deserialize, JsonSchema)]
struct Verbs {
    /// A line to add, with quick words: Pay rent due:fri +home
    add: Option<String>,
    /// Ids of tasks to complete
    #[schemars(with = "Option<Vec<i64>>")]
    complete: Option<Ids>,
    /// Ids of tasks to move to the trash
    #[schemars(with = "Option<Vec<i64>>")]
    delete: Option<Ids>,
    /// How many, when more than 20 are deleted
    confirm: Option<usize>,
    /// A group of this board to take back
    undo: Option<i64>,
    /// Same key: nothing is done twice
    key: Option<String>,
}

/// What `board_write` takes: one of the verbs, or the fields of `update_task`.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "it is the schema of what Verbs and UpdateTask read"
)]
pub(super) struct BoardWrite {
    #[schemars(flatten)]
    verbs: Verbs,
    #[schemars(flatten)]
    fields: UpdateTask,
}

/// What became of a change.
#[derive(Serialize)]
struct Written<'a> {
    /// The group of the change, to take it back by; `null` if nothing changed.
    group: Option<i64>,
    /// The tasks that were changed, whatever they are now, and those whose cards tell of them.
    tasks: Vec<CardObject<'a>>,
    notes: Vec<String>,
    /// How far the database was when the tasks were read; `null` if they could not be read.
    seq: Option<String>,
}

impl ToolCall<'_> {
    /// Answers `board_write`.
    pub(in crate::mcp::tools) async fn board_write(
        self,
        arguments: Arguments,
    ) -> Result<ToolAnswer> {
        let sent = arguments.digest_but_key();
        let mut notes = Notes::default();
        let (command, key) = self.command(arguments, &mut notes)?;
        let is_closing = is_closing(&command);
        let command = match key {
            Some(key) => Command::Once {
                key: CallKey::try_from(key)?.of_call(sent),
                command: Box::new(command),
            },
            None => command,
        };
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        if let Command::Undo(Some(group)) = *command.asked() {
            self.refuse_group_of_others(group).await?;
        }
        // The way of the other tools tells the caller what else has happened, which is for the model alone.
        let outcome = self.session.write(command, self.caller.clone()).await?;
        self.remark(&outcome, is_closing, &mut notes);
        let edits = outcome.edits.iter().chain(&outcome.brought);
        let ids: Vec<TaskId> = edits.map(|edit| edit.after.id).collect();
        let (cards, seq) = match self.read_back(ids).await {
            Ok((cards, seq)) => (cards, Some(seq.text())),
            // It is done all the same.
            Err(error) => {
                notes.add(format!("the change was made; it cannot be shown: {error}"));
                (Vec::new(), None)
            }
        };
        Ok(answer(&Written {
            group: outcome.group,
            tasks: objects(&cards, self.caller.zone),
            notes: notes.lines(),
            seq,
        }))
    }

    /// Reads what the call asks for, and its key.
    fn command(
        &self,
        arguments: Arguments,
        notes: &mut Notes,
    ) -> Result<(Command, Option<String>)> {
        let given: Vec<String> = arguments.given.keys().cloned().collect();
        let verbs: Verbs = arguments.clone().read(Blank::Clears)?;
        let key = verbs.key;
        // What stands beside a verb would be passed over in silence.
        let alone = |verb: &str, beside: &[&str]| {
            let other = given
                .iter()
                .find(|name| *name != verb && *name != "key" && !beside.contains(&name.as_str()));
            other.map_or(Ok(()), |other| {
                let reason = format!("does one thing a call; {other} does not go with {verb}");
                Err(Invalid::new("board_write", reason))
            })
        };
        let command = if let Some(line) = verbs.add {
            alone("add", &[])?;
            let drafts = vec![preview::draft(&line, notes, &self.caller)?];
            Command::Add { drafts, key: None }
        } else if let Some(ids) = verbs.complete {
            alone("complete", &[])?;
            Command::Complete(args::ids(Some(ids), None)?)
        } else if let Some(ids) = verbs.delete {
            alone("delete", &["confirm"])?;
            Command::Delete {
                ids: args::ids(Some(ids), None)?,
                confirm: verbs.confirm,
            }
        } else if let Some(group) = verbs.undo {
            alone("undo", &[])?;
            Command::Undo(Some(group))
        } else {
            update(arguments, notes, self)?
        };
        Ok((command, key))
    }

    /// Refuses a group that was not made on the board by this client: a hand takes back what it did.
    async fn refuse_group_of_others(&self, group: GroupId) -> Result<()> {
        let author = self.session.read(move |store| store.author(group)).await?;
        match author {
            Some(author) if !self.caller.is_client(&author) => {
                let reason = format!(
                    "takes back what was done on this board; group {group} was made by {author}"
                );
                Err(Invalid::new("undo", reason).into())
            }
            _ => Ok(()),
        }
    }

    fn remark(&self, outcome: &Outcome, is_closing: bool, notes: &mut Notes) {
        if outcome.is_repeat {
            notes.add("this was done before, by a call with the same key");
            return;
        }
        if outcome.group.is_none() {
            notes.add("nothing changed");
        }
        for remark in outcome.advice.on_adding(&outcome.edits, false) {
            notes.add(remark);
        }
        if is_closing {
            self.remark_closed(outcome, notes);
        } else {
            self.remark_series(outcome, notes);
        }
    }

    /// Reads the cards of these tasks, in their order, and then of those that tell of them.
    async fn read_back(&self, ids: Vec<TaskId>) -> Result<(Vec<Card>, Seq)> {
        let read = self.session.read(move |store| {
            store.snapshot(|store| {
                let own: BTreeSet<TaskId> = ids.iter().copied().collect();
                let beside = store.beside(&own)?;
                let beside = beside.into_iter().filter(|id| !own.contains(id));
                let all = ids.iter().copied().chain(beside);
                let summaries = all.map(|id| store.summary(id)).collect::<Result<_>>()?;
                Ok((cards(store, summaries)?, Seq::now(store)?))
            })
        });
        read.await
    }
}

/// Reads fields to set of tasks, as `update_task` does.
fn update(arguments: Arguments, notes: &mut Notes, call: &ToolCall<'_>) -> Result<Command> {
    // An empty field is cleared, and no task is without a title.
    let title = arguments.given.get("title").and_then(Value::as_str);
    let has_no_title = title.is_some_and(|title| title.trim().is_empty());
    let mut args: UpdateTask = arguments.read(Blank::Clears)?;
    let ids = args::ids(args.task_id.take(), args.task_ids.take()).map_err(|_| {
        let reason = "does one thing a call: add, complete, delete, undo, or fields of a task_id";
        Invalid::new("board_write", reason)
    })?;
    if has_no_title {
        return Err(Invalid::new("title", "cannot be empty").into());
    }
    let if_rev = args.if_rev.take().and_then(Clearable::set);
    let mut patch = GivenFields::try_from(args)?.patch(notes, &call.caller)?;
    patch.undelete = patch.status == Some(Status::Pending);
    Ok(Command::Update { ids, patch, if_rev })
}

fn is_closing(command: &Command) -> bool {
    match command {
        Command::Complete(_) | Command::Delete { .. } => true,
        Command::Update { patch, .. } => patch.status.is_some_and(|status| !status.is_open()),
        _ => false,
    }
}
