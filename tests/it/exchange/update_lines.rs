//! What `import --update` takes of lines of todo.txt.

use serde_json::{Value, json};

use super::{
    Place,
    update::{calendar, counts, imported},
};

#[test]
fn a_line_that_is_done_in_the_file_is_the_one_that_was_open() {
    let place = Place::new();
    let file = |text: &str| place.file("todo.txt", text);
    place.done(&[
        "import",
        &file("Buy milk @shop\nBuy milk @farm\n2026-11-01 Call Ann\n"),
    ]);
    let today = "2999-01-01";
    let text = format!("x {today} Buy milk @shop\nBuy milk @farm\nx {today} 2026-11-01 Call Ann\n");
    let done = file(&text);
    let came = imported(&place, &[&done]);
    assert_eq!(
        counts(&came, &["new", "here", "differ"]),
        [0, 3, 2],
        "{came}"
    );
    for _ in 0..2 {
        place.done(&["import", "--update", &done]);
        let statuses: Vec<Value> = place
            .tasks()
            .iter()
            .map(|task| task["status"].clone())
            .collect();
        assert_eq!(statuses, ["completed", "pending", "completed"]);
    }
    // One that was done before the open one came is another, and so is one that is to be done again.
    let text = "x 2026-01-01 Buy milk @farm\nBuy milk @farm\nBuy milk @shop\n";
    let came = imported(&place, &[&file(text)]);
    assert_eq!(
        counts(&came, &["new", "here", "differ"]),
        [2, 1, 0],
        "{came}"
    );
}

#[test]
fn a_line_of_ours_is_known_whatever_was_edited_in_it() {
    let place = Place::new();
    place.done(&[
        "add",
        "Call Mom",
        "due:2026-12-24 17:00",
        "repeat:every 2 weeks",
        "project:Two words",
        "+phone",
        "-d",
        "text",
    ]);
    place.done(&["add", "Buy milk"]);
    place.done(&["comment", "2", "one"]);
    place.done(&["add", "Sleep"]);
    let (text, _) = place.done(&["export", "--format", "todo.txt"]);
    let edited = text
        .replace("Call Mom", "(A) Call Dad")
        .replace("(A) Call Dad", "Call Dad")
        .replace("due:2026-12-24", "due:2026-12-26");
    let mut lines: Vec<String> = edited.lines().map(str::to_owned).collect();
    lines[1].push_str(" @shop due:2026-12-20");
    lines[2] = format!("x 2026-12-01 {}", lines[2]);
    let file = place.file("todo.txt", lines.join("\n"));
    place.done(&["edit", "2", "!high"]);
    let came = imported(&place, &["--update", &file]);
    assert_eq!(
        counts(&came, &["new", "here", "updated", "conflicts"]),
        [0, 3, 3, 0],
        "{came}"
    );
    let tasks = place.tasks();
    assert_eq!(tasks.len(), 3);
    assert_eq!(
        (&tasks[0]["title"], &tasks[0]["due"]),
        (&json!("Call Dad"), &json!("2026-12-26T17:00[UTC]"))
    );
    assert_eq!(
        (&tasks[0]["project"], &tasks[0]["description"]),
        (&json!("Two words"), &json!("text"))
    );
    assert!(tasks[0]["repeat"].is_string());
    assert_eq!(
        (&tasks[1]["due"], &tasks[1]["tags"]),
        (&json!("2026-12-20"), &json!(["shop"]))
    );
    assert_eq!(
        (&tasks[1]["title"], &tasks[1]["priority"]),
        (&json!("Buy milk"), &json!("high"))
    );
    assert_eq!(tasks[1]["comments"].as_array().unwrap().len(), 1);
    assert_eq!(tasks[2]["status"], "completed");
    // In another database the number is that of another task.
    let other = Place::new();
    other.done(&["add", "Its own"]);
    let came = imported(
        &other,
        &["--update", &other.file("todo.txt", lines.join("\n"))],
    );
    assert_eq!(counts(&came, &["new", "here"]), [3, 0], "{came}");
}

