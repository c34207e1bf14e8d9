//! An entry of the shared log: what one commit wrote, as JSON.
//!
//! # Invariants
//!
//! - What an entry holds is read by every later version. A field that an older program must not pass over comes with a higher
//!   [`FORMAT`], which an older program stops at.
//! - Each entry names the digest of the one before it, so that none can be dropped, replaced or moved unnoticed.

use serde::{Deserialize, Serialize};

use super::JOIN_ANEW;
use crate::{
    domain::{
        change::{Change, Fields, GroupId, Kind},
        session::SessionId,
        task::{Actor, TaskId, Timestamp},
    },
    share::log::{Digest, Number},
};

/// The format of entries that this program writes, and the latest that it reads.
pub(crate) const FORMAT: u32 = 1;
/// The longest body that an entry holds itself, in bytes; a longer one lies in parts, each of this size at most.
pub(super) const PART_BYTES: usize = 1 << 20;

/// A key that a call was made with, as the table of keys has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedKey {
    /// The client that chose it.
    pub(crate) actor: String,
    /// The key.
    pub(crate) key: String,
    /// What the call made.
    pub(crate) group: GroupId,
    /// What the call said; `None` where an earlier version did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<Vec<u8>>,
}

/// What a commit wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Body {
    /// The rows of the change log, in its order.
    pub(crate) rows: Vec<Change>,
    /// The keys of its calls.
    pub(crate) keys: Vec<UsedKey>,
}

/// An entry as it is sent: its body itself, or the parts in which that lies.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    format: u32,
    log: String,
    /// Its number.
    pub(crate) n: Number,
    prev: String,
    /// Drawn at random: two commits that write the same are told apart by it.
    pub(crate) nonce: String,
    /// Whose machine wrote it; `None` where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    /// The version of the program that wrote it.
    pub(crate) version: String,
    /// The last number given to a task, and to a change: a number may be used up without a row.
    pub(crate) last_task: i64,
    pub(crate) last_change: i64,
    /// It is the last of its log, which goes on under another key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_last: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<WireBody>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireBody {
    rows: Vec<WireRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<UsedKey>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRow {
    seq: i64,
    group: GroupId,
    at: Timestamp,
    actor: Actor,
    kind: Kind,
    task: TaskId,
    rev: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<Fields>,
    new: Fields,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reverts: Option<GroupId>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    part: u32,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    parts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

fn one() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a field over by reference"
)]
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// Where an entry stands: in which log, under which number, after which entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) log: &'a str,
    pub(crate) n: Number,
    pub(crate) prev: Digest,
}

/// Who writes an entry, and how far the numbers of its database have come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) member: Option<&'a str>,
    pub(crate) last_task: i64,
    pub(crate) last_change: i64,
}

/// Why an entry is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is in a format of a later version.
    #[error(
        "a newer taskhold wrote it (format {0}, this one knows {FORMAT}): update taskhold on this machine"
    )]
    Newer(u32),
    /// The log ends with it.
    #[error(
        "the log ends here, and goes on under another key: get its code, then taskhold share leave and taskhold share join"
    )]
    Last,
    /// It is none of this log, or does not come after the entry before it.
    #[error("{0}")]
    Misplaced(&'static str),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// What it says does not fit the tasks as of the entry before it.
    #[error("it does not fit the tasks that were there before it: {0}")]
    Contradicts(String),
}

impl Unfit {
    /// Returns what helps.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::Newer(_) => "update taskhold on this machine",
            Self::Last => {
                "get the code of the new log; then taskhold share leave, and taskhold share join"
            }
            Self::Misplaced(_) | Self::Unreadable(_) | Self::Contradicts(_) => JOIN_ANEW,
        }
    }

    /// Says where an entry cannot be read. The message of a value would quote it, and what a task says goes into no log.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::Unreadable(format!("line {}, column {}", error.line(), error.column()))
    }
}

