//! All of one task, for people: its fields, what there is to say, its comments and its history.

use std::fmt::Write as _;

use super::{
    Context, history,
    relative::{self, Horizon},
    screen::{BOLD, CYAN, DIM, RED, painted},
    table::headline,
    width::isolated,
};
use crate::domain::{
    change::Change,
    task::{Summary, Tag, TaskId, TaskWithComments},
    when::When,
};

/// Returns the details of `task`; its history is left out where there are no `changes`.
pub(super) fn details(
    TaskWithComments { task, comments }: &TaskWithComments,
    children: &[Summary],
    changes: &[Change],
    context: &Context,
) -> String {
    let (now, zone) = (context.caller.now, context.caller.zone);
    let date = |when: When| {
        if context.screen.is_table() {
            let (said, full) = (relative::date(when, now, zone), when.show(zone));
            if full.contains(&said) {
                full
            } else {
                format!("{said} ({full})")
            }
        } else {
            when.show(zone)
        }
    };
    let instant = |at| relative::shown(at, context);
    let is_late = task.is_open() && Horizon::of(task.due, now, zone) == Horizon::Overdue;
    let due = task.due.map(|due| {
        let due = date(due);
        if is_late {
            format!("{} {}", painted(RED, "overdue,"), due)
        } else {
            due
        }
    });
    let ids = |ids: Vec<TaskId>| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
    let fields = [
        ("Status", Some(task.status.to_string())),
        (
            "Priority",
            task.priority.map(|priority| priority.as_str().to_owned()),
        ),
        ("Due", due),
        ("Not before", task.defer_until.map(date)),
        (
            "Repeats",
            task.repeat.as_ref().map(|repeat| repeat.words(zone)),
        ),
        (
            "Project",
            task.project
                .as_ref()
                .map(|project| painted(CYAN, &isolated(project.as_str()))),
        ),
        (
            "Tags",
            (!tags.is_empty()).then(|| isolated(&tags.join(", "))),
        ),
        ("Part of", task.parent.map(|parent| parent.to_string())),
        ("After", ids(task.depends_on.iter().copied().collect())),
        (
            "Parts",
            ids(children.iter().map(|child| child.id).collect()),
        ),
        (
            "Added",
            Some(format!(
                "{} by {}",
                instant(task.created_at),
                task.created_by
            )),
        ),
        ("Started", task.started_at.map(instant)),
        ("Completed", task.completed_at.map(instant)),
        ("In the trash", task.deleted_at.map(instant)),
        (
            "Changed",
            (task.rev > 1).then(|| format!("{} (rev {})", instant(task.updated_at), task.rev)),
        ),
    ];
    let mut details = headline(task);
    details.push('\n');
    for (name, value) in fields {
        if let Some(value) = value {
            let _ = writeln!(
                details,
                "  {} {value}",
                painted(DIM, &format!("{name:<12}"))
            );
        }
    }
    if !task.description.is_empty() {
        let _ = writeln!(details, "\n{}", indented(task.description.as_str()));
    }
    for comment in comments {
        let head = format!("{} by {}:", instant(comment.at), comment.actor);
        let text = indented(comment.text.as_str());
        let _ = writeln!(details, "\n  {}\n{text}", painted(DIM, &head));
    }
    if !changes.is_empty() {
        let _ = writeln!(details, "\n  {}", painted(BOLD, "History"));
        details.push_str(&history::lines(changes, |_| None, 2, context));
    }
    details
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("  {}", isolated(line))
            }
        })
        .collect();
    lines.join("\n")
}
