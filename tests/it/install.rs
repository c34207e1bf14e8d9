//! `install`: the configuration of hosts in a home folder of its own, edited by the built binary.

use std::{
    fs,
    path::{self, PathBuf},
    process::Output,
};

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, Wiring};

mod by_hand;
mod choosing;
mod packages;
mod readable;
#[cfg(unix)]
mod unix;

/// A home folder where hosts have been, and the binary with nothing in its environment but that home.
struct Machine {
    home: Home,
}

impl Machine {
    fn new() -> Self {
        Self { home: Home::new() }
    }

    fn folder(&self) -> PathBuf {
        self.home.database().parent().unwrap().to_owned()
    }

    /// Returns a path below the home folder as the system writes it.
    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(shown(name))
    }

    /// Writes a file below the home folder.
    fn has(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn says(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn output(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.home.command(&[&["install"], arguments].concat());
        command.env_remove("TASKHOLD_DB");
        command.envs(variables.iter().copied()).output().unwrap()
    }

    /// Runs `install` and returns what it printed.
    fn install(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `install`, which must refuse, and returns what it said.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns the names of the files beside `name`, backups with `*` for their time.
    fn beside(&self, name: &str) -> Vec<String> {
        let folder = self.folder().join(name);
        let mut names: Vec<String> = fs::read_dir(folder.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| match name.split_once(".before-taskhold-") {
                Some((name, rest)) => {
                    let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
                    format!("{name}.before*{number}")
                }
                None => name,
            })
            .collect();
        names.sort();
        names
    }
}

/// Where programs keep their settings, below the home folder.
const SETTINGS: &str = if cfg!(windows) {
    "AppData/Roaming"
} else if cfg!(target_os = "macos") {
    "Library/Application Support"
} else {
    ".config"
};
const DATABASE: &str = if cfg!(windows) {
    ".taskhold/tasks.db"
} else if cfg!(target_os = "macos") {
    "Library/Application Support/taskhold/tasks.db"
} else {
    ".local/share/taskhold/tasks.db"
};
const ZED: &str = if cfg!(windows) {
    "AppData/Roaming/Zed/settings.json"
} else {
    ".config/zed/settings.json"
};
const GOOSE: &str = if cfg!(windows) {
    "AppData/Roaming/Block/goose/config/config.yaml"
} else {
    ".config/goose/config.yaml"
};

/// Returns the program as its system names it: one that was built on another system was given that one's path.
fn binary() -> String {
    let binary = path::absolute(env!("CARGO_BIN_EXE_taskhold")).unwrap();
    binary.into_os_string().into_string().unwrap()
}

/// Returns the program as JSON has it.
fn quoted() -> String {
    json!(binary()).to_string()
}

/// Returns paths as the system writes them.
fn shown(paths: &str) -> String {
    paths.replace('/', path::MAIN_SEPARATOR_STR)
}

#[test]
fn the_entry_starts_the_server_on_the_usual_database() {
    let machine = Machine::new();
    machine.install(&["claude-desktop"]);
    let root: Value = serde_json::from_str(
        &machine.says(&format!("{SETTINGS}/Claude/claude_desktop_config.json")),
    )
    .unwrap();
    assert_eq!(
        root,
        json!({ "mcpServers": { "tasks": { "command": binary(), "args": ["mcp"] } } })
    );
    let mut command = machine.home.command(&["mcp"]);
    command.env_remove("TASKHOLD_DB");
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.greet();
    client.call("add_task", json!({ "title": "from the host" }));
    assert!(machine.path(DATABASE).exists());
}

#[test]
fn the_file_as_it_was_stays_beside_it() {
    let machine = Machine::new();
    let before = "# mine\nmodel = \"o\"\n";
    machine.has(".codex/config.toml", before);
    let printed = machine.install(&["codex"]);
    assert!(printed.contains("Codex: taskhold is now in ") && printed.contains("next: "));
    assert_eq!(
        machine.says(".codex/config.toml"),
        format!(
            "# mine\nmodel = \"o\"\n\n[mcp_servers.tasks]\ncommand = {}\nargs = [\"mcp\"]\n",
            toml_edit::Value::from(binary())
        )
    );
    let backup = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("as it was: "))
        .unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), before);

    let again = machine.install(&["codex"]);
    assert!(again.contains("nothing to change"), "{again}");
    assert_eq!(
        machine.beside(".codex/config.toml"),
        ["config.toml", "config.toml.before*.bak"]
    );

    machine.install(&["codex", "--remove"]);
    assert_eq!(machine.says(".codex/config.toml"), before);
    assert!(
        machine
            .install(&["codex", "--remove"])
            .contains("nothing to change, taskhold is not in")
    );
}

