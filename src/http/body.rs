//! The body of a request, read whole and within bounds.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::{
    answer::{self, Answer},
    limits::Limits,
};

/// Reads the body of a request with these headers.
pub(super) async fn whole(
    headers: &HeaderMap,
    body: Incoming,
    limits: &Limits,
) -> Result<Bytes, Answer> {
    let most = limits.body_bytes;
    let too_large = || {
        let reason = format!("the body is longer than {most} bytes");
        answer::last_error(StatusCode::PAYLOAD_TOO_LARGE, &reason)
    };
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > most)) {
        return Err(too_large());
    }
    let read = Limited::new(body, most).collect();
    match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(answer::error(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err(answer::last_error(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long",
        )),
    }
}
