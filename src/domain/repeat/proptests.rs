//! Property tests of rules: our dates against those of the rrule crate, and what must hold for every rule.

use chrono::{Datelike, Days, Month, NaiveDate, NaiveTime, Weekday};
use proptest::prelude::*;
use rrule::{NWeekday, RRule};

use super::{
    rule::{Frequency, Rule},
    *,
};
use crate::domain::when::any::any_zone;

/// The calendar is the same after so many years, and the library gives up at the year 10000, which is then near.
const CYCLES: i32 = 7600;

fn shifted(day: NaiveDate, years: i32) -> NaiveDate {
    day.with_year(day.year() + years).unwrap()
}

/// The first two dates from `from` to `until` as a library has them; `None` where it takes less than RFC 5545, and for the
/// first week of a year counted from its end, whose days in the year before it passes over.
fn library(
    rule: &Rule,
    anchor: NaiveDate,
    from: NaiveDate,
    until: NaiveDate,
) -> Option<Vec<NaiveDate>> {
    if rule.weeks.iter().any(|week| *week <= -52) {
        return None;
    }
    let months: Vec<Month> = rule
        .months
        .iter()
        .filter_map(|month| Month::try_from(*month).ok())
        .collect();
    let days = rule.days.iter().map(|(nth, day)| match nth {
        0 => NWeekday::Every(*day),
        nth => NWeekday::Nth(*nth, *day),
    });
    let set = RRule::new(rule.freq.to_string().parse().unwrap())
        .interval(rule.interval)
        .by_month(&months)
        .by_week_no(rule.weeks.clone())
        .by_year_day(rule.year_days.clone())
        .by_month_day(rule.month_days.clone())
        .by_weekday(days.collect())
        .by_set_pos(rule.positions.clone())
        .week_start(rule.week_start)
        .build(
            shifted(anchor, CYCLES)
                .and_time(NaiveTime::MIN)
                .and_utc()
                .with_timezone(&rrule::Tz::UTC),
        )
        .ok()?
        .limit();
    let days = set.into_iter().map(|at| shifted(at.date_naive(), -CYCLES));
    Some(
        days.skip_while(|day| *day < from)
            .take_while(|day| *day <= until)
            .take(2)
            .collect(),
    )
}

fn any_weekday() -> impl Strategy<Value = Weekday> {
    (0..7_u8).prop_map(|number| Weekday::try_from(number).unwrap())
}

/// Any rule that [`Rule::parse`] takes.
fn any_rule() -> impl Strategy<Value = Rule> {
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
        prop_oneof![2 => Just(Vec::new()), 1 => some(-53..=53)],
        (any::<bool>(), prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(any_day(), 1..3)]),
    )
        .prop_map(|(freq, interval, months, month_days, year_days, days, positions, week_start, weeks, ours)| {
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
            (rule.from_start, rule.excluded) = ours;
            rule
        })
        .prop_filter_map("no rule", |rule| Rule::parse(&rule.to_string()).ok())
}

/// A rule as calendars have them: one part that names days, in some months or in all.
fn usual_rule() -> impl Strategy<Value = Rule> {
    let every =
        |days: &[Weekday]| -> Vec<(i16, Weekday)> { days.iter().map(|day| (0, *day)).collect() };
    let all: Vec<Weekday> = (0..7_u8)
        .map(|day| Weekday::try_from(day).unwrap())
        .collect();
    let (workdays, all) = (every(&rule::WORKDAYS), every(&all));
    let nth = || prop::sample::select(vec![-2_i16, -1, 1, 2, 3, 4, 5]);
    let month_days = prop::collection::vec(
        prop::sample::select(vec![-2_i8, -1, 1, 15, 24, 28, 29, 30, 31]),
        1..4,
    );
    let days = prop_oneof![
        Just((Vec::new(), Vec::new(), Vec::new())),
        month_days.prop_map(|days| (days, Vec::new(), Vec::new())),
        prop::sample::select(vec![vec![28_i8, 29], vec![28, 29, 30, 31]]).prop_map(|days| (
            days,
            Vec::new(),
            vec![-1]
        )),
        (prop::collection::vec(nth(), 1..3), any_weekday()).prop_map(|(all, day)| (
            Vec::new(),
            all.into_iter().map(|nth| (nth, day)).collect(),
            Vec::new()
        )),
        (
            prop::sample::select(vec![workdays, all]),
            prop::collection::vec(nth(), 0..3)
        )
            .prop_map(|(days, positions)| (Vec::new(), days, positions)),
        (
            prop::collection::vec(any_weekday(), 1..4),
            prop::collection::vec(nth(), 0..3)
        )
            .prop_map(move |(days, positions)| (Vec::new(), every(&days), positions)),
    ];
    let months = prop_oneof![
        2 => Just(Vec::new()),
        1 => Just(rule::QUARTER_STARTS.to_vec()),
        1 => Just(rule::QUARTER_ENDS.to_vec()),
        3 => prop::collection::vec(1..=12_u8, 1..4),
    ];
    let end = prop_oneof![
        Just((None, None)),
        (1..20_u32).prop_map(|count| (Some(count), None)),
        any_day().prop_map(|day| (None, Some(Until::Day(day)))),
    ];
    let freq = prop::sample::select(vec![
        Frequency::Daily,
        Frequency::Weekly,
        Frequency::Monthly,
        Frequency::Yearly,
    ]);
    let excluded = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(any_day(), 1..60)];
    (
        freq,
        prop_oneof![2 => Just(1_u16), 1 => 2..5_u16],
        months,
        days,
        any_weekday(),
        end,
        excluded,
    )
        .prop_map(
            |(
                freq,
                interval,
                months,
                (month_days, days, positions),
                week_start,
                (count, until),
                excluded,
            )| Rule {
                months,
                month_days,
                days,
                positions: positions.into_iter().map(i32::from).collect(),
                week_start,
                count,
                until,
                excluded,
                ..Rule::new(freq, interval)
            },
        )
        .prop_filter_map("no rule", |rule| Rule::parse(&rule.to_string()).ok())
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0..50_000_u64).prop_map(|days| NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + Days::new(days))
}

