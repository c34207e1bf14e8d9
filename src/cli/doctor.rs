//! `taskhold doctor`

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{CliResult, Context, Failure, backup::new_file};
use crate::{
    care::{
        doctor::{self, Finding, Verdict},
        repair::{self, Mended},
        salvage::{self, Salvaged},
    },
    clock,
    domain::text::counted,
    http::{TokenError, Tokens},
};

/// Check the database, its files and its backups
///
/// Each line is good, a warning or bad, with the way out, or unknown where the system does not show it. Exit status 1 if one is
/// bad.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold doctor
  taskhold doctor --fix
  taskhold doctor --salvage rescued.db")]
pub(super) struct DoctorArgs {
    /// Mend what is safe to mend, after a backup
    #[arg(long)]
    fix: bool,
    /// Get every readable task out of a damaged database, into a new one; exit status 1 if something was lost
    #[arg(long, value_name = "FILE", conflicts_with = "fix")]
    salvage: Option<PathBuf>,
}

impl DoctorArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        if let Some(file) = self.salvage {
            let file = new_file(&file, context)?;
            let salvaged = salvage::salvage(&context.database, &file, &context.caller)?;
            return print_salvaged(&salvaged, &file, context);
        }
        let now = clock::now();
        let Mended {
            mut found,
            checks,
            backup,
            failure,
        } = if self.fix {
            repair::fix(&context.database, &context.caller)
        } else {
            Mended {
                found: doctor::examine(&context.database, context.caller.zone, now),
                ..Mended::default()
            }
        };
        found.extend(examine_tokens(context));
        if context.screen.json {
            print_json(&found, &checks, backup.as_deref(), context)?;
        } else {
            print(&found, &checks, backup.as_deref())?;
        }
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        if found.iter().any(|one| one.verdict == Verdict::Bad) {
            return Err(Failure::Told);
        }
        Ok(())
    }
}

/// Examines the files of tokens. Where nothing is wrong with them, there is nothing to say.
fn examine_tokens(context: &Context) -> Vec<Finding> {
    let faults = Tokens::new(&context.settled_database()).faults();
    let finding = |fault: TokenError| Finding::bad("tokens", fault.to_string(), fault.way_out());
    faults.into_iter().map(finding).collect()
}

fn print(found: &[Finding], mended: &[&str], backup: Option<&Path>) -> CliResult {
    let mut out = io::stdout().lock();
    for one in found {
        writeln!(
            out,
            "{:8} {:12} {}",
            one.verdict.as_str(),
            one.check,
            one.what
        )?;
        if let Some(way_out) = &one.way_out {
            writeln!(out, "{:21} -> {way_out}", "")?;
        }
    }
    if let Some(backup) = backup {
        writeln!(out, "What was there before: {}", backup.display())?;
    }
    if !mended.is_empty() {
        writeln!(out, "Mended: {}", mended.join(", "))?;
    }
    let count = |verdict| found.iter().filter(|one| one.verdict == verdict).count();
    let unknown = count(Verdict::Unknown);
    match (count(Verdict::Bad), count(Verdict::Warning)) {
        (0, 0) if unknown == 0 => writeln!(out, "All is well.")?,
        (0, 0) => writeln!(
            out,
            "All that was looked at is well; {unknown} of {} were not.",
            counted(found.len(), "check")
        )?,
        (bad, warnings) => writeln!(out, "{bad} bad, {}.", counted(warnings, "warning"))?,
    }
    Ok(())
}

fn print_json(
    found: &[Finding],
    mended: &[&str],
    backup: Option<&Path>,
    context: &Context,
) -> CliResult {
    let worst = found.iter().map(|one| one.verdict).max();
    let findings: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "check": one.check,
                "verdict": one.verdict.as_str(),
                "what": one.what,
                "way_out": one.way_out,
                "can_be_fixed": one.fix.is_some(),
            })
        })
        .collect();
    Ok(context.screen.print_json(&json!({
        "verdict": worst.map(Verdict::as_str),
        "findings": findings,
        "mended": mended,
        "backup": backup,
    }))?)
}

fn print_salvaged(salvaged: &Salvaged, file: &Path, context: &Context) -> CliResult {
    let lost: Vec<String> = salvaged
        .lost
        .iter()
        .map(|ids| match (ids.start(), ids.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
        .collect();
    if context.screen.json {
        context.screen.print_json(&json!({
            "path": file,
            "tasks": salvaged.tasks,
            "from_log": salvaged.from_log,
            "conflicts": salvaged.conflicts,
            "without_history": salvaged.without_history,
            "older": salvaged.older,
            "references_dropped": salvaged.loosened,
            "lost": lost,
            "unreadable_pages": salvaged.unreadable_pages,
        }))?;
    } else {
        say_salvaged(salvaged, &lost, file)?;
    }
    if salvaged.is_whole() {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

fn say_salvaged(salvaged: &Salvaged, lost: &[String], file: &Path) -> CliResult {
    let mut out = io::stdout().lock();
    let found = i64::try_from(salvaged.tasks).unwrap_or(i64::MAX);
    writeln!(
        out,
        "Salvaged {found} of {} into {}",
        counted(found + salvaged.lost_tasks(), "task"),
        file.display()
    )?;
    for (number, what) in [
        (
            salvaged.from_log,
            "made from their history, since their row was lost or wrong",
        ),
        (
            salvaged.conflicts,
            "row and history say different things; the row was taken, and both are in the history",
        ),
        (
            salvaged.without_history,
            "as they stood, but their history is lost or ends early",
        ),
        (
            salvaged.older,
            "made from what is left of their history, maybe as they stood earlier",
        ),
        (salvaged.loosened, "lost a reference to a task that is lost"),
    ] {
        if number > 0 {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            writeln!(out, "  {}: {what}", counted(number, "task"))?;
        }
    }
    if !lost.is_empty() {
        writeln!(out, "  lost: {}", lost.join(", "))?;
    }
    writeln!(
        out,
        "To go on with them: end every program that uses the database, move it and its -wal and -shm to another place, then\n  taskhold restore {}",
        file.display()
    )?;
    Ok(())
}
