//! What both sides of a comparison come from: the last state that both have seen.

use std::collections::BTreeMap;

use super::{Comparison, Field};
use crate::domain::{
    imported::OWN,
    task::{Origin, Task, Version},
};

/// What a file said the last time, and at which revision here.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) said: &'a BTreeMap<String, String>,
    /// `None` where all of it is here as the file said it.
    taken: Option<&'a BTreeMap<String, String>>,
    version: Option<Version>,
    rev: i64,
}

impl<'a> Record<'a> {
    /// Returns a digest of what the file said of a field.
    pub(super) fn file(&self, field: Field) -> Option<&'a String> {
        self.said.get(field.as_str())
    }

    /// Returns a digest of what was here once that was taken, if it is not the one of what the file said; empty for nothing.
    pub(super) fn taken(&self, field: Field) -> Option<&'a String> {
        self.taken?.get(field.as_str())
    }

    /// Returns a digest of what was here once that was taken.
    pub(super) fn here(&self, field: Field) -> Option<&'a String> {
        match self.taken(field) {
            Some(taken) => Some(taken).filter(|taken| !taken.is_empty()),
            None => self.file(field),
        }
    }
}

/// What both sides of a comparison come from.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// What the file said the last time.
    Said(Record<'a>),
    /// The task that we wrote into the file.
    Exported(&'a Task),
    /// Nobody knows.
    Unknown,
}

impl<'a> Comparison<'a> {
    /// Returns what both sides come from. Of what the file said and what we wrote into it, the later counts, if the file comes from
    /// that.
    pub(super) fn base(&self) -> Base<'a> {
        match (self.record(), self.exported) {
            (Some(record), Some(exported))
                if record.rev > exported.rev && self.descends_from(record) =>
            {
                Base::Said(record)
            }
            (_, Some(exported)) => Base::Exported(exported),
            (Some(record), None) => Base::Said(record),
            (None, None) => Base::Unknown,
        }
    }

    /// Returns what is kept of what the program said that wrote the file: another one, or ours.
    fn record(&self) -> Option<Record<'a>> {
        if self.is_whole_of_ours()
            && let Some(origin) = self
                .here
                .origin
                .as_ref()
                .filter(|origin| origin.from != OWN)
        {
            let passed = origin.ours.as_ref()?;
            return Some(Record {
                said: &passed.said,
                taken: None,
                version: passed.version,
                rev: passed.rev,
            });
        }
        let origin = self.known_origin()?;
        Some(Record {
            said: &origin.said,
            taken: Some(&origin.taken),
            version: origin.version,
            rev: origin.rev,
        })
    }

    /// Reports whether the file was made from the state of which `record` tells: it names that state, and not because another
    /// database had the task from there before it was edited.
    fn descends_from(&self, record: Record<'_>) -> bool {
        let versions = &self.arrival.versions;
        let Some(version) = record.version else {
            return versions.is_empty();
        };
        let is_own = self.exported.is_some_and(|exported| {
            (exported.rev, exported.updated_at) == (version.rev, version.at)
        });
        self.terms.is_line
            || versions.first() == Some(&version)
            || versions.contains(&version) && !is_own
    }

    /// Reports whether we wrote the file, with all that a task says.
    pub(super) fn is_whole_of_ours(&self) -> bool {
        !self.arrival.versions.is_empty() && !self.terms.is_line
    }

    /// Reports whether the program of the file has changed the task again since, and that was taken in: the higher SEQUENCE stands
    /// (RFC 5546, 2.1.5).
    pub(crate) fn is_outdated(&self) -> bool {
        let before = self.known_origin().and_then(|origin| origin.sequence);
        let called = self.arrival.called.as_ref();
        let now = called.and_then(|called| called.sequence);
        !self.comes_back && before.zip(now).is_some_and(|(before, now)| now < before)
    }

    /// Returns what is kept of the file that this comes from.
    pub(super) fn known_origin(&self) -> Option<&'a Origin> {
        let called = self.arrival.called.as_ref()?;
        let origin = self.here.origin.as_ref()?;
        let is_name = |name: &String| *name == called.name || Some(name) == called.before.as_ref();
        (origin.from == called.from && is_name(&origin.name)).then_some(origin)
    }
}
