//! The command line as the shell hands it over: what is taken otherwise than clap would, and what clap says is wrong
//! with it, told as any other failure.

use std::ffi::{OsStr, OsString};

use clap::{
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Cli, Failure, completions, failed, screen::Screen, share::code_as_argument, whole};
use crate::{
    config::Color,
    input::quick_words::{exclusion, words_of_list},
    share::code,
};
use dashes::{Flags, help_by_slip, with_dashed_words};

mod dashes;

pub(super) use dashes::unescaped;

/// The exit status of a call that was wrong.
const USAGE: i32 = 2;

/// Reads the command line. What only has to be printed, such as help, is printed, and ends the program; so does what is
/// wrong with it. Where a shell asks what could stand there, that is answered instead.
pub(super) fn read() -> Cli {
    completions::answer();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments
        .iter()
        .any(|argument| code::is_in(&argument.to_string_lossy()))
    {
        // Before anything that would quote it is said.
        let screen = Screen::new(wants_json(&arguments), Color::Never);
        let failure = code_as_argument();
        let _ = failed(&failure, screen, None);
        std::process::exit(USAGE);
    }
    parse(&arguments).unwrap_or_else(|error| {
        let error = match error.kind() {
            // In the help of the program, every command is told of.
            ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let again = whole().try_get_matches_from(&arguments);
                again.err().unwrap_or(error)
            }
            _ => error,
        };
        // Nothing is parsed that could say how to print it.
        let wants_json = wants_json(&arguments);
        let is_help = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => !wants_json,
            _ => !error.use_stderr(),
        };
        if is_help {
            error.exit();
        }
        let screen = Screen::new(wants_json, Color::Never);
        let _ = failed(&of_clap(&error, &arguments), screen, None);
        std::process::exit(error.exit_code())
    })
}

pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let arguments = with_exclusions(with_dashed_words(arguments));
    match help_by_slip(&arguments) {
        Some(error) => Err(error),
        None => Cli::try_parse_from(arguments),
    }
}

/// Returns the words before `--`.
fn words(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    arguments.iter().take_while(|argument| *argument != "--")
}

fn wants_json(arguments: &[OsString]) -> bool {
    let is_json = |word: &OsStr| {
        word.to_str()
            .is_some_and(|word| word == "--json" || word.starts_with("--json="))
    };
    words(arguments).any(|word| is_json(word))
}

/// Turns `-TAG` and `-project:NAME` among the words of a list into `--without=TAG`: it is how Taskwarrior leaves tasks out, and
/// would else be flags, `-home` the help.
fn with_exclusions(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let end = words(&arguments).count();
    let begin = match command(&arguments[..end]) {
        Some((at, name)) if LISTS.contains(&name) => at + 1,
        _ => end,
    };
    let words: Vec<OsString> = arguments.drain(begin..end).collect();
    let words = words.into_iter().flat_map(|word| match word.to_str() {
        Some(text) if exclusion(text).is_some() => {
            let each = words_of_list(text).into_iter();
            each.map(|word| match exclusion(&word) {
                Some(without) => format!("--without={without}").into(),
                None => word.into(),
            })
            .collect()
        }
        _ => vec![word],
    });
    arguments.splice(begin..begin, words.collect::<Vec<_>>());
    arguments
}

/// The commands whose words narrow a list down.
const LISTS: [&str; 6] = ["list", "ls", "search", "find", "next", "watch"];

/// Returns the command among `words`, and where it stands.
fn command(words: &[OsString]) -> Option<(usize, &str)> {
    let mut at = 1;
    loop {
        match words.get(at)?.to_str()? {
            "--db" | "--color" => at += 2,
            flag if flag.starts_with('-') => at += 1,
            command => return Some((at, command)),
        }
    }
}

/// What clap says in paragraphs: what is wrong, a tip, how it would be right.
pub(super) fn of_clap(error: &clap::Error, arguments: &[OsString]) -> Failure {
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return Failure::call("there is no command", "taskhold --help lists them");
        }
        ErrorKind::InvalidUtf8 => {
            let mut arguments = arguments.iter().enumerate().skip(1);
            let wrong = arguments.find(|(_, argument)| argument.to_str().is_none());
            if let Some((number, wrong)) = wrong {
                return Failure::call(
                    format!(
                        "argument {number}, \"{}\", is no UTF-8 text",
                        wrong.display()
                    ),
                    "iconv -t UTF-8 turns other text into it",
                );
            }
        }
        _ => {}
    }
    if let Some(failure) = negative_number(error, arguments) {
        return failure;
    }
    let said = error.render().to_string();
    let mut paragraphs = said.split("\n\n").map(one_line);
    let what = paragraphs.next().unwrap_or_default();
    let mut ways: Vec<String> = Vec::new();
    let exclusion = excluded_by_one_letter(error, arguments);
    let is_exclusion = exclusion.is_some();
    ways.extend(meant(error).or(exclusion));
    for paragraph in paragraphs {
        if let Some(tip) = paragraph.strip_prefix("tip: ").filter(|_| !is_exclusion) {
            ways.push(tip.replace(" tip: ", "; "));
        } else if let Some(usage) = paragraph.strip_prefix("Usage: ") {
            ways.push(format!("usage: {usage}"));
        }
    }
    if ways.is_empty() {
        let command = command(arguments).map_or(String::new(), |(_, name)| format!("{name} "));
        ways.push(format!("taskhold {command}--help tells what it takes"));
    }
    let mut what = what.trim_start_matches("error: ").to_owned();
    for (theirs, ours) in IN_OUR_WORDS {
        what = what.replace(theirs, ours);
    }
    Failure::call(what, ways.join("; "))
}

