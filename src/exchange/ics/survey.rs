//! A first look at a calendar: what of it must be known before its tasks are read one by one.
//!
//! Zones may be defined after they are named, a task may be there in several versions, and dates of a series are components
//! of their own anywhere in the file. Held in memory are a number a task, and the changed dates of series.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    io::{self, BufRead, Seek},
};

use super::{
    property::{Property, Unreadable},
    zones::Zones,
};
use crate::exchange::{Fault, lines::Lines};

/// What was found.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) zones: Zones,
    /// Of tasks that are there several times, by the hash of what they are called: which is the newest.
    newest: HashMap<u64, Version>,
    /// The hashes of the tasks that are there, of those of which there are several components.
    series: HashSet<u64>,
    /// The dates of series that are components of their own, by the UID and what the date is called.
    pub(super) instances: BTreeMap<String, BTreeMap<String, Component>>,
}

/// A `VTODO` as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Component {
    /// The line it begins on.
    pub(super) line: u64,
    pub(super) properties: Vec<Property>,
}

/// Which of several components that are called the same is the newest; those that come later in the file are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    sequence: u32,
    stamp: String,
    line: u64,
}

impl Component {
    fn value(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|found| found.name == name)?;
        Some(found.value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn uid(&self) -> Option<&str> {
        self.value("UID")
    }

    /// Returns the date of a series that it is, as it is written.
    pub(super) fn instance(&self) -> Option<&str> {
        self.value("RECURRENCE-ID")
    }

    fn version(&self) -> Version {
        let sequence = self.value("SEQUENCE").and_then(|text| text.parse().ok());
        let stamp = self.value("LAST-MODIFIED").or(self.value("DTSTAMP"));
        Version {
            sequence: sequence.unwrap_or_default(),
            stamp: stamp.unwrap_or_default().to_owned(),
            line: self.line,
        }
    }
}

impl Survey {
    /// Looks through a calendar and goes back to its beginning. Faults are reported later, as its tasks are read.
    pub(super) fn of(input: &mut (impl BufRead + Seek)) -> io::Result<Self> {
        let mut survey = Self::default();
        let (mut seen, mut several) = (HashSet::new(), HashSet::new());
        each(input, &mut survey.zones, |todo| {
            if let Some(uid) = todo.uid()
                && !seen.insert(hash(uid))
            {
                several.insert(hash(uid));
            }
        })?;
        drop(seen);
        input.rewind()?;
        if !several.is_empty() {
            let mut newest_instances: BTreeMap<(String, String), Version> = BTreeMap::new();
            each(input, &mut Zones::default(), |todo| {
                let Some(uid) = todo.uid().filter(|uid| several.contains(&hash(uid))) else {
                    return;
                };
                let version = todo.version();
                match todo.instance() {
                    None => {
                        let newest = survey.newest.entry(hash(uid)).or_default();
                        if *newest < version {
                            *newest = version;
                        }
                        survey.series.insert(hash(uid));
                    }
                    Some(date) => {
                        let key = (uid.to_owned(), date.to_owned());
                        let newest = newest_instances.entry(key).or_default();
                        if *newest < version {
                            *newest = version;
                            let instances = survey.instances.entry(uid.to_owned()).or_default();
                            instances.insert(date.to_owned(), todo.clone());
                        }
                    }
                }
            })?;
            input.rewind()?;
        }
        survey
            .instances
            .retain(|uid, _| survey.series.contains(&hash(uid)));
        Ok(survey)
    }

    /// Reports whether a later version of the task is in the file.
    pub(super) fn is_outdated(&self, todo: &Component) -> bool {
        let newest = todo.uid().and_then(|uid| self.newest.get(&hash(uid)));
        todo.instance().is_none() && newest.is_some_and(|newest| newest.line != todo.line)
    }

    /// Reports whether it is a date of a series that is in the file, too: it is read with that.
    pub(super) fn belongs_to_series(&self, todo: &Component) -> bool {
        let uid = todo.uid().filter(|_| todo.instance().is_some());
        uid.is_some_and(|uid| self.series.contains(&hash(uid)))
    }

    /// Returns the dates of the series that the task is, as the file has them.
    pub(super) fn instances_of(&self, todo: &Component) -> impl Iterator<Item = &Component> {
        let instances = todo.uid().and_then(|uid| self.instances.get(uid));
        instances.into_iter().flat_map(BTreeMap::values)
    }
}

/// Shows each `VTODO` of a file, as far as it can be read, and takes in its zones.
fn each(
    input: &mut impl BufRead,
    zones: &mut Zones,
    mut show: impl FnMut(&Component),
) -> io::Result<()> {
    let mut lines = Lines::new(input);
    // What is open, the innermost last.
    let mut open: Vec<String> = Vec::new();
    let mut todo = Component::default();
    let mut zone: Vec<Property> = Vec::new();
    while let Some(property) = Property::next(&mut lines) {
        let property = match property {
            Ok(property) => property,
            Err(Unreadable::File(Fault::Read(error))) => return Err(error),
            Err(Unreadable::File(_)) => return Ok(()),
            Err(Unreadable::Line { .. }) => continue,
        };
        let component = property.value.trim().to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" => {
                match component.as_str() {
                    "VTODO" => {
                        todo = Component {
                            line: property.line,
                            properties: Vec::new(),
                        };
                    }
                    "VTIMEZONE" => zone.clear(),
                    _ if open.iter().any(|name| name == "VTIMEZONE") => zone.push(property),
                    _ => {}
                }
                open.push(component);
            }
            "END" => {
                let Some(place) = open.iter().rposition(|name| *name == component) else {
                    continue;
                };
                open.truncate(place);
                match component.as_str() {
                    "VTODO" => show(&todo),
                    "VTIMEZONE" => zones.define(&zone),
                    _ => {}
                }
            }
            _ if open.last().is_some_and(|name| name == "VTODO") => todo.properties.push(property),
            _ if open.iter().any(|name| name == "VTIMEZONE") => zone.push(property),
            _ => {}
        }
    }
    Ok(())
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
