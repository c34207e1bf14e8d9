//! The search index as a whole: whether it says what the tasks say, and making it anew.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rusqlite::Connection;

use super::{Store, open, restore::Walk};
use crate::error::{Result, WhileTrying};

/// How many tasks are indexed at a time to compare.
const BATCH: usize = 10_000;

impl Store {
    /// Makes the search index anew from the tasks.
    pub(super) fn rebuild_index(&self) -> Result<()> {
        self.run("INSERT INTO search (search) VALUES ('delete-all')", [])?;
        Walk::new(self).try_for_each(|task| self.put_words(true, &task?))
    }

    /// Reports whether the search index is the one that the tasks give.
    pub(super) fn index_agrees(&self) -> Result<bool> {
        let scratch = Self::over(open::in_memory()?, self.paths.clone());
        let there = fingerprint(&self.connection)?;
        let mut wanted = 0_u64;
        let mut waiting = 0;
        for task in Walk::new(self) {
            scratch.put_words(true, &task?)?;
            waiting += 1;
            if waiting == BATCH {
                wanted = wanted.wrapping_add(fingerprint(&scratch.connection)?);
                scratch.run("INSERT INTO search (search) VALUES ('delete-all')", [])?;
                waiting = 0;
            }
        }
        wanted = wanted.wrapping_add(fingerprint(&scratch.connection)?);
        Ok(there == wanted)
    }
}

/// Returns a number for all that an index says, whatever the order: every word, and where it stands.
fn fingerprint(connection: &Connection) -> Result<u64> {
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.entry USING fts5vocab(main, search, instance)",
        )
        .while_trying("read the search index")?;
    let sum = || -> rusqlite::Result<u64> {
        let mut statement =
            connection.prepare_cached("SELECT term, doc, col, \"offset\" FROM temp.entry")?;
        let mut rows = statement.query([])?;
        let mut sum = 0_u64;
        while let Some(row) = rows.next()? {
            let mut hasher = DefaultHasher::new();
            row.get_ref(0)?.as_bytes()?.hash(&mut hasher);
            row.get::<_, i64>(1)?.hash(&mut hasher);
            row.get_ref(2)?.as_bytes_or_null()?.hash(&mut hasher);
            row.get::<_, i64>(3)?.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
        Ok(sum)
    };
    sum().while_trying("read the search index")
}
