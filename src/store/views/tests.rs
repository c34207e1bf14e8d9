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
        task::{Actor, Priority, Project, Status, Tag, Task, TaskId, Timestamp, Title},
        when::{When, Zone, tests::zone},
    },
    store::Access,
};

mod effort;

const VIEWS: [(View, &str); 15] = [
    (View::Open, "task_by_plan"),
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
    (View::All, " task"),
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
        } else if any(10) == 0 {
            let ids = vec![id(number)];
            execute(store, Command::Delete { ids, confirm: None }, at, number);
        } else {
            kept.push(number);
        }
    }
}

/// What the views mean, told task by task.
fn is_in(view: View, task: &Task, blocked: bool, zone: Zone) -> bool {
    let open = task.is_open() && !task.is_deleted();
    let deferred = task
        .defer_until
        .is_some_and(|until| !until.has_come(NOW, zone));
    let days = |due: When| (due.day(zone) - zone.today(NOW)).num_days();
    let due_in = |within: std::ops::RangeInclusive<i64>| {
        open && task.due.is_some_and(|due| within.contains(&days(due)))
    };
    match view {
        View::Open => open && !deferred,
        View::Pending => open,
        View::Deferred => open && deferred,
        View::Ready => open && task.status == Status::Pending && !deferred && !blocked,
        View::Today => due_in(-999..=0),
        View::Overdue => open && task.due.is_some_and(|due| due.is_past(NOW, zone)),
        View::Tomorrow => due_in(1..=1),
        View::Week => due_in(-999..=7),
        View::Blocked => open && blocked,
        View::InProgress => open && task.status == Status::InProgress,
        View::Stale => {
            open && task.status == Status::InProgress
                && task.updated_at.as_millis() < NOW - 72 * HOUR
        }
        View::Completed => !task.is_deleted() && task.status == Status::Completed,
        View::Cancelled => !task.is_deleted() && task.status == Status::Cancelled,
        View::All => !task.is_deleted(),
        View::Trash => task.is_deleted(),
    }
}

fn fits(filters: &Filters, task: &Task, zone: Zone) -> bool {
    let below = |name: &Project| {
        let key = task.project.as_ref().map(|own| own.key().into_owned());
        key.is_some_and(|key| {
            let name = name.key();
            key == *name || key.starts_with(&format!("{name}."))
        })
    };
    let has = |tag: &Tag| task.tags.iter().any(|own| own.is_same(tag));
    let between = |at: Option<i64>, from: &Option<Bound>, to: &Option<Bound>| {
        from.as_ref()
            .is_none_or(|from| at.is_some_and(|at| at >= from.millis))
            && to
                .as_ref()
                .is_none_or(|to| at.is_some_and(|at| at < to.millis))
    };
    let due = task
        .due
        .map(|due| order::moment(due.kind(), order::key(due), zone));
    let done = task.completed_at.map(Timestamp::as_millis);
    filters.project.as_ref().is_none_or(below)
        && (!filters.no_project || task.project.is_none())
        && (!filters.has_project || task.project.is_some())
        && !filters.without_projects.iter().any(below)
        && filters.tags.iter().all(has)
        && !filters.without_tags.iter().any(has)
        && filters
            .priority
            .is_none_or(|level| task.priority == Some(level))
        && (!filters.no_priority || task.priority.is_none())
        && filters.status.is_none_or(|status| task.status == status)
        && filters
            .parent
            .is_none_or(|parent| task.parent == Some(parent))
        && between(due, &filters.due_from, &filters.due_to)
        && between(done, &filters.completed_from, &filters.completed_to)
}

/// What comes first in a view, told task by task.
fn sort(view: View, tasks: &mut [Task], zone: Zone) {
    let moment = |when: Option<When>| when.map_or(i64::MAX, |when| when.order(zone));
    let rank = |task: &Task| i64::from(Priority::rank(task.priority));
    let at = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_millis);
    tasks.sort_by_key(|task| {
        let updated = task.updated_at.as_millis();
        let id = task.id.get();
        match Shape::of(view).order {
            Order::Plan => (moment(task.due), rank(task), id),
            Order::Deferral => (moment(task.defer_until), 0, id),
            Order::Oldest(_) => (updated, 0, id),
            Order::Age => (0, 0, id),
            Order::Latest(["completed_at"]) => (-at(task.completed_at), 0, -id),
            Order::Latest(["deleted_at"]) => (-at(task.deleted_at), 0, -id),
            Order::Latest(_) => (-updated, 0, -id),
        }
    });
}

