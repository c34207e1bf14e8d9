//! `taskhold service`

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{CliResult, Context, Failure};
use crate::{
    install::{self, Refusal},
    store::{Access, Store},
};

mod call;
mod launchd;
mod platform;
mod scheduler;
mod systemd;

use call::{Options, ServeCommand};
use platform::{Platform, State};

/// What the daemon is called by every service manager.
const LABEL: &str = "taskhold";

/// Run the daemon as a service: start it when you log in, and again if it fails
///
/// As yourself and for yourself alone, through systemd, launchd or the Task Scheduler of Windows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold service install --dry-run
  taskhold service install -- --listen 8276
  taskhold service start
  taskhold service status")]
pub(super) struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ServiceCommand {
    /// Have it started when you log in
    Install {
        /// Only show what would be written and run
        #[arg(long)]
        dry_run: bool,
        /// What taskhold serve is to be called with, after --
        #[arg(last = true, value_name = "SERVE OPTIONS")]
        options: Vec<String>,
    },
    /// Take that back; your tasks stay
    Uninstall {
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Start it now
    Start,
    /// Stop it
    Stop,
    /// Say whether it runs
    Status,
}

/// Why the service manager did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServiceError {
    /// There is none that is supported.
    #[error(
        "neither systemd nor launchd runs here; have your system start this at login: taskhold serve"
    )]
    NoManager,
    /// It refused.
    #[error("cannot {action} the service: {source}")]
    Refused {
        action: &'static str,
        source: io::Error,
    },
    /// The program cannot be found again.
    #[error("cannot tell where this program is: {0}")]
    Program(Refusal),
    /// The system does not say where the user's files are.
    #[error("cannot tell where your home folder is; set the variable HOME")]
    NoHome,
    /// The system does not say who the user is.
    #[error("cannot tell who you are: the variable {0} is not set")]
    Nobody(&'static str),
}

impl ServiceArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let (said, object) = self.carry_out(context)?;
        if context.screen.json {
            return Ok(context.screen.print_json(&object)?);
        }
        Ok(context.screen.print(&said)?)
    }

    /// Returns what to say of it: to a person, and to a program.
    fn carry_out(self, context: &Context) -> Result<(String, Value), Failure> {
        let refused = |action| move |source| ServiceError::Refused { action, source };
        let platform = Platform::here();
        let path = platform.path()?;
        Ok(match self.command {
            ServiceCommand::Install { dry_run, options } => {
                install(platform, &path, context, options, dry_run)?
            }
            ServiceCommand::Uninstall { dry_run } => {
                let file = path.display();
                if dry_run {
                    return Ok((format!("would remove {file}\n"), json!({ "file": path })));
                }
                let manager = platform.manager(path.clone())?;
                manager.uninstall().map_err(refused("uninstall"))?;
                (format!("removed {file}\n"), json!({ "removed": path }))
            }
            ServiceCommand::Start => {
                platform.manager(path)?.start().map_err(refused("start"))?;
                state("started")
            }
            ServiceCommand::Stop => {
                platform.manager(path)?.stop().map_err(refused("stop"))?;
                state("stopped")
            }
            ServiceCommand::Status => {
                let found = platform.manager(path)?.state();
                state(match found.map_err(refused("ask about"))? {
                    State::Running => "running",
                    State::Stopped => "stopped",
                    State::NotInstalled => "not installed",
                })
            }
        })
    }
}

/// The daemon as a service of this user.
pub(super) struct Installed {
    /// Its definition.
    pub(super) file: PathBuf,
    manager: platform::Manager,
}

impl Installed {
    /// Returns the service if it is installed; `None` if it is not, or the system has no service manager.
    pub(super) fn find() -> Option<Self> {
        let platform = Platform::here();
        let file = platform.path().ok()?;
        let manager = platform.manager(file.clone()).ok()?;
        let is_there = manager.is_installed();
        is_there.then_some(Self { file, manager })
    }

    /// Stops it and removes it for good.
    pub(super) fn uninstall(&self) -> Result<(), ServiceError> {
        let refused = |source| ServiceError::Refused {
            action: "uninstall",
            source,
        };
        self.manager.uninstall().map_err(refused)
    }
}

fn install(
    platform: Platform,
    path: &Path,
    context: &Context,
    options: Vec<String>,
    dry_run: bool,
) -> Result<(String, Value), Failure> {
    // What is wrong with them is told before anything is made.
    let options = Options::read(options)?;
    let manager = if dry_run {
        None
    } else {
        let manager = platform.manager(path.to_owned())?;
        // Its sandbox lets it write in a folder that is there, so it is made here.
        drop(Store::open(&context.database, Access::Write)?);
        Some(manager)
    };
    let call = ServeCommand::new(context, options)?;
    let text = platform.text(&call)?;
    let file = path.display();
    let notes = [platform.note(&call), install::warning(&call.program)];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    let said = notes
        .iter()
        .fold(String::new(), |said, note| said + "note: " + note + "\n");
    let with_note = |mut object: Value| {
        if !notes.is_empty() {
            object["note"] = notes.join("\n").into();
        }
        object
    };
    let Some(manager) = manager else {
        let command = platform.command(path);
        return Ok((
            format!("would write {file}:\n\n{text}\nand run: {command}\n{said}"),
            with_note(json!({ "file": path, "text": text, "command": command })),
        ));
    };
    manager
        .install(&text)
        .map_err(|source| ServiceError::Refused {
            action: "install",
            source,
        })?;
    Ok((
        format!("installed {file}\n{said}{}\n", platform.installed()),
        with_note(json!({ "installed": path })),
    ))
}

fn state(word: &str) -> (String, Value) {
    (format!("{word}\n"), json!({ "state": word }))
}
