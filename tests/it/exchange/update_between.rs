//! What `import --update` takes from a file that went from one database to another and back, while other files came too.

use serde_json::{Value, json};

use super::Place;

/// Takes a file in with `--update`. Returns what came of it.
fn update(place: &Place, format: &str, text: &str) -> Value {
    let file = place.file("passed", text);
    let arguments = ["import", "--json", "--update", "--format", format, &file];
    serde_json::from_str(&place.done(&arguments).0).unwrap()
}

fn export(place: &Place, format: &str) -> String {
    place.done(&["export", "--format", format]).0
}

fn field(place: &Place, id: usize, name: &str) -> Value {
    place.tasks()[id - 1][name].clone()
}

fn counts(came: &Value) -> [u64; 3] {
    ["new", "updated", "conflicts"].map(|count| came[count].as_u64().unwrap())
}

#[test]
fn a_restored_export_takes_what_changed_where_it_came_from() {
    let (place, restored) = (Place::new(), Place::new());
    place.done(&["add", "Report", "due:2026-12-04"]);
    let text = export(&place, "json");
    update(&restored, "json", &text);
    assert_eq!(export(&restored, "json"), text);
    place.done(&["edit", "1", "due:2026-12-06", "--title", "Final report"]);
    let came = update(&restored, "json", &export(&place, "json"));
    assert_eq!(counts(&came), [0, 1, 0], "{came}");
    assert_eq!(field(&restored, 1, "due"), "2026-12-06");
    // Nothing of it comes back as a change.
    let came = update(&place, "json", &export(&restored, "json"));
    assert_eq!(counts(&came), [0, 0, 0], "{came}");
    assert_eq!(field(&place, 1, "title"), "Final report");
    // The other way round.
    restored.done(&["edit", "1", "--title", "Report to Ann"]);
    let came = update(&place, "json", &export(&restored, "json"));
    assert_eq!(counts(&came), [0, 1, 0], "{came}");
    assert_eq!(field(&place, 1, "title"), "Report to Ann");
}

#[test]
fn what_both_databases_changed_is_not_taken_back_by_the_next_export() {
    let (place, restored) = (Place::new(), Place::new());
    place.done(&["add", "Report"]);
    update(&restored, "json", &export(&place, "json"));
    place.done(&["edit", "1", "--title", "Final report"]);
    restored.done(&["edit", "1", "--title", "Short report"]);
    for (from, to, kept) in [
        (&place, &restored, "Short report"),
        (&restored, &place, "Final report"),
    ] {
        let came = update(to, "json", &export(from, "json"));
        assert_eq!(counts(&came), [0, 0, 1], "{came}");
        assert_eq!(field(to, 1, "title"), kept);
    }
}

fn calendar(report: &str) -> String {
    let todo = |uid: &str, properties: &str| {
        format!("BEGIN:VTODO\nUID:{uid}\nDTSTAMP:20261101T120000Z\n{properties}\nEND:VTODO\n")
    };
    let todos = todo("a", "SUMMARY:Other") + &todo("b", report);
    format!("BEGIN:VCALENDAR\n{todos}END:VCALENDAR\n")
}

#[test]
fn another_database_does_not_take_back_what_a_calendar_brought_meanwhile() {
    for format in ["ics", "json"] {
        let (place, other) = (Place::new(), Place::new());
        update(
            &place,
            "ics",
            &calendar("SUMMARY:Report\nDESCRIPTION:draft"),
        );
        update(&other, format, &export(&place, format));
        other.done(&["edit", "2", "+b"]);
        let passed = export(&other, format);
        let big = "SUMMARY:Big report\nDESCRIPTION:final";
        update(&place, "ics", &calendar(big));
        let came = update(&place, format, &passed);
        assert_eq!(counts(&came), [0, 1, 0], "{format}: {came}");
        assert_eq!(field(&place, 2, "title"), "Big report", "{format}");
        assert_eq!(field(&place, 2, "tags"), json!(["b"]), "{format}");
        // Nor does the calendar take back what the other database brought.
        let came = update(
            &place,
            "ics",
            &calendar(&big.replace("final", "final, signed")),
        );
        assert_eq!(counts(&came), [0, 1, 0], "{format}: {came}");
        assert_eq!(field(&place, 2, "description"), "final, signed", "{format}");
        assert_eq!(field(&place, 2, "tags"), json!(["b"]), "{format}");
    }
}

