use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tempfile::TempDir;

use super::*;
use crate::{
    domain::{
        command::{Command, Draft, Patch, Reference},
        task::{Actor, CommentText, TaskId, Timestamp, Title},
        when::Zone,
    },
    share::{
        code::JoinCode,
        memory::{Faults, Memory},
        seal::{Key, LogId},
    },
    store::{db::Db, history_check::Rows},
};

/// A shared log with a machine that began it, and room for others.
struct Shared {
    folder: TempDir,
    log: Memory,
    secrets: Secrets,
}

impl Shared {
    fn with(titles: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Memory::new(1, Faults(0));
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let place = format!("s3://memory/{name}");
        log.known_as(&place);
        let code = JoinCode {
            place: place.parse().unwrap(),
            log: LogId::from_bytes([0x22; 16]),
            key: Key::from_bytes([0; 32]),
        };
        let secrets = Secrets::new(code, None, None);
        let shared = Self {
            folder,
            log: log.clone(),
            secrets: secrets.clone(),
        };
        let mut store = shared.machine("first");
        for title in titles {
            store.execute(&add(title), &caller(1)).unwrap();
        }
        store.share(&secrets, &mut log).unwrap();
        shared
    }

    fn path(&self, machine: &str) -> PathBuf {
        self.folder.path().join(machine).join("tasks.db")
    }

    fn machine(&self, name: &str) -> Store {
        Store::open(&self.path(name), Access::Write).unwrap()
    }

    fn join(&self, machine: &str) -> Result<Joined> {
        join(&self.path(machine), &self.secrets, &caller(9))
    }

    /// Returns the titles that a machine has after it has followed.
    fn titles(&self, machine: &str) -> Vec<String> {
        let mut store = self.machine(machine);
        store.follow().unwrap();
        assert!(Rows::read(&store).unwrap().are_good());
        assert!(store.index_agrees().unwrap());
        Walk::new(&store)
            .map(|task| task.unwrap().title.as_str().to_owned())
            .collect()
    }
}

fn caller(now: i64) -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(now),
        zone: Zone::UTC,
        session: None,
    }
}

fn title(text: &str) -> Title {
    Title::try_from(text.to_owned()).unwrap()
}

fn id(number: i64) -> TaskId {
    TaskId::try_from(number).unwrap()
}

fn add(text: &str) -> Command {
    Command::Add {
        drafts: vec![Draft::titled(title(text))],
        key: None,
    }
}

/// Adds a task, one that is a part of it and waits for it, and a comment.
fn fill(store: &mut Store) {
    let mut part = Draft::titled(title("part"));
    part.parent = Some(Reference::Earlier(1));
    part.depends_on = [Reference::Earlier(1)].into();
    let drafts = vec![Draft::titled(title("mine")), part];
    store
        .execute(&Command::Add { drafts, key: None }, &caller(2))
        .unwrap();
    let patch = Patch {
        comment: CommentText::try_from("remember".to_owned()).ok(),
        ..Patch::default()
    };
    let update = Command::Update {
        ids: vec![id(2)],
        patch,
        if_rev: None,
    };
    store.execute(&update, &caller(3)).unwrap();
}

#[test]
fn the_tasks_that_were_here_come_back_under_new_numbers_and_go_to_all() {
    let shared = Shared::with(&["one", "two", "three"]);
    fill(&mut shared.machine("second"));
    let joined = shared.join("second").unwrap();
    let brought = joined.brought.unwrap();
    assert_eq!((joined.tasks, brought.new, brought.here), (5, 2, 0));
    assert_eq!(joined.state.n, 2);
    assert!(joined.before.is_some());
    let all = ["one", "two", "three", "mine", "part"];
    assert_eq!(shared.titles("second"), all);
    assert_eq!(shared.titles("first"), all);
    let store = shared.machine("first");
    let part = store.existing(id(5)).unwrap();
    assert_eq!(part.parent, Some(id(4)));
    assert_eq!(part.depends_on, [id(4)].into());
    assert_eq!(store.comments(id(5)).unwrap().len(), 1);
    // What is done from now on is heard of.
    let mut second = shared.machine("second");
    second
        .execute(&Command::Complete(vec![id(4)]), &caller(10))
        .unwrap();
    let mut first = shared.machine("first");
    first.follow().unwrap();
    assert!(first.existing(id(4)).unwrap().completed_at.is_some());
}

#[test]
fn joining_again_doubles_nothing() {
    let shared = Shared::with(&["one"]);
    fill(&mut shared.machine("second"));
    shared.join("second").unwrap();
    // A database that lost its way, and one that left and comes back.
    for leaves in [false, true] {
        if leaves {
            shared.machine("second").leave().unwrap();
        }
        let joined = shared.join("second").unwrap();
        let brought = joined.brought.unwrap();
        assert_eq!((joined.tasks, brought.new, brought.here), (3, 0, 3));
        assert_eq!(shared.titles("second"), ["one", "mine", "part"]);
    }
    assert_eq!(shared.log.entries().len(), 2);
}

#[test]
fn a_log_that_is_not_there_and_one_that_is_not_reached_leave_all_as_it_was() {
    let shared = Shared::with(&["one"]);
    fill(&mut shared.machine("second"));
    shared.log.cut_off(true);
    let refused = shared.join("second").unwrap_err();
    assert!(matches!(refused, Error::NotShared { .. }), "{refused}");
    shared.log.cut_off(false);
    shared.log.tamper(Vec::clear);
    let refused = shared.join("second").unwrap_err();
    assert!(refused.to_string().contains("no shared log"), "{refused}");
    let store = shared.machine("second");
    assert!(!store.is_shared().unwrap() && !store.paths().share.exists());
    assert_eq!(store.count_all().unwrap().0, 2);
}

