//! Tests of lists: what they answer, by which indexes they are read, and how much of a large database they look at.

use std::collections::BTreeSet;

use super::{
    shape::{Begin, Order, Shape, kinds},
    source::Part,
    *,
};
use crate::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Bound, Sort, order},
        repeat::Repeat,
        task::{Actor, Priority, Project, Status, Tag, Task, TaskId, Timestamp, Title},
        text::folded,
        when::{When, Zone, tests::zone},
    },
    store::{Access, effort::WITHOUT_END, indexing::index_waiting},
};

mod answers;
mod effort;
mod plans;

const VIEWS: [(View, &str); 16] = [
    (View::Open, "task_by_plan"),
    (View::Unfinished, "task_by_plan"),
    (View::Pending, "task_by_plan"),
    (View::Deferred, "task_by_deferral"),
    (View::Ready, "task_by_readiness"),
    (View::Today, "task_by_plan"),
    (View::Overdue, "task_by_plan"),
    (View::Tomorrow, "task_by_plan"),
    (View::Week, "task_by_plan"),
    (View::Blocked, "task_by_blockers"),
    (View::InProgress, "task_by_progress"),
    (View::Stale, "task_by_progress"),
    (View::Completed, "task_by_completion"),
    (View::Cancelled, "task_by_cancellation"),
    (View::All, "task_by_id"),
    (View::Trash, "task_by_deletion"),
];

const NOW: i64 = 1_795_348_800_000; // Sun 2026-11-22 12:00 UTC
const HOUR: i64 = 60 * 60 * 1000;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
    (folder, store)
}

fn project(name: &str) -> Project {
    Project::try_from(name.to_owned()).unwrap()
}

fn tag(word: &str) -> Tag {
    Tag::try_from(word.to_owned()).unwrap()
}

fn id(id: i64) -> TaskId {
    TaskId::try_from(id).unwrap()
}

/// Returns filters that ask for one thing each, and what it is.
fn each_filter(zone: Zone) -> Vec<(&'static str, Filters)> {
    let none = Filters::default;
    let day = |text: &str| When::Day(text.parse().unwrap());
    vec![
        ("nothing", none()),
        (
            "a project",
            Filters {
                project: Some(project("work")),
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
            "any project",
            Filters {
                has_project: true,
                ..none()
            },
        ),
        (
            "not a project",
            Filters {
                without_projects: vec![project("WORK")],
                ..none()
            },
        ),
        (
            "a tag",
            Filters {
                tags: vec![tag("Phone")],
                ..none()
            },
        ),
        (
            "two tags",
            Filters {
                tags: vec![tag("phone"), tag("late")],
                ..none()
            },
        ),
        (
            "not a tag",
            Filters {
                without_tags: vec![tag("phone")],
                ..none()
            },
        ),
        (
            "a priority",
            Filters {
                priority: Some(Priority::High),
                ..none()
            },
        ),
        (
            "a status",
            Filters {
                status: Some(Status::InProgress),
                ..none()
            },
        ),
        (
            "a parent",
            Filters {
                parent: Some(id(1)),
                ..none()
            },
        ),
        (
            "a date",
            Filters {
                due_from: Some(Bound::from(day("2026-11-22"), zone)),
                due_to: Some(Bound::to(day("2026-11-24"), zone)),
                ..none()
            },
        ),
        (
            "a date of completion",
            Filters {
                completed_from: Some(Bound::from(When::At(NOW - 30 * HOUR), zone)),
                completed_to: Some(Bound::to(When::At(NOW), zone)),
                ..none()
            },
        ),
    ]
}

/// Returns what both ask for.
fn both(one: &Filters, other: &Filters) -> Filters {
    fn joined<T: Clone>(one: &[T], other: &[T]) -> Vec<T> {
        one.iter().chain(other).cloned().collect()
    }
    Filters {
        project: one.project.clone().or(other.project.clone()),
        no_project: one.no_project || other.no_project,
        has_project: one.has_project || other.has_project,
        without_projects: joined(&one.without_projects, &other.without_projects),
        tags: joined(&one.tags, &other.tags),
        without_tags: joined(&one.without_tags, &other.without_tags),
        priority: one.priority.or(other.priority),
        no_priority: one.no_priority || other.no_priority,
        status: one.status.or(other.status),
        parent: one.parent.or(other.parent),
        due_from: one.due_from.clone().or(other.due_from.clone()),
        due_to: one.due_to.clone().or(other.due_to.clone()),
        completed_from: one.completed_from.clone().or(other.completed_from.clone()),
        completed_to: one.completed_to.clone().or(other.completed_to.clone()),
    }
}

/// Adds `count` tasks of many kinds, and closes, begins and deletes some.
fn fill(store: &mut Store, count: i64) {
    let caller = |at: i64, place: &str| Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(at),
        zone: zone(place),
        session: None,
    };
    let places = ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"];
    // A linear congruence: the same tasks at each run.
    let mut seed = 7_u64;
    let mut any = move |below: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from(seed >> 33).unwrap() % below
    };
    let execute = |store: &mut Store, command: Command, at: i64, number: i64| {
        let place = places[usize::try_from(number).unwrap() % places.len()];
        store.execute(&command, &caller(at, place)).unwrap();
    };
    let mut kept = vec![1];
    for number in 1..=count {
        let mut date = || {
            let kind = any(6);
            let at = NOW + (any(160) - 80) * HOUR / 2;
            let digits = chrono::DateTime::from_timestamp_millis(at)
                .unwrap()
                .naive_utc();
            match kind {
                0 => Some(When::At(at)),
                1 | 2 => Some(When::Day(digits.date())),
                3 => Some(When::Floating(digits)),
                4 => Some(When::zoned(digits, zone("America/Los_Angeles"))),
                _ => None,
            }
        };
        let (due, defer_until) = (date(), date());
        let tags = ["phone", "late", "Home"];
        let draft = Draft {
            due,
            defer_until,
            project: [None, Some("Work"), Some("work.Billing"), Some("works")]
                [usize::try_from(any(4)).unwrap()]
            .map(project),
            tags: tags.into_iter().filter(|_| any(3) == 0).map(tag).collect(),
            priority: [None, Some(Priority::High), Some(Priority::Low)]
                [usize::try_from(any(3)).unwrap()],
            parent: (number > 1 && any(4) == 0).then(|| Reference::Task(id(1))),
            depends_on: (number > 1 && any(4) == 0)
                .then(|| Reference::Task(id(kept[kept.len() - 1])))
                .into_iter()
                .collect(),
            ..Draft::titled(Title::try_from(format!("task {number}")).unwrap())
        };
        let add = Command::Add {
            drafts: vec![draft],
            key: None,
        };
        execute(store, add, NOW - 100 * HOUR + number, number);
        let at = NOW - any(90) * HOUR;
        if number == 1 {
            continue;
        }
        let status = match any(8) {
            0 => Some(Status::Completed),
            1 => Some(Status::Cancelled),
            2 => Some(Status::InProgress),
            _ => None,
        };
        if let Some(status) = status {
            let patch = Patch {
                status: Some(status),
                ..Patch::default()
            };
            let ids = vec![id(number)];
            let update = Command::Update {
                ids,
                patch,
                if_rev: None,
            };
            execute(store, update, at, number);
        }
        // Whatever its status.
        if any(8) == 0 {
            let ids = vec![id(number)];
            execute(store, Command::Delete { ids, confirm: None }, at, number);
        } else if status.is_none() {
            kept.push(number);
        }
    }
}
