//! What the store must do, without a database: tasks as plain values, each with the changes that made it what it is.

use std::collections::{BTreeMap, BTreeSet};

use taskhold::domain::task::Status;

/// What the model knows of a task.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) started_at: Option<i64>,
    pub(super) completed_at: Option<i64>,
    pub(super) deleted_at: Option<i64>,
    pub(super) parent: Option<i64>,
    pub(super) depends_on: BTreeSet<i64>,
    /// The day it is due, counted from the first of January 1970; every day if there is one.
    pub(super) day: Option<i64>,
    /// When, by whom, what.
    pub(super) comments: Vec<(i64, String, String)>,
}

impl Known {
    pub(super) fn titled(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            status: Status::Pending,
            started_at: None,
            completed_at: None,
            deleted_at: None,
            parent: None,
            depends_on: BTreeSet::new(),
            day: None,
            comments: Vec::new(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.status.is_open() && self.deleted_at.is_none()
    }

    pub(super) fn set_status(&mut self, status: Status, now: i64) {
        if self.status == status {
            return;
        }
        self.status = status;
        self.completed_at = (status == Status::Completed).then_some(now);
        match status {
            Status::Pending => self.started_at = None,
            Status::InProgress => self.started_at = Some(now),
            Status::Completed | Status::Cancelled => {}
        }
    }

    /// One that repeats goes on to its next day.
    pub(super) fn complete(&mut self, now: i64) {
        match &mut self.day {
            Some(day) if self.status.is_open() => {
                *day += 1;
                self.set_status(Status::Pending, now);
            }
            _ => self.set_status(Status::Completed, now),
        }
    }

    /// The fields but for the comments, by name; those that hold nothing are left out.
    fn fields(&self) -> BTreeMap<&'static str, String> {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let list = format!("{:?}", self.depends_on);
        let fields = [
            ("title", Some(self.title.clone())),
            ("status", Some(self.status.as_str().to_owned())),
            ("started_at", number(self.started_at)),
            ("completed_at", number(self.completed_at)),
            ("deleted_at", number(self.deleted_at)),
            ("parent", number(self.parent)),
            (
                "depends_on",
                Some(list).filter(|_| !self.depends_on.is_empty()),
            ),
            ("day", number(self.day)),
        ];
        let held = fields
            .into_iter()
            .filter_map(|(name, field)| Some((name, field?)));
        held.collect()
    }

    fn take_field(&mut self, name: &str, from: &Self) {
        match name {
            "title" => self.title.clone_from(&from.title),
            "status" => self.status = from.status,
            "started_at" => self.started_at = from.started_at,
            "completed_at" => self.completed_at = from.completed_at,
            "deleted_at" => self.deleted_at = from.deleted_at,
            "parent" => self.parent = from.parent,
            "depends_on" => self.depends_on.clone_from(&from.depends_on),
            "day" => self.day = from.day,
            _ => unreachable!("{name}"),
        }
    }
}

/// A change of one task.
#[derive(Debug)]
struct Made {
    actor: &'static str,
    /// The call it belongs to, counted from 0.
    group: usize,
    before: Option<Known>,
    after: Known,
}

impl Made {
    /// The names of the fields it set.
    fn set(&self) -> BTreeSet<&'static str> {
        let after = self.after.fields();
        let Some(before) = self.before.as_ref().map(Known::fields) else {
            return after.into_keys().collect();
        };
        let names = before.keys().chain(after.keys());
        let differs = |name: &&&str| before.get(**name) != after.get(**name);
        names.filter(differs).copied().collect()
    }
}

/// A call that changed something.
#[derive(Debug)]
struct Group {
    actor: &'static str,
    at: i64,
    is_undo: bool,
    is_undone: bool,
    /// The tasks, counted from 0, and the place of the change among those of the task.
    changes: Vec<(usize, usize)>,
}

/// What a call is refused for.
#[derive(Debug)]
pub(super) struct Refused;

#[derive(Debug, Default)]
pub(super) struct Model {
    changes: Vec<Vec<Made>>,
    groups: Vec<Group>,
    /// When calls are made, as the store is told it.
    pub(super) now: i64,
}

