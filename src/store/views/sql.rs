//! The statements of each view: a page of it, its count, a search in it; and what is bound to them.

use rusqlite::{Statement, ToSql};

use super::{Bound, Filters, Moment, Position, View, ZONES_APART};
use crate::store::rows::task_columns;

/// Open and not in the trash; the words of the partial indexes.
macro_rules! open {
    () => {
        "deleted_at IS NULL AND status IN ('pending', 'in_progress')"
    };
}
pub(in crate::store) use open;

/// Its date has passed: a day before today, or an instant before now.
macro_rules! passed {
    () => {
        "CASE WHEN length(due) = 10 THEN due < :today ELSE due < :now END"
    };
}

/// Tests the filters that a view does not lead with.
macro_rules! filters {
    () => {
        " AND (:project IS NULL OR project = :project)
          AND (:tag IS NULL OR EXISTS (SELECT 1 FROM tag WHERE tag.tag = :tag AND tag.task_id = task.id))
          AND (:priority IS NULL OR priority = :priority)
          AND (:status IS NULL OR status = :status)
          AND (:from_day IS NULL OR CASE WHEN length(due) = 10 THEN due >= :from_day ELSE due >= :from_at END)
          AND (:to_day IS NULL OR CASE WHEN length(due) = 10 THEN due < :to_day ELSE due < :to_at END)"
    };
}

