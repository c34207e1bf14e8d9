//! A person's tasks in one SQLite file, for every AI host and every shell at once.
//!
//! | module | what it holds |
//! |---|---|
//! | [`domain`] | tasks, and what a call makes of them: no database, no files, no clock |
//! | [`exchange`] | tasks as files that other programs read and write |
//! | `disk` | files of ours that are not the database: private, durable, locked |
//! | [`clock`] | the time now |
//! | [`home`] | the person's home folder, and where programs keep their files in it |
//! | [`store`] | every SQL statement of everyday use, the open sequence, the writer thread and the change feed |
//! | [`care`] | examining, repairing, restoring and rescuing a database |
//! | `input` | fields as callers write them, read into what a task can hold |
//! | [`render`] | tasks as people, models and programs see them |
//! | [`board`] | the page of the board, and what a browser is told of it |
//! | [`mcp`] | the MCP server: tools, resources, prompts, subscriptions |
//! | `jsonrpc` | JSON-RPC messages and lines, for every transport |
//! | [`share`] | the shared log of several machines, and the engines that keep it |
//! | [`stdio`] | MCP over standard input and output |
//! | [`install`] | taskhold in the configuration of AI hosts |
//! | [`http`] | MCP over HTTP: the daemon |
//! | `remote` | connections to another program by HTTP: TCP, TLS, trust roots |
//! | [`bridge`] | a stdio host on one side, the daemon on the other |
//! | [`config`] | settings and where they come from |
//! | [`cli`] | the command line |
//!
//! A call travels `stdio` or `http`, then `jsonrpc`, `mcp` and `store`, which asks `domain::plan` what to write; `cli` calls
//! `store` itself. News of a commit
//! travel back from `store` to `mcp`'s subscriptions, in every process. `tests/it/layers.rs` holds who may use whom.

pub mod board;
pub mod bridge;
pub mod care;
pub mod cli;
pub mod clock;
pub mod config;
mod disk;
pub mod domain;
pub mod exchange;
pub mod home;
pub mod http;
mod input;
pub mod install;
mod jsonrpc;
pub mod mcp;
mod remote;
pub mod render;
pub mod share;
pub mod stdio;
pub mod store;
