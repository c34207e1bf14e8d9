//! `taskhold man`

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap_mangen::Man;

use super::{CliResult, whole};

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold man | man -l -
  taskhold man --dir ~/.local/share/man/man1")]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder instead
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(self) -> CliResult {
        if let Some(folder) = self.dir {
            fs::create_dir_all(&folder)?;
            return Ok(clap_mangen::generate_to(whole(), folder)?);
        }
        let mut page = Vec::new();
        Man::new(whole()).render(&mut page)?;
        Ok(io::stdout().lock().write_all(&page)?)
    }
}
