//! The command line: what can be called, and what each call exits with.
//!
//! Results go to stdout, everything else to stderr. Exit status 0: done; 1: failed; 2: the call itself was wrong.

use std::{
    cell::Cell,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::{
    command::{Caller, Command as TaskCommand, Outcome},
    config::{Color, Config, ConfigError, Loaded},
    error::Error,
    http,
    install::Refusal,
    render,
    store::{self, Access, Store, db::Doorbell},
    task::{Actor, Invalid, TaskId},
    text,
};

mod add;
mod backup;
mod comment;
mod completions;
mod config;
mod delete;
mod doctor;
mod edit;
mod export;
mod fields;
mod filters;
mod form;
mod help;
mod hint;
mod ids;
mod import;
mod install;
mod list;
mod log;
mod man;
mod mcp;
mod moves;
mod next;
mod paths;
mod prime;
mod quick;
mod relative;
mod report;
mod restore;
mod screen;
mod search;
mod serve;
mod service;
mod sheet;
mod show;
mod stop;
mod table;
mod token;
mod topics;
mod undo;
mod watch;
mod width;

use screen::{Screen, json_line};

/// Keep your tasks in one place, for every AI host and every shell
///
/// At a terminal, lists are tables; in a pipe they are plain lines. Exit status: 0 done, 1 failed, 2 wrong call.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, disable_help_subcommand = true, after_help = format!("{EXAMPLES}\n\n{}", topics::list()))]
pub struct Cli {
    #[arg(long, global = true, value_name = "PATH", help = DATABASE_HELP)]
    db: Option<PathBuf>,
    /// Print one JSON object, of a shape that keeps its version; errors too, on stderr
    #[arg(long, global = true)]
    json: bool,
    /// Use colours: auto (at a terminal), always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true
    )]
    color: Option<Color>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  taskhold add Pay rent due:fri +home project:flat !high repeat:monthly
  taskhold list today
  taskhold done 12 13
  taskhold undo";

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::AddArgs),
    List(list::ListArgs),
    Next(next::NextArgs),
    Show(show::ShowArgs),
    Search(search::SearchArgs),
    Edit(edit::EditArgs),
    Start(moves::StartArgs),
    Done(moves::DoneArgs),
    Reopen(moves::ReopenArgs),
    Cancel(moves::CancelArgs),
    Comment(comment::CommentArgs),
    Delete(delete::DeleteArgs),
    Undo(undo::UndoArgs),
    Log(log::LogArgs),
    Watch(watch::WatchArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Doctor(doctor::DoctorArgs),
    Paths(paths::PathsArgs),
    Config(config::ConfigArgs),
    Install(install::InstallArgs),
    Prime(prime::PrimeArgs),
    Mcp(mcp::McpArgs),
    Serve(serve::ServeArgs),
    Token(token::TokenArgs),
    Service(service::ServiceArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Help(help::HelpArgs),
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(#[from] ConfigError),
    /// The call itself was wrong.
    #[error("{message}")]
    Call { message: String, hint: String },
    #[error("{}", .0.with_causes())]
    Failed(#[from] Error),
    /// A text from an editor was not used; it is still there.
    #[error("{}; nothing was changed, and the text is kept in {}", .error.with_causes(), .path.display())]
    Kept {
        error: Error,
        path: PathBuf,
        id: TaskId,
    },
    #[error(transparent)]
    Install(#[from] Refusal),
    #[error("{0}")]
    Input(String),
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
    /// The result says it.
    #[error("see above")]
    Told,
}

impl Failure {
    fn call(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Call {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// What clap says in paragraphs: what is wrong, and then how it would be right.
    fn of_usage(error: &clap::Error) -> Self {
        let said = error.render().to_string();
        let (what, how) = said.split_once("\n\n").unwrap_or((&said, ""));
        Self::call(what.trim_start_matches("error: ").trim(), how.trim())
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) | Self::Call { .. } => 2,
            _ => 1,
        })
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Failed(invalid.into())
    }
}

const DATABASE_HELP: &str = "Database to use, as an absolute path [default: $TASKHOLD_DB, else that of config.toml, else tasks.db in your data directory]";

type CliResult<T = ()> = Result<T, Failure>;

/// What every command is given.
#[derive(Clone)]
struct Context {
    database: PathBuf,
    caller: Caller,
    screen: Screen,
    config: Config,
    /// Tasks were changed, so the backup of the day is due.
    has_written: Cell<bool>,
}

impl Cli {
    /// Reads the command line. Where a shell asks what could stand there, answers that and ends the program.
    pub fn read() -> Self {
        completions::answer();
        Self::try_parse().unwrap_or_else(|error| {
            // Nothing is parsed that could say how to print it.
            let mut options = std::env::args_os().take_while(|argument| argument != "--");
            if error.use_stderr() && options.any(|argument| argument == "--json") {
                let _ = failed(
                    &Failure::of_usage(&error),
                    Screen::new(true, Color::Never),
                    None,
                );
                std::process::exit(error.exit_code());
            }
            error.exit()
        })
    }

    /// Runs the command and reports on stderr what went wrong.
    pub fn run(self) -> ExitCode {
        let screen = Screen::new(self.json, self.color.unwrap_or_default());
        let config = Loaded::load(self.db, self.color, |name| std::env::var_os(name));
        let done = match self.command {
            // Help helps also where the settings cannot be read.
            Command::Completions(args) => args.run(),
            Command::Man(args) => args.run(),
            Command::Help(args) => args.run(),
            Command::Config(args) => args.run(&config, screen),
            command => match command.settings(config) {
                Err(failure) => Err(failure),
                Ok(config) => {
                    let screen = Screen::new(self.json, config.color.value);
                    let context = Context::new(config, screen);
                    let done = command.run(&context).inspect(|()| context.back_up_daily());
                    return ended(done, screen, Some(&context));
                }
            },
        };
        ended(done, screen, None)
    }
}

/// Says how it ended, with an exit status for scripts.
fn ended(done: CliResult, screen: Screen, context: Option<&Context>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough: `taskhold list | head -1`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Told) => ExitCode::from(1),
        Err(failure) => failed(&failure, screen, context),
    }
}

impl Command {
    /// Returns the settings to run with, having told on stderr what is passed over in them.
    fn settings(&self, config: Loaded) -> Result<Config, Failure> {
        let config = config.settled()?;
        let mut said: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        match config.problems.first() {
            Some(problem) if !self.goes_on() => return Err(problem.clone().into()),
            _ => said.extend(
                config
                    .problems
                    .iter()
                    .map(|problem| format!("{problem}; the default holds instead")),
            ),
        }
        report::say(&said);
        Ok(config)
    }

    /// Reports whether it runs though a setting cannot be used: what AI hosts start must not be gone by a slip in a
    /// file, and what looks for faults must run where there are some.
    fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::Mcp(_)
                | Self::Serve(_)
                | Self::Prime(_)
                | Self::Install(_)
                | Self::Service(_)
                | Self::Token(_)
                | Self::Paths(_)
                | Self::Doctor(_)
        )
    }

    fn run(self, context: &Context) -> CliResult {
        match self {
            Self::Add(args) => args.run(context),
            Self::List(args) => args.run(context),
            Self::Next(args) => args.run(context),
            Self::Show(args) => args.run(context),
            Self::Search(args) => args.run(context),
            Self::Edit(args) => args.run(context),
            Self::Start(args) => args.run(context),
            Self::Done(args) => args.run(context),
            Self::Reopen(args) => args.run(context),
            Self::Cancel(args) => args.run(context),
            Self::Comment(args) => args.run(context),
            Self::Delete(args) => args.run(context),
            Self::Undo(args) => args.run(context),
            Self::Log(args) => args.run(context),
            Self::Watch(args) => args.run(context),
            Self::Export(args) => args.run(context),
            Self::Import(args) => args.run(context),
            Self::Backup(args) => args.run(context),
            Self::Restore(args) => args.run(context),
            Self::Doctor(args) => args.run(context),
            Self::Paths(args) => args.run(context),
            Self::Install(args) => args.run(context),
            Self::Prime(args) => args.run(context),
            Self::Mcp(args) => args.run(context),
            Self::Serve(args) => args.run(context),
            Self::Token(args) => args.run(context),
            Self::Service(args) => args.run(context),
            // Run before: they need no database.
            Self::Completions(_) | Self::Man(_) | Self::Help(_) | Self::Config(_) => Ok(()),
        }
    }
}

