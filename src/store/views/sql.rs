//! The statements of each view: a page of it, its count, a search in it; and what is bound to them.
//!
//! A statement tests what is asked for and nothing else, so that SQLite can seek to where a page begins, and counts
//! from an index alone.

use rusqlite::{Statement, ToSql};

use crate::{
    domain::{
        query::{Bound, Filters, Moment, Position, View, ZONES_APART},
        task::{Project, Tag},
    },
    store::rows::{round_columns, summary_columns},
};

/// Open and not in the trash; the words of the partial indexes.
macro_rules! open {
    () => {
        "deleted_at IS NULL AND status IN ('pending', 'in_progress')"
    };
}
pub(in crate::store) use open;

/// Its `defer_until` has come, or it has none. Most are told by the index; of a day the text decides, since the zone matters.
macro_rules! has_come {
    () => {
        "(defer_order <= :millis - :apart OR defer_order <= :millis + :apart \
          AND CASE WHEN length(defer_until) = 10 THEN defer_until <= :today ELSE defer_order <= :millis END)"
    };
}

/// Its date has passed: a day before today, or a time before now.
macro_rules! passed {
    () => {
        "CASE WHEN length(due) = 10 THEN due < :today ELSE due_order < :millis END"
    };
}

/// What makes the statements of a view, for some filters.
pub(in crate::store) struct Sql<'a> {
    /// What a task of the view is.
    condition: &'static str,
    order: Order,
    filters: &'a Filters,
    /// Few tasks have one tag: the view is read from those.
    tag_leads: bool,
}

/// By which two numbers, and then by the id, the tasks of a view are sorted.
#[derive(Clone, Copy)]
enum Order {
    /// What is due first, then what matters most.
    Plan,
    /// This time, the oldest first.
    Oldest(&'static str),
    /// This time, the latest first.
    Latest(&'static str),
    /// The id alone.
    Age,
}

impl View {
    /// Returns what makes the statements of the view, for these filters.
    pub(in crate::store) fn sql(self, filters: &Filters) -> Sql<'_> {
        let (order, condition) = match self {
            Self::Open => (Order::Plan, concat!(open!(), " AND ", has_come!())),
            Self::Pending => (Order::Plan, open!()),
            Self::Deferred => (
                Order::Oldest("defer_order"),
                concat!(
                    open!(),
                    " AND defer_until IS NOT NULL AND defer_order >= :millis - :apart AND NOT ",
                    has_come!()
                ),
            ),
            Self::Ready => (
                Order::Plan,
                concat!(
                    "deleted_at IS NULL AND status = 'pending' AND blockers = 0 AND ",
                    has_come!()
                ),
            ),
            Self::Today => (
                Order::Plan,
                concat!(
                    open!(),
                    " AND due_order <= :millis + :apart",
                    " AND CASE WHEN length(due) = 10 THEN due <= :today ELSE due_order <= :end_of_today END"
                ),
            ),
            Self::Overdue => (
                Order::Plan,
                concat!(
                    open!(),
                    " AND due_order <= :millis + :apart AND ",
                    passed!()
                ),
            ),
            Self::Blocked => (Order::Plan, concat!(open!(), " AND blockers > 0")),
            Self::InProgress => (
                Order::Oldest("updated_at"),
                "deleted_at IS NULL AND status = 'in_progress'",
            ),
            Self::Stale => (
                Order::Oldest("updated_at"),
                "deleted_at IS NULL AND status = 'in_progress' AND updated_at < :stale_before",
            ),
            Self::Completed => (
                Order::Latest("completed_at"),
                "deleted_at IS NULL AND status = 'completed'",
            ),
            Self::Cancelled => (
                Order::Latest("updated_at"),
                "deleted_at IS NULL AND status = 'cancelled'",
            ),
            Self::All => (Order::Age, "deleted_at IS NULL"),
            Self::Trash => (Order::Latest("deleted_at"), "deleted_at IS NOT NULL"),
        };
        Sql {
            condition,
            order,
            filters,
            tag_leads: matches!(self, Self::Open | Self::Pending) && filters.tag.is_some(),
        }
    }
}

impl Sql<'_> {
    /// Returns the statement for a page, from the beginning or from a [`Position`] on.
    pub(in crate::store) fn page(&self, is_first: bool) -> String {
        let (first, second) = match self.order {
            Order::Plan => ("due_order", "rank"),
            Order::Oldest(time) | Order::Latest(time) => (time, "0"),
            Order::Age => ("0", "0"),
        };
        let columns = summary_columns!();
        let columns = format!("{columns}, {first} AS first, {second} AS second");
        self.ordered(&columns, is_first)
    }

