//! `taskhold mcp`

use tokio_util::sync::CancellationToken;

use super::{CliResult, Context, stop};
use crate::{stdio, store::db::Db};

/// Serve MCP on standard input and output
///
/// This is what AI hosts start. It ends when the host closes the input.
#[derive(Debug, clap::Args)]
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
            let asked = CancellationToken::new();
            // Before the first answer: a signal that comes right after it finds the handler in place.
            stop::on_signal(asked.clone())?;
            stdio::serve(&db, context.zone, asked).await
        });
        // A read of the terminal cannot be interrupted; it must not hold up the end.
        runtime.shutdown_background();
        let closed = db.close();
        served?;
        Ok(closed?)
    }
}
