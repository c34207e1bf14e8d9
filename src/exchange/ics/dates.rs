//! The dates of a task as properties of a `VTODO`: when it is due and begins, and how it repeats.

use std::io::{self, Write};

use chrono::{NaiveDate, NaiveTime};

use super::content::line;
use crate::domain::{
    repeat::Repeat,
    task::Task,
    when::{When, Zone},
};

/// Says of the first date of a series that it was never one of the rule.
pub(super) const OFF_RULE: &str = "X-TASKHOLD-OFF-RULE";

/// The dates of a task, and those of its series.
pub(super) struct Dates {
    /// When it is due, as the rule gave it.
    pub(super) due: Option<When>,
    /// When it is due, where that was moved.
    pub(super) moved: Option<When>,
    /// When it begins, where its series would begin with a date that the rule does not give, and gives starts.
    moved_start: Option<When>,
    /// It was not moved: the series begins with a date that the rule does not give.
    is_off_rule: bool,
    /// No date of the rule can stand for that one.
    is_rule_kept: bool,
    start: Option<When>,
    /// Until when it is deferred, if that is not `start`.
    deferred: Option<When>,
    repeat: Option<Repeat>,
    zone: Zone,
}

impl Dates {
    /// Returns those of `task`. A series of an earlier version, which has no zone, is one of `zone`.
    pub(super) fn of(task: &Task, zone: Zone) -> Self {
        let mut dates = Self {
            due: task.due,
            moved: None,
            moved_start: None,
            is_off_rule: false,
            is_rule_kept: false,
            start: None,
            deferred: task.defer_until,
            repeat: task.repeat.clone().filter(|_| task.due.is_some()),
            zone,
        };
        let counts_from_completion = |repeat: &Repeat| repeat.counts_from_completion();
        if dates.repeat.as_ref().is_none_or(counts_from_completion) {
            let is_allowed = |until: &When| {
                task.due.is_none_or(|due| {
                    due.kind() == until.kind() && until.order(zone) < due.order(zone)
                })
            };
            dates.start = task.defer_until.filter(is_allowed);
            if dates.start.is_some() {
                dates.deferred = None;
            }
            return dates;
        }
        if task.repeat_from.is_some() {
            (dates.due, dates.moved) = (task.repeat_from, task.due);
        }
        // What is closed stays what it was.
        let is_open = task.is_open();
        let placed = |when: When| if is_open { when.settled(zone) } else { when };
        dates.due = dates.due.map(placed);
        let start = task.defer_until.map(placed);
        if let Some(start) = start.filter(|start| dates.begin_with(*start)) {
            (dates.start, dates.deferred) = (Some(start), None);
        }
        if is_open {
            dates.begin_on_rule();
        }
        if dates.start.is_none() && !dates.is_rule_kept {
            // The first day that a task can have may begin before it.
            let begin = |due: When| Some(midnight(due)).filter(|begin| begin.order(Zone::UTC) >= 0);
            dates.start = dates.due.map(|due| begin(due).unwrap_or(due));
        }
        dates
    }

    /// Reports whether the rule gives the dates on which rounds begin, and says so by `start`: it is on a day before the due date.
    fn begin_with(&self, start: When) -> bool {
        let is_before = |due: When| {
            let home = due.zone(self.zone);
            start.day(home) < due.day(home)
        };
        self.repeat.as_ref().is_some_and(Repeat::gives_starts) && self.due.is_some_and(is_before)
    }

    /// Has the series begin with a date of its rule, since DTSTART must be one (RFC 5545, 3.8.5.3). The date that is none becomes a
    /// change of the one before it.
    fn begin_on_rule(&mut self) {
        let (Some(repeat), Some(due)) = (&self.repeat, self.due) else {
            return;
        };
        let first = self.start.unwrap_or(due);
        let home = first.zone(self.zone);
        if repeat.has(first.day(home)) {
            return;
        }
        let Some(date) = repeat.date_before(&first, self.zone) else {
            (self.due, self.moved, self.is_rule_kept) = (self.moved.or(self.due), None, true);
            return;
        };
        // A task keeps no begin that the rule gave beside its own.
        self.is_off_rule = self.moved.is_none() || self.start.is_some();
        self.moved = self.moved.or(Some(due));
        if self.start.is_some() {
            let home = due.zone(self.zone);
            let earlier = first.day(home) - date.day(home);
            let day = due.day(home).checked_sub_signed(earlier);
            (self.moved_start, self.start) = (self.start, Some(date));
            self.due = day.map(|day| due.on(day, home));
        } else {
            self.due = Some(date);
        }
    }

