//! Where exports go, what an import does to a database that is not empty, and who hears of it.

use std::path::Path;

use serde_json::json;
use taskhold::{
    domain::{
        command::{Caller, Command},
        task::{Actor, TaskId, Timestamp},
        when::Zone,
    },
    store::is_replay_of,
};

use super::Place;
use crate::support::Dialect;

const LINES: &str = r#"{"format":"taskhold","version":2,"last_id":9,"tasks":3,"history":false}
{"id":2,"rev":4,"title":"Move house","status":"in_progress","created_at":"2026-11-01T00:00:00.001Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z","started_at":"2026-11-02T00:00:00.000Z"}
{"id":5,"rev":1,"title":"Pack","status":"pending","parent":2,"depends_on":[7],"created_at":"2026-11-01T00:00:00.002Z","created_by":"x","updated_at":"2026-11-01T00:00:00.002Z"}
{"id":7,"rev":2,"title":"Buy boxes","status":"pending","parent":2,"created_at":"2026-11-01T00:00:00.003Z","created_by":"x","updated_at":"2026-11-01T00:00:00.004Z"}
"#;

fn caller() -> Caller {
    Caller {
        actor: Actor::named("cli"),
        now: Timestamp::from_millis(1_800_000_000_000),
        zone: Zone::UTC,
        session: None,
    }
}

#[test]
fn an_empty_database_keeps_ids_and_goes_on_after_the_last() {
    let place = Place::new();
    let (printed, _) = place.done(&["import", &place.file("a.jsonl", LINES)]);
    assert_eq!(
        printed,
        "Imported 3 tasks, #2 to #7, as they are in the file.\nIt is change group 1; one undo takes it back.\n"
    );
    assert_eq!(place.done(&["export"]).0, LINES);
    assert_eq!(place.done(&["add", "Next"]).0, "Added 10 Next\n");
    let store = place.store();
    for id in [2, 5, 7] {
        let id = TaskId::try_from(id).unwrap();
        let task = store.task(id).unwrap().unwrap();
        assert!(
            is_replay_of(&task, &store.history(id, 0).unwrap()),
            "{task:?}"
        );
    }
    assert_eq!(
        place.done(&["list", "--view", "blocked"]).0.lines().count(),
        1
    );
}

#[test]
fn an_export_that_another_program_wrote_again_with_blanks_is_one() {
    let spaced = LINES.replace(':', ": ").replace(',', ", ");
    let spaced = spaced.replace(": 00: 00", ":00:00");
    for format in [&[][..], &["--format", "json"]] {
        let place = Place::new();
        for (name, lines) in [
            ("a.jsonl", &spaced),
            ("a", &spaced.replace("{\"f", "{ \"f")),
        ] {
            let path = place.file(name, lines);
            place.done(&[&["import", &path], format].concat());
        }
        assert_eq!(place.done(&["export"]).0, LINES);
    }
    let place = Place::new();
    let other = place.file("a.json", "{\"format\": \"others\"}");
    let refused = place.refused(&["import", "--format", "json", &other]);
    assert!(
        refused.contains("it is no export of taskhold") && !refused.contains("--format"),
        "{refused}"
    );
}

#[cfg(unix)]
#[test]
fn an_export_replaces_no_device_pipe_or_link_and_writes_through_the_link() {
    use std::os::unix::fs::{FileTypeExt, symlink};

    let place = Place::new();
    place.done(&["add", "Pay rent"]);
    let pipe = place.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let null = place.path("null");
    symlink("/dev/null", &null).unwrap();
    for file in [&pipe, &null, Path::new("/dev/stdout")] {
        for arguments in [&["export"][..], &["export", "--force"]] {
            let said = place.refused(&[arguments, &[file.to_str().unwrap()]].concat());
            assert!(
                said.contains("is no regular file") && said.contains("leave FILE out"),
                "{file:?}: {said}"
            );
            assert!(!said.contains("--force"), "{said}");
        }
    }
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());

    // A shell may have sent standard output to a file.
    let shell = std::fs::File::create(place.path("shell.jsonl")).unwrap();
    let mut command = place.home.command(&["export", "--force", "/dev/stdout"]);
    let output = command.stdout(shell).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("is standard output itself"), "{said}");

    let (target, link) = (place.file("target.jsonl", "old"), place.path("link.jsonl"));
    symlink(&target, &link).unwrap();
    let link = link.to_str().unwrap();
    let said = place.refused(&["export", link]);
    assert!(
        said.contains("is there already; --force replaces it"),
        "{said}"
    );
    place.done(&["export", "--force", link]);
    assert!(Path::new(link).is_symlink());
    let written = std::fs::read_to_string(&target).unwrap();
    assert_eq!(written, place.done(&["export"]).0);

    let lost = place.path("lost.jsonl");
    symlink(place.path("nowhere"), &lost).unwrap();
    let said = place.refused(&["export", "--force", lost.to_str().unwrap()]);
    assert!(
        said.contains("is a link, and what it leads to is not found"),
        "{said}"
    );
}

