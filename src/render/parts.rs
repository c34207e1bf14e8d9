//! The parts of a task that may be long, each cut to its share of a reply where they do not fit into it.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::{
    bounds::{beginning, most_of, shares},
    instant,
};
use crate::domain::{
    task::{Comment, Tag, Task, TaskId, cut},
    when::Zone,
};

/// The names under which a cursor of `get_task` knows the parts.
pub const DESCRIPTION: &str = "description";
/// See [`DESCRIPTION`].
pub const TAGS: &str = "tags";
/// See [`DESCRIPTION`].
pub const DEPENDS_ON: &str = "depends_on";
/// See [`DESCRIPTION`].
pub const COMMENTS: &str = "comments";
/// See [`DESCRIPTION`].
pub const HISTORY: &str = "history";

/// What a mark takes that says where something was cut.
const MARK_BYTES: usize = 160;

/// A text or a stretch of it, with marks where something is left out.
#[derive(Clone, Debug)]
pub struct Stretch<'a> {
    shown: &'a str,
    /// The characters before what is shown.
    before: usize,
    /// The characters after it.
    left: usize,
    id: TaskId,
    /// What a cursor calls it.
    name: Cow<'static, str>,
}

impl<'a> Stretch<'a> {
    /// Returns the text from its character `from` on.
    fn new(text: &'a str, from: usize, id: TaskId, name: impl Into<Cow<'static, str>>) -> Self {
        let begin = text
            .char_indices()
            .nth(from)
            .map_or(text.len(), |(at, _)| at);
        Self {
            shown: &text[begin..],
            before: text[..begin].chars().count(),
            left: 0,
            id,
            name: name.into(),
        }
    }

    /// Reports whether there is nothing in it and nothing left out.
    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.before + self.left == 0
    }

    fn size(&self) -> usize {
        most_of(self.shown)
    }

    fn keep(&mut self, bytes: usize) {
        let rest = &self.shown[bytes..];
        self.shown = &self.shown[..bytes];
        self.left += rest.chars().count();
    }

    fn cut(&mut self, room: usize) {
        if self.size() > room {
            let kept = beginning(self.shown, room.saturating_sub(MARK_BYTES)).len();
            self.keep(kept);
        }
    }
}

impl fmt::Display for Stretch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.before > 0 {
            f.write_str(&cut::characters_before(self.id, &self.name, self.before))?;
        }
        f.write_str(self.shown)?;
        if self.left > 0 {
            let place = self.before + self.shown.chars().count();
            f.write_str(&cut::more_characters(self.id, &self.name, place, self.left))?;
        }
        Ok(())
    }
}

impl Serialize for Stretch<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list or a stretch of it. Its last item says how many more there are, so that a list that was cut for reading is not
/// taken for the whole when it comes back.
#[derive(Clone, Debug)]
pub struct Items<T> {
    shown: Vec<T>,
    before: usize,
    left: usize,
    id: TaskId,
    name: &'static str,
}

impl<T: fmt::Display> Items<T> {
    fn new(items: impl Iterator<Item = T>, from: usize, id: TaskId, name: &'static str) -> Self {
        Self {
            shown: items.skip(from).collect(),
            before: from,
            left: 0,
            id,
            name,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn size_of(item: &T) -> usize {
        const PUNCTUATION: usize = 5;
        most_of(&item.to_string()) + PUNCTUATION
    }

    fn size(&self) -> usize {
        self.shown.iter().map(Self::size_of).sum()
    }

    fn cut(&mut self, room: usize) {
        if self.size() > room {
            let kept = whole(
                self.shown.iter().map(Self::size_of),
                room.saturating_sub(MARK_BYTES),
            );
            self.left += self.shown.len() - kept;
            self.shown.truncate(kept);
        }
    }

    fn mark(&self) -> Option<String> {
        let place = self.before + self.shown.len();
        (self.left > 0).then(|| cut::more_items(self.id, self.name, place, self.left))
    }

    /// Returns the items and the mark, with commas; `None` if there are none.
    pub(super) fn listed(&self) -> Option<String> {
        let items = self
            .shown
            .iter()
            .map(ToString::to_string)
            .chain(self.mark());
        let items: Vec<String> = items.collect();
        (!items.is_empty()).then(|| items.join(", "))
    }
}

impl<T: Serialize + fmt::Display> Serialize for Items<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in &self.shown {
            list.serialize_element(item)?;
        }
        if let Some(mark) = self.mark() {
            list.serialize_element(&mark)?;
        }
        list.end()
    }
}

