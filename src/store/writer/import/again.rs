//! Tasks of a file that are here already: what the file says of them is set aside until all tasks have come, since it may refer to
//! those that come later. Then each is changed once.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{Differing, Imported, names::Names};
use crate::{
    domain::{
        change::{Change, CommentDiff, Edit, GroupId},
        command::{Caller, Round, refuse_cycle},
        error::{Error, Relation, Result},
        imported::{Difference, Name, Refers, Side, Targets, ids_of, own_name},
        plan::{Around, brought_by},
        task::{Comment, Task, TaskId},
    },
    store::Store,
};

const RELATIONS: [Relation; 2] = [Relation::Parent, Relation::DependsOn];

/// A task that is here already, as it is to be once all have come.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Again {
    /// As it is to be, but for what it refers to.
    pub(super) after: Task,
    /// The comments that it gets.
    pub(super) added: Vec<Comment>,
    /// By what it is told which side changed what it refers to.
    pub(super) refers: Refers,
    /// What was found so far.
    pub(super) found: Found,
    /// An undo had taken it away, and the file brings it back.
    pub(super) comes_back: bool,
    /// A round of a series that is over in the file was done there, and not passed over.
    pub(super) is_round_done: bool,
    /// The file is of another database of ours.
    pub(super) is_of_ours: bool,
}

/// Whether a file says something else of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Differs {
    #[default]
    Not,
    /// Only since the task was changed here.
    Here,
    InFile,
}

/// What a comparison has found, as far as the import counts it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    differs: Differs,
    is_conflict: bool,
    is_taken: bool,
}

impl Found {
    /// Takes in what differs, and counts what was not counted yet.
    pub(super) fn count(&mut self, differences: &[Difference], imported: &mut Imported) {
        let is_conflict = |one: &Difference| one.side == Side::Both || one.circle.is_some();
        let now = Self {
            differs: differences
                .iter()
                .map(Differs::of)
                .max()
                .unwrap_or_default(),
            is_conflict: differences.iter().any(is_conflict),
            is_taken: differences.iter().any(Difference::is_taken),
        };
        let is_now = |kind| now.differs >= kind && self.differs < kind;
        imported.differ += u64::from(is_now(Differs::Here));
        imported.differ_in_file += u64::from(is_now(Differs::InFile));
        imported.conflicts += u64::from(now.is_conflict && !self.is_conflict);
        imported.updated += u64::from(now.is_taken && !self.is_taken && imported.updates);
        self.differs = self.differs.max(now.differs);
        self.is_conflict |= now.is_conflict;
        self.is_taken |= now.is_taken;
    }

    pub(super) fn differs(self) -> bool {
        self.differs != Differs::Not
    }
}

impl Differs {
    fn of(difference: &Difference) -> Self {
        match difference.side {
            Side::Here => Self::Here,
            Side::File | Side::Both => Self::InFile,
        }
    }
}

/// Tells what the file says otherwise of a task, but for what was changed here alone.
pub(super) fn tell(here: &Task, differences: Vec<Difference>, imported: &mut Imported) {
    let fields = differences.into_iter();
    let fields: Vec<Difference> = fields.filter(|field| field.side != Side::Here).collect();
    if fields.is_empty() {
        return;
    }
    if let Some(task) = imported.differing.iter_mut().find(|one| one.id == here.id) {
        task.fields.extend(fields);
    } else if imported.differing.len() < super::TOLD {
        imported.differing.push(Differing {
            id: here.id,
            title: here.title.clone(),
            fields,
        });
    } else {
        imported.untold += 1;
    }
}

/// Compares what tasks refer to, once all have come.
pub(super) struct References<'a> {
    pub(super) store: &'a Store,
    pub(super) names: &'a Names,
    /// The first id that the import has given out.
    pub(super) first_new: TaskId,
    pub(super) is_complete: bool,
    /// What tasks that were here refer to by what was taken.
    taken: HashMap<TaskId, [BTreeSet<TaskId>; 2]>,
}

impl<'a> References<'a> {
    pub(super) fn new(
        store: &'a Store,
        names: &'a Names,
        first_new: TaskId,
        is_complete: bool,
    ) -> Self {
        Self {
            store,
            names,
            first_new,
            is_complete,
            taken: HashMap::new(),
        }
    }

    /// Compares what the task `id` refers to, and has it refer to what changed in the file alone if that is wanted. What would
    /// lead back to the task is named and left.
    pub(super) fn compare(
        &mut self,
        id: TaskId,
        again: &mut Again,
        is_wanted: bool,
    ) -> Result<Vec<Difference>> {
        let here = self.store.existing(id)?;
        let mut differences = Vec::new();
        for (place, relation) in RELATIONS.into_iter().enumerate() {
            let file = self.file(id, relation)?;
            let targets = self.here(&here, relation)?;
            let difference = again
                .refers
                .difference(relation, &file, &targets, self.is_complete);
            let Some(mut difference) = difference else {
                continue;
            };
            if difference.is_taken() {
                difference.circle = self.circle(id, relation, &file.ids)?;
            }
            if difference.is_taken() && is_wanted {
                let now = RELATIONS.map(|one| ids_of(&again.after, one));
                self.taken.entry(id).or_insert(now)[place].clone_from(&file.ids);
                match relation {
                    Relation::Parent => again.after.parent = file.ids.first().copied(),
                    Relation::DependsOn => again.after.depends_on = file.ids,
                }
            } else if let Some(origin) = &mut again.after.origin {
                // Where a file of ours is compared with, that is what it said.
                let said = origin.ours.as_mut().filter(|_| again.is_of_ours);
                let said = said.map_or(&mut origin.said, |passed| &mut passed.said);
                again.refers.leave(relation, said);
            }
            differences.push(difference);
        }
        Ok(differences)
    }

