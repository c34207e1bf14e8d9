//! Lists narrowed down by words, and commands that take those words instead of ids.

use super::{json, run, terminal::Terminal};
use crate::support::Home;

/// Adds tasks of two projects, with tags and dates; one is part of another.
fn filled() -> Home {
    let home = Home::new();
    for words in [
        &[
            "Write",
            "the",
            "invoice",
            "project:Work.Billing",
            "+home",
            "+desk",
            "due:today",
        ][..],
        &["Mend", "the", "site", "project:work", "+web"],
        &["Buy", "paint", "project:Workshop", "+home", "due:tomorrow"],
        &["Call", "Anna", "+desk", "!high"],
        &["Paint", "the", "fence", "defer:2099-01-01", "+home"],
        &["Choose", "a", "colour", "parent:3"],
    ] {
        let added = run(&home, &[&["add"], words].concat());
        assert_eq!(added.status, 0, "{words:?}: {}", added.said);
    }
    home
}

/// Returns the ids that a list prints.
fn ids(home: &Home, words: &[&str]) -> Vec<String> {
    let list = run(home, &[&["list"], words].concat());
    assert_eq!(list.status, 0, "{words:?}: {}", list.said);
    let first = |line: &str| line.split(' ').next().unwrap().to_owned();
    list.printed.lines().map(first).collect()
}

#[test]
fn a_list_is_narrowed_down_by_several_words_and_by_what_is_left_out() {
    let home = filled();
    let cases: [(&[&str], &[&str]); 28] = [
        (&[], &["1", "3", "4", "2", "6"]),
        (&["project:WORK"], &["1", "2"]),
        (&["project:work.billing"], &["1"]),
        (&["+home", "+desk"], &["1"]),
        (&["tags:home,desk"], &["1"]),
        (&["+home", "-desk"], &["3"]),
        (&["-home"], &["4", "2", "6"]),
        (&["-project:work"], &["3", "4", "6"]),
        (&["-project:work", "-project:Workshop", "-desk"], &["6"]),
        (&["-project:none"], &["1", "3", "2"]),
        (&["-project:", "-home"], &["2"]),
        (&["--sort", "title"], &["3", "4", "6", "2", "1"]),
        (&["text:the"], &["2", "1"]),
        (&["text:the", "--sort", "oldest"], &["1", "2"]),
        (&["text:a", "all", "--sort", "title", "-n", "2"], &["6"]),
        (&["due:today"], &["1"]),
        (&["due:tomorrow"], &["3"]),
        (&["tomorrow"], &["3"]),
        (&["week"], &["1", "3"]),
        (&["parent:3"], &["6"]),
        (&["deferred"], &["5"]),
        (&["pending", "+home", "-project:work"], &["3", "5"]),
        (&["status:pending", "+home", "-project:work"], &["3", "5"]),
        (&["text:paint", "-project:Workshop"], &[]),
        (&["pri:none", "-home"], &["2", "6"]),
        (&["--sort", "priority"], &["4", "1", "3", "2", "6"]),
        (&["--sort", "newest", "-n", "2"], &["6", "4"]),
        (
            &["all", "--sort", "oldest"],
            &["1", "2", "3", "4", "5", "6"],
        ),
    ];
    for (words, wanted) in cases {
        assert_eq!(ids(&home, words), wanted, "{words:?}");
    }
    // What the usual view leaves out is said beside it, so that a pipe stays as it is.
    let open = run(&home, &["list"]);
    assert_eq!(open.said, "note: 1 deferred: taskhold list deferred\n");
    assert_eq!(run(&home, &["list", "--json"]).said, "");
    assert_eq!(run(&home, &["list", "all"]).said, "");
    // One letter is a flag.
    let short = run(&home, &["list", "-n", "1", "-t", "home"]);
    assert_eq!(short.printed.lines().count(), 1);
}

#[test]
fn a_line_is_printed_with_the_words_that_find_its_task() {
    let home = filled();
    let line = run(&home, &["list", "project:Workshop"]).printed;
    assert!(line.ends_with(" project:Workshop +home\n"), "{line}");
    let found = run(&home, &["list", "project:Work.Billing", "+home", "+desk"]);
    assert!(
        found
            .printed
            .ends_with(" project:Work.Billing +desk +home\n")
    );
}

