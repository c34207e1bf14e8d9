//! Which tasks a command is about: ids as arguments, or one at the beginning of each line of standard input.

use super::{CliResult, Failure, input::stdin_lines, report::say};
use crate::{
    domain::{
        task::{TaskId, shortened},
        text::{self, counted},
    },
    render::ROUND_DONE,
};

/// The most lines of standard input that are read for ids.
const MOST_LINES: usize = 1_000_000;

/// The tasks a command is about.
#[derive(Debug, clap::Args)]
pub(super) struct IdArgs {
    /// Tasks, as 12, #12 or 12,13; - reads them from standard input, those at the beginning of each line
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Ids>,
}

/// One argument: ids with commas between them, or - for those on standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    Tasks(Vec<TaskId>),
    Stdin,
}

impl std::str::FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        let ids: Result<Vec<TaskId>, _> = text.split(',').map(str::parse).collect();
        ids.map(Self::Tasks)
            .map_err(|_| "an id is a whole number from 1, like 12, #12 or 12,13".to_owned())
    }
}

impl Ids {
    /// Returns the tasks that the arguments name, in their order and each once. Reads standard input if one of them says so;
    /// that it names no task is no failure, as a list may be empty.
    pub(super) fn read(named: &[Self]) -> CliResult<Vec<TaskId>> {
        let mut ids = Vec::new();
        for one in named {
            match one {
                Self::Tasks(more) => ids.extend(more),
                Self::Stdin => from_stdin(&mut ids)?,
            }
        }
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        Ok(ids)
    }

    /// Takes the ids that lead `words` off them: for commands that take other words after the tasks.
    pub(super) fn leading(words: &mut Vec<String>) -> Vec<Self> {
        let is_one = |word: &&String| matches!(word.parse(), Ok(Self::Tasks(_)));
        let count = words.iter().take_while(is_one).count();
        let taken = words.drain(..count);
        taken.filter_map(|word| word.parse().ok()).collect()
    }
}

impl IdArgs {
    /// Returns the tasks, in the order they were named; none if standard input names none.
    pub(super) fn read(&self) -> CliResult<Vec<TaskId>> {
        Ids::read(&self.ids)
    }
}

/// Takes the first word of each line, so that lines of `list` can be piped in as they are. A finished round of a series is passed over:
/// its id is that of the series, which goes on. Lines of other commands, which may begin with a number too, are refused.
fn from_stdin(ids: &mut Vec<TaskId>) -> CliResult {
    let mut rounds = 0;
    for line in stdin_lines(MOST_LINES) {
        let (number, line) = line?;
        let Some(word) = line.split_whitespace().next() else {
            continue;
        };
        if let Some(of) = other_number(&line) {
            return Err(Failure::input(format!(
                "standard input, line {number}: it begins with {of}, not with a task"
            ))
            .with_hint("taskhold list prints lines that begin with a task"));
        }
        if line.contains(&format!(" ({ROUND_DONE} ")) {
            rounds += 1;
            continue;
        }
        match word.parse() {
            Ok(Ids::Tasks(more)) => ids.extend(more),
            Ok(Ids::Stdin) | Err(_) => {
                return Err(no_id(number, word));
            }
        }
    }
    say_rounds(rounds);
    Ok(())
}

/// Tells the user how many finished rounds were left out; nothing if none were.
pub(super) fn say_rounds(count: i64) {
    if count > 0 {
        let rounds = counted(count, "finished round");
        say(&[format!("passed over {rounds} of series that go on")]);
    }
}

/// Refuses the first word of a line, and names a character in it that cannot be seen.
fn no_id(line: usize, word: &str) -> Failure {
    let is_unseen = |c: &char| text::clean(c.encode_utf8(&mut [0; 4])).altered;
    let unseen = word.chars().find(is_unseen);
    let why = unseen.map_or_else(String::new, |c| {
        format!(
            ": it has the character U+{:04X}, which cannot be seen",
            u32::from(c)
        )
    });
    let word = shortened(&text::clean(word).text, 40);
    Failure::input(format!(
        "standard input, line {line}: \"{word}\" is no id{why}"
    ))
    .with_hint("a line begins with one, or with several and commas between them: 12, #12 or 12,13")
}

/// Returns what a line of ours begins with that is the line of no task: one of `log`, or of `projects` and `tags`.
fn other_number(line: &str) -> Option<&'static str> {
    let is_time = |word: &str| chrono::DateTime::parse_from_rfc3339(word).is_ok();
    if line.split_whitespace().nth(1).is_some_and(is_time) {
        return Some("a group of changes");
    }
    let (_, count) = line.trim_end().split_once('\t')?;
    count
        .parse::<u32>()
        .is_ok()
        .then_some("a name, with a count behind it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_in_an_id_is_named() {
        for (word, said) in [
            ("3x", "standard input, line 2: \"3x\" is no id"),
            (
                "\u{1b}3",
                "standard input, line 2: \"3\" is no id: it has the character U+001B, which cannot be seen",
            ),
            (
                "3\u{200b}",
                "standard input, line 2: \"3\" is no id: it has the character U+200B, which cannot be seen",
            ),
        ] {
            assert_eq!(no_id(2, word).to_string(), said);
        }
    }

    #[test]
    fn ids_lead_and_words_follow() {
        let cases: [(&[&str], &[&str], &[&str]); 5] = [
            (&["2", "+bulk"], &["2"], &["+bulk"]),
            (&["#2", "3,4", "due:"], &["#2", "3,4"], &["due:"]),
            (&["Buy", "2"], &[], &["Buy", "2"]),
            (&["-", "2"], &[], &["-", "2"]),
            (&["2", "3 eggs"], &["2"], &["3 eggs"]),
        ];
        for (words, ids, rest) in cases {
            let mut words: Vec<String> = words.iter().map(ToString::to_string).collect();
            let ids: Vec<Ids> = ids.iter().map(|id| id.parse().unwrap()).collect();
            assert_eq!(Ids::leading(&mut words), ids, "{words:?}");
            assert_eq!(words, rest);
        }
    }
}
