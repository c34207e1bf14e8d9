//! What `import --update` takes of what tasks refer to, and what a finished round brings along.

use serde_json::{Value, json};

use super::{
    Place,
    update::{calendar, counts, field, imported},
};

#[test]
fn an_update_takes_what_a_task_refers_to() {
    let place = Place::new();
    let references = |place: &Place| {
        let tasks = place.tasks();
        let of = |task: &Value| (task["parent"].clone(), task["depends_on"].clone());
        tasks.iter().map(of).collect::<Vec<_>>()
    };
    let none = || (Value::Null, Value::Null);
    let before = [
        ("a", "SUMMARY:A"),
        (
            "b",
            "SUMMARY:B\nRELATED-TO:a\nRELATED-TO;RELTYPE=DEPENDS-ON:c",
        ),
        ("c", "SUMMARY:C"),
    ];
    place.done(&["import", &calendar(&place, &before)]);
    assert_eq!(references(&place)[1], (json!(1), json!([3])));
    // B refers ahead, and to a task that the file has no longer.
    let after = [
        (
            "b",
            "SUMMARY:B\nRELATED-TO:c\nRELATED-TO;RELTYPE=DEPENDS-ON:a",
        ),
        ("c", "SUMMARY:C"),
    ];
    let file = calendar(&place, &after);
    let (printed, _) = place.done(&["import", &file]);
    for line in [
        "  2 B: parent is #3 in the file, #1 here\n",
        "  2 B: depends_on is #1 in the file, #3 here\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    let (printed, _) = place.done(&["import", "--update", &file]);
    assert!(
        printed.contains("  2 B: parent is now #3 as in the file, #1 before\n"),
        "{printed}"
    );
    assert_eq!(references(&place), [none(), (json!(3), json!([1])), none()]);
    assert_eq!(field(&place, 2, "rev"), 2);
    assert_eq!(imported(&place, &["--update", &file])["group"], Value::Null);
    place.done(&["undo"]);
    assert_eq!(references(&place)[1], (json!(1), json!([3])));
    // What was changed here too is named and left; what was changed here alone is not named.
    place.done(&["edit", "2", "parent:none"]);
    let came = imported(&place, &["--update", &file]);
    assert_eq!(counts(&came, &["updated", "conflicts"]), [1, 1]);
    assert_eq!(references(&place)[1], (Value::Null, json!([1])));
    // Taken away in the file.
    let file = calendar(&place, &[("b", "SUMMARY:B"), ("c", "SUMMARY:C")]);
    place.done(&["import", "--update", &file]);
    assert_eq!(references(&place)[1], none());
}

#[test]
fn a_circle_that_an_update_would_close_is_named_and_left() {
    let place = Place::new();
    let before = [
        ("a", "SUMMARY:A"),
        ("b", "SUMMARY:B\nRELATED-TO:a"),
        ("c", "SUMMARY:C"),
    ];
    place.done(&["import", &calendar(&place, &before)]);
    place.done(&["edit", "1", "parent:3"]);
    let after = [
        ("a", "SUMMARY:A"),
        ("b", "SUMMARY:B\nRELATED-TO:a"),
        ("c", "SUMMARY:Sea\nRELATED-TO:b"),
    ];
    let file = calendar(&place, &after);
    for _ in 0..2 {
        let (printed, _) = place.done(&["import", "--update", &file]);
        let line = "  3 C: parent is #2 in the file, nothing here, left as it is here: it would go round in a circle, #3 -> #2 -> #1 -> #3\n";
        let line = line.replace(
            "3 C:",
            &format!("3 {}:", if printed.contains("3 C:") { "C" } else { "Sea" }),
        );
        assert!(printed.contains(&line), "{printed}");
        assert_eq!(field(&place, 3, "parent"), Value::Null);
        assert_eq!(field(&place, 3, "title"), "Sea");
    }
    // A new task of the file that would close one with what is here.
    let file = calendar(
        &place,
        &[
            ("d", "SUMMARY:D\nRELATED-TO;RELTYPE=DEPENDS-ON:c"),
            ("c", "SUMMARY:Sea\nRELATED-TO;RELTYPE=DEPENDS-ON:d"),
        ],
    );
    let came = imported(&place, &["--update", &file]);
    let circle = &came["differences"][0]["fields"][0];
    assert_eq!(circle["circle"], "#3 -> #4 -> #3", "{came}");
    assert_eq!(field(&place, 4, "depends_on"), json!([3]));
    assert_eq!(field(&place, 3, "depends_on"), Value::Null);
}

#[test]
fn a_round_that_is_over_in_the_calendar_ends_as_one_that_is_over_here() {
    let series =
        "SUMMARY:Water\nDTSTART;VALUE=DATE:20261201\nDUE;VALUE=DATE:20261201\nRRULE:FREQ=WEEKLY";
    let moved_on = series.replace("20261201", "20261208");
    let other = "SUMMARY:Other";
    let done = "STATUS:COMPLETED\nCOMPLETED:20261128T100000Z\nRECURRENCE-ID;VALUE=DATE:20261201\nSUMMARY:Water";
    let moved = series.replace("DUE;VALUE=DATE:20261201", "DUE;VALUE=DATE:20261203");
    for (changed, is_round, is_done) in [
        // It was passed over, as nobody says that it was done.
        (
            vec![
                ("s", moved_on.as_str()),
                ("o", "SUMMARY:Others\nRELATED-TO;RELTYPE=DEPENDS-ON:s"),
            ],
            true,
            false,
        ),
        (
            vec![
                ("s", series),
                ("s", done),
                ("o", "SUMMARY:Others\nRELATED-TO;RELTYPE=DEPENDS-ON:s"),
            ],
            true,
            true,
        ),
        (vec![("s", moved.as_str()), ("o", other)], false, false),
    ] {
        let place = Place::new();
        let first = [
            ("s", series),
            ("o", "SUMMARY:Other\nRELATED-TO;RELTYPE=DEPENDS-ON:s"),
        ];
        place.done(&["import", &calendar(&place, &first)]);
        place.done(&["add", "Fill the can", "parent:1", "due:2026-12-01"]);
        place.done(&["add", "Harvest", "after:1"]);
        place.done(&["done", "3"]);
        let before = place.tasks();
        let file = calendar(&place, &changed);
        let (rehearsed, _) = place.done(&["import", "--update", "--dry-run", &file]);
        let says = "3 other tasks would be freed or opened again";
        assert_eq!(rehearsed.contains(says), is_round, "{rehearsed}");
        assert_eq!(place.tasks(), before);
        let came = imported(&place, &["--update", &file]);
        let (completed, _) = place.done(&["list", "completed", "--json"]);
        let completed: Value = serde_json::from_str(&completed).unwrap();
        let rounds = completed["tasks"].as_array().unwrap().iter();
        let rounds: Vec<&Value> = rounds
            .filter(|task| task["title"] == "Water")
            .map(|task| &task["due"])
            .collect();
        let expected: &[&str] = if is_done { &["2026-12-01"] } else { &[] };
        assert_eq!(rounds, expected, "{completed}");
        let part = field(&place, 3, "status");
        if is_round {
            assert_eq!(field(&place, 1, "due"), "2026-12-08", "{came}");
            assert_eq!(
                (&part, field(&place, 3, "due")),
                (&json!("pending"), json!("2026-12-08")),
                "{came}"
            );
            assert_eq!(field(&place, 4, "depends_on"), Value::Null, "{came}");
            assert_eq!(field(&place, 2, "depends_on"), Value::Null, "{came}");
            assert_eq!(field(&place, 2, "title"), "Others");
            assert_eq!(came["brought"], 3, "{came}");
        } else {
            assert_eq!(part, "completed", "{came}");
            assert_eq!(field(&place, 4, "depends_on"), json!([1]), "{came}");
        }
        place.done(&["undo"]);
        let fields = ["status", "due", "depends_on", "title"];
        for (now, was) in place.tasks().iter().zip(&before) {
            let of = |task: &Value| fields.map(|field| task[field].clone());
            assert_eq!(of(now), of(was), "{came}");
        }
    }
}
