//! What can be set, and where each value comes from: flag, then environment, then the file `config.toml`, then default.

use std::{
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::Weekday;
use clap::builder::PossibleValue;
use serde::Deserialize;

use crate::{
    disk,
    domain::{
        query::View,
        task::Project,
        when::{DateOrder, UnknownZone, Zone},
    },
    home::{Folders, Os, below_home},
};

mod file;

use file::{File, NumberOrder, WeekStart};

/// The variable that names the database when `--db` does not.
pub const DATABASE_VARIABLE: &str = "TASKHOLD_DB";
/// The variable that names the configuration file.
pub const FILE_VARIABLE: &str = "TASKHOLD_CONFIG";
/// The variable that names the time zone, as everywhere.
pub const ZONE_VARIABLE: &str = "TZ";
/// The variable that asks every program for no colours (<https://no-color.org>).
pub const NO_COLOR_VARIABLE: &str = "NO_COLOR";

/// A setting that cannot be used. The message names the setting and the way out.
#[derive(Clone, Debug, thiserror::Error)]
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
    /// A path that names nothing.
    #[error("{of}: the path is empty; give an absolute one, or leave it out")]
    Empty {
        /// Where it was set.
        of: Source,
    },
    /// There is no such time zone.
    #[error("{of}: {error}")]
    Zone {
        /// Where it was set.
        of: Source,
        /// What is wrong with it.
        error: UnknownZone,
    },
    /// A configuration file that was named is not there.
    #[error("{of}: there is no file {}; name one that is there, or leave it out", file.display())]
    Missing {
        /// Where it was named.
        of: Source,
        /// The file.
        file: PathBuf,
    },
    /// The configuration file cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// The configuration file does not say what it should.
    #[error("{}, line {line}: {message}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The configuration file sets something this version does not know; a newer one may.
    #[error("{}, line {line}: there is no setting {key}; it is passed over", file.display())]
    Unknown {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it would set.
        key: String,
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
    /// Also in a pipe
    Always,
    /// Nowhere
    Never,
}

impl clap::ValueEnum for View {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Open => "To do or in progress, not deferred, soonest due first",
            Self::Ready => "Pending, not deferred, not blocked",
            Self::Today => "Due today or overdue",
            Self::Overdue => "Past their date",
            Self::Tomorrow => "Due tomorrow",
            Self::Week => "Due in the next seven days or overdue",
            Self::Blocked => "Waiting for others",
            Self::Deferred => "Not before a day that is to come, the first to come leading",
            Self::Unfinished => "To do or in progress, deferred or not",
            Self::Pending => "To do, deferred or not",
            Self::InProgress => "In progress, the longest untouched first",
            Self::Stale => "In progress, untouched for three days",
            Self::Completed => "Completed, the latest first",
            Self::Cancelled => "Given up, the latest first",
            Self::All => "All but the trash, in the order they were added",
            Self::Trash => "The trash, the latest first",
        };
        let is_a_status = matches!(self, Self::InProgress | Self::Cancelled);
        let value = PossibleValue::new(self.as_str()).aliases(self.synonyms());
        Some(value.help(help).hide(is_a_status))
    }
}

/// What a command takes where its call does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// What `list` and `watch` list.
    pub view: Setting<View>,
    /// How many tasks a list shows.
    pub limit: Setting<u32>,
    /// The project of a task that `add` adds; `None` for none.
    pub project: Setting<Option<Project>>,
}

/// How many tasks a list shows where nothing says another number.
const LIST_LIMIT: u32 = 50;

/// Everything that is set. What cannot be used is told beside it, and the default holds in its place.
#[derive(Clone, Debug)]
pub struct Config<Database = Setting<PathBuf>> {
    /// Where the configuration file is, or would be; `None` without a home directory.
    pub file: Option<PathBuf>,
    /// The database, an absolute path.
    pub database: Database,
    /// The user's zone, and the day a week begins with.
    pub zone: Setting<Zone>,
    /// Where the day a week begins with comes from.
    pub week_start: Source,
    /// Where the order of day and month comes from.
    pub date_order: Source,
    /// When to print in colour.
    pub color: Setting<Color>,
    /// What a command takes where its call does not say.
    pub defaults: Defaults,
    /// Values that cannot be used.
    pub problems: Vec<ConfigError>,
    /// What is passed over, and hardly meant so.
    pub warnings: Vec<ConfigError>,
}

