//! `taskhold list`, and how the tasks of any command that reads some are printed.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
};

use serde_json::json;

use super::{
    CliResult, Context, Failure,
    filters::{FilterArgs, LimitArgs, Query},
    report::say,
    screen::{DIM, JSON_VERSION, Layout, painted},
    table::{Table, plain_line},
};
use crate::{
    domain::{
        error::Result,
        query::{Moment, Names, Page, Position, Sort, View},
    },
    render::TaskObject,
    store::{self, Store},
};

/// List tasks, soonest due first
///
/// Without a view, the open ones, or what config.toml says. A status names a view of its own.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {
    /// View, and quick words to narrow it down: +TAG project:NAME !high; or: projects, tags
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Which tasks
    #[arg(long, value_enum)]
    view: Option<View>,
    #[command(flatten)]
    filters: FilterArgs,
    /// In this order: due, priority, newest, oldest, changed or title [default: that of the view]
    #[arg(long, value_name = "ORDER")]
    sort: Option<Sort>,
    #[command(flatten)]
    limit: LimitArgs,
    /// Words to find, which stood after text:
    #[arg(skip)]
    text: Option<store::Words>,
}

const EXAMPLES: &str = "\
Examples:
  taskhold list
  taskhold list today +home
  taskhold list projects
  taskhold list project:flat --due-before 'end of month' --all
  taskhold list --json | jq -r '.tasks[].title'";

/// How many tasks are read at a time, so that memory stays small however many there are.
pub(super) const PAGE: u32 = 1_000;

impl ListArgs {
    pub(super) fn run(mut self, context: &Context) -> CliResult {
        if let [word] = self.words.as_slice()
            && let Some(names) = [Names::Projects, Names::Tags]
                .into_iter()
                .find(|names| names.as_str() == word)
        {
            self.refuse_beside(names)?;
            return context.list_names(names, self.limit.given());
        }
        self.take_words()?;
        let query = self.query(context)?;
        context.list(&context.reader()?, &query)
    }

    /// Refuses what names of projects or tags are not narrowed down by.
    fn refuse_beside(&self, names: Names) -> CliResult {
        let is_alone =
            self.view.is_none() && self.sort.is_none() && self.filters == FilterArgs::default();
        if is_alone {
            return Ok(());
        }
        let word = names.as_str();
        Err(Failure::call(
            format!("{word} are listed without a view, filters or an order"),
            format!("taskhold {word} lists all of them, and -n cuts the list"),
        ))
    }

    /// Takes the words for views and filters.
    pub(super) fn take_words(&mut self) -> CliResult {
        let words = std::mem::take(&mut self.words);
        self.filters
            .take_words(&mut self.view, &mut self.text, &words)
    }

    /// Returns what to read; dates are read as of now.
    pub(super) fn query(&self, context: &Context) -> CliResult<Query> {
        let defaults = &context.config.defaults;
        let view = self
            .view
            .or_else(|| self.filters.view_or(defaults.view.value));
        let limit = self.limit.most(defaults.limit.value, &context.screen);
        let text = self.text.clone();
        let query = self.filters.query(view, text, limit, &context.caller)?;
        Ok(Query {
            is_to_fit: self.limit.is_usual(&context.screen),
            sort: self.sort,
            ..query
        })
    }
}

/// What is known of a list once its last page is read.
#[derive(Default)]
struct ListEnd {
    shown: usize,
    next: Option<Position>,
    is_cut: bool,
}

/// What is good to know beside a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListNote {
    /// There is nothing in it.
    Nothing(String),
    /// It was cut: how much of it there is.
    More(String),
}

impl ListNote {
    /// Says it for those who can ask for the rest.
    pub(super) fn with_way_out(&self) -> String {
        match self {
            Self::Nothing(_) => self.to_string(),
            Self::More(_) => format!("{self}: --all shows the rest"),
        }
    }
}

impl fmt::Display for ListNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(text) | Self::More(text) => f.write_str(text),
        }
    }
}

