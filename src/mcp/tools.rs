//! The tools: what each is called, what it takes, and the one store call it makes.
//!
//! A failure a model can mend is a result with `isError` and one sentence; only an unknown tool is a protocol error.

use std::sync::LazyLock;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    change::Edit,
    command::{Caller, Command, Draft, Outcome, Patch},
    error::{Code, Error, Result},
    render::{self, Detail, TaskObject},
    store::{Filter, Page, Store, db::Session},
    task::{Actor, Description, Title},
};

mod args;

use args::{AddTask, Arguments, Format, GetTask, ListTasks, OneTask, Undo, UpdateTask};

/// What kind of effect a tool has, for the hints hosts show and act on.
#[derive(Clone, Copy)]
enum Effect {
    /// It changes nothing.
    Read,
    /// It adds; each call adds again.
    Add,
    /// It sets; repeating it changes nothing more.
    Set,
    /// It takes something away, if only to the trash.
    Remove,
    /// It takes back; each call takes back more.
    Revert,
}

struct Spec {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    schema: fn() -> JsonObject,
    effect: Effect,
}

const SPECS: [Spec; 7] = [
    Spec {
        name: "add_task",
        title: "Add task",
        description: "Add a task to the user's persistent task list, kept across chats, apps and restarts. Returns it with its id.",
        schema: args::schema::<AddTask>,
        effect: Effect::Add,
    },
    Spec {
        name: "list_tasks",
        title: "List tasks",
        description: "List the user's tasks, one line each: id, title, status unless pending. Shows today's date.",
        schema: args::schema::<ListTasks>,
        effect: Effect::Read,
    },
    Spec {
        name: "get_task",
        title: "Get task",
        description: "Get one task in full, also from the trash.",
        schema: args::schema::<GetTask>,
        effect: Effect::Read,
    },
    Spec {
        name: "update_task",
        title: "Update task",
        description: "Change fields of a task; what is left out stays. Set status to start, reopen or cancel it.",
        schema: args::schema::<UpdateTask>,
        effect: Effect::Set,
    },
    Spec {
        name: "complete_task",
        title: "Complete task",
        description: "Mark a task as completed. Completing it again changes nothing.",
        schema: args::schema::<OneTask>,
        effect: Effect::Set,
    },
    Spec {
        name: "delete_task",
        title: "Delete task",
        description: "Move a task to the trash; undo brings it back. To finish one, use complete_task.",
        schema: args::schema::<OneTask>,
        effect: Effect::Remove,
    },
    Spec {
        name: "undo",
        title: "Undo",
        description: "Take back your last change to the tasks; again for the one before. Refused if someone else changed the task since.",
        schema: args::schema::<Undo>,
        effect: Effect::Revert,
    },
];

/// Every tool, as `tools/list` gives it.
pub(super) static TOOLS: LazyLock<Vec<Tool>> =
    LazyLock::new(|| SPECS.iter().map(Spec::tool).collect());

impl Spec {
    fn tool(&self) -> Tool {
        let (read_only, destructive, idempotent) = match self.effect {
            Effect::Read => (true, false, true),
            Effect::Add => (false, false, false),
            Effect::Set => (false, false, true),
            Effect::Remove => (false, true, true),
            Effect::Revert => (false, true, false),
        };
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(read_only)
            .destructive(destructive)
            .idempotent(idempotent)
            .open_world(false);
        let mut tool = Tool::new(self.name, self.description, (self.schema)());
        tool.title = Some(self.title.to_owned());
        tool.annotations = Some(annotations);
        // Claude Code hides tools without it behind a search, and then models seldom find them.
        let always_load = json!({ "anthropic/alwaysLoad": true });
        tool.meta = always_load.as_object().cloned().map(MetaObject);
        tool
    }
}

/// What a tool answers.
pub(super) enum Answer {
    /// An object for programs, complete as text for hosts that show only that.
    Object(String),
    /// Text alone: a host that prefers structured content would show it instead, at several times the length.
    Text(String),
    /// What was wrong, and how to mend it.
    Failure(String),
}

impl From<Answer> for CallToolResult {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Object(text) => {
                let object: Option<Value> = serde_json::from_str(&text).ok();
                let mut result = Self::success(vec![ContentBlock::text(text)]);
                result.structured_content = object;
                result
            }
            Answer::Text(text) => Self::success(vec![ContentBlock::text(text)]),
            Answer::Failure(text) => Self::error(vec![ContentBlock::text(text)]),
        }
    }
}

/// Calls the tool `name` for `actor`; `None` if there is none of that name.
///
/// Whatever it writes is queued before this first waits, so calls are applied in the order they arrived.
pub(super) async fn call(
    session: &Session,
    name: &str,
    arguments: JsonObject,
    actor: Actor,
) -> Option<Answer> {
    let arguments = Arguments {
        tool: SPECS.iter().find(|spec| spec.name == name)?.name,
        arguments,
    };
    let call = Call {
        session,
        caller: Caller {
            actor,
            now: render::now(),
        },
    };
    let answer = match name {
        "add_task" => call.add_task(arguments).await,
        "list_tasks" => call.list_tasks(arguments).await,
        "get_task" => call.get_task(arguments).await,
        "update_task" => call.update_task(arguments).await,
        "complete_task" => call.complete_task(arguments).await,
        "delete_task" => call.delete_task(arguments).await,
        "undo" => call.undo(arguments).await,
        _ => return None,
    };
    Some(answer.unwrap_or_else(|error| {
        if error.code() != Code::Caller {
            tracing::error!("{name}: {}", error.with_causes());
        }
        Answer::Failure(match error {
            // The cause is the way out: which folder, which permission.
            Error::Unusable { .. } => error.with_causes(),
            error => error.to_string(),
        })
    }))
}

