//! An index in memory, with the rules of the one in the database.

use rusqlite::Connection;

use crate::{
    domain::{error::Result, task::TaskId},
    store::{
        failure::WhileTrying,
        indexing::{Filling, Texts},
    },
};

/// The index. It holds nothing between two calls.
#[derive(Debug)]
pub(in crate::store) struct Scratch(Connection);

impl Scratch {
    pub(in crate::store) fn new() -> Result<Self> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_in_memory()?;
            connection.execute_batch(
                "CREATE VIRTUAL TABLE search USING fts5 (heading, labels, body, remarks, inside, tokenize = 'ascii');
                 CREATE VIRTUAL TABLE title_search USING fts5 (heading, tokenize = 'ascii');",
            )?;
            Ok(connection)
        };
        open().map(Self).while_trying("make an index in memory")
    }

    /// Runs `work` on an index of `texts`.
    pub(in crate::store) fn with<T>(
        &self,
        texts: &[Texts],
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        // Dropped without a commit: all of it is taken back.
        let _forgotten = self
            .0
            .unchecked_transaction()
            .while_trying("index in memory")?;
        let fill = || -> rusqlite::Result<()> {
            let mut filling = Filling::begin(&self.0, false)?;
            texts.iter().try_for_each(|texts| filling.add(texts))
        };
        fill().while_trying("index in memory")?;
        work(&self.0)
    }

    /// Appends to each of `found` which of `texts` match the query in its place.
    pub(super) fn find(
        &self,
        texts: &[Texts],
        queries: &[String],
        found: &mut [Vec<TaskId>],
    ) -> Result<()> {
        self.with(texts, |connection| {
            let mut find = || -> rusqlite::Result<()> {
                let mut select =
                    connection.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1")?;
                for (found, query) in found.iter_mut().zip(queries) {
                    let mut rows = select.query([query])?;
                    while let Some(row) = rows.next()? {
                        found.push(row.get(0)?);
                    }
                }
                Ok(())
            };
            find().while_trying("search the latest tasks")
        })
    }
}
