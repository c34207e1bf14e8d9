//! Changes for people: what happened to which task, when and by whom. A table at a terminal, plain lines in a pipe.

use std::fmt::Write as _;

use anstyle::Style;

use super::{
    Context, relative,
    screen::{DIM, Layout, painted},
    width::{cut, isolated, width},
};
use crate::{
    domain::{
        change::{Change, Kind},
        task::Status,
    },
    render,
};

/// The most columns an actor takes, and the least of the fields before something else goes.
const MOST_ACTOR: usize = 16;
const LEAST_FIELDS: usize = 12;
/// What tells the changes apart keeps this part of a line: the title, or the fields where all are of one task.
const MAIN_PART: usize = 3;
/// No line is made for less.
const LEAST_COLUMNS: usize = 20;
/// The columns between two cells.
const GAP: usize = 2;

/// What a line says, before it is cut to fit.
struct HistoryRow {
    group: String,
    when: String,
    actor: String,
    what: &'static str,
    id: String,
    title: String,
    fields: String,
}

/// How many columns each cell takes; 0 for none.
#[derive(Clone, Copy, Default)]
struct Widths {
    group: usize,
    when: usize,
    actor: usize,
    what: usize,
    id: usize,
    title: usize,
    fields: usize,
}

/// Returns a line for each change, with so many blanks before it; with the task where `title` gives its title.
pub(super) fn lines<'a>(
    changes: &[Change],
    title: impl Fn(&Change) -> Option<&'a str>,
    indent: usize,
    context: &Context,
) -> String {
    let rows: Vec<HistoryRow> = changes
        .iter()
        .map(|change| HistoryRow::new(change, title(change), context))
        .collect();
    let mut lines = String::new();
    match context.screen.layout {
        Layout::Table(columns) => {
            let widths = Widths::fitting(&rows, columns.saturating_sub(indent));
            for row in &rows {
                lines.extend(std::iter::repeat_n(' ', indent));
                row.write(&widths, &mut lines);
            }
        }
        Layout::Lines => {
            for row in &rows {
                lines.extend(std::iter::repeat_n(' ', indent));
                row.write_plain(&mut lines);
            }
        }
    }
    lines
}

impl HistoryRow {
    fn new(change: &Change, title: Option<&str>, context: &Context) -> Self {
        let what = happened(change);
        // The times that go with a status or the trash are when the change was made, and the word may say the status.
        let is_said = |name: &str| {
            let says_status = !matches!(what, "changed" | "skipped" | "undone" | "restored");
            name.ends_with("_at") || says_status && name == "status"
        };
        let fields: Vec<String> = render::changed_fields(change, context.caller.zone)
            .filter(|(name, _)| !is_said(name))
            .map(|(_, text)| text)
            .collect();
        let of_task = |text: &dyn Fn(&str) -> String| title.map(text).unwrap_or_default();
        Self {
            group: change.group.to_string(),
            when: relative::shown(change.at, context),
            actor: change.actor.to_string(),
            what,
            id: of_task(&|_| change.task.to_string()),
            title: of_task(&str::to_owned),
            fields: fields.join("; "),
        }
    }

    fn write(&self, widths: &Widths, lines: &mut String) {
        let cells = [
            (self.group.as_str(), widths.group, true, Style::new()),
            (&self.when, widths.when, false, Style::new()),
            (&self.actor, widths.actor, false, Style::new()),
            (self.what, widths.what, false, Style::new()),
            (&self.id, widths.id, true, DIM),
            (&self.title, widths.title, false, Style::new()),
            (&self.fields, widths.fields, false, DIM),
        ];
        // Blanks are written only before a cell that has something, so that no line ends in them.
        let mut blanks = 0;
        for (text, columns, is_number, style) in cells {
            if columns == 0 {
                continue;
            }
            let text = cut(text, columns);
            let left = columns - width(&text);
            let (before, after) = if is_number { (left, 0) } else { (0, left) };
            blanks += before;
            if left < columns {
                let cell = painted(style, &isolated(&text));
                let _ = write!(lines, "{:blanks$}{cell}", "");
                blanks = 0;
            }
            blanks += after + GAP;
        }
        lines.push('\n');
    }

