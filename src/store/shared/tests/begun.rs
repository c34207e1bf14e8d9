//! Logs that are begun, and cut off at each request to the engine: what stands then, and that the same call finishes.

use super::*;
use crate::share::{log::Log as _, memory::Fuse};

fn new_secrets(machines: &Machines) -> Secrets {
    let mut new = secrets(&format!("{}/new", machines.place(0)), Some("anna"));
    new.code.log = LogId::from_bytes([0x44; 16]);
    new
}

/// Returns a machine that has joined the log of `secrets`, with its titles.
fn joined(machines: &Machines, secrets: &Secrets) -> (Store, Vec<String>) {
    let mut fresh = Store::open(&machines.path(7), Access::Write).unwrap();
    fresh.begin_to_follow(secrets).unwrap();
    fresh.follow().unwrap();
    let titles = titles(&fresh);
    (fresh, titles)
}

#[test]
fn a_rekey_that_is_cut_off_at_any_request_loses_nothing_and_is_finished_by_the_same_call() {
    let (mut went_on, mut had_ended) = (0, 0);
    for arrives in [false, true] {
        for requests in 0.. {
            let mut machines = Machines::new(2, 1, Faults(0));
            for number in [0, 1] {
                let caller = machines.caller("cli");
                let command = keyed(&format!("of {number}"), &format!("k{number}"));
                machines.stores[number].execute(&command, &caller).unwrap();
            }
            let new = new_secrets(&machines);
            let fuse = Fuse::after(requests, arrives);
            let place = machines.place(0);
            machines
                .log
                .handle(1, Faults(0))
                .with(&fuse)
                .known_as(&place);
            let new_log = Memory::new(2, Faults(0));
            new_log.known_as(&new.code.place.to_string());
            machines.reopen(0);
            let mut fused = new_log.clone().with(&fuse);
            let is_done = machines.stores[0].rekey(&new, &mut fused, false).is_ok();
            // The network is back, and the process is another.
            machines.log.handle(1, Faults(0)).known_as(&place);
            machines.reopen(0);
            assert_eq!(titles(&machines.stores[0])[0], "of 0");
            if is_done {
                assert!(requests > 4, "{requests}");
                break;
            }
            let caller = machines.caller("cli");
            let meanwhile = machines.stores[1].execute(&add("meanwhile"), &caller);
            let mut all = vec!["of 0".to_owned(), "of 1".to_owned()];
            match &meanwhile {
                Ok(_) => {
                    all.push("meanwhile".to_owned());
                    went_on += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains("another key"), "{error}");
                    let said = machines.stores[0].look_back().unwrap_err();
                    let Error::Unfollowed { way_out, .. } = said else {
                        panic!("{said}");
                    };
                    assert!(way_out.contains("share rekey"), "{way_out}");
                    had_ended += 1;
                }
            }
            if meanwhile.is_err() {
                // Another place would leave a log behind that nobody can end.
                let mut other = new_secrets(&machines);
                other.code.log = LogId::from_bytes([0x55; 16]);
                let refused =
                    machines.stores[0].rekey(&other, &mut Memory::new(4, Faults(0)), false);
                let refused = refused.unwrap_err().to_string();
                assert!(refused.contains("finishes it"), "{refused}");
            }
            let finished = machines.stores[0].rekey(&new, &mut new_log.clone(), false);
            finished.unwrap_or_else(|error| panic!("{requests}, {arrives}: {error}"));
            let (fresh, titles) = joined(&machines, &new);
            assert_eq!(titles, all, "{requests}, {arrives}");
            assert_eq!(rows(&fresh), rows(&machines.stores[0]));
            let kept = Secrets::load(&machines.stores[0].paths().share).unwrap();
            assert!(kept.next.is_none() && kept.code == new.code);
            let caller = machines.caller("cli");
            machines.stores[0]
                .execute(&add("goes on"), &caller)
                .unwrap();
        }
    }
    assert!(went_on > 4 && had_ended > 0, "{went_on} {had_ended}");
}

#[test]
fn a_rekey_to_a_place_that_is_taken_leaves_everything_as_it_was() {
    let mut machines = Machines::new(1, 1, Faults(0));
    let new = new_secrets(&machines);
    let mut taken = Memory::new(2, Faults(0));
    taken.append(0, b"of another");
    let refused = machines.stores[0]
        .rekey(&new, &mut taken, false)
        .unwrap_err();
    assert!(
        refused.to_string().contains("holds a shared log already"),
        "{refused}"
    );
    let kept = Secrets::load(&machines.stores[0].paths().share).unwrap();
    assert!(kept.next.is_none());
    let caller = machines.caller("cli");
    machines.stores[0]
        .execute(&add("goes on"), &caller)
        .unwrap();
    assert_eq!(
        (taken.entries().len(), machines.log.entries().len()),
        (1, 2)
    );
}

