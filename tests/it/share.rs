//! Several machines that share their tasks: each a home of its own, over one object store.

use std::{
    cell::Cell,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, Wiring};
use object_store::ObjectStore;

mod age;
#[path = "support/object_store.rs"]
mod object_store;
mod parting;

/// A machine: a home with the variables by which it reaches the store.
struct Machine<'a> {
    home: Home,
    store: &'a ObjectStore,
    /// Whether the shell has the variables that lead to the store.
    has_variables: Cell<bool>,
}

impl<'a> Machine<'a> {
    fn new(store: &'a ObjectStore) -> Self {
        let home = Home::new();
        let has_variables = Cell::new(true);
        Self {
            home,
            store,
            has_variables,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        if !self.has_variables.get() {
            return command;
        }
        command
            .env("AWS_ENDPOINT_URL", self.store.url())
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "anna")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        serde_json::from_str(&self.run(&all)).unwrap()
    }

    /// Returns an app that speaks with this machine's server.
    fn mcp(&self) -> Client {
        let mut client = Client::start(self.command(&["mcp"]), Dialect::Modern, Wiring::Pipes);
        client.greet();
        client
    }

    /// Returns what a call says that fails.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns what `share status` prints where the log does not answer or cannot be followed, and what it says on stderr.
    fn status_of_failure(&self, arguments: &[&str]) -> (String, String) {
        let mut call = vec!["share", "status"];
        call.extend(arguments);
        let output = self.output(&call);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let [printed, said] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (printed, said)
    }

    /// Returns the path of a file beside the database.
    fn beside(&self, ending: &str) -> PathBuf {
        let name = format!("tasks.db{ending}");
        self.home.database().with_file_name(name)
    }

    /// Makes it as if the log had been heard of two hours ago.
    fn age(&self) {
        self.hear(SystemTime::now() - Duration::from_hours(2));
    }

    /// Makes it as if the log had last been heard of then.
    fn hear(&self, then: SystemTime) {
        let heard = std::fs::File::options()
            .write(true)
            .open(self.beside(".share.lock"))
            .unwrap();
        heard.set_modified(then).unwrap();
    }

    fn share(&self, member: &[&str]) {
        let mut call = vec!["share", "init", "s3://tasks/ours"];
        call.extend(member);
        self.run(&call);
    }

    fn code(&self) -> String {
        self.run(&["share", "code", "--show"])
    }

    fn join_with(&self, code: &str, arguments: &[&str]) -> Output {
        let mut call = vec!["share", "join"];
        call.extend(arguments);
        let mut child = self
            .command(&call)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(code.as_bytes()).unwrap();
        drop(input);
        child.wait_with_output().unwrap()
    }

