//! Knowing a task of a file again, so that importing the same twice does not double anything.
//!
//! A task is known by what nobody changes after it was added, the time, and by its title. In the database it was exported
//! from, its id stands for the title, which may have been changed since.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    domain::{
        error::Result,
        imported::{Arrival, Terms},
        task::{Project, Task, TaskId, Timestamp, Title},
        when::{When, Zone},
    },
    store::{Store, failure::WhileTrying},
};

/// The tasks that were here before the import. Each stands for one of the file.
#[derive(Debug)]
pub(super) struct Known {
    /// By what they are known by: a hash of the title, and the time.
    tasks: Vec<(u64, Timestamp, TaskId)>,
    /// For each, the place of one after it, or its own, before which none is left that stands for none of the file yet.
    free: Vec<u32>,
}

impl Known {
    /// Reads what is here.
    pub(super) fn read(store: &Store) -> Result<Self> {
        let mut tasks: Vec<(u64, Timestamp, TaskId)> = store
            .connection
            .prepare_cached("SELECT id, title, created_at FROM task")
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| {
                    let title: Title = row.get("title")?;
                    Ok((hash(&title), row.get("created_at")?, row.get("id")?))
                };
                statement.query_map([], read)?.collect()
            })
            .while_trying("read which tasks are here")?;
        tasks.sort_unstable();
        Ok(Self {
            free: (0..=tasks.len()).map(narrow).collect(),
            tasks,
        })
    }

    /// Returns the task that `arrival` is. One in the trash is known only by a task in the trash, so that what was
    /// deleted can be brought back from a file.
    pub(super) fn find(&mut self, store: &Store, arrival: &Arrival) -> Result<Option<Task>> {
        let came = &arrival.task;
        let fits = |here: &Task| !here.is_deleted() || came.is_deleted();
        let [first, last] = arrival.created.unwrap_or([
            Timestamp::from_millis(i64::MIN),
            Timestamp::from_millis(i64::MAX),
        ]);
        let has_title = |here: &Task| here.title == came.title;
        if let Some(id) = arrival.id
            && let Some(here) = store.task(id)?
            && (first..=last).contains(&here.created_at)
            // The id and the time to the millisecond are nobody else's.
            && (first == last || has_title(&here))
            && fits(&here)
            && self.take_own(&here)
        {
            return Ok(Some(here));
        }
        let hash = hash(&came.title);
        let begin = self
            .tasks
            .partition_point(|(other, at, _)| (*other, *at) < (hash, first));
        let mut place = self.next_free(begin);
        while let Some((_, _, id)) = self
            .tasks
            .get(place)
            .filter(|(other, at, _)| *other == hash && *at <= last)
        {
            let here = store.existing(*id)?;
            if fits(&here) && here.title == came.title {
                self.take(place);
                return Ok(Some(here));
            }
            place = self.next_free(place + 1);
        }
        Ok(None)
    }

    fn take_own(&mut self, here: &Task) -> bool {
        let hash = hash(&here.title);
        match self.tasks.binary_search(&(hash, here.created_at, here.id)) {
            Ok(place) if self.next_free(place) == place => {
                self.take(place);
                true
            }
            _ => false,
        }
    }

    fn take(&mut self, place: usize) {
        self.free[place] += 1;
    }

    /// Returns the first place from `place` on that is not taken; the one after the last if there is none.
    fn next_free(&mut self, place: usize) -> usize {
        let mut free = place;
        while self.free[free] as usize != free {
            free = self.free[free] as usize;
        }
        // The way is shorter the next time.
        let mut step = place;
        while step != free {
            let next = self.free[step] as usize;
            self.free[step] = narrow(free);
            step = next;
        }
        free
    }
}

fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("so many tasks fit into no memory")
}

fn hash(title: &Title) -> u64 {
    let mut hasher = DefaultHasher::new();
    title.hash(&mut hasher);
    hasher.finish()
}

/// Reports whether a file says something else of a task than what is here. What a file need not say is compared only
/// where it says it.
pub(super) fn differs(
    store: &Store,
    here: &Task,
    arrival: &Arrival,
    terms: Terms,
    zone: Zone,
) -> Result<bool> {
    let came = &arrival.task;
    if (here.status, here.is_deleted()) != (came.status, came.is_deleted())
        || here.title != came.title
    {
        return Ok(true);
    }
    if terms.is_complete {
        let said = |task: &Task| {
            (
                (task.description.clone(), task.priority),
                (task.due, task.defer_until, task.repeat.clone()),
                (task.project.clone(), task.tags.clone()),
            )
        };
        return Ok(said(here) != said(came) || store.comments(here.id)? != arrival.comments);
    }
    let is_other_day = |here: Option<When>, came: Option<When>| match (here, came) {
        (_, None) => false,
        (Some(here), Some(When::Day(day))) => here.day(zone) != day,
        (here, came) => here != came,
    };
    // Marks within a title stay in it, too.
    let is_in_title = |name: &str| {
        let mut words = here.title.as_str().split(' ');
        words.any(|word| word.strip_prefix(['+', '@']) == Some(name))
    };
    let is_other_project = |came: &Project| {
        // Blanks in it became `-` on the way out.
        let here = here.project.as_ref().map(Project::as_str);
        here.map(|here| here.replace(' ', "-")) != Some(came.as_str().replace(' ', "-"))
            && !is_in_title(came.as_str())
    };
    Ok(
        (!came.description.is_empty() && here.description != came.description)
            || (came.priority.is_some() && here.priority != came.priority)
            || is_other_day(here.due, came.due)
            || is_other_day(here.defer_until, came.defer_until)
            || came.project.as_ref().is_some_and(is_other_project)
            || !came
                .tags
                .iter()
                .all(|tag| here.tags.contains(tag) || is_in_title(tag.as_str())),
    )
}
