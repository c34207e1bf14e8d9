//! Lines of bounded length from a stream, the messages of an array in one, and lines written to a stream.

use std::io;

use rmcp::model::RequestId;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

/// The longest line that is read, in bytes. A longer one is answered with an error.
pub(crate) const MAX_LINE: usize = 4 * 1024 * 1024;

/// A line of input.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'a> {
    /// Without its end; never blank.
    Whole(&'a [u8]),
    /// Over the limit and thrown away; with the id found in it.
    TooLong(Option<RequestId>),
}

/// Reads lines. Dropping the future of [`Lines::next`] loses nothing.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    limit: usize,
    line: Vec<u8>,
    /// The line in `line` was given out.
    given: bool,
    /// Looks for the id in a line that is being thrown away.
    discarding: Option<IdScanner>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self {
            input,
            limit,
            line: Vec::new(),
            given: false,
            discarding: None,
        }
    }

    /// Returns the next line that is not blank; `None` at the end of the input. What follows the last line end is no
    /// line: its sender did not finish it.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.given {
            self.given = false;
            self.line.clear();
            // One long message must not hold its memory for the rest of the session.
            self.line.shrink_to(64 * 1024);
        }
        loop {
            let available = self.input.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            // No await from here to `consume`: what is taken is kept, or not taken at all.
            let newline = available.iter().position(|byte| *byte == b'\n');
            let (part, taken) = match newline {
                Some(end) => (&available[..end], end + 1),
                None => (available, available.len()),
            };
            if let Some(scanner) = &mut self.discarding {
                scanner.feed(part);
            } else if self.line.len() + part.len() > self.limit {
                let mut scanner = IdScanner::default();
                scanner.feed(&self.line);
                scanner.feed(part);
                self.discarding = Some(scanner);
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(part);
            }
            self.input.consume(taken);
            if newline.is_none() {
                continue;
            }
            if let Some(scanner) = self.discarding.take() {
                return Ok(Some(Line::TooLong(scanner.id())));
            }
            if self.line.iter().all(u8::is_ascii_whitespace) {
                self.line.clear();
                continue;
            }
            self.given = true;
            return Ok(Some(Line::Whole(&self.line)));
        }
    }
}

/// Finds the `id` of a JSON-RPC message in text that may be broken, cut, or too long to keep: the value of the first
/// key `"id"` of the outermost object.
#[derive(Debug, Default)]
pub(super) struct IdScanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string at depth 1, while it is short enough to be a key or an id.
    token: Vec<u8>,
    /// The key `"id"` was read; its value comes.
    awaiting: bool,
    number: Vec<u8>,
    found: Option<RequestId>,
}

impl IdScanner {
    const LONGEST: usize = 256;

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.found.is_some() {
                return;
            }
            self.step(*byte);
        }
    }

    /// Returns the id, if there was one that a request may have.
    pub(super) fn id(mut self) -> Option<RequestId> {
        self.end_number();
        self.found
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            return self.step_in_string(byte);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.token.clear();
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.awaiting = false;
            }
            b'}' | b']' => {
                self.end_number();
                self.depth = self.depth.saturating_sub(1);
            }
            b':' => self.awaiting = self.depth == 1 && self.token == b"id",
            b',' => {
                self.end_number();
                self.awaiting = false;
            }
            b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'
                if self.awaiting && self.number.len() < Self::LONGEST =>
            {
                self.number.push(byte);
            }
            _ => {}
        }
    }

    fn step_in_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                if self.awaiting && self.depth == 1 && self.token.len() < Self::LONGEST {
                    let quoted = [b"\"".as_slice(), &self.token, b"\""].concat();
                    self.found = serde_json::from_slice::<String>(&quoted)
                        .ok()
                        .map(|id| RequestId::String(id.into()));
                }
                return;
            }
            _ => {}
        }
        if self.depth == 1 && self.token.len() < Self::LONGEST {
            self.token.push(byte);
        }
    }

    fn end_number(&mut self) {
        if self.awaiting && self.depth == 1 && self.found.is_none() {
            self.found = serde_json::from_slice(&self.number).ok();
        }
        self.number.clear();
    }
}

