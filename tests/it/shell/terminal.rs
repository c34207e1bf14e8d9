//! A terminal of our own: a pseudo terminal of some size, and a command line that believes it is at one.

use std::{
    io::{Read as _, Write},
    sync::mpsc::{self, Receiver},
    time::Instant,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{Home, PATIENCE};

/// A command line at a terminal.
pub(super) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

fn size(columns: u16) -> PtySize {
    PtySize {
        rows: 24,
        cols: columns,
        ..PtySize::default()
    }
}

impl Terminal {
    /// Starts a command line at a terminal `columns` wide, with more in its environment than the home.
    pub(super) fn start(
        home: &Home,
        columns: u16,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(size(columns)).unwrap();
        let usual = home.command(arguments);
        let mut command = CommandBuilder::new(usual.get_program());
        command.args(usual.get_args());
        command.env_clear();
        if let Some(folder) = usual.get_current_dir() {
            command.cwd(folder);
        }
        command.env("TERM", "xterm-256color");
        command.env("TZ", super::noon_zone());
        for (name, value) in usual.get_envs() {
            command.env(name, value.unwrap());
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        // Or the end of the output would never come.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let (chunks, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            // Linux tells the end of a terminal as an error.
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                if chunks.send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            master: pair.master,
            input,
            child,
            output,
            seen: Vec::new(),
        }
    }

    /// Types `keys`; the one that ends a line is `\r` on every system.
    pub(super) fn type_keys(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    #[cfg(target_os = "linux")]
    pub(super) fn process_id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Makes the terminal `columns` wide.
    pub(super) fn resize(&self, columns: u16) {
        self.master.resize(size(columns)).unwrap();
    }

    /// Waits until `text` was printed, and forgets all up to it; returns what came before it.
    pub(super) fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self
                .seen
                .windows(text.len())
                .position(|part| part == text.as_bytes());
            if let Some(at) = found {
                let before: Vec<u8> = self.seen.drain(..at + text.len()).collect();
                return String::from_utf8_lossy(&before[..at]).into_owned();
            }
            let chunk = self
                .output
                .recv_timeout(until.saturating_duration_since(Instant::now()));
            let chunk = chunk.unwrap_or_else(|_| {
                panic!(
                    "{text:?} did not come, but {:?}",
                    String::from_utf8_lossy(&self.seen)
                )
            });
            self.seen.extend(chunk);
        }
    }

    /// Waits for the end; returns what was printed since the last wait, and the exit status.
    pub(super) fn end(mut self) -> (String, u32) {
        let until = Instant::now() + PATIENCE;
        while let Ok(chunk) = self
            .output
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.seen.extend(chunk);
        }
        assert!(Instant::now() < until, "the command did not end");
        let status = self.child.wait().unwrap();
        let printed = String::from_utf8(self.seen).unwrap().replace("\r\n", "\n");
        (printed, status.exit_code())
    }
}

/// Runs a command line at a terminal to its end. A console of Windows draws what it is sent in its own way, so that what was
/// printed cannot be told from it word for word.
#[cfg(unix)]
pub(super) fn at_terminal(
    home: &Home,
    columns: u16,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (String, u32) {
    Terminal::start(home, columns, arguments, environment).end()
}
