//! Whatever a database holds: exported, imported into a new one and exported again, it is the same byte for byte.

use std::collections::BTreeSet;

use proptest::{
    collection::vec,
    option,
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;
use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        query::{Filters, Moment, View},
        repeat::Repeat,
        task::{
            Actor, CommentText, Description, Priority, Project, Status, Tag, Task, TaskId,
            Timestamp, Title,
        },
        when::{When, Zone},
    },
    exchange::{Contents, Format, Reader as _, Relatives, Writer as _, json},
    store::{Access, Store, is_replay_of},
};

#[derive(Clone, Debug)]
enum Step {
    Add(Box<(String, String, Details)>),
    Update(i64, Box<(Option<Status>, Option<String>, Details)>),
    /// A task is made a part of another, and waits for a third.
    Refer(i64, i64, i64),
    /// One date of a series is moved.
    Move(i64, When),
    Complete(i64),
    Delete(i64),
    Undo,
}

#[derive(Clone, Debug)]
struct Details {
    priority: Option<Priority>,
    due: Option<When>,
    defer_until: Option<When>,
    repeat: Option<Repeat>,
    project: Option<String>,
    tags: Vec<String>,
    parent: Option<i64>,
    depends_on: Vec<i64>,
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        (0..200_000_i64)
            .prop_map(|day| When::At(day * 86_400_000 + 1).day(Zone::UTC))
            .prop_map(When::Day),
        (0..4_000_000_000_000_i64).prop_map(When::At),
    ]
}

/// Text in one line that a title can hold: any that can be seen, and what is hard to keep.
fn line() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(vec![
        "\u{1f469}\u{1f3fd}\u{200d}\u{1f680} \u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} \u{2764}\u{fe0f}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} abc \u{645}\u{631}\u{62d}\u{628}\u{627} 123",
        "\u{915}\u{94d}\u{200d}\u{937} e\u{301} \u{1112}\u{1161}\u{11ab}",
        "{\"format\":\"taskhold\"} \\u0000 \\\\ \u{7f}\u{feff}",
    ]);
    prop_oneof![
        6 => "a\\PC{0,20}",
        2 => hard.prop_map(str::to_owned),
        1 => "[x\u{1f600}]{500}",
    ]
    // To `\\PC`, U+2028 and U+2029 are no control characters; to a title, they end the line.
    .prop_map(|line| line.replace(['\u{2028}', '\u{2029}'], " "))
}

fn details() -> impl Strategy<Value = Details> {
    let when = || option::of(when());
    let rule = prop::sample::select(vec![
        "daily",
        "every 2 weeks on mon",
        "monthly on the 31st",
        "every day for 3 times",
    ]);
    (
        option::of(prop::sample::select(Priority::ALL.to_vec())),
        when(),
        when(),
        option::weighted(0.2, rule.prop_map(|words| Repeat::read(words).unwrap())),
        option::of("[A-Z][a-zé ☀\"\\\\]{0,9}x"),
        vec("[a-zß,:]{1,6}", 0..3),
        option::weighted(0.3, 1..12_i64),
        vec(1..12_i64, 0..3),
    )
        .prop_map(
            |(priority, due, defer_until, repeat, project, tags, parent, depends_on)| Details {
                priority,
                due,
                defer_until,
                repeat,
                project,
                tags,
                parent,
                depends_on,
            },
        )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = || 1..12_i64;
    let text = "\\PC{0,30}(\n\\PC{0,10})?";
    vec(
        prop_oneof![
            5 => (line(), text, details()).prop_map(|add| Step::Add(Box::new(add))),
            4 => (id(), (option::of(prop::sample::select(Status::ALL.to_vec())), option::of(line()), details()))
                .prop_map(|(id, update)| Step::Update(id, Box::new(update))),
            3 => (id(), id(), id()).prop_map(|(id, parent, other)| Step::Refer(id, parent, other)),
            2 => (id(), when()).prop_map(|(id, when)| Step::Move(id, when)),
            2 => id().prop_map(Step::Complete),
            2 => id().prop_map(Step::Delete),
            1 => Just(Step::Undo),
        ],
        0..30,
    )
}

