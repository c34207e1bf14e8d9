//! Which entries are taken for ours.

use std::env;

use super::*;

#[test]
fn an_entry_that_a_launcher_or_a_shell_starts_is_known_and_brought_up_to_date() {
    let cases = [
        (
            r#""command": "npx", "args": ["-y", "taskhold", "mcp"]"#,
            "npx",
        ),
        (
            r#""command": "npx.cmd", "args": ["-y", "taskhold@1.2.3", "mcp"]"#,
            "npx.cmd",
        ),
        (
            r#""command": "cmd", "args": ["/c", "npx", "-y", "taskhold", "mcp"]"#,
            "cmd",
        ),
        (
            r#""command": "/usr/bin/uvx", "args": ["taskhold", "mcp"]"#,
            "/usr/bin/uvx",
        ),
        (
            r#""command": "/bin/sh", "args": ["-c", "exec \"/opt/x/taskhold\" mcp"]"#,
            "/bin/sh",
        ),
    ];
    for (members, program) in cases {
        let text = format!(r#"{{"mcpServers": {{"Taskhold": {{{members}}}}}}}"#);
        let entry = ServerEntry {
            name: "Taskhold".to_owned(),
            program: program.to_owned(),
        };
        assert!(!entry.is_program_gone());
        assert_eq!(entries(Host::Cursor, &text).unwrap(), [entry], "{text}");
        let started = json!({ "command": server(None).program, "args": ["mcp"] });
        let after = servers_in(Host::Cursor, &put_in(Host::Cursor, &text));
        assert_eq!(after["Taskhold"], started, "{text}");
        assert_eq!(after.as_object().unwrap().len(), 1);
        let removed = remove(Host::Cursor, &text, None).unwrap();
        assert!(!removed.contains("askhold"), "{removed}");
    }
}

#[test]
fn what_a_launcher_gives_to_taskhold_stays_and_what_a_shell_would_change_is_left_alone() {
    let text =
        r#"{"mcpServers": {"t": {"command": "npx", "args": ["taskhold", "mcp", "--db", "/a b"]}}}"#;
    let after = servers_in(Host::Cursor, &put_in(Host::Cursor, text));
    assert_eq!(after["t"]["args"], json!(["mcp", "--db", "/a b"]));
    for script in [
        "taskhold mcp --db $HOME/x",
        "TASKHOLD_DB=/x taskhold mcp",
        "taskhold serve",
    ] {
        let text = json!({ "mcpServers": { "t": { "command": "sh", "args": ["-c", script] } } });
        assert_eq!(
            entries(Host::Cursor, &text.to_string()),
            Ok(Vec::new()),
            "{script}"
        );
    }
}

#[test]
fn a_program_is_known_by_its_name_with_a_version_or_an_ending_in_it() {
    let entry = |program: &str| {
        let text = json!({ "mcpServers": { "t": { "command": program, "args": ["mcp"] } } });
        entries(Host::Cursor, &text.to_string()).unwrap().len()
    };
    for ours in [
        "taskhold",
        "/opt/taskhold-0.1.0",
        "/opt/taskhold-v0.1.0-linux",
        "/opt/taskhold_0.1.0",
        r"C:\Users\A B\Apps\TASKHOLD.EXE",
        r"C:\Users\A B\Apps\Taskhold (1).Exe",
        r"C:\Apps\taskhold-0.1.0.exe",
    ] {
        assert_eq!(entry(ours), 1, "{ours}");
    }
    for other in ["/opt/taskholder", "/opt/taskhold-ui", "/taskhold/x"] {
        assert_eq!(entry(other), 0, "{other}");
    }
}

#[test]
fn a_path_that_leads_to_this_program_is_known_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut here = env::current_exe().unwrap();
    // Elsewhere not everybody may make links.
    if cfg!(unix) {
        let link = folder.path().join("th");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&here, &link).unwrap();
        here = link;
    }
    let at = |program: &str| Server {
        program: program.to_owned(),
        database: None,
    };
    let server = at(here.to_str().unwrap());
    for host in edited() {
        let text = put(host, "", None, &server).unwrap().text;
        let entry = ServerEntry {
            name: "tasks".to_owned(),
            program: server.program.clone(),
        };
        assert_eq!(entries(host, &text).unwrap(), [entry], "{host}: {text}");
        assert_eq!(put(host, &text, None, &server).unwrap().text, text);
        let gone = remove(host, &text, None).unwrap();
        assert_eq!(entries(host, &gone), Ok(Vec::new()), "{host}: {gone}");
        // Another program of that name is none of ours.
        let other = put(host, "", None, &at("/nowhere/th")).unwrap().text;
        assert_eq!(entries(host, &other), Ok(Vec::new()), "{host}: {other}");
        assert_eq!(remove(host, &other, None), Ok(other), "{host}");
    }
}

#[test]
fn what_belongs_to_another_program_is_refused() {
    let cases = [
        (
            Host::VsCode,
            r#"{"servers": {"tasks": {"type": "http", "url": "https://x.example/mcp"}}}"#,
            "https://x.example/mcp",
        ),
        (
            Host::Codex,
            "[mcp_servers.tasks]\ncommand = \"npx\"\nargs = [\"-y\", \"tasks\"]\n",
            "npx",
        ),
        (
            Host::ClaudeCode,
            r#"{"mcpServers": {"tasks": {"command": "/bin/taskhold", "args": ["serve"]}}}"#,
            "/bin/taskhold",
        ),
        (
            Host::OpenCode,
            r#"{"mcp": {"tasks": {"type": "local", "command": ["npx", "mcp"]}}}"#,
            "npx",
        ),
        (
            Host::Windsurf,
            r#"{"mcpServers": {"tasks": {"serverUrl": "https://x.example/mcp"}}}"#,
            "https://x.example/mcp",
        ),
    ];
    for (host, text, program) in cases {
        let taken = Trouble::Taken {
            name: format!("{}.tasks", place(host)),
            program: program.to_owned(),
        };
        assert_eq!(put(host, text, None, &server(None)), Err(taken.clone()));
        assert_eq!(remove(host, text, Some("tasks")), Err(taken));
        assert_eq!(remove(host, text, None).as_deref(), Ok(text));
    }
}
