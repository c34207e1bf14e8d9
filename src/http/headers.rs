//! The headers of a request that say which protocol its client speaks, what it takes, and what it calls its session.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use rmcp::{
    model::ProtocolVersion,
    transport::common::http_header::{HEADER_MCP_METHOD, HEADER_MCP_PROTOCOL_VERSION},
};

use crate::jsonrpc::SESSION_HEADER;

/// Reports whether a request is for a method that its version of the protocol does not have any more.
pub(super) fn is_gone(headers: &HeaderMap) -> bool {
    const GONE: [&str; 4] = [
        "initialize",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    ];
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // ISO dates compare as text.
    text(HEADER_MCP_PROTOCOL_VERSION)
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28.as_str())
        && text(HEADER_MCP_METHOD).is_some_and(|method| GONE.contains(&method))
}

/// A client that takes anything takes both of what the protocol needs (RFC 9110, section 12.5.1).
pub(super) fn accept_all(headers: &mut HeaderMap) {
    let takes_anything = match headers.get(header::ACCEPT) {
        None => true,
        Some(accept) => accept.to_str().is_ok_and(|accept| accept.trim() == "*/*"),
    };
    if takes_anything {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(header::ACCEPT, both);
    }
}

/// Returns what the caller calls its session, if it says so in up to 64 characters that can be seen.
pub(super) fn named_session(headers: &HeaderMap) -> Option<Arc<str>> {
    let name = headers.get(SESSION_HEADER)?.to_str().ok()?;
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| name.into())
}
