//! Where the daemon is, and the way there: over TCP, with or without TLS, or by its Unix socket.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::failure::Failure;

/// How long it may take until the daemon can be spoken to.
const CONNECT: Duration = Duration::from_secs(5);

/// What requests are sent on.
pub(super) type Sender = http1::SendRequest<Full<Bytes>>;

/// Where the daemon is, and how it lets us in.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) place: Endpoint,
    /// `None` for a Unix socket.
    pub(super) token: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    Web(Web),
    Socket(PathBuf),
}

/// What a URL says.
#[derive(Clone, Debug)]
pub(super) struct Web {
    /// Without the brackets of an address of IPv6.
    host: String,
    port: u16,
    /// As it stands in the URL.
    pub(super) authority: String,
    pub(super) path: String,
    is_encrypted: bool,
    /// The trust roots; `None` until they are set, and where nothing is encrypted.
    trust: Option<Trust>,
}

/// Trust roots for TLS.
#[derive(Clone)]
struct Trust(TlsConnector);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
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

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Those of a file.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Those of the system.
    #[error("the system trusts nobody; name the certificate of the daemon with --tls-ca")]
    Nobody,
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
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or(TargetError::Shape)?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (is_encrypted, usual) = match uri.scheme_str() {
            Some("http") if is_here(&host) => (false, 80),
            Some("http") => return Err(TargetError::Clear { host }),
            Some("https") => (true, 443),
            _ => return Err(TargetError::Shape),
        };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => usual,
            // One that cannot be read is not the same as none.
            port => port
                .and_then(|port| port.strip_prefix(':')?.parse().ok())
                .ok_or(TargetError::Shape)?,
        };
        Ok(Self {
            place: Endpoint::Web(Web {
                host,
                port,
                authority: authority.to_string(),
                path: uri.path().to_owned(),
                is_encrypted,
                trust: None,
            }),
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
        if let Endpoint::Web(web) = &mut self.place
            && web.is_encrypted
        {
            web.trust = Some(Trust::new(ca)?);
        }
        Ok(self)
    }

    /// Reports whether a token is needed there.
    pub fn needs_token(&self) -> bool {
        matches!(self.place, Endpoint::Web(_))
    }

    /// Reports whether the way there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(&self.place, Endpoint::Web(web) if web.is_encrypted)
    }

    /// Returns the host, if it is another machine than this.
    pub fn beyond(&self) -> Option<&str> {
        match &self.place {
            Endpoint::Web(web) if !is_here(&web.host) => Some(&web.host),
            _ => None,
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
            Self::Web(web) => {
                let stream = web
                    .open()
                    .await
                    .map_err(|source| self.unreachable(source))?;
                let _ = stream.set_nodelay(true);
                if !web.is_encrypted {
                    return self.speak(stream).await;
                }
                let stream = web.encrypt(stream).await;
                let stream = stream.map_err(|source| Failure::Encryption {
                    place: self.to_string(),
                    source,
                })?;
                self.speak(stream).await
            }
            #[cfg(unix)]
            Self::Socket(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                let stream = stream.map_err(|source| self.unreachable(source))?;
                let owner = stream.peer_cred().map(|peer| peer.uid());
                let owner = owner.map_err(|source| self.unreachable(source))?;
                check_owner(owner, rustix::process::geteuid().as_raw(), path)?;
                self.speak(stream).await
            }
            #[cfg(not(unix))]
            Self::Socket(_) => Err(self.unreachable(io::ErrorKind::Unsupported.into())),
        }
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Sender, Failure> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unreachable(io::Error::other(error)))?;
        tokio::spawn(connection);
        Ok(sender)
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
            Self::Web(web) => f.write_str(&web.authority),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}

impl Web {
    async fn open(&self) -> io::Result<TcpStream> {
        if self.host.eq_ignore_ascii_case("localhost") {
            // Nobody is asked where that is.
            let here = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                Ipv6Addr::LOCALHOST.into(),
            ];
            return TcpStream::connect(&here.map(|ip| SocketAddr::new(ip, self.port))[..]).await;
        }
        TcpStream::connect((self.host.as_str(), self.port)).await
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.host.clone());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let Trust(connector) = self.trust.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        connector.connect(name, stream).await
    }
}

impl Trust {
    fn new(ca: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = ca {
            let unusable = |reason: String| TrustError::File {
                path: path.to_owned(),
                reason,
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?
            {
                certificate
                    .map_err(|error| error.to_string())
                    .and_then(|root| roots.add(root).map_err(|error| error.to_string()))
                    .map_err(unusable)?;
            }
            if roots.is_empty() {
                return Err(unusable("there is no certificate in it".to_owned()));
            }
        } else {
            // Some of a system's are always of a kind that cannot be read.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TrustError::Nobody);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has what those versions need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// Reports whether a host is this machine, whatever anybody says of its name.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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
            Endpoint::Web(web) => web.port,
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
