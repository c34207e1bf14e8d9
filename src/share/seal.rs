//! Entries and parts, sealed: whoever runs the engine sees sizes, times and how many there are, and can neither read nor
//! forge one.
//!
//! # How
//!
//! From the key of the log two more are derived with HMAC-SHA-256. One makes the nonce of a body, 24 bytes, from the log's id,
//! the body's place in the log and the body itself; the other makes from that nonce the key under which the body is encrypted,
//! with ChaCha20-Poly1305 (RFC 8439). So no random numbers are needed that could repeat themselves, and the same entry under
//! the same number is sealed to the same bytes: what is sent again is what was sent before.
//!
//! The log's id and the place are associated data. A body that is moved to another number, or to another log, does not open.
//! That none is left out or put in is told by the entries themselves: each holds the digest of the one before.
//!
//! A sealed body is a byte for the format, 24 bytes of nonce, the encrypted body, and 16 bytes of tag.

use std::fmt;

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use super::{
    log::{Appended, Digest, Log, LogError, Number, Page},
    visit::Visit,
};

/// The format of a sealed body.
const FORMAT: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// The secret of a log, which never leaves its members' machines.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// What tells one log from every other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId([u8; 16]);

impl Key {
    /// Makes a new one from the system's random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Takes the bytes of a key that was made elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes, for the join code and the file of secrets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key")
    }
}

impl LogId {
    /// Makes a new one from the system's random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Takes the bytes of an id that was made elsewhere.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hexadecimal digits, as [`Display`](fmt::Display) writes them; `None` if `text` is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|id| Self(id.to_be_bytes()))
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A log whose entries and parts are sealed on their way to the engine, and opened on their way back.
pub struct Sealed<L> {
    inner: L,
    id: LogId,
    nonces: hmac::Key,
    keys: hmac::Key,
    names: hmac::Key,
}

impl<L> fmt::Debug for Sealed<L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sealed({})", self.id)
    }
}

/// Where a body stands, as its associated data name it.
enum Position<'a> {
    Entry(Number),
    Part(&'a Digest),
    Snapshot(Number),
}

impl<L: Log> Sealed<L> {
    /// Seals what goes to `inner` under the log's `key`.
    pub fn new(inner: L, id: LogId, key: &Key) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
        let derived = |purpose: &str| {
            let tag = hmac::sign(&root, purpose.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
        };
        Self {
            inner,
            id,
            nonces: derived("taskhold log 1: nonces"),
            keys: derived("taskhold log 1: keys"),
            names: derived("taskhold log 1: names"),
        }
    }

    fn associated(&self, position: &Position<'_>) -> Vec<u8> {
        let mut data = vec![FORMAT];
        data.extend_from_slice(&self.id.0);
        match position {
            Position::Entry(number) => {
                data.push(b'e');
                data.extend_from_slice(&number.to_be_bytes());
            }
            Position::Part(name) => {
                data.push(b'p');
                data.extend_from_slice(name.as_bytes());
            }
            Position::Snapshot(number) => {
                data.push(b's');
                data.extend_from_slice(&number.to_be_bytes());
            }
        }
        data
    }

    fn key_for(&self, nonce: &[u8]) -> LessSafeKey {
        let key = hmac::sign(&self.keys, nonce);
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref());
        LessSafeKey::new(key.expect("an HMAC-SHA-256 has the 32 bytes of a key"))
    }

    fn seal(&self, position: &Position<'_>, body: &[u8]) -> Vec<u8> {
        let associated = self.associated(position);
        let mut nonce = hmac::Context::with_key(&self.nonces);
        nonce.update(&associated);
        nonce.update(body);
        let nonce = nonce.sign();
        let nonce = &nonce.as_ref()[..NONCE];
        let mut sealed = Vec::with_capacity(1 + NONCE + body.len() + TAG);
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce);
        sealed.extend_from_slice(body);
        let tag = self.key_for(nonce).seal_in_place_separate_tag(
            // A key is used once, so the nonce of the cipher need not differ.
            Nonce::assume_unique_for_key([0; NONCE_LEN]),
            Aad::from(&associated),
            &mut sealed[1 + NONCE..],
        );
        let tag = tag.expect("a body is shorter than the 256 GiB that the cipher can take");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Returns the body; `None` if it was sealed under another key, for another place or log, or was altered.
    fn open(&self, position: &Position<'_>, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        if !is_sealed(&sealed) {
            return None;
        }
        let key = self.key_for(&sealed[1..=NONCE]);
        let opened = key.open_in_place(
            Nonce::assume_unique_for_key([0; NONCE_LEN]),
            Aad::from(self.associated(position)),
            &mut sealed[1 + NONCE..],
        );
        let length = opened.ok()?.len();
        sealed.truncate(1 + NONCE + length);
        sealed.drain(..=NONCE);
        Some(sealed)
    }

    /// Returns the name under which the engine keeps a part. From the digest itself it could tell who has a text that it
    /// knows.
    fn name_of(&self, name: &Digest) -> Digest {
        let tag = hmac::sign(&self.names, name.as_bytes());
        let bytes = tag.as_ref().try_into();
        Digest::from_bytes(bytes.expect("an HMAC-SHA-256 has 32 bytes"))
    }
}

