//! What can be set, and where each value comes from: flag, then environment, then the file `config.toml`, then default.

use std::{
    ffi::OsString,
    fmt, fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use chrono::Weekday;
use serde::Deserialize;

use crate::{
    task::Project,
    when::{UnknownZone, Zone},
};

/// The variable that names the database when `--db` does not.
pub const DATABASE_VARIABLE: &str = "TASKHOLD_DB";
/// The variable that names the configuration file.
pub const FILE_VARIABLE: &str = "TASKHOLD_CONFIG";
/// The variable that names the time zone, as everywhere.
pub const ZONE_VARIABLE: &str = "TZ";

/// The most bytes a configuration file may have.
const MAX_FILE: u64 = 64 * 1024;

/// A setting that cannot be used. The message names the setting and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A path that means something else in each working directory, and each host starts its servers in another.
    #[error("{source}: {} is not an absolute path; give {}", given.display(), absolute.display(), source = of)]
    Relative {
        /// Where it was set.
        of: Source,
        /// The path as given.
        given: PathBuf,
        /// The same as an absolute path, seen from here.
        absolute: PathBuf,
    },
    /// There is no such time zone.
    #[error("{of}: {error}")]
    Zone {
        /// Where it was set.
        of: Source,
        /// What is wrong with it.
        error: UnknownZone,
    },
    /// The configuration file cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The configuration file does not say what it should.
    #[error("{}: {message}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        message: String,
    },
    /// The user has no home directory to keep the database in.
    #[error(
        "there is no home directory to keep the tasks in; give --db PATH or set {DATABASE_VARIABLE}"
    )]
    NoHome,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An argument of this call.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// The system's settings.
    System,
    /// Nobody has set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "${name}"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::System => f.write_str("system"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

impl Source {
    /// Returns the value if this source sets it, else the default.
    fn setting<T>(&self, value: Option<T>, default: T) -> Setting<T> {
        let source = value.as_ref().map_or(Self::Default, |_| self.clone());
        Setting {
            value: value.unwrap_or(default),
            source,
        }
    }
}

/// When to print in colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Also in a pipe, which then gets the table of a terminal, `COLUMNS` or 80 wide
    Always,
    /// Nowhere
    Never,
}

/// A view by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ViewWord {
    /// Pending or in progress; what comes first is due first
    #[value(alias = "pending", alias = "todo", alias = "active")]
    Open,
    /// Pending, not deferred, not blocked
    #[value(alias = "actionable")]
    Ready,
    /// Due today or overdue
    Today,
    /// Past their date
    #[value(alias = "late")]
    Overdue,
    /// Waiting for others
    #[value(alias = "waiting")]
    Blocked,
    /// In progress, untouched for days
    Stale,
    /// Completed, the latest first
    #[value(alias = "done", alias = "finished")]
    Completed,
    /// All but the trash, in the order they were added
    #[value(alias = "everything")]
    All,
    /// The trash, the latest first
    #[value(alias = "deleted")]
    Trash,
}

/// What a command takes where its call does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// What `list` and `watch` list.
    pub view: Setting<ViewWord>,
    /// How many tasks a list shows.
    pub limit: Setting<u32>,
    /// The project of a task that `add` adds; `None` for none.
    pub project: Setting<Option<Project>>,
}

/// How many tasks a list shows where nothing says another number.
const LIST_LIMIT: u32 = 50;

/// Everything that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the configuration file is, or would be; `None` without a home directory.
    pub file: Option<PathBuf>,
    /// The database, an absolute path.
    pub database: Setting<PathBuf>,
    /// The user's zone, and the day a week begins with.
    pub zone: Setting<Zone>,
    /// Where the day a week begins with comes from.
    pub week_start: Source,
    /// When to print in colour.
    pub color: Setting<Color>,
    /// What a command takes where its call does not say.
    pub defaults: Defaults,
}

