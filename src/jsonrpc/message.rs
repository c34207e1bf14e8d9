//! From a line to a message, with an answer for every line that is none.

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientNotification, ClientRequest, ErrorCode,
    ErrorData, GetMeta as _, JsonObject, ProtocolVersion, RequestId, RequestMetaObject,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, error::Category, json};

use super::{
    lines::{IdScanner, split_array},
    params::{misfit, normalize},
    refusal::refusal,
};

/// What a line was.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A request the SDK can serve.
    Request(RequestId, Box<ClientRequest>),
    /// A notification.
    Notification(ClientNotification),
    /// To be answered with an error, and nothing else done.
    Refused(Option<RequestId>, ErrorData),
    /// The messages of a batch, each as it is written.
    Batch(Vec<Vec<u8>>),
    /// To be passed over: a response, since nothing was asked, or a notification nobody knows.
    Ignored,
}

/// The methods of the protocol, all versions. One of them with parameters that do not fit is answered with "invalid
/// params", not with "no such method".
pub(crate) const METHODS: [&str; 15] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
];

/// The members of a JSON-RPC message (JSON-RPC 2.0, sections 4 and 5).
#[derive(Deserialize, Serialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    id: Option<Value>,
    #[serde(default, borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    params: Option<Value>,
    #[serde(default, deserialize_with = "present", skip_serializing)]
    result: Option<Value>,
    #[serde(default, deserialize_with = "present", skip_serializing)]
    error: Option<Value>,
}

/// Tells `null` from absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads a line. Text that is not quite UTF-8, or has half of a surrogate pair where a JavaScript client cut an emoji
/// in two, is repaired and read.
pub(crate) fn read(line: &[u8]) -> Incoming {
    read_text(line).0
}

/// As [`read`]; also returns the text as it was read: repaired where it had to be, with parameters as the protocol has them.
pub(crate) fn read_text(line: &[u8]) -> (Incoming, Cow<'_, [u8]>) {
    let line = line
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(line)
        .trim_ascii();
    let error = match parse(line) {
        Ok((incoming, None)) => return (incoming, Cow::Borrowed(line)),
        Ok((incoming, Some(rewritten))) => return (incoming, Cow::Owned(rewritten)),
        Err(error) => error,
    };
    if matches!(error.classify(), Category::Data) {
        return (refuse_shape(line), Cow::Borrowed(line));
    }
    let repaired = repair(line).into_bytes();
    let incoming = match parse(&repaired) {
        Ok((incoming, rewritten)) => {
            return (incoming, Cow::Owned(rewritten.unwrap_or(repaired)));
        }
        Err(error) if matches!(error.classify(), Category::Data) => refuse_shape(&repaired),
        Err(error) => Incoming::Refused(
            id_in(line),
            refusal(ErrorCode::PARSE_ERROR, format!("not JSON: {error}")),
        ),
    };
    (incoming, Cow::Owned(repaired))
}

fn id_in(line: &[u8]) -> Option<RequestId> {
    let mut scanner = IdScanner::default();
    scanner.feed(line);
    scanner.id()
}

fn refuse_shape(line: &[u8]) -> Incoming {
    let error = refusal(ErrorCode::INVALID_REQUEST, "not a JSON-RPC 2.0 message");
    Incoming::Refused(id_in(line), error)
}

/// Returns the message, and its text where that is not what the line says.
fn parse(line: &[u8]) -> serde_json::Result<(Incoming, Option<Vec<u8>>)> {
    if !line.starts_with(b"{") {
        // Valid JSON or not, it is no message; serde would read an array as a struct.
        let _: serde::de::IgnoredAny = serde_json::from_slice(line)?;
        let incoming = if line.starts_with(b"[") {
            Incoming::Batch(split_array(line))
        } else {
            refuse_shape(line)
        };
        return Ok((incoming, None));
    }
    let mut envelope: Envelope<'_> = serde_json::from_slice(line)?;
    let answers = envelope.result.is_some() || envelope.error.is_some();
    let method = match &envelope.method {
        _ if envelope.jsonrpc != "2.0" => return Ok((refuse_shape(line), None)),
        None if answers => return Ok((Incoming::Ignored, None)),
        Some(method) if !answers => method,
        _ => return Ok((refuse_shape(line), None)),
    };
    let id = match envelope.id.as_ref().map(RequestId::deserialize) {
        Some(Err(_)) => return Ok((refuse_shape(line), None)),
        id => id.and_then(Result::ok),
    };
    let is_changed = match normalize(&mut envelope.params) {
        Ok(is_changed) => is_changed,
        Err(reason) => return Ok((refuse_params(id, method, &reason), None)),
    };
    let rewritten = is_changed
        .then(|| serde_json::to_vec(&envelope))
        .transpose()?;
    let incoming = match id {
        Some(id) => request(id, method, envelope.params),
        None => notification(method, envelope.params),
    };
    Ok((incoming, rewritten))
}

