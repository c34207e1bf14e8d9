//! The tiers of one search: what each finds in the index, from the latest task on.

use std::cell::OnceCell;

use rusqlite::OptionalExtension as _;

use crate::{
    domain::{
        error::Result,
        query::{Filters, Moment, Position, View},
        task::{Summary, TaskId},
    },
    store::{
        Store,
        effort::WITHOUT_END,
        failure::WhileTrying,
        indexing::instances,
        search_words::{Longer, Queries, Words},
        views::Parameters,
    },
};

/// How many steps a search takes through tasks that the index finds and the list does not have, until it is looked whether the list
/// is short: about those of 1,500 tasks.
const MOST_IN_VAIN: i64 = 30_000;
/// How many steps it takes to read a task, at most.
const STEPS_OF_A_ROW: i64 = 200;
/// How many longer terms that begin as a word does are named in a query. With more of them, the index makes one list of the tasks that
/// have any, which takes it the longer the more tasks these are; but a query that names many terms is slow by itself.
pub(super) const MOST_LONGER: usize = 40;

/// Tasks, and by what each is sorted.
type Rows = Vec<(Summary, (i64, i64))>;
/// Which tasks each tier finds.
type Found = Vec<Vec<TaskId>>;

/// What a search has found out so far.
pub(super) struct Tiers<'a> {
    store: &'a Store,
    words: &'a Words,
    view: View,
    filters: &'a Filters,
    moment: &'a Moment,
    is_first: bool,
    /// Of few tasks, of which an index in memory soon makes a list.
    in_memory: Vec<String>,
    /// Of the index; made where it matters which words are longer.
    queries: OnceCell<Queries<'a>>,
    /// Statements for what is in the index of titles, in the index of all, and among some tasks: for tasks, and in the view of
    /// completed ones for finished rounds.
    titled: Vec<String>,
    matching: Vec<String>,
    among: Vec<String>,
    /// Where few tasks come into question.
    found: Option<Found>,
    /// Where few tasks have finished rounds.
    rounds: Option<Found>,
    is_bounded: bool,
}

impl<'a> Tiers<'a> {
    pub(super) fn begin(
        store: &'a Store,
        words: &'a Words,
        view: View,
        filters: &'a Filters,
        moment: &'a Moment,
        is_first: bool,
    ) -> Result<Self> {
        let sql = view.sql(filters);
        let mut tiers = Self {
            store,
            words,
            view,
            filters,
            moment,
            is_first,
            in_memory: Vec::new(),
            queries: OnceCell::new(),
            titled: sql.titled(),
            matching: sql.matching(),
            among: sql.among(),
            found: None,
            rounds: None,
            is_bounded: true,
        };
        let of_few = words.queries();
        tiers.in_memory = (0..words.tiers())
            .filter_map(|tier| tiers.asked(&of_few, tier))
            .collect();
        tiers.found = store.found_of_few(words, || tiers.queries(), &tiers.in_memory)?;
        Ok(tiers)
    }

    /// Returns the query of each tier for an index of few tasks.
    pub(super) fn in_memory(&self) -> &[String] {
        &self.in_memory
    }

    /// Returns up to `wanted` tasks that the index finds in a tier after `from`.
    pub(super) fn indexed(&mut self, tier: usize, from: Position, wanted: u32) -> Result<Rows> {
        loop {
            if let Some(found) = &self.found {
                return self.among(&found[tier], from, wanted);
            }
            let query = match tier {
                // A common word fills the page before it matters what is longer.
                0 | 1 => self.asked(&self.words.queries(), tier),
                _ => self.asked(self.queries()?, tier),
            };
            let Some(query) = query else {
                return Ok(Vec::new());
            };
            // Longer words than those of titles are not in the index of titles alone.
            let is_titled = tier == 0 || self.is_first && tier == 2;
            let statements = if is_titled {
                &self.titled
            } else {
                &self.matching
            };
            let statements = match &self.rounds {
                Some(_) => &statements[..1],
                None => statements,
            };
            let most = if self.is_bounded {
                MOST_IN_VAIN + STEPS_OF_A_ROW * i64::from(wanted)
            } else {
                WITHOUT_END
            };
            let read = || self.read(statements, &query, from, wanted);
            let within = self.store.effort.within(most, read);
            if let Some(mut rows) = within.while_trying("search")? {
                if let Some(rounds) = &self.rounds {
                    rows.extend(self.read_few(&self.among[1..], &rounds[tier], from, wanted)?);
                }
                return Ok(rows);
            }
            self.look_for_few()?;
        }
    }

