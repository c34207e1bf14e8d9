//! What the lines of a todo.txt say of each other, which must be known before they are read.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    io::{self, BufRead},
};

use super::{known_key, own_export, start::Start};
use crate::exchange::{Fault, lines::Lines};

/// Which lines are named by others: what other people write after `id:` is mostly the number of a ticket.
#[derive(Default)]
pub(super) struct Names {
    /// The hash of what each line is called by its `id:`.
    ids: HashSet<u64>,
    /// Of what more than one is called.
    ambiguous: HashSet<u64>,
    /// Of what lines of other programs name with `p:` and `dep:`.
    named: HashSet<u64>,
    /// The hash of what lines of other programs say without keys, where one is open and one is done.
    pub(super) in_both: HashSet<u64>,
    /// The hash of what lines of ours are made from, where one is done and an open one repeats.
    copied: HashSet<u64>,
}

/// A line of ours that its program completed and copied, as it does with one that repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    /// The line that is done: a round of the series.
    Done,
    /// The copy, with the date of the next round.
    Open,
}

impl Names {
    pub(super) fn read(input: &mut impl BufRead) -> io::Result<Self> {
        let mut names = Self::default();
        let mut lines = Lines::new(input);
        let (mut open, mut done) = (HashSet::new(), HashSet::new());
        let (mut rounds, mut copies) = (HashSet::new(), HashSet::new());
        loop {
            match lines.next() {
                None => break,
                Some(Ok(line)) => {
                    names.note(line);
                    if let Some((is_done, words)) = words_of(line) {
                        let same = if is_done { &mut done } else { &mut open };
                        same.insert(words);
                    }
                    match made_from(line) {
                        Some((Copied::Done, state)) => _ = rounds.insert(state),
                        Some((Copied::Open, state)) => _ = copies.insert(state),
                        None => {}
                    }
                }
                Some(Err(Fault::Read(error))) => return Err(error),
                // Told when the line is read for what it says.
                Some(Err(_)) => {}
            }
        }
        open.retain(|words| done.contains(words));
        names.in_both = open;
        copies.retain(|state| rounds.contains(state));
        names.copied = copies;
        Ok(names)
    }

    /// Returns what a line of ours is of a pair that its program made when it completed a round; `None` for any other line.
    pub(super) fn copied(&self, line: &str) -> Option<Copied> {
        if self.copied.is_empty() {
            return None;
        }
        let (copied, state) = made_from(line)?;
        self.copied.contains(&state).then_some(copied)
    }

    /// Reports whether a line comes after all others: it is done, and an open one says the same. What is open here is rather
    /// the open one, and otherwise the one that is done, wherever they stand.
    pub(super) fn is_late(&self, line: &str) -> bool {
        !self.in_both.is_empty()
            && words_of(line)
                .is_some_and(|(is_done, words)| is_done && self.in_both.contains(&words))
    }

    fn note(&mut self, line: &str) {
        let start = Start::read(line.trim_end());
        let is_own = own_export::split(start.rest).is_some();
        let words = start.rest.rsplit([' ', '\t']);
        let counts = |(key, _): &(&str, &str)| !is_own || *key == "id";
        for (key, value) in
            words
                .filter_map(known_key)
                .filter(counts)
                .take(if is_own { 1 } else { usize::MAX })
        {
            let hash = hash(value);
            match key {
                "id" if !self.ids.insert(hash) => _ = self.ambiguous.insert(hash),
                "p" | "dep" => _ = self.named.insert(hash),
                _ => {}
            }
        }
    }

    /// Reports whether there is one line that is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        let hash = hash(name);
        self.ids.contains(&hash) && !self.ambiguous.contains(&hash)
    }

    /// Reports whether another line names the one that is called so.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.has(name) && self.named.contains(&hash(name))
    }
}

/// Returns whether a line is done, and a hash of what it says without keys; `None` for a line of ours and one that
/// says when it was created, which are known by that.
fn words_of(line: &str) -> Option<(bool, u64)> {
    let start = Start::read(line.trim_end());
    if start.created.is_some() || own_export::split(start.rest).is_some() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    let words = start.rest.split([' ', '\t']);
    let says = |word: &&str| !word.is_empty() && known_key(word).is_none();
    words.filter(says).for_each(|word| word.hash(&mut hasher));
    Some((start.is_done, hasher.finish()))
}

/// Returns whether a line of ours is done, or open and repeats, and a hash of the task and the state of it that the line was made from;
/// `None` for any other line.
fn made_from(line: &str) -> Option<(Copied, u64)> {
    let start = Start::read(line.trim_end());
    let (_, marks) = own_export::split(start.rest)?;
    let value = |wanted: &str| {
        let keys = marks.iter().filter_map(|mark| known_key(mark));
        let mut values = keys.filter(|(key, _)| *key == wanted);
        values.next().map(|(_, value)| value)
    };
    let state = hash(&format!("{} {}", value("id")?, value("rev")?));
    if start.is_done {
        return Some((Copied::Done, state));
    }
    value("rec").map(|_| (Copied::Open, state))
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
