//! Snapshots: who joins by one has what who reads every entry has, and one that cannot be used is passed over.

use super::{super::snapshot::Snapshots, *};
use crate::share::deflated::{deflate, inflate};

/// Two machines with `count` random entries or more between them; the first makes a snapshot every 20.
fn with_history(seed: u64, count: usize) -> Machines {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut machines = Machines::sharing(2, seed, Faults(0), |store| {
        store
            .execute(&keyed("before", "k0"), &caller("cli", 0))
            .unwrap();
    });
    let mut snapshots = Snapshots::every(20);
    while machines.log.entries().len() < count {
        let number = random.usize(0..2);
        let caller = machines.caller(["claude", "cli"][random.usize(0..2)]);
        let command = random_call(&mut random);
        let _ = machines.stores[number].execute(&command, &caller);
        assert!(!snapshots.tend(&machines.stores[0]).unwrap());
    }
    machines
}

/// Returns a machine that joined and follows as one does that is `far` entries behind.
fn joined(machines: &Machines, number: usize, far: usize) -> Store {
    let mut store = Store::open(&machines.path(number), Access::Write).unwrap();
    store.sharing.far.set(far);
    let secrets = secrets(&machines.place(0), None);
    store.begin_to_follow(&secrets).unwrap();
    store.follow().unwrap();
    store
}

/// Makes every entry unreadable but the last `kept`.
fn spoil(machines: &Machines, kept: usize) {
    machines.log.tamper(|entries| {
        let spoilt = entries.len() - kept;
        entries[..spoilt].iter_mut().for_each(Vec::clear);
    });
}

fn alter(machines: &Machines, number: u64, alter: impl FnOnce(String) -> String) {
    machines.log.tamper_snapshots(|snapshots| {
        let snapshot = snapshots.get_mut(&number).unwrap();
        let text = String::from_utf8(inflate(snapshot, 1 << 20).unwrap()).unwrap();
        *snapshot = deflate(alter(text).as_bytes());
    });
}

fn latest(machines: &Machines) -> u64 {
    let mut latest = 0;
    machines.log.tamper_snapshots(|snapshots| {
        latest = *snapshots.last_key_value().expect("one was made").0;
    });
    latest
}

#[test]
fn who_joins_by_a_snapshot_has_what_who_read_every_entry_has() {
    for seed in 0..4 {
        let mut machines = with_history(seed, 70);
        assert_eq!(latest(&machines), 3);
        let by_entries = joined(&machines, 2, usize::MAX >> 1);
        let by_snapshot = joined(&machines, 3, 10);
        assert_eq!(rows(&by_snapshot), rows(&by_entries), "seed {seed}");
        let state = |store: &Store| {
            let mut state = store.shared_state().unwrap().unwrap();
            // Each has followed at its own time.
            state.pace.others_at = None;
            state
        };
        assert_eq!(state(&by_snapshot), state(&by_entries));
        let read = Rows::read(&by_snapshot).unwrap();
        assert!(read.are_good(), "{read:?}");
        // It goes on as any other, and knows the keys of calls before it.
        machines.stores.extend([by_entries, by_snapshot]);
        let caller = machines.caller("cli");
        let again = machines.stores[3].execute(&keyed("before", "k0"), &caller);
        assert!(again.unwrap().is_repeat);
        machines.stores[3].execute(&add("after"), &caller).unwrap();
        machines.stores.truncate(2);
        machines.settle();
    }
}

#[test]
fn who_joins_by_a_snapshot_reads_no_entry_before_it() {
    let machines = with_history(1, 45);
    let all = joined(&machines, 2, usize::MAX >> 1);
    // Entry 40 or 41 is compared, and those after it are read.
    spoil(&machines, 6);
    assert_eq!(rows(&joined(&machines, 3, 10)), rows(&all));
}

#[test]
fn who_was_long_away_takes_what_is_missing_from_a_snapshot() {
    let mut machines = with_history(2, 30);
    machines.stores[1].follow().unwrap();
    let n = machines.stores[1].shared_state().unwrap().unwrap().n;
    let mut snapshots = Snapshots::every(20);
    for step in 0..120 {
        let caller = machines.caller("cli");
        let added = machines.stores[0].execute(&add(&format!("{step}")), &caller);
        added.unwrap();
        snapshots.tend(&machines.stores[0]).unwrap();
    }
    // One page of entries tells it that much is missing; those after the page and before the snapshot are not read.
    machines.log.tamper(|entries| {
        let n = usize::try_from(n).unwrap();
        let after = n + crate::share::memory::PAGE;
        entries[after..n + 95].iter_mut().for_each(Vec::clear);
    });
    machines.stores[1].sharing.far.set(10);
    assert!(machines.stores[1].follow().unwrap().is_some());
    assert_eq!(rows(&machines.stores[1]), rows(&machines.stores[0]));
}

