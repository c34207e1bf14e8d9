//! The shared log: one order of changes for several machines, kept by an engine that others build and run.
//!
//! It knows neither tasks nor the store: what it appends and returns are bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | `log` | what an engine does: append after a number, read after a number, keep parts |
//! | `s3` | the engine that is an object store with an S3 API |
//! | `sigv4` | signatures of requests to it |
//! | `rqlite` | the engine that is an rqlite cluster |
//! | `http_client` | requests to an engine, many at once, with time limits |
//! | `visit` | how long a caller waits, in however many requests |
//! | `environment` | credentials, region and endpoint, from the environment and the files of the AWS tools |
//! | `probe` | examines an engine before it is trusted |
//! | `deflated` | bodies as short as they go to an engine; what comes out of one is limited |
//! | `seal` | entries and parts, sealed: the engine cannot read them |
//! | `place` | where a log is kept: `s3://…`, `rqlite://…`; opens it |
//! | `code` | the join code: place, log and key in one line |
//! | `secrets` | the file beside a database with place, key and credentials of its log |
//! | `fake_server` | an HTTP server that answers what a test tells it, for tests |
//! | `memory` | an engine in memory that fails by seed, for tests |

pub mod code;
pub(crate) mod deflated;
pub mod environment;
#[cfg(test)]
mod fake_server;
mod http_client;
pub mod log;
#[cfg(test)]
pub(crate) mod memory;
pub mod place;
pub mod probe;
mod rqlite;
mod s3;
pub mod seal;
pub mod secrets;
mod sigv4;
pub mod visit;
