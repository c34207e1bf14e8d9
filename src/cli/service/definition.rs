//! What the service manager is told of the daemon: a systemd unit, or a launchd property list.

use std::{fmt::Write as _, io, path::PathBuf};

use super::{Call, ServiceError};

/// The definition of the service.
pub(super) struct Definition(Call);

/// What the daemon may do under systemd: write its own folder, and talk on this machine. Everything else is taken from
/// it, so that a fault in it is a fault in it alone.
const SANDBOX: &str = "\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=
LimitCORE=0
MemoryMax=256M
TasksMax=64
";

impl Definition {
    pub(super) fn new(call: Call) -> Self {
        Self(call)
    }

    pub(super) fn call(&self) -> &Call {
        &self.0
    }

    /// Returns where it is written.
    #[expect(clippy::unused_self, reason = "it is asked of a definition")]
    pub(super) fn path(&self) -> Result<PathBuf, ServiceError> {
        path()
    }

    /// Returns what is written.
    pub(super) fn text(&self) -> String {
        if cfg!(target_os = "macos") {
            self.launchd()
        } else {
            self.systemd()
        }
    }

    /// Returns the command that makes it known.
    pub(super) fn command(&self) -> String {
        let path = self.path().unwrap_or_default();
        if cfg!(target_os = "macos") {
            format!("launchctl load {}", path.display())
        } else {
            format!("systemctl --user enable {}", path.display())
        }
    }

    fn words(&self) -> impl Iterator<Item = String> {
        let program = self.0.program.display().to_string();
        std::iter::once(program).chain(self.0.arguments.iter().cloned())
    }

    fn systemd(&self) -> String {
        let words: Vec<String> = self.words().map(|word| systemd_word(&word)).collect();
        let folder = systemd_word(&self.0.folder.display().to_string());
        format!(
            "[Unit]\n\
             Description=taskhold: your tasks, for every AI app\n\n\
             [Service]\n\
             Type=notify\n\
             ExecStart={}\n\
             Restart=on-failure\n\
             RestartSec=1\n\
             TimeoutStopSec=5\n\
             ReadWritePaths={folder}\n\
             {SANDBOX}\n\
             [Install]\n\
             WantedBy=default.target\n",
            words.join(" ")
        )
    }

    fn launchd(&self) -> String {
        let mut arguments = String::new();
        for word in self.words() {
            // Writing to a string does not fail.
            let _ = writeln!(arguments, "    <string>{}</string>", xml(&word));
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\">\n\
             <dict>\n\
             \x20 <key>Label</key>\n  <string>taskhold</string>\n\
             \x20 <key>ProgramArguments</key>\n  <array>\n{arguments}  </array>\n\
             \x20 <key>RunAtLoad</key>\n  <true/>\n\
             \x20 <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n\
             \x20 <key>ExitTimeOut</key>\n  <integer>5</integer>\n\
             \x20 <key>Umask</key>\n  <integer>63</integer>\n\
             \x20 <key>ProcessType</key>\n  <string>Background</string>\n\
             </dict>\n\
             </plist>\n"
        )
    }
}

/// Returns where the service manager looks for the definition.
pub(super) fn path() -> Result<PathBuf, ServiceError> {
    if cfg!(target_os = "macos") {
        let home = directories::UserDirs::new().ok_or(ServiceError::NoManager)?;
        let agents = home.home_dir().join("Library/LaunchAgents");
        return Ok(agents.join("taskhold.plist"));
    }
    let folder = service_manager::systemd_user_dir_path();
    let folder = folder.map_err(|source: io::Error| ServiceError::Refused {
        action: "find the folder of",
        source,
    })?;
    Ok(folder.join("taskhold.service"))
}

/// Quotes a word as systemd reads it back (systemd.service(5), systemd.syntax(7)).
fn systemd_word(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' | '$' => quoted.extend([c, c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        Definition::new(Call {
            program: PathBuf::from("/opt/my tools/taskhold"),
            arguments: ["--db", "/home/me/50%/$HOME/\"a\"&<b>.db", "serve"]
                .map(ToOwned::to_owned)
                .to_vec(),
            folder: PathBuf::from("/home/me/50%"),
        })
    }

    #[test]
    fn a_unit_keeps_each_word_whole_whatever_is_in_it() {
        let unit = definition().systemd();
        let start = r#"ExecStart="/opt/my tools/taskhold" "--db" "/home/me/50%%/$$HOME/\"a\"&<b>.db" "serve""#;
        assert!(unit.lines().any(|line| line == start), "{unit}");
        assert!(
            unit.contains("\nReadWritePaths=\"/home/me/50%%\"\n"),
            "{unit}"
        );
        assert!(unit.lines().all(|line| line == line.trim()), "{unit}");
    }

    #[test]
    fn a_property_list_keeps_each_word_whole_too() {
        let list = definition().launchd();
        assert!(
            list.contains("<string>/home/me/50%/$HOME/\"a\"&amp;&lt;b&gt;.db</string>"),
            "{list}"
        );
    }
}
