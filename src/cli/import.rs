//! `taskhold import`

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _, Read, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{CliResult, Context, Failure};
use crate::{
    arrival::{Arrival, Name},
    command::Caller,
    error::{Code, Error},
    exchange::{self, Fault, Format, Reader},
    store::{
        Access, Imported, Store,
        backup::{self, Reason},
        db::Doorbell,
    },
    task::TaskId,
    text,
};

/// Take in the tasks of a file: all of them, or none
///
/// It is one change, which one undo takes back. An empty database keeps the ids of a file of our own; in any other, tasks
/// that are new get new ids. A task that is here already is left as it is, so nothing is doubled when a file is imported
/// again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold import tasks.jsonl --dry-run
  taskhold import todo.txt
  task export | taskhold import --format taskwarrior -")]
pub(super) struct ImportArgs {
    /// What the file is [default: by its beginning, else by its ending]
    #[arg(long, value_enum)]
    format: Option<ReadFormat>,
    /// Say what would be done and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave out tasks that cannot be used, and take in the others
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
        let caller = context.caller.clone();
        let name = text::clean(&self.file.display().to_string()).text;
        let (input, progress) = self.open().map_err(|error| failed(&name, error))?;
        let mut input = BufReader::with_capacity(1 << 16, input);
        let start = input.fill_buf().map_err(|error| failed(&name, error))?;
        if start.is_empty() {
            return Err(failed(&name, "it is empty: there is nothing to import"));
        }
        let format = self.format_of(start).ok_or_else(|| {
            failed(
                &name,
                "what it is cannot be told; give --format json, todo.txt, taskwarrior or ics",
            )
        })?;
        let mut reader = exchange::reader(format, Box::new(input), &caller).ok_or_else(|| {
            failed(
                &name,
                "files of this format are written, and not read; json is read back",
            )
        })?;

        let mut store = Store::open(&context.database, Access::Write)?;
        if !self.dry_run && store.last_change()? > 0 {
            backup::take(&context.database, Reason::Import, caller.now)?;
        }
        let mut faults = Faults {
            name: &name,
            tells_all: self.skip_bad,
            count: 0,
        };
        let mut writer = store.writer()?;
        let imported = take_all(&mut writer, &mut *reader, &caller, &mut faults, progress)?;
        let bad = faults.count;
        faults.end();
        if bad > 0 && !self.skip_bad {
            return Err(failed(
                &name,
                format_args!(
                    "nothing was imported because of {bad} fault{}; mend the file, or give --skip-bad to leave out what \
                     is at fault and import the rest",
                    plural(bad)
                ),
            ));
        }
        if !self.dry_run {
            writer.commit()?;
            Doorbell::new(store.paths()).ring();
        }
        if context.screen.json {
            return self.report_json(&imported, &*reader, bad, context);
        }
        report(&imported, &*reader, self.dry_run)
    }

    /// Opens the file. What can be slow, or endless, is read to its end first: nobody else can write meanwhile.
    fn open(&self) -> io::Result<(Watched, Progress)> {
        let file = if self.file == Path::new("-") {
            spooled(&mut io::stdin().lock())?
        } else {
            let mut file = File::open(&self.file)?;
            if file.metadata()?.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if file.metadata()?.is_file() {
                file
            } else {
                spooled(&mut file)?
            }
        };
        let progress = Progress::of(file.metadata()?.len());
        let input = Watched {
            file,
            read: Arc::clone(&progress.read),
        };
        Ok((input, progress))
    }

    fn report_json(
        &self,
        imported: &Imported,
        reader: &dyn Reader,
        bad: u64,
        context: &Context,
    ) -> CliResult {
        let ids = imported
            .ends
            .as_ref()
            .map(|[(first, _), (last, _)]| [first, last]);
        Ok(context.screen.print_json(&json!({
            "dry_run": self.dry_run,
            "group": imported.group.filter(|_| !self.dry_run),
            "new": imported.new,
            "first": ids.map(|[first, _]| first),
            "last": ids.map(|[_, last]| last),
            "keeps_ids": imported.keeps_ids,
            "here": imported.here,
            "differ": imported.differ,
            "bad": bad,
            "notes": notes(imported, reader),
        }))?)
    }

    fn format_of(&self, start: &[u8]) -> Option<Format> {
        let ending = self.file.extension().and_then(std::ffi::OsStr::to_str);
        self.format
            .map(Format::from)
            .or_else(|| Format::of_content(start))
            .or_else(|| Format::of_ending(ending?))
    }
}

