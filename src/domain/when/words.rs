//! Takes a text apart into a date and a time of day, and puts them together in the zone.

use chrono::{NaiveDateTime, TimeDelta};

use super::{
    Fit, MAX_CHARS, Reading, Unreadable, When, Zone,
    calendar_words::number,
    clock::{self, Clock, PartOfDay},
    day::{self, DateMatch, Refused, Span},
};

const MINUTE: i64 = 60_000;

/// What is left to say once the date is known.
struct Context<'a> {
    /// The text, tidied.
    text: &'a str,
    now: i64,
    zone: Zone,
}

pub(super) fn read(text: &str, now: i64, zone: Zone) -> Result<Reading, Unreadable> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(Unreadable::no_date(text));
    }
    let lower = text.to_lowercase().replace(',', " ");
    let tidy: Vec<&str> = lower.split_whitespace().collect();
    let context = Context {
        text: &tidy.join(" "),
        now,
        zone,
    };
    if let Ok(when @ When::Zoned(..)) = text.trim().parse() {
        let reading = context.tell(when, false, None);
        return reading.map_err(|_| Unreadable::no_date(text));
    }
    let words = words(&tidy);
    match Parts::of(&words).and_then(|parts| context.resolve(&parts)) {
        Ok(reading) => Ok(reading),
        Err(Refused::Unknown) => Err(Unreadable::no_date(text)),
        Err(Refused::Because(reason)) => Err(Unreadable::new(text, reason)),
    }
}

