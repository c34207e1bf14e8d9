//! `taskhold export`

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{CliResult, Context, Failure};
use crate::{
    disk::{self, NewFile},
    domain::{
        task::{Task, TaskId},
        text::{self, counted},
    },
    exchange::{self, Contents, Format, Relatives, WriteError},
    store::Store,
};

/// Write all tasks, to a file or to standard output
///
/// The format json is complete, the trash included, and `taskhold import` reads it back. The others say on standard error
/// what they leave out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold export tasks.jsonl
  taskhold export --format markdown
  taskhold export tasks.ics --force")]
pub(super) struct ExportArgs {
    /// What to write [default: by the ending of FILE; json, if it has none]
    #[arg(long, value_enum)]
    format: Option<OutputFormat>,
    /// Write to this file, which appears when it is whole [default: standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace FILE if it is there; through a link, the file that it leads to
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum OutputFormat {
    /// JSON Lines with everything
    Json,
    /// A checklist, the parts of a task under it
    Markdown,
    /// A line a task: todo.txt
    #[value(name = "todo.txt", alias = "todo", alias = "txt")]
    TodoTxt,
    /// iCalendar, each task a VTODO
    Ics,
    /// A table
    Csv,
}

impl From<OutputFormat> for Format {
    fn from(written: OutputFormat) -> Self {
        match written {
            OutputFormat::Json => Self::Json,
            OutputFormat::Markdown => Self::Markdown,
            OutputFormat::TodoTxt => Self::TodoTxt,
            OutputFormat::Ics => Self::Ics,
            OutputFormat::Csv => Self::Csv,
        }
    }
}

impl ExportArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let file = self.file.as_deref().filter(|file| *file != Path::new("-"));
        match file {
            None => {
                let format = self.format.map_or(Format::Json, Format::from);
                let mut out = BufWriter::new(io::stdout().lock());
                write(context, format, &mut out)?.tell();
                Ok(out.flush()?)
            }
            Some(file) => self.write_file(context, file),
        }
    }

    /// Returns what to write to `file`.
    fn format_of(&self, file: &Path) -> std::result::Result<Format, Failure> {
        match (self.format, file.extension()) {
            (Some(format), _) => Ok(format.into()),
            (None, None) => Ok(Format::Json),
            (None, Some(ending)) => {
                let known = ending.to_str().and_then(Format::of_ending);
                known.ok_or_else(|| unknown_ending(ending))
            }
        }
    }

    /// Returns where the file is to be: through a link, where that leads to. What is no regular file is refused, since another
    /// would take its place, and so is one that is there already, unless it is to be replaced.
    fn place_of(&self, file: &Path, path: PathBuf) -> std::result::Result<PathBuf, Failure> {
        let shown = file.display();
        match path.metadata() {
            Ok(there) if there.is_dir() => {
                return Err(Failure::input(format!(
                    "{shown} is a folder; name a file in it"
                )));
            }
            Ok(there) if !there.is_file() => {
                return Err(Failure::input(format!(
                    "{shown} is no regular file, and is left as it is"
                ))
                .with_hint(TO_STANDARD_OUTPUT));
            }
            Ok(_) if is_standard_output(&path) => {
                return Err(Failure::input(format!("{shown} is standard output itself"))
                    .with_hint(TO_STANDARD_OUTPUT));
            }
            Ok(_) if !self.force => return Err(is_there(file)),
            Err(error) if path.is_symlink() => {
                return Err(Failure::input(format!(
                    "{shown} is a link, and what it leads to is not found: {error}; name that file"
                )));
            }
            // What is wrong with the folder is said when the file is made.
            Ok(_) | Err(_) => {}
        }
        if !path.is_symlink() {
            return Ok(path);
        }
        disk::canonicalize(&path)
            .map_err(|error| Failure::input(format!("cannot write {shown}: {error}")))
    }

    /// Writes beside the file, and gives it its name when all is on the disk.
    fn write_file(&self, context: &Context, file: &Path) -> CliResult {
        let path = disk::absolute(file)?;
        let place = self.place_of(file, path.clone())?;
        let (Some(folder), Some(_)) = (place.parent(), place.file_name()) else {
            return Err(Failure::input(format!(
                "{} is a folder; name a file in it",
                file.display()
            )));
        };
        if [&path, &place]
            .iter()
            .any(|path| is_of_database(&context.database, path))
        {
            return Err(Failure::input(format!(
                "{} belongs to the database; name another file",
                file.display()
            )));
        }
        let format = self.format_of(file)?;
        let failed = |error: io::Error| {
            let error = plain(error);
            Failure::input(format!("cannot write {}: {error}", file.display()))
        };
        folder.metadata().map_err(failed)?;
        let mut new = NewFile::private(&place).map_err(failed)?;
        let mut out = BufWriter::new(&mut new);
        let summary = write(context, format, &mut out).map_err(|failure| match failure {
            Failure::Output(error) => failed(error),
            other => other,
        })?;
        out.flush().map_err(failed)?;
        drop(out);
        let new = new.sync().map_err(failed)?;
        if self.force {
            new.replace().map_err(failed)?;
        } else {
            new.appear().map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => is_there(file),
                _ => failed(error),
            })?;
        }
        if !context.screen.json {
            let path = text::clean(&path.display().to_string()).text;
            let written = format!("Wrote {} to {path}\n", counted(summary.tasks, "task"));
            context.screen.print(&written)?;
            summary.tell();
            return Ok(());
        }
        Ok(context.screen.print_json(&json!({
            "path": path.to_string_lossy(),
            "tasks": summary.tasks,
            "left_out": summary.left_out,
        }))?)
    }
}

