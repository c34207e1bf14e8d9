//! Messages of both dialects, and what bad luck and bad clients make of them.

use fastrand::Rng;
use serde_json::{Value, json};

/// Messages to start from. `"@id"` becomes an id that no other line has, `"@meta"` that of a modern request.
const SEEDS: [&str; 20] = [
    r#"{"jsonrpc":"2.0","id":"@id","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{"listChanged":true}},"clientInfo":{"name":"mutant","version":"1"}}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none","reason":"no longer needed"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","result":{"action":"accept","content":{"sure":true}}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/list","params":{}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"add_task","arguments":{"title":"Grüße an 🌍 \ud83d\ude00","description":"one\ntwo \"three\" \\ four"}}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"complete_task","arguments":{"task_id":7}}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"list_tasks","arguments":{"view":"open","limit":5,"format":"json"}}}"#,
    r##"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"get_task","arguments":{"task_id":"#3"},"_meta":{"progressToken":"p"}}}"##,
    r#"{"jsonrpc":"2.0","id":"@id","method":"resources/read","params":{"uri":"tasks://task/5"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"resources/subscribe","params":{"uri":"tasks://task/2"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"resources/unsubscribe","params":{"uri":"tasks://task/2"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"prompts/get","params":{"name":"task_summary_prompt"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"resources/templates/list"}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"server/discover","params":{"_meta":"@meta"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"update_task","arguments":{"task_id":4,"title":"renamed","status":"in_progress","if_rev":1},"_meta":"@meta"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"delete_task","arguments":{"task_id":"12"},"_meta":"@meta"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"tools/call","params":{"name":"undo","arguments":{},"_meta":"@meta"}}"#,
    r#"{"jsonrpc":"2.0","id":"@id","method":"resources/list","params":{"cursor":null,"_meta":"@meta"}}"#,
    r#"{"jsonrpc":"2.0","id":"listening","method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["tasks://task/9"],"resourcesListChanged":true},"_meta":"@meta"}}"#,
];

const META: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mutant","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

/// What a client writes where a number belongs.
const NUMBERS: [&str; 16] = [
    "1e999",
    "-1e999",
    "1e-999",
    "18446744073709551616",
    "9223372036854775808",
    "-9223372036854775809",
    "0.1",
    "-0",
    "2.0",
    "00",
    "+1",
    ".5",
    "1.",
    "NaN",
    "-Infinity",
    "0x10",
];

/// What turns up in the middle of a line.
const TOKENS: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\\ud800",
    b"\\udfff",
    b"\\ud83d\\ud83d",
    b"\\u12",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\r",
    b"\n",
    b" ",
    b"\t",
    b"\xef\xbb\xbf",
    b"\x1b[2J",
    b"\xe2\x80\xae",
];

/// One line in so many is longer than any may be.
const OVERLONG: u64 = 20_000;

/// Makes lines, the same ones for the same seed.
pub(super) struct Mutator {
    rng: Rng,
    made: u64,
}

impl Mutator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            made: 0,
        }
    }

    /// Returns a message, mostly broken: one line, or several.
    pub(super) fn message(&mut self) -> Vec<u8> {
        let mut text = self.seed();
        if self.made.is_multiple_of(OVERLONG) {
            let padding = "x".repeat((4 << 20) + self.rng.usize(1 << 10..1 << 20));
            return text
                .replacen(":{", &format!(r#":{{"padding":"{padding}","#), 1)
                .into_bytes();
        }
        if self.rng.bool() {
            text = self.change_a_value(&text);
        }
        let mut line = text.into_bytes();
        // Changed bytes mostly end at the parser. Half of the lines have none, so that others get further.
        for _ in 0..self.rng.usize(0..8).saturating_sub(4) {
            self.change_bytes(&mut line);
        }
        line
    }

    fn seed(&mut self) -> String {
        self.made += 1;
        let seed = self.rng.choice(SEEDS).expect("there are seeds");
        seed.replace(r#""@id""#, &(1_000_000 + self.made).to_string())
            .replace(r#""@meta""#, META)
    }

    /// Puts something else in the place of one value.
    fn change_a_value(&mut self, text: &str) -> String {
        let mut message: Value = serde_json::from_str(text).expect("a seed is JSON");
        let values = [
            json!(null),
            json!(true),
            json!(5),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("text"),
            json!([]),
            json!([1]),
            json!({}),
            json!({ "uri": "tasks://all" }),
            json!("@deep"),
            json!("@number"),
            json!("@deep"),
            json!("@number"),
        ];
        let value = self.rng.choice(&values).expect("there are values").clone();
        let place = self.rng.usize(..places(&message));
        replace(&mut message, &mut { place }, value);
        let text = message.to_string();
        if text.contains(r#""@number""#) {
            let number = self.rng.choice(NUMBERS).expect("there are numbers");
            return text.replace(r#""@number""#, number);
        }
        if text.contains(r#""@deep""#) {
            let depth = if self.rng.u8(..) == 0 {
                100_000
            } else {
                self.rng.usize(1..300)
            };
            let (open, close) = if self.rng.bool() {
                ("[", "]")
            } else {
                (r#"{"a":"#, "}")
            };
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            return text.replace(r#""@deep""#, &deep);
        }
        text
    }

    fn change_bytes(&mut self, line: &mut Vec<u8>) {
        let rng = &mut self.rng;
        let at = rng.usize(..=line.len());
        let piece = at..(at + rng.usize(..40)).min(line.len());
        match rng.u8(0..7) {
            0 => line.truncate(at),
            1 => drop(line.drain(piece)),
            2 => {
                let copy = line[piece].to_vec();
                line.splice(at..at, copy);
            }
            3 => {
                let token = rng.choice(TOKENS).expect("there are tokens");
                line.splice(at..at, token.iter().copied());
            }
            4 => {
                let other = self.seed().into_bytes();
                let from = self.rng.usize(..=other.len());
                line.truncate(at);
                line.extend_from_slice(&other[from..]);
            }
            _ => {
                for _ in 0..rng.usize(1..4) {
                    if !line.is_empty() {
                        let at = rng.usize(..line.len());
                        line[at] ^= 1 << rng.u8(0..8);
                    }
                }
            }
        }
    }
}

/// Returns how many values a message is made of.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

/// Replaces the value at a place, counted from the outermost inwards.
fn replace(value: &mut Value, place: &mut usize, with: Value) -> Option<Value> {
    if *place == 0 {
        *value = with;
        return None;
    }
    *place -= 1;
    let inner: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    inner
        .into_iter()
        .try_fold(with, |with, value| replace(value, place, with))
}
