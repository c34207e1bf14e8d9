//! What a list is narrowed down by, as a caller wrote it: one way for tools and command line.

use super::{
    completed_after, completed_before, due_after, due_before, is_none, read_date, tag_filter,
};
use crate::domain::{
    command::Caller,
    query::{Bound, Filters},
    task::{Invalid, Priority, Project, Status, Tag, TaskId},
    when::When,
};

/// Filters as a caller gave them; `None` and an empty list where it gave none.
#[derive(Clone, Debug, Default)]
pub(crate) struct GivenFilters {
    /// A project; a word for none, as "none", asks for tasks without one.
    pub(crate) project: Option<String>,
    /// Projects to leave out; a word for none leaves out tasks without one.
    pub(crate) without_projects: Vec<String>,
    /// Tags, with `+` before them or without.
    pub(crate) tags: Vec<String>,
    pub(crate) without_tags: Vec<String>,
    pub(crate) priority: Option<Priority>,
    pub(crate) no_priority: bool,
    pub(crate) status: Option<Status>,
    pub(crate) parent: Option<TaskId>,
    /// The day that tasks are due.
    pub(crate) due: Option<String>,
    pub(crate) due_after: Option<String>,
    pub(crate) due_before: Option<String>,
    pub(crate) completed_after: Option<String>,
    pub(crate) completed_before: Option<String>,
}

impl GivenFilters {
    /// Reads them; dates as seen by `caller`.
    pub(crate) fn read(&self, caller: &Caller) -> Result<Filters, Invalid> {
        let project = |name: &String| Project::cleaned(name).map(|(name, _)| name);
        let tags = |words: &[String]| -> Result<Vec<Tag>, Invalid> {
            let mut tags: Vec<Tag> = Vec::new();
            for word in words {
                let tag = tag_filter(word)?;
                if !tags.iter().any(|known| known.is_same(&tag)) {
                    tags.push(tag);
                }
            }
            Ok(tags)
        };
        let date = |text: &Option<String>, read: fn(&str, &Caller) -> Result<Bound, Invalid>| {
            text.as_deref().map(|text| read(text, caller)).transpose()
        };
        let (mut due_from, mut due_to) = (
            date(&self.due_after, due_after)?,
            date(&self.due_before, due_before)?,
        );
        if let Some(text) = &self.due {
            if due_from.is_some() || due_to.is_some() {
                let reason = "is given beside another date; give one day, or the two ends";
                return Err(Invalid::new("due", reason));
            }
            let when = read_date("due", text, caller)?.when;
            if when.instant(caller.zone).is_some() {
                let reason = "names a time of day, and a list is narrowed to a whole day; leave the time out, or give it \
                              to --due-before or --due-after";
                return Err(Invalid::new("due", reason));
            }
            let day = When::Day(when.day(caller.zone));
            due_from = Some(Bound::from(day, caller.zone));
            due_to = Some(Bound::to(day, caller.zone));
        }
        let wants_none = |name: &String| is_none(name);
        Ok(Filters {
            no_project: self.project.as_ref().is_some_and(wants_none),
            project: self
                .project
                .as_ref()
                .filter(|name| !wants_none(name))
                .map(project)
                .transpose()?,
            has_project: self.without_projects.iter().any(wants_none),
            without_projects: self
                .without_projects
                .iter()
                .filter(|name| !wants_none(name))
                .map(project)
                .collect::<Result<_, _>>()?,
            tags: tags(&self.tags)?,
            without_tags: tags(&self.without_tags)?,
            priority: self.priority,
            no_priority: self.no_priority,
            status: self.status,
            parent: self.parent,
            due_from,
            due_to,
            completed_from: completed_after(self.completed_after.as_deref(), caller)?,
            completed_to: completed_before(self.completed_before.as_deref(), caller)?,
        })
    }
}
