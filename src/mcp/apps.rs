//! MCP Apps, the extension by which a host shows a page of the server in the chat (specification of 2026-01-26): whether a client
//! has it, and the page of the board.

use rmcp::{
    RoleServer,
    model::{ExtensionCapabilities, JsonObject, MetaObject, ResourceContents, ServerCapabilities},
    service::RequestContext,
};
use serde_json::{Value, json};

use super::is_modern;
use crate::board;

/// The name of the extension.
const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// The media type of a page.
const MEDIA_TYPE: &str = "text/html;profile=mcp-app";
/// The page of the board.
pub(super) const BOARD: &str = "ui://taskhold/board.html";

/// Reports whether the client of a request shows pages: it says so when it begins, or in each request of the modern dialect.
pub(super) fn are_shown(context: &RequestContext<RoleServer>) -> bool {
    let capabilities = if is_modern(context) {
        context.meta.client_capabilities()
    } else {
        context.client_capabilities()
    };
    let extensions = capabilities.and_then(|capabilities| capabilities.extensions);
    extensions.is_some_and(|extensions| are_named_in(&extensions))
}

/// Reports whether a client that names these extensions shows pages. One that does not say of which kinds is taken at its word.
pub(super) fn are_named_in(extensions: &ExtensionCapabilities) -> bool {
    let kinds = |settings: &JsonObject| settings.get("mimeTypes").cloned();
    extensions
        .get(EXTENSION)
        .is_some_and(|settings| match kinds(settings) {
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == MEDIA_TYPE),
            _ => true,
        })
}

/// Says among the server's capabilities that it has pages.
pub(super) fn declare(capabilities: &mut ServerCapabilities) {
    let extensions = capabilities.extensions.get_or_insert_default();
    extensions.insert(EXTENSION.to_owned(), JsonObject::new());
}

/// Returns the page at `uri`; `None` if there is none.
pub(super) fn page(uri: &str) -> Option<ResourceContents> {
    let meta = json!({ "ui": { "prefersBorder": true } });
    let meta = MetaObject(meta.as_object().cloned().unwrap_or_default());
    (uri == BOARD).then(|| {
        ResourceContents::text(board::PAGE.as_str(), BOARD)
            .with_mime_type(MEDIA_TYPE)
            .with_meta(meta)
    })
}
