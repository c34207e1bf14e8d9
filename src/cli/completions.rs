//! `taskhold completions`, and what a shell is told when a person presses the tab key.
//!
//! The script of a shell calls this program back, so what it offers is what there is now. An argument is completed by
//! the name of its value: `ID`, `PROJECT`, `TAG`. Whatever goes wrong, nothing is offered and nothing is said.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
};

use clap::{Arg, CommandFactory as _, builder::PossibleValuesParser};
use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCompleter, CompletionCandidate},
    env::Shells,
};

use super::{Cli, CliResult, topics::TOPICS};
use crate::{
    config::Loaded,
    error::Result,
    store::{Access, Store},
};

/// The variable by which a shell's script asks. Its value is the shell.
const VARIABLE: &str = "TASKHOLD_COMPLETE";

/// How many candidates are offered at most.
const OFFERED: usize = 100;

/// How many names are looked at for those that begin as what was typed.
const LOOKED_AT: u32 = 5_000;

/// Print the script that makes a shell complete commands, ids, projects and tags
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold completions bash > ~/.local/share/bash-completion/completions/taskhold
  taskhold completions zsh > ~/.zfunc/_taskhold
  taskhold completions fish > ~/.config/fish/completions/taskhold.fish
  taskhold completions powershell >> $PROFILE
  taskhold completions elvish >> ~/.config/elvish/rc.elv

zsh looks into ~/.zfunc only if ~/.zshrc says so before it calls compinit: fpath+=~/.zfunc")]
pub(super) struct CompletionsArgs {
    /// Shell to print it for
    #[arg(value_name = "SHELL", value_parser = PossibleValuesParser::new(SHELLS))]
    shell: String,
}

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

impl CompletionsArgs {
    pub(super) fn run(self) -> CliResult {
        let shells = Shells::builtins();
        let shell = shells
            .completer(&self.shell)
            .ok_or_else(|| io::Error::other("no such shell"))?;
        let (mut script, name) = (Vec::new(), "taskhold");
        shell.write_registration(VARIABLE, name, name, name, &mut script)?;
        Ok(io::stdout().lock().write_all(&script)?)
    }
}

/// Answers a shell that asks for candidates and ends the program; returns at once if none does.
pub(super) fn answer() {
    CompleteEnv::with_factory(|| completing(Cli::command()))
        .var(VARIABLE)
        .complete();
}

/// Returns the command with each argument completed by the name of its value.
fn completing(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| match value_name(&argument) {
            "ID" => argument.add(ArgValueCompleter::new(ids)),
            "PROJECT" => argument.add(ArgValueCompleter::new(projects)),
            "COMMAND|TOPIC" => argument.add(ArgValueCompleter::new(topics)),
            "TAG" => argument.add(ArgValueCompleter::new(tags)),
            _ => argument,
        })
        .mut_subcommands(completing)
}

fn value_name(argument: &Arg) -> &str {
    argument
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str())
}

/// Returns the open tasks whose id begins as typed, each with its title, in the order of the list.
fn ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    offer(|store| {
        let begins = |id: &crate::task::TaskId| id.to_string().starts_with(&*typed);
        let ids = store.open_ids(LOOKED_AT)?.into_iter().filter(begins);
        let mut candidates = Vec::new();
        for id in ids.take(OFFERED) {
            let title = store.task(id)?.map(|task| task.title.to_string().into());
            candidates.push(CompletionCandidate::new(id.to_string()).help(title));
        }
        Ok(candidates)
    })
}

fn topics(typed: &OsStr) -> Vec<CompletionCandidate> {
    let commands = Cli::command();
    let commands = commands.get_subcommands().map(clap::Command::get_name);
    let words = commands.chain(TOPICS.iter().map(|topic| topic.word));
    beginning(words.map(str::to_owned), typed)
}

fn projects(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(|store| {
        let projects = store.open_projects(LOOKED_AT)?;
        Ok(beginning(projects.iter().map(ToString::to_string), typed))
    })
}

fn tags(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(|store| {
        let tags = store.open_tags(LOOKED_AT)?;
        Ok(beginning(tags.iter().map(ToString::to_string), typed))
    })
}

/// Returns the names that begin as typed, whatever the case of their letters.
fn beginning(names: impl Iterator<Item = String>, typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy().to_lowercase();
    names
        .filter(|name| name.to_lowercase().starts_with(&typed))
        .take(OFFERED)
        .map(CompletionCandidate::new)
        .collect()
}

/// Returns what `find` finds in the database of the line that is being typed, if there is one.
fn offer(
    find: impl FnOnce(&Store) -> Result<Vec<CompletionCandidate>>,
) -> Vec<CompletionCandidate> {
    let given = flag(std::env::args_os()).map(Into::into);
    Loaded::load(given, None, |name| std::env::var_os(name))
        .settled()
        .ok()
        .map(|config| config.database.value)
        .filter(|database| database.exists())
        .and_then(|database| Store::open(&database, Access::Read).ok())
        .and_then(|store| find(&store).ok())
        .unwrap_or_default()
}

/// Returns the value of `--db` among the words of a line.
fn flag(words: impl Iterator<Item = OsString>) -> Option<OsString> {
    let mut words = words.skip_while(|word| word != "--db" && !starts_flag(word));
    let word = words.next()?;
    match word.to_str().and_then(|word| word.strip_prefix("--db=")) {
        Some(path) => Some(path.into()),
        None => words.next(),
    }
}

fn starts_flag(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| word.starts_with("--db="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_completes_by_the_name_of_its_value() {
        let argument = |value: &'static str| Arg::new(value).long(value).value_name(value);
        let inner = clap::Command::new("inner").args(["PROJECT", "TAG", "TEXT"].map(argument));
        let command = completing(clap::Command::new("outer").subcommand(inner));
        let inner = command.find_subcommand("inner").unwrap();
        let completes = |argument: &Arg| argument.get::<ArgValueCompleter>().is_some();
        let found: Vec<bool> = inner.get_arguments().map(completes).collect();
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn names_are_offered_whatever_the_case_of_their_letters() {
        let names = ["Home", "house", "Work"].map(str::to_owned);
        let offered = beginning(names.into_iter(), OsStr::new("HO"));
        let offered: Vec<_> = offered.iter().map(CompletionCandidate::get_value).collect();
        assert_eq!(offered, ["Home", "house"]);
    }

    #[test]
    fn the_database_of_the_line_is_found() {
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["taskhold", "done"], None),
            (&["taskhold", "--db", "/x.db", "done"], Some("/x.db")),
            (&["taskhold", "done", "--db=/x.db", ""], Some("/x.db")),
            (&["taskhold", "done", "--db"], None),
            (&["taskhold", "add", "--db-like"], None),
        ];
        for (words, expected) in cases {
            let found = flag(words.iter().map(OsString::from));
            assert_eq!(found, expected.map(OsString::from), "{words:?}");
        }
    }
}
