//! Opening the database: folder, permissions, lock, checks, migrations, settings. A fixed sequence; each step says why
//! it is there.
//!
//! # Invariants
//!
//! - A database that is not ours, or newer than this build, is left as it was found.
//! - Nothing here opens, copies or hashes the database, its `-wal` or its `-shm` by file calls: closing such a file
//!   drops SQLite's locks, and with them other processes' acknowledged writes. The only exception is the creation of
//!   an empty file that did not exist.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{
    ballast,
    checkpoint::forget_failed,
    failure::{WhileTrying, explain, has_few_handles},
    indexing::{index_by_our_rules, is_by_our_rules},
    paths::{Paths, refuse_planted, settled, unlocked, unusable},
    zone_order::{is_by_our_zones, order_by_our_zones},
};
use crate::{
    disk::{LockError, OF_DATABASE, TOO_FEW, canonicalize, lock, make_private},
    domain::error::{Error, Result},
};

mod connect;
mod migrations;
mod read_only;

pub use connect::Access;
use connect::{connect, settle};
use migrations::Schema;
pub(crate) use migrations::in_memory;
use read_only::{is_frozen, open_frozen};
pub(crate) use read_only::{is_writable, open_to_look};

/// "thld": the mark in the file's header that it is ours. Set by the first migration.
const APPLICATION_ID: i64 = 0x7468_6C64;
/// The first SQLite without the WAL-reset bug, which corrupts when two connections write and checkpoint at once.
pub(crate) const OLDEST_SQLITE: i32 = 3_051_003;

/// Keeps what the database holds before its schema is upgraded.
pub(super) type BeforeUpgrade = fn(&Connection, &Paths) -> Result<()>;

/// Returns the version of the SQLite in this program.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Opens the database at `path`, which must be absolute, and creates or upgrades it where that is due; before an upgrade,
/// `before_upgrade` is called.
pub(super) fn open(
    path: &Path,
    access: Access,
    before_upgrade: BeforeUpgrade,
) -> Result<(Connection, Paths)> {
    open_with(path, access, &Schema::latest(), before_upgrade)
}

fn open_with(
    path: &Path,
    access: Access,
    schema: &Schema,
    before_upgrade: BeforeUpgrade,
) -> Result<(Connection, Paths)> {
    assert!(
        rusqlite::version_number() >= OLDEST_SQLITE,
        "SQLite is older than 3.51.3"
    );
    let paths = Paths::new(&settled(path)?);
    let mut opened = open_at(&paths, access, schema, before_upgrade);
    if matches!(opened, Err(Error::DiskFull)) && ballast::release(&paths) {
        // Even reading takes a little room.
        opened = open_at(&paths, access, schema, before_upgrade);
    }
    let connection = match opened {
        Err(Error::Unusable { .. } | Error::Database { .. })
            if has_few_handles(&paths.database) =>
        {
            Err(unusable(&paths.database, TOO_FEW, None))
        }
        Err(Error::DiskFull | Error::FileLimit) if access == Access::Read => {
            open_frozen(&paths, access, schema)
        }
        Err(_) if is_frozen(&paths) => open_frozen(&paths, access, schema),
        opened => opened,
    }?;
    Ok((connection, paths))
}

fn open_at(
    paths: &Paths,
    access: Access,
    schema: &Schema,
    before_upgrade: BeforeUpgrade,
) -> Result<Connection> {
    let known = schema.version;
    let mut connection = connect(&paths.database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // SQLite reads what it may not write, and says so only when it is written.
    if access == Access::Write && connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
        let reason =
            "it cannot be written: the file is read-only; taskhold doctor says the way out";
        return Err(unusable(&paths.database, reason, None));
    }
    // The usual case: nothing to do, and no lock to wait for.
    if !is_ready(&connection, &paths.database, known)? {
        let lock = lock(&paths.lock, OF_DATABASE).map_err(|error| unlocked(&paths.lock, error))?;
        // The ruling state is the one under the lock: another process may have been first.
        if !is_ready(&connection, &paths.database, known)? {
            prepare(&mut connection, paths, schema, before_upgrade)
                .inspect_err(|_| forget_failed(&connection))?;
        }
        drop(lock);
    }
    if !is_derived_by_us(&connection).unwrap_or(false) {
        // An older program, or a newer one, made the index or sorted the times, or the upgrade was cut short.
        match lock(&paths.lock, OF_DATABASE) {
            Ok(lock) => {
                derive(&connection);
                drop(lock);
            }
            // Where nobody can write, the index is searched as it is.
            Err(LockError::File(_)) => {}
            // That process may be the one that fills it.
            Err(error) => return Err(unlocked(&paths.lock, error)),
        }
    }
    settle(&connection, access)?;
    Ok(connection)
}