/// A comment as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CommentObject<'a> {
    pub(super) at: String,
    /// Who wrote it; empty for who reads it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) by: &'a str,
    pub(super) text: Stretch<'a>,
}

/// Everything about a task that may be long.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    id: TaskId,
    pub(super) description: Stretch<'a>,
    pub(super) tags: Items<&'a Tag>,
    pub(super) depends_on: Items<TaskId>,
    pub(super) comments: Vec<CommentObject<'a>>,
    /// How many comments are older than those shown.
    older_comments: usize,
    pub(super) history: Vec<String>,
    /// How many changes are older than those shown.
    older_changes: usize,
}

impl<'a> Parts<'a> {
    /// Returns the fields of `task`; no comments and no history.
    pub fn of(task: &'a Task) -> Self {
        Self {
            description: Stretch::new(task.description.as_str(), 0, task.id, DESCRIPTION),
            tags: Items::new(task.tags.iter(), 0, task.id, TAGS),
            depends_on: Items::new(task.depends_on.iter().copied(), 0, task.id, DEPENDS_ON),
            ..Self::none(task.id)
        }
    }

    /// Returns nothing of the task `id`.
    fn none(id: TaskId) -> Self {
        Self {
            id,
            description: Stretch::new("", 0, id, DESCRIPTION),
            tags: Items::new(std::iter::empty(), 0, id, TAGS),
            depends_on: Items::new(std::iter::empty(), 0, id, DEPENDS_ON),
            comments: Vec::new(),
            older_comments: 0,
            history: Vec::new(),
            older_changes: 0,
        }
    }

    /// Returns the description from its character `from` on, alone.
    pub fn description_from(task: &'a Task, from: usize) -> Self {
        Self {
            description: Stretch::new(task.description.as_str(), from, task.id, DESCRIPTION),
            ..Self::none(task.id)
        }
    }

    /// Returns the tags from the one at `from` on, alone.
    pub fn tags_from(task: &'a Task, from: usize) -> Self {
        Self {
            tags: Items::new(task.tags.iter(), from, task.id, TAGS),
            ..Self::none(task.id)
        }
    }

    /// Returns the dependencies from the one at `from` on, alone.
    pub fn depends_on_from(task: &'a Task, from: usize) -> Self {
        Self {
            depends_on: Items::new(task.depends_on.iter().copied(), from, task.id, DEPENDS_ON),
            ..Self::none(task.id)
        }
    }

    /// Returns nothing yet but the task it is about.
    pub fn nothing_of(task: &Task) -> Self {
        Self::none(task.id)
    }

