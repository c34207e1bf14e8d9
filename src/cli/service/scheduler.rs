//! What the Task Scheduler of Windows is told of the daemon: a task that starts when its user logs on.

use std::{
    io::{self, Write as _},
    iter,
};

use super::{ServeCommand, ServiceError, launchd::xml};

/// What `schtasks` shows as the last result of a task that runs now, in one place or another. The word for the state is
/// in the user's language.
pub(super) const RUNNING: [&str; 2] = ["\"267009\"", "\"0x41301\""];

/// What `schtasks` calls our task, in its own folder.
pub(super) const NAME: &str = "\\taskhold";

/// Returns the task. A trigger and a principal without their user would be everyone's, which only an administrator may
/// register. `conhost --headless` keeps the window of a console program from being shown for as long as it runs.
pub(super) fn text(call: &ServeCommand, user: &str) -> String {
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

/// Writes the task into a file for `schtasks`, which is removed when it is dropped.
pub(super) fn definition_file(text: &str) -> io::Result<tempfile::TempPath> {
    // As it says of itself, and as nothing else is read everywhere.
    let units = iter::once(0xfeff).chain(text.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&bytes)?;
    // Closed, or it could not be read by another program.
    Ok(file.into_temp_path())
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
}
