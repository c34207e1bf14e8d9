//! Whatever tasks hold: each format that is read reads its own export, and reads it as it was written.

use std::collections::BTreeSet;

use chrono::Timelike as _;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::domain::{
    imported::Name,
    repeat::Repeat,
    task::{Comment, CommentText, Description, Priority, Project, Status, Tag},
};

/// Words that mean something in one of the formats, or nearly.
const HOSTILE: [&str; 62] = [
    "x",
    "X",
    "(A)",
    "(a)",
    "2026-01-01",
    "2026-13-01",
    "due:2026-12-24",
    "due:tomorrow",
    "due:",
    "t:2026-01-01",
    "rec:+1w",
    "rec:1d",
    "pri:A",
    "pri:AA",
    "id:7",
    "id:0",
    "id:",
    "p:1",
    "p:x",
    "dep:1",
    "dep:2",
    "status:cancelled",
    "status:pending",
    "+proj",
    "+",
    "@home",
    "@",
    "++a",
    "@@b",
    "#tag",
    "--",
    "-",
    "[x]",
    "[",
    "]",
    "- [ ]",
    "{\"format\":\"taskhold\"",
    "{\"id\":1}",
    "{\"description\":1}",
    "BEGIN:VCALENDAR",
    "END:VTODO",
    "SUMMARY:a",
    "\\n",
    "\\",
    "\\;",
    ";",
    ",",
    "\\,",
    ":",
    "\"",
    "'",
    "\"a:b\"",
    "http://x.example/y?z=1;2,3",
    "=1+1",
    "<b>",
    "",
    "\u{feff}",
    "שלום",
    "مرحبا\u{200C}ها",
    "👩\u{200D}🚀",
    "e\u{301}",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
];

fn line() -> impl Strategy<Value = String> {
    let words = vec(
        prop_oneof![4 => select(HOSTILE.to_vec()).prop_map(str::to_owned), 1 => "[a-zé]{1,9}"],
        1..9,
    );
    prop_oneof![
        6 => words.prop_map(|words| words.join(" ")),
        1 => "\\PC{1,60}",
        1 => select(vec!["é", "😀", "家", "ש", "👩\u{200D}🚀", "a ", "\\", ";,", "é: "])
            .prop_map(|piece| piece.chars().cycle().take(500).collect()),
    ]
}

fn title() -> impl Strategy<Value = Title> {
    line().prop_filter_map("no title", |line| Title::try_from(line).ok())
}

fn text() -> impl Strategy<Value = String> {
    vec(prop_oneof![line(), Just(String::new())], 0..4).prop_map(|lines| lines.join("\n"))
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![3 => any_when(), 1 => select(EDGES.to_vec()).prop_map(|text| text.parse().unwrap())]
}

/// The first and the last dates there are, and times that clocks skip or show twice.
const EDGES: [&str; 18] = [
    "1970-01-01",
    "1970-01-02",
    "9999-12-30",
    "9999-12-31",
    "1970-01-01T00:00:00.000Z",
    "9999-12-31T09:00:00.000Z",
    "1970-01-02T00:00",
    "9999-12-31T23:59",
    "1970-01-02T00:00[America/New_York]",
    "9999-12-30T18:00[America/New_York]",
    "1970-01-02T14:00[Pacific/Kiritimati]",
    "2026-03-08T02:30[America/New_York]",
    "2026-11-01T01:30[America/New_York]",
    "2026-11-01T05:30:00.000Z",
    "2026-11-01T06:30:00.000Z",
    "2026-11-01",
    "2026-03-08T02:30",
    "2028-02-29",
];

/// A date so many hours from another, a day or a time of any kind. None on the last day, when the calendar is over in some zones.
fn near(other: When, hours: i64, kind: usize) -> Option<When> {
    let wall = Zone::UTC.wall(other.order(Zone::UTC) + hours * 3_600_000);
    let wall = wall.with_second(0)?.with_nanosecond(0)?;
    let near = match kind {
        0 => When::Day(wall.date()),
        1 => When::At(wall.and_utc().timestamp_millis()),
        2 => When::zoned(wall, Zone::named("America/New_York").unwrap()),
        _ => When::Floating(wall),
    };
    let is_in_range =
        near.to_string().parse() == Ok(near) && !near.to_string().starts_with("9999-12-31");
    is_in_range.then_some(near)
}

fn any_when() -> impl Strategy<Value = When> {
    // Days of the years 1970 to 9999, and times to the second.
    prop_oneof![
        (0..2_932_896_i64).prop_map(|day| When::Day(Zone::UTC.today(day * 86_400_000))),
        (0..253_402_300_799_i64).prop_map(|seconds| When::At(seconds * 1_000)),
        (wall(), zone()).prop_filter_map("UTC", |(wall, zone)| {
            (zone != Zone::UTC).then(|| When::zoned(wall, zone))
        }),
        wall().prop_map(When::Floating),
    ]
}

