//! Tests of the built binary, in one program.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod cli;
mod layers;
mod model;
mod notify;
mod processes;
mod stdio;
mod support;
mod surface;
mod unusable;
