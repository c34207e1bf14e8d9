//! Lines that are no request, and lines that only look broken.

use serde_json::{Value, json};

use super::add_a_task;
use crate::support::{Client, Dialect, Home};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;

const MEBIBYTE: usize = 1024 * 1024;

/// Sends a line and checks that the next message refuses it under the id a client can tell it by.
fn assert_refused(
    client: &mut Client,
    what: &str,
    line: impl Into<Vec<u8>>,
    code: i64,
    id: &Value,
) {
    client.send_line(line);
    let answer = client.next_message();
    assert_eq!(answer["error"]["code"], code, "{what}: {answer}");
    assert_eq!(answer.get("id"), Some(id), "{what}: {answer}");
    assert!(
        !answer["error"]["message"].as_str().unwrap().is_empty(),
        "{what}: {answer}"
    );
}

#[test]
fn lines_that_are_no_json_are_answered_with_a_parse_error() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":5,"method":"ping","params":{}"#,
        "[".repeat(100_000)
    );
    let nested = format!(
        r#"{{"jsonrpc":"2.0","id":6,"method":"ping","params":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let cases = [
        ("words", "hello", Value::Null),
        ("half a word", "nul", Value::Null),
        ("an HTTP request", "GET /mcp HTTP/1.1", Value::Null),
        ("a NUL", "\0", Value::Null),
        ("a lone brace", "{", Value::Null),
        (
            "two messages in one line",
            r#"{"jsonrpc":"2.0"}{"jsonrpc":"2.0"}"#,
            Value::Null,
        ),
        (
            "cut after the method",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list""#,
            json!(1),
        ),
        (
            "cut in the arguments",
            r#"{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"na"#,
            json!("a-1"),
        ),
        (
            "id at the end",
            r#"{"jsonrpc":"2.0","method":"ping","params":{,},"id":2}"#,
            json!(2),
        ),
        (
            "an id in the parameters only",
            r#"{"jsonrpc":"2.0","method":"ping","params":{"id":7},"#,
            Value::Null,
        ),
        (
            "an id in a string only",
            r#"{"jsonrpc":"2.0","method":"\"id\":7","params":{"#,
            Value::Null,
        ),
        (
            "a NUL in a string",
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools\0/list\"}",
            json!(3),
        ),
        (
            "a number without bounds",
            r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":1e999}}"#,
            json!(4),
        ),
        ("depth without end", &deep, json!(5)),
        ("too deep", &nested, json!(6)),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for (what, line, id) in &cases {
            assert_refused(&mut client, what, *line, PARSE_ERROR, id);
        }
        add_a_task(&mut client);
    }
}

#[test]
fn json_that_is_no_request_is_answered_as_invalid() {
    let cases = [
        ("an empty batch", "[]", Value::Null),
        ("a number", "5", Value::Null),
        ("null", "null", Value::Null),
        ("true", "true", Value::Null),
        ("a string", r#""tools/list""#, Value::Null),
        ("an empty object", "{}", Value::Null),
        (
            "another version of JSON-RPC",
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
            json!(1),
        ),
        (
            "no version of JSON-RPC",
            r#"{"id":2,"method":"tools/list"}"#,
            json!(2),
        ),
        ("no method", r#"{"jsonrpc":"2.0","id":3}"#, json!(3)),
        (
            "a method that is a number",
            r#"{"jsonrpc":"2.0","id":4,"method":4}"#,
            json!(4),
        ),
        (
            "a request and a response",
            r#"{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}"#,
            json!(5),
        ),
        (
            "the id null",
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            Value::Null,
        ),
        (
            "the id true",
            r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
            Value::Null,
        ),
        (
            "an object as id",
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            Value::Null,
        ),
        (
            "a fraction as id",
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            Value::Null,
        ),
        (
            "an id of 2^63",
            r#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"}"#,
            Value::Null,
        ),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for (what, line, id) in &cases {
            assert_refused(&mut client, what, *line, INVALID_REQUEST, id);
        }
        add_a_task(&mut client);
    }
}

#[test]
fn an_ambiguous_message_is_refused_and_not_executed() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call = r#""params":{"name":"add_task","arguments":{"title":"which?"}}"#;
    for (what, head) in [
        (
            "two methods",
            r#""id":1,"method":"ping","method":"tools/call""#,
        ),
        ("two ids", r#""id":1,"id":2,"method":"tools/call""#),
    ] {
        client.send_line(format!(r#"{{"jsonrpc":"2.0",{head},{call}}}"#));
        let answer = client.next_message();
        assert_eq!(answer["error"]["code"], INVALID_REQUEST, "{what}: {answer}");
    }
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
}

#[test]
fn a_batch_is_refused_once_and_nothing_of_it_is_executed() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call = |id: i64| {
        json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": "add_task", "arguments": { "title": "one of many" } },
        })
    };
    let batch = json!([call(1), call(2), call(3)]);
    assert_refused(
        &mut client,
        "a batch",
        batch.to_string(),
        INVALID_REQUEST,
        &Value::Null,
    );
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
}

#[test]
fn a_line_over_four_mebibytes_is_refused_and_the_next_is_served() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call = |id: i64, size: usize| {
        let title = "x".repeat(size);
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"add_task","arguments":{{"title":"{title}"}}}}}}"#
        )
    };
    assert_refused(
        &mut client,
        "5 MiB",
        call(50, 5 * MEBIBYTE),
        INVALID_REQUEST,
        &json!(50),
    );
    assert_refused(
        &mut client,
        "40 MiB",
        call(51, 40 * MEBIBYTE),
        INVALID_REQUEST,
        &json!(51),
    );

    client.send_line(call(52, 3 * MEBIBYTE));
    let answer = client.answer(&json!(52));
    assert_eq!(
        answer["result"]["isError"],
        true,
        "{:.300}",
        answer.to_string()
    );
    assert!(
        answer.to_string().len() < MEBIBYTE,
        "a refusal as long as what it refuses"
    );
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
    add_a_task(&mut client);
}

