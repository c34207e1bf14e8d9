//! The file that opens the log, and what was changed in it by hand.

use std::fs;

use super::*;
use crate::{
    disk,
    share::{environment::Environment, log::Log},
};

fn opened(secrets: &Secrets) -> Box<dyn Log> {
    secrets.open(Environment::of(&[], None)).unwrap()
}

/// Replaces the value of `name` in the file of a machine.
fn edit(store: &Store, name: &str, value: &str) {
    let path = &store.paths().share;
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        if line.starts_with(&format!("{name} = ")) {
            format!("{name} = \"{value}\"\n")
        } else {
            format!("{line}\n")
        }
    };
    let text: String = text.lines().map(line).collect();
    disk::replace_private(path, text.as_bytes()).unwrap();
}

#[test]
fn a_machine_whose_key_or_place_was_changed_by_hand_appends_nothing_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let [place, other_place] = ["ours", "other"].map(|log| format!("s3://memory/{name}/{log}"));
    // By an even seed nothing is read before an append.
    let [log, other] = [&place, &other_place].map(|place| {
        let log = Memory::new(2, Faults(0)).sealed();
        log.known_as(place);
        log
    });
    let here = secrets(&place, None);
    let mut elsewhere = secrets(&other_place, None);
    elsewhere.code.key = crate::share::seal::Key::from_bytes([5; 32]);
    let open = |machine: &str| {
        let path = folder.path().join(machine).join("tasks.db");
        Store::open(&path, Access::Write).unwrap()
    };
    let caller = caller("cli", 1);
    open("theirs")
        .share(&elsewhere, &mut *opened(&elsewhere))
        .unwrap();
    open("first").share(&here, &mut *opened(&here)).unwrap();
    let mut store = open("second");
    store.begin_to_follow(&here).unwrap();
    store.follow().unwrap();
    for (setting, wrong) in [("key", "A".repeat(42) + "E"), ("place", other_place)] {
        store.execute(&add("before"), &caller).unwrap();
        let [entries, others] = [&log, &other].map(|log| log.entries().len());
        let text = fs::read_to_string(&store.paths().share).unwrap();
        edit(&store, setting, &wrong);
        // The one that has the log open, and one that begins.
        for store in [&mut store, &mut open("second")] {
            let refused = store.execute(&add("after"), &caller).unwrap_err();
            let said = refused.to_string();
            assert!(
                said.contains("tasks.db.share") && said.contains("share join"),
                "{setting}: {said}"
            );
            assert_eq!(log.entries().len(), entries, "{setting}");
            assert_eq!(other.entries().len(), others, "{setting}");
        }
        disk::replace_private(&store.paths().share, text.as_bytes()).unwrap();
    }
    store.execute(&add("goes on"), &caller).unwrap();
    // The log was moved, and leads on from there.
    let moved = format!("{place}-moved");
    log.known_as(&moved);
    edit(&store, "place", &moved);
    store.execute(&add("moved"), &caller).unwrap();
    assert_eq!(log.entries().len(), 5);
}

#[test]
fn an_entry_that_does_not_open_stops_whoever_looks_at_the_one_before_it_first() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let place = format!("s3://memory/{name}");
    // By an odd seed the last entry is looked at again.
    let log = Memory::new(1, Faults(0)).sealed();
    log.known_as(&place);
    let here = secrets(&place, None);
    let open = |machine: &str| {
        let path = folder.path().join(machine).join("tasks.db");
        Store::open(&path, Access::Write).unwrap()
    };
    let mut first = open("first");
    first.share(&here, &mut *opened(&here)).unwrap();
    let mut second = open("second");
    second.begin_to_follow(&here).unwrap();
    second.follow().unwrap();
    first.execute(&add("two"), &caller("cli", 1)).unwrap();
    log.tamper(|entries| entries[1][40] ^= 1);
    let stopped = open("second").follow();
    assert!(
        matches!(stopped, Err(Error::Unfollowed { entry: 2, .. })),
        "{stopped:?}"
    );
}
