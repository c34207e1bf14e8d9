use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use percent_encoding::percent_decode_str;

use super::*;
use crate::share::{
    fake_server::{Asked, FakeServer, Said},
    visit::PATIENCE,
};

mod entries;
mod probe;

const NO_SUCH_KEY: &[u8] = b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>";

fn store(server: &FakeServer) -> S3 {
    store_at(server.port)
}

fn store_at(port: u16) -> S3 {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
    ];
    let environment = Environment::of(&variables, None);
    let endpoint = format!("http://127.0.0.1:{port}");
    S3::open(
        "tasks",
        "anna's log",
        Some(&endpoint),
        None,
        environment,
        None,
    )
    .unwrap()
}

/// What a store keeps, by its path.
type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// What stands before the query of a listing.
const LISTING: &str = "?list-type=2&";

/// Serves a store that keeps objects. `fault` is asked first, with the number of the request, and its answer replaces that of the store.
/// Listings have no number, and `fault` does not see them.
fn serve(fault: impl Fn(&Asked, usize) -> Option<Said> + Send + Sync + 'static) -> FakeServer {
    serve_objects(Objects::default(), fault)
}

/// Likewise, of a store that has `objects`.
fn serve_objects(
    objects: Objects,
    fault: impl Fn(&Asked, usize) -> Option<Said> + Send + Sync + 'static,
) -> FakeServer {
    serve_listings(objects, str::to_owned, fault)
}

/// Likewise, of a store that lists something else than it is asked for: what `heard` makes of the query.
fn serve_listings(
    objects: Objects,
    heard: impl Fn(&str) -> String + Send + Sync + 'static,
    fault: impl Fn(&Asked, usize) -> Option<Said> + Send + Sync + 'static,
) -> FakeServer {
    let count = AtomicUsize::new(0);
    FakeServer::start(move |asked| {
        let mut objects = objects.lock();
        if let Some((_, query)) = asked.target.split_once(LISTING) {
            return Some((200, listing(objects.keys(), &heard(query))));
        }
        let fault = fault(asked, count.fetch_add(1, Ordering::SeqCst) + 1);
        // A fault that hangs up has done its work before: the answer alone is lost.
        if let Some(said @ Some(_)) = fault {
            return said;
        }
        let said = if asked.method == "GET" {
            let body = objects.get(&asked.target).cloned();
            Some(body.map_or_else(|| (404, NO_SUCH_KEY.to_vec()), |body| (200, body)))
        } else if objects.contains_key(&asked.target) {
            Some((412, Vec::new()))
        } else {
            objects.insert(asked.target.clone(), asked.body.clone());
            Some((200, Vec::new()))
        };
        if fault.is_some() { None } else { said }
    })
}

/// Answers a listing, as a store does that has objects at these paths.
fn listing<'a>(paths: impl Iterator<Item = &'a String>, query: &str) -> Vec<u8> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let asked = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        fields
            .find(|(is, _)| *is == name)
            .map(|(_, value)| decoded(value))
            .unwrap()
    };
    let (prefix, start) = (asked("prefix"), asked("start-after"));
    let most: usize = asked("max-keys").parse().unwrap();
    let keys = paths.map(|path| decoded(path.strip_prefix("/tasks/").unwrap()));
    let keys = keys.filter(|key| key.starts_with(&prefix) && *key > start);
    let keys: Vec<String> = keys.take(most + 1).collect();
    let is_cut = keys.len() > most;
    let keys = keys.iter().take(most);
    // As Go's encoding/xml writes it, and so MinIO.
    let written = |key: &str| key.replace('&', "&amp;").replace('\'', "&#39;");
    let keys = keys.map(|key| {
        format!(
            "<Contents><Key>{}</Key><Size>1</Size></Contents>",
            written(key)
        )
    });
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{is_cut}</IsTruncated>{}</ListBucketResult>",
        keys.collect::<String>()
    )
    .into_bytes()
}

/// What a store hears of the query of a listing.
type Hears = fn(&str) -> String;

