//! A shared log in memory that fails by seed: answers that do not come, entries that land late or twice, reads that miss
//! the end, and a network that is cut.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    log::{Appended, Digest, Log, LogError, Number, Page, missing},
    visit::Visit,
};

/// How many entries are read at once, at the most.
pub(crate) const PAGE: usize = 40;

/// What all handles to one log have in common.
#[derive(Debug, Default)]
struct Engine {
    entries: Vec<Vec<u8>>,
    /// The numbers of entries that were deleted.
    deleted: BTreeSet<Number>,
    parts: BTreeMap<Digest, Vec<u8>>,
    snapshots: BTreeMap<Number, Vec<u8>>,
    /// Entries that others append: each arrives right before the next append.
    rivals: VecDeque<Vec<u8>>,
    /// Appends on their way: each lands when it is its turn, if nothing stands there by then.
    late: Vec<(Number, Vec<u8>)>,
    is_cut_off: bool,
    /// How long each request takes, by the clock of visits: nobody waits for it.
    pace: Duration,
    /// How long requests took since that was said.
    spent: Duration,
}

/// Logs by the places that tests give them.
static KNOWN: Mutex<BTreeMap<String, Memory>> = Mutex::new(BTreeMap::new());

/// How often an append or a read fails, in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults(pub(crate) u32);

/// How many requests, through all handles that have it, are answered; the next one is cut off, and none comes through after it.
#[derive(Clone, Debug)]
pub(crate) struct Fuse {
    left: Arc<Mutex<u32>>,
    /// Whether the one that is cut off arrives.
    arrives: bool,
}

impl Fuse {
    pub(crate) fn after(requests: u32, arrives: bool) -> Self {
        let left = Arc::new(Mutex::new(requests + 1));
        Self { left, arrives }
    }

    /// Counts a request. Returns `None` if it is answered, and otherwise whether it arrives.
    fn burn(&self) -> Option<bool> {
        let mut left = self.left.lock().unwrap();
        if *left > 1 {
            *left -= 1;
            return None;
        }
        let is_first = *left == 1;
        *left = 0;
        Some(is_first && self.arrives)
    }
}

/// A handle to a log in memory. Clones reach the same log.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    engine: Arc<Mutex<Engine>>,
    random: fastrand::Rng,
    faults: Faults,
    /// The network breaks for good at one of the next requests; `None` if it does not.
    fuse: Option<Fuse>,
    /// It says that it would take an entry after a gap, as an object store does.
    has_gaps: bool,
    /// Whether what goes to it through [`Secrets`](super::secrets::Secrets) is sealed.
    pub(super) is_sealed: bool,
    visit: Option<Visit>,
}

impl Memory {
    /// Makes an empty log, whose handle fails as `faults` and `seed` say; by an odd seed it has gaps.
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            engine: Arc::default(),
            random: fastrand::Rng::with_seed(seed),
            faults,
            fuse: None,
            has_gaps: seed % 2 == 1,
            is_sealed: false,
            visit: None,
        }
    }

    /// Has [`at`](Self::at) find this handle as `place`.
    pub(crate) fn known_as(&self, place: &str) {
        KNOWN.lock().unwrap().insert(place.to_owned(), self.clone());
    }

    /// Returns a clone of the handle that is known as `place`.
    pub(crate) fn at(place: &str) -> Option<Self> {
        KNOWN.lock().unwrap().get(place).cloned()
    }

    /// Returns a handle to the same log that fails in its own way.
    pub(crate) fn handle(&self, seed: u64, faults: Faults) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            random: fastrand::Rng::with_seed(seed),
            faults,
            fuse: None,
            has_gaps: self.has_gaps,
            is_sealed: self.is_sealed,
            visit: None,
        }
    }

    /// Has what is sent to it sealed.
    pub(crate) fn sealed(mut self) -> Self {
        self.is_sealed = true;
        self
    }

    /// Has the network break.
    pub(crate) fn with(mut self, fuse: &Fuse) -> Self {
        self.fuse = Some(fuse.clone());
        self
    }

    /// Returns whether a request that is cut off arrives; `None` if it is not cut off.
    fn breaks(&self) -> Option<bool> {
        self.fuse.as_ref()?.burn()
    }

    /// Cuts every handle off, or connects them again.
    pub(crate) fn cut_off(&self, is_cut_off: bool) {
        self.engine.lock().unwrap().is_cut_off = is_cut_off;
    }

    /// Has each request take `pace` from now on.
    pub(crate) fn slow_down(&self, pace: Duration) {
        let mut engine = self.engine.lock().unwrap();
        (engine.pace, engine.spent) = (pace, Duration::ZERO);
    }

    /// Returns how long the requests took since then.
    pub(crate) fn spent(&self) -> Duration {
        self.engine.lock().unwrap().spent
    }

    /// Lets all appends that are on their way arrive.
    pub(crate) fn deliver(&self) {
        let mut engine = self.engine.lock().unwrap();
        let late = std::mem::take(&mut engine.late);
        for (after, entry) in late {
            engine.append(after, &entry);
        }
    }

    /// Returns every entry.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        self.engine.lock().unwrap().entries.clone()
    }

    /// Takes the last `count` entries out: each comes back right before the next append.
    pub(crate) fn hold_back(&self, count: usize) {
        let mut engine = self.engine.lock().unwrap();
        let kept = engine.entries.len() - count;
        engine.rivals = engine.entries.split_off(kept).into();
    }

    /// Deletes an entry, as nobody may.
    pub(crate) fn delete(&self, number: Number) {
        self.engine.lock().unwrap().deleted.insert(number);
    }

    /// Puts an entry back that was deleted.
    pub(crate) fn put_back(&self, number: Number) {
        self.engine.lock().unwrap().deleted.remove(&number);
    }

    /// Loses every part.
    pub(crate) fn lose_parts(&self) {
        self.engine.lock().unwrap().parts.clear();
    }

    /// Replaces the entries, as nobody may who runs a log.
    pub(crate) fn tamper(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        change(&mut self.engine.lock().unwrap().entries);
    }

    /// Replaces the snapshots, likewise.
    pub(crate) fn tamper_snapshots(&self, change: impl FnOnce(&mut BTreeMap<Number, Vec<u8>>)) {
        change(&mut self.engine.lock().unwrap().snapshots);
    }

    /// Returns how many parts there are.
    pub(crate) fn parts(&self) -> usize {
        self.engine.lock().unwrap().parts.len()
    }

    /// Decides whether a request fails: by chance, or because what is left of the visit is too short for it.
    fn fails(&mut self) -> bool {
        let mut engine = self.engine.lock().unwrap();
        let pace = engine.pace;
        let left = self.visit.as_ref().map_or(pace, Visit::left);
        engine.spent += pace.min(left);
        if let Some(visit) = &self.visit {
            visit.spend(pace);
        }
        left < pace || self.random.u32(0..1_000) < self.faults.0
    }
}

