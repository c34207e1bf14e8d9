//! The begin of a series: its first date, and what it takes from that once and for all.

use super::Caller;
use crate::domain::{
    error::Result,
    repeat::{Repeat, Start},
    task::{Invalid, Task},
    when::Zone,
};

/// Gives a task that repeats a date, the first that its rule has from today on, and settles its series.
pub(crate) fn begin_series(task: &mut Task, caller: &Caller) {
    let Some(repeat) = &task.repeat else { return };
    let today = caller.zone.today(caller.now.as_millis());
    // Until it is deferred, none of its dates comes.
    let until = task.defer_until.map(|until| until.day(caller.zone));
    let from = until.map_or(today, |until| until.max(today));
    task.due = task.due.or_else(|| repeat.first(from, caller.zone));
    if task.due.is_none() {
        task.repeat = None;
    }
    settle(task, caller.zone);
}

/// Has a series go on alike wherever and whenever its rounds are completed. What its rule leaves open is written out from the date that
/// the rule gave: `weekly` from a Monday is every Monday. An instant becomes the time that clocks show then in `zone`: from now on its
/// days and its time are those there.
pub(crate) fn settle(task: &mut Task, zone: Zone) {
    let Some(repeat) = &task.repeat else { return };
    let start = task.defer_until.filter(|_| repeat.gives_starts());
    let first = start.or(task.repeat_from).or(task.due);
    if let Some(first) = first {
        task.repeat = Some(repeat.anchored(&first, zone));
    }
    for date in [&mut task.due, &mut task.repeat_from, &mut task.defer_until] {
        *date = date.map(|date| date.settled(zone));
    }
}

/// Gives a task that repeats the date or the time that the words of its rule name.
pub(super) fn begin_as_said(task: &mut Task, start: Start, caller: &Caller) -> Result<()> {
    if let Some(repeat) = &task.repeat
        && !start.is_open()
    {
        let due = repeat.begins(start, task.due, caller.now.as_millis(), caller.zone);
        task.due = Some(due.map_err(|reason| Invalid::new("repeat", reason))?);
    }
    Ok(())
}

/// Refuses a rule by which `task` would never come again, as every seventh day from a Monday on, if it is a Tuesday.
pub(super) fn refuse_barren(repeat: Option<&Repeat>, task: &Task, caller: &Caller) -> Result<()> {
    let Some(repeat) = repeat else { return Ok(()) };
    let words = repeat.words(caller.zone);
    let reason = match &task.due {
        Some(due) if repeat.comes_from(due, caller.zone) => return Ok(()),
        Some(due) => format!(
            "\"{words}\" never comes again from {} on; change the rule, or set due to a day of it",
            due.show(caller.zone)
        ),
        None => format!("\"{words}\" has no date from today on; change the rule, or set due"),
    };
    Err(Invalid::new("repeat", reason).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        command::{self, Patch, sample},
        task::Status,
        when::When,
    };

    #[test]
    fn a_finished_task_that_gets_a_rule_has_its_time_where_that_was_said_however_it_reopens() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let caller = Caller {
            zone: berlin,
            ..sample::caller()
        };
        // Friday at 17:00 in Berlin.
        let due = When::At(1_796_400_000_000);
        let mut finished = sample::task("Send the report", 1);
        finished.due = Some(due);
        finished.set_status(Status::Completed, sample::NOW);
        let weekly = Patch {
            repeat: Some(Repeat::read("weekly").ok()),
            ..Patch::default()
        };
        let reopen = Patch {
            status: Some(Status::Pending),
            ..Patch::default()
        };
        let at_once = Patch {
            status: reopen.status,
            ..weekly.clone()
        };
        for patches in [vec![&at_once], vec![&weekly, &reopen]] {
            let reopened = patches.into_iter().fold(finished.clone(), |task, patch| {
                let edit = command::update(&task, patch, None, &caller, || Ok(None));
                edit.unwrap().after
            });
            assert!(reopened.is_open());
            assert_eq!(reopened.due, Some(due.settled(berlin)));
            assert_ne!(reopened.due, Some(due));
        }
    }
}
