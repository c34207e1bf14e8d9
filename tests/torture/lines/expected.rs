//! How often a line must be answered, by JSON-RPC 2.0 and by what the server promises on top.
//!
//! | line | answers |
//! |---|---|
//! | blank | none |
//! | over 4 MiB, or no JSON once cut characters are repaired | one, under any id |
//! | a request with a usable id | one, under that id |
//! | a request to listen | undecided: it is answered when it is refused or when it ends |
//! | a notification | none |
//! | a well-formed response | none |
//! | any other JSON | one, under any id |
//!
//! Undecided as well, in what needs no answer: a malformed inside (JSON-RPC lets a receiver answer or not), the same
//! member twice, a byte order mark before it, a number or a depth beyond what a receiver has to hold. Then lines that
//! are blank but for characters JSON does not call blank, and a request that another line of the window cancels.

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

const LONGEST: usize = 4 * 1024 * 1024;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// How often a line is answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    Never,
    /// Never, and the request with this id may not be answered either.
    Cancels(Value),
    /// Once; under this id, if there is one.
    Once(Option<Value>),
    /// Once or never.
    Perhaps,
}

/// Says how often a line, without its newline, must be answered.
pub(super) fn expected(line: &[u8]) -> Expected {
    if line.len() > LONGEST {
        return Expected::Once(None);
    }
    let text = String::from_utf8_lossy(line);
    let text = text.trim_matches([' ', '\t', '\r']);
    if text.is_empty() {
        return Expected::Never;
    }
    if text
        .chars()
        .all(|c| c.is_whitespace() || c == BYTE_ORDER_MARK)
    {
        return Expected::Perhaps;
    }
    let unmarked = text.strip_prefix(BYTE_ORDER_MARK);
    let decision = decide(&repaired(unmarked.unwrap_or(text)));
    match decision {
        Expected::Never | Expected::Cancels(_) if unmarked.is_some() => Expected::Perhaps,
        decision => decision,
    }
}

fn decide(text: &str) -> Expected {
    let members = members(text);
    let has = |member: &str| members.iter().any(|name| name == member);
    let asks = has("id") && has("method");
    let answers = has("result") || has("error");
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        // There are members, so it is JSON; with a number or a depth that no receiver has to hold.
        return if has("method") && !has("id") || answers && !asks {
            Expected::Perhaps
        } else {
            Expected::Once(None)
        };
    };
    let Value::Object(message) = value else {
        return Expected::Once(None);
    };
    if repeats_one_of_ours(&members) {
        return if asks && !answers {
            Expected::Once(None)
        } else {
            Expected::Perhaps
        };
    }
    if answers {
        return if has("method") {
            Expected::Once(None)
        } else if is_response(&message) {
            Expected::Never
        } else {
            Expected::Perhaps
        };
    }
    let method = message.get("method").and_then(Value::as_str);
    let Some(method) = method.filter(|_| is_version_two(&message)) else {
        return Expected::Once(None);
    };
    match message.get("id") {
        None => notification(method, message.get("params")),
        Some(_) if method == "subscriptions/listen" => Expected::Perhaps,
        Some(id) => Expected::Once(usable(id)),
    }
}

fn notification(method: &str, params: Option<&Value>) -> Expected {
    match params {
        None => Expected::Never,
        Some(Value::Object(params)) if params.get("_meta").is_none_or(Value::is_object) => {
            match params.get("requestId") {
                Some(id) if method == "notifications/cancelled" => {
                    usable(id).map_or(Expected::Never, Expected::Cancels)
                }
                _ => Expected::Never,
            }
        }
        Some(_) => Expected::Perhaps,
    }
}

fn is_response(message: &Map<String, Value>) -> bool {
    let id = message.get("id");
    let named = is_version_two(message);
    let usable = id.and_then(usable).is_some();
    match (message.get("result"), message.get("error")) {
        (Some(result), None) => named && usable && result.is_object(),
        (None, Some(error)) => {
            let told = error["code"].is_i64() && error["message"].is_string();
            named && told && (usable || id == Some(&Value::Null))
        }
        _ => false,
    }
}

