//! What a caller should know beside the result of a call, looked up in the transaction that made it.

use super::Store;
use crate::domain::{
    advice::{self, Advice},
    command::{Caller, Command, Outcome},
    error::Result,
    task::TaskId,
};

/// A call to make.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is asked for.
    pub command: &'a Command,
    /// Who asks, and when.
    pub caller: &'a Caller,
    /// Whether a task like one that is added is looked for: it takes longer than most writes.
    pub wants_similar: bool,
    /// Whether the reply says what others have changed.
    pub wants_news: WantsNews,
}

/// Whether a reply says what others have changed, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantsNews {
    /// No.
    No,
    /// After this change, the last it was told of; what its client was not, if it was told of none yet.
    After(Option<i64>),
}

impl Store {
    /// Returns what is to be known beside `outcome`, which `request` has just come to. If that cannot be found out, the call is
    /// made all the same, unless the transaction has ended with it.
    pub(super) fn advice(&self, request: &Request<'_>, outcome: &Outcome) -> Result<Advice> {
        match self.look_beside(request, outcome) {
            Err(_) if !self.connection.is_autocommit() => Ok(Advice::default()),
            advice => advice,
        }
    }

    fn look_beside(&self, request: &Request<'_>, outcome: &Outcome) -> Result<Advice> {
        let mut advice = Advice::default();
        match (request.command, outcome.edits.as_slice()) {
            (Command::Add { .. }, edits) if outcome.is_repeat => {
                let ids: Vec<TaskId> = edits.iter().map(|edit| edit.after.id).collect();
                advice.in_trash = self.deleted_among(&ids)?;
            }
            (Command::Add { .. }, [edit]) if request.wants_similar => {
                let task = &edit.after;
                advice.similar = self.similar(&task.title, task.id)?;
            }
            (
                Command::Update { .. }
                | Command::Complete(_)
                | Command::CompleteRound { .. }
                | Command::Skip(_)
                | Command::Delete { .. },
                _,
            ) => {
                let closed = advice::closed(&outcome.edits);
                if !closed.is_empty() {
                    advice.open_parts = self.open_children(&closed)?;
                    advice.freed = self.dependents(&closed)?;
                }
            }
            _ => {}
        }
        let wanted = outcome.edits.iter().flat_map(|edit| &edit.after.depends_on);
        let wanted: Vec<TaskId> = wanted.copied().collect();
        if !wanted.is_empty() {
            advice.closed = self.closed_among(&wanted)?.into_iter().collect();
        }
        if let WantsNews::After(told) = request.wants_news {
            advice.news = Some(self.news(told, request.caller)?);
        }
        Ok(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Draft, Reference},
            task::{Actor, Timestamp, Title},
            when::Zone,
        },
        store::Access,
    };

    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (store, folder)
    }

    fn caller(name: &str) -> Caller {
        Caller {
            actor: Actor::named(name),
            now: Timestamp::from_millis(1_795_305_600_000),
            zone: Zone::UTC,
            session: None,
        }
    }

    fn adding(title: &str, shape: impl FnOnce(&mut Draft)) -> Command {
        let mut draft = Draft::titled(Title::try_from(title.to_owned()).unwrap());
        shape(&mut draft);
        let drafts = vec![draft];
        Command::Add { drafts, key: None }
    }

    fn id(id: i64) -> TaskId {
        TaskId::try_from(id).unwrap()
    }

    /// Makes calls in one transaction, and returns what is to be known beside each.
    fn advice(store: &mut Store, calls: &[(&str, Command, WantsNews)]) -> Vec<Advice> {
        let callers: Vec<Caller> = calls.iter().map(|(name, ..)| caller(name)).collect();
        let requests: Vec<Request> = calls
            .iter()
            .zip(&callers)
            .map(|((_, command, wants_news), caller)| Request {
                command,
                caller,
                wants_similar: true,
                wants_news: *wants_news,
            })
            .collect();
        let outcomes = store.execute_all(&requests).unwrap().outcomes;
        let advice = outcomes.into_iter().map(|outcome| outcome.unwrap().advice);
        advice.collect()
    }

    #[test]
    fn a_call_is_advised_of_the_state_it_made_whatever_comes_after_it_in_the_same_transaction() {
        let (mut store, _folder) = store();
        let part = |draft: &mut Draft| draft.parent = Some(Reference::Task(id(1)));
        let waiting = |draft: &mut Draft| draft.depends_on = [Reference::Task(id(1))].into();
        let calls = [
            adding("Move house", |_| {}),
            adding("Pack", part),
            adding("Celebrate", waiting),
            Command::Complete(vec![id(1)]),
            Command::Complete(vec![id(2), id(3)]),
        ];
        let calls = calls.map(|command| ("me", command, WantsNews::No));
        let advice = advice(&mut store, &calls);
        assert_eq!(advice[3].open_parts, [id(2)]);
        assert_eq!(advice[3].freed, [id(3)]);
        let closed = [id(1)].into();
        let nothing_else = Advice::default();
        assert_eq!(
            advice[4],
            Advice {
                closed,
                ..nothing_else
            }
        );
    }

    #[test]
    fn news_is_what_others_changed_by_then() {
        let (mut store, _folder) = store();
        let after = |seq| WantsNews::After(Some(seq));
        let calls = [
            ("other", adding("Theirs", |_| {}), WantsNews::No),
            ("me", adding("Mine", |_| {}), after(0)),
            ("other", adding("Theirs again", |_| {}), after(0)),
            ("me", adding("Mine too", |_| {}), after(2)),
        ];
        let advice = advice(&mut store, &calls);
        let news = advice[1].news.as_ref().unwrap();
        assert_eq!((news.last, news.count), (2, 1));
        assert_eq!(news.by, [Actor::named("other")]);
        let news = advice[3].news.as_ref().unwrap();
        assert_eq!((news.told, news.last, news.count), (Some(2), 4, 1));
    }

    #[test]
    fn a_task_is_advised_of_when_it_is_finished_and_when_it_goes_to_the_trash_and_at_no_other_call()
    {
        let (mut store, _folder) = store();
        let part = |draft: &mut Draft| draft.parent = Some(Reference::Task(id(1)));
        let delete = |ids| Command::Delete { ids, confirm: None };
        let calls = [
            adding("Move house", |_| {}),
            adding("Pack", part),
            Command::Complete(vec![id(1)]),
            Command::Complete(vec![id(1)]),
            delete(vec![id(1)]),
            delete(vec![id(2)]),
        ];
        let calls = calls.map(|command| ("me", command, WantsNews::No));
        let advice = advice(&mut store, &calls);
        let parts: Vec<&[TaskId]> = advice.iter().map(|it| it.open_parts.as_slice()).collect();
        assert_eq!(parts, [&[], &[], &[id(2)][..], &[], &[id(2)], &[]]);
    }
}
