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
fn in_a_change_the_words_of_a_rule_move_the_series_and_a_time_alone_keeps_the_day() {
    let wednesday = GivenFields {
        due: Some(Clearable::Set("2026-12-02 18:00".to_owned())),
        ..repeats("every wed")
    };
    let (task, _) = add(&wednesday).unwrap();
    let change = |task: &Task, given: &GivenFields| {
        let mut notes = Notes::default();
        let patch = given.patch(&mut notes, &caller()).unwrap();
        let edit = command::update(task, &patch, None, &caller(), || Ok(None)).unwrap();
        let due = |date: Option<When>| date.map(|date| date.iso(caller().zone)).unwrap_or_default();
        let moved_from = due(edit.after.repeat_from);
        (
            edit.after.clone(),
            due(edit.after.due),
            moved_from,
            notes.lines().join("; "),
        )
    };
    let at_19 = "2026-12-02T19:00:00+01:00".to_owned();
    // The words name another time than the series has.
    let (_, due, from, notes) = change(&task, &repeats("every wed at 19:00"));
    assert_eq!(
        (due, from.as_str(), notes.as_str()),
        (at_19.clone(), "", "")
    );
    let (_, due, from, _) = change(&task, &repeats("every thu starting dec 10"));
    assert_eq!(
        (due.as_str(), from.as_str()),
        ("2026-12-10T18:00:00+01:00", "")
    );
    let both = GivenFields {
        due: Some(Clearable::Set("19:00".to_owned())),
        ..repeats("every wed")
    };
    let (_, due, from, notes) = change(&task, &both);
    assert_eq!(
        (due, from.as_str(), notes.as_str()),
        (at_19.clone(), "", "")
    );
    // A round that is moved stays where it is.
    let (moved, ..) = change(&task, &is_due("2026-12-03 18:00"));
    let (_, due, from, _) = change(&moved, &repeats("every wed at 19:00"));
    assert_eq!(
        (due.as_str(), from),
        ("2026-12-03T18:00:00+01:00", at_19.clone())
    );
    // A time alone moves this round alone, on its day.
    let (_, due, from, notes) = change(&task, &is_due("19:00"));
    assert_eq!(
        (due, from.as_str(), notes.as_str()),
        (at_19, "2026-12-02T18:00:00+01:00", "")
    );
    // A task without a date, and one whose day is over, get the next such time, as a new task does.
    for due in ["", "2026-11-20"] {
        let (task, _) = add(&is_due(due)).unwrap_or_else(|_| add(&GivenFields::default()).unwrap());
        let (_, due, ..) = change(&task, &is_due("19:00"));
        assert_eq!(due, "2026-11-28T19:00:00+01:00");
        let (_, due, ..) = change(&task, &is_due("9:00"));
        assert_eq!(due, "2026-11-29T09:00:00+01:00");
    }
    let deferred = GivenFields {
        defer_until: Some(Clearable::Set("2026-12-05".to_owned())),
        ..GivenFields::default()
    };
    let (task, _) = add(&deferred).unwrap();
    let at_8 = GivenFields {
        defer_until: Some(Clearable::Set("8:00".to_owned())),
        ..GivenFields::default()
    };
    let until = change(&task, &at_8).0.defer_until.unwrap();
    assert_eq!(until.iso(caller().zone), "2026-12-05T08:00:00+01:00");
}

#[test]
fn a_time_alone_is_one_where_the_series_is() {
    let change = |due: &str, repeat: &str, given: &GivenFields| {
        let mut of = is_due(due);
        if !repeat.is_empty() {
            of = GivenFields {
                due: of.due,
                ..repeats(repeat)
            };
        }
        let (task, _) = add(&of).unwrap();
        let patch = given.patch(&mut Notes::default(), &caller()).unwrap();
        let after = command::update(&task, &patch, None, &caller(), || Ok(None))
            .unwrap()
            .after;
        [after.due, after.defer_until]
            .map(|date| date.map(|date| date.to_string()).unwrap_or_default())
    };
    let new_york = "2026-12-04 17:00 America/New_York";
    for (due, repeat, time, after) in [
        (
            new_york,
            "every fri",
            "19:00",
            "2026-12-04T19:00[America/New_York]",
        ),
        (
            new_york,
            "every fri",
            "19:00 Europe/Berlin",
            "2026-12-04T19:00[Europe/Berlin]",
        ),
        // 10:00 is to come there today, and past here.
        (
            "2026-11-27 17:00 America/New_York",
            "every fri",
            "10:00",
            "2026-11-28T10:00[America/New_York]",
        ),
        (
            "2026-12-04 17:00 floating",
            "every fri",
            "19:00",
            "2026-12-04T19:00",
        ),
        (
            "2026-12-04",
            "every fri",
            "19:00",
            "2026-12-04T19:00[Europe/Berlin]",
        ),
        // A date that does not come again is the caller's.
        (new_york, "", "19:00", "2026-12-04T19:00[Europe/Berlin]"),
    ] {
        assert_eq!(
            change(due, repeat, &is_due(time))[0],
            after,
            "{due} {repeat} {time}"
        );
    }
    let mut deferred = is_due("2026-12-04 18:00 America/New_York");
    deferred.defer_until = Some(Clearable::Set("8:00".to_owned()));
    let [_, until] = change(new_york, "every fri", &deferred);
    assert_eq!(until, "2026-11-28T08:00[America/New_York]");
}

