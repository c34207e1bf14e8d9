//! Runs commands as one transaction, however full the disk is; of a database that several machines share, until it comes first.

use super::{
    Store,
    advise::{Request, WantsNews},
    ballast,
};
use crate::domain::{
    command::{Caller, Command, Outcome},
    error::{Code, Error, Result},
    plan::Plan,
};

/// What a transaction of several calls came to.
#[derive(Debug)]
pub struct Committed {
    /// For each call, in order.
    pub outcomes: Vec<Result<Outcome>>,
    /// The sequence number of the last change; `None` if nothing changed.
    pub last_change: Option<i64>,
}

impl Store {
    /// Runs one command in a transaction of its own.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let request = Request {
            command,
            caller,
            wants_similar: true,
            wants_news: WantsNews::No,
        };
        let committed = self.execute_all(&[request])?;
        committed
            .outcomes
            .into_iter()
            .next()
            .unwrap_or(Err(Error::Fault))
    }

    /// Runs commands as one transaction; one that fails leaves nothing behind. When this returns, what was changed is on
    /// the disk; an error means that nothing was.
    ///
    /// When the disk is full, the ballast is given back and the commands are tried once more; from then on tasks can be
    /// changed and deleted, but not added, until there is room for the ballast again.
    pub fn execute_all(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        let adds = calls
            .iter()
            .any(|call| matches!(call.command.asked(), Command::Add { .. }));
        if self.is_disk_full && adds {
            self.is_disk_full = ballast::is_disk_full(&self.paths);
        }
        let committed = self.try_all(calls);
        if fails_with(&committed, |error| matches!(error, Error::FileLimit)) {
            // A checkpoint empties the write-ahead log, which may be the file that reached the limit.
            let _ = self.checkpoint();
            return self.try_all(calls);
        }
        let is_full = fails_with(&committed, |error| matches!(error, Error::DiskFull));
        if !is_full || self.is_disk_full || !ballast::release(&self.paths) {
            return committed;
        }
        self.is_disk_full = true;
        // A checkpoint empties the write-ahead log, and its space can be used again.
        let _ = self.checkpoint();
        self.try_all(calls)
    }

    /// Runs commands as one transaction; where several machines share the database, in the turn of this process.
    fn try_all(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        if !self.is_shared()? {
            match self.try_once(calls, true) {
                // It has become one of several meanwhile.
                Err(Error::Behind) => {}
                committed => return committed,
            }
        }
        self.in_turn(|store| store.try_shared(calls))
    }

    /// Runs commands as one transaction of a shared database. Where others were first, what they changed is applied and the
    /// commands run again. What is refused may rest on changes that have not come yet, so these are fetched before it is.
    fn try_shared(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        let mut is_fresh = false;
        loop {
            self.let_others_in()?;
            match self.try_once(calls, is_fresh) {
                Err(Error::Behind) if self.goes_on() => {}
                committed => return committed,
            }
            if self.follow_fetched()? {
                is_fresh = true;
                continue;
            }
            match self.try_follow() {
                Ok(_) => is_fresh = true,
                // Then it is refused by what is known here.
                Err(Error::NotShared { .. }) if !is_fresh => is_fresh = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs commands as one transaction. `is_fresh`: the last of what others changed is here, as far as anyone knows.
    fn try_once(&mut self, calls: &[Request<'_>], is_fresh: bool) -> Result<Committed> {
        let mut writer = self.writer()?;
        let mut outcomes = Vec::with_capacity(calls.len());
        for call in calls {
            let outcome = match writer.plan(call.command, call.caller) {
                // What was answered before is only read.
                Ok(plan @ Plan::Repeat(_)) => writer.carry_out(plan, call.caller),
                Ok(plan) => Ok(writer.carry_out(plan, call.caller)?),
                Err(error) => Err(error),
            };
            outcomes.push(match outcome {
                Err(error) if error.code() == Code::Internal || writer.has_ended() => {
                    return Err(error);
                }
                Err(error) => Err(error),
                Ok(mut outcome) => {
                    outcome.advice = writer.store().advice(call, &outcome)?;
                    Ok(outcome)
                }
            });
        }
        if !is_fresh && outcomes.iter().any(Result::is_err) {
            return Err(Error::Behind);
        }
        let last_change = writer.last_change();
        writer.commit()?;
        Ok(Committed {
            outcomes,
            last_change,
        })
    }
}

/// Reports whether nothing was changed because of such an error, in the transaction or in one of its calls.
fn fails_with(committed: &Result<Committed>, is_such: impl Fn(&Error) -> bool) -> bool {
    match committed {
        Ok(committed) => {
            committed.last_change.is_none()
                && committed
                    .outcomes
                    .iter()
                    .any(|outcome| outcome.as_ref().is_err_and(&is_such))
        }
        Err(error) => is_such(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::Draft,
            task::{Actor, Description, TaskId, Timestamp, Title},
            when::Zone,
        },
        store::Access,
    };

    /// The small disk of `tests/it/disk.rs` needs a system that lets users mount one; this needs nothing.
    #[test]
    fn a_database_that_may_not_grow_can_be_read_and_its_tasks_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let draft = Draft {
            description: Description::try_from("x".repeat(60_000)).unwrap(),
            ..Draft::titled(Title::try_from("large".to_owned()).unwrap())
        };
        let add = Command::Add {
            drafts: vec![draft],
            key: None,
        };
        store
            .connection
            .pragma_update(None, "max_page_count", 300)
            .unwrap();
        let mut added = 0;
        let refusal = loop {
            match store.execute(&add, &caller) {
                Ok(_) => added += 1,
                Err(error) => break error,
            }
            assert!(added < 100, "it never filled");
        };
        assert!(matches!(refusal, Error::DiskFull), "{refusal}");
        let last = TaskId::try_from(added).unwrap();
        assert!(store.task(last).unwrap().is_some());
        assert!(
            store
                .task(TaskId::try_from(added + 1).unwrap())
                .unwrap()
                .is_none()
        );
        let delete = Command::Delete {
            ids: vec![last],
            confirm: None,
        };
        store.execute(&delete, &caller).unwrap();
        assert!(store.task(last).unwrap().unwrap().is_deleted());

        store
            .connection
            .pragma_update(None, "max_page_count", 3_000)
            .unwrap();
        let outcome = store.execute(&add, &caller).unwrap();
        assert_eq!(outcome.edits[0].after.id.get(), added + 1);
    }
}
