//! The daemon's life: one a database, ready when it says so, an end that loses nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use serde_json::{Value, json};
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PROMPTLY};
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
fn a_killed_daemon_leaves_nothing_in_the_way_of_the_next() {
    let home = Home::new();
    let socket = home.database().with_file_name("run").join("tasks.sock");
    let socket = format!("--socket={}", socket.display());
    let mut first = Daemon::start(&home, &[&socket]);
    let id = first.wire().add(Dialect::Modern, "kept");
    first.signal("-KILL");
    first.end(PROMPTLY);
    let second = Daemon::start(&home, &[&socket]);
    assert_eq!(second.token, first.token);
    let task = second
        .wire()
        .call(Dialect::Modern, "get_task", json!({ "task_id": id }));
    assert_eq!(task["title"], "kept");
}

#[test]
fn when_it_ends_subscriptions_get_their_final_answer_and_calls_are_finished() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        let mut daemon = Daemon::start(&home, &[]);
        let modern = daemon.wire().watch(Dialect::Modern, ALL);
        let legacy = daemon.wire().begin().watch(Dialect::Legacy, ALL);
        daemon.signal(signal);
        let last = modern.rest().pop().unwrap();
        assert_eq!(last["id"], *modern.subscription.as_ref().unwrap(), "{last}");
        assert_eq!(last["result"]["resultType"], "complete", "{last}");
        legacy.rest();
        let (status, said) = daemon.end(PROMPTLY);
        assert!(status.success(), "{signal}: {status} {said}");
        // The log is in the database, and where it listened is not told any more.
        let beside = |ending: &str| home.database().with_extension(ending);
        assert!(!beside("db.daemon").exists());
        let log = std::fs::metadata(beside("db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0);
    }
}

#[test]
fn what_was_acknowledged_before_the_end_is_kept() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let (sender, acknowledged) = std::sync::mpsc::channel();
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (mut wire, sender) = (daemon.wire(), sender.clone());
            std::thread::spawn(move || {
                for n in 0.. {
                    let title = format!("{number} {n}");
                    let added = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        wire.add(Dialect::Modern, &title)
                    }));
                    match added {
                        Ok(_) => sender.send(title).unwrap(),
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut kept: Vec<String> = acknowledged.iter().take(100).collect();
    daemon.stop();
    for client in clients {
        client.join().unwrap();
    }
    kept.extend(acknowledged.iter());
    let titles: Vec<String> = home
        .tasks("all")
        .iter()
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect();
    for title in kept {
        assert!(titles.contains(&title), "{title} is lost");
    }
}

#[test]
fn asked_twice_it_ends_at_once() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    // A call that never comes to its end keeps it waiting.
    let mut stuck = crate::wire::connect(daemon.port);
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        daemon.port, daemon.token
    );
    stuck.write_all(head.as_bytes()).unwrap();
    stuck.read_exact(&mut [0; 12]).unwrap();
    daemon.signal("-TERM");
    // It has seen the first signal when it takes no more clients.
    while std::net::TcpStream::connect(("127.0.0.1", daemon.port)).is_ok() {
        std::thread::yield_now();
    }
    daemon.signal("-TERM");
    let (status, _) = daemon.end(PROMPTLY);
    assert_eq!(status.code(), Some(1));
}

#[test]
fn with_nobody_there_it_ends_by_itself_when_asked_to() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &["--idle-exit", "300ms"]);
    let events = daemon.wire().watch(Dialect::Modern, ALL);
    daemon.wire().add(Dialect::Modern, "one");
    assert_eq!(events.next_updated(), ALL);
    drop(events);
    let (status, said) = daemon.end(PROMPTLY);
    assert!(status.success(), "{said}");
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

#[cfg(target_os = "linux")]
#[test]
fn a_socket_without_a_path_is_in_the_runtime_directory() {
    let home = Home::new();
    let folder = home.database().with_file_name("run");
    std::fs::create_dir(&folder).unwrap();
    let mut command = home.command(&["serve", "--listen", "0", "--socket"]);
    command.env("XDG_RUNTIME_DIR", &folder);
    let _daemon = Daemon::launch(&home, command);
    assert!(folder.join("taskhold/tasks.sock").exists());
}

#[cfg(unix)]
#[test]
fn the_socket_needs_no_token_and_no_other_user_reaches_it() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    let home = Home::new();
    let path = home.database().with_file_name("run").join("tasks.sock");
    let mut daemon = Daemon::start(&home, &[&format!("--socket={}", path.display())]);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let ask = |headers: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        crate::wire::status(&line)
    };
    assert_eq!(ask("Host: localhost\r\n"), 200);
    assert_eq!(ask("Host: localhost\r\nOrigin: http://localhost\r\n"), 403);
    assert_eq!(ask(""), 400);
    daemon.stop();
    assert!(!path.exists());
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

#[cfg(unix)]
#[test]
fn it_takes_over_a_socket_of_systemd_and_says_that_it_is_ready() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let notices = home.database().with_file_name("notify");
    let notified = UnixDatagram::bind(&notices).unwrap();
    notified
        .set_read_timeout(Some(crate::support::PATIENCE))
        .unwrap();
    // As systemd does it: the socket is the process's third handle, and its id is told.
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve";
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_taskhold")])
        .env("TASKHOLD_DB", home.database())
        .env("NOTIFY_SOCKET", &notices);
    let daemon = Daemon::launch_with(&home, command, OwnedFd::from(listener).into());
    assert_eq!(daemon.port, port);
    assert_eq!(daemon.wire().get("/readyz").status, 200);
    let mut notice = [0; 64];
    let length = notified.recv(&mut notice).unwrap();
    assert_eq!(&notice[..length], b"READY=1\n");
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = home.database().with_file_name(name);
        std::fs::write(&path, text).unwrap();
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
