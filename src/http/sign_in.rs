//! Sign-in to the page of the board: codes that are good once, and the sessions that they begin.
//!
//! A session is not a cookie: cookies do not know ports, and any other web server of this machine would be sent ours. The page keeps
//! its token in the storage of its own origin, and sends it as any other client does.
//!
//! # Invariants
//!
//! - Of codes and tokens hashes alone are kept, in memory alone. A daemon that ends takes all sessions with it: whoever takes its
//!   port may read the storage of its origin, and finds tokens that are nobody's.
//! - A session may do no more than the token that made it, and ends with that token.

use std::{
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use super::tokens::OWN;
use crate::mcp::Principal;

/// How long a code is good.
pub(super) const CODE_TIME: Duration = Duration::from_mins(1);
/// How long an answer waits for a code to be used.
const WAIT: Duration = Duration::from_secs(10);
/// Codes that wait to be used. Of more the oldest is given up.
const MOST_CODES: usize = 16;
/// Bytes of a code and of a token, drawn at random.
const CODE_BYTES: usize = 16;
const TOKEN_BYTES: usize = 32;
/// Sessions at once. A further one ends the one that is longest unused.
const MOST_SESSIONS: usize = 32;
/// How long a session is kept while nobody uses it.
const UNUSED: Duration = Duration::from_hours(30 * 24);

/// The codes and the sessions of one daemon.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    codes: Mutex<Vec<Code>>,
    sessions: Mutex<HashMap<[u8; 32], SignedIn>>,
    /// Rung when a code is used.
    used: Notify,
}

/// A code that was not used yet.
#[derive(Debug)]
struct Code {
    hash: [u8; 32],
    made: Instant,
    by: Principal,
    is_read_only: bool,
}

/// A page that was signed in to.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    /// Whose token made the code.
    pub(super) by: Principal,
    /// Who the page is.
    pub(super) principal: Principal,
    used: Instant,
}

impl SignIns {
    /// Returns a code with which a page can be signed in to once. What it begins may do what `by` may, or only look.
    pub(super) fn issue(
        &self,
        by: &Principal,
        is_read_only: bool,
        now: Instant,
    ) -> io::Result<String> {
        let code = random::<CODE_BYTES>()?;
        let mut codes = self.codes.lock();
        codes.retain(|code| code.is_good(now));
        if codes.len() >= MOST_CODES {
            codes.remove(0);
        }
        codes.push(Code {
            hash: hash(code.as_bytes()),
            made: now,
            by: by.clone(),
            is_read_only: is_read_only || by.is_read_only,
        });
        Ok(code)
    }

    /// Reports whether a code of `by` is good still: nobody has used it, and its time is not over.
    fn is_waiting(&self, code: &str, by: &Principal, now: Instant) -> bool {
        let hash = hash(code.as_bytes());
        let codes = self.codes.lock();
        let mut codes = codes.iter();
        codes.any(|code| code.hash == hash && code.by == *by && code.is_good(now))
    }

    /// Waits until a code of `by` is used, for a while. Reports whether it is good still.
    pub(super) async fn wait(&self, code: &str, by: &Principal) -> bool {
        let used = async {
            loop {
                let mut used = std::pin::pin!(self.used.notified());
                // Before it is looked at, so that no use falls in between.
                used.as_mut().enable();
                if !self.is_waiting(code, by, Instant::now()) {
                    return;
                }
                used.await;
            }
        };
        tokio::time::timeout(WAIT, used).await.is_err()
    }

    /// Begins a session with a code, which is used up by that. Returns the token of the session; `None` if the code is none, or
    /// the token that made it is held no longer.
    pub(super) fn begin(
        &self,
        code: &str,
        now: Instant,
        is_held: impl Fn(&Principal) -> bool,
    ) -> io::Result<Option<(String, SignedIn)>> {
        let hash_of_code = hash(code.as_bytes());
        let code = {
            let mut codes = self.codes.lock();
            codes.retain(|code| code.is_good(now));
            let place = codes.iter().position(|code| code.hash == hash_of_code);
            place.map(|place| codes.remove(place))
        };
        let Some(Code {
            by, is_read_only, ..
        }) = code.filter(|code| is_held(&code.by))
        else {
            return Ok(None);
        };
        self.used.notify_waiters();
        let token = random::<TOKEN_BYTES>()?;
        let token_hash = hash(token.as_bytes());
        let label = by.label.clone().filter(|label| **label != *OWN);
        let principal = Principal {
            is_read_only,
            is_page: true,
            token_hash,
            session: None,
            ..Principal {
                label,
                ..by.clone()
            }
            .of_page()
        };
        let begun = SignedIn {
            by,
            principal,
            used: now,
        };
        let mut sessions = self.sessions.lock();
        sessions.retain(|_, session| session.is_kept(now));
        if sessions.len() >= MOST_SESSIONS {
            let unused = sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(longest_unused) = unused.map(|(hash, _)| *hash) {
                sessions.remove(&longest_unused);
            }
        }
        sessions.insert(token_hash, begun.clone());
        Ok(Some((token, begun)))
    }