/// Returns an id as it must come back: text, or a whole number however it was written. `None` if it is neither.
fn usable(id: &Value) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match id.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and small enough"
        )]
        Some(number) if id.is_f64() && number.fract() == 0.0 && number.abs() < EXACT => {
            Some(Value::from(number as i64))
        }
        _ => (id.is_i64() || id.is_string()).then(|| id.clone()),
    }
}

fn is_version_two(message: &Map<String, Value>) -> bool {
    message
        .get("jsonrpc")
        .is_some_and(|version| version == "2.0")
}

/// Replaces each escaped half of a surrogate pair by an escaped U+FFFD, as a repair on the other side must.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            // A backslash and what it escapes, whatever that is.
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Returns the code unit of the `\u` escape with which a text begins.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Returns the members of the outermost object, in order; none if the text is no JSON object.
fn members(text: &str) -> Vec<String> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<String>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    match json.deserialize_map(Members) {
        Ok(names) if json.end().is_ok() => names,
        _ => Vec::new(),
    }
}

fn repeats_one_of_ours(members: &[String]) -> bool {
    ["jsonrpc", "id", "method", "params", "result", "error"]
        .into_iter()
        .any(|ours| members.iter().filter(|name| *name == ours).count() > 1)
}

/// Checks the rule against lines whose answer a reader can tell, since it judges and is judged by nobody else.
pub(super) fn agrees_with_examples() {
    let once = || Expected::Once(None);
    let examples: &[(&[u8], Expected)] = &[
        (b"", Expected::Never),
        (b" \t\r", Expected::Never),
        ("\u{feff}".as_bytes(), Expected::Perhaps),
        (b"\0", once()),
        (b"nul", once()),
        (b"[]", once()),
        (b"{}", once()),
        (br#"{"jsonrpc":"2.0","method":"m"}"#, Expected::Never),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{}}"#,
            Expected::Never,
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{"a":"\ud83d"}}"#,
            Expected::Never,
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{"a":"\\ud83d"}}"#,
            Expected::Never,
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{"a":"\ud83d\ude00\ude00"}}"#,
            Expected::Never,
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{"a":"\ud83"}}"#,
            once(),
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":{"a":1e999}}"#,
            Expected::Perhaps,
        ),
        (
            br#"{"jsonrpc":"2.0","method":"m","id":1,"params":{"a":1e999}}"#,
            once(),
        ),
        (br#"{"jsonrpc":"2.0","a":1e999}"#, once()),
        (
            b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}",
            Expected::Never,
        ),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"\xff}", once()),
        (
            br#"{"jsonrpc":"2.0","method":"m","params":5}"#,
            Expected::Perhaps,
        ),
        (br#"{"jsonrpc":"2.0","method":5}"#, once()),
        (br#"{"jsonrpc":"2","method":"m"}"#, once()),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"m"}"#,
            Expected::Once(Some(Value::from(1))),
        ),
        (
            br#"{"jsonrpc":"2.0","id":"","method":"m","params":5}"#,
            Expected::Once(Some(Value::from(""))),
        ),
        (br#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, once()),
        (
            br#"{"jsonrpc":"2.0","id":2.0,"method":"m"}"#,
            Expected::Once(Some(Value::from(2))),
        ),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, once()),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#, once()),
        (
            br#"{"jsonrpc":"2.0","method":"m","method":"n"}"#,
            Expected::Perhaps,
        ),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"}"#,
            Expected::Perhaps,
        ),
        (br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Expected::Never),
        (
            br#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}"#,
            Expected::Never,
        ),
        (
            br#"{"jsonrpc":"2.0","id":1,"result":{},"method":"m"}"#,
            once(),
        ),
        (
            br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#,
            Expected::Cancels(Value::from(7)),
        ),
    ];
    for (line, answer) in examples {
        assert_eq!(expected(line), *answer, "{}", String::from_utf8_lossy(line));
    }
}
