//! What an engine of the shared log does.
//!
//! # Invariants
//!
//! - An entry, once it stands under a number, stays there: it is never changed, replaced or deleted.
//! - Of all who append under one number at the same time, one at most is [`Appended::Accepted`].
//! - An answer that did not come is neither yes nor no: it is [`Appended::Unknown`], and no engine turns it into another
//!   answer by guessing.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use super::visit::Visit;

/// The number of an entry: 1, 2, 3, without gaps. 0 stands before the first.
pub type Number = u64;

/// The SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes the bytes of a digest that was made elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// As base64, which is shorter than its hexadecimal digits.
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| D::Error::custom("a digest is 32 bytes as base64"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The entry stands under its number, and the engine keeps it through a crash of its own.
    Accepted,
    /// An entry stands under that number already. It may be the caller's own, from an earlier attempt whose answer did not
    /// come: the caller reads it to learn.
    Taken,
    /// Nobody can say whether the entry stands there, or will: no answer came, or one that says neither.
    Unknown(LogError),
    /// The engine did not take it, and will not: wrong credentials, an entry that is too large, a store that does not offer
    /// what is needed; or it was never sent.
    Refused(LogError),
}

/// Why the shared log could not be read, or did not take an entry. The messages are for people: they name the engine's host,
/// and never an entry's text, a key or a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No answer came in time, or none that says anything. Repeating may help.
    #[error("{0}")]
    Unreachable(String),
    /// The engine answered, and refuses: credentials, rights, a feature that it lacks. Repeating does not help.
    #[error("{0}")]
    Refused(String),
    /// What stands there is not what was written: it does not open under the key, or is cut.
    #[error("{0}")]
    Damaged(String),
}

/// Says that an entry is missing at `place` and later ones are there.
pub(super) fn missing(number: Number, place: &str) -> LogError {
    LogError::Damaged(format!(
        "entry {number} of the shared log is missing in {place}, and later ones are there: it was deleted"
    ))
}

/// Entries that were read, one after another without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries; none at all if the log ends where it was asked.
    pub entries: Vec<Vec<u8>>,
    /// Nothing stood after them.
    pub is_last: bool,
}

/// A log that only grows, kept by an engine that several machines reach.
///
/// Bytes are opaque to the engine. Each call ends in its time: 3 seconds to connect, and 10 seconds without an answer, or what is left
/// of a visit; what is sent and what comes has a second more for each 128 KiB.
pub trait Log: Send {
    /// Has all calls from now on be over when `visit` is, instead of each in its own time.
    fn begin_visit(&mut self, visit: &Visit);

    /// Appends `entry` as number `after + 1`, if the log ends at `after`. Where that number is free because its entry was deleted, and
    /// later ones stand, the entry is refused as [`LogError::Damaged`].
    ///
    /// A caller that was told [`Appended::Unknown`] may send for that number again, the same bytes or others: whichever
    /// arrives first stands there, and no second one ever does.
    fn append(&mut self, after: Number, entry: &[u8]) -> Appended;

    /// Returns the entries after `after`: at most about `bytes` of them together, and at least one if there is one. None at all:
    /// the log ends at `after`, or before. That the first is missing and later ones are there is [`LogError::Damaged`].
    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError>;

    /// Returns the number of the last entry, if that comes after `after`, and otherwise `after`. An entry counts whether it opens or not.
    fn end(&mut self, after: Number) -> Result<Number, LogError> {
        // Who is far behind does not read all that lies between: the way is doubled until nothing stands there, then halved.
        let (mut end, mut way) = (after, 1);
        while let Some(later) = self.first_after(end + way - 1)? {
            end = later;
            way *= 2;
        }
        while way > 1 {
            way /= 2;
            if let Some(later) = self.first_after(end + way - 1)? {
                end = later;
            }
        }
        Ok(end)
    }

    /// Returns the number of the first entry after `after`, however many are missing between; `None` if the log ends there.
    fn first_after(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        let page = self.read(after, 1)?;
        Ok((!page.entries.is_empty()).then_some(after + 1))
    }

    /// Returns the number of the first entry after `after` that is missing while later ones are there; `None` if there is none, or the
    /// engine cannot be asked and [`read`](Self::read) finds it.
    fn first_missing(&mut self, _after: Number) -> Result<Option<Number>, LogError> {
        Ok(None)
    }

    /// Keeps a large body under the digest of its bytes, before the entry that names it is appended. Repeating it changes
    /// nothing.
    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError>;

    /// Returns the body kept under `name`. One that is not there is [`LogError::Damaged`]: the entry that names it came after
    /// it.
    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError>;

    /// Keeps a snapshot under `number`: 1, 2, 3, without gaps. One that is there already stays as it is.
    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError>;

    /// Returns the snapshot kept under `number`; `None` if there is none.
    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError>;

    /// Reports whether the engine accepts an entry even where the one before it is missing, as an object store does. Then the
    /// caller reads the entry `after` and compares it with its own before it appends after a pause.
    fn accepts_after_a_gap(&self) -> bool {
        false
    }
}

impl<L: Log + ?Sized> Log for Box<L> {
    fn begin_visit(&mut self, visit: &Visit) {
        (**self).begin_visit(visit);
    }

    fn append(&mut self, after: Number, entry: &[u8]) -> Appended {
        (**self).append(after, entry)
    }

    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError> {
        (**self).read(after, bytes)
    }

    fn end(&mut self, after: Number) -> Result<Number, LogError> {
        (**self).end(after)
    }

    fn first_after(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        (**self).first_after(after)
    }

    fn first_missing(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        (**self).first_missing(after)
    }

    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError> {
        (**self).put_part(name, body)
    }

    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError> {
        (**self).part(name)
    }

    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError> {
        (**self).put_snapshot(number, body)
    }

    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError> {
        (**self).snapshot(number)
    }

    fn accepts_after_a_gap(&self) -> bool {
        (**self).accepts_after_a_gap()
    }
}
