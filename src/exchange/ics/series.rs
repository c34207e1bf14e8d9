//! Series of a calendar: which of their dates is the next, when some are closed, excluded or moved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use super::said::Said;
use crate::{
    domain::{
        repeat::Repeat,
        task::{Status, Task},
        when::{When, Zone},
    },
    exchange::Notes,
};

/// How many dates of a series are looked at.
const MOST: usize = 5_000;
/// What is said of a task that begins after it is due.
pub(super) const AFTER_DUE: &str = "DTSTART is after DUE: left out";
/// What a rule says of the time of day, which the first date of the series says, too.
const TIMES: [&str; 3] = ["BYHOUR", "BYMINUTE", "BYSECOND"];

/// Reads a rule; `None` for one that no task can have. What it says of the time of day is returned besides, as hour, minute and
/// second.
pub(super) fn rule(text: &str) -> Option<(Repeat, [Option<u32>; 3])> {
    let mut times = [None; 3];
    let mut parts = Vec::new();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match TIMES
            .iter()
            .position(|time| name.eq_ignore_ascii_case(time))
        {
            Some(place) => times[place] = Some(value.trim().parse().ok()?),
            None => parts.push(part),
        }
    }
    Some((Repeat::read(&parts.join(";")).ok()?, times))
}

/// Returns a time with another time of day, as far as that is given; a day as it is.
pub(super) fn at_time(when: When, [hour, minute, second]: [Option<u32>; 3]) -> When {
    let with = |wall: NaiveDateTime| {
        let time = wall.time();
        let part = |given: Option<u32>, own: u32| given.unwrap_or(own);
        let (hour, minute) = (part(hour, time.hour()), part(minute, time.minute()));
        let time = NaiveTime::from_hms_opt(hour, minute, part(second, time.second()));
        time.map_or(wall, |time| wall.date().and_time(time))
    };
    match when {
        When::Day(_) => when,
        When::Floating(wall) => When::Floating(with(wall)),
        When::Zoned(wall, zone) => When::zoned(with(wall), zone),
        When::At(at) => When::At(with(Zone::UTC.wall(at)).and_utc().timestamp_millis()),
    }
}

/// Has a series begin where the file says: if it begins on an earlier day than it is due, the rule gives the days on which it
/// begins, and until then it is deferred.
pub(super) fn begin(task: &mut Task, start: Option<When>, here: Zone, notes: &mut Notes) {
    let Some(repeat) = &task.repeat else {
        return;
    };
    let is_instant = |when: When| matches!(when, When::At(_));
    if task.is_open() && task.due.or(start).is_some_and(is_instant) && here != Zone::UTC {
        notes.count("RRULE: the days of a series in UTC are days there, and not yours");
    }
    // A series has a place, and its days are those there.
    let placed = |when: When| {
        if task.is_open() {
            when.settled(Zone::UTC)
        } else {
            when
        }
    };
    let start = start.map(placed);
    let due = task.due.map(placed).or(start);
    let (Some(start), Some(due)) = (start, due) else {
        task.due = due;
        return;
    };
    let zone = due.zone(here);
    // The last date is the last one that begins by the end (RFC 5545, 3.3.10).
    let repeat = repeat.clone().ending_by_day(&start, here);
    let begins_before = start.day(zone) < due.day(zone);
    task.repeat = Some(if begins_before {
        repeat.anchored(&start, here).giving_starts(true)
    } else {
        repeat
    });
    if begins_before {
        task.defer_until = Some(start);
    } else if defers(&start, &due, here) {
        task.defer_until = task.defer_until.or(Some(start));
    } else if is_after(&start, &due, here) {
        notes.count(AFTER_DUE);
    }
    task.due = Some(due);
}

/// Reports whether a date of a series is deferred until it begins: that is on a day before it is due, or later than its day begins.
fn defers(start: &When, due: &When, here: Zone) -> bool {
    let zone = due.zone(here);
    start.day(zone) < due.day(zone)
        || start.order(here) < due.order(here) && !is_midnight(start, zone)
}

/// Reports whether a task would begin after it is due. A day and a time on it are none after the other.
pub(super) fn is_after(start: &When, due: &When, here: Zone) -> bool {
    let zone = due.zone(here);
    start.day(zone) > due.day(zone)
        || start.kind() == due.kind() && start.order(here) > due.order(here)
}

