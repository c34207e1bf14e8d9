//! Random commands of two clients against the store and against a model in memory: they must agree after every one, also
//! when the database is closed and opened again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use proptest::{collection::vec, option, prelude::*, test_runner::Config};
use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Filters, Moment, View},
        repeat::Repeat,
        task::{Actor, CommentText, Status, Task, TaskId, Timestamp, Title},
        when::{When, Zone},
    },
    store::{Access, Store, is_replay_of},
};

use known::{Known, Model, Refused};

mod known;

const ACTORS: [&str; 2] = ["one", "other"];
/// The first day on which a task that repeats is due, counted from the first of January 1970.
const FIRST_DAY: i64 = 9;

#[derive(Clone, Debug)]
enum Step {
    Call(&'static str, Call),
    Reopen,
}

#[derive(Clone, Debug)]
enum Call {
    Add(Vec<NewTask>),
    Update { pick: Vec<i64>, new: New },
    Complete(Vec<i64>),
    Delete(Vec<i64>),
    Undo,
}

#[derive(Clone, Debug)]
struct NewTask {
    title: String,
    parent: Option<Reference>,
    depends_on: Vec<Reference>,
    repeats: bool,
}

/// The parent a task is given; no task if that is `None`.
#[derive(Clone, Copy, Debug)]
struct Parent(Option<i64>);

#[derive(Clone, Debug)]
struct New {
    title: Option<String>,
    status: Option<Status>,
    parent: Option<Parent>,
    depends_on: Option<BTreeSet<i64>>,
    comment: Option<String>,
}

fn task_id(id: i64) -> TaskId {
    TaskId::try_from(id).unwrap()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let title = "[a-z]{1,8}";
    let id = 1..9_i64;
    let pick = vec(id.clone(), 1..3);
    let reference = prop_oneof![
        id.clone().prop_map(|id| Reference::Task(task_id(id))),
        (1..3_usize).prop_map(Reference::Earlier),
    ];
    let rarely = |strategy| prop::option::weighted(0.3, strategy);
    let new_task = (
        title,
        rarely(reference.clone()),
        option::weighted(0.2, vec(reference, 1..3)),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(title, parent, depends_on, repeats)| NewTask {
            title,
            parent,
            depends_on: depends_on.unwrap_or_default(),
            repeats,
        });
    let new = (
        option::of(title),
        option::of(prop::sample::select(Status::ALL.to_vec())),
        option::weighted(0.2, option::of(id.clone()).prop_map(Parent)),
        option::weighted(0.2, prop::collection::btree_set(id, 0..3)),
        option::weighted(0.2, title),
    )
        .prop_map(|(title, status, parent, depends_on, comment)| New {
            title,
            status,
            parent,
            depends_on,
            comment,
        });
    let call = prop_oneof![
        5 => vec(new_task, 1..4).prop_map(Call::Add),
        6 => (pick.clone(), new).prop_map(|(pick, new)| Call::Update { pick, new }),
        3 => pick.clone().prop_map(Call::Complete),
        1 => pick.prop_map(Call::Delete),
        4 => Just(Call::Undo),
    ];
    let step = prop_oneof![
        18 => (prop::sample::select(ACTORS.to_vec()), call).prop_map(|(actor, call)| Step::Call(actor, call)),
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..40)
}

impl Call {
    /// Returns the command, and what the model says to it.
    fn make(
        self,
        model: &mut Model,
        actor: &'static str,
        now: i64,
    ) -> (Command, Result<(), Refused>) {
        let real = |pick: &[i64]| pick.iter().copied().map(task_id).collect();
        match self {
            Self::Add(tasks) => {
                let there = model.tasks().len();
                let made = model.add(actor, tasks.len(), |number, _| {
                    tasks[number].known(number, there)
                });
                let drafts = tasks.iter().map(NewTask::draft).collect();
                (Command::Add { drafts, key: None }, made)
            }
            Self::Update { pick, new } => {
                let patch = new.patch();
                let made = if patch == Patch::default() {
                    Err(Refused)
                } else {
                    let completes = new.status == Some(Status::Completed);
                    model.each(actor, &pick, completes, |task| new.apply(task, actor, now))
                };
                let ids = real(&pick);
                (
                    Command::Update {
                        ids,
                        patch,
                        if_rev: None,
                    },
                    made,
                )
            }
            Self::Complete(pick) => {
                let made = model.each(actor, &pick, true, |task| task.complete(now));
                (Command::Complete(real(&pick)), made)
            }
            Self::Delete(pick) => {
                let made = model.each(actor, &pick, false, |task| task.deleted_at = Some(now));
                (
                    Command::Delete {
                        ids: real(&pick),
                        confirm: None,
                    },
                    made,
                )
            }
            Self::Undo => (Command::Undo(None), model.undo(actor, now)),
        }
    }
}

impl NewTask {
    fn draft(&self) -> Draft {
        let mut draft = Draft::titled(Title::try_from(self.title.clone()).unwrap());
        draft.parent = self.parent;
        draft.depends_on = self.depends_on.iter().copied().collect();
        if self.repeats {
            draft.due = Some(When::Day(day(FIRST_DAY)));
            draft.repeat = Some(Repeat::try_from("FREQ=DAILY".to_owned()).unwrap());
        }
        draft
    }

