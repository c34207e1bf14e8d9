//! Requests to end, SIGINT, SIGTERM and SIGHUP, or what the console of Windows sends: the first stops gracefully, the second
//! exits at once.

use std::{io, path::Path, process, thread};

use tokio_util::sync::CancellationToken;

use crate::disk;

/// Fails where there are too few file handles for a runtime of tokio, which panics where it gets none for signals.
pub(super) fn refuse_few_handles() -> io::Result<()> {
    disk::spare_handles(Path::new("/"))
}

/// Cancels `stop` when the process is asked to end; asked a second time, it ends at once, whatever it is at: so this
/// listens on a thread of its own.
pub(super) fn on_signal(stop: CancellationToken) -> io::Result<()> {
    refuse_few_handles()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _in_it = runtime.enter();
        Signals::listen()?
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                loop {
                    signals.next().await;
                    if stop.is_cancelled() {
                        process::exit(1);
                    }
                    stop.cancel();
                }
            });
        })?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// The terminal is gone. `None` where that is to be outlived (`nohup`), or where it cannot be told whether it is.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: match is_ignored(SignalKind::hangup()) {
                Some(false) => Some(signal(SignalKind::hangup())?),
                _ => None,
            },
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = async {
                match &mut self.hangup {
                    Some(hangup) => _ = hangup.recv().await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

/// Reports whether whoever started this process has it ignore a signal. `None` where the system does not tell.
#[cfg(unix)]
fn is_ignored(signal: tokio::signal::unix::SignalKind) -> Option<bool> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask >> (signal.as_raw_value() - 1) & 1 == 1)
}

/// What Windows sends to the processes of a console. It ends them when it has waited for some seconds: five when the console is
/// closed or its user logs off, twenty when the machine is shut down.
#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    /// Ctrl-Break, and the one request that a program can send to another.
    break_off: tokio::signal::windows::CtrlBreak,
    /// The window of the console is closed.
    close: tokio::signal::windows::CtrlClose,
    log_off: tokio::signal::windows::CtrlLogoff,
    shut_down: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            break_off: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            log_off: windows::ctrl_logoff()?,
            shut_down: windows::ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.break_off.recv() => {}
            _ = self.close.recv() => {}
            _ = self.log_off.recv() => {}
            _ = self.shut_down.recv() => {}
        }
    }
}