    /// Adds comments, in the order in which they are shown; `older` come before all of them.
    #[must_use]
    pub fn with_comments(
        mut self,
        comments: impl IntoIterator<Item = &'a Comment>,
        older: usize,
        zone: Zone,
    ) -> Self {
        let object = |comment: &'a Comment| CommentObject {
            at: instant(comment.at, zone),
            by: comment.actor.as_str(),
            text: Stretch::new(comment.text.as_str(), 0, self.id, COMMENTS),
        };
        self.comments = comments.into_iter().map(object).collect();
        self.older_comments = older;
        self
    }

    /// Leaves the name of `reader` off the comments.
    #[must_use]
    pub(super) fn read_by(mut self, reader: &str) -> Self {
        for comment in self
            .comments
            .iter_mut()
            .filter(|comment| comment.by == reader)
        {
            comment.by = "";
        }
        self
    }

    /// Shows the first comment from its character `from` on.
    #[must_use]
    pub fn from_character(mut self, from: usize) -> Self {
        // By its number it is found again, however many come after it.
        let name = format!("{COMMENTS}.{}", self.older_comments + self.comments.len());
        if let Some(first) = self.comments.first_mut() {
            first.text = Stretch::new(first.text.shown, from, self.id, name);
        }
        self
    }

    /// Adds lines of the history, the newest first; `older` come before all of them.
    #[must_use]
    pub fn with_history(mut self, lines: Vec<String>, older: usize) -> Self {
        (self.history, self.older_changes) = (lines, older);
        self
    }

    /// Shows no more than `characters` of the description.
    #[must_use]
    pub fn with_short_description(mut self, characters: usize) -> Self {
        let text = self.description.shown;
        let end = text
            .char_indices()
            .nth(characters)
            .map_or(text.len(), |(at, _)| at);
        self.description.keep(end);
        self
    }

    /// Cuts what is long until what is written of the parts takes at most `room`, by the measure of `size`.
    #[must_use]
    pub fn fitted(self, room: usize, size: impl Fn(&Self) -> usize) -> Self {
        let whole = size(&self);
        if whole <= room {
            return self;
        }
        let mut left = room.saturating_sub(size(&Self::none(self.id)));
        loop {
            let mut parts = self.clone();
            parts.cut(left);
            let over = size(&parts).saturating_sub(room);
            if over == 0 || left == 0 {
                return parts;
            }
            // Names and punctuation were not reckoned with.
            left = left.saturating_sub(over);
        }
    }

    /// Cuts those that want more than their share of `room`: of a text the beginning is kept, of a list the first items,
    /// whole.
    fn cut(&mut self, room: usize) {
        let comment = |comment: &CommentObject<'_>| most_of(comment.by) + comment.text.size() + 80;
        let change = |line: &String| most_of(line) + 8;
        let wanted = [
            self.description.size(),
            self.tags.size(),
            self.depends_on.size(),
            self.comments.iter().map(comment).sum(),
            self.history.iter().map(change).sum(),
        ];
        let shares = shares(&wanted, room);
        self.description.cut(shares[0]);
        self.tags.cut(shares[1]);
        self.depends_on.cut(shares[2]);
        if wanted[3] > shares[3] {
            let left = shares[3].saturating_sub(MARK_BYTES);
            let kept = whole(self.comments.iter().map(comment), left);
            self.older_comments += self.comments.len() - kept;
            self.comments.truncate(kept);
            if let [only] = self.comments.as_mut_slice() {
                only.text.name = format!("{COMMENTS}.{}", self.older_comments + 1).into();
                only.text.cut(left.saturating_sub(most_of(only.by) + 80));
            }
        }
        if wanted[4] > shares[4] {
            let left = shares[4].saturating_sub(MARK_BYTES);
            let kept = whole(self.history.iter().map(change), left);
            self.older_changes += self.history.len() - kept;
            self.history.truncate(kept);
            if let [only] = self.history.as_mut_slice() {
                *only = super::bounds::clipped(only, left / 2);
            }
        }
    }

    /// Says how many comments and changes are left out, and which call brings them; `None` if none are.
    pub(super) fn more(&self) -> Option<String> {
        let more = |count: usize, one: &str, several: &str, name: &str| {
            let what = if count == 1 { one } else { several };
            (count > 0)
                .then(|| format!("{count} older {what}: {}", cut::call(self.id, name, count)))
        };
        let comments = more(self.older_comments, "comment", "comments", COMMENTS);
        let changes = more(self.older_changes, "change", "changes", HISTORY);
        let both: Vec<String> = comments.into_iter().chain(changes).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }
}

/// Returns how many items of these sizes fit into `room`; one in any case, if there is one.
fn whole(sizes: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut left = room;
    let mut fit = 0;
    for size in sizes {
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None if fit > 0 => break,
            None => left = 0,
        }
        fit += 1;
    }
    fit
}
