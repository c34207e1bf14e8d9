use serde_json::json;

use super::*;
use crate::domain::task::CommentText;

fn task(title: &str, rev: i64) -> Task {
    let fields = json!({
        "id": 1, "title": title, "description": "", "status": "pending", "created_at": 1, "updated_at": 2,
        "created_by": "test", "rev": rev,
    });
    serde_json::from_value(fields).unwrap()
}

fn comments(count: i64, bytes: usize) -> Vec<Comment> {
    let comment = |number: i64| Comment {
        at: Timestamp::from_millis(number),
        actor: Actor::named("test"),
        text: CommentText::try_from(format!("{number} {}", "x".repeat(bytes))).unwrap(),
    };
    (0..count).map(comment).collect()
}

/// Returns the rows that the log has of one edit.
fn rows(edit: &Edit) -> Vec<Change> {
    let parts = edit.diff().unwrap().into_parts();
    let count = u32::try_from(parts.len()).unwrap();
    let numbered = (1..).zip(parts);
    let row = |(part, diff): (u32, Diff)| Change {
        session: None,
        seq: 10 + i64::from(part),
        group: 11,
        at: Timestamp::from_millis(9),
        actor: Actor::named("test"),
        kind: Kind::Import,
        task: edit.after.id,
        rev: edit.after.rev,
        old: diff.old,
        new: diff.new,
        reverts: None,
        part,
        parts: count,
    };
    numbered.map(row).collect()
}

#[test]
fn a_change_in_several_rows_is_the_same_when_they_are_put_together() {
    let task = task("much said", 7);
    let adding = |comments| {
        Edit::adding(TaskWithComments {
            task: task.clone(),
            comments,
        })
    };
    let replacing = Edit {
        before: Some(task.clone()),
        after: Task {
            title: "nothing said".to_owned().try_into().unwrap(),
            ..task.clone()
        },
        comments: CommentDiff {
            removed: comments(30, 10_000),
            added: comments(40, 9_000),
        },
        keeps_due: false,
    };
    let cases = [
        (adding(comments(0, 0)), 1),
        (adding(comments(8, 16_000)), 1),
        (adding(comments(9, 16_000)), 2),
        (adding(comments(300, 16_000)), 38),
        (replacing, 6),
    ];
    for (edit, expected) in cases {
        let rows = rows(&edit);
        assert_eq!(rows.len(), expected);
        let whole = joined(rows.clone());
        let diff = edit.diff().unwrap();
        assert_eq!(whole.len(), 1);
        assert_eq!((&whole[0].old, &whole[0].new), (&diff.old, &diff.new));
        assert_eq!(whole[0].seq, rows[rows.len() - 1].seq);
        assert_eq!(whole[0].comments().unwrap(), edit.comments);
        if edit.before.is_none() {
            let replay = replayed(&rows).unwrap().unwrap();
            assert_eq!(replay.comments, edit.comments.added);
            assert_eq!(replay.task.rev, 7);
            assert!(is_chain(&rows));
        }
    }
}

#[test]
fn a_history_that_lacks_a_row_of_a_change_is_no_chain() {
    let edit = Edit::adding(TaskWithComments {
        task: task("much said", 7),
        comments: comments(40, 16_000),
    });
    let rows = rows(&edit);
    assert_eq!((rows.len(), is_chain(&rows)), (5, true));
    for lost in 0..rows.len() {
        let mut left = rows.clone();
        left.remove(lost);
        assert!(!is_chain(&left), "without row {lost}");
    }
}

#[test]
fn every_field_is_logged_when_it_alone_changes_and_is_set_from_the_log() {
    let bare = task("bare", 1);
    let other = json!({
        "title": "other", "description": "more", "status": "completed", "created_at": 5, "started_at": 6, "completed_at": 7,
        "created_by": "someone", "deleted_at": 8, "priority": "high", "due": "2026-12-24", "defer_until": "2026-12-20",
        "repeat": "FREQ=DAILY", "repeat_from": "2026-12-23", "project": "home", "tags": ["a"], "parent": 2,
        "depends_on": [3], "origin": { "from": "icalendar", "name": "a@b", "said": {}, "rev": 1 },
    });
    let Value::Object(other) = other else {
        unreachable!()
    };
    assert_eq!(logged_fields(&bare).len(), other.len());
    for (name, value) in other {
        let field = Fields::from_iter([(name.clone(), value.clone())]);
        let after = with_fields(&bare, &field).unwrap_or_else(|error| panic!("{name}: {error}"));
        let edit = Edit {
            after,
            ..Edit::of(&bare)
        };
        let diff = edit.diff().unwrap();
        assert_eq!(diff.new, field);
        let old = logged_fields(&bare).remove(&name).unwrap();
        assert_eq!(diff.old, Some(Fields::from_iter([(name, old)])));
    }
}
