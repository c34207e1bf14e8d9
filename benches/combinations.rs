//! The first page of every view with every filter and every two of them, as `list_tasks` reads it: 50 tasks, the counts of its
//! heading, and how many more there are; then every other order, and searches for parts of words.
//!
//! `cargo bench --bench combinations -- 1000000` (the number of tasks; 1,000 if none is given, as in the tests). A path after the
//! number keeps the database there, or takes the one that is there. Reported first is what the target of 5 ms is of: each view, each
//! filter in it, and each two filters in the view that a list of two has by itself.
//!
//! Each list is read three times, or `TASKHOLD_BENCH_REPEATS` times, and the fastest counts: a machine with other work to do is
//! never faster than it is. The target is 5 ms at a million tasks, and 60 ms for another order; the report names how many lists
//! take longer, and the slowest (`TASKHOLD_BENCH_SHOWN` of them, 10 if that is not set) with where they are read from.
//! `TASKHOLD_BENCH_PARTS=pages,orders,searches` chooses.

#![expect(clippy::print_stdout, reason = "what was measured is the result")]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Bound, Filters, Moment, Sort, View},
        repeat::Repeat,
        task::{Actor, Description, Priority, Project, Status, Tag, TaskId, Timestamp, Title},
        when::{When, Zone},
    },
    store::{Access, Store, Words},
};

const NOW: i64 = 1_795_348_800_000; // Sun 2026-11-22 12:00 UTC
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The first task was added so many days ago.
const DAYS: i64 = 3 * 365;
/// How many tasks are added in one call, and how many are finished in one.
const BATCH: usize = 2_000;
const PROJECTS: usize = 1_000;
const TAGS: usize = 200;
const LIMIT: u32 = 50;
const TARGET: Duration = Duration::from_millis(5);
/// For lists that few ask for.
const TARGET_OF_OTHERS: Duration = Duration::from_millis(60);
const REPEATS: u32 = 3;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let count = arguments
        .next()
        .map_or(1_000, |count| count.parse().expect("a number of tasks"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = arguments
        .next()
        .map_or_else(|| folder.path().join("tasks.db"), PathBuf::from);
    let path = std::path::absolute(path).expect("a path");
    if !path.exists() {
        fill(&path, count);
    }
    let store = Store::open(&path, Access::Read).expect("open");
    let chosen = std::env::var("TASKHOLD_BENCH_PARTS").unwrap_or_default();
    let is_chosen = |part: &str| chosen.is_empty() || chosen.split(',').any(|one| one == part);
    if is_chosen("pages") {
        pages(&store);
    }
    if is_chosen("orders") {
        sorts(&store);
    }
    if is_chosen("searches") {
        searches(&store);
    }
}

/// Returns the number that an environment variable holds, or `otherwise`.
fn number(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).map_or(otherwise, |number| number.parse().expect("a number"))
}

fn caller(now: i64) -> Caller {
    Caller {
        actor: Actor::named("bench"),
        now: Timestamp::from_millis(now),
        zone: Zone::UTC,
        session: None,
    }
}

fn project(number: usize) -> Project {
    // Some lie below others.
    let name = match number {
        3 | 30..40 => format!("project1.part{number}"),
        _ => format!("project{number}"),
    };
    Project::try_from(name).expect("a name")
}

fn tag(number: usize) -> Tag {
    Tag::try_from(format!("tag{number}")).expect("a word")
}

fn id(number: usize) -> TaskId {
    TaskId::try_from(i64::try_from(number).expect("a small number")).expect("an id")
}

/// Numbers below `count`, of which the first come up most often: the one at place `n` about `1/n` as often as the first.
struct Uneven(Vec<f64>);

impl Uneven {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let sums = (0..count).map(|place| {
            sum += 1.0 / f64::from(u32::try_from(place).expect("a small number") + 1);
            sum
        });
        Self(sums.collect())
    }

    fn any(&self, random: &mut fastrand::Rng) -> usize {
        let at = random.f64() * self.0.last().expect("there are some");
        self.0.partition_point(|sum| *sum < at)
    }
}

