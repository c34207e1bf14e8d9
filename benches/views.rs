//! Every view and full-text searches over a varied database, adding one task and a thousand in one call, and lists of tasks
//! with much to read in them beside lists of the same tasks without.
//!
//! `cargo bench --bench views` runs all sizes; `TASKHOLD_BENCH_SIZES=1000,100000` chooses. Ids are
//! `views/<view>/<tasks>`, `search/<kind of word>/<tasks>`, so that a part of a word stands beside the whole, and the same in small
//! views beside all tasks, `waiting/<kind of word>/<tasks>` with 63 tasks that are not indexed
//! yet, `add/mean_of_64/<tasks>` (as many as are indexed at once), `batch/add_1000/<tasks>`, and `content/<list or search>/<lean
//! or fat>`. Two versions of the index are compared by running this file in both, with `--save-baseline` and `--baseline`.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Filters, Moment, View},
        task::{
            Actor, CommentText, Description, Priority, Project, Status, Tag, TaskId, Timestamp,
            Title,
        },
        when::{When, Zone},
    },
    store::{Access, Store, Words},
};

const NOW: i64 = 1_795_348_800_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

const VIEWS: [(&str, View); 9] = [
    ("open", View::Open),
    ("ready", View::Ready),
    ("today", View::Today),
    ("overdue", View::Overdue),
    ("blocked", View::Blocked),
    ("completed", View::Completed),
    ("all", View::All),
    ("trash", View::Trash),
    ("stale", View::Stale),
];

fn caller(days_ago: i64) -> Caller {
    Caller {
        actor: Actor::named("bench"),
        now: Timestamp::from_millis(NOW - days_ago * DAY),
        zone: Zone::UTC,
        session: None,
    }
}

/// A task of many kinds: a third has a date, some a project, a priority, a tag, something to wait for.
fn draft(number: usize) -> Draft {
    let title = match number % 10_000 {
        0 => format!("Write the zanzibar report {number}"),
        1..1_000 => format!("第{number}回の会議資料を準備する"),
        _ => format!("Write the report number {number}"),
    };
    let days = i64::try_from(number % 60).expect("a small number") - 20;
    let name = |names: &[&str]| names[number % names.len()].to_owned();
    Draft {
        description: Description::try_from("With the figures of the last quarter".to_owned())
            .expect("a text"),
        due: number.is_multiple_of(3).then(|| When::At(NOW + days * DAY)),
        priority: number.is_multiple_of(4).then(|| Priority::ALL[number % 3]),
        project: number
            .is_multiple_of(5)
            .then(|| Project::try_from(name(&["Home", "Acme", "Trip"])).expect("a name")),
        tags: number
            .is_multiple_of(7)
            .then(|| Tag::try_from(name(&["work", "phone"])).expect("a word"))
            .into_iter()
            .collect(),
        depends_on: (number % 50 == 49)
            .then_some(Reference::Earlier(1))
            .into_iter()
            .collect(),
        ..Draft::titled(Title::try_from(title).expect("a title"))
    }
}

fn filled(size: usize) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).expect("open");
    let mut number = 0;
    while number < size {
        let batch = (size - number).min(10_000);
        let drafts = (number..number + batch).map(draft).collect();
        store
            .execute(&Command::Add { drafts, key: None }, &caller(30))
            .expect("add");
        number += batch;
    }
    // One in ten is completed, one in twenty in progress since long ago, one in forty in the trash.
    let every = |step: usize, from: usize| -> Vec<TaskId> {
        (from..size)
            .step_by(step)
            .map(|id| {
                TaskId::try_from(i64::try_from(id).expect("a small number") + 1).expect("an id")
            })
            .collect()
    };
    let started = Patch {
        status: Some(Status::InProgress),
        ..Patch::default()
    };
    let trash = every(40, 3);
    let commands = [
        Command::Complete(every(10, 1)),
        Command::Update {
            ids: every(20, 2),
            patch: started,
            if_rev: None,
        },
        Command::Delete {
            confirm: Some(trash.len()),
            ids: trash,
        },
    ];
    for command in commands {
        store.execute(&command, &caller(10)).expect("vary");
    }
    (folder, store)
}

/// `cargo bench -- --test` and `cargo test --benches` run everything once.
fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench")
}

