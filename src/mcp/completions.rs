//! Completion: what a person may mean who has typed the beginning of an argument.
//!
//! The protocol has room for values and for nothing beside them, so a task is offered by its id alone, which goes into
//! the argument as it is. What was typed is looked for in titles as well.

use std::collections::BTreeSet;

use rmcp::model::{ArgumentInfo, CompletionInfo, ErrorData, Reference};

use super::{internal, prompts, refused};
use crate::{
    domain::{
        error::Result,
        task::{Project, Tag, shortened},
        text::folded,
    },
    render::bounds,
    store::{Store, Words, db::Session},
};

/// How many ids or names are looked through for those that fit.
const MOST: u32 = 10_000;

/// What an argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Task,
    Project,
    Tag,
}

/// What stands around the values of a completion.
const FRAME_BYTES: usize = 100;

/// Every template's variable, and what it names.
const VARIABLES: [(&str, &str, Subject); 3] = [
    ("tasks://project/{name}", "name", Subject::Project),
    ("tasks://tag/{name}", "name", Subject::Tag),
    ("tasks://task/{id}", "id", Subject::Task),
];

/// Returns what the argument of a prompt or a template may be.
pub(super) async fn complete(
    session: &Session,
    reference: &Reference,
    argument: ArgumentInfo,
) -> std::result::Result<CompletionInfo, ErrorData> {
    let subject = subject(reference, &argument.name)?;
    let offer = session
        .read(move |store| offer(store, subject, &argument.value))
        .await
        .map_err(|error| internal(&error))?;
    Ok(offer.into())
}

fn subject(reference: &Reference, argument: &str) -> std::result::Result<Subject, ErrorData> {
    let refused = |reason: String| Err(refused(&reason));
    let argument_shown = shortened(argument, 40);
    match reference {
        Reference::Prompt(prompt) => match (prompts::argument(&prompt.name)?, argument) {
            (Some(prompts::TASK_ID), prompts::TASK_ID) => Ok(Subject::Task),
            (Some(known), _) => refused(format!(
                "prompt {} has no argument {argument_shown}; it takes {known}",
                prompt.name
            )),
            (None, _) => refused(format!(
                "prompt {} takes no arguments, so none called {argument_shown}",
                prompt.name
            )),
        },
        Reference::Resource(resource) => {
            match VARIABLES.iter().find(|(uri, ..)| *uri == resource.uri) {
                Some((_, variable, subject)) if *variable == argument => Ok(*subject),
                Some((uri, variable, _)) => refused(format!(
                    "{uri} has no variable {argument_shown}; it has {variable}"
                )),
                None => {
                    let known = VARIABLES.map(|(uri, ..)| uri).join(", ");
                    refused(format!(
                        "no resource template {}; there are {known}",
                        shortened(&resource.uri, 40)
                    ))
                }
            }
        }
        _ => refused("ref must be a ref/prompt or a ref/resource".to_owned()),
    }
}

/// What fits, best first, and whether that is all there is.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    values: Vec<String>,
    is_all: bool,
}

