//! What `list_tasks` takes: views, filters and cursors.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::{
    domain::{
        command::Caller,
        query::{Filters, Names, Position, View},
        task::{Invalid, Priority, Status, shortened},
    },
    input::{self, GivenFilters},
};

use super::args::bare_project;

#[derive(Deserialize, JsonSchema)]
pub(super) struct ListTasks {
    pub(super) view: Option<Wanted>,
    /// Words to find
    pub(super) query: Option<String>,
    // More words than are told are taken for these two, also by hosts that look at the schema.
    #[schemars(with = "Option<String>")]
    pub(super) status: Option<Status>,
    project: Option<String>,
    tag: Option<String>,
    #[schemars(with = "Option<String>")]
    priority: Option<Priority>,
    pub(super) due_before: Option<String>,
    pub(super) due_after: Option<String>,
    pub(super) completed_after: Option<String>,
    pub(super) completed_before: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
    // For programs, which ask no schema.
    #[schemars(skip)]
    pub(super) format: Option<Format>,
}

/// What a model asks to list: a view, or what others have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    View(View),
    Changed,
    Names(Names),
}

impl Wanted {
    const CHANGED: &'static str = "changed";
    const NAMES: [Names; 2] = [Names::Projects, Names::Tags];
    /// The views that models are told of. The others are a status as well, or say what other arguments do.
    const VIEWS: [View; 10] = [
        View::Open,
        View::Ready,
        View::Today,
        View::Overdue,
        View::Blocked,
        View::Deferred,
        View::Completed,
        View::All,
        View::Trash,
        View::Stale,
    ];

    /// Returns the words for these views, and for what is no view of the store's.
    fn words(views: &[View]) -> impl Iterator<Item = &'static str> {
        let views = views.iter().map(|view| view.as_str());
        views
            .chain([Self::CHANGED])
            .chain(Self::NAMES.map(Names::as_str))
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        match given.trim().to_lowercase().as_str() {
            Self::CHANGED | "changes" | "news" => Ok(Self::Changed),
            "projects" | "project" => Ok(Self::Names(Names::Projects)),
            "tags" | "tag" => Ok(Self::Names(Names::Tags)),
            word => word
                .parse()
                .map(Self::View)
                .map_err(|_| none_of("view", &given, Self::words(&View::ALL))),
        }
    }
}

impl JsonSchema for Wanted {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "View".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::words(&Self::VIEWS).collect::<Vec<_>>() })
    }
}

/// The form of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
pub(super) enum Format {
    Text,
    Json,
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        match given.trim().to_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(none_of("format", &given, ["text", "json"].into_iter())),
        }
    }
}

fn none_of<E: serde::de::Error>(
    field: &str,
    given: &str,
    words: impl Iterator<Item = &'static str>,
) -> E {
    E::custom(format!(
        "{field} \"{}\" is none of {}",
        shortened(given, 40),
        words.collect::<Vec<_>>().join(", ")
    ))
}

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 200;

impl ListTasks {
    /// Returns what to list. What changed is no view of the store's.
    pub(super) fn view(&self, filters: &Filters) -> Result<View, Invalid> {
        let view = match self.view {
            Some(Wanted::View(view)) => Some(view),
            // Who searches wants what is deferred, too.
            None if self.query.is_some() && filters.names_no_view() => Some(View::Unfinished),
            Some(Wanted::Changed | Wanted::Names(_)) | None => None,
        };
        input::view(view, filters)
    }

    pub(super) fn filters(&self, caller: &Caller) -> Result<Filters, Invalid> {
        let tag = self.tag.as_deref().map(str::trim);
        let without = tag.and_then(|tag| tag.strip_prefix('-'));
        let with = tag.filter(|_| without.is_none());
        let given = GivenFilters {
            project: self.project.as_deref().map(bare_project),
            tags: with.map(ToOwned::to_owned).into_iter().collect(),
            without_tags: without.map(ToOwned::to_owned).into_iter().collect(),
            priority: self.priority,
            status: self.status,
            due_after: self.due_after.clone(),
            due_before: self.due_before.clone(),
            completed_after: self.completed_after.clone(),
            completed_before: self.completed_before.clone(),
            ..GivenFilters::default()
        };
        given.read(caller)
    }

    /// Returns how many tasks to list.
    pub(super) fn limit(&self) -> Result<u32, Invalid> {
        self.limit_or(DEFAULT_LIMIT)
    }

