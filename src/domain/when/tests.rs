//! Tables of what is read as what, seen from Wed 2026-11-25 17:00 UTC: noon in New York, Thursday morning in Kiritimati
//! (07:00) and Lord Howe (04:00), 22:45 in Kathmandu.

use super::*;

mod shown;

const NOW: &str = "2026-11-25T17:00:00.000Z";

fn ms(text: &str) -> i64 {
    match text.parse() {
        Ok(When::At(millis)) => millis,
        other => panic!("{text}: {other:?}"),
    }
}

pub(crate) fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// Returns the rows of a table, their cells parted by `|`; lines with `#` are for the reader.
pub(crate) fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    let lines = table.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let row = std::array::from_fn(|_| cells.next().unwrap_or_default());
            assert_eq!(cells.next(), None, "{line}");
            row
        })
}

const NEW_YORK: &str = "America/New_York";

/// Reads `text` and returns what is stored and the note.
fn read_at(now: &str, place: &str, text: &str) -> (String, String) {
    match When::read(text, ms(now), zone(place)) {
        Ok(reading) => (reading.when.to_string(), reading.note.unwrap_or_default()),
        Err(unreadable) => (String::new(), unreadable.to_string()),
    }
}

const DAYS: &str = "
    2026-12-24 | 2026-12-24 |
    2026-1-5 | 2026-01-05 | Mon 2026-01-05 is past
    2026/12/24 | 2026-12-24 |
    20261224 | 2026-12-24 |
    2026-W48-5 | 2026-11-27 |
    Fri 2026-11-27 | 2026-11-27 |
    2024-02-29 | 2024-02-29 | Thu 2024-02-29 is past
    today | 2026-11-25 |
     TODAY  | 2026-11-25 |
    tomorrow | 2026-11-26 |
    by tomorrow | 2026-11-26 |
    the day after tomorrow | 2026-11-27 |
    yesterday | 2026-11-24 | Tue 2026-11-24 is past
    fri | 2026-11-27 |
    on Friday | 2026-11-27 |
    Fri. | 2026-11-27 |
    tues | 2026-12-01 |
    wed | 2026-12-02 | wed was read as Wed 2026-12-02
    this wednesday | 2026-11-25 | this wednesday was read as Wed 2026-11-25
    this fri | 2026-11-27 |
    this mon | 2026-11-30 | this mon was read as Mon 2026-11-30
    next monday | 2026-11-30 | next monday was read as Mon 2026-11-30
    next fri | 2026-12-04 | next fri was read as Fri 2026-12-04
    next sunday | 2026-12-06 | next sunday was read as Sun 2026-12-06
    friday next week | 2026-12-04 |
    next week friday | 2026-12-04 |
    last friday | 2026-11-20 | Fri 2026-11-20 is past
    last wed | 2026-11-18 | Wed 2026-11-18 is past
    next week | 2026-11-30 | next week was read as Mon 2026-11-30
    next month | 2026-12-01 | next month was read as Tue 2026-12-01
    next year | 2027-01-01 | next year was read as Fri 2027-01-01
    this weekend | 2026-11-28 | this weekend was read as Sat 2026-11-28
    next weekend | 2026-12-05 | next weekend was read as Sat 2026-12-05
    end of week | 2026-11-29 | end of week was read as Sun 2026-11-29
    end of month | 2026-11-30 |
    end of the month | 2026-11-30 |
    EOM | 2026-11-30 |
    last day of month | 2026-11-30 |
    end of next month | 2026-12-31 |
    end of february | 2027-02-28 |
    end of quarter | 2026-12-31 |
    end of year | 2026-12-31 |
    end of next year | 2027-12-31 |
    end of day | 2026-11-25 |
    start of month | 2026-12-01 | start of month was read as Tue 2026-12-01
    beginning of the month | 2026-12-01 | beginning of the month was read as Tue 2026-12-01
    som | 2026-12-01 | som was read as Tue 2026-12-01
    first of the month | 2026-12-01 | first of the month was read as Tue 2026-12-01
    first of next month | 2026-12-01 |
    1st of next month | 2026-12-01 |
    15th of next month | 2026-12-15 |
    first day of next month | 2026-12-01 |
    start of week | 2026-11-30 | start of week was read as Mon 2026-11-30
    start of next week | 2026-11-30 | start of next week was read as Mon 2026-11-30
    start of quarter | 2027-01-01 | start of quarter was read as Fri 2027-01-01
    start of next quarter | 2027-01-01 |
    start of next year | 2027-01-01 |
    start of february | 2027-02-01 |
    monday in two weeks | 2026-12-14 | monday in two weeks was read as Mon 2026-12-14
    wed in 2 weeks | 2026-12-09 | wed in 2 weeks was read as Wed 2026-12-09
    in 2 weeks on friday | 2026-12-11 | in 2 weeks on friday was read as Fri 2026-12-11
    a week from monday | 2026-12-07 | a week from monday was read as Mon 2026-12-07
    2 days after jun 5 | 2027-06-07 | 2 days after jun 5 was read as Mon 2027-06-07
    in 3 days | 2026-11-28 |
    in three days | 2026-11-28 |
    in a week | 2026-12-02 |
    in 2 weeks | 2026-12-09 |
    2 weeks from now | 2026-12-09 |
    in a fortnight | 2026-12-09 |
    in 3 months | 2027-02-25 |
    in 1 year | 2027-11-25 |
    3d | 2026-11-28 |
    +3d | 2026-11-28 |
    2w | 2026-12-09 |
    6mo | 2027-05-25 |
    3 days ago | 2026-11-22 | Sun 2026-11-22 is past
    dec 5 | 2026-12-05 |
    nov 25 | 2026-11-25 |
    nov 24 | 2027-11-24 | nov 24 was read as Wed 2027-11-24
    jun 5 | 2027-06-05 | jun 5 was read as Sat 2027-06-05
    Sept. 1st | 2027-09-01 | sept. 1st was read as Wed 2027-09-01
    june 5th, 2027 | 2027-06-05 |
    the 5th of June 2027 | 2027-06-05 |
    5 june 2027 | 2027-06-05 |
    Sat, 5 Jun | 2027-06-05 | sat 5 jun was read as Sat 2027-06-05
    Tue 12-01 | 2026-12-01 |
    tue, 12-01 | 2026-12-01 |
    12-01 | 2026-12-01 | 12-01 was read as Tue 2026-12-01
    11-24 | 2027-11-24 | 11-24 was read as Wed 2027-11-24
    Tue 11-24 | 2026-11-24 | Tue 2026-11-24 is past
    Tue Nov 24 | 2026-11-24 | Tue 2026-11-24 is past
    Tue 01-05 | 2027-01-05 | tue 01-05 was read as Tue 2027-01-05
    Mon 01-05 | 2026-01-05 | Mon 2026-01-05 is past
    tomorrow (Thu 2026-11-26) | 2026-11-26 |
    june | 2027-06-01 | june was read as Tue 2027-06-01
    june 2027 | 2027-06-01 | june 2027 was read as Tue 2027-06-01
    feb 29 | 2028-02-29 | feb 29 was read as Tue 2028-02-29
    the 15th | 2026-12-15 | the 15th was read as Tue 2026-12-15
    31st | 2026-12-31 | 31st was read as Thu 2026-12-31
    12/24 | 2026-12-24 | 12/24 was read as Thu 2026-12-24
    24/12 | 2026-12-24 | 24/12 was read as Thu 2026-12-24
    24.12. | 2026-12-24 | 24.12. was read as Thu 2026-12-24
    24.12.2026 | 2026-12-24 | 24.12.2026 was read as Thu 2026-12-24
    12/24/2026 | 2026-12-24 | 12/24/2026 was read as Thu 2026-12-24
    5/5/2027 | 2027-05-05 | 5/5/2027 was read as Wed 2027-05-05
