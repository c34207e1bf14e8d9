//! The store beside bare rusqlite: same file, same pragmas, same rows, same run.
//!
//! `cargo bench --bench store` runs all sizes; `TASKHOLD_BENCH_SIZES=100,10000` chooses. Ids are
//! `store/<operation>/<tasks>`, with `bare/` for the same rows written without us.

use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rusqlite::{Connection, params};
use taskhold::{
    domain::{
        command::{Caller, Command, Draft},
        query::{Filters, Moment, View},
        task::{Actor, Description, TaskId, Timestamp, Title},
        when::Zone,
    },
    store::{Access, Store, db::Db},
};

/// A database of `size` tasks, all pending, in a folder on the disk the program is built on.
struct Filled {
    store: Store,
    folder: tempfile::TempDir,
}

impl Filled {
    fn new(size: usize) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).expect("open");
        let mut left = size;
        while left > 0 {
            let batch = left.min(10_000);
            add(&mut store, batch);
            left -= batch;
        }
        Self { store, folder }
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("tasks.db")
    }
}

fn caller() -> Caller {
    Caller {
        actor: Actor::named("bench"),
        now: Timestamp::from_millis(1_795_000_000_000),
        zone: Zone::UTC,
        session: None,
    }
}

fn draft(number: usize) -> Draft {
    let title = Title::try_from(format!("Write the report number {number}")).expect("a title");
    let description = Description::try_from("With the figures of the last quarter".to_owned())
        .expect("a description");
    Draft {
        description,
        ..Draft::titled(title)
    }
}

/// Adds `count` tasks in one call and returns their ids.
fn add(store: &mut Store, count: usize) -> Vec<TaskId> {
    let command = Command::Add {
        drafts: (0..count).map(draft).collect(),
        key: None,
    };
    let outcome = store.execute(&command, &caller()).expect("add");
    outcome
        .edits
        .into_iter()
        .map(|edit| edit.after.id)
        .collect()
}

/// rusqlite with our pragmas and nothing of us.
struct Bare(Connection);

impl Bare {
    fn open(database: &Path) -> Self {
        let connection = Connection::open(database).expect("open");
        for (name, value) in [
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            ("cell_size_check", "ON"),
        ] {
            connection.pragma_update(None, name, value).expect("pragma");
        }
        Self(connection)
    }

    /// Writes the rows of `count` added tasks in one transaction.
    fn create(&mut self, count: usize) {
        let transaction = self
            .0
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .expect("begin");
        for _ in 0..count {
            transaction
                .prepare_cached(
                    "INSERT INTO task (title, description, status, created_at, updated_at, created_by, rev)
                     VALUES (?1, ?2, 'pending', ?3, ?3, 'bench', 1)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        "Write the report number 7",
                        "With the figures of the last quarter",
                        1_795_000_000_000_i64
                    ])
                })
                .expect("insert");
            let id = transaction.last_insert_rowid();
            log(
                &transaction,
                "add",
                id,
                1,
                None,
                r#"{"created_at":1795000000000,"created_by":"bench","description":"With the figures of the last quarter","status":"pending","title":"Write the report number 7"}"#,
            );
        }
        transaction.commit().expect("commit");
    }

    /// Writes the rows of one change of a task: `column` set to `value`.
    fn change(&mut self, sql: &str, kind: &str, id: TaskId, new: &str) {
        let transaction = self
            .0
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .expect("begin");
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params![id.get(), 1_795_000_000_000_i64]))
            .expect("update");
        log(
            &transaction,
            kind,
            id.get(),
            2,
            Some(r#"{"completed_at":null,"status":"pending"}"#),
            new,
        );
        transaction.commit().expect("commit");
    }
}

fn log(connection: &Connection, kind: &str, id: i64, rev: i64, old: Option<&str>, new: &str) {
    connection
        .prepare_cached(
            "INSERT INTO change (group_seq, at, actor, kind, task_id, rev, old, new)
             VALUES ((SELECT seq + 1 FROM sqlite_sequence WHERE name = 'change'), ?1, 'bench', ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut statement| {
            statement.execute(params![1_795_000_000_000_i64, kind, id, rev, old, new])
        })
        .expect("insert");
}

fn sizes() -> Vec<usize> {
    std::env::var("TASKHOLD_BENCH_SIZES").map_or_else(
        |_| {
            if is_test() {
                vec![100]
            } else {
                vec![100, 10_000, 100_000, 1_000_000]
            }
        },
        |sizes| {
            sizes
                .split(',')
                .map(|size| size.trim().parse().expect("a number"))
                .collect()
        },
    )
}

/// `cargo bench -- --test` and `cargo test --benches` run everything once.
fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench")
}

