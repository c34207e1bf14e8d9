//! Where the tasks of a list are read from instead of its view: those that have something that a filter asks for, by an index of
//! that.

use std::fmt::Write as _;

use super::shape::{Scope, Shape, Window, old, open};
use crate::domain::{
    query::{Bound, Filters, View, order},
    task::{Project, Status, Tag},
};

/// What the tasks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// This of the tags.
    Tag(usize),
    /// The project, or one below it; any project where none is named.
    Project,
    /// The parent.
    Parent,
    /// They are in progress.
    InProgress,
    /// A date of completion.
    Completion,
    /// A due date. Rounds of series had another, so all of them are read beside its tasks.
    Due,
}

/// What one index has of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Those of a scope that have this of the tags.
    Tag(usize, Scope),
    /// Open ones of the project and those below it.
    OpenOfProject,
    /// The other ones.
    OldOfProject,
    /// The parts of a task.
    Children,
    /// Those in progress.
    InProgress,
    /// Those completed between the dates that are asked for.
    Completed,
    /// Open ones with a due date of this kind between those that are asked for.
    OpenDue(u8),
    /// The other ones.
    OldDue(u8),
}

impl Source {
    /// Returns what `filters` ask for that tasks of the view can be read from.
    pub(super) fn all(view: View, filters: &Filters) -> Vec<Self> {
        let mut sources: Vec<Self> = (0..filters.tags.len()).map(Self::Tag).collect();
        let mut add = |source, is_asked_for: bool| sources.extend(is_asked_for.then_some(source));
        let shape = Shape::of(view);
        add(
            Self::Project,
            filters.project.is_some() || filters.has_project,
        );
        add(Self::Parent, filters.parent.is_some());
        let is_view_of_its_own = matches!(view, View::InProgress | View::Stale);
        let in_progress = filters.status == Some(Status::InProgress);
        // Its index has none of those in the trash.
        let may_be_open = shape.scope != Scope::Old;
        add(
            Self::InProgress,
            in_progress && may_be_open && !is_view_of_its_own,
        );
        // Rounds of series were completed at a time of their own; the view of completed tasks is in that order anyway.
        add(
            Self::Completion,
            filters.asks_for_completion() && matches!(view, View::All),
        );
        let has_due = filters.due_from.is_some() || filters.due_to.is_some();
        add(Self::Due, has_due && shape.scope != Scope::Open);
        sources
    }

    /// Returns its parts for the tasks of a view.
    pub(super) fn parts(self, scope: Scope) -> Vec<Part> {
        let kinds = 0..order::NO_DATE;
        let of = |open: Vec<Part>, old: Vec<Part>| match scope {
            Scope::Open => open,
            Scope::Old => old,
            Scope::Both => [open, old].concat(),
        };
        match self {
            Self::Tag(number) => vec![Part::Tag(number, scope)],
            Self::Project => of(vec![Part::OpenOfProject], vec![Part::OldOfProject]),
            Self::Parent => vec![Part::Children],
            Self::InProgress => vec![Part::InProgress],
            Self::Completion => vec![Part::Completed],
            Self::Due => of(
                kinds.clone().map(Part::OpenDue).collect(),
                kinds.map(Part::OldDue).collect(),
            ),
        }
    }
}

/// The rows of a part: those of another table or index, by whose ids tasks are looked up, or the tasks themselves.
struct Rows {
    from: &'static str,
    /// The id of the task in such a row.
    id: &'static str,
    condition: String,
    /// Whether the index has most of what is asked of a task.
    has_columns: bool,
}

impl Part {
    fn rows(self, view: View, filters: &Filters) -> Rows {
        let (from_due, until_due) = Window::ends(view, filters);
        let due = |kind: u8, whose: &str| {
            let mut condition = format!("{whose} AND due_kind = {kind}");
            if from_due {
                let _ = write!(condition, " AND due_order >= :from_{kind}");
            }
            if until_due {
                let _ = write!(condition, " AND due_order < :until_{kind}");
            }
            condition
        };
        let in_project = |whose: &str| {
            let project = filters.project.as_ref();
            let which = project.map_or_else(
                || "project_key IS NOT NULL".to_owned(),
                |_| within(":project"),
            );
            format!("{whose} AND {which}")
        };
        let looked_up = |from, id, condition| Rows {
            from,
            id,
            condition,
            has_columns: false,
        };
        let tasks = |from, condition| Rows {
            from,
            id: "task.id",
            condition,
            has_columns: true,
        };
        match self {
            Self::Tag(number, scope) => {
                let mut condition = format!("lead.tag = :tag_{number}");
                if scope != Scope::Both {
                    let _ = write!(condition, " AND lead.is_old {}", scope.is_old_or(""));
                }
                looked_up("tag AS lead", "lead.task_id", condition)
            }
            Self::Children => looked_up(
                "task AS lead INDEXED BY task_by_parent",
                "lead.id",
                "lead.parent = :parent".to_owned(),
            ),
            Self::InProgress => looked_up(
                "task AS lead INDEXED BY task_by_progress",
                "lead.id",
                "lead.deleted_at IS NULL AND lead.status = 'in_progress'".to_owned(),
            ),
            Self::OpenOfProject => tasks("task INDEXED BY task_by_project", in_project(open!())),
            Self::OldOfProject => tasks("task INDEXED BY task_by_old_project", in_project(old!())),
            Self::Completed => {
                let mut condition = "deleted_at IS NULL AND status = 'completed'".to_owned();
                let mut and = |test: &str| {
                    condition.push_str(" AND ");
                    condition.push_str(test);
                };
                if filters.completed_from.is_some() {
                    and("completed_at >= :completed_from");
                }
                if filters.completed_to.is_some() {
                    and("completed_at < :completed_to");
                }
                if filters.priority.is_some() || filters.no_priority {
                    and("rank = :rank");
                }
                and_due(&mut and, from_due, until_due);
                tasks("task INDEXED BY task_by_completion", condition)
            }
            Self::OpenDue(kind) => tasks("task INDEXED BY task_by_plan", due(kind, open!())),
            Self::OldDue(kind) => tasks(
                "task INDEXED BY task_by_old_due",
                due(kind, concat!(old!(), " AND due_kind < 3")),
            ),
        }
    }