/// Returns the command of a step where there are so many tasks.
fn command(step: Step, tasks: i64) -> Command {
    let id = |number: i64| TaskId::try_from(1 + (number - 1) % tasks.max(1)).unwrap();
    let project = |name: Option<String>| name.map(|name| Project::try_from(name).unwrap());
    let tags = |words: Vec<String>| {
        words
            .into_iter()
            .map(|word| Tag::try_from(word).unwrap())
            .collect::<BTreeSet<_>>()
    };
    match step {
        Step::Add(add) => {
            let (title, description, details) = *add;
            let draft = Draft {
                description: Description::try_from(description).unwrap(),
                priority: details.priority,
                due: details.due,
                defer_until: details.defer_until,
                repeat: details.repeat,
                project: project(details.project),
                tags: tags(details.tags),
                parent: details
                    .parent
                    .filter(|_| tasks > 0)
                    .map(id)
                    .map(Reference::Task),
                depends_on: details
                    .depends_on
                    .into_iter()
                    .filter(|_| tasks > 0)
                    .map(id)
                    .map(Reference::Task)
                    .collect(),
                ..Draft::titled(Title::try_from(title).unwrap())
            };
            Command::Add {
                drafts: vec![draft],
                key: None,
            }
        }
        Step::Update(of, update) => {
            let (status, comment, details) = *update;
            let patch = Patch {
                status,
                comment: comment.map(|text| CommentText::try_from(text).unwrap()),
                priority: Some(details.priority),
                due: details.due.map(Some),
                repeat: details.repeat.map(Some),
                tags: Some(tags(details.tags)),
                parent: Some(details.parent.map(id)),
                depends_on: Some(details.depends_on.into_iter().map(id).collect()),
                ..Patch::default()
            };
            Command::Update {
                ids: vec![id(of)],
                patch,
                if_rev: None,
            }
        }
        Step::Refer(of, parent, other) => Command::Update {
            ids: vec![id(of)],
            patch: Patch {
                parent: Some(Some(id(parent))),
                depends_on: Some(BTreeSet::from([id(other)])),
                ..Patch::default()
            },
            if_rev: None,
        },
        Step::Move(of, when) => Command::Update {
            ids: vec![id(of)],
            patch: Patch {
                due: Some(Some(when)),
                ..Patch::default()
            },
            if_rev: None,
        },
        Step::Complete(of) => Command::Complete(vec![id(of)]),
        Step::Delete(of) => Command::Delete {
            ids: vec![id(of)],
            confirm: None,
        },
        Step::Undo => Command::Undo(None),
    }
}

fn at(at: i64) -> Caller {
    Caller {
        actor: Actor::named("prop"),
        now: Timestamp::from_millis(at),
        zone: Zone::UTC,
        session: None,
    }
}

fn live(store: &mut Store, steps: Vec<Step>) {
    for (step, now) in steps.into_iter().zip(1_700_000_000_000..) {
        // Many are refused, as they should be: what is in the trash, what goes round in a circle.
        let tasks = store.last_id().unwrap();
        let _ = store.execute(&command(step, tasks), &at(now));
    }
}

fn export(store: &Store) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = json::Writer::default();
    let contents = Contents {
        tasks: store.count_all().unwrap().0,
        last_id: store.last_id().unwrap(),
        first_year: None,
    };
    writer.begin(&mut out, contents).unwrap();
    let place = Relatives {
        depth: 0,
        other: &|_| Ok(None),
    };
    store
        .each_task(|task| writer.task(&mut out, &store.with_comments(task)?, &place))
        .unwrap();
    writer.end(&mut out).unwrap();
    out
}

fn import(store: &mut Store, text: &[u8], caller: &Caller) -> u64 {
    let text = Box::new(std::io::Cursor::new(text));
    let reader = taskhold::exchange::reader(Format::Json, text, caller).unwrap();
    let mut reader = reader.unwrap();
    let mut writer = store.writer().unwrap();
    let mut import = writer.import(caller, reader.terms()).unwrap();
    while let Some(arrival) = reader.next() {
        import.take(arrival.unwrap()).unwrap();
    }
    let imported = import
        .finish(reader.last_id(), |line, invalid| {
            panic!("line {line}: {invalid}")
        })
        .unwrap();
    writer.commit().unwrap();
    imported.new
}

fn lists(store: &Store) -> Vec<Vec<i64>> {
    let moment = Moment::new(Timestamp::from_millis(1_800_000_000_000), Zone::UTC);
    let views = [
        View::Open,
        View::Ready,
        View::Blocked,
        View::Overdue,
        View::Completed,
        View::Trash,
    ];
    views
        .map(|view| {
            let page = store
                .list(view, &Filters::default(), &moment, None, 100)
                .unwrap();
            // Finished rounds of series are in the change log, which is not exported.
            let tasks = page.tasks.iter().filter(|task| !task.is_round);
            tasks.map(|task| task.id.get()).collect()
        })
        .to_vec()
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn export_import_export_is_the_same_byte_for_byte(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Store::open(&folder.path().join(name), Access::Write).unwrap();
        let (mut from, mut to) = (open("from.db"), open("to.db"));
        live(&mut from, steps);
        let text = export(&from);
        let new = import(&mut to, &text, &at(1_750_000_000_000));
        prop_assert_eq!(String::from_utf8(export(&to)).unwrap(), String::from_utf8(text.clone()).unwrap());
        prop_assert_eq!(lists(&to), lists(&from));
        prop_assert_eq!(to.count_all().unwrap().0, new);
        to.each_task(|task| {
            assert!(is_replay_of(&task, &to.history(task.id, 0)?), "{task:?}");
            Ok::<(), taskhold::domain::error::Error>(())
        }).unwrap();
        // Once more, into what is there now: nothing is doubled.
        prop_assert_eq!(import(&mut to, &text, &at(1_760_000_000_000)), 0);
        prop_assert_eq!(export(&to), text);
    }
}

