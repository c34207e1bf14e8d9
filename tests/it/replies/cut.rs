//! One task that does not fit: what is cut says how much is left out, can be read to its end, and is never written back.

use serde_json::{Value, json};

use super::{MOST, call_all, next_call, say};
use crate::support::{Client, Dialect, Home};

fn get(client: &mut Client, arguments: Value) -> Value {
    let task = client.call("get_task", arguments);
    assert!(task.to_string().len() <= MOST, "{}", task.to_string().len());
    task
}

/// Returns a text without the marks of where it was cut.
fn unmarked(text: &str) -> &str {
    let text = text.rsplit_once("… [").map_or(text, |(text, _)| text);
    text.split_once("] …").map_or(text, |(_, text)| text)
}

#[test]
fn a_long_description_is_read_to_its_end() {
    let texts = [
        "🦀é\"\\\n".repeat(5_000),
        "x".repeat(65_536),
        format!("{}\n\nend", "word ".repeat(4_000)),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for (text, id) in texts.iter().zip(1..) {
            client.call("add_task", json!({ "title": "t", "description": text }));
            let (mut read, mut arguments) = (String::new(), json!({ "task_id": id }));
            loop {
                let part = get(&mut client, arguments.clone());
                let part = part["description"].as_str().unwrap();
                read.push_str(unmarked(part));
                let Some(call) = next_call(part, "get_task").filter(|_| part.ends_with(']')) else {
                    break;
                };
                let left = text.chars().count() - read.chars().count();
                let (_, said) = part.rsplit_once("… [").unwrap();
                let said: String = said.split(' ').next().unwrap().replace(',', "");
                assert_eq!(said, left.to_string(), "how much is left");
                arguments = Value::Object(call);
            }
            assert!(read == *text, "{id}: {} of {}", read.len(), text.len());
        }
    }
}

#[test]
fn of_many_comments_the_newest_come_first_and_all_can_be_read() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call(
        "add_task",
        json!({ "title": "t", "description": "what it is about" }),
    );
    let comment = |n: usize| json!({ "task_id": 1, "comment": format!("{n} {}", "c".repeat(900)) });
    call_all(&mut client, "update_task", (0..60).map(comment));
    let mut told = Vec::new();
    let mut arguments = json!({ "task_id": 1 });
    let mut pages = 0;
    loop {
        let part = get(&mut client, arguments.clone());
        if pages == 0 {
            assert_eq!(part["description"], "what it is about");
        }
        pages += 1;
        for comment in part["comments"].as_array().unwrap() {
            let text = comment["text"].as_str().unwrap();
            assert_eq!(
                text.split(' ').nth(1).unwrap().len(),
                900,
                "a whole comment"
            );
            told.push(text.split(' ').next().unwrap().parse::<usize>().unwrap());
        }
        let Some(more) = part["more"].as_str() else {
            break;
        };
        let left = 60 - told.len();
        assert!(
            more.starts_with(&format!("{left} older comments: get_task ")),
            "{more}"
        );
        arguments = Value::Object(next_call(more, "get_task").unwrap());
    }
    assert_eq!(told, (0..60).rev().collect::<Vec<_>>());
}

#[test]
fn a_comment_that_fits_into_no_reply_is_read_to_its_end() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "t" }));
    let lines: Vec<String> = (0..2_700).map(|n| format!("{n:05}\n")).collect();
    let text = lines.concat();
    say(
        &mut client,
        "update_task",
        &json!({ "task_id": 1, "comment": "before" }),
    );
    say(
        &mut client,
        "update_task",
        &json!({ "task_id": 1, "comment": text }),
    );
    let (mut read, mut arguments) = (String::new(), json!({ "task_id": 1 }));
    let older = loop {
        let part = get(&mut client, arguments);
        let comment = part["comments"][0]["text"].as_str().unwrap().to_owned();
        read.push_str(unmarked(&comment));
        if !comment.ends_with(']') {
            break part["more"].as_str().map_or_else(
                || part["comments"][1]["text"].as_str().unwrap().to_owned(),
                str::to_owned,
            );
        }
        arguments = Value::Object(next_call(&comment, "get_task").unwrap());
    };
    assert_eq!(read, text.trim_end());
    assert!(
        older == "before" || older.starts_with("1 older comment: "),
        "{older}"
    );
}

