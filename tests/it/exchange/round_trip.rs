//! Whatever a database holds: exported, imported into a new one and exported again, it is the same byte for byte.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, test_runner::Config};
use taskhold::{
    command::{Caller, Command, Draft, Patch, Reference},
    exchange::{Contents, Format, Place, Reader as _, Writer as _, json},
    repeat::Repeat,
    store::{Access, Filters, Moment, Store, View, is_replay_of},
    task::{
        Actor, CommentText, Description, Priority, Project, Status, Tag, TaskId, Timestamp, Title,
    },
    when::{When, Zone},
};

#[derive(Clone, Debug)]
enum Step {
    Add(Box<(String, String, Details)>),
    Update(i64, Box<(Option<Status>, Option<String>, Details)>),
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

fn details() -> impl Strategy<Value = Details> {
    let when = || {
        option::of(prop_oneof![
            (0..200_000_i64)
                .prop_map(|day| When::At(day * 86_400_000 + 1).day(Zone::UTC))
                .prop_map(When::Day),
            (0..4_000_000_000_000_i64).prop_map(When::At),
        ])
    };
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
            5 => ("a\\PC{0,20}", text, details()).prop_map(|add| Step::Add(Box::new(add))),
            4 => (id(), (option::of(prop::sample::select(Status::ALL.to_vec())), option::of("b\\PC{0,20}"), details()))
                .prop_map(|(id, update)| Step::Update(id, Box::new(update))),
            2 => id().prop_map(Step::Complete),
            2 => id().prop_map(Step::Delete),
            1 => Just(Step::Undo),
        ],
        0..30,
    )
}

fn command(step: Step) -> Command {
    let id = |id| TaskId::try_from(id).unwrap();
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
                parent: details.parent.map(id).map(Reference::Task),
                depends_on: details
                    .depends_on
                    .into_iter()
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
        Step::Complete(of) => Command::Complete(vec![id(of)]),
        Step::Delete(of) => Command::Delete {
            ids: vec![id(of)],
            confirm: None,
        },
        Step::Undo => Command::Undo(None),
    }
}

fn export(store: &Store) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = json::Writer::default();
    let contents = Contents {
        tasks: store.count_all().unwrap().0,
        last_id: store.last_id().unwrap(),
    };
    writer.begin(&mut out, contents).unwrap();
    let place = Place {
        depth: 0,
        created_at: &|_| Ok(None),
    };
    store
        .each_task(|task| writer.task(&mut out, &task, &place))
        .unwrap();
    writer.end(&mut out).unwrap();
    out
}

fn import(store: &mut Store, text: &[u8], caller: &Caller) -> u64 {
    let mut reader = taskhold::exchange::reader(Format::Json, Box::new(text), caller).unwrap();
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
            page.tasks.iter().map(|task| task.id.get()).collect()
        })
        .to_vec()
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn export_import_export_is_the_same_byte_for_byte(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Store::open(&folder.path().join(name), Access::Write).unwrap();
        let (mut from, mut to) = (open("from.db"), open("to.db"));
        let at = |at| Caller { actor: Actor::named("prop"), now: Timestamp::from_millis(at), zone: Zone::UTC };
        for (step, now) in steps.into_iter().zip(1_700_000_000_000..) {
            // Many are refused, as they should be: what is in the trash, what goes round in a circle.
            let _ = from.execute(&command(step), &at(now));
        }
        let text = export(&from);
        let new = import(&mut to, &text, &at(1_750_000_000_000));
        prop_assert_eq!(String::from_utf8(export(&to)).unwrap(), String::from_utf8(text.clone()).unwrap());
        prop_assert_eq!(lists(&to), lists(&from));
        prop_assert_eq!(to.count_all().unwrap().0, new);
        to.each_task(|task| {
            assert!(is_replay_of(&task, &to.history(task.id, 0)?), "{task:?}");
            Ok::<(), taskhold::error::Error>(())
        }).unwrap();
        // Once more, into what is there now: nothing is doubled.
        prop_assert_eq!(import(&mut to, &text, &at(1_760_000_000_000)), 0);
        prop_assert_eq!(export(&to), text);
    }
}

#[test]
fn our_own_format_asks_for_every_reference_and_keeps_ids() {
    let header = br#"{"format":"taskhold","version":1,"last_id":0,"tasks":0,"history":false}"#;
    let terms = json::Reader::new(&header[..]).terms();
    assert!(terms.keeps_ids && terms.is_complete);
}
