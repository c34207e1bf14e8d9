//! An entry of the shared log: what one commit wrote, as lines of JSON, deflated. The first line is its head; each of the others
//! is a row of the change log, or a key of a call.
//!
//! # Invariants
//!
//! - What an entry holds is read by every later version. A field that an older program must not pass over comes with a higher
//!   [`FORMAT`], which an older program stops at. That the first line has a field `format` holds for all of them.
//! - Each entry names the digest of the one before it, so that none can be dropped, replaced or moved unnoticed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    items::{Items, LONGEST},
    unfit::Unfit,
};
use crate::{
    domain::{error::Result, task::Timestamp},
    share::{
        deflated::{deflate, inflate},
        log::{Digest, Number},
    },
};

/// The latest format of entries that this program reads and writes. A log stays in the format it has until that is raised.
pub(crate) const FORMAT: u32 = 1;

/// What an entry says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) format: u32,
    log: String,
    /// Its number.
    pub(crate) n: Number,
    prev: Digest,
    /// Drawn at random: two commits that write the same are told apart by it.
    pub(crate) nonce: String,
    /// Whose machine wrote it; `None` where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    /// Which machine wrote it: drawn when it began to share.
    pub(crate) machine: String,
    /// The version of the program that wrote it, and the latest format that program knows.
    pub(crate) version: String,
    pub(crate) knows: u32,
    /// When it was written, by that machine's clock.
    pub(crate) at: Timestamp,
    /// The last number given to a task, and to a change: a number may be used up without a row.
    pub(crate) last_task: i64,
    pub(crate) last_change: i64,
    /// It is the last of its log, which goes on under another key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_last: bool,
    /// For how many milliseconds the other machines are asked to leave the log to this one; `None` if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asks: Option<u32>,
    /// The parts in which its lines are; none if it has them itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Digest>,
}

/// Where an entry stands: in which log, under which number, after which entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) log: &'a str,
    pub(crate) n: Number,
    pub(crate) prev: Digest,
    /// The format of the log: none that comes is in an older one; 0 where the first entry tells it.
    pub(crate) format: u32,
    /// The latest format that this program knows.
    pub(crate) knows: u32,
}

/// Who writes an entry, and how far the numbers of its database have come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) member: Option<&'a str>,
    pub(crate) machine: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) last_task: i64,
    pub(crate) last_change: i64,
}

impl Head {
    /// Reports whether it is that of the last entry of its log.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    fn new(place: Place<'_>, author: Author<'_>, parts: &[Digest]) -> Self {
        Self {
            format: place.format,
            log: place.log.to_owned(),
            n: place.n,
            prev: place.prev,
            nonce: author.nonce.to_owned(),
            member: author.member.map(str::to_owned),
            machine: author.machine.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            knows: place.knows,
            at: author.at,
            last_task: author.last_task,
            last_change: author.last_change,
            is_last: false,
            asks: None,
            parts: parts.to_vec(),
        }
    }

    /// Returns how long the other machines are asked to leave the log to the one that wrote it.
    pub(super) fn asks(&self) -> Option<Duration> {
        self.asks.map(|millis| Duration::from_millis(millis.into()))
    }

    fn sealed(&self, lines: &[u8]) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        text.extend_from_slice(lines);
        Ok(deflate(&text))
    }
}

/// Writes an entry that holds `items`. Parts are handed to `keep`, which keeps them before the entry is appended.
pub(super) fn write(
    place: Place<'_>,
    author: Author<'_>,
    items: Items,
    keep: &mut dyn FnMut(&Digest, &[u8]) -> Result<()>,
) -> Result<Vec<u8>> {
    let (lines, parts) = items.finish(keep)?;
    Head::new(place, author, &parts).sealed(&lines)
}

/// Writes an entry after which the log takes none: its members go on with another log.
pub(super) fn last(place: Place<'_>, author: Author<'_>) -> Result<Vec<u8>> {
    let head = Head {
        is_last: true,
        ..Head::new(place, author, &[])
    };
    head.sealed(&[])
}

