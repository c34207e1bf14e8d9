//! What is around the database: files that others could read or we could not write, files of other programs, processes
//! that work on another file.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{ailing, examine, filled, verdict};
#[cfg(target_os = "linux")]
use crate::support::Dialect;
use crate::{backup::entries, support::Home};

/// Every file in a folder, with its size and, where there are some, its mode.
fn listed(folder: &Path) -> BTreeMap<PathBuf, (u64, String)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let found = entry.metadata().unwrap();
            let mode = format!("{:?}", found.permissions());
            (entry.path(), (found.len(), mode))
        })
        .collect()
}

#[test]
fn an_examination_leaves_no_file_behind() {
    let home = filled();
    let folder = home.database().parent().unwrap().to_owned();
    let before = listed(&folder);
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, ailing(&found)), (0, vec![]), "{found:#}");
    assert_eq!(listed(&folder), before);
}

#[test]
fn a_file_of_another_program_is_named_and_stays_as_it_is() {
    let home = Home::new();
    let folder = home.database().with_file_name("elsewhere");
    fs::create_dir(&folder).unwrap();
    let foreign = folder.join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE note (text); INSERT INTO note VALUES ('mine')")
        .unwrap();
    let notes = folder.join("notes.txt");
    fs::write(&notes, "what I must not forget\n".repeat(50)).unwrap();
    let empty = folder.join("empty.db");
    fs::write(&empty, "").unwrap();
    let before = listed(&folder);
    for (file, expected) in [(&foreign, "bad"), (&notes, "bad"), (&empty, "good")] {
        for arguments in [&[][..], &["--fix"]] {
            let mut all = vec!["--db", file.to_str().unwrap()];
            all.extend(arguments);
            let (_, found) = examine(&home, &all);
            assert_eq!(verdict(&found, "header"), expected, "{found:#}");
            assert!(!found.to_string().contains("--fix"), "{found:#}");
            assert_eq!(listed(&folder), before, "{} {arguments:?}", file.display());
        }
    }
    for file in [&foreign, &notes] {
        let restore = ["restore", "--dry-run", file.to_str().unwrap()];
        assert!(!home.command(&restore).output().unwrap().status.success());
        assert_eq!(listed(&folder), before);
    }
}

#[cfg(unix)]
mod modes {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_token_and_a_folder_that_others_can_read_are_closed_to_them() {
        let home = filled();
        home.run(&["token", "show"]);
        home.run(&["token", "add", "--name", "phone"]);
        let folder = home.database().parent().unwrap().to_owned();
        let beside = |ending: &str| folder.join(format!("tasks.db{ending}"));
        for (path, open, closed) in [
            (beside(".token"), 0o644, 0o600),
            (beside(".tokens.json"), 0o640, 0o600),
            (folder.clone(), 0o755, 0o700),
        ] {
            set(&path, open);
            let (status, found) = examine(&home, &[]);
            assert_eq!(
                (status, ailing(&found)),
                (0, vec!["permissions".to_owned()]),
                "{}",
                path.display()
            );
            let (_, found) = examine(&home, &["--fix"]);
            assert_eq!(ailing(&found), Vec::<String>::new());
            assert_eq!(mode(&path), closed, "{}", path.display());
        }
        // A folder that holds other things as well is left to whoever made it.
        fs::write(folder.join("notes.txt"), "").unwrap();
        set(&folder, 0o755);
        let (_, found) = examine(&home, &["--fix"]);
        assert_eq!((ailing(&found), mode(&folder)), (vec![], 0o755));
    }

    #[test]
    fn what_its_owner_cannot_write_is_found_and_opened() {
        let home = filled();
        let database = home.database();
        let connection = Connection::open(&database).unwrap();
        // Keeps the log and its index there.
        connection
            .execute_batch("BEGIN; SELECT 1 FROM task")
            .unwrap();
        let folder = database.parent().unwrap().to_owned();
        let beside = |ending: &str| folder.join(format!("tasks.db{ending}"));
        for (path, closed, open) in [
            (database.clone(), 0o400, 0o600),
            (database.clone(), 0o000, 0o600),
            (beside("-wal"), 0o400, 0o600),
            (beside("-shm"), 0o400, 0o600),
            (beside(".lock"), 0o400, 0o600),
            (beside(".ballast"), 0o400, 0o600),
            (beside(".backups"), 0o500, 0o700),
            (folder.clone(), 0o500, 0o700),
        ] {
            set(&path, closed);
            let before = listed(&folder);
            let (status, found) = examine(&home, &[]);
            assert_eq!(listed(&folder), before);
            assert_eq!(
                (status, verdict(&found, "permissions").as_str()),
                (1, "bad"),
                "{}: {found:#}",
                path.display()
            );
            assert!(!found.to_string().contains("--salvage"), "{found:#}");
            let (status, found) = examine(&home, &["--fix"]);
            assert_eq!(
                (status, verdict(&found, "permissions").as_str()),
                (0, "good"),
                "{}: {found:#}",
                path.display()
            );
            assert_eq!(mode(&path), open, "{}", path.display());
        }
    }
}