#[test]
fn a_byte_order_mark_carriage_returns_blank_lines_and_spaces_are_passed_over() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.start(dialect);
        client.send_raw("\u{feff}");
        client.greet();
        client.send_raw("\r\n\n   \n\t\r\n");
        client.send_raw(
            "  {\"jsonrpc\":\"2.0\",\"id\":\"spaced\",\"method\":\"tasks/juggle\"}  \r\n",
        );
        // Nothing came between: no blank line was answered.
        assert_eq!(client.next_message()["id"], "spaced");
        add_a_task(&mut client);
    }
}

#[test]
fn notifications_and_responses_are_never_answered() {
    let silent = [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/of/no/kind","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"12345","reason":"none"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"add_task","arguments":{"title":"no id"}}}"#,
        r#"{"jsonrpc":"2.0","id":77,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"77","error":{"code":-32603,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#,
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for line in silent {
            client.send_line(line);
            let id = client.send("tasks/juggle", json!({}));
            let answer = client.next_message();
            assert_eq!(answer["id"], id, "after {line}");
        }
        assert_eq!(client.tasks("all"), Vec::<Value>::new());
        add_a_task(&mut client);
    }
}

#[test]
fn text_that_a_client_cut_in_half_is_repaired_and_served() {
    let cases: [(&str, &[u8], &str); 7] = [
        ("a lone high surrogate", br"end \ud83d", "end \u{fffd}"),
        ("a lone low surrogate", br"\udca1 start", "\u{fffd} start"),
        (
            "two high surrogates",
            br"\ud83d\ud83d\ude00",
            "\u{fffd}\u{1f600}",
        ),
        ("capital digits", br"\uD83D!", "\u{fffd}!"),
        ("an escaped backslash before u", br"\\ud83d", r"\ud83d"),
        ("Latin-1", b"caf\xe9", "caf\u{fffd}"),
        ("half of a UTF-8 sequence", b"caf\xc3", "caf\u{fffd}"),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for (what, title, kept) in cases {
            let id = client.send_call("add_task", json!({ "title": "whole" }));
            client.answer(&id);
            let mut line = Vec::new();
            line.extend_from_slice(
                br#"{"jsonrpc":"2.0","id":"cut","method":"tools/call","params":{"#,
            );
            if dialect == Dialect::Modern {
                let meta = crate::support::modern_meta("2026-07-28");
                line.extend_from_slice(format!(r#""_meta":{meta},"#).as_bytes());
            }
            line.extend_from_slice(br#""name":"add_task","arguments":{"title":""#);
            line.extend_from_slice(title);
            line.extend_from_slice(br#""}}}"#);
            client.send_line(line);
            let answer = client.answer(&json!("cut"));
            assert_eq!(
                answer["result"]["structuredContent"]["title"], kept,
                "{what}: {answer}"
            );
        }
    }
}

#[test]
fn a_key_twice_in_the_arguments_is_answered_once() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.send_line(
        r#"{"jsonrpc":"2.0","id":"twice","method":"tools/call","params":{"name":"add_task","arguments":{"title":"a","title":"b"}}}"#,
    );
    assert_eq!(client.next_message()["id"], "twice");
    assert!(client.tasks("all").len() <= 1);
}
