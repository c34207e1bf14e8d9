//! Resource URIs: built, parsed, and derived from what was committed.

use std::{collections::BTreeSet, fmt};

use crate::{
    render,
    store::db::{Batch, Touched},
    task::{Task, TaskId},
};

/// A resource of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ResourceUri {
    /// `tasks://all`: every task that is not in the trash.
    All,
    /// `tasks://pending`: every open task.
    Pending,
    /// `tasks://task/{id}`: one task.
    Task(TaskId),
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("tasks://all"),
            Self::Pending => f.write_str("tasks://pending"),
            Self::Task(id) => write!(f, "tasks://task/{id}"),
        }
    }
}

impl ResourceUri {
    /// Reads a URI as it is written above; `None` for any other.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        match uri {
            "tasks://all" => Some(Self::All),
            "tasks://pending" => Some(Self::Pending),
            _ => {
                let digits = uri.strip_prefix("tasks://task/")?;
                let id: TaskId = digits.parse().ok()?;
                // One resource has one URI: not also `tasks://task/007`.
                (id.to_string() == digits).then_some(Self::Task(id))
            }
        }
    }

    /// Returns what `task` adds to the text of this resource; `None` if it is not in it.
    fn part(self, task: &Task) -> Option<String> {
        match self {
            Self::All => (!task.is_deleted()).then(|| render::block(task)),
            Self::Pending => task.is_open().then(|| render::pending_block(task)),
            Self::Task(id) => (task.id == id).then(|| render::sheet(task)),
        }
    }

    /// Reports whether the change alters the text of this resource.
    fn is_altered_by(self, touched: &Touched) -> bool {
        let before = touched.before.as_ref().and_then(|task| self.part(task));
        before != self.part(&touched.after)
    }
}

/// Returns those of `watched` whose text the batch altered.
pub(super) fn altered(batch: &Batch, watched: &BTreeSet<ResourceUri>) -> BTreeSet<ResourceUri> {
    match batch {
        Batch::Everything => watched.clone(),
        Batch::Tasks(tasks) => watched
            .iter()
            .filter(|uri| tasks.iter().any(|touched| uri.is_altered_by(touched)))
            .copied()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_read_as_it_is_written_and_no_other_way() {
        for uri in ["tasks://all", "tasks://pending", "tasks://task/12"] {
            assert_eq!(ResourceUri::parse(uri).unwrap().to_string(), uri);
        }
        for uri in [
            "",
            "tasks://",
            "tasks://task/0",
            "tasks://task/012",
            "tasks://task/#1",
            "tasks://task/",
            "file:///etc/passwd",
            "tasks://ALL",
        ] {
            assert_eq!(ResourceUri::parse(uri), None, "{uri}");
        }
    }
}
