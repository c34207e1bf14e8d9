//! `taskhold help`

use std::io::{self, Write as _};

use clap::error::ErrorKind;

use super::{CliResult, topics::TOPICS, whole};

/// Print help on a command or a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold help add
  taskhold help dates")]
pub(super) struct HelpArgs {
    /// Command or topic [default: what commands and topics there are]
    #[arg(value_name = "COMMAND|TOPIC")]
    about: Option<String>,
}

impl HelpArgs {
    pub(super) fn run(self) -> CliResult {
        let mut command = whole();
        let text = match &self.about {
            None => command.render_help().to_string(),
            Some(word) => topic(word)
                .or_else(|| help_of(&mut command, word))
                .unwrap_or_else(|| unknown(&mut command, word)),
        };
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    }
}

fn topic(word: &str) -> Option<String> {
    let topic = TOPICS.iter().find(|topic| topic.word == word)?;
    Some(format!("{}\n\n{}", topic.about, topic.text))
}

fn help_of(command: &mut clap::Command, word: &str) -> Option<String> {
    let command = command.find_subcommand_mut(word)?;
    Some(command.render_long_help().to_string())
}

/// Ends the program as any wrong call does.
fn unknown(command: &mut clap::Command, word: &str) -> ! {
    let topics = TOPICS.map(|topic| topic.word).join(", ");
    let reason = format!("there is no command or topic {word:?}; the topics are {topics}");
    command.error(ErrorKind::InvalidValue, reason).exit()
}
