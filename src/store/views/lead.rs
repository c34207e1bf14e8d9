//! Where a list is read from: along its view, along the projects of a filter, or from the few tasks that have what it asks for.
//!
//! Nobody knows beforehand how many tasks have two things together, so a list is read along its view as far as a bounded effort
//! goes, and from elsewhere if that was in vain:
//!
//! 1. From a source with fewer than [`FEW`] tasks, if there is one.
//! 2. Along the view, with a small effort.
//! 3. From the smallest source, if that takes no more than what was spent in vain, or than what the way along the view seems to
//!    take yet, by what was found on it so far.
//! 4. Along the view, with [`TIMES`] the effort, and so on from 3; to its end where it has fewer tasks than any source.
//!
//! So a list takes no more than some six times the effort of the best way there is. A list without a source is read along its
//! view to the end.

use super::{
    parameters::Parameters,
    shape::{Order, Scope, Shape, old, open},
    source::Source,
    streams::{Along, Placed},
};
use crate::{
    domain::{
        error::Result,
        query::{Count, Filters, Position, View},
        task::{Project, TaskId},
    },
    store::{Store, effort::WITHOUT_END, failure::WhileTrying},
};

/// From where a list was read, and in which round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Along(u8, Along),
    Source(u8, Source),
}

/// How many projects have streams of their own.
const MOST_PROJECTS: u32 = 8;
/// Fewer tasks than these are read before anything else is tried.
const FEW: u32 = 500;
/// The effort of a first look along the view.
const SMALL: i64 = 10_000;
/// By how much it grows.
const TIMES: i64 = 4;
/// The effort of a count along the view. The heading of a list has up to six.
const COUNTING: i64 = 20_000;
/// Fewer tasks of a source than these are counted one by one.
const FEW_COUNTED: u32 = 800;
/// To read a task of a source takes about so many steps.
const STEPS_EACH: i64 = 25;
/// No more tasks are counted than an effort has steps, divided by this: to count one takes some steps that are quick ones.
const STEPS_COUNTED: i64 = 3;

impl Store {
    /// Returns as many tasks of a list as are asked for, and in which round of the above from where.
    pub(super) fn rows(&self, parameters: &Parameters<'_>) -> Result<(Vec<Placed>, Lead)> {
        let sources = Source::all(parameters.view, parameters.filters);
        let sorted = |round, source| {
            let rows = self.sorted(parameters, source)?;
            Ok((rows, Lead::Source(round, source)))
        };
        if let Some((source, _)) = self.fewest(parameters, &sources, FEW)? {
            return sorted(0, source);
        }
        let along = self.along(parameters)?;
        if sources.is_empty() {
            let (rows, _) = self.merged(parameters, &along, None)?;
            return Ok((rows, Lead::Along(0, along)));
        }
        let (mut effort, mut spent, mut round) = (SMALL, 0_i64, 1);
        let mut rows: Vec<Placed> = Vec::new();
        loop {
            // It goes on after the last that was found.
            let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let position = rows.last().map(|(task, key)| Position {
                key: *key,
                id: task.id.get(),
            });
            let rest = Parameters {
                after: position.or(parameters.after),
                limit: parameters.limit.saturating_sub(found),
                ..*parameters
            };
            let (more, is_whole) = self.merged(&rest, &along, Some(effort))?;
            rows.extend(more);
            if is_whole {
                return Ok((rows, Lead::Along(round, along)));
            }
            spent = spent.saturating_add(effort);
            // Where nothing was found, it seems to take at least as long for each task.
            let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let missing = i64::from(parameters.limit).saturating_sub(found);
            let to_go = spent.saturating_mul(missing) / found.max(1);
            let most = (to_go.max(spent) / STEPS_EACH).min(effort / STEPS_COUNTED);
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            let smallest = self.fewest(parameters, &sources, most)?;
            let most = smallest.map_or(most, |(_, count)| count);
            if self.passed_along(parameters, &along, most)? < most {
                // The view has fewer tasks than any source.
                effort = WITHOUT_END;
            } else if let Some((source, _)) = smallest {
                return sorted(round, source);
            }
            effort = effort.saturating_mul(TIMES);
            round += 1;
        }
    }

