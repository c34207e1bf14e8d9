//! Where the log ends, and what is read of it.

use std::collections::BTreeSet;

use super::*;
use crate::share::seal::{Key, LogId, Sealed};

#[test]
fn many_entries_are_read_at_once_and_in_order() {
    let [highest, hundredth] = [(); 2].map(|()| AtomicU64::new(0));
    let objects = with_entries(1..=500);
    let server = FakeServer::start(move |asked| {
        if let Some((_, query)) = asked.target.split_once(LISTING) {
            return Some((200, listing(objects.lock().keys(), query)));
        }
        let number: u64 = asked.target.rsplit('/').next().unwrap().parse().unwrap();
        highest.fetch_max(number, Ordering::SeqCst);
        if number == 100 {
            hundredth.fetch_add(1, Ordering::SeqCst);
            // It is answered after many later ones were asked for. On a loaded machine they may not be: then it is asked for again.
            while highest.load(Ordering::SeqCst) < 140 && hundredth.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
        }
        Some(if number <= 500 {
            (200, number.to_string().into_bytes())
        } else {
            (404, NO_SUCH_KEY.to_vec())
        })
    });
    let mut log = store(&server);
    let mut entries = Vec::new();
    // A loaded machine may need more than one call.
    while entries.len() < 500 {
        let more = log.read(entries.len() as u64, usize::MAX).unwrap().entries;
        assert!(!more.is_empty());
        entries.extend(more);
    }
    let expected: Vec<Vec<u8>> = (1..=500_u64)
        .map(|number| number.to_string().into_bytes())
        .collect();
    assert_eq!(entries, expected);
    let before = server.asked().len();
    assert!(log.read(500, usize::MAX).unwrap().entries.is_empty());
    assert_eq!(
        server.asked().len(),
        before + 1,
        "who is not behind asks once"
    );
}

#[test]
fn a_deleted_entry_is_named_and_not_taken_for_the_end() {
    let there = (1..=500).filter(|number| *number != 200);
    let server = serve_objects(with_entries(there), |_, _| None);
    let mut log = store(&server);
    let page = log.read(0, usize::MAX).unwrap();
    assert_eq!((page.entries.len(), page.is_last), (199, false));
    let error = log.read(199, usize::MAX).unwrap_err();
    assert!(
        matches!(&error, LogError::Damaged(text) if text.contains("entry 200")),
        "{error}"
    );
    assert_eq!(log.first_missing(0), Ok(Some(200)));
    assert_eq!(log.first_missing(200), Ok(None));
    assert_eq!((log.end(0), log.end(300)), (Ok(500), Ok(500)));
}

#[test]
fn what_others_put_among_the_entries_is_none() {
    let objects = with_entries(1..=2_100);
    for name in [
        "0000",
        "00000000000000000001.bak",
        "00000000000000002101-",
        "README",
    ] {
        let path = format!("/tasks/anna%27s%20log/log/{name}");
        objects.lock().insert(path, b"x".to_vec());
    }
    let server = serve_objects(objects, |_, _| None);
    let mut log = store(&server);
    assert_eq!(log.end(0), Ok(2_100));
    assert_eq!(log.first_missing(0), Ok(None));
    assert_eq!(log.append(2_100, b"mine"), Appended::Accepted);
    assert_eq!(log.append(2_101, b"mine"), Appended::Accepted);
}

#[test]
fn who_is_at_the_end_and_stays_there_asks_for_no_more_than_before() {
    let objects = with_entries(1..=3);
    let server = serve_objects(Arc::clone(&objects), |_, _| None);
    let mut log = store(&server);
    // The last entry is looked at, with what stands behind it.
    assert_eq!(log.read(2, usize::MAX).unwrap().entries.len(), 1);
    assert_eq!(log.append(3, b"mine"), Appended::Accepted);
    assert_eq!(log.append(4, b"mine"), Appended::Accepted);
    assert!(log.read(5, usize::MAX).unwrap().is_last);
    // What another connection has appended since does not make it look again.
    let path = format!("/tasks/anna%27s%20log/{}", entry_key(6));
    objects.lock().insert(path, b"theirs".to_vec());
    assert!(log.read(6, usize::MAX).unwrap().is_last);
    let asked: Vec<_> = server
        .asked()
        .into_iter()
        .map(|asked| {
            let is_listing = asked.target.contains(LISTING);
            if is_listing {
                "LIST".to_owned()
            } else {
                asked.method
            }
        })
        .collect();
    // Two of them at once, in either order.
    assert_eq!(asked.len(), 7, "{asked:?}");
    assert_eq!(asked[3..], ["PUT", "PUT", "GET", "GET"]);
}

