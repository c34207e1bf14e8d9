//! Reading what there is to name: ids, projects and tags of open tasks, and the parts of one.
//!
//! Completion asks for these while a person types, so each is read along an index, however many tasks there are.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension as _;

use super::{
    Store,
    failure::WhileTrying,
    rows::{summary_columns, summary_from_row},
};
use crate::domain::{
    error::Result,
    query::{Count, Filters, Moment, Names, View},
    task::{Project, Summary, Tag, TaskId},
};

mod unknown;

const OPEN_IDS: &str = "SELECT id FROM task
      WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress')
      ORDER BY due_kind, due_order, rank, id LIMIT ?1";

/// The keys of projects of open tasks: goes from each to the next in the index, however many tasks have it.
const PROJECT_KEYS: &str = "WITH RECURSIVE step (key) AS (
         SELECT min(project_key) FROM task
          WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key IS NOT NULL
         UNION ALL
         SELECT (SELECT min(project_key) FROM task
                  WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key > step.key)
           FROM step WHERE step.key IS NOT NULL)
     SELECT key FROM step WHERE key IS NOT NULL LIMIT ?1";

/// The spelling of one: that of the latest task, among the 100 that are due first.
const PROJECT_SPELLED: &str = "SELECT project FROM task
      WHERE id = (SELECT max(id) FROM (
                  SELECT id FROM task
                   WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key = ?1
                   LIMIT 100))";

/// The keys of all tags, likewise.
const TAG_KEYS: &str = "WITH RECURSIVE step (key) AS (
         SELECT min(tag) FROM tag
         UNION ALL
         SELECT (SELECT min(tag) FROM tag WHERE tag > step.key) FROM step WHERE step.key IS NOT NULL)
     SELECT key FROM step WHERE key IS NOT NULL LIMIT ?1";

/// The tags of the latest open task that has a tag.
const TAG_SPELLED: &str = "SELECT tags FROM tag CROSS JOIN task ON task.id = task_id
      WHERE tag = ?1 AND is_old = 0 ORDER BY task_id DESC LIMIT 1";

const CHILDREN: &str = concat!(
    "SELECT ",
    summary_columns!(),
    " FROM task WHERE parent = ?1 AND deleted_at IS NULL ORDER BY id LIMIT ?2"
);

impl Store {
    /// Returns the ids of up to `limit` open tasks: those due at some time first, then those due on a day, each by date.
    pub fn open_ids(&self, limit: u32) -> Result<Vec<TaskId>> {
        self.connection
            .prepare_cached(OPEN_IDS)
            .and_then(|mut statement| statement.query_map([limit], |row| row.get("id"))?.collect())
            .while_trying("list ids")
    }

    /// Returns up to `limit` projects of open tasks, each in one spelling, in the order of their keys.
    pub fn open_projects(&self, limit: u32) -> Result<Vec<Project>> {
        let keys = self.name_keys(Names::Projects, limit)?;
        let spelled = keys.iter().map(|key| self.spelled_project(key));
        spelled.filter_map(Result::transpose).collect()
    }

    /// Returns up to `limit` tags of open tasks, each in one spelling, in the order of their keys.
    pub fn open_tags(&self, limit: u32) -> Result<Vec<Tag>> {
        let keys = self.name_keys(Names::Tags, u32::MAX)?;
        let spelled = keys.iter().map(|key| self.spelled_tag(key));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        spelled.filter_map(Result::transpose).take(limit).collect()
    }

