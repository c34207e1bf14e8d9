//! Tasks as a table that fits the terminal.
//!
//! The title keeps two fifths of the line if it needs them, and gets what the others leave; where two tags of a task stand beside it
//! whole, it keeps enough to be known by. Where there is too little room, what can be missed most easily is cut first, with an ellipsis
//! that says so, and goes first: details, then the project, then the date. Details lead with the tags, as they are typed, and are cut
//! between two of them.
//!
//! The parts of a task stand under it, where both are on the page; the family stands where the first of it would.

use std::{borrow::Cow, collections::HashMap, fmt::Write as _};

use anstyle::Style;

use super::{
    relative::{self, Horizon},
    screen::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, painted},
    width::{cut, isolated, width},
};
use crate::{
    domain::{
        query::View,
        task::{Priority, Status, Summary, Task, TaskId, Timestamp},
        when::Zone,
    },
    render,
};

/// The part of a line a title is given before another column, in fifths.
const TITLES_FIFTHS: usize = 2;
/// What it is given before two tags.
const LEAST_TITLE: usize = 24;
/// How many tags of a task stand whole beside such a title.
const WHOLE_TAGS: usize = 2;
/// The most of a line that a project, and the details, may take; and what is left of them before something else goes.
const MOST_PROJECT: usize = 20;
const LEAST_PROJECT: usize = 8;
const MOST_DETAILS: usize = 36;
const LEAST_DETAILS: usize = 14;
/// No line is made for less: where a terminal is narrower, or says so, it wraps them.
const LEAST_COLUMNS: usize = 20;
/// The columns between two cells.
const GAP: usize = 2;

/// How tasks are seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) columns: usize,
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
    pub(super) view: View,
    /// What is due first leads, where the view has it so.
    pub(super) is_by_date: bool,
}

/// What a row says, before it is cut to fit.
struct TableRow<'a> {
    horizon: Horizon,
    id: String,
    mark: (&'static str, Style),
    title: Cow<'a, str>,
    /// How many tasks it is a part of that stand above it.
    depth: usize,
    date: String,
    project: &'a str,
    /// How many of the details are tags.
    tags: usize,
    details: Vec<String>,
}

/// How many columns each cell takes; 0 for none.
#[derive(Clone, Copy)]
struct Widths {
    id: usize,
    title: usize,
    date: usize,
    project: usize,
    details: usize,
}

impl Table {
    /// Returns the lines for `tasks`, under headings where the view sorts by date.
    pub(super) fn lines(&self, tasks: &[Summary]) -> String {
        let rows: Vec<TableRow<'_>> = families(tasks)
            .into_iter()
            .map(|(task, depth)| self.row(task, depth))
            .collect();
        let widths = self.widths(&rows);
        let has_headings = self.is_by_date
            && matches!(
                self.view,
                View::Open
                    | View::Unfinished
                    | View::Pending
                    | View::Ready
                    | View::Blocked
                    | View::Today
                    | View::Week
            )
            && rows.iter().any(|row| row.horizon != rows[0].horizon);
        let mut lines = String::new();
        let mut above = None;
        for row in &rows {
            if has_headings && row.depth == 0 && above != Some(row.horizon) {
                let heading = painted(horizon_style(row.horizon).bold(), row.horizon.heading());
                let _ = writeln!(lines, "{heading}");
                above = Some(row.horizon);
            }
            row.write(&widths, &mut lines);
        }
        lines
    }

