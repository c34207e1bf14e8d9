//! What to list: a view, what narrows it down, and a page of it.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{
    task::{Invalid, Priority, Project, Status, Summary, Tag, TaskId, Timestamp, shortened},
    when::{When, Zone},
};

mod count;
mod names;
pub mod order;
mod sort;

pub use count::Count;
pub use names::Names;
use order::Keys;
pub use sort::Sort;

/// Which tasks to list, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Those to do or in progress that are not deferred: overdue and due first, then by priority, then by age.
    Open,
    /// Those that can be worked on: pending, not deferred, not blocked. Ordered as open ones.
    Ready,
    /// Open ones that are due today or overdue.
    Today,
    /// Open ones whose date has passed.
    Overdue,
    /// Open ones that are due tomorrow.
    Tomorrow,
    /// Open ones that are due in the next seven days, today included, or overdue.
    Week,
    /// Open ones that wait for another.
    Blocked,
    /// Open ones whose `defer_until` has not come, what comes first leading.
    Deferred,
    /// Those to do or in progress, deferred ones too. Ordered as open ones.
    Unfinished,
    /// Those to do that nobody has begun, deferred ones too. Ordered as open ones.
    Pending,
    /// Those in progress, the longest untouched first.
    InProgress,
    /// Those in progress that nobody has touched for days.
    Stale,
    /// Completed ones, the latest first.
    Completed,
    /// Those given up, the latest first.
    Cancelled,
    /// All but the trash, in the order they were added.
    All,
    /// The trash, the latest first.
    Trash,
}

impl View {
    /// Every view.
    pub const ALL: [Self; 16] = [
        Self::Open,
        Self::Ready,
        Self::Today,
        Self::Overdue,
        Self::Tomorrow,
        Self::Week,
        Self::Blocked,
        Self::Deferred,
        Self::Unfinished,
        Self::Pending,
        Self::InProgress,
        Self::Stale,
        Self::Completed,
        Self::Cancelled,
        Self::All,
        Self::Trash,
    ];

    /// Returns its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ready => "ready",
            Self::Today => "today",
            Self::Overdue => "overdue",
            Self::Tomorrow => "tomorrow",
            Self::Week => "week",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
            Self::Unfinished => "unfinished",
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Stale => "stale",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::All => "all",
            Self::Trash => "trash",
        }
    }

    /// Returns the other words that are understood for it.
    pub fn synonyms(self) -> &'static [&'static str] {
        match self {
            Self::Open => &["todo", "active"],
            Self::Deferred => &["later", "snoozed"],
            Self::Ready => &["next", "actionable"],
            Self::Overdue => &["late"],
            Self::Blocked => &["waiting"],
            Self::InProgress => &["in-progress", "in progress", "wip", "started", "doing"],
            Self::Completed => &["complete", "done", "finished"],
            Self::Cancelled => &["canceled"],
            Self::All => &["everything"],
            Self::Trash => &["deleted"],
            Self::Week => &["next 7 days"],
            Self::Today | Self::Tomorrow | Self::Unfinished | Self::Pending | Self::Stale => &[],
        }
    }
}

impl View {
    /// Returns the view whose word, or another one for it, is almost `text`.
    pub fn near(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let most = if text.len() > 5 { 2 } else { 1 };
        let distance = |view: &Self| {
            let words = view.synonyms().iter().copied().chain([view.as_str()]);
            let distances = words.filter(|word| word.len() > 3);
            distances
                .map(|word| strsim::osa_distance(word, &text))
                .min()
        };
        let near = Self::ALL
            .into_iter()
            .min_by_key(|view| distance(view).unwrap_or(usize::MAX))?;
        (distance(&near)? <= most).then_some(near)
    }

    /// Returns the views whose counts stand beside its own in the heading of a list.
    pub fn counted_beside(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::Overdue, Self::Today, Self::Stale, Self::Deferred],
            _ => &[],
        }
    }

    /// Reports whether a task of the view can have `status`.
    pub fn has(self, status: Status) -> bool {
        match self {
            Self::Open
            | Self::Today
            | Self::Overdue
            | Self::Tomorrow
            | Self::Week
            | Self::Blocked
            | Self::Deferred
            | Self::Unfinished => status.is_open(),
            Self::Pending | Self::Ready => status == Status::Pending,
            Self::InProgress | Self::Stale => status == Status::InProgress,
            Self::Completed => status == Status::Completed,
            Self::Cancelled => status == Status::Cancelled,
            Self::All | Self::Trash => true,
        }
    }
}

impl FromStr for View {
    type Err = Invalid;

    /// Reads the word of a view and its synonyms.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let word = text.trim().to_lowercase();
        let view = Self::ALL
            .into_iter()
            .find(|view| view.as_str() == word || view.synonyms().contains(&word.as_str()));
        view.ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new(
                "view",
                format!("\"{}\" is none of {words}", shortened(text, 40)),
            )
        })
    }
}

impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(|invalid: Invalid| serde::de::Error::custom(invalid.reason))
    }
}

