//! What a database file holds, as found by opening it.

use std::{fs, path::Path};

use rusqlite::Connection;

use crate::{
    domain::error::Result,
    store::{
        Paths, Store,
        failure::WhileTrying,
        history_check::Rows,
        integrity::{self, Part},
        open,
        paths::unusable,
    },
};

/// How many changes are compared with the tasks whenever a backup is taken; more take longer than anyone waits.
const COMPARED: i64 = 20_000;

/// What a database file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The version of its schema.
    pub schema: i64,
    /// How many tasks, finished and trashed ones too.
    pub tasks: i64,
    /// The sequence number of the last change; 0 before the first.
    pub last_change: i64,
    /// The file's size.
    pub bytes: u64,
    /// Which tasks are not what their log says, in words; `None` if there are none, or they were not compared.
    pub disagreeing: Option<String>,
    /// Its search index is damaged, which is made of the tasks.
    pub has_damaged_words: bool,
}

/// Opens a database file, changing nothing, and says what it holds. One that is damaged, not ours, or newer than this
/// program is refused. Its tasks are not compared with their log.
pub fn inspect(file: &Path) -> Result<Contents> {
    let looked = Looked::at(file)?;
    // The index of the words is not read, and a row that no task can have is found when it is.
    match looked.worst {
        None | Some(Part::Unused | Part::Value | Part::Words) => looked.contents(),
        Some(Part::Index | Part::Table) => {
            let reason = format!(
                "it is damaged; choose another backup, or get its tasks out with `taskhold doctor --salvage NEW --db {}`",
                file.display()
            );
            Err(unusable(file, reason, None))
        }
    }
}

/// A database file that was opened to be looked at.
pub(super) struct Looked<'a> {
    file: &'a Path,
    connection: Connection,
    schema: i64,
    /// The worst of its faults; `None` if it is sound.
    pub(super) worst: Option<Part>,
}

impl<'a> Looked<'a> {
    pub(super) fn at(file: &'a Path) -> Result<Self> {
        if file.is_dir() {
            let reason =
                "it is a folder; name a file in it, or a backup of `taskhold backup --list`";
            return Err(unusable(file, reason, None));
        }
        let connection = open::open_to_look(file)?;
        let schema = open::schema_version(&connection, file)?;
        let faults = integrity::faults(&connection, file)?;
        Ok(Self {
            file,
            connection,
            schema,
            worst: faults.iter().map(|fault| fault.part).max(),
        })
    }

    pub(super) fn contents(&self) -> Result<Contents> {
        let (tasks, last_change) = counts(&self.connection)?;
        Ok(Contents {
            schema: self.schema,
            tasks,
            last_change,
            bytes: fs::metadata(self.file).map_or(0, |file| file.len()),
            disagreeing: None,
            has_damaged_words: self.worst == Some(Part::Words),
        })
    }

    /// Says what it holds, and compares its tasks with their log if that does not take long.
    pub(super) fn compared(self) -> Result<Contents> {
        let mut contents = self.contents()?;
        if contents.last_change <= COMPARED && contents.schema == open::latest_schema() {
            let store = Store::over(self.connection, Paths::new(self.file));
            contents.disagreeing = Rows::read(&store)?.disagreeing();
        }
        Ok(contents)
    }
}

/// Returns how many tasks there are, and the last change.
pub(super) fn counts(connection: &Connection) -> Result<(i64, i64)> {
    connection
        .prepare_cached(
            // An index may be damaged where the table is not.
            "SELECT (SELECT count(*) FROM task NOT INDEXED), (SELECT coalesce(max(seq), 0) FROM change)",
        )
        .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .while_trying("count the tasks")
}