    /// Returns the statement that counts what [`Sql::page`] lists.
    pub(in crate::store) fn count(&self, is_first: bool) -> String {
        format!("SELECT count(*) FROM ({})", self.ordered("1", is_first))
    }

    /// Returns the statement for finished rounds of series, which the view of completed tasks has besides, as [`Sql::page`].
    pub(in crate::store) fn rounds(&self, is_first: bool) -> String {
        let columns = round_columns!();
        let columns = format!("{columns}, change.at AS first, change.seq AS second");
        self.rounds_with(&columns, is_first)
    }

    /// Returns the statement that counts what [`Sql::rounds`] lists.
    pub(in crate::store) fn count_of_rounds(&self, is_first: bool) -> String {
        format!("SELECT count(*) FROM ({})", self.rounds_with("1", is_first))
    }

    fn rounds_with(&self, columns: &str, is_first: bool) -> String {
        let filtered = tests(self.filters, false, &Tested::ROUND);
        let beyond = if is_first {
            ""
        } else {
            " AND (change.at, change.task_id, change.seq) < (:first, :id, :second)"
        };
        format!(
            "SELECT {columns} FROM change INDEXED BY change_by_round CROSS JOIN task ON task.id = change.task_id
              WHERE change.kind = 'complete' AND instr(change.new, '\"due\":') > 0 AND {IN_FORCE}
                AND task.deleted_at IS NULL{filtered}{beyond}
              ORDER BY change.at DESC, change.task_id DESC, change.seq DESC LIMIT :limit"
        )
    }

    /// Returns the statement for those whose title the index knows to match `:words`.
    pub(in crate::store) fn titled(&self) -> String {
        self.found(
            "title_search CROSS JOIN task ON task.id = title_search.rowid
              WHERE title_search MATCH :words AND title_search.rowid NOT IN (SELECT task_id FROM unindexed)",
            "title_search.rowid",
        )
    }

    /// Returns the statement for those that the index knows to match `:words`.
    pub(in crate::store) fn matching(&self) -> String {
        self.found(
            "search CROSS JOIN task ON task.id = search.rowid
              WHERE search MATCH :words AND search.rowid NOT IN (SELECT task_id FROM unindexed)",
            "search.rowid",
        )
    }

    /// Returns the statement for those of the ids in the JSON array `:words`.
    pub(in crate::store) fn among(&self) -> String {
        self.found(
            "task WHERE id IN (SELECT value FROM json_each(:words))",
            "task.id",
        )
    }

    fn ordered(&self, columns: &str, is_first: bool) -> String {
        let condition = self.condition;
        let from = if self.tag_leads {
            "tag CROSS JOIN task ON task.id = tag.task_id WHERE tag.tag = :tag AND"
        } else {
            "task WHERE"
        };
        let (beyond, order) = match self.order {
            Order::Plan => (
                "(due_order, rank, id) > (:first, :second, :id)".to_owned(),
                "due_order, rank, id".to_owned(),
            ),
            Order::Oldest(time) => (
                format!("({time}, id) > (:first, :id)"),
                format!("{time}, id"),
            ),
            // A task that was completed comes after a round of its own that was finished at the same moment.
            Order::Latest(time) => (
                format!("({time}, id) < (:first, :id + (:second > 0))"),
                format!("{time} DESC, id DESC"),
            ),
            Order::Age => ("id > :id".to_owned(), "id".to_owned()),
        };
        let filtered = tests(self.filters, self.tag_leads, &Tested::TASK);
        let beyond = if is_first {
            String::new()
        } else {
            format!(" AND {beyond}")
        };
        format!(
            "SELECT {columns} FROM {from} {condition}{filtered}{beyond} ORDER BY {order} LIMIT :limit"
        )
    }

