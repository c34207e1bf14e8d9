//! The rules of a whole call: what each task it names becomes, and whether the tasks that those refer to exist and close no
//! circle. All of it is decided before anything is written, so a call that is refused leaves nothing behind.

use std::collections::HashMap;

mod brought;

use super::{
    change::{Change, Edit, GroupId, Kind, one_of_each_task},
    command::{
        self, CallKey, Caller, Command, Draft, KeyedCall, Reverting, Round, is_round, refuse_cycle,
    },
    error::{Error, Relation, Result},
    task::{Comment, Status, Task, TaskId, shortened},
};
use brought::{Brought, Done};

/// The tasks around one that is completed. All answers are of one state of the database.
pub(crate) trait Around {
    /// Returns the task, which may be in the trash; [`Error::NotFound`] if there is none.
    fn task(&self, id: TaskId) -> Result<Task>;
    /// Returns the finished subtasks of a task that are not in the trash.
    fn finished_parts(&self, id: TaskId) -> Result<Vec<TaskId>>;
    /// Returns the open tasks that wait for a task.
    fn waiting(&self, id: TaskId) -> Result<Vec<TaskId>>;
    /// Returns the changes of a task after the sequence number `seq`, in commit order.
    fn history(&self, id: TaskId, seq: i64) -> Result<Vec<Change>>;
    /// Returns the undo that reverted `group` and is in force itself.
    fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>>;
}

/// What planning reads. All answers are of one state of the database.
pub(crate) trait Tasks: Around {
    /// Returns the number of the next task that is added.
    fn next_task(&self) -> Result<i64>;
    /// Reports whether the task has a comment.
    fn has_comment(&self, id: TaskId, comment: &Comment) -> Result<bool>;
    /// Returns the changes of a group, in commit order; none if there is no such group.
    fn group(&self, group: GroupId) -> Result<Vec<Change>>;
    /// Returns the last group of the caller's session that is in force.
    fn last_group(&self, caller: &Caller) -> Result<Option<GroupId>>;
    /// Likewise of all sessions of its client.
    fn last_group_of_client(&self, caller: &Caller) -> Result<Option<GroupId>>;
    /// Returns the call that the caller made with `key`.
    fn keyed_call(&self, key: &CallKey, caller: &Caller) -> Result<Option<KeyedCall>>;
}

/// A call as it is to be written.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// These edits make one group. An edit whose task is the same before and after is not written.
    Write {
        kind: Kind,
        edits: Vec<Edit>,
        /// What they bring along in other tasks, in the same group.
        brought: Vec<Edit>,
        /// The group that they take back, and its kind.
        reverted: Option<(GroupId, Kind)>,
        key: Option<&'a CallKey>,
    },
    /// The call was made before, with the same key, and made this group.
    Repeat(GroupId),
    /// The caller has looked at all changes up to this one.
    Look(i64),
    /// The caller was told of all changes up to this one.
    Told(i64),
}

