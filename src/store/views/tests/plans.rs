//! By which indexes lists are read, as SQLite plans it.

use super::{shape::Scope, *};

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
fn the_open_and_the_completed_tasks_of_a_project_are_in_order_too() {
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
    for sql in statements(View::Completed, &of_project, true) {
        let plan = store.plan(&sql);
        assert!(
            plan.contains("task_by_old_project (project_key=?"),
            "{plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    for (sql, index) in [
        (lead::PROJECTS_BELOW, "task_by_project"),
        (lead::OLD_PROJECTS_BELOW, "task_by_old_project"),
    ] {
        let plan = store.plan(sql);
        let seek = format!("INDEX {index} (project_key>?)");
        assert!(plan.contains(&seek), "{plan}");
    }
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
        (
            Part::Tag(0, Scope::Both),
            "SEARCH lead USING PRIMARY KEY (tag=?)",
        ),
        (
            Part::Tag(0, Scope::Old),
            "SEARCH lead USING PRIMARY KEY (tag=? AND is_old=?)",
        ),
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
            for sql in [sql.keys(part, false), sql.round_keys(part), count] {
                let plan = store.plan(&sql);
                assert!(plan.contains(seek), "{view:?} {part:?}: {plan}");
                assert!(!plan.contains("SCAN change"), "{view:?} {part:?}: {plan}");
            }
            // What has not both is passed over before anything else is read of it, which is then read from an index.
            let plan = store.plan(&sql.keys(part, false));
            let place = |step: &str| plan.find(step).unwrap_or_else(|| panic!("{step}: {plan}"));
            let has_tag =
                place("SEARCH tag_1 USING PRIMARY KEY (tag=? AND is_old=? AND task_id=?)");
            if matches!(part, Part::Tag(..) | Part::Children | Part::InProgress) {
                let rest = place("INDEX task_by_id (id=?");
                assert!(has_tag < rest, "{plan}");
            }
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
                    assert!(plan.contains("task_by_id (id>?)"), "{view:?}: {plan}");
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
        View::Unfinished,
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

/// Returns the places of the columns that a statement reads from rows, since its index does not have them.
fn read_from_rows(store: &Store, sql: &str) -> Vec<i64> {
    let mut statement = store
        .connection
        .prepare_cached(&format!("EXPLAIN {sql}"))
        .unwrap();
    // The cursors of tables whose rows are looked up once a column of theirs is asked for.
    let mut looked_up = BTreeSet::new();
    let mut read = Vec::new();
    let mut steps = statement.raw_query();
    while let Some(step) = steps.next().unwrap() {
        let number = |name: &str| step.get::<_, i64>(name).unwrap();
        match step.get::<_, String>("opcode").unwrap().as_str() {
            "DeferredSeek" => {
                looked_up.insert(number("p3"));
            }
            "Column" => read.push((number("p1"), number("p2"))),
            _ => {}
        }
    }
    read.retain(|(cursor, _)| looked_up.contains(cursor));
    read.into_iter().map(|(_, column)| column).collect()
}

#[test]
fn a_list_passes_over_tasks_that_a_filter_leaves_out_without_reading_their_rows() {
    let (_folder, store) = store();
    for (view, _) in VIEWS {
        for (what, filters) in each_filter(Zone::UTC) {
            let is_asked_of_index =
                what.contains("project") || matches!(what, "a priority" | "a status" | "a date");
            if !is_asked_of_index || is_contradiction(view, &filters) {
                continue;
            }
            let mut counts = statements(view, &filters, false);
            counts.retain(|sql| sql.starts_with("SELECT 1 "));
            for sql in counts {
                assert!(
                    read_from_rows(&store, &sql).is_empty(),
                    "{view:?} with {what}: {sql}"
                );
            }
        }
    }
    let sql = "SELECT title FROM task WHERE deleted_at IS NULL AND status = 'in_progress' ORDER BY updated_at, id";
    assert_eq!(read_from_rows(&store, sql), [1]);
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
