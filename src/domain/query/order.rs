//! By what dates are sorted: a key without a zone, and what it is worth where the reader is.
//!
//! Dates are sorted in one stream a kind ([`When::kind`], and [`NO_DATE`] for tasks without one). Within a stream the key is
//! the same in every zone: an instant by UTC, a day and a floating time by its digits, as if they were those of UTC. Where the
//! reader is, a day is worth one of its [`Edge`]s, and a floating time the moment at which clocks there show it; one that the
//! clocks skip is worth the moment of their change. So what a key is worth never goes backwards as the key grows, and a stream
//! that is sorted once is sorted for everybody.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::domain::when::{LATEST, When, Zone};

/// The kind of a calendar date.
pub const DAY: u8 = 1;
/// The kind of a time without a zone.
pub const FLOATING: u8 = 2;
/// The kind of what has no date; the first kinds are those of [`When::kind`].
pub const NO_DATE: u8 = 3;
/// How many kinds of dates there are.
pub const KINDS: usize = 3;

/// No clock is set forward or back by more, in ms.
const LONGEST_CHANGE: i64 = 26 * 60 * 60 * 1000;

/// Returns the kind of a date that may be missing.
pub fn kind(when: Option<When>) -> u8 {
    when.map_or(NO_DATE, |when| when.kind())
}

/// Returns what sorts `when` among dates of its kind, in ms.
pub fn key(when: When) -> i64 {
    match when.kind() {
        DAY => of_digits(when.day(Zone::UTC).into()),
        _ => when.order(Zone::UTC),
    }
}

/// Which moment of a day it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its first: what is deferred until a day comes back as the day begins.
    First,
    /// Its last: what is due on a day may be done until the day ends.
    Last,
}

impl Edge {
    fn of(self, day: NaiveDate, zone: Zone) -> i64 {
        match self {
            Self::First => zone.begin(day),
            Self::Last => zone.begin(day.succ_opt().unwrap_or(day)) - 1,
        }
    }
}

/// Returns the moment that `key` is worth in `zone`, in ms since the Unix epoch; `i64::MAX` for none.
pub fn moment(kind: u8, key: i64, edge: Edge, zone: Zone) -> i64 {
    match kind {
        DAY | FLOATING if key == i64::MAX => i64::MAX,
        DAY => edge.of(digits(key).date(), zone),
        FLOATING => clock_shows(digits(key), zone),
        _ => key,
    }
}

/// Returns the least key of `kind` that is worth `moment` or something later in `zone`.
pub fn least_key(kind: u8, moment: i64, edge: Edge, zone: Zone) -> i64 {
    match kind {
        NO_DATE => i64::MAX,
        DAY | FLOATING if moment > LATEST + LONGEST_CHANGE => i64::MAX,
        DAY => {
            let mut day = zone.today(moment);
            while let Some(before) = day.pred_opt()
                && edge.of(before, zone) >= moment
            {
                day = before;
            }
            while edge.of(day, zone) < moment
                && let Some(next) = day.succ_opt()
            {
                day = next;
            }
            of_digits(day.into())
        }
        FLOATING => {
            let shown = of_digits(zone.wall(moment));
            let worth = |key| clock_shows(digits(key), zone);
            if worth(shown) >= moment && worth(shown - 1) < moment {
                return shown;
            }
            // The clocks are being changed.
            least(shown - LONGEST_CHANGE, shown + LONGEST_CHANGE, |key| {
                worth(key) >= moment
            })
        }
        _ => moment,
    }
}

/// For each kind of date, the least key that is worth some moment or something later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys(pub [i64; KINDS]);

impl Keys {
    /// Returns the keys of what is due at `moment` or later, in ms since the Unix epoch, in `zone`.
    pub fn at(moment: i64, zone: Zone) -> Self {
        Self::least(moment, Edge::Last, zone)
    }

    /// Returns the keys of what has not come at `now`.
    pub fn after(now: i64, zone: Zone) -> Self {
        Self::least(now + 1, Edge::First, zone)
    }

    fn least(moment: i64, edge: Edge, zone: Zone) -> Self {
        Self([0, DAY, FLOATING].map(|kind| least_key(kind, moment, edge, zone)))
    }

