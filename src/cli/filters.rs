//! Which tasks to list: a view, narrowed down by flags or quick words.

use super::{
    CliResult, Failure,
    fields::{is_nothing, list},
    quick_words::{Field, Word},
};
use crate::{
    domain::{
        command::Caller,
        query::{Filters, View},
        task::{Invalid, Priority, Project, Status, shortened},
    },
    input, store,
};

/// Flags that narrow a list down.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct FilterArgs {
    /// With this status: pending, doing, completed or cancelled
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// In this project, or in none [also: project:NAME, project:]
    #[arg(short = 'P', long, value_name = "PROJECT")]
    project: Option<String>,
    /// With this tag [also: +TAG]
    #[arg(short, long, value_name = "TAG")]
    tag: Option<String>,
    /// With this priority: high, medium or low [also: !high]
    #[arg(short, long, value_name = "LEVEL")]
    priority: Option<Priority>,
    /// Due by this day, or before this time
    #[arg(long, value_name = "DATE")]
    due_before: Option<String>,
    /// Due from this day on, or after this time
    #[arg(long, value_name = "DATE")]
    due_after: Option<String>,
    /// Completed from this day on, or after this time
    #[arg(long, value_name = "DATE")]
    completed_after: Option<String>,
    /// Completed by this day, or before this time
    #[arg(long, value_name = "DATE")]
    completed_before: Option<String>,
}

/// How much of a list is shown.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LimitArgs {
    /// Show at most this many tasks [default: that of config.toml, else 50]
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Do not stop at the limit
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
}

impl LimitArgs {
    /// Returns the most tasks to show, `usual` if the call does not say.
    pub(super) fn most(&self, usual: u32) -> u32 {
        if self.all {
            u32::MAX
        } else {
            self.limit.unwrap_or(usual)
        }
    }
}

/// What to read from the store.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) view: View,
    pub(super) words: Option<store::Words>,
    pub(super) filters: Filters,
    pub(super) limit: u32,
}

impl Query {
    /// Reports whether nothing narrows the view down.
    pub(super) fn is_whole_view(&self) -> bool {
        self.words.is_none() && self.filters == Filters::default()
    }
}

impl FilterArgs {
    /// Takes views and quick words among `words` for what they are.
    pub(super) fn take_words(&mut self, view: &mut Option<View>, words: &[String]) -> CliResult {
        for text in self.take_quick_words(words)? {
            let read = text.parse().map_err(|_| no_view(text))?;
            once("the view", view, read)?;
        }
        Ok(())
    }

    /// Takes the quick words among `words` for filters, and returns the other words.
    pub(super) fn take_quick_words<'a>(&mut self, words: &'a [String]) -> CliResult<Vec<&'a str>> {
        let mut others = Vec::new();
        for word in words {
            match Word::of(word) {
                Word::Tag(tags) | Word::Set(Field::Tags, tags) if !tags.is_empty() => {
                    for tag in list(tags) {
                        once("tag", &mut self.tag, tag)?;
                    }
                }
                Word::Set(Field::Project, name) => {
                    once("project", &mut self.project, name.to_owned())?;
                }
                Word::Set(Field::Priority, level) => {
                    once("priority", &mut self.priority, level.parse()?)?;
                }
                Word::Set(Field::Status, status) => {
                    once("status", &mut self.status, status.parse()?)?;
                }
                Word::Set(field, value) => {
                    let name = field.name();
                    return Err(Failure::call(
                        format!("a list is not narrowed down by {name}:{value}"),
                        "taskhold help filters tells by what; for dates --due-before and --due-after; in a search, what \
                         stands after -- is words",
                    ));
                }
                Word::Tag(_) | Word::Text(_) => others.push(word.as_str()),
            }
        }
        Ok(others)
    }

    /// Returns `usual`; `None` where a status or a date of completion names a view of its own.
    pub(super) fn view_or(&self, usual: View) -> Option<View> {
        let is_of_completed = self.completed_after.is_some() || self.completed_before.is_some();
        (self.status.is_none() && !is_of_completed).then_some(usual)
    }

    /// Returns what to read, of `view` unless a status names another.
    pub(super) fn query(
        &self,
        view: Option<View>,
        words: Option<store::Words>,
        limit: u32,
        caller: &Caller,
    ) -> Result<Query, Invalid> {
        let date = |text: &Option<String>, read: fn(&str, &Caller) -> Result<_, Invalid>| {
            text.as_deref().map(|text| read(text, caller)).transpose()
        };
        let project = self.project.as_deref();
        let filters = Filters {
            no_project: project.is_some_and(is_nothing),
            project: project
                .filter(|name| !is_nothing(name))
                .map(|name| Project::cleaned(name).map(|(name, _)| name))
                .transpose()?,
            tag: self.tag.as_deref().map(input::tag_filter).transpose()?,
            priority: self.priority,
            status: self.status,
            due_from: date(&self.due_after, input::due_after)?,
            due_to: date(&self.due_before, input::due_before)?,
            completed_from: input::completed_after(self.completed_after.as_deref(), caller)?,
            completed_to: input::completed_before(self.completed_before.as_deref(), caller)?,
        };
        Ok(Query {
            view: input::view(view, &filters)?,
            words,
            filters,
            limit,
        })
    }
}

fn once<T>(name: &str, place: &mut Option<T>, value: T) -> CliResult {
    if place.is_some() {
        return Err(Failure::call(
            format!("{name} is given twice"),
            "a list is narrowed down by one of each",
        ));
    }
    *place = Some(value);
    Ok(())
}

fn no_view(text: &str) -> Failure {
    let text = shortened(text, 40);
    let hint = if matches!(text.as_str(), "changed" | "changes" | "news") {
        "taskhold log lists what was changed".to_owned()
    } else {
        format!(
            "views are open, ready, today, overdue, blocked, deferred, pending, stale, completed, all, trash; by words: taskhold search {text}"
        )
    };
    Failure::call(format!("\"{text}\" is no view"), hint)
}
