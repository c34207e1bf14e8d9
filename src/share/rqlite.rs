//! The log in an rqlite cluster: one table, and the guard in the statement that the log ends where the writer thinks.
//!
//! # Invariants
//!
//! - `rows_affected` 1 is accepted, 0 taken. An answer without results, or with an error in it, leaves open what happened, though its
//!   status is 200: "leadership lost while committing log" was sent for entries that had landed, and for some that had not.
//! - Reads are strong: they go through the cluster's own log, so none misses an entry during an election.
//! - Whoever is asked may be a follower or have lost its leader: the next node is asked, while there is time.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

mod answer;

use answer::{Ask, Outcome, Understood, is_without_table, understand};

use super::{
    environment::{Environment, Login},
    http_client::{CONNECT, HttpClient, Outgoing, make_runtime, remote},
    log::{Appended, Digest, Log, LogError, Number, Page},
    visit::{Patience, Visit, time_of},
};

/// How many entries are read at once, at the most.
const PAGE: u64 = 1_000;
/// The pause before all nodes are asked again: an election takes about a second.
const PAUSE: Duration = Duration::from_millis(200);

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS taskhold_log (log TEXT NOT NULL, n INTEGER NOT NULL, size INTEGER NOT NULL, body TEXT NOT NULL, \
     PRIMARY KEY (log, n)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS taskhold_part (log TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (log, name))",
    "CREATE TABLE IF NOT EXISTS taskhold_snapshot (log TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (log, n))",
];
const APPEND: &str = "INSERT INTO taskhold_log (log, n, size, body) SELECT ?, ?, ?, ? \
     WHERE (SELECT coalesce(max(n), 0) FROM taskhold_log WHERE log = ?) = ?";
/// At least one row, and then as many as fit.
const READ: &str = "SELECT n, body FROM (SELECT n, body, sum(size) OVER (ORDER BY n) - size AS before FROM taskhold_log \
     WHERE log = ? AND n > ? ORDER BY n LIMIT ?) WHERE before < ? ORDER BY n";
const PUT_PART: &str = "INSERT OR IGNORE INTO taskhold_part (log, name, body) VALUES (?, ?, ?)";
const PUT_SNAPSHOT: &str =
    "INSERT OR IGNORE INTO taskhold_snapshot (log, n, body) VALUES (?, ?, ?)";
const SNAPSHOT: &str = "SELECT body FROM taskhold_snapshot WHERE log = ? AND n = ?";
const PART: &str = "SELECT body FROM taskhold_part WHERE log = ? AND name = ?";

/// A log in an rqlite cluster.
pub(super) struct Rqlite {
    runtime: Runtime,
    /// The node that answered last comes first.
    nodes: Vec<HttpClient>,
    name: String,
    authorization: Option<HeaderValue>,
    /// Whether the tables are known to be there.
    has_tables: bool,
    patience: Patience,
}

impl fmt::Debug for Rqlite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Rqlite({}/{})", self.hosts(), self.name)
    }
}

/// What is said where the cluster has no table of the log.
const NO_LOG: &str = "there is no shared log there: perhaps the cluster was made anew, or one of the addresses is that of another";

/// Why there is no outcome.
enum Failure {
    /// Nothing was changed: no node took the request, or the statement itself failed.
    Refused(LogError),
    /// Nobody can say what was changed.
    Unknown(LogError),
}

impl Failure {
    fn into_error(self) -> LogError {
        match self {
            Self::Refused(error) | Self::Unknown(error) => error,
        }
    }
}

impl Rqlite {
    /// Opens the log `name` of a cluster. Nothing is sent yet.
    pub(super) fn open(
        nodes: &[String],
        name: &str,
        is_clear: bool,
        environment: &Environment,
        saved: Option<&Login>,
    ) -> Result<Self, LogError> {
        let login = environment.rqlite_login()?.or_else(|| saved.cloned());
        let nodes = nodes.iter().map(|node| {
            // To this machine nothing has to be encrypted; credentials go in clear to no other.
            let here = remote(&format!("http://{node}"), true, environment)?;
            let is_beyond = here.beyond().is_some();
            if is_clear && is_beyond && login.is_some() {
                return Err(LogError::Refused(format!(
                    "rqlite+http:// would send the password in clear to {node}: give rqlite://, and rqlite a certificate \
                     (-http-cert, -http-key)"
                )));
            }
            let remote = if is_beyond && !is_clear {
                remote(&format!("https://{node}"), false, environment)?
            } else {
                here
            };
            Ok(HttpClient::new(remote))
        });
        let nodes = nodes.collect::<Result<_, _>>()?;
        let authorization = login.map(|Login { user, password }| {
            let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            let mut value = HeaderValue::from_str(&text)
                .expect("base64 has no characters that a header cannot");
            value.set_sensitive(true);
            value
        });
        Ok(Self {
            runtime: make_runtime()?,
            nodes,
            name: name.to_owned(),
            authorization,
            has_tables: false,
            patience: Patience::default(),
        })
    }

