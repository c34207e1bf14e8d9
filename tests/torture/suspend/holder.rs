//! A process that is stopped while it holds a lock.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::daemon::read_lines;
use crate::support::{Home, PATIENCE, read_all};

/// How long to wait before looking again whether the process has stopped.
const STEP: Duration = Duration::from_millis(10);

/// The system call during which a process is stopped.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    /// The first `flock`, on any file.
    AnyLock,
    /// The first `flock` on a file of the home.
    LockOf(&'static str),
    /// The first `pwrite64` to a file of the home.
    WriteTo(&'static str),
    /// None: it is stopped once it says that it listens.
    Listening,
}

/// A process that is stopped while it holds a lock. When dropped, it is ended.
pub(super) struct Holder {
    process: Child,
    printed: Receiver<String>,
    said: Receiver<String>,
    /// It listened before it was stopped.
    listens: bool,
}

impl Holder {
    /// Starts a command and waits until it is stopped at `moment`.
    pub(super) fn stopped(home: &Home, arguments: &[&str], moment: Moment) -> Self {
        let plain = home.command(arguments);
        let trace = home.database().with_file_name("trace");
        let mut command = match moment {
            Moment::Listening => plain,
            moment => traced(&plain, home, &trace, moment),
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("strace is not installed: install the package strace"),
            _ => panic!("strace cannot be started: {error}"),
        });
        let mut holder = Self {
            printed: read_lines(process.stdout.take().unwrap()),
            said: read_all(process.stderr.take().unwrap()),
            process,
            listens: false,
        };
        match moment {
            Moment::Listening => {
                await_listening(&holder.printed, PATIENCE).expect("the daemon listens");
                holder.listens = true;
                signal(holder.pid(), "-STOP");
            }
            _ => holder.await_stop(&trace),
        }
        holder
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn await_stop(&self, trace: &Path) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let traced = fs::read_to_string(trace).unwrap_or_default();
            if traced.contains("stopped by SIGSTOP") {
                return;
            }
            match self.said.recv_timeout(STEP) {
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                said => panic!("it was not stopped: {said:?}\n{traced}"),
            }
        }
    }

    /// Waits until it holds the lock of a file. strace reports the stop as soon as one thread has stopped; the thread that
    /// takes the lock may still be inside its system call. Returns what it holds instead if it never does.
    pub(super) fn await_lock(&self, home: &Home, file: &str) -> Result<(), Vec<String>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let locked = self.locked_files(home);
            if locked.iter().any(|locked| locked.ends_with(file)) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(locked);
            }
            thread::sleep(STEP);
        }
    }

    /// Returns the names of the files that it has locked against others, as the kernel lists them.
    fn locked_files(&self, home: &Home) -> Vec<String> {
        let names = inodes(home.database().parent().unwrap());
        let pid = self.pid().to_string();
        let locks = fs::read_to_string("/proc/locks").expect("the system lists its locks");
        let mut locked: Vec<String> = locks
            .lines()
            .filter_map(|line| {
                // "1: FLOCK  ADVISORY  WRITE 3850 fe:00:10027036 0 EOF"; a lock that is waited for has an arrow.
                let fields: Vec<&str> = line.split_whitespace().collect();
                let inode = fields.get(5)?.rsplit(':').next()?.parse().ok()?;
                (fields[3] == "WRITE" && fields[4] == pid).then(|| names.get(&inode).cloned())?
            })
            .collect();
        locked.sort();
        locked.dedup();
        locked
    }

    /// Has it go on, and returns what it printed when it has ended, which must be well. A daemon is asked to end once it
    /// listens.
    pub(super) fn resume(mut self, is_daemon: bool) -> Result<String, String> {
        signal(self.pid(), "-CONT");
        if is_daemon {
            if !self.listens && await_listening(&self.printed, PATIENCE).is_err() {
                let said = self.said.try_recv();
                return Err(format!("the resumed daemon does not listen: {said:?}"));
            }
            signal(self.pid(), "-TERM");
        }
        let Ok(said) = self.said.recv_timeout(PATIENCE) else {
            return Err(format!(
                "the resumed holder did not end within {PATIENCE:?}"
            ));
        };
        let status: ExitStatus = self.process.wait().unwrap();
        let printed: Vec<String> = self.printed.iter().collect();
        if status.success() {
            Ok(printed.join("\n"))
        } else {
            Err(format!("the resumed holder ended with {status}: {said}"))
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // SIGKILL ends a stopped process, too; strace ends with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the command under strace, which runs beside it and stops it at `moment`.
fn traced(plain: &Command, home: &Home, trace: &Path, moment: Moment) -> Command {
    let (call, file) = match moment {
        Moment::LockOf(file) => ("flock", Some(file)),
        Moment::WriteTo(file) => ("pwrite64", Some(file)),
        Moment::AnyLock | Moment::Listening => ("flock", None),
    };
    let mut command = Command::new("strace");
    // -D: the tracer is the grandchild, so the child is the program itself.
    command.args(["-D", "-f", "-qq", "-o"]).arg(trace);
    if let Some(file) = file {
        let folder = dunce::canonicalize(home.database().parent().unwrap()).unwrap();
        command.arg("-P").arg(folder.join(file));
    }
    command.args(["-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:signal=STOP:when=1")]);
    command.arg(plain.get_program()).args(plain.get_args());
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.current_dir(plain.get_current_dir().unwrap());
    command
}

/// Returns the name, below `folder`, of each file by its inode.
fn inodes(folder: &Path) -> BTreeMap<u64, String> {
    let mut names = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(found) = entry.metadata() else {
                continue;
            };
            if found.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                names.insert(found.ino(), name.to_string_lossy().into_owned());
            }
        }
    }
    names
}

/// Waits until a daemon prints that it listens. What else it prints before is passed over.
pub(super) fn await_listening(
    printed: &Receiver<String>,
    within: Duration,
) -> Result<(), RecvTimeoutError> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if printed.recv_timeout(left)?.starts_with("listening: ") {
            return Ok(());
        }
    }
}

/// Sends a signal to a process of our own.
pub(super) fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "{signal} was not sent to {pid}");
}
