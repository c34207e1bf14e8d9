//! `taskhold log`

use std::{collections::HashMap, fmt::Write as _};

use serde::Serialize;

use super::{CliResult, Context, report::say, sheet::change_line};
use crate::{
    change::{Change, Fields, GroupId},
    error::{Error, Result},
    render,
    store::Store,
    task::TaskId,
};

/// Show what was changed, by whom, the latest first
///
/// The number at the beginning of a line is the change's group: what undo takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold log\n  taskhold log 12 --all")]
pub(super) struct LogArgs {
    /// Task whose history to show
    #[arg(value_name = "ID")]
    id: Option<TaskId>,
    /// How many changes
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Every change there was
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
}

/// What `--json` prints of a change.
#[derive(Serialize)]
pub(super) struct ChangeObject<'a> {
    seq: i64,
    group: GroupId,
    at: String,
    by: &'a str,
    kind: &'static str,
    task: TaskId,
    rev: i64,
    old: &'a Option<Fields>,
    new: &'a Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverts: Option<GroupId>,
}

#[derive(Serialize)]
struct Log<'a> {
    changes: Vec<ChangeObject<'a>>,
    more: bool,
}

impl<'a> ChangeObject<'a> {
    pub(super) fn new(change: &'a Change, context: &Context) -> Self {
        Self {
            seq: change.seq,
            group: change.group,
            at: render::instant(change.at, context.caller.zone),
            by: change.actor.as_str(),
            kind: change.kind.as_str(),
            task: change.task,
            rev: change.rev,
            old: &change.old,
            new: &change.new,
            reverts: change.reverts,
        }
    }
}

impl LogArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let limit = if self.all { u32::MAX } else { self.limit };
        let (changes, more, titles) = context.reader()?.snapshot(|store| {
            let (changes, more) = match self.id {
                Some(id) => latest_of(store, id, limit)?,
                None => latest(store, limit)?,
            };
            let titles = titles(store, &changes)?;
            Ok((changes, more, titles))
        })?;
        if context.screen.json {
            let changes = changes
                .iter()
                .map(|change| ChangeObject::new(change, context))
                .collect();
            return Ok(context.screen.print_json(&Log { changes, more })?);
        }
        let mut lines = String::new();
        for change in &changes {
            let title = titles.get(&change.task).map(String::as_str);
            let title = title.filter(|_| self.id.is_none());
            let _ = writeln!(lines, "{}", change_line(change, title, context));
        }
        context.screen.print(&lines)?;
        if more {
            say(&["there is more: --all shows every change".to_owned()]);
        }
        Ok(())
    }
}

/// Returns the latest changes, and whether there are others.
fn latest(store: &Store, limit: u32) -> Result<(Vec<Change>, bool)> {
    let first = (store.last_change()? - i64::from(limit)).max(0);
    let mut changes = store.changes_since(first, limit)?;
    changes.reverse();
    Ok((changes, first > 0))
}

fn latest_of(store: &Store, id: TaskId, limit: u32) -> Result<(Vec<Change>, bool)> {
    store.task(id)?.ok_or(Error::NotFound { id })?;
    let mut changes = store.history(id, 0)?;
    changes.reverse();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = changes.len() > most;
    changes.truncate(most);
    Ok((changes, more))
}

fn titles(store: &Store, changes: &[Change]) -> Result<HashMap<TaskId, String>> {
    let mut titles = HashMap::new();
    for change in changes {
        if !titles.contains_key(&change.task)
            && let Some(task) = store.task(change.task)?
        {
            titles.insert(change.task, task.title.to_string());
        }
    }
    Ok(titles)
}
