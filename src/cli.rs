//! The command line: what can be called, and what each call exits with.
//!
//! Each command has a file of its name, with its help and its examples: `add`, `backup`, `board`, `comment`, `completions`,
//! `config`, `delete`, `doctor`, `edit`, `export`, `help`, `import`, `install`, `list`, `log`, `man`, `mcp`, `next`, `paths`,
//! `prime`, `restore`, `search`, `serve`, `service`, `share`, `show`, `token`, `undo`, `uninstall` and `watch`; `projects` and `tags` are in `names`;
//! `start`, `done`, `skip`, `reopen`, `cancel` and `undelete` in `transitions`. The other files serve several commands:
//!
//! | file | what it holds |
//! |---|---|
//! | `context` | what every command is given: settings, screen, caller, the way to the database |
//! | `call` | parses the command line, and rewrites what clap says is wrong with it; words that begin with a dash are in `call/dashes` |
//! | `fields` | fields given by flags and quick words, turned into drafts and patches |
//! | `filters` | a view and filters given by flags and quick words |
//! | `chosen` | the tasks a command changes: ids, or the words of a list |
//! | `ids` | ids given as arguments or on standard input |
//! | `input` | text from standard input and from files, bounded |
//! | `edit_text` | a task as the text that an editor opens, and the text parsed |
//! | `screen` | output: a table at a terminal, lines in a pipe, JSON |
//! | `table` | a list of tasks as a table |
//! | `task_details` | one task in full |
//! | `history` | changes as a table or as lines |
//! | `report` | the result of a command that changes tasks |
//! | `relative` | times relative to now: `tomorrow 17:30`, `3 days ago` |
//! | `width` | columns that text takes at a terminal |
//! | `live_terminal` | the alternate screen of `watch`, its keys and signals |
//! | `stop` | SIGINT and SIGTERM: the first ends gracefully, the second at once |
//! | `failure` | errors of commands, their codes and exit status |
//! | `hint` | the next command to type after an error |
//! | `topics` | the texts of `taskhold help TOPIC` |
//!
//! Results go to stdout, everything else to stderr. Exit status 0: done; 1: the operation failed; 2: the command line or a
//! setting is wrong.

use std::{
    hint::black_box,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::LazyLock,
};

use clap::{
    CommandFactory as _, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
};
use serde::Serialize;

use crate::{
    config::{Color, Config, Loaded},
    disk::fail_writes_past_limit,
    domain::text,
    store,
};

mod add;
mod backup;
mod board;
mod call;
mod chosen;
mod comment;
mod completions;
mod config;
mod context;
mod delete;
mod doctor;
mod edit;
mod edit_text;
mod export;
mod failure;
mod fields;
mod filters;
mod help;
mod hint;
mod history;
mod ids;
mod import;
mod input;
mod install;
mod list;
mod live_terminal;
mod log;
mod man;
mod mcp;
mod names;
mod next;
mod paths;
mod prime;
mod relative;
mod report;
mod restore;
mod screen;
mod search;
mod serve;
mod service;
mod share;
mod show;
mod stop;
mod table;
mod task_details;
mod token;
mod topics;
mod transitions;
mod undo;
mod uninstall;
mod watch;
mod width;

use context::Context;
use failure::Failure;
use screen::{Screen, json_line};

/// Keep your tasks in one place, for every AI host and every shell
///
/// At a terminal, lists are tables; in a pipe they are plain lines. Exit status: 0 done, 1 failed, 2 wrong command
/// line or setting.
#[derive(Debug, Parser)]
#[command(bin_name = "taskhold", version, long_version = LONG_VERSION.as_str(), propagate_version = true, disable_help_subcommand = true, after_help = format!("{EXAMPLES}\n\n{}", topics::list()))]
pub struct Cli {
    #[arg(long, global = true, value_name = "PATH", help = DATABASE_HELP, value_parser = path())]
    db: Option<PathBuf>,
    /// Print one JSON object with a versioned schema; errors too, on stderr
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
    /// Of tasks that machines share: first fetch what the others changed
    #[arg(long, global = true)]
    fresh: bool,
    #[command(subcommand)]
    command: Command,
}

/// The commit it was built from, between marks: nothing is there if that is not known.
const BUILT_FROM: &str = concat!("taskhold-commit:", env!("TASKHOLD_COMMIT_BUILT"), ";");

/// The version, the commit it was built from where that is known, and SQLite's version, each on a line.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    // As the compiler cannot foresee it, the text stays whole in the program, where `release/build` looks for it.
    let commit = black_box(BUILT_FROM).trim_end_matches(';');
    let commit = match commit.rsplit_once(':') {
        Some((_, commit)) if !commit.is_empty() => format!("\ncommit {commit}"),
        _ => String::new(),
    };
    let (version, sqlite) = (env!("CARGO_PKG_VERSION"), store::sqlite_version());
    format!("{version}{commit}\nSQLite {sqlite}")
});

