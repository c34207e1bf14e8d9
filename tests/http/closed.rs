//! Closed to web pages: what is turned away, by what it sends, on raw sockets.

use serde_json::json;
use taskhold::http::{ROUTES, Route};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home};
use crate::wire::exchange;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// A POST of a ping to `/mcp` with further headers, with the daemon's port and token where it says so.
fn post(daemon: &Daemon, headers: &str) -> (u16, String) {
    let text = format!(
        "POST /mcp HTTP/1.1\r\n{HOST}Authorization: Bearer TOKEN\r\nAccept: application/json, text/event-stream\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{PING}",
        PING.len()
    );
    exchange(daemon.port, filled(daemon, &text).as_bytes())
}

fn filled(daemon: &Daemon, text: &str) -> String {
    text.replace("PORT", &daemon.port.to_string())
        .replace("TOKEN", &daemon.token)
}

const JSON: &str = "Content-Type: application/json\r\n";
const HOST: &str = "Host: 127.0.0.1:PORT\r\n";

#[test]
fn only_requests_that_name_this_daemon_are_looked_at() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let through = 200;
    let cases = [
        ("Host: 127.0.0.1:PORT\r\n", through),
        ("Host: localhost:PORT\r\n", through),
        ("", 400),
        ("Host: 127.0.0.1:1\r\n", 403),
        ("Host: 127.0.0.1\r\n", 403),
        ("Host: evil.com\r\n", 403),
        ("Host: evil.com:PORT\r\n", 403),
        ("Host: localhost.evil.com:PORT\r\n", 403),
        ("Host: localhost.:PORT\r\n", 403),
        ("Host: 0.0.0.0:PORT\r\n", 403),
        ("Host: [::1]:PORT\r\n", 403),
        ("Host: evil.com@localhost:PORT\r\n", 400),
        ("Host: localhost:PORT\r\nHost: localhost:PORT\r\n", 400),
        ("Host: evil.com\r\nHost: localhost:PORT\r\n", 400),
    ];
    for (host, expected) in cases {
        let request = format!(
            "GET /readyz HTTP/1.1\r\n{host}Authorization: Bearer TOKEN\r\nConnection: close\r\n\r\n"
        );
        let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
        assert_eq!(status, expected, "{host:?}: {answer}");
    }
    let absolute = format!(
        "GET http://evil.com/mcp HTTP/1.1\r\n{HOST}Authorization: Bearer TOKEN\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(
        exchange(daemon.port, filled(&daemon, &absolute).as_bytes()).0,
        400
    );
    let ours = "GET http://127.0.0.1:PORT/healthz HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n";
    assert_eq!(
        exchange(daemon.port, filled(&daemon, ours).as_bytes()).0,
        400
    );
}

#[test]
fn no_page_is_served_whatever_its_origin_and_its_form() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    // A ping without a session is answered with 400 by the protocol: it came through.
    let origins = [
        ("https://evil.com", 403),
        ("null", 403),
        ("http://localhost:3000", 403),
        ("http://127.0.0.1", 403),
        ("https://127.0.0.1:PORT", 403),
        ("http://evil.com:PORT", 403),
        ("http://127.0.0.1:PORT", 400),
        ("http://localhost:PORT", 400),
    ];
    for (origin, expected) in origins {
        let (status, answer) = post(&daemon, &format!("{JSON}Origin: {origin}\r\n"));
        assert_eq!(status, expected, "{origin}: {answer}");
        assert!(
            !answer.to_lowercase().contains("access-control-"),
            "{answer}"
        );
    }
    // What a page can send without asking first.
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
    ] {
        let (status, answer) = post(&daemon, &format!("Content-Type: {media_type}\r\n"));
        assert_eq!(status, 415, "{media_type}: {answer}");
    }
    assert_eq!(post(&daemon, "").0, 415);
    // What a browser asks before it sends anything else, which never carries a token.
    let preflight = "OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nORIGINAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n";
    for (origin, expected) in [
        ("", 401),
        ("Origin: https://evil.com\r\n", 403),
        ("Origin: http://127.0.0.1:PORT\r\n", 401),
    ] {
        let (status, answer) = exchange(
            daemon.port,
            filled(&daemon, &preflight.replace("ORIGIN", origin)).as_bytes(),
        );
        assert_eq!(status, expected, "{origin}: {answer}");
        assert!(
            !answer.to_lowercase().contains("access-control-"),
            "{answer}"
        );
    }
}

