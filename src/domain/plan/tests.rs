//! What a whole call makes of tasks without a history.

use super::*;
use crate::domain::{
    command::{Patch, Reference},
    task::{Actor, Timestamp, Title},
    when::Zone,
};

/// Tasks without a history.
struct Known(Vec<Task>);

impl Around for Known {
    fn task(&self, id: TaskId) -> Result<Task> {
        let found = self.0.iter().find(|task| task.id == id);
        found.cloned().ok_or(Error::NotFound { id })
    }

    fn history(&self, _: TaskId, _: i64) -> Result<Vec<Change>> {
        Ok(Vec::new())
    }

    fn finished_parts(&self, _: TaskId) -> Result<Vec<TaskId>> {
        Ok(Vec::new())
    }

    fn waiting(&self, _: TaskId) -> Result<Vec<TaskId>> {
        Ok(Vec::new())
    }

    fn undone_by(&self, _: GroupId) -> Result<Option<GroupId>> {
        Ok(None)
    }
}

impl Tasks for Known {
    fn next_task(&self) -> Result<i64> {
        Ok(i64::try_from(self.0.len()).unwrap() + 1)
    }

    fn has_comment(&self, _: TaskId, _: &Comment) -> Result<bool> {
        Ok(false)
    }

    fn group(&self, _: GroupId) -> Result<Vec<Change>> {
        Ok(Vec::new())
    }

    fn last_group(&self, _: &Caller) -> Result<Option<GroupId>> {
        Ok(None)
    }

    fn last_group_of_client(&self, _: &Caller) -> Result<Option<GroupId>> {
        Ok(None)
    }

    fn keyed_call(&self, _: &CallKey, _: &Caller) -> Result<Option<KeyedCall>> {
        Ok(None)
    }
}

fn caller() -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(0),
        zone: Zone::UTC,
        session: None,
    }
}

fn id(number: i64) -> TaskId {
    TaskId::try_from(number).unwrap()
}

fn draft(title: &str) -> Draft {
    Draft::titled(Title::try_from(title.to_owned()).unwrap())
}

fn edits(command: &Command, tasks: &Known) -> Result<Vec<Edit>> {
    match plan(command, &caller(), tasks)? {
        Plan::Write { edits, .. } => Ok(edits),
        other => panic!("{other:?}"),
    }
}

/// Returns so many tasks, each a part of the one before it.
fn nested(count: usize) -> Known {
    let mut known = Known(Vec::new());
    for place in 0..count {
        let drafts = vec![Draft {
            parent: place
                .checked_sub(1)
                .map(|above| Reference::Task(known.0[above].id)),
            ..draft("nested")
        }];
        let added = edits(&Command::Add { drafts, key: None }, &known).unwrap();
        known.0.extend(added.into_iter().map(|edit| edit.after));
    }
    known
}

#[test]
fn a_draft_may_refer_to_a_task_that_the_same_call_adds_before_it() {
    let second = Draft {
        parent: Some(Reference::Earlier(1)),
        ..draft("part")
    };
    let drafts = vec![draft("whole"), second];
    let edits = edits(&Command::Add { drafts, key: None }, &nested(1)).unwrap();
    assert_eq!(edits[1].after.parent, Some(id(2)));
}

#[test]
fn a_reference_to_a_task_that_is_not_there_or_in_the_trash_is_refused() {
    let mut tasks = nested(2);
    tasks.0[1].deleted_at = Some(Timestamp::from_millis(1));
    for (named, is_deleted) in [(2, true), (9, false)] {
        let refers = Draft {
            depends_on: [Reference::Task(id(named))].into(),
            ..draft("refers")
        };
        let drafts = vec![draft("first"), refers];
        match edits(&Command::Add { drafts, key: None }, &tasks) {
            Err(Error::Deleted { id }) if is_deleted => assert_eq!(id.get(), named),
            Err(Error::NotFound { id }) if !is_deleted => assert_eq!(id.get(), named),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_task_that_would_become_a_part_of_itself_is_refused_with_the_way_round() {
    let tasks = nested(3);
    let update = Command::Update {
        ids: vec![id(1)],
        patch: Patch {
            parent: Some(Some(id(3))),
            ..Patch::default()
        },
        if_rev: None,
    };
    let Err(Error::Cycle { way, .. }) = edits(&update, &tasks) else {
        panic!("it was not refused")
    };
    assert_eq!(way, [id(1), id(3), id(2), id(1)]);
}
