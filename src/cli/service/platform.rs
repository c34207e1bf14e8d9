//! The service manager of this system: systemd, launchd, or the Task Scheduler of Windows, each called by its own command.
//!
//! On Windows that is the Task Scheduler and not `sc.exe`: a service of `sc.exe` belongs to the machine, so that only an
//! administrator could install it, it would run as another user with another profile, and the program would have to speak
//! the protocol of services. A task that starts at logon needs none of that and sees the user's own files.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{LABEL, ServeCommand, ServiceError, launchd, scheduler, systemd};
use crate::{
    disk::{make_usual_folder, remove, replace_readable, shell_word, sync_folder},
    home::{Folders, Os},
};

/// Which service manager a system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Systemd,
    Launchd,
    TaskScheduler,
}

/// The service manager of a user, by which the daemon is installed, started and stopped.
#[derive(Debug)]
pub(super) struct Manager {
    platform: Platform,
    /// The command that drives it.
    program: PathBuf,
    /// Where the definition of the service is.
    definition: PathBuf,
}

/// Whether the daemon runs as a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Stopped,
    NotInstalled,
}

impl Platform {
    /// Returns the one of this system.
    pub(super) fn here() -> Self {
        match Os::here() {
            Os::Windows => Self::TaskScheduler,
            Os::MacOs => Self::Launchd,
            Os::Linux => Self::Systemd,
        }
    }

    /// Returns its service manager, which keeps the definition at `definition`, if it is on this machine.
    pub(super) fn manager(self, definition: PathBuf) -> Result<Manager, ServiceError> {
        let program = match self {
            Self::Systemd => "systemctl",
            Self::Launchd => "launchctl",
            Self::TaskScheduler => "schtasks.exe",
        };
        let folders = env::var_os("PATH").unwrap_or_default();
        let is_here = |folder: PathBuf| folder.join(program).is_file();
        // The Task Scheduler is part of Windows.
        if self != Self::TaskScheduler && !env::split_paths(&folders).any(is_here) {
            return Err(ServiceError::NoManager);
        }
        Ok(Manager {
            platform: self,
            program: PathBuf::from(program),
            definition,
        })
    }

    /// Returns where the definition is kept.
    pub(super) fn path(self) -> Result<PathBuf, ServiceError> {
        let user = Folders::here();
        let path = match self {
            Self::Systemd => user.map(|user| user.settings.join("systemd/user/taskhold.service")),
            Self::Launchd => user.map(|user| user.home.join("Library/LaunchAgents/taskhold.plist")),
            Self::TaskScheduler => {
                let system = scheduler::variable("SystemRoot")?;
                Some(Path::new(&system).join(r"System32\Tasks\taskhold"))
            }
        };
        path.ok_or(ServiceError::NoHome)
    }

    /// Returns the definition.
    pub(super) fn text(self, call: &ServeCommand) -> Result<String, ServiceError> {
        Ok(match self {
            Self::Systemd => systemd::text(call),
            Self::Launchd => launchd::text(call),
            Self::TaskScheduler => scheduler::text(call, &scheduler::user()?),
        })
    }

    /// Returns the command that makes the definition at `path` known.
    pub(super) fn command(self, path: &Path) -> String {
        let path = shell_word(path.display());
        match self {
            Self::Systemd => format!("systemctl --user enable {path}"),
            Self::Launchd => format!("launchctl load {path}"),
            Self::TaskScheduler => "schtasks /Create /TN taskhold /F /XML FILE".to_owned(),
        }
    }

    /// Returns what to say once the service is installed: whether it runs already, and how to start it if it does not.
    pub(super) fn installed(self) -> &'static str {
        match self {
            // By `RunAtLoad`.
            Self::Launchd => "it runs now, and from the next login on by itself",
            Self::Systemd | Self::TaskScheduler => "start it now with: taskhold service start",
        }
    }

    /// Returns what the user should know of the service; `None` if there is nothing.
    pub(super) fn note(self, call: &ServeCommand) -> Option<String> {
        match self {
            Self::Systemd => systemd::note(call),
            Self::Launchd | Self::TaskScheduler => None,
        }
    }
}

