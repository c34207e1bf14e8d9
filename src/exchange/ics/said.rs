//! What the properties of a `VTODO` say.

use super::{
    dates::OFF_RULE,
    property::{Property, printable},
    survey::Component,
    values::{Dates, Length, checked, priority, status},
};
use crate::{
    domain::{
        imported::Name,
        task::{Invalid, Priority, Project, Status, Timestamp, Version},
        when::When,
    },
    exchange::{Fault, Notes, read_version},
};

/// Properties whose loss nobody may miss: where the value cannot be used, the file is refused, unless what is bad is to be
/// left out. All others are left out with a note.
pub(super) const VITAL: [&str; 5] = [
    "SUMMARY",
    "DESCRIPTION",
    "DUE",
    "DTSTART",
    "X-TASKHOLD-DEFER-UNTIL",
];

/// Properties that a task has once, at most (RFC 5545, 3.6.2), and ours; of two rules it can keep one.
const ONCE: [&str; 19] = [
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "STATUS",
    "PERCENT-COMPLETE",
    "PRIORITY",
    "DUE",
    "DTSTART",
    "DURATION",
    "RRULE",
    "RECURRENCE-ID",
    "COMPLETED",
    "CREATED",
    "LAST-MODIFIED",
    "DTSTAMP",
    "SEQUENCE",
    "X-TASKHOLD-DEFER-UNTIL",
    "X-TASKHOLD-PROJECT",
    "X-TASKHOLD-REPEAT",
];

/// What the properties of a `VTODO` say.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) line: u64,
    /// What it is called, as it is written.
    uid: Option<String>,
    pub(super) name: Option<Name>,
    pub(super) parent: Option<Name>,
    pub(super) depends_on: Vec<Name>,
    pub(super) title: Option<String>,
    pub(super) note: Option<String>,
    /// Further lines of the description.
    pub(super) texts: Vec<String>,
    pub(super) remarks: Vec<String>,
    pub(super) project: Option<Project>,
    pub(super) categories: Vec<String>,
    pub(super) priority: Option<Priority>,
    pub(super) status: Option<Status>,
    pub(super) percent: Option<u8>,
    pub(super) stamp: Option<Timestamp>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) start: Option<When>,
    pub(super) due: Option<When>,
    pub(super) length: Option<Length>,
    pub(super) defer_until: Option<When>,
    pub(super) rule: Option<String>,
    pub(super) excluded: Vec<When>,
    /// The states of a task of ours from which it was written.
    pub(super) versions: Vec<Version>,
    /// The date of a series that it is.
    pub(super) instance: Option<When>,
    /// How often its program has changed it, as that counts.
    pub(super) sequence: Option<u32>,
    /// It stands for a date that the rule does not give, and was not moved.
    pub(super) is_off_rule: bool,
}

impl Said {
    /// Reads the properties of a component. What cannot be used is left out, with a note or a fault.
    pub(super) fn read(
        component: &Component,
        dates: Dates<'_>,
        notes: &mut Notes,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut said = Self {
            line: component.line,
            uid: component.uid().map(str::to_owned),
            ..Self::default()
        };
        let mut once: Vec<&Property> = Vec::new();
        let properties = component.properties.iter();
        for property in properties.filter(|property| !property.value.trim().is_empty()) {
            if ONCE.contains(&property.name.as_str()) {
                let first = once
                    .iter()
                    .find(|first| said_at(first) == said_at(property));
                if let Some(first) = first {
                    if !first.says_the_same(property) {
                        said.keep_text(property, "a second one is kept", notes);
                    }
                    continue;
                }
                once.push(property);
            }
            match said.set(property, dates, notes) {
                Ok(()) => {}
                Err(invalid) if VITAL.contains(&property.name.as_str()) => {
                    faults.push(Fault::Property {
                        line: property.line,
                        reason: invalid.to_string(),
                    });
                }
                Err(invalid) => notes.count(format!("{invalid}: left out")),
            }
        }
        match (said.length, said.start.or(said.instance), said.due) {
            (None, ..) => {}
            (Some(_), _, Some(_)) => notes.count("DURATION beside DUE: left out"),
            (Some(_), None, None) => notes.count("DURATION without DTSTART: left out"),
            (Some(length), Some(start), None) => {
                let end = length.after(&start);
                said.due = end.and_then(|due| checked(due, "DURATION").ok());
                if said.due.is_none() {
                    notes.count("DURATION ends after the year 9999: left out");
                }
            }
        }
        said
    }

    /// Keeps a property as a line of the description; `what` is.
    fn keep_text(&mut self, property: &Property, what: &str, notes: &mut Notes) {
        let name = &property.name;
        notes.count(format!("{name}: {what} as a line of the description"));
        self.texts.push(format!("{name}: {}", property.text()));
    }