    /// Returns the task as the one `number` of a call that found so many `there`.
    fn known(&self, number: usize, there: usize) -> Result<Known, Refused> {
        let resolve = |reference: &Reference| match *reference {
            Reference::Task(id) => Ok(id.get()),
            Reference::Earlier(place) if place <= number => {
                Ok(i64::try_from(there + place).unwrap())
            }
            Reference::Earlier(_) => Err(Refused),
        };
        let mut task = Known::titled(&self.title);
        task.parent = self.parent.as_ref().map(resolve).transpose()?;
        task.depends_on = self
            .depends_on
            .iter()
            .map(resolve)
            .collect::<Result<_, _>>()?;
        task.day = self.repeats.then_some(FIRST_DAY);
        Ok(task)
    }
}

impl New {
    fn patch(&self) -> Patch {
        let text = |text: &String| Title::try_from(text.clone()).unwrap();
        let comment = |text: &String| CommentText::try_from(text.clone()).unwrap();
        let ids = |ids: &BTreeSet<i64>| ids.iter().copied().map(task_id).collect();
        Patch {
            title: self.title.as_ref().map(text),
            status: self.status,
            parent: self.parent.map(|Parent(id)| id.map(task_id)),
            depends_on: self.depends_on.as_ref().map(ids),
            comment: self.comment.as_ref().map(comment),
            ..Patch::default()
        }
    }

    fn apply(&self, task: &mut Known, actor: &str, now: i64) {
        if let Some(title) = &self.title {
            task.title.clone_from(title);
        }
        if let Some(Parent(id)) = self.parent {
            task.parent = id;
        }
        if let Some(depends_on) = &self.depends_on {
            task.depends_on.clone_from(depends_on);
        }
        if let Some(comment) = &self.comment {
            let comment = (now, actor.to_owned(), comment.clone());
            task.comments.push(comment);
        }
        match self.status {
            Some(Status::Completed) => task.complete(now),
            Some(status) => task.set_status(status, now),
            None => {}
        }
    }
}

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_epoch_days(i32::try_from(number).unwrap()).unwrap()
}

/// Returns what the model would know of a task of the store.
fn known(store: &Store, task: &Task) -> Known {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
    let comments = store.comments(task.id).unwrap().into_iter();
    let comments = comments.map(|comment| {
        let (actor, text) = (comment.actor.as_str(), comment.text.as_str());
        (comment.at.as_millis(), actor.to_owned(), text.to_owned())
    });
    Known {
        title: task.title.as_str().to_owned(),
        status: task.status,
        started_at: millis(task.started_at),
        completed_at: millis(task.completed_at),
        deleted_at: millis(task.deleted_at),
        parent: task.parent.map(TaskId::get),
        depends_on: task.depends_on.iter().map(|id| id.get()).collect(),
        day: task.due.map(|due| match due {
            When::Day(day) => i64::from(day.to_epoch_days()),
            other => panic!("no time was given: {other}"),
        }),
        comments: comments.collect(),
    }
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let list = |view| {
        let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
        let page = store.list(view, &Filters::default(), &moment, None, 1_000);
        page.unwrap().tasks
    };
    let mut stored = BTreeMap::new();
    for view in [View::All, View::Trash] {
        for task in list(view) {
            let task = store.existing(task.id).unwrap();
            let history = store.history(task.id, 0).unwrap();
            prop_assert!(
                is_replay_of(&task, &history),
                "{:?} is not what its log says: {:?}",
                task,
                history
            );
            stored.insert(task.id.get(), known(store, &task));
        }
    }
    let tasks = model.tasks();
    let expected: BTreeMap<i64, Known> = (1..).zip(tasks.iter().cloned()).collect();
    prop_assert_eq!(&stored, &expected);
    let ids = |view| -> BTreeSet<i64> { list(view).iter().map(|task| task.id.get()).collect() };
    let that = |is_so: &dyn Fn(&Known) -> bool| -> BTreeSet<i64> {
        let those = expected.iter().filter(|(_, task)| is_so(task));
        those.map(|(id, _)| *id).collect()
    };
    // A series waits for another only until that one's date is later than its own.
    let holds_up = |other: &Known, task: &Known| {
        let is_past = other
            .day
            .zip(task.day)
            .is_some_and(|(other, own)| other > own);
        other.is_open() && !is_past
    };
    let waits = |task: &Known| {
        let mut others = task.depends_on.iter().map(|id| &expected[id]);
        others.any(|other| holds_up(other, task))
    };
    prop_assert_eq!(ids(View::Unfinished), that(&Known::is_open));
    prop_assert_eq!(
        ids(View::Blocked),
        that(&|task| task.is_open() && waits(task))
    );
    let is_ready = |task: &Known| task.is_open() && task.status == Status::Pending && !waits(task);
    prop_assert_eq!(ids(View::Ready), that(&is_ready));
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
            let Step::Call(actor, call) = step else {
                drop(store);
                store = Store::open(&path, Access::Write).unwrap();
                check(&store, &model)?;
                continue;
            };
            let caller = Caller {
                actor: Actor::named(actor),
                now: Timestamp::from_millis(now),
                zone: Zone::UTC,
                session: None,
            };
            model.now = now;
            let (command, expected) = call.make(&mut model, actor, now);
            let outcome = store.execute(&command, &caller);
            prop_assert_eq!(outcome.is_ok(), expected.is_ok(), "{:?}: {:?}", command, outcome);
            check(&store, &model)?;
        }
    }
}