/// A task as people write them: in one of many projects of very different size, a few tags, seldom a priority. Tag 0 is never
/// in project 1, and tag 4 only in finished projects, which are those that end in 5: lists of what is nowhere are the slowest.
fn draft(number: usize, now: i64, random: &mut fastrand::Rng, names: &(Uneven, Uneven)) -> Draft {
    const WORDS: [&str; 12] = [
        "letter",
        "invoice",
        "technology",
        "meeting",
        "kindergarten",
        "garage",
        "presentation",
        "Müllgebühren",
        "newsletter",
        "translation",
        "report",
        "appointment",
    ];
    let in_project = (random.u8(..) < 200).then(|| names.0.any(random));
    let mut tags: Vec<usize> = (0..random.usize(..4))
        .map(|_| names.1.any(random))
        .collect();
    tags.retain(|number| match number {
        0 => in_project != Some(1),
        4 => in_project.is_some_and(|project| project % 10 == 5),
        _ => true,
    });
    let days = i64::from(random.u16(..400)) - 60;
    let due = (random.u8(..) < 100).then(|| {
        let at = now + days * DAY;
        let digits = chrono::DateTime::from_timestamp_millis(at)
            .expect("a time")
            .naive_utc();
        match random.u8(..10) {
            0 | 1 => When::At(at),
            2 => When::Floating(digits),
            _ => When::Day(digits.date()),
        }
    });
    let priority = match random.u8(..20) {
        0 | 1 => Some(Priority::High),
        2..5 => Some(Priority::Medium),
        5..7 => Some(Priority::Low),
        _ => None,
    };
    let any_of =
        |words: &[&str], random: &mut fastrand::Rng| words[random.usize(..words.len())].to_owned();
    let (first, second) = (any_of(&WORDS, random), any_of(&WORDS, random));
    // Among those that are added with it.
    let place = (number - 1) % BATCH;
    let earlier = |random: &mut fastrand::Rng| Reference::Earlier(random.usize(1..=place));
    Draft {
        description: Description::try_from(format!("About the {second} of the last quarter"))
            .expect("a text"),
        due,
        defer_until: (random.u8(..20) == 0)
            .then(|| When::At(now + (i64::from(random.u16(..400)) - 60) * DAY)),
        repeat: due
            .filter(|_| random.u8(..200) == 0)
            .map(|_| Repeat::read("every week").expect("a rule")),
        priority,
        project: in_project.map(project),
        tags: tags.into_iter().map(tag).collect(),
        parent: (place > 0 && random.u8(..20) == 0).then(|| earlier(random)),
        depends_on: (place > 0 && random.u8(..20) == 0)
            .then(|| earlier(random))
            .into_iter()
            .collect(),
        ..Draft::titled(
            Title::try_from(format!("Write the {first} number {number}")).expect("a title"),
        )
    }
}

/// Makes a database of `count` tasks: half of them completed at some time, a few given up, begun, or in the trash.
fn fill(path: &Path, count: usize) {
    let mut store = Store::open(path, Access::Write).expect("open");
    let mut random = fastrand::Rng::with_seed(7);
    let names = (Uneven::new(PROJECTS), Uneven::new(TAGS));
    let mut execute = |command: &Command, now: i64| {
        store.execute(command, &caller(now)).expect("a change");
    };
    let mut first = 1;
    while first <= count {
        let last = count.min(first + BATCH - 1);
        let part = |number: usize| i64::try_from(number).expect("a small number");
        let now = NOW - DAYS * DAY + DAYS * DAY * part(first) / part(count + 1);
        let drafts: Vec<Draft> = (first..=last)
            .map(|number| draft(number, now, &mut random, &names))
            .collect();
        let (mut completed, mut cancelled) = (Vec::new(), Vec::new());
        let (mut started, mut trash) = (Vec::new(), Vec::new());
        for (number, draft) in (first..).zip(&drafts) {
            let is_over = draft
                .project
                .as_ref()
                .is_some_and(|name| name.as_str().ends_with('5'));
            match random.u8(..100) {
                0..3 => cancelled.push(id(number)),
                3..53 => completed.push(id(number)),
                53..55 => trash.push(id(number)),
                _ if is_over => completed.push(id(number)),
                55 => started.push(id(number)),
                _ => {}
            }
        }
        // So many at once are indexed, as all are that wait.
        execute(&Command::Add { drafts, key: None }, now);
        let later =
            |random: &mut fastrand::Rng| (now + i64::from(random.u16(..60)) * DAY).min(NOW - DAY);
        for ids in completed.chunks(BATCH / 8) {
            execute(&Command::Complete(ids.to_vec()), later(&mut random));
        }
        for (status, ids) in [
            (Status::Cancelled, cancelled),
            (Status::InProgress, started),
        ] {
            let begun_or_given_up = Patch {
                status: Some(status),
                ..Patch::default()
            };
            if !ids.is_empty() {
                let update = Command::Update {
                    ids,
                    patch: begun_or_given_up,
                    if_rev: None,
                };
                execute(&update, later(&mut random));
            }
        }
        if !trash.is_empty() {
            let confirm = Some(trash.len());
            execute(
                &Command::Delete {
                    ids: trash,
                    confirm,
                },
                later(&mut random),
            );
        }
        first = last + 1;
    }
}