    /// Returns the ids of all tasks of a list, in no order and without rounds of series, if its view or a source has fewer tasks
    /// than `most`; `None` otherwise.
    pub(super) fn few_ids(
        &self,
        parameters: &Parameters<'_>,
        most: u32,
    ) -> Result<Option<Vec<TaskId>>> {
        let sources = Source::all(parameters.view, parameters.filters);
        // What has very few is found before others are counted far.
        for most in [FEW.min(most), most] {
            let smallest = self.fewest(parameters, &sources, most)?;
            let most = smallest.map_or(most, |(_, count)| count);
            if self.passed_along(parameters, &Along::View, most)? < most {
                return self.ids_along(parameters).map(Some);
            }
            if let Some((source, _)) = smallest {
                return self.ids(parameters, source).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns how many tasks are passed along the view to its end, whatever the filters ask for, counted up to `most`.
    fn passed_along(&self, parameters: &Parameters<'_>, along: &Along, most: u32) -> Result<u32> {
        // Streams begin and end with the dates that are asked for, of those by which the view is sorted.
        let asked = parameters.filters;
        let filters = match Shape::of(parameters.view).order {
            Order::Plan => Filters {
                due_from: asked.due_from.clone(),
                due_to: asked.due_to.clone(),
                ..Filters::default()
            },
            Order::Latest(["completed_at"]) => Filters {
                completed_from: asked.completed_from.clone(),
                completed_to: asked.completed_to.clone(),
                ..Filters::default()
            },
            _ => Filters::default(),
        };
        let all = Parameters {
            filters: &filters,
            limit: most,
            ..*parameters
        };
        Ok(self.counted_along(&all, along, WITHOUT_END)?.number)
    }

    /// Returns how many tasks a list has, counted up to the limit of `parameters` and as far as a bounded effort goes.
    pub(super) fn counted(&self, parameters: &Parameters<'_>) -> Result<Count> {
        let sources = Source::all(parameters.view, parameters.filters);
        if is_all_with_a_tag(parameters) {
            // Its rows are counted without a look at the tasks.
            let number = self.size(parameters, Source::Tag(0), Scope::Open, parameters.limit)?;
            let is_cut = number >= parameters.limit;
            return Ok(Count { number, is_cut });
        }
        if let Some((source, _)) = self.fewest(parameters, &sources, FEW_COUNTED)? {
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
    pub(super) fn along(&self, parameters: &Parameters<'_>) -> Result<Along> {
        let shape = Shape::of(parameters.view);
        let below = match parameters.view {
            View::Blocked => None,
            View::Completed => Some(OLD_PROJECTS_BELOW),
            _ if shape.order == Order::Plan && shape.scope == Scope::Open => Some(PROJECTS_BELOW),
            _ => None,
        };
        let projects = match (&parameters.filters.project, below) {
            (Some(project), Some(below)) => self.projects_below(below, project)?,
            _ => Vec::new(),
        };
        Ok(match projects.len() {
            0 => Along::View,
            count if count > MOST_PROJECTS as usize => Along::View,
            _ => Along::Projects(projects),
        })
    }

    /// Returns how many tasks a source has for views of `scope`, counted up to `most`.
    pub(super) fn size(
        &self,
        parameters: &Parameters<'_>,
        source: Source,
        scope: Scope,
        most: u32,
    ) -> Result<u32> {
        let mut size = match (source, parameters.view) {
            // They are read with it.
            (Source::Due, View::Completed) => self.possible_rounds(most)?,
            _ => 0,
        };
        for part in source.parts(scope) {
            let rest = Parameters {
                limit: most.saturating_sub(size),
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

    /// Returns the keys of `project` and of those below it, as `below` finds them, but not many more than have streams.
    fn projects_below(&self, below: &str, project: &Project) -> Result<Vec<String>> {
        self.connection
            .prepare_cached(below)
            .and_then(|mut statement| {
                statement
                    .query_map((project.key(), MOST_PROJECTS + 1), |row| row.get(0))?
                    .collect()
            })
            .while_trying("list projects")
    }
}

/// Reports whether a list is all open tasks that have a tag.
fn is_all_with_a_tag(parameters: &Parameters<'_>) -> bool {
    let filters = parameters.filters;
    let tag_alone = Filters {
        tags: filters.tags.clone(),
        ..Filters::default()
    };
    parameters.view == View::Unfinished
        && parameters.after.is_none()
        && filters.tags.len() == 1
        && *filters == tag_alone
}

/// The statement for a project and those below it that tasks like these have: it goes from each to the next in the index, however
/// many tasks they have.
macro_rules! projects_below {
    ($whose:expr) => {
        concat!(
            "WITH RECURSIVE step (key) AS (
                 SELECT min(project_key) FROM task WHERE ",
            $whose,
            " AND project_key >= ?1 || '.'
                 UNION ALL
                 SELECT (SELECT min(project_key) FROM task WHERE ",
            $whose,
            " AND project_key > step.key)
                   FROM step WHERE step.key < ?1 || '/')
             SELECT ?1 UNION ALL SELECT key FROM step WHERE key < ?1 || '/' LIMIT ?2"
        )
    };
}
/// Those that open tasks have.
pub(super) const PROJECTS_BELOW: &str = projects_below!(open!());
/// Those that the other ones have.
pub(super) const OLD_PROJECTS_BELOW: &str = projects_below!(old!());
