//! All of one task, for people: its fields, what there is to say, its comments and its history.

use std::fmt::Write as _;

use super::{
    Context, history,
    relative::{self, Horizon},
    screen::{BOLD, CYAN, DIM, RED, painted},
    table::headline,
    width::isolated,
};
use crate::{
    domain::{
        change::Change,
        error::Result,
        task::{Summary, Task, TaskId, TaskWithComments},
        when::When,
    },
    store::Store,
};

/// What stands in some relation to a task, with the titles to name it by.
pub(super) struct Relatives {
    parent: Option<Summary>,
    depends_on: Vec<Summary>,
    /// The parts and their parts, each with how deep it lies, from 0.
    parts: Vec<(Summary, usize)>,
}

/// How many parts are named.
const MOST_PARTS: usize = 1_000;

impl Relatives {
    /// Reads those of `task`.
    pub(super) fn read(store: &Store, task: &Task) -> Result<Self> {
        let mut parts = Vec::new();
        let of = |id| store.children(id, u32::try_from(MOST_PARTS).unwrap_or(u32::MAX));
        let mut waiting: Vec<(Summary, usize)> = Vec::new();
        waiting.extend(of(task.id)?.into_iter().rev().map(|part| (part, 0)));
        while let Some((part, depth)) = waiting.pop()
            && parts.len() < MOST_PARTS
        {
            let deeper = of(part.id)?.into_iter().rev();
            waiting.extend(deeper.map(|part| (part, depth + 1)));
            parts.push((part, depth));
        }
        let parent = task.parent.map(|parent| store.summary(parent));
        Ok(Self {
            parent: parent.transpose()?,
            depends_on: task
                .depends_on
                .iter()
                .map(|id| store.summary(*id))
                .collect::<Result<_>>()?,
            parts,
        })
    }

    /// Returns the ids of the parts, but for their parts.
    pub(super) fn children(&self) -> Vec<TaskId> {
        let own = self.parts.iter().filter(|(_, depth)| *depth == 0);
        own.map(|(part, _)| part.id).collect()
    }
}

/// Returns a task named within another: its number, its title, and what became of it if it is closed.
fn named(task: &Summary) -> String {
    let state = if task.deleted_at.is_some() {
        " (in the trash)".to_owned()
    } else if task.is_open() {
        String::new()
    } else {
        format!(" ({})", task.status)
    };
    format!("{} {}{state}", task.id, isolated(task.title.as_str()))
}

/// Returns the details of `task`; its history is left out where there are no `changes`.
pub(super) fn details(
    TaskWithComments { task, comments }: &TaskWithComments,
    relatives: &Relatives,
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
    // Under each other, in the column of the values.
    let listed =
        |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join(&format!("\n{:15}", "")));
    let parts = relatives.parts.iter();
    let parts = parts.map(|(part, depth)| format!("{}{}", "  ".repeat(*depth), named(part)));
    let tags: Vec<String> = task.tags.iter().map(|tag| format!("+{tag}")).collect();
    let fields = [
        ("Status", Some(task.status.to_string())),
        (
            "Priority",
            task.priority.map(|priority| priority.as_str().to_owned()),
        ),
        ("Due", due),
        (
            "Deferred",
            task.defer_until
                .map(|until| format!("until {}", date(until))),
        ),
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
            (!tags.is_empty()).then(|| isolated(&tags.join(" "))),
        ),
        ("Part of", relatives.parent.as_ref().map(named)),
        (
            "After",
            listed(relatives.depends_on.iter().map(named).collect()),
        ),
        ("Parts", listed(parts.collect())),
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
