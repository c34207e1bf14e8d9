//! `watch`: the list at a terminal, drawn anew as other processes change it, and blocks in a pipe.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, SystemTime},
};

use super::{run, terminal::Terminal};
use crate::support::{Home, PATIENCE};

#[test]
fn at_a_terminal_the_list_is_drawn_anew_and_the_screen_given_back() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    let mut terminal = Terminal::start(&home, 80, &["watch"], &[]);
    assert_eq!(terminal.wait_for("\u{1b}[?1049h\u{1b}[?25l"), "");
    terminal.wait_for("first");
    run(&home, &["add", "second"]);
    terminal.wait_for("second");
    run(&home, &["done", "1"]);
    let drawn = terminal.wait_for("second");
    assert!(!drawn.contains("first"), "{drawn:?}");
    run(
        &home,
        &[
            "add",
            "A title that is too long for a narrow terminal to show in one line",
        ],
    );
    terminal.wait_for("to show in one line");
    terminal.resize(40);
    let drawn = terminal.wait_for("…");
    assert!(drawn.contains("A title that is too long"), "{drawn:?}");
    for (key, ends) in [("x", false), ("\r", false), ("q", true)] {
        terminal.type_keys(key);
        if ends {
            terminal.wait_for("\u{1b}[?25h\u{1b}[?1049l");
        } else {
            // It is not shown, and does not disturb: the next thing to be seen is a change.
            run(&home, &["add", "after a key"]);
            let drawn = terminal.wait_for("after a key");
            assert!(!drawn.starts_with(key), "{drawn:?}");
            run(&home, &["undo"]);
            terminal.wait_for("\u{1b}[J");
        }
    }
    let (printed, status) = terminal.end();
    assert_eq!((printed.as_str(), status), ("", 0));
}

#[test]
fn ctrl_c_ends_it_too() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, 80, &["watch"], &[]);
    terminal.wait_for("no tasks here");
    terminal.type_keys("\u{3}");
    let (printed, status) = terminal.end();
    assert!(printed.ends_with("\u{1b}[?25h\u{1b}[?1049l"), "{printed:?}");
    assert_eq!(status, 0);
}

#[test]
fn what_the_terminal_has_no_lines_for_is_counted() {
    let home = Home::new();
    for n in 1..=40 {
        run(&home, &["add", &format!("task {n}"), "due:2031-06-02"]);
    }
    run(&home, &["add", "late", "due:2020-06-02"]);
    let mut terminal = Terminal::start(&home, 80, &["watch"], &[("NO_COLOR", "1")]);
    let drawn = terminal.wait_for(" of 41");
    // Of 24 lines: a heading with an empty line, two headings of groups, and the count.
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines.len(), 24, "{drawn}");
    assert!(lines[0].ends_with("| q ends"), "{drawn}");
    assert_eq!((lines[2], lines[4], lines[23]), ("Overdue", "Later", "19"));
    assert!(lines[22].contains("task 18"), "{drawn}");
}

#[test]
fn a_terminal_that_cannot_be_drawn_over_is_written_to_like_a_pipe() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    let mut terminal = Terminal::start(&home, 80, &["watch"], &[("TERM", "dumb")]);
    let before = terminal.wait_for("first");
    run(&home, &["add", "second"]);
    let between = terminal.wait_for("second");
    terminal.type_keys("\u{3}");
    let (after, status) = terminal.end();
    assert_eq!(status, 0);
    assert!(!format!("{before}{between}{after}").contains('\u{1b}'));
}

#[cfg(target_os = "linux")]
#[test]
fn a_stopped_watch_gives_the_screen_back_and_draws_again_when_it_goes_on() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    let mut terminal = Terminal::start(&home, 80, &["watch"], &[]);
    terminal.wait_for("first");
    terminal.type_keys("\u{1a}");
    terminal.wait_for("\u{1b}[?25h\u{1b}[?1049l");
    let id = terminal.process_id();
    let until = std::time::Instant::now() + PATIENCE;
    let is_stopped = || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().starts_with(" T")
    };
    while !is_stopped() {
        assert!(std::time::Instant::now() < until, "it does not stop");
        std::thread::yield_now();
    }
    let went_on = std::process::Command::new("kill")
        .args(["-CONT", &id.to_string()])
        .status();
    assert!(went_on.unwrap().success());
    terminal.wait_for("\u{1b}[?1049h\u{1b}[?25l");
    terminal.wait_for("first");
    terminal.type_keys("q");
    assert_eq!(terminal.end().1, 0);
}

/// A `watch` whose output is read as it comes. It is ended with the test.
struct Piped {
    child: Child,
    lines: Receiver<String>,
}

impl Piped {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("there is one more line")
    }

    /// Returns the lines up to the next empty one.
    fn block(&mut self) -> Vec<String> {
        std::iter::from_fn(|| Some(self.line()).filter(|line| !line.is_empty())).collect()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn in_a_pipe_each_change_is_a_block_and_as_json_a_line() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    let mut lines = Piped::start(&home, &["watch"]);
    assert_eq!(lines.block(), ["1 first"]);
    run(&home, &["add", "second"]);
    assert_eq!(lines.block(), ["1 first", "2 second"]);
    let mut objects = Piped::start(&home, &["watch", "--json"]);
    assert!(objects.line().contains("\"first\""));
    run(&home, &["add", "third"]);
    assert!(objects.line().contains("\"third\""));
}

#[test]
fn a_change_that_does_not_show_is_not_printed() {
    let home = Home::new();
    run(&home, &["add", "first", "+seen"]);
    let mut list = Piped::start(&home, &["watch", "+seen"]);
    assert_eq!(list.block(), ["1 first +seen"]);
    run(&home, &["add", "elsewhere"]);
    run(&home, &["add", "second", "+seen"]);
    assert_eq!(list.block(), ["1 first +seen", "3 second +seen"]);
}

#[test]
fn what_is_deferred_comes_to_the_list_when_its_time_comes() {
    let home = Home::new();
    run(&home, &["add", "now"]);
    let mut ready = Piped::start(&home, &["watch", "ready"]);
    assert_eq!(ready.block(), ["1 now"]);
    let soon = chrono::DateTime::<chrono::Utc>::from(SystemTime::now() + Duration::from_secs(3));
    let soon = soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    // It does not show before its time, and nothing more is written then.
    run(&home, &["add", "later", &format!("defer:{soon}")]);
    assert_eq!(ready.block(), ["1 now", "2 later"]);
}

#[test]
fn a_wrong_call_is_refused_before_the_screen_is_changed() {
    let home = Home::new();
    let (printed, status) = Terminal::start(&home, 80, &["watch", "bogus"], &[]).end();
    assert_eq!(status, 2);
    assert!(
        printed.starts_with("taskhold: \"bogus\" is no view"),
        "{printed:?}"
    );
}

#[cfg(unix)]
#[test]
fn it_ends_with_whoever_reads_it_though_nothing_changes() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    let mut watch = home
        .command(&["watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1 first");
    // As `head -1` does.
    drop(lines);
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(watch.wait().unwrap()));
    let status = ended.recv_timeout(PATIENCE).expect("it ends by itself");
    assert!(status.success(), "{status}");
}
