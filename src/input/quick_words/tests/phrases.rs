//! Dates and rules of several words in a line: all of their words are the value, and none of it stays in the title.

use super::*;
use crate::domain::{
    repeat::{self, Repeat},
    when::{self, When, Zone},
};

const WORDS: &str = include_str!("../../../../tests/fixtures/time-words.tsv");
const OF_PERIODS: &str = include_str!("../../../../tests/fixtures/day-of-period-words.txt");

/// Says what of a title, a phrase and a tag in one argument is not as said in arguments of their own.
fn wrong(field: &str, phrase: &str, purpose: Purpose) -> Option<String> {
    let is_add = purpose == Purpose::Add;
    let title = if is_add { "Pay the rent " } else { "" };
    let lines = [
        format!("{title}{field}:{phrase} +home"),
        format!("+home {field}:{phrase}"),
        format!("{field}:{phrase}, +home"),
    ];
    let expected_text = if is_add { "Pay the rent" } else { "" };
    lines.iter().enumerate().find_map(|(at, line)| {
        let read = QuickWords::read([line.as_str()], purpose);
        let values: Vec<&str> = read.values.iter().map(|value| &*value.text).collect();
        let text = if at == 0 { expected_text } else { "" };
        let is_right = values == [phrase] && read.text.join(" ") == text && read.tags == ["home"];
        (!is_right).then(|| format!("{line}: {values:?}, left {:?}", read.text))
    })
}

