//! An index in memory, with the rules of the one in the database.

use rusqlite::{Connection, Row, params};

use crate::{
    domain::{error::Result, task::TaskId},
    store::failure::WhileTrying,
};

/// A task, and its texts: title; project and tags; description; comments.
pub(in crate::store) type Text = (TaskId, [String; 4]);

/// Reads a row of `task_text`.
pub(in crate::store) fn text_from_row(row: &Row<'_>) -> rusqlite::Result<Text> {
    let texts = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
    Ok((row.get(0)?, texts))
}

/// The index. It holds nothing between two calls.
#[derive(Debug)]
pub(in crate::store) struct Scratch(Connection);

impl Scratch {
    pub(in crate::store) fn new() -> Result<Self> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_in_memory()?;
            connection.execute_batch(
                "CREATE VIRTUAL TABLE search USING fts5 (
                     heading, labels, body, remarks, tokenize = 'unicode61 remove_diacritics 2');
                 CREATE VIRTUAL TABLE title_search USING fts5 (
                     heading, tokenize = 'unicode61 remove_diacritics 2');",
            )?;
            Ok(connection)
        };
        open().map(Self).while_trying("make an index in memory")
    }

    /// Runs `work` on an index of `texts`.
    pub(in crate::store) fn with<T>(
        &self,
        texts: &[Text],
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        // Dropped without a commit: all of it is taken back.
        let _forgotten = self
            .0
            .unchecked_transaction()
            .while_trying("index in memory")?;
        let insert = || -> rusqlite::Result<()> {
            let mut whole = self.0.prepare_cached(
                "INSERT INTO search (rowid, heading, labels, body, remarks) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut title = self
                .0
                .prepare_cached("INSERT INTO title_search (rowid, heading) VALUES (?1, ?2)")?;
            for (id, [heading, labels, body, remarks]) in texts {
                whole.execute(params![id, heading, labels, body, remarks])?;
                title.execute(params![id, heading])?;
            }
            Ok(())
        };
        insert().while_trying("index in memory")?;
        work(&self.0)
    }

    /// Returns which of `texts` match each query.
    pub(super) fn matching<const N: usize>(
        &self,
        texts: &[Text],
        queries: &[String; N],
    ) -> Result<[Vec<TaskId>; N]> {
        self.with(texts, |connection| {
            let find = || -> rusqlite::Result<[Vec<TaskId>; N]> {
                let mut select =
                    connection.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1")?;
                let mut found = [const { Vec::new() }; N];
                for (found, query) in found.iter_mut().zip(queries) {
                    *found = select
                        .query_map([query], |row| row.get(0))?
                        .collect::<rusqlite::Result<_>>()?;
                }
                Ok(found)
            };
            find().while_trying("search the latest tasks")
        })
    }
}
