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
mod tests {
    use super::*;
    use crate::domain::{
        command::{self, Draft, Patch, sample},
        task::{Actor, Timestamp, Title},
    };

    const DAY: i64 = 24 * 60 * 60 * 1000;

    /// Returns a caller at noon of so many days from 2026-12-01 on.
    fn caller(name: &str, day: i64) -> Caller {
        Caller {
            actor: Actor::named(name),
            now: Timestamp::from_millis(1_796_126_400_000 + day * DAY),
            ..sample::caller()
        }
    }

    fn monthly(due: &str) -> Task {
        let draft = Draft {
            due: due.parse().ok(),
            repeat: Repeat::read("monthly").ok(),
            ..Draft::titled(Title::try_from("Pay the rent".to_owned()).unwrap())
        };
        let id = TaskId::try_from(1).unwrap();
        command::add(&draft, id, &[], &caller("one", 0))
            .unwrap()
            .after
    }

    /// Returns what the log holds of `edit`.
    fn logged(edit: &Edit, actor: &str) -> Change {
        let diff = edit.diff().unwrap();
        Change {
            seq: 7,
            group: 7,
            at: edit.after.updated_at,
            actor: Actor::named(actor),
            kind: Kind::Complete,
            task: edit.after.id,
            rev: edit.after.rev,
            old: diff.old,
            new: diff.new,
            reverts: None,
            part: 1,
            parts: 1,
            session: None,
        }
    }

    fn due(task: &Task) -> String {
        task.due.unwrap().to_string()
    }

    #[test]
    fn the_same_client_completes_no_second_round_before_its_date_unless_it_names_it() {
        let task = monthly("2026-12-01");
        let first = command::complete(&task, None, &caller("one", 0), || Ok(None)).unwrap();
        assert_eq!(due(&first.after), "2027-01-01");
        let round = logged(&first, "one");
        assert!(is_round(&round));
        let again = |named: Option<&str>, caller: &Caller| {
            let named = named.map(|named| named.parse().unwrap());
            let round = round.clone();
            command::complete(&first.after, named, caller, || Ok(Some(round)))
        };
        let refused = again(None, &caller("one", 0)).unwrap_err().to_string();
        assert!(
            refused.contains("the round of Tue 2026-12-01")
                && refused.contains("comes again Fri 2027-01-01"),
            "{refused}"
        );
        for (named, by, day) in [
            (Some("2027-01-01"), "one", 0),
            (None, "another", 0),
            (None, "one", 31),
        ] {
            let second = again(named, &caller(by, day)).unwrap();
            assert_eq!(due(&second.after), "2027-02-01", "{named:?} {by} {day}");
        }
        let refused = again(Some("2026-12-01"), &caller("one", 0)).unwrap_err();
        assert!(
            refused.to_string().contains("is due Fri 2027-01-01"),
            "{refused}"
        );
    }

    #[test]
    fn a_round_counted_from_completion_is_completed_though_its_date_stays() {
        let mut task = monthly("2026-12-31");
        task.repeat = Repeat::read("after 10 days").ok();
        let edit = command::complete(&task, None, &caller("one", 20), || Ok(None)).unwrap();
        assert_eq!(due(&edit.after), "2026-12-31");
        assert_eq!(edit.after.rev, task.rev + 1);
        assert_eq!(
            Round::of(&edit, Zone::UTC).unwrap().ahead,
            TimeDelta::zero()
        );
        // The log has it, so that the same call made again is refused.
        let round = logged(&edit, "one");
        assert!(is_round(&round), "{round:?}");
        let again = |round| command::complete(&edit.after, None, &caller("one", 20), || Ok(round));
        assert!(again(Some(round)).is_err());
        // On any other day it leads to another date, early or late.
        for (day, next) in [(19, "2026-12-30"), (21, "2027-01-01"), (40, "2027-01-20")] {
            let edit = command::complete(&task, None, &caller("one", day), || Ok(None)).unwrap();
            assert_eq!(due(&edit.after), next, "{day}");
            assert!(!edit.keeps_due);
        }
        let skipped = skip(&task, &caller("one", 20)).unwrap();
        assert!(!skipped.keeps_due && skipped.diff().is_none());
    }

    #[test]
    fn a_round_that_is_overdue_is_completed_whoever_completed_the_one_before() {
        let task = monthly("2026-12-01");
        let first = command::complete(&task, None, &caller("one", 0), || Ok(None)).unwrap();
        let round = logged(&first, "one");
        let overdue = caller("one", 45);
        let second = command::complete(&first.after, None, &overdue, || Ok(Some(round))).unwrap();
        assert_eq!(due(&second.after), "2027-02-01");
        let round = logged(&second, "one");
        let third = command::complete(&second.after, None, &overdue, || Ok(Some(round)));
        assert!(third.is_err(), "{third:?}");
    }

    #[test]
    fn a_rule_that_gives_starts_moves_the_deferral_and_the_due_date_keeps_its_distance() {
        let mut task = monthly("2026-12-04");
        task.defer_until = "2026-11-30".parse().ok();
        task.repeat = Repeat::read("FREQ=WEEKLY;BYDAY=MO;X-FROM=START;X-EXDATE=20261214").ok();
        let dates = |task: &Task| (due(task), task.defer_until.unwrap().to_string());
        let done = |task: &Task, day| {
            command::complete(task, task.due, &caller("one", day), || Ok(None))
                .unwrap()
                .after
        };
        // The start of 12-07 has come by 12-08, and its due date has not.
        for day in [3, 7] {
            let next = done(&task, day);
            assert_eq!(
                dates(&next),
                ("2026-12-11".to_owned(), "2026-12-07".to_owned())
            );
        }
        // The series skips the day that is left out, and its rule no longer names it.
        let next = done(&done(&task, 3), 10);
        assert_eq!(
            dates(&next),
            ("2026-12-25".to_owned(), "2026-12-21".to_owned())
        );
        assert!(next.repeat.unwrap().excluded().is_empty());
    }

