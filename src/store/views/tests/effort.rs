//! How much of a large database a list looks at, in steps of SQLite's virtual machine.

use super::*;

/// Fills the database: a quarter of the tasks is in the project work, another has the tag late; none has both, and half of all is
/// completed. Three finished tasks and three open ones have a date. One task in a hundred is of high priority, but none in the
/// project.
fn large() -> (tempfile::TempDir, Store) {
    let (folder, store) = store();
    for sql in [
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 40000)
         INSERT INTO task (title, status, created_at, updated_at, completed_at, created_by, rev, project, project_key, tags,
                           priority, rank, due, due_kind, due_order, description)
         SELECT 'task', iif(n % 2, 'pending', 'completed'), n, n, iif(n % 2, NULL, n), 'test', 1,
                iif(n % 4 < 1, 'work', NULL), iif(n % 4 < 1, 'work', NULL), iif(n % 4 = 1, '[\"late\"]', '[]'),
                iif(n % 100 = 5, 'high', NULL), iif(n % 100 = 5, 0, 2),
                iif(n > 39994, '2026-11-22', NULL), iif(n > 39994, 1, 3), iif(n > 39994, 1795305600000, 9223372036854775807), ''
           FROM number",
        // Open tasks of the project too.
        "UPDATE task SET status = 'pending', completed_at = NULL WHERE id % 8 = 0",
        "INSERT INTO tag (tag, is_old, task_id) SELECT 'late', status = 'completed', id FROM task WHERE tags <> '[]'",
    ] {
        store.connection.prepare_cached(sql).unwrap().execute([]).unwrap();
    }
    (folder, store)
}

fn work() -> Filters {
    Filters {
        project: Some(project("work")),
        ..Filters::default()
    }
}

fn late() -> Filters {
    Filters {
        tags: vec![tag("late")],
        ..Filters::default()
    }
}

fn due_that_day() -> Filters {
    let day = When::Day("2026-11-22".parse().unwrap());
    Filters {
        due_from: Some(Bound::from(day, Zone::UTC)),
        due_to: Some(Bound::to(day, Zone::UTC)),
        ..Filters::default()
    }
}

/// Returns what `read` gives, and how many steps it takes.
fn steps<T>(store: &Store, read: impl FnOnce(&Moment) -> T) -> (T, u64) {
    let before = store.effort.spent();
    let found = read(&Moment::new(Timestamp::from_millis(NOW), Zone::UTC));
    (found, store.effort.spent() - before)
}

#[test]
fn a_list_of_two_things_that_no_task_has_together_is_read_from_one_of_them() {
    let (_folder, store) = large();
    let filters = both(&work(), &late());
    for view in View::ALL {
        let list = |moment: &Moment| store.list(view, &filters, moment, None, 50).unwrap();
        let (page, steps) = steps(&store, list);
        assert_eq!(page.tasks, [], "{view:?}");
        // To read one of the two takes 270,000; along all tasks it would take more than a million.
        let most = match view {
            View::All
            | View::Ready
            | View::Open
            | View::Completed
            | View::Unfinished
            | View::Pending => 550_000,
            _ => 11_000,
        };
        assert!(steps < most, "{view:?}: {steps}");
    }
}

#[test]
fn what_few_tasks_of_many_have_is_found_by_its_index() {
    let (_folder, store) = large();
    let after = |at: i64| Filters {
        completed_from: Some(Bound::from(When::At(at), Zone::UTC)),
        ..Filters::default()
    };
    for (view, filters, found) in [
        (View::All, due_that_day(), 6),
        (View::Completed, both(&due_that_day(), &after(39_990)), 2),
        (View::Trash, due_that_day(), 0),
        (View::Unfinished, due_that_day(), 4),
        (View::All, after(39_990), 3),
        (View::All, both(&after(39_990), &work()), 1),
        (View::Ready, both(&due_that_day(), &work()), 1),
    ] {
        let list = |moment: &Moment| store.list(view, &filters, moment, None, 50).unwrap();
        let (page, steps) = steps(&store, list);
        assert_eq!(page.tasks.len(), found, "{view:?} {filters:?}");
        assert!(steps < 10_000, "{view:?} {filters:?}: {steps}");
    }
}

