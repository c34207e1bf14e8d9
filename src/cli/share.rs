//! `taskhold share`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    ops::RangeInclusive,
    time::Duration,
};

use serde_json::json;

use super::{CliResult, Context, Failure, input, live_terminal::unshown_line, screen::can_ask};
use crate::{
    care::join::{self, Joined},
    domain::{error::Error, task::Actor, text::counted},
    share::{
        code::{CodeError, JoinCode},
        environment::Environment,
        log::{Log, LogError, Number},
        place::{Place, PlaceError},
        probe::{Lifecycle, Probed},
        seal::{Key, LogId},
        secrets::Secrets,
    },
    store::{Access, Ahead, Imported, Paths, Store, db::Doorbell},
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

mod status;
mod upgrade;

impl ShareArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        match self.command {
            ShareCommand::Init { place, member } => init(context, &place, member),
            ShareCommand::Code { show } => code(context, show),
            ShareCommand::Join { code: Some(_), .. } => Err(Failure::call(
                "a join code is not given as an argument: every user of this machine could see it, and the shell would keep it",
                "taskhold share join asks for it; or: taskhold share join < FILE",
            )),
            ShareCommand::Join { member, code: None } => join(context, member),
            ShareCommand::Status => status::status(context),
            ShareCommand::Leave => leave(context),
            ShareCommand::Upgrade { yes } => upgrade::upgrade(context, yes),
            ShareCommand::Rekey { place, yes } => rekey(context, &place, yes),
        }
    }
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

/// Returns the place of a new log; what it and the environment leave open is as at the place of the `old` one.
fn resolved(
    place: &str,
    environment: &Environment,
    old: Option<&Secrets>,
) -> Result<Place, PlaceError> {
    let place = place.parse::<Place>()?.resolved(environment)?;
    Ok(match old {
        Some(old) => place.in_store_of(&old.code.place),
        None => place,
    })
}

/// The entries of an old log that are not in the new one.
type LeftOut = Option<RangeInclusive<Number>>;

/// A log that is to be made.
struct NewLog {
    secrets: Secrets,
    log: Box<dyn Log>,
    probed: Probed,
}

impl NewLog {
    /// Draws a key for a log at `place`, and examines the engine there. Of the log nothing is written yet. What an attempt to begin a
    /// log there has `kept` when it was cut off is used again, and what is known of the engine from the `old` log.
    fn at(
        place: &str,
        member: Option<String>,
        kept: Option<Secrets>,
        old: Option<&Secrets>,
    ) -> CliResult<Self> {
        let wrong = |error: PlaceError| {
            Failure::call(
                error.to_string(),
                "taskhold share init s3://BUCKET/FOLDER, or rqlite://HOST:PORT,HOST:PORT",
            )
        };
        let environment = Environment::of_process();
        let place = resolved(place, &environment, old).map_err(wrong)?;
        let random =
            |error: getrandom::Error| Failure::input(format!("cannot make a key: {error}"));
        let login = place.login_to_keep(&environment);
        let code = JoinCode {
            place,
            log: LogId::generate().map_err(random)?,
            key: Key::generate().map_err(random)?,
        };
        let mut secrets = Secrets::new(code, login, member);
        if let Some(kept) = kept.filter(|kept| kept.code.place == secrets.code.place) {
            (secrets.code, secrets.machine) = (kept.code, kept.machine);
            secrets.login = secrets.login.or(kept.login);
        }
        if let Some(old) = old.filter(|old| old.code.place.is_same_engine(&secrets.code.place)) {
            secrets.login = secrets.login.or_else(|| old.login.clone());
        }
        if let Place::S3 { .. } = secrets.code.place {
            writeln!(
                io::stderr(),
                "Examining the store at {}: this may take half a minute.",
                secrets.code.place
            )?;
        }
        let refused = |error: LogError| not_shared(&error.to_string());
        let place = &secrets.code.place;
        let probed = place
            .probe(environment, secrets.login.as_ref())
            .map_err(refused)?;
        if let Some(Lifecycle::Harmful(rules)) = &probed.lifecycle {
            let rules = rules.join("; ");
            return Err(not_shared(&format!(
                "lifecycle rules of the bucket would take away what the log needs: {rules}; take them away, or name a folder that they leave alone"
            )));
        }
        let log = secrets.open(Environment::of_process()).map_err(refused)?;
        Ok(Self {
            secrets,
            log,
            probed,
        })
    }

