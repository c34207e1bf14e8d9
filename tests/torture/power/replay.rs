//! A trace, followed on a disk, and what the program had told by any moment of it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::disk::Disk;
use crate::trace::Call;

/// A disk, and the program's place in each file.
pub(super) struct Replay {
    pub(super) disk: Disk,
    root: PathBuf,
    /// By process and handle.
    places: HashMap<(usize, u64), usize>,
}

impl Replay {
    /// Begins with what is in `before`, as if it were in `root`, where the program ran.
    pub(super) fn new(before: &Path, root: &Path) -> Self {
        Self {
            disk: Disk::of(before, root),
            root: root.to_owned(),
            places: HashMap::new(),
        }
    }

    /// Does what a call did.
    pub(super) fn follow(&mut self, process: usize, call: &Call) {
        let is_failed_sync = call.is_injected && call.name == "fsync";
        if call.name == "exit" || !(call.is_done() || is_failed_sync) {
            return;
        }
        self.disk.now = call.end;
        let argument = |at: usize| call.arguments[at].as_str();
        let path = |at: usize| Call::path(argument(at), None);
        let path_from = |at: usize| Call::path(argument(at + 1), Some(argument(at)));
        match call.name.as_str() {
            "open" | "creat" | "openat" => {
                let (path, flags) = match call.name.as_str() {
                    "openat" => (path_from(0), argument(2)),
                    "open" => (path(0), argument(1)),
                    _ => (path(0), "O_CREAT|O_TRUNC"),
                };
                let has = |flag: &str| flags.split('|').any(|one| one == flag);
                assert!(
                    !(has("O_APPEND") && path.starts_with(&self.root)),
                    "{call:?}"
                );
                self.disk.open(&path, has("O_CREAT"), has("O_TRUNC"));
                self.places
                    .insert((process, Call::number(&call.returned)), 0);
            }
            "lseek" => {
                let place = usize::try_from(Call::number(&call.returned)).unwrap();
                self.places
                    .insert((process, Call::number(argument(0))), place);
            }
            "write" | "pwrite64" => self.write(process, call),
            "fsync" | "fdatasync" => {
                if let Some(path) = Call::path_of_handle(argument(0)) {
                    if is_failed_sync {
                        self.disk.fail_to_sync(&path, call.start);
                    } else {
                        self.disk.sync(&path, call.start);
                    }
                }
            }
            "ftruncate" => {
                if let Some(path) = Call::path_of_handle(argument(0)) {
                    let length = usize::try_from(Call::number(argument(1))).unwrap();
                    self.disk.set_length(&path, length);
                }
            }
            "rename" => self.disk.rename(&path(0), &path(1)),
            "renameat" | "renameat2" => self.disk.rename(&path_from(0), &path_from(2)),
            "link" => self.disk.link(&path(0), &path(1)),
            "linkat" => self.disk.link(&path_from(0), &path_from(2)),
            "unlink" | "rmdir" => self.disk.remove(&path(0)),
            "unlinkat" => self.disk.remove(&path_from(0)),
            "mkdir" => self.disk.make_folder(&path(0)),
            "mkdirat" => self.disk.make_folder(&path_from(0)),
            _ => assert!(
                !call.touches(&self.root),
                "this campaign does not know {call:?}"
            ),
        }
    }

    fn write(&mut self, process: usize, call: &Call) {
        let Some(path) = Call::path_of_handle(&call.arguments[0]) else {
            return;
        };
        if !path.starts_with(&self.root) {
            return;
        }
        let length = usize::try_from(Call::number(&call.returned)).unwrap();
        let handle = (process, Call::number(&call.arguments[0]));
        let at = if let Some(at) = call.arguments.get(3) {
            usize::try_from(Call::number(at)).unwrap()
        } else {
            let place = self.places.entry(handle).or_default();
            *place += length;
            *place - length
        };
        let mut bytes = Call::bytes(&call.arguments[1]);
        bytes.truncate(length);
        self.disk.write(&path, at, bytes);
    }
}

/// What had been told by a moment.
pub(super) struct Heard {
    /// What each process had printed.
    printed: HashMap<usize, Vec<u8>>,
    /// Whether it will have failed: then what it prints is no promise.
    has_failed: bool,
}

/// Returns what had been told by `moment`. An answer counts from when the program began to write it.
pub(super) fn heard(calls: &[(usize, Call)], moment: u64) -> Heard {
    let has_failed = |(_, call): &(usize, Call)| call.name == "exit" && call.returned != "0";
    let mut heard = Heard {
        printed: HashMap::new(),
        has_failed: calls.iter().any(has_failed),
    };
    for (process, call) in calls.iter().filter(|(_, call)| call.start <= moment) {
        if call.name == "write" && is_output(&call.arguments[0]) && call.is_done() {
            let printed = heard.printed.entry(*process).or_default();
            printed.extend(Call::bytes(&call.arguments[1]));
        }
    }
    heard
}

/// Reports whether a handle is that of standard output, or a copy of it: a pipe, since we read it.
fn is_output(handle: &str) -> bool {
    let is_pipe = Call::path_of_handle(handle)
        .is_some_and(|path| path.to_string_lossy().starts_with("pipe:"));
    is_pipe && !handle.starts_with("2<")
}

impl Heard {
    /// Returns what a command printed, once it had said that it was done.
    pub(super) fn done(&self) -> Option<String> {
        let printed = self.printed.get(&0).cloned().unwrap_or_default();
        let is_done = !self.has_failed && printed.ends_with(b"\n");
        is_done.then(|| String::from_utf8_lossy(&printed).into_owned())
    }

    /// Returns the ids of what a server had answered.
    pub(super) fn answered(&self, process: usize) -> BTreeSet<String> {
        let printed = self.printed.get(&process).map_or(&[][..], Vec::as_slice);
        let lines = printed.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
            .map(|message| message["id"].to_string())
            .collect()
    }
}
