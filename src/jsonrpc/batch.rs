//! Batches: several messages in one array, and their answers in one. Protocol version 2025-03-26 has them, no other
//! version does.

use std::collections::HashSet;

use rmcp::model::{ClientRequest, ErrorCode, ErrorData, GetMeta as _, ProtocolVersion, RequestId};
use serde_json::json;

use super::{
    message::{self, Incoming},
    refusal::refusal,
};

/// The most messages of a batch: a bound on the answers that are kept until the last of them is there.
pub(crate) const MOST: usize = 100;

/// Refuses the batch as a whole, if it is not one that a client of `version` may send.
pub(crate) fn check(
    messages: &[Vec<u8>],
    version: Option<&ProtocolVersion>,
) -> Result<(), ErrorData> {
    let reason = if version != Some(&ProtocolVersion::V_2025_03_26) {
        "batches are served in protocol version 2025-03-26 only; send each message on its own"
            .to_owned()
    } else if messages.is_empty() {
        "the batch is empty".to_owned()
    } else if messages.len() > MOST {
        format!(
            "the batch has {} messages; send at most {MOST} in one",
            messages.len()
        )
    } else {
        return Ok(());
    };
    Err(refusal(ErrorCode::INVALID_REQUEST, reason))
}

/// Reads a message of a batch; also returns its text as it was read.
pub(crate) fn read(message: &[u8]) -> (Incoming, Vec<u8>) {
    let (incoming, text) = message::read_text(message);
    let refused =
        |id, reason: &str| Incoming::Refused(id, refusal(ErrorCode::INVALID_REQUEST, reason));
    let incoming = match incoming {
        Incoming::Batch(_) => refused(None, "a batch cannot be part of a batch"),
        Incoming::Request(id, request) => match &*request {
            ClientRequest::InitializeRequest(_) => {
                refused(Some(id), "initialize cannot be part of a batch")
            }
            request if request.get_meta().protocol_version().is_some() => refused(
                Some(id),
                "a request that names its protocol version cannot be part of a batch",
            ),
            _ => Incoming::Request(id, request),
        },
        incoming => incoming,
    };
    (incoming, text.into_owned())
}

/// Returns the answer that refuses a request. Without an id it carries `null` (JSON-RPC 2.0, section 5).
pub(crate) fn refused(id: Option<&RequestId>, error: &ErrorData) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
        .to_string()
        .into_bytes()
}

/// Returns answers, each as JSON, as one array.
pub(crate) fn joined(answers: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &answers.join(&b','), b"]"].concat()
}

/// The batches of one client that are being answered.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    /// The version that was agreed to, or is about to be.
    version: Option<ProtocolVersion>,
    open: Vec<Vec<Answer>>,
}

#[derive(Debug)]
enum Answer {
    Awaited(RequestId),
    Given(Vec<u8>),
}

/// What is to be done with a batch.
#[derive(Debug)]
pub(crate) struct Begun {
    /// To be served, each with its text: requests and notifications.
    pub(crate) messages: Vec<(Incoming, Vec<u8>)>,
    /// The answer, if it is whole already.
    pub(crate) answer: Option<Vec<u8>>,
}

impl Batches {
    /// Notes the version that a client asks for. If it is a known one, it will be agreed to.
    pub(crate) fn asked(&mut self, request: &ClientRequest) {
        if let ClientRequest::InitializeRequest(initialize) = request {
            self.version = Some(initialize.params.protocol_version.clone());
        }
    }

    /// Notes the version that was agreed to.
    pub(crate) fn agreed(&mut self, version: ProtocolVersion) {
        self.version = Some(version);
    }

