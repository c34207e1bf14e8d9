use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::task::Tag;

/// Sunday, 2026-11-22 12:00 UTC.
const NOW: i64 = 1_795_348_800_000;

fn task(id: i64, title: &str, project: &str, tag: &str) -> Summary {
    let task: Task = serde_json::from_value(json!({
        "id": id, "title": title, "status": "pending", "created_at": 0, "updated_at": 0, "created_by": "test",
        "rev": 1, "due": "2031-06-02", "project": project, "tags": [tag],
    }))
    .unwrap();
    task.summary()
}

fn plain_lines(tasks: &[Summary], columns: usize) -> Vec<String> {
    let table = Table {
        columns,
        now: Timestamp::from_millis(NOW),
        zone: Zone::UTC,
        view: View::Open,
        is_by_date: true,
    };
    let lines = table.lines(tasks);
    let plain = anstream::adapter::strip_str(&lines).to_string();
    plain.lines().map(str::to_owned).collect()
}

#[test]
fn columns_stand_under_each_other_whatever_is_in_them() {
    let rows = [
        ("Buy milk", "flat", "a"),
        ("牛乳を買う", "家", "牛"),
        ("لا تنس شراء الحليب", "بيت", "حليب"),
        ("לקנות חלב", "בית", "חלב"),
        (
            "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇩🇪🇫🇷 👍🏽 ❤\u{fe0f}",
            "🏠",
            "🚀",
        ),
        ("e\u{301}te\u{301} नमस्ते", "été", "é"),
        (
            "a title that is far too long for any of the terminals that are tried here, and then some more, 牛牛牛牛牛牛牛",
            "a project with a name that is too long",
            "long",
        ),
    ];
    let tasks: Vec<Summary> = (1..)
        .zip(rows)
        .map(|(id, (title, project, tag))| task(id, title, project, tag))
        .collect();
    for columns in 60..160 {
        let lines = plain_lines(&tasks, columns);
        let place = |line: &String| {
            let (before, after) = line.split_once("2031-06-02").unwrap();
            (
                width(before),
                width(&after[..after.len() - after.trim_start().len()]),
            )
        };
        let first = place(&lines[0]);
        for line in &lines {
            assert_eq!(place(line), first, "at {columns}: {line}");
            assert!(width(line) <= columns, "at {columns}: {line}");
        }
    }
}

#[test]
fn the_title_keeps_two_fifths_and_the_rest_is_cut_before_it_goes() {
    let title = "Write to the landlord about the heating";
    let tasks = [task(1, title, "household", "letters")];
    let cases = [
        (
            80,
            "  1   Write to the landlord about the heating  2031-06-02  household  +letters",
        ),
        (
            70,
            "  1   Write to the landlord about the…  2031-06-02  househo…  +letters",
        ),
        (
            60,
            "  1   Write to the landlord about…   2031-06-02  househo…  …",
        ),
        (48, "  1   Write to the landlord a…  2031-06-02  +le…"),
        (40, "  1   Write to the landl…  2031-06-02  …"),
        (30, "  1   Write to th…  2031-06-02"),
        (20, "  1   Write to the…"),
        (1, "  1   Write to the…"),
    ];
    for (columns, line) in cases {
        let lines = plain_lines(&tasks, columns);
        assert_eq!(lines[0].trim_end(), line, "at {columns}");
    }
}

#[test]
fn two_tags_are_whole_beside_a_title_that_is_cut() {
    let mut long = task(
        1,
        "Write to the landlord about the heating and the two broken windows",
        "household",
        "letters",
    );
    long.tags = ["insurance", "letters"]
        .map(|tag| Tag::try_from(tag.to_owned()).unwrap())
        .into();
    let cases = [
        (
            100,
            "  1   Write to the landlord about the heating and the t…  2031-06-02  household  +insurance +letters",
        ),
        (
            80,
            "  1   Write to the landlord about th…  2031-06-02  househo…  +insurance +letters",
        ),
        (
            76,
            "  1   Write to the landlord abou…  2031-06-02  househo…  +insurance +letters",
        ),
    ];
    for (columns, line) in cases {
        let lines = plain_lines(&[long.clone()], columns);
        assert_eq!(lines[0], line, "at {columns}");
    }
}

#[test]
fn tags_are_left_out_whole_and_said_so() {
    let details = ["+errand", "+home", "+phone"].map(str::to_owned);
    for (columns, text) in [
        (20, "+errand +home +phone"),
        (19, "+errand +home …"),
        (14, "+errand …"),
        (6, "+erra…"),
    ] {
        assert_eq!(cut_between(&details, columns), text, "{columns}");
    }
}

#[test]
fn parts_stand_under_their_task_and_the_family_where_its_first_is() {
    let part = |id, parent| {
        let mut part = task(id, &format!("task {id}"), "p", "t");
        part.parent = Some(TaskId::try_from(parent).unwrap());
        part
    };
    let tasks = [
        task(1, "one", "p", "t"),
        part(5, 3),
        part(4, 2),
        task(2, "two", "p", "t"),
        part(3, 2),
        part(6, 99),
    ];
    let arranged: Vec<(i64, usize)> = families(&tasks)
        .into_iter()
        .map(|(task, depth)| (task.id.get(), depth))
        .collect();
    assert_eq!(arranged, [(1, 0), (2, 0), (4, 1), (3, 1), (5, 2), (6, 0)]);
    let lines = plain_lines(&tasks, 80);
    assert!(
        lines[2].contains("  └ task 4  ") || lines[2].contains(" └ task 4  "),
        "{lines:#?}"
    );
    assert!(lines[5].contains("part of 99"), "{lines:#?}");
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal(title in "\\PC{1,60}", project in "\\PC{1,20}", columns in 20..140_usize) {
        prop_assume!(crate::domain::task::Title::cleaned(&title).is_ok() && crate::domain::task::Project::cleaned(&project).is_ok());
        let lines = plain_lines(&[task(1, &title, &project, "x"), task(200, "y", "z", "w")], columns);
        for line in lines {
            prop_assert!(width(&line) <= columns, "{line:?}");
        }
    }
}

#[test]
fn finished_rounds_of_a_series_are_told_apart_by_their_dates() {
    let round = |due: &str| {
        let mut round = task(1, "Water", "home", "a");
        round.status = Status::Completed;
        round.completed_at = Some(Timestamp::from_millis(NOW));
        round.due = due.parse().ok();
        round.repeat = crate::domain::repeat::Repeat::read("every mon").ok();
        round
    };
    let rounds = ["2026-11-23", "2026-11-30"].map(round);
    let table = Table {
        columns: 80,
        now: Timestamp::from_millis(NOW),
        zone: Zone::UTC,
        view: View::Completed,
        is_by_date: false,
    };
    let lines = table.lines(&rounds);
    let lines = anstream::adapter::strip_str(&lines).to_string();
    assert_eq!(
        lines,
        "  1 x Water  just now  home  +a due tomorrow every Mon\n  1 x Water  just now  home  +a due Nov 30 every Mon\n"
    );
}
