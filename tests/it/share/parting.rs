//! Machines that leave a log, come back, or go on with a new one.

use super::*;

/// Returns two machines that share the task `one`, which is the first entry of their log.
fn sharing(store: &ObjectStore) -> [Machine<'_>; 2] {
    let [desk, laptop] = [(); 2].map(|()| Machine::new(store));
    desk.run(&["add", "one"]);
    desk.share(&[]);
    laptop.join(&desk.code(), &[]);
    [desk, laptop]
}

#[test]
fn a_laptop_that_was_lost_is_out_when_the_others_go_on_under_a_new_key() {
    let store = ObjectStore::start();
    let [desk, laptop] = sharing(&store);
    let stolen = Machine::new(&store);
    let old_code = desk.code();
    stolen.join(&old_code, &[]);
    // What is kept leads to the store.
    for machine in [&desk, &laptop] {
        machine.has_variables.set(false);
    }
    let said = desk.run(&["share", "rekey", "s3://tasks/next"]);
    assert!(said.contains("The old log takes no more changes"), "{said}");
    assert_ne!(desk.code(), old_code);
    let (told, _) = laptop.status_of_failure(&[]);
    for machine in [&laptop, &stolen] {
        let refused = machine.refusal(&["add", "into the old log"]);
        assert!(refused.contains("another key"), "{refused}");
    }
    // One that has not tried to follow is told, too.
    assert!(
        told.contains("follows   no: ") && told.contains("another key"),
        "{told}"
    );
    assert!(told.contains("taskhold share join"), "{told}");
    let late = Machine::new(&store);
    let refused = late.join_with(&old_code, &[]);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.contains("get the code of the new log") && !refused.contains("share leave"),
        "{refused}"
    );
    laptop.join(&desk.code(), &[]);
    laptop.run(&["add", "two"]);
    assert_eq!(desk.titles(), ["one", "two"]);
    assert_eq!(laptop.titles(), ["one", "two"]);
    let list = stolen.json(&["list"]);
    assert_eq!(list["tasks"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn where_nobody_gets_past_an_entry_a_new_log_begins_without_it() {
    let store = ObjectStore::start();
    let [desk, laptop] = sharing(&store);
    desk.run(&["add", "two"]);
    desk.run(&["add", "three"]);
    store.alter("/tasks/ours/log/00000000000000000002");
    let refused = laptop.refusal(&["share", "rekey", "s3://tasks/next"]);
    assert!(
        refused.contains("does not open") && refused.contains("Entries 2 to 3 would not be"),
        "{refused}"
    );
    let said = laptop.run(&["share", "rekey", "s3://tasks/next", "--yes"]);
    assert!(
        said.contains("Shared 1 task") && said.contains("Entries 2 to 3 of the old log are not"),
        "{said}"
    );
    let refused = desk.refusal(&["add", "four"]);
    assert!(refused.contains("another key"), "{refused}");
    // What the other has comes along.
    let said = desk.join(&laptop.code(), &[]);
    assert!(
        said.contains("2 tasks of this machine came along"),
        "{said}"
    );
    assert_eq!(laptop.titles(), ["one", "two", "three"]);
}

#[test]
fn an_entry_that_was_altered_is_said_by_status_doctor_and_a_change_that_is_not_made() {
    let store = ObjectStore::start();
    let [desk, laptop] = sharing(&store);
    desk.run(&["add", "two"]);
    let newest = store
        .names()
        .into_iter()
        .rfind(|name| name.contains("/log/"))
        .unwrap();
    store.alter(&newest);
    let (status, said) = laptop.status_of_failure(&[]);
    assert!(status.contains("follows   no: entry 2"), "{status}");
    for said in [status, said] {
        assert!(
            said.contains("put the object back") && !said.contains("Nothing was changed"),
            "{said}"
        );
    }
    let found = laptop.output(&["doctor"]);
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(
        found.contains("cannot be followed") && found.contains("put the object back"),
        "{found}"
    );
    let refused = laptop.refusal(&["add", "three"]);
    assert!(
        refused.contains("Nothing was changed") && refused.contains("does not open"),
        "{refused}"
    );
    assert!(!refused.contains("may yet appear"), "{refused}");
    // The store has it again as it was.
    store.alter(&newest);
    laptop.run(&["add", "three"]);
    assert_eq!(desk.titles(), ["one", "two", "three"]);
}

#[test]
fn an_entry_that_was_deleted_in_the_store_is_noticed_before_anything_is_written_after_it() {
    let store = ObjectStore::start();
    let desk = Machine::new(&store);
    desk.share(&[]);
    desk.run(&["add", "one"]);
    let newest = store
        .names()
        .into_iter()
        .rfind(|name| name.contains("/log/"));
    store.remove(&newest.unwrap());
    let refused = desk.refusal(&["add", "two"]);
    assert!(
        refused.contains("entry 2") && refused.contains("missing"),
        "{refused}"
    );
    let list = desk.json(&["list"]);
    assert_eq!(list["tasks"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn an_entry_that_was_deleted_before_later_ones_is_said_by_status_doctor_and_a_change_that_is_not_made()
 {
    for hole in [2, 3, 4] {
        let store = ObjectStore::start();
        let [desk, laptop] = sharing(&store);
        for title in ["two", "three", "four", "five", "six"] {
            desk.run(&["add", title]);
        }
        store.remove(&format!("/tasks/ours/log/{hole:020}"));
        let missing = format!("entry {hole} of the shared log is missing");
        let (status, said) = laptop.status_of_failure(&[]);
        assert!(status.contains("follows   no: "), "{status}");
        let found = laptop.output(&["doctor"]);
        assert_eq!(found.status.code(), Some(1), "{found:?}");
        let found = String::from_utf8(found.stdout).unwrap();
        let refused = laptop.refusal(&["add", "mine"]);
        let fresh = Machine::new(&store);
        fresh.run(&["add", "own"]);
        let joined = fresh.join_with(&desk.code(), &[]);
        assert!(!joined.status.success(), "{joined:?}");
        let joined = String::from_utf8(joined.stderr).unwrap();
        for said in [status, said, found, refused, joined] {
            assert!(said.contains(&missing), "{hole}: {said}");
            assert!(said.contains("put the object back"), "{hole}: {said}");
            assert!(!said.contains("the last\n"), "{hole}: {said}");
        }
        let entries = store.names();
        let entries = entries.iter().filter(|name| name.contains("/log/"));
        assert_eq!(
            entries.count(),
            5,
            "{hole}: nothing was written into the hole"
        );
        // Who is behind the hole goes on, and a new log has everything.
        desk.run(&["add", "seven"]);
        desk.run(&["share", "rekey", "s3://tasks/next"]);
        laptop.join(&desk.code(), &[]);
        assert_eq!(laptop.titles().len(), 7);
    }
}

#[test]
fn who_leaves_keeps_the_tasks_and_can_come_back() {
    let store = ObjectStore::start();
    let [desk, laptop] = sharing(&store);
    let code = desk.code();
    laptop.run(&["share", "leave"]);
    laptop.run(&["add", "alone"]);
    desk.run(&["add", "meanwhile"]);
    assert_eq!(laptop.titles(), ["one", "alone"]);
    laptop.join(&code, &[]);
    assert_eq!(laptop.titles(), ["one", "meanwhile", "alone"]);
    assert_eq!(desk.titles(), ["one", "meanwhile", "alone"]);
}

#[test]
fn a_machine_that_joins_again_needs_no_credentials_that_it_keeps() {
    let store = ObjectStore::start();
    let [desk, laptop] = sharing(&store);
    let file = laptop.home.database().with_file_name("code.txt");
    std::fs::write(&file, desk.code()).unwrap();
    let bare = |arguments: &[&str]| {
        let mut command = laptop.command(arguments);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .stdin(std::fs::File::open(&file).unwrap());
        command.output().unwrap()
    };
    for arguments in [&["share", "join"][..], &["add", "two"]] {
        let output = bare(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    assert_eq!(desk.titles(), ["one", "two"]);
}

/// What the others alone have changed since is no loss of this machine.
#[test]
fn a_machine_that_imported_the_same_file_is_told_by_name_which_tasks_said_something_else() {
    let store = ObjectStore::start();
    let (desk, laptop) = (Machine::new(&store), Machine::new(&store));
    for machine in [&desk, &laptop] {
        let file = machine.beside(".list.txt");
        std::fs::write(&file, "Buy milk +home\nCall mom\nPay rent\nWater plants\n").unwrap();
        machine.run(&["import", file.to_str().unwrap(), "--format", "todo.txt"]);
    }
    desk.run(&["edit", "1", "3", "--priority", "high"]);
    laptop.run(&["edit", "2", "3", "--priority", "low"]);
    desk.share(&[]);
    let joined = laptop.join(&desk.code(), &["--json"]);
    let joined: Value = serde_json::from_str(&joined).unwrap();
    let brought = &joined["brought"];
    let differing = brought["differing"].as_array().unwrap();
    let named: Vec<_> = differing.iter().map(|task| &task["title"]).collect();
    assert_eq!(
        (&brought["here"], &brought["differ"], named),
        (
            &json!(4),
            &json!(2),
            vec![&json!("Call mom"), &json!("Pay rent")]
        ),
        "{brought}"
    );
}
