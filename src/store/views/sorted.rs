//! A list of few tasks: their keys are read and sorted, and then the rows of those that are shown.

use super::{
    parameters::Parameters,
    shape::{Scope, Shape},
    source::Source,
    sql::Sql,
    streams::{Placed, compared, is_due_between},
};
use crate::{
    domain::{
        error::Result,
        query::{Count, View},
        task::{Summary, TaskId},
    },
    store::{Store, failure::WhileTrying, rows::summary_from_row},
};

/// How far the tasks of a source are counted, to compare them with finished rounds.
const MOST_COMPARED: u32 = 10_000;

/// Where a task stands in a list, before its row is read.
#[derive(Clone, Copy, Debug)]
struct Key {
    place: (i64, i64),
    id: TaskId,
    /// The change that finished it, of a round.
    round: Option<i64>,
}

impl Store {
    /// Returns as many tasks as are asked for, of those that `source` has.
    pub(super) fn sorted(
        &self,
        parameters: &Parameters<'_>,
        source: Source,
    ) -> Result<Vec<Placed>> {
        let order = Shape::of(parameters.view).order;
        let mut keys = self.keys(parameters, source)?;
        keys.sort_unstable_by(|one, other| {
            compared(
                order,
                (one.place, one.id.get()),
                (other.place, other.id.get()),
            )
        });
        let mut tasks = Vec::new();
        for key in keys {
            if tasks.len() == parameters.limit as usize {
                break;
            }
            let task = match key.round {
                Some(change) => self.round(change)?,
                None => self.summary(key.id)?,
            };
            if !task.is_round || is_due_between(&task, parameters) {
                tasks.push((task, key.place));
            }
        }
        Ok(tasks)
    }

    /// Returns how many of them there are, counted up to the limit.
    pub(super) fn counted_of(&self, parameters: &Parameters<'_>, source: Source) -> Result<Count> {
        let filters = parameters.filters;
        let by_due = filters.due_from.is_some() || filters.due_to.is_some();
        let mut number = 0;
        for key in self.keys(parameters, source)? {
            let counts = match key.round {
                Some(change) if by_due => is_due_between(&self.round(change)?, parameters),
                _ => true,
            };
            number += u32::from(counts);
            if number >= parameters.limit {
                break;
            }
        }
        Ok(Count {
            number,
            is_cut: number >= parameters.limit,
        })
    }

    /// Returns the ids of those in the list, in no order and without rounds of series.
    pub(super) fn ids(&self, parameters: &Parameters<'_>, source: Source) -> Result<Vec<TaskId>> {
        let keys = self.keys_of_tasks(parameters, source)?;
        Ok(keys.into_iter().map(|key| key.id).collect())
    }

    fn keys_of_tasks(&self, parameters: &Parameters<'_>, source: Source) -> Result<Vec<Key>> {
        let sql = parameters.view.sql(parameters.filters);
        let mut keys = Vec::new();
        for part in source.parts(Shape::of(parameters.view).scope) {
            let sql = sql.keys(part, parameters.after.is_none());
            self.read_keys(&sql, parameters, &mut keys)?;
        }
        Ok(keys)
    }

    /// Returns the keys of those in the list that come after the place it is gone on from.
    fn keys(&self, parameters: &Parameters<'_>, source: Source) -> Result<Vec<Key>> {
        let sql = parameters.view.sql(parameters.filters);
        let shape = Shape::of(parameters.view);
        let mut keys = self.keys_of_tasks(parameters, source)?;
        if parameters.view == View::Completed {
            // The rounds of all tasks, where these are no more than the tasks whose changes would be looked through for theirs.
            let reads_all = source == Source::Due || {
                let candidates = self.size(parameters, source, Scope::Both, MOST_COMPARED)?;
                self.possible_rounds(candidates)? < candidates
            };
            if reads_all {
                self.read_keys(&sql.all_round_keys(), parameters, &mut keys)?;
            } else {
                for part in source.parts(Scope::Both) {
                    self.read_keys(&sql.round_keys(part), parameters, &mut keys)?;
                }
            }
        }
        if let Some(after) = parameters.after {
            let after = (after.key, after.id);
            keys.retain(|key| compared(shape.order, after, (key.place, key.id.get())).is_lt());
        }
        Ok(keys)
    }

    /// Returns how many changes may have finished a round, counted up to `most`.
    pub(super) fn possible_rounds(&self, most: u32) -> Result<u32> {
        self.connection
            .prepare_cached(Sql::possible_rounds())
            .and_then(|mut statement| statement.query_row([most], |row| row.get(0)))
            .while_trying("count rounds")
    }

    fn read_keys(&self, sql: &str, parameters: &Parameters<'_>, keys: &mut Vec<Key>) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind(&mut statement)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let round: Option<i64> = row.get(4)?;
                let kind = if round.is_some() { None } else { row.get(2)? };
                keys.push(Key {
                    place: parameters.placed(kind, row.get(0)?, row.get(1)?),
                    id: row.get(3)?,
                    round,
                });
            }
            Ok(())
        };
        read().while_trying("list tasks")
    }

    fn round(&self, change: i64) -> Result<Summary> {
        let mut round = self
            .connection
            .prepare_cached(Sql::round())
            .and_then(|mut statement| statement.query_row([change], summary_from_row))
            .while_trying("list tasks")?;
        round.is_round = true;
        Ok(round)
    }
}
