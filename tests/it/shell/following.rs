//! `watch`: the list at a terminal, drawn anew as other processes change it, and blocks in a pipe.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use super::{run, terminal::Terminal};
use crate::support::Home;

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
    terminal.type_keys("\u{3}");
    terminal.wait_for("\u{1b}[?25h\u{1b}[?1049l");
    let (printed, status) = terminal.end();
    assert_eq!((printed.as_str(), status), ("", 0));
}

#[test]
fn in_a_pipe_each_change_is_a_block_and_as_json_a_line() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    for (flags, blocks) in [
        (&["watch"][..], ["1 first\n\n", "1 first\n2 second\n\n"]),
        (&["watch", "--json"], ["\"first\"", "\"third\""]),
    ] {
        let mut child = home
            .command(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut next = |is_json: bool| {
            let mut block = String::new();
            while lines.read_line(&mut block).unwrap() > 0 && !is_json && !block.ends_with("\n\n") {
            }
            block
        };
        let is_json = flags.len() > 1;
        let title = if is_json { "third" } else { "second" };
        assert!(next(is_json).contains(blocks[0]), "{flags:?}");
        run(&home, &["add", title]);
        let block = next(is_json);
        assert!(block.contains(blocks[1]), "{flags:?}: {block}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
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
