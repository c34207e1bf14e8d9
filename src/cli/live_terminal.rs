//! The alternate screen of a terminal, with key and signal events, for `watch`.

use std::io::{self, Write as _};

use tokio::{signal, sync::mpsc::UnboundedReceiver};

/// What there is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A task was changed, the terminal has another size, or time has passed.
    Redraw,
    /// The shell is to have the terminal back for a while.
    #[cfg_attr(not(unix), expect(dead_code, reason = "elsewhere no job is stopped"))]
    Suspended,
    Stopped,
}

/// Another screen than the one with what was there before, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The upper left corner; and nothing from there on.
const CLEAR: &str = "\x1b[H\x1b[J";

/// The terminal's other screen while this lives, on which no key shows; what was there before comes back.
pub(super) struct Terminal {
    quiet: Option<keys::Quiet>,
}

impl Terminal {
    pub(super) fn enter() -> io::Result<Self> {
        let quiet = keys::Quiet::begin();
        control(ENTER).map(|()| Self { quiet })
    }

    /// Returns the words for how it is told to end.
    pub(super) fn way_out(&self) -> &'static str {
        if self.quiet.is_some() {
            "q ends"
        } else {
            "Ctrl-C ends"
        }
    }

    /// Makes the whole screen empty.
    pub(super) fn clear() -> io::Result<()> {
        control(CLEAR)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // If the terminal is gone, so is what was on it.
        let _ = control(LEAVE);
    }
}

/// Asks for a line that is typed at the terminal and not shown; returns `None`, and has not asked, where typing cannot be hidden.
pub(super) fn unshown_line(question: &str) -> io::Result<Option<String>> {
    // Whoever sees the question can type at once.
    let Some(_shown_again) = keys::Quiet::unshown() else {
        return Ok(None);
    };
    write!(io::stderr(), "{question}")?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    writeln!(io::stderr())?;
    read.map(|_| Some(line))
}

