//! Where the daemon is, and the way there: over TCP, with or without TLS, or by its Unix socket.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use http::Uri;

use super::failure::Failure;
#[cfg(unix)]
use crate::remote::handshake;
use crate::remote::{AddressError, ConnectError, Remote, Sender, TrustError};

/// How long it may take until the daemon can be spoken to.
const CONNECT: Duration = Duration::from_secs(5);

/// Where the daemon is, and how it lets us in.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) place: Endpoint,
    /// `None` for a Unix socket.
    pub(super) token: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    Web {
        remote: Remote,
        /// As it stands in the URL.
        path: String,
    },
    Socket(PathBuf),
}

/// An address that is no daemon's, or none that may be gone to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be read.
    #[error(
        "give http://127.0.0.1:8275/mcp, as taskhold serve says it, https:// beyond this machine, or unix:/PATH of its socket"
    )]
    Shape,
    /// It would send everything in clear over the network.
    #[error(
        "http:// would send your token and your tasks in clear to {host}; give https://, for a daemon that is served with --tls-cert"
    )]
    Clear {
        /// The host.
        host: String,
    },
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Some(path) = text.strip_prefix("unix:").filter(|_| cfg!(unix)) {
            let path = PathBuf::from(path);
            let place = path.is_absolute().then_some(Endpoint::Socket(path));
            return place
                .map(|place| Self { place, token: None })
                .ok_or(TargetError::Shape);
        }
        let uri: Uri = text.parse().map_err(|_| TargetError::Shape)?;
        let remote = Remote::from_uri(&uri, false).map_err(|error| match error {
            AddressError::Shape => TargetError::Shape,
            AddressError::Clear(host) => TargetError::Clear { host },
        })?;
        Ok(Self {
            place: Endpoint::Web {
                remote,
                path: uri.path().to_owned(),
            },
            token: None,
        })
    }
}

impl Target {
    /// Comes with a token.
    #[must_use]
    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// Believes those certificates that rest upon one in the file `ca`, or else upon one that the system trusts.
    pub fn trusting(mut self, ca: Option<&Path>) -> Result<Self, TrustError> {
        if let Endpoint::Web { remote, .. } = &mut self.place {
            remote.trust(ca)?;
        }
        Ok(self)
    }

    /// Reports whether a token is needed there.
    pub fn needs_token(&self) -> bool {
        matches!(self.place, Endpoint::Web { .. })
    }

    /// Reports whether the way there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(&self.place, Endpoint::Web { remote, .. } if remote.is_encrypted())
    }

    /// Returns the host, if it is another machine than this.
    pub fn beyond(&self) -> Option<&str> {
        match &self.place {
            Endpoint::Web { remote, .. } => remote.beyond(),
            Endpoint::Socket(_) => None,
        }
    }

    pub(super) async fn connect(&self) -> Result<Sender, Failure> {
        let connected = tokio::time::timeout(CONNECT, self.place.connect()).await;
        connected.unwrap_or_else(|_| Err(self.place.unreachable(io::ErrorKind::TimedOut.into())))
    }
}

impl Endpoint {
    async fn connect(&self) -> Result<Sender, Failure> {
        match self {
            Self::Web { remote, .. } => remote.connect().await.map_err(|error| match error {
                ConnectError::Unreachable(source) => self.unreachable(source),
                ConnectError::Encryption(source) => Failure::Encryption {
                    place: self.to_string(),
                    source,
                },
            }),
            #[cfg(unix)]
            Self::Socket(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                let stream = stream.map_err(|source| self.unreachable(source))?;
                let owner = stream.peer_cred().map(|peer| peer.uid());
                let owner = owner.map_err(|source| self.unreachable(source))?;
                check_owner(owner, rustix::process::geteuid().as_raw(), path)?;
                let sender = handshake(stream).await;
                sender.map_err(|source| self.unreachable(source))
            }
            #[cfg(not(unix))]
            Self::Socket(_) => Err(self.unreachable(io::ErrorKind::Unsupported.into())),
        }
    }

    fn unreachable(&self, source: io::Error) -> Failure {
        Failure::Unreachable {
            place: self.to_string(),
            source,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web { remote, .. } => f.write_str(remote.authority()),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}

/// A socket in a folder that others can write in may be theirs, and would hear everything.
#[cfg(unix)]
fn check_owner(owner: u32, ours: u32, path: &Path) -> Result<(), Failure> {
    if owner == ours {
        return Ok(());
    }
    Err(Failure::Stranger {
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_daemon_may_listen_on_is_a_target() {
        let good = [
            "http://127.0.0.1:8275/mcp",
            "http://127.1.2.3/mcp",
            "http://[::1]:8275/mcp",
            "http://LOCALHOST:1/mcp",
            "https://localhost/mcp",
            "https://tasks.example:8275/mcp",
            "https://[2001:db8::1]/mcp",
        ];
        let bad = [
            "",
            "8275",
            "localhost",
            "http://me:secret@localhost/mcp",
            "http://localhost:/mcp",
            "http://localhost:70000/mcp",
            "ftp://localhost/mcp",
            "unix:tasks.sock",
            "/mcp",
        ];
        for text in good {
            assert!(text.parse::<Target>().is_ok(), "{text}");
        }
        for text in bad {
            let refusal = text.parse::<Target>().unwrap_err();
            assert!(matches!(refusal, TargetError::Shape), "{text}: {refusal}");
        }
        assert!(!cfg!(unix) || "unix:/run/tasks.sock".parse::<Target>().is_ok());
    }

    #[test]
    fn nothing_is_sent_in_clear_beyond_this_machine() {
        for host in [
            "tasks.example",
            "192.168.1.5",
            "0.0.0.0",
            "127.0.0.1.example",
            "localhost.",
            "[2001:db8::1]",
        ] {
            let refusal = format!("http://{host}:8275/mcp")
                .parse::<Target>()
                .unwrap_err();
            assert!(
                matches!(refusal, TargetError::Clear { .. }),
                "{host}: {refusal}"
            );
            let target: Target = format!("https://{host}:8275/mcp").parse().unwrap();
            assert!(target.is_encrypted() && target.beyond().is_some(), "{host}");
        }
        let here: Target = "https://localhost/mcp".parse().unwrap();
        assert!(here.is_encrypted() && here.beyond().is_none());
    }

    #[test]
    fn a_url_without_a_port_has_the_usual_one() {
        let port = |url: &str| match url.parse::<Target>().unwrap().place {
            Endpoint::Web { remote, .. } => remote.port(),
            Endpoint::Socket(_) => 0,
        };
        assert_eq!(port("http://localhost/mcp"), 80);
        assert_eq!(port("https://localhost/mcp"), 443);
        assert_eq!(port("https://[::1]:8275/mcp"), 8275);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_socket_of_another_user_is_not_spoken_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.sock");
        let _listener = tokio::net::UnixListener::bind(&path).unwrap();
        let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let owner = stream.peer_cred().unwrap().uid();
        assert!(check_owner(owner, owner, &path).is_ok());
        let refusal = check_owner(owner, owner + 1, &path)
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("another user"), "{refusal}");
    }
}
