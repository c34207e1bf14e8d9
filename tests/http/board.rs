//! The page of the board: who gets in by it, and who does not. Each of the ways in that a page of others, another program or another
//! user of the machine could try is tried here, with bytes written by hand.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, modern_meta, shows_pages};
use crate::wire::{Answer, Wire, exchange};

#[cfg(unix)]
mod command;
mod page_sessions;
mod sign_in;

const ALL: &str = "tasks://all";
const HOST: &str = "Host: 127.0.0.1:PORT\r\n";
const OWN: &str = "Origin: http://127.0.0.1:PORT\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const SAME: &str = "Sec-Fetch-Site: same-origin\r\n";

/// Says so past what captures the output of a test that passes.
fn not_run(why: &str) {
    let _ = writeln!(std::io::stderr(), "NOT RUN: {why}");
}

/// Sends a request as it is, with the daemon's port and token where it says so; with a body, if there is one.
fn send(daemon: &Daemon, line: &str, headers: &str, body: &str) -> Answer {
    let text = format!(
        "{line} HTTP/1.1\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let text = text
        .replace("PORT", &daemon.port.to_string())
        .replace("TOKEN", &daemon.token);
    let (status, answer) = exchange(daemon.port, text.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let answer = Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    };
    // Whatever is asked, no page of others may read it, and nothing is left with the browser that it would send by itself.
    for never in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "set-cookie",
    ] {
        assert_eq!(answer.header(never), None, "{line}: {answer:?}");
    }
    answer
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}

/// Returns a new code, which the own token asks for.
fn code(daemon: &Daemon, wanted: &Value) -> String {
    code_with(daemon, &daemon.token, wanted)
}

fn code_with(daemon: &Daemon, token: &str, wanted: &Value) -> String {
    let headers = format!("{HOST}Authorization: Bearer {token}\r\n");
    let answer = send(daemon, "POST /board/code", &headers, &wanted.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = json_of(&answer);
    assert_eq!(answer["seconds"], 60);
    answer["code"].as_str().unwrap().to_owned()
}

/// Signs in with a code as the page does.
fn sign_in(daemon: &Daemon, code: &str) -> Answer {
    let headers =
        format!("{HOST}{OWN}{JSON}{SAME}Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n");
    let body = json!({ "code": code }).to_string();
    send(daemon, "POST /board/login", &headers, &body)
}

/// Returns the token of a page that is signed in to.
fn signed_in(daemon: &Daemon, wanted: &Value) -> String {
    token_of(&sign_in(daemon, &code(daemon, wanted)))
}

fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    json_of(answer)["token"].as_str().unwrap().to_owned()
}

fn meta() -> Value {
    let mut meta = modern_meta("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = shows_pages();
    meta["io.modelcontextprotocol/clientInfo"]["name"] = json!("Browser");
    meta
}

/// Calls a tool as the page does, and returns the result.
#[expect(
    clippy::needless_pass_by_value,
    reason = "arguments are written in place with json!"
)]
fn call(wire: &mut Wire, tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments, "_meta": meta() });
    wire.request(Dialect::Modern, "tools/call", params)
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn the_page_is_served_to_everyone_with_no_task_in_it_and_a_policy_that_lets_it_do_nothing_else() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    daemon.wire().add(Dialect::Modern, "the canary title");
    let browser =
        "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    // By hand, by the file of `taskhold board`, by a link on some page, by a program.
    for headers in [browser, &browser.replace("none", "cross-site"), ""] {
        let page = send(&daemon, "GET /", &format!("{HOST}{headers}"), "");
        assert_eq!(page.status, 200);
        assert_eq!(page.body, taskhold::board::PAGE.to_string());
        assert!(!page.body.contains("canary"));
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("content-security-policy", taskhold::board::policy()),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'sha256-",
            "style-src 'sha256-",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let tag = page.header("etag").unwrap();
        let known = format!("{HOST}If-None-Match: \"other\", {tag}\r\n");
        let again = send(&daemon, "GET /", &known, "");
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        assert_eq!(again.header("etag"), Some(tag));
        let other = send(
            &daemon,
            "GET /",
            &format!("{HOST}If-None-Match: \"other\"\r\n"),
            "",
        );
        assert_eq!(other.status, 200);
    }
    assert_eq!(send(&daemon, "POST /", HOST, "").status, 405);
    assert_eq!(send(&daemon, "GET /board.html", HOST, "").status, 401);
}

#[test]
fn the_page_stands_in_no_page_of_others() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    for into in [
        "iframe", "frame", "embed", "object", "script", "style", "image", "empty", "worker",
        "DOCUMENT",
    ] {
        let headers = format!("{HOST}Sec-Fetch-Dest: {into}\r\n");
        let answer = send(&daemon, "GET /", &headers, "");
        assert_eq!(answer.status, 403, "{into}: {answer:?}");
        assert!(!answer.body.contains("<html"), "{answer:?}");
    }
}

