//! Writing one task: its row, what is derived from it, and what points the other way.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use rusqlite::{
    OptionalExtension, ToSql, named_params, params, params_from_iter, types::ToSqlOutput,
};

use super::{Store, failure::WhileTrying, rows::holds_up};
use crate::domain::{
    change::Edit,
    error::Result,
    query::order,
    task::{Priority, Tag, Task},
};

/// Sorts after every date.
pub(crate) const NO_DUE: i64 = i64::MAX;
/// Sorts before every date.
pub(crate) const NO_DEFER: i64 = i64::MIN;
/// Adds a row. A test counts its steps.
pub(crate) const INSERT: &str =
    "INSERT INTO task (id, title, description, status, created_at, updated_at, started_at,
                       completed_at, created_by, rev, deleted_at, priority, due, defer_until,
                       repeat, repeat_from, project, tags, parent, depends_on, due_kind, due_order,
                       defer_kind, defer_order, rank, project_key, origin)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
             ?25, ?26, ?27)";

/// The columns of [`INSERT`], in its order.
const COLUMNS: [&str; 27] = [
    "id",
    "title",
    "description",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "created_by",
    "rev",
    "deleted_at",
    "priority",
    "due",
    "defer_until",
    "repeat",
    "repeat_from",
    "project",
    "tags",
    "parent",
    "depends_on",
    "due_kind",
    "due_order",
    "defer_kind",
    "defer_order",
    "rank",
    "project_key",
    "origin",
];

impl Store {
    /// Writes the task of `edit`, and brings everything derived from it up to date.
    pub(crate) fn write(&self, edit: &Edit) -> Result<()> {
        let (before, task) = (edit.before.as_ref(), &edit.after);
        let uncleaned = before.map_or(Ok(None), |before| self.uncleaned_tags(before))?;
        match before {
            None => self.insert_row(task)?,
            // Whoever changes the task cleans all of it.
            Some(_) if uncleaned.is_some() => self.update_row(None, task)?,
            before => self.update_row(before, task)?,
        }
        self.put_comments(task.id, &edit.comments)?;
        if let Some(tags) = uncleaned {
            for stored in tags {
                let shown = Tag::stored(&stored)?.0;
                for tag in [Cow::Borrowed(stored.as_str()), shown.key()] {
                    self.run(
                        "DELETE FROM tag WHERE tag = ?1 AND is_old IN (0, 1) AND task_id = ?2",
                        params![tag, task.id],
                    )?;
                }
            }
            self.put_tags(None, task)?;
            self.note_words(task.id)?;
        } else {
            self.put_tags(before, task)?;
        }
        let is_of_another_date =
            before.is_some_and(|before| (&before.due, &before.repeat) != (&task.due, &task.repeat));
        let repeats = task.repeat.is_some() || before.is_some_and(|before| before.repeat.is_some());
        if before.is_none_or(|before| before.depends_on != task.depends_on) {
            self.put_dependencies(before, task)?;
        } else if repeats && is_of_another_date && !task.depends_on.is_empty() {
            self.count_own_blockers(task)?;
        }
        if !edit.comments.is_empty()
            || before.is_none_or(|before| searched(before) != searched(task))
        {
            self.note_words(task.id)?;
        }
        let is_turned = before.is_some_and(|before| before.is_open() != task.is_open());
        if repeats && (is_turned || is_of_another_date) {
            self.recount_those_waiting(task)?;
        } else if is_turned {
            self.count_blockers(task)?;
        }
        Ok(())
    }

