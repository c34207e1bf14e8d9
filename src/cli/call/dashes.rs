//! Words that begin with a dash: which of them are flags, which are words for all that, and which ask for help by a slip.

use std::ffi::OsString;

use clap::{
    Arg, CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{command, words};
use crate::{cli::Cli, input::quick_words::tag_taken_away};

/// Stands before a word that begins with a dash and is no flag, so that it is read as a word. No program is given it.
const ESCAPE: char = '\0';

/// Returns a word as it was typed.
pub(in crate::cli) fn unescaped(word: &str) -> &str {
    word.strip_prefix(ESCAPE).unwrap_or(word)
}

/// Keeps words of `add`, of `edit` and of the text of a comment that begin with a dash from being read as flags: a dash and two
/// letters or more, or a dash and what is no flag. `-hats` would else be help. In `edit` they take a tag away, as in Taskwarrior;
/// elsewhere they are words. So the value of a short flag stands apart there: `-t home`.
pub(super) fn with_dashed_words(arguments: &[OsString]) -> Vec<OsString> {
    let mut arguments = arguments.to_vec();
    let end = words(&arguments).count();
    let Some((at, name)) = command(&arguments[..end]) else {
        return arguments;
    };
    let begin = match name {
        "add" | "edit" | "modify" | "mod" => at + 1,
        // The text begins behind the first id.
        "comment" | "annotate" => {
            let mut others = arguments[at + 1..end].iter();
            let is_id =
                |word: &OsString| *word == "-" || !word.display().to_string().starts_with('-');
            others.position(is_id).map_or(end, |id| at + id + 2)
        }
        _ => end,
    };
    let (flags, is_edit) = (Flags::of(name), matches!(name, "edit" | "modify" | "mod"));
    let mut is_value = false;
    for word in &mut arguments[begin..end] {
        let Some(text) = word.to_str() else { continue };
        let was_value = std::mem::replace(&mut is_value, flags.wants_value(text));
        if was_value || !flags.is_dashed_word(text) {
            continue;
        }
        *word = match tag_taken_away(text).filter(|_| is_edit) {
            // Wherever it stands, before the id too.
            Some(tag) => format!("--untag={tag}").into(),
            None => format!("{ESCAPE}{text}").into(),
        };
    }
    arguments
}

/// Refuses a word like `-hats` where only flags begin with a dash. As flags one by one it asks for help, and what was said is lost.
pub(super) fn help_by_slip(arguments: &[OsString]) -> Option<clap::Error> {
    let may_ask = |word: &OsString| {
        let letters = word.to_str().and_then(|word| word.strip_prefix('-'));
        letters.is_some_and(|letters| letters.len() > 1 && letters.contains(['h', 'V']))
    };
    // To know the flags of a command costs time.
    words(arguments).find(|word| may_ask(word))?;
    let end = words(arguments).count();
    let (begin, flags) = match command(&arguments[..end]) {
        Some((at, name)) => (at + 1, Flags::of(name)),
        None => (1, Flags(Vec::new())),
    };
    let mut is_value = false;
    let word = arguments[begin.min(end)..end].iter().find(|word| {
        let text = word.to_str().unwrap_or_default();
        let was_value = std::mem::replace(&mut is_value, flags.wants_value(text));
        !was_value && flags.is_help_among_others(text)
    })?;
    let mut error = clap::Error::new(ErrorKind::UnknownArgument);
    let word = ContextValue::String(word.display().to_string());
    error.insert(ContextKind::InvalidArg, word);
    Some(error)
}

/// The flags of a command.
pub(super) struct Flags(Vec<Arg>);

impl Flags {
    pub(super) fn of(name: &str) -> Self {
        let mut whole = Cli::command();
        let Some(command) = whole.find_subcommand_mut(name) else {
            return Self(Vec::new());
        };
        command.build();
        Self(command.get_arguments().cloned().collect())
    }

    /// Reports whether `word` is a flag whose value is the next word.
    pub(super) fn wants_value(&self, word: &str) -> bool {
        let Some(name) = word.strip_prefix('-') else {
            return false;
        };
        let is_it = |flag: &Arg| match name.strip_prefix('-') {
            Some(name) => flag.get_long() == Some(name),
            None => flag
                .get_short()
                .is_some_and(|short| name == short.to_string()),
        };
        let takes = |flag: &&Arg| flag.get_action().takes_values();
        matches!(word, "--db" | "--color") || self.0.iter().filter(takes).any(is_it)
    }

    /// Reports whether one of the letters behind a dash asks for help or the version, and is not alone.
    fn is_help_among_others(&self, word: &str) -> bool {
        let Some(letters) = word
            .strip_prefix('-')
            .filter(|rest| rest.chars().count() > 1)
        else {
            return false;
        };
        let is_switch = |letter: &char| {
            let mut flags = self.0.iter();
            let flag = flags.find(|flag| flag.get_short() == Some(*letter));
            flag.is_some_and(|flag| !flag.get_action().takes_values())
        };
        let first = letters
            .chars()
            .find(|letter| matches!(letter, 'h' | 'V') || !is_switch(letter));
        matches!(first, Some('h' | 'V'))
    }

    /// Reports whether `word` begins with a dash, and is no flag for all that.
    fn is_dashed_word(&self, word: &str) -> bool {
        let Some(rest) = word.strip_prefix('-') else {
            return false;
        };
        let mut letters = rest.chars();
        match (letters.next(), letters.next()) {
            (None | Some('-'), _) | (Some(_), Some('=')) => false,
            (Some(letter), None) => {
                let is_short = |flag: &Arg| flag.get_short() == Some(letter);
                !matches!(letter, 'h' | 'V') && !self.0.iter().any(is_short)
            }
            (Some(_), Some(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let taken: Vec<String> = with_dashed_words(&arguments)
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect();
        taken.join(" ")
    }

    #[test]
    fn a_tag_is_taken_away_in_an_edit_and_flags_stay_flags() {
        let cases = [
            ("edit 5 -today", "edit 5 --untag=today"),
            (
                "edit 5 -x -ä -home",
                "edit 5 --untag=x --untag=ä --untag=home",
            ),
            ("edit -home 5", "edit --untag=home 5"),
            (
                "--db /x.db --json modify 5 -home -t work",
                "--db /x.db --json modify 5 --untag=home -t work",
            ),
            (
                "edit 5 -t=home --due fri -d x -- -today",
                "edit 5 -t=home --due fri -d x -- -today",
            ),
            ("edit 5 -d -today --due -3", "edit 5 -d -today --due -3"),
            ("edit - -5 -", "edit - ESC-5 -"),
            ("edit 5 -project:x", "edit 5 ESC-project:x"),
            ("edit 5 -h -V -P -p", "edit 5 -h -V -P -p"),
            ("edit 5 -x -y", "edit 5 --untag=x -y"),
            ("add Trip -Vienna", "add Trip ESC-Vienna"),
            ("add Buy -hats -h -d -", "add Buy ESC-hats -h -d -"),
            ("add -thome to -5 -x", "add ESC-thome to ESC-5 ESC-x"),
            ("add x --key -a -b -- -c", "add x --key -a ESC-b -- -c"),
            ("comment 1 It is -hot", "comment 1 It is ESC-hot"),
            (
                "--json annotate --db /x.db 1 -Vast -h -- -x",
                "--json annotate --db /x.db 1 ESC-Vast -h -- -x",
            ),
            ("comment -hot 1", "comment -hot 1"),
            ("comment - -5 is low", "comment - ESC-5 is low"),
            ("list -thome", "list -thome"),
            ("-- edit -home", "-- edit -home"),
        ];
        for (line, expected) in cases {
            let expected = expected.replace("ESC", &ESCAPE.to_string());
            let line = format!("taskhold {line}");
            assert_eq!(taken(&line), format!("taskhold {expected}"));
        }
    }
}
