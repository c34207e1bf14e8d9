//! The daemon's life: one a database, ready when it says so, an end that loses nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use taskhold::domain::when::Zone;
use taskhold::mcp::Server;
use taskhold::store::db::Db;
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::clock::Standing;
use crate::daemon::{Daemon, close_to_others};
use crate::support::{Dialect, Home, PATIENCE, exit_status, modern_meta, read_all};
use crate::wire::exchange;

const ALL: &str = "tasks://all";

#[test]
fn it_says_where_it_listens_and_how_to_connect() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let url = format!("http://127.0.0.1:{}/mcp", daemon.port);
    assert!(
        daemon
            .greeting
            .contains(&home.database().display().to_string())
    );
    assert!(daemon.greeting.contains(&format!(
        "claude mcp add -s user --transport http tasks {url} "
    )));
    let line = daemon
        .greeting
        .lines()
        .find(|line| line.contains("mcpServers"))
        .unwrap();
    let config: Value = serde_json::from_str(line).unwrap();
    assert_eq!(config["mcpServers"]["tasks"]["url"], url);
}

#[cfg(unix)]
#[test]
fn the_line_for_claude_code_brings_the_token_of_this_database_in_any_shell() {
    let home = Home::new();
    // Another database, whose token is another one too.
    let usual = home.run(&["token", "show"]);
    let path = home.database().with_file_name("it's mine.db");
    let named = path.to_str().unwrap();
    let daemon = Daemon::start(&home, &["--db", named]);
    let token = home.run(&["token", "show", "--db", named]);
    assert_ne!(token, usual);
    let line = daemon
        .greeting
        .lines()
        .find(|line| line.contains("claude mcp add"))
        .unwrap();
    let (_, header) = line.split_once("--header ").unwrap();
    // A shell that knows nothing of this program, and has none of this one's variables.
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", &format!("printf %s {header}")])
        .env_clear()
        .env("HOME", home.database().parent().unwrap())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, format!("Authorization: Bearer {}", token.trim()));
}

#[cfg(unix)]
#[test]
fn a_program_that_the_shell_finds_is_called_by_its_name() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "0"]);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_taskhold"))
        .parent()
        .unwrap();
    command.env("PATH", folder);
    let daemon = Daemon::launch(&home, command);
    assert!(daemon.greeting.contains("$(taskhold token show --db "));
}

