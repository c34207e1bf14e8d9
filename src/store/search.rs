//! Full-text search (FTS5): the index, what is not in it yet, and finding.
//!
//! Each transaction that writes to the index writes a new part of it, which costs more than the rows of the task. So a
//! write only notes in `unindexed` whose words the index does not have as they are; [`AT_ONCE`] of these are indexed
//! together, or fewer when the writer has nothing else to do. A search reads the few that wait by an index in memory that
//! follows the same rules.

use rusqlite::{Connection, params};

use super::{
    Store,
    views::{Filters, Moment, Page, Parameters, Position, View, open},
    words::Words,
};
use crate::{
    error::{Result, WhileTrying},
    task::{TaskId, Title},
};

mod scratch;

pub(super) use scratch::{Scratch, Text, text_from_row};

/// How many tasks may wait to be indexed.
const AT_ONCE: u32 = 64;
/// The titles of open tasks that wait to be indexed. CROSS: by itself SQLite goes through all tasks, to spare the order.
const WAITING_TITLES: &str = concat!(
    "SELECT id, title FROM unindexed CROSS JOIN task ON task.id = task_id WHERE task_id < ?1 AND ",
    open!(),
    " ORDER BY task_id"
);

const INDEXED_TITLES: &str = concat!(
    "SELECT id, title FROM title_search CROSS JOIN task ON task.id = title_search.rowid
      WHERE title_search MATCH ?1 AND title_search.rowid BETWEEN ?2 - 1000 AND ?2 - 1 AND ",
    open!(),
    " ORDER BY title_search.rowid LIMIT 10"
);

