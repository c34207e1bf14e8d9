//! `taskhold token`

use std::io::{self, Write as _};

use super::{CliResult, Context};
use crate::{
    http::{OWN_TOKEN, TokenEntry, Tokens},
    render,
    task::Timestamp,
};

/// Show, make and revoke the tokens that clients of the daemon need
///
/// A running daemon follows at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold token show
  taskhold token add --name phone --read-only
  taskhold token revoke --name phone")]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TokenCommand {
    /// Print your own token, making it if there is none
    Show,
    /// Make your own token anew; the old one stops working
    Rotate,
    /// Make a further token and print it, this once
    Add {
        /// What to call it; its changes are signed with it
        #[arg(long)]
        name: String,
        /// Let it only look
        #[arg(long)]
        read_only: bool,
    },
    /// List the tokens there are, without the tokens
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a further token back
    Revoke {
        /// What it is called
        #[arg(long)]
        name: String,
    },
}

impl TokenArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let tokens = Tokens::new(&context.settled_database());
        let mut out = io::stdout().lock();
        match self.command {
            TokenCommand::Show => writeln!(out, "{}", tokens.own()?)?,
            TokenCommand::Rotate => writeln!(out, "{}", tokens.rotate()?)?,
            TokenCommand::Add { name, read_only } => {
                writeln!(out, "{}", tokens.add(&name, read_only)?)?;
            }
            TokenCommand::List { json } => {
                let entries = tokens.entries()?;
                if json {
                    writeln!(out, "{}", as_json(&entries))?;
                } else {
                    writeln!(out, "{OWN_TOKEN:<24}  read and write  yours")?;
                    for entry in entries {
                        let rights = if entry.read_only {
                            "read only"
                        } else {
                            "read and write"
                        };
                        let created = i64::try_from(entry.created).unwrap_or_default() * 1000;
                        let created =
                            render::instant(Timestamp::from_millis(created), context.caller.zone);
                        writeln!(out, "{:<24}  {rights:<14}  since {created}", entry.label)?;
                    }
                }
            }
            TokenCommand::Revoke { name } => {
                tokens.revoke(&name)?;
                writeln!(out, "revoked {name}")?;
            }
        }
        Ok(())
    }
}

fn as_json(entries: &[TokenEntry]) -> serde_json::Value {
    let entries = entries.iter().map(|entry| {
        serde_json::json!({
            "name": entry.label,
            "read_only": entry.read_only,
            "created": entry.created,
        })
    });
    entries.collect()
}