impl Model {
    /// The tasks as they stand; the first has the number 1.
    pub(super) fn tasks(&self) -> Vec<Known> {
        let last = |made: &Vec<Made>| made.last().expect("it was added").after.clone();
        self.changes.iter().map(last).collect()
    }

    /// Adds tasks, all or none: `shape` makes each from those there are by then.
    pub(super) fn add(
        &mut self,
        actor: &'static str,
        count: usize,
        shape: impl Fn(usize, &[Known]) -> Result<Known, Refused>,
    ) -> Result<(), Refused> {
        let mut tasks = self.tasks();
        for number in 0..count {
            let task = shape(number, &tasks)?;
            refuse_missing(&tasks, &task, None)?;
            tasks.push(task);
        }
        self.keep(actor, false, &tasks);
        Ok(())
    }

    /// Changes each of the tasks in `ids` once, all or none. Whoever `completes` a task that repeats does not do so twice:
    /// no day has come yet.
    pub(super) fn each(
        &mut self,
        actor: &'static str,
        ids: &[i64],
        completes: bool,
        change: impl Fn(&mut Known),
    ) -> Result<(), Refused> {
        let mut tasks = self.tasks();
        let mut seen = BTreeSet::new();
        let mut rounds = Vec::new();
        for id in ids.iter().filter(|id| seen.insert(**id)) {
            let place = usize::try_from(*id - 1).expect("an id is positive");
            let before = tasks.get(place).filter(|task| task.deleted_at.is_none());
            let before = before.ok_or(Refused)?.clone();
            let is_round = completes && before.day.is_some() && before.status.is_open();
            if is_round
                && self
                    .last_round(place)
                    .is_some_and(|made| made.actor == actor)
            {
                return Err(Refused);
            }
            let mut after = before.clone();
            change(&mut after);
            if is_round {
                rounds.push(place);
            }
            refuse_missing(&tasks, &after, Some(&before))?;
            tasks[place] = after;
            refuse_cycles(&tasks, place, &before)?;
        }
        // What the same call completes was done for this round, like what was completed before.
        let finished: BTreeSet<usize> = (0..tasks.len())
            .filter(|place| tasks[*place].status == Status::Completed)
            .collect();
        let is_named = |place: usize| seen.contains(&number(place)) && !finished.contains(&place);
        for round in rounds {
            let last = self.last_round(round);
            let since = last.map(|made| self.groups[made.group].at);
            let others = tasks.iter_mut().enumerate();
            let waits_once = |task: &Known| task.is_open() && task.day.is_none();
            for (_, task) in others.filter(|(place, task)| waits_once(task) && !is_named(*place)) {
                task.depends_on.remove(&number(round));
            }
            reopen(&mut tasks, round, since, &is_named);
        }
        self.keep(actor, false, &tasks);
        Ok(())
    }

    /// The last change that moved a task which repeats to its next day, and is in force.
    fn last_round(&self, place: usize) -> Option<&Made> {
        self.changes[place].iter().rfind(|made| {
            let group = &self.groups[made.group];
            let before = made.before.as_ref();
            !group.is_undo
                && !group.is_undone
                && before.is_some_and(|before| before.day != made.after.day)
        })
    }

    /// Takes back what `actor` did last and is in force: every field as it was, the comments gone. A task that was added
    /// goes to the trash. What someone has changed since is in the way.
    pub(super) fn undo(&mut self, actor: &'static str, now: i64) -> Result<(), Refused> {
        let is_last = |group: &Group| group.actor == actor && !group.is_undo && !group.is_undone;
        let place = self.groups.iter().rposition(is_last).ok_or(Refused)?;
        let before = self.tasks();
        let mut tasks = before.clone();
        for (task, change) in &self.groups[place].changes {
            let (made, later) = (
                &self.changes[*task][*change],
                &self.changes[*task][change + 1..],
            );
            let current = &mut tasks[*task];
            let is_in_the_way =
                |name: &&str| current.fields().get(*name) != made.after.fields().get(*name);
            let is_changed = made.after != *current;
            if is_changed
                && (later.iter().any(|later| later.actor != actor)
                    || made.set().iter().any(is_in_the_way))
            {
                return Err(Refused);
            }
            let Some(earlier) = &made.before else {
                current.deleted_at = Some(now);
                continue;
            };
            for name in made.set() {
                current.take_field(name, earlier);
            }
            for comment in &made.after.comments[earlier.comments.len()..] {
                let there = current.comments.iter().rposition(|other| other == comment);
                there.map(|there| current.comments.remove(there));
            }
        }
        for (task, _) in &self.groups[place].changes {
            refuse_cycles(&tasks, *task, &before[*task])?;
        }
        self.groups[place].is_undone = tasks != before;
        self.keep(actor, true, &tasks);
        Ok(())
    }