    /// Returns those of both that lie later.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        Self(std::array::from_fn(|kind| self.0[kind].max(other.0[kind])))
    }

    /// Returns those of both that lie earlier.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        Self(std::array::from_fn(|kind| self.0[kind].min(other.0[kind])))
    }
}

/// How many ranks there are: what is left below them in the second number of a place says how far its key lies above the least
/// that is worth the same.
const RANKS: i64 = 4;

/// Returns the place of a date among all kinds: what it is worth in `zone`, and then its rank. Two keys of a kind that are worth
/// the same stay apart.
pub fn place(kind: u8, key: i64, rank: i64, edge: Edge, zone: Zone) -> (i64, i64) {
    let worth = moment(kind, key, edge, zone);
    let apart = match kind {
        DAY | FLOATING if key < i64::MAX => key - least_key(kind, worth, edge, zone),
        _ => 0,
    };
    (worth, rank + RANKS * apart)
}

/// Returns key, rank and id in the stream of `kind` after which all lies that comes after `place` and `id` among all kinds.
pub fn bound(kind: u8, place: (i64, i64), id: i64, edge: Edge, zone: Zone) -> (i64, i64, i64) {
    let (worth, second) = place;
    let least = least_key(kind, worth, edge, zone);
    let before = |key: i64| (key.saturating_sub(1), i64::MAX, i64::MAX);
    if moment(kind, least, edge, zone) > worth {
        return before(least);
    }
    let (apart, rank) = (second.div_euclid(RANKS), second.rem_euclid(RANKS));
    let end = match kind {
        DAY | FLOATING => least_key(kind, worth.saturating_add(1), edge, zone),
        _ => least.saturating_add(1),
    };
    match least.saturating_add(apart) {
        _ if apart < 0 => before(least),
        // Nothing of this kind is worth the same and comes later.
        key if key >= end && apart > 0 => before(end),
        key => (key, rank, id),
    }
}

/// Returns the first moment at which clocks in `zone` show `wall` or something later than it.
fn clock_shows(wall: NaiveDateTime, zone: Zone) -> i64 {
    let (at, _) = zone.instant(wall);
    if !(0..=LATEST).contains(&at) || zone.wall(at) == wall {
        return at;
    }
    least(at - LONGEST_CHANGE, at, |at| zone.wall(at) > wall)
}

