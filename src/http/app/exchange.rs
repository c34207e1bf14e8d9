//! The MCP endpoint: a message and its answer, a stream, or the end of a session.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, request::Parts};
use http_body_util::Full;
use hyper::body::Incoming as IncomingBody;
use rmcp::{
    ServerHandler,
    model::RequestId,
    transport::common::http_header::{HEADER_LAST_EVENT_ID, HEADER_SESSION_ID},
};

use super::{
    super::{
        accept::Accepts,
        access_log::AccessRecord,
        answer::{self, Answer},
        batch::Batch,
        direct,
        read_turns::is_read,
    },
    App,
    posted::Posted,
};
use crate::mcp::Principal;

impl<H: ServerHandler + Send + 'static> App<H> {
    pub(super) async fn mcp(
        &self,
        mut head: Parts,
        body: IncomingBody,
        principal: Principal,
        told: &mut AccessRecord,
    ) -> Result<Answer, Answer> {
        let accepts = Accepts::of(&head.headers);
        if head.method == Method::POST {
            accepts.rewrite(&mut head.headers);
            let answer = self.exchange(head, body, accepts, principal, told).await?;
            return Ok(accepts.fit(answer).await);
        }
        if accepts.events {
            accepts.rewrite(&mut head.headers);
        }
        self.exchange(head, body, accepts, principal, told).await
    }

    /// Reports whether a request names a session that is not there, which only one that begins another may.
    fn has_lost_session(&self, head: &Parts, principal: &Principal) -> Result<bool, Answer> {
        let Some(session) = head.headers.get(HEADER_SESSION_ID) else {
            return Ok(false);
        };
        let id = session.to_str().unwrap_or_default();
        if !self.sessions.belongs(id, principal) {
            // What is posted is known when it is read.
            let may_begin = head.method == Method::POST;
            return may_begin.then_some(true).ok_or_else(answer::no_session);
        }
        if let Some(last) = head.headers.get(HEADER_LAST_EVENT_ID) {
            let last = last.to_str().unwrap_or_default();
            // The SDK would answer with a stream in which nothing ever comes.
            if head.method == Method::GET && !self.sessions.can_go_on(id, last) {
                let reason =
                    "Last-Event-ID names no event of this session, or one that is no longer kept";
                return Err(answer::error(StatusCode::BAD_REQUEST, reason));
            }
        }
        Ok(false)
    }

    async fn exchange(
        &self,
        mut head: Parts,
        body: IncomingBody,
        accepts: Accepts,
        principal: Principal,
        told: &mut AccessRecord,
    ) -> Result<Answer, Answer> {
        let has_lost_session = self.has_lost_session(&head, &principal)?;
        let (mut asked, mut turn) = (None, None);
        let body = match head.method {
            Method::POST => {
                let message = self.message(&head.headers, body, accepts, &principal, told);
                // What has not arrived is not made.
                let message = self.abandoned.run_until_cancelled(message).await;
                let posted = message.unwrap_or_else(|| Err(answer::shutting_down()));
                if has_lost_session {
                    // What cannot be read begins none.
                    let may_begin = match &posted {
                        Ok(posted) => posted.begins_session(),
                        Err(refusal) => refusal.status() != StatusCode::BAD_REQUEST,
                    };
                    if !may_begin {
                        told.listening = None;
                        return Err(answer::no_session());
                    }
                    head.headers.remove(HEADER_SESSION_ID);
                }
                let (request, body) = match posted? {
                    Posted::Message(request, body) => (request, body),
                    Posted::Batch(messages) => {
                        let session = head.headers.get(HEADER_SESSION_ID);
                        let session = session.and_then(|session| session.to_str().ok());
                        let batch = Batch {
                            sessions: &self.sessions,
                            session: session.unwrap_or_default(),
                            principal: &principal,
                            turns: &self.turns,
                            share: told.share.as_ref(),
                            abandoned: &self.abandoned,
                        };
                        return Ok(batch.serve(&messages).await);
                    }
                };
                if let Some((id, request)) = request {
                    asked = Some(id.clone());
                    if is_read(&request) {
                        let wait = self.turns.wait(&principal);
                        let waited = self.abandoned.run_until_cancelled(wait).await;
                        turn = Some(waited.ok_or_else(answer::shutting_down)?);
                    }
                    if direct::stands_alone(&head.headers, &request) {
                        let (server, nobody) = ((self.handler)(), self.nobody.clone());
                        let answered = direct::answer(server, nobody, principal, id, *request);
                        return self.unless_abandoned(asked.as_ref(), answered).await;
                    }
                    let session = head.headers.get(HEADER_SESSION_ID);
                    if let Some(Ok(session)) = session.map(HeaderValue::to_str)
                        && direct::is_in_session(&head.headers, &request)
                    {
                        let (sessions, share) = (&self.sessions, told.share.clone());
                        return Ok(direct::answer_in_session(
                            sessions, session, principal, share, turn, id, *request,
                        ));
                    }
                }
                body
            }
            Method::GET => {
                told.call = Some(("GET", ""));
                self.listen(&principal, told)?;
                Bytes::new()
            }
            Method::DELETE => Bytes::new(),
            _ => return Err(answer::wrong_method("GET, POST, DELETE")),
        };
        head.extensions.insert(principal);
        // A call counts until it is made, though its client may be gone by then.
        if let Some(share) = &told.share {
            head.extensions.insert(Arc::clone(share));
        }
        if let Some(turn) = turn {
            head.extensions.insert(turn);
        }
        let is_goodbye = head.method == Method::DELETE;
        let request = Request::from_parts(head, Full::new(body));
        let handled = self.mcp.handle(request);
        let mut answer = self.unless_abandoned(asked.as_ref(), handled).await?;
        if is_goodbye && answer.status() == StatusCode::ACCEPTED {
            // It is done, not only accepted; the Python SDK takes anything else for a failure.
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        if !answer.status().is_success() {
            told.listening = None;
            answer = answer::in_json(answer).await;
        }
        Ok(answer)
    }

    /// Waits for an answer, but not beyond the end of the daemon.
    async fn unless_abandoned(
        &self,
        id: Option<&RequestId>,
        answer: impl Future<Output = Answer>,
    ) -> Result<Answer, Answer> {
        let answer = self.abandoned.run_until_cancelled(answer).await;
        answer.ok_or_else(|| answer::rpc_error(StatusCode::OK, id, &answer::uncertain()))
    }

    /// Takes one of the places for streams.
    pub(super) fn listen(
        &self,
        principal: &Principal,
        told: &mut AccessRecord,
    ) -> Result<(), Answer> {
        let kill = told.connection.kill.clone();
        let listening = self.listeners.begin(principal, kill, self.limits.listeners);
        told.listening = Some(listening.ok_or_else(|| {
            let most = self.limits.listeners;
            let reason =
                format!("too many open streams for this token; the limit listeners is {most}");
            answer::busy(StatusCode::TOO_MANY_REQUESTS, &reason, 30)
        })?);
        Ok(())
    }
}
