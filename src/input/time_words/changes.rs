//! Words for dates and rules in a change of a task that is there.

use super::*;

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
