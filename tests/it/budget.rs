//! What the server costs a model, in tokens of the o200k vocabulary. The figures are printed: run with `--nocapture`.

#![expect(clippy::print_stdout, reason = "the figures are part of the result")]

use serde_json::{Value, json};
use tiktoken_rs::CoreBPE;

use crate::support::{Client, Dialect, Home};

fn tokenizer() -> &'static CoreBPE {
    tiktoken_rs::o200k_base_singleton()
}

pub(crate) fn tokens(text: &str) -> usize {
    tokenizer().encode_ordinary(text).len()
}

/// Fails when `text` costs more than `budget`, and prints what it costs in any case.
fn hold(what: &str, text: &str, budget: usize) {
    let cost = tokens(text);
    println!("{what}: {cost} of {budget} tokens");
    assert!(
        cost <= budget,
        "{what} costs {cost} tokens, {budget} are the budget: {text}"
    );
}

#[test]
fn all_tools_together_cost_at_most_a_thousand_tokens() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let list = client.request("tools/list", json!({}));
    let mut all = String::new();
    for tool in list["tools"].as_array().unwrap() {
        let seen = format!(
            "{}\n{}\n{}\n",
            tool["name"], tool["description"], tool["inputSchema"]
        );
        println!("  {}: {}", tool["name"], tokens(&seen));
        all.push_str(&seen);
    }
    hold("tools", &all, 1_000);
}

#[test]
fn the_instructions_cost_at_most_120_tokens() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    let greeting = client.request("initialize", crate::support::initialize("2025-11-25"));
    hold(
        "instructions",
        greeting["instructions"].as_str().unwrap(),
        120,
    );
}

#[test]
fn the_line_on_what_else_happened_costs_at_most_25_tokens() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("list_tasks", json!({ "format": "json" }));
    // A client with a long name, and more changes than are counted.
    let mut other = home.start(Dialect::Legacy);
    let mut greeting = crate::support::initialize("2025-11-25");
    greeting["clientInfo"]["name"] = json!("an assistant with a long name indeed");
    other.request("initialize", greeting);
    other.notify("notifications/initialized", json!({}));
    let tasks: Vec<Value> = (0..999).map(|_| json!({ "title": "one" })).collect();
    for _ in 0..2 {
        let params = json!({ "name": "add_task", "arguments": { "tasks": tasks } });
        other.request("tools/call", params);
    }
    let page = client.call("list_tasks", json!({ "format": "json", "limit": 1 }));
    let news = page["news"].as_str().unwrap();
    assert!(news.starts_with("1000+ changes by an assistant"), "{news}");
    hold("what else happened", news, 25);
}

/// A hundred tasks as people keep them: some dated, some with a project, a priority, tags.
fn realistic(client: &mut Client) {
    let verbs = [
        "Call", "Write", "Review", "Book", "Fix", "Order", "Plan", "Send", "Read", "Clean",
    ];
    let things = [
        "the quarterly report for Anna",
        "a table at the Thai place",
        "login timeout on the staging server",
        "new tyres for the bike",
        "the slides of the kickoff meeting",
        "the invoice to Miller & Sons",
        "flights to Lisbon in spring",
        "the chapter on error handling",
        "the gutters before it rains",
        "a gift for mum's birthday",
    ];
    let mut tasks = Vec::new();
    for (n, (verb, thing)) in verbs
        .iter()
        .flat_map(|verb| things.iter().map(move |thing| (verb, thing)))
        .enumerate()
    {
        let mut task = json!({ "title": format!("{verb} {thing}") });
        if n % 3 == 0 {
            task["due"] = json!(format!("in {} days", n % 40 + 1));
        }
        if n % 4 == 0 {
            task["priority"] = json!(["high", "medium", "low"][n % 3]);
        }
        if n % 5 == 0 {
            task["project"] = json!(["Home", "Acme", "Trip"][n % 3]);
        }
        if n % 6 == 0 {
            task["tags"] = json!(["work"]);
        }
        tasks.push(task);
    }
    let added = client.request(
        "tools/call",
        json!({ "name": "add_task", "arguments": { "tasks": tasks } }),
    );
    assert_ne!(added["isError"], true, "{added}");
}

#[test]
fn a_line_of_a_list_costs_at_most_24_tokens() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    realistic(&mut client);
    let listed = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": { "limit": 100 } }),
    );
    let text = listed["content"][0]["text"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 100, "{text}");
    hold("100 lines", &lines.join("\n"), 24 * 100);
    let page = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": { "limit": 200 } }),
    );
    hold(
        "the longest list",
        page["content"][0]["text"].as_str().unwrap(),
        4_000,
    );
}

#[test]
fn no_list_costs_more_than_4000_tokens() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (0..200)
        .map(|n| json!({ "title": format!("{n} {}", "words that go on and on ".repeat(19)) }))
        .collect();
    client.request(
        "tools/call",
        json!({ "name": "add_task", "arguments": { "tasks": tasks } }),
    );
    let listed = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": { "limit": 200 } }),
    );
    let text = listed["content"][0]["text"].as_str().unwrap();
    hold("a list of long titles", text, 4_000);
    assert!(text.contains("cut for length"), "{text}");
}

#[test]
fn the_reply_to_a_plain_change_costs_at_most_60_tokens() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let calls = [
        (
            "add_task",
            json!({ "title": "Fix login timeout on the staging server" }),
        ),
        (
            "update_task",
            json!({ "task_id": 1, "title": "Fix login timeout on both servers" }),
        ),
        ("complete_task", json!({ "task_id": 1 })),
    ];
    for (tool, arguments) in calls {
        let reply = client.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        hold(
            &format!("the reply to {tool}"),
            reply["content"][0]["text"].as_str().unwrap(),
            60,
        );
    }
}

#[test]
fn a_reply_repeats_no_more_than_200_characters_of_a_description() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let task = client.call(
        "add_task",
        json!({ "title": "x", "description": "y".repeat(1_000) }),
    );
    let (shown, left) = task["description"]
        .as_str()
        .unwrap()
        .split_once('…')
        .unwrap();
    assert_eq!(shown.len(), 200);
    assert_eq!(
        left,
        " [800 more characters: get_task task_id:1 cursor:\"description.200\"]"
    );
    let whole = client.call("get_task", json!({ "task_id": 1 }));
    assert_eq!(whole["description"].as_str().unwrap().len(), 1_000);
}
