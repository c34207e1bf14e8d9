//! iCalendar: each task a `VTODO` (RFC 5545), what comes before it as RFC 9253 has it.
//!
//! | here | there |
//! |---|---|
//! | `title`, `description`, `comments` | `SUMMARY`, `DESCRIPTION`, `COMMENT`; without a `SUMMARY` the first line of the description is the title |
//! | `status` | `STATUS`: `NEEDS-ACTION`, `IN-PROCESS`, `COMPLETED`, `CANCELLED`; where it is not said, `COMPLETED` and `PERCENT-COMPLETE` count |
//! | `priority` high, medium, low | `PRIORITY` 1, 5, 9; 1 to 4 and 6 to 9 are read as high and low |
//! | `due`: a day, an instant, a time of a zone, a time anywhere | `DUE;VALUE=DATE`, `DUE` in UTC, `DUE;TZID=` with a `VTIMEZONE` of our own, `DUE` without a zone |
//! | `defer_until` | `DTSTART`, where RFC 5545 allows it: before `DUE`, of its kind, no rule; else `X-TASKHOLD-DEFER-UNTIL` |
//! | `repeat` | `RRULE`, with the begin of the day on which it is due as `DTSTART`, since a rule needs one; where that is when it is due, there is no `DUE`, which must be later (RFC 5545, 3.8.2.3); `X-TASKHOLD-REPEAT` if it counts from completion, or is due off a rule that has no date before. A rule that gives the days on which rounds begin has `DTSTART` as `defer_until`, and `DUE` days later |
//! | `repeat_from` | a second `VTODO` with the `RECURRENCE-ID`; with `X-TASKHOLD-OFF-RULE` if a date is off the rule and was not moved |
//! | the next date of a series | its first date that is not in `EXDATE` and of which no `RECURRENCE-ID` is completed or cancelled |
//! | `project`, `tags` | `X-TASKHOLD-PROJECT`, `CATEGORIES` |
//! | `parent`, `depends_on` | `RELATED-TO`; `RELATED-TO;RELTYPE=DEPENDS-ON` |
//! | what it is called where it came from | `UID`; with `X-TASKHOLD-VERSION`, by which a file of ours tells what was changed in it since; once more for the database that the task came from |
//! | `created_at`, `updated_at`, `completed_at` | `CREATED`, `LAST-MODIFIED`, `COMPLETED`, to the second |

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use chrono::Datelike as _;

use super::{Contents, Notes, Relatives, WriteError, version_text};
use crate::domain::{
    imported::{first_name, origin_beyond_itself},
    task::{Origin, Priority, Status, Task, TaskWithComments, Version},
    when::{When, Zone},
};

#[cfg(test)]
mod cases;
mod content;
mod dates;
mod property;
mod read;
mod said;
mod series;
mod survey;
#[cfg(test)]
mod tests;
mod timezone;
mod todo;
mod values;
mod zones;

use content::{escaped, line, text};
use dates::{Dates, instant};
pub use read::Reader;

/// Who is said to have created what comes from a calendar, and by what it is known again.
const SOURCE: &str = "icalendar";
/// What it cannot hold.
const LEFT_OUT: [&str; 3] = ["created_by", "rev", "started_at"];

/// Writes the format.
#[derive(Debug)]
pub struct Writer {
    zone: Zone,
    /// The year of the earliest date.
    first_year: Option<i32>,
    /// The zones that were written.
    defined: BTreeSet<&'static str>,
    left_out: Notes,
}

impl Writer {
    /// Compares days with times as they are in `zone`; a series that has no zone yet is one of it.
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            first_year: None,
            defined: BTreeSet::new(),
            left_out: Notes::default(),
        }
    }
}

