//! What is bound to the statements of the views.

use rusqlite::{Statement, ToSql};

use super::shape::{Begin, Order, Shape, Window};
use crate::domain::{
    query::{
        Bound, Filters, Moment, Position, View,
        order::{self, Keys},
    },
    task::{Priority, Project, Tag},
};

/// Everything a query may ask for; each takes what it names.
pub(in crate::store) struct Parameters<'a> {
    pub(in crate::store) view: View,
    pub(in crate::store) filters: &'a Filters,
    pub(in crate::store) moment: &'a Moment,
    pub(in crate::store) words: Option<&'a str>,
    pub(in crate::store) after: Option<Position>,
    /// Finished rounds of series are looked for among the tasks after this one alone.
    pub(in crate::store) above: i64,
    pub(in crate::store) limit: u32,
}

/// The names before the kinds of dates: `:come_1` is that of days.
const BY_KIND: [&str; 3] = [":come_", ":from_", ":until_"];

impl<'a> Parameters<'a> {
    /// Returns those of a whole list.
    pub(in crate::store) fn of(view: View, filters: &'a Filters, moment: &'a Moment) -> Self {
        Self {
            view,
            filters,
            moment,
            words: None,
            after: None,
            above: 0,
            limit: u32::MAX,
        }
    }
}

impl Parameters<'_> {
    /// Returns key, rank and id after which the stream of a kind begins; `None` where it begins with its first task.
    pub(super) fn start(&self, kind: Option<u8>) -> Option<(i64, i64, i64)> {
        let Some(kind) = kind else {
            return self.after.map(|after| (after.key.0, after.key.1, after.id));
        };
        let by = Shape::of(self.view).order;
        let zone = self.moment.zone;
        let after = self
            .after
            .map(|after| order::bound(kind, after.key, after.id, by.edge(), zone));
        let first = match by {
            Order::Deferral => Some(self.moment.to_come()),
            _ => Window::of(self.view, self.filters, self.moment).from,
        };
        let key = |Keys(keys): Keys| keys.get(usize::from(kind)).copied();
        let first = first.and_then(key).map(|key| (key - 1, i64::MAX, i64::MAX));
        after.max(first)
    }

    /// Returns the place among all kinds of what a stream has at two numbers.
    pub(super) fn placed(&self, kind: Option<u8>, first: i64, second: i64) -> (i64, i64) {
        let edge = Shape::of(self.view).order.edge();
        kind.map_or((first, second), |kind| {
            order::place(kind, first, second, edge, self.moment.zone)
        })
    }

    /// Returns how the streams of a kind begin: one, or two where a place is gone on from.
    pub(super) fn begins(&self, kind: Option<u8>) -> &'static [Begin] {
        let is_by_age = Shape::of(self.view).order == Order::Age;
        match self.start(kind) {
            None => &[Begin::First],
            Some(_) if is_by_age => &[Begin::Same],
            // No id is later.
            Some((.., i64::MAX)) => &[Begin::Beyond],
            Some(_) => &[Begin::Same, Begin::Beyond],
        }
    }

    /// Binds what `statement` names; for the stream of a kind, and of a project where that has a stream of its own.
    pub(super) fn bind_stream(
        &self,
        statement: &mut Statement<'_>,
        kind: Option<u8>,
        project: Option<&str>,
    ) -> rusqlite::Result<()> {
        let start = self.start(kind);
        let window = Window::of(self.view, self.filters, self.moment);
        let of_kind = |keys: Option<Keys>, kind: u8| {
            keys.and_then(|Keys(keys)| keys.get(usize::from(kind)).copied())
        };
        let millis = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.millis);
        for index in 1..=statement.parameter_count() {
            let name = statement
                .parameter_name(index)
                .unwrap_or_default()
                .to_owned();
            let numbered = |before: &str| {
                let number = name.strip_prefix(before)?;
                number.parse::<usize>().ok()
            };
            let by_kind = BY_KIND
                .into_iter()
                .find_map(|before| Some((before, u8::try_from(numbered(before)?).ok()?)));
            let tag =
                |tags: &[Tag], number: usize| tags.get(number).map(|tag| tag.key().into_owned());
            let value: Box<dyn ToSql> = if let Some((before, kind)) = by_kind {
                Box::new(match before {
                    ":come_" => of_kind(Some(self.moment.to_come()), kind),
                    ":from_" => of_kind(window.from, kind),
                    _ => of_kind(window.until, kind),
                })
            } else if let Some(number) = numbered(":tag_") {
                Box::new(tag(&self.filters.tags, number))
            } else if let Some(number) = numbered(":without_tag_") {
                Box::new(tag(&self.filters.without_tags, number))
            } else if let Some(number) = numbered(":without_project_") {
                let project = self.filters.without_projects.get(number);
                Box::new(project.map(|name| name.key().into_owned()))
            } else {
                match name.as_str() {
                    ":words" => Box::new(self.words),
                    ":project" => {
                        let project = self.filters.project.as_ref().map(Project::key);
                        Box::new(project.map(std::borrow::Cow::into_owned))
                    }
                    ":stream_project" => Box::new(project),
                    ":rank" => Box::new(Priority::rank(self.filters.priority)),
                    ":status" => Box::new(self.filters.status),
                    ":parent" => Box::new(self.filters.parent),
                    ":completed_from" => Box::new(millis(&self.filters.completed_from)),
                    ":completed_to" => Box::new(millis(&self.filters.completed_to)),
                    ":stale_before" => Box::new(self.moment.stale_before),
                    ":until" => Box::new(kind.and_then(|kind| of_kind(window.until, kind))),
                    ":first" => Box::new(start.map(|(first, ..)| first)),
                    ":second" => Box::new(start.map(|(_, second, _)| second)),
                    ":id" => Box::new(start.map(|(.., id)| id)),
                    ":above" => Box::new(self.above),
                    ":limit" => Box::new(self.limit),
                    other => {
                        return Err(rusqlite::Error::InvalidParameterName(other.to_owned()));
                    }
                }
            };
            statement.raw_bind_parameter(index, value)?;
        }
        Ok(())
    }

    /// Binds what `statement` names.
    pub(in crate::store) fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        self.bind_stream(statement, None, None)
    }
}
