//! A checklist in Markdown, the parts of a task under it. For people to read; it is not read back.

use std::io::{self, Write};

use super::{Contents, Notes, Relatives, WriteError};
use crate::domain::{
    task::{Status, Task, TaskWithComments},
    when::Zone,
};

/// What it does not say.
const LEFT_OUT: [&str; 6] = [
    "created_at",
    "created_by",
    "repeat_from",
    "rev",
    "started_at",
    "updated_at",
];

/// How deep parts are set in. Below, each says what it is a part of: the blanks before a long chain would take more room
/// than all it says.
const DEEPEST: usize = 16;

/// Writes the format.
#[derive(Debug)]
pub struct Writer {
    zone: Zone,
    left_out: Notes,
}

impl Writer {
    /// Writes times as they are in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            left_out: Notes::default(),
        }
    }

    /// Returns what there is to say of a task beside its title.
    fn details(&self, task: &Task) -> Vec<String> {
        let mut details = Vec::new();
        match task.status {
            Status::Pending => {}
            Status::InProgress => details.push("in progress".to_owned()),
            Status::Cancelled => details.push("cancelled".to_owned()),
            Status::Completed => details.extend(
                task.completed_at
                    .map(|at| format!("done {}", self.zone.today(at.as_millis()))),
            ),
        }
        details.extend(
            task.priority
                .map(|priority| format!("{} priority", priority.as_str())),
        );
        details.extend(task.due.map(|due| format!("due {}", due.show(self.zone))));
        details.extend(
            task.defer_until
                .map(|until| format!("deferred until {}", until.show(self.zone))),
        );
        details.extend(task.repeat.as_ref().map(|repeat| repeat.words(self.zone)));
        details.extend(
            task.project
                .as_ref()
                .map(|project| format!("project {}", escaped(project.as_str()))),
        );
        details.extend(
            task.tags
                .iter()
                .map(|tag| format!("\\#{}", escaped(tag.as_str()))),
        );
        if !task.depends_on.is_empty() {
            let ids: Vec<String> = task
                .depends_on
                .iter()
                .map(|id| format!("\\#{id}"))
                .collect();
            details.push(format!("after {}", ids.join(", ")));
        }
        details
    }
}

impl super::Writer for Writer {
    fn begin(&mut self, out: &mut dyn Write, _: Contents) -> io::Result<()> {
        writeln!(out, "# Tasks\n")
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        whole: &TaskWithComments,
        place: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        self.left_out.count_fields(whole, &LEFT_OUT);
        let TaskWithComments { task, comments } = whole;
        let indent = "  ".repeat(place.depth.min(DEEPEST));
        let mark = if task.status.is_open() { ' ' } else { 'x' };
        write!(
            out,
            "{indent}- [{mark}] {} (\\#{}",
            escaped(task.title.as_str()),
            task.id
        )?;
        if let Some(parent) = task.parent.filter(|_| place.depth > DEEPEST) {
            write!(out, ", part of \\#{parent}")?;
        }
        for detail in self.details(task) {
            write!(out, ", {detail}")?;
        }
        writeln!(out, ")")?;
        let mut below = |text: &str| -> io::Result<()> {
            writeln!(out)?;
            for line in text.split('\n') {
                match line.trim() {
                    "" => writeln!(out)?,
                    line => writeln!(out, "{indent}  {}", escaped_line(line))?,
                }
            }
            Ok(())
        };
        if !task.description.is_empty() {
            below(task.description.as_str())?;
        }
        for comment in comments {
            let day = self.zone.today(comment.at.as_millis());
            below(&format!("{day}, {}: {}", comment.actor, comment.text))?;
        }
        if !task.description.is_empty() || !comments.is_empty() {
            writeln!(out)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }

    fn is_nested(&self) -> bool {
        true
    }
}

/// Returns `text` so that Markdown shows it as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '|' | '&' | '#'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Likewise a line, where `-`, `+`, `=` and `1.` would begin something else.
fn escaped_line(line: &str) -> String {
    let text = escaped(line);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        Some(b'-' | b'+' | b'=') if digits == 0 => format!("\\{text}"),
        _ => text,
    }
}