";

#[test]
fn days_are_read_as_people_mean_them() {
    for [text, stored, note] in rows(DAYS) {
        assert_eq!(
            read_at(NOW, NEW_YORK, text),
            (stored.to_owned(), note.to_owned()),
            "{text}"
        );
    }
}

const TIMES: &str = "
    2026-12-24 18:00 | 2026-12-24T18:00[America/New_York] |
    2026-12-24T18:00 | 2026-12-24T18:00[America/New_York] |
    2026-12-24T18:00:30 | 2026-12-24T18:00:30[America/New_York] |
    2026-12-24T18:00:00Z | 2026-12-24T18:00:00.000Z |
    2026-12-24T18:00:00.000Z | 2026-12-24T18:00:00.000Z |
    2026-12-24T18:00+01:00 | 2026-12-24T18:00[+01:00] |
    2026-12-24 18:00 +0545 | 2026-12-24T18:00[+05:45] |
    2026-12-24 18:00 UTC | 2026-12-24T18:00:00.000Z |
    Fri 2026-11-27 17:00 +01:00 | 2026-11-27T17:00[+01:00] |
    Fri 2026-11-27 17:00 -05:00 (Sat 07:00 Tokyo) | 2026-11-28T07:00[Asia/Tokyo] |
    2026-11-24T18:00Z | 2026-11-24T18:00:00.000Z | Tue 2026-11-24 13:00 -05:00 is past
    Tue 12-01 09:00 | 2026-12-01T09:00[America/New_York] |
    Tue 12-01 09:00 (23:00 Tokyo) | 2026-12-01T23:00[Asia/Tokyo] |
    Tue 12-01 19:00 (Wed 09:00 asia/tokyo) | 2026-12-02T09:00[Asia/Tokyo] |
    Tue 12-01 09:00 (06:00 Los Angeles) | 2026-12-01T06:00[America/Los_Angeles] |
    Fri 12-04 20:00 (17:00 -08:00) | 2026-12-04T17:00[-08:00] |
    Fri 12-04 20:00 (Sat 01:00 UTC) | 2026-12-05T01:00[UTC] |
    Fri 12-04 20:00 (22:00 buenos aires) | 2026-12-04T22:00[America/Argentina/Buenos_Aires] |
    overdue Fri 12-04 20:00 (17:00 -08:00) | 2026-12-04T17:00[-08:00] |
    overdue, due Fri 2025-03-07 | 2025-03-07 | Fri 2025-03-07 is past
    # the clocks here show 01:30 twice, those there only once
    Sun 2027-11-07 01:30 (06:30 UTC) | 2027-11-07T06:30[UTC] |
    Wed 09:00 (Wed 23:00 Tokyo) (Wed 2026-12-02 09:00 -05:00 (23:00 Tokyo)) | 2026-12-02T23:00[Asia/Tokyo] |
    # typed where the clocks show something else than where it was printed
    Sat 2026-11-28 03:00 +05:45 (Fri 16:15 New York) | 2026-11-27T16:15[America/New_York] |
    Fri 2026-11-27 23:00 +01:00 (14:00 Los Angeles) | 2026-11-27T14:00[America/Los_Angeles] |
    tomorrow 17:30 | 2026-11-26T17:30[America/New_York] |
    17:30 tomorrow | 2026-11-26T17:30[America/New_York] |
    tomorrow at 5:30 pm | 2026-11-26T17:30[America/New_York] |
    Tomorrow, 5 P.M. | 2026-11-26T17:00[America/New_York] |
    friday 9am | 2026-11-27T09:00[America/New_York] |
    friday 9AM | 2026-11-27T09:00[America/New_York] |
    fri 12pm | 2026-11-27T12:00[America/New_York] |
    fri 12am | 2026-11-27T00:00[America/New_York] |
    fri at noon | 2026-11-27T12:00[America/New_York] |
    2026-12-24 24:00 | 2026-12-25T00:00[America/New_York] |
    in 3 days at 17:00 | 2026-11-28T17:00[America/New_York] |
    jun 5 2027 8am | 2027-06-05T08:00[America/New_York] |
    next mon 9:00 | 2026-11-30T09:00[America/New_York] | next mon 9:00 was read as Mon 2026-11-30 09:00 -05:00
    end of month 17:00 | 2026-11-30T17:00[America/New_York] |
    5pm | 2026-11-25T17:00[America/New_York] |
    at 17:30 | 2026-11-25T17:30[America/New_York] |
    at 17 | 2026-11-25T17:00[America/New_York] | at 17 was read as Wed 2026-11-25 17:00 -05:00
    9am | 2026-11-26T09:00[America/New_York] | 9am was read as Thu 2026-11-26 09:00 -05:00
    noon | 2026-11-26T12:00[America/New_York] | noon was read as Thu 2026-11-26 12:00 -05:00
    today 9am | 2026-11-25T09:00[America/New_York] | Wed 2026-11-25 09:00 -05:00 is past
    midnight | 2026-11-25T23:59[America/New_York] | midnight was read as Wed 2026-11-25 23:59 -05:00
    fri midnight | 2026-11-27T23:59[America/New_York] | fri midnight was read as Fri 2026-11-27 23:59 -05:00
    tonight | 2026-11-25T21:00[America/New_York] | tonight was read as Wed 2026-11-25 21:00 -05:00
    tonight at 8 | 2026-11-25T20:00[America/New_York] | tonight at 8 was read as Wed 2026-11-25 20:00 -05:00
    tomorrow evening at 7 | 2026-11-26T19:00[America/New_York] | tomorrow evening at 7 was read as Thu 2026-11-26 19:00 -05:00
    at 7:30 in the evening | 2026-11-25T19:30[America/New_York] | at 7:30 in the evening was read as Wed 2026-11-25 19:30 -05:00
    mon morning at 9 | 2026-11-30T09:00[America/New_York] | mon morning at 9 was read as Mon 2026-11-30 09:00 -05:00
    tonight at 8pm | 2026-11-25T20:00[America/New_York] |
    this evening | 2026-11-25T19:00[America/New_York] | this evening was read as Wed 2026-11-25 19:00 -05:00
    tomorrow morning | 2026-11-26T09:00[America/New_York] | tomorrow morning was read as Thu 2026-11-26 09:00 -05:00
    tomorrow morning at 8:15 | 2026-11-26T08:15[America/New_York] |
    fri in the afternoon | 2026-11-27T15:00[America/New_York] | fri in the afternoon was read as Fri 2026-11-27 15:00 -05:00
    in 2 hours | 2026-11-25T19:00:00.000Z |
    in an hour | 2026-11-25T18:00:00.000Z |
    90min | 2026-11-25T18:30:00.000Z |
    2h | 2026-11-25T19:00:00.000Z |
    17h | 2026-11-26T10:00:00.000Z | 17h was read as Thu 2026-11-26 05:00 -05:00; for the time of day, write 17:00
    17 h | 2026-11-26T10:00:00.000Z | 17 h was read as Thu 2026-11-26 05:00 -05:00; for the time of day, write 17:00
    tomorrow 17h | 2026-11-26T17:00[America/New_York] | tomorrow 17h was read as Thu 2026-11-26 17:00 -05:00
    tomorrow 17h30 | 2026-11-26T17:30[America/New_York] |
    in 17h | 2026-11-26T10:00:00.000Z |
    2 hours ago | 2026-11-25T15:00:00.000Z | Wed 2026-11-25 10:00 -05:00 is past
