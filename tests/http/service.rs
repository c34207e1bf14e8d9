//! `taskhold service`, with a service manager that only writes down what it was asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::Home;

/// A folder with a `systemctl` in it, which ends with a status of the test's choice.
fn manager(home: &Home, status: i32) -> PathBuf {
    let folder = home.database().with_file_name("bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("systemctl");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}/asked\nexit {status}\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn service(home: &Home, arguments: &[&str], path: &str) -> Command {
    let mut all = vec!["service"];
    all.extend(arguments);
    let mut command = home.command(&all);
    command.env("PATH", path);
    command
}

fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_is_installed_started_asked_stopped_and_removed() {
    let home = Home::new();
    let folder = manager(&home, 0);
    let path = format!("{}:/bin:/usr/bin", folder.display());
    let unit = home
        .database()
        .with_file_name(".config/systemd/user/taskhold.service");
    let run = |arguments: &[&str]| printed(service(&home, arguments, &path));
    run(&["install", "--", "--listen", "8300"]);
    let text = fs::read_to_string(&unit).unwrap();
    let database = home.database().display().to_string();
    assert!(
        text.contains(&format!(
            "\"--db\" \"{database}\" \"serve\" \"--listen\" \"8300\"\n"
        )),
        "{text}"
    );
    for line in [
        "NoNewPrivileges=yes".to_owned(),
        "ProtectSystem=strict".to_owned(),
        "ProtectHome=tmpfs".to_owned(),
        "IPAddressDeny=any".to_owned(),
        format!(
            "BindPaths=\"{}\"",
            home.database().parent().unwrap().display()
        ),
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in {text}"
        );
    }
    run(&["start"]);
    assert_eq!(run(&["status"]), "running\n");
    run(&["stop"]);
    run(&["uninstall"]);
    assert!(!unit.exists());
    assert!(home.database().exists(), "the tasks stay");
    let asked = fs::read_to_string(folder.join("asked")).unwrap();
    let verbs: Vec<&str> = asked
        .lines()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(
        verbs,
        ["enable", "start", "status", "stop", "stop", "disable"],
        "{asked}"
    );
    assert!(
        asked.lines().all(|line| line.starts_with("--user ")),
        "{asked}"
    );
}

#[test]
fn a_dry_run_shows_everything_and_does_nothing() {
    let home = Home::new();
    let folder = manager(&home, 0);
    let path = folder.display().to_string();
    let shown = printed(service(&home, &["install", "--dry-run"], &path));
    assert!(
        shown.contains(".config/systemd/user/taskhold.service")
            && shown.contains("ExecStart=")
            && shown.contains("systemctl --user enable"),
        "{shown}"
    );
    printed(service(&home, &["uninstall", "--dry-run"], &path));
    // The folder of the tests has more in it than the database.
    assert!(
        shown.contains("\nnote: the service can read and write everything in "),
        "{shown}"
    );
    assert!(!folder.join("asked").exists());
    assert!(!home.database().exists() && !home.database().with_file_name(".config").exists());
}

#[test]
fn with_options_that_could_never_start_nothing_is_installed() {
    let home = Home::new();
    let folder = manager(&home, 0);
    let path = folder.display().to_string();
    for (options, named) in [
        (["--lissten", "3"], "--lissten"),
        (["--listen", "here"], "here"),
        (["--tls-cert", "/cert.pem"], "--tls-key"),
        (["--socket=tasks.sock", "--allow-network"], "tasks.sock"),
    ] {
        let arguments = [&["install", "--"], &options[..]].concat();
        let output = service(&home, &arguments, &path).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(named), "{options:?}: {said}");
    }
    assert!(!folder.join("asked").exists());
    assert!(!home.database().exists() && !home.database().with_file_name(".config").exists());
}

#[test]
fn a_socket_is_made_where_the_sandbox_lets_it() {
    let home = Home::new();
    let text = |options: &[&str]| {
        let arguments = [&["install", "--dry-run", "--"], options].concat();
        printed(service(&home, &arguments, "/nowhere"))
    };
    assert!(!text(&[]).contains("RuntimeDirectory"));
    assert!(text(&["--socket"]).contains("\nRuntimeDirectory=taskhold\n"));
    let folder = home.database().with_file_name("run");
    fs::create_dir(&folder).unwrap();
    let option = format!("--socket={}", folder.join("tasks.sock").display());
    let bound = format!("\nBindPaths=\"{}\"\n", folder.display());
    assert!(text(&[&option]).contains(&bound));
}

#[test]
fn a_machine_without_a_service_manager_is_told_what_to_do() {
    let home = Home::new();
    let output = service(&home, &["start"], "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("taskhold serve")
    );
}

#[test]
fn a_refusal_of_the_service_manager_is_told() {
    let home = Home::new();
    let folder = manager(&home, 5);
    let path = format!("{}:/bin:/usr/bin", folder.display());
    let output = service(&home, &["start"], &path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("cannot start the service")
    );
}