#[test]
fn another_database_gives_new_ids_and_knows_the_same_tasks_again() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.jsonl", LINES);
    let (printed, _) = place.done(&["import", &file]);
    assert!(
        printed
            .starts_with("Imported 3 tasks, #2 to #4: 2 of the file is #2, 7 of the file is #4.\n"),
        "{printed}"
    );
    let tasks = place.tasks();
    assert_eq!(
        (&tasks[2]["parent"], &tasks[2]["depends_on"]),
        (&json!(2), &json!([4]))
    );
    assert_eq!(
        place.done(&["list", "--view", "blocked"]).0.lines().count(),
        1
    );

    place.done(&["done", "4"]);
    let (printed, _) = place.done(&["import", &file]);
    assert_eq!(
        printed,
        "Imported 0 tasks.\n3 were here already and left as they are; 1 of them was changed here alone.\n"
    );
    assert_eq!(place.tasks().len(), 4);
    // What was deleted is in the trash, and comes back from there.
    place.done(&["delete", "3"]);
    let (printed, _) = place.done(&["import", &file]);
    assert!(
        printed.contains(
            "1 of them is in the trash here and was left there; taskhold undelete ID brings one back:\n  3 "
        ),
        "{printed}"
    );
    assert_eq!(place.tasks().len(), 4);
}

#[test]
fn two_tasks_that_look_the_same_stay_two() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.txt", "Buy milk\nBuy milk\n");
    place.done(&["import", &file]);
    assert_eq!(place.tasks().len(), 3);
    let (printed, _) = place.done(&[
        "import",
        &place.file("b.txt", "Buy milk\nBuy milk\nBuy milk\n"),
    ]);
    assert!(
        printed.contains("Imported 1 task") && printed.contains("2 were here already"),
        "{printed}"
    );
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.jsonl", LINES);
    let before = place.done(&["export"]).0;
    let (printed, _) = place.done(&["import", "--dry-run", &file]);
    assert_eq!(
        printed,
        "Would import 3 tasks, #2 to #4: 2 of the file is #2, 7 of the file is #4.\nNothing was written.\n"
    );
    assert_eq!(place.done(&["export"]).0, before);
    assert_eq!(place.store().last_change().unwrap(), 1);
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    let place = Place::new();
    let output = place.run(&["import", "-"], LINES.as_bytes());
    assert!(output.status.success());
    assert_eq!(place.done(&["export", "-"]).0, LINES);
}

#[test]
fn one_undo_takes_thousands_back_and_another_brings_them_again() {
    let place = Place::new();
    let lines: Vec<String> = (0..3_000)
        .map(|n| format!("Task {n} +p @t id:{n} p:{}", n / 2))
        .collect();
    // The first is a part of itself.
    let lines = lines.join("\n").replacen(" p:0", "", 1);
    place.done(&["import", &place.file("a.txt", lines)]);
    let before = place.done(&["export"]).0;
    let mut store = place.store();
    let undone = store.execute(&Command::Undo(None), &caller()).unwrap();
    assert_eq!(undone.edits.len(), 3_000);
    assert!(undone.edits.iter().all(|edit| edit.after.is_deleted()));
    let redone = store
        .execute(&Command::Undo(undone.group), &caller())
        .unwrap();
    assert!(redone.edits.iter().all(|edit| !edit.after.is_deleted()));
    drop(store);
    assert_eq!(place.tasks().len(), before.lines().count() - 1);
}