#[test]
fn of_a_long_history_the_newest_come_first_and_all_can_be_read() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "t" }));
    let title =
        |n: usize| json!({ "task_id": 1, "title": format!("title {n} {}", "x".repeat(80)) });
    call_all(&mut client, "update_task", (0..200).map(title));
    let mut told = Vec::new();
    let mut arguments = json!({ "task_id": 1, "history": true });
    loop {
        let part = get(&mut client, arguments.clone());
        let lines = part["history"].as_array().unwrap();
        told.extend(lines.iter().map(|line| line.as_str().unwrap().to_owned()));
        let Some(more) = part["more"].as_str() else {
            break;
        };
        let left = 201 - told.len();
        assert!(
            more.starts_with(&format!("{left} older changes: get_task ")),
            "{more}"
        );
        arguments = Value::Object(next_call(more, "get_task").unwrap());
    }
    assert_eq!(told.len(), 201);
    assert!(told[0].contains("-> \"title 199 "), "{}", told[0]);
    assert!(told[200].contains(" add "), "{}", told[200]);
}

#[test]
fn tags_and_dependencies_that_do_not_fit_can_all_be_read() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tags: Vec<String> = (0..64)
        .map(|n| format!("{n:02}{}", "🏷".repeat(62)))
        .collect();
    let tasks: Vec<Value> = (0..999).map(|_| json!({ "title": "x" })).collect();
    for _ in 0..4 {
        say(&mut client, "add_task", &json!({ "tasks": tasks }));
    }
    let ids: Vec<i64> = (1..=3_996).collect();
    client.call(
        "add_task",
        json!({ "title": "t", "tags": tags, "depends_on": ids }),
    );
    let first = get(&mut client, json!({ "task_id": 3_997 }));
    for (field, wanted) in [("tags", json!(tags)), ("depends_on", json!(ids))] {
        let mut read = Vec::new();
        let mut part = first.clone();
        loop {
            let mut items = part[field].as_array().unwrap().clone();
            let last = items
                .last()
                .unwrap()
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let call = next_call(&last, "get_task");
            if call.is_some() {
                items.pop();
            }
            read.extend(items);
            let Some(call) = call else { break };
            part = get(&mut client, Value::Object(call));
        }
        assert_eq!(Value::Array(read), wanted, "{field}");
        // What is cut is not taken for the whole when it comes back.
        let refusal = client.complaint(
            "update_task",
            json!({ "task_id": 3_997, field: first[field] }),
        );
        assert!(
            refusal.contains("get_task task_id:3997 cursor:"),
            "{refusal}"
        );
    }
    let after = get(&mut client, json!({ "task_id": 3_997 }));
    assert_eq!(after["rev"], first["rev"]);
}