    fn hosts(&self) -> String {
        let hosts: Vec<&str> = self.nodes.iter().map(HttpClient::authority).collect();
        hosts.join(",")
    }

    /// Returns how many seconds the clock of the node that answered last is ahead of this machine's.
    pub(super) fn skew(&self) -> Option<i64> {
        self.nodes.first()?.skew()
    }

    /// Makes the tables, if they are not there.
    pub(super) fn make_tables(&mut self) -> Result<(), LogError> {
        if self.has_tables {
            return Ok(());
        }
        let tables: Vec<Value> = TABLES.iter().map(|table| json!([table])).collect();
        self.run(Ask::Execute, &tables, &self.patience.visit())
            .map_err(Failure::into_error)?;
        self.has_tables = true;
        Ok(())
    }

    /// Runs statements, on one node after another until one answers. What was executed and not clearly answered is not
    /// executed again here: the caller knows whether it may be. The node that did not answer is asked last from then on.
    fn run(
        &mut self,
        ask: Ask,
        statements: &[Value],
        visit: &Visit,
    ) -> Result<Vec<Outcome>, Failure> {
        let body = Bytes::from(Value::from(statements).to_string());
        let bytes = body.len();
        let deadline = visit.deadline(bytes);
        let outgoing = self.outgoing(ask, body);
        let hosts = self.hosts();
        let Self { runtime, nodes, .. } = self;
        let mut last = LogError::Unreachable(format!("rqlite at {hosts} cannot be reached"));
        runtime.block_on(async {
            loop {
                for at in 0..nodes.len() {
                    // There has to be time to ask another.
                    let sooner = deadline.within(CONNECT + time_of(bytes));
                    let said = nodes[at].send(&outgoing, sooner).await;
                    let came = said.as_ref().map_or(0, |reply| reply.body.len());
                    let host = nodes[at].authority().to_owned();
                    match understand(ask, &host, said) {
                        Understood::Outcomes(outcomes) => {
                            visit.moved(came);
                            // Whoever answered is asked first from now on.
                            nodes[..=at].rotate_right(1);
                            return Ok(outcomes);
                        }
                        Understood::Refused(error) => return Err(Failure::Refused(error)),
                        Understood::Unknown(error) => {
                            nodes.rotate_left(at + 1);
                            return Err(Failure::Unknown(error));
                        }
                        Understood::AskAnother(error) => last = error,
                    }
                    if !deadline.allows(Duration::ZERO) {
                        return Err(Failure::Refused(last));
                    }
                }
                if !deadline.allows(PAUSE) {
                    return Err(Failure::Refused(last));
                }
                tokio::time::sleep(PAUSE).await;
            }
        })
    }

    fn outgoing(&self, ask: Ask, body: Bytes) -> Outgoing {
        let json = HeaderValue::from_static("application/json");
        let mut headers = vec![(http::header::CONTENT_TYPE, json)];
        if let Some(authorization) = &self.authorization {
            headers.push((
                HeaderName::from_static("authorization"),
                authorization.clone(),
            ));
        }
        let target = match ask {
            // A node passes it on once at the most, so that what it says of the last attempt holds for the only one.
            Ask::Execute => "/db/execute?retries=0",
            Ask::Query => "/db/query?level=strong",
        };
        Outgoing {
            method: Method::POST,
            target: target.to_owned(),
            headers,
            body,
        }
    }

    /// Returns the body that a statement finds; `None` if it finds none.
    fn body(&mut self, statement: Value) -> Result<Option<Vec<u8>>, LogError> {
        let outcomes = self
            .run(Ask::Query, &[statement], &self.patience.visit())
            .map_err(Failure::into_error)?;
        if is_without_table(&outcomes) {
            return Ok(None);
        }
        self.refuse_failed(&outcomes)?;
        let mut rows = outcomes.into_iter().flat_map(|outcome| outcome.values);
        let Some(row) = rows.next() else {
            return Ok(None);
        };
        let body = row.first().and_then(Value::as_str);
        let body = body.and_then(|body| STANDARD.decode(body).ok());
        body.map(Some)
            .ok_or_else(|| self.damaged("a body that it keeps is not base64"))
    }

    /// Keeps a body, unless one is there already.
    fn keep(&mut self, statement: Value, bytes: usize) -> Result<(), LogError> {
        self.make_tables()?;
        let visit = self.patience.visit();
        let outcomes = self
            .run(Ask::Execute, &[statement], &visit)
            .map_err(Failure::into_error)?;
        self.refuse_failed(&outcomes)?;
        visit.moved(bytes);
        Ok(())
    }

    /// Refuses outcomes of which one is an error.
    fn refuse_failed(&self, outcomes: &[Outcome]) -> Result<(), LogError> {
        match outcomes.iter().find_map(|outcome| outcome.error.as_ref()) {
            Some(error) => Err(LogError::Unreachable(format!(
                "rqlite at {}: {error}",
                self.hosts()
            ))),
            None => Ok(()),
        }
    }

