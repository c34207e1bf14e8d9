//! The standard streams, without a thread in between where the system allows it.
//!
//! Python starts servers on pipes, Node on sockets. Both can be read by the event loop; everything else (a terminal, a
//! file, other systems) is read by Tokio's blocking threads.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::parent::Attended;

/// The input of a session.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;
/// The output of a session.
pub(crate) type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Takes the standard streams. The input ends too when the process that started this one has ended.
pub(crate) fn open() -> io::Result<(Input, Output)> {
    let (input, output) = take()?;
    Ok((Box::new(Attended::new(input)), output))
}

#[cfg_attr(
    not(unix),
    expect(clippy::unnecessary_wraps, reason = "on Unix a stream may be a socket")
)]
fn take() -> io::Result<(Input, Output)> {
    #[cfg(unix)]
    if let (Some(input), Some(output)) = (unix::socket(&io::stdin())?, unix::socket(&io::stdout())?)
    {
        return Ok((Box::new(input), Box::new(output)));
    }
    // Pipes on Linux; blocking threads elsewhere.
    let (input, output) = rmcp::transport::stdio_pipes();
    Ok((Box::new(input), Box::new(output)))
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::File,
        io,
        os::{
            fd::{AsFd, OwnedFd},
            unix::{fs::FileTypeExt as _, net::UnixStream},
        },
    };

    /// Returns a stream as a socket; `None` if it is something else.
    pub(super) fn socket(stream: &impl AsFd) -> io::Result<Option<tokio::net::UnixStream>> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        if !file.metadata()?.file_type().is_socket() {
            return Ok(None);
        }
        let socket = UnixStream::from(OwnedFd::from(file));
        socket.set_nonblocking(true)?;
        tokio::net::UnixStream::from_std(socket).map(Some)
    }
}
