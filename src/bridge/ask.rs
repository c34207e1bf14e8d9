//! One question to the daemon beside the protocol: JSON is posted, and JSON is answered.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;

use super::{
    failure::Failure,
    target::{Endpoint, Target},
};

/// Bytes of an answer.
const LONGEST: usize = 64 * 1024;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AskError(#[from] Failure);

impl Target {
    /// Posts `question` to `path` of the daemon, with the token of this target, and returns the answer. Fails where it has not
    /// come whole `within` that time.
    pub async fn ask(
        &self,
        path: &str,
        question: &Value,
        within: Duration,
    ) -> Result<Value, AskError> {
        let answer = tokio::time::timeout(within, self.posted(path, question)).await;
        Ok(answer.unwrap_or_else(|_| {
            Err(Failure::Silent {
                place: self.place.to_string(),
                within,
            })
        })?)
    }

    async fn posted(&self, path: &str, question: &Value) -> Result<Value, Failure> {
        let host = match &self.place {
            Endpoint::Web { remote, .. } => remote.authority(),
            Endpoint::Socket(_) => "localhost",
        };
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Full::new(Bytes::from(question.to_string())))
            .map_err(|error| Failure::Refused {
                status: StatusCode::BAD_REQUEST,
                reason: error.to_string(),
            })?;
        let mut sender = self.connect().await?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|_| Failure::CutOff)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|_| Failure::CutOff)?.to_bytes();
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        match status {
            status if status.is_success() => Ok(said),
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized),
            status => {
                let reason = said["error"].as_str().unwrap_or("it did not say why");
                let reason = reason.to_owned();
                Err(Failure::Refused { status, reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_daemon_that_takes_the_question_and_says_nothing_is_not_waited_for_without_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let target: Target = format!("http://{place}/mcp").parse().unwrap();
        let within = Duration::from_millis(50);
        let question = serde_json::json!({});
        let refusal = target.ask("/board/code", &question, within).await;
        let refusal = refusal.unwrap_err().to_string();
        let start = format!("the daemon at {place} did not answer within 50ms; ");
        assert!(refusal.starts_with(&start), "{refusal}");
    }
}
