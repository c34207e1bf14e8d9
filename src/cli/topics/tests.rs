use std::{ffi::OsString, fs, path::Path};

use clap::error::ErrorKind;

use super::*;
use crate::{
    cli::{call, whole},
    domain::{
        repeat::Repeat,
        when::{When, Zone},
    },
};

/// Returns the examples of a text.
fn examples(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| line.split("  ").next())
        .collect()
}

/// Returns the words of a command line. Quotes hold words together; what is written or piped elsewhere is left out.
fn words(line: &str) -> Vec<String> {
    let line = line.split(['>', '|']).next().unwrap();
    line.split(['"', '\''])
        .enumerate()
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

fn must_parse(line: &str) {
    // On Windows the daemon has no Unix socket, and its documents are those of every system.
    if cfg!(windows) && (line.contains("--socket") || line.contains("unix:")) {
        return;
    }
    let words: Vec<OsString> = words(line).into_iter().map(OsString::from).collect();
    if let Err(error) = call::parse(&words) {
        let answered = matches!(
            error.kind(),
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
        );
        assert!(answered, "{line}: {error}");
    }
}

/// Reads `text` as what `topic` is about, the way a call does.
fn read(topic: &str, text: &str) {
    let now = 1_800_000_000_000;
    let zone = Zone::named("Europe/Berlin").unwrap();
    let refused = match topic {
        "dates" => When::read(text, now, zone)
            .err()
            .map(|error| error.to_string()),
        "repeat" => Repeat::read(text).err().map(|error| error.to_string()),
        _ => return must_parse(text),
    };
    assert_eq!(refused, None, "{topic}: {text}");
}

#[test]
fn every_example_of_a_topic_is_read() {
    for topic in TOPICS {
        let examples = examples(topic.text);
        assert!(examples.len() > 1, "{} has no examples", topic.word);
        for example in examples {
            read(topic.word, example);
        }
    }
}

#[test]
fn every_command_has_examples_and_each_is_a_call_of_it() {
    for command in whole().get_subcommands() {
        let name = command.get_name();
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_else(|| panic!("{name} has no examples"));
        let examples: Vec<&str> = help
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .map(|line| line.split("  ").next().unwrap())
            .collect();
        assert!(!examples.is_empty(), "{name} has no examples");
        for example in examples {
            // Of several commands in a pipe, this one must be among them.
            let mut calls = example.split('|').map(str::trim);
            let call = calls.find(|call| words(call).get(1).is_some_and(|word| word == name));
            must_parse(call.unwrap_or_else(|| panic!("{example} is no call of {name}")));
        }
    }
}

#[test]
fn every_command_in_a_document_is_a_call() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut calls = 0;
    for path in docs.chain([root.join("README.md"), root.join("CONTRIBUTING.md")]) {
        let text = fs::read_to_string(path).unwrap();
        let blocks = text.split("```sh\n").skip(1);
        let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
        for line in lines {
            let line = line.split("  #").next().unwrap().trim_end();
            for call in line.split('|').map(str::trim) {
                if call.starts_with("taskhold ") {
                    must_parse(call);
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 40, "commands are written in another way now");
}

#[test]
fn no_topic_is_named_like_a_command() {
    for topic in TOPICS {
        assert!(
            whole().find_subcommand(topic.word).is_none(),
            "{}",
            topic.word
        );
    }
}

#[test]
fn texts_fit_a_narrow_terminal() {
    for topic in TOPICS {
        for line in topic.text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", topic.word);
        }
    }
}
