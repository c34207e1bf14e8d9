//! `taskhold uninstall`

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    CliResult, Context, Failure,
    install::{HostFiles, InstallArgs},
    screen::can_ask,
    service::Installed,
};
use crate::{
    care::removal,
    disk,
    home::{Folders, Os},
    install::{Host, Package},
};

/// List what taskhold has left on this machine, and remove it
///
/// That is its entries in AI hosts, the service that runs the daemon, its manual pages, and scripts that complete its commands. Your
/// tasks, backups, tokens and settings stay unless --data is given. At a terminal it asks first; elsewhere it removes with --yes alone. The
/// program itself is removed the way it was installed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold uninstall
  taskhold uninstall --yes
  taskhold uninstall --data")]
pub(super) struct UninstallArgs {
    /// Remove it without asking
    #[arg(short, long)]
    yes: bool,
    /// Also delete all tasks with their backups, tokens and settings, for good
    #[arg(long)]
    data: bool,
}

/// What was done, and what is left to the person.
#[derive(Default)]
struct Done {
    is_removed: bool,
    /// What became of each file of a host, for programs.
    files: Value,
    /// Whether one of them is to be edited by hand.
    leaves_something: bool,
    /// Folders that stay, since something else is in them.
    left: Vec<PathBuf>,
}

/// What there is to remove.
struct Found {
    hosts: Vec<(Host, PathBuf)>,
    /// Files of hosts that cannot be read, so that nobody knows whether they have taskhold in them.
    not_readable: Vec<(Host, PathBuf)>,
    service: Option<Installed>,
    /// Scripts of shells that nothing else is in.
    completions: Vec<PathBuf>,
    /// Files of the person in which a shell is told to complete our commands.
    by_hand: Vec<PathBuf>,
    /// The database and all that is kept beside it.
    data: Vec<PathBuf>,
    /// Why the database is not deleted: it is damaged, or another program's.
    not_ours: Option<String>,
    /// Manual pages.
    pages: Vec<PathBuf>,
    /// Files of hosts as they were before taskhold changed them.
    backups: Vec<PathBuf>,
    /// What hosts have installed by themselves.
    packages: Vec<Package>,
    settings: Option<PathBuf>,
    program: Option<PathBuf>,
}

