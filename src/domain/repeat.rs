//! How a task repeats: an RFC 5545 recurrence rule, read from its text or from words, and the dates it gives.
//!
//! Rules give calendar dates only, never a time or a zone: a task at 17:00 stays at 17:00 on the wall through both
//! changes of the clocks. Those dates are days of the place that the date of the series names, wherever it is completed.
//!
//! # Invariants
//!
//! - Nothing here reads a clock, a file or the environment.
//! - A [`Repeat`] holds a rule in one canonical spelling, of days and longer periods; reading a rule that never comes
//!   is refused.
//! - A date given by [`Repeat::next`] is later than the one done and has not begun, and it is found in bounded time.
//!
//! # What a rule means
//!
//! - The *anchor*, the due date the series started with, gives the phase of `every 2 weeks`, the time of day, and
//!   whatever the rule leaves open: `monthly` from the 5th is the 5th. A series is its anchor and its rule; one
//!   instance is moved by moving its due date and nothing else.
//! - Completing moves to the first occurrence after the one done that has not begun: those missed are skipped, and what
//!   is done today counts for today. (A day begins with its morning, an instant when it comes: 17:00 today is still
//!   ahead at noon.)
//! - `COUNT` is how many dates are left, the current one included. Completing and skipping take one away
//!   ([`Repeat::advance`]), as RFC 5545 counts dates (3.3.10) and not what is done. `UNTIL` is the last day an occurrence may fall on. An
//!   instant becomes that day when the series begins ([`Repeat::anchored`]).
//! - Months too short for the 29th, 30th or 31st use their last day, in words and where the day comes from the anchor.
//!   February 29 is February 28 in common years. A rule that spells out `BYMONTHDAY=31` means what RFC 5545 says: only
//!   months that have one.
//! - A rule that counts from completion, `X-FROM=COMPLETION` (a part of ours), names no days: the next date is one period
//!   after the day on which a round is completed, at the time of day of the anchor.
//! - A time the clocks skip on its day is shifted forward by as much, that day only.
//! - `X-EXDATE` (ours) has days that are left out. They stand in the text since a series has few of them, and they pass.
//! - `X-FROM=START` (ours): the rule gives the dates until which rounds are deferred, as one of a calendar's to-do gives its
//!   starts, and due dates keep their distance. It stands in the text as `X-FROM=COMPLETION` does: what a rule counts from
//!   belongs to the rule, is logged and undone with it, and needs no column.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::when::{LATEST, MAX_CHARS, Seen, Unreadable, When, Zone, calendar_words};

mod dates;
mod describe;
mod rfc5545;
mod rule;
mod start;
mod words;

use rule::{Rule, Until};
pub use start::Start;
use words::Said;
pub(crate) use words::{is_filler, is_word};

/// The longest text of a rule that is read: beside a sentence, all the days that it may leave out.
const MOST_CHARS: usize = MAX_CHARS + rule::MOST_EXCLUDED * ", 2026-12-07".len();

/// How a task repeats. Written as its rule, such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repeat(Rule);

/// What a text was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatReading {
    /// The rule.
    pub repeat: Repeat,
    /// What the words say of its first date.
    pub start: Start,
    /// What the reader should know: the words had several readings, or name a day by another. `None` when all is plain.
    pub note: Option<String>,
}

