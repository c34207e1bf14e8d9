//! The tasks of the bench: a few projects and tags have most of them, as with people.

use std::path::Path;

use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch, Reference},
        repeat::Repeat,
        task::{Actor, Description, Priority, Project, Status, Tag, TaskId, Timestamp, Title},
        when::{When, Zone},
    },
    store::{Access, Store},
};

use super::{DAY, DAYS, NOW, TAGS};

/// How many tasks are added in one call, and how many are finished in one.
const BATCH: usize = 2_000;
const PROJECTS: usize = 1_000;

fn caller(now: i64) -> Caller {
    Caller {
        actor: Actor::named("bench"),
        now: Timestamp::from_millis(now),
        zone: Zone::UTC,
        session: None,
    }
}

pub(crate) fn project(number: usize) -> Project {
    // Some lie below others.
    let name = match number {
        3 | 30..40 => format!("project1.part{number}"),
        _ => format!("project{number}"),
    };
    Project::try_from(name).expect("a name")
}

pub(crate) fn tag(number: usize) -> Tag {
    Tag::try_from(format!("tag{number}")).expect("a word")
}

pub(crate) fn id(number: usize) -> TaskId {
    TaskId::try_from(i64::try_from(number).expect("a small number")).expect("an id")
}

/// Numbers below `count`, of which the first come up most often: the one at place `n` about `1/n` as often as the first.
struct Uneven(Vec<f64>);

impl Uneven {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let sums = (0..count).map(|place| {
            sum += 1.0 / f64::from(u32::try_from(place).expect("a small number") + 1);
            sum
        });
        Self(sums.collect())
    }

    fn any(&self, random: &mut fastrand::Rng) -> usize {
        let at = random.f64() * self.0.last().expect("there are some");
        self.0.partition_point(|sum| *sum < at)
    }
}

/// A task as people write them: in one of many projects of very different size, a few tags, seldom a priority. Tag 0 is never
/// in project 1, and tag 4 only in finished projects, which are those that end in 5: lists of what is nowhere are the slowest.
fn draft(number: usize, now: i64, random: &mut fastrand::Rng, names: &(Uneven, Uneven)) -> Draft {
    const WORDS: [&str; 12] = [
        "letter",
        "invoice",
        "technology",
        "meeting",
        "kindergarten",
        "garage",
        "presentation",
        "Müllgebühren",
        "newsletter",
        "translation",
        "report",
        "appointment",
    ];
    let in_project = (random.u8(..) < 200).then(|| names.0.any(random));
    let mut tags: Vec<usize> = (0..random.usize(..4))
        .map(|_| names.1.any(random))
        .collect();
    tags.retain(|number| match number {
        0 => in_project != Some(1),
        4 => in_project.is_some_and(|project| project % 10 == 5),
        _ => true,
    });
    let days = i64::from(random.u16(..400)) - 60;
    let due = (random.u8(..) < 100).then(|| {
        let at = now + days * DAY;
        let digits = chrono::DateTime::from_timestamp_millis(at)
            .expect("a time")
            .naive_utc();
        match random.u8(..10) {
            0 | 1 => When::At(at),
            2 => When::Floating(digits),
            _ => When::Day(digits.date()),
        }
    });
    let priority = match random.u8(..20) {
        0 | 1 => Some(Priority::High),
        2..5 => Some(Priority::Medium),
        5..7 => Some(Priority::Low),
        _ => None,
    };
    let any_of =
        |words: &[&str], random: &mut fastrand::Rng| words[random.usize(..words.len())].to_owned();
    let (first, second) = (any_of(&WORDS, random), any_of(&WORDS, random));
    // Among those that are added with it.
    let place = (number - 1) % BATCH;
    let earlier = |random: &mut fastrand::Rng| Reference::Earlier(random.usize(1..=place));
    Draft {
        description: Description::try_from(format!("About the {second} of the last quarter"))
            .expect("a text"),
        due,
        defer_until: (random.u8(..20) == 0)
            .then(|| When::At(now + (i64::from(random.u16(..400)) - 60) * DAY)),
        repeat: due
            .filter(|_| random.u8(..200) == 0)
            .map(|_| Repeat::read("every week").expect("a rule")),
        priority,
        project: in_project.map(project),
        tags: tags.into_iter().map(tag).collect(),
        parent: (place > 0 && random.u8(..20) == 0).then(|| earlier(random)),
        depends_on: (place > 0 && random.u8(..20) == 0)
            .then(|| earlier(random))
            .into_iter()
            .collect(),
        ..Draft::titled(
            Title::try_from(format!("Write the {first} number {number}")).expect("a title"),
        )
    }
}

/// Makes a database of `count` tasks: half of them completed at some time, a few given up, begun, or in the trash.
pub(crate) fn fill(path: &Path, count: usize) {
    let mut store = Store::open(path, Access::Write).expect("open");
    let mut random = fastrand::Rng::with_seed(7);
    let names = (Uneven::new(PROJECTS), Uneven::new(TAGS));
    let mut execute = |command: &Command, now: i64| {
        store.execute(command, &caller(now)).expect("a change");
    };
    let mut first = 1;
    while first <= count {
        let last = count.min(first + BATCH - 1);
        let part = |number: usize| i64::try_from(number).expect("a small number");
        let now = NOW - DAYS * DAY + DAYS * DAY * part(first) / part(count + 1);
        let drafts: Vec<Draft> = (first..=last)
            .map(|number| draft(number, now, &mut random, &names))
            .collect();
        let (mut completed, mut cancelled) = (Vec::new(), Vec::new());
        let (mut started, mut trash) = (Vec::new(), Vec::new());
        for (number, draft) in (first..).zip(&drafts) {
            let is_over = draft
                .project
                .as_ref()
                .is_some_and(|name| name.as_str().ends_with('5'));
            match random.u8(..100) {
                0..3 => cancelled.push(id(number)),
                3..53 => completed.push(id(number)),
                53..55 => trash.push(id(number)),
                _ if is_over => completed.push(id(number)),
                55 => started.push(id(number)),
                _ => {}
            }
        }
        // So many at once are indexed, as all are that wait.
        execute(&Command::Add { drafts, key: None }, now);
        let later =
            |random: &mut fastrand::Rng| (now + i64::from(random.u16(..60)) * DAY).min(NOW - DAY);
        for ids in completed.chunks(BATCH / 8) {
            execute(&Command::Complete(ids.to_vec()), later(&mut random));
        }
        for (status, ids) in [
            (Status::Cancelled, cancelled),
            (Status::InProgress, started),
        ] {
            let begun_or_given_up = Patch {
                status: Some(status),
                ..Patch::default()
            };
            if !ids.is_empty() {
                let update = Command::Update {
                    ids,
                    patch: begun_or_given_up,
                    if_rev: None,
                };
                execute(&update, later(&mut random));
            }
        }
        if !trash.is_empty() {
            let confirm = Some(trash.len());
            execute(
                &Command::Delete {
                    ids: trash,
                    confirm,
                },
                later(&mut random),
            );
        }
        first = last + 1;
    }
}
