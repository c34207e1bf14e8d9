//! Writing one backup: the whole database into a new file, which gets its name once it was opened and checked.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, limits::Limit};
use tempfile::TempDir;

use super::{
    PARTIAL,
    inspect::{Contents, Looked, counts},
    name::parse,
};
use crate::{
    disk::{NewFile, SyncedFile, discard},
    domain::error::{Error, Result},
    store::{
        Access, failure::explain, indexing::index_waiting, integrity::Part, open, paths::unusable,
    },
};

/// What SQLite puts beside a file that it writes, and a crash or a full disk may leave there.
const JOURNAL: &str = "-journal";

/// Writes the database of `connection` to a file beside `to`, checks and syncs it, and gives it the name `to`.
pub(super) fn write(connection: &Connection, to: &Path) -> Result<Contents> {
    let written = write_partial(connection, to).and_then(|(partial, contents)| {
        partial
            .sync()
            .and_then(SyncedFile::replace)
            .map_err(|error| failed(to, error))?;
        Ok(contents)
    });
    written.inspect_err(|_| remove_journal(to))
}

/// Reports whether a file is part of a backup that was not finished. Others may keep files of such an ending beside it.
pub(super) fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let backup = name
        .strip_suffix(JOURNAL)
        .unwrap_or(name)
        .strip_suffix(PARTIAL);
    backup.is_some_and(|name| parse(name).is_some())
}

/// Reports whether a file is the journal of one.
pub(crate) fn is_journal(path: &Path) -> bool {
    path.to_string_lossy().ends_with(JOURNAL)
}

pub(super) fn failed(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::DiskFull,
        _ => unusable(path, "no backup can be written there", Some(error)),
    }
}

fn write_partial(connection: &Connection, to: &Path) -> Result<(NewFile, Contents)> {
    let (tasks, last_change) = counts(connection)?;
    let written = if let Some(written) = copy(connection, to)? {
        written
    } else {
        remove_journal(to);
        let (sound, _folder) = tables_alone(connection)?;
        copy(&sound, to)?.ok_or_else(|| damaged(connection))?
    };
    // Tasks and changes only ever become more.
    let (partial, contents) = &written;
    if contents.tasks < tasks || contents.last_change < last_change {
        return Err(unusable(
            partial.path(),
            "the backup holds less than the database",
            None,
        ));
    }
    Ok(written)
}

/// Copies all pages that are in use, as they are, into a new file that is to be at `to`. Returns `None` if an index is
/// damaged.
fn copy(connection: &Connection, to: &Path) -> Result<Option<(NewFile, Contents)>> {
    // VACUUM INTO would make it readable for others; into an empty file it keeps the mode.
    let partial = NewFile::private_with_ending(to, PARTIAL).map_err(|error| failed(to, error))?;
    let to = partial.path();
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
        Err(error) => return Err(explain(error, to, "back up the database")),
    }
    let looked = Looked::at(to)?;
    match looked.worst {
        // What no task can have is there as well, and kept as it is.
        None | Some(Part::Unused | Part::Value) => {
            let contents = looked.compared()?;
            Ok(Some((partial, contents)))
        }
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
    let (new, _) = super::open(&folder.path().join("tasks.db"), Access::Write)?;
    let name = name_of(&database)?;
    let copied = attaching_one(&new, || {
        new.prepare_cached("ATTACH ?1 AS damaged")?
            .execute([name])?;
        new.execute_batch(TABLES)?;
        index_waiting(&new)?;
        new.execute_batch("COMMIT; DETACH damaged")
    });
    copied.map_err(|error| explain(error, &database, "back up the database"))?;
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

/// Removes what SQLite left beside the unfinished backup that was to be at `to`.
fn remove_journal(to: &Path) {
    let mut name = to.as_os_str().to_owned();
    name.push(PARTIAL);
    name.push(JOURNAL);
    let _ = discard(Path::new(&name));
}
