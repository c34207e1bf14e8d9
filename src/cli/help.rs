//! `taskhold help`

use std::io::{self, Write as _};

use super::{CliResult, Failure, topics::TOPICS, whole};
use crate::domain::task::shortened;

/// Print help on a command or a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold help add
  taskhold help token add
  taskhold help dates")]
pub(super) struct HelpArgs {
    /// Command or topic [default: what commands and topics there are]
    #[arg(value_name = "COMMAND|TOPIC")]
    about: Vec<String>,
}

impl HelpArgs {
    pub(super) fn run(self) -> CliResult {
        let mut command = whole();
        let text = match self.about.as_slice() {
            [] => command.render_help().to_string(),
            about => topic(about)
                .or_else(|| help_of(&command, about))
                .ok_or_else(|| unknown(&about.join(" ")))?,
        };
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    }
}

fn topic(about: &[String]) -> Option<String> {
    let topic = TOPICS.iter().find(|topic| [topic.word] == about)?;
    Some(format!("{}\n\n{}", topic.about, topic.text))
}

/// Returns the help of the command that the words lead to.
fn help_of(command: &clap::Command, words: &[String]) -> Option<String> {
    let mut command = command;
    for word in words {
        command = command.find_subcommand(word)?;
    }
    Some(command.clone().render_long_help().to_string())
}

fn unknown(word: &str) -> Failure {
    let topics = TOPICS.map(|topic| topic.word).join(", ");
    let word = shortened(word, 40);
    Failure::call(
        format!("there is no command or topic \"{word}\"; the topics are {topics}"),
        "taskhold help lists commands and topics",
    )
}
