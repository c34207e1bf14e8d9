//! Entries that were deleted where the log is kept, though later ones are there: nothing is written into the hole, whoever comes to
//! it from wherever.

use super::*;
use crate::{share::log::Number, store::shared::PUT_BACK};

/// Asserts that `error` says which entry is missing, and what helps.
fn assert_names(error: &Error, number: Number, case: &str) {
    let Error::Unfollowed {
        entry,
        reason,
        way_out,
    } = error
    else {
        panic!("{case}: {error}");
    };
    assert_eq!(*entry, number, "{case}: {reason}");
    assert!(
        reason.contains(&format!("entry {number} of the shared log is missing")),
        "{case}: {reason}"
    );
    assert_eq!(*way_out, PUT_BACK, "{case}");
}

#[test]
fn a_change_is_refused_wherever_an_entry_is_missing_before_later_ones() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut refused = 0;
    for round in 0..40 {
        // By an odd seed the log would take an entry after a gap.
        let mut machines = Machines::new(2, 1, Faults(0));
        let caller = machines.caller("cli");
        let head = random.u64(2..12);
        // The first entry is there from the start.
        let at = random.u64(1..=head);
        for number in 1..=head {
            if number > 1 {
                let text = format!("task {number}");
                machines.stores[0].execute(&add(&text), &caller).unwrap();
            }
            if number == at {
                machines.stores[1].follow().unwrap();
            }
        }
        let holes: Vec<Number> = (0..random.u32(1..4))
            .map(|_| random.u64(1..=head))
            .collect();
        let last = (1..=head).rfind(|number| !holes.contains(number));
        let last = last.unwrap_or_default();
        for hole in &holes {
            machines.log.delete(*hole);
        }
        // An app that stays up knows the last entry without looking; a command looks at it again.
        let is_new = random.bool();
        if is_new {
            machines.reopen(1);
        }
        let case = format!("round {round}: {holes:?} of {head}, at {at}, new {is_new}");
        let first = if is_new && holes.contains(&at) {
            at
        } else {
            at + 1
        };
        let hole = (first..last).find(|number| holes.contains(number));
        let looked = machines.stores[1].look_back();
        let written = machines.stores[1].execute(&add("mine"), &caller);
        let Some(hole) = hole else {
            assert!(written.is_ok() || at >= last, "{case}: {written:?}");
            continue;
        };
        assert_names(&written.unwrap_err(), hole, &case);
        let found = (at..last).find(|number| holes.contains(number)).unwrap();
        assert_names(&looked.unwrap_err(), found, &case);
        assert_names(&machines.stores[1].follow().unwrap_err(), hole, &case);
        assert_eq!(machines.log.entries().len() as Number, head, "{case}");
        for hole in &holes {
            machines.log.put_back(*hole);
        }
        machines.stores[1].execute(&add("mine"), &caller).unwrap();
        machines.settle();
        refused += 1;
    }
    assert!(refused > 8, "{refused}");
}

#[test]
fn a_new_log_begins_without_the_entries_behind_a_hole_and_leaves_the_hole_alone() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[1].follow().unwrap();
    for number in 2..=6 {
        let text = format!("task {number}");
        machines.stores[0].execute(&add(&text), &caller).unwrap();
    }
    machines.log.delete(2);
    let mut new_log = Memory::new(3, Faults(0));
    let place = format!("{}/new", machines.place(0));
    new_log.known_as(&place);
    let mut new = secrets(&place, Some("ben"));
    new.code.log = LogId::from_bytes([0x44; 16]);
    let ahead = machines.stores[1].entries_ahead().unwrap().unwrap();
    assert_eq!((ahead.first, ahead.last), (2, 6));
    machines.stores[1]
        .rekey(&new, &mut new_log, false)
        .unwrap_err();
    assert_eq!(machines.log.entries().len(), 6);
    let left_out = machines.stores[1].rekey(&new, &mut new_log, true).unwrap();
    assert_eq!(left_out, Some(2..=6));
    assert_eq!(machines.log.entries().len(), 7);
    let ended = machines.stores[0]
        .execute(&add("more"), &caller)
        .unwrap_err();
    assert!(ended.to_string().contains("under another key"), "{ended}");
}
