//! Files as other programs and people write them, each of a kind that was once misread, and what becomes of them.

use serde_json::{Value, json};

use super::{Place, fixture, part};

/// Imports a file of the folder `cases` into a new database. Returns its tasks, and what was said.
fn taken(place: &Place, name: &str) -> (Vec<Value>, String) {
    let (_, said) = place.done(&["import", &fixture(&format!("cases/{name}"))]);
    (place.tasks(), said)
}

/// Checks that a file is read as these tasks, of which the given fields are compared.
fn assert_read(name: &str, expected: &[Value]) {
    let (tasks, said) = taken(&Place::new(), name);
    assert_eq!(tasks.len(), expected.len(), "{name}: {tasks:?}");
    for (task, expected) in tasks.iter().zip(expected) {
        assert_eq!(part(task, expected), *expected, "{name}: {said}");
    }
}

#[test]
fn lines_of_todo_txt_are_read_as_they_were_meant() {
    let words = "word ".repeat(130);
    let short = format!("{}…", "word ".repeat(100).trim_end());
    assert_read(
        "todo-priority-after-completion-date.txt",
        &[
            json!({ "title": "Send report", "status": "completed", "priority": "medium", "project": "Office",
            "completed_at": "2026-11-20T00:00:00.000Z", "created_at": "2026-11-01T00:00:00.000Z" }),
        ],
    );
    assert_read(
        "todo-first-line-bracket.txt",
        &[
            json!({ "title": "[Urgent] Call the plumber", "tags": ["phone"] }),
            json!({ "title": "Buy milk" }),
        ],
    );
    assert_read(
        "todo-checkbox-lines.txt",
        &[
            json!({ "title": "Buy milk", "status": "pending" }),
            json!({ "title": "Call Mom", "status": "completed" }),
        ],
    );
    assert_read(
        "todo-threshold-rec-no-due.txt",
        &[json!({ "title": "Water plants", "due": "2026-12-05", "defer_until": "2026-12-05" })],
    );
    assert_read(
        "todo-foreign-id.txt",
        &[
            json!({ "title": "Fix login id:PROJ-123", "project": "web" }),
            json!({ "title": "Fix logout id:PROJ-124" }),
        ],
    );
    assert_read(
        "todo-foreign-p-dep.txt",
        &[
            json!({ "title": "Read chapter p:high" }),
            json!({ "title": "Pomodoro work p:3/5" }),
            json!({ "title": "Call dep:sales" }),
        ],
    );
    assert_read(
        "todo-long-line.txt",
        &[
            json!({ "title": short, "description": words.trim_end() }),
            json!({ "title": "short" }),
        ],
    );
}

#[test]
fn exports_of_taskwarrior_are_read_as_it_means_them() {
    assert_read(
        "tw-multiline-description.json",
        &[json!({ "title": "Line one", "description": "line two" })],
    );
    assert_read(
        "tw-depends-stringified.json",
        &[
            json!({ "title": "A", "depends_on": null }),
            json!({ "title": "B", "depends_on": [1] }),
            json!({ "title": "C", "depends_on": [1] }),
            json!({ "title": "D", "depends_on": [1, 2] }),
            json!({ "title": "E", "depends_on": [1] }),
        ],
    );
    let rule = |name| {
        let (tasks, _) = taken(&Place::new(), name);
        let rule = tasks[0]["repeat"].as_str().unwrap_or_default();
        rule.split(';').take(2).collect::<Vec<_>>().join(";")
    };
    assert_eq!(rule("tw-recur-3m.json"), "FREQ=MONTHLY;INTERVAL=3");
    assert_eq!(rule("tw-recur-2-weeks.json"), "FREQ=WEEKLY;INTERVAL=2");
}

