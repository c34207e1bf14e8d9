//! Who makes a call, and its key.

use crate::domain::{
    change::{Change, GroupId},
    session::SessionId,
    task::{Actor, Invalid, Timestamp},
    when::Zone,
};

/// Who asks, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The client, by the name that people read.
    pub actor: Actor,
    /// The time of the call.
    pub now: Timestamp,
    /// Where the user is: what a day is, and when it ends.
    pub zone: Zone,
    /// Which session of the client it is; `None` where the client has none, and is one caller.
    pub session: Option<CallerSession>,
}

/// A session of a client: a window of a host, or all shells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSession {
    /// Its name in the change log.
    pub id: SessionId,
    /// What the client calls itself. Its keys, and what it has seen, are kept under this name: it outlives the session,
    /// and the more readable one of a later version.
    pub client: Actor,
}

impl Caller {
    /// Returns what the client calls itself.
    pub fn client(&self) -> &Actor {
        let session = self.session.as_ref();
        session.map_or(&self.actor, |session| &session.client)
    }

    /// Returns the name of the session.
    pub fn session_id(&self) -> Option<&SessionId> {
        self.session.as_ref().map(|session| &session.id)
    }

    /// Returns the caller as one of `member`, whose machine is one of several that share the tasks. The members' clients of one
    /// name are told apart: each takes back its own changes, and hears of those of the others.
    #[must_use]
    pub fn of_member(self, member: &str) -> Self {
        let session = self.session.map(|session| CallerSession {
            id: if session.id == SessionId::shells() {
                SessionId::stored(&format!("{} @ {member}", session.id.as_str()))
            } else {
                // Drawn at random: no other member has it.
                session.id
            },
            client: session.client.of_member(member),
        });
        Self {
            actor: self.actor.of_member(member),
            session,
            ..self
        }
    }

    /// Reports whether `actor` is this client, in whichever session.
    pub fn is_client(&self, actor: &Actor) -> bool {
        *actor == self.actor || actor == self.client()
    }

    /// Reports whether `change` was made by somebody else than this session. What was made in no session is its client's.
    pub(crate) fn is_foreign(&self, change: &Change) -> bool {
        match (&change.session, self.session_id()) {
            (Some(theirs), Some(mine)) => theirs != mine,
            _ => !self.is_client(&change.actor),
        }
    }
}

/// What a call says, in 32 bytes: equal for equal calls, and for no others.
pub type Digest = [u8; 32];

/// A caller's own name for a call: 1 to 200 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKey {
    text: String,
    digest: Option<Digest>,
}

impl CallKey {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what the call says, if that is known.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns it as the key of a call that says this.
    #[must_use]
    pub fn of_call(self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self
        }
    }
}

impl TryFrom<String> for CallKey {
    type Error = Invalid;

    fn try_from(text: String) -> std::result::Result<Self, Invalid> {
        if (1..=200).contains(&text.len()) {
            Ok(Self { text, digest: None })
        } else {
            Err(Invalid::new(
                "key",
                format!("must have 1 to 200 bytes; it has {}", text.len()),
            ))
        }
    }
}

/// An earlier call that was made with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyedCall {
    /// What it made.
    pub(crate) group: GroupId,
    /// What it said; `None` where an earlier version did not note it.
    pub(crate) digest: Option<Digest>,
}

impl KeyedCall {
    /// Reports whether a call with this key may be the same one, made again.
    pub(crate) fn may_be(&self, key: &CallKey) -> bool {
        match (&self.digest, key.digest()) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        }
    }
}
