//! Signing in to the page: by whom, and with what.

use super::*;

#[test]
fn only_the_page_itself_signs_in() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let code = code(&daemon, &json!({}));
    let body = json!({ "code": code }).to_string();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let plain = "Content-Type: text/plain\r\n";
    for (what, headers) in [
        ("no origin", format!("{HOST}{JSON}")),
        ("no origin, same site", format!("{HOST}{JSON}{SAME}")),
        (
            "an origin that is none",
            format!("{HOST}{JSON}Origin: null\r\n"),
        ),
        (
            "a page of others",
            format!("{HOST}{JSON}Origin: https://evil.com\r\n"),
        ),
        (
            "another port",
            format!("{HOST}{JSON}Origin: http://127.0.0.1:3000\r\n"),
        ),
        (
            "another scheme",
            format!("{HOST}{JSON}Origin: https://127.0.0.1:PORT\r\n"),
        ),
        (
            "two origins",
            format!("{HOST}{JSON}{OWN}Origin: https://evil.com\r\n"),
        ),
        (
            "another site",
            format!("{HOST}{OWN}{JSON}Sec-Fetch-Site: cross-site\r\n"),
        ),
        (
            "the same site",
            format!("{HOST}{OWN}{JSON}Sec-Fetch-Site: same-site\r\n"),
        ),
        (
            "by hand",
            format!("{HOST}{OWN}{JSON}Sec-Fetch-Site: none\r\n"),
        ),
        ("a form", format!("{HOST}{OWN}{form}{SAME}")),
        ("text", format!("{HOST}{OWN}{plain}{SAME}")),
        ("no kind", format!("{HOST}{OWN}{SAME}")),
        (
            "another name",
            format!("Host: evil.com:PORT\r\n{JSON}Origin: http://evil.com:PORT\r\n"),
        ),
    ] {
        let answer = send(&daemon, "POST /board/login", &headers, &body);
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
    }
    let head = format!("{HOST}{OWN}{JSON}{SAME}");
    assert_eq!(send(&daemon, "GET /board/login", &head, "").status, 405);
    // What a page may send without asking, and what it would ask first.
    let preflight =
        format!("{HOST}Origin: https://evil.com\r\nAccess-Control-Request-Method: POST\r\n");
    assert_eq!(
        send(&daemon, "OPTIONS /board/login", &preflight, "").status,
        403
    );
    let long = json!({ "code": "x".repeat(2_000) }).to_string();
    assert_eq!(send(&daemon, "POST /board/login", &head, &long).status, 413);
    // None of these has used the code up.
    assert_eq!(sign_in(&daemon, &code).status, 200);
}

#[test]
fn a_code_is_good_once_and_guesses_are_put_off() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=5"]);
    let first = code(&daemon, &json!({}));
    assert!(
        first.len() >= 22,
        "{} characters hold fewer than 128 bits",
        first.len()
    );
    // Who waits for its use is told of that.
    let asked = json!({ "code": first }).to_string();
    let mut waits = daemon.wire();
    waits.send("POST /board/code", "", &asked);
    assert_eq!(sign_in(&daemon, &first).status, 200);
    assert_eq!(json_of(&waits.answer()), json!({ "waiting": false }));
    waits.send("POST /board/code", "", &asked);
    assert_eq!(json_of(&waits.answer()), json!({ "waiting": false }));
    let again = sign_in(&daemon, &first);
    assert_eq!(again.status, 401, "{again:?}");
    assert!(again.body.contains("taskhold board"), "{again:?}");
    let good = code(&daemon, &json!({}));
    // All within a second, or some of a later second follow.
    let statuses: Vec<u16> = (0..50)
        .map(|n| sign_in(&daemon, &format!("guess-{n}")).status)
        .collect();
    assert!(
        statuses.contains(&429) && !statuses.contains(&200),
        "{statuses:?}"
    );
    assert!(
        statuses.iter().filter(|status| **status == 401).count() >= 4,
        "{statuses:?}"
    );
    // A right one is not put off, nor is what is no JSON taken for one.
    let headers = format!("{HOST}{OWN}{JSON}{SAME}");
    assert!([401, 429].contains(&send(&daemon, "POST /board/login", &headers, "{").status));
    assert_eq!(sign_in(&daemon, &good).status, 200);
}

#[test]
fn no_page_gets_a_code_nor_anyone_without_a_token() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
    let page = signed_in(&daemon, &json!({}));
    let own = "Authorization: Bearer TOKEN\r\n";
    for (headers, expected) in [
        (HOST.to_owned(), 401),
        (format!("{HOST}Authorization: Bearer x\r\n"), 401),
        (format!("{HOST}{own}{OWN}"), 403),
        (format!("{HOST}{own}{SAME}"), 403),
        (format!("{HOST}{own}Sec-Fetch-Site: none\r\n"), 403),
        (format!("{HOST}Authorization: Bearer {page}\r\n"), 403),
        (format!("Host: evil.com\r\n{own}"), 403),
    ] {
        let answer = send(&daemon, "POST /board/code", &headers, "");
        assert_eq!(answer.status, expected, "{headers}: {answer:?}");
        assert!(!answer.body.contains("code\":"), "{answer:?}");
    }
    assert_eq!(
        send(&daemon, "GET /board/code", &format!("{HOST}{own}"), "").status,
        405
    );
    let bad = send(&daemon, "POST /board/code", &format!("{HOST}{own}"), "[");
    assert_eq!(bad.status, 400, "{bad:?}");
}

#[test]
fn a_code_of_a_token_that_was_revoked_or_made_anew_signs_nobody_in() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let lent = home.run(&["token", "add", "--name", "lent"]);
    let by_lent = code_with(&daemon, lent.trim(), &json!({}));
    let by_own = code(&daemon, &json!({}));
    home.run(&["token", "revoke", "--name", "lent"]);
    home.run(&["token", "rotate"]);
    for code in [by_lent, by_own] {
        let answer = sign_in(&daemon, &code);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.body.contains("its token was revoked"), "{answer:?}");
    }
}
