//! The statements of each view: a stream of its tasks, their count, a search in it.
//!
//! A statement tests what is asked for and nothing else, so that SQLite can seek to where a page begins, and counts
//! from an index alone.

use super::{
    shape::{Begin, Order, Scope, Shape, Window, old, open},
    source::{Part, and_due, has_tag, with_tags, within},
};
use crate::{
    domain::query::{Filters, Sort, View, order::NO_DATE},
    store::{
        rows::{round_columns, summary_columns},
        write_task::NO_DUE,
    },
};

/// What makes the statements of a view, for some filters.
pub(in crate::store) struct Sql<'a> {
    view: View,
    shape: Shape,
    filters: &'a Filters,
}

impl View {
    /// Returns what makes the statements of the view, for these filters.
    pub(in crate::store) fn sql(self, filters: &Filters) -> Sql<'_> {
        Sql {
            view: self,
            shape: Shape::of(self),
            filters,
        }
    }
}

impl Sql<'_> {
    /// Returns the statement for the tasks of one kind of date, as they begin; of one project where each has a stream.
    pub(super) fn page(&self, kind: Option<u8>, of_project: bool, begin: Begin) -> String {
        let (first, second) = self.shape.order.columns();
        let columns = summary_columns!();
        let columns = format!("{columns}, {first} AS first, {second} AS second");
        self.ordered(&columns, kind, of_project, begin)
    }

    /// Returns the statement with a row of nothing for each task that [`Sql::page`] lists, to count them.
    pub(super) fn count(&self, kind: Option<u8>, of_project: bool, begin: Begin) -> String {
        self.ordered("1", kind, of_project, begin)
    }

    /// Returns the statement for the ids of the tasks that [`Sql::page`] lists.
    pub(super) fn ids(&self, kind: Option<u8>, begin: Begin) -> String {
        self.ordered("id", kind, false, begin)
    }

    fn ordered(&self, columns: &str, kind: Option<u8>, of_project: bool, begin: Begin) -> String {
        let order = self.shape.order;
        let mut condition = self.shape.condition.to_owned();
        let mut and = |test: &str| {
            condition.push_str(" AND ");
            condition.push_str(test);
        };
        let from = if of_project {
            let (index, whose) = if self.shape.scope == Scope::Old {
                ("task INDEXED BY task_by_old_project", old!())
            } else {
                ("task INDEXED BY task_by_project", open!())
            };
            and(whose);
            and("project_key = :stream_project");
            index
        } else if order == Order::Age {
            // Most are passed over by what an index with many tasks to a page has of them.
            "task INDEXED BY task_by_id"
        } else {
            "task"
        };
        if let (Some(column), Some(kind)) = (order.kind_column(), kind) {
            and(&format!("{column} = {kind}"));
        }
        if order == Order::Plan && kind == Some(NO_DATE) && asks_for_rank(self.filters) {
            // All of them have the same key, so that the index has those of a rank together.
            and(&format!("due_order = {NO_DUE} AND rank = :rank"));
        }
        if self.shape.has_come == Some(true) {
            and(HAS_COME);
        }
        let (from_due, until_due) = Window::ends(self.view, self.filters);
        if order == Order::Plan {
            // Where it begins is a place like any other.
            if until_due {
                and("due_order < :until");
            }
        } else {
            and_due(&mut and, from_due, until_due);
        }
        let is_latest = matches!(order, Order::Latest(_));
        let later = if is_latest { "<" } else { ">" };
        let keys = order.keys();
        let bounds = &[":first", ":second"][..keys.len()];
        match begin {
            Begin::First => {}
            Begin::Same => {
                for (key, bound) in keys.iter().zip(bounds) {
                    and(&format!("{key} = {bound}"));
                }
                // A task that was completed comes after a round of its own that was finished at the same moment.
                let own = if is_latest { " + (:second > 0)" } else { "" };
                and(&format!("id {later} :id{own}"));
            }
            Begin::Beyond => and(&format!(
                "({}) {later} ({})",
                keys.join(", "),
                bounds.join(", ")
            )),
        }
        let known = if of_project {
            Known::Project
        } else {
            Known::Nothing
        };
        condition.push_str(&self.tests(known));
        format!(
            "SELECT {columns} FROM {from} WHERE {condition} ORDER BY {} LIMIT :limit",
            order.sorted()
        )
    }

    /// Returns the statement for the tasks of the view in a part that has those of one kind of date, as they are due.
    pub(super) fn by_due(&self, part: Part) -> String {
        let columns = summary_columns!();
        let (from, which) = part.tasks(self.view, self.filters, self.shape.scope);
        let condition = self.condition();
        let tests = self.tests(Known::Tags);
        format!(
            "SELECT {columns}, due_order AS first, rank AS second FROM {from} WHERE {which} AND {condition}{tests} \
             ORDER BY due_order, rank, task.id LIMIT :limit"
        )
    }

    /// Returns the statement for what the tasks of the view in a part of a source are sorted by: two numbers, the kind of date,
    /// the id. Where the list begins with its first task and has no dates of several kinds, these are the first of the part.
    pub(super) fn keys(&self, part: Part, is_first: bool) -> String {
        let order = self.shape.order;
        let (first, second) = order.columns();
        let kind = order.kind_column();
        let first_ones = if is_first && kind.is_none() {
            format!(" ORDER BY {} LIMIT :limit", order.sorted())
        } else {
            String::new()
        };
        let kind = kind.unwrap_or("NULL");
        let (from, which) = part.tasks(self.view, self.filters, self.shape.scope);
        let condition = self.condition();
        let tests = self.tests(Known::Tags);
        format!(
            "SELECT {first}, {second}, {kind}, task.id, NULL FROM {from} WHERE {which} AND {condition}{tests}{first_ones}"
        )
    }

    /// Returns the same of finished rounds; the last column is the change that finished one.
    pub(super) fn round_keys(&self, part: Part) -> String {
        let (from, which) = part.tasks(self.view, self.filters, Scope::Both);
        let tests = tests(self.filters, Known::Tags, &Tested::ROUND);
        format!(
            "SELECT change.at, change.seq, change.old ->> '$.due', task.id, change.seq
               FROM {from} CROSS JOIN change ON change.task_id = task.id
              WHERE {which}{tests} AND {ROUND}"
        )
    }

    /// Returns the same of all finished rounds, whatever source they are in.
    pub(super) fn all_round_keys(&self) -> String {
        let tests = tests(self.filters, Known::Tags, &Tested::ROUND);
        let from = self.rounds_with_tags();
        format!(
            "SELECT change.at, change.seq, change.old ->> '$.due', task.id, change.seq
               FROM {from} CROSS JOIN task INDEXED BY task_by_id ON task.id = change.task_id
              WHERE TRUE{tests} AND {ROUND}"
        )
    }

    /// Returns what follows FROM to read the changes that may have finished a round of a task with all the tags.
    fn rounds_with_tags(&self) -> String {
        let tags = with_tags(0..self.filters.tags.len(), Scope::Both, "change.task_id");
        format!("change INDEXED BY change_by_round{tags}")
    }

    /// Returns the statement that counts changes that may have finished a round, up to a limit.
    pub(super) fn possible_rounds() -> &'static str {
        "SELECT count(*) FROM (
            SELECT 1 FROM change INDEXED BY change_by_round
             WHERE kind = 'complete' AND instr(new, '\"due\":') > 0 LIMIT ?1)"
    }

    /// Returns the statement for finished rounds of series, which the view of completed tasks has besides, as [`Sql::page`].
    pub(super) fn rounds(&self, is_first: bool) -> String {
        let tests = tests(self.filters, Known::Tags, &Tested::ROUND);
        let from = self.rounds_with_tags();
        let beyond = if is_first {
            ""
        } else {
            " AND (change.at, change.task_id, change.seq) < (:first, :id, :second)"
        };
        let columns = round_columns!();
        format!(
            "SELECT {columns}, change.at AS first, change.seq AS second
               FROM {from} CROSS JOIN task ON task.id = change.task_id
              WHERE TRUE{tests}{beyond} AND {ROUND}
              ORDER BY change.at DESC, change.task_id DESC, change.seq DESC LIMIT :limit"
        )
    }

    /// Returns the statement for all tasks of the view, as they come along the ids, the change log, or the titles that are indexed.
    pub(super) fn by(&self, sort: Sort) -> String {
        let columns = summary_columns!();
        let condition = self.condition();
        let tests = self.tests(Known::Nothing);
        let (from, which, order) = match sort {
            Sort::Changed => (
                "change CROSS JOIN task ON task.id = change.task_id",
                " AND change.part = 1
                  AND change.seq = (SELECT max(later.seq) FROM change AS later
                                     WHERE later.task_id = change.task_id AND later.part = 1)",
                "change.seq DESC",
            ),
            Sort::Title => (
                "title_order INDEXED BY title_order_by_key CROSS JOIN task INDEXED BY task_by_id ON task.id = title_order.task_id",
                " AND title_order.task_id NOT IN (SELECT task_id FROM unindexed)",
                "title_order.key, title_order.task_id",
            ),
            // Most are passed over by what an index with many tasks to a page has of them.
            Sort::Oldest => ("task INDEXED BY task_by_id", "", "task.id"),
            _ => ("task INDEXED BY task_by_id", "", "task.id DESC"),
        };
        format!("SELECT {columns} FROM {from} WHERE {condition}{tests}{which} ORDER BY {order}")
    }

    /// Returns the statement for the tasks of the view whose title the index of titles does not have as it is: those that wait to be
    /// indexed, and new ones.
    pub(super) fn without_place_by_title(&self) -> String {
        let columns = summary_columns!();
        let condition = self.condition();
        let tests = self.tests(Known::Nothing);
        format!(
            "SELECT {columns}
               FROM (SELECT task_id AS lead_id FROM unindexed
                     UNION SELECT id FROM task WHERE id > (SELECT coalesce(max(task_id), 0) FROM title_order))
              CROSS JOIN task ON task.id = lead_id WHERE {condition}{tests}"
        )
    }

    /// Returns the statement for the round that one change finished.
    pub(super) fn round() -> &'static str {
        concat!(
            "SELECT ",
            round_columns!(),
            " FROM change CROSS JOIN task ON task.id = change.task_id WHERE change.seq = ?1"
        )
    }

    /// Returns the statements for those whose title the index knows to match `:words`.
    pub(in crate::store) fn titled(&self) -> Vec<String> {
        self.found(
            "title_search CROSS JOIN task ON task.id = title_search.rowid",
            "title_search MATCH :words AND title_search.rowid NOT IN (SELECT task_id FROM unindexed)",
            "title_search.rowid",
        )
    }

    /// Returns the statements for those that the index knows to match `:words`.
    pub(in crate::store) fn matching(&self) -> Vec<String> {
        self.found(
            "search CROSS JOIN task ON task.id = search.rowid",
            "search MATCH :words AND search.rowid NOT IN (SELECT task_id FROM unindexed)",
            "search.rowid",
        )
    }

    /// Returns the statements for those of the ids in the JSON array `:words`.
    pub(in crate::store) fn among(&self) -> Vec<String> {
        let among = "task.id IN (SELECT value FROM json_each(:words))";
        self.found("task", among, "task.id")
    }

    /// The latest of the tasks that are found in `source` and are in the view; of series that go on, in the view of completed tasks,
    /// the latest finished round of each.
    fn found(&self, source: &str, test: &str, id: &str) -> Vec<String> {
        let columns = summary_columns!();
        let condition = self.condition();
        let filtered = self.tests(Known::Nothing);
        let tasks = format!(
            "SELECT {columns}, :first AS first, 0 AS second FROM {source} WHERE {test} AND {condition}{filtered} AND {id} < :id \
             ORDER BY {id} DESC LIMIT :limit"
        );
        if self.view != View::Completed {
            return vec![tasks];
        }
        let columns = round_columns!();
        let filtered = tests(self.filters, Known::Nothing, &Tested::ROUND);
        // Beside max, the other columns are those of the same row.
        let rounds = format!(
            "SELECT {columns}, max(change.seq), :first AS first, 0 AS second
               FROM {source} CROSS JOIN change ON change.task_id = task.id
              WHERE {test} AND task.status <> 'completed'{filtered} AND {id} < :id AND {id} > :above AND {ROUND}
              GROUP BY task.id ORDER BY task.id DESC LIMIT :limit"
        );
        vec![tasks, rounds]
    }

    /// Returns the tests of the filters for tasks of the view.
    fn tests(&self, known: Known) -> String {
        let tested = Tested {
            completed_at: "completed_at",
            status: true,
            scope: self.shape.scope,
        };
        tests(self.filters, known, &tested)
    }

    /// Returns what a task of the view is, whatever the kind of its dates.
    fn condition(&self) -> String {
        let mut condition = self.shape.condition.to_owned();
        let mut and = |test: &str| {
            condition.push_str(" AND ");
            condition.push_str(test);
        };
        match self.shape.has_come {
            Some(true) => and(HAS_COME),
            Some(false) => and(NOT_COME),
            None => {}
        }
        let (from, until) = Window::ends(self.view, self.filters);
        and_due(&mut and, from, until);
        condition
    }
}