impl Manager {
    /// Installs `text` as the definition, so that it survives a power cut. It starts the daemon at the next login, and launchd
    /// at once.
    pub(super) fn install(&self, text: &str) -> io::Result<()> {
        match self.platform {
            Platform::Systemd => {
                self.write(text)?;
                self.run_on_definition("enable")?;
            }
            Platform::Launchd => {
                // It fails where the service is not loaded, and then need not be repeated.
                let _ = self.run(&["remove", LABEL]);
                self.write(text)?;
                self.run_on_definition("load")?;
            }
            // It keeps the definition itself, from a file that may go.
            Platform::TaskScheduler => {
                let file = scheduler::definition_file(text)?;
                let path = file.display().to_string();
                self.run(&["/Create", "/TN", LABEL, "/F", "/XML", &path])?;
            }
        }
        self.sync()
    }

    /// Stops the daemon and removes its definition for good.
    pub(super) fn uninstall(&self) -> io::Result<()> {
        // One that does not run cannot be stopped, and need not be.
        let _ = self.stop();
        match self.platform {
            Platform::Systemd => {
                self.run_on_definition("disable")?;
                remove(&self.definition)?;
            }
            Platform::Launchd => {
                let _ = self.run(&["remove", LABEL]);
                match remove(&self.definition) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
            Platform::TaskScheduler => {
                self.run(&["/Delete", "/TN", LABEL, "/F"])?;
            }
        }
        self.sync()
    }

    pub(super) fn start(&self) -> io::Result<()> {
        self.run(match self.platform {
            Platform::TaskScheduler => &["/Run", "/TN", LABEL],
            Platform::Systemd | Platform::Launchd => &["start", LABEL],
        })
    }

    /// Stops the daemon. The Task Scheduler can only end it at once; what was acknowledged is kept, as after any crash.
    pub(super) fn stop(&self) -> io::Result<()> {
        self.run(match self.platform {
            Platform::TaskScheduler => &["/End", "/TN", LABEL],
            Platform::Systemd | Platform::Launchd => &["stop", LABEL],
        })
    }

    pub(super) fn state(&self) -> io::Result<State> {
        let target = launchd::target();
        let of_launchd = ["print", &target];
        let output = self.output(match self.platform {
            Platform::Systemd => &["status", LABEL],
            Platform::Launchd => &of_launchd,
            Platform::TaskScheduler => &["/Query", "/TN", LABEL, "/V", "/FO", "CSV", "/NH"],
        })?;
        let said = String::from_utf8_lossy(&output.stdout);
        let running_if = |is_running| {
            if is_running {
                State::Running
            } else {
                State::Stopped
            }
        };
        match (self.platform, output.status.code()) {
            (Platform::Systemd, Some(0)) => Ok(State::Running),
            (Platform::Systemd, Some(systemd::INACTIVE)) => Ok(State::Stopped),
            (Platform::Launchd, Some(0)) => Ok(running_if(
                said.lines().any(|line| line == launchd::RUNNING),
            )),
            // Of a task that is not there it may say nothing, and end well.
            (Platform::TaskScheduler, Some(0)) if said.contains(scheduler::NAME) => {
                let is_running = scheduler::RUNNING.iter().any(|code| said.contains(code));
                Ok(running_if(is_running))
            }
            // The Task Scheduler has one status for every failure, and is asked nothing else that could fail.
            (Platform::Systemd, Some(systemd::UNKNOWN))
            | (Platform::Launchd, Some(launchd::UNKNOWN))
            | (Platform::TaskScheduler, Some(_)) => Ok(State::NotInstalled),
            _ => Err(refusal(&output)),
        }
    }

    /// Reports whether the service is there: its definition, which the Task Scheduler does not let everyone look at.
    pub(super) fn is_installed(&self) -> bool {
        match self.platform {
            Platform::Systemd | Platform::Launchd => self.definition.exists(),
            Platform::TaskScheduler => {
                matches!(self.state(), Ok(State::Running | State::Stopped))
            }
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        if let Some(folder) = self.definition.parent() {
            make_usual_folder(folder)?;
        }
        replace_readable(&self.definition, text.as_bytes())
    }

    /// Waits until the disk has what the service manager did beside the definition: it syncs nothing.
    fn sync(&self) -> io::Result<()> {
        let folder = self.definition.parent().unwrap_or(&self.definition);
        let links = folder.join("default.target.wants");
        match self.platform {
            Platform::TaskScheduler => Ok(()),
            Platform::Systemd if links.is_dir() => {
                sync_folder(&links).and_then(|()| sync_folder(folder))
            }
            Platform::Systemd | Platform::Launchd => sync_folder(folder),
        }
    }

    fn run_on_definition(&self, verb: &str) -> io::Result<()> {
        succeeded(&self.command().arg(verb).arg(&self.definition).output()?)
    }

    fn run(&self, words: &[&str]) -> io::Result<()> {
        succeeded(&self.output(words)?)
    }

    fn output(&self, words: &[&str]) -> io::Result<Output> {
        self.command().args(words).output()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::null());
        if self.platform == Platform::Systemd {
            command.arg("--user");
        }
        command
    }
}

fn succeeded(output: &Output) -> io::Result<()> {
    if output.status.success() {
        Ok(())
    } else {
        Err(refusal(output))
    }
}

/// Returns why a command failed, in its own words if it has any.
fn refusal(output: &Output) -> io::Error {
    let words = [&output.stderr, &output.stdout]
        .map(|said| String::from_utf8_lossy(said).trim().to_owned())
        .into_iter()
        .find(|said| !said.is_empty());
    io::Error::other(words.unwrap_or_else(|| output.status.to_string()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;
    use crate::cli::service::call::example;

    /// A service manager whose command writes down what it is asked, prints the file `says` and ends with the status in
    /// the file `status`.
    struct Recorded {
        folder: TempDir,
        manager: Manager,
    }

    impl Recorded {
        fn new(platform: Platform) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("program");
            let script = format!(
                "#!/bin/sh\ncd '{}'\necho \"$@\" >> asked\nfor last; do :; done\n\
                 case $1 in /Create) cp \"$last\" task;; esac\ncat says\nread status < status\nexit $status\n",
                folder.path().display()
            );
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let definition = folder.path().join("definitions/taskhold");
            let recorded = Self {
                manager: Manager {
                    platform,
                    program,
                    definition,
                },
                folder,
            };
            recorded.answers("", 0);
            recorded
        }

        fn answers(&self, words: &str, status: i32) {
            fs::write(self.folder.path().join("says"), words).unwrap();
            fs::write(self.folder.path().join("status"), format!("{status}\n")).unwrap();
        }

        /// Returns what the command was asked since the last time, its definition's path as `FILE`.
        fn asked(&self) -> Vec<String> {
            let path = self.folder.path().join("asked");
            let asked = fs::read_to_string(&path).unwrap_or_default();
            fs::write(path, "").unwrap();
            let definition = self.manager.definition.display().to_string();
            let lines = asked.lines().map(|line| line.replace(&definition, "FILE"));
            lines.collect()
        }
    }

    #[test]
    fn systemctl_is_called_for_the_user() {
        let recorded = Recorded::new(Platform::Systemd);
        let manager = &recorded.manager;
        manager.install("unit").unwrap();
        assert_eq!(fs::read_to_string(&manager.definition).unwrap(), "unit");
        assert_eq!(recorded.asked(), ["--user enable FILE"]);
        manager.start().unwrap();
        manager.stop().unwrap();
        assert_eq!(
            recorded.asked(),
            ["--user start taskhold", "--user stop taskhold"]
        );
        for (status, state) in [
            (0, State::Running),
            (3, State::Stopped),
            (4, State::NotInstalled),
        ] {
            recorded.answers("", status);
            assert_eq!(manager.state().unwrap(), state);
        }
        recorded.answers("no bus", 1);
        assert_eq!(manager.state().unwrap_err().to_string(), "no bus");
        recorded.asked();
        recorded.answers("", 0);
        manager.uninstall().unwrap();
        assert!(!manager.definition.exists());
        assert_eq!(
            recorded.asked(),
            ["--user stop taskhold", "--user disable FILE"]
        );
    }

    #[test]
    fn a_unit_that_systemd_keeps_enabled_stays() {
        let recorded = Recorded::new(Platform::Systemd);
        recorded.manager.install("unit").unwrap();
        recorded.answers("", 1);
        let refusal = recorded.manager.uninstall().unwrap_err().to_string();
        assert_eq!(refusal, "exit status: 1");
        assert!(recorded.manager.definition.exists());
    }

    #[test]
    fn launchctl_loads_the_definition_anew() {
        let recorded = Recorded::new(Platform::Launchd);
        let manager = &recorded.manager;
        manager.install("list").unwrap();
        assert_eq!(fs::read_to_string(&manager.definition).unwrap(), "list");
        assert_eq!(recorded.asked(), ["remove taskhold", "load FILE"]);
        manager.start().unwrap();
        manager.stop().unwrap();
        assert_eq!(recorded.asked(), ["start taskhold", "stop taskhold"]);
        let loaded = |state: &str| {
            format!(
                "gui/501/taskhold = {{\n\tactive count = 1\n\ttype = LaunchAgent\n\tstate = {state}\n\n\tprogram = /usr/local/bin/taskhold\n\targuments = {{\n\t\tstate = running\n\t}}\n}}\n"
            )
        };
        recorded.answers(&loaded("running"), 0);
        assert_eq!(manager.state().unwrap(), State::Running);
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(recorded.asked(), [format!("print gui/{user}/taskhold")]);
        recorded.answers(&loaded("not running"), 0);
        assert_eq!(manager.state().unwrap(), State::Stopped);
        recorded.answers("", 113);
        assert_eq!(manager.state().unwrap(), State::NotInstalled);
        recorded.answers("", 1);
        assert!(manager.state().is_err());
        recorded.asked();
        // What is not loaded is removed all the same.
        manager.uninstall().unwrap();
        assert!(!manager.definition.exists());
        assert_eq!(recorded.asked(), ["stop taskhold", "remove taskhold"]);
        manager.uninstall().unwrap();
    }

    #[test]
    fn schtasks_is_given_the_task_and_understood_in_every_language() {
        let recorded = Recorded::new(Platform::TaskScheduler);
        let manager = &recorded.manager;
        let call = example(r"C:\taskhold.exe", r"C:\ä.db");
        let task = scheduler::text(&call, r"DESK\me");
        manager.install(&task).unwrap();
        let units: Vec<u16> = fs::read(recorded.folder.path().join("task"))
            .unwrap()
            .chunks(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        assert_eq!(
            String::from_utf16(&units).unwrap(),
            format!("\u{feff}{task}")
        );
        let asked = recorded.asked();
        assert!(
            asked[0].starts_with("/Create /TN taskhold /F /XML "),
            "{asked:?}"
        );
        manager.start().unwrap();
        manager.stop().unwrap();
        let row = |word: &str, result: u32| {
            format!("\"DESK\",\"\\taskhold\",\"N/A\",\"{word}\",\"\",\"\",\"{result}\"\r\n")
        };
        recorded.answers(&row("Wird ausgeführt", 267_009), 0);
        assert_eq!(manager.state().unwrap(), State::Running);
        recorded.answers(&row("Bereit", 0), 0);
        assert_eq!(manager.state().unwrap(), State::Stopped);
        recorded.answers("", 1);
        assert_eq!(manager.state().unwrap(), State::NotInstalled);
        recorded.answers("", 0);
        assert_eq!(manager.state().unwrap(), State::NotInstalled);
        manager.uninstall().unwrap();
        let query = "/Query /TN taskhold /V /FO CSV /NH";
        assert_eq!(
            recorded.asked(),
            [
                "/Run /TN taskhold",
                "/End /TN taskhold",
                query,
                query,
                query,
                query,
                "/End /TN taskhold",
                "/Delete /TN taskhold /F"
            ]
        );
    }
}
