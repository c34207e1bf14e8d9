//! What an edit leaves of how a file is written.

use super::*;

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
fn what_is_on_one_line_stays_there() {
    for text in [
        r#"{"a":1}"#,
        r#"{ "a": 1 }"#,
        r#"{"a":1,"b":{}}"#,
        r#"{"$schema":"https://x.example/config.json","KEY":{"x":{"type":"local","command":["y"]}},"theme":"dark"}"#,
        r#"{"KEY": {"x": {"command": "y"}}, "a": [1, 2]}"#,
        "{\n  \"KEY\": {\"x\": {\"command\": \"y\"}},\n  \"a\": 1\n}\n",
    ] {
        for host in edited().filter(|host| *host != Host::Codex) {
            let key = host.containers().last().unwrap()[0];
            let text = text.replace("KEY", key);
            let after = put_in(host, &text);
            assert_eq!(after.lines().count(), text.lines().count(), "{after}");
            let gone = remove(host, &after, None).unwrap();
            if !host.needs_container() || text.contains(key) {
                assert_eq!(gone, text, "{host}: {after}");
            }
        }
    }
    let after = put_in(Host::OpenCode, r#"{"a":1}"#);
    let spaced = put_in(Host::OpenCode, r#"{ "a": 1 }"#);
    assert_eq!(
        [after.as_str(), &spaced],
        [
            r#"{"a":1,"mcp":{"tasks":{"type":"local","command":["/opt/task hold/bin/taskhold","mcp"]}}}"#,
            r#"{ "a": 1, "mcp": {"tasks": {"type": "local", "command": ["/opt/task hold/bin/taskhold", "mcp"]}} }"#
        ]
    );
}

#[test]
fn what_was_made_for_the_server_goes_with_it() {
    for host in edited() {
        for before in configurations(host) {
            if !servers_in(host, before).is_null() {
                continue;
            }
            let after = remove(host, &put_in(host, before), None).unwrap();
            if host.needs_container() {
                assert_eq!(servers_in(host, &after), json!({}), "{host}: {after:?}");
                continue;
            }
            // A key without a value is no trace of us, and a comma may stay.
            let key = format!("\"{}\"", place(host));
            assert!(
                !after.contains(&key) || before.contains(&key),
                "{host}: {before:?} {after:?}"
            );
            let words = |text: &str| {
                let words = text.split([' ', '\t', '\r', '\n', ',']);
                words.collect::<String>().replace("{}", "")
            };
            if !before.trim().is_empty() {
                assert_eq!(words(&after), words(before), "{host}: {after:?}");
            }
        }
    }
}

#[test]
fn a_place_for_servers_with_a_comment_in_it_stays() {
    for (host, key) in [(Host::Gemini, "mcpServers"), (Host::OpenCode, "mcp")] {
        let before = format!("{{\n  \"{key}\": {{\n    // work\n  }}\n}}\n");
        let after = remove(host, &put_in(host, &before), None).unwrap();
        assert!(after.contains("// work"), "{host}: {after:?}");
        assert!(after.contains(key), "{host}: {after:?}");
    }
}
