//! Backups taken while servers write: each opens, is sound, holds all that was acknowledged before it was begun, and can be
//! restored.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::{Dialect, Home};

const WRITERS: usize = 3;
/// Of so many backups one is rehearsed, and the last.
const REHEARSED: u64 = 10;

/// Takes `count` backups under three writers.
pub(crate) fn run(count: u64, _seed: u64) {
    println!("backups: {count} under {WRITERS} writers");
    let home = Home::new();
    // A backup makes no database.
    home.run(&["add", "the first task"]);
    let is_over = AtomicBool::new(false);
    let acknowledged = AtomicU64::new(1);
    let file = |number: u64| home.database().with_file_name(format!("copy-{number}.db"));
    // How many were acknowledged before each was begun.
    let mut floors = Vec::new();
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let (home, is_over, acknowledged) = (&home, &is_over, &acknowledged);
            scope.spawn(move || {
                let mut client = home.connect(Dialect::BOTH[number % 2]);
                while !is_over.load(Ordering::Relaxed) {
                    client.call("add_task", json!({ "title": format!("writer {number}") }));
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Whatever fails, the writers end; else the scope would wait for them.
        let _end = End(&is_over);
        for number in 0..count {
            floors.push(acknowledged.load(Ordering::Relaxed));
            home.run(&["backup", file(number).to_str().unwrap()]);
        }
    });
    let mut last = 0;
    for (number, before) in (0..count).zip(floors) {
        let tasks = examine(&file(number), number);
        assert!(
            tasks >= before.max(last),
            "backup {number}: {tasks} tasks, {before} were acknowledged"
        );
        last = tasks;
        if number % REHEARSED == 0 || number + 1 == count {
            rehearse(&file(number), tasks);
        }
    }
    let new = Home::new();
    new.run(&["restore", file(count - 1).to_str().unwrap()]);
    let said = new.run(&["doctor"]);
    assert!(said.contains("each as its log says"), "{said}");
    println!("backups: {count} sound, the last with {last} tasks");
    assert!(
        last > count,
        "hardly anything was written: this run proves little"
    );
}

/// Opens a backup, which must be sound, and returns how many tasks it has.
fn examine(file: &Path, number: u64) -> u64 {
    let copy = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let (tasks, adds, indexed): (u64, u64, u64) = copy
        .prepare_cached(
            "SELECT (SELECT count(*) FROM task), (SELECT count(*) FROM change WHERE kind = 'add'),
                    (SELECT count(*) FROM search_docsize WHERE id NOT IN (SELECT task_id FROM unindexed))
                    + (SELECT count(*) FROM unindexed)",
        )
        .and_then(|mut statement| {
            let number =
                |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            statement.query_row([], |row| {
                Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?))
            })
        })
        .unwrap();
    let verdict: String = copy
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok", "backup {number}");
    assert_eq!(
        (adds, indexed),
        (tasks, tasks),
        "backup {number}: tasks, log and index"
    );
    tasks
}

/// What is in a backup could be brought back, and is what its history says.
fn rehearse(file: &Path, tasks: u64) {
    let file = file.to_str().unwrap();
    let said = Home::new().run(&["restore", file, "--dry-run", "--json"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["back"], tasks, "{file}");
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