impl Engine {
    fn append(&mut self, after: Number, entry: &[u8]) -> bool {
        let is_end = self.end() == after;
        if is_end {
            let after = usize::try_from(after).unwrap();
            self.entries.truncate(after);
            self.entries.push(entry.to_vec());
            self.deleted.retain(|deleted| *deleted <= after as Number);
        }
        is_end
    }

    /// Returns the numbers of the entries after `after`.
    fn later(&self, after: Number) -> impl DoubleEndedIterator<Item = Number> {
        let numbers = after + 1..=self.entries.len() as Number;
        numbers.filter(|number| !self.deleted.contains(number))
    }

    fn end(&self) -> Number {
        self.later(0).next_back().unwrap_or_default()
    }

    /// Returns the first entry after `after` that is missing while later ones are there.
    fn first_missing(&self, after: Number) -> Option<Number> {
        let gap = self
            .later(after)
            .zip(after + 1..)
            .find(|(is, expected)| is != expected);
        gap.map(|(_, missing)| missing)
    }

    /// Refuses what is asked of it after `after` if the next entry is missing and later ones are there.
    fn refuse_gap(&self, after: Number) -> Result<(), LogError> {
        match self.first_missing(after) {
            Some(number) if number == after + 1 => Err(missing(number, "memory")),
            _ => Ok(()),
        }
    }
}

fn no_answer() -> LogError {
    LogError::Unreachable("no answer within 10 seconds".to_owned())
}

impl Log for Memory {
    fn begin_visit(&mut self, visit: &Visit) {
        self.visit = Some(visit.clone());
    }

    fn append(&mut self, after: Number, entry: &[u8]) -> Appended {
        if let Some(arrives) = self.breaks() {
            if arrives {
                self.engine.lock().unwrap().append(after, entry);
            }
            return Appended::Unknown(no_answer());
        }
        let fails = self.fails();
        let way = self.random.u32(0..5);
        // One that is late arrives before, or after, whoever comes next.
        if self.random.bool() {
            self.deliver();
        }
        let mut engine = self.engine.lock().unwrap();
        if engine.is_cut_off {
            return Appended::Refused(LogError::Unreachable("no connection".to_owned()));
        }
        if let Some(rival) = engine.rivals.pop_front() {
            engine.entries.push(rival);
        }
        if let Err(error) = engine.refuse_gap(after) {
            return Appended::Refused(error);
        }
        match (fails, way) {
            // Not sent at all.
            (true, 0) => Appended::Refused(LogError::Unreachable("no connection".to_owned())),
            // Never arrives.
            (true, 1) => Appended::Unknown(no_answer()),
            // Has arrived; the answer is lost.
            (true, 2) => {
                engine.append(after, entry);
                Appended::Unknown(no_answer())
            }
            // Arrives later.
            (true, 3) => {
                engine.late.push((after, entry.to_vec()));
                Appended::Unknown(no_answer())
            }
            // Arrives twice, and the second answer is the one that comes.
            (true, _) => {
                engine.append(after, entry);
                Appended::Taken
            }
            (false, _) if engine.append(after, entry) => Appended::Accepted,
            (false, _) => Appended::Taken,
        }
    }

    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError> {
        let fails = self.fails() || self.breaks().is_some();
        let engine = self.engine.lock().unwrap();
        if engine.is_cut_off || fails {
            return Err(no_answer());
        }
        engine.refuse_gap(after)?;
        let mut left = bytes;
        let run = engine.later(after).zip(after + 1..);
        let run = run.take_while(|(is, expected)| is == expected).count();
        let start = usize::try_from(after).unwrap();
        let later = engine.entries.iter().skip(start).take(PAGE.min(run));
        let later = later.enumerate();
        let entries: Vec<_> = later
            .take_while(|(place, entry)| {
                let has_room = *place == 0 || entry.len() <= left;
                left = left.saturating_sub(entry.len());
                has_room
            })
            .map(|(_, entry)| entry.clone())
            .collect();
        Ok(Page {
            is_last: after + entries.len() as Number >= engine.end(),
            entries,
        })
    }

