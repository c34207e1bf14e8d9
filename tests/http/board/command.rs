//! `taskhold board`, run where a browser is a program of the test's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::support::{PATIENCE, exit_status, read_all};

/// A folder with a browser that keeps what it was told to open: its arguments, the file and the mode of that.
struct Browser(tempfile::TempDir);

impl Browser {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\ncd {}\nls -ln \"$1\" > mode\ncp \"$1\" page\necho \"$@\" > new\nmv new arguments\n",
            folder.path().display()
        );
        let program = folder.path().join("xdg-open");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(&program, folder.path().join("open")).unwrap();
        Self(folder)
    }

    fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.command(arguments);
        command
            .env("PATH", self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn kept(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Waits until it was started, and returns the file that it was told to open.
    fn started(&self) -> PathBuf {
        let since = Instant::now();
        while !self.0.path().join("arguments").exists() {
            assert!(since.elapsed() < PATIENCE, "no browser was started");
            std::thread::yield_now();
        }
        self.kept("arguments").trim().into()
    }
}

/// Returns the port and the code of the address in a text.
fn address(text: &str) -> (u16, String) {
    let (_, rest) = text.split_once("http://127.0.0.1:").unwrap();
    let (port, rest) = rest.split_once("/#code=").unwrap();
    let is_code = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    (
        port.parse().unwrap(),
        rest.chars().take_while(is_code).collect(),
    )
}

fn end(mut child: Child) -> (Option<i32>, String, String) {
    let said = read_all(child.stderr.take().unwrap());
    let printed = read_all(child.stdout.take().unwrap());
    let (status, said) = exit_status(&mut child, &said, PATIENCE, "the end of board");
    (status.code(), printed.recv_timeout(PATIENCE).unwrap(), said)
}

#[test]
fn it_opens_the_page_of_the_daemon_by_a_private_file_that_is_gone_when_it_was_used() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let browser = Browser::new();
    let child = browser
        .command(&home, &["board", "--read-only"])
        .spawn()
        .unwrap();
    let file = browser.started();
    let (port, code) = address(&browser.kept("page"));
    assert_eq!(port, daemon.port);
    // Not hidden, and in the home folder itself: a browser from a snap reads nothing else.
    assert_eq!(file.parent(), Some(home.database().parent().unwrap()));
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("taskhold-board-") && file.extension().is_some_and(|end| end == "html"),
        "{name}"
    );
    assert!(
        browser.kept("mode").starts_with("-rw-------"),
        "{}",
        browser.kept("mode")
    );
    // Others can read the arguments of a process.
    let processes = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
    let processes = String::from_utf8_lossy(&processes).into_owned() + &browser.kept("arguments");
    assert!(!processes.contains(&code), "{processes}");
    assert!(file.exists());
    let answer = sign_in(&daemon, &code);
    assert_eq!(json_of(&answer)["read_only"], true);
    let (status, printed, said) = end(child);
    assert_eq!((status, said.as_str()), (Some(0), ""));
    assert_eq!(
        printed,
        format!("the board is open at http://127.0.0.1:{}/\n", daemon.port)
    );
    assert!(!file.exists());
}