fn reads_and_writes(c: &mut Criterion) {
    for size in sizes() {
        let mut filled = Filled::new(size);
        reads(c, &mut filled, size);
        writes(c, &mut filled, size);
    }
}

fn reads(c: &mut Criterion, filled: &mut Filled, size: usize) {
    let store = &filled.store;
    let moment = Moment::new(caller().now, Zone::UTC);
    c.bench_function(&format!("store/list_pending_50/{size}"), |b| {
        b.iter(|| {
            store
                .list(
                    black_box(View::Open),
                    &Filters::default(),
                    &moment,
                    None,
                    50,
                )
                .expect("list")
        });
    });
    let middle = TaskId::try_from(i64::try_from(size / 2).expect("a small number")).expect("an id");
    c.bench_function(&format!("store/get/{size}"), |b| {
        b.iter(|| {
            store
                .task(black_box(middle))
                .expect("get")
                .expect("it is there")
        });
    });
}

fn writes(c: &mut Criterion, filled: &mut Filled, size: usize) {
    let mut bare = Bare::open(&filled.database());
    let store = &mut filled.store;
    c.bench_function(&format!("store/create/{size}"), |b| {
        b.iter(|| {
            store
                .execute(
                    &Command::Add {
                        drafts: vec![draft(7)],
                        key: None,
                    },
                    &caller(),
                )
                .expect("add")
        });
    });
    c.bench_function(&format!("bare/create/{size}"), |b| {
        b.iter(|| bare.create(1));
    });
    c.bench_function(&format!("store/complete/{size}"), |b| {
        b.iter_custom(|iterations| {
            each_new_task(store, iterations, |store, id| {
                store
                    .execute(&Command::Complete(vec![id]), &caller())
                    .expect("complete");
            })
        });
    });
    c.bench_function(&format!("bare/complete/{size}"), |b| {
        b.iter_custom(|iterations| {
            each_new_task(store, iterations, |_, id| {
                bare.change(
                    "UPDATE task SET status = 'completed', completed_at = ?2, updated_at = ?2, rev = 2 WHERE id = ?1",
                    "complete",
                    id,
                    r#"{"completed_at":1795000000000,"status":"completed"}"#,
                );
            })
        });
    });
    c.bench_function(&format!("store/delete/{size}"), |b| {
        b.iter_custom(|iterations| {
            each_new_task(store, iterations, |store, id| {
                store
                    .execute(
                        &Command::Delete {
                            ids: vec![id],
                            confirm: None,
                        },
                        &caller(),
                    )
                    .expect("delete");
            })
        });
    });
    c.bench_function(&format!("bare/delete/{size}"), |b| {
        b.iter_custom(|iterations| {
            each_new_task(store, iterations, |_, id| {
                bare.change(
                    "UPDATE task SET deleted_at = ?2, updated_at = ?2, rev = 2 WHERE id = ?1",
                    "delete",
                    id,
                    r#"{"deleted_at":1795000000000}"#,
                );
            })
        });
    });
}

/// Times `work` on tasks that were added for it, outside the measurement.
fn each_new_task(
    store: &mut Store,
    count: u64,
    mut work: impl FnMut(&mut Store, TaskId),
) -> Duration {
    let ids = add(store, usize::try_from(count).expect("a small number"));
    let start = Instant::now();
    for id in ids {
        work(store, id);
    }
    start.elapsed()
}

/// Many callers at once, each waiting for its answer before the next call, beside bare transactions of as many rows.
fn concurrent_creates(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut group = c.benchmark_group("create_by");
    for callers in [1_u64, 8, 64] {
        let filled = Filled::new(10_000);
        let db = Db::start(&filled.database(), 1);
        group.throughput(criterion::Throughput::Elements(callers));
        group.bench_function(BenchmarkId::new("store", callers), |b| {
            b.iter_custom(|rounds| runtime.block_on(create_at_once(&db, callers, rounds)));
        });
        let mut bare = Bare::open(&filled.database());
        group.bench_function(BenchmarkId::new("bare", callers), |b| {
            b.iter(|| bare.create(usize::try_from(callers).expect("a small number")));
        });
        db.close().expect("close");
    }
    group.finish();
}

async fn create_at_once(db: &Db, callers: u64, rounds: u64) -> Duration {
    let session = Arc::new(db.session());
    let start = Instant::now();
    futures::future::join_all((0..callers).map(|_| {
        let session = Arc::clone(&session);
        async move {
            for _ in 0..rounds {
                session
                    .write(
                        Command::Add {
                            drafts: vec![draft(7)],
                            key: None,
                        },
                        caller(),
                    )
                    .await
                    .expect("add");
            }
        }
    }))
    .await;
    start.elapsed()
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = reads_and_writes, concurrent_creates
}
criterion_main!(benches);
