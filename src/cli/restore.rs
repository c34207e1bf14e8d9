//! `taskhold restore`

use std::io::{self, Write as _};

use serde_json::json;

use super::{CliResult, Context, backup, report};
use crate::{
    care::restore::{self, Outcome},
    clock,
    domain::{change::Edit, task::Task},
    store::Paths,
};

/// Restore all tasks from a backup
///
/// What is there is backed up first. The difference is then written as one change, while others go on working: they
/// are told of it, tasks added since the backup go to the trash, and undo takes the whole restore back. A backup whose
/// tasks are not what their history says is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold restore latest --dry-run
  taskhold restore 2
  taskhold restore before-the-move.db")]
pub(super) struct RestoreArgs {
    /// A file, a number or a name of `taskhold backup --list`, or `latest`: the latest there that was not itself taken
    /// before a restore
    #[arg(value_name = "FILE|latest|NUMBER|NAME")]
    backup: String,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

impl RestoreArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let from = backup::named(&self.backup, context)?;
        let outcome = if self.dry_run {
            restore::preview(&context.database, &from, clock::now())?
        } else {
            let outcome = restore::restore(&context.database, &from, &context.caller)?;
            if outcome.total() > 0 {
                context.changed(&Paths::new(&context.settled_database()));
            }
            outcome
        };
        let damaged = outcome.has_damaged_words.then(|| {
            "the search index in the backup is damaged; the tasks are whole, and found here as ever".to_owned()
        });
        let notes: Vec<String> = damaged.into_iter().collect();
        report::say(&notes);
        if context.screen.json {
            let first: Vec<_> = outcome.first.iter().map(entry).collect();
            return Ok(context.screen.print_json(&json!({
                "from": from,
                "dry_run": self.dry_run,
                "back": outcome.back,
                "changed": outcome.changed,
                "trashed": outcome.trashed,
                "first": first,
                "group": outcome.group,
                "backup": outcome.before.map(|backup| backup.path),
                "notes": notes,
            }))?);
        }
        let mut out = io::stdout().lock();
        if outcome.total() == 0 {
            writeln!(
                out,
                "Nothing to restore: every task is as in {}",
                from.display()
            )?;
            return Ok(());
        }
        let verb = if self.dry_run {
            "Would restore"
        } else {
            "Restored"
        };
        writeln!(out, "{verb} {}: {}", from.display(), summary(&outcome))?;
        for edit in &outcome.first {
            let (word, fields) = said(edit);
            writeln!(
                out,
                "  {word:10}  {} {}{fields}",
                edit.after.id,
                edit.after.title.as_str()
            )?;
        }
        let more = outcome.total() - outcome.first.len() as u64;
        if more > 0 {
            writeln!(out, "  and {more} more")?;
        }
        if let Some(before) = &outcome.before {
            writeln!(out, "What was there before: {}", before.path.display())?;
        }
        if let Some(group) = outcome.group {
            writeln!(out, "To take it back, undo change group {group}.")?;
        }
        Ok(())
    }
}

fn summary(outcome: &Outcome) -> String {
    let parts = [
        (outcome.back, "brought back"),
        (outcome.changed, "changed back"),
        (outcome.trashed, "moved to the trash"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}

/// Returns what happens to a task, and which of its fields that is.
fn said(edit: &Edit) -> (&'static str, String) {
    let was_there = |task: &Task| !task.is_deleted();
    match &edit.before {
        _ if edit.after.is_deleted() => ("to trash", String::new()),
        Some(before) if was_there(before) => {
            let fields = edit.fields().join(", ");
            ("change", format!(" ({fields})"))
        }
        _ => ("back", String::new()),
    }
}

fn entry(edit: &Edit) -> serde_json::Value {
    json!({
        "id": edit.after.id.get(),
        "title": edit.after.title.as_str(),
        "what": said(edit).0,
        "fields": edit.fields(),
    })
}