impl super::Writer for Writer {
    fn begin(&mut self, out: &mut dyn Write, contents: Contents) -> io::Result<()> {
        self.first_year = contents.first_year;
        line(out, "BEGIN:VCALENDAR")?;
        line(out, "VERSION:2.0")?;
        line(
            out,
            concat!(
                "PRODID:-//taskhold//taskhold ",
                env!("CARGO_PKG_VERSION"),
                "//EN"
            ),
        )
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        whole: &TaskWithComments,
        place: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        self.left_out.count_fields(whole, &LEFT_OUT);
        let TaskWithComments { task, comments } = whole;
        if !comments.is_empty() {
            self.left_out.count("comments (when and by whom)");
        }
        let dates = Dates::of(task, self.zone);
        self.zones(out, task, &dates)?;
        begin(out, task)?;
        line(
            out,
            &format!("CREATED:{}", instant(task.created_at.as_millis())),
        )?;
        line(
            out,
            &format!("LAST-MODIFIED:{}", instant(task.updated_at.as_millis())),
        )?;
        let here = Version {
            rev: task.rev,
            at: task.updated_at,
        };
        let origin = origin_beyond_itself(task);
        let origin = origin.as_deref();
        let since = origin.into_iter().flat_map(|origin| &origin.since).copied();
        let before = origin.and_then(Origin::elsewhere);
        for version in [here].into_iter().chain(since).chain(before) {
            line(
                out,
                &format!("X-TASKHOLD-VERSION:{}", version_text(version)),
            )?;
        }
        text(out, "SUMMARY", task.title.as_str())?;
        if !task.description.is_empty() {
            text(out, "DESCRIPTION", task.description.as_str())?;
        }
        Self::progress(out, task)?;
        dates.write(out)?;
        if let Some(project) = &task.project {
            text(out, "X-TASKHOLD-PROJECT", project.as_str())?;
        }
        if !task.tags.is_empty() {
            let tags: Vec<String> = task.tags.iter().map(|tag| escaped(tag.as_str())).collect();
            line(out, &format!("CATEGORIES:{}", tags.join(",")))?;
        }
        let parent = task.parent.iter().map(|id| (id, ""));
        let depends_on = task.depends_on.iter().map(|id| (id, ";RELTYPE=DEPENDS-ON"));
        for (id, relation) in parent.chain(depends_on) {
            if let Some(other) = (place.other)(*id)? {
                line(out, &format!("RELATED-TO{relation}:{}", uid_of(&other)))?;
            }
        }
        for comment in comments {
            text(out, "COMMENT", comment.text.as_str())?;
        }
        line(out, "END:VTODO")?;
        Ok(Self::moved(out, task, &dates)?)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        line(out, "END:VCALENDAR")
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }

    fn names_zones(&self) -> bool {
        true
    }
}

impl Writer {
    fn progress(out: &mut dyn Write, task: &Task) -> io::Result<()> {
        let status = match task.status {
            Status::Pending => "NEEDS-ACTION",
            Status::InProgress => "IN-PROCESS",
            Status::Completed => "COMPLETED",
            Status::Cancelled => "CANCELLED",
        };
        line(out, &format!("STATUS:{status}"))?;
        if let Some(at) = task.completed_at {
            line(out, &format!("COMPLETED:{}", instant(at.as_millis())))?;
            line(out, "PERCENT-COMPLETE:100")?;
        }
        match task.priority {
            Some(Priority::High) => line(out, "PRIORITY:1"),
            Some(Priority::Medium) => line(out, "PRIORITY:5"),
            Some(Priority::Low) => line(out, "PRIORITY:9"),
            None => Ok(()),
        }
    }

    /// Writes the zones of dates, each before it is named the first time.
    fn zones(&mut self, out: &mut dyn Write, task: &Task, dates: &Dates) -> io::Result<()> {
        for when in dates.all() {
            if let When::Zoned(_, zone) = when
                && zone != Zone::UTC
                && self.defined.insert(zone.name())
            {
                let year = Zone::UTC.today(task.updated_at.as_millis()).year();
                let mut years = timezone::around(year);
                // A series may begin before its task is due.
                let own = dates.all().map(|when| when.day(zone).year());
                if let Some(first) = own.chain(self.first_year).min() {
                    years = years.start.min(first - 1)..years.end;
                }
                timezone::write(out, zone, &years)?;
            }
        }
        Ok(())
    }

    /// Writes the round of a series that was moved, as the component that stands for it.
    fn moved(out: &mut dyn Write, task: &Task, dates: &Dates) -> io::Result<()> {
        let Some(moved) = &dates.moved else {
            return Ok(());
        };
        begin(out, task)?;
        text(out, "SUMMARY", task.title.as_str())?;
        dates.write_moved(out, moved)?;
        line(out, "END:VTODO")
    }
}

/// Writes what each component of a task begins with.
fn begin(out: &mut dyn Write, task: &Task) -> io::Result<()> {
    line(out, "BEGIN:VTODO")?;
    line(out, &format!("UID:{}", uid_of(task)))?;
    let stamp = instant(task.updated_at.as_millis());
    line(out, &format!("DTSTAMP:{stamp}"))
}

/// Returns what a task is called: as in the calendar that it came from.
fn uid_of(task: &Task) -> String {
    let foreign = task.origin.as_ref().filter(|origin| {
        // A date of a series that is a task of its own has the name of the series and its own.
        origin.from == SOURCE && !origin.name.contains('\n')
    });
    foreign.map_or_else(|| first_name(task), |origin| escaped(&origin.name))
}
