//! Tasks of a file that go round in a circle: told all at once, and left out where that is asked for.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Place;

/// Returns a file of our own in which each task of `tasks` has the parent and the dependencies that are given.
fn file(tasks: &[(Option<i64>, &[i64])]) -> String {
    let count = tasks.len();
    let mut text = format!(
        "{{\"format\":\"taskhold\",\"version\":2,\"last_id\":{count},\"tasks\":{count},\"history\":false}}\n"
    );
    for (id, (parent, depends_on)) in (1..).zip(tasks) {
        let mut task = json!({
            "id": id, "rev": 1, "title": format!("Task {id}"), "status": "pending",
            "created_at": "2026-11-01T00:00:00.000Z", "created_by": "x", "updated_at": "2026-11-01T00:00:00.000Z",
            "depends_on": depends_on,
        });
        if let Some(parent) = parent {
            task["parent"] = json!(parent);
        }
        let _ = writeln!(text, "{task}");
    }
    text
}

#[test]
fn every_circle_is_told_and_one_reference_of_each_left_out() {
    let place = Place::new();
    let text = file(&[
        (Some(3), &[]),  // 1 -> 3 -> 2 -> 1
        (Some(1), &[2]), // waits for itself
        (Some(2), &[6]),
        (None, &[5]), // 4 -> 5 -> 6 -> 4, and 6 -> 5
        (None, &[6, 1]),
        (None, &[4, 5, 7]),
        (None, &[]),
    ]);
    let path = place.file("a.jsonl", text);
    let said = place.refused(&["import", &path]);
    for circle in [
        "line 3: parent goes round in a circle: 1 -> 3 -> 2 -> 1; take one of these references out",
        "line 3: depends_on goes round in a circle: 2 -> 2",
        "line 6: depends_on goes round in a circle: 6 -> 5 -> 6", // which opens the longer way, too
        "nothing was imported because of 3 faults",
    ] {
        assert!(said.contains(circle), "{circle}: {said}");
    }
    assert_eq!(place.tasks().len(), 0);

    let rehearsed = place.done(&["import", "--skip-bad", "--dry-run", "--json", &path]);
    let (printed, said) = place.done(&["import", "--skip-bad", "--json", &path]);
    assert_eq!(said, rehearsed.1);
    let imported: Value = serde_json::from_str(&printed).unwrap();
    let fields = ["new", "bad", "references_left_out", "cut"];
    let found = fields.map(|field| imported[field].clone());
    assert_eq!(found, [json!(7), json!(0), json!(3), json!(false)]);
    assert_eq!(
        imported["notes"],
        json!(["3 references that went round in a circle left out"])
    );
    let mut dry: Value = serde_json::from_str(&rehearsed.0).unwrap();
    (dry["group"], dry["dry_run"]) = (json!(1), json!(false));
    assert_eq!(dry, imported);
    let tasks = place.tasks();
    let parents: Vec<_> = tasks.iter().map(|task| task["parent"].clone()).collect();
    assert_eq!(parents[..3], [json!(3), Value::Null, json!(2)]);
    // What leads out of the circles is kept.
    assert_eq!(tasks[2]["depends_on"], json!([6]));
    assert_eq!(tasks[4]["depends_on"], json!([1]));
    assert_eq!(tasks[5]["depends_on"], json!([4, 5, 7]));
    // And what was made of it can be exported and imported as any other.
    let (exported, other) = (place.done(&["export"]).0, Place::new());
    other.done(&["import", &other.file("b.jsonl", &exported)]);
    assert_eq!(other.done(&["export"]).0, exported);
}

#[test]
fn lines_that_go_round_are_told_by_what_the_file_calls_them() {
    let place = Place::new();
    let path = place.file("a.txt", "Eight id:8 dep:8\nNine id:9 p:10\nTen id:10 p:9\n");
    let said = place.refused(&["import", &path]);
    // One that names itself is a circle of nobody else.
    assert!(!said.contains("line 1: "), "{said}");
    assert!(
        said.contains("line 2: parent goes round in a circle: 9 -> 10 -> 9"),
        "{said}"
    );
    let (printed, said) = place.done(&["import", "--skip-bad", &path]);
    assert!(printed.starts_with("Imported 3 tasks"), "{printed}");
    assert!(
        said.contains("1 reference that went round in a circle left out"),
        "{said}"
    );
    let parents: Vec<_> = place
        .tasks()
        .iter()
        .map(|task| task["parent"].clone())
        .collect();
    assert_eq!(parents, [Value::Null, Value::Null, json!(2)]);
}

#[test]
fn a_circle_that_was_left_out_is_named_again_when_the_file_comes_again() {
    let todo = |uid: &str, others: &[&str]| {
        let others = others.iter().map(|other| format!("RELATED-TO{other}\n"));
        let others: String = others.collect();
        format!("BEGIN:VTODO\nUID:{uid}\nSUMMARY:{uid}\n{others}END:VTODO\n")
    };
    for (first, second, way) in [
        (&[":b"][..], &[":a"][..], "#1 -> #2 -> #1"),
        (
            &[";RELTYPE=DEPENDS-ON:c", ";RELTYPE=DEPENDS-ON:b"],
            &[";RELTYPE=DEPENDS-ON:a"],
            "#1 -> #2 -> #1",
        ),
    ] {
        let place = Place::new();
        let todos = [todo("a", first), todo("b", second), todo("c", &[])].concat();
        let file = place.file("a.ics", format!("BEGIN:VCALENDAR\n{todos}END:VCALENDAR\n"));
        let (_, said) = place.done(&["import", "--skip-bad", &file]);
        assert!(said.contains("went round in a circle"), "{said}");
        let before = place.tasks();
        for update in [&["import", &file][..], &["import", "--update", &file]] {
            for _ in 0..2 {
                let (printed, _) = place.done(update);
                assert!(!printed.contains("changed here alone"), "{printed}");
                assert!(printed.contains(way), "{printed}");
            }
        }
        assert_eq!(place.tasks().len(), before.len());
        for (now, was) in place.tasks().iter().zip(&before) {
            for field in ["parent", "depends_on"] {
                assert_eq!(now[field], was[field], "{now}");
            }
        }
    }
}

#[test]
fn a_long_way_round_is_told_in_short() {
    let place = Place::new();
    let tasks: Vec<Vec<i64>> = (1..=500).map(|id| vec![id % 500 + 1]).collect();
    let tasks: Vec<(Option<i64>, &[i64])> = tasks.iter().map(|ids| (None, &ids[..])).collect();
    let path = place.file("a.jsonl", file(&tasks));
    let said = place.refused(&["import", &path]);
    assert!(
        said.contains(
            "1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> 10 -> ... (490 more) -> 1; take one"
        ),
        "{said}"
    );
}

#[test]
fn more_circles_than_anyone_will_mend_are_not_looked_for() {
    let place = Place::new();
    let tasks: Vec<[i64; 1]> = (1..=1_001).map(|id| [id]).collect();
    let tasks: Vec<(Option<i64>, &[i64])> = tasks.iter().map(|ids| (None, &ids[..])).collect();
    let path = place.file("a.jsonl", file(&tasks));
    let said = place.refused(&["import", "--skip-bad", &path]);
    assert!(
        said.contains("depends_on goes round in circles, more than 1000 of them"),
        "{said}"
    );
}
