//! Full-text search (FTS5): the index, what is not in it yet, and finding.
//!
//! Each transaction that writes to the index writes a new part of it, which costs more than the rows of the task. So a
//! write only notes in `unindexed` whose words the index does not have as they are; [`AT_ONCE`] of these are indexed
//! together, or fewer when the writer has nothing else to do. A search reads the few that wait by an index in memory that
//! follows the same rules (`scratch`).
//!
//! What a search asks of the index, the index has as lists that are read from the latest task on, as far as a page needs: of words,
//! of pieces of words (`domain::text::terms`), and of each of the words that begin as another does (`tiers`). Where it finds many
//! tasks that are not in the list, or few come into question, the texts of these few are read instead (`few`).

use std::collections::BTreeSet;

use rusqlite::params;

use super::{
    Store,
    failure::WhileTrying,
    indexing::{Texts, index_waiting},
    search_words::Words,
    views::open,
};
use crate::domain::{
    error::Result,
    query::{Filters, Moment, Page, Position, View},
    task::{TaskId, Title},
};

mod few;
mod scratch;
mod tiers;

pub(super) use scratch::Scratch;
use tiers::Tiers;

/// How many tasks may wait to be indexed.
const AT_ONCE: u32 = 64;
/// How many of them a search reads at a time: all may wait, where an upgrade could not fill the index.
const READ_AT_ONCE: u32 = 1_000;

/// The titles of open tasks that wait to be indexed. CROSS: by itself SQLite goes through all tasks, to spare the order.
const WAITING_TITLES: &str = concat!(
    "SELECT id, title FROM unindexed CROSS JOIN task ON task.id = task_id WHERE task_id < ?1 AND ",
    open!(),
    " ORDER BY task_id"
);

const INDEXED_TITLES: &str = concat!(
    "SELECT id, title FROM title_search CROSS JOIN task ON task.id = title_search.rowid
      WHERE title_search MATCH ?1 AND title_search.rowid BETWEEN ?2 - 1000 AND ?2 - 1 AND ",
    open!(),
    " ORDER BY title_search.rowid LIMIT 10"
);