/// A page of tasks: where they come from, by which two numbers they are sorted, what lies beyond the last page, and
/// the order.
macro_rules! page {
    ($columns:expr, $from:expr, ($first:expr, $second:expr), $beyond:expr, $order:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", ",
            $first,
            " AS first, ",
            $second,
            " AS second FROM ",
            $from,
            filters!(),
            " AND (:id IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

/// A page in one of the orders there are.
macro_rules! ordered {
    ($columns:expr, by plan, $condition:expr) => {
        ordered!($columns, planned concat!("task WHERE ", $condition))
    };
    ($columns:expr, by tag, $condition:expr) => {
        ordered!($columns, planned concat!(
            "tag CROSS JOIN task ON task.id = tag.task_id WHERE tag.tag = :tag AND ",
            $condition
        ))
    };
    ($columns:expr, planned $from:expr) => {
        page!(
            $columns,
            $from,
            ("due_order", "rank"),
            "(due_order, rank, id) > (:first, :second, :id)",
            "due_order, rank, id"
        )
    };
    ($columns:expr, by oldest $time:literal, $condition:expr) => {
        page!(
            $columns,
            concat!("task WHERE ", $condition),
            ($time, "0"),
            concat!("(", $time, ", id) > (:first, :id)"),
            concat!($time, ", id")
        )
    };
    ($columns:expr, by latest $time:literal, $condition:expr) => {
        page!(
            $columns,
            concat!("task WHERE ", $condition),
            ($time, "0"),
            concat!("(", $time, ", id) < (:first, :id)"),
            concat!($time, " DESC, id DESC")
        )
    };
    ($columns:expr, by age, $condition:expr) => {
        page!(
            $columns,
            concat!("task WHERE id > coalesce(:id, 0) AND ", $condition),
            ("0", "0"),
            "TRUE",
            "id"
        )
    };
}

/// The latest of the tasks that `$source` names and that are in a view.
macro_rules! found {
    ($source:expr, $id:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            task_columns!(),
            ", :first AS first, 0 AS second FROM ",
            $source,
            " AND ",
            $condition,
            filters!(),
            " AND ",
            $id,
            " < :id ORDER BY ",
            $id,
            " DESC LIMIT :limit"
        )
    };
}

/// The statements of a view.
pub(in crate::store) struct Sql {
    /// A page.
    pub(in crate::store) page: &'static str,
    /// How many there are.
    pub(in crate::store) count: &'static str,
    /// Those whose title the index knows to match `:words`.
    pub(in crate::store) titled: &'static str,
    /// Those that the index knows to match `:words`.
    pub(in crate::store) matching: &'static str,
    /// Those of the ids in the JSON array `:words`.
    pub(in crate::store) among: &'static str,
}

macro_rules! sql {
    ($by:ident $how:tt $($time:literal)?, $condition:expr) => {
        Sql {
            page: ordered!(task_columns!(), $by $how $($time)?, $condition),
            count: concat!("SELECT count(*) FROM (", ordered!("1", $by $how $($time)?, $condition), ")"),
            titled: found!(
                "title_search CROSS JOIN task ON task.id = title_search.rowid
                  WHERE title_search MATCH :words
                    AND title_search.rowid NOT IN (SELECT task_id FROM unindexed)",
                "title_search.rowid",
                $condition
            ),
            matching: found!(
                "search CROSS JOIN task ON task.id = search.rowid
                  WHERE search MATCH :words AND search.rowid NOT IN (SELECT task_id FROM unindexed)",
                "search.rowid",
                $condition
            ),
            among: found!(
                "task WHERE id IN (SELECT value FROM json_each(:words))",
                "task.id",
                $condition
            ),
        }
    };
}

impl View {
    /// Returns the statements of the view, for these filters.
    pub(in crate::store) fn sql(self, filters: &Filters) -> Sql {
        match self {
            // Few tasks have one project or tag, so it leads.
            Self::Open if filters.project.is_some() => {
                sql!(by plan, concat!(open!(), " AND project = :project"))
            }
            Self::Open if filters.tag.is_some() => sql!(by tag, open!()),
            Self::Open => sql!(by plan, open!()),
            Self::Ready => sql!(
                by plan,
                concat!(
                    "deleted_at IS NULL AND status = 'pending' AND blockers = 0",
                    " AND defer_order <= :millis + :apart AND (defer_until IS NULL",
                    " OR CASE WHEN length(defer_until) = 10 THEN defer_until <= :today ELSE defer_until <= :now END)"
                )
            ),
            Self::Today => sql!(
                by plan,
                concat!(
                    open!(),
                    " AND due_order <= :millis + :apart",
                    " AND CASE WHEN length(due) = 10 THEN due <= :today ELSE due <= :end_of_today END"
                )
            ),
            Self::Overdue => sql!(
                by plan,
                concat!(open!(), " AND due_order <= :millis + :apart AND ", passed!())
            ),
            Self::Blocked => sql!(by plan, concat!(open!(), " AND blockers > 0")),
            Self::InProgress => {
                sql!(by oldest "updated_at", "deleted_at IS NULL AND status = 'in_progress'")
            }
            Self::Stale => sql!(
                by oldest "updated_at",
                "deleted_at IS NULL AND status = 'in_progress' AND updated_at < :stale_before"
            ),
            Self::Completed => {
                sql!(by latest "completed_at", "deleted_at IS NULL AND status = 'completed'")
            }
            Self::Cancelled => {
                sql!(by latest "updated_at", "deleted_at IS NULL AND status = 'cancelled'")
            }
            Self::All => sql!(by age, "deleted_at IS NULL"),
            Self::Trash => sql!(by latest "deleted_at", "deleted_at IS NOT NULL"),
        }
    }
}

/// Everything a query may ask for; each takes what it names.
pub(in crate::store) struct Parameters<'a> {
    pub(in crate::store) filters: &'a Filters,
    pub(in crate::store) moment: &'a Moment,
    pub(in crate::store) words: Option<&'a str>,
    pub(in crate::store) after: Option<Position>,
    pub(in crate::store) limit: u32,
}

impl Parameters<'_> {
    pub(in crate::store) fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let Self {
            filters,
            moment,
            words,
            after,
            limit,
        } = self;
        let bound = |bound: &Option<Bound>| {
            bound
                .clone()
                .map_or((None, None), |bound| (Some(bound.day), Some(bound.at)))
        };
        let ((from_day, from_at), (to_day, to_at)) =
            (bound(&filters.due_from), bound(&filters.due_to));
        let values: [(&str, &dyn ToSql); 19] = [
            (":words", words),
            (":project", &filters.project),
            (":tag", &filters.tag),
            (":priority", &filters.priority),
            (":status", &filters.status),
            (":from_day", &from_day),
            (":from_at", &from_at),
            (":to_day", &to_day),
            (":to_at", &to_at),
            (":millis", &moment.millis),
            (":today", &moment.today),
            (":now", &moment.now),
            (":end_of_today", &moment.end_of_today),
            (":stale_before", &moment.stale_before),
            (":apart", &ZONES_APART),
            (":first", &after.map(|after| after.key.0)),
            (":second", &after.map(|after| after.key.1)),
            (":id", &after.map(|after| after.id)),
            (":limit", limit),
        ];
        for (name, value) in values {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        Ok(())
    }
}
