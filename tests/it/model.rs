//! Random commands against the store and against a model in memory: they must agree after every one, also when the
//! database is closed and opened again.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, test_runner::Config};
use taskhold::{
    command::{Caller, Command, Draft, Patch},
    store::{Access, Filters, Moment, Store, View, is_replay_of},
    task::{Actor, Status, TaskId, Timestamp, Title},
    when::Zone,
};

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<String>),
    Update {
        pick: Vec<i64>,
        title: Option<String>,
        status: Option<Status>,
    },
    Complete(Vec<i64>),
    Delete(Vec<i64>),
    Undo,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let title = "[a-z]{1,8}";
    let pick = vec(1..13_i64, 1..3);
    let status = prop::sample::select(Status::ALL.to_vec());
    vec(
        prop_oneof![
            4 => vec(title, 1..3).prop_map(Step::Add),
            4 => (pick.clone(), option::of(title), option::of(status))
                .prop_map(|(pick, title, status)| Step::Update { pick, title, status }),
            3 => pick.clone().prop_map(Step::Complete),
            2 => pick.prop_map(Step::Delete),
            3 => Just(Step::Undo),
            1 => Just(Step::Reopen),
        ],
        1..40,
    )
}

/// What the model knows of a task.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    title: String,
    status: Status,
    deleted: bool,
}

#[derive(Default)]
struct Model {
    tasks: BTreeMap<i64, Known>,
    /// The tasks before each call that is still in force.
    before: Vec<BTreeMap<i64, Known>>,
}

impl Model {
    /// Applies `change` to the tasks in `ids`, all or none; one that alters nothing leaves no trace.
    fn each(&mut self, ids: &[i64], change: impl Fn(&mut Known)) -> bool {
        let usable = |id: &i64| self.tasks.get(id).is_some_and(|task| !task.deleted);
        if !ids.iter().all(usable) {
            return false;
        }
        let before = self.tasks.clone();
        for id in ids {
            change(self.tasks.get_mut(id).expect("it is usable"));
        }
        if self.tasks != before {
            self.before.push(before);
        }
        true
    }

    /// Takes back the last call. A task that was added stays in the trash: its id is used up.
    fn undo(&mut self) -> bool {
        let Some(before) = self.before.pop() else {
            return false;
        };
        for (id, task) in &mut self.tasks {
            match before.get(id) {
                Some(earlier) => *task = earlier.clone(),
                None => task.deleted = true,
            }
        }
        true
    }
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let mut stored = BTreeMap::new();
    let list = |view| {
        let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
        store
            .list(view, &Filters::default(), &moment, None, 1_000)
            .unwrap()
            .tasks
            .into_iter()
            .map(|task| store.existing(task.id).unwrap())
    };
    for view in [View::All, View::Trash] {
        for task in list(view) {
            let known = Known {
                title: task.title.as_str().to_owned(),
                status: task.status,
                deleted: task.is_deleted(),
            };
            prop_assert_eq!(
                task.completed_at.is_some(),
                task.status == Status::Completed
            );
            let history = store.history(task.id, 0).unwrap();
            prop_assert!(
                is_replay_of(&task, &history),
                "{:?} is not what its log says: {:?}",
                task,
                history
            );
            stored.insert(task.id.get(), known);
        }
    }
    prop_assert_eq!(&stored, &model.tasks);
    let open = list(View::Open).len();
    let expected = model
        .tasks
        .values()
        .filter(|task| !task.deleted && task.status.is_open());
    prop_assert_eq!(open, expected.count());
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn the_store_does_what_the_model_does(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut store = Store::open(&path, Access::Write).unwrap();
        let mut model = Model::default();
        for (now, step) in (1_i64..).zip(steps) {
            let caller = Caller {
                actor: Actor::named("model"),
                now: Timestamp::from_millis(now),
                zone: Zone::UTC,
            };
            let real = |pick: &[i64]| -> Vec<TaskId> {
                pick.iter().map(|id| TaskId::try_from(*id).unwrap()).collect()
            };
            let (command, expected) = match step {
                Step::Reopen => {
                    drop(store);
                    store = Store::open(&path, Access::Write).unwrap();
                    check(&store, &model)?;
                    continue;
                }
                Step::Add(titles) => {
                    model.before.push(model.tasks.clone());
                    for title in &titles {
                        let id = i64::try_from(model.tasks.len()).unwrap() + 1;
                        let known = Known { title: title.clone(), status: Status::Pending, deleted: false };
                        model.tasks.insert(id, known);
                    }
                    let drafts = titles.into_iter().map(|title| Draft::titled(Title::try_from(title).unwrap()));
                    (Command::Add { drafts: drafts.collect(), key: None }, true)
                }
                Step::Update { pick, title, status } => {
                    let empty = title.is_none() && status.is_none();
                    let expected = !empty && model.each(&pick, |task| {
                        task.title = title.clone().unwrap_or_else(|| task.title.clone());
                        task.status = status.unwrap_or(task.status);
                    });
                    let title = title.map(|title| Title::try_from(title).unwrap());
                    let patch = Patch { title, status, ..Patch::default() };
                    (Command::Update { ids: real(&pick), patch, if_rev: None }, expected)
                }
                Step::Complete(pick) => {
                    let expected = model.each(&pick, |task| task.status = Status::Completed);
                    (Command::Complete(real(&pick)), expected)
                }
                Step::Delete(pick) => {
                    let expected = model.each(&pick, |task| task.deleted = true);
                    (Command::Delete { ids: real(&pick), confirm: None }, expected)
                }
                Step::Undo => (Command::Undo(None), model.undo()),
            };
            let outcome = store.execute(&command, &caller);
            prop_assert_eq!(outcome.is_ok(), expected, "{:?}: {:?}", command, outcome);
            check(&store, &model)?;
        }
    }
}
