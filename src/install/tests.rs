use proptest::prelude::*;

use super::*;

mod layout;
mod ours;

fn server(database: Option<&str>) -> Server {
    Server {
        program: "/opt/task hold/bin/taskhold".to_owned(),
        database: database.map(str::to_owned),
    }
}

/// The hosts whose files are edited for the person.
fn edited() -> impl Iterator<Item = Host> {
    Host::ALL
        .into_iter()
        .filter(|host| !host.is_edited_by_hand())
}

fn put_in(host: Host, text: &str) -> String {
    put(host, text, None, &server(None)).unwrap().text
}

/// Returns how the usual place of the host's servers is written in messages.
fn place(host: Host) -> String {
    host.containers().last().unwrap().join(".")
}

/// Returns the servers that `text` names.
fn servers_in(host: Host, text: &str) -> Value {
    let root = host.format().read(text).unwrap();
    let containers = host.containers().iter();
    let mut found = containers.filter_map(|container| servers(container, &root).unwrap());
    json!(found.next())
}

/// What a host that is in use may have, each with something to lose.
fn configurations(host: Host) -> Vec<&'static str> {
    let texts = match host.format() {
        format::Format::Json => vec![
            "",
            "{}",
            "{}\n",
            "// nothing yet\n",
            "{\n  // mine\n  \"theme\": \"dark\", /* why not */\n  \"fonts\": [\n    \"Mono\", // first\n  ],\n}\n",
            "{\n  // mine\n  /* why not */ \"theme\": \"dark\"\n}\n",
            "{\n  \"theme\": \"dark\",\n  \"fonts\": [\n    \"Mono\"\n  ]\n}\n",
            "{\"a\":1}",
            "\u{FEFF}{\r\n\t\"a\": 1.50e3\r\n}\r\n",
            "{\r\n\t\"a\": 1.50e3\r\n}\r\n",
        ],
        format::Format::Toml => vec![
            "",
            "model = \"o\" # the best\n\n[mcp_servers.other] # theirs\ncommand = \"npx\"\nargs = [\n  \"-y\", # yes\n  \"it\",\n]\n\n[mcp_servers.other.env]\nK = \"v\"\n\n[tui]\ntheme = 'x'\n",
            "mcp_servers = { other = { command = \"npx\" } }\nlast = 1979-05-27T07:32:00Z\n",
            "mcp_servers.other.command = \"npx\"\n",
            "\u{FEFF}model = \"o\"\r\n# why\r\n",
            "[[list]]\na = 1\n[[list]]\na = 2",
        ],
        format::Format::Yaml => Vec::new(),
    };
    let texts = texts.into_iter();
    texts.filter(|text| is_readable(host, text)).collect()
}

#[test]
fn every_host_gets_an_entry_and_keeps_everything_else() {
    for host in edited() {
        for before in configurations(host) {
            let after = put_in(host, before);
            assert_eq!(
                entries(host, &after).unwrap(),
                [ServerEntry {
                    name: "tasks".to_owned(),
                    program: server(None).program
                }],
                "{host}: {after}"
            );
            // What a line said, it still says; a comma or a brace may have come to it.
            for line in before.lines() {
                let line = line.trim_matches([',', '{', '}', ' ', '\u{FEFF}']);
                assert!(after.contains(line), "{host} lost {line:?}: {after}");
            }
            let other_end = if before.contains("\r\n") {
                after.replace("\r\n", "").contains('\n')
            } else {
                after.contains('\r')
            };
            assert!(!other_end, "{host}: {after:?}");
        }
    }
}

#[test]
fn a_second_time_there_is_nothing_to_change() {
    for host in edited() {
        for before in configurations(host) {
            let once = put_in(host, before);
            assert_eq!(put_in(host, &once), once, "{host}");
        }
    }
}

#[test]
fn taken_out_again_everything_says_what_it_said() {
    for host in edited() {
        for before in configurations(host) {
            let after = remove(host, &put_in(host, before), None).unwrap();
            let says = |text: &str| {
                let mut root = host.format().read(text).unwrap();
                if root.is_null() {
                    root = json!({});
                }
                // The key of all servers may stay, empty.
                let servers = &mut root[place(host)];
                if servers.as_object().is_none_or(Map::is_empty) {
                    *servers = Value::Null;
                }
                root
            };
            assert_eq!(says(&after), says(before), "{host}: {after}");
            assert_eq!(remove(host, &after, None).unwrap(), after, "{host}");
        }
    }
}

#[test]
fn a_new_file_is_what_the_host_documents() {
    let files = Host::ALL.map(|host| {
        let server = server(Some("/data/my tasks.db"));
        let text = if host.is_edited_by_hand() {
            let told = put_by_hand(host, Path::new("file"), None, None, &server);
            told.unwrap().unwrap().lines
        } else {
            put(host, "", None, &server).unwrap().text
        };
        format!("# {host}\n{text}")
    });
    insta::assert_snapshot!(files.join("\n"));
}

