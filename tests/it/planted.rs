//! What others put where files of ours are to be: links to a user's other files, pipes, files with a second name. None is
//! followed, waited for or written.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Dialect, Home, PATIENCE, exit_status, read_all};

/// Files of ours beside the database that calls open, by the endings of their names.
const OURS: [&str; 7] = [
    ".lock",
    ".doorbell",
    ".ballast",
    ".daemon",
    ".daemon.lock",
    ".backups/.lock",
    "-wal",
];
const PRIVATE: &str = "what nobody else may read or write\n";

/// Runs a command to its end, which must come.
fn ended(home: &Home, arguments: &[&str]) -> (bool, String) {
    let mut command = home.command(arguments);
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = read_all(child.stderr.take().unwrap());
    let awaited = format!("the end of {arguments:?}");
    let (status, said) = exit_status(&mut child, &said, PATIENCE, &awaited);
    (status.success(), said)
}

/// Calls everything that opens files of ours. What they answer does not matter.
fn call_all(home: &Home) {
    let calls = [
        &["add", "one more"][..],
        &["list"],
        &["done", "1"],
        &["backup"],
        &["token", "show"],
        &["restore", "latest"],
        &["doctor", "--fix"],
    ];
    for arguments in calls {
        ended(home, arguments);
    }
    // It ends at once, since it cannot listen there.
    ended(
        home,
        &["serve", "--listen", "192.0.2.1:1", "--allow-network"],
    );
}

struct Planted {
    home: Home,
    place: PathBuf,
    victim: PathBuf,
}

impl Planted {
    /// A file of the user's, and the place beside the database of one of ours, which is empty.
    fn at(ending: &str) -> Self {
        let home = Home::new();
        home.run(&["add", "there before"]);
        home.run(&["backup"]);
        let victim = home.database().with_file_name("thesis.txt");
        fs::write(&victim, PRIVATE).unwrap();
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o640)).unwrap();
        let place = home.database().with_file_name(format!("tasks.db{ending}"));
        let _ = fs::remove_file(&place);
        Self {
            home,
            place,
            victim,
        }
    }

    fn assert_untouched(&self, ending: &str) {
        let Self { victim, .. } = self;
        assert_eq!(fs::read_to_string(victim).unwrap(), PRIVATE, "{ending}");
        let mode = fs::metadata(victim).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o640, "{ending}");
    }
}

#[test]
fn a_link_in_the_place_of_a_file_of_ours_is_not_followed() {
    for ending in OURS {
        let planted = Planted::at(ending);
        symlink(&planted.victim, &planted.place).unwrap();
        call_all(&planted.home);
        planted.assert_untouched(ending);
        // One that leads nowhere creates nothing there.
        fs::remove_file(&planted.victim).unwrap();
        call_all(&planted.home);
        assert!(!planted.victim.exists(), "{ending}");
    }
}

#[test]
fn a_file_with_a_second_name_in_the_place_of_one_of_ours_is_not_written() {
    for ending in OURS {
        let planted = Planted::at(ending);
        fs::hard_link(&planted.victim, &planted.place).unwrap();
        call_all(&planted.home);
        planted.assert_untouched(ending);
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_of_ours_keeps_nobody_waiting() {
    for ending in OURS {
        let planted = Planted::at(ending);
        let made = Command::new("mkfifo").arg(&planted.place).status().unwrap();
        assert!(made.success());
        call_all(&planted.home);
    }
}

#[test]
fn what_lies_in_the_place_of_a_file_of_ours_is_told_with_the_way_out() {
    let planted = Planted::at(".backups/.lock");
    symlink(&planted.victim, &planted.place).unwrap();
    let (succeeded, said) = ended(&planted.home, &["backup"]);
    assert!(!succeeded);
    assert!(
        said.contains("it is a link, which is not followed"),
        "{said}"
    );

    let planted = Planted::at(".ballast");
    symlink(&planted.victim, &planted.place).unwrap();
    planted.home.run(&["add", "without it"]);
    let output = planted.home.command(&["doctor"]).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(
        found.contains("tasks.db.ballast is not used: it is a link"),
        "{found}"
    );

    let planted = Planted::at("-wal");
    symlink(&planted.victim, &planted.place).unwrap();
    let (succeeded, said) = ended(&planted.home, &["add", "never"]);
    assert!(!succeeded);
    assert!(
        said.contains("its -wal cannot be used: it is a link"),
        "{said}"
    );
}

/// A database whose file has a second name.
fn twice_named() -> (Home, PathBuf) {
    let home = Home::new();
    home.run(&["add", "by its first name"]);
    let other = home.database().with_file_name("other.db");
    fs::hard_link(home.database(), &other).unwrap();
    (home, other)
}

#[test]
fn a_database_with_two_names_is_neither_read_nor_written_by_either() {
    let (home, other) = twice_named();
    for name in [home.database(), other.clone()] {
        let name = name.to_str().unwrap();
        for arguments in [&["add", "lost"][..], &["list"], &["backup"]] {
            let arguments = [arguments, &["--db", name]].concat();
            let (succeeded, said) = ended(&home, &arguments);
            assert!(!succeeded, "{arguments:?}");
            assert!(
                said.contains(name) && said.contains("it has several names (hard links)"),
                "{said}"
            );
        }
    }
    let output = home.command(&["doctor"]).output().unwrap();
    assert!(!output.status.success());
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("find / -samefile"), "{found}");

    fs::remove_file(other).unwrap();
    assert_eq!(home.run(&["list"]), "1 by its first name\n");
}

#[test]
fn a_database_that_gets_a_second_name_while_it_is_open_is_refused_until_it_has_lost_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "before" }));
    let other = home.database().with_file_name("other.db");
    fs::hard_link(home.database(), &other).unwrap();
    for (tool, arguments) in [
        ("add_task", json!({ "title": "lost" })),
        ("list_tasks", json!({})),
    ] {
        let said = client.complaint(tool, arguments);
        assert!(said.contains("it has several names (hard links)"), "{said}");
    }
    fs::remove_file(other).unwrap();
    client.call("add_task", json!({ "title": "after" }));
    assert_eq!(client.tasks("open").len(), 2);
}

