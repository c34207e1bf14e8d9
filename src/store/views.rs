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
        let sql = view.sql(filters);
        let mut rows = self.read_rows(&sql.page(after.is_none()), &parameters)?;
        if view == View::Completed {
            let rounds = self.read_rows(&sql.rounds(after.is_none()), &parameters)?;
            rows.extend(rounds.into_iter().map(|(mut round, key)| {
                round.is_round = true;
                (round, key)
            }));
            // The latest first, as both are.
            rows.sort_by_key(|(task, (at, seq))| std::cmp::Reverse((*at, task.id, *seq)));
            rows.truncate(parameters.limit as usize);
        }
        page.fill(rows, limit);
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
        let sql = view.sql(filters);
        let mut count = self.read_count(&sql.count(after.is_none()), &parameters)?;
        if view == View::Completed && count < Self::COUNT_LIMIT {
            count += self.read_count(&sql.count_of_rounds(after.is_none()), &parameters)?;
        }
        Ok(count.min(Self::COUNT_LIMIT))
    }

    fn read_count(&self, sql: &str, parameters: &Parameters<'_>) -> Result<u32> {
        let read = || -> rusqlite::Result<u32> {
            let mut statement = self.connection.prepare_cached(sql)?;
            parameters.bind(&mut statement)?;
            let mut rows = statement.raw_query();
            rows.next()?.map_or(Ok(0), |row| row.get(0))
        };
        read().while_trying("count tasks")
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
            when::{When, Zone},
        },
        store::Access,
    };

    const VIEWS: [(View, &str); 13] = [
        (View::Open, "task_by_plan"),
        (View::Pending, "task_by_plan"),
        (View::Deferred, "task_by_deferral"),
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
    fn finished_rounds_are_read_along_an_index() {
        let (_folder, store) = store();
        let none = Filters::default();
        let sql = View::Completed.sql(&none);
        for (sql, seek) in [
            (sql.rounds(true), "SCAN change USING INDEX change_by_round"),
            (
                sql.rounds(false),
                "SEARCH change USING INDEX change_by_round ((at,task_id)<(?,?))",
            ),
        ] {
            let plan = store.plan(&sql);
            assert!(plan.contains(seek), "{plan}");
            assert!(plan.contains("change_by_reverts"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
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
    fn open_tasks_are_counted_without_reading_those_that_are_not_deferred() {
        let (_folder, store) = store();
        let none = Filters::default();
        let codes = |view: View| -> Vec<String> {
            let sql = format!("EXPLAIN {}", view.sql(&none).count(true));
            let mut statement = store.connection.prepare_cached(&sql).unwrap();
            let codes = statement.raw_query().mapped(|row| row.get("opcode"));
            codes.map(|code| code.unwrap()).collect()
        };
        let has = |view, code: &str| codes(view).iter().any(|one| one == code);
        assert!(has(View::Pending, "AggStep") && !has(View::Pending, "Column"));
        // The row is looked up only when a column of it is asked for.
        assert!(has(View::Open, "DeferredSeek"), "{:?}", codes(View::Open));
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
                let tag_leads = matches!(view, View::Open | View::Pending) && filters.tag.is_some();
                // Few tasks are deferred: those of a project are sorted.
                let project_leads = view == View::Deferred && filters.project.is_some();
                let may_be_sorted = tag_leads || project_leads;
                assert_eq!(
                    is_sorted, may_be_sorted,
                    "{view:?} with {filters:?}: {plan}"
                );
            }
        }
    }

    fn each_filter() -> [Filters; 5] {
        let bound = Bound::to(When::At(1_767_225_600_000), Zone::UTC);
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
