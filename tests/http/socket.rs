//! The Unix socket: whose it is, who reaches it, and that nothing of anybody else's is touched for it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PATIENCE, exit_status, read_all};

fn socket_of(home: &Home) -> PathBuf {
    home.database().with_file_name("run").join("tasks.sock")
}

fn flag(path: &Path) -> String {
    format!("--socket={}", path.display())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Asks over a socket for what needs to be let in, with further headers. Returns the status.
fn ask(path: &Path, headers: &str) -> u16 {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    crate::wire::status(&line)
}

/// Says so past what captures the output of a test that passes.
fn not_run(why: &str) {
    let _ = writeln!(std::io::stderr(), "NOT RUN: {why}");
}

const HOST: &str = "Host: localhost\r\n";

/// Starts a daemon that must refuse to, and returns what it said.
fn refusal(home: &Home, arguments: &[&str], variables: &[(&str, &Path)]) -> String {
    let mut command = home.command(&[&["serve", "--listen", "0"], arguments].concat());
    command
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut daemon = command.spawn().unwrap();
    let said = read_all(daemon.stderr.take().unwrap());
    let (status, said) = exit_status(&mut daemon, &said, PATIENCE, "a refusal");
    assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
    said
}

#[test]
fn a_socket_without_a_path_is_in_the_runtime_directory() {
    let home = Home::new();
    let folder = home.database().with_file_name("run");
    fs::create_dir(&folder).unwrap();
    let mut command = home.command(&["serve", "--listen", "0", "--socket"]);
    let variable = if cfg!(target_os = "linux") {
        "XDG_RUNTIME_DIR"
    } else {
        "TMPDIR"
    };
    command.env(variable, &folder);
    let _daemon = Daemon::launch(&home, command);
    let user = rustix::process::geteuid().as_raw();
    let name = if cfg!(target_os = "linux") {
        "taskhold".to_owned()
    } else {
        format!("taskhold-{user}")
    };
    assert!(folder.join(name).join("tasks.sock").exists());
}

#[test]
fn it_needs_no_token_and_no_other_user_reaches_it() {
    let home = Home::new();
    let path = socket_of(&home);
    let mut daemon = Daemon::start(&home, &[&flag(&path)]);
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(ask(&path, HOST), 200);
    assert_eq!(
        ask(&path, &format!("{HOST}Origin: http://localhost\r\n")),
        403
    );
    assert_eq!(ask(&path, ""), 400);
    daemon.stop();
    assert!(!path.exists());
}

#[test]
fn another_user_who_reaches_it_is_sent_away() {
    const SCRIPT: &str = "
import socket, sys
stream = socket.socket(socket.AF_UNIX)
stream.connect(sys.argv[1])
try:
    stream.sendall(b'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
    print(stream.recv(12).decode())
except ConnectionError:
    pass
";
    if !rustix::process::geteuid().is_root() {
        not_run("only root can become another user");
        return;
    }
    let home = Home::new();
    let path = socket_of(&home);
    let _daemon = Daemon::start(&home, &[&flag(&path)]);
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // As if the modes did not keep others out.
    open(home.database().parent().unwrap(), 0o755);
    open(path.parent().unwrap(), 0o755);
    open(&path, 0o666);
    let hears = |user| {
        let mut command = Command::new("python3");
        command.args(["-c", SCRIPT]).arg(&path).uid(user);
        let output = command.output().ok()?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(ours) = hears(0) else {
        not_run("there is no python3 to be the other user's client");
        return;
    };
    assert_eq!(ours.trim(), "HTTP/1.1 200");
    assert_eq!(hears(65_534).as_deref(), Some(""));
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let home = Home::new();
    home.run(&["add", "kept"]);
    let database = home.database();
    let note = database.with_file_name("note");
    fs::write(&note, "mine").unwrap();
    let link = database.with_file_name("link");
    std::os::unix::fs::symlink(&note, &link).unwrap();
    for path in [&database, &note, &link] {
        let before = fs::symlink_metadata(path).unwrap();
        let said = refusal(&home, &[&flag(path)], &[]);
        assert!(
            said.contains(&path.display().to_string()) && said.contains("--socket"),
            "{said}"
        );
        let after = fs::symlink_metadata(path).unwrap();
        assert_eq!((after.ino(), after.len()), (before.ino(), before.len()));
    }
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn a_daemon_that_does_not_come_to_serve_leaves_the_socket_of_another() {
    let (home, other) = (Home::new(), Home::new());
    let path = socket_of(&home);
    let _daemon = Daemon::start(&home, &[&flag(&path)]);
    let said = refusal(&other, &[&flag(&path)], &[]);
    assert!(said.contains(&path.display().to_string()), "{said}");
    assert_eq!(ask(&path, HOST), 200);

    // What fails later, or before the socket is opened, takes nothing away either.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refusal(&other, &[&flag(&path), "--listen", &port], &[]);
    refusal(
        &other,
        &[
            &flag(&path),
            "--tls-cert",
            "/nothing.pem",
            "--tls-key",
            "/nothing.pem",
        ],
        &[],
    );
    assert_eq!(ask(&path, HOST), 200);
}

/// A process that ends with the test, whatever becomes of it.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn of_daemons_that_start_together_one_has_the_socket_and_keeps_it() {
    let homes: Vec<Home> = (0..6).map(|_| Home::new()).collect();
    for round in 0..5 {
        let path = socket_of(&homes[0]).with_file_name(format!("{round}.sock"));
        // A killed daemon left one, which each of them finds and would replace.
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        let started: Vec<_> = homes
            .iter()
            .map(|home| {
                let mut command = home.command(&["serve", "--listen", "0", &flag(&path)]);
                command.stdout(Stdio::piped()).stderr(Stdio::null());
                Started(command.spawn().unwrap())
            })
            .collect();
        // Each says where it listens, or it ends. Its output is kept open: it would end with that, too.
        let serving: Vec<_> = started
            .into_iter()
            .filter_map(|mut daemon| {
                let mut out = BufReader::new(daemon.0.stdout.take().unwrap()).lines();
                let listens = out.any(|line| line.unwrap().starts_with("listening: "));
                listens.then_some((daemon, out))
            })
            .collect();
        assert_eq!(serving.len(), 1, "round {round}");
        assert_eq!(ask(&path, HOST), 200, "round {round}");
    }
}

#[test]
fn what_took_the_place_of_the_socket_meanwhile_is_left_alone() {
    let home = Home::new();
    let path = socket_of(&home);
    let mut daemon = Daemon::start(&home, &[&flag(&path)]);
    fs::remove_file(&path).unwrap();
    let _theirs = UnixListener::bind(&path).unwrap();
    daemon.stop();
    assert!(path.exists());
}

#[test]
fn a_folder_that_is_not_the_users_alone_is_refused() {
    let home = Home::new();
    let temporary = home.database().with_file_name("tmp");
    let user = rustix::process::geteuid().as_raw();
    let folder = temporary.join(format!("taskhold-{user}"));
    fs::create_dir_all(&folder).unwrap();
    let refused = |reason: &str| {
        let said = refusal(&home, &["--socket"], &[("TMPDIR", &temporary)]);
        assert!(
            said.contains(&folder.display().to_string())
                && said.contains(reason)
                && said.contains("--socket=PATH"),
            "{said}"
        );
        assert!(!folder.join("tasks.sock").exists());
    };
    let set = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o777, 0o770, 0o755] {
        set(open);
        refused("chmod 700");
    }
    set(0o700);
    if user == 0 {
        std::os::unix::fs::chown(&folder, Some(65_534), None).unwrap();
        refused("another user");
        std::os::unix::fs::chown(&folder, Some(0), None).unwrap();
    } else {
        not_run("only root can give a folder to another user");
    }
    // One that leads elsewhere is nobody's in particular.
    let elsewhere = temporary.join("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    refused("no folder");

    // In a folder that was given, others may look, but not put anything.
    let given = home.database().with_file_name("given");
    fs::create_dir(&given).unwrap();
    fs::set_permissions(&given, fs::Permissions::from_mode(0o777)).unwrap();
    let path = given.join("tasks.sock");
    let said = refusal(&home, &[&flag(&path)], &[]);
    assert!(said.contains("chmod"), "{said}");
    for good in [0o755, 0o1777] {
        fs::set_permissions(&given, fs::Permissions::from_mode(good)).unwrap();
        Daemon::start(&home, &[&flag(&path)]).stop();
    }
}

/// Starts a daemon as systemd does it: the socket is the process's third handle, and its id is told.
fn activated(home: &Home, socket: OwnedFd, notices: Option<&Path>) -> Daemon {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_taskhold")])
        .env("TASKHOLD_DB", home.database());
    if let Some(notices) = notices {
        command.env("NOTIFY_SOCKET", notices);
    }
    Daemon::launch_with(home, command, socket.into())
}

#[test]
fn it_takes_over_a_port_of_systemd_and_says_when_it_is_ready_and_when_it_ends() {
    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let notices = home.database().with_file_name("notify");
    let notified = UnixDatagram::bind(&notices).unwrap();
    notified.set_read_timeout(Some(PATIENCE)).unwrap();
    let notice = || {
        let mut notice = [0; 64];
        let length = notified.recv(&mut notice).unwrap();
        String::from_utf8(notice[..length].to_vec()).unwrap()
    };
    let mut daemon = activated(&home, listener.into(), Some(&notices));
    assert_eq!(daemon.port, port);
    assert_eq!(daemon.wire().get("/readyz").status, 200);
    assert_eq!(notice(), "READY=1\n");
    daemon.stop();
    assert_eq!(notice(), "STOPPING=1\n");
}

#[cfg(target_os = "linux")]
#[test]
fn it_says_so_to_a_socket_without_a_file_too() {
    use std::os::linux::net::SocketAddrExt as _;

    let home = Home::new();
    let name = format!("taskhold-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let notified = UnixDatagram::bind_addr(&address).unwrap();
    notified.set_read_timeout(Some(PATIENCE)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let notices = format!("@{name}");
    let mut daemon = activated(&home, listener.into(), Some(Path::new(&notices)));
    let mut notice = [0; 64];
    let length = notified.recv(&mut notice).unwrap();
    assert_eq!(&notice[..length], b"READY=1\n");
    daemon.stop();
}

#[test]
fn what_cannot_be_read_of_sockets_of_systemd_is_told_and_nothing_else_listened_on() {
    let home = Home::new();
    for count in ["-1", "0", "one", "1e9", "4294967297", "1000000000"] {
        let mut command = home.command(&["serve", "--idle-exit", "1ms"]);
        let output = command.env("LISTEN_FDS", count).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(&format!("LISTEN_FDS is \"{count}\"")),
            "{said}"
        );
        assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    }
}

#[test]
fn it_takes_over_a_unix_socket_of_systemd_and_says_where_that_is() {
    let home = Home::new();
    let path = home.database().with_file_name("given.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut daemon = activated(&home, listener.into(), None);
    let place = path.display().to_string();
    assert!(
        daemon.greeting.contains(&format!("listening: {place}\n")),
        "{}",
        daemon.greeting
    );
    assert!(
        daemon.greeting.contains(&format!("--connect unix:{place}")),
        "{}",
        daemon.greeting
    );
    assert_eq!(ask(&path, HOST), 200);
    let said = refusal(&home, &[], &[]);
    assert!(said.contains(&place), "{said}");
    daemon.stop();
    // It is systemd's, which goes on listening for the next start.
    assert!(path.exists());
}

#[test]
fn a_killed_daemon_leaves_nothing_in_the_way_of_the_next() {
    let home = Home::new();
    let socket = flag(&socket_of(&home));
    let mut first = Daemon::start(&home, &[&socket]);
    let id = first.wire().add(Dialect::Modern, "kept");
    first.signal("-KILL");
    first.end(PATIENCE);
    let second = Daemon::start(&home, &[&socket]);
    assert_eq!(second.token, first.token);
    let task = second.wire().call(
        Dialect::Modern,
        "get_task",
        serde_json::json!({ "task_id": id }),
    );
    assert_eq!(task["title"], "kept");
    assert_eq!(ask(&socket_of(&home), HOST), 200);
}
