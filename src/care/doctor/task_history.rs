//! Rows against the log.

use serde_json::Value;

use super::{Finding, Fix, RESCUE};
use crate::{
    domain::{
        command::{Wrong, noting},
        error::Result,
        task::{TaskWithComments, shortened},
        text::counted,
    },
    store::{
        Store,
        history_check::{NAMED, Rows, named},
    },
};

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// Says how the rows stand to the log.
pub(super) fn finding(rows: &Rows, store: &Store) -> Result<Finding> {
    if rows.wrong.is_empty() {
        return Ok(Finding::good(
            "rows",
            format!("{}, each as its log says", counted(rows.count, "task")),
        ));
    }
    let mut what = format!(
        "{} of {} tasks are not what their log says: {}",
        rows.wrong.len(),
        rows.count,
        named(rows.wrong.iter().map(|(id, _)| *id))
    );
    let mut both = rows
        .wrong
        .iter()
        .filter(|(_, wrong)| *wrong != Wrong::Row)
        .peekable();
    let way_out = if both.peek().is_some() {
        "run `taskhold doctor --fix`; what it does not take of the two stays in the task's history"
    } else {
        "run `taskhold doctor --fix`"
    };
    for (id, _) in both.take(NAMED) {
        if let (Some(row), Some(logged)) = (store.readable(*id)?, store.logged(*id)?) {
            what.push_str(&difference(&row, &logged));
        }
    }
    Ok(Finding {
        fix: Some(Fix::Rows),
        ..Finding::bad("rows", what, way_out)
    })
}

/// Says whether the log of every task is whole.
pub(super) fn unlogged_finding(rows: &Rows) -> Finding {
    if rows.unlogged.is_empty() {
        return Finding::good("history", "the log of every task is whole");
    }
    let what = format!(
        "the log of {} is damaged: {}",
        counted(rows.unlogged.len(), "task"),
        named(rows.unlogged.iter().copied())
    );
    Finding::bad("history", what, RESCUE)
}

/// Says what the row and the log of a task say, where that differs.
fn difference(row: &TaskWithComments, logged: &TaskWithComments) -> String {
    let diff = noting(row, logged, row.task.updated_at).diff();
    let (row_says, log_says) = diff.map_or_else(Default::default, |diff| {
        (diff.new, diff.old.unwrap_or_default())
    });
    let shown = |value: Option<&Value>| {
        let value = value.unwrap_or(&Value::Null);
        shortened(&value.to_string(), SHOWN)
    };
    let fields = row_says.iter().map(|(name, value)| {
        format!(
            "{name} is {} in its row and {} in its log",
            shown(Some(value)),
            shown(log_says.get(name))
        )
    });
    format!(
        "; of {}, {}",
        row.task.id,
        fields.collect::<Vec<_>>().join(", ")
    )
}