/// Everything that is set, as it was read: no other database takes the place of one that cannot be used.
pub type Loaded = Config<Result<Setting<PathBuf>, ConfigError>>;

impl Loaded {
    /// Returns the same with the database that there must be.
    pub fn settled(self) -> Result<Config, ConfigError> {
        Ok(Config {
            database: self.database?,
            file: self.file,
            zone: self.zone,
            week_start: self.week_start,
            date_order: self.date_order,
            color: self.color,
            defaults: self.defaults,
            problems: self.problems,
            warnings: self.warnings,
        })
    }

    /// Reads everything that is set: `database` and `color` by flags of this call, the rest by `variable`, which looks up
    /// the environment, and by the file.
    pub fn load(
        database: Option<PathBuf>,
        color: Option<Color>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let variable = |name| variable(name).filter(|value: &OsString| !value.is_empty());
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        let named = variable(FILE_VARIABLE).map(PathBuf::from);
        let is_named = named.is_some();
        let path = match named {
            Some(given) => absolute(given, Source::Variable(FILE_VARIABLE)).map(Some),
            None => Ok(default_file()),
        };
        let read = path.as_ref().map_err(Clone::clone).and_then(|path| {
            let Some(path) = path else {
                return Ok(File::default());
            };
            match File::read(path)? {
                Some(file) => Ok(file),
                // A slip in the path would write to the usual database.
                None if is_named => Err(ConfigError::Missing {
                    of: Source::Variable(FILE_VARIABLE),
                    file: path.clone(),
                }),
                None => Ok(File::default()),
            }
        });
        let path = path.ok().flatten();
        let in_file = path.clone().map_or(Source::Default, Source::File);

        let of_call = first([
            (database, Source::Flag("--db")),
            (
                variable(DATABASE_VARIABLE).map(PathBuf::from),
                Source::Variable(DATABASE_VARIABLE),
            ),
        ]);
        let (file, unread) = match read {
            Ok(file) => (file, None),
            Err(error) => (File::default(), Some(error)),
        };
        problems.extend(file.problems);
        warnings.extend(file.warnings);
        let database = match (of_call, unread) {
            (Some(given), unread) => {
                problems.extend(unread);
                absolute_setting(given)
            }
            // Nobody knows which it would have named.
            (None, Some(error)) => Err(error),
            (None, None) => file.database.and_then(|given| match given {
                Some(given) => absolute_setting(Setting {
                    value: below_home(&given).unwrap_or(given),
                    source: in_file.clone(),
                }),
                None => default_database()
                    .map(|value| Setting {
                        value,
                        source: Source::Default,
                    })
                    .ok_or(ConfigError::NoHome),
            }),
        };

        let (zone, of_file) = zone(
            variable(ZONE_VARIABLE),
            file.time_zone,
            &in_file,
            &mut warnings,
        );
        problems.extend(of_file);
        let first_day = match file.week_start {
            Some(WeekStart::Saturday) => Weekday::Sat,
            Some(WeekStart::Sunday) => Weekday::Sun,
            Some(WeekStart::Monday) | None => Weekday::Mon,
        };
        let days = zone.value.with_week_start(first_day);
        let no_color = variable(NO_COLOR_VARIABLE).map(|_| Color::Never);
        Self {
            database,
            zone: Setting {
                value: match file.date_order {
                    Some(NumberOrder::DayMonth) => days.with_date_order(DateOrder::DayMonth),
                    Some(NumberOrder::MonthDay) => days.with_date_order(DateOrder::MonthDay),
                    None => days,
                },
                source: zone.source,
            },
            week_start: in_file.setting(file.week_start, WeekStart::Monday).source,
            date_order: file.date_order.map_or(Source::Default, |_| in_file.clone()),
            color: first([
                (color, Source::Flag("--color")),
                (no_color, Source::Variable(NO_COLOR_VARIABLE)),
            ])
            .unwrap_or_else(|| in_file.setting(file.color, Color::default())),
            defaults: Defaults {
                view: in_file.setting(file.view, View::Open),
                limit: in_file.setting(file.limit, LIST_LIMIT),
                project: in_file.setting(file.project.map(Some), None),
            },
            file: path,
            problems,
            warnings,
        }
    }
}