#[test]
fn a_rule_that_was_changed_in_a_line_of_ours_is_taken_and_one_that_was_not_touched_stays() {
    let lines = |place: &Place| place.done(&["export", "--format", "todo.txt"]).0;
    for has_other in [false, true] {
        let place = Place::new();
        place.done(&["add", "Water", "due:2026-12-07", "repeat:weekly"]);
        place.done(&[
            "add",
            "Plants",
            "due:2026-12-08 9:00",
            "repeat:every tue and thu",
        ]);
        place.done(&["add", "Rent", "due:2026-12-31", "repeat:monthly"]);
        let text = lines(&place);
        assert_eq!(text.matches(" rec:").count(), 2, "{text}");
        let taker = if has_other { Place::new() } else { place };
        if has_other {
            imported(
                &taker,
                &["--format", "todo.txt", &taker.file("first", &text)],
            );
        }
        let rules = |taker: &Place| -> Vec<Value> {
            let tasks = taker.tasks();
            tasks.iter().map(|task| task["repeat"].clone()).collect()
        };
        let before = rules(&taker);
        let edited = text
            .replace("rec:+1w", "rec:+2w")
            .replace("due:2026-12-08", "due:2026-12-10")
            .replace("due:2026-12-31", "due:2027-01-15");
        let file = taker.file("edited", &edited);
        let came = imported(&taker, &["--update", "--format", "todo.txt", &file]);
        assert_eq!(
            counts(&came, &["new", "updated", "conflicts"]),
            [0, 3, 0],
            "{came}"
        );
        let after = rules(&taker);
        assert!(
            after[0].as_str().unwrap().contains("INTERVAL=2"),
            "{after:?}"
        );
        if !has_other {
            assert_eq!(after[1..], before[1..]);
            assert_eq!(taker.tasks()[1]["due"], "2026-12-10T09:00[UTC]");
        }
        let text = lines(&taker);
        assert!(text.contains(" rec:+2w "), "{text}");
        let ended = taker.file("ended", text.replace(" rec:+2w", ""));
        imported(&taker, &["--update", "--format", "todo.txt", &ended]);
        assert_eq!(rules(&taker)[0], Value::Null);
        assert_eq!(rules(&taker)[2], after[2]);
    }
}

#[test]
fn a_line_that_is_done_is_the_open_one_with_its_tags_wherever_that_stands() {
    let place = Place::new();
    let open = "Buy milk @shop\nBuy milk @farm\n";
    place.done(&["import", &place.file("todo.txt", open)]);
    let done = "x 2999-01-01 Buy milk @farm\nBuy milk @shop\n";
    let came = imported(&place, &["--update", &place.file("todo.txt", done)]);
    assert_eq!(counts(&came, &["new", "updated"]), [0, 1], "{came}");
    let tasks = place.tasks();
    assert_eq!(
        (&tasks[0]["status"], &tasks[1]["status"]),
        (&json!("pending"), &json!("completed"))
    );
}

#[test]
fn a_series_on_the_31st_keeps_its_day_where_another_program_goes_on_from_shorter_months() {
    let of_31st = "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1";
    let take = |place: &Place, due: &str| {
        let file = place.file("todo.txt", format!("Pay due:{due} rec:+1m\n"));
        let came = imported(place, &["--update", &file]);
        assert_eq!(counts(&came, &["new", "conflicts"])[1], 0, "{came}");
        let again = imported(place, &["--update", &file]);
        let counted = counts(&again, &["new", "differ", "updated", "conflicts"]);
        assert_eq!(counted, [0, 0, 0, 0], "{due}: {again}");
        let task = place.tasks().remove(0);
        assert_eq!(task["due"], due);
        (
            task["repeat"].as_str().unwrap().to_owned(),
            task["repeat_from"].as_str().map(str::to_owned),
        )
    };
    let place = Place::new();
    for (due, given) in [
        ("2099-01-31", None),
        ("2099-02-28", None),
        ("2099-03-28", Some("2099-03-31")),
        ("2099-05-28", Some("2099-05-31")),
    ] {
        let (rule, from) = take(&place, due);
        assert_eq!((rule.as_str(), from.as_deref()), (of_31st, given), "{due}");
    }
    place.done(&["skip", "1"]);
    assert_eq!(place.tasks()[0]["due"], "2099-06-30");
    // Where somebody has moved it, the series has another day.
    let place = Place::new();
    take(&place, "2099-01-31");
    let (rule, from) = take(&place, "2099-02-15");
    assert_eq!((rule.as_str(), from), ("FREQ=MONTHLY;BYMONTHDAY=15", None));
}

