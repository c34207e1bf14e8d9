//! Lists in the order of titles. The index of these lacks the tasks after its last one, fewer than 8,192 once all are indexed; of those in
//! `unindexed` it has an older title, or none; and it has no finished round of a series. What a list has of these is read and sorted,
//! and given between the others.

use rusqlite::OptionalExtension as _;

use super::{
    by::{First, give},
    parameters::Parameters,
    streams::is_due_between,
};
use crate::{
    domain::{
        error::Result,
        query::{Filters, Moment, Sort, View},
        task::{Summary, TaskId},
        text::folded,
    },
    store::{Store, failure::WhileTrying, rows::summary_from_row},
};

impl Store {
    /// Gives tasks of `view` to `take`, sorted by their titles, until it says that it is enough; returns whether it did. It takes no
    /// more than `limit`, and one that shows that there are more.
    pub(super) fn each_by_title(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        limit: u32,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let parameters = Parameters::of(view, filters, moment);
        let apart = self.not_by_title(&parameters, limit)?;
        let mut apart = apart.into_iter().peekable();
        let is_enough =
            self.each_as_read(Sort::Title, view, filters, moment, limit, &mut |task| {
                let place = place(&task);
                while let Some(before) = apart.next_if(|other| self::place(other) < place) {
                    if !take(before)? {
                        return Ok(false);
                    }
                }
                take(task)
            })?;
        Ok(is_enough || give(apart, take)?)
    }

    /// Returns the first tasks of a list by their titles, of those that the index of titles has not, and of finished rounds.
    fn not_by_title(&self, parameters: &Parameters<'_>, limit: u32) -> Result<Vec<Summary>> {
        let sql = parameters.view.sql(parameters.filters);
        let mut first = First::by(Sort::Title, limit, parameters.moment.zone);
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self
                .connection
                .prepare_cached(&sql.without_place_by_title())?;
            parameters.bind(&mut statement)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                first.add(summary_from_row(row)?);
            }
            if parameters.view == View::Completed {
                let mut statement = self.connection.prepare_cached(&sql.rounds(true))?;
                parameters.bind(&mut statement)?;
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    let mut round = summary_from_row(row)?;
                    round.is_round = true;
                    if is_due_between(&round, parameters) {
                        first.add(round);
                    }
                }
            }
            Ok(())
        };
        read().while_trying("list tasks")?;
        Ok(first.sorted())
    }

    /// Returns by what a task is sorted among titles; `None` if the index of these does not have its title as it is.
    pub(super) fn indexed_title(&self, id: TaskId) -> Result<Option<String>> {
        self.connection
            .prepare_cached(
                "SELECT key FROM title_order
                  WHERE task_id = ?1 AND task_id NOT IN (SELECT task_id FROM unindexed)",
            )
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
            .while_trying("list tasks")
    }
}

/// Returns where a task stands among titles.
fn place(task: &Summary) -> (String, TaskId) {
    (folded(task.title.as_str()).into_owned(), task.id)
}