impl UninstallArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let found = Found::look(context)?;
        let may_ask = !context.screen.json && can_ask();
        if !context.screen.json {
            context.screen.print(&self.listed(&found, context))?;
        }
        if !self.concerns(&found) {
            self.told(&found, &Done::default(), context)?;
            return self.ended(&found);
        }
        if !self.yes {
            if !may_ask {
                return self.told(&found, &Done::default(), context);
            }
            if !self.is_agreed()? {
                return Err(Failure::Declined("removed"));
            }
        }
        let edited = InstallArgs::remove_from(&found.hosts, context)?;
        let mut done = Done {
            is_removed: true,
            files: edited.files(),
            leaves_something: edited.leaves_something()
                || !found.by_hand.is_empty()
                || !found.packages.is_empty(),
            left: Vec::new(),
        };
        if let Some(service) = &found.service {
            service.uninstall()?;
        }
        for file in found.completions.iter().chain(&found.pages) {
            disk::remove(file).map_err(|error| not_removed(file, &error))?;
        }
        // What starts the program again would make its data anew, so the data is the last to go.
        edited.done()?;
        if self.data {
            done.left = remove_data(&found, context)?;
        }
        self.told(&found, &done, context)?;
        self.ended(&found)
    }

    /// Fails where a removal was asked for and nobody knows whether it was all.
    fn ended(&self, found: &Found) -> CliResult {
        if self.yes && !found.not_readable.is_empty() {
            return Err(Failure::Told);
        }
        Ok(())
    }

    /// Reports whether there is something that this call would remove.
    fn concerns(&self, found: &Found) -> bool {
        found.is_more_than_data() || self.data && found.has_data()
    }

    /// Returns the list, for people.
    fn listed(&self, found: &Found, context: &Context) -> String {
        let mut text = String::new();
        let mut part = |name: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                // Writing to a string does not fail.
                let _ = writeln!(text, "{name}:\n  {}", lines.join("\n  "));
            }
        };
        let shown = |files: &[PathBuf]| -> Vec<String> {
            files
                .iter()
                .map(|file| file.display().to_string())
                .collect()
        };
        let of_hosts = |files: &[(Host, PathBuf)]| -> Vec<String> {
            let files = files.iter();
            files
                .map(|(host, file)| format!("{:14} {}", host.word(), file.display()))
                .collect()
        };
        part("AI hosts", of_hosts(&found.hosts));
        part(
            "AI hosts not looked at, since their files cannot be read; mend them and repeat this",
            of_hosts(&found.not_readable),
        );
        let service: Vec<PathBuf> = found.service.iter().map(|it| it.file.clone()).collect();
        part("Service", shown(&service));
        part("Completions", shown(&found.completions));
        part("Manual pages", shown(&found.pages));
        part(
            "Completions to take out by hand, from a file of yours",
            shown(&found.by_hand),
        );
        let packages = found.packages.iter();
        let packages = packages.map(|it| format!("{}: {}", it.path.display(), it.way_out));
        part(
            "Installed by an AI host, which alone can remove it",
            packages.collect(),
        );
        part(
            "Files of AI hosts as they were before taskhold changed them, which may hold keys; delete them when you need them no more",
            shown(&found.backups),
        );
        let mut data = shown(&found.data);
        data.extend(found.settings.iter().map(|file| file.display().to_string()));
        if let Some(reason) = &found.not_ours {
            let name = format!(
                "Stays with --data too, since {reason}. If these files are yours, delete them by hand"
            );
            part(&name, data);
            return text;
        }
        let name = if self.data {
            "Tasks, backups, tokens and settings, all of which are deleted for good"
        } else {
            "Tasks, backups, tokens and settings, which stay without --data"
        };
        part(name, data);
        if found.has_data() && self.data {
            let _ = writeln!(
                text,
                "To keep the tasks, first put a backup elsewhere: taskhold backup {}",
                disk::shell_word(example_of_backup(context).display())
            );
        }
        text
    }

    /// Asks whether to go on.
    fn is_agreed(&self) -> CliResult<bool> {
        let question = if self.data {
            "Remove all of this, your tasks too?"
        } else {
            "Remove this?"
        };
        write!(io::stderr(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Says what was done, and what is left to the person.
    fn told(&self, found: &Found, done: &Done, context: &Context) -> CliResult {
        if context.screen.json {
            let listed = |files: &[(Host, PathBuf)]| -> Vec<Value> {
                let files = files.iter();
                files
                    .map(|(host, file)| json!({ "host": host.word(), "file": file }))
                    .collect()
            };
            let files = if done.is_removed {
                done.files.clone()
            } else {
                json!([])
            };
            return Ok(context.screen.print_json(&json!({
                "hosts": listed(&found.hosts),
                "not_readable": listed(&found.not_readable),
                "service": found.service.as_ref().map(|service| &service.file),
                "completions": found.completions,
                "pages": found.pages,
                "host_backups": found.backups,
                "host_packages": found.packages,
                "not_ours": found.not_ours,
                "by_hand": found.by_hand,
                "data": found.data,
                "settings": found.settings,
                "program": found.program,
                "removed": done.is_removed,
                "data_removed": done.is_removed && self.data,
                "files": files,
                "left": done.left,
            }))?);
        }
        let mut text = String::new();
        if done.is_removed && done.leaves_something {
            text.push_str("Removed, but for what is to be done by hand, as said above.\n");
        } else if done.is_removed {
            text.push_str("Removed.\n");
        } else if self.concerns(found) {
            let data = if self.data { " --data" } else { "" };
            let _ = writeln!(
                text,
                "Nothing was removed; this removes it: taskhold uninstall{data} --yes"
            );
        } else if !found.by_hand.is_empty() || !found.packages.is_empty() {
            text.push_str("Nothing is left to remove but what is named above.\n");
        } else if found.not_readable.is_empty() {
            text.push_str("taskhold is in no AI host, service or shell here.\n");
        } else {
            text.push_str("taskhold is in nothing that could be looked at.\n");
        }
        for folder in &done.left {
            let _ = writeln!(
                text,
                "Left, since other files are in it: {}",
                folder.display()
            );
        }
        if let Some(program) = &found.program {
            let _ = writeln!(
                text,
                "The program is {}; remove it the way it was installed (npm, uv, brew, cargo or by hand).",
                program.display()
            );
        }
        Ok(context.screen.print(&text)?)
    }
}

impl Found {
    fn look(context: &Context) -> CliResult<Self> {
        let (completions, by_hand) = completions();
        let settings = context.config.file.clone();
        let HostFiles {
            with_taskhold,
            not_readable,
            backups,
            packages,
        } = HostFiles::look()?;
        Ok(Self {
            hosts: with_taskhold,
            not_readable,
            service: Installed::find(),
            completions,
            by_hand,
            pages: pages(),
            backups,
            packages,
            data: removal::files(&context.database)?,
            not_ours: removal::must_be_ours(&context.database)
                .err()
                .map(|error| error.with_causes()),
            settings: settings.filter(|file| file.exists()),
            program: env::current_exe().ok().map(|path| disk::plain_path(&path)),
        })
    }

    fn has_data(&self) -> bool {
        !self.data.is_empty() || self.settings.is_some()
    }

    fn is_more_than_data(&self) -> bool {
        !self.hosts.is_empty()
            || self.service.is_some()
            || !self.completions.is_empty()
            || !self.pages.is_empty()
    }
}

/// Removes the settings, the database and what is beside it. Returns the folders that stay.
fn remove_data(found: &Found, context: &Context) -> CliResult<Vec<PathBuf>> {
    let mut left = removal::remove(&context.database)?;
    if let Some(file) = &found.settings {
        disk::remove(file).map_err(|error| not_removed(file, &error))?;
        let folder = file
            .parent()
            .filter(|folder| removal::is_of_our_name(folder));
        if let Some(folder) = folder {
            let is_gone =
                disk::remove_empty_folder(folder).map_err(|error| not_removed(folder, &error))?;
            left.retain(|other| other != folder);
            if !is_gone {
                left.push(folder.to_owned());
            }
        }
    }
    Ok(left)
}

fn not_removed(path: &Path, error: &io::Error) -> Failure {
    Failure::input(format!("{} cannot be removed: {error}", path.display()))
        .with_hint("see who owns it and its folder; then repeat it")
}

/// Returns a path at which a backup would outlive the removal.
fn example_of_backup(context: &Context) -> PathBuf {
    let name = "tasks-before-uninstall.db";
    let home = Folders::here().map(|user| user.home);
    let home = home.unwrap_or_else(|| context.database.with_file_name(""));
    home.join(name)
}

/// Returns our manual pages, where `taskhold man --help` says to put them.
fn pages() -> Vec<PathBuf> {
    let Some(user) = Folders::here() else {
        return Vec::new();
    };
    let data = match Os::here() {
        Os::Linux => user.data,
        Os::MacOs | Os::Windows => user.home.join(".local/share"),
    };
    let inner = fs::read_dir(data.join("man/man1")).into_iter().flatten();
    let mut pages: Vec<PathBuf> = inner
        .flatten()
        .filter(|page| {
            let name = page.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".1"));
            name.is_some_and(|name| name == "taskhold" || name.starts_with("taskhold-"))
        })
        .map(|page| page.path().components().collect())
        .collect();
    pages.sort();
    pages
}

