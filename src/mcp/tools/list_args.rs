//! What `list_tasks` takes: views, filters and cursors.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::{
    domain::{
        command::Caller,
        task::{Invalid, Priority, Project, Status, Tag, shortened},
    },
    input,
    store::{self, Filters, Position},
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListTasks {
    pub(super) view: Option<View>,
    /// Words to find, in every text; view all or trash for finished or deleted ones
    pub(super) query: Option<String>,
    pub(super) status: Option<Status>,
    project: Option<String>,
    tag: Option<String>,
    priority: Option<Priority>,
    /// A date
    pub(super) due_before: Option<String>,
    pub(super) due_after: Option<String>,
    /// 1 to 200, default 20
    limit: Option<i64>,
    cursor: Option<String>,
    /// json: for programs
    pub(super) format: Option<Format>,
}

/// Declares a closed set of words, some with synonyms, read without regard to case. Those after the semicolon are
/// understood, but models are not told of them.
macro_rules! words {
    (
        $name:ident, $field:literal,
        $($variant:ident = $word:literal $(| $synonym:literal)*),+
        $(; $($silent:ident = $($silent_word:literal)|+),+)?
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
        #[schemars(inline)]
        pub(super) enum $name {
            $(#[schemars(rename = $word)] $variant,)+
            $($(#[schemars(skip)] $silent,)+)?
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = String::deserialize(deserializer)?;
                match given.trim().to_lowercase().as_str() {
                    $($word $(| $synonym)* => Ok(Self::$variant),)+
                    $($($($silent_word)|+ => Ok(Self::$silent),)+)?
                    _ => Err(serde::de::Error::custom(format!(
                        "{} \"{}\" is none of {}",
                        $field,
                        shortened(&given, 40),
                        [$($word),+].join(", "),
                    ))),
                }
            }
        }
    };
}

words!(
    View,
    "view",
    Open = "open" | "pending" | "todo" | "active",
    Ready = "ready" | "next" | "actionable",
    Today = "today",
    Overdue = "overdue" | "late",
    Blocked = "blocked" | "waiting",
    Completed = "completed" | "complete" | "done" | "finished",
    All = "all" | "everything",
    Trash = "trash" | "deleted",
    Stale = "stale",
    Changed = "changed" | "changes" | "news";
    InProgress = "in_progress" | "in-progress" | "in progress" | "wip" | "started" | "doing",
    Cancelled = "cancelled" | "canceled"
);
words!(Format, "format", Text = "text", Json = "json");

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 200;

impl ListTasks {
    /// Returns what to list. What changed is no view of the store's.
    pub(super) fn view(&self) -> store::View {
        let view = self.view.map(|view| match view {
            View::Open | View::Changed => store::View::Open,
            View::Ready => store::View::Ready,
            View::Today => store::View::Today,
            View::Overdue => store::View::Overdue,
            View::Blocked => store::View::Blocked,
            View::InProgress => store::View::InProgress,
            View::Completed => store::View::Completed,
            View::Cancelled => store::View::Cancelled,
            View::All => store::View::All,
            View::Trash => store::View::Trash,
            View::Stale => store::View::Stale,
        });
        input::view(view, self.status)
    }

    pub(super) fn filters(&self, caller: &Caller) -> Result<Filters, Invalid> {
        let before = |text: &String| input::due_before(text, caller);
        let after = |text: &String| input::due_after(text, caller);
        Ok(Filters {
            project: self
                .project
                .as_deref()
                .map(|name| Project::cleaned(name).map(|(name, _)| name))
                .transpose()?,
            no_project: false,
            tag: self
                .tag
                .as_deref()
                .map(|tag| Tag::cleaned(tag).map(|(tag, _)| tag))
                .transpose()?,
            priority: self.priority,
            status: self.status,
            due_from: self.due_after.as_ref().map(after).transpose()?,
            due_to: self.due_before.as_ref().map(before).transpose()?,
        })
    }

    pub(super) fn limit(&self) -> Result<u32, Invalid> {
        let Some(limit) = self.limit else {
            return Ok(DEFAULT_LIMIT);
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

    /// Refuses what the view `changed` does not narrow down by.
    pub(super) fn refuse_filters(&self) -> Result<(), Invalid> {
        let texts = [
            &self.query,
            &self.project,
            &self.tag,
            &self.due_before,
            &self.due_after,
        ];
        if texts.iter().any(|text| text.is_some())
            || self.status.is_some()
            || self.priority.is_some()
        {
            return Err(Invalid::new(
                "view",
                "changed tells of every task; leave the filters out, or choose another view",
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
    pub(super) fn after(&self) -> Result<Option<Position>, Invalid> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let refused = |reason| Err(Invalid::new("cursor", reason));
        let expected = cursor_word(self.view(), self.query.is_some());
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
}

/// Returns the word for a view.
pub(in crate::mcp) fn view_word(view: store::View) -> &'static str {
    match view {
        store::View::Open => "open",
        store::View::Ready => "ready",
        store::View::Today => "today",
        store::View::Overdue => "overdue",
        store::View::Blocked => "blocked",
        store::View::InProgress => "in_progress",
        store::View::Stale => "stale",
        store::View::Completed => "completed",
        store::View::Cancelled => "cancelled",
        store::View::All => "all",
        store::View::Trash => "trash",
    }
}

/// Returns the word a cursor begins with; one of a search does not fit the view alone.
fn cursor_word(view: store::View, is_search: bool) -> String {
    format!("{}{}", view_word(view), if is_search { "?" } else { "" })
}

/// Returns the cursor that goes on at `position`.
pub(in crate::mcp) fn cursor(view: store::View, is_search: bool, position: Position) -> String {
    let Position {
        key: (first, second),
        id,
    } = position;
    format!(
        "{}.{first:x}.{second:x}.{id:x}",
        cursor_word(view, is_search)
    )
}