fn assert_whole<'a>(phrases: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let phrases: Vec<(&str, &str)> = phrases.into_iter().collect();
    let wrong: Vec<String> = [Purpose::Add, Purpose::Edit]
        .into_iter()
        .flat_map(|purpose| {
            let each = phrases.iter();
            each.filter_map(move |(field, phrase)| wrong(field, phrase, purpose))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_phrase_of_the_tables_is_one_value_in_a_line() {
    let of_table = WORDS.lines().skip(1).filter_map(|line| {
        let (field, rest) = line.split_once('\t')?;
        Some((field, rest.split('\t').next()?))
    });
    // A line of cron is no words.
    let of_table = of_table.filter(|(_, phrase)| !phrase.contains('*'));
    let of_periods = OF_PERIODS.lines().map(|phrase| ("repeat", phrase));
    assert_whole(of_table.chain(of_periods));
}

#[test]
fn a_word_that_alters_nothing_on_some_day_belongs_to_the_phrase() {
    let months = ["january", "may", "june", "december"];
    let days = |day: u32| {
        let ordinal = match day {
            1 | 21 | 31 => format!("{day}st"),
            2 | 22 => format!("{day}nd"),
            3 | 23 => format!("{day}rd"),
            _ => format!("{day}th"),
        };
        let of_month = months.into_iter().flat_map({
            let ordinal = ordinal.clone();
            move |month| {
                [
                    format!("{ordinal} of {month}"),
                    format!("{ordinal} {month}"),
                    format!("the {ordinal} of {month} 2027"),
                    format!("{month} {ordinal}"),
                ]
            }
        });
        of_month.chain([
            format!("{ordinal} of next month"),
            format!("{ordinal} next month"),
        ])
    };
    let dates = (1..=31).flat_map(days);
    let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sunday"];
    let of_week = weekdays.into_iter().flat_map(|day| {
        [
            format!("{day} next week"),
            format!("{day} in 2 weeks"),
            format!("{day} at noon"),
        ]
    });
    let others = [
        "3 days from now",
        "2 weeks from today",
        "3/4 17:30",
        "first of next month",
        "next week on friday",
    ];
    let dates: Vec<String> = dates
        .chain(of_week)
        .chain(others.map(str::to_owned))
        .collect();
    assert_whole(dates.iter().map(|phrase| ("due", phrase.as_str())));
    let rules = [
        "every 1st of the month",
        "15th of each month",
        "1st and 15th of the month",
        "last friday of the month",
        "last business day of the month",
        "every 2nd tuesday of the month",
        "last day of the month",
        "every month on the last day",
        "every day of the week",
        "every week from the due date",
        "every monday and every thursday",
    ];
    assert_whole(rules.map(|phrase| ("repeat", phrase)));
}

#[test]
fn a_phrase_that_is_refused_is_refused_as_a_whole() {
    let rules = [
        "every 2nd of the year",
        "every 3rd of the quarter",
        "every 15th of the quarter",
        "every 2nd of the week",
        "daily except sunday",
        "every fri until christmas",
        "every day at 9",
        "every second tuesday",
        "every easter",
        "every monday but not on holidays",
        "workday after the 15th",
        "weekly on the 15th",
        "weekly and monthly",
        "every day but sunday",
        "every day excluding sunday",
        "every day not on sunday",
    ];
    let dates = [
        "today in 2 weeks",
        "last friday of june",
        "next year jun 5",
        "fri and sat",
        "fri at 9",
        "next month on friday",
        "june 31st",
        "31st june",
        "2 weeks after easter",
        "9am London time",
        "fri every week",
        "1st of each month",
        "mon between 5pm and 6pm",
        "sat 12 uhr",
        "next month the 15th",
        "feb 30",
        "today 2027-01-05",
    ];
    let rules = rules.map(|phrase| ("repeat", phrase));
    let dates = dates.map(|phrase| ("due", phrase));
    for (field, phrase) in rules.iter().chain(&dates) {
        assert!(!Field::named(field).unwrap().reads(phrase), "{phrase}");
    }
    assert_whole(rules.into_iter().chain(dates));
}

#[test]
fn a_title_goes_on_behind_a_date_with_words_that_say_no_date() {
    // line | value | title
    let cases = [
        ("due:fri at the office", "fri", "at the office"),
        ("due:fri in the garden", "fri", "in the garden"),
        ("due:next fri the plants", "next fri", "the plants"),
        ("due:fri and eggs", "fri", "and eggs"),
        ("due:fri of the year's best", "fri", "of the year's best"),
        ("due:fri with Tom", "fri", "with Tom"),
        ("due:fri Tom", "fri", "Tom"),
        ("due:tomorrow from home", "tomorrow", "from home"),
        ("due:9am Paris hotel", "9am", "Paris hotel"),
        ("due:fri, Sunday dinner", "fri", "Sunday dinner"),
        ("due:fri; and sat too", "fri", "and sat too"),
        ("due:\"fri\" in May", "fri", "in May"),
        ("due:fri every open issue", "fri", "every open issue"),
        ("due:fri 5 apples", "fri", "5 apples"),
        ("repeat:every day 17 pages", "every day", "17 pages"),
        ("repeat:every mon & go", "every mon", "& go"),
        ("repeat:weekly for the team", "weekly", "for the team"),
        ("repeat:every month once paid", "every month", "once paid"),
        ("due:banana next week", "banana", "next week"),
    ];
    for (line, value, title) in cases {
        let line = format!("Buy {line}");
        let read = QuickWords::read([line.as_str()], Purpose::Add);
        let values: Vec<&str> = read.values.iter().map(|value| &*value.text).collect();
        assert_eq!(values, [value], "{line}");
        assert_eq!(read.text.join(" "), format!("Buy {title}"), "{line}");
    }
}

#[test]
fn words_of_their_own_that_go_on_a_date_are_told_with_what_was_meant() {
    let cases: [(&[&str], &str, &str); 8] = [
        (
            &["Q", "due:5th", "of", "june"],
            "of june",
            "did you mean due:\"5th of june\"?",
        ),
        (
            &["Q", "due:today", "in", "2", "weeks", "+home"],
            "in 2 weeks",
            "due:today is read without it",
        ),
        (
            &["Q", "due:next", "friday"],
            "friday",
            "did you mean due:\"next friday\"?",
        ),
        (
            &["Buy due:fri sun cream"],
            "sun",
            "due:fri is read without it",
        ),
        (
            &["Call due:tomorrow this evening"],
            "this evening",
            "due:tomorrow is read without it",
        ),
        (
            &["Call due:fri 5 pm London"],
            "London",
            "due:\"fri 5 pm\" is read without it",
        ),
        (
            &["Call due:monday week"],
            "week",
            "due:monday is read without it",
        ),
        (
            &["Tax", "repeat:daily", "except", "sunday"],
            "except sunday",
            "repeat:daily is read without it",
        ),
    ];
    for (arguments, word, reason) in cases {
        let read = QuickWords::read(arguments.iter().copied(), Purpose::Add);
        let said = [(word.to_owned(), reason.to_owned())];
        assert_eq!(read.doubts, said, "{arguments:?}");
    }
}

#[test]
fn words_of_a_list_have_whole_dates_too() {
    for phrase in ["5th of june", "wed next week", "3 days from now"] {
        let words = words_of_list(&format!("+home due:{phrase} text:report"));
        assert_eq!(words, ["+home", &format!("due:{phrase}"), "text:report"]);
    }
    let words = [
        "due:5th",
        "of",
        "june",
        "open",
        "p1",
        "project:My flat",
        "due:fri",
        "-sun",
    ];
    let whole = [
        "due:5th of june",
        "open",
        "p1",
        "project:My flat",
        "due:fri",
        "-sun",
    ];
    assert_eq!(with_whole_dates(&words.map(str::to_owned)), whole);
}

/// Words of dates and of rules, some of which say nothing.
const OF_PHRASES: [&str; 66] = [
    "every",
    "each",
    "on",
    "the",
    "of",
    "at",
    "and",
    "in",
    "for",
    "to",
    "from",
    "until",
    "starting",
    "next",
    "last",
    "this",
    "first",
    "second",
    "1st",
    "2nd",
    "5th",
    "15th",
    "31st",
    "jan",
    "february",
    "june",
    "dec",
    "mon",
    "tue",
    "wed",
    "friday",
    "sun",
    "weekday",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "quarter",
    "year",
    "2",
    "3",
    "10",
    "other",
    "times",
    "9am",
    "17:30",
    "noon",
    "evening",
    "today",
    "tomorrow",
    "now",
    "ago",
    "end",
    "start",
    "beginning",
    "after",
    "before",
    "daily",
    "weekly",
    "monthly",
    "2027",
    "2027-01-31",
    "3d",
    "once",
    "completion",
];

proptest! {
    #[test]
    fn what_reads_on_any_day_is_one_value_in_a_line(
        words in prop::collection::vec(prop::sample::select(&OF_PHRASES[..]), 1..6),
        day in 20_454_i64..21_916,
    ) {
        let phrase = words.join(" ");
        let now = day * 86_400_000 + 40_000_000;
        let zone = Zone::named("Europe/Berlin").unwrap();
        let ends = |is_filler: fn(&str) -> bool| words.last().is_some_and(|word| !is_filler(word));
        let is_date = ends(when::is_filler) && When::read(&phrase, now, zone).is_ok();
        let is_rule = ends(repeat::is_filler) && Repeat::read_at(&phrase, None, now, zone).is_ok();
        for (field, is_it) in [("due", is_date), ("repeat", is_rule)] {
            if is_it {
                for purpose in [Purpose::Add, Purpose::Edit] {
                    prop_assert_eq!(wrong(field, &phrase, purpose), None);
                }
            }
        }
    }

    #[test]
    fn no_word_of_a_line_is_lost_whatever_stands_behind_a_date(
        words in prop::collection::vec(prop::sample::select(&OF_PHRASES[..]), 1..8),
        is_apart in any::<bool>(),
    ) {
        for field in ["due", "repeat"] {
            let line = format!("Pay {field}:{} soon", words.join(" "));
            let arguments: Vec<&str> = if is_apart { line.split(' ').collect() } else { vec![&line] };
            for purpose in [Purpose::Add, Purpose::Edit] {
                let read = QuickWords::read(arguments.iter().copied(), purpose);
                let values = read.values.iter().flat_map(|value| value.text.split(' '));
                let mut kept: Vec<&str> = values.chain(read.text.iter().flat_map(|text| text.split(' '))).collect();
                let mut written = [&["Pay"], &words[..], &["soon"]].concat();
                kept.sort_unstable();
                written.sort_unstable();
                prop_assert_eq!(&kept, &written, "{}", &line);
            }
        }
    }
}

#[test]
fn fillers_before_a_date_behind_a_date_are_counted_once() {
    for line in ["tomorrow the on jun 5", "today the of 5th june"] {
        let line = format!("Q due:{line} and more");
        let read = QuickWords::read([line.as_str()], Purpose::Add);
        assert_eq!(read.text.join(" "), "Q and more", "{line}");
    }
}

#[test]
fn a_whole_day_of_a_month_is_not_gone_on_by_the_next_word() {
    for (line, title) in [
        ("Prepare due:june 5 may need help", "Prepare may need help"),
        ("Sing due:dec 24 march in town", "Sing march in town"),
    ] {
        let read = QuickWords::read([line], Purpose::Add);
        assert_eq!(read.text.join(" "), title, "{line}");
    }
}
