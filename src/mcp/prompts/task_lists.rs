//! The tasks in a prompt: lists and sheets that never take more than their room.

use std::fmt::Write as _;

use chrono::Days;

use crate::{
    domain::{
        error::Result,
        query::{Bound, Filters, Moment, Position, View},
        task::{Comment, Summary, Task, Timestamp},
        when::{When, Zone},
    },
    render::{
        self,
        bounds::{self, Filled, clipped, shares},
        parts::Parts,
    },
    store::Store,
};

pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// The most text of tasks in a prompt, in bytes: about 2,500 tokens.
const MAX_BYTES: usize = 8_000;
/// The most of one task in a list, in bytes.
const MAX_ITEM_BYTES: usize = 1_000;
/// The most tasks in a list.
const MAX_TASKS: u32 = 100;

/// How a task is written in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As in `list_tasks`.
    Line,
    /// As in `tasks://all`, a long description cut.
    Block,
}

/// Which tasks are listed, and under what title.
pub(super) struct List {
    pub(super) title: &'static str,
    pub(super) view: View,
    pub(super) filters: Filters,
    /// Where in the view it begins; `None` is at its first task.
    pub(super) after: Option<Position>,
    /// The arguments of `list_tasks` that show what is left out, among others.
    pub(super) rest: &'static str,
}

impl List {
    /// Returns the list of a whole view.
    pub(super) fn of(title: &'static str, view: View, rest: &'static str) -> Self {
        Self {
            title,
            view,
            filters: Filters::default(),
            after: None,
            rest,
        }
    }
}

/// Returns the place in a view by plan after which come the tasks due from `order` on, and those without a date.
pub(super) fn before(order: i64) -> Position {
    Position {
        key: (order - 1, i64::MAX),
        id: i64::MAX,
    }
}

/// The tasks of a list, written out, and how many there are in all.
struct ListedTasks {
    items: Vec<String>,
    total: String,
}

/// The tasks as they are at a time, seen from a zone.
pub(super) struct Snapshot<'store> {
    store: &'store Store,
    now: Timestamp,
    zone: Zone,
    moment: Moment,
}

impl<'store> Snapshot<'store> {
    pub(super) fn new(store: &'store Store, now: Timestamp, zone: Zone) -> Self {
        Self {
            store,
            now,
            zone,
            moment: Moment::new(now, zone),
        }
    }

    pub(super) fn store(&self) -> &'store Store {
        self.store
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    /// Returns when today begins, in ms since the Unix epoch.
    pub(super) fn start_of_today(&self) -> i64 {
        self.zone.begin(self.zone.today(self.now.as_millis()))
    }

    /// Returns when today ends and tomorrow begins, likewise.
    pub(super) fn end_of_today(&self) -> i64 {
        self.zone.next_midnight(self.now.as_millis())
    }

    /// Returns the bound for what is due before the day so many days from today.
    pub(super) fn before_day(&self, days: u64) -> Bound {
        let today = self.zone.today(self.now.as_millis());
        let day = today.checked_add_days(Days::new(days)).unwrap_or(today);
        Bound::to(When::begin_of(day, self.zone), self.zone)
    }