/// Returns the words with `2026-12-24t18:00` in two, `5 p.m.` as `5pm`, and without the full stops of abbreviations.
fn words(tidy: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in tidy {
        if let Some((date, time)) = word.split_once('t')
            && date.len() >= 8
            && date.starts_with(|c: char| c.is_ascii_digit())
            && time.contains(':')
        {
            words.extend([date.to_owned(), time.to_owned()]);
            continue;
        }
        let word = word.replace("a.m", "am").replace("p.m", "pm");
        let word = word.trim_end_matches('.');
        match words.last_mut() {
            Some(hour)
                if matches!(word, "am" | "pm") && hour.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                hour.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The words of a text, by what they say.
struct Parts<'a> {
    /// The words of the date; empty when there is only a time.
    date: Vec<&'a str>,
    clock: Option<Clock>,
    /// Whether it says `tonight`.
    tonight: bool,
}

impl<'a> Parts<'a> {
    fn of(words: &'a [String]) -> Result<Self, Refused> {
        let mut date = Vec::new();
        let mut clocks = Vec::new();
        let mut part = None;
        let mut before = "";
        for word in words.iter().map(String::as_str) {
            let offset = match clocks.last() {
                Some(Clock { offset: None, .. }) => clock::offset(word),
                _ => None,
            };
            if let (Some(_), Some(clock)) = (offset, clocks.last_mut()) {
                clock.offset = offset;
            } else if let Some(clock) = Clock::read(word) {
                clocks.push(clock);
            } else if let ("at", Some(hour)) = (before, number(word)) {
                if (1..=12).contains(&hour) {
                    return Err(Refused::Because(format!(
                        "leaves the half of the day open; write {hour}am or {hour}pm"
                    )));
                }
                clocks.push(Clock::of_hour(hour).ok_or(Refused::Unknown)?);
            } else if PartOfDay::named(word).is_some() && part.is_none() {
                part = PartOfDay::named(word);
                // "in the evening"
                date.pop_if(|last| *last == "in");
            } else if !matches!(word, "on" | "at" | "by" | "due" | "the" | "of") {
                date.push(word);
            }
            before = word;
        }
        let tonight = part.as_ref().is_some_and(|part| part.tonight);
        // "tonight", "this evening"
        if part.is_some() && date == ["this"] || tonight && date.is_empty() {
            date = vec!["today"];
        }
        let clock = clocks.pop();
        let clock = match part {
            Some(part) => Some(part.at(clock).ok_or(Refused::Unknown)?),
            None => clock,
        };
        if !clocks.is_empty() {
            return Err(Refused::Unknown);
        }
        Ok(Self {
            date,
            clock,
            tonight,
        })
    }
}

impl Context<'_> {
    fn resolve(&self, parts: &Parts<'_>) -> Result<Reading, Refused> {
        let today = self.zone.today(self.now);
        let mut found = match day::span(&parts.date, today) {
            Some(span) => match span? {
                Span::To(day) => DateMatch {
                    day,
                    vague: false,
                    full: false,
                },
                Span::Clock(_) if parts.clock.is_some() => return Err(Refused::Unknown),
                Span::Clock(span) => return self.later(span),
            },
            None if parts.date.is_empty() && parts.clock.is_some() => DateMatch {
                day: today,
                vague: false,
                full: false,
            },
            None => day::find(&parts.date, today, self.zone.week_start())?,
        };
        let Some(clock) = &parts.clock else {
            return self.tell(When::Day(found.day), found.vague, None);
        };
        if clock.offset.is_some() && !found.full {
            // whose "today" it is would be anyone's guess
            return Err(Refused::Because(
                "has an offset but no full date; write 2026-12-24 18:00 +01:00 or leave the offset out".to_owned(),
            ));
        }
        let has_come = |when: &When| when.has_come(self.now, self.zone);
        let mut placed = self.place(found, clock)?;
        if parts.date.is_empty() && has_come(&placed.0) {
            found.day = found.day.succ_opt().ok_or(Refused::Unknown)?;
            found.vague = true;
            placed = self.place(found, clock)?;
        }
        if parts.tonight && clock.vague && has_come(&placed.0) {
            return self.tell(When::Day(found.day), true, None);
        }
        let (when, remark) = placed;
        self.tell(when, found.vague || clock.vague, remark)
    }

    /// Returns the time on the clock of that day, and what is to be said about it.
    fn place(&self, found: DateMatch, clock: &Clock) -> Result<(When, Option<String>), Refused> {
        let day = if clock.next_day {
            found.day.succ_opt()
        } else {
            Some(found.day)
        };
        let wall = NaiveDateTime::new(day.ok_or(Refused::Unknown)?, clock.time);
        if let Some(offset) = clock.offset {
            return Ok((When::with_offset(wall, offset, self.zone), None));
        }
        let (at, fit) = self.zone.instant(wall);
        let (time, day) = (wall.format("%H:%M"), wall.format("%a %Y-%m-%d"));
        let remark = match fit {
            Fit::Exact => None,
            Fit::Skipped => {
                let shown = self.zone.wall(at).format("%H:%M");
                Some(format!(
                    "the clocks skip {time} on {day}, it was read as {shown}"
                ))
            }
            Fit::Twice => Some(format!(
                "the clocks show {time} twice on {day}, the first was taken"
            )),
        };
        Ok((When::zoned(wall, self.zone), remark))
    }

    /// Returns the instant so much later, on the next full minute.
    fn later(&self, span: TimeDelta) -> Result<Reading, Refused> {
        let at = self.now.saturating_add(span.num_milliseconds());
        let at = at.saturating_add((MINUTE - at.rem_euclid(MINUTE)) % MINUTE);
        self.tell(When::At(at), false, None)
    }

    /// Puts the note to the date: that it is past, else what vague words were read as; and what the clocks do.
    fn tell(&self, when: When, vague: bool, remark: Option<String>) -> Result<Reading, Refused> {
        if !when.is_in_range() {
            return Err(Refused::Because(
                "is out of the years 1970 to 9999".to_owned(),
            ));
        }
        let shown = when.show(self.zone);
        let first = if when.is_past(self.now, self.zone) {
            Some(format!("{shown} is past"))
        } else {
            vague.then(|| format!("{} was read as {shown}", self.text))
        };
        let notes: Vec<String> = first.into_iter().chain(remark).collect();
        Ok(Reading {
            when,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        })
    }
}
