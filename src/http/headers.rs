//! The headers of a request that say which protocol its client speaks, and what it calls its session.

use std::sync::Arc;

use http::HeaderMap;
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

/// Returns what the caller calls its session, if it says so in up to 64 characters that can be seen.
pub(super) fn named_session(headers: &HeaderMap) -> Option<Arc<str>> {
    let name = headers.get(SESSION_HEADER)?.to_str().ok()?;
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| name.into())
}
