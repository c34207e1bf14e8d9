//! The page of the board: one file, in the chat (MCP Apps) and in the browser, and what a browser is told of it.
//!
//! # Invariants
//!
//! - The page needs nothing but itself and, in the browser, its own origin: [`policy`] lets it have nothing else.
//! - The hashes in [`policy`] are computed from the file, so that no edit of it can forget them.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The page as it is served, 40 KiB at most: its source without the indentation and the lines that are a comment, which are for
/// readers of the source.
pub static PAGE: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("board/board.html").lines().map(str::trim);
    let is_read =
        |line: &&str| !line.is_empty() && !["//", "/*"].iter().any(|mark| line.starts_with(mark));
    lines.filter(is_read).collect::<Vec<_>>().join("\n")
});

/// Returns the page's Content-Security-Policy (W3C CSP Level 3): its own scripts and styles by their hashes, requests to its
/// own origin, pictures that it holds itself, and nothing else. It may stand in no frame.
pub fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            hashes("script"),
            hashes("style")
        )
    });
    &POLICY
}

/// Returns the page's entity tag (RFC 9110, section 8.8.3), in its quotes.
pub fn etag() -> &'static str {
    static ETAG: LazyLock<String> =
        LazyLock::new(|| format!("\"{}\"", digest(&PAGE).get(..22).unwrap_or_default()));
    &ETAG
}

/// Returns what stands in the page's elements `name`, in their order.
pub fn embedded(name: &str) -> Vec<&'static str> {
    let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = PAGE.as_str();
    while let Some((_, after)) = rest.split_once(&opening) {
        let inner = after.split_once('>').map(|(_, inner)| inner);
        let Some((text, left)) = inner.and_then(|inner| inner.split_once(&closing)) else {
            break;
        };
        found.push(text);
        rest = left;
    }
    found
}

fn hashes(name: &str) -> String {
    let hash = |text: &&str| format!("'sha256-{}'", digest(text));
    let hashes: Vec<String> = embedded(name).iter().map(hash).collect();
    hashes.join(" ")
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
