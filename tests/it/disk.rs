//! A disk that is full, or that cannot be written: what still works does, and what does not says what to do.

#[cfg(target_os = "linux")]
mod small {
    use std::{
        fs,
        os::unix::fs::PermissionsExt as _,
        path::{Path, PathBuf},
        process::{Command, Output},
    };

    use crate::support::Home;

    /// Runs the lines of a shell script on a disk of 16 MB of its own, with `taskhold` as a command and the disk as
    /// `$disk`. Returns `None`, and says so, where the system does not let a user mount one.
    fn on_a_small_disk(home: &Home, script: &str) -> Option<Output> {
        let disk = home.database().with_file_name("disk");
        fs::create_dir(&disk).unwrap();
        let programs = programs(home);
        let run = |script: &str| {
            Command::new("unshare")
                .args(["--map-root-user", "--mount", "sh", "-ec", script])
                .env("disk", &disk)
                .env("HOME", home.database().parent().unwrap())
                .env("TASKHOLD_DB", disk.join("data/tasks.db"))
                .env(
                    "PATH",
                    format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()),
                )
                .output()
        };
        let mount = "mount -t tmpfs -o size=16m,mode=700 tmpfs \"$disk\"";
        if !run(mount).is_ok_and(|output| output.status.success()) {
            let mut say = std::io::stderr();
            let _ = std::io::Write::write_all(
                &mut say,
                b"NOT RUN: this system does not let a user mount a small disk\n",
            );
            return None;
        }
        Some(run(&format!("{mount}\n{script}")).unwrap())
    }

    /// A folder in which `taskhold` is the binary under test.
    fn programs(home: &Home) -> PathBuf {
        let folder = home.database().with_file_name("bin");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_taskhold"), folder.join("taskhold"))
            .unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn on_a_full_disk_every_command_reads_or_deletes_or_says_what_to_do() {
        let home = Home::new();
        let script = r#"
            for n in 1 2 3 4 5; do taskhold add "task $n" -d "$(head -c 20000 /dev/zero | tr '\0' x)" >/dev/null; done
            taskhold backup >/dev/null
            head -c 20000000 /dev/zero > "$disk/filler" 2>/dev/null || true
            test "$(df --output=avail -k "$disk" | tail -1)" -eq 0
            taskhold list
            echo "--- delete"; taskhold delete 2
            echo "--- done"; taskhold done 3
            echo "--- list"; taskhold list
            echo "--- adding"
            n=0
            while taskhold add "more $n" -d "$(head -c 60000 /dev/zero | tr '\0' x)" >/dev/null 2>"$HOME/said"; do
                n=$((n + 1)); test $n -lt 500
            done
            cat "$HOME/said"
            echo "--- still"
            taskhold list --view all | head -1
            taskhold delete 1
            taskhold list --json | wc -l
            cat /dev/zero > "$disk/rest" 2>/dev/null || true
            echo "--- backup"; taskhold backup "$disk/copy.db" 2>&1 || echo "status $?"
            test ! -e "$disk/copy.db"
            taskhold backup "$HOME/elsewhere.db" | cut -d: -f1
            echo "--- doctor"; taskhold doctor
            rm "$disk/filler" "$disk/rest"
            echo "--- freed"; taskhold add "at last"
        "#;
        let Some(output) = on_a_small_disk(&home, script) else {
            return;
        };
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{said}\n{complained}");
        let parts: Vec<&str> = said.split("--- ").collect();
        assert!(parts[0].lines().count() == 5, "{said}");
        assert!(parts[1].contains("Moved to the trash: 2 task 2"), "{said}");
        assert!(parts[2].contains("Completed 3 task 3"), "{said}");
        assert!(
            parts[3].contains("task 1") && !parts[3].contains("task 2"),
            "{said}"
        );
        assert!(
            parts[4].contains("the disk is full") && parts[4].contains("free some space"),
            "{said}"
        );
        assert!(parts[5].contains("Moved to the trash: 1 task 1"), "{said}");
        assert!(
            parts[6].contains("a backup there needs") && parts[6].contains("status 1"),
            "{said}"
        );
        assert!(parts[6].contains("Backed up "), "{said}");
        assert!(
            parts[7].contains("warning  space") && parts[7].contains("every page is sound"),
            "{said}"
        );
        assert!(parts[8].contains("at last"), "{said}");
    }

    #[test]
    fn no_backup_takes_the_last_room_and_what_is_said_is_said_once_a_day() {
        let home = Home::new();
        let script = r#"
            taskhold add one >/dev/null
            rm "$disk"/data/tasks.db.backups/*.db
            head -c 9000000 /dev/zero > "$disk/filler"
            for n in 1 2 3; do taskhold add "more $n" 2>&1; done
            echo "--- backup"; taskhold backup 2>&1 || echo "status $?"
            taskhold backup "$disk/copy.db" 2>&1 || echo "status $?"
            taskhold backup "$HOME/elsewhere.db" | cut -d: -f1
            echo "--- files"; ls "$disk" "$disk/data/tasks.db.backups"
            rm "$disk/filler"
            echo "--- freed"; taskhold add "at last" 2>&1
            taskhold backup --list
        "#;
        let Some(output) = on_a_small_disk(&home, script) else {
            return;
        };
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{said}\n{complained}");
        let parts: Vec<&str> = said.split("--- ").collect();
        assert_eq!(parts[0].matches("no backup today").count(), 1, "{said}");
        assert_eq!(parts[0].matches("Added ").count(), 3, "{said}");
        assert_eq!(parts[1].matches("status 1").count(), 2, "{said}");
        assert_eq!(
            parts[1].matches("taskhold backup /OTHER/DISK/FILE").count(),
            2,
            "{said}"
        );
        assert!(parts[1].contains("Backed up 4 tasks"), "{said}");
        assert!(
            !parts[2].contains("partial") && !parts[2].contains("copy.db"),
            "{said}"
        );
        assert!(parts[3].contains("daily"), "{said}");
    }

    #[test]
    fn a_database_that_alone_cannot_be_written_is_found_by_the_doctor() {
        let home = Home::new();
        let script = r#"
            taskhold add one >/dev/null; taskhold backup >/dev/null
            mount --bind "$TASKHOLD_DB" "$TASKHOLD_DB"
            mount -o remount,bind,ro "$TASKHOLD_DB"
            taskhold add two 2>&1 || echo "status $?"
            echo "--- doctor"; taskhold doctor || echo "status $?"
            umount "$TASKHOLD_DB"
            echo "--- again"; taskhold doctor
        "#;
        let Some(output) = on_a_small_disk(&home, script) else {
            return;
        };
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{said}\n{complained}");
        let parts: Vec<&str> = said.split("--- ").collect();
        assert!(
            parts[0].contains("taskhold doctor") && parts[0].contains("status 1"),
            "{said}"
        );
        assert!(
            parts[1].contains("bad      writing") && parts[1].contains("status 1"),
            "{said}"
        );
        assert!(parts[2].contains("good     writing"), "{said}");
    }

    #[test]
    fn tasks_on_a_disk_that_cannot_be_written_can_be_read_and_backed_up() {
        let home = Home::new();
        let script = r#"
            taskhold add one >/dev/null; taskhold add two >/dev/null
            mount -o remount,ro "$disk"
            taskhold list
            taskhold list --json | wc -l
            echo "--- backup"; taskhold backup "$HOME/copy.db" | cut -d: -f1
            taskhold backup --list
            echo "--- doctor"; taskhold doctor || true
            echo "--- add"; taskhold add three 2>&1 || echo "status $?"
        "#;
        let Some(output) = on_a_small_disk(&home, script) else {
            return;
        };
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{said}\n{complained}");
        let parts: Vec<&str> = said.split("--- ").collect();
        assert_eq!(parts[0], "1 one\n2 two\n1\n", "{complained}");
        assert!(
            parts[1].contains("Backed up 2 tasks") && parts[1].contains("daily"),
            "{said}"
        );
        assert!(parts[2].contains("every page is sound"), "{said}");
        assert!(parts[2].contains("bad      writing"), "{said}");
        assert!(
            parts[3].contains("read-only") && parts[3].contains("status 1"),
            "{said}"
        );
        assert!(Path::new(&home.database().with_file_name("copy.db")).exists());
    }
}

/// A program under `ulimit -f`, in a unit of 512 or 1,024 bytes, that adds a task in a database that is there.
#[cfg(unix)]
mod limited {
    use std::process::Command;

    use serde_json::{Value, json};

    use crate::support::{Client, Dialect, Home, Wiring};

    fn limited(home: &Home, limit: u32, arguments: &str) -> Command {
        let script = format!("ulimit -f {limit}; exec \"$0\" {arguments}");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_taskhold")])
            .env_clear()
            .env("HOME", home.database().parent().unwrap())
            .env("TASKHOLD_DB", home.database());
        command
    }

    #[test]
    fn where_files_may_not_grow_a_command_says_so_and_tasks_can_be_read() {
        let home = Home::new();
        home.run(&["add", "there is room"]);
        for limit in [0, 1, 8, 64] {
            let run = |arguments| limited(&home, limit, arguments).output().unwrap();
            let added = run("add 'there is none'");
            let said = String::from_utf8_lossy(&added.stderr).into_owned();
            assert_eq!(added.status.code(), Some(1), "{limit}: {added:?}");
            assert!(said.contains("ulimit -f"), "{limit}: {said}");
            let listed = run("list");
            assert_eq!(
                String::from_utf8_lossy(&listed.stdout),
                "1 there is room\n",
                "{limit}: {listed:?}"
            );
        }
        home.run(&["add", "at last"]);
        assert_eq!(home.tasks("all").len(), 2);
    }

    #[test]
    fn where_no_file_may_grow_no_database_is_made_and_that_is_said() {
        for limit in [0, 8, 128] {
            let home = Home::new();
            let added = limited(&home, limit, "add one").output().unwrap();
            let said = String::from_utf8_lossy(&added.stderr).into_owned();
            assert_eq!(added.status.code(), Some(1), "{limit}: {added:?}");
            assert!(said.starts_with("taskhold: "), "{limit}: {said}");
            home.run(&["add", "at last"]);
            assert_eq!(home.tasks("all").len(), 1, "{limit}");
        }
    }

    #[test]
    fn a_server_whose_files_may_not_grow_refuses_what_is_new_and_goes_on() {
        for dialect in Dialect::BOTH {
            let home = Home::new();
            home.run(&["add", "there is room"]);
            let mut client = Client::start(limited(&home, 256, "mcp"), dialect, Wiring::Pipes);
            client.greet();
            let large = json!({ "title": "large", "description": "x".repeat(60_000) });
            let mut added = 0;
            let refusal = loop {
                let call = json!({ "name": "add_task", "arguments": large });
                let result = client.request("tools/call", call);
                if result["isError"] == true {
                    break result;
                }
                added += 1;
                assert!(added < 100, "nothing limits it");
            };
            let said = refusal["content"][0]["text"].as_str().unwrap();
            assert!(said.contains("ulimit -f"), "{said}");
            assert_eq!(client.tasks("all").len(), added + 1);
            client.close_stdin_and_wait().assert_good(dialect);
            let kept: Vec<Value> = home.tasks("all");
            assert_eq!(kept.len(), added + 1);
            home.run(&["add", "at last"]);
            home.run(&["doctor"]);
        }
    }
}

#[test]
fn space_that_cannot_be_kept_for_another_reason_is_no_full_disk() {
    let home = crate::support::Home::new();
    std::fs::create_dir(home.database().with_file_name("tasks.db.ballast")).unwrap();
    home.run(&["add", "there is room"]);
    assert_eq!(home.run(&["list"]), "1 there is room\n");
}
