//! The words of `tests/fixtures/time-words.tsv`, read on Sat 2026-11-28 13:00 in Berlin: rules, dates, first dates and notes.

use super::{Clearable, GivenFields, Notes, completed_after};
use crate::domain::{
    command::{self, Caller},
    error::Result,
    query::Bound,
    repeat::Repeat,
    task::{Actor, Task, TaskId, Timestamp},
    when::{When, Zone},
};

mod changes;

const WORDS: &str = include_str!("../../tests/fixtures/time-words.tsv");
const OF_PERIODS: &str = include_str!("../../tests/fixtures/day-of-period-words.txt");

fn caller() -> Caller {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let noon = "2026-11-28T13:00:00".parse().unwrap();
    let now = Timestamp::from_millis(zone.instant(noon).0);
    Caller {
        actor: Actor::named("cli"),
        now,
        zone,
        session: None,
    }
}

/// Returns the task that `given` adds, and the notes on it.
fn add(given: &GivenFields) -> Result<(Task, String)> {
    let mut notes = Notes::default();
    let given = GivenFields {
        title: Some("Water the plants".to_owned()),
        ..given.clone()
    };
    let draft = given.draft(&mut notes, &caller())?;
    let id = TaskId::try_from(1).unwrap();
    let added = command::add(&draft, id, &[], &caller())?;
    Ok((added.after, notes.lines().join("; ")))
}

fn repeats(words: &str) -> GivenFields {
    GivenFields {
        repeat: Some(Clearable::Set(words.to_owned())),
        ..GivenFields::default()
    }
}

fn is_due(words: &str) -> GivenFields {
    GivenFields {
        due: Some(Clearable::Set(words.to_owned())),
        ..GivenFields::default()
    }
}

/// The same rule with its parts in our order.
fn rule(text: &str, counts_from: &str) -> String {
    let rule = Repeat::read(text).unwrap();
    if counts_from == "completion" {
        rule.from_completion().to_string()
    } else {
        rule.to_string()
    }
}

