//! One request: turned away, let in, routed, answered, and told of in the log.

#![expect(
    clippy::result_large_err,
    reason = "either way it is one answer a request"
)]

use std::{sync::Arc, time::Instant};

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request::Parts};
use http_body::Body as _;
use hyper::body::Incoming as IncomingBody;
use rmcp::{
    Peer, RoleServer, ServerHandler,
    transport::{StreamableHttpServerConfig, StreamableHttpService},
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    access_log::{AccessRecord, Strangers},
    answer::{self, Answer, Holding},
    connection::{Connection, Connections},
    direct,
    headers::named_session,
    limits::Limits,
    listeners::Listeners,
    metrics::{self, Metrics},
    origin::{self, ListenAddress},
    read_turns::Turns,
    routes::Route,
    sessions::Sessions,
    sign_in::SignIns,
    token_shares::{self, Shares},
    tokens::Tokens,
    unread_limit::Unread,
};
use crate::{
    mcp::Principal,
    store::{State, Store, db::Session},
};

mod exchange;
mod page;
mod posted;

/// What serves the requests of one daemon.
pub(super) struct App<H> {
    /// Makes the server of one session, or of one request that belongs to none.
    handler: Arc<dyn Fn() -> H + Send + Sync>,
    /// The other side of requests that belong to no session.
    nobody: Peer<RoleServer>,
    mcp: StreamableHttpService<H, Sessions>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) listeners: Listeners,
    pub(super) connections: Arc<Connections>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) logs_requests: bool,
    tokens: Tokens,
    sign_ins: SignIns,
    names: Vec<String>,
    /// The ports at which 127.0.0.1 is listened on.
    usual_ports: Vec<u16>,
    calls: Arc<Shares>,
    turns: Turns,
    unread: Arc<Unread>,
    strangers: Arc<Strangers>,
    database: Session,
    /// Cancelled when the daemon ends and no answer can be waited for any more.
    abandoned: CancellationToken,
}

/// What `/readyz` answers.
#[derive(Serialize)]
struct Ready {
    version: &'static str,
    #[serde(flatten)]
    state: State,
}

