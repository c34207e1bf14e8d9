//! What an import came to, for people and for programs.

use std::io::{self, Write as _};

use serde_json::json;

use super::{CliResult, Context, one_line, say};
use crate::{
    domain::{
        imported::{Name, Side},
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
        "differ": imported.differ,
        "updated": imported.updated,
        "conflicts": imported.conflicts,
        "differences": imported.differing.iter().map(|task| json!({
            "task": task.id,
            "fields": task.fields.iter().map(|field| json!({
                "field": field.field.as_str(),
                "changed": match field.side {
                    Side::File => "file",
                    Side::Here => "here",
                    Side::Both => "both",
                },
                "file": field.file,
                "here": field.here,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
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
    if imported.here > 0 {
        print_known(&mut out, imported, how)?;
    }
    match imported.group {
        _ if is_rehearsal => writeln!(out, "Nothing was written.")?,
        Some(group) => writeln!(out, "It is change group {group}; one undo takes it back.")?,
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
        differ
    };
    if left > 0 {
        write!(out, "; of {left} of them the file says something else")?;
    }
    writeln!(out, ".")?;
    let mut is_offered = false;
    for task in &imported.differing {
        for field in &task.fields {
            is_offered |= field.side == Side::File;
            let which = match (field.side, how.updates) {
                (Side::File, true) => continue,
                (Side::Both, true) => ", left as it is here: changed in both",
                (Side::Both, false) => ", changed in both",
                (Side::File | Side::Here, _) => "",
            };
            let text = |text: &Option<String>| match text {
                Some(text) => shortened(&one_line(text), SHOWN),
                None => "nothing".to_owned(),
            };
            let title = shortened(task.title.as_str(), SHOWN);
            let (name, file, here) = (field.field.as_str(), text(&field.file), text(&field.here));
            writeln!(
                out,
                "  {} {title}: {name} is {file} in the file, {here} here{which}",
                task.id
            )?;
        }
    }
    if is_offered && !how.updates {
        writeln!(out, "--update takes over what changed in the file alone.")?;
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