/// Returns the user's zone, and what is wrong with the one the file names. A variable that cannot be read is passed over:
/// it is set for other programs too, and some of them read more.
fn zone(
    variable: Option<OsString>,
    in_file: Option<String>,
    file: &Source,
    warnings: &mut Vec<ConfigError>,
) -> (Setting<Zone>, Option<ConfigError>) {
    let read = |name: &str, of: &Source| match Zone::of_setting(name) {
        Ok(value) => Ok(Setting {
            value,
            source: of.clone(),
        }),
        Err(error) => Err(ConfigError::Zone {
            of: of.clone(),
            error,
        }),
    };
    if let Some(name) = variable {
        match read(&name.to_string_lossy(), &Source::Variable(ZONE_VARIABLE)) {
            Ok(zone) => return (zone, None),
            Err(error) => warnings.push(error),
        }
    }
    let mut problem = None;
    if let Some(name) = in_file.filter(|name| !name.trim().is_empty()) {
        match read(&name, file) {
            Ok(zone) => return (zone, None),
            Err(error) => problem = Some(error),
        }
    }
    let value = Zone::system().unwrap_or_else(|error| {
        let of = Source::System;
        warnings.push(ConfigError::Zone { of, error });
        Zone::UTC
    });
    let source = Source::System;
    (Setting { value, source }, problem)
}

/// Returns the first value there is.
fn first<T, const N: usize>(values: [(Option<T>, Source); N]) -> Option<Setting<T>> {
    values
        .into_iter()
        .find_map(|(value, source)| value.map(|value| Setting { value, source }))
}

fn absolute_setting(given: Setting<PathBuf>) -> Result<Setting<PathBuf>, ConfigError> {
    let Setting { value, source } = given;
    absolute(value, source.clone()).map(|value| Setting { value, source })
}

fn absolute(given: PathBuf, of: Source) -> Result<PathBuf, ConfigError> {
    if given.as_os_str().is_empty() {
        return Err(ConfigError::Empty { of });
    }
    if given.is_absolute() {
        return Ok(disk::plain_path(&given));
    }
    let absolute = below_home(&given).or_else(|| disk::absolute(&given).ok());
    Err(ConfigError::Relative {
        of,
        absolute: absolute.unwrap_or_else(|| given.clone()),
        given,
    })
}

/// Reports whether `database` is the one that is used where neither flag nor variables say another: what a program finds
/// that is started without this shell's environment.
pub fn is_usual(database: &Path) -> bool {
    let usual = match Os::here() {
        Os::Windows | Os::MacOs => default_database(),
        // Not by way of `XDG_DATA_HOME`, which would not be there.
        Os::Linux => Folders::here().map(|user| user.home.join(".local/share/taskhold/tasks.db")),
    };
    usual.is_some_and(|usual| usual == database)
}

fn default_database() -> Option<PathBuf> {
    own_folder(|user| user.data).map(|folder| folder.join("tasks.db"))
}

fn default_file() -> Option<PathBuf> {
    own_folder(|user| user.settings).map(|folder| folder.join("config.toml"))
}

/// Returns our folder in one of the user's; on Windows a folder of the profile, since hosts from the store are shown another
/// `AppData` than everyone else.
fn own_folder(of: impl Fn(Folders) -> PathBuf) -> Option<PathBuf> {
    let user = Folders::here()?;
    Some(match Os::here() {
        Os::Windows => user.home.join(".taskhold"),
        Os::Linux | Os::MacOs => of(user).join("taskhold"),
    })
}

#[cfg(test)]
mod tests;
