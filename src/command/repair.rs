//! A task is there twice, as its row and as its log. Where the two do not agree: which of them is behind, and which
//! changes bring them together so that nothing either of them says is lost.

use std::cmp::Ordering;

use crate::{
    change::Edit,
    task::{Task, Timestamp},
};

/// In what way a row is not what the log of its task gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is missing, cannot be read, or is behind: the log has all that it says.
    Row,
    /// The log is behind: its last changes are lost, and the row alone has them.
    Log,
    /// They say different things of the same revision.
    Conflict,
}

/// Returns in what way `row`, `None` if there is none that can be read, is not what the log gives; `None` if it is.
pub(crate) fn wrong(row: Option<&Task>, logged: &Task) -> Option<Wrong> {
    let Some(row) = row else {
        return Some(Wrong::Row);
    };
    // What the log does not keep follows from it: there the row has nothing of its own to say.
    let differs = between(logged, row).diff().is_some();
    (row != logged).then(|| match row.rev.cmp(&logged.rev) {
        Ordering::Greater if differs => Wrong::Log,
        Ordering::Equal if differs => Wrong::Conflict,
        _ => Wrong::Row,
    })
}

/// Returns the change from what the log gives to what the row says. With it the log knows both.
pub(crate) fn noting(row: &Task, logged: &Task, now: Timestamp) -> Edit {
    let mut edit = between(logged, row);
    edit.after.rev = row.rev.max(logged.rev) + 1;
    edit.after.updated_at = now;
    edit
}

/// Returns the change back to what the log gave, after `noted`, the one that noted what the row said.
pub(crate) fn going_back(noted: &Edit, logged: &Task, now: Timestamp) -> Edit {
    let mut edit = between(&noted.after, logged);
    edit.after.rev = noted.after.rev + 1;
    edit.after.updated_at = now;
    edit
}

fn between(before: &Task, after: &Task) -> Edit {
    Edit {
        before: Some(before.clone()),
        after: after.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::sample::{NOW, task};

    #[test]
    fn which_of_a_row_and_its_log_is_behind_is_told_by_their_revisions() {
        let cases = [
            (Some(task("a", 2)), None),
            (None, Some(Wrong::Row)),
            (Some(task("b", 1)), Some(Wrong::Row)),
            (Some(task("b", 2)), Some(Wrong::Conflict)),
            (Some(task("b", 3)), Some(Wrong::Log)),
            // Nothing but the number is wrong, and that is the log's to say.
            (Some(task("a", 66)), Some(Wrong::Row)),
            (Some(task("a", 1)), Some(Wrong::Row)),
        ];
        for (row, expected) in cases {
            assert_eq!(wrong(row.as_ref(), &task("a", 2)), expected, "{row:?}");
        }
    }

    #[test]
    fn both_values_are_in_the_log_whichever_is_taken() {
        let (row, logged) = (task("row", 4), task("log", 2));
        let noted = noting(&row, &logged, NOW);
        let back = going_back(&noted, &logged, NOW);
        let titles = |edit: &Edit| {
            let diff = edit.diff().unwrap();
            (
                diff.old.unwrap()["title"].clone(),
                diff.new["title"].clone(),
            )
        };
        assert_eq!(titles(&noted), ("log".into(), "row".into()));
        assert_eq!(titles(&back), ("row".into(), "log".into()));
        assert_eq!((noted.after.rev, back.after.rev), (5, 6));
        assert_eq!((noted.after.updated_at, back.after.updated_at), (NOW, NOW));
    }
}