    fn row<'a>(&self, task: &'a Summary, depth: usize) -> TableRow<'a> {
        let horizon = horizon(task, self.now, self.zone);
        let said = |at| relative::instant(at, self.now, self.zone);
        let date = match self.view {
            View::Trash => task.deleted_at.map(said),
            View::Completed => task.completed_at.map(said),
            View::Cancelled | View::Stale | View::InProgress => Some(said(task.updated_at)),
            _ => task.due.map(|due| relative::date(due, self.now, self.zone)),
        };
        TableRow {
            horizon,
            id: task.id.to_string(),
            mark: mark(task),
            title: match depth {
                0 => Cow::Borrowed(task.title.as_str()),
                _ => Cow::Owned(format!("{}└ {}", "  ".repeat(depth - 1), task.title)),
            },
            depth,
            date: date.unwrap_or_default(),
            project: task.project.as_ref().map_or("", |project| project.as_str()),
            tags: task.tags.len(),
            details: self.details(task, depth > 0),
        }
    }

    fn details(&self, task: &Summary, is_under_parent: bool) -> Vec<String> {
        let mut details: Vec<String> = task.tags.iter().map(|tag| format!("+{tag}")).collect();
        if let Some(due) = task.due
            && task.repeat.is_some()
            && !task.is_open()
        {
            // A finished round is known by its date.
            let due = relative::date(due, self.now, self.zone);
            details.push(format!("due {due}"));
        }
        details.extend(task.repeat.as_ref().map(|repeat| repeat.words(self.zone)));
        if let Some(until) = task.defer_until
            && !until.has_come(self.now.as_millis(), self.zone)
        {
            details.push(format!(
                "from {}",
                relative::date(until, self.now, self.zone)
            ));
        }
        if !task.blockers.is_empty() && task.is_open() {
            let ids: Vec<String> = task.blockers.iter().map(ToString::to_string).collect();
            details.push(format!("after {}", ids.join(" ")));
        }
        let parent = task.parent.filter(|_| !is_under_parent);
        details.extend(parent.map(|parent| format!("part of {parent}")));
        details
    }

    fn widths(&self, rows: &[TableRow<'_>]) -> Widths {
        let widest =
            |cell: &dyn Fn(&TableRow<'_>) -> usize| rows.iter().map(cell).max().unwrap_or(0);
        let columns = self.columns.max(LEAST_COLUMNS);
        let title = widest(&|row| width(&row.title));
        let date = widest(&|row| width(&row.date));
        let project = widest(&|row| width(row.project)).min(MOST_PROJECT);
        let details = widest(&|row| width(&row.details.join(" "))).min(MOST_DETAILS);
        let tags = widest(&|row| row.tags_width()).min(MOST_DETAILS);
        let usual = title.min(columns * TITLES_FIFTHS / 5);
        let mut widths = Widths {
            id: widest(&|row| row.id.len()).max(3),
            title: usual,
            date: 0,
            project: 0,
            details: 0,
        };
        let least = project.min(LEAST_PROJECT);
        let beside_tags = match tags {
            0 => (usual, date, least, details.min(LEAST_DETAILS)),
            _ => (usual.min(LEAST_TITLE), date, least, tags),
        };
        // A single column of details is an ellipsis: there is more to the task.
        let choices = [
            (usual, date, least, tags.max(details.min(LEAST_DETAILS))),
            beside_tags,
            (usual, date, least, details.min(LEAST_DETAILS)),
            (usual, date, least, details.min(1)),
            (usual, date, 0, details.min(1)),
            (usual, date, 0, 0),
        ];
        for (title, date, project, details) in choices {
            let choice = Widths {
                title,
                date,
                project,
                details,
                ..widths
            };
            if choice.sum() <= columns {
                widths = choice;
                break;
            }
        }
        let mut spare = columns.saturating_sub(widths.sum());
        let mut grow = |cell: &mut usize, wanted: usize| {
            let more = wanted.saturating_sub(*cell).min(spare);
            if *cell > 0 {
                *cell += more;
                spare -= more;
            }
        };
        grow(&mut widths.title, title.min(columns / 2));
        grow(&mut widths.details, details);
        grow(&mut widths.project, project);
        grow(&mut widths.title, title);
        // An id of many digits.
        let over = widths.sum().saturating_sub(columns);
        widths.title = widths.title.saturating_sub(over);
        widths
    }
}

impl Widths {
    /// Returns how many columns they take together.
    fn sum(&self) -> usize {
        let cells: usize = [self.date, self.project, self.details]
            .into_iter()
            .filter(|width| *width > 0)
            .map(|width| width + GAP)
            .sum();
        // The id, a blank, the mark, a blank.
        self.id + 3 + self.title + cells
    }
}

impl TableRow<'_> {
    /// Returns how many columns its first tags take, and the ellipsis where there is more to the task.
    fn tags_width(&self) -> usize {
        let whole = self.tags.min(WHOLE_TAGS);
        let ellipsis = if whole < self.details.len() { 2 } else { 0 };
        match whole {
            0 => 0,
            _ => width(&self.details[..whole].join(" ")) + ellipsis,
        }
    }

    fn write(&self, widths: &Widths, lines: &mut String) {
        let (mark, style) = self.mark;
        let blanks = widths.id.saturating_sub(self.id.len());
        let _ = write!(
            lines,
            "{:blanks$}{} {} ",
            "",
            painted(DIM, &self.id),
            painted(style, mark)
        );
        let cells = [
            (cut(&self.title, widths.title), widths.title, Style::new()),
            (
                cut(&self.date, widths.date),
                widths.date,
                horizon_style(self.horizon),
            ),
            (cut(self.project, widths.project), widths.project, CYAN),
            (
                cut_between(&self.details, widths.details),
                widths.details,
                DIM,
            ),
        ];
        // Blanks are written only before a cell that has something, so that no line ends in them.
        let mut blanks = 0;
        for (text, columns, style) in cells {
            if columns == 0 {
                continue;
            }
            let used = width(&text);
            if used > 0 {
                let cell = painted(style, &isolated(&text));
                let _ = write!(lines, "{:blanks$}{cell}", "");
                blanks = 0;
            }
            blanks += columns - used + GAP;
        }
        lines.push('\n');
    }
}

