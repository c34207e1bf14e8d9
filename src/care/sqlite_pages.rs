//! The rows in a database file, read page by page without SQLite: where a page is damaged, the others still give theirs.
//!
//! Follows the published file format (sqlite.org/fileformat2.html, sections 1.3 to 1.6, 2.1 and 4.1). Only leaves of
//! tables are read: every row lies in one, whatever became of the pages that lead there.
//!
//! # Invariants
//!
//! - Used only by a process that has no connection to the file: closing a file drops the process's SQLite locks on it.
//! - Whatever the bytes say, nothing here panics or reads outside its page.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// The longest row read, in bytes; the limit of our connections.
const LONGEST: usize = 8 << 20;
const FILE_HEADER: usize = 100;
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// A page with rows of a table.
const LEAF: u8 = 0x0D;

/// A value of a row. Text that is not UTF-8 was damaged.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Other,
}

/// A row of some table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) values: Vec<Value>,
}

/// Where a row lies: its page, and where on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowAddress {
    page: u32,
    at: u16,
}

/// The pages of a database: those in its log in place of those in the file.
pub(super) struct Pages {
    file: File,
    /// Where in the log the last committed version of a page begins.
    wal: Option<(File, HashMap<u32, u64>)>,
    page_size: usize,
    /// Bytes of a page that hold data.
    usable: usize,
    count: u32,
}

impl Pages {
    /// Opens a database file and its log. One whose header is damaged is taken to have pages of 4 KiB, as ours do.
    pub(super) fn open(database: &Path, log: &Path) -> io::Result<Self> {
        let mut file = File::open(database)?;
        let mut header = [0; FILE_HEADER];
        let has_header = file.read_exact(&mut header).is_ok() && header.starts_with(b"SQLite");
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if has_header && size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => 4_096,
        };
        let reserved = if has_header {
            usize::from(header[20])
        } else {
            0
        };
        let in_file = file.metadata()?.len() / page_size as u64;
        let wal = File::open(log)
            .ok()
            .and_then(|mut wal| Some((frames(&mut wal, page_size)?, wal)))
            .map(|(frames, wal)| (wal, frames));
        let in_log = wal
            .as_ref()
            .and_then(|(_, frames)| frames.keys().max().copied());
        Ok(Self {
            file,
            wal,
            page_size,
            usable: page_size.saturating_sub(reserved).max(480),
            count: u32::try_from(in_file)
                .unwrap_or(u32::MAX - 1)
                .max(in_log.unwrap_or(0)),
        })
    }

    /// Returns how many pages there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Hands every row of every table to `act`, with its place. Returns how many pages could not be read.
    pub(super) fn each_row(&mut self, mut act: impl FnMut(RowAddress, Row)) -> u32 {
        let mut unreadable = 0;
        for number in 1..=self.count {
            let Some(page) = self.page(number) else {
                unreadable += 1;
                continue;
            };
            let start = if number == 1 { FILE_HEADER } else { 0 };
            if page.get(start) != Some(&LEAF) {
                continue;
            }
            let cells = u16_at(&page, start + 3).unwrap_or(0);
            for cell in 0..usize::from(cells) {
                let Some(at) = u16_at(&page, start + 8 + cell * 2) else {
                    continue;
                };
                if let Some(row) = self.row(&page, usize::from(at)) {
                    act(RowAddress { page: number, at }, row);
                }
            }
        }
        unreadable
    }

    /// Reads the row at `place` again.
    pub(super) fn row_at(&mut self, place: RowAddress) -> Option<Row> {
        let page = self.page(place.page)?;
        self.row(&page, usize::from(place.at))
    }

    fn page(&mut self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; self.page_size];
        let (file, at) = match &mut self.wal {
            Some((wal, frames)) if frames.contains_key(&number) => (wal, frames[&number]),
            _ => (
                &mut self.file,
                u64::from(number.checked_sub(1)?) * self.page_size as u64,
            ),
        };
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut page).ok()?;
        Some(page)
    }

    /// Reads the row whose cell begins at `at`; `None` where it is damaged.
    fn row(&mut self, page: &[u8], at: usize) -> Option<Row> {
        let mut reader = PageReader::new(page.get(at..self.usable)?);
        let length = usize::try_from(reader.varint()?).ok()?;
        let id = reader.varint()?;
        if length > LONGEST {
            return None;
        }
        let local = self.local(length);
        let mut record = reader.take(local)?.to_vec();
        if local < length {
            let mut next = u32::from_be_bytes(reader.take(4)?.try_into().ok()?);
            let mut seen = HashSet::new();
            while record.len() < length {
                if next == 0 || next > self.count || !seen.insert(next) {
                    return None;
                }
                let page = self.page(next)?;
                next = u32::from_be_bytes(page.get(..4)?.try_into().ok()?);
                let rest = (length - record.len()).min(self.usable - 4);
                record.extend_from_slice(page.get(4..4 + rest)?);
            }
        }
        let values = values(&record)?;
        Some(Row { id, values })
    }

    /// Returns how much of a row lies on its page; the rest is on overflow pages.
    fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        if fitting <= most { fitting } else { least }
    }
}

