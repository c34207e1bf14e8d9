//! The page of the board, for a browser: serving it, and signing in to it and out.
//!
//! The page itself holds no task, and needs no token. It is signed in to with a code that `taskhold board` gets with a token of the
//! user's, and puts into the part of the address that no browser sends.

use std::time::Instant;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts, uri::Authority,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming as IncomingBody;
use rmcp::ServerHandler;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        answer::{self, Answer},
        body,
        limits::Limits,
        origin::{ListenAddress, site},
        sign_in::CODE_TIME,
    },
    App, only_get,
};
use crate::{board, mcp::Principal};

/// Bytes of a request to sign in.
const BODY_BYTES: usize = 1024;

/// What the page sends to be signed in to.
#[derive(Deserialize)]
struct SignIn {
    code: String,
}

/// What `taskhold board` asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// A session that may only look.
    read_only: bool,
    /// Whether this code waits still to be used, instead of a new one: the answer comes when it is, or after ten seconds.
    code: Option<String>,
}

impl<H: ServerHandler + Send + 'static> App<H> {
    /// Answers with the page, at one origin: what a browser keeps for it, and what its tabs share, would be apart at another.
    pub(super) fn page(&self, head: &Parts, address: &ListenAddress) -> Result<Answer, Answer> {
        only_get(head)?;
        let into = head.headers.get("sec-fetch-dest");
        if into.is_some_and(|into| into != "document") {
            let reason = "the page of the board stands in no other page";
            return Err(answer::error(StatusCode::FORBIDDEN, reason));
        }
        if let ListenAddress::Tcp { local, tls: false } = address
            && self.usual_ports.contains(&local.port())
            && is_other_name(&head.headers)
        {
            let place = format!("http://127.0.0.1:{}/", local.port());
            let mut answer = Response::new(Full::default().boxed());
            *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            if let Ok(place) = HeaderValue::from_str(&place) {
                answer.headers_mut().insert(header::LOCATION, place);
            }
            return Ok(answer);
        }
        let known = head.headers.get_all(header::IF_NONE_MATCH).iter();
        let is_known = known
            .filter_map(|tags| tags.to_str().ok())
            .flat_map(|tags| tags.split(','))
            .any(|tag| tag.trim().trim_start_matches("W/") == board::etag());
        let mut answer = if is_known {
            let mut answer = Response::new(Full::<Bytes>::default().boxed());
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer
        } else {
            let page = Bytes::from_static(board::PAGE.as_bytes());
            answer::text(StatusCode::OK, "text/html; charset=utf-8", page)
        };
        let headers = answer.headers_mut();
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("etag", board::etag()),
            ("content-security-policy", board::policy()),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(answer)
    }

    /// Answers with the token of a new session, to whoever has a code. Only our own page is let ask, so that nobody can sign a
    /// user in to what is not theirs.
    pub(super) async fn sign_in(&self, head: &Parts, body: IncomingBody) -> Result<Answer, Answer> {
        if head.method != Method::POST {
            return Err(answer::wrong_method("POST"));
        }
        // An origin that is not ours has been turned away.
        let is_of_page = head.headers.contains_key(header::ORIGIN)
            && site(&head.headers).is_none_or(|site| site == "same-origin")
            && head
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind == "application/json");
        if !is_of_page {
            let reason = "only the page itself signs in";
            return Err(answer::last_error(StatusCode::FORBIDDEN, reason));
        }
        let body = self.short(&head.headers, body).await?;
        let asked = serde_json::from_slice::<SignIn>(&body).unwrap_or(SignIn {
            code: String::new(),
        });
        let is_held = |by: &Principal| self.tokens.holds(by);
        let begun = self.sign_ins.begin(&asked.code, Instant::now(), is_held);
        let begun = begun.map_err(|error| no_random(&error))?;
        let Some((token, begun)) = begun else {
            if self.tokens.is_one_too_many(self.limits.wrong_tokens) {
                let reason = "too many wrong codes";
                return Err(answer::busy(StatusCode::TOO_MANY_REQUESTS, reason, 1));
            }
            let reason = "the code was used before, is too old, or its token was revoked; taskhold board opens the page with a new one";
            return Err(answer::error(StatusCode::UNAUTHORIZED, reason));
        };
        let read_only = begun.principal.is_read_only;
        let answer = json!({ "token": token, "name": begun.by.label, "read_only": read_only });
        Ok(in_json(&answer))
    }

    /// Answers with a code, or with whether one waits still to be used.
    pub(super) async fn code(
        &self,
        head: &Parts,
        body: IncomingBody,
        principal: &Principal,
    ) -> Result<Answer, Answer> {
        if head.method != Method::POST {
            return Err(answer::wrong_method("POST"));
        }
        let is_of_browser =
            head.headers.contains_key(header::ORIGIN) || site(&head.headers).is_some();
        if is_of_browser || principal.is_page {
            let reason = "no page gets a code; taskhold board opens one that is signed in to";
            return Err(answer::last_error(StatusCode::FORBIDDEN, reason));
        }
        let body = self.short(&head.headers, body).await?;
        let wanted: Wanted = match body.trim_ascii() {
            b"" => Wanted::default(),
            body => serde_json::from_slice(body).map_err(|error| {
                let reason = format!("the body is not what is asked for here: {error}");
                answer::error(StatusCode::BAD_REQUEST, &reason)
            })?,
        };
        if let Some(code) = wanted.code {
            let used = self.sign_ins.wait(&code, principal);
            let is_waiting = self.abandoned.run_until_cancelled(used).await;
            let is_waiting = is_waiting.ok_or_else(answer::shutting_down)?;
            return Ok(in_json(&json!({ "waiting": is_waiting })));
        }
        let now = Instant::now();
        let code = self.sign_ins.issue(principal, wanted.read_only, now);
        let code = code.map_err(|error| no_random(&error))?;
        Ok(in_json(
            &json!({ "code": code, "seconds": CODE_TIME.as_secs() }),
        ))
    }

    /// Ends the session of a page, and what it has open.
    pub(super) fn sign_out(&self, head: &Parts, principal: &Principal) -> Result<Answer, Answer> {
        if head.method != Method::POST {
            return Err(answer::wrong_method("POST"));
        }
        if !principal.is_page {
            let reason =
                "this token is no session of the board; taskhold token revoke takes one back";
            return Err(answer::error(StatusCode::FORBIDDEN, reason));
        }
        self.sign_ins.end(principal);
        self.listeners.end_those(|other| other == principal);
        let mut answer = Response::new(Full::default().boxed());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        Ok(answer)
    }

    /// Reads a body that holds little.
    async fn short(&self, headers: &HeaderMap, body: IncomingBody) -> Result<Bytes, Answer> {
        let limits = Limits {
            body_bytes: BODY_BYTES.min(self.limits.body_bytes),
            ..self.limits.clone()
        };
        body::whole(headers, body, &limits).await
    }
}

/// Reports whether a request calls this machine by another name than the one that the page is served under.
fn is_other_name(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host();
        name.eq_ignore_ascii_case("localhost") || name == "[::1]"
    })
}

fn in_json(value: &serde_json::Value) -> Answer {
    answer::text(StatusCode::OK, "application/json", value.to_string())
}

fn no_random(error: &std::io::Error) -> Answer {
    tracing::error!("the system has no random numbers: {error}");
    let reason = "the system has no random numbers; see the log of taskhold";
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, reason)
}
