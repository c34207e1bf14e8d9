//! What systemd is told of the daemon: a unit.

use std::{ffi::OsStr, fmt::Write as _, fs, path::Path};

use super::{ServeCommand, call::Socket};

/// The exit status of `systemctl status` for a service that is installed and does not run (systemctl(1)).
pub(super) const INACTIVE: i32 = 3;

/// The exit status of `systemctl status` for a service that is not installed.
pub(super) const UNKNOWN: i32 = 4;

/// What the daemon may do under systemd: use its own files, and talk on this machine. Everything else is taken from it,
/// so that a fault in it is a fault in it alone.
///
/// It is a user's systemd that reads this, which cannot do all that the system's can:
/// - It may not take capabilities away. Asked to, by `CapabilityBoundingSet`, `PrivateDevices`, `ProtectClock`,
///   `ProtectKernelLogs` or `ProtectKernelModules`, it does not start the service (status 218). There is nothing to take:
///   a user's process has no capabilities, and with `NoNewPrivileges` never gets any.
/// - What needs a view of the file system of its own (`ProtectSystem` to `ProtectControlGroups`, and the paths bound into
///   it) is passed over where user namespaces are not to be had, and before systemd 254. `PrivateUsers` and
///   `TemporaryFileSystem` would insist, and the service would not start there.
/// - The filter of addresses is passed over with a warning where it may not load programs into the kernel.
const SANDBOX: &str = "\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
LimitCORE=0
LimitNOFILE=65536
MemoryMax=256M
TasksMax=64
";

/// Returns the unit.
pub(super) fn text(call: &ServeCommand) -> String {
    let start: Vec<String> = call.words().map(|word| argument(&word)).collect();
    // Homes are an empty folder to it, and in that what it needs. Of the runtime directory, which goes with the homes,
    // that is the socket by which it says that it is ready.
    let mut view = format!("BindPaths={}\n", path(call.folder()));
    let _ = writeln!(view, "BindReadOnlyPaths={}", path(&call.program));
    view.push_str("BindReadOnlyPaths=-%E/taskhold -%t/systemd/notify\n");
    for file in &call.options.reads {
        // One that is missing is told by the daemon, in words.
        let _ = writeln!(view, "BindReadOnlyPaths=-{}", path(file));
    }
    match &call.options.socket {
        None => {}
        Some(Socket::Runtime) => {
            view.push_str("RuntimeDirectory=taskhold\nRuntimeDirectoryMode=0700\n");
        }
        // No `RuntimeDirectory`: it is removed at the end with all that others have in it.
        Some(Socket::In(folder)) => {
            let _ = writeln!(view, "BindPaths={}", path(folder));
        }
    }
    if !call.options.is_for_network {
        view.push_str("IPAddressDeny=any\nIPAddressAllow=localhost\n");
    }
    format!(
        "[Unit]\n\
         Description=taskhold: your tasks, for every AI app\n\n\
         [Service]\n\
         Type=notify\n\
         ExecStart={}\n\
         Restart=on-failure\n\
         RestartSec=1\n\
         TimeoutStopSec=5\n\
         {view}{SANDBOX}\n\
         [Install]\n\
         WantedBy=default.target\n",
        start.join(" ")
    )
}

/// Says so if the folder that the service must be free to write in holds more than its own files.
pub(super) fn note(call: &ServeCommand) -> Option<String> {
    let name = call.database.file_name().map(OsStr::as_encoded_bytes)?;
    let is_others = |entry: fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(name);
    let mut entries = fs::read_dir(call.folder()).ok()?.map_while(Result::ok);
    entries.any(is_others).then(|| {
        format!(
            "the service can read and write everything in {}, since it makes and removes files beside the database; in a folder of its own the database would leave it the rest unseen",
            call.folder().display()
        )
    })
}

/// Quotes a word of a command as systemd reads it back (systemd.service(5)).
fn argument(word: &str) -> String {
    quoted(&word.replace('$', "$$"))
}

/// Quotes a path as systemd reads it back (systemd.syntax(7), systemd.unit(5)).
fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::cli::service::call::{Options, example};

    fn awkward() -> ServeCommand {
        example("/opt/my tools/taskhold", "/home/me/50% $HOME/\"a\"&<b>.db")
    }

    #[test]
    fn a_unit_keeps_each_word_whole_whatever_is_in_it() {
        insta::assert_snapshot!(text(&awkward()));
    }

    #[test]
    fn a_unit_lets_in_what_its_options_need() {
        let with = |options: Options| {
            text(&ServeCommand {
                options,
                ..awkward()
            })
        };
        let unit = with(Options {
            reads: vec![PathBuf::from("/home/me/tls/cert.pem")],
            socket: Some(Socket::In(PathBuf::from("/home/me/my run"))),
            is_for_network: true,
            ..Options::default()
        });
        assert!(
            unit.contains("\nBindReadOnlyPaths=-\"/home/me/tls/cert.pem\"\n"),
            "{unit}"
        );
        assert!(unit.contains("\nBindPaths=\"/home/me/my run\"\n"), "{unit}");
        assert!(!unit.contains("IPAddress"), "{unit}");
        let unit = with(Options {
            socket: Some(Socket::Runtime),
            ..Options::default()
        });
        assert!(unit.contains("\nRuntimeDirectory=taskhold\n"), "{unit}");
    }

    #[test]
    fn a_unit_asks_nothing_that_a_users_systemd_fails_at() {
        let unit = text(&awkward());
        for fatal in [
            "CapabilityBoundingSet",
            "PrivateDevices",
            "PrivateUsers",
            "ProtectClock",
            "ProtectKernelLogs",
            "ProtectKernelModules",
            "TemporaryFileSystem",
        ] {
            assert!(!unit.contains(fatal), "{fatal}");
        }
    }

    #[test]
    fn a_folder_that_holds_other_things_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let call = ServeCommand {
            database: folder.path().join("tasks.db"),
            ..awkward()
        };
        for own in ["tasks.db", "tasks.db-wal", "tasks.db.token"] {
            fs::write(folder.path().join(own), "").unwrap();
        }
        assert_eq!(note(&call), None);
        fs::write(folder.path().join("letter.txt"), "").unwrap();
        assert!(
            note(&call)
                .unwrap()
                .contains(&folder.path().display().to_string())
        );
    }
}
