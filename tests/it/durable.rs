//! What was answered is on the disk: the order of the writes, syncs and renames that the system was asked for.
//!
//! After a power cut a file is whole if it was synced before it got its name, and there if its folder was synced after.
//! Of this nothing can be seen in the files themselves while the power is on, so the calls are traced.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::support::Home;

/// The calls that write, sync and name files.
const CALLS: &str = "trace=write,pwrite64,fsync,fdatasync,sync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,ftruncate";

/// What was done to the disk, or said.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Written(PathBuf),
    /// A file or a folder.
    Synced(PathBuf),
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    FolderMade(PathBuf),
    Removed(PathBuf),
    /// The answer on standard output.
    Said,
}

/// Runs a command line under `strace`, and returns what it did, in the order in which each call ended.
fn traced(home: &Home, arguments: &[&str]) -> Vec<Event> {
    traced_with(home, arguments, |_| {})
}

fn traced_with(home: &Home, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Vec<Event> {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let mut command = strace(home, arguments, trace.path());
    change(&mut command);
    let output = run(command, home, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    // What is made elsewhere is put together there, and goes when the program ends.
    let root = folder_of(home);
    let is_ours = |event: &Event| match event {
        Event::Written(path)
        | Event::Synced(path)
        | Event::FolderMade(path)
        | Event::Removed(path)
        | Event::Renamed { to: path, .. } => path.starts_with(&root),
        Event::Said => true,
    };
    let mut events = events(&fs::read_to_string(trace.path()).unwrap(), &root);
    events.retain(is_ours);
    events
}

/// Returns an `strace` that writes to `trace`, in the environment of the home.
fn strace(home: &Home, arguments: &[&str], trace: &Path) -> Command {
    let given = home.command(arguments);
    let environment = given.get_envs();
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-y",
            "-s",
            "0",
            "-e",
            CALLS,
            "-e",
            "signal=none",
            "-o",
        ])
        .arg(trace)
        .env_clear()
        .envs(environment.filter_map(|(name, value)| Some((name, value?))))
        // The program needs none, but `strace` is looked for on it.
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(given.get_current_dir().unwrap())
        .stdin(Stdio::null());
    command
}

/// Runs the program with these arguments under an `strace`.
fn run(mut strace: Command, home: &Home, arguments: &[&str]) -> Output {
    let given = home.command(arguments);
    strace.arg(given.get_program()).args(given.get_args());
    strace.output().unwrap_or_else(|error| {
        panic!(
            "strace cannot be run ({error}); it is in the package strace: apt-get install strace"
        )
    })
}

fn folder_of(home: &Home) -> PathBuf {
    dunce::canonicalize(home.database().parent().unwrap()).unwrap()
}

/// Reads what `strace -f -y -o` writes of a program that runs in `folder`. A call that another thread interrupts is there
/// in two parts.
fn events(trace: &str, folder: &Path) -> Vec<Event> {
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let (process, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(process, start.to_owned());
            continue;
        }
        let whole = match call.split_once(" resumed>") {
            Some((_, rest)) => begun.remove(process).unwrap() + rest,
            None => call.to_owned(),
        };
        found.extend(event(&whole, folder));
    }
    found
}

/// Returns what a call did; `None` if it failed or does not matter.
fn event(call: &str, folder: &Path) -> Option<Event> {
    let (call, result) = call.rsplit_once(" = ")?;
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    let (name, arguments) = call.split_once('(')?;
    let descriptor = || {
        let (number, rest) = arguments.split_once('<')?;
        let (path, _) = rest.split_once('>')?;
        Some((number, PathBuf::from(path)))
    };
    // Each is between quotation marks, and the tests give them no names that need more.
    let paths = arguments.split('"').skip(1).step_by(2);
    let mut paths = paths.map(|path| folder.join(path));
    Some(match name {
        "write" | "pwrite64" | "ftruncate" => match descriptor()? {
            ("1", _) => Event::Said,
            (_, path) => Event::Written(path),
        },
        "fsync" | "fdatasync" => Event::Synced(descriptor()?.1),
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => Event::Renamed {
            from: paths.next()?,
            to: paths.next()?,
        },
        "mkdir" | "mkdirat" => Event::FolderMade(paths.next()?),
        "unlink" | "unlinkat" => Event::Removed(paths.next()?),
        _ => return None,
    })
}

