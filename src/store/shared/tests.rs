//! Three machines, each with a database of its own, over one log that fails by seed: whatever happens, all end with the same
//! tasks.

use crate::{
    domain::{
        command::{Command, Draft, Patch},
        error::Error,
        task::{CommentText, Timestamp},
    },
    share::{
        memory::{Faults, Memory},
        seal::LogId,
        secrets::Secrets,
    },
    store::{Access, Store, history_check::Rows},
};

mod answers;
mod begun;
mod calls;
mod damage;
mod holes;
mod machines;
mod secrets;
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
    machines.stores[0].rekey(&new, &mut new_log, false).unwrap();
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
    assert!(way_out.contains("share join"), "{way_out}");
    let mut fresh = Store::open(&machines.path(7), Access::Write).unwrap();
    fresh.begin_to_follow(&new).unwrap();
    fresh.follow().unwrap();
    assert_eq!(
        titles(&fresh),
        ["of 0", "of 1", "of 2", "under the new key"]
    );
    assert_eq!(rows(&fresh), rows(&machines.stores[0]));
    let again = machines.stores[0]
        .rekey(&new, &mut new_log, false)
        .unwrap_err();
    assert!(
        again.to_string().contains("holds a shared log already"),
        "{again}"
    );
}
