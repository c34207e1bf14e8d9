//! What is kept of a file, so that the next one can be compared with it.

use std::collections::BTreeMap;

use super::{Base, Comparison, Difference, Field, Side, digest, refers};
use crate::domain::{
    imported::{Arrival, OWN},
    task::{Origin, Passed, Task},
};

/// Returns a digest of each field of which the file says something.
fn said(arrival: &Arrival) -> BTreeMap<String, String> {
    let said = Field::ALL.into_iter().filter_map(|field| {
        let text = field.text(&arrival.task, &arrival.comments)?;
        Some((field.as_str().to_owned(), digest(&text)))
    });
    said.chain(refers::said(arrival)).collect()
}

/// Returns what is kept of a task that is new: what it is called in the file, and what that says of it.
pub(crate) fn origin(arrival: &Arrival) -> Option<Origin> {
    let called = arrival.called.as_ref()?;
    Some(Origin {
        from: called.from.to_owned(),
        name: called.name.clone(),
        said: said(arrival),
        version: arrival.versions.first().copied(),
        left: false,
        sequence: called.sequence,
        taken: BTreeMap::new(),
        rev: arrival.task.rev,
        since: Vec::new(),
        ours: None,
    })
}

/// Returns what is kept of a file of ours beside the name that another program gave the task.
pub(crate) fn passed(arrival: &Arrival) -> Passed {
    Passed {
        said: said(arrival),
        version: arrival.versions.first().copied(),
        left: false,
        rev: arrival.task.rev,
    }
}

impl Comparison<'_> {
    /// Returns what is kept of the file once the differences are settled and the task is as it is `after` that.
    pub(super) fn next_origin(&self, differences: &[Difference], after: &Task) -> Option<Origin> {
        let before = self.here.origin.as_ref();
        if self.is_whole_of_ours()
            && let Some(before) = before.filter(|before| before.from != OWN)
        {
            return Some(self.beside(before, differences));
        }
        let known = self.known_origin();
        // A task has one name elsewhere, and keeps it. What comes from a file of ours is known by itself, until it is changed there.
        let called = self.arrival.called.as_ref();
        // A line of a list is called as its words say, and those may have changed.
        let is_renamed = |before: &Origin| {
            called.is_some_and(|called| called.is_text && called.from == before.from)
        };
        let has_other = known.is_none() && before.is_some_and(|before| !is_renamed(before));
        let is_taken = differences.iter().any(Difference::is_taken);
        let is_of_ours = called.is_some_and(|called| called.from == OWN);
        // A line of ours does not say enough to stand for a task that is known otherwise. Of one that is nowhere else it is kept from the
        // first change on that is taken.
        let is_own_line = self.terms.is_line && !self.arrival.versions.is_empty();
        let is_kept = !is_own_line || is_taken && before.is_none();
        let is_known = differences.is_empty() || !matches!(self.base(), Base::Unknown);
        if has_other
            || known.is_none() && !is_kept
            || known.is_none() && is_of_ours && !is_taken && is_known
        {
            return before.cloned();
        }
        let mut new = Origin {
            left: leaves_something(differences),
            rev: self.here.rev + 1,
            ..origin(self.arrival)?
        };
        new.sequence = new.sequence.or(known.and_then(|known| known.sequence));
        self.keep_base(&mut new.said, differences);
        let is_of_record = matches!(self.base(), Base::Said(_));
        let is_as_before = |known: &&Origin| !is_taken && (!is_of_record || known.said == new.said);
        if let Some(known) = known.filter(is_as_before) {
            return Some(known.clone());
        }
        new.taken = self.taken(&new.said, differences, after);
        Some(new)
    }

    /// Returns the origin of a task that another program has named, with what this file of ours says.
    fn beside(&self, before: &Origin, differences: &[Difference]) -> Origin {
        let mut new = Passed {
            left: leaves_something(differences),
            rev: self.here.rev + 1,
            ..passed(self.arrival)
        };
        self.keep_base(&mut new.said, differences);
        let is_taken = differences.iter().any(Difference::is_taken);
        let is_news = match &before.ours {
            Some(known) => known.said != new.said && matches!(self.base(), Base::Said(_)),
            None => !differences.is_empty() && matches!(self.base(), Base::Unknown),
        };
        let mut origin = before.clone();
        if is_taken || is_news {
            origin.ours = Some(new);
        }
        origin
    }

    /// Has the next comparison go by the same as this one in what is left.
    fn keep_base(&self, said: &mut BTreeMap<String, String>, differences: &[Difference]) {
        for left in differences.iter().filter(|one| !one.is_taken()) {
            let name = left.field.as_str();
            // It stays what the next comparison goes by.
            let base = match self.base() {
                Base::Said(record) => record.file(left.field).cloned(),
                // The file says what we wrote.
                Base::Exported(_) if left.side == Side::Here => continue,
                Base::Exported(exported) => {
                    let text = self.exported_text(left.field, exported);
                    text.as_deref().map(digest)
                }
                // What the file says now is what it is compared with from now on.
                Base::Unknown => continue,
            };
            match base {
                Some(digest) => _ = said.insert(name.to_owned(), digest),
                None => _ = said.remove(name),
            }
        }
    }

    /// Returns of each field, as it is `after` the differences are settled, a digest of what is here where that is not what the file has
    /// `said`. Where nothing was taken it stays what the next comparison goes by.
    fn taken(
        &self,
        said: &BTreeMap<String, String>,
        differences: &[Difference],
        after: &Task,
    ) -> BTreeMap<String, String> {
        let mut taken = BTreeMap::new();
        // Comments of the file go beside those here.
        let fields = Field::ALL.into_iter();
        for field in fields.filter(|field| *field != Field::Comments) {
            let is_taken = |one: &Difference| one.field == field && one.is_taken();
            let here = match self.base() {
                _ if differences.iter().any(is_taken) => after,
                Base::Exported(exported) => exported,
                Base::Said(record) => {
                    let before = record.taken(field).cloned();
                    taken.extend(before.map(|digest| (field.as_str().to_owned(), digest)));
                    continue;
                }
                Base::Unknown => continue,
            };
            let here = field.text(here, &[]).as_deref().map(digest);
            if here.as_ref() != said.get(field.as_str()) {
                taken.insert(field.as_str().to_owned(), here.unwrap_or_default());
            }
        }
        taken
    }
}

/// Reports whether something of the file is left since it was changed here too. What is here does not come from its state then: the
/// other database would take it for a change of its own.
fn leaves_something(differences: &[Difference]) -> bool {
    differences.iter().any(|one| one.side == Side::Both)
}
