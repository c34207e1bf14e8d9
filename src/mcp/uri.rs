//! Resource URIs: built, parsed, and derived from what was committed.

use std::{collections::BTreeSet, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    render::{self, parts::Parts},
    store::db::{Batch, Touched},
    task::{Project, Tag, Task, TaskId, Timestamp},
    when::{When, Zone},
};

/// A resource of this server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ResourceUri {
    /// `tasks://all`: every task that is not in the trash.
    All,
    /// `tasks://pending`: every open task.
    Pending,
    /// `tasks://today`: open tasks due today or overdue.
    Today,
    /// `tasks://overdue`: open tasks whose date has passed.
    Overdue,
    /// `tasks://project/{name}`: open tasks of a project.
    Project(Project),
    /// `tasks://tag/{name}`: open tasks with a tag.
    Tag(Tag),
    /// `tasks://task/{id}`: one task.
    Task(TaskId),
}

/// What a name is written with in a URI as it is (RFC 3986, unreserved); everything else is percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |name| utf8_percent_encode(name, RESERVED);
        match self {
            Self::All => f.write_str("tasks://all"),
            Self::Pending => f.write_str("tasks://pending"),
            Self::Today => f.write_str("tasks://today"),
            Self::Overdue => f.write_str("tasks://overdue"),
            Self::Project(name) => write!(f, "tasks://project/{}", encoded(name.as_str())),
            Self::Tag(name) => write!(f, "tasks://tag/{}", encoded(name.as_str())),
            Self::Task(id) => write!(f, "tasks://task/{id}"),
        }
    }
}

impl ResourceUri {
    /// The longest spelling that is read, in bytes. The longest we write is a project of 100 characters, each as twelve.
    pub(super) const LONGEST: usize = 4_096;

    /// Reads a URI; `None` for any that is not ours.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        if uri.len() > Self::LONGEST {
            return None;
        }
        let decoded = |name: &str| {
            percent_decode_str(name)
                .decode_utf8()
                .ok()
                .map(String::from)
        };
        match uri.strip_prefix("tasks://")?.split_once('/') {
            None => match uri {
                "tasks://all" => Some(Self::All),
                "tasks://pending" => Some(Self::Pending),
                "tasks://today" => Some(Self::Today),
                "tasks://overdue" => Some(Self::Overdue),
                _ => None,
            },
            Some(("project", name)) => Project::try_from(decoded(name)?).ok().map(Self::Project),
            Some(("tag", name)) => Tag::try_from(decoded(name)?).ok().map(Self::Tag),
            Some(("task", digits)) => {
                let id: TaskId = digits.parse().ok()?;
                // One resource has one URI: not also `tasks://task/007`.
                (id.to_string() == digits).then_some(Self::Task(id))
            }
            Some(_) => None,
        }
    }

    /// Reports whether its text changes with the time alone.
    pub(super) fn turns_with_time(&self) -> bool {
        matches!(self, Self::Today | Self::Overdue)
    }

    /// Returns what `task` adds to the text of this resource; `None` if it is not in it.
    fn part(&self, task: &Task, now: Timestamp, zone: Zone) -> Option<String> {
        let millis = now.as_millis();
        let due =
            |test: &dyn Fn(&When) -> bool| task.is_open() && task.due.as_ref().is_some_and(test);
        let is_in = match self {
            Self::All => {
                return (!task.is_deleted()).then(|| render::block(task, &Parts::of(task), zone));
            }
            // It shows the revision: every change alters it.
            Self::Task(id) => {
                return (task.id == *id).then(|| render::sheet(task, &Parts::of(task), zone));
            }
            Self::Pending => task.is_open(),
            Self::Today => due(&|due| due.day(zone) <= zone.today(millis)),
            Self::Overdue => due(&|due| due.is_past(millis, zone)),
            Self::Project(name) => {
                task.is_open()
                    && task
                        .project
                        .as_ref()
                        .is_some_and(|project| project.is_same(name))
            }
            Self::Tag(name) => task.is_open() && task.tags.contains(name),
        };
        is_in.then(|| render::pending_block(task, &Parts::of(task), zone))
    }

    /// Reports whether the change alters the text of this resource.
    fn is_altered_by(&self, touched: &Touched, now: Timestamp, zone: Zone) -> bool {
        let before = touched
            .before
            .as_ref()
            .and_then(|task| self.part(task, now, zone));
        before != self.part(&touched.after, now, zone)
    }
}

