//! A call of a tool: who makes it, and the one way it writes and reads.

use std::sync::OnceLock;

use crate::{
    domain::{
        advice::News,
        command::{Caller, Command, Outcome},
        error::{Error, Result},
        task::{Actor, Timestamp, shortened},
    },
    render,
    store::{Store, db::Session},
};

/// What a reply says that was read while the shared log kept a change of the same session waiting.
const UNDER_WAY: &str = "a change of yours still waits for the shared log, and is not shown here; its own reply says what became of it";

/// A call of a tool.
pub(super) struct ToolCall<'session> {
    pub(super) session: &'session Session,
    pub(super) caller: Caller,
    /// Nothing is written for this caller.
    pub(super) is_read_only: bool,
    /// What else has happened, once the database was looked at for that.
    pub(super) news: &'session OnceLock<Option<String>>,
    /// As of when the tasks are that were looked at, where that is to be said.
    pub(super) age: &'session OnceLock<Timestamp>,
}

impl ToolCall<'_> {
    /// The one way any tool writes.
    pub(super) async fn write(&self, command: Command) -> Result<Outcome> {
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        let outcome = self.session.write(command, self.caller.clone()).await?;
        // What the session changes itself tells how far it has come.
        self.tell(outcome.advice.news.as_ref(), outcome.group.is_some());
        Ok(outcome)
    }

    /// Reads one state of the database, and what else has happened from the same: a second turn on a reader thread would
    /// take as long as most reads.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (session, caller) = (self.session.clone(), self.caller.clone());
        let made = session.made();
        let both = self.session.read(move |store| {
            store.snapshot(|store| {
                let is_whole = session.has_settled(made);
                let stale_since = store.stale_since()?;
                let found = match read(store) {
                    Ok(found) => found,
                    Err(error) => return Ok((Err(error), None, is_whole, stale_since)),
                };
                // When a client has sent more calls, the reply to the last of them says it. Where it cannot be found out, the
                // reply does without.
                let is_idle = session.is_idle();
                let news = is_idle.then(|| store.news(session.told(), &caller).ok());
                Ok((Ok(found), news.flatten(), is_whole, stale_since))
            })
        });
        let (found, news, is_whole, stale_since) = both.await?;
        self.tell_age(stale_since);
        let found = found?;
        self.tell_whether_whole(is_whole);
        self.tell(news.as_ref(), false);
        Ok(found)
    }

    /// Has the reply tell that a change of the session is not in what was read, unless it `is_whole`. What others have changed is
    /// told by a later reply then.
    pub(super) fn tell_whether_whole(&self, is_whole: bool) {
        if !is_whole {
            let _ = self.news.set(Some(UNDER_WAY.to_owned()));
        }
    }

    /// Has the reply tell as of when the tasks are that were read, where that is to be said.
    pub(super) fn tell_age(&self, stale_since: Option<Timestamp>) {
        if let Some(heard) = stale_since {
            let _ = self.age.set(heard);
        }
    }

    /// Has the reply tell what else has happened, unless another reply has told it meanwhile. That is kept for the next
    /// session of the client, unless it `is_kept` by itself.
    fn tell(&self, news: Option<&News>, is_kept: bool) {
        let news = news.filter(|news| self.session.tell_after(news.told, news.last));
        if let Some(news) = news {
            if let (None, Some(look)) = (self.session.looked(), news.look) {
                self.session.look(look);
            }
            if !is_kept && !self.is_read_only && (news.count > 0 || news.is_new) {
                self.keep(news.last);
            }
        }
        let line = news.and_then(|news| news_line(news, &self.caller));
        let _ = self.news.set(line);
    }

    /// Has it kept that the client was told of all changes up to `seq`. Where it fails, the next session is told again.
    fn keep(&self, seq: i64) {
        self.write_aside(Command::Told(seq));
    }

    /// Writes what nobody waits for.
    pub(super) fn write_aside(&self, command: Command) {
        let aside = self.session.db().session();
        tokio::spawn(aside.write(command, self.caller.clone()));
    }
}

/// Returns a line on what others have changed since this session was last told; `None` if they have not.
fn news_line(news: &News, caller: &Caller) -> Option<String> {
    let name = |by: &Actor| shortened(by.as_str(), 24);
    let (last, others) = news.by.split_first()?;
    let session = if caller.is_client(last) {
        " in another session"
    } else {
        ""
    };
    let who = match others {
        [] => format!("{}{session}", name(last)),
        [other] => format!("{}{session} and {}", name(last), name(other)),
        others => format!("{}{session} and {} others", name(last), others.len()),
    };
    let changes = if news.count == 1 { "change" } else { "changes" };
    let count = render::bounded(news.count, Store::COUNT_LIMIT);
    let since = match news.told {
        Some(_) => "call",
        None => "session",
    };
    Some(format!(
        "{count} {changes} by {who} since your last {since}: list_tasks view:\"changed\""
    ))
}
