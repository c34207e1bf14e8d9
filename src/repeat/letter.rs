//! Rules of any shape: the library held against a plain enumeration, and what must hold for all of them.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use proptest::prelude::*;
use rrule::Frequency;

use super::rule::Rule;
use super::*;
use crate::when::any::any_zone;

/// The days of a rule by the letter of RFC 5545: each period in phase, its days that fit, the positions of those.
fn enumerate(rule: &Rule, anchor: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    let mut given = Vec::new();
    let mut first = match rule.freq {
        Frequency::Daily => anchor,
        Frequency::Weekly => anchor.week(rule.week_start).first_day(),
        Frequency::Monthly => anchor.with_day(1).unwrap(),
        _ => anchor.with_ordinal(1).unwrap(),
    };
    while first <= until {
        let step = u32::from(rule.interval);
        let (period_end, next) = match rule.freq {
            Frequency::Daily => (first + Days::new(1), first + Days::new(step.into())),
            Frequency::Weekly => (first + Days::new(7), first + Days::new(u64::from(step) * 7)),
            Frequency::Monthly => (
                first + chrono::Months::new(1),
                first + chrono::Months::new(step),
            ),
            _ => (
                first + chrono::Months::new(12),
                first + chrono::Months::new(12 * step),
            ),
        };
        let days: Vec<NaiveDate> = first
            .iter_days()
            .take_while(|day| *day < period_end)
            .filter(|day| fits(rule, *day))
            .collect();
        let mut chosen: Vec<NaiveDate> = if rule.positions.is_empty() {
            days
        } else {
            let at = |position: &i32| {
                let number = position.unsigned_abs() as usize;
                if *position < 0 {
                    days.len().checked_sub(number)
                } else {
                    Some(number - 1)
                }
            };
            rule.positions
                .iter()
                .filter_map(at)
                .filter_map(|index| days.get(index).copied())
                .collect()
        };
        chosen.sort_unstable();
        chosen.dedup();
        given.extend(
            chosen
                .into_iter()
                .filter(|day| *day >= anchor && *day <= until),
        );
        first = next;
    }
    given
}

fn fits(rule: &Rule, day: NaiveDate) -> bool {
    let month_length = i64::from(day.num_days_in_month());
    let year_length = if day.leap_year() { 366 } else { 365 };
    let both_ways = |number: i64, length: i64| [number, number - length - 1];
    let in_month = both_ways(day.day().into(), month_length);
    let in_year = both_ways(day.ordinal().into(), year_length);
    let is_counted_in_month = rule.freq == Frequency::Monthly || !rule.months.is_empty();
    let (number, length) = if is_counted_in_month {
        (in_month[0], month_length)
    } else {
        (in_year[0], year_length)
    };
    let of_weekday = [(number - 1) / 7 + 1, -((length - number) / 7 + 1)];
    let any = |list: &[i64], of: [i64; 2]| {
        list.is_empty() || list.iter().any(|number| of.contains(number))
    };
    let longs = |list: &[i8]| {
        list.iter()
            .map(|number| i64::from(*number))
            .collect::<Vec<_>>()
    };
    let year_days: Vec<i64> = rule
        .year_days
        .iter()
        .map(|number| i64::from(*number))
        .collect();
    (rule.months.is_empty()
        || rule
            .months
            .iter()
            .any(|month| u32::from(*month) == day.month()))
        && any(&longs(&rule.month_days), in_month)
        && any(&year_days, in_year)
        && (rule.days.is_empty()
            || rule.days.iter().any(|(nth, weekday)| {
                *weekday == day.weekday() && (*nth == 0 || of_weekday.contains(&i64::from(*nth)))
            }))
}

fn any_weekday() -> impl Strategy<Value = Weekday> {
    (0..7_u8).prop_map(|number| Weekday::try_from(number).unwrap())
}