/// Writes an entry that asks the other machines to leave the log to this one for `time`.
pub(super) fn asking(place: Place<'_>, author: Author<'_>, time: Duration) -> Result<Vec<u8>> {
    let head = Head {
        asks: Some(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
        ..Head::new(place, author, &[])
    };
    head.sealed(&[])
}

/// Writes an entry that raises the format of its log to the latest that this program knows.
pub(super) fn raising(place: Place<'_>, author: Author<'_>) -> Result<Vec<u8>> {
    let head = Head {
        format: place.knows,
        ..Head::new(place, author, &[])
    };
    head.sealed(&[])
}

/// Returns what an entry says of itself, wherever it stands; `None` if that cannot be read.
pub(super) fn head_of(bytes: &[u8]) -> Option<Head> {
    let text = inflate(bytes, LONGEST).ok()?;
    let line = text.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}

/// Reads an entry that stands at `place`: its head, and the lines that are in it and in no part.
pub(super) fn read(bytes: &[u8], place: Place<'_>) -> std::result::Result<(Head, Vec<u8>), Unfit> {
    /// What every format has.
    #[derive(Deserialize)]
    struct Every {
        format: u32,
    }
    let mut text = inflate(bytes, LONGEST).map_err(|error| Unfit::Unreadable(error.to_string()))?;
    let end = text.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| Unfit::Unreadable("it has no first line".to_owned()))?;
    let lines = text.split_off(end + 1);
    let Every { format } = serde_json::from_slice(&text)?;
    if format > place.knows {
        return Err(Unfit::Newer {
            format,
            known: place.knows,
        });
    }
    let head: Head = serde_json::from_slice(&text)?;
    if head.log != place.log {
        return Err(Unfit::Misplaced("it belongs to another shared log"));
    }
    if head.n != place.n {
        return Err(Unfit::Misplaced("it was written under another number"));
    }
    // It ends the log also where what stands before it could not be read.
    if head.is_last {
        return Err(Unfit::Last);
    }
    if head.prev != place.prev {
        return Err(Unfit::Misplaced(
            "it does not come after the entry that this machine knows before it: the log was altered, or an entry was deleted",
        ));
    }
    if head.format < place.format {
        return Err(Unfit::Misplaced(
            "it is in an older format than the entry before it",
        ));
    }
    Ok((head, lines))
}

/// Returns an entry with its text altered, as nobody can who has not the key.
#[cfg(test)]
pub(super) fn altered(bytes: &[u8], alter: impl FnOnce(String) -> String) -> Vec<u8> {
    let text = String::from_utf8(inflate(bytes, LONGEST).unwrap()).unwrap();
    deflate(alter(text).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{
        super::items::{self, Item, UsedKey},
        *,
    };

    fn author() -> Author<'static> {
        Author {
            nonce: "00ff",
            member: Some("anna"),
            machine: "01",
            at: Timestamp::from_millis(7),
            last_task: 2,
            last_change: 2,
        }
    }

    fn place(n: Number) -> Place<'static> {
        Place {
            log: "l",
            n,
            prev: Digest::of(b"before"),
            format: 1,
            knows: 1,
        }
    }

    fn key(key: &str) -> Item {
        Item::Key(UsedKey {
            actor: "cli".to_owned(),
            key: key.to_owned(),
            group: 1,
            digest: None,
        })
    }

    fn with(items: &[Item]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut parts = Vec::new();
        let mut keep = |_: &Digest, part: &[u8]| {
            parts.push(part.to_vec());
            Ok(())
        };
        let mut written = Items::default();
        for item in items {
            written.push(item.clone(), &mut keep).unwrap();
        }
        let bytes = write(place(3), author(), written, &mut keep).unwrap();
        (bytes, parts)
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let (bytes, parts) = with(&[key("k"), key("l")]);
        assert!(parts.is_empty());
        let (head, lines) = read(&bytes, place(3)).unwrap();
        assert_eq!((head.last_task, head.last_change), (2, 2));
        assert!(head.parts.is_empty());
        let items: Vec<Item> = items::read(&lines).map(|item| item.unwrap()).collect();
        assert_eq!(items, [key("k"), key("l")]);
    }

    #[test]
    fn an_entry_with_much_in_it_names_its_parts_and_stays_short() {
        let long = "x".repeat(600_000);
        let (bytes, parts) = with(&[key(&long), key(&long), key("k")]);
        assert!(bytes.len() < 1_000 && parts.len() == 2);
        let (head, lines) = read(&bytes, place(3)).unwrap();
        let digests: Vec<Digest> = parts.iter().map(|part| Digest::of(part)).collect();
        assert_eq!(head.parts, digests);
        assert!(lines.is_empty());
    }

    #[test]
    fn an_entry_of_another_log_number_predecessor_or_format_is_not_read() {
        let (bytes, _) = with(&[]);
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
            Place {
                format: 2,
                knows: 2,
                ..place(3)
            },
        ];
        for place in elsewhere {
            let refused = read(&bytes, place).unwrap_err();
            assert!(matches!(refused, Unfit::Misplaced(_)), "{refused}");
        }
        // Of a newer format nothing else need be as it is today.
        let newer = altered(&bytes, |_| "{\"format\":2,\"body\":7}\n\x07".to_owned());
        let refused = read(&newer, place(3)).unwrap_err();
        assert!(
            matches!(refused, Unfit::Newer { format: 2, .. }),
            "{refused}"
        );
        for unreadable in [
            &b"\x00"[..],
            &deflate(b""),
            &deflate(&vec![b' '; LONGEST + 1]),
        ] {
            let refused = read(unreadable, place(3)).unwrap_err();
            assert!(matches!(refused, Unfit::Unreadable(_)), "{refused}");
        }
    }
}