/// Its `defer_until` has come, or it has none: that sorts before everything.
const HAS_COME: &str = "defer_order < CASE defer_kind WHEN 0 THEN :come_0 WHEN 1 THEN :come_1 WHEN 2 THEN :come_2 ELSE 0 END";

/// It has not; only asked of what is deferred.
const NOT_COME: &str = "defer_order >= CASE defer_kind WHEN 0 THEN :come_0 WHEN 1 THEN :come_1 WHEN 2 THEN :come_2 ELSE 0 END";

/// Returns the same test on the way. The plus: what is read along a view is not to be sought elsewhere.
fn tested_within(name: &str) -> String {
    within(name).replace("project_key", "+project_key")
}

/// A change that finished a round of a series: completing such a task sets its next date, and the change is not undone. An undo
/// can be undone, and that again: the number of links decides. That takes longest to find out, so it comes after all other tests.
const ROUND: &str = "task.deleted_at IS NULL AND change.kind = 'complete' AND instr(change.new, '\"due\":') > 0
     AND (NOT EXISTS (SELECT 1 FROM change AS undo WHERE undo.reverts = change.group_seq)
          OR (WITH RECURSIVE chain (link) AS (
                  SELECT change.group_seq
                  UNION ALL
                  SELECT (SELECT max(undo.group_seq) FROM change AS undo WHERE undo.reverts = chain.link)
                    FROM chain WHERE chain.link IS NOT NULL)
              SELECT count(link) FROM chain) % 2 = 1)";

