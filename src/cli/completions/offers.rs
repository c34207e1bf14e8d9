//! What can stand where the cursor is.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum as _;
use clap_complete::engine::CompletionCandidate;

use super::dashed::unmarked;
use crate::{
    cli::{topics::TOPICS, whole},
    clock,
    config::Loaded,
    disk::canonicalize,
    domain::{
        error::Result,
        query::{Filters, Moment, Names, Sort, View},
        task::{Priority, Status, Summary},
        text::folded,
        when::{Zone, calendar_words::WEEKDAYS},
    },
    http::Tokens,
    input::quick_words::Field,
    store::{Store, backup},
};

type Offered = Vec<CompletionCandidate>;

/// How many candidates are offered at most.
const OFFERED: usize = 100;

/// How many names are looked at for those that begin as what was typed.
const LOOKED_AT: u32 = 5_000;

/// How many finished tasks are looked at: each is read whole.
const CLOSED_LOOKED_AT: u32 = 1_000;

/// Which tasks are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Open,
    /// What can be opened again, the latest first: finished, given up, or begun.
    Closed,
    /// In the trash.
    Deleted,
    /// The open ones first.
    All,
}

/// What quick words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// The fields of a new task.
    Set,
    /// The fields of a task that is there.
    Change,
    /// Narrowing down a list.
    Narrow,
}

/// Returns the tasks whose id begins as typed after the last comma, each with its title.
pub(super) fn ids(typed: &OsStr, which: Which) -> Offered {
    let typed = typed.to_string_lossy();
    let (before, begin) = after_comma(&typed);
    let hash = if begin.starts_with('#') { "#" } else { "" };
    let begin = begin.trim_start_matches('#');
    // Anything else is no id: the database is left alone.
    if !begin.chars().all(|c| c.is_ascii_digit()) {
        return Vec::new();
    }
    let candidate = |task: &Summary| {
        CompletionCandidate::new(format!("{before}{hash}{}", task.id))
            .help(Some(task.title.to_string().into()))
    };
    offer(|store| {
        let mut offered = Vec::new();
        if matches!(which, Which::Open | Which::All) {
            let begins = |id: &crate::domain::task::TaskId| id.to_string().starts_with(begin);
            let open = store.open_ids(LOOKED_AT)?.into_iter().filter(begins);
            for id in open.take(OFFERED) {
                offered.extend(store.task(id)?.map(|task| candidate(&task.summary())));
            }
        }
        let views: &[View] = match which {
            Which::Open => &[],
            Which::Closed => &[View::Completed, View::Cancelled, View::InProgress],
            Which::Deleted => &[View::Trash],
            Which::All => &[View::Completed, View::Cancelled],
        };
        let moment = Moment::new(clock::now(), Zone::UTC);
        for view in views {
            let none = Filters::default();
            let page = store.list(*view, &none, &moment, None, CLOSED_LOOKED_AT)?;
            let begins = |task: &&Summary| !task.is_round && task.id.to_string().starts_with(begin);
            let room = OFFERED.saturating_sub(offered.len());
            offered.extend(page.tasks.iter().filter(begins).take(room).map(candidate));
        }
        Ok(offered)
    })
}

