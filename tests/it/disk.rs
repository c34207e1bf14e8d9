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
        assert!(
            parts[3].contains("read-only") && parts[3].contains("status 1"),
            "{said}"
        );
        assert!(Path::new(&home.database().with_file_name("copy.db")).exists());
    }
}

#[test]
fn space_that_cannot_be_kept_for_another_reason_is_no_full_disk() {
    let home = crate::support::Home::new();
    std::fs::create_dir(home.database().with_file_name("tasks.db.ballast")).unwrap();
    home.run(&["add", "there is room"]);
    assert_eq!(home.run(&["list"]), "1 there is room\n");
}