impl<L: Log> Log for Sealed<L> {
    fn begin_visit(&mut self, visit: &Visit) {
        self.inner.begin_visit(visit);
    }

    fn append(&mut self, after: Number, entry: &[u8]) -> Appended {
        let sealed = self.seal(&Position::Entry(after + 1), entry);
        self.inner.append(after, &sealed)
    }

    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError> {
        let sealed = self.inner.read(after, bytes)?;
        let mut page = Page {
            entries: Vec::with_capacity(sealed.entries.len()),
            is_last: sealed.is_last,
        };
        for (number, body) in (after + 1..).zip(sealed.entries) {
            let is_sealed = is_sealed(&body);
            match self.open(&Position::Entry(number), body) {
                Some(entry) => page.entries.push(entry),
                None if page.entries.is_empty() && is_sealed => return Err(does_not_open(number)),
                None if page.entries.is_empty() => {
                    // Whether it is the log that answers, and not something in its place, what is asked of no single entry shows.
                    self.inner.first_after(number)?;
                    return Err(no_entry(number));
                }
                None => {
                    // Those before it are good; the next read begins at this one, and says so.
                    page.is_last = false;
                    break;
                }
            }
        }
        Ok(page)
    }

    fn end(&mut self, after: Number) -> Result<Number, LogError> {
        self.inner.end(after)
    }

    fn first_after(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        self.inner.first_after(after)
    }

    fn first_missing(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        self.inner.first_missing(after)
    }

    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError> {
        let sealed = self.seal(&Position::Part(name), body);
        self.inner.put_part(&self.name_of(name), &sealed)
    }

    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError> {
        let sealed = self.inner.part(&self.name_of(name))?;
        let body = self.open(&Position::Part(name), sealed);
        body.filter(|body| Digest::of(body) == *name)
            .ok_or_else(|| {
                LogError::Damaged(format!(
                    "part {name} of the shared log does not open with this log's key: it was altered where it is kept"
                ))
            })
    }

    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError> {
        let sealed = self.seal(&Position::Snapshot(number), body);
        self.inner.put_snapshot(number, &sealed)
    }

    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError> {
        let Some(sealed) = self.inner.snapshot(number)? else {
            return Ok(None);
        };
        let body = self.open(&Position::Snapshot(number), sealed);
        body.map(Some).ok_or_else(|| {
            LogError::Damaged(
                "it does not open with this log's key: it was altered where it is kept".to_owned(),
            )
        })
    }

    fn accepts_after_a_gap(&self) -> bool {
        self.inner.accepts_after_a_gap()
    }
}

/// Reports whether a body has the shape of a sealed one.
fn is_sealed(body: &[u8]) -> bool {
    body.len() > NONCE + TAG && body[0] == FORMAT
}

fn no_entry(number: Number) -> LogError {
    LogError::Damaged(format!(
        "what is kept as entry {number} of the shared log is no entry at all: the object was overwritten, or something else answers in \
         the store's place, as the page of a proxy does"
    ))
}

