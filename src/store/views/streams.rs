//! A list merged from the streams of a view: one for each kind of date, and for each project where a list has several.

use std::cmp::Ordering;

use rusqlite::{CachedStatement, Rows};

use super::{
    parameters::Parameters,
    shape::{Begin, Order, Shape, kinds},
};
use crate::{
    domain::{
        error::Result,
        query::{
            Count, View,
            order::{self, Edge},
        },
        task::{Summary, TaskId},
    },
    store::{Store, failure::WhileTrying, rows::summary_from_row},
};

/// Along what a list is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// All tasks of the view, in its order.
    View,
    /// The open tasks of each of these projects, which have the order of the view.
    Projects(Vec<String>),
}

impl Along {
    pub(super) fn projects(&self) -> &[String] {
        match self {
            Self::View => &[],
            Self::Projects(keys) => keys,
        }
    }
}

/// A task, and its place among all kinds.
pub(super) type Placed = (Summary, (i64, i64));

/// Tasks of one kind, in their order, as they are read.
struct Stream<'a> {
    rows: Rows<'a>,
    kind: Option<u8>,
    is_of_rounds: bool,
    /// The next task; `None` at the end.
    head: Option<Placed>,
}

impl Stream<'_> {
    /// Reports whether it has what has no date, which comes after all that has one and is not looked for before.
    fn is_last(&self) -> bool {
        self.kind == Some(order::NO_DATE)
    }

    fn advance(&mut self, parameters: &Parameters<'_>) -> rusqlite::Result<()> {
        self.head = None;
        while let Some(row) = self.rows.next()? {
            let mut task = summary_from_row(row)?;
            let columns = row.as_ref().column_count();
            // The last two columns; by name they would be looked for in every row.
            let (first, second) = (row.get(columns - 2)?, row.get(columns - 1)?);
            task.is_round = self.is_of_rounds;
            if task.is_round && !is_due_between(&task, parameters) {
                continue;
            }
            self.head = Some((task, parameters.placed(self.kind, first, second)));
            break;
        }
        Ok(())
    }
}

/// Returns which of two tasks comes first in the order of a view.
pub(super) fn compared(order: Order, one: ((i64, i64), i64), other: ((i64, i64), i64)) -> Ordering {
    match order {
        // The latest first; a round has a second number, which tells those of one task apart.
        Order::Latest(_) => {
            let key = |((first, second), id)| (first, id, second);
            key(other).cmp(&key(one))
        }
        _ => one.cmp(&other),
    }
}

/// Reports whether a round was due between the dates that are asked for.
pub(super) fn is_due_between(round: &Summary, parameters: &Parameters<'_>) -> bool {
    let filters = parameters.filters;
    if filters.due_from.is_none() && filters.due_to.is_none() {
        return true;
    }
    let zone = parameters.moment.zone;
    let due = round
        .due
        .map(|due| order::moment(due.kind(), order::key(due), Edge::Last, zone));
    let (from, to) = (filters.due_from.as_ref(), filters.due_to.as_ref());
    due.is_some_and(|due| {
        from.is_none_or(|from| due >= from.millis) && to.is_none_or(|to| due < to.millis)
    })
}

/// A statement of a stream, and for which kind and project.
struct Prepared<'a> {
    statement: CachedStatement<'a>,
    kind: Option<u8>,
    is_of_rounds: bool,
}

impl Store {
    /// Returns as many tasks as are asked for, merged from the streams they are read along, and whether these are all that the list
    /// has of so many: it ends early where they take more than `effort`.
    pub(super) fn merged(
        &self,
        parameters: &Parameters<'_>,
        along: &Along,
        effort: Option<i64>,
    ) -> Result<(Vec<Placed>, bool)> {
        let mut tasks = Vec::new();
        let mut read = || -> rusqlite::Result<()> {
            let mut prepared = self.prepared(parameters, along.projects())?;
            let mut streams = Vec::with_capacity(prepared.len());
            for one in &mut prepared {
                let mut stream = Stream {
                    rows: one.statement.raw_query(),
                    kind: one.kind,
                    is_of_rounds: one.is_of_rounds,
                    head: None,
                };
                if !stream.is_last() {
                    stream.advance(parameters)?;
                }
                streams.push(stream);
            }
            let mut are_all_begun = false;
            let order = Shape::of(parameters.view).order;
            let place = |head: &Option<Placed>| {
                let (task, place) = head.as_ref()?;
                Some((*place, task.id.get()))
            };
            while tasks.len() < parameters.limit as usize {
                let heads = streams.iter_mut().filter(|stream| stream.head.is_some());
                let first =
                    heads.min_by(|one, other| match (place(&one.head), place(&other.head)) {
                        (Some(one), Some(other)) => compared(order, one, other),
                        _ => Ordering::Equal,
                    });
                let Some(stream) = first else {
                    if are_all_begun {
                        break;
                    }
                    are_all_begun = true;
                    for stream in streams.iter_mut().filter(|stream| stream.is_last()) {
                        stream.advance(parameters)?;
                    }
                    continue;
                };
                tasks.extend(stream.head.take());
                if tasks.len() < parameters.limit as usize {
                    stream.advance(parameters)?;
                }
            }
            Ok(())
        };
        let ended = match effort {
            Some(most) => self.effort.within(most, read),
            None => read().map(Some),
        };
        let is_whole = ended.while_trying("list tasks")?.is_some();
        Ok((tasks, is_whole))
    }