#[test]
fn the_open_tasks_of_a_tag_are_found_however_many_old_ones_have_it() {
    let (_folder, store) = large();
    let rare = "INSERT INTO tag (tag, is_old, task_id)
                SELECT 'rare', status = 'completed', id FROM task WHERE status = 'completed' OR id IN (8, 16000, 39995)";
    change(&store, rare);
    let filters = Filters {
        tags: vec![tag("rare")],
        ..Filters::default()
    };
    for view in [View::Unfinished, View::Open, View::Ready] {
        let read = |moment: &Moment| {
            let page = store.list(view, &filters, moment, None, 50).unwrap();
            (
                page.tasks.len(),
                store.count(view, &filters, moment, None).unwrap().number,
            )
        };
        let (found, steps) = steps(&store, read);
        assert_eq!(found, (3, 3), "{view:?}");
        assert!(steps < 2_000, "{view:?}: {steps}");
    }
}

/// Changes tasks of the large database by a statement.
fn change(store: &Store, sql: &str) {
    let mut statement = store.connection.prepare_cached(sql).unwrap();
    statement.execute([]).unwrap();
}

/// Returns what `sort` puts first of a list, and how many steps it takes.
fn first_by(
    store: &Store,
    sort: Sort,
    view: View,
    filters: &Filters,
    limit: u32,
) -> (Vec<i64>, u64) {
    let list = |moment: &Moment| {
        let mut tasks = Vec::new();
        let mut take = |task: Summary| {
            tasks.push(task.id.get());
            Ok(())
        };
        store
            .each_by(sort, view, filters, moment, limit, &mut take)
            .unwrap();
        tasks
    };
    steps(store, list)
}

#[test]
fn the_completed_tasks_of_a_project_are_read_in_their_order_however_long_ago_they_were_completed() {
    let (_folder, store) = large();
    change(
        &store,
        "UPDATE task SET project = 'attic', project_key = 'attic' WHERE id < 4000 AND status = 'completed'",
    );
    let filters = Filters {
        project: Some(project("attic")),
        ..Filters::default()
    };
    let long_ago = Filters {
        completed_to: Some(Bound::to(When::At(1_000), Zone::UTC)),
        ..Filters::default()
    };
    for filters in [&filters, &both(&filters, &long_ago)] {
        let list = |moment: &Moment| {
            store
                .list(View::Completed, filters, moment, None, 50)
                .unwrap()
        };
        let (page, steps) = steps(&store, list);
        assert_eq!(page.tasks.len(), 50);
        assert!(
            page.tasks
                .is_sorted_by_key(|task| std::cmp::Reverse(task.completed_at))
        );
        assert!(steps < 10_000, "{steps}");
    }
}

#[test]
fn the_few_tasks_that_have_any_project_are_found_by_its_index() {
    let (_folder, store) = large();
    change(
        &store,
        "UPDATE task SET project = NULL, project_key = NULL WHERE id <> 4 AND id <> 8 AND id <> 12",
    );
    let filters = Filters {
        has_project: true,
        ..Filters::default()
    };
    for (view, found) in [(View::All, 3), (View::Unfinished, 1), (View::Completed, 2)] {
        let list = |moment: &Moment| store.list(view, &filters, moment, None, 50).unwrap();
        let (page, steps) = steps(&store, list);
        assert_eq!(page.tasks.len(), found, "{view:?}");
        assert!(steps < 3_000, "{view:?}: {steps}");
    }
}

#[test]
fn another_order_of_few_tasks_of_many_is_not_looked_for_along_all_of_them() {
    let (_folder, store) = large();
    change(
        &store,
        "UPDATE task SET deleted_at = 1 WHERE id IN (100, 200, 300)",
    );
    index_waiting(&store.connection).unwrap();
    for sort in [Sort::Newest, Sort::Oldest, Sort::Changed, Sort::Title] {
        for (view, filters, found) in [
            (View::All, due_that_day(), 6),
            (View::Completed, both(&due_that_day(), &work()), 1),
            (View::Trash, Filters::default(), 3),
            (View::Trash, late(), 0),
        ] {
            let (tasks, steps) = first_by(&store, sort, view, &filters, 50);
            assert_eq!(tasks.len(), found, "{view:?} by {sort:?}");
            assert!(steps < 6_000, "{view:?} by {sort:?}: {steps}");
        }
    }
}

