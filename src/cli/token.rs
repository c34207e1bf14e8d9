//! `taskhold token`

use std::{fmt::Write as _, iter};

use serde_json::json;

use super::{CliResult, Context};
use crate::{
    domain::task::Timestamp,
    http::{OWN_TOKEN, TokenEntry, Tokens},
    render,
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
    List,
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
        // A token can be revoked whatever became of the database.
        if !tokens.are_there() {
            context.refuse_unusable()?;
        }
        match self.command {
            TokenCommand::Show => print_token(context, OWN_TOKEN, &tokens.own()?),
            TokenCommand::Rotate => print_token(context, OWN_TOKEN, &tokens.rotate()?),
            TokenCommand::Add { name, read_only } => {
                let token = tokens.add(&name, read_only)?;
                print_token(context, &name, &token)
            }
            TokenCommand::List => list(context, &tokens.entries()?),
            TokenCommand::Revoke { name } => {
                tokens.revoke(&name)?;
                if context.screen.json {
                    return Ok(context.screen.print_json(&json!({ "revoked": name }))?);
                }
                Ok(context.screen.print(&format!("revoked {name}\n"))?)
            }
        }
    }
}

fn print_token(context: &Context, name: &str, token: &str) -> CliResult {
    if context.screen.json {
        let object = json!({ "name": name, "token": token });
        return Ok(context.screen.print_json(&object)?);
    }
    Ok(context.screen.print(&format!("{token}\n"))?)
}

fn list(context: &Context, entries: &[TokenEntry]) -> CliResult {
    if context.screen.json {
        let own = json!({ "name": OWN_TOKEN, "read_only": false });
        let further = entries.iter().map(|entry| {
            json!({
                "name": entry.label,
                "read_only": entry.read_only,
                "created_at": render::instant(created(entry), context.caller.zone),
            })
        });
        let tokens: Vec<_> = iter::once(own).chain(further).collect();
        return Ok(context.screen.print_json(&json!({ "tokens": tokens }))?);
    }
    let mut lines = format!("{OWN_TOKEN:<24}  read and write  yours\n");
    for entry in entries {
        let rights = if entry.read_only {
            "read only"
        } else {
            "read and write"
        };
        let since = render::instant(created(entry), context.caller.zone);
        let _ = writeln!(lines, "{:<24}  {rights:<14}  since {since}", entry.label);
    }
    Ok(context.screen.print(&lines)?)
}

fn created(entry: &TokenEntry) -> Timestamp {
    Timestamp::from_millis(i64::try_from(entry.created).unwrap_or_default() * 1000)
}
