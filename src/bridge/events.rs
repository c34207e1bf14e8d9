//! A stream of events, read (HTML standard, server-sent events, 9.2.6).

use serde_json::Value;

/// An event with a message of the protocol; `null` where it carries none.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) message: Value,
}

/// Bytes of a stream that are no whole event yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    text: Vec<u8>,
    id: Option<String>,
    data: String,
}

impl Events {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// Returns the next whole event; `None` until more is fed.
    pub(super) fn next(&mut self) -> Option<Event> {
        loop {
            let end = self.text.iter().position(|byte| *byte == b'\n')?;
            let line: Vec<u8> = self.text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                let id = self.id.take();
                if data.is_empty() && id.is_none() {
                    continue;
                }
                let message = serde_json::from_str(&data).unwrap_or_default();
                return Some(Event { id, message });
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.id = Some(value.to_owned()),
                "data" => {
                    if !self.data.is_empty() {
                        self.data.push('\n');
                    }
                    self.data.push_str(value);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let stream = ": comment\n\ndata:\nid: 1-0\nretry: 5\n\ndata: {\"a\":\ndata: 1}\r\nid: 1-1\r\n\r\ndata: {\"b\":2}\n\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let mut read = Vec::new();
            for part in stream.as_bytes().chunks(size) {
                events.feed(part);
                read.extend(std::iter::from_fn(|| events.next()));
            }
            let expected = [
                (Some("1-0"), Value::Null),
                (Some("1-1"), json!({ "a": 1 })),
                (None, json!({ "b": 2 })),
            ];
            let expected = expected.map(|(id, message)| Event {
                id: id.map(ToOwned::to_owned),
                message,
            });
            assert_eq!(read, expected, "{size}");
        }
    }
}
