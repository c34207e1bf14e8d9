//! What a writer has been told, and whether the file still says so.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{Home, object};

/// What a task looks like from outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    title: String,
    description: String,
    status: &'static str,
    deleted: bool,
}

/// One call of a writer, and the state in which it leaves its task.
pub(super) enum Call {
    Add {
        title: String,
    },
    Change {
        id: i64,
        tool: &'static str,
        arguments: Value,
        after: Task,
    },
}

impl Call {
    pub(super) fn tool(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add_task",
            Self::Change { tool, .. } => tool,
        }
    }

    pub(super) fn arguments(&self) -> Value {
        match self {
            Self::Add { title } => json!({ "title": title }),
            Self::Change { arguments, .. } => arguments.clone(),
        }
    }
}

/// A task somebody was told of.
struct Known {
    now: Task,
    /// As a call that was never answered would have left it.
    perhaps: Option<Task>,
}

/// What one writer has been told.
pub(super) struct Ledger {
    writer: usize,
    titles: u64,
    tasks: BTreeMap<i64, Known>,
    /// Tasks that are not deleted, and that no call is on the way to.
    free: Vec<i64>,
    /// Titles of tasks whose making was never answered.
    open: BTreeSet<String>,
}

impl Ledger {
    pub(super) fn new(writer: usize) -> Self {
        Self {
            writer,
            titles: 0,
            tasks: BTreeMap::new(),
            free: Vec::new(),
            open: BTreeSet::new(),
        }
    }

    /// Returns a call that must succeed: three of five add, the others change a task of this writer.
    pub(super) fn next_call(&mut self, rng: &mut Rng) -> Call {
        if self.free.is_empty() || rng.u8(0..5) < 3 {
            return Call::Add {
                title: self.fresh_text(),
            };
        }
        let id = self.free.swap_remove(rng.usize(..self.free.len()));
        let mut after = self.tasks[&id].now.clone();
        let mut arguments = json!({ "task_id": id });
        let tool = match rng.u8(0..4) {
            0 if after.status == "pending" => {
                after.status = "completed";
                "complete_task"
            }
            1 => {
                after.deleted = true;
                "delete_task"
            }
            2 => {
                after.description = self.fresh_text();
                arguments["description"] = json!(after.description);
                "update_task"
            }
            _ => {
                after.title = self.fresh_text();
                arguments["title"] = json!(after.title);
                "update_task"
            }
        };
        Call::Change {
            id,
            tool,
            arguments,
            after,
        }
    }

    fn fresh_text(&mut self) -> String {
        self.titles += 1;
        format!("writer {}, text {}", self.writer, self.titles)
    }

    /// Enters what a server acknowledged, which must be what was asked for.
    pub(super) fn acknowledge(&mut self, call: Call, result: &Value) {
        let told = object(result);
        match call {
            Call::Add { title } => {
                assert_eq!(told["title"], title);
                let id = told["id"].as_i64().unwrap();
                let now = Task {
                    title,
                    description: String::new(),
                    status: "pending",
                    deleted: false,
                };
                let before = self.tasks.insert(id, Known { now, perhaps: None });
                assert!(before.is_none(), "id {id} was given twice");
                self.free.push(id);
            }
            Call::Change {
                id,
                after,
                tool,
                arguments,
            } => {
                let task = if after.deleted {
                    &told["deleted"]
                } else {
                    &told
                };
                assert_eq!(task["id"], id);
                // The title that the call gave is not repeated.
                let title = arguments.get("title").unwrap_or(&task["title"]);
                assert_eq!(*title, after.title);
                // A change says what it changed, and this one leaves the status.
                if tool != "update_task" {
                    assert_eq!(task["status"], after.status);
                }
                if !after.deleted {
                    self.free.push(id);
                }
                self.tasks.get_mut(&id).unwrap().now = after;
            }
        }
    }

    /// Enters that a call will never be answered.
    pub(super) fn leave_open(&mut self, call: Call) {
        match call {
            Call::Add { title } => drop(self.open.insert(title)),
            Call::Change { id, after, .. } => {
                self.tasks.get_mut(&id).unwrap().perhaps = Some(after);
            }
        }
    }
}

/// Has a new process list every task, and compares with what the writers were told. Returns what it found, in words.
pub(super) fn check<'a>(home: &Home, ledgers: impl Iterator<Item = &'a Ledger>) -> String {
    let mut found = listed(home);
    let listed = found.len();
    let mut open = BTreeSet::new();
    let mut happened = 0;
    for ledger in ledgers {
        open.extend(&ledger.open);
        for (id, known) in &ledger.tasks {
            let task = found
                .remove(id)
                .unwrap_or_else(|| panic!("task {id} is lost: {:?}", known.now));
            if task != known.now {
                assert_eq!(
                    Some(&task),
                    known.perhaps.as_ref(),
                    "task {id} was acknowledged as {:?}",
                    known.now
                );
                happened += 1;
            }
        }
    }
    for (id, task) in found {
        assert!(
            open.remove(&task.title),
            "nobody made task {id}, or its title is there twice: {task:?}"
        );
        assert_eq!(
            (task.status, task.deleted),
            ("pending", false),
            "task {id}: {task:?}"
        );
        happened += 1;
    }
    format!("{listed} tasks, {happened} calls happened unanswered")
}

fn listed(home: &Home) -> BTreeMap<i64, Task> {
    let mut found = BTreeMap::new();
    let mut client = home.connect(crate::support::Dialect::Modern);
    for (view, deleted) in [("all", false), ("trash", true)] {
        for task in client.tasks(view) {
            let id = task["id"].as_i64().unwrap();
            let text = |field: &str| task[field].as_str().unwrap().to_owned();
            let status = match task["status"].as_str().unwrap() {
                "pending" => "pending",
                "completed" => "completed",
                other => panic!("no writer makes a task {other}: {task}"),
            };
            let task = Task {
                title: text("title"),
                description: text("description"),
                status,
                deleted,
            };
            assert!(found.insert(id, task).is_none(), "task {id} is there twice");
        }
    }
    found
}
