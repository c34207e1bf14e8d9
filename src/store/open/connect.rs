//! One connection: how it is opened, and how it is set up for reading or writing.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use crate::{
    disk::patience,
    domain::error::Result,
    store::failure::{WhileTrying, explain},
};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads and writes.
    Write,
    /// Reads only.
    Read,
}

pub(super) fn connect(database: &Path, mode: OpenFlags) -> Result<Connection> {
    connect_by(database, database, mode)
}

/// As [`connect`]; SQLite is given another `name` of the database, by which people would not know it.
pub(super) fn connect_by(name: &Path, database: &Path, mode: OpenFlags) -> Result<Connection> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(name, flags)
        .map_err(|error| explain(error, database, "open the database"))?;
    // Before the first statement: recovery after a crash locks too.
    wait_for_locks(&mut connection).while_trying("set the busy handler")?;
    let switches = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // A plan that depends on the values bound would be made anew for each call.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        // Until the file is known to be ours, closing must not write it.
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
    ];
    for (switch, on) in switches {
        connection
            .set_db_config(switch, on)
            .while_trying("secure the connection")?;
    }
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, 8 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        // One, until `settle`: VACUUM INTO, the backup before a migration, attaches its target.
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
    ];
    for (limit, value) in limits {
        connection
            .set_limit(limit, value)
            .while_trying("limit the connection")?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Has `connection` wait for the locks of other processes as long as the call on the thread may.
fn wait_for_locks(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|tries| {
        patience::pause(u32::try_from(tries).unwrap_or(0))
    }))
}

/// Sets up a connection to a database that is known to be ours.
pub(super) fn settle(connection: &Connection, access: Access) -> Result<()> {
    let reads_only = access == Access::Read;
    let pragmas = [
        // An acknowledged commit is on the disk. NORMAL lost acknowledged tasks in 97 of 100 simulated power cuts.
        ("synchronous", "FULL"),
        // macOS: fsync alone leaves the data in the drive's cache.
        ("fullfsync", "ON"),
        ("checkpoint_fullfsync", "ON"),
        ("foreign_keys", "ON"),
        // Notice a damaged page before using it.
        ("cell_size_check", "ON"),
        // A mapped file turns an I/O error into a signal.
        ("mmap_size", "0"),
        // A log that grew under a long reader shrinks again.
        ("journal_size_limit", "67108864"),
        ("query_only", if reads_only { "ON" } else { "OFF" }),
        // In KiB. The counts in the heading of a list read the same pages again and again: of a million tasks more than the 2,000 KiB
        // that SQLite keeps by itself.
        ("cache_size", if reads_only { "-8192" } else { "-2000" }),
    ];
    for (name, value) in pragmas {
        connection
            .pragma_update(None, name, value)
            .while_trying("set up the connection")?;
    }
    connection
        .set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)
        .and_then(|_| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false))
        .while_trying("set up the connection")?;
    Ok(())
}
