//! The examples of the published format, and what its programs add.

use std::io::Cursor;

use super::*;
use crate::{
    domain::{
        command::Caller,
        imported::{Arrival, Name},
        repeat::Repeat,
        task::{Actor, Tag, Task, Title},
    },
    exchange::{Reader as _, new_task},
};

pub(super) fn caller() -> Caller {
    Caller {
        actor: Actor::named("cli"),
        now: Timestamp::from_millis(1_795_305_600_000), // Sun 2026-11-22
        zone: Zone::UTC,
        session: None,
    }
}

pub(super) fn read_all(text: &str) -> (Vec<Arrival>, Notes) {
    let caller = caller();
    let mut reader = Reader::new(Cursor::new(text), &caller).unwrap();
    let mut arrivals = Vec::new();
    while let Some(arrival) = reader.next() {
        arrivals.push(arrival.unwrap());
    }
    (arrivals, reader.notes.clone())
}

fn read_one(line: &str) -> Task {
    let (mut arrivals, _) = read_all(line);
    assert_eq!(arrivals.len(), 1, "{line}");
    arrivals.remove(0).task
}

/// Says what was read of a task in one line.
fn summary(task: &Task) -> String {
    let day = |at: Option<Timestamp>| {
        at.map_or_else(String::new, |at| {
            Zone::UTC.today(at.as_millis()).to_string()
        })
    };
    let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
    let created = (task.created_at != caller().now).then_some(task.created_at);
    format!(
        "{} | {} | {} | {} | {} | {} | {}",
        task.title,
        task.status,
        task.priority.map_or("", Priority::as_str),
        task.project.as_ref().map_or("", Project::as_str),
        tags.join(" "),
        day(created),
        day(task.completed_at),
    )
}

