//! What `taskhold help TOPIC` prints. The texts are in files beside this one, and every example in them is tested.

/// A text about something that concerns several commands.
pub(super) struct Topic {
    /// The word for it.
    pub(super) word: &'static str,
    /// What it is about, in a line.
    pub(super) about: &'static str,
    /// The text. Lines that begin with four blanks are examples; two blanks end an example, what follows explains it.
    pub(super) text: &'static str,
}

pub(super) const TOPICS: [Topic; 6] = [
    Topic {
        word: "dates",
        about: "How dates and times are read",
        text: include_str!("topics/dates.txt"),
    },
    Topic {
        word: "repeat",
        about: "How a task repeats",
        text: include_str!("topics/repeat.txt"),
    },
    Topic {
        word: "views",
        about: "Which tasks a list shows, and in which order",
        text: include_str!("topics/views.txt"),
    },
    Topic {
        word: "filters",
        about: "How a list is narrowed and searched",
        text: include_str!("topics/filters.txt"),
    },
    Topic {
        word: "hosts",
        about: "How AI apps reach your tasks",
        text: include_str!("topics/hosts.txt"),
    },
    Topic {
        word: "files",
        about: "Files, variables and exit status",
        text: include_str!("topics/files.txt"),
    },
];

/// Returns the topics as they stand under the list of commands.
pub(super) fn list() -> String {
    let lines = TOPICS.map(|topic| format!("  {:12} {}", topic.word, topic.about));
    format!(
        "Topics, for taskhold help TOPIC:\n{}\n\nExit status: 0 done, 1 failed, 2 wrong command line or setting.",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests;