#[test]
fn what_is_left_out_is_named_with_commas_too_and_a_name_that_leaves_nothing_out_is_told() {
    let home = Home::new();
    run(&home, &["add", "A", "+work", "project:Web"]);
    run(&home, &["add", "B", "+home"]);
    run(&home, &["add", "C"]);
    run(&home, &["add", "D", "+phone"]);
    run(&home, &["done", "4"]);
    for words in [
        &["-work,home"][..],
        &["--without", "work,home"],
        &["--without", "+work,+home"],
        &["-tags:work,home"],
        &["-WORK", "-home,phone"],
    ] {
        assert_eq!(ids(&home, words), ["3"], "{words:?}");
    }
    assert_eq!(ids(&home, &["--tag", "work,home"]).len(), 0);
    for (words, said) in [
        (
            &["-wrok"][..],
            "note: no open task has a tag wrok; did you mean work? tags: work, home\n",
        ),
        (
            &["-wrok,home"],
            "note: no open task has a tag wrok; did you mean work? tags: work, home\n",
        ),
        (
            &["-project:nosuch"],
            "note: no open task is in a project nosuch; projects: Web\n",
        ),
        // Only a finished task has it.
        (&["-phone"], ""),
        (&["-project:none"], ""),
    ] {
        let listed = run(&home, &[&["list"], words].concat());
        assert_eq!(
            (listed.status, listed.said.as_str()),
            (0, said),
            "{words:?}"
        );
        assert!(!listed.printed.is_empty(), "{words:?}");
    }
    // Where tasks are changed, it is refused: all of them would be.
    for words in ["-wrok", "-project:nosuch", "open -home,wrok"] {
        let refused = run(&home, &["done", "--where", words, "--yes"]);
        assert_eq!(refused.status, 2, "{words}: {}", refused.printed);
        assert!(
            refused.said.contains("nothing was changed"),
            "{}",
            refused.said
        );
    }
    assert_eq!(ids(&home, &[]), ["1", "2", "3"]);
    let done = run(&home, &["done", "--where", "-work,home", "--yes"]);
    assert!(done.printed.starts_with("Completed 3 C"), "{}", done.said);
    let changed = json(&home, &["edit", "1", "-work,X"]);
    assert_eq!(
        changed["tasks"][0]["tags"],
        serde_json::Value::Null,
        "{changed}"
    );
}

#[test]
fn a_tag_with_a_dash_behind_its_first_letter_is_left_out_and_taken_away_like_any() {
    let home = Home::new();
    run(&home, &["add", "one", "+x-y", "+x_z", "+x"]);
    run(&home, &["add", "two"]);
    for word in ["-x-y", "-x_z", "-tags:x-y", "-tags:x"] {
        assert_eq!(ids(&home, &[word]), ["2"], "{word}");
    }
    run(&home, &["edit", "1", "-tags:x-y", "-tag:x"]);
    run(&home, &["edit", "-x_z", "1"]);
    let task = json(&home, &["show", "1"]);
    assert_eq!(task["tags"], serde_json::Value::Null, "{task}");
    assert_eq!(run(&home, &["edit", "1", "-tags:"]).status, 2);
}

