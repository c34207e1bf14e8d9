//! Going back to the state of a backup: which change that is for each task.

use crate::domain::{
    change::{CommentDiff, Edit},
    task::{Task, TaskWithComments, Timestamp},
};

/// Decides what brings a task to where it stood in a backup: `task` is what it is, `then` what it was, `None` where it
/// is or was not there. Returns `None` if nothing is to be done.
///
/// A task that was added since goes to the trash: its id is used up. Revisions and the log go on, never back.
pub(crate) fn restore(
    task: Option<&TaskWithComments>,
    then: Option<&TaskWithComments>,
    now: Timestamp,
) -> Option<Edit> {
    let edit = match (task, then) {
        (None, None) => return None,
        (
            None,
            Some(TaskWithComments {
                task: then,
                comments,
            }),
        ) => Edit::adding(TaskWithComments {
            task: Task {
                rev: 1,
                updated_at: now,
                ..then.clone()
            },
            comments: comments.clone(),
        }),
        (Some(TaskWithComments { task, .. }), None) => {
            let mut edit = Edit::of(task);
            edit.after.deleted_at = edit.after.deleted_at.or(Some(now));
            edit.stamped(now)
        }
        (Some(TaskWithComments { task, comments }), Some(then)) => {
            let mut edit = Edit::of(task);
            edit.after = Task {
                rev: task.rev,
                updated_at: task.updated_at,
                ..then.task.clone()
            };
            edit.comments = CommentDiff::between(comments, &then.comments);
            edit.stamped(now)
        }
    };
    edit.diff().is_some().then_some(edit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::sample::{NOW, task};

    fn alone(task: Task) -> TaskWithComments {
        TaskWithComments {
            task,
            comments: Vec::new(),
        }
    }

    fn with_comments(title: &str, rev: i64) -> TaskWithComments {
        alone(task(title, rev))
    }

    #[test]
    fn a_task_as_it_was_is_left_alone_whatever_its_revision() {
        assert_eq!(
            restore(
                Some(&with_comments("a", 5)),
                Some(&with_comments("a", 2)),
                NOW
            ),
            None
        );
        assert_eq!(restore(None, None, NOW), None);
    }

    #[test]
    fn a_changed_task_goes_back_and_its_revision_on() {
        let edit = restore(
            Some(&with_comments("new", 5)),
            Some(&with_comments("old", 2)),
            NOW,
        )
        .unwrap();
        assert_eq!(edit.after.title.as_str(), "old");
        assert_eq!((edit.after.rev, edit.after.updated_at), (6, NOW));
    }

    #[test]
    fn a_task_added_since_goes_to_the_trash_once() {
        let edit = restore(Some(&with_comments("new", 5)), None, NOW).unwrap();
        assert_eq!(edit.after.deleted_at, Some(NOW));
        assert_eq!(restore(Some(&alone(edit.after)), None, NOW), None);
    }

    #[test]
    fn a_task_that_is_not_there_comes_back_with_a_log_of_its_own() {
        let edit = restore(None, Some(&with_comments("old", 7)), NOW).unwrap();
        assert_eq!((edit.before, edit.after.rev), (None, 1));
    }
}
