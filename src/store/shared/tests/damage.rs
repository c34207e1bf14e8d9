//! What was altered, lost or written by a newer program: it is not applied, and who finds it says so.

use super::{super::entry, *};
use std::time::Duration;

use crate::share::log::Digest;

#[test]
fn an_entry_that_does_not_fit_stops_following_and_writing_and_says_which() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("first"), &caller).unwrap();
    machines.stores[1].follow().unwrap();
    for text in ["second", "third"] {
        machines.stores[0].execute(&add(text), &caller).unwrap();
    }
    machines.log.tamper(|entries| {
        entries[3] = entry::altered(&entries[3], |entry| {
            entry.replace("\"task\":3", "\"task\":1")
        });
    });
    let store = &mut machines.stores[1];
    for _ in 0..2 {
        let refused = store.execute(&add("mine"), &caller).unwrap_err();
        let said = refused.to_string();
        assert!(
            matches!(refused, Error::Unfollowed { entry: 4, .. }),
            "{refused:?}"
        );
        assert!(
            said.contains("entry 4 by anna") && said.contains("task 1 is there already"),
            "{said}"
        );
    }
    // What came before it is here.
    assert_eq!(titles(store), ["first", "second"]);
}

#[test]
fn an_entry_of_a_newer_program_or_of_an_altered_log_is_not_applied() {
    type Alter = fn(String) -> String;
    let alterations: [(&str, Alter); 3] = [
        ("update taskhold", |entry| {
            entry.replace("\"format\":1", "\"format\":2")
        }),
        ("log was altered", |entry| {
            let other = serde_json::to_string(&Digest::of(b"other")).unwrap();
            let at = entry.find("\"prev\":").unwrap() + 7;
            format!("{}{other}{}", &entry[..at], &entry[at + other.len()..])
        }),
        ("another shared log", |entry| {
            entry.replace("\"log\":\"11", "\"log\":\"22")
        }),
    ];
    for (reason, alter) in alterations {
        let mut machines = Machines::new(2, 1, Faults(0));
        let caller = machines.caller("cli");
        machines.stores[0].execute(&add("one"), &caller).unwrap();
        machines.log.tamper(|entries| {
            entries[1] = entry::altered(&entries[1], alter);
        });
        let refused = machines.stores[1].follow().unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
        assert!(titles(&machines.stores[1]).is_empty());
    }
}

#[test]
fn a_log_that_lost_entries_takes_no_more_of_this_machine() {
    let mut machines = Machines::new(1, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("one"), &caller).unwrap();
    machines.log.tamper(|entries| drop(entries.pop()));
    let refused = machines.stores[0]
        .execute(&add("two"), &caller)
        .unwrap_err();
    assert!(matches!(refused, Error::Unfollowed { .. }), "{refused}");
    assert_eq!(titles(&machines.stores[0]), ["one"]);
}

#[test]
fn a_large_change_comes_in_parts_and_one_that_is_missing_stops_it() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    let drafts = (0..60).map(|number| {
        let mut draft = Draft::titled(title(&format!("long {number}")));
        draft.description = "x".repeat(60_000).try_into().unwrap();
        draft
    });
    let add = Command::Add {
        drafts: drafts.collect(),
        key: None,
    };
    machines.stores[0].execute(&add, &caller).unwrap();
    assert!(machines.log.entries()[1].len() < 10_000);
    let path = machines.path(2);
    let place = secrets(&machines.place(0), None);
    let mut third = Store::open(&path, Access::Write).unwrap();
    third.begin_to_follow(&place).unwrap();
    third.follow().unwrap();
    assert_eq!(titles(&third).len(), 60);
    machines.log.handle(0, Faults(0)).lose_parts();
    let refused = machines.stores[1].follow().unwrap_err();
    assert!(
        refused.to_string().contains("a part of it is missing"),
        "{refused}"
    );
    assert!(titles(&machines.stores[1]).is_empty());
}

#[test]
fn a_call_that_cannot_read_an_entry_looks_once_whether_the_log_has_ended() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[1].follow().unwrap();
    for number in 0..9 {
        let text = format!("later {number}");
        machines.stores[0].execute(&add(&text), &caller).unwrap();
    }
    machines
        .log
        .tamper(|entries| entries[2] = b"altered".to_vec());
    machines.stores[1].follow().unwrap_err();
    let mut requests = |call: &dyn Fn(&mut Store) -> Error| {
        machines.log.slow_down(Duration::from_millis(1));
        let said = call(&mut machines.stores[1]).to_string();
        assert!(said.contains("entry 3"), "{said}");
        machines.log.spent()
    };
    let followed = requests(&|store| store.follow().unwrap_err());
    // Nobody here knows that task, so it is looked for in what the others have changed.
    let unknown = Command::Complete(vec![task_id(90)]);
    let changed = requests(&|store| store.execute(&unknown, &caller).unwrap_err());
    assert_eq!(changed, followed);
}

#[test]
fn who_cannot_read_an_entry_hears_that_the_log_has_ended_since() {
    for entries in [2, 9] {
        let mut machines = Machines::new(2, 1, Faults(0));
        let caller = machines.caller("cli");
        machines.stores[0].execute(&add("first"), &caller).unwrap();
        machines.stores[1].follow().unwrap();
        for number in 0..entries {
            let text = format!("later {number}");
            machines.stores[0].execute(&add(&text), &caller).unwrap();
        }
        machines
            .log
            .tamper(|entries| entries[2] = b"altered".to_vec());
        let told = |store: &mut Store| {
            let refused = store.execute(&add("mine"), &caller).unwrap_err();
            let looked = [store.follow().unwrap_err(), store.look_back().unwrap_err()];
            [refused]
                .into_iter()
                .chain(looked)
                .map(|error| {
                    let said = error.to_string();
                    let Error::Unfollowed {
                        entry: 3, way_out, ..
                    } = error
                    else {
                        panic!("{said}");
                    };
                    (said, way_out)
                })
                .collect::<Vec<_>>()
        };
        for (said, _) in told(&mut machines.stores[1]) {
            assert!(!said.contains("the log ends"), "{said}");
        }
        let mut new_log = Memory::new(2, Faults(0));
        let place = format!("{}/new", machines.place(0));
        new_log.known_as(&place);
        let mut new = secrets(&place, Some("anna"));
        new.code.log = LogId::from_bytes([0x44; 16]);
        machines.stores[0].rekey(&new, &mut new_log, false).unwrap();
        let end = format!("entry {} by anna: the log ends here", entries + 3);
        for (said, way_out) in told(&mut machines.stores[1]) {
            assert!(said.contains("entry 3") && said.contains(&end), "{said}");
            assert!(way_out.contains("code of the new log"), "{way_out}");
        }
    }
}
