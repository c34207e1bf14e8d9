//! `taskhold import`

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::mpsc,
    thread,
};

use super::{CliResult, Context, Failure};
use crate::{
    domain::{
        error::{Code, Error},
        imported::Arrival,
        text,
    },
    exchange::{self, Fault, Format, Reader},
    store::{
        Access, Contest, Import, Imported, Store,
        backup::{Reason, Reserved},
    },
};

mod input;
mod report;

use input::{Input, Progress};

/// Import the tasks of a file: all of them, or none
///
/// It is one change, which one undo takes back. An empty database keeps the ids of a file of our own; in any other, tasks
/// that are new get new ids. A task that is here already, by its UID or UUID or else by the time it was created and its title,
/// is left as it is, so nothing is doubled when a file is imported again; what differs is said, and --update takes over what
/// changed in the file. A field that was changed here, too, is named and left, and so is a task that is in the trash.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold import tasks.jsonl --dry-run
  taskhold import todo.txt
  taskhold import calendar.ics --update
  task export | taskhold import --format taskwarrior -")]
pub(super) struct ImportArgs {
    /// What the file is [default: by its beginning, else by its ending]
    #[arg(long, value_enum)]
    format: Option<ReadFormat>,
    /// Say what would be done and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take over what changed in the file since it was imported the last time, in tasks that are here already
    #[arg(long)]
    update: bool,
    /// Leave out what cannot be used, of a task or all of it, and take in the rest
    #[arg(long)]
    skip_bad: bool,
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ReadFormat {
    /// What taskhold exports as json
    Json,
    /// A line a task: todo.txt
    #[value(name = "todo.txt", alias = "todo", alias = "txt")]
    TodoTxt,
    /// What `task export` prints
    Taskwarrior,
    /// iCalendar, each VTODO a task
    Ics,
}

impl From<ReadFormat> for Format {
    fn from(read: ReadFormat) -> Self {
        match read {
            ReadFormat::Json => Self::Json,
            ReadFormat::TodoTxt => Self::TodoTxt,
            ReadFormat::Taskwarrior => Self::Taskwarrior,
            ReadFormat::Ics => Self::Ics,
        }
    }
}

/// How many faults are told one by one when nothing is imported because of them.
const TOLD: u64 = 20;

impl ImportArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let name = text::clean(&self.file.display().to_string()).text;
        let input = Input::open(&self.file).map_err(|error| not_read(&name, &error))?;
        if input.start().is_empty() {
            return Err(failed(&name, "it is empty: there is nothing to import"));
        }
        let format = self
            .format_of(input.start())
            .ok_or_else(|| failed(&name, "what it is cannot be told").with_hint(FORMATS))?;
        let whole = input.whole().map_err(|error| not_read(&name, &error))?;
        let caller = &context.caller;
        let begin = || -> CliResult<(_, Progress)> {
            let (input, progress) = whole.read().map_err(|error| not_read(&name, &error))?;
            let reader = exchange::reader(format, Box::new(input), caller)
                .map_err(|error| not_read(&name, &error))?
                .ok_or_else(|| {
                    failed(&name, "files of this format are written, and not read")
                        .with_hint("taskhold export --format json writes what is read back")
                })?;
            Ok((reader, progress))
        };
        let (mut reader, progress) = begin()?;
        let mut faults = Faults::new(&name, self.skip_bad);
        let imported = if self.dry_run {
            let store = context.reader()?;
            store.snapshot(|store| {
                let import = store.rehearse_import(caller, reader.terms())?;
                let import = import.updating(self.update);
                Ok(take_all(import, &mut *reader, &mut faults, progress))
            })??
        } else {
            let mut target = Target::open(context)?;
            let mut tries = Contest::begin();
            let mut imported = target.write(&mut *reader, self.update, &mut faults, progress);
            while let Err(Failure::Failed(Error::Behind)) = imported {
                tries.again(&mut target.store)?;
                // Other machines that share the tasks were first: what is known of them is asked anew.
                let progress;
                (reader, progress) = begin()?;
                faults.begin_again();
                imported = target.write(&mut *reader, self.update, &mut faults, progress);
            }
            imported?
        };
        let left = report::Left {
            bad: faults.tasks,
            is_cut: faults.is_cut,
        };
        if context.screen.json {
            return report::print_json(&imported, &*reader, left, self.dry_run, context);
        }
        let how = report::How {
            is_rehearsal: self.dry_run,
            updates: self.update,
        };
        report::print(&imported, &*reader, how)
    }

    fn format_of(&self, start: &[u8]) -> Option<Format> {
        let ending = self.file.extension().and_then(std::ffi::OsStr::to_str);
        self.format
            .map(Format::from)
            .or_else(|| Format::of_content(start))
            .or_else(|| Format::of_ending(ending?))
    }
}

/// Where an import writes to.
struct Target<'a> {
    context: &'a Context,
    store: Store,
    backups: Reserved,
    is_backed_up: bool,
}

impl<'a> Target<'a> {
    fn open(context: &'a Context) -> Result<Self, Failure> {
        let mut store = Store::open(&context.database, Access::Write)?;
        store.follow()?;
        // Before the write lock: who waits for a backup must not keep all writers waiting.
        let backups = Reserved::of(&store)?;
        Ok(Self {
            context,
            store,
            backups,
            is_backed_up: false,
        })
    }