impl From<serde_json::Error> for Unfit {
    fn from(error: serde_json::Error) -> Self {
        Self::unreadable(&error)
    }
}

/// An entry ready to be sent, with the parts that are to be kept before it.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) parts: Vec<(Digest, Vec<u8>)>,
}

impl Entry {
    /// Writes an entry at `place`.
    pub(crate) fn write(
        place: Place<'_>,
        author: Author<'_>,
        body: Body,
    ) -> serde_json::Result<Sealed> {
        let body = WireBody {
            rows: body.rows.into_iter().map(WireRow::from).collect(),
            keys: body.keys,
        };
        let mut entry = Self {
            format: FORMAT,
            log: place.log.to_owned(),
            n: place.n,
            prev: place.prev.to_string(),
            nonce: author.nonce.to_owned(),
            member: author.member.map(str::to_owned),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            last_task: author.last_task,
            last_change: author.last_change,
            is_last: false,
            body: Some(body),
            parts: Vec::new(),
        };
        let bytes = serde_json::to_vec(&entry)?;
        if bytes.len() <= PART_BYTES {
            let parts = Vec::new();
            return Ok(Sealed { bytes, parts });
        }
        let body = serde_json::to_vec(&entry.body.take())?;
        let parts: Vec<_> = body
            .chunks(PART_BYTES)
            .map(|part| (Digest::of(part), part.to_vec()))
            .collect();
        entry.parts = parts.iter().map(|(name, _)| name.to_string()).collect();
        let bytes = serde_json::to_vec(&entry)?;
        Ok(Sealed { bytes, parts })
    }

    /// Writes an entry after which the log takes none: its members go on with another log.
    pub(crate) fn last(place: Place<'_>, author: Author<'_>) -> serde_json::Result<Vec<u8>> {
        let sealed = Self::write(place, author, Body::default())?;
        let entry: Self = serde_json::from_slice(&sealed.bytes)?;
        serde_json::to_vec(&Self {
            is_last: true,
            ..entry
        })
    }

    /// Returns who wrote it, if that is named.
    pub(crate) fn member_of(bytes: &[u8]) -> Option<String> {
        serde_json::from_slice::<Self>(bytes).ok()?.member
    }

    /// Reads an entry that stands at `place`; its body may lie in parts.
    pub(crate) fn read(bytes: &[u8], place: Place<'_>) -> Result<Self, Unfit> {
        /// What every format has.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_slice(bytes)?;
        if format > FORMAT {
            return Err(Unfit::Newer(format));
        }
        let entry: Self = serde_json::from_slice(bytes)?;
        if entry.log != place.log {
            return Err(Unfit::Misplaced("it belongs to another shared log"));
        }
        if entry.n != place.n {
            return Err(Unfit::Misplaced("it was written under another number"));
        }
        if entry.prev != place.prev.to_string() {
            return Err(Unfit::Misplaced(
                "it does not come after the entry that this machine knows before it: the log was altered, or an entry was deleted",
            ));
        }
        if entry.is_last {
            return Err(Unfit::Last);
        }
        Ok(entry)
    }

    /// Returns the names of the parts in which its body lies; none if it has that itself.
    pub(crate) fn part_names(&self) -> Result<Vec<Digest>, Unfit> {
        let names = self.parts.iter().map(|name| {
            Digest::from_hex(name).ok_or(Unfit::Misplaced("it names a part that cannot be one"))
        });
        names.collect()
    }

    /// Takes its body out of it, or out of `parts`, its parts one after another.
    pub(crate) fn take_body(&mut self, parts: &[u8]) -> Result<Body, Unfit> {
        let body = match self.body.take() {
            Some(body) => body,
            None => serde_json::from_slice(parts)?,
        };
        let rows = body.rows.into_iter().map(Change::from).collect();
        let keys = body.keys;
        Ok(Body { rows, keys })
    }
}

