//! `taskhold add`

use super::{CliResult, Context, Failure, fields::FieldArgs, input::stdin_lines, report::Verbs};
use crate::{
    domain::{
        advice::on_dates,
        command::{CallKey, Command, Draft},
        task::{Title, shortened},
    },
    input::{
        Notes, digest_of, is_none,
        quick_words::{Field, Purpose, Word},
    },
};

/// Add a task
#[derive(Debug, clap::Args)]
#[command(long_about = QUICK_WORDS, after_help = EXAMPLES)]
pub(super) struct AddArgs {
    /// Title and quick words; - alone reads titles from standard input, one a line, as they are
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Words of the title, as they are
    #[arg(last = true, value_name = "TEXT")]
    literal: Vec<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Make a retry safe: the same key adds nothing again
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
}

const QUICK_WORDS: &str = "\
Add a task

Words make the title. Among them, in any order, are read:

  due:DATE  defer:DATE         as people say them; quote blanks: due:\"next fri\"
  repeat:RULE                  daily, or: repeat:\"every 2 weeks\"
  +TAG  project:NAME           also +TAG,TAG
  pri:high                     also !high, which bash wants quoted
  parent:ID  after:ID,ID       also depends:
  desc:TEXT                    also note:

One argument with blanks is read like its words, \"Pay rent due:next fri +home\", and a note says what was taken out of \
it. The case of a name does not matter; Taskwarrior's wait: and recur: and Todoist's p1 are read too. What only looks \
like one of these, such as 10:30, +1, -x or a web address, is text. After -- and in --title everything is.";

const EXAMPLES: &str = "\
Examples:
  taskhold add Pay rent due:fri +home project:flat pri:high repeat:monthly
  taskhold add \"Call Anna due:tomorrow 17:30 +phone\"
  taskhold add --due 'tomorrow 17:30' -- Ask about due:fri
  taskhold add Write the report -d - < notes.txt
  taskhold add - project:move < titles.txt";

impl AddArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        let reads_titles = self.words.iter().filter(|word| *word == "-").count() == 1;
        self.words.retain(|word| !reads_titles || word != "-");
        if reads_titles && self.fields.reads_stdin() {
            return Err(Failure::call(
                "standard input is the titles and the description at once",
                "say one of them here: taskhold add TITLE -d -",
            ));
        }
        let mut given = self
            .fields
            .with_words(&self.words, &self.literal, Purpose::Add)?;
        let mut sent = given.sent();
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
                return Err(no_title(&self.words));
            }
        };
        let mut notes = Notes::default();
        for remark in given.remarks() {
            notes.add(remark);
        }
        let drafts = titles
            .iter()
            .map(|title| given.draft(title, &mut notes, &context.caller))
            .collect::<CliResult<Vec<Draft>>>()?;
        // A blank one is refused: a shell has lost it.
        let key = self
            .key
            .filter(|key| key.trim().is_empty() || !is_none(key));
        let key = key.map(CallKey::try_from).transpose()?.map(|key| {
            sent["titles"] = titles.into();
            key.of_call(digest_of(&sent))
        });
        let outcome = context.write(&Command::Add { drafts, key })?;
        for remark in outcome.advice.on_adding(&outcome.edits, outcome.is_repeat) {
            notes.add(remark);
        }
        let (now, zone) = (context.caller.now, context.caller.zone);
        for remark in on_dates(&outcome.edits, now, zone) {
            notes.add(remark);
        }
        let verbs = if outcome.is_repeat {
            ADDED_BEFORE
        } else {
            ADDED
        };
        context.report(&outcome, verbs, &notes.lines())
    }
}

/// Says why there is no title: one argument may have been meant to hold it, and was read as a field.
fn no_title(words: &[String]) -> Failure {
    let field = words.iter().find_map(|word| match Word::of(word) {
        Word::Set(field, value) if value.contains(char::is_whitespace) => Some((word, field)),
        _ => None,
    });
    let Some((word, field)) = field else {
        return Failure::call(
            "there is no title",
            "say what is to be done: taskhold add Buy milk due:fri",
        );
    };
    let (word, field) = (shortened(word, 60), field.name());
    Failure::call(
        format!("there is no title: all of \"{word}\" was read as the {field}"),
        format!("in one argument, the title stands first: taskhold add \"Buy milk {field}:...\""),
    )
}

const ADDED: Verbs = Verbs {
    done: "Added",
    unchanged: "Added",
};
const ADDED_BEFORE: Verbs = Verbs {
    done: "Added before:",
    unchanged: "Added before:",
};

/// The most titles that are added at once: what comes of each is held in memory.
const MOST_TITLES: usize = 100_000;

fn titles_from_stdin() -> CliResult<Vec<String>> {
    let mut titles = Vec::new();
    for line in stdin_lines(MOST_TITLES) {
        let (number, line) = line?;
        if line.trim().is_empty() {
            continue;
        }
        if let Err(invalid) = Title::cleaned(&line) {
            return Err(
                Failure::input(format!("standard input, line {number}: {invalid}"))
                    .with_hint("nothing was added; mend the line, then repeat"),
            );
        }
        titles.push(line);
    }
    if titles.is_empty() {
        return Err(Failure::input("standard input has no titles")
            .with_hint("give it lines, each a title: taskhold add - +move < titles.txt"));
    }
    Ok(titles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_that_was_a_field_to_its_end_is_named_where_there_is_no_title() {
        for (word, said) in [
            (
                "project:Home Clean",
                "there is no title: all of \"project:Home Clean\" was read as the project",
            ),
            (
                "desc:foo Buy",
                "there is no title: all of \"desc:foo Buy\" was read as the description",
            ),
            ("due:fri", "there is no title"),
        ] {
            assert_eq!(no_title(&[word.to_owned()]).to_string(), said);
        }
    }
}
