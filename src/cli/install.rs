//! `taskhold install`

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use serde_json::json;

use super::{CliResult, Context, Failure};
use crate::{
    clock,
    config::ConfigError,
    install::{self, ByHand, Host, Location, Machine, Package, Refusal, Server},
};
use choice::Candidate;
use outcome::{FileOutcome, printable};
use states::{HAS_TASKHOLD, list, shown, state};

mod choice;
mod outcome;
mod states;

pub(super) use states::HostFiles;

/// Add taskhold to the configuration of an AI host
///
/// Edits the host's own file, for you alone and for every project, keeping its comments and order. The file as it was
/// stays beside it, the last five times. A file that cannot be read, or is read-only, is left alone; the others are edited.
/// A file that the host itself cannot read is mended, if nothing is lost by that, or left alone. Goose's file is left to
/// you: you are shown what to add to it or to remove, and where. Without a host, those on this machine are offered.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold install
  taskhold install --list
  taskhold install claude-desktop codex
  taskhold install vscode --dry-run
  taskhold install cursor --name work --db /home/me/work.db
  taskhold install zed --remove")]
pub(super) struct InstallArgs {
    /// Host to set up (can be repeated)
    #[arg(value_name = "HOST", value_parser = hosts())]
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
    /// What it says; `None` if there is no file.
    before: Option<String>,
    /// `None` if there is to be no file, since nothing would be left in it.
    after: Option<String>,
    /// What is taken out so that the host can read the rest.
    taken_out: Vec<&'static str>,
}

/// What became of the files of several hosts.
#[derive(Default)]
pub(super) struct Edited {
    files: Vec<FileOutcome>,
    refused: Vec<Refusal>,
    /// The hosts whose files are as wanted.
    hosts: Vec<&'static str>,
}

impl Edited {
    /// Returns what became of each file, for programs.
    pub(super) fn files(&self) -> serde_json::Value {
        json!(self.files)
    }

    /// Reports whether a person is to do something by hand.
    pub(super) fn leaves_something(&self) -> bool {
        self.files.iter().any(|file| file.by_hand.is_some())
    }

    /// Fails if a file could not be edited, and says which were.
    pub(super) fn done(mut self) -> CliResult {
        self.hosts.dedup();
        match self.refused.len() {
            0 => Ok(()),
            1 if self.hosts.is_empty() => Err(self.refused.remove(0).into()),
            _ => Err(Refusal::Several {
                refused: self.refused,
                done: self.hosts,
            }
            .into()),
        }
    }
}

/// What each entry is to start.
struct Wanted {
    program: String,
    database: String,
    needs_database: bool,
}

