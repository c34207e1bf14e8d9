//! Tables of rules and their dates.

use super::*;
use crate::domain::when::tests::{rows, zone};

mod reading;

fn when(text: &str) -> When {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn repeat(text: &str) -> Repeat {
    Repeat::read(text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The moment of a date: of a time itself, of a day its noon in the zone.
fn moment(of: &When, place: Zone) -> i64 {
    let noon = || {
        place
            .instant(of.day(place).and_hms_opt(12, 0, 0).unwrap())
            .0
    };
    of.instant(place).unwrap_or_else(noon)
}

/// The first dates after the anchor, each done when it is due; `end` where the series ends before.
fn series(rule: &str, anchor: &str, place: &str, length: usize) -> String {
    let (mut rule, anchor, place) = (repeat(rule), when(anchor), zone(place));
    let mut current = anchor;
    let mut given = Vec::new();
    while given.len() < length {
        let Some(next) = rule.next(&anchor, &current, moment(&current, place), place) else {
            given.push("end".to_owned());
            break;
        };
        given.push(next.to_string());
        current = next;
        rule = rule.advance().unwrap();
    }
    given.join(", ")
}

const SERIES: &str = "
    every day | 2026-12-30 | 2026-12-31, 2027-01-01, 2027-01-02
    every 3 days | 2028-02-27 | 2028-03-01, 2028-03-04
    every weekday | 2026-12-31 | 2027-01-01, 2027-01-04, 2027-01-05
    every weekend | 2026-11-28 | 2026-12-05, 2026-12-12
    weekly | 2026-12-29 | 2027-01-05, 2027-01-12
    every 2 weeks on mon and thu | 2026-12-14 | 2026-12-17, 2026-12-28, 2026-12-31, 2027-01-11
    # the anchor need not be a day of the rule
    every 2 weeks on mon | 2026-11-25 | 2026-12-07, 2026-12-21
    # the ends of months
    monthly | 2027-01-15 | 2027-02-15, 2027-03-15
    monthly | 2027-01-31 | 2027-02-28, 2027-03-31, 2027-04-30, 2027-05-31
    monthly | 2028-01-30 | 2028-02-29, 2028-03-30
    monthly | 2027-01-29 | 2027-02-28, 2027-03-29
    monthly on the 31st | 2027-01-31 | 2027-02-28, 2027-03-31, 2027-04-30
    monthly on the 31st | 2027-11-30 | 2027-12-31, 2028-01-31, 2028-02-29
    monthly on the 30th | 2027-01-30 | 2027-02-28, 2027-03-30
    every month on the last day | 2026-11-30 | 2026-12-31, 2027-01-31, 2027-02-28
    every 3 months | 2026-11-30 | 2027-02-28, 2027-05-30, 2027-08-30
    every 15th and 31st | 2027-01-15 | 2027-01-31, 2027-02-15, 2027-02-28
    FREQ=MONTHLY;BYMONTHDAY=31 | 2027-01-31 | 2027-03-31, 2027-05-31, 2027-07-31
    first monday of the month | 2026-12-07 | 2027-01-04, 2027-02-01
    every last friday | 2026-11-27 | 2026-12-25, 2027-01-29
    last weekday of the month | 2026-12-31 | 2027-01-29, 2027-02-26
    FREQ=MONTHLY;BYDAY=5MO | 2026-11-30 | 2027-03-29, 2027-05-31
    FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13 | 2026-11-13 | 2027-08-13, 2028-10-13
    # the ends of years, and leap days
    yearly | 2026-12-31 | 2027-12-31, 2028-12-31
    yearly | 2028-02-29 | 2029-02-28, 2030-02-28, 2031-02-28, 2032-02-29
    every year on feb 29 | 2027-02-28 | 2028-02-29, 2029-02-28
    # years counted from a year that never has the day are counted from the first that has it
    every 4 years on feb 29 | 2026-12-01 | 2028-02-29, 2032-02-29, 2036-02-29
    every 4 years on feb 29 | 2030-02-28 | 2032-02-29, 2036-02-29
    every 2 years on feb 29 | 2027-06-01 | 2028-02-29, 2030-02-28, 2032-02-29
    every 3 years on feb 29 | 2026-12-01 | 2029-02-28, 2032-02-29, 2035-02-28
    every 8 years on feb 29 | 2027-01-01 | 2028-02-29, 2036-02-29
    # days that are left out
    FREQ=WEEKLY;BYDAY=WE;X-EXDATE=20261209,20261216 | 2026-12-02 | 2026-12-23, 2026-12-30
    FREQ=DAILY;UNTIL=20261204;X-EXDATE=20261204 | 2026-12-02 | 2026-12-03, end
    every 4 years | 2028-02-29 | 2032-02-29, 2036-02-29
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29 | 2028-02-29 | 2032-02-29, 2036-02-29
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29 | 2096-02-29 | 2104-02-29
    every jun 5 | 2026-06-05 | 2027-06-05
    4th thursday of november | 2026-11-26 | 2027-11-25, 2028-11-23
    FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO | 2026-12-28 | 2032-12-27, 2037-12-28
    FREQ=YEARLY;BYYEARDAY=-1 | 2026-12-31 | 2027-12-31
    # the end of a series
    every day until 2027-01-02 | 2026-12-31 | 2027-01-01, 2027-01-02, end
    every day for 3 times | 2026-12-31 | 2027-01-01, 2027-01-02, end
    every day for 1 time | 2026-12-31 | end
    FREQ=DAILY | 9999-12-30 | 9999-12-31, end
    # a phase that meets no day of the rule
    FREQ=DAILY;INTERVAL=7;BYDAY=MO | 2026-11-24 | end
    FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29 | 2027-03-01 | end
";

#[test]
fn a_series_of_days_is_the_same_in_every_zone() {
    for [rule, anchor, dates] in rows(SERIES) {
        let length = dates.split(", ").count();
        for place in [
            "Pacific/Kiritimati",
            "Asia/Kathmandu",
            "America/New_York",
            "Australia/Lord_Howe",
            "UTC",
        ] {
            assert_eq!(
                series(rule, anchor, place, length),
                dates,
                "{rule} from {anchor} in {place}"
            );
        }
    }
}

#[test]
fn a_time_stays_on_the_wall_through_both_changes_of_the_clocks() {
    let cases = "
        # 17:00 in New York, summer time from March 14
        every day | 2027-03-12T22:00:00.000Z | America/New_York | 2027-03-13T22:00:00.000Z, 2027-03-14T21:00:00.000Z, 2027-03-15T21:00:00.000Z
        # and until November 7
        weekly | 2027-11-01T21:00:00.000Z | America/New_York | 2027-11-08T22:00:00.000Z, 2027-11-15T22:00:00.000Z
        # the place that the date names decides, and not the one of the reader
        every day | 2027-03-12T17:00[America/New_York] | Asia/Tokyo | 2027-03-13T17:00[America/New_York], 2027-03-14T17:00[America/New_York]
        every fri | 2026-12-04T17:00[America/Los_Angeles] | UTC | 2026-12-11T17:00[America/Los_Angeles]
        every day | 2027-03-27T02:30[Europe/Berlin] | UTC | 2027-03-28T02:30[Europe/Berlin], 2027-03-29T02:30[Europe/Berlin]
        every day | 2027-03-27T02:30 | America/New_York | 2027-03-28T02:30, 2027-03-29T02:30
        # 02:30 is skipped once, and only that day
        every day | 2027-03-12T07:30:00.000Z | America/New_York | 2027-03-13T07:30:00.000Z, 2027-03-14T07:30:00.000Z, 2027-03-15T06:30:00.000Z
        # 01:30 comes twice, the first counts
        every day | 2027-11-06T05:30:00.000Z | America/New_York | 2027-11-07T05:30:00.000Z, 2027-11-08T06:30:00.000Z
        # half an hour in Lord Howe: 02:15 is skipped on October 3
        every day | 2027-10-01T15:45:00.000Z | Australia/Lord_Howe | 2027-10-02T15:45:00.000Z, 2027-10-03T15:15:00.000Z
        # and 01:45 comes twice on April 4
        every day | 2027-04-02T14:45:00.000Z | Australia/Lord_Howe | 2027-04-03T14:45:00.000Z, 2027-04-04T15:15:00.000Z
        # 00:30 on the 31st, the day before in UTC
        monthly | 2027-01-30T10:30:00.000Z | Pacific/Kiritimati | 2027-02-27T10:30:00.000Z, 2027-03-30T10:30:00.000Z
        # Monday 05:00, Sunday in UTC
        every mon | 2026-11-22T23:15:00.000Z | Asia/Kathmandu | 2026-11-29T23:15:00.000Z, 2026-12-06T23:15:00.000Z
    ";
    for [rule, anchor, place, dates] in rows(cases) {
        assert_eq!(
            series(rule, anchor, place, dates.split(", ").count()),
            dates,
            "{rule} from {anchor} in {place}"
        );
    }
}

#[test]
fn what_was_missed_is_skipped_and_what_is_ahead_today_is_not() {
    let cases = "
        # rule | anchor | the one done | when it is done in New York | next
        every day | 2026-11-01 | 2026-11-20 | 2026-11-25 09:00 | 2026-11-26
        every day | 2026-11-01 | 2026-11-25 | 2026-11-25 09:00 | 2026-11-26
        # done early
        every day | 2026-11-01 | 2026-11-26 | 2026-11-25 09:00 | 2026-11-27
        every weekday | 2026-11-02 | 2026-11-20 | 2026-11-23 09:00 | 2026-11-24
        every mon | 2026-11-02 | 2026-11-02 | 2026-11-25 09:00 | 2026-11-30
        every 2 weeks | 2026-11-02 | 2026-11-02 | 2026-11-25 09:00 | 2026-11-30
        every 2 weeks | 2026-11-02 | 2026-11-02 | 2026-11-30 09:00 | 2026-12-14
        monthly on the 31st | 2026-01-31 | 2026-08-31 | 2026-11-25 09:00 | 2026-11-30
        yearly | 2020-02-29 | 2024-02-29 | 2026-11-25 09:00 | 2027-02-28
        every day | 2026-11-01 | 2026-11-24 | 2026-11-25 23:59 | 2026-11-26
        # 17:00 in New York
        every day | 2026-11-20T22:00:00.000Z | 2026-11-23T22:00:00.000Z | 2026-11-25 09:00 | 2026-11-25T22:00:00.000Z
        every day | 2026-11-20T22:00:00.000Z | 2026-11-23T22:00:00.000Z | 2026-11-25 17:00 | 2026-11-26T22:00:00.000Z
        every day | 2026-11-20T22:00:00.000Z | 2026-11-25T22:00:00.000Z | 2026-11-25 09:00 | 2026-11-26T22:00:00.000Z
        # one instance was given another date, or another time
        every mon | 2026-11-02 | 2026-11-25 | 2026-11-25 09:00 | 2026-11-30
        every day | 2026-11-20T22:00:00.000Z | 2026-11-25 | 2026-11-25 09:00 | 2026-11-26T22:00:00.000Z
        every day | 2026-11-20 | 2026-11-25T22:00:00.000Z | 2026-11-25 09:00 | 2026-11-26
        # the series has not begun
        every mon | 2027-02-01 | 2026-11-25 | 2026-11-25 09:00 | 2027-02-01
        # the series ends
        every day until 2026-11-25 | 2026-11-01 | 2026-11-20 | 2026-11-25 09:00 |
        FREQ=DAILY;UNTIL=20261126T215959Z | 2026-11-20T22:00:00.000Z | 2026-11-25T22:00:00.000Z | 2026-11-25 18:00 |
        FREQ=DAILY;UNTIL=20261126T220000Z | 2026-11-20T22:00:00.000Z | 2026-11-25T22:00:00.000Z | 2026-11-25 18:00 | 2026-11-26T22:00:00.000Z
    ";
    let place = zone("America/New_York");
    for [rule, anchor, current, now, next] in rows(cases) {
        let wall = chrono::NaiveDateTime::parse_from_str(now, "%Y-%m-%d %H:%M").unwrap();
        let given = repeat(rule).next(&when(anchor), &when(current), place.instant(wall).0, place);
        let given = given.map(|when| when.to_string()).unwrap_or_default();
        assert_eq!(given, next, "{rule} from {anchor}, {current} done at {now}");
    }
}

#[test]
fn without_a_due_date_the_first_day_is_the_next_of_the_rule() {
    let cases = "
        every day | 2026-11-25
        every weekday | 2026-11-25
        every 2 weeks on mon | 2026-11-30
        every 3 months on the 1st | 2026-12-01
        monthly | 2026-11-25
        monthly on the 31st | 2026-11-30
        every 2 years on jun 5 | 2027-06-05
        every year on feb 29 | 2027-02-28
        # of the years of the first interval the one that has the day
        every 2 years on feb 29 | 2028-02-29
        every 3 years on feb 29 | 2028-02-29
        every 5 years on feb 29 | 2028-02-29
        every day until 2026-11-24 |
        every day until 2026-11-25 | 2026-11-25
    ";
    for [rule, day] in rows(cases) {
        let first = repeat(rule).first(date("2026-11-25"), Zone::UTC);
        assert_eq!(
            first.map(|when| when.to_string()).unwrap_or_default(),
            day,
            "{rule}"
        );
    }
}

#[test]
fn completing_uses_up_what_is_counted() {
    let rule = repeat("every day for 2 times");
    let left = rule.advance().unwrap();
    assert_eq!(
        (left.count(), left.words(Zone::UTC).as_str()),
        (Some(1), "every day, 1 time")
    );
    assert_eq!(left.advance(), None);
    let endless = repeat("every day");
    assert_eq!(endless.advance(), Some(endless));
}

#[test]
fn an_anchored_rule_says_what_the_anchor_said() {
    let cases = "
        monthly | 2027-01-31 | every month on the 31st
        monthly | 2027-01-05 | every month on the 5th
        every 2 weeks | 2026-11-25 | every 2 weeks on Wed
        yearly | 2028-02-29 | every year on Feb 29
        yearly | 2028-06-30 | every year on Jun 30
        every day | 2027-01-31 | every day
        every fri | 2026-11-25 | every Fri
    ";
    for [rule, anchor, words] in rows(cases) {
        assert_eq!(
            repeat(rule)
                .anchored(&when(anchor), Zone::UTC)
                .words(Zone::UTC),
            words,
            "{rule} from {anchor}"
        );
    }
}

#[test]
fn an_end_at_an_instant_is_the_last_day_of_the_series_on_which_a_date_comes_whoever_reads() {
    let cases = "
        20261204T090000Z | 2026-12-01T10:00[UTC] | 2026-12-03
        20261204T100000Z | 2026-12-01T10:00[UTC] | 2026-12-04
        20261206T070000Z | 2026-12-01T09:00[Europe/Berlin] | 2026-12-05
        20261205T040000Z | 2026-12-01T20:00[America/Los_Angeles] | 2026-12-04
        20261203T235959Z | 2026-12-01T08:00[Asia/Tokyo] | 2026-12-04
        20261204T090000Z | 2026-12-01 | 2026-12-04
        # a day that Apia left out
        20111230T101000Z | 2011-12-28T08:00[Pacific/Apia] | 2011-12-29
        # the first and the last day that a date can have
        19700101T000000Z | 2026-12-01T20:00[America/Los_Angeles] | 1970-01-01
        99991231T235959Z | 2026-12-01T08:00[Asia/Tokyo] | 9999-12-31
    ";
    for [end, anchor, last] in rows(cases) {
        let rule = repeat(&format!("FREQ=DAILY;UNTIL={end}"));
        for reader in ["UTC", "America/Los_Angeles", "Asia/Tokyo"] {
            if when(anchor).other_zone(Zone::UTC).is_none() && reader != "UTC" {
                continue;
            }
            let words = rule
                .anchored(&when(anchor), zone(reader))
                .words(zone(reader));
            assert_eq!(
                words,
                format!("every day until {last}"),
                "{end} from {anchor} in {reader}"
            );
        }
    }
}

#[test]
fn a_rule_is_stored_as_its_text() {
    let rule: Repeat = serde_json::from_str("\"FREQ=WEEKLY;BYDAY=MO\"").unwrap();
    assert_eq!(
        serde_json::to_string(&rule).unwrap(),
        "\"FREQ=WEEKLY;BYDAY=MO\""
    );
    assert!(serde_json::from_str::<Repeat>("\"every mon\"").is_err());
}

#[test]
fn every_second_week_is_a_week_as_the_user_has_it() {
    let sunday_first = Zone::UTC.with_week_start(chrono::Weekday::Sun);
    let read = |text| Repeat::read_at(text, None, 0, sunday_first).unwrap().repeat;
    let rule = read("every 2 weeks on sun and mon");
    assert_eq!(
        rule.to_string(),
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU"
    );
    // Sunday the 4th and Monday the 5th of January 2026 are in one week.
    let next = |current: &str| rule.next(&when("2026-01-04"), &when(current), 0, sunday_first);
    assert_eq!(next("2026-01-04"), Some(when("2026-01-05")));
    assert_eq!(next("2026-01-05"), Some(when("2026-01-18")));

    assert_eq!(rule.words(sunday_first), "every 2 weeks on Mon, Sun");
    assert_eq!(rule.words(Zone::UTC), rule.to_string());
    for text in [
        "every week on sun",
        "every 2 weeks",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
    ] {
        assert_eq!(read(text), repeat(text), "{text}");
    }
}

#[test]
fn a_series_comes_from_a_day_if_it_has_that_or_a_later_one_and_goes_on() {
    // 2026-11-30 is a Monday.
    let cases = "
        FREQ=DAILY;INTERVAL=7;BYDAY=MO | 2026-11-30 | true
        FREQ=DAILY;INTERVAL=7;BYDAY=TU | 2026-11-30 | false
        FREQ=MONTHLY;INTERVAL=12;BYMONTH=1 | 2026-11-30 | false
        FREQ=MONTHLY;INTERVAL=12;BYMONTH=11 | 2026-11-30 | true
        FREQ=YEARLY;INTERVAL=9000 | 2026-11-30 | false
        FREQ=YEARLY;INTERVAL=9000;COUNT=1 | 2026-11-30 | true
        weekly | 2026-11-30 | true
        every tue | 2026-11-30 | true
        every tue until 2026-11-30 | 2026-11-30 | false
        every day until 2026-11-29 | 2026-11-30 | false
        every day until 2026-11-30 | 2026-11-30 | true
        every day for 1 time | 2026-11-30 | true
        every feb 29 | 9998-03-01 | false
    ";
    for [rule, start, comes] in rows(cases) {
        let answer = repeat(rule).comes_from(&when(start), Zone::UTC);
        assert_eq!(answer.to_string(), comes, "{rule} from {start}");
    }
}

#[test]
fn a_rule_that_counts_from_completion_goes_on_from_that_day_early_or_late() {
    let zone = Zone::UTC;
    let day = |text: &str| When::try_from(text.to_owned()).unwrap();
    let at = |text: &str| zone.begin(day(text).day(zone)) + 12 * 60 * 60 * 1000;
    for (words, due, done, next) in [
        (
            "every 3 days after completion",
            "2026-11-20",
            "2026-11-28",
            Some("2026-12-01"),
        ),
        (
            "every 3 days after completion",
            "2026-12-10",
            "2026-11-28",
            Some("2026-12-01"),
        ),
        (
            "every 2 weeks after completion",
            "2026-11-27",
            "2026-11-28",
            Some("2026-12-12"),
        ),
        (
            "every month after completion",
            "2027-01-05",
            "2027-01-31",
            Some("2027-02-28"),
        ),
        (
            "every day after completion, 1 time",
            "2026-11-27",
            "2026-11-28",
            None,
        ),
        (
            "every week after completion until 2026-12-01",
            "2026-11-27",
            "2026-11-28",
            None,
        ),
    ] {
        let due = day(due);
        let found = repeat(words).next(&due, &due, at(done), zone);
        assert_eq!(found, next.map(day), "{words} {done}");
    }
    let due = When::At(at("2026-11-20") + 5 * 60 * 60 * 1000);
    let next = repeat("every 3 days after completion").next(&due, &due, at("2026-11-28"), zone);
    assert_eq!(next, Some(When::At(at("2026-12-01") + 5 * 60 * 60 * 1000)));
}
