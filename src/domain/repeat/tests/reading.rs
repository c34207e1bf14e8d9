//! Which words are which rule, and how a rule is told.

use super::*;

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
    FREQ=WEEKLY;X-EXDATE=20261216,20261209,20261216 | FREQ=WEEKLY;X-EXDATE=20261209,20261216 | every week but not on 2026-12-09, 2026-12-16
    FREQ=WEEKLY;X-FROM=START | FREQ=WEEKLY;X-FROM=START | every week counted from the start
    # days of a period
    every 1st of the month | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    first of the month | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    1st | FREQ=MONTHLY;BYMONTHDAY=1 | every month on the 1st
    15th of every month | FREQ=MONTHLY;BYMONTHDAY=15 | every month on the 15th
    every 3rd day of the month | FREQ=MONTHLY;BYMONTHDAY=3 | every month on the 3rd
    every 2nd of month and 15th | FREQ=MONTHLY;BYMONTHDAY=2,15 | every month on the 2nd, 15th
    every 3rd of month and last day | FREQ=MONTHLY;BYMONTHDAY=-1,3 | every month on the 3rd, last day
    1st of the month and 15th of the month | FREQ=MONTHLY;BYMONTHDAY=1,15 | every month on the 1st, 15th
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
    # counted from the end
    every 2nd last friday of the month | FREQ=MONTHLY;BYDAY=-2FR | every month on the 2nd-last Fri
    second-last friday of every month | FREQ=MONTHLY;BYDAY=-2FR | every month on the 2nd-last Fri
    every last but one friday | FREQ=MONTHLY;BYDAY=-2FR | every month on the 2nd-last Fri
    monthly on the second to last day | FREQ=MONTHLY;BYMONTHDAY=-2 | every month on the 2nd-last day
    every second last day of the month | FREQ=MONTHLY;BYMONTHDAY=-2 | every month on the 2nd-last day
    every third last day of the month | FREQ=MONTHLY;BYMONTHDAY=-3 | every month on the 3rd-last day
    penultimate weekday of the month | FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2 | every month on the 2nd-last weekday
    2nd and last friday of the month | FREQ=MONTHLY;BYDAY=-1FR,2FR | every month on the 2nd, last Fri
    2nd, last friday of the month | FREQ=MONTHLY;BYDAY=-1FR,2FR | every month on the 2nd, last Fri
    FREQ=MONTHLY;BYMONTHDAY=-2,-1,15 | FREQ=MONTHLY;BYMONTHDAY=-2,-1,15 | every month on the 15th, 2nd-last, last day
    FREQ=MONTHLY;BYMONTHDAY=-5,3 | FREQ=MONTHLY;BYMONTHDAY=-5,3 | every month on the 3rd, 5th-last day
    FREQ=MONTHLY;BYDAY=-2FR,1FR | FREQ=MONTHLY;BYDAY=-2FR,1FR | every month on the 1st, 2nd-last Fri
    FREQ=YEARLY;BYMONTH=11;BYDAY=-2TH | FREQ=YEARLY;BYMONTH=11;BYDAY=-2TH | every year on the 2nd-last Thu of Nov
    # without words of its own, and what is ours said in words all the same
    FREQ=YEARLY;BYWEEKNO=20;BYDAY=WE;X-FROM=START | FREQ=YEARLY;BYWEEKNO=20;BYDAY=WE;X-FROM=START | FREQ=YEARLY;BYWEEKNO=20;BYDAY=WE counted from the start
    FREQ=YEARLY;BYYEARDAY=7;COUNT=3;X-EXDATE=20270107,20280107 | FREQ=YEARLY;BYYEARDAY=7;COUNT=3;X-EXDATE=20270107,20280107 | FREQ=YEARLY;BYYEARDAY=7;COUNT=3 but not on 2027-01-07, 2028-01-07
    FREQ=DAILY;COUNT=10000;X-FROM=COMPLETION | FREQ=DAILY;COUNT=10000;X-FROM=COMPLETION | FREQ=DAILY;COUNT=10000 after completion
    # days of several months
    every mar 15 and sep 15 | FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=15 | every year on Mar 15, Sep 15
    every year on 15 september and 15 march | FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=15 | every year on Mar 15, Sep 15
    15th of mar, jun and sep | FREQ=YEARLY;BYMONTH=3,6,9;BYMONTHDAY=15 | every year on Mar 15, Jun 15, Sep 15
    every 2 years on the 1st of may and july | FREQ=YEARLY;INTERVAL=2;BYMONTH=5,7;BYMONTHDAY=1 | every 2 years on May 1, Jul 1
    every jan 31 and mar 31 | FREQ=YEARLY;BYMONTH=1,3;BYMONTHDAY=31 | every year on Jan 31, Mar 31
    24th, 25th and 26th of december | FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25,26 | every year on Dec 24, Dec 25, Dec 26
    every jun 1, jun 15, dec 1 and dec 15 | FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=1,15 | every year on Jun 1, Jun 15, Dec 1, Dec 15
    first monday of may and september | FREQ=YEARLY;BYMONTH=5,9;BYDAY=1MO | every year on the 1st Mon of May, Sep
    1st and last monday of may | FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO,1MO | every year on the 1st, last Mon of May
    last day of feb and aug | FREQ=YEARLY;BYMONTH=2,8;BYMONTHDAY=-1 | every year on the last day of Feb, Aug
    last business day of nov | FREQ=YEARLY;BYMONTH=11;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | every year on the last weekday of Nov
    last business day of apr and oct | FREQ=MONTHLY;BYMONTH=4,10;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | every year on the last weekday of Apr, Oct
    every mar 15 and sep 15 until 2030-01-01 but not on 2027-03-15 | FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=15;UNTIL=20300101;X-EXDATE=20270315 | every year on Mar 15, Sep 15 until 2030-01-01 but not on 2027-03-15
    FREQ=YEARLY;BYMONTH=1,5;BYMONTHDAY=3;X-FROM=START | FREQ=YEARLY;BYMONTH=1,5;BYMONTHDAY=3;X-FROM=START | every year on Jan 3, May 3 counted from the start
    FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=29 | FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=29 | FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=29
    FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=31 | FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=31 | FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=31
    FREQ=YEARLY;BYMONTH=4,10;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | FREQ=YEARLY;BYMONTH=4,10;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 | FREQ=YEARLY;BYMONTH=4,10;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1
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
    tue / thu | FREQ=WEEKLY;BYDAY=TU,TH | every Tue, Thu
    every tue/ thu | FREQ=WEEKLY;BYDAY=TU,TH | every Tue, Thu
    every monday and every thursday | FREQ=WEEKLY;BYDAY=MO,TH | every Mon, Thu
    each mon, each wed and each fri | FREQ=WEEKLY;BYDAY=MO,WE,FR | every Mon, Wed, Fri
    every 1st and every 15th of the month | FREQ=MONTHLY;BYMONTHDAY=1,15 | every month on the 1st, 15th
    mon-fri | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    from monday to friday | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    every fri through mon | FREQ=WEEKLY;BYDAY=MO,FR,SA,SU | every Mon, Fri, Sat, Sun
    every working day | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR | every weekday
    alternate fridays | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR | every 2 weeks on Fri
    alternate weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    once a month | FREQ=MONTHLY | every month
    once every 2 weeks | FREQ=WEEKLY;INTERVAL=2 | every 2 weeks
    every 4 years on feb 29 | FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1 | every 4 years on Feb 29
    every mon but not on 2026-12-14, 2026-12-07 | FREQ=WEEKLY;BYDAY=MO;X-EXDATE=20261207,20261214 | every Mon but not on 2026-12-07, 2026-12-14
    every 3 days, 5 times, but not on 2026-12-07 | FREQ=DAILY;INTERVAL=3;COUNT=5;X-EXDATE=20261207 | every 3 days from due, 5 times but not on 2026-12-07
    every Mon until 2027-01-31 but not on 2026-12-07 and 2026-12-14 | FREQ=WEEKLY;BYDAY=MO;UNTIL=20270131;X-EXDATE=20261207,20261214 | every Mon until 2027-01-31 but not on 2026-12-07, 2026-12-14
    FREQ=WEEKLY;BYDAY=MO;X-FROM=START | FREQ=WEEKLY;BYDAY=MO;X-FROM=START | every Mon counted from the start
    FREQ=DAILY;INTERVAL=3;X-FROM=START;X-EXDATE=20261207 | FREQ=DAILY;INTERVAL=3;X-FROM=START;X-EXDATE=20261207 | every 3 days counted from the start but not on 2026-12-07
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
fn a_rule_is_told_in_the_words_of_another_that_has_the_same_dates() {
    let cases = "
        FREQ=MONTHLY;BYMONTH=3,9;BYMONTHDAY=15 | every year on Mar 15, Sep 15 | FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=15
        FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1 | every year on Feb 29 | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1
        FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=1 | 1st day of every quarter | FREQ=MONTHLY;BYMONTH=1,4,7,10;BYMONTHDAY=1
        FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2 | every month on the 2nd Tue | FREQ=MONTHLY;BYDAY=2TU
        FREQ=MONTHLY;INTERVAL=2;BYDAY=FR;BYSETPOS=-1,1 | every 2 months on the 1st, last Fri | FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,1FR
        FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4 | every year on the 4th Thu of Nov | FREQ=YEARLY;BYMONTH=11;BYDAY=4TH
        FREQ=MONTHLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=-1 | every month on the last day | FREQ=MONTHLY;BYMONTHDAY=-1
        FREQ=YEARLY;BYMONTHDAY=15 | every month on the 15th | FREQ=MONTHLY;BYMONTHDAY=15
        FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR | every weekday | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
        FREQ=MONTHLY;BYDAY=MO,TH | every Mon, Thu | FREQ=WEEKLY;BYDAY=MO,TH
        FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU | every 2 weeks on Mon, Thu | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH
        FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=SA | every 2 weeks on Sat, Sun | FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU
        FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;WKST=SA | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;WKST=SA | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;WKST=SA
        FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU
    ";
    for [rule, words, plain] in rows(cases) {
        assert_eq!(repeat(rule).words(Zone::UTC), words, "{rule}");
        assert_eq!(repeat(words).to_string(), plain, "{words}");
    }
}

