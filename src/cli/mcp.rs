//! `taskhold mcp`

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{CliResult, Context, Failure, context::settled, stop};
use crate::{
    bridge::{self, Target},
    config::ConfigError,
    domain::{error::Error, when::Zone},
    http::Tokens,
    stdio,
    store::db::Db,
};

/// The variable that names the token for `--connect`.
const TOKEN_VARIABLE: &str = "TASKHOLD_TOKEN";

const CONNECT_HELP: &str = "Go through a daemon: the URL it listens on, or unix:/PATH of its socket. The token is TASKHOLD_TOKEN's, else on this machine your own";

/// Serve MCP on standard input and output
///
/// This is what AI hosts start. It ends when the host closes the input.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold mcp
  taskhold mcp --db /home/me/work.db
  taskhold mcp --connect http://127.0.0.1:8275/mcp
  taskhold mcp --connect https://tasks.example:8275/mcp --tls-ca /home/me/ca.pem")]
pub(super) struct McpArgs {
    #[arg(long, value_name = "URL", help = CONNECT_HELP)]
    connect: Option<Target>,
    /// Certificate, as PEM, that the daemon's rests upon [default: those the system trusts]
    #[arg(long, value_name = "FILE", requires = "connect")]
    tls_ca: Option<PathBuf>,
}

impl McpArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        self.serve(Ok(context.database.clone()), context.caller.zone)
    }

    /// Serves `database`. One that is not named as it should be is served too: a host says little of a server that ends,
    /// and shows its user each reply.
    pub(super) fn serve(self, database: Result<PathBuf, ConfigError>, zone: Zone) -> CliResult {
        // One thread: calls reach the writer in the order the client sent them.
        stop::refuse_few_handles()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        if let Some(target) = self.connect {
            let target = with_trust(target, self.tls_ca.as_deref())?;
            let target = with_token(target, database)?;
            let bridged = runtime.block_on(async {
                let asked = CancellationToken::new();
                stop::on_signal(asked.clone())?;
                bridge::serve(target, asked).await
            });
            runtime.shutdown_background();
            return Ok(bridged?);
        }
        let db = match &database {
            Ok(path) => Db::start(path, 1),
            Err(error) => Db::refusing(Error::Unusable {
                path: "the database".into(),
                reason: error.to_string(),
                source: None,
            }),
        };
        let served = runtime.block_on(async {
            let asked = CancellationToken::new();
            // Before the first answer: a signal that comes right after it finds the handler in place.
            stop::on_signal(asked.clone())?;
            stdio::serve(&db, zone, asked).await
        });
        // A read of the terminal cannot be interrupted; it must not hold up the end.
        runtime.shutdown_background();
        let closed = db.close();
        served?;
        database?;
        Ok(closed?)
    }
}

fn with_trust(target: Target, ca: Option<&Path>) -> Result<Target, Failure> {
    if ca.is_some() && !target.is_encrypted() {
        let said = "--tls-ca means something only with https://";
        return Err(Failure::call(said, "leave it out, or connect to https://"));
    }
    target
        .trusting(ca)
        .map_err(|error| Failure::input(error.to_string()))
}

fn with_token(target: Target, database: Result<PathBuf, ConfigError>) -> Result<Target, Failure> {
    if !target.needs_token() {
        return Ok(target);
    }
    let given = std::env::var(TOKEN_VARIABLE).ok();
    let token = match given.filter(|token| !token.trim().is_empty()) {
        Some(token) => token.trim().to_owned(),
        None => match target.beyond() {
            // The own token opens the tasks of this machine: no other is told it.
            Some(host) => {
                let said = format!("your own token is not sent to {host}");
                let hint =
                    format!("name in {TOKEN_VARIABLE} the token that the daemon there knows");
                return Err(Failure::call(said, hint));
            }
            None => Tokens::new(&settled(&database?)).own()?,
        },
    };
    Ok(target.with_token(token))
}