/// Writes a control sequence; not through the stream that takes colours out, which would take it out too.
fn control(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

#[cfg(unix)]
mod keys {
    use std::io::{self, IsTerminal as _, Read as _};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    /// A terminal that shows nothing of what is typed while this lives. Ctrl-C and Ctrl-Z stay signals.
    pub(super) struct Quiet {
        before: Termios,
    }

    impl Quiet {
        /// Each key can be read as it is typed.
        pub(super) fn begin() -> Option<Self> {
            Self::without(LocalModes::ICANON | LocalModes::ECHO, OptionalActions::Now)
        }

        /// A line is read as a whole; what was typed before counts for nothing.
        pub(super) fn unshown() -> Option<Self> {
            Self::without(LocalModes::ECHO, OptionalActions::Flush)
        }

        fn without(modes: LocalModes, action: OptionalActions) -> Option<Self> {
            let before = tcgetattr(io::stdin()).ok()?;
            let mut quiet = before.clone();
            quiet.local_modes -= modes;
            tcsetattr(io::stdin(), action, &quiet).ok()?;
            Some(Self { before })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
    }

    /// Returns the keys that are typed from now on; `None` if they go elsewhere.
    pub(super) fn typed() -> Option<UnboundedReceiver<u8>> {
        let mut stdin = io::stdin();
        if !stdin.is_terminal() {
            return None;
        }
        let (sender, typed) = unbounded_channel();
        // A read cannot be given up: this thread ends with the program.
        std::thread::spawn(move || {
            let mut key = [0];
            while matches!(stdin.read(&mut key), Ok(1)) && sender.send(key[0]).is_ok() {}
        });
        Some(typed)
    }
}

/// A console of Windows, which shows no key until somebody reads it.
#[cfg(windows)]
mod keys {
    use tokio::sync::mpsc::UnboundedReceiver;
    use winapi_util::{HandleRef, console};

    /// What in the mode of a console has it show what is typed: `ENABLE_ECHO_INPUT` of `SetConsoleMode`.
    const ECHO: u32 = 0x4;

    /// A console that shows nothing of what is typed while this lives.
    pub(super) struct Quiet {
        before: u32,
    }

    impl Quiet {
        /// No key is read by itself here, and so none shows.
        pub(super) fn begin() -> Option<Self> {
            None
        }

        /// A line is read as a whole.
        pub(super) fn unshown() -> Option<Self> {
            let before = console::mode(HandleRef::stdin()).ok()?;
            console::set_mode(HandleRef::stdin(), before & !ECHO).ok()?;
            Some(Self { before })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let _ = console::set_mode(HandleRef::stdin(), self.before);
        }
    }

    pub(super) fn typed() -> Option<UnboundedReceiver<u8>> {
        None
    }
}

/// Standard output, whose reader may go away while nothing is written: `watch | head -1`.
#[cfg(unix)]
mod output {
    use std::io;

    use rustix::event::{PollFd, PollFlags, poll};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    /// Returns what tells once that nobody reads the output any more.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere nothing tells")]
    pub(super) fn closed() -> Option<UnboundedReceiver<()>> {
        let (sender, closed) = unbounded_channel();
        // This wait cannot be given up: the thread ends with the program.
        std::thread::spawn(move || {
            let stdout = io::stdout();
            let mut output = [PollFd::new(&stdout, PollFlags::empty())];
            let is_told = poll(&mut output, None).is_ok();
            if is_told
                && output[0]
                    .revents()
                    .intersects(PollFlags::ERR | PollFlags::HUP)
            {
                let _ = sender.send(());
            }
        });
        Some(closed)
    }
}

/// On Windows the next write tells.
#[cfg(not(unix))]
mod output {
    use tokio::sync::mpsc::UnboundedReceiver;

    pub(super) fn closed() -> Option<UnboundedReceiver<()>> {
        None
    }
}

/// The keys and signals that concern who draws.
pub(super) struct Outside {
    typed: Option<UnboundedReceiver<u8>>,
    #[cfg(unix)]
    signals: Signals,
    closed: Option<UnboundedReceiver<()>>,
}

#[cfg(unix)]
struct Signals {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
    hang_up: signal::unix::Signal,
    resize: signal::unix::Signal,
    suspend: signal::unix::Signal,
}

impl Outside {
    /// `with_keys`: not only the signals.
    #[cfg_attr(
        not(unix),
        expect(clippy::unnecessary_wraps, reason = "Unix may refuse a signal")
    )]
    pub(super) fn listen(with_keys: bool) -> io::Result<Self> {
        Ok(Self {
            typed: with_keys.then(keys::typed).flatten(),
            #[cfg(unix)]
            signals: Signals::listen()?,
            closed: output::closed(),
        })
    }

    /// Waits for a signal, for `q`, or for the end of whoever reads the output.
    pub(super) async fn next(&mut self) -> Event {
        let typed = self.typed.as_mut();
        let quit = async {
            if let Some(typed) = typed {
                while let Some(key) = typed.recv().await {
                    if key.eq_ignore_ascii_case(&b'q') {
                        return;
                    }
                }
            }
            // Nothing can be typed; a terminal that goes away is told of by a signal.
            std::future::pending::<()>().await;
        };
        #[cfg(unix)]
        let signal = self.signals.next();
        #[cfg(not(unix))]
        let signal = interrupted();
        let closed = self.closed.as_mut();
        let closed = async {
            if let Some(closed) = closed
                && closed.recv().await.is_some()
            {
                return;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = closed => Event::Stopped,
            () = quit => Event::Stopped,
            event = signal => event,
        }
    }

    /// Stops here until the shell lets the program go on.
    pub(super) fn suspend() {
        #[cfg(unix)]
        {
            use rustix::process::{Signal, getpid, kill_process};
            // What the signal would have done, had it not been waited for.
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use rustix::process::Signal;
        use signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            resize: signal(SignalKind::window_change())?,
            suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.interrupt.recv() => Event::Stopped,
            _ = self.terminate.recv() => Event::Stopped,
            _ = self.hang_up.recv() => Event::Stopped,
            _ = self.resize.recv() => Event::Redraw,
            _ = self.suspend.recv() => Event::Suspended,
        }
    }
}

#[cfg(not(unix))]
async fn interrupted() -> Event {
    // Without a handler there is no Ctrl-C to wait for; the system then ends the program.
    match signal::ctrl_c().await {
        Ok(()) => Event::Stopped,
        Err(_) => std::future::pending().await,
    }
}
