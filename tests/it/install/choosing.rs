//! `install` without a host, where nobody can be asked. How a person is asked is among the tests of the terminal.

use super::*;

/// Runs `install`, which must say that it was called wrongly, and returns what it said.
fn wrong_call(machine: &Machine, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = machine.output(arguments, variables);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_hosts_on_the_machine_are_named_with_the_command_that_sets_them_up() {
    let machine = Machine::new();
    machine.has(".codex/config.toml", "");
    machine.has(".gemini/settings.json", "{}");
    assert_eq!(
        wrong_call(&machine, &[], &[]),
        "taskhold: no host is named; on this machine are codex, gemini\n\
         hint: taskhold install codex gemini\n"
    );
    assert_eq!(machine.says(".codex/config.toml"), "");

    assert_eq!(
        wrong_call(&machine, &["--remove"], &[]),
        "taskhold: no host is named, and taskhold was found in none\n\
         hint: taskhold install --list names the hosts and their files\n"
    );
    machine.install(&["gemini"]);
    assert_eq!(
        wrong_call(&machine, &["--remove"], &[]),
        "taskhold: no host is named; taskhold is in gemini\n\
         hint: taskhold install --remove gemini\n"
    );
}

#[test]
fn a_host_that_has_never_run_is_found_by_its_program() {
    let machine = Machine::new();
    let file = format!("bin/opencode{}", if cfg!(windows) { ".exe" } else { "" });
    let program = machine.has(&file, "");
    let search = program.parent().unwrap().to_str().unwrap();
    let said = wrong_call(&machine, &[], &[("PATH", search)]);
    assert!(said.contains("on this machine are opencode\n"), "{said}");
    let listed = machine.output(&["--list"], &[("PATH", search)]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("\nopencode       not installed  "),
        "{listed}"
    );
}
