//! What the examination finds in stores that are honest, that lie, or that list something else.

use super::*;
use crate::share::probe::probe_s3;

#[test]
fn an_honest_store_passes_the_probe() {
    let probed = probe_s3(&mut store(&serve(|_, _| None))).unwrap();
    assert_eq!(probed.unclear, 0);
    assert!(probed.is_clock_off(), "its clock is in 2013");
}

#[test]
fn a_store_that_lies_fails_the_probe() {
    // It lets everyone win.
    let lying = serve(|asked, _| (asked.method == "PUT").then(|| Some((200, Vec::new()))));
    let error = probe_s3(&mut store(&lying)).unwrap_err().to_string();
    assert!(
        error.contains("8 of 8") && error.contains("If-None-Match"),
        "{error}"
    );
    // It lets one of those at once win, and replaces later.
    let bodies: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::default();
    let replacing = FakeServer::start(move |asked| {
        let mut bodies = bodies.lock();
        let there = bodies.get(&asked.target).cloned();
        Some(match (asked.method.as_str(), there) {
            ("GET", Some(body)) => (200, body),
            ("GET", None) => (404, NO_SUCH_KEY.to_vec()),
            (_, Some(_)) if asked.body.len() == 1 => (412, Vec::new()),
            _ => {
                bodies.insert(asked.target.clone(), asked.body.clone());
                (200, Vec::new())
            }
        })
    });
    let error = probe_s3(&mut store(&replacing)).unwrap_err().to_string();
    assert!(error.contains("it replaces an object"), "{error}");
    // It keeps another body than that of the winner.
    let mixing = serve(|asked, _| {
        (asked.method == "GET" && !asked.target.ends_with("missing")).then(|| Some((200, vec![99])))
    });
    let error = probe_s3(&mut store(&mixing)).unwrap_err().to_string();
    assert!(error.contains("not what it said"), "{error}");
}

#[test]
fn a_store_that_lists_other_objects_than_it_was_asked_for_fails_the_probe() {
    let forgetful = |query: &str| query.replace("&prefix=", "&prefix=other");
    let cases: [(Hears, &str); 2] = [
        (from_the_first, "lists other objects"),
        (forgetful, "does not list"),
    ];
    for (heard, said) in cases {
        let server = serve_listings(Objects::default(), heard, |_, _| None);
        let error = probe_s3(&mut store(&server)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn credentials_that_cannot_tell_missing_from_forbidden_fail_the_probe() {
    let server =
        serve(|asked, _| (asked.method == "GET").then(|| Some((403, code("AccessDenied")))));
    let error = probe_s3(&mut store(&server)).unwrap_err().to_string();
    assert!(error.contains("s3:ListBucket"), "{error}");
}