    fn print(&self, store: &Store, said: &str, left_out: &LeftOut, context: &Context) -> CliResult {
        let (all, deleted) = store.count_all()?;
        let tasks = all - deleted;
        let place = &self.secrets.code.place;
        if context.screen.json {
            let mut body = json!({
                "place": place.to_string(),
                "tasks": tasks,
                "answer_ms": millis(self.probed.answer_time),
            });
            if let Some(left_out) = left_out {
                body["left_out"] = json!({ "first": left_out.start(), "last": left_out.end() });
            }
            return Ok(context.screen.print_json(&body)?);
        }
        let tasks = counted(i64::try_from(tasks).unwrap_or(i64::MAX), "task");
        let warning = clock_warning(&self.probed);
        let said = format!("Shared {tasks} at {place}.\n{warning}{said}");
        Ok(context.screen.print(&said)?)
    }
}

fn init(context: &Context, place: &str, member: Option<String>) -> CliResult {
    let member = member_name(member)?;
    let mut store = Store::open(&context.database, Access::Write)?;
    // Before anything is written to the place.
    store.refuse_shared()?;
    let kept = Secrets::load(&store.paths().share).ok();
    let mut new = NewLog::at(place, member, kept, None)?;
    store.share(&new.secrets, &mut *new.log)?;
    let said = "On the next machine: taskhold share join, with the code that taskhold share code prints here.\n";
    new.print(&store, said, &None, context)
}

fn rekey(context: &Context, place: &str, yes: bool) -> CliResult {
    let mut store = Store::open(&context.database, Access::Write)?;
    let old = secrets(&store)?;
    let is_there = |new: &Place| old.code.place.is_where(new);
    if resolved(place, &Environment::of_process(), Some(&old)).is_ok_and(|new| is_there(&new)) {
        return Err(Failure::call(
            format!(
                "{} is where the log is now: name another place",
                old.code.place
            ),
            match old.code.place {
                Place::S3 { .. } => "taskhold share rekey s3://BUCKET/OTHER-FOLDER",
                Place::Rqlite { .. } => {
                    "taskhold share rekey rqlite://HOST:PORT,HOST:PORT/OTHER-NAME"
                }
            },
        ));
    }
    let ahead = store.entries_ahead()?;
    if let Some(ahead) = &ahead
        && !(yes || is_left_out(ahead)?)
    {
        return Ok(context.screen.print("Nothing was changed.\n")?);
    }
    let mut new = NewLog::at(
        place,
        old.member.clone(),
        old.next.as_deref().cloned(),
        Some(&old),
    )?;
    let left_out = store.rekey(&new.secrets, &mut *new.log, ahead.is_some())?;
    let mut said = left_out.as_ref().map_or_else(String::new, |left_out| {
        format!(
            "{} of the old log {} not in it. A machine that has read further brings new tasks from there when it joins the new one; what was changed there in other tasks is in the backup that it makes then.\n",
            entries(left_out),
            if left_out.start() == left_out.end() { "is" } else { "are" },
        )
    });
    said.push_str("The old log takes no more changes. On each other machine that stays: taskhold share join with the new code.\n");
    new.print(&store, &said, &left_out, context)
}

fn entries(range: &RangeInclusive<Number>) -> String {
    let (first, last) = range.clone().into_inner();
    if first == last {
        format!("Entry {first}")
    } else {
        format!("Entries {first} to {last}")
    }
}

