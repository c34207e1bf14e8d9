//! Takes a text apart into a date and a time of day, and puts them together in the zone.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use super::{
    Fit, MAX_CHARS, Reading, Unreadable, When, Zone,
    calendar_words::{self, number, weekday},
    clock::{self, Clock, Half, PartOfDay},
    day::{self, DateMatch, Refused, Span},
    elsewhere::said_once,
    place::{self, Place},
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
        return Err(Unreadable::too_long(text, MAX_CHARS));
    }
    let (said, elsewhere) = said_once(text);
    let lower = said.to_lowercase().replace(',', " ");
    let tidy: Vec<&str> = lower.split_whitespace().collect();
    let context = Context {
        text: &tidy.join(" "),
        now,
        zone,
    };
    if let Ok(when @ When::Zoned(wall, there)) = text.trim().parse() {
        let reading = context.tell(when, false, on_clock(wall, there));
        return reading.map_err(|_| Unreadable::no_date(text));
    }
    let read = context.read(&tidy).and_then(|reading| match elsewhere {
        Some(elsewhere) => elsewhere.agreed(reading, zone),
        None => Ok(reading),
    });
    match read {
        Ok(reading) => Ok(reading),
        Err(Refused::Unknown) => {
            if let Some(reason) = place::unclear(&tidy) {
                return Err(Unreadable::new(text, reason));
            }
            let meant = calendar_words::corrected(&tidy, &WORDS);
            let meant = meant.filter(|meant| {
                let words: Vec<&str> = meant.split(' ').collect();
                context.read(&words).is_ok()
            });
            Err(match meant {
                Some(meant) => Unreadable::new(text, format!("is no date; did you mean {meant}?")),
                None => Unreadable::no_date(text),
            })
        }
        Err(Refused::Because(reason)) => Err(Unreadable::new(text, reason)),
    }
}

/// The longer words of dates, but for the names of days and months.
const WORDS: [&str; 28] = [
    "today",
    "tomorrow",
    "yesterday",
    "tonight",
    "noon",
    "midnight",
    "morning",
    "afternoon",
    "evening",
    "next",
    "this",
    "last",
    "coming",
    "after",
    "from",
    "start",
    "beginning",
    "first",
    "days",
    "week",
    "weeks",
    "weekend",
    "month",
    "months",
    "quarter",
    "year",
    "hours",
    "minutes",
];

/// Reports whether a word stands among those of a date and says nothing.
pub(crate) fn is_filler(word: &str) -> bool {
    matches!(word, "on" | "at" | "by" | "due" | "overdue" | "the" | "of")
}

/// Reports whether a lowercase word is one of those that dates are said with.
pub(crate) fn is_word(word: &str) -> bool {
    is_filler(word) || calendar_words::is_known(word, &WORDS)
}

/// A time of day within other words.
pub(crate) struct TimeIn {
    pub(crate) time: NaiveTime,
    pub(crate) place: Place,
    /// What the reader should know: the words could mean another time.
    pub(crate) note: Option<String>,
}

/// Takes the time of day out of the words of a rule, such as `at 9am Europe/London`, and returns the other words. A reason of a
/// refusal reads on after the text; `None` is a place without a time.
pub(crate) fn take_time(tidy: &[&str]) -> Result<(Vec<String>, Option<TimeIn>), Option<String>> {
    let (tidy, place) = place::take(tidy).map_err(|refused| match refused {
        Refused::Because(reason) => Some(reason),
        Refused::Unknown => None,
    })?;
    let mut rest: Vec<String> = Vec::new();
    let mut clocks = Vec::new();
    for word in words(&tidy) {
        if let Some((before, clock @ Clock { offset: None, .. })) = clocks.last_mut()
            && let Some(offset) = clock::offset(&word)
        {
            *before = format!("{before} {word}");
            clock.offset = Some(offset);
            continue;
        }
        let is_after_at = rest.last().is_some_and(|last| last == "at");
        let clock = match number(&word) {
            Some(hour) if is_after_at => Clock::at_hour(hour),
            _ => Clock::read(&word),
        };
        match clock {
            Some(clock) => {
                rest.pop_if(|last| last == "at");
                clocks.push((word, clock));
            }
            None => rest.push(word),
        }
    }
    if let [(_, clock)] = &mut *clocks {
        take_part_of_day(&mut rest, clock);
    }
    let reason = match &*clocks {
        [] if place == Place::Here => return Ok((rest, None)),
        [] => ZONE_ALONE,
        [(_, clock)] if clock.offset.is_some() && place != Place::Here => {
            "has an offset beside its place; leave one of them out"
        }
        [(_, clock)] if clock.half == Half::Open => return Err(Some(half_open(clock))),
        [(_, clock)] if clock.next_day => "names 24:00; write 23:59 or 00:00",
        [(word, clock)] => {
            let shown = clock.time.format("%H:%M");
            let place = match clock.offset {
                None => place,
                Some(0) => Place::In(Zone::UTC),
                Some(offset) => Place::In(Zone::fixed(offset)),
            };
            let time = TimeIn {
                time: clock.time,
                place,
                note: clock.vague.then(|| format!("{word} was read as {shown}")),
            };
            return Ok((rest, Some(time)));
        }
        _ => "names several times of day; a task has one a day",
    };
    Err(Some(reason.to_owned()))
}