#[test]
fn what_is_no_listing_is_said_to_come_from_something_else_than_the_store() {
    let page: &[u8] = b"<html>Sign in to the network of this hotel</html>";
    for (status, body) in [(200, page), (200, b""), (404, page)] {
        let server = FakeServer::start(move |_| Some((status, body.to_vec())));
        let mut log = Sealed::new(
            store(&server),
            LogId::from_bytes([1; 16]),
            &Key::from_bytes([2; 32]),
        );
        let appended = log.append(4, b"mine");
        let Appended::Refused(refused) = appended else {
            panic!("{appended:?}");
        };
        for error in [
            refused,
            log.read(4, 1).unwrap_err(),
            log.read(4, usize::MAX).unwrap_err(),
        ] {
            assert!(matches!(error, LogError::Refused(_)), "{error}");
            assert!(error.to_string().contains("another server"), "{error}");
        }
        assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    }
    // The store itself answers, and one object is none of ours.
    let server = serve_objects(with_entries(1..=5), |_, _| None);
    let mut log = Sealed::new(
        store(&server),
        LogId::from_bytes([1; 16]),
        &Key::from_bytes([2; 32]),
    );
    let error = log.read(4, 1).unwrap_err();
    assert!(
        matches!(&error, LogError::Damaged(text) if text.contains("no entry at all")),
        "{error}"
    );
}

#[test]
fn a_listing_of_something_else_does_not_tell_where_the_log_ends() {
    let of_the_bucket = |query: &str| query.replace("&prefix=anna%27s%20log%2Flog%2F", "&prefix=");
    let of_no_end = |query: &str| query.replace("max-keys=1&", "max-keys=0&");
    let cases: [Hears; 3] = [from_the_first, of_the_bucket, of_no_end];
    for heard in cases {
        let objects = with_entries(1..=5);
        let others = ["other", "anna%27s%20log/log/00", "anna%27s%20log/log/x"];
        let others = others.map(|name| (format!("/tasks/{name}"), b"x".to_vec()));
        objects.lock().extend(others);
        let server = serve_listings(objects, heard, |_, _| None);
        let mut log = store(&server);
        let appended = log.append(5, b"mine");
        let Appended::Refused(refused) = appended else {
            panic!("{appended:?}");
        };
        for error in [
            refused,
            log.read(5, 1).unwrap_err(),
            log.end(5).unwrap_err(),
        ] {
            assert!(matches!(error, LogError::Refused(_)), "{error}");
            assert!(error.to_string().contains("lists other objects"), "{error}");
        }
        assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    }
}

#[test]
fn nothing_is_appended_before_an_entry_wherever_others_were_deleted() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut appended, mut refused) = (0, 0);
    for round in 0..300 {
        let head = random.u64(1..[6, 30, 150][round % 3]);
        let mut there: BTreeSet<Number> = (1..=head).collect();
        for _ in 0..random.u32(0..4) {
            let first = random.u64(1..=head);
            let widest = [1, 3, 90][random.usize(0..3)];
            let width = random.u64(1..=widest);
            there.retain(|number| !(first..first + width).contains(number));
        }
        let last = there.last().copied().unwrap_or_default();
        let server = serve_objects(with_entries(there.iter().copied()), |_, _| None);
        let mut log = store(&server);
        // A machine is anywhere, and reads on as far as it likes before it appends.
        let mut at = random.u64(0..=head);
        let damaged = loop {
            if random.u32(0..4) == 0 {
                break None;
            }
            let bytes = [1, 12, usize::MAX][random.usize(0..3)];
            match log.read(at, bytes) {
                Ok(page) if page.entries.is_empty() => {
                    assert!(page.is_last && at >= last, "{at} of {there:?}");
                    break None;
                }
                Ok(page) => {
                    at += page.entries.len() as Number;
                    assert!(!page.is_last || at >= last, "{at} of {there:?}");
                }
                Err(error) => break Some(error),
            }
        };
        let said = damaged.map_or_else(|| log.append(at, b"mine"), Appended::Refused);
        let puts = server
            .asked()
            .into_iter()
            .filter(|asked| asked.method == "PUT");
        match said {
            Appended::Accepted => {
                assert!(at >= last, "{at} of {there:?}");
                appended += 1;
            }
            Appended::Taken => assert!(there.contains(&(at + 1)), "{at} of {there:?}"),
            Appended::Refused(LogError::Damaged(text)) => {
                assert!(!there.contains(&(at + 1)) && last > at, "{at} of {there:?}");
                assert!(text.contains(&format!("entry {} ", at + 1)), "{text}");
                assert_eq!(puts.count(), 0, "{at} of {there:?}");
                refused += 1;
            }
            said => panic!("{said:?}"),
        }
    }
    assert!(appended > 30 && refused > 20, "{appended} {refused}");
}
