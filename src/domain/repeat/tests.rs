//! Tables of rules and their dates.

use super::*;
use crate::domain::when::tests::{rows, zone};

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

const READ: &str = "
    every day | FREQ=DAILY | every day
    Daily | FREQ=DAILY | every day
    every 3 days | FREQ=DAILY;INTERVAL=3 | every 3 days from due
    every three days | FREQ=DAILY;INTERVAL=3 | every 3 days from due
    every 3rd day | FREQ=DAILY;INTERVAL=3 | every 3 days from due
    each day | FREQ=DAILY | every day
    every other day | FREQ=DAILY;INTERVAL=2 | every 2 days from due
    every weekday | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    weekdays | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    every workday | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    every weekend | FREQ=WEEKLY;BYDAY=SA | every Sat
    weekly | FREQ=WEEKLY | every week
    weekly on mon | FREQ=WEEKLY;BYDAY=MO | every Mon
    every monday | FREQ=WEEKLY;BYDAY=MO | every Mon
    Mondays | FREQ=WEEKLY;BYDAY=MO | every Mon
    every mon,wed,fri | FREQ=WEEKLY;BYDAY=MO,WE,FR | every Mon, Wed, Fri
    every fri, mon and wed | FREQ=WEEKLY;BYDAY=MO,WE,FR | every Mon, Wed, Fri
    every 2 weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    every 2 weeks on mon and thu | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH | every 2 weeks on Mon, Thu
    every other tuesday | FREQ=WEEKLY;INTERVAL=2;BYDAY=TU | every 2 weeks on Tue
    fortnightly | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    biweekly on fri | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR | every 2 weeks on Fri
    monthly | FREQ=MONTHLY | every month
    every 3 months | FREQ=MONTHLY;INTERVAL=3 | every 3 months
    quarterly | FREQ=MONTHLY;INTERVAL=3 | every 3 months
    every quarter | FREQ=MONTHLY;INTERVAL=3 | every 3 months
    monthly on the 15th | FREQ=MONTHLY;BYMONTHDAY=15 | every month on the 15th
    monthly on day 15 | FREQ=MONTHLY;BYMONTHDAY=15 | every month on the 15th
    every 27th | FREQ=MONTHLY;BYMONTHDAY=27 | every month on the 27th
    monthly on the 29th | FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1 | every month on the 29th
    monthly on the 31st | FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1 | every month on the 31st
    1st and 15th of every month | FREQ=MONTHLY;BYMONTHDAY=1,15 | every month on the 1st, 15th
    every 15th and 31st | FREQ=MONTHLY;BYMONTHDAY=-1,15 | every month on the 15th, last day
    every month on the last day | FREQ=MONTHLY;BYMONTHDAY=-1 | every month on the last day
    last day of the month | FREQ=MONTHLY;BYMONTHDAY=-1 | every month on the last day
    on the first monday of the month | FREQ=MONTHLY;BYDAY=1MO | every month on the 1st Mon
    every 3rd friday | FREQ=MONTHLY;BYDAY=3FR | every month on the 3rd Fri
    every 2nd tuesday of the month | FREQ=MONTHLY;BYDAY=2TU | every month on the 2nd Tue
    1st and 3rd thursday of every month | FREQ=MONTHLY;BYDAY=1TH,3TH | every month on the 1st, 3rd Thu
    every last friday | FREQ=MONTHLY;BYDAY=-1FR | every month on the last Fri
    last weekday of the month | FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | every month on the last weekday
    every 2 months on the 1st | FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1 | every 2 months on the 1st
    yearly | FREQ=YEARLY | every year
    annually | FREQ=YEARLY | every year
    every 2 years | FREQ=YEARLY;INTERVAL=2 | every 2 years
    every jun 5 | FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=5 | every year on Jun 5
    yearly on 5 june | FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=5 | every year on Jun 5
    every year on the 5th of June | FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=5 | every year on Jun 5
    every year on feb 29 | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1 | every year on Feb 29
    every dec 31 | FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31 | every year on Dec 31
    4th thursday of november | FREQ=YEARLY;BYMONTH=11;BYDAY=4TH | every year on the 4th Thu of Nov
    every day until 2027-01-01 | FREQ=DAILY;UNTIL=20270101 | every day until 2027-01-01
    every mon until 5 june 2027 | FREQ=WEEKLY;BYDAY=MO;UNTIL=20270605 | every Mon until 2027-06-05
    every week for 5 times | FREQ=WEEKLY;COUNT=5 | every week, 5 times
    daily, 10 times | FREQ=DAILY;COUNT=10 | every day, 10 times
    RRULE:FREQ=WEEKLY;BYDAY=TH,MO;INTERVAL=2 | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH | every 2 weeks on Mon, Thu
    freq=daily;interval=1;wkst=mo; | FREQ=DAILY | every day
    FREQ=MONTHLY;BYMONTHDAY=31 | FREQ=MONTHLY;BYMONTHDAY=31 | FREQ=MONTHLY;BYMONTHDAY=31
    FREQ=MONTHLY;BYDAY=1MO | FREQ=MONTHLY;BYDAY=1MO | every month on the 1st Mon
    FREQ=MONTHLY;BYDAY=+1MO,-1MO | FREQ=MONTHLY;BYDAY=-1MO,1MO | every month on the 1st, last Mon
    FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL=20300101T120000Z | FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL=20300101T120000Z | FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL=20300101T120000Z
    every 3 days after completion | FREQ=DAILY;INTERVAL=3;X-FROM=COMPLETION | every 3 days after completion
    every! 3 days | FREQ=DAILY;INTERVAL=3;X-FROM=COMPLETION | every 3 days after completion
    3 days after completion | FREQ=DAILY;INTERVAL=3;X-FROM=COMPLETION | every 3 days after completion
    after 2 weeks | FREQ=WEEKLY;INTERVAL=2;X-FROM=COMPLETION | every 2 weeks after completion
    every month after completion, 5 times | FREQ=MONTHLY;COUNT=5;X-FROM=COMPLETION | every month after completion, 5 times
    every day when done | FREQ=DAILY;X-FROM=COMPLETION | every day after completion
    FREQ=WEEKLY;X-EXDATE=20261216,20261209,20261216 | FREQ=WEEKLY;X-EXDATE=20261209,20261216 | FREQ=WEEKLY;X-EXDATE=20261209,20261216
    FREQ=WEEKLY;X-FROM=START | FREQ=WEEKLY;X-FROM=START | FREQ=WEEKLY;X-FROM=START
    # days of a period
    every 1st of the month | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    first of the month | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    1st | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    15th of every month | FREQ=MONTHLY;BYMONTHDAY=15 | every month on the 15th
    every 3rd day of the month | FREQ=MONTHLY;BYMONTHDAY=3 | every month on the 3rd
    start of the month | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    end of month | FREQ=MONTHLY;BYMONTHDAY=-1 | every month on the last day
    every month end | FREQ=MONTHLY;BYMONTHDAY=-1 | every month on the last day
    every 2 months on the last day of the month | FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1 | every 2 months on the last day
    monthly on the last friday of the month | FREQ=MONTHLY;BYDAY=-1FR | every month on the last Fri
    every day of the week | FREQ=DAILY | every day
    first of the year | FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1 | every year on Jan 1
    last day of the year | FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31 | every year on Dec 31
    first monday of the year | FREQ=YEARLY;BYDAY=1MO | every year on the 1st Mon
    last day of february | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1 | every year on the last day of Feb
    first day of the quarter | FREQ=MONTHLY;BYMONTH=1,4,7,10;BYMONTHDAY=1 | 1st day of every quarter
    last day of every quarter | FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1 | last day of every quarter
    first monday of the quarter | FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO | 1st Mon of every quarter
    last business day of the quarter | FREQ=MONTHLY;BYMONTH=3,6,9,12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | last weekday of every quarter
    last day of the week | FREQ=WEEKLY;BYDAY=SU | every Sun
    # the 29th and 30th beside others: the last day where there is none
    15th and 30th | FREQ=MONTHLY;BYMONTHDAY=15,28,29,30;BYSETPOS=-1,1 | every month on the 15th, 30th
    1st, 15th and 29th | FREQ=MONTHLY;BYMONTHDAY=1,15,28,29;BYSETPOS=-1,1,2 | every month on the 1st, 15th, 29th
    28th and 30th | FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1,1 | every month on the 28th, 30th
    # lengths
    3d | FREQ=DAILY;INTERVAL=3 | every 3 days from due
    2 weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    every 2w on mon | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO | every 2 weeks on Mon
    2q | FREQ=MONTHLY;INTERVAL=6 | every 6 months
    every 48 hours | FREQ=DAILY;INTERVAL=2 | every 2 days from due
    P2W | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    PT24H | FREQ=DAILY | every day
    semiannual | FREQ=MONTHLY;INTERVAL=6 | every 6 months
    every half-year | FREQ=MONTHLY;INTERVAL=6 | every 6 months
    biennial | FREQ=YEARLY;INTERVAL=2 | every 2 years
    after 2w | FREQ=WEEKLY;INTERVAL=2;X-FROM=COMPLETION | every 2 weeks after completion
    10 days after finishing | FREQ=DAILY;INTERVAL=10;X-FROM=COMPLETION | every 10 days after completion
    # weekdays
    every tue/thu | FREQ=WEEKLY;BYDAY=TU,TH | every Tue, Thu
    mon-fri | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    from monday to friday | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    every fri through mon | FREQ=WEEKLY;BYDAY=MO,FR,SA,SU | every Mon, Fri, Sat, Sun
    every working day | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    alternate fridays | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR | every 2 weeks on Fri
    alternate weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    once a month | FREQ=MONTHLY | every month
    once every 2 weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    every 4 years on feb 29 | FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1 | every 4 years on Feb 29
    FREQ=DAILY;UNTIL=20270101T235959 | FREQ=DAILY;UNTIL=20270101 | every day until 2027-01-01
