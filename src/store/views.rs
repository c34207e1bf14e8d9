//! Views: a page, a search, a count.
//!
//! A view has an order and an index that gives it; filters are tested on the way. A project and a tag lead where they
//! can, since few tasks have them.

use rusqlite::{Statement, ToSql};

use super::{
    Store,
    rows::{task_columns, task_from_row},
    words::Words,
};
use crate::{
    error::{Result, WhileTrying},
    task::{Priority, Project, Status, Tag, Task, Timestamp},
    when::{When, Zone},
};

/// Which tasks to list, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Those with something left to do: overdue and due first, then by priority, then by age.
    Open,
    /// Those that can be worked on: pending, not deferred, not blocked. Ordered as open ones.
    Ready,
    /// Open ones that are due today or overdue.
    Today,
    /// Open ones whose date has passed.
    Overdue,
    /// Open ones that wait for another.
    Blocked,
    /// Those in progress, the longest untouched first.
    InProgress,
    /// Those in progress that nobody has touched for days.
    Stale,
    /// Completed ones, the latest first.
    Completed,
    /// Those given up, the latest first.
    Cancelled,
    /// All but the trash, in the order they were added.
    All,
    /// The trash, the latest first.
    Trash,
}

/// What else a task must be to be listed; `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// It belongs to this project, whatever the case of its letters.
    pub project: Option<Project>,
    /// It has this tag.
    pub tag: Option<Tag>,
    /// It has this priority.
    pub priority: Option<Priority>,
    /// It is pending, in progress, ...
    pub status: Option<Status>,
    /// It is due from here on.
    pub due_from: Option<Bound>,
    /// It is due before this.
    pub due_to: Option<Bound>,
}

/// A date to compare due dates with: one for days, one for instants, both as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// For days.
    pub day: String,
    /// For instants.
    pub at: String,
}

/// The time of a call, as the views need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant, in ms since the Unix epoch.
    pub millis: i64,
    /// Today, as dates are stored.
    pub today: String,
    /// The instant, as instants are stored.
    pub now: String,
    /// The end of today, likewise.
    pub end_of_today: String,
    /// Before this, in ms since the Unix epoch, what is in progress was last touched when it is stale.
    pub stale_before: i64,
}

/// A task's place in the order of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What the view sorts by first, and then.
    pub key: (i64, i64),
    /// The task.
    pub id: i64,
}

/// A part of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// For each, where it would be gone on from to begin with it; `None` for the very first.
    pub places: Vec<Option<Position>>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
    /// The place of the last task, or where it began.
    last: Option<Position>,
}

impl Page {
    fn new(after: Option<Position>) -> Self {
        Self {
            tasks: Vec::new(),
            places: Vec::new(),
            next: None,
            last: after,
        }
    }
}

/// The ends of a day in different zones are at most this far apart, and two days, in ms. A date was sorted by the zone
/// it was set in; a view looks this much further and then asks each task exactly.
pub(super) const ZONES_APART: i64 = 51 * 60 * 60 * 1000;

/// Open and not in the trash; the words of the partial indexes.
macro_rules! open {
    () => {
        "deleted_at IS NULL AND status IN ('pending', 'in_progress')"
    };
}
pub(super) use open;

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

/// A page of a view, from its condition and its order: by plan, by a time, or as added.
macro_rules! view_sql {
    ($columns:expr, by plan, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", due_order AS first, rank AS second FROM task WHERE ",
            $condition,
            filters!(),
            " AND (:id IS NULL OR (due_order, rank, id) > (:first, :second, :id))
              ORDER BY due_order, rank, id LIMIT :limit"
        )
    };
    ($columns:expr, by oldest $time:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", ",
            $time,
            " AS first, 0 AS second FROM task WHERE ",
            $condition,
            filters!(),
            " AND (:id IS NULL OR (",
            $time,
            ", id) > (:first, :id))
              ORDER BY ",
            $time,
            ", id LIMIT :limit"
        )
    };
    ($columns:expr, by latest $time:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", ",
            $time,
            " AS first, 0 AS second FROM task WHERE ",
            $condition,
            filters!(),
            " AND (:id IS NULL OR (",
            $time,
            ", id) < (:first, :id))
              ORDER BY ",
            $time,
            " DESC, id DESC LIMIT :limit"
        )
    };
    ($columns:expr, by tag, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", due_order AS first, rank AS second
               FROM tag CROSS JOIN task ON task.id = tag.task_id WHERE tag.tag = :tag AND ",
            $condition,
            filters!(),
            " AND (:id IS NULL OR (due_order, rank, id) > (:first, :second, :id))
              ORDER BY due_order, rank, id LIMIT :limit"
        )
    };
    ($columns:expr, by age, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", 0 AS first, 0 AS second FROM task WHERE ",
            $condition,
            filters!(),
            " AND id > coalesce(:id, 0) ORDER BY id LIMIT :limit"
        )
    };
}