/// Reports whether `filters` ask for one rank of priority; to have none is a rank too.
fn asks_for_rank(filters: &Filters) -> bool {
    filters.priority.is_some() || filters.no_priority
}

/// What the tests of filters look at.
struct Tested {
    completed_at: &'static str,
    /// Whether the status is tested; a round is completed.
    status: bool,
    /// Which tasks these are.
    scope: Scope,
}

impl Tested {
    /// Of a round; the series goes on or has ended.
    const ROUND: Self = Self {
        completed_at: "change.at",
        status: false,
        scope: Scope::Both,
    };
}

/// Which filters need no test, since the rows are read by what they ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Project,
    Tags,
}

/// Returns the tests for the filters that are set, but for dates that tasks are due, each with an `AND` before it.
fn tests(filters: &Filters, known: Known, tested: &Tested) -> String {
    let mut tests = Vec::new();
    let mut test = |is_set: bool, test: String| {
        if is_set {
            tests.push(test);
        }
    };
    let completed_at = tested.completed_at;
    // The plus: told that it is one number, SQLite would no longer see that the index has the order.
    test(asks_for_rank(filters), "+task.rank = :rank".to_owned());
    test(
        filters.project.is_some() && known != Known::Project,
        tested_within(":project"),
    );
    test(filters.no_project, "project_key IS NULL".to_owned());
    test(filters.has_project, "project_key IS NOT NULL".to_owned());
    let tagged = |name: String| {
        let is_old = tested.scope.is_old_or(concat!("= ", old!()));
        let has_tag = has_tag("tag", &name, is_old, "task.id");
        format!("EXISTS (SELECT 1 FROM tag WHERE {has_tag})")
    };
    for number in 0..filters.tags.len() {
        test(known != Known::Tags, tagged(format!("tag_{number}")));
    }
    for number in 0..filters.without_tags.len() {
        let has_tag = tagged(format!("without_tag_{number}"));
        test(true, format!("NOT {has_tag}"));
    }
    for number in 0..filters.without_projects.len() {
        let within = tested_within(&format!(":without_project_{number}"));
        test(true, format!("(project_key IS NULL OR NOT ({within}))"));
    }
    test(filters.parent.is_some(), "+parent = :parent".to_owned());
    test(
        filters.status.is_some() && tested.status,
        "status = :status".to_owned(),
    );
    test(
        filters.completed_from.is_some(),
        format!("{completed_at} >= :completed_from"),
    );
    test(
        filters.completed_to.is_some(),
        format!("{completed_at} < :completed_to"),
    );
    tests
        .iter()
        .flat_map(|test| [" AND ", test.as_str()])
        .collect()
}
