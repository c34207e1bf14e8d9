//! `taskhold add`

use std::io::{self, BufRead as _};

use super::{
    CliResult, Context, Failure, fields::FieldArgs, ids::unreadable, quick::Field, report::Verbs,
};
use crate::{
    command::{CallKey, Command, Draft},
    given::Notes,
    remark,
};

/// Add a task
///
/// Words make the title. Among them, in any order, are read:
///
///   due:DATE  defer:DATE  repeat:RULE   dates and rules as people say them; quote blanks: due:"next fri"
///   +TAG  project:NAME  !high           also pri:low; in bash, quote the !
///   parent:ID  after:ID,ID              also depends:
///   desc:TEXT                           also note:
///
/// What only looks like one of these, such as 10:30, +1 or a web address, is text. After -- everything is.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, after_help = EXAMPLES)]
pub(super) struct AddArgs {
    /// Title and quick words; - alone reads titles from standard input, one a line, as they are
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Words of the title, as they are
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Make a retry safe: the same key adds nothing again, and answers as the first time
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  taskhold add Pay rent due:fri +home project:flat !high repeat:monthly
  taskhold add --due 'tomorrow 17:30' -- Ask about due:fri
  taskhold add - project:move < titles.txt";

impl AddArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        let reads_titles = self.words.iter().filter(|word| *word == "-").count() == 1;
        self.words.retain(|word| !reads_titles || word != "-");
        let mut given = self.fields.with_words(&self.words, &self.literal, true)?;
        if let Some(project) = &context.config.defaults.project.value {
            given.set_default(Field::Project, project.as_str());
        }
        let titles = match (&given.title, reads_titles) {
            (Some(title), false) => vec![title.clone()],
            (None, true) => titles_from_stdin()?,
            (Some(title), true) => {
                return Err(Failure::call(
                    format!("titles come from standard input (-), and \"{title}\" is one more"),
                    "a lone - in a title stands after --: taskhold add -- a - b",
                ));
            }
            (None, false) => {
                return Err(Failure::call(
                    "there is no title",
                    "say what is to be done: taskhold add Buy milk due:fri",
                ));
            }
        };
        let mut notes = Notes::default();
        let drafts = titles
            .iter()
            .map(|title| given.draft(title, &mut notes, &context.caller))
            .collect::<Result<Vec<Draft>, _>>()?;
        let key = self.key.map(CallKey::try_from).transpose()?;
        let (store, outcome) = context.write(&Command::Add { drafts, key })?;
        if outcome.is_repeat {
            notes.add("nothing was added: this key was used before, and this is what it added");
        } else if let [edit] = outcome.edits.as_slice()
            && let Some(note) = remark::similar(&store, &edit.after)?
        {
            notes.add(note);
        }
        let verbs = if outcome.is_repeat {
            ADDED_BEFORE
        } else {
            ADDED
        };
        context.report(&outcome, verbs, &notes.lines())
    }
}

const ADDED: Verbs = Verbs {
    done: "Added",
    unchanged: "Added",
};
const ADDED_BEFORE: Verbs = Verbs {
    done: "Added before:",
    unchanged: "Added before:",
};

fn titles_from_stdin() -> CliResult<Vec<String>> {
    let mut titles = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| unreadable(&error))?;
        if !line.trim().is_empty() {
            titles.push(line);
        }
    }
    if titles.is_empty() {
        return Err(crate::task::Invalid::new("standard input", "has no titles").into());
    }
    Ok(titles)
}
