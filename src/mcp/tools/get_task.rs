//! `get_task`: one task, and the parts of it that one reply has no room for.

use serde::Serialize;

use super::{
    ToolAnswer,
    args::GetTask,
    arguments::{Arguments, Blank},
    call::ToolCall,
    replies::{ROOM, ROOM_FOR_NAMES, object},
};
use crate::{
    domain::{
        change::Change,
        error::{Error, Result},
        task::{Comment, Invalid, Task},
    },
    render::{
        self, Detail, TaskObject, bounds,
        parts::{COMMENTS, DEPENDS_ON, DESCRIPTION, HISTORY, Parts, TAGS},
    },
};

/// So many comments, or changes, are never shown at once.
const MANY: usize = 300;

/// So many parts of a task are named.
const MOST_PARTS: u32 = 200;

/// A task, and the ids of its parts.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    parts: String,
}

/// Where reading goes on: in which part, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadOn {
    /// At a character.
    Description(usize),
    /// At a tag.
    Tags(usize),
    /// At a dependency.
    DependsOn(usize),
    /// At the newest of the so many oldest, and at a character of it.
    Comments(usize, usize),
    /// Likewise.
    History(usize),
}

impl ReadOn {
    fn read(cursor: &str) -> Result<Self> {
        let refused = || {
            Error::from(Invalid::new(
                "cursor",
                "is none of ours; leave it out to begin again",
            ))
        };
        let mut words = cursor.trim().split('.');
        let name = words.next().unwrap_or_default();
        let numbers = words
            .map(|word| word.parse().ok())
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(refused)?;
        match (name, numbers.as_slice()) {
            (DESCRIPTION, [at]) => Ok(Self::Description(*at)),
            (TAGS, [at]) => Ok(Self::Tags(*at)),
            (DEPENDS_ON, [at]) => Ok(Self::DependsOn(*at)),
            (COMMENTS, [oldest]) => Ok(Self::Comments(*oldest, 0)),
            (COMMENTS, [oldest, at]) => Ok(Self::Comments(*oldest, *at)),
            (HISTORY, [oldest]) => Ok(Self::History(*oldest)),
            _ => Err(refused()),
        }
    }
}

impl ToolCall<'_> {
    pub(super) async fn get_task(self, arguments: Arguments) -> Result<ToolAnswer> {
        let GetTask {
            task_id: id,
            history,
            cursor,
        } = arguments.read(Blank::LeftOut)?;
        let from = cursor.as_deref().map(ReadOn::read).transpose()?;
        let with_history = match from {
            None => history == Some(true),
            Some(from) => matches!(from, ReadOn::History(_)),
        };
        let (task, comments, changes, parts_of) = self
            .look(move |store| {
                let task = store.task(id)?.ok_or(Error::NotFound { id })?;
                let changes = if with_history {
                    store.history(id, 0)?
                } else {
                    Vec::new()
                };
                let is_whole = from.is_none();
                let children = is_whole
                    .then(|| store.children(id, MOST_PARTS))
                    .transpose()?;
                let children = children.into_iter().flatten().map(|part| part.id);
                let parts = bounds::ranges(children);
                Ok((task, store.comments(id)?, changes, parts))
            })
            .await?;
        let (parts, detail) = match from {
            None => {
                let parts = self.with_comments(Parts::of(&task), &comments);
                (self.with_history(parts, &changes), Detail::Full)
            }
            Some(from) => (self.part(&task, &comments, &changes, from), Detail::Part),
        };
        let task = TaskObject::new(&task, parts, detail, self.caller.zone);
        let reader = self.caller.actor.as_str();
        let room = ROOM - bounds::size(&parts_of) - ROOM_FOR_NAMES;
        Ok(object(&Whole {
            task: task.read_by(reader).fitted(room),
            parts: parts_of,
        }))
    }

    /// Returns the part of a task that goes on at `from`.
    fn part<'a>(
        &self,
        task: &'a Task,
        comments: &'a [Comment],
        changes: &[Change],
        from: ReadOn,
    ) -> Parts<'a> {
        match from {
            ReadOn::Description(at) => Parts::description_from(task, at),
            ReadOn::Tags(at) => Parts::tags_from(task, at),
            ReadOn::DependsOn(at) => Parts::depends_on_from(task, at),
            ReadOn::Comments(oldest, at) => {
                let oldest = &comments[..oldest.min(comments.len())];
                self.with_comments(Parts::nothing_of(task), oldest)
                    .from_character(at)
            }
            ReadOn::History(oldest) => {
                let oldest = &changes[..oldest.min(changes.len())];
                self.with_history(Parts::nothing_of(task), oldest)
            }
        }
    }

    /// Adds the newest of `comments`, which come oldest first.
    fn with_comments<'a>(&self, parts: Parts<'a>, comments: &'a [Comment]) -> Parts<'a> {
        let older = comments.len().saturating_sub(MANY);
        parts.with_comments(comments[older..].iter().rev(), older, self.caller.zone)
    }

    /// Adds the newest of `changes`, which come oldest first.
    fn with_history<'a>(&self, parts: Parts<'a>, changes: &[Change]) -> Parts<'a> {
        let older = changes.len().saturating_sub(MANY);
        let lines = changes[older..].iter().rev();
        let lines = lines.map(|change| render::history_line(change, self.caller.zone));
        parts.with_history(lines.collect(), older)
    }
}
