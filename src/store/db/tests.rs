use std::{pin::Pin, sync::atomic::AtomicUsize};

use futures::{FutureExt as _, executor::block_on};

use super::*;

type AskedRead = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Asks for `count` reads that nobody takes, of a database with one reader, which a first read keeps busy meanwhile; then
/// does `then` with them, lets the reader go on to the end, and returns how many of them it made.
fn made(count: usize, then: impl FnOnce(&mut Vec<AskedRead>)) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::start(&folder.path().join("tasks.db"), 1);
    let session = db.session();
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    // Until the file is there, a reader finds none.
    let mut health = db.shared.health.clone();
    block_on(health.wait_for(Option::is_some)).unwrap();
    let mut first = Box::pin(session.read(move |_| {
        begun.send(()).unwrap();
        Ok(may_go_on.recv().is_err())
    }));
    assert!(first.as_mut().now_or_never().is_none());
    has_begun.recv().unwrap();
    let made = Arc::new(AtomicUsize::new(0));
    let mut reads: Vec<AskedRead> = (0..count)
        .map(|_| {
            let made = Arc::clone(&made);
            let read = session.read(move |_| {
                made.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            Box::pin(read) as AskedRead
        })
        .collect();
    for read in &mut reads {
        assert!(read.as_mut().now_or_never().is_none());
    }
    then(&mut reads);
    drop(go_on);
    assert!(block_on(first).unwrap());
    db.close().unwrap();
    made.load(Ordering::SeqCst)
}

#[test]
fn what_was_read_does_not_pile_up_before_a_caller_who_does_not_take_it() {
    assert_eq!(made(5 * READS_AHEAD, |_| {}), READS_AHEAD - 1);
}

#[test]
fn a_read_that_nobody_waits_for_any_more_is_not_made() {
    assert_eq!(made(3, |reads| drop(reads.remove(1))), 2);
}