    /// Returns how many projects or tags to list: all that a reply may hold, if the call does not say.
    pub(super) fn limit_of_names(&self) -> Result<u32, Invalid> {
        self.limit_or(MAX_LIMIT)
    }

    fn limit_or(&self, usual: u32) -> Result<u32, Invalid> {
        let Some(limit) = self.limit else {
            return Ok(usual);
        };
        u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                Invalid::new(
                    "limit",
                    format!("must be from 1 to {MAX_LIMIT}; {limit} is not"),
                )
            })
    }

    /// Refuses what a view of no tasks, or of all changed ones, does not narrow down by.
    pub(super) fn refuse_filters(&self, view: &str) -> Result<(), Invalid> {
        let texts = [
            &self.query,
            &self.project,
            &self.tag,
            &self.due_before,
            &self.due_after,
            &self.completed_after,
            &self.completed_before,
        ];
        if texts.iter().any(|text| text.is_some())
            || self.status.is_some()
            || self.priority.is_some()
        {
            return Err(Invalid::new(
                "view",
                format!(
                    "{view} tells of every task; leave the filters out, or choose another view"
                ),
            ));
        }
        Ok(())
    }

    /// Returns the change the cursor of the view `changed` stands at.
    pub(super) fn after_change(&self) -> Result<Option<i64>, Invalid> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let number = cursor
            .trim()
            .strip_prefix("changed.")
            .unwrap_or(cursor.trim());
        number
            .parse()
            .map(Some)
            .map_err(|_| Invalid::new("cursor", "is none of ours; leave it out to begin again"))
    }

    /// Returns the place the cursor stands at.
    pub(super) fn after(&self, view: View) -> Result<Option<Position>, Invalid> {
        position(self.cursor.as_deref(), view, self.query.is_some())
    }
}

/// Returns the place that `cursor`, if one was given, stands at in a view or in a search of it.
pub(super) fn position(
    cursor: Option<&str>,
    view: View,
    is_search: bool,
) -> Result<Option<Position>, Invalid> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let refused = |reason| Err(Invalid::new("cursor", reason));
    let expected = cursor_word(view, is_search);
    let mut parts = cursor.trim().split('.');
    let view = parts.next().unwrap_or_default();
    let numbers: Option<Vec<i64>> = parts
        .map(|part| u64::from_str_radix(part, 16).ok().map(u64::cast_signed))
        .collect();
    match numbers.as_deref() {
        _ if view != expected => {
            refused("belongs to another view; repeat that view, or leave it out")
        }
        Some(&[first, second, id]) => Ok(Some(Position {
            key: (first, second),
            id,
        })),
        _ => refused("is none of ours; leave it out to begin again"),
    }
}

/// Returns the word a cursor begins with; one of a search does not fit the view alone.
fn cursor_word(view: View, is_search: bool) -> String {
    format!("{}{}", view.as_str(), if is_search { "?" } else { "" })
}

/// Returns the cursor that goes on at `position`.
pub(in crate::mcp) fn cursor(view: View, is_search: bool, position: Position) -> String {
    let Position {
        key: (first, second),
        id,
    } = position;
    format!(
        "{}.{first:x}.{second:x}.{id:x}",
        cursor_word(view, is_search)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        task::{Actor, Timestamp},
        when::Zone,
    };

    #[test]
    fn an_unknown_view_is_answered_with_all_there_are() {
        let said = serde_json::from_str::<Wanted>("\"someday\"").unwrap_err();
        let (_, words) = said.to_string().split_once("is none of ").map_or_else(
            || panic!("{said}"),
            |(before, words)| (before.to_owned(), words.to_owned()),
        );
        let words: Vec<&str> = words.split(", ").collect();
        let others = ["changed", "projects", "tags"];
        for view in View::ALL.map(View::as_str).into_iter().chain(others) {
            assert!(words.contains(&view), "{view}: {said}");
        }
    }

    #[test]
    fn a_project_is_read_as_lists_show_it() {
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(1),
            zone: Zone::UTC,
            session: None,
        };
        for (given, meant) in [
            ("@Web.Site", "Web.Site"),
            (" @web", "web"),
            ("Web", "Web"),
            ("a@b", "a@b"),
        ] {
            let asked = serde_json::json!({ "project": given });
            let asked: ListTasks = serde_json::from_value(asked).unwrap();
            let project = asked.filters(&caller).unwrap().project.unwrap();
            assert_eq!(project.as_str(), meant, "{given}");
        }
    }
}