impl InstallArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let machine = Machine::here().ok_or(ConfigError::NoHome)?;
        if self.list {
            return list(&machine, context);
        }
        let hosts = if self.hosts.is_empty() {
            choice::hosts(&self.candidates(&machine), self.remove, context)?
        } else {
            self.hosts.clone()
        };
        let edited = self.edit(&hosts, &machine, &|_| true, context)?;
        if !self.remove
            && edited.refused.len() < edited.files.len()
            && let Some(warning) = install::warning(Path::new(&install::program()?))
        {
            writeln!(io::stderr(), "note: {warning}")?;
        }
        if context.screen.json && edited.refused.len() < edited.files.len() {
            context
                .screen
                .print_json(&json!({ "files": edited.files }))?;
        }
        edited.done()
    }

    /// Edits those files of `hosts` that are `meant`, each told as soon as it is done.
    fn edit(
        &self,
        hosts: &[Host],
        machine: &Machine,
        meant: &dyn Fn(&Location) -> bool,
        context: &Context,
    ) -> CliResult<Edited> {
        let wanted = Wanted::of(context)?;
        let mut edited = Edited::default();
        for &host in hosts {
            let places = machine.places_in_use(host).into_iter();
            for place in places.filter(|place| meant(place)) {
                let mut outcome = FileOutcome::nothing(host, &place, machine);
                outcome.package = self.package(host, &place, machine);
                match self.carry_out(&mut outcome, &place, &wanted, context) {
                    Ok(()) => {
                        if outcome.by_hand.is_none() {
                            edited.hosts.push(host.word());
                        }
                        if !context.screen.json {
                            outcome.tell(self.remove)?;
                        }
                    }
                    Err(refusal) => {
                        outcome.problem = Some(refusal.to_string());
                        edited.refused.push(refusal);
                    }
                }
                edited.files.push(outcome);
            }
        }
        Ok(edited)
    }

    /// Takes taskhold out of `files`, each of a host.
    pub(super) fn remove_from(files: &[(Host, PathBuf)], context: &Context) -> CliResult<Edited> {
        let machine = Machine::here().ok_or(ConfigError::NoHome)?;
        let all = Self {
            hosts: Vec::new(),
            list: false,
            remove: true,
            dry_run: false,
            name: None,
        };
        let mut hosts: Vec<Host> = files.iter().map(|(host, _)| *host).collect();
        hosts.dedup();
        let is_named = |place: &Location| files.iter().any(|(_, file)| *file == place.file);
        all.edit(&hosts, &machine, &is_named, context)
    }

    /// Returns the hosts on this machine that can be set up, or of which taskhold can be taken out.
    fn candidates(&self, machine: &Machine) -> Vec<Candidate> {
        let candidates = Host::ALL.into_iter().filter(|host| machine.has(*host));
        let candidates = candidates.map(|host| {
            let places = machine.places_in_use(host);
            let states: Vec<_> = places
                .iter()
                .map(|place| shown(machine, host, place))
                .collect();
            let state = states.iter().find(|state| HAS_TASKHOLD.contains(state));
            Candidate {
                host,
                state: state.copied().unwrap_or(states[0]),
            }
        });
        candidates
            .filter(|candidate| !self.remove || HAS_TASKHOLD.contains(&candidate.state))
            .collect()
    }

    /// Returns how the host has installed taskhold by itself, if that stands in for an entry: without a name none is added beside it,
    /// since the host would have every tool twice.
    fn package(&self, host: Host, place: &Location, machine: &Machine) -> Option<Package> {
        let is_meant =
            self.remove || self.name.is_some() || HAS_TASKHOLD.contains(&state(host, place));
        let packages = (!is_meant).then(|| machine.packages(host));
        packages?.into_iter().next()
    }

    /// Edits the file of one place, or tells how it would be.
    fn carry_out(
        &self,
        outcome: &mut FileOutcome,
        place: &Location,
        wanted: &Wanted,
        context: &Context,
    ) -> Result<(), Refusal> {
        if outcome.package.is_some() {
            return Ok(());
        }
        if outcome.host.is_edited_by_hand() {
            outcome.by_hand = self.by_hand(outcome.host, place, wanted)?;
            outcome.next = outcome.by_hand.is_some().then(|| self.next(outcome.host));
            return Ok(());
        }
        let plan = self.plan(outcome.host, place, wanted)?;
        if plan.before == plan.after {
            return Ok(());
        }
        install::must_be_writable(&place.file)?;
        outcome.is_gone = plan.after.is_none();
        outcome.taken_out.clone_from(&plan.taken_out);
        if self.dry_run {
            outcome.diff = Some(plan.difference(&place.file));
        } else {
            let now = context.caller.zone.at(clock::now().as_millis());
            let is_ours_alone =
                outcome.is_gone && self.is_as_put(outcome.host, place, &plan, wanted);
            outcome.backup = install::replace(
                &place.file,
                plan.before.as_deref(),
                plan.after.as_deref(),
                (!is_ours_alone).then(|| now.naive_local()),
            )?;
            if outcome.is_gone {
                install::remove_empty_folders(place);
            }
            outcome.next = Some(self.next(outcome.host));
        }
        outcome.differs = true;
        Ok(())
    }

    /// Reports whether a file says what one that is new would, and so nothing that a person has put in.
    fn is_as_put(&self, host: Host, place: &Location, plan: &Plan, wanted: &Wanted) -> bool {
        let put = install::put(host, "", self.name.as_deref(), &wanted.server(place));
        put.is_ok_and(|put| plan.before.as_ref() == Some(&put.text))
    }

    fn plan(&self, host: Host, place: &Location, wanted: &Wanted) -> Result<Plan, Refusal> {
        let before = install::read(&place.file)?;
        let text = before.as_deref().unwrap_or_default();
        let name = self.name.as_deref();
        let (after, taken_out) = if self.remove {
            let after = install::remove(host, text, name);
            (after.map_err(trouble_in(&place.file))?, Vec::new())
        } else {
            let put = install::put(host, text, name, &wanted.server(place));
            let put = put.map_err(trouble_in(&place.file))?;
            (put.text, put.taken_out)
        };
        // A file in which nothing is left goes too, if it is one: a link is a person's.
        let is_left = after == text || !install::is_blank(host, &after) || place.file.is_symlink();
        let has_file = before.is_some() || !after.is_empty();
        Ok(Plan {
            after: (is_left && has_file).then_some(after),
            before,
            taken_out,
        })
    }

    /// Returns what the person does with the file of one place; `None` if all is as wanted.
    fn by_hand(
        &self,
        host: Host,
        place: &Location,
        wanted: &Wanted,
    ) -> Result<Option<ByHand>, Refusal> {
        let text = install::read(&place.file)?;
        let (file, name) = (&place.file, self.name.as_deref());
        let by_hand = if self.remove {
            install::remove_by_hand(host, file, &text.unwrap_or_default(), name)
        } else {
            install::put_by_hand(host, file, text.as_deref(), name, &wanted.server(place))
        };
        by_hand.map_err(trouble_in(file))
    }

    /// Returns what the person does after the change.
    fn next(&self, host: Host) -> &'static str {
        if self.remove {
            host.step_to_forget()
        } else {
            host.step_to_use()
        }
    }
}

impl Wanted {
    fn of(context: &Context) -> Result<Self, Failure> {
        Ok(Self {
            program: install::program()?,
            database: install::path_text(&context.database)?,
            needs_database: context.named_database().is_some(),
        })
    }

    fn server(&self, place: &Location) -> Server {
        let needs_database = self.needs_database || place.is_sandboxed;
        Server {
            program: self.program.clone(),
            database: needs_database.then(|| self.database.clone()),
        }
    }
}

impl Plan {
    /// Returns what would change in `file`, as a unified diff.
    fn difference(&self, file: &Path) -> String {
        let file = file.display().to_string();
        let name = |text: &Option<String>| match text {
            Some(_) => file.clone(),
            None => "/dev/null".to_owned(),
        };
        let (before, after) = (
            self.before.as_deref().unwrap_or_default(),
            self.after.as_deref().unwrap_or_default(),
        );
        let (old, new) = (name(&self.before), name(&self.after));
        let text = diffy::create_patch(before, after).to_string().replacen(
            "--- original\n+++ modified\n",
            &format!("--- {old}\n+++ {new}\n"),
            1,
        );
        // The file is the host's.
        printable(&text)
    }
}

fn trouble_in(file: &Path) -> impl FnOnce(install::Trouble) -> Refusal {
    let path = file.to_owned();
    move |trouble| Refusal::Trouble { path, trouble }
}