/// What `config.toml` may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<PathBuf>,
    time_zone: Option<String>,
    week_start: Option<WeekStart>,
    color: Option<Color>,
    #[serde(default)]
    defaults: FileDefaults,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDefaults {
    view: Option<ViewWord>,
    limit: Option<NonZeroU32>,
    project: Option<Project>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WeekStart {
    Monday,
    Saturday,
    Sunday,
}

impl Config {
    /// Reads everything that is set: `database` and `color` by flags of this call, the rest by `variable`, which looks up the
    /// environment, and by the file.
    pub fn load(
        database: Option<PathBuf>,
        color: Option<Color>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let path = match variable(FILE_VARIABLE).map(PathBuf::from) {
            Some(given) => Some(absolute(given, Source::Variable(FILE_VARIABLE))?),
            None => default_file(),
        };
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        let in_file = || path.clone().map_or(Source::Default, Source::File);

        let database = first([
            (database, Source::Flag("--db")),
            (
                variable(DATABASE_VARIABLE).map(PathBuf::from),
                Source::Variable(DATABASE_VARIABLE),
            ),
            (file.database, in_file()),
            (default_database(), Source::Default),
        ])
        .ok_or(ConfigError::NoHome)?;
        let name = first([
            (
                variable(ZONE_VARIABLE).map(|name| name.to_string_lossy().into_owned()),
                Source::Variable(ZONE_VARIABLE),
            ),
            (file.time_zone, in_file()),
        ]);
        let of = name
            .as_ref()
            .map_or(Source::System, |name| name.source.clone());
        let zone =
            Zone::system(name.as_ref().map(|name| name.value.as_str())).map_err(|error| {
                ConfigError::Zone {
                    of: of.clone(),
                    error,
                }
            })?;
        let week_start = match file.week_start {
            Some(_) => in_file(),
            None => Source::Default,
        };
        let first_day = match file.week_start {
            Some(WeekStart::Saturday) => Weekday::Sat,
            Some(WeekStart::Sunday) => Weekday::Sun,
            Some(WeekStart::Monday) | None => Weekday::Mon,
        };
        Ok(Self {
            file: path.clone(),
            database: Setting {
                value: absolute(database.value, database.source.clone())?,
                source: database.source,
            },
            zone: Setting {
                value: zone.with_week_start(first_day),
                source: of,
            },
            week_start,
            color: first([(color, Source::Flag("--color"))])
                .unwrap_or_else(|| in_file().setting(file.color, Color::default())),
            defaults: file.defaults.settings(&in_file()),
        })
    }
}

impl FileDefaults {
    /// Returns what the file sets, and what holds where it says nothing.
    fn settings(self, in_file: &Source) -> Defaults {
        Defaults {
            view: in_file.setting(self.view, ViewWord::Open),
            limit: in_file.setting(self.limit.map(NonZeroU32::get), LIST_LIMIT),
            project: in_file.setting(self.project.map(Some), None),
        }
    }
}

/// Returns the first value there is.
fn first<T, const N: usize>(values: [(Option<T>, Source); N]) -> Option<Setting<T>> {
    values
        .into_iter()
        .find_map(|(value, source)| value.map(|value| Setting { value, source }))
}

fn absolute(given: PathBuf, of: Source) -> Result<PathBuf, ConfigError> {
    if given.is_absolute() {
        return Ok(given);
    }
    Err(ConfigError::Relative {
        of,
        absolute: std::path::absolute(&given).unwrap_or_else(|_| given.clone()),
        given,
    })
}

/// Reads the configuration file; one that is not there sets nothing.
fn read(path: &Path) -> Result<File, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable {
        file: path.to_owned(),
        error,
    };
    match fs::metadata(path) {
        Ok(about) if about.len() > MAX_FILE => {
            return Err(unreadable(io::Error::other("it is too long for settings")));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(File::default()),
        Err(error) => return Err(unreadable(error)),
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    toml_edit::de::from_str(&text).map_err(|error| ConfigError::Wrong {
        file: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
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

fn default_database() -> Option<PathBuf> {
    home(directories::ProjectDirs::data_dir).map(|folder| folder.join("tasks.db"))
}

fn default_file() -> Option<PathBuf> {
    home(directories::ProjectDirs::config_dir).map(|folder| folder.join("config.toml"))
}

/// One of the user's directories; on Windows a folder of the profile, since hosts from the store are shown another
/// `AppData` than everyone else.
fn home(of: impl Fn(&directories::ProjectDirs) -> &Path) -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        directories::UserDirs::new()?.home_dir().join(".taskhold")
    } else {
        of(&directories::ProjectDirs::from("", "", "taskhold")?).to_owned()
    };
    folder.is_absolute().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads the configuration in a folder where `config.toml` says `text`, with these variables.
    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        Config::load(None, None, |name| {
            let given = variables.iter().find(|(known, _)| *known == name);
            match given {
                Some((_, value)) => Some(OsString::from(value)),
                None if name == FILE_VARIABLE => Some(file.clone().into_os_string()),
                None => None,
            }
        })
    }

    fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
        load(text, variables).unwrap_err().to_string()
    }

    fn rooted(name: &str) -> PathBuf {
        std::env::temp_dir().join(name)
    }

    #[test]
    fn a_relative_path_is_refused_with_the_absolute_one() {
        let refusal = refusal("", &[(DATABASE_VARIABLE, "tasks.db")]);
        let absolute = std::env::current_dir().unwrap().join("tasks.db");
        assert_eq!(
            refusal,
            format!(
                "$TASKHOLD_DB: tasks.db is not an absolute path; give {}",
                absolute.display()
            )
        );
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
        let file = format!("database = {:?}", rooted("file.db"));
        let of_file = load(&file, &[]).unwrap().database;
        assert_eq!(of_file.value, rooted("file.db"));
        assert!(matches!(of_file.source, Source::File(_)));

        let variable = rooted("variable.db");
        let variables = [(DATABASE_VARIABLE, variable.to_str().unwrap())];
        let of_variable = load(&file, &variables).unwrap().database;
        assert_eq!(of_variable.value, variable);
        assert_eq!(of_variable.source, Source::Variable(DATABASE_VARIABLE));

        let of_flag = Config::load(Some(rooted("flag.db")), Some(Color::Never), |_| None).unwrap();
        assert_eq!(of_flag.database.value, rooted("flag.db"));
        assert_eq!(of_flag.color.value, Color::Never);
    }

    #[test]
    fn an_empty_variable_is_none() {
        let empty = load("", &[(DATABASE_VARIABLE, ""), (ZONE_VARIABLE, "")]).unwrap();
        assert_eq!(empty.database.source, Source::Default);
        assert_eq!(empty.zone.source, Source::System);
    }

    #[test]
    fn the_file_sets_the_zone_the_week_and_colours() {
        let text = "time_zone = 'Asia/Kathmandu'\nweek_start = 'sunday'\ncolor = 'always'";
        let config = load(text, &[]).unwrap();
        assert_eq!(config.zone.value.name(), "Asia/Kathmandu");
        assert_eq!(config.zone.value.week_start(), Weekday::Sun);
        assert_eq!(config.color.value, Color::Always);
        let abroad = load(text, &[(ZONE_VARIABLE, "Asia/Tokyo")]).unwrap();
        assert_eq!(abroad.zone.value.name(), "Asia/Tokyo");
        assert_eq!(abroad.zone.value.week_start(), Weekday::Sun);
    }

    #[test]
    fn the_file_sets_what_a_command_takes_where_its_call_does_not_say() {
        let none = load("", &[]).unwrap().defaults;
        assert_eq!(
            none.view,
            Setting {
                value: ViewWord::Open,
                source: Source::Default
            }
        );
        assert_eq!((none.limit.value, none.project.value), (50, None));

        let text = "[defaults]\nview = 'ready'\nlimit = 20\nproject = ' Inbox '";
        let set = load(text, &[]).unwrap().defaults;
        assert_eq!((set.view.value, set.limit.value), (ViewWord::Ready, 20));
        assert_eq!(set.project.value.unwrap().as_str(), "Inbox");
        assert!(matches!(set.project.source, Source::File(_)));
    }

    #[test]
    fn what_the_file_says_wrong_is_named_with_its_line() {
        for (text, expected) in [
            (
                "time_zone = 'Mars/Olympus'",
                "config.toml: \"Mars/Olympus\" is no time zone",
            ),
            ("color = 'auto'\nweek_start = 'friday'", "line 2"),
            ("\ncolour = 'auto'", "unknown field `colour`"),
            (
                "database = 'tasks.db'",
                "config.toml: tasks.db is not an absolute path",
            ),
            ("color = ", "line 1"),
            ("[defaults]\nlimit = 0", "line 2"),
            ("[defaults]\nview = 'someday'", "unknown variant `someday`"),
            ("[defaults]\nproject = ' '", "project is blank"),
            ("[defaults]\ntag = 'x'", "unknown field `tag`"),
        ] {
            let refusal = refusal(text, &[]);
            assert!(refusal.contains(expected), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_sets_nothing() {
        let missing = rooted("no folder of that name/config.toml");
        let config = load("", &[(FILE_VARIABLE, missing.to_str().unwrap())]).unwrap();
        assert_eq!(config.color.source, Source::Default);
        assert_eq!(config.zone.value.week_start(), Weekday::Mon);
    }
}