/// Decides what `command` makes.
pub(crate) fn plan<'a>(
    command: &'a Command,
    caller: &Caller,
    tasks: &dyn Tasks,
) -> Result<Plan<'a>> {
    match command {
        Command::Add { drafts, key } => add(drafts, key.as_ref(), caller, tasks),
        Command::Update { ids, patch, if_rev } => {
            let plan = each(Kind::Update, ids, tasks, |task| {
                let last_round = || last_round(task.id, tasks);
                command::update(task, patch, *if_rev, caller, last_round)
            })?;
            if patch.status == Some(Status::Completed) {
                with_brought(as_completion(plan), caller, tasks)
            } else {
                Ok(plan)
            }
        }
        Command::Complete(ids) => {
            let plan = each(Kind::Complete, ids, tasks, |task| {
                command::complete(task, None, caller, || last_round(task.id, tasks))
            })?;
            with_brought(plan, caller, tasks)
        }
        Command::CompleteRound { id, due } => {
            let plan = each(Kind::Complete, &[*id], tasks, |task| {
                command::complete(task, Some(*due), caller, || Ok(None))
            })?;
            with_brought(plan, caller, tasks)
        }
        Command::Skip(ids) => {
            let plan = each(Kind::Skip, ids, tasks, |task| command::skip(task, caller))?;
            with_brought(plan, caller, tasks)
        }
        Command::Delete { ids, confirm } => {
            command::confirm_deletion(ids, *confirm)?;
            each(Kind::Delete, ids, tasks, |task| {
                command::delete(task, caller.now)
            })
        }
        Command::Undo(group) => {
            let group = match group {
                Some(group) => *group,
                None => last_of_session(caller, tasks)?,
            };
            undo(group, caller, tasks)
        }
        Command::Once { key, command } => match earlier(key, caller, tasks)? {
            Some(group) => Ok(Plan::Repeat(group)),
            None => Ok(with_key(plan(command, caller, tasks)?, key)),
        },
        Command::Look(seq) => Ok(Plan::Look(*seq)),
        Command::Told(seq) => Ok(Plan::Told(*seq)),
    }
}

fn add<'a>(
    drafts: &[Draft],
    key: Option<&'a CallKey>,
    caller: &Caller,
    tasks: &dyn Tasks,
) -> Result<Plan<'a>> {
    if let Some(key) = key
        && let Some(group) = earlier(key, caller, tasks)?
    {
        return Ok(Plan::Repeat(group));
    }
    let first = tasks.next_task()?;
    let mut planned = Planned::of(tasks);
    let mut added = Vec::with_capacity(drafts.len());
    for (id, draft) in (first..).zip(drafts) {
        let edit = command::add(draft, TaskId::try_from(id)?, &added, caller)?;
        added.push(edit.after.id);
        planned.refuse_missing(&edit)?;
        planned.take(edit);
    }
    Ok(planned.write(Kind::Add, None, key))
}

/// Returns the group that the caller made with `key`, if it did; a call that said something else is refused.
fn earlier(key: &CallKey, caller: &Caller, tasks: &dyn Tasks) -> Result<Option<GroupId>> {
    match tasks.keyed_call(key, caller)? {
        Some(earlier) if !earlier.may_be(key) => Err(Error::KeyUsed {
            key: shortened(key.as_str(), 40),
            did: done_by(earlier.group, tasks)?,
        }),
        earlier => Ok(earlier.map(|earlier| earlier.group)),
    }
}

/// Returns `plan` as one whose call is known by `key` from then on.
fn with_key<'a>(mut plan: Plan<'a>, given: &'a CallKey) -> Plan<'a> {
    if let Plan::Write { key, .. } = &mut plan {
        *key = Some(given);
    }
    plan
}

/// Returns `plan` as one that completes tasks, if it found one of them open.
fn as_completion(plan: Plan<'_>) -> Plan<'_> {
    match plan {
        Plan::Write {
            edits,
            reverted,
            key,
            brought,
            ..
        } if edits.iter().any(was_open) => Plan::Write {
            kind: Kind::Complete,
            edits,
            reverted,
            key,
            brought,
        },
        plan => plan,
    }
}

fn was_open(edit: &Edit) -> bool {
    edit.before.as_ref().is_some_and(Task::is_open)
}

/// Returns the change that completed the last round of a task which repeats, and is in force.
fn last_round(id: TaskId, tasks: &dyn Around) -> Result<Option<Change>> {
    let history = tasks.history(id, 0)?;
    for change in history.into_iter().rev().filter(is_round) {
        if tasks.undone_by(change.group)?.is_none() {
            return Ok(Some(change));
        }
    }
    Ok(None)
}

/// Adds what the rounds that end in `plan` bring along in other tasks.
fn with_brought<'a>(plan: Plan<'a>, caller: &Caller, tasks: &dyn Tasks) -> Result<Plan<'a>> {
    let Plan::Write {
        kind,
        edits,
        reverted,
        key,
        ..
    } = plan
    else {
        return Ok(plan);
    };
    // A subtask that the same call completes was done for this round, like one that was completed before.
    let named = |id| {
        let mut edits = edits.iter();
        edits.any(|edit| edit.after.id == id && edit.after.status != Status::Completed)
    };
    let rounds = edits.iter().filter_map(|edit| Round::of(edit, caller.zone));
    let done = Done {
        edits: &edits,
        tasks,
    };
    let brought = brought_by(rounds, caller, &done, &named)?;
    Ok(Plan::Write {
        kind,
        edits,
        brought,
        reverted,
        key,
    })
}

