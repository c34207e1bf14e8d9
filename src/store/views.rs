//! Views: a page, a count.
//!
//! A view has an order and an index that gives it, in one stream for each kind of date; a page is merged from the streams as they
//! are read, and filters are tested on the way. Where so few tasks have what a filter asks for that most of the view would be
//! read in vain, `lead` has the list read from those (`source`), and sorts them. How far it is read in vain before is bounded by
//! `store::effort`, and so is a count.

use super::{Store, rows::summary_from_row};
use crate::domain::{
    error::Result,
    query::{Count, Filters, Moment, Page, Position, View},
    task::Summary,
};

mod by;
mod lead;
mod parameters;
mod shape;
mod sorted;
mod source;
mod sql;
mod streams;
mod titles;

pub(super) use parameters::Parameters;
pub(super) use shape::open;
use source::is_contradiction;

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
            after,
            limit: limit.saturating_add(1),
            ..Parameters::of(view, filters, moment)
        };
        if is_contradiction(view, filters) {
            return Ok(Page::new(after));
        }
        let (rows, _) = self.snapshot(|store| store.rows(&parameters))?;
        let mut page = Page::new(after);
        page.fill(rows, limit);
        Ok(page)
    }

    /// Returns from where [`Store::list`] reads the first page, for benchmarks.
    #[doc(hidden)]
    pub fn lead(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        limit: u32,
    ) -> Result<String> {
        let parameters = Parameters {
            limit: limit.saturating_add(1),
            ..Parameters::of(view, filters, moment)
        };
        let (_, lead) = self.rows(&parameters)?;
        Ok(format!("{lead:?}"))
    }

    /// Returns how many steps of SQLite's virtual machine the connection has taken, for benchmarks.
    #[doc(hidden)]
    pub fn steps(&self) -> u64 {
        self.effort.spent()
    }

    /// Returns tasks, and by what each is sorted.
    pub(super) fn read_rows(
        &self,
        sql: &str,
        parameters: &Parameters<'_>,
    ) -> rusqlite::Result<Vec<(Summary, (i64, i64))>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        parameters.bind(&mut statement)?;
        // The last two columns; by name they would be looked for in every row.
        let (first, second) = (statement.column_count() - 2, statement.column_count() - 1);
        let rows = statement.raw_query();
        rows.mapped(|row| Ok((summary_from_row(row)?, (row.get(first)?, row.get(second)?))))
            .collect()
    }

    /// Returns how many tasks of `view` come after `after`, counted up to [`Self::COUNT_LIMIT`] and as far as the number is worth
    /// the work.
    pub fn count(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
    ) -> Result<Count> {
        let parameters = Parameters {
            after,
            limit: Self::COUNT_LIMIT,
            ..Parameters::of(view, filters, moment)
        };
        if is_contradiction(view, filters) {
            return Ok(Count::default());
        }
        self.snapshot(|store| store.counted(&parameters))
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