/// Reports whether the search index and the order of times are by the rules of this program.
fn is_derived_by_us(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(is_by_our_rules(connection)? && is_by_our_zones(connection)?)
}

/// Fills the search index and sorts times with a zone by the rules of this program. What cannot be indexed is searched without: that
/// is slow, and no reason to refuse the tasks; nor is an order by older zones.
fn derive(connection: &Connection) {
    if let Err(error) = index_by_our_rules(connection) {
        forget_failed(connection);
        tracing::warn!("the search index could not be made anew: {error}");
    }
    if let Err(error) = order_by_our_zones(connection) {
        forget_failed(connection);
        tracing::warn!("times with a zone keep the order by older rules of their zones: {error}");
    }
}

/// Reports whether opening `path` would neither create nor upgrade a database, nor make anew what is derived. One that cannot be used is left to
/// [`open`], which says why.
pub(super) fn is_current(path: &Path) -> bool {
    let is_ready = |found: std::path::PathBuf| -> Result<bool> {
        refuse_planted(&found)?;
        let connection = connect(&found, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(is_ready(&connection, &found, Schema::LATEST)?
            && is_derived_by_us(&connection).unwrap_or(true))
    };
    match canonicalize(path) {
        Ok(found) => is_ready(found).unwrap_or(true),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Reports whether the database is at `known` and in WAL mode. One that is not ours, or newer, is refused.
fn is_ready(connection: &Connection, database: &Path, known: i64) -> Result<bool> {
    // One state of the file: another process may be making the schema meanwhile.
    let snapshot = connection
        .unchecked_transaction()
        .while_trying("read the database's header")?;
    let version = pragma_value(connection, database, "user_version")?;
    let application = pragma_value(connection, database, "application_id")?;
    let is_new = version == 0 && application == 0 && is_empty(connection, database)?;
    snapshot
        .commit()
        .while_trying("read the database's header")?;
    match application {
        APPLICATION_ID if version > known => Err(newer(database, version, known)),
        APPLICATION_ID if version == known => {
            let mode: String = connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .map_err(|error| explain(error, database, "read the journal mode"))?;
            Ok(mode == "wal")
        }
        APPLICATION_ID => Ok(false),
        0 if is_new => Ok(false),
        _ => Err(unusable(
            database,
            "it is another program's database; choose another file",
            None,
        )),
    }
}

fn pragma_value(connection: &Connection, database: &Path, name: &str) -> Result<i64> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|error| explain(error, database, "read the database's header"))
}

/// Reports whether the database holds nothing. refinery makes the table of its history in a transaction of its own,
/// before the first migration: that alone is nothing.
fn is_empty(connection: &Connection, database: &Path) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history')",
        )
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(|error| explain(error, database, "read the schema"))
}

/// Makes or upgrades the schema and switches to WAL. Called under the lock: without it, processes that start together
/// run a migration twice, and the switch fails for all but one of them.
fn prepare(
    connection: &mut Connection,
    paths: &Paths,
    schema: &Schema,
    before_upgrade: BeforeUpgrade,
) -> Result<()> {
    let database = &paths.database;
    let version = pragma_value(connection, database, "user_version")?;
    if version == 0 {
        // An empty file that somebody else made.
        make_private(database)
            .map_err(|error| unusable(database, "it cannot be kept from others", Some(error)))?;
    }
    if version > 0 && version < schema.version {
        before_upgrade(connection, paths)?;
    }
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| explain(error, database, "switch to WAL"))?;
    if mode != "wal" {
        return Err(unusable(
            database,
            "its file system does not support SQLite's WAL",
            None,
        ));
    }
    connection
        .pragma_update(None, "synchronous", "FULL")
        .while_trying("set durability")?;
    schema.migrate(connection, database)?;
    derive(connection);
    if version > 0 && version < schema.version {
        // Whole tables were written anew. A disk with too little room for it keeps the pages for later.
        if let Err(error) = connection.execute_batch("VACUUM") {
            forget_failed(connection);
            tracing::warn!("the database keeps pages that nothing uses: {error}");
        }
    }
    Ok(())
}

/// Returns the version of the schema of a database of ours that this program knows; any other is refused.
pub(crate) fn schema_version(connection: &Connection, file: &Path) -> Result<i64> {
    let known = latest_schema();
    if pragma_value(connection, file, "application_id")? != APPLICATION_ID {
        return Err(unusable(file, "it holds no tasks of taskhold", None));
    }
    let version = pragma_value(connection, file, "user_version")?;
    if version > known {
        return Err(newer(file, version, known));
    }
    Ok(version)
}

