//! What a shown time says beside itself in parentheses: the time that clocks show where it was said.

use std::str::FromStr as _;

use chrono::{NaiveDate, NaiveTime};

use super::{Reading, When, Zone, calendar_words::weekday, clock::Clock, day::Refused, place};

/// What clocks show elsewhere, as in `17:00 (Fri 08:00 Los Angeles)`.
pub(crate) struct Elsewhere<'a> {
    weekday: Option<&'static str>,
    time: NaiveTime,
    /// What the zone is called.
    zone: &'a str,
}

impl<'a> Elsewhere<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (first, others) = text.split_once(' ')?;
        let weekday = weekday(&first.to_lowercase());
        let (time, zone) = match weekday {
            Some(_) => others.split_once(' ')?,
            None => (first, others),
        };
        let time = Clock::read(time)?.time;
        let zone = zone.trim();
        Some(Self {
            weekday,
            time,
            zone,
        })
    }

    /// Returns the time that clocks show elsewhere, where it was said. It must be the one that is read here.
    pub(super) fn agreed(&self, here: Reading, reader: Zone) -> Result<Reading, Refused> {
        let Some(at) = here.when.instant(reader) else {
            let reason = "has a time in parentheses alone; write one behind the date, too";
            return Err(Refused::Because(reason.to_owned()));
        };
        let zone = place::shown(self.zone)?;
        let wall = reader.wall(at);
        let day = wall.date();
        let days = [day.pred_opt(), Some(day), day.succ_opt()];
        let is_named = |day: &NaiveDate| {
            let name = day.format("%A").to_string().to_lowercase();
            self.weekday.is_none_or(|weekday| weekday == name)
        };
        let days = days.into_iter().flatten().filter(is_named);
        let mut times = days.map(|day| When::zoned(day.and_time(self.time), zone));
        // Of a time that the clocks show twice here, the one elsewhere says which it is.
        let is_here = |when: &When| {
            let at = when.instant(reader);
            at.is_some_and(|at| reader.wall(at) == wall)
        };
        let Some(when) = times.find(is_here) else {
            let (here, there) = (wall.format("%a %H:%M"), zone.wall(at).format("%a %H:%M"));
            return Err(Refused::Because(format!(
                "names two times: {here} here is {there} in {}; write one of them",
                zone.city()
            )));
        };
        Ok(Reading {
            when,
            note: here.note.filter(|_| when.instant(reader) == Some(at)),
        })
    }

    /// Reports whether some zone is called so.
    pub(crate) fn has_zone(&self) -> bool {
        place::is_shown(self.zone)
    }
}

/// Returns what a text that we have shown says of the date where the reader is, and beside it what clocks show elsewhere: two
/// times in `17:00 +01:00 (08:00 Los Angeles)`. Of `tomorrow (Tue 2026-12-01)` it is the date in full.
pub(crate) fn said_once(text: &str) -> (&str, Option<Elsewhere<'_>>) {
    let whole = text.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    let Some((before, inside)) = in_parentheses(whole) else {
        return (text, None);
    };
    if let Some(elsewhere) = Elsewhere::read(inside) {
        return (before, Some(elsewhere));
    }
    let (first, second) = inside.split_once(' ').unwrap_or_default();
    let second = second.split(' ').next().unwrap_or_default();
    let is_full = weekday(&first.to_lowercase()).is_some() && NaiveDate::from_str(second).is_ok();
    if is_full {
        said_once(inside)
    } else {
        (text, None)
    }
}

/// Returns what stands before the parentheses at the end of a text, and in them.
fn in_parentheses(text: &str) -> Option<(&str, &str)> {
    let whole = text.strip_suffix(')')?;
    let mut open = 1;
    let (at, _) = whole.rmatch_indices(['(', ')']).find(|(_, sign)| {
        open = if *sign == ")" { open + 1 } else { open - 1 };
        open == 0
    })?;
    Some((whole[..at].trim_end(), &whole[at + 1..]))
}
