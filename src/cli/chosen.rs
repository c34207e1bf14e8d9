//! Which tasks a command changes: those it names, or those that a list would show.

use std::{
    collections::HashSet,
    fmt::Write as _,
    io::{self, Write as _},
};

use super::{
    CliResult, Context, Failure,
    filters::FilterArgs,
    ids::{Ids, say_rounds},
    list::{PAGE, read_page},
    report::say,
    screen::can_ask,
};
use crate::{
    domain::{error::Result, query::Moment, task::TaskId, text::counted},
    input::quick_words::with_whole_dates,
};

/// The tasks a command changes.
#[derive(Debug, clap::Args)]
pub(super) struct ChosenArgs {
    /// Tasks, as 12, #12 or 12,13; - reads them from standard input, those at the beginning of each line
    #[arg(required_unless_present = "filter", value_name = "ID")]
    ids: Vec<Ids>,
    #[command(flatten)]
    filter: WhereArgs,
}

/// A list instead of ids.
#[derive(Debug, clap::Args)]
pub(super) struct WhereArgs {
    /// Instead of ids: all tasks that list shows with these words, as 'project:web +home'
    #[arg(
        id = "filter",
        long = "where",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    words: Option<String>,
    /// Do not ask whether the tasks of --where are meant
    #[arg(short, long, requires = "filter")]
    yes: bool,
}

/// How many tasks are named before a person is asked.
const NAMED: usize = 10;

impl ChosenArgs {
    /// Returns the tasks, in the order they were named or are listed; none if no task is as `--where` says, which is said then.
    /// `verb` is what is done to them: "complete".
    pub(super) fn read(&self, verb: &'static str, context: &Context) -> CliResult<Vec<TaskId>> {
        if self.filter.is_given() && !self.ids.is_empty() {
            return Err(ids_and_words());
        }
        match self.filter.read(verb, context)? {
            None => Ids::read(&self.ids),
            Some(ids) => Ok(ids),
        }
    }

    /// Reports whether they were chosen by a list, and agreed to.
    pub(super) fn is_agreed(&self) -> bool {
        self.filter.is_given()
    }
}

impl WhereArgs {
    /// Reports whether a list takes the place of ids.
    pub(super) fn is_given(&self) -> bool {
        self.words.is_some()
    }

    /// Returns the tasks of the list, agreed to; `None` if the call names none. That no task is in it is said.
    pub(super) fn read(
        &self,
        verb: &'static str,
        context: &Context,
    ) -> CliResult<Option<Vec<TaskId>>> {
        let Some(words) = &self.words else {
            return Ok(None);
        };
        let ids = listed(words, command_of(verb), context)?;
        if ids.is_empty() {
            say(&[format!("no task is like that: {words}")]);
            return Ok(Some(ids));
        }
        let (are, them) = if ids.len() == 1 {
            ("this is 1 task".to_owned(), "it")
        } else {
            (format!("these are {} tasks", ids.len()), "them")
        };
        if self.yes {
            return Ok(Some(ids));
        }
        if !can_ask() {
            return Err(Failure::call(
                format!("{are}, and nobody can be asked whether to {verb} {them}"),
                "taskhold list shows them, with the same words; if they are meant, repeat it with --yes",
            ));
        }
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let question = format!("{} {}?", capitalized(verb), counted(count, "task"));
        if agrees(&ids, &question, context)? {
            Ok(Some(ids))
        } else {
            Err(Failure::Declined("changed"))
        }
    }
}

/// Returns the name of the command that does `verb`.
fn command_of(verb: &'static str) -> &'static str {
    match verb {
        "complete" => "done",
        "change" => "edit",
        verb => verb,
    }
}

/// Returns the tasks that a list narrowed down by `words` has, in its order. `command` is the one that was called.
fn listed(words: &str, command: &str, context: &Context) -> CliResult<Vec<TaskId>> {
    let words = shlex::split(words).ok_or_else(|| {
        Failure::call(
            "a quotation mark in --where has no second one",
            format!("taskhold {command} --where 'project:\"My flat\" +home'"),
        )
    })?;
    if words.is_empty() {
        return Err(Failure::call(
            "--where has no words",
            format!("taskhold {command} --where 'project:web +home'; the words are those of list"),
        ));
    }
    let mut filters = FilterArgs::default();
    let (mut view, mut text) = (None, None);
    filters.take_words(&mut view, &mut text, &with_whole_dates(&words))?;
    let view = view.or_else(|| filters.view_or(context.config.defaults.view.value));
    let query = filters.query(view, text, u32::MAX, &context.caller)?;
    let moment = Moment::new(context.caller.now, context.caller.zone);
    let listed = context.reader()?.snapshot(|store| {
        let unknown = store.unknown_names(&query.filters)?;
        let slips = store.unknown_exclusions(&query.filters)?;
        if !slips.is_empty() {
            return Ok((Vec::new(), unknown, slips));
        }
        let (mut ids, mut seen, mut next) = (Vec::new(), HashSet::new(), None);
        let mut rounds = 0;
        loop {
            let page = read_page(store, &query, &moment, next, PAGE)?;
            // A finished round is of a task that is still open.
            for task in &page.tasks {
                if task.is_round {
                    rounds += 1;
                } else if seen.insert(task.id) {
                    ids.push(task.id);
                }
            }
            next = page.next;
            if next.is_none() {
                say_rounds(rounds);
                break Ok((ids, unknown, slips));
            }
        }
    })?;
    let (ids, unknown, slips) = listed;
    // A name that leaves nothing out is a slip, and more would be changed than is meant.
    if !slips.is_empty() {
        return Err(Failure::call(
            slips.join("; "),
            "nothing was changed; leave the word out if it is to leave nothing out",
        ));
    }
    if ids.is_empty() {
        say(&unknown);
    }
    Ok(ids)
}

/// Returns what clap says where an argument excludes another.
pub(super) fn ids_and_words() -> Failure {
    Failure::call(
        "ids and --where exclude each other",
        "name the tasks, or say what they are like",
    )
}

/// Names the first of `ids` and asks whether they are meant.
pub(super) fn agrees(ids: &[TaskId], question: &str, context: &Context) -> CliResult<bool> {
    let mut lines = context.reader()?.snapshot(|store| {
        let mut lines = String::new();
        for id in ids.iter().take(NAMED) {
            let title = store.task(*id)?.map(|task| task.title.to_string());
            let title = title.unwrap_or_else(|| "not found".to_owned());
            let _ = writeln!(lines, "{id:>5}  {title}");
        }
        Result::Ok(lines)
    })?;
    let more = ids.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = writeln!(lines, "       and {more} more");
    }
    let mut stderr = io::stderr();
    write!(stderr, "{lines}{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn capitalized(verb: &str) -> String {
    let mut letters = verb.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
