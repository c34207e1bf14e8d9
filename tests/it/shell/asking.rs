//! What is asked at a terminal, and what must be said where nobody can be asked.

use super::{json, run, run_with, scripting::filled, terminal::Terminal};
use crate::support::Home;

#[test]
fn many_tasks_are_deleted_only_when_their_number_is_said() {
    let home = Home::new();
    filled(&home, 21);
    let ids = run(&home, &["list", "--all"]).printed;
    for arguments in [&["delete", "-"][..], &["delete", "-", "--confirm", "20"]] {
        let refused = run_with(&home, arguments, &ids);
        assert_eq!(refused.status, 2);
        assert_eq!(
            refused.said,
            "taskhold: these are 21 tasks, and for more than 20 at once their number must be said\n\
             hint: if all of them are meant, repeat it with --confirm 21\n"
        );
    }
    let done = run_with(&home, &["delete", "-", "--confirm", "21"], &ids);
    assert_eq!(done.status, 0, "{}", done.said);
}

#[test]
fn at_a_terminal_it_is_asked() {
    let home = Home::new();
    filled(&home, 21);
    let mut arguments = vec!["delete".to_owned()];
    arguments.extend((1..=21).map(|id: u32| id.to_string()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for (answer, left) in [("n\r", 21), ("yes\r", 0)] {
        let mut terminal = Terminal::start(&home, 80, &arguments, &[]);
        let named = terminal.wait_for("Move 21 tasks to the trash? [y/N] ");
        assert!(
            named.contains("   10  Task 10\r\n") && named.ends_with("       and 11 more\r\n"),
            "{named:?}"
        );
        terminal.type_keys(answer);
        let (printed, status) = terminal.end();
        assert_eq!(status, u32::from(left > 0), "{printed}");
        let is_declined = printed.contains("taskhold: nothing was deleted\n");
        assert_eq!(is_declined, left > 0, "{printed}");
        let tasks = json(&home, &["list"]);
        assert_eq!(tasks["tasks"].as_array().unwrap().len(), left);
    }
}

#[test]
fn at_a_terminal_a_join_code_is_asked_for_and_not_shown() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, 80, &["share", "join"], &[]);
    terminal.wait_for("Join code (it is not shown): ");
    terminal.type_keys("hush-hush\r");
    let (printed, status) = terminal.end();
    assert_eq!(status, 1, "{printed}");
    assert!(
        printed.contains("taskhold share code prints it") && !printed.contains("hush"),
        "{printed}"
    );
}

#[test]
fn at_a_terminal_an_install_without_a_host_asks_which() {
    let home = Home::new();
    let folder = home.database().parent().unwrap().to_owned();
    for host in [".codex", ".copilot", ".cursor"] {
        std::fs::create_dir(folder.join(host)).unwrap();
    }
    let question = "Set up which? Numbers or names, all, or nothing for none: ";
    let mut terminal = Terminal::start(&home, 80, &["install"], &[]);
    assert_eq!(
        terminal.wait_for(question),
        "AI hosts on this machine:\r\n\
         \x20 1  codex          not installed\r\n\
         \x20 2  cursor         not installed\r\n\
         \x20 3  copilot        not installed\r\n"
    );
    terminal.type_keys("4\r");
    terminal.wait_for("\"4\" is no number of the list and no host");
    terminal.wait_for(question);
    terminal.type_keys("copilot 1\r");
    let (printed, status) = terminal.end();
    assert_eq!(status, 0, "{printed}");
    assert!(folder.join(".codex/config.toml").exists(), "{printed}");
    assert!(folder.join(".copilot/mcp-config.json").exists());
    assert!(!folder.join(".cursor/mcp.json").exists());

    // Of a removal only those are offered that have it.
    let mut terminal = Terminal::start(&home, 80, &["install", "--remove"], &[]);
    let offered = terminal.wait_for("Take taskhold out of which? ");
    assert!(
        offered.contains("  1  codex          installed\r\n") && !offered.contains("cursor"),
        "{offered}"
    );
    terminal.type_keys("\r");
    let (printed, status) = terminal.end();
    assert_eq!(status, 1, "{printed}");
    assert!(
        printed.contains("taskhold: nothing was taken out\n"),
        "{printed}"
    );
    assert!(folder.join(".codex/config.toml").exists());
}
