//! One method a tool: read the arguments, make one store call, say what came of it.

use serde::Serialize;

use super::{
    ToolAnswer,
    args::{AddItem, AddTask, Delete, Several, Undo, UpdateTask},
    call::ToolCall,
    replies::{self, ROOM, ROOM_FOR_NAMES, object},
    schema::{Arguments, Blank},
};
use crate::{
    domain::{
        command::{CallKey, Command, Outcome, Reference},
        error::{Error, Result},
    },
    input::{Clearable, GivenFields, Notes},
    render::{Detail, TaskObject, bounds},
};

/// What `delete_task` returns for one task.
#[derive(Serialize)]
struct Deleted<'a> {
    success: bool,
    #[serde(rename = "deleted")]
    task: TaskObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<AddItem> for GivenFields {
    fn from(item: AddItem) -> Self {
        // Many models send every field, blank where they mean nothing.
        let given = |text: Option<String>| {
            let text = text.filter(|text| !text.trim().is_empty());
            text.map(Clearable::Set)
        };
        let depends_on = item.depends_on.unwrap_or_default().0;
        Self {
            title: Some(item.title),
            description: item.description,
            priority: item.priority.map(Clearable::Set),
            due: given(item.due),
            defer_until: given(item.defer_until),
            repeat: given(item.repeat),
            project: given(item.project),
            tags: item.tags.map(|tags| tags.0),
            parent: item.parent.map(|parent| Clearable::Set(parent.0)),
            depends_on: Some(depends_on.into_iter().map(|one| one.0).collect()),
            ..Self::default()
        }
    }
}

impl From<UpdateTask> for GivenFields {
    fn from(args: UpdateTask) -> Self {
        let depends_on = args.depends_on.map(|ids| ids.0.into_iter());
        Self {
            title: args.title,
            description: args.description,
            status: args.status.and_then(Clearable::set),
            priority: args.priority,
            due: args.due,
            defer_until: args.defer_until,
            repeat: args.repeat,
            project: args.project,
            tags: args.tags.map(|tags| tags.0),
            parent: args.parent.map(|parent| parent.map(Reference::Task)),
            depends_on: depends_on.map(|ids| ids.map(Reference::Task).collect()),
            comment: args.comment,
            ..Self::default()
        }
    }
}

impl ToolCall<'_> {
    pub(super) async fn add_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let mut args: AddTask = arguments.read(Blank::LeftOut)?;
        let key = args.key.take().map(CallKey::try_from).transpose()?;
        let (items, is_batch) = args.items()?;
        let mut notes = Notes::default();
        let drafts = items
            .into_iter()
            .zip(1..)
            .map(|(item, number)| {
                GivenFields::from(item)
                    .draft(&mut notes, &self.caller)
                    .map_err(|error| match error {
                        Error::Invalid(invalid) if is_batch => invalid.of(number).into(),
                        error => error,
                    })
            })
            .collect::<Result<Vec<_>>>()?;
        let outcome = self.write(Command::Add { drafts, key }).await?;
        for remark in outcome.advice.on_adding(outcome.is_repeat) {
            notes.add(remark);
        }
        if is_batch {
            return Ok(self.several("Added", &outcome, notes));
        }
        self.answer("Added", &outcome, Detail::Brief, notes)
    }

    pub(super) async fn update_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let mut args: UpdateTask = arguments.read(Blank::Clears)?;
        let ids = std::mem::take(&mut args.task_id).some()?;
        let if_rev = args.if_rev.take().and_then(Clearable::set);
        let mut notes = Notes::default();
        let patch = GivenFields::from(args).patch(&mut notes, &self.caller)?;
        let is_closing = patch.status.is_some_and(|status| !status.is_open());
        let outcome = self.write(Command::Update { ids, patch, if_rev }).await?;
        if outcome.group.is_none() {
            notes.add("nothing changed");
        }
        if is_closing {
            self.remark_closed(&outcome, &mut notes);
        }
        self.answer("Updated", &outcome, Detail::Revision, notes)
    }

    pub(super) async fn complete_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Several { task_id: ids } = arguments.read(Blank::LeftOut)?;
        let outcome = self.write(Command::Complete(ids.some()?)).await?;
        let mut notes = Notes::default();
        if outcome.group.is_none() {
            notes.add("nothing changed: completed already");
        }
        self.remark_closed(&outcome, &mut notes);
        self.answer("Completed", &outcome, Detail::Brief, notes)
    }

    pub(super) async fn delete_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Delete {
            task_id: ids,
            confirm,
        } = arguments.read(Blank::LeftOut)?;
        let outcome = self
            .write(Command::Delete {
                ids: ids.some()?,
                confirm,
            })
            .await?;
        let mut notes = Notes::default();
        self.remark_closed(&outcome, &mut notes);
        if let [edit] = outcome.edits.as_slice() {
            let note = replies::note(notes);
            let taken = note.as_deref().map_or(0, bounds::size) + ROOM_FOR_NAMES;
            let deleted = self.object(&edit.after, Detail::Brief);
            return Ok(object(&Deleted {
                success: true,
                task: deleted.fitted(ROOM - taken),
                note,
            }));
        }
        Ok(self.several("Moved to the trash", &outcome, notes))
    }

    pub(super) async fn undo(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Undo { group } = arguments.read(Blank::LeftOut)?;
        let outcome = self.write(Command::Undo(group)).await?;
        Ok(self.undone(&outcome))
    }

    /// Says what closing tasks leads to.
    fn remark_closed(&self, outcome: &Outcome, notes: &mut Notes) {
        for remark in outcome.advice.on_closing(&outcome.edits, self.caller.zone) {
            notes.add(remark);
        }
    }
}