    fn prepared(
        &self,
        parameters: &Parameters<'_>,
        projects: &[String],
    ) -> rusqlite::Result<Vec<Prepared<'_>>> {
        let sql = parameters.view.sql(parameters.filters);
        let mut prepared = Vec::new();
        for (kind, project, begin) in streams(parameters, projects) {
            let text = sql.page(kind, project.is_some(), begin);
            let mut statement = self.connection.prepare_cached(&text)?;
            parameters.bind_stream(&mut statement, kind, project)?;
            prepared.push(Prepared {
                statement,
                kind,
                is_of_rounds: false,
            });
        }
        if parameters.view == View::Completed {
            let text = sql.rounds(parameters.after.is_none());
            let mut statement = self.connection.prepare_cached(&text)?;
            // Those due at another time are passed over as they are read.
            Parameters {
                limit: u32::MAX,
                ..*parameters
            }
            .bind(&mut statement)?;
            prepared.push(Prepared {
                statement,
                kind: None,
                is_of_rounds: true,
            });
        }
        Ok(prepared)
    }

    /// Returns the ids of all tasks that a view has, in no order and without rounds of series.
    pub(super) fn ids_along(&self, parameters: &Parameters<'_>) -> Result<Vec<TaskId>> {
        let sql = parameters.view.sql(parameters.filters);
        let read = || -> rusqlite::Result<Vec<TaskId>> {
            let mut ids = Vec::new();
            for (kind, project, begin) in streams(parameters, &[]) {
                let mut statement = self.connection.prepare_cached(&sql.ids(kind, begin))?;
                parameters.bind_stream(&mut statement, kind, project)?;
                let found = statement.raw_query().mapped(|row| row.get(0));
                for id in found {
                    ids.push(id?);
                }
            }
            Ok(ids)
        };
        read().while_trying("list tasks")
    }

    /// Returns how many tasks the streams have, counted up to the limit and as far as `effort` goes.
    pub(super) fn counted_along(
        &self,
        parameters: &Parameters<'_>,
        along: &Along,
        effort: i64,
    ) -> Result<Count> {
        let sql = parameters.view.sql(parameters.filters);
        let mut number = 0;
        let read = || -> rusqlite::Result<()> {
            for (kind, project, begin) in streams(parameters, along.projects()) {
                let rest = Parameters {
                    limit: parameters.limit - number,
                    ..*parameters
                };
                let text = sql.count(kind, project.is_some(), begin);
                let mut statement = self.connection.prepare_cached(&text)?;
                rest.bind_stream(&mut statement, kind, project)?;
                let mut rows = statement.raw_query();
                while rows.next()?.is_some() {
                    number += 1;
                }
                if number >= parameters.limit {
                    return Ok(());
                }
            }
            if parameters.view == View::Completed {
                let mut statement = self
                    .connection
                    .prepare_cached(&sql.rounds(parameters.after.is_none()))?;
                Parameters {
                    limit: u32::MAX,
                    ..*parameters
                }
                .bind(&mut statement)?;
                let mut rows = statement.raw_query();
                while number < parameters.limit
                    && let Some(row) = rows.next()?
                {
                    number += u32::from(is_due_between(&summary_from_row(row)?, parameters));
                }
            }
            Ok(())
        };
        let ended = self
            .effort
            .within(effort, read)
            .while_trying("count tasks")?;
        Ok(Count {
            number,
            is_cut: ended.is_none() || number >= parameters.limit,
        })
    }
}

/// Returns the streams of a list: of which kind, of which project, and how it begins.
fn streams<'a>(
    parameters: &Parameters<'_>,
    projects: &'a [String],
) -> Vec<(Option<u8>, Option<&'a str>, Begin)> {
    let mut streams = Vec::new();
    for kind in kinds(parameters.view, parameters.filters) {
        for begin in parameters.begins(kind) {
            if projects.is_empty() {
                streams.push((kind, None, *begin));
            }
            for project in projects {
                streams.push((kind, Some(project.as_str()), *begin));
            }
        }
    }
    streams
}