#[test]
fn a_line_of_ours_is_compared_with_what_was_taken_the_last_time() {
    let place = Place::new();
    place.done(&[
        "add",
        "Call Mom",
        "due:2099-12-24 17:00",
        "repeat:every 2 weeks",
        "project:Two words",
        "+phone",
    ]);
    place.done(&["add", "Other"]);
    let (text, _) = place.done(&["export", "--format", "todo.txt"]);
    let take = |due: &str, title: &str| {
        let edited = text
            .replace("Call Mom", title)
            .replace("due:2099-12-24", &format!("due:{due}"));
        imported(&place, &["--update", &place.file("todo.txt", edited)])
    };
    let due = || place.tasks()[0]["due"].as_str().unwrap().to_owned();
    let fields = ["differ", "updated", "conflicts"];
    for (day, title) in [("2099-12-26", "Call Mum"), ("2099-12-28", "Call Dad")] {
        let came = take(day, title);
        assert_eq!(counts(&came, &fields), [1, 1, 0], "{came}");
        assert_eq!(due(), format!("{day}T17:00[UTC]"));
        assert_eq!(place.tasks()[0]["title"], title);
        let again = take(day, title);
        assert_eq!(counts(&again, &fields), [0, 0, 0], "{again}");
        assert_eq!(again["group"], Value::Null, "{again}");
    }
    // What was changed here alone is no conflict, and on both sides it is one.
    place.done(&["edit", "1", "due:2099-12-30 18:00"]);
    let came = take("2099-12-28", "Call Dad");
    assert_eq!(counts(&came, &fields), [1, 0, 0], "{came}");
    let came = take("2100-01-03", "Call Dad");
    assert_eq!(counts(&came, &fields), [1, 0, 1], "{came}");
    assert_eq!(due(), "2099-12-30T18:00[UTC]");
    assert_eq!(place.tasks()[0]["project"], "Two words");
    assert!(place.done(&["doctor"]).0.contains("good"));
}

#[test]
fn a_line_of_a_task_that_came_from_a_calendar_changes_nothing_the_second_time() {
    let place = Place::new();
    let todo = ("a@b", "SUMMARY:Call\nDUE:20991224T170000Z");
    place.done(&["import", &calendar(&place, &[todo])]);
    let (text, _) = place.done(&["export", "--format", "todo.txt"]);
    let edited = text.replace("due:2099-12-24", "due:2099-12-26");
    let file = place.file("todo.txt", edited);
    for counted in [[1, 1, 0], [0, 0, 0]] {
        let came = imported(&place, &["--update", &file]);
        assert_eq!(
            counts(&came, &["differ", "updated", "conflicts"]),
            counted,
            "{came}"
        );
    }
}

#[test]
fn tasks_that_were_added_at_once_are_told_apart_after_lines_gave_them_other_numbers() {
    for format in ["todo.txt", "json", "ics"] {
        let (place, other) = (Place::new(), Place::new());
        place.run(&["add", "-"], b"One\nTwo\nThree\n");
        other.done(&["add", "Its own"]);
        let (text, _) = place.done(&["export", "--format", "todo.txt"]);
        other.done(&["import", "--format", "todo.txt", &other.file("lines", text)]);
        let (text, _) = other.done(&["export", "--format", format]);
        let edited = text.replace("One", "One edited");
        let file = place.file("back", edited);
        let came = imported(&place, &["--update", "--format", format, &file]);
        assert_eq!(counts(&came, &["new", "here"]), [1, 3], "{format}: {came}");
        let titles: Vec<Value> = place
            .tasks()
            .iter()
            .map(|task| task["title"].clone())
            .collect();
        assert_eq!(titles[1..], ["Two", "Three", "Its own"], "{format}");
        assert!(
            titles[0] == "One edited" || came["conflicts"] == 1,
            "{format}: {came}"
        );
    }
}

#[test]
fn a_series_of_ours_that_is_moved_in_a_line_goes_on_from_the_date_of_its_rule() {
    let place = Place::new();
    place.done(&[
        "add",
        "Water",
        "due:2099-12-24 17:00",
        "repeat:every 2 weeks",
    ]);
    let (text, _) = place.done(&["export", "--format", "todo.txt"]);
    let take = |day: &str| {
        let edited = text.replace("due:2099-12-24", &format!("due:{day}"));
        let came = imported(&place, &["--update", &place.file("todo.txt", edited)]);
        assert_eq!(counts(&came, &["updated", "conflicts"]), [1, 0], "{came}");
        let task = place.tasks().remove(0);
        ["due", "repeat_from"].map(|field| task[field].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(
        take("2099-12-28"),
        ["2099-12-28T17:00[UTC]", "2099-12-24T17:00[UTC]"]
    );
    assert_eq!(take("2100-01-07"), ["2100-01-07T17:00[UTC]", "-"]);
    assert_eq!(
        take("2100-01-11"),
        ["2100-01-11T17:00[UTC]", "2100-01-07T17:00[UTC]"]
    );
    place.done(&["skip", "1"]);
    assert_eq!(place.tasks()[0]["due"], "2100-01-21T17:00[UTC]");
}