/// Asks whether the new log is to begin without what cannot be read.
fn is_left_out(ahead: &Ahead) -> CliResult<bool> {
    let what = entries(&(ahead.first..=ahead.last));
    let reason = &ahead.reason;
    if !can_ask() {
        return Err(Failure::input(format!(
            "this machine cannot follow the log to its end: {reason}. {what} would not be in the new log"
        ))
        .with_hint(
            "taskhold share rekey on a machine that has read further; if none has: taskhold share rekey PLACE --yes",
        ));
    }
    is_agreed(&format!(
        "This machine cannot follow the log to its end: {reason}. If another machine has read further, rekey there. {what} would not be in the new log. Begin it all the same? [y/N] "
    ))
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

fn clock_warning(probed: &Probed) -> String {
    match probed.skew_seconds {
        Some(seconds) if probed.is_clock_off() => format!(
            "The clock of this machine is {} seconds {} that of the store: set it right.\n",
            seconds.unsigned_abs(),
            if seconds > 0 { "behind" } else { "ahead of" }
        ),
        _ => String::new(),
    }
}

fn not_shared(reason: &str) -> Failure {
    Failure::Failed(Error::NotShared {
        reason: reason.to_owned(),
    })
}

/// Returns what opens the shared log of the database.
fn secrets(store: &Store) -> CliResult<Secrets> {
    let Some(state) = store.shared_state()? else {
        return Err(Failure::input("these tasks are not shared")
            .with_hint("taskhold share init PLACE shares them; taskhold share join joins others"));
    };
    Ok(store.secrets_of(&state)?)
}

fn code(context: &Context, show: bool) -> CliResult {
    let code = secrets(&context.reader()?)?.code;
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

fn read_code() -> CliResult<JoinCode> {
    let text = if io::stdin().is_terminal() {
        let line = unshown_line("Join code (it is not shown): ")?;
        line.ok_or_else(|| {
            Failure::input("a code cannot be typed here without being shown")
                .with_hint("taskhold share join < FILE, with the code in the file")
        })?
    } else {
        input::stdin_text()?
    };
    text.parse().map_err(|error: CodeError| {
        Failure::input(error.to_string())
            .with_hint("taskhold share code prints it, on a machine that shares the tasks")
    })
}

fn join(context: &Context, member: Option<String>) -> CliResult {
    let member = member_name(member)?;
    let code = read_code()?;
    let kept = Secrets::load(&Paths::new(&context.database).share).ok();
    // That of a log which has ended may be kept by the same engine.
    let kept = kept.filter(|kept| kept.code.place.is_same_engine(&code.place));
    let login = code.place.login_to_keep(&Environment::of_process());
    let login = login.or_else(|| kept.as_ref()?.login.clone());
    let mut secrets = Secrets::new(code, login, member.clone());
    if let Some(kept) = kept {
        secrets.machine = kept.machine;
        secrets.next = kept.next.filter(|_| kept.code == secrets.code);
    }
    let mut caller = context.caller.clone();
    if let Some(member) = &member {
        caller = context.unsigned_caller().of_member(member);
    }
    let joined = join::join(&context.database, &secrets, &caller)?;
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({
            "place": secrets.code.place.to_string(),
            "entry": joined.state.n,
            "tasks": joined.tasks,
            "brought": joined.brought.as_ref().map(|brought| json!({
                "new": brought.new,
                "here": brought.here,
                "differ": brought.differ,
                "group": brought.group,
                "first": brought.ends.as_ref().map(|[(first, _), _]| first.get()),
                "last": brought.ends.as_ref().map(|[_, (last, _)]| last.get()),
            })),
            "backup": joined.before.map(|backup| backup.path),
        }))?);
    }
    let said = said_of(&joined, &secrets);
    Ok(context.screen.print(&said)?)
}

fn said_of(joined: &Joined, secrets: &Secrets) -> String {
    let count = |number: u64| counted(i64::try_from(number).unwrap_or(i64::MAX), "task");
    let mut said = format!(
        "Joined {}: {} now.\n",
        secrets.code.place,
        count(joined.tasks)
    );
    if let Some(Imported {
        new,
        here,
        differ,
        ends,
        group,
        ..
    }) = &joined.brought
    {
        if let Some([(first, _), (last, _)]) = ends {
            let which = if first == last {
                format!("#{first}")
            } else {
                format!("#{first} to #{last}")
            };
            let _ = writeln!(
                said,
                "{} of this machine came along, now {which}{}.",
                count(*new),
                group.map_or_else(String::new, |group| format!(" (change group {group})"))
            );
        }
        if *here > 0 {
            let _ = writeln!(said, "{} of this machine were there already.", count(*here));
        }
        if *differ > 0 {
            let _ = writeln!(
                said,
                "{} of those said something else here; the shared ones stand, and what was here is in the backup.",
                count(*differ)
            );
        }
    }
    if let Some(before) = &joined.before {
        let _ = writeln!(said, "What was there before: {}", before.path.display());
    }
    said
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