    /// Returns the dates of which the zones must be known.
    pub(super) fn all(&self) -> impl Iterator<Item = When> {
        [
            self.due,
            self.moved,
            self.start,
            self.moved_start,
            self.deferred,
        ]
        .into_iter()
        .flatten()
    }

    /// Writes them.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        // The date of a series that has no length is DTSTART alone (RFC 5545, 3.8.2.3).
        let is_start = self.due == self.start && self.repeat.is_some();
        if let Some(due) = self.due.filter(|_| !is_start) {
            line(out, &dated("DUE", &due))?;
        }
        if let Some(start) = &self.start {
            line(out, &dated("DTSTART", start))?;
        }
        if let Some(deferred) = &self.deferred {
            line(out, &dated("X-TASKHOLD-DEFER-UNTIL", deferred))?;
        }
        match (&self.repeat, &self.start) {
            (None, _) => Ok(()),
            // RFC 5545 cannot say it.
            (Some(repeat), _) if repeat.counts_from_completion() || self.is_rule_kept => {
                line(out, &format!("X-TASKHOLD-REPEAT:{repeat}"))
            }
            (Some(repeat), start) => self.write_rule(out, repeat, start.as_ref()),
        }
    }

    /// Writes a rule: its end of the kind of its start, the days that it leaves out as properties of their own.
    fn write_rule(
        &self,
        out: &mut dyn Write,
        repeat: &Repeat,
        start: Option<&When>,
    ) -> io::Result<()> {
        if let Some(start) = start {
            for day in repeat.excluded() {
                line(out, &dated("EXDATE", &start.on(*day, self.zone)))?;
            }
        }
        let text = match start {
            Some(start) => repeat.counting_dates(start, self.zone).to_string(),
            None => repeat.to_string(),
        };
        let mut parts = Vec::new();
        for part in text.split(';').filter(|part| !part.starts_with("X-")) {
            match (part.split_once('='), start) {
                (Some(("UNTIL", until)), Some(start)) => parts.push(self.until(until, start)),
                _ => parts.push(part.to_owned()),
            }
        }
        line(out, &format!("RRULE:{}", parts.join(";")))
    }

    fn until(&self, until: &str, start: &When) -> String {
        let (last, is_day) = (&until[..until.len().min(8)], until.len() == 8);
        match start {
            When::Day(_) => format!("UNTIL={last}"),
            When::Floating(_) if is_day => format!("UNTIL={last}T235959"),
            _ if is_day => {
                let day = day(last).unwrap_or(NaiveDate::MAX);
                let zone = start.zone(self.zone);
                format!("UNTIL={}", instant(When::Day(day).order(zone)))
            }
            _ => format!("UNTIL={until}"),
        }
    }

    /// Writes the dates of a round that was moved, as a component of its own.
    pub(super) fn write_moved(&self, out: &mut dyn Write, moved: &When) -> io::Result<()> {
        if let Some(start) = &self.start {
            line(out, &dated("RECURRENCE-ID", start))?;
        }
        if let Some(start) = &self.moved_start {
            line(out, &dated("DTSTART", start))?;
        }
        line(out, &dated("DUE", moved))?;
        if self.is_off_rule {
            line(out, &format!("{OFF_RULE}:TRUE"))?;
        }
        Ok(())
    }
}

/// Returns the begin of the day of a time, where it is one; a day as it is.
fn midnight(when: When) -> When {
    match when {
        When::Zoned(wall, zone) => When::zoned(wall.date().and_time(NaiveTime::MIN), zone),
        When::Floating(wall) => When::Floating(wall.date().and_time(NaiveTime::MIN)),
        other => other,
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

fn dated(name: &str, when: &When) -> String {
    const LOCAL: &str = "%Y%m%dT%H%M%S";
    match when {
        When::Day(day) => format!("{name};VALUE=DATE:{}", day.format("%Y%m%d")),
        When::At(millis) => format!("{name}:{}", instant(*millis)),
        When::Floating(wall) => format!("{name}:{}", wall.format(LOCAL)),
        When::Zoned(wall, zone) if *zone == Zone::UTC => format!("{name}:{}Z", wall.format(LOCAL)),
        When::Zoned(wall, zone) => format!("{name};TZID={}:{}", tzid(*zone), wall.format(LOCAL)),
    }
}

/// Returns what a zone is called as the value of a parameter.
pub(super) fn tzid(zone: Zone) -> String {
    if zone.name().contains([':', ';', ',']) {
        format!("\"{}\"", zone.name())
    } else {
        zone.name().to_owned()
    }
}

/// Returns an instant, to the second.
pub(super) fn instant(millis: i64) -> String {
    Zone::UTC.wall(millis).format("%Y%m%dT%H%M%SZ").to_string()
}
