//! `install` where a host has installed taskhold by itself: as an extension or a plugin.

use std::fs;

use serde_json::Value;

use super::{Machine, SETTINGS};

#[test]
fn a_host_that_has_installed_taskhold_by_itself_gets_a_second_server_only_by_a_name() {
    let machine = Machine::new();
    let desktop = format!("{SETTINGS}/Claude");
    machine.has(
        &format!("{desktop}/Claude Extensions/local.mcpb.taskhold/manifest.json"),
        "{}",
    );
    machine.has(
        ".claude/plugins/installed_plugins.json",
        r#"{"plugins": {"taskhold@taskhold": []}}"#,
    );
    machine.has(".gemini/extensions/taskhold/gemini-extension.json", "{}");
    let cases = [
        (
            "claude-desktop",
            format!("{desktop}/claude_desktop_config.json"),
            "extension",
            "in Claude Desktop, under Settings, Extensions",
        ),
        (
            "claude-code",
            ".claude.json".to_owned(),
            "plugin",
            "in Claude Code: /plugin uninstall taskhold@taskhold",
        ),
        (
            "gemini",
            ".gemini/settings.json".to_owned(),
            "extension",
            "gemini extensions uninstall taskhold",
        ),
    ];
    for (host, file, kind, way_out) in cases {
        let listed = machine.install(&["--list"]);
        let line = listed.lines().find(|line| line.starts_with(host)).unwrap();
        assert!(line.contains(kind), "{line}");
        for arguments in [&[host][..], &[host, "--dry-run"]] {
            let said = machine.install(arguments);
            assert!(
                said.contains("nothing to change")
                    && said.contains(&format!("by the {kind} "))
                    && said.contains(way_out),
                "{said}"
            );
            assert!(said.contains(&format!("taskhold install {host} --name NAME")));
            assert!(!machine.path(&file).exists(), "{said}");
        }
        let said: Value = serde_json::from_str(&machine.install(&[host, "--json"])).unwrap();
        assert_eq!(said["files"][0]["changed"], false);
        assert_eq!(said["files"][0]["package"]["way_out"], way_out);
        // Named, it is meant; and what is in the file is brought up to date.
        machine.install(&[host, "--name", "work"]);
        let named = machine.says(&file);
        assert!(named.contains("\"work\""), "{named}");
        fs::write(
            machine.path(&file),
            named.replace("\"mcp\"", "\"mcp\", \"--db\", \"/x\""),
        )
        .unwrap();
        let database = machine.path("data/y.db");
        machine.install(&[host, "--db", database.to_str().unwrap()]);
        let root: Value = serde_json::from_str(&machine.says(&file)).unwrap();
        let servers = root["mcpServers"].as_object().unwrap();
        assert_eq!(servers.len(), 1, "{root}");
        assert!(
            servers["work"]["args"][2]
                .as_str()
                .unwrap()
                .ends_with("y.db")
        );
    }
}