impl Store {
    /// Notes that the index does not have the words of the task `id` as they are.
    pub(super) fn note_words(&self, id: TaskId) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO unindexed (task_id) VALUES (?1)")
            .and_then(|mut statement| statement.execute([id]))
            .while_trying("note a task's words")?;
        Ok(())
    }

    /// Indexes the tasks that wait, if there are enough of them. Called in a transaction.
    pub(super) fn index_when_due(&self) -> Result<()> {
        let waiting: u32 = self
            .connection
            .prepare_cached("SELECT count(*) FROM unindexed")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("count tasks to index")?;
        if waiting >= AT_ONCE {
            index_waiting(&self.connection).while_trying("index tasks")?;
        }
        Ok(())
    }

    /// Returns up to `limit` tasks of `view` that have all `words`: those with the words in their title first,
    /// then those with them elsewhere, then those with longer words that begin so; the latest first.
    pub fn search(
        &self,
        words: &Words,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        self.snapshot(|store| store.search_now(words, view, filters, moment, after, limit))
    }

    fn search_now(
        &self,
        words: &Words,
        view: View,
        filters: &Filters,
        moment: &Moment,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page> {
        let sql = view.sql(filters);
        let queries = words.tiers();
        let waiting = self.waiting(&queries)?;
        let (titled, matching) = (sql.titled(), sql.matching());
        let indexed = [&titled, &matching, &matching, &matching];
        let mut page = Page::new(after);
        let tiers = indexed.into_iter().zip(queries).zip(waiting);
        for (tier, ((indexed, query), waiting)) in (0..).zip(tiers) {
            // Within a tier the latest comes first, so what is gone on from lies above what follows.
            let from = match after {
                Some(after) if after.key.0 > tier => continue,
                Some(after) if after.key.0 == tier => after,
                _ => Position {
                    key: (tier, 0),
                    id: i64::MAX,
                },
            };
            if page.next.is_some() {
                break;
            }
            let read = |sql: &str, words: &str| {
                self.read_rows(
                    sql,
                    &Parameters {
                        filters,
                        moment,
                        words: Some(words),
                        after: Some(from),
                        limit: limit.saturating_add(1),
                    },
                )
            };
            let mut rows = read(indexed, &query)?;
            if !waiting.is_empty() {
                rows.extend(read(&sql.among(), &serde_json::to_string(&waiting)?)?);
                rows.sort_by_key(|(task, _)| std::cmp::Reverse(task.id));
            }
            page.fill(rows, limit);
        }
        Ok(page)
    }

    /// Returns the ids of up to `limit` open tasks with all `words` in their title, the latest first.
    pub fn open_titled(&self, words: &Words, limit: u32) -> Result<Vec<TaskId>> {
        self.snapshot(|store| store.open_titled_now(words, limit))
    }

    fn open_titled_now(&self, words: &Words, limit: u32) -> Result<Vec<TaskId>> {
        // A common word is in many titles, most of them finished: only the latest 10,000 are looked at.
        let sql = concat!(
            "SELECT task.id AS id
               FROM (SELECT rowid AS found FROM title_search WHERE title_search MATCH ?1
                      ORDER BY rowid DESC LIMIT 10000)
               JOIN task ON task.id = found
              WHERE found NOT IN (SELECT task_id FROM unindexed) AND ",
            open!(),
            " ORDER BY found DESC LIMIT ?2"
        );
        let query = words.beginning_in_title();
        let mut ids: Vec<TaskId> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map(params![query, limit], |row| row.get("id"))?
                    .collect()
            })
            .while_trying("look for titles")?;
        let [titled] = self.waiting(&[query])?;
        for id in titled {
            if self
                .task(id)?
                .is_some_and(|task| task.is_open() && !task.is_deleted())
            {
                ids.push(id);
            }
        }
        ids.sort_by_key(|id| std::cmp::Reverse(*id));
        ids.truncate(limit as usize);
        Ok(ids)
    }

    /// Returns an open task, of the latest 1,000 before `id`, whose title has all the words of `title` and few others.
    pub fn similar(&self, title: &Title, id: TaskId) -> Result<Option<(TaskId, Title)>> {
        self.snapshot(|store| store.similar_now(title, id))
    }

    fn similar_now(&self, title: &Title, id: TaskId) -> Result<Option<(TaskId, Title)>> {
        let Ok(words) = Words::read(title.as_str()) else {
            return Ok(None);
        };
        let wanted = words.lower();
        let is_close = |(_, title): &(TaskId, Title)| {
            let most = wanted.len() + wanted.len() / 2;
            Words::read(title.as_str()).is_ok_and(|words| words.lower().len() <= most)
        };
        let has_all = |(_, title): &(TaskId, Title)| {
            Words::read(title.as_str()).is_ok_and(|words| words.lower().is_superset(&wanted))
        };
        let titles = |sql, params: &[&dyn rusqlite::ToSql]| -> Result<Vec<(TaskId, Title)>> {
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    statement
                        .query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect()
                })
                .while_trying("look for a similar task")
        };
        let waiting = titles(WAITING_TITLES, &[&id])?;
        if let Some(found) = waiting.into_iter().find(|it| has_all(it) && is_close(it)) {
            return Ok(Some(found));
        }
        let indexed = titles(INDEXED_TITLES, &[&words.in_title(), &id])?;
        Ok(indexed.into_iter().find(is_close))
    }

    /// Returns which of the tasks that wait to be indexed match each query.
    fn waiting<const N: usize>(&self, queries: &[String; N]) -> Result<[Vec<TaskId>; N]> {
        let texts: Vec<Text> = self
            .connection
            .prepare_cached(
                "SELECT id, heading, labels, body, remarks FROM searchable
                  WHERE id IN (SELECT task_id FROM unindexed)",
            )
            .and_then(|mut statement| statement.query_map([], text_from_row)?.collect())
            .while_trying("read what is to be indexed")?;
        if texts.is_empty() {
            return Ok([const { Vec::new() }; N]);
        }
        self.scratch()?.matching(&texts, queries)
    }

    fn scratch(&self) -> Result<&Scratch> {
        if self.scratch.get().is_none() {
            // Only this thread has the store.
            let _ = self.scratch.set(Scratch::new()?);
        }
        Ok(self.scratch.get().expect("it was just set"))
    }
}