/// Only root may mark a file so, and not on every file system; where it cannot be done, that is said.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_marked_as_not_to_be_changed_is_named_with_the_way_out() {
    let mark = |mark: &str, path: &Path| {
        let marking = std::process::Command::new("chattr")
            .arg(mark)
            .arg(path)
            .output();
        marking.is_ok_and(|output| output.status.success())
    };
    let home = filled();
    for path in [
        home.database(),
        home.database().with_file_name("tasks.db.lock"),
        home.database().parent().unwrap().to_owned(),
    ] {
        for (set, unset) in [("+i", "-i"), ("+a", "-a")] {
            if !mark(set, &path) {
                let mut say = std::io::stderr();
                let said = b"NOT RUN: this user cannot mark a file as immutable here\n";
                let _ = std::io::Write::write_all(&mut say, said);
                return;
            }
            let (status, found) = examine(&home, &[]);
            assert!(mark(unset, &path));
            assert_eq!(
                (status, verdict(&found, "writing").as_str()),
                (1, "bad"),
                "{set} {}: {found:#}",
                path.display()
            );
            let way_out = format!("chattr -i -a {}", path.display());
            assert!(found.to_string().contains(&way_out), "{found:#}");
        }
    }
    // What is mended by writing cannot be mended before that.
    let folder = home.database().parent().unwrap().to_owned();
    fs::remove_file(home.database().with_file_name("tasks.db.ballast")).unwrap();
    assert!(mark("+i", &folder));
    let looked = [&[][..], &["--fix"]].map(|arguments| examine(&home, arguments));
    assert!(mark("-i", &folder));
    for (status, found) in looked {
        assert_eq!(
            (status, ailing(&found)),
            (1, vec!["ballast".to_owned(), "writing".to_owned()]),
            "{found:#}"
        );
        let findings = found["findings"].as_array().unwrap();
        let ballast = findings
            .iter()
            .find(|one| one["check"] == "ballast")
            .unwrap();
        assert_eq!(ballast["can_be_fixed"], false, "{ballast}");
        assert_eq!(
            ballast["way_out"],
            "see to `writing`, then run `taskhold doctor --fix`"
        );
    }
    examine(&home, &["--fix"]);
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, ailing(&found)), (0, vec![]), "{found:#}");
}

