//! Lists and the log as tables: how wide they are, and what stays when there is little room.

#[cfg(unix)]
use super::terminal::at_terminal;
use super::{json, run, run_with};
use crate::support::Home;

const LONG: &str =
    "Write to the landlord about the heating, the stairs, the roof and the garden fence";

/// Returns the longest line, in columns.
#[cfg(unix)]
fn width(printed: &str) -> usize {
    let lines = printed.lines().map(|line| line.chars().count());
    lines.max().unwrap_or_default()
}

#[cfg(unix)]
#[test]
fn a_width_that_is_set_wins_over_that_of_the_terminal() {
    let home = Home::new();
    run(&home, &["add", LONG]);
    for (columns, expected) in [("40", 40), ("0", 80), ("wide", 80), ("", 80)] {
        let environment = [("COLUMNS", columns), ("NO_COLOR", "1")];
        let (printed, _) = at_terminal(&home, 80, &["list"], &environment);
        assert_eq!(width(&printed), expected, "{columns:?}: {printed}");
    }
}

#[cfg(unix)]
#[test]
fn a_long_title_leaves_room_for_what_else_there_is() {
    let home = Home::new();
    let words = [
        "due:2031-06-02",
        "project:house and garden",
        "repeat:every 2 weeks on mon and thu",
        "+garden",
    ];
    run(&home, &[&["add", LONG][..], &words].concat());
    let line = |columns| {
        let (printed, _) = at_terminal(&home, columns, &["list"], &[("NO_COLOR", "1")]);
        printed.trim_end().to_owned()
    };
    assert_eq!(
        line(80),
        "  1   Write to the landlord about the hea…  2031-06-02  house a…  +garden …"
    );
    // A terminal that says it has one column is not believed.
    assert_eq!(line(1), "  1   Write to the…");
}

/// Returns a home in which a few things happened to two tasks.
fn with_history() -> Home {
    let home = Home::new();
    let calls: [&[&str]; 9] = [
        &["add", LONG],
        &["add", "牛乳"],
        &["start", "1"],
        &["reopen", "1"],
        &["cancel", "2"],
        &["comment", "2", "later"],
        &["reopen", "2"],
        &["edit", "2", "due:2031-06-02"],
        &["done", "1"],
    ];
    for arguments in calls {
        assert_eq!(run(&home, arguments).status, 0, "{arguments:?}");
    }
    home
}

#[test]
fn the_log_says_what_happened_the_group_first() {
    let home = with_history();
    let lines: Vec<String> = run(&home, &["log"])
        .printed
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let (group, what) = (words.next().unwrap(), words.nth(2).unwrap());
            let rest: Vec<&str> = words.collect();
            format!("{group} {what} {}", rest.join(" "))
        })
        .collect();
    let expected = [
        &format!("9 completed 1 {LONG}"),
        "8 changed 2 牛乳  due: none -> \"2031-06-02\"",
        "7 reopened 2 牛乳",
        "6 commented 2 牛乳  comment: \"later\"",
        "5 cancelled 2 牛乳",
        &format!("4 stopped 1 {LONG}"),
        &format!("3 started 1 {LONG}"),
        "2 added 2 牛乳",
        &format!("1 added 1 {LONG}"),
    ];
    assert_eq!(lines, expected);
    // For programs the words are those of the commands that changes come from.
    let log = json(&home, &["log"]);
    let kinds = log["changes"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds
        .map(|change| change["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "complete", "update", "update", "update", "update", "update", "update", "add", "add",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn the_log_of_several_tasks_is_one_and_their_ids_can_come_from_a_list() {
    let home = with_history();
    let groups = |printed: &str| -> Vec<String> {
        let first = |line: &str| line.split(' ').next().unwrap().to_owned();
        printed.lines().map(first).collect()
    };
    let all = run(&home, &["log"]).printed;
    let of_one = run(&home, &["log", "2"]).printed;
    assert_eq!(groups(&of_one), ["8", "7", "6", "5", "2"]);
    assert!(!of_one.contains('牛'), "{of_one}");
    assert_eq!(run(&home, &["log", "2", "1,2"]).printed, all);
    let list = run(&home, &["list", "--view", "all"]).printed;
    assert_eq!(run_with(&home, &["log", "-"], &list).printed, all);
    let few = run(&home, &["log", "1", "2", "-n", "2"]);
    assert_eq!(groups(&few.printed), ["9", "8"]);
    assert_eq!(few.said, "note: there is more: --all shows every change\n");
}

#[test]
fn a_log_that_is_refused_writes_nothing() {
    let home = with_history();
    for flags in [&[][..], &["--json"]] {
        let refused = run(&home, &[&["log", "1", "999"], flags].concat());
        assert_eq!((refused.status, refused.printed.as_str()), (1, ""));
        assert!(refused.said.contains("Task 999 not found"), "{refused:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_columns_of_the_log_stand_under_each_other_and_the_titles_stay() {
    let home = with_history();
    let log = |columns| {
        let (printed, _) = at_terminal(&home, columns, &["log"], &[("NO_COLOR", "1")]);
        for line in printed.lines() {
            assert!(!line.ends_with(' '), "{line:?} ends in a blank");
        }
        printed
    };
    assert_eq!(
        log(80).lines().take(4).collect::<Vec<_>>(),
        [
            "9  just now  cli  completed  1  Write to the landlord about the h…",
            "8  just now  cli  changed    2  牛乳                                due: none -…",
            "7  just now  cli  reopened   2  牛乳",
            "6  just now  cli  commented  2  牛乳                                comment: \"l…",
        ]
    );
    assert_eq!(
        log(20).lines().take(2).collect::<Vec<_>>(),
        ["9  1  Write to the…", "8  2  牛乳"]
    );
}
