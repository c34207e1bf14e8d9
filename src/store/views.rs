//! Views: a page, a count.
//!
//! A view has an order and an index that gives it; filters are tested on the way. A project and a tag lead where they
//! can, since few tasks have them.

use super::{Store, rows::summary_from_row};
use crate::domain::{
    error::{Result, WhileTrying},
    task::{Priority, Project, Status, Summary, Tag, Timestamp},
    when::{When, Zone},
};

mod sql;

pub(super) use sql::{Parameters, open};

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
    /// It belongs to no project.
    pub no_project: bool,
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
    pub tasks: Vec<Summary>,
    /// For each, where it would be gone on from to begin with it; `None` for the very first.
    pub places: Vec<Option<Position>>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
    /// The place of the last task, or where it began.
    last: Option<Position>,
}

impl Page {
    pub(super) fn new(after: Option<Position>) -> Self {
        Self {
            tasks: Vec::new(),
            places: Vec::new(),
            next: None,
            last: after,
        }
    }

    /// Appends tasks until it holds `limit`; one more tells that there are more.
    pub(super) fn fill(&mut self, rows: Vec<(Summary, (i64, i64))>, limit: u32) {
        for (task, key) in rows {
            if self.tasks.len() == limit as usize {
                self.next = self.last;
                break;
            }
            self.places.push(self.last);
            self.last = Some(Position {
                key,
                id: task.id.get(),
            });
            self.tasks.push(task);
        }
    }
}

/// The ends of a day in different zones are at most this far apart, and two days, in ms. A date was sorted by the zone
/// it was set in; a view looks this much further and then asks each task exactly.
pub(super) const ZONES_APART: i64 = 51 * 60 * 60 * 1000;

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
        let mut page = Page::new(after);
        let parameters = Parameters {
            filters,
            moment,
            words: None,
            after,
            limit: limit.saturating_add(1),
        };
        let sql = view.sql(filters).page(after.is_none());
        page.fill(self.read_rows(&sql, &parameters)?, limit);
        Ok(page)
    }

    /// Returns tasks, and by what each is sorted.
    pub(super) fn read_rows(
        &self,
        sql: &str,
        parameters: &Parameters<'_>,
    ) -> Result<Vec<(Summary, (i64, i64))>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind(&mut statement)?;
            // The last two columns; by name they would be looked for in every row.
            let (first, second) = (statement.column_count() - 2, statement.column_count() - 1);
            let rows = statement.raw_query();
            rows.mapped(|row| Ok((summary_from_row(row)?, (row.get(first)?, row.get(second)?))))
                .collect()
        };
        read().while_trying("list tasks")
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
            .prepare_cached(&view.sql(filters).count(after.is_none()))
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
impl Store {
    /// Returns how SQLite would go about `sql`.
    pub(super) fn plan(&self, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = self.connection.prepare_cached(&sql).unwrap();
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push_str(&row.get::<_, String>("detail").unwrap());
            plan.push('\n');
        }
        plan
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
        (View::All, " task"),
        (View::Trash, "task_by_deletion"),
    ];

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (folder, store)
    }

    #[test]
    fn every_view_has_an_index_that_gives_its_order() {
        let (_folder, store) = store();
        for (view, index) in VIEWS {
            let none = Filters::default();
            let sql = view.sql(&none);
            for sql in [true, false]
                .map(|is_first| [sql.page(is_first), sql.count(is_first)])
                .as_flattened()
            {
                let plan = store.plan(sql);
                assert!(plan.contains(index), "{view:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{view:?} is sorted: {plan}");
            }
        }
    }

    #[test]
    fn a_later_page_begins_where_the_one_before_ended() {
        let (_folder, store) = store();
        let none = Filters::default();
        for (view, _) in VIEWS {
            let plan = store.plan(&view.sql(&none).page(false));
            let begins = [">(?", "<(?", ">?", "<?"]
                .iter()
                .any(|seek| plan.contains(seek));
            assert!(begins, "{view:?}: {plan}");
        }
    }

    #[test]
    fn open_tasks_are_counted_without_reading_any() {
        let (_folder, store) = store();
        let none = Filters::default();
        let sql = format!("EXPLAIN {}", View::Open.sql(&none).count(true));
        let mut statement = store.connection.prepare_cached(&sql).unwrap();
        let codes: Vec<String> = statement
            .raw_query()
            .mapped(|row| row.get("opcode"))
            .map(|code| code.unwrap())
            .collect();
        assert!(codes.iter().any(|code| code == "AggStep"), "{codes:?}");
        assert!(codes.iter().all(|code| code != "Column"), "{codes:?}");
    }

    #[test]
    fn a_list_reads_no_description() {
        let (_folder, store) = store();
        let place: i64 = store
            .connection
            .prepare_cached("SELECT cid FROM pragma_table_info('task') WHERE name = 'description'")
            .unwrap()
            .query_row([], |row| row.get(0))
            .unwrap();
        let reads_it = |sql: &str| {
            let mut statement = store
                .connection
                .prepare_cached(&format!("EXPLAIN {sql}"))
                .unwrap();
            let columns: Vec<i64> = statement
                .raw_query()
                .mapped(|row| Ok((row.get::<_, String>("opcode")?, row.get::<_, i64>("p2")?)))
                .map(|step| step.unwrap())
                .filter(|(opcode, _)| opcode == "Column")
                .map(|(_, column)| column)
                .collect();
            assert!(columns.len() > 5, "{sql} reads {columns:?}");
            columns.contains(&place)
        };
        assert!(reads_it(
            "SELECT id, title, status, rev, project, tags, description FROM task"
        ));
        let none = Filters::default();
        for (view, _) in VIEWS {
            let sql = view.sql(&none);
            for sql in [
                sql.page(true),
                sql.page(false),
                sql.titled(),
                sql.matching(),
            ] {
                assert!(!reads_it(&sql), "{view:?}: {sql}");
            }
        }
    }

    #[test]
    fn a_filter_is_tested_on_the_way_and_nothing_is_sorted() {
        let (_folder, store) = store();
        for filters in each_filter() {
            for (view, _) in VIEWS {
                let plan = store.plan(&view.sql(&filters).page(true));
                let is_sorted = plan.contains("TEMP B-TREE");
                let tag_leads = view == View::Open && filters.tag.is_some();
                assert_eq!(is_sorted, tag_leads, "{view:?} with {filters:?}: {plan}");
            }
        }
    }

    fn each_filter() -> [Filters; 5] {
        let bound = Bound {
            day: "2026-01-01".to_owned(),
            at: "2026-01-01T00:00:00.000Z".to_owned(),
        };
        let none = Filters::default;
        [
            Filters {
                project: Some(Project::try_from("Home".to_owned()).unwrap()),
                ..none()
            },
            Filters {
                tag: Some(Tag::try_from("work".to_owned()).unwrap()),
                ..none()
            },
            Filters {
                priority: Some(Priority::High),
                ..none()
            },
            Filters {
                status: Some(Status::Pending),
                ..none()
            },
            Filters {
                due_from: Some(bound.clone()),
                due_to: Some(bound),
                ..none()
            },
        ]
    }

    #[test]
    fn open_tasks_of_a_project_have_an_index_and_those_of_a_tag_are_found_by_it() {
        let (_folder, store) = store();
        let [by_project, by_tag, ..] = each_filter();
        let plan = store.plan(&View::Open.sql(&by_project).page(true));
        assert!(plan.contains("task_by_project"), "{plan}");
        let plan = store.plan(&View::Open.sql(&by_tag).page(true));
        assert!(plan.contains("(tag=?)"), "{plan}");
    }
}