    /// Keeps what a call made of the tasks; nothing if they are as they were.
    fn keep(&mut self, actor: &'static str, is_undo: bool, tasks: &[Known]) {
        let before = self.tasks();
        self.changes.resize_with(tasks.len(), Vec::new);
        let mut changes = Vec::new();
        for (place, after) in tasks.iter().enumerate() {
            let before = before.get(place).cloned();
            if before.as_ref() == Some(after) {
                continue;
            }
            changes.push((place, self.changes[place].len()));
            let after = after.clone();
            self.changes[place].push(Made {
                actor,
                group: self.groups.len(),
                before,
                after,
            });
        }
        if !changes.is_empty() {
            self.groups.push(Group {
                actor,
                at: self.now,
                is_undo,
                is_undone: false,
                changes,
            });
        }
    }
}

/// The number of the task at `place`.
fn number(place: usize) -> i64 {
    i64::try_from(place + 1).expect("they are few")
}

/// Opens the parts of the task at `place` again that were completed after `since`, and theirs; one that repeats stays.
fn reopen(tasks: &mut [Known], place: usize, since: Option<i64>, is_named: &dyn Fn(usize) -> bool) {
    for part in 0..tasks.len() {
        let task = &mut tasks[part];
        let is_of_round = task.completed_at > since && task.day.is_none();
        let is_finished = task.status == Status::Completed && task.deleted_at.is_none();
        if task.parent == Some(number(place)) && is_of_round && is_finished && !is_named(part) {
            task.set_status(Status::Pending, 0);
            reopen(tasks, part, since, is_named);
        }
    }
}

/// A new reference is to a task that is there and not in the trash.
fn refuse_missing(tasks: &[Known], after: &Known, before: Option<&Known>) -> Result<(), Refused> {
    let was_parent = before.is_some_and(|before| before.parent == after.parent);
    let parent = after.parent.filter(|_| !was_parent);
    let is_new = |id: &&i64| before.is_none_or(|before| !before.depends_on.contains(id));
    let is_usable = |id: &i64| {
        let task = usize::try_from(*id - 1)
            .ok()
            .and_then(|place| tasks.get(place));
        task.is_some_and(|task| task.deleted_at.is_none())
    };
    let mut referred = parent.iter().chain(after.depends_on.iter().filter(is_new));
    referred.all(is_usable).then_some(()).ok_or(Refused)
}

/// No task is a part of itself, or waits for itself, by the new references of the one at `place`.
fn refuse_cycles(tasks: &[Known], place: usize, before: &Known) -> Result<(), Refused> {
    let parents = |task: &Known| task.parent.into_iter().collect::<Vec<i64>>();
    let awaited = |task: &Known| task.depends_on.iter().copied().collect::<Vec<i64>>();
    let after = &tasks[place];
    let is_circle = (before.parent != after.parent && leads_back(tasks, place, &parents))
        || (before.depends_on != after.depends_on && leads_back(tasks, place, &awaited));
    if is_circle { Err(Refused) } else { Ok(()) }
}

fn leads_back(tasks: &[Known], start: usize, edges: &dyn Fn(&Known) -> Vec<i64>) -> bool {
    let mut reached = BTreeSet::new();
    let mut untried = edges(&tasks[start]);
    while let Some(id) = untried.pop() {
        let place = usize::try_from(id - 1).expect("an id is positive");
        if place == start {
            return true;
        }
        if reached.insert(place) {
            untried.extend(edges(&tasks[place]));
        }
    }
    false
}