/// Returns the messages in the text of an array that is valid JSON.
pub(super) fn split_array(array: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut rest = array.get(1..).unwrap_or_default();
    loop {
        let mut values =
            serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
        // The bracket that ends the array is no value.
        let Some(Ok(_)) = values.next() else {
            return messages;
        };
        let (message, after) = rest.split_at(values.byte_offset());
        messages.push(message.trim_ascii().to_vec());
        let Some(after) = after.trim_ascii_start().strip_prefix(b",") else {
            return messages;
        };
        rest = after;
    }
}

/// Writes what is queued, as many lines at once as are waiting.
pub(crate) async fn write_lines(
    mut output: impl AsyncWrite + Unpin,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    unread: CancellationToken,
) {
    const ENOUGH: usize = 64 * 1024;
    while let Some(mut lines) = queue.recv().await {
        while lines.len() < ENOUGH
            && let Ok(line) = queue.try_recv()
        {
            lines.extend_from_slice(&line);
        }
        let written = async {
            output.write_all(&lines).await?;
            output.flush().await
        };
        if written.await.is_err() {
            unread.cancel();
            return;
        }
    }
    let _ = output.shutdown().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    fn id_in(text: &str) -> Option<RequestId> {
        let mut scanner = IdScanner::default();
        // Fed in pieces, as a long line is.
        text.as_bytes()
            .chunks(3)
            .for_each(|piece| scanner.feed(piece));
        scanner.id()
    }

    #[test]
    fn the_id_is_found_in_what_is_left_of_a_message() {
        let number = |id| Some(RequestId::Number(id));
        let string = |id: &str| Some(RequestId::String(id.into()));
        let cases = [
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"#,
                number(7),
            ),
            (r#"{"params":{"id":1,"x":"\"id\":2"},"id": -3"#, number(-3)),
            (
                r#"{"params":[{"id":1}],"method":"id","id":"a\"b","#,
                string("a\"b"),
            ),
            (r#"{"id":"","x""#, string("")),
            (r#"{"id":12}"#, number(12)),
            (r#"{"id":null,"#, None),
            (r#"{"id":{"id":4}}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"{"x":"id","y":5}"#, None),
            (r#"[{"id":5}]"#, None),
            ("not json", None),
            ("", None),
        ];
        for (text, id) in cases {
            assert_eq!(id_in(text), id, "{text}");
        }
    }

    #[test]
    fn an_array_is_split_into_its_messages_as_they_are_written() {
        let cases: [(&str, &[&str]); 5] = [
            ("[]", &[]),
            (" [ ] ", &[]),
            (r#"[{"a":"],["}]"#, &[r#"{"a":"],["}"#]),
            ("[ 1 , [2,3] ,\"x\"]", &["1", "[2,3]", "\"x\""]),
            (r#"[{"a":1,"a":2},{}]"#, &[r#"{"a":1,"a":2}"#, "{}"]),
        ];
        for (array, expected) in cases {
            let parts = split_array(array.trim().as_bytes());
            let found: Vec<&str> = parts
                .iter()
                .map(|part| std::str::from_utf8(part).unwrap())
                .collect();
            assert_eq!(found, expected, "{array}");
        }
    }

    async fn read_all(input: &str, limit: usize) -> Vec<String> {
        // A tiny buffer, so that every line comes in pieces.
        let mut lines = Lines::new(BufReader::with_capacity(4, input.as_bytes()), limit);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(match line {
                Line::Whole(line) => String::from_utf8(line.to_vec()).unwrap(),
                Line::TooLong(id) => format!("too long: {id:?}"),
            });
        }
        read
    }

    #[tokio::test]
    async fn blank_lines_and_an_unfinished_last_line_are_passed_over() {
        assert_eq!(
            read_all("one\n\n  \r\ntwo\r\nthr", 100).await,
            ["one", "two\r"]
        );
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_thrown_away_and_the_next_one_is_whole() {
        let input = format!("{{\"x\":\"{}\",\"id\":9}}\nnext\n", "y".repeat(100));
        assert_eq!(
            read_all(&input, 50).await,
            ["too long: Some(Number(9))", "next"]
        );
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_limit_is_read() {
        assert_eq!(
            read_all("12345\n123456\n", 5).await,
            ["12345", "too long: None"]
        );
    }
}