/// Reports whether a database holds nothing yet.
pub(crate) fn is_blank(connection: &Connection, file: &Path) -> Result<bool> {
    Ok(pragma_value(connection, file, "application_id")? == 0
        && pragma_value(connection, file, "user_version")? == 0
        && is_empty(connection, file)?)
}

/// Returns the version of the schema that this program makes.
pub(crate) fn latest_schema() -> i64 {
    Schema::LATEST
}

fn newer(file: &Path, version: i64, known: i64) -> Error {
    let reason = format!(
        "a newer taskhold made it (schema {version}, this one knows {known}); update taskhold"
    );
    unusable(file, reason, None)
}

#[cfg(test)]
mod tests {
    use rusqlite::config::DbConfig;

    use super::*;
    use crate::store::backup::{self, before_upgrade};

    fn add_one(path: &Path) {
        open(path, Access::Write, before_upgrade)
            .unwrap()
            .0
            .execute_batch(
                "INSERT INTO task (title, description, status, created_at, updated_at, created_by, rev)
                 VALUES ('kept', '', 'pending', 0, 0, 'test', 1)",
            )
            .unwrap();
    }

    fn titles(connection: &Connection) -> Vec<String> {
        let mut statement = connection.prepare_cached("SELECT title FROM task").unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    #[test]
    fn a_migration_is_preceded_by_a_backup_that_opens_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        add_one(&path);
        let sql = format!(
            "ALTER TABLE task ADD COLUMN extra TEXT; PRAGMA user_version = {}",
            Schema::LATEST + 1
        );
        let (upgraded, paths) =
            open_with(&path, Access::Write, &Schema::next(&sql), before_upgrade).unwrap();
        assert_eq!(titles(&upgraded), ["kept"]);
        let backups = backup::list(&path).unwrap();
        let [backup] = backups.as_slice() else {
            panic!("{backups:?}")
        };
        assert_eq!(backup.reason, backup::Reason::Upgrade);
        assert_eq!(backup.path.parent(), Some(paths.backups.as_path()));
        let backup = &backup.path;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(backup).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let (restored, _) = open(backup, Access::Write, before_upgrade).unwrap();
        assert_eq!(titles(&restored), ["kept"]);
    }

    #[test]
    fn a_migration_that_fails_leaves_the_old_schema_and_every_task() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        add_one(&path);
        let sql = "ALTER TABLE task ADD COLUMN extra TEXT; SELECT no_such_function()";
        let refusal =
            open_with(&path, Access::Write, &Schema::next(sql), before_upgrade).unwrap_err();
        assert!(
            refusal
                .to_string()
                .contains("its schema cannot be upgraded"),
            "{refusal}"
        );
        let (connection, _) = open(&path, Access::Write, before_upgrade).unwrap();
        assert_eq!(titles(&connection), ["kept"]);
    }

    #[test]
    fn a_crash_before_the_first_migration_leaves_a_database_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        // What refinery has written by then.
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "CREATE TABLE refinery_schema_history(
                     version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))",
            )
            .unwrap();
        add_one(&path);
    }

    #[test]
    fn a_connection_is_as_safe_as_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, _) = open(
            &folder.path().join("tasks.db"),
            Access::Write,
            before_upgrade,
        )
        .unwrap();
        let pragma = |connection: &Connection, name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| {
                    row.get_ref(0).map(|value| format!("{value:?}"))
                })
                .unwrap()
        };
        let expected = [
            ("journal_mode", "Text([119, 97, 108])"),
            ("synchronous", "Integer(2)"),
            ("fullfsync", "Integer(1)"),
            ("checkpoint_fullfsync", "Integer(1)"),
            ("foreign_keys", "Integer(1)"),
            ("cell_size_check", "Integer(1)"),
            ("query_only", "Integer(0)"),
            ("trusted_schema", "Integer(0)"),
        ];
        for (name, value) in expected {
            assert_eq!(pragma(&writer, name), value, "{name}");
        }
        let (reader, _) = open(
            &folder.path().join("tasks.db"),
            Access::Read,
            before_upgrade,
        )
        .unwrap();
        assert_eq!(pragma(&reader, "query_only"), "Integer(1)");
        reader.execute_batch("DELETE FROM task").unwrap_err();
        for connection in [&reader, &writer] {
            assert!(
                connection
                    .db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE)
                    .unwrap()
            );
            assert!(
                !connection
                    .db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML)
                    .unwrap()
            );
            connection
                .execute_batch("ATTACH ':memory:' AS other")
                .unwrap_err();
        }
    }
}
