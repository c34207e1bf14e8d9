//! `taskhold edit`

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    CliResult, Context, Failure,
    chosen::{WhereArgs, ids_and_words},
    edit_text,
    fields::FieldArgs,
    ids::Ids,
    input::{file_text, stdin_text},
    report::Verbs,
    screen::can_ask,
};
use crate::{
    domain::{
        advice::on_dates,
        change::Edit,
        command::{Command, Outcome, Patch},
        error::Error,
        task::{Tag, Task, TaskId},
    },
    input::{
        Notes,
        quick_words::{Field, Purpose},
    },
};

mod editor;

/// Change tasks, by quick words and flags or in your editor
///
/// Words and flags are those of add, and status:doing; a value that is left out clears the field (due:), +TAG adds a tag,
/// -TAG takes one away, tags:A,B sets all of them. A new title stands after title:, in --title or after --; any other word
/// is refused, so that no title is overwritten by a slip. With nothing but an id, at a terminal, the task opens in $VISUAL or
/// $EDITOR as a text with a line for each field and the description below; --from reads such a text from a file. What someone
/// else changed meanwhile is never overwritten by the text.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EditArgs {
    /// Task, as 12 or #12, or several: 12,13 or 12 13; - reads them from standard input. All are changed, or none
    #[arg(value_name = "ID", required_unless_present = "filter")]
    id: Option<String>,
    /// Quick words: due:mon +home -work title:"New title"
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Words of the title, as they are
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Status: pending, doing, completed or cancelled [also: status:STATUS]
    #[arg(long, value_name = "STATUS", help_heading = "Fields")]
    status: Option<String>,
    /// Tag to take away, or several with commas between them (can be repeated) [also: -TAG]
    #[arg(
        long,
        value_name = "TAG",
        value_delimiter = ',',
        help_heading = "Fields"
    )]
    untag: Vec<String>,
    /// Refuse if a task has another rev, because it was changed since
    #[arg(long, value_name = "REV")]
    if_rev: Option<i64>,
    #[command(flatten)]
    filter: WhereArgs,
    /// Read the text from a file, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "filter")]
    from: Option<PathBuf>,
    /// Print the text instead of changing anything
    #[arg(long, conflicts_with_all = ["from", "filter"])]
    text: bool,
}

const EXAMPLES: &str = "\
Examples:
  taskhold edit 12 due:mon +home
  taskhold edit 12 13 project: -work
  taskhold edit --where '+errand -phone' due:sat
  taskhold edit 12 title:\"Pay the rent\"
  taskhold edit 12 -- Pay the rent
  taskhold edit 12 -d - < notes.txt
  taskhold list +errand | taskhold edit - +later
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
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        let named = self.take_named()?;
        let fields = std::mem::take(&mut self.fields);
        if fields.reads_stdin() && named.contains(&Ids::Stdin) {
            return Err(Failure::call(
                "standard input is the tasks and the description at once",
                "name the task: taskhold edit 12 -d -",
            ));
        }
        let mut given = fields.with_words(&self.words, &self.literal, Purpose::Edit)?;
        if let Some(status) = &self.status {
            given.set(Field::Status, status, None)?;
        }
        if given.is_empty() && self.untag.is_empty() {
            if self.filter.is_given() {
                return Err(Failure::call(
                    "there is nothing to change",
                    "taskhold edit --where +home due:mon -urgent",
                ));
            }
            let ids = self.ids(&named)?;
            return edit_text(&ids, self.if_rev, self.from.as_deref(), self.text, context);
        }
        if self.from.is_some() || self.text {
            return Err(Failure::call(
                "a text and words or flags exclude each other",
                "change the fields in the text",
            ));
        }
        let mut notes = Notes::default();
        let patch = given.patch(&self.untag, &mut notes, &context.caller)?;
        let ids = match self.filter.read("change", context)? {
            None => self.ids(&named)?,
            Some(ids) if ids.is_empty() => {
                return context.report(&Outcome::default(), CHANGED, &[]);
            }
            Some(ids) => ids,
        };
        if let Some(title) = given.title.filter(|_| given.title_is_of_words) {
            refuse_accident(&title, &ids, self.literal.is_empty())?;
        }
        change(ids, &patch, self.if_rev, notes, context)
    }

    /// Takes the tasks that are named off the words; with a filter, a first word is one like the others.
    fn take_named(&mut self) -> CliResult<Vec<Ids>> {
        let Some(first) = self.id.take() else {
            return Ok(Vec::new());
        };
        if self.filter.is_given() {
            if first.parse::<Ids>().is_ok() {
                return Err(ids_and_words());
            }
            self.words.insert(0, first);
            return Ok(Vec::new());
        }
        let id = first.parse().map_err(|reason: String| {
            let hint = if first.starts_with(char::is_alphabetic) {
                format!("taskhold search {first} finds ids by words")
            } else {
                "taskhold list shows the ids".to_owned()
            };
            Failure::call(
                format!("invalid value '{first}' for '<ID>': {reason}"),
                hint,
            )
        })?;
        let mut named = vec![id];
        named.extend(Ids::leading(&mut self.words));
        Ok(named)
    }

    fn ids(&self, named: &[Ids]) -> CliResult<Vec<TaskId>> {
        let is_taken = self.from.as_deref() == Some(Path::new("-"));
        if is_taken && named.contains(&Ids::Stdin) {
            return Err(Failure::call(
                "standard input is the task and its text at once",
                "name the task: taskhold edit 12 --from -",
            ));
        }
        Ids::read(named)
    }
}

