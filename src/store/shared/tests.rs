//! Three machines, each with a database of its own, over one log that fails by seed: whatever happens, all end with the same
//! tasks.

use std::time::Duration;

use super::{
    entry::{self, Author, Place},
    items::Items,
};
use crate::{
    domain::{
        command::{Command, Draft, Patch},
        error::Error,
        task::{CommentText, Timestamp},
    },
    share::{
        log::{Digest, Log as _},
        memory::{Faults, Memory},
        seal::LogId,
        secrets::Secrets,
        visit::PATIENCE,
    },
    store::{Access, Store, history_check::Rows},
};

mod begun;
mod calls;
mod machines;
mod snapshots;
mod upgrade;

use calls::{add, keyed, random_call, task_id, title, titles};
use machines::{Machines, caller, rows, secrets};

#[test]
fn whatever_fails_all_machines_end_with_the_same_tasks() {
    let (mut made, mut unsettled, mut lost, mut kept) = (0, 0, 0, 0);
    for (seed, faults) in (0..).zip([0, 150, 350].into_iter().cycle().take(10)) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut machines = Machines::new(3, seed, Faults(faults));
        // Tasks that one call each adds, and whether that was told so.
        let mut own = Vec::new();
        for step in 0..40 {
            let number = random.usize(0..3);
            let caller = machines.caller(["claude", "cli"][random.usize(0..2)]);
            match random.u32(0..12) {
                0 => machines.reopen(number),
                1 => _ = machines.stores[number].follow(),
                2 => machines.log.deliver(),
                _ => {
                    let store = &mut machines.stores[number];
                    let crashes = random.u32(0..8) == 0;
                    store.sharing.crashes_before_commit.set(crashes);
                    let is_own = random.u32(0..4) == 0;
                    let title = format!("own {step}");
                    let command = if is_own {
                        add(&title)
                    } else {
                        random_call(&mut random)
                    };
                    let outcome = store.execute(&command, &caller);
                    store.sharing.crashes_before_commit.set(false);
                    if is_own {
                        own.push((title, outcome.is_ok()));
                    }
                    match outcome {
                        Ok(_) => made += 1,
                        Err(Error::Unsettled { .. }) => unsettled += 1,
                        Err(Error::Fault) => lost += 1,
                        Err(_) => {}
                    }
                }
            }
        }
        machines.settle();
        for (title, is_acknowledged) in own {
            let added = added(&machines.stores[0], &title);
            assert!(added <= 1, "seed {seed}: {title} was added {added} times");
            assert!(
                added == 1 || !is_acknowledged,
                "seed {seed}: {title} is lost"
            );
            kept += usize::from(is_acknowledged);
        }
    }
    let all = [made, unsettled, lost, kept];
    assert!(
        made > 80 && unsettled > 0 && lost > 5 && kept > 15,
        "{all:?}"
    );
}

/// Returns how many tasks were added with this title.
fn added(store: &Store, title: &str) -> i64 {
    let sql = "SELECT count(*) FROM change WHERE kind = 'add' AND new ->> '$.title' = ?1";
    let mut statement = store.connection.prepare_cached(sql).unwrap();
    statement.query_row([title], |row| row.get(0)).unwrap()
}

#[test]
fn what_was_there_before_is_the_first_entry_and_comes_to_all() {
    let mut machines = Machines::sharing(2, 1, Faults(0), |store| {
        for command in [add("old"), keyed("keyed", "k")] {
            store.execute(&command, &caller("cli", 0)).unwrap();
        }
        let update = Command::Update {
            ids: vec![task_id(1)],
            patch: Patch {
                comment: CommentText::try_from("note".to_owned()).ok(),
                depends_on: Some([task_id(2)].into()),
                ..Patch::default()
            },
            if_rev: None,
        };
        store.execute(&update, &caller("cli", 1)).unwrap();
    });
    machines.settle();
    assert_eq!(machines.log.entries().len(), 1);
    let caller = machines.caller("cli");
    let again = machines.stores[1]
        .execute(&keyed("keyed", "k"), &caller)
        .unwrap();
    assert!(again.is_repeat);
}

#[test]
fn a_key_used_on_one_machine_is_known_on_another_before_that_has_followed() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0]
        .execute(&keyed("once", "k"), &caller)
        .unwrap();
    let again = machines.stores[1]
        .execute(&keyed("once", "k"), &caller)
        .unwrap();
    assert!(again.is_repeat);
    machines.settle();
    assert_eq!(titles(&machines.stores[1]), ["once"]);
}