#[test]
fn a_rule_that_leaves_out_as_many_days_as_it_can_is_read_from_its_words() {
    let days = date("2026-12-07").iter_weeks().take(rule::MOST_EXCLUDED);
    let rule = repeat("every mon until 2040-01-01").excluding(days);
    assert_eq!(repeat(&rule.words(Zone::UTC)), rule);
    assert_eq!(repeat(&rule.to_string()), rule);
}

#[test]
fn a_part_of_the_day_says_the_half_of_the_time_beside_it() {
    let cases = "
        every evening at 8pm | FREQ=DAILY | 20:00
        every evening at 8 | FREQ=DAILY | 20:00
        every monday morning at 9 | FREQ=WEEKLY;BYDAY=MO | 09:00
        mon and thu evenings at 7:30 | FREQ=WEEKLY;BYDAY=MO,TH | 19:30
        every 2 days in the afternoon at 3 | FREQ=DAILY;INTERVAL=2 | 15:00
        every other night at 9 | FREQ=DAILY;INTERVAL=2 | 21:00
    ";
    for [text, rule, time] in rows(cases) {
        let read =
            Repeat::read_at(text, None, 0, Zone::UTC).unwrap_or_else(|refusal| panic!("{refusal}"));
        let at = read.start.time.unwrap().format("%H:%M").to_string();
        let read = read.repeat.to_string();
        assert_eq!((read.as_str(), at.as_str()), (rule, time), "{text}");
    }
    let reason = Repeat::read_at("every evening at 8am", None, 0, Zone::UTC)
        .unwrap_err()
        .reason;
    assert_eq!(
        reason,
        "names a part of the day; write the time, like every day at 9am"
    );
}