/// Any rule that [`Rule::parse`] takes; week numbers in one of `with_weeks`.
fn any_rule(with_weeks: bool) -> impl Strategy<Value = Rule> {
    let some = |range: std::ops::RangeInclusive<i16>| {
        prop::collection::vec(range.prop_filter("0", |n| *n != 0), 0..4)
    };
    (
        prop::sample::select(vec![Frequency::Daily, Frequency::Weekly, Frequency::Monthly, Frequency::Yearly]),
        prop_oneof![3 => 1..4_u16, 1 => 1..60_u16],
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(1..=12_u8, 1..4)],
        prop_oneof![1 => Just(Vec::new()), 1 => some(-31..=31)],
        prop_oneof![3 => Just(Vec::new()), 1 => some(-366..=366)],
        prop::collection::vec((-5..=5_i16, any_weekday()), 0..4),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec((-9..=9_i32).prop_filter("0", |n| *n != 0), 1..3)],
        any_weekday(),
        if with_weeks { prop_oneof![1 => Just(Vec::new()), 2 => some(-53..=53)].boxed() } else { Just(Vec::new()).boxed() },
    )
        .prop_map(|(freq, interval, months, month_days, year_days, days, positions, week_start, weeks)| {
            let mut rule = Rule::new(freq, interval);
            rule.months = months;
            if freq != Frequency::Weekly {
                rule.month_days = month_days.into_iter().map(|day| i8::try_from(day).unwrap()).collect();
            }
            if freq == Frequency::Yearly {
                rule.year_days = year_days;
                rule.weeks = weeks.into_iter().map(|week| i8::try_from(week).unwrap()).collect();
            }
            // all numbered or none
            let can_number = matches!(freq, Frequency::Monthly | Frequency::Yearly) && rule.weeks.is_empty();
            let is_numbered = can_number && days.iter().all(|(nth, _)| *nth != 0);
            rule.days = days.into_iter().map(|(nth, day)| (if is_numbered { nth } else { 0 }, day)).collect();
            rule.positions = positions;
            rule.week_start = week_start;
            rule
        })
        .prop_filter_map("no rule", |rule| Rule::parse(&rule.to_string()).ok())
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0..50_000_u64).prop_map(|days| NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + Days::new(days))
}

fn any_when() -> impl Strategy<Value = When> {
    prop_oneof![
        any_day().prop_map(When::Day),
        (600_000_000..3_000_000_000_i64).prop_map(|s| When::At(s * 1000))
    ]
}

fn phrase() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "every",
        "other",
        "day",
        "daily",
        "week",
        "weeks",
        "weekly",
        "month",
        "monthly",
        "year",
        "on",
        "the",
        "of",
        "first",
        "last",
        "2nd",
        "31st",
        "15th",
        "monday",
        "fri",
        "weekday",
        "weekend",
        "jun",
        "feb",
        "29",
        "30",
        "2",
        "3",
        "and",
        "until",
        "2027-01-01",
        "for",
        "5",
        "times",
        "FREQ=DAILY",
        "FREQ=MONTHLY;",
        "BYDAY=1MO",
        "COUNT=2",
        "0",
        "9999",
    ]);
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = Repeat::read(&text);
        let _ = Repeat::try_from(text);
    }

    #[test]
    fn reading_rules_of_any_shape_never_panics(text in "(RRULE:)?(FREQ|INTERVAL|BY[A-Z]{3,8}|COUNT|UNTIL|WKST|[;=,+-]|[A-Z0-9]{1,8}|.){0,12}") {
        let _ = Repeat::read(&text);
    }

    #[test]
    fn words_are_read_as_the_rule_they_told(text in phrase()) {
        if let Ok(rule) = Repeat::read(&text) {
            prop_assert_eq!(Repeat::read(&rule.words()), Ok(rule.clone()));
            prop_assert_eq!(Repeat::try_from(rule.to_string()), Ok(rule));
        }
    }

    #[test]
    fn any_rule_is_read_from_its_words(rule in any_rule(true)) {
        prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule.clone()));
        if rule.ever_comes() {
            let rule = Repeat(rule);
            prop_assert_eq!(Repeat::read(&rule.words()), Ok(rule));
        }
    }

    #[test]
    fn the_library_agrees_with_the_letter_of_the_rfc(rule in any_rule(false), anchor in any_day(), later in 0..4000_u64) {
        let rule = rule.fixed(anchor);
        let from = anchor + Days::new(later);
        let until = from + Days::new(4000);
        let all = enumerate(&rule, anchor, until);
        let wanted: Vec<_> = all.into_iter().filter(|day| *day >= from).take(2).collect();
        let given: Vec<_> = rule.dates(anchor, from).into_iter().filter(|day| *day <= until).collect();
        prop_assert_eq!(given, wanted, "{} from {}", rule, anchor);
    }

    #[test]
    fn the_next_is_after_the_one_done_and_has_not_begun(
        rule in any_rule(true), anchor in any_when(), current in any_when(), now in 600_000_000..3_000_000_000_i64, place in any_zone(),
    ) {
        let now = now * 1000;
        if let Some(next) = Repeat(rule).next(&anchor, &current, now, place) {
            prop_assert!(next.order(place) > current.order(place) || matches!((next, current), (When::At(_), When::At(_))));
            prop_assert!(next.day(place) >= anchor.day(place));
            match (next, current) {
                (When::At(next), When::At(current)) => prop_assert!(next > current && next > now),
                (When::At(next), When::Day(_)) => prop_assert!(next > now),
                (When::Day(next), _) => prop_assert!(next > place.today(now)),
            }
        }
    }
}
