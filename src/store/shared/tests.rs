//! Three machines, each with a database of its own, over one log that fails by seed: whatever happens, all end with the same
//! tasks.

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::{
    entry::{self, Author, Place},
    items::Items,
};
use crate::{
    domain::{
        command::{CallKey, Caller, CallerSession, Command, Draft, Patch, Reference},
        error::Error,
        repeat::Repeat,
        session::SessionId,
        task::{Actor, CommentText, Status, Tag, TaskId, Timestamp, Title},
        when::{When, Zone},
    },
    share::{
        code::JoinCode,
        log::{Digest, Log as _},
        memory::{Faults, Memory},
        seal::{Key, LogId},
        secrets::Secrets,
        visit::PATIENCE,
    },
    store::{Access, Store, history_check::Rows},
};

mod begun;
mod snapshots;
mod upgrade;

/// Three machines, or as many as a test needs.
struct Machines {
    folder: TempDir,
    log: Memory,
    stores: Vec<Store>,
    now: i64,
}

/// Every row that all machines must have alike, as JSON. The number of a comment's row is this machine's own, and the order of
/// the comments of a task is not.
const ALIKE: [&str; 7] = [
    "SELECT json_array(id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev,
                       deleted_at, priority, due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, origin,
                       due_kind, due_order, defer_kind, defer_order, rank, blockers, project_key) FROM task ORDER BY id",
    "SELECT json_array(seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts, part, parts, session)
       FROM change ORDER BY seq",
    "SELECT json_array(task_id, at, actor, text) FROM comment ORDER BY task_id, at, id",
    "SELECT json_array(tag, task_id) FROM tag ORDER BY tag, task_id",
    "SELECT json_array(depends_on, task_id) FROM dependency ORDER BY depends_on, task_id",
    "SELECT json_array(actor, key, group_seq, hex(digest)) FROM call_key ORDER BY actor, key",
    "SELECT json_array(name, seq) FROM sqlite_sequence WHERE name IN ('task', 'change') ORDER BY name",
];