const EXAMPLES: &str = "\
Examples:
  taskhold add Pay rent due:fri +home project:flat pri:high repeat:monthly
  taskhold list today
  taskhold done 12 13
  taskhold undo";

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Add(add::AddArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    Projects(names::ProjectsArgs),
    Tags(names::TagsArgs),
    Next(next::NextArgs),
    #[command(alias = "info")]
    Show(show::ShowArgs),
    #[command(alias = "find")]
    Search(search::SearchArgs),
    #[command(aliases = ["modify", "mod"])]
    Edit(edit::EditArgs),
    Start(transitions::StartArgs),
    #[command(alias = "complete")]
    Done(transitions::DoneArgs),
    Skip(transitions::SkipArgs),
    Reopen(transitions::ReopenArgs),
    Cancel(transitions::CancelArgs),
    #[command(alias = "annotate")]
    Comment(comment::CommentArgs),
    #[command(aliases = ["rm", "remove"])]
    Delete(delete::DeleteArgs),
    #[command(aliases = ["untrash", "recover"])]
    Undelete(transitions::UndeleteArgs),
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
    Board(board::BoardArgs),
    Token(token::TokenArgs),
    Service(service::ServiceArgs),
    Share(share::ShareArgs),
    Uninstall(uninstall::UninstallArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Help(help::HelpArgs),
}

const DATABASE_HELP: &str = "Database to use, as an absolute path [default: $TASKHOLD_DB, else that of config.toml, else tasks.db in your data directory]";

/// Takes any path, an empty one too: what is wrong with it is said as of one from another source, and a server goes on.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

type CliResult<T = ()> = Result<T, Failure>;

/// Returns the command line with every command made. To read a call, only the command that is called is: that is half of
/// the work of reading it.
fn whole() -> clap::Command {
    let mut whole = Cli::command();
    whole.build();
    whole
}

impl Cli {
    /// Reads the command line. Where a shell asks what could stand there, answers that and ends the program.
    pub fn read() -> Self {
        call::read()
    }

    /// Runs the command and reports on stderr what went wrong.
    pub fn run(self) -> ExitCode {
        fail_writes_past_limit();
        let screen = Screen::new(self.json, self.color.unwrap_or_default());
        if self.fresh && !self.command.can_be_fresh() {
            let failure = Failure::call(
                "--fresh is for commands that read or change tasks, and this is none",
                "leave it out",
            );
            return ended(Err(failure), screen, None);
        }
        let config = Loaded::load(self.db, self.color, |name| std::env::var_os(name));
        let done = match self.command {
            // Help helps also where the settings cannot be read.
            Command::Completions(args) => args.run(),
            Command::Man(args) => args.run(),
            Command::Help(args) => args.run(),
            Command::Config(args) => args.run(&config, screen),
            Command::Mcp(args) if config.database.is_err() => {
                let database = config.database.map(|database| database.value);
                args.serve(database, config.zone.value)
            }
            command => match command.settings(config) {
                Err(failure) => Err(failure),
                Ok(config) => {
                    let screen = Screen::new(self.json, config.color.value);
                    let context = Context::new(config, screen);
                    let fetched = if self.fresh && !command.follows() {
                        context.fetch().map_err(Failure::Failed)
                    } else {
                        Ok(())
                    };
                    let done = fetched
                        .and_then(|()| command.run(&context))
                        .inspect(|()| context.back_up_daily());
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

    /// Reports whether the command runs although a setting cannot be used: a typo in config.toml must not stop a server
    /// that an AI host starts, and commands that look for faults must run where there are some.
    fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::Mcp(_)
                | Self::Serve(_)
                | Self::Prime(_)
                | Self::Install(_)
                | Self::Service(_)
                | Self::Uninstall(_)
                | Self::Token(_)
                | Self::Paths(_)
                | Self::Doctor(_)
        )
    }

    /// Reports whether it reads or changes tasks, so that what other machines changed can be fetched before.
    fn can_be_fresh(&self) -> bool {
        match self {
            Self::Backup(args) => !args.only_lists(),
            Self::Share(args) => args.shows_status(),
            Self::Doctor(_)
            | Self::Paths(_)
            | Self::Config(_)
            | Self::Install(_)
            | Self::Token(_)
            | Self::Service(_)
            | Self::Uninstall(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Help(_) => false,
            _ => true,
        }
    }

    /// Reports whether it fetches by itself what other machines change, and must begin also where their log does not answer.
    fn follows(&self) -> bool {
        matches!(self, Self::Mcp(_) | Self::Serve(_))
    }

    fn run(self, context: &Context) -> CliResult {
        match self {
            Self::Add(args) => args.run(context),
            Self::List(args) => args.run(context),
            Self::Projects(args) => args.run(context),
            Self::Tags(args) => args.run(context),
            Self::Next(args) => args.run(context),
            Self::Show(args) => args.run(context),
            Self::Search(args) => args.run(context),
            Self::Edit(args) => args.run(context),
            Self::Start(args) => args.run(context),
            Self::Done(args) => args.run(context),
            Self::Skip(args) => args.run(context),
            Self::Reopen(args) => args.run(context),
            Self::Cancel(args) => args.run(context),
            Self::Comment(args) => args.run(context),
            Self::Delete(args) => args.run(context),
            Self::Undelete(args) => args.run(context),
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
            Self::Board(args) => args.run(context),
            Self::Token(args) => args.run(context),
            Self::Service(args) => args.run(context),
            Self::Share(args) => args.run(context),
            Self::Uninstall(args) => args.run(context),
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
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    }
    // What a message quotes may hold anything: an argument, a path.
    let message = text::clean(&failure.to_string()).text;
    let hint = failure.hint(context);
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
        .unwrap_or_else(|error| error.to_string())
    } else {
        let hint = hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        format!("taskhold: {message}{hint}")
    };
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{said}");
    failure.exit_code()
}
