//! Rounds that are completed, skipped and moved.

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
