//! Goose, whose file a person edits.

use super::*;

#[test]
fn of_goose_it_is_told_what_to_add_and_to_remove_by_hand() {
    let machine = Machine::new();
    let file = machine.path(GOOSE);
    let block = format!(
        "extensions:\n  tasks:\n    enabled: true\n    type: \"stdio\"\n    name: \"tasks\"\n    \
         description: \"Your tasks\"\n    cmd: {}\n    args: [\"mcp\"]\n",
        quoted()
    );
    let shown = file.display();
    let printed = machine.install(&["goose"]);
    assert_eq!(
        printed,
        format!(
            "Goose: to be done by hand: write this to the new file {shown}\n\n{block}\n  \
             Goose has left no traces here; it finds this when it comes\n  next: start a new session\n"
        )
    );
    assert_eq!(machine.install(&["goose", "--dry-run"]), printed);
    assert!(!file.exists());

    let before = "# mine\nGOOSE_MODE: auto\n";
    machine.has(GOOSE, before);
    let printed = machine.install(&["goose"]);
    assert!(
        printed.starts_with(&format!(
            "Goose: to be done by hand: add this at the end of {shown}\n\n{block}\n"
        )),
        "{printed}"
    );
    let removed = machine.install(&["goose", "--remove"]);
    assert!(
        removed.contains("nothing to change, taskhold is not in"),
        "{removed}"
    );

    let after = format!("{before}{block}");
    machine.has(GOOSE, &after);
    let again = machine.install(&["goose"]);
    assert!(
        again.contains("nothing to change, taskhold is already in"),
        "{again}"
    );
    let listed = machine.install(&["--list"]);
    assert!(listed.contains("goose          installed "), "{listed}");
    assert_eq!(
        machine.install(&["goose", "--remove"]),
        format!(
            "Goose: to be done by hand: remove extensions.tasks, with all that is below, from {shown}\n  \
             next: start a new session\n"
        )
    );
    assert_eq!(machine.says(GOOSE), after);
    assert_eq!(machine.beside(GOOSE), ["config.yaml"]);
    let object: Value =
        serde_json::from_str(&machine.install(&["goose", "--remove", "--json"])).unwrap();
    assert_eq!(
        (
            &object["files"][0]["changed"],
            &object["files"][0]["by_hand"]
        ),
        (
            &json!(false),
            &json!({
                "instruction": format!("remove extensions.tasks, with all that is below, from {shown}")
            })
        )
    );
}
