//! What SQLite finds wrong in a file, and what that takes with it: tasks, or only what is made anew from them.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::failure::explain;
use crate::domain::error::Result;

/// How many faults are looked at. SQLite tells those of pages first.
const MOST: u32 = 1_000;
/// How many unused pages are counted besides: their list is one text, which SQLite limits.
const MOST_UNUSED: u32 = 250_000;
/// What the name of an index begins with that SQLite made for a table, and that cannot be made alone.
const OWN_INDEX: &str = "sqlite_autoindex";

/// What a fault lies in. The greatest is seen to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Pages that nothing uses: they take room, and no more. A repair that was cut short leaves them.
    Unused,
    /// A value that no task can have, in a row that can be read.
    Value,
    /// The search index.
    Words,
    /// An index of SQLite.
    Index,
    /// A table, or what cannot be told.
    Table,
}

/// A fault.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) part: Part,
    /// In SQLite's words.
    pub(crate) what: String,
}

/// Returns the faults of the database in `file`, none if it is sound.
pub(crate) fn faults(connection: &Connection, file: &Path) -> Result<Vec<Fault>> {
    let mut most = MOST;
    let (mut lines, mut ended) = check(connection, Scope::Everything(most));
    // Unused pages are told last of the pages, a line each: with room for all of them, the rest is told as well.
    if is_cut(&lines, most) && lines.last().is_some_and(|line| is_of_unused_page(line)) {
        let pages: u32 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .map_err(|error| explain(error, file, "check the database"))?;
        most += pages.min(MOST_UNUSED);
        (lines, ended) = check(connection, Scope::Everything(most));
    }
    if let Err(error) = ended
        && lines.is_empty()
    {
        return match error.sqlite_error_code() {
            // A search index that cannot even be opened keeps SQLite from looking at the tables.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => {
                faults_by_table(connection, file, &error)
            }
            _ => Err(explain(error, file, "check the database")),
        };
    }
    // Where the list ends among the faults of pages, there may be worse ones that are not told.
    let is_cut = is_cut(&lines, most);
    let mut faults: Vec<Fault> = lines
        .into_iter()
        .map(|what| Fault {
            part: part(connection, &what),
            what,
        })
        .collect();
    if is_cut {
        faults[0].part = Part::Table;
    }
    Ok(faults)
}

fn faults_by_table(
    connection: &Connection,
    file: &Path,
    error: &rusqlite::Error,
) -> Result<Vec<Fault>> {
    let tables: Vec<String> = connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema
              WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'
                AND name NOT GLOB 'search_*' AND name NOT GLOB 'title_search_*'",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(|error| explain(error, file, "check the database"))?;
    let mut faults = Vec::new();
    for table in tables {
        let (lines, ended) = check(connection, Scope::Table(&table));
        let ended = ended.err().map(|error| error.to_string());
        faults.extend(lines.into_iter().map(|what| Fault {
            part: part(connection, &what),
            what,
        }));
        faults.extend(ended.map(|what| Fault {
            part: Part::Table,
            what,
        }));
    }
    if faults.is_empty() {
        faults.push(Fault {
            part: Part::Words,
            what: error.to_string(),
        });
    }
    Ok(faults)
}

/// What SQLite is to check.
#[derive(Clone, Copy)]
enum Scope<'a> {
    /// All pages and tables, until so many faults are found.
    Everything(u32),
    Table(&'a str),
}

/// Returns the faults that SQLite finds, in its words, and whether it came to the end.
fn check(connection: &Connection, scope: Scope<'_>) -> (Vec<String>, rusqlite::Result<()>) {
    let mut lines = Vec::new();
    let take = |row: &rusqlite::Row<'_>| {
        let told: String = row.get(0)?;
        // The faults of pages come in one text.
        let told = told.lines();
        lines.extend(
            told.filter(|line| *line != "ok" && !line.starts_with("*** in database "))
                .map(str::to_owned),
        );
        Ok(())
    };
    let ended = match scope {
        Scope::Everything(most) => connection.pragma(None, "integrity_check", most, take),
        Scope::Table(table) => connection.pragma(None, "integrity_check", table, take),
    };
    (lines, ended)
}

fn part(connection: &Connection, line: &str) -> Part {
    let of_index = [
        "wrong # of entries in index ",
        " missing from index ",
        " of index ",
        " entry in index ",
        " differ from index ",
    ];
    if line.starts_with("fts5: ") || line.contains(" FTS5 table ") {
        Part::Words
    } else if line == "CHECK constraint failed in task" || line.contains(" value in task.") {
        Part::Value
    } else if is_of_unused_page(line) {
        Part::Unused
    } else if of_index.iter().any(|words| {
        let index = line.split_once(words).map(|(_, index)| index);
        index.is_some_and(|index| !index.starts_with(OWN_INDEX))
    }) {
        Part::Index
    } else if is_of_page(line) {
        part_of_page(connection, line).unwrap_or(Part::Table)
    } else {
        Part::Table
    }
}

/// Reports whether a list that may have `most` lines ended for want of room, and among the faults of pages.
fn is_cut(lines: &[String], most: u32) -> bool {
    let last = usize::try_from(most)
        .ok()
        .and_then(|most| lines.get(most - 1));
    last.is_some_and(|line| is_of_page(line))
}

fn is_of_unused_page(line: &str) -> bool {
    line.starts_with("Page ") && line.ends_with(": never used")
}

fn is_of_page(line: &str) -> bool {
    line.starts_with("Tree ") || line.contains(" page ") || line.starts_with("Page ")
}

/// Returns what the tree or the page that a line names belongs to; `None` if that cannot be told.
fn part_of_page(connection: &Connection, line: &str) -> Option<Part> {
    let number_after = |words: &str| -> Option<i64> {
        let (_, rest) = line.split_once(words)?;
        rest.split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    };
    let (sql, number) = match number_after("Tree ") {
        Some(root) => (
            "SELECT name, type FROM sqlite_schema WHERE rootpage = ?1",
            root,
        ),
        None => (
            "SELECT name, (SELECT type FROM sqlite_schema WHERE sqlite_schema.name = dbstat.name)
               FROM dbstat WHERE pageno = ?1",
            number_after(" page ")?,
        ),
    };
    let (name, kind): (String, String) = connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .ok()?;
    let is_of_words =
        name.starts_with("search_") || name.starts_with("title_search_") || name == "title_order";
    match kind.as_str() {
        "index" if !name.starts_with(OWN_INDEX) => Some(Part::Index),
        "table" if is_of_words => Some(Part::Words),
        _ => None,
    }
}
