//! What `import --update` takes of lines of todo.txt.

use serde_json::{Value, json};

use super::{
    Place,
    update::{counts, imported},
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
