//! The row of a task and its log are redundant: compares the two and returns the edits that reconcile them, so that nothing
//! either of them says is lost.

use std::cmp::Ordering;

use crate::domain::{
    change::{CommentDiff, Edit},
    task::{TaskWithComments, Timestamp},
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
pub(crate) fn wrong(row: Option<&TaskWithComments>, logged: &TaskWithComments) -> Option<Wrong> {
    let Some(row) = row else {
        return Some(Wrong::Row);
    };
    // What the log does not keep follows from it: there the row has nothing of its own to say.
    let differs = between(logged, row).diff().is_some();
    (row != logged).then(|| match row.task.rev.cmp(&logged.task.rev) {
        Ordering::Greater if differs => Wrong::Log,
        Ordering::Equal if differs => Wrong::Conflict,
        _ => Wrong::Row,
    })
}

/// Returns the change from what the log gives to what the row says. With it the log knows both.
pub(crate) fn noting(row: &TaskWithComments, logged: &TaskWithComments, now: Timestamp) -> Edit {
    let mut edit = between(logged, row);
    edit.after.rev = row.task.rev.max(logged.task.rev) + 1;
    edit.after.updated_at = now;
    edit
}

fn between(before: &TaskWithComments, after: &TaskWithComments) -> Edit {
    Edit {
        before: Some(before.task.clone()),
        after: after.task.clone(),
        comments: CommentDiff::between(&before.comments, &after.comments),
        keeps_due: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::sample::{NOW, task};

    fn with_comments(title: &str, rev: i64) -> TaskWithComments {
        TaskWithComments {
            task: task(title, rev),
            comments: Vec::new(),
        }
    }

    #[test]
    fn which_of_a_row_and_its_log_is_behind_is_told_by_their_revisions() {
        let cases = [
            (Some(with_comments("a", 2)), None),
            (None, Some(Wrong::Row)),
            (Some(with_comments("b", 1)), Some(Wrong::Row)),
            (Some(with_comments("b", 2)), Some(Wrong::Conflict)),
            (Some(with_comments("b", 3)), Some(Wrong::Log)),
            // Nothing but the number is wrong, and that is the log's to say.
            (Some(with_comments("a", 66)), Some(Wrong::Row)),
            (Some(with_comments("a", 1)), Some(Wrong::Row)),
        ];
        for (row, expected) in cases {
            assert_eq!(
                wrong(row.as_ref(), &with_comments("a", 2)),
                expected,
                "{row:?}"
            );
        }
    }

    #[test]
    fn what_the_row_says_is_noted_after_what_the_log_says() {
        let noted = noting(&with_comments("row", 4), &with_comments("log", 2), NOW);
        let diff = noted.diff().unwrap();
        assert_eq!(
            (
                diff.old.unwrap()["title"].clone(),
                diff.new["title"].clone()
            ),
            ("log".into(), "row".into())
        );
        assert_eq!((noted.after.rev, noted.after.updated_at), (5, NOW));
    }
}