#[test]
fn every_view_with_any_two_filters_lists_and_counts_just_its_tasks_in_order_in_every_zone() {
    const COUNT: i64 = 150;
    let (_folder, mut store) = store();
    fill(&mut store, COUNT);
    let tasks: Vec<Task> = (1..=COUNT)
        .map(|number| store.existing(id(number)).unwrap())
        .collect();
    let open: BTreeSet<TaskId> = tasks
        .iter()
        .filter(|task| task.is_open() && !task.is_deleted())
        .map(|task| task.id)
        .collect();
    for place in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let zone = zone(place);
        let moment = Moment::new(Timestamp::from_millis(NOW), zone);
        let filters = each_filter(zone);
        let mut found = 0;
        for (view, _) in VIEWS {
            for (number, (one, first)) in filters.iter().enumerate() {
                // Elsewhere it is only the dates that differ.
                let most = if place == "UTC" { filters.len() } else { 1 };
                for (other, second) in filters[number..].iter().take(most) {
                    let filters = both(first, second);
                    let context = format!("{} in {place} with {one}, {other}", view.as_str());
                    let mut wanted: Vec<Task> = tasks
                        .iter()
                        .filter(|task| {
                            let blocked = task.depends_on.iter().any(|id| open.contains(id));
                            is_in(view, task, blocked, zone) && fits(&filters, task, zone)
                        })
                        .cloned()
                        .collect();
                    sort(view, &mut wanted, zone);
                    let wanted: Vec<TaskId> = wanted.iter().map(|task| task.id).collect();
                    let whole = store.list(view, &filters, &moment, None, 1_000).unwrap();
                    let listed: Vec<TaskId> = whole.tasks.iter().map(|task| task.id).collect();
                    assert_eq!(listed, wanted, "{context}");
                    let count = store.count(view, &filters, &moment, None).unwrap();
                    assert_eq!(count, Count::exact(wanted.len()), "{context}");
                    found += wanted.len();
                    // Gone on from anywhere, it is the rest; which is read from elsewhere, since less is asked for.
                    let Some(middle) = whole.places.get(whole.places.len() / 2).copied() else {
                        continue;
                    };
                    let rest = &wanted[wanted.len() / 2..];
                    let page = store.list(view, &filters, &moment, middle, 3).unwrap();
                    let listed: Vec<TaskId> = page.tasks.iter().map(|task| task.id).collect();
                    assert_eq!(listed, rest[..rest.len().min(3)], "{context}");
                    let count = store.count(view, &filters, &moment, middle).unwrap();
                    assert_eq!(count, Count::exact(rest.len()), "{context}");
                }
            }
        }
        assert!(found > 1_000, "{found}");
    }
}

#[test]
fn a_list_in_another_order_has_the_same_tasks() {
    let (_folder, mut store) = store();
    fill(&mut store, 120);
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    let rank = |task: &Summary| Priority::rank(task.priority);
    for (view, _) in VIEWS {
        for (what, filters) in each_filter(Zone::UTC) {
            let whole = store
                .list(view, &filters, &moment, None, 1_000)
                .unwrap()
                .tasks;
            let by = |sort, limit| {
                let mut tasks: Vec<Summary> = Vec::new();
                let mut take = |task| {
                    tasks.push(task);
                    Ok(())
                };
                let more = store.each_by(sort, view, &filters, &moment, limit, &mut take);
                (tasks, more.unwrap())
            };
            for sort in [
                Sort::Due,
                Sort::Priority,
                Sort::Newest,
                Sort::Oldest,
                Sort::Changed,
                Sort::Title,
            ] {
                let context = format!("{view:?} with {what} by {sort:?}");
                let (tasks, more) = by(sort, 1_000);
                assert!(!more, "{context}");
                let ids = |tasks: &[Summary]| -> BTreeSet<TaskId> {
                    tasks.iter().map(|task| task.id).collect()
                };
                assert_eq!(ids(&tasks), ids(&whole), "{context}");
                assert_eq!(tasks.len(), whole.len(), "{context}");
                let is_sorted = match sort {
                    Sort::Due => tasks.is_sorted_by_key(|task| {
                        task.due.map_or(i64::MAX, |due| due.order(Zone::UTC))
                    }),
                    Sort::Priority => tasks.is_sorted_by_key(rank),
                    Sort::Newest => tasks.is_sorted_by_key(|task| std::cmp::Reverse(task.id)),
                    Sort::Oldest => tasks.is_sorted_by_key(|task| task.id),
                    // The log has the changes in their order, whatever the clocks said.
                    Sort::Changed => tasks.is_sorted_by_key(|task| std::cmp::Reverse(task.id)),
                    Sort::Title => {
                        tasks.is_sorted_by_key(|task| (task.title.as_str().to_lowercase(), task.id))
                    }
                };
                assert!(is_sorted, "{context}");
                let (some, more) = by(sort, 2);
                assert_eq!(some, tasks[..tasks.len().min(2)], "{context}");
                assert_eq!(more, tasks.len() > 2, "{context}");
            }
        }
    }
}