/// Takes from a query what a listing starts after, as a store does that does not know that.
fn from_the_first(query: &str) -> String {
    let (query, _) = query.split_once("&start-after=").unwrap();
    format!("{query}&start-after=")
}

/// Returns a store that has these entries of a log, and no others.
fn with_entries(entries: impl IntoIterator<Item = Number>) -> Objects {
    let path = |number| format!("/tasks/anna%27s%20log/{}", entry_key(number));
    let entries = entries
        .into_iter()
        .map(|number| (path(number), b"entry".to_vec()));
    Arc::new(Mutex::new(entries.collect()))
}

/// Returns an address that takes connections and never answers, as an engine that is stopped does.
fn hanging() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn an_answer_that_is_longer_than_any_is_not_waited_for_nor_asked_for_again() {
    let server = hanging();
    let port = server.local_addr().unwrap().port();
    let asked = thread::spawn(move || {
        let mut stream = server.accept().unwrap().0;
        let mut asked = [0; 9];
        stream.read_exact(&mut asked).unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\nno end";
        stream.write_all(head.as_bytes()).unwrap();
        (stream, server)
    });
    let error = store_at(port).read(0, 1).unwrap_err();
    assert!(error.to_string().contains("without an end"), "{error}");
    let (_, server) = asked.join().unwrap();
    server.set_nonblocking(true).unwrap();
    assert!(server.accept().is_err(), "it is not asked again");
}

/// Asks something of the engine.
type Call = Box<dyn FnMut(&mut S3)>;

#[test]
fn a_store_that_hangs_is_given_up_at_the_same_time_whatever_is_asked_of_it() {
    let server = hanging();
    let mut log = store_at(server.local_addr().unwrap().port());
    log.requests.patience.alone = Duration::from_millis(200);
    let mut calls: [(&str, Call); 5] = [
        (
            "append that is not sent",
            Box::new(|log| assert!(matches!(log.append(0, b"x"), Appended::Refused(_)))),
        ),
        (
            "append",
            Box::new(|log| {
                log.end = Some((0, Moment::now()));
                assert!(matches!(log.append(0, b"x"), Appended::Unknown(_)));
            }),
        ),
        (
            "read",
            Box::new(|log| _ = log.read(0, 4 << 20).unwrap_err()),
        ),
        (
            "part",
            Box::new(|log| _ = log.part(&Digest::of(b"x")).unwrap_err()),
        ),
        (
            "put_part",
            Box::new(|log| _ = log.put_part(&Digest::of(b"x"), b"x").unwrap_err()),
        ),
    ];
    for (name, call) in &mut calls {
        let begun = Instant::now();
        call(&mut log);
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}");
    }
}

#[test]
fn requests_of_one_visit_are_over_together_however_slowly_each_is_answered() {
    // From the third put on every answer is lost.
    let server = serve(|asked, number| (asked.method == "PUT" && number > 2).then_some(None));
    let mut log = store(&server);
    let begun = Instant::now();
    let visit = Visit::begin(PATIENCE);
    log.begin_visit(&visit);
    for after in 0..2 {
        assert_eq!(log.append(after, b"entry"), Appended::Accepted);
        // As if the store had taken so long.
        visit.spend(PATIENCE * 49 / 100);
    }
    let after = 2;
    let said = log.append(after, b"entry");
    let was_sent = server.asked().len() > 2;
    assert!(
        matches!(said, Appended::Unknown(_)) || !was_sent,
        "{said:?}"
    );
    visit.spend(PATIENCE);
    let asked = server.asked().len();
    let late = [log.append(after, b"late"), log.append(after, b"later")];
    for said in late {
        assert!(
            matches!(&said, Appended::Refused(error) if error.to_string().ends_with("did not answer in time")),
            "{said:?}"
        );
    }
    log.read(0, 1).unwrap_err();
    assert_eq!(server.asked().len(), asked, "none is sent any more");
    assert!(begun.elapsed() < Duration::from_secs(5));
    log.begin_visit(&Visit::begin(PATIENCE));
    assert_eq!(log.read(0, 1).unwrap().entries, [b"entry"]);
}

fn code(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code><Message>no</Message></Error>").into_bytes()
}

