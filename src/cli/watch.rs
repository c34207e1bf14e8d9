//! `taskhold watch`

use std::time::Duration;

use tokio::time::Instant;

use super::{
    CliResult, Context,
    filters::Query,
    list::{ListArgs, ListNote},
    live_terminal::{Event, Outside, Terminal},
    report::say,
    screen::{DIM, Layout, painted},
    stop,
    width::cut,
};
use crate::{
    clock,
    domain::{command::Caller, query::Moment, task::Timestamp},
    render,
    store::{
        Store,
        db::{Db, Session, Subscription},
    },
};

/// Show a list and keep it up to date, whichever process changes it
///
/// At a terminal the list is drawn anew at each change, and when the time alone alters it, until q or Ctrl-C. Elsewhere it
/// is printed again when it differs, with an empty line after it; with --json one object a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  taskhold watch\n  taskhold watch today +home")]
pub(super) struct WatchArgs {
    #[command(flatten)]
    list: ListArgs,
}

/// The lines above the list.
const HEADING: usize = 2;

/// What is to be seen at some time.
struct View {
    list: String,
    remark: Option<ListNote>,
    /// When it is looked at again though nobody has changed a task.
    next: Instant,
}

impl WatchArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        self.list.take_words()?;
        // Refused before the screen is changed, if it must be.
        self.list.query(context)?;
        // The one that settings name comes with the first task; one that is named here by mistake never comes.
        if context.is_named_by_call() {
            context.refuse_missing()?;
        }
        stop::refuse_few_handles()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let db = Db::start(&context.database, 1);
        let watched = runtime.block_on(async {
            let news = db.subscribe()?;
            self.follow(&db.session(), news, context).await
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
        context: &Context,
    ) -> CliResult {
        let is_live = context.screen.is_live();
        let mut outside = Outside::listen(is_live)?;
        let mut terminal = is_live.then(Terminal::enter).transpose()?;
        let mut shown = None;
        loop {
            let now = Context {
                caller: Caller {
                    now: clock::now(),
                    ..context.caller.clone()
                },
                screen: context.screen.measured(),
                ..context.clone()
            };
            let view = self.view(session, &now).await?;
            let next = view.next;
            if let Some(terminal) = &terminal {
                now.draw(&view, terminal)?;
            } else if shown.as_ref() != Some(&view.list) {
                now.print(&view)?;
                shown = Some(view.list);
            }
            let event = tokio::select! {
                changed = news.next() => changed.map_or(Event::Stopped, |_| Event::Redraw),
                () = tokio::time::sleep_until(next) => Event::Redraw,
                event = outside.next() => event,
            };
            match event {
                // One drawing is enough for all that came meanwhile.
                Event::Redraw => while news.pending().is_some() {},
                Event::Suspended => {
                    // The screen is given back first.
                    let was_live = terminal.take().is_some();
                    Outside::suspend();
                    terminal = was_live.then(Terminal::enter).transpose()?;
                }
                Event::Stopped => return Ok(()),
            }
        }
    }

    async fn view(&self, session: &Session, context: &Context) -> CliResult<View> {
        let query = self.list.query(context)?;
        let now = context.caller.now;
        let moment = Moment::new(now, context.caller.zone);
        let reading = context.clone();
        let (written, turn) = session
            .read(move |store| {
                let as_of = reading.as_of(store)?;
                store.snapshot(|store| {
                    let turn = store.next_turn(query.view, &moment)?;
                    Ok((reading.write_drawn(store, query, as_of.as_deref()), turn))
                })
            })
            .await?;
        let (list, remark) = written?;
        let wait = wait(now.as_millis(), turn.map(Timestamp::as_millis));
        Ok(View {
            list,
            remark,
            next: Instant::now() + wait,
        })
    }
}

impl Context {
    /// Returns the list with the note that stands under it; where it is drawn, as much as the terminal has lines.
    fn write_drawn(
        &self,
        store: &Store,
        query: Query,
        as_of: Option<&str>,
    ) -> CliResult<(String, Option<ListNote>)> {
        let rows = self.screen.rows().filter(|_| self.screen.is_live());
        let rows = rows.unwrap_or(usize::MAX).saturating_sub(HEADING);
        self.write_fitting(store, query, as_of, rows)
    }

    fn draw(&self, view: &View, terminal: &Terminal) -> CliResult {
        let (now, zone) = (self.caller.now, self.caller.zone);
        let columns = match self.screen.layout {
            Layout::Table(columns) => columns,
            Layout::Lines => usize::MAX,
        };
        let line = |text: &str| painted(DIM, &cut(text, columns));
        let heading = line(&render::heading(now, zone, terminal.way_out()));
        let remark = view.remark.as_ref().map(ToString::to_string);
        let remark = remark.map(|remark| line(&remark));
        let mut lines = vec![heading.as_str(), ""];
        lines.extend(view.list.lines().chain(remark.as_deref()));
        // A line more than there are would move the first one out of sight.
        lines.truncate(self.screen.rows().unwrap_or(usize::MAX));
        Terminal::clear()?;
        Ok(self.screen.print(&lines.join("\n"))?)
    }

    fn print(&self, view: &View) -> CliResult {
        self.screen.print(&view.list)?;
        if !self.screen.json {
            self.screen.print("\n")?;
        }
        let remark = view.remark.as_ref().map(ListNote::with_way_out);
        say(remark.as_slice());
        Ok(())
    }
}

/// Returns how long what is seen at `now` stays as it is while nobody changes a task, `turn` being when the tasks in it may
/// be others.
///
/// No longer than to the beginning of the next minute: the clock goes on, times are told by minutes, a day begins, and a
/// computer that slept wakes up.
fn wait(now: i64, turn: Option<i64>) -> Duration {
    const MINUTE: i64 = 60_000;
    let minute = now - now.rem_euclid(MINUTE) + MINUTE;
    // A moment after the turn, so that it is past by then.
    let next = turn.map_or(minute, |turn| minute.min(turn + 1));
    Duration::from_millis(u64::try_from(next - now).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_looked_at_when_it_turns_and_at_each_full_minute() {
        let cases = [
            (0, None, 60_000),
            (59_999, None, 1),
            (60_000, None, 60_000),
            (1_000, Some(1_000), 1),
            (1_000, Some(3_000), 2_001),
            (1_000, Some(59_999), 59_000),
            (1_000, Some(90_000), 59_000),
        ];
        for (now, turn, millis) in cases {
            let expected = Duration::from_millis(millis);
            assert_eq!(wait(now, turn), expected, "{now} {turn:?}");
        }
    }
}
