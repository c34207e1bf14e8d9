//! What launchd is told of the daemon: a property list.

use std::fmt::Write as _;

use super::{LABEL, ServeCommand};

/// The line by which `launchctl print` shows that a service has a process. What is further to the right belongs to something else.
pub(super) const RUNNING: &str = "\tstate = running";

/// The exit status of `launchctl print` for a service that is not loaded.
pub(super) const UNKNOWN: i32 = 113;

/// Returns what `launchctl print` calls our service: that of a user who is logged in at the screen.
pub(super) fn target() -> String {
    #[cfg(unix)]
    let user = rustix::process::geteuid().as_raw();
    // launchd is on macOS alone.
    #[cfg(not(unix))]
    let user = 0;
    format!("gui/{user}/{LABEL}")
}

/// Returns the property list.
pub(super) fn text(call: &ServeCommand) -> String {
    let mut arguments = String::new();
    for word in call.words() {
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

/// Writes a text as it can stand in XML.
pub(super) fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::service::call::example;

    #[test]
    fn a_property_list_keeps_each_word_whole_whatever_is_in_it() {
        let call = example("/opt/my tools/taskhold", "/home/me/50% $HOME/\"a\"&<b>.db");
        insta::assert_snapshot!(text(&call));
    }
}