    /// Begins to serve a batch. `take` reports whether a request may have an id: no other that is being served has it.
    pub(crate) fn begin(
        &mut self,
        batch: &[Vec<u8>],
        mut take: impl FnMut(&RequestId) -> bool,
    ) -> Result<Begun, ErrorData> {
        check(batch, self.version.as_ref())?;
        let (mut messages, mut answers, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for message in batch {
            let (incoming, text) = read(message);
            match &incoming {
                Incoming::Refused(id, error) => {
                    answers.push(Answer::Given(refused(id.as_ref(), error)));
                    continue;
                }
                Incoming::Request(id, _) if !ids.insert(id.clone()) || !take(id) => {
                    let reason = format!("a request with the id {id} is still being served");
                    let error = refusal(ErrorCode::INVALID_REQUEST, reason);
                    answers.push(Answer::Given(refused(Some(id), &error)));
                    continue;
                }
                Incoming::Request(id, _) => answers.push(Answer::Awaited(id.clone())),
                _ => {}
            }
            messages.push((incoming, text));
        }
        self.open.push(answers);
        Ok(Begun {
            messages,
            answer: self.close(self.open.len() - 1),
        })
    }

    /// Takes the answer to a request. Returns what is to be written now: that answer, the batch that it makes whole, or
    /// nothing.
    pub(crate) fn give(&mut self, id: &RequestId, answer: Vec<u8>) -> Option<Vec<u8>> {
        match self.find(id) {
            None => Some(answer),
            Some((batch, at)) => {
                self.open[batch][at] = Answer::Given(answer);
                self.close(batch)
            }
        }
    }

    /// Awaits no answer to a request any more. Returns the batch, if it is whole without.
    pub(crate) fn give_up(&mut self, id: &RequestId) -> Option<Vec<u8>> {
        let (batch, at) = self.find(id)?;
        self.open[batch].remove(at);
        self.close(batch)
    }

    /// Returns what there is of the batches that will not become whole.
    pub(crate) fn rest(&mut self) -> Vec<Vec<u8>> {
        for batch in &mut self.open {
            batch.retain(|answer| matches!(answer, Answer::Given(_)));
        }
        std::iter::from_fn(|| (!self.open.is_empty()).then(|| self.close(0)))
            .flatten()
            .collect()
    }

    fn find(&self, id: &RequestId) -> Option<(usize, usize)> {
        self.open.iter().enumerate().find_map(|(batch, answers)| {
            let at = answers
                .iter()
                .position(|answer| matches!(answer, Answer::Awaited(awaited) if awaited == id));
            Some((batch, at?))
        })
    }

    /// Takes a batch out and returns its answer, if it is whole. One without any is answered by nothing.
    fn close(&mut self, batch: usize) -> Option<Vec<u8>> {
        let is_whole = self.open[batch]
            .iter()
            .all(|answer| matches!(answer, Answer::Given(_)));
        if !is_whole {
            return None;
        }
        let answers = self.open.remove(batch).into_iter();
        let answers: Vec<Vec<u8>> = answers
            .filter_map(|answer| match answer {
                Answer::Given(answer) => Some(answer),
                Answer::Awaited(_) => None,
            })
            .collect();
        (!answers.is_empty()).then(|| joined(&answers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(batch: &str) -> Vec<Vec<u8>> {
        match message::read(batch.as_bytes()) {
            Incoming::Batch(parts) => parts,
            other => panic!("{other:?}"),
        }
    }

    fn batches() -> Batches {
        Batches {
            version: Some(ProtocolVersion::V_2025_03_26),
            open: Vec::new(),
        }
    }

    fn text(answer: Option<Vec<u8>>) -> Option<String> {
        answer.map(|answer| String::from_utf8(answer).unwrap())
    }

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    #[test]
    fn answers_are_given_together_in_the_order_of_the_requests() {
        let mut batches = batches();
        let second = PING.replace('1', "2");
        let begun = batches.begin(&parts(&format!("[{PING},5,{second}]")), |_| true);
        let begun = begun.unwrap();
        assert_eq!((begun.messages.len(), begun.answer), (2, None));
        assert_eq!(batches.give(&RequestId::Number(2), b"two".to_vec()), None);
        let other = batches.give(&RequestId::Number(9), b"nine".to_vec());
        assert_eq!(text(other).as_deref(), Some("nine"));
        let whole = text(batches.give(&RequestId::Number(1), b"one".to_vec())).unwrap();
        assert!(
            whole.starts_with("[one,{") && whole.ends_with(",two]"),
            "{whole}"
        );
        let again = batches.give(&RequestId::Number(1), b"later".to_vec());
        assert_eq!(text(again).as_deref(), Some("later"));
    }

    #[test]
    fn a_batch_of_notifications_alone_is_answered_by_nothing() {
        let note = r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
        let begun = batches().begin(&parts(note), |_| true).unwrap();
        assert_eq!((begun.messages.len(), begun.answer), (1, None));
    }

    #[test]
    fn what_was_cancelled_is_not_waited_for() {
        let mut batches = batches();
        let second = PING.replace('1', "2");
        batches
            .begin(&parts(&format!("[{PING},{second}]")), |_| true)
            .unwrap();
        assert_eq!(batches.give(&RequestId::Number(1), b"one".to_vec()), None);
        let whole = batches.give_up(&RequestId::Number(2));
        assert_eq!(text(whole).as_deref(), Some("[one]"));
        batches
            .begin(&parts(&format!("[{PING}]")), |_| true)
            .unwrap();
        assert_eq!(batches.give_up(&RequestId::Number(1)), None);
        assert!(batches.open.is_empty());
    }

    #[test]
    fn at_the_end_what_there_is_of_a_batch_is_given() {
        let mut batches = batches();
        let second = PING.replace('1', "2");
        for batch in [format!("[{PING}]"), format!("[{PING},{second}]")] {
            batches.begin(&parts(&batch), |_| true).unwrap();
        }
        assert_eq!(batches.give(&RequestId::Number(2), b"two".to_vec()), None);
        assert_eq!(batches.rest(), [b"[two]".to_vec()]);
    }

    #[test]
    fn a_batch_is_refused_as_a_whole_or_message_by_message() {
        let whole = [
            (None, format!("[{PING}]"), "2025-03-26 only"),
            (
                Some(ProtocolVersion::V_2025_06_18),
                format!("[{PING}]"),
                "2025-03-26 only",
            ),
            (
                Some(ProtocolVersion::V_2025_03_26),
                "[]".to_owned(),
                "empty",
            ),
            (
                Some(ProtocolVersion::V_2025_03_26),
                format!("[{}]", [PING; MOST + 1].join(",")),
                "at most 100",
            ),
        ];
        for (version, batch, said) in whole {
            let refusal = check(&parts(&batch), version.as_ref()).unwrap_err();
            assert!(refusal.message.contains(said), "{refusal}");
        }
        let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;
        let modern = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let nested = format!("[{PING}]");
        let single = [
            (initialize, "initialize cannot"),
            (modern, "names its protocol version"),
            (&nested, "a batch cannot be part"),
            ("7", "not a JSON-RPC 2.0 message"),
        ];
        for (message, said) in single {
            let begun = batches().begin(&parts(&format!("[{message}]")), |_| true);
            let begun = begun.unwrap();
            let answer = text(begun.answer).unwrap();
            assert!(
                begun.messages.is_empty() && answer.contains(said),
                "{answer}"
            );
        }
        let twice = batches().begin(&parts(&format!("[{PING},{PING}]")), |_| true);
        assert_eq!(twice.unwrap().messages.len(), 1);
    }
}
