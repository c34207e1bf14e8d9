//! What lists answer, beside a plain filter of all tasks.

use super::*;

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
        View::Unfinished => open,
        View::Pending => open && task.status == Status::Pending,
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
        .map(|due| order::moment(due.kind(), order::key(due), order::Edge::Last, zone));
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
    let back = |when: Option<When>| match when {
        Some(When::Day(day)) => zone.begin(day),
        when => moment(when),
    };
    let rank = |task: &Task| i64::from(Priority::rank(task.priority));
    let at = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_millis);
    tasks.sort_by_key(|task| {
        let updated = task.updated_at.as_millis();
        let id = task.id.get();
        match Shape::of(view).order {
            Order::Plan => (moment(task.due), rank(task), id),
            Order::Deferral => (back(task.defer_until), 0, id),
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
                    assert_same_from_everywhere(&store, view, &filters, &moment, &wanted, &context);
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

/// Asserts that a list is the same, whatever it is read from: so few tasks are else always read from a source.
fn assert_same_from_everywhere(
    store: &Store,
    view: View,
    filters: &Filters,
    moment: &Moment,
    wanted: &[TaskId],
    context: &str,
) {
    if source::is_contradiction(view, filters) {
        return;
    }
    let parameters = Parameters {
        limit: 1_000,
        ..Parameters::of(view, filters, moment)
    };
    let ids = |rows: Vec<streams::Placed>| -> Vec<TaskId> {
        rows.into_iter().map(|(task, _)| task.id).collect()
    };
    let along = store.along(&parameters).unwrap();
    let (rows, _) = store.merged(&parameters, &along, None).unwrap();
    assert_eq!(ids(rows), wanted, "{context} along {along:?}");
    let count = store.counted_along(&parameters, &along, WITHOUT_END);
    assert_eq!(count.unwrap(), Count::exact(wanted.len()), "{context}");
    for source in source::Source::all(view, filters) {
        let rows = store.sorted(&parameters, source).unwrap();
        assert_eq!(ids(rows), wanted, "{context} from {source:?}");
    }
}

/// Returns who changes tasks at this time.
fn caller(at: i64) -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(at),
        zone: Zone::UTC,
        session: None,
    }
}

#[test]
fn finished_rounds_are_listed_the_same_whatever_the_list_is_read_from() {
    let (_folder, mut store) = store();
    let series = |number: i64| Draft {
        due: Some(When::Day("2026-11-18".parse().unwrap())),
        repeat: (number < 4).then(|| Repeat::read("every day").unwrap()),
        project: (number % 2 == 0).then(|| project("work")),
        tags: (number < 3).then(|| tag("phone")).into_iter().collect(),
        ..Draft::titled(Title::try_from(format!("series {number}")).unwrap())
    };
    let add = Command::Add {
        drafts: (1..=6).map(series).collect(),
        key: None,
    };
    store.execute(&add, &caller(NOW - 200 * HOUR)).unwrap();
    for round in 0..5 {
        let ids = (1..=3).map(id).collect();
        let at = NOW - (100 - 24 * round) * HOUR;
        store.execute(&Command::Complete(ids), &caller(at)).unwrap();
    }
    let done = Command::Complete(vec![id(4), id(5)]);
    store.execute(&done, &caller(NOW - HOUR)).unwrap();
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    let day = When::Day("2026-11-22".parse().unwrap());
    let due = Filters {
        due_from: Some(Bound::from(day, Zone::UTC)),
        due_to: Some(Bound::to(day, Zone::UTC)),
        ..Filters::default()
    };
    for (filters, found) in [(Filters::default(), 17), (due, 3)] {
        for (what, other) in each_filter(Zone::UTC) {
            if other.due_from.is_some() {
                continue;
            }
            let filters = both(&filters, &other);
            let parameters = Parameters {
                limit: 1_000,
                ..Parameters::of(View::Completed, &filters, &moment)
            };
            let (rows, _) = store
                .merged(&parameters, &streams::Along::View, None)
                .unwrap();
            let wanted: Vec<TaskId> = rows.into_iter().map(|(task, _)| task.id).collect();
            if what == "nothing" {
                assert_eq!(wanted.len(), found);
            }
            assert_same_from_everywhere(&store, View::Completed, &filters, &moment, &wanted, what);
        }
    }
}

#[test]
fn titles_are_in_order_whether_they_are_indexed_or_wait_and_finished_rounds_stand_among_them() {
    let (_folder, mut store) = store();
    let titled = |title: &str| Title::try_from(title.to_owned()).unwrap();
    let watering = Draft {
        due: Some(When::Day("2026-11-18".parse().unwrap())),
        repeat: Some(Repeat::read("every day").unwrap()),
        ..Draft::titled(titled("mow"))
    };
    let others = ["Zebra", "élan", "apple", "Äpfel", "mow", "Apple"].map(titled);
    let drafts = std::iter::once(watering).chain(others.map(Draft::titled));
    let add = Command::Add {
        drafts: drafts.collect(),
        key: None,
    };
    store.execute(&add, &caller(NOW - 50 * HOUR)).unwrap();
    index_waiting(&store.connection).unwrap();
    // So few titles wait for more before they are written.
    for number in 1..=7 {
        let key = folded(store.summary(id(number)).unwrap().title.as_str()).into_owned();
        store
            .run(
                "INSERT INTO title_order (task_id, key) VALUES (?1, ?2)",
                (number, key),
            )
            .unwrap();
    }
    let rename = Command::Update {
        ids: vec![id(2)],
        patch: Patch {
            title: Some(titled("banana")),
            ..Patch::default()
        },
        if_rev: None,
    };
    let complete = Command::Complete((1..=7).map(id).collect());
    for command in [rename, complete] {
        store.execute(&command, &caller(NOW - HOUR)).unwrap();
    }
    let moment = Moment::new(Timestamp::from_millis(NOW), Zone::UTC);
    for waiting in [1, 0] {
        let (count, number) = (
            "SELECT count(*) FROM unindexed",
            |row: &rusqlite::Row<'_>| row.get(0),
        );
        assert_eq!(store.connection.query_row(count, [], number), Ok(waiting));
        for view in [View::Completed, View::All] {
            let mut tasks = Vec::new();
            let mut take = |task: Summary| {
                tasks.push((task.id.get(), task.is_round));
                Ok(())
            };
            let filters = Filters::default();
            let more = store.each_by(Sort::Title, view, &filters, &moment, 6, &mut take);
            assert!(more.unwrap());
            let is_round = view == View::Completed;
            let wanted = [
                (4, false),
                (7, false),
                (2, false),
                (1, is_round),
                (6, false),
                (5, false),
            ];
            assert_eq!(tasks, wanted, "{view:?}, {waiting} wait");
        }
        index_waiting(&store.connection).unwrap();
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
                if matches!(sort, Sort::Newest | Sort::Oldest | Sort::Changed) {
                    let parameters = Parameters::of(view, &filters, &moment);
                    let mut along = Vec::new();
                    let mut take = |task| {
                        along.push(task);
                        Ok(true)
                    };
                    store.each_along(sort, &parameters, &mut take).unwrap();
                    assert_eq!(along, tasks, "{context}");
                }
                if sort == Sort::Due {
                    let parameters = Parameters::of(view, &filters, &moment);
                    let first = store.due_first(&parameters).unwrap();
                    assert!(first.is_none_or(|first| first == tasks), "{context}");
                }
                let (some, more) = by(sort, 2);
                assert_eq!(some, tasks[..tasks.len().min(2)], "{context}");
                assert_eq!(more, tasks.len() > 2, "{context}");
            }
        }
    }
}