    fn join(&self, code: &str, arguments: &[&str]) -> String {
        let output = self.join_with(code, arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn titles(&self) -> Vec<String> {
        let list = self.json(&["list", "all", "--fresh"]);
        let tasks = list["tasks"].as_array().unwrap();
        let mut tasks: Vec<_> = tasks
            .iter()
            .map(|task| {
                (
                    task["id"].as_i64(),
                    task["title"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        tasks.sort();
        tasks.into_iter().map(|(_, title)| title).collect()
    }
}

fn error(said: &str) -> Value {
    serde_json::from_str::<Value>(said).unwrap()["error"].clone()
}

#[test]
fn a_second_machine_joins_by_a_code_and_both_see_what_the_other_does() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.run(&["add", "from the desk"]);
    desk.share(&[]);
    laptop.run(&["add", "from the laptop"]);
    let said = laptop.join(&desk.code(), &[]);
    assert!(
        said.contains("1 task of this machine came along, now #2"),
        "{said}"
    );
    assert_eq!(desk.titles(), ["from the desk", "from the laptop"]);
    laptop.run(&["add", "a third"]);
    desk.run(&["done", "3"]);
    assert_eq!(
        laptop.titles(),
        ["from the desk", "from the laptop", "a third"]
    );
    let last = laptop.json(&["show", "3"]);
    assert_eq!(last["tasks"][0]["status"], "completed", "{last}");
    for machine in [&desk, &laptop] {
        let status = machine.json(&["share", "status"]);
        assert_eq!(
            (&status["behind"], &status["entry"]),
            (&json!(0), &json!(4)),
            "{status}"
        );
        let found = machine.json(&["doctor"]);
        assert_ne!(found["verdict"], "bad", "{found}");
    }
    // Whoever runs the store sees none of it.
    assert!(
        store
            .names()
            .iter()
            .any(|name| name.ends_with("00000000000000000004"))
    );
    for text in ["from the desk", "third", "title"] {
        assert!(!store.holds(text), "{text}");
    }
}

#[test]
fn without_the_store_tasks_are_read_and_a_change_is_refused_as_not_made() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "kept"]);
    desk.share(&[]);
    store.switch_off(true);
    let begun = std::time::Instant::now();
    let output = desk.output(&["add", "too early", "--json"]);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = error(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(said["code"], "shared", "{said}");
    assert!(
        said["message"].as_str().unwrap().contains("shared log"),
        "{said}"
    );
    let list = desk.json(&["list"]);
    assert_eq!(list["tasks"].as_array().unwrap().len(), 1, "{list}");
    let (printed, said) = desk.status_of_failure(&["--json"]);
    let status: Value = serde_json::from_str(&printed).unwrap();
    assert!(
        status["error"].is_string() && status["entry"] == 1,
        "{status}"
    );
    let said = error(&said);
    assert_eq!(said["code"], "shared", "{said}");
    assert!(
        said["message"].as_str().unwrap().contains("cannot be read"),
        "{said}"
    );
    store.switch_off(false);
    desk.run(&["add", "in time"]);
    let titles = desk.titles();
    assert_eq!(titles, ["kept", "in time"]);
}

#[test]
fn while_the_store_hangs_an_app_that_waits_for_its_change_is_shown_the_tasks_and_told_so() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "kept"]);
    desk.share(&[]);
    let mut app = desk.mcp();
    let told = |answer: &Value| {
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = app.send_call("add_task", json!({ "title": "first" }));
    let list = app.send_call("list_tasks", json!({}));
    app.answer(&first);
    let shown = told(&app.answer(&list));
    assert!(shown.contains("first"), "its own change is shown: {shown}");
    assert!(!shown.contains("waits for the shared log"), "{shown}");
    store.hang(true);
    let begun = std::time::Instant::now();
    let change = app.send_call("add_task", json!({ "title": "waiting" }));
    let list = app.send_call("list_tasks", json!({}));
    let json = app.send_call("list_tasks", json!({ "format": "json" }));
    for list in [list, json] {
        let shown = told(&app.answer(&list));
        assert!(
            shown.contains("kept") && !shown.contains("\"waiting\""),
            "{shown}"
        );
        assert!(shown.contains("a change of yours still waits"), "{shown}");
    }
    assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
    store.hang(false);
    let made = app.answer(&change);
    assert_ne!(made["result"]["isError"], true, "{made}");
    let list = app.send_call("list_tasks", json!({}));
    let shown = told(&app.answer(&list));
    assert!(
        shown.contains("waiting") && !shown.contains("still waits"),
        "{shown}"
    );
    app.close_stdin_and_wait().assert_good("mcp");
}

#[test]
fn members_of_a_team_sign_their_changes_and_take_back_their_own() {
    let store = ObjectStore::start();
    let (anna, ben) = (Machine::new(&store), Machine::new(&store));
    anna.share(&["--member", "anna"]);
    ben.join(&anna.code(), &["--member", "ben"]);
    anna.run(&["add", "of anna"]);
    ben.run(&["add", "of ben"]);
    anna.run(&["undo"]);
    assert_eq!(ben.titles(), ["of ben"]);
    let log = ben.run(&["log", "2"]);
    assert!(log.contains("cli @ ben"), "{log}");
    let mut client = ben.mcp();
    client.call("add_task", json!({ "title": "of an agent" }));
    let log = ben.run(&["log", "3"]);
    assert!(log.contains(" @ ben"), "{log}");
    let members = anna.json(&["share", "status"])["members"].clone();
    assert_eq!(members, json!(["anna", "ben"]));
}

#[test]
fn a_code_is_read_from_no_argument_and_a_wrong_one_changes_nothing() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.share(&[]);
    laptop.run(&["add", "mine"]);
    let code = desk.code();
    let (code_given, member) = (code.trim(), format!("--member={code}"));
    for call in [
        &["share", "join", code_given][..],
        &["share", "join", "--member", code_given],
        &["share", "join", &member],
        &["share", "init", code_given],
        &["share", "rekey", code_given],
        &["share", "code", code_given],
        &["share", "code", &code_given[..40]],
        &["share", "join", "--json", code_given],
        &["add", "Join with", code_given],
        &[code_given],
    ] {
        let refused = laptop.output(call);
        assert_eq!(refused.status.code(), Some(2), "{call:?}: {refused:?}");
        let said = [refused.stdout, refused.stderr].map(|said| String::from_utf8(said).unwrap());
        let said = said.concat();
        assert!(
            said.contains("not given as an argument") && said.contains("share rekey"),
            "{call:?}: {said}"
        );
        assert!(!said.contains(&code_given[..16]), "{call:?}: {said}");
    }
    let shown = desk.output(&["share", "code"]);
    assert_eq!(shown.status.code(), Some(2), "{shown:?}");
    assert!(shown.stdout.is_empty());
    let cut = &code[..code.len() - 9];
    let output = laptop.join_with(cut, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cut off"), "{said}");
    assert_eq!(laptop.titles(), ["mine"]);
}

#[test]
fn a_place_that_is_taken_and_a_database_that_is_shared_are_not_shared_again() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.share(&[]);
    let again = desk.refusal(&["share", "init", "s3://tasks/other"]);
    assert!(again.contains("it is shared already"), "{again}");
    let taken = laptop.refusal(&["share", "init", "s3://tasks/ours"]);
    assert!(taken.contains("holds a shared log already"), "{taken}");
    let nowhere = laptop.refusal(&["share", "init", "ftp://x"]);
    assert!(nowhere.contains("s3://BUCKET/FOLDER"), "{nowhere}");
    // What is not shared has no status.
    assert!(!taken.contains("share status"), "{taken}");
    let open = laptop.refusal(&["share", "init", "s3://key:hush@tasks/ours"]);
    assert!(
        open.contains("AWS_SECRET_ACCESS_KEY") && !open.contains("hush"),
        "{open}"
    );
    let same = desk.refusal(&["share", "rekey", "s3://tasks/ours"]);
    assert!(same.contains("where the log is now"), "{same}");
    store.switch_off(true);
    let (status, said) = desk.status_of_failure(&[]);
    assert!(
        status.contains("answers   no: ") && status.contains("entry     1"),
        "{status}"
    );
    for said in [status, said] {
        assert!(!said.contains("Nothing was changed"), "{said}");
    }
    store.switch_off(false);
    laptop.run(&["add", "still works"]);
    assert_eq!(laptop.titles(), ["still works"]);
}

