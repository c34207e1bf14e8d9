//! Databases that cannot be used: one clear sentence, exit status 1, and nothing touched.

use std::{fs, path::Path, process::Output};

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Client, Dialect, Home, Wiring};

fn run(home: &Home, database: &Path, arguments: &[&str]) -> Output {
    let mut command = home.command(arguments);
    command.env("TASKHOLD_DB", database).output().unwrap()
}

/// Lists the tasks of `database` and returns the line said on stderr, which a hint follows.
fn refusal(home: &Home, database: &Path) -> String {
    let output = run(home, database, &["list"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let [line, hint] = lines.as_slice() else {
        panic!("not two lines: {said:?}")
    };
    assert!(hint.starts_with("hint: taskhold doctor "), "{hint}");
    assert!(
        line.contains(database.to_str().unwrap()),
        "{line} does not name the database"
    );
    (*line).to_owned()
}

#[test]
fn a_folder_is_no_database() {
    let home = Home::new();
    let folder = home.database();
    fs::create_dir(&folder).unwrap();
    assert!(refusal(&home, &folder).contains("it is a folder; name a file in it"));
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let home = Home::new();
    let text = "not a database, but somebody's notes\n".repeat(100);
    fs::write(home.database(), &text).unwrap();
    assert!(refusal(&home, &home.database()).contains("it is not a database"));
    assert_eq!(fs::read_to_string(home.database()).unwrap(), text);
}

#[test]
fn another_programs_database_is_left_as_it_is() {
    let home = Home::new();
    let other = Connection::open(home.database()).unwrap();
    other
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE note (text); INSERT INTO note VALUES ('mine')",
        )
        .unwrap();
    other.close().unwrap();
    let before = fs::read(home.database()).unwrap();
    assert!(refusal(&home, &home.database()).contains("another program's database"));
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[test]
fn a_database_with_another_application_id_is_left_as_it_is() {
    let home = Home::new();
    Connection::open(home.database())
        .unwrap()
        .execute_batch("PRAGMA application_id = 7; PRAGMA user_version = 1")
        .unwrap();
    let before = fs::read(home.database()).unwrap();
    assert!(refusal(&home, &home.database()).contains("another program's database"));
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[test]
fn what_serves_tasks_makes_no_file_beside_a_database_that_it_refuses() {
    for arguments in [
        &["serve", "--listen", "0"][..],
        &["board", "--print"],
        &["token", "show"],
        &["token", "rotate"],
        &["token", "add", "--name", "phone"],
        &["token", "revoke", "--name", "phone"],
    ] {
        let home = Home::new();
        fs::write(home.database(), "somebody's notes\n".repeat(100)).unwrap();
        let files = || {
            let entries = fs::read_dir(home.database().parent().unwrap()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let before = files();
        let output = run(&home, &home.database(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("it is not a database"),
            "{arguments:?}: {said}"
        );
        assert_eq!(files(), before, "{arguments:?}");
    }
}

#[test]
fn a_token_is_revoked_whatever_became_of_the_database() {
    let home = Home::new();
    home.run(&["add", "One"]);
    home.run(&["token", "add", "--name", "phone"]);
    fs::write(home.database(), "damaged\n".repeat(1_000)).unwrap();
    let revoke = ["token", "revoke", "--name", "phone"];
    let output = run(&home, &home.database(), &revoke);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_newer_taskholds_database_is_left_as_it_is() {
    let home = Home::new();
    home.run(&["add", "from the future"]);
    let newer = Connection::open(home.database()).unwrap();
    newer.execute_batch("PRAGMA user_version = 999").unwrap();
    newer.close().unwrap();
    let before = fs::read(home.database()).unwrap();
    let said = refusal(&home, &home.database());
    assert!(
        said.contains("a newer taskhold made it") && said.contains("update taskhold"),
        "{said}"
    );
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[test]
fn a_damaged_database_is_named_as_such() {
    let home = Home::new();
    home.run(&["add", "soon lost"]);
    let mut bytes = fs::read(home.database()).unwrap();
    // The header stays; the schema page behind it does not.
    bytes[100..4000].fill(0xFF);
    fs::write(home.database(), &bytes).unwrap();
    assert!(refusal(&home, &home.database()).contains("it is damaged"));
}

#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_created_is_for_its_owner_alone() {
        let home = Home::new();
        let database = home.database().with_file_name("new").join("tasks.db");
        let mut client = {
            let mut command = home.command(&["mcp"]);
            command.env("TASKHOLD_DB", &database);
            let mut client = crate::support::Client::start(
                command,
                Dialect::Modern,
                crate::support::Wiring::Pipes,
            );
            client.greet();
            client
        };
        client.call("add_task", json!({ "title": "private" }));
        assert_eq!(mode(database.parent().unwrap()), 0o700);
        for ending in ["", "-wal", "-shm", ".lock", ".doorbell", ".ballast"] {
            let file = database.with_file_name(format!("tasks.db{ending}"));
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }

    #[test]
    fn a_folder_that_everyone_can_write_is_refused() {
        let home = Home::new();
        let folder = home.database().with_file_name("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let output = run(&home, &folder.join("tasks.db"), &["add", "x"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("every user can write its folder"), "{said}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_database_that_everyone_can_write_is_refused() {
        let home = Home::new();
        home.run(&["add", "for all to change"]);
        fs::set_permissions(home.database(), fs::Permissions::from_mode(0o666)).unwrap();
        let said = refusal(&home, &home.database());
        assert!(said.contains("every user can write it"), "{said}");
        assert_eq!(mode(&home.database()), 0o666);
    }

    #[test]
    fn an_empty_file_that_becomes_a_database_is_closed_to_others() {
        let home = Home::new();
        fs::write(home.database(), "").unwrap();
        fs::set_permissions(home.database(), fs::Permissions::from_mode(0o644)).unwrap();
        home.run(&["add", "private"]);
        assert_eq!(mode(&home.database()), 0o600);
    }

    #[test]
    fn what_is_no_file_is_left_as_it_is() {
        let home = Home::new();
        let socket = home.database().with_file_name("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(refusal(&home, &socket).contains("it is no file"));
        let beside = fs::read_dir(socket.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1);
    }

    /// Has a user who is not root call the binary, since root may write everything. Returns `None`, and says so, where
    /// that cannot be.
    #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
    fn as_a_user(home: &Home, arguments: &[&str]) -> Option<Output> {
        use std::os::unix::{fs::chown, process::CommandExt};
        const NOBODY: u32 = 65_534;
        let folder = home.database().parent().unwrap().to_owned();
        let mut command = home.command(arguments);
        // Whoever may give a file away is root.
        if chown(&folder, Some(NOBODY), Some(NOBODY)).is_ok() {
            for entry in fs::read_dir(&folder).unwrap() {
                chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        command
            .output()
            .inspect_err(|error| eprintln!("NOT RUN: nobody may start the binary: {error}"))
            .ok()
    }

    #[test]
    fn in_a_folder_without_write_permission_tasks_are_read_and_a_change_is_refused_in_words() {
        let home = Home::new();
        home.run(&["add", "to be read"]);
        let folder = home.database().parent().unwrap().to_owned();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        let outputs = [vec!["list"], vec!["add", "more"]].map(|call| as_a_user(&home, &call));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let [Some(listed), Some(added)] = outputs else {
            return;
        };
        assert_eq!(
            String::from_utf8_lossy(&listed.stdout),
            "1 to be read\n",
            "{listed:?}"
        );
        let said = String::from_utf8(added.stderr).unwrap();
        assert!(said.contains("tasks can be read, and backed up"), "{said}");
    }

    #[test]
    fn a_database_without_write_permission_says_so_when_it_is_to_be_changed() {
        let home = Home::new();
        home.run(&["add", "to be read"]);
        fs::set_permissions(home.database(), fs::Permissions::from_mode(0o400)).unwrap();
        let Some(added) = as_a_user(&home, &["add", "more"]) else {
            return;
        };
        assert_eq!(added.status.code(), Some(1));
        let said = String::from_utf8(added.stderr).unwrap();
        assert!(said.contains("the file is read-only"), "{said}");
    }

    #[test]
    fn a_link_is_followed_to_one_database_and_a_dangling_one_creates_nothing() {
        let home = Home::new();
        home.run(&["add", "behind the link"]);
        let link = home.database().with_file_name("link.db");
        symlink(home.database(), &link).unwrap();
        let listed = run(&home, &link, &["list"]);
        assert_eq!(
            String::from_utf8(listed.stdout).unwrap(),
            "1 behind the link\n"
        );

        let nowhere = home.database().with_file_name("nowhere.db");
        let dangling = home.database().with_file_name("dangling.db");
        symlink(&nowhere, &dangling).unwrap();
        assert!(refusal(&home, &dangling).contains("a link that leads nowhere"));
        assert!(!nowhere.exists());
    }
}

#[test]
fn a_server_whose_database_is_unusable_says_so_in_every_answer_and_recovers() {
    let home = Home::new();
    fs::create_dir(home.database()).unwrap();
    let mut client = home.connect(Dialect::Legacy);
    let said = client.complaint("add_task", json!({ "title": "not yet" }));
    assert!(said.contains("it is a folder"), "{said}");
    let said = client.complaint("list_tasks", json!({}));
    assert!(said.contains("it is a folder"), "{said}");

    fs::remove_dir(home.database()).unwrap();
    client.call("add_task", json!({ "title": "now" }));
    assert_eq!(client.tasks("open").len(), 1);
}

#[test]
fn a_server_that_never_could_use_its_database_exits_with_1() {
    let home = Home::new();
    fs::create_dir(home.database()).unwrap();
    let output = run(&home, &home.database(), &["mcp"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("it is a folder")
    );
}

#[test]
fn a_server_whose_database_is_named_wrongly_says_so_in_every_answer() {
    let flag = ["mcp", "--db", "tasks.db"];
    for (arguments, variable, said) in [
        (
            &flag[..],
            "",
            "--db: tasks.db is not an absolute path; give ",
        ),
        (&["mcp", "--db", ""], "", "--db: the path is empty"),
        (
            &flag[..1],
            "~/tasks.db",
            "$TASKHOLD_DB: ~/tasks.db is not an absolute path",
        ),
    ] {
        for dialect in Dialect::BOTH {
            let home = Home::new();
            let mut command = home.command(arguments);
            command.env("TASKHOLD_DB", variable);
            let mut client = Client::start(command, dialect, Wiring::Pipes);
            client.greet();
            for list in ["tools/list", "resources/list", "prompts/list"] {
                client.request(list, json!({}));
            }
            let calls = [
                client.complaint("list_tasks", json!({})),
                client.complaint("add_task", json!({ "title": "nowhere to be kept" })),
                client.refusal("resources/read", json!({ "uri": "tasks://all" }))["message"]
                    .to_string(),
                client.refusal("prompts/get", json!({ "name": "plan_day" }))["message"].to_string(),
            ];
            for answer in calls {
                assert!(answer.contains(said), "{answer}");
            }
            let ending = client.close_stdin_and_wait();
            assert_eq!(ending.code(), Some(2));
            let beside = fs::read_dir(home.database().parent().unwrap()).unwrap();
            assert_eq!(beside.count(), 0, "something was made");
        }
    }
}

/// Runs the server on a disk of 12 MB, in a mount namespace of its own.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
fn on_a_full_disk_tasks_can_still_be_read_changed_and_deleted_and_nothing_is_lost() {
    let home = Home::new();
    let disk = home.database().with_file_name("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=12m,mode=700 tmpfs \"$0\" && exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(&disk)
        .arg(env!("CARGO_BIN_EXE_taskhold"))
        .args(["mcp", "--db"])
        .arg(disk.join("tasks.db"));
    if !may_mount(&disk) {
        eprintln!("NOT RUN: this system does not let a user mount a small disk");
        return;
    }
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.greet();
    let mut added = Vec::new();
    let refusal = loop {
        assert!(added.len() < 1_000, "the disk never filled");
        let title = format!("task {}", added.len());
        let result = client.request(
            "tools/call",
            json!({ "name": "add_task", "arguments": { "title": title, "description": "x".repeat(20_000) } }),
        );
        if result["isError"] == true {
            break result["content"][0]["text"].as_str().unwrap().to_owned();
        }
        added.push(title);
    };
    assert!(refusal.starts_with("the disk is full"), "{refusal}");
    assert_eq!(client.tasks("open").len(), added.len());

    client.call("complete_task", json!({ "task_id": 1 }));
    client.call("delete_task", json!({ "task_id": 2 }));
    client.call("update_task", json!({ "task_id": 3, "description": "" }));
    let titles: Vec<_> = client
        .tasks("all")
        .iter()
        .map(|task| task["title"].clone())
        .collect();
    added.remove(1);
    assert_eq!(titles, added);
}

#[cfg(target_os = "linux")]
fn may_mount(folder: &Path) -> bool {
    std::process::Command::new("unshare")
        .args([
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "tmpfs",
        ])
        .arg(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[cfg(unix)]
#[test]
fn with_too_few_file_handles_that_is_what_is_said() {
    // With fewer, the program itself cannot be loaded everywhere.
    for handles in [5, 6, 7, 8, 10, 12] {
        for arguments in ["list", "add x", "mcp", "serve --listen 0 --idle-exit 1ms"] {
            let home = Home::new();
            let script = format!("ulimit -n {handles}; exec \"$0\" {arguments}");
            let mut command = std::process::Command::new("/bin/sh");
            command
                .args(["-c", &script, env!("CARGO_BIN_EXE_taskhold")])
                // Not by the shell, which needs more handles for that.
                .stdin(std::process::Stdio::null())
                .env_clear()
                .env("HOME", home.database().parent().unwrap())
                .env("TASKHOLD_DB", home.database());
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            let where_it_is = format!("{arguments} with {handles} handles: {said}");
            assert!(!said.contains("who owns"), "{where_it_is}");
            assert!(!said.contains("panicked"), "{where_it_is}");
            if !output.status.success() {
                let said = said.to_lowercase();
                assert!(
                    said.contains("too few files") || said.contains("too many open files"),
                    "{where_it_is}"
                );
            }
        }
    }
}
