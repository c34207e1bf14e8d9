//! Times as people say them, seen from now: `tomorrow 17:30`, `3 days ago`.

use chrono::{Datelike as _, NaiveDate};

use super::Context;
use crate::{
    domain::{
        task::Timestamp,
        when::{When, Zone},
    },
    render,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Where a due date lies, as seen from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Horizon {
    /// Past.
    Overdue,
    /// Today, not yet past.
    Today,
    /// Tomorrow.
    Tomorrow,
    /// Within seven days.
    Week,
    /// Further away.
    Later,
    /// There is no date.
    Never,
}

impl Horizon {
    /// Returns where `due` lies at `now`.
    pub(super) fn of(due: Option<When>, now: Timestamp, zone: Zone) -> Self {
        let Some(due) = due else { return Self::Never };
        if due.is_past(now.as_millis(), zone) {
            return Self::Overdue;
        }
        match days_ahead(due.day(zone), now, zone) {
            ..=0 => Self::Today,
            1 => Self::Tomorrow,
            2..=7 => Self::Week,
            _ => Self::Later,
        }
    }

    /// Returns the words above the tasks that lie there.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Overdue => "Overdue",
            Self::Today => "Today",
            Self::Tomorrow => "Tomorrow",
            Self::Week => "Next 7 days",
            Self::Later => "Later",
            Self::Never => "No date",
        }
    }
}

/// Returns a date as people say it: `today`, `tomorrow 17:30`, `Fri`, `5 days ago`, `Dec 24`, `2031-06-02`. Said as a date it is
/// read as this one: a day without its year is one to come.
pub(super) fn date(when: When, now: Timestamp, zone: Zone) -> String {
    let (day, today) = (when.day(zone), zone.today(now.as_millis()));
    let words = match days_ahead(day, now, zone) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        days @ -13..=-2 => format!("{} days ago", -days),
        2..=6 => day.format("%a").to_string(),
        0.. if day.year() == today.year() => day.format("%b %-d").to_string(),
        _ => day.to_string(),
    };
    match when.time(zone) {
        None => words,
        Some(time) => format!("{words} {time}"),
    }
}

/// Returns a past instant as people say it: `just now`, `5 min ago`, `3 h ago`, else as [`date`] does.
pub(super) fn instant(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    let ago = now.as_millis() - at.as_millis();
    match ago {
        0..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => format!("{} min ago", ago / MINUTE),
        HOUR.. if ago < 12 * HOUR => format!("{} h ago", ago / HOUR),
        _ => date(When::At(at.as_millis()), now, zone),
    }
}

fn days_ahead(day: NaiveDate, now: Timestamp, zone: Zone) -> i64 {
    day.signed_duration_since(zone.today(now.as_millis()))
        .num_days()
}

/// Returns a past instant: as people say it at a terminal, in full elsewhere.
pub(super) fn shown(at: Timestamp, context: &Context) -> String {
    let (now, zone) = (context.caller.now, context.caller.zone);
    if context.screen.is_table() {
        instant(at, now, zone)
    } else {
        render::instant(at, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 2026-11-22 12:00 UTC.
    const NOW: i64 = 1_795_348_800_000;

    fn read(text: &str) -> When {
        When::read(text, NOW, Zone::UTC).unwrap().when
    }

    #[test]
    fn dates_are_said_from_where_the_reader_stands() {
        let cases = [
            ("2026-11-22", "today", Horizon::Today),
            ("2026-11-22 17:30", "today 17:30", Horizon::Today),
            ("2026-11-22 11:59", "today 11:59", Horizon::Overdue),
            ("2026-11-23", "tomorrow", Horizon::Tomorrow),
            ("2026-11-24 08:00", "Tue 08:00", Horizon::Week),
            ("2026-11-28", "Sat", Horizon::Week),
            ("2026-11-29", "Nov 29", Horizon::Week),
            ("2026-11-30", "Nov 30", Horizon::Later),
            ("2027-01-02", "2027-01-02", Horizon::Later),
            ("2026-11-21", "yesterday", Horizon::Overdue),
            ("2026-11-09", "13 days ago", Horizon::Overdue),
            ("2026-11-08", "2026-11-08", Horizon::Overdue),
            ("2025-11-08", "2025-11-08", Horizon::Overdue),
        ];
        let now = Timestamp::from_millis(NOW);
        for (given, said, horizon) in cases {
            let when = read(given);
            assert_eq!(date(when, now, Zone::UTC), said, "{given}");
            assert_eq!(Horizon::of(Some(when), now, Zone::UTC), horizon, "{given}");
        }
        assert_eq!(Horizon::of(None, now, Zone::UTC), Horizon::Never);
    }

    #[test]
    fn a_date_that_is_said_is_read_as_that_date() {
        let (now, there) = (
            Timestamp::from_millis(NOW),
            Zone::named("America/Los_Angeles").unwrap(),
        );
        for days in -500..500 {
            let at = NOW + days * 24 * HOUR;
            let whens = [
                When::Day(Zone::UTC.today(at)),
                When::At(at),
                When::At(at + MINUTE).settled(Zone::UTC),
                When::At(at + 9 * HOUR).settled(there),
            ];
            for when in whens {
                let (said, full) = (date(when, now, Zone::UTC), when.show(Zone::UTC));
                for said in [&said, &full, &format!("{said} ({full})")] {
                    let again = read(said);
                    let moments = [when, again].map(|when| when.order(Zone::UTC));
                    assert_eq!(moments[0], moments[1], "{said}");
                }
            }
        }
    }

    #[test]
    fn instants_are_said_by_how_long_they_are_past() {
        let cases = [
            (0, "just now"),
            (59_999, "just now"),
            (MINUTE, "1 min ago"),
            (HOUR - 1, "59 min ago"),
            (HOUR, "1 h ago"),
            (12 * HOUR - 1, "11 h ago"),
            (12 * HOUR, "today 00:00"),
            (13 * HOUR, "yesterday 23:00"),
            // a clock that was set back
            (-MINUTE, "today 12:01"),
        ];
        let now = Timestamp::from_millis(NOW);
        for (ago, said) in cases {
            let at = Timestamp::from_millis(NOW - ago);
            assert_eq!(instant(at, now, Zone::UTC), said, "{ago}");
        }
    }
}