impl From<Offer> for CompletionInfo {
    fn from(Offer { mut values, is_all }: Offer) -> Self {
        let count = values.len();
        values.truncate(Self::MAX_VALUES);
        let mut left = bounds::MAX_REPLY_BYTES - FRAME_BYTES;
        let too_many = values.iter().position(|value| {
            let rest = left.checked_sub(bounds::size(value) + r#""","#.len());
            left = rest.unwrap_or(0);
            rest.is_none()
        });
        values.truncate(too_many.unwrap_or(values.len()));
        let total = u32::try_from(count).ok().filter(|_| is_all);
        let has_more = !is_all || count > values.len();
        Self::with_pagination(values, total, has_more).expect("no more values than may be sent")
    }
}

fn offer(store: &Store, subject: Subject, typed: &str) -> Result<Offer> {
    let is_all = |found: usize| found < MOST as usize;
    match subject {
        Subject::Task => {
            let ids: Vec<String> = store
                .open_ids(MOST)?
                .iter()
                .map(ToString::to_string)
                .collect();
            let titled: Vec<String> = match Words::read(typed) {
                Ok(words) => store
                    .open_titled(&words, MOST)?
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                Err(_) => Vec::new(),
            };
            Ok(Offer {
                is_all: is_all(ids.len()) && is_all(titled.len()),
                values: fitting_ids(ids, titled, typed),
            })
        }
        Subject::Project => {
            let projects = store.open_projects(MOST)?;
            let is_all = is_all(projects.len());
            let typed = typed.trim_start().trim_start_matches('@');
            let values = fitting_names(projects.iter().map(Project::as_str), typed);
            Ok(Offer { values, is_all })
        }
        Subject::Tag => {
            let tags = store.open_tags(MOST)?;
            let is_all = is_all(tags.len());
            let typed = typed.trim_start().trim_start_matches(['#', '@']);
            let values = fitting_names(tags.iter().map(Tag::as_str), typed);
            Ok(Offer { values, is_all })
        }
    }
}

/// Returns those of `ids` that begin with what was typed, the shortest first, and then the `titled`, which have its
/// words in their title.
fn fitting_ids(ids: Vec<String>, titled: Vec<String>, typed: &str) -> Vec<String> {
    let typed = typed.trim();
    let digits = typed.strip_prefix('#').unwrap_or(typed);
    let mut fitting: Vec<String> = ids
        .into_iter()
        .filter(|id| id.starts_with(digits))
        .collect();
    if !digits.is_empty() {
        // A whole id is meant before those that go on from it.
        fitting.sort_by_key(String::len);
    }
    let known: BTreeSet<String> = fitting.iter().cloned().collect();
    fitting.extend(titled.into_iter().filter(|id| !known.contains(id)));
    fitting
}

/// Returns those of `names` that begin with what was typed, whatever the case of the letters.
fn fitting_names<'a>(names: impl Iterator<Item = &'a str>, typed: &str) -> Vec<String> {
    let typed = folded(typed);
    names
        .filter(|name| folded(name).starts_with(&*typed))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::resources;

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn every_template_and_every_prompts_argument_completes() {
        for template in resources::templates() {
            let uri = &template.uri_template;
            let variable = uri.split_once('{').unwrap().1.trim_end_matches('}');
            assert!(
                subject(&Reference::for_resource(uri), variable).is_ok(),
                "{uri}"
            );
        }
        for prompt in prompts::list() {
            for argument in prompt.arguments.unwrap_or_default() {
                assert!(
                    subject(&Reference::for_prompt(&prompt.name), &argument.name).is_ok(),
                    "{}",
                    prompt.name
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_completed_is_named() {
        let cases = [
            (
                Reference::for_prompt("break_down_task"),
                "id",
                "prompt break_down_task has no argument id; it takes task_id",
            ),
            (
                Reference::for_prompt("plan_day"),
                "date",
                "prompt plan_day takes no arguments, so none called date",
            ),
            (
                Reference::for_prompt("plan_week"),
                "date",
                "no prompt plan_week; there are plan_day, weekly_review, prioritize_tasks, break_down_task, \
                 task_summary_prompt",
            ),
            (
                Reference::for_resource("tasks://tag/{name}"),
                "id",
                "tasks://tag/{name} has no variable id; it has name",
            ),
            (
                Reference::for_resource("tasks://all"),
                "id",
                "no resource template tasks://all; there are tasks://project/{name}, tasks://tag/{name}, \
                 tasks://task/{id}",
            ),
        ];
        for (reference, argument, message) in cases {
            let refusal = subject(&reference, argument).unwrap_err();
            assert_eq!(
                (refusal.code.0, refusal.message.as_ref()),
                (-32602, message)
            );
        }
    }

    #[test]
    fn an_id_fits_by_its_beginning_or_by_its_title() {
        let ids = ["7", "120", "12", "3", "1200"];
        let cases: [(&str, &[&str], &[&str]); 6] = [
            ("", &[], &["7", "120", "12", "3", "1200"]),
            ("#", &[], &["7", "120", "12", "3", "1200"]),
            ("12", &[], &["12", "120", "1200"]),
            (" #12", &["3", "12"], &["12", "120", "1200", "3"]),
            ("fix", &["3", "7"], &["3", "7"]),
            ("x", &[], &[]),
        ];
        for (typed, titled, fitting) in cases {
            let found = fitting_ids(owned(&ids), owned(titled), typed);
            assert_eq!(found, fitting, "{typed:?}");
        }
    }

    #[test]
    fn a_name_fits_by_its_beginning_whatever_the_case() {
        let names = ["Garden", "garage", "Öfen", "Work"];
        let cases: [(&str, &[&str]); 5] = [
            ("", &names),
            ("GAR", &["Garden", "garage"]),
            ("ö", &["Öfen"]),
            ("den", &[]),
            ("work ", &[]),
        ];
        for (typed, fitting) in cases {
            assert_eq!(
                fitting_names(names.into_iter(), typed),
                fitting,
                "{typed:?}"
            );
        }
    }

    #[test]
    fn at_most_a_hundred_values_are_sent_and_the_rest_is_counted() {
        let cases = [
            (3, true, 3, Some(3), false),
            (100, true, 100, Some(100), false),
            (101, true, 100, Some(101), true),
            (101, false, 100, None, true),
            (3, false, 3, None, true),
        ];
        for (found, is_all, sent, total, has_more) in cases {
            let info = CompletionInfo::from(Offer {
                values: vec![String::new(); found],
                is_all,
            });
            assert_eq!(
                (info.values.len(), info.total, info.has_more),
                (sent, total, Some(has_more))
            );
        }
    }
}
