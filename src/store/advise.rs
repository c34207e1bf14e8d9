//! What a caller should know beside the result of a call, looked up in the transaction that made it.

use super::Store;
use crate::domain::{
    advice::{self, Advice, Similar},
    change::Edit,
    command::{Caller, Command, Outcome, Round},
    error::Result,
    task::{Status, TaskId},
    when::When,
};

/// The most tasks of a call that are compared with those there are: each comparison takes longer than adding the task.
const COMPARED: usize = 20;

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
        match (request.command.asked(), outcome.edits.as_slice()) {
            (Command::Add { .. }, edits) if outcome.is_repeat => {
                let ids: Vec<TaskId> = edits.iter().map(|edit| edit.after.id).collect();
                advice.in_trash = self.deleted_among(&ids)?;
            }
            (Command::Add { .. }, edits) if request.wants_similar && edits.len() <= COMPARED => {
                for edit in edits {
                    let task = &edit.after;
                    let found = self.similar(&task.title, task.id)?;
                    advice.similar.extend(found.map(|(id, title)| Similar {
                        added: task.id,
                        id,
                        title,
                    }));
                }
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
                self.look_at_rounds(request, outcome, &mut advice)?;
            }
            _ => {}
        }
        let depends = |edit: &&Edit| !edit.after.depends_on.is_empty();
        let dependent = outcome.edits.iter().filter(depends);
        let dependent: Vec<TaskId> = dependent.map(|edit| edit.after.id).collect();
        if !dependent.is_empty() {
            advice.not_waited_for = self.not_waited_for(&dependent)?.into_iter().collect();
        }
        if let WantsNews::After(told) = request.wants_news {
            advice.news = Some(self.news(told, request.caller)?);
        }
        Ok(advice)
    }

    /// Says what rounds of series that are over have left behind and brought along.
    fn look_at_rounds(
        &self,
        request: &Request<'_>,
        outcome: &Outcome,
        advice: &mut Advice,
    ) -> Result<()> {
        const NAMED: usize = 20;
        for edit in outcome.brought.iter().take(NAMED) {
            let id = edit.after.id;
            match &edit.before {
                Some(before) if before.status != edit.after.status => advice.reopened.push(id),
                _ => advice.freed.push(id),
            }
        }
        if !is_finishing(request.command.asked()) {
            return Ok(());
        }
        let zone = request.caller.zone;
        let rounds = outcome.edits.iter().filter_map(|edit| {
            let round = Round::of(edit, zone)?;
            Some((round.task, edit.before.as_ref()?.due?))
        });
        let (rounds, dates): (Vec<TaskId>, Vec<When>) = rounds.unzip();
        if !rounds.is_empty() {
            let parts = self.open_children(&rounds)?.into_iter();
            let reopened = &advice.reopened;
            let left: Vec<TaskId> = parts.filter(|id| !reopened.contains(id)).collect();
            advice.open_parts.extend(left);
            for (round, done) in rounds.iter().zip(dates) {
                advice.freed.extend(self.series_freed(*round, done)?);
            }
            advice.freed.sort_unstable();
            advice.freed.dedup();
            advice.freed.truncate(NAMED);
        }
        Ok(())
    }
}

