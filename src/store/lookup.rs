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

/// Whether an open task is in a project or in one below it.
const PROJECT_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM task
              WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key = ?1)
         OR EXISTS (SELECT 1 FROM task
              WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress')
                AND project_key >= ?1 || '.' AND project_key < ?1 || '/')";

/// The same for tasks that are finished or in the trash.
const OLD_PROJECT_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM task
              WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled')) AND project_key = ?1)
         OR EXISTS (SELECT 1 FROM task
              WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled'))
                AND project_key >= ?1 || '.' AND project_key < ?1 || '/')";

const TAG_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM tag WHERE tag = ?1)";

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

    /// Returns what to say of a project or a tag in `filters` that no open task has.
    pub fn unknown_names(&self, filters: &Filters) -> Result<Vec<String>> {
        let mut unknown = Vec::new();
        if let Some(given) = &filters.project
            && !self.is_known(PROJECT_IS_KNOWN, &given.key())?
        {
            unknown.push(self.unknown(Names::Projects, given.as_str())?);
        }
        for given in &filters.tags {
            if self.spelled_tag(&given.key())?.is_none() {
                unknown.push(self.unknown(Names::Tags, given.as_str())?);
            }
        }
        Ok(unknown)
    }

    /// Returns what to say of a project or a tag that `filters` leave out and no task has, not even one in the trash: it is hardly
    /// the name that was meant.
    pub fn unknown_exclusions(&self, filters: &Filters) -> Result<Vec<String>> {
        let mut unknown = Vec::new();
        for given in &filters.without_projects {
            let key = given.key();
            if !self.is_known(PROJECT_IS_KNOWN, &key)?
                && !self.is_known(OLD_PROJECT_IS_KNOWN, &key)?
            {
                unknown.push(self.unknown(Names::Projects, given.as_str())?);
            }
        }
        for given in &filters.without_tags {
            if !self.is_known(TAG_IS_KNOWN, &given.key())? {
                unknown.push(self.unknown(Names::Tags, given.as_str())?);
            }
        }
        Ok(unknown)
    }

    /// Returns how an open task spells the name with this key.
    fn spelled(&self, names: Names, key: &str) -> Result<Option<String>> {
        Ok(match names {
            Names::Projects => self.spelled_project(key)?.map(|name| name.to_string()),
            Names::Tags => self.spelled_tag(key)?.map(|tag| tag.to_string()),
        })
    }

    /// Returns what to say of `given`, which no open task has. Only the nearest names are looked up in the tasks.
    fn unknown(&self, names: Names, given: &str) -> Result<String> {
        const LOOKED_AT: u32 = 1_000;
        const TRIED: usize = 2 * Names::SHOWN;
        let mut keys = self.name_keys(names, LOOKED_AT)?;
        Names::sort_nearest(given, &mut keys);
        let mut nearest = Vec::new();
        let mut tried = 0;
        for key in keys.iter().take(TRIED) {
            if nearest.len() == Names::SHOWN {
                break;
            }
            tried += 1;
            nearest.extend(self.spelled(names, key)?);
        }
        Ok(names.unknown(given, &nearest, keys.len() > tried))
    }

    /// Reports whether a name is one that `sql` finds.
    fn is_known(&self, sql: &str, key: &str) -> Result<bool> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)))
            .while_trying("look for a name")
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
    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (store, folder)
    }

    fn run(store: &mut Store, command: &Command) {
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1_795_305_600_000),
            zone: Zone::UTC,
            session: None,
        };
        store.execute(command, &caller).unwrap();
    }

    fn add(store: &mut Store, title: &str, shape: impl FnOnce(&mut Draft)) {
        let mut draft = Draft::titled(Title::try_from(title.to_owned()).unwrap());
        shape(&mut draft);
        let drafts = vec![draft];
        run(store, &Command::Add { drafts, key: None });
    }

    fn id(id: i64) -> TaskId {
        TaskId::try_from(id).unwrap()
    }

    fn tags(words: &[&str]) -> std::collections::BTreeSet<Tag> {
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
    fn a_name_is_unknown_when_no_open_task_has_it_or_one_below_it() {
        let (mut store, _folder) = store();
        for number in 0..30 {
            add(&mut store, "Count", |draft| {
                draft.project =
                    Some(Project::try_from(format!("Flat{number:02}.Kitchen")).unwrap());
                draft.tags = tags(&[&format!("Word{number:02}")]);
            });
        }
        run(&mut store, &Command::Complete(vec![id(8)]));
        let said = |project: Option<&str>, word: Option<&str>| {
            let filters = Filters {
                project: project.map(|name| Project::try_from(name.to_owned()).unwrap()),
                tags: tags(word.as_slice()).into_iter().collect(),
                ..Filters::default()
            };
            store.unknown_names(&filters).unwrap().join("; ")
        };
        assert_eq!(said(Some("flat09"), Some("WORD09")), "");
        assert_eq!(said(Some("flat09.kitchen"), None), "");
        assert_eq!(
            said(Some("Flat9.Kitchen"), None),
            "no open task is in a project Flat9.Kitchen; did you mean Flat09.Kitchen? projects: Flat09.Kitchen, \
             Flat19.Kitchen, Flat29.Kitchen, Flat00.Kitchen, Flat01.Kitchen, Flat02.Kitchen, Flat03.Kitchen, \
             Flat04.Kitchen, Flat05.Kitchen, Flat06.Kitchen and more"
        );
        let of_finished = said(None, Some("word07"));
        assert!(
            of_finished.starts_with(
                "no open task has a tag word07; did you mean Word00? tags: Word00, Word01"
            ),
            "{of_finished}"
        );
    }

    #[test]
    fn a_name_that_leaves_nothing_out_is_told_unless_some_task_has_it_or_had_it() {
        let (mut store, _folder) = store();
        for (project, word) in [("Work.Web", "phone"), ("Home", "errand")] {
            add(&mut store, "Count", |draft| {
                draft.project = Some(Project::try_from(project.to_owned()).unwrap());
                draft.tags = tags(&[word]);
            });
        }
        run(&mut store, &Command::Complete(vec![id(2)]));
        let said = |projects: &[&str], words: &[&str]| {
            let names = projects.iter().map(|name| (*name).to_owned());
            let filters = Filters {
                without_projects: names.map(|name| Project::try_from(name).unwrap()).collect(),
                without_tags: tags(words).into_iter().collect(),
                ..Filters::default()
            };
            store.unknown_exclusions(&filters).unwrap().join("; ")
        };
        assert_eq!(
            said(&["work", "WORK.web", "home"], &["Phone", "errand"]),
            ""
        );
        assert_eq!(
            said(&["Wrok.Web"], &["fone"]),
            "no open task is in a project Wrok.Web; did you mean Work.Web? projects: Work.Web; \
             no open task has a tag fone; did you mean phone? tags: phone"
        );
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
                PROJECT_IS_KNOWN,
                1,
                "INDEX task_by_project (project_key>? AND project_key<?)",
            ),
            (
                OLD_PROJECT_IS_KNOWN,
                1,
                "INDEX task_by_old_project (project_key>? AND project_key<?)",
            ),
            (TAG_IS_KNOWN, 1, "PRIMARY KEY (tag=?)"),
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
