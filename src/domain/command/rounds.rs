//! Tasks that repeat: each completion is a round, and a call that is made again does not make a second one.

use chrono::TimeDelta;

use super::Caller;
use crate::domain::{
    change::{Change, DUE, Edit, Kind},
    error::{Error, Result},
    repeat::Repeat,
    task::{Invalid, Status, Task, TaskId},
    when::{When, Zone},
};

/// How many rounds a file may be ahead of the task here.
const MOST_ROUNDS: usize = 2_000;

/// Reports whether `change` completed a round of a task that repeats, and moved it to its next date.
pub(crate) fn is_round(change: &Change) -> bool {
    let is_over = change.new.get("status").and_then(|status| status.as_str())
        == Some(Status::Completed.as_str());
    change.kind == Kind::Complete
        && !is_over
        && done(change).is_some()
        && moved_to(change).is_some()
}

/// Returns the date of the round that `change` completed.
fn done(change: &Change) -> Option<When> {
    change.old.as_ref()?.get(DUE)?.as_str()?.parse().ok()
}

/// Returns the date to which `change` moved its task.
fn moved_to(change: &Change) -> Option<When> {
    change.new.get(DUE)?.as_str()?.parse().ok()
}

/// Refuses to complete `task` if it is a second time: its date has not come, and the caller has completed the round before.
pub(super) fn refuse_again(
    task: &Task,
    caller: &Caller,
    last_round: impl FnOnce() -> Result<Option<Change>>,
) -> Result<()> {
    let today = caller.zone.today(caller.now.as_millis());
    let (true, Some(_), Some(due)) = (task.is_open(), &task.repeat, task.due) else {
        return Ok(());
    };
    if due.day(caller.zone) <= today {
        return Ok(());
    }
    let Some(round) = last_round()?.filter(|round| caller.is_client(&round.actor)) else {
        return Ok(());
    };
    Err(Error::RoundDone {
        id: task.id,
        done: done(&round).map_or_else(String::new, |done| done.show(caller.zone)),
        next: due.show(caller.zone),
        day: day_of(due, caller.zone),
    })
}

/// Refuses to complete `task` if it is due at another date than the call has named.
pub(super) fn refuse_other_date(task: &Task, named: When, caller: &Caller) -> Result<()> {
    let zone = caller.zone;
    let is_it = |due: When| is_same(due, named, zone) || When::Day(due.day(zone)) == named;
    if task.due.is_some_and(is_it) {
        return Ok(());
    }
    Err(Error::OtherDate {
        id: task.id,
        due: task.due.map_or_else(
            || "has no due date".to_owned(),
            |due| format!("is due {}", due.show(zone)),
        ),
        named: named.show(zone),
    })
}

fn day_of(due: When, zone: Zone) -> String {
    When::Day(due.day(zone)).to_string()
}

/// Completes a task; one that repeats goes on to its next date instead, until its series ends.
/// A rule that counts from completion may lead to the date that the round had: it is completed all the same.
pub(super) fn finish(edit: &mut Edit, caller: &Caller) {
    let task = &mut edit.after;
    let next = task.repeat.as_ref().and_then(|repeat| {
        let given = given(task, caller.zone).filter(|_| task.status.is_open())?;
        let next = next_date(task, repeat, given, caller).filter(|_| repeat.count() != Some(1))?;
        Some((given, next, repeat.advance()?))
    });
    match next {
        Some((given, next, rest)) => {
            edit.keeps_due = task.due == Some(next);
            go_on(task, given, next, &rest, caller);
        }
        None => task.set_status(Status::Completed, caller.now),
    }
}

/// Returns when `task` is due after the round that the rule had `given`. A rule that gives starts goes on from the date until which the
/// task is deferred, to the first whose due date has not come, and due dates keep their distance.
fn next_date(task: &Task, repeat: &Repeat, given: When, caller: &Caller) -> Option<When> {
    let (now, zone) = (caller.now.as_millis(), caller.zone);
    // A round that was moved past later dates of the rule stands for those, too, however early it is done.
    let moved = task
        .due
        .filter(|_| task.repeat_from.is_some() && !repeat.counts_from_completion());
    let now = moved.map_or(now, |due| now.max(due.order(zone)));
    let Some(start) = task.defer_until.filter(|_| repeat.gives_starts()) else {
        return repeat.after(&given, &given, now, zone);
    };
    let start = start.settled(given.zone(zone));
    let distance = (given.order(zone) - start.order(zone)).max(0);
    let next = repeat.after(&start, &start, now - distance, zone)?;
    let home = start.zone(zone);
    Some(later(given, next.day(home) - start.day(home), zone))
}

/// Returns the date that the rule gave for this round. It is in phase with the rule; one the user moved to need not be.
fn given(task: &Task, zone: Zone) -> Option<When> {
    Some(task.repeat_from.or(task.due)?.settled(zone))
}

