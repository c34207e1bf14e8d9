//! What becomes of the file of a host, and how it is told.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    cli::CliResult,
    install::{ByHand, Host, Location, Machine, Package},
};

/// What becomes of a file; what `--json` prints of it.
#[derive(Serialize)]
pub(super) struct FileOutcome {
    #[serde(skip)]
    pub(super) host: Host,
    #[serde(rename = "host")]
    pub(super) word: &'static str,
    pub(super) file: PathBuf,
    /// It is changed, or would be.
    #[serde(rename = "changed")]
    pub(super) differs: bool,
    #[serde(rename = "host_found")]
    pub(super) is_host_there: bool,
    /// Nothing was left in it.
    #[serde(rename = "gone", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_gone: bool,
    /// What is taken out of it so that the host can read the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) taken_out: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backup: Option<PathBuf>,
    /// What would change, where nothing is to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    /// What the person does, where the file is not edited for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by_hand: Option<ByHand>,
    /// What gives the host taskhold already, so that its file is left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<Package>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<&'static str>,
    /// Why it was left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

impl FileOutcome {
    pub(super) fn nothing(host: Host, place: &Location, machine: &Machine) -> Self {
        Self {
            host,
            word: host.word(),
            file: place.file.clone(),
            differs: false,
            is_host_there: place.is_used() || machine.has(host),
            is_gone: false,
            taken_out: Vec::new(),
            backup: None,
            diff: None,
            by_hand: None,
            package: None,
            next: None,
            problem: None,
        }
    }

    /// Returns the sentence that says what is taken out, if anything is.
    fn mended(&self) -> Option<String> {
        let title = self.host.title();
        (!self.taken_out.is_empty()).then(|| {
            format!(
                "taken out, since {title} reads no file that has it: {}",
                self.taken_out.join(", ")
            )
        })
    }

    /// Says it to a person. `remove`: taskhold was to be taken out.
    pub(super) fn tell(&self, remove: bool) -> CliResult {
        let mut out = io::stdout().lock();
        let (title, file) = (self.host.title(), self.file.display());
        if let Some(by_hand) = &self.by_hand {
            let instruction = printable(&by_hand.instruction);
            writeln!(out, "{title}: to be done by hand: {instruction}")?;
            if !by_hand.lines.is_empty() {
                write!(out, "\n{}\n", printable(&by_hand.lines))?;
            }
        } else if let Some(Package {
            kind,
            path,
            way_out,
        }) = &self.package
        {
            let path = path.display();
            writeln!(
                out,
                "{title}: nothing to change, taskhold is in it already, by the {kind} {path}"
            )?;
            writeln!(out, "  to remove the {kind}: {way_out}")?;
            let again = format!("taskhold install {} --name NAME", self.word);
            writeln!(out, "  to add a second server all the same: {again}")?;
            return Ok(());
        } else if !self.differs {
            let state = if remove { "is not" } else { "is already" };
            writeln!(
                out,
                "{title}: nothing to change, taskhold {state} in {file}"
            )?;
            return Ok(());
        } else if let Some(diff) = &self.diff {
            write!(out, "{diff}")?;
            out.flush()?;
            // Some of it cannot be seen.
            if let Some(mended) = self.mended() {
                writeln!(io::stderr(), "note: {title}: {mended}")?;
            }
            return Ok(());
        } else {
            let did = if remove {
                "taskhold was taken out of"
            } else {
                "taskhold is now in"
            };
            writeln!(out, "{title}: {did} {file}")?;
        }
        if self.is_gone {
            writeln!(out, "  nothing else was in it, so it is gone")?;
        }
        if let Some(mended) = self.mended() {
            writeln!(out, "  {mended}")?;
        }
        if let Some(backup) = &self.backup {
            writeln!(out, "  as it was: {}", backup.display())?;
        }
        if !self.is_host_there {
            writeln!(
                out,
                "  {title} has left no traces here; it finds this when it comes"
            )?;
        }
        if let Some(next) = self.next {
            writeln!(out, "  next: {next}")?;
        }
        Ok(())
    }
}

/// Returns `text` without what could steer the terminal.
pub(super) fn printable(text: &str) -> String {
    let is_printed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(is_printed).collect()
}