    fn set(
        &mut self,
        property: &Property,
        dates: Dates<'_>,
        notes: &mut Notes,
    ) -> Result<(), Invalid> {
        match property.name.as_str() {
            "UID" => self.name = Some(Name::Text(property.text())),
            "SUMMARY" => self.title = Some(property.text()),
            "DESCRIPTION" => self.note = Some(property.text()),
            "LOCATION" | "URL" => {
                notes.count(format!(
                    "{}: kept as a line of the description",
                    property.name
                ));
                self.texts.push(format!(
                    "{}: {}",
                    property.name.to_lowercase(),
                    property.text()
                ));
            }
            "COMMENT" => self.remarks.push(property.text()),
            "STATUS" => self.status = Some(status(&property.value)?),
            "PERCENT-COMPLETE" => {
                let percent = number(property, "PERCENT-COMPLETE", 100)?;
                if matches!(percent, 1..=99) {
                    notes.count("PERCENT-COMPLETE: left out");
                }
                self.percent = Some(percent);
            }
            "PRIORITY" => self.priority = priority(&property.value)?,
            "DUE" => self.due = Some(dates.when(property, "DUE", notes)?),
            "DTSTART" => self.start = Some(dates.when(property, "DTSTART", notes)?),
            "DURATION" => {
                let length = Length::read(&property.value);
                self.length = Some(length.ok_or_else(|| {
                    Invalid::new(
                        "DURATION",
                        "is no length of time like P3D or PT2H, or too long",
                    )
                })?);
            }
            "X-TASKHOLD-DEFER-UNTIL" => {
                self.defer_until = Some(dates.when(property, "X-TASKHOLD-DEFER-UNTIL", notes)?);
            }
            OFF_RULE => self.is_off_rule = true,
            "X-TASKHOLD-PROJECT" => self.project = Some(Project::try_from(property.text())?),
            "COMPLETED" => {
                self.completed_at = Some(dates.instant(property, "COMPLETED", notes)?);
            }
            "CREATED" => self.created_at = Some(dates.instant(property, "CREATED", notes)?),
            "LAST-MODIFIED" => {
                self.updated_at = Some(dates.instant(property, "LAST-MODIFIED", notes)?);
            }
            "DTSTAMP" => self.stamp = Some(dates.instant(property, "DTSTAMP", notes)?),
            "CATEGORIES" => self.categories.extend(property.texts()),
            "RRULE" | "X-TASKHOLD-REPEAT" => self.rule = Some(property.value.trim().to_owned()),
            "EXDATE" => {
                for property in property.each() {
                    self.excluded.push(dates.when(&property, "EXDATE", notes)?);
                }
            }
            "X-TASKHOLD-VERSION" => {
                self.versions.extend(read_version(property.value.trim()));
            }
            "RELATED-TO" if self.uid.as_deref() == Some(property.value.trim()) => {
                return Err(Invalid::new("RELATED-TO", "names the task itself"));
            }
            "RELATED-TO" => {
                let name = Name::Text(property.text());
                match property
                    .parameter("RELTYPE")
                    .unwrap_or("PARENT")
                    .to_ascii_uppercase()
                    .as_str()
                {
                    "PARENT" if self.parent.as_ref().is_some_and(|first| *first != name) => {
                        notes.count("RELATED-TO: a second parent was left out");
                    }
                    "PARENT" => self.parent = Some(name),
                    "DEPENDS-ON" => self.depends_on.push(name),
                    other => notes.count(format!(
                        "RELATED-TO of the kind {}: left out",
                        printable(other)
                    )),
                }
            }
            "RECURRENCE-ID" => {
                let range = property.parameter("RANGE").unwrap_or_default();
                if range.eq_ignore_ascii_case("THISANDFUTURE") {
                    notes.count(
                        "RECURRENCE-ID: a change of one date and all later ones was read as one of that date",
                    );
                }
                self.instance = Some(dates.when(property, "RECURRENCE-ID", notes)?);
            }
            "SEQUENCE" => self.sequence = Some(number(property, "SEQUENCE", u32::MAX)?),
            // What the task's times and status say already.
            "CLASS" if property.value.trim().eq_ignore_ascii_case("PUBLIC") => {}
            "TRANSP" => {}
            other => notes.count(format!("{}: left out", printable(other))),
        }
        Ok(())
    }

    /// Returns where it stands, by the first that says so of its status, its completion and how much of it is done.
    pub(super) fn status(&self) -> Status {
        self.status
            .unwrap_or(match (self.completed_at, self.percent) {
                (Some(_), _) | (_, Some(100)) => Status::Completed,
                (None, Some(1..=99)) => Status::InProgress,
                (None, _) => Status::Pending,
            })
    }

    /// Returns when it was completed, or changed the last time.
    pub(super) fn ended_at(&self) -> Option<Timestamp> {
        self.completed_at.or(self.updated_at).or(self.stamp)
    }
}

/// Returns the place in a task that a property takes: two rules take the same.
fn said_at(property: &Property) -> &str {
    match property.name.as_str() {
        "X-TASKHOLD-REPEAT" => "RRULE",
        name => name,
    }
}

/// Reads a number up to `most`.
fn number<N>(property: &Property, field: &'static str, most: N) -> Result<N, Invalid>
where
    N: Copy + std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let number = property.value.trim().parse().ok();
    number
        .filter(|number| *number <= most)
        .ok_or_else(|| Invalid::new(field, format!("is no number from 0 to {most}")))
}