fn refuse_params(id: Option<RequestId>, method: &str, reason: &str) -> Incoming {
    if id.is_none() {
        return Incoming::Ignored;
    }
    let message = format!("invalid params for {method}: {reason}");
    Incoming::Refused(id, refusal(ErrorCode::INVALID_PARAMS, message))
}

fn request(id: RequestId, method: &str, params: Option<Value>) -> Incoming {
    let params = match params {
        None => None,
        Some(Value::Object(params)) => Some(params),
        Some(_) => return refuse_params(Some(id), method, "they are not an object"),
    };
    let read = if method == "tools/call" {
        call_tool(params)
    } else {
        any_request(method, params)
    };
    match read {
        Ok(request) => Incoming::Request(id, Box::new(request)),
        Err(reason) => refuse_params(Some(id), method, &reason),
    }
}

/// The one request that comes often, read straight into its type. The SDK tries two dozen types one after another.
fn call_tool(params: Option<JsonObject>) -> Result<ClientRequest, String> {
    if let Some(reason) = misfit("tools/call", params.as_ref()) {
        return Err(reason);
    }
    let mut params = params.unwrap_or_default();
    let meta = match params.remove("_meta") {
        Some(Value::Object(meta)) => Some(RequestMetaObject::from(meta)),
        _ => None,
    };
    let params: CallToolRequestParams = serde_path_to_error::deserialize(Value::Object(params))
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    let mut request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    if let Some(meta) = meta {
        *request.get_meta_mut() = meta;
    }
    Ok(request)
}

fn any_request(method: &str, params: Option<JsonObject>) -> Result<ClientRequest, String> {
    let is_known = METHODS.contains(&method);
    if is_known {
        if let Some(reason) = misfit(method, params.as_ref()) {
            return Err(reason);
        }
        // The SDK takes a cursor of the wrong type for none.
        let cursor = params.as_ref().and_then(|params| params.get("cursor"));
        if cursor.is_some_and(|cursor| !cursor.is_string()) {
            return Err("cursor is not a string".to_owned());
        }
    }
    let mut message = json!({ "method": method });
    if let Some(params) = params {
        message["params"] = params.into();
    }
    let request: ClientRequest =
        serde_json::from_value(message).map_err(|error| error.to_string())?;
    match &request {
        // What fits no type of the protocol falls through to this one.
        ClientRequest::CustomRequest(_) if is_known => {
            Err("a parameter has the wrong type".to_owned())
        }
        _ => Ok(request),
    }
}

fn notification(method: &str, params: Option<Value>) -> Incoming {
    let mut message = json!({ "method": method });
    if let Some(params) = params {
        message["params"] = params;
    }
    serde_json::from_value(message).map_or(Incoming::Ignored, Incoming::Notification)
}

/// Reports whether the request begins a session. A ping and a probe leave it open which kind it will be.
pub(crate) fn begins_session(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        ClientRequest::InitializeRequest(_) => true,
        // Any other needs the metadata of the modern dialect to begin one.
        request => {
            let meta = request.get_meta();
            meta.missing_required_keys(&ProtocolVersion::V_2026_07_28)
                .is_empty()
                && meta
                    .protocol_version()
                    .is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
        }
    }
}

/// Replaces what is not UTF-8, and escaped surrogates without their other half, by U+FFFD.
fn repair(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        repaired.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (escaped_unit(rest), rest.get(6..).and_then(escaped_unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                repaired.push_str(&rest[..12]);
                12
            }
            (Some(0xD800..=0xDFFF), _) => {
                repaired.push_str("\\ufffd");
                6
            }
            _ => {
                // The escape and the character it escapes, so that `\\u` is not read as `\u`.
                let taken = rest.chars().take(2).map(char::len_utf8).sum();
                repaired.push_str(&rest[..taken]);
                taken
            }
        };
        rest = &rest[taken..];
    }
    repaired.push_str(rest);
    repaired
}

/// Returns the UTF-16 unit of a `\uXXXX` that `text` begins with.
fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_repaired_and_a_whole_one_is_left() {
        let cases = [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00x""#, r#""\ufffdx""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\n\u12""#, r#""\n\u12""#),
            (r"\", r"\"),
        ];
        for (text, repaired) in cases {
            assert_eq!(repair(text.as_bytes()), repaired, "{text}");
        }
        assert_eq!(repair(b"a\xffb"), "a\u{fffd}b");
    }
}
