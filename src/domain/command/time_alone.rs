//! A time of day that a change names without a day.

use super::Caller;
use crate::domain::{
    repeat::Start,
    when::{When, Zone},
};

/// Returns the date to set: a time that was named alone, on the day that the task `has`, unless it is past there. Of a task that
/// repeats it is a time where its `series` is, whose date that is, and otherwise one of the caller.
pub(super) fn with_day(
    given: When,
    time: Option<Start>,
    has: Option<When>,
    series: Option<When>,
    caller: &Caller,
) -> When {
    let (now, zone) = (caller.now.as_millis(), caller.zone);
    let home = series.map(|series| series.zone(zone));
    let has = has.or_else(|| home.map(|home| When::Day(home.today(now))));
    let (Some(time), Some(has)) = (time, has) else {
        return given;
    };
    let kept = match series {
        Some(series) => time.in_series(series, has, zone),
        None => time.on_day_of(has, zone),
    };
    let is_to_come = |date: &When| !date.is_past(now, zone);
    let next = |home: Zone| {
        let today = home.today(now);
        let days = [Some(today), today.succ_opt()].into_iter().flatten();
        days.map(|day| kept.on(day, home)).find(is_to_come)
    };
    match home {
        _ if is_to_come(&kept) => kept,
        Some(home) => next(home).unwrap_or(given),
        None => given,
    }
}
