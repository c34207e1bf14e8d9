//! What every command is given: settings, screen, who calls, and the way to the database.

use std::{
    cell::Cell,
    io,
    path::{Path, PathBuf},
};

use super::{CliResult, failure::Failure, report, screen::Screen};
use crate::{
    clock,
    config::{self as settings, Config, Source},
    disk,
    domain::{
        command::{Caller, CallerSession, Command as TaskCommand, Outcome},
        error::Error,
        session::SessionId,
        task::Actor,
        text,
    },
    store::{self, Access, Paths, Store, db::Doorbell},
};

/// What every command is given.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) database: PathBuf,
    pub(super) caller: Caller,
    pub(super) screen: Screen,
    pub(super) config: Config,
    /// Tasks were changed, so the backup of the day is due.
    pub(super) has_written: Cell<bool>,
    /// It was said that the database is not there.
    pub(super) has_said_missing: Cell<bool>,
    /// It was said how old the tasks are.
    pub(super) has_said_age: Cell<bool>,
}

/// Returns a database's path with links followed.
pub(super) fn settled(database: &Path) -> PathBuf {
    disk::canonicalize(database).unwrap_or_else(|_| database.to_owned())
}

impl Context {
    pub(super) fn new(config: Config, screen: Screen) -> Self {
        let mut caller = Caller {
            zone: config.zone.value,
            actor: Actor::shells(),
            now: clock::now(),
            session: Some(CallerSession {
                id: SessionId::shells(),
                client: Actor::shells(),
            }),
        };
        if let Some(member) = store::member(&settled(&config.database.value)) {
            caller = caller.of_member(&member);
        }
        Self {
            database: config.database.value.clone(),
            caller,
            screen,
            config,
            has_written: Cell::new(false),
            has_said_missing: Cell::new(false),
            has_said_age: Cell::new(false),
        }
    }

    /// Returns the command line's own client, of no member.
    pub(super) fn unsigned_caller(&self) -> Caller {
        Caller {
            actor: Actor::shells(),
            session: Some(CallerSession {
                id: SessionId::shells(),
                client: Actor::shells(),
            }),
            ..self.caller.clone()
        }
    }

    /// Returns the database's path with links followed, so that the files beside it are the same for every process.
    pub(super) fn settled_database(&self) -> PathBuf {
        settled(&self.database)
    }

    /// Returns the database if another call of this program must be told which, since it would not find it by itself:
    /// what calls it has few of this shell's variables.
    pub(super) fn named_database(&self) -> Option<&Path> {
        let database = &self.database;
        let is_named = matches!(self.config.database.source, Source::Flag(_));
        (is_named || !settings::is_usual(database)).then_some(database)
    }

    /// Refuses a database that cannot be used, before files of a daemon are made beside it. One that is not there is none of those.
    pub(super) fn refuse_unusable(&self) -> Result<(), Error> {
        Store::open_as_it_is(&self.database).map(|_| ())
    }

    /// Opens the database to look only: one that is not there is not made, and reads as one without tasks; where the
    /// call or a setting names it, that is said.
    /// How old shared tasks are is said.
    pub(super) fn reader(&self) -> Result<Store, Error> {
        let store = self.reader_of_all_but_tasks()?;
        self.say_age(&store)?;
        Ok(store)
    }

    /// Likewise, where no tasks are shown, so that their age does not matter.
    pub(super) fn reader_of_all_but_tasks(&self) -> Result<Store, Error> {
        if self.is_missing() {
            self.say_missing();
            return Store::blank(&self.database);
        }
        Store::open(&self.database, Access::Read)
    }

    /// Fetches what other machines changed, if any share the database.
    pub(super) fn fetch(&self) -> Result<(), Error> {
        if self.is_missing() {
            return Ok(());
        }
        let mut store = Store::open(&self.database, Access::Write)?;
        if store.follow()?.is_some() {
            Doorbell::new(store.paths()).ring();
        }
        Ok(())
    }

    /// Reports whether this call names the database, and no setting.
    pub(super) fn is_named_by_call(&self) -> bool {
        matches!(self.config.database.source, Source::Flag(_))
    }

    /// Reports whether the database is not there.
    fn is_missing(&self) -> bool {
        let found = self.database.symlink_metadata();
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Says that the database is not there, where the call or a setting names it.
    fn say_missing(&self) {
        // On the first day there is none yet. As JSON, an error stands alone.
        let is_usual = matches!(self.config.database.source, Source::Default);
        if !(is_usual || self.screen.json || self.has_said_missing.replace(true)) {
            let path = text::clean(&self.database.display().to_string()).text;
            report::say(&[format!("{path} is not there yet: no tasks")]);
        }
    }

    /// Refuses a command that needs a database which is there: one that is not would be made by it, with nothing in it.
    pub(super) fn refuse_missing(&self) -> CliResult {
        if !self.is_missing() {
            return Ok(());
        }
        // One whose log is still there was made, and the refusal says so.
        Store::blank(&self.database)?;
        let path = text::clean(&self.database.display().to_string()).text;
        Err(Failure::input(format!("{path} is not there yet"))
            .with_hint("taskhold add makes it; --db FILE names another"))
    }

    /// Says how old the tasks are that other machines may have changed since. As JSON, a result stands alone, and says it itself.
    fn say_age(&self, store: &Store) -> Result<(), Error> {
        if self.screen.json || self.has_said_age.replace(true) {
            return Ok(());
        }
        if let Some(heard) = self.as_of(store)? {
            report::say(&[format!(
                "tasks as of {heard}; --fresh fetches what other machines changed since"
            )]);
        }
        Ok(())
    }

    /// Returns as of when the tasks are, where that is to be said.
    pub(super) fn as_of(&self, store: &Store) -> Result<Option<String>, Error> {
        let heard = store.stale_since()?;
        Ok(heard.map(|heard| crate::render::instant(heard, self.caller.zone)))
    }

    /// Runs `command` as the command line's own client, and tells other processes of it.
    /// A command that needs tasks makes no database where there is none.
    pub(super) fn write(&self, command: &TaskCommand) -> CliResult<Outcome> {
        if self.is_missing()
            && let Some(outcome) = command.without_tasks(&self.caller)
        {
            Store::blank(&self.database)?;
            self.say_missing();
            return outcome.map_err(Failure::Failed);
        }
        let mut store = Store::open(&self.database, Access::Write)?;
        let outcome = store.execute(command, &self.caller);
        let outcome = outcome.map_err(Failure::Failed)?;
        if outcome.group.is_some() {
            self.changed(store.paths());
        }
        Ok(outcome)
    }

    /// What every command does that has committed a change: tells other processes of it, and remembers that the backup of
    /// the day is due.
    pub(super) fn changed(&self, paths: &Paths) {
        Doorbell::new(paths).ring();
        self.has_written.set(true);
    }

    /// Reports whether the command has committed a change.
    pub(super) fn has_written(&self) -> bool {
        self.has_written.get()
    }

    /// Takes the backup of the day after a write, once its result is printed.
    pub(super) fn back_up_daily(&self) {
        if self.has_written()
            && let Err(error) = store::backup::take_daily(&self.database, clock::now())
        {
            tracing::warn!("no backup today: {}", error.with_causes());
        }
    }
}
