//! Threads that read and write a process's streams, so that no test ever blocks on one.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What the server gets as standard input and output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wiring {
    /// As Python and most shells start it.
    Pipes,
    /// A socket pair each, as Node and Electron start it.
    #[cfg(unix)]
    Sockets,
    /// One socket for both directions, as a supervisor starts it.
    #[cfg(unix)]
    OneSocket,
}

/// Waits for a process to end: its standard error, which nobody else holds, closes when it does. Returns what it said.
pub(crate) fn exit_status(
    child: &mut Child,
    said: &Receiver<String>,
    within: Duration,
    awaited: &str,
) -> (ExitStatus, String) {
    let Ok(said) = said.recv_timeout(within) else {
        let _ = child.kill();
        panic!("{awaited} did not come within {within:?}");
    };
    (child.wait().unwrap(), said)
}

/// Reads a stream to its end in a thread of its own.
pub(crate) fn read_all(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

pub(super) fn read_messages(from: Box<dyn Read + Send>) -> Receiver<Result<Value, String>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let message = match serde_json::from_slice::<Value>(&line) {
                Ok(message) if message["jsonrpc"] == "2.0" => Ok(message),
                // A batch of answers.
                Ok(Value::Array(answers)) if !answers.is_empty() => Ok(Value::Array(answers)),
                _ => Err(String::from_utf8_lossy(&line).into_owned()),
            };
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

pub(super) fn write_from_queue(mut to: Box<dyn Write + Send>) -> Sender<Vec<u8>> {
    let (sender, receiver) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for bytes in receiver {
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    sender
}

pub(super) fn protocol(message: Result<Value, String>) -> Value {
    message.unwrap_or_else(|line| panic!("not protocol, and on stdout: {line:?}"))
}

pub(super) type Ends = (Box<dyn Read + Send>, Box<dyn Write + Send>);

/// Sets the server's streams; returns our ends of them where the process will not hold them.
pub(super) fn wire(command: &mut Command, wiring: Wiring) -> Option<Ends> {
    match wiring {
        Wiring::Pipes => {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            None
        }
        #[cfg(unix)]
        Wiring::Sockets => Some(sockets::two(command)),
        #[cfg(unix)]
        Wiring::OneSocket => Some(sockets::one(command)),
    }
}

#[cfg(unix)]
mod sockets {
    use std::io::{Result, Write};
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    use super::Ends;

    pub(super) fn two(command: &mut Command) -> Ends {
        let (to, stdin) = UnixStream::pair().unwrap();
        let (from, stdout) = UnixStream::pair().unwrap();
        command
            .stdin(OwnedFd::from(stdin))
            .stdout(OwnedFd::from(stdout));
        (Box::new(from), Box::new(to))
    }

    pub(super) fn one(command: &mut Command) -> Ends {
        let (ours, theirs) = UnixStream::pair().unwrap();
        command
            .stdin(OwnedFd::from(theirs.try_clone().unwrap()))
            .stdout(OwnedFd::from(theirs));
        (Box::new(ours.try_clone().unwrap()), Box::new(Sending(ours)))
    }

    /// The sending half of a socket. Reading goes on after it is dropped.
    struct Sending(UnixStream);

    impl Write for Sending {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> Result<()> {
            self.0.flush()
        }
    }

    impl Drop for Sending {
        fn drop(&mut self) {
            let _ = self.0.shutdown(Shutdown::Write);
        }
    }
}