/// What the standard library and the tools of models say, as a person at a shell understands it.
const IN_OUR_WORDS: [(&str, &str); 2] = [
    ("invalid digit found in string", "it is no whole number"),
    ("task_id must be", "an id must be"),
];

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the command that was meant, where clap finds nothing near.
fn meant(error: &clap::Error) -> Option<String> {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand if said(ContextKind::InvalidSubcommand)? == "version" => {
            Some("taskhold --version".to_owned())
        }
        ErrorKind::ValueValidation if is_id(said(ContextKind::InvalidArg)?) => {
            let word = said(ContextKind::InvalidValue)?;
            Some(if word.starts_with(char::is_alphabetic) {
                format!("taskhold search {word} finds ids by words")
            } else {
                "taskhold list shows the ids".to_owned()
            })
        }
        _ => None,
    }
}

/// Returns how a tag is left out of a list that would be a flag, alone or with its value: `-x`, `-x5`.
fn excluded_by_one_letter(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let (_, name) = command(arguments).filter(|(_, name)| LISTS.contains(name))?;
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut letters = word.strip_prefix('-')?.chars();
    letters.next().filter(|letter| letter.is_alphabetic())?;
    let is_one = error.kind() == ErrorKind::UnknownArgument && letters.next().is_none();
    // clap names as much of a word as it has looked at.
    let mut words = words(arguments).filter_map(|word| word.to_str());
    let tag = words.find(|whole| whole.starts_with(word.as_str()))?;
    let tag = tag.trim_start_matches('-');
    is_one.then(|| {
        format!("one letter is a flag; taskhold {name} -tags:{tag} leaves out the tag {tag}")
    })
}

/// Returns what is wrong with a word like `-1`, which clap takes for a flag, and what may stand there.
fn negative_number(error: &clap::Error, arguments: &[OsString]) -> Option<Failure> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let digits = word.strip_prefix('-')?;
    if error.kind() != ErrorKind::UnknownArgument
        || !digits.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let (at, name) = command(arguments)?;
    let flags = Flags::of(name);
    // clap names as much of a word as it has looked at.
    let is_it = |argument: &&[OsString]| {
        let [flag, value] = argument else {
            return false;
        };
        let is_value = value
            .to_str()
            .is_some_and(|value| value.starts_with(word.as_str()));
        is_value && flag.to_str().is_some_and(|flag| flags.wants_value(flag))
    };
    let pair = arguments[at..].windows(2).find(is_it);
    Some(match pair {
        Some([flag, value]) => {
            let (flag, value) = (flag.display(), value.display());
            let hint = format!("taskhold {name} --help tells what {flag} takes");
            Failure::call(
                format!("{flag} takes no value that begins with a dash, as {value} does"),
                hint,
            )
        }
        _ => Failure::call(
            format!("{word} is neither a flag of {name} nor an id"),
            "ids are whole numbers from 1, like 12, #12 or 12,13; words that begin with a dash stand after --",
        ),
    })
}

/// Reports whether an argument, as clap shows it, is an id.
fn is_id(argument: &str) -> bool {
    ["<ID>", "[ID]"].iter().any(|id| argument.starts_with(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_below_zero_is_told_of_with_what_may_stand_there() {
        let no_id = "is neither a flag of done nor an id";
        for (line, said) in [
            (
                "list -n -1",
                "-n takes no value that begins with a dash, as -1 does",
            ),
            (
                "list --due -1d",
                "--due takes no value that begins with a dash, as -1d does",
            ),
            (
                "edit 5 --due -3",
                "--due takes no value that begins with a dash, as -3 does",
            ),
            ("done -1", &format!("-1 {no_id}")),
            ("done 3 -12", &format!("-1 {no_id}")),
        ] {
            let line = format!("taskhold {line}");
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = parse(&arguments).err().unwrap();
            let failure = of_clap(&error, &arguments);
            assert_eq!(failure.to_string(), said, "{line}");
        }
    }

    #[test]
    fn help_is_asked_for_by_its_letter_alone() {
        let parsed = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = parse(&arguments).err();
            error.map(|error| (error.kind(), of_clap(&error, &arguments).to_string()))
        };
        for (line, word) in [
            ("done -hats", "-hats"),
            ("delete 1 -hats", "-hats"),
            ("show 1 -Vienna", "-Vienna"),
            ("comment -hot 1", "-hot"),
            ("log -ah", "-ah"),
            ("-home", "-home"),
        ] {
            let said = format!("unexpected argument '{word}' found");
            let refused = Some((ErrorKind::UnknownArgument, said));
            assert_eq!(parsed(&format!("taskhold {line}")), refused, "{line}");
        }
        for line in ["done -h", "list -h", "comment 1 x -h"] {
            let (kind, _) = parsed(&format!("taskhold {line}")).unwrap();
            assert_eq!(kind, ErrorKind::DisplayHelp, "{line}");
        }
        for line in [
            "list -home",
            "list -a,b",
            "next -hats",
            "list -Phome",
            "add x -d -hats",
            "done 1 --due -hats",
            "comment 1 go -home",
        ] {
            let refused = parsed(&format!("taskhold {line}"));
            assert!(
                refused.is_none_or(|(_, said)| !said.contains("-h")),
                "{line}"
            );
        }
    }

    #[test]
    fn words_of_a_list_in_one_argument_leave_tasks_out_each_by_itself() {
        for (argument, taken) in [
            ("-home +work", "--without=home|+work"),
            ("-project:My flat", "--without=project:My flat"),
            ("-home", "--without=home"),
        ] {
            let arguments = ["taskhold", "list", argument].map(OsString::from).to_vec();
            let taken_as = with_exclusions(arguments);
            let taken_as: Vec<&str> = taken_as[2..]
                .iter()
                .filter_map(|word| word.to_str())
                .collect();
            assert_eq!(taken_as.join("|"), taken);
        }
    }
}
