//! Joining a shared log: what it holds takes the place of the tasks that are here, and those come back as tasks of all.
//!
//! A database of its own follows the shared log first, however long that is. The tasks that are here are added to it by the rules of
//! an import, as one group under new numbers, and so appended to the shared log; one that is there already is known again, and not
//! added twice. Then the rows that are here are replaced, in one transaction, while other processes have the database open: no file
//! is swapped. Cut off in between, the tasks are still here, and joining again knows them.

use std::path::Path;

use tempfile::TempDir;

use super::restore::Walk;
use crate::{
    domain::{
        command::Caller,
        error::{Code, Error, Result},
        imported::{Arrival, Name, Terms},
        task::{TaskWithComments, Version},
    },
    share::secrets::Secrets,
    store::{
        Access, Contest, Imported, SharedState, Store, Writer,
        backup::{self, Backup, Reason, Reserved},
        db::Doorbell,
        paths::unusable,
    },
};

/// What joining came to.
#[derive(Debug)]
pub struct Joined {
    /// How far the shared log was followed.
    pub state: SharedState,
    /// How many tasks there are now, without those in the trash.
    pub tasks: u64,
    /// What became of the tasks that were here; `None` if there were none.
    pub brought: Option<Imported>,
    /// What was there before; `None` if nothing was.
    pub before: Option<Backup>,
}

/// Makes `database` one of the shared log that `secrets` open, after a backup of what is there. It rings for other processes. One
/// that is of another log must have left it, if that has not ended.
pub fn join(database: &Path, secrets: &Secrets, caller: &Caller) -> Result<Joined> {
    let mut store = Store::open(database, Access::Write)?;
    let log = secrets.code.log.to_string();
    let is_of_another = store.shared_state()?.is_some_and(|state| state.log != log);
    let is_ended = is_of_another && store.has_ended().unwrap_or_default();
    if is_of_another && !is_ended {
        let reason =
            "it belongs to another shared log; taskhold share leave ends that, and the tasks stay";
        return Err(unusable(database, reason, None));
    }
    let mut shared = Fetched::begin(secrets)?;
    shared.follow()?;
    // Before the write lock: who waits for a backup must not keep all writers waiting.
    let backups = Reserved::of(&store)?;
    let before = Secrets::load(&store.paths().share).ok();
    // Cut off in between, the database is of either log.
    let both = before.as_ref().map(|before| Secrets {
        next: Some(Box::new(secrets.clone())),
        ..before.clone()
    });
    store.keep_secrets(both.as_ref().filter(|_| is_ended).unwrap_or(secrets))?;
    match take_over(&mut store, &mut shared, &backups, caller) {
        Ok(joined) => {
            store.keep_secrets(secrets)?;
            store.note_heard();
            Doorbell::new(store.paths()).ring();
            let _ = store.catch_up();
            Ok(joined)
        }
        Err(error) => {
            match before {
                Some(before) => store.keep_secrets(&before)?,
                None if store.is_shared()? => {}
                None => drop(Secrets::remove(&store.paths().share)),
            }
            Err(error)
        }
    }
}

/// Brings the tasks of `store` into the shared log, and then puts what that holds in their place. Nobody else writes to `store`
/// meanwhile.
fn take_over(
    store: &mut Store,
    shared: &mut Fetched,
    backups: &Reserved,
    caller: &Caller,
) -> Result<Joined> {
    // What the tasks of the shared log refer to is among them.
    let mut writer = store.writer_in_any_order()?;
    let mut mine = Vec::new();
    for task in Walk::new(writer.store()) {
        mine.push(writer.store().with_comments(task?)?);
    }
    let before = match writer.store().last_change()? {
        0 => None,
        // Not committed yet: another connection sees what was there before.
        _ => Some(backups.take(Reason::Join, caller.now)?.0),
    };
    let brought = match &mine[..] {
        [] => None,
        mine => Some(shared.bring(mine, caller)?),
    };
    let state = shared.store.shared_state()?.ok_or(Error::Fault)?;
    writer.replace_all(&shared.store, &state, caller)?;
    let (all, deleted) = writer.store().count_all()?;
    writer.commit()?;
    let state = store.shared_state()?.ok_or(Error::Fault)?;
    Ok(Joined {
        state,
        tasks: all - deleted,
        brought,
        before,
    })
}

impl Writer<'_> {
    /// Puts the rows of `shared` in the place of all that are here.
    fn replace_all(&mut self, shared: &Store, state: &SharedState, caller: &Caller) -> Result<()> {
        self.store().remove_all()?;
        self.forget_numbers();
        self.restore(shared, caller)?;
        self.begin_sharing(state)
    }
}

/// Adds the tasks that were here. One that is there already stays as it is there.
fn bring(writer: &mut Writer<'_>, mine: &[TaskWithComments], caller: &Caller) -> Result<Imported> {
    let last = mine.iter().map(|mine| mine.task.id.get()).max();
    let terms = Terms {
        keeps_ids: true,
        is_complete: false,
        is_line: false,
        rules_in_line: None,
    };
    let mut import = writer.import(caller, terms)?;
    for (line, mine) in (1..).zip(mine) {
        match import.take(arrival(line, mine.clone())) {
            Err(error) if error.code() != Code::Caller => return Err(error),
            // It was a task here, so it can be one.
            taken => drop(taken?),
        }
    }
    import.finish(last, |_, _| ())
}

/// Returns a task as one of a file that calls it by its number.
fn arrival(line: u64, mine: TaskWithComments) -> Arrival {
    let TaskWithComments { mut task, comments } = mine;
    let parent = task.parent.take();
    let depends_on = std::mem::take(&mut task.depends_on);
    Arrival {
        line,
        name: Some(Name::Number(task.id.get())),
        called: None,
        id: Some(task.id),
        versions: vec![Version {
            rev: task.rev,
            at: task.updated_at,
        }],
        created: Some([task.created_at; 2]),
        parent: parent.map(|id| Name::Number(id.get())),
        depends_on: depends_on.iter().map(|id| Name::Number(id.get())).collect(),
        is_round_done: false,
        task,
        comments,
    }
}

/// A database of its own that has followed the shared log, so that nobody waits meanwhile.
struct Fetched {
    store: Store,
    _folder: TempDir,
}

impl Fetched {
    fn begin(secrets: &Secrets) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| {
            let temporary = std::env::temp_dir();
            unusable(&temporary, "no folder can be made in it", Some(error))
        })?;
        let path = folder.path().join("tasks.db");
        let (connection, paths) = backup::open(&path, Access::Write)?;
        let mut store = Store::over(connection, paths);
        store.begin_to_follow(secrets)?;
        Ok(Self {
            store,
            _folder: folder,
        })
    }

    fn follow(&mut self) -> Result<()> {
        self.store.follow()?;
        match self.store.shared_state()? {
            Some(state) if state.n > 0 => Ok(()),
            _ => Err(Error::NotShared {
                reason: "there is no shared log; taskhold share init makes one".to_owned(),
            }),
        }
    }

    /// Appends `mine` to the shared log, but for those that are in it. Where others are first, little is to be done again: they
    /// are followed, and it is asked what of `mine` they brought.
    fn bring(&mut self, mine: &[TaskWithComments], caller: &Caller) -> Result<Imported> {
        let mut contest = Contest::begin();
        loop {
            let mut writer = self.store.writer()?;
            let brought = bring(&mut writer, mine, caller)?;
            match writer.commit() {
                Err(Error::Behind) => contest.again(&mut self.store)?,
                committed => return committed.map(|()| brought),
            }
        }
    }
}

#[cfg(test)]
mod tests;
