//! A recurrence rule, taken apart.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// The period a rule counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        })
    }
}

/// The parts of a rule; a list that is empty is a part the rule has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) freq: Frequency,
    pub(super) interval: u16,
    pub(super) months: Vec<u8>,
    pub(super) weeks: Vec<i8>,
    pub(super) year_days: Vec<i16>,
    pub(super) month_days: Vec<i8>,
    /// Weekdays; with a number, that one of the month or year, counted from its end when negative; with 0, each.
    pub(super) days: Vec<(i16, Weekday)>,
    pub(super) positions: Vec<i32>,
    pub(super) week_start: Weekday,
    pub(super) until: Option<Until>,
    pub(super) count: Option<u32>,
    /// Its periods are counted from the day on which a round is completed, not from the day on which it was due.
    pub(super) from_completion: bool,
    /// It gives the dates until which rounds are deferred, not those at which they are due.
    pub(super) from_start: bool,
    /// Days that are left out, in order.
    pub(super) excluded: Vec<NaiveDate>,
}

/// The last moment an occurrence may fall on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Day(NaiveDate),
    /// In milliseconds since the Unix epoch, UTC.
    At(i64),
}

/// How many of its periods a rule may step.
pub(super) const INTERVALS: RangeInclusive<u16> = 1..=9999;
/// The most dates that are counted.
pub(super) const MOST_COUNTED: u32 = 99_999;
/// So many days may be left out.
pub(super) const MOST_EXCLUDED: usize = 500;

/// The first months of the quarters.
pub(super) const QUARTER_STARTS: [u8; 4] = [1, 4, 7, 10];

/// The last months of the quarters.
pub(super) const QUARTER_ENDS: [u8; 4] = [3, 6, 9, 12];

pub(super) const WORKDAYS: [Weekday; 5] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
];

impl Rule {
    pub(super) fn new(freq: Frequency, interval: u16) -> Self {
        Self {
            freq,
            interval,
            months: Vec::new(),
            weeks: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            days: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
            until: None,
            count: None,
            from_completion: false,
            from_start: false,
            excluded: Vec::new(),
        }
    }

    /// Reports whether it names days of every second, third, ... week: then it matters on which day weeks begin.
    pub(super) fn counts_weeks(&self) -> bool {
        self.freq == Frequency::Weekly && self.interval > 1 && !self.days.is_empty()
    }

