//! Tasks as a table that fits the terminal.
//!
//! The title keeps two fifths of the line if it needs them, and gets what the others leave. Where there is too little room,
//! what can be missed most easily is cut first, with an ellipsis that says so, and goes first: details, then the project,
//! then the date. Details lead with the tags, as they are typed, and are cut between two of them.
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
                View::Open | View::Pending | View::Ready | View::Blocked | View::Today | View::Week
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
            details: self.details(task, depth > 0),
        }
    }

    fn details(&self, task: &Summary, is_under_parent: bool) -> Vec<String> {
        let mut details: Vec<String> = task.tags.iter().map(|tag| format!("+{tag}")).collect();
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
        let mut widths = Widths {
            id: widest(&|row| row.id.len()).max(3),
            title: title.min(columns * TITLES_FIFTHS / 5),
            date: 0,
            project: 0,
            details: 0,
        };
        // A single column of details is an ellipsis: there is more to the task.
        let choices = [
            (date, project.min(LEAST_PROJECT), details.min(LEAST_DETAILS)),
            (date, project.min(LEAST_PROJECT), details.min(1)),
            (date, 0, details.min(1)),
            (date, 0, 0),
        ];
        for (date, project, details) in choices {
            let choice = Widths {
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Sunday, 2026-11-22 12:00 UTC.
    const NOW: i64 = 1_795_348_800_000;

    fn task(id: i64, title: &str, project: &str, tag: &str) -> Summary {
        let task: Task = serde_json::from_value(json!({
            "id": id, "title": title, "status": "pending", "created_at": 0, "updated_at": 0, "created_by": "test",
            "rev": 1, "due": "2031-06-02", "project": project, "tags": [tag],
        }))
        .unwrap();
        task.summary()
    }

    fn plain_lines(tasks: &[Summary], columns: usize) -> Vec<String> {
        let table = Table {
            columns,
            now: Timestamp::from_millis(NOW),
            zone: Zone::UTC,
            view: View::Open,
            is_by_date: true,
        };
        let lines = table.lines(tasks);
        let plain = anstream::adapter::strip_str(&lines).to_string();
        plain.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_stand_under_each_other_whatever_is_in_them() {
        let rows = [
            ("Buy milk", "flat", "a"),
            ("牛乳を買う", "家", "牛"),
            ("لا تنس شراء الحليب", "بيت", "حليب"),
            ("לקנות חלב", "בית", "חלב"),
            (
                "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇩🇪🇫🇷 👍🏽 ❤\u{fe0f}",
                "🏠",
                "🚀",
            ),
            ("e\u{301}te\u{301} नमस्ते", "été", "é"),
            (
                "a title that is far too long for any of the terminals that are tried here, and then some more, 牛牛牛牛牛牛牛",
                "a project with a name that is too long",
                "long",
            ),
        ];
        let tasks: Vec<Summary> = (1..)
            .zip(rows)
            .map(|(id, (title, project, tag))| task(id, title, project, tag))
            .collect();
        for columns in 60..160 {
            let lines = plain_lines(&tasks, columns);
            let place = |line: &String| {
                let (before, after) = line.split_once("2031-06-02").unwrap();
                (
                    width(before),
                    width(&after[..after.len() - after.trim_start().len()]),
                )
            };
            let first = place(&lines[0]);
            for line in &lines {
                assert_eq!(place(line), first, "at {columns}: {line}");
                assert!(width(line) <= columns, "at {columns}: {line}");
            }
        }
    }

    #[test]
    fn the_title_keeps_two_fifths_and_the_rest_is_cut_before_it_goes() {
        let title = "Write to the landlord about the heating";
        let tasks = [task(1, title, "household", "letters")];
        let cases = [
            (
                80,
                "  1   Write to the landlord about the heating  2031-06-02  household  +letters",
            ),
            (
                70,
                "  1   Write to the landlord about the…  2031-06-02  househo…  +letters",
            ),
            (
                60,
                "  1   Write to the landlord about…   2031-06-02  househo…  …",
            ),
            (48, "  1   Write to the landlord a…  2031-06-02  +le…"),
            (40, "  1   Write to the landl…  2031-06-02  …"),
            (30, "  1   Write to th…  2031-06-02"),
            (20, "  1   Write to the…"),
            (1, "  1   Write to the…"),
        ];
        for (columns, line) in cases {
            let lines = plain_lines(&tasks, columns);
            assert_eq!(lines[0].trim_end(), line, "at {columns}");
        }
    }

    #[test]
    fn tags_are_left_out_whole_and_said_so() {
        let details = ["+errand", "+home", "+phone"].map(str::to_owned);
        for (columns, text) in [
            (20, "+errand +home +phone"),
            (19, "+errand +home …"),
            (14, "+errand …"),
            (6, "+erra…"),
        ] {
            assert_eq!(cut_between(&details, columns), text, "{columns}");
        }
    }

    #[test]
    fn parts_stand_under_their_task_and_the_family_where_its_first_is() {
        let part = |id, parent| {
            let mut part = task(id, &format!("task {id}"), "p", "t");
            part.parent = Some(TaskId::try_from(parent).unwrap());
            part
        };
        let tasks = [
            task(1, "one", "p", "t"),
            part(5, 3),
            part(4, 2),
            task(2, "two", "p", "t"),
            part(3, 2),
            part(6, 99),
        ];
        let arranged: Vec<(i64, usize)> = families(&tasks)
            .into_iter()
            .map(|(task, depth)| (task.id.get(), depth))
            .collect();
        assert_eq!(arranged, [(1, 0), (2, 0), (4, 1), (3, 1), (5, 2), (6, 0)]);
        let lines = plain_lines(&tasks, 80);
        assert!(
            lines[2].contains("  └ task 4  ") || lines[2].contains(" └ task 4  "),
            "{lines:#?}"
        );
        assert!(lines[5].contains("part of 99"), "{lines:#?}");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(title in "\\PC{1,60}", project in "\\PC{1,20}", columns in 20..140_usize) {
            prop_assume!(crate::domain::task::Title::cleaned(&title).is_ok() && crate::domain::task::Project::cleaned(&project).is_ok());
            let lines = plain_lines(&[task(1, &title, &project, "x"), task(200, "y", "z", "w")], columns);
            for line in lines {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
        }
    }
}
