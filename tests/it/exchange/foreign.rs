//! Files of other programs, field by field.

use serde_json::{Value, json};

use super::{Place, fixture, part};

fn titled<'a>(tasks: &'a [Value], title: &str) -> &'a Value {
    tasks
        .iter()
        .find(|task| task["title"] == title)
        .unwrap_or_else(|| panic!("no {title}"))
}

fn assert_each(tasks: &[Value], expected: &[Value]) {
    for expected in expected {
        let title = expected["title"].as_str().unwrap();
        assert_eq!(part(titled(tasks, title), expected), *expected);
    }
}

#[test]
fn each_field_of_taskwarrior_comes_over() {
    let place = Place::new();
    let (printed, said) = place.done(&["import", &fixture("taskwarrior-2.6.2.json")]);
    assert!(
        printed.starts_with("Imported 11 tasks, #1 to #11.\n"),
        "{printed}"
    );
    for kept in [
        "estimate: kept as a line of the description (1 task)",
        "room: kept as a line",
    ] {
        assert!(said.contains(kept), "{said}");
    }
    let tasks = place.tasks();
    assert_eq!(tasks.len(), 11);
    let id = |title| titled(&tasks, title)["id"].clone();
    assert_each(
        &tasks,
        &[
            json!({ "title": "Water the tomatoes", "priority": "high", "due": "2026-12-01", "project": "Garden",
                "tags": ["outside"], "created_at": "2026-11-22T22:20:15.000Z", "updated_at": "2026-11-22T22:20:16.000Z",
                "created_by": "taskwarrior", "status": "pending",
                "comments": [
                    { "at": "2026-11-22T22:20:16.000Z", "actor": "taskwarrior", "text": "The can is in the shed" },
                    { "at": "2026-11-22T22:20:17.000Z", "actor": "taskwarrior",
                      "text": "Second note: see https://example.org/tomatoes" }] }),
            json!({ "title": "Order seeds \"early\"  late", "due": "2026-12-05T17:30:00.000Z", "defer_until": "2026-12-03",
                "project": "Garden.Spring" }),
            json!({ "title": "Build the raised bed", "priority": "medium", "defer_until": "2026-12-10",
                "description": "estimate: 4.5\nroom: shed", "depends_on": [id("Order seeds \"early\"  late")] }),
            json!({ "title": "Paint the fence – naïve ünïcode ☀", "priority": "low",
                "depends_on": [id("Water the tomatoes"), id("Build the raised bed")] }),
            json!({ "title": "Clean the gutter", "status": "in_progress", "started_at": "2026-11-22T22:20:16.000Z" }),
            json!({ "title": "Buy a ladder", "status": "completed", "completed_at": "2026-11-22T22:20:16.000Z",
                "tags": ["shop", "tools"] }),
            json!({ "title": "Dropped idea", "status": "pending", "deleted_at": "2026-11-22T22:20:16.000Z" }),
        ],
    );
    // The template goes on where its tasks end; they come as they are.
    let series = |title: &str| -> Vec<(Value, Value)> {
        let of = tasks.iter().filter(|task| task["title"] == title);
        of.map(|task| (task["due"].clone(), task["repeat"].clone()))
            .collect()
    };
    assert_eq!(
        series("Pay the rent"),
        [
            (
                json!("2027-01-01"),
                json!("FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20271231")
            ),
            (json!("2026-12-01"), Value::Null)
        ]
    );
    assert_eq!(
        series("Exercise"),
        [
            (
                json!("2026-11-24T07:00[UTC]"),
                json!("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
            ),
            (json!("2026-11-23T07:00:00.000Z"), Value::Null)
        ]
    );
}

#[test]
fn the_tasks_of_a_foreign_calendar_come_over() {
    let place = Place::new();
    let (_, said) = place.done(&["import", &fixture("foreign.ics")]);
    for remark in [
        "VEVENT: no task (1 task)",
        "VALARM: left out",
        "X-UNKNOWN: left out",
        "CATEGORIES: blanks became -",
        "RELATED-TO of the kind SIBLING: left out",
        "RECURRENCE-ID: one date of a series is a task of its own",
        "LOCATION: kept as a line of the description",
    ] {
        assert!(said.contains(remark), "{said}");
    }
    let tasks = place.tasks();
    assert_eq!(tasks.len(), 5);
    assert_each(
        &tasks,
        &[
            json!({ "title": "Submit the tax return, in two parts; both signed", "priority": "high", "due": "2026-12-24",
                "description": "First line\nSecond line with a back\\slash\nlocation: Town hall",
                "tags": ["FAMILY", "Finance-matters"], "created_at": "2026-10-31T08:00:00.000Z",
                "updated_at": "2026-11-01T12:00:00.000Z", "created_by": "icalendar" }),
            json!({ "title": "Collect the receipts", "status": "in_progress", "priority": "low", "parent": 1,
                "defer_until": "2026-12-02T09:00[Europe/Berlin]", "due": "2026-12-03T18:00[Europe/Berlin]" }),
            json!({ "title": "Put out the bins", "due": "2026-12-02", "repeat": "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE" }),
            json!({ "title": "Send it", "status": "cancelled", "depends_on": [2], "due": "2026-12-31T23:00" }),
        ],
    );
    assert_eq!(tasks[3]["completed_at"], "2026-11-04T19:00:00.000Z");
    assert_eq!(tasks[3]["repeat"], Value::Null);
}

#[test]
fn a_calendar_comes_back_as_it_went_out() {
    let (from, to) = (Place::new(), Place::new());
    let lines = [
        r#"{"format":"taskhold","version":2,"last_id":4,"tasks":4,"history":false}"#,
        r#"{"id":1,"rev":1,"title":"Comma, semicolon; \\ and 🦀 and a line that is long enough to be folded after 75 octets","description":"a\nb\n\nc","status":"in_progress","priority":"medium","due":"2026-12-24","defer_until":"2026-12-01","project":"Some, project","tags":["a","b,c"],"comments":[{"at":"2026-11-01T00:00:00.000Z","actor":"x","text":"one\ntwo"}],"created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z"}"#,
        r#"{"id":2,"rev":1,"title":"Part","status":"pending","priority":"low","due":"2026-12-24T17:00:00.000Z","defer_until":"2026-12-01","parent":1,"depends_on":[3],"created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z"}"#,
        r#"{"id":3,"rev":1,"title":"Done","status":"completed","priority":"high","created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z","completed_at":"2026-11-03T10:00:00.000Z"}"#,
        r#"{"id":4,"rev":1,"title":"Again","status":"pending","due":"2026-12-01T09:00[UTC]","defer_until":"2026-11-30","repeat":"FREQ=WEEKLY;BYDAY=TU;UNTIL=20270301","created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z"}"#,
    ];
    from.done(&["import", &from.file("a.jsonl", lines.join("\n"))]);
    let path = from.path("a.ics");
    let (_, said) = from.done(&["export", path.to_str().unwrap()]);
    assert!(
        said.contains("comments (when and by whom): 1, created_by: 4"),
        "{said}"
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.split("\r\n")
            .all(|line| line.len() <= 75 && !line.contains('\n')),
        "{text}"
    );
    assert!(text.contains("UNTIL=20270301T235959Z"), "{text}");
    to.done(&["import", path.to_str().unwrap()]);
    let same = [
        "title",
        "description",
        "status",
        "priority",
        "due",
        "defer_until",
        "repeat",
        "project",
        "tags",
        "parent",
        "depends_on",
        "created_at",
        "updated_at",
        "completed_at",
    ];
    for (went, came) in from.tasks().iter().zip(to.tasks()) {
        for field in same {
            assert_eq!(went[field], came[field], "{field} of {came}");
        }
    }
    assert_eq!(to.tasks()[0]["comments"][0]["text"], "one\ntwo");
}

#[test]
fn todo_txt_comes_back_as_it_went_out() {
    let (from, to) = (Place::new(), Place::new());
    let file = "\
(A) 2026-11-01 Call the office about +plans today +Move @phone due:2026-12-24 t:2026-12-01 rec:+2w id:1
2026-11-01 Pack the books status:in_progress p:1 dep:4 id:2
2026-11-01 See https://example.org/a:b at 10:30 +Move id:3
x 2026-11-03 2026-11-01 Buy boxes @shop pri:B id:4
";
    from.done(&["import", &from.file("todo.txt", file)]);
    let (first, said) = from.done(&["export", "--format", "todo.txt"]);
    // Our own lines say from which state of a task they were made.
    let state = |line: &str| {
        line.split(" rev:1-")
            .nth(1)
            .map(|rest| rest.split(' ').next().unwrap().to_owned())
    };
    let mut without = first.clone();
    for state in first.lines().map(|line| state(line).unwrap()) {
        without = without.replace(&format!(" rev:1-{state}"), "");
    }
    assert_eq!(without, file);
    assert!(said.contains("rev: 4"), "{said}");
    to.done(&["import", &to.file("again.txt", &first)]);
    assert_eq!(to.done(&["export", "--format", "todo.txt"]).0, first);
}

#[test]
fn a_title_that_looks_like_marks_comes_back_from_todo_txt_as_it_was() {
    let (from, to) = (Place::new(), Place::new());
    let titles = [
        "due:2026-12-24",
        "self p:1",
        "call case id:7 p:1",
        "do dep:1 now",
        "x done",
        "(A) first",
        "2026-01-01 new year",
        "--",
        "buy  milk @home",
    ];
    for title in titles {
        from.done(&["add", "--", title]);
    }
    let (text, _) = from.done(&["export", "--format", "todo.txt"]);
    to.done(&["import", &to.file("todo.txt", &text)]);
    let came = to.tasks();
    let came: Vec<&str> = came
        .iter()
        .map(|task| task["title"].as_str().unwrap())
        .collect();
    assert_eq!(came, titles, "{text}");
    assert!(to.tasks().iter().all(|task| task["due"].is_null()));
}
