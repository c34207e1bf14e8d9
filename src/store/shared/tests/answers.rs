//! Answers of the log that are late, do not come, or say that others were first.

use std::{
    fs,
    sync::Mutex,
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::{
    super::{
        Contest,
        entry::{self, Author, Place},
        items::Items,
    },
    *,
};
use crate::{
    clock, disk,
    share::{
        log::{Digest, Log as _, Number},
        visit::PATIENCE,
    },
};

#[test]
fn without_the_log_tasks_are_read_and_no_change_is_made() {
    let mut machines = Machines::new(1, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("kept"), &caller).unwrap();
    machines.log.cut_off(true);
    let refused = machines.stores[0]
        .execute(&add("lost"), &caller)
        .unwrap_err();
    assert!(matches!(refused, Error::NotShared { .. }), "{refused}");
    assert_eq!(titles(&machines.stores[0]), ["kept"]);
    machines.log.cut_off(false);
    machines.stores[0].execute(&add("later"), &caller).unwrap();
    machines.settle();
    assert_eq!(titles(&machines.stores[0]), ["kept", "later"]);
}

#[test]
fn a_call_has_ten_seconds_however_many_requests_it_takes_and_as_many_again_when_others_were_first()
{
    for (seed, pace, is_made, most) in [
        (1, 4, true, 8),
        (1, 6, true, 12),
        (1, 11, false, 10),
        (2, 4, true, 12),
        (2, 6, false, 10),
    ] {
        let mut machines = Machines::new(2, seed, Faults(0));
        let caller = machines.caller("cli");
        for text in ["one", "two"] {
            machines.stores[0].execute(&add(text), &caller).unwrap();
        }
        machines.log.slow_down(Duration::from_secs(pace));
        let made = machines.stores[1].execute(&add("three"), &caller);
        let spent = machines.log.spent();
        assert_eq!(made.is_ok(), is_made, "{pace} s a request: {made:?}");
        // A request that is given up takes a little less than what was left.
        let spent = spent.as_millis().div_ceil(1_000);
        assert_eq!(spent, most, "{pace} s a request: {made:?}");
        machines.log.slow_down(Duration::ZERO);
        machines.settle();
    }
}

#[test]
fn a_call_is_not_refused_because_others_are_first_again_and_again() {
    let mut machines = Machines::new(2, 2, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[1].follow().unwrap();
    for number in 0..6 {
        let text = format!("theirs {number}");
        machines.stores[0].execute(&add(&text), &caller).unwrap();
    }
    machines.log.hold_back(6);
    machines.log.slow_down(Duration::from_secs(3));
    machines.stores[1].execute(&add("mine"), &caller).unwrap();
    let spent = machines.log.spent();
    assert!(spent > 3 * PATIENCE, "{spent:?}");
    machines.log.slow_down(Duration::ZERO);
    machines.settle();
}

#[test]
fn whoever_is_next_has_the_turn_before_whoever_had_it_last() {
    let machines = Machines::new(1, 1, Faults(0));
    let open = || Store::open(&machines.path(0), Access::Write).unwrap();
    let (mut one, mut other) = (open(), open());
    let queue = one.paths().share_queue.clone();
    let turns = Mutex::new(Vec::new());
    let had = |who| {
        turns.lock().unwrap().push(who);
        Ok(())
    };
    thread::scope(|scope| {
        let during = one.in_turn(|_| {
            scope.spawn(|| other.in_turn(|_| had("other")).unwrap());
            let begun = Instant::now();
            while disk::try_lock(&queue).unwrap().is_some() {
                assert!(begun.elapsed() < PATIENCE, "nobody is next");
                thread::yield_now();
            }
            had("one")
        });
        during.unwrap();
        one.in_turn(|_| had("one")).unwrap();
    });
    assert_eq!(turns.into_inner().unwrap(), ["one", "other", "one"]);
}

#[test]
fn whoever_is_next_and_does_not_go_on_keeps_no_other_out() {
    let machines = Machines::new(1, 1, Faults(0));
    let mut store = Store::open(&machines.path(0), Access::Write).unwrap();
    let _suspended = disk::try_lock(&store.paths().share_queue).unwrap().unwrap();
    let moment = Duration::from_millis(20);
    disk::patience::at_most(moment, || store.in_turn(|_| Ok(()))).unwrap();
}

#[test]
fn tasks_are_called_old_unless_the_log_was_heard_of_in_the_last_minute_by_a_clock_that_may_be_set_back()
 {
    let machines = Machines::new(1, 1, Faults(0));
    let store = &machines.stores[0];
    let hour = Duration::from_hours(1);
    let now = SystemTime::now();
    for (heard, is_old) in [(now, false), (now - hour, true), (now + hour, true)] {
        let file = fs::File::options()
            .write(true)
            .open(&store.paths().share_lock);
        file.unwrap().set_modified(heard).unwrap();
        let since = store.stale_since().unwrap();
        assert_eq!(since.is_some(), is_old, "{heard:?}");
    }
}

#[test]
fn who_waits_behind_a_process_that_hears_nothing_is_told_of_the_log_and_not_of_a_lock() {
    let machines = Machines::new(1, 1, Faults(0));
    let mut store = Store::open(&machines.path(0), Access::Write).unwrap();
    let _turn = disk::try_lock(&store.paths().share_lock).unwrap().unwrap();
    let heard = fs::File::options()
        .write(true)
        .open(&store.paths().share_lock)
        .unwrap();
    heard
        .set_modified(SystemTime::now() - PATIENCE * 2)
        .unwrap();
    // As if it had waited in a queue.
    disk::patience::begin_call(PATIENCE);
    let refused = store.in_turn(|_| Ok(())).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::NotShared { .. }), "{said}");
    assert!(
        said.contains("not heard of for 10 seconds") && said.contains("does not answer"),
        "{said}"
    );
}

