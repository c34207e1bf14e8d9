//! A person's tasks in one SQLite file, for every AI host and every shell at once.
//!
//! | module | what it holds |
//! |---|---|
//! | [`text`] | the one way text enters: cleaned of what cannot be seen |
//! | [`task`] | a task, its fields and what each may hold |
//! | [`when`] | a date or an instant, read from the words people use |
//! | [`repeat`] | how a task comes again: RFC 5545 rules, read from words |
//! | [`change`] | what a call altered: the rows of the change log |
//! | `advice` | what a caller should know beside the result of a call |
//! | [`command`] | what can be asked for, and which changes that makes; pure, no database |
//! | [`imported`] | a task on its way in from a file |
//! | [`exchange`] | tasks as files that other programs read and write |
//! | `disk` | files of ours that are not the database: private, durable, locked |
//! | [`clock`] | the time now |
//! | [`error`] | what can go wrong, in words that help |
//! | [`store`] | every SQL statement, the open sequence, the writer thread and the change feed |
//! | `input` | fields as callers write them, read into what a task can hold |
//! | [`render`] | tasks as people, models and programs see them |
//! | [`mcp`] | the MCP server: tools, resources, prompts, subscriptions |
//! | [`stdio`] | MCP over standard input and output |
//! | [`install`] | taskhold in the configuration of AI hosts |
//! | [`http`] | MCP over HTTP: the daemon |
//! | [`bridge`] | a stdio host on one side, the daemon on the other |
//! | [`config`] | settings and where they come from |
//! | [`cli`] | the command line |
//!
//! A call travels `stdio`, `http` or `cli`, then `mcp`, then `store`, which asks `command` what to write. News of a commit
//! travel back from `store` to `mcp`'s subscriptions, in every process. `tests/it/layers.rs` holds who may use whom.

mod advice;
pub mod bridge;
pub mod change;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
mod disk;
pub mod error;
pub mod exchange;
pub mod http;
pub mod imported;
mod input;
pub mod install;
pub mod mcp;
pub mod render;
pub mod repeat;
pub mod stdio;
pub mod store;
pub mod task;
pub mod text;
pub mod when;
