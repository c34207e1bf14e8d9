//! Programs of two versions on one log: the newer raises its format, and the older stops there and says why.

use super::{super::entry, *};
use crate::store::Formats;

/// The next format, which a program knows that is not written yet.
const NEXT: u32 = entry::FORMAT + 1;

fn knows_next(machines: &Machines, number: usize) {
    machines.stores[number].sharing.knows.set(NEXT);
    *machines.stores[number].sharing.log.borrow_mut() = None;
}

#[test]
fn a_newer_program_writes_in_the_format_of_the_log_until_that_is_raised() {
    let mut machines = Machines::new(2, 1, Faults(0));
    knows_next(&machines, 0);
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("one"), &caller).unwrap();
    machines.stores[1].follow().unwrap();
    assert_eq!(titles(&machines.stores[1]), ["one"]);
    assert_eq!(machines.stores[0].raise_format().unwrap(), Some(3));
    machines.stores[0].execute(&add("two"), &caller).unwrap();
    // The older one reads what it has, and neither follows nor writes.
    let followed = machines.stores[1].follow().unwrap_err();
    let refused = machines.stores[1].execute(&add("mine"), &caller);
    for refused in [followed, refused.unwrap_err()] {
        let said = refused.to_string();
        assert!(
            said.contains("entry 3 by anna") && said.contains("a newer taskhold"),
            "{said}"
        );
    }
    assert_eq!(titles(&machines.stores[1]), ["one"]);
    assert_eq!(machines.log.entries().len(), 4);
    // Updated, it goes on.
    knows_next(&machines, 1);
    machines.stores[1].execute(&add("mine"), &caller).unwrap();
    assert_eq!(titles(&machines.stores[1]), ["one", "two", "mine"]);
    let formats = machines.stores[1].formats().unwrap();
    assert_eq!((formats.log, formats.known), (NEXT, NEXT));
    assert_eq!(machines.stores[1].raise_format().unwrap(), None);
}

#[test]
fn a_log_in_the_latest_format_is_not_raised_and_nothing_is_written() {
    let mut machines = Machines::new(1, 1, Faults(0));
    let formats = machines.stores[0].formats().unwrap();
    let latest = Formats {
        log: entry::FORMAT,
        known: entry::FORMAT,
    };
    assert_eq!(formats, latest);
    assert_eq!(machines.stores[0].raise_format().unwrap(), None);
    assert_eq!(machines.log.entries().len(), 1);
}

#[test]
fn machines_that_wrote_lately_by_an_older_program_are_named_until_they_write_by_a_newer_one() {
    let mut machines = Machines::new(3, 1, Faults(0));
    let long_ago = Timestamp::from_millis(0);
    let caller = machines.caller("cli");
    for number in [1, 2, 1] {
        machines.stores[number]
            .execute(&add("old"), &caller)
            .unwrap();
    }
    knows_next(&machines, 0);
    machines.stores[0].formats().unwrap();
    let named = |machines: &Machines, since| -> Vec<(Option<String>, u64)> {
        let older = machines.stores[0].older_programs(since).unwrap();
        let mut named: Vec<_> = older
            .into_iter()
            .map(|older| (older.member, older.entry))
            .collect();
        named.sort();
        named
    };
    let [ben, cleo] = [("ben", 4), ("cleo", 3)].map(|(name, n)| (Some(name.to_owned()), n));
    assert_eq!(named(&machines, long_ago), [ben, cleo.clone()]);
    knows_next(&machines, 1);
    machines.stores[1].execute(&add("new"), &caller).unwrap();
    machines.stores[0].formats().unwrap();
    assert_eq!(named(&machines, long_ago), [cleo]);
    let soon = Timestamp::from_millis(crate::clock::now().as_millis() + 60_000);
    assert_eq!(named(&machines, soon), []);
}

#[test]
fn who_joins_by_a_snapshot_knows_the_format_of_the_log() {
    let mut machines = Machines::new(1, 1, Faults(0));
    knows_next(&machines, 0);
    let caller = machines.caller("cli");
    for number in 0..20 {
        if number == 10 {
            machines.stores[0].raise_format().unwrap();
        }
        machines.stores[0].execute(&add("task"), &caller).unwrap();
    }
    let mut snapshots = super::super::snapshot::Snapshots::every(20);
    snapshots.tend(&machines.stores[0]).unwrap();
    let place = secrets(&machines.place(0), None);
    for knows in [entry::FORMAT, NEXT] {
        let path = machines.path(knows as usize);
        let mut store = Store::open(&path, Access::Write).unwrap();
        store.sharing.knows.set(knows);
        store.sharing.far.set(5);
        store.begin_to_follow(&place).unwrap();
        let followed = store.follow();
        let format = store.shared_state().unwrap().unwrap().format;
        if knows == NEXT {
            followed.unwrap();
            assert_eq!((format, titles(&store).len()), (NEXT, 20));
        } else {
            // It has what came before, entry by entry.
            let refused = followed.unwrap_err().to_string();
            assert!(refused.contains("a newer taskhold"), "{refused}");
            assert_eq!((format, titles(&store).len()), (entry::FORMAT, 10));
        }
    }
}
