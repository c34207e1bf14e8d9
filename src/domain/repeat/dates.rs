//! The dates of a rule, by RFC 5545, section 3.3.10: each period in phase, its days that fit, the positions among those.
//!
//! Of our own, since a library brings the rules of every time zone along, and dates need none: to have them in the
//! program costs every command at its start more than most do in all. The tests hold it against that library.

use std::iter;
use std::ops::Range;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::rule::{Frequency, Rule};

/// The calendar repeats itself after so many years, to the day of the week.
const CYCLE_YEARS: i32 = 400;

impl Rule {
    /// Returns the rule's first two days from `from` on, of a series that starts on `anchor`.
    ///
    /// A rule that gives none is given up when its phase and the calendar have come round together, or in the year
    /// 9999: after looking at no more days than 400 years have.
    pub(super) fn dates(&self, anchor: NaiveDate, from: NaiveDate) -> Vec<NaiveDate> {
        let anchor = self.leap_anchor(anchor).unwrap_or(anchor);
        let from = from.max(anchor);
        let last_year = (from.year() + CYCLE_YEARS * i32::from(self.interval)).min(9999);
        iter::successors(self.start(anchor, from), |first| {
            self.step(*first, self.interval.into())
        })
        .take_while(|first| first.year() <= last_year)
        .map_while(|first| Some(first..self.step(first, 1)?))
        .flat_map(|period| self.chosen(period))
        .filter(|day| *day >= from && day.year() <= 9999)
        .filter(|day| self.excluded.binary_search(day).is_err())
        .take(2)
        .collect()
    }