/// Takes a part of the day out of the words of a rule, if `clock` is in it: `every evening at 8pm` is every day at 8pm.
fn take_part_of_day(words: &mut Vec<String>, clock: &mut Clock) {
    let part = |word: &String| {
        let name = word.strip_suffix('s').unwrap_or(word);
        let part = PartOfDay::named(name).filter(|part| !part.tonight)?;
        part.at(Some(clock.clone()))
    };
    let Some((at, known)) = words
        .iter()
        .enumerate()
        .find_map(|(at, word)| Some((at, part(word)?)))
    else {
        return;
    };
    *clock = known;
    let is_in = |word: &String| matches!(word.as_str(), "in" | "the");
    let before = words[..at].iter().rev().take_while(|word| is_in(word));
    let before = before.count();
    let is_day =
        |word: &str| weekday(word).is_some() || matches!(word, "weekday" | "workday" | "daily");
    let of_a_day = before > 0 || at > 0 && is_day(words[at - 1].trim_end_matches('s'));
    let day = (!of_a_day).then(|| "day".to_owned());
    words.splice(at - before..=at, day);
}

/// Reads a text that names a time of day and no day, such as `19:00` or `7pm Europe/London`; `None` for any other.
pub(crate) fn time_alone(text: &str) -> Option<TimeIn> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return None;
    }
    let lower = text.to_lowercase().replace(',', " ");
    let tidy: Vec<&str> = lower.split_whitespace().collect();
    let (others, time) = take_time(&tidy).ok()?;
    time.filter(|_| others.is_empty())
}

/// Why a zone cannot be used.
const ZONE_ALONE: &str = "names a zone and no time of day; write both, or neither";