#[test]
fn every_line_of_the_table_of_words_is_read_as_it_says() {
    let mut wrong = Vec::new();
    for line in WORDS.lines().skip(1) {
        let mut cells = line.split('\t');
        let [field, words, want, counts_from, remark] =
            std::array::from_fn(|_| cells.next().unwrap_or_default());
        let given = match field {
            "repeat" => repeats(words),
            "due" => is_due(words),
            other => panic!("{other} is no field"),
        };
        let (want, wants_note) = match want.strip_suffix(" (with a note)") {
            Some(want) => (want, true),
            None => (want, remark.starts_with("note")),
        };
        let read = add(&given).map(|(task, notes)| {
            let value = match field {
                "repeat" => task.repeat.unwrap().to_string(),
                _ => task.due.unwrap().iso(caller().zone),
            };
            (value, notes)
        });
        match (want, read) {
            ("refuse", Err(_)) => {}
            ("refuse", Ok(read)) => wrong.push(format!("{words}: {read:?}, not refused")),
            (_, Err(refusal)) => wrong.push(format!("{words}: {refusal}")),
            (want, Ok((value, notes))) => {
                let want = match field {
                    "repeat" => rule(want, counts_from),
                    _ => want.to_owned(),
                };
                if value != want || notes.is_empty() == wants_note {
                    wrong.push(format!("{words}: {value} ({notes}), not {want}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_ordinal_of_a_period_is_a_day_of_it() {
    let month = |day: &str| format!("FREQ=MONTHLY;BYMONTHDAY={day}");
    let wanted = [
        ("every 1st of the month", Some(month("1"))),
        ("every first of the month", Some(month("1"))),
        ("every 2nd of the month", Some(month("2"))),
        ("every 15th of the month", Some(month("15"))),
        (
            "every 31st of the month",
            Some(month("28,29,30,31") + ";BYSETPOS=-1"),
        ),
        ("each 10th of the month", Some(month("10"))),
        (
            "every 1st of the year",
            Some("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1".to_owned()),
        ),
        ("every 2nd of the year", None),
        (
            "every first of the week",
            Some("FREQ=WEEKLY;BYDAY=MO".to_owned()),
        ),
        ("every 3rd of the quarter", None),
    ];
    assert_eq!(
        OF_PERIODS.lines().collect::<Vec<_>>(),
        wanted.each_ref().map(|(words, _)| *words)
    );
    for (words, rule) in wanted {
        let read = add(&repeats(words)).ok();
        let read = read.map(|(task, _)| task.repeat.unwrap().to_string());
        assert_eq!(read, rule, "{words}");
    }
}

#[test]
fn a_day_of_several_periods_is_that_of_each() {
    for (words, rule) in [
        ("every 1st of the months", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ("every 1st of months", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ("every 15th of the months", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("every last friday of the months", "FREQ=MONTHLY;BYDAY=-1FR"),
        (
            "every 1st of the quarters",
            "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYMONTHDAY=1",
        ),
        (
            "every 1st of the years",
            "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
        ),
    ] {
        let (task, _) = add(&repeats(words)).unwrap();
        assert_eq!(task.repeat.unwrap().to_string(), rule, "{words}");
    }
    for words in ["every 15th of the quarters", "every 2nd of the years"] {
        assert!(add(&repeats(words)).is_err(), "{words}");
    }
}

#[test]
fn the_words_of_a_rule_name_the_first_date_too() {
    // words | due beside them | due of the task in Berlin | notes
    let cases = [
        ("mon and thu at 9am", "", "2026-11-30T09:00:00+01:00", ""),
        ("every day at 9am", "", "2026-11-29T09:00:00+01:00", ""),
        ("every day at 5 pm", "", "2026-11-28T17:00:00+01:00", ""),
        ("every friday 17:30", "", "2026-12-04T17:30:00+01:00", ""),
        (
            "every mon at 9am",
            "2026-12-07",
            "2026-12-07T09:00:00+01:00",
            "",
        ),
        (
            "every mon at 9am",
            "2026-12-07 9:00",
            "2026-12-07T09:00:00+01:00",
            "",
        ),
        (
            "every day at 17",
            "",
            "2026-11-28T17:00:00+01:00",
            "17 was read as 17:00",
        ),
        ("every tuesday starting jan 5", "", "2027-01-05", ""),
        ("every tuesday starting 2027-01-06", "", "2027-01-12", ""),
        (
            "every tuesday starting 2027-01-05",
            "2027-01-05",
            "2027-01-05",
            "",
        ),
        (
            "every day starting 2027-01-05 at 9am for 2 weeks",
            "",
            "2027-01-05T09:00:00+01:00",
            "for 2 weeks was read as until Mon 2027-01-18",
        ),
        (
            "every day for 2 weeks",
            "2026-12-01",
            "2026-12-01",
            "for 2 weeks was read as until Mon 2026-12-14",
        ),
        (
            "every mon at 9am Europe/London",
            "",
            "2026-11-30T10:00:00+01:00",
            "",
        ),
        (
            "every friday 17:00 -08:00",
            "",
            "2026-12-05T02:00:00+01:00",
            "",
        ),
        ("every fri 17:00+01:00", "", "2026-12-04T17:00:00+01:00", ""),
        ("every fri 17:00 UTC", "", "2026-12-04T18:00:00+01:00", ""),
        (
            "every mon at 9am",
            "2026-12-07 9:00 Europe/London",
            "2026-12-07T10:00:00+01:00",
            "",
        ),
        (
            "every day at 10am wherever I am",
            "2026-12-07",
            "2026-12-07T10:00:00+01:00",
            "",
        ),
        ("every 4 years on feb 29", "", "2028-02-29", ""),
        ("every 12 months on the 31st", "", "2026-12-31", ""),
        ("every year on feb 29", "", "2027-02-28", ""),
        ("every 2 months on the 31st", "", "2026-11-30", ""),
    ];
    for (words, beside, due, said) in cases {
        let mut given = repeats(words);
        given.due = (!beside.is_empty()).then(|| Clearable::Set(beside.to_owned()));
        let (task, notes) = add(&given).unwrap_or_else(|refusal| panic!("{words}: {refusal}"));
        let read = (task.due.unwrap().iso(caller().zone), notes);
        assert_eq!(read, (due.to_owned(), said.to_owned()), "{words}");
    }
    let refused = [
        (
            "every mon at 9am",
            "2026-12-07 10:00",
            "repeat names 09:00, and due is Mon 2026-12-07 10:00 +01:00; write one of the times",
        ),
        (
            "every tuesday starting 2027-01-05",
            "2027-01-12",
            "repeat starts on Tue 2027-01-05, and due is Tue 2027-01-12; write one of them",
        ),
    ];
    for (words, beside, refusal) in refused {
        let mut given = repeats(words);
        given.due = Some(Clearable::Set(beside.to_owned()));
        assert_eq!(add(&given).unwrap_err().to_string(), refusal);
    }
}

#[test]
fn an_end_without_a_year_is_the_first_after_the_start() {
    let cases = [
        (
            "every mon at 9am starting jan 5 until dec 24",
            "",
            "2027-01-11T09:00:00+01:00",
            "until dec 24 was read as until Fri 2027-12-24",
        ),
        (
            "every tuesday until dec 24",
            "2027-01-05",
            "2027-01-05",
            "until dec 24 was read as until Fri 2027-12-24",
        ),
        (
            "every tuesday until the end of year",
            "2027-01-05",
            "2027-01-05",
            "until the end of year was read as until Fri 2027-12-31",
        ),
    ];
    for (words, beside, due, said) in cases {
        let mut given = repeats(words);
        given.due = (!beside.is_empty()).then(|| Clearable::Set(beside.to_owned()));
        let (task, notes) = add(&given).unwrap();
        let read = (task.due.unwrap().iso(caller().zone), notes);
        assert_eq!(read, (due.to_owned(), said.to_owned()), "{words}");
    }
}

#[test]
fn words_that_leave_no_date_are_refused_and_none_of_them_is_dropped() {
    let refused = [
        (
            "every mon starting 2027-01-05 until 2026-12-24",
            "ends on Thu 2026-12-24, before it starts on Tue 2027-01-05; write a later end or an earlier start",
        ),
        (
            "every mon starting 2027-01-05 until 2027-01-08",
            "repeat has no date from Tue 2027-01-05 on; change the rule, its start or its end",
        ),
        (
            "every day at 9am until 2026-11-28",
            "repeat has no date from now on; change the rule, or set due",
        ),
    ];
    for (words, refusal) in refused {
        let said = add(&repeats(words)).unwrap_err().to_string();
        assert!(said.ends_with(refusal), "{words}: {said}");
    }
}

#[test]
fn what_was_completed_since_the_start_of_a_period_is_what_was_in_this_one() {
    let cases = [
        ("start of week", "2026-11-23"),
        ("start of the month", "2026-11-01"),
        ("beginning of this quarter", "2026-10-01"),
        ("start of year", "2026-01-01"),
    ];
    for (words, day) in cases {
        let from = completed_after(Some(words), &caller()).unwrap();
        let day: When = day.parse().unwrap();
        assert_eq!(from, Some(Bound::from(day, caller().zone)), "{words}");
    }
}
