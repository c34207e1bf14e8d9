//! The log in an object store with an S3 API.
//!
//! ```text
//! FOLDER/log/00000000000000000042     entry 42, put with `If-None-Match: *`, never changed or deleted
//! FOLDER/part/DIGEST                  a part
//! FOLDER/snapshot/000…0003            snapshot 3
//! FOLDER/probe/RANDOM/NUMBER          what the examination of the store leaves behind, one byte each
//! ```
//!
//! # Invariants
//!
//! - An entry is put under a number once: 200 is accepted, 412 taken; 409 is a conflict under way, and is sent again.
//! - Whatever else is answered to a put, or nothing, leaves open whether it landed. The same bytes are sent again while there
//!   is time; what then stands there is read and compared, since it may be the first attempt.
//! - The end of the log is where nothing stands behind it, however far: a listing that is at most 90 s old says so, and
//!   nothing is appended anywhere else. An entry that was deleted is not taken for the end.
//! - A listing that names anything but what was asked for is refused: it tells nothing.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::Method;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

mod entries;
mod lifecycle;
mod refusal;
mod signed;
mod xml;

pub use lifecycle::Lifecycle;
use refusal::{error_code, refusal};

use super::{
    environment::{Environment, Login},
    http_client::{HttpClient, Reply, SendError, make_runtime, remote},
    log::{Appended, Digest, Log, LogError, Number, Page},
    sigv4::{Credentials, encode_path},
    visit::{Moment, Patience, Visit},
};

/// How many requests are under way at once when many entries are read.
const WIDTH: usize = 64;
/// The region that stores have which know none.
const USUAL_REGION: &str = "us-east-1";
/// The pauses before a request is sent again, the last one repeated.
const PAUSES: [u64; 6] = [50, 100, 200, 400, 800, 1_600];
/// The folder of the entries, in that of the log.
const ENTRIES: &str = "log/";
/// How long the end of the log is known that a listing showed. Callers look at the last entry again after a shorter pause, and that
/// lists what stands behind it.
const KNOWN: Duration = Duration::from_secs(90);

/// A log in an object store.
pub(super) struct S3 {
    runtime: Runtime,
    requests: Requests,
    /// The last entry of the log, and when a listing showed that nothing stands behind; appends of ours move it.
    end: Option<(Number, Moment)>,
}

/// What signs and sends requests.
struct Requests {
    client: HttpClient,
    bucket: String,
    folder: String,
    /// Bucket and folder, encoded: `/bucket/folder`.
    base: String,
    region: String,
    environment: Environment,
    saved: Option<Login>,
    credentials: Mutex<Credentials>,
    patience: Patience,
}

impl fmt::Debug for S3 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "S3({}{})",
            self.requests.client.authority(),
            self.requests.base
        )
    }
}

/// What became of one put under a key that must be new.
#[derive(Debug)]
pub(super) enum Put {
    /// It is there now.
    New,
    /// Something was there already.
    Taken,
    /// The store is busy with another put of the key; this one changed nothing.
    Conflict,
    /// Nobody can say.
    Unknown(LogError),
    /// It changed nothing.
    Refused(LogError),
}

impl S3 {
    /// Opens a log in `folder` of `bucket`. Nothing is sent yet.
    pub(super) fn open(
        bucket: &str,
        folder: &str,
        endpoint: Option<&str>,
        region: Option<&str>,
        environment: Environment,
        saved: Option<Login>,
    ) -> Result<Self, LogError> {
        let region = region.map(str::to_owned).or_else(|| environment.region());
        let endpoint = endpoint
            .map(str::to_owned)
            .or_else(|| environment.endpoint());
        let (endpoint, region) = match (endpoint, region) {
            (Some(endpoint), region) => {
                (endpoint, region.unwrap_or_else(|| USUAL_REGION.to_owned()))
            }
            (None, Some(region)) => (format!("https://s3.{region}.amazonaws.com"), region),
            (None, None) => {
                return Err(LogError::Refused(format!(
                    "which store is s3://{bucket}? Set AWS_REGION for one of AWS, or AWS_ENDPOINT_URL for any other, or write \
                     them into the place: s3://{bucket}/{folder}?endpoint=https://store.example&region=auto"
                )));
            }
        };
        let credentials = environment.credentials(saved.as_ref())?;
        let remote = remote(endpoint.trim_end_matches('/'), false, &environment)?;
        Ok(Self {
            runtime: make_runtime()?,
            requests: Requests {
                client: HttpClient::new(remote),
                bucket: bucket.to_owned(),
                folder: folder.to_owned(),
                base: encode_path(&format!("/{bucket}/{folder}")),
                region,
                environment,
                saved,
                credentials: Mutex::new(credentials),
                patience: Patience::default(),
            },
            end: None,
        })
    }

    /// Returns how many seconds the store's clock is ahead of this machine's, as its last answer said.
    pub(super) fn skew(&self) -> Option<i64> {
        self.requests.client.skew()
    }

