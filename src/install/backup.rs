//! The file as it was, beside the one that is changed: `mcp.json.before-taskhold-20261127-090000.bak`.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use chrono::NaiveDateTime;

use super::Refusal;
use crate::disk::{NewFile, discard};

/// How many are kept of one file, the newest.
const KEPT: usize = 5;

const MARK: &str = ".before-taskhold-";
const END: &str = ".bak";
const TIME: &str = "%Y%m%d-%H%M%S";

/// Writes what the file said into a new file beside it, with the same permissions.
pub(super) fn make(target: &Path, before: &str, now: NaiveDateTime) -> Result<PathBuf, Refusal> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{name}{MARK}{}", now.format(TIME));
    let mut number = 1;
    loop {
        let suffix = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let backup = target.with_file_name(format!("{name}{suffix}{END}"));
        let written = if backup.symlink_metadata().is_ok() {
            Err(io::ErrorKind::AlreadyExists.into())
        } else {
            write(&backup, target, before)
        };
        match written {
            Ok(()) => return Ok(backup),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1;
            }
            Err(error) => return Err(Refusal::io("write the backup", &backup)(error)),
        }
    }
}

fn write(backup: &Path, target: &Path, before: &str) -> io::Result<()> {
    let mut new = NewFile::private(backup)?;
    new.write_all(before.as_bytes())?;
    new.set_permissions(fs::metadata(target)?.permissions())?;
    new.sync()?.appear()
}

/// Deletes all but the newest backups of the file. One that cannot be deleted is left.
pub(super) fn forget_old(target: &Path) {
    for backup in backups(target).iter().skip(KEPT) {
        let _ = discard(backup);
    }
}

/// Returns the backups that are there of a host's file, the newest first.
pub fn backups(target: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let mut backups: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((age(&entry.file_name().to_string_lossy(), &name)?, entry)))
        .collect();
    backups.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
    let backups = backups.into_iter();
    backups.map(|(_, backup)| backup.path()).collect()
}

/// Returns when the backup `name` of the file `of` was made, and which it was of that second; `None` if it is not one of
/// ours, to the letter.
fn age(name: &str, of: &str) -> Option<(NaiveDateTime, u32)> {
    let stamp = name
        .strip_prefix(of)?
        .strip_prefix(MARK)?
        .strip_suffix(END)?;
    let (time, number) = match stamp.char_indices().nth("20261127-090000".len()) {
        None => (stamp, 1),
        Some((end, _)) => (&stamp[..end], stamp[end..].strip_prefix('-')?.parse().ok()?),
    };
    let at = NaiveDateTime::parse_from_str(time, TIME).ok()?;
    (at.format(TIME).to_string() == time && number > 0).then_some((at, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_we_give_is_one_of_ours() {
        let cases = [
            ("a.json.before-taskhold-20261127-090000.bak", Some(1)),
            ("a.json.before-taskhold-20261127-090000-12.bak", Some(12)),
            ("a.json.before-taskhold-20261327-090000.bak", None),
            ("a.json.before-taskhold-2026112-0900000.bak", None),
            ("a.json.before-taskhold-20261127-090000-.bak", None),
            ("a.json.before-taskhold-20261127-090000-0.bak", None),
            ("a.json.before-taskhold-20261127-090000 copy.bak", None),
            ("a.json.before-taskhold-20261127-090000.bak~", None),
            ("a.json.before-taskhold-.bak", None),
            ("a.json.before-taskhold-ééééééééééééééé.bak", None),
            ("b.json.before-taskhold-20261127-090000.bak", None),
            ("a.json.bak", None),
        ];
        for (name, number) in cases {
            let found = age(name, "a.json").map(|(_, number)| number);
            assert_eq!(found, number, "{name}");
        }
    }
}