    /// Returns the tags in the row of `before`, if any text in it is stored as an earlier version let it through, and was
    /// cleaned only when it was read. Then the tag rows and the search index have it so, too.
    fn uncleaned_tags(&self, before: &Task) -> Result<Option<Vec<String>>> {
        let tags: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT tags FROM task
                  WHERE id = :id AND NOT (title = :title AND description = :description AND project IS :project
                                          AND tags = :tags)",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(
                        named_params! {
                            ":id": before.id,
                            ":title": before.title,
                            ":description": before.description,
                            ":project": before.project,
                            ":tags": json(&before.tags)?,
                        },
                        |row| row.get(0),
                    )
                    .optional()
            })
            .while_trying("read a task")?;
        Ok(tags.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Counts for every task anew how many of those it depends on are open.
    pub(crate) fn recount_blockers(&self) -> Result<()> {
        self.run(
            concat!(
                "UPDATE task SET blockers = counted.open
               FROM (SELECT waiting.id AS id,
                            (SELECT count(*) FROM json_each(waiting.depends_on) AS dependency
                               JOIN task AS other ON other.id = dependency.value
                              WHERE ",
                holds_up!("waiting"),
                ") AS open
                       FROM task AS waiting WHERE waiting.depends_on <> '[]' OR waiting.blockers <> 0) AS counted
              WHERE task.id = counted.id AND task.blockers <> counted.open"
            ),
            [],
        )
    }

    /// Adds the row of a task.
    pub(crate) fn insert_row(&self, task: &Task) -> Result<()> {
        self.connection
            .prepare_cached(INSERT)
            .and_then(|mut statement| statement.execute(params_from_iter(values(task)?)))
            .while_trying("write a task")?;
        Ok(())
    }

    /// Writes the columns in which `task` differs from `before`; all of them if that is `None`. An index is written only
    /// where a column of its own is set.
    pub(crate) fn update_row(&self, before: Option<&Task>, task: &Task) -> Result<()> {
        let update = || -> rusqlite::Result<()> {
            let after = values(task)?;
            let before = before.map(values).transpose()?;
            let mut sql = String::from("UPDATE task SET ");
            let mut set = Vec::new();
            for (place, (column, value)) in COLUMNS.into_iter().zip(after).enumerate().skip(1) {
                if before.as_ref().is_some_and(|before| before[place] == value) {
                    continue;
                }
                if !set.is_empty() {
                    sql.push_str(", ");
                }
                set.push(value);
                let _ = write!(sql, "{column} = ?{}", set.len());
            }
            if set.is_empty() {
                return Ok(());
            }
            set.push(task.id.get().into());
            let _ = write!(sql, " WHERE id = ?{}", set.len());
            self.connection
                .prepare_cached(&sql)?
                .execute(params_from_iter(set))?;
            Ok(())
        };
        update().while_trying("write a task")
    }

    pub(crate) fn put_tags(&self, before: Option<&Task>, task: &Task) -> Result<()> {
        let is_as_before =
            |before: &Task| (&before.tags, before.is_open()) == (&task.tags, task.is_open());
        if before.is_some_and(is_as_before) {
            return Ok(());
        }
        let (was, is) = (before.map(tag_keys).unwrap_or_default(), tag_keys(task));
        for (tag, is_old) in was.difference(&is) {
            self.run(
                "DELETE FROM tag WHERE tag = ?1 AND is_old = ?2 AND task_id = ?3",
                params![tag, is_old, task.id],
            )?;
        }
        for (tag, is_old) in is.difference(&was) {
            self.run(
                "INSERT OR IGNORE INTO tag (tag, is_old, task_id) VALUES (?1, ?2, ?3)",
                params![tag, is_old, task.id],
            )?;
        }
        Ok(())
    }

    pub(crate) fn put_dependencies(&self, before: Option<&Task>, task: &Task) -> Result<()> {
        let was = before.map(|before| &before.depends_on);
        let gone = was
            .into_iter()
            .flatten()
            .filter(|id| !task.depends_on.contains(id));
        for id in gone {
            self.run(
                "DELETE FROM dependency WHERE depends_on = ?1 AND task_id = ?2",
                params![id, task.id],
            )?;
        }
        let come = task
            .depends_on
            .iter()
            .filter(|id| was.is_none_or(|was| !was.contains(id)));
        for id in come {
            self.run(
                "INSERT INTO dependency (depends_on, task_id) VALUES (?1, ?2)",
                params![id, task.id],
            )?;
        }
        if before.is_none() && task.depends_on.is_empty() {
            return Ok(());
        }
        self.count_own_blockers(task)
    }

    /// Counts afresh how many open tasks `task` waits for.
    pub(super) fn count_own_blockers(&self, task: &Task) -> Result<()> {
        self.run(
            concat!(
                "UPDATE task SET blockers = (
                 SELECT count(*) FROM json_each(?1) AS dependency JOIN task AS other ON other.id = dependency.value
                  WHERE ",
                holds_up!("task"),
                ") WHERE id = ?2"
            ),
            params![json(&task.depends_on).while_trying("write a task")?, task.id],
        )
    }

    /// Counts afresh what those wait for that depend on `task`, a series: which of them it holds up goes by its date.
    fn recount_those_waiting(&self, task: &Task) -> Result<()> {
        self.run(
            concat!(
                "UPDATE task SET blockers = (
                 SELECT count(*) FROM json_each(task.depends_on) AS dependency JOIN task AS other ON other.id = dependency.value
                  WHERE ",
                holds_up!("task"),
                ") WHERE id IN (SELECT task_id FROM dependency WHERE depends_on = ?1)"
            ),
            [task.id],
        )
    }

    /// Tells those that depend on `task` whether it is open now.
    fn count_blockers(&self, task: &Task) -> Result<()> {
        let step = if task.is_open() { 1 } else { -1 };
        self.run(
            "UPDATE task SET blockers = blockers + ?1
              WHERE id IN (SELECT task_id FROM dependency WHERE depends_on = ?2)",
            params![step, task.id],
        )
    }

    pub(crate) fn run(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .while_trying("write a task")?;
        Ok(())
    }
}

/// Returns the value of each of [`COLUMNS`].
fn values(task: &Task) -> rusqlite::Result<[ToSqlOutput<'_>; COLUMNS.len()]> {
    let project_key = task.project.as_ref().map(|name| name.key().into_owned());
    Ok([
        task.id.get().into(),
        task.title.to_sql()?,
        task.description.to_sql()?,
        task.status.to_sql()?,
        task.created_at.to_sql()?,
        task.updated_at.to_sql()?,
        task.started_at.to_sql()?,
        task.completed_at.to_sql()?,
        task.created_by.to_sql()?,
        task.rev.into(),
        task.deleted_at.to_sql()?,
        task.priority.to_sql()?,
        task.due.to_sql()?,
        task.defer_until.to_sql()?,
        task.repeat.to_sql()?,
        task.repeat_from.to_sql()?,
        task.project.to_sql()?,
        json(&task.tags)?.into(),
        task.parent.to_sql()?,
        json(&task.depends_on)?.into(),
        order::kind(task.due).into(),
        task.due.map_or(NO_DUE, order::key).into(),
        order::kind(task.defer_until).into(),
        task.defer_until.map_or(NO_DEFER, order::key).into(),
        i64::from(Priority::rank(task.priority)).into(),
        ToSqlOutput::Owned(project_key.into()),
        ToSqlOutput::Owned(task.origin.as_ref().map(json).transpose()?.into()),
    ])
}

/// Returns the keys of the tag rows of a task, but for its id: each tag once, and whether the task is finished or in the trash.
fn tag_keys(task: &Task) -> BTreeSet<(Cow<'_, str>, bool)> {
    let is_old = !task.is_open();
    task.tags.iter().map(|tag| (tag.key(), is_old)).collect()
}

/// Returns what the search index knows of a task, but for its comments.
fn searched(task: &Task) -> impl PartialEq + use<'_> {
    (&task.title, &task.project, &task.tags, &task.description)
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Caller, Command, Draft, Patch},
            query::{Filters, Moment, View},
            task::{Actor, Project, Tag, TaskId, Timestamp, Title},
            when::Zone,
        },
        store::Access,
    };

    fn caller() -> Caller {
        Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1_795_305_600_000),
            zone: Zone::UTC,
            session: None,
        }
    }

    fn tag(word: &str) -> Tag {
        Tag::try_from(word.to_owned()).unwrap()
    }

    /// A version that let more characters through has stored them; the row, its tags and the index hold them.
    #[test]
    fn what_was_stored_uncleaned_is_shown_cleaned_and_written_so_by_the_next_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        let draft = Draft {
            project: Project::try_from("house".to_owned()).ok(),
            tags: [tag("home"), tag("garden")].into(),
            ..Draft::titled(Title::try_from("plant trees".to_owned()).unwrap())
        };
        let blank = Draft::titled(Title::try_from("nothing".to_owned()).unwrap());
        let add = Command::Add {
            drafts: vec![draft, blank],
            key: None,
        };
        store.execute(&add, &caller()).unwrap();
        for sql in [
            "UPDATE task SET title = 'pl' || char(0xFE00) || 'ant trees', project = 'hou' || char(0x2065) || 'se',
                    tags = json_array('garden', 'ho' || char(0xE0100) || 'me') WHERE id = 1",
            "UPDATE tag SET tag = 'ho' || char(0xE0100) || 'me' WHERE tag = 'home'",
            "UPDATE task SET title = char(0x180B, 0x2800), tags = json_array(char(0x34F)) WHERE id = 2",
            "INSERT INTO tag (tag, is_old, task_id) VALUES (char(0x34F), 0, 2)",
        ] {
            store.run(sql, []).unwrap();
        }
        let ids = [1, 2].map(|id| TaskId::try_from(id).unwrap());
        let shown = |store: &Store| ids.map(|id| store.task(id).unwrap().unwrap());
        let [task, blank] = shown(&store);
        assert_eq!(task.title.as_str(), "plant trees");
        assert_eq!(task.project.as_ref().unwrap().as_str(), "house");
        assert_eq!(task.tags, [tag("garden"), tag("home")].into());
        assert_eq!(blank.title.as_str(), "(invisible)");
        assert_eq!(blank.tags, [tag("(invisible)")].into());

        for id in ids {
            let update = Command::Update {
                ids: vec![id],
                patch: Patch {
                    priority: Some(Some(Priority::High)),
                    ..Patch::default()
                },
                if_rev: None,
            };
            store.execute(&update, &caller()).unwrap();
        }
        let stored: Vec<String> = store
            .connection
            .prepare_cached("SELECT title FROM task UNION ALL SELECT tag FROM tag")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let wanted = [
            "plant trees",
            "(invisible)",
            "(invisible)",
            "garden",
            "home",
        ];
        assert_eq!(stored, wanted);
        let filters = Filters {
            tags: vec![tag("home")],
            ..Filters::default()
        };
        let moment = Moment::new(caller().now, Zone::UTC);
        let page = store.list(View::Open, &filters, &moment, None, 10).unwrap();
        assert_eq!(page.tasks.len(), 1);
        store.catch_up().unwrap();
        assert!(store.index_agrees().unwrap());
    }
}