/// Returns where in a log the last committed version of each page begins. Frames count up to the first whose checksum
/// is wrong, and of those up to the last commit.
fn frames(wal: &mut File, page_size: usize) -> Option<HashMap<u32, u64>> {
    let mut header = [0; WAL_HEADER];
    wal.read_exact(&mut header).ok()?;
    let word = |bytes: &[u8], at: usize| u32_at(bytes, at).unwrap_or(0);
    let is_big = match word(&header, 0) {
        0x377F_0682 => false,
        0x377F_0683 => true,
        _ => return None,
    };
    if word(&header, 8) as usize != page_size {
        return None;
    }
    let mut sum = checksum((0, 0), &header[..24], is_big);
    if sum != (word(&header, 24), word(&header, 28)) {
        return None;
    }
    let (mut committed, mut pending) = (HashMap::new(), Vec::new());
    let mut frame = vec![0; FRAME_HEADER + page_size];
    let mut at = WAL_HEADER as u64;
    while wal.read_exact(&mut frame).is_ok() {
        sum = checksum(sum, &frame[..8], is_big);
        sum = checksum(sum, &frame[FRAME_HEADER..], is_big);
        if frame[8..16] != header[16..24] || sum != (word(&frame, 16), word(&frame, 20)) {
            break;
        }
        pending.push((word(&frame, 0), at + FRAME_HEADER as u64));
        if word(&frame, 4) > 0 {
            committed.extend(pending.drain(..));
        }
        at += frame.len() as u64;
    }
    Some(committed)
}

fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let bytes: [u8; 4] = bytes.try_into().unwrap_or_default();
        if is_big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    };
    for pair in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(&pair[..4])).wrapping_add(b);
        b = b.wrapping_add(word(&pair[4..])).wrapping_add(a);
    }
    (a, b)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Reads a record: the types of its values, then the values.
fn values(record: &[u8]) -> Option<Vec<Value>> {
    let mut types = PageReader::new(record);
    let header = usize::try_from(types.varint()?).ok()?;
    let mut bodies = PageReader::new(record.get(header..)?);
    let mut values = Vec::new();
    while types.at < header {
        values.push(value(types.varint()?, &mut bodies)?);
    }
    Some(values)
}

fn value(kind: i64, bodies: &mut PageReader<'_>) -> Option<Value> {
    Some(match kind {
        0 => Value::Null,
        1..=4 => Value::Integer(bodies.integer(usize::try_from(kind).ok()?)?),
        5 => Value::Integer(bodies.integer(6)?),
        6 => Value::Integer(bodies.integer(8)?),
        7 => {
            bodies.take(8)?;
            Value::Other
        }
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        12.. => {
            let length = usize::try_from((kind - 12) / 2).ok()?;
            let bytes = bodies.take(length)?.to_vec();
            match String::from_utf8(bytes) {
                Ok(text) if kind % 2 == 1 => Value::Text(text),
                _ => Value::Other,
            }
        }
        _ => return None,
    })
}

struct PageReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> PageReader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// Seven bits a byte, the highest first; a ninth byte gives all its eight.
    fn varint(&mut self) -> Option<i64> {
        let mut number: u64 = 0;
        for place in 0..9 {
            let byte = *self.take(1)?.first()?;
            if place == 8 {
                number = number << 8 | u64::from(byte);
                break;
            }
            number = number << 7 | u64::from(byte & 0x7F);
            if byte < 0x80 {
                break;
            }
        }
        Some(number.cast_signed())
    }

    fn integer(&mut self, length: usize) -> Option<i64> {
        let bytes = self.take(length)?;
        let sign = if *bytes.first()? < 0x80 { 0 } else { -1 };
        let number = bytes
            .iter()
            .fold(sign, |number, byte| number << 8 | i64::from(*byte));
        Some(number)
    }
}
