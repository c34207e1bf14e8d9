use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::install::entries;

fn server(database: Option<&str>) -> Server {
    Server {
        program: "/opt/task hold/bin/taskhold".to_owned(),
        database: database.map(str::to_owned),
    }
}

/// What a file of Goose may say, each with something to lose.
const CONFIGURATIONS: [&str; 7] = [
    "# nothing yet\n",
    "GOOSE_MODE: auto",
    "# top\n\n---\nGOOSE_MODE: auto\n# mid\nextensions: # none\n  # in\n",
    "extensions: # none yet\nGOOSE_MODE: auto\n",
    "extensions: {}\nGOOSE_MODE: auto # always\n",
    "GOOSE_PROVIDER: 'anthropic'\nextensions:\n  # it builds\n  developer:\n    enabled: true # yes\n    args: []\n    env_keys:\n    - A\n    - B\n# end\nGOOSE_MODE: auto\n",
    "\u{FEFF}a: 1\r\nextensions:\r\n    memory:\r\n        enabled: false\r\n",
];

/// Edits `text` as the instruction asks a person to, and returns the edited text.
fn followed(text: Option<&str>, told: &ByHand) -> String {
    let text = text.unwrap_or_default();
    let ByHand { instruction, lines } = told;
    let key = text.lines().find(|line| line.starts_with("extensions:"));
    if let Some(rest) = instruction.strip_prefix("add this below \"extensions:\"") {
        assert_eq!(rest, " in config.yaml");
        let key = key.unwrap();
        return text.replacen(key, &format!("{key}\n{}", lines.trim_end()), 1);
    }
    match instruction.as_str() {
        "write this to the new file config.yaml" => lines.clone(),
        "add this at the end of config.yaml" => format!("{}\n{lines}", text.trim_end()),
        "put this in the place of \"extensions\", which is empty, in config.yaml" => {
            text.replacen(key.unwrap(), lines.trim_end(), 1)
        }
        other => panic!("{other}"),
    }
}

fn told(text: Option<&str>, name: Option<&str>, server: &Server) -> Option<ByHand> {
    put_by_hand(Host::Goose, Path::new("config.yaml"), text, name, server).unwrap()
}

fn told_to_remove(text: &str, name: Option<&str>) -> Option<ByHand> {
    remove_by_hand(Host::Goose, Path::new("config.yaml"), text, name).unwrap()
}

#[test]
fn who_does_what_is_told_has_the_entry_and_everything_else_and_is_told_no_more() {
    for before in CONFIGURATIONS.into_iter().map(Some).chain([None]) {
        let once = told(before, None, &server(None)).unwrap();
        let after = followed(before, &once);
        let names = |text: &str| {
            let entries = entries(Host::Goose, text).unwrap().into_iter();
            entries.map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&after), ["tasks"], "{before:?}: {after}");
        assert_eq!(told(Some(&after), None, &server(None)), None, "{after}");
        let mut root = Host::Goose.format().read(&after).unwrap();
        root["extensions"].as_object_mut().unwrap().remove("tasks");
        let mut others = Host::Goose
            .format()
            .read(before.unwrap_or_default())
            .unwrap();
        if others["extensions"].is_null() {
            others["extensions"] = json!({});
        }
        assert_eq!(root, others, "{before:?}: {after}");

        // A second one, for another database.
        let work = server(Some("/work.db"));
        let twice = followed(
            Some(&after),
            &told(Some(&after), Some("work"), &work).unwrap(),
        );
        assert_eq!(names(&twice).len(), 2, "{twice}");
        assert_eq!(told(Some(&twice), Some("work"), &work), None, "{twice}");
    }
}

#[test]
fn an_entry_that_is_out_of_date_is_named_with_what_is_to_be_set_in_it() {
    let text = "extensions:\n    todo:\n        # hello\n        enabled: false\n        type: stdio\n        name: todo\n        description: Mine\n        cmd: C:\\old\\taskhold.exe # there\n        args:\n        - mcp\n";
    let set = |lines: &str| {
        Some(ByHand {
            instruction: "set this in extensions.todo in config.yaml".to_owned(),
            lines: lines.to_owned(),
        })
    };
    assert_eq!(
        told(Some(text), None, &server(None)),
        set("cmd: \"/opt/task hold/bin/taskhold\"\n")
    );
    assert_eq!(
        told(Some(text), None, &server(Some("/two.db"))),
        set("cmd: \"/opt/task hold/bin/taskhold\"\nargs: [\"mcp\",\"--db\",\"/two.db\"]\n")
    );
}

#[test]
fn what_is_to_be_removed_is_named_while_it_is_there() {
    let other = "extensions:\n  other:\n    cmd: npx\n    args: [mcp]\n";
    assert_eq!(told_to_remove(other, None), None);
    assert_eq!(told_to_remove(other, Some("tasks")), None);
    assert_eq!(told_to_remove("", None), None);
    let one = followed(
        Some(other),
        &told(Some(other), None, &server(None)).unwrap(),
    );
    let work = told(Some(&one), Some("work"), &server(None)).unwrap();
    let two = followed(Some(&one), &work);
    let instruction = |name| told_to_remove(&two, name).unwrap().instruction;
    assert_eq!(
        instruction(Some("work")),
        "remove extensions.work, with all that is below, from config.yaml"
    );
    assert_eq!(
        instruction(None),
        "remove extensions.tasks and extensions.work, with all that is below, from config.yaml"
    );
}

#[test]
fn what_a_person_would_have_to_mend_first_is_refused() {
    for (text, reason) in [
        ("a: [", "it is not YAML"),
        ("a: 1\n---\nb: 2\n", "it is not YAML"),
        ("extensions: 7\n", "extensions holds"),
        ("- a\n", "the whole of it holds"),
        (
            "extensions:\n  tasks:\n    type: builtin\n",
            "extensions.tasks is there already and starts something else",
        ),
    ] {
        let put = put_by_hand(Host::Goose, Path::new("x"), Some(text), None, &server(None));
        let refusal = put.unwrap_err().to_string();
        assert!(refusal.contains(reason), "{text:?}: {refusal}");
        let removed = remove_by_hand(Host::Goose, Path::new("x"), text, Some("tasks"));
        let refusal = removed.unwrap_err().to_string();
        assert!(refusal.contains(reason), "{text:?}: {refusal}");
    }
}

proptest! {
    #[test]
    fn any_path_that_is_told_reads_back_as_it_was(folder in "[^\\p{Cc}/]{1,20}") {
        let server = Server { program: format!("/{folder}/taskhold"), database: Some(format!("/{folder}/tasks.db")) };
        for before in CONFIGURATIONS {
            let after = followed(Some(before), &told(Some(before), None, &server).unwrap());
            let root = Host::Goose.format().read(&after).unwrap();
            let entry = &root["extensions"]["tasks"];
            prop_assert_eq!(&entry["cmd"], &json!(server.program));
            prop_assert_eq!(&entry["args"][2], &json!(server.database));
        }
    }
}
