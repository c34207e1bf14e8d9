//! What an rqlite cluster answers, and what that means.

use serde::Deserialize;
use serde_json::Value;

use crate::share::{
    http_client::{Reply, SendError},
    log::LogError,
};

/// What the cluster answers.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Outcome>,
    /// Of the request as a whole.
    error: Option<String>,
}

/// What came of one statement.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) rows_affected: Option<i64>,
    #[serde(default)]
    pub(super) values: Vec<Vec<Value>>,
    pub(super) error: Option<String>,
}

/// What is asked of the cluster.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Execute,
    Query,
}

/// What an answer means.
pub(super) enum Understood {
    Outcomes(Vec<Outcome>),
    Refused(LogError),
    Unknown(LogError),
    /// This node did not take the request.
    AskAnother(LogError),
}

pub(super) fn understand(ask: Ask, host: &str, said: Result<Reply, SendError>) -> Understood {
    let place = format!("rqlite at {host}");
    // What only reads may be asked again whatever happened.
    let unclear = |text: String| match ask {
        Ask::Query => Understood::AskAnother(LogError::Unreachable(text)),
        Ask::Execute => Understood::Unknown(LogError::Unreachable(text)),
    };
    let reply = match said {
        Ok(reply) => reply,
        Err(SendError::NotSent(text)) => {
            return Understood::AskAnother(LogError::Unreachable(format!("{place} {text}")));
        }
        Err(SendError::NoAnswer(text) | SendError::TooLong(text)) => {
            return unclear(format!("{place} {text}"));
        }
    };
    match reply.status {
        200 => {}
        // Said before anything is done: the node has no leader, or does not lead and cannot pass it on.
        503 => {
            return Understood::AskAnother(LogError::Unreachable(format!(
                "{place} has no leader now"
            )));
        }
        401 | 403 => {
            return Understood::Refused(LogError::Refused(format!(
                "{place} does not accept the user and password ({}): set TASKHOLD_RQLITE_USER and TASKHOLD_RQLITE_PASSWORD",
                reply.status
            )));
        }
        404 | 405 => {
            return Understood::Refused(LogError::Refused(format!(
                "{host} is not rqlite ({})",
                reply.status
            )));
        }
        413 => {
            return Understood::Refused(LogError::Refused(format!(
                "{place} does not take a request of this size"
            )));
        }
        status => return unclear(format!("{place} failed to answer ({status})")),
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(&reply.body) else {
        return unclear(format!("{place} sent an answer that cannot be read"));
    };
    match answer.error.as_deref() {
        Some(error) if answer.results.is_empty() && was_not_passed_on(error) => {
            Understood::AskAnother(LogError::Unreachable(format!("{place} has no leader now")))
        }
        Some(error) => unclear(format!("{place} lost the request: {error}")),
        None if answer.results.is_empty() => unclear(format!("{place} sent an empty answer")),
        None => Understood::Outcomes(answer.results),
    }
}

/// Reports whether an error says that the request reached no leader: there is none, or a follower found no way to it (rqlite
/// 8, cluster/client.go: the connection is made before anything is written).
fn was_not_passed_on(error: &str) -> bool {
    ["leader not found", "not leader"].contains(&error) || error.contains(": pool get: ")
}

pub(super) fn is_without_table(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| {
        outcome
            .error
            .as_deref()
            .is_some_and(|error| error.contains("no such table"))
    })
}
