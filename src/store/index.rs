//! The search index as a whole: whether it says what the tasks say, and making it anew.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use rusqlite::Connection;

use super::{
    Store,
    failure::WhileTrying,
    indexing::{Texts, has_other_rules, index_anew, instances},
    search::Scratch,
};
use crate::domain::{error::Result, text::folded};

/// How many tasks are indexed at a time to compare.
const BATCH: u32 = 10_000;

impl Store {
    /// Makes the search index from the tasks. Called in a transaction.
    pub(crate) fn index_all(&self) -> Result<()> {
        index_anew(&self.connection).while_trying("index tasks")
    }

    /// Reports whether the search index is the one that the tasks give, but for those that wait to be indexed: all of them, where
    /// the program ended between making the tables and filling them.
    pub(crate) fn index_agrees(&self) -> Result<bool> {
        if has_other_rules(&self.connection).while_trying("read the search index")? {
            return Ok(false);
        }
        let waiting: HashSet<i64> = self
            .connection
            .prepare_cached("SELECT task_id FROM unindexed")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .while_trying("read the search index")?;
        if !self.titles_agree(&waiting)? {
            return Ok(false);
        }
        let there = fingerprint(&self.connection, &waiting)?;
        let scratch = Scratch::new()?;
        let mut wanted = Fingerprint::default();
        let mut after = 0;
        loop {
            let texts = self.texts_after(after)?;
            let Some(last) = texts.last() else {
                return Ok(there == wanted);
            };
            after = last.id.get();
            scratch.with(&texts, |connection| {
                let part = fingerprint(connection, &HashSet::new())?;
                wanted = wanted.and(part);
                Ok(())
            })?;
        }
    }

    /// Reports whether the index of titles has every task up to its last one, and of those that do not wait the title that they have.
    fn titles_agree(&self, waiting: &HashSet<i64>) -> Result<bool> {
        let agree = || -> rusqlite::Result<bool> {
            let mut statement = self.connection.prepare_cached(
                "SELECT id, title, task_id, key FROM task FULL JOIN title_order ON task_id = id
                  WHERE id IS NULL OR id <= (SELECT max(task_id) FROM title_order)",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (Some(id), Some(_)) =
                    (row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(2)?)
                else {
                    return Ok(false);
                };
                let is_same = folded(row.get_ref(1)?.as_str()?) == row.get_ref(3)?.as_str()?;
                if !is_same && !waiting.contains(&id) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        agree().while_trying("read the search index")
    }

    /// Returns what is to be searched of the tasks after `id` whose words are in the index.
    fn texts_after(&self, id: i64) -> Result<Vec<Texts>> {
        Texts::all(
            &self.connection,
            "SELECT id, heading, labels, body FROM task_text
              WHERE id > ?1 AND id NOT IN (SELECT task_id FROM unindexed) ORDER BY id LIMIT ?2",
            (id, BATCH),
        )
        .while_trying("read the tasks' words")
    }
}

/// A number for all that each table of an index says, whatever the order: every word, and where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fingerprint {
    texts: u64,
    titles: u64,
}

impl Fingerprint {
    fn and(self, other: Self) -> Self {
        Self {
            texts: self.texts.wrapping_add(other.texts),
            titles: self.titles.wrapping_add(other.titles),
        }
    }
}

/// Sums up an index, leaving out the tasks of `without`.
fn fingerprint(connection: &Connection, without: &HashSet<i64>) -> Result<Fingerprint> {
    let sum = |table: &str| -> rusqlite::Result<u64> {
        instances(connection, table)?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT term, doc, col, \"offset\" FROM temp.entry_of_{table}"
        ))?;
        let mut rows = statement.query([])?;
        let mut sum = 0_u64;
        while let Some(row) = rows.next()? {
            let task: i64 = row.get(1)?;
            if without.contains(&task) {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            row.get_ref(0)?.as_bytes()?.hash(&mut hasher);
            task.hash(&mut hasher);
            row.get_ref(2)?.as_bytes_or_null()?.hash(&mut hasher);
            row.get::<_, i64>(3)?.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
        Ok(sum)
    };
    let both = || -> rusqlite::Result<Fingerprint> {
        Ok(Fingerprint {
            texts: sum("search")?,
            titles: sum("title_search")?,
        })
    };
    both().while_trying("read the search index")
}
