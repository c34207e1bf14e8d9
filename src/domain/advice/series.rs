//! What a caller should know of a series that it began, changed or moved.

use chrono::NaiveTime;

use crate::domain::{
    change::Edit,
    repeat::Repeat,
    task::{Status, Task, Timestamp},
    when::{When, Zone},
};

/// Returns remarks on series among `edits`: a date that is moved alone, and what comes after it; a date that is none of its rule; a
/// place that does not follow summer time, or that the series has got now.
pub(crate) fn on_series(edits: &[Edit], now: Timestamp, zone: Zone) -> Vec<String> {
    let remarks = edits.iter().filter_map(|edit| {
        let series = Series::of(&edit.after)?;
        Some(series.remarks(edit.before.as_ref(), now.as_millis(), zone))
    });
    remarks.flatten().collect()
}

/// Returns a remark on each task that was skipped: it names the date that was skipped and the next one, or says that there is none.
pub(crate) fn on_skipping(edits: &[Edit], zone: Zone) -> Vec<String> {
    let skipped = edits.iter().filter_map(|edit| {
        let id = edit.after.id;
        let skipped = edit.before.as_ref()?.due?.show(zone);
        Some(match edit.after.due {
            Some(due) if edit.after.status != Status::Cancelled => {
                format!("{id}: skipped {skipped}; comes again {}", due.show(zone))
            }
            _ => format!("{id}: skipped {skipped}, the last of its series; it is cancelled"),
        })
    });
    skipped.collect()
}

/// An open task that repeats.
struct Series<'a> {
    task: &'a Task,
    rule: &'a Repeat,
    due: When,
    /// The date that the rule gave.
    given: When,
}

impl<'a> Series<'a> {
    fn of(task: &'a Task) -> Option<Self> {
        let due = task.due.filter(|_| task.is_open())?;
        Some(Self {
            task,
            rule: task.repeat.as_ref()?,
            due,
            given: task.repeat_from.unwrap_or(due),
        })
    }

    /// Returns until when it is deferred, if that is after it is due.
    fn deferred_beyond(&self, zone: Zone) -> Option<When> {
        let until = self.task.defer_until?;
        (until.order(zone) > self.due.order(zone)).then_some(until)
    }

    /// Returns whose clocks show the time to which this round was moved, if that is where the series is, and the reader is not.
    fn time_elsewhere(&self, zone: Zone) -> Option<String> {
        let home = self.given.zone(zone);
        let is_there = home != zone && self.due.zone(zone) == home;
        let place = self.due.other_zone(zone).filter(|_| is_there)?;
        let time = time_of_day(self.due, zone)?;
        Some(format!(
            "{}: {} is the time in {place}, where the series is",
            self.task.id,
            time.format("%H:%M")
        ))
    }

    fn remarks(&self, before: Option<&'a Task>, now: i64, zone: Zone) -> Vec<String> {
        let was = before.and_then(Self::of);
        let is_new = was.as_ref().is_none_or(|was| was.rule != self.rule);
        let id = self.task.id;
        // A date that is moved past the next one of the rule passes over that.
        let by_then = now.max(self.due.order(zone));
        let next = self.rule.next(&self.given, &self.given, by_then, zone);
        // What stands after the date: of one that is the last, that it is.
        let and_next = |mark: &str| match next {
            Some(next) => format!("{mark} the next is {}", next.show(zone)),
            None => ", and is the last of its series".to_owned(),
        };
        let mut remarks = Vec::new();
        let moves = |was: &Series<'_>| was.due != self.due && self.task.repeat_from.is_some();
        if !is_new && was.as_ref().is_some_and(moves) {
            remarks.extend(self.time_elsewhere(zone));
            remarks.push(format!(
                "{id}: this date is moved alone{}; to move the series, give the rule too",
                and_next(",")
            ));
        }
        let is_moved = self.task.repeat_from.is_some() && was.is_some();
        if is_new && is_moved {
            remarks.push(format!(
                "{id}: this date stays where it was moved to{}",
                and_next(",")
            ));
        }
        // A rule that gives starts says nothing of the day on which a round is due.
        let is_begun = is_new || was.as_ref().is_some_and(|was| was.given != self.given);
        let is_off = || !self.rule.has(self.given.day(self.given.zone(zone)));
        if is_begun && !is_moved && !self.rule.gives_starts() && is_off() {
            remarks.push(format!(
                "{id}: {} is no day of \"{}\"{}",
                self.given.show(zone),
                self.rule.words(zone),
                and_next(";")
            ));
        }
        if let Some(time) = time_of_day(self.given, zone)
            && was
                .as_ref()
                .is_some_and(|was| time_of_day(was.given, zone) != Some(time))
        {
            let time = time.format("%H:%M");
            remarks.push(format!("{id}: the series is at {time} from now on"));
        }
        let was_deferred = was.as_ref().and_then(|was| was.deferred_beyond(zone));
        if let Some(until) = self.deferred_beyond(zone)
            && was_deferred.is_none()
        {
            remarks.push(format!(
                "{id}: is due {}, before {}, until which it is deferred, and so each time it comes; set due or defer_until",
                self.due.show(zone),
                until.show(zone)
            ));
        }
        let place = |when: &When| when.other_zone(zone);
        let had = was.as_ref().and_then(|was| place(&was.given));
        let is_offset = self.given.zone(zone).is_offset();
        if let Some(offset) = place(&self.given).filter(|_| is_offset)
            && had != Some(offset)
        {
            remarks.push(format!(
                "{id}: {offset} does not follow summer time; name a zone, as in 2026-12-24T17:00[Europe/Berlin]"
            ));
        }
        let is_placed = matches!(self.given, When::Zoned(..));
        if is_placed && was.is_some_and(|was| matches!(was.given, When::At(_))) {
            let home = self.given.zone(zone);
            remarks.push(format!("{id}: counted in {} from now on", home.name()));
        }
        remarks
    }
}