/// Returns what `rounds` that are over bring along in other tasks. Those that are `named` stay as they are.
pub(crate) fn brought_by(
    rounds: impl IntoIterator<Item = Round>,
    caller: &Caller,
    around: &dyn Around,
    named: &dyn Fn(TaskId) -> bool,
) -> Result<Vec<Edit>> {
    let mut brought = Brought::new(caller, around);
    for round in rounds {
        let since = last_round(round.task, around)?.map(|change| change.at);
        brought.take(&round, since, named)?;
    }
    Ok(brought.edits())
}

/// Says which tasks the call added or changed that made `group`: the first of them by id and title.
fn done_by(group: GroupId, tasks: &dyn Tasks) -> Result<String> {
    const NAMED: usize = 5;
    let changes = one_of_each_task(tasks.group(group)?);
    let mut named = Vec::new();
    for change in changes.iter().take(NAMED) {
        let task = tasks.task(change.task)?;
        named.push(format!(
            "{} \"{}\"",
            task.id,
            shortened(task.title.as_str(), 60)
        ));
    }
    if changes.len() > NAMED {
        named.push(format!("{} more", changes.len() - NAMED));
    }
    let has_added = changes.first().is_some_and(|first| first.kind == Kind::Add);
    let verb = if has_added { "added" } else { "changed" };
    Ok(format!("{verb} {}", named.join(", ")))
}

/// Decides an edit for each task once, however often its id was given.
fn each<'a>(
    kind: Kind,
    ids: &[TaskId],
    tasks: &dyn Tasks,
    decide: impl Fn(&Task) -> Result<Edit>,
) -> Result<Plan<'a>> {
    let mut planned = Planned::of(tasks);
    for id in ids {
        if planned.places.contains_key(id) {
            continue;
        }
        let edit = decide(&tasks.task(*id)?)?;
        planned.refuse_missing(&edit)?;
        planned.take(edit);
        planned.refuse_cycles(planned.edits.len() - 1)?;
    }
    Ok(planned.write(kind, None, None))
}

/// Returns the group that `undo` takes back where none is named. Where the session has made none, its client may have in
/// another: that is for the caller to say.
fn last_of_session(caller: &Caller, tasks: &dyn Tasks) -> Result<GroupId> {
    if let Some(group) = tasks.last_group(caller)? {
        return Ok(group);
    }
    let elsewhere = match tasks.last_group_of_client(caller)? {
        Some(group) => Some((group, summary(group, tasks)?)),
        None => None,
    };
    Err(Error::NothingToUndo {
        actor: caller.actor.clone(),
        elsewhere,
    })
}

/// Says what a group did, and to which tasks.
fn summary(group: GroupId, tasks: &dyn Tasks) -> Result<String> {
    let changes = one_of_each_task(tasks.group(group)?);
    let [change] = changes.as_slice() else {
        let kind = changes
            .first()
            .map_or("change", |first| first.kind.as_str());
        return Ok(format!("the {kind} of {} tasks", changes.len()));
    };
    let task = tasks.task(change.task)?;
    let title = shortened(task.title.as_str(), 60);
    Ok(format!(
        "the {} of {} \"{title}\"",
        change.summary(),
        task.id
    ))
}

