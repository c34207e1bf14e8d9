//! Series and lists over several places, with the program as it is: the cases of `tests/fixtures/time-cases.tsv` that several tasks or
//! places make together, and clocks that are changed. Dates are days far from now, or given with each call.

use serde_json::Value;

use crate::support::Home;

const CASES: &str = include_str!("../../fixtures/time-cases.tsv");
/// Cases of the group that other tests try: `src/exchange/ics/cases.rs`.
const ELSEWHERE: [&str; 1] = ["123"];

/// Runs the program in `zone`, which must succeed, and returns what it printed.
fn ran(home: &Home, zone: &str, arguments: &[&str]) -> String {
    let mut command = home.command(arguments);
    let output = command.env("TZ", zone).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns a task as our own format has it.
fn task(home: &Home, id: usize) -> Value {
    let lines = ran(home, "UTC", &["export"]);
    serde_json::from_str(lines.lines().nth(id).unwrap()).unwrap()
}

/// Returns the titles of a list, in its order, as seen in `zone`.
fn titles(home: &Home, zone: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(&ran(home, zone, &["list", "--json"])).unwrap();
    let tasks = list["tasks"].as_array().unwrap();
    let title = |task: &Value| task["title"].as_str().unwrap().to_owned();
    tasks.iter().map(title).collect()
}

#[test]
fn what_several_tasks_or_places_make_is_as_the_table_has_it() {
    let mut tried = 0;
    for line in CASES.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells[1] != "other" || ELSEWHERE.contains(&cells[0]) {
            continue;
        }
        let (home, zone, due, events, wanted) =
            (Home::new(), cells[2], cells[3], cells[8], cells[9]);
        let events: Vec<&str> = events.split(" ; ").collect();
        match (events.as_slice(), wanted) {
            (["add a second task after:1", done @ ..], "the second task is ready") => {
                ran(
                    &home,
                    zone,
                    &["add", "Series", &format!("due:{due}"), "repeat:every day"],
                );
                ran(&home, zone, &["add", "Second", "after:1"]);
                assert_eq!(task(&home, 2)["depends_on"], serde_json::json!([1]));
                for _ in done {
                    let due = task(&home, 1)["due"].as_str().unwrap().to_owned();
                    ran(&home, zone, &["done", "1", "--due", &due]);
                    assert_eq!(task(&home, 2)["depends_on"], Value::Null, "{line}");
                }
                assert!(ran(&home, zone, &["list", "--view", "ready"]).contains("Second"));
            }
            (["add@2026-11-28", "first date"], wanted) => {
                // The year of February 29 does not hang on the day of the test until then.
                ran(
                    &home,
                    "Europe/Berlin",
                    &["add", "Leap", &format!("repeat:{}", cells[6])],
                );
                assert_eq!(task(&home, 1)["due"], wanted, "{line}");
            }
            ([first, second, list], wanted) if list.starts_with("list") => {
                for (title, event) in [("first", first), ("second", second)] {
                    let (date, place) = event.split_once(" in ").unwrap();
                    let date = date.trim_start_matches("add ").trim_start_matches("day ");
                    ran(&home, place, &["add", title, &format!("due:{date}")]);
                }
                assert_eq!(titles(&home, zone), ["second", "first"], "{line}");
                let says_so =
                    wanted == "12-23, 12-24" || wanted.starts_with("the time, then the day");
                assert!(says_so, "{line}");
            }
            _ => panic!("no test tries {line}"),
        }
        tried += 1;
    }
    assert_eq!(tried, 4);
}

/// What `cli-dst.sh` does: the clocks go forward on March 28, 2027, and back on October 31.
#[test]
fn a_change_of_the_clocks_moves_one_date_and_no_other() {
    let home = Home::new();
    let berlin = |arguments: &[&str]| ran(&home, "Europe/Berlin", arguments);
    let done = |id: usize| {
        let due = task(&home, id)["due"].as_str().unwrap().to_owned();
        berlin(&["done", &id.to_string(), "--due", &due]);
        let shown: Value =
            serde_json::from_str(&berlin(&["show", "--json", &id.to_string()])).unwrap();
        let shown = shown["tasks"].get(0).cloned().unwrap_or(shown);
        ["due", "defer_until"].map(|field| shown[field].as_str().unwrap_or("-").to_owned())
    };
    berlin(&["add", "Gap", "due:2027-03-27 02:30", "repeat:every day"]);
    let due: Vec<String> = (0..3).map(|_| done(1)[0].clone()).collect();
    // 02:30 is skipped on that day, and comes back on the next.
    assert_eq!(
        due,
        [
            "2027-03-28T03:30:00+02:00",
            "2027-03-29T02:30:00+02:00",
            "2027-03-30T02:30:00+02:00"
        ]
    );
    berlin(&[
        "add",
        "Defer",
        "due:2027-03-27 09:00",
        "defer:2027-03-27 08:00",
        "repeat:every day",
    ]);
    let until: Vec<String> = (0..2).map(|_| done(2)[1].clone()).collect();
    assert_eq!(
        until,
        ["2027-03-28T08:00:00+02:00", "2027-03-29T08:00:00+02:00"]
    );
    berlin(&[
        "add",
        "DeferAutumn",
        "due:2027-10-29",
        "defer:2027-10-28 23:30",
        "repeat:every week",
    ]);
    assert_eq!(done(3), ["2027-11-05", "2027-11-04T23:30:00+01:00"]);
}
