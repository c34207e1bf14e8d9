//! Filling the search index: what it holds of a task, for which tasks it is filled, and by which rules.
//!
//! The terms are made here, by `domain::text::terms`, and FTS5 stores them: its tokenizer `ascii` splits at ASCII signs and
//! takes everything else for letters. All indexes, those in memory too, are given the texts of [`Texts`].

use std::borrow::Cow;

use rusqlite::{Connection, Params, Transaction, TransactionBehavior, params};

use crate::domain::{
    task::TaskId,
    text::{
        folded,
        terms::{RULES, push_pieces, spaced},
    },
};

/// From how many tasks on it is said that an index is made: it takes seconds.
const MANY: u32 = 100_000;
/// How many tasks are new before their titles are written. Titles lie all over their index: one by one, each costs a page.
const NEW_TITLES: i64 = 8_192;
/// The longest text that is indexed of one field, in bytes: below the longest that a connection binds. Comments alone may
/// come to more, and of those the first are indexed.
const LONGEST: usize = 7 << 20;

/// A task, and its texts as they are written: title; project and tags; description; comments.
pub(super) struct Texts {
    pub(super) id: TaskId,
    heading: String,
    labels: String,
    body: String,
    remarks: String,
}

impl Texts {
    /// Calls `each` with the texts of the tasks that `sql` selects from `task_text`, which holds all but their comments.
    pub(super) fn read(
        connection: &Connection,
        sql: &str,
        params: impl Params,
        mut each: impl FnMut(Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut comments = connection
            .prepare_cached("SELECT text FROM comment WHERE task_id = ?1 ORDER BY at, id")?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let id: TaskId = row.get("id")?;
            let mut remarks = String::new();
            let mut of_task = comments.query([id])?;
            while let Some(comment) = of_task.next()? {
                let text = comment.get_ref("text")?.as_str()?;
                if remarks.len() + text.len() > LONGEST {
                    break;
                }
                remarks.push_str(text);
                remarks.push('\n');
            }
            each(Self {
                id,
                heading: row.get("heading")?,
                labels: row.get("labels")?,
                body: row.get("body")?,
                remarks,
            })?;
        }
        Ok(())
    }

    /// Returns the texts of the tasks that `sql` selects from `task_text`.
    pub(super) fn all(
        connection: &Connection,
        sql: &str,
        params: impl Params,
    ) -> rusqlite::Result<Vec<Self>> {
        let mut all = Vec::new();
        Self::read(connection, sql, params, |texts| {
            all.push(texts);
            Ok(())
        })?;
        Ok(all)
    }

    /// Returns the terms of each column of `search`: `heading`, `labels`, `body`, `remarks`, and in `inside` the pieces of long
    /// words of the first two.
    pub(super) fn columns(&self) -> [Cow<'_, str>; 5] {
        let texts = [&self.heading, &self.labels, &self.body, &self.remarks];
        let [heading, labels, body, remarks] = texts.map(|text| {
            let spaced = spaced(text);
            match spaced.len() {
                0..=LONGEST => spaced,
                _ => Cow::Owned(spaced[..spaced.floor_char_boundary(LONGEST)].to_owned()),
            }
        });
        let mut inside = String::new();
        push_pieces(&heading, &mut inside);
        push_pieces(&labels, &mut inside);
        [heading, labels, body, remarks, inside.into()]
    }
}

/// Writes the terms of `texts` to the tables of a connection.
pub(super) struct Filling<'a> {
    whole: rusqlite::CachedStatement<'a>,
    titles: rusqlite::CachedStatement<'a>,
}

impl<'a> Filling<'a> {
    /// Begins to fill. What the index has of a task already is replaced if `replaces` says so; to look for it takes time.
    pub(super) fn begin(connection: &'a Connection, replaces: bool) -> rusqlite::Result<Self> {
        let (whole, titles) = if replaces {
            (
                "INSERT OR REPLACE INTO search (rowid, heading, labels, body, remarks, inside) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                "INSERT OR REPLACE INTO title_search (rowid, heading) VALUES (?1, ?2)",
            )
        } else {
            (
                "INSERT INTO search (rowid, heading, labels, body, remarks, inside) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                "INSERT INTO title_search (rowid, heading) VALUES (?1, ?2)",
            )
        };
        Ok(Self {
            whole: connection.prepare_cached(whole)?,
            titles: connection.prepare_cached(titles)?,
        })
    }

    pub(super) fn add(&mut self, texts: &Texts) -> rusqlite::Result<()> {
        let [heading, labels, body, remarks, inside] = texts.columns();
        self.whole
            .execute(params![texts.id, heading, labels, body, remarks, inside])?;
        self.titles.execute(params![texts.id, heading])?;
        Ok(())
    }
}

/// Reports whether the index was made by the rules of this program.
pub(super) fn is_by_our_rules(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM word_rules WHERE version = ?1)")?
        .query_row([RULES], |row| row.get(0))
}

/// Reports whether the index was made by the rules of another program. One that was never filled was made by none.
pub(super) fn has_other_rules(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM word_rules WHERE version <> ?1)")?
        .query_row([RULES], |row| row.get(0))
}

