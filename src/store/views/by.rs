//! Lists in another order than that of their view.

use super::{
    parameters::Parameters,
    shape::{Order, Shape},
};
use crate::{
    domain::{
        error::Result,
        query::{Filters, Moment, Sort, View},
        task::{Priority, Summary},
    },
    store::{Store, failure::WhileTrying, rows::summary_from_row},
};

/// How many tasks are read at a time.
const PAGE: u32 = 1_000;

impl Store {
    /// Gives up to `limit` tasks of `view` to `take`, sorted by `sort`; returns whether there are more.
    pub fn each_by(
        &self,
        sort: Sort,
        view: View,
        filters: &Filters,
        moment: &Moment,
        limit: u32,
        take: &mut dyn FnMut(Summary) -> Result<()>,
    ) -> Result<bool> {
        let mut left = limit;
        let mut bounded = |task: Summary| {
            let is_one_more = left == 0;
            if !is_one_more {
                left -= 1;
                take(task)?;
            }
            Ok(!is_one_more)
        };
        self.snapshot(|store| match sort {
            Sort::Priority => {
                // As many lists as there are levels, each in the order of the view.
                let levels = [
                    Some(Priority::High),
                    Some(Priority::Medium),
                    None,
                    Some(Priority::Low),
                ];
                for level in levels {
                    let of_level = Filters {
                        priority: level,
                        no_priority: level.is_none(),
                        ..filters.clone()
                    };
                    let is_asked_for = filters.priority.is_none_or(|asked| Some(asked) == level)
                        && (!filters.no_priority || level.is_none());
                    if is_asked_for && store.each_in_order(view, &of_level, moment, &mut bounded)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Sort::Due if Shape::of(view).order == Order::Plan => {
                store.each_in_order(view, filters, moment, &mut bounded)
            }
            Sort::Due | Sort::Title => store.each_by_key(sort, view, filters, moment, &mut bounded),
            Sort::Newest | Sort::Oldest | Sort::Changed => {
                store.each_as_read(sort, view, filters, moment, &mut bounded)
            }
        })
    }

    /// Gives all tasks of a list to `take` until that says it is enough; returns whether it did.
    fn each_in_order(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let mut after = None;
        loop {
            let page = self.list(view, filters, moment, after, PAGE)?;
            for task in page.tasks {
                if !take(task)? {
                    return Ok(true);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// Likewise, sorted by what the view is not: due dates, or titles.
    fn each_by_key(
        &self,
        sort: Sort,
        view: View,
        filters: &Filters,
        moment: &Moment,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let mut tasks: Vec<Summary> = Vec::new();
        self.each_in_order(view, filters, moment, &mut |task| {
            tasks.push(task);
            Ok(true)
        })?;
        sort.arrange(&mut tasks, moment.zone);
        for task in tasks {
            if !take(task)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Likewise, as the rows come along the ids or the change log.
    fn each_as_read(
        &self,
        sort: Sort,
        view: View,
        filters: &Filters,
        moment: &Moment,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let parameters = Parameters {
            view,
            filters,
            moment,
            words: None,
            after: None,
            limit: u32::MAX,
        };
        let sql = view.sql(filters).by(sort);
        let mut statement = self
            .connection
            .prepare_cached(&sql)
            .while_trying("list tasks")?;
        parameters.bind(&mut statement).while_trying("list tasks")?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().while_trying("list tasks")? {
            let task = summary_from_row(row).while_trying("list tasks")?;
            if !take(task)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