impl Store {
    /// Notes that the index does not have the words of the task `id` as they are.
    pub(super) fn note_words(&self, id: TaskId) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO unindexed (task_id) VALUES (?1)")
            .and_then(|mut statement| statement.execute([id]))
            .while_trying("note a task's words")?;
        Ok(())
    }

    /// Indexes the tasks that wait, if there are enough of them. Called in a transaction.
    pub(super) fn index_when_due(&self) -> Result<()> {
        let waiting: u32 = self
            .connection
            .prepare_cached("SELECT count(*) FROM unindexed")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("count tasks to index")?;
        if waiting >= AT_ONCE {
            index_waiting(&self.connection).while_trying("index tasks")?;
        }
        Ok(())
    }

    /// Returns up to `limit` tasks of `view` that have all `words`: those with the words in their title first,
    /// then those with them elsewhere, then those with longer words that begin so, then those with titles, projects or tags
    /// whose longer words have them inside; the latest first.
    pub fn search(
        &self,
        words: &Words,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        self.snapshot(|store| store.search_now(words, view, filters, moment, after, limit))
    }

    fn search_now(
        &self,
        words: &Words,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        let mut tiers = Tiers::begin(self, words, view, filters, moment, after.is_none())?;
        let waiting = self.waiting(tiers.in_memory())?;
        let mut page = Page::new(after);
        let mut seen = BTreeSet::new();
        for (tier, waiting) in waiting.iter().enumerate() {
            let key = i64::try_from(tier).unwrap_or(i64::MAX);
            // Within a tier the latest comes first, so what is gone on from lies above what follows.
            let from = match after {
                Some(after) if after.key.0 > key => continue,
                Some(after) if after.key.0 == key => after,
                _ => Position {
                    key: (key, 0),
                    id: i64::MAX,
                },
            };
            if page.next.is_some() {
                break;
            }
            // What was found before may be found again.
            let again = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            let wanted = limit.saturating_add(1).saturating_add(again);
            let mut rows = tiers.indexed(tier, from, wanted)?;
            rows.extend(tiers.among(waiting, from, wanted)?);
            if after.is_none() {
                rows.retain(|(task, _)| seen.insert(task.id));
            }
            rows.sort_by_key(|(task, _)| std::cmp::Reverse(task.id));
            page.fill(rows, limit);
        }
        Ok(page)
    }

    /// Returns the ids of up to `limit` open tasks with all `words` in their title, the latest first.
    pub fn open_titled(&self, words: &Words, limit: u32) -> Result<Vec<TaskId>> {
        self.snapshot(|store| store.open_titled_now(words, limit))
    }

    fn open_titled_now(&self, words: &Words, limit: u32) -> Result<Vec<TaskId>> {
        // A common word is in many titles, most of them finished: only the latest 10,000 are looked at.
        let sql = concat!(
            "SELECT task.id AS id
               FROM (SELECT rowid AS found FROM title_search WHERE title_search MATCH ?1
                      ORDER BY rowid DESC LIMIT 10000)
               JOIN task ON task.id = found
              WHERE found NOT IN (SELECT task_id FROM unindexed) AND ",
            open!(),
            " ORDER BY found DESC LIMIT ?2"
        );
        let query = words.beginning_in_title();
        let mut ids: Vec<TaskId> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map(params![query, limit], |row| row.get("id"))?
                    .collect()
            })
            .while_trying("look for titles")?;
        for id in self.waiting(&[query])?.into_iter().flatten() {
            if self
                .task(id)?
                .is_some_and(|task| task.is_open() && !task.is_deleted())
            {
                ids.push(id);
            }
        }
        ids.sort_by_key(|id| std::cmp::Reverse(*id));
        ids.truncate(limit as usize);
        Ok(ids)
    }

    /// Returns an open task, of the latest 1,000 before `id`, whose title has all the words of `title` and few others.
    pub fn similar(&self, title: &Title, id: TaskId) -> Result<Option<(TaskId, Title)>> {
        self.snapshot(|store| store.similar_now(title, id))
    }

    fn similar_now(&self, title: &Title, id: TaskId) -> Result<Option<(TaskId, Title)>> {
        let Ok(words) = Words::read(title.as_str()) else {
            return Ok(None);
        };
        let most = words.count() + words.count() / 2;
        let read = |title: &Title| Words::read(title.as_str());
        let is_close =
            |(_, title): &(TaskId, Title)| read(title).is_ok_and(|other| other.count() <= most);
        let has_all =
            |(_, title): &(TaskId, Title)| read(title).is_ok_and(|other| words.are_all_in(&other));
        let titles = |sql, params: &[&dyn rusqlite::ToSql]| -> Result<Vec<(TaskId, Title)>> {
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    statement
                        .query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect()
                })
                .while_trying("look for a similar task")
        };
        let waiting = titles(WAITING_TITLES, &[&id])?;
        if let Some(found) = waiting.into_iter().find(|it| has_all(it) && is_close(it)) {
            return Ok(Some(found));
        }
        let indexed = titles(INDEXED_TITLES, &[&words.in_title(), &id])?;
        Ok(indexed.into_iter().find(is_close))
    }

    /// Returns which of the tasks that wait to be indexed match each query.
    fn waiting(&self, queries: &[String]) -> Result<Vec<Vec<TaskId>>> {
        let mut found = vec![Vec::new(); queries.len()];
        let mut after = 0;
        loop {
            let texts = Texts::all(
                &self.connection,
                "SELECT id, heading, labels, body FROM task_text
                  WHERE id IN (SELECT task_id FROM unindexed WHERE task_id > ?1 ORDER BY task_id LIMIT ?2)
                  ORDER BY id",
                (after, READ_AT_ONCE),
            )
            .while_trying("read what is to be indexed")?;
            let Some(last) = texts.last() else {
                return Ok(found);
            };
            after = last.id.get();
            self.scratch()?.find(&texts, queries, &mut found)?;
        }
    }

    fn scratch(&self) -> Result<&Scratch> {
        if self.scratch.get().is_none() {
            // Only this thread has the store.
            let _ = self.scratch.set(Scratch::new()?);
        }
        Ok(self.scratch.get().expect("it was just set"))
    }
}

#[cfg(test)]
mod tests;
