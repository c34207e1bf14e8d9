//! Where a list is read from: along its view, along the projects of a filter, or from the few tasks that have what it asks for.
//!
//! Nobody knows beforehand how many tasks have two things together, so a list is read along its view as far as a bounded effort
//! goes, and from elsewhere if that was in vain:
//!
//! 1. From a source with fewer than [`FEW`] tasks, if there is one.
//! 2. Along the view, with a small effort.
//! 3. From the smallest source, if it has fewer tasks than would be passed on the way if what filters ask for were spread evenly.
//! 4. Along the view, with a larger effort.
//! 5. Whatever seems less by then: from the smallest source, or along the view with as much effort as that would take.
//! 6. From that source after all.
//!
//! Each step costs no more than the next, so that what was read in vain is never most of it. A list without a source is read
//! along its view to the end.

use super::{
    parameters::Parameters,
    shape::{Order, Scope, Shape},
    source::Source,
    streams::{Along, Placed},
};
use crate::{
    domain::{
        error::Result,
        query::{Count, Filters, View},
        task::Project,
    },
    store::{Store, effort::WITHOUT_END, failure::WhileTrying},
};

/// From where a list was read, and at which step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Along(u8, Along),
    Source(u8, Source),
}

/// How many projects have streams of their own.
const MOST_PROJECTS: u32 = 8;
/// Fewer tasks than these are read before anything else is tried.
const FEW: u32 = 500;
/// How far the tasks of a source are counted, to compare it with the way along the view.
const COMPARED: u32 = 8_000;
/// How far they are counted where the view was read in vain.
const MOST_COUNTED: u32 = 100_000;
/// The effort of a first look along the view.
const SMALL: i64 = 10_000;
/// That of a second.
const LARGE: i64 = 60_000;
/// The effort of a count.
const COUNTING: i64 = 40_000;
/// A task of a source takes about so many steps.
const STEPS_EACH: u64 = 25;

impl Store {
    /// Returns as many tasks of a list as are asked for, and at which step of the above from where.
    pub(super) fn rows(&self, parameters: &Parameters<'_>) -> Result<(Vec<Placed>, Lead)> {
        let sources = Source::all(parameters.view, parameters.filters);
        let sorted = |step, source| {
            let rows = self.sorted(parameters, source)?;
            Ok((rows, Lead::Source(step, source)))
        };
        if let Some((source, _)) = self.fewest(parameters, &sources, FEW)? {
            return sorted(1, source);
        }
        let along = self.along(parameters)?;
        if sources.is_empty() {
            let (rows, _) = self.merged(parameters, &along, None)?;
            return Ok((rows, Lead::Along(2, along)));
        }
        let (rows, is_whole) = self.merged(parameters, &along, Some(SMALL))?;
        if is_whole {
            return Ok((rows, Lead::Along(2, along)));
        }
        let scope = Shape::of(parameters.view).scope;
        let sizes = sources
            .iter()
            .map(|source| Ok((*source, self.size(parameters, *source, scope, COMPARED)?)))
            .collect::<Result<Vec<_>>>()?;
        if let Some((source, count)) = sizes.iter().min_by_key(|(_, count)| count)
            && *count < COMPARED
            && f64::from(*count) < self.expected(parameters, &sizes, &along)?
        {
            return sorted(3, *source);
        }
        let (rows, is_whole) = self.merged(parameters, &along, Some(LARGE))?;
        if is_whole {
            return Ok((rows, Lead::Along(4, along)));
        }
        let compared = sizes.iter().filter(|(_, count)| *count < COMPARED);
        let fewest = match compared.min_by_key(|(_, count)| count) {
            Some(fewest) => Some(*fewest),
            None => self.fewest(parameters, &sources, MOST_COUNTED)?,
        };
        let Some((source, count)) = fewest else {
            // No source is small. Where nothing was found along the view either, that may have more to be read than any.
            if rows.is_empty() && self.has_more_along(parameters, &along, MOST_COUNTED)? {
                return sorted(5, sources[sources.len() - 1]);
            }
            let (rows, _) = self.merged(parameters, &along, None)?;
            return Ok((rows, Lead::Along(5, along)));
        };
        let steps = u64::from(count) * STEPS_EACH;
        let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let to_go = (LARGE.unsigned_abs() * u64::from(parameters.limit)).checked_div(found);
        let seems_less = to_go.is_none_or(|to_go| steps < to_go);
        if seems_less && self.has_more_along(parameters, &along, count)? {
            return sorted(5, source);
        }
        // What is found later may be rarer than it was so far.
        let most = i64::try_from(steps).unwrap_or(i64::MAX);
        let (rows, is_whole) = self.merged(parameters, &along, Some(most))?;
        if is_whole {
            return Ok((rows, Lead::Along(5, along)));
        }
        sorted(6, source)
    }

