//! The person's home folder, and the folders in it where programs keep their files.
//!
//! # Invariants
//!
//! - Nothing else asks the system for these folders.
//! - A variable decides on every system, and the system is asked where none is set: a test gives each process a home of its own
//!   by `HOME` (on Windows `USERPROFILE`), and nothing is written to the profile of whoever runs it.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// An operating system, as far as folders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux, and other systems that follow the XDG directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// Where a person's files are. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The home folder: `HOME`, on Windows `USERPROFILE`.
    pub home: PathBuf,
    /// Where programs keep their settings: `~/.config` (`XDG_CONFIG_HOME`), `~/Library/Application Support`, `%APPDATA%`.
    pub settings: PathBuf,
    /// Where programs keep their data: `~/.local/share` (`XDG_DATA_HOME`), `~/Library/Application Support`, `%LOCALAPPDATA%`.
    pub data: PathBuf,
    /// Where sockets are, for as long as the person is logged in (`XDG_RUNTIME_DIR`); `None` where the system has no such folder.
    pub runtime: Option<PathBuf>,
}

impl Os {
    /// Returns the system this program was built for.
    pub const fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

impl Folders {
    /// Returns those of the person this process runs for; `None` if that one has no home folder.
    pub fn here() -> Option<Self> {
        Self::on(Os::here(), |name| env::var_os(name), of_system)
    }

    /// Returns the folders on `os`, by what `variable` says and, if that does not name the home folder, by `of_system`.
    ///
    /// A variable that holds no absolute path is passed over, as the XDG Base Directory Specification says.
    fn on(
        os: Os,
        variable: impl Fn(&str) -> Option<OsString>,
        of_system: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<Self> {
        let is_absolute = |path: &PathBuf| path.is_absolute();
        let named = |name: &str| variable(name).map(PathBuf::from).filter(is_absolute);
        let home = named(match os {
            Os::Windows => "USERPROFILE",
            Os::Linux | Os::MacOs => "HOME",
        });
        let home = home.or_else(|| of_system().filter(is_absolute))?;
        let usual = |name: &str, usual: &[&str]| {
            let folder = || usual.iter().fold(home.clone(), |at, part| at.join(part));
            named(name).unwrap_or_else(folder)
        };
        let (settings, data, runtime) = match os {
            Os::Linux => (
                usual("XDG_CONFIG_HOME", &[".config"]),
                usual("XDG_DATA_HOME", &[".local", "share"]),
                named("XDG_RUNTIME_DIR"),
            ),
            Os::MacOs => {
                let support = home.join("Library").join("Application Support");
                (support.clone(), support, None)
            }
            Os::Windows => (
                usual("APPDATA", &["AppData", "Roaming"]),
                usual("LOCALAPPDATA", &["AppData", "Local"]),
                None,
            ),
        };
        Some(Self {
            home,
            settings,
            data,
            runtime,
        })
    }
}

/// Returns the folders of what the person downloads: the usual one, and the one that the desktop names.
pub fn downloads() -> Vec<PathBuf> {
    let Some(Folders { home, .. }) = Folders::here() else {
        return Vec::new();
    };
    let named = directories::UserDirs::new();
    let named = named.and_then(|folders| Some(folders.download_dir()?.to_owned()));
    // A desktop without one names the home folder itself.
    let named = named.filter(|folder| *folder != home);
    [home.join("Downloads")].into_iter().chain(named).collect()
}

/// Returns what `~/...` means; `None` for any other path, and without a home folder.
pub fn below_home(path: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix("~").ok()?;
    Some(Folders::here()?.home.join(rest))
}

/// Asks the list of users, or Windows for the folder of the profile.
fn of_system() -> Option<PathBuf> {
    let folders = directories::BaseDirs::new()?;
    Some(folders.home_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an absolute path on the system that runs the tests.
    fn rooted(path: &str) -> PathBuf {
        let root = if cfg!(windows) { r"C:\" } else { "/" };
        Path::new(root).join(path)
    }

    fn folders(os: Os, variables: &[(&str, PathBuf)]) -> Option<Folders> {
        let variable = |name: &str| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| value.clone().into_os_string())
        };
        Folders::on(os, variable, || Some(rooted("listed")))
    }

    #[test]
    fn on_every_system_a_variable_moves_all_that_is_in_the_home_folder() {
        for (os, name) in [
            (Os::Linux, "HOME"),
            (Os::MacOs, "HOME"),
            (Os::Windows, "USERPROFILE"),
        ] {
            let home = rooted("me");
            let found = folders(os, &[(name, home.clone())]).unwrap();
            assert_eq!(found.home, home, "{os:?}");
            assert!(found.settings.starts_with(&home), "{found:?}");
            assert!(found.data.starts_with(&home), "{found:?}");
        }
    }

    #[test]
    fn the_system_is_asked_where_no_variable_names_the_home_folder() {
        let listed = rooted("listed");
        for os in [Os::Linux, Os::MacOs, Os::Windows] {
            assert_eq!(folders(os, &[]).unwrap().home, listed);
            let relative = ["HOME", "USERPROFILE"].map(|name| (name, PathBuf::from("here")));
            assert_eq!(folders(os, &relative).unwrap().home, listed);
            let empty = ["HOME", "USERPROFILE"].map(|name| (name, PathBuf::new()));
            assert_eq!(folders(os, &empty).unwrap().home, listed);
        }
        assert_eq!(Folders::on(Os::Linux, |_| None, || None), None);
    }

    #[test]
    fn settings_and_data_are_where_programs_of_the_system_keep_them() {
        let (home, other) = (rooted("me"), rooted("other"));
        let mac = folders(Os::MacOs, &[("HOME", home.clone())]).unwrap();
        assert_eq!(mac.settings, home.join("Library/Application Support"));
        assert_eq!(mac.data, mac.settings);

        let linux = folders(Os::Linux, &[("HOME", home.clone())]).unwrap();
        assert_eq!(linux.settings, home.join(".config"));
        assert_eq!(linux.data, home.join(".local/share"));
        assert_eq!(linux.runtime, None);
        let xdg = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];
        let moved = xdg.map(|name| (name, other.join(name)));
        let linux = folders(Os::Linux, &moved).unwrap();
        assert_eq!(linux.settings, other.join("XDG_CONFIG_HOME"));
        assert_eq!(linux.data, other.join("XDG_DATA_HOME"));
        assert_eq!(linux.runtime, Some(other.join("XDG_RUNTIME_DIR")));
        // macOS has other folders, whatever is set.
        assert_eq!(
            folders(Os::MacOs, &moved).unwrap().settings,
            rooted("listed").join("Library/Application Support")
        );

        let profile = ("USERPROFILE", home.clone());
        let windows = folders(Os::Windows, std::slice::from_ref(&profile)).unwrap();
        assert_eq!(windows.settings, home.join("AppData").join("Roaming"));
        assert_eq!(windows.data, home.join("AppData").join("Local"));
        let roaming = ("APPDATA", other.clone());
        let windows = folders(Os::Windows, &[profile, roaming]).unwrap();
        assert_eq!(windows.settings, other);
    }
}