/// Decides what moving `task` on to its next date makes, without completing it. A series that has no other date, or whose dates
/// are counted and this is the last, ends as given up.
pub(crate) fn skip(task: &Task, caller: &Caller) -> Result<Edit> {
    super::refuse_deleted(task)?;
    let Some(repeat) = &task.repeat else {
        let reason = format!(
            "of task {} is not set: no date comes after this one; give it another due date, or cancel it",
            task.id
        );
        return Err(Invalid::new("repeat", reason).into());
    };
    if !task.is_open() {
        let reason = format!(
            "of task {} is {}; only an open one is skipped",
            task.id, task.status
        );
        return Err(Invalid::new("status", reason).into());
    }
    let mut edit = Edit::of(task);
    let next = given(task, caller.zone).and_then(|given| {
        let next = next_date(task, repeat, given, caller)?;
        Some((given, next, repeat.advance()?))
    });
    match next {
        Some((given, next, rest)) => go_on(&mut edit.after, given, next, &rest, caller),
        None => edit.after.set_status(Status::Cancelled, caller.now),
    }
    Ok(edit.stamped(caller.now))
}

/// Moves `task` from the date that the rule had `given` to the `next` one. Until when it is deferred moves by as many days, at its
/// own time of day.
fn go_on(task: &mut Task, given: When, next: When, rest: &Repeat, caller: &Caller) {
    let zone = given.zone(caller.zone);
    let ahead = next.day(zone) - given.day(zone);
    task.defer_until = task
        .defer_until
        .map(|until| later(until.settled(zone), ahead, zone));
    task.due = Some(next);
    // What was left out before the next date of the rule is over.
    let start = task.defer_until.filter(|_| rest.gives_starts());
    task.repeat = Some(rest.past(start.unwrap_or(next).day(zone)));
    task.repeat_from = None;
    task.set_status(Status::Pending, caller.now);
}

/// Returns a date so much later, in whole days, at its own time of day.
fn later(when: When, ahead: TimeDelta, zone: Zone) -> When {
    let zone = when.zone(zone);
    let day = when.day(zone).checked_add_signed(ahead);
    day.map_or(when, |day| when.on(day, zone))
}

/// A round of a series that is over: it was completed, or skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// Whose round it is.
    pub(crate) task: TaskId,
    /// How much later the next one is.
    ahead: TimeDelta,
}

impl Round {
    /// Returns the round that ends with `edit`, which completes or skips a task, or tries to.
    pub(crate) fn of(edit: &Edit, zone: Zone) -> Option<Self> {
        let before = edit.before.as_ref().filter(|before| before.is_open())?;
        let (given, next) = (before.repeat_from.or(before.due)?, edit.after.due?);
        let home = next.zone(zone);
        let goes_on =
            before.repeat.is_some() && edit.after.repeat.is_some() && edit.after.is_open();
        (goes_on && (before.due != edit.after.due || edit.keeps_due)).then(|| Self {
            task: edit.after.id,
            ahead: next.day(home) - given.day(given.zone(home)),
        })
    }

    /// Returns the round that ends with `edit`, which takes over what a file says: the due date goes on to a later one that the
    /// rule gives, as calendars have it once a round is done. Any other date is one to which the round was moved. A rule that counts
    /// from completion gives none before, and the file says if the round `is_done`.
    pub(crate) fn taken(edit: &Edit, is_done: bool, zone: Zone) -> Option<Self> {
        let before = edit.before.as_ref()?;
        let (repeat, given) = (before.repeat.as_ref()?, self::given(before, zone)?);
        let next = self::given(&edit.after, zone)?;
        if repeat.counts_from_completion() {
            let is_over = is_done && next.order(zone) > given.order(zone);
            return is_over.then(|| Self::of(edit, zone)).flatten();
        }
        let (first, last) = match before.defer_until.filter(|_| repeat.gives_starts()) {
            Some(start) => (start.settled(zone), edit.after.defer_until?.settled(zone)),
            None => (given, next),
        };
        let later = |date: &When| repeat.after(&first, date, i64::MIN, zone);
        let dates = std::iter::successors(later(&first), later).take(MOST_ROUNDS);
        let mut not_before = dates.skip_while(|date| date.order(zone) < last.order(zone));
        let is_of_rule = not_before
            .next()
            .is_some_and(|date| is_same(date, last, zone));
        is_of_rule.then(|| Self::of(edit, zone)).flatten()
    }

    /// Moves the dates of a subtask to the next round.
    pub(crate) fn move_dates(&self, task: &mut Task, zone: Zone) {
        for date in [&mut task.due, &mut task.defer_until] {
            *date = date.map(|date| later(date, self.ahead, zone));
        }
    }
}

/// Moves this round of a task that repeats to the date that `after` has: the date that the rule gave is kept, and the rule goes
/// on from that. A time that is the same instant, said in the caller's zone, moves nothing.
pub(super) fn move_round(before: &Task, after: &mut Task, zone: Zone) -> Result<()> {
    if before.repeat.is_none() {
        return Ok(());
    }
    let Some(due) = after.due else {
        return Err(Invalid::new(
            "due",
            "is what repeat goes by; clear repeat too to end the series",
        )
        .into());
    };
    if due.other_zone(zone).is_none() && before.due.is_some_and(|was| is_same(was, due, zone)) {
        after.due = before.due;
    }
    let given = before.repeat_from.or(before.due);
    after.repeat_from = given.filter(|given| !is_same(*given, due, zone));
    if after.repeat_from.is_none() {
        after.due = given;
    }
    Ok(())
}

fn is_same(one: When, other: When, zone: Zone) -> bool {
    match (one.instant(zone), other.instant(zone)) {
        (None, None) => one == other,
        (one, other) => one.is_some() && one == other,
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