/// What clocks show from 1971 to 9998, in any zone of these years.
fn wall() -> impl Strategy<Value = chrono::NaiveDateTime> {
    (31_536_000..253_339_228_800_i64).prop_map(|seconds| Zone::UTC.wall(seconds * 1_000))
}

fn zone() -> impl Strategy<Value = Zone> {
    select(vec!["UTC", "America/New_York", "Pacific/Kiritimati"])
        .prop_map(|name| Zone::named(name).unwrap())
}

fn rule() -> impl Strategy<Value = Repeat> {
    let words = select(vec![
        "every day",
        "every 3 days",
        "every weekday",
        "weekly",
        "every 2 weeks on mon",
        "monthly",
        "yearly",
        "every day for 3 times",
        "every 2 weeks on mon and thu",
        "monthly on the 31st",
        "15th and 30th",
        "last weekday of the month",
        "every mar 15 and sep 15",
        "every feb 29",
        "every 3 days after completion",
        "every mon counted from the start",
    ]);
    words.prop_map(|words| Repeat::read(words).unwrap())
}

prop_compose! {
    fn task(zone: Zone)(
        title in title(),
        description in text(),
        comments in vec(text(), 0..3),
        status in select(Status::ALL.to_vec()),
        priority in option::of(select(Priority::ALL.to_vec())),
        due in option::of(when()),
        far in option::of(when()),
        apart in option::of((-60..60_i64, 0..4_usize)),
        repeat in option::of(rule()),
        project in option::of(line()),
        tags in vec(line(), 0..4),
        references in (option::of(1..5_i64), vec(1..5_i64, 0..3)),
        created_at in 0..4_000_000_000_000_i64,
    ) -> TaskWithComments {
        let at = Timestamp::from_millis(created_at / 1_000 * 1_000);
        let id = |id: i64| TaskId::try_from(id).unwrap();
        let mut task = new_task(title, "test", Timestamp::from_millis(created_at));
        let comments = comments.into_iter().filter_map(|text| CommentText::try_from(text).ok());
        let comments = comments.map(|text| Comment { at, actor: Actor::named("test"), text }).collect();
        task.description = Description::try_from(description).unwrap();
        task.status = status;
        task.completed_at = (status == Status::Completed).then_some(at);
        task.updated_at = at;
        task.priority = priority;
        task.due = due;
        task.defer_until = match (due, apart) {
            (Some(due), Some((hours, kind))) => near(due, hours, kind),
            _ => far,
        };
        // A rule gives starts where there is one on an earlier day than the due date.
        let start = task.defer_until.zip(due).filter(|(start, due)| {
            let [start, due] = [start, due].map(|date| date.settled(zone));
            let home = due.zone(zone);
            start.day(home) < due.day(home)
        });
        task.repeat = repeat.zip(due).map(|(repeat, due)| match start {
            Some((start, _)) if repeat.gives_starts() => repeat.anchored(&start, zone),
            _ => repeat.giving_starts(false).anchored(&due, zone),
        });
        task.project = project.and_then(|name| Project::try_from(name).ok());
        task.tags = tags.iter().filter_map(|tag| Tag::try_from(tag.replace(' ', "")).ok()).collect();
        task.parent = references.0.map(id);
        task.depends_on = references.1.into_iter().map(id).collect();
        TaskWithComments { task, comments }
    }
}

/// Tasks with the ids 1 to 4, and the zone of the caller.
fn tasks() -> impl Strategy<Value = (Zone, Vec<TaskWithComments>)> {
    zone().prop_flat_map(|zone| {
        let numbered = |mut tasks: Vec<TaskWithComments>| {
            for (whole, id) in tasks.iter_mut().zip(1..) {
                whole.task.id = TaskId::try_from(id).unwrap();
            }
            tasks
        };
        (Just(zone), vec(task(zone), 4).prop_map(numbered))
    })
}

/// Writes the tasks, and reads what was written.
fn back(format: Format, zone: Zone, tasks: &[TaskWithComments]) -> Vec<Arrival> {
    let mut out = Vec::new();
    let mut writer = writer(format, zone).unwrap();
    let contents = Contents {
        tasks: tasks.len() as u64,
        last_id: 4,
        first_year: None,
    };
    writer.begin(&mut out, contents).unwrap();
    let other = |id: TaskId| {
        let found = tasks.iter().find(|whole| whole.task.id == id);
        Ok(found.map(|whole| whole.task.clone()))
    };
    let place = Relatives {
        depth: 0,
        other: &other,
    };
    for task in tasks {
        writer.task(&mut out, task, &place).unwrap();
    }
    writer.end(&mut out).unwrap();
    let guessed = Format::of_content(&out);
    assert!(
        guessed.is_none_or(|guessed| guessed == format),
        "{guessed:?}"
    );
    let caller = Caller {
        actor: Actor::named("cli"),
        now: Timestamp::from_millis(1_795_305_600_000),
        zone,
        session: None,
    };
    let text = String::from_utf8(out.clone()).unwrap();
    let mut reader = reader(format, Box::new(io::Cursor::new(&*out)), &caller)
        .unwrap()
        .unwrap();
    let mut arrivals = Vec::new();
    while let Some(arrival) = reader.next() {
        arrivals.push(arrival.unwrap_or_else(|fault| panic!("{fault}\n{text}")));
    }
    arrivals
}

