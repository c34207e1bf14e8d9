//! A call of a tool: who makes it, and the one way it writes and reads.

use std::sync::OnceLock;

use crate::{
    domain::{
        advice::News,
        command::{Caller, Command, Outcome},
        error::{Error, Result},
        task::shortened,
    },
    render,
    store::{Store, db::Session},
};

/// A call of a tool.
pub(super) struct ToolCall<'session> {
    pub(super) session: &'session Session,
    pub(super) caller: Caller,
    /// Nothing is written for this caller.
    pub(super) is_read_only: bool,
    /// What else has happened, once the database was looked at for that.
    pub(super) news: &'session OnceLock<Option<String>>,
}

impl ToolCall<'_> {
    /// The one way any tool writes.
    pub(super) async fn write(&self, command: Command) -> Result<Outcome> {
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        let outcome = self.session.write(command, self.caller.clone()).await?;
        let news = outcome.advice.news.as_ref();
        self.tell(news);
        Ok(outcome)
    }

    /// Reads one state of the database, and what else has happened from the same: a second turn on a reader thread would
    /// take as long as most reads.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (session, actor) = (self.session.clone(), self.caller.actor.clone());
        let both = self.session.read(move |store| {
            store.snapshot(|store| {
                let found = read(store)?;
                // When a client has sent more calls, the reply to the last of them says it. Where it cannot be found out, the
                // reply does without.
                let is_idle = session.is_idle();
                let news = is_idle.then(|| store.news(session.told(), &actor).ok());
                Ok((found, news.flatten()))
            })
        });
        let (found, news) = both.await?;
        self.tell(news.as_ref());
        Ok(found)
    }

    /// Has the reply tell what else has happened, unless another reply has told it meanwhile.
    fn tell(&self, news: Option<&News>) {
        let line = news
            .filter(|news| self.session.tell_after(news.told, news.last))
            .and_then(news_line);
        let _ = self.news.set(line);
    }
}

/// Returns a line on what others have changed since this client was last told; `None` if they have not.
fn news_line(news: &News) -> Option<String> {
    let who = shortened(news.by.as_ref()?.as_str(), 24);
    let changes = if news.count == 1 { "change" } else { "changes" };
    let count = render::bounded(news.count, Store::COUNT_LIMIT);
    Some(format!(
        "{count} {changes} by {who} since your last call: list_tasks view:\"changed\""
    ))
}