/// Indexes the tasks that wait. Called in a transaction.
pub(super) fn index_waiting(connection: &Connection) -> rusqlite::Result<()> {
    // An empty index has nothing to replace, and is not searched for it.
    let is_empty: bool = connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM search_docsize)")?
        .query_row([], |row| row.get(0))?;
    let insert = if is_empty {
        "INSERT"
    } else {
        "INSERT OR REPLACE"
    };
    let steps = [
        &format!(
            "{insert} INTO search (rowid, heading, labels, body, remarks)
             SELECT id, heading, labels, body, remarks FROM searchable
              WHERE id IN (SELECT task_id FROM unindexed) ORDER BY id"
        ),
        &format!(
            "{insert} INTO title_search (rowid, heading)
             SELECT id, heading FROM searchable WHERE id IN (SELECT task_id FROM unindexed) ORDER BY id"
        ),
        "DELETE FROM unindexed",
    ];
    for step in steps {
        connection.prepare_cached(step)?.execute([])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::{Caller, Command, Draft, Patch},
        store::Access,
        task::{Actor, Description, Tag, Timestamp},
        when::Zone,
    };

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        (folder, store)
    }

    fn run(store: &mut Store, command: &Command) {
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
        };
        store.execute(command, &caller).unwrap();
    }

    #[test]
    fn a_similar_task_is_looked_for_among_few() {
        let (_folder, store) = store();
        for (sql, first) in [
            (WAITING_TITLES, "SEARCH unindexed"),
            (INDEXED_TITLES, "SCAN title_search VIRTUAL TABLE"),
        ] {
            let plan = store.plan(sql);
            assert!(plan.starts_with(first), "{plan}");
            assert!(
                plan.contains("SEARCH task USING INTEGER PRIMARY KEY (rowid=?)"),
                "{plan}"
            );
        }
    }

    fn title(text: &str) -> Title {
        Title::try_from(text.to_owned()).unwrap()
    }

    fn add(store: &mut Store, drafts: Vec<Draft>) {
        run(store, &Command::Add { drafts, key: None });
    }

    fn id(number: i64) -> TaskId {
        TaskId::try_from(number).unwrap()
    }

    fn patch(store: &mut Store, number: i64, patch: Patch) {
        let ids = vec![id(number)];
        let if_rev = None;
        run(store, &Command::Update { ids, patch, if_rev });
    }

    /// Three tasks, of which the first was changed since.
    fn fill(store: &mut Store) {
        let drafts = ["Call the bank", "Write reports", "Réparer le vélo à Łódź"];
        add(
            store,
            drafts.map(|text| Draft::titled(title(text))).to_vec(),
        );
        let body = "Reported by the bank; see the figures".to_owned();
        let texts = Patch {
            title: Some(title("Call the insurer")),
            description: Some(Description::try_from(body).unwrap()),
            tags: Some([Tag::try_from("money".to_owned()).unwrap()].into()),
            ..Patch::default()
        };
        patch(store, 1, texts);
    }

    fn waiting(store: &Store) -> u32 {
        let count = "SELECT count(*) FROM unindexed";
        let mut statement = store.connection.prepare_cached(count).unwrap();
        statement.query_row([], |row| row.get(0)).unwrap()
    }

    fn found(store: &Store, query: &str) -> Vec<i64> {
        let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
        let (words, none) = (Words::read(query).unwrap(), Filters::default());
        let (mut ids, mut after) = (Vec::new(), None);
        // Page by page: what waits and what does not must follow each other in one order.
        loop {
            let page = store
                .search(&words, View::All, &none, &moment, after, 1)
                .unwrap();
            ids.extend(page.tasks.iter().map(|task| task.id.get()));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    }

    fn expect_all_found(store: &Store) {
        let expected: [(&str, &[i64]); 12] = [
            ("bank", &[1]),
            ("insurer", &[1]),
            ("call bank", &[1]),
            ("report", &[2, 1]),
            ("reports", &[2]),
            ("call", &[1]),
            ("REPORTS", &[2]),
            ("reparer velo", &[3]),
            ("łódź", &[3]),
            ("money", &[1]),
            ("rep", &[3, 2, 1]),
            ("writ figures", &[]),
        ];
        for (query, ids) in expected {
            assert_eq!(found(store, query), ids, "{query}");
        }
    }

    #[test]
    fn a_search_finds_the_same_before_and_after_the_words_are_indexed() {
        let (_folder, mut store) = store();
        fill(&mut store);
        assert_eq!(waiting(&store), 3);
        expect_all_found(&store);
        store.catch_up().unwrap();
        assert_eq!(waiting(&store), 0);
        expect_all_found(&store);
    }

    #[test]
    fn a_task_that_waits_is_found_by_its_new_words_alone() {
        let (_folder, mut store) = store();
        let drafts = ["Call the bank", "Rob the bank"].map(|text| Draft::titled(title(text)));
        add(&mut store, drafts.to_vec());
        store.catch_up().unwrap();
        let renamed = Patch {
            title: Some(title("Call the river")),
            ..Patch::default()
        };
        patch(&mut store, 1, renamed);
        assert_eq!(found(&store, "bank"), [2]);
        assert_eq!(found(&store, "river"), [1]);
        store.catch_up().unwrap();
        assert_eq!(found(&store, "bank"), [2]);
        assert_eq!(found(&store, "river"), [1]);
    }

    #[test]
    fn words_are_indexed_many_at_once_by_whoever_writes() {
        let (_folder, mut store) = store();
        for number in 1..=AT_ONCE {
            assert_eq!(waiting(&store), number - 1);
            add(&mut store, vec![Draft::titled(title("Buy milk"))]);
        }
        assert_eq!(waiting(&store), 0);
        assert_eq!(found(&store, "milk").len(), AT_ONCE as usize);
    }

    #[test]
    fn words_that_begin_alike_are_found_however_many_they_are() {
        let (_folder, mut store) = store();
        let many = 100;
        let drafts = (0..many).map(|number| Draft::titled(title(&format!("Shelf{number} up"))));
        add(&mut store, drafts.collect());
        store.catch_up().unwrap();
        assert_eq!(found(&store, "shelf").len(), many);
        assert_eq!(found(&store, "shelf1").len(), 11);
    }

    #[test]
    fn a_title_is_similar_whether_it_waits_or_not() {
        let (_folder, mut store) = store();
        add(&mut store, vec![Draft::titled(title("Buy oat milk"))]);
        let similar = |store: &Store, text| store.similar(&title(text), id(9)).unwrap();
        for _ in 0..2 {
            assert_eq!(similar(&store, "Buy milk").map(|(id, _)| id), Some(id(1)));
            assert_eq!(similar(&store, "Buy milk today"), None);
            assert_eq!(similar(&store, "Milk"), None);
            store.catch_up().unwrap();
        }
    }

    #[test]
    fn open_tasks_are_found_by_their_title_whether_they_wait_or_not() {
        let (_folder, mut store) = store();
        let titles = ["Fix the login", "Fixed costs", "Prefix", "Fix the roof"];
        add(
            &mut store,
            titles.map(|text| Draft::titled(title(text))).to_vec(),
        );
        store.catch_up().unwrap();
        run(&mut store, &Command::Complete(vec![id(2)]));
        add(&mut store, vec![Draft::titled(title("Fix supper"))]);
        let with = |text| store.open_titled(&Words::read(text).unwrap(), 3).unwrap();
        assert_eq!(with("fix"), [id(5), id(4), id(1)]);
        assert_eq!(with("LOG fix"), [id(1)]);
    }

    #[test]
    fn a_search_begins_with_the_words_and_sorts_nothing() {
        let (_folder, store) = store();
        for view in [View::Open, View::Ready, View::All, View::Trash] {
            let none = Filters::default();
            let sql = view.sql(&none);
            for (sql, table) in [(sql.titled(), "title_search"), (sql.matching(), "search")] {
                let plan = store.plan(&sql);
                assert!(
                    plan.starts_with(&format!("SCAN {table} VIRTUAL TABLE")),
                    "{view:?}: {plan}"
                );
                assert!(!plan.contains("TEMP B-TREE"), "{view:?} is sorted: {plan}");
            }
        }
    }

    #[test]
    fn whatever_a_query_holds_it_is_words_and_never_a_syntax_error() {
        let (_folder, mut store) = store();
        fill(&mut store);
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
            "हिन्दी किताब",
            "日本語",
            "ﬁnance Ⅷ ²",
        ] {
            if let Ok(words) = Words::read(query) {
                store
                    .search(&words, View::All, &Filters::default(), &moment, None, 10)
                    .unwrap();
            }
        }
    }
}
