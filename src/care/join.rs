//! Joining a shared log: what it holds takes the place of the tasks that are here, and those come back as tasks of all.
//!
//! No file is swapped: the rows are replaced in one transaction, while other processes have the database open. The tasks that
//! were here are added by the rules of an import in the same transaction, as one group under new numbers, and that is
//! appended to the shared log before it is committed. One that is in the shared log already is known again, and not added twice.

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
        Access, Imported, SharedState, Store, Writer,
        backup::{self, Backup, Reason, Reserved},
        db::Doorbell,
        paths::unusable,
    },
};

/// How often joining begins anew because other machines were first.
const TRIES: u32 = 20;

/// What joining came to.
#[derive(Debug)]
pub struct Joined {
    /// How far the shared log was followed.
    pub state: SharedState,
    /// How many tasks there are now.
    pub tasks: u64,
    /// What became of the tasks that were here; `None` if there were none.
    pub brought: Option<Imported>,
    /// What was there before; `None` if nothing was.
    pub before: Option<Backup>,
}

/// Makes `database` one of the shared log that `secrets` open, after a backup of what is there. It rings for other processes.
pub fn join(database: &Path, secrets: &Secrets, caller: &Caller) -> Result<Joined> {
    let mut store = Store::open(database, Access::Write)?;
    if let Some(state) = store.shared_state()?
        && state.log != secrets.code.log.to_string()
    {
        let reason =
            "it belongs to another shared log; taskhold share leave ends that, and the tasks stay";
        return Err(unusable(database, reason, None));
    }
    let mut shared = Fetched::begin(secrets)?;
    shared.follow()?;
    // Before the write lock: who waits for a backup must not keep all writers waiting.
    let backups = Reserved::of(&store)?;
    store.keep_secrets(secrets)?;
    let mut before = None;
    for _ in 0..TRIES {
        match try_join(&mut store, &shared.store, &backups, &mut before, caller) {
            Err(Error::Behind) => shared.follow()?,
            Ok(joined) => {
                store.note_heard();
                Doorbell::new(store.paths()).ring();
                let _ = store.catch_up();
                return Ok(Joined { before, ..joined });
            }
            Err(error) => {
                if !store.is_shared()? {
                    let _ = Secrets::remove(&store.paths().share);
                }
                return Err(error);
            }
        }
    }
    Err(Error::Behind)
}

fn try_join(
    store: &mut Store,
    shared: &Store,
    backups: &Reserved,
    before: &mut Option<Backup>,
    caller: &Caller,
) -> Result<Joined> {
    let state = shared.shared_state()?.ok_or(Error::Fault)?;
    // What the tasks of the shared log refer to is among them.
    let mut writer = store.writer_in_any_order()?;
    let mut mine = Vec::new();
    for task in Walk::new(writer.store()) {
        mine.push(writer.store().with_comments(task?)?);
    }
    let has_written = writer.store().last_change()? > 0;
    if has_written && before.is_none() {
        // Not committed yet: another connection sees what was there before.
        *before = Some(backups.take(Reason::Join, caller.now)?.0);
    }
    writer.replace_all(shared, &state, caller)?;
    let brought = if mine.is_empty() {
        None
    } else {
        Some(bring(&mut writer, mine, caller)?)
    };
    let tasks = writer.store().count_all()?.0;
    writer.commit()?;
    let state = store.shared_state()?.ok_or(Error::Fault)?;
    Ok(Joined {
        state,
        tasks,
        brought,
        before: None,
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
fn bring(
    writer: &mut Writer<'_>,
    mine: Vec<TaskWithComments>,
    caller: &Caller,
) -> Result<Imported> {
    let last = mine.iter().map(|mine| mine.task.id.get()).max();
    let terms = Terms {
        keeps_ids: true,
        is_complete: false,
        is_line: false,
        rules_in_line: None,
    };
    let mut import = writer.import(caller, terms)?;
    for (line, mine) in (1..).zip(mine) {
        match import.take(arrival(line, mine)) {
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
}

#[cfg(test)]
mod tests;