/// A page of a view, and the count of it.
struct Sql {
    page: &'static str,
    count: &'static str,
    search: &'static str,
}

macro_rules! sql {
    ($by:ident $how:tt $($time:literal)?, $condition:expr) => {
        Sql {
            page: view_sql!(task_columns!(), $by $how $($time)?, $condition),
            count: concat!("SELECT count(*) FROM (", view_sql!("1", $by $how $($time)?, $condition), ")"),
            search: concat!(
                "SELECT ", task_columns!(), ", :first AS first, 0 AS second
                   FROM search JOIN task ON task.id = search.rowid
                  WHERE search MATCH :words AND ", $condition, filters!(),
                " AND (:id IS NULL OR search.rowid < :id) ORDER BY search.rowid DESC LIMIT :limit"
            ),
        }
    };
}

impl View {
    /// Returns the query for a page, and the one that counts.
    fn sql(self, filters: &Filters) -> Sql {
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
struct Parameters<'a> {
    filters: &'a Filters,
    moment: &'a Moment,
    words: Option<&'a str>,
    after: Option<Position>,
    limit: u32,
}

impl Parameters<'_> {
    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
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

impl Moment {
    /// Returns the moment `now` for a user in `zone`.
    pub fn new(now: Timestamp, zone: Zone) -> Self {
        const STALE_AFTER: i64 = 3 * 24 * 60 * 60 * 1000;
        let millis = now.as_millis();
        let today = When::Day(zone.today(millis));
        Self {
            millis,
            today: today.to_string(),
            now: When::At(millis).to_string(),
            end_of_today: When::At(today.order(zone)).to_string(),
            stale_before: millis - STALE_AFTER,
        }
    }
}

impl Store {
    /// Returns up to `limit` tasks of `view` that come after `after`.
    pub fn list(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        let sql = view.sql(filters).page;
        let mut page = Page::new(after);
        let parameters = Parameters {
            filters,
            moment,
            words: None,
            after,
            limit: limit.saturating_add(1),
        };
        self.read_page(sql, &parameters, &mut page, limit)?;
        Ok(page)
    }

    /// Returns up to `limit` tasks of `view` that have all `words`: those with the words in their title first, then
    /// the others, the latest first.
    pub fn search(
        &self,
        words: &Words,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        let sql = view.sql(filters).search;
        let mut page = Page::new(after);
        let begin = after.map_or(0, |after| after.key.0);
        for (tier, words) in (0..).zip([words.in_title(), words.elsewhere()]) {
            let begins_here = after.filter(|after| after.key.0 == tier);
            if tier < begin || page.next.is_some() {
                continue;
            }
            let left = limit - u32::try_from(page.tasks.len()).unwrap_or(limit);
            let parameters = Parameters {
                filters,
                moment,
                words: Some(&words),
                // The first column of the result is the tier; without a place to go on from, all of it is read.
                after: Some(begins_here.unwrap_or(Position {
                    key: (tier, 0),
                    id: i64::MAX,
                })),
                limit: left.saturating_add(1),
            };
            self.read_page(sql, &parameters, &mut page, limit)?;
        }
        Ok(page)
    }

