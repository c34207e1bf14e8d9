//! A table, as RFC 4180 has it: a line of names, then a line a task.
//!
//! Nothing is put before a cell that begins with `=`, `+`, `-` or `@`: it would no longer be what the task says. A
//! spreadsheet that is asked to import the columns as text takes them as they are.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::{Contents, Notes, Relatives, WriteError};
use crate::domain::{
    task::{Task, TaskWithComments, Timestamp},
    when::When,
};

/// What has no column.
const LEFT_OUT: [&str; 2] = ["comments", "repeat_from"];

const COLUMNS: [&str; 18] = [
    "id",
    "title",
    "description",
    "status",
    "priority",
    "due",
    "defer_until",
    "repeat",
    "project",
    "tags",
    "parent",
    "depends_on",
    "created_at",
    "created_by",
    "updated_at",
    "started_at",
    "completed_at",
    "rev",
];

/// Writes the format.
#[derive(Debug, Default)]
pub struct Writer {
    left_out: Notes,
}

impl super::Writer for Writer {
    fn begin(&mut self, out: &mut dyn Write, _: Contents) -> io::Result<()> {
        write_record(out, &COLUMNS.map(str::to_owned))
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        whole: &TaskWithComments,
        _: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        self.left_out.count_fields(whole, &LEFT_OUT);
        let task = &whole.task;
        let cells = cells(task);
        if cells
            .iter()
            .any(|cell| cell.starts_with(['=', '+', '-', '@']))
        {
            self.left_out
                .count("nothing, but a cell begins like a formula: import the columns as text");
        }
        Ok(write_record(out, &cells)?)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }
}

fn cells(task: &Task) -> [String; 18] {
    let at = |at: Timestamp| When::At(at.as_millis()).to_string();
    // Other programs know offsets, and no zones.
    let date = |when: When| match when {
        When::Zoned(_, zone) => when.iso(zone),
        _ => when.to_string(),
    };
    let joined = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(" ");
    let text = |word: Option<String>| word.unwrap_or_default();
    [
        task.id.to_string(),
        task.title.to_string(),
        task.description.to_string(),
        task.status.to_string(),
        text(task.priority.map(|priority| priority.as_str().to_owned())),
        text(task.due.map(date)),
        text(task.defer_until.map(date)),
        text(task.repeat.as_ref().map(ToString::to_string)),
        text(task.project.as_ref().map(ToString::to_string)),
        joined(&mut task.tags.iter().map(ToString::to_string)),
        text(task.parent.map(|id| id.to_string())),
        joined(&mut task.depends_on.iter().map(ToString::to_string)),
        at(task.created_at),
        task.created_by.to_string(),
        at(task.updated_at),
        text(task.started_at.map(at)),
        text(task.completed_at.map(at)),
        task.rev.to_string(),
    ]
}

fn write_record(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    let mut record = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .buffer_capacity(1 << 10)
        .from_writer(out);
    record.write_record(cells)?;
    record.flush()
}