    /// Returns the keys of up to `limit` projects of open tasks, or of tags of any tasks, in their order.
    fn name_keys(&self, names: Names, limit: u32) -> Result<Vec<String>> {
        let sql = match names {
            Names::Projects => PROJECT_KEYS,
            Names::Tags => TAG_KEYS,
        };
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([limit], |row| row.get(0))?.collect())
            .while_trying("list names")
    }

    /// Returns how an open task spells the project with this key.
    fn spelled_project(&self, key: &str) -> Result<Option<Project>> {
        self.connection
            .prepare_cached(PROJECT_SPELLED)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .while_trying("list projects")
    }

    /// Returns how an open task spells the tag with this key.
    fn spelled_tag(&self, key: &str) -> Result<Option<Tag>> {
        let of_task: Option<String> = self
            .connection
            .prepare_cached(TAG_SPELLED)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .while_trying("list tags")?;
        let Some(of_task) = of_task else {
            return Ok(None);
        };
        let of_task: BTreeSet<Tag> = serde_json::from_str(&of_task)?;
        Ok(of_task.into_iter().find(|tag| *tag.key() == *key))
    }

    /// Returns up to `limit` projects or tags of open tasks, each with how many open tasks have it, deferred ones too.
    pub fn open_names(
        &self,
        names: Names,
        moment: &Moment,
        limit: u32,
    ) -> Result<Vec<(String, Count)>> {
        let with_count = |(name, filters): (String, Filters)| {
            let count = self.count(View::Unfinished, &filters, moment, None)?;
            Ok((name, count))
        };
        let none = Filters::default;
        let found: Vec<(String, Filters)> = match names {
            Names::Projects => self
                .open_projects(limit)?
                .into_iter()
                .map(|name| {
                    (
                        name.to_string(),
                        Filters {
                            project: Some(name),
                            ..none()
                        },
                    )
                })
                .collect(),
            Names::Tags => self
                .open_tags(limit)?
                .into_iter()
                .map(|name| {
                    (
                        name.to_string(),
                        Filters {
                            tags: vec![name],
                            ..none()
                        },
                    )
                })
                .collect(),
        };
        found.into_iter().map(with_count).collect()
    }

    /// Returns up to `limit` tasks that are part of the task `id`, finished ones too, in the order they were added.
    pub fn children(&self, id: TaskId, limit: u32) -> Result<Vec<Summary>> {
        self.connection
            .prepare_cached(CHILDREN)
            .and_then(|mut statement| {
                statement
                    .query_map((id, limit), summary_from_row)?
                    .collect()
            })
            .while_trying("list subtasks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Caller, Command, Draft, Reference},
            task::{Actor, Priority, Timestamp, Title},
            when::Zone,
        },
        store::Access,
    };

    /// Returns a store, and the folder it lives in.
    pub(super) fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (store, folder)
    }

    pub(super) fn run(store: &mut Store, command: &Command) {
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1_795_305_600_000),
            zone: Zone::UTC,
            session: None,
        };
        store.execute(command, &caller).unwrap();
    }

    pub(super) fn add(store: &mut Store, title: &str, shape: impl FnOnce(&mut Draft)) {
        let mut draft = Draft::titled(Title::try_from(title.to_owned()).unwrap());
        shape(&mut draft);
        let drafts = vec![draft];
        run(store, &Command::Add { drafts, key: None });
    }

    pub(super) fn id(id: i64) -> TaskId {
        TaskId::try_from(id).unwrap()
    }

    pub(super) fn tags(words: &[&str]) -> std::collections::BTreeSet<Tag> {
        words
            .iter()
            .map(|word| Tag::try_from((*word).to_owned()).unwrap())
            .collect()
    }

    #[test]
    fn only_open_tasks_lend_their_names() {
        let (mut store, _folder) = store();
        let rows = [
            ("Fix the login", "Work", ["web", "urgent"]),
            ("Fixed costs", "Home", ["money", "urgent"]),
            ("Paint the fence", "Garden", ["summer", "web"]),
            ("Prefix", "Work", ["web", "code"]),
        ];
        for (title, project, words) in rows {
            add(&mut store, title, |draft| {
                draft.project = Some(Project::try_from(project.to_owned()).unwrap());
                draft.tags = tags(&words);
            });
        }
        run(&mut store, &Command::Complete(vec![id(3)]));
        let ids = vec![id(2)];
        run(&mut store, &Command::Delete { ids, confirm: None });

        assert_eq!(store.open_ids(10).unwrap(), [id(1), id(4)]);
        assert_eq!(store.open_ids(1).unwrap(), [id(1)]);
        let projects = store.open_projects(10).unwrap();
        assert_eq!(
            projects.iter().map(Project::as_str).collect::<Vec<_>>(),
            ["Work"]
        );
        let tags = store.open_tags(10).unwrap();
        let tags: Vec<_> = tags.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["code", "urgent", "web"]);
    }

    #[test]
    fn a_name_is_shown_as_the_latest_open_task_spells_it() {
        let (mut store, _folder) = store();
        for (project, word, priority) in [
            ("Ärger", "Work", None),
            ("ÄRGER", "WORK", None),
            ("ärger", "work", Some(Priority::High)),
            ("äRGER", "wORK", None),
        ] {
            add(&mut store, "Complain", |draft| {
                draft.project = Some(Project::try_from(project.to_owned()).unwrap());
                draft.tags = tags(&[word]);
                draft.priority = priority;
            });
        }
        for shown in [
            ("äRGER", "wORK"),
            ("ärger", "work"),
            ("ÄRGER", "WORK"),
            ("Ärger", "Work"),
        ] {
            let (projects, words) = (
                store.open_projects(10).unwrap(),
                store.open_tags(10).unwrap(),
            );
            let ([project], [word]) = (&*projects, &*words) else {
                panic!("{projects:?} {words:?}")
            };
            assert_eq!((project.as_str(), word.as_str()), shown);
            let latest = store.open_ids(10).unwrap().into_iter().max().unwrap();
            run(&mut store, &Command::Complete(vec![latest]));
        }
    }

    #[test]
    fn an_empty_list_has_no_names() {
        let (store, _folder) = store();
        assert_eq!(store.open_ids(10).unwrap(), []);
        assert_eq!(store.open_projects(10).unwrap(), []);
        assert_eq!(store.open_tags(10).unwrap(), []);
    }

    #[test]
    fn the_parts_of_a_task_are_those_outside_the_trash() {
        let (mut store, _folder) = store();
        add(&mut store, "Move house", |_| {});
        for title in ["Pack", "Call the landlord", "Paint"] {
            add(&mut store, title, |draft| {
                draft.parent = Some(Reference::Task(id(1)));
            });
        }
        run(&mut store, &Command::Complete(vec![id(3)]));
        let ids = vec![id(4)];
        run(&mut store, &Command::Delete { ids, confirm: None });
        let found = |limit| -> Vec<TaskId> {
            let children = store.children(id(1), limit).unwrap();
            children.iter().map(|task| task.id).collect()
        };
        assert_eq!(found(10), [id(2), id(3)]);
        assert_eq!(found(1), [id(2)]);
        assert_eq!(store.children(id(2), 10).unwrap(), []);
    }

    #[test]
    fn every_query_is_answered_from_an_index() {
        let (store, _folder) = store();
        let plans = [
            (OPEN_IDS, 1, "INDEX task_by_plan"),
            (PROJECT_KEYS, 1, "INDEX task_by_project (project_key>?)"),
            (PROJECT_SPELLED, 1, "INDEX task_by_project (project_key=?)"),
            (
                unknown::PROJECT_IS_KNOWN,
                1,
                "INDEX task_by_project (project_key>? AND project_key<?)",
            ),
            (
                unknown::OLD_PROJECT_IS_KNOWN,
                1,
                "INDEX task_by_old_project (project_key>? AND project_key<?)",
            ),
            (unknown::TAG_IS_KNOWN, 1, "PRIMARY KEY (tag=?)"),
            (TAG_KEYS, 1, "PRIMARY KEY (tag>?)"),
            (TAG_SPELLED, 1, "PRIMARY KEY (tag=? AND is_old=?)"),
            (CHILDREN, 2, "INDEX task_by_parent (parent=?)"),
        ];
        for (sql, parameters, index) in plans {
            let mut statement = store
                .connection
                .prepare_cached(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let values = vec![rusqlite::types::Null; parameters];
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(values), |row| row.get("detail"))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            assert!(
                plan.iter().any(|step| step.contains(index)),
                "{sql}\n{plan:#?}"
            );
            assert!(
                plan.iter().all(|step| !step.contains("TEMP B-TREE")),
                "{sql}\n{plan:#?}"
            );
        }
    }
}
