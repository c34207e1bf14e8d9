//! Links and permissions of the files of hosts, and what moves the folder of the data on Linux.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

#[test]
fn a_link_is_followed_and_permissions_stay() {
    let machine = Machine::new();
    let real = machine.has("dotfiles/mcp.json", "{}\n");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(machine.folder().join(".cursor")).unwrap();
    let link = machine.folder().join(".cursor/mcp.json");
    symlink(&real, &link).unwrap();
    machine.install(&["cursor"]);
    assert!(link.is_symlink());
    assert!(machine.says("dotfiles/mcp.json").contains(&quoted()));
    assert_eq!(
        machine.beside("dotfiles/mcp.json"),
        ["mcp.json", "mcp.json.before*.bak"]
    );
    for entry in fs::read_dir(machine.folder().join("dotfiles")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}

#[test]
fn a_new_file_is_its_owners_alone() {
    let machine = Machine::new();
    machine.install(&["claude-code"]);
    let mode = fs::metadata(machine.folder().join(".claude.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_link_that_leads_nowhere_is_refused() {
    let machine = Machine::new();
    fs::create_dir(machine.folder().join(".cursor")).unwrap();
    let link = machine.folder().join(".cursor/mcp.json");
    symlink(machine.folder().join("gone.json"), &link).unwrap();
    assert!(machine.refusal(&["cursor"]).contains("cannot read "));
    assert!(link.is_symlink());
}

#[test]
fn a_file_that_is_marked_read_only_is_refused() {
    let machine = Machine::new();
    let file = machine.has(".cursor/mcp.json", "{}\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    for flags in [&["cursor"][..], &["cursor", "--dry-run"]] {
        let said = machine.refusal(flags);
        assert!(
            said.contains("is marked read-only") && said.contains("chmod u+w"),
            "{said}"
        );
    }
    assert_eq!(machine.says(".cursor/mcp.json"), "{}\n");
    assert_eq!(machine.beside(".cursor/mcp.json"), ["mcp.json"]);
}

#[test]
fn a_link_is_not_taken_away_with_the_last_server() {
    let machine = Machine::new();
    let real = machine.has("dotfiles/mcp.json", "");
    fs::create_dir(machine.folder().join(".cursor")).unwrap();
    let link = machine.folder().join(".cursor/mcp.json");
    symlink(&real, &link).unwrap();
    machine.install(&["cursor"]);
    machine.install(&["cursor", "--remove"]);
    assert!(link.is_symlink() && real.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_database_that_a_variable_or_a_sandbox_moves_is_named() {
    let machine = Machine::new();
    let data = machine.path("data");
    let variable = ("XDG_DATA_HOME", data.to_str().unwrap());
    let output = machine.output(&["cursor"], &[variable]);
    assert!(output.status.success(), "{output:?}");
    let root: Value = serde_json::from_str(&machine.says(".cursor/mcp.json")).unwrap();
    assert_eq!(
        root["mcpServers"]["tasks"]["args"],
        json!(["mcp", "--db", data.join("taskhold/tasks.db")])
    );
    let settings = ".var/app/dev.zed.Zed/config/zed/settings.json";
    machine.has(settings, "{}");
    machine.install(&["zed"]);
    let root: Value = serde_json::from_str(&machine.says(settings)).unwrap();
    assert_eq!(
        root["context_servers"]["tasks"]["args"],
        json!(["mcp", "--db", machine.path(DATABASE)])
    );
}
