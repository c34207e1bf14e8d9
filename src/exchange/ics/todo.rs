//! The task that a `VTODO` makes.

use std::collections::BTreeSet;

use super::{SOURCE, said::Said, series};
use crate::{
    domain::{
        command::{Caller, begin_series},
        imported::{Arrival, Called, OWN, read_own_name},
        repeat::Repeat,
        task::{Actor, Comment, Invalid, Status, Tag, Task, Title},
        when::When,
    },
    exchange::{
        Notes, new_task,
        texts::{comment, description, heading, joined},
    },
};

/// Returns how it repeats, and sets the time of day that the rule says. A rule that no task can have becomes a line of the
/// description.
fn repeat(said: &mut Said, notes: &mut Notes) -> Option<Repeat> {
    let rule = said.rule.take()?;
    let Some((repeat, time)) = series::rule(&rule) else {
        notes
            .count("RRULE: a rule that no task can have here is kept as a line of the description");
        said.texts.push(format!("RRULE: {rule}"));
        return None;
    };
    let is_due_then = said.due.is_none() || said.due == said.start;
    if let Some(start) = said.start {
        said.start = Some(series::at_time(start, time));
        if is_due_then {
            said.due = said.start;
        }
    }
    Some(repeat)
}

/// Makes a task of it. `instances` are those dates of the series that the file has beside it; each that the task cannot
/// hold is added to `others`, to become a task of its own.
pub(super) fn arrival(
    mut said: Said,
    instances: Vec<Said>,
    others: &mut Vec<Said>,
    caller: &Caller,
    notes: &mut Notes,
) -> Result<Arrival, Invalid> {
    let repeat = repeat(&mut said, notes);
    let (title, text) = texts(&mut said, notes)?;
    let (description, pieces) = description(&text, notes)?;
    let stamped = said.updated_at.or(said.stamp);
    let said_created_at = said.created_at.or(stamped);
    let created_at = said_created_at.unwrap_or(caller.now);
    let mut task = new_task(title, SOURCE, created_at);
    task.description = description;
    task.updated_at = stamped.unwrap_or(created_at);
    let remarks = said.remarks.iter().chain(&pieces);
    let comments = remarks
        .filter_map(|text| comment(task.updated_at, Actor::named(SOURCE), text, notes).transpose())
        .collect::<Result<Vec<Comment>, _>>()?;
    task.priority = said.priority;
    task.project = said.project.take();
    task.status = said.status();
    if task.status == Status::Completed {
        task.completed_at = said.completed_at.or(Some(task.updated_at));
    }
    (task.due, task.defer_until, task.repeat) = (said.due, said.defer_until, repeat);
    if let Some(date) = said.instance {
        // Of a series that has no DUE, a date is due when it begins.
        task.due = task.due.or(said.start).or(Some(date));
    }
    let mut is_round_done = said.completed_at.is_some() && task.is_open();
    let has_dates = |repeat: &Repeat| !repeat.counts_from_completion();
    if task.repeat.as_ref().is_some_and(has_dates) {
        series::begin(&mut task, said.start, caller.zone, notes);
        if task.is_open() {
            is_round_done |=
                series::settle(&mut task, &said, instances, others, caller.zone, notes);
        }
    } else {
        let is_after = |(start, due): (When, When)| series::is_after(&start, &due, caller.zone);
        if said.start.zip(task.due).is_some_and(is_after) {
            notes.count(series::AFTER_DUE);
        } else if said.start != task.due && task.defer_until.is_none() {
            task.defer_until = said.start;
        }
        others.extend(instances);
    }
    if task.status.is_open() {
        begin_series(&mut task, caller);
    }
    if said.instance.is_some() {
        notes.count("RECURRENCE-ID: one date of a series is a task of its own");
    }
    let name = said.name.clone().filter(|_| said.instance.is_none());
    let own = name
        .as_ref()
        .and_then(|name| read_own_name(&name.to_string()));
    let identity = said.name.take().map(|name| Called {
        from: if own.is_some() { OWN } else { SOURCE },
        name: match &said.instance {
            None => name.to_string(),
            Some(date) => format!("{name}\n{date}"),
        },
        is_text: false,
        before: None,
        sequence: said.sequence,
    });
    task.tags = tags(&mut said, own.is_some(), notes);
    // To the millisecond, which the format's own times are not.
    let said_created_at = own.map(|(_, created_at)| created_at).or(said_created_at);
    task.created_at = said_created_at.unwrap_or(task.created_at);
    Ok(Arrival {
        line: said.line,
        called: identity,
        name,
        id: own.map(|(id, _)| id),
        versions: said.versions,
        created: said_created_at.map(|at| [at; 2]),
        task,
        comments,
        parent: said.parent,
        depends_on: said.depends_on,
        is_round_done,
    })
}

/// Returns the title, and what the description says.
fn texts(said: &mut Said, notes: &mut Notes) -> Result<(Title, String), Invalid> {
    let note = said.note.clone().unwrap_or_default();
    let summary = said.title.clone().filter(|title| !title.trim().is_empty());
    let texts = said.texts.iter().map(String::as_str);
    if let Some(summary) = summary {
        let (title, more) = heading(&summary, notes)?;
        let text = joined(
            more.as_deref()
                .into_iter()
                .chain([note.as_str()])
                .chain(texts),
        );
        return Ok((title, text));
    }
    if note.trim().is_empty() {
        notes.count("SUMMARY: a task without one, and without a description, is Untitled");
        return Ok((Title::try_from("Untitled".to_owned())?, joined(texts)));
    }
    notes.count("SUMMARY: a task without one has the first line of its description");
    let (title, more) = heading(&note, &mut Notes::default())?;
    Ok((title, joined(more.as_deref().into_iter().chain(texts))))
}

/// Returns the tags. In what we wrote ourselves they are as they were; in others' there may be blanks and commas.
fn tags(said: &mut Said, is_own: bool, notes: &mut Notes) -> BTreeSet<Tag> {
    let mut tags = BTreeSet::new();
    for word in std::mem::take(&mut said.categories) {
        let is_comma = |c: char| c == ',' && !is_own;
        let parts: Vec<&str> = word
            .split(is_comma)
            .filter(|part| !part.trim().is_empty())
            .collect();
        let words: Vec<&str> = parts
            .iter()
            .flat_map(|part| part.split_whitespace())
            .collect();
        match (words.len(), Tag::try_from(words.join("-"))) {
            (0, _) => {}
            (_, Err(_)) => notes.count("CATEGORIES: one that cannot be a tag was left out"),
            (_, Ok(_)) if tags.len() == Task::MAX_TAGS => {
                notes.count(format!(
                    "CATEGORIES: those after {} were left out",
                    tags.len()
                ));
            }
            (count, Ok(tag)) => {
                if parts.len() > 1 {
                    notes.count("CATEGORIES: commas became -");
                }
                if count > parts.len() {
                    notes.count("CATEGORIES: blanks became -");
                }
                tags.insert(tag);
            }
        }
    }
    tags
}