/// Refuses a title that hardly anyone means: one for several tasks, or one of signs alone.
fn refuse_accident(title: &str, ids: &[TaskId], may_be_signs: bool) -> CliResult {
    let is_of_signs = |c: char| c.is_ascii_punctuation() || c.is_whitespace();
    if may_be_signs && title.chars().all(is_of_signs) {
        return Err(Failure::call(
            format!("\"{title}\" is hardly a title"),
            format!("+TAG adds a tag; as a title it stands after --: taskhold edit ID -- {title}"),
        ));
    }
    match ids {
        [first, _, ..] => Err(Failure::call(
            format!("\"{title}\" would be the title of {} tasks", ids.len()),
            format!(
                "numbers that lead are ids; a title that begins with one stands after --: taskhold edit {first} -- 12 eggs; \
                 --title gives one to all of them"
            ),
        )),
        _ => Ok(()),
    }
}

/// Changes tasks and tells what came of it.
fn change(
    ids: Vec<TaskId>,
    patch: &Patch,
    if_rev: Option<i64>,
    notes: Notes,
    context: &Context,
) -> CliResult {
    let outcome = context.write(&Command::Update {
        ids,
        patch: patch.clone(),
        if_rev,
    })?;
    let mut notes = notes.lines();
    notes.extend(remarks(&outcome, patch, context));
    context.report(&outcome, CHANGED, &notes)
}

/// Returns what else a person should know of the change: an overwritten title, what the line of a task does not show, a tag
/// that was not there, and what a task that was closed leaves behind.
fn remarks(outcome: &Outcome, patch: &Patch, context: &Context) -> Vec<String> {
    let mut remarks = Vec::new();
    for edit in &outcome.edits {
        let (Some(before), after) = (&edit.before, &edit.after) else {
            continue;
        };
        if before.title != after.title {
            let (id, before, after) = (before.id, &before.title, &after.title);
            remarks.push(format!("title of {id}: \"{before}\" -> \"{after}\""));
        }
        if after.description.is_empty() && !before.description.is_empty() {
            remarks.push(format!("description of {}: taken away", before.id));
        }
    }
    let had = |edit: &Edit, tag: &Tag| {
        let tags = edit.before.iter().flat_map(|task| &task.tags);
        tags.into_iter().any(|had| had.is_same(tag))
    };
    for tag in &patch.remove_tags {
        if !outcome.edits.iter().any(|edit| had(edit, tag)) {
            remarks.push(format!("there was no tag \"{tag}\" to take away"));
        }
    }
    let (now, zone) = (context.caller.now, context.caller.zone);
    remarks.extend(on_dates(&outcome.edits, now, zone));
    if patch.status.is_some_and(|status| !status.is_open()) {
        remarks.extend(
            outcome
                .advice
                .on_closing(&outcome.edits, context.caller.zone),
        );
    }
    remarks
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
        let (message, hint) = if from.is_some() || only_print {
            ("a text is of one task", "one id: taskhold edit 12 --text")
        } else {
            (
                "there is nothing to change",
                "one task opens in the editor; for several say what to set: taskhold edit 12 13 due:mon; \
                 a title that is a number stands after --: taskhold edit 12 -- 13",
            )
        };
        return Err(Failure::call(message, hint));
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
    let before = edit_text::write(&task, context.caller.zone);
    if only_print && context.screen.json {
        return Ok(context.screen.print_json(&Text { text: &before })?);
    }
    if only_print {
        return Ok(context.screen.print(&before)?);
    }
    match from {
        Some(path) => {
            let text = if path == Path::new("-") {
                stdin_text()?
            } else {
                file_text(path)?
            };
            apply(&text, &task, if_rev, context)
        }
        None => edit_file(&before, &task, context),
    }
}

/// Has the editor change `text`. What comes back and cannot be used stays, and is named.
fn edit_file(text: &str, task: &Task, context: &Context) -> CliResult {
    let id = task.id;
    let mut file = tempfile::Builder::new()
        .prefix(&format!("taskhold-{id}-"))
        .suffix(".txt")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let path = file.into_temp_path();
    let done = editor::open(&path)
        .and_then(|()| file_text(&path))
        .and_then(|edited| apply(&edited, task, Some(task.rev), context));
    match done {
        // It was used: only the answer could not be written.
        Ok(()) | Err(Failure::Output(_)) => done,
        Err(failure) => {
            let is_changed = fs::read(&path).is_ok_and(|now| now != text.as_bytes());
            if !is_changed {
                return Err(failure);
            }
            let path = path.keep().map_err(|error| error.error)?;
            let failure = Box::new(failure);
            Err(Failure::Kept { failure, path, id })
        }
    }
}

fn apply(text: &str, task: &Task, if_rev: Option<i64>, context: &Context) -> CliResult {
    let mut notes = Notes::default();
    let read = edit_text::read(text, task, &mut notes, &context.caller);
    let Some((patch, rev)) = read.map_err(Failure::Failed)? else {
        let as_it_was = Outcome {
            edits: vec![Edit::of(task)],
            ..Outcome::default()
        };
        return context.report(&as_it_was, CHANGED, &[]);
    };
    change(vec![task.id], &patch, if_rev.or(rev), notes, context)
}
