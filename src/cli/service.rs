//! `taskhold service`

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use service_manager::{
    RestartPolicy, ServiceInstallCtx, ServiceLabel, ServiceManager, ServiceStartCtx, ServiceStatus,
    ServiceStatusCtx, ServiceStopCtx, ServiceUninstallCtx,
};

use super::{CliResult, Context, Failure};
use crate::store::{Access, Store};

mod definition;

use definition::Definition;

/// Keep the daemon running: started when you log in, and again if it fails
///
/// As yourself and for yourself alone, through systemd or launchd.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold service install --dry-run
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
    Program(io::Error),
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
        Ok(match self.command {
            ServiceCommand::Install { dry_run, options } => {
                let definition = Definition::new(definition_call(context, options)?);
                let (path, text) = (definition.path()?, definition.text());
                let file = path.display();
                if dry_run {
                    let command = definition.command();
                    let said = format!("would write {file}:\n\n{text}\nand run: {command}\n");
                    let object = json!({ "file": path, "text": text, "command": command });
                    return Ok((said, object));
                }
                let manager = manager()?;
                // Its sandbox lets it write in a folder that is there, so it is made here.
                drop(Store::open(&context.database, Access::Write)?);
                manager
                    .install(definition.install())
                    .map_err(refused("install"))?;
                (
                    format!("installed {file}\nstart it now with: taskhold service start\n"),
                    json!({ "installed": path }),
                )
            }
            ServiceCommand::Uninstall { dry_run } => {
                let path = definition::path()?;
                let file = path.display();
                if dry_run {
                    return Ok((format!("would remove {file}\n"), json!({ "file": path })));
                }
                let manager = manager()?;
                // One that does not run cannot be stopped, and need not be.
                let _ = manager.stop(ServiceStopCtx { label: label() });
                manager
                    .uninstall(ServiceUninstallCtx { label: label() })
                    .map_err(refused("uninstall"))?;
                (format!("removed {file}\n"), json!({ "removed": path }))
            }
            ServiceCommand::Start => {
                let start = ServiceStartCtx { label: label() };
                manager()?.start(start).map_err(refused("start"))?;
                state("started")
            }
            ServiceCommand::Stop => {
                let stop = ServiceStopCtx { label: label() };
                manager()?.stop(stop).map_err(refused("stop"))?;
                state("stopped")
            }
            ServiceCommand::Status => {
                let ask = ServiceStatusCtx { label: label() };
                state(
                    match manager()?.status(ask).map_err(refused("ask about"))? {
                        ServiceStatus::Running => "running",
                        ServiceStatus::Stopped(_) => "stopped",
                        ServiceStatus::NotInstalled => "not installed",
                    },
                )
            }
        })
    }
}

fn state(word: &str) -> (String, Value) {
    (format!("{word}\n"), json!({ "state": word }))
}

fn label() -> ServiceLabel {
    ServiceLabel {
        qualifier: None,
        organization: None,
        application: "taskhold".to_owned(),
    }
}

/// Returns this user's service manager.
fn manager() -> Result<Box<dyn ServiceManager>, ServiceError> {
    let manager: Box<dyn ServiceManager> = if cfg!(target_os = "macos") {
        Box::new(service_manager::LaunchdServiceManager::user())
    } else {
        Box::new(service_manager::SystemdServiceManager::user())
    };
    match manager.available() {
        Ok(true) => Ok(manager),
        _ => Err(ServiceError::NoManager),
    }
}

/// Returns the call that the service is to make, which names the database it was installed for.
fn definition_call(context: &Context, options: Vec<String>) -> Result<Call, Failure> {
    let program = std::env::current_exe().map_err(ServiceError::Program)?;
    let mut arguments = vec!["--db".to_owned(), context.database.display().to_string()];
    arguments.push("serve".to_owned());
    arguments.extend(options);
    Ok(Call {
        program,
        arguments,
        folder: folder(&context.settled_database()),
    })
}

fn folder(database: &Path) -> PathBuf {
    database.parent().unwrap_or(database).to_owned()
}

/// What a service runs.
struct Call {
    program: PathBuf,
    arguments: Vec<String>,
    /// The only folder it writes in.
    folder: PathBuf,
}

impl Definition {
    fn install(&self) -> ServiceInstallCtx {
        let call = self.call();
        ServiceInstallCtx {
            label: label(),
            program: call.program.clone(),
            args: call.arguments.iter().map(OsString::from).collect(),
            contents: Some(self.text()),
            username: None,
            working_directory: None,
            environment: None,
            autostart: true,
            restart_policy: RestartPolicy::default(),
        }
    }
}
