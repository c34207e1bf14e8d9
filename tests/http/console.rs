//! The end of the daemon at a console of Windows: what a person does with its window ends it in order.

use std::fs;
use std::io::{Read as _, Write as _};
use std::time::Instant;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::{Dialect, Home, PATIENCE};
use crate::wire::Wire;

/// What ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    CtrlC,
    ClosedWindow,
}

/// Waits until `found` returns something.
fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what} did not come");
        std::thread::yield_now();
    }
}

/// Has a daemon at a console of its own, a task in its log, and ends it so.
fn ends_in_order(request: Request) {
    let home = Home::new();
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let usual = home.command(&["serve", "--listen", "0"]);
    let mut command = CommandBuilder::new(usual.get_program());
    command.args(usual.get_args());
    command.env_clear();
    command.cwd(usual.get_current_dir().unwrap());
    for (name, value) in usual.get_envs() {
        command.env(name, value.unwrap());
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    // A console that nobody reads from does not close.
    let mut drawn = pair.master.try_clone_reader().unwrap();
    std::thread::spawn(move || while matches!(drawn.read(&mut [0; 4096]), Ok(1..)) {});
    let notice = home.database().with_file_name("tasks.db.daemon");
    let port = wait_for("the port", || {
        let told = fs::read_to_string(&notice).ok()?;
        let url = told.trim().strip_suffix("/mcp")?;
        url.rsplit_once(':')?.1.parse().ok()
    });
    let token = home.run(&["token", "show"]);
    let mut wire = Wire::new(port, Some(token.trim()));
    wire.add(Dialect::Modern, "kept");
    drop(wire);
    let log = home.database().with_extension("db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    let mut keys = pair.master.take_writer().unwrap();
    match request {
        Request::CtrlC => keys.write_all(b"\x03").unwrap(),
        Request::ClosedWindow => drop(pair.master),
    }
    let status = wait_for("the end of the daemon", || child.try_wait().unwrap());
    assert!(status.success(), "{request:?}: {status:?}");
    // The log is in the database, and where it listened is not told any more.
    assert!(!notice.exists(), "{request:?}");
    let left = fs::metadata(&log).map_or(0, |log| log.len());
    assert_eq!(left, 0, "{request:?}");
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn ctrl_c_ends_it_in_order() {
    ends_in_order(Request::CtrlC);
}

#[test]
fn the_closing_of_its_window_ends_it_in_order() {
    ends_in_order(Request::ClosedWindow);
}
