//! Which tasks to list: a view, narrowed down by flags or quick words.

use super::{CliResult, Failure, screen::Screen};
use crate::{
    domain::{
        command::Caller,
        query::{Filters, Sort, View},
        task::{Invalid, Status, TaskId, shortened},
    },
    input::{
        self, GivenFilters,
        quick_fields::{is_nothing, list},
        quick_words::{Field, Word, exclusion, is_level, words_of_list},
    },
    store,
};

/// Flags that narrow a list down.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct FilterArgs {
    /// With this status: pending, doing, completed or cancelled
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// In this project or below it, or in none [also: project:NAME, project:]
    #[arg(short = 'P', long, value_name = "PROJECT")]
    project: Option<String>,
    /// With this tag (can be repeated) [also: +TAG]
    #[arg(short, long, value_name = "TAG")]
    tag: Vec<String>,
    /// Without this tag or project, project:none for those in none (can be repeated) [also: -TAG, -project:NAME]
    #[arg(long, value_name = "WORD")]
    without: Vec<String>,
    /// With this priority: high, medium, low or none [also: !high]
    #[arg(short, long, value_name = "LEVEL")]
    priority: Option<String>,
    /// Parts of this task [also: parent:ID]
    #[arg(long, value_name = "ID")]
    parent: Option<TaskId>,
    /// Due on this day [also: due:DATE]
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
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
    /// Show at most this many tasks [default: at a terminal what fits, or that of config.toml, else 50; elsewhere all]
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Do not stop at the limit
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
}

impl LimitArgs {
    /// Returns the most tasks to show on `screen`: `usual` if the call does not say and a person looks. What goes to a program
    /// is never cut.
    pub(super) fn most(&self, usual: u32, screen: &Screen) -> u32 {
        match self.limit {
            Some(limit) => limit,
            None if self.all || !self.is_usual(screen) => u32::MAX,
            None => usual,
        }
    }

    /// Returns the most that the call names; `None` if it names none.
    pub(super) fn given(&self) -> Option<u32> {
        self.limit
    }

    /// Reports whether the call leaves it to the screen how much is shown.
    pub(super) fn is_usual(&self, screen: &Screen) -> bool {
        self.limit.is_none() && !self.all && screen.is_table() && !screen.json
    }
}

/// What to read from the store.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) view: View,
    pub(super) words: Option<store::Words>,
    pub(super) filters: Filters,
    pub(super) limit: u32,
    /// The screen may have lines for fewer.
    pub(super) is_to_fit: bool,
    /// In which order, if not in that of the view.
    pub(super) sort: Option<Sort>,
}

impl Query {
    /// Reports whether nothing narrows the view down.
    pub(super) fn is_whole_view(&self) -> bool {
        self.words.is_none() && self.filters == Filters::default()
    }
}

impl FilterArgs {
    /// Takes views, quick words and words to find among `words` for what they are.
    pub(super) fn take_words(
        &mut self,
        view: &mut Option<View>,
        text: &mut Option<store::Words>,
        words: &[String],
    ) -> CliResult {
        for word in self.take_quick_words(words)? {
            let word = word.as_str();
            if self.take_level(word)? {
                continue;
            }
            if let Some(words) = word.strip_prefix("text:") {
                let words = store::Words::read(words).map_err(|_| {
                    Failure::call(
                        "there are no words after text:",
                        "write text:report, or text:\"login page\" for several",
                    )
                })?;
                once("text", text, words)?;
                continue;
            }
            let read = word.parse().map_err(|_| no_view(word))?;
            once("the view", view, read)?;
        }
        Ok(())
    }

    /// Takes a level as Todoist has it for the priority, and reports whether it was one. In a search it may be a word.
    pub(super) fn take_level(&mut self, word: &str) -> CliResult<bool> {
        let is_level = is_level(word);
        if is_level {
            once("priority", &mut self.priority, word.to_owned())?;
        }
        Ok(is_level)
    }

