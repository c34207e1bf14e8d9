//! `taskhold backup`

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{CliResult, Context, Failure, export::is_of_database};
use crate::{
    clock,
    disk::absolute,
    domain::{error::Error, text::counted},
    render,
    store::backup::{self, Backup, Contents, Reason},
};

/// Back up all tasks, or list the backups
///
/// Without a file, the backup goes to the folder of backups beside the database, where `--list` and `taskhold restore`
/// find it. taskhold also takes one by itself: at the first change of a day, and before an upgrade, an import, a
/// restore and a repair. None is begun that would take the last room on the disk: name a file on another one then.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold backup
  taskhold backup before-the-move.db
  taskhold backup --list")]
pub(super) struct BackupArgs {
    /// New file to write; one that is there is not overwritten
    #[arg(value_name = "FILE", conflicts_with = "list")]
    file: Option<PathBuf>,
    /// List the backups, the latest first
    #[arg(long)]
    list: bool,
}

impl BackupArgs {
    /// Reports whether it takes no backup.
    pub(super) fn only_lists(&self) -> bool {
        self.list
    }

    pub(super) fn run(self, context: &Context) -> CliResult {
        if self.list {
            return print_list(context);
        }
        context.refuse_missing()?;
        let (path, contents) = if let Some(file) = &self.file {
            let file = new_file(file, context)?;
            let contents = backup::copy_to(&context.database, &file)?;
            (file, contents)
        } else {
            let (backup, contents) = backup::take(&context.database, Reason::Asked, clock::now())?;
            (backup.path, contents)
        };
        print_taken(&path, &contents, context)
    }
}

/// Returns the whole path of a database that is to be written, if it may have that name.
pub(super) fn new_file(file: &Path, context: &Context) -> CliResult<PathBuf> {
    if file == Path::new("-") {
        return Err(Failure::call(
            "a database is not written to standard output",
            "name a file; taskhold export writes to standard output",
        ));
    }
    let path = absolute(file)?;
    if is_of_database(&context.database, &path) {
        return Err(Failure::input(format!(
            "{} belongs to the database; name another file",
            file.display()
        )));
    }
    Ok(path)
}

fn print_taken(path: &Path, contents: &Contents, context: &Context) -> CliResult {
    if context.screen.json {
        let mut object = json!({
            "path": path,
            "tasks": contents.tasks,
            "bytes": contents.bytes,
            "schema": contents.schema,
            "last_change": contents.last_change,
        });
        if let Some(disagreeing) = &contents.disagreeing {
            object["problem"] = disagreeing.as_str().into();
        }
        return Ok(context.screen.print_json(&object)?);
    }
    writeln!(
        io::stdout().lock(),
        "Backed up {}, {}: {}",
        counted(contents.tasks, "task"),
        size(contents.bytes),
        path.display()
    )?;
    if let Some(disagreeing) = &contents.disagreeing {
        writeln!(io::stderr(), "note: {disagreeing}: taskhold doctor")?;
    }
    Ok(())
}

fn print_list(context: &Context) -> CliResult {
    let backups = backup::list(&context.database)?;
    if context.screen.json {
        let entries: Vec<_> = (1..)
            .zip(&backups)
            .map(|(number, one)| entry(number, one, &backup::inspect(&one.path), context))
            .collect();
        return Ok(context.screen.print_json(&json!({ "backups": entries }))?);
    }
    let mut out = io::stdout().lock();
    for (number, one) in (1..).zip(&backups) {
        let holds = match backup::inspect(&one.path) {
            Ok(contents) => counted(contents.tasks, "task"),
            Err(error) => error.to_string(),
        };
        let taken_at = context.caller.zone.at(one.taken_at.as_millis());
        let to_come = if one.is_to_come(context.caller.now) {
            "  (dated in the future: a clock was wrong)"
        } else {
            ""
        };
        writeln!(
            out,
            "{number:>3}  {}  {:17}  {:>9}  {holds}  {}{to_come}",
            taken_at.format("%a %Y-%m-%d %H:%M:%S"),
            one.reason.to_string(),
            size(one.bytes),
            one.name(),
        )?;
    }
    if backups.is_empty() {
        writeln!(out, "No backups yet. Take one: taskhold backup")?;
    }
    Ok(())
}

fn entry(
    number: usize,
    one: &Backup,
    contents: &Result<Contents, Error>,
    context: &Context,
) -> serde_json::Value {
    let mut entry = json!({
        "number": number,
        "taken_at": render::instant(one.taken_at, context.caller.zone),
        "reason": one.reason.as_str(),
        "bytes": one.bytes,
        "path": one.path,
        "name": one.name(),
    });
    if one.is_to_come(context.caller.now) {
        entry["to_come"] = true.into();
    }
    match contents {
        Ok(contents) => {
            entry["tasks"] = contents.tasks.into();
            entry["schema"] = contents.schema.into();
        }
        Err(error) => entry["problem"] = error.to_string().into(),
    }
    entry
}

/// Returns the backup that `name` means: `latest`, its number in the list, its name there, or a file.
pub(super) fn named(name: &str, context: &Context) -> CliResult<PathBuf> {
    let backups = backup::list(&context.database)?;
    let found = match (name, name.parse::<usize>()) {
        ("latest", _) => latest(&backups, context)?,
        (_, Ok(number)) => number.checked_sub(1).and_then(|at| backups.get(at)),
        _ => match backups.iter().find(|backup| backup.name() == name) {
            None => return Ok(absolute(Path::new(name))?),
            found => found,
        },
    };
    let found = found.ok_or_else(|| {
        let (there, hint) = match backups.len() {
            0 => ("there are none yet".to_owned(), "taskhold backup takes one"),
            most => (
                format!("`taskhold backup --list` shows 1 to {most}"),
                "taskhold backup --list",
            ),
        };
        Failure::input(format!("backup {name} is not there; {there}")).with_hint(hint)
    })?;
    Ok(found.path.clone())
}

fn latest<'a>(backups: &'a [Backup], context: &Context) -> CliResult<Option<&'a Backup>> {
    let now = context.caller.now;
    let found = backup::latest(backups, now);
    let to_come = backups.iter().filter(|backup| backup.is_to_come(now));
    let to_come = to_come.count();
    if let Some(found) = found
        && to_come > 0
        && !context.screen.json
    {
        let taken_at = context.caller.zone.at(found.taken_at.as_millis());
        writeln!(
            io::stderr(),
            "note: passed over {}, dated in the future since a clock was wrong; this one is of {}",
            counted(to_come, "backup"),
            taken_at.format("%a %Y-%m-%d %H:%M:%S")
        )?;
    }
    Ok(found)
}

/// Returns a size as people say it: thousands of bytes are kB, as disks are sold.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => tenths(bytes, 1_000_000, "MB"),
        _ => tenths(bytes, 1_000_000_000, "GB"),
    }
}

fn tenths(bytes: u64, unit: u64, name: &str) -> String {
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_said_in_the_unit_that_fits() {
        let cases = [
            (999, "999 B"),
            (1_001, "2 kB"),
            (1_250_000, "1.2 MB"),
            (3_000_000_000, "3.0 GB"),
        ];
        for (bytes, said) in cases {
            assert_eq!(size(bytes), said);
        }
    }
}