#[test]
fn a_snapshot_that_cannot_be_used_is_passed_over_and_named() {
    type Alter = fn(&Machines, u64);
    let alterations: [(&str, Alter); 6] = [
        ("not deflated", |machines, number| {
            machines
                .log
                .tamper_snapshots(|snapshots| snapshots.get_mut(&number).unwrap()[0] = 7);
        }),
        ("cut", |machines, number| {
            machines.log.tamper_snapshots(|snapshots| {
                snapshots.get_mut(&number).unwrap().truncate(20);
            });
        }),
        ("another shared log", |machines, number| {
            alter(machines, number, |text| {
                text.replace("\"log\":\"11", "\"log\":\"22")
            });
        }),
        ("does not name an entry", |machines, number| {
            alter(machines, number, |text| text.replace("\"n\":4", "\"n\":3"));
        }),
        ("a newer taskhold", |machines, number| {
            alter(machines, number, |text| {
                text.replace("\"format\":1", "\"format\":9")
            });
        }),
        ("a part of it is missing", |machines, _| {
            machines.log.handle(0, Faults(0)).lose_parts();
        }),
    ];
    for (at, (reason, spoil_it)) in (10..).step_by(2).zip(alterations) {
        let machines = with_history(3, 50);
        let all = joined(&machines, at, usize::MAX >> 1);
        let number = latest(&machines);
        assert_eq!(number, 2);
        let found = machines.stores[0].examine_snapshot().unwrap().unwrap();
        assert!(found.number == 2 && found.entry.is_ok(), "{found:?}");
        spoil_it(&machines, number);
        assert_eq!(rows(&joined(&machines, at + 1, 10)), rows(&all), "{reason}");
        let found = machines.stores[0].examine_snapshot().unwrap().unwrap();
        let wrong = found.entry.unwrap_err();
        assert!(wrong.contains(reason), "{reason}: {wrong}");
    }
}

#[test]
fn where_the_latest_snapshot_cannot_be_used_the_one_before_it_is() {
    let machines = with_history(3, 50);
    let all = joined(&machines, 2, usize::MAX >> 1);
    machines
        .log
        .tamper_snapshots(|snapshots| snapshots.get_mut(&2).unwrap().clear());
    spoil(&machines, 31);
    assert_eq!(rows(&joined(&machines, 3, 10)), rows(&all));
    // The next one takes the next number, and what the good one has.
    let mut snapshots = Snapshots::every(20);
    snapshots.tend(&machines.stores[0]).unwrap();
    assert_eq!(latest(&machines), 3);
    let found = machines.stores[0].examine_snapshot().unwrap().unwrap();
    assert!(found.entry.is_ok(), "{found:?}");
}

#[test]
fn each_snapshot_names_the_parts_of_the_one_before_and_two_machines_make_one() {
    let machines = with_history(4, 65);
    let mut texts = Vec::new();
    machines.log.tamper_snapshots(|snapshots| {
        for snapshot in snapshots.values() {
            texts.push(String::from_utf8(inflate(snapshot, 1 << 20).unwrap()).unwrap());
        }
    });
    assert_eq!(texts.len(), 3);
    let parts = |text: &str| {
        let (_, parts) = text.split_once("\"parts\":[").unwrap();
        parts.trim_end_matches("]}").to_owned()
    };
    for pair in texts.windows(2) {
        assert!(parts(&pair[1]).starts_with(&parts(&pair[0])), "{pair:?}");
    }
    let kept = machines.log.parts();
    assert_eq!(kept, 3);
    for store in &machines.stores {
        Snapshots::every(20).tend(store).unwrap();
    }
    assert_eq!((latest(&machines), machines.log.parts()), (3, kept));
}

#[test]
fn parts_that_a_crash_left_without_a_snapshot_are_taken_by_the_next_one() {
    let mut machines = with_history(5, 19);
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("last"), &caller).unwrap();
    machines.stores[0].follow().unwrap();
    Snapshots::every(20).tend(&machines.stores[0]).unwrap();
    let parts = machines.log.parts();
    // As if it had ended before the snapshot was put up.
    machines
        .log
        .tamper_snapshots(std::collections::BTreeMap::clear);
    Snapshots::every(20).tend(&machines.stores[0]).unwrap();
    assert_eq!((latest(&machines), machines.log.parts()), (1, parts));
    let found = machines.stores[0].examine_snapshot().unwrap().unwrap();
    assert_eq!(found.entry, Ok(20));
}

#[test]
fn a_part_that_the_store_lost_is_put_up_again_with_the_next_snapshot() {
    let mut machines = with_history(3, 50);
    machines.log.handle(0, Faults(0)).lose_parts();
    while machines.log.entries().len() < 65 {
        let caller = machines.caller("cli");
        machines.stores[0].execute(&add("more"), &caller).unwrap();
    }
    assert!(!Snapshots::every(20).tend(&machines.stores[0]).unwrap());
    assert_eq!(latest(&machines), 3);
    let found = machines.stores[0].examine_snapshot().unwrap().unwrap();
    assert!(found.entry.is_ok(), "{found:?}");
    let all = joined(&machines, 2, usize::MAX >> 1);
    spoil(&machines, 15);
    assert_eq!(rows(&joined(&machines, 3, 10)), rows(&all));
}

#[test]
fn a_store_that_does_not_answer_is_left_alone_for_a_while_and_a_damaged_database_makes_none() {
    let mut machines = with_history(6, 19);
    let caller = machines.caller("cli");
    for text in ["one", "two"] {
        machines.stores[0].execute(&add(text), &caller).unwrap();
    }
    machines.log.cut_off(true);
    let mut snapshots = Snapshots::every(20);
    assert!(snapshots.tend(&machines.stores[0]).is_err());
    machines.log.cut_off(false);
    assert!(!snapshots.tend(&machines.stores[0]).unwrap());
    machines
        .log
        .tamper_snapshots(|made| assert!(made.is_empty()));
    // A change that is lost from the log of a task would be lost to whoever joins.
    machines.stores[0]
        .connection
        .execute_batch(
            "DROP TRIGGER change_is_append_only_delete;
             DELETE FROM change WHERE seq = (SELECT max(seq) FROM change);",
        )
        .unwrap();
    let mut snapshots = Snapshots::every(20);
    assert!(!snapshots.tend(&machines.stores[0]).unwrap());
    machines
        .log
        .tamper_snapshots(|made| assert!(made.is_empty()));
}
