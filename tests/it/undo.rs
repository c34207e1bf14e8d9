//! Whatever a command does, undo gives back what was, and undoing the undo gives what the command had made.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::Config};
use taskhold::{
    care::restore,
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Filters, Moment, View},
        repeat::{Repeat, Start},
        task::{
            Actor, CommentText, Description, Priority, Project, Status, Tag, Task, TaskId,
            Timestamp, Title,
        },
        when::{When, Zone},
    },
    store::{Access, Store, backup, is_replay_of},
};

fn text<T>(pattern: &'static str) -> impl Strategy<Value = T> + Clone
where
    T: TryFrom<String> + std::fmt::Debug + Clone,
    T::Error: std::fmt::Debug,
{
    pattern.prop_map(|text| T::try_from(text).unwrap())
}

fn id() -> impl Strategy<Value = TaskId> + Clone {
    (1..8_i64).prop_map(|id| TaskId::try_from(id).unwrap())
}

fn when() -> impl Strategy<Value = When> + Clone {
    select(vec![
        "2026-11-22",
        "2026-11-30",
        "2026-12-24T17:00:00.000Z",
        "2028-02-29",
    ])
    .prop_map(|text| text.parse().unwrap())
}

fn repeat() -> impl Strategy<Value = Repeat> + Clone {
    select(vec![
        "every day",
        "every 2 weeks on mon and thu",
        "monthly on the 31st",
        "every day for 2 times",
    ])
    .prop_map(|words| Repeat::read(words).unwrap())
}

fn tags() -> impl Strategy<Value = BTreeSet<Tag>> + Clone {
    vec(text("[a-c]"), 0..3).prop_map(|tags| tags.into_iter().collect())
}

fn priority() -> impl Strategy<Value = Priority> + Clone {
    select(Priority::ALL.to_vec())
}

fn draft() -> impl Strategy<Value = Draft> {
    let reference = prop_oneof![
        id().prop_map(Reference::Task),
        (1..3_usize).prop_map(Reference::Earlier),
    ];
    (
        (
            text::<Title>("[a-z]{1,6}( [a-z]{1,6})?"),
            text::<Description>("[a-z\n]{0,8}"),
            option::of(priority()),
            option::of(when()),
        ),
        (
            option::of(when()),
            option::of(repeat()),
            option::of(text::<Project>("[A-C]")),
            tags(),
        ),
        (option::of(reference.clone()), vec(reference, 0..2)),
    )
        .prop_map(
            |(
                (title, description, priority, due),
                (defer_until, repeat, project, tags),
                (parent, depends_on),
            )| Draft {
                title,
                description,
                priority,
                due,
                defer_until,
                repeat,
                start: Start::default(),
                project,
                tags,
                parent,
                depends_on: depends_on.into_iter().collect(),
            },
        )
}

fn patch() -> impl Strategy<Value = Patch> {
    (
        (
            option::of(text("[a-z]{1,6}")),
            option::of(text("[a-z]{0,6}")),
            option::of(select(Status::ALL.to_vec())),
            option::of(option::of(priority())),
        ),
        (
            option::of(option::of(when())),
            option::of(option::of(when())),
            option::of(option::of(repeat())),
            option::of(option::of(text("[A-C]"))),
        ),
        (
            (option::of(tags()), tags(), tags()),
            option::of(option::of(id())),
            option::of(vec(id(), 0..3)),
            option::of(text::<CommentText>("[a-z]{1,6}")),
            proptest::bool::weighted(0.2),
        ),
    )
        .prop_map(
            |(
                (title, description, status, priority),
                (due, defer_until, repeat, project),
                ((tags, add_tags, remove_tags), parent, depends_on, comment, undelete),
            )| Patch {
                title,
                description,
                status,
                priority,
                due,
                due_time: None,
                defer_until,
                defer_time: None,
                repeat,
                start: Start::default(),
                project,
                tags,
                add_tags,
                remove_tags,
                parent,
                depends_on: depends_on.map(|ids| ids.into_iter().collect()),
                comment,
                undelete,
            },
        )
}

fn command() -> impl Strategy<Value = Command> {
    let ids = vec(id(), 1..4);
    prop_oneof![
        4 => vec(draft(), 1..3).prop_map(|drafts| Command::Add { drafts, key: None }),
        6 => (ids.clone(), patch()).prop_map(|(ids, patch)| Command::Update { ids, patch, if_rev: None }),
        3 => ids.clone().prop_map(Command::Complete),
        2 => ids.prop_map(|ids| Command::Delete { ids, confirm: None }),
    ]
}

/// Reports whether `waiting`, which depends on `other`, waits for it: of two series, for no round after its own.
fn holds_up(other: &Task, waiting: &Task) -> bool {
    let day = |task: &Task| task.due.map(|due| due.to_string()[..10].to_owned());
    let is_later = match [other, waiting].map(day) {
        [Some(other), Some(waiting)] => other > waiting,
        _ => false,
    };
    let both_repeat = other.repeat.is_some() && waiting.repeat.is_some();
    other.is_open() && !(both_repeat && is_later)
}

/// Every task but for what each change moves on: its revision and the time of its last change.
fn state(store: &Store) -> BTreeMap<TaskId, Task> {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let mut tasks = BTreeMap::new();
    for view in [View::All, View::Trash] {
        for listed in store
            .list(view, &Filters::default(), &moment, None, 1_000)
            .unwrap()
            .tasks
        {
            let mut task = store.existing(listed.id).unwrap();
            let mut summary = task.summary();
            let holds_up = |id: &TaskId| holds_up(&store.existing(*id).unwrap(), &task);
            summary.blockers.retain(holds_up);
            assert_eq!(summary, listed);
            let history = store.history(task.id, 0).unwrap();
            assert!(
                is_replay_of(&task, &history),
                "{task:?} is not what its log says: {history:?}"
            );
            (task.rev, task.updated_at) = (0, Timestamp::from_millis(0));
            tasks.insert(task.id, task);
        }
    }
    tasks
}

/// What is derived must be what it would be if it were worked out anew.
fn check_derived(store: &Store, tasks: &BTreeMap<TaskId, Task>) {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let page = store
        .list(View::Blocked, &Filters::default(), &moment, None, 1_000)
        .unwrap();
    let blocked: BTreeSet<TaskId> = page.tasks.iter().map(|task| task.id).collect();
    let waits = |task: &&Task| {
        let others = &mut task.depends_on.iter();
        task.is_open() && others.any(|id| holds_up(&tasks[id], task))
    };
    assert_eq!(
        blocked,
        tasks.values().filter(waits).map(|task| task.id).collect()
    );
    for tag in ["a", "b", "c"] {
        let tag = Tag::try_from(tag.to_owned()).unwrap();
        let filters = Filters {
            tags: vec![tag.clone()],
            ..Filters::default()
        };
        for view in [View::Unfinished, View::All, View::Trash] {
            let page = store.list(view, &filters, &moment, None, 1_000).unwrap();
            let tagged: BTreeSet<TaskId> = page.tasks.iter().map(|task| task.id).collect();
            let is_in_view = |task: &Task| match view {
                View::Unfinished => task.is_open(),
                view => (view == View::Trash) == task.is_deleted(),
            };
            let has = |task: &&Task| is_in_view(task) && task.tags.contains(&tag);
            assert_eq!(
                tagged,
                tasks.values().filter(has).map(|task| task.id).collect(),
                "{tag} in {view:?}"
            );
        }
    }
}

#[test]
fn a_dependency_on_a_task_in_the_trash_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
    let caller = Caller {
        actor: Actor::named("undo"),
        now: Timestamp::from_millis(1_795_000_000_000),
        zone: Zone::UTC,
        session: None,
    };
    let titled = |title: &str| Draft::titled(Title::try_from(title.to_owned()).unwrap());
    let waiting = Draft {
        depends_on: BTreeSet::from([Reference::Earlier(1)]),
        ..titled("waiting")
    };
    let drafts = vec![titled("first"), waiting];
    let [first, second] = [1, 2].map(|id| TaskId::try_from(id).unwrap());
    let delete = Command::Delete {
        ids: vec![first],
        confirm: None,
    };
    let freed = Patch {
        depends_on: Some(BTreeSet::new()),
        ..Patch::default()
    };
    let update = Command::Update {
        ids: vec![second],
        patch: freed,
        if_rev: None,
    };
    for command in [Command::Add { drafts, key: None }, delete, update] {
        store.execute(&command, &caller).unwrap();
    }
    store.execute(&Command::Undo(None), &caller).unwrap();
    let task = store.task(second).unwrap().unwrap();
    assert_eq!(task.depends_on, BTreeSet::from([first]));
}