#[test]
fn a_list_of_something_else_is_no_export_of_taskwarrior() {
    let place = Place::new();
    for file in [
        fixture("cases/other-json-taken-as-taskwarrior.json"),
        place.file("other.json", r#"[{"description":"Things at home"}]"#),
    ] {
        let said = place.refused(&["import", &file]);
        let reason = "it is no export of Taskwarrior: no task in it has two of a uuid, an entry and a status as Taskwarrior writes them\n";
        assert!(said.contains(reason), "{said}");
        assert_eq!(place.tasks().len(), 0);
    }
}

#[test]
fn what_a_calendar_writes_in_its_own_way_is_read() {
    let words = "word ".repeat(130);
    let short = format!("{}…", "word ".repeat(100).trim_end());
    for (name, expected) in [
        (
            "fold-utf8.ics",
            json!({ "title": "Zahnarzt anrufen wegen Prüfung" }),
        ),
        (
            "multiline-summary.ics",
            json!({ "title": "Buy paint", "description": "and brushes" }),
        ),
        (
            "no-summary.ics",
            json!({ "title": "only a note", "due": "2026-12-04" }),
        ),
        (
            "long-summary.ics",
            json!({ "title": short, "description": words.trim_end() }),
        ),
        (
            "duration.ics",
            json!({ "defer_until": "2026-12-01", "due": "2026-12-04" }),
        ),
        ("percent100.ics", json!({ "status": "completed" })),
        (
            "created-0.ics",
            json!({ "title": "Old", "created_at": "2026-11-01T12:00:00.000Z" }),
        ),
        ("xname-underscore.ics", json!({ "title": "A" })),
        (
            "cat-comma.ics",
            json!({ "tags": ["Home-Garden", "Work", "more"] }),
        ),
        ("dup-uid.ics", json!({ "title": "New words" })),
        (
            "byhour.ics",
            json!({ "due": "2026-12-02T09:00", "repeat": "FREQ=DAILY" }),
        ),
        ("qp3.ics", json!({ "title": "Müll rausbringen" })),
        (
            "tz-evolution-tzid.ics",
            json!({ "due": "2026-12-04T17:00[America/New_York]" }),
        ),
        (
            "windows-tzid.ics",
            json!({ "due": "2026-12-04T17:00[America/Los_Angeles]" }),
        ),
        (
            "utc-byday.ics",
            json!({ "due": "2026-12-08T23:30[UTC]", "repeat": "FREQ=WEEKLY;BYDAY=TU" }),
        ),
        (
            "start-due-rule.ics",
            json!({ "due": "2026-12-04", "defer_until": "2026-11-30", "repeat": "FREQ=WEEKLY;BYDAY=MO;X-FROM=START" }),
        ),
        (
            "exdate.ics",
            json!({ "due": "2026-12-02", "repeat": "FREQ=WEEKLY;BYDAY=WE;X-EXDATE=20261209" }),
        ),
        (
            "recur-done.ics",
            json!({ "due": "2026-11-22", "repeat": "FREQ=DAILY;INTERVAL=7;COUNT=27" }),
        ),
    ] {
        assert_read(name, &[expected]);
    }
    let (_, said) = taken(&Place::new(), "xname-underscore.ics");
    assert!(said.contains("X-FOO_BAR: left out (1 task)"), "{said}");
}

/// A calendar of one `VTODO`.
fn calendar(properties: &str) -> String {
    format!("BEGIN:VCALENDAR\nBEGIN:VTODO\n{properties}\nEND:VTODO\nEND:VCALENDAR\n")
}

#[test]
fn what_is_optional_or_unknown_is_left_out_with_a_note() {
    let place = Place::new();
    let text = calendar(
        "SUMMARY:One\nDUE:\nDTSTART:\nRRULE:\nPRIORITY:\nCATEGORIES:\nUID:\nSTATUS:ODD\nPRIORITY:high\n\
         COMPLETED:soon\nX-TASKHOLD-PROJECT:\nno property at all\nX A:1\nPERCENT-COMPLETE:half",
    );
    let (_, said) = place.done(&["import", &place.file("a.ics", text)]);
    for note in [
        "STATUS is none of NEEDS-ACTION",
        "PRIORITY is no number from 0 to 9: left out",
        "COMPLETED is no date like",
        "a line that is no property of a calendar was left out (1 task)",
    ] {
        assert!(said.contains(note), "{said}");
    }
    let tasks = place.tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["status"], "pending");
    assert_eq!(tasks[0]["due"], Value::Null);
    // Nothing at all is a task, too.
    let place = Place::new();
    place.done(&["import", &place.file("a.ics", calendar("UID:1"))]);
    assert_eq!(place.tasks()[0]["title"], "Untitled");
}

