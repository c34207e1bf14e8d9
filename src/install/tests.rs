use proptest::prelude::*;

use super::*;

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
    put(host, text, None, &server(None)).unwrap()
}

/// What a host that is in use may have, each with something to lose.
fn configurations(host: Host) -> Vec<&'static str> {
    match host.format() {
        format::Format::Json => vec![
            "",
            "{}",
            "{}\n",
            "// nothing yet\n",
            "{\n  // mine\n  \"theme\": \"dark\", /* why not */\n  \"fonts\": [\n    \"Mono\", // first\n  ],\n}\n",
            "{\"a\":1}",
            "\u{FEFF}{\r\n\t\"a\": 1.50e3\r\n}\r\n",
        ],
        format::Format::Toml => vec![
            "",
            "model = \"o\" # the best\n\n[mcp_servers.other] # theirs\ncommand = \"npx\"\nargs = [\n  \"-y\", # yes\n  \"it\",\n]\n\n[mcp_servers.other.env]\nK = \"v\"\n\n[tui]\ntheme = 'x'\n",
            "mcp_servers = { other = { command = \"npx\" } }\nlast = 1979-05-27T07:32:00Z\n",
            "mcp_servers.other.command = \"npx\"\n",
            "\u{FEFF}model = \"o\"\r\n# why\r\n",
            "[[list]]\na = 1\n[[list]]\na = 2",
        ],
        format::Format::Yaml => vec![
            "# nothing yet\n",
            "GOOSE_MODE: auto",
            "# top\n\n---\nGOOSE_MODE: auto\n# mid\nextensions: # none\n  # in\n",
            "extensions: # none yet\nGOOSE_MODE: auto\n",
            "extensions: {}\nGOOSE_MODE: auto # always\n",
            "GOOSE_PROVIDER: 'anthropic'\nextensions:\n  # it builds\n  developer:\n    enabled: true # yes\n    args: []\n    env_keys:\n    - A\n    - B\n# end\nGOOSE_MODE: auto\n",
            "\u{FEFF}a: 1\r\nextensions:\r\n    memory:\r\n        enabled: false\r\n",
        ],
    }
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
            assert_eq!(
                before.contains("\r\n"),
                !after.replace("\r\n", "").contains('\n'),
                "{host}: {after:?}"
            );
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
                if root[host.container()].as_object().is_none_or(Map::is_empty) {
                    root[host.container()] = Value::Null;
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
            put(host, "", None, &server).unwrap()
        };
        format!("# {host}\n{text}")
    });
    insta::assert_snapshot!(files.join("\n"));
}

