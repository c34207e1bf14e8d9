//! `taskhold log`

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, Write as _},
};

use serde::Serialize;

use super::{
    CliResult, Context, history, ids::IdArgs, list::end_json, report::say, screen::JSON_VERSION,
};
use crate::{
    domain::{
        change::{Change, Fields, GroupId},
        error::{Error, Result},
        task::TaskId,
    },
    render,
    store::Store,
};

/// Show what was changed, by whom, the latest first
///
/// Of the tasks that are named, else of all. The number at the beginning of a line is the change's group: what undo takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  taskhold log\n  taskhold log 12 --all\n  taskhold list +garden | taskhold log -",
    mut_arg("ids", |ids| ids.required(false))
)]
pub(super) struct LogArgs {
    #[command(flatten)]
    ids: Option<IdArgs>,
    /// Show at most this many changes [default: at a terminal what fits; elsewhere all]
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
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
        let ids = self.ids.as_ref().map(IdArgs::read).transpose()?;
        if ids.as_ref().is_some_and(Vec::is_empty) {
            context.say_none_named();
        }
        let mut out = io::BufWriter::new(context.screen.out());
        let store = context.reader()?;
        let most = self.most(context);
        // Before they are read: what another process fetches meanwhile makes them no younger.
        let as_of = context.as_of(&store)?;
        let more = store.snapshot(|store| {
            // Refused before anything is written, if one must be.
            let histories = ids.map(|ids| histories(store, &ids)).transpose()?;
            Ok(Self::write(store, histories, most, context, &mut out))
        })??;
        if context.screen.json {
            end_json(as_of.as_deref(), &mut out)?;
        }
        out.flush()?;
        if more && !context.screen.json {
            say(&["there is more: --all shows every change".to_owned()]);
        }
        Ok(())
    }

    /// Returns how many changes are shown, each on a line of its own: at a terminal, the prompt and what is said of others have one, too.
    fn most(&self, context: &Context) -> i64 {
        const WITHOUT_HEIGHT: i64 = 50;
        let screen = &context.screen;
        match self.limit {
            Some(limit) => limit.into(),
            None if self.all || screen.json || !screen.is_table() => i64::MAX,
            None => screen.rows().map_or(WITHOUT_HEIGHT, |rows| {
                i64::try_from(rows.saturating_sub(2).max(1)).unwrap_or(i64::MAX)
            }),
        }
    }

    /// Writes up to `most` changes, those of some tasks or of all, and returns whether there are others. The end of an object is left to
    /// [`end_json`].
    fn write(
        store: &Store,
        histories: Option<Histories>,
        most: i64,
        context: &Context,
        out: &mut impl io::Write,
    ) -> CliResult<bool> {
        if !context.screen.json {
            let is_of_one = histories
                .as_ref()
                .is_some_and(|histories| histories.tasks == 1);
            return each_page(store, histories, most, |changes| {
                let titles = if is_of_one {
                    HashMap::new()
                } else {
                    titles(store, changes)?
                };
                let title = |change: &Change| titles.get(&change.task).map(String::as_str);
                Ok(out.write_all(history::lines(changes, title, 0, context).as_bytes())?)
            });
        }
        write!(out, "{{\"version\":{JSON_VERSION},\"changes\":[")?;
        let mut is_first = true;
        let more = each_page(store, histories, most, |changes| {
            for change in changes {
                if !std::mem::take(&mut is_first) {
                    out.write_all(b",")?;
                }
                let object = ChangeObject::new(change, context);
                serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
            }
            Ok(())
        })?;
        write!(out, "],\"more\":{more}")?;
        Ok(more)
    }
}

/// Shows up to `most` of the latest changes, the latest first, and returns whether there are others.
fn each_page(
    store: &Store,
    histories: Option<Histories>,
    most: i64,
    mut show: impl FnMut(&[Change]) -> CliResult,
) -> CliResult<bool> {
    if let Some(Histories { mut changes, .. }) = histories {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = changes.len() > most;
        changes.truncate(most);
        show(&changes)?;
        return Ok(more);
    }
    let mut end = store.last_change()?;
    let first = end.saturating_sub(most).max(0);
    while end > first {
        let start = (end - PAGE).max(first);
        let mut changes = store.changes_since(start, u32::try_from(end - start).unwrap_or(0))?;
        changes.reverse();
        show(&changes)?;
        end = start;
    }
    Ok(first > 0)
}

/// Every change of some tasks, the latest first.
struct Histories {
    tasks: usize,
    changes: Vec<Change>,
}

fn histories(store: &Store, ids: &[TaskId]) -> Result<Histories> {
    let ids: BTreeSet<TaskId> = ids.iter().copied().collect();
    let mut changes = Vec::new();
    for &id in &ids {
        store.task(id)?.ok_or(Error::NotFound { id })?;
        changes.extend(store.history(id, 0)?);
    }
    changes.sort_by_key(|change| std::cmp::Reverse(change.seq));
    Ok(Histories {
        tasks: ids.len(),
        changes,
    })
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