    /// Checks what RFC 5545 says of parts together.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.until.is_some() && self.count.is_some() {
            return Err("has UNTIL and COUNT; write one of them".to_owned());
        }
        if self.excluded.len() > MOST_EXCLUDED {
            let count = self.excluded.len();
            return Err(format!(
                "leaves out {count} days, {MOST_EXCLUDED} are the most"
            ));
        }
        let parts = [
            self.months.is_empty(),
            self.weeks.is_empty(),
            self.positions.is_empty(),
        ];
        let names_days = !self.is_open() || parts.contains(&false);
        if self.from_completion && names_days {
            return Err(
                "counts from completion and names days; write one of them, like every 3 days after completion"
                    .to_owned(),
            );
        }
        if self.from_completion && self.from_start {
            return Err("counts from the start and from completion; write one of them".to_owned());
        }
        let freq = self.freq;
        let misplaced = [
            (
                "BYMONTHDAY",
                freq == Frequency::Weekly && !self.month_days.is_empty(),
            ),
            (
                "BYYEARDAY",
                freq != Frequency::Yearly && !self.year_days.is_empty(),
            ),
            (
                "BYWEEKNO",
                freq != Frequency::Yearly && !self.weeks.is_empty(),
            ),
        ];
        if let Some((name, _)) = misplaced.iter().find(|(_, is_misplaced)| *is_misplaced) {
            return Err(format!("has {name}, which does not go with FREQ={freq}"));
        }
        let numbered = self.days.iter().filter(|(nth, _)| *nth != 0).count();
        let in_months =
            freq == Frequency::Monthly || freq == Frequency::Yearly && self.weeks.is_empty();
        if numbered > 0 && !in_months {
            return Err(
                "numbers the days in BYDAY, which goes with FREQ=MONTHLY or YEARLY only".to_owned(),
            );
        }
        if numbered > 0 && numbered < self.days.len() {
            return Err("numbers some days in BYDAY and others not; number all or none".to_owned());
        }
        if !self.positions.is_empty()
            && self.months.is_empty()
            && self.weeks.is_empty()
            && self.is_open()
        {
            return Err("has BYSETPOS and nothing to count in".to_owned());
        }
        Ok(())
    }

    /// Reports whether the rule names no days, so that the anchor gives them.
    fn is_open(&self) -> bool {
        self.year_days.is_empty() && self.month_days.is_empty() && self.days.is_empty()
    }

    /// Returns the rule with what it leaves to the anchor written out, month ends as people expect them.
    pub(super) fn fixed(&self, anchor: NaiveDate) -> Self {
        let mut rule = self.clone();
        if !self.is_open() || self.from_completion {
            return rule;
        }
        match self.freq {
            Frequency::Weekly => rule.days = vec![(0, anchor.weekday())],
            Frequency::Yearly if !self.weeks.is_empty() => rule.days = vec![(0, anchor.weekday())],
            Frequency::Yearly if self.months.is_empty() => {
                rule.months = u8::try_from(anchor.month()).into_iter().collect();
                rule.set_month_day(anchor.day());
            }
            Frequency::Monthly | Frequency::Yearly => rule.set_month_day(anchor.day()),
            Frequency::Daily => {}
        }
        rule
    }

    /// Sets the day of the month; the last day of a month that has not so many.
    pub(super) fn set_month_day(&mut self, day: u32) {
        let day = day.min(Self::longest(&self.months));
        let Ok(day) = i8::try_from(day) else { return };
        let is_in_each = day <= 28 || self.months.len() == 1 && (&*self.months, day) != (&[2], 29);
        // of several months in a year, a position would pick one
        let is_one_a_period = self.freq == Frequency::Monthly || self.months.len() == 1;
        if is_in_each || !is_one_a_period || !self.positions.is_empty() {
            self.month_days = vec![day];
        } else {
            self.month_days = (28..=day).collect();
            self.positions = vec![-1];
        }
    }

    /// Sets several days of each month, in order, each once; the last day is -1, and the 31st beside others, too. A 29th or
    /// 30th is the last day of a month that has not so many.
    pub(super) fn set_month_days(&mut self, days: &[i8]) -> Result<(), String> {
        let (others, last) = match *days {
            [day] if day > 0 => {
                self.set_month_day(day.unsigned_abs().into());
                return Ok(());
            }
            [ref others @ .., last @ (29 | 30)] => (others, Some(last)),
            _ => (days, None),
        };
        if others.iter().any(|day| matches!(day, 29 | 30)) || last.is_some() && others.contains(&-1)
        {
            return Err(
                "has two of the 29th, the 30th and the last day, which short months have in one; write one of them"
                    .to_owned(),
            );
        }
        if let Some(last) = last {
            self.month_days = others.iter().copied().chain(28..=last).collect();
            let count = i32::try_from(others.len()).unwrap_or_default();
            self.positions = (-1..=count).filter(|position| *position != 0).collect();
        } else {
            let in_each = |day: &i8| if *day == 31 { -1 } else { *day };
            self.month_days = others.iter().map(in_each).collect();
        }
        self.month_days.sort_unstable();
        self.month_days.dedup();
        Ok(())
    }

    /// Returns the days of the longest of the months; of no months, of all.
    pub(super) fn longest(months: &[u8]) -> u32 {
        let days = months.iter().map(|month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        });
        days.max().unwrap_or(31)
    }

    /// Returns the first day of the rule from `from` on, whatever its interval: the first has nothing to keep apart from. Of a rule
    /// that names February 29 it is one, if the years of the first interval have one.
    pub(super) fn first(&self, from: NaiveDate) -> Option<NaiveDate> {
        let first = self.nearest(from)?;
        if !self.is_leap_day() {
            return Some(first);
        }
        let years = first.year()..first.year() + i32::from(self.interval);
        let leap_day = self.with_its_day(1).dates(from, from).first().copied();
        Some(
            leap_day
                .filter(|day| years.contains(&day.year()))
                .unwrap_or(first),
        )
    }

    /// Reports whether a series of the rule can start with `day`.
    pub(super) fn has(&self, day: NaiveDate) -> bool {
        self.nearest(day) == Some(day)
    }

    /// Returns the first day from `from` on with which a series can start.
    fn nearest(&self, from: NaiveDate) -> Option<NaiveDate> {
        let rule = Self {
            interval: 1,
            ..self.fixed(from)
        };
        let first = rule.dates(from, from).first().copied()?;
        Some(self.first_with_its_day(from, first).unwrap_or(first))
    }

    /// Returns the first date of a rule that would never have the day it names if it began on `first`: February 29 every 4
    /// years from 2027 on. `None` for the others.
    fn first_with_its_day(&self, from: NaiveDate, first: NaiveDate) -> Option<NaiveDate> {
        let names_its_day = matches!((&*self.month_days, &*self.positions), ([28, _, ..], [-1]));
        let is_never = || {
            let exact = self.with_its_day(self.interval);
            exact.dates(first, first).is_empty()
        };
        if names_its_day && self.interval > 1 && is_never() {
            self.with_its_day(1).dates(from, from).first().copied()
        } else {
            None
        }
    }

    /// Returns the rule that has the last of its days of the month alone, and no other where a month has not so many.
    fn with_its_day(&self, interval: u16) -> Self {
        Self {
            interval,
            month_days: self.month_days.last().copied().into_iter().collect(),
            positions: Vec::new(),
            ..self.clone()
        }
    }

    /// Reports whether it gives February 29, and the 28th where there is none.
    fn is_leap_day(&self) -> bool {
        self.freq == Frequency::Yearly
            && *self.months == [2]
            && *self.month_days == [28, 29]
            && *self.positions == [-1]
    }

    /// Returns February 29 from which every 4th year has one, for a rule that names it and would never have it if its years were
    /// counted from `anchor`. `None` where they are counted from `anchor`.
    pub(super) fn leap_anchor(&self, anchor: NaiveDate) -> Option<NaiveDate> {
        if self.is_leap_day() {
            self.first_with_its_day(anchor, anchor)
        } else {
            None
        }
    }

    /// Returns the day one period after `day`; months too short for it use their last day.
    pub(super) fn period_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        let number = u32::from(self.interval);
        match self.freq {
            Frequency::Daily => day.checked_add_days(Days::new(number.into())),
            Frequency::Weekly => day.checked_add_days(Days::new((7 * number).into())),
            Frequency::Monthly => day.checked_add_months(Months::new(number)),
            Frequency::Yearly => day.checked_add_months(Months::new(12 * number)),
        }
    }

    /// Reports whether the rule has any day.
    pub(super) fn ever_comes(&self) -> bool {
        self.first(NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default())
            .is_some()
    }
}
