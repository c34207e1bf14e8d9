//! `taskhold share init` and `taskhold share rekey`: a new log

use std::{
    io::{self, Write as _},
    ops::RangeInclusive,
};

use serde_json::json;

use super::{is_agreed, member_name, millis, secrets, warn_of_credentials};
use crate::{
    cli::{CliResult, Context, Failure, screen::can_ask},
    domain::{error::Error, text::counted},
    share::{
        code::JoinCode,
        environment::Environment,
        log::{Log, LogError, Number},
        place::{Place, PlaceError},
        probe::{Lifecycle, Probed},
        seal::{Key, LogId},
        secrets::Secrets,
    },
    store::{Access, Ahead, Store},
};

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
        warn_of_credentials(context, &self.secrets);
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

pub(super) fn init(context: &Context, place: &str, member: Option<String>) -> CliResult {
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

pub(super) fn rekey(context: &Context, place: &str, yes: bool) -> CliResult {
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
