//! What a task refers to, here and in a file: compared once all tasks of the file have come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Arrival, Difference, Field, Side, digest};
use crate::domain::{
    error::Relation,
    imported::Name,
    task::{Task, TaskId},
};

/// By what it is told which side changed what a task refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refers {
    /// Digests of what the file said the last time of the parent and of what comes before.
    Said([Option<String>; 2]),
    /// What the task referred to when we wrote the file.
    Exported([BTreeSet<TaskId>; 2]),
    /// What the file says counts, whatever is here.
    Whole,
    /// Nobody knows.
    Unknown,
}

/// What one side says of a relation of a task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// The tasks here.
    pub(crate) ids: BTreeSet<TaskId>,
    /// What the file calls them.
    pub(crate) names: Vec<Name>,
}

/// Returns the field that a relation is.
pub(crate) fn field_of(relation: Relation) -> Field {
    match relation {
        Relation::Parent => Field::Parent,
        Relation::DependsOn => Field::DependsOn,
    }
}

/// Returns what a task here refers to by a relation.
pub(crate) fn ids_of(task: &Task, relation: Relation) -> BTreeSet<TaskId> {
    match relation {
        Relation::Parent => task.parent.into_iter().collect(),
        Relation::DependsOn => task.depends_on.clone(),
    }
}

/// Returns a digest of what a file says, whatever the order; `None` if it says nothing.
fn digest_of(names: &[Name]) -> Option<String> {
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| digest(&names.join("\n")))
}

/// Returns what is kept of what the file says of each relation.
pub(super) fn said(arrival: &Arrival) -> impl Iterator<Item = (String, String)> {
    let parent: Vec<Name> = arrival.parent.iter().cloned().collect();
    let said = [
        (Field::Parent, digest_of(&parent)),
        (Field::DependsOn, digest_of(&arrival.depends_on)),
    ];
    let named = said.into_iter();
    named.filter_map(|(field, said)| Some((field.as_str().to_owned(), said?)))
}

impl Refers {
    pub(super) fn said_of(said: &BTreeMap<String, String>) -> Self {
        let of = |field: Field| said.get(field.as_str()).cloned();
        Self::Said([of(Field::Parent), of(Field::DependsOn)])
    }

    pub(super) fn exported(task: &Task) -> Self {
        let of = |relation| ids_of(task, relation);
        Self::Exported([of(Relation::Parent), of(Relation::DependsOn)])
    }

    /// Returns what differs in a relation. Where the file need not say all of it, nothing counts only where it said something.
    pub(crate) fn difference(
        &self,
        relation: Relation,
        file: &Targets,
        here: &Targets,
        is_complete: bool,
    ) -> Option<Difference> {
        let place = match relation {
            Relation::Parent => 0,
            Relation::DependsOn => 1,
        };
        let (was_file, was_here, said_something) = match self {
            Self::Said(said) => {
                let was = |side: &Targets| said[place] == digest_of(&side.names);
                (Some(was(file)), Some(was(here)), said[place].is_some())
            }
            Self::Exported(ids) => {
                let was = |side: &Targets| ids[place] == side.ids;
                (Some(was(file)), Some(was(here)), !ids[place].is_empty())
            }
            Self::Whole => (Some(false), Some(true), true),
            Self::Unknown => (None, None, false),
        };
        let side = match (was_file, was_here) {
            (Some(true), _) => Side::Here,
            (Some(false), Some(true)) => Side::File,
            _ => Side::Both,
        };
        let is_said = is_complete || !file.names.is_empty() || said_something;
        // A name that leads to nothing is left out, and told elsewhere.
        let is_lost = file.ids.is_empty() && !file.names.is_empty();
        (is_said && !is_lost && file.ids != here.ids).then(|| Difference {
            field: field_of(relation),
            side,
            file: listed(&file.ids),
            here: listed(&here.ids),
            circle: None,
        })
    }

    /// Keeps what a file says of a relation.
    pub(crate) fn keep(relation: Relation, names: &[Name], kept: &mut BTreeMap<String, String>) {
        let name = field_of(relation).as_str();
        match digest_of(names) {
            Some(digest) => _ = kept.insert(name.to_owned(), digest),
            None => _ = kept.remove(name),
        }
    }

    /// Keeps what the next comparison goes by, where a difference is left.
    pub(crate) fn leave(&self, relation: Relation, kept: &mut BTreeMap<String, String>) {
        let name = field_of(relation).as_str();
        let place = usize::from(relation == Relation::DependsOn);
        if let Self::Said(said) = self {
            match &said[place] {
                Some(digest) => _ = kept.insert(name.to_owned(), digest.clone()),
                None => _ = kept.remove(name),
            }
        }
    }
}

fn listed(ids: &BTreeSet<TaskId>) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(|id| format!("#{id}")).collect();
    (!ids.is_empty()).then(|| ids.join(", "))
}