proptest! {
    #![proptest_config(Config { cases: 40, ..Config::default() })]

    #[test]
    fn undo_gives_back_what_was_and_undoing_that_what_came(commands in vec(command(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        for (day, command) in (0_i64..).zip(commands) {
            let caller = Caller {
                actor: Actor::named("undo"),
                now: Timestamp::from_millis(1_795_000_000_000 + day * 86_400_000),
                zone: Zone::UTC,
                session: None,
            };
            let before = state(&store);
            let Ok(outcome) = store.execute(&command, &caller) else {
                // A refused command leaves nothing behind.
                prop_assert_eq!(state(&store), before);
                continue;
            };
            let after = state(&store);
            check_derived(&store, &after);
            if outcome.group.is_none() {
                prop_assert_eq!(after, before);
                continue;
            }
            let undone = store.execute(&Command::Undo(None), &caller);
            let undone = undone.map_err(|error| TestCaseError::fail(format!("{command:?}: {error}")))?;
            let mut now = state(&store);
            check_derived(&store, &now);
            // What was added stays in the trash: its id is used up.
            now.retain(|id, task| before.contains_key(id) || !task.is_deleted());
            prop_assert_eq!(&now, &before, "undo of {:?}", command);

            store.execute(&Command::Undo(undone.group), &caller).unwrap();
            prop_assert_eq!(state(&store), after, "undo of the undo of {:?}", command);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 20, ..Config::default() })]

    #[test]
    fn restore_gives_back_what_was_and_undoing_it_what_came(
        (early, late) in (vec(command(), 1..15), vec(command(), 1..15)),
        in_a_new_file: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut store = Store::open(&path, Access::Write).unwrap();
        let caller = |day: i64| Caller {
            actor: Actor::named("undo"),
            now: Timestamp::from_millis(1_795_000_000_000 + day * 86_400_000),
            zone: Zone::UTC,
            session: None,
        };
        // What is refused leaves nothing behind.
        for (day, command) in (0..).zip(&early) {
            let _ = store.execute(command, &caller(day));
        }
        let (was, copy) = (state(&store), folder.path().join("copy.db"));
        backup::copy_to(&path, &copy).unwrap();
        for (day, command) in (20..).zip(&late) {
            let _ = store.execute(command, &caller(day));
        }
        let path = if in_a_new_file { folder.path().join("new.db") } else { path };
        let mut store = Store::open(&path, Access::Write).unwrap();
        let (is, last) = (state(&store), store.last_change().unwrap());

        let restored = restore::restore(&path, &copy, &caller(50)).unwrap();
        let mut now = state(&store);
        check_derived(&store, &now);
        prop_assert!(store.last_change().unwrap() >= last);
        let added: Vec<_> = now.keys().filter(|id| !was.contains_key(id)).copied().collect();
        for id in added {
            let task = now.remove(&id).unwrap();
            prop_assert!(task.is_deleted(), "{:?} was added since", task);
        }
        prop_assert_eq!(&now, &was);
        // Once more changes nothing.
        prop_assert_eq!(restore::preview(&path, &copy, caller(51).now).unwrap().total(), 0);

        if let Some(group) = restored.group {
            store.execute(&Command::Undo(Some(group)), &caller(52)).unwrap();
            let now = state(&store);
            check_derived(&store, &now);
            prop_assert_eq!(now, is);
        }
    }
}