#[test]
fn an_entry_is_put_under_its_number_if_nothing_is_there_and_is_signed() {
    let server = serve(|_, _| None);
    let mut log = store(&server);
    assert_eq!(log.append(0, b"first"), Appended::Accepted);
    assert_eq!(log.append(0, b"other"), Appended::Taken);
    assert_eq!(log.append(1, b"second"), Appended::Accepted);
    assert_eq!(
        log.read(0, usize::MAX).unwrap().entries,
        [&b"first"[..], b"second"]
    );
    assert_eq!(log.read(0, 1).unwrap().entries, [b"first"]);
    assert!(log.read(2, usize::MAX).unwrap().entries.is_empty());
    assert!(
        log.skew().is_some_and(|skew| skew < 0),
        "the server's clock is in 2013"
    );
    let listed = &server.asked()[0].target;
    assert_eq!(
        listed,
        "/tasks?list-type=2&max-keys=1&prefix=anna%27s%20log%2Flog%2F&start-after=anna%27s%20log%2Flog%2F00000000000000000000"
    );
    let first = &server.asked()[1];
    assert_eq!(
        first.target,
        "/tasks/anna%27s%20log/log/00000000000000000001"
    );
    assert!(first.head.contains("if-none-match: *\n"), "{}", first.head);
    assert!(
        first.head.contains(
            "signedheaders=host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
        ),
        "{}",
        first.head
    );
    assert!(
        !first.head.contains("secret\n") && !first.head.contains("=secret"),
        "{}",
        first.head
    );
}

#[test]
fn an_entry_whose_answer_was_lost_is_found_to_be_ours() {
    let server = serve(|_, number| (number == 1).then_some(None));
    assert_eq!(store(&server).append(0, b"mine"), Appended::Accepted);
    let methods: Vec<String> = server
        .asked()
        .into_iter()
        .map(|asked| asked.method)
        .collect();
    let expected = ["GET", "PUT", "PUT", "GET"];
    assert_eq!(methods, expected, "listed, sent, sent again, compared");
}

#[test]
fn an_entry_whose_answer_was_lost_is_not_taken_for_that_of_another() {
    // The first request never arrives, and another machine is faster than the second.
    let server = serve(|asked, number| match number {
        1 => Some(Some((500, Vec::new()))),
        _ if asked.method == "PUT" => Some(Some((412, Vec::new()))),
        _ => Some(Some((200, b"theirs".to_vec()))),
    });
    assert_eq!(store(&server).append(0, b"mine"), Appended::Taken);
}

#[test]
fn a_conflict_under_way_is_sent_again() {
    let server =
        serve(|_, number| (number < 4).then(|| Some((409, code("ConditionalRequestConflict")))));
    assert_eq!(store(&server).append(0, b"mine"), Appended::Accepted);
    assert_eq!(server.asked().len(), 1 + 4);
}

#[test]
fn what_the_store_refuses_is_said_with_a_way_out() {
    let cases: [(u16, &str, &str); 7] = [
        (501, "NotImplemented", "does not offer conditional writes"),
        (403, "AccessDenied", "s3:PutObject"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        (403, "RequestTimeTooSkewed", "clock"),
        (404, "NoSuchBucket", "no such bucket"),
        (301, "PermanentRedirect", "AWS_REGION"),
        (413, "", "of this size"),
    ];
    for (status, text, said) in cases {
        let server = serve(move |_, _| Some(Some((status, code(text)))));
        let Appended::Refused(LogError::Refused(refusal)) = store(&server).append(0, b"mine")
        else {
            panic!("{status} {text} is a refusal");
        };
        assert!(
            refusal.contains(said) && refusal.contains("bucket tasks"),
            "{refusal}"
        );
        assert_eq!(server.asked().len(), 1 + 1);
    }
}

#[test]
fn a_forbidden_or_missing_bucket_is_not_the_end_of_the_log() {
    for (status, text) in [(403, "AccessDenied"), (404, "NoSuchBucket")] {
        let server = serve(move |_, _| Some(Some((status, code(text)))));
        let error = store(&server).read(0, 100).unwrap_err();
        assert!(matches!(error, LogError::Refused(_)), "{error}");
    }
}

#[test]
fn a_store_that_nobody_runs_is_told_from_one_whose_answer_was_lost() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = format!("http://127.0.0.1:{gone}");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let mut log = S3::open(
        "tasks",
        "log",
        Some(&endpoint),
        None,
        Environment::of(&keys, None),
        None,
    )
    .unwrap();
    let said = log.append(0, b"mine");
    assert!(
        matches!(said, Appended::Refused(LogError::Unreachable(_))),
        "{said:?}"
    );
}