";

#[test]
fn rules_are_read_from_words_and_told_in_words() {
    for [text, rule, words] in rows(READ) {
        let read = repeat(text);
        assert_eq!(
            (read.to_string().as_str(), read.words(Zone::UTC).as_str()),
            (rule, words),
            "{text}"
        );
        assert_eq!(repeat(words), read, "{words}");
    }
}

#[test]
fn what_is_no_rule_is_refused_in_words() {
    let cases = r#"
        every hour | repeats more than once a day; a task repeats daily at most
        FREQ=HOURLY | repeats more than once a day; a task repeats daily at most
        FREQ=MINUTELY;INTERVAL=5 | repeats more than once a day; a task repeats daily at most
        every day at 9am | names a time of day; put that into due
        every morning | names a part of the day; write the time, like every day at 9am
        every day at 9 | leaves the half of the day open; write 9am or 9pm
        every day 9am 5pm | names several times of day; a task has one a day
        every day 9:00+01:00 | has an offset; write a zone like Europe/Berlin
        5h | repeats more than once a day; a task repeats daily at most
        36h | counts hours; a task repeats by whole days, so write them
        P1M15D | is no length of one unit; write days, weeks, months or years alone, like P2W
        every second | repeats more than once a day; a task repeats daily at most
        every 5 | has no unit; write every 5 days
        10 times | says how many times, and not how often; write it like every day, 10 times
        twice a week | does not say on which days; write them, like every mon and thu
        3 times a week | does not say on which days; write them, like every mon and thu
        3 times a month | does not say on which days; write them, like 1st and 15th
        every january | does not say on which day; write every jan 1
        biannual | is twice a year to some; write every 6 months or every 2 years
        every 2nd of the year | can be read as a day of the year and as every 2 years; write every jan 2, or every 2 years
        every 3rd of the quarter | can be read as a day of the quarter and as every 3 quarters; write the date, like every jan 2, or every 3 quarters
        0 9 * * 1 | is a line of cron; write it like every mon at 9am
        every day until 2027-01-01 for 5 times | ends in two ways; write one of them
        every day for 2 weeks | ends on no date; write it like for 5 times or until 2027-01-31
        30th and last day | has two of the 29th, the 30th and the last day, which short months have in one; write one of them
        every mondey | is no way to repeat; did you mean every monday?
        evry 2 weks on wendsday | is no way to repeat; did you mean every 2 weeks on wednesday?
        FREQ=DAILY;BYHOUR=9 | has BYHOUR; the time of day belongs into due
        every 2 weeks starting jan 5 | names a start; put that into due
        every! monday | counts from completion and names days; write one of them, like every 3 days after completion
        every month on the 5th after completion | counts from completion and names days; write one of them, like every 3 days after completion
        every day until friday | ends on no full date; write it like until 2027-01-31
        every day until jun 5 | ends on no full date; write it like until 2027-01-31
        every 2nd tuesday | can be read as every other tuesday and as the 2nd tuesday of the month; write the one you mean
        FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30 | names days that never come
        FREQ=MONTHLY;BYMONTHDAY=1,2;BYSETPOS=3 | names days that never come
        FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2 | names days that never come
        FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30 | names days that never come
        FREQ=DAILY;COUNT=0 | has COUNT=0, which RFC 5545 does not allow
        FREQ=DAILY;INTERVAL=0 | has INTERVAL=0, which RFC 5545 does not allow
        FREQ=DAILY;INTERVAL=-1 | has INTERVAL=-1, which RFC 5545 does not allow
        FREQ=WEEKLY;BYDAY=XMO | has BYDAY=XMO, which RFC 5545 does not allow
        FREQ=WEEKLY;BYDAY= | has BYDAY=, which RFC 5545 does not allow
        FREQ=WEEKLY;BYDAY=1MO | numbers the days in BYDAY, which goes with FREQ=MONTHLY or YEARLY only
        FREQ=MONTHLY;BYDAY=MO,1FR | numbers some days in BYDAY and others not; number all or none
        FREQ=DAILY;UNTIL=20270101;COUNT=5 | has UNTIL and COUNT; write one of them
        FREQ=DAILY;FREQ=WEEKLY | says FREQ twice
        INTERVAL=2 | has no FREQ
        FREQ=SOMETIMES | has FREQ=SOMETIMES; write DAILY, WEEKLY, MONTHLY or YEARLY
        FREQ=DAILY;FOO=1 | has FOO, which is no part of a rule
        FREQ=DAILY;X | has the part "X", which is no NAME=VALUE
        FREQ=DAILY;BYSETPOS=1 | has BYSETPOS and nothing to count in
        FREQ=WEEKLY;BYMONTHDAY=1 | has BYMONTHDAY, which does not go with FREQ=WEEKLY
        FREQ=MONTHLY;BYYEARDAY=1 | has BYYEARDAY, which does not go with FREQ=MONTHLY
        FREQ=MONTHLY;BYWEEKNO=1 | has BYWEEKNO, which does not go with FREQ=MONTHLY
        bimonthly | is twice a month to some; write every 2 months or monthly on the 1st and 15th
    "#;
    for [text, reason] in rows(cases) {
        assert_eq!(Repeat::read(text).unwrap_err().reason, reason, "{text}");
    }
    let unknown = [
        "",
        " ",
        "foo",
        "every",
        "every foo",
        "every 0 days",
        "every 10000 days",
        "every 2 weekdays",
        "every jun 31",
        "every feb 30",
        "every 32nd",
        "monthly on the 0th",
        "every third",
        "every last",
        "every 2nd week of the month",
        "workday after the 15th",
        "every 10th workday",
        "every easter",
        "every day of the sun",
        "every day 0 times",
        "until 2027-01-01",
        "daily on mon",
        "every 6th monday",
        "weekly on the 15th",
        "every mon tue foo",
        "🦀",
        "every ı",
    ];
    for text in unknown {
        let refusal = Repeat::read(text).unwrap_err();
        assert!(
            refusal.reason.starts_with("is no way to repeat"),
            "{text}: {refusal}"
        );
    }
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
