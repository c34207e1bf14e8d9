//! The sockets that the daemon listens on: TCP addresses, the Unix socket, and those of systemd.

use std::{
    fmt, fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

use super::listen_error::ListenError;
#[cfg(unix)]
use super::socket::{Folder, Socket};

/// How often a port that is free for both loopback addresses is looked for.
const TRIES: usize = 16;

/// The sockets of a daemon.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) listeners: Vec<Listener>,
    pub(super) tls: Option<Tls>,
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Socket(Socket),
}

pub(super) enum Accepted {
    /// With our end of it.
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Socket(tokio::net::UnixStream),
}

impl Listener {
    /// Waits for the next client.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                let local = stream.local_addr()?;
                Ok(Accepted::Tcp(stream, local))
            }
            #[cfg(unix)]
            Self::Socket(socket) => socket.accept().await.map(Accepted::Socket),
        }
    }
}

impl Tls {
    /// Reads a certificate chain and its key from PEM files.
    pub fn read(certificates: &Path, key: &Path) -> Result<Self, ListenError> {
        let unusable = |path: &Path, reason: String| ListenError::Tls {
            path: path.to_owned(),
            reason,
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(certificates, error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable(
                certificates,
                "there is no certificate in it".to_owned(),
            ));
        }
        let secret = read_key(key).map_err(|error| unusable(key, error.to_string()))?;
        let secret = PrivateKeyDer::from_pem_slice(&secret)
            .map_err(|error| unusable(key, error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|error| unusable(certificates, error.to_string()))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}

/// Reads a file that holds a secret, unless others can read it too.
fn read_key(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut file = fs::File::open(path)?;
    if is_known_to_others(&file.metadata()?) {
        return Err(io::Error::other(
            "others can read this key; take that away with chmod 600 (one of root may be read by its group)",
        ));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Reports whether others can read a file. A key that is root's may be read by its group, as systems keep them for
/// their services.
#[cfg(unix)]
fn is_known_to_others(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    let allowed = if found.uid() == 0 { 0o740 } else { 0o700 };
    let is_foreign = found.uid() != user && found.uid() != 0;
    is_foreign || found.mode() & 0o777 & !allowed != 0
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
fn is_known_to_others(_: &fs::Metadata) -> bool {
    false
}

/// Checks what systemd said of sockets: `listenfd` takes what it cannot read for none.
#[cfg(unix)]
fn check_inherited(read: impl Fn(&str) -> Option<String>) -> Result<(), ListenError> {
    /// More sockets than a unit lists.
    const MOST: u32 = 1_024;
    let said = |name| read(name).filter(|value| !value.is_empty());
    let (Some(count), process) = (said("LISTEN_FDS"), said("LISTEN_PID")) else {
        return Ok(());
    };
    let wrong = |variable, value, expected| ListenError::Inherited {
        variable,
        value,
        expected,
    };
    if let Some(process) = process {
        match process.parse::<u32>() {
            Ok(process) if process == std::process::id() => {}
            // Meant for another process, as for the one that started this.
            Ok(_) => return Ok(()),
            Err(_) => return Err(wrong("LISTEN_PID", process, "is no number of a process")),
        }
    }
    match count.parse::<u32>() {
        Ok(number) if (1..=MOST).contains(&number) => Ok(()),
        _ => Err(wrong("LISTEN_FDS", count, "is no number of sockets")),
    }
}

/// Reports whether `address` can be reached from this machine alone.
pub fn is_of_this_machine(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

impl Sockets {
    /// Encrypts what goes through TCP.
    pub fn encrypt(&mut self, tls: Tls) {
        self.tls = Some(tls);
    }

    /// Refuses an address that can be reached from other machines, unless that is allowed and encrypted.
    pub fn check_reach(&self, address: SocketAddr, allowed: bool) -> Result<(), ListenError> {
        if is_of_this_machine(address) || (allowed && self.tls.is_some()) {
            Ok(())
        } else {
            Err(ListenError::Network { address })
        }
    }

    /// Listens on `address`.
    pub async fn open_address(&mut self, address: SocketAddr) -> Result<(), ListenError> {
        let listener = bind(address).await?;
        self.listeners.push(Listener::Tcp(listener));
        Ok(())
    }

    /// Listens on `port` of both loopback addresses, or of the one there is; 0 takes a port that is free.
    pub async fn open_loopback(&mut self, port: u16) -> Result<(), ListenError> {
        for left in (0..TRIES).rev() {
            let v4 = bind((Ipv4Addr::LOCALHOST, port).into()).await?;
            let chosen = v4.local_addr().map_or(port, |address| address.port());
            let v6 = match bind((Ipv6Addr::LOCALHOST, chosen).into()).await {
                Ok(v6) => Some(v6),
                // On the other address another program would be taken for us.
                Err(ListenError::Bind { source, .. })
                    if source.kind() == io::ErrorKind::AddrInUse && port == 0 && left > 0 =>
                {
                    continue;
                }
                Err(ListenError::Bind { place, source })
                    if source.kind() == io::ErrorKind::AddrInUse =>
                {
                    return Err(ListenError::Bind { place, source });
                }
                // The machine has no IPv6.
                Err(_) => None,
            };
            self.listeners.push(Listener::Tcp(v4));
            self.listeners.extend(v6.map(Listener::Tcp));
            break;
        }
        Ok(())
    }

    /// Listens on a Unix socket that only its owner can reach. One that a killed daemon left behind is replaced.
    #[cfg(unix)]
    pub async fn open_socket(&mut self, path: &Path, folder: Folder) -> Result<(), ListenError> {
        let socket = Socket::open(path, folder).await?;
        self.listeners.push(Listener::Socket(socket));
        Ok(())
    }

    /// Takes over the sockets that systemd has opened for us. Reports whether there were any.
    #[cfg(unix)]
    pub fn inherit(&mut self) -> Result<bool, ListenError> {
        check_inherited(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))?;
        let mut inherited = listenfd::ListenFd::from_env();
        for index in 0..inherited.len() {
            let failed = |source| ListenError::Bind {
                place: format!("the socket {index} that systemd opened"),
                source,
            };
            let listener = if let Ok(Some(socket)) = inherited.take_unix_listener(index) {
                socket.set_nonblocking(true).map_err(failed)?;
                let socket = tokio::net::UnixListener::from_std(socket).map_err(failed)?;
                Some(Listener::Socket(Socket::inherited(socket)))
            } else {
                let socket = inherited.take_tcp_listener(index).map_err(failed)?;
                socket
                    .map(|socket| {
                        socket.set_nonblocking(true)?;
                        TcpListener::from_std(socket).map(Listener::Tcp)
                    })
                    .transpose()
                    .map_err(failed)?
            };
            self.listeners.extend(listener);
        }
        Ok(!self.listeners.is_empty())
    }

    /// Returns the TCP addresses that are listened on.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter_map(|listener| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Listener::Socket(_) => None,
        })
    }

    /// Returns the URL of the MCP endpoint at each address.
    pub fn urls(&self) -> impl Iterator<Item = String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.addresses()
            .map(move |address| format!("{scheme}://{address}/mcp"))
    }

    /// Returns the paths of the Unix sockets.
    pub fn unix_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.listeners.iter().filter_map(|listener| match listener {
            Listener::Tcp(_) => None,
            #[cfg(unix)]
            Listener::Socket(socket) => socket.path(),
        })
    }

    /// Returns every place that is listened on, as people write it.
    pub fn places(&self) -> Vec<String> {
        let sockets = self.unix_paths().map(|path| path.display().to_string());
        self.urls().chain(sockets).collect()
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ListenError::Bind {
            place: address.to_string(),
            source,
        })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_of_inherited_sockets_is_not_taken_for_none() {
        let ours = std::process::id().to_string();
        let cases = [
            ("", "", true),
            ("1", "", true),
            ("2", &ours, true),
            ("-1", "1", true),
            ("-1", "", false),
            ("0", "", false),
            ("x", &ours, false),
            ("4294967296", &ours, false),
            ("1000000000", &ours, false),
            ("1", "x", false),
            ("1", "-1", false),
        ];
        for (count, process, is_good) in cases {
            let read = |name: &str| {
                let value = if name == "LISTEN_FDS" { count } else { process };
                Some(value.to_owned())
            };
            let checked = check_inherited(read);
            assert_eq!(checked.is_ok(), is_good, "{count} {process}: {checked:?}");
        }
    }
}