#[test]
fn an_entry_is_brought_up_to_date_and_keeps_what_a_person_added() {
    let cases = [
        (
            Host::Cursor,
            "{\"mcpServers\": {\"todo\": {\"command\": \"/old/taskhold\", \"args\": [\"mcp\", \"--db\", \"/x.db\"], \"env\": {\"TZ\": \"UTC\"}}}}",
            "{\"mcpServers\": {\"todo\": {\"command\": \"/opt/task hold/bin/taskhold\", \"args\": [\"mcp\", \"--db\", \"/x.db\"], \"env\": {\"TZ\": \"UTC\"}}}}",
        ),
        (
            Host::Codex,
            "[mcp_servers.tasks]\ncommand = '/old/taskhold' # mine\nargs = [ \"mcp\" ]\nstartup_timeout_sec = 20\n",
            "[mcp_servers.tasks]\ncommand = \"/opt/task hold/bin/taskhold\" # mine\nargs = [ \"mcp\" ]\nstartup_timeout_sec = 20\n",
        ),
    ];
    for (host, before, after) in cases {
        assert_eq!(put_in(host, before), after, "{host}");
    }
}

#[test]
fn a_database_that_is_named_replaces_the_one_before() {
    for host in edited() {
        let put = |text: &str, database| {
            let put = put(host, text, None, &server(Some(database)));
            put.unwrap().text
        };
        let before = put("", "/one.db");
        assert_eq!(put_in(host, &before), before, "{host}");
        let after = put(&before, "/two.db");
        assert!(
            after.contains("/two.db") && !after.contains("/one.db"),
            "{host}: {after}"
        );
    }
}

