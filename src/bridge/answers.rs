//! Writing to the host: messages of the daemon, and refusals where the daemon gave no answer.

use rmcp::model::{ErrorCode, ErrorData, RequestId};
use serde::Deserialize as _;
use serde_json::Value;

use super::{Bridge, Failure};
use crate::jsonrpc::{batch, refusal::refusal};

impl Bridge {
    /// Answers a call that the daemon did not: with what is wrong.
    pub(super) fn fail(&self, id: Option<&RequestId>, failure: &Failure) {
        tracing::warn!("{failure}");
        if id.is_some() {
            self.refuse(id, &refusal(ErrorCode::INTERNAL_ERROR, failure.to_string()));
        }
    }

    /// Answers a message that cannot be carried.
    pub(super) fn refuse(&self, id: Option<&RequestId>, error: &ErrorData) {
        self.say(id, batch::refused(id, error));
    }

    /// Hands on a message of the daemon.
    pub(super) fn put(&self, message: &Value) {
        let answered = match message.get("method") {
            None => RequestId::deserialize(&message["id"]).ok(),
            Some(_) => None,
        };
        self.say(answered.as_ref(), message.to_string().into_bytes());
    }

    /// Writes a message, or keeps it until the batch is whole that it belongs to. `answered` is the request that it
    /// answers.
    fn say(&self, answered: Option<&RequestId>, text: Vec<u8>) {
        let text = match answered {
            Some(id) => self.batches.lock().give(id, text),
            None => Some(text),
        };
        if let Some(text) = text {
            self.write(text);
        }
    }

    /// Writes a line.
    pub(super) fn write(&self, mut line: Vec<u8>) {
        line.push(b'\n');
        let _ = self.outbox.send(line);
    }
}
