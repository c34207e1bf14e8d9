//! Searches where few tasks come into question: their texts are read, instead of all that the index finds.

use rusqlite::params;

use crate::{
    domain::{
        error::Result,
        query::{Filters, Moment, View},
        task::TaskId,
    },
    store::{
        Store,
        failure::WhileTrying,
        indexing::Texts,
        search_words::{Queries, Words},
    },
};

/// A word that no more tasks have is rare, and so are series where no more tasks have finished rounds.
pub(super) const FEW: u32 = 128;
/// A list of no more tasks is short.
const FEW_LISTED: u32 = 500;
/// How many bytes of theirs may be read.
const MOST_READ: i64 = 200_000;
/// How many finished rounds of series are looked through for the tasks that have any.
const MOST_ROUNDS: u32 = 5_000;
/// How many bytes the descriptions and comments of the tasks in a JSON array have.
const LENGTH: &str = "SELECT coalesce(sum(octet_length(description)
              + (SELECT coalesce(sum(octet_length(text)), 0) FROM comment WHERE task_id = task.id)), 0)
       FROM json_each(?1) CROSS JOIN task ON task.id = value";
const TEXTS_OF: &str = "SELECT id, heading, labels, body FROM task_text
      WHERE id IN (SELECT value FROM json_each(?1)) AND id NOT IN (SELECT task_id FROM unindexed) ORDER BY id";
/// Tasks with changes that may have finished a round, and how many each has, up to a limit of changes.
const WITH_ROUNDS: &str = "SELECT task_id, count(*) FROM (
         SELECT task_id FROM change INDEXED BY change_by_round
          WHERE kind = 'complete' AND instr(new, '\"due\":') > 0 LIMIT ?1) GROUP BY task_id";

impl Store {
    /// Returns which indexed tasks of a list match each query; `None` if these are many.
    pub(super) fn found_in_a_short_list(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        of_few: &[String],
    ) -> Result<Option<Vec<Vec<TaskId>>>> {
        let count = self.count(view, filters, moment, None)?;
        if count.is_cut || count.number > FEW_LISTED {
            return Ok(None);
        }
        let page = self.list(view, filters, moment, None, FEW_LISTED)?;
        let few: Vec<TaskId> = page.tasks.iter().map(|task| task.id).collect();
        self.found_among(&few, of_few)
    }

    /// Returns which indexed tasks match each query of `of_few`, where one of several words is so rare that those with it are few.
    pub(super) fn found_of_few<'a>(
        &self,
        words: &Words,
        queries: impl Fn() -> Result<&'a Queries<'a>>,
        of_few: &[String],
    ) -> Result<Option<Vec<Vec<TaskId>>>> {
        for place in words.rarest_first() {
            if self.few_with(&words.whole_one(place))?.is_none() {
                continue;
            }
            if let Some(few) = self.few_with(&queries()?.part(place))? {
                return self.found_among(&few, of_few);
            }
        }
        Ok(None)
    }

    /// Returns which indexed tasks with finished rounds match each query. There are few series beside all other tasks, and to look
    /// for rounds of every task that the index finds would take long.
    pub(super) fn found_with_rounds(&self, of_few: &[String]) -> Result<Option<Vec<Vec<TaskId>>>> {
        let with_rounds: Vec<(TaskId, u32)> = self
            .connection
            .prepare_cached(WITH_ROUNDS)
            .and_then(|mut statement| {
                statement
                    .query_map([MOST_ROUNDS], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .while_trying("search")?;
        let rounds: u32 = with_rounds.iter().map(|(_, rounds)| rounds).sum();
        if rounds == MOST_ROUNDS || with_rounds.len() > FEW as usize {
            return Ok(None);
        }
        let tasks: Vec<TaskId> = with_rounds.into_iter().map(|(id, _)| id).collect();
        self.found_among(&tasks, of_few)
    }

    /// Returns which of `few` match each query, without those that wait to be indexed; `None` if there is much to read of them.
    fn found_among(&self, few: &[TaskId], queries: &[String]) -> Result<Option<Vec<Vec<TaskId>>>> {
        let mut found = vec![Vec::new(); queries.len()];
        if few.is_empty() {
            return Ok(Some(found));
        }
        let few = serde_json::to_string(&few)?;
        let length: i64 = self
            .connection
            .prepare_cached(LENGTH)
            .and_then(|mut statement| statement.query_row([&few], |row| row.get(0)))
            .while_trying("search")?;
        if length > MOST_READ {
            return Ok(None);
        }
        let texts = Texts::all(&self.connection, TEXTS_OF, [&few]).while_trying("search")?;
        self.scratch()?.find(&texts, queries, &mut found)?;
        Ok(Some(found))
    }

    /// Returns the indexed tasks that match `query`; `None` if they are many.
    fn few_with(&self, query: &str) -> Result<Option<Vec<TaskId>>> {
        let found: Vec<TaskId> = self
            .connection
            .prepare_cached(
                "SELECT rowid FROM search
                  WHERE search MATCH ?1 AND rowid NOT IN (SELECT task_id FROM unindexed) LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![query, FEW + 1], |row| row.get(0))?
                    .collect()
            })
            .while_trying("search")?;
        Ok((found.len() <= FEW as usize).then_some(found))
    }
}