#[test]
fn a_cut_description_is_never_written_back() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let text = "a sentence of many. ".repeat(3_000);
    let added = client.call(
        "add_task",
        json!({ "title": "t", "description": text, "due": "today" }),
    );
    let whole = get(&mut client, json!({ "task_id": 1 }));
    let cut = whole["description"].as_str().unwrap().to_owned();
    let call = next_call(&cut, "get_task").unwrap();
    let mut last = get(&mut client, Value::Object(call));
    while let Some(call) = next_call(last["description"].as_str().unwrap(), "get_task")
        .filter(|_| last["description"].as_str().unwrap().ends_with(']'))
    {
        last = get(&mut client, Value::Object(call));
    }
    let page = client.call("list_tasks", json!({ "format": "json" }));
    let listed = page["tasks"][0]["description"].as_str().unwrap().to_owned();
    let brief = added["description"].as_str().unwrap().to_owned();
    let today = client.read("tasks://today");
    let read = today
        .lines()
        .find(|line| line.contains("a sentence"))
        .unwrap()
        .to_owned();
    let shorter: String = unmarked(&cut).chars().take(5_000).collect();
    for given in [
        cut.clone(),
        cut.replacen("many", "few", 1),
        format!("{cut}\nand a line more"),
        last["description"].as_str().unwrap().to_owned(),
        listed,
        brief,
        read,
        cut.replace('…', "..."),
        format!("{shorter}…"),
        format!("{shorter}..."),
    ] {
        let refusal =
            client.complaint("update_task", json!({ "task_id": 1, "description": given }));
        assert!(refusal.starts_with("description "), "{refusal}");
        assert!(
            refusal.contains("get_task task_id:1 cursor:\"description."),
            "{refusal}"
        );
        assert!(refusal.len() < 600, "{refusal}");
    }
    let after = get(&mut client, json!({ "task_id": 1 }));
    assert_eq!(after["rev"], whole["rev"]);
    // Who wants it shorter, or other, has what they want.
    for given in [
        "a sentence of many. ".repeat(2),
        format!("{text}and one more"),
        String::new(),
    ] {
        client.call("update_task", json!({ "task_id": 1, "description": given }));
    }
}

#[test]
fn a_text_that_only_speaks_of_what_is_cut_is_kept() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let mark = "… [52,110 more characters: get_task task_id:1 cursor:\"description.9000\"]";
    let text = format!("a reply ended with {mark}");
    let added = client.call("add_task", json!({ "title": "t", "description": text }));
    assert_eq!(added["description"], json!(text));
    let longer = format!("{text} {}", "and what it is good for ".repeat(800));
    for given in [&format!("{text}!"), &longer, &format!("{longer}!")] {
        client.call("update_task", json!({ "task_id": 1, "description": given }));
    }
    client.call(
        "update_task",
        json!({ "task_id": 1, "description": "see below..." }),
    );
    client.call(
        "update_task",
        json!({ "task_id": 1, "description": "see..." }),
    );
}

#[test]
fn a_place_that_is_none_is_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "t", "description": "d" }));
    for cursor in [
        "x",
        "description",
        "description.x",
        "title.5",
        "description.-1",
        "comments.1.2.3",
        "tags.99999999999999999999",
    ] {
        let refusal = client.complaint("get_task", json!({ "task_id": 1, "cursor": cursor }));
        assert_eq!(
            refusal, "cursor is none of ours; leave it out to begin again",
            "{cursor}"
        );
    }
    // Past the end there is nothing.
    let part = get(
        &mut client,
        json!({ "task_id": 1, "cursor": "description.5" }),
    );
    assert_eq!(part["id"], 1);
    let part = get(&mut client, json!({ "task_id": 1, "cursor": "comments.7" }));
    assert!(
        part.get("comments").is_none() && part.get("more").is_none(),
        "{part}"
    );
}

#[test]
fn the_sheet_of_a_task_has_its_newest_comments_first_and_says_what_it_leaves_out() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        client.call(
            "add_task",
            json!({ "title": "t", "description": "d".repeat(30_000) }),
        );
        let comment = |n: usize| json!({ "task_id": 1, "comment": format!("number {n} {}", "c".repeat(500)) });
        call_all(&mut client, "update_task", (0..40).map(comment));
        let text = client.read("tasks://task/1");
        assert!(text.len() <= MOST, "{}", text.len());
        assert!(
            text.contains("more characters: get_task task_id:1 cursor:\"description."),
            "{text}"
        );
        let newest = text.find("number 39 ").unwrap();
        assert!(newest < text.find("number 38 ").unwrap());
        let shown = text.matches("Comment by ").count();
        let older = format!(
            "{} older comments: get_task task_id:1 cursor:\"comments.{0}\"",
            40 - shown
        );
        assert!(text.contains(&older), "{older}\n{text}");
    }
}