#[test]
fn a_time_alone_is_one_where_the_series_is_though_its_date_was_moved_elsewhere() {
    let series = |defer: Option<&str>| {
        let due = is_due("2026-12-07 09:00 Asia/Tokyo").due;
        let (task, _) = add(&GivenFields {
            due,
            defer_until: defer.map(|until| Clearable::Set(until.to_owned())),
            ..repeats("every mon")
        })
        .unwrap();
        task
    };
    let changed = |task: &Task, given: &GivenFields| {
        let patch = given.patch(&mut Notes::default(), &caller()).unwrap();
        command::update(task, &patch, None, &caller(), || Ok(None))
            .unwrap()
            .after
    };
    let text = |date: Option<When>| date.unwrap().to_string();
    for (moved, time, after) in [
        ("Thu 12-10", "19:00", "2026-12-10T19:00[Asia/Tokyo]"),
        ("Thu 12-10 20:00", "18:00", "2026-12-10T18:00[Asia/Tokyo]"),
        (
            "2026-12-10 20:00 floating",
            "18:00",
            "2026-12-10T18:00[Asia/Tokyo]",
        ),
        (
            "Thu 12-10",
            "18:00 Europe/London",
            "2026-12-10T18:00[Europe/London]",
        ),
        (
            "2026-12-10 20:00 Asia/Tokyo",
            "18:00",
            "2026-12-10T18:00[Asia/Tokyo]",
        ),
    ] {
        let task = changed(&series(None), &is_due(moved));
        let task = changed(&task, &is_due(time));
        assert_eq!(text(task.due), after, "{moved}, then {time}");
        assert_eq!(text(task.repeat_from), "2026-12-07T09:00[Asia/Tokyo]");
    }
    let deferred = GivenFields {
        defer_until: Some(Clearable::Set("06:00".to_owned())),
        ..GivenFields::default()
    };
    let task = changed(
        &series(Some("2026-12-06 07:30 Asia/Tokyo")),
        &is_due("12-08"),
    );
    let task = changed(&task, &deferred);
    assert_eq!(text(task.defer_until), "2026-12-06T06:00[Asia/Tokyo]");
}

#[test]
fn of_a_tag_in_several_spellings_the_first_stands() {
    let given = GivenFields {
        add_tags: ["Work", "work", "WORK"].map(str::to_owned).to_vec(),
        ..GivenFields::default()
    };
    let (task, _) = add(&given).unwrap();
    let tags: Vec<_> = task
        .tags
        .iter()
        .map(|tag| tag.as_str().to_owned())
        .collect();
    assert_eq!(tags, ["Work"]);
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
fn the_rule_of_a_task_that_is_there_gives_its_time_to_the_due_date() {
    let set = |task: &Task, words: &str| {
        let mut notes = Notes::default();
        let patch = repeats(words).patch(&mut notes, &caller()).unwrap();
        command::update(task, &patch, None, &caller(), || Ok(None))
    };
    let (task, _) = add(&is_due("2026-12-07")).unwrap();
    let at_nine = set(&task, "every mon at 9am").unwrap().after;
    assert_eq!(
        at_nine.due.unwrap().iso(caller().zone),
        "2026-12-07T09:00:00+01:00"
    );
    let at_ten = set(&at_nine, "every mon at 10am").unwrap().after;
    assert_eq!(
        at_ten.due.unwrap().iso(caller().zone),
        "2026-12-07T10:00:00+01:00"
    );
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
