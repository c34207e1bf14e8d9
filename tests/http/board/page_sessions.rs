//! The session of a page: what it may do, and what ends it.

use super::*;

#[test]
fn a_session_ends_with_the_token_that_made_it_and_so_does_its_stream() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let lent = home
        .run(&["token", "add", "--name", "lent"])
        .trim()
        .to_owned();
    let by_lent = token_of(&sign_in(&daemon, &code_with(&daemon, &lent, &json!({}))));
    let by_own = signed_in(&daemon, &json!({}));
    let mut first = daemon.wire_with(&by_lent);
    let mut second = daemon.wire_with(&by_own);
    let streams = [
        first.watch(Dialect::Modern, ALL),
        second.watch(Dialect::Modern, ALL),
    ];
    let written = call(
        &mut first,
        "board_write",
        json!({ "add": "By the page of a lent token" }),
    );
    assert_ne!(written["isError"], true, "{written}");
    assert!(home.run(&["log"]).contains("Browser (lent, board)"));
    home.run(&["token", "revoke", "--name", "lent"]);
    let [of_lent, of_own] = streams;
    of_lent.rest();
    assert_eq!(
        first.ask(Dialect::Modern, "tools/list", json!({})).status,
        401
    );
    assert_eq!(
        second.ask(Dialect::Modern, "tools/list", json!({})).status,
        200
    );
    // A token of the same name is another.
    home.run(&["token", "add", "--name", "lent"]);
    assert_eq!(daemon.wire_with(&by_lent).get("/readyz").status, 401);
    home.run(&["token", "rotate"]);
    of_own.rest();
    assert_eq!(
        second.ask(Dialect::Modern, "tools/list", json!({})).status,
        401
    );
}

#[test]
fn signing_out_ends_that_session_alone_and_its_stream() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let [one, other] = [(); 2].map(|()| signed_in(&daemon, &json!({})));
    let mut page = daemon.wire_with(&one);
    let stream = page.watch(Dialect::Modern, ALL);
    let sign_out = |token: &str| {
        let headers = format!("{HOST}{OWN}{SAME}Authorization: Bearer {token}\r\n");
        send(&daemon, "POST /board/logout", &headers, "").status
    };
    assert_eq!(sign_out("x"), 401);
    assert_eq!(sign_out(&daemon.token), 403);
    assert_eq!(daemon.wire_with(&one).get("/board/logout").status, 405);
    assert_eq!(sign_out(&one), 204);
    stream.rest();
    assert_eq!(sign_out(&one), 401);
    assert_eq!(daemon.wire_with(&other).get("/readyz").status, 200);
}

#[test]
fn a_session_does_not_outlive_the_daemon() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let page = signed_in(&daemon, &json!({}));
    let waiting = code(&daemon, &json!({}));
    daemon.stop();
    let daemon = Daemon::start(&home, &[]);
    assert_eq!(daemon.wire_with(&page).get("/readyz").status, 401);
    assert_eq!(sign_in(&daemon, &waiting).status, 401);
}

#[test]
fn a_session_that_may_only_look_changes_nothing_by_any_tool() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    daemon.wire().add(Dialect::Modern, "as it was");
    let reader = home
        .run(&["token", "add", "--name", "reader", "--read-only"])
        .trim()
        .to_owned();
    let by_reader = token_of(&sign_in(
        &daemon,
        &code_with(&daemon, &reader, &json!({ "read_only": false })),
    ));
    for token in [signed_in(&daemon, &json!({ "read_only": true })), by_reader] {
        let mut page = daemon.wire_with(&token);
        let board: Value =
            serde_json::from_str(text(&call(&mut page, "board_read", json!({})))).unwrap();
        assert_eq!(
            (
                &board["read_only"],
                board["tasks"].as_array().unwrap().len()
            ),
            (&json!(true), 1)
        );
        for (tool, arguments) in [
            ("board_write", json!({ "add": "x" })),
            ("board_write", json!({ "complete": [1] })),
            ("board_write", json!({ "delete": [1] })),
            ("board_write", json!({ "undo": 1 })),
            (
                "board_write",
                json!({ "task_id": 1, "title": "x", "key": "k" }),
            ),
            (
                "board_write",
                json!({ "task_id": 1, "status": "in_progress" }),
            ),
            ("add_task", json!({ "title": "x" })),
            ("update_task", json!({ "task_id": 1, "comment": "x" })),
            ("complete_task", json!({ "task_id": 1 })),
            ("delete_task", json!({ "task_id": 1 })),
            ("undo", json!({ "group": 1 })),
        ] {
            let result = call(&mut page, tool, arguments.clone());
            assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
            assert!(text(&result).contains("reading only"), "{result}");
            if tool == "board_write" {
                let way_out = "is opened with: taskhold board";
                assert!(text(&result).ends_with(way_out), "{result}");
            }
        }
    }
    let log = home.run(&["log", "--json"]);
    assert_eq!(log.matches("\"group\"").count(), 1, "{log}");
}