    /// Returns what is known of the rules by which the bucket deletes objects.
    pub(super) fn lifecycle(&mut self) -> Lifecycle {
        let requests = &self.requests;
        self.runtime.block_on(requests.lifecycle())
    }

    /// Puts each body under its key (a path in the folder), all at once, each if nothing is there. Once each: nothing is
    /// sent again.
    pub(super) fn put_each_once(&mut self, puts: &[(String, Bytes)]) -> Vec<Put> {
        let requests = &self.requests;
        self.runtime.block_on(async {
            let visit = &requests.patience.visit();
            let puts = puts
                .iter()
                .map(|(key, body)| requests.put_new(key, body.clone(), visit));
            futures::future::join_all(puts).await
        })
    }

    /// Puts a body under a key, and leaves what is there already.
    fn put_unless_there(&mut self, key: &str, body: &[u8]) -> Result<(), LogError> {
        let requests = &self.requests;
        let body = Bytes::copy_from_slice(body);
        match self.runtime.block_on(requests.append(key, body)) {
            Appended::Accepted | Appended::Taken => Ok(()),
            Appended::Unknown(error) | Appended::Refused(error) => Err(error),
        }
    }

    /// Returns when a listing showed that nothing stands behind `number`; `None` if that is long ago, or none did. What was appended
    /// since then, through this connection or another, is in front of it.
    fn known_end(&self, number: Number) -> Option<Moment> {
        let (end, seen) = self.end?;
        (end <= number && seen.is_within(KNOWN)).then_some(seen)
    }

    /// Returns the keys after `start` that begin with `prefix` (paths in the folder), as one listing names them.
    pub(super) fn keys(&mut self, prefix: &str, start: &str) -> Result<Vec<String>, LogError> {
        let requests = &self.requests;
        let visit = &requests.patience.visit();
        let keys = requests.keys(prefix, start, entries::MOST, visit);
        Ok(self.runtime.block_on(keys)?.0)
    }

    /// Returns what is under a key; `None` if nothing is.
    pub(super) fn get(&mut self, key: &str) -> Result<Option<Bytes>, LogError> {
        let requests = &self.requests;
        self.runtime
            .block_on(requests.get(key, &requests.patience.visit()))
    }
}

fn entry_key(number: Number) -> String {
    format!("{ENTRIES}{number:020}")
}

fn snapshot_key(number: Number) -> String {
    format!("snapshot/{number:020}")
}

fn part_key(name: &Digest) -> String {
    format!("part/{name}")
}

impl Log for S3 {
    fn begin_visit(&mut self, visit: &Visit) {
        self.requests.patience.begin(visit.clone());
    }

    fn append(&mut self, after: Number, entry: &[u8]) -> Appended {
        let requests = &self.requests;
        let seen = if let Some(seen) = self.known_end(after) {
            seen
        } else {
            let (now, visit) = (Moment::now(), &requests.patience.visit());
            match self.runtime.block_on(requests.next(after, visit)) {
                Ok(None) => now,
                Ok(Some(_)) => return Appended::Taken,
                Err(error) => return Appended::Refused(error),
            }
        };
        let (key, entry) = (entry_key(after + 1), Bytes::copy_from_slice(entry));
        let appended = self.runtime.block_on(requests.append(&key, entry));
        self.end = match appended {
            Appended::Accepted => Some((after + 1, seen)),
            Appended::Taken => None,
            // Before the same entry is sent again the end is not looked for again.
            Appended::Unknown(_) | Appended::Refused(_) => Some((after, seen)),
        };
        appended
    }

    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError> {
        let (requests, now) = (&self.requests, Moment::now());
        let is_end = self.known_end(after).is_some();
        let (page, end) = self.runtime.block_on(requests.read(after, bytes, is_end))?;
        let is_known = |_: &_| page.entries.is_empty();
        self.end = end.map(|end| (end, now)).or(self.end.filter(is_known));
        Ok(page)
    }

    fn first_after(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        let requests = &self.requests;
        let visit = &requests.patience.visit();
        let listed = self.runtime.block_on(requests.listed(after, 1, visit))?;
        Ok(listed.numbers.first().copied())
    }

    fn first_missing(&mut self, after: Number) -> Result<Option<Number>, LogError> {
        let requests = &self.requests;
        self.runtime.block_on(requests.first_missing(after))
    }

    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError> {
        // Whatever is there under the digest was put there whole.
        self.put_unless_there(&part_key(name), body)
    }

    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError> {
        let requests = &self.requests;
        let body = self
            .runtime
            .block_on(requests.get(&part_key(name), &requests.patience.visit()))?;
        body.map(Vec::from).ok_or_else(|| {
            LogError::Damaged(format!(
                "{} has no part {name} any more: it was deleted there",
                self.requests.place()
            ))
        })
    }

    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError> {
        self.put_unless_there(&snapshot_key(number), body)
    }

    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.get(&snapshot_key(number))?.map(Vec::from))
    }

    fn accepts_after_a_gap(&self) -> bool {
        true
    }
}