fn half_open(clock: &Clock) -> String {
    let hour = clock.time.hour();
    format!("leaves the half of the day open; write {hour}am or {hour}pm")
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

/// Returns the hour of `17h`, which is a time of day to some and 17 hours to others.
fn hour_of(word: &str) -> Option<u32> {
    number(word.strip_suffix('h')?.trim_end())
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
                clocks.push(Clock::at_hour(hour).ok_or(Refused::Unknown)?);
            } else if let Some(hour) = hour_of(word)
                && words.len() > 1
                && before != "in"
                && clocks.is_empty()
            {
                clocks.push(Clock::of_hour(hour).ok_or(Refused::Unknown)?);
            } else if PartOfDay::named(word).is_some() && part.is_none() {
                part = PartOfDay::named(word);
                // "in the evening"
                date.pop_if(|last| *last == "in");
            } else if !is_filler(word) {
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
        if let Some(clock) = clock.as_ref().filter(|clock| clock.half == Half::Open) {
            return Err(Refused::Because(half_open(clock)));
        }
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

/// Returns the time that `wall` is in `zone`, said with an offset from UTC too. Where the two do not agree, the clock of the zone
/// counts, with a note: its rules may have changed since. At an offset of 0, as `Z` has it, the instant counts (RFC 9557,
/// section 2).
fn with_both(wall: NaiveDateTime, offset: i32, zone: Zone, reader: Zone) -> (When, Option<String>) {
    let there = When::zoned(wall, zone);
    let exact = When::zoned(wall, Zone::fixed(offset)).instant(reader);
    if there.instant(reader) == exact {
        // An offset says which of two is meant, and not that a clock shows a time that it skips.
        let is_skipped = zone.instant(wall).1 == Fit::Skipped;
        return (there, on_clock(wall, zone).filter(|_| is_skipped));
    }
    match exact {
        Some(millis) if offset == 0 => (When::At(millis).settled(zone), None),
        _ => {
            let time = wall.format("%H:%M");
            let remark = format!(
                "the offset is not that of {}; {time} there was taken",
                zone.name()
            );
            (there, Some(remark))
        }
    }
}

/// Returns what is to be said of a time that the clocks of `zone` do not show, or show twice.
fn on_clock(wall: NaiveDateTime, zone: Zone) -> Option<String> {
    let (at, fit) = zone.instant(wall);
    let (time, day) = (wall.format("%H:%M"), wall.format("%a %Y-%m-%d"));
    match fit {
        Fit::Exact => None,
        Fit::Skipped => {
            let shown = zone.wall(at).format("%H:%M");
            Some(format!(
                "the clocks skip {time} on {day}, it was read as {shown}"
            ))
        }
        Fit::Twice => Some(format!(
            "the clocks show {time} twice on {day}, the first was taken"
        )),
    }
}

impl Context<'_> {
    fn read(&self, tidy: &[&str]) -> Result<Reading, Refused> {
        let (tidy, place) = place::take(tidy)?;
        let words = words(&tidy);
        Parts::of(&words).and_then(|parts| self.resolve(&parts, place))
    }

    fn resolve(&self, parts: &Parts<'_>, mut place: Place) -> Result<Reading, Refused> {
        let today = self.zone.today(self.now);
        let mut found = match day::span(&parts.date, today) {
            Some(span) => match span? {
                Span::To(day) => DateMatch {
                    day,
                    vague: false,
                    full: false,
                },
                Span::Clock(_) if parts.clock.is_some() || place != Place::Here => {
                    return Err(Refused::Unknown);
                }
                Span::Clock(span) => return self.later(span),
            },
            None if parts.date.is_empty() && parts.clock.is_some() => DateMatch {
                day: today,
                vague: false,
                full: false,
            },
            None => day::find(&parts.date, today, self.zone.habits())?,
        };
        let Some(clock) = &parts.clock else {
            if place != Place::Here {
                return Err(Refused::Because(ZONE_ALONE.to_owned()));
            }
            return self.tell(When::Day(found.day), found.vague, None);
        };
        let mut clock = clock.clone();
        if place == Place::Here && !found.full && clock.offset == Some(0) {
            place = Place::In(Zone::UTC);
            clock.offset = None;
        }
        if let Some(offset) = clock.offset
            && !found.full
            && place == Place::Here
        {
            // whose "today" it is would be anyone's guess
            return Err(Refused::Because(format!(
                "has an offset but no full date; write 2026-12-24 18:00 {} or leave the offset out",
                Zone::fixed(offset).name()
            )));
        }
        if let Place::In(zone) = place
            && parts.date.is_empty()
        {
            found.day = zone.today(self.now);
        }
        let has_come = |when: &When| when.has_come(self.now, self.zone);
        let mut placed = self.place(found, &clock, place)?;
        if parts.date.is_empty() && has_come(&placed.0) {
            found.day = found.day.succ_opt().ok_or(Refused::Unknown)?;
            found.vague = true;
            placed = self.place(found, &clock, place)?;
        }
        if parts.tonight && clock.vague && has_come(&placed.0) {
            return self.tell(When::Day(found.day), true, None);
        }
        let (when, remark) = placed;
        self.tell(when, found.vague || clock.vague, remark)
    }

    /// Returns the time on the clock of that day, and what is to be said about it.
    fn place(
        &self,
        found: DateMatch,
        clock: &Clock,
        place: Place,
    ) -> Result<(When, Option<String>), Refused> {
        let day = if clock.next_day {
            found.day.succ_opt()
        } else {
            Some(found.day)
        };
        let wall = NaiveDateTime::new(day.ok_or(Refused::Unknown)?, clock.time);
        let zone = match (clock.offset, place) {
            (None, Place::Here | Place::Floating) => self.zone,
            (None, Place::In(zone)) => zone,
            (Some(offset), Place::Here) => {
                return Ok((When::with_offset(wall, offset, self.zone), None));
            }
            (Some(offset), Place::In(zone)) => return Ok(with_both(wall, offset, zone, self.zone)),
            (Some(_), Place::Floating) => {
                return Err(Refused::Because(
                    "floats and has an offset; leave one of them out".to_owned(),
                ));
            }
        };
        let remark = on_clock(wall, zone);
        Ok((When::in_place(wall, place, self.zone), remark))
    }

    /// Returns the instant so much later, on the next full minute.
    fn later(&self, span: TimeDelta) -> Result<Reading, Refused> {
        let at = self.now.saturating_add(span.num_milliseconds());
        let at = at.saturating_add((MINUTE - at.rem_euclid(MINUTE)) % MINUTE);
        let hour = hour_of(self.text).filter(|hour| (6..=24).contains(hour));
        let other = hour.map(|hour| format!("for the time of day, write {hour}:00"));
        self.tell(When::At(at), hour.is_some(), other)
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
