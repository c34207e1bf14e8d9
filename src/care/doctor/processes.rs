//! Which processes have the database open: several are normal, those that hold a file that is gone are not.

use super::Finding;
use crate::store::Paths;

const CHECK: &str = "processes";

/// A process that has the database open, or a file that was in its place.
struct Holder {
    id: u32,
    name: String,
    has: Has,
    /// Its program was replaced since it was started.
    is_old: bool,
    /// It was stopped, as Ctrl-Z does, and may hold a lock as long as it is.
    is_suspended: bool,
}

#[derive(PartialEq)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nobody is looked for there")
)]
enum Has {
    Database,
    /// A file that was moved or removed.
    Lost,
    /// The database, under a name beside which it keeps a log of its own.
    Elsewhere,
    /// Only a file beside it that processes lock.
    LockFile,
}

pub(super) fn examine(paths: &Paths) -> Vec<Finding> {
    let Some(holders) = holders(paths) else {
        return vec![Finding::unknown(
            CHECK,
            "who has it open is not looked at on this system",
        )];
    };
    let named = |which: fn(&Holder) -> bool| {
        let those = holders.iter().filter(|holder| which(holder));
        those
            .map(|holder| format!("{} ({})", holder.name, holder.id))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let lost = named(|holder| holder.has == Has::Lost);
    if !lost.is_empty() {
        return vec![Finding::bad(
            CHECK,
            format!(
                "what these write does not come into the database, since it was moved or replaced under them: {lost}"
            ),
            "end them; their hosts start new ones",
        )];
    }
    let elsewhere = named(|holder| holder.has == Has::Elsewhere);
    if !elsewhere.is_empty() {
        return vec![Finding::bad(
            CHECK,
            format!(
                "these have the database open under another name, with a log of its own, and two logs damage it: {elsewhere}"
            ),
            format!("end them, and use no name but {}", paths.database.display()),
        )];
    }
    let suspended: Vec<&Holder> = holders.iter().filter(|one| one.is_suspended).collect();
    if !suspended.is_empty() {
        let ids: Vec<String> = suspended.iter().map(|one| one.id.to_string()).collect();
        return vec![Finding::warning(
            CHECK,
            format!(
                "suspended, and others may wait for it: {}",
                named(|one| one.is_suspended)
            ),
            format!("let it go on (kill -CONT {}), or end it", ids.join(" ")),
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
    let foreign =
        named(|holder| holder.has == Has::Database && !holder.name.starts_with("taskhold"));
    if !foreign.is_empty() {
        return vec![Finding::warning(
            CHECK,
            format!("other programs have the database open: {foreign}"),
            "let them read only, and with SQLite 3.51.3 or newer; copiers must take backups instead",
        )];
    }
    let is_open = |holder: &&Holder| holder.has == Has::Database;
    let what = match holders.iter().filter(is_open).count() {
        0 => "nobody else has it open".to_owned(),
        1 => format!(
            "one more has it open: {}",
            named(|one| one.has == Has::Database)
        ),
        count => format!(
            "{count} more have it open: {}",
            named(|one| one.has == Has::Database)
        ),
    };
    vec![Finding::good(CHECK, what)]
}

/// Reads the links in `/proc`, without opening what they lead to. `None` where there is no such folder.
#[cfg(target_os = "linux")]
fn holders(paths: &Paths) -> Option<Vec<Holder>> {
    use super::surroundings::beside;
    use crate::disk::Process;
    use std::{fs, os::unix::fs::MetadataExt as _, path::Path};
    let number = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    let (log, index) = (beside(paths, "-wal"), beside(paths, "-shm"));
    let database = number(&paths.database);
    let shared = [number(&log), number(&index)];
    let is_of_ours = |link: &str| {
        let name = link.strip_suffix(" (deleted)").unwrap_or(link);
        [&paths.database, &log, &index, &paths.doorbell]
            .iter()
            .any(|path| path.as_os_str() == name)
    };
    let locks = [
        number(&paths.lock),
        number(&paths.daemon_lock),
        number(&paths.backups.join(".lock")),
    ];
    let holder = |process: Process| -> Option<Holder> {
        if process.id == std::process::id() {
            return None;
        }
        let files: Vec<_> = process
            .open_files()
            .filter_map(|entry| {
                let link = fs::read_link(&entry).ok()?;
                Some((link.to_string_lossy().into_owned(), number(&entry)))
            })
            .collect();
        let holds = |which: Option<_>| which.is_some() && files.iter().any(|(_, it)| *it == which);
        let is_named = files
            .iter()
            .any(|(link, it)| *it == database && paths.database.as_os_str() == link.as_str());
        let has = if holds(database) {
            // A folder may have several names, as it has for a container; then the log is the same.
            if is_named || shared.into_iter().any(holds) {
                Has::Database
            } else {
                Has::Elsewhere
            }
        } else if files.iter().any(|(link, _)| is_of_ours(link)) {
            Has::Lost
        } else if locks.into_iter().any(holds) {
            Has::LockFile
        } else {
            return None;
        };
        let program = fs::read_link(process.folder().join("exe")).unwrap_or_default();
        Some(Holder {
            id: process.id,
            is_suspended: process.is_suspended(),
            name: process.name,
            has,
            is_old: program.to_string_lossy().ends_with(" (deleted)"),
        })
    };
    Some(Process::all()?.filter_map(holder).collect())
}

#[cfg(not(target_os = "linux"))]
fn holders(_: &Paths) -> Option<Vec<Holder>> {
    None
}