#[test]
fn a_database_of_another_shared_log_joins_none_before_it_has_left() {
    let (one, other) = (Shared::with(&["one"]), Shared::with(&["other"]));
    let mut secrets = other.secrets.clone();
    secrets.code.log = LogId::from_bytes([0x33; 16]);
    let refused = join(&one.path("first"), &secrets, &caller(9)).unwrap_err();
    assert!(refused.to_string().contains("share leave"), "{refused}");
}

/// What is written meanwhile is in what comes back, or in what is appended afterwards.
#[test]
fn who_writes_while_the_tasks_are_replaced_loses_nothing() {
    fn write_until(path: &Path, is_over: &AtomicBool) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let db = Db::start(path, 1);
        let session = db.session();
        let mut added = Vec::new();
        for number in 0.. {
            let title = format!("meanwhile {number}");
            let outcome = runtime.block_on(session.write(add(&title), caller(100 + number)));
            outcome.unwrap();
            added.push(title);
            if is_over.load(Ordering::Relaxed) && number > 5 {
                break;
            }
        }
        db.close().unwrap();
        added
    }

    let shared = Shared::with(&["one", "two"]);
    let path = shared.path("second");
    fill(&mut shared.machine("second"));
    let is_over = AtomicBool::new(false);
    let added = thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&path, &is_over));
        while shared.machine("second").count_all().unwrap().0 < 6 {
            thread::yield_now();
        }
        let joined = shared.join("second");
        is_over.store(true, Ordering::Relaxed);
        joined.unwrap();
        writer.join().unwrap()
    });
    let titles = shared.titles("second");
    for title in &added {
        let times = titles.iter().filter(|other| *other == title).count();
        assert_eq!(times, 1, "{title}");
    }
    assert_eq!(titles.len(), added.len() + 4);
    assert_eq!(shared.titles("first"), titles);
}

/// Machines that are far apart give each other no turns: one that has much to read and to write first would come late each time.
#[test]
fn a_machine_with_tasks_joins_a_long_log_while_another_writes_without_a_pause() {
    let many: Vec<String> = (0..600).map(|number| format!("old {number}")).collect();
    let shared = Shared::with(&[]);
    let mut first = shared.machine("first");
    let drafts = many.iter().map(|text| Draft::titled(title(text)));
    let command = Command::Add {
        drafts: drafts.collect(),
        key: None,
    };
    first.execute(&command, &caller(1)).unwrap();
    fill(&mut shared.machine("second"));
    let is_over = AtomicBool::new(false);
    let (joined, written) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !is_over.load(Ordering::Relaxed) {
                first
                    .execute(&add(&format!("meanwhile {written}")), &caller(2))
                    .unwrap();
                written += 1;
            }
            written
        });
        while shared.log.entries().len() < 10 {
            thread::yield_now();
        }
        let joined = shared.join("second");
        is_over.store(true, Ordering::Relaxed);
        (joined, writer.join().unwrap())
    });
    let brought = joined.unwrap().brought.unwrap();
    assert_eq!((brought.new, brought.here), (2, 0));
    let titles = shared.titles("second");
    assert_eq!(titles.len(), many.len() + written + 2);
    assert_eq!(shared.titles("first"), titles);
}

#[test]
fn a_machine_whose_log_has_ended_joins_the_next_one_without_leaving() {
    let shared = Shared::with(&["one"]);
    fill(&mut shared.machine("second"));
    shared.join("second").unwrap();
    let mut log = Memory::new(1, Faults(0));
    let place = format!("{}-next", shared.secrets.code.place);
    log.known_as(&place);
    let mut next = shared.secrets.clone();
    next.code.place = place.parse().unwrap();
    next.code.log = LogId::from_bytes([0x33; 16]);
    let path = shared.path("second");
    let refused = join(&path, &next, &caller(9)).unwrap_err();
    assert!(refused.to_string().contains("share leave"), "{refused}");
    let rekeyed = shared.machine("first").rekey(&next, &mut log, false);
    assert_eq!(rekeyed.unwrap(), None);
    log.cut_off(true);
    join(&path, &next, &caller(9)).unwrap_err();
    let file = shared.machine("second").paths().share.clone();
    assert_eq!(Secrets::load(&file).unwrap(), shared.secrets);
    log.cut_off(false);
    let joined = join(&path, &next, &caller(9)).unwrap();
    let brought = joined.brought.unwrap();
    assert_eq!((joined.tasks, brought.new, brought.here), (3, 0, 3));
    assert_eq!(Secrets::load(&file).unwrap(), next);
    assert_eq!(shared.titles("second"), shared.titles("first"));
}

#[test]
fn what_is_in_the_trash_is_not_told_as_a_task() {
    let shared = Shared::with(&["one", "two"]);
    let delete = Command::Delete {
        ids: vec![id(2)],
        confirm: None,
    };
    shared
        .machine("first")
        .execute(&delete, &caller(2))
        .unwrap();
    assert_eq!(shared.join("second").unwrap().tasks, 1);
}

#[test]
fn a_task_that_was_done_here_and_deleted_by_the_others_is_told() {
    let shared = Shared::with(&["one", "two"]);
    shared.join("second").unwrap();
    let mut second = shared.machine("second");
    second.leave().unwrap();
    second
        .execute(&Command::Complete(vec![id(2)]), &caller(2))
        .unwrap();
    let delete = Command::Delete {
        ids: vec![id(2)],
        confirm: None,
    };
    shared
        .machine("first")
        .execute(&delete, &caller(3))
        .unwrap();
    let brought = shared.join("second").unwrap().brought.unwrap();
    assert_eq!((brought.new, brought.here, brought.trashed), (0, 2, 1));
    assert_eq!(brought.in_trash, [(id(2), title("two"))]);
}
