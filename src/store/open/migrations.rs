//! The schema: its migrations, and what runs them.

use std::{io, path::Path};

use refinery::Runner;
use rusqlite::Connection;

use crate::{
    clock,
    domain::{
        error::Result,
        text::{clean, folded},
    },
    store::{failure::WhileTrying, paths::unusable},
};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// A version of the schema, and how a database comes to it.
pub(super) struct Schema {
    pub(super) version: i64,
    /// Made when one is to be run: to make it costs half of what a command costs that only reads.
    migrations: Box<dyn Fn() -> Runner>,
}

impl Schema {
    /// What this program knows: the last of `migrations`.
    pub(super) const LATEST: i64 = 3;

    /// Returns what this program knows.
    pub(super) fn latest() -> Self {
        Self {
            version: Self::LATEST,
            migrations: Box::new(embedded::migrations::runner),
        }
    }

    /// Runs what is due in one transaction: a crash between two migrations, or in one, leaves the old schema.
    pub(super) fn migrate(&self, connection: &mut Connection, database: &Path) -> Result<()> {
        // refinery notes the time, and panics at one that it cannot write.
        if clock::is_past_years() {
            let reason = "the clock of this machine is set to a year after 9999; set it right";
            return Err(unusable(database, reason, None));
        }
        let failed = |error| {
            unusable(
                database,
                "its schema cannot be upgraded",
                Some(io::Error::other(error)),
            )
        };
        // A table that others refer to can be replaced only while nobody checks; within a transaction it cannot be said.
        connection
            .pragma_update(None, "foreign_keys", "OFF")
            .while_trying("begin the upgrade")?;
        fold_names(connection).while_trying("begin the upgrade")?;
        let migrated = (self.migrations)().set_grouped(true).run(connection);
        connection
            .pragma_update(None, "foreign_keys", "ON")
            .while_trying("end the upgrade")?;
        migrated.map(drop).map_err(failed)
    }
}

/// Puts the names of projects and tags that are not ASCII into `temp.folded`, each with what it is compared by: the third
/// migration asks for them, and SQL folds ASCII alone.
fn fold_names(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DROP TABLE IF EXISTS temp.folded;
         CREATE TABLE temp.folded (name TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID",
    )?;
    let has_names: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info('task') WHERE name = 'tags')",
        )?
        .query_row([], |row| row.get(0))?;
    if !has_names {
        return Ok(());
    }
    let mut names = connection.prepare_cached(
        "SELECT project FROM task WHERE project GLOB '*[^ -~]*'
         UNION ALL SELECT tag FROM tag WHERE tag GLOB '*[^ -~]*'",
    )?;
    let mut keep = connection
        .prepare_cached("INSERT OR IGNORE INTO temp.folded (name, key) VALUES (?1, ?2)")?;
    let mut rows = names.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        // As it is shown, and will be written.
        let shown = clean(&name).text;
        keep.execute((&name, folded(&shown)))?;
    }
    Ok(())
}

/// Returns a database in memory with the schema of this program, and nothing in it.
pub(crate) fn in_memory() -> Result<Connection> {
    let mut connection = Connection::open_in_memory().while_trying("make a schema")?;
    Schema::latest().migrate(&mut connection, Path::new(":memory:"))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use refinery::Migration;

    use super::*;

    impl Schema {
        /// Returns the schema that one more migration makes.
        pub(in crate::store::open) fn next(sql: &str) -> Self {
            let version = Self::LATEST + 1;
            let name = format!("V{version}__test");
            let next = Migration::unapplied(&name, sql).unwrap();
            let migrations = move || {
                let mut migrations = embedded::migrations::runner().get_migrations().clone();
                migrations.push(next.clone());
                Runner::new(&migrations)
            };
            Self {
                version,
                migrations: Box::new(migrations),
            }
        }
    }

    #[test]
    fn the_latest_schema_is_that_of_the_last_migration() {
        let runner = embedded::migrations::runner();
        let versions = runner.get_migrations().iter().map(Migration::version);
        assert_eq!(versions.max().map(i64::from), Some(Schema::LATEST));
    }

    /// A checkout that gives lines another end makes databases that every other build calls altered.
    #[test]
    fn a_migration_is_embedded_with_the_ends_of_lines_it_was_released_with() {
        for migration in embedded::migrations::runner().get_migrations() {
            let sql = migration.sql().expect("it is embedded");
            assert!(!sql.contains('\r'), "{migration} has a carriage return");
        }
    }

    #[test]
    fn a_released_migration_is_never_edited() {
        let checksums: Vec<_> = embedded::migrations::runner()
            .get_migrations()
            .iter()
            .map(|migration| (migration.version(), migration.checksum()))
            .collect();
        insta::assert_debug_snapshot!(checksums);
    }
}
