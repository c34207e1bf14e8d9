//! What follows the rhythm of a rule: where it starts and where it ends.

use chrono::{Days, NaiveDate};

use super::days::Refused;
use crate::domain::{
    repeat::rule::Until,
    when::{
        Seen,
        calendar_words::amount,
        day_in::{self, DayIn},
    },
};

/// The words of a rule, by what they say.
#[derive(Debug, Default)]
pub(super) struct Clauses<'a> {
    /// How often, and on which days.
    pub(super) head: Vec<&'a str>,
    /// From which day on.
    start: Option<Vec<&'a str>>,
    /// The last day.
    until: Option<Vec<&'a str>>,
    /// How long: a number and a unit.
    during: Option<Vec<&'a str>>,
    /// How often in all.
    pub(super) count: Option<u32>,
}

/// Where a series starts and ends, and what was taken otherwise than written.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) start: Option<NaiveDate>,
    pub(super) until: Option<Until>,
    pub(super) notes: Vec<String>,
}

impl<'a> Clauses<'a> {
    pub(super) fn split(words: &[&'a str]) -> Result<Self, Refused> {
        let mut clauses = Self::default();
        let words = match *words {
            [ref before @ .., count, "times" | "time" | "occurrences"] => {
                clauses.count = Some(amount(count).filter(|count| *count > 0).ok_or(None)?);
                match before {
                    [before @ .., "for"] => before,
                    _ => before,
                }
            }
            _ => words,
        };
        let mut part = None;
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1).copied().unwrap_or_default();
            let begun = match *word {
                "until" | "till" | "til" | "ending" => &mut clauses.until,
                "starting" | "starts" | "start" | "beginning" | "from" if next != "of" => {
                    &mut clauses.start
                }
                "for" if amount(next).is_some() => &mut clauses.during,
                _ => {
                    match part {
                        None => &mut clauses.head,
                        Some(Part::Until) => clauses.until.get_or_insert_default(),
                        Some(Part::Start) => clauses.start.get_or_insert_default(),
                        Some(Part::During) => clauses.during.get_or_insert_default(),
                    }
                    .push(word);
                    continue;
                }
            };
            if begun.is_some() {
                return Err(Some(format!("says {word} twice; write it once")));
            }
            *begun = Some(Vec::new());
            part = Some(match *word {
                "for" => Part::During,
                "until" | "till" | "til" | "ending" => Part::Until,
                _ => Part::Start,
            });
        }
        let ends = [
            clauses.until.is_some(),
            clauses.during.is_some(),
            clauses.count.is_some(),
        ];
        if ends.iter().filter(|is_said| **is_said).count() > 1 {
            return Err(Some("ends in two ways; write one of them".to_owned()));
        }
        Ok(clauses)
    }

    /// Reads the days of the clauses. Without `seen` only full dates are read. `due` is when the task is due, if the call says
    /// so. An end before the start is refused.
    pub(super) fn bounds(
        &self,
        due: Option<NaiveDate>,
        seen: Option<&Seen>,
    ) -> Result<Bounds, Refused> {
        let mut bounds = Bounds::default();
        if let Some(words) = &self.start {
            let refused = || Some("names a start; put that into due".to_owned());
            let seen = seen.ok_or_else(refused)?;
            let found = day_in::read(&plain(words), seen).map_err(|reason| {
                reason.or_else(|| {
                    Some("starts on no date; write it like starting 2027-01-31".to_owned())
                })
            })?;
            bounds.start = Some(found.day);
        }
        if let Some(said) = &self.until {
            let refused =
                || Some("ends on no full date; write it like until 2027-01-31".to_owned());
            let words = plain(said);
            let found = match (day_in::read_full(&words), seen) {
                (Some(day), _) => DayIn { day, is_sure: true },
                (None, Some(seen)) => {
                    let read = |today| {
                        let seen = Seen { today, ..*seen };
                        day_in::read(&words, &seen).map_err(|reason| reason.or_else(refused))
                    };
                    let mut found = read(seen.today)?;
                    // Without its year, an end is the first one after the start.
                    if let Some(first) = bounds.start.or(due).filter(|first| found.day < *first) {
                        found = read(first)?;
                    }
                    bounds
                        .notes
                        .push(read_as("until", said, "until", found.day));
                    found
                }
                (None, None) => return Err(refused()),
            };
            if let Some(first) = bounds.start.filter(|first| found.day < *first) {
                return Err(Some(format!(
                    "ends on {}, before it starts on {}; write a later end or an earlier start",
                    found.day.format("%a %Y-%m-%d"),
                    first.format("%a %Y-%m-%d"),
                )));
            }
            bounds.until = Some(Until::Day(found.day));
        }
        Ok(bounds)
    }

    /// Returns the last day of a series that lasts so many days or weeks from its first date on, and what is to be said of it; `None`
    /// if the words do not say how long.
    pub(super) fn end_of_during(
        &self,
        first: impl FnOnce() -> Option<NaiveDate>,
    ) -> Result<Option<(NaiveDate, String)>, Refused> {
        let Some(words) = &self.during else {
            return Ok(None);
        };
        let last = first().and_then(|first| {
            let after = day_in::after(words, first)?;
            after.checked_sub_days(Days::new(1))
        });
        let last = last.ok_or_else(|| {
            Some("ends on no date; write it like for 5 times or until 2027-01-31".to_owned())
        })?;
        Ok(Some((last, read_as("for", words, "until", last))))
    }
}

#[derive(Clone, Copy)]
enum Part {
    Start,
    Until,
    During,
}

fn read_as(said: &str, words: &[&str], meant: &str, day: NaiveDate) -> String {
    let (words, day) = (words.join(" "), day.format("%a %Y-%m-%d"));
    format!("{said} {words} was read as {meant} {day}")
}

/// Returns the words without those that a date is read without.
fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let is_filler = |word: &str| matches!(word, "on" | "the" | "of" | "and");
    let words = words.iter().copied();
    words.filter(|word| !is_filler(word)).collect()
}
