//! `taskhold install`

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use serde::Serialize;
use serde_json::json;
use similar::TextDiff;

use super::{CliResult, Context, Failure};
use crate::{
    config::ConfigError,
    install::{self, Host, Machine, Place, Refusal, Server, Trouble},
    render,
};

/// Put taskhold into the configuration of an AI host
///
/// Edits the host's own file, for you alone and for every project, keeping its comments and order. The file as it was
/// stays beside it. A file that cannot be read is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold install --list
  taskhold install claude-desktop codex
  taskhold install vscode --dry-run
  taskhold install cursor --name work --db /home/me/work.db
  taskhold install zed --remove")]
pub(super) struct InstallArgs {
    /// Host to set up (can be repeated)
    #[arg(value_name = "HOST", required_unless_present = "list", value_parser = hosts())]
    hosts: Vec<Host>,
    /// Say where each host's configuration is, and whether taskhold is in it
    #[arg(long, conflicts_with_all = ["hosts", "remove", "dry_run", "name"])]
    list: bool,
    /// Take taskhold out again
    #[arg(long)]
    remove: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// What the host calls the server [default: what it calls taskhold already, else tasks]
    #[arg(long, value_name = "NAME", value_parser = install::checked_name)]
    name: Option<String>,
}

fn hosts() -> impl clap::builder::TypedValueParser<Value = Host> {
    let words = Host::ALL
        .map(|host| PossibleValue::new(host.word()).aliases(host.aliases().iter().copied()));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Host>())
}

/// A file as it is and as it would be.
struct Plan {
    host: Host,
    place: Place,
    /// What it says; `None` if there is no file.
    before: Option<String>,
    after: String,
}

/// What becomes of a file; what `--json` prints of it.
#[derive(Serialize)]
struct Outcome<'plan> {
    host: &'static str,
    file: &'plan Path,
    /// It is changed, or would be.
    #[serde(rename = "changed")]
    differs: bool,
    #[serde(rename = "host_found")]
    is_host_there: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
    /// What would change, where nothing is to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
}

impl InstallArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let machine = Machine::here().ok_or(ConfigError::NoHome)?;
        if self.list {
            return list(&machine, context);
        }
        // All are read before one is written, so that a file that is refused leaves the others alone too.
        let plans = self.plans(&machine, context)?;
        let mut outcomes = Vec::new();
        for plan in &plans {
            let outcome = self.carry_out(plan, context)?;
            if context.screen.json {
                outcomes.push(outcome);
            } else {
                self.tell(plan, &outcome)?;
            }
        }
        if context.screen.json {
            context.screen.print_json(&json!({ "files": outcomes }))?;
        }
        Ok(())
    }

    fn plans(&self, machine: &Machine, context: &Context) -> Result<Vec<Plan>, Failure> {
        let program = install::program()?;
        let database = install::path_text(&context.database)?;
        let needs_database = context.named_database().is_some();
        let mut plans = Vec::new();
        for &host in &self.hosts {
            for place in machine.places_in_use(host) {
                let before = install::read(&place.file)?;
                let text = before.as_deref().unwrap_or_default();
                let name = self.name.as_deref();
                let after = if self.remove {
                    install::remove(host, text, name)
                } else {
                    let server = Server {
                        program: program.clone(),
                        database: (needs_database || place.is_sandboxed).then(|| database.clone()),
                    };
                    install::put(host, text, name, &server)
                };
                let after = after.map_err(|trouble| refusal(&place.file, trouble))?;
                plans.push(Plan {
                    host,
                    place,
                    before,
                    after,
                });
            }
        }
        Ok(plans)
    }

    fn carry_out<'plan>(
        &self,
        plan: &'plan Plan,
        context: &Context,
    ) -> Result<Outcome<'plan>, Failure> {
        let mut outcome = Outcome {
            host: plan.host.word(),
            file: &plan.place.file,
            differs: plan.before.as_deref().unwrap_or_default() != plan.after,
            is_host_there: plan.place.is_used(),
            backup: None,
            diff: None,
            next: None,
        };
        if !outcome.differs {
            return Ok(outcome);
        }
        if self.dry_run {
            outcome.diff = Some(plan.difference());
            return Ok(outcome);
        }
        let now = context.caller.zone.at(render::now().as_millis());
        let stamp = now.format("before-taskhold-%Y%m%d-%H%M%S").to_string();
        let before = plan.before.as_deref();
        outcome.backup = install::replace(&plan.place.file, before, &plan.after, &stamp)?;
        outcome.next = Some(plan.host.next_step());
        Ok(outcome)
    }

    fn tell(&self, plan: &Plan, outcome: &Outcome<'_>) -> CliResult {
        let mut out = io::stdout().lock();
        let (title, file) = (plan.host.title(), plan.place.file.display());
        if !outcome.differs {
            let state = if self.remove { "is not" } else { "is already" };
            writeln!(
                out,
                "{title}: nothing to change, taskhold {state} in {file}"
            )?;
            return Ok(());
        }
        if let Some(diff) = &outcome.diff {
            return Ok(write!(out, "{diff}")?);
        }
        let did = if self.remove {
            "taskhold was taken out of"
        } else {
            "taskhold is now in"
        };
        writeln!(out, "{title}: {did} {file}")?;
        if let Some(backup) = &outcome.backup {
            writeln!(out, "  as it was: {}", backup.display())?;
        }
        if !outcome.is_host_there {
            writeln!(
                out,
                "  {title} has left no traces here; it finds this when it comes"
            )?;
        }
        if let Some(next) = outcome.next {
            writeln!(out, "  next: {next}")?;
        }
        Ok(())
    }
}

impl Plan {
    /// Returns what would change, as a unified diff.
    fn difference(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let file = self.place.file.display().to_string();
        let old = if self.before.is_some() {
            file.as_str()
        } else {
            "/dev/null"
        };
        let diff = TextDiff::from_lines(before, &self.after);
        let text = diff.unified_diff().header(old, &file).to_string();
        // The file is the host's: nothing in it may steer the terminal.
        text.chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
            .collect()
    }
}

fn refusal(file: &Path, trouble: Trouble) -> Failure {
    Failure::Install(Refusal::Trouble {
        path: file.to_owned(),
        trouble,
    })
}

/// Prints a line for each place of each host.
fn list(machine: &Machine, context: &Context) -> CliResult {
    let mut lines = String::new();
    let mut entries = Vec::new();
    for host in Host::ALL {
        for place in &machine.places_in_use(host) {
            let file = &place.file;
            let (word, state) = (host.word(), state(host, place));
            entries.push(json!({ "host": word, "file": file, "state": state }));
            let _ = writeln!(lines, "{word:14} {state:14} {}", file.display());
        }
    }
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({ "hosts": entries }))?);
    }
    Ok(context.screen.print(&lines)?)
}

fn state(host: Host, place: &Place) -> &'static str {
    if !place.is_used() {
        return "no host here";
    }
    let text = match install::read(&place.file) {
        Ok(text) => text.unwrap_or_default(),
        Err(_) => return "not readable",
    };
    match install::entries(host, &text) {
        Err(_) => "not readable",
        Ok(entries) if entries.is_empty() => "not installed",
        Ok(entries) => {
            let is_there = entries
                .iter()
                .all(|entry| Path::new(&entry.program).exists());
            if is_there {
                "installed"
            } else {
                "program gone"
            }
        }
    }
}
