//! Turns: how many reads of each token are made at once. Without them a read of one token waits for all that another has
//! asked for.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use rmcp::model::ClientRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mcp::{Principal, is_reading_tool};

/// So many reads keep the readers of the database at work.
const AT_ONCE: usize = 8;

/// The turns of each token that has called. One that was revoked leaves a few bytes.
#[derive(Debug, Default)]
pub(super) struct Turns {
    by_token: Mutex<HashMap<[u8; 32], Arc<Semaphore>>>,
}

/// The right to make a read, until it is dropped.
#[derive(Clone, Debug)]
pub(super) struct Turn(
    #[expect(dead_code, reason = "it is held, not looked at")] Arc<OwnedSemaphorePermit>,
);

impl Turns {
    /// Waits until fewer than eight reads of `principal` are being made. Those that wait come one after another.
    pub(super) async fn wait(&self, principal: &Principal) -> Turn {
        let turns = {
            let mut by_token = self.by_token.lock();
            let turns = by_token.entry(principal.token_hash);
            Arc::clone(turns.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        let permit = turns.acquire_owned().await;
        Turn(Arc::new(permit.expect("nobody closes it")))
    }
}

/// Reports whether a request only reads the database.
pub(super) fn is_read(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::CallToolRequest(call) => is_reading_tool(&call.params.name),
        ClientRequest::ReadResourceRequest(_)
        | ClientRequest::GetPromptRequest(_)
        | ClientRequest::CompleteRequest(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn who_has_many_reads_made_waits_and_another_does_not() {
        let turns = Turns::default();
        let take = |token: u8| {
            let principal = Principal {
                token_hash: [token; 32],
                ..Principal::default()
            };
            turns.wait(&principal).now_or_never()
        };
        let mut taken: Vec<Turn> = (0..AT_ONCE).map(|_| take(1).unwrap()).collect();
        assert!(take(1).is_none());
        assert!(take(2).is_some());
        taken.pop();
        assert!(take(1).is_some());
    }
}