#[test]
fn a_second_daemon_says_where_the_first_listens_and_leaves_it_alone() {
    let home = Home::new();
    let first = Daemon::start(&home, &[]);
    let second = home.command(&["serve", "--listen", "0"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(
        said.contains(&format!("127.0.0.1:{}", first.port)),
        "{said}"
    );
    assert_eq!(first.wire().get("/readyz").status, 200);
}

#[test]
fn with_nobody_there_it_ends_by_itself_when_asked_to() {
    let home = Home::new();
    let mut daemon = home
        .command(&["serve", "--listen", "0", "--idle-exit", "1ms"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = read_all(daemon.stderr.take().unwrap());
    let (status, said) = exit_status(
        &mut daemon,
        &said,
        PATIENCE,
        "the end of a daemon that is idle",
    );
    assert!(status.success(), "{said}");
    assert!(said.contains("--idle-exit"), "{said}");
}

#[test]
fn as_long_as_anyone_is_there_it_does_not_end_by_itself() {
    const IDLE: Duration = Duration::from_hours(1);
    let home = Home::new();
    let db = Db::start(&home.database(), 1);
    let served = db.clone();
    let mut daemon = Standing::start(&home, db.session(), Some(IDLE), move |ending| {
        Server::new(&served, Zone::UTC, ending)
    });
    let events = daemon.wire().watch(Dialect::Modern, ALL);
    for title in ["one", "two"] {
        daemon.forward(IDLE);
        daemon.wire().add(Dialect::Modern, title);
        assert_eq!(events.next_updated(), ALL);
    }
    drop(events);
    daemon.let_time_pass();
    assert!(daemon.end() >= 3 * IDLE);
    db.close().unwrap();
}

#[cfg(unix)]
#[test]
fn where_its_files_may_not_grow_it_refuses_what_is_new_and_goes_on() {
    let home = Home::new();
    home.run(&["add", "there is room"]);
    let script = "ulimit -f 256; exec \"$0\" serve --listen 0";
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_taskhold")])
        .env_clear()
        .env("HOME", home.database().parent().unwrap())
        .env("TASKHOLD_DB", home.database());
    let mut daemon = Daemon::launch(&home, command);
    let mut wire = daemon.wire();
    let large = json!({ "title": "large", "description": "x".repeat(60_000) });
    let mut added = 0;
    let refusal = loop {
        let call = json!({ "name": "add_task", "arguments": large });
        let answer = wire.ask(Dialect::Modern, "tools/call", call).message();
        if answer["result"]["isError"] == true {
            break answer;
        }
        added += 1;
        assert!(added < 100, "nothing limits it");
    };
    assert!(refusal.to_string().contains("ulimit -f"), "{refusal}");
    assert_eq!(wire.get("/readyz").status, 200);
    daemon.stop();
    assert_eq!(home.tasks("all").len(), added + 1);
}

#[test]
fn it_tells_its_state_to_who_may_know() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    daemon.wire().add(Dialect::Modern, "one");
    let mut wire = daemon.wire();
    let ready: Value = serde_json::from_str(&wire.get("/readyz").body).unwrap();
    assert_eq!(ready["version"], env!("CARGO_PKG_VERSION"));
    assert!(ready["schema"].as_i64().unwrap() >= 2, "{ready}");
    assert!(
        ready["log_bytes"].is_u64()
            && ready["free_bytes"].is_u64()
            && ready.get("last_backup").is_some(),
        "{ready}"
    );
    let metrics = wire.get("/metrics").body;
    let line = r#"taskhold_call_duration_seconds_count{method="tools/call",tool="add_task"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
}

#[test]
fn a_client_that_does_not_say_its_name_is_unknown_and_none_can_feign_anothers_token() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let mut creator = |info: Value| {
        let mut meta = modern_meta("2026-07-28");
        if info.is_null() {
            let meta = meta.as_object_mut().unwrap();
            meta.remove("io.modelcontextprotocol/clientInfo").unwrap();
        } else {
            meta["io.modelcontextprotocol/clientInfo"] = info;
        }
        let call = |name: &str, arguments: Value| {
            let params = json!({ "name": name, "arguments": arguments, "_meta": meta });
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
        };
        let mut send = |name: &str, arguments: Value| {
            let headers = format!(
                "Content-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {name}\r\n"
            );
            wire.send("POST /mcp", &headers, &call(name, arguments).to_string());
            wire.answer().message()["result"]["structuredContent"].clone()
        };
        let added = send("add_task", json!({ "title": "whose" }));
        let tasks = home.tasks("all");
        let made = tasks.iter().find(|task| task["id"] == added["id"]);
        made.unwrap()["created_by"].clone()
    };
    assert_eq!(creator(Value::Null), "unknown (main)");
    let feigned = json!({ "name": "evil (other)", "version": "1" });
    assert_eq!(creator(feigned), "evil [other] (main)");
}

#[test]
fn beyond_this_machine_it_does_not_listen_unless_that_is_said_and_encrypted() {
    let home = Home::new();
    for arguments in [
        &["--listen", "0.0.0.0:0"][..],
        &["--listen", "0.0.0.0:0", "--allow-network"],
        &["--listen", "[::]:0", "--allow-network"],
    ] {
        let mut all = vec!["serve"];
        all.extend(arguments);
        let output = home.command(&all).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("--allow-network with --tls-cert"), "{said}");
    }
}

#[test]
fn a_flag_that_would_do_nothing_is_a_wrong_call() {
    let home = Home::new();
    for (arguments, said) in [
        (&["--idle-exit", "0s"][..], "give a time"),
        (&["--idle-exit", "soon"], "give a time"),
        (&["--allow-network"], "this machine alone"),
        (&["--host", "http://box:1"], "give the name alone"),
        (&["--host", "me@box"], "give the name alone"),
        (
            &["--allow-network", "--listen", "[::ffff:127.0.0.1]:0"],
            "this machine alone",
        ),
    ] {
        let all = [&["serve", "--listen", "0"], arguments].concat();
        let mut command = home.command(&all);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut daemon = command.spawn().unwrap();
        let errors = read_all(daemon.stderr.take().unwrap());
        let (status, errors) = exit_status(&mut daemon, &errors, PATIENCE, "a refusal");
        assert_eq!(status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_database_that_cannot_be_used_is_told_at_once() {
    let home = Home::new();
    std::fs::write(
        home.database(),
        "not a database, but a text that is long enough to be looked at",
    )
    .unwrap();
    let output = home.command(&["serve", "--listen", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("cannot use")
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = home.database().with_file_name(name);
        std::fs::write(&path, text).unwrap();
        close_to_others(&path);
        path.display().to_string()
    };
    let certificate = file("certificate.pem", made.cert.pem());
    let key = file("key.pem", made.signing_key.serialize_pem());
    let daemon = Daemon::start(&home, &["--tls-cert", &certificate, "--tls-key", &key]);
    assert!(
        daemon
            .greeting
            .contains(&format!("https://127.0.0.1:{}/mcp", daemon.port))
    );

    let ready = "GET /readyz HTTP/1.1\r\nHost: localhost:PORT\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n\r\n";
    let ready = ready
        .replace("PORT", &daemon.port.to_string())
        .replace("TOKEN", &daemon.token);
    let (status, _) = exchange(daemon.port, ready.as_bytes());
    assert_eq!(status, 0, "it answered what was not encrypted");

    let mut trusted = RootCertStore::empty();
    trusted.add(made.cert.der().clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let session = ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, crate::wire::connect(daemon.port));
    stream.write_all(ready.as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert_eq!(crate::wire::status(&answer), 200, "{answer}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] =
        ["certificate.pem", "key.pem"].map(|name| home.database().with_file_name(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    for mode in [0o644, 0o604, 0o660, 0o602] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut call = vec!["serve", "--listen", "0", "--idle-exit", "1ms"];
        call.extend(["--tls-cert", &certificate, "--tls-key", &key]);
        let output = home.command(&call).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{mode:o}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("key.pem") && said.contains("chmod 600"),
            "{mode:o}: {said}"
        );
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        Daemon::start(&home, &["--tls-cert", &certificate, "--tls-key", &key]).stop();
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let home = Home::new();
    let path = home
        .database()
        .with_file_name("nothing.pem")
        .display()
        .to_string();
    let call = [
        "serve",
        "--listen",
        "0",
        "--tls-cert",
        &path,
        "--tls-key",
        &path,
    ];
    let output = home.command(&call).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("nothing.pem")
    );
}