fn does_not_open(number: Number) -> LogError {
    LogError::Damaged(if number == 1 {
        "entry 1 of the shared log does not open with this key: the join code is that of another log, or of this one before \
         `share rekey`; ask a member for the code of today"
            .to_owned()
    } else {
        format!(
            "entry {number} of the shared log does not open with this log's key: it was altered where it is kept, or written \
             by someone who has not the key"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::memory::{Faults, Memory},
        *,
    };

    fn sealed(log: &Memory, id: u8, key: u8) -> Sealed<Memory> {
        let id = LogId::from_bytes([id; 16]);
        Sealed::new(log.handle(1, Faults(0)), id, &Key::from_bytes([key; 32]))
    }

    #[test]
    fn an_entry_comes_back_as_it_was_and_the_engine_cannot_read_it() {
        let engine = Memory::new(1, Faults(0));
        let mut log = sealed(&engine, 1, 1);
        let entries: Vec<Vec<u8>> = vec![b"buy milk".to_vec(), Vec::new(), vec![7; 100_000]];
        for (after, entry) in (0..).zip(&entries) {
            assert_eq!(log.append(after, entry), Appended::Accepted);
        }
        assert_eq!(log.read(0, usize::MAX).unwrap().entries, entries);
        for kept in engine.entries() {
            assert!(!kept.windows(4).any(|text| text == b"milk"));
        }
    }

    #[test]
    fn the_same_entry_is_sealed_to_the_same_bytes_under_its_number_alone() {
        let engine = Memory::new(1, Faults(0));
        let log = sealed(&engine, 1, 1);
        let first = log.seal(&Position::Entry(1), b"x");
        assert_eq!(log.seal(&Position::Entry(1), b"x"), first);
        for other in [
            log.seal(&Position::Entry(2), b"x"),
            log.seal(&Position::Entry(1), b"y"),
            sealed(&engine, 2, 1).seal(&Position::Entry(1), b"x"),
            sealed(&engine, 1, 2).seal(&Position::Entry(1), b"x"),
        ] {
            assert_ne!(other[1..=NONCE], first[1..=NONCE]);
            assert_ne!(other, first);
        }
    }

    #[test]
    fn another_key_or_log_is_named_at_the_first_entry() {
        let engine = Memory::new(1, Faults(0));
        assert_eq!(
            sealed(&engine, 1, 1).append(0, b"first"),
            Appended::Accepted
        );
        for (id, key) in [(1, 2), (2, 1)] {
            let error = sealed(&engine, id, key).read(0, 100).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("the join code is that of another log"),
                "{error}"
            );
        }
    }

    #[test]
    fn no_entry_opens_that_was_altered_cut_or_moved() {
        let engine = Memory::new(1, Faults(0));
        let mut log = sealed(&engine, 1, 1);
        for after in 0..3 {
            log.append(after, b"entry");
        }
        let whole = engine.entries();
        let length = whole[1].len();
        for at in 0..length {
            engine.tamper(|entries| entries[1][at] ^= 1);
            let read = log.read(0, usize::MAX).unwrap().entries;
            assert_eq!(read.len(), 1, "byte {at}: what is before it is read");
            assert!(matches!(log.read(1, usize::MAX), Err(LogError::Damaged(_))));
            engine.tamper(|entries| entries[1].truncate(at));
            assert!(
                matches!(log.read(1, usize::MAX), Err(LogError::Damaged(_))),
                "cut at {at}"
            );
            engine.tamper(|entries| entries.clone_from(&whole));
        }
        engine.tamper(|entries| entries.swap(1, 2));
        assert!(matches!(log.read(1, usize::MAX), Err(LogError::Damaged(_))));
    }

    #[test]
    fn a_part_is_kept_under_a_name_that_tells_nothing_of_it() {
        let engine = Memory::new(1, Faults(0));
        let mut log = sealed(&engine, 1, 1);
        let name = Digest::of(b"body");
        log.put_part(&name, b"body").unwrap();
        assert_eq!(log.part(&name).unwrap(), b"body");
        assert!(engine.handle(2, Faults(0)).part(&name).is_err());
        assert!(sealed(&engine, 1, 2).part(&name).is_err());
    }

    #[test]
    fn a_snapshot_opens_under_its_number_alone() {
        let engine = Memory::new(1, Faults(0));
        let mut log = sealed(&engine, 1, 1);
        log.put_snapshot(1, b"body").unwrap();
        assert_eq!(log.snapshot(1).unwrap().unwrap(), b"body");
        assert_eq!(log.snapshot(2).unwrap(), None);
        engine.tamper_snapshots(|snapshots| {
            let moved = snapshots[&1].clone();
            snapshots.insert(2, moved);
        });
        assert!(matches!(log.snapshot(2), Err(LogError::Damaged(_))));
        let refused = sealed(&engine, 1, 2).snapshot(1);
        assert!(matches!(refused, Err(LogError::Damaged(_))));
    }

    #[test]
    fn keys_are_not_shown_and_ids_are_read_as_they_are_written() {
        assert_eq!(format!("{:?}", Key::from_bytes([9; 32])), "Key");
        let id = LogId::generate().unwrap();
        assert_eq!(LogId::from_hex(&id.to_string()), Some(id));
        for wrong in [
            "",
            "12",
            &"g".repeat(32),
            "+0000000000000000000000000000001",
        ] {
            assert_eq!(LogId::from_hex(wrong), None, "{wrong}");
        }
    }
}