#[test]
fn a_dry_run_prints_the_difference_and_changes_nothing() {
    let machine = Machine::new();
    let before = "{\n  // mine\n  \"theme\": \"x\"\n}\n";
    let file = machine.has(".gemini/settings.json", before);
    let printed = machine.install(&["gemini", "--dry-run"]);
    let (file, program) = (file.display(), quoted());
    assert_eq!(
        printed,
        format!(
            "--- {file}\n+++ {file}\n@@ -1,4 +1,10 @@\n {{\n   // mine\n-  \"theme\": \"x\"\n+  \"theme\": \"x\",\n\
             +  \"mcpServers\": {{\n+    \"tasks\": {{\n+      \"command\": {program},\n+      \"args\": [\"mcp\"]\n\
             +    }}\n+  }}\n }}\n"
        )
    );
    assert_eq!(machine.says(".gemini/settings.json"), before);
    assert_eq!(machine.beside(".gemini/settings.json"), ["settings.json"]);
    let printed = machine.install(&["zed", "--dry-run"]);
    assert!(printed.starts_with("--- /dev/null\n"), "{printed}");
    assert!(!machine.path(ZED).parent().unwrap().exists());
}

#[test]
fn the_database_is_named_when_the_host_would_not_find_it() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], Value);
    let machine = Machine::new();
    let other = machine.folder().join("other.db");
    let other = other.to_str().unwrap();
    let usual = machine.path(DATABASE);
    let usual = usual.to_str().unwrap();
    let cases: [Case<'_>; 4] = [
        (&[], &[], json!(["mcp"])),
        (&["--db", usual], &[], json!(["mcp", "--db", usual])),
        (&["--db", other], &[], json!(["mcp", "--db", other])),
        (
            &[],
            &[("TASKHOLD_DB", other)],
            json!(["mcp", "--db", other]),
        ),
    ];
    for (flags, variables, arguments) in cases {
        let output = machine.output(&[&["cursor"], flags].concat(), variables);
        assert!(output.status.success(), "{output:?}");
        let root: Value = serde_json::from_str(&machine.says(".cursor/mcp.json")).unwrap();
        assert_eq!(root["mcpServers"]["tasks"]["args"], arguments);
    }
    // Without a word about it, the entry keeps the database it has.
    assert!(machine.install(&["cursor"]).contains("nothing to change"));
}

#[test]
fn every_copy_of_a_host_that_is_in_use_is_set_up() {
    let machine = Machine::new();
    machine.has(&format!("{SETTINGS}/VSCodium/User/settings.json"), "{}");
    machine.has(
        &format!("{SETTINGS}/Code - Insiders/User/settings.json"),
        "{}",
    );
    machine.install(&["vscode"]);
    for product in ["VSCodium", "Code - Insiders"] {
        let root: Value =
            serde_json::from_str(&machine.says(&format!("{SETTINGS}/{product}/User/mcp.json")))
                .unwrap();
        assert_eq!(root["servers"]["tasks"]["type"], "stdio", "{product}");
    }
    assert!(!machine.path(SETTINGS).join("Code").exists());
}

