//! Why a call does not come through to the daemon.

use std::{io, path::PathBuf, time::Duration};

use http::StatusCode;

/// Why the daemon did not answer as hoped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("cannot reach the daemon at {place}: {source}; start it with: taskhold serve")]
    Unreachable { place: String, source: io::Error },
    #[error(
        "cannot speak TLS with the daemon at {place}: {source}; --tls-ca names the certificate that one of your own making rests upon"
    )]
    Encryption { place: String, source: io::Error },
    #[error("{} is a socket of another user, who would hear everything", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are none"))]
    Stranger { path: PathBuf },
    #[error("the daemon has no endpoint at {path}; its URL ends in /mcp")]
    Nowhere { path: String },
    #[error(
        "the daemon does not know the token; taskhold token show prints the one it knows, TASKHOLD_TOKEN names it here"
    )]
    Unauthorized,
    #[error(
        "what answers is no daemon of taskhold: it does not speak JSON-RPC; look at the URL, which taskhold serve prints"
    )]
    Foreign,
    #[error("the daemon has lost the session")]
    NoSession,
    #[error("the daemon refused the request ({status}): {reason}")]
    Refused { status: StatusCode, reason: String },
    #[error("the daemon broke off its answer; whether the call was made is not certain")]
    CutOff,
    #[error("the daemon did not answer in time; whether the call was made is not certain")]
    Late,
    #[error(
        "the daemon at {place} did not answer within {within:?}; `taskhold doctor` names its process: let it go on if it is suspended, else end it; then repeat this"
    )]
    Silent { place: String, within: Duration },
    #[error("the call was not made: the daemon did not answer the one before it in time")]
    Unmade,
}
