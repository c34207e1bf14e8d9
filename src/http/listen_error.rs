//! Why a socket cannot be listened on.

use std::{io, net::SocketAddr, path::PathBuf};

/// A socket that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The system refused.
    #[error("cannot listen on {place}: {source}{}", hint(source))]
    Bind {
        /// Where.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// It would be open to the network.
    #[error(
        "{address} can be reached from other machines: whoever has a token could read and change your tasks from there. If that is meant, give --allow-network with --tls-cert and --tls-key"
    )]
    Network {
        /// The address.
        address: SocketAddr,
    },
    /// Another program listens on the socket, or is about to.
    #[error("another program listens on {}; choose another path with --socket=PATH", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// Something else lies where the socket is to be.
    #[error("{} is there already and is no socket, so it is left alone; move it away, or choose another path with --socket=PATH", path.display())]
    NoSocket {
        /// What lies there.
        path: PathBuf,
    },
    /// Others could put a socket of their own there.
    #[error("{} {reason}, or choose another path with --socket=PATH", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why, and the way out.
        reason: &'static str,
    },
    /// The system refused the socket, or something about its place.
    #[error("cannot listen on {}: {source}; choose another path with --socket=PATH", path.display())]
    Socket {
        /// What was to be used.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The environment names sockets in a way that cannot be read.
    #[error(
        "{variable} is \"{value}\", which {expected}; only systemd sets it: take it out of the environment, or start with systemd's socket unit"
    )]
    Inherited {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        expected: &'static str,
    },
    /// The certificate or the key cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AddrInUse {
        "; choose another with --listen"
    } else {
        ""
    }
}