#[test]
fn words_that_narrow_nothing_down_are_refused_with_the_way_out() {
    let home = filled();
    for (words, said) in [
        (&["list", "nothing"][..], "\"nothing\" is no view"),
        (
            &["list", "--sort", "size"],
            "\"size\" is none of due, priority",
        ),
        (&["list", "parent:x"], "\"x\" is no id of a task"),
        (
            &["list", "-due:today"],
            "excludes tags and projects, not due:today",
        ),
        (
            &["list", "due:today", "--due-before", "fri"],
            "given beside another date",
        ),
        (
            &["list", "project:a", "project:b"],
            "project is given twice",
        ),
        (
            &["list", "due:2026-12-01 02:00"],
            "names a time of day, and a list is narrowed to a whole day",
        ),
        (
            &["done", "--where", "--due-before sun +work"],
            "--due-before is a flag, and only words narrow a list here",
        ),
        (&["done", "--where", ""], "--where has no words"),
        (
            &["delete", "--where", ""],
            "taskhold delete --where 'project:web +home'",
        ),
        (
            &["edit", "+x", "--where", "project:\"x"],
            "taskhold edit --where 'project:\"My flat\" +home'",
        ),
        (&["done", "--where", "project:\"x"], "no second one"),
        (&["done", "--where", "nothing"], "\"nothing\" is no view"),
        (&["done", "1", "--where", "+home"], "exclude each other"),
        (
            &["edit", "1", "+x", "--where", "+home"],
            "exclude each other",
        ),
        (&["edit", "--where", "+home"], "there is nothing to change"),
        (&["done", "1", "--yes"], "--where"),
        (
            &["delete", "--yes", "--where", "open -text:B"],
            "not text:B; write -home",
        ),
        (&["list", "-today"], "today is a view"),
        (
            &["list", "-x"],
            "one letter is a flag; taskhold list -tags:x leaves out the tag x; usage",
        ),
        (
            &["list", "-x.5"],
            "one letter is a flag; taskhold list -tags:x.5 leaves out the tag x.5; usage",
        ),
    ] {
        let refused = run(&home, words);
        assert_eq!(refused.status, 2, "{words:?}: {}", refused.printed);
        assert!(refused.said.contains(said), "{words:?}: {}", refused.said);
    }
    assert_eq!(ids(&home, &[]).len(), 5);
}

#[test]
fn the_help_of_edit_shows_words_of_a_list_that_are_taken() {
    let home = Home::new();
    run(&home, &["add", "one", "+errand"]);
    run(&home, &["add", "two", "+errand", "+phone"]);
    let help = run(&home, &["edit", "--help"]).printed;
    let (_, example) = help.split_once("--where '").expect("it shows one");
    let (words, _) = example.split_once('\'').unwrap();
    let edited = run(&home, &["edit", "--where", words, "due:2031-06-07", "-y"]);
    assert_eq!(
        edited.printed, "Changed 1 one (due Sat 2031-06-07) +errand\n",
        "{}",
        edited.said
    );
}

#[test]
fn the_words_of_a_list_take_the_place_of_ids_once_they_are_agreed_to() {
    let home = filled();
    let refused = run(&home, &["done", "--where", "+home -web"]);
    assert_eq!(refused.status, 2);
    assert_eq!(
        refused.said,
        "taskhold: these are 2 tasks, and nobody can be asked whether to complete them\n\
         hint: taskhold list shows them, with the same words; if they are meant, repeat it with --yes\n"
    );
    let edited = run(
        &home,
        &["edit", "--where", "project:work", "+soon", "--yes"],
    );
    assert_eq!(edited.printed.lines().count(), 2, "{}", edited.said);
    let started = run(&home, &["start", "-y", "--where", "+soon -home"]);
    assert_eq!(
        started.printed,
        "Started 2 Mend the site (in_progress) project:work +soon +web\n"
    );
    let done = run(&home, &["done", "--yes", "--where", "+home"]);
    assert_eq!(done.printed.lines().count(), 2, "{}", done.printed);
    let deleted = run(&home, &["delete", "--yes", "--where", "unfinished -home"]);
    assert_eq!(deleted.printed.lines().count(), 3, "{}", deleted.said);
    // The deferred one is left, which that view has and the usual one has not.
    assert_eq!(ids(&home, &["all"]), ["1", "3", "5"]);
    // What is left out may stand first.
    let commented = run(
        &home,
        &["edit", "--where", "-project:work", "!low", "--yes"],
    );
    assert_eq!(commented.status, 0, "{}", commented.said);
    let flag = run(&home, &["done", "--where", "--yes"]);
    assert_eq!(flag.status, 2, "{}", flag.printed);
    let none = run(&home, &["done", "--yes", "--where", "+desk"]);
    assert_eq!((none.status, none.printed.as_str()), (0, ""));
    assert!(
        none.said.contains("no task is like that: +desk"),
        "{}",
        none.said
    );
    assert_eq!(
        json(&home, &["done", "--yes", "--where", "+desk"])["tasks"],
        serde_json::json!([])
    );
}