    /// Appends rows to `page` until it holds `limit`; one row more tells that there are more.
    fn read_page(
        &self,
        sql: &'static str,
        parameters: &Parameters<'_>,
        page: &mut Page,
        limit: u32,
    ) -> Result<()> {
        let read = |page: &mut Page| -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind(&mut statement)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if page.tasks.len() == limit as usize {
                    page.next = page.last;
                    break;
                }
                let task = task_from_row(row)?;
                let key = (row.get("first")?, row.get("second")?);
                page.places.push(page.last);
                page.last = Some(Position {
                    key,
                    id: task.id.get(),
                });
                page.tasks.push(task);
            }
            Ok(())
        };
        read(page).while_trying("list tasks")
    }

    /// Returns how many tasks of `view` come after `after`, counted up to [`Self::COUNT_LIMIT`].
    pub fn count(
        &self,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
    ) -> Result<u32> {
        let parameters = Parameters {
            filters,
            moment,
            words: None,
            after,
            limit: Self::COUNT_LIMIT,
        };
        let mut statement = self
            .connection
            .prepare_cached(view.sql(filters).count)
            .while_trying("count tasks")?;
        parameters
            .bind(&mut statement)
            .while_trying("count tasks")?;
        let mut rows = statement.raw_query();
        let row = rows.next().while_trying("count tasks")?;
        row.map_or(Ok(0), |row| row.get(0))
            .while_trying("count tasks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Access;

    const VIEWS: [(View, &str); 11] = [
        (View::Open, "task_by_plan"),
        (View::Ready, "task_by_readiness"),
        (View::Today, "task_by_plan"),
        (View::Overdue, "task_by_plan"),
        (View::Blocked, "task_by_blockers"),
        (View::InProgress, "task_by_progress"),
        (View::Stale, "task_by_progress"),
        (View::Completed, "task_by_completion"),
        (View::Cancelled, "task_by_cancellation"),
        (View::All, "INTEGER PRIMARY KEY"),
        (View::Trash, "task_by_deletion"),
    ];

    fn plan(store: &Store, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = store.connection.prepare_cached(&sql).unwrap();
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push_str(&row.get::<_, String>("detail").unwrap());
            plan.push('\n');
        }
        plan
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (folder, store)
    }

    #[test]
    fn every_view_has_an_index_that_gives_its_order() {
        let (_folder, store) = store();
        for (view, index) in VIEWS {
            let sql = view.sql(&Filters::default());
            for sql in [sql.page, sql.count] {
                let plan = plan(&store, sql);
                assert!(plan.contains(index), "{view:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{view:?} is sorted: {plan}");
            }
        }
    }

    #[test]
    fn open_tasks_of_a_project_have_an_index_and_those_of_a_tag_are_found_by_it() {
        let (_folder, store) = store();
        let project = Some(Project::try_from("Home".to_owned()).unwrap());
        let by_project = View::Open
            .sql(&Filters {
                project,
                ..Filters::default()
            })
            .page;
        let project_plan = plan(&store, by_project);
        assert!(project_plan.contains("task_by_project"), "{project_plan}");
        assert!(!project_plan.contains("TEMP B-TREE"), "{project_plan}");
        let tag = Some(Tag::try_from("work".to_owned()).unwrap());
        let by_tag = View::Open
            .sql(&Filters {
                tag,
                ..Filters::default()
            })
            .page;
        assert!(
            plan(&store, by_tag).contains("(tag=?)"),
            "{}",
            plan(&store, by_tag)
        );
    }

    #[test]
    fn a_search_begins_with_the_words() {
        let (_folder, store) = store();
        for (view, _) in VIEWS {
            let plan = plan(&store, view.sql(&Filters::default()).search);
            assert!(
                plan.starts_with("SCAN search VIRTUAL TABLE"),
                "{view:?}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{view:?} is sorted: {plan}");
        }
    }

    #[test]
    fn whatever_a_query_holds_it_is_words_and_never_a_syntax_error() {
        let (_folder, store) = store();
        let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
        for query in [
            "AND",
            "a OR",
            "NOT",
            "\"",
            "*",
            "(",
            "heading:x",
            "a NEAR b",
            "^x",
            "-x",
            "x + y",
            "'; DROP TABLE task",
        ] {
            if let Ok(words) = Words::read(query) {
                store
                    .search(&words, View::All, &Filters::default(), &moment, None, 10)
                    .unwrap();
            }
        }
    }
}
