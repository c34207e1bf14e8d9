//! The command line: what can be called, and what each call exits with.
//!
//! Results go to stdout, everything else to stderr. Exit status 0: done; 1: failed; 2: the call itself was wrong.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    command::{Caller, Command as TaskCommand, Outcome},
    config::{self, ConfigError},
    error::Error,
    http, render,
    store::{Access, Store},
    task::{Actor, Invalid},
    when::Zone,
};

mod add;
mod delete;
mod done;
mod list;
mod mcp;
mod paths;
mod serve;
mod service;
mod stop;
mod token;

/// Keep your tasks in one place, for every AI host and every shell
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[arg(long, global = true, value_name = "PATH", help = DATABASE_HELP)]
    db: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::AddArgs),
    List(list::ListArgs),
    Done(done::DoneArgs),
    Delete(delete::DeleteArgs),
    Paths(paths::PathsArgs),
    Mcp(mcp::McpArgs),
    Serve(serve::ServeArgs),
    Token(token::TokenArgs),
    Service(service::ServiceArgs),
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(#[from] ConfigError),
    #[error("{}", .0.with_causes())]
    Failed(#[from] Error),
    #[error(transparent)]
    Instance(#[from] http::InstanceError),
    #[error(transparent)]
    Door(#[from] http::DoorError),
    #[error(transparent)]
    Service(#[from] service::ServiceError),
    #[error(transparent)]
    Token(#[from] http::TokenError),
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Failed(invalid.into())
    }
}

const DATABASE_HELP: &str = "Database to use, as an absolute path [default: $TASKHOLD_DB, else tasks.db in your data directory]";

type CliResult = Result<(), Failure>;

/// What every command is given.
struct Context {
    database: PathBuf,
    zone: Zone,
}

impl Cli {
    /// Runs the command and reports on stderr what went wrong.
    pub fn run(self) -> ExitCode {
        let variable = std::env::var_os(config::DATABASE_VARIABLE);
        let done = config::database(self.db, variable)
            .and_then(|database| Ok((database, config::zone(std::env::var("TZ").ok().as_deref())?)))
            .map_err(Failure::from)
            .and_then(|(database, zone)| {
                let context = Context { database, zone };
                match self.command {
                    Command::Add(args) => args.run(&context),
                    Command::List(args) => args.run(&context),
                    Command::Done(args) => args.run(&context),
                    Command::Delete(args) => args.run(&context),
                    Command::Paths(args) => args.run(&context),
                    Command::Mcp(args) => args.run(&context),
                    Command::Serve(args) => args.run(&context),
                    Command::Token(args) => args.run(&context),
                    Command::Service(args) => args.run(&context),
                }
            });
        match done {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read the output has seen enough: `taskhold list | head -1`.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(failure) => {
                let _ = writeln!(io::stderr(), "taskhold: {failure}");
                ExitCode::from(if matches!(failure, Failure::Usage(_)) {
                    2
                } else {
                    1
                })
            }
        }
    }
}

impl Context {
    /// Returns the database's path with links followed, so that the files beside it are the same for every process.
    fn settled_database(&self) -> PathBuf {
        std::fs::canonicalize(&self.database).unwrap_or_else(|_| self.database.clone())
    }

    fn reader(&self) -> Result<Store, Error> {
        Store::open(&self.database, Access::Read)
    }

    /// Runs `command` as the command line's own client.
    fn execute(&self, command: &TaskCommand) -> Result<Outcome, Error> {
        let caller = Caller {
            zone: self.zone,
            actor: Actor::named("cli"),
            now: render::now(),
        };
        Store::open(&self.database, Access::Write)?.execute(command, &caller)
    }
}

/// Prints a line for each task of `outcome`: `done` where it changed, `unchanged` where it did not.
fn report(context: &Context, outcome: &Outcome, done: &str, unchanged: &str) -> CliResult {
    let mut out = io::stdout().lock();
    for edit in &outcome.edits {
        let changed = edit.before.as_ref() != Some(&edit.after);
        writeln!(
            out,
            "{} {}",
            if changed { done } else { unchanged },
            render::line(&edit.after, render::now(), context.zone)
        )?;
    }
    Ok(())
}
