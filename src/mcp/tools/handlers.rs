//! One method a tool: read the arguments, make one store call, say what came of it.

use super::{
    ToolAnswer,
    args::{self, AddItem, AddTask, Complete, Delete, Undo, UpdateTask, bare_project},
    arguments::{Arguments, Blank},
    call::ToolCall,
    replies::{Kind, unchanged},
};
use crate::{
    domain::{
        advice::on_dates,
        command::{CallKey, Command, Outcome},
        error::{Error, Result},
        task::{Invalid, Status, shortened},
    },
    input::{Clearable, GivenFields, Notes, is_none, read_date},
};

impl TryFrom<AddItem> for GivenFields {
    type Error = Invalid;

    fn try_from(item: AddItem) -> std::result::Result<Self, Invalid> {
        let depends_on = item.depends_on.unwrap_or_default().0;
        let mut given = Self {
            title: Some(item.title),
            description: item.description.filter(|text| !is_none(text)),
            priority: item.priority,
            due: item.due,
            defer_until: item.defer_until,
            repeat: item.repeat,
            project: item
                .project
                .map(|name| name.map(|name| bare_project(&name))),
            parent: item.parent.map(|parent| parent.map(|one| one.0)),
            depends_on: Some(depends_on.into_iter().map(|one| one.0).collect()),
            ..Self::default()
        };
        given.take_tags(item.tags.unwrap_or_default().0)?;
        if let Some(tag) = given.remove_tags.first() {
            let tag = shortened(tag, 40);
            return Err(Invalid::new(
                "tags",
                format!("\"-{tag}\" takes a tag away, and a new task has none; leave it out"),
            ));
        }
        Ok(given)
    }
}

impl TryFrom<UpdateTask> for GivenFields {
    type Error = Invalid;

    fn try_from(args: UpdateTask) -> std::result::Result<Self, Invalid> {
        let depends_on = args.depends_on.map(|ids| ids.0.into_iter());
        let mut given = Self {
            // A task has a title, so none is not meant to clear it.
            title: args.title.filter(|title| !is_none(title)),
            description: args
                .description
                .map(|text| if is_none(&text) { String::new() } else { text }),
            status: args.status.and_then(Clearable::set),
            priority: args.priority,
            due: args.due,
            defer_until: args.defer_until,
            repeat: args.repeat,
            project: args
                .project
                .map(|name| name.map(|name| bare_project(&name))),
            parent: args.parent.map(|parent| parent.map(|one| one.0)),
            depends_on: depends_on.map(|ids| ids.map(|one| one.0).collect()),
            comment: args.comment.filter(|comment| !is_none(comment)),
            ..Self::default()
        };
        if let Some(words) = args.tags {
            given.take_tags(words.0)?;
        }
        Ok(given)
    }
}

