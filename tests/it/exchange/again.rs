//! What comes a second time: it is known again, and nothing is doubled.

use serde_json::{Value, json};

use super::{Place, fixture};

/// Tasks as people and models make them, some with words that a line of todo.txt says other things with.
fn filled() -> Place {
    let place = Place::new();
    for arguments in [
        &["add", "Buy milk"][..],
        &["add", "Buy milk"],
        &["add", "--", "Ask  about +plans today @bob"],
        &["add", "--", "Note due:2026-12-24 here rec:+1w"],
        &[
            "add",
            "Émile \u{1f469}\u{200d}\u{1f680} שלום",
            "-d",
            "two\nlines",
        ],
        &[
            "add",
            "Plan",
            "due:2026-12-24 17:00",
            "defer:2026-12-01",
            "project:Two words",
            "+a",
            "!high",
            "repeat:every 2 weeks",
        ],
        &["add", "Part", "parent:6", "after:1,2"],
        &["done", "2"],
        &["start", "1"],
        &["cancel", "3"],
        &["comment", "1", "one"],
        &["add", "Gone"],
        &["delete", "8"],
    ] {
        place.done(arguments);
    }
    place
}

fn imported(place: &Place, arguments: &[&str]) -> Value {
    let arguments = [&["import", "--json"], arguments].concat();
    serde_json::from_str(&place.done(&arguments).0).unwrap()
}

fn counts(imported: &Value) -> [u64; 3] {
    ["new", "here", "differ"].map(|field| imported[field].as_u64().unwrap())
}

#[test]
fn an_export_that_comes_back_into_its_database_doubles_nothing() {
    for format in ["json", "todo.txt", "ics"] {
        let place = filled();
        let file = place.path("out");
        let file = file.to_str().unwrap();
        place.done(&["export", "--format", format, file]);
        let tasks = if format == "json" { 8 } else { 7 };
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [0, tasks, 0], "{format}: {again}");
        assert_eq!(place.tasks().len(), 8, "{format}");
        // What was changed since is left as it is, and said.
        place.done(&["done", "1"]);
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [0, tasks, 1], "{format}: {again}");
        // What was deleted since is in the trash, and is named.
        place.done(&["delete", "4"]);
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [0, tasks, 1], "{format}: {again}");
        assert_eq!(again["trashed"][0]["task"], 4, "{format}: {again}");
    }
}

#[test]
fn a_calendar_of_ours_is_known_by_its_uid_under_any_title() {
    let place = filled();
    let file = place.path("out.ics");
    let file = file.to_str().unwrap();
    place.done(&["export", file]);
    place.done(&["edit", "1", "--title", "Buy oat milk"]);
    let again = imported(&place, &[file]);
    assert_eq!(counts(&again), [0, 7, 1], "{again}");
    // In another database the times are those of the first, to the millisecond, and so is what it exports.
    let other = Place::new();
    assert_eq!(imported(&other, &[file])["new"], 7);
    let created = |place: &Place| -> Vec<Value> {
        let tasks = place.tasks().into_iter().take(7);
        tasks.map(|task| task["created_at"].clone()).collect()
    };
    assert_eq!(created(&other), created(&place));
    assert_eq!(counts(&imported(&other, &[file])), [0, 7, 0]);
    let back = other.path("back.ics");
    let back = back.to_str().unwrap();
    other.done(&["export", back]);
    assert_eq!(imported(&place, &[back])["new"], 0);
}

#[test]
fn a_foreign_file_that_comes_again_doubles_nothing() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let todo = "(A) 2011-03-02 Call Mom +Family @phone\nCall Mom id:1\nx 2011-03-03 Call Mom\n\
                x 2011-03-02 2011-03-01 Review +TodoTxtTouch @github\n2026-01-01 Again due:2026-12-24 rec:2w\n";
    let undated = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:No stamp\nEND:VTODO\nEND:VCALENDAR\n";
    let unborn = r#"{"description":"No entry","status":"pending","urgency":1}"#;
    for file in [
        fixture("taskwarrior-2.6.2.json"),
        fixture("foreign.ics"),
        place.file("todo.txt", todo),
        place.file("undated.ics", undated),
        place.file("unborn.json", unborn),
    ] {
        let first = imported(&place, &[&file]);
        assert_eq!(first["here"], 0, "{file}: {first}");
        let again = imported(&place, &[&file]);
        assert_eq!(
            counts(&again),
            [0, first["new"].as_u64().unwrap(), 0],
            "{file}: {again}"
        );
    }
}