/// What else a task must be to be listed; `None` and an empty list ask for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// It belongs to this project or to one below it, as `Work.Billing` is below `Work`, whatever the case of its letters.
    pub project: Option<Project>,
    /// It belongs to no project.
    pub no_project: bool,
    /// It belongs to a project, whichever.
    pub has_project: bool,
    /// It belongs to none of these projects, nor to one below them.
    pub without_projects: Vec<Project>,
    /// It has all these tags.
    pub tags: Vec<Tag>,
    /// It has none of these tags.
    pub without_tags: Vec<Tag>,
    /// It has this priority.
    pub priority: Option<Priority>,
    /// It has no priority.
    pub no_priority: bool,
    /// It is pending, in progress, ...
    pub status: Option<Status>,
    /// It is a part of this task.
    pub parent: Option<TaskId>,
    /// It is due from here on.
    pub due_from: Option<Bound>,
    /// It is due before this.
    pub due_to: Option<Bound>,
    /// It was completed from here on.
    pub completed_from: Option<Bound>,
    /// It was completed before this.
    pub completed_to: Option<Bound>,
}

impl Filters {
    /// Reports whether nothing in it stands for a view of its own: a status, or a date of completion.
    pub fn names_no_view(&self) -> bool {
        self.status.is_none() && !self.asks_for_completion()
    }

    /// Reports whether it asks when a task was completed.
    pub fn asks_for_completion(&self) -> bool {
        self.completed_from.is_some() || self.completed_to.is_some()
    }

    /// Returns how the dates it compares with were read, each as `due by Fri 2026-12-04`.
    pub fn dates_in_words(&self) -> impl Iterator<Item = String> {
        let due = [&self.due_from, &self.due_to].map(|bound| ("due", bound));
        let done = [&self.completed_from, &self.completed_to].map(|bound| ("done", bound));
        let bounds = due.into_iter().chain(done);
        bounds.filter_map(|(verb, bound)| Some(format!("{verb} {}", bound.as_ref()?.words)))
    }
}

/// A date to compare with, from which on or before which something lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The moment where the reader is, in ms since the Unix epoch.
    pub millis: i64,
    /// For each kind of date, the key of the first that lies there or later.
    pub keys: Keys,
    /// How it was read: `by Fri 2026-12-04`.
    pub words: String,
}

impl Bound {
    /// Returns the bound after which all after `when` lies: a day counts itself, an instant is exact.
    pub fn from(when: When, zone: Zone) -> Self {
        let (from, word) = if when.kind() == order::DAY {
            (zone.begin(when.day(zone)), "from")
        } else {
            (when.order(zone) + 1, "after")
        };
        Self::new(from, zone, format!("{word} {}", when.show(zone)))
    }

    /// Returns the bound before which all before `when` lies: a day counts itself, an instant is exact.
    pub fn to(when: When, zone: Zone) -> Self {
        if when.kind() == order::DAY {
            let words = format!("by {}", when.show(zone));
            return Self::new(when.order(zone) + 1, zone, words);
        }
        // A day ends later than any of its instants.
        let words = format!("before {}", when.show(zone));
        Self::new(when.order(zone), zone, words)
    }

    fn new(millis: i64, zone: Zone, words: String) -> Self {
        Self {
            millis,
            keys: Keys::at(millis, zone),
            words,
        }
    }
}

/// The time of a call, and where the reader is: what the views need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant, in ms since the Unix epoch.
    pub millis: i64,
    /// The zone of the reader.
    pub zone: Zone,
    /// Before this, in ms since the Unix epoch, what is in progress was last touched when it is stale.
    pub stale_before: i64,
}

/// A task's place in the order of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What the view sorts by first, and then.
    pub key: (i64, i64),
    /// The task.
    pub id: i64,
}

/// A part of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<Summary>,
    /// For each, where it would be gone on from to begin with it; `None` for the very first.
    pub places: Vec<Option<Position>>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
    /// The place of the last task, or where it began.
    last: Option<Position>,
}

impl Page {
    pub(crate) fn new(after: Option<Position>) -> Self {
        Self {
            tasks: Vec::new(),
            places: Vec::new(),
            next: None,
            last: after,
        }
    }

    /// Appends tasks until it holds `limit`; one more tells that there are more.
    pub(crate) fn fill(&mut self, rows: Vec<(Summary, (i64, i64))>, limit: u32) {
        for (task, key) in rows {
            if self.tasks.len() == limit as usize {
                self.next = self.last;
                break;
            }
            self.places.push(self.last);
            self.last = Some(Position {
                key,
                id: task.id.get(),
            });
            self.tasks.push(task);
        }
    }
}

impl Moment {
    /// Returns the moment `now` for a user in `zone`.
    pub fn new(now: Timestamp, zone: Zone) -> Self {
        const STALE_AFTER: i64 = 3 * 24 * 60 * 60 * 1000;
        let millis = now.as_millis();
        Self {
            millis,
            zone,
            stale_before: millis - STALE_AFTER,
        }
    }

    /// Returns the keys of what is due now or later.
    pub fn now(&self) -> Keys {
        Keys::at(self.millis, self.zone)
    }

    /// Returns the keys of what is due on the day that is so many days from today, or later.
    pub fn day(&self, days: u64) -> Keys {
        let today = self.zone.today(self.millis);
        let day = today
            .checked_add_days(chrono::Days::new(days))
            .unwrap_or(today);
        Keys::at(self.zone.begin(day), self.zone)
    }

    /// Returns the keys of what is still to come.
    pub fn to_come(&self) -> Keys {
        Keys::after(self.millis, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_names_one_view() {
        for view in View::ALL {
            for word in view.synonyms().iter().chain([&view.as_str()]) {
                assert_eq!(word.parse(), Ok(view), "{word}");
                assert_eq!(word.to_uppercase().parse(), Ok(view), "{word}");
            }
        }
        let refused = "somewhere".parse::<View>().unwrap_err().to_string();
        assert!(
            refused.contains("\"somewhere\" is none of open, ready"),
            "{refused}"
        );
    }
}