/// Returns quick words that begin as typed: the names of fields, and after a name, `+` or `!` what they can have.
pub(super) fn words(typed: &OsStr, words: Words) -> Offered {
    let typed = typed.to_string_lossy();
    let typed = unmarked(&typed);
    if let Some(begin) = typed.strip_prefix('+') {
        return listed("+", begin, tags);
    }
    if let Some(begin) = typed.strip_prefix('-')
        && words != Words::Set
    {
        return match begin.strip_prefix("project:") {
            Some(begin) if words == Words::Narrow => {
                let mut offered = projects(begin.as_ref());
                offered.extend(beginning(["none".to_owned()].into_iter(), begin.as_ref()));
                prefixed("-project:", offered)
            }
            _ => prefixed("-", tags(begin.as_ref())),
        };
    }
    if let Some(begin) = typed.strip_prefix('!') {
        return prefixed("!", priorities(begin.as_ref()));
    }
    let Some((name, begin)) = typed.split_once(':') else {
        let fields: &[Field] = match words {
            Words::Set => &[
                Field::Due,
                Field::Defer,
                Field::Repeat,
                Field::Project,
                Field::Priority,
                Field::Parent,
                Field::After,
                Field::Title,
            ],
            Words::Change => &[
                Field::Due,
                Field::Defer,
                Field::Repeat,
                Field::Project,
                Field::Priority,
                Field::Parent,
                Field::After,
                Field::Title,
                Field::Status,
                Field::Tags,
            ],
            Words::Narrow => &[
                Field::Project,
                Field::Priority,
                Field::Status,
                Field::Due,
                Field::Parent,
            ],
        };
        // Nobody has begun to write one before the first letter; the names would hide the ids and the views.
        let text = (words == Words::Narrow).then_some("text");
        let names = fields.iter().map(|field| field.name()).chain(text);
        let names = names.map(|name| format!("{name}:"));
        return beginning(names.filter(|_| !typed.is_empty()), typed.as_ref());
    };
    let prefix = format!("{name}:");
    let Some(field) = Field::named(name) else {
        return Vec::new();
    };
    let begin_os = OsStr::new(begin);
    match field {
        Field::Due | Field::Defer => {
            let days = [&["today", "tomorrow"][..], &WEEKDAYS, &["end of month"]];
            fixed(&prefix, begin, &days.concat())
        }
        Field::Repeat => fixed(&prefix, begin, &RULES),
        Field::Project => prefixed(&prefix, projects(begin_os)),
        Field::Priority => prefixed(&prefix, priorities(begin_os)),
        Field::Status => prefixed(&prefix, statuses(begin_os)),
        Field::Parent | Field::After => prefixed(&prefix, ids(begin_os, Which::Open)),
        Field::Tags => listed(&prefix, begin, tags),
        Field::Title | Field::Description => Vec::new(),
    }
}

const RULES: [&str; 6] = [
    "daily",
    "weekly",
    "monthly",
    "yearly",
    "every weekday",
    "every 2 weeks",
];

fn fixed(prefix: &str, begin: &str, words: &[&str]) -> Offered {
    let words = words.iter().map(ToString::to_string);
    prefixed(prefix, beginning(words, begin.as_ref()))
}

fn prefixed(prefix: &str, offered: Offered) -> Offered {
    offered
        .into_iter()
        .map(|one| one.add_prefix(prefix))
        .collect()
}

/// Returns what `find` offers for what is typed after the last comma, with all that is before it.
fn listed(prefix: &str, typed: &str, find: fn(&OsStr) -> Offered) -> Offered {
    let (before, begin) = after_comma(typed);
    prefixed(&format!("{prefix}{before}"), find(begin.as_ref()))
}

/// Returns what is typed up to the last comma, and after it.
fn after_comma(typed: &str) -> (&str, &str) {
    typed.split_at(typed.rfind(',').map_or(0, |at| at + 1))
}

pub(super) fn views(typed: &OsStr) -> Offered {
    let words = View::value_variants().iter();
    let words = words.filter_map(View::to_possible_value);
    let words = words.filter(|word| !word.is_hide_set());
    beginning(words.map(|word| word.get_name().to_owned()), typed)
}

/// Returns the words of `list` that go on the last of several, as they stand in `--where`.
pub(super) fn filters(typed: &OsStr) -> Offered {
    let typed = typed.to_string_lossy();
    let typed = unmarked(&typed);
    let (before, last) = typed.split_at(typed.rfind(' ').map_or(0, |at| at + 1));
    let mut offered = views(last.as_ref());
    offered.extend(words(last.as_ref(), Words::Narrow));
    prefixed(before, offered)
}

/// Returns what `--without` takes: tags, and `project:` with a name.
pub(super) fn excluded(typed: &OsStr) -> Offered {
    let text = typed.to_string_lossy();
    if let Some(begin) = text.strip_prefix("project:") {
        return prefixed("project:", projects(begin.as_ref()));
    }
    let mut offered = tags(typed);
    offered.extend(beginning(["project:".to_owned()].into_iter(), typed));
    offered
}

