//! The board: its tools, which only clients that show pages are offered, and its page.

use serde_json::{Value, json};

use crate::{
    budget::tokens,
    support::{Client, Dialect, Home, initialize, modern_meta, shows_pages},
};

const PAGE: &str = "ui://taskhold/board.html";
const OF_BOARD: [&str; 3] = ["show_board", "board_read", "board_write"];

/// A client that shows pages.
struct Host {
    client: Client,
    dialect: Dialect,
}

impl Host {
    fn connect(home: &Home, dialect: Dialect) -> Self {
        let client = home.start(dialect);
        let mut host = Self { client, dialect };
        if dialect == Dialect::Legacy {
            host.client.request("initialize", greeting());
            host.client.notify("notifications/initialized", json!({}));
        }
        host
    }

    fn request(&mut self, method: &str, mut params: Value) -> Value {
        if self.dialect == Dialect::Modern {
            params["_meta"] = meta();
        }
        self.client.request(method, params)
    }

    /// Returns the text with which a tool answers.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    fn text(&mut self, tool: &str, arguments: Value) -> String {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = self.request("tools/call", params);
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Returns what a tool of the page answers: JSON as text, and nothing else.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    fn page(&mut self, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = self.request("tools/call", params);
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
        assert!(result.get("structuredContent").is_none(), "{result}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap()
    }

    /// Returns the words with which a tool of the page refuses a call.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    fn complaint(&mut self, tool: &str, arguments: Value) -> String {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = self.request("tools/call", params);
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

fn greeting() -> Value {
    let mut greeting = initialize("2025-11-25");
    greeting["capabilities"] = shows_pages();
    greeting["clientInfo"]["name"] = json!("claude-ai");
    greeting
}

fn meta() -> Value {
    let mut meta = modern_meta("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = shows_pages();
    meta["io.modelcontextprotocol/clientInfo"]["name"] = json!("claude-ai");
    meta
}

fn names(list: &Value) -> Vec<&str> {
    let tools = list["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[test]
fn only_a_client_that_shows_pages_is_offered_the_board() {
    for dialect in [Dialect::Legacy, Dialect::Modern] {
        let home = Home::new();
        let mut host = Host::connect(&home, dialect);
        let mut other = home.connect(dialect);
        let (with, without) = (
            host.request("tools/list", json!({})),
            other.request("tools/list", json!({})),
        );
        let all = [names(&without), OF_BOARD.to_vec()].concat();
        assert_eq!(names(&with), all);
        assert_eq!(
            with["tools"].as_array().unwrap()[..7],
            without["tools"].as_array().unwrap()[..]
        );
        for tool in OF_BOARD {
            let params = json!({ "name": tool, "arguments": {} });
            let refusal = other.refusal("tools/call", params);
            let message = refusal["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("no tool {tool}; there are add_task")),
                "{message}"
            );
        }
        let page = host.request("resources/read", json!({ "uri": PAGE }));
        assert_eq!(page["contents"][0]["mimeType"], "text/html;profile=mcp-app");
        assert_eq!(
            page["contents"][0]["_meta"],
            json!({ "ui": { "prefersBorder": true } })
        );
        assert_eq!(
            page["contents"][0]["text"],
            taskhold::board::PAGE.to_string()
        );
        let refusal = other.refusal("resources/read", json!({ "uri": PAGE }));
        assert!(
            refusal["message"]
                .as_str()
                .unwrap()
                .starts_with("resource not found")
        );
        let resources = host.request("resources/list", json!({}));
        assert!(!resources.to_string().contains("ui://"), "{resources}");
    }
}

#[test]
fn a_client_that_shows_other_pages_than_html_is_not_offered_the_board() {
    let home = Home::new();
    let settings = [
        (json!({ "mimeTypes": ["text/x-other"] }), false),
        (
            json!({ "mimeTypes": ["text/x-other", "text/html;profile=mcp-app"] }),
            true,
        ),
        (json!({}), true),
    ];
    let mut client = home.connect(Dialect::Modern);
    for (settings, is_offered) in settings {
        let mut meta = meta();
        meta["io.modelcontextprotocol/clientCapabilities"]["extensions"]["io.modelcontextprotocol/ui"] =
            settings;
        let list = client.request("tools/list", json!({ "_meta": meta }));
        assert_eq!(names(&list).contains(&"show_board"), is_offered, "{meta}");
    }
}

#[test]
fn the_server_names_the_extension_to_clients_that_have_it() {
    let home = Home::new();
    let extension = json!({ "io.modelcontextprotocol/ui": {} });
    let named = home
        .start(Dialect::Legacy)
        .request("initialize", greeting());
    assert_eq!(named["capabilities"]["extensions"], extension);
    let other = home
        .start(Dialect::Legacy)
        .request("initialize", initialize("2025-11-25"));
    assert!(other["capabilities"].get("extensions").is_none(), "{other}");
    let mut modern = home.start(Dialect::Modern);
    let named = modern.request("server/discover", json!({ "_meta": meta() }));
    assert_eq!(named["capabilities"]["extensions"], extension);
    assert_eq!(named["cacheScope"], "private");
    let other = modern.request("server/discover", json!({}));
    assert!(other["capabilities"].get("extensions").is_none(), "{other}");
}

#[test]
fn a_model_is_offered_one_tool_more_and_all_of_them_cost_at_most_a_thousand_tokens() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    let list = host.request("tools/list", json!({}));
    let mut seen = String::new();
    for tool in list["tools"].as_array().unwrap() {
        let visibility = &tool["_meta"]["ui"]["visibility"];
        let name = tool["name"].as_str().unwrap();
        match name {
            "show_board" => {
                assert_eq!(*visibility, json!(["model", "app"]));
                assert_eq!(tool["_meta"]["ui"]["resourceUri"], PAGE);
                assert_eq!(tool["_meta"]["ui/resourceUri"], PAGE);
                assert_eq!(tool["annotations"]["readOnlyHint"], true);
            }
            "board_read" | "board_write" => {
                assert_eq!(*visibility, json!(["app"]));
                assert_eq!(tool["annotations"]["readOnlyHint"], name == "board_read");
                continue;
            }
            _ => assert!(visibility.is_null(), "{tool}"),
        }
        let texts = ["name", "description", "inputSchema"].map(|part| tool[part].to_string());
        seen.push_str(&texts.join("\n"));
        seen.push('\n');
    }
    let cost = tokens(&seen);
    assert!(cost <= 1_000, "{cost} tokens");
}

#[test]
fn show_board_is_complete_as_text() {
    let home = Home::new();
    home.run(&["add", "Pay rent", "due:today"]);
    let mut host = Host::connect(&home, Dialect::Legacy);
    let shown = host.text("show_board", json!({}));
    assert!(shown.contains("1 Pay rent (due"), "{shown}");
    // The first of both tells the news; the rest is the same.
    assert_eq!(
        host.text("show_board", json!({})),
        host.text("list_tasks", json!({}))
    );
}

#[test]
fn a_page_takes_no_news_from_the_model_and_is_told_none() {
    for dialect in [Dialect::Legacy, Dialect::Modern] {
        let home = Home::new();
        let mut host = Host::connect(&home, dialect);
        host.text("list_tasks", json!({}));
        let seq = host.page("board_read", json!({}))["seq"].clone();
        home.run(&["add", "From a shell"]);
        for arguments in [
            json!({}),
            json!({ "since": seq }),
            json!({ "query": "shell" }),
            json!({ "task_id": 1 }),
            json!({ "preview": "Pay rent" }),
        ] {
            let read = host.page("board_read", arguments);
            assert!(!read.to_string().contains("since your last"), "{read}");
        }
        host.page("board_write", json!({ "task_id": 1, "priority": "high" }));
        let told = host.text("list_tasks", json!({}));
        assert!(
            told.contains("2 changes by Claude (board) and cli since your last call"),
            "{told}"
        );
        let told = host.text("list_tasks", json!({ "view": "changed" }));
        assert!(
            told.contains("update of priority by Claude (board)"),
            "{told}"
        );
    }
}

#[test]
fn the_hand_and_the_model_do_not_take_back_each_others_changes() {
    for dialect in [Dialect::Legacy, Dialect::Modern] {
        let home = Home::new();
        let mut host = Host::connect(&home, dialect);
        host.text("add_task", json!({ "title": "By the model" }));
        let added = host.page("board_write", json!({ "add": "By hand" }));
        let undone = host.text("undo", json!({}));
        assert!(undone.contains("By the model"), "{undone}");
        let refused = host.complaint("undo", json!({}));
        assert!(!refused.contains("By hand"), "{refused}");
        host.text("add_task", json!({ "title": "Again" }));
        let undone = host.page("board_write", json!({ "undo": added["group"] }));
        assert_eq!(undone["tasks"][0]["title"], "By hand");
        assert!(undone["tasks"][0]["deleted_at"].is_string(), "{undone}");
        let redone = host.page("board_write", json!({ "undo": undone["group"] }));
        assert!(redone["tasks"][0].get("deleted_at").is_none(), "{redone}");
        let log = home.run(&["log"]);
        assert!(
            log.contains("Claude (board)") && log.contains("Claude\n") | log.contains("Claude "),
            "{log}"
        );
    }
}

#[test]
fn a_line_to_add_is_read_as_the_command_line_reads_it() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    let line =
        "Pay rent due:2026-12-04 17:30 +home,flat project:Flat !high repeat:monthly desc:later";
    let preview = host.page("board_read", json!({ "preview": line }));
    assert_eq!(host.page("board_read", json!({}))["tasks"], json!([]));
    home.run(&["add", line]);
    let added = host.page("board_write", json!({ "add": line }));
    let board = host.page("board_read", json!({}));
    let fields = |task: &Value| {
        let names = [
            "title",
            "due",
            "tags",
            "project",
            "priority",
            "repeat",
            "repeat_words",
            "has_description",
        ];
        names.map(|name| task[name].clone())
    };
    let [by_shell, by_hand] = board["tasks"].as_array().unwrap().as_slice() else {
        panic!("{board}")
    };
    assert_eq!(fields(by_shell), fields(by_hand));
    assert_eq!(fields(&preview["task"]), fields(by_hand));
    assert_eq!(*by_hand, added["tasks"][0]);
    assert_eq!(by_hand["title"], "Pay rent");
    assert_eq!(preview["shown"][0]["field"], "due");
    assert_eq!(preview["shown"][0]["text"], "Fri 12-04 17:30");
    let refused = host.page("board_read", json!({ "preview": "Pay rent due:xyzzy" }));
    assert_eq!(refused["field"], "due");
    let error = refused["error"].as_str().unwrap();
    assert_eq!(
        host.complaint("board_write", json!({ "add": "Pay rent due:xyzzy" })),
        error
    );
    assert!(error.contains("\"xyzzy\" is no date"), "{error}");
    for line in ["", "  ", "+home", "due:fri"] {
        let refused = host.complaint("board_write", json!({ "add": line }));
        assert!(refused.contains("title is missing"), "{line:?}: {refused}");
    }
}

#[test]
fn what_is_done_by_hand_is_done_once_for_each_key() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    for (change, times) in [
        (
            json!({ "add": "Water due:2026-12-01 repeat:daily", "key": "a" }),
            3,
        ),
        (json!({ "complete": [1], "key": "b" }), 3),
        (
            json!({ "task_id": 1, "comment": "said once", "key": "c" }),
            3,
        ),
        (json!({ "delete": [1], "key": "d" }), 2),
        (json!({ "undo": 4, "key": "e" }), 3),
    ] {
        let first = host.page("board_write", change.clone());
        for _ in 1..times {
            let again = host.page("board_write", change.clone());
            assert_eq!(
                (&again["group"], &again["tasks"]),
                (&first["group"], &first["tasks"]),
                "{change}"
            );
            assert!(
                again["notes"].to_string().contains("done before"),
                "{again}"
            );
        }
    }
    let task = host.page("board_read", json!({ "task_id": 1 }));
    assert_eq!(task["task"]["due"], "2026-12-02");
    assert_eq!(task["comments"].as_array().unwrap().len(), 1);
    assert_eq!(task["history"].as_array().unwrap().len(), 5);
    let refused = host.complaint("board_write", json!({ "complete": [1], "key": "a" }));
    assert!(
        refused.contains("added 1 \"Water\"; nothing was done now"),
        "{refused}"
    );
}

#[test]
fn a_change_that_rests_on_an_older_state_is_refused_and_nothing_else_is_taken_in_silence() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    host.page("board_write", json!({ "add": "Pay rent +home" }));
    home.run(&["edit", "1", "+flat"]);
    let refused = host.complaint(
        "board_write",
        json!({ "task_id": 1, "title": "Pay", "if_rev": 1 }),
    );
    assert!(refused.contains("is at rev 2, not 1"), "{refused}");
    let written = host.page(
        "board_write",
        json!({ "task_id": 1, "title": "Pay", "due": "fri", "tags": ["a"], "if_rev": 2 }),
    );
    assert_eq!(
        (&written["tasks"][0]["title"], &written["tasks"][0]["tags"]),
        (&json!("Pay"), &json!(["a"]))
    );
    let cleared = host.page(
        "board_write",
        json!({ "task_id": 1, "due": "", "tags": [] }),
    );
    assert!(cleared["tasks"][0].get("due").is_none() && cleared["tasks"][0].get("tags").is_none());
    let same = host.page("board_write", json!({ "task_id": 1, "title": "Pay" }));
    assert_eq!(
        (&same["group"], &same["notes"]),
        (&Value::Null, &json!(["nothing changed"]))
    );
    for (change, said) in [
        (json!({}), "one thing a call"),
        (
            json!({ "complete": [1], "title": "x" }),
            "title does not go with complete",
        ),
        (
            json!({ "add": "x", "complete": [1] }),
            "complete does not go with add",
        ),
        (json!({ "complete": [] }), "task_id"),
        (json!({ "complete": [9] }), "Task 9 not found"),
        (json!({ "undo": 99 }), "99"),
        (json!({ "title": "x" }), "one thing a call"),
        (
            json!({ "task_id": 1, "colour": "red" }),
            "no field \"colour\"",
        ),
        (json!({ "task_id": 1, "due": "xyzzy" }), "is no date"),
        (
            json!({ "task_id": 1, "title": "" }),
            "title cannot be empty",
        ),
        (
            json!({ "task_id": 1, "title": " ", "due": "today" }),
            "title cannot be empty",
        ),
    ] {
        let refused = host.complaint("board_write", change.clone());
        assert!(refused.contains(said), "{change}: {refused}");
    }
    for (asked, said) in [
        (json!({ "since": "x" }), "since is none of ours"),
        (json!({ "after": "x" }), "cursor"),
        (json!({ "since": "0-0", "query": "x" }), "one thing a call"),
        (json!({ "done": 201 }), "from 1 to 200"),
        (json!({ "task_id": 9 }), "Task 9 not found"),
    ] {
        let refused = host.complaint("board_read", asked.clone());
        assert!(refused.contains(said), "{asked}: {refused}");
    }
}

#[test]
fn the_board_holds_every_task_in_one_form_and_says_what_day_it_is() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    let hostile = "<img src=x onerror=alert(1)> \u{202e}txt.exe </script>";
    for line in [
        "Whole",
        "Part parent:1",
        "Later after:1 defer:2999-01-01",
        "Milk",
    ] {
        host.page("board_write", json!({ "add": line }));
    }
    host.page("board_write", json!({ "complete": [4] }));
    host.text(
        "add_task",
        json!({ "title": hostile, "description": "d".repeat(10_000) }),
    );
    let board = host.page("board_read", json!({}));
    let ids: Vec<i64> = board["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [1, 2, 3, 5]);
    assert_eq!(board["done"][0]["id"], 4);
    let counts = json!({ "open": 3, "overdue": 0, "today": 0, "in_progress": 0, "deferred": 1, "completed": 1 });
    assert_eq!(board["counts"], counts);
    assert_eq!(
        (
            &board["tasks"][0]["parts"],
            &board["tasks"][0]["parts_closed"]
        ),
        (&json!(1), &json!(0))
    );
    assert_eq!(board["tasks"][2]["blocked_by"], json!([1]));
    assert_eq!(board["tasks"][3]["has_description"], true);
    // What cannot be seen is taken out on the way in; markup is text, and stays.
    assert_eq!(
        board["tasks"][3]["title"],
        "<img src=x onerror=alert(1)> txt.exe </script>"
    );
    assert_eq!(board["read_only"], false);
    assert!(
        board["now"]
            .as_str()
            .unwrap()
            .starts_with(board["today"].as_str().unwrap())
    );
    let opened = host.page("board_read", json!({ "task_id": 1 }));
    assert_eq!(opened["task"], board["tasks"][0]);
    assert_eq!(opened["parts"][0], board["tasks"][1]);
    assert_eq!(opened["waiting"][0]["id"], 3);
    assert_eq!(opened["history"][0]["actor"], "Claude (board)");
    let opened = host.page("board_read", json!({ "task_id": 5 }));
    assert_eq!(opened["description"].as_str().unwrap().len(), 10_000);
    let found = host.page("board_read", json!({ "query": "milk" }));
    assert_eq!(
        (&found["tasks"], found["done"].as_array().unwrap().len()),
        (&json!([]), 1)
    );
}

#[test]
fn the_policy_names_what_stands_in_the_page_by_its_hash() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let page = taskhold::board::PAGE.to_string();
    let policy = taskhold::board::policy();
    for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
        let directive = policy
            .split("; ")
            .find_map(|part| part.strip_prefix(directive))
            .unwrap();
        let opening = format!("<{name}");
        let mut hashes = Vec::new();
        for (at, _) in page.match_indices(&opening) {
            let (_, element) = page[at..].split_once('>').unwrap();
            let (text, _) = element.split_once(&format!("</{name}>")).unwrap();
            hashes.push(format!(
                "'sha256-{}'",
                STANDARD.encode(Sha256::digest(text))
            ));
        }
        assert!(!hashes.is_empty(), "the page has no {name}");
        assert_eq!(directive.split_whitespace().collect::<Vec<_>>(), hashes);
    }
}

/// What the page may have, so that its Content-Security-Policy lets it run and nothing else.
#[test]
fn the_page_is_small_and_has_nothing_that_its_policy_forbids() {
    let page = taskhold::board::PAGE.to_string();
    assert!(page.len() <= 40 * 1024, "{} bytes", page.len());
    let scripts = taskhold::board::embedded("script");
    assert!(!scripts.is_empty() && !taskhold::board::embedded("style").is_empty());
    for forbidden in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "setAttribute(\"style\"",
        "javascript:",
        "http-equiv",
        "<form",
        "<iframe",
        "<object",
        "<embed",
        "<base",
        " src=",
        "@import",
        "url(",
    ] {
        assert!(!page.contains(forbidden), "the page has {forbidden}");
    }
    // Between the tags: handlers and styles that stand in the markup.
    let mut markup = page;
    for text in scripts.iter().chain(&taskhold::board::embedded("style")) {
        markup = markup.replace(text, "");
    }
    for tag in markup
        .split('<')
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag)
    {
        for attribute in tag.split_whitespace().skip(1) {
            let attribute = attribute.to_lowercase();
            assert!(
                !attribute.starts_with("on") && !attribute.starts_with("style="),
                "<{tag}>"
            );
        }
    }
}