fn rows(store: &Store) -> Vec<String> {
    let read = |sql| -> rusqlite::Result<Vec<String>> {
        let mut statement = store.connection.prepare_cached(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    ALIKE
        .into_iter()
        .flat_map(|sql| read(sql).unwrap())
        .collect()
}

fn secrets(place: &str, member: Option<&str>) -> Secrets {
    let code = JoinCode {
        place: place.parse().unwrap(),
        log: LogId::from_bytes([0x11; 16]),
        key: Key::from_bytes([0; 32]),
    };
    Secrets::new(code, None, member.map(str::to_owned))
}

impl Machines {
    /// The first shares what it has, and the others join; what is sent fails as `faults` says.
    fn new(count: usize, seed: u64, faults: Faults) -> Self {
        Self::sharing(count, seed, faults, |_| {})
    }

    /// Likewise; the first does `before` while it is alone.
    fn sharing(count: usize, seed: u64, faults: Faults, before: impl FnOnce(&mut Store)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Memory::new(seed, Faults(0));
        let mut machines = Self {
            folder,
            log,
            stores: Vec::new(),
            now: 0,
        };
        let mut before = Some(before);
        for number in 0..count {
            let mut store = Store::open(&machines.path(number), Access::Write).unwrap();
            let place = machines.place(number);
            let handle = machines.log.handle(seed ^ number as u64, faults);
            handle.known_as(&place);
            let secrets = secrets(&place, Some(["anna", "ben", "cleo"][number % 3]));
            if let Some(before) = before.take() {
                before(&mut store);
                store.share(&secrets, &mut machines.log).unwrap();
            } else {
                store.begin_to_follow(&secrets).unwrap();
            }
            machines.stores.push(store);
        }
        machines
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder
            .path()
            .join(format!("{number}"))
            .join("tasks.db")
    }

    fn place(&self, number: usize) -> String {
        let name = self.folder.path().file_name().unwrap().to_str().unwrap();
        format!("s3://memory/{name}/{number}")
    }

    fn caller(&mut self, client: &str) -> Caller {
        self.now += 1;
        caller(client, self.now)
    }

    /// Opens the database of a machine anew, as a new process does.
    fn reopen(&mut self, number: usize) {
        self.stores[number] = Store::open(&self.path(number), Access::Write).unwrap();
    }

    /// Has every machine follow until nothing fails any more, and compares them.
    fn settle(&mut self) {
        self.log.deliver();
        for number in 0..self.stores.len() {
            self.log.handle(0, Faults(0)).known_as(&self.place(number));
            self.reopen(number);
            self.stores[number].follow().unwrap();
        }
        let first = rows(&self.stores[0]);
        for store in &self.stores {
            assert_eq!(rows(store), first);
            let read = Rows::read(store).unwrap();
            assert!(read.are_good(), "{read:?}");
            let state = store.shared_state().unwrap().unwrap();
            assert_eq!(state.n, self.log.entries().len() as u64);
            let found = store
                .connection
                .pragma_query(None, "foreign_key_check", |_| {
                    panic!("a reference leads nowhere")
                });
            found.unwrap();
        }
    }
}

fn caller(client: &str, now: i64) -> Caller {
    Caller {
        actor: Actor::named(client),
        now: Timestamp::from_millis(now),
        zone: Zone::UTC,
        session: Some(CallerSession {
            id: SessionId::stored(client),
            client: Actor::named(client),
        }),
    }
}

fn task_id(id: i64) -> TaskId {
    TaskId::try_from(id).unwrap()
}

fn title(text: &str) -> Title {
    Title::try_from(text.to_owned()).unwrap()
}

fn add(text: &str) -> Command {
    Command::Add {
        drafts: vec![Draft::titled(title(text))],
        key: None,
    }
}

fn keyed(text: &str, key: &str) -> Command {
    let key = CallKey::try_from(key.to_owned()).unwrap().of_call([7; 32]);
    Command::Add {
        drafts: vec![Draft::titled(title(text))],
        key: Some(key),
    }
}

fn titles(store: &Store) -> Vec<String> {
    let ids = 1..=store.last_number("task").unwrap();
    let tasks = ids.filter_map(|id| store.task(task_id(id)).unwrap());
    tasks.map(|task| task.title.as_str().to_owned()).collect()
}

/// Returns a call that may be refused: it names tasks that are there, or were never.
fn random_call(random: &mut fastrand::Rng) -> Command {
    let some = |random: &mut fastrand::Rng| task_id(random.i64(1..14));
    let several = |random: &mut fastrand::Rng| -> Vec<TaskId> {
        (0..random.usize(1..3)).map(|_| some(random)).collect()
    };
    let word = |random: &mut fastrand::Rng| format!("{}{}", random.lowercase(), random.lowercase());
    match random.u32(0..16) {
        0..5 => {
            let mut drafts = Vec::new();
            for _ in 0..random.usize(1..4) {
                let mut draft = Draft::titled(title(&word(random)));
                if random.u32(0..4) == 0 {
                    draft.parent = Some(Reference::Task(some(random)));
                }
                if random.u32(0..4) == 0 {
                    draft.depends_on = [Reference::Earlier(random.usize(1..3))].into();
                }
                if random.u32(0..4) == 0 {
                    draft.due = Some(When::Day(
                        chrono::NaiveDate::from_ymd_opt(1970, 1, 9).unwrap(),
                    ));
                    draft.repeat = Some(Repeat::try_from("FREQ=DAILY".to_owned()).unwrap());
                }
                if random.bool() {
                    draft.tags = [Tag::try_from(word(random)).unwrap()].into();
                }
                drafts.push(draft);
            }
            let key = random.bool().then(|| {
                let key = format!("k{}", random.u32(0..6));
                CallKey::try_from(key).unwrap().of_call([7; 32])
            });
            Command::Add { drafts, key }
        }
        5..11 => {
            let mut patch = Patch::default();
            if random.bool() {
                patch.title = Some(title(&word(random)));
            }
            if random.bool() {
                let statuses = Status::ALL;
                patch.status = Some(statuses[random.usize(0..statuses.len())]);
            }
            if random.u32(0..4) == 0 {
                patch.parent = Some(random.bool().then(|| some(random)));
            }
            if random.u32(0..4) == 0 {
                patch.depends_on = Some(several(random).into_iter().collect());
            }
            if random.bool() {
                patch.comment = Some(CommentText::try_from(word(random)).unwrap());
            }
            Command::Update {
                ids: several(random),
                patch,
                if_rev: None,
            }
        }
        11..13 => Command::Complete(several(random)),
        13 => Command::Delete {
            ids: several(random),
            confirm: None,
        },
        14 => Command::Undo(Some(random.i64(1..40))),
        _ => Command::Undo(None),
    }
}

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
