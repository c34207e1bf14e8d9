//! Messages that wait for a stream to carry them to the client.
//!
//! A stream that breaks loses nothing: the messages stay, numbered, and the next stream begins after the last one the
//! client says it has. So that they cannot pile up, a message takes the place of an earlier one with the same subject.
//! Subjects are resources that are watched, of which a session has so many; none of them is thrown away for another.
//! All of it counts as unread by its token (`unread_limit`), whose oldest message is given up when that is too much.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    ops::Bound,
    sync::Arc,
    time::Instant,
};

use futures::Stream;
use parking_lot::Mutex;
use rmcp::{
    model::{JsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::ServerSseMessage,
};
use tokio::sync::watch;

use super::unread_limit::{Counted, Keeper, KeepsMessages, Unread};

/// The most messages kept that have no subject.
const MOST_LOOSE: usize = 4_096;

/// What waits for one stream.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// Names the stream in the ids of its events.
    number: u64,
    unread: Arc<Unread>,
    letters: Mutex<Letters>,
    /// Rung when something was put in, or the box was closed, or another reader came.
    bell: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Letters {
    by_number: BTreeMap<u64, Letter>,
    by_subject: HashMap<String, u64>,
    /// The numbers of those without a subject.
    loose: VecDeque<u64>,
    last: u64,
    closed: Option<Instant>,
    /// The latest that a stream has carried.
    carried: u64,
    /// The latest that was given up, carried or not.
    given_up: u64,
    /// Whether one was given up that no stream had carried.
    has_lost: bool,
    /// Counts the readers there have been; only the latest reads on.
    reader: u64,
}

#[derive(Debug)]
struct Letter {
    message: Arc<ServerJsonRpcMessage>,
    _counted: Counted,
}

impl Mailbox {
    pub(super) fn new(number: u64, unread: Arc<Unread>) -> Self {
        Self {
            number,
            unread,
            letters: Mutex::default(),
            bell: watch::Sender::new(()),
        }
    }

    /// Puts a message for the holder of `token` in; one with the same subject is thrown away.
    pub(super) fn put(
        self: &Arc<Self>,
        message: ServerJsonRpcMessage,
        subject: Option<String>,
        token: [u8; 32],
    ) {
        let bytes = length(&message);
        let surplus = {
            let mut letters = self.letters.lock();
            letters.last += 1;
            let number = letters.last;
            let mailbox = Arc::downgrade(self);
            let keeper = Keeper::Mailbox(mailbox, number);
            let (counted, too_much) = self.unread.count(token, bytes, keeper);
            let letter = Letter {
                message: Arc::new(message),
                _counted: counted,
            };
            letters.by_number.insert(number, letter);
            let surplus = if let Some(subject) = subject {
                letters.by_subject.insert(subject, number)
            } else {
                letters.loose.push_back(number);
                let is_full = letters.loose.len() > MOST_LOOSE;
                is_full.then(|| letters.loose.pop_front()).flatten()
            };
            if let Some(surplus) = surplus {
                letters.by_number.remove(&surplus);
            }
            too_much
        };
        surplus.give_up();
        self.bell.send_replace(());
    }

    /// Throws away what has this subject: the client does not want to hear of it any more.
    pub(super) fn forget(&self, subject: &str) {
        let mut letters = self.letters.lock();
        if let Some(number) = letters.by_subject.remove(subject) {
            letters.by_number.remove(&number);
        }
    }

    /// Reports whether a message was given up that no stream had carried.
    pub(super) fn has_lost(&self) -> bool {
        self.letters.lock().has_lost
    }

    /// Reports whether a message ever had this number, or none yet, and all after it are there: a stream can begin
    /// after it.
    pub(super) fn can_go_on(&self, number: u64) -> bool {
        let letters = self.letters.lock();
        (letters.given_up..=letters.last).contains(&number)
    }

    /// Says that nothing more will come. A stream ends when it has carried all.
    pub(super) fn close(&self) {
        self.letters.lock().closed.get_or_insert_with(Instant::now);
        self.bell.send_replace(());
    }

    /// Returns since when nothing more can come; `None` while something can.
    pub(super) fn closed(&self) -> Option<Instant> {
        self.letters.lock().closed
    }

    /// Reports whether there is no message, and none can come.
    pub(super) fn is_spent(&self) -> bool {
        let letters = self.letters.lock();
        letters.closed.is_some() && letters.by_number.is_empty()
    }

    /// Returns the messages after the one numbered `after`, as they come. It takes the place of an earlier reader.
    /// `held` is dropped with the stream; it is told whether the stream came to its end.
    pub(super) fn read<H: AtEnd>(
        self: Arc<Self>,
        after: u64,
        held: H,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + use<H> {
        let reader = {
            let mut letters = self.letters.lock();
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
                            held.carries();
                            let mut event = ServerSseMessage::default();
                            event.event_id = (!is_all_of_it(number, &message))
                                .then(|| format!("{}-{number}", mailbox.number));
                            event.message = Some(message);
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
        let mut letters = self.letters.lock();
        if letters.reader != reader {
            return Next::Replaced;
        }
        let after = (Bound::Excluded(after), Bound::Unbounded);
        let next = letters.by_number.range(after).next();
        let next = next.map(|(number, letter)| (*number, Arc::clone(&letter.message)));
        match next {
            Some((number, message)) => {
                letters.carried = letters.carried.max(number);
                Next::Letter(number, message)
            }
            None if letters.closed.is_some() => Next::End,
            None => Next::Nothing,
        }
    }
}

impl KeepsMessages for Mailbox {
    fn give_up(&self, number: u64) {
        let mut letters = self.letters.lock();
        if letters.by_number.remove(&number).is_some() {
            letters.given_up = letters.given_up.max(number);
            letters.has_lost |= number > letters.carried;
        }
    }
}

/// Reports whether the message with this number is all that its stream carries: the answer to a call that said nothing before.
/// It has no id then, after which clients would ask for more (Gemini CLI 0.61 does, after each answer).
fn is_all_of_it(number: u64, message: &ServerJsonRpcMessage) -> bool {
    let is_answer = matches!(
        message,
        JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)
    );
    number == 1 && is_answer
}

/// Returns how many bytes a message has in JSON.
fn length(message: &ServerJsonRpcMessage) -> usize {
    struct Length(usize);

    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut length = Length(0);
    // Counting does not fail, and what cannot be written in JSON is not sent.
    let _ = serde_json::to_writer(&mut length, message);
    length.0
}

/// What is told as a stream carries messages.
pub(super) trait AtEnd: Send + Sync + 'static {
    /// One is about to be carried.
    fn carries(&mut self) {}

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
        RequestId, ResourceUpdatedNotification, ResourceUpdatedNotificationParam,
        ServerNotification, ServerResult,
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

    fn put(mailbox: &Arc<Mailbox>, uri: &str, subject: Option<&str>) {
        mailbox.put(news(uri), subject.map(ToOwned::to_owned), [0; 32]);
    }

    fn mailbox(uris: &[&str]) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::new(3, Unread::new(usize::MAX)));
        for uri in uris {
            put(&mailbox, uri, Some(uri));
        }
        mailbox
    }

    #[tokio::test]
    async fn an_answer_that_comes_alone_has_no_id_to_go_on_from() {
        let answer = || JsonRpcMessage::response(ServerResult::empty(()), RequestId::Number(1));
        let alone = mailbox(&[]);
        alone.put(answer(), None, [0; 32]);
        let after_news = mailbox(&["a"]);
        after_news.put(answer(), None, [0; 32]);
        for (mailbox, expected) in [
            (alone, vec![None]),
            (after_news, vec![Some("3-1"), Some("3-2")]),
        ] {
            mailbox.close();
            let events = mailbox.read(0, ()).map(|event| event.event_id);
            let ids: Vec<Option<String>> = events.collect().await;
            let ids: Vec<Option<&str>> = ids.iter().map(Option::as_deref).collect();
            assert_eq!(ids, expected);
        }
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
        put(&mailbox, "a", None);
        assert!(second.next().await.is_some());
    }

    #[test]
    fn of_messages_without_a_subject_it_holds_a_bounded_number() {
        let mailbox = mailbox(&["a"]);
        for _ in 0..MOST_LOOSE + 10 {
            put(&mailbox, "b", None);
        }
        assert_eq!(mailbox.letters.lock().by_number.len(), MOST_LOOSE + 1);
    }

    #[tokio::test]
    async fn of_many_subjects_none_is_thrown_away_until_it_is_not_wanted() {
        let mailbox = mailbox(&[]);
        let count = 3 * MOST_LOOSE;
        for round in 0..2 {
            for n in 0..count {
                put(&mailbox, &format!("{n} {round}"), Some(&format!("{n}")));
            }
        }
        mailbox.forget("7");
        mailbox.forget("never heard of");
        assert_eq!(ids(&mailbox, 0).await.len(), count - 1);
    }

    #[tokio::test]
    async fn a_stream_begins_after_what_was_given_and_after_nothing_else() {
        let mailbox = mailbox(&["a", "b"]);
        assert!(mailbox.can_go_on(0) && mailbox.can_go_on(2));
        assert!(!mailbox.can_go_on(3) && !mailbox.can_go_on(u64::MAX));
        assert!(ids(&mailbox, u64::MAX).await.is_empty());
    }

    #[tokio::test]
    async fn what_is_given_up_is_lost_unless_a_stream_has_carried_it() {
        let mailbox = mailbox(&["a", "b", "c"]);
        let mut stream = Box::pin(Arc::clone(&mailbox).read(0, ()));
        stream.next().await;
        mailbox.give_up(1);
        assert!(!mailbox.has_lost() && !mailbox.can_go_on(0) && mailbox.can_go_on(1));
        mailbox.give_up(1);
        mailbox.give_up(2);
        assert!(mailbox.has_lost() && mailbox.can_go_on(2));
        assert_eq!(ids(&mailbox, 0).await, ["3-3"]);
    }

    #[test]
    fn when_too_much_is_unread_the_oldest_message_is_given_up() {
        let unread = Unread::new(1_000);
        let mailbox = Arc::new(Mailbox::new(3, Arc::clone(&unread)));
        for _ in 0..10 {
            put(&mailbox, "a", None);
        }
        let kept: Vec<u64> = mailbox.letters.lock().by_number.keys().copied().collect();
        assert!(kept.len() < 5 && kept.ends_with(&[9, 10]), "{kept:?}");
        assert!(unread.bytes() <= 1_000);
        drop(mailbox);
        assert_eq!(unread.bytes(), 0);
    }
}