fn undo<'a>(group: GroupId, caller: &Caller, tasks: &dyn Tasks) -> Result<Plan<'a>> {
    let changes = one_of_each_task(tasks.group(group)?);
    let Some(kind) = changes.first().map(|first| first.kind) else {
        return Err(Error::NoSuchGroup { group });
    };
    if let Some(by) = tasks.undone_by(group)? {
        return Err(Error::AlreadyUndone { group, by });
    }
    let mut reverting = Vec::with_capacity(changes.len());
    for change in changes {
        let mut comments = Vec::new();
        for comment in change.comments()?.added {
            if tasks.has_comment(change.task, &comment)? {
                comments.push(comment);
            }
        }
        reverting.push(Reverting {
            task: tasks.task(change.task)?,
            later: tasks.history(change.task, change.seq)?,
            change,
            comments,
        });
    }
    let mut planned = Planned::of(tasks);
    for edit in command::undo(&reverting, caller)? {
        planned.take(edit);
    }
    // What a task referred to may lie in the trash by now: it did not lose the reference then, and gets it back now.
    (0..planned.edits.len()).try_for_each(|place| planned.refuse_cycles(place))?;
    Ok(planned.write(Kind::Undo, Some((group, kind)), None))
}

/// The edits of a call so far, over the tasks as they are.
struct Planned<'a> {
    tasks: &'a dyn Tasks,
    edits: Vec<Edit>,
    /// Where in `edits` each task is.
    places: HashMap<TaskId, usize>,
}

impl<'a> Planned<'a> {
    fn of(tasks: &'a dyn Tasks) -> Self {
        Self {
            tasks,
            edits: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn take(&mut self, edit: Edit) {
        self.places.insert(edit.after.id, self.edits.len());
        self.edits.push(edit);
    }

    /// Runs `read` on a task as this call leaves it.
    fn with_task<T>(&self, id: TaskId, read: impl Fn(&Task) -> T) -> Result<T> {
        match self.places.get(&id) {
            Some(place) => Ok(read(&self.edits[*place].after)),
            None => self.tasks.task(id).map(|task| read(&task)),
        }
    }

    /// Refuses a new reference to a task that is not there, or in the trash.
    fn refuse_missing(&self, edit: &Edit) -> Result<()> {
        let (before, task) = (edit.before.as_ref(), &edit.after);
        let parent = task
            .parent
            .filter(|_| before.is_none_or(|before| before.parent != task.parent));
        let is_new = |id: &&TaskId| before.is_none_or(|before| !before.depends_on.contains(id));
        for id in parent.iter().chain(task.depends_on.iter().filter(is_new)) {
            if self.with_task(*id, Task::is_deleted)? {
                return Err(Error::Deleted { id: *id });
            }
        }
        Ok(())
    }

    /// Refuses an edit that makes a task a part of itself, or wait for itself. A new task is not yet pointed to.
    fn refuse_cycles(&self, place: usize) -> Result<()> {
        let Edit {
            before: Some(before),
            after,
            ..
        } = &self.edits[place]
        else {
            return Ok(());
        };
        if before.parent != after.parent {
            refuse_cycle(&[after.id], Relation::Parent, &|id| {
                self.with_task(id, |task| task.parent.into_iter().collect())
            })?;
        }
        if before.depends_on != after.depends_on {
            refuse_cycle(&[after.id], Relation::DependsOn, &|id| {
                self.with_task(id, |task| task.depends_on.iter().copied().collect())
            })?;
        }
        Ok(())
    }

    fn write(
        self,
        kind: Kind,
        reverted: Option<(GroupId, Kind)>,
        key: Option<&CallKey>,
    ) -> Plan<'_> {
        Plan::Write {
            kind,
            edits: self.edits,
            brought: Vec::new(),
            reverted,
            key,
        }
    }
}

#[cfg(test)]
mod tests;