impl Requests {
    /// Returns the store and the bucket, for messages.
    fn place(&self) -> String {
        format!(
            "the object store {} (bucket {})",
            self.client.authority(),
            self.bucket
        )
    }

    /// Puts a body under a key that must be new, and sends it again while there is time and no clear answer.
    async fn append(&self, key: &str, body: Bytes) -> Appended {
        let visit = &self.patience.visit();
        // Once an answer did not come, a later refusal may be of a request that came second.
        let mut may_have_landed = false;
        let mut pauses = PAUSES
            .iter()
            .copied()
            .chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        loop {
            let error = match self.put_new(key, body.clone(), visit).await {
                Put::New => return Appended::Accepted,
                Put::Taken if may_have_landed => return self.compare(key, &body, visit).await,
                Put::Taken => return Appended::Taken,
                Put::Refused(error) if may_have_landed => return Appended::Unknown(error),
                Put::Refused(error) => return Appended::Refused(error),
                Put::Conflict => {
                    LogError::Unreachable(format!("{} is busy with other writers", self.place()))
                }
                Put::Unknown(error) => {
                    may_have_landed = true;
                    error
                }
            };
            let pause = Duration::from_millis(pauses.next().unwrap_or_default());
            if !visit.deadline(body.len()).allows(pause) {
                return if may_have_landed {
                    Appended::Unknown(error)
                } else {
                    Appended::Refused(error)
                };
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells whether what stands under a key is `body`, of which an earlier attempt may have landed.
    async fn compare(&self, key: &str, body: &Bytes, visit: &Visit) -> Appended {
        match self.get(key, visit).await {
            Ok(Some(there)) if there == *body => Appended::Accepted,
            Ok(Some(_)) => Appended::Taken,
            Ok(None) => Appended::Unknown(LogError::Damaged(format!(
                "{} says that {key} is there, and does not have it",
                self.place()
            ))),
            Err(error) => Appended::Unknown(error),
        }
    }

    /// Sends a put once.
    pub(super) async fn put_new(&self, key: &str, body: Bytes, visit: &Visit) -> Put {
        let bytes = body.len();
        let reply = match self
            .send(Method::PUT, &self.path(key), "", body, visit)
            .await
        {
            Ok(reply) => reply,
            Err(SendError::NotSent(text)) => return Put::Refused(self.unreachable(&text)),
            Err(SendError::NoAnswer(text) | SendError::TooLong(text)) => {
                return Put::Unknown(self.unreachable(&text));
            }
        };
        match reply.status {
            200..=204 => {
                visit.moved(bytes);
                Put::New
            }
            412 => Put::Taken,
            409 => Put::Conflict,
            501 => Put::Refused(LogError::Refused(format!(
                "{} does not offer conditional writes (If-None-Match), without which two machines could write over each \
                 other: it cannot keep a shared log",
                self.place()
            ))),
            429 | 500 | 502..=599 => Put::Unknown(self.refusal(&reply)),
            _ => Put::Refused(self.refusal(&reply)),
        }
    }

    /// Returns what is under a key; `None` if nothing is.
    async fn get(&self, key: &str, visit: &Visit) -> Result<Option<Bytes>, LogError> {
        let reply = self.ask(&self.path(key), "", visit).await?;
        Ok(reply.map(|reply| reply.body))
    }

    /// Returns what the store has at a path; `None` if it has nothing there. It is asked again while there is time and no clear answer.
    async fn ask(&self, path: &str, query: &str, visit: &Visit) -> Result<Option<Reply>, LogError> {
        let mut pauses = PAUSES.iter().copied();
        loop {
            let error = match self
                .send(Method::GET, path, query, Bytes::new(), visit)
                .await
            {
                Ok(reply) => match reply.status {
                    200 => {
                        visit.moved(reply.body.len());
                        return Ok(Some(reply));
                    }
                    404 if error_code(&reply.body) != Some("NoSuchBucket") => return Ok(None),
                    429 | 500..=599 => self.refusal(&reply),
                    _ => return Err(self.refusal(&reply)),
                },
                Err(SendError::NotSent(text) | SendError::TooLong(text)) => {
                    return Err(self.unreachable(&text));
                }
                Err(SendError::NoAnswer(text)) => self.unreachable(&text),
            };
            let Some(pause) = pauses
                .next()
                .map(Duration::from_millis)
                .filter(|pause| visit.deadline(0).allows(*pause))
            else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns the path of an object, encoded.
    fn path(&self, key: &str) -> String {
        format!("{}/{}", self.base, encode_path(key))
    }

    fn unreachable(&self, text: &str) -> LogError {
        LogError::Unreachable(format!("{} {text}", self.place()))
    }

    fn refusal(&self, reply: &Reply) -> LogError {
        refusal(&self.place(), reply)
    }
}

#[cfg(test)]
mod tests;
