//! `--json`: one object in one line, of every command.

use std::fs;

use super::*;
use serde_json::Value;

/// Returns what a command line printed, which must be one such object.
fn object(home: &Home, line: &str) -> Value {
    let run = run(
        home,
        &[&["--json"], &*line.split(' ').collect::<Vec<_>>()].concat(),
    );
    assert_eq!(run.status, 0, "{line}: {}", run.said);
    assert_eq!(run.printed.lines().count(), 1, "{line}: {}", run.printed);
    let object: Value =
        serde_json::from_str(&run.printed).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(object["version"], 1, "{line}: {object}");
    assert!(!has_null(&object), "{line}: {object}");
    object
}

/// Reports whether a field is null; those of a change tell by it that they were empty.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            has_null(value) && (value.is_null() || !matches!(&**name, "old" | "new"))
        }),
        _ => false,
    }
}

#[test]
fn a_failure_is_an_object_whatever_is_wrong() {
    let home = Home::new();
    let lines = [
        ("--json", "usage"),
        ("--json bogus", "usage"),
        ("--json list --bogus", "usage"),
        ("list --json=1", "usage"),
        ("help bogus --json", "usage"),
        ("done x --json", "usage"),
        ("add x due:garbage --json", "invalid"),
        ("search +a --json", "usage"),
        ("comment 1 --json", "invalid"),
        ("done 99 --json", "not_found"),
        ("edit 1 --from /nope --json", "not_found"),
        ("--db x.db list --json", "usage"),
        ("token add --name a+b --json", "token"),
        ("restore 9 --json", "file"),
    ];
    for (line, code) in lines {
        let run = run(&home, &line.split(' ').collect::<Vec<_>>());
        assert!(run.status > 0 && run.printed.is_empty(), "{line}");
        let said: Value =
            serde_json::from_str(&run.said).unwrap_or_else(|_| panic!("{line}: {}", run.said));
        assert_eq!(
            (&said["version"], &said["error"]["code"]),
            (&1.into(), &code.into()),
            "{line}"
        );
        let hint = said["error"]["hint"].as_str().unwrap_or_default();
        assert!(!hint.is_empty() && !hint.contains('\n'), "{line}: {said}");
        assert!(
            !said["error"]["message"].as_str().unwrap().contains('\n'),
            "{line}: {said}"
        );
    }
}

#[test]
fn every_command_prints_one_object() {
    let home = Home::new();
    let folder = home.database().parent().unwrap().to_owned();
    let file = folder.join("in.txt");
    fs::write(&file, "(A) Call the bank\n").unwrap();
    let file = file.to_str().unwrap();
    let lines = [
        "add Pay rent",
        "add Second",
        "list",
        "search rent",
        "next",
        "show 1 --history",
        "edit 1 due:tomorrow",
        "edit 1 --text",
        "start 1",
        "done 1",
        "reopen 1",
        "cancel 1",
        "comment 1 Later",
        "delete 1",
        "undo",
        "log",
        "paths",
        "config",
        "prime",
        "backup",
        "backup --list",
        "doctor",
        "doctor --fix",
        "install --list",
        "install codex --dry-run",
        "install codex",
        "install codex --remove",
        "token show",
        "token rotate",
        "token add --name phone",
        "token list",
        "token revoke --name phone",
        "service install --dry-run",
        &format!("import {file} --dry-run"),
        &format!("import {file}"),
    ];
    for line in lines {
        object(&home, line);
    }
    let backups = object(&home, "backup --list");
    let newest = backups["backups"][0]["path"].as_str().unwrap();
    for line in [
        format!("restore {newest} --dry-run"),
        format!("restore {newest}"),
    ] {
        object(&home, &line);
    }
}

#[test]
fn an_import_says_what_it_did_and_what_it_left_out() {
    let home = Home::new();
    let file = home.database().with_file_name("in.txt");
    fs::write(&file, "(A) Call the bank\nx 2026-11-01 Done with it\n").unwrap();
    let line = format!("import {}", file.display());
    let rehearsed = object(&home, &format!("{line} --dry-run"));
    assert_eq!(rehearsed["new"], 2);
    assert_eq!(rehearsed["group"], Value::Null);
    assert_eq!(
        json(&home, &["list", "--all"])["tasks"],
        serde_json::json!([])
    );
    let imported = object(&home, &line);
    for (field, value) in [
        ("new", 2),
        ("first", 1),
        ("last", 2),
        ("here", 0),
        ("bad", 0),
        ("group", 1),
    ] {
        assert_eq!(imported[field], value, "{field}: {imported}");
    }
    assert_eq!(object(&home, &line)["here"], 2);
}

#[test]
fn what_there_is_to_do_comes_in_lists() {
    let home = Home::new();
    assert_eq!(object(&home, "prime")["open"], 0);
    for line in ["add Begun", "add Due due:today", "add Some day", "start 1"] {
        object(&home, line);
    }
    let work = object(&home, "prime");
    assert_eq!(work["open"], 3);
    for (list, title) in [("in_progress", "Begun"), ("today", "Due")] {
        assert_eq!(work[list]["total"], 1, "{work}");
        assert_eq!(work[list]["tasks"][0]["title"], title, "{work}");
    }
}

#[test]
fn an_install_says_which_file_it_changed() {
    let home = Home::new();
    let dry = object(&home, "install codex --dry-run");
    assert_eq!(dry["files"][0]["changed"], true, "{dry}");
    assert!(
        dry["files"][0]["diff"]
            .as_str()
            .unwrap()
            .contains("taskhold"),
        "{dry}"
    );
    let file = dry["files"][0]["file"].as_str().unwrap();
    assert!(!fs::exists(file).unwrap());
    assert!(object(&home, "install codex")["files"][0]["next"].is_string());
    assert!(fs::read_to_string(file).unwrap().contains("taskhold"));
    assert_eq!(object(&home, "install codex")["files"][0]["changed"], false);
    let hosts = object(&home, "install --list");
    let codex = hosts["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|host| host["host"] == "codex");
    assert_eq!(codex.unwrap()["state"], "installed", "{hosts}");
}

#[test]
fn tokens_are_listed_without_the_tokens() {
    let home = Home::new();
    let shown = object(&home, "token add --name phone --read-only");
    let list = object(&home, "token list");
    assert_eq!(list["tokens"][1]["name"], "phone");
    assert_eq!(list["tokens"][1]["read_only"], true);
    assert!(!list.to_string().contains(shown["token"].as_str().unwrap()));
}