/// Says on stderr what went wrong and what to do next.
fn failed(failure: &Failure, screen: Screen, context: Option<&Context>) -> ExitCode {
    #[derive(Serialize)]
    struct Report {
        error: Body,
    }
    #[derive(Serialize)]
    struct Body {
        code: &'static str,
        message: String,
        hint: Option<String>,
    }
    // What a message quotes may hold anything: an argument, a path.
    let message = text::clean(&failure.to_string()).text;
    let hint = failure.hint(|| context?.reader().ok());
    let hint = hint.map(|hint| text::clean(&hint).text);
    let said = if screen.json {
        let code = failure.code();
        json_line(&Report {
            error: Body {
                code,
                message,
                hint,
            },
        })
    } else {
        let hint = hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        format!("taskhold: {message}{hint}")
    };
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{said}");
    failure.exit_code()
}

impl Context {
    fn new(config: Config, screen: Screen) -> Self {
        let caller = Caller {
            zone: config.zone.value,
            actor: Actor::named("cli"),
            now: render::now(),
        };
        Self {
            database: config.database.value.clone(),
            caller,
            screen,
            config,
            has_written: Cell::new(false),
        }
    }

    /// Returns the database's path with links followed, so that the files beside it are the same for every process.
    fn settled_database(&self) -> PathBuf {
        std::fs::canonicalize(&self.database).unwrap_or_else(|_| self.database.clone())
    }

    fn reader(&self) -> Result<Store, Error> {
        Store::open(&self.database, Access::Read)
    }

    /// Runs `command` as the command line's own client, and tells other processes of it.
    fn write(&self, command: &TaskCommand) -> Result<(Store, Outcome), Error> {
        let mut store = Store::open(&self.database, Access::Write)?;
        let outcome = store.execute(command, &self.caller)?;
        if outcome.group.is_some() {
            Doorbell::new(store.paths()).ring();
            self.has_written.set(true);
        }
        Ok((store, outcome))
    }

    /// Takes the backup of the day after a write, once its result is printed.
    fn back_up_daily(&self) {
        if self.has_written.get()
            && let Err(error) = store::backup::take_daily(&self.database, render::now())
        {
            tracing::warn!("no backup today: {}", error.with_causes());
        }
    }
}