    /// Says what the outcome of an append means.
    fn appended(&self, outcomes: &[Outcome]) -> Appended {
        if is_without_table(outcomes) {
            return Appended::Refused(self.damaged(NO_LOG));
        }
        match outcomes {
            [
                Outcome {
                    error: Some(error), ..
                },
            ] if error.contains("UNIQUE constraint failed") => Appended::Taken,
            [
                Outcome {
                    error: Some(error), ..
                },
            ] => Appended::Unknown(LogError::Unreachable(format!(
                "rqlite at {}: {error}",
                self.hosts()
            ))),
            [
                Outcome {
                    rows_affected: Some(1),
                    ..
                },
            ] => Appended::Accepted,
            // No row was affected, which the cluster leaves out of its answer.
            [
                Outcome {
                    rows_affected: None | Some(0),
                    ..
                },
            ] => Appended::Taken,
            _ => Appended::Unknown(
                self.damaged("the answer to an append is not that of one statement"),
            ),
        }
    }

    fn damaged(&self, what: &str) -> LogError {
        LogError::Damaged(format!("rqlite at {}: {what}", self.hosts()))
    }
}

impl Log for Rqlite {
    fn begin_visit(&mut self, visit: &Visit) {
        self.patience.begin(visit.clone());
    }

    fn append(&mut self, after: Number, entry: &[u8]) -> Appended {
        // The first entry alone makes the tables: whoever follows finds them.
        if after == 0
            && let Err(error) = self.make_tables()
        {
            return Appended::Refused(error);
        }
        let body = STANDARD.encode(entry);
        let statement = json!([
            APPEND,
            self.name,
            after + 1,
            entry.len(),
            body,
            self.name,
            after
        ]);
        let visit = self.patience.visit();
        let mut open = None;
        // What one node did not answer is sent to the next: of the same entry one at most can stand there.
        for _ in 0..self.nodes.len() {
            let appended = match self.run(Ask::Execute, std::slice::from_ref(&statement), &visit) {
                Ok(outcomes) => self.appended(&outcomes),
                Err(Failure::Refused(error)) => Appended::Refused(error),
                Err(Failure::Unknown(error)) => Appended::Unknown(error),
            };
            match (appended, open) {
                (Appended::Unknown(error), _) => open = Some(error),
                (Appended::Accepted, _) => {
                    visit.moved(body.len());
                    return Appended::Accepted;
                }
                // That this attempt was refused says nothing of the one before it.
                (Appended::Refused(_), Some(error)) => return Appended::Unknown(error),
                (appended, _) => return appended,
            }
            if !visit.deadline(body.len()).allows(Duration::ZERO) {
                break;
            }
        }
        Appended::Unknown(open.unwrap_or_else(|| self.damaged("there is no node")))
    }

    fn read(&mut self, after: Number, bytes: usize) -> Result<Page, LogError> {
        let statement = json!([READ, self.name, after, PAGE, bytes.max(1)]);
        let outcomes = self
            .run(Ask::Query, &[statement], &self.patience.visit())
            .map_err(Failure::into_error)?;
        if is_without_table(&outcomes) {
            // Nothing was appended yet, or the cluster is another.
            return if after == 0 {
                Ok(Page {
                    is_last: true,
                    ..Page::default()
                })
            } else {
                Err(self.damaged(NO_LOG))
            };
        }
        self.refuse_failed(&outcomes)?;
        let mut entries = Vec::new();
        for outcome in outcomes {
            for row in outcome.values {
                let expected = after + 1 + entries.len() as u64;
                let [number, Value::String(body)] = &row[..] else {
                    return Err(self.damaged("a row of the log is not of its shape"));
                };
                if number.as_u64() != Some(expected) {
                    return Err(self.damaged(&format!(
                        "entry {expected} is missing, and later ones are there"
                    )));
                }
                let body = STANDARD.decode(body);
                entries.push(
                    body.map_err(|_| self.damaged(&format!("entry {expected} is not base64")))?,
                );
            }
        }
        let read: usize = entries.iter().map(Vec::len).sum();
        Ok(Page {
            // Neither limit was met.
            is_last: (entries.len() as u64) < PAGE && read < bytes,
            entries,
        })
    }

    fn put_part(&mut self, name: &Digest, body: &[u8]) -> Result<(), LogError> {
        let statement = json!([PUT_PART, self.name, name.to_string(), STANDARD.encode(body)]);
        self.keep(statement, body.len())
    }

    fn part(&mut self, name: &Digest) -> Result<Vec<u8>, LogError> {
        let body = self.body(json!([PART, self.name, name.to_string()]))?;
        body.ok_or_else(|| self.damaged(&format!("part {name} is not there any more")))
    }

    fn put_snapshot(&mut self, number: Number, body: &[u8]) -> Result<(), LogError> {
        let statement = json!([PUT_SNAPSHOT, self.name, number, STANDARD.encode(body)]);
        self.keep(statement, body.len())
    }

    fn snapshot(&mut self, number: Number) -> Result<Option<Vec<u8>>, LogError> {
        self.body(json!([SNAPSHOT, self.name, number]))
    }
}

#[cfg(test)]
mod tests;