    /// Takes the quick words among `words` for filters, and returns the others: words, and what has blanks and no quick words.
    pub(super) fn take_quick_words(&mut self, words: &[String]) -> CliResult<Vec<String>> {
        let mut others = Vec::new();
        for word in words.iter().flat_map(|argument| words_of_list(argument)) {
            let word = word.as_str();
            if let Some(without) = exclusion(word) {
                self.without.push(without.to_owned());
                continue;
            }
            match Word::of(word) {
                Word::Tag(tags) | Word::Set(Field::Tags, tags) if !tags.is_empty() => {
                    self.tag.extend(list(tags));
                }
                Word::Set(Field::Project, name) => {
                    once("project", &mut self.project, name.to_owned())?;
                }
                Word::Set(Field::Priority, level) => {
                    once("priority", &mut self.priority, level.to_owned())?;
                }
                Word::Set(Field::Status, status) => {
                    once("status", &mut self.status, status.parse()?)?;
                }
                Word::Set(Field::Due, date) if !date.is_empty() => {
                    once("due", &mut self.due, date.to_owned())?;
                }
                Word::Set(Field::Parent, id) => {
                    let id = id.parse().map_err(|_| {
                        Failure::call(
                            format!("\"{}\" is no id of a task", shortened(id, 40)),
                            "write parent:12; taskhold list shows the ids",
                        )
                    })?;
                    once("parent", &mut self.parent, id)?;
                }
                Word::Set(field, value) => {
                    let name = field.name();
                    return Err(Failure::call(
                        format!("a list is not narrowed down by {name}:{value}"),
                        "taskhold help filters tells by what; in a search, what stands after -- is words",
                    ));
                }
                Word::Tag(_) | Word::Text(_) => others.push(word.to_owned()),
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
        let level = self.priority.as_deref().filter(|level| !is_nothing(level));
        let mut given = GivenFilters {
            project: self.project.clone(),
            tags: self.tag.iter().flat_map(|tags| each_of(tags)).collect(),
            priority: level.map(str::parse).transpose()?,
            no_priority: self.priority.is_some() && level.is_none(),
            status: self.status,
            parent: self.parent,
            due: self.due.clone(),
            due_after: self.due_after.clone(),
            due_before: self.due_before.clone(),
            completed_after: self.completed_after.clone(),
            completed_before: self.completed_before.clone(),
            ..GivenFilters::default()
        };
        for word in &self.without {
            match Word::of(word) {
                Word::Set(Field::Project, name) => {
                    let name = if is_nothing(name) { "none" } else { name };
                    given.without_projects.push(name.to_owned());
                }
                Word::Set(Field::Tags, tags) => given.without_tags.extend(each_of(tags)),
                Word::Set(field, value) => {
                    let reason =
                        format!("excludes tags and projects, not {}:{value}", field.name());
                    return Err(Invalid::new(EXCLUSION, reason));
                }
                Word::Tag(tags) | Word::Text(tags) => {
                    for tag in each_of(tags) {
                        refuse_no_tag(&tag)?;
                        given.without_tags.push(tag);
                    }
                }
            }
        }
        let filters = given.read(caller)?;
        Ok(Query {
            view: input::view(view, &filters)?,
            words,
            filters,
            limit,
            is_to_fit: false,
            sort: None,
        })
    }
}

/// Returns the names that have commas between them; a text without a name as it is, to be refused as one.
fn each_of(names: &str) -> Vec<String> {
    let each = list(names);
    if each.is_empty() {
        vec![names.to_owned()]
    } else {
        each
    }
}

/// What refusals call `-home` and `--without home`.
const EXCLUSION: &str = "an exclusion";

/// Refuses what looks like a filter or a view, and would leave nothing out as the tag it is not.
fn refuse_no_tag(word: &str) -> Result<(), Invalid> {
    let word = shortened(word, 40);
    let reason = if word.contains(':') {
        format!("leaves out tags and projects, not {word}; write -home or -project:Work")
    } else if word.parse::<View>().is_ok() {
        format!(
            "leaves out tags and projects, and {word} is a view; for a tag of that name write -tags:{word}"
        )
    } else {
        return Ok(());
    };
    Err(Invalid::new(EXCLUSION, reason))
}

fn once<T>(name: &str, place: &mut Option<T>, value: T) -> CliResult {
    if place.is_some() {
        return Err(Failure::call(
            format!("{name} is given twice"),
            "a list is narrowed down by one of these; by several tags: +home +work",
        ));
    }
    *place = Some(value);
    Ok(())
}

fn no_view(text: &str) -> Failure {
    let text = shortened(text, 40);
    if text.starts_with('-') {
        return Failure::call(
            format!("{text} is a flag, and only words narrow a list here"),
            "write due:DATE, +TAG, -TAG, project:NAME, pri:high, parent:12 or text:report; taskhold help filters has every word",
        );
    }
    let hint = if matches!(text.as_str(), "changed" | "changes" | "news") {
        "taskhold log lists what was changed".to_owned()
    } else {
        format!(
            "views are {}; by words: taskhold list text:{text}, or taskhold search {text}",
            View::ALL.map(View::as_str).join(", ")
        )
    };
    let what = match View::near(&text) {
        Some(view) => format!("\"{text}\" is no view; did you mean {}?", view.as_str()),
        None => format!("\"{text}\" is no view"),
    };
    Failure::call(what, hint)
}

#[cfg(test)]
mod tests;