/// What is wrong with the order of events: each that the disk may not have when the answer is given, or the program ends.
fn faults(events: &[Event]) -> Vec<String> {
    let folder = |path: &Path| path.parent().unwrap().to_owned();
    let mut unsynced: BTreeSet<PathBuf> = BTreeSet::new();
    // What is new in a folder, by the folder.
    let mut names: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut faults = Vec::new();
    for event in events.iter().chain([&Event::Said]) {
        match event {
            Event::Written(path) => {
                unsynced.insert(path.clone());
            }
            Event::Synced(path) => {
                unsynced.remove(path);
                names.remove(path);
            }
            Event::Renamed { from, to } => {
                if unsynced.remove(from) {
                    faults.push(format!("{} was named before it was synced", to.display()));
                }
                names.entry(folder(to)).or_default().push(to.clone());
            }
            Event::FolderMade(path) => names.entry(folder(path)).or_default().push(path.clone()),
            Event::Removed(_) => {}
            Event::Said => {
                let late = std::mem::take(&mut names);
                faults.extend(late.into_values().flatten().map(|path| {
                    format!(
                        "the name {} was not synced before the answer",
                        path.display()
                    )
                }));
            }
        }
    }
    faults
}

/// Runs a command line and holds that it puts a file at `path`, and that nothing it names is told before it is on the disk.
fn puts_durably(home: &Home, arguments: &[&str], path: &Path) {
    let events = traced(home, arguments);
    assert_durable(&events, path, &format!("{arguments:?}"));
}

fn assert_durable(events: &[Event], path: &Path, what: &str) {
    let is_put = |event: &Event| matches!(event, Event::Renamed { to, .. } if to == path);
    assert!(
        events.iter().any(is_put),
        "{what} put nothing at {}: {events:#?}",
        path.display()
    );
    assert_eq!(faults(events), [""; 0], "{what}: {events:#?}");
}

/// A home whose database is in folders that nobody has made yet.
fn new_home() -> (Home, PathBuf) {
    let home = Home::new();
    let folder = folder_of(&home);
    (home, folder)
}

#[test]
fn a_token_is_on_the_disk_before_it_is_shown() {
    let (home, folder) = new_home();
    let (own, further) = (
        folder.join("tasks.db.token"),
        folder.join("tasks.db.tokens.json"),
    );
    puts_durably(&home, &["token", "rotate"], &own);
    puts_durably(&home, &["token", "add", "--name", "phone"], &further);
    puts_durably(&home, &["token", "revoke", "--name", "phone"], &further);
    fs::remove_file(&own).unwrap();
    puts_durably(&home, &["token", "show"], &own);
}

#[test]
fn folders_that_were_made_on_the_way_are_on_the_disk_too() {
    let (home, folder) = new_home();
    let database = folder.join("new/folder/tasks.db");
    let said = database.to_str().unwrap();
    let token = folder.join("new/folder/tasks.db.token");
    puts_durably(&home, &["--db", said, "token", "rotate"], &token);

    let database = folder.join("other/folder/tasks.db");
    let said = database.to_str().unwrap();
    let events = traced(&home, &["--db", said, "add", "first"]);
    assert!(
        events.contains(&Event::FolderMade(folder.join("other"))),
        "{events:#?}"
    );
    assert_eq!(faults(&events), [""; 0], "{events:#?}");
}

#[test]
fn an_export_is_on_the_disk_when_the_command_ends() {
    let (home, folder) = new_home();
    home.run(&["add", "one"]);
    puts_durably(&home, &["export", "all.jsonl"], &folder.join("all.jsonl"));
    puts_durably(
        &home,
        &["export", "all.jsonl", "--force", "--json"],
        &folder.join("all.jsonl"),
    );
}

#[test]
fn a_backup_is_on_the_disk_when_it_is_told() {
    let (home, folder) = new_home();
    home.run(&["add", "one"]);
    puts_durably(&home, &["backup", "copy.db"], &folder.join("copy.db"));
    let events = traced(&home, &["backup"]);
    let taken = fs::read_dir(folder.join("tasks.db.backups")).unwrap();
    let asked = taken
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_str().unwrap().ends_with("-asked.db"))
        .unwrap();
    assert_durable(&events, &asked, "backup");
    puts_durably(
        &home,
        &["doctor", "--salvage", "saved.db"],
        &folder.join("saved.db"),
    );
}

#[test]
fn the_configuration_of_a_host_is_on_the_disk_when_it_is_told_and_so_is_the_backup_of_it() {
    let (home, folder) = new_home();
    let file = folder.join(".cursor/mcp.json");
    puts_durably(&home, &["install", "cursor"], &file);
    fs::write(&file, "{\"mcpServers\":{\"other\":{\"command\":\"x\"}}}").unwrap();
    let events = traced(&home, &["install", "cursor"]);
    assert_durable(&events, &file, "install over another");
    let is_backup = |event: &Event| matches!(event, Event::Renamed { to, .. } if to.to_string_lossy().ends_with(".bak"));
    assert!(events.iter().any(is_backup), "{events:#?}");

    // What was all ours is removed with its last entry.
    fs::remove_file(&file).unwrap();
    home.run(&["install", "cursor"]);
    let events = traced(&home, &["install", "--remove", "cursor"]);
    let removed = events
        .iter()
        .position(|event| *event == Event::Removed(file.clone()))
        .unwrap_or_else(|| panic!("it was not removed: {events:#?}"));
    let synced = Event::Synced(folder.join(".cursor"));
    let said = events.iter().rposition(|event| *event == Event::Said);
    let after = &events[removed..said.unwrap()];
    assert!(after.contains(&synced), "{events:#?}");
    assert_eq!(faults(&events), [""; 0], "{events:#?}");
}

