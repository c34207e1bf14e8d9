//! What can be set, and where it comes from: flag, then environment, then default.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::when::{UnknownZone, Zone};

/// The variable that names the database when `--db` does not.
pub const DATABASE_VARIABLE: &str = "TASKHOLD_DB";

/// A setting that cannot be used. The message names the setting and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A path that means something else in each working directory, and each host starts its servers in another.
    #[error("{} is not an absolute path; give {}", given.display(), absolute.display())]
    Relative {
        /// The path as given.
        given: PathBuf,
        /// The same as an absolute path, seen from here.
        absolute: PathBuf,
    },
    /// The variable `TZ` names no time zone.
    #[error("TZ: {0}")]
    Zone(#[from] UnknownZone),
    /// The user has no home directory to keep the database in.
    #[error(
        "there is no home directory to keep the tasks in; give --db PATH or set {DATABASE_VARIABLE}"
    )]
    NoHome,
}

/// Returns the database to use: the flag's, else the variable's unless it is empty, else the one well-known file of
/// this user.
pub fn database(flag: Option<PathBuf>, variable: Option<OsString>) -> Result<PathBuf, ConfigError> {
    let variable = variable.filter(|path| !path.is_empty()).map(PathBuf::from);
    match flag.or(variable) {
        Some(path) if path.is_absolute() => Ok(path),
        Some(given) => Err(ConfigError::Relative {
            absolute: std::path::absolute(&given).unwrap_or_else(|_| given.clone()),
            given,
        }),
        None => default_database().ok_or(ConfigError::NoHome),
    }
}

/// Reports whether `database` is the one that is used where neither flag nor variables say another: what a program finds
/// that is started without this shell's environment.
pub fn is_usual(database: &Path) -> bool {
    let usual = if cfg!(any(windows, target_os = "macos")) {
        default_database()
    } else {
        // Not by way of `XDG_DATA_HOME`, which would not be there.
        directories::BaseDirs::new()
            .map(|folders| folders.home_dir().join(".local/share/taskhold/tasks.db"))
    };
    usual.is_some_and(|usual| usual == database)
}

/// Returns the zone the user is in: the variable `TZ`, else the system's.
pub fn zone(variable: Option<&str>) -> Result<Zone, ConfigError> {
    Ok(Zone::system(variable)?)
}

/// The user's data directory; on Windows a folder of the profile, since hosts from the store are shown another
/// `AppData` than everyone else.
fn default_database() -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        directories::UserDirs::new()?.home_dir().join(".taskhold")
    } else {
        directories::ProjectDirs::from("", "", "taskhold")?
            .data_dir()
            .to_owned()
    };
    folder.is_absolute().then(|| folder.join("tasks.db"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_refused_with_the_absolute_one() {
        let refusal = database(Some(PathBuf::from("tasks.db")), None)
            .unwrap_err()
            .to_string();
        let absolute = std::env::current_dir().unwrap().join("tasks.db");
        assert_eq!(
            refusal,
            format!(
                "tasks.db is not an absolute path; give {}",
                absolute.display()
            )
        );
    }

    #[test]
    fn the_flag_wins_over_the_variable_and_an_empty_variable_is_none() {
        let flag = std::env::temp_dir().join("flag.db");
        let variable = std::env::temp_dir().join("variable.db");
        let set = Some(variable.clone().into_os_string());
        assert_eq!(database(Some(flag.clone()), set.clone()).unwrap(), flag);
        assert_eq!(database(None, set).unwrap(), variable);
        assert_eq!(
            database(None, Some(OsString::new())).unwrap(),
            database(None, None).unwrap()
        );
    }
}
