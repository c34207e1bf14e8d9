//! Opening a database that cannot be written, or is only to be looked at, and finding out which it is.

use std::{fs, io, path::Path};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    connect::{Access, connect, connect_by, settle},
    migrations::Schema,
    pragma_value, schema_version,
};
use crate::{
    disk::{canonicalize, open_beside, patience},
    domain::error::{Error, Result},
    store::{
        failure::{WhileTrying, explain},
        paths::{Paths, refuse_planted, unusable},
    },
};

/// Opens a database file to read it, changing nothing and leaving nothing beside it; a link to it is followed. Only what
/// a crash left half written is rolled back: nobody can read the database before.
pub(crate) fn open_to_look(file: &Path) -> Result<Connection> {
    let found = canonicalize(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unusable(file, "there is no such file", None),
        _ => unusable(file, "it cannot be read", Some(error)),
    })?;
    refuse_planted(&found)?;
    let connection = connect_to_look(&found)?;
    match pragma_value(&connection, file, "user_version") {
        Err(Error::DiskFull | Error::FileLimit) => connect_frozen(&found),
        Err(_) if is_frozen(&Paths::new(&found)) => connect_frozen(&found),
        Err(_) if is_beside(&found, "-journal") => {
            connect(&found, OpenFlags::SQLITE_OPEN_READ_WRITE)
        }
        _ => Ok(connection),
    }
}

/// A connection that may not write makes SQLite's `-wal` and `-shm` as well, and leaves them. One that may takes them
/// away again when it was alone; it is used where no log waits that it would move into the database.
fn connect_to_look(database: &Path) -> Result<Connection> {
    if is_beside(database, "-wal") || is_beside(database, "-journal") {
        return connect(database, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let connection = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    leave_nothing(&connection)?;
    Ok(connection)
}

fn is_beside(database: &Path, ending: &str) -> bool {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    Path::new(&name).exists()
}

/// Has SQLite remove its `-wal` and `-shm` when `connection` is the last to close.
fn leave_nothing(connection: &Connection) -> Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .while_trying("set up the connection")
        .map(drop)
}

/// Reports whether SQLite lets a change begin in a database of ours. Nothing is changed: the transaction is rolled back. A
/// change that another process is at shows that it can be written.
pub(crate) fn is_writable(database: &Path) -> Result<bool> {
    // To open it for writing would be to roll back what a crash left.
    if is_beside(database, "-journal") {
        return Ok(true);
    }
    let has_log = is_beside(database, "-wal");
    let connection = match connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        Err(Error::Unusable { .. }) => return Ok(false),
        connection => connection?,
    };
    if !has_log {
        leave_nothing(&connection)?;
    }
    // SQLite reads what it may not write, and says so only when it is written.
    if connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
        return Ok(false);
    }
    let begun = patience::without_waiting(|| connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK"));
    match begun.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
        Ok(()) | Err(Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => Ok(true),
        Err(Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)) => {
            Ok(false)
        }
        Err(_) => begun
            .map(|()| true)
            .map_err(|error| explain(error, database, "begin to write")),
    }
}

/// Reports whether nothing can be written beside the database: a medium that is read-only, or a folder in which this user
/// makes no files.
pub(super) fn is_frozen(paths: &Paths) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let folder = paths.database.parent().unwrap_or(&paths.database);
    // A file without a name: looking leaves nothing behind.
    let mut written = tempfile::tempfile_in(folder);
    if paths.lock.exists() {
        written = written.and_then(|_| open_beside(&paths.lock));
    }
    written.is_err_and(|error| matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem))
}

/// Opens a database that cannot be written, to read it.
pub(super) fn open_frozen(paths: &Paths, access: Access, schema: &Schema) -> Result<Connection> {
    let database = &paths.database;
    if access == Access::Write {
        let reason = "it cannot be written: the file, its folder or the medium is read-only; tasks can be read, and backed up to another place";
        return Err(unusable(database, reason, None));
    }
    let connection = connect_frozen(database)?;
    if schema_version(&connection, database)? < schema.version {
        let reason = "an older taskhold made it, and where it lies it cannot be upgraded; copy it to a folder of yours and give that with --db";
        return Err(unusable(database, reason, None));
    }
    settle(&connection, access)?;
    Ok(connection)
}

/// Without a place for the memory that processes share, SQLite reads a database only when told that nobody writes it.
/// Then it passes over the log, so there must be none.
fn connect_frozen(database: &Path) -> Result<Connection> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let reason = "changes wait in its -wal, and to read them it must be possible to write beside it; copy both files to a folder of yours and give that with --db";
        return Err(unusable(database, reason, None));
    }
    // SQLite takes what follows `file:` as it is: a path of a drive and one of a share alike, backslashes written in code.
    let name = database.as_os_str().as_encoded_bytes();
    let name = percent_encoding::percent_encode(name, URI_PATH);
    let uri = format!("file:{name}?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect_by(Path::new(&uri), database, flags)
}

/// What is not written as itself in the path of a URI.
const URI_PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b':');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_nobody_can_write_is_read_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut names = vec!["a b.db", "50%.db", "a#b.db", "%20.db", "ü.db"];
        if cfg!(unix) {
            names.extend(["a?b.db", r"a\b.db", "a:b.db", "\"a\".db"]);
        }
        for (number, name) in (1_i64..).zip(names) {
            let path = canonicalize(folder.path()).unwrap().join(name);
            let connection = Connection::open(&path).unwrap();
            connection
                .pragma_update(None, "user_version", number)
                .unwrap();
            drop(connection);
            let frozen = connect_frozen(&path).unwrap();
            let found = pragma_value(&frozen, &path, "user_version");
            assert_eq!(found.unwrap(), number, "{name}");
        }
    }

    #[test]
    fn what_a_crash_left_half_written_is_rolled_back_to_look_at_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cut) = (folder.path().join("one.db"), folder.path().join("cut.db"));
        let one = Connection::open(&path).unwrap();
        one.execute_batch(
            "PRAGMA user_version = 7; CREATE TABLE t (x); PRAGMA cache_size = 1;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
             INSERT INTO t SELECT zeroblob(1000) FROM n;
             BEGIN; PRAGMA user_version = 8; UPDATE t SET x = randomblob(1000)",
        )
        .unwrap();
        // As a power cut leaves them: pages of the change are in the file, and those before it in the journal.
        fs::copy(&path, &cut).unwrap();
        fs::copy(
            folder.path().join("one.db-journal"),
            folder.path().join("cut.db-journal"),
        )
        .unwrap();
        let looked = open_to_look(&cut).unwrap();
        assert_eq!(pragma_value(&looked, &cut, "user_version").unwrap(), 7);
        assert!(!is_beside(&cut, "-journal"));
    }
}
