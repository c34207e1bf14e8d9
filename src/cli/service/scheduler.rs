//! What the Task Scheduler of Windows is told of the daemon: a task that starts when its user logs on.

use std::{
    io::{self, Write as _},
    iter,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use service_manager::{
    ServiceInstallCtx, ServiceLevel, ServiceManager, ServiceStartCtx, ServiceStatus,
    ServiceStatusCtx, ServiceStopCtx, ServiceUninstallCtx,
};

use super::{Call, ServiceError, launchd::xml};

/// What `schtasks` shows as the last result of a task that runs now, in one place or another. The word for the state is
/// in the user's language.
const RUNNING: [&str; 2] = ["\"267009\"", "\"0x41301\""];

/// The Task Scheduler, driven by its own command.
#[derive(Debug)]
pub(super) struct TaskScheduler {
    program: PathBuf,
}

impl Default for TaskScheduler {
    fn default() -> Self {
        Self {
            program: PathBuf::from("schtasks.exe"),
        }
    }
}

/// Returns the task. A trigger and a principal without their user would be everyone's, which only an administrator may
/// register. `conhost --headless` keeps the window of a console program from being shown for as long as it runs.
pub(super) fn text(call: &Call, user: &str) -> String {
    let user = xml(user);
    let words: Vec<String> = call.words().map(|word| argument(&word)).collect();
    let arguments = xml(&format!("--headless {}", words.join(" ")));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n\
         <Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n\
         \x20 <RegistrationInfo>\n\
         \x20   <Description>taskhold: your tasks, for every AI app</Description>\n\
         \x20   <URI>\\taskhold</URI>\n\
         \x20 </RegistrationInfo>\n\
         \x20 <Triggers>\n\
         \x20   <LogonTrigger>\n\
         \x20     <UserId>{user}</UserId>\n\
         \x20   </LogonTrigger>\n\
         \x20 </Triggers>\n\
         \x20 <Principals>\n\
         \x20   <Principal id=\"Author\">\n\
         \x20     <UserId>{user}</UserId>\n\
         \x20     <LogonType>InteractiveToken</LogonType>\n\
         \x20     <RunLevel>LeastPrivilege</RunLevel>\n\
         \x20   </Principal>\n\
         \x20 </Principals>\n\
         \x20 <Settings>\n\
         \x20   <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\n\
         \x20   <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n\
         \x20   <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n\
         \x20   <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>\n\
         \x20   <RestartOnFailure>\n\
         \x20     <Interval>PT1M</Interval>\n\
         \x20     <Count>5</Count>\n\
         \x20   </RestartOnFailure>\n\
         \x20 </Settings>\n\
         \x20 <Actions Context=\"Author\">\n\
         \x20   <Exec>\n\
         \x20     <Command>conhost.exe</Command>\n\
         \x20     <Arguments>{arguments}</Arguments>\n\
         \x20   </Exec>\n\
         \x20 </Actions>\n\
         </Task>\n"
    )
}

/// Returns who the user is, as the Task Scheduler names users.
pub(super) fn user() -> Result<String, ServiceError> {
    Ok(format!(
        "{}\\{}",
        variable("USERDOMAIN")?,
        variable("USERNAME")?
    ))
}

/// Returns a variable that Windows sets for every program.
pub(super) fn variable(name: &'static str) -> Result<String, ServiceError> {
    std::env::var(name).map_err(|_| ServiceError::Nobody(name))
}

/// Quotes a word as programs for Windows read it back: a backslash means something only before a quotation mark.
fn argument(word: &str) -> String {
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                quoted.extend(iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(c);
    }
    quoted.extend(iter::repeat_n('\\', backslashes));
    quoted.push('"');
    quoted
}

impl TaskScheduler {
    fn ask(&self, words: &[&str]) -> io::Result<Output> {
        Command::new(&self.program)
            .args(words)
            .stdin(Stdio::null())
            .output()
    }

    fn tell(&self, words: &[&str]) -> io::Result<()> {
        let output = self.ask(words)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(said.trim().to_owned()))
    }
}

