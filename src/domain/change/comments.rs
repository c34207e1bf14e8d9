//! The comments that a change takes away and adds.

use super::Change;
use crate::domain::task::Comment;

/// The comments that an edit takes away and adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommentDiff {
    /// Comments that are there and are to go.
    pub removed: Vec<Comment>,
    /// Comments that are to come, oldest first.
    pub added: Vec<Comment>,
}

impl CommentDiff {
    /// Returns what leads from the comments `before` to the comments `after`. Equal comments are told apart by nothing,
    /// so only their number counts.
    pub(crate) fn between(before: &[Comment], after: &[Comment]) -> Self {
        let without = |all: &[Comment], others: &[Comment]| {
            let mut others: Vec<&Comment> = others.iter().collect();
            let mut left = all.to_vec();
            left.retain(
                |comment| match others.iter().position(|other| *other == comment) {
                    Some(place) => {
                        others.swap_remove(place);
                        false
                    }
                    None => true,
                },
            );
            left
        };
        // Most comments are only ever appended.
        let same = before
            .iter()
            .zip(after)
            .take_while(|(one, other)| one == other);
        let same = same.count();
        let (before, after) = (&before[same..], &after[same..]);
        Self {
            removed: without(before, after),
            added: without(after, before),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

/// Inserts a comment where its time puts it, after those of the same time: the order in which the database reads them.
pub(super) fn insert_comment(comments: &mut Vec<Comment>, comment: Comment) {
    let place = comments.partition_point(|other| other.at <= comment.at);
    comments.insert(place, comment);
}

/// Takes away the last comment that equals `comment`. Reports whether there was one.
pub(super) fn remove_comment(comments: &mut Vec<Comment>, comment: &Comment) -> bool {
    let place = comments.iter().rposition(|other| other == comment);
    place.map(|place| comments.remove(place)).is_some()
}

/// Reports whether `later` changes together left the comments of their task as they were.
pub(crate) fn leave_comments<'a>(
    later: impl Iterator<Item = &'a Change>,
) -> serde_json::Result<bool> {
    let mut sum = CommentDiff::default();
    for change in later {
        let CommentDiff { removed, added } = change.comments()?;
        for comment in removed {
            if !remove_comment(&mut sum.added, &comment) {
                sum.removed.push(comment);
            }
        }
        for comment in added {
            if !remove_comment(&mut sum.removed, &comment) {
                sum.added.push(comment);
            }
        }
    }
    Ok(sum.is_empty())
}
