//! The indexes of an empty database, made when all tasks are in it: sorted once, each costs a fraction of what it costs to
//! find a place in it for one task after another.

use rusqlite::Connection;

use crate::{domain::error::Result, store::failure::WhileTrying};

/// The statements that make the indexes again. Nothing of this outlasts a transaction that is taken back.
#[derive(Debug)]
pub(super) struct Indexes(Vec<String>);

impl Indexes {
    /// Drops the indexes that the schema names. Called in a transaction.
    pub(super) fn take_away(connection: &Connection) -> Result<Self> {
        let take_away = || -> rusqlite::Result<Self> {
            // Those of primary keys have no statement, and stay.
            let mut statement = connection.prepare_cached(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid",
            )?;
            let named: Vec<(String, String)> = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (name, _) in &named {
                connection
                    .prepare_cached(&format!("DROP INDEX \"{name}\""))?
                    .execute([])?;
            }
            Ok(Self(named.into_iter().map(|(_, sql)| sql).collect()))
        };
        take_away().while_trying("prepare an import")
    }

    /// Makes them again.
    pub(super) fn put_back(&self, connection: &Connection) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|sql| connection.prepare_cached(sql)?.execute([]).map(|_| ()))
            .while_trying("make the indexes")
    }
}
