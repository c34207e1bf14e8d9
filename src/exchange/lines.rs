//! Lines of text from anywhere: bounded, numbered, in UTF-8.

use std::io::{self, BufRead, Read as _, Seek};

use super::Fault;

/// The longest line that is read, in bytes: so much is held in memory at the most. A task without comments takes less than
/// 1 MiB with each byte of it escaped; of comments, which have no limit, there is room for thousands of the longest.
pub const LIMIT: usize = 64 << 20;
/// What some editors put before UTF-8.
pub(super) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The lines of a file.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            line: Vec::new(),
        }
    }

    /// Goes back to the first line.
    pub(super) fn rewind(&mut self) -> io::Result<()>
    where
        R: Seek,
    {
        self.number = 0;
        self.input.rewind()
    }

    /// Returns how many lines were read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line without its end; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Result<&str, Fault>> {
        match self.fill() {
            Ok(false) => None,
            Ok(true) => {
                let number = self.number;
                Some(self.bytes().and_then(|line| {
                    std::str::from_utf8(line)
                        .map_err(|_| Fault::task(number, "is not in UTF-8; save the file as UTF-8"))
                }))
            }
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Likewise, whether it is in UTF-8 or not: of a line that goes on in the next one, a character may be in both.
    pub(super) fn next_bytes(&mut self) -> Option<Result<&[u8], Fault>> {
        match self.fill() {
            Ok(false) => None,
            Ok(true) => Some(self.bytes()),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Reports whether the next line begins with a blank or a tab.
    pub(super) fn goes_on(&mut self) -> io::Result<bool> {
        Ok(matches!(self.input.fill_buf()?.first(), Some(b' ' | b'\t')))
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.line.clear();
        let limit = LIMIT as u64 + 1;
        if self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.line)?
            == 0
        {
            return Ok(false);
        }
        self.number += 1;
        if self.line.len() > LIMIT {
            self.input.skip_until(b'\n')?;
        }
        Ok(true)
    }

    fn bytes(&self) -> Result<&[u8], Fault> {
        let (number, mut line) = (self.number, self.line.as_slice());
        if number == 1 {
            if line.starts_with(b"\xFF\xFE") || line.starts_with(b"\xFE\xFF") {
                return Err(Fault::File("it is in UTF-16; save it as UTF-8".to_owned()));
            }
            line = line.strip_prefix(MARK).unwrap_or(line);
        }
        if line.contains(&0) {
            let reason = format!("it is no text: line {number} has a NUL byte");
            return Err(Fault::File(reason));
        }
        if number == 1 && ends_with_cr_alone(line) {
            let reason = if line.iter().copied().any(is_of_no_text) {
                "it is no text"
            } else {
                "its lines end with CR alone; save it with LF or CRLF at the end of each line"
            };
            return Err(Fault::File(reason.to_owned()));
        }
        if line.len() > LIMIT {
            let reason = format!("is longer than {LIMIT} bytes, more than a task can hold");
            return Err(Fault::task(number, reason));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Reports whether no text has the byte: one of those that steer a device, but for blanks, the ends of lines and pages, ESC, and what
/// old systems end a file with.
fn is_of_no_text(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t'..=b'\r' | 0x1A | 0x1B)
}

/// Reports whether what was read as one line is several, as old programs of the Macintosh write them: a CR in it is not at its end.
fn ends_with_cr_alone(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.contains(&b'\r')
}