#[test]
fn a_watcher_in_another_process_hears_of_an_import() {
    for dialect in Dialect::BOTH {
        let place = Place::new();
        let mut client = place.home.connect(dialect);
        client.watch("tasks://pending");
        place.done(&["import", &place.file("a.jsonl", LINES)]);
        assert_eq!(client.next_updated(), "tasks://pending");
        assert!(client.read("tasks://pending").contains("Buy boxes"));
        let found = client.tasks("blocked");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn what_was_imported_is_found_by_its_words() {
    let place = Place::new();
    place.done(&["import", &place.file("a.jsonl", LINES)]);
    let mut client = place.home.connect(Dialect::Modern);
    let found = client.call("list_tasks", json!({ "query": "boxes", "format": "json" }));
    assert_eq!(found["tasks"][0]["id"], 7, "{found}");
}

#[test]
fn an_export_replaces_nothing_unless_told_to() {
    let place = Place::new();
    place.done(&["import", &place.file("in.jsonl", LINES)]);
    let path = place.path("out.jsonl");
    let file = path.to_str().unwrap();
    place.done(&["export", file]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LINES);
    std::fs::write(&path, "mine").unwrap();
    assert!(
        place
            .refused(&["export", file])
            .contains("is there already; --force replaces it")
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    place.done(&["export", "--force", file]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LINES);
    let database = place.home.database();
    for name in ["tasks.db", "tasks.db-wal", "tasks.db.doorbell"] {
        let file = database.with_file_name(name);
        let said = place.refused(&["export", "--force", file.to_str().unwrap()]);
        assert!(
            said.contains("belongs to the database; name another file"),
            "{said}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(place.done(&["export"]).0, LINES);
}

#[test]
fn an_ending_that_no_format_has_is_refused_and_nothing_is_written() {
    let place = Place::new();
    place.done(&["add", "One"]);
    let path = place.path("tasks.xml");
    let path = path.to_str().unwrap();
    let said = place.refused(&["export", path]);
    assert!(
        said.contains("no format is known by the ending .xml") && said.contains("--format json"),
        "{said}"
    );
    assert!(!place.path("tasks.xml").exists());
    place.done(&["export", path, "--format", "json"]);
    let plain = place.path("tasks");
    place.done(&["export", plain.to_str().unwrap()]);
    assert_eq!(
        std::fs::read(place.path("tasks.xml")).unwrap(),
        std::fs::read(plain).unwrap()
    );
}

#[test]
fn an_export_replaces_no_file_of_the_database_by_whatever_name_it_is_told() {
    let place = Place::new();
    place.done(&["import", &place.file("in.jsonl", LINES)]);
    let database = place.home.database();
    let refused = |file: &Path, variables: &[(&str, &str)]| {
        let arguments = [
            "export",
            "--force",
            "--format",
            "json",
            file.to_str().unwrap(),
        ];
        let mut command = place.home.command(&arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("belongs to the database; name another file"),
            "{file:?}: {said}"
        );
    };
    // Where the case of letters means nothing, it is the same file.
    for name in [
        "TASKS.DB",
        "Tasks.db-WAL",
        "tasks.DB.doorbell",
        "tasks.db.backups/20261129T000000000Z-daily.db",
    ] {
        refused(&database.with_file_name(name), &[]);
    }
    #[cfg(unix)]
    {
        // A database that is a link lies where the link leads to, and so do the files beside it.
        let link = place.path("link.db");
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let through_link = [("TASKHOLD_DB", link.to_str().unwrap())];
        for name in ["tasks.db", "tasks.db-wal", "tasks.db.token"] {
            refused(&database.with_file_name(name), &through_link);
        }
        refused(&link, &through_link);
        refused(&link, &[]);
    }
    assert_eq!(place.done(&["export"]).0, LINES);
}

#[test]
fn a_checklist_nests_the_parts_of_a_task() {
    let place = Place::new();
    place.done(&["import", &place.file("a.jsonl", LINES)]);
    place.done(&[
        "add",
        "Escape *this* [link](x) <b> # no",
        "-d",
        "1. one\n- two",
    ]);
    place.done(&["done", "7"]);
    place.done(&["add", "Gone"]);
    place.done(&["delete", "11"]);
    let file = place.path("a.md");
    let (printed, said) = place.done(&["export", file.to_str().unwrap()]);
    assert_eq!(printed, format!("Wrote 4 tasks to {}\n", file.display()));
    let today = Timestamp::from_millis(
        place
            .store()
            .history(TaskId::try_from(7).unwrap(), 0)
            .unwrap()[1]
            .at
            .as_millis(),
    );
    let today = Zone::UTC.today(today.as_millis());
    assert_eq!(
        std::fs::read_to_string(place.path("a.md")).unwrap(),
        format!(
            "# Tasks\n\n- [ ] Move house (\\#2, in progress)\n  - [ ] Pack (\\#5, after \\#7)\n  - [x] Buy boxes (\\#7, done {today})\n\
             - [ ] Escape \\*this\\* \\[link\\](x) \\<b\\> \\# no (\\#10)\n\n  1\\. one\n  \\- two\n\n"
        )
    );
    assert!(
        said.contains("created_at: 4") && said.contains("tasks in the trash: 1"),
        "{said}"
    );
}

#[test]
fn a_table_says_what_a_task_says() {
    let place = Place::new();
    place.done(&["add", "=1+1, \"quoted\"", "-d", "two\nlines"]);
    let (printed, said) = place.done(&["export", "--format", "csv"]);
    let mut lines = printed.split("\r\n");
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("id,title,description,status,")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("1,\"=1+1, \"\"quoted\"\"\",\"two\nlines\",pending,"),
        "{printed}"
    );
    assert!(said.contains("a cell begins like a formula"), "{said}");
}

#[test]
fn a_rule_that_never_comes_again_is_imported_with_a_note_and_one_that_ends_without() {
    let place = Place::new();
    let todo = |uid: u32, rule: &str| {
        format!(
            "BEGIN:VTODO\r\nUID:{uid}\r\nSUMMARY:t\r\nDUE;VALUE=DATE:20261130\r\nRRULE:{rule}\r\nEND:VTODO\r\n"
        )
    };
    // From a Monday on, every seventh day is a Monday.
    let todos = [
        todo(1, "FREQ=DAILY;COUNT=1"),
        todo(2, "FREQ=DAILY;INTERVAL=7;BYDAY=TU"),
        todo(3, "FREQ=DAILY;UNTIL=20261130"),
    ];
    let calendar = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", todos.concat());
    let (_, said) = place.done(&["import", &place.file("a.ics", &calendar)]);
    assert!(
        said.contains("1 task with a rule that never comes again") && said.contains("as #2;"),
        "{said}"
    );
    assert_eq!(said.matches("never comes again").count(), 1, "{said}");
}
