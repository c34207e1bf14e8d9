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
    path::PathBuf,
    time::{Duration, Instant},
};

use taskhold::{
    domain::{
        query::{Filters, Moment, Sort, View},
        task::{Status, Timestamp},
        when::Zone,
    },
    store::{Access, Store, Words},
};

mod filters;
mod tasks;

use filters::{both, each_filter};

const NOW: i64 = 1_795_348_800_000; // Sun 2026-11-22 12:00 UTC
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The first task was added so many days ago.
const DAYS: i64 = 3 * 365;
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
        tasks::fill(&path, count);
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
