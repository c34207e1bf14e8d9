//! The tools: what each is called, what it takes, and the one store call it makes.
//!
//! A failure a model can mend is a result with `isError` and one sentence; only an unknown tool is a protocol error.

use std::{
    fmt::Write as _,
    sync::{LazyLock, OnceLock},
};

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::{
    clock,
    domain::{
        command::{Caller, CallerSession},
        error::{Code, Error},
        task::{Actor, Timestamp, shortened},
        text::clean,
        when::Zone,
    },
    render::{self, bounds},
    store::db::Session,
};

mod args;
mod arguments;
mod board;
mod call;
mod get_task;
mod handlers;
mod list_tasks;
mod list_tasks_args;
mod replies;
mod said;
mod schema;

use args::{AddTask, Complete, Delete, GetTask, Undo, UpdateTask};
use arguments::Arguments;
use call::ToolCall;
use list_tasks_args::ListTasks;
pub(super) use list_tasks_args::cursor;

/// What kind of effect a tool has, for the hints hosts show and act on.
#[derive(Clone, Copy)]
enum Effect {
    /// It changes nothing.
    Read,
    /// It adds; each call adds again.
    Add,
    /// It goes a step further; repeating it may go another: a comment is appended again, a series goes on.
    Advance,
    /// It takes something away, if only to the trash.
    Remove,
    /// It takes back, which can be taken back in turn; each call takes back more.
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
        description: "Add a task, or many with tasks, to the user's task list, kept across chats, apps and restarts.",
        schema: schema::schema::<AddTask>,
        effect: Effect::Add,
    },
    Spec {
        name: "list_tasks",
        title: "List tasks",
        description: "List the user's tasks, overdue and due first, and today's date. open (default): to do or in progress, not deferred; ready: could be done now; stale: begun, untouched for days; changed: since you last looked.",
        schema: schema::schema::<ListTasks>,
        effect: Effect::Read,
    },
    Spec {
        name: "get_task",
        title: "Get task",
        description: "Get one task in full, also from the trash.",
        schema: schema::schema::<GetTask>,
        effect: Effect::Read,
    },
    Spec {
        name: "update_task",
        title: "Update task",
        description: "Change tasks; what is left out stays, an empty value clears. Set status to start, reopen or cancel.",
        schema: schema::schema::<UpdateTask>,
        effect: Effect::Advance,
    },
    Spec {
        name: "complete_task",
        title: "Complete task",
        description: "Mark tasks as completed. One that repeats moves to its next date.",
        schema: schema::schema::<Complete>,
        effect: Effect::Advance,
    },
    Spec {
        name: "delete_task",
        title: "Delete task",
        description: "Move tasks to the trash; undo brings them back. To finish one, use complete_task.",
        schema: schema::schema::<Delete>,
        effect: Effect::Remove,
    },
    Spec {
        name: "undo",
        title: "Undo",
        description: "Take back your last change to the tasks; again for the one before.",
        schema: schema::schema::<Undo>,
        effect: Effect::Revert,
    },
];

/// The tools for every client, as `tools/list` gives them.
static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| SPECS.iter().map(Spec::tool).collect());

/// Likewise those for clients that show pages: the same, and those of the board.
static WITH_BOARD: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    let of_board = board::SPECS.iter().map(|(spec, caller)| {
        let meta = board::meta(*caller);
        spec.tool_with(&meta)
    });
    TOOLS.iter().cloned().chain(of_board).collect()
});

/// Returns the tools for a client, which shows pages or does not.
pub(super) fn list(shows_pages: bool) -> &'static [Tool] {
    if shows_pages { &WITH_BOARD } else { &TOOLS }
}

fn specs() -> impl Iterator<Item = &'static Spec> {
    SPECS
        .iter()
        .chain(board::SPECS.iter().map(|(spec, _)| spec))
}

/// The name of every tool.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    specs().map(|spec| spec.name)
}

/// Reports whether the tool called `name` changes nothing.
pub(super) fn is_reading(name: &str) -> bool {
    specs().any(|spec| spec.name == name && matches!(spec.effect, Effect::Read))
}

/// Reports whether only the page of the board calls the tool `name`.
pub(super) fn is_of_page(name: &str) -> bool {
    let mut of_board = board::SPECS.iter();
    of_board.any(|(spec, caller)| spec.name == name && *caller == board::Caller::Page)
}

impl Spec {
    fn tool(&self) -> Tool {
        // Claude Code hides the others behind a search, and then models seldom find them: six at most are for always.
        self.tool_with(&match self.effect {
            Effect::Revert => {
                json!({ "anthropic/searchHint": "take back the last change to the task list" })
            }
            _ => json!({ "anthropic/alwaysLoad": true }),
        })
    }

    fn tool_with(&self, meta: &Value) -> Tool {
        let (read_only, destructive, idempotent) = match self.effect {
            Effect::Read => (true, false, true),
            Effect::Add | Effect::Advance | Effect::Revert => (false, false, false),
            Effect::Remove => (false, true, true),
        };
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(read_only)
            .destructive(destructive)
            .idempotent(idempotent)
            .open_world(false);
        let mut tool = Tool::new(self.name, self.description, (self.schema)());
        tool.title = Some(self.title.to_owned());
        tool.annotations = Some(annotations);
        tool.meta = meta.as_object().cloned().map(MetaObject);
        tool
    }
}

/// What a tool answers.
enum ToolAnswer {
    /// An object for programs, complete as text for hosts that show only that.
    Object(String),
    /// Text alone: a host that prefers structured content would show it instead, at several times the length.
    Text(String),
    /// What was wrong, and how to mend it.
    Failure(String),
}