/// Returns the least number above `low`, and up to `high`, that `holds` is true of; it is so of all above that.
fn least(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

fn digits(key: i64) -> NaiveDateTime {
    let key = key.clamp(-LONGEST_CHANGE, LATEST + LONGEST_CHANGE);
    DateTime::from_timestamp_millis(key).map_or(NaiveDateTime::MIN, |at| at.naive_utc())
}

fn of_digits(wall: NaiveDateTime) -> i64 {
    wall.and_utc().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::when::tests::zone;

    const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
    const ZONES: [&str; 9] = [
        "UTC",
        "Pacific/Kiritimati",
        "Pacific/Honolulu",
        "Pacific/Pago_Pago",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/Santiago",
        "Asia/Kathmandu",
    ];

    fn millis(text: &str) -> i64 {
        let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        of_digits(wall)
    }

    #[test]
    fn a_floating_time_that_the_clocks_skip_is_worth_the_moment_of_their_change() {
        let berlin = zone("Europe/Berlin");
        let change = millis("2027-03-28 01:00");
        for (wall, at) in [
            ("2027-03-28 01:59", "2027-03-28 00:59"),
            ("2027-03-28 02:00", "2027-03-28 01:00"),
            ("2027-03-28 02:30", "2027-03-28 01:00"),
            ("2027-03-28 03:00", "2027-03-28 01:00"),
            ("2027-03-28 03:01", "2027-03-28 01:01"),
        ] {
            let worth = moment(FLOATING, millis(wall), Edge::Last, berlin);
            assert_eq!(worth, millis(at), "{wall}");
        }
        assert_eq!(
            least_key(FLOATING, change, Edge::Last, berlin),
            millis("2027-03-28 02:00")
        );
        // In the second of two equal hours, what comes next is what comes after both.
        assert_eq!(
            least_key(FLOATING, millis("2026-10-25 01:30"), Edge::Last, berlin),
            millis("2026-10-25 03:00")
        );
    }

    #[test]
    fn a_day_is_worth_its_first_or_its_last_moment_where_the_reader_is() {
        let day = millis("2026-12-24 00:00");
        for (place, first, next) in [
            ("Pacific/Kiritimati", "2026-12-23 10:00", "2026-12-24 10:00"),
            ("Pacific/Honolulu", "2026-12-24 10:00", "2026-12-25 10:00"),
            ("UTC", "2026-12-24 00:00", "2026-12-25 00:00"),
        ] {
            let zone = zone(place);
            for (edge, worth) in [(Edge::First, millis(first)), (Edge::Last, millis(next) - 1)] {
                assert_eq!(moment(DAY, day, edge, zone), worth, "{place}");
                assert_eq!(least_key(DAY, worth, edge, zone), day, "{place}");
                assert_eq!(
                    least_key(DAY, worth + 1, edge, zone),
                    day + DAY_MILLIS,
                    "{place}"
                );
            }
        }
    }

    #[test]
    fn a_day_has_come_with_its_first_moment_and_is_past_after_its_last() {
        let noon = millis("2026-12-24 12:00");
        let Keys([at, day, floating]) = Keys::after(noon, Zone::UTC);
        assert_eq!(
            (at, day, floating),
            (noon + 1, millis("2026-12-25 00:00"), noon + 1)
        );
        let Keys([at, day, floating]) = Keys::at(noon, Zone::UTC);
        assert_eq!(
            (at, day, floating),
            (noon, millis("2026-12-24 00:00"), noon)
        );
    }

    fn edges() -> impl Strategy<Value = Edge> {
        prop::sample::select(vec![Edge::First, Edge::Last])
    }

    proptest! {
        #[test]
        fn what_a_key_is_worth_never_goes_backwards(
            place in prop::sample::select(ZONES.to_vec()), edge in edges(), kind in DAY..=FLOATING, quarter in 0..2_000_000_i64,
            step in 1..200_i64,
        ) {
            let zone = zone(place);
            let unit = if kind == DAY { DAY_MILLIS } else { 15 * 60_000 };
            let from = if kind == DAY { quarter / 96 } else { quarter };
            let (early, late) = (from * unit, (from + step) * unit);
            prop_assert!(moment(kind, early, edge, zone) <= moment(kind, late, edge, zone));
            prop_assert!(super::place(kind, early, 3, edge, zone) < super::place(kind, late, 0, edge, zone));
        }

        #[test]
        fn what_comes_after_a_place_lies_after_its_bound_in_every_stream(
            name in prop::sample::select(ZONES.to_vec()), edge in edges(), quarter in 500_000..1_990_000_i64,
            one in (0..=NO_DATE, -100..100_i64, 0..4_i64, 1..4_i64), other in (0..=NO_DATE, -100..100_i64, 0..4_i64, 1..4_i64),
        ) {
            let zone = zone(name);
            let key = |kind: u8, quarters: i64| match kind {
                NO_DATE => i64::MAX,
                DAY => (quarter / 96 + quarters) * DAY_MILLIS,
                _ => (quarter + quarters) * 15 * 60_000,
            };
            let (kind, quarters, rank, id) = one;
            let at = super::place(kind, key(kind, quarters), rank, edge, zone);
            let (other_kind, quarters, other_rank, other_id) = other;
            let other_key = key(other_kind, quarters);
            let comes_after = (super::place(other_kind, other_key, other_rank, edge, zone), other_id) > (at, id);
            let lies_after = (other_key, other_rank, other_id) > bound(other_kind, at, id, edge, zone);
            prop_assert_eq!(comes_after, lies_after);
        }

        #[test]
        fn the_least_key_is_the_first_that_is_worth_a_moment(
            name in prop::sample::select(ZONES.to_vec()), edge in edges(), kind in DAY..=FLOATING, minute in 10_000_000..40_000_000_i64,
        ) {
            let (zone, at) = (zone(name), minute * 60_000);
            let key = least_key(kind, at, edge, zone);
            let step = if kind == DAY { DAY_MILLIS } else { 1 };
            prop_assert!(moment(kind, key, edge, zone) >= at);
            prop_assert!(moment(kind, key - step, edge, zone) < at);
        }
    }
}
