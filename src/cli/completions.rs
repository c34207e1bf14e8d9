//! `taskhold completions`, and what a shell is told when a person presses the tab key.
//!
//! The script of a shell calls this program back, so what it offers is what there is now. An argument is completed by its
//! command and the name of its value: `ID`, `WORD`, `TAG`. Whatever goes wrong, nothing is offered and nothing is said.

use std::io::{self, Write as _};

use clap::{Arg, builder::PossibleValuesParser};
use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCompleter, PathCompleter, ValueCompleter as _},
    env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh},
};

use super::{CliResult, whole};
use dashed::Dashed;
use offers::{Which, Words};

mod bash;
mod dashed;
mod offers;

/// The variable by which a shell's script asks. Its value is the shell.
pub(super) const VARIABLE: &str = "TASKHOLD_COMPLETE";

/// Print the script that makes a shell complete commands, quick words, ids, projects and tags
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

const COMPLETERS: Shells<'static> = Shells(&[
    &bash::Bash as &dyn EnvCompleter,
    &Dashed(Zsh),
    &Dashed(Fish),
    &Dashed(Powershell),
    &Dashed(Elvish),
]);

impl CompletionsArgs {
    pub(super) fn run(self) -> CliResult {
        let shell = COMPLETERS
            .completer(&self.shell)
            .ok_or_else(|| io::Error::other("no such shell"))?;
        let (mut script, name) = (Vec::new(), "taskhold");
        shell.write_registration(VARIABLE, name, name, name, &mut script)?;
        Ok(io::stdout().lock().write_all(&script)?)
    }
}

/// Answers a shell that asks for candidates and ends the program; returns at once if none does.
pub(super) fn answer() {
    CompleteEnv::with_factory(|| completing(whole()))
        .var(VARIABLE)
        .shells(COMPLETERS)
        .complete();
}

/// Returns the command with its arguments, and those of the commands in it, completed.
fn completing(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|argument| match completer(&name, &argument) {
            Some(completer) => argument.add(completer),
            None => argument,
        })
        .mut_subcommands(completing)
}

fn completer(command: &str, argument: &Arg) -> Option<ArgValueCompleter> {
    let value = argument.get_value_names().and_then(|names| names.first());
    let name = value.map_or("", |name| name.as_str());
    let completer = match (command, name) {
        ("start" | "done" | "skip" | "cancel", "ID") => {
            ArgValueCompleter::new(|typed: &_| offers::ids(typed, Which::Open))
        }
        ("reopen", "ID") => ArgValueCompleter::new(|typed: &_| offers::ids(typed, Which::Closed)),
        ("undelete", "ID") => {
            ArgValueCompleter::new(|typed: &_| offers::ids(typed, Which::Deleted))
        }
        (_, "ID") if argument.is_positional() => {
            ArgValueCompleter::new(|typed: &_| offers::ids(typed, Which::All))
        }
        // What a task waits for, or is a part of.
        (_, "ID") => ArgValueCompleter::new(|typed: &_| offers::ids(typed, Which::Open)),
        ("add", "WORD") => ArgValueCompleter::new(|typed: &_| offers::words(typed, Words::Set)),
        ("edit", "WORD") => ArgValueCompleter::new(|typed: &_| {
            let mut offered = offers::words(typed, Words::Change);
            offered.extend(offers::ids(typed, Which::Open));
            offered
        }),
        ("list" | "watch", "WORD") if argument.is_positional() => {
            ArgValueCompleter::new(|typed: &_| {
                let mut offered = offers::views(typed);
                offered.extend(offers::names(typed));
                offered.extend(offers::words(typed, Words::Narrow));
                offered
            })
        }
        ("next" | "search", "WORD") if argument.is_positional() => {
            ArgValueCompleter::new(|typed: &_| offers::words(typed, Words::Narrow))
        }
        // Of --without.
        (_, "WORD") => ArgValueCompleter::new(offers::excluded),
        (_, "WORDS") => ArgValueCompleter::new(offers::filters),
        (_, "ORDER") => ArgValueCompleter::new(offers::orders),
        (_, "PROJECT") => ArgValueCompleter::new(offers::projects),
        (_, "TAG") => ArgValueCompleter::new(offers::tags),
        (_, "STATUS") => ArgValueCompleter::new(offers::statuses),
        (_, "LEVEL") => ArgValueCompleter::new(offers::priorities),
        (_, "GROUP") => ArgValueCompleter::new(offers::groups),
        ("help", _) if argument.is_positional() => ArgValueCompleter::new(offers::topics),
        ("restore", _) if argument.is_positional() => ArgValueCompleter::new(|typed: &_| {
            let mut offered = offers::backups(typed);
            offered.extend(PathCompleter::any().complete(typed));
            offered
        }),
        ("revoke", _) if argument.get_id() == "name" => ArgValueCompleter::new(offers::tokens),
        _ => return None,
    };
    Some(completer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the argument `id` of the command at the end of `path` is completed by us.
    fn completes(path: &[&str], id: &str) -> bool {
        let command = completing(whole());
        let mut command = &command;
        for name in path {
            command = command.find_subcommand(name).unwrap();
        }
        let mut arguments = command.get_arguments();
        let argument = arguments.find(|argument| argument.get_id() == id);
        let argument = argument.unwrap_or_else(|| panic!("{path:?} has no {id}"));
        argument.get::<ArgValueCompleter>().is_some()
    }

    #[test]
    fn every_argument_that_names_something_of_ours_completes() {
        let cases: [(&[&str], &[&str]); 10] = [
            (&["done"], &["ids", "filter"]),
            (
                &["edit"],
                &[
                    "id", "words", "project", "tag", "untag", "status", "priority", "parent",
                    "after",
                ],
            ),
            (
                &["add"],
                &["words", "project", "tag", "priority", "parent", "after"],
            ),
            (
                &["list"],
                &[
                    "words", "project", "tag", "without", "priority", "status", "parent", "sort",
                ],
            ),
            (
                &["search"],
                &["words", "project", "tag", "priority", "status"],
            ),
            (&["watch"], &["words"]),
            (&["undo"], &["group"]),
            (&["restore"], &["backup"]),
            (&["help"], &["about"]),
            (&["token", "revoke"], &["name"]),
        ];
        for (path, arguments) in cases {
            for argument in arguments {
                assert!(completes(path, argument), "{path:?} {argument}");
            }
        }
        assert!(!completes(&["add"], "title"));
        assert!(!completes(&["token", "add"], "name"));
    }
}
