//! What the processes take: memory, open files and the size of the write-ahead log.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::lines::memory;
use crate::support::Home;

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(500);
/// What the last third may take beyond the first: a share, and what a cache may come to, in KiB.
const SHARE: u64 = 15;
const MEMORY: u64 = 4 * 1024;
/// Open files that come and go: a backup of the day, connections.
const FILES: u64 = 8;
/// The log is moved into the database at 4 MiB; a long reader may put that off.
const LOG: u64 = 16 * 1024;

/// The greatest value of each third of the time.
#[derive(Clone, Copy, Default)]
struct Thirds([u64; 3]);

impl Thirds {
    fn note(&mut self, third: usize, value: Option<u64>) {
        self.0[third] = self.0[third].max(value.unwrap_or_default());
    }

    fn is_flat(self, allowance: u64) -> bool {
        let [first, _, last] = self.0;
        last <= first + first * SHARE / 100 + allowance
    }
}

struct Process {
    name: &'static str,
    pid: u32,
    /// In KiB.
    memory: Thirds,
    files: Thirds,
}

/// Measures some processes and the write-ahead log of their database.
pub(super) struct Gauge {
    processes: Vec<Process>,
    log_path: PathBuf,
    /// In KiB.
    log: Thirds,
}

impl Gauge {
    pub(super) fn new(home: &Home, processes: &[(&'static str, Option<u32>)]) -> Self {
        let process = |(name, pid): &(&'static str, Option<u32>)| {
            Some(Process {
                name,
                pid: (*pid)?,
                memory: Thirds::default(),
                files: Thirds::default(),
            })
        };
        Self {
            processes: processes.iter().filter_map(process).collect(),
            log_path: home.database().with_file_name("tasks.db-wal"),
            log: Thirds::default(),
        }
    }

    /// Looks at them again and again, for `duration` or until `is_over`.
    pub(super) fn measure(&mut self, duration: Duration, is_over: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_over() {
            let elapsed = begin.elapsed();
            let third = [1, 2].map(|thirds| elapsed >= duration * thirds / 3);
            let third = third.into_iter().filter(|passed| *passed).count();
            for process in &mut self.processes {
                process.memory.note(third, memory(process.pid));
                process.files.note(third, open_files(process.pid));
            }
            // Its size alone: to open and close it here would do no harm, but nothing needs it.
            let log = fs::metadata(&self.log_path).ok();
            self.log.note(third, log.map(|log| log.len() / 1024));
            // The pace of looking, not a wait for something.
            thread::sleep(INTERVAL);
        }
    }

    /// Prints the figures and holds them to their limits.
    pub(super) fn judge(&self) {
        let mut grown = Vec::new();
        for process in &self.processes {
            let Process { name, pid, .. } = process;
            if process.memory.0[2] == 0 {
                println!(
                    "soak: memory and files of {name}: not looked at: this system has no /proc"
                );
                continue;
            }
            println!(
                "soak: {name} {pid}: memory {:?} KiB, files {:?} at most in each third",
                process.memory.0, process.files.0
            );
            if !process.memory.is_flat(MEMORY) {
                grown.push(format!("the memory of {name}"));
            }
            if !process.files.is_flat(FILES) {
                grown.push(format!("the open files of {name}"));
            }
        }
        println!(
            "soak: write-ahead log {:?} KiB at most in each third",
            self.log.0
        );
        if !self.log.is_flat(MEMORY) || self.log.0.iter().any(|size| *size > LOG) {
            grown.push("the write-ahead log".to_owned());
        }
        assert!(grown.is_empty(), "grown: {}", grown.join(", "));
    }
}

/// Returns how many files a process has open; `None` where the system does not tell.
fn open_files(pid: u32) -> Option<u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    Some(files.count() as u64)
}
