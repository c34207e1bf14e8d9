//! Being asked to end.

use std::{io, process};

use tokio_util::sync::CancellationToken;

/// Cancels `stop` when the process is asked to end; asked a second time, it ends at once.
#[cfg(unix)]
pub(super) fn on_signal(stop: CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_cancelled() {
                process::exit(1);
            }
            stop.cancel();
        }
    });
    Ok(())
}

/// Cancels `stop` when the process is asked to end; asked a second time, it ends at once.
#[cfg(not(unix))]
pub(super) fn on_signal(stop: CancellationToken) -> io::Result<()> {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.is_cancelled() {
                process::exit(1);
            }
            stop.cancel();
        }
    });
    Ok(())
}
