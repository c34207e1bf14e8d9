//! What changed, put to what the page holds, is what it would read anew, whatever was done in between and by whom.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rmcp::model::CallToolResult;
use serde_json::{Map, Value, json};

use crate::{
    domain::{task::Actor, when::Zone},
    mcp::{
        principal::session_of_page,
        tools::{Client, call},
    },
    store::db::{Db, Session},
};

/// A page, the model beside it, and the database of both.
struct Beside {
    model: Session,
    page: Session,
    _folder: tempfile::TempDir,
}

/// What the page holds.
#[derive(Debug, Default, PartialEq)]
struct Held {
    tasks: BTreeMap<i64, Value>,
    done: Value,
}

impl Beside {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Db::start(&folder.path().join("tasks.db"), 1).session();
        let page = model.named(session_of_page(model.id()));
        Self {
            model,
            page,
            _folder: folder,
        }
    }

    async fn call(&self, tool: &str, arguments: Value) -> CallToolResult {
        let (session, name) = if tool.starts_with("board_") {
            (&self.page, "host (board)")
        } else {
            (&self.model, "host")
        };
        let client = Client {
            actor: Actor::named(name),
            name: Actor::named(name),
            is_read_only: false,
            shows_pages: true,
        };
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let reply = call(session, tool, arguments, client, Zone::UTC).await;
        reply.unwrap().into()
    }

    /// Returns what `board_read` answers, which is JSON as text and nothing else.
    async fn read(&self, arguments: Value) -> Map<String, Value> {
        let result = self.call("board_read", arguments).await;
        let text = result.content[0].as_text().unwrap().text.clone();
        assert!(
            result.is_error != Some(true) && result.structured_content.is_none(),
            "{text}"
        );
        serde_json::from_str(&text).unwrap()
    }

    async fn whole(&self) -> (Held, Value) {
        let mut board = self.read(json!({})).await;
        let mut held = Held {
            done: board["done"].take(),
            ..Held::default()
        };
        held.put(&board["tasks"]);
        (held, board["seq"].take())
    }
}

impl Held {
    fn put(&mut self, tasks: &Value) {
        for task in tasks.as_array().unwrap() {
            self.tasks
                .insert(task["id"].as_i64().unwrap(), task.clone());
        }
    }

    /// Puts to it what changed, as the page does.
    fn change(&mut self, delta: &Map<String, Value>) {
        self.put(&delta["changed"]);
        for id in delta["gone"].as_array().unwrap() {
            self.tasks.remove(&id.as_i64().unwrap());
        }
        if let Some(done) = delta.get("done") {
            self.done = done.clone();
        }
    }
}

/// One call, of the page or the model, that may be refused.
fn step() -> impl Strategy<Value = (&'static str, Value)> {
    let id = || 1..6_i64;
    prop_oneof![
        3 => (0..9_u8).prop_map(|n| ("add_task", json!({ "title": format!("task {n}") }))),
        2 => id().prop_map(|id| ("board_write", json!({ "add": format!("part parent:{id} +home") }))),
        2 => id().prop_map(|id| ("board_write", json!({ "add": format!("later after:{id} due:2026-12-{id:02}") }))),
        2 => id().prop_map(|id| ("board_write", json!({ "complete": [id] }))),
        1 => id().prop_map(|id| ("board_write", json!({ "delete": [id] }))),
        1 => id().prop_map(|id| ("board_write", json!({ "task_id": id, "status": "pending" }))),
        1 => id().prop_map(|id| ("update_task", json!({ "task_id": id, "status": "in_progress", "comment": "begun" }))),
        1 => id().prop_map(|id| ("update_task", json!({ "task_id": id, "status": "cancelled" }))),
        1 => id().prop_map(|id| ("update_task", json!({ "task_id": id, "due": "2026-12-01", "repeat": "daily" }))),
        1 => (id(), id()).prop_map(|(id, parent)| ("update_task", json!({ "task_id": id, "parent": parent.to_string() }))),
        1 => id().prop_map(|id| ("update_task", json!({ "task_id": id, "parent": "", "depends_on": [] }))),
        1 => (id(), id()).prop_map(|(id, other)| ("board_write", json!({ "task_id": id, "depends_on": [other.to_string()] }))),
        1 => Just(("undo", json!({}))),
        1 => (1..9_i64).prop_map(|group| ("board_write", json!({ "undo": group }))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_changed_put_to_what_the_page_holds_is_the_whole_board(
        steps in prop::collection::vec(prop::collection::vec(step(), 1..5), 1..10)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let beside = Beside::new();
            let (mut held, mut seq) = beside.whole().await;
            for calls in steps {
                for (tool, arguments) in calls {
                    beside.call(tool, arguments).await;
                }
                let delta = beside.read(json!({ "since": seq })).await;
                held.change(&delta);
                let (anew, now) = beside.whole().await;
                assert_eq!(held, anew, "after {delta:?}");
                assert_eq!(delta["seq"], now);
                seq = now;
            }
        });
    }
}

#[tokio::test]
async fn after_more_changes_than_are_told_one_by_one_everything_is_read_anew() {
    let beside = Beside::new();
    let (_, seq) = beside.whole().await;
    let tasks = |count| json!({ "tasks": vec![json!({ "title": "one" }); count] });
    beside.call("add_task", tasks(500)).await;
    let delta = beside.read(json!({ "since": seq })).await;
    assert_eq!(delta["changed"].as_array().unwrap().len(), 500);
    beside.call("add_task", tasks(1)).await;
    let reset = beside.read(json!({ "since": seq })).await;
    assert_eq!(reset["reset"], true);
    assert!(!reset.contains_key("changed"), "{reset:?}");
}

#[tokio::test]
async fn a_place_in_the_changes_of_another_database_is_told_apart() {
    let (one, other) = (Beside::new(), Beside::new());
    one.call("add_task", json!({ "title": "one" })).await;
    let (_, seq) = one.whole().await;
    let later = json!({ "since": seq });
    assert!(one.read(later.clone()).await.contains_key("changed"));
    // As after a restore: fewer changes, then as many.
    assert_eq!(other.read(later.clone()).await["reset"], true);
    let then = crate::clock::now();
    while crate::clock::now() == then {
        std::hint::spin_loop();
    }
    other.call("add_task", json!({ "title": "other" })).await;
    assert_eq!(other.read(later).await["reset"], true);
}

#[tokio::test]
async fn many_tasks_come_part_by_part_and_all_of_them() {
    let beside = Beside::new();
    let tasks = json!({ "tasks": vec![json!({ "title": "one" }); 900] });
    beside.call("add_task", tasks).await;
    beside.call("add_task", json!({ "tasks": vec![json!({ "title": "two", "due": "2030-01-01", "defer_until": "2029-01-01" }); 300] })).await;
    let mut ids = Vec::new();
    let mut after = json!({});
    loop {
        let part = beside.read(after).await;
        let tasks = part["tasks"].as_array().unwrap();
        ids.extend(tasks.iter().map(|task| task["id"].as_i64().unwrap()));
        assert_eq!(part.contains_key("counts"), ids.len() == tasks.len());
        let Some(more) = part.get("more") else { break };
        assert_eq!(part["left"], 1_200 - ids.len());
        after = json!({ "after": more });
    }
    // What is due comes first.
    assert_eq!(ids[0], 901);
    ids.sort_unstable();
    assert_eq!(ids, (1..=1_200).collect::<Vec<_>>());
}