#[test]
fn comments_order_and_indentation_stay() {
    let cases = [
        (
            Host::Zed,
            "// top\n{\n\t\"b\": 1, // one\n\t\"context_servers\": {\n\t\t\"x\": { \"command\": \"y\", \"args\": [] }, // theirs\n\t},\n\t\"a\": 2,\n}\n",
            "// top\n{\n\t\"b\": 1, // one\n\t\"context_servers\": {\n\t\t\"x\": { \"command\": \"y\", \"args\": [] }, // theirs\n\t\t\"tasks\": {\n\t\t\t\"source\": \"custom\",\n\t\t\t\"command\": \"/opt/task hold/bin/taskhold\",\n\t\t\t\"args\": [\"mcp\"],\n\t\t},\n\t},\n\t\"a\": 2,\n}\n",
        ),
        (
            Host::Codex,
            "a = 1 # one\n\n[mcp_servers.x] # theirs\ncommand = \"y\"\n\n[z]\nb = 2\n",
            "a = 1 # one\n\n[mcp_servers.x] # theirs\ncommand = \"y\"\n\n[mcp_servers.tasks]\ncommand = \"/opt/task hold/bin/taskhold\"\nargs = [\"mcp\"]\n\n[z]\nb = 2\n",
        ),
    ];
    for (host, before, after) in cases {
        assert_eq!(put_in(host, before), after, "{host}");
    }
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
        let before = put(host, "", None, &server(Some("/one.db"))).unwrap();
        assert_eq!(put_in(host, &before), before, "{host}");
        let after = put(host, &before, None, &server(Some("/two.db"))).unwrap();
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
        let two = put(host, &one, Some("work"), &server(Some("/work.db"))).unwrap();
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
    ];
    for (host, text, program) in cases {
        let taken = Trouble::Taken {
            name: format!("{}.tasks", host.container()),
            program: program.to_owned(),
        };
        assert_eq!(put(host, text, None, &server(None)), Err(taken.clone()));
        assert_eq!(remove(host, text, Some("tasks")), Err(taken));
        assert_eq!(remove(host, text, None).as_deref(), Ok(text));
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
fn what_was_made_for_the_server_goes_with_it() {
    for host in edited() {
        for before in configurations(host) {
            let root = host.format().read(before).unwrap();
            if servers(host, &root).unwrap().is_some() {
                continue;
            }
            let after = remove(host, &put_in(host, before), None).unwrap();
            // A key without a value is no trace of us, and a comma may stay.
            assert!(
                !after.contains(host.container()) || before.contains(host.container()),
                "{host}: {before:?} {after:?}"
            );
            let words = |text: &str| {
                let words = text.split([' ', '\t', '\r', '\n', ',']);
                words.collect::<String>().replace("{}", "")
            };
            if !before.contains(host.container()) && !before.trim().is_empty() {
                assert_eq!(words(&after), words(before), "{host}: {after:?}");
            }
        }
    }
}

#[test]
fn a_place_for_servers_with_a_comment_in_it_stays() {
    let cases = [(
        Host::Cursor,
        "{\n  \"mcpServers\": {\n    // work\n  }\n}\n",
        "// work",
    )];
    for (host, before, comment) in cases {
        let after = remove(host, &put_in(host, before), None).unwrap();
        assert!(after.contains(comment), "{host}: {after:?}");
        assert!(after.contains(host.container()), "{host}: {after:?}");
    }
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

/// Does with `text` what a person is told, and returns what it says then.
fn followed(text: Option<&str>, told: &ByHand) -> String {
    let text = text.unwrap_or_default();
    let ByHand { instruction, lines } = told;
    let key = text.lines().find(|line| line.starts_with("extensions:"));
    if let Some(rest) = instruction.strip_prefix("add this below \"extensions:\"") {
        assert_eq!(rest, " in config.yaml");
        let key = key.unwrap();
        return text.replacen(key, &format!("{key}\n{}", lines.trim_end()), 1);
    }
    match instruction.as_str() {
        "write this to the new file config.yaml" => lines.clone(),
        "add this at the end of config.yaml" => format!("{}\n{lines}", text.trim_end()),
        "put this in the place of \"extensions\", which is empty, in config.yaml" => {
            text.replacen(key.unwrap(), lines.trim_end(), 1)
        }
        other => panic!("{other}"),
    }
}

fn told(text: Option<&str>, name: Option<&str>, server: &Server) -> Option<ByHand> {
    put_by_hand(Host::Goose, Path::new("config.yaml"), text, name, server).unwrap()
}

fn told_to_remove(text: &str, name: Option<&str>) -> Option<ByHand> {
    remove_by_hand(Host::Goose, Path::new("config.yaml"), text, name).unwrap()
}

#[test]
fn who_does_what_is_told_has_the_entry_and_everything_else_and_is_told_no_more() {
    let texts = configurations(Host::Goose);
    for before in texts.into_iter().map(Some).chain([None]) {
        let once = told(before, None, &server(None)).unwrap();
        let after = followed(before, &once);
        let names = |text: &str| {
            let entries = entries(Host::Goose, text).unwrap().into_iter();
            entries.map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&after), ["tasks"], "{before:?}: {after}");
        assert_eq!(told(Some(&after), None, &server(None)), None, "{after}");
        let mut root = Host::Goose.format().read(&after).unwrap();
        root["extensions"].as_object_mut().unwrap().remove("tasks");
        let mut others = Host::Goose
            .format()
            .read(before.unwrap_or_default())
            .unwrap();
        if others["extensions"].is_null() {
            others["extensions"] = json!({});
        }
        assert_eq!(root, others, "{before:?}: {after}");

        // A second one, for another database.
        let work = server(Some("/work.db"));
        let twice = followed(
            Some(&after),
            &told(Some(&after), Some("work"), &work).unwrap(),
        );
        assert_eq!(names(&twice).len(), 2, "{twice}");
        assert_eq!(told(Some(&twice), Some("work"), &work), None, "{twice}");
    }
}

#[test]
fn an_entry_that_is_out_of_date_is_named_with_what_is_to_be_set_in_it() {
    let text = "extensions:\n    todo:\n        # hello\n        enabled: false\n        type: stdio\n        name: todo\n        description: Mine\n        cmd: C:\\old\\taskhold.exe # there\n        args:\n        - mcp\n";
    let set = |lines: &str| {
        Some(ByHand {
            instruction: "set this in extensions.todo in config.yaml".to_owned(),
            lines: lines.to_owned(),
        })
    };
    assert_eq!(
        told(Some(text), None, &server(None)),
        set("cmd: \"/opt/task hold/bin/taskhold\"\n")
    );
    assert_eq!(
        told(Some(text), None, &server(Some("/two.db"))),
        set("cmd: \"/opt/task hold/bin/taskhold\"\nargs: [\"mcp\",\"--db\",\"/two.db\"]\n")
    );
}

#[test]
fn what_is_to_be_removed_is_named_while_it_is_there() {
    let other = "extensions:\n  other:\n    cmd: npx\n    args: [mcp]\n";
    assert_eq!(told_to_remove(other, None), None);
    assert_eq!(told_to_remove(other, Some("tasks")), None);
    assert_eq!(told_to_remove("", None), None);
    let one = followed(
        Some(other),
        &told(Some(other), None, &server(None)).unwrap(),
    );
    let work = told(Some(&one), Some("work"), &server(None)).unwrap();
    let two = followed(Some(&one), &work);
    let instruction = |name| told_to_remove(&two, name).unwrap().instruction;
    assert_eq!(
        instruction(Some("work")),
        "remove extensions.work, with all that is below, from config.yaml"
    );
    assert_eq!(
        instruction(None),
        "remove extensions.tasks and extensions.work, with all that is below, from config.yaml"
    );
}

#[test]
fn what_a_person_would_have_to_mend_first_is_refused() {
    for (text, reason) in [
        ("a: [", "it is not YAML"),
        ("a: 1\n---\nb: 2\n", "it is not YAML"),
        ("extensions: 7\n", "extensions holds"),
        ("- a\n", "the whole of it holds"),
        (
            "extensions:\n  tasks:\n    type: builtin\n",
            "extensions.tasks is there already and starts something else",
        ),
    ] {
        let put = put_by_hand(Host::Goose, Path::new("x"), Some(text), None, &server(None));
        let refusal = put.unwrap_err().to_string();
        assert!(refusal.contains(reason), "{text:?}: {refusal}");
        let removed = remove_by_hand(Host::Goose, Path::new("x"), text, Some("tasks"));
        let refusal = removed.unwrap_err().to_string();
        assert!(refusal.contains(reason), "{text:?}: {refusal}");
    }
}

proptest! {
    #[test]
    fn any_path_reads_back_as_it_was(folder in "[^\\p{Cc}/]{1,20}", host in proptest::sample::select(edited().collect::<Vec<_>>())) {
        let server = Server { program: format!("/{folder}/taskhold"), database: Some(format!("/{folder}/tasks.db")) };
        for before in configurations(host) {
            let after = put(host, before, None, &server).unwrap();
            let root = host.format().read(&after).unwrap();
            let entry = &root[host.container()]["tasks"];
            prop_assert_eq!(&entry[host.program_key()], &json!(server.program));
            prop_assert_eq!(&entry["args"][2], &json!(server.database));
        }
    }

    #[test]
    fn any_path_that_is_told_reads_back_as_it_was(folder in "[^\\p{Cc}/]{1,20}") {
        let server = Server { program: format!("/{folder}/taskhold"), database: Some(format!("/{folder}/tasks.db")) };
        for before in configurations(Host::Goose) {
            let after = followed(Some(before), &told(Some(before), None, &server).unwrap());
            let root = Host::Goose.format().read(&after).unwrap();
            let entry = &root["extensions"]["tasks"];
            prop_assert_eq!(&entry["cmd"], &json!(server.program));
            prop_assert_eq!(&entry["args"][2], &json!(server.database));
        }
    }
}
