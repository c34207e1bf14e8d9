//! One method a tool: read the arguments, make one store call, say what came of it.

use serde::Serialize;

use super::{
    ToolAnswer,
    args::{AddItem, AddTask, Clearable, Delete, Several, Undo, UpdateTask},
    call::ToolCall,
    replies::{self, ROOM, ROOM_FOR_NAMES, object},
    schema::{Arguments, Blank},
};
use crate::{
    domain::{
        command::{CallKey, Caller, Command, Draft, Outcome, Patch},
        error::{Error, Result},
        task::{CommentText, Description, Project, Title},
    },
    input::{Notes, read_repeat},
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

fn draft(item: AddItem, notes: &mut Notes, caller: &Caller) -> Result<Draft> {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Draft {
        title: notes.text(Title::cleaned(&item.title))?,
        description: notes.text(Description::cleaned(&item.description.unwrap_or_default()))?,
        priority: item.priority,
        due: given(item.due)
            .map(|text| notes.date("due", &text, caller))
            .transpose()?,
        defer_until: given(item.defer_until)
            .map(|text| notes.date("defer_until", &text, caller))
            .transpose()?,
        repeat: given(item.repeat)
            .map(|text| read_repeat(&text, caller))
            .transpose()?,
        project: given(item.project)
            .map(|name| notes.text(Project::cleaned(&name)))
            .transpose()?,
        tags: notes.tags(&item.tags.unwrap_or_default().0)?,
        parent: item.parent.map(|parent| parent.0),
        depends_on: item
            .depends_on
            .unwrap_or_default()
            .0
            .into_iter()
            .map(|one| one.0)
            .collect(),
    })
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
                draft(item, &mut notes, &self.caller).map_err(|error| match error {
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
        let args: UpdateTask = arguments.read(Blank::Clears)?;
        let (ids, if_rev) = (args.task_id.some()?, args.if_rev.and_then(Clearable::set));
        let mut notes = Notes::default();
        let caller = &self.caller;
        let mut date = |field, value: Option<Clearable<String>>| {
            value
                .map(|value| value.try_map(|text| notes.date(field, &text, caller)))
                .transpose()
        };
        let (due, defer_until) = (
            date("due", args.due)?,
            date("defer_until", args.defer_until)?,
        );
        let patch = Patch {
            title: args
                .title
                .map(|text| notes.text(Title::cleaned(&text)))
                .transpose()?,
            description: args
                .description
                .map(|text| notes.text(Description::cleaned(&text)))
                .transpose()?,
            status: args.status.and_then(Clearable::set),
            priority: args
                .priority
                .map(|value| value.try_map(Ok::<_, Error>))
                .transpose()?,
            due,
            defer_until,
            repeat: args
                .repeat
                .map(|value| value.try_map(|text| read_repeat(&text, caller)))
                .transpose()?,
            project: args
                .project
                .map(|value| value.try_map(|name| notes.text(Project::cleaned(&name))))
                .transpose()?,
            tags: args.tags.map(|tags| notes.tags(&tags.0)).transpose()?,
            parent: args
                .parent
                .map(|value| value.try_map(Ok::<_, Error>))
                .transpose()?,
            depends_on: args.depends_on.map(|ids| ids.0.into_iter().collect()),
            comment: args
                .comment
                .map(|text| notes.text(CommentText::cleaned(&text)))
                .transpose()?,
            ..Patch::default()
        };
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
