//! A task for the tests of what a command decides.

use super::{Caller, Draft, add};
use crate::domain::{
    task::{Actor, Task, TaskId, Timestamp, Title},
    when::Zone,
};

/// After the task was added.
pub(super) const NOW: Timestamp = Timestamp::from_millis(9);

/// Returns who adds it.
pub(super) fn caller() -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(1),
        zone: Zone::UTC,
        session: None,
    }
}

/// Returns task 1 with this title, at this revision.
pub(super) fn task(title: &str, rev: i64) -> Task {
    let draft = Draft::titled(Title::try_from(title.to_owned()).unwrap());
    let edit = add(&draft, TaskId::try_from(1).unwrap(), &[], &caller()).unwrap();
    Task { rev, ..edit.after }
}
