//! Who makes a call, and its key.

use crate::domain::{
    change::GroupId,
    task::{Actor, Invalid, Timestamp},
    when::Zone,
};

/// Who asks, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The client.
    pub actor: Actor,
    /// The time of the call.
    pub now: Timestamp,
    /// Where the user is: what a day is, and when it ends.
    pub zone: Zone,
}

/// What a call says, in 32 bytes: equal for equal calls, and for no others.
pub type Digest = [u8; 32];

/// A caller's own name for a call: 1 to 200 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKey {
    text: String,
    digest: Option<Digest>,
}

impl CallKey {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what the call says, if that is known.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns it as the key of a call that says this.
    #[must_use]
    pub fn of_call(self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self
        }
    }
}

impl TryFrom<String> for CallKey {
    type Error = Invalid;

    fn try_from(text: String) -> std::result::Result<Self, Invalid> {
        if (1..=200).contains(&text.len()) {
            Ok(Self { text, digest: None })
        } else {
            Err(Invalid::new(
                "key",
                format!("must have 1 to 200 bytes; it has {}", text.len()),
            ))
        }
    }
}

/// An earlier call that was made with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyedCall {
    /// What it made.
    pub(crate) group: GroupId,
    /// What it said; `None` where an earlier version did not note it.
    pub(crate) digest: Option<Digest>,
}

impl KeyedCall {
    /// Reports whether a call with this key may be the same one, made again.
    pub(crate) fn may_be(&self, key: &CallKey) -> bool {
        match (&self.digest, key.digest()) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        }
    }
}