#[test]
fn a_second_name_makes_a_second_entry() {
    for host in edited() {
        let one = put_in(host, "");
        let two = put(host, &one, Some("work"), &server(Some("/work.db")));
        let two = two.unwrap().text;
        let names = |text: &str| -> Vec<String> {
            let entries = entries(host, text).unwrap().into_iter();
            entries.map(|entry| entry.name).collect()
        };
        assert_eq!(names(&two), ["tasks", "work"], "{host}");
        assert_eq!(
            names(&remove(host, &two, Some("tasks")).unwrap()),
            ["work"],
            "{host}"
        );
        assert!(
            names(&remove(host, &two, None).unwrap()).is_empty(),
            "{host}"
        );
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let cases = [
        (Host::ClaudeDesktop, "{", "it is not JSON"),
        (Host::ClaudeDesktop, "{\"a\": 1}}", "it is not JSON"),
        (Host::ClaudeDesktop, "{'a': 1}", "it is not JSON"),
        (Host::ClaudeDesktop, "<<<<<<< HEAD\n{}", "it is not JSON"),
        (Host::Cursor, "[]", "the whole of it holds"),
        (Host::Cursor, r#"{"mcpServers": []}"#, "mcpServers holds"),
        (Host::VsCode, r#"{"servers": "x"}"#, "servers holds"),
        (
            Host::Gemini,
            r#"{"mcpServers": {}, "mcpServers": {"x": {}}}"#,
            "cannot be edited safely; change mcpServers.tasks by hand",
        ),
        (Host::OpenCode, r#"{"mcp": []}"#, "mcp holds"),
        (
            Host::OpenCode,
            r#"{"mcp": {"servers": 1}}"#,
            "mcp.servers holds",
        ),
        (Host::Codex, "a = ", "it is not TOML"),
        (Host::Codex, "mcp_servers = 1", "mcp_servers holds"),
        (Host::Codex, "[[mcp_servers]]", "mcp_servers holds"),
    ];
    for (host, text, reason) in cases {
        let refusal = put(host, text, None, &server(None))
            .unwrap_err()
            .to_string();
        assert!(refusal.contains(reason), "{host} {text:?}: {refusal}");
    }
}

#[test]
fn a_file_with_an_empty_place_for_servers_is_as_good_as_none() {
    for host in edited().filter(|host| *host != Host::Codex) {
        let after = remove(host, &put_in(host, ""), None).unwrap();
        assert!(is_blank(host, &after), "{host}: {after:?}");
        let theirs = r#"{"theme": "dark"}"#;
        let after = remove(host, &put_in(host, theirs), None).unwrap();
        assert!(!is_blank(host, &after), "{host}: {after:?}");
    }
}

#[test]
fn in_opencode_a_server_goes_where_the_file_has_others() {
    let deep = r#"{"mcp": {"timeout": {"startup": 1}, "servers": {"x": {"type": "local", "command": ["y"]}}}}"#;
    let after = put_in(Host::OpenCode, deep);
    let says = |text: &str| Host::OpenCode.format().read(text).unwrap();
    let command = json!(["/opt/task hold/bin/taskhold", "mcp"]);
    assert_eq!(says(&after)["mcp"]["servers"]["tasks"]["command"], command);
    assert!(says(&after)["mcp"].get("tasks").is_none(), "{after}");
    assert_eq!(
        says(&remove(Host::OpenCode, &after, None).unwrap()),
        says(deep)
    );
    // A server of version 1 that is called so is no place for others.
    let called = r#"{"mcp": {"servers": {"type": "local", "command": ["y"]}}}"#;
    let after = put_in(Host::OpenCode, called);
    assert_eq!(says(&after)["mcp"]["tasks"]["command"], command);
    // One of ours that is elsewhere is brought up to date there; a removal finds all.
    let both = r#"{"mcp": {"servers": {"x": {"command": ["y"]}}, "t": {"type": "local", "command": ["/old/taskhold", "mcp"]}}}"#;
    let after = put_in(Host::OpenCode, both);
    assert_eq!(says(&after)["mcp"]["t"]["command"], command);
    let both = r#"{"mcp": {"servers": {"t": {"command": ["/old/taskhold", "mcp"]}}, "t": {"command": ["/old/taskhold", "mcp"]}}}"#;
    assert_eq!(entries(Host::OpenCode, both).unwrap().len(), 2);
    assert_eq!(
        says(&remove(Host::OpenCode, both, None).unwrap()),
        json!({})
    );
}

#[test]
fn what_a_host_cannot_read_is_mended_where_nothing_is_lost_and_else_refused() {
    let mark = "\u{FEFF}{\"a\": 1}";
    let comma = "{\n  \"a\": [\n    1,\n  ],\n  \"b\": {\"c\": 2,},\n}\n";
    let comment = "{\n  \"a\": 1 // mine\n}\n";
    for host in edited().filter(|host| *host != Host::Codex) {
        let reads = host.leniency();
        let cases = [
            (mark, reads.mark, Some("the byte order mark")),
            (comma, reads.last_commas, Some("commas with nothing after")),
            (comment, reads.comments, None),
        ];
        for (text, is_read, mended) in cases {
            assert_eq!(is_readable(host, text), is_read, "{host} {text:?}");
            match (put(host, text, None, &server(None)), is_read, mended) {
                (Ok(put), true, _) => assert!(put.taken_out.is_empty(), "{host} {text:?}"),
                (Ok(put), false, Some(mended)) => {
                    assert!(put.taken_out[0].starts_with(mended), "{host}: {put:?}");
                    assert!(is_readable(host, &put.text), "{host}: {put:?}");
                    let mut says = host.format().read(&put.text).unwrap();
                    says.as_object_mut().unwrap().remove(&place(host));
                    assert_eq!(says, host.format().read(text).unwrap(), "{host}");
                    // Mended again there is nothing to do.
                    let again = super::put(host, &put.text, None, &server(None)).unwrap();
                    assert_eq!((again.text, again.taken_out), (put.text, Vec::new()));
                }
                (Err(refusal), false, None) => assert_eq!(
                    refusal.to_string(),
                    format!(
                        "line 2 has a comment, and {} reads no file that has one; take it out first",
                        host.title()
                    )
                ),
                (result, ..) => panic!("{host} {text:?}: {result:?}"),
            }
            // To take taskhold out, nothing has to be mended.
            assert_eq!(remove(host, text, None).as_deref(), Ok(text), "{host}");
        }
    }
}

#[test]
fn a_file_that_has_the_entry_is_mended_too() {
    let host = Host::Cursor;
    let whole = put_in(host, "");
    let put = put(host, &format!("\u{FEFF}{whole}"), None, &server(None)).unwrap();
    assert_eq!(put.text, whole);
    assert_eq!(put.taken_out, ["the byte order mark at the beginning"]);
}

#[test]
fn only_names_that_every_host_takes_are_taken() {
    for name in ["tasks", "work_2", "a"] {
        assert_eq!(checked_name(name).as_deref(), Ok(name));
    }
    for name in ["", "Tasks", "my-tasks", "2nd", "a.b", "ä", &"x".repeat(31)] {
        assert!(checked_name(name).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn any_path_reads_back_as_it_was(folder in "[^\\p{Cc}/]{1,20}", host in proptest::sample::select(edited().collect::<Vec<_>>())) {
        let server = Server { program: format!("/{folder}/taskhold"), database: Some(format!("/{folder}/tasks.db")) };
        for before in configurations(host) {
            let after = put(host, before, None, &server).unwrap().text;
            let command = host.command(&servers_in(host, &after)["tasks"]).unwrap();
            prop_assert_eq!(&command.program, &server.program);
            prop_assert_eq!(&command.arguments[2], &json!(server.database));
        }
    }
}
