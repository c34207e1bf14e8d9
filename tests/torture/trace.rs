//! The program under strace: what it asked the system for, in order, and faults put in between.
//!
//! Each call is told with the time at which it began and ended, so that the traces of several processes can be merged:
//! what ended before another began happened before it. strace writes text and names in hexadecimal, so a comma in a line
//! always parts two arguments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The calls that change files or tell something: what a rebuilt disk is made from.
pub(crate) const CHANGING: &str = "openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,lseek";

/// One call that has returned, or the end of the process.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// In ns since 1970.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) thread: u32,
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    /// What it returned, as strace says it.
    pub(crate) returned: String,
    pub(crate) is_injected: bool,
}

impl Call {
    /// Reports whether the call did what it was asked for.
    pub(crate) fn is_done(&self) -> bool {
        !self.returned.starts_with('-') && !self.returned.starts_with('?')
    }

    /// Returns the number at the beginning of an argument, or of what was returned.
    pub(crate) fn number(text: &str) -> u64 {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..digits]
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} begins with no number"))
    }

    /// Returns the path behind a file handle; `None` if it has no name any more.
    pub(crate) fn path_of_handle(text: &str) -> Option<PathBuf> {
        let (_, rest) = text.split_once('<')?;
        let (path, rest) = rest.split_once('>')?;
        (!rest.starts_with("(deleted)")).then(|| PathBuf::from(text_of(path)))
    }

    /// Returns the path in an argument, from `folder`, which may be a handle, where it is not absolute.
    pub(crate) fn path(text: &str, folder: Option<&str>) -> PathBuf {
        let path = PathBuf::from(text_of(text));
        match folder.and_then(Self::path_of_handle) {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// Reports whether the call names a file in `root`, or has one open.
    pub(crate) fn touches(&self, root: &Path) -> bool {
        let mut texts = self.arguments.iter().chain(std::iter::once(&self.returned));
        texts.any(|text| {
            let path = Self::path_of_handle(text)
                .or_else(|| text.starts_with('"').then(|| Self::path(text, None)));
            // A working folder is named with each call.
            !text.starts_with("AT_FDCWD") && path.is_some_and(|path| path.starts_with(root))
        })
    }

    /// Returns the bytes in an argument. strace cuts those of the ballast, which mean nothing.
    pub(crate) fn bytes(text: &str) -> Vec<u8> {
        decoded(text)
    }
}

/// Returns the path of strace, without which a campaign cannot see what the program does.
pub(crate) fn strace() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|folder| folder.join("strace"))
            .find(|file| file.is_file())
            .expect("strace is not there: install the package `strace`")
    })
}

/// What makes strace quicker: it sees only the calls it is asked for. It cannot send a signal then.
pub(crate) const QUICKLY: &str = "--seccomp-bpf";

/// Returns `command` under strace, with further options of strace; what it sees goes into the file `seen`.
pub(crate) fn traced(command: &Command, options: &[&str], seen: &Path) -> Command {
    let mut traced = Command::new(strace());
    traced
        .args(["-f", "-q", "-y", "-xx", "-s", "1048576"])
        .args([
            "--absolute-timestamps=format:unix,precision:ns",
            "--syscall-times=ns",
        ])
        .arg("-o")
        .arg(seen)
        .args(options)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            traced.env(name, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        traced.current_dir(folder);
    }
    traced
}

/// The options with which every call that a fault can be put in is seen, without the data.
pub(crate) const SHORTLY: [&str; 5] = [
    QUICKLY,
    "-s",
    "64",
    "-e",
    "trace=openat,write,pwrite64,fsync,ftruncate,fcntl,flock,rename,renameat2,link,linkat,unlink,mkdir",
];

/// The calls of a run that nothing was in the way of, and which of them touched the home it was in.
pub(crate) struct Calls {
    /// By thread, in order: the name, and whether it touched the home.
    threads: Vec<Vec<(String, bool)>>,
}