/// Returns filters that ask for one thing each, with a name.
fn each_filter() -> Vec<(&'static str, Filters)> {
    let none = Filters::default;
    let of_project = |number| Filters {
        project: Some(project(number)),
        ..none()
    };
    let of_tag = |number| Filters {
        tags: vec![tag(number)],
        ..none()
    };
    let of_priority = |level| Filters {
        priority: Some(level),
        ..none()
    };
    let day = |days: i64| {
        let at = chrono::DateTime::from_timestamp_millis(NOW + days * DAY).expect("a time");
        When::Day(at.naive_utc().date())
    };
    let due = |from: Option<i64>, to: Option<i64>| Filters {
        due_from: from.map(|days| Bound::from(day(days), Zone::UTC)),
        due_to: to.map(|days| Bound::to(day(days), Zone::UTC)),
        ..none()
    };
    let completed = |from: Option<i64>, to: Option<i64>| Filters {
        completed_from: from.map(|days| Bound::from(day(days), Zone::UTC)),
        completed_to: to.map(|days| Bound::to(day(days), Zone::UTC)),
        ..none()
    };
    vec![
        ("project large", of_project(1)),
        ("project finished", of_project(5)),
        ("project middle", of_project(60)),
        ("project small", of_project(990)),
        ("tag large", of_tag(0)),
        ("tag large too", of_tag(1)),
        ("tag finished", of_tag(4)),
        ("tag small", of_tag(190)),
        ("tag unknown", of_tag(TAGS + 1)),
        ("priority high", of_priority(Priority::High)),
        ("priority low", of_priority(Priority::Low)),
        (
            "status in progress",
            Filters {
                status: Some(Status::InProgress),
                ..none()
            },
        ),
        (
            "status completed",
            Filters {
                status: Some(Status::Completed),
                ..none()
            },
        ),
        (
            "parent",
            Filters {
                parent: Some(id(70)),
                ..none()
            },
        ),
        (
            "no project",
            Filters {
                no_project: true,
                ..none()
            },
        ),
        (
            "without project",
            Filters {
                without_projects: vec![project(0)],
                ..none()
            },
        ),
        (
            "without tag",
            Filters {
                without_tags: vec![tag(0)],
                ..none()
            },
        ),
        ("due from", due(Some(100), None)),
        ("due by", due(None, Some(-200))),
        ("due between", due(Some(20), Some(21))),
        ("completed from", completed(Some(-2), None)),
        ("completed by", completed(None, Some(-DAYS + 2))),
    ]
}

/// Returns what both ask for; `None` where they ask for different values of one thing.
fn both(one: &Filters, other: &Filters) -> Option<Filters> {
    fn either<T: Clone>(one: Option<&T>, other: Option<&T>, clash: &mut bool) -> Option<T> {
        *clash |= one.is_some() && other.is_some();
        one.or(other).cloned()
    }
    fn joined<T: Clone>(one: &[T], other: &[T]) -> Vec<T> {
        one.iter().chain(other).cloned().collect()
    }
    let mut clash = false;
    macro_rules! either {
        ($field:ident) => {
            either(one.$field.as_ref(), other.$field.as_ref(), &mut clash)
        };
    }
    let filters = Filters {
        project: either!(project),
        no_project: one.no_project || other.no_project,
        has_project: one.has_project || other.has_project,
        without_projects: joined(&one.without_projects, &other.without_projects),
        tags: joined(&one.tags, &other.tags),
        without_tags: joined(&one.without_tags, &other.without_tags),
        priority: either!(priority),
        no_priority: one.no_priority || other.no_priority,
        status: either!(status),
        parent: either!(parent),
        due_from: either!(due_from),
        due_to: either!(due_to),
        completed_from: either!(completed_from),
        completed_to: either!(completed_to),
    };
    (!clash).then_some(filters)
}

/// What was measured of one list.
struct Measured {
    /// The first time, with its statements to prepare, and the fastest.
    times: (Duration, Duration),
    found: usize,
    /// The steps of SQLite's virtual machine, which take 10 to 100 ns each.
    steps: u64,
    what: String,
    list: Option<(View, Filters)>,
}

fn measured<T>(
    store: &Store,
    what: String,
    mut read: impl FnMut() -> T,
    found: impl Fn(&T) -> usize,
) -> Measured {
    let before = store.steps();
    let repeats = number("TASKHOLD_BENCH_REPEATS", REPEATS);
    let mut times = (0..repeats).map(|_| {
        let begun = Instant::now();
        let answer = read();
        (begun.elapsed(), found(&answer))
    });
    let (first, found) = times.next().expect("it is read at least once");
    let fastest = times.map(|(time, _)| time).min().unwrap_or(first);
    Measured {
        times: (first, fastest),
        found,
        steps: (store.steps() - before) / u64::from(repeats),
        what,
        list: None,
    }
}