#[test]
fn an_import_and_a_restore_go_to_all_machines() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.run(&["add", "one"]);
    desk.share(&[]);
    laptop.join(&desk.code(), &[]);
    laptop.run(&["add", "two"]);
    let file = desk.home.database().with_file_name("list.txt");
    std::fs::write(&file, "Buy milk +home\nCall mom\n").unwrap();
    desk.run(&["import", file.to_str().unwrap(), "--format", "todo.txt"]);
    let all = ["one", "two", "Buy milk", "Call mom"];
    assert_eq!(laptop.titles(), all);
    laptop.run(&["backup"]);
    desk.run(&["delete", "1", "2"]);
    laptop.run(&["restore", "latest"]);
    assert_eq!(desk.titles(), all);
}

#[test]
fn a_change_on_one_machine_is_heard_by_an_app_on_another() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.run(&["add", "watched"]);
    desk.share(&[]);
    laptop.join(&desk.code(), &[]);
    let mut app = laptop.mcp();
    app.watch("tasks://task/1");
    desk.run(&["edit", "1", "--title", "changed"]);
    assert_eq!(app.next_updated(), "tasks://task/1");
    assert!(app.read("tasks://task/1").contains("changed"));
}

/// An app that runs since before the machine joined goes on with the tasks of all.
#[test]
fn an_app_that_runs_while_its_machine_joins_loses_nothing_and_hears_of_it() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.run(&["add", "of the desk"]);
    desk.share(&[]);
    laptop.run(&["add", "of the laptop"]);
    let mut app = laptop.mcp();
    app.watch("tasks://task/1");
    app.call("add_task", json!({ "title": "before" }));
    laptop.join(&desk.code(), &[]);
    assert_eq!(app.next_updated(), "tasks://task/1");
    app.call("add_task", json!({ "title": "after" }));
    assert_eq!(
        desk.titles(),
        ["of the desk", "of the laptop", "before", "after"]
    );
}

#[test]
fn a_file_that_opens_the_log_is_needed_and_what_is_read_says_how_old_it_is() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "one"]);
    desk.share(&[]);
    desk.age();
    let output = desk.output(&["list"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("tasks as of") && said.contains("--fresh"),
        "{said}"
    );
    let output = desk.output(&["list", "--fresh"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    std::fs::remove_file(desk.beside(".share")).unwrap();
    let refused = desk.refusal(&["add", "two"]);
    assert!(refused.contains("share join"), "{refused}");
    assert_eq!(desk.json(&["list"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_log_at_the_newest_format_has_nothing_to_raise() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "one"]);
    let refused = desk.refusal(&["share", "upgrade"]);
    assert!(refused.contains("not shared"), "{refused}");
    desk.share(&[]);
    let before = store.names();
    let said = desk.run(&["share", "upgrade"]);
    assert!(said.contains("at the newest format (1)"), "{said}");
    let said = desk.json(&["share", "upgrade", "--yes"]);
    assert_eq!(
        (&said["format"], &said["newest"], &said["raised"]),
        (&json!(1), &json!(1), &json!(false)),
        "{said}"
    );
    assert_eq!(desk.json(&["share", "status"])["format"], 1);
    assert_eq!(store.names(), before);
}

#[test]
fn a_bucket_whose_rules_delete_entries_is_refused_and_named_by_doctor() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "one"]);
    store.rule(Some("ours/"));
    let refused = desk.refusal(&["share", "init", "s3://tasks/ours"]);
    assert!(
        refused.contains("tidy deletes objects after 90 days"),
        "{refused}"
    );
    store.rule(Some("other/"));
    desk.share(&[]);
    let doctor = || String::from_utf8(desk.output(&["doctor"]).stdout).unwrap();
    let found = doctor();
    assert!(found.contains("no lifecycle rule"), "{found}");
    store.rule(Some(""));
    let found = doctor();
    assert!(
        found.contains("tidy deletes objects after 90 days") && found.contains("the log ends"),
        "{found}"
    );
}