#[test]
fn the_published_examples_are_read_as_published() {
    let cases = [
        (
            "(A) Thank Mom for the meatballs @phone",
            "Thank Mom for the meatballs | pending | high |  | phone |  | ",
        ),
        (
            "(B) Schedule Goodwill pickup +GarageSale @phone",
            "Schedule Goodwill pickup | pending | medium | GarageSale | phone |  | ",
        ),
        (
            "Post signs around the neighborhood +GarageSale",
            "Post signs around the neighborhood | pending |  | GarageSale |  |  | ",
        ),
        (
            "@GroceryStore Eskimo pies",
            "@GroceryStore Eskimo pies | pending |  |  | GroceryStore |  | ",
        ),
        // Rule 1: a priority is an upper-case letter in parentheses, first, with a blank after it.
        ("(A) Call Mom", "Call Mom | pending | high |  |  |  | "),
        (
            "Really gotta call Mom (A) @phone @someday",
            "Really gotta call Mom (A) | pending |  |  | phone someday |  | ",
        ),
        (
            "(b) Get back to the boss",
            "(b) Get back to the boss | pending |  |  |  |  | ",
        ),
        (
            "(B)->Submit TPS report",
            "(B)->Submit TPS report | pending |  |  |  |  | ",
        ),
        // Rule 2: the date of creation comes after it.
        (
            "2011-03-02 Document +TodoTxt task format",
            "Document +TodoTxt task format | pending |  | TodoTxt |  | 2011-03-02 | ",
        ),
        (
            "(A) 2011-03-02 Call Mom",
            "Call Mom | pending | high |  |  | 2011-03-02 | ",
        ),
        (
            "(A) Call Mom 2011-03-02",
            "Call Mom 2011-03-02 | pending | high |  |  |  | ",
        ),
        // Rule 3: contexts and projects come anywhere, after a blank.
        (
            "(A) Call Mom +Family +PeaceLoveAndHappiness @iphone @phone",
            "Call Mom | pending | high | Family | PeaceLoveAndHappiness iphone phone |  | ",
        ),
        (
            "Email SoAndSo at soandso@example.com",
            "Email SoAndSo at soandso@example.com | pending |  |  |  |  | ",
        ),
        (
            "Learn how to add 2+2",
            "Learn how to add 2+2 | pending |  |  |  |  | ",
        ),
        // Completed: a lower-case x and a blank, then the date of completion.
        (
            "x 2011-03-03 Call Mom",
            "Call Mom | completed |  |  |  |  | 2011-03-03",
        ),
        (
            "xylophone lesson",
            "xylophone lesson | pending |  |  |  |  | ",
        ),
        (
            "X 2012-01-01 Make resolutions",
            "X 2012-01-01 Make resolutions | pending |  |  |  |  | ",
        ),
        (
            "(A) x Find ticket prices",
            "x Find ticket prices | pending | high |  |  |  | ",
        ),
        (
            "x 2011-03-02 2011-03-01 Review Tim's pull request +TodoTxtTouch @github",
            "Review Tim's pull request | completed |  | TodoTxtTouch | github | 2011-03-01 | 2011-03-02",
        ),
        (
            "x 2026-11-20 (B) 2026-11-01 Send report +Office",
            "Send report | completed | medium | Office |  | 2026-11-01 | 2026-11-20",
        ),
        (
            "x (B) 2026-11-20 2026-11-01 Send report",
            "Send report | completed | medium |  |  | 2026-11-01 | 2026-11-20",
        ),
        // Lists of people who write them as they like.
        (
            "[Urgent] Call the plumber @phone",
            "[Urgent] Call the plumber | pending |  |  | phone |  | ",
        ),
        ("[ ] Buy milk", "Buy milk | pending |  |  |  |  | "),
        (
            "[x] Call Mom",
            "Call Mom | completed |  |  |  |  | 2026-11-22",
        ),
        (
            "x 2011-03-02 2011-03-01 Keep the letter pri:C",
            "Keep the letter | completed | low |  |  | 2011-03-01 | 2011-03-02",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(summary(&read_one(line)), expected, "{line}");
    }
}

#[test]
fn keys_that_programs_agreed_on_are_read_and_others_stay_in_the_title() {
    let task = read_one("Pay due:2026-12-24 t:2026-12-01 rec:+1m sup:x http://example.org 10:30");
    assert_eq!(task.title.as_str(), "Pay sup:x http://example.org 10:30");
    assert_eq!(task.due.map(String::from).as_deref(), Some("2026-12-24"));
    assert_eq!(
        task.defer_until.map(String::from).as_deref(),
        Some("2026-12-01")
    );
    assert_eq!(
        task.repeat.unwrap().to_string(),
        "FREQ=MONTHLY;BYMONTHDAY=24"
    );
    let (arrivals, notes) =
        read_all("Call due:tomorrow rec:often (A)\nRun rec:3d\n(F) Low +a +b\n");
    assert_eq!(
        arrivals[0].task.title.as_str(),
        "Call due:tomorrow rec:often (A)"
    );
    assert_eq!(
        arrivals[1].task.due.map(String::from).as_deref(),
        Some("2026-11-22")
    );
    assert_eq!(arrivals[2].line, 3);
    let remarks: Vec<&str> = notes.iter().map(|(remark, _)| remark).collect();
    assert_eq!(
        remarks,
        [
            "due: a value that is not understood stayed in the title",
            "priority: letters after C became low",
            "project: a task has one; further ones became tags",
            "rec: a value that is not understood stayed in the title",
        ]
    );
    let run = arrivals[1].task.repeat.as_ref().unwrap();
    assert_eq!(run.to_string(), "FREQ=DAILY;INTERVAL=3;X-FROM=COMPLETION");
}

#[test]
fn rules_are_written_where_rec_can_say_them() {
    let due = Some(When::Day(NaiveDate::from_ymd_opt(2026, 12, 24).unwrap())); // a Thursday
    let cases = [
        ("every day", Some("+1d")),
        ("every 3 days", Some("+3d")),
        ("every 3 days after completion", Some("3d")),
        ("every 2 weeks after completion", Some("2w")),
        ("every weekday", Some("+1b")),
        ("every 2 weeks on thu", Some("+2w")),
        ("every 2 weeks on fri", None),
        ("every week", Some("+1w")),
        ("monthly on the 24th", Some("+1m")),
        ("monthly on the 25th", Some("+1m recday:25")),
        ("every 3 months on the 31st", Some("+3m recday:31")),
        ("monthly on the last day", None),
        ("every dec 25", Some("+1y recday:25")),
        ("every nov 24", None),
        ("every dec 24", Some("+1y")),
        ("every day for 3 times", None),
        ("every day until 2027-01-01", None),
    ];
    for (words, expected) in cases {
        let repeat = Repeat::read(words).unwrap();
        let written = rec::in_line(&repeat, due, Zone::UTC);
        assert_eq!(written.as_deref(), expected, "{words}");
    }
}

#[test]
fn the_last_day_of_each_month_comes_back() {
    let due = When::Day(NaiveDate::from_ymd_opt(2027, 1, 31).unwrap());
    let task = read_one("Pay due:2027-01-31 rec:+1m");
    let repeat = task.repeat.unwrap();
    assert_eq!(
        repeat.to_string(),
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"
    );
    let written = rec::in_line(&repeat, Some(due), Zone::UTC);
    assert_eq!(written.as_deref(), Some("+1m"));
    // Seen from February's last day, the unit alone would mean the 28th.
    let february = When::Day(NaiveDate::from_ymd_opt(2027, 2, 28).unwrap());
    let written = rec::in_line(&repeat, Some(february), Zone::UTC);
    assert_eq!(written.as_deref(), Some("+1m recday:31"));
}

#[test]
fn a_series_without_a_due_date_begins_when_it_may() {
    let task = read_one("Water plants t:2026-12-05 rec:1w");
    assert_eq!(task.due, day("2026-12-05").map(When::Day));
    assert_eq!(task.defer_until, day("2026-12-05").map(When::Day));
}

#[test]
fn what_looks_like_a_reference_and_names_no_line_stays_in_the_title() {
    let (arrivals, notes) = read_all(
        "Fix login id:PROJ-123 +web\nFix logout id:PROJ-123\nRead p:high\nPomodoro p:3/5\nCall dep:sales now\n\
         Root id:a7\nPart p:a7 dep:PROJ-123\n",
    );
    let read: Vec<_> = arrivals
        .iter()
        .map(|arrival| (arrival.task.title.as_str(), &arrival.name, &arrival.parent))
        .collect();
    let named = Some(Name::Text("a7".to_owned()));
    assert_eq!(
        read,
        [
            ("Fix login id:PROJ-123", &None, &None),
            ("Fix logout id:PROJ-123", &None, &None),
            ("Read p:high", &None, &None),
            ("Pomodoro p:3/5", &None, &None),
            ("Call dep:sales now", &None, &None),
            ("Root", &named, &None),
            ("Part dep:PROJ-123", &None, &named),
        ]
    );
    let remarks: Vec<_> = notes.iter().collect();
    assert_eq!(
        remarks,
        [
            (
                "dep: a name that no other task of the file has stayed in the title",
                2
            ),
            (
                "p: a name that no other task of the file has stayed in the title",
                2
            ),
        ]
    );
}

#[test]
fn a_long_line_is_a_task_with_a_short_title() {
    let long = "word ".repeat(200);
    let (arrivals, _) = read_all(&format!("{long}@home\nshort\n"));
    assert_eq!(arrivals.len(), 2);
    let task = &arrivals[0].task;
    assert_eq!(
        task.title.as_str(),
        "word ".repeat(100).trim_end().to_owned() + "…"
    );
    assert_eq!(task.description.as_str(), long.trim_end());
    assert_eq!(task.tags.len(), 1);
}

/// Writes tasks that are called so, in the given shape, and returns the lines.
fn written_as(titles: &[&str], shape: impl Fn(Task) -> Task) -> String {
    let mut writer = Writer::new(Zone::UTC);
    let mut lines = String::new();
    for raw in titles {
        let task = new_task(
            Title::try_from((*raw).to_owned()).unwrap(),
            "test",
            caller().now,
        );
        let whole = TaskWithComments {
            task: shape(task),
            comments: Vec::new(),
        };
        lines += &(writer.line(&whole) + "\n");
    }
    lines
}

#[test]
fn a_title_comes_back_as_it_was_whatever_it_looks_like() {
    let titles = [
        "due:2026-12-24",
        "self p:1",
        "call case id:7 p:1",
        "do dep:1 now",
        "x done",
        "x 2026-01-01 done",
        "(A) first",
        "2026-01-01 new year",
        "id:7",
        "a id:7",
        "buy  milk   @home +shop",
        "--",
        "a --",
        "a -- --",
        "due:2026-12-24 -- id:9",
        "pay due:tomorrow",
        "rec:+1w",
    ];
    let due = day("2026-11-30").map(When::Day);
    let shapes: [fn(Task, Option<When>) -> Task; 4] = [
        |task, _| task,
        |task, due| Task {
            due,
            priority: Some(Priority::High),
            parent: Some(task.id),
            ..task
        },
        |task, _| Task {
            status: Status::Completed,
            completed_at: Some(task.created_at),
            priority: Some(Priority::Low),
            ..task
        },
        |task, due| Task {
            status: Status::Cancelled,
            due,
            project: Project::try_from("shop".to_owned()).ok(),
            tags: Tag::try_from("home".to_owned()).into_iter().collect(),
            depends_on: [task.id].into(),
            ..task
        },
    ];
    for shape in shapes {
        let text = written_as(&titles, |task| shape(task, due));
        let (arrivals, _) = read_all(&text);
        assert_eq!(arrivals.len(), titles.len(), "{text}");
        for (arrival, title) in arrivals.iter().zip(titles) {
            let wanted = shape(
                new_task(
                    Title::try_from(title.to_owned()).unwrap(),
                    "test",
                    caller().now,
                ),
                due,
            );
            let (task, parent) = (&arrival.task, arrival.parent.is_some());
            assert_eq!(task.title, wanted.title, "{text}");
            assert_eq!(parent, wanted.parent.is_some(), "{title}");
            assert_eq!(arrival.depends_on.len(), wanted.depends_on.len(), "{title}");
            let said = |task: &Task| {
                (
                    task.status,
                    task.priority,
                    task.due,
                    task.project.clone(),
                    task.tags.clone(),
                )
            };
            assert_eq!(said(task), said(&wanted), "{title}");
        }
    }
}

#[test]
fn in_a_line_of_ours_marks_count_at_its_end_alone_the_last_of_a_kind() {
    let cases = [
        (
            "2026-11-22 Pay due:2026-12-24 now id:3",
            "Pay due:2026-12-24 now",
            None,
        ),
        (
            "2026-11-22 Pay due:2026-01-01 due:2026-12-24 id:3",
            "Pay due:2026-01-01",
            Some("2026-12-24"),
        ),
        (
            "2026-11-22 Pay due:2026-12-24 -- id:3",
            "Pay due:2026-12-24",
            None,
        ),
        ("2026-11-22 Pay -- id:3", "Pay --", None),
        (
            "2026-11-22 Pay due:soon t:2026-01-01 id:3",
            "Pay due:soon",
            None,
        ),
        // Lines of other programs.
        (
            "2026-11-22 Pay due:2026-12-24 now",
            "Pay now",
            Some("2026-12-24"),
        ),
        (
            "2026-11-22 Pay id:3 due:2026-12-24",
            "Pay id:3",
            Some("2026-12-24"),
        ),
        (
            "Pay due:2026-12-24 now id:x",
            "Pay now id:x",
            Some("2026-12-24"),
        ),
    ];
    for (line, title, due) in cases {
        let task = read_one(line);
        assert_eq!(task.title.as_str(), title, "{line}");
        assert_eq!(task.due.map(String::from).as_deref(), due, "{line}");
    }
}