/// Returns the ids that names of a format stand for.
fn ids<'a>(names: impl IntoIterator<Item = &'a Name>) -> BTreeSet<i64> {
    let id = |name: &Name| {
        let name = name.to_string();
        let name = name.strip_suffix("@taskhold").unwrap_or(&name);
        name.rsplit('-').next().unwrap().parse().unwrap()
    };
    names.into_iter().map(id).collect()
}

fn check_references(task: &Task, arrival: &Arrival) {
    assert_eq!(arrival.id, Some(task.id));
    assert_eq!(ids(&arrival.name), BTreeSet::from([task.id.get()]));
    assert_eq!(
        ids(&arrival.parent),
        task.parent.iter().map(|id| id.get()).collect()
    );
    assert_eq!(
        ids(&arrival.depends_on),
        task.depends_on.iter().map(|id| id.get()).collect()
    );
}

proptest! {
    #[test]
    fn our_own_format_is_read_as_it_was_written((zone, tasks) in tasks()) {
        let arrivals = back(Format::Json, zone, &tasks);
        prop_assert_eq!(arrivals.len(), tasks.len());
        for (TaskWithComments { task, comments }, arrival) in tasks.into_iter().zip(arrivals) {
            check_references(&task, &arrival);
            let bare = Task { parent: None, depends_on: BTreeSet::new(), ..task };
            prop_assert_eq!((arrival.task, arrival.comments), (bare, comments));
        }
    }

    #[test]
    fn a_calendar_is_read_as_it_was_written((zone, tasks) in tasks()) {
        let arrivals = back(Format::Ics, zone, &tasks);
        prop_assert_eq!(arrivals.len(), tasks.len());
        for (TaskWithComments { task, comments }, arrival) in tasks.into_iter().zip(arrivals) {
            // No task is related to itself.
            let id = task.id;
            let others = Task {
                parent: task.parent.filter(|other| *other != id),
                depends_on: task.depends_on.iter().copied().filter(|other| *other != id).collect(),
                ..task.clone()
            };
            check_references(&others, &arrival);
            let texts = |comments: &[Comment]| comments.iter().map(|comment| comment.text.clone()).collect::<Vec<_>>();
            prop_assert_eq!(texts(&arrival.comments), texts(&comments));
            // A series has a place.
            let is_series = task.repeat.is_some() && task.is_open();
            let placed = |when: Option<When>| when.map(|when| if is_series { when.settled(zone) } else { when });
            // A property of blanks says nothing.
            let is_blank = task.description.as_str().chars().all(|c| c != '\n' && c.is_whitespace());
            let same = Task {
                id: arrival.task.id,
                created_by: arrival.task.created_by.clone(),
                description: if is_blank { Description::default() } else { task.description.clone() },
                due: placed(task.due),
                defer_until: placed(task.defer_until),
                parent: None,
                depends_on: BTreeSet::new(),
                ..task
            };
            prop_assert_eq!(arrival.task, same);
        }
    }

    #[test]
    fn a_todo_txt_is_read_as_it_was_written((zone, tasks) in tasks()) {
        let arrivals = back(Format::TodoTxt, zone, &tasks);
        prop_assert_eq!(arrivals.len(), tasks.len());
        let earliest = Zone::UTC.today(0);
        let latest = Zone::UTC.today(i64::MAX);
        let day = |when: When| When::Day(when.day(zone).clamp(earliest, latest));
        for (TaskWithComments { task, .. }, arrival) in tasks.into_iter().zip(arrivals) {
            check_references(&task, &arrival);
            let came = arrival.task;
            let name = task.project.as_ref().map(|name| name.as_str().replace(' ', "-"));
            prop_assert_eq!(came.project.as_ref().map(Project::as_str), name.as_deref());
            // Of a day before the first that is written the format says another one.
            let is_written = task.due.is_some_and(|due| day(due) == When::Day(due.day(zone)));
            if came.repeat.is_some() && is_written {
                prop_assert_eq!(&came.repeat, &task.repeat);
            }
            let same = Task {
                title: task.title,
                status: task.status,
                priority: task.priority,
                due: task.due.map(day),
                defer_until: task.defer_until.map(day),
                tags: task.tags,
                ..came.clone()
            };
            prop_assert_eq!(came, same);
        }
    }
}
