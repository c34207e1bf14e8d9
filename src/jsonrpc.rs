//! JSON-RPC 2.0 messages, as MCP restricts them (specification 2025-06-18, "Base Protocol"): from bytes to a typed message, or
//! to the error that answers bytes which are no message.
//!
//! | file | what it holds |
//! |---|---|
//! | `lines` | lines of bounded length from a stream, the messages of an array in one, and lines written to a stream |
//! | `message` | one message, parsed and checked once |
//! | `batch` | several messages in one array, and their answers in one |
//! | `params` | parameters put as the protocol has them, and what is wrong with those that do not fit |
//! | `refusal` | every protocol error, cleaned and bounded |

pub(crate) mod batch;
pub(crate) mod lines;
pub(crate) mod message;
mod params;
pub(crate) mod refusal;

/// The header by which a program that hands on the requests of several hosts names the session of each.
pub(crate) const SESSION_HEADER: &str = "taskhold-session";
