//! Which processes have the database open: several are normal, those that hold a file that is gone are not.

use std::path::Path;

use super::Finding;
use crate::store::Paths;

const CHECK: &str = "processes";

/// A process that has the database, or one that was in its place, open.
struct Holder {
    id: u32,
    name: String,
    /// The file it works on was removed or replaced.
    is_lost: bool,
    /// Its program was replaced since it was started.
    is_old: bool,
}

pub(super) fn examine(paths: &Paths) -> Vec<Finding> {
    let Some(holders) = holders(&paths.database) else {
        return vec![Finding::good(CHECK, "not looked at on this system")];
    };
    let named = |which: fn(&Holder) -> bool| {
        let those = holders.iter().filter(|holder| which(holder));
        those
            .map(|holder| format!("{} ({})", holder.name, holder.id))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let lost = named(|holder| holder.is_lost);
    if !lost.is_empty() {
        return vec![Finding::bad(
            CHECK,
            format!(
                "what these write is lost, since the database was moved or replaced under them: {lost}"
            ),
            "end them; their hosts start new ones",
        )];
    }
    let old = named(|holder| holder.is_old);
    if !old.is_empty() {
        return vec![Finding::warning(
            CHECK,
            format!("still the program from before an update: {old}"),
            "restart their hosts",
        )];
    }
    let foreign = named(|holder| !holder.name.starts_with("taskhold"));
    if !foreign.is_empty() {
        return vec![Finding::warning(
            CHECK,
            format!("other programs have the database open: {foreign}"),
            "let them read only, and with SQLite 3.51.3 or newer; copiers must take backups instead",
        )];
    }
    let what = match holders.len() {
        0 => "nobody else has it open".to_owned(),
        count => format!("{count} more have it open: {}", named(|_| true)),
    };
    vec![Finding::good(CHECK, what)]
}

/// Reads the links in `/proc`, without opening what they lead to. `None` where there is no such folder.
#[cfg(target_os = "linux")]
fn holders(database: &Path) -> Option<Vec<Holder>> {
    use std::fs;
    let gone = format!("{} (deleted)", database.display());
    let holder = |process: &Path| -> Option<Holder> {
        let id: u32 = process.file_name()?.to_str()?.parse().ok()?;
        if id == std::process::id() {
            return None;
        }
        let targets: Vec<_> = fs::read_dir(process.join("fd"))
            .ok()?
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .collect();
        let is_lost = targets
            .iter()
            .any(|target| target.as_os_str() == gone.as_str());
        if !is_lost && !targets.iter().any(|target| target == database) {
            return None;
        }
        let name = fs::read_to_string(process.join("comm")).ok()?;
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        Some(Holder {
            id,
            name: name.chars().filter(|c| !c.is_control()).collect(),
            is_lost,
            is_old: program.to_string_lossy().ends_with(" (deleted)"),
        })
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    Some(
        processes
            .filter_map(|entry| holder(&entry.path()))
            .collect(),
    )
}

#[cfg(not(target_os = "linux"))]
fn holders(_: &Path) -> Option<Vec<Holder>> {
    None
}