fn pages(store: &Store) {
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    let filters = each_filter();
    let mut lists = vec![("nothing".to_owned(), Filters::default(), 0)];
    for (place, (name, one)) in filters.iter().enumerate() {
        lists.push(((*name).to_owned(), one.clone(), 1));
        for (other, second) in &filters[place + 1..] {
            lists.extend(both(one, second).map(|both| (format!("{name} x {other}"), both, 2)));
        }
    }
    let (mut pairs, mut others) = (Vec::new(), Vec::new());
    for view in View::ALL {
        for (name, filters, asked_for) in &lists {
            let read = || {
                store
                    .snapshot(|store| first_page(store, view, filters, &moment))
                    .expect("list")
            };
            let what = format!("{} x {name}", view.as_str());
            let is_of_completed = filters.asks_for_completion();
            let by_itself = match filters.status {
                Some(Status::Completed) => View::Completed,
                _ if is_of_completed => View::Completed,
                Some(Status::InProgress) => View::InProgress,
                _ => View::Open,
            };
            let is_pair = *asked_for < 2 || view == by_itself;
            let part = if is_pair { &mut pairs } else { &mut others };
            part.push(Measured {
                list: Some((view, filters.clone())),
                ..measured(store, what, read, |found| *found)
            });
        }
    }
    let lead = |one: &Measured| {
        let (view, filters) = one.list.as_ref()?;
        store.lead(*view, filters, &moment, LIMIT).ok()
    };
    report("first page", TARGET, &mut pairs, lead);
    report("two filters in another view", TARGET, &mut others, lead);
}

/// Reads what `list_tasks` reads for its first page, and returns how many tasks it shows.
fn first_page(
    store: &Store,
    view: View,
    filters: &Filters,
    moment: &Moment,
) -> taskhold::domain::error::Result<usize> {
    let page = store.list(view, filters, moment, None, LIMIT)?;
    if page.tasks.is_empty() {
        store.unknown_names(filters)?;
    }
    for counted in view.counted_beside() {
        store.count(*counted, filters, moment, None)?;
    }
    if let Some(next) = page.next {
        store.count(view, filters, moment, Some(next))?;
    }
    Ok(page.tasks.len())
}

fn sorts(store: &Store) {
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    let mut all = Vec::new();
    for view in View::ALL {
        for (word, sort) in Sort::WORDS {
            for (name, filters) in each_filter() {
                let read = || {
                    let mut found = 0;
                    let mut take = |_| {
                        found += 1;
                        Ok(())
                    };
                    store
                        .each_by(sort, view, &filters, &moment, LIMIT, &mut take)
                        .expect("list");
                    found
                };
                let what = format!("{} x {name} by {word}", view.as_str());
                all.push(measured(store, what, read, |found| *found));
            }
        }
    }
    report("another order", TARGET_OF_OTHERS, &mut all, |_| None);
}

fn searches(store: &Store) {
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    let none = Filters::default();
    let mut all = Vec::new();
    for text in [
        "letter",
        "gebühren",
        "arten",
        "ation",
        "ology",
        "tter",
        "qqqq",
        "letter 4711",
        "tter 4711",
        "4711",
        "471",
        "invoice letter",
        "voice sent",
        "ation ology",
        "kindergarten 123456",
    ] {
        let words = Words::read(text).expect("words");
        for view in [View::Unfinished, View::All, View::Completed] {
            let read = || {
                store
                    .search(&words, view, &none, &moment, None, LIMIT)
                    .expect("search")
            };
            let what = format!("{text:?} in {}", view.as_str());
            all.push(measured(store, what, read, |page| page.tasks.len()));
        }
    }
    report("search", Duration::from_millis(10), &mut all, |_| None);
}

/// Prints how many of `all` took longer than `target`, and the slowest, each with its reason.
fn report(
    what: &str,
    target: Duration,
    all: &mut [Measured],
    reason: impl Fn(&Measured) -> Option<String>,
) {
    const SHOWN: u32 = 10;
    let in_ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    all.sort_by_key(|one| std::cmp::Reverse(one.times.1));
    let above = |limit: Duration| all.iter().filter(|one| one.times.1 > limit).count();
    let median = all[all.len() / 2].times.1;
    println!(
        "{what}: {} lists, median {:.2} ms, {} above {} ms, {} above {} ms",
        all.len(),
        in_ms(median),
        above(target),
        target.as_millis(),
        above(TARGET_OF_OTHERS),
        TARGET_OF_OTHERS.as_millis()
    );
    let shown = number("TASKHOLD_BENCH_SHOWN", SHOWN);
    for one in all.iter().take(shown as usize) {
        let (first, fastest) = one.times;
        println!(
            "  {:8.2} ms (at first {:8.2}), {:7} steps  {}: {} tasks; {}",
            in_ms(fastest),
            in_ms(first),
            one.steps,
            one.what,
            one.found,
            reason(one).unwrap_or_default()
        );
    }
}
