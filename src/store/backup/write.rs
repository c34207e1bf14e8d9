//! Writing one backup: the whole database into a new file, which gets its name once it was opened and checked.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, limits::Limit};
use tempfile::TempDir;

use super::{
    PARTIAL,
    inspect::{Contents, Looked, counts},
};
use crate::{
    disk::create_private,
    error::{Error, Result},
    store::{Access, integrity::Part, open, place::unusable, search::index_waiting},
};

/// What SQLite puts beside a file that it writes, and a crash or a full disk may leave there.
const JOURNAL: &str = "-journal";

/// Writes the database of `connection` to a file beside `to`, checks and syncs it, and gives it the name `to`.
pub(super) fn write(connection: &Connection, to: &Path) -> Result<Contents> {
    let partial = with_ending(to, PARTIAL);
    let written = write_partial(connection, &partial).and_then(|contents| {
        fs::rename(&partial, to)
            .and_then(|()| sync_folder(to))
            .map_err(|error| failed(to, error))?;
        Ok(contents)
    });
    written.inspect_err(|_| remove(&partial))
}

/// Reports whether a file is part of a backup that was not finished.
pub(super) fn is_unfinished(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.strip_suffix(JOURNAL)
        .unwrap_or(&name)
        .ends_with(PARTIAL)
}

pub(super) fn failed(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::DiskFull,
        _ => unusable(path, "no backup can be written there", Some(error)),
    }
}

fn write_partial(connection: &Connection, partial: &Path) -> Result<Contents> {
    let (tasks, last_change) = counts(connection)?;
    let contents = if let Some(contents) = copy(connection, partial)? {
        contents
    } else {
        remove(partial);
        let (sound, _folder) = tables_alone(connection)?;
        copy(&sound, partial)?.ok_or_else(|| damaged(connection))?
    };
    // Tasks and changes only ever become more.
    if contents.tasks < tasks || contents.last_change < last_change {
        return Err(unusable(
            partial,
            "the backup holds less than the database",
            None,
        ));
    }
    fs::File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed(partial, error))?;
    Ok(contents)
}

/// Copies all pages that are in use, as they are. Returns `None` if an index is damaged.
fn copy(connection: &Connection, to: &Path) -> Result<Option<Contents>> {
    // VACUUM INTO would make it readable for others; into an empty file it keeps the mode.
    create_private(to).map_err(|error| failed(to, error))?;
    let name = name_of(to)?;
    let copied = attaching_one(connection, || {
        connection
            .prepare_cached("VACUUM INTO ?1")
            .and_then(|mut statement| statement.execute([name]))
    });
    match copied {
        Ok(_) => {}
        // If it is a table that is damaged, copying it alone fails too.
        Err(error) if is_damage(&error) => return Ok(None),
        Err(error) => return Err(open::explain(error, to, "back up the database")),
    }
    let looked = Looked::at(to)?;
    match looked.worst {
        // What no task can have is there as well, and kept as it is.
        None | Some(Part::Value) => looked.compared().map(Some),
        Some(Part::Words | Part::Index) => Ok(None),
        Some(Part::Table) => Err(damaged(connection)),
    }
}

fn damaged(connection: &Connection) -> Error {
    let reason = "it is damaged, and a backup would be as well; see `taskhold doctor`";
    unusable(
        Path::new(connection.path().unwrap_or_default()),
        reason,
        None,
    )
}

/// Puts the rows of every table into a new database, whose indexes are made from them: what is damaged in those of
/// `connection` is not even read.
fn tables_alone(connection: &Connection) -> Result<(Connection, TempDir)> {
    let database = PathBuf::from(connection.path().unwrap_or_default());
    let schema = open::schema_version(connection, &database)?;
    if schema != open::latest_schema() {
        let reason = "its indexes are damaged, and an older taskhold made it: a backup cannot be taken before it is upgraded, and it is not upgraded without one; see `taskhold doctor --salvage`";
        return Err(unusable(&database, reason, None));
    }
    let failed = |error| unusable(&database, "there is no room to copy it", Some(error));
    let folder = tempfile::tempdir().map_err(failed)?;
    let (new, _) = open::open(&folder.path().join("tasks.db"), Access::Write)?;
    let name = name_of(&database)?;
    let copied = attaching_one(&new, || {
        new.prepare_cached("ATTACH ?1 AS damaged")?
            .execute([name])?;
        new.execute_batch(TABLES)?;
        index_waiting(&new)?;
        new.execute_batch("COMMIT; DETACH damaged")
    });
    copied.map_err(|error| open::explain(error, &database, "back up the database"))?;
    Ok((new, folder))
}

/// Whole rows, whatever their columns: the schema is the same. A condition, and no index, keep SQLite from copying the
/// index along with the table.
const TABLES: &str = "
    PRAGMA foreign_keys = OFF;
    PRAGMA ignore_check_constraints = ON;
    BEGIN IMMEDIATE;
    INSERT INTO task SELECT * FROM damaged.task NOT INDEXED WHERE true;
    INSERT INTO comment SELECT * FROM damaged.comment NOT INDEXED WHERE true;
    INSERT INTO change SELECT * FROM damaged.change NOT INDEXED WHERE true;
    INSERT INTO tag SELECT * FROM damaged.tag WHERE true;
    INSERT INTO dependency SELECT * FROM damaged.dependency WHERE true;
    INSERT INTO call_key SELECT * FROM damaged.call_key WHERE true;
    INSERT INTO client_seen SELECT * FROM damaged.client_seen WHERE true;
    DELETE FROM sqlite_sequence;
    INSERT INTO sqlite_sequence SELECT * FROM damaged.sqlite_sequence WHERE true;
    INSERT INTO unindexed SELECT id FROM task;";

/// Runs what attaches a database, which is otherwise forbidden.
fn attaching_one<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let limit = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    let done = work();
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, limit)?;
    done
}

/// Reports whether SQLite met damage, in a page or in the search index.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, Unknown};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | Unknown))
}

fn name_of(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| unusable(path, "SQLite takes names in Unicode only", None))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove(partial: &Path) {
    for file in [partial.to_owned(), with_ending(partial, JOURNAL)] {
        let _ = fs::remove_file(file);
    }
}

/// A new name lasts once its folder is on the disk.
fn sync_folder(file: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = file.parent()
    {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
