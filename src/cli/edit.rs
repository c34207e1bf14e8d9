//! `taskhold edit`

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process,
};

use serde::Serialize;

use super::{
    CliResult, Context, Failure,
    fields::FieldArgs,
    form,
    ids::{IdList, unreadable},
    report::Verbs,
    screen::can_ask,
};
use crate::{
    change::Edit,
    command::{Command, Outcome},
    error::Error,
    given::Notes,
    task::{Invalid, Task, TaskId},
};

/// Change tasks, by quick words and flags or in your editor
///
/// Words and flags are those of add; a value that is left out clears the field (due:), +TAG adds a tag, tags:A,B sets
/// all of them, other words make a new title. With nothing but an id, at a terminal, the task opens in $VISUAL or
/// $EDITOR as a text with a line for each field and the description below; --from reads such a text from a file.
/// What someone else changed meanwhile is never overwritten by the text.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EditArgs {
    /// Task, or several with commas between them: all of them are changed, or none
    #[arg(value_name = "ID")]
    id: IdList,
    /// Quick words, and the words of a new title
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Words of the title, as they are
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Tag to take away (can be repeated)
    #[arg(
        long,
        value_name = "TAG",
        value_delimiter = ',',
        help_heading = "Fields"
    )]
    untag: Vec<String>,
    /// Refuse if a task's rev is another: it was changed since
    #[arg(long, value_name = "REV")]
    if_rev: Option<i64>,
    /// Read the text from a file, - for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Print the text instead of changing anything
    #[arg(long, conflicts_with = "from")]
    text: bool,
}

const EXAMPLES: &str = "\
Examples:
  taskhold edit 12 due:mon +home
  taskhold edit 12,13 project: --untag work
  taskhold edit 12
  taskhold edit 12 --text > 12.txt; ...; taskhold edit 12 --from 12.txt";

const CHANGED: Verbs = Verbs {
    done: "Changed",
    unchanged: "Nothing changed:",
};

/// What `--text --json` prints.
#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

impl EditArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let given = self.fields.with_words(&self.words, &self.literal, false)?;
        if given.is_empty() && self.untag.is_empty() {
            return edit_text(
                &self.id.0,
                self.if_rev,
                self.from.as_deref(),
                self.text,
                context,
            );
        }
        if self.from.is_some() || self.text {
            return Err(Failure::call(
                "a text and words or flags exclude each other",
                "change the fields in the text",
            ));
        }
        let mut notes = Notes::default();
        let patch = given.patch(&self.untag, &mut notes, &context.caller)?;
        let (_, outcome) = context.write(&Command::Update {
            ids: self.id.0,
            patch,
            if_rev: self.if_rev,
        })?;
        context.report(&outcome, CHANGED, &notes.lines())
    }
}

/// Changes one task by its text.
fn edit_text(
    ids: &[TaskId],
    if_rev: Option<i64>,
    from: Option<&Path>,
    only_print: bool,
    context: &Context,
) -> CliResult {
    let &[id] = ids else {
        return Err(Failure::call(
            "there is nothing to change",
            "one task opens in the editor; for several say what to set: taskhold edit 12,13 due:mon",
        ));
    };
    if from.is_none() && !only_print && !(can_ask() && io::stdout().is_terminal()) {
        return Err(Failure::call(
            "there is nothing to change",
            format!("taskhold edit {id} due:mon; the editor opens at a terminal only"),
        ));
    }
    let task = context.reader()?.task(id)?.ok_or(Error::NotFound { id })?;
    if task.is_deleted() {
        return Err(Error::Deleted { id }.into());
    }
    if let Some(expected) = if_rev.filter(|rev| *rev != task.rev) {
        let rev = task.rev;
        return Err(Error::Stale { id, rev, expected }.into());
    }
    let before = form::write(&task, context.caller.zone);
    if only_print && context.screen.json {
        return Ok(context.screen.print_json(&Text { text: &before })?);
    }
    if only_print {
        return Ok(context.screen.print(&before)?);
    }
    match from {
        Some(path) => {
            let text = if path == Path::new("-") {
                from_stdin()?
            } else {
                fs::read_to_string(path).map_err(|error| {
                    let path = path.display();
                    Invalid::new("from", format!("{path}: cannot be read: {error}"))
                })?
            };
            apply(&text, &task, if_rev, context)
        }
        None => edit_file(&before, &task, context),
    }
}

/// Has the editor change `text`. Unless what comes back was used, the file stays and is named.
fn edit_file(text: &str, task: &Task, context: &Context) -> CliResult {
    let id = task.id;
    let mut file = tempfile::Builder::new()
        .prefix(&format!("taskhold-{id}-"))
        .suffix(".txt")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let path = file.into_temp_path();
    let edited = edit(&path).and_then(|()| {
        fs::read_to_string(&path)
            .map_err(|error| Invalid::new("text", format!("cannot be read: {error}")).into())
    });
    let done = edited.and_then(|edited| apply(&edited, task, Some(task.rev), context));
    match done {
        Err(Failure::Failed(error)) => {
            let path = path.keep().map_err(|error| error.error)?;
            Err(Failure::Kept { error, path, id })
        }
        done => done,
    }
}

fn apply(text: &str, task: &Task, if_rev: Option<i64>, context: &Context) -> CliResult {
    let mut notes = Notes::default();
    let Some((patch, rev)) = form::read(text, task, &mut notes, &context.caller)? else {
        let as_it_was = Outcome {
            group: None,
            edits: vec![Edit::of(task)],
            reverted: None,
            is_repeat: false,
        };
        return context.report(&as_it_was, CHANGED, &[]);
    };
    let (_, outcome) = context.write(&Command::Update {
        ids: vec![task.id],
        patch,
        if_rev: if_rev.or(rev),
    })?;
    context.report(&outcome, CHANGED, &notes.lines())
}

fn from_stdin() -> CliResult<String> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error))?;
    Ok(text)
}

/// Opens the file in the user's editor and waits for it.
fn edit(path: &Path) -> CliResult {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let editor = variable("VISUAL")
        .or_else(|| variable("EDITOR"))
        .unwrap_or_else(|| OsString::from(if cfg!(windows) { "notepad" } else { "vi" }));
    let name = editor.to_string_lossy().into_owned();
    let failed = |reason: String| {
        Invalid::new(
            "editor",
            format!("{name} {reason}; set VISUAL or EDITOR to another"),
        )
    };
    let status = editor_command(&editor, path)
        .status()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(format!("ended with {status}")).into())
    }
}

/// The variables hold a command with arguments and quotes, which is a shell's to read.
#[cfg(unix)]
fn editor_command(editor: &std::ffi::OsStr, path: &Path) -> process::Command {
    let mut line = editor.to_owned();
    line.push(" \"$@\"");
    let mut command = process::Command::new("sh");
    command.arg("-c").arg(line).arg("sh").arg(path);
    command
}

#[cfg(not(unix))]
fn editor_command(editor: &std::ffi::OsStr, path: &Path) -> process::Command {
    let line = editor.to_string_lossy();
    // A path with blanks, or a command with arguments.
    let mut words = if Path::new(editor).exists() {
        vec![&*line].into_iter()
    } else {
        line.split_whitespace().collect::<Vec<_>>().into_iter()
    };
    let mut command = process::Command::new(words.next().unwrap_or("notepad"));
    command.args(words).arg(path);
    command
}