    /// Reports whether so many tasks or more are to be read along the view.
    fn has_more_along(
        &self,
        parameters: &Parameters<'_>,
        along: &Along,
        than: u32,
    ) -> Result<bool> {
        // Streams of plans begin and end with the dates that are asked for.
        let filters = match Shape::of(parameters.view).order {
            Order::Plan => Filters {
                due_from: parameters.filters.due_from.clone(),
                due_to: parameters.filters.due_to.clone(),
                ..Filters::default()
            },
            _ => Filters::default(),
        };
        let all = Parameters {
            filters: &filters,
            limit: than,
            ..*parameters
        };
        Ok(self.counted_along(&all, along, WITHOUT_END)?.is_cut)
    }

    /// Returns how many tasks a list has, counted up to the limit of `parameters` and as far as a bounded effort goes.
    pub(super) fn counted(&self, parameters: &Parameters<'_>) -> Result<Count> {
        let sources = Source::all(parameters.view, parameters.filters);
        if let Some((source, _)) = self.fewest(parameters, &sources, FEW)? {
            return self.counted_of(parameters, source);
        }
        let along = self.along(parameters)?;
        self.counted_along(parameters, &along, COUNTING)
    }

    /// Returns the source with the fewest tasks, and how many they are, where these are fewer than `most`.
    fn fewest(
        &self,
        parameters: &Parameters<'_>,
        sources: &[Source],
        most: u32,
    ) -> Result<Option<(Source, u32)>> {
        let mut fewest = None;
        let mut most = most;
        let scope = Shape::of(parameters.view).scope;
        for source in sources {
            let count = self.size(parameters, *source, scope, most)?;
            if count < most {
                fewest = Some((*source, count));
                most = count;
            }
        }
        Ok(fewest)
    }

    /// Returns along what the list is best read.
    fn along(&self, parameters: &Parameters<'_>) -> Result<Along> {
        let shape = Shape::of(parameters.view);
        let has_streams = shape.order == Order::Plan
            && shape.scope == Scope::Open
            && parameters.view != View::Blocked;
        let projects = match &parameters.filters.project {
            Some(project) if has_streams => self.projects_below(project)?,
            _ => Vec::new(),
        };
        Ok(match projects.len() {
            0 => Along::View,
            count if count > MOST_PROJECTS as usize => Along::View,
            _ => Along::Projects(projects),
        })
    }

    /// Returns how many tasks would be passed on the way, if what the filters ask for were spread evenly.
    fn expected(
        &self,
        parameters: &Parameters<'_>,
        sizes: &[(Source, u32)],
        along: &Along,
    ) -> Result<f64> {
        let all = f64::from(self.latest_id()?.max(1));
        let mut passed = f64::from(parameters.limit);
        for (source, count) in sizes {
            let is_the_way = *source == Source::Project && *along != Along::View;
            if !is_the_way {
                passed *= all / f64::from((*count).max(1));
            }
        }
        Ok(passed)
    }

    /// Returns how many tasks a source has for views of `scope`, counted up to `most`.
    pub(super) fn size(
        &self,
        parameters: &Parameters<'_>,
        source: Source,
        scope: Scope,
        most: u32,
    ) -> Result<u32> {
        let mut size = 0;
        for part in source.parts(scope) {
            let rest = Parameters {
                limit: most - size,
                ..*parameters
            };
            let sql = part.count(parameters.view, parameters.filters);
            let read = || -> rusqlite::Result<u32> {
                let mut statement = self.connection.prepare_cached(&sql)?;
                rest.bind(&mut statement)?;
                let mut rows = statement.raw_query();
                rows.next()?.map_or(Ok(0), |row| row.get(0))
            };
            size += read().while_trying("count tasks")?;
            if size >= most {
                break;
            }
        }
        Ok(size)
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
