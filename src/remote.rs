//! Connections to another program by HTTP: its address, TCP, TLS and trust roots.
//!
//! # Invariants
//!
//! - Nothing is sent in clear to another machine, unless the caller says that it has nothing to hide.
//! - `localhost` is this machine, whatever a name server says of it.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
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

/// What requests are sent on.
pub(crate) type Sender = http1::SendRequest<Full<Bytes>>;

/// Host, port and encryption of a URL.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// Without the brackets of an address of IPv6.
    host: String,
    port: u16,
    /// Host and port as they stand in the URL: what the header `Host` says.
    authority: String,
    is_encrypted: bool,
    /// The trust roots; `None` until they are set, and where nothing is encrypted.
    trust: Option<Trust>,
}

/// Why a URL is no [`Remote`].
#[derive(Debug)]
pub(crate) enum AddressError {
    /// It is no `http://` or `https://` URL with a host, or has a user name in it.
    Shape,
    /// It would send everything in clear to this host.
    Clear(String),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// Nothing answers there.
    Unreachable(io::Error),
    /// What answers there does not speak TLS, or is not trusted.
    Encryption(io::Error),
}

/// Trust roots for TLS.
#[derive(Clone)]
struct Trust(TlsConnector);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
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
    #[error(
        "the system trusts no certificate; install its package ca-certificates, or name the certificate to trust"
    )]
    Nobody,
}

impl Remote {
    /// Reads host and port of `uri`. Plain `http://` to another machine is refused unless `may_be_clear`.
    pub(crate) fn from_uri(uri: &Uri, may_be_clear: bool) -> Result<Self, AddressError> {
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or(AddressError::Shape)?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (is_encrypted, usual) = match uri.scheme_str() {
            Some("http") if may_be_clear || is_here(&host) => (false, 80),
            Some("http") => return Err(AddressError::Clear(host)),
            Some("https") => (true, 443),
            _ => return Err(AddressError::Shape),
        };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => usual,
            // One that cannot be read is not the same as none.
            port => port
                .and_then(|port| port.strip_prefix(':')?.parse().ok())
                .ok_or(AddressError::Shape)?,
        };
        Ok(Self {
            host,
            port,
            authority: authority.to_string(),
            is_encrypted,
            trust: None,
        })
    }

    /// Trusts those certificates that rest upon one in the file `ca`, or else upon one that the system trusts.
    pub(crate) fn trust(&mut self, ca: Option<&Path>) -> Result<(), TrustError> {
        if self.is_encrypted {
            self.trust = Some(Trust::new(ca)?);
        }
        Ok(())
    }

    /// Returns host and port as they stand in the URL.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the port: that of the URL, or the usual one of its scheme.
    #[cfg(test)]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Reports whether the way there is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the host, if it is another machine than this.
    pub(crate) fn beyond(&self) -> Option<&str> {
        (!is_here(&self.host)).then_some(self.host.as_str())
    }

    /// Connects. There is no time limit here; it is the caller's.
    pub(crate) async fn connect(&self) -> Result<Sender, ConnectError> {
        let stream = self.open().await.map_err(ConnectError::Unreachable)?;
        let _ = stream.set_nodelay(true);
        if !self.is_encrypted {
            return handshake(stream).await.map_err(ConnectError::Unreachable);
        }
        let stream = self.encrypt(stream).await;
        let stream = stream.map_err(ConnectError::Encryption)?;
        handshake(stream).await.map_err(ConnectError::Unreachable)
    }

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

/// Begins HTTP on a connection.
pub(crate) async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> io::Result<Sender> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
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