/// Returns a sign for what is out of the ordinary; where a task stands goes before how much it matters.
fn mark(task: &Summary) -> (&'static str, Style) {
    match (task.status, task.priority) {
        (Status::Completed, _) => ("x", DIM),
        (Status::Cancelled, _) => ("-", DIM),
        (Status::InProgress, _) => (">", GREEN),
        (Status::Pending, Some(Priority::High)) => ("!", RED),
        (Status::Pending, Some(Priority::Low)) => (".", DIM),
        (Status::Pending, Some(Priority::Medium) | None) => (" ", Style::new()),
    }
}

/// Returns where its date lies, if it is still to be done.
fn horizon(task: &Summary, now: Timestamp, zone: Zone) -> Horizon {
    if task.is_open() {
        Horizon::of(task.due, now, zone)
    } else {
        Horizon::Never
    }
}

fn horizon_style(horizon: Horizon) -> Style {
    match horizon {
        Horizon::Overdue => RED,
        Horizon::Today => YELLOW,
        Horizon::Tomorrow | Horizon::Week | Horizon::Later | Horizon::Never => Style::new(),
    }
}

/// Returns the first of `details` that fit into so many columns, with an ellipsis where some are left out.
fn cut_between(details: &[String], columns: usize) -> String {
    let whole = details.join(" ");
    if width(&whole) <= columns {
        return whole;
    }
    let fits = |count: &usize| width(&details[..*count].join(" ")) + 2 <= columns;
    match (1..details.len()).rev().find(fits) {
        Some(count) => format!("{} …", details[..count].join(" ")),
        None => cut(&whole, columns),
    }
}

/// Returns the tasks in their order, each part after the task it is a part of where that is among them, and how deep it lies.
/// A family stands where the first of it stands.
fn families(tasks: &[Summary]) -> Vec<(&Summary, usize)> {
    /// Deeper ones stand beside each other.
    const DEEPEST: usize = 8;
    let places: HashMap<TaskId, usize> = (0..).zip(tasks).map(|(at, task)| (task.id, at)).collect();
    // A finished round has the id of its series, which may be there too.
    if places.len() < tasks.len() || tasks.iter().all(|task| task.parent.is_none()) {
        return tasks.iter().map(|task| (task, 0)).collect();
    }
    let above = |task: &Summary| task.parent.and_then(|parent| places.get(&parent).copied());
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
    for (at, task) in tasks.iter().enumerate() {
        if let Some(parent) = above(task) {
            parts[parent].push(at);
        }
    }
    let mut listed = vec![false; tasks.len()];
    let mut lines = Vec::with_capacity(tasks.len());
    for at in 0..tasks.len() {
        if listed[at] {
            continue;
        }
        let mut first = at;
        // As deep as there are tasks at most, though a damaged file said otherwise.
        for _ in tasks {
            first = above(&tasks[first]).unwrap_or(first);
        }
        let mut waiting = vec![(first, 0)];
        while let Some((at, depth)) = waiting.pop() {
            listed[at] = true;
            lines.push((&tasks[at], depth));
            let deeper = (depth + 1).min(DEEPEST);
            waiting.extend(parts[at].iter().rev().map(|part| (*part, deeper)));
        }
    }
    lines
}

/// Returns a task on one line, its project and its tags as they are typed.
pub(super) fn line(task: &Summary, now: Timestamp, zone: Zone) -> String {
    let mut untagged = task.clone();
    let (project, tags) = (untagged.project.take(), std::mem::take(&mut untagged.tags));
    let mut line = render::line(&untagged, now, zone);
    if let Some(project) = project {
        let has_blank = project.as_str().contains(char::is_whitespace);
        let quote = if has_blank { "\"" } else { "" };
        let _ = write!(line, " project:{quote}{project}{quote}");
    }
    for tag in &tags {
        let _ = write!(line, " +{tag}");
    }
    line
}

/// Returns a task as the plain line of a pipe, in the colours of the table where there are to be some. They begin after
/// the id, which other commands read.
pub(super) fn plain_line(task: &Summary, now: Timestamp, zone: Zone) -> String {
    let line = line(task, now, zone);
    let horizon = horizon(task, now, zone);
    let (id, rest) = line.split_once(' ').unwrap_or((&line, ""));
    format!("{id} {}", painted(horizon_style(horizon), rest))
}

/// Returns the first line of a task shown alone.
pub(super) fn headline(task: &Task) -> String {
    format!(
        "{} {}",
        painted(DIM, &task.id.to_string()),
        painted(BOLD, &isolated(task.title.as_str()))
    )
}

#[cfg(test)]
mod tests;