impl Repeat {
    /// Reads an RFC 5545 rule, with or without `RRULE:`, or words like `every 2 weeks on mon and thu`. Words that depend on
    /// the day they are said, or name the first date, are refused.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let said = Self::said(text, None, None)?;
        let reason = match said.start {
            Start { time: Some(_), .. } => "names a time of day; put that into due",
            Start { day: Some(_), .. } => "names a start; put that into due",
            Start { .. } => return Ok(Self(said.rule)),
        };
        Err(Unreadable::new(text, reason))
    }

    /// Reads as [`Repeat::read`] does, words like `every mon at 9am starting jan 5 until friday` too, seen from `now_ms` in
    /// `zone`. Every second week in words is a week as `zone` has it; a rule says by itself on which day its weeks begin.
    ///
    /// `due` is the date beside the rule, if there is one: `for 2 weeks` begins there, and else on the first date.
    pub fn read_at(
        text: &str,
        due: Option<&When>,
        now_ms: i64,
        zone: Zone,
    ) -> Result<RepeatReading, Unreadable> {
        let seen = Seen {
            now: now_ms,
            today: zone.today(now_ms),
            zone,
        };
        let due = due.map(|due| due.day(zone));
        let mut said = Self::said(text, due, Some(&seen))?;
        if !text.contains('=') && said.rule.counts_weeks() {
            said.rule.week_start = zone.week_start();
        }
        Ok(RepeatReading {
            repeat: Self(said.rule),
            start: said.start,
            note: (!said.notes.is_empty()).then(|| said.notes.join("; ")),
        })
    }

    fn said(text: &str, due: Option<NaiveDate>, seen: Option<&Seen>) -> Result<Said, Unreadable> {
        if text.chars().nth(MOST_CHARS).is_some() {
            return Err(Unreadable::too_long(text, MOST_CHARS));
        }
        let said = if text.contains('=') {
            words::read_rule(text).map(|rule| Said {
                rule,
                start: Start::default(),
                notes: Vec::new(),
            })
        } else {
            words::read(text, due, seen)
        };
        let said = said.map_err(|refused| match refused {
            Some(reason) => Unreadable::new(text, reason),
            None => meant(text, due, seen),
        })?;
        if said.rule.ever_comes() {
            Ok(said)
        } else {
            Err(Unreadable::new(text, "names days that never come"))
        }
    }

    /// Returns when the task is due after the instance due at `current` is done at `now_ms`; `None` when the series ends.
    ///
    /// `current` is the date the rule gave: where the user has moved this one instance, the date it was moved from. `zone` is
    /// where the reader is: days are those of the zone that `anchor` names, and of his where it names none.
    pub fn next(&self, anchor: &When, current: &When, now_ms: i64, zone: Zone) -> Option<When> {
        if self.0.count == Some(1) {
            return None;
        }
        self.after(anchor, current, now_ms, zone)
    }

    /// Returns when the task is due after the instance due at `current`, whether that is done or not; `None` when the rule has
    /// no later date. The rest is as for [`Repeat::next`].
    pub fn after(&self, anchor: &When, current: &When, now_ms: i64, zone: Zone) -> Option<When> {
        let zone = anchor.zone(zone);
        if self.0.from_completion {
            let day = self.0.period_after(zone.today(now_ms))?;
            return Some(anchor.on(day, zone)).filter(|when| self.allows(when, zone));
        }
        let start = anchor.day(zone);
        let from = current.day(zone).max(zone.today(now_ms));
        self.0
            .fixed(start)
            .dates(start, from)
            .into_iter()
            .map(|day| anchor.on(day, zone))
            .find(|when| is_after(when, current, zone) && !when.has_come(now_ms, zone))
            .filter(|when| self.allows(when, zone))
    }

    /// Returns the first day of the rule from `from` on; `None` when it has ended by then.
    ///
    /// For a task that repeats and has no due date yet: the day becomes its due date and anchor.
    pub fn first(&self, from: NaiveDate, zone: Zone) -> Option<When> {
        let day = self.0.first(from)?;
        Some(When::Day(day)).filter(|when| self.allows(when, zone))
    }

    /// Returns the due date of a series that begins as its words say: `due` with their time of day, or their first date where
    /// there is none. A reason, which reads on after the text of the rule, where they name another date or time than `due`, or the
    /// rule has no date from their start on.
    pub fn begins(
        &self,
        start: Start,
        due: Option<When>,
        now_ms: i64,
        zone: Zone,
    ) -> Result<When, String> {
        let first = |from| self.first(from, zone).map(|first| first.day(zone));
        start.due(due, now_ms, zone, first)
    }

    /// Returns the date from which a series goes on that was due at `due`, if its new rule says a day or a time in its words. The rest
    /// is as for [`Repeat::begins`].
    pub fn goes_on(&self, start: Start, due: When, zone: Zone) -> Result<When, String> {
        let first = |from| self.first(from, zone).map(|first| first.day(zone));
        start.moved(due, zone, first)
    }

    /// Reports whether a series that starts with the date `anchor` has that date or a later one, and goes on after it unless
    /// the rule itself says where it ends.
    pub fn comes_from(&self, anchor: &When, zone: Zone) -> bool {
        let zone = anchor.zone(zone);
        if self.0.from_completion {
            return self.allows(anchor, zone);
        }
        let start = anchor.day(zone);
        let dates = self.0.fixed(start).dates(start, start);
        let ends = self.0.count == Some(1) || self.0.until.is_some();
        let first = dates.first().map(|day| anchor.on(*day, zone));
        first.is_some_and(|first| self.allows(&first, zone)) && (ends || dates.len() > 1)
    }

    /// Reports whether a series can begin with `day`: it is one of the days the rule names, if it names any.
    pub fn has(&self, day: NaiveDate) -> bool {
        self.0.from_completion || self.0.has(day)
    }

    /// Returns the last date of the rule before `off` from which it goes on as from `off`; `None` if there is none that a task can
    /// have. It stands in a calendar for the round that is due off the rule.
    pub(crate) fn date_before(&self, off: &When, zone: Zone) -> Option<When> {
        let home = off.zone(zone);
        let day = off.day(home);
        let rule = self.0.fixed(day);
        rule.days_before(day, Zone::UTC.today(0))
            .map(|day| off.on(day, home))
            .find(|date| date.order(Zone::UTC) >= 0 && self.allows(date, home))
    }

    /// Returns the rule that is left when one occurrence is done or skipped; `None` when it was the last of a counted series.
    pub fn advance(&self) -> Option<Self> {
        let mut rule = self.0.clone();
        rule.count = match rule.count {
            Some(0 | 1) => return None,
            count => count.map(|left| left - 1),
        };
        Some(Self(rule))
    }

    /// Returns the rule without these days: where it gives one, the next is taken instead. At most 500 days are left out; where they
    /// are more, the last ones are not.
    #[must_use]
    pub fn excluding(&self, days: impl IntoIterator<Item = NaiveDate>) -> Self {
        let mut rule = self.0.clone();
        rule.excluded.extend(days);
        rule.excluded.sort_unstable();
        rule.excluded.dedup();
        rule.excluded.truncate(rule::MOST_EXCLUDED);
        Self(rule)
    }

    /// Returns the rule with a count as RFC 5545 has it (3.3.10), seen from the date `first` on: of all dates that the rule gives, and
    /// not only of those that are left to do.
    #[must_use]
    pub fn counting_dates(&self, first: &When, zone: Zone) -> Self {
        let (Some(mut left), Some(last)) = (self.0.count, self.0.excluded.last()) else {
            return self.clone();
        };
        let mut all = self.0.clone();
        all.excluded.clear();
        let all = Self(all);
        let home = first.zone(zone);
        let (mut date, mut left_out) = (*first, 0);
        while left > 0 && date.day(home) <= *last {
            if self.0.excluded.binary_search(&date.day(home)).is_ok() {
                left_out += 1;
            } else {
                left -= 1;
            }
            match all.after(first, &date, i64::MIN, zone) {
                Some(next) => date = next,
                None => break,
            }
        }
        let mut rule = self.0.clone();
        rule.count = rule.count.map(|count| count.saturating_add(left_out));
        Self(rule)
    }

    /// Returns the days that are left out, in order.
    pub fn excluded(&self) -> &[NaiveDate] {
        &self.0.excluded
    }

    /// Returns the rule as it is after `day`: the days up to it are no longer left out one by one.
    #[must_use]
    pub(crate) fn past(&self, day: NaiveDate) -> Self {
        let mut rule = self.0.clone();
        rule.excluded.retain(|left_out| *left_out > day);
        Self(rule)
    }

    /// Reports whether it gives the dates until which rounds are deferred, and due dates keep their distance.
    pub fn gives_starts(&self) -> bool {
        self.0.from_start
    }

    /// Returns the rule as one that gives the dates until which rounds are deferred, or as one that gives due dates.
    #[must_use]
    pub fn giving_starts(&self, gives_starts: bool) -> Self {
        let mut rule = self.0.clone();
        rule.from_start = gives_starts && !rule.from_completion;
        Self(rule)
    }

    /// Returns the rule with what it leaves to the anchor written out: `every month` from the 31st becomes
    /// `every month on the 31st`, and an end at an instant the day of the last date.
    #[must_use]
    pub fn anchored(&self, anchor: &When, zone: Zone) -> Self {
        Self(self.0.fixed(anchor.day(anchor.zone(zone)))).ending_by_day(anchor, zone)
    }

    /// Returns the rule with an end at an instant as the last day on which a date may come, at the time of day and in the zone of
    /// `anchor`: so it ends on the same day whoever reads it.
    #[must_use]
    pub(crate) fn ending_by_day(mut self, anchor: &When, zone: Zone) -> Self {
        // Where the calendar leaves days out, it is days before the end.
        const DAYS: usize = 4;
        let Some(Until::At(end)) = self.0.until else {
            return self;
        };
        let home = anchor.zone(zone);
        let end = home.today(end);
        let latest = end.succ_opt().unwrap_or(end);
        let mut days = latest.iter_days().rev().take(DAYS);
        let last = days.find(|day| self.allows(&anchor.on(*day, home), home));
        let (first, most) = (Zone::UTC.today(0), Zone::UTC.today(LATEST));
        self.0.until = Some(Until::Day(last.unwrap_or(end).clamp(first, most)));
        self
    }

    /// Reports whether it counts from the day on which a round is completed, not from the day on which it was due.
    pub fn counts_from_completion(&self) -> bool {
        self.0.from_completion
    }

    /// Returns the rule counted from completion; as it is, if it names days.
    #[must_use]
    pub fn from_completion(self) -> Self {
        let mut rule = self.0.clone();
        rule.from_completion = true;
        if rule.check().is_ok() {
            Self(rule)
        } else {
            self
        }
    }

    /// Returns the rule counted from the due date.
    #[must_use]
    pub fn from_due(&self) -> Self {
        let mut rule = self.0.clone();
        rule.from_completion = false;
        Self(rule)
    }

    /// Returns the rule in words that [`Repeat::read_at`] reads again in `zone`; a rule there are no words for as the text that RFC 5545
    /// has for it.
    pub fn words(&self, zone: Zone) -> String {
        describe::words(&self.0, zone)
    }

    /// Returns how many occurrences are left, the current one included; `None` when they are not counted.
    pub fn count(&self) -> Option<u32> {
        self.0.count
    }

    fn allows(&self, when: &When, zone: Zone) -> bool {
        match self.0.until {
            None => true,
            Some(Until::Day(last)) => when.day(zone) <= last,
            Some(Until::At(last)) => match when.instant(zone) {
                None => when.day(zone) <= zone.today(last),
                Some(at) => at <= last,
            },
        }
    }
}

