//! The README shows what a terminal shows.

use std::{fs, path::Path};

use super::normal::normal;
use crate::{shell::terminal::at_terminal, support::Home};

/// The days that were today and tomorrow when the README was written, as lists show them.
const TODAY: &str = "Sun 11-29";
const TOMORROW: &str = "Mon 11-30";

/// Returns the words of a command line.
fn words(line: &str) -> Vec<String> {
    let quotes = ['"', '\''];
    line.split(quotes)
        .enumerate()
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let home = Home::new();
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for step in block.split("$ ").skip(1) {
            let (line, expected) = step.split_once('\n').unwrap();
            let words = words(line);
            let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(arguments[0], "taskhold", "{line}");
            let (printed, status) = at_terminal(&home, 80, &arguments[1..], &[("NO_COLOR", "1")]);
            assert_eq!(status, 0, "{line}: {printed}");
            let expected = expected.replace(TODAY, "<today>");
            let expected = expected.replace(TOMORROW, "<tomorrow>");
            assert_eq!(normal(&printed), expected, "{line}");
            shown += 1;
        }
    }
    assert!(shown > 3, "the README shows commands in another way now");
}