#[test]
fn every_backup_is_opened_and_its_tasks_compared() {
    let home = filled();
    let first = entries(&home).pop().unwrap();
    home.run(&["backup"]);
    let (_, found) = examine(&home, &[]);
    let said = found.to_string();
    let all = format!("{} opened, each sound", entries(&home).len());
    assert!(said.contains(&all), "{said}");
    let path = first["path"].as_str().unwrap();
    Connection::open(path)
        .unwrap()
        .execute_batch("UPDATE task SET title = 'Buy point' WHERE id = 1")
        .unwrap();
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, verdict(&found, "backups").as_str()), (1, "bad"));
    let said = found.to_string();
    assert!(
        said.contains(first["name"].as_str().unwrap()) && said.contains("log says: 1"),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_works_on_a_moved_file_is_named() {
    let home = filled();
    let mut client = home.connect(Dialect::Legacy);
    client.call(
        "add_task",
        serde_json::json!({ "title": "to another file" }),
    );
    let pid = client.pid().to_string();
    let moved = |ending: &str| {
        let from = home.database().with_file_name(format!("tasks.db{ending}"));
        let to = home.database().with_file_name(format!("moved.db{ending}"));
        fs::rename(from, to).unwrap();
    };
    moved("");
    for _ in 0..2 {
        let (_, found) = examine(&home, &[]);
        assert_eq!(verdict(&found, "processes"), "bad", "{found:#}");
        assert!(found.to_string().contains(&pid), "{found:#}");
        // The same when there is a new one in its place, all three having been moved.
        if home.database().with_file_name("tasks.db-wal").exists() {
            moved("-wal");
            moved("-shm");
        }
        home.run(&["add", "into the new one"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_suspended_is_named_with_the_way_to_let_it_go_on() {
    let home = filled();
    let client = home.connect(Dialect::Legacy);
    // One that has not come further than the lock of a first start.
    let lock = fs::File::open(home.database().with_file_name("tasks.db.lock")).unwrap();
    let mut waiting = std::process::Command::new("sleep")
        .arg("600")
        .stdin(lock)
        .spawn()
        .unwrap();
    for id in [client.pid(), waiting.id()] {
        let signal = |name: &str| {
            let mut kill = std::process::Command::new("kill");
            assert!(
                kill.args([name, &id.to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
        };
        signal("-STOP");
        let (_, found) = examine(&home, &[]);
        signal("-CONT");
        assert_eq!(verdict(&found, "processes"), "warning", "{found:#}");
        assert!(
            found.to_string().contains(&format!("kill -CONT {id}")),
            "{found:#}"
        );
    }
    let (_, found) = examine(&home, &[]);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(verdict(&found, "processes"), "good", "{found:#}");
    assert!(
        found.to_string().contains("one more has it open: taskhold"),
        "{found:#}"
    );
}

#[cfg(unix)]
#[test]
fn after_others_could_read_a_token_it_is_to_be_made_anew() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = filled();
    home.run(&["token", "show"]);
    let token = home.database().with_file_name("tasks.db.token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, found) = examine(&home, &[]);
    assert_eq!(verdict(&found, "permissions"), "warning", "{found:#}");
    assert!(
        found.to_string().contains("taskhold token rotate"),
        "{found:#}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_opened_the_database_by_another_name_is_named() {
    let home = filled();
    let other = home.database().with_file_name("other.db");
    fs::hard_link(home.database(), &other).unwrap();
    // taskhold itself refuses a database with two names.
    let program = Connection::open(&other).unwrap();
    program
        .execute_batch("UPDATE task SET rev = rev WHERE id = 1")
        .unwrap();
    let (status, found) = examine(&home, &[]);
    assert_eq!(
        (status, verdict(&found, "processes").as_str()),
        (1, "bad"),
        "{found:#}"
    );
    assert!(found.to_string().contains(&std::process::id().to_string()));
}

/// Where no database can be, the first task is refused, and so the doctor does not call it well: it says the same.
#[cfg(unix)]
#[test]
fn where_the_first_task_cannot_be_made_the_doctor_says_why_as_the_command_does() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let folder = home.database().with_file_name("places");
    fs::create_dir(&folder).unwrap();
    let made = |name: &str, mode| {
        let place = folder.join(name);
        fs::create_dir(&place).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
        place
    };
    fs::write(folder.join("file"), "mine").unwrap();
    let pipe = folder.join("pipe");
    let piped = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(piped.unwrap().success());
    let refused = [
        made("open", 0o777).join("tasks.db"),
        made("above", 0o777).join("new/tasks.db"),
        folder.join("file/tasks.db"),
        folder.join("file/new/tasks.db"),
        made("itself", 0o700),
        pipe,
    ];
    // Root may write whatever the mode says; then both are content.
    let either = [
        made("closed", 0o500).join("tasks.db"),
        made("shut", 0o500).join("new/tasks.db"),
        made("good", 0o700).join("new/tasks.db"),
    ];
    let kernel = ["/proc/tasks.db", "/proc/new/tasks.db"].map(std::path::PathBuf::from);
    let kernel = kernel.into_iter().filter(|_| cfg!(target_os = "linux"));
    let refused = refused.into_iter().chain(kernel).map(|place| (place, true));
    for (place, must_fail) in refused.chain(either.map(|place| (place, false))) {
        let place = place.to_str().unwrap();
        let (status, found) = examine(&home, &["--db", place]);
        let output = home.command(&["add", "A", "--db", place]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!must_fail || !output.status.success(), "{place}");
        assert_eq!(
            output.status.success(),
            status == 0,
            "{place}: {said} {found:#}"
        );
        if status != 0 {
            let findings = found["findings"].as_array().unwrap();
            let what = findings.iter().find(|one| one["verdict"] == "bad");
            let what = what.unwrap()["what"].as_str().unwrap();
            assert!(said.contains(what), "{place}: {said} against {what}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_in_the_place_of_the_folder_of_backups_is_named_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.run(&["add", "A"]);
    let place = home.database().with_file_name("tasks.db.backups");
    fs::remove_dir_all(&place).unwrap();
    fs::write(&place, "mine").unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o644)).unwrap();
    let (status, found) = examine(&home, &["--fix"]);
    assert_eq!(status, 1, "{found:#}");
    let said = found.to_string();
    assert!(said.contains("it is no folder"), "{said}");
    assert_eq!(
        fs::metadata(&place).unwrap().permissions().mode() & 0o777,
        0o644
    );
    assert_eq!(fs::read_to_string(&place).unwrap(), "mine");
}
