//! `taskhold log`

use std::{
    collections::HashMap,
    io::{self, Write as _},
};

use serde::Serialize;

use super::{CliResult, Context, report::say, screen::JSON_VERSION, sheet::change_line};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Fields>,
    new: &'a Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverts: Option<GroupId>,
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
            old: change.old.as_ref(),
            new: &change.new,
            reverts: change.reverts,
        }
    }
}

/// How many changes are read at a time, so that memory stays small however many there are.
const PAGE: i64 = 1_000;

impl LogArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let mut out = io::BufWriter::new(context.screen.out());
        let store = context.reader()?;
        let more = store.snapshot(|store| Ok(self.write(store, context, &mut out)))??;
        out.flush()?;
        if more && !context.screen.json {
            say(&["there is more: --all shows every change".to_owned()]);
        }
        Ok(())
    }

    /// Writes the changes, and returns whether there are others.
    fn write(&self, store: &Store, context: &Context, out: &mut impl io::Write) -> CliResult<bool> {
        let limit = if self.all {
            i64::MAX
        } else {
            self.limit.into()
        };
        if !context.screen.json {
            return self.each_page(store, limit, |changes| {
                let titles = titles(store, changes)?;
                for change in changes {
                    let title = titles.get(&change.task).map(String::as_str);
                    let title = title.filter(|_| self.id.is_none());
                    writeln!(out, "{}", change_line(change, title, context))?;
                }
                Ok(())
            });
        }
        write!(out, "{{\"version\":{JSON_VERSION},\"changes\":[")?;
        let mut is_first = true;
        let more = self.each_page(store, limit, |changes| {
            for change in changes {
                if !std::mem::take(&mut is_first) {
                    out.write_all(b",")?;
                }
                let object = ChangeObject::new(change, context);
                serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
            }
            Ok(())
        })?;
        writeln!(out, "],\"more\":{more}}}")?;
        Ok(more)
    }

    /// Shows the latest changes, the latest first, and returns whether there are others.
    fn each_page(
        &self,
        store: &Store,
        limit: i64,
        mut show: impl FnMut(&[Change]) -> CliResult,
    ) -> CliResult<bool> {
        if let Some(id) = self.id {
            let (changes, more) = latest_of(store, id, limit)?;
            show(&changes)?;
            return Ok(more);
        }
        let mut end = store.last_change()?;
        let first = end.saturating_sub(limit).max(0);
        while end > first {
            let start = (end - PAGE).max(first);
            let mut changes =
                store.changes_since(start, u32::try_from(end - start).unwrap_or(0))?;
            changes.reverse();
            show(&changes)?;
            end = start;
        }
        Ok(first > 0)
    }
}

fn latest_of(store: &Store, id: TaskId, limit: i64) -> Result<(Vec<Change>, bool)> {
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
