//! Views: a page, a count.
//!
//! A view has an order and an index that gives it; filters are tested on the way. A project and a tag lead where they
//! can, since few tasks have them.

use super::{Store, failure::WhileTrying, rows::summary_from_row};
use crate::domain::{
    error::Result,
    query::{Filters, Moment, Page, Position, View},
    task::Summary,
};

mod sql;

pub(super) use sql::{Parameters, open};

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
    use crate::{
        domain::{
            query::Bound,
            task::{Priority, Project, Status, Tag},
        },
        store::Access,
    };

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
