//! What a task is, and what a call makes of it: no database, no files, no clock; only
//! `Zone::system` asks the system.
//!
//! | file | what it holds |
//! |---|---|
//! | [`text`] | cleans every text that enters: control sequences, invisible characters |
//! | [`task`] | a task, its fields and what each may hold |
//! | [`when`] | a date or an instant, read from words; time zones |
//! | [`repeat`] | recurrence rules (RFC 5545), read from words; the dates they give |
//! | [`card`] | what the board shows of a task |
//! | [`query`] | what to list: views, filters, pages |
//! | [`change`] | edits and change log entries; replay and rewind of a task |
//! | [`session`] | the session of a client that makes a change |
//! | [`command`] | what can be asked for, and which edits that makes; undo, restore and repair |
//! | `plan` | the rules of a whole call: references, cycles, keys, numbers, what undo takes back |
//! | `advice` | advice beside a result |
//! | [`imported`] | an imported task on its way in |
//! | [`error`] | every error, its words and its code |

pub(crate) mod advice;
pub mod card;
pub mod change;
pub mod command;
pub mod error;
pub mod imported;
pub(crate) mod plan;
pub mod query;
pub mod repeat;
pub mod session;
pub mod task;
pub mod text;
pub mod when;
