//! Resource URIs: built, parsed, and derived from what was committed.

use std::{collections::BTreeSet, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    domain::{
        task::{Project, Tag, Task, TaskId, Timestamp},
        when::{When, Zone},
    },
    render,
    store::db::{Batch, Touched},
};

/// A resource of this server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ResourceUri {
    /// `tasks://all`: every task that is not in the trash.
    All,
    /// `tasks://pending`: every open task, deferred ones too.
    Pending,
    /// `tasks://today`: open tasks due today or overdue.
    Today,
    /// `tasks://overdue`: open tasks whose date has passed.
    Overdue,
    /// `tasks://project/{name}`: open tasks of a project that are not deferred.
    Project(Project),
    /// `tasks://tag/{name}`: likewise, with a tag.
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
        !matches!(self, Self::All | Self::Pending | Self::Task(_))
    }

    /// Reports whether `task` is in this resource.
    fn contains(&self, task: &Task, now: Timestamp, zone: Zone) -> bool {
        let millis = now.as_millis();
        let is_due = |test: &dyn Fn(&When) -> bool| task.due.as_ref().is_some_and(test);
        match self {
            Self::Task(id) => task.id == *id,
            Self::All => !task.is_deleted(),
            _ if !task.is_open() => false,
            Self::Pending => true,
            Self::Today => is_due(&|due| due.day(zone) <= zone.today(millis)),
            Self::Overdue => is_due(&|due| due.is_past(millis, zone)),
            _ if task.is_deferred(millis, zone) => false,
            Self::Project(name) => {
                let project = task.project.as_ref();
                project.is_some_and(|project| project.is_same(name))
            }
            Self::Tag(name) => task.tags.iter().any(|tag| tag.is_same(name)),
        }
    }

    /// Reports whether the change alters the text of this resource: by the fields it altered, nothing is written out.
    fn is_altered_by(&self, touched: &Touched, now: Timestamp, zone: Zone) -> bool {
        let Touched { before, after } = touched;
        let before = before
            .as_ref()
            .filter(|task| self.contains(task, now, zone));
        match (before, self.contains(after, now, zone)) {
            (None, is_in) => is_in,
            (Some(_), false) => true,
            (Some(before), true) => match self {
                // Its text shows the revision, which every change raises, that of a comment too.
                Self::Task(_) => true,
                Self::All => render::is_block_altered(before, after),
                _ => render::is_pending_block_altered(before, after),
            },
        }
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
            domain::{
                command::{Caller, Command, Draft, Patch},
                repeat::Repeat,
                task::{Actor, CommentText, Description, Priority, Status, Title},
            },
            mcp::resources,
            store::{Access, Store, db::Batch},
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
            let id = || (1..6_i64).prop_map(|id| TaskId::try_from(id).unwrap());
            let lists = (
                option::of(option::of(due.clone())),
                option::of(option::of(select(vec!["A", "a", "B"]))),
                option::of(vec(select(vec!["x", "y"]), 0..2)),
                option::of(select(Status::ALL.to_vec())),
                option::of(option::of(select(Priority::ALL.to_vec()))),
            );
            // Rarely, so that most changes alter one field alone.
            let rest = (
                option::weighted(0.2, select(vec!["a", "b"])),
                option::weighted(0.2, select(vec!["", "at length", "in brief"])),
                option::weighted(0.2, option::of(due)),
                option::weighted(0.2, option::of(select(vec!["FREQ=WEEKLY", "FREQ=DAILY"]))),
                option::weighted(0.2, option::of(id())),
                option::weighted(0.2, vec(id(), 0..2)),
                option::weighted(0.2, Just("done in part")),
            );
            let rest =
                rest.prop_map(
                    |(title, description, defer, repeat, parent, after, said)| Patch {
                        title: title.map(|title| Title::try_from(title.to_owned()).unwrap()),
                        description: description
                            .map(|text| Description::try_from(text.to_owned()).unwrap()),
                        defer_until: defer.map(|date| date.map(|date| date.parse().unwrap())),
                        repeat: repeat.map(|rule| {
                            rule.map(|rule| Repeat::try_from(rule.to_owned()).unwrap())
                        }),
                        parent,
                        depends_on: after.map(|ids| ids.into_iter().collect()),
                        comment: said.map(|text| CommentText::try_from(text.to_owned()).unwrap()),
                        ..Patch::default()
                    },
                );
            (lists, prop_oneof![Just(Patch::default()), rest.boxed()]).prop_map(
                |((due, project, tags, status, priority), rest)| Patch {
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
                    ..rest
                },
            )
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
                    let caller = Caller { actor: Actor::named("told"), now: made, zone, session: None };
                    let Ok(outcome) = store.execute(&command, &caller) else { continue };
                    let after = texts(&store);
                    let touched = outcome
                        .edits
                        .into_iter()
                        // What is not altered is not in the log, so it is never told.
                        .filter(|edit| {
                            let rev = edit.before.as_ref().map(|before| before.rev);
                            outcome.group.is_some() && rev != Some(edit.after.rev)
                        })
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
