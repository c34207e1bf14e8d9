//! `taskhold man`

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{CliResult, Failure, whole};
use crate::disk::{make_usual_folder, replace_readable};

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold man | man -l -
  taskhold man --dir ~/.local/share/man/man1")]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder instead
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(self) -> CliResult {
        let command = whole().subcommand_help_heading("COMMANDS");
        match self.dir {
            Some(folder) => {
                make_usual_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
                write_all(&command, &folder)
            }
            None => Ok(io::stdout().lock().write_all(page(&command)?.as_bytes())?),
        }
    }
}

fn write_all(command: &clap::Command, folder: &Path) -> CliResult {
    let file = folder.join(Man::new(command.clone()).get_filename());
    let page = page(command)?;
    replace_readable(&file, page.as_bytes()).map_err(|error| unwritable(&file, &error))?;
    let mut inner = command.get_subcommands().filter(|one| !one.is_hide_set());
    inner.try_for_each(|command| write_all(command, folder))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::input(format!("cannot write {}: {error}", path.display()))
        .with_hint("name a folder: taskhold man --dir ~/.local/share/man/man1")
}

/// What the program itself heeds, beside its arguments.
const VARIABLES: [(&str, &str); 7] = [
    (
        "TASKHOLD_DB",
        "The database, where --db names none. An absolute path.",
    ),
    ("TASKHOLD_CONFIG", "The file of settings. An absolute path."),
    (
        "TASKHOLD_TOKEN",
        "The token of taskhold mcp --connect; without it, your own.",
    ),
    (
        "TZ",
        "The time zone, before that of the settings: a name, such as Europe/Berlin, or a rule of POSIX.",
    ),
    (
        "NO_COLOR",
        "Not empty: no colours, unless --color asks for them.",
    ),
    ("VISUAL, EDITOR", "What taskhold edit opens a task with."),
    (
        "XDG_DATA_HOME, XDG_CONFIG_HOME",
        "Where the files below are on Linux, instead.",
    ),
];

const FILES: [(&str, &str); 4] = [
    (
        "~/.local/share/taskhold/tasks.db",
        "The tasks, with a few files beside it; taskhold paths names them. On macOS in ~/Library/Application \
         Support/taskhold, on Windows in .taskhold of your profile.",
    ),
    (
        "~/.local/share/taskhold/tasks.db.backups",
        "The backups; taskhold backup --list shows them.",
    ),
    (
        "~/.config/taskhold/config.toml",
        "The settings; taskhold config shows them. Beside the tasks elsewhere.",
    ),
    (
        "~/.local/share/taskhold/tasks.db.token",
        "Your token for the daemon; taskhold token show prints it.",
    ),
];

const STATUSES: [(&str, &str); 3] = [
    ("0", "Done, also if there was nothing to change."),
    (
        "1",
        "Failed: a task is not there, was changed since, or cannot be changed so; a file or standard input does not \
         hold what it should; the database cannot be used.",
    ),
    (
        "2",
        "The command line or a setting is wrong; nothing was tried.",
    ),
];

/// Returns the page of a command.
fn page(command: &clap::Command) -> io::Result<String> {
    let program = env!("CARGO_PKG_NAME");
    let source = format!("{program} {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual(program);
    let mut theirs = Vec::new();
    man.render_title(&mut theirs)?;
    man.render_name_section(&mut theirs)?;

    let mut ours = Roff::new();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or(program);
    ours.control("SH", ["SYNOPSIS"]);
    let rest = usage.strip_prefix(name).unwrap_or_default();
    ours.text([bold(name), roman(rest)]);
    ours.control("SH", ["DESCRIPTION"]);
    let about = command.get_long_about().or_else(|| command.get_about());
    write_text(
        &mut ours,
        &about.map(ToString::to_string).unwrap_or_default(),
    );
    theirs.extend(ours.to_roff().into_bytes());
    man.render_options_section(&mut theirs)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut theirs)?;
    }

    let mut ours = Roff::new();
    let is_main = name == program;
    let after = command.get_after_help().map(ToString::to_string);
    let after = after.unwrap_or_default();
    // What comes after the examples of the program is in the sections below.
    let (examples, rest) = after.split_once("\n\n").unwrap_or((&after, ""));
    if let Some((_, examples)) = examples.split_once('\n') {
        ours.control("SH", ["EXAMPLES"]);
        write_text(&mut ours, examples);
    }
    if is_main {
        for (heading, entries) in [
            ("ENVIRONMENT", &VARIABLES[..]),
            ("FILES", &FILES),
            ("EXIT STATUS", &STATUSES),
        ] {
            ours.control("SH", [heading]);
            for (name, text) in entries {
                ours.control("TP", []);
                ours.text([bold(*name)]);
                ours.text([roman(*text)]);
            }
        }
        ours.control("SH", ["SEE ALSO"]);
        write_text(
            &mut ours,
            "taskhold help TOPIC, on dates, repeat, views, filters, hosts and files",
        );
    } else {
        write_text(&mut ours, rest);
        ours.control("SH", ["SEE ALSO"]);
        ours.text([
            bold("taskhold"),
            roman("(1), for variables, files and exit status"),
        ]);
    }
    theirs.extend(ours.to_roff().into_bytes());

    // Each part of theirs begins with the same definitions.
    let preamble = Roff::new().render();
    let page = String::from_utf8_lossy(&theirs).replace(&preamble, "");
    Ok(format!("{preamble}{page}"))
}

/// Writes paragraphs; lines that begin with two blanks stay lines.
fn write_text(page: &mut Roff, text: &str) {
    let mut is_literal = false;
    for line in text.lines() {
        let begins_literal = line.starts_with("  ");
        if begins_literal != is_literal && !line.is_empty() {
            page.control(if begins_literal { "nf" } else { "fi" }, []);
            is_literal = begins_literal;
        }
        if line.is_empty() {
            page.control("PP", []);
        } else {
            page.text([roman(line)]);
        }
    }
    if is_literal {
        page.control("fi", []);
    }
}