/// What `delete_task` returns.
#[derive(Serialize)]
struct Deleted<'a> {
    success: bool,
    deleted: TaskObject<'a>,
}

/// What `list_tasks` returns to programs.
#[derive(Serialize)]
struct List<'a> {
    tasks: Vec<TaskObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Call<'session> {
    session: &'session Session,
    caller: Caller,
}

impl Call<'_> {
    async fn write(self, command: Command) -> Result<Outcome> {
        self.session.write(command, self.caller).await
    }

    async fn add_task(self, arguments: Arguments) -> Result<Answer> {
        let args: AddTask = arguments.read()?;
        let (title, title_altered) = Title::cleaned(&args.title)?;
        let (description, description_altered) =
            Description::cleaned(&args.description.unwrap_or_default())?;
        let note = (title_altered || description_altered).then(invisible);
        let outcome = self
            .write(Command::Add(vec![Draft { title, description }]))
            .await?;
        Ok(object(
            &TaskObject::new(only(&outcome)?, Detail::Contract).with_note(note),
        ))
    }

    async fn list_tasks(self, arguments: Arguments) -> Result<Answer> {
        let args: ListTasks = arguments.read()?;
        let (filter, after, limit) = (args.filter()?, args.after()?, args.limit()?);
        let (page, counted) = self
            .session
            .read(move |store| {
                store.snapshot(|store| {
                    Ok((
                        store.page(filter, after, limit)?,
                        store.count(filter, None)?,
                    ))
                })
            })
            .await?;
        Ok(match args.format {
            Some(Format::Json) => json_list(&page, filter),
            Some(Format::Text) | None => {
                Answer::Text(text_list(&page, filter, counted, self.caller.now))
            }
        })
    }

    async fn get_task(self, arguments: Arguments) -> Result<Answer> {
        let GetTask { task_id: id } = arguments.read()?;
        let task = self
            .session
            .read(move |store| store.task(id)?.ok_or(Error::NotFound { id }))
            .await?;
        Ok(object(&TaskObject::new(&task, Detail::Full)))
    }

    async fn update_task(self, arguments: Arguments) -> Result<Answer> {
        let args: UpdateTask = arguments.read()?;
        let title = args.title.as_deref().map(Title::cleaned).transpose()?;
        let description = args
            .description
            .as_deref()
            .map(Description::cleaned)
            .transpose()?;
        let altered = title.as_ref().is_some_and(|(_, altered)| *altered)
            || description.as_ref().is_some_and(|(_, altered)| *altered);
        let command = Command::Update {
            ids: vec![args.task_id],
            patch: Patch {
                title: title.map(|(title, _)| title),
                description: description.map(|(description, _)| description),
                status: args.status,
            },
            if_rev: args.if_rev,
        };
        let outcome = self.write(command).await?;
        let note = match outcome.group {
            None => Some("nothing changed: the task was like this already".to_owned()),
            Some(_) => altered.then(invisible),
        };
        Ok(object(
            &TaskObject::new(only(&outcome)?, Detail::Revision).with_note(note),
        ))
    }

    async fn complete_task(self, arguments: Arguments) -> Result<Answer> {
        let OneTask { task_id } = arguments.read()?;
        let outcome = self.write(Command::Complete(vec![task_id])).await?;
        let note = outcome
            .group
            .is_none()
            .then(|| "nothing changed: the task was completed already".to_owned());
        Ok(object(
            &TaskObject::new(only(&outcome)?, Detail::Contract).with_note(note),
        ))
    }

    async fn delete_task(self, arguments: Arguments) -> Result<Answer> {
        let OneTask { task_id } = arguments.read()?;
        let outcome = self.write(Command::Delete(vec![task_id])).await?;
        let deleted = TaskObject::new(only(&outcome)?, Detail::Contract);
        Ok(object(&Deleted {
            success: true,
            deleted,
        }))
    }

    async fn undo(self, arguments: Arguments) -> Result<Answer> {
        let Undo { group } = arguments.read()?;
        let outcome = self.write(Command::Undo(group)).await?;
        Ok(Answer::Text(render::undone(&outcome)))
    }
}

fn invisible() -> String {
    "characters that cannot be seen were taken out of the text".to_owned()
}

/// Returns the task a command on one task is about.
fn only(outcome: &Outcome) -> Result<&crate::task::Task> {
    outcome
        .edits
        .first()
        .map(|Edit { after, .. }| after)
        .ok_or(Error::Fault)
}

fn object(value: &impl Serialize) -> Answer {
    Answer::Object(
        serde_json::to_string(value).expect("an object of strings and numbers serializes"),
    )
}

fn text_list(page: &Page, filter: Filter, counted: u32, now: crate::task::Timestamp) -> String {
    let count = format!(
        "{}: {}",
        args::view_word(filter),
        render::bounded(counted, Store::COUNT_LIMIT)
    );
    let mut lines = vec![render::heading(now, &count)];
    lines.extend(page.tasks.iter().map(render::line));
    if let Some(cursor) = args::next_cursor(page, filter) {
        let more = render::bounded(page.more, Store::COUNT_LIMIT);
        lines.push(format!("{more} more: repeat with cursor:\"{cursor}\""));
    }
    lines.join("\n")
}

fn json_list(page: &Page, filter: Filter) -> Answer {
    object(&List {
        tasks: page
            .tasks
            .iter()
            .map(|task| TaskObject::new(task, Detail::Full))
            .collect(),
        next_cursor: args::next_cursor(page, filter),
    })
}