/// What a tool answers, a line on what else has happened, and as of when shared tasks are, where that is to be said.
pub(super) struct Reply {
    answer: ToolAnswer,
    news: Option<String>,
    age: Option<Age>,
}

#[derive(Clone, Copy)]
struct Age {
    heard: Timestamp,
    zone: Zone,
}

impl Reply {
    /// Returns a reply that says what was wrong.
    pub(super) fn failure(text: &str) -> Self {
        Self {
            answer: ToolAnswer::Failure(bounds::refusal(text)),
            news: None,
            age: None,
        }
    }
}

impl From<Reply> for CallToolResult {
    fn from(Reply { answer, news, age }: Reply) -> Self {
        let said_of_age = age.map(|Age { heard, zone }| render::age(heard, zone));
        match answer {
            ToolAnswer::Object(mut text) => {
                let as_of = age.map(|Age { heard, zone }| render::instant(heard, zone));
                for (name, said) in [("news", news), ("as_of", as_of)] {
                    let Some(said) = said else { continue };
                    // Within the object: some hosts show a model nothing else.
                    text.truncate(text.len() - 1);
                    let _ = write!(text, ",\"{name}\":{}}}", Value::String(said));
                }
                let object: Option<Value> = serde_json::from_str(&text).ok();
                let mut result = Self::success(vec![ContentBlock::text(text)]);
                result.structured_content = object;
                result
            }
            ToolAnswer::Text(text) => Self::success(vec![ContentBlock::text(lines([
                Some(text),
                news,
                said_of_age,
            ]))]),
            // What it quotes of the caller may hold anything.
            ToolAnswer::Failure(text) => {
                let text = clean(&text).text;
                Self::error(vec![ContentBlock::text(lines([Some(text), said_of_age]))])
            }
        }
    }
}

fn lines<const COUNT: usize>(lines: [Option<String>; COUNT]) -> String {
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    lines.join("\n")
}

/// What a page that may only look is answered when it changes something.
const READ_ONLY_BOARD: &str = "this board is for reading only; nothing was changed. One that can change tasks is opened with: taskhold board";

/// Who calls a tool.
pub(super) struct Client {
    /// As people read it.
    pub(super) actor: Actor,
    /// As it calls itself.
    pub(super) name: Actor,
    pub(super) is_read_only: bool,
    /// Whether it shows pages (MCP Apps), and so has the tools of the board.
    pub(super) shows_pages: bool,
}

/// Calls the tool `name` for `client`; `None` if there is none of that name for it.
///
/// Whatever it writes is queued before this first waits, so calls are applied in the order they arrived.
pub(super) async fn call(
    session: &Session,
    name: &str,
    arguments: JsonObject,
    client: Client,
    zone: Zone,
) -> Option<Reply> {
    let (spec, tool) = specs()
        .zip(list(client.shows_pages))
        .find(|(spec, _)| spec.name == name)?;
    let arguments = Arguments {
        tool: spec.name,
        schema: &tool.input_schema,
        given: arguments,
    };
    let caller = Caller {
        actor: client.actor,
        now: clock::now(),
        zone,
        session: Some(CallerSession {
            id: session.id().clone(),
            client: client.name,
        }),
    };
    let caller = match session.db().member() {
        Some(member) => caller.of_member(&member),
        None => caller,
    };
    let (news, age) = (OnceLock::new(), OnceLock::new());
    let call = || ToolCall {
        session,
        caller: caller.clone(),
        is_read_only: client.is_read_only,
        news: &news,
        age: &age,
    };
    let answer = match name {
        "add_task" => call().add_task(arguments).await,
        "list_tasks" => call().list_tasks(arguments).await,
        "get_task" => call().get_task(arguments).await,
        "update_task" => call().update_task(arguments).await,
        "complete_task" => call().complete_task(arguments).await,
        "delete_task" => call().delete_task(arguments).await,
        "undo" => call().undo(arguments).await,
        "show_board" => call().show_board(arguments).await,
        "board_read" => call().board_read(arguments).await,
        "board_write" => call().board_write(arguments).await,
        _ => return None,
    };
    let error = match answer {
        Ok(answer) => {
            if news.get().is_none() && !is_of_page(name) {
                // That nothing can be told besides is no failure of the call.
                let _ = call().look(|_| Ok(())).await;
            }
            let news = news.into_inner().flatten();
            let age = age.get().map(|heard| Age {
                heard: *heard,
                zone,
            });
            return Some(Reply { answer, news, age });
        }
        Err(error) => error,
    };
    if error.code() != Code::Caller {
        tracing::error!("{name}: {}", error.with_causes());
    }
    let failure = Reply::failure(&match error {
        // The cause is the way out: which folder, which permission.
        Error::Unusable { .. } => error.with_causes(),
        // A person reads it, and has neither tools nor tokens.
        Error::ReadOnly if is_of_page(name) => READ_ONLY_BOARD.to_owned(),
        error if is_of_page(name) => error.to_string(),
        Error::NotFound { id } => {
            let near = session
                .read(move |store| store.near(id))
                .await
                .ok()
                .flatten();
            let near = near.map_or_else(String::new, |task| {
                format!(
                    "; did you mean {} '{}'",
                    task.id,
                    shortened(task.title.as_str(), 60)
                )
            });
            format!("{error}{near}. list_tasks with a query finds tasks by their words")
        }
        Error::NoSuchGroup { .. } => {
            format!("{error}; get_task with history names the groups of a task")
        }
        error => error.to_string(),
    });
    Some(Reply {
        age: age.get().map(|heard| Age {
            heard: *heard,
            zone,
        }),
        ..failure
    })
}