impl From<Change> for WireRow {
    fn from(change: Change) -> Self {
        Self {
            seq: change.seq,
            group: change.group,
            at: change.at,
            actor: change.actor,
            kind: change.kind,
            task: change.task,
            rev: change.rev,
            old: change.old,
            new: change.new,
            reverts: change.reverts,
            part: change.part,
            parts: change.parts,
            session: change.session.map(|session| session.as_str().to_owned()),
        }
    }
}

impl From<WireRow> for Change {
    fn from(row: WireRow) -> Self {
        Self {
            seq: row.seq,
            group: row.group,
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            task: row.task,
            rev: row.rev,
            old: row.old,
            new: row.new,
            reverts: row.reverts,
            part: row.part,
            parts: row.parts,
            session: row.session.as_deref().map(SessionId::stored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, title: &str) -> Change {
        let mut new = Fields::new();
        new.insert("title".to_owned(), title.into());
        Change {
            seq,
            group: 1,
            at: Timestamp::from_millis(7),
            actor: Actor::named("cli @ anna"),
            kind: Kind::Add,
            task: TaskId::try_from(seq).unwrap(),
            rev: 1,
            old: None,
            new,
            reverts: None,
            part: 1,
            parts: 1,
            session: Some(SessionId::shells()),
        }
    }

    fn author() -> Author<'static> {
        Author {
            nonce: "00ff",
            member: Some("anna"),
            last_task: 2,
            last_change: 2,
        }
    }

    fn place(n: Number) -> Place<'static> {
        let prev = Digest::of(b"before");
        Place { log: "l", n, prev }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let keys = vec![UsedKey {
            actor: "cli".to_owned(),
            key: "k".to_owned(),
            group: 1,
            digest: Some(vec![1, 255]),
        }];
        let rows = vec![row(1, "one"), row(2, "two")];
        let body = Body { rows, keys };
        let sealed = Entry::write(place(3), author(), body.clone()).unwrap();
        assert!(sealed.parts.is_empty());
        let mut entry = Entry::read(&sealed.bytes, place(3)).unwrap();
        assert_eq!((entry.last_task, entry.last_change), (2, 2));
        assert_eq!(entry.take_body(&[]).unwrap(), body);
    }

    #[test]
    fn a_long_body_lies_in_parts_that_together_are_it() {
        let rows: Vec<Change> = (1..=5).map(|seq| row(seq, &"x".repeat(400_000))).collect();
        let body = Body { rows, keys: vec![] };
        let sealed = Entry::write(place(3), author(), body.clone()).unwrap();
        assert!(sealed.bytes.len() < 2_000 && sealed.parts.len() == 2);
        let mut entry = Entry::read(&sealed.bytes, place(3)).unwrap();
        let names: Vec<Digest> = sealed.parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(entry.part_names().unwrap(), names);
        let whole: Vec<u8> = sealed
            .parts
            .into_iter()
            .flat_map(|(_, part)| part)
            .collect();
        assert_eq!(entry.take_body(&whole).unwrap(), body);
    }

    #[test]
    fn an_entry_of_another_log_number_predecessor_or_format_is_not_read() {
        let sealed = Entry::write(place(3), author(), Body::default()).unwrap();
        let elsewhere = [
            Place {
                log: "m",
                ..place(3)
            },
            place(4),
            Place {
                prev: Digest::of(b"other"),
                ..place(3)
            },
        ];
        for place in elsewhere {
            let refused = Entry::read(&sealed.bytes, place).unwrap_err();
            assert!(matches!(refused, Unfit::Misplaced(_)), "{refused}");
        }
        let newer = String::from_utf8(sealed.bytes)
            .unwrap()
            .replace("\"format\":1", "\"format\":2");
        assert_eq!(
            Entry::read(newer.as_bytes(), place(3)).unwrap_err(),
            Unfit::Newer(2)
        );
        let refused = Entry::read(b"\x00", place(3)).unwrap_err();
        assert!(matches!(refused, Unfit::Unreadable(_)), "{refused}");
    }
}