#[test]
fn every_route_asks_for_a_token_but_those_that_tell_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
    let unknown = [
        "/mcp/",
        "/mcp/x",
        "/MCP",
        "/mcp%2f",
        "//mcp",
        "/sse",
        "/messages",
        "/docs",
        "/openapi.json",
        "/admin",
        "/healthz/",
        "/readyz/x",
        "/metrics?x=1",
        "/.well-known",
    ];
    let routes = ROUTES
        .iter()
        .filter(|(_, route)| !matches!(route, Route::Health | Route::Page | Route::SignIn))
        .map(|(path, _)| *path);
    let paths: Vec<&str> = routes.chain(unknown).collect();
    assert!(paths.len() > unknown.len());
    let tokens = [
        "",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer x\r\n",
        "Authorization: Basic TOKEN\r\n",
        "Authorization: TOKEN\r\n",
        "Authorization: BearerTOKEN\r\n",
        "X-Api-Key: TOKEN\r\n",
        "Cookie: token=TOKEN\r\n",
    ];
    for twice in [["TOKEN", "x"], ["x", "TOKEN"], ["TOKEN", "TOKEN"]] {
        let [one, other] = twice.map(|token| format!("Authorization: Bearer {token}\r\n"));
        let request =
            format!("GET /readyz HTTP/1.1\r\n{HOST}{one}{other}Connection: close\r\n\r\n");
        let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
        assert_eq!(status, 400, "{twice:?}: {answer}");
    }
    for path in &paths {
        for method in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW",
        ] {
            for token in tokens {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\n{HOST}{token}Content-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
                assert_eq!(status, 401, "{method} {path} {token}: {answer}");
                assert!(
                    answer
                        .to_lowercase()
                        .contains("www-authenticate: bearer\r\n"),
                    "{answer}"
                );
            }
        }
        let request = format!(
            "GET {path}?token=TOKEN&access_token=TOKEN HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
        );
        assert_eq!(
            exchange(daemon.port, filled(&daemon, &request).as_bytes()).0,
            401,
            "{path}"
        );
    }
    let request = format!("GET /healthz HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n");
    let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
    assert_eq!(
        (status, answer.ends_with("\r\n\r\nok\n")),
        (200, true),
        "{answer}"
    );
}

/// Returns paths that lead nowhere, of every shape: parts of our own and of other servers', and noise.
fn paths(count: usize, seed: u64) -> Vec<String> {
    const PARTS: [&str; 16] = [
        "mcp",
        "healthz",
        "readyz",
        "metrics",
        "sse",
        "api",
        "v1",
        "admin",
        "..",
        ".",
        "",
        "%2e%2e",
        "%00",
        "token",
        "tasks",
        "index.html",
    ];
    const NOISE: &[u8] = b"aZ09-_.~%2F;,=&@:+$!*'()";
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| {
        let mut path = String::new();
        for _ in 0..random.u32(1..5) {
            path.push('/');
            if random.bool() {
                path.push_str(random.choice(PARTS).unwrap());
            } else {
                for _ in 0..random.u32(1..12) {
                    path.push(char::from(*random.choice(NOISE).unwrap()));
                }
            }
        }
        path
    })
    .filter(|path| ROUTES.iter().all(|(known, _)| known != path))
    .take(count)
    .collect()
}

#[test]
fn whatever_path_is_asked_for_without_a_token_the_answer_is_401() {
    const SEED: u64 = 20_260_728;
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "wrong-tokens=10000"]);
    for (number, path) in paths(500, SEED).iter().enumerate() {
        let method = ["GET", "POST", "PUT", "DELETE", "OPTIONS"][number % 5];
        let token = ["", "Authorization: Bearer x\r\n"][number % 2];
        let query = ["", "", "?token=TOKEN"][number % 3];
        let request = format!(
            "{method} {path}{query} HTTP/1.1\r\n{HOST}{token}Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
        assert_eq!(status, 401, "seed {SEED}, {method} {path}: {answer}");
    }
}

