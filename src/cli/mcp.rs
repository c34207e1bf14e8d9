//! `taskhold mcp`

use std::io;

use tokio_util::sync::CancellationToken;

use super::{CliResult, Context};
use crate::{stdio, store::db::Db};

/// Serve MCP on standard input and output
///
/// This is what AI hosts start. It ends when the host closes the input.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold mcp
  taskhold mcp --db /home/me/work.db")]
pub(super) struct McpArgs {}

impl McpArgs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, context: &Context) -> CliResult {
        // One thread: calls reach the writer in the order the client sent them.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let db = Db::start(&context.database, 1);
        let served = runtime.block_on(async {
            let stop = CancellationToken::new();
            // Before the first answer: a signal that comes right after it finds the handler in place.
            on_signal(stop.clone())?;
            stdio::serve(&db, context.caller.zone, stop).await
        });
        // A read of the terminal cannot be interrupted; it must not hold up the end.
        runtime.shutdown_background();
        let closed = db.close();
        served?;
        Ok(closed?)
    }
}

/// Cancels `stop` when the process is asked to end.
fn on_signal(stop: CancellationToken) -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.cancel();
        });
    }
    #[cfg(not(unix))]
    {
        let interrupt = tokio::signal::ctrl_c();
        tokio::spawn(async move {
            if interrupt.await.is_ok() {
                stop.cancel();
            }
        });
    }
    Ok(())
}