    fn first_after(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        let fails = self.fails();
        let engine = self.engine.lock().unwrap();
        if engine.is_cut_off || fails {
            return Err(no_answer());
        }
        Ok(engine.later(after).next())
    }

    fn first_missing(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        let fails = self.fails();
        let engine = self.engine.lock().unwrap();
        if engine.is_cut_off || fails {
            return Err(no_answer());
        }
        Ok(engine.first_missing(after))
    }

    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError> {
        if self.fails() || self.breaks() == Some(false) {
            return Err(no_answer());
        }
        let mut engine = self.engine.lock().unwrap();
        engine.parts.insert(*name, body.to_vec());
        Ok(())
    }

    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError> {
        if self.fails() {
            return Err(no_answer());
        }
        let mut engine = self.engine.lock().unwrap();
        engine
            .snapshots
            .entry(number)
            .or_insert_with(|| body.to_vec());
        Ok(())
    }

    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError> {
        let fails = self.fails();
        let engine = self.engine.lock().unwrap();
        if engine.is_cut_off || fails {
            return Err(no_answer());
        }
        Ok(engine.snapshots.get(&number).cloned())
    }

    fn accepts_after_a_gap(&self) -> bool {
        self.has_gaps
    }

    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError> {
        let engine = self.engine.lock().unwrap();
        let body = engine.parts.get(name).cloned();
        body.ok_or_else(|| LogError::Damaged(format!("part {name} is not there")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_gets_a_number_and_the_other_reads_it() {
        let mut first = Memory::new(1, Faults(0));
        let mut second = first.handle(2, Faults(0));
        assert_eq!(first.append(0, b"a"), Appended::Accepted);
        assert_eq!(second.append(0, b"b"), Appended::Taken);
        assert_eq!(second.append(2, b"b"), Appended::Taken, "out of turn");
        assert_eq!(second.append(1, b"b"), Appended::Accepted);
        assert_eq!(first.read(0, 1).unwrap().entries, [b"a"]);
        assert_eq!(first.read(0, 100).unwrap().entries, [b"a", b"b"]);
        assert!(first.read(2, 100).unwrap().entries.is_empty());
    }

    #[test]
    fn whatever_fails_no_entry_stands_twice_and_none_that_was_accepted_is_gone() {
        let log = Memory::new(0, Faults(0));
        let (mut accepted, mut unknown) = (0, 0);
        for number in 0..400_u64 {
            let mut handle = log.handle(number, Faults(500));
            let entry = number.to_be_bytes();
            let after = log.entries().len() as Number;
            match handle.append(after, &entry) {
                Appended::Accepted => {
                    accepted += 1;
                    assert!(log.entries().contains(&entry.to_vec()));
                }
                Appended::Unknown(_) => unknown += 1,
                Appended::Taken | Appended::Refused(_) => {}
            }
        }
        log.deliver();
        let mut entries = log.entries();
        let all = entries.len();
        entries.dedup();
        assert_eq!(entries.len(), all);
        assert!(
            accepted > 100 && unknown > 50 && all > accepted,
            "{accepted} {unknown} {all}"
        );
    }

    #[test]
    fn the_end_of_a_long_log_is_found_in_a_few_requests() {
        let pace = Duration::from_millis(1);
        for entries in [0, 1, 2, 3, 7, 8, 900_u64] {
            let mut log = Memory::new(1, Faults(0));
            for number in 0..entries {
                assert_eq!(log.append(number, b"entry"), Appended::Accepted);
            }
            for after in [0, entries / 2, entries] {
                log.slow_down(pace);
                assert_eq!(log.end(after).unwrap(), entries, "{after}");
                let requests = log.spent().as_millis();
                assert!(requests <= 21, "{requests} from {after} to {entries}");
            }
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of(b"body");
        let written = serde_json::to_string(&digest).unwrap();
        assert_eq!(written.len(), 43 + 2);
        assert_eq!(serde_json::from_str::<Digest>(&written).unwrap(), digest);
        for wrong in ["", "zz", &"A".repeat(42), &"é".repeat(32)] {
            let wrong = format!("\"{wrong}\"");
            assert!(serde_json::from_str::<Digest>(&wrong).is_err(), "{wrong}");
        }
    }
}