#[test]
fn a_database_does_not_take_back_what_a_third_one_brought_meanwhile() {
    let (place, second, third) = (Place::new(), Place::new(), Place::new());
    place.done(&["add", "Report"]);
    let text = export(&place, "ics");
    update(&second, "ics", &text);
    update(&third, "ics", &text);
    second.done(&["edit", "1", "--title", "Big report"]);
    third.done(&["edit", "1", "+c"]);
    update(&place, "ics", &export(&second, "ics"));
    let came = update(&place, "ics", &export(&third, "ics"));
    assert_eq!(field(&place, 1, "title"), "Big report", "{came}");
    assert_eq!(field(&place, 1, "tags"), json!(["c"]), "{came}");
}

#[test]
fn a_line_of_ours_is_known_in_another_database_whoever_edited_it() {
    for is_empty in [true, false] {
        for by_program in [true, false] {
            let (place, other) = (Place::new(), Place::new());
            place.done(&["add", "Buy milk"]);
            place.done(&["add", "Fix"]);
            if !is_empty {
                other.done(&["add", "Its own"]);
            }
            let text = export(&place, "todo.txt");
            update(&other, "todo.txt", &text);
            let text = if by_program {
                let text = text.replace("Buy milk", "Buy oat milk");
                let (first, second) = text.split_once('\n').unwrap();
                format!("{first}\nx {second}")
            } else {
                place.done(&["edit", "1", "--title", "Buy oat milk"]);
                place.done(&["done", "2"]);
                export(&place, "todo.txt")
            };
            let own = usize::from(!is_empty);
            let said = format!("into an empty database: {is_empty}, by a program: {by_program}");
            let came = update(&other, "todo.txt", &text);
            assert_eq!(counts(&came), [0, 2, 0], "{said}: {came}");
            assert_eq!(field(&other, own + 1, "title"), "Buy oat milk", "{said}");
            assert_eq!(field(&other, own + 2, "status"), "completed", "{said}");
            // Once more, and what was changed here too is left.
            other.done(&["edit", &(own + 1).to_string(), "--title", "Buy soy milk"]);
            let came = update(&other, "todo.txt", &text.replace("oat", "rice"));
            assert_eq!(counts(&came), [0, 0, 1], "{said}: {came}");
            assert_eq!(field(&other, own + 1, "title"), "Buy soy milk", "{said}");
        }
    }
}

#[test]
fn an_open_line_is_the_open_task_also_where_a_finished_round_stands_before_it() {
    let lines = [
        "x 2026-12-01 Pay rent due:2026-12-01 rec:+1m\n",
        "Pay rent due:2027-01-01 rec:+1m\n",
    ];
    for order in [[0, 1], [1, 0]] {
        let place = Place::new();
        update(&place, "todo.txt", "Pay rent due:2026-12-01 rec:+1m\n");
        place.done(&["done", "1"]);
        assert_eq!(field(&place, 1, "due"), "2027-01-01");
        update(&place, "todo.txt", &order.map(|line| lines[line]).concat());
        let tasks = place.tasks();
        let open: Vec<&Value> = tasks
            .iter()
            .filter(|task| task["status"] == "pending")
            .map(|task| &task["id"])
            .collect();
        assert_eq!(open, [1], "{order:?}: {tasks:?}");
    }
}

#[test]
fn what_a_second_database_changes_again_and_again_gets_through_to_a_task_of_a_calendar() {
    for format in ["ics", "json"] {
        for is_empty in [true, false] {
            let (place, other) = (Place::new(), Place::new());
            let id = if is_empty { 2 } else { 3 };
            update(&place, "ics", &calendar("SUMMARY:Report"));
            if !is_empty {
                other.done(&["add", "Its own"]);
            }
            update(&other, format, &export(&place, format));
            let said = format!("{format}, into an empty database: {is_empty}");
            for title in ["Big report", "Bigger report", "Report"] {
                for step in [" (draft)", ""] {
                    let title = format!("{title}{step}");
                    other.done(&["edit", &id.to_string(), "--title", &title]);
                }
                let came = update(&place, format, &export(&other, format));
                assert_eq!(counts(&came)[1..], [1, 0], "{said}, {title}: {came}");
                assert_eq!(field(&place, 2, "title"), title, "{said}");
            }
            // The other way round, and what each changed stays.
            place.done(&["edit", "2", "+a"]);
            other.done(&["edit", &id.to_string(), "!high"]);
            let came = update(&other, format, &export(&place, format));
            assert_eq!(counts(&came)[1..], [1, 0], "{said}: {came}");
            assert_eq!(field(&other, id, "priority"), "high", "{said}: {came}");
            let came = update(&place, format, &export(&other, format));
            assert_eq!(counts(&came)[1..], [1, 0], "{said}: {came}");
            // The calendar has its own base: it changed nothing, and then one thing.
            let came = update(&place, "ics", &calendar("SUMMARY:Report"));
            assert_eq!(counts(&came)[1..], [0, 0], "{said}: {came}");
            let came = update(&place, "ics", &calendar("SUMMARY:Last report"));
            assert_eq!(counts(&came)[1..], [1, 0], "{said}: {came}");
            assert_eq!(field(&place, 2, "priority"), "high", "{said}");
        }
    }
}

