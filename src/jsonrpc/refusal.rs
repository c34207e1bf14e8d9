//! Protocol errors, all made here: a message may quote what the caller sent, and that may hold anything.

use rmcp::model::{ErrorCode, ErrorData};
use serde_json::Value;

use crate::{domain::text::clean, render::bounds};

/// Returns the error with this code and message, cleaned like all text that is shown, and bounded like every reply.
pub(crate) fn refusal(code: ErrorCode, message: impl AsRef<str>) -> ErrorData {
    refusal_with(code, message, None)
}

/// Likewise with data, which the caller has cleaned.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes protocol errors"
)]
pub(crate) fn refusal_with(
    code: ErrorCode,
    message: impl AsRef<str>,
    data: Option<Value>,
) -> ErrorData {
    ErrorData::new(code, bounds::refusal(&clean(message.as_ref()).text), data)
}
