//! Examines an engine before it is trusted with a log: `share init` and `doctor`.
//!
//! An object store may answer yes to everyone who puts under one new key at the same time, or may not know `If-None-Match` and
//! replace what is there. One that lists other objects than it is asked for hides that an entry was deleted. All of them would lose
//! acknowledged changes in silence, so such a store is refused.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    log::{Log as _, LogError},
    rqlite::Rqlite,
    s3::{Put, S3},
};

pub use super::s3::Lifecycle;

/// How many new keys are put under.
const KEYS: usize = 20;
/// How many put under one key at once.
const WRITERS: u8 = 8;
/// How many keys are put under at once: stores exist that take seconds for a key that many want.
const KEYS_AT_ONCE: usize = 5;
/// A clock that is off by more is worth a warning.
const MOST_SKEW: i64 = 60;

/// What the examination of an engine found. Its flaws are errors; this is of one that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// How long the engine took for one read.
    pub answer_time: Duration,
    /// How many seconds the engine's clock is ahead of this machine's; `None` if it does not say the time.
    pub skew_seconds: Option<i64>,
    /// How many of the puts were not answered clearly; none of them won.
    pub unclear: usize,
    /// Whether the engine deletes by itself what the log needs; `None` if engines of its kind do not.
    pub lifecycle: Option<Lifecycle>,
}

impl Probed {
    /// Reports whether one of the two clocks is wrong enough to be set: AWS refuses requests that are 15 minutes off.
    pub fn is_clock_off(&self) -> bool {
        self.skew_seconds.is_some_and(|skew| skew.abs() > MOST_SKEW)
    }
}

/// Examines an object store.
pub(super) fn probe_s3(store: &mut S3) -> Result<Probed, LogError> {
    let folder = format!(
        "probe/{:016x}",
        getrandom::u64().map_err(|error| LogError::Unreachable(error.to_string()))?
    );
    // One that is not there must be called missing, not forbidden; else nobody could find the end of the log.
    let started = Instant::now();
    if store.get(&format!("{folder}/missing"))?.is_some() {
        return Err(lies(&folder, "it has an object that nobody put there"));
    }
    let answer_time = started.elapsed();
    let keys: Vec<String> = (0..KEYS).map(|key| format!("{folder}/{key:02}")).collect();
    let mut unclear = 0;
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let puts: Vec<(String, Bytes)> = keys
            .iter()
            .flat_map(|key| {
                (0..WRITERS).map(move |writer| (key.clone(), Bytes::from(vec![writer])))
            })
            .collect();
        let answers = store.put_each_once(&puts);
        for (key, answers) in keys.iter().zip(answers.chunks(usize::from(WRITERS))) {
            unclear += examine_race(store, key, answers)?;
        }
    }
    let (before, after) = keys.split_at(KEYS / 2);
    let listed = store.keys(&format!("{folder}/"), &before[before.len() - 1])?;
    // Where answers were unclear nobody knows what is there.
    if unclear == 0 && listed != after {
        return Err(LogError::Refused(format!(
            "this object store cannot keep a shared log: it does not list what it has (in {folder}, after {}), so nobody could tell \
             where the log ends",
            before[before.len() - 1]
        )));
    }
    Ok(Probed {
        answer_time,
        skew_seconds: store.skew(),
        unclear,
        lifecycle: Some(store.lifecycle()),
    })
}

/// Examines what eight who put under one key were answered. Returns how many answers were unclear.
fn examine_race(store: &mut S3, key: &str, answers: &[Put]) -> Result<usize, LogError> {
    let mut winners = Vec::new();
    let mut unclear = 0;
    for (writer, answer) in (0..).zip(answers) {
        match answer {
            Put::New => winners.push(writer),
            Put::Taken => {}
            Put::Conflict | Put::Unknown(_) => unclear += 1,
            Put::Refused(error) => return Err(error.clone()),
        }
    }
    if winners.len() > 1 {
        return Err(lies(
            key,
            &format!(
                "{} of {WRITERS} who wrote one object at once were all told that theirs is the first",
                winners.len()
            ),
        ));
    }
    let there = store.get(key)?;
    let there = there.as_deref().map(|body| body.first().copied());
    match (winners.first(), there) {
        (Some(winner), Some(Some(first))) if first == *winner => {}
        (Some(_), _) => {
            return Err(lies(
                key,
                "what it keeps is not what it said it had accepted",
            ));
        }
        // Nobody got an answer; then one of them may be there, or none.
        (None, _) if unclear > 0 => {}
        (None, _) => {
            return Err(lies(
                key,
                "all who wrote a new object at once were told that it is there already",
            ));
        }
    }
    // And once more, when nobody else writes.
    let again = store.put_each_once(&[(key.to_owned(), Bytes::from_static(b"again"))]);
    match again.into_iter().next() {
        Some(Put::New) if !winners.is_empty() => Err(lies(
            key,
            "it replaces an object that is there, although told to write a new one alone",
        )),
        Some(Put::Refused(error)) => Err(error),
        _ => Ok(unclear),
    }
}

fn lies(key: &str, what: &str) -> LogError {
    LogError::Refused(format!(
        "this object store cannot keep a shared log: {what} (at {key}). It does not honour If-None-Match, so two machines would \
         write over each other; use AWS S3, Cloudflare R2, MinIO, Ceph, or SeaweedFS from 4.17 on"
    ))
}

/// Examines an rqlite cluster.
pub(super) fn probe_rqlite(cluster: &mut Rqlite) -> Result<Probed, LogError> {
    cluster.make_tables()?;
    let started = Instant::now();
    cluster.read(0, 1)?;
    Ok(Probed {
        answer_time: started.elapsed(),
        skew_seconds: cluster.skew(),
        unclear: 0,
        lifecycle: None,
    })
}
