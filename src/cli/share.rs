//! `taskhold share`

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use serde_json::json;

use super::{CliResult, Context, Failure, report::say};
use crate::{
    disk::shell_word,
    domain::task::Actor,
    share::{environment::Environment, secrets::Secrets},
    store::{Access, Store, db::Doorbell},
};

/// The longest name of a member, in characters.
const MEMBER_CHARS: usize = 24;

/// Share these tasks with your other machines, or with a team
///
/// Every machine keeps all tasks in its own file and reads them there. Each change is appended to one shared log first, which an
/// object store (S3) or an rqlite cluster keeps; what goes there is sealed. Without the log tasks can be read, and not changed.
/// See docs/machines.md.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold share init s3://my-bucket/tasks
  taskhold share code
  taskhold share join
  taskhold share status")]
pub(super) struct ShareArgs {
    #[command(subcommand)]
    command: ShareCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ShareCommand {
    /// Begin a shared log with the tasks that are here
    ///
    /// PLACE is `s3://BUCKET/FOLDER`, a folder for this log alone, or `rqlite://HOST:PORT,HOST:PORT`. Endpoint, region and
    /// credentials of an object store are read as the AWS tools read them; those of rqlite from `TASKHOLD_RQLITE_USER` and
    /// `TASKHOLD_RQLITE_PASSWORD`. The store is examined first: one that would lose changes is refused.
    #[command(after_help = "Examples:
  taskhold share init s3://my-bucket/tasks
  taskhold share init rqlite://10.0.0.1,10.0.0.2,10.0.0.3 --member anna")]
    Init {
        /// Where the log is to be kept
        #[arg(value_name = "PLACE")]
        place: String,
        /// Your name in a team; changes made on this machine are signed with it
        #[arg(long, value_name = "NAME")]
        member: Option<String>,
    },
    /// Print the code by which another machine joins
    ///
    /// Whoever has the code can read and change every task, once the store lets them in. It is printed at a terminal alone, or
    /// with --show.
    Code {
        /// Print it also where no terminal is
        #[arg(long)]
        show: bool,
    },
    /// Join the shared log whose code is typed or comes on standard input
    ///
    /// The tasks of the log take the place of those here, which are backed up, and come back under new numbers as tasks of all.
    #[command(after_help = "Examples:
  taskhold share join
  taskhold share join --member ben < code.txt")]
    Join {
        /// Your name in a team; changes made on this machine are signed with it
        #[arg(long, value_name = "NAME")]
        member: Option<String>,
        #[arg(value_name = "CODE", hide = true)]
        code: Option<String>,
    },
    /// Show how far this machine has followed, and whether the log answers
    ///
    /// Exit status 1 if it does not answer or cannot be followed; what is known here is printed all the same.
    Status,
    /// Stop sharing on this machine; the tasks stay
    Leave,
    /// Raise the format of the log, once every machine has a taskhold that knows the new one
    ///
    /// Until then programs of several versions share the log in the format that all of them know. From then on an older program
    /// reads the tasks it has, and stops following. It is refused while a machine that wrote in the last 30 days has one.
    #[command(after_help = "Example:
  taskhold share upgrade")]
    Upgrade {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Go on with a new log under a new key, so that a machine that was lost is out
    ///
    /// The new log begins with all tasks, and the old one ends. Each other machine stops there until it has joined the
    /// new one. Where this machine cannot follow the old log to its end, it asks whether the rest of that is left out.
    #[command(after_help = "Example:
  taskhold share rekey s3://my-bucket/tasks-2")]
    Rekey {
        /// Where the new log is to be kept; another place than that of the old one
        #[arg(value_name = "PLACE")]
        place: String,
        /// Do not ask whether entries that cannot be read are left out
        #[arg(long, short)]
        yes: bool,
    },
}

mod join;
mod new_log;
mod status;
mod upgrade;

impl ShareArgs {
    /// Reports whether it looks how far this machine has followed.
    pub(super) fn shows_status(&self) -> bool {
        matches!(self.command, ShareCommand::Status)
    }

    pub(super) fn run(self, context: &Context) -> CliResult {
        match self.command {
            ShareCommand::Init { place, member } => new_log::init(context, &place, member),
            ShareCommand::Code { show } => code(context, show),
            ShareCommand::Join { code: Some(_), .. } => Err(code_as_argument()),
            ShareCommand::Join { member, code: None } => join::join(context, member),
            ShareCommand::Status => status::status(context),
            ShareCommand::Leave => leave(context),
            ShareCommand::Upgrade { yes } => upgrade::upgrade(context, yes),
            ShareCommand::Rekey { place, yes } => new_log::rekey(context, &place, yes),
        }
    }
}

/// Says what is wrong with a join code in a call. Nothing of it is shown.
pub(super) fn code_as_argument() -> Failure {
    Failure::call(
        "a join code is not given as an argument: every user of this machine can see it, and the shell keeps it",
        "taskhold share join asks for it; or: taskhold share join < FILE. This one may be in the shell's history now: taskhold share rekey PLACE makes a new key",
    )
}

/// Returns a member's name as changes are signed with it.
fn member_name(name: Option<String>) -> CliResult<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    let clean = Actor::named(&name).as_str().to_owned();
    if name.trim().is_empty() || clean.chars().count() > MEMBER_CHARS || clean.contains('@') {
        return Err(Failure::call(
            format!("a member's name has 1 to {MEMBER_CHARS} characters, and no @"),
            "give --member anna",
        ));
    }
    Ok(Some(clean))
}

/// Says that others can read the file which the credentials for `secrets` come from. As JSON, a result stands alone.
fn warn_of_credentials(context: &Context, secrets: &Secrets) {
    let place = &secrets.code.place;
    let file = place.open_credentials_file(&Environment::of_process(), secrets.login.as_ref());
    if let Some(file) = file.filter(|_| !context.screen.json) {
        let (shown, word) = (file.display(), shell_word(file.display()));
        say(&[format!(
            "{shown} holds the credentials of the store, and others can read it: chmod 600 {word}"
        )]);
    }
}

/// Returns what opens the shared log of the database.
fn secrets(store: &Store) -> CliResult<Secrets> {
    let Some(state) = store.shared_state()? else {
        return Err(Failure::input("these tasks are not shared")
            .with_hint("taskhold share init PLACE shares them; taskhold share join joins others"));
    };
    Ok(store.secrets_of(&state)?)
}

/// Asks a question at the terminal.
fn is_agreed(question: &str) -> CliResult<bool> {
    let mut stderr = io::stderr();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

fn code(context: &Context, show: bool) -> CliResult {
    let code = secrets(&context.reader_of_all_but_tasks()?)?.code;
    if !(show || io::stdout().is_terminal()) {
        return Err(Failure::call(
            "the join code opens every task, and standard output is no terminal",
            "taskhold share code --show prints it all the same",
        ));
    }
    if context.screen.json {
        return Ok(context
            .screen
            .print_json(&json!({ "code": code.to_string() }))?);
    }
    Ok(context.screen.print(&format!("{code}\n"))?)
}

fn leave(context: &Context) -> CliResult {
    let mut store = Store::open(&context.database, Access::Write)?;
    if !store.is_shared()? {
        return Err(Failure::input("these tasks are not shared"));
    }
    store.leave()?;
    Doorbell::new(store.paths()).ring();
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({ "left": true }))?);
    }
    Ok(context.screen.print(
        "Left the shared log. The tasks stay here, and what is changed from now on nobody else hears of. The key and the credentials of the log are removed from this machine.\nShould it join again: new tasks come along then; a task that is shared stays as the others have it, and what was changed in it here is in a backup.\n",
    )?)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
