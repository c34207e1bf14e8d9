//! An index in memory, with the rules of the one in the database, for texts that are not in that one yet.

use rusqlite::{Connection, params};

use crate::{
    error::{Result, WhileTrying},
    task::TaskId,
};

/// A task, and its texts: title; project and tags; description; comments.
pub(super) type Text = (TaskId, [String; 4]);

/// The index. It holds nothing between two calls.
#[derive(Debug)]
pub(in crate::store) struct Scratch(Connection);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_in_memory()?;
            connection.execute_batch(
                "CREATE VIRTUAL TABLE search USING fts5 (
                     heading, labels, body, remarks, tokenize = 'unicode61 remove_diacritics 2');",
            )?;
            Ok(connection)
        };
        open().map(Self).while_trying("make an index in memory")
    }

    /// Returns which of `texts` match each query.
    pub(super) fn matching<const N: usize>(
        &self,
        texts: &[Text],
        queries: &[String; N],
    ) -> Result<[Vec<TaskId>; N]> {
        let find = || -> rusqlite::Result<[Vec<TaskId>; N]> {
            // Dropped without a commit: all of it is taken back.
            let _forgotten = self.0.unchecked_transaction()?;
            let mut insert = self.0.prepare_cached(
                "INSERT INTO search (rowid, heading, labels, body, remarks) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (id, [heading, labels, body, remarks]) in texts {
                insert.execute(params![id, heading, labels, body, remarks])?;
            }
            let mut select = self
                .0
                .prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1")?;
            let mut found = [const { Vec::new() }; N];
            for (found, query) in found.iter_mut().zip(queries) {
                *found = select
                    .query_map([query], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
            }
            Ok(found)
        };
        find().while_trying("search the latest tasks")
    }
}