#[test]
fn pages_of_the_manual_are_on_the_disk_when_the_command_ends() {
    let (home, folder) = new_home();
    let page = folder.join("share/man1/taskhold.1");
    puts_durably(&home, &["man", "--dir", "share/man1"], &page);
}

#[test]
fn a_unit_is_on_the_disk_when_it_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, folder) = new_home();
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let systemctl = bin.join("systemctl");
    fs::write(&systemctl, "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", bin.display());
    let service = |word| {
        traced_with(&home, &["service", word], |command| {
            command.env("PATH", &path);
        })
    };
    let unit = folder.join(".config/systemd/user/taskhold.service");
    assert_durable(&service("install"), &unit, "service install");
    let events = service("uninstall");
    let removed = events
        .iter()
        .position(|event| *event == Event::Removed(unit.clone()))
        .unwrap_or_else(|| panic!("it was not removed: {events:#?}"));
    let synced = Event::Synced(unit.parent().unwrap().to_owned());
    assert!(events[removed..].contains(&synced), "{events:#?}");
}

/// Runs a command line whose `when`-th sync fails with this error.
fn failing(home: &Home, arguments: &[&str], error: &str, when: usize) -> Output {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let failing = format!("inject=fsync:error={error}:when={when}");
    let mut command = strace(home, arguments, trace.path());
    command.args(["-e", &failing]);
    let output = run(command, home, arguments);
    let trace = fs::read_to_string(trace.path()).unwrap();
    assert!(trace.contains("(INJECTED)"), "nothing failed: {trace}");
    output
}

#[test]
fn a_disk_that_fails_is_told_and_nothing_is_answered() {
    let (home, folder) = new_home();
    home.run(&["add", "one"]);
    home.run(&["token", "add", "--name", "phone"]);
    let file = folder.join("all.jsonl");
    // The file's own sync, and that of its folder.
    for when in [1, 2] {
        for arguments in [
            &["token", "rotate"][..],
            &["token", "revoke", "--name", "phone"],
            &["install", "cursor"],
            &["export", "all.jsonl", "--json"],
            &["man", "--dir", "pages"],
        ] {
            let output = failing(&home, arguments, "EIO", when);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{arguments:?}, {when}: {said}");
            assert!(
                said.contains("nput/output error"),
                "{arguments:?}, {when}: {said}"
            );
            assert!(output.stdout.is_empty(), "{arguments:?}, {when}");
        }
        // It can be called again.
        assert!(!file.exists(), "{when}");
    }
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".new") || name.starts_with(".all"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn where_a_folder_cannot_be_synced_a_file_is_written_all_the_same() {
    let (home, folder) = new_home();
    home.run(&["add", "one"]);
    for error in ["EINVAL", "EOPNOTSUPP"] {
        // The first is of the file.
        let output = failing(&home, &["export", "all.jsonl", "--force"], error, 2);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}: {said}");
        assert!(folder.join("all.jsonl").exists());
    }
}

#[test]
fn a_trace_is_read_as_strace_writes_it_and_what_is_told_too_early_is_found() {
    let trace = "\
        7 write(4</h/a.new>, \"\"..., 44) = 44\n\
        7 fsync(4</h/a.new> <unfinished ...>\n\
        8 mkdir(\"/h/b\", 0700) = -1 EEXIST (File exists)\n\
        7 <... fsync resumed>) = 0\n\
        7 rename(\"/h/a.new\", \"a\") = 0\n\
        7 write(1<pipe:[1]>, \"\"..., 3) = 3\n\
        7 +++ exited with 0 +++\n";
    let (new, a) = (PathBuf::from("/h/a.new"), PathBuf::from("/h/a"));
    let read = events(trace, Path::new("/h"));
    assert_eq!(
        read,
        [
            Event::Written(new.clone()),
            Event::Synced(new.clone()),
            Event::Renamed { from: new, to: a },
            Event::Said,
        ]
    );
    assert_eq!(
        faults(&read),
        ["the name /h/a was not synced before the answer"]
    );
    let synced = trace.replace("7 write(1", "7 fsync(5</h>) = 0\n7 write(1");
    assert_eq!(faults(&events(&synced, Path::new("/h"))), [""; 0]);
    let unsynced = synced.replace("fsync(4</h/a.new>", "fdatasync(4</h/other>");
    assert_eq!(
        faults(&events(&unsynced, Path::new("/h"))),
        ["/h/a was named before it was synced"]
    );
}