    /// Returns what the file says of a relation: the tasks it names that are not in the trash.
    fn file(&self, id: TaskId, relation: Relation) -> Result<Targets> {
        let mut targets = Targets::default();
        for (name, target) in self.names.said_again(id, relation)? {
            targets.names.push(name);
            if let Some(target) = target
                && (target >= self.first_new || !self.store.existing(target)?.is_deleted())
            {
                targets.ids.insert(target);
            }
        }
        Ok(targets)
    }

    /// Returns what is here, with the names that the file has for it, or would have.
    fn here(&self, here: &Task, relation: Relation) -> Result<Targets> {
        let ids = ids_of(here, relation);
        let mut names = Vec::with_capacity(ids.len());
        for id in &ids {
            let name = if let Some(name) = self.names.find_name(*id)? {
                name
            } else {
                let task = self.store.existing(*id)?;
                let own = || own_name(*id, task.created_at);
                Name::Text(task.origin.map_or_else(own, |origin| origin.name))
            };
            names.push(name);
        }
        Ok(Targets { ids, names })
    }

    /// Returns the way on which the task would come back to itself if it referred to `ids`; `None` if there is none.
    fn circle(
        &self,
        id: TaskId,
        relation: Relation,
        ids: &BTreeSet<TaskId>,
    ) -> Result<Option<String>> {
        let place = usize::from(relation == Relation::DependsOn);
        let edges = |step: TaskId| -> Result<Vec<TaskId>> {
            if step == id {
                return Ok(ids.iter().copied().collect());
            }
            if let Some(taken) = self.taken.get(&step) {
                return Ok(taken[place].iter().copied().collect());
            }
            if step >= self.first_new {
                let targets = self.names.targets(step)?.into_iter();
                let targets = targets.filter(|(other, _)| *other == relation);
                return Ok(targets.map(|(_, target)| target).collect());
            }
            Ok(ids_of(&self.store.existing(step)?, relation)
                .into_iter()
                .collect())
        };
        match refuse_cycle(&[id], relation, &edges) {
            Err(Error::Cycle { way, .. }) if way.contains(&id) => {
                let way: Vec<String> = way.iter().map(|id| format!("#{id}")).collect();
                Ok(Some(way.join(" -> ")))
            }
            // A circle that was there before is none of this import.
            Ok(()) | Err(Error::Cycle { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns what rounds of series that are finished in the file bring along in other tasks: those that waited for them, and their
/// subtasks. New tasks, from `first_new` on, are as the file says.
pub(super) fn brought(
    store: &Store,
    names: &Names,
    first_new: TaskId,
    caller: &Caller,
) -> Result<Vec<Edit>> {
    let mut rounds = Vec::new();
    for id in names.all_again()? {
        if let Some(again) = names.again::<Again>(id)? {
            rounds.extend(again.round(&store.existing(id)?, caller));
        }
    }
    brought_by(rounds, caller, &Left { store, names }, &|id| {
        id >= first_new
    })
}

/// The tasks as the import leaves them, for what rounds bring along.
struct Left<'a> {
    store: &'a Store,
    names: &'a Names,
}

impl Around for Left<'_> {
    fn task(&self, id: TaskId) -> Result<Task> {
        match self.names.again::<Again>(id)? {
            Some(again) => Ok(again.after),
            None => self.store.existing(id),
        }
    }

    fn finished_parts(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.store.finished_parts(id)
    }

    fn waiting(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.store.waiting_for(id)
    }

    fn history(&self, id: TaskId, seq: i64) -> Result<Vec<Change>> {
        self.store.history(id, seq)
    }

    fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>> {
        self.store.undone_by(group)
    }
}

impl Again {
    /// Returns the edit that makes `before` what it is to be.
    pub(super) fn edit(self, before: Task, caller: &Caller) -> Edit {
        let mut after = self.after;
        // Stamped once, however often it was touched.
        (after.rev, after.updated_at) = (before.rev, before.updated_at);
        Edit {
            before: Some(before),
            after,
            comments: CommentDiff {
                removed: Vec::new(),
                added: self.added,
            },
            keeps_due: false,
        }
        .stamped(caller.now)
    }

    /// Returns the round of a series that is over in the file; `None` if it is not.
    pub(super) fn round(&self, before: &Task, caller: &Caller) -> Option<Round> {
        let mut edit = Edit::of(before);
        edit.after = self.after.clone();
        Round::taken(&edit, self.is_round_done, caller.zone)
    }
}