impl Calls {
    /// Reads a trace that was made with [`SHORTLY`].
    pub(crate) fn read(seen: &Path, root: &Path) -> Self {
        let mut calls = calls(seen);
        calls.sort_by_key(|call| (call.thread, call.start));
        let threads = calls.chunk_by(|one, other| one.thread == other.thread);
        let known = |call: &Call| (call.name.clone(), call.touches(root));
        Self {
            threads: threads
                .map(|calls| calls.iter().map(known).collect())
                .collect(),
        }
    }

    /// Returns the numbers of the calls of a kind, names parted by commas, that touch the home. strace counts the calls of
    /// each thread.
    pub(crate) fn numbers(&self, kind: &str) -> Vec<u64> {
        let is_meant = |(name, _): &&(String, bool)| kind.split(',').any(|one| one == name);
        let of_threads = self.threads.iter();
        let numbered = of_threads.flat_map(|calls| (1..).zip(calls.iter().filter(is_meant)));
        let mut numbers: Vec<u64> = numbered
            .filter(|(_, (_, touches))| *touches)
            .map(|(number, _)| number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Returns the calls in a trace, in the order of their ends. Those that never returned are left out.
pub(crate) fn calls(seen: &Path) -> Vec<Call> {
    let text = fs::read_to_string(seen).unwrap();
    let mut begun: Vec<(u32, u64, String)> = Vec::new();
    let mut calls = Vec::new();
    // Where strace was ended, the last line may be cut.
    let lines = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    for line in lines {
        let (thread, rest) = line.split_once(' ').unwrap();
        let (at, rest) = rest.trim_start().split_once(' ').unwrap();
        let (thread, at) = (thread.parse().unwrap(), nanoseconds(at));
        if let Some(status) = rest.strip_prefix("+++ exited with ") {
            calls.push(Call {
                start: at,
                end: at,
                thread,
                name: "exit".to_owned(),
                arguments: Vec::new(),
                returned: status.trim_end_matches(" +++").to_owned(),
                is_injected: false,
            });
        } else if rest.starts_with("+++") || rest.starts_with("---") {
            // A signal.
        } else if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.push((thread, at, first.to_owned()));
        } else if rest.starts_with("<... ") {
            let (_, second) = rest.split_once(" resumed>").unwrap();
            let found = begun.iter().position(|(one, ..)| *one == thread);
            let (_, start, first) = begun.swap_remove(found.expect("a call that was begun"));
            calls.extend(call(thread, start, &format!("{first}{second}")));
        } else {
            calls.extend(call(thread, at, rest));
        }
    }
    calls.sort_by_key(|call| call.end);
    calls
}

fn call(thread: u32, start: u64, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, rest) = rest.rsplit_once(") = ").or_else(|| {
        // Short lines are filled with blanks.
        let at = rest.find(") ")?;
        let (arguments, rest) = rest.split_at(at);
        Some((arguments, rest.trim_start_matches([')', ' ', '='])))
    })?;
    let (returned, took) = rest.rsplit_once(" <").unwrap_or((rest, "0>"));
    Some(Call {
        start,
        end: start + nanoseconds(took.trim_end_matches('>')),
        thread,
        name: name.to_owned(),
        arguments: arguments.split(", ").map(str::to_owned).collect(),
        returned: returned.to_owned(),
        is_injected: returned.contains("(INJECTED)"),
    })
}

/// Reads seconds with a fraction of nine digits.
fn nanoseconds(text: &str) -> u64 {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: u64 = seconds.parse().unwrap_or_default();
    seconds * 1_000_000_000 + fraction.parse::<u64>().unwrap_or_default()
}

fn text_of(text: &str) -> String {
    String::from_utf8_lossy(&decoded(text)).into_owned()
}

/// Reads what strace wrote as `\x61\x62`, with quotes around it or without.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.trim_end_matches("...").trim_matches('"').as_bytes();
    while let Some((first, others)) = rest.split_first() {
        if *first == b'\\' && others.first() == Some(&b'x') && others.len() >= 3 {
            let digit = |at: usize| {
                (others[at] as char)
                    .to_digit(16)
                    .expect("a hexadecimal digit")
            };
            bytes.push(u8::try_from(digit(1) * 16 + digit(2)).expect("two digits"));
            rest = &others[3..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    bytes
}
