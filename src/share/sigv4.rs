//! Signatures of requests to an S3 API: AWS Signature Version 4, in the header `Authorization`, over the whole body.
//!
//! Source: AWS, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3 API Reference.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;

use super::log::Digest;

/// What stands in a signed path as it is, beside letters and digits.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Who signs. [`Debug`] shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    /// The access key's id, which is no secret.
    pub(super) access_key_id: String,
    /// The access key's secret.
    pub(super) secret_access_key: String,
    /// What credentials that expire bring besides.
    pub(super) session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credentials({})", self.access_key_id)
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// The path, encoded as [`encode_path`] does.
    pub(super) path: &'a str,
    /// The query, each name and value encoded and sorted; empty if there is none. A name without a value ends in `=`.
    pub(super) query: &'a str,
    /// Names in small letters, sorted, and values without white space at their ends. All of them are signed; `host`,
    /// `x-amz-content-sha256` and `x-amz-date` must be among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// The digest of the body.
    pub(super) body: Digest,
    /// The time now, as `20130524T000000Z`.
    pub(super) time: &'a str,
    pub(super) region: &'a str,
}

/// Returns the value of the header `Authorization`.
pub(super) fn authorization(signed: &Signed<'_>, credentials: &Credentials) -> String {
    let day = &signed.time[..8];
    let names: Vec<&str> = signed.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let headers: String = signed
        .headers
        .iter()
        .map(|(name, value)| [name, ":", value, "\n"].concat())
        .collect();
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{names}\n{}",
        signed.method, signed.path, signed.query, signed.body
    );
    let scope = format!("{day}/{}/s3/aws4_request", signed.region);
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        signed.time,
        Digest::of(canonical.as_bytes())
    );
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let key = [day, signed.region, "s3", "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, word| {
            sign(&key, word).as_ref().to_vec()
        });
    let signature = sign(&key, &text);
    let signature = Digest::from_bytes(
        signature
            .as_ref()
            .try_into()
            .expect("an HMAC-SHA-256 has 32 bytes"),
    );
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        credentials.access_key_id
    )
}

fn sign(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// Encodes a path as S3 wants it signed: all bytes but letters, digits and `-._~/` as `%XX`, once.
pub(super) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, KEPT).to_string()
}

/// Encodes a value of a query: likewise, and slashes too.
pub(super) fn encode_value(value: &str) -> String {
    encode_path(value).replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const WELCOME: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

    fn example() -> Credentials {
        Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        }
    }

    /// The four examples of "Examples: Signature Calculations" in the Amazon S3 API Reference.
    #[test]
    fn the_published_examples_of_aws_come_out() {
        let empty = ("x-amz-content-sha256", EMPTY);
        let get: &[(&str, &str)] = &[HOST, ("range", "bytes=0-9"), empty, DATE];
        let put: &[(&str, &str)] = &[
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            HOST,
            ("x-amz-content-sha256", WELCOME),
            DATE,
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let bare: &[(&str, &str)] = &[HOST, empty, DATE];
        let cases = [
            (
                ("GET", "/test.txt", "", get, ""),
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                ("PUT", "/test$file.text", "", put, "Welcome to Amazon S3."),
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                ("GET", "/", "lifecycle=", bare, ""),
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                ("GET", "/", "max-keys=2&prefix=J", bare, ""),
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for ((method, path, query, headers, body), signature) in cases {
            let signed = Signed {
                method,
                path: &encode_path(path),
                query,
                headers,
                body: Digest::of(body.as_bytes()),
                time: DATE.1,
                region: "us-east-1",
            };
            let line = authorization(&signed, &example());
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={},Signature={signature}",
                names.join(";")
            );
            assert_eq!(line, expected, "{method} {path}?{query}");
        }
    }

    #[test]
    fn a_path_is_encoded_byte_by_byte_and_keeps_its_slashes() {
        assert_eq!(
            encode_path("/b/my tasks/ü+=@"),
            "/b/my%20tasks/%C3%BC%2B%3D%40"
        );
    }

    #[test]
    fn credentials_are_shown_without_their_secrets() {
        let shown = format!("{:?}", example());
        assert!(
            shown.contains("AKIAIOSFODNN7EXAMPLE") && !shown.contains("wJalr"),
            "{shown}"
        );
    }
}