    /// Takes the tasks in, if nothing is wrong with them, after a backup of what is there. [`Error::Behind`]: other machines that
    /// share the tasks were first, and nothing was taken.
    fn write(
        &mut self,
        reader: &mut (dyn Reader + Send),
        updates: bool,
        faults: &mut Faults<'_>,
        progress: Progress,
    ) -> Result<Imported, Failure> {
        let caller = &self.context.caller;
        let mut writer = self.store.writer()?;
        let import = writer.import(caller, reader.terms())?;
        let import = import.updating(updates);
        let imported = take_all(import, reader, faults, progress)?;
        // Nothing new: nothing to commit, and no reason to let the backups of other imports go.
        if let Some(group) = imported.group {
            // Not committed yet: another connection sees what was there before. Group 1 is the first change of all.
            if group > 1 && !std::mem::replace(&mut self.is_backed_up, true) {
                self.backups.take(Reason::Import, caller.now)?;
            }
            writer.commit()?;
            self.context.changed(self.store.paths());
        }
        Ok(imported)
    }
}

const FORMATS: &str = "say what it is: --format json, todo.txt, taskwarrior or ics";
const HELP: &str = "taskhold import --help says which files are read";

fn failed(name: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::input(format!("{name}: {}", one_line(&reason.to_string()))).with_hint(HELP)
}

fn not_read(name: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "name a file that is there; - is standard input",
        io::ErrorKind::IsADirectory => "name a file in it",
        io::ErrorKind::PermissionDenied => "see that it is a file, and that you may read it",
        io::ErrorKind::FileTooLarge => "write it to a file first, and import that",
        _ => HELP,
    };
    failed(name, error).with_hint(hint)
}

/// Returns what is safe to print of a message that may repeat what a file says.
fn one_line(message: &str) -> String {
    text::clean(message).text.replace('\n', " ")
}

/// Hands all tasks of a file to `import`. An error if something of it cannot be used and is not to be left out.
fn take_all(
    mut import: Import<'_, '_>,
    reader: &mut (dyn Reader + Send),
    faults: &mut Faults<'_>,
    mut progress: Progress,
) -> Result<Imported, Failure> {
    let mut tasks = 0;
    thread::scope(|scope| {
        for next in read_ahead(scope, &mut *reader) {
            let arrival = match next {
                Ok(arrival) => arrival,
                Err(Fault::Task { line, reason }) => {
                    faults.task(line, &reason);
                    continue;
                }
                Err(Fault::Property { line, reason }) => {
                    faults.tell(line, &reason);
                    continue;
                }
                Err(Fault::Cut { line, reason }) => {
                    faults.cut(line, &reason);
                    continue;
                }
                Err(fault) => return Err(failed(faults.name, fault)),
            };
            let line = arrival.line;
            match import.take(arrival) {
                Ok(_) => {}
                Err(error) if error.code() == Code::Caller => faults.task(line, &error.to_string()),
                Err(error) => return Err(error.into()),
            }
            tasks += 1;
            progress.show(tasks);
        }
        Ok(())
    })?;
    progress.end();
    let imported = import
        .finish(reader.last_id(), |line, invalid| {
            faults.tell(line, &invalid.to_string());
        })
        .map_err(|error| match error {
            Error::Invalid(invalid) => failed(faults.name, invalid),
            error => error.into(),
        })?;
    faults.end()?;
    Ok(imported)
}

/// Reads tasks on a thread of its own while those before are written; it ends when nobody takes them.
fn read_ahead<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    reader: &'scope mut (dyn Reader + Send),
) -> impl Iterator<Item = Result<Arrival, Fault>> {
    // Few: each task may be long.
    const TASKS_AT_ONCE: usize = 64;
    const AHEAD: usize = 2;
    let (read, taken) = mpsc::sync_channel(AHEAD);
    scope.spawn(move || {
        let mut all = std::iter::from_fn(|| reader.next()).fuse();
        loop {
            let tasks: Vec<_> = all.by_ref().take(TASKS_AT_ONCE).collect();
            if tasks.is_empty() || read.send(tasks).is_err() {
                return;
            }
        }
    });
    taken.into_iter().flatten()
}

/// Says what is wrong with a file, on standard error.
struct Faults<'a> {
    name: &'a str,
    is_left_out: bool,
    count: u64,
    /// How many of them are tasks.
    tasks: u64,
    is_cut: bool,
    /// How many were told before the import began anew.
    told: u64,
}

impl<'a> Faults<'a> {
    /// `is_left_out`: what is wrong is left out, and the rest taken.
    fn new(name: &'a str, is_left_out: bool) -> Self {
        Self {
            name,
            is_left_out,
            count: 0,
            tasks: 0,
            is_cut: false,
            told: 0,
        }
    }

    /// Counts anew, and tells what was told already no second time.
    fn begin_again(&mut self) {
        self.told = self.told.max(self.count);
        (self.count, self.tasks, self.is_cut) = (0, 0, false);
    }

    fn task(&mut self, line: u64, reason: &str) {
        self.tasks += 1;
        self.tell(line, reason);
    }

    fn cut(&mut self, line: u64, reason: &str) {
        self.is_cut = true;
        self.tell(line, reason);
    }

    fn tell(&mut self, line: u64, reason: &str) {
        self.count += 1;
        if self.count > self.told && (self.is_left_out || self.count <= TOLD) {
            say(&format!("{}: line {line}: {}", self.name, one_line(reason)));
        }
    }

    fn end(&self) -> CliResult {
        let count = self.count;
        if count == 0 || self.is_left_out {
            return Ok(());
        }
        let untold = count.saturating_sub(TOLD);
        if untold > 0 {
            say(&format!("{}: and {untold} more", self.name));
        }
        let faults = text::counted(count, "fault");
        let message = format!("nothing was imported because of {faults}");
        Err(failed(self.name, message).with_hint(
            "mend the file, or give --skip-bad to leave out what is at fault and import the rest",
        ))
    }
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "taskhold: {message}");
}