#[test]
fn a_hosts_variable_leads_to_its_file() {
    let machine = Machine::new();
    let moved = machine.folder().join("moved");
    let output = machine.output(
        &["claude-code", "codex"],
        &[
            ("CLAUDE_CONFIG_DIR", moved.to_str().unwrap()),
            ("CODEX_HOME", "not/absolute"),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    assert!(machine.says("moved/.claude.json").contains(&quoted()));
    assert!(machine.says(".codex/config.toml").contains(&binary()));
}

#[test]
fn a_file_that_is_refused_is_left_alone_and_the_others_are_edited() {
    let machine = Machine::new();
    machine.has(".cursor/mcp.json", "{ \"mcpServers\": {");
    let arguments = ["codex", "cursor", "gemini"];
    let output = machine.output(&arguments, &[]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("Codex: taskhold is now in "), "{printed}");
    assert!(
        printed.contains("Gemini CLI: taskhold is now in "),
        "{printed}"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&shown(".cursor/mcp.json was left as it is: it is not JSON"))
            && said.contains("; done: codex, gemini\n"),
        "{said}"
    );
    assert_eq!(machine.says(".cursor/mcp.json"), "{ \"mcpServers\": {");
    assert!(machine.says(".codex/config.toml").contains(&binary()));

    let output = machine.output(&[&arguments[..], &["--json"]].concat(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = object["files"].as_array().unwrap();
    let hosts: Vec<&str> = files
        .iter()
        .map(|file| file["host"].as_str().unwrap())
        .collect();
    assert_eq!(hosts, ["codex", "cursor", "gemini"]);
    assert_eq!(files[1]["changed"], false);
    assert!(
        files[1]["problem"]
            .as_str()
            .unwrap()
            .contains("it is not JSON")
    );
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "install");

    let file = machine.path(".cursor/mcp.json");
    fs::write(&file, b"{\"a\": \"\xff\"}").unwrap();
    assert!(
        machine
            .refusal(&["cursor"])
            .contains("it is not UTF-8 text")
    );
    assert_eq!(fs::read(&file).unwrap(), b"{\"a\": \"\xff\"}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(machine.refusal(&["cursor"]).contains("cannot read "));
    assert_eq!(machine.beside(".cursor/mcp.json"), ["mcp.json"]);
}

#[test]
fn taken_out_nothing_is_left_of_it_and_what_to_do_is_said() {
    let machine = Machine::new();
    let theirs = "{\n  \"theme\": \"dark\"\n}\n";
    machine.has(".gemini/settings.json", theirs);
    machine.install(&["gemini", "claude-code"]);
    let printed = machine.install(&["gemini", "claude-code", "--remove"]);
    assert!(
        printed.contains("  next: start a new session\n") && !printed.contains("shows the server"),
        "{printed}"
    );
    assert_eq!(machine.says(".gemini/settings.json"), theirs);
    // There was no file before.
    assert!(!machine.folder().join(".claude.json").exists(), "{printed}");
    assert!(
        machine
            .install(&["claude-code", "--remove"])
            .contains("nothing to change, taskhold is not in")
    );
    machine.install(&["claude-code"]);
    let diff = machine.install(&["claude-code", "--remove", "--dry-run"]);
    assert!(diff.contains("\n+++ /dev/null\n"), "{diff}");
    assert!(machine.says(".claude.json").contains(&quoted()));
}

#[test]
fn a_host_that_was_never_there_is_not_there_after_it_was_set_up_and_taken_out() {
    let machine = Machine::new();
    let folders = [".cursor".to_owned(), format!("{SETTINGS}/Code")];
    machine.install(&["cursor", "vscode"]);
    assert!(folders.iter().all(|folder| machine.path(folder).is_dir()));
    let printed = machine.install(&["cursor", "vscode", "--remove"]);
    for folder in &folders {
        assert!(!machine.path(folder).exists(), "{folder}: {printed}");
    }
    assert!(!printed.contains("as it was:"), "{printed}");
    // What a person has put in is kept, and so is a folder with other files.
    machine.install(&["cursor", "vscode"]);
    let file = machine.path(".cursor/mcp.json");
    let entry = fs::read_to_string(&file).unwrap();
    let theirs = entry.replace("\"args\"", "\"env\": { \"TZ\": \"UTC\" }, \"args\"");
    assert_ne!(entry, theirs);
    fs::write(&file, theirs).unwrap();
    machine.has(&format!("{SETTINGS}/Code/User/settings.json"), "{}");
    let printed = machine.install(&["cursor", "vscode", "--remove"]);
    assert!(printed.contains("as it was:"), "{printed}");
    assert_eq!(machine.beside(".cursor/x"), ["mcp.json.before*.bak"]);
    let left = machine.beside(&format!("{SETTINGS}/Code/User/x"));
    assert_eq!(left, ["settings.json"]);
}

#[test]
fn a_few_of_our_backups_are_kept_and_all_of_others() {
    let machine = Machine::new();
    machine.has(".cursor/mcp.json", "{\n  \"theme\": 1\n}\n");
    let others = [
        ".cursor/mcp.json.bak",
        ".cursor/mcp.json.before-taskhold-mine.bak",
        ".cursor/mcp.json.before-taskhold-20200101-000000.bak.txt",
        ".cursor/other.json.before-taskhold-20200101-000000.bak",
    ];
    let old = [
        ".cursor/mcp.json.before-taskhold-20200101-000000.bak",
        ".cursor/mcp.json.before-taskhold-20200101-000000-2.bak",
    ];
    for name in others.iter().chain(&old) {
        machine.has(name, "kept");
    }
    for _ in 0..4 {
        machine.install(&["cursor"]);
        machine.install(&["cursor", "--remove"]);
    }
    let folder = machine.folder();
    let files = fs::read_dir(folder.join(".cursor")).unwrap();
    assert_eq!(files.count(), 1 + others.len() + 5);
    for name in others {
        assert_eq!(machine.says(name), "kept");
    }
    for name in old {
        assert!(!folder.join(name).exists(), "{name}");
    }
}

#[test]
fn a_server_of_someone_else_is_left_alone() {
    let machine = Machine::new();
    let theirs = r#"{"mcpServers": {"tasks": {"command": "npx", "args": ["-y", "tasks"]}}}"#;
    machine.has(".cursor/mcp.json", theirs);
    let said = machine.refusal(&["cursor"]);
    assert!(
        said.contains(
            "mcpServers.tasks is there already and starts npx; choose another name with --name"
        ),
        "{said}"
    );
    assert_eq!(machine.says(".cursor/mcp.json"), theirs);
    machine.install(&["cursor", "--name", "mine"]);
    let root: Value = serde_json::from_str(&machine.says(".cursor/mcp.json")).unwrap();
    assert_eq!(root["mcpServers"]["tasks"]["command"], "npx");
    assert_eq!(root["mcpServers"]["mine"]["command"], binary());
    machine.install(&["cursor", "--remove"]);
    let root: Value = serde_json::from_str(&machine.says(".cursor/mcp.json")).unwrap();
    assert_eq!(root, serde_json::from_str::<Value>(theirs).unwrap());
}

#[test]
fn the_list_says_where_and_whether() {
    let machine = Machine::new();
    machine.has(".codex/config.toml", "");
    machine.has(".cursor/mcp.json", "{");
    let gone = json!({ "command": machine.path("gone/taskhold"), "args": ["mcp"] });
    let zed = json!({ "context_servers": { "t": gone } });
    machine.has(ZED, &zed.to_string());
    machine.install(&["gemini"]);
    let folder = machine.folder();
    let folder = folder.to_str().unwrap();
    assert_eq!(
        machine.install(&["--list"]).replace(folder, "~"),
        shown(&format!(
            "claude-desktop no host here   ~/{SETTINGS}/Claude/claude_desktop_config.json\n\
         claude-code    no host here   ~/.claude.json\n\
         codex          not installed  ~/.codex/config.toml\n\
         vscode         no host here   ~/{SETTINGS}/Code/User/mcp.json\n\
         cursor         not readable   ~/.cursor/mcp.json\n\
         gemini         installed      ~/.gemini/settings.json\n\
         zed            program gone   ~/{ZED}\n\
         goose          no host here   ~/{GOOSE}\n\
         opencode       no host here   ~/.config/opencode/opencode.json\n\
         copilot        no host here   ~/.copilot/mcp-config.json\n\
         lmstudio       no host here   ~/.lmstudio/mcp.json\n\
         windsurf       no host here   ~/.codeium/windsurf/mcp_config.json\n"
        ))
    );
}

#[test]
fn a_wrong_call_names_what_can_be_called() {
    let machine = Machine::new();
    let cases: [(&[&str], &str); 5] = [
        (&[], "no host is named, and none was found on this machine"),
        (&["emacs"], "claude-desktop"),
        (
            &["codex", "--name", "My Tasks"],
            "must be lower-case letters",
        ),
        (&["--list", "codex"], "cannot be used with"),
        (&["codex", "--db", "tasks.db"], "is not an absolute path"),
    ];
    for (arguments, said) in cases {
        let output = machine.output(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}
