//! How much of a large database a search looks at, in steps of SQLite's virtual machine.

use super::*;
use crate::domain::{repeat::Repeat, task::Project, when::When};

const MANY: i64 = 6_000;
/// Fewer steps than it takes to look at each of them.
const A_PART: u64 = 100_000;

/// Many finished tasks with the same words; before them two open ones of a project, and a series.
fn large() -> (tempfile::TempDir, Store) {
    let (folder, mut store) = store();
    let of_project = Draft {
        project: Project::try_from("Rare".to_owned()).ok(),
        ..Draft::titled(title("Read reports"))
    };
    let series = Draft {
        due: Some(When::Day("2026-11-22".parse().unwrap())),
        repeat: Repeat::try_from("FREQ=DAILY".to_owned()).ok(),
        ..Draft::titled(title("Write reports"))
    };
    add(&mut store, vec![of_project.clone(), of_project, series]);
    run(&mut store, &Command::Complete(vec![id(3)]));
    finish_many(&store);
    store.index_all().unwrap();
    (folder, store)
}

/// Adds many finished tasks with the same words.
fn finish_many(store: &Store) {
    store
        .run(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1)
             INSERT INTO task (title, status, created_at, updated_at, completed_at, created_by, rev, description)
             SELECT 'File reports', 'completed', n, n, n, 'test', 1, '' FROM number",
            [MANY],
        )
        .unwrap();
}

/// Returns what is found on a first page, and how many steps it takes.
fn search(store: &Store, text: &str, view: View, filters: &Filters) -> (Vec<i64>, u64) {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let words = Words::read(text).unwrap();
    let before = store.effort.spent();
    let page = store
        .search(&words, view, filters, &moment, None, 5)
        .unwrap();
    let ids = page.tasks.iter().map(|task| task.id.get()).collect();
    (ids, store.effort.spent() - before)
}

#[test]
fn words_of_many_tasks_are_looked_for_in_the_few_of_a_short_list_and_rounds_among_series() {
    let (_folder, mut store) = large();
    let none = Filters::default();
    let of_project = Filters {
        project: Project::try_from("rare".to_owned()).ok(),
        ..none.clone()
    };
    for text in ["reports", "report", "eports"] {
        for (view, filters, found) in [
            (View::All, &of_project, vec![2, 1]),
            (View::Open, &none, vec![3, 2, 1]),
            (View::Trash, &none, vec![]),
        ] {
            let (ids, steps) = search(&store, text, view, filters);
            assert_eq!(ids, found, "{text} {view:?}");
            assert!(steps < A_PART, "{text} {view:?}: {steps}");
        }
    }

    // In the view of completed tasks most are, but for the finished rounds of a series.
    let latest: Vec<i64> = (0..5).map(|before| 3 + MANY - before).collect();
    for text in ["reports", "report", "eports"] {
        let (ids, steps) = search(&store, text, View::Completed, &none);
        assert_eq!(ids, latest, "{text}");
        assert!(steps < A_PART, "{text}: {steps}");
    }
    assert_eq!(
        search(&store, "write reports", View::Completed, &none).0,
        [3]
    );
    // Titles that none of the others has.
    add(&mut store, vec![Draft::titled(title("Write novels"))]);
    assert_eq!(search(&store, "write", View::Completed, &none).0, [3]);
}

#[test]
fn rounds_of_many_series_are_looked_for_no_further_back_than_a_page_goes() {
    const SERIES: i64 = 200;
    let (_folder, mut store) = store();
    let series = Draft {
        due: Some(When::Day("2026-11-22".parse().unwrap())),
        repeat: Repeat::try_from("FREQ=DAILY".to_owned()).ok(),
        ..Draft::titled(title("Write reports"))
    };
    add(&mut store, (0..SERIES).map(|_| series.clone()).collect());
    run(
        &mut store,
        &Command::Complete((1..=SERIES).map(id).collect()),
    );
    finish_many(&store);
    store.index_all().unwrap();
    let latest: Vec<i64> = (0..5).map(|before| SERIES + MANY - before).collect();
    let (ids, steps) = search(&store, "reports", View::Completed, &Filters::default());
    assert_eq!(ids, latest);
    assert!(steps < 10_000, "{steps}");
    let (ids, _) = search(
        &store,
        "write reports",
        View::Completed,
        &Filters::default(),
    );
    assert_eq!(ids, [200, 199, 198, 197, 196]);
}