    /// Returns the date, the weekday and the zone, and how many tasks the views have.
    pub(super) fn heading(&self, counted: &[(View, &str)]) -> Result<String> {
        let counts = counted
            .iter()
            .map(|(view, word)| {
                let count = self.count(*view, &Filters::default(), None)?;
                Ok(format!("{count} {word}"))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(render::heading(self.now, self.zone, &counts.join(", ")))
    }

    fn count(&self, view: View, filters: &Filters, after: Option<Position>) -> Result<String> {
        let count = self.store.count(view, filters, &self.moment, after)?;
        Ok(count.to_string())
    }

    /// Returns the lists one under another, each after a blank line.
    pub(super) fn lists(&self, lists: &[List], form: Form) -> Result<String> {
        let found = lists
            .iter()
            .map(|list| self.find(list, form))
            .collect::<Result<Vec<_>>>()?;
        let wanted: Vec<usize> = found
            .iter()
            .map(|found| found.items.iter().map(|item| bounds::size(item)).sum())
            .collect();
        let mut text = String::new();
        for ((list, found), room) in lists.iter().zip(&found).zip(shares(&wanted, MAX_BYTES)) {
            text.push('\n');
            if found.items.is_empty() {
                let _ = writeln!(text, "{}: none", list.title);
                continue;
            }
            let Filled { text: items, shown } = filled(&found.items, room);
            let _ = write!(text, "{} ({}):\n{items}", list.title, found.total);
            if shown.to_string() != found.total {
                let _ = writeln!(
                    text,
                    "... {shown} of {} shown; list_tasks {} shows all, page by page",
                    found.total, list.rest
                );
            }
        }
        Ok(text)
    }

    fn find(&self, list: &List, form: Form) -> Result<ListedTasks> {
        let (view, filters) = (list.view, &list.filters);
        let page = self
            .store
            .list(view, filters, &self.moment, list.after, MAX_TASKS)?;
        let total = match page.next {
            Some(_) => self.count(view, filters, list.after)?,
            None => page.tasks.len().to_string(),
        };
        let items = page.tasks.iter().map(|task| self.item(task, form));
        Ok(ListedTasks {
            items: items.collect::<Result<_>>()?,
            total,
        })
    }

    fn item(&self, task: &Summary, form: Form) -> Result<String> {
        const DESCRIPTION: usize = 200;
        Ok(match form {
            Form::Line => {
                let line = render::line(task, self.now, self.zone);
                format!("{}\n", clipped(&line, MAX_ITEM_BYTES))
            }
            Form::Block => {
                let task = task.shown_of(self.store.existing(task.id)?);
                let parts = Parts::of(&task).with_short_description(DESCRIPTION);
                let block = render::written(&task, parts, self.zone, render::block, MAX_ITEM_BYTES);
                format!("{}\n", clipped(block.trim_end(), MAX_ITEM_BYTES))
            }
        })
    }

    /// Returns everything about a task, and its subtasks.
    pub(super) fn sheet_with_children(&self, task: &Task) -> Result<String> {
        let id = task.id;
        let mut text = self.sheet(task, &self.store.comments(id)?);
        let children = self.store.children(id, MAX_TASKS)?;
        if children.is_empty() {
            text.push_str("\nSubtasks: none\n");
            return Ok(text);
        }
        let total = render::bounded(
            u32::try_from(children.len()).unwrap_or(MAX_TASKS),
            MAX_TASKS,
        );
        let lines: Vec<String> = children
            .iter()
            .map(|child| self.item(child, Form::Line))
            .collect::<Result<_>>()?;
        let room = MAX_BYTES.saturating_sub(bounds::size(&text));
        let Filled { text: lines, shown } = filled(&lines, room);
        let _ = write!(text, "\nSubtasks ({total}):\n{lines}");
        if shown.to_string() != total {
            let _ = writeln!(
                text,
                "... {shown} of {total} shown; list_tasks view:\"all\" marks each as part of {id}"
            );
        }
        Ok(text)
    }

    /// Returns everything about a task: of long texts the beginning, of many comments the latest.
    fn sheet(&self, task: &Task, comments: &[Comment]) -> String {
        const SHEET: usize = 6_000;
        let parts = Parts::of(task).with_comments(comments.iter().rev(), 0, self.zone);
        render::written(task, parts, self.zone, render::sheet, SHEET)
    }
}

/// Returns as many of `items` as fit into `room`, one after another.
fn filled(items: &[String], room: usize) -> Filled {
    bounds::fill(items.iter().cloned(), "", room)
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_view_has_what_is_due_from_then_on_after_it() {
        let place = before(1_000);
        for (order, comes_after) in [(999, false), (1_000, true), (i64::MAX, true)] {
            let key = ((order, 0), 1);
            assert_eq!(key > (place.key, place.id), comes_after, "{order}");
        }
    }
}