/// Returns those of `watched` whose text the batch altered.
pub(super) fn altered(
    batch: &Batch,
    watched: &BTreeSet<ResourceUri>,
    now: Timestamp,
    zone: Zone,
) -> BTreeSet<ResourceUri> {
    match batch {
        Batch::Everything => watched.clone(),
        Batch::Tasks(tasks) => watched
            .iter()
            .filter(|uri| {
                tasks
                    .iter()
                    .any(|touched| uri.is_altered_by(touched, now, zone))
            })
            .cloned()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_read_as_it_is_written() {
        for uri in [
            "tasks://all",
            "tasks://pending",
            "tasks://today",
            "tasks://overdue",
            "tasks://task/12",
            "tasks://project/Home%20%26%20Garden",
            "tasks://tag/%C3%BCben",
        ] {
            assert_eq!(ResourceUri::parse(uri).unwrap().to_string(), uri);
        }
    }

    #[test]
    fn any_other_uri_is_none_of_ours() {
        for uri in [
            "",
            "tasks://",
            "tasks://task/0",
            "tasks://task/012",
            "tasks://task/#1",
            "tasks://task/",
            "tasks://project/",
            "tasks://project/%0a",
            "tasks://tag/two%20words",
            "tasks://tag/%ff",
            "file:///etc/passwd",
            "tasks://ALL",
        ] {
            assert_eq!(ResourceUri::parse(uri), None, "{uri}");
        }
        let padded = |length: usize| format!("tasks://tag/{}x", "#".repeat(length));
        assert!(ResourceUri::parse(&padded(4_000)).is_some());
        assert_eq!(ResourceUri::parse(&padded(4_096)), None);
    }

    mod told {
        use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::Config};

        use super::*;
        use crate::{
            command::{Caller, Command, Draft, Patch},
            mcp::resources,
            store::{Access, Store, db::Batch},
            task::{Actor, Priority, Status, Title},
        };

        const DAY: i64 = 24 * 60 * 60 * 1000;
        const NOW: i64 = 1_795_348_800_000; // Sun 2026-11-22 12:00 UTC

        fn uris() -> Vec<ResourceUri> {
            let named = [
                "tasks://project/A",
                "tasks://project/b",
                "tasks://tag/x",
                "tasks://tag/y",
            ];
            let tasks: Vec<String> = (1..6).map(|id| format!("tasks://task/{id}")).collect();
            [
                "tasks://all",
                "tasks://pending",
                "tasks://today",
                "tasks://overdue",
            ]
            .into_iter()
            .chain(named)
            .chain(tasks.iter().map(String::as_str))
            .map(|uri| ResourceUri::parse(uri).unwrap())
            .collect()
        }

        fn patch() -> impl Strategy<Value = Patch> {
            let due = select(vec![
                "2026-11-20",
                "2026-11-22",
                "2026-11-22T10:00:00.000Z",
                "2026-11-22T20:00:00.000Z",
                "2026-12-01",
            ]);
            (
                option::of(option::of(due)),
                option::of(option::of(select(vec!["A", "a", "B"]))),
                option::of(vec(select(vec!["x", "y"]), 0..2)),
                option::of(select(Status::ALL.to_vec())),
                option::of(option::of(select(Priority::ALL.to_vec()))),
            )
                .prop_map(|(due, project, tags, status, priority)| Patch {
                    due: due.map(|due| due.map(|due| due.parse().unwrap())),
                    project: project
                        .map(|name| name.map(|name| Project::try_from(name.to_owned()).unwrap())),
                    tags: tags.map(|tags| {
                        tags.into_iter()
                            .map(|tag| Tag::try_from(tag.to_owned()).unwrap())
                            .collect()
                    }),
                    status,
                    priority,
                    ..Patch::default()
                })
        }

        fn command() -> impl Strategy<Value = Command> {
            let ids = vec(
                (1..6_i64).prop_map(|id| TaskId::try_from(id).unwrap()),
                1..3,
            );
            let draft =
                "[a-c]{1,3}".prop_map(|title| Draft::titled(Title::try_from(title).unwrap()));
            prop_oneof![
                3 => vec(draft, 1..3).prop_map(|drafts| Command::Add { drafts, key: None }),
                6 => (ids.clone(), patch()).prop_map(|(ids, patch)| Command::Update { ids, patch, if_rev: None }),
                2 => ids.clone().prop_map(Command::Complete),
                2 => ids.prop_map(|ids| Command::Delete { ids, confirm: None }),
                2 => Just(Command::Undo(None)),
            ]
        }

        proptest! {
            #![proptest_config(Config { cases: 40, ..Config::default() })]

            #[test]
            fn what_is_told_is_exactly_what_changed(commands in vec(command(), 1..20)) {
                let folder = tempfile::tempdir().unwrap();
                let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
                let (now, zone) = (Timestamp::from_millis(NOW), Zone::UTC);
                let uris = uris();
                let texts = |store: &Store| -> Vec<Option<String>> {
                    uris.iter().map(|uri| resources::text(store, uri, now, zone, usize::MAX).ok()).collect()
                };
                for (step, command) in (0_i64..).zip(commands) {
                    let before = texts(&store);
                    let made = Timestamp::from_millis(NOW - 30 * DAY + step * 1_000);
                    let caller = Caller { actor: Actor::named("told"), now: made, zone };
                    let Ok(outcome) = store.execute(&command, &caller) else { continue };
                    let after = texts(&store);
                    let touched = outcome
                        .edits
                        .into_iter()
                        .filter(|_| outcome.group.is_some())
                        .map(|edit| Touched { before: edit.before, after: edit.after });
                    let batch = Batch::Tasks(touched.collect::<Vec<_>>().into());
                    let told = altered(&batch, &uris.iter().cloned().collect(), now, zone);
                    let changed: BTreeSet<ResourceUri> = uris
                        .iter()
                        .zip(before.iter().zip(&after))
                        .filter(|(_, (before, after))| before != after)
                        .map(|(uri, _)| uri.clone())
                        .collect();
                    prop_assert_eq!(told, changed, "{:?}", command);
                }
            }
        }
    }
}
