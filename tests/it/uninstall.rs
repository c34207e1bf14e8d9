//! `uninstall`: what is left on a machine is listed, and removed when that is asked for.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Dialect, Home};

const CLAUDE: &str = ".claude.json";
const CODEX: &str = ".codex/config.toml";
const FISH: &str = ".config/fish/completions/taskhold.fish";

/// A home folder with taskhold in two hosts, beside another server, with the script of a shell, and with a task.
struct Machine {
    home: Home,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { home: Home::new() };
        machine.has(
            CLAUDE,
            r#"{ "mcpServers": { "other": { "command": "x" } } }"#,
        );
        machine.has(CODEX, "model = \"o\"\n");
        let script = machine.done(&["completions", "fish"]);
        machine.has(FISH, &script);
        machine.done(&["add", "Pay the rent"]);
        machine.done(&["backup"]);
        machine.done(&["install", "claude-code", "codex"]);
        machine
    }

    /// The folder of the data has the name that the program gives it.
    fn database(&self) -> PathBuf {
        self.home
            .database()
            .with_file_name("taskhold")
            .join("tasks.db")
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.home.database().with_file_name(name);
        // As the system writes it.
        path.components().collect()
    }

    fn has(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn says(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        command
            .env("TASKHOLD_DB", self.database())
            .stdin(Stdio::null());
        let settings = self.path("config.toml");
        // One that is named must be there.
        if settings.exists() {
            command.env("TASKHOLD_CONFIG", settings);
        }
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn listed(&self) -> Value {
        serde_json::from_str(&self.done(&["uninstall", "--json"])).unwrap()
    }
}

#[test]
fn without_a_yes_everything_is_listed_and_nothing_removed() {
    let machine = Machine::new();
    let said = machine.done(&["uninstall"]);
    for part in [
        CLAUDE,
        "config.toml",
        "taskhold.fish",
        "tasks.db",
        "-asked.db",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        said.contains("this removes it: taskhold uninstall --yes"),
        "{said}"
    );
    let listed = machine.listed();
    assert_eq!(listed["removed"], false);
    assert_eq!(listed["hosts"][0]["host"], "claude-code");
    assert_eq!(listed["hosts"][1]["host"], "codex");
    assert_eq!(listed["hosts"].as_array().unwrap().len(), 2);
    assert_eq!(listed["completions"], json!([machine.path(FISH)]));
    assert!(machine.says(CLAUDE).contains("taskhold"));
}

#[test]
fn with_a_yes_hosts_and_shells_are_as_before_and_the_tasks_stay() {
    let machine = Machine::new();
    let said = machine.done(&["uninstall", "--yes"]);
    assert!(
        said.contains("Removed.") && said.contains("The program is "),
        "{said}"
    );
    let claude: Value = serde_json::from_str(&machine.says(CLAUDE)).unwrap();
    assert_eq!(
        claude,
        json!({ "mcpServers": { "other": { "command": "x" } } })
    );
    assert_eq!(machine.says(CODEX), "model = \"o\"\n");
    assert!(!machine.path(FISH).exists());
    assert_eq!(machine.done(&["list"]), "1 Pay the rent\n");
    let again = machine.done(&["uninstall", "--yes"]);
    assert!(
        again.contains("taskhold is in no AI host, service or shell here."),
        "{again}"
    );
}

#[test]
fn the_data_goes_only_when_it_is_asked_for_and_with_all_that_was_made_beside_it() {
    let machine = Machine::new();
    machine.has("config.toml", "color = \"never\"\n");
    let said = machine.done(&["uninstall", "--data"]);
    assert!(
        said.contains("put a backup elsewhere: taskhold backup "),
        "{said}"
    );
    assert!(machine.database().exists());
    // The path of the backup it names is one that can be taken.
    let kept = machine.path("tasks-before-uninstall.db");
    assert!(said.contains(kept.to_str().unwrap()), "{said}");
    machine.done(&["backup", kept.to_str().unwrap()]);
    machine.done(&["uninstall", "--data", "--yes"]);
    assert!(!machine.database().parent().unwrap().exists());
    assert!(!machine.path("config.toml").exists() && kept.exists());
    assert_eq!(machine.listed()["data"], json!([]));
}

#[test]
fn a_file_of_somebody_else_keeps_its_folder() {
    let machine = Machine::new();
    machine.has("taskhold/notes.txt", "mine");
    let said = machine.done(&["uninstall", "--data", "--yes"]);
    assert!(
        said.contains("Left, since other files are in it: "),
        "{said}"
    );
    assert_eq!(machine.says("taskhold/notes.txt"), "mine");
    assert!(!machine.database().exists());
}

#[test]
fn a_database_that_a_server_has_open_is_not_removed() {
    let machine = Machine::new();
    let mut server = crate::support::Client::start(
        machine.command(&["mcp"]),
        Dialect::Modern,
        crate::support::Wiring::Pipes,
    );
    server.greet();
    server.tasks("open");
    let said = machine.refusal(&["uninstall", "--data", "--yes"]);
    assert!(
        said.contains("another program has it open, so no data was removed"),
        "{said}"
    );
    assert_eq!(server.tasks("open").len(), 1);
    server.close_stdin_and_wait().assert_good("the server");
    machine.done(&["uninstall", "--data", "--yes"]);
    assert!(!machine.database().exists());
}

#[test]
fn a_database_of_another_program_is_not_removed() {
    let machine = Machine::new();
    let other = machine.path("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    drop(connection);
    let other = other.to_str().unwrap();
    let said = machine.refusal(&["uninstall", "--data", "--yes", "--db", other]);
    assert!(said.contains("it holds no tasks of taskhold"), "{said}");
    assert!(fs::exists(other).unwrap());
}

#[test]
fn what_is_no_database_of_ours_is_not_listed_as_deleted() {
    let machine = Machine::new();
    machine.has(
        "notes.txt",
        "all my notes, in a file that is no database at all\n",
    );
    let notes = machine.path("notes.txt");
    let named = ["uninstall", "--data", "--db", notes.to_str().unwrap()];
    let said = machine.done(&named);
    assert!(!said.contains("deleted for good"), "{said}");
    assert!(
        said.contains("Stays with --data too") && said.contains("delete them by hand"),
        "{said}"
    );
    let said = machine.refusal(&[&named[..], &["--yes"]].concat());
    assert!(said.contains("notes.txt"), "{said}");
    assert!(notes.exists());
}

#[test]
fn a_damaged_database_is_left_with_the_way_to_delete_it() {
    let machine = Machine::new();
    let size = fs::metadata(machine.database()).unwrap().len();
    fs::write(
        machine.database(),
        vec![b'x'; usize::try_from(size).unwrap()],
    )
    .unwrap();
    let output = machine.output(&["uninstall", "--data", "--yes"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("delete them by hand") && said.contains("tasks.db"),
        "{said}"
    );
    assert!(machine.database().exists());
}

#[test]
fn what_hosts_keep_of_taskhold_and_of_their_own_secrets_is_named() {
    let machine = Machine::new();
    machine.has(".gemini/extensions/taskhold/gemini-extension.json", "{}");
    machine.has(
        ".claude/plugins/installed_plugins.json",
        r#"{ "plugins": { "taskhold@taskhold": [] } }"#,
    );
    let said = machine.done(&["uninstall"]);
    for part in [
        ".claude.json.before-taskhold-",
        "/plugin uninstall taskhold@taskhold",
        "gemini extensions uninstall taskhold",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    machine.done(&["uninstall", "--yes"]);
    let said = machine.done(&["uninstall"]);
    assert!(
        said.contains("Nothing is left to remove but what is named above"),
        "{said}"
    );
    assert_eq!(
        machine.listed()["host_packages"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn manual_pages_go_with_the_rest_and_those_of_others_stay() {
    const PAGES: &str = ".local/share/man/man1";
    let machine = Machine::new();
    machine.done(&["man", "--dir", machine.path(PAGES).to_str().unwrap()]);
    machine.has(&format!("{PAGES}/other.1"), "another program's");
    let said = machine.done(&["uninstall", "--yes"]);
    assert!(said.contains("taskhold-add.1"), "{said}");
    let left: Vec<_> = fs::read_dir(machine.path(PAGES)).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_service_is_removed_by_its_manager() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    machine.has(".config/systemd/user/taskhold.service", "[Unit]\n");
    let bin = machine.path("bin");
    let asked = machine.path("asked");
    machine.has(
        "bin/systemctl",
        &format!("#!/bin/sh\necho \"$@\" >> '{}'\n", asked.display()),
    );
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |arguments: &[&str]| {
        let output = machine
            .command(arguments)
            .env("PATH", format!("{}:/bin:/usr/bin", bin.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["uninstall"]).contains("taskhold.service"));
    assert!(!asked.exists());
    run(&["uninstall", "--yes"]);
    assert!(
        !machine
            .path(".config/systemd/user/taskhold.service")
            .exists()
    );
    let asked = fs::read_to_string(asked).unwrap();
    assert!(asked.contains("--user disable"), "{asked}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_service_starts_the_program_by_the_link_that_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let machine = Machine::new();
    machine.has("bin/systemctl", "#!/bin/sh\n");
    let bin = machine.path("bin");
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink(env!("CARGO_BIN_EXE_taskhold"), bin.join("taskhold")).unwrap();
    let output = machine
        .command(&["service", "install", "--dry-run"])
        .env("PATH", format!("{}:/bin:/usr/bin", bin.display()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let link = bin.join("taskhold");
    assert!(
        said.contains(&format!("ExecStart=\"{}\"", link.display())),
        "{said}"
    );
}

#[test]
fn a_file_of_a_host_that_cannot_be_read_is_named_as_not_looked_at() {
    let machine = Machine::new();
    machine.done(&["uninstall", "--yes"]);
    machine.has(CODEX, "this is = = no TOML");
    let said = machine.done(&["uninstall"]);
    assert!(said.contains("not looked at"), "{said}");
    assert!(
        said.contains(machine.path(CODEX).to_str().unwrap()),
        "{said}"
    );
    assert!(!said.contains("in no AI host"), "{said}");
    let expected = json!([{ "host": "codex", "file": machine.path(CODEX) }]);
    assert_eq!(machine.listed()["not_readable"], expected);
    // What can be removed is, and the exit status says that this was not all.
    machine.done(&["install", "claude-code"]);
    let output = machine.output(&["uninstall", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!machine.says(CLAUDE).contains("taskhold"));
    assert_eq!(machine.says(CODEX), "this is = = no TOML");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_left_to_be_done_by_hand_is_not_called_removed() {
    const GOOSE: &str = ".config/goose/config.yaml";
    let machine = Machine::new();
    let entry = "extensions:\n  tasks:\n    type: stdio\n    cmd: taskhold\n    args: [mcp]\n";
    machine.has(GOOSE, entry);
    let said = machine.done(&["uninstall", "--yes"]);
    assert!(said.contains("to be done by hand"), "{said}");
    assert!(
        said.contains("Removed, but for what is to be done by hand"),
        "{said}"
    );
    assert_eq!(machine.says(GOOSE), entry);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_keeps_nothing_else_from_being_removed() {
    const CODE: &str = ".config/Code/User/mcp.json";
    const CODIUM: &str = ".config/VSCodium/User/mcp.json";
    let machine = Machine::new();
    machine.has(CODE, "{ \"inputs\": [] }");
    machine.done(&["install", "vscode"]);
    machine.has(CODIUM, "{ no JSON");
    let output = machine.output(&["uninstall", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!machine.says(CODE).contains("taskhold"), "{output:?}");
    assert_eq!(machine.says(CODIUM), "{ no JSON");
    assert!(!machine.path(FISH).exists(), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_read_only_keeps_the_shells_from_nothing_and_the_tasks_from_going() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let codex = machine.path(CODEX);
    fs::set_permissions(&codex, fs::Permissions::from_mode(0o444)).unwrap();
    let said = machine.refusal(&["uninstall", "--yes", "--data"]);
    assert!(said.contains("config.toml"), "{said}");
    assert!(!machine.path(FISH).exists(), "{said}");
    assert_eq!(machine.done(&["list"]), "1 Pay the rent\n");
}
