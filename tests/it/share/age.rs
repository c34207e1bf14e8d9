//! Tasks that are read while the log does not answer say how old they are, to people, to models and to programs.

use std::{io::Read as _, process::Stdio, time::SystemTime};

use serde_json::{Value, json};

use super::{Machine, ObjectStore};

const AGE: &str = "other machines may have changed some since";

/// Returns all that a reply says as text.
fn told(answer: &Value) -> String {
    let result = &answer["result"];
    let text = &result["content"][0]["text"];
    let text = text.as_str().or(result["contents"][0]["text"].as_str());
    let text = text.or(result["messages"][0]["content"]["text"].as_str());
    text.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn what_an_app_reads_while_the_log_is_silent_says_how_old_it_is_and_nothing_once_it_was_heard() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "one"]);
    let requests = [
        (
            "tools/call",
            json!({ "name": "list_tasks", "arguments": {} }),
        ),
        (
            "tools/call",
            json!({ "name": "list_tasks", "arguments": { "format": "json" } }),
        ),
        (
            "tools/call",
            json!({ "name": "list_tasks", "arguments": { "view": "changed" } }),
        ),
        (
            "tools/call",
            json!({ "name": "get_task", "arguments": { "task_id": 1 } }),
        ),
        (
            "tools/call",
            json!({ "name": "get_task", "arguments": { "task_id": 9 } }),
        ),
        ("resources/read", json!({ "uri": "tasks://today" })),
        ("resources/read", json!({ "uri": "tasks://all" })),
        ("prompts/get", json!({ "name": "plan_day" })),
    ];
    let replies = || -> Vec<String> {
        let mut app = desk.mcp();
        let replies = requests.iter().map(|(method, params)| {
            let id = app.send(method, params.clone());
            told(&app.answer(&id))
        });
        let replies = replies.collect();
        app.close_stdin_and_wait().assert_good("mcp");
        replies
    };
    let alone = replies();
    desk.share(&[]);
    let lately = replies();
    for reply in alone.iter().chain(&lately) {
        assert!(!reply.contains(AGE) && !reply.contains("as_of"), "{reply}");
    }
    store.switch_off(true);
    desk.age();
    for (reply, (method, _)) in replies().iter().zip(&requests) {
        let said = if reply.starts_with('{') {
            "\"as_of\":\"20"
        } else {
            AGE
        };
        assert_eq!(reply.matches(said).count(), 1, "{method}: {reply}");
    }
}

#[test]
fn what_programs_and_hooks_read_while_the_log_is_silent_says_how_old_it_is() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.run(&["add", "one +home"]);
    let reads: [&[&str]; 8] = [
        &["list"],
        &["next"],
        &["search", "one"],
        &["tags"],
        &["list", "tags"],
        &["show", "1"],
        &["log"],
        &["prime"],
    ];
    // A field that does not apply is left out, and never null.
    let are_told = || reads.map(|read| Some(desk.json(read).get("as_of")?.is_string()));
    assert_eq!(are_told(), [None; 8]);
    desk.share(&[]);
    assert_eq!(are_told(), [None; 8]);
    assert!(!desk.run(&["prime"]).contains(AGE));
    desk.age();
    assert_eq!(are_told(), [Some(true); 8]);
    let prime = desk.run(&["prime"]);
    assert!(prime.contains(AGE) && prime.contains("1 one"), "{prime}");
    // Where no tasks are shown, their age does not matter.
    for call in [&["share", "status"][..], &["share", "code", "--show"]] {
        let output = desk.output(call);
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn what_another_process_hears_while_a_program_reads_makes_the_tasks_it_is_given_no_younger() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    // More than a pipe holds, so that a call waits in the middle of its tasks until they are read.
    let long = "long ".repeat(12_000);
    for _ in 0..5 {
        desk.run(&["add", "one", "-d", &long]);
    }
    desk.share(&[]);
    for call in ["list", "log"] {
        desk.age();
        let mut reading = desk
            .command(&[call, "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = reading.stdout.take().unwrap();
        let mut printed = vec![0; 1];
        out.read_exact(&mut printed).unwrap();
        desk.hear(SystemTime::now());
        out.read_to_end(&mut printed).unwrap();
        assert!(reading.wait().unwrap().success());
        let printed: Value = serde_json::from_slice(&printed).unwrap();
        assert!(printed["as_of"].is_string(), "{call}");
    }
}

#[test]
fn fresh_fetches_before_any_command_that_reads_tasks_and_others_refuse_it() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    desk.run(&["add", "one"]);
    desk.share(&[]);
    laptop.join(&desk.code(), &[]);
    desk.run(&["add", "two"]);
    let prime = laptop.run(&["--fresh", "prime"]);
    assert!(prime.contains("2 two"), "{prime}");
    desk.run(&["add", "three"]);
    let backup = laptop.json(&["--fresh", "backup"]);
    assert_eq!(backup["tasks"], 3, "{backup}");
    for call in [
        &["paths"][..],
        &["config"],
        &["doctor"],
        &["backup", "--list"],
        &["share", "code"],
        &["completions", "bash"],
    ] {
        let mut call = call.to_vec();
        call.push("--fresh");
        let refused = laptop.output(&call);
        assert_eq!(refused.status.code(), Some(2), "{call:?}: {refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("--fresh is for commands"), "{said}");
    }
    // A server begins, whatever the log does.
    store.switch_off(true);
    let served = laptop
        .command(&["--fresh", "mcp"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(served.status.success(), "{served:?}");
}
