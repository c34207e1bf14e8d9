//! Tests of the built binary, in one program.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod backup;
mod budget;
mod cli;
mod comments;
mod disk;
mod doctor;
mod exchange;
mod help;
mod install;
mod layers;
mod migrate;
mod model;
mod moved;
mod notify;
mod planning;
mod prime;
mod processes;
mod prompts;
mod restore;
mod shell;
mod stdio;
mod support;
mod surface;
mod undo;
mod unusable;
mod views;
mod watching;