/// Returns the statements by which a view is read along, with a filter.
fn statements(view: View, filters: &Filters, of_project: bool) -> Vec<String> {
    let sql = view.sql(filters);
    let kinds = kinds(view, filters);
    let is_by_age = Shape::of(view).order == Order::Age;
    let each = |kind: &Option<u8>| {
        let begins = [Begin::First, Begin::Same, Begin::Beyond];
        let begins = &begins[..if is_by_age { 2 } else { 3 }];
        let both = |begin: &Begin| {
            [
                sql.page(*kind, of_project, *begin),
                sql.count(*kind, of_project, *begin),
            ]
        };
        begins.iter().flat_map(both).collect::<Vec<_>>()
    };
    kinds.iter().flat_map(each).collect()
}

#[test]
fn every_view_has_an_index_that_gives_its_order_whatever_it_is_narrowed_by() {
    let (_folder, store) = store();
    for (view, index) in VIEWS {
        for (what, filters) in each_filter(Zone::UTC) {
            for sql in statements(view, &filters, false) {
                let plan = store.plan(&sql);
                assert!(plan.contains(index), "{view:?} with {what}: {plan}\n{sql}");
                assert!(
                    !plan.contains("TEMP B-TREE"),
                    "{view:?} with {what} is sorted: {plan}\n{sql}"
                );
            }
        }
    }
}

#[test]
fn the_open_tasks_of_a_project_are_in_order_too() {
    let (_folder, store) = store();
    let of_project = Filters {
        project: Some(project("work")),
        ..Filters::default()
    };
    for (view, _) in VIEWS {
        if Shape::of(view).order != Order::Plan {
            continue;
        }
        for sql in statements(view, &of_project, true) {
            let plan = store.plan(&sql);
            assert!(
                plan.contains("task_by_project (project_key=? AND due_kind=?"),
                "{view:?}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{view:?}: {plan}");
        }
    }
    let plan = store.plan(lead::PROJECTS_BELOW);
    assert!(
        plan.contains("INDEX task_by_project (project_key>?)"),
        "{plan}"
    );
}

#[test]
fn the_few_tasks_that_have_what_is_asked_for_are_found_by_an_index() {
    let (_folder, store) = store();
    let filters = Filters {
        project: Some(project("work")),
        tags: vec![tag("phone"), tag("late")],
        parent: Some(id(1)),
        due_from: Some(Bound::from(When::At(NOW), Zone::UTC)),
        due_to: Some(Bound::to(When::At(NOW + HOUR), Zone::UTC)),
        completed_from: Some(Bound::from(When::At(NOW), Zone::UTC)),
        completed_to: Some(Bound::to(When::At(NOW + HOUR), Zone::UTC)),
        ..Filters::default()
    };
    for (part, seek) in [
        (Part::Tag(0), "SEARCH lead USING PRIMARY KEY (tag=?)"),
        (
            Part::OpenOfProject,
            "task_by_project (project_key>? AND project_key<?)",
        ),
        (
            Part::OldOfProject,
            "task_by_old_project (project_key>? AND project_key<?)",
        ),
        (Part::Children, "task_by_parent (parent=?)"),
        (Part::InProgress, "task_by_progress"),
        (
            Part::Completed,
            "task_by_completion (completed_at>? AND completed_at<?)",
        ),
        (
            Part::OpenDue(1),
            "task_by_plan (due_kind=? AND due_order>? AND due_order<?)",
        ),
        (
            Part::OldDue(1),
            "task_by_old_due (due_kind=? AND due_order>? AND due_order<?)",
        ),
    ] {
        for (view, _) in VIEWS {
            let sql = view.sql(&filters);
            let count = part.count(view, &filters);
            for sql in [sql.keys(part), sql.round_keys(part), count] {
                let plan = store.plan(&sql);
                assert!(plan.contains(seek), "{view:?} {part:?}: {plan}");
                assert!(!plan.contains("SCAN change"), "{view:?} {part:?}: {plan}");
            }
            // What has not both is passed over before its row is read.
            let plan = store.plan(&sql.keys(part));
            let place = |step: &str| plan.find(step).unwrap_or_else(|| panic!("{step}: {plan}"));
            let row = place("SEARCH task USING INTEGER PRIMARY KEY");
            assert!(
                place("SEARCH tag_1 USING PRIMARY KEY (tag=? AND task_id=?)") < row,
                "{plan}"
            );
        }
    }
}

