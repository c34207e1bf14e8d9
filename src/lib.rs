//! A person's tasks in one SQLite file, for every AI host and every shell at once.
pub mod change;
pub mod cli;
pub mod command;
pub mod config;
pub mod error;
pub mod mcp;
pub mod render;
pub mod stdio;
pub mod store;
pub mod task;
pub mod text;