#[test]
fn a_date_that_cannot_be_read_is_left_out_before_its_task_is() {
    let place = Place::new();
    let text = calendar("SUMMARY:One\nDUE:soon\nDTSTART:20261201");
    let file = place.file("a.ics", text);
    let said = place.refused(&["import", &file]);
    assert!(said.contains("line 4: DUE is no date like"), "{said}");
    let (printed, said) = place.done(&["import", "--skip-bad", &file]);
    assert!(printed.starts_with("Imported 1 task, #1.\n"), "{printed}");
    assert!(said.contains("line 4: DUE is no date like"), "{said}");
    assert_eq!(place.tasks()[0]["defer_until"], "2026-12-01");
}

/// A series with a component for each of its dates that is not as the rule has it.
fn series(dates: &[(&str, &str)]) -> String {
    let master = "BEGIN:VTODO\nUID:s\nSUMMARY:Water\nDTSTART;VALUE=DATE:20261101\nDUE;VALUE=DATE:20261101\n\
                  RRULE:FREQ=WEEKLY;COUNT=10\nEND:VTODO\n";
    let instances = dates.iter().map(|(date, said)| {
        format!("BEGIN:VTODO\nUID:s\nRECURRENCE-ID;VALUE=DATE:{date}\nSUMMARY:Water\n{said}\nEND:VTODO\n")
    });
    // Wherever the series stands among them.
    let instances: Vec<String> = instances.collect();
    let (before, after) = instances.split_at(instances.len() / 2);
    format!(
        "BEGIN:VCALENDAR\n{}{master}{}END:VCALENDAR\n",
        before.concat(),
        after.concat()
    )
}

