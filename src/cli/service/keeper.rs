//! What keeps a program running for a user: systemd, launchd, or the Task Scheduler of Windows.
//!
//! All three are driven through the `service-manager` library, which brings the first two. For Windows it has `sc.exe`:
//! such a service belongs to the machine, so that only an administrator could install it, it would run as another user
//! with another profile, and the program would have to speak the protocol of services. A task that starts at logon
//! needs none of that and sees the user's own files.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use service_manager::{LaunchdServiceManager, ServiceManager, SystemdServiceManager};

use super::{Call, ServiceError, launchd, scheduler, systemd};
use crate::disk::{make_usual_folder, replace_readable, sync_folder};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keeper {
    Systemd,
    Launchd,
    TaskScheduler,
}

impl Keeper {
    /// Returns the one of this system.
    pub(super) fn here() -> Self {
        if cfg!(windows) {
            Self::TaskScheduler
        } else if cfg!(target_os = "macos") {
            Self::Launchd
        } else {
            Self::Systemd
        }
    }

    /// Returns what drives it, if it runs here.
    pub(super) fn manager(self) -> Result<Box<dyn ServiceManager>, ServiceError> {
        let manager: Box<dyn ServiceManager> = match self {
            Self::Systemd => Box::new(SystemdServiceManager::user()),
            Self::Launchd => Box::new(LaunchdServiceManager::user()),
            Self::TaskScheduler => Box::new(scheduler::TaskScheduler::default()),
        };
        match manager.available() {
            Ok(true) => Ok(manager),
            _ => Err(ServiceError::NoManager),
        }
    }

    /// Returns where it keeps the definition.
    pub(super) fn path(self) -> Result<PathBuf, ServiceError> {
        match self {
            Self::Systemd => service_manager::systemd_user_dir_path()
                .map(|folder| folder.join("taskhold.service"))
                .map_err(|source: io::Error| ServiceError::Refused {
                    action: "find the folder of",
                    source,
                }),
            Self::Launchd => directories::UserDirs::new()
                .map(|user| user.home_dir().join("Library/LaunchAgents/taskhold.plist"))
                .ok_or(ServiceError::NoManager),
            Self::TaskScheduler => {
                let system = scheduler::variable("SystemRoot")?;
                Ok(Path::new(&system).join(r"System32\Tasks\taskhold"))
            }
        }
    }

    /// Returns the definition.
    pub(super) fn text(self, call: &Call) -> Result<String, ServiceError> {
        Ok(match self {
            Self::Systemd => systemd::text(call),
            Self::Launchd => launchd::text(call),
            Self::TaskScheduler => scheduler::text(call, &scheduler::user()?),
        })
    }

    /// Returns the command that makes the definition at `path` known.
    pub(super) fn command(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Systemd => format!("systemctl --user enable {path}"),
            Self::Launchd => format!("launchctl load {path}"),
            Self::TaskScheduler => "schtasks /Create /TN taskhold /F /XML FILE".to_owned(),
        }
    }

    /// Puts the definition at `path` and makes it known, so that both survive a power cut. The library writes over the file
    /// that is there, and does not sync the folder.
    pub(super) fn install(self, path: &Path, call: &Call, text: String) -> io::Result<()> {
        let systemctl = |word| run(Command::new("systemctl").args(["--user", word]).arg(path));
        let launchctl = |word, what: &Path| run(Command::new("launchctl").arg(word).arg(what));
        match self {
            Self::Systemd => {
                write(path, &text)?;
                systemctl("enable")?;
            }
            Self::Launchd => {
                // One that is not loaded need not be taken back.
                let _ = launchctl("remove", Path::new("taskhold"));
                write(path, &text)?;
                launchctl("load", path)?;
            }
            Self::TaskScheduler => {
                // It keeps the definition itself.
                return scheduler::TaskScheduler::default().install(call.definition(text));
            }
        }
        self.settle(path)
    }

    /// Waits until the disk has what a service manager did beside the definition at `path`: it syncs nothing.
    pub(super) fn settle(self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        let links = folder.join("default.target.wants");
        match self {
            Self::TaskScheduler => Ok(()),
            Self::Systemd if links.is_dir() => {
                sync_folder(&links).and_then(|()| sync_folder(folder))
            }
            Self::Systemd | Self::Launchd => sync_folder(folder),
        }
    }

    /// Returns what the user should know of it; `None` if there is nothing.
    pub(super) fn note(self, call: &Call) -> Option<String> {
        match self {
            Self::Systemd => systemd::note(call),
            Self::Launchd | Self::TaskScheduler => None,
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_usual_folder(folder)?;
    }
    replace_readable(path, text.as_bytes())
}

/// Runs a command of the system, which is refused if it says so.
fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    }))
}