fn sizes() -> Vec<usize> {
    std::env::var("TASKHOLD_BENCH_SIZES").map_or_else(
        |_| {
            if is_test() {
                vec![1_000]
            } else {
                vec![1_000, 100_000, 1_000_000]
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

fn views(c: &mut Criterion) {
    for size in sizes() {
        let (_folder, mut store) = filled(size);
        let moment = Moment::new(caller(0).now, Zone::UTC);
        let none = Filters::default();
        for (name, view) in VIEWS {
            c.bench_function(&format!("views/{name}/{size}"), |b| {
                b.iter(|| {
                    store
                        .list(black_box(view), &none, &moment, None, 20)
                        .expect("list")
                });
            });
        }
        searches(c, &store, "search", size);
        let add_one = |store: &mut Store| {
            let drafts = vec![draft(7)];
            let add = Command::Add { drafts, key: None };
            store.execute(&add, &caller(0)).expect("add");
        };
        c.bench_function(&format!("add/mean_of_64/{size}"), |b| {
            b.iter(|| (0..64).for_each(|_| add_one(&mut store)));
        });
        // The tasks that waited are indexed with these.
        let drafts = (0..64).map(draft).collect();
        let add = Command::Add { drafts, key: None };
        store.execute(&add, &caller(0)).expect("add");
        (0..63).for_each(|_| add_one(&mut store));
        searches(c, &store, "waiting", size);
        c.bench_function(&format!("batch/add_1000/{size}"), |b| {
            b.iter(|| {
                let drafts = (0..1_000).map(draft).collect();
                store
                    .execute(&Command::Add { drafts, key: None }, &caller(0))
                    .expect("add")
            });
        });
    }
}

/// Searches for words of many kinds; those inside words are found only after all tiers before.
fn searches(c: &mut Criterion, store: &Store, group: &str, size: usize) {
    let moment = Moment::new(caller(0).now, Zone::UTC);
    let none = Filters::default();
    // Nine tasks in ten have it.
    for (kind, view) in [
        ("inside_common_in_trash", View::Trash),
        ("inside_common_in_completed", View::Completed),
    ] {
        let words = Words::read("epor").expect("a word");
        c.bench_function(&format!("{group}/{kind}/{size}"), |b| {
            b.iter(|| {
                store
                    .search(black_box(&words), view, &none, &moment, None, 20)
                    .expect("search")
            });
        });
    }
    for (kind, word) in [
        ("common", "report"),
        ("common_elsewhere", "figures"),
        ("rare", "zanzibar"),
        ("prefix", "zan"),
        ("none", "qqq"),
        ("inside_rare", "anziba"),
        ("inside_common", "epor"),
        ("inside_none", "qqqq"),
        ("beginning_common", "repo"),
        ("several", "repor numbe 4711"),
        ("one_character", "議"),
        ("characters", "会議資料"),
    ] {
        let words = Words::read(word).expect("a word");
        c.bench_function(&format!("{group}/{kind}/{size}"), |b| {
            b.iter(|| {
                store
                    .search(black_box(&words), View::All, &none, &moment, None, 20)
                    .expect("search")
            });
        });
    }
}

/// How many tasks are listed, lean or fat.
const LISTED: usize = 40;

/// Returns a database whose first tasks have descriptions of 60 kB and ten comments of 10 kB each, or nothing of that.
fn with_content(is_fat: bool) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).expect("open");
    let drafts = (1..=LISTED).map(|number| {
        let words = if is_fat { 60_000 / 6 } else { 0 };
        Draft {
            description: Description::try_from("words ".repeat(words)).expect("a text"),
            ..Draft::titled(Title::try_from(format!("Weigh parcel {number}")).expect("a title"))
        }
    });
    let add = |drafts| Command::Add { drafts, key: None };
    store
        .execute(&add(drafts.collect()), &caller(30))
        .expect("add");
    let id = |number: usize| TaskId::try_from(i64::try_from(number).expect("a small number"));
    let ids: Vec<TaskId> = (1..=LISTED)
        .map(|number| id(number).expect("an id"))
        .collect();
    for _ in 0..if is_fat { 10 } else { 0 } {
        let said = CommentText::try_from("words ".repeat(10_000 / 6)).expect("a text");
        let update = Command::Update {
            ids: ids.clone(),
            patch: Patch {
                comment: Some(said),
                ..Patch::default()
            },
            if_rev: None,
        };
        store.execute(&update, &caller(20)).expect("say it");
    }
    // So many that all of them are indexed.
    store
        .execute(&add((0..100).map(draft).collect()), &caller(10))
        .expect("add more");
    (folder, store)
}

fn content(c: &mut Criterion) {
    let moment = Moment::new(caller(0).now, Zone::UTC);
    let none = Filters::default();
    let words = Words::read("parcel").expect("a word");
    let most = u32::try_from(LISTED).expect("a small number");
    for (name, is_fat) in [("lean", false), ("fat", true)] {
        let (_folder, store) = with_content(is_fat);
        let listed = || {
            let page = store
                .list(View::All, &none, &moment, None, most)
                .expect("list");
            assert_eq!(page.tasks.len(), LISTED);
            page
        };
        let found = || {
            let page = store
                .search(&words, View::All, &none, &moment, None, most)
                .expect("search");
            assert_eq!(page.tasks.len(), LISTED);
            page
        };
        c.bench_function(&format!("content/list/{name}"), |b| b.iter(listed));
        c.bench_function(&format!("content/search/{name}"), |b| b.iter(found));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = views, content
}
criterion_main!(benches);