impl ServiceManager for TaskScheduler {
    /// It is part of Windows.
    fn available(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn install(&self, definition: ServiceInstallCtx) -> io::Result<()> {
        let name = definition.label.to_script_name();
        let text = definition.contents.ok_or(io::ErrorKind::InvalidInput)?;
        // As it says of itself, and as nothing else is read everywhere.
        let units = iter::once(0xfeff).chain(text.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&bytes)?;
        // Closed, or it could not be read by another program.
        let file = file.into_temp_path();
        let path = file.display().to_string();
        self.tell(&["/Create", "/TN", &name, "/F", "/XML", &path])
    }

    fn uninstall(&self, which: ServiceUninstallCtx) -> io::Result<()> {
        self.tell(&["/Delete", "/TN", &which.label.to_script_name(), "/F"])
    }

    fn start(&self, which: ServiceStartCtx) -> io::Result<()> {
        self.tell(&["/Run", "/TN", &which.label.to_script_name()])
    }

    /// Ends it as the Task Scheduler can, which is at once. What was acknowledged is kept, as after any crash.
    fn stop(&self, which: ServiceStopCtx) -> io::Result<()> {
        self.tell(&["/End", "/TN", &which.label.to_script_name()])
    }

    fn level(&self) -> ServiceLevel {
        ServiceLevel::User
    }

    fn set_level(&mut self, level: ServiceLevel) -> io::Result<()> {
        match level {
            ServiceLevel::User => Ok(()),
            ServiceLevel::System => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn status(&self, which: ServiceStatusCtx) -> io::Result<ServiceStatus> {
        let name = which.label.to_script_name();
        let output = self.ask(&["/Query", "/TN", &name, "/V", "/FO", "CSV", "/NH"])?;
        // It has one status for every failure, and is asked nothing else that could fail.
        if !output.status.success() {
            return Ok(ServiceStatus::NotInstalled);
        }
        let said = String::from_utf8_lossy(&output.stdout);
        if RUNNING.iter().any(|result| said.contains(result)) {
            Ok(ServiceStatus::Running)
        } else {
            Ok(ServiceStatus::Stopped(None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::service::call::example;

    #[test]
    fn a_task_keeps_each_word_whole_whatever_is_in_it() {
        let call = example(
            r"C:\Program Files\taskhold.exe",
            r"C:\Users\me\50% & <b>\tasks.db",
        );
        insta::assert_snapshot!(text(&call, r"DESK\me"));
    }

    #[test]
    fn a_word_is_quoted_as_windows_reads_it() {
        let cases = [
            ("", r#""""#),
            ("a b", r#""a b""#),
            (r"C:\a b\", r#""C:\a b\\""#),
            (r#"say "a""#, r#""say \"a\"""#),
            (r#"\"a"#, r#""\\\"a""#),
        ];
        for (word, expected) in cases {
            assert_eq!(argument(word), expected, "{word}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_is_told_what_to_do_and_asked_how_it_stands() {
        use std::{fs, os::unix::fs::PermissionsExt as _};

        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let script = format!(
            "#!/bin/sh\ncd {}\necho \"$@\" >> asked\nfor last; do :; done\n\
             case $1 in /Create) cp \"$last\" task;; /Query) cat state;; esac\n",
            folder.path().display()
        );
        fs::write(path("schtasks"), script).unwrap();
        fs::set_permissions(path("schtasks"), fs::Permissions::from_mode(0o755)).unwrap();
        let scheduler = TaskScheduler {
            program: path("schtasks"),
        };
        let label = crate::cli::service::label;

        let call = example(r"C:\taskhold.exe", r"C:\ä.db");
        let task = text(&call, r"DESK\me");
        scheduler.install(call.definition(task.clone())).unwrap();
        let units: Vec<u16> = fs::read(path("task"))
            .unwrap()
            .chunks(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        assert_eq!(
            String::from_utf16(&units).unwrap(),
            format!("\u{feff}{task}")
        );

        scheduler.start(ServiceStartCtx { label: label() }).unwrap();
        let status = || {
            scheduler
                .status(ServiceStatusCtx { label: label() })
                .unwrap()
        };
        let state = |word: &str, result: u32| {
            let row =
                format!("\"DESK\",\"\\taskhold\",\"N/A\",\"{word}\",\"\",\"\",\"{result}\"\r\n");
            fs::write(path("state"), row).unwrap();
        };
        state("Wird ausgeführt", 267_009);
        assert_eq!(status(), ServiceStatus::Running);
        state("Bereit", 0);
        assert_eq!(status(), ServiceStatus::Stopped(None));
        fs::remove_file(path("state")).unwrap();
        assert_eq!(status(), ServiceStatus::NotInstalled);
        scheduler.stop(ServiceStopCtx { label: label() }).unwrap();
        let which = ServiceUninstallCtx { label: label() };
        scheduler.uninstall(which).unwrap();
        let asked = fs::read_to_string(path("asked")).unwrap();
        let verbs: Vec<&str> = asked
            .lines()
            .filter_map(|line| line.split(" /TN taskhold").next())
            .collect();
        assert_eq!(
            verbs,
            [
                "/Create", "/Run", "/Query", "/Query", "/Query", "/End", "/Delete"
            ],
            "{asked}"
        );
    }
}