#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
fn may_give_away(path: &Path) -> bool {
    let may = chown(path, Some(65_534), Some(65_534)).is_ok();
    if !may {
        eprintln!("NOT RUN: only root may give files to other users and groups");
    }
    may
}

/// Gives the home to a user and has that user run a command in it. `None` where the user may not start the binary.
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
fn as_user(home: &Home, user: u32, group: u32, arguments: &[&str]) -> Option<Output> {
    use std::os::unix::process::CommandExt as _;
    let folder = home.database().parent().unwrap().to_owned();
    chown(&folder, Some(user), Some(group)).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
    }
    let mut command = home.command(arguments);
    command.uid(user).gid(group);
    command
        .output()
        .inspect_err(|error| eprintln!("NOT RUN: user {user} may not start the binary: {error}"))
        .ok()
}

#[test]
fn a_folder_of_backups_that_is_a_link_is_neither_used_nor_swept_nor_mended() {
    let home = Home::new();
    home.run(&["add", "there before"]);
    let backups = home.database().with_file_name("tasks.db.backups");
    fs::remove_dir_all(&backups).unwrap();
    let project = home.database().with_file_name("project");
    fs::create_dir(&project).unwrap();
    fs::set_permissions(&project, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["20200101T000000000Z-daily.db.partial", "notes.txt"] {
        fs::write(project.join(name), PRIVATE).unwrap();
        fs::set_permissions(project.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    symlink(&project, &backups).unwrap();
    for arguments in [
        &["backup"][..],
        &["backup", "--list"],
        &["restore", "latest"],
    ] {
        let (succeeded, said) = ended(&home, arguments);
        assert!(
            !succeeded && said.contains("it is a link, which is not followed"),
            "{said}"
        );
    }
    let output = home.command(&["doctor"]).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(
        found.contains("it is a link, which is not followed"),
        "{found}"
    );
    assert!(!found.contains("--salvage"), "{found}");
    call_all(&home);
    let mut left: Vec<(String, u32)> = fs::read_dir(&project)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    left.sort();
    let expected =
        ["20200101T000000000Z-daily.db.partial", "notes.txt"].map(|name| (name.to_owned(), 0o644));
    assert_eq!(left, expected);
    assert_eq!(
        fs::metadata(&project).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn a_folder_of_backups_that_others_can_write_is_refused_until_that_is_taken_away() {
    let home = Home::new();
    home.run(&["add", "there before"]);
    let backups = home.database().with_file_name("tasks.db.backups");
    fs::set_permissions(&backups, fs::Permissions::from_mode(0o777)).unwrap();
    for arguments in [&["backup"][..], &["restore", "latest"]] {
        let (succeeded, said) = ended(&home, arguments);
        assert!(
            !succeeded && said.contains("every user can write it"),
            "{said}"
        );
    }
    fs::set_permissions(&backups, fs::Permissions::from_mode(0o700)).unwrap();
    home.run(&["backup"]);
    if may_give_away(&backups) {
        let (succeeded, said) = ended(&home, &["restore", "latest"]);
        assert!(
            !succeeded && said.contains("it belongs to another user"),
            "{said}"
        );
    }
}

#[test]
fn a_folder_that_anybody_could_put_in_the_place_of_the_users_is_refused() {
    let home = Home::new();
    let above = home.database().parent().unwrap().to_owned();
    let folder = above.join("own");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let database = folder.join("tasks.db");
    let add = ["--db", database.to_str().unwrap(), "add", "mine"];
    let open = |mode| fs::set_permissions(&above, fs::Permissions::from_mode(mode)).unwrap();
    open(0o777);
    let (succeeded, said) = ended(&home, &add);
    assert!(
        !succeeded && said.contains("and put a folder there in the place of yours"),
        "{said}"
    );
    // In a sticky folder, as /tmp, only the owner gives a folder another name.
    open(0o1777);
    assert!(ended(&home, &add).0);
    open(0o700);
    if !may_give_away(&folder) {
        return;
    }
    // Whoever a folder belongs to gives files in it other names, whatever its mode.
    let other = Home::new();
    if as_user(&other, 1, 1, &["add", "mine"]).is_none() {
        return;
    }
    let folder = other.database().parent().unwrap().to_owned();
    chown(&folder, Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
    let mut command = other.command(&["add", "mine too"]);
    std::os::unix::process::CommandExt::uid(&mut command, 1);
    let refused = command.output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && said.contains("belongs to another user"),
        "{said}"
    );
}

#[test]
fn a_folder_that_a_group_can_write_is_refused_and_a_team_told_the_way() {
    let home = Home::new();
    home.run(&["add", "for one user"]);
    let folder = home.database().parent().unwrap().to_owned();
    if !may_give_away(&folder) {
        return;
    }
    chown(&folder, Some(0), Some(54_321)).unwrap();
    let open = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    open(0o770);
    for arguments in [&["list"][..], &["add", "never"], &["mcp"]] {
        let (succeeded, said) = ended(&home, arguments);
        assert!(!succeeded, "{arguments:?}");
        assert!(
            said.contains("the group 54321 can write its folder")
                && said.contains("taskhold serve"),
            "{said}"
        );
    }
    // By a link as well.
    let link = Home::new();
    symlink(home.database(), link.database()).unwrap();
    let (succeeded, said) = ended(&link, &["list"]);
    assert!(
        !succeeded && said.contains("can write its folder"),
        "{said}"
    );

    let output = home.command(&["doctor"]).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("the group 54321 can write"), "{found}");

    open(0o750);
    assert_eq!(home.run(&["list"]), "1 for one user\n");
    open(0o700);
    chown(home.database(), Some(0), Some(54_321)).unwrap();
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o660)).unwrap();
    let (succeeded, said) = ended(&home, &["list"]);
    assert!(
        !succeeded && said.contains("the group 54321 can write it"),
        "{said}"
    );
}

/// As Ubuntu and Fedora make a folder: its group is the user's own.
#[test]
fn a_folder_that_only_the_users_own_group_can_write_is_the_users() {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let has_own_group = passwd.lines().any(|line| line.starts_with("daemon:x:1:1:"));
    let home = Home::new();
    let folder = home.database().parent().unwrap().to_owned();
    if !may_give_away(&folder) {
        return;
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o775)).unwrap();
    let Some(added) = as_user(&home, 1, 1, &["add", "mine"]) else {
        return;
    };
    let said = String::from_utf8(added.stderr).unwrap();
    assert_eq!(added.status.success(), has_own_group, "{said}");
    // A user that the system does not know has no group of its own.
    let stranger = Home::new();
    let folder = stranger.database().parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o775)).unwrap();
    let Some(added) = as_user(&stranger, 54_321, 54_321, &["add", "mine"]) else {
        return;
    };
    let said = String::from_utf8(added.stderr).unwrap();
    assert!(
        said.contains("the group 54321 can write its folder"),
        "{said}"
    );
}