    /// Returns those of `tasks` that are in the list, after `from`.
    pub(super) fn among(&self, tasks: &[TaskId], from: Position, wanted: u32) -> Result<Rows> {
        self.read_few(&self.among, tasks, from, wanted)
    }

    /// The index finds many tasks that are not in the list.
    fn look_for_few(&mut self) -> Result<()> {
        self.is_bounded = false;
        let (view, in_memory) = (self.view, &self.in_memory);
        self.found =
            self.store
                .found_in_a_short_list(view, self.filters, self.moment, in_memory)?;
        if self.found.is_none() && view == View::Completed {
            self.rounds = self.store.found_with_rounds(in_memory)?;
        }
        Ok(())
    }

    fn asked(&self, queries: &Queries<'_>, tier: usize) -> Option<String> {
        if self.is_first {
            queries.first_tier(tier)
        } else {
            queries.tier(tier)
        }
    }

    fn queries(&self) -> Result<&Queries<'a>> {
        if self.queries.get().is_none() {
            let read = self.words.queries_with(|term| self.store.longer(term))?;
            // Only this thread has it.
            let _ = self.queries.set(read);
        }
        Ok(self.queries.get().expect("it was just set"))
    }

    fn read_few(
        &self,
        statements: &[String],
        few: &[TaskId],
        from: Position,
        wanted: u32,
    ) -> Result<Rows> {
        if few.is_empty() {
            return Ok(Vec::new());
        }
        let few = serde_json::to_string(few)?;
        self.read(statements, &few, from, wanted)
            .while_trying("search")
    }

    fn read(
        &self,
        statements: &[String],
        words: &str,
        from: Position,
        wanted: u32,
    ) -> rusqlite::Result<Rows> {
        let mut parameters = Parameters {
            words: Some(words),
            after: Some(from),
            limit: wanted,
            ..Parameters::of(self.view, self.filters, self.moment)
        };
        let mut rows: Rows = Vec::new();
        for sql in statements {
            rows.extend(self.store.read_rows(sql, &parameters)?);
            if rows.len() >= wanted as usize {
                // What comes before these is not on the page, finished rounds of it neither.
                parameters.above = rows.last().map_or(0, |(task, _)| task.id.get());
            }
        }
        Ok(rows)
    }
}

impl Store {
    /// Returns the terms of the index that begin with `term` and are longer.
    pub(super) fn longer(&self, term: &str) -> Result<Longer> {
        let read = || -> rusqlite::Result<Longer> {
            self.make_terms()?;
            let mut statement = self.connection.prepare_cached(
                "SELECT term FROM temp.entry_of_search WHERE term >= ?1 ORDER BY term LIMIT 1",
            )?;
            let mut terms: Vec<String> = Vec::new();
            loop {
                // No term has a blank, so what comes after it is longer.
                let before = terms.last().map_or(term, String::as_str);
                let next: Option<String> = statement
                    .query_row([format!("{before} ")], |row| row.get(0))
                    .optional()?;
                match next.filter(|next| next.starts_with(term)) {
                    None => return Ok(Longer::Terms(terms)),
                    Some(_) if terms.len() == MOST_LONGER => return Ok(Longer::Any),
                    Some(next) => terms.push(next),
                }
            }
        };
        read().while_trying("search")
    }

    /// Makes the table of the terms of the index. It is of this connection alone, and holds nothing; but it is made as any other,
    /// which one that only reads does not do.
    fn make_terms(&self) -> rusqlite::Result<()> {
        if instances(&self.connection, "search").is_ok() {
            return Ok(());
        }
        let only_reads: bool = self
            .connection
            .pragma_query_value(None, "query_only", |row| row.get(0))?;
        self.connection.pragma_update(None, "query_only", "OFF")?;
        let made = instances(&self.connection, "search");
        self.connection
            .pragma_update(None, "query_only", only_reads)?;
        made
    }
}
