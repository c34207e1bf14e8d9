//! What lies at the paths of the tokens: whatever it is, no request without a token comes in, and nothing waits for it.

#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use crate::{
    daemon::Daemon,
    support::{Home, PATIENCE, exit_status, read_all},
    wire::Wire,
};

fn own_file(home: &Home) -> PathBuf {
    home.database().with_extension("db.token")
}

fn further_file(home: &Home) -> PathBuf {
    home.database().with_extension("db.tokens.json")
}

/// Runs a command line to its end, and returns how it ended and what it printed and said.
fn run(home: &Home, arguments: &[&str]) -> (ExitStatus, String) {
    let mut command = home.command(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let printed = read_all(child.stdout.take().unwrap());
    let said = read_all(child.stderr.take().unwrap());
    let what = format!("the end of {arguments:?}");
    let (status, said) = exit_status(&mut child, &said, PATIENCE, &what);
    (status, printed.recv_timeout(PATIENCE).unwrap() + &said)
}

/// Runs a command that must fail, and returns what it said.
fn refusal(home: &Home, arguments: &[&str]) -> String {
    let (status, said) = run(home, arguments);
    assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
    said
}

fn status(daemon: &Daemon, token: Option<&str>) -> u16 {
    Wire::new(daemon.port, token).get("/readyz").status
}

/// Contents of a token file that hold no token.
const NO_TOKEN: [&[u8]; 8] = [
    b"",
    b"\n",
    b" \t\r\n \n",
    b"short\n",
    b"1234567890123456789012345678901\n",
    b"one token of two words, long enough otherwise\n",
    b"0123456789012345678901234567890123456789\0\n",
    b"0123456789012345678901234567890123456789\xff\n",
];

#[test]
fn a_token_file_without_a_token_lets_nobody_in() {
    for content in NO_TOKEN {
        let home = Home::new();
        let mut daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
        let further = home.run(&["token", "add", "--name", "further"]);
        assert_eq!(status(&daemon, Some(further.trim())), 200);
        std::fs::write(own_file(&home), content).unwrap();
        let shown = String::from_utf8_lossy(content);
        for _ in 0..3 {
            assert_eq!(status(&daemon, None), 401, "{shown:?}");
            for token in ["", " ", "x", &daemon.token, further.trim()] {
                let status = status(&daemon, Some(token));
                assert!(status >= 400, "{shown:?} let {token:?} in: {status}");
            }
        }
        let content = shown.trim();
        if content.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            assert!(status(&daemon, Some(content)) >= 400, "{content:?} came in");
        }
        for arguments in [&["token", "show"][..], &["doctor"]] {
            let said = refusal(&home, arguments);
            assert!(said.contains("taskhold token rotate"), "{said}");
            assert!(said.contains("tasks.db.token"), "{said}");
        }
        let anew = home.run(&["token", "rotate"]);
        assert_eq!(status(&daemon, Some(anew.trim())), 200);
        assert_eq!(status(&daemon, Some(further.trim())), 200);
        let said = daemon.stop();
        assert_eq!(said.matches("taskhold token rotate").count(), 1, "{said}");
    }
}

#[test]
fn no_daemon_starts_on_a_token_file_without_a_token() {
    let home = Home::new();
    for content in NO_TOKEN {
        // The file keeps the mode that its owner alone can read it.
        home.run(&["token", "rotate"]);
        std::fs::write(own_file(&home), content).unwrap();
        let said = refusal(&home, &["serve", "--listen", "0"]);
        assert!(said.contains("taskhold token rotate"), "{said}");
        assert!(said.contains("tasks.db.token"), "{said}");
        let connect = ["mcp", "--connect", "http://127.0.0.1:1/mcp"];
        assert!(refusal(&home, &connect).contains("taskhold token rotate"));
    }
    home.run(&["token", "rotate"]);
    Daemon::start(&home, &[]).stop();
}

#[test]
fn a_further_token_that_nothing_or_nobody_fits_is_damage() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
    let further = home.run(&["token", "add", "--name", "further"]);
    let good = std::fs::read_to_string(further_file(&home)).unwrap();
    let hash = good
        .lines()
        .find_map(|line| line.trim().strip_prefix("\"hash\": \""))
        .unwrap()
        .trim_end_matches('"');
    // SHA-256 of nothing, of another length, of no base64; and names that `token add` refuses.
    let of_nothing = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let cases = [
        good.replace(hash, of_nothing),
        good.replace(hash, ""),
        good.replace(hash, &hash[..40]),
        good.replace(hash, &format!("{hash}{hash}")),
        good.replace(hash, "!"),
        good.replace("further", "main"),
        good.replace("further", ""),
        String::new(),
        "{}".to_owned(),
    ];
    for case in cases {
        std::fs::write(further_file(&home), &case).unwrap();
        assert_eq!(status(&daemon, None), 401, "{case}");
        for token in ["", " ", "x", further.trim()] {
            let status = status(&daemon, Some(token));
            assert!(status >= 400, "{case} let {token:?} in: {status}");
        }
        assert_eq!(status(&daemon, Some(&daemon.token)), 200, "{case}");
        let said = refusal(&home, &["token", "list"]);
        assert!(said.contains("taskhold token add"), "{said}");
        assert!(refusal(&home, &["doctor"]).contains("taskhold token add"));
    }
    std::fs::write(further_file(&home), good).unwrap();
    assert_eq!(status(&daemon, Some(further.trim())), 200);
}

/// Puts something that is no file of ours at `path`, where a good one was.
#[cfg(unix)]
fn plant(what: &str, path: &Path) {
    let aside = path.with_extension("aside");
    std::fs::rename(path, &aside).unwrap();
    match what {
        "a pipe" => {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }
        "a folder" => std::fs::create_dir(path).unwrap(),
        "a link" => std::os::unix::fs::symlink(&aside, path).unwrap(),
        "another name" => std::fs::hard_link(&aside, path).unwrap(),
        _ => unreachable!(),
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_of_ours_at_the_path_of_a_token_is_not_read_and_not_waited_for() {
    for what in ["a pipe", "a folder", "a link", "another name"] {
        let home = Home::new();
        let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
        let further = home.run(&["token", "add", "--name", "further"]);
        plant(what, &further_file(&home));
        assert_eq!(status(&daemon, None), 401, "{what}");
        assert!(status(&daemon, Some(further.trim())) >= 400, "{what}");
        assert_eq!(status(&daemon, Some(&daemon.token)), 200, "{what}");
        for arguments in [
            &["token", "list"][..],
            &["token", "add", "--name", "more"],
            &["token", "revoke", "--name", "further"],
            &["doctor"],
        ] {
            let said = refusal(&home, arguments);
            assert!(said.contains("tasks.db.tokens.json"), "{what}: {said}");
            assert!(said.contains("move it away"), "{what}: {said}");
        }
        plant(what, &own_file(&home));
        assert_eq!(status(&daemon, None), 401, "{what}");
        assert!(status(&daemon, Some(&daemon.token)) >= 400, "{what}");
        for arguments in [&["token", "show"][..], &["doctor"]] {
            let said = refusal(&home, arguments);
            assert!(said.contains("tasks.db.token "), "{what}: {said}");
            assert!(said.contains("taskhold token rotate"), "{what}: {said}");
        }
        drop(daemon);
        let said = refusal(&home, &["serve", "--listen", "0"]);
        assert!(said.contains("taskhold token rotate"), "{what}: {said}");
    }
}