#[test]
fn a_process_that_ended_between_the_new_log_and_the_file_that_opens_it_leaves_both_usable() {
    let mut machines = Machines::new(1, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("one"), &caller).unwrap();
    let path = machines.stores[0].paths().share.clone();
    let mut before = Secrets::load(&path).unwrap();
    let new = new_secrets(&machines);
    let mut new_log = Memory::new(2, Faults(0));
    new_log.known_as(&new.code.place.to_string());
    machines.stores[0].rekey(&new, &mut new_log, false).unwrap();
    before.next = Some(Box::new(new));
    before.save(&path).unwrap();
    machines.reopen(0);
    machines.stores[0].execute(&add("two"), &caller).unwrap();
    assert_eq!(new_log.entries().len(), 2);
}

#[test]
fn tasks_that_are_shared_and_cut_off_at_any_request_are_shared_by_the_same_call() {
    for arrives in [false, true] {
        for requests in 0.. {
            let mut machines = Machines::new(0, 1, Faults(0));
            let path = machines.path(0);
            let mut store = Store::open(&path, Access::Write).unwrap();
            store
                .execute(&keyed("one", "k"), &caller("cli", 1))
                .unwrap();
            let secrets = secrets(&machines.place(0), None);
            let fuse = Fuse::after(requests, arrives);
            let mut fused = machines.log.clone().with(&fuse);
            let shared = store.share(&secrets, &mut fused);
            machines.log.known_as(&machines.place(0));
            if shared.is_ok() {
                assert!(requests > 2);
                break;
            }
            assert!(!store.is_shared().unwrap());
            store.execute(&add("two"), &caller("cli", 2)).unwrap();
            store.share(&secrets, &mut machines.log).unwrap();
            let (fresh, titles) = joined(&machines, &secrets);
            assert_eq!(titles, ["one", "two"], "{requests}, {arrives}");
            assert_eq!(rows(&fresh), rows(&store));
        }
    }
}

/// The third entry is of a machine that goes on; to the others it is gone.
fn stopped(machines: &mut Machines) {
    for (number, text) in [(0, "one"), (1, "two"), (1, "three")] {
        let caller = machines.caller("cli");
        machines.stores[number]
            .execute(&add(text), &caller)
            .unwrap();
        if text == "one" {
            machines.stores[2].follow().unwrap();
        }
    }
    machines
        .log
        .tamper(|entries| entries[2] = b"altered".to_vec());
}

#[test]
fn a_machine_that_cannot_follow_begins_a_new_log_without_the_rest_and_ends_the_old_one_for_all() {
    for arrives in [false, true] {
        for requests in 0.. {
            let mut machines = Machines::new(3, 1, Faults(0));
            stopped(&mut machines);
            let new = new_secrets(&machines);
            let new_log = Memory::new(2, Faults(0));
            new_log.known_as(&new.code.place.to_string());
            let ahead = machines.stores[0].entries_ahead().unwrap().unwrap();
            assert_eq!((ahead.first, ahead.last), (3, 4));
            assert!(ahead.reason.contains("entry 3"), "{}", ahead.reason);
            let refused = machines.stores[0].rekey(&new, &mut new_log.clone(), false);
            assert!(matches!(refused, Err(Error::Unfollowed { .. })));
            assert!(new_log.entries().is_empty());
            let fuse = Fuse::after(requests, arrives);
            let place = machines.place(0);
            let fused = machines.log.handle(1, Faults(0)).with(&fuse);
            fused.known_as(&place);
            machines.reopen(0);
            let mut fused = new_log.clone().with(&fuse);
            let first = machines.stores[0].rekey(&new, &mut fused, true);
            machines.log.handle(1, Faults(0)).known_as(&place);
            machines.reopen(0);
            let left_out = match &first {
                Ok(left_out) => left_out.clone(),
                Err(_) => machines.stores[0]
                    .rekey(&new, &mut new_log.clone(), true)
                    .unwrap_or_else(|error| panic!("{requests}, {arrives}: {error}")),
            };
            assert_eq!(left_out, Some(3..=4), "{requests}, {arrives}");
            let (fresh, all) = joined(&machines, &new);
            assert_eq!(all, ["one"]);
            assert_eq!(rows(&fresh), rows(&machines.stores[0]));
            // The one that goes on hears of it, and so does one that does not.
            let caller = machines.caller("cli");
            let refused = machines.stores[1].execute(&add("four"), &caller);
            let said = refused.unwrap_err().to_string();
            assert!(said.contains("another key"), "{said}");
            assert_eq!(titles(&machines.stores[1]), ["one", "two", "three"]);
            let refused = machines.stores[2].entries_ahead().unwrap_err();
            assert!(refused.to_string().contains("another key"), "{refused}");
            if first.is_ok() {
                assert!(requests > 4, "{requests}");
                break;
            }
        }
    }
}