#[test]
fn the_page_has_one_origin() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    for name in ["localhost", "LOCALHOST"] {
        let answer = send(&daemon, "GET /", &format!("Host: {name}:PORT\r\n"), "");
        assert_eq!(answer.status, 307, "{answer:?}");
        let place = format!("http://127.0.0.1:{}/", daemon.port);
        assert_eq!(answer.header("location"), Some(place.as_str()));
    }
    let ask = |port: u16| {
        let mut stream = std::net::TcpStream::connect(("::1", port)).ok()?;
        let request = format!("GET / HTTP/1.1\r\nHost: [::1]:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Some(answer)
    };
    let Some(answer) = ask(daemon.port) else {
        not_run("there is no IPv6 here");
        return;
    };
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    // Where the usual address is not listened on, it is served as it is called.
    let other = Home::new();
    let daemon = Daemon::launch(&other, other.command(&["serve", "--listen", "[::1]:0"]));
    let answer = ask(daemon.port).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_page_that_is_signed_in_to_reads_writes_and_hears_of_what_others_change() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let answer = sign_in(&daemon, &code(&daemon, &json!({})));
    let told = json_of(&answer);
    assert_eq!(
        (&told["name"], &told["read_only"]),
        (&json!("main"), &json!(false))
    );
    let token = token_of(&answer);
    let mut page = daemon.wire_with(&token);
    let stream = page.watch(Dialect::Modern, ALL);
    home.run(&["add", "From a shell"]);
    assert_eq!(stream.next_updated(), ALL);
    let board: Value =
        serde_json::from_str(text(&call(&mut page, "board_read", json!({})))).unwrap();
    assert_eq!(board["tasks"][0]["title"], "From a shell");
    assert_eq!(board["read_only"], false);
    let written = call(&mut page, "board_write", json!({ "complete": [1] }));
    let written: Value = serde_json::from_str(text(&written)).unwrap();
    assert_eq!(stream.next_updated(), ALL);
    let log = home.run(&["log"]);
    assert!(log.contains("Browser (board)"), "{log}");
    // A tool of the models by the same hand is the same hand.
    let undone = call(&mut page, "undo", json!({}));
    assert!(
        text(&undone).contains(&format!("group {}", written["group"])),
        "{undone}"
    );
    // As a browser sends it, cookies of others beside it.
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "board_read", "arguments": {}, "_meta": meta() } });
    let headers = format!(
        "{HOST}{OWN}{JSON}{SAME}Authorization: Bearer {token}\r\nCookie: other=1\r\nAccept: application/json, text/event-stream\r\n\
         MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: board_read\r\n"
    );
    let answer = send(&daemon, "POST /mcp", &headers, &message.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("From a shell"), "{answer:?}");
}

#[test]
fn what_a_browser_sends_for_a_page_of_others_is_refused_whatever_it_brings() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let page = signed_in(&daemon, &json!({}));
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let accept = "Accept: application/json, text/event-stream\r\n";
    for token in [page.as_str(), "TOKEN"] {
        for (site, expected) in [
            ("", 400),
            ("Sec-Fetch-Site: same-origin\r\n", 400),
            ("Sec-Fetch-Site: none\r\n", 400),
            ("Sec-Fetch-Site: cross-site\r\n", 403),
            ("Sec-Fetch-Site: same-site\r\n", 403),
            ("Sec-Fetch-Site: \r\n", 403),
            ("Sec-Fetch-Site: Same-Origin\r\n", 403),
        ] {
            // A ping without a session is answered with 400 by the protocol: it came through.
            let headers = format!("{HOST}Authorization: Bearer {token}\r\n{JSON}{accept}{site}");
            let answer = send(&daemon, "POST /mcp", &headers, ping);
            assert_eq!(answer.status, expected, "{site:?}: {answer:?}");
        }
        for path in [
            "/readyz",
            "/metrics",
            "/board/logout",
            "/board/code",
            "/nothing",
        ] {
            let headers =
                format!("{HOST}Authorization: Bearer {token}\r\nSec-Fetch-Site: cross-site\r\n");
            let answer = send(&daemon, &format!("POST {path}"), &headers, "");
            assert_eq!(answer.status, 403, "{path}: {answer:?}");
        }
    }
    // A cookie is no token, and a name that leads here by an attacker's DNS is not ours on any path.
    let cookie =
        format!("{HOST}{JSON}{accept}Cookie: token={page}; Authorization=Bearer {page}\r\n");
    assert_eq!(send(&daemon, "POST /mcp", &cookie, ping).status, 401);
    for path in [
        "/",
        "/mcp",
        "/board/login",
        "/board/code",
        "/board/logout",
        "/healthz",
    ] {
        for name in [
            "evil.com",
            "127.0.0.1.evil.com",
            "localhost.evil.com",
            "0.0.0.0",
        ] {
            let headers = format!("Host: {name}:PORT\r\nAuthorization: Bearer {page}\r\n");
            let answer = send(&daemon, &format!("GET {path}"), &headers, "");
            assert_eq!(answer.status, 403, "{name} {path}: {answer:?}");
        }
    }
}

#[test]
fn neither_codes_nor_sessions_nor_tasks_are_logged() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let code = code(&daemon, &json!({}));
    let token = token_of(&sign_in(&daemon, &code));
    sign_in(&daemon, "canary-guess");
    let mut page = daemon.wire_with(&token);
    call(
        &mut page,
        "board_write",
        json!({ "add": "the canary title +canary" }),
    );
    call(
        &mut page,
        "board_read",
        json!({ "preview": "canary due:canary" }),
    );
    drop(page);
    let said = daemon.stop();
    assert!(
        said.contains("POST /board/login 200") && said.contains("tools/call board_write"),
        "{said}"
    );
    for secret in [code.as_str(), &token, "canary"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn the_socket_serves_no_page() {
    let home = Home::new();
    let path = home.database().with_file_name("run").join("tasks.sock");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let socket = format!("--socket={}", path.display());
    let _daemon = Daemon::start(&home, &[&socket]);
    for line in [
        "GET /",
        "POST /board/code",
        "POST /board/login",
        "POST /board/logout",
    ] {
        let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{line}: {answer}");
    }
}