    /// Returns the rule's days before `off`, the latest first, of a series that goes on from `off`: a series that starts on one of
    /// them has the same days after it. None is before `earliest`, and of each period so far back the days are looked at once.
    pub(super) fn days_before(
        &self,
        off: NaiveDate,
        earliest: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> {
        let anchor = self.leap_anchor(off).unwrap_or(off);
        iter::successors(self.period_start(anchor), |first| self.step_back(*first))
            .take_while(move |first| first.year() + 1 >= earliest.year())
            .map_while(|first| Some(first..self.step(first, 1)?))
            .flat_map(|period| self.chosen(period).into_iter().rev())
            .filter(move |day| (earliest..off).contains(day))
            .filter(|day| self.excluded.binary_search(day).is_err())
    }

    /// Returns the first day of the period that holds `from`, or of the last one in phase before it.
    fn start(&self, anchor: NaiveDate, from: NaiveDate) -> Option<NaiveDate> {
        let first = self.period_start(anchor)?;
        let between = match self.freq {
            Frequency::Daily => (from - first).num_days(),
            Frequency::Weekly => (from - first).num_days() / 7,
            Frequency::Monthly => months(from) - months(first),
            Frequency::Yearly => (months(from) - months(first)) / 12,
        };
        let step = i64::from(self.interval);
        self.step(first, u32::try_from(between / step * step).ok()?)
    }

    fn period_start(&self, day: NaiveDate) -> Option<NaiveDate> {
        match self.freq {
            Frequency::Daily => Some(day),
            Frequency::Weekly => day.week(self.week_start).checked_first_day(),
            Frequency::Monthly => day.with_day(1),
            Frequency::Yearly => day.with_ordinal(1),
        }
    }

    /// Returns the first day of the period `periods` after the one that holds `first`.
    fn step(&self, first: NaiveDate, periods: u32) -> Option<NaiveDate> {
        match self.freq {
            Frequency::Daily => first.checked_add_days(Days::new(periods.into())),
            Frequency::Weekly => first.checked_add_days(Days::new(u64::from(periods) * 7)),
            Frequency::Monthly => first.checked_add_months(Months::new(periods)),
            Frequency::Yearly => first.checked_add_months(Months::new(periods.checked_mul(12)?)),
        }
    }

    /// Returns the first day of the last period in phase before the one that begins with `first`.
    fn step_back(&self, first: NaiveDate) -> Option<NaiveDate> {
        let periods = u32::from(self.interval);
        match self.freq {
            Frequency::Daily => first.checked_sub_days(Days::new(periods.into())),
            Frequency::Weekly => first.checked_sub_days(Days::new(u64::from(periods) * 7)),
            Frequency::Monthly => first.checked_sub_months(Months::new(periods)),
            Frequency::Yearly => first.checked_sub_months(Months::new(periods * 12)),
        }
    }

    /// Returns the days of the rule within one period, in order.
    fn chosen(&self, period: Range<NaiveDate>) -> Vec<NaiveDate> {
        let days: Vec<NaiveDate> = iter::successors(Some(period.start), |day| self.day_after(*day))
            .take_while(|day| *day < period.end)
            .filter(|day| self.fits(*day))
            .collect();
        if self.positions.is_empty() {
            return days;
        }
        let at = |position: &i32| {
            let number = position.unsigned_abs() as usize;
            match *position {
                ..0 => days.len().checked_sub(number),
                _ => number.checked_sub(1),
            }
        };
        let positions = self.positions.iter().filter_map(at);
        let mut chosen: Vec<NaiveDate> = positions
            .filter_map(|index| days.get(index).copied())
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Returns the next day after `day`; where that is in none of the months of the rule, the first day of the month after it.
    fn day_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.is_in_months(day) {
            day.succ_opt()
        } else {
            day.with_day(1)?.checked_add_months(Months::new(1))
        }
    }

    fn is_in_months(&self, day: NaiveDate) -> bool {
        let is_its = |month: &u8| u32::from(*month) == day.month();
        self.months.is_empty() || self.months.iter().any(is_its)
    }

    /// Reports whether `day` is what each part of the rule asks for.
    fn fits(&self, day: NaiveDate) -> bool {
        let month = Ordinal::new(day.day(), day.num_days_in_month().into());
        let year = Ordinal::new(day.ordinal(), if day.leap_year() { 366 } else { 365 });
        let numbered = if self.freq == Frequency::Monthly || !self.months.is_empty() {
            &month
        } else {
            &year
        };
        let is_one_of_days = |(nth, weekday): &(i16, _)| {
            *weekday == day.weekday() && (*nth == 0 || numbered.by_sevens().is(*nth))
        };
        self.is_in_months(day)
            && month.is_any(&self.month_days)
            && year.is_any(&self.year_days)
            && (self.days.is_empty() || self.days.iter().any(is_one_of_days))
            && (self.weeks.is_empty() || self.week(day).is_any(&self.weeks))
    }

    /// Returns the number of the week `day` is in: a week belongs to the year that has four days of it or more.
    fn week(&self, day: NaiveDate) -> Ordinal {
        let middle = day
            .week(self.week_start)
            .checked_first_day()
            .and_then(|first| first.checked_add_days(Days::new(3)))
            .unwrap_or(day);
        Ordinal::new(middle.ordinal(), if middle.leap_year() { 366 } else { 365 }).by_sevens()
    }
}

/// A place in a row, counted from 1, and from the end by -1.
struct Ordinal {
    forward: i64,
    backward: i64,
}

impl Ordinal {
    fn new(number: u32, length: u32) -> Self {
        let (number, length) = (i64::from(number), i64::from(length));
        Self {
            forward: number,
            backward: number - length - 1,
        }
    }

    /// Returns the place among those that are a multiple of seven apart from this one.
    fn by_sevens(&self) -> Self {
        Self {
            forward: (self.forward - 1) / 7 + 1,
            backward: (self.backward + 1) / 7 - 1,
        }
    }

    fn is(&self, number: impl Into<i64>) -> bool {
        let number = number.into();
        number == self.forward || number == self.backward
    }

    /// Reports whether it is in the list; every place is in an empty one.
    fn is_any<T: Copy + Into<i64>>(&self, list: &[T]) -> bool {
        list.is_empty() || list.iter().any(|number| self.is(*number))
    }
}

fn months(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}