impl Context {
    /// Prints the tasks that `query` asks for; what is good to know beside them goes to stderr unless a person sees both.
    pub(super) fn list(&self, store: &Store, query: &Query) -> CliResult {
        let mut out = io::BufWriter::new(self.screen.out());
        // Before they are read: what another process fetches meanwhile makes them no younger.
        let as_of = self.as_of(store)?;
        let as_of = as_of.as_deref();
        let (remark, facts) = store.snapshot(|store| {
            let facts = self.facts(store, query)?;
            let written = match self.screen.rows().filter(|_| query.is_to_fit) {
                // The prompt comes below, and what is said of the list.
                Some(rows) => {
                    let rows = rows.saturating_sub(1 + usize::from(!facts.is_empty()));
                    self.write_fitting(store, query.clone(), as_of, rows)
                        .and_then(|(list, remark)| {
                            out.write_all(list.as_bytes())?;
                            Ok(remark)
                        })
                }
                None => self.write_list(store, query, as_of, &mut out),
            };
            Ok(written.map(|remark| (remark, facts)))
        })??;
        let remark = remark.map(|remark| remark.with_way_out());
        if self.screen.is_table() && !facts.is_empty() {
            writeln!(out, "{}", painted(DIM, &facts.join(", ")))?;
        }
        match remark {
            Some(remark) if self.screen.is_table() => {
                writeln!(out, "{}", painted(DIM, &remark))?;
                out.flush()?;
            }
            remark => {
                out.flush()?;
                // What is JSON says it in its fields.
                if !self.screen.is_table() && !self.screen.json {
                    say(&facts);
                }
                say(remark.as_slice());
            }
        }
        Ok(())
    }

    /// Returns the first tasks of the list, as many as `rows` lines hold, and the note that stands under them.
    pub(super) fn write_fitting(
        &self,
        store: &Store,
        mut query: Query,
        as_of: Option<&str>,
        rows: usize,
    ) -> CliResult<(String, Option<ListNote>)> {
        let most = rows.max(1);
        query.limit = query.limit.min(u32::try_from(most).unwrap_or(u32::MAX));
        loop {
            let mut list = Vec::new();
            let remark = self.write_list(store, &query, as_of, &mut list)?;
            let list = String::from_utf8_lossy(&list).into_owned();
            // Headings take lines too, and so does the remark.
            let lines = list.lines().count() + usize::from(remark.is_some());
            let over = u32::try_from(lines.saturating_sub(most)).unwrap_or(u32::MAX);
            if over == 0 || query.limit == 1 {
                return Ok((list, remark));
            }
            query.limit = query.limit.saturating_sub(over).max(1);
        }
    }

    /// Prints the projects or the tags of open tasks, each with how many have it: `limit` at most, and all without one.
    pub(super) fn list_names(&self, names: Names, limit: Option<u32>) -> CliResult {
        let moment = Moment::new(self.caller.now, self.caller.zone);
        let store = self.reader()?;
        // Before they are read, as for a list.
        let as_of = self.as_of(&store)?;
        let mut found = store.snapshot(|store| store.open_names(names, &moment, u32::MAX))?;
        let most = limit.map_or(usize::MAX, |limit| limit as usize);
        let more = found.len().saturating_sub(most);
        found.truncate(most);
        let word = names.as_str();
        if self.screen.json {
            let listed = found
                .iter()
                .map(|(name, open)| json!({ "name": name, "open": open.number }));
            let listed: Vec<_> = listed.collect();
            let listed = json!({ word: listed, "more": more > 0, "as_of": as_of });
            return Ok(self.screen.print_json(&listed)?);
        }
        if found.is_empty() {
            say(&[format!("no open task has {word}")]);
        }
        let mut lines = String::new();
        for (name, open) in &found {
            let _ = writeln!(lines, "{name}\t{open}");
        }
        self.screen.print(&lines)?;
        if more > 0 && self.screen.is_table() {
            say(&[format!("and {more} more {word}; without -n all are listed")]);
        }
        Ok(())
    }