#[test]
fn so_many_days_or_weeks_are_counted_from_the_first_date() {
    let monday_at_8 = Zone::UTC
        .instant(date("2026-11-30").and_hms_opt(8, 0, 0).unwrap())
        .0;
    let cases = "
        every mon at 7am for 6 weeks | 2027-01-17
        every mon at 9am for 6 weeks | 2027-01-10
        every mon for 6 weeks | 2027-01-10
        every day at 6am for 3 days | 2026-12-03
        every day at 9am for 3 days | 2026-12-02
        every wed for 2 weeks | 2026-12-15
        every mon starting 2026-12-10 for 2 weeks | 2026-12-27
        every mon at 7am Asia/Tokyo for 1 week | 2026-12-13
    ";
    for [text, last] in rows(cases) {
        let read = Repeat::read_at(text, None, monday_at_8, Zone::UTC).unwrap();
        let until = format!("UNTIL={}", last.replace('-', ""));
        let rule = read.repeat.to_string();
        assert!(rule.ends_with(&until), "{text}: {rule}");
        let note = read.note.unwrap();
        assert!(note.ends_with(last), "{text}: {note}");
    }
    let due = when("2026-12-01");
    let read = Repeat::read_at(
        "every day at 6am for 3 days",
        Some(&due),
        monday_at_8,
        Zone::UTC,
    );
    assert_eq!(
        read.unwrap().repeat.to_string(),
        "FREQ=DAILY;UNTIL=20261203"
    );
}

