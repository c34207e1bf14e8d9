//! The `taskhold` program: reads the command line, runs it, and turns what comes of it into an exit status.

use std::process::ExitCode;

use taskhold::cli::Cli;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    log_to_stderr();
    Cli::read().run()
}

/// Warnings and errors of our own, nothing of the libraries: they would log what tasks say.
fn log_to_stderr() {
    use tracing_subscriber::{
        Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
    };
    let ours = Targets::new()
        .with_target("taskhold", tracing::Level::WARN)
        // The daemon's log of requests.
        .with_target("taskhold::http", tracing::Level::INFO);
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    tracing_subscriber::registry()
        .with(to_stderr.with_filter(ours))
        .init();
}