fn any_when() -> impl Strategy<Value = When> {
    prop_oneof![
        any_day().prop_map(When::Day),
        (600_000_000..3_000_000_000_i64).prop_map(|s| When::At(s * 1000)),
        (600_000_000..3_000_000_000_i64, any_zone())
            .prop_map(|(s, place)| When::At(s * 1000).settled(place)),
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
        "mar",
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
        "1st",
        "30th",
        "end",
        "start",
        "quarter",
        "business",
        "2w",
        "m",
        "P3M",
        "half",
        "biweekly",
        "once",
        "a",
        "tue/thu",
        "mon-fri",
        "to",
        "alternate",
        "after",
        "completion",
        "every!",
        "evry",
    ]);
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

/// A rule as people say it, with a start, an end and a time of day, or without.
fn sentence() -> impl Strategy<Value = String> {
    let one_of = |words: &[&'static str]| prop::sample::select(words.to_vec());
    let head = prop_oneof![
        (
            one_of(&[
                "1st",
                "first",
                "15th",
                "31st",
                "last",
                "first day of",
                "1st and 15th",
                "15th and 30th",
                "last business day",
                "first monday",
                "1st and last friday"
            ]),
            one_of(&[
                "of the month",
                "of every month",
                "of the quarter",
                "of the year",
                "of the week",
                "of february",
                "of may and september",
                ""
            ])
        )
            .prop_map(|(day, of)| format!("every {day} {of}")),
        (
            one_of(&[
                "every 2",
                "every 3",
                "after 10",
                "every! 4",
                "2",
                "every other",
                "once every 2"
            ]),
            one_of(&[
                "days", "weeks", "months", "quarters", "years", "d", "w", "mo", "y"
            ])
        )
            .prop_map(|(number, unit)| format!("{number} {unit}")),
        one_of(&[
            "every weekend",
            "mon-fri",
            "every tue/thu",
            "alternate fridays",
            "biweekly",
            "semiannual",
            "biennial",
            "every 4 years on feb 29",
            "every mar 15 and sep 15",
            "every 2 years on 1 may and 1 july",
            "every dec 24, dec 25 and dec 26",
            "monday to friday",
            "every month end",
            "weekly",
            "yearly",
            "P2W",
            "24h"
        ])
        .prop_map(str::to_owned),
    ];
    let time = one_of(&[
        "",
        "at 9am",
        "at 17:30",
        "noon",
        "9am Europe/London",
        "at 9am wherever I am",
        "9am Europe/London",
        "at 9am wherever I am",
    ]);
    let start = one_of(&[
        "",
        "starting jan 5",
        "from tomorrow",
        "starting next monday",
    ]);
    let end = one_of(&[
        "",
        "until dec 24",
        "until friday",
        "until the end of the year",
        "for 3 months",
        "for 5 times",
        "10 times",
    ]);
    (head, time, start, end)
        .prop_map(|(head, time, start, end)| format!("{head} {time} {start} {end}"))
}

proptest! {
    #[test]
    fn the_date_before_one_off_the_rule_has_the_same_dates_after_it(rule in any_rule(), off in any_day()) {
        let (repeat, off) = (Repeat(rule), When::Day(off));
        let repeat = repeat.anchored(&off, Zone::UTC);
        let ahead = |from: When| {
            let next = |date: &When| repeat.after(&from, date, i64::MIN, Zone::UTC);
            std::iter::successors(next(&from), next).take(3).collect::<Vec<_>>()
        };
        if let Some(date) = repeat.date_before(&off, Zone::UTC) {
            prop_assert!(date.order(Zone::UTC) < off.order(Zone::UTC));
            prop_assert!(repeat.has(date.day(Zone::UTC)));
            let off_is_date = repeat.has(off.day(Zone::UTC));
            let after: Vec<When> = ahead(date).into_iter().filter(|next| *next != off).take(2).collect();
            prop_assert!(off_is_date || after == ahead(off)[..after.len()], "{date} {after:?} {:?}", ahead(off));
        }
    }

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
            prop_assert_eq!(Repeat::read(&rule.words(Zone::UTC)), Ok(rule.clone()));
            prop_assert_eq!(Repeat::try_from(rule.to_string()), Ok(rule));
        }
    }

    #[test]
    fn a_sentence_is_read_as_a_rule_that_its_words_say_again(text in sentence(), now in 0..3_000_000_000_i64, place in any_zone()) {
        let now = now * 1000;
        if let Ok(reading) = Repeat::read_at(&text, None, now, place) {
            let words = reading.repeat.words(place);
            let again = Repeat::read_at(&words, None, now, place).map(|again| (again.repeat, again.start, again.note));
            prop_assert_eq!(again, Ok((reading.repeat.clone(), Start::default(), None)), "{} as {}", text, words);
            let due = reading.repeat.begins(reading.start, None, now, place);
            if let Ok(due) = due {
let there = due.zone(place);
                prop_assert!(due.day(there) >= reading.start.day.unwrap_or(there.today(now)), "{}", text);
                prop_assert!(!due.is_past(now, place) || reading.start.day.is_some(), "{}", text);
            }
        }
    }

    #[test]
    fn any_rule_is_read_from_its_words_as_one_of_the_same_dates(
        rule in prop_oneof![any_rule(), usual_rule()], week_start in any_weekday(), from in any_day(), later in 0..4000_u64,
    ) {
        prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule.clone()));
        if rule.ever_comes() {
            let place = Zone::UTC.with_week_start(week_start);
            let words = Repeat(rule.clone()).words(place);
            prop_assert!(!words.contains("X-"), "{}", words);
            let read = Repeat::read_at(&words, None, 0, place);
            prop_assert!(matches!(&read, Ok(RepeatReading { note: None, start, .. }) if start.is_open()), "{}: {:?}", words, read);
            let read = read.unwrap().repeat.0;
            if words.contains('=') {
                prop_assert_eq!(&read, &rule, "{}", words);
            }
            let ours = |rule: &Rule| (rule.until, rule.count, rule.from_completion, rule.from_start, rule.excluded.clone());
            prop_assert_eq!(ours(&read), ours(&rule), "{}", words);
            let first = rule.first(from);
            prop_assert_eq!(read.first(from), first, "{} from {}", words, from);
            if let Some(first) = first {
                let (read, rule) = (read.fixed(first), rule.fixed(first));
                for from in [first, first + Days::new(later)] {
                    prop_assert_eq!(read.dates(first, from), rule.dates(first, from), "{} as {} from {}", rule, words, first);
                }
            }
        }
    }

    #[test]
    fn a_library_gives_the_same_dates(rule in any_rule(), anchor in any_day(), later in 0..4000_u64) {
        let rule = rule.fixed(anchor);
        let from = anchor + Days::new(later);
        let until = from + Days::new(4000);
        let wanted = library(&rule, anchor, from, until);
        prop_assume!(wanted.is_some());
        let given: Vec<_> = rule.dates(anchor, from).into_iter().filter(|day| *day <= until).collect();
        prop_assert_eq!(Some(given), wanted, "{} from {}", rule, anchor);
    }

    #[test]
    fn an_end_at_an_instant_and_the_day_that_it_becomes_allow_the_same_dates(
        anchor in any_when(), hours in 0..200_i64, minute in 0..60_i64, place in any_zone(),
    ) {
        let end = When::At(anchor.order(place) + (hours * 60 + minute) * 60_000).iso(Zone::UTC);
        let end = end[..19].replace(['-', ':'], "");
        let rule = Repeat::read(&format!("FREQ=DAILY;UNTIL={end}Z")).unwrap();
        let dates = |rule: &Repeat| -> Vec<When> {
            let next = |date: &When| rule.after(&anchor, date, i64::MIN, place);
            std::iter::successors(Some(anchor), next).collect()
        };
        prop_assert_eq!(dates(&rule.anchored(&anchor, place)), dates(&rule), "{}", end);
    }

    #[test]
    fn the_next_is_after_the_one_done_and_has_not_begun(
        rule in any_rule(), anchor in any_when(), current in any_when(), now in 600_000_000..3_000_000_000_i64, place in any_zone(),
    ) {
        let now = now * 1000;
        if let Some(next) = Repeat(rule).next(&anchor, &current, now, place) {
            let home = anchor.zone(place);
            prop_assert!(next.day(home) >= anchor.day(home));
            match (next.instant(home), current.instant(home)) {
                (Some(next), Some(current)) => prop_assert!(next > current && next > now),
                (Some(at), None) => prop_assert!(at > now && next.day(home) > current.day(home)),
                (None, _) => prop_assert!(next.day(home) > place.today(now).max(current.day(home))),
            }
        }
    }
}
