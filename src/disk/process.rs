//! Other processes of this machine, where the system shows them: on Linux, in `/proc`.

/// A process, as people find it again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "other systems do not show them")
)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// The name of its program; empty if it is gone by now.
    pub(crate) name: String,
}

#[cfg(target_os = "linux")]
mod proc {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::Process;

    impl Process {
        /// Returns every process; `None` where the system does not show them.
        pub(crate) fn all() -> Option<impl Iterator<Item = Self>> {
            let entries = fs::read_dir("/proc").ok()?.flatten();
            Some(entries.filter_map(|entry| {
                let id = entry.file_name().to_str()?.parse().ok()?;
                let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                let name = name.chars().filter(|c| !c.is_control()).collect();
                Some(Self { id, name })
            }))
        }

        /// Returns its folder in `/proc`.
        pub(crate) fn folder(&self) -> PathBuf {
            Path::new("/proc").join(self.id.to_string())
        }

        /// Returns the entries of its open files: links to them. None if they are not for us to see.
        pub(crate) fn open_files(&self) -> impl Iterator<Item = PathBuf> {
            let entries = fs::read_dir(self.folder().join("fd"));
            let entries = entries.into_iter().flatten().flatten();
            entries.map(|entry| entry.path())
        }

        /// Reports whether it was stopped, as Ctrl-Z and SIGSTOP do.
        pub(crate) fn is_suspended(&self) -> bool {
            let stat = fs::read_to_string(self.folder().join("stat")).unwrap_or_default();
            // The name before it may hold anything, brackets too (proc(5)).
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
            matches!(state, Some(Some('T' | 't')))
        }

        /// Returns who has locked the file at `path`; `None` if nobody has, or it is not for us to see.
        pub(crate) fn that_locked(path: &Path) -> Option<Self> {
            Self::with_lock(path, |lock| lock.contains("FLOCK"))
        }

        /// Returns who has locked the database at `path` as SQLite does, so that others cannot write or read it: bytes of the
        /// database itself, or of the index of its log. `None` if nobody has, or it is not for us to see.
        pub(crate) fn that_locked_database(path: &Path) -> Option<Self> {
            let mut index = path.as_os_str().to_owned();
            index.push("-shm");
            let is_alone = |lock: &str| lock.contains("POSIX") && lock.contains("WRITE");
            [path, Path::new(&index)]
                .into_iter()
                .find_map(|file| Self::with_lock(file, is_alone))
        }

        /// Returns who has a lock of the file at `path` whose line in `/proc` is one that `is_it` takes.
        fn with_lock(path: &Path, is_it: impl Fn(&str) -> bool) -> Option<Self> {
            use std::os::unix::fs::MetadataExt as _;
            let identity =
                |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
            let locked = identity(path)?;
            Self::all()?.find(|process| {
                process.open_files().any(|entry| {
                    // By its name first: looking at what a link leads to may take long.
                    fs::read_link(&entry).is_ok_and(|file| file.file_name() == path.file_name())
                        && identity(&entry) == Some(locked)
                        && process.has_locked(&entry, &is_it)
                })
            })
        }

        /// Reports whether it has locked one of its open files.
        fn has_locked(&self, entry: &Path, is_it: impl Fn(&str) -> bool) -> bool {
            let Some(number) = entry.file_name() else {
                return false;
            };
            let info = fs::read_to_string(self.folder().join("fdinfo").join(number));
            info.is_ok_and(|info| {
                let mut lines = info.lines();
                lines.any(|line| line.starts_with("lock:") && is_it(line))
            })
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Process {
    #[expect(clippy::unused_self, reason = "no other process is looked at there")]
    pub(crate) fn is_suspended(&self) -> bool {
        false
    }

    pub(crate) fn that_locked(_: &std::path::Path) -> Option<Self> {
        None
    }

    pub(crate) fn that_locked_database(_: &std::path::Path) -> Option<Self> {
        None
    }
}