fn spooled(input: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn failed(name: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::input(format!("{name}: {}", one_line(&reason.to_string())))
}

/// Returns what is safe to print of a message that may repeat what a file says.
fn one_line(message: &str) -> String {
    text::clean(message).text.replace('\n', " ")
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn take_all(
    writer: &mut crate::store::Writer<'_>,
    reader: &mut (dyn Reader + Send),
    caller: &Caller,
    faults: &mut Faults<'_>,
    mut progress: Progress,
) -> Result<Imported, Failure> {
    let mut import = writer.import(caller, reader.terms())?;
    let mut tasks = 0;
    thread::scope(|scope| {
        for next in read_ahead(scope, &mut *reader) {
            let arrival = match next {
                Ok(arrival) => arrival,
                Err(Fault::Task { line, reason }) => {
                    faults.tell(line, &reason);
                    continue;
                }
                Err(fault) => return Err(failed(faults.name, fault)),
            };
            let line = arrival.line;
            match import.take(arrival) {
                Ok(_) => {}
                Err(error) if error.code() == Code::Caller => faults.tell(line, &error.to_string()),
                Err(error) => return Err(error.into()),
            }
            tasks += 1;
            progress.show(tasks);
        }
        Ok(())
    })?;
    progress.end();
    import
        .finish(reader.last_id(), |line, invalid| {
            faults.tell(line, &invalid.to_string());
        })
        .map_err(|error| match error {
            Error::Invalid(invalid) => failed(faults.name, invalid),
            error => error.into(),
        })
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
    tells_all: bool,
    count: u64,
}

impl Faults<'_> {
    fn tell(&mut self, line: u64, reason: &str) {
        self.count += 1;
        if self.tells_all || self.count <= TOLD {
            say(&format!("{}: line {line}: {}", self.name, one_line(reason)));
        }
    }

    fn end(&self) {
        let untold = self.count.saturating_sub(TOLD);
        if untold > 0 && !self.tells_all {
            say(&format!("{}: and {untold} more", self.name));
        }
    }
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "taskhold: {message}");
}

/// Returns what was left out, or taken otherwise than it is written.
fn notes(imported: &Imported, reader: &dyn Reader) -> Vec<String> {
    let remarks = reader.notes().iter().map(|(remark, count)| {
        let s = plural(count);
        one_line(&format!("{remark} ({count} task{s})"))
    });
    let loose = (imported.loose > 0).then(|| {
        let (count, s) = (imported.loose, plural(imported.loose));
        format!("{count} reference{s} to tasks that are not in the file left out")
    });
    remarks.chain(loose).collect()
}

fn report(imported: &Imported, reader: &dyn Reader, is_rehearsal: bool) -> CliResult {
    for note in notes(imported, reader) {
        say(&note);
    }
    let mut out = io::stdout().lock();
    let imports = if is_rehearsal {
        "Would import"
    } else {
        "Imported"
    };
    let (new, s) = (imported.new, plural(imported.new));
    write!(out, "{imports} {new} task{s}")?;
    if let Some([(first, first_name), (last, last_name)]) = &imported.ends {
        write!(out, ", #{first} to #{last}")?;
        if imported.keeps_ids {
            write!(out, ", as they are in the file")?;
        } else if let (Some(Name::Number(_)), Some(Name::Number(_))) = (first_name, last_name) {
            let renamed = |id: &TaskId, name: &Option<Name>| {
                name.as_ref()
                    .map_or_else(String::new, |name| format!("{name} of the file is #{id}"))
            };
            write!(
                out,
                ": {}, {}",
                renamed(first, first_name),
                renamed(last, last_name)
            )?;
        }
    }
    writeln!(out, ".")?;
    if imported.here > 0 {
        let (here, differ) = (imported.here, imported.differ);
        write!(
            out,
            "{here} {} here already and left as {}",
            was(here),
            it_is(here)
        )?;
        if differ > 0 {
            write!(out, "; of {differ} of them the file says something else")?;
        }
        writeln!(out, ".")?;
    }
    match imported.group {
        _ if is_rehearsal => writeln!(out, "Nothing was written.")?,
        Some(group) => writeln!(out, "It is change group {group}; one undo takes it back.")?,
        None => {}
    }
    Ok(())
}

fn was(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

fn it_is(count: u64) -> &'static str {
    if count == 1 { "it is" } else { "they are" }
}

/// A file, and how far it was read.
struct Watched {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A line on a terminal that says how far long work has come.
struct Progress {
    read: Arc<AtomicU64>,
    length: u64,
    shown: Option<Instant>,
    is_visible: bool,
}

impl Progress {
    /// How long work may take before it is shown, and how often it is shown then.
    const PAUSE: Duration = Duration::from_millis(500);

    fn of(length: u64) -> Self {
        Self {
            read: Arc::default(),
            length,
            shown: io::stderr().is_terminal().then(Instant::now),
            is_visible: false,
        }
    }

    fn show(&mut self, tasks: u64) {
        let is_due = |shown: &Instant| shown.elapsed() >= Self::PAUSE;
        if !tasks.is_multiple_of(256) || !self.shown.as_ref().is_some_and(is_due) {
            return;
        }
        let percent = self.read.load(Ordering::Relaxed).min(self.length) * 100 / self.length.max(1);
        let _ = write!(io::stderr(), "\r{percent:3} %, {tasks} tasks");
        self.shown = Some(Instant::now());
        self.is_visible = true;
    }

    fn end(&self) {
        if self.is_visible {
            let _ = writeln!(io::stderr(), "\r100 %, now written to the disk");
        }
    }
}