#[test]
fn it_serves_the_page_itself_where_no_daemon_runs_until_it_is_told_to_end() {
    let home = Home::new();
    home.run(&["add", "By the shell"]);
    let browser = Browser::new();
    let child = browser.command(&home, &["board"]).spawn().unwrap();
    let file = browser.started();
    let (port, code) = address(&browser.kept("page"));
    let body = json!({ "code": code }).to_string();
    let request = format!(
        "POST /board/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n{JSON}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = exchange(port, request.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let token = serde_json::from_str::<Value>(body).unwrap()["token"].clone();
    let mut page = Wire::new(port, token.as_str());
    let board = call(&mut page, "board_read", json!({}));
    assert!(text(&board).contains("By the shell"), "{board}");
    let since = Instant::now();
    while file.exists() {
        assert!(since.elapsed() < PATIENCE, "{} is left", file.display());
        std::thread::yield_now();
    }
    drop(page);
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let (status, printed, said) = end(child);
    // It is no log that the person at the terminal wants.
    assert_eq!((status, said.as_str()), (Some(0), ""));
    assert!(
        printed.contains(&format!("the board is open at http://127.0.0.1:{port}/")),
        "{printed}"
    );
}

#[test]
fn it_prints_an_address_that_signs_in_once() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let (port, code) = address(&home.run(&["board", "--print"]));
    assert_eq!(port, daemon.port);
    assert_eq!(sign_in(&daemon, &code).status, 200);
    assert_eq!(sign_in(&daemon, &code).status, 401);
    let printed: Value = serde_json::from_str(&home.run(&["board", "--print", "--json"])).unwrap();
    let (_, code) = address(printed["url"].as_str().unwrap());
    assert_eq!(printed["seconds"], 60);
    assert_eq!(sign_in(&daemon, &code).status, 200);
}

#[test]
fn the_own_token_is_sent_only_where_a_daemon_of_this_database_listens() {
    let home = Home::new();
    home.run(&["token", "show"]);
    // A program of somebody else's has the port that a daemon left behind when it was killed.
    let theirs = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let port = theirs.local_addr().unwrap().port();
    let notice = home.database().with_file_name("tasks.db.daemon");
    fs::write(&notice, format!("http://127.0.0.1:{port}/mcp\n")).unwrap();
    fs::set_permissions(&notice, fs::Permissions::from_mode(0o600)).unwrap();
    let browser = Browser::new();
    let mut child = browser
        .command(&home, &["board", "--print"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.as_mut().unwrap()),
        &mut line,
    )
    .unwrap();
    assert_ne!(address(&line).0, port);
    assert!(theirs.accept().is_err(), "it spoke to another program");
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn without_a_browser_it_says_how_the_page_is_opened_by_hand() {
    let home = Home::new();
    let _daemon = Daemon::start(&home, &[]);
    let nothing = tempfile::tempdir().unwrap();
    let mut command = home.command(&["board"]);
    command.env("PATH", nothing.path());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no browser could be started") && said.contains("taskhold board --print"),
        "{said}"
    );
    let left = fs::read_dir(home.database().parent().unwrap()).unwrap();
    let names: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !names.iter().any(|name| name.contains("board")),
        "{names:?}"
    );
}

#[test]
fn where_the_daemon_is_reached_by_its_socket_alone_it_says_what_to_do() {
    let home = Home::new();
    let path = home.database().with_file_name("run").join("tasks.sock");
    fs::create_dir(path.parent().unwrap()).unwrap();
    // A notice as such a daemon writes it, under a lock that is held.
    let _daemon = Daemon::start(&home, &[]);
    let notice = home.database().with_file_name("tasks.db.daemon");
    fs::write(&notice, format!("{}\n", path.display())).unwrap();
    let output = home.command(&["board", "--print"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("listens on a socket alone") && said.contains("--listen 8275"),
        "{said}"
    );
}

#[test]
fn a_signal_ends_it_while_a_daemon_does_not_answer() {
    let home = Home::new();
    // A daemon that listens and says nothing, as one that is suspended: its lock is held by another.
    let _daemon = Daemon::start(&home, &[]);
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let notice = home.database().with_file_name("tasks.db.daemon");
    fs::write(&notice, format!("http://127.0.0.1:{port}/mcp\n")).unwrap();
    for signal in ["-TERM", "-INT"] {
        let child = Browser::new()
            .command(&home, &["board", "--print"])
            .spawn()
            .unwrap();
        // It has asked, so it listens for signals.
        let (mut question, _) = silent.accept().unwrap();
        assert_eq!(question.read(&mut [0; 1]).unwrap(), 1);
        let sent = Instant::now();
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let (status, printed, said) = end(child);
        assert_eq!(
            (status, printed.as_str(), said.as_str()),
            (Some(0), "", ""),
            "{signal}"
        );
        assert!(sent.elapsed().as_secs() < 4, "{signal}: it waited on");
    }
}