#[test]
fn a_file_of_another_user_in_the_place_of_one_of_ours_is_not_used() {
    let planted = Planted::at(".backups/.lock");
    fs::write(&planted.place, "").unwrap();
    if !may_give_away(&planted.place) {
        return;
    }
    let (succeeded, said) = ended(&planted.home, &["backup"]);
    assert!(!succeeded);
    assert!(said.contains("it belongs to another user"), "{said}");
}

/// SQLite is told in a URI that nobody writes such a file; people know it by its path.
#[test]
fn a_database_that_can_be_neither_written_nor_read_is_named_by_its_path() {
    let home = Home::new();
    home.run(&["add", "closed"]);
    let folder = home.database().parent().unwrap().to_owned();
    if !may_give_away(&folder) {
        return;
    }
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let outputs = [["list"], ["doctor"]].map(|call| as_user(&home, 65_534, 65_534, &call));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    for output in outputs.into_iter().flatten() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(home.database().to_str().unwrap()), "{said}");
        assert!(
            !said.contains("immutable") && !said.contains("file:"),
            "{said}"
        );
    }
}

#[test]
fn a_log_with_a_second_name_is_refused_as_well() {
    let home = Home::new();
    home.run(&["add", "in the log"]);
    let reader = Connection::open(home.database()).unwrap();
    reader
        .query_row("SELECT count(*) FROM task", (), |row| row.get::<_, i64>(0))
        .unwrap();
    let log = home.database().with_file_name("tasks.db-wal");
    fs::hard_link(&log, log.with_file_name("copy-wal")).unwrap();
    let (succeeded, said) = ended(&home, &["list"]);
    assert!(!succeeded);
    assert!(
        said.contains("its -wal cannot be used: it has other names"),
        "{said}"
    );
}