    /// Returns how dates among the filters were read, which names leave nothing out, and how many tasks the usual view leaves out.
    fn facts(&self, store: &Store, query: &Query) -> Result<Vec<String>> {
        let mut facts: Vec<String> = query.filters.dates_in_words().collect();
        facts.extend(store.unknown_exclusions(&query.filters)?);
        if query.view == View::Open && query.words.is_none() {
            let moment = Moment::new(self.caller.now, self.caller.zone);
            let deferred = store.count(View::Deferred, &query.filters, &moment, None)?;
            if !deferred.is_none() {
                facts.push(format!("{deferred} deferred: taskhold list deferred"));
            }
        }
        Ok(facts)
    }

    /// Writes them to `out`, and returns what is good to know beside them. `as_of` is what was known before they are read.
    pub(super) fn write_list(
        &self,
        store: &Store,
        query: &Query,
        as_of: Option<&str>,
        out: &mut impl io::Write,
    ) -> CliResult<Option<ListNote>> {
        let moment = Moment::new(self.caller.now, self.caller.zone);
        if self.screen.json {
            self.write_json_list(store, query, &moment, out)?;
            end_json(as_of, out)?;
            return Ok(None);
        }
        let rest = each_page(store, query, &moment, |page| {
            Ok(out.write_all(self.page(query, page).as_bytes())?)
        })?;
        Ok(match rest.next {
            None if rest.is_cut && query.words.is_some() => {
                Some(ListNote::More("and more".to_owned()))
            }
            None if rest.is_cut => {
                let total = store.count(query.view, &query.filters, &moment, None)?;
                Some(ListNote::More(format!("{} of {total}", rest.shown)))
            }
            None if rest.shown == 0 => {
                let unknown = store.unknown_names(&query.filters)?;
                Some(ListNote::Nothing(if unknown.is_empty() {
                    nothing_here(query).to_owned()
                } else {
                    unknown.join("; ")
                }))
            }
            None => None,
            Some(next) => Some(ListNote::More(more(
                store, query, &moment, rest.shown, next,
            )?)),
        })
    }

    fn page(&self, query: &Query, page: &Page) -> String {
        let (now, zone) = (self.caller.now, self.caller.zone);
        match self.screen.layout {
            Layout::Table(columns) => Table {
                columns,
                now,
                zone,
                view: query.view,
                is_by_date: matches!(query.sort, None | Some(Sort::Due)),
            }
            .lines(&page.tasks),
            Layout::Lines => {
                let mut lines = String::new();
                for task in &page.tasks {
                    let _ = writeln!(lines, "{}", plain_line(task, now, zone));
                }
                lines
            }
        }
    }

    /// Prints the object page by page, all but its end: `{"version":1,"tasks":[...],"more":false`.
    fn write_json_list(
        &self,
        store: &Store,
        query: &Query,
        moment: &Moment,
        out: &mut impl io::Write,
    ) -> CliResult {
        write!(out, "{{\"version\":{JSON_VERSION},\"tasks\":[")?;
        let mut is_first = true;
        let rest = each_page(store, query, moment, |page| {
            for task in &page.tasks {
                if !std::mem::take(&mut is_first) {
                    out.write_all(b",")?;
                }
                let whole = store.with_comments(task.shown_of(store.existing(task.id)?))?;
                let object = TaskObject::whole(&whole.task, &whole.comments, self.caller.zone);
                serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
            }
            Ok(())
        })?;
        let more = rest.next.is_some() || rest.is_cut;
        Ok(write!(out, "],\"more\":{more}")?)
    }
}

/// Writes the end of an object for programs that was written piece by piece: as of when the tasks are, where that is to be said.
pub(super) fn end_json(as_of: Option<&str>, out: &mut impl io::Write) -> io::Result<()> {
    if let Some(as_of) = as_of {
        write!(out, ",\"as_of\":{}", json!(as_of))?;
    }
    writeln!(out, "}}")
}