fn is_after(when: &When, other: &When, zone: Zone) -> bool {
    match (when.instant(zone), other.instant(zone)) {
        (Some(at), Some(other)) => at > other,
        _ => when.day(zone) > other.day(zone),
    }
}

/// Returns the refusal of words that are no rule, with the words that were meant where one is misspelt.
fn meant(text: &str, due: Option<NaiveDate>, seen: Option<&Seen>) -> Unreadable {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    match calendar_words::corrected(&words, &words::KNOWN) {
        Some(meant) if words::read(&meant, due, seen).is_ok() => {
            Unreadable::new(text, format!("is no way to repeat; did you mean {meant}?"))
        }
        _ => unknown(text),
    }
}

fn unknown(text: &str) -> Unreadable {
    Unreadable::new(
        text,
        "is no way to repeat; write every day, every weekday, every 2 weeks on mon and thu, monthly on the 31st, \
         every jun 5, every 3 days after completion, each also with until 2027-01-01 or for 5 times, or a rule like FREQ=WEEKLY;BYDAY=MO",
    )
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Repeat> for String {
    fn from(repeat: Repeat) -> Self {
        repeat.to_string()
    }
}

impl TryFrom<String> for Repeat {
    type Error = Unreadable;

    /// Reads the written form; for what people write there is [`Repeat::read`].
    fn try_from(text: String) -> Result<Self, Unreadable> {
        Rule::parse(&text)
            .map(Self)
            .map_err(|reason| Unreadable::new(&text, reason))
    }
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
