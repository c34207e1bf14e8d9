//! Texts and moments of any shape: what must hold for all of them.

use chrono::DateTime;
use proptest::prelude::*;

use super::{tests::zone, *};

/// Some of the words dates are made of, and some that are not.
fn phrase() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "today",
            "tomorrow",
            "next",
            "last",
            "this",
            "fri",
            "Monday",
            "june",
            "may",
            "5",
            "5th",
            "31",
            "2027",
            "in",
            "3",
            "days",
            "weeks",
            "months",
            "hours",
            "ago",
            "at",
            "on",
            "of",
            "end",
            "month",
            "week",
            "year",
            "5pm",
            "17:30",
            "12",
            "am",
            "PM",
            "noon",
            "midnight",
            "tonight",
            "morning",
            "z",
            "+01:00",
            "-0500",
            "2026-12-24",
            "24/12",
            "2026-12-24T18:00",
            "9999",
            "a",
            "from",
            "now",
            "0",
            "00:00",
            "24:00",
            ".",
            "-",
            "now",
            "weekend",
            "1970-01-01",
            "9999-12-31",
            "eom",
            "feb",
            "29",
            "2026-W53-7",
            "10000",
            "start",
            "first",
            "quarter",
            "after",
            "someday",
            "17h",
            "tomorow",
            "5.1.",
            "Europe/London",
            "[Asia/Tokyo]",
            "floating",
            "UTC",
        ])
        .prop_map(str::to_owned),
        "[0-9a-z:./+-]{1,20}",
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

pub(crate) fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec![
        Zone::UTC,
        zone("Pacific/Kiritimati"),
        zone("Pacific/Apia"),
        zone("Asia/Kathmandu"),
        zone("America/New_York"),
        zone("Australia/Lord_Howe"),
    ])
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>(), now in any::<i64>(), place in any_zone()) {
        let _ = When::read(&text, now, place);
        let _ = text.parse::<When>();
    }

    #[test]
    fn what_is_read_is_written_and_shown(text in phrase(), now in EARLIEST..=LATEST, place in any_zone()) {
        if let Ok(Reading { when, .. }) = When::read(&text, now, place) {
            prop_assert_eq!(when.to_string().parse(), Ok(when));
            prop_assert!(when.show(place).is_ascii());
        }
    }

    #[test]
    fn a_day_shown_is_read_as_that_day(days in 0..2_900_000_i64, now in any::<i64>(), place in any_zone()) {
        let when = When::Day(DateTime::from_timestamp(days * 86_400, 0).unwrap().date_naive());
        prop_assert_eq!(When::read(&when.show(place), now, place).map(|reading| reading.when), Ok(when));
    }

    #[test]
    fn a_day_as_lists_show_it_is_read_as_that_day(days in 800..2_900_000_i64, away in -750..750_i64, place in any_zone()) {
        let day = |days: i64| DateTime::from_timestamp(days * 86_400, 0).unwrap();
        let (when, now) = (When::Day(day(days).date_naive()), day(days + away).timestamp_millis());
        let read = When::read(&when.show_short(now, place), now, place);
        prop_assert_eq!(read.map(|reading| reading.when), Ok(when));
    }

    #[test]
    fn a_time_as_lists_show_it_is_read_as_that_minute(
        minutes in 1_200_000..4_000_000_000_i64, away in -1_000_000..1_000_000_i64, place in any_zone(), reader in any_zone()
    ) {
        let when = When::At(minutes * 60_000).settled(place);
        let now = (minutes + away) * 60_000;
        let wall = reader.wall(minutes * 60_000);
        // Of a time that clocks show twice, what is shown is the first.
        if reader.instant(wall) == (minutes * 60_000, Fit::Exact) {
            let read = When::read(&when.show_short(now, reader), now, reader).unwrap().when;
            prop_assert_eq!(read.instant(reader), when.instant(reader));
            if when.show_short(now, reader).ends_with(')') {
                prop_assert_eq!(read, when);
            }
        }
    }

    #[test]
    fn an_instant_shown_is_read_as_that_minute(minutes in 0..4_000_000_000_i64, place in any_zone()) {
        let when = When::At(minutes * 60_000);
        let read = When::read(&when.show(place), 0, place).unwrap().when;
        prop_assert_eq!(read.instant(place), when.instant(place));
    }

    #[test]
    fn a_time_of_a_place_is_written_and_sorted_as_the_instant_it_is(
        seconds in 86_400..250_000_000_000_i64, place in any_zone(), reader in any_zone()
    ) {
        let when = When::At(seconds * 1000).settled(place);
        prop_assert_eq!(when.to_string().parse(), Ok(when));
        let again = When::zoned(place.wall(when.order(reader)), place);
        prop_assert_eq!((again.order(reader), again.order(Zone::UTC)), (when.order(reader), when.order(reader)));
    }

    #[test]
    fn any_moment_can_be_shown(millis in any::<i64>(), place in any_zone()) {
        let when = When::At(millis);
        let _ = (when.to_string(), when.show(place), when.day(place), when.order(place), when.is_past(0, place));
    }
}