/// Reports whether a command ends rounds of series.
fn is_finishing(command: &Command) -> bool {
    match command {
        Command::Complete(_) | Command::CompleteRound { .. } | Command::Skip(_) => true,
        Command::Update { patch, .. } => patch.status == Some(Status::Completed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Draft, Reference},
            repeat::Repeat,
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
        let not_waited_for = [(id(3), id(1))].into();
        let nothing_else = Advice::default();
        assert_eq!(
            advice[4],
            Advice {
                not_waited_for,
                ..nothing_else
            }
        );
    }

    #[test]
    fn a_finished_round_opens_its_subtasks_again_and_frees_what_waited_for_it_in_one_group() {
        let (mut store, _folder) = store();
        let weekly = |draft: &mut Draft| {
            draft.repeat = Repeat::read("weekly").ok();
            draft.due = "2026-11-23".parse().ok();
        };
        let part = |parent| {
            move |draft: &mut Draft| {
                draft.parent = Some(Reference::Task(id(parent)));
                draft.due = "2026-11-22".parse().ok();
            }
        };
        let own_rule = |draft: &mut Draft| {
            weekly(draft);
            draft.parent = Some(Reference::Task(id(1)));
        };
        let waiting = |draft: &mut Draft| draft.depends_on = [Reference::Task(id(1))].into();
        let calls = [
            adding("Clean", weekly),
            adding("Kitchen", part(1)),
            adding("Sink", part(2)),
            adding("Bath", part(1)),
            adding("Windows", own_rule),
            adding("Invite", waiting),
            Command::Complete(vec![id(2), id(3)]),
            Command::Complete(vec![id(1)]),
        ];
        let calls = calls.map(|command| ("me", command, WantsNews::No));
        let advice = advice(&mut store, &calls);
        let last = advice.last().unwrap();
        assert_eq!(last.reopened, [id(2), id(3)]);
        assert_eq!(last.open_parts, [id(4), id(5)]);
        assert_eq!(last.freed, [id(6)]);
        let seen = |store: &Store, number| {
            let task = store.existing(id(number)).unwrap();
            let due = task.due.map(|due| due.to_string()).unwrap_or_default();
            (task.status, due, task.depends_on.len())
        };
        for number in [2, 3] {
            let again = (Status::Pending, "2026-11-29".to_owned(), 0);
            assert_eq!(seen(&store, number), again, "{number}");
        }
        assert_eq!(seen(&store, 4).1, "2026-11-22");
        assert_eq!(seen(&store, 6).2, 0);
        store.execute(&Command::Undo(None), &caller("me")).unwrap();
        for number in [2, 3] {
            let as_it_was = (Status::Completed, "2026-11-22".to_owned(), 0);
            assert_eq!(seen(&store, number), as_it_was, "{number}");
        }
        assert_eq!(seen(&store, 6).2, 1);
    }

    #[test]
    fn a_subtask_that_is_completed_in_the_call_of_its_series_is_to_be_done_again_too() {
        for ids in [[1, 2, 3], [3, 2, 1]] {
            let (mut store, _folder) = store();
            let weekly = |draft: &mut Draft| {
                draft.repeat = Repeat::read("weekly").ok();
                draft.due = "2026-11-23".parse().ok();
            };
            let part = |parent| {
                move |draft: &mut Draft| {
                    draft.parent = Some(Reference::Task(id(parent)));
                    draft.due = "2026-11-22".parse().ok();
                }
            };
            let waiting = |draft: &mut Draft| draft.depends_on = [Reference::Task(id(1))].into();
            let calls = [
                adding("Clean", weekly),
                adding("Kitchen", part(1)),
                adding("Sink", part(2)),
                adding("Invite", waiting),
                Command::Complete(ids.map(id).to_vec()),
            ];
            let calls = calls.map(|command| ("me", command, WantsNews::No));
            let last = advice(&mut store, &calls).pop().unwrap();
            assert_eq!(
                (last.reopened, last.open_parts),
                (vec![id(2), id(3)], vec![])
            );
            assert_eq!(last.freed, [id(4)]);
            let seen = |store: &Store| {
                [1, 2, 3].map(|number| {
                    let task = store.existing(id(number)).unwrap();
                    let due = task.due.map(|due| due.to_string()).unwrap_or_default();
                    (task.status, due)
                })
            };
            let pending = |due: &str| (Status::Pending, due.to_owned());
            let again = ["2026-11-30", "2026-11-29", "2026-11-29"].map(pending);
            assert_eq!(seen(&store), again, "{ids:?}");
            // One undo takes all of it back, and the undo of that does it again.
            let before = ["2026-11-23", "2026-11-22", "2026-11-22"].map(pending);
            let undone = store.execute(&Command::Undo(None), &caller("me")).unwrap();
            assert_eq!((seen(&store), undone.edits.len()), (before, 4), "{ids:?}");
            let undo = Command::Undo(undone.group);
            store.execute(&undo, &caller("me")).unwrap();
            assert_eq!(seen(&store), again, "{ids:?}");
        }
    }

    #[test]
    fn a_round_whose_date_stays_is_taken_back_and_done_again() {
        let (mut store, _folder) = store();
        let counted = |draft: &mut Draft| {
            draft.repeat = Repeat::read("after 10 days").ok();
            draft.due = "2026-12-02".parse().ok();
        };
        store
            .execute(&adding("Filter", counted), &caller("me"))
            .unwrap();
        let complete = Command::Complete(vec![id(1)]);
        let done = store.execute(&complete, &caller("me")).unwrap();
        assert!(done.group.is_some());
        assert!(store.execute(&complete, &caller("me")).is_err());
        let undone = store.execute(&Command::Undo(None), &caller("me")).unwrap();
        assert_eq!(undone.reverted.map(|(group, _)| group), done.group);
        let again = store.execute(&complete, &caller("me")).unwrap();
        assert!(again.group.is_some());
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