#[test]
fn finished_rounds_are_read_along_an_index() {
    let (_folder, store) = store();
    let none = Filters::default();
    let sql = View::Completed.sql(&none);
    for (sql, seek) in [
        (sql.rounds(true), "SCAN change USING INDEX change_by_round"),
        (
            sql.rounds(false),
            "SEARCH change USING INDEX change_by_round ((at,task_id)<(?,?))",
        ),
    ] {
        let plan = store.plan(&sql);
        assert!(plan.contains(seek), "{plan}");
        assert!(plan.contains("change_by_reverts"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_later_page_begins_where_the_one_before_ended() {
    let (_folder, store) = store();
    let none = Filters::default();
    for (view, _) in VIEWS {
        for kind in kinds(view, &none) {
            let plan = |begin| store.plan(&view.sql(&none).page(kind, false, begin));
            let (same, beyond) = match Shape::of(view).order {
                Order::Plan => (
                    "(due_kind=? AND due_order=? AND rank=? AND id>?)",
                    "(due_kind=? AND (due_order,rank)>(?,?)",
                ),
                Order::Deferral => (
                    "(defer_kind=? AND defer_order=? AND id>?)",
                    "(defer_kind=? AND defer_order>?",
                ),
                Order::Oldest(_) => ("(updated_at=? AND id>?)", "(updated_at>?"),
                Order::Latest(_) => ("_at=? AND id<?)", "_at<?)"),
                Order::Age => {
                    let plan = plan(Begin::Same);
                    assert!(plan.contains("rowid>?"), "{view:?}: {plan}");
                    continue;
                }
            };
            for (begin, seek) in [(Begin::Same, same), (Begin::Beyond, beyond)] {
                let plan = plan(begin);
                assert!(plan.contains(seek), "{view:?}: {plan}");
            }
        }
    }
}

#[test]
fn open_tasks_are_counted_without_reading_their_rows() {
    let (_folder, store) = store();
    let none = Filters::default();
    for view in [
        View::Open,
        View::Pending,
        View::Ready,
        View::Today,
        View::Overdue,
        View::Deferred,
    ] {
        for sql in statements(view, &none, false) {
            if !sql.starts_with("SELECT 1 ") {
                continue;
            }
            let mut statement = store
                .connection
                .prepare_cached(&format!("EXPLAIN {sql}"))
                .unwrap();
            let codes = statement.raw_query().mapped(|row| row.get("opcode"));
            let codes: Vec<String> = codes.map(|code| code.unwrap()).collect();
            let has = |code: &str| codes.iter().any(|one| one == code);
            // The row is looked up only when a column of it is asked for.
            assert!(has("DeferredSeek") || !has("Column"), "{view:?}: {codes:?}");
        }
    }
}

#[test]
fn a_list_reads_no_description() {
    let (_folder, store) = store();
    let place: i64 = store
        .connection
        .prepare_cached("SELECT cid FROM pragma_table_info('task') WHERE name = 'description'")
        .unwrap()
        .query_row([], |row| row.get(0))
        .unwrap();
    let reads_it = |sql: &str| {
        let mut statement = store
            .connection
            .prepare_cached(&format!("EXPLAIN {sql}"))
            .unwrap();
        let columns: Vec<i64> = statement
            .raw_query()
            .mapped(|row| Ok((row.get::<_, String>("opcode")?, row.get::<_, i64>("p2")?)))
            .map(|step| step.unwrap())
            .filter(|(opcode, _)| opcode == "Column")
            .map(|(_, column)| column)
            .collect();
        assert!(columns.len() > 5, "{sql} reads {columns:?}");
        columns.contains(&place)
    };
    assert!(reads_it(
        "SELECT id, title, status, rev, project, tags, description FROM task"
    ));
    let none = Filters::default();
    for (view, _) in VIEWS {
        let sql = view.sql(&none);
        let kind = kinds(view, &none)[0];
        let pages = [Begin::First, Begin::Same].map(|begin| sql.page(kind, false, begin));
        for sql in pages.into_iter().chain(sql.titled()).chain(sql.matching()) {
            assert!(!reads_it(&sql), "{view:?}: {sql}");
        }
    }
}
