//! The file an import reads: opened, kept whole where it is none, and watched while it is read.

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _, Read, Seek, SeekFrom, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// By how many bytes it is told what a file is.
const START: u64 = 1 << 16;
/// How much is taken of what has no length, in bytes: as much as four million tasks.
const MOST: u64 = 1 << 30;

/// What is to be read.
pub(super) struct Input {
    start: Vec<u8>,
    source: Source,
}

enum Source {
    File(File),
    /// Something that can be slow, or endless.
    Stream(Box<dyn Read>),
}

impl Input {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut source = if path == Path::new("-") {
            Source::Stream(Box::new(io::stdin()))
        } else {
            // Windows opens no folder, and says only that it is denied.
            let file = File::open(path).map_err(|error| {
                if path.is_dir() {
                    io::ErrorKind::IsADirectory.into()
                } else {
                    error
                }
            })?;
            let kind = file.metadata()?;
            if kind.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if kind.is_file() {
                Source::File(file)
            } else {
                Source::Stream(Box::new(file))
            }
        };
        let reader: &mut dyn Read = match &mut source {
            Source::File(file) => file,
            Source::Stream(stream) => stream,
        };
        let mut start = Vec::new();
        reader.take(START).read_to_end(&mut start)?;
        Ok(Self { start, source })
    }

    /// Returns how it begins.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// Returns all of it. A stream is read to its end first: nobody else can write while tasks are taken in.
    pub(super) fn whole(self) -> io::Result<Whole> {
        Ok(Whole(match self.source {
            Source::File(file) => file,
            Source::Stream(stream) => spooled(self.start.as_slice().chain(stream), MOST)?,
        }))
    }
}

/// A file that can be read more than once.
pub(super) struct Whole(File);

impl Whole {
    /// Begins to read it from its start. What was begun before is read no further.
    pub(super) fn read(&self) -> io::Result<(BufReader<Watched>, Progress)> {
        let mut file = self.0.try_clone()?;
        file.rewind()?;
        let progress = Progress::of(file.metadata()?.len());
        let input = Watched {
            file,
            read: Arc::clone(&progress.read),
        };
        Ok((BufReader::with_capacity(1 << 16, input), progress))
    }
}

fn spooled(input: impl Read, most: u64) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    if io::copy(&mut input.take(most + 1), &mut file)? > most {
        let reason = format!("it does not end within {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    file.rewind()?;
    Ok(file)
}

/// A file, and how far it was read.
pub(super) struct Watched {
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

impl Seek for Watched {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = self.file.seek(to)?;
        self.read.store(place, Ordering::Relaxed);
        Ok(place)
    }
}

/// A line on a terminal that says how far long work has come.
pub(super) struct Progress {
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

    pub(super) fn show(&mut self, tasks: u64) {
        let is_due = |shown: &Instant| shown.elapsed() >= Self::PAUSE;
        if !tasks.is_multiple_of(256) || !self.shown.as_ref().is_some_and(is_due) {
            return;
        }
        let percent = self.read.load(Ordering::Relaxed).min(self.length) * 100 / self.length.max(1);
        let _ = write!(io::stderr(), "\r{percent:3} %, {tasks} tasks");
        self.shown = Some(Instant::now());
        self.is_visible = true;
    }

    pub(super) fn end(&self) {
        if self.is_visible {
            let _ = writeln!(io::stderr(), "\r100 %, all read");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_given_up() {
        let error = spooled(io::repeat(b'x'), 100_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "it does not end within 100000 bytes");
        let mut text = String::new();
        let mut file = spooled(&b"just so"[..], 7).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "just so");
    }
}
