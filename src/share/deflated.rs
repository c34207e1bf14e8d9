//! Bodies as they go to an engine: deflated (RFC 1951), before they are sealed.
//!
//! Only who has the key of a log can make a body that opens, but a member's program may be wrong: what comes out of one is
//! limited.

use miniz_oxide::{
    deflate::compress_to_vec,
    inflate::{TINFLStatus, decompress_to_vec_with_limit},
};

/// How hard it is tried to make a body short: what the tools of zlib do where nothing is said.
const LEVEL: u8 = 6;

/// Why a body cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    /// More comes out of it than its reader takes.
    #[error("more than {limit} bytes come out of it")]
    Long {
        /// What its reader takes.
        limit: usize,
    },
    /// It was not deflated, or is cut.
    #[error("it is not deflated, or cut")]
    Damaged,
}

/// Returns `body`, deflated: the same bytes for the same body.
pub(crate) fn deflate(body: &[u8]) -> Vec<u8> {
    compress_to_vec(body, LEVEL)
}

/// Returns what was deflated to `bytes`, if it is at most `limit` bytes long.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    decompress_to_vec_with_limit(bytes, limit).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => InflateError::Long { limit },
        _ => InflateError::Damaged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_out_as_it_went_in_and_a_long_one_is_refused() {
        let body = b"{\"title\":\"buy milk\"}\n".repeat(5_000);
        let bytes = deflate(&body);
        assert!(bytes.len() * 50 < body.len(), "{}", bytes.len());
        assert_eq!(inflate(&bytes, body.len()), Ok(body.clone()));
        let limit = body.len() - 1;
        assert_eq!(inflate(&bytes, limit), Err(InflateError::Long { limit }));
        assert_eq!(inflate(&deflate(b""), 0), Ok(Vec::new()));
    }

    #[test]
    fn what_is_cut_or_was_not_deflated_is_named_and_does_not_take_memory() {
        let bytes = deflate(&b"task ".repeat(1_000));
        for cut in 0..bytes.len() {
            let inflated = inflate(&bytes[..cut], 10_000);
            assert_eq!(inflated, Err(InflateError::Damaged), "cut at {cut}");
        }
        assert_eq!(inflate(b"\x07none", 10), Err(InflateError::Damaged));
        // A thousand times its length would come out of it.
        let bomb = deflate(&vec![0; 64 << 20]);
        let limit = 1 << 20;
        assert_eq!(inflate(&bomb, limit), Err(InflateError::Long { limit }));
    }
}
