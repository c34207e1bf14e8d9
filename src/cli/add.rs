//! `taskhold add`

use super::{CliResult, Context, report};
use crate::{
    command::{Command, Draft},
    task::{Description, Title},
};

/// Add a task
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold add Buy milk
  taskhold add \"Call Anna\" -d \"about the trip\"")]
pub(super) struct AddArgs {
    /// What is to be done; words are joined by blanks
    #[arg(required = true, value_name = "TITLE")]
    title: Vec<String>,
    /// More about it
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    description: String,
}

impl AddArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        let (title, _) = Title::cleaned(&self.title.join(" "))?;
        let (description, _) = Description::cleaned(&self.description)?;
        let draft = Draft {
            description,
            ..Draft::titled(title)
        };
        let outcome = context.execute(&Command::Add {
            drafts: vec![draft],
            key: None,
        })?;
        report(context, &outcome, "Added", "Added")
    }
}
