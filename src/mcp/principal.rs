//! Who comes with a request, as the transport knows: by which token, and in which session.

use std::sync::Arc;

use rmcp::{RoleServer, service::RequestContext};
use sha2::{Digest as _, Sha256};

use crate::domain::{session::SessionId, task::Actor};

/// What the transport knows of who is calling. A transport that serves several clients puts one into the extensions
/// of each request, or of the HTTP request that it came in; where there is none, the caller is the user.
#[derive(Clone, Debug, Default)]
pub struct Principal {
    /// The label of the token it came with; `None` where no token is needed.
    pub label: Option<Arc<str>>,
    /// Whether it may only look.
    pub is_read_only: bool,
    /// SHA-256 of that token, which tells it from an earlier one of the same label; zeroes where none is needed.
    pub token_hash: [u8; 32],
    /// Whether it is the page of the board, which a user has signed in to in a browser.
    pub is_page: bool,
    /// What the caller calls its session, in a header; it counts among those with the same token.
    pub session: Option<Arc<str>>,
}

/// What the page of the board is called beside the client that it comes by.
const PAGE: &str = "board";

/// Returns the session of a page that comes over the connection of the session `other`: what the one changes, the other does not
/// take back, nor is it told.
pub(super) fn session_of_page(other: &SessionId) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(b"page:");
    hash.update(other.as_str());
    let hash: [u8; 32] = hash.finalize().into();
    let number = hash.first_chunk().copied().unwrap_or_default();
    SessionId::numbered(u64::from_be_bytes(number))
}

/// Two are the same whose token is, in whichever sessions they call.
impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        let token = |one: &Self| (one.label.clone(), one.is_read_only, one.token_hash);
        token(self) == token(other)
    }
}

impl Eq for Principal {}

impl Principal {
    /// Returns the principal that the transport has given, if it serves several.
    pub(super) fn given(context: &RequestContext<RoleServer>) -> Option<&Self> {
        let http = || context.extensions.get::<http::request::Parts>();
        let principal = context.extensions.get::<Self>();
        principal.or_else(|| http()?.extensions.get::<Self>())
    }

    /// Returns the session in which a client makes a request that belongs to no connection of its own: the one that it
    /// names, else the one of its token and name.
    pub(super) fn session_of(&self, client: &str) -> SessionId {
        let (kind, name) = match &self.session {
            Some(session) => (b"session", &**session),
            None => (b"client:", client),
        };
        let mut hash = Sha256::new();
        hash.update(kind);
        hash.update(self.token_hash);
        hash.update(name);
        let hash: [u8; 32] = hash.finalize().into();
        let number = hash.first_chunk().copied().unwrap_or_default();
        SessionId::numbered(u64::from_be_bytes(number))
    }

    /// Returns the principal of a page that comes over a connection of this one: `Claude (board)`, `Claude (work, board)`.
    pub(crate) fn of_page(&self) -> Self {
        let label = match self.label.as_deref() {
            Some(label) => format!("{label}, {PAGE}").into(),
            None => PAGE.into(),
        };
        Self {
            label: Some(label),
            ..self.clone()
        }
    }

    /// Returns the actor of a client that is called `name`: `name (label)`. A name is cut rather than the label, and
    /// what looks like a label in it is written otherwise. The name of the shells is theirs alone.
    pub(super) fn actor(&self, name: &str) -> Actor {
        let Some(label) = &self.label else {
            let actor = Actor::named(name);
            if actor == Actor::shells() {
                return Actor::named(&format!("{actor} (mcp)"));
            }
            return actor;
        };
        let room = Actor::MAX_CHARS.saturating_sub(label.chars().count() + " ()".len());
        let name = Actor::named(name);
        let name = name.as_str().replace('(', "[").replace(')', "]");
        let name: String = name.chars().take(room).collect();
        Actor::named(&format!("{name} ({label})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_without_a_connection_is_told_from_others_by_its_token_and_its_name() {
        let principal = |token: u8, session: Option<&str>| Principal {
            token_hash: [token; 32],
            session: session.map(Into::into),
            ..Principal::default()
        };
        let sessions = [
            principal(1, None).session_of("a"),
            principal(1, None).session_of("b"),
            principal(2, None).session_of("a"),
            principal(1, Some("a")).session_of("a"),
            principal(1, Some("b")).session_of("a"),
            principal(2, Some("a")).session_of("a"),
        ];
        let different: std::collections::HashSet<_> = sessions.iter().collect();
        assert_eq!(different.len(), sessions.len(), "{sessions:?}");
        assert_eq!(
            principal(1, Some("a")).session_of("a"),
            principal(1, Some("a")).session_of("b")
        );
        assert_eq!(principal(1, Some("a")), principal(1, Some("b")));
    }

    #[test]
    fn an_actor_is_named_by_the_client_and_the_label_of_its_token() {
        let long = "x".repeat(1000);
        let with = |label: &str| Principal {
            label: Some(label.into()),
            ..Principal::default()
        };
        let cases = [
            (Principal::default(), "claude", "claude"),
            (with("work"), "claude", "claude (work)"),
            (with("work"), "", "unknown (work)"),
            (with("work"), "x (admin)", "x [admin] (work)"),
            (Principal::default(), "x (admin)", "x (admin)"),
            (Principal::default(), " cli ", "cli (mcp)"),
            (with("work"), "cli", "cli (work)"),
        ];
        for (principal, name, actor) in cases {
            assert_eq!(principal.actor(name).as_str(), actor);
        }
        let cut = with("work").actor(&long);
        assert!(cut.as_str().ends_with("x (work)"), "{cut}");
        assert_eq!(cut.as_str().chars().count(), Actor::MAX_CHARS);
    }
}