    /// Returns the session with this token, which is used by that; `None` if there is none.
    pub(super) fn session(&self, token: &[u8], now: Instant) -> Option<SignedIn> {
        let mut sessions = self.sessions.lock();
        let session = sessions.get_mut(&hash(token))?;
        if !session.is_kept(now) {
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Ends the session of a page.
    pub(super) fn end(&self, page: &Principal) {
        self.sessions.lock().remove(&page.token_hash);
    }

    /// Reports whether the session of a page goes on: it does while the token that made it is held.
    pub(super) fn holds(&self, page: &Principal, is_held: impl Fn(&Principal) -> bool) -> bool {
        let by = {
            let sessions = self.sessions.lock();
            sessions
                .get(&page.token_hash)
                .map(|session| session.by.clone())
        };
        by.is_some_and(|by| is_held(&by))
    }
}

impl Code {
    fn is_good(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.made) < CODE_TIME
    }
}

impl SignedIn {
    fn is_kept(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < UNUSED
    }
}

fn hash(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Random bytes of the system, as text.
fn random<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(label: &str, is_read_only: bool) -> Principal {
        Principal {
            label: Some(label.into()),
            is_read_only,
            ..Principal::default()
        }
    }

    fn begin(sign_ins: &SignIns, by: &Principal, now: Instant) -> (String, SignedIn) {
        let code = sign_ins.issue(by, false, now).unwrap();
        sign_ins.begin(&code, now, |_| true).unwrap().unwrap()
    }

    #[test]
    fn a_code_begins_one_session_within_a_minute() {
        let (sign_ins, own, now) = (SignIns::default(), principal(OWN, false), Instant::now());
        let code = sign_ins.issue(&own, false, now).unwrap();
        assert_eq!(code.len(), 22);
        assert!(sign_ins.is_waiting(&code, &own, now));
        assert!(!sign_ins.is_waiting(&code, &principal("phone", false), now));
        assert!(sign_ins.begin("another", now, |_| true).unwrap().is_none());
        let (token, begun) = sign_ins.begin(&code, now, |_| true).unwrap().unwrap();
        assert!(sign_ins.begin(&code, now, |_| true).unwrap().is_none());
        assert!(!sign_ins.is_waiting(&code, &own, now));
        assert_eq!(begun.principal.label.as_deref(), Some("board"));
        let session = sign_ins.session(token.as_bytes(), now).unwrap();
        assert_eq!(session.principal, begun.principal);
        assert!(session.principal.is_page);
        assert!(sign_ins.session(b"another", now).is_none());
        let late = sign_ins.issue(&own, false, now).unwrap();
        let begun = sign_ins.begin(&late, now + CODE_TIME, |_| true);
        assert!(begun.unwrap().is_none());
    }

    #[test]
    fn a_session_may_do_no_more_than_the_token_that_made_it() {
        let (sign_ins, now) = (SignIns::default(), Instant::now());
        for (by, asked, expected) in [
            (false, false, false),
            (false, true, true),
            (true, false, true),
        ] {
            let code = sign_ins.issue(&principal("phone", by), asked, now).unwrap();
            let (_, begun) = sign_ins.begin(&code, now, |_| true).unwrap().unwrap();
            assert_eq!(begun.principal.is_read_only, expected);
            assert_eq!(begun.principal.label.as_deref(), Some("phone, board"));
        }
    }

    #[test]
    fn a_session_ends_when_it_is_signed_out_of_or_long_unused_or_its_token_is_held_no_longer() {
        let (sign_ins, own, now) = (SignIns::default(), principal(OWN, false), Instant::now());
        let (token, begun) = begin(&sign_ins, &own, now);
        assert!(sign_ins.holds(&begun.principal, |by| *by == own));
        assert!(!sign_ins.holds(&begun.principal, |_| false));
        let almost = now + UNUSED.saturating_sub(Duration::from_secs(1));
        assert!(sign_ins.session(token.as_bytes(), almost).is_some());
        // That was a use.
        assert!(sign_ins.session(token.as_bytes(), now + UNUSED).is_some());
        assert!(
            sign_ins
                .session(token.as_bytes(), now + 2 * UNUSED)
                .is_none()
        );
        sign_ins.end(&begun.principal);
        assert!(!sign_ins.holds(&begun.principal, |_| true));
        assert!(sign_ins.session(token.as_bytes(), now).is_none());
    }

    #[test]
    fn a_code_of_a_token_that_is_held_no_longer_begins_no_session() {
        let (sign_ins, own, now) = (SignIns::default(), principal(OWN, false), Instant::now());
        let code = sign_ins.issue(&own, false, now).unwrap();
        let begun = sign_ins.begin(&code, now, |by| *by != own).unwrap();
        assert!(begun.is_none());
        assert!(sign_ins.sessions.lock().is_empty());
    }

    #[test]
    fn a_further_session_or_code_ends_the_longest_unused() {
        let (sign_ins, own, now) = (SignIns::default(), principal(OWN, false), Instant::now());
        let second = Duration::from_secs(1);
        let tokens: Vec<String> = (0..)
            .take(MOST_SESSIONS)
            .map(|n| begin(&sign_ins, &own, now + n * second).0)
            .collect();
        let later = now + 100 * second;
        assert!(sign_ins.session(tokens[0].as_bytes(), later).is_some());
        begin(&sign_ins, &own, later);
        assert!(sign_ins.session(tokens[0].as_bytes(), later).is_some());
        assert!(sign_ins.session(tokens[1].as_bytes(), later).is_none());
        let first = sign_ins.issue(&own, false, now).unwrap();
        for _ in 0..MOST_CODES {
            sign_ins.issue(&own, false, now).unwrap();
        }
        assert!(!sign_ins.is_waiting(&first, &own, now));
    }
}
