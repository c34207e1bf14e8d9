//! One question to the daemon beside the protocol: JSON is posted, and JSON is answered.

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
    /// Posts `question` to `path` of the daemon, with the token of this target, and returns the answer.
    pub async fn ask(&self, path: &str, question: &Value) -> Result<Value, AskError> {
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
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized.into()),
            status => {
                let reason = said["error"].as_str().unwrap_or("it did not say why");
                let reason = reason.to_owned();
                Err(Failure::Refused { status, reason }.into())
            }
        }
    }
}
