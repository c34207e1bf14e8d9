use super::*;
use crate::share::{
    fake_server::{Asked, FakeServer},
    visit::PATIENCE,
};

fn cluster(servers: &[&FakeServer]) -> Rqlite {
    let nodes: Vec<String> = servers
        .iter()
        .map(|server| format!("127.0.0.1:{}", server.port))
        .collect();
    let environment = Environment::of(
        &[
            ("TASKHOLD_RQLITE_USER", "anna"),
            ("TASKHOLD_RQLITE_PASSWORD", "p"),
        ],
        None,
    );
    Rqlite::open(&nodes, "tasks", false, &environment, None).unwrap()
}

/// Answers every request alike.
fn always(status: u16, body: &str) -> FakeServer {
    let body = body.as_bytes().to_vec();
    FakeServer::start(move |_| Some((status, body.clone())))
}

/// Asks something of the engine.
type Call = Box<dyn FnMut(&mut Rqlite)>;

#[test]
fn a_cluster_that_hangs_is_given_up_at_the_same_time_whatever_is_asked_of_it() {
    // It takes connections and never answers, as a node that is stopped does.
    let node = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nodes = [node.local_addr().unwrap().to_string()];
    let mut log = Rqlite::open(&nodes, "tasks", false, &Environment::of(&[], None), None).unwrap();
    log.patience.alone = Duration::from_millis(200);
    let mut calls: [(&str, Call); 3] = [
        (
            "append",
            Box::new(|log| assert!(matches!(log.append(1, b"x"), Appended::Unknown(_)))),
        ),
        (
            "read",
            Box::new(|log| _ = log.read(0, 4 << 20).unwrap_err()),
        ),
        (
            "part",
            Box::new(|log| _ = log.part(&Digest::of(b"x")).unwrap_err()),
        ),
    ];
    for (name, call) in &mut calls {
        let begun = std::time::Instant::now();
        call(&mut log);
        assert!(begun.elapsed() < Duration::from_secs(3), "{name}");
    }
}