";

#[test]
fn times_are_read_on_the_wall_clock_of_the_zone() {
    for [text, stored, note] in rows(TIMES) {
        assert_eq!(
            read_at(NOW, NEW_YORK, text),
            (stored.to_owned(), note.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn a_span_of_hours_ends_on_a_full_minute() {
    assert_eq!(
        read_at("2026-11-25T17:00:00.001Z", "UTC", "in 2 hours").0,
        "2026-11-25T19:01:00.000Z"
    );
    assert_eq!(
        read_at("2026-11-25T22:00:00.000Z", "UTC", "tonight"),
        (
            "2026-11-25".to_owned(),
            "tonight was read as Wed 2026-11-25".to_owned()
        )
    );
}

#[test]
fn a_week_ends_before_the_day_it_begins_with() {
    let cases = "
        # seen from a Wednesday
        mon | end of week | 2026-11-29
        sun | end of week | 2026-11-28
        sat | end of week | 2026-11-27
        mon | next week | 2026-11-30
        sun | next week | 2026-11-30
        mon | next sun | 2026-12-06
        sun | next sun | 2026-11-29
        sun | next fri | 2026-12-04
        sun | end of next week | 2026-12-05
    ";
    for [first, text, wanted] in rows(cases) {
        let zone = Zone::UTC.with_week_start(first.parse().unwrap());
        let read = When::read(text, ms(NOW), zone).unwrap().when.to_string();
        assert_eq!(read, wanted, "{text}, weeks beginning on {first}");
    }
}

#[test]
fn a_time_of_another_place_or_of_none_is_kept_as_it_was_said() {
    let cases = "
        tomorrow 9:00 Europe/London | 2026-11-26T09:00[Europe/London] |
        tomorrow 9am europe/london | 2026-11-26T09:00[Europe/London] |
        2026-12-24T09:00[Asia/Tokyo] | 2026-12-24T09:00[Asia/Tokyo] |
        2026-12-24 09:00 [asia/tokyo] | 2026-12-24T09:00[Asia/Tokyo] |
        2026-12-24T09:00+09:00[Asia/Tokyo] | 2026-12-24T09:00[Asia/Tokyo] |
        2026-12-24T09:00+08:00[Asia/Tokyo] | 2026-12-24T09:00[Asia/Tokyo] | the offset is not that of Asia/Tokyo; 09:00 there was taken
        2026-12-24T09:00Z[Asia/Tokyo] | 2026-12-24T18:00[Asia/Tokyo] |
        2026-12-24T09:00-08:00[-08:00] | 2026-12-24T09:00[-08:00] |
        # the next 9:00 in Tokyo, where it is Thu 02:00
        9:00 Asia/Tokyo | 2026-11-26T09:00[Asia/Tokyo] |
        9am UTC | 2026-11-26T09:00[UTC] | 9am utc was read as Thu 2026-11-26 04:00 -05:00 (09:00 UTC)
        2027-03-28 02:30 Europe/Berlin | 2027-03-28T02:30[Europe/Berlin] | the clocks skip 02:30 on Sun 2027-03-28, it was read as 03:30
        2027-03-28T02:30[Europe/Berlin] | 2027-03-28T02:30[Europe/Berlin] | the clocks skip 02:30 on Sun 2027-03-28, it was read as 03:30
        2027-03-28T02:30+01:00[Europe/Berlin] | 2027-03-28T02:30[Europe/Berlin] | the clocks skip 02:30 on Sun 2027-03-28, it was read as 03:30
        2027-10-31T02:30[Europe/Berlin] | 2027-10-31T02:30[Europe/Berlin] | the clocks show 02:30 twice on Sun 2027-10-31, the first was taken
        2027-10-31T02:30+02:00[Europe/Berlin] | 2027-10-31T02:30[Europe/Berlin] |
        tomorrow 9:00 floating | 2026-11-26T09:00 |
        tomorrow 9:00 wherever I am | 2026-11-26T09:00 |
        tomorrow 9:00 local time | 2026-11-26T09:00 |
    ";
    for [text, stored, note] in rows(cases) {
        assert_eq!(
            read_at(NOW, NEW_YORK, text),
            (stored.to_owned(), note.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn a_date_of_two_numbers_is_read_in_the_order_of_the_user() {
    let cases = "
        1/5 | 2027-05-01 | 2027-01-05
        5.1. | 2027-01-05 | 2027-05-01
        05.01.2027 | 2027-01-05 | 2027-05-01
        12/24 | 2026-12-24 | 2026-12-24
        24.12. | 2026-12-24 | 2026-12-24
    ";
    let read = |text, order| {
        let zone = Zone::UTC.with_date_order(order);
        let reading = When::read(text, ms(NOW), zone).unwrap();
        assert!(reading.note.is_some(), "{text}");
        reading.when.to_string()
    };
    for [text, day_first, month_first] in rows(cases) {
        assert_eq!(read(text, DateOrder::DayMonth), day_first, "{text}");
        assert_eq!(read(text, DateOrder::MonthDay), month_first, "{text}");
        let unset = When::read(text, ms(NOW), Zone::UTC);
        assert_eq!(unset.is_err(), day_first != month_first, "{text}");
    }
}

#[test]
fn each_zone_has_its_own_today() {
    let cases = "
        Pacific/Kiritimati | today | 2026-11-26
        Pacific/Kiritimati | tomorrow 17:30 | 2026-11-27T17:30[Pacific/Kiritimati]
        Pacific/Kiritimati | thu | 2026-12-03
        Pacific/Kiritimati | 8am | 2026-11-26T08:00[Pacific/Kiritimati]
        Asia/Kathmandu | today | 2026-11-25
        Asia/Kathmandu | thu | 2026-11-26
        Asia/Kathmandu | 11pm | 2026-11-25T23:00[Asia/Kathmandu]
        Asia/Kathmandu | 22:45 | 2026-11-26T22:45[Asia/Kathmandu]
        America/New_York | today | 2026-11-25
        America/New_York | thu | 2026-11-26
        Australia/Lord_Howe | today | 2026-11-26
        Australia/Lord_Howe | noon | 2026-11-26T12:00[Australia/Lord_Howe]
        Australia/Lord_Howe | 2027-06-01 12:00 | 2027-06-01T12:00[Australia/Lord_Howe]
        UTC | today | 2026-11-25
        UTC | 5pm | 2026-11-26T17:00[UTC]
        UTC | 2026-12-24T18:00+00:00 | 2026-12-24T18:00[UTC]
        UTC | 2026-12-24T18:00Z | 2026-12-24T18:00[UTC]
        Europe/London | 2026-12-24T18:00+00:00 | 2026-12-24T18:00[Europe/London]
        Europe/London | 2027-06-24T18:00+00:00 | 2027-06-24T18:00:00.000Z
        Europe/London | 2027-06-24T18:00[America/New_York] | 2027-06-24T18:00[America/New_York]
    ";
    for [place, text, stored] in rows(cases) {
        assert_eq!(read_at(NOW, place, text).0, stored, "{place}: {text}");
    }
}

#[test]
fn the_ends_of_months_and_years_are_found() {
    let cases = "
        2026-12-31T12:00:00.000Z | tomorrow | 2027-01-01
        2026-12-31T12:00:00.000Z | end of month | 2026-12-31
        2026-12-31T12:00:00.000Z | end of year | 2026-12-31
        2026-12-31T12:00:00.000Z | end of week | 2027-01-03
        2026-12-31T12:00:00.000Z | next month | 2027-01-01
        2026-12-31T12:00:00.000Z | end of next month | 2027-01-31
        2026-12-31T12:00:00.000Z | next week | 2027-01-04
        2026-12-31T12:00:00.000Z | fri | 2027-01-01
        2027-01-31T12:00:00.000Z | in 1 month | 2027-02-28
        2027-01-31T12:00:00.000Z | next month | 2027-02-01
        2027-01-31T12:00:00.000Z | end of next month | 2027-02-28
        2027-01-31T12:00:00.000Z | 30th | 2027-03-30
        2028-01-31T12:00:00.000Z | in 1 month | 2028-02-29
        2028-02-29T12:00:00.000Z | today | 2028-02-29
        2028-02-29T12:00:00.000Z | feb 29 | 2028-02-29
        2028-02-29T12:00:00.000Z | in 1 year | 2029-02-28
        2028-03-01T12:00:00.000Z | feb 29 | 2032-02-29
        2028-02-01T12:00:00.000Z | end of february | 2028-02-29
        2096-03-01T12:00:00.000Z | feb 29 | 2104-02-29
        2027-01-03T12:00:00.000Z | next monday | 2027-01-04
        2027-01-03T12:00:00.000Z | end of week | 2027-01-03
        2027-01-03T12:00:00.000Z | weekend | 2027-01-09
        2027-01-02T12:00:00.000Z | weekend | 2027-01-02
    ";
    for [now, text, stored] in rows(cases) {
        assert_eq!(read_at(now, "UTC", text).0, stored, "{now}: {text}");
    }
}

#[test]
fn a_time_the_clocks_skip_or_repeat_comes_with_a_note() {
    let cases = "
        America/New_York | 2027-03-14 02:30 | 2027-03-14T02:30[America/New_York] | the clocks skip 02:30 on Sun 2027-03-14, it was read as 03:30
        America/New_York | 2027-11-07 01:30 | 2027-11-07T01:30[America/New_York] | the clocks show 01:30 twice on Sun 2027-11-07, the first was taken
        America/New_York | 2027-11-07 01:30 -04:00 | 2027-11-07T01:30[America/New_York] |
        America/New_York | 2027-11-07 01:30 -05:00 | 2027-11-07T01:30[-05:00] |
        Australia/Lord_Howe | 2027-10-03 02:15 | 2027-10-03T02:15[Australia/Lord_Howe] | the clocks skip 02:15 on Sun 2027-10-03, it was read as 02:45
        Australia/Lord_Howe | 2027-04-04 01:45 | 2027-04-04T01:45[Australia/Lord_Howe] | the clocks show 01:45 twice on Sun 2027-04-04, the first was taken
        Asia/Kathmandu | 2027-03-14 02:30 | 2027-03-14T02:30[Asia/Kathmandu] |
    ";
    for [place, text, stored, note] in rows(cases) {
        assert_eq!(
            read_at(NOW, place, text),
            (stored.to_owned(), note.to_owned()),
            "{place}: {text}"
        );
    }
    // a span of hours is counted in hours, across the change too
    assert_eq!(
        read_at("2027-03-14T06:00:00.000Z", NEW_YORK, "in 2 hours").0,
        "2027-03-14T08:00:00.000Z"
    );
}

#[test]
fn what_is_open_is_refused_with_the_way_out() {
    let cases = r#"
        3/4 | "3/4" can be read as 2027-04-03 and as 2027-03-04; write the one you mean, or set date_order in config.toml
        03.04.2027 | "03.04.2027" can be read as 2027-04-03 and as 2027-03-04; write the one you mean, or set date_order in config.toml
        Wed 12-02 05:00 (Mon 19:00 Tokyo) | "Wed 12-02 05:00 (Mon 19:00 Tokyo)" names two times: Wed 05:00 here is Wed 19:00 in Tokyo; write one of them
        Wed 12-02 05:00 (17:00 Berlin) | "Wed 12-02 05:00 (17:00 Berlin)" names two times: Wed 05:00 here is Wed 11:00 in Berlin; write one of them
        Wed 12-02 05:00 (06:00 -08:00) | "Wed 12-02 05:00 (06:00 -08:00)" names two times: Wed 05:00 here is Wed 02:00 in -08:00; write one of them
        Wed 12-02 (17:00 Berlin) | "Wed 12-02 (17:00 Berlin)" has a time in parentheses alone; write one behind the date, too
        Wed 12-02 05:00 (17:00 Nowhere) | "Wed 12-02 05:00 (17:00 Nowhere)" has "Nowhere" in parentheses, which is no zone that is known; write one like Europe/Berlin there
        Wed 12-02 05:00 (02:00 Pacific) | "Wed 12-02 05:00 (02:00 Pacific)" has Pacific in parentheses, which several zones are called: Canada/Pacific, US/Pacific; write the full name there
        Wed 12-01 | "Wed 12-01" names two days: 2026-12-01 is a Tuesday; write one of them
        Fri 15th | "Fri 15th" names two days: 2026-12-15 is a Tuesday; write one of them
        Mon 2026-11-27 | "Mon 2026-11-27" names two days: 2026-11-27 is a Friday; write one of them
        in 3m | "in 3m" is minutes to some and months to others; write 3min or 3 months
        tomorrow at 5 | "tomorrow at 5" leaves the half of the day open; write 5am or 5pm
        tomorrow 17:00 +01:00 | "tomorrow 17:00 +01:00" has an offset but no full date; write 2026-12-24 18:00 +01:00 or leave the offset out
        someday | "someday" names no day; leave it out, or write one, like in 6 months
        tommorow 9am | "tommorow 9am" is no date; did you mean tomorrow 9am?
        nxt wendsday | "nxt wendsday" is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, end of month or jun 5
        next wendsday | "next wendsday" is no date; did you mean next wednesday?
        5th of febuary | "5th of febuary" is no date; did you mean 5th of february?
        tomorrow 9am PST | "tomorrow 9am PST" names a zone by letters that say it to some; write its name, like America/Los_Angeles
        2026-12-24 18:00 EST | "2026-12-24 18:00 EST" names a zone by letters that say it to some; write its name, like America/New_York
        9am GMT+2 | "9am GMT+2" has an offset but no full date; write 2026-12-24 18:00 +02:00 or leave the offset out
        fri 9am utc-5 | "fri 9am utc-5" has an offset but no full date; write 2026-12-24 18:00 -05:00 or leave the offset out
        9am GMT+2 time | "9am GMT+2 time" is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, end of month or jun 5
        2 days before christmas | "2 days before christmas" is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, end of month or jun 5
        9am London time | "9am London time" names a place; write its zone, Europe/London
        9am in new york | "9am in new york" names a place; write its zone, America/New_York
        31.11. | "31.11." names no day: November has 30 days
        31.11.2026 | "31.11.2026" names no day: November has 30 days
        2026-11-31 | "2026-11-31" names no day: November has 30 days
        feb 30 | "feb 30" names no day: February has 28 days, and 29 in leap years
        fri 31 june | "fri 31 june" names no day: June has 30 days
        29th of february 2027 | "29th of february 2027" names no day: February has 28 days, and 29 in leap years
        christmas | "christmas" is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, end of month or jun 5
        tomorrow Europe/London | "tomorrow Europe/London" names a zone and no time of day; write both, or neither
        tomorrow 9:00[Mars/Olympus] | "tomorrow 9:00[Mars/Olympus]" names a zone that is not known; write one like Europe/Berlin
        9:00 floating UTC | "9:00 floating UTC" floats and has an offset; leave one of them out
        9:00 floating Asia/Tokyo | "9:00 floating Asia/Tokyo" names two places; write one
        in 9000 years | "in 9000 years" is out of the years 1970 to 9999
    "#;
    for [text, message] in rows(cases) {
        assert_eq!(
            read_at(NOW, NEW_YORK, text),
            (String::new(), message.to_owned())
        );
    }
}

#[test]
fn what_is_no_date_is_refused_with_examples() {
    let texts = "
        foo | may be | mar foo | 5pm foo | 9am xyz | fri fri | tomorrow 25:00 | 2026-13-01
        1969-12-31 | 99999-01-01 | 26-12-24 | 5 | 12 | june 0 | 32nd | 5pm 6pm | 17:30 17:30
        next | in | in days | 10000 days | -3d | this week | 5am in the evening | tomorrow tonight morning
        in 2 hours 17:00 | 2026-12-24T | T18:00 | z | +01:00 | noon noon | fri 17pm | 2026-11-27 fri mon | 12/32
        13/13 | 1/2/27 | 2026-W54-1 | 2026-W48-8 | every day | a | an | 🦀 | İstanbul
        end of | end | last | last day | ١٢/٢٤
    ";
    for text in texts.split(['|', '\n']) {
        let refusal = When::read(text, ms(NOW), Zone::UTC).unwrap_err();
        assert_eq!(refusal, Unreadable::no_date(text));
    }
    assert_eq!(
        When::read("foo\u{1b}[31m\n", 0, Zone::UTC)
            .unwrap_err()
            .to_string(),
        "\"foo\" is no date; write 2026-12-24, 2026-12-24 18:00, today, tomorrow 17:30, fri, next monday, in 3 days, \
         end of month or jun 5"
    );
    let long = format!("{}fri", " ".repeat(198));
    assert!(When::read(&long, 0, Zone::UTC).is_err());
    assert!(When::read(&long[1..], 0, Zone::UTC).is_ok());
}
