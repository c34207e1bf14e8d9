//! What the words of a rule say of its first date: `every mon at 9am`, `every tue starting jan 5`.

use chrono::{NaiveDate, NaiveTime};

use crate::domain::when::{Place, When, Zone};

/// The first date of a series, as far as the words of its rule name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The series has no date before this one.
    pub day: Option<NaiveDate>,
    /// The time of day at which the task is due.
    pub time: Option<NaiveTime>,
    /// Whose clocks show that time.
    pub place: Place,
}

impl Start {
    /// Reports whether the words name neither a day nor a time.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the due date with what the words add to it; a reason where they name another one, or there is none. `first` finds
    /// the first day of the rule from a day on, for a task without a due date.
    pub(super) fn due(
        &self,
        due: Option<When>,
        now_ms: i64,
        zone: Zone,
        first: impl Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<When, String> {
        let Some(due) = due else {
            let found = self.first_due(now_ms, zone, first);
            return found.ok_or_else(|| match self.day {
                Some(day) => no_date_from(day),
                None => "has no date from now on; change the rule, or set due".to_owned(),
            });
        };
        let there = due.zone(zone);
        if let Some(day) = self.day.filter(|day| *day != due.day(there)) {
            return Err(format!(
                "starts on {}, and due is {}; write one of them",
                day.format("%a %Y-%m-%d"),
                due.show(zone)
            ));
        }
        let Some(time) = self.time else {
            return Ok(due);
        };
        let Some(at) = due.instant(zone) else {
            return Ok(self.at(due.day(zone), time, zone));
        };
        let is_same = match self.place {
            Place::Here => there.wall(at).time() == time,
            _ => self.at(due.day(there), time, zone).instant(zone) == Some(at),
        };
        if is_same {
            return Ok(due);
        }
        Err(format!(
            "names {}, and due is {}; write one of the times",
            time.format("%H:%M"),
            due.show(zone)
        ))
    }

    /// Returns the first date of a series that goes on from `due`, which was set before: the words move it to their day and their
    /// time. A reason, as for [`Start::due`], where the rule has no date from that day on.
    pub(super) fn moved(
        &self,
        due: When,
        zone: Zone,
        first: impl Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<When, String> {
        let due = due.settled(zone);
        let home = due.zone(zone);
        let day = match self.day {
            None => due.day(self.there(home)),
            Some(day) => first(day).ok_or_else(|| no_date_from(day))?,
        };
        Ok(match self.time {
            None => due.on(day, zone),
            Some(time) => self.at_in(due, day, time, zone),
        })
    }

    /// Returns the time on the day of `date`, which belongs to the series that has the date `series`; `date` itself if no time is named.
    /// A time without a place is one where the series is, on the day that `date` names.
    pub(crate) fn in_series(&self, series: When, date: When, zone: Zone) -> When {
        let Some(time) = self.time else { return date };
        let series = series.settled(zone);
        let named = date.zone(series.zone(zone));
        self.at_in(series, date.day(self.there(named)), time, zone)
    }

    /// Returns the time on `day`: one where the `series` is if it names no place.
    fn at_in(&self, series: When, day: NaiveDate, time: NaiveTime, zone: Zone) -> When {
        match (self.place, series) {
            (Place::Here, When::Zoned(..) | When::Floating(_)) => {
                series.at_time(day.and_time(time))
            }
            _ => self.at(day, time, zone),
        }
    }

    /// Returns the time on the day of `due`, which the clocks of `zone` show if it names no place; `due` itself if no time is named.
    pub(crate) fn on_day_of(&self, due: When, zone: Zone) -> When {
        match (self.time, self.place, due) {
            (None, ..) => due,
            (Some(time), Place::Here, When::Floating(wall)) => {
                due.at_time(wall.date().and_time(time))
            }
            (Some(time), ..) => self.at(due.day(self.there(zone)), time, zone),
        }
    }

    /// Returns the zone whose clocks show the time; for one that is shown anywhere, that of the reader.
    pub(super) fn there(&self, zone: Zone) -> Zone {
        match self.place {
            Place::In(zone) => zone,
            Place::Here | Place::Floating => zone,
        }
    }

    fn at(&self, day: NaiveDate, time: NaiveTime, zone: Zone) -> When {
        When::in_place(day.and_time(time), self.place, zone)
    }

    /// Returns the first date from `now_ms` on; `None` where the rule has none.
    pub(super) fn first_due(
        &self,
        now_ms: i64,
        zone: Zone,
        first: impl Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Option<When> {
        let there = self.there(zone);
        let from = self.day.unwrap_or_else(|| there.today(now_ms));
        let day = first(from)?;
        let Some(time) = self.time else {
            return Some(When::Day(day));
        };
        let due = self.at(day, time, zone);
        // today, or the next such day when the time has passed
        if self.day.is_none() && due.is_past(now_ms, zone) {
            return Some(self.at(first(day.succ_opt()?)?, time, zone));
        }
        Some(due)
    }
}

fn no_date_from(day: NaiveDate) -> String {
    format!(
        "has no date from {} on; change the rule, its start or its end",
        day.format("%a %Y-%m-%d")
    )
}
