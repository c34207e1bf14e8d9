//! What each view is: which tasks, in which order, due between which dates.

use crate::domain::query::{
    Bound, Filters, Moment, View,
    order::{self, Edge, Keys},
};

/// Open and not in the trash; the words of the partial indexes.
macro_rules! open {
    () => {
        "deleted_at IS NULL AND status IN ('pending', 'in_progress')"
    };
}
/// Finished or in the trash; the words of the partial index.
macro_rules! old {
    () => {
        "(deleted_at IS NOT NULL OR status IN ('completed', 'cancelled'))"
    };
}
pub(super) use old;
pub(in crate::store) use open;

/// By which two numbers, and then by the id, the tasks of a view are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// What is due first, then what matters most.
    Plan,
    /// What comes first of what is deferred.
    Deferral,
    /// This time, the oldest first.
    Oldest([&'static str; 1]),
    /// This time, the latest first.
    Latest([&'static str; 1]),
    /// The id alone.
    Age,
}

impl Order {
    /// Returns the columns it sorts by before the id.
    pub(super) fn keys(&self) -> &[&'static str] {
        match self {
            Self::Plan => &["due_order", "rank"],
            Self::Deferral => &["defer_order"],
            Self::Oldest(time) | Self::Latest(time) => time,
            Self::Age => &[],
        }
    }

    /// Returns what follows ORDER BY.
    pub(super) fn sorted(&self) -> String {
        let direction = match self {
            Self::Latest(_) => " DESC",
            _ => "",
        };
        let mut sorted = String::new();
        for key in self.keys() {
            sorted.push_str(key);
            sorted.push_str(direction);
            sorted.push_str(", ");
        }
        sorted + "task.id" + direction
    }

    /// Returns the columns of the two numbers.
    pub(super) fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan => ("due_order", "rank"),
            Self::Deferral => ("defer_order", "0"),
            Self::Oldest([time]) | Self::Latest([time]) => (time, "0"),
            Self::Age => ("0", "0"),
        }
    }

    /// Returns which moment of a day counts.
    pub(super) fn edge(self) -> Edge {
        match self {
            Self::Deferral => Edge::First,
            Self::Plan | Self::Oldest(_) | Self::Latest(_) | Self::Age => Edge::Last,
        }
    }

    /// Returns the column of the kind of date it sorts by; `None` where it sorts by none.
    pub(super) fn kind_column(self) -> Option<&'static str> {
        match self {
            Self::Plan => Some("due_kind"),
            Self::Deferral => Some("defer_kind"),
            Self::Oldest(_) | Self::Latest(_) | Self::Age => None,
        }
    }
}

/// Which of the partial indexes of projects, and which rows of tags, have the tasks of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Open,
    Old,
    Both,
}

impl Scope {
    /// Returns what `is_old` of their tags is; what is `known` of that where some are open and some are not.
    pub(super) fn is_old_or(self, known: &'static str) -> &'static str {
        match self {
            Self::Open => "= FALSE",
            Self::Old => "= TRUE",
            Self::Both => known,
        }
    }
}

/// What a view is, but for the dates between which its tasks are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// What a task of the view is.
    pub(super) condition: &'static str,
    /// Whether its `defer_until` must have come, or must not.
    pub(super) has_come: Option<bool>,
    pub(super) order: Order,
    pub(super) scope: Scope,
}

impl Shape {
    pub(super) fn of(view: View) -> Self {
        let open = |has_come, condition| Self {
            condition,
            has_come,
            order: Order::Plan,
            scope: Scope::Open,
        };
        let by = |order, scope, condition| Self {
            condition,
            has_come: None,
            order,
            scope,
        };
        match view {
            View::Open => open(Some(true), open!()),
            View::Unfinished | View::Today | View::Overdue | View::Tomorrow | View::Week => {
                open(None, open!())
            }
            View::Pending => open(None, concat!(open!(), " AND status = 'pending'")),
            View::Ready => open(
                Some(true),
                "deleted_at IS NULL AND status = 'pending' AND blockers = 0",
            ),
            View::Blocked => open(None, concat!(open!(), " AND blockers > 0")),
            View::Deferred => Self {
                order: Order::Deferral,
                ..open(
                    Some(false),
                    concat!(open!(), " AND defer_until IS NOT NULL"),
                )
            },
            View::InProgress => by(
                Order::Oldest(["updated_at"]),
                Scope::Open,
                "deleted_at IS NULL AND status = 'in_progress'",
            ),
            View::Stale => by(
                Order::Oldest(["updated_at"]),
                Scope::Open,
                "deleted_at IS NULL AND status = 'in_progress' AND updated_at < :stale_before",
            ),
            View::Completed => by(
                Order::Latest(["completed_at"]),
                Scope::Old,
                "deleted_at IS NULL AND status = 'completed'",
            ),
            View::Cancelled => by(
                Order::Latest(["updated_at"]),
                Scope::Old,
                "deleted_at IS NULL AND status = 'cancelled'",
            ),
            View::All => by(Order::Age, Scope::Both, "deleted_at IS NULL"),
            View::Trash => by(
                Order::Latest(["deleted_at"]),
                Scope::Old,
                "deleted_at IS NOT NULL",
            ),
        }
    }
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// With its first task.
    First,
    /// With what is sorted by the same as a place, and has a later id. SQLite seeks by a row of columns only as far as it has not
    /// the row's id among them, so what comes beyond that is a stream of its own.
    Same,
    /// With what is sorted by something later.
    Beyond,
}

/// Between which keys of each kind tasks must be due; `None` where there is no such end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// The first that count.
    pub(super) from: Option<Keys>,
    /// The first that no longer count.
    pub(super) until: Option<Keys>,
}

impl Window {
    /// Returns the window of `view`, narrowed by that of `filters`.
    pub(super) fn of(view: View, filters: &Filters, moment: &Moment) -> Self {
        let (from, until) = match view {
            View::Today => (None, Some(moment.day(1))),
            View::Overdue => (None, Some(moment.now())),
            View::Tomorrow => (Some(moment.day(1)), Some(moment.day(2))),
            View::Week => (None, Some(moment.day(8))),
            _ => (None, None),
        };
        let keys = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.keys);
        Self {
            from: either(from, keys(&filters.due_from), Keys::later),
            until: either(until, keys(&filters.due_to), Keys::earlier),
        }
    }

    /// Reports whether `view` with `filters` leaves out what has no date.
    pub(super) fn has_ends(view: View, filters: &Filters) -> bool {
        let (from, until) = Self::ends(view, filters);
        from || until
    }

    /// Reports which ends the window of `view` with `filters` has.
    pub(super) fn ends(view: View, filters: &Filters) -> (bool, bool) {
        let from = view == View::Tomorrow || filters.due_from.is_some();
        let is_bounded = matches!(
            view,
            View::Today | View::Overdue | View::Tomorrow | View::Week
        );
        (from, is_bounded || filters.due_to.is_some())
    }
}

fn either(one: Option<Keys>, other: Option<Keys>, both: fn(Keys, Keys) -> Keys) -> Option<Keys> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

/// Returns the kinds of dates that `view` with `filters` has a stream of; a single `None` where it does not sort by dates.
pub(super) fn kinds(view: View, filters: &Filters) -> Vec<Option<u8>> {
    let dated = (0..order::NO_DATE).map(Some);
    match Shape::of(view).order {
        Order::Plan if Window::has_ends(view, filters) => dated.collect(),
        Order::Plan => dated.chain([Some(order::NO_DATE)]).collect(),
        Order::Deferral => dated.collect(),
        Order::Oldest(_) | Order::Latest(_) | Order::Age => vec![None],
    }
}
