//! Lists in another order than that of their view.
//!
//! No index has such an order for the tasks of a list alone. It is read along all tasks, all changes or all titles. Where the view or a
//! source has very few tasks, or has few and a bounded effort along all was in vain, their ids are read and sorted instead. By due
//! dates, the first of each kind of date among open and among other tasks are read, as far as a bounded effort goes; where that is not
//! enough, the whole list is read.

use super::{
    parameters::Parameters,
    shape::{Order, Scope, Shape, Window},
    source::{Part, Source, is_contradiction},
    streams::is_due_between,
};
use crate::{
    domain::{
        error::Result,
        query::{Filters, Moment, Sort, View, order::NO_DATE},
        task::{Priority, Summary, TaskId},
        when::Zone,
    },
    store::{Store, failure::WhileTrying, rows::summary_from_row},
};

/// How many tasks are read at first.
const PAGE: u32 = 1_000;
/// How many are read at a time later on.
const LATER_PAGE: u32 = 8_000;
/// Fewer tasks than these are read and sorted, and more are looked for along all tasks or changes.
const FEW: u32 = 30_000;
/// Fewer than these are read before anything else is tried.
const VERY_FEW: u32 = 1_000;
/// The effort of a first look along all tasks or changes.
const ALONG_FIRST: i64 = 100_000;
/// The effort of a look for those that are due first. A whole list of [`FEW`] takes more.
const DUE_FIRST: i64 = 200_000;

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
        if is_contradiction(view, filters) {
            return Ok(false);
        }
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
            Sort::Due => {
                let parameters = Parameters {
                    limit: limit.saturating_add(1),
                    ..Parameters::of(view, filters, moment)
                };
                match store.due_first(&parameters)? {
                    Some(tasks) => give(tasks, &mut bounded),
                    None => store.each_by_due(view, filters, moment, limit, &mut bounded),
                }
            }
            Sort::Title => store.each_by_title(view, filters, moment, limit, &mut bounded),
            Sort::Newest | Sort::Oldest | Sort::Changed => {
                store.each_as_read(sort, view, filters, moment, limit, &mut bounded)
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
        let (mut after, mut limit) = (None, PAGE);
        loop {
            let page = self.list(view, filters, moment, after, limit)?;
            limit = LATER_PAGE;
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

    /// Likewise, sorted by due dates where the view is not.
    fn each_by_due(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        limit: u32,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let mut first = First::by(Sort::Due, limit, moment.zone);
        self.each_in_order(view, filters, moment, &mut |task| {
            first.add(task);
            Ok(true)
        })?;
        give(first.sorted(), take)
    }

    /// Returns as many tasks as are asked for, those that are due first; `None` where it takes long to find them along the due dates
    /// of all tasks, or some have none.
    pub(super) fn due_first(&self, parameters: &Parameters<'_>) -> Result<Option<Vec<Summary>>> {
        let (view, filters) = (parameters.view, parameters.filters);
        let sql = view.sql(filters);
        let scope = Shape::of(view).scope;
        let limit = parameters.limit as usize;
        let read = || -> rusqlite::Result<Option<Vec<Summary>>> {
            let mut tasks = Vec::new();
            let mut add = |part| -> rusqlite::Result<usize> {
                let rows = self.read_rows(&sql.by_due(part), parameters)?;
                tasks.extend(rows.into_iter().map(|(task, _)| task));
                Ok(tasks.len())
            };
            let mut found = 0;
            for part in Source::Due.parts(scope) {
                found = add(part)?;
            }
            if found < limit && !Window::has_ends(view, filters) {
                // No index has the order of finished tasks without a date.
                if scope != Scope::Open {
                    return Ok(None);
                }
                add(Part::OpenDue(NO_DATE))?;
            }
            if view == View::Completed {
                let all = Parameters {
                    limit: u32::MAX,
                    ..*parameters
                };
                for (mut round, _) in self.read_rows(&sql.rounds(true), &all)? {
                    round.is_round = true;
                    tasks.extend(is_due_between(&round, parameters).then_some(round));
                }
            }
            Ok(Some(tasks))
        };
        let ended = self.effort.within(DUE_FIRST, read);
        let Some(mut tasks) = ended.while_trying("list tasks")?.flatten() else {
            return Ok(None);
        };
        Sort::Due.arrange(&mut tasks, parameters.moment.zone);
        tasks.truncate(limit);
        Ok(Some(tasks))
    }

    /// Gives the tasks of a list to `take`, as the rows come along the ids, the change log, or the titles that are indexed, until it says
    /// that it is enough; returns whether it did.
    pub(super) fn each_as_read(
        &self,
        sort: Sort,
        view: View,
        filters: &Filters,
        moment: &Moment,
        limit: u32,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let parameters = Parameters::of(view, filters, moment);
        if let Some(ids) = self.few_ids(&parameters, VERY_FEW)? {
            return self.each_of(sort, ids, take);
        }
        let read = || {
            let enough = (limit as usize).saturating_add(1);
            let mut tasks = Vec::new();
            self.along_all(sort, &parameters, |task| {
                tasks.push(task);
                tasks.len() == enough
            })?;
            Ok(tasks)
        };
        let first_look = self.effort.within(ALONG_FIRST, read);
        if let Some(tasks) = first_look.while_trying("list tasks")? {
            return give(tasks, take);
        }
        if let Some(ids) = self.few_ids(&parameters, FEW)? {
            return self.each_of(sort, ids, take);
        }
        self.each_along(sort, &parameters, take)
    }

    /// Likewise, however few tasks the list has.
    pub(super) fn each_along(
        &self,
        sort: Sort,
        parameters: &Parameters<'_>,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let mut taken = Ok(true);
        self.along_all(sort, parameters, |task| {
            taken = take(task);
            !matches!(taken, Ok(true))
        })
        .while_trying("list tasks")?;
        taken.map(|wants_more| !wants_more)
    }

    /// Reads a list along the ids, the change log, or the titles that are indexed, until `is_enough` of a task.
    fn along_all(
        &self,
        sort: Sort,
        parameters: &Parameters<'_>,
        mut is_enough: impl FnMut(Summary) -> bool,
    ) -> rusqlite::Result<()> {
        let sql = parameters.view.sql(parameters.filters).by(sort);
        let mut statement = self.connection.prepare_cached(&sql)?;
        parameters.bind(&mut statement)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if is_enough(summary_from_row(row)?) {
                break;
            }
        }
        Ok(())
    }

    /// Gives these tasks to `take`, sorted by their ids, their latest changes, or their titles if these are indexed, until it says that
    /// it is enough; returns whether it did.
    fn each_of(
        &self,
        sort: Sort,
        ids: Vec<TaskId>,
        take: &mut dyn FnMut(Summary) -> Result<bool>,
    ) -> Result<bool> {
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            let key = match sort {
                Sort::Title => match self.indexed_title(id)? {
                    Some(title) => (title, id.get()),
                    None => continue,
                },
                Sort::Changed => (String::new(), -self.latest_change(id)?),
                Sort::Oldest => (String::new(), id.get()),
                _ => (String::new(), -id.get()),
            };
            keys.push((key, id));
        }
        keys.sort_unstable();
        for (_, id) in keys {
            if !take(self.summary(id)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the latest change of a task.
    fn latest_change(&self, id: TaskId) -> Result<i64> {
        self.connection
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM change WHERE task_id = ?1")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .while_trying("list tasks")
    }
}

/// The first of many tasks in an order; no more than some are kept while the others are added.
pub(super) struct First {
    sort: Sort,
    zone: Zone,
    kept: usize,
    tasks: Vec<Summary>,
}

impl First {
    /// Begins with none of `limit` tasks and one more, which shows that there are more.
    pub(super) fn by(sort: Sort, limit: u32, zone: Zone) -> Self {
        Self {
            sort,
            zone,
            kept: (limit as usize).saturating_add(1),
            tasks: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, task: Summary) {
        self.tasks.push(task);
        if self.tasks.len() >= self.kept.saturating_mul(2).max(PAGE as usize) {
            self.sort.arrange(&mut self.tasks, self.zone);
            self.tasks.truncate(self.kept);
        }
    }

    pub(super) fn sorted(mut self) -> Vec<Summary> {
        self.sort.arrange(&mut self.tasks, self.zone);
        self.tasks
    }
}

/// Gives `tasks` to `take` until that says it is enough; returns whether it did.
pub(super) fn give(
    tasks: impl IntoIterator<Item = Summary>,
    take: &mut dyn FnMut(Summary) -> Result<bool>,
) -> Result<bool> {
    for task in tasks {
        if !take(task)? {
            return Ok(true);
        }
    }
    Ok(false)
}