#[test]
fn a_call_that_is_refused_is_refused_on_what_others_have_changed_too() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("there"), &caller).unwrap();
    let done = machines.stores[1].execute(&Command::Complete(vec![task_id(1)]), &caller);
    assert!(done.is_ok(), "{done:?}");
    machines.log.cut_off(true);
    let missing = machines.stores[1].execute(&Command::Complete(vec![task_id(9)]), &caller);
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
}

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
fn a_call_is_over_in_ten_seconds_however_many_requests_it_takes() {
    for (seed, pace, is_made) in [
        (1, 2, true),
        (1, 4, true),
        (1, 6, false),
        (2, 2, true),
        (2, 4, false),
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
        assert!(spent <= PATIENCE, "{spent:?}: {made:?}");
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
            entry.replace("\"prev\":\"", "\"prev\":\"0")
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
fn an_entry_whose_answer_did_not_come_is_told_when_it_is_known() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    for (was_taken, text) in [(true, "lands"), (false, "is lost")] {
        let store = &mut machines.stores[0];
        let state = store.shared_state().unwrap().unwrap();
        let place = Place {
            log: &state.log,
            n: state.n + 1,
            prev: state.digest,
            format: state.format,
            knows: entry::FORMAT,
        };
        let author = Author {
            nonce: "mine",
            member: None,
            machine: "00",
            at: Timestamp::from_millis(0),
            last_task: store.last_number("task").unwrap(),
            last_change: store.last_number("change").unwrap(),
        };
        let mut no_part = |_: &Digest, _: &[u8]| unreachable!("it is short");
        let sealed = entry::write(place, author, Items::default(), &mut no_part).unwrap();
        let (entry, nonce, reason) = (state.n + 1, "mine".to_owned(), text.to_owned());
        store
            .note_unsettled(&Error::Unsettled {
                entry,
                nonce,
                reason,
            })
            .unwrap();
        let unsettled = |store: &Store| store.shared_state().unwrap().unwrap().unsettled.unwrap();
        assert_eq!(unsettled(store).was_taken, None);
        if was_taken {
            machines.log.append(state.n, &sealed);
        }
        store.execute(&add(text), &caller).unwrap();
        assert_eq!(unsettled(store).was_taken, Some(was_taken));
        machines.settle();
    }
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
fn a_database_that_is_not_shared_holds_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut store = Store::open(&path, Access::Write).unwrap();
    store.execute(&add("alone"), &caller("cli", 1)).unwrap();
    assert!(!store.is_shared().unwrap());
    assert_eq!(store.follow().unwrap(), None);
    assert!(!store.paths().share.exists() && !store.paths().share_lock.exists());
}

#[test]
fn whoever_leaves_keeps_the_tasks_and_hears_nothing_more() {
    let mut machines = Machines::new(2, 1, Faults(0));
    let caller = machines.caller("cli");
    machines.stores[0].execute(&add("shared"), &caller).unwrap();
    machines.stores[1].follow().unwrap();
    machines.stores[1].leave().unwrap();
    machines.stores[1].execute(&add("mine"), &caller).unwrap();
    machines.stores[0].execute(&add("theirs"), &caller).unwrap();
    assert_eq!(titles(&machines.stores[1]), ["shared", "mine"]);
    assert!(!machines.stores[1].paths().share.exists());
    assert_eq!(machines.log.entries().len(), 3);
}

#[test]
fn a_log_under_a_new_key_has_every_task_and_the_old_one_takes_no_more() {
    let mut machines = Machines::new(3, 1, Faults(0));
    let caller = machines.caller("cli");
    for number in [0, 1, 2] {
        let text = format!("of {number}");
        machines.stores[number]
            .execute(&add(&text), &caller)
            .unwrap();
    }
    let mut new_log = Memory::new(2, Faults(0));
    let place = format!("{}/new", machines.place(0));
    new_log.known_as(&place);
    let mut new = secrets(&place, Some("anna"));
    new.code.log = LogId::from_bytes([0x44; 16]);
    machines.stores[0].rekey(&new, &mut new_log).unwrap();
    machines.stores[0]
        .execute(&add("under the new key"), &caller)
        .unwrap();
    // The lost laptop has the old key: whatever it does, nobody follows it any more.
    let refused = machines.stores[2]
        .execute(&add("lost"), &caller)
        .unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("by anna") && said.contains("another key"),
        "{said}"
    );
    let looked = machines.stores[1].look_back().unwrap_err();
    let Error::Unfollowed {
        reason, way_out, ..
    } = looked
    else {
        panic!("{looked}");
    };
    assert!(reason.contains("another key"), "{reason}");
    assert!(way_out.contains("share leave"), "{way_out}");
    let mut fresh = Store::open(&machines.path(7), Access::Write).unwrap();
    fresh.begin_to_follow(&new).unwrap();
    fresh.follow().unwrap();
    assert_eq!(
        titles(&fresh),
        ["of 0", "of 1", "of 2", "under the new key"]
    );
    assert_eq!(rows(&fresh), rows(&machines.stores[0]));
    let again = machines.stores[0].rekey(&new, &mut new_log).unwrap_err();
    assert!(
        again.to_string().contains("holds a shared log already"),
        "{again}"
    );
}
