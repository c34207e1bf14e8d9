//! What the program is interrupted in: a home as it was before, one command, and what must be true of the home
//! afterwards.
//!
//! A command that was interrupted leaves things as they were before it or as it leaves them when nothing is in its way,
//! nothing between. Once it has said that it is done, they are as it leaves them.

mod seen;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    support::Home,
    trace::{Calls, SHORTLY, traced},
};
pub(crate) use seen::{Seen, look};

/// One command and where it is run.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    prepare: fn(&Home),
    pub(crate) command: &'static [&'static str],
    /// The database, from the home.
    database: &'static str,
    pub(crate) subject: Subject,
}

/// What a command changes beside the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nothing.
    Tasks,
    /// The file of this name.
    File(&'static str),
    /// The configuration of a host, of which the file as it was stays beside it.
    Host(&'static str),
    /// A copy of the database under this name.
    Copy(&'static str),
    /// How many backups there are that were asked for.
    Backups,
    /// The user's own token.
    Token,
    /// The names of all tokens.
    Tokens,
}

const PREPARED_AT_ONCE: usize = 4;
const DATABASE: &str = "tasks.db";
const HOST: &str = ".cursor/mcp.json";
const HOST_BEFORE: &str =
    "{\n  \"mine\": 1,\n  \"mcpServers\": { \"other\": { \"command\": \"other\" } }\n}\n";

/// All of them, and what each is there for.
pub(crate) static SCENARIOS: [Scenario; 16] = [
    scenario(
        "first start",
        nothing,
        &["add", "one", "--json"],
        Subject::Tasks,
    ),
    Scenario {
        database: "deep/down/tasks.db",
        ..scenario(
            "first start in new folders",
            nothing,
            &["add", "one", "--json"],
            Subject::Tasks,
        )
    },
    scenario(
        "daily backup",
        filled,
        &["add", "one", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "upgrade from the first schema",
        of_the_first_schema,
        &["add", "one", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "upgrade from the second schema",
        of_the_second_schema,
        &["add", "one", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "import",
        with_import,
        &["import", "new.jsonl", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "restore",
        changed,
        &["restore", "kept.db", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "--fix",
        damaged,
        &["doctor", "--fix", "--json"],
        Subject::Tasks,
    ),
    scenario(
        "install",
        with_host,
        &["install", "cursor", "--json"],
        Subject::Host(HOST),
    ),
    scenario(
        "token rotate",
        with_tokens,
        &["token", "rotate"],
        Subject::Token,
    ),
    scenario(
        "token add",
        with_tokens,
        &["token", "add", "--name", "phone"],
        Subject::Tokens,
    ),
    scenario(
        "token revoke",
        with_tokens,
        &["token", "revoke", "--name", "lost"],
        Subject::Tokens,
    ),
    scenario(
        "export",
        filled,
        &["export", "all.jsonl", "--json"],
        Subject::File("all.jsonl"),
    ),
    scenario(
        "export --force",
        with_export,
        &["export", "all.jsonl", "--force", "--json"],
        Subject::File("all.jsonl"),
    ),
    scenario(
        "backup to a file",
        filled,
        &["backup", "copy.db", "--json"],
        Subject::Copy("copy.db"),
    ),
    scenario("backup", filled, &["backup", "--json"], Subject::Backups),
];

const fn scenario(
    name: &'static str,
    prepare: fn(&Home),
    command: &'static [&'static str],
    subject: Subject,
) -> Scenario {
    Scenario {
        name,
        prepare,
        command,
        database: DATABASE,
        subject,
    }
}

/// A scenario whose beginning and end are known.
pub(crate) struct Prepared {
    pub(crate) scenario: &'static Scenario,
    /// As it is before the command. Nothing ever runs in it.
    template: Home,
    before: Seen,
    after: Seen,
    /// What the program asks the system for when nothing is in its way.
    pub(crate) calls: Calls,
}

/// Prepares them all, several at once.
pub(crate) fn prepare_all() -> Vec<Prepared> {
    thread::scope(|scope| {
        let preparing: Vec<_> = SCENARIOS
            .chunks(SCENARIOS.len().div_ceil(PREPARED_AT_ONCE))
            .map(|some| scope.spawn(|| some.iter().map(Scenario::prepare).collect::<Vec<_>>()))
            .collect();
        let prepared = preparing.into_iter().map(|some| some.join().unwrap());
        prepared.flatten().collect()
    })
}

impl Scenario {
    /// Returns that of servers that are called: what becomes of the tasks is in the clients' books.
    pub(crate) const fn served() -> Self {
        scenario("calls", nothing, &["mcp"], Subject::Tasks)
    }

    fn prepare(&'static self) -> Prepared {
        let template = Home::new();
        (self.prepare)(&template);
        let looked_at = copy_of(&template);
        let before = look(self, &looked_at, &root(&looked_at));
        let done = copy_of(&template);
        let seen = tempfile::NamedTempFile::new().unwrap();
        let command = self.run(&done, self.command);
        let output = traced(&command, &SHORTLY, seen.path()).output().unwrap();
        // What a command prints is its word that it is done.
        let has_said = output.stdout.ends_with(b"\n");
        assert!(
            has_said && output.status.success(),
            "{}: {output:?}",
            self.name
        );
        let after = look(self, &done, &root(&done));
        assert_eq!(after.faults, [""; 0], "{}: {after:?}", self.name);
        assert_eq!(after.bad, [""; 0], "{}: {after:?}", self.name);
        Prepared {
            scenario: self,
            template,
            before,
            after,
            calls: Calls::read(seen.path(), &root(&done)),
        }
    }

    /// Returns the program with its arguments in a home.
    pub(crate) fn run(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.command(arguments);
        command.env("TASKHOLD_DB", self.database(home));
        command
    }

    pub(crate) fn database(&self, home: &Home) -> PathBuf {
        root(home).join(self.database)
    }
}

impl Prepared {
    /// Returns a new home in which nothing has happened yet.
    pub(crate) fn home(&self) -> Home {
        copy_of(&self.template)
    }

    pub(crate) fn command(&self, home: &Home) -> Command {
        self.scenario.run(home, self.scenario.command)
    }

    /// Says what is wrong with what is there after an interruption. `told` is what the command printed when it said
    /// that it was done; `None` if it did not get there.
    pub(crate) fn judge(&self, seen: &Seen, told: Option<&str>) -> Vec<String> {
        let mut wrong = seen.faults.clone();
        let is_done = told.is_some();
        wrong.extend(self.judge_doctor(seen, is_done));
        let tasks_fit = |expected: &Seen| seen.tasks == expected.tasks;
        if !(tasks_fit(&self.after) || tasks_fit(&self.before) && !is_done) {
            wrong.push(format!(
                "{} tasks, neither as before nor as after: {}",
                seen.tasks.len(),
                json!(seen.tasks)
            ));
        }
        let subject = &seen.subject;
        let is_after = match (self.scenario.subject, told) {
            (Subject::Token, Some(told)) => *subject == told.trim(),
            (Subject::Token, None) => subject.as_str().is_some_and(|token| token.len() == 43),
            _ => *subject == self.after.subject,
        };
        if !is_after && (is_done || !self.may_be_unfinished(subject)) {
            let subject: String = subject.to_string().chars().take(300).collect();
            let told = if is_done { "done" } else { "nothing" };
            wrong.push(format!("{told} was said, and there is {subject}"));
        }
        wrong
    }

    fn may_be_unfinished(&self, subject: &Value) -> bool {
        *subject == self.before.subject
            // The name is taken first.
            || matches!(self.scenario.subject, Subject::Copy(_)) && subject == "empty"
    }

    fn judge_doctor(&self, seen: &Seen, is_done: bool) -> Option<String> {
        let known = if is_done { &self.after } else { &self.before };
        let unknown: Vec<_> = seen
            .bad
            .iter()
            .filter(|one| !known.bad.contains(one))
            .collect();
        (!unknown.is_empty()).then(|| format!("the doctor finds {unknown:?}"))
    }
}

/// Returns the folder of a home.
pub(crate) fn root(home: &Home) -> PathBuf {
    home.database().with_file_name("")
}

fn copy_of(template: &Home) -> Home {
    let home = Home::new();
    copy_tree(&root(template), &root(&home));
    home
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn nothing(_: &Home) {}

/// Some tasks of every kind, and no backup of today.
fn filled(home: &Home) {
    let many = (0..30).map(|n| format!("task {n} +many\n"));
    let few = [
        "(A) Buy paint +home due:2030-01-01\n",
        "Paint the fence +home @garden\n",
        "Invite Zoë due:2030-01-02\n",
    ];
    let lines: String = few.into_iter().map(str::to_owned).chain(many).collect();
    let file = root(home).join("todo.txt");
    fs::write(&file, lines).unwrap();
    home.run(&["import", "todo.txt"]);
    fs::remove_file(file).unwrap();
    home.run(&["edit", "1", "after:2"]);
    home.run(&["comment", "3", "her sister comes too"]);
    home.run(&["delete", "7"]);
    remove_backups(home);
}

fn remove_backups(home: &Home) {
    let folder = root(home).join("tasks.db.backups");
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}

fn of_the_first_schema(home: &Home) {
    old(home, include_str!("../fixtures/schema-1.sql"));
}

fn of_the_second_schema(home: &Home) {
    old(home, include_str!("../fixtures/schema-2.sql"));
}

fn old(home: &Home, fixture: &str) {
    let connection = Connection::open(home.database()).unwrap();
    connection.execute_batch(fixture).unwrap();
    // As every build leaves it.
    connection
        .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
        .unwrap();
    drop(connection);
    make_private(&home.database());
}

fn with_import(home: &Home) {
    filled(home);
    let other = Home::new();
    for n in 0..20 {
        other.run(&["add", &format!("imported {n} +other")]);
    }
    let file = root(home).join("new.jsonl");
    other.run(&["export", file.to_str().unwrap()]);
}

fn changed(home: &Home) {
    filled(home);
    home.run(&["backup", "kept.db"]);
    home.run(&["done", "1"]);
    home.run(&["delete", "3"]);
    home.run(&["add", "after the backup"]);
    remove_backups(home);
}

/// The search index misses words and a column that is derived is wrong: the tasks are all there.
fn damaged(home: &Home) {
    filled(home);
    Connection::open(home.database())
        .unwrap()
        .execute_batch(
            "DELETE FROM unindexed; DELETE FROM search WHERE rowid = 2; UPDATE task SET blockers = 7 WHERE id = 1",
        )
        .unwrap();
}

fn with_host(home: &Home) {
    filled(home);
    let file = root(home).join(HOST);
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(file, HOST_BEFORE).unwrap();
}

fn with_tokens(home: &Home) {
    filled(home);
    home.run(&["token", "show"]);
    home.run(&["token", "add", "--name", "lost"]);
}

fn with_export(home: &Home) {
    filled(home);
    home.run(&["export", "all.jsonl"]);
    home.run(&["add", "since the export"]);
    remove_backups(home);
}

/// Keeps others from a file or a folder.
#[cfg(unix)]
pub(crate) fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn make_private(_: &Path) {}