#[test]
fn credentials_that_expired_are_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let write = |id: &str| {
        let text = format!(
            "[default]\naws_access_key_id={id}\naws_secret_access_key=s\naws_session_token=t\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    write("old");
    let server = serve(|asked, _| {
        asked
            .head
            .contains("credential=old/")
            .then(|| Some((400, code("ExpiredToken"))))
    });
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let environment = Environment::of(
        &[("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap())],
        None,
    );
    let mut log = S3::open("tasks", "log", Some(&endpoint), None, environment, None).unwrap();
    let said = log.append(0, b"mine");
    assert!(
        matches!(&said, Appended::Refused(error) if error.to_string().contains("expired")),
        "{said:?}"
    );
    write("new");
    assert_eq!(log.append(0, b"mine"), Appended::Accepted);
}

#[test]
fn a_failure_without_a_reason_is_said_by_its_status_alone() {
    for (body, said) in [(Vec::new(), "(500)"), (code("SlowDown"), "(500 SlowDown)")] {
        let reply = Reply {
            status: 500,
            headers: http::HeaderMap::new(),
            body: body.into(),
        };
        let error = refusal("the store", &reply).to_string();
        assert!(error.ends_with(said), "{error}");
    }
}

#[test]
fn a_part_is_kept_once_and_a_missing_one_is_named() {
    let server = serve(|_, _| None);
    let mut log = store(&server);
    let name = Digest::of(b"body");
    for _ in 0..2 {
        log.put_part(&name, b"body").unwrap();
    }
    assert_eq!(log.part(&name).unwrap(), b"body");
    let missing = Digest::of(b"other");
    let error = log.part(&missing).unwrap_err();
    assert!(
        matches!(&error, LogError::Damaged(text) if text.contains(&missing.to_string())),
        "{error}"
    );
}

#[test]
fn rules_that_delete_objects_are_asked_for_and_what_is_not_known_is_said_to_be() {
    let rules = |filter: &str| {
        format!(
            "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status>{filter}<Expiration><Days>9</Days></Expiration>\
             </Rule></LifecycleConfiguration>"
        )
        .into_bytes()
    };
    let harmful = Lifecycle::Harmful(vec!["old deletes objects after 9 days".to_owned()]);
    let cases = [
        (200, rules(""), harmful),
        (
            200,
            rules("<Prefix>elsewhere/</Prefix>"),
            Lifecycle::Harmless,
        ),
        (200, b"<ListBucketResult/>".to_vec(), Lifecycle::NotOffered),
        (
            404,
            code("NoSuchLifecycleConfiguration"),
            Lifecycle::Harmless,
        ),
        (404, code("NoSuchKey"), Lifecycle::NotOffered),
        (501, code("NotImplemented"), Lifecycle::NotOffered),
        (403, code("AccessDenied"), Lifecycle::Hidden),
    ];
    for (status, body, expected) in cases {
        let said = format!("{status} {}", String::from_utf8_lossy(&body));
        let server = FakeServer::start(move |_| Some((status, body.clone())));
        assert_eq!(store(&server).lifecycle(), expected, "{said}");
        let asked = &server.asked()[0];
        assert!(asked.target.ends_with("?lifecycle="), "{}", asked.target);
        assert_eq!(asked.method, "GET");
    }
    let server = FakeServer::start(|_| Some((503, code("SlowDown"))));
    assert!(matches!(store(&server).lifecycle(), Lifecycle::Unknown(_)));
}
