//! `taskhold show`

use serde::Serialize;

use super::{
    CliResult, Context,
    ids::IdArgs,
    log::ChangeObject,
    task_details::{Relatives, details},
};
use crate::{
    domain::{
        change::Change,
        error::{Error, Result},
        task::{TaskId, TaskWithComments},
    },
    render::TaskObject,
    store::Store,
};

/// Show everything about a task, also from the trash
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold show 12\n  taskhold show 12 --history")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    ids: IdArgs,
    /// Show who changed what when, too
    #[arg(long)]
    history: bool,
}

struct Shown {
    task: TaskWithComments,
    relatives: Relatives,
    history: Vec<Change>,
}

/// What `--json` prints of a task.
#[derive(Serialize)]
struct ShownObject<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    children: Vec<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ChangeObject<'a>>>,
}

#[derive(Serialize)]
struct Tasks<'a> {
    tasks: Vec<ShownObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
}

impl ShowArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let ids = self.ids.read()?;
        if ids.is_empty() {
            context.say_none_named();
        }
        let store = context.reader()?;
        // Before they are read: what another process fetches meanwhile makes them no younger.
        let as_of = context.as_of(&store)?;
        let shown = store.snapshot(|store| {
            ids.iter()
                .map(|id| read(store, *id, self.history))
                .collect::<Result<Vec<_>>>()
        })?;
        if context.screen.json {
            let object = |shown| self.object(shown, context);
            let tasks = shown.iter().map(object).collect();
            return Ok(context.screen.print_json(&Tasks { tasks, as_of })?);
        }
        let sheets: Vec<String> = shown
            .iter()
            .map(|shown| details(&shown.task, &shown.relatives, &shown.history, context))
            .collect();
        Ok(context.screen.print(&sheets.join("\n"))?)
    }

    fn object<'a>(&self, shown: &'a Shown, context: &Context) -> ShownObject<'a> {
        let changes = shown.history.iter();
        ShownObject {
            task: TaskObject::whole(&shown.task.task, &shown.task.comments, context.caller.zone),
            children: shown.relatives.children(),
            history: self.history.then(|| {
                changes
                    .map(|change| ChangeObject::new(change, context))
                    .collect()
            }),
        }
    }
}

fn read(store: &Store, id: TaskId, with_history: bool) -> Result<Shown> {
    let task = store.task(id)?.ok_or(Error::NotFound { id })?;
    let history = if with_history {
        store.history(id, 0)?
    } else {
        Vec::new()
    };
    Ok(Shown {
        relatives: Relatives::read(store, &task)?,
        task: store.with_comments(task)?,
        history,
    })
}