impl<H: ServerHandler + Send + 'static> App<H> {
    /// Returns an app whose clients are served by what `handler` makes. Cancelling `hard` cuts off every answer.
    pub(super) fn new(
        handler: impl Fn() -> H + Send + Sync + 'static,
        database: Session,
        tokens: Tokens,
        limits: Limits,
        names: Vec<String>,
        usual_ports: Vec<u16>,
        hard: CancellationToken,
    ) -> Self {
        let unread = Unread::new(limits.unread_bytes);
        let sessions = Arc::new(Sessions::new(&limits, Arc::clone(&unread)));
        // Hosts and origins are checked before, and more strictly.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_json_response(true)
            .with_sse_retry(None)
            .with_max_request_body_bytes(usize::MAX)
            .with_cancellation_token(hard);
        let handler: Arc<dyn Fn() -> H + Send + Sync> = Arc::new(handler);
        let of_session = Arc::clone(&handler);
        let service = move || Ok(of_session());
        Self {
            nobody: direct::nobody(handler()),
            handler,
            mcp: StreamableHttpService::new(service, Arc::clone(&sessions), config),
            sessions,
            listeners: Listeners::default(),
            connections: Connections::new(&limits),
            metrics: Arc::default(),
            logs_requests: true,
            tokens,
            sign_ins: SignIns::default(),
            usual_ports,
            names: names
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            calls: Shares::new(limits.calls, token_shares::largest(limits.calls)),
            turns: Turns::default(),
            unread,
            strangers: Arc::default(),
            limits,
            database,
            abandoned: CancellationToken::new(),
        }
    }

    /// Answers every call that is not answered yet: what becomes of it is not certain.
    pub(super) fn abandon(&self) {
        self.sessions.abandon(&answer::uncertain());
        self.abandoned.cancel();
    }

    /// Ends what is no longer wanted: overdue connections, unused sessions, streams of revoked tokens.
    pub(super) fn tidy(&self) {
        self.strangers.sum_up();
        self.connections.close_overdue(&self.limits);
        self.sessions.tidy(|principal| self.holds(principal));
        self.listeners.end_those(|principal| !self.holds(principal));
    }

    /// Reports whether `principal` may still come in.
    fn holds(&self, principal: &Principal) -> bool {
        let is_held = |principal: &Principal| self.tokens.holds(principal);
        if principal.is_page {
            self.sign_ins.holds(principal, is_held)
        } else {
            is_held(principal)
        }
    }

    pub(super) async fn answer(
        &self,
        request: Request<IncomingBody>,
        address: &ListenAddress,
        connection: &Arc<Connection>,
    ) -> http::Response<Holding> {
        connection.answers();
        if request.body().is_end_stream() {
            connection.request_received();
        }
        let route = Route::of(request.uri().path());
        let mut told = AccessRecord {
            metrics: Arc::clone(&self.metrics),
            is_logged: self.logs_requests,
            unread: Arc::clone(&self.unread),
            strangers: Arc::clone(&self.strangers),
            connection: Arc::clone(connection),
            method: request.method().clone(),
            route,
            call: None,
            principal: None,
            status: StatusCode::OK,
            since: Instant::now(),
            share: None,
            listening: None,
        };
        let mut answer = match self.respond(request, address, &mut told).await {
            Ok(answer) | Err(answer) => answer,
        };
        answer::close_to_pages(&mut answer);
        told.status = answer.status();
        let is_stream = told.listening.is_some();
        if is_stream {
            connection.streams();
        }
        answer.map(|body| Holding { body, told })
    }

    async fn respond(
        &self,
        request: Request<IncomingBody>,
        address: &ListenAddress,
        told: &mut AccessRecord,
    ) -> Result<Answer, Answer> {
        let (mut head, body) = request.into_parts();
        origin::check(&head, address, &self.names)?;
        match told.route {
            Route::Health => {
                only_get(&head)?;
                return Ok(answer::text(StatusCode::OK, "text/plain", "ok\n"));
            }
            Route::Discovery => {
                let reason =
                    "there is no authorization server; clients send a token they were given";
                return Err(answer::error(StatusCode::NOT_FOUND, reason));
            }
            Route::Page if *address != ListenAddress::Socket => return self.page(&head, address),
            Route::SignIn if *address != ListenAddress::Socket => {
                return self.sign_in(&head, body).await;
            }
            _ => {}
        }
        origin::check_site(&head.headers)?;
        let mut principal = self.let_in(&mut head.headers, address)?;
        principal.session = named_session(&head.headers);
        told.principal = Some(principal.clone());
        if !self.connections.prove(&told.connection, &principal) {
            let most = self.limits.connections;
            let reason =
                format!("too many connections for this token; the limit connections is {most}");
            return Err(answer::last_busy(&reason, 1));
        }
        match told.route {
            Route::Mcp => self.mcp(head, body, principal, told).await,
            Route::Code if *address != ListenAddress::Socket => {
                self.code(&head, body, &principal).await
            }
            Route::SignOut if *address != ListenAddress::Socket => self.sign_out(&head, &principal),
            Route::Ready => {
                only_get(&head)?;
                Ok(self.ready().await)
            }
            Route::Metrics => {
                only_get(&head)?;
                self.metrics.gauge(
                    &self.connections,
                    &self.sessions,
                    &self.listeners,
                    &self.unread,
                );
                let text = self.metrics.text();
                Ok(answer::text(StatusCode::OK, metrics::MEDIA_TYPE, text))
            }
            _ => Err(answer::error(
                StatusCode::NOT_FOUND,
                "no endpoint at this path; the MCP endpoint is /mcp",
            )),
        }
    }

    /// Finds out whose request it is. The token is taken out of the headers, so that nothing further on can tell it.
    /// Without one, nothing is looked up.
    fn let_in(
        &self,
        headers: &mut HeaderMap,
        address: &ListenAddress,
    ) -> Result<Principal, Answer> {
        let is_given_twice = headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .nth(1)
            .is_some();
        let given = headers.remove(header::AUTHORIZATION);
        if *address == ListenAddress::Socket {
            return Ok(Principal::default());
        }
        if is_given_twice {
            let reason = "there are two Authorization headers";
            return Err(answer::error(StatusCode::BAD_REQUEST, reason));
        }
        let given = given
            .as_ref()
            .map(HeaderValue::as_bytes)
            .unwrap_or_default();
        let token = given
            .split_at_checked("bearer ".len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
            .map(|(_, token)| token.trim_ascii());
        let Some(token) = token else {
            return Err(answer::unauthorized());
        };
        let found = match self.sign_ins.session(token, Instant::now()) {
            Some(page) => {
                (self.tokens.lets_in(&page.by)).map(|is_in| is_in.then_some(page.principal))
            }
            None => self.tokens.principal(token),
        };
        match found {
            Ok(Some(principal)) => Ok(principal),
            // What cannot be compared with any may be wrong.
            Ok(None) | Err(_) if self.tokens.is_one_too_many(self.limits.wrong_tokens) => {
                let reason = "too many wrong tokens";
                Err(answer::busy(StatusCode::TOO_MANY_REQUESTS, reason, 1))
            }
            Ok(None) => Err(answer::unauthorized()),
            // The log says which.
            Err(_) => {
                let reason = "the tokens cannot be read; see the log of taskhold";
                Err(answer::error(StatusCode::INTERNAL_SERVER_ERROR, reason))
            }
        }
    }

    async fn ready(&self) -> Answer {
        match self.database.read(Store::state).await {
            Ok(state) => {
                let version = env!("CARGO_PKG_VERSION");
                let ready = serde_json::to_string(&Ready { version, state });
                answer::text(
                    StatusCode::OK,
                    "application/json",
                    ready.unwrap_or_default(),
                )
            }
            Err(error) => answer::busy(StatusCode::SERVICE_UNAVAILABLE, &error.with_causes(), 5),
        }
    }
}

fn only_get(head: &Parts) -> Result<(), Answer> {
    match head.method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(answer::wrong_method("GET, HEAD")),
    }
}