#[test]
fn a_restored_task_of_a_calendar_takes_what_changed_where_it_came_from() {
    let (place, restored) = (Place::new(), Place::new());
    update(&place, "ics", &calendar("SUMMARY:Report"));
    let text = export(&place, "json");
    update(&restored, "json", &text);
    assert_eq!(export(&restored, "json"), text);
    for title in ["Big report", "Bigger report"] {
        place.done(&["edit", "2", "--title", title]);
        let came = update(&restored, "json", &export(&place, "json"));
        assert_eq!(counts(&came), [0, 1, 0], "{came}");
        assert_eq!(field(&restored, 2, "title"), title);
        restored.done(&["edit", "2", "-d", title]);
        let came = update(&place, "json", &export(&restored, "json"));
        assert_eq!(counts(&came), [0, 1, 0], "{came}");
        assert_eq!(field(&place, 2, "description"), title);
    }
}

#[test]
fn an_older_export_is_no_conflict_however_often_it_comes_and_wherever() {
    let (place, other) = (Place::new(), Place::new());
    update(&place, "ics", &calendar("SUMMARY:Report"));
    let old = export(&place, "json");
    update(&other, "json", &old);
    place.done(&["edit", "2", "--title", "Big report"]);
    update(&other, "json", &export(&place, "json"));
    other.done(&["edit", "2", "+b"]);
    for here in [&place, &other] {
        for _ in 0..2 {
            let came = update(here, "json", &old);
            assert_eq!(counts(&came), [0, 0, 0], "{came}");
            assert_eq!(field(here, 2, "title"), "Big report", "{came}");
        }
    }
}

#[test]
fn a_database_that_a_conflict_was_left_in_takes_the_rest_of_what_changes() {
    let (place, other) = (Place::new(), Place::new());
    place.done(&["add", "Report"]);
    update(&other, "json", &export(&place, "json"));
    place.done(&["edit", "1", "--title", "Final report"]);
    other.done(&["edit", "1", "--title", "Short report"]);
    for tag in ["a", "b"] {
        other.done(&["edit", "1", "--tag", tag]);
        let came = update(&place, "json", &export(&other, "json"));
        assert_eq!(counts(&came), [0, 1, 1], "{came}");
        assert_eq!(field(&place, 1, "title"), "Final report");
    }
    assert_eq!(field(&place, 1, "tags"), json!(["a", "b"]));
    // Nor is the title that was kept here taken there for one that was changed here alone.
    let came = update(&other, "json", &export(&place, "json"));
    assert_eq!(field(&other, 1, "title"), "Short report", "{came}");
}

#[test]
fn a_line_of_ours_is_known_by_a_database_that_has_the_task_from_another_kind_of_file() {
    for format in ["json", "ics"] {
        let (place, other) = (Place::new(), Place::new());
        place.done(&["add", "Water", "due:2026-12-07 9:00", "repeat:every mon"]);
        other.done(&["add", "Its own"]);
        update(&other, format, &export(&place, format));
        let line = export(&place, "todo.txt").replace("Water", "Water the plants");
        let came = update(&other, "todo.txt", &line);
        assert_eq!(counts(&came), [0, 1, 0], "{format}: {came}");
        let fields = ["title", "due", "repeat"];
        let of = |place: &Place, id: usize| fields.map(|name| field(place, id, name));
        let [_, due, repeat] = of(&place, 1);
        assert_eq!(
            of(&other, 2),
            [json!("Water the plants"), due, repeat],
            "{format}"
        );
    }
}

#[test]
fn tasks_that_were_added_at_once_are_told_apart_where_they_have_other_numbers() {
    for format in ["json", "ics"] {
        let (place, other) = (Place::new(), Place::new());
        let added = place.run(&["add", "-"], b"One\nTwo\nThree\n");
        assert!(added.status.success(), "{added:?}");
        other.done(&["add", "Its own"]);
        update(&other, format, &export(&place, format));
        other.done(&["edit", "3", "--title", "Two and a half"]);
        let came = update(&place, format, &export(&other, format));
        assert_eq!(counts(&came), [1, 1, 0], "{format}: {came}");
        let titles: Vec<Value> = (1..=3).map(|id| field(&place, id, "title")).collect();
        assert_eq!(titles, ["One", "Two and a half", "Three"], "{format}");
    }
}