    #[test]
    fn skipping_moves_on_using_up_what_is_counted_and_after_the_last_date_gives_up() {
        let mut task = monthly("2026-12-01");
        task.repeat = Repeat::read("FREQ=DAILY;COUNT=2").ok();
        let skipped = skip(&task, &caller("one", 0)).unwrap().after;
        assert_eq!(
            (due(&skipped), skipped.status),
            ("2026-12-02".to_owned(), Status::Pending)
        );
        assert_eq!(skipped.repeat, Repeat::read("FREQ=DAILY;COUNT=1").ok());
        let last = skip(&skipped, &caller("one", 1)).unwrap().after;
        assert_eq!(
            (due(&last), last.status),
            ("2026-12-02".to_owned(), Status::Cancelled)
        );
        task.repeat = Repeat::read("FREQ=DAILY;UNTIL=20261201").ok();
        let skipped = skip(&task, &caller("one", 0)).unwrap().after;
        assert_eq!(
            (due(&skipped), skipped.status),
            ("2026-12-01".to_owned(), Status::Cancelled)
        );
        task.status = Status::Completed;
        assert!(skip(&task, &caller("one", 0)).is_err());
        task.repeat = None;
        let refused = skip(&task, &caller("one", 0)).unwrap_err().to_string();
        assert!(refused.contains("repeat of task 1 is not set"), "{refused}");
    }

    #[test]
    fn a_round_that_is_moved_past_the_next_date_passes_over_it_however_early_it_is_done() {
        let mut task = monthly("2026-12-07");
        task.repeat = Repeat::read("every mon").ok();
        let patch = Patch {
            due: Some("2026-12-15".parse().ok()),
            ..Patch::default()
        };
        let moved = command::update(&task, &patch, None, &caller("one", 5), || Ok(None)).unwrap();
        for day in [7, 14] {
            let done = |by: &Caller| command::complete(&moved.after, None, by, || Ok(None));
            assert_eq!(
                due(&done(&caller("one", day)).unwrap().after),
                "2026-12-21",
                "{day}"
            );
            let skipped = skip(&moved.after, &caller("one", day)).unwrap();
            assert_eq!(due(&skipped.after), "2026-12-21", "{day}");
        }
    }

    #[test]
    fn a_new_rule_alone_goes_on_from_the_date_that_the_old_one_gave() {
        let mut task = monthly("2026-12-01");
        task.repeat = Repeat::read("every 2 days").ok();
        let set = |task: &Task, patch: &Patch| {
            command::update(task, patch, None, &caller("one", 0), || Ok(None))
                .unwrap()
                .after
        };
        let to = |text: &str| Patch {
            due: Some(text.parse().ok()),
            ..Patch::default()
        };
        let by = |rule: &str| Patch {
            repeat: Some(Repeat::read(rule).ok()),
            ..Patch::default()
        };
        let moved = set(&task, &to("2026-12-02"));
        let changed = set(&moved, &by("every 4 days"));
        assert_eq!(due(&changed), "2026-12-02");
        assert_eq!(changed.repeat_from, "2026-12-01".parse().ok());
        let next = command::complete(&changed, None, &caller("one", 0), || Ok(None)).unwrap();
        assert_eq!(due(&next.after), "2026-12-05");
        // With the date in the same call, it is that of the series.
        let both = Patch {
            due: Some("2026-12-03".parse().ok()),
            ..by("every 4 days")
        };
        let series = set(&moved, &both);
        assert_eq!(
            (due(&series), series.repeat_from),
            ("2026-12-03".to_owned(), None)
        );
        // A series that ends leaves the task where it was moved to.
        let ended = Patch {
            repeat: Some(None),
            ..Patch::default()
        };
        let ended = set(&moved, &ended);
        assert_eq!(
            (due(&ended), ended.repeat_from),
            ("2026-12-02".to_owned(), None)
        );
    }

    #[test]
    fn a_new_series_does_not_begin_before_it_is_deferred_to() {
        for (until, first) in [("2026-12-20", "2026-12-21"), ("2026-11-20", "2026-12-07")] {
            let draft = Draft {
                defer_until: until.parse().ok(),
                repeat: Repeat::read("FREQ=WEEKLY;BYDAY=MO").ok(),
                ..Draft::titled(Title::try_from("series".to_owned()).unwrap())
            };
            let id = TaskId::try_from(1).unwrap();
            let added = command::add(&draft, id, &[], &caller("one", 0))
                .unwrap()
                .after;
            assert_eq!(added.due, first.parse().ok(), "{until}");
        }
    }

    #[test]
    fn a_date_is_named_by_its_day_or_as_it_is() {
        let mut task = monthly("2026-12-01");
        task.due = "2026-12-01T17:00:00.000Z".parse().ok();
        for (named, is_it) in [
            ("2026-12-01", true),
            ("2026-12-01T17:00:00.000Z", true),
            ("2026-12-01T18:00[Europe/Berlin]", true),
            ("2026-12-01T18:00:00.000Z", false),
            ("2026-12-02", false),
        ] {
            let named = named.parse().unwrap();
            let refused = refuse_other_date(&task, named, &caller("one", 0));
            assert_eq!(refused.is_ok(), is_it, "{named}");
        }
    }
}