#[test]
fn a_line_with_another_date_is_another_task() {
    let place = Place::new();
    place.done(&["import", &place.file("a.txt", "2026-11-01 Buy milk\n")]);
    let file = place.file("b.txt", "2026-11-08 Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [1, 0, 0]);
    let file = place.file("b.txt", "2026-11-08 Buy milk\n2026-11-01 Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [0, 2, 0]);
    // Without a date it is the first of that title.
    let file = place.file("c.txt", "Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [0, 1, 0]);
}

#[test]
fn of_two_tasks_that_look_the_same_the_trashed_one_stands_for_the_trashed_one() {
    let line = |id: u64, more: &str| {
        format!(
            "{{\"id\":{id},\"rev\":1,\"title\":\"Same\",\"status\":\"pending\",\"created_at\":\"2026-11-01T00:00:00.000Z\",\
             \"created_by\":\"x\",\"updated_at\":\"2026-11-01T00:00:00.000Z\"{more}}}\n"
        )
    };
    let deleted = r#","deleted_at":"2026-11-02T00:00:00.000Z""#;
    let header = r#"{"format":"taskhold","version":2,"last_id":9,"tasks":3,"history":false}"#;
    let (first, second, third) = (line(7, deleted), line(8, ""), line(9, deleted));
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.jsonl", format!("{header}\n{first}{second}{third}"));
    assert_eq!(imported(&place, &[&file])["new"], 3);
    let file = place.file("b.jsonl", format!("{header}\n{second}{first}{third}"));
    assert_eq!(counts(&imported(&place, &[&file])), [0, 3, 0]);
    assert_eq!(place.tasks()[2]["deleted_at"], json!(null));
}

fn case(name: &str) -> String {
    fixture(&format!("cases/{name}"))
}

#[test]
fn a_calendar_that_is_fetched_again_is_known_by_its_uids() {
    let place = Place::new();
    assert_eq!(counts(&imported(&place, &[&case("pub1.ics")])), [2, 0, 0]);
    assert_eq!(counts(&imported(&place, &[&case("pub2.ics")])), [0, 2, 0]);
    // Renamed here, exported in our own format and taken into another database: still known.
    place.done(&["edit", "1", "--title", "Pay the invoice"]);
    let file = place.path("all.jsonl");
    let file = file.to_str().unwrap();
    place.done(&["export", file]);
    let other = Place::new();
    other.done(&["import", file]);
    assert_eq!(counts(&imported(&other, &[&case("pub2.ics")])), [0, 2, 1]);
    // So it is where the database was restored or salvaged.
    place.done(&["backup"]);
    place.done(&["delete", "1"]);
    place.done(&["restore", "latest"]);
    assert_eq!(counts(&imported(&place, &[&case("pub2.ics")])), [0, 2, 1]);
    let salvaged = Place::new();
    let database = salvaged.home.database();
    std::fs::create_dir_all(database.parent().unwrap()).unwrap();
    place.done(&["doctor", "--salvage", database.to_str().unwrap()]);
    assert_eq!(
        counts(&imported(&salvaged, &[&case("pub2.ics")])),
        [0, 2, 1]
    );
    // A calendar that goes out calls them as the one that came in.
    let (text, _) = place.done(&["export", "--format", "ics"]);
    assert!(text.contains("UID:abc-1\r\n"), "{text}");
}

#[test]
fn what_is_done_does_not_stand_for_what_is_to_be_done_again() {
    for order in [["done.txt", "todo.txt"], ["todo.txt", "done.txt"]] {
        let place = Place::new();
        for _ in 0..2 {
            for name in order {
                place.done(&["import", &case(name)]);
            }
            let tasks = place.tasks();
            let completed = |task: &&Value| task["status"] == "completed";
            assert_eq!(tasks.iter().filter(completed).count(), 3, "{order:?}");
            assert_eq!(tasks.len(), 5, "{order:?}");
        }
        // What was completed here is not opened again by the file.
        let open = place.tasks();
        let open = open
            .iter()
            .find(|task| task["status"] == "pending")
            .unwrap();
        place.done(&["done", &open["id"].to_string()]);
        place.done(&["import", &case("todo.txt")]);
        assert_eq!(place.tasks().len(), 5, "{order:?}");
    }
}

/// A calendar of three tasks, the first of them as given.
fn fetched(place: &Place, first: &str) -> String {
    let todo = |uid: u32, properties: &str| {
        format!("BEGIN:VTODO\nUID:{uid}\nDTSTAMP:20261101T120000Z\n{properties}\nEND:VTODO\n")
    };
    let text = format!(
        "BEGIN:VCALENDAR\n{}{}{}END:VCALENDAR\n",
        todo(1, first),
        todo(2, "SUMMARY:Two\nRELATED-TO:1"),
        todo(3, "SUMMARY:Three"),
    );
    place.file("fetched.ics", text)
}

#[test]
fn an_update_takes_what_changed_in_the_file_and_one_undo_takes_it_back() {
    let place = Place::new();
    let one = |place: &Place| {
        let tasks = place.tasks();
        let fields = ["title", "due", "priority", "status"];
        fields.map(|field| tasks[0][field].as_str().unwrap_or("-").to_owned())
    };
    let before = "SUMMARY:One\nDUE;VALUE=DATE:20261210\nPRIORITY:1";
    let after = "SUMMARY:Once\nDUE;VALUE=DATE:20261212";
    place.done(&["import", &fetched(&place, before)]);
    let file = fetched(&place, after);
    // By itself it changes nothing, and says what differs.
    let log = place.done(&["log"]).0;
    let (printed, _) = place.done(&["import", &file]);
    assert_eq!(
        printed,
        "Imported 0 tasks.\n\
         3 were here already and left as they are; of 1 of them the file says something else.\n\
         \x20 1 One: title is Once in the file, One here\n\
         \x20 1 One: priority is nothing in the file, high here\n\
         \x20 1 One: due is 2026-12-12 in the file, 2026-12-10 here\n\
         --update takes over what changed in the file alone.\n"
    );
    assert_eq!(place.done(&["log"]).0, log);
    let rehearsed = imported(&place, &["--update", "--dry-run", &file]);
    assert_eq!(rehearsed["updated"], 1);
    assert_eq!(one(&place), ["One", "2026-12-10", "high", "pending"]);
    for _ in 0..2 {
        let (printed, _) = place.done(&["import", "--update", &file]);
        assert!(
            printed.contains("3 were here already; 1 of them changed as in the file.\n"),
            "{printed}"
        );
        assert_eq!(one(&place), ["Once", "2026-12-12", "-", "pending"]);
        assert_eq!(place.tasks()[1]["parent"], 1);
        // Nothing is left to take.
        let again = imported(&place, &["--update", &file]);
        assert_eq!(counts(&again), [0, 3, 0]);
        assert_eq!(again["group"], Value::Null);
        place.done(&["undo"]);
        assert_eq!(one(&place), ["One", "2026-12-10", "high", "pending"]);
    }
}

#[test]
fn a_field_that_was_changed_on_both_sides_is_named_and_left() {
    let place = Place::new();
    place.done(&["import", &fetched(&place, "SUMMARY:One\nPRIORITY:5")]);
    place.done(&["edit", "1", "--title", "Mine", "+here"]);
    // Changed here alone: nothing to say of it, and nothing to take.
    let file = fetched(&place, "SUMMARY:One\nPRIORITY:5");
    let again = imported(&place, &["--update", &file]);
    assert_eq!(counts(&again), [0, 3, 1]);
    assert_eq!(again["differences"], json!([]));
    let file = fetched(&place, "SUMMARY:Theirs\nPRIORITY:9\nSTATUS:COMPLETED");
    for _ in 0..2 {
        let (printed, _) = place.done(&["import", "--update", &file]);
        assert!(
            printed.contains(
                "  1 Mine: title is Theirs in the file, Mine here, left as it is here: changed in both\n"
            ),
            "{printed}"
        );
        let tasks = place.tasks();
        assert_eq!(tasks[0]["title"], "Mine");
        assert_eq!(tasks[0]["priority"], "low");
        assert_eq!(tasks[0]["status"], "completed");
        assert_eq!(tasks[0]["tags"], json!(["here"]));
    }
    // Once both say the same, there is nothing to name.
    place.done(&["edit", "1", "--title", "Theirs"]);
    assert_eq!(imported(&place, &["--update", &file])["conflicts"], 0);
}

#[test]
fn what_hangs_on_a_due_date_that_was_changed_here_is_left_with_it() {
    let place = Place::new();
    let series =
        "SUMMARY:One\nDTSTART;VALUE=DATE:20261201\nDUE;VALUE=DATE:20261202\nRRULE:FREQ=WEEKLY";
    let moved =
        "SUMMARY:One\nDTSTART;VALUE=DATE:20261215\nDUE;VALUE=DATE:20261216\nRRULE:FREQ=WEEKLY";
    let closed = format!("{series}\nSTATUS:COMPLETED\nCOMPLETED:20261129T100000Z");
    place.done(&["import", &fetched(&place, series)]);
    place.done(&["edit", "1", "due:2026-12-03"]);
    let before = place.tasks()[0].clone();
    for file in [moved.to_owned(), closed] {
        let file = fetched(&place, &file);
        let (printed, _) = place.done(&["import", "--update", &file]);
        assert!(
            printed.contains("left as it is here: changed in both"),
            "{printed}"
        );
        let task = &place.tasks()[0];
        for field in ["status", "due", "defer_until", "repeat"] {
            assert_eq!(task[field], before[field], "{field}: {printed}");
        }
    }
}

#[test]
fn our_own_calendar_brings_back_what_another_program_changed_in_it() {
    let place = Place::new();
    place.done(&["add", "Call", "due:2026-12-24"]);
    place.done(&["add", "Write"]);
    let (text, _) = place.done(&["export", "--format", "ics"]);
    let text = text
        .replace("SUMMARY:Call", "SUMMARY:Call Ann")
        .replace("SUMMARY:Write", "SUMMARY:Write to Ann")
        .replace("LAST-MODIFIED:20", "LAST-MODIFIED:21");
    let file = place.file("edited.ics", text);
    place.done(&["edit", "2", "--title", "Write a letter"]);
    let came = imported(&place, &["--update", &file]);
    assert_eq!(
        (&came["updated"], &came["conflicts"]),
        (&json!(1), &json!(1))
    );
    let titles: Vec<Value> = place
        .tasks()
        .iter()
        .map(|task| task["title"].clone())
        .collect();
    assert_eq!(titles, ["Call Ann", "Write a letter"]);
}

#[test]
fn an_update_adds_the_comments_that_are_new_in_the_file() {
    let place = Place::new();
    let task = |notes: &str| {
        format!(
            r#"[{{"uuid":"a-1","status":"pending","entry":"20261101T120000Z","description":"One","annotations":[{notes}]}}]"#
        )
    };
    let first = r#"{"entry":"20261101T120000Z","description":"first"}"#;
    let second = r#"{"entry":"20261102T120000Z","description":"second"}"#;
    place.done(&["import", &place.file("a.json", task(first))]);
    place.done(&["comment", "1", "mine"]);
    let file = place.file("a.json", task(&format!("{first},{second}")));
    let (printed, _) = place.done(&["import", "--update", &file]);
    assert!(
        printed.contains("\n  1 One: added to comments: second\n"),
        "{printed}"
    );
    let tasks = place.tasks();
    let comments = tasks[0]["comments"].as_array().unwrap();
    let texts: Vec<&Value> = comments.iter().map(|comment| &comment["text"]).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts.contains(&&json!("second")));
}
