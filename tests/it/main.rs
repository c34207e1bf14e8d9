//! Tests of the built binary, in one program.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod backup;
mod board;
mod budget;
mod cli;
mod comments;
mod configuration;
mod cost;
mod disk;
mod docs;
mod doctor;
#[cfg(target_os = "linux")]
mod durable;
mod exchange;
mod help;
mod install;
mod layers;
mod locking;
mod migrate;
mod model;
mod moved;
mod notify;
mod planning;
mod planted;
mod prime;
mod processes;
mod prompts;
mod replies;
mod restore;
mod share;
mod shell;
mod stdio;
mod support;
mod surface;
mod undo;
mod uninstall;
mod unusable;
mod upgrade;
mod views;
mod watching;
