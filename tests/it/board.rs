//! The board: its tools, which only clients that show pages are offered, and its page.

mod page;
mod writing;

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
fn as_many_completed_tasks_are_read_as_the_page_asks_for_and_none_for_0() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    let seq = host.page("board_read", json!({}))["seq"].clone();
    for title in ["One", "Two", "Three"] {
        home.run(&["add", title]);
    }
    home.run(&["done", "1", "2", "3"]);
    for (asked, count) in [(Some(0), 0), (Some(2), 2), (None, 3)] {
        for since in [None, Some(&seq)] {
            let mut arguments = json!({});
            if let Some(asked) = asked {
                arguments["done"] = json!(asked);
            }
            if let Some(since) = since {
                arguments["since"] = since.clone();
            }
            let read = host.page("board_read", arguments.clone());
            assert_eq!(read["done"].as_array().unwrap().len(), count, "{arguments}");
        }
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