#[test]
fn after_the_end_of_a_visit_no_node_is_asked() {
    let servers = [always(200, r#"{"results":[{"rows_affected":1}]}"#)];
    let mut log = cluster(&[&servers[0]]);
    let visit = Visit::begin(PATIENCE);
    log.begin_visit(&visit);
    assert_eq!(log.append(4, b"entry"), Appended::Accepted);
    visit.spend(PATIENCE * 2);
    let said = log.append(5, b"entry");
    assert!(
        matches!(&said, Appended::Refused(error) if error.to_string().ends_with("did not answer in time")),
        "{said:?}"
    );
    log.read(0, 1).unwrap_err();
    assert_eq!(servers[0].asked().len(), 1);
}

#[test]
fn one_row_is_accepted_and_none_is_taken() {
    let cases = [
        (
            r#"{"results":[{"last_insert_id":1,"rows_affected":1}]}"#,
            Appended::Accepted,
        ),
        (
            r#"{"results":[{"last_insert_id":1,"rows_affected":0}]}"#,
            Appended::Taken,
        ),
        (r#"{"results":[{"last_insert_id":1}]}"#, Appended::Taken),
        (
            r#"{"results":[{"error":"UNIQUE constraint failed: taskhold_log.log, taskhold_log.n"}]}"#,
            Appended::Taken,
        ),
    ];
    for (body, expected) in cases {
        let server = always(200, body);
        assert_eq!(cluster(&[&server]).append(4, b"entry"), expected, "{body}");
        let asked = &server.asked()[0];
        assert!(
            asked.head.contains("authorization: basic "),
            "{}",
            asked.head
        );
    }
}

#[test]
fn an_answer_without_results_is_neither_yes_nor_no() {
    for body in [
        r#"{"results":[],"error":"leadership lost while committing log"}"#,
        r#"{"results":[],"error":"node failed to process Execute on remote node at 10.0.0.1:4002: read protobuf length: EOF"}"#,
        r#"{"results":[]}"#,
        r#"{"results":[{"error":"disk I/O error"}]}"#,
        "not json",
        "",
    ] {
        let servers = [always(200, body), always(200, body)];
        let said = cluster(&[&servers[0], &servers[1]]).append(4, b"entry");
        assert!(matches!(said, Appended::Unknown(_)), "{body}: {said:?}");
        let asked = servers.map(|server| server.asked().len());
        // A node that answered, however badly, may be asked again.
        assert_eq!(asked.iter().sum::<usize>(), 2, "{body}");
    }
    let hangs_up = FakeServer::start(|_| None);
    let said = cluster(&[&hangs_up]).append(4, b"entry");
    assert!(matches!(said, Appended::Unknown(_)), "{said:?}");
}

#[test]
fn an_entry_that_one_node_did_not_answer_is_sent_to_the_next() {
    let lost = || FakeServer::start(|_| None);
    let cases = [
        (200, r#"{"results":[{"rows_affected":1}]}"#, "Accepted"),
        // It may be this very entry: whoever appends reads it.
        (200, r#"{"results":[{"rows_affected":0}]}"#, "Taken"),
        (401, "", "Unknown"),
    ];
    for (status, body, expected) in cases {
        let servers = [lost(), always(status, body)];
        let said = cluster(&[&servers[0], &servers[1]]).append(4, b"entry");
        assert!(format!("{said:?}").starts_with(expected), "{said:?}");
        assert_eq!(servers[0].asked()[0].body, servers[1].asked()[0].body);
    }
}

#[test]
fn the_next_node_is_asked_where_one_is_gone_or_has_no_leader() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let unconnected = always(
        200,
        r#"{"results":[],"error":"node failed to process Execute on remote node at 10.0.0.1:4002: pool get: dial tcp 10.0.0.1:4002: connect: connection refused"}"#,
    );
    let leaderless = always(503, "leader not found");
    let leading = always(200, r#"{"results":[{"rows_affected":1}]}"#);
    let mut log = cluster(&[&unconnected, &leaderless, &leading]);
    let environment = Environment::of(&[], None);
    let lost = Rqlite::open(
        &[format!("127.0.0.1:{gone}")],
        "tasks",
        false,
        &environment,
        None,
    )
    .unwrap();
    log.nodes.extend(lost.nodes);
    log.nodes.rotate_right(1);
    for after in 4..7 {
        assert_eq!(log.append(after, b"entry"), Appended::Accepted);
    }
    assert_eq!(
        leaderless.asked().len(),
        1,
        "whoever answered is asked first from then on"
    );
}

#[test]
fn a_refusal_of_the_password_or_of_no_rqlite_at_all_is_said() {
    for (status, text) in [(401, "TASKHOLD_RQLITE_USER"), (404, "is not rqlite")] {
        let said = cluster(&[&always(status, "")]).append(4, b"entry");
        assert!(
            matches!(&said, Appended::Refused(error) if error.to_string().contains(text)),
            "{said:?}"
        );
    }
}

#[test]
fn a_read_is_strong_asks_again_and_notices_a_gap() {
    let row = |number: u64, body: &str| format!("[{number},\"{}\"]", STANDARD.encode(body));
    let rows = |rows: &[String]| {
        format!(
            "{{\"results\":[{{\"columns\":[],\"values\":[{}]}}]}}",
            rows.join(",")
        )
    };
    let first = always(200, r#"{"results":[],"error":"leadership lost"}"#);
    let good = rows(&[row(4, "a"), row(5, "b")]);
    let second = FakeServer::start(move |asked: &Asked| {
        assert!(
            asked.target.ends_with("/db/query?level=strong"),
            "{}",
            asked.target
        );
        Some((200, good.clone().into_bytes()))
    });
    assert_eq!(
        cluster(&[&first, &second]).read(3, 1_000).unwrap().entries,
        [b"a", b"b"]
    );
    for wrong in [
        rows(&[row(4, "a"), row(6, "b")]),
        rows(&[row(5, "a")]),
        rows(&["[4,7]".to_owned()]),
    ] {
        let error = cluster(&[&always(200, &wrong)]).read(3, 1_000).unwrap_err();
        assert!(matches!(error, LogError::Damaged(_)), "{error}");
    }
}

#[test]
fn a_cluster_made_anew_is_not_an_empty_log() {
    let server = always(
        200,
        r#"{"results":[{"error":"no such table: taskhold_log"}]}"#,
    );
    let mut log = cluster(&[&server]);
    assert!(log.read(0, 100).unwrap().entries.is_empty());
    let error = log.read(7, 100).unwrap_err();
    assert!(
        matches!(&error, LogError::Damaged(text) if text.contains("made anew")),
        "{error}"
    );
    let said = log.append(7, b"entry");
    assert!(
        matches!(said, Appended::Refused(LogError::Damaged(_))),
        "{said:?}"
    );
}
