//! What an import came to, for people and for programs.

use std::io::{self, Write as _};

use serde_json::json;

use super::{CliResult, Context, one_line, say};
use crate::{
    domain::{
        imported::{Difference, Field, Name, Side},
        task::{TaskId, shortened},
        text::counted,
    },
    exchange::Reader,
    store::Imported,
};

/// What of the file was not taken.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// How many tasks.
    pub(super) bad: u64,
    /// What came after some line is missing, or could not be read.
    pub(super) is_cut: bool,
}

pub(super) fn print_json(
    imported: &Imported,
    reader: &dyn Reader,
    left: Left,
    is_rehearsal: bool,
    context: &Context,
) -> CliResult {
    let ids = imported
        .ends
        .as_ref()
        .map(|[(first, _), (last, _)]| [first, last]);
    Ok(context.screen.print_json(&json!({
        "dry_run": is_rehearsal,
        "group": imported.group,
        "new": imported.new,
        "first": ids.map(|[first, _]| first),
        "last": ids.map(|[_, last]| last),
        "keeps_ids": imported.keeps_ids,
        "here": imported.here,
        "back": imported.back,
        "in_trash": imported.trashed,
        "trashed": imported.in_trash.iter().map(|(id, title)| json!({
            "task": id,
            "title": title,
        })).collect::<Vec<_>>(),
        "outdated": imported.outdated,
        "differ": imported.differ,
        "updated": imported.updated,
        "conflicts": imported.conflicts,
        "brought": imported.brought,
        "differences": imported.differing.iter().map(|task| json!({
            "task": task.id,
            "title": task.title,
            "fields": task.fields.iter().map(|field| json!({
                "field": field.field.as_str(),
                "changed": match field.side {
                    Side::File => "file",
                    Side::Here => "here",
                    Side::Both => "both",
                },
                "file": field.file,
                "here": field.here,
                "taken": imported.updates && field.is_taken(),
                "circle": field.circle,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "differences_left_out": imported.untold,
        "bad": left.bad,
        "cut": left.is_cut,
        "references_left_out": imported.loose + imported.circular,
        "notes": notes(imported, reader),
    }))?)
}

/// How the file was imported.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Nothing was written.
    pub(super) is_rehearsal: bool,
    /// What changed in the file was taken over.
    pub(super) updates: bool,
}

pub(super) fn print(imported: &Imported, reader: &dyn Reader, how: How) -> CliResult {
    let is_rehearsal = how.is_rehearsal;
    for note in notes(imported, reader) {
        say(&note);
    }
    let mut out = io::stdout().lock();
    let imports = if is_rehearsal {
        "Would import"
    } else {
        "Imported"
    };
    let new = counted(imported.new, "task");
    let which = imported
        .ends
        .as_ref()
        .map_or_else(String::new, |ends| which(ends, imported.keeps_ids));
    writeln!(out, "{imports} {new}{which}.")?;
    if imported.back > 0 {
        let (back, were) = (counted(imported.back, "task"), was(imported.back));
        let come = if is_rehearsal {
            "would come back"
        } else {
            "came back"
        };
        writeln!(out, "{back} that {were} undone here {come}.")?;
    }
    if imported.here > 0 {
        print_known(&mut out, imported, how)?;
    }
    if imported.outdated > 0 {
        let outdated = imported.outdated;
        writeln!(
            out,
            "{outdated} of them {} left as {}: the file is older than the one imported before, by its SEQUENCE.",
            was(outdated),
            it_is(outdated)
        )?;
    }
    if imported.trashed > 0 {
        print_trashed(&mut out, imported)?;
    }
    let is_seen = imported.new + imported.back + imported.updated > 0;
    match imported.group {
        _ if is_rehearsal => writeln!(out, "Nothing was written.")?,
        Some(group) if is_seen => {
            writeln!(out, "It is change group {group}; one undo takes it back.")?;
        }
        Some(group) => writeln!(
            out,
            "No task was changed; what the file says of them is kept for the next time, as change group {group}."
        )?,
        None => {}
    }
    Ok(())
}

/// Says what became of the tasks that were here already, and where the file says something else.
fn print_known(out: &mut impl io::Write, imported: &Imported, how: How) -> io::Result<()> {
    let (here, differ, updated) = (imported.here, imported.differ, imported.updated);
    write!(out, "{here} {} here already", was(here))?;
    match (how.updates && updated > 0, how.is_rehearsal) {
        (false, _) => write!(out, " and left as {}", it_is(here))?,
        (true, false) => write!(out, "; {updated} of them changed as in the file")?,
        (true, true) => write!(out, "; {updated} of them would change as in the file")?,
    }
    let left = if how.updates {
        imported.conflicts
    } else {
        imported.differ_in_file
    };
    if left > 0 {
        write!(out, "; of {left} of them the file says something else")?;
    }
    // Nothing of them is named: the file is as it was.
    let changed_here = differ - imported.differ_in_file;
    if changed_here > 0 {
        write!(
            out,
            "; {changed_here} of them {} changed here alone",
            was(changed_here)
        )?;
    }
    writeln!(out, ".")?;
    for task in &imported.differing {
        let title = shortened(task.title.as_str(), SHOWN);
        for field in &task.fields {
            writeln!(out, "  {} {title}: {}", task.id, said(field, how))?;
        }
    }
    if imported.untold > 0 {
        let more = counted(imported.untold, "more task");
        writeln!(out, "  and {more} of which the file says something else")?;
    }
    if imported.brought > 0 {
        let others = counted(imported.brought, "other task");
        let were = if how.is_rehearsal {
            "would be"
        } else {
            was(imported.brought)
        };
        writeln!(
            out,
            "{others} {were} freed or opened again by rounds that are finished in the file."
        )?;
    }
    let mut fields = imported.differing.iter().flat_map(|task| &task.fields);
    if !how.updates && fields.any(Difference::is_taken) {
        writeln!(out, "--update takes over what changed in the file alone.")?;
    }
    Ok(())
}

/// Says what the file says of a field, and what became of that.
fn said(field: &Difference, how: How) -> String {
    let text = |text: &Option<String>| match text {
        Some(text) => shortened(&one_line(text), SHOWN),
        None => "nothing".to_owned(),
    };
    let (name, file, here) = (field.field.as_str(), text(&field.file), text(&field.here));
    if field.field == Field::Comments
        && let Some(new) = &field.file
    {
        // They go beside those that are here.
        let new = shortened(&one_line(new), SHOWN);
        return match (how.updates && field.is_taken(), how.is_rehearsal) {
            (true, false) => format!("added to comments: {new}"),
            (true, true) => format!("would be added to comments: {new}"),
            (false, _) => format!("new in comments of the file: {new}"),
        };
    }
    if how.updates && field.is_taken() {
        let verb = if how.is_rehearsal {
            "would become"
        } else {
            "is now"
        };
        return format!("{name} {verb} {file} as in the file, {here} before");
    }
    let left = if how.updates {
        ", left as it is here"
    } else {
        ""
    };
    let why = match (&field.circle, field.side) {
        (Some(way), _) => format!("{left}: it would go round in a circle, {way}"),
        (None, Side::Both) if how.updates => format!("{left}: changed in both"),
        (None, Side::Both) => ", changed in both".to_owned(),
        (None, _) => String::new(),
    };
    format!("{name} is {file} in the file, {here} here{why}")
}

/// Says which tasks are in the trash here and not in the file, and how they come back.
fn print_trashed(out: &mut impl io::Write, imported: &Imported) -> io::Result<()> {
    let trashed = imported.trashed;
    let are = if trashed == 1 { "is" } else { "are" };
    writeln!(
        out,
        "{trashed} of them {are} in the trash here and {} left there; taskhold undelete ID brings one back:",
        was(trashed)
    )?;
    for (id, title) in &imported.in_trash {
        writeln!(out, "  {id} {}", shortened(title.as_str(), SHOWN))?;
    }
    let more = trashed.saturating_sub(imported.in_trash.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    Ok(())
}

/// How many characters are shown of a text that differs.
const SHOWN: usize = 60;

/// Says which tasks are new: what their ids are here, and what they are in the file.
fn which(ends: &[(TaskId, Option<Name>); 2], keeps_ids: bool) -> String {
    let [(first, first_name), (last, last_name)] = ends;
    let number = |name: &Option<Name>| match name {
        Some(Name::Number(number)) => Some(*number),
        _ => None,
    };
    match (number(first_name), number(last_name)) {
        _ if keeps_ids && first == last => format!(", #{first}, as it is in the file"),
        _ if keeps_ids => format!(", #{first} to #{last}, as they are in the file"),
        (Some(name), _) if first == last => format!(", #{first}: {name} of the file"),
        (Some(name), Some(last_name)) => format!(
            ", #{first} to #{last}: {name} of the file is #{first}, {last_name} of the file is #{last}"
        ),
        _ if first == last => format!(", #{first}"),
        _ => format!(", #{first} to #{last}"),
    }
}

/// Returns what was left out, or taken otherwise than it is written.
fn notes(imported: &Imported, reader: &dyn Reader) -> Vec<String> {
    let remarks = reader
        .notes()
        .iter()
        .map(|(remark, count)| one_line(&format!("{remark} ({})", counted(count, "task"))));
    let barren = imported.first_barren.map(|first| {
        let tasks = counted(imported.barren, "task");
        format!(
            "{tasks} with a rule that never comes again from the date: each ends when it is done, as #{first}; change its rule, or its date"
        )
    });
    let left_out = |count: u64, which: &str| {
        (count > 0).then(|| format!("{} {which} left out", counted(count, "reference")))
    };
    remarks
        .chain(left_out(
            imported.loose,
            "to tasks that are not in the file",
        ))
        .chain(left_out(imported.circular, "that went round in a circle"))
        .chain(barren)
        .collect()
}

fn was(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

fn it_is(count: u64) -> &'static str {
    if count == 1 { "it is" } else { "they are" }
}
