//! Messages that wait for a stream to carry them to the client.
//!
//! A stream that breaks loses nothing: the messages stay, numbered, and the next stream begins after the last one the
//! client says it has. So that they cannot pile up, a message takes the place of an earlier one with the same subject.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Instant,
};

use futures::Stream;
use rmcp::{
    model::ServerJsonRpcMessage, transport::streamable_http_server::session::ServerSseMessage,
};
use tokio::sync::watch;

use crate::store::db::locked;

/// The most messages kept. Subjects are resources that are watched, of which there are fewer.
const MOST: usize = 4_096;

/// What waits for one stream.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// Names the stream in the ids of its events.
    number: u64,
    letters: Mutex<Letters>,
    /// Rung when something was put in, or the box was closed, or another reader came.
    bell: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Letters {
    by_number: BTreeMap<u64, Arc<ServerJsonRpcMessage>>,
    by_subject: HashMap<String, u64>,
    last: u64,
    closed: Option<Instant>,
    /// Counts the readers there have been; only the latest reads on.
    reader: u64,
}

impl Mailbox {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            letters: Mutex::default(),
            bell: watch::Sender::new(()),
        }
    }

    /// Puts a message in; one with the same subject is thrown away.
    pub(super) fn put(&self, message: ServerJsonRpcMessage, subject: Option<String>) {
        {
            let mut letters = locked(&self.letters);
            letters.last += 1;
            let number = letters.last;
            letters.by_number.insert(number, Arc::new(message));
            if let Some(subject) = subject
                && let Some(earlier) = letters.by_subject.insert(subject, number)
            {
                letters.by_number.remove(&earlier);
            }
            while letters.by_number.len() > MOST {
                letters.by_number.pop_first();
            }
        }
        self.bell.send_replace(());
    }

    /// Says that nothing more will come. A stream ends when it has carried all.
    pub(super) fn close(&self) {
        locked(&self.letters)
            .closed
            .get_or_insert_with(Instant::now);
        self.bell.send_replace(());
    }

    /// Returns since when nothing more can come; `None` while something can.
    pub(super) fn closed(&self) -> Option<Instant> {
        locked(&self.letters).closed
    }

    /// Returns the messages after the one numbered `after`, as they come. It takes the place of an earlier reader.
    /// `held` is dropped with the stream; it is told whether the stream came to its end.
    pub(super) fn read<H: AtEnd>(
        self: Arc<Self>,
        after: u64,
        held: H,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + use<H> {
        let reader = {
            let mut letters = locked(&self.letters);
            letters.reader += 1;
            letters.reader
        };
        self.bell.send_replace(());
        let bell = self.bell.subscribe();
        let state = (self, bell, after, held);
        futures::stream::unfold(
            state,
            move |(mailbox, mut bell, after, mut held)| async move {
                loop {
                    bell.borrow_and_update();
                    match mailbox.next(after, reader) {
                        Next::Letter(number, message) => {
                            let event = ServerSseMessage::new(
                                format!("{}-{number}", mailbox.number),
                                (*message).clone(),
                            );
                            return Some((event, (mailbox, bell, number, held)));
                        }
                        Next::Nothing => bell.changed().await.ok()?,
                        Next::Replaced => return None,
                        Next::End => {
                            held.at_end();
                            return None;
                        }
                    }
                }
            },
        )
    }

    /// The number of the stream.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn next(&self, after: u64, reader: u64) -> Next {
        let letters = locked(&self.letters);
        if letters.reader != reader {
            return Next::Replaced;
        }
        match letters.by_number.range(after + 1..).next() {
            Some((number, message)) => Next::Letter(*number, Arc::clone(message)),
            None if letters.closed.is_some() => Next::End,
            None => Next::Nothing,
        }
    }
}

/// What is told when a stream has carried all there was.
pub(super) trait AtEnd: Send + Sync + 'static {
    /// All was carried.
    fn at_end(&mut self);
}

enum Next {
    Letter(u64, Arc<ServerJsonRpcMessage>),
    Nothing,
    Replaced,
    End,
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use rmcp::model::{
        JsonRpcMessage, ResourceUpdatedNotification, ResourceUpdatedNotificationParam,
        ServerNotification,
    };

    use super::*;

    impl AtEnd for () {
        fn at_end(&mut self) {}
    }

    fn news(uri: &str) -> ServerJsonRpcMessage {
        let params = ResourceUpdatedNotificationParam::new(uri);
        JsonRpcMessage::notification(ServerNotification::ResourceUpdatedNotification(
            ResourceUpdatedNotification::new(params),
        ))
    }

    fn mailbox(uris: &[&str]) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::new(3));
        for uri in uris {
            mailbox.put(news(uri), Some((*uri).to_owned()));
        }
        mailbox
    }

    async fn ids(mailbox: &Arc<Mailbox>, after: u64) -> Vec<String> {
        mailbox.close();
        let events = Arc::clone(mailbox).read(after, ());
        events.map(|event| event.event_id.unwrap()).collect().await
    }

    #[tokio::test]
    async fn of_one_subject_the_latest_is_kept_in_its_place() {
        assert_eq!(ids(&mailbox(&["a", "b", "a"]), 0).await, ["3-2", "3-3"]);
    }

    #[tokio::test]
    async fn a_reader_who_comes_again_gets_what_came_after() {
        let mailbox = mailbox(&["a", "b", "c"]);
        assert_eq!(ids(&mailbox, 1).await, ["3-2", "3-3"]);
        assert_eq!(ids(&mailbox, 0).await.len(), 3);
    }

    #[tokio::test]
    async fn a_second_reader_ends_the_first_and_hears_what_comes() {
        let mailbox = mailbox(&[]);
        let first = Arc::clone(&mailbox).read(0, ());
        let mut second = Box::pin(Arc::clone(&mailbox).read(0, ()));
        assert_eq!(
            Box::pin(first).next().await.map(|event| event.event_id),
            None
        );
        mailbox.put(news("a"), None);
        assert!(second.next().await.is_some());
    }

    #[test]
    fn it_holds_a_bounded_number() {
        let mailbox = mailbox(&[]);
        for _ in 0..MOST + 10 {
            mailbox.put(news("a"), None);
        }
        assert_eq!(locked(&mailbox.letters).by_number.len(), MOST);
    }
}
