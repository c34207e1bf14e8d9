//! The filters of the bench, and what two of them ask for together.

use taskhold::domain::{
    query::{Bound, Filters},
    task::{Priority, Status},
    when::{When, Zone},
};

use super::{
    DAY, DAYS, NOW, TAGS,
    tasks::{id, project, tag},
};

/// Returns filters that ask for one thing each, with a name.
pub(crate) fn each_filter() -> Vec<(&'static str, Filters)> {
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
pub(crate) fn both(one: &Filters, other: &Filters) -> Option<Filters> {
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