/// Returns what clocks show then, in the place of the date; `None` for a day.
fn time_of_day(when: When, zone: Zone) -> Option<NaiveTime> {
    match when.settled(zone) {
        When::Zoned(wall, _) | When::Floating(wall) => Some(wall.time()),
        When::Day(_) | When::At(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::{Actor, TaskId, Title};

    const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000); // Sun 2026-11-22 12:00 UTC

    fn series(rule: &str, due: &str, from: Option<&str>) -> Task {
        let title = Title::try_from("x".to_owned()).unwrap();
        Task {
            due: Some(due.parse().unwrap()),
            repeat_from: from.map(|from| from.parse().unwrap()),
            repeat: Some(Repeat::read(rule).unwrap()),
            ..Task::new(TaskId::FIRST, title, Actor::named("test"), NOW)
        }
    }

    fn remarks(before: Option<Task>, after: Task) -> String {
        let edit = Edit {
            before,
            after,
            comments: crate::domain::change::CommentDiff::default(),
            keeps_due: false,
        };
        let berlin = Zone::named("Europe/Berlin").unwrap();
        on_series(&[edit], NOW, berlin).join("; ")
    }

    #[test]
    fn a_date_that_is_moved_alone_comes_with_the_next_one() {
        let was = series("every mon", "2026-11-30T09:00[Europe/Berlin]", None);
        let moved = series(
            "every mon",
            "2026-12-01T11:00[Europe/Berlin]",
            Some("2026-11-30T09:00[Europe/Berlin]"),
        );
        assert_eq!(
            remarks(Some(was.clone()), moved.clone()),
            "1: this date is moved alone, the next is Mon 2026-12-07 09:00 +01:00; to move the series, give the rule too"
        );
        assert_eq!(remarks(Some(moved.clone()), moved.clone()), "");
        let mut by_another_rule = moved.clone();
        by_another_rule.repeat = Repeat::read("every 2 weeks on mon").ok();
        assert_eq!(
            remarks(Some(moved), by_another_rule),
            "1: this date stays where it was moved to, the next is Mon 2026-12-14 09:00 +01:00"
        );
        assert_eq!(remarks(None, was.clone()), "");
        let past_the_next = series(
            "every mon",
            "2026-12-09",
            Some("2026-11-30T09:00[Europe/Berlin]"),
        );
        assert!(remarks(Some(was), past_the_next).contains("the next is Mon 2026-12-14 09:00"));
    }

    #[test]
    fn a_time_that_is_moved_where_the_series_is_comes_with_the_place() {
        let here = |due: &str, from: Option<&str>| {
            let place = |date: &str| format!("{date}[America/New_York]");
            series("every mon", &place(due), from.map(place).as_deref())
        };
        let was = here("2026-11-30T09:00", None);
        assert_eq!(
            remarks(
                Some(was.clone()),
                here("2026-11-30T11:00", Some("2026-11-30T09:00"))
            ),
            "1: 11:00 is the time in America/New_York, where the series is; \
             1: this date is moved alone, the next is Mon 2026-12-07 15:00 +01:00 (09:00 New York); to move the series, give the rule too"
        );
        // It may have gone on to the next day, or been moved to a day without a time before.
        for (before, after) in [
            (was.clone(), "2026-12-01T09:00"),
            (was.clone(), "2026-12-01T11:00"),
            (
                series(
                    "every mon",
                    "2026-12-01",
                    was.due.map(|due| due.to_string()).as_deref(),
                ),
                "2026-12-01T11:00",
            ),
        ] {
            let said = remarks(Some(before), here(after, Some("2026-11-30T09:00")));
            assert!(
                said.contains("is the time in America/New_York, where the series is"),
                "{said}"
            );
        }
        for elsewhere in ["2026-12-01", "2026-12-01T11:00[Europe/Berlin]"] {
            let from = was.due.map(|due| due.to_string());
            let said = remarks(
                Some(was.clone()),
                series("every mon", elsewhere, from.as_deref()),
            );
            assert!(!said.contains("the time in"), "{said}");
        }
    }

    #[test]
    fn a_date_that_is_moved_and_has_none_after_it_is_told_to_be_the_last() {
        let last = "is the last of its series";
        for (rule, to) in [
            ("every mon until 2026-12-14", "2026-12-15"),
            ("every mon until 2026-12-06", "2026-12-01"),
            ("FREQ=WEEKLY;BYDAY=MO;COUNT=1", "2026-12-01"),
        ] {
            let was = series(rule, "2026-11-30", None);
            let moved = series(rule, to, Some("2026-11-30"));
            let said = remarks(Some(was), moved.clone());
            let expected = format!(
                "1: this date is moved alone, and {last}; to move the series, give the rule too"
            );
            assert_eq!(said, expected, "{rule}");
            let by_another_rule = series("every wed", to, Some("2026-11-30"));
            let said = remarks(Some(by_another_rule), moved);
            assert_eq!(
                said,
                format!("1: this date stays where it was moved to, and {last}"),
                "{rule}"
            );
        }
        assert_eq!(
            remarks(
                None,
                series("every mon until 2026-12-06", "2026-12-02", None)
            ),
            format!("1: Wed 2026-12-02 is no day of \"every Mon until 2026-12-06\", and {last}")
        );
    }

    #[test]
    fn a_first_date_that_is_none_of_the_rule_is_told() {
        let cases = [
            (
                "every mon",
                "2026-12-09",
                "1: Wed 2026-12-09 is no day of \"every Mon\"; the next is Mon 2026-12-14",
            ),
            ("every wed", "2026-12-09", ""),
            ("every 3 days", "2026-12-09", ""),
            ("monthly on the 31st", "2027-02-28", ""),
            ("every 2 weeks after completion", "2026-12-09", ""),
        ];
        for (rule, due, said) in cases {
            assert_eq!(remarks(None, series(rule, due, None)), said, "{rule}");
        }
    }

    #[test]
    fn a_change_after_which_the_date_is_none_of_the_rule_or_the_time_is_another_is_told() {
        let was = series("every wed", "2026-12-09T18:00[Europe/Berlin]", None);
        let off = "1: Thu 2026-12-10 18:00 +01:00 is no day of \"every Wed\"; the next is Wed 2026-12-16 18:00 +01:00";
        let time = "1: the series is at 19:00 from now on";
        let cases = [
            ("2026-12-10T18:00[Europe/Berlin]", off),
            ("2026-12-09T19:00[Europe/Berlin]", time),
            ("2026-12-16T18:00[Europe/Berlin]", ""),
            ("2026-12-16", ""),
        ];
        for (due, said) in cases {
            let after = series("every wed", due, None);
            assert_eq!(remarks(Some(was.clone()), after), said, "{due}");
        }
        // It is told once, and not with each other change.
        let off = series("every wed", "2026-12-10", None);
        assert_eq!(remarks(Some(off.clone()), off), "");
        // A rule that gives starts says nothing of the days on which rounds are due.
        let by_start = |due| series("FREQ=WEEKLY;BYDAY=MO;X-FROM=START", due, None);
        assert_eq!(
            remarks(Some(by_start("2026-12-09")), by_start("2026-12-16")),
            ""
        );
    }

    #[test]
    fn a_series_that_is_due_before_it_is_deferred_is_told() {
        let mut task = series("every mon", "2026-12-07", None);
        for (until, is_told) in [
            ("2026-12-10", true),
            ("2026-12-08T00:00[Europe/Berlin]", true),
            ("2026-12-07", false),
            ("2026-12-07T18:00[Europe/Berlin]", false),
        ] {
            task.defer_until = until.parse().ok();
            let said = remarks(None, task.clone());
            assert_eq!(
                said.contains("is due Mon 2026-12-07, before"),
                is_told,
                "{until}: {said}"
            );
            // It is told once, and not with each round.
            let mut next = task.clone();
            next.due = "2026-12-14".parse().ok();
            assert_eq!(remarks(Some(task.clone()), next), "", "{until}");
        }
    }

    #[test]
    fn the_place_of_a_series_is_told_where_it_may_surprise() {
        let by_offset = series("every day", "2026-12-09T17:00[-08:00]", None);
        assert!(remarks(None, by_offset).contains("-08:00 does not follow summer time"));
        let (old, now) = (
            series("every day", "2026-12-09T16:00:00.000Z", None),
            series("every day", "2026-12-09T17:00[Europe/Berlin]", None),
        );
        assert_eq!(
            remarks(Some(old), now),
            "1: counted in Europe/Berlin from now on"
        );
    }
}