impl ToolCall<'_> {
    pub(super) async fn add_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let sent = arguments.digest_but_key();
        let (reworded, reworded_items) = arguments.reworded();
        let mut args: AddTask = arguments.read(Blank::LeftOut)?;
        let key = args.key.take().filter(|key| !is_none(key));
        let key = key.map(CallKey::try_from).transpose()?;
        let key = key.map(|key| key.of_call(sent));
        let (items, is_batch) = args.items()?;
        let mut notes = Notes::default();
        let mut given = Vec::with_capacity(items.len());
        let mut drafts = Vec::with_capacity(items.len());
        for (item, number) in items.into_iter().zip(1..) {
            let read = GivenFields::try_from(item)
                .map_err(Error::from)
                .and_then(|fields| Ok((fields.draft(&mut notes, &self.caller)?, fields)));
            let (draft, mut fields) = read.map_err(|error| match error {
                Error::Invalid(invalid) if is_batch => invalid.of(number).into(),
                error => error,
            })?;
            let own = reworded_items.get(number - 1).into_iter().flatten();
            fields.reworded = own.chain(&reworded).copied().collect();
            drafts.push(draft);
            given.push(fields);
        }
        let outcome = self.write(Command::Add { drafts, key }).await?;
        for remark in outcome.advice.on_adding(&outcome.edits, outcome.is_repeat) {
            notes.add(remark);
        }
        self.remark_series(&outcome, &mut notes);
        // What a repeated call finds may be other than what it says.
        let said = if outcome.is_repeat { Vec::new() } else { given };
        if is_batch {
            return Ok(self.added(&outcome, &said, notes));
        }
        self.answer(Kind::Whole, &outcome, &said, notes)
    }

    pub(super) async fn update_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let (reworded, _) = arguments.reworded();
        let mut args: UpdateTask = arguments.read(Blank::Clears)?;
        let ids = args::ids(args.task_id.take(), args.task_ids.take())?;
        let if_rev = args.if_rev.take().and_then(Clearable::set);
        let mut notes = Notes::default();
        let mut given = GivenFields::try_from(args)?;
        given.reworded = reworded;
        if let (Some(title), [_, _, ..]) = (&given.title, ids.as_slice()) {
            let (title, count) = (shortened(title, 40), ids.len());
            return Err(Invalid::new(
                "title",
                format!("\"{title}\" would be that of {count} tasks; give each its own, in a call of its own"),
            )
            .into());
        }
        let mut patch = given.patch(&mut notes, &self.caller)?;
        patch.undelete = patch.status == Some(Status::Pending);
        let is_closing = patch.status.is_some_and(|status| !status.is_open());
        let outcome = self.write(Command::Update { ids, patch, if_rev }).await?;
        if let Some(note) = unchanged(&outcome) {
            notes.add(note);
        }
        if is_closing {
            self.remark_closed(&outcome, &mut notes);
        } else {
            self.remark_series(&outcome, &mut notes);
        }
        self.answer(Kind::Changes, &outcome, &[given], notes)
    }

    pub(super) async fn complete_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Complete {
            task_id,
            task_ids,
            due,
        } = arguments.read(Blank::LeftOut)?;
        let ids = args::ids(task_id, task_ids)?;
        let due = due.filter(|due| !is_none(due));
        let command = match (due, ids.as_slice()) {
            (None, _) => Command::Complete(ids),
            (Some(due), [id]) => Command::CompleteRound {
                id: *id,
                due: read_date("due", &due, &self.caller)?.when,
            },
            (Some(_), _) => {
                let reason = "names the date of one task; complete it in a call of its own";
                return Err(Invalid::new("due", reason).into());
            }
        };
        let outcome = self.write(command).await?;
        let mut notes = Notes::default();
        if let Some(note) = unchanged(&outcome) {
            notes.add(format!("{note}: completed already"));
        }
        self.remark_closed(&outcome, &mut notes);
        let said = GivenFields {
            status: Some(Status::Completed),
            ..GivenFields::default()
        };
        self.answer(Kind::Whole, &outcome, &[said], notes)
    }

    pub(super) async fn delete_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Delete {
            task_id,
            task_ids,
            confirm,
        } = arguments.read(Blank::LeftOut)?;
        let ids = args::ids(task_id, task_ids)?;
        let outcome = self.write(Command::Delete { ids, confirm }).await?;
        let mut notes = Notes::default();
        self.remark_closed(&outcome, &mut notes);
        self.answer(Kind::Deleted, &outcome, &[], notes)
    }

    pub(super) async fn undo(self, arguments: Arguments) -> Result<ToolAnswer> {
        let Undo { group } = arguments.read(Blank::LeftOut)?;
        let outcome = self.write(Command::Undo(group)).await?;
        Ok(self.undone(&outcome))
    }

    /// Says what closing tasks leads to.
    pub(super) fn remark_closed(&self, outcome: &Outcome, notes: &mut Notes) {
        for remark in outcome.advice.on_closing(&outcome.edits, self.caller.zone) {
            notes.add(remark);
        }
        self.remark_series(outcome, notes);
    }

    /// Says what is to be known of series.
    pub(super) fn remark_series(&self, outcome: &Outcome, notes: &mut Notes) {
        for remark in on_dates(&outcome.edits, self.caller.now, self.caller.zone) {
            notes.add(remark);
        }
    }
}
