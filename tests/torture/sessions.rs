//! Calls to servers, and what each was told: the scenario in which more than one thing happens.
//!
//! A server is asked one thing at a time, each about a task that only this client changes. So what each task may look like
//! follows from the answers: as the last one says or, where a call was not answered or was refused, perhaps as it asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Dialect, initialize};

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// It was answered: done.
    Done,
    /// It was answered: not done, and why.
    Refused(String),
    /// The server ended first.
    Nothing,
    /// No answer came in time.
    Silence,
}

/// One call that changes a task.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) id: Value,
    title: String,
    /// As it leaves the task.
    after: State,
    pub(crate) told: Told,
}

/// What a call can change of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    description: String,
    status: &'static str,
    is_deleted: bool,
}

/// Has a client add `count` tasks and change each, and returns what it was told, in order. It ends when the server ends,
/// or has not answered within `patience`.
pub(crate) fn converse(
    client: &mut Client,
    dialect: Dialect,
    name: &str,
    count: usize,
    patience: Duration,
) -> Vec<Said> {
    let mut talk = Talk {
        client,
        said: Vec::new(),
        patience,
    };
    if dialect == Dialect::Legacy {
        let id = talk.client.send("initialize", initialize("2025-11-25"));
        if talk.answer(&id).is_err() {
            return talk.said;
        }
        talk.client.notify("notifications/initialized", json!({}));
    }
    for n in 0..count {
        // Whatever happens to one task, the next is another.
        if talk.live(&format!("{name} {n}"), n).is_none() {
            break;
        }
    }
    talk.said
}

struct Talk<'a> {
    client: &'a mut Client,
    said: Vec<Said>,
    patience: Duration,
}

impl Talk<'_> {
    /// Makes a task and changes it. Returns `None` when the server is gone.
    fn live(&mut self, title: &str, n: usize) -> Option<()> {
        let mut state = State {
            description: String::new(),
            status: "pending",
            is_deleted: false,
        };
        let added = self.call("add_task", json!({ "title": title }), title, &state)?;
        let Some(id) = added["id"].as_i64() else {
            return Some(());
        };
        state.description = format!("said of {title}");
        let arguments = json!({ "task_id": id, "description": state.description });
        if self
            .call("update_task", arguments, title, &state)?
            .is_null()
        {
            // What a further call would leave is not known then.
            return Some(());
        }
        match n % 3 {
            0 => return Some(()),
            1 => state.is_deleted = true,
            _ => state.status = "completed",
        }
        let tool = if state.is_deleted {
            "delete_task"
        } else {
            "complete_task"
        };
        self.call(tool, json!({ "task_id": id }), title, &state)?;
        Some(())
    }

    /// Returns the object answered, `null` if the call was refused; `None` when the server is gone.
    fn call(&mut self, tool: &str, arguments: Value, title: &str, after: &State) -> Option<Value> {
        let id = self.client.send_call(tool, arguments);
        let answer = self.answer(&id);
        let (told, object) = match answer {
            Err(told) => (told, None),
            Ok(answer) => {
                let result = &answer["result"];
                if result.is_object() && result["isError"] != true {
                    (Told::Done, Some(result["structuredContent"].clone()))
                } else {
                    (Told::Refused(answer.to_string()), Some(Value::Null))
                }
            }
        };
        self.said.push(Said {
            id,
            title: title.to_owned(),
            after: after.clone(),
            told,
        });
        object
    }

    fn answer(&mut self, id: &Value) -> Result<Value, Told> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.client.message_until(deadline) {
                Some(message) if message["id"] == *id => return Ok(message),
                Some(_) => {}
                None if Instant::now() < deadline => return Err(Told::Nothing),
                None => return Err(Told::Silence),
            }
        }
    }
}

/// Says what is wrong with `tasks` after what the servers said, as far as `is_heard` lets it count.
pub(crate) fn judge(
    books: &[Vec<Said>],
    is_heard: impl Fn(usize, &Said) -> bool,
    tasks: &[Value],
) -> Vec<String> {
    let mut possible: BTreeMap<&str, Vec<Option<&State>>> = BTreeMap::new();
    for (number, book) in books.iter().enumerate() {
        for said in book {
            let states = possible.entry(&said.title).or_insert_with(|| vec![None]);
            let is_heard = is_heard(number, said);
            if is_heard && said.told == Told::Done {
                states.clear();
            }
            states.push(Some(&said.after));
            // What comes after was not asked yet.
            if !is_heard {
                break;
            }
        }
    }
    let mut wrong = Vec::new();
    let mut found: BTreeMap<&str, State> = BTreeMap::new();
    for task in tasks {
        let title = task["title"].as_str().unwrap_or_default();
        if found.insert(title, state(task)).is_some() {
            wrong.push(format!("{title:?} is there twice"));
        }
    }
    for (title, states) in &possible {
        let state = found.remove(title);
        if !states.contains(&state.as_ref()) {
            wrong.push(format!("{title:?} is {state:?}, and may be {states:?}"));
        }
    }
    wrong.extend(found.keys().map(|title| format!("nobody made {title:?}")));
    wrong
}

fn state(task: &Value) -> State {
    State {
        description: task["description"].as_str().unwrap_or_default().to_owned(),
        status: match task["status"].as_str() {
            Some("pending") => "pending",
            Some("completed") => "completed",
            _ => "other",
        },
        is_deleted: task.get("deleted_at").is_some_and(|at| !at.is_null()),
    }
}
