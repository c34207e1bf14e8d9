//! What an object store says when it refuses, and what to do then.

use crate::share::{http_client::Reply, log::LogError};

/// Says what the store refused, and what to do where that is known.
pub(super) fn refusal(place: &str, reply: &Reply) -> LogError {
    let code = error_code(&reply.body).unwrap_or_default();
    let status = reply.status;
    let said = format!("{status} {code}");
    let said = said.trim_end();
    if matches!(status, 429 | 500..=599) {
        return LogError::Unreachable(format!("{place} failed to answer ({said})"));
    }
    let way_out = match (code, status) {
        ("NoSuchBucket", _) => "there is no such bucket: make it, or correct the place".to_owned(),
        ("InvalidAccessKeyId", _) => "it does not know the access key: see AWS_ACCESS_KEY_ID or ~/.aws/credentials".to_owned(),
        ("SignatureDoesNotMatch", _) => "the secret does not fit the access key, or the region is another: see \
             AWS_SECRET_ACCESS_KEY and AWS_REGION".to_owned(),
        ("ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired", _) => {
            "the credentials have expired: fetch new ones".to_owned()
        }
        ("RequestTimeTooSkewed", _) => "this machine's clock is wrong: set it".to_owned(),
        ("EntityTooLarge", _) | (_, 413) => "it does not take an object of this size".to_owned(),
        ("AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException", _) | (_, 301 | 307) => {
            let region = reply.headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
            match region {
                Some(region) => format!("the bucket is in the region {region}: set AWS_REGION"),
                None => "the bucket is in another region, or behind another endpoint: set AWS_REGION".to_owned(),
            }
        }
        (_, 401 | 403) => "it does not allow this: the credentials need s3:GetObject and s3:PutObject on the folder and \
             s3:ListBucket on the bucket (without the last a missing object looks forbidden), and need no right to delete"
            .to_owned(),
        _ => "it refuses the request".to_owned(),
    };
    LogError::Refused(format!("{place}: {way_out} ({said})"))
}

/// Returns the code of an error that an S3 API answers with: `<Error><Code>NoSuchKey</Code>…`.
pub(super) fn error_code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body.get(..body.len().min(4_096))?).ok()?;
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let is_code = !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}