/// Returns the kinds of names that `list` counts.
pub(super) fn names(typed: &OsStr) -> Offered {
    let kinds = [Names::Projects, Names::Tags];
    beginning(kinds.iter().map(|kind| kind.as_str().to_owned()), typed)
}

pub(super) fn orders(typed: &OsStr) -> Offered {
    let words = Sort::WORDS.iter().map(|(word, _)| (*word).to_owned());
    beginning(words, typed)
}

pub(super) fn statuses(typed: &OsStr) -> Offered {
    beginning(Status::ALL.iter().map(ToString::to_string), typed)
}

pub(super) fn priorities(typed: &OsStr) -> Offered {
    let words = Priority::ALL.iter().map(|level| level.as_str().to_owned());
    beginning(words, typed)
}

pub(super) fn topics(typed: &OsStr) -> Offered {
    let commands = whole();
    let commands = commands.get_subcommands().map(clap::Command::get_name);
    let words = commands.chain(TOPICS.iter().map(|topic| topic.word));
    beginning(words.map(str::to_owned), typed)
}

pub(super) fn projects(typed: &OsStr) -> Offered {
    offer(|store| {
        let projects = store.open_projects(LOOKED_AT)?;
        Ok(beginning(projects.iter().map(ToString::to_string), typed))
    })
}

pub(super) fn tags(typed: &OsStr) -> Offered {
    offer(|store| {
        let tags = store.open_tags(LOOKED_AT)?;
        Ok(beginning(tags.iter().map(ToString::to_string), typed))
    })
}

/// Returns the latest groups of changes, each with what it did to its first task.
pub(super) fn groups(typed: &OsStr) -> Offered {
    let typed = typed.to_string_lossy();
    offer(|store| {
        let since = store.last_change()?.saturating_sub(CLOSED_LOOKED_AT.into());
        let mut changes = store.changes_since(since.max(0), CLOSED_LOOKED_AT)?;
        changes.dedup_by_key(|change| change.group);
        changes.reverse();
        let mut offered = Vec::new();
        for change in changes {
            let group = change.group.to_string();
            if group.starts_with(&*typed) && offered.len() < OFFERED {
                let title = store.task(change.task)?.map(|task| task.title.to_string());
                let what = format!("{}: {}", change.kind.as_str(), title.unwrap_or_default());
                offered.push(CompletionCandidate::new(group).help(Some(what.into())));
            }
        }
        Ok(offered)
    })
}

/// Returns `latest` and the numbers of the backups, each with when and why it was taken.
pub(super) fn backups(typed: &OsStr) -> Offered {
    let typed = typed.to_string_lossy();
    let settings = settings();
    let zone = settings.zone.value;
    let Some(list) = settled(settings).and_then(|database| backup::list(&database).ok()) else {
        return Vec::new();
    };
    let numbered = (1..).zip(&list).map(|(number, one): (usize, _)| {
        let at = zone.at(one.taken_at.as_millis());
        let what = format!("{}, {}", at.format("%a %Y-%m-%d %H:%M"), one.reason);
        CompletionCandidate::new(number.to_string()).help(Some(what.into()))
    });
    let latest = (!list.is_empty()).then(|| CompletionCandidate::new("latest"));
    let begins = |one: &CompletionCandidate| one.get_value().to_string_lossy().starts_with(&*typed);
    latest.into_iter().chain(numbered).filter(begins).collect()
}

pub(super) fn tokens(typed: &OsStr) -> Offered {
    let entries = database().and_then(|database| {
        let database = canonicalize(&database).ok()?;
        Tokens::new(&database).entries().ok()
    });
    let entries = entries.unwrap_or_default();
    beginning(entries.into_iter().map(|entry| entry.label), typed)
}

/// Returns the names that begin as typed, whatever the case of their letters.
fn beginning(names: impl Iterator<Item = String>, typed: &OsStr) -> Offered {
    let typed = typed.to_string_lossy();
    let typed = folded(&typed);
    names
        .filter(|name| folded(name).starts_with(&*typed))
        .take(OFFERED)
        .map(CompletionCandidate::new)
        .collect()
}