#[test]
fn what_is_due_first_is_found_without_reading_all_tasks() {
    let (_folder, store) = large();
    change(
        &store,
        "UPDATE task SET due = date('2026-01-01', ((id * 7919) % 40000) || ' days'), due_kind = 1",
    );
    change(&store, "UPDATE task SET due_order = unixepoch(due) * 1000");
    change(&store, "UPDATE task SET deleted_at = 1 WHERE id % 20 = 2");
    let high = Filters {
        priority: Some(Priority::High),
        ..Filters::default()
    };
    change(
        &store,
        "UPDATE task SET priority = 'high', rank = 0 WHERE id % 100 = 6",
    );
    for (view, filters, is_it) in [
        (
            View::All,
            Filters::default(),
            (|id| id % 20 != 2) as fn(i64) -> bool,
        ),
        (View::All, work(), |id| id % 4 == 0),
        (View::Completed, Filters::default(), |id| {
            id % 2 == 0 && id % 8 != 0 && id % 20 != 2
        }),
        (View::Completed, high, |id| id % 100 == 6 && id % 8 != 0),
        (View::Trash, Filters::default(), |id| id % 20 == 2),
    ] {
        let (tasks, steps) = first_by(&store, Sort::Due, view, &filters, 5);
        let mut all: Vec<i64> = (1..=40_000).filter(|id| is_it(*id)).collect();
        all.sort_by_key(|id| (id * 7919) % 40_000);
        assert_eq!(tasks, all[..5], "{view:?}");
        assert!(steps < 40_000, "{view:?}: {steps}");
    }
}

#[test]
fn the_first_titles_are_found_without_reading_all_tasks() {
    let (_folder, store) = large();
    change(
        &store,
        "UPDATE task SET title = printf('task %05d', (id * 7919) % 40000)",
    );
    change(&store, "UPDATE task SET deleted_at = 1 WHERE id % 20 = 2");
    index_waiting(&store.connection).unwrap();
    let waiting = [5, 1_234, 30_004];
    change(
        &store,
        "INSERT INTO unindexed (task_id) VALUES (5), (1234), (30004)",
    );
    change(
        &store,
        "UPDATE task SET title = 'task 00000a' WHERE id IN (5, 1234, 30004)",
    );
    let sorted = |is_it: fn(i64) -> bool| {
        // Those that wait come right after the first title.
        let place = |id: &i64| {
            if waiting.contains(id) {
                (0, true, *id)
            } else {
                ((id * 7919) % 40_000, false, *id)
            }
        };
        let mut all: Vec<i64> = (1..=40_000).filter(|id| is_it(*id)).collect();
        all.sort_by_key(place);
        all
    };
    let lists = [
        (
            View::All,
            Filters::default(),
            (|id| id % 20 != 2) as fn(i64) -> bool,
        ),
        (View::All, work(), |id| id % 4 == 0),
        (View::Open, Filters::default(), |id| {
            id % 2 == 1 || id % 8 == 0
        }),
        (View::Completed, Filters::default(), |id| {
            id % 2 == 0 && id % 8 != 0 && id % 20 != 2
        }),
        (View::Trash, Filters::default(), |id| id % 20 == 2),
        (View::All, due_that_day(), |id| id > 39_994),
    ];
    for are_waiting in [true, false] {
        for (view, filters, is_it) in &lists {
            let (tasks, steps) = first_by(&store, Sort::Title, *view, filters, 5);
            assert_eq!(tasks, sorted(*is_it)[..5], "{view:?}, {are_waiting}");
            assert!(steps < 40_000, "{view:?}: {steps}");
        }
        index_waiting(&store.connection).unwrap();
    }
}

#[test]
fn a_list_of_what_cannot_be_is_not_looked_for() {
    let (_folder, store) = large();
    let finished = Filters {
        completed_from: Some(Bound::from(When::At(0), Zone::UTC)),
        ..Filters::default()
    };
    let given_up = Filters {
        status: Some(Status::Cancelled),
        ..Filters::default()
    };
    let without_late = Filters {
        without_tags: vec![tag("Late")],
        ..late()
    };
    let part = Filters {
        project: Some(project("Work.Billing")),
        without_projects: vec![project("work")],
        ..Filters::default()
    };
    let never_due = Filters {
        due_from: due_that_day().due_to,
        due_to: due_that_day().due_from,
        ..Filters::default()
    };
    let never_finished = Filters {
        completed_from: Some(Bound::from(When::At(20_000), Zone::UTC)),
        completed_to: Some(Bound::to(When::At(20_000), Zone::UTC)),
        ..Filters::default()
    };
    for (view, filters) in [
        (View::All, &without_late),
        (View::Open, &part),
        (View::Completed, &never_due),
        (View::Trash, &never_finished),
        (View::Open, &finished),
        (View::Cancelled, &finished),
        (View::All, &both(&finished, &given_up)),
        (View::Unfinished, &given_up),
    ] {
        let read = |moment: &Moment| {
            let page = store.list(view, filters, moment, None, 50).unwrap();
            (
                page.tasks.len(),
                store.count(view, filters, moment, None).unwrap(),
            )
        };
        assert_eq!(steps(&store, read), ((0, Count::default()), 0), "{view:?}");
    }
}

