//! `taskhold watch`

use std::{
    io::{self, Write as _},
    time::Duration,
};

use tokio::{signal, time::Instant};

use super::{
    CliResult, Context,
    list::ListArgs,
    screen::{DIM, painted},
};
use crate::{
    command::Caller,
    render,
    store::db::{Db, Session, Subscription},
    when::When,
};

/// Show a list and keep it true, whichever process changes it
///
/// At a terminal the list is drawn anew at each change, until Ctrl-C. Elsewhere each change prints the list again,
/// with an empty line after it; with --json one object a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold watch\n  taskhold watch today +home")]
pub(super) struct WatchArgs {
    #[command(flatten)]
    list: ListArgs,
}

/// Another screen than the one with what was there before, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The upper left corner; and nothing from there on.
const CLEAR: &str = "\x1b[H\x1b[J";

/// The lines above the list.
const HEADING: usize = 2;

/// What there is to do next.
enum Event {
    /// A task was changed, the terminal has another size, a date has passed, or a day has begun.
    Redraw,
    Stopped,
}

impl WatchArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        self.list.take_words()?;
        // Refused before the screen is changed, if it must be.
        self.list.query(context)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let db = Db::start(&context.database, 1);
        let watched = runtime.block_on(async {
            let mut signals = Signals::listen()?;
            let news = db.subscribe()?;
            let is_live = context.screen.is_live();
            let _screen = is_live.then(OtherScreen::enter).transpose()?;
            self.follow(&db.session(), news, &mut signals, context)
                .await
        });
        runtime.shutdown_background();
        let closed = db.close();
        watched?;
        Ok(closed?)
    }

    async fn follow(
        &self,
        session: &Session,
        mut news: Subscription,
        signals: &mut Signals,
        context: &Context,
    ) -> CliResult {
        loop {
            let now = Context {
                caller: Caller {
                    now: render::now(),
                    ..context.caller.clone()
                },
                screen: context.screen.measured(),
                ..context.clone()
            };
            let next = self.draw(session, &now).await?;
            let event = tokio::select! {
                changed = news.next() => changed.map_or(Event::Stopped, |_| Event::Redraw),
                () = tokio::time::sleep_until(next) => Event::Redraw,
                event = signals.next() => event,
            };
            match event {
                // One drawing is enough for all that came meanwhile.
                Event::Redraw => while news.pending().is_some() {},
                Event::Stopped => return Ok(()),
            }
        }
    }

    /// Draws the list, and returns when it will look different though nobody has changed a task.
    async fn draw(&self, session: &Session, context: &Context) -> CliResult<Instant> {
        let mut query = self.list.query(context)?;
        let rows = context.screen.rows().filter(|_| context.screen.is_live());
        if let Some(rows) = rows {
            query.limit = query.limit.min(u32::try_from(rows).unwrap_or(u32::MAX));
        }
        let (now, zone) = (context.caller.now, context.caller.zone);
        let reading = context.clone();
        let (list, next_due) = session
            .read(move |store| {
                store.snapshot(|store| {
                    let mut list = Vec::new();
                    let written = reading.write_list(store, &query, &mut list);
                    Ok((written.map(|()| list), store.next_due(now)?))
                })
            })
            .await?;
        let list = String::from_utf8_lossy(&list?).into_owned();
        if context.screen.is_live() {
            let heading = render::heading(now, zone, "Ctrl-C ends");
            let most = rows.unwrap_or(usize::MAX).saturating_sub(HEADING);
            let shown: Vec<&str> = list.lines().take(most).collect();
            control(CLEAR)?;
            let heading = painted(DIM, &heading);
            context
                .screen
                .print(&format!("{heading}\n\n{}", shown.join("\n")))?;
        } else {
            context.screen.print(&list)?;
            if !context.screen.json {
                context.screen.print("\n")?;
            }
        }
        let tomorrow = zone.today(now.as_millis()).succ_opt().unwrap_or_default();
        let midnight = When::begin_of(tomorrow, zone).order(zone);
        let next = next_due.map_or(midnight, |due| midnight.min(due.as_millis()));
        let millis = u64::try_from(next - now.as_millis()).unwrap_or(0) + 1;
        Ok(Instant::now() + Duration::from_millis(millis))
    }
}

/// The terminal's other screen while this lives; what was there before comes back.
struct OtherScreen;

impl OtherScreen {
    fn enter() -> io::Result<Self> {
        control(ENTER).map(|()| Self)
    }
}

impl Drop for OtherScreen {
    fn drop(&mut self) {
        // If the terminal is gone, so is what was on it.
        let _ = control(LEAVE);
    }
}

/// Writes a control sequence; not through the stream that takes colours out, which would take it out too.
fn control(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// What comes from outside while the list is shown.
struct Signals {
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
    #[cfg(unix)]
    terminate: signal::unix::Signal,
    #[cfg(unix)]
    hang_up: signal::unix::Signal,
    #[cfg(unix)]
    resize: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.interrupt.recv() => Event::Stopped,
            _ = self.terminate.recv() => Event::Stopped,
            _ = self.hang_up.recv() => Event::Stopped,
            _ = self.resize.recv() => Event::Redraw,
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "listening can fail elsewhere")]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> Event {
        // Without a handler there is no Ctrl-C to wait for; the system then ends the program.
        match signal::ctrl_c().await {
            Ok(()) => Event::Stopped,
            Err(_) => std::future::pending().await,
        }
    }
}