#[test]
fn what_is_no_rule_is_refused_in_words() {
    let cases = r#"
        every mon but not on tuesday | leaves out what is no full date; write it like every mon but not on 2026-12-07, 2026-12-14
        every hour | repeats more than once a day; a task repeats daily at most
        FREQ=HOURLY | repeats more than once a day; a task repeats daily at most
        FREQ=MINUTELY;INTERVAL=5 | repeats more than once a day; a task repeats daily at most
        every day at 9am | names a time of day; put that into due
        every morning | names a part of the day; write the time, like every day at 9am
        every day at 9 | leaves the half of the day open; write 9am or 9pm
        every day 9am 5pm | names several times of day; a task has one a day
        every day 9:00+01:00 Europe/Berlin | has an offset beside its place; leave one of them out
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
        every mar and sep | does not say on which day; write every mar 1 and sep 1
        every mar 15 and sep 20 | names dates that no single rule has; add a task for each
        every feb 29 and mar 29 | names dates that no single rule has; add a task for each
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
        FREQ=DAILY;COUNT=0 | has COUNT=0; it is a number from 1 to 99999
        FREQ=DAILY;INTERVAL=0 | has INTERVAL=0; it is a number from 1 to 9999
        FREQ=DAILY;INTERVAL=-1 | has INTERVAL=-1; it is a number from 1 to 9999
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
}

#[test]
fn what_is_no_way_to_repeat_is_refused_with_ways_that_are() {
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
        "every mar 31 and apr 31",
        "every mar 15 jun",
        "every jun 5 9",
        "every mar, jun 15",
        "every 2 years on the last weekday of mar and jun",
        "every 32nd",
        "monthly on the 0th",
        "every third",
        "every last",
        "every 2nd week of the month",
        "every 2nd of the quarter and 15th",
        "1st of the month and 15th of the year",
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

#[test]
fn a_part_of_a_rule_that_changes_no_date_of_it_does_not_keep_it_from_being_said_in_words() {
    let cases = "
        FREQ=WEEKLY;BYDAY=MO;WKST=SU | every Mon
        FREQ=MONTHLY;BYMONTHDAY=15;WKST=SU | every month on the 15th
        FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU | every 2 weeks on Tue
        FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU | FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU
        FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR | every weekday
        FREQ=DAILY;BYDAY=MO,WE | every Mon, Wed
        FREQ=DAILY;INTERVAL=2;BYDAY=MO | FREQ=DAILY;INTERVAL=2;BYDAY=MO
        FREQ=WEEKLY;BYDAY=MO;UNTIL=20270131T225959Z | every Mon until 2027-01-31
        FREQ=WEEKLY;BYDAY=MO;UNTIL=20270131T230000Z | every Mon until 2027-02-01
    ";
    let berlin = Zone::named("Europe/Berlin").unwrap();
    for [rule, words] in rows(cases) {
        assert_eq!(repeat(rule).words(berlin), words);
    }
}

#[test]
fn a_number_beyond_its_limit_is_refused_with_the_limit() {
    let long = format!("every mon {}", "x".repeat(6200));
    let days: Vec<String> = (1..=501)
        .map(|number| format!("{}0101", 2000 + number))
        .collect();
    let many = format!("FREQ=DAILY;X-EXDATE={}", days.join(","));
    for (text, reason) in [
        (
            "FREQ=DAILY;INTERVAL=10000",
            "has INTERVAL=10000; it is a number from 1 to 9999",
        ),
        (
            "FREQ=DAILY;COUNT=100000",
            "has COUNT=100000; it is a number from 1 to 99999",
        ),
        (&long, "has 6210 characters, 6200 are the most"),
    ] {
        assert_eq!(Repeat::read(text).unwrap_err().reason, reason);
    }
    let refused = Repeat::try_from(many).unwrap_err();
    assert_eq!(refused.reason, "leaves out 501 days, 500 are the most");
    let date = When::read(&"1".repeat(201), 0, Zone::UTC).unwrap_err();
    assert_eq!(date.reason, "has 201 characters, 200 are the most");
}
