//! `taskhold start`, `done`, `skip`, `reopen` and `cancel`: tasks moved from one status or date to another; `undelete`: out of the
//! trash.

use super::{CliResult, Context, Failure, chosen::ChosenArgs, ids::IdArgs, report::Verbs};
use crate::{
    domain::{
        advice::on_skipping,
        command::{Command, Outcome, Patch},
        task::Status,
    },
    input::read_date,
};

/// Mark tasks as in progress
///
/// All of them or none: if one cannot be changed, nothing is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold start 12")]
pub(super) struct StartArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
}

/// Mark tasks as completed; one that repeats moves to its next date
///
/// All of them or none: if one cannot be completed, nothing changes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold done 12 13\n  taskhold done --where 'project:web +home'\n  taskhold done 12 --due 2027-01-01"
)]
pub(super) struct DoneArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
    /// Date that the task is due: completes a round once more before its date has come
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
}

/// Move tasks that repeat to their next date without completing them
///
/// All of them or none. A date that is skipped counts; after the last one the task is cancelled.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold skip 12")]
pub(super) struct SkipArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
}

/// Open finished tasks again, or stop work on those in progress
///
/// All of them or none: if one cannot be changed, nothing is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold reopen 12")]
pub(super) struct ReopenArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
}

/// Mark tasks as cancelled
///
/// All of them or none: if one cannot be changed, nothing is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  taskhold cancel 12")]
pub(super) struct CancelArgs {
    #[command(flatten)]
    chosen: ChosenArgs,
}

/// Take tasks out of the trash, each as it was
///
/// Also some of the tasks that one call has deleted; undo brings back all of them. All of those that are named or none: if one
/// cannot be brought back, nothing changes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold undelete 12\n  taskhold list trash project:flat | taskhold undelete -"
)]
pub(super) struct UndeleteArgs {
    #[command(flatten)]
    ids: IdArgs,
}

impl StartArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let verbs = Verbs {
            done: "Started",
            unchanged: "Nothing changed, in progress already:",
        };
        set_status(&self.chosen, "start", Status::InProgress, verbs, context)
    }
}

impl DoneArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let ids = self.chosen.read("complete", context)?;
        if ids.is_empty() {
            return context.report(&Outcome::default(), COMPLETED, &[]);
        }
        let command = match (self.due, ids.as_slice()) {
            (None, _) => Command::Complete(ids),
            (Some(due), [id]) => Command::CompleteRound {
                id: *id,
                due: read_date("due", &due, &context.caller)?.when,
            },
            (Some(_), _) => {
                return Err(Failure::call(
                    "--due names the date of one task",
                    "complete it in a call of its own: taskhold done 12 --due 2027-01-01",
                ));
            }
        };
        let outcome = context.write(&command)?;
        context.report_closed(&outcome, COMPLETED)
    }
}

impl SkipArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let verbs = Verbs {
            done: "Skipped",
            unchanged: "Nothing changed:",
        };
        let ids = self.chosen.read("skip", context)?;
        if ids.is_empty() {
            return context.report(&Outcome::default(), verbs, &[]);
        }
        let outcome = context.write(&Command::Skip(ids))?;
        let mut notes = on_skipping(&outcome.edits, context.caller.zone);
        notes.extend(outcome.advice.left());
        context.report(&outcome, verbs, &notes)
    }
}

impl ReopenArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let verbs = Verbs {
            done: "Reopened",
            unchanged: "Nothing changed, pending already:",
        };
        set_status(&self.chosen, "reopen", Status::Pending, verbs, context)
    }
}

impl CancelArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let verbs = Verbs {
            done: "Cancelled",
            unchanged: "Nothing changed, cancelled already:",
        };
        set_status(&self.chosen, "cancel", Status::Cancelled, verbs, context)
    }
}

const COMPLETED: Verbs = Verbs {
    done: "Completed",
    unchanged: "Nothing changed, completed already:",
};

impl UndeleteArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let patch = Patch {
            undelete: true,
            ..Patch::default()
        };
        let outcome = context.write(&Command::Update {
            ids: self.ids.read()?,
            patch,
            if_rev: None,
        })?;
        let verbs = Verbs {
            done: "Brought back",
            unchanged: "Nothing changed, not in the trash:",
        };
        context.report(&outcome, verbs, &[])
    }
}

fn set_status(
    chosen: &ChosenArgs,
    verb: &'static str,
    status: Status,
    verbs: Verbs,
    context: &Context,
) -> CliResult {
    let ids = chosen.read(verb, context)?;
    if ids.is_empty() {
        return context.report(&Outcome::default(), verbs, &[]);
    }
    let patch = Patch {
        status: Some(status),
        ..Patch::default()
    };
    let outcome = context.write(&Command::Update {
        ids,
        patch,
        if_rev: None,
    })?;
    if status.is_open() {
        context.report(&outcome, verbs, &[])
    } else {
        context.report_closed(&outcome, verbs)
    }
}