    /// The latest of the tasks that `source` names and that are in the view.
    fn found(&self, source: &str, id: &str) -> String {
        let columns = summary_columns!();
        let (condition, filtered) = (self.condition, tests(self.filters, false, &Tested::TASK));
        format!(
            "SELECT {columns}, :first AS first, 0 AS second FROM {source} AND {condition}{filtered} AND {id} < :id \
             ORDER BY {id} DESC LIMIT :limit"
        )
    }
}

/// Its group is not undone. An undo can be undone, and that again: the number of links decides.
const IN_FORCE: &str = "(WITH RECURSIVE chain (link) AS (
         SELECT change.group_seq
         UNION ALL
         SELECT (SELECT max(undo.group_seq) FROM change AS undo WHERE undo.reverts = chain.link)
           FROM chain WHERE chain.link IS NOT NULL)
     SELECT count(link) FROM chain) % 2 = 1";

/// What the tests of dates and the status look at.
struct Tested {
    due: &'static str,
    completed_at: &'static str,
    /// Whether the status is tested; a round is completed.
    status: bool,
}

impl Tested {
    const TASK: Self = Self {
        due: "due",
        completed_at: "completed_at",
        status: true,
    };
    const ROUND: Self = Self {
        due: "(change.old ->> '$.due')",
        completed_at: "change.at",
        status: false,
    };
}

/// Returns the tests for the filters that are set, each with an `AND` before it.
fn tests(filters: &Filters, tag_leads: bool, tested: &Tested) -> String {
    let tag = filters.tag.is_some() && !tag_leads;
    let Tested {
        due, completed_at, ..
    } = tested;
    let due_test = |is: &str, bound: &str| {
        format!(
            "CASE WHEN length({due}) = 10 THEN {due} {is} :{bound}_day ELSE {due} {is} :{bound}_at END"
        )
    };
    let due_from = due_test(">=", "from");
    let due_to = due_test("<", "to");
    let completed_from = format!("{completed_at} >= :completed_from");
    let completed_to = format!("{completed_at} < :completed_to");
    let tests = [
        (filters.project.is_some(), "project_key = :project"),
        (filters.no_project, "project IS NULL"),
        (
            tag,
            "EXISTS (SELECT 1 FROM tag WHERE tag.tag = :tag AND tag.task_id = task.id)",
        ),
        (filters.priority.is_some(), "priority = :priority"),
        (
            filters.status.is_some() && tested.status,
            "status = :status",
        ),
        (filters.due_from.is_some(), &*due_from),
        (filters.due_to.is_some(), &*due_to),
        (filters.completed_from.is_some(), &*completed_from),
        (filters.completed_to.is_some(), &*completed_to),
    ];
    let set = tests.into_iter().filter(|(is_set, _)| *is_set);
    set.flat_map(|(_, test)| [" AND ", test]).collect()
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
        let millis = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.millis);
        let completed_from = millis(&filters.completed_from);
        let completed_to = millis(&filters.completed_to);
        let project = filters.project.as_ref().map(Project::key);
        let tag = filters.tag.as_ref().map(Tag::key);
        let (first, second) = (
            after.map(|after| after.key.0),
            after.map(|after| after.key.1),
        );
        let id = after.map(|after| after.id);
        for index in 1..=statement.parameter_count() {
            let value: &dyn ToSql = match statement.parameter_name(index).unwrap_or_default() {
                ":words" => words,
                ":project" => &project,
                ":tag" => &tag,
                ":priority" => &filters.priority,
                ":status" => &filters.status,
                ":from_day" => &from_day,
                ":from_at" => &from_at,
                ":to_day" => &to_day,
                ":to_at" => &to_at,
                ":completed_from" => &completed_from,
                ":completed_to" => &completed_to,
                ":millis" => &moment.millis,
                ":today" => &moment.today,
                ":end_of_today" => &moment.end_of_today,
                ":stale_before" => &moment.stale_before,
                ":apart" => &ZONES_APART,
                ":first" => &first,
                ":second" => &second,
                ":id" => &id,
                ":limit" => limit,
                other => return Err(rusqlite::Error::InvalidParameterName(other.to_owned())),
            };
            statement.raw_bind_parameter(index, value)?;
        }
        Ok(())
    }
}