    /// The first three words and the one for what happened have no blank in them, unless the actor's name has.
    fn write_plain(&self, lines: &mut String) {
        let cells = [
            self.group.as_str(),
            &self.when,
            &self.actor,
            self.what,
            &self.id,
            &self.title,
        ];
        let cells: Vec<&str> = cells.into_iter().filter(|cell| !cell.is_empty()).collect();
        lines.push_str(&cells.join(" "));
        if !self.fields.is_empty() {
            let _ = write!(lines, "  {}", self.fields);
        }
        lines.push('\n');
    }
}

impl Widths {
    fn fitting(rows: &[HistoryRow], columns: usize) -> Self {
        let widest = |cell: &dyn Fn(&HistoryRow) -> &str| {
            let widths = rows.iter().map(|row| width(cell(row)));
            widths.max().unwrap_or(0)
        };
        let columns = columns.max(LEAST_COLUMNS);
        let whole = Self {
            group: widest(&|row| &row.group),
            when: widest(&|row| &row.when),
            actor: widest(&|row| &row.actor).min(MOST_ACTOR),
            what: widest(&|row| row.what),
            id: widest(&|row| &row.id),
            title: widest(&|row| &row.title),
            fields: widest(&|row| &row.fields),
        };
        let main = columns / MAIN_PART;
        let (title, least) = if whole.title > 0 {
            (whole.title.min(main), LEAST_FIELDS)
        } else {
            (0, main)
        };
        let start = Self {
            title,
            fields: whole.fields.min(least),
            ..whole
        };
        // A single column of fields is an ellipsis: there is more to the change.
        let ellipsis = whole.fields.min(1);
        let choices = [
            start,
            Self {
                fields: ellipsis,
                ..start
            },
            Self {
                fields: ellipsis,
                actor: 0,
                ..start
            },
            Self {
                fields: ellipsis,
                actor: 0,
                when: 0,
                ..start
            },
            Self {
                group: whole.group,
                id: whole.id,
                title,
                what: if title > 0 { 0 } else { whole.what },
                ..Self::default()
            },
        ];
        let fits = |choice: &&Self| choice.sum() <= columns;
        let mut widths = *choices.iter().find(fits).unwrap_or(&choices[4]);
        let mut spare = columns.saturating_sub(widths.sum());
        let mut grow = |cell: &mut usize, wanted: usize| {
            let more = wanted.saturating_sub(*cell).min(spare);
            if *cell > 0 {
                *cell += more;
                spare -= more;
            }
        };
        grow(&mut widths.title, whole.title);
        grow(&mut widths.fields, whole.fields);
        widths
    }

    /// Returns how many columns they take together.
    fn sum(&self) -> usize {
        let cells = [
            self.group,
            self.when,
            self.actor,
            self.what,
            self.id,
            self.title,
            self.fields,
        ];
        let cells = cells.into_iter().filter(|width| *width > 0);
        cells.map(|width| width + GAP).sum::<usize>() - GAP
    }
}

/// Reports whether a change took its task out of the trash.
fn is_undeleted(change: &Change) -> bool {
    change
        .new
        .get("deleted_at")
        .is_some_and(serde_json::Value::is_null)
}

/// Returns the word for what a change did. An update that moves the task is called as the command that does so.
fn happened(change: &Change) -> &'static str {
    let status = |fields: Option<&crate::domain::change::Fields>| {
        let word = fields?.get("status")?.as_str()?;
        word.parse::<Status>().ok()
    };
    match change.kind {
        Kind::Add => "added",
        Kind::Complete => "completed",
        Kind::Skip => "skipped",
        Kind::Delete => "deleted",
        Kind::Undo => "undone",
        Kind::Import => "imported",
        Kind::Restore => "restored",
        Kind::Repair => "mended",
        Kind::Update if is_undeleted(change) => "undeleted",
        Kind::Update => match (status(change.old.as_ref()), status(Some(&change.new))) {
            (_, Some(Status::InProgress)) => "started",
            (_, Some(Status::Completed)) => "completed",
            (_, Some(Status::Cancelled)) => "cancelled",
            (Some(Status::InProgress), Some(Status::Pending)) => "stopped",
            (_, Some(Status::Pending)) => "reopened",
            (_, None) if change.new.keys().all(|name| name == "comments") => "commented",
            (_, None) => "changed",
        },
    }
}
