//! iCalendar: each task a `VTODO` (RFC 5545), what comes before it as RFC 9253 has it.
//!
//! | here | there |
//! |---|---|
//! | `title`, `description`, `comments` | `SUMMARY`, `DESCRIPTION`, `COMMENT` |
//! | `status` | `STATUS`: `NEEDS-ACTION`, `IN-PROCESS`, `COMPLETED`, `CANCELLED` |
//! | `priority` high, medium, low | `PRIORITY` 1, 5, 9; 1 to 4 and 6 to 9 are read as high and low |
//! | `due`: a day, an instant | `DUE;VALUE=DATE`, `DUE` in UTC |
//! | `defer_until` | `DTSTART`, where RFC 5545 allows it: before `DUE`, of its kind, no rule; else `X-TASKHOLD-DEFER-UNTIL` |
//! | `repeat` | `RRULE`, with `DTSTART` as `DUE`, since a rule needs one; `X-TASKHOLD-REPEAT-FROM` if it counts from completion |
//! | `project`, `tags` | `X-TASKHOLD-PROJECT`, `CATEGORIES` |
//! | `parent`, `depends_on` | `RELATED-TO`; `RELATED-TO;RELTYPE=DEPENDS-ON` |
//! | `created_at`, `updated_at`, `completed_at` | `CREATED`, `LAST-MODIFIED`, `COMPLETED`, to the second |

use std::io::{self, Write};

use chrono::NaiveDate;

use super::{Contents, Notes, Relatives, WriteError};
use crate::domain::{
    repeat::Repeat,
    task::{Priority, Status, Task, TaskId, TaskWithComments, Timestamp},
    when::{When, Zone},
};

mod property;
mod read;

pub use read::Reader;

/// What it cannot hold.
const LEFT_OUT: [&str; 4] = ["created_by", "repeat_from", "rev", "started_at"];
/// How long a line may be, in bytes.
const FOLD: usize = 75;

/// Writes the format.
#[derive(Debug)]
pub struct Writer {
    zone: Zone,
    left_out: Notes,
}

impl Writer {
    /// Compares days with instants as they are in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            left_out: Notes::default(),
        }
    }
}

impl super::Writer for Writer {
    fn begin(&mut self, out: &mut dyn Write, _: Contents) -> io::Result<()> {
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
        line(out, "BEGIN:VTODO")?;
        line(out, &format!("UID:{}", uid(task.id, task.created_at)))?;
        line(
            out,
            &format!("DTSTAMP:{}", instant(task.updated_at.as_millis())),
        )?;
        line(
            out,
            &format!("CREATED:{}", instant(task.created_at.as_millis())),
        )?;
        line(
            out,
            &format!("LAST-MODIFIED:{}", instant(task.updated_at.as_millis())),
        )?;
        text(out, "SUMMARY", task.title.as_str())?;
        if !task.description.is_empty() {
            text(out, "DESCRIPTION", task.description.as_str())?;
        }
        Self::progress(out, task)?;
        self.dates(out, task)?;
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
            if let Some(created_at) = (place.created_at)(*id)? {
                line(
                    out,
                    &format!("RELATED-TO{relation}:{}", uid(*id, created_at)),
                )?;
            }
        }
        for comment in comments {
            text(out, "COMMENT", comment.text.as_str())?;
        }
        Ok(line(out, "END:VTODO")?)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        line(out, "END:VCALENDAR")
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
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
        }
        match task.priority {
            Some(Priority::High) => line(out, "PRIORITY:1"),
            Some(Priority::Medium) => line(out, "PRIORITY:5"),
            Some(Priority::Low) => line(out, "PRIORITY:9"),
            None => Ok(()),
        }
    }

    fn dates(&self, out: &mut dyn Write, task: &Task) -> io::Result<()> {
        if let Some(due) = &task.due {
            line(out, &dated("DUE", due, self.zone))?;
        }
        let start = match (&task.repeat, &task.due) {
            (Some(repeat), Some(due)) => {
                line(out, &format!("RRULE:{}", rule(repeat, due, self.zone)))?;
                if repeat.counts_from_completion() {
                    line(out, "X-TASKHOLD-REPEAT-FROM:COMPLETION")?;
                }
                Some(*due)
            }
            (None, due) => task.defer_until.filter(|until| {
                due.is_none_or(|due| {
                    is_same_kind(&due, until) && until.order(self.zone) < due.order(self.zone)
                })
            }),
            (Some(_), None) => None,
        };
        if let Some(start) = &start {
            line(out, &dated("DTSTART", start, self.zone))?;
        }
        match &task.defer_until {
            // Of a rule, the start is the due date.
            Some(until) if task.repeat.is_some() || start.as_ref() != Some(until) => {
                line(out, &dated("X-TASKHOLD-DEFER-UNTIL", until, self.zone))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the rule with an end of the kind of its start, as RFC 5545 wants it.
fn rule(repeat: &Repeat, start: &When, zone: Zone) -> String {
    let part = |part: &str| match (part.strip_prefix("UNTIL="), start) {
        (Some(until), When::Day(_)) => format!("UNTIL={}", &until[..until.len().min(8)]),
        (Some(until), _) if until.len() == 8 => {
            let day = NaiveDate::parse_from_str(until, "%Y%m%d").unwrap_or(NaiveDate::MAX);
            format!("UNTIL={}", instant(When::Day(day).order(zone)))
        }
        _ => part.to_owned(),
    };
    let parts: Vec<String> = repeat.from_due().to_string().split(';').map(part).collect();
    parts.join(";")
}

fn is_same_kind(a: &When, b: &When) -> bool {
    let is_day = |when: &When| matches!(when, When::Day(_));
    is_day(a) == is_day(b)
}

/// Returns what a task is called in every calendar it comes to.
fn uid(id: TaskId, created_at: Timestamp) -> String {
    format!("{}-{id}@taskhold", created_at.as_millis())
}

fn dated(name: &str, when: &When, zone: Zone) -> String {
    match when.instant(zone) {
        None => format!("{name};VALUE=DATE:{}", basic(when.day(zone))),
        Some(millis) => format!("{name}:{}", instant(millis)),
    }
}

fn basic(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

fn instant(millis: i64) -> String {
    Zone::UTC.wall(millis).format("%Y%m%dT%H%M%SZ").to_string()
}

fn text(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    line(out, &format!("{name}:{}", escaped(value)))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Writes a content line, folded between characters.
fn line(out: &mut dyn Write, content: &str) -> io::Result<()> {
    let mut rest = content;
    let mut room = FOLD;
    while rest.len() > room {
        let (now, later) = rest.split_at(rest.floor_char_boundary(room));
        write!(out, "{now}\r\n ")?;
        rest = later;
        // The blank that begins the next line counts.
        room = FOLD - 1;
    }
    write!(out, "{rest}\r\n")
}