fn each_page(
    store: &Store,
    query: &Query,
    moment: &Moment,
    mut show: impl FnMut(&Page) -> CliResult,
) -> CliResult<ListEnd> {
    let mut rest = ListEnd::default();
    match query.sort {
        Some(sort) if query.words.is_some() => {
            return found_sorted(store, query, sort, moment, show);
        }
        Some(sort) => return each_sorted(store, query, sort, moment, show),
        None => {}
    }
    let mut left = query.limit;
    while left > 0 {
        let page = read_page(store, query, moment, rest.next, left.min(PAGE))?;
        show(&page)?;
        rest.shown += page.tasks.len();
        rest.next = page.next;
        left -= u32::try_from(page.tasks.len()).unwrap_or(left).min(left);
        if rest.next.is_none() {
            break;
        }
    }
    Ok(rest)
}

/// Reads all that a search finds, which comes by how well it fits, and shows the first of it by `sort`.
fn found_sorted(
    store: &Store,
    query: &Query,
    sort: Sort,
    moment: &Moment,
    mut show: impl FnMut(&Page) -> CliResult,
) -> CliResult<ListEnd> {
    let mut page = Page::new(None);
    let mut next = None;
    loop {
        let found = read_page(store, query, moment, next, PAGE)?;
        page.tasks.extend(found.tasks);
        next = found.next;
        if next.is_none() {
            break;
        }
    }
    sort.arrange(&mut page.tasks, moment.zone);
    let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let is_cut = page.tasks.len() > most;
    page.tasks.truncate(most);
    show(&page)?;
    Ok(ListEnd {
        shown: page.tasks.len(),
        next: None,
        is_cut,
    })
}

fn each_sorted(
    store: &Store,
    query: &Query,
    sort: Sort,
    moment: &Moment,
    mut show: impl FnMut(&Page) -> CliResult,
) -> CliResult<ListEnd> {
    let mut rest = ListEnd::default();
    let mut page = Page::new(None);
    let mut shown = Ok(());
    let mut flush = |page: &mut Page| {
        if shown.is_ok() && !page.tasks.is_empty() {
            shown = show(page);
        }
        rest.shown += page.tasks.len();
        page.tasks.clear();
    };
    let is_cut = store.each_by(
        sort,
        query.view,
        &query.filters,
        moment,
        query.limit,
        &mut |task| {
            page.tasks.push(task);
            if page.tasks.len() == PAGE as usize {
                flush(&mut page);
            }
            Ok(())
        },
    )?;
    flush(&mut page);
    shown?;
    rest.is_cut = is_cut;
    Ok(rest)
}

/// Reads a part of what `query` asks for.
pub(super) fn read_page(
    store: &Store,
    query: &Query,
    moment: &Moment,
    after: Option<Position>,
    limit: u32,
) -> Result<Page> {
    let Query {
        view,
        words,
        filters,
        ..
    } = query;
    match words {
        Some(words) => store.search(words, *view, filters, moment, after, limit),
        None => store.list(*view, filters, moment, after, limit),
    }
}

/// Says how many tasks were shown of how many.
fn more(
    store: &Store,
    query: &Query,
    moment: &Moment,
    shown: usize,
    next: Position,
) -> Result<String> {
    // A search is not counted: that would be the search again, over everything.
    if query.words.is_some() {
        return Ok("and more".to_owned());
    }
    let left = store.count(query.view, &query.filters, moment, Some(next))?;
    let total = left.and(shown);
    Ok(if left.is_cut && total.number >= 1_000 {
        // Where counting stopped, the exact number would only look exact.
        format!("{shown} of {}+", total.number / 1_000 * 1_000)
    } else {
        format!("{shown} of {total}")
    })
}

fn nothing_here(query: &Query) -> &'static str {
    match (&query.words, query.view, query.is_whole_view()) {
        (Some(_), ..) => "nothing found",
        (None, View::Open, true) => "no tasks here; add one: taskhold add \"...\"",
        (None, _, true) => "no tasks in this view",
        (None, _, false) => "no task is like that",
    }
}
