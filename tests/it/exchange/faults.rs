//! What cannot be used is named by its line, and nothing is imported because of it.

use serde_json::{Value, json};

use super::Place;

const HEADER: &str = r#"{"format":"taskhold","version":1,"last_id":3,"tasks":3,"history":false}"#;

fn task(id: i64, more: &str) -> String {
    format!(
        r#"{{"id":{id},"rev":1,"title":"Task {id}","status":"pending","created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-01T00:00:00.000Z"{more}}}"#
    )
}

fn file(tasks: &[String]) -> String {
    format!("{HEADER}\n{}\n", tasks.join("\n"))
}

/// Files, and what is said of each.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = |id| task(id, "");
    let three = |second: &str| file(&[good(1), task(2, second), good(3)]);
    vec![
        ("empty.jsonl", vec![], "it is empty"),
        ("garbage.jsonl", b"\x00\x01\xff\xfe nothing".to_vec(), "it is no text: line 1 has a NUL byte"),
        ("database.txt", b"SQLite format 3\0".to_vec(), "it is no text: line 1 has a NUL byte"),
        ("hello.txt", b"Buy milk\nhello\0world\n".to_vec(), "it is no text: line 2 has a NUL byte"),
        ("hello.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:a\0\r\n".to_vec(), "it is no text: line 3 has a NUL byte"),
        ("bytes.jsonl", b"\xff\xf1 nothing".to_vec(), "is not in UTF-8"),
        ("diary.jsonl", b"Dear diary".to_vec(), "it is no export of taskhold: that begins with {\"format\":\"taskhold\""),
        ("garbage", b"what may this be".to_vec(), "say what it is: --format json, todo.txt, taskwarrior or ics"),
        ("utf16.txt", b"\xff\xfeT\0a\0".to_vec(), "it is in UTF-16; save it as UTF-8"),
        ("latin1.txt", b"Caf\xe9\n".to_vec(), "line 1: is not in UTF-8"),
        ("table.csv", b"id,title\n1,x\n".to_vec(), "files of this format are written, and not read"),
        (
            "newer.jsonl",
            br#"{"format":"taskhold","version":3,"tasks":0,"new":1}"#.to_vec(),
            "it is of version 3 of the format, and this taskhold reads 1 to 2; update taskhold",
        ),
        ("cut.jsonl", file(&[good(1), good(2)]).into_bytes(), "the file ends with 2 tasks, and its first line says 3"),
        ("twice.jsonl", file(&[good(1), good(1), good(3)]).into_bytes(), "line 3: id 1 is in the file twice"),
        ("dangling.jsonl", three(r#","parent":9"#).into_bytes(), "line 3: parent names 9, which is not in the file"),
        ("self.jsonl", three(r#","depends_on":[2]"#).into_bytes(), "depends_on goes round in a circle: 2 -> 2"),
        (
            "circle.jsonl",
            file(&[task(1, r#","parent":3"#), task(2, r#","parent":1"#), task(3, r#","parent":2"#)]).into_bytes(),
            "parent goes round in a circle: 1 -> 3 -> 2 -> 1",
        ),
        ("field.jsonl", three(r#","colour":"red""#).into_bytes(), "line 3: unknown field `colour`"),
        ("rev.jsonl", three("").replace(r#""id":2,"rev":1"#, r#""id":2,"rev":0"#).into_bytes(), "line 3: rev is 0"),
        (
            "high.jsonl",
            three("").replace(r#""id":2,"rev":1"#, r#""id":2,"rev":9223372036854775807"#).into_bytes(),
            "line 3: rev is 9223372036854775807; it counts from 1 to 9007199254740991",
        ),
        (
            "id.jsonl",
            three("").replace("\"id\":2,", "\"id\":9223372036854775807,").into_bytes(),
            "line 3: id is more than 4503599627370496",
        ),
        (
            "last.jsonl",
            three("").replace("\"last_id\":3", "\"last_id\":9223372036854775807").into_bytes(),
            "its last_id is not between 0 and 9007199254740991",
        ),
        ("when.jsonl", three(r#","due":"soon""#).into_bytes(), "line 3: \"soon\" is no date"),
        ("half.jsonl", format!("{HEADER}\n{}\n{{\"id\":2,", good(1)).into_bytes(), "line 3: EOF while parsing"),
        ("cut.json", b"[\n{\"description\":\"a\"},\n{\"description\":\"b".to_vec(), "line 3: the file ends"),
        (
            "unended.json",
            b"[\n{\"description\":\"a\"},\n{\"description\":\"b\"}\n".to_vec(),
            "line 4: the file ends before its list does, without the ]; export it again",
        ),
        ("comma.json", b"[\n{\"description\":\"a\"},\n".to_vec(), "line 3: the file ends before its list does"),
        ("opened.json", b"[".to_vec(), "line 1: the file ends before its list does"),
        ("nested.json", b"[[[[".to_vec(), "line 1: [ stands where a task or the end of the list must be"),
        ("holes.json", b"[\n{\"description\":\"a\"},,]".to_vec(), "line 2: , stands where"),
        ("more.json", b"[{\"description\":\"a\"}]\n{}".to_vec(), "line 2: the list ends, and something comes after it"),
        ("open.json", b"{\"description\":\"a\"}\n]".to_vec(), "line 2: ] stands where"),
        ("type.json", b"[\n{\"description\":1,\"uuid\":\"x\",\"status\":\"pending\"}]".to_vec(), "line 2: description is no text"),
        ("due.json", b"[{\"description\":\"a\",\"uuid\":\"x\",\"status\":\"pending\",\"due\":\"soon\"}]".to_vec(), "line 1: due is no time like"),
        ("cut.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:a\r\n".to_vec(), "line 2: the file ends in the middle"),
        (
            "unended.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:a\r\nEND:VTODO\r\n".to_vec(),
            "line 4: the file ends without END:VCALENDAR; export it again",
        ),
        (
            "event.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:a\r\nEND:VTODO\r\nBEGIN:VEVENT\r\nSUMMARY:b\r\n".to_vec(),
            "line 6: the file ends without END:VEVENT; export it again",
        ),
        (
            "due.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:a\r\nDUE:soon\r\nEND:VTODO\r\nEND:VCALENDAR\r\n".to_vec(),
            "line 4: DUE is no date",
        ),
        ("no.ics", b"Dear diary".to_vec(), "it is no calendar"),
        (
            "old.ics",
            b"BEGIN:VCALENDAR\rBEGIN:VTODO\rSUMMARY:a\rEND:VTODO\rEND:VCALENDAR\r".to_vec(),
            "its lines end with CR alone; save it with LF or CRLF",
        ),
        ("old.txt", b"Buy milk\rCall Ann\r".to_vec(), "its lines end with CR alone"),
        ("noise.txt", b"\x93\x07\rX\x1f\xc4\x00\r\xf1".to_vec(), "it is no text"),
        ("noise.ics", b"BEGIN\x05:\rVCALENDAR\x02".to_vec(), "it is no text"),
        ("hidden.txt", "Tag \u{1b}[31m@\u{200b} +\u{202e}\n".as_bytes().to_vec(), ""),
    ]
}

#[test]
fn each_fault_is_named_and_nothing_is_imported() {
    for (name, content, expected) in cases() {
        let place = Place::new();
        let path = place.file(name, content);
        if expected.is_empty() {
            // Taken in, without what cannot be seen.
            let (_, said) = place.done(&["import", &path]);
            assert!(
                said.contains("title: characters that cannot be seen were taken out"),
                "{said}"
            );
            assert!(!place.done(&["list"]).0.contains('\u{1b}'));
            continue;
        }
        let said = place.refused(&["import", &path]);
        assert!(said.contains(expected), "{name}: {said}");
        assert!(
            said.lines()
                .all(|line| line.starts_with(&format!("taskhold: {path}: "))
                    || line.starts_with("hint: ")),
            "{name}: {said}"
        );
        assert_eq!(place.tasks().len(), 0, "{name}");
        assert_eq!(place.store().last_change().unwrap(), 0, "{name}");
    }
}

#[test]
fn what_is_at_fault_can_be_left_out_and_the_rest_kept() {
    let place = Place::new();
    let path = place.file(
        "a.jsonl",
        file(&[
            task(1, r#","depends_on":[2,3]"#),
            task(2, r#","due":"soon""#),
            task(3, ""),
        ]),
    );
    let said = place.refused(&["import", &path]);
    assert!(
        said.contains(
            "nothing was imported because of 2 faults\nhint: mend the file, or give --skip-bad"
        ),
        "{said}"
    );
    let (printed, said) = place.done(&["import", "--skip-bad", &path]);
    assert!(
        printed.starts_with("Imported 2 tasks, #1 to #3, as they are in the file.\n"),
        "{printed}"
    );
    assert!(said.contains("line 3: \"soon\" is no date"), "{said}");
    assert!(
        said.contains("line 2: depends_on names 2, which is not in the file"),
        "{said}"
    );
    let tasks = place.tasks();
    assert_eq!(tasks[0]["depends_on"], serde_json::json!([3]));
    assert_eq!(tasks[1]["id"], 3);
}

#[test]
fn faults_beyond_the_twentieth_are_counted() {
    let place = Place::new();
    let lines = b"Caf\xe9\n".repeat(25);
    let said = place.refused(&["import", &place.file("a.txt", lines)]);
    assert_eq!(said.lines().count(), 23, "{said}");
    assert!(said.contains("and 5 more"), "{said}");
}

#[test]
fn a_list_without_an_array_is_read_as_old_versions_wrote_it() {
    for text in [
        "{\"description\":\"a\",\"uuid\":\"x\",\"status\":\"pending\"}\n{\"description\":\"b\"}\n",
        "{\"description\":\"a\",\"uuid\":\"x\",\"status\":\"pending\"},\n{\"description\":\"b\"},\n",
        "\u{feff}[ {\"description\":\"a\"}\n,{\"description\":\"b\",\"uuid\":\"x\",\"status\":\"waiting\"}]\n\n",
    ] {
        let place = Place::new();
        let (printed, _) = place.done(&["import", &place.file("a.json", text)]);
        assert!(printed.starts_with("Imported 2 tasks"), "{text}: {printed}");
    }
    let place = Place::new();
    let empty = place.file("a.json", "[\n]\n");
    assert_eq!(place.done(&["import", &empty]).0, "Imported 0 tasks.\n");
    let garbage = place.file("b", "][,,,]]]");
    let said = place.refused(&["import", "--format", "taskwarrior", &garbage]);
    assert!(
        said.contains("it is no export of Taskwarrior: line 1 does not begin with [ or {"),
        "{said}"
    );
}

#[test]
fn two_calendars_in_a_file_are_both_read() {
    let calendar = |title: &str| {
        format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:{title}\nEND:VTODO\nEND:VCALENDAR\n")
    };
    let place = Place::new();
    let both = format!("{}\n{}", calendar("One"), calendar("Two"));
    let (printed, _) = place.done(&["import", &place.file("a.ics", both)]);
    assert!(printed.starts_with("Imported 2 tasks"), "{printed}");
}

#[test]
fn a_missing_tail_is_told_and_no_task_is_counted_for_it() {
    let tail = [
        ("a.jsonl", file(&[task(1, ""), task(2, "")])),
        (
            "b.json",
            "[\n{\"description\":\"a\"},\n{\"description\":\"b\"},\n".to_owned(),
        ),
        (
            "c.ics",
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:a\nEND:VTODO\nBEGIN:VTODO\nSUMMARY:b\nEND:VTODO\nBEGIN:VTODO\n"
                .to_owned(),
        ),
    ];
    for (name, content) in tail {
        let place = Place::new();
        let path = place.file(name, content);
        place.refused(&["import", &path]);
        let (printed, said) = place.done(&["import", "--skip-bad", "--json", &path]);
        let imported: Value = serde_json::from_str(&printed).unwrap();
        let fields = ["new", "bad", "cut", "references_left_out"];
        let found = fields.map(|field| imported[field].clone());
        assert_eq!(
            found,
            [json!(2), json!(0), json!(true), json!(0)],
            "{imported}"
        );
        assert!(said.contains("the file ends"), "{said}");
    }
}

#[test]
fn the_highest_numbers_leave_room_to_go_on_from() {
    // What a database made of them exports is read again.
    let (place, other) = (Place::new(), Place::new());
    let highest = "9007199254740991";
    let text = file(&[task(1, ""), task(2, ""), task(3, "")])
        .replace("\"last_id\":3", &format!("\"last_id\":{highest}"))
        .replace(
            "\"id\":3,\"rev\":1",
            &format!("\"id\":{highest},\"rev\":{highest}"),
        );
    let (printed, said) = place.done(&["import", &place.file("a.jsonl", text)]);
    assert!(
        printed.starts_with(&format!(
            "Imported 3 tasks, #1 to #3: 1 of the file is #1, {highest} of the file is #3.\n"
        )),
        "{printed}"
    );
    assert!(
        said.contains("rev: one that leaves no room to count on became 1"),
        "{said}"
    );
    place.done(&["edit", "3", "--title", "Changed"]);
    place.done(&["add", "Next"]);
    let exported = place.done(&["export"]).0;
    other.done(&["import", &other.file("b.jsonl", &exported)]);
    assert_eq!(other.done(&["export"]).0, exported);

    let kept = 1_i64 << 52;
    let text = file(&[task(1, ""), task(2, ""), task(kept, "")])
        .replace("\"last_id\":3", &format!("\"last_id\":{kept}"));
    let (place, other) = (Place::new(), Place::new());
    place.done(&["import", &place.file("a.jsonl", text)]);
    assert_eq!(
        place.done(&["add", "Next"]).0,
        format!("Added {} Next\n", kept + 1)
    );
    let exported = place.done(&["export"]).0;
    let (printed, _) = other.done(&["import", &other.file("b.jsonl", &exported)]);
    assert!(printed.starts_with("Imported 4 tasks"), "{printed}");
}

#[test]
fn tasks_out_of_order_are_told_by_their_lowest_and_highest_id() {
    let place = Place::new();
    let text = file(&[task(3, ""), task(1, ""), task(2, "")]);
    let (printed, _) = place.done(&["import", &place.file("a.jsonl", text)]);
    assert!(
        printed.starts_with("Imported 3 tasks, #1 to #3, as they are in the file.\n"),
        "{printed}"
    );
    let one = file(&[task(1, ",\"description\":\"x\"")])
        .replace("\"tasks\":3", "\"tasks\":1")
        .replace("2026-11-01", "2026-11-02");
    let (printed, _) = place.done(&["import", &place.file("b.jsonl", &one)]);
    assert!(
        printed.starts_with("Imported 1 task, #4: 1 of the file.\n"),
        "{printed}"
    );
    let empty = Place::new();
    let (printed, _) = empty.done(&["import", &empty.file("b.jsonl", &one)]);
    assert!(
        printed.starts_with("Imported 1 task, #1, as it is in the file.\n"),
        "{printed}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_end_and_says_nothing_is_refused_at_once() {
    let place = Place::new();
    let said = place.refused(&["import", "/dev/full"]);
    assert!(
        said.starts_with(
            "taskhold: /dev/full: what it is cannot be told\nhint: say what it is: --format"
        ),
        "{said}"
    );
}

#[test]
fn every_refusal_of_a_file_says_what_to_do_next() {
    let place = Place::new();
    let folder = place.path("");
    for file in [
        "/nowhere/tasks.jsonl",
        folder.to_str().unwrap(),
        &place.file("empty", ""),
        &place.file("any", "what may this be"),
        &place.file("table.csv", "id,title\n"),
        &place.file("bad.txt", b"Caf\xe9"),
        &place.file("diary.jsonl", "Dear diary"),
    ] {
        let said = place.refused(&["import", "--json", file]);
        let error: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert!(error["error"]["hint"].is_string(), "{file}: {error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::new();
    let said = place.refused(&["import", "/nowhere/tasks.jsonl"]);
    assert!(
        said.starts_with("taskhold: /nowhere/tasks.jsonl: "),
        "{said}"
    );
    let folder = place.path("");
    assert!(
        place
            .refused(&["import", folder.to_str().unwrap()])
            .contains("directory")
    );
}
