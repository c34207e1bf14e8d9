//! What a client takes for an answer, and answers put into that form.
//!
//! The protocol has clients take JSON and streams of events, both. Many take one of them, or say so by a range such as
//! `application/*`: each gets the form that it takes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use super::answer::Answer;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// What a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) events: bool,
}

impl Accepts {
    const ALL: Self = Self {
        json: true,
        events: true,
    };

    /// Reads what a client says it takes; one that says nothing takes anything (RFC 9110, section 12.5.1).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepts = Self {
            json: false,
            events: false,
        };
        let mut is_said = false;
        for value in headers.get_all(header::ACCEPT) {
            is_said = true;
            // One that quotes something is read by the SDK alone.
            let Some(value) = value.to_str().ok().filter(|value| !value.contains('"')) else {
                return Self::ALL;
            };
            for range in value.split(',') {
                let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
                let range = range.trim().to_ascii_lowercase();
                if !is_refused(parameters) {
                    accepts.json |= [JSON, "application/*", "*/*"].contains(&range.as_str());
                    accepts.events |= [EVENTS, "text/*", "*/*"].contains(&range.as_str());
                }
            }
        }
        if is_said { accepts } else { Self::ALL }
    }

    /// Has the SDK answer a client that takes only one form, or that says what it takes by a range.
    pub(super) fn rewrite(self, headers: &mut HeaderMap) {
        let values = headers.get_all(header::ACCEPT).iter();
        let said = values.map(HeaderValue::as_bytes).collect::<Vec<_>>();
        let said = String::from_utf8_lossy(&said.join(&b',')).to_ascii_lowercase();
        if said.contains('"') || !self.json && !self.events {
            return;
        }
        let names = |media_type: &str| said.contains(media_type);
        if self != Self::ALL || !names(JSON) || !names(EVENTS) {
            let both = HeaderValue::from_static("application/json, text/event-stream");
            headers.insert(header::ACCEPT, both);
        }
    }

    /// Puts an answer into the form that the client takes. An error stays JSON, whatever the client takes.
    pub(super) async fn fit(self, answer: Answer) -> Answer {
        let media_type = answer.headers().get(header::CONTENT_TYPE);
        let is = |wanted: &str| {
            media_type.is_some_and(|found| found.as_bytes().starts_with(wanted.as_bytes()))
        };
        if answer.status() != StatusCode::OK {
            return answer;
        }
        if !self.events && is(EVENTS) {
            return rewritten(answer, JSON, |events| last_answer(&events)).await;
        }
        if !self.json && is(JSON) {
            let event = |json: Bytes| [b"data: ".as_slice(), &json, b"\n\n"].concat().into();
            return rewritten(answer, EVENTS, event).await;
        }
        answer
    }
}

/// Reports whether the parameters of a range say that it is not taken: a weight of zero (RFC 9110, section 12.4.2).
fn is_refused(parameters: &str) -> bool {
    parameters.split(';').any(|parameter| {
        let weight = parameter.trim().to_ascii_lowercase();
        let weight = weight.strip_prefix("q=").map(str::trim);
        weight.is_some_and(|weight| weight.parse() == Ok(0.0))
    })
}

/// Returns the answer with its body in another form.
async fn rewritten(
    answer: Answer,
    media_type: &'static str,
    rewrite: impl FnOnce(Bytes) -> Bytes,
) -> Answer {
    let (mut head, body) = answer.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let media_type = HeaderValue::from_static(media_type);
    head.headers.insert(header::CONTENT_TYPE, media_type);
    head.headers.remove(header::CONTENT_LENGTH);
    Answer::from_parts(head, Full::new(rewrite(body)).boxed())
}

/// Returns the answer in a stream of events that was written here or by the SDK, each with its data in one line.
fn last_answer(events: &[u8]) -> Bytes {
    let lines = events.split(|byte| *byte == b'\n');
    let data = lines.filter_map(|line| line.strip_prefix(b"data:"));
    let mut answers = data.filter(|data| {
        let message: Value = serde_json::from_slice(data).unwrap_or_default();
        message.is_array() || message.is_object() && message.get("method").is_none()
    });
    let answer = answers.next().unwrap_or_default();
    Bytes::copy_from_slice(answer.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())])
    }

    #[test]
    fn what_a_client_takes_is_read_from_its_types_and_ranges() {
        let cases = [
            ("application/json, text/event-stream", true, true),
            ("*/*", true, true),
            ("application/json", true, false),
            ("Application/*", true, false),
            ("text/event-stream", false, true),
            ("text/*;q=0.5", false, true),
            ("text/html, */*;q=0.8", true, true),
            ("application/json, text/event-stream;q=0", true, false),
            ("application/json; q=0.0, text/event-stream", false, true),
            ("text/html", false, false),
            ("", false, false),
            (r#"x/y;z=",application/json""#, true, true),
        ];
        for (accept, json, events) in cases {
            let found = Accepts::of(&accepting(accept));
            assert_eq!(found, Accepts { json, events }, "{accept}");
        }
        assert_eq!(Accepts::of(&HeaderMap::new()), Accepts::ALL);
    }

    #[test]
    fn the_sdk_is_told_that_both_are_taken_unless_neither_is() {
        let both = "application/json, text/event-stream";
        for (accept, rewritten) in [
            ("*/*", both),
            ("application/*", both),
            ("text/event-stream", both),
            ("application/json, text/event-stream;q=0", both),
            (
                "text/event-stream;q=1, application/json",
                "text/event-stream;q=1, application/json",
            ),
            ("text/html", "text/html"),
            (r#"x/y;z=",""#, r#"x/y;z=",""#),
        ] {
            let mut headers = accepting(accept);
            Accepts::of(&headers).rewrite(&mut headers);
            assert_eq!(headers[header::ACCEPT], rewritten, "{accept}");
        }
    }

    #[test]
    fn the_answer_is_found_in_a_stream() {
        let stream = "id: 1-0\ndata:\n\n:\n\ndata: {\"method\":\"notifications/progress\"}\n\ndata: {\"id\":1}\nid: 1-1\n\n";
        assert_eq!(last_answer(stream.as_bytes()), "{\"id\":1}");
        assert_eq!(last_answer(b"data: \n\n"), "");
    }
}