#[test]
fn at_a_terminal_the_tasks_are_named_and_asked_for() {
    let home = filled();
    for (answer, left) in [("n\r", 5), ("y\r", 3)] {
        let arguments = ["done", "--where", "+home"];
        let mut terminal = Terminal::start(&home, 80, &arguments, &[]);
        let named = terminal.wait_for("Complete 2 tasks? [y/N] ");
        assert!(named.contains("    3  Buy paint\r\n"), "{named:?}");
        terminal.type_keys(answer);
        terminal.end();
        assert_eq!(ids(&home, &[]).len(), left);
    }
    let mut terminal = Terminal::start(&home, 80, &["done", "--where", "project:work"], &[]);
    terminal.wait_for("Complete 1 task? [y/N] ");
    terminal.type_keys("n\r");
    terminal.end();
}

#[test]
fn projects_and_tags_are_listed_with_how_many_open_tasks_they_have() {
    let home = filled();
    assert_eq!(
        run(&home, &["projects"]).printed,
        "work\t2\nWork.Billing\t1\nWorkshop\t1\n"
    );
    assert_eq!(run(&home, &["tags"]).printed, "desk\t2\nhome\t3\nweb\t1\n");
    assert_eq!(json(&home, &["tags"])["tags"][0]["name"], "desk");
    for arguments in [
        &["projects", "-n", "2"][..],
        &["list", "projects", "-n", "2"],
        &["list", "projects", "--limit", "2"],
    ] {
        let printed = run(&home, arguments).printed;
        assert_eq!(printed, "work\t2\nWork.Billing\t1\n", "{arguments:?}");
    }
    let cut = json(&home, &["tags", "-n", "2"]);
    assert_eq!(
        (&cut["tags"][1]["name"], &cut["more"]),
        (&"home".into(), &true.into())
    );
    assert_eq!(json(&home, &["tags", "-n", "3"])["more"], false);
    for arguments in [
        ["list", "projects", "--tag", "home"],
        ["list", "tags", "--sort", "title"],
    ] {
        let refused = run(&home, &arguments);
        assert_eq!(refused.status, 2, "{arguments:?}: {}", refused.printed);
        assert!(
            refused.said.contains("are listed without"),
            "{}",
            refused.said
        );
    }
}

#[test]
fn what_stands_in_relation_to_a_task_is_shown_with_its_title() {
    let home = filled();
    run(&home, &["add", "Try", "it", "parent:6", "after:3,4"]);
    run(&home, &["done", "4"]);
    let shown = run(&home, &["show", "3", "7"]).printed;
    assert!(
        shown.contains("  Parts        6 Choose a colour\n                 7 Try it\n"),
        "{shown}"
    );
    assert!(
        shown.contains("  Part of      6 Choose a colour\n"),
        "{shown}"
    );
    assert!(
        shown.contains("  After        3 Buy paint\n               4 Call Anna (completed)\n"),
        "{shown}"
    );
}

#[test]
fn next_in_a_project_that_there_is_not_says_so_as_a_list_does() {
    let home = filled();
    for words in [&["next"][..], &["list"]] {
        let said = super::run(&home, &[words, &["project:nosuch"]].concat()).said;
        assert!(
            said.contains("no open task is in a project nosuch"),
            "{said}"
        );
    }
}

#[test]
fn a_screen_keeps_the_urgent_end_of_a_long_list_and_has_parts_under_their_task() {
    let home = filled();
    let titles: Vec<String> = (1..=40).map(|number| format!("Task {number}\n")).collect();
    let titles = titles.concat();
    super::run_with(&home, &["add", "-"], &titles);
    let (printed, _) = Terminal::start(&home, 80, &["list"], &[]).end();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines.len() <= 23, "{printed}");
    assert!(lines[1].contains("Write the invoice"), "{printed}");
    assert!(
        printed.contains(" of 45: --all shows the rest"),
        "{printed}"
    );
    assert!(
        printed.contains("1 deferred: taskhold list deferred"),
        "{printed}"
    );
    let under = lines
        .iter()
        .position(|line| line.contains("└ Choose a colour"))
        .unwrap();
    assert!(lines[under - 1].contains("Buy paint"), "{printed}");
    assert!(printed.contains("+desk +home"), "{printed}");
    let (whole, _) = Terminal::start(&home, 80, &["list", "--all"], &[]).end();
    assert!(whole.lines().count() > 45, "{whole}");
}