/// Returns the files by which shells complete our commands, where `taskhold completions --help` says to put them: those that are
/// ours alone, and those of the person in which our lines are.
fn completions() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let Some(user) = Folders::here() else {
        return (Vec::new(), Vec::new());
    };
    let home = &user.home;
    let is_ours = |file: &PathBuf| {
        fs::read_to_string(file).is_ok_and(|text| text.contains(super::completions::VARIABLE))
    };
    let xdg = match Os::here() {
        Os::Linux => (user.data.clone(), user.settings.clone()),
        Os::MacOs | Os::Windows => (home.join(".local/share"), home.join(".config")),
    };
    let own = [
        xdg.0.join("bash-completion/completions/taskhold"),
        home.join(".zfunc/_taskhold"),
        xdg.1.join("fish/completions/taskhold.fish"),
    ];
    let documents = home.join("Documents");
    let theirs = [
        xdg.1.join("elvish/rc.elv"),
        xdg.1.join("powershell/Microsoft.PowerShell_profile.ps1"),
        documents.join("PowerShell/Microsoft.PowerShell_profile.ps1"),
        documents.join("WindowsPowerShell/Microsoft.PowerShell_profile.ps1"),
    ];
    // As the system writes them, which is not with `/` everywhere.
    let written = |file: PathBuf| file.components().collect();
    (
        own.into_iter().map(written).filter(is_ours).collect(),
        theirs.into_iter().map(written).filter(is_ours).collect(),
    )
}
