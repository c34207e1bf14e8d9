//! What kind of disk holds a folder: one of this machine, or another machine's.

#[cfg(not(any(windows, target_os = "macos")))]
use std::fs;
use std::path::Path;

/// File systems whose locks or shared memory do not hold between machines.
#[cfg(not(windows))]
const NETWORK_FILE_SYSTEMS: [&str; 11] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "smb2",
    "9p",
    "afs",
    "ceph",
    "fuse.sshfs",
    "fuse.rclone",
];

/// What holds a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// A disk of this machine: the type of its file system.
    Local(String),
    /// Another machine: by which file system it is reached.
    Network(String),
    /// The system does not say.
    Unknown,
}

impl Disk {
    /// Returns what holds `folder`, which is a path with its links followed.
    #[cfg(windows)]
    pub(crate) fn of(folder: &Path) -> Self {
        use std::path::{Component, Prefix};
        // A letter that is given to a share is followed to the share.
        match folder.components().next() {
            Some(Component::Prefix(prefix)) => match prefix.kind() {
                Prefix::UNC(..) | Prefix::VerbatimUNC(..) => Self::Network("a share".to_owned()),
                Prefix::Disk(_) | Prefix::VerbatimDisk(_) => Self::Local("a drive".to_owned()),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// Returns what holds `folder`.
    #[cfg(target_os = "macos")]
    pub(crate) fn of(folder: &Path) -> Self {
        use nix::{mount::MntFlags, sys::statfs::statfs};
        let Ok(found) = statfs(folder) else {
            return Self::Unknown;
        };
        let kind = found.filesystem_type_name().to_owned();
        // statfs(2). A share of the host of a virtual machine has the mark too, and its name is in the list.
        if found.flags().contains(MntFlags::MNT_LOCAL) {
            Self::of_kind(kind)
        } else {
            Self::Network(kind)
        }
    }

    /// Returns what holds `folder`.
    #[cfg(not(any(windows, target_os = "macos")))]
    pub(crate) fn of(folder: &Path) -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        file_system(&mounts, folder).map_or(Self::Unknown, |kind| Self::of_kind(kind.to_owned()))
    }

    /// Judges a file system by its name.
    #[cfg(not(windows))]
    fn of_kind(kind: String) -> Self {
        if NETWORK_FILE_SYSTEMS.contains(&kind.as_str()) {
            Self::Network(kind)
        } else {
            Self::Local(kind)
        }
    }
}

/// Returns the type of the file system that holds `folder`, from the text of `/proc/self/mountinfo` (proc(5)).
#[cfg(not(any(windows, target_os = "macos")))]
fn file_system<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let (mount, source) = line.split_once(" - ")?;
            let point = mount.split(' ').nth(4)?;
            // Blank, tab, newline and backslash in a path are written in octal.
            let point = point
                .replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
            folder
                .starts_with(&point)
                .then(|| (point.len(), source.split(' ').next()))
        })
        // Of two mounts on one point the later one is on top.
        .max_by_key(|(length, _)| *length)?
        .1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[test]
    fn the_disk_of_a_folder_of_this_machine_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let folder = disk::canonicalize(folder.path()).unwrap();
        let found = Disk::of(&folder);
        assert!(matches!(found, Disk::Local(_)), "{found:?}");
        #[cfg(windows)]
        for share in [r"\\nas\team\tasks", r"\\?\UNC\nas\team\tasks"] {
            assert!(matches!(Disk::of(Path::new(share)), Disk::Network(_)));
        }
    }

    #[test]
    #[cfg(not(any(windows, target_os = "macos")))]
    fn the_file_system_is_the_one_of_the_nearest_mount() {
        let mounts = "\
            22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
            30 22 0:30 / /mnt rw - nfs4 server:/mnt rw\n\
            31 30 0:31 / /mnt/me/My\\040Files rw - fuse.sshfs me@host: rw\n\
            32 22 0:32 / /mntstead rw - tmpfs tmpfs rw\n\
            33 22 0:33 / /twice rw - ext4 /dev/sdb rw\n\
            34 33 0:34 / /twice rw - 9p share rw\n\
            a line of another kind\n";
        let cases = [
            ("/var/lib", Some("ext4")),
            ("/mnt/me", Some("nfs4")),
            ("/mnt/me/My Files/tasks", Some("fuse.sshfs")),
            ("/mntstead/x", Some("tmpfs")),
            ("/twice", Some("9p")),
        ];
        for (folder, kind) in cases {
            assert_eq!(file_system(mounts, Path::new(folder)), kind, "{folder}");
        }
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
