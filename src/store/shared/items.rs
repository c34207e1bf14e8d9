//! What commits wrote, as the lines of an entry or of its parts: each a row of the change log, or a key of a call.
//!
//! # Invariants
//!
//! - A part holds whole lines, so that its reader needs one of them in memory at a time, however many tasks there are.
//! - The same rows and keys make the same parts.

use serde::{Deserialize, Serialize};

use super::unfit::Unfit;
use crate::{
    domain::{
        change::{Change, Fields, GroupId, Kind},
        error::Result,
        session::SessionId,
        task::{Actor, TaskId, Timestamp},
    },
    share::{
        deflated::{deflate, inflate},
        log::Digest,
    },
    store::change_log::StoredKey,
};

/// How many bytes of lines an entry holds itself, and how many a part holds, if that is more than one line.
pub(super) const PART_BYTES: usize = 1 << 20;
/// How many bytes may come out of an entry or a part; one line is much shorter.
pub(super) const LONGEST: usize = 16 << 20;

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
    pub(crate) digest: Option<Digest>,
}

impl From<StoredKey> for UsedKey {
    fn from((actor, key, group, digest): StoredKey) -> Self {
        Self {
            actor,
            key,
            group,
            digest: digest.map(Digest::from_bytes),
        }
    }
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Row(Box<WireRow>),
    Key(UsedKey),
}

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A row of the change log.
    Row(Box<Change>),
    /// The key of a call that made rows.
    Key(UsedKey),
}

/// Lines that are being written. Whatever is longer than a part goes to it at once, so little is in memory.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Those that are in no part yet.
    lines: Vec<u8>,
    parts: Vec<Digest>,
}

impl Items {
    /// Adds a line. A part that is full is handed to `keep`.
    pub(super) fn push(
        &mut self,
        item: Item,
        keep: &mut dyn FnMut(&Digest, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let before = self.lines.len();
        let line = match item {
            Item::Row(change) => Line::Row(Box::new(WireRow::from(*change))),
            Item::Key(key) => Line::Key(key),
        };
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.push(b'\n');
        if before > 0 && self.lines.len() > PART_BYTES {
            let line = self.lines.split_off(before);
            self.end_part(keep)?;
            self.lines = line;
        }
        Ok(())
    }

    /// Puts the lines that are in no part into one.
    pub(super) fn end_part(
        &mut self,
        keep: &mut dyn FnMut(&Digest, &[u8]) -> Result<()>,
    ) -> Result<()> {
        if !self.lines.is_empty() {
            let part = deflate(&self.lines);
            let name = Digest::of(&part);
            keep(&name, &part)?;
            self.parts.push(name);
            self.lines.clear();
        }
        Ok(())
    }

    /// Returns the lines, if they are few; else the parts in which all of them are.
    pub(super) fn finish(
        mut self,
        keep: &mut dyn FnMut(&Digest, &[u8]) -> Result<()>,
    ) -> Result<(Vec<u8>, Vec<Digest>)> {
        if !self.parts.is_empty() {
            self.end_part(keep)?;
        }
        Ok((self.lines, self.parts))
    }
}

/// Returns what comes out of a part.
pub(super) fn opened_part(part: &[u8]) -> std::result::Result<Vec<u8>, Unfit> {
    inflate(part, LONGEST).map_err(|error| Unfit::Unreadable(error.to_string()))
}

/// Reads lines, one after another.
pub(super) fn read(lines: &[u8]) -> impl Iterator<Item = serde_json::Result<Item>> {
    let lines = serde_json::Deserializer::from_slice(lines).into_iter::<Line>();
    lines.map(|line| {
        Ok(match line? {
            Line::Row(row) => Item::Row(Box::new(Change::from(*row))),
            Line::Key(key) => Item::Key(key),
        })
    })
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

    fn row(seq: i64, title: &str) -> Item {
        let mut new = Fields::new();
        new.insert("title".to_owned(), title.into());
        Item::Row(Box::new(Change {
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
        }))
    }

    fn key() -> Item {
        Item::Key(UsedKey {
            actor: "cli".to_owned(),
            key: "k".to_owned(),
            group: 1,
            digest: Some(Digest::of(b"call")),
        })
    }

    /// Writes `items`; returns the lines, and the parts as they are kept.
    fn written(items: &[Item]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut parts = Vec::new();
        let mut keep = |name: &Digest, part: &[u8]| {
            assert_eq!(*name, Digest::of(part));
            parts.push(part.to_vec());
            Ok(())
        };
        let mut written = Items::default();
        for item in items {
            written.push(item.clone(), &mut keep).unwrap();
        }
        let (lines, names) = written.finish(&mut keep).unwrap();
        let digests: Vec<Digest> = parts.iter().map(|part| Digest::of(part)).collect();
        assert_eq!(names, digests);
        (lines, parts)
    }

    #[test]
    fn items_are_read_as_they_were_written() {
        let items = [row(1, "one"), row(2, "two\nlines"), key()];
        let (lines, parts) = written(&items);
        assert!(parts.is_empty());
        let read: Vec<Item> = read(&lines).map(|item| item.unwrap()).collect();
        assert_eq!(read, items);
    }

    #[test]
    fn many_lie_in_parts_that_each_can_be_read_alone() {
        let mut items: Vec<Item> = (1..=8).map(|seq| row(seq, &"x".repeat(400_000))).collect();
        items.push(key());
        let (lines, parts) = written(&items);
        assert!(lines.is_empty() && parts.len() == 4, "{}", parts.len());
        let mut found = Vec::new();
        for part in &parts {
            let lines = opened_part(part).unwrap();
            assert!(lines.len() <= PART_BYTES);
            found.extend(read(&lines).map(|item| item.unwrap()));
        }
        assert_eq!(found, items);
    }

    #[test]
    fn a_part_out_of_which_too_much_comes_is_not_read() {
        let bomb = deflate(&vec![b' '; LONGEST + 1]);
        let refused = opened_part(&bomb).unwrap_err();
        assert!(refused.to_string().contains("bytes come out"), "{refused}");
    }
}