#[test]
fn a_series_goes_on_after_the_dates_that_are_closed() {
    let done = "STATUS:COMPLETED\nCOMPLETED:20261108T100000Z";
    let read = |dates: &[(&str, &str)]| {
        let place = Place::new();
        place.done(&["import", &place.file("a.ics", series(dates))]);
        let tasks = place.tasks();
        let fields = ["title", "status", "due", "repeat", "repeat_from"];
        let part =
            |task: &Value| fields.map(|field| task[field].as_str().unwrap_or("-").to_owned());
        tasks
            .iter()
            .map(|task| part(task).join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        read(&[("20261101", done), ("20261108", "STATUS:CANCELLED")]),
        ["Water pending 2026-11-15 FREQ=WEEKLY;BYDAY=SU;COUNT=8 -"]
    );
    // Moved, and in work.
    assert_eq!(
        read(&[
            ("20261101", done),
            ("20261108", "DUE;VALUE=DATE:20261110\nSTATUS:IN-PROCESS"),
        ]),
        ["Water in_progress 2026-11-10 FREQ=WEEKLY;BYDAY=SU;COUNT=9 2026-11-08"]
    );
    // One that says what the rule says is no other.
    assert_eq!(
        read(&[("20261108", "DUE;VALUE=DATE:20261108")]),
        ["Water pending 2026-11-01 FREQ=WEEKLY;BYDAY=SU;COUNT=10 -"]
    );
    // All are closed.
    let all: Vec<String> = (0..10)
        .map(|week| {
            let first = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
            (first + chrono::Days::new(week * 7))
                .format("%Y%m%d")
                .to_string()
        })
        .collect();
    let all: Vec<(&str, &str)> = all.iter().map(|date| (date.as_str(), done)).collect();
    assert_eq!(
        read(&all),
        ["Water completed 2027-01-03 FREQ=WEEKLY;BYDAY=SU;COUNT=10 -"]
    );
}

#[test]
fn a_series_goes_on_by_the_days_of_the_zone_that_the_file_names() {
    for (name, written, expected) in [
        // Tuesday 23:30 in UTC is Wednesday 00:30 in Berlin.
        (
            "utc-byday.ics",
            "DUE:20261208T233000Z\r\nDTSTART:20261208T000000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\n",
            json!({ "due": "2026-12-15T23:30[UTC]" }),
        ),
        (
            "start-due-rule.ics",
            "DUE;VALUE=DATE:20261204\r\nDTSTART;VALUE=DATE:20261130\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\n",
            json!({ "due": "2026-12-11", "defer_until": "2026-12-07" }),
        ),
        // The date that is excluded is passed over.
        (
            "exdate.ics",
            "EXDATE;VALUE=DATE:20261209\r\nRRULE:FREQ=WEEKLY;BYDAY=WE\r\n",
            json!({ "due": "2026-12-16" }),
        ),
    ] {
        let place = Place::new();
        let ran = |arguments: &[&str]| {
            let command = &mut place.home.command(arguments);
            let output = command.env("TZ", "Europe/Berlin").output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        ran(&["import", &fixture(&format!("cases/{name}"))]);
        let text = ran(&["export", "--format", "ics"]);
        assert!(text.contains(written), "{name}: {text}");
        ran(&["done", "1"]);
        assert_eq!(part(&place.tasks()[0], &expected), expected, "{name}");
    }
}

#[test]
fn a_series_is_written_with_its_zone_and_comes_back() {
    let place = Place::new();
    let ran = |arguments: &[&str]| {
        let command = &mut place.home.command(arguments);
        let output = command.env("TZ", "America/Los_Angeles").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    ran(&[
        "add",
        "Gym",
        "due:2027-12-03 17:00",
        "repeat:every friday until 2028-03-31",
    ]);
    ran(&["add", "Rent", "due:2027-12-01", "repeat:monthly on the 1st"]);
    ran(&[
        "add",
        "Moved",
        "due:2027-12-06 09:00",
        "repeat:every monday",
    ]);
    ran(&["edit", "3", "due:2027-12-07 10:00"]);
    let text = ran(&["export", "--format", "ics"]);
    for lines in [
        "BEGIN:VTIMEZONE\r\nTZID:America/Los_Angeles\r\n",
        "DUE;TZID=America/Los_Angeles:20271203T170000\r\nDTSTART;TZID=America/Los_Angeles:20271203T000000\r\n\
         RRULE:FREQ=WEEKLY;BYDAY=FR;UNTIL=20280401T065959Z\r\n",
        "STATUS:NEEDS-ACTION\r\nDTSTART;VALUE=DATE:20271201\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1\r\n",
        "RECURRENCE-ID;TZID=America/Los_Angeles:20271206T000000\r\nDUE;TZID=America/Los_Angeles:20271207T100000\r\n",
    ] {
        assert!(text.contains(lines), "{lines}\n{text}");
    }
    assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 1, "{text}");
    assert!(
        text.find("BEGIN:VTIMEZONE") < text.find("BEGIN:VTODO"),
        "{text}"
    );
    let other = Place::new();
    other.done(&["import", &other.file("a.ics", &text)]);
    let fields = ["title", "due", "repeat_from", "defer_until"];
    let said = |place: &Place| -> Vec<_> {
        let tasks = place.tasks();
        tasks
            .iter()
            .map(|task| fields.map(|field| task[field].clone()))
            .collect()
    };
    assert_eq!(said(&other), said(&place));
    assert_eq!(
        other.tasks()[2]["repeat_from"],
        "2027-12-06T09:00[America/Los_Angeles]"
    );
}