/// Returns what there is in an export that is easily lost.
fn rare(export: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for line in export.lines().skip(1) {
        let task: Value = serde_json::from_str(line).unwrap();
        let id = task["id"].as_i64().unwrap();
        let depends_on = task["depends_on"].as_array();
        let mut depends_on = depends_on.into_iter().flatten().filter_map(Value::as_i64);
        let parent = task["parent"].as_i64();
        let title = task["title"].as_str().unwrap();
        let comments = task["comments"].as_array().map_or(0, Vec::len);
        for (is_there, what) in [
            (
                parent.is_some_and(|parent| parent > id),
                "a parent that comes later",
            ),
            (
                parent.is_some_and(|parent| parent < id),
                "a parent that came before",
            ),
            (
                depends_on.any(|other| other > id),
                "a dependency on what comes later",
            ),
            (task["deleted_at"].is_string(), "the trash"),
            (comments > 1, "comments"),
            (task["repeat_from"].is_string(), "a moved date of a series"),
            (title.contains('\u{1f680}'), "emoji"),
            (title.contains('\u{5e9}'), "text from right to left"),
            (
                title.chars().count() == Title::MAX_CHARS,
                "a title of the greatest length",
            ),
        ] {
            if is_there {
                found.insert(what);
            }
        }
    }
    found
}

#[test]
fn the_lives_that_are_tried_hold_what_is_easily_lost() {
    let mut runner = TestRunner::deterministic();
    let folder = tempfile::tempdir().unwrap();
    let mut found = BTreeSet::new();
    for number in 0..60 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let path = folder.path().join(format!("{number}.db"));
        let mut store = Store::open(&path, Access::Write).unwrap();
        live(&mut store, steps);
        found.extend(rare(&String::from_utf8(export(&store)).unwrap()));
    }
    assert_eq!(found.len(), 9, "{found:?}");
}

#[test]
fn the_most_a_task_can_hold_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Store::open(&folder.path().join(name), Access::Write).unwrap();
    let (mut from, mut to) = (open("from.db"), open("to.db"));
    let text = |c: char, bytes: usize| c.to_string().repeat(bytes / c.len_utf8());
    for (number, c) in (0..).zip(['"', '\u{1f600}', '\n', '\u{5e9}']) {
        // A line cannot hold an end of line, and a description of nothing else is none.
        let inner = if c == '\n' { 'n' } else { c };
        let draft = Draft {
            description: Description::try_from(format!(
                "a{}z",
                text(c, Description::MAX_BYTES - 8)
            ))
            .unwrap(),
            project: Some(Project::try_from(inner.to_string().repeat(100)).unwrap()),
            tags: (0..Task::MAX_TAGS)
                .map(|tag| {
                    Tag::try_from(format!("{tag:02}{}", inner.to_string().repeat(40))).unwrap()
                })
                .collect(),
            ..Draft::titled(Title::try_from(inner.to_string().repeat(Title::MAX_CHARS)).unwrap())
        };
        let add = Command::Add {
            drafts: vec![draft],
            key: None,
        };
        from.execute(&add, &at(1_700_000_000_000 + number)).unwrap();
        let id = TaskId::try_from(number + 1).unwrap();
        let comment = text(c, CommentText::MAX_BYTES - 8);
        // More than a line could hold when comments were limited.
        for _ in 0..if number == 0 { 300 } else { 3 } {
            let patch = Patch {
                comment: Some(CommentText::try_from(format!("a{comment}z")).unwrap()),
                ..Patch::default()
            };
            let update = Command::Update {
                ids: vec![id],
                patch,
                if_rev: None,
            };
            from.execute(&update, &at(1_700_000_001_000)).unwrap();
        }
    }
    let exported = export(&from);
    assert_eq!(import(&mut to, &exported, &at(1_750_000_000_000)), 4);
    assert_eq!(export(&to), exported);
    to.each_task(|task| {
        assert!(is_replay_of(&task, &to.history(task.id, 0)?));
        Ok::<(), taskhold::domain::error::Error>(())
    })
    .unwrap();
}

#[test]
fn our_own_format_asks_for_every_reference_and_keeps_ids() {
    let header = br#"{"format":"taskhold","version":2,"last_id":0,"tasks":0,"history":false}"#;
    let terms = json::Reader::new(&header[..]).terms();
    assert!(terms.keeps_ids && terms.is_complete);
}
