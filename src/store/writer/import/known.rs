//! Knowing a task of a file again, so that importing the same twice does not double anything.
//!
//! A task is known by what it is called in the file that it came from. One that is called nothing there is known by what nobody
//! changes after it was added, the time, and by its title. In the database it was exported from, its id stands for the title,
//! which may have been changed since.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::states::state;
use crate::{
    domain::{
        error::Result,
        imported::{Arrival, OWN, has_marks_of, read_own_name},
        task::{Task, TaskId, Timestamp, Title},
        when::Zone,
    },
    store::{Store, failure::WhileTrying},
};

/// The kinds of files in which a name is that of one task everywhere.
const GLOBAL: [&str; 3] = [OWN, "icalendar", "taskwarrior"];

/// The tasks that were here before the import. Each stands for one of the file.
#[derive(Debug)]
pub(super) struct Known {
    /// By what they are known by: a hash of the title, and the time.
    tasks: Vec<(u64, Timestamp, TaskId)>,
    /// Those that a file has a name for, by a hash of that.
    called: Vec<(u64, TaskId)>,
    /// For each, the place of one after it, or its own, before which none is left that stands for none of the file yet.
    free: Vec<u32>,
}

impl Known {
    /// Reads what is here.
    pub(super) fn read(store: &Store) -> Result<Self> {
        let mut called = Vec::new();
        let mut tasks: Vec<(u64, Timestamp, TaskId)> = store
            .connection
            .prepare_cached(
                "SELECT id, title, created_at, origin ->> '$.from' AS origin_from, origin ->> '$.name' AS name FROM task",
            )
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| {
                    let (title, id): (Title, TaskId) = (row.get("title")?, row.get("id")?);
                    let from: Option<String> = row.get("origin_from")?;
                    let name: Option<String> = row.get("name")?;
                    called.extend(from.zip(name).map(|(_, name)| (hash(&name), id)));
                    Ok((hash(&title), row.get("created_at")?, id))
                };
                statement.query_map([], read)?.collect()
            })
            .while_trying("read which tasks are here")?;
        tasks.sort_unstable();
        called.sort_unstable();
        Ok(Self {
            free: (0..=tasks.len()).map(narrow).collect(),
            tasks,
            called,
        })
    }

    /// Returns the task that `arrival` is. One in the trash that is known by its title alone is known only by a task in the trash.
    pub(super) fn find(
        &mut self,
        store: &Store,
        arrival: &Arrival,
        zone: Zone,
    ) -> Result<Option<Task>> {
        let is_exact =
            arrival.id.is_some() && arrival.created.is_some_and(|[first, last]| first == last);
        let is_gone = arrival.task.is_deleted();
        let open = self.find_named(store, arrival, zone, is_gone)?;
        if open.is_some() || is_gone {
            return match open {
                None => self.find_alike(store, arrival, zone),
                open => Ok(open),
            };
        }
        if is_exact && let Some(here) = self.find_alike(store, arrival, zone)? {
            return Ok(Some(here));
        }
        match self.find_named(store, arrival, zone, true)? {
            None if !is_exact => self.find_alike(store, arrival, zone),
            trashed => Ok(trashed),
        }
    }

    /// Finds the task by what it is called.
    fn find_named(
        &mut self,
        store: &Store,
        arrival: &Arrival,
        zone: Zone,
        may_be_trashed: bool,
    ) -> Result<Option<Task>> {
        let fits = |here: &Task| !here.is_deleted() || may_be_trashed;
        let [first, last] = created(arrival);
        let carried = arrival.task.origin.as_ref();
        let carried = carried.map(|origin| (origin.from.as_str(), origin.name.as_str()));
        // The name that another program gave it says more than a number.
        if let Some((from, name)) =
            carried.filter(|(from, _)| *from != OWN && GLOBAL.contains(from))
            && let Some(here) = self.find_called(store, from, name, fits)?
        {
            return Ok(Some(here));
        }
        if let Some(id) = arrival.id
            && !is_numbered_elsewhere(arrival, id)
            && let Some(here) = store.task(id)?
            && !is_called_otherwise(&here, arrival)
            && (first..=last).contains(&here.created_at)
            // The id and the time to the millisecond are nobody else's, and neither is a state that it was in.
            && (first == last || here.title == arrival.task.title || state(store, &here, &arrival.versions)?.is_some())
            && fits(&here)
            && self.take_own(&here)
        {
            return Ok(Some(here));
        }
        let called = arrival.called.as_ref();
        let named = called.map(|called| (called.from, called.name.as_str()));
        let is_text = called.is_some_and(|called| called.is_text);
        for (from, name) in named.into_iter().chain(carried) {
            // Two may have the same text, and the one in the trash is another then.
            let fits = |here: &Task| {
                !here.is_deleted() || may_be_trashed && (!is_text || arrival.task.is_deleted())
            };
            if let Some((id, at)) = read_own_name(name)
                && let Some(here) = store.task(id)?
                && here.created_at == at
                && fits(&here)
                && self.take_own(&here)
            {
                return Ok(Some(here));
            }
            if let Some(here) = self.find_called(store, from, name, fits)? {
                return Ok(Some(here));
            }
        }
        let Some(before) = called.and_then(|called| called.before.as_deref()) else {
            return Ok(None);
        };
        let day = |at: Timestamp| zone.today(at.as_millis());
        let ended = arrival.task.completed_at;
        // A line that is done now, and was open here: done before it came, it would be another.
        let is_it = |here: &Task| {
            here.is_open()
                && ended.is_some_and(|at| day(at) >= day(here.created_at))
                && has_marks_of(here, arrival)
        };
        self.find_called(
            store,
            called.map_or("", |called| called.from),
            before,
            is_it,
        )
    }

    /// Finds a task of the same title that was created at the time.
    fn find_alike(&mut self, store: &Store, arrival: &Arrival, zone: Zone) -> Result<Option<Task>> {
        let came = &arrival.task;
        let [first, last] = created(arrival);
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
            let fits = !here.is_deleted() || came.is_deleted();
            if fits && here.title == came.title && may_be(&here, arrival, zone) {
                self.take(place);
                return Ok(Some(here));
            }
            place = self.next_free(place + 1);
        }
        Ok(None)
    }

    /// Returns the first task that is called so and stands for none of the file yet.
    fn find_called(
        &mut self,
        store: &Store,
        from: &str,
        name: &str,
        fits: impl Fn(&Task) -> bool,
    ) -> Result<Option<Task>> {
        let mut place = self.first_called(name);
        while let Some(id) = self.called_at(place, name) {
            let here = store.existing(id)?;
            // A name of ours is that of one task, whichever kind of file of ours it came by.
            let is_kind = |kind: &str| kind == from || read_own_name(name).is_some();
            let is_called_so = here
                .origin
                .as_ref()
                .is_some_and(|origin| origin.name == name && is_kind(&origin.from));
            if is_called_so && fits(&here) && self.take_own(&here) {
                return Ok(Some(here));
            }
            place += 1;
        }
        Ok(None)
    }

    /// Returns the task that another file called so, whether it stands for one of this file or not: this one refers to it.
    pub(super) fn named(&self, store: &Store, name: &str) -> Result<Option<TaskId>> {
        if let Some((id, at)) = read_own_name(name)
            && let Some(here) = store.task(id)?
            && here.created_at == at
            && !here.is_deleted()
        {
            return Ok(Some(id));
        }
        let mut place = self.first_called(name);
        while let Some(id) = self.called_at(place, name) {
            let here = store.existing(id)?;
            let is_global = |from: &str| GLOBAL.contains(&from) || read_own_name(name).is_some();
            let is_called_so = here
                .origin
                .as_ref()
                .is_some_and(|origin| origin.name == name && is_global(&origin.from));
            if is_called_so && !here.is_deleted() {
                return Ok(Some(id));
            }
            place += 1;
        }
        Ok(None)
    }

    fn first_called(&self, name: &str) -> usize {
        let hash = hash(&name);
        self.called.partition_point(|(other, _)| *other < hash)
    }

    fn called_at(&self, place: usize, name: &str) -> Option<TaskId> {
        let hash = hash(&name);
        let called = self.called.get(place).filter(|(other, _)| *other == hash);
        called.map(|(_, id)| *id)
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

/// Reports whether the file says that its task has another number in the database where it was first: tasks that were added at once
/// are told apart by that alone.
fn is_numbered_elsewhere(arrival: &Arrival, id: TaskId) -> bool {
    let called = arrival.called.as_ref();
    let first = called.and_then(|called| read_own_name(&called.name));
    first.is_some_and(|(first, _)| first != id)
}

/// Reports whether another program calls the task here something else than that of the file.
fn is_called_otherwise(here: &Task, arrival: &Arrival) -> bool {
    let origins = here.origin.as_ref().zip(arrival.task.origin.as_ref());
    origins.is_some_and(|(here, came)| {
        here.from != OWN
            && GLOBAL.contains(&here.from.as_str())
            && here.from == came.from
            && here.name != came.name
    })
}

/// Returns the first and the last instant at which a task of a file may have been created.
fn created(arrival: &Arrival) -> [Timestamp; 2] {
    arrival.created.unwrap_or([
        Timestamp::from_millis(i64::MIN),
        Timestamp::from_millis(i64::MAX),
    ])
}

fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("so many tasks fit into no memory")
}

/// Reports whether a task of the title may be the one of the file, by what both are called and by what is done.
fn may_be(here: &Task, arrival: &Arrival, zone: Zone) -> bool {
    let (Some(called), came) = (&arrival.called, &arrival.task) else {
        return true;
    };
    if !called.is_text {
        // A program that calls its tasks something calls no two the same.
        return here
            .origin
            .as_ref()
            .is_none_or(|origin| origin.from != called.from);
    }
    if arrival.created.is_some() {
        return true;
    }
    // Nothing but the title is said of when it began: what was done is not what is still to be done.
    let day = |task: &Task| task.completed_at.map(|at| zone.today(at.as_millis()));
    here.status.is_open() == came.status.is_open() && day(here) == day(came)
}

fn hash(name: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
