//! Views: a page, a count.
//!
//! A view has an order and an index that gives it, in one stream for each kind of date; a page is merged from the streams as they
//! are read, and filters are tested on the way. Where so few tasks have what a filter asks for that most of the view would be
//! read in vain, `lead` has the list read from those, and sorts them.

use super::{Store, failure::WhileTrying, rows::summary_from_row};
use crate::domain::{
    error::Result,
    query::{Filters, Moment, Page, Position, View},
    task::Summary,
};

mod by;
mod lead;
mod parameters;
mod shape;
mod sorted;
mod sql;
mod streams;

use lead::Lead;
pub(super) use parameters::Parameters;
pub(super) use shape::open;

impl Store {
    /// Returns up to `limit` tasks of `view` that come after `after`.
    pub fn list(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        let parameters = Parameters {
            view,
            filters,
            moment,
            words: None,
            after,
            limit: limit.saturating_add(1),
        };
        let rows = self.snapshot(|store| match store.lead(&parameters)? {
            Lead::View => store.merged(&parameters, &[]),
            Lead::Projects(keys) => store.merged(&parameters, &keys),
            Lead::Source(source) => store.sorted(&parameters, source),
        })?;
        let mut page = Page::new(after);
        page.fill(rows, limit);
        Ok(page)
    }

    /// Returns tasks, and by what each is sorted.
    pub(super) fn read_rows(
        &self,
        sql: &str,
        parameters: &Parameters<'_>,
    ) -> Result<Vec<(Summary, (i64, i64))>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind(&mut statement)?;
            // The last two columns; by name they would be looked for in every row.
            let (first, second) = (statement.column_count() - 2, statement.column_count() - 1);
            let rows = statement.raw_query();
            rows.mapped(|row| Ok((summary_from_row(row)?, (row.get(first)?, row.get(second)?))))
                .collect()
        };
        read().while_trying("list tasks")
    }

    /// Returns how many tasks of `view` come after `after`, counted up to [`Self::COUNT_LIMIT`].
    pub fn count(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
    ) -> Result<u32> {
        let parameters = Parameters {
            view,
            filters,
            moment,
            words: None,
            after,
            limit: Self::COUNT_LIMIT,
        };
        self.snapshot(|store| match store.lead(&parameters)? {
            Lead::View => store.counted(&parameters, &[]),
            Lead::Projects(keys) => store.counted(&parameters, &keys),
            Lead::Source(source) => store.counted_of(&parameters, source),
        })
    }
}

#[cfg(test)]
impl Store {
    /// Returns how SQLite would go about `sql`.
    pub(super) fn plan(&self, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = self.connection.prepare_cached(&sql).unwrap();
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push_str(&row.get::<_, String>("detail").unwrap());
            plan.push('\n');
        }
        plan
    }
}

#[cfg(test)]
mod tests;