#[test]
fn who_follows_to_the_end_asks_once() {
    // An object store looks at the last entry first, in the same request.
    for seed in [1, 2] {
        let mut machines = Machines::new(2, seed, Faults(0));
        let caller = machines.caller("cli");
        machines.stores[1].follow().unwrap();
        for text in ["one", "two"] {
            machines.stores[0].execute(&add(text), &caller).unwrap();
        }
        machines.log.slow_down(Duration::from_secs(1));
        assert!(machines.stores[1].follow().unwrap().is_some());
        assert_eq!(machines.log.spent(), Duration::from_secs(1));
        machines.log.slow_down(Duration::ZERO);
        machines.settle();
    }
}

#[test]
fn entries_that_were_read_in_place_of_an_append_are_not_asked_for_again() {
    let mut machines = Machines::new(2, 2, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("one"), &caller).unwrap();
    machines.log.slow_down(Duration::from_secs(1));
    machines.stores[1].execute(&add("two"), &caller).unwrap();
    let spent = machines.log.spent();
    assert_eq!(spent, Duration::from_secs(3), "append, read, append");
    machines.log.slow_down(Duration::ZERO);
    machines.settle();
}

#[test]
fn a_machine_that_asks_for_the_log_is_waited_for_by_the_others_alone() {
    let mut machines = Machines::new(2, 2, Faults(0));
    machines.stores[1]
        .ask_for_log(Duration::from_mins(1))
        .unwrap();
    let mut waits_for_others = |number: usize| {
        machines.reopen(number);
        machines.stores[number].follow().unwrap();
        let state = machines.stores[number].shared_state().unwrap().unwrap();
        assert_eq!(state.n, 2);
        let until = state.pace.others_at.unwrap();
        until > clock::now()
    };
    assert!(waits_for_others(0));
    assert!(!waits_for_others(1));
    machines.settle();
}

#[test]
fn work_for_which_the_log_cannot_be_asked_for_long_enough_keeps_nobody_waiting() {
    for (seconds, asks) in [(3, true), (11, false)] {
        let mut machines = Machines::new(2, 2, Faults(0));
        let caller = machines.caller("cli");
        machines.stores[0].execute(&add("first"), &caller).unwrap();
        let mut contest = Contest::begin();
        contest.tried -= Duration::from_secs(seconds);
        contest.again(&mut machines.stores[1]).unwrap();
        assert_eq!(machines.log.entries().len(), if asks { 3 } else { 2 });
        assert_eq!(titles(&machines.stores[1]), ["first"]);
    }
}

