//! Words that begin with a dash and are no flags: `-home` leaves a tag out of a list, and takes it away in `edit`. The engine
//! would take them for short flags in a row, and offer more of those.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

use clap_complete::env::EnvCompleter;

use crate::input::quick_words::exclusion;

/// Stands before such a word, which then begins with no dash. No shell hands it over.
const MARK: char = '\0';

/// The commands that have such words.
const COMMANDS: [&str; 9] = [
    "list", "ls", "search", "find", "next", "watch", "edit", "modify", "mod",
];

/// Answers a shell that hands over its words as they are.
pub(super) struct Dashed<C>(pub(super) C);

impl<C: EnvCompleter> EnvCompleter for Dashed<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        bin: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        self.0
            .write_registration(variable, name, bin, completer, script)
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        answer: &mut dyn Write,
    ) -> io::Result<()> {
        self.0
            .write_complete(command, marked(arguments), folder, answer)
    }
}

/// Marks such words among the words of a line.
pub(super) fn marked(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_command = |word: &OsString| COMMANDS.iter().any(|command| word == command);
    let begin = words.iter().position(is_command).unwrap_or(words.len());
    for word in words
        .iter_mut()
        .skip(begin)
        .take_while(|word| *word != "--")
    {
        if let Some(text) = word.to_str()
            && exclusion(text).is_some()
        {
            *word = format!("{MARK}{text}").into();
        }
    }
    words
}

/// Returns a word as it was typed.
pub(super) fn unmarked(typed: &str) -> &str {
    typed.trim_start_matches(MARK)
}