#[test]
fn a_count_ends_where_it_would_cost_more_than_it_is_worth() {
    let (_folder, store) = large();
    let high = Filters {
        priority: Some(Priority::High),
        ..Filters::default()
    };
    for (view, filters, number) in [
        (View::All, both(&high, &work()), 0..1),
        (View::All, high.clone(), 1..400),
    ] {
        let count = |moment: &Moment| store.count(view, &filters, moment, None).unwrap();
        let (count, steps) = steps(&store, count);
        assert!(count.is_cut && number.contains(&count.number), "{count}");
        assert!(steps < 60_000, "{view:?}: {steps}");
    }
    let dateless = |moment: &Moment| store.count(View::Unfinished, &high, moment, None).unwrap();
    assert_eq!(steps(&store, dateless).0.to_string(), "400");
    let whole = |moment: &Moment| {
        store
            .count(View::Unfinished, &late(), moment, None)
            .unwrap()
    };
    assert_eq!(steps(&store, whole).0.to_string(), "1000+");
}

#[test]
fn what_has_no_date_is_not_looked_through_for_a_priority() {
    let (_folder, store) = large();
    let high = Filters {
        priority: Some(Priority::High),
        ..Filters::default()
    };
    let sql = "UPDATE task SET priority = 'low', rank = 3 WHERE id IN (4000, 39995, 39997)";
    store
        .connection
        .prepare_cached(sql)
        .unwrap()
        .execute([])
        .unwrap();
    let low = Filters {
        priority: Some(Priority::Low),
        ..Filters::default()
    };
    for view in [View::Open, View::Unfinished, View::Pending, View::Ready] {
        for (filters, limit, found) in [(&low, 2, 2), (&low, 50, 3), (&high, 50, 50)] {
            let list = |moment: &Moment| store.list(view, filters, moment, None, limit).unwrap();
            let (page, steps) = steps(&store, list);
            assert_eq!(page.tasks.len(), found, "{view:?}");
            assert!(steps < 5_000, "{view:?}: {steps}");
        }
    }
}

#[test]
fn a_small_view_is_read_to_its_end_rather_than_from_a_larger_source() {
    let (_folder, store) = large();
    let sql = "UPDATE task SET status = 'in_progress', updated_at = 0 WHERE id % 20 = 3 AND status = 'pending'";
    assert_eq!(
        store
            .connection
            .prepare_cached(sql)
            .unwrap()
            .execute([])
            .unwrap(),
        2_000
    );
    let sql = "UPDATE task SET deleted_at = 1 WHERE id % 20 = 2";
    assert_eq!(
        store
            .connection
            .prepare_cached(sql)
            .unwrap()
            .execute([])
            .unwrap(),
        2_000
    );
    for (view, filters) in [
        (View::InProgress, both(&late(), &work())),
        (View::Trash, both(&late(), &work())),
    ] {
        let list = |moment: &Moment| store.list(view, &filters, moment, None, 50).unwrap();
        let (page, steps) = steps(&store, list);
        assert_eq!(page.tasks, [], "{view:?}");
        assert!(steps < 150_000, "{view:?}: {steps}");
    }
}

#[test]
fn rounds_of_series_are_not_looked_for_in_every_task_of_a_source() {
    let (_folder, store) = large();
    let filters = both(&due_that_day(), &work());
    let list = |moment: &Moment| {
        let parameters = Parameters {
            limit: 50,
            ..Parameters::of(View::Completed, &filters, moment)
        };
        store.sorted(&parameters, source::Source::Project).unwrap()
    };
    let (rows, steps) = steps(&store, list);
    assert_eq!(rows.len(), 1);
    // The half of the project that is completed is read, and all of it counted.
    assert!(steps < 250_000, "{steps}");
}
