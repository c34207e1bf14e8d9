//! Where a list is read from: along its view, from the projects of a filter, or from the few tasks that have what it asks for.
//!
//! Along the view, a page of `wanted` tasks takes `wanted / fraction` steps where a filter holds for that fraction of all tasks; read
//! from those that have a tag, it takes a step for each. Both are reckoned from bounded counts along indexes, and the smaller
//! one is taken. So a page takes at most about the square root of `wanted` times all tasks, whatever one filter asks for.

use super::{
    parameters::Parameters,
    shape::{Order, Scope, Shape, kinds},
    sql::Source,
};
use crate::{
    domain::{
        error::Result,
        query::{Filters, View},
        task::{Project, Status},
    },
    store::{Store, failure::WhileTrying},
};

/// Where a list is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// Along the view, in its order.
    View,
    /// Along the open tasks of each of these projects, which have the order of the view.
    Projects(Vec<String>),
    /// From these, to be sorted.
    Source(Source),
}

/// How many projects have streams of their own.
const MOST_PROJECTS: u32 = 8;
/// How far tasks are counted where several filters hold together.
const MOST_COUNTED: u32 = 100_000;

impl Store {
    /// Returns where the list is best read from.
    pub(super) fn lead(&self, parameters: &Parameters<'_>) -> Result<Lead> {
        let (view, filters) = (parameters.view, parameters.filters);
        let sources = sources(view, filters);
        if sources.is_empty() {
            return Ok(Lead::View);
        }
        let shape = Shape::of(view);
        let projects = match &filters.project {
            Some(project) if shape.order == Order::Plan && shape.scope == Scope::Open => {
                self.projects_below(project)?
            }
            _ => Vec::new(),
        };
        let has_streams = !projects.is_empty() && projects.len() <= MOST_PROJECTS as usize;
        if has_streams && sources.len() == 1 && view != View::Blocked {
            return Ok(Lead::Projects(projects));
        }
        let all = f64::from(self.latest_id()?.max(1));
        let wanted = f64::from(parameters.limit);
        let most = if sources.len() == 1 {
            // Where more have it, the view is read.
            (wanted * all).sqrt().ceil()
        } else {
            f64::from(MOST_COUNTED)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a small number above zero"
        )]
        let most = most.min(f64::from(MOST_COUNTED)) as u32 + 1;
        let in_view = self.size(parameters, most)?;
        let mut fraction = 1.0;
        let mut of_project = None;
        let mut fewest: Option<(f64, Source)> = None;
        for source in sources {
            let count = f64::from(self.size_of(parameters, source, most)?);
            fraction *= (count / all).min(1.0);
            if matches!(source, Source::OpenOfProject | Source::OldOfProject) {
                of_project = Some(count);
            }
            if fewest.is_none_or(|(least, _)| count < least) {
                fewest = Some((count, source));
            }
        }
        let steps = |fraction: f64, most: f64| {
            if fraction > 0.0 {
                (wanted / fraction).min(most)
            } else {
                most
            }
        };
        let along = steps(fraction, in_view.map_or(all, f64::from));
        let Some((few, source)) = fewest else {
            return Ok(Lead::View);
        };
        if has_streams && let Some(count) = of_project {
            let of_view = in_view.map_or(1.0, |size| f64::from(size) / all);
            let others = fraction / (count / all).clamp(f64::MIN_POSITIVE, 1.0);
            let streamed = steps(others * of_view, count);
            if streamed <= along && streamed <= few {
                return Ok(Lead::Projects(projects));
            }
        }
        Ok(if few <= along {
            Lead::Source(source)
        } else {
            Lead::View
        })
    }

    /// Returns how many tasks the view has, counted up to `most`; `None` where that many are beyond counting.
    fn size(&self, parameters: &Parameters<'_>, most: u32) -> Result<Option<u32>> {
        if matches!(
            parameters.view,
            View::Open | View::Ready | View::Pending | View::All
        ) {
            return Ok(None);
        }
        let none = Filters::default();
        let whole = Parameters {
            filters: &none,
            after: None,
            limit: most,
            ..*parameters
        };
        let sql = parameters.view.sql(&none);
        let mut size = 0;
        for kind in kinds(parameters.view, &none) {
            for begin in whole.begins(kind) {
                size += self.read_size(&sql.count(kind, false, *begin), &whole, kind)?;
            }
        }
        Ok((size < most).then_some(size))
    }

    fn size_of(&self, parameters: &Parameters<'_>, source: Source, most: u32) -> Result<u32> {
        let counted = Parameters {
            limit: most,
            ..*parameters
        };
        let of_project = Source::of_project(Shape::of(parameters.view).scope);
        let sources = match source {
            Source::OpenOfProject | Source::OldOfProject => of_project,
            _ => std::slice::from_ref(&source),
        };
        let mut size = 0;
        for source in sources {
            size += self.read_size(&source.count(), &counted, None)?;
        }
        Ok(size)
    }

    fn read_size(&self, sql: &str, parameters: &Parameters<'_>, kind: Option<u8>) -> Result<u32> {
        let read = || -> rusqlite::Result<u32> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind_stream(&mut statement, kind, None)?;
            let mut rows = statement.raw_query();
            rows.next()?.map_or(Ok(0), |row| row.get(0))
        };
        read().while_trying("count tasks")
    }

    /// Returns the keys of `project` and of those below it that open tasks have, but not many more than have streams.
    fn projects_below(&self, project: &Project) -> Result<Vec<String>> {
        self.connection
            .prepare_cached(PROJECTS_BELOW)
            .and_then(|mut statement| {
                statement
                    .query_map((project.key(), MOST_PROJECTS + 1), |row| row.get(0))?
                    .collect()
            })
            .while_trying("list projects")
    }

    /// Returns about how many tasks there are.
    fn latest_id(&self) -> Result<u32> {
        let latest: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(id) FROM task")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("count tasks")?;
        Ok(u32::try_from(latest.unwrap_or(0)).unwrap_or(u32::MAX))
    }
}

/// The project, and what lies below it: goes from each to the next in the index, however many tasks it has.
pub(super) const PROJECTS_BELOW: &str = "WITH RECURSIVE step (key) AS (
         SELECT min(project_key) FROM task
          WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key >= ?1 || '.'
         UNION ALL
         SELECT (SELECT min(project_key) FROM task
                  WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key > step.key)
           FROM step WHERE step.key < ?1 || '/')
     SELECT ?1 UNION ALL SELECT key FROM step WHERE key < ?1 || '/' LIMIT ?2";

/// Returns what `filters` ask for that there are indexes of.
fn sources(view: View, filters: &Filters) -> Vec<Source> {
    let mut sources: Vec<Source> = (0..filters.tags.len()).map(Source::Tag).collect();
    let shape = Shape::of(view);
    if filters.project.is_some() {
        sources.extend(Source::of_project(shape.scope).first());
    }
    if filters.parent.is_some() {
        sources.push(Source::Parts);
    }
    if filters.status == Some(Status::InProgress) && !matches!(view, View::InProgress | View::Stale)
    {
        sources.push(Source::InProgress);
    }
    sources
}