/// Indexes the tasks that wait. Called in a transaction. An index by other rules is left to the program that has those: terms
/// of both kinds in one index, nobody would find.
pub(super) fn index_waiting(connection: &Connection) -> rusqlite::Result<()> {
    if !is_by_our_rules(connection)? {
        return Ok(());
    }
    fill(connection)
}

/// Indexes all tasks anew. Called in a transaction.
pub(super) fn index_anew(connection: &Connection) -> rusqlite::Result<()> {
    for step in [
        "INSERT INTO search (search) VALUES ('delete-all')",
        "INSERT INTO title_search (title_search) VALUES ('delete-all')",
        "DELETE FROM title_order",
        "INSERT OR IGNORE INTO unindexed (task_id) SELECT id FROM task",
        "DELETE FROM word_rules",
    ] {
        connection.prepare_cached(step)?.execute([])?;
    }
    connection
        .prepare_cached("INSERT INTO word_rules (version) VALUES (?1)")?
        .execute([RULES])?;
    fill(connection)
}

/// Indexes all tasks anew, in a transaction, if the index is empty after an upgrade or was made by other rules.
pub(super) fn index_by_our_rules(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if !is_by_our_rules(connection)? {
        let count: u32 = connection
            .prepare_cached("SELECT count(*) FROM task")?
            .query_row([], |row| row.get(0))?;
        if count >= MANY {
            tracing::warn!(
                "making the search index of {count} tasks anew; this takes a while, once"
            );
        }
        fold_keys_anew(connection)?;
        index_anew(connection)?;
    }
    transaction.commit()
}

/// Folds anew what projects and tags are compared by. Keys in ASCII are the same by the rules of every program.
fn fold_keys_anew(connection: &Connection) -> rusqlite::Result<()> {
    for (read, write) in [
        (
            "SELECT DISTINCT project_key FROM task WHERE project_key GLOB '*[^ -~]*'",
            "UPDATE task SET project_key = ?2 WHERE project_key = ?1",
        ),
        (
            "SELECT DISTINCT tag FROM tag WHERE tag GLOB '*[^ -~]*'",
            "UPDATE OR REPLACE tag SET tag = ?2 WHERE tag = ?1",
        ),
    ] {
        let mut keys = connection.prepare_cached(read)?;
        let keys: Vec<String> = keys
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for key in keys {
            let anew = folded(&key);
            if *anew != *key {
                connection.prepare_cached(write)?.execute((&key, anew))?;
            }
        }
    }
    Ok(())
}

/// Makes `temp.entry_of_{table}`: every word of an index, and where it stands.
pub(super) fn instances(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.entry_of_{table} USING fts5vocab(main, {table}, instance)"
    ))
}

fn fill(connection: &Connection) -> rusqlite::Result<()> {
    // An empty index has nothing to replace, and is not searched for it.
    let is_empty: bool = connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM search_docsize)")?
        .query_row([], |row| row.get(0))?;
    // Before the words: written between them, each title would have FTS5 write out what it has gathered.
    order_titles(connection)?;
    let mut filling = Filling::begin(connection, !is_empty)?;
    Texts::read(
        connection,
        "SELECT id, heading, labels, body FROM task_text
          WHERE id IN (SELECT task_id FROM unindexed) ORDER BY id",
        [],
        |texts| filling.add(&texts),
    )?;
    connection
        .prepare_cached("DELETE FROM unindexed")?
        .execute([])?;
    Ok(())
}

/// Writes by what tasks are sorted among titles: of those that wait to be indexed and had a title before, at once; of new ones, when
/// there are so many that several come to a page. Until then, who reads the titles looks at the new ones too.
fn order_titles(connection: &Connection) -> rusqlite::Result<()> {
    let (last_ordered, new): (i64, i64) = connection
        .prepare_cached(
            "SELECT ordered, coalesce((SELECT max(id) FROM task), 0) - ordered
               FROM (SELECT coalesce(max(task_id), 0) AS ordered FROM title_order)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut write = connection
        .prepare_cached("INSERT OR REPLACE INTO title_order (task_id, key) VALUES (?1, ?2)")?;
    let mut changed = connection.prepare_cached(
        "SELECT id, title, key FROM task LEFT JOIN title_order ON task_id = id
          WHERE id IN (SELECT task_id FROM unindexed WHERE task_id <= ?1)",
    )?;
    let mut rows = changed.query([last_ordered])?;
    while let Some(row) = rows.next()? {
        let key = folded(row.get_ref(1)?.as_str()?);
        if row.get_ref(2)?.as_str_or_null()? != Some(&key) {
            write.execute(params![row.get::<_, TaskId>(0)?, key])?;
        }
    }
    if new < NEW_TITLES {
        return Ok(());
    }
    let mut added = connection.prepare_cached("SELECT id, title FROM task WHERE id > ?1")?;
    let mut rows = added.query([last_ordered])?;
    while let Some(row) = rows.next()? {
        let key = folded(row.get_ref(1)?.as_str()?);
        write.execute(params![row.get::<_, TaskId>(0)?, key])?;
    }
    Ok(())
}