/// The way out for what is no file that can be replaced.
const TO_STANDARD_OUTPUT: &str =
    "leave FILE out, and the tasks go to standard output: taskhold export --format json > FILE";

fn is_there(file: &Path) -> Failure {
    Failure::input(format!(
        "{} is there already; --force replaces it",
        file.display()
    ))
}

/// Reports whether `path`, a regular file, is what standard output goes to: `/dev/stdout`, sent to a file by the shell.
fn is_standard_output(path: &Path) -> bool {
    match (
        same_file::Handle::stdout(),
        same_file::Handle::from_path(path),
    ) {
        (Ok(output), Ok(file)) => output == file,
        _ => false,
    }
}

fn unknown_ending(ending: &OsStr) -> Failure {
    let ending = text::clean(&ending.display().to_string()).text;
    Failure::input(format!("no format is known by the ending .{ending}; nothing was written"))
        .with_hint("name a file that ends with .jsonl, .md, .txt, .ics or .csv, or say what to write: --format json")
}

/// Returns the error without the name of a temporary file, which nobody knows.
fn plain(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) => error,
        None => error.kind().into(),
    }
}

/// Reports whether `file` is the database, one of those beside it or one of its backups, by whatever name: through a link, or
/// written otherwise where the case of letters means nothing. Some need not be there yet, so every name that goes on from the
/// database's with a dot or a hyphen is taken for one.
pub(super) fn is_of_database(database: &Path, file: &Path) -> bool {
    let leads_to = disk::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    is_beside(database, file) || is_beside(&leads_to, file)
}

fn is_beside(database: &Path, file: &Path) -> bool {
    let (Some(home), Some(own)) = (database.parent(), database.file_name()) else {
        return false;
    };
    let own = own.to_string_lossy().to_lowercase();
    let is_named_so = |name: &OsStr| {
        let name = name.to_string_lossy().to_lowercase();
        let rest = name.strip_prefix(&own);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    };
    let is_same = |one: &Path, other: &Path| same_file::is_same_file(one, other).unwrap_or(false);
    let lies_at_home = |path: &Path| {
        path.file_name().is_some_and(is_named_so)
            && path.parent().is_some_and(|folder| is_same(home, folder))
    };
    let beside = fs::read_dir(home).into_iter().flatten().flatten();
    let mut ours = beside.filter(|entry| is_named_so(&entry.file_name()));
    file.ancestors().any(lies_at_home) || ours.any(|entry| is_same(&entry.path(), file))
}