#[test]
fn who_waits_for_a_machine_that_asked_goes_on_when_its_work_is_there() {
    let mut machines = Machines::new(2, 2, Faults(0));
    let caller = machines.caller("cli");
    let [first, second] = &mut machines.stores[..] else {
        panic!("two machines");
    };
    second.ask_for_log(Duration::from_mins(1)).unwrap();
    first.follow().unwrap();
    let until = first.shared_state().unwrap().unwrap().pace.others_at;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| first.execute(&add("waited"), &caller).unwrap());
        second.execute(&add("worked"), &caller).unwrap();
        waiting.join().unwrap();
    });
    assert!(Some(clock::now()) < until, "it waited for all that time");
    machines.settle();
    assert_eq!(titles(&machines.stores[0]), ["worked", "waited"]);
}

#[test]
fn what_a_crash_left_between_the_append_and_the_commit_is_read_back() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    let store = &mut machines.stores[0];
    store.sharing.crashes_before_commit.set(true);
    store.execute(&add("crashed"), &caller).unwrap_err();
    assert!(titles(store).is_empty());
    machines.reopen(0);
    machines.stores[0].execute(&add("next"), &caller).unwrap();
    machines.settle();
    assert_eq!(titles(&machines.stores[1]), ["crashed", "next"]);
}

/// Writes the entry that comes next on `store`, which says nothing, with this nonce.
fn next_entry(store: &Store, nonce: &str) -> (Number, Vec<u8>) {
    let state = store.shared_state().unwrap().unwrap();
    let place = Place {
        log: &state.log,
        n: state.n + 1,
        prev: state.digest,
        format: state.format,
        knows: entry::FORMAT,
    };
    let author = Author {
        nonce,
        member: None,
        machine: "00",
        at: Timestamp::from_millis(0),
        last_task: store.last_number("task").unwrap(),
        last_change: store.last_number("change").unwrap(),
    };
    let mut no_part = |_: &Digest, _: &[u8]| unreachable!("it is short");
    let sealed = entry::write(place, author, Items::default(), &mut no_part).unwrap();
    (state.n + 1, sealed)
}

#[test]
fn what_became_of_each_entry_whose_answer_did_not_come_is_told_when_it_is_known() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    let mut expected = Vec::new();
    for (was_taken, text) in [
        (true, "lands"),
        (false, "is lost"),
        (true, "lands late"),
        (false, "is lost, too"),
    ] {
        let store = &mut machines.stores[0];
        let (entry, sealed) = next_entry(store, text);
        let (nonce, reason) = (text.to_owned(), text.to_owned());
        let error = Error::Unsettled {
            entry,
            nonce,
            reason,
        };
        store.note_unsettled(&error).unwrap();
        let told = |store: &Store| -> Vec<Option<bool>> {
            let state = store.shared_state().unwrap().unwrap();
            state.unsettled.iter().map(|one| one.was_taken).collect()
        };
        expected.push(None);
        assert_eq!(told(store), expected);
        if was_taken {
            machines.log.append(entry - 1, &sealed);
        }
        store.execute(&add(text), &caller).unwrap();
        *expected.last_mut().unwrap() = Some(was_taken);
        assert_eq!(told(store), expected);
        machines.settle();
    }
}

#[test]
fn of_many_entries_without_an_answer_the_last_ones_are_remembered() {
    let machines = Machines::new(1, 1, Faults(0));
    let store = &machines.stores[0];
    let (entry, _) = next_entry(store, "");
    for number in 0..13 {
        let error = Error::Unsettled {
            entry,
            nonce: number.to_string(),
            reason: String::new(),
        };
        store.note_unsettled(&error).unwrap();
    }
    let unsettled = store.shared_state().unwrap().unwrap().unsettled;
    let nonces: Vec<String> = unsettled.into_iter().map(|one| one.nonce).collect();
    let last: Vec<String> = (3..13).map(|number| number.to_string()).collect();
    assert_eq!(nonces, last);
}