/// Returns what `find` finds in the database of the line that is being typed, if there is one.
fn offer(find: impl FnOnce(&Store) -> Result<Offered>) -> Offered {
    database()
        .and_then(|database| Store::open_as_it_is(&database).ok()?)
        .and_then(|store| find(&store).ok())
        .unwrap_or_default()
}

/// Returns the database of the line that is being typed, if it is there.
fn database() -> Option<std::path::PathBuf> {
    settled(settings())
}

/// Returns the settings of the line that is being typed.
fn settings() -> Loaded {
    let given = flag(std::env::args_os()).map(Into::into);
    Loaded::load(given, None, |name| std::env::var_os(name))
}

fn settled(settings: Loaded) -> Option<std::path::PathBuf> {
    let database = settings.database.ok()?.value;
    database.exists().then_some(database)
}

/// Returns the value of `--db` among the words of a line.
fn flag(words: impl Iterator<Item = OsString>) -> Option<OsString> {
    let mut words = words.skip_while(|word| word != "--db" && !starts_flag(word));
    let word = words.next()?;
    match word.to_str().and_then(|word| word.strip_prefix("--db=")) {
        Some(path) => Some(path.into()),
        None => words.next(),
    }
}

fn starts_flag(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| word.starts_with("--db="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(offered: &Offered) -> Vec<String> {
        let values = offered.iter().map(CompletionCandidate::get_value);
        values
            .map(|value| value.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn names_are_offered_whatever_the_case_of_their_letters() {
        let names = ["Home", "house", "Work"].map(str::to_owned);
        let found = beginning(names.into_iter(), OsStr::new("HO"));
        assert_eq!(offered(&found), ["Home", "house"]);
    }

    #[test]
    fn quick_words_are_offered_name_first_and_then_what_it_can_have() {
        let cases: [(&str, Words, &[&str]); 11] = [
            ("d", Words::Set, &["due:", "defer:"]),
            ("p", Words::Narrow, &["project:", "priority:", "parent:"]),
            ("", Words::Set, &[]),
            ("t", Words::Narrow, &["text:"]),
            ("st", Words::Change, &["status:"]),
            ("-project:n", Words::Narrow, &["-project:none"]),
            ("due:tom", Words::Set, &["due:tomorrow"]),
            ("Wait:Tod", Words::Set, &["Wait:today"]),
            ("rec:y", Words::Set, &["rec:yearly"]),
            ("!", Words::Narrow, &["!high", "!medium", "!low"]),
            (
                "status:c",
                Words::Narrow,
                &["status:completed", "status:cancelled"],
            ),
        ];
        for (typed, kind, expected) in cases {
            assert_eq!(
                offered(&words(OsStr::new(typed), kind)),
                expected,
                "{typed}"
            );
        }
    }

    #[test]
    fn the_last_of_the_words_of_a_list_is_completed_and_the_others_stay() {
        for (typed, expected) in [
            ("tod", &["today"][..]),
            ("today pri", &["today priority:"]),
            ("-home status:p", &["-home status:pending"]),
        ] {
            assert_eq!(offered(&filters(OsStr::new(typed))), expected, "{typed}");
        }
        assert_eq!(offered(&orders(OsStr::new("t"))), ["title"]);
        assert_eq!(offered(&names(OsStr::new("p"))), ["projects"]);
    }

    #[test]
    fn the_database_of_the_line_is_found() {
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["taskhold", "done"], None),
            (&["taskhold", "--db", "/x.db", "done"], Some("/x.db")),
            (&["taskhold", "done", "--db=/x.db", ""], Some("/x.db")),
            (&["taskhold", "done", "--db"], None),
            (&["taskhold", "add", "--db-like"], None),
        ];
        for (words, expected) in cases {
            let found = flag(words.iter().map(OsString::from));
            assert_eq!(found, expected.map(OsString::from), "{words:?}");
        }
    }
}