/// Reports whether it is no time of day, or the first one.
fn is_midnight(when: &When, zone: Zone) -> bool {
    when.instant(zone)
        .is_none_or(|at| at == zone.begin(when.day(zone)))
}

/// Returns the rule with another number of dates that are left.
fn counted(repeat: Repeat, count: Option<u32>) -> Repeat {
    let Some(count) = count else {
        return repeat;
    };
    let text = repeat.to_string();
    let parts = text.split(';').filter(|part| !part.starts_with("COUNT="));
    let text = parts.collect::<Vec<_>>().join(";");
    Repeat::read(&format!("{text};COUNT={count}")).unwrap_or(repeat)
}

/// What becomes of a date of the rule that is not as the others are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Completed,
    Cancelled,
    /// It does not come, or is a task of its own.
    Excluded,
}

impl Fate {
    /// Returns that of a date that is closed.
    fn of(instance: &Said) -> Option<Self> {
        match instance.status() {
            Status::Completed => Some(Self::Completed),
            Status::Cancelled => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// Moves the task to the first date of its series that is open. A date that is moved, if it is the first one, is where the
/// task is; any other that is open and not as the rule has it goes to `others`. Returns whether the date before the first open one was
/// completed.
pub(super) fn settle(
    task: &mut Task,
    said: &Said,
    instances: Vec<Said>,
    others: &mut Vec<Said>,
    here: Zone,
    notes: &mut Notes,
) -> bool {
    let (Some(repeat), Some(due)) = (&task.repeat, task.due) else {
        others.extend(instances);
        return false;
    };
    let start = task.defer_until.filter(|_| repeat.gives_starts());
    // The first date that the rule gives.
    let first = start.unwrap_or(due);
    let repeat = repeat.anchored(&first, here);
    if instances.is_empty() && said.excluded.is_empty() {
        return false;
    }
    let zone = first.zone(here);
    let day = |when: &When| when.day(zone);
    // Everything keeps its distance from the date that the rule gives.
    let as_far = |when: When, date: &When| {
        let ahead = day(date) - day(&first);
        let home = when.zone(zone);
        let moved = when.day(home).checked_add_signed(ahead);
        moved.map_or(when, |day| when.on(day, home))
    };
    let begins_otherwise = |instance: &Said, date: &NaiveDate| {
        let begin = task
            .defer_until
            .map(|until| as_far(until, &first.on(*date, zone)));
        begins_otherwise(instance, begin, zone, here)
    };
    let named = instances
        .iter()
        .filter_map(|instance| instance.instance.as_ref());
    let last = named.chain(&said.excluded).map(day).max();
    let dates = dates(&repeat, first, last.unwrap_or(day(&first)), here);
    let days: BTreeSet<NaiveDate> = dates.iter().map(day).collect();
    let excluded = said.excluded.iter().map(day);
    let of_rule = excluded.filter(|day| days.contains(day));
    let mut fates: BTreeMap<_, _> = of_rule.map(|day| (day, Fate::Excluded)).collect();
    let mut moved: BTreeMap<NaiveDate, Said> = BTreeMap::new();
    let mut ended_at = None;
    for instance in instances {
        let Some(date) = instance.instance.as_ref().map(day) else {
            continue;
        };
        let is_of_rule = days.contains(&date);
        if let Some(fate) = Fate::of(&instance).filter(|_| is_of_rule) {
            ended_at = ended_at.max(instance.ended_at());
            fates.insert(date, fate);
            notes.count("RECURRENCE-ID: a date of a series that is closed was passed over");
        } else if !is_of_rule
            || !says_the_same(&instance, said)
            || task.defer_until.is_some() && begins_otherwise(&instance, &date)
        {
            if is_of_rule {
                fates.insert(date, Fate::Excluded);
            }
            others.push(instance);
        } else {
            if begins_otherwise(&instance, &date) {
                notes.count(
                    "RECURRENCE-ID: the begin of one date was left out, since its series has none",
                );
            }
            moved.insert(date, instance);
        }
    }
    let open = |fates: &BTreeMap<NaiveDate, Fate>| {
        let mut open = dates.iter().filter(|date| !fates.contains_key(&day(date)));
        open.next().copied()
    };
    let Some(current) = open(&fates) else {
        let last = dates.last().map(|last| as_far(due, last));
        end(task, &fates, last, ended_at);
        return false;
    };
    let before = fates.range(..day(&current)).next_back();
    let is_completed = before.is_some_and(|(_, fate)| *fate == Fate::Completed);
    let mut set = None;
    for (date, instance) in moved {
        let given = dates.iter().find(|when| day(when) == date);
        let given = given.map(|date| as_far(due, date));
        // Its due date may be told in another zone than its start, as that of the series.
        let is = instance.due.map(|date| date.settled(due.zone(here)));
        let is = is.or(instance.start.map(|start| start.settled(zone)));
        let is_moved = is.is_some() && is != given;
        if date == day(&current) {
            if instance.status() == Status::InProgress {
                task.status = Status::InProgress;
            }
            set = is_moved.then_some((is, given, instance));
        } else if is_moved {
            fates.insert(date, Fate::Excluded);
            others.push(instance);
        }
    }
    task.due = Some(as_far(due, &current));
    task.defer_until = task.defer_until.map(|until| as_far(until, &current));
    if let Some((moved_to, given, instance)) = set {
        task.due = moved_to;
        task.repeat_from = given.filter(|_| !instance.is_off_rule);
        if start.is_some() {
            begin_as(&instance, task, zone);
        }
    }
    task.repeat = Some(rest(repeat, fates, day(&current)));
    is_completed
}

/// Has the task begin as its date does: what begins otherwise than its series is here only if it is off the rule.
fn begin_as(instance: &Said, task: &mut Task, zone: Zone) {
    let own_start = instance.start.map(|start| start.settled(zone));
    task.defer_until = own_start.or(task.defer_until);
}

/// Returns the rule from its `current` date on.
fn rest(repeat: Repeat, fates: BTreeMap<NaiveDate, Fate>, current: NaiveDate) -> Repeat {
    // COUNT counts the dates of the rule, whatever becomes of them (RFC 5545, 3.3.10).
    let gone = u32::try_from(fates.len()).unwrap_or(u32::MAX);
    let count = repeat
        .count()
        .map(|count| count.saturating_sub(gone).max(1));
    let ahead = fates.into_keys().filter(|date| *date > current);
    counted(repeat, count).excluding(ahead)
}

/// Reports whether one date of a series begins at another time than `begin`, which is that of the series. A task holds no begin that is
/// one of this date alone: the next would keep its distance from that.
fn begins_otherwise(instance: &Said, begin: Option<When>, zone: Zone, here: Zone) -> bool {
    let (Some(start), Some(due), false) = (instance.start, instance.due, instance.is_off_rule)
    else {
        return false;
    };
    let (start, due) = (start.settled(zone), due.settled(zone));
    begin != Some(start).filter(|start| defers(start, &due, here))
}

/// Returns the dates of a series from the first to `last`, and the one after.
fn dates(repeat: &Repeat, first: When, last: NaiveDate, here: Zone) -> Vec<When> {
    let most = repeat.count().map_or(MOST, |count| count as usize);
    let mut dates = vec![first];
    let mut current = first;
    while dates.len() < most && current.day(first.zone(here)) <= last {
        let Some(next) = repeat.after(&first, &current, i64::MIN, here) else {
            break;
        };
        dates.push(next);
        current = next;
    }
    dates
}

/// Reports whether a date of a series says nothing else than the series, but when it is due.
fn says_the_same(instance: &Said, series: &Said) -> bool {
    let is_same = |one: &Option<String>, other: &Option<String>| one.is_none() || one == other;
    is_same(&instance.title, &series.title)
        && is_same(&instance.note, &series.note)
        && (instance.priority.is_none() || instance.priority == series.priority)
}

/// Closes a series of which no date is left.
fn end(
    task: &mut Task,
    fates: &BTreeMap<NaiveDate, Fate>,
    last: Option<When>,
    ended_at: Option<crate::domain::task::Timestamp>,
) {
    let is_completed = fates.values().any(|fate| *fate == Fate::Completed);
    task.due = last;
    task.status = if is_completed {
        Status::Completed
    } else {
        Status::Cancelled
    };
    task.completed_at = is_completed.then(|| ended_at.unwrap_or(task.updated_at));
}