    /// Returns what follows FROM to read its tasks that have all the tags, and the condition that they are of the part; all of them
    /// are of `scope`. Where its index has not the columns that lists ask for, they are read from one that has many tasks to a page.
    pub(super) fn tasks(self, view: View, filters: &Filters, scope: Scope) -> (String, String) {
        let Rows {
            from,
            id,
            condition,
            has_columns,
        } = self.rows(view, filters);
        let (mut from, id, condition) = if has_columns {
            (from.to_owned(), id, condition)
        } else {
            let lead = format!("(SELECT {id} AS id FROM {from} WHERE {condition}) AS lead");
            (lead, "lead.id", "TRUE".to_owned())
        };
        let is_another = |number: &usize| !matches!(self, Self::Tag(own, _) if own == *number);
        let others = (0..filters.tags.len()).filter(is_another);
        from.push_str(&with_tags(others, scope, id));
        if !has_columns {
            from.push_str(" CROSS JOIN task INDEXED BY task_by_id ON task.id = lead.id");
        }
        (from, condition)
    }

    /// Returns the statement that counts its tasks.
    pub(super) fn count(self, view: View, filters: &Filters) -> String {
        let Rows {
            from, condition, ..
        } = self.rows(view, filters);
        format!("SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {condition} LIMIT :limit)")
    }
}

/// Returns what follows FROM so that only what has these of the tags is left, by the `id` of a task of `scope`.
pub(super) fn with_tags(tags: impl Iterator<Item = usize>, scope: Scope, id: &str) -> String {
    let join = |number| {
        let name = format!("tag_{number}");
        let has_tag = has_tag(&name, &name, scope.is_old_or("IN (FALSE, TRUE)"), id);
        format!(" CROSS JOIN tag AS {name} ON {has_tag}")
    };
    tags.map(join).collect()
}

/// Returns the test that a row of the table `tag`, which is called `row`, says that the task with `id` has the tag that is bound to
/// `name`; `is_old` is what is known of the column of that name.
pub(super) fn has_tag(row: &str, name: &str, is_old: &str, id: &str) -> String {
    format!("{row}.tag = :{name} AND {row}.is_old {is_old} AND {row}.task_id = {id}")
}

/// Reports whether no task of `view` can be what `filters` ask for, whatever tasks there are.
pub(super) fn is_contradiction(view: View, filters: &Filters) -> bool {
    let asks_for_completion = filters.asks_for_completion();
    let has_no = |status| !view.has(status);
    let is_left_out = |tag: &Tag| filters.without_tags.iter().any(|it| it.key() == tag.key());
    let is_below = |project: &Project, other: &Project| {
        let (key, other) = (project.key(), other.key());
        let rest = key.strip_prefix(other.as_ref());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_left_out_with_its_project = filters.project.as_ref().is_some_and(|project| {
        let mut without = filters.without_projects.iter();
        without.any(|other| is_below(project, other))
    });
    let is_empty = |from: &Option<Bound>, to: &Option<Bound>| match (from, to) {
        (Some(from), Some(to)) => from.millis >= to.millis,
        _ => false,
    };
    filters.status.is_some_and(has_no)
        || asks_for_completion && has_no(Status::Completed)
        || asks_for_completion
            && filters
                .status
                .is_some_and(|status| status != Status::Completed)
        || filters.no_project && (filters.project.is_some() || filters.has_project)
        || filters.tags.iter().any(is_left_out)
        || is_left_out_with_its_project
        || is_empty(&filters.due_from, &filters.due_to)
        || is_empty(&filters.completed_from, &filters.completed_to)
}

/// Adds the tests that it is due between two dates; what has no date sorts after everything.
pub(super) fn and_due(and: &mut impl FnMut(&str), from: bool, until: bool) {
    if from {
        and(
            "due_kind < 3 AND due_order >= CASE due_kind WHEN 0 THEN :from_0 WHEN 1 THEN :from_1 ELSE :from_2 END",
        );
    }
    if until {
        and(
            "due_order < CASE due_kind WHEN 0 THEN :until_0 WHEN 1 THEN :until_1 ELSE :until_2 END",
        );
    }
}

/// Returns the test that a project is the one bound to `name` or lies below it, as an index can seek it.
pub(super) fn within(name: &str) -> String {
    format!(
        "project_key >= {name} AND project_key < {name} || '/' AND (project_key = {name} OR project_key >= {name} || '.')"
    )
}
