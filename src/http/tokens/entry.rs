//! A further token as its file keeps it: by its hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest as _, Sha256};

use super::{LONGEST_LABEL, OWN};

/// A token as it is listed: without the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEntry {
    /// What it is called, and what its changes are signed with.
    #[serde(deserialize_with = "read_label")]
    pub label: String,
    /// Whether it may only look.
    pub read_only: bool,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    pub(super) hash: Hash,
}

/// SHA-256 of a token; in the file as base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Hash(pub(super) [u8; 32]);

impl Hash {
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok()).map(Self);
        hash.filter(|hash| *hash != Self::of(b""))
            .ok_or("a hash is no token's")
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        URL_SAFE_NO_PAD.encode(hash.0)
    }
}

/// Reports whether a token can be called so.
pub(super) fn is_label(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= LONGEST_LABEL && text.chars().all(is_word)
}

/// Reads a label as [`Tokens::add`](super::Tokens::add) takes it.
fn read_label<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let label = String::deserialize(deserializer)?;
    if is_label(&label) && label != OWN {
        Ok(label)
    } else {
        Err(de::Error::custom("a label is no further token's"))
    }
}