#[test]
fn a_client_that_looks_for_an_authorization_server_is_told_in_json_that_there_is_none() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/register",
    ] {
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\n{HOST}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
            assert_eq!(status, 404, "{method} {path}");
            let body = answer.rsplit("\r\n\r\n").next().unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(body).unwrap()["error"].is_string());
        }
    }
}

#[test]
fn wrong_methods_and_paths_are_told_with_a_token() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let cases = [
        ("PUT", "/mcp", 405),
        ("OPTIONS", "/mcp", 405),
        ("TRACE", "/mcp", 405),
        ("POST", "/readyz", 405),
        ("DELETE", "/metrics", 405),
        ("POST", "/healthz", 405),
        ("GET", "/nothing", 404),
        ("PUT", "/mcp/", 405),
        ("GET", "/readyz/", 404),
    ];
    for (method, path, expected) in cases {
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{HOST}Authorization: bEaReR TOKEN\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
}

#[test]
fn what_is_no_message_is_answered_as_json_rpc_says() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let bodies: [(&[u8], u16, i64); 8] = [
        (b"not JSON", 400, -32700),
        (b"", 400, -32700),
        (b"{\"jsonrpc\":", 400, -32700),
        (&[0xff, 0xfe], 400, -32700),
        (
            b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            400,
            -32600,
        ),
        (b"5", 400, -32600),
        (b"{}", 400, -32600),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":5}}",
            200,
            -32602,
        ),
    ];
    for (body, status, code) in bodies {
        let mut bytes = filled(&daemon, &format!("POST /mcp HTTP/1.1\r\n{HOST}Authorization: Bearer TOKEN\r\n{JSON}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())).into_bytes();
        bytes.extend_from_slice(body);
        let (found, answer) = exchange(daemon.port, &bytes);
        assert_eq!(found, status, "{body:?}: {answer}");
        let message: serde_json::Value =
            serde_json::from_str(answer.rsplit("\r\n\r\n").next().unwrap()).unwrap();
        assert_eq!(message["error"]["code"], code, "{body:?}: {message}");
        assert!(message.get("id").is_some(), "{message}");
    }
}

#[test]
fn every_error_is_told_in_json() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let session = daemon.wire().begin().session.unwrap();
    let modern = "MCP-Protocol-Version: 2026-07-28\r\n";
    let cases = [
        // No session, a session that is none, a version that has none.
        ("GET", "Accept: text/event-stream\r\n".to_owned(), 400),
        ("DELETE", String::new(), 400),
        ("POST", JSON.to_owned(), 400),
        ("GET", "Mcp-Session-Id: 0\r\n".to_owned(), 404),
        ("GET", format!("{modern}Accept: text/event-stream\r\n"), 405),
        ("DELETE", modern.to_owned(), 405),
        ("PATCH", String::new(), 405),
        // What the client would not take.
        ("POST", format!("{JSON}Accept: text/html\r\n"), 406),
        ("POST", format!("{JSON}Accept: application/json\r\n"), 400),
        (
            "GET",
            format!("Mcp-Session-Id: {session}\r\nAccept: text/html\r\n"),
            406,
        ),
    ];
    for (method, headers, expected) in cases {
        let body = if method == "POST" { PING } else { "" };
        let request = format!(
            "{method} /mcp HTTP/1.1\r\n{HOST}Authorization: Bearer TOKEN\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, answer) = exchange(daemon.port, filled(&daemon, &request).as_bytes());
        assert_eq!(status, expected, "{method} {headers}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        assert!(head.contains("content-type: application/json"), "{answer}");
        assert_eq!(status == 405, head.contains("allow: "), "{answer}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(!body["error"].is_null(), "{answer}");
    }
}

#[test]
fn a_method_that_is_gone_from_the_protocol_is_said_to_be_none() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    for method in [
        "initialize",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        let answer = daemon.wire().ask(Dialect::Modern, method, json!({}));
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(answer.message()["error"]["code"], -32601, "{answer:?}");
    }
}