/// What was written.
#[derive(Default)]
struct Summary {
    tasks: u64,
    /// What the format cannot hold, and how many tasks had it.
    left_out: BTreeMap<String, u64>,
}

impl Summary {
    /// Says on standard error what was left out.
    fn tell(&self) {
        if self.left_out.is_empty() {
            return;
        }
        let left_out = self.left_out.iter();
        let left_out: Vec<String> = left_out
            .map(|(what, count)| format!("{what}: {count}"))
            .collect();
        let _ = writeln!(
            io::stderr(),
            "taskhold: left out, with the number of tasks: {}. The format json leaves out nothing.",
            left_out.join(", ")
        );
    }
}

/// Writes every task there is at one moment.
fn write(
    context: &Context,
    format: Format,
    out: &mut dyn Write,
) -> std::result::Result<Summary, Failure> {
    let Some(mut writer) = exchange::writer(format, context.caller.zone) else {
        return Ok(Summary::default());
    };
    let mut export = Export {
        writer: &mut *writer,
        out,
        parted: 0,
    };
    let store = context.reader()?;
    let (tasks, in_trash) = store.snapshot(|store| {
        let (_, in_trash) = store.count_all()?;
        Ok(export.write_all(store).map(|tasks| (tasks, in_trash)))
    })??;
    let (parted, takes_trash) = (export.parted, writer.takes_trash());
    let mut left_out: BTreeMap<String, u64> = writer
        .left_out()
        .iter()
        .map(|(what, count)| (what.to_owned(), count))
        .collect();
    if !takes_trash && in_trash > 0 {
        left_out.insert("tasks in the trash".to_owned(), in_trash);
    }
    if parted > 0 {
        left_out.insert(
            "parent and depends_on (of tasks in the trash)".to_owned(),
            parted,
        );
    }
    Ok(Summary { tasks, left_out })
}

struct Export<'a> {
    writer: &'a mut dyn exchange::Writer,
    out: &'a mut dyn Write,
    /// How many tasks referred to one in the trash, where the format leaves the trash out.
    parted: u64,
}

impl Export<'_> {
    fn write_all(&mut self, store: &Store) -> Result<u64, WriteError> {
        let (all, deleted) = store.count_all()?;
        let takes_trash = self.writer.takes_trash();
        let contents = Contents {
            tasks: if takes_trash { all } else { all - deleted },
            last_id: store.last_id()?,
            first_year: if self.writer.names_zones() {
                store.first_year()?
            } else {
                None
            },
        };
        self.writer.begin(self.out, contents)?;
        if self.writer.is_nested() {
            store.each_task_nested(|task, depth| self.write(store, task, depth))?;
        } else {
            store.each_task(|task| {
                if task.is_deleted() && !takes_trash {
                    return Ok(());
                }
                self.write(store, task, 0)
            })?;
        }
        self.writer.end(self.out)?;
        Ok(contents.tasks)
    }

    fn write(&mut self, store: &Store, task: Task, depth: usize) -> Result<(), WriteError> {
        let other = |id: TaskId| store.task(id);
        let place = Relatives {
            depth,
            other: &other,
        };
        let task = if self.writer.takes_trash() {
            task
        } else {
            self.parted(store, task)?
        };
        let task = store.with_states(task)?;
        self.writer
            .task(self.out, &store.with_comments(task)?, &place)
    }

    /// Takes the references to tasks in the trash away.
    fn parted(&mut self, store: &Store, task: Task) -> Result<Task, WriteError> {
        let mut ids: Vec<TaskId> = task.depends_on.iter().copied().collect();
        ids.extend(task.parent);
        if ids.is_empty() {
            return Ok(task);
        }
        let mut task = task;
        let mut is_parted = false;
        for id in ids {
            if store.task(id)?.is_none_or(|other| other.is_deleted()) {
                is_parted = true;
                task.depends_on.remove(&id);
                task.parent = task.parent.filter(|parent| *parent != id);
            }
        }
        self.parted += u64::from(is_parted);
        Ok(task)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => Self::Failed(error),
            WriteError::Output(error) => Self::Output(error),
        }
    }
}
